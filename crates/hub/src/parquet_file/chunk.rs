//! The compressed bytes of one column chunk, in memory or left in the file, and the buffers they are read into.

use std::cell::RefCell;
use std::io::{BufReader, Read};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

use super::open::ParquetFile;

/// A buffer larger than this is given back to the system when a cursor is done with it.
const SPARE_BYTES_MAX: usize = 8 << 20;

/// Bytes read at once for the header of a page, which is smaller.
const HEADER_BYTES: usize = 64;

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
    /// A chunk of `length` bytes at the front of a buffer that can be used again when the chunk and its pages are gone.
    pub(super) fn new(start: u64, buffer: Arc<Vec<u8>>, length: usize) -> Self {
        Self { start, bytes: Bytes::from_owner(Shared(buffer)).slice(..length) }
    }

    /// A chunk that is at hand.
    pub(super) fn at_hand(start: u64, bytes: Bytes) -> Self {
        Self { start, bytes }
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

/// A column chunk of which only some pages are wanted: what is asked for is read from the file, and nothing else.
pub(super) struct Sparse {
    /// The file.
    file: Arc<ParquetFile>,
    /// Position behind the chunk's last byte.
    end: u64,
}

impl Sparse {
    /// The chunk that ends at a position.
    pub(super) fn new(file: Arc<ParquetFile>, end: u64) -> Self {
        Self { file, end }
    }
}

impl Length for Sparse {
    fn len(&self) -> u64 {
        self.end
    }
}

impl ChunkReader for Sparse {
    type T = BufReader<Pointer>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        let pointer = Pointer { file: Arc::clone(&self.file), position: start, end: self.end };
        Ok(BufReader::with_capacity(HEADER_BYTES, pointer))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        if start.checked_add(length as u64).is_none_or(|end| end > self.end) {
            return Err(ParquetError::EOF("a page lies outside its column".to_owned()));
        }
        let mut bytes = vec![0; length];
        self.file.file.read_exact_at(&mut bytes, start)?;
        Ok(Bytes::from(bytes))
    }
}

/// A reader from a position of a file.
pub(super) struct Pointer {
    /// The file.
    file: Arc<ParquetFile>,
    /// Position of the next byte.
    position: u64,
    /// Position behind the last byte.
    end: u64,
}

impl Read for Pointer {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = buffer.len().min(self.end.saturating_sub(self.position) as usize);
        let n = self.file.file.read_at(&mut buffer[..n], self.position)?;
        self.position += n as u64;
        Ok(n)
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
