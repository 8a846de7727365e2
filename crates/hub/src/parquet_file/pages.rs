//! Column chunks of one uncompressed page, written by hand: the library's column writers cost more to set up than a
//! short chunk has bytes, and copy a long one three times.
//!
//! Two forms, both of the format's first version and read by every reader: the values as they are (`PLAIN`), or one
//! value for all rows (a dictionary of one, and a run of its number).

use parquet::basic::{Compression, Encoding};
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::statistics::Statistics;
use parquet::schema::types::ColumnDescPtr;

use super::output::PUT_MAX;
use crate::error::HubError;

/// Number of the plain encoding in the format.
pub(super) const PLAIN: u8 = 0;

/// Number of the run-length encoding of levels.
const RLE: u8 = 3;

/// Number of the encoding by numbers of a dictionary.
pub(super) const RLE_DICTIONARY: u8 = 8;

/// Values of eight bytes put in one step.
const STEP: usize = PUT_MAX / 8;

/// Where chunks are put, one after the other.
pub(super) trait Sink {
    /// Bytes put so far.
    fn position(&self) -> u64;

    /// Room for the next `n` bytes, at most [`PUT_MAX`], all of which the caller fills.
    fn room(&mut self, n: usize) -> Result<&mut [u8], HubError>;

    /// Puts bytes.
    fn put(&mut self, bytes: &[u8]) -> Result<(), HubError> {
        for piece in bytes.chunks(PUT_MAX) {
            self.room(piece.len())?.copy_from_slice(piece);
        }
        Ok(())
    }
}

impl Sink for Vec<u8> {
    fn position(&self) -> u64 {
        self.len() as u64
    }

    fn room(&mut self, n: usize) -> Result<&mut [u8], HubError> {
        let from = self.len();
        self.resize(from + n, 0);
        Ok(&mut self[from..])
    }
}

/// Where a chunk lies and what its footer entry says.
#[derive(Debug)]
pub(super) struct Placed {
    /// Position of its first byte.
    start: u64,
    /// Position of its data page.
    data: u64,
    /// Position behind its last byte.
    end: u64,
    /// Number of values.
    values: usize,
}

impl Placed {
    /// The chunk's entry in the footer.
    pub(super) fn entry(
        &self,
        column: ColumnDescPtr,
        statistics: Option<Statistics>,
    ) -> Result<ColumnChunkMetaData, ParquetError> {
        let size = (self.end - self.start) as i64;
        let has_dictionary = self.data != self.start;
        let encodings = if has_dictionary {
            vec![Encoding::PLAIN, Encoding::RLE, Encoding::RLE_DICTIONARY]
        } else {
            PLAIN_LIST.to_vec()
        };
        let mut entry = ColumnChunkMetaData::builder(column)
            .set_encodings(encodings)
            .set_compression(Compression::UNCOMPRESSED)
            .set_num_values(self.values as i64)
            .set_total_compressed_size(size)
            .set_total_uncompressed_size(size)
            .set_data_page_offset(self.data as i64)
            .set_dictionary_page_offset(has_dictionary.then_some(self.start as i64));
        if let Some(statistics) = statistics {
            entry = entry.set_statistics(statistics);
        }
        entry.build()
    }
}

/// Encodings of a plain chunk.
const PLAIN_LIST: [Encoding; 2] = [Encoding::PLAIN, Encoding::RLE];

/// Puts a chunk of floating-point numbers; a single value for all rows once.
pub(super) fn floats(output: &mut impl Sink, values: &[f64]) -> Result<Placed, HubError> {
    if let Some(value) = repeated(values) {
        return same(output, &value.to_le_bytes(), values.len());
    }
    let start = page(output, values.len() * 8, values.len())?;
    for step in values.chunks(STEP) {
        let room = output.room(step.len() * 8)?.as_chunks_mut::<8>().0;
        room.iter_mut().zip(step).for_each(|(to, value)| *to = value.to_le_bytes());
    }
    Ok(placed(output, start, start, values.len()))
}

/// Puts a chunk of whole numbers or times.
pub(super) fn whole(output: &mut impl Sink, values: &[i64]) -> Result<Placed, HubError> {
    let start = page(output, values.len() * 8, values.len())?;
    for step in values.chunks(STEP) {
        let room = output.room(step.len() * 8)?.as_chunks_mut::<8>().0;
        room.iter_mut().zip(step).for_each(|(to, value)| *to = value.to_le_bytes());
    }
    Ok(placed(output, start, start, values.len()))
}

/// Puts a chunk of flags.
pub(super) fn flags(output: &mut impl Sink, values: &[bool]) -> Result<Placed, HubError> {
    let start = page(output, values.len().div_ceil(8), values.len())?;
    let byte = |eight: &[bool]| eight.iter().rev().fold(0_u8, |byte, flag| (byte << 1) | u8::from(*flag));
    for step in values.chunks(STEP) {
        let room = output.room(step.len().div_ceil(8))?;
        room.iter_mut().zip(step.chunks(8)).for_each(|(to, eight)| *to = byte(eight));
    }
    Ok(placed(output, start, start, values.len()))
}

/// Puts a chunk of one text for all rows.
pub(super) fn same_text(output: &mut impl Sink, text: &str, rows: usize) -> Result<Placed, HubError> {
    let mut plain = (text.len() as u32).to_le_bytes().to_vec();
    plain.extend_from_slice(text.as_bytes());
    same(output, &plain, rows)
}

/// Statistics of times.
pub(super) fn bounds(values: &[i64]) -> Option<Statistics> {
    let (low, high) = (*values.iter().min()?, *values.iter().max()?);
    Some(Statistics::int64(Some(low), Some(high), None, Some(0), false))
}

/// The one value of all rows of a chunk, if it is one and there are enough rows to gain by it.
fn repeated(values: &[f64]) -> Option<f64> {
    let (first, last) = (values.first()?.to_bits(), values.last()?.to_bits());
    let is_one = values.len() > 8 && first == last && values.iter().all(|value| value.to_bits() == first);
    is_one.then_some(values[0])
}

/// Puts a chunk of one value, given in its plain form, for all rows.
fn same(output: &mut impl Sink, plain: &[u8], rows: usize) -> Result<Placed, HubError> {
    let start = output.position();
    let mut bytes = dictionary_header(plain.len());
    bytes.extend_from_slice(plain);
    let data = start + bytes.len() as u64;
    // Numbers of one bit, then one run: its length shifted by the bit that says run, and the number 0.
    let mut body = vec![1];
    varint((rows as u64) << 1, &mut body);
    body.push(0);
    bytes.extend(data_header(body.len(), rows, RLE_DICTIONARY));
    bytes.extend(body);
    output.put(&bytes)?;
    Ok(placed(output, start, data, rows))
}

/// Puts the header of a plain page; returns where it begins.
fn page(output: &mut impl Sink, bytes: usize, values: usize) -> Result<u64, HubError> {
    let start = output.position();
    output.put(&data_header(bytes, values, PLAIN))?;
    Ok(start)
}

/// A chunk that ends where the output is now.
fn placed(output: &impl Sink, start: u64, data: u64, values: usize) -> Placed {
    Placed { start, data, end: output.position(), values }
}

/// Header of a data page that is not compressed.
fn data_header(bytes: usize, values: usize, encoding: u8) -> Vec<u8> {
    data_page_header((bytes, bytes), values, encoding)
}

/// Header of a data page in Thrift's compact form; `sizes` are those of the page before and after compression.
pub(super) fn data_page_header(sizes: (usize, usize), values: usize, encoding: u8) -> Vec<u8> {
    // Field numbers are told by their distance: 1 type, 2 and 3 sizes, 5 the data page.
    let mut header = vec![0x15, 0];
    put_sizes(sizes, &mut header);
    header.push(0x2C);
    number(values, &mut header);
    number(encoding.into(), &mut header);
    number(RLE.into(), &mut header);
    number(RLE.into(), &mut header);
    header.extend([0, 0]);
    header
}

/// Header of a dictionary page of one value that is not compressed.
fn dictionary_header(bytes: usize) -> Vec<u8> {
    dictionary_page_header((bytes, bytes), 1, false)
}

/// Header of a dictionary page in Thrift's compact form; `sizes` are those of the page before and after compression.
/// `says_unsorted` adds, as the library does, that the values are in no order.
pub(super) fn dictionary_page_header(sizes: (usize, usize), values: usize, says_unsorted: bool) -> Vec<u8> {
    // 1 type (2 is a dictionary), 2 and 3 sizes, 7 the dictionary page.
    let mut header = vec![0x15, 4];
    put_sizes(sizes, &mut header);
    header.push(0x4C);
    number(values, &mut header);
    number(PLAIN.into(), &mut header);
    if says_unsorted {
        header.push(0x12);
    }
    header.extend([0, 0]);
    header
}

/// Uncompressed and compressed size.
fn put_sizes((raw, packed): (usize, usize), header: &mut Vec<u8>) {
    number(raw, header);
    number(packed, header);
}

/// The next field, a 32-bit integer that is not negative.
fn number(value: usize, header: &mut Vec<u8>) {
    header.push(0x15);
    varint((value as u64) << 1, header);
}

/// An integer in groups of seven bits, the lowest first.
pub(super) fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value & 0x7F) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
