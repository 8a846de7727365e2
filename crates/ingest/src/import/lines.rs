//! A text file as chunks of whole lines, inflated on a thread of its own when that is wanted.

use std::io::Read;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;

use crate::error::Fault;

use super::container::cannot_read;

/// Bytes per chunk; a line longer than this is refused.
const CHUNK_BYTES: usize = 1 << 20;

/// Chunks in flight between the inflating and the parsing thread.
const IN_FLIGHT: usize = 4;

/// Cuts a byte stream into chunks that end with a line end.
struct Cutter {
    /// The bytes.
    source: Box<dyn Read + Send>,
    /// The beginning of a line whose end has not been read yet.
    carry: Vec<u8>,
    /// Whether the stream has ended.
    ended: bool,
}

impl Cutter {
    /// Fills `out` with whole lines; `false` (and `out` empty) at the end. A last line without line end gets one.
    ///
    /// What `out` held is written over and not cleared first: zeroing a megabyte costs a tenth of inflating one.
    fn next(&mut self, out: &mut Vec<u8>) -> Result<bool, Fault> {
        let mut filled = self.carry.len();
        if out.len() < filled {
            out.resize(filled, 0);
        }
        out[..filled].copy_from_slice(&self.carry);
        self.carry.clear();
        while !self.ended {
            let wanted = filled + CHUNK_BYTES;
            if out.len() < wanted {
                out.resize(wanted, 0);
            }
            let from = filled;
            filled += fill(&mut self.source, &mut out[from..wanted]).map_err(|error| cannot_read(&error))?;
            self.ended = filled < wanted;
            if let Some(end) = out[from..filled].iter().rposition(|&b| b == b'\n') {
                self.carry.extend_from_slice(&out[from + end + 1..filled]);
                out.truncate(from + end + 1);
                return Ok(true);
            }
            if filled > CHUNK_BYTES {
                return Err(Fault::file(format!("has a line of more than {CHUNK_BYTES} bytes; expected CSV text")));
            }
        }
        out.truncate(filled);
        if !out.is_empty() && out.last() != Some(&b'\n') {
            out.push(b'\n');
        }
        Ok(!out.is_empty())
    }
}

/// Reads until `buffer` is full or the source ends; the number of bytes read.
fn fill(source: &mut dyn Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut n = 0;
    while n < buffer.len() {
        match source.read(&mut buffer[n..]) {
            Ok(0) => break,
            Ok(more) => n += more,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(n)
}

/// Chunks of whole lines of one file.
pub(crate) struct LineChunks {
    /// Where chunks come from.
    source: Source,
}

/// Where chunks come from.
enum Source {
    /// Read when asked for.
    Inline(Cutter),
    /// Read ahead by a thread.
    Ahead {
        /// Filled chunks; taken out when the stream is dropped, which ends the thread.
        filled: Option<Receiver<Result<Vec<u8>, Fault>>>,
        /// Emptied chunks on their way back.
        emptied: Sender<Vec<u8>>,
        /// The reading thread.
        thread: Option<JoinHandle<()>>,
    },
}

impl LineChunks {
    /// Chunks of `source`, read `ahead` on another thread or when asked for.
    pub fn new(source: Box<dyn Read + Send>, ahead: bool) -> Self {
        let cutter = Cutter { source, carry: Vec::new(), ended: false };
        if !ahead {
            return Self { source: Source::Inline(cutter) };
        }
        let (filled_in, filled) = sync_channel(IN_FLIGHT);
        let (emptied, emptied_out) = channel();
        let thread = std::thread::spawn(move || read_ahead(cutter, &filled_in, &emptied_out));
        Self { source: Source::Ahead { filled: Some(filled), emptied, thread: Some(thread) } }
    }

    /// Replaces `chunk` by the next one; `false` (and `chunk` empty) at the end.
    ///
    /// # Errors
    /// When the file is damaged or is not lines of text.
    pub fn next(&mut self, chunk: &mut Vec<u8>) -> Result<bool, Fault> {
        match &mut self.source {
            Source::Inline(cutter) => cutter.next(chunk),
            Source::Ahead { filled, emptied, thread } => {
                let old = std::mem::take(chunk);
                // The thread is gone once everything is read; then nobody needs the buffer.
                let _ = emptied.send(old);
                if let Some(Ok(result)) = filled.as_ref().map(Receiver::recv) {
                    *chunk = result?;
                    return Ok(true);
                }
                // A reader that died must not look like the end of the file.
                if let Some(Err(panic)) = thread.take().map(JoinHandle::join) {
                    std::panic::resume_unwind(panic);
                }
                Ok(false)
            }
        }
    }
}

impl Drop for LineChunks {
    fn drop(&mut self) {
        if let Source::Ahead { filled, thread, .. } = &mut self.source {
            drop(filled.take());
            if let Some(thread) = thread.take() {
                // Nobody wants the rest of the file; a panic in reading it changes nothing.
                let _ = thread.join();
            }
        }
    }
}

/// The reading thread: fills chunks until the end, an error, or nobody listens.
fn read_ahead(mut cutter: Cutter, filled: &SyncSender<Result<Vec<u8>, Fault>>, emptied: &Receiver<Vec<u8>>) {
    loop {
        let mut chunk = emptied.try_recv().unwrap_or_default();
        let message = match cutter.next(&mut chunk) {
            Ok(true) => Ok(chunk),
            Ok(false) => return,
            Err(fault) => Err(fault),
        };
        let last = message.is_err();
        if filled.send(message).is_err() || last {
            return;
        }
    }
}
