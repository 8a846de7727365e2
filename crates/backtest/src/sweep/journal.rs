//! The journal of a sweep: one record per set that is done, appended as soon as it is, so that a killed sweep goes on
//! where it was.
//!
//! A record is a length, its bytes and their checksum; one that a crash cut off is dropped when the journal is opened
//! again. Sets come in the order in which they were finished, which depends on threads: readers put them in theirs.

use std::fs::{File, OpenOptions};
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fs4::FileExt;

use super::{Sampled, SetOutcome};
use crate::results::ResultsError;

/// What a journal begins with; the sweep's id follows.
const MAGIC: &[u8; 8] = b"ccsweep1";

/// Letters of a sweep's id.
const ID_LENGTH: usize = 16;

/// Bytes of a checksum.
const CHECKSUM: usize = 8;

/// A record longer than this is damage: it would hold a hundred million numbers.
const RECORD_MAX: u32 = 1 << 30;

/// A set that is done.
#[derive(Debug, Clone, PartialEq)]
pub struct Noted {
    /// Its place among the sets of the sweep.
    pub place: usize,
    /// What came of it.
    pub note: Note,
}

/// What came of a set: numbers, or why there are none.
pub type Note = Result<SetOutcome, String>;

/// A journal open for appending.
#[derive(Debug)]
pub struct Journal {
    /// Where it is.
    path: PathBuf,
    /// The file, locked against other processes.
    file: File,
    /// Labels of the last record, which the next one need not repeat.
    labels: Arc<[i64]>,
    /// The record being written, kept for its allocation.
    buffer: Vec<u8>,
}

impl Journal {
    /// Opens the journal of a sweep, or begins it, and hands what is in it to `noted`.
    ///
    /// # Errors
    /// A file that cannot be read or written, is that of another sweep, or is in use by another process.
    pub fn open(path: &Path, sweep_id: &str, noted: &mut dyn FnMut(Noted)) -> Result<Self, ResultsError> {
        let io = |what| ResultsError::io(what, path);
        let mut options = OpenOptions::new();
        let mut file = options.create(true).truncate(false).read(true).write(true).open(path).map_err(io("open"))?;
        if FileExt::try_lock(&file).is_err() {
            return Err(ResultsError::InUse { path: path.to_owned() });
        }
        let mut head = MAGIC.to_vec();
        head.extend_from_slice(sweep_id.as_bytes());
        let mut found = Vec::new();
        (&file).take(head.len() as u64).read_to_end(&mut found).map_err(io("read"))?;
        let mut journal = Self {
            path: path.to_owned(),
            file: file.try_clone().map_err(io("open"))?,
            labels: Arc::default(),
            buffer: Vec::new(),
        };
        if found != head {
            // A head that was cut off is the beginning of the right one.
            if !head.starts_with(&found) || sweep_id.len() != ID_LENGTH {
                return Err(ResultsError::OtherSweep { path: path.to_owned() });
            }
            file.set_len(0).and_then(|()| file.rewind()).map_err(io("write"))?;
            file.write_all(&head).and_then(|()| file.sync_all()).map_err(io("write"))?;
            return Ok(journal);
        }
        let whole = journal.read(&file, head.len() as u64, noted).map_err(io("read"))?;
        file.set_len(whole).and_then(|()| file.seek(SeekFrom::End(0)).map(drop)).map_err(io("write"))?;
        Ok(journal)
    }

    /// Reads records up to the first that is not whole; gives where it begins.
    fn read(&mut self, file: &File, from: u64, noted: &mut dyn FnMut(Noted)) -> std::io::Result<u64> {
        let mut reader = BufReader::with_capacity(1 << 20, file);
        let mut whole = from;
        loop {
            let mut length = [0; 4];
            if reader.read_exact(&mut length).is_err() {
                return Ok(whole);
            }
            let length = u32::from_le_bytes(length);
            if length > RECORD_MAX {
                return Ok(whole);
            }
            let mut bytes = Vec::new();
            let n_read = (&mut reader).take(u64::from(length) + CHECKSUM as u64).read_to_end(&mut bytes)?;
            if n_read < length as usize + CHECKSUM {
                return Ok(whole);
            }
            let (body, checksum) = bytes.split_at(length as usize);
            let Some(one) = (checksum == check(body)).then(|| self.decode(body)).flatten() else { return Ok(whole) };
            noted(one);
            whole += 4 + n_read as u64;
        }
    }

    /// Appends a set. It survives the end of the process, and after [`Journal::sync`] that of the machine.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn append(&mut self, noted: &Noted) -> Result<(), ResultsError> {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        buffer.extend_from_slice(&[0; 4]);
        self.encode(noted, &mut buffer);
        let length = (buffer.len() - 4) as u32;
        buffer[..4].copy_from_slice(&length.to_le_bytes());
        let checksum = check(&buffer[4..]);
        buffer.extend_from_slice(&checksum);
        let written = self.file.write_all(&buffer);
        self.buffer = buffer;
        written.map_err(ResultsError::io("append to", &self.path))
    }

    /// Makes what was appended durable.
    ///
    /// # Errors
    /// When that fails.
    pub fn sync(&self) -> Result<(), ResultsError> {
        self.file.sync_data().map_err(ResultsError::io("sync", &self.path))
    }

    /// Appends the bytes of a record.
    fn encode(&mut self, noted: &Noted, out: &mut Vec<u8>) {
        let mut whole = |number: u64| out.extend_from_slice(&number.to_le_bytes());
        whole(noted.place as u64);
        match &noted.note {
            Err(error) => {
                whole(0);
                out.extend_from_slice(error.as_bytes());
            }
            Ok(outcome) => {
                let same = outcome.sampled.labels == self.labels;
                whole(if same { 2 } else { 1 });
                whole(outcome.capital.to_bits());
                whole(outcome.periods_per_year.to_bits());
                whole(outcome.metrics.len() as u64);
                outcome.metrics.iter().for_each(|value| whole(value.unwrap_or(f64::NAN).to_bits()));
                whole(outcome.sampled.equity.len() as u64);
                outcome.sampled.equity.iter().for_each(|value| whole(value.to_bits()));
                if !same {
                    outcome.sampled.labels.iter().for_each(|&label| whole(label as u64));
                    self.labels.clone_from(&outcome.sampled.labels);
                }
                out.extend_from_slice(outcome.run_id.as_bytes());
            }
        }
    }

    /// Reads the bytes of a record; `None` when they are not one.
    fn decode(&mut self, body: &[u8]) -> Option<Noted> {
        let mut words = Words { rest: body };
        let place = usize::try_from(words.next()?).ok()?;
        let kind = words.next()?;
        if kind == 0 {
            return Some(Noted { place, note: Err(String::from_utf8(words.rest.to_vec()).ok()?) });
        }
        let (capital, periods_per_year) = (f64::from_bits(words.next()?), f64::from_bits(words.next()?));
        let metrics = words.numbers()?.into_iter().map(|value| Some(value).filter(|value| !value.is_nan())).collect();
        let equity = words.numbers()?;
        if kind == 1 {
            self.labels = (0..equity.len()).map(|_| words.next().map(|label| label as i64)).collect::<Option<_>>()?;
        }
        let sampled = Sampled { labels: self.labels.clone(), equity };
        let run_id = String::from_utf8(words.rest.to_vec()).ok()?;
        Some(Noted { place, note: Ok(SetOutcome { run_id, capital, metrics, periods_per_year, sampled }) })
    }
}

/// Numbers of eight bytes, one after another.
struct Words<'a> {
    /// What is left.
    rest: &'a [u8],
}

impl Words<'_> {
    /// The next one.
    fn next(&mut self) -> Option<u64> {
        let (word, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(u64::from_le_bytes(*word))
    }

    /// A count and as many numbers.
    fn numbers(&mut self) -> Option<Vec<f64>> {
        let n = usize::try_from(self.next()?).ok()?;
        (n <= self.rest.len() / 8).then_some(())?;
        (0..n).map(|_| self.next().map(f64::from_bits)).collect()
    }
}

/// The checksum of bytes.
fn check(bytes: &[u8]) -> [u8; CHECKSUM] {
    let mut checksum = [0; CHECKSUM];
    checksum.copy_from_slice(&blake3::hash(bytes).as_bytes()[..CHECKSUM]);
    checksum
}
