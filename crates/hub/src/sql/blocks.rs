//! Digests of a symbol's rows, block by block: what tells which rows of a store differ from those of the hub without
//! reading the store.

use std::ops::Range;

use super::database::Rows;

/// Rows of a block; the last one of a symbol may have fewer.
pub(super) const BLOCK_ROWS: usize = 1_024;

/// Bytes of a stored block: its first timestamp and its digest.
const STORED_BYTES: usize = 24;

/// One block of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    /// Timestamp of its first row, microseconds UTC.
    pub(super) first: i64,
    /// The first 16 bytes of BLAKE3 over its rows.
    pub(super) digest: [u8; 16],
}

impl Block {
    /// The block of some rows; there is at least one.
    pub(super) fn of(rows: &Rows<'_>) -> Self {
        let mut hasher = blake3::Hasher::new();
        let mut bytes = Vec::with_capacity(8 * rows.timestamp.len());
        let mut feed = |values: &mut dyn Iterator<Item = u64>| {
            bytes.clear();
            values.for_each(|bits| bytes.extend_from_slice(&bits.to_le_bytes()));
            hasher.update(&bytes);
        };
        feed(&mut rows.timestamp.iter().map(|time| time.cast_unsigned()));
        feed(&mut rows.available_at.iter().map(|time| time.cast_unsigned()));
        if let Some(sequence) = rows.bar_seq {
            feed(&mut sequence.iter().map(|number| number.cast_unsigned()));
        }
        feed(&mut rows.tradable_flag.iter().map(|flag| u64::from(*flag)));
        for column in &rows.columns {
            // A store keeps no payload of a NaN: all missing values are one.
            feed(&mut column.iter().map(|value| if value.is_nan() { f64::NAN } else { *value }.to_bits()));
        }
        let mut digest = [0; 16];
        digest.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        Self { first: rows.timestamp[0], digest }
    }
}

/// A symbol's rows as a store remembers them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Blocks {
    /// Number of rows.
    pub(super) n_rows: usize,
    /// Their blocks.
    pub(super) blocks: Vec<Block>,
}

impl Blocks {
    /// The form in which a store keeps them.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(STORED_BYTES * self.blocks.len());
        for block in &self.blocks {
            bytes.extend_from_slice(&block.first.to_le_bytes());
            bytes.extend_from_slice(&block.digest);
        }
        bytes
    }

    /// Reads what [`Self::encode`] wrote; `None` when the bytes are not that.
    pub(super) fn decode(n_rows: i64, bytes: &[u8]) -> Option<Self> {
        let n_rows = usize::try_from(n_rows).ok()?;
        let stored: Option<Vec<Block>> = bytes
            .chunks(STORED_BYTES)
            .map(|stored| {
                let (first, digest) = stored.split_first_chunk::<8>()?;
                Some(Block { first: i64::from_le_bytes(*first), digest: digest.try_into().ok()? })
            })
            .collect();
        let blocks = stored?;
        (blocks.len() == n_rows.div_ceil(BLOCK_ROWS)).then_some(Self { n_rows, blocks })
    }

    /// The rows of a block.
    pub(super) fn rows(&self, block: usize) -> Range<usize> {
        rows_of(block, self.n_rows)
    }

    /// The stretch of time that belongs to some neighbouring blocks: its first and, exclusive, its last microsecond.
    pub(super) fn time(&self, blocks: Range<usize>) -> (i64, Option<i64>) {
        (self.blocks[blocks.start].first, self.blocks.get(blocks.end).map(|next| next.first))
    }
}

/// The rows of a block among `n_rows`.
pub(super) fn rows_of(block: usize, n_rows: usize) -> Range<usize> {
    let first = (block * BLOCK_ROWS).min(n_rows);
    first..(first + BLOCK_ROWS).min(n_rows)
}
