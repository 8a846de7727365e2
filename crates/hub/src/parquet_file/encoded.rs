//! Compressed column chunks, encoded by hand: ids and times as differences, prices and sizes as numbers of a dictionary,
//! flags as bits. Byte for byte what the library's column writers make of the same values, of which a test convinces
//! itself, in half of their time.
//!
//! What is rare is left to the library: missing flags, and dictionaries so long that it gives them up midway.

use bytes::Bytes;
use parquet::basic::{Compression, Encoding, EncodingMask, PageType, ZstdLevel};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, PageEncodingStats};
use parquet::file::statistics::{Statistics, ValueStatistics};
use parquet::schema::types::ColumnDescPtr;
use zstd::bulk::Compressor;

use super::pages::{self, varint};
use super::write::{ColumnSpec, Storage, ValueKind, Values};

/// Rows after which the library looks whether a page is full.
const LIBRARY_STEP: usize = 1_024;

/// Longer pages could reach the library's limit of bytes as well.
const PAGE_ROWS_MAX: usize = 1 << 16;

/// From so many distinct values on the library stores the rest of a chunk as it is: a mebibyte of them.
const DISTINCT_MAX: usize = (1 << 20) / 8;

/// Differences that share a smallest one.
const BLOCK: usize = 256;

/// Differences that share a width.
const MINI_BLOCK: usize = 64;

/// Groups of eight numbers in a packed run, at most.
const GROUPS_MAX: usize = 63;

/// Encodes chunk after chunk with the same memory.
pub(super) struct ChunkEncoder {
    /// Rows of a page.
    page_rows: usize,
    /// The compressor, once it was needed.
    compressor: Option<Compressor<'static>>,
    /// The page in work, before compression.
    raw: Vec<u8>,
    /// The same compressed.
    packed: Vec<u8>,
    /// The data pages so far.
    pages: Vec<u8>,
    /// Bytes the data pages would have without compression, headers included.
    pages_raw: usize,
    /// The distinct values of the chunk in work.
    dictionary: Dictionary,
    /// Their numbers, one for each row of the page in work.
    numbers: Vec<u64>,
}

impl ChunkEncoder {
    /// An encoder of pages of at most `page_rows` rows.
    pub(super) fn new(page_rows: usize) -> Self {
        Self {
            page_rows: page_rows.next_multiple_of(LIBRARY_STEP),
            compressor: None,
            raw: Vec::new(),
            packed: Vec::new(),
            pages: Vec::new(),
            pages_raw: 0,
            dictionary: Dictionary::default(),
            numbers: Vec::new(),
        }
    }

    /// A chunk with what the footer says of it; `None` when it is one for the library.
    pub(super) fn chunk(
        &mut self,
        column: &ColumnDescPtr,
        spec: &ColumnSpec,
        values: Values<'_>,
    ) -> Result<Option<(Bytes, ColumnCloseResult)>, ParquetError> {
        self.pages.clear();
        self.pages_raw = 0;
        if self.page_rows > PAGE_ROWS_MAX || values.len() == 0 {
            return Ok(None);
        }
        let (encoding, dictionary, statistics) = match (values, spec.storage) {
            (Values::I64(values), Storage::Delta) => {
                for page in values.chunks(self.page_rows) {
                    self.raw.clear();
                    differences(page, &mut self.raw);
                    self.data_page(page.len(), Encoding::DELTA_BINARY_PACKED)?;
                }
                let is_time = matches!(spec.kind, ValueKind::Time);
                (Encoding::DELTA_BINARY_PACKED, None, is_time.then(|| bounds(values)))
            }
            (Values::F64(values), Storage::Dictionary) => match self.dictionary_pages(values)? {
                Some(dictionary) => (Encoding::RLE_DICTIONARY, Some(dictionary), None),
                None => return Ok(None),
            },
            (Values::MaybeBool(values), Storage::Plain) if values.iter().all(Option::is_some) => {
                for page in values.chunks(self.page_rows) {
                    self.raw.clear();
                    flags(page, &mut self.raw);
                    self.data_page(page.len(), Encoding::PLAIN)?;
                }
                (Encoding::PLAIN, None, None)
            }
            _ => return Ok(None),
        };
        self.close(column, (values.len(), encoding), dictionary, statistics).map(Some)
    }

    /// Writes the data pages of a chunk of few distinct values; their page and its length before compression, header
    /// included, or `None` when there are too many.
    fn dictionary_pages(&mut self, values: &[f64]) -> Result<Option<(Vec<u8>, usize)>, ParquetError> {
        self.dictionary.clear();
        for page in values.chunks(self.page_rows) {
            self.numbers.clear();
            let dictionary = &mut self.dictionary;
            self.numbers.extend(page.iter().map(|value| u64::from(dictionary.number(value.to_bits()))));
            let distinct = self.dictionary.values.len();
            if distinct >= DISTINCT_MAX {
                return Ok(None);
            }
            let width = width_of(distinct as u64 - 1);
            self.raw.clear();
            self.raw.push(width as u8);
            runs(&self.numbers, width, &mut self.raw);
            self.data_page(page.len(), Encoding::RLE_DICTIONARY)?;
        }
        self.raw.clear();
        self.raw.extend(self.dictionary.values.iter().flat_map(|bits| bits.to_le_bytes()));
        self.compress()?;
        let mut page =
            pages::dictionary_page_header((self.raw.len(), self.packed.len()), self.dictionary.values.len(), true);
        let raw = page.len() + self.raw.len();
        page.extend_from_slice(&self.packed);
        Ok(Some((page, raw)))
    }

    /// Appends the page in work to the data pages.
    fn data_page(&mut self, rows: usize, encoding: Encoding) -> Result<(), ParquetError> {
        self.compress()?;
        let header = pages::data_page_header((self.raw.len(), self.packed.len()), rows, number_of(encoding));
        self.pages_raw += header.len() + self.raw.len();
        self.pages.extend_from_slice(&header);
        self.pages.extend_from_slice(&self.packed);
        Ok(())
    }

    /// Compresses the page in work.
    fn compress(&mut self) -> Result<(), ParquetError> {
        let compressor = match &mut self.compressor {
            Some(compressor) => compressor,
            none => none.insert(Compressor::new(ZstdLevel::default().compression_level())?),
        };
        self.packed.clear();
        self.packed.reserve(zstd::zstd_safe::compress_bound(self.raw.len()));
        compressor.compress_to_buffer(&self.raw, &mut self.packed)?;
        Ok(())
    }

    /// The chunk of the pages, and its entry in the footer.
    fn close(
        &self,
        column: &ColumnDescPtr,
        (rows, encoding): (usize, Encoding),
        dictionary: Option<(Vec<u8>, usize)>,
        statistics: Option<Statistics>,
    ) -> Result<(Bytes, ColumnCloseResult), ParquetError> {
        let of = |page_type, encoding, count| PageEncodingStats { page_type, encoding, count };
        let n_pages = rows.div_ceil(self.page_rows) as i32;
        let has_dictionary = dictionary.is_some();
        let (mut bytes, dictionary_raw) = dictionary.unwrap_or_default();
        let data_at = bytes.len() as i64;
        bytes.extend_from_slice(&self.pages);
        let mut encodings = vec![Encoding::RLE, encoding];
        let mut kinds = vec![of(PageType::DATA_PAGE, encoding, n_pages)];
        if has_dictionary {
            encodings.push(Encoding::PLAIN);
            kinds.insert(0, of(PageType::DICTIONARY_PAGE, Encoding::PLAIN, 1));
        }
        let mut entry = ColumnChunkMetaData::builder(column.clone())
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_encodings_mask(EncodingMask::new_from_encodings(encodings.iter()))
            .set_page_encoding_stats(kinds)
            .set_total_compressed_size(bytes.len() as i64)
            .set_total_uncompressed_size((dictionary_raw + self.pages_raw) as i64)
            .set_num_values(rows as i64)
            .set_data_page_offset(data_at)
            .set_dictionary_page_offset(has_dictionary.then_some(0));
        if let Some(statistics) = statistics {
            entry = entry.set_statistics(statistics);
        }
        let closed = ColumnCloseResult {
            bytes_written: bytes.len() as u64,
            rows_written: rows as u64,
            metadata: entry.build()?,
            bloom_filter: None,
            column_index: None,
            offset_index: None,
        };
        Ok((Bytes::from(bytes), closed))
    }
}

/// Statistics of times; the library writes them twice, for readers of old as well.
fn bounds(values: &[i64]) -> Statistics {
    let (low, high) = (values.iter().min().copied(), values.iter().max().copied());
    Statistics::Int64(ValueStatistics::new(low, high, None, Some(0), false).with_backwards_compatible_min_max(true))
}

/// Number of an encoding in the format.
fn number_of(encoding: Encoding) -> u8 {
    match encoding {
        Encoding::DELTA_BINARY_PACKED => 5,
        Encoding::RLE_DICTIONARY => pages::RLE_DICTIONARY,
        _ => pages::PLAIN,
    }
}

/// Distinct values in order of their first appearance, found by open addressing.
#[derive(Default)]
struct Dictionary {
    /// The values' bits.
    values: Vec<u64>,
    /// One more than the number of a value, at the place its bits hash to or behind it; 0 where there is none. Its length
    /// is a power of two, and at least twice the number of values.
    places: Vec<u32>,
    /// The value asked for last, and its number: prices repeat.
    last: Option<(u64, u32)>,
}

impl Dictionary {
    /// Forgets all values.
    fn clear(&mut self) {
        self.values.clear();
        self.last = None;
        self.places.fill(0);
    }

    /// The number of a value, which is added if it is new.
    #[inline]
    fn number(&mut self, bits: u64) -> u32 {
        if let Some((_, number)) = self.last.filter(|(last, _)| *last == bits) {
            return number;
        }
        if self.values.len() * 2 >= self.places.len() {
            self.grow();
        }
        let mask = self.places.len() - 1;
        let mut at = place_of(bits, self.places.len());
        let number = loop {
            match self.places[at & mask] {
                0 => {
                    self.values.push(bits);
                    self.places[at & mask] = self.values.len() as u32;
                    break self.values.len() as u32 - 1;
                }
                there if self.values[there as usize - 1] == bits => break there - 1,
                _ => at += 1,
            }
        };
        self.last = Some((bits, number));
        number
    }

    /// Makes room for twice as many values.
    #[cold]
    fn grow(&mut self) {
        let n = (self.places.len() * 2).max(4_096);
        self.places.clear();
        self.places.resize(n, 0);
        for (number, bits) in self.values.iter().enumerate() {
            let mut at = place_of(*bits, n);
            while self.places[at & (n - 1)] != 0 {
                at += 1;
            }
            self.places[at & (n - 1)] = number as u32 + 1;
        }
    }
}

/// Where the search for a value begins among `n` places: the high bits of its product with the golden ratio, to which all
/// bits of the value contribute.
#[inline]
fn place_of(bits: u64, n: usize) -> usize {
    (bits.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - n.trailing_zeros())) as usize
}

/// Bits that a number takes.
fn width_of(number: u64) -> u32 {
    64 - number.leading_zeros()
}

/// Appends numbers as differences, each block with its smallest, each part of a block in as many bits as it needs.
fn differences(values: &[i64], out: &mut Vec<u8>) {
    for number in [BLOCK, BLOCK / MINI_BLOCK, values.len()] {
        varint(number as u64, out);
    }
    zigzag(values[0], out);
    let mut block = [0; BLOCK];
    let mut above = [0; MINI_BLOCK];
    for from in (1..values.len()).step_by(BLOCK) {
        let to = (from + BLOCK).min(values.len());
        let block = &mut block[..to - from];
        for (difference, (value, before)) in block.iter_mut().zip(values[from..to].iter().zip(&values[from - 1..])) {
            *difference = value.wrapping_sub(*before);
        }
        let low = block.iter().copied().min().unwrap_or_default();
        zigzag(low, out);
        let widths = out.len();
        out.extend([0; BLOCK / MINI_BLOCK]);
        for (part, values) in block.chunks(MINI_BLOCK).enumerate() {
            let high = values.iter().copied().max().unwrap_or_default();
            let width = width_of(high.wrapping_sub(low) as u64);
            out[widths + part] = width as u8;
            above[values.len()..].fill(0);
            for (above, value) in above.iter_mut().zip(values) {
                *above = value.wrapping_sub(low) as u64;
            }
            pack(&above, width, out);
        }
    }
}

/// Appends a signed integer, small ones of both signs as small ones.
fn zigzag(value: i64, out: &mut Vec<u8>) {
    varint(((value << 1) ^ (value >> 63)) as u64, out);
}

/// Appends numbers of `width` bits each, the first in the lowest bits; their bits fill whole bytes.
#[inline]
fn pack(numbers: &[u64], width: u32, out: &mut Vec<u8>) {
    if width == 0 {
        return;
    }
    let (mut word, mut filled) = (0_u64, 0);
    for number in numbers {
        word |= number << filled;
        filled += width;
        if filled >= 64 {
            out.extend_from_slice(&word.to_le_bytes());
            filled -= 64;
            word = if filled == 0 { 0 } else { number >> (width - filled) };
        }
    }
    out.extend_from_slice(&word.to_le_bytes()[..filled as usize / 8]);
}

/// Appends numbers in groups of eight: equal ones from the beginning of a group on as a run, others packed.
fn runs(numbers: &[u64], width: u32, out: &mut Vec<u8>) {
    let mut at = 0;
    // Where the packed run in work has its length, and how many groups it has.
    let mut packed: Option<(usize, usize)> = None;
    while at < numbers.len() {
        let rest = &numbers[at..];
        let group = &rest[..rest.len().min(8)];
        let is_one = group.iter().all(|number| *number == group[0]);
        if is_one && (group.len() == 8 || packed.is_none()) {
            close_run(packed.take(), out);
            let n = rest.iter().take_while(|number| **number == rest[0]).count();
            varint((n as u64) << 1, out);
            out.extend_from_slice(&rest[0].to_le_bytes()[..width.div_ceil(8) as usize]);
            at += n;
            continue;
        }
        let (place, n) = packed.unwrap_or((out.len(), 0));
        if n == 0 {
            out.push(0);
        }
        let mut eight = [0; 8];
        eight[..group.len()].copy_from_slice(group);
        pack(&eight, width, out);
        packed = Some((place, n + 1));
        if n + 1 == GROUPS_MAX {
            close_run(packed.take(), out);
        }
        at += group.len();
    }
    close_run(packed, out);
}

/// Writes the length of a packed run.
fn close_run(run: Option<(usize, usize)>, out: &mut [u8]) {
    if let Some((place, groups)) = run {
        out[place] = (groups << 1 | 1) as u8;
    }
}

/// Appends flags none of which is missing: first that, as one run with its length, then one bit for each.
fn flags(flags: &[Option<bool>], out: &mut Vec<u8>) {
    let mut present = Vec::with_capacity(8);
    varint((flags.len() as u64) << 1, &mut present);
    present.push(1);
    out.extend((present.len() as u32).to_le_bytes());
    out.append(&mut present);
    let bit = |byte: u8, flag: &Option<bool>| (byte << 1) | u8::from(*flag == Some(true));
    out.extend(flags.chunks(8).map(|eight| eight.iter().rev().fold(0, bit)));
}

#[cfg(test)]
mod tests;
