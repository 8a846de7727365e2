//! Digests of a table's rows in blocks, so that a producer sees from two footers which rows at the front are the same.
//!
//! A block is 256 rows by row number, the last one of a table as many as there are. Its digest is the first 16 bytes of
//! BLAKE3 over the number of rows and each column's name, number and value bits, columns by name: how the values are
//! stored, and in which order, does not matter.

use std::ops::Range;

use crosscut_model::{BarSpec, Column, Table};

use crate::error::HubError;
use crate::reader::Hub;

/// Rows of a block.
pub(crate) const BLOCK_ROWS: usize = 256;

/// Bytes of a block's digest.
const DIGEST_BYTES: usize = 16;

/// Digest of one block.
type Digest = [u8; DIGEST_BYTES];

/// What a table's rows hold, block by block, in 16 bytes each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RowDigests {
    /// Rows of the table.
    rows: usize,
    /// Digests of the blocks of 256 rows, the last one of as many as there are.
    blocks: Vec<Digest>,
}

impl RowDigests {
    /// Rows of the table.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Rows at the front that are certainly equal in both tables, by whole blocks; when the tables are equal, all.
    /// [`Hub::unchanged_rows`] finds more: it looks into the block in which the older table ends.
    pub fn common_prefix(&self, newer: &Self) -> usize {
        if self == newer {
            return self.rows;
        }
        let whole = self.rows.min(newer.rows) / BLOCK_ROWS;
        let pairs = self.blocks.iter().zip(&newer.blocks).take(whole);
        pairs.take_while(|(old, new)| old == new).count() * BLOCK_ROWS
    }

    /// The digests as bytes: rows (8, little-endian), then 16 for each block.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = (self.rows as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(self.blocks.as_flattened());
        bytes
    }

    /// What [`RowDigests::to_bytes`] wrote; `None` when these bytes are something else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (rows, blocks) = bytes.split_first_chunk::<8>()?;
        let rows = usize::try_from(u64::from_le_bytes(*rows)).ok()?;
        let (blocks, rest) = blocks.as_chunks::<DIGEST_BYTES>();
        let fits = rest.is_empty() && blocks.len() == rows.div_ceil(BLOCK_ROWS);
        fits.then(|| Self { rows, blocks: blocks.to_vec() })
    }

    /// Digests of the rows of columns of one length, given as names and value bits.
    pub(crate) fn of(columns: &[(&str, Bits<'_>)]) -> Self {
        let rows = columns.first().map_or(0, |(_, bits)| bits.len());
        let order = by_name(columns);
        let mut buffer = Vec::new();
        let block = |from: usize| digest(&order, from..rows.min(from + BLOCK_ROWS), &mut buffer);
        Self { rows, blocks: (0..rows).step_by(BLOCK_ROWS).map(block).collect() }
    }

    /// Whether the rows of a table, at most a block of them, are those of block `block`.
    pub(crate) fn has_block(&self, block: usize, rows: &Table) -> bool {
        let columns = rows.columns.iter().filter_map(|(name, column)| match column {
            Column::I64(values) => Some((name.as_str(), Bits::I64(values))),
            Column::F64(values) => Some((name.as_str(), Bits::F64(values))),
            // Bar tables hold numbers and nothing else.
            Column::Bool(_) | Column::Text(_) => None,
        });
        let found = Self::of(&columns.collect::<Vec<_>>());
        found.blocks.len() == 1 && self.blocks.get(block) == found.blocks.first()
    }

    /// The digests as text for a footer.
    pub(crate) fn to_text(&self) -> String {
        self.to_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// What [`RowDigests::to_text`] wrote.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let nibble = |digit: u8| char::from(digit).to_digit(16).map(|value| value as u8);
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let bytes: Option<Vec<u8>> =
            pairs.iter().map(|[high, low]| Some((nibble(*high)? << 4) | nibble(*low)?)).collect();
        bytes.filter(|_| rest.is_empty()).and_then(|bytes| Self::from_bytes(&bytes))
    }
}

/// Values of a column by their bits.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bits<'a> {
    /// Times or whole numbers.
    I64(&'a [i64]),
    /// Floating-point numbers.
    F64(&'a [f64]),
}

impl Bits<'_> {
    /// Number of rows.
    fn len(&self) -> usize {
        match self {
            Self::I64(values) => values.len(),
            Self::F64(values) => values.len(),
        }
    }

    /// Appends the bits of some rows, little-endian.
    fn append(&self, rows: Range<usize>, out: &mut Vec<u8>) {
        match self {
            Self::I64(values) => out.extend(values[rows].iter().flat_map(|value| value.to_le_bytes())),
            Self::F64(values) => out.extend(values[rows].iter().flat_map(|value| value.to_le_bytes())),
        }
    }
}

/// The columns in the order in which they are hashed.
fn by_name<'a, 'b>(columns: &'b [(&'a str, Bits<'a>)]) -> Vec<&'b (&'a str, Bits<'a>)> {
    let mut order: Vec<_> = columns.iter().collect();
    order.sort_by_key(|(name, _)| *name);
    order
}

/// Digest of some rows; `buffer` is memory to be used again.
fn digest(columns: &[&(&str, Bits<'_>)], rows: Range<usize>, buffer: &mut Vec<u8>) -> Digest {
    buffer.clear();
    buffer.extend_from_slice(&(rows.len() as u64).to_le_bytes());
    for (name, bits) in columns {
        // The length keeps a name apart from the values that follow it.
        buffer.extend_from_slice(&(name.len() as u64).to_le_bytes());
        buffer.extend_from_slice(name.as_bytes());
        bits.append(rows.clone(), buffer);
    }
    *blake3::hash(buffer).as_bytes().first_chunk().expect("a hash is longer than a digest")
}

impl Hub {
    /// Rows at the front of a bar table that are certainly the ones `old` speaks of; exactly the old table's rows when
    /// rows were only added at its end, 0 when the table was written without digests.
    ///
    /// # Errors
    /// When the table is absent or damaged.
    pub fn unchanged_rows(
        &self,
        venue: &str,
        bar: &BarSpec,
        symbol: &str,
        old: &RowDigests,
    ) -> Result<usize, HubError> {
        self.bar_table(venue, bar, symbol)?.unchanged_rows(old)
    }
}

#[cfg(test)]
mod tests;
