//! The compressed bytes of one column chunk in memory, and the buffers they are read into.

use std::cell::RefCell;
use std::sync::Arc;

use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

/// A buffer larger than this is given back to the system when a cursor is done with it.
const SPARE_BYTES_MAX: usize = 8 << 20;

thread_local! {
    /// The last buffer a cursor of this thread is done with: fresh memory costs as much as decoding.
    static SPARE: RefCell<Arc<Vec<u8>>> = RefCell::default();
}

/// Bytes of one column chunk, at their place in the file.
pub(super) struct Chunk {
    /// Position of the first byte in the file.
    start: u64,
    /// The bytes.
    bytes: Bytes,
}

impl Length for Chunk {
    fn len(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

impl Chunk {
    /// A chunk in a buffer that can be used again when the chunk and its pages are gone.
    pub(super) fn new(start: u64, buffer: Arc<Vec<u8>>) -> Self {
        Self { start, bytes: Bytes::from_owner(Shared(buffer)) }
    }

    /// Position in the chunk of a position in the file.
    fn at(&self, position: u64, length: usize) -> Result<usize, ParquetError> {
        let at = position.checked_sub(self.start).map(|at| at as usize);
        at.filter(|at| at.checked_add(length).is_some_and(|end| end <= self.bytes.len()))
            .ok_or_else(|| ParquetError::EOF("a page lies outside its column".to_owned()))
    }
}

impl ChunkReader for Chunk {
    type T = std::io::Cursor<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(std::io::Cursor::new(self.bytes.slice(self.at(start, 0)?..)))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let at = self.at(start, length)?;
        Ok(self.bytes.slice(at..at + length))
    }
}

/// A buffer lent to the decoder; it can be used again when the decoder is gone.
struct Shared(Arc<Vec<u8>>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// A buffer to read a chunk into, with whatever memory the last one had.
pub(super) fn take_spare() -> Arc<Vec<u8>> {
    SPARE.try_with(RefCell::take).unwrap_or_default()
}

/// Keeps a buffer for the next cursor of this thread, if it is larger than the one kept and not too large.
pub(super) fn keep_spare(buffer: Arc<Vec<u8>>) {
    // While a thread ends there is nothing left to keep it in, and no need to.
    let _ = SPARE.try_with(|spare| {
        let mut spare = spare.borrow_mut();
        if (spare.capacity()..=SPARE_BYTES_MAX).contains(&buffer.capacity()) {
            *spare = buffer;
        }
    });
}
