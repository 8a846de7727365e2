//! A file being written front to back and hashed as it goes by.
//!
//! Factor tables are large and mostly not read again soon: whole blocks go past the system's file cache, which spares
//! the memory and, where memory is handed out page by page (virtual machines), nine tenths of the time. What is smaller
//! than a block, and every file where the system refuses that, goes the usual way. No file is open while an output rests.

use std::cell::RefCell;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::pages::Sink;
use crate::error::HubError;

/// Bytes written in one step.
const BLOCK: usize = 1 << 20;

/// Bytes that may be put in one call: room behind the block.
pub(super) const PUT_MAX: usize = 1 << 17;

/// Positions, lengths and addresses of what goes past the cache are multiples of this.
const ALIGN: usize = 4_096;

thread_local! {
    /// The last block of memory an output of this thread is done with.
    static SPARE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A file being written. It exists from the start; dropped without [`Output::finish`], it stays as it is.
pub(super) struct Output {
    /// Where.
    path: PathBuf,
    /// Memory of a block and the room behind it; empty while the output rests.
    memory: Vec<u8>,
    /// Where the block begins in the memory, so that its address is aligned.
    start: usize,
    /// Bytes in the block.
    filled: usize,
    /// What was in the block when the output went to rest.
    at_rest: Vec<u8>,
    /// Bytes in the file.
    written: u64,
    /// Hash of all bytes so far.
    hasher: blake3::Hasher,
    /// The file, unless the output rests.
    file: Option<File>,
    /// Whether the file's cache is passed by.
    is_direct: bool,
}

impl std::fmt::Debug for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Output").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Output {
    /// Makes a new file.
    pub(super) fn create(path: &Path) -> Result<Self, HubError> {
        let file = File::create_new(path).map_err(HubError::io("create", path))?;
        Ok(Self {
            path: path.to_owned(),
            memory: Vec::new(),
            start: 0,
            filled: 0,
            at_rest: Vec::new(),
            written: 0,
            hasher: blake3::Hasher::new(),
            file: Some(file),
            is_direct: false,
        })
    }

    /// Where the file is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes what can be written and gives memory and file back, until more is put.
    pub(super) fn rest(&mut self) -> Result<(), HubError> {
        if self.memory.is_empty() {
            self.file = None;
            return Ok(());
        }
        let whole = self.filled / ALIGN * ALIGN;
        if whole > 0 {
            self.write_out(whole)?;
        }
        self.at_rest = self.memory[self.start..self.start + self.filled].to_vec();
        self.filled = 0;
        self.file = None;
        self.release();
        Ok(())
    }

    /// Writes the rest; returns the file's size and the hash of its bytes, lower-case hex.
    pub(super) fn finish(mut self) -> Result<(u64, String), HubError> {
        let size = self.position();
        if self.memory.is_empty() {
            self.wake();
        }
        if self.filled >= BLOCK {
            self.write_out(BLOCK)?;
        }
        self.hasher.update(&self.memory[self.start..self.start + self.filled]);
        let padded = if self.is_direct { self.filled.next_multiple_of(ALIGN) } else { self.filled };
        self.memory[self.start + self.filled..self.start + padded].fill(0);
        self.write_at_end(padded)?;
        if padded != self.filled {
            let file = self.file.as_ref().expect("it was written to just now");
            file.set_len(size).map_err(HubError::io("write", &self.path))?;
        }
        self.release();
        Ok((size, self.hasher.finalize().to_hex().to_string()))
    }

    /// Takes memory, and what was in the block when the output went to rest.
    fn wake(&mut self) {
        self.memory = SPARE.try_with(RefCell::take).unwrap_or_default();
        self.memory.resize(BLOCK + PUT_MAX + ALIGN, 0);
        self.start = self.memory.as_ptr().align_offset(ALIGN).min(ALIGN);
        self.filled = self.at_rest.len();
        self.memory[self.start..self.start + self.filled].copy_from_slice(&self.at_rest);
        self.at_rest = Vec::new();
    }

    /// Gives the memory back.
    fn release(&mut self) {
        let memory = std::mem::take(&mut self.memory);
        // While a thread ends there is nothing left to keep it in, and no need to.
        let _ = SPARE.try_with(|spare| *spare.borrow_mut() = memory);
    }

    /// Hashes and writes the first `n` bytes of the block, and moves the rest to its front.
    fn write_out(&mut self, n: usize) -> Result<(), HubError> {
        self.hasher.update(&self.memory[self.start..self.start + n]);
        self.write_at_end(n)?;
        self.memory.copy_within(self.start + n..self.start + self.filled, self.start);
        self.filled -= n;
        Ok(())
    }

    /// Writes the first `n` bytes of the block at the end of the file.
    fn write_at_end(&mut self, n: usize) -> Result<(), HubError> {
        let block = &self.memory[self.start..self.start + n];
        let is_large = n == BLOCK || self.is_direct;
        // The file was made for small writes; large ones open it again.
        let is_first = self.written == 0 && is_large && !self.is_direct;
        if self.file.is_none() || is_first {
            let direct = if is_large { open_direct(&self.path) } else { None };
            self.is_direct = direct.is_some();
            let usual = || OpenOptions::new().write(true).open(&self.path);
            self.file = Some(direct.map_or_else(usual, Ok).map_err(HubError::io("open", &self.path))?);
        }
        let file = self.file.as_ref().expect("it was opened just now");
        let mut outcome = file.write_all_at(block, self.written);
        if outcome.is_err() && self.is_direct {
            // Some file systems take the flag and refuse the write.
            self.is_direct = false;
            let file = OpenOptions::new().write(true).open(&self.path).map_err(HubError::io("open", &self.path))?;
            outcome = file.write_all_at(block, self.written);
            self.file = Some(file);
        }
        outcome.map_err(HubError::io("write", &self.path))?;
        self.written += n as u64;
        Ok(())
    }
}

impl Sink for Output {
    fn position(&self) -> u64 {
        self.written + (self.filled + self.at_rest.len()) as u64
    }

    fn room(&mut self, n: usize) -> Result<&mut [u8], HubError> {
        debug_assert!(n <= PUT_MAX, "there is room for no more behind the block");
        if self.memory.is_empty() {
            self.wake();
        }
        if self.filled >= BLOCK {
            self.write_out(BLOCK)?;
        }
        let from = self.start + self.filled;
        self.filled += n;
        Ok(&mut self.memory[from..from + n])
    }
}

/// Opens a file so that whole blocks go past the system's cache; `None` where that is not offered.
#[cfg(target_os = "linux")]
fn open_direct(path: &Path) -> Option<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().write(true).custom_flags(libc::O_DIRECT).open(path).ok()
}

/// Other systems have no such flag.
#[cfg(not(target_os = "linux"))]
fn open_direct(_path: &Path) -> Option<File> {
    None
}
