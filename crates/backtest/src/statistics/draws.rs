//! Means of all sets over drawn histories: the table that the tests of superiority share.
//!
//! A block's sum is a difference of two running sums, so that a draw costs a step per block and not per period. Sets are
//! taken [`TILE`] at a time, whose running sums lie together in the processor's cache; tiles are independent, so that
//! threads change nothing.

use rayon::prelude::*;

use super::resample::{Block, Resampling};

/// Sets whose sums lie side by side.
const TILE: usize = 16;

/// Draws whose blocks are held at a time: bounds the memory.
const DRAWS_AT_ONCE: usize = 250;

/// Means over drawn histories.
#[derive(Debug)]
pub(super) struct Draws {
    /// Number of draws.
    n_draws: usize,
    /// `[tile][draw][set of the tile]`.
    tiles: Vec<Vec<[f64; TILE]>>,
}

impl Draws {
    /// Draws histories from `columns`, one series of equal length per set: all sets of a draw take the same blocks.
    pub(super) fn new(columns: &[&[f64]], resampling: &Resampling) -> Self {
        let n = columns.first().map_or(0, |column| column.len());
        let n_draws = if n == 0 { 0 } else { resampling.n_draws };
        let mut tiles = vec![Vec::with_capacity(n_draws); columns.len().div_ceil(TILE)];
        for first in (0..n_draws).step_by(DRAWS_AT_ONCE) {
            let batch = first..(first + DRAWS_AT_ONCE).min(n_draws);
            let blocks: Vec<Vec<Block>> = batch.into_par_iter().map(|draw| resampling.blocks(draw, n)).collect();
            // Tables are made anew for each batch: those of all sets at once are twice the sets' own numbers.
            tiles.par_iter_mut().zip(columns.par_chunks(TILE)).for_each(|(out, tile)| {
                let table = Table::new(tile, n);
                out.extend(blocks.iter().map(|blocks| table.mean(blocks)));
            });
        }
        Self { n_draws, tiles }
    }

    /// Number of draws.
    pub(super) fn n_draws(&self) -> usize {
        self.n_draws
    }

    /// The mean of a set over a drawn history.
    pub(super) fn mean(&self, draw: usize, set_idx: usize) -> f64 {
        self.tiles[set_idx / TILE][draw][set_idx % TILE]
    }
}

/// Values and running sums of the sets of a tile.
struct Table {
    /// Each value; sets of a partly filled tile are 0.
    values: Vec<[f64; TILE]>,
    /// Sums of the first 0, 1, .. n values.
    sums: Vec<[f64; TILE]>,
}

impl Table {
    /// The table of a tile of series of `n` values.
    fn new(tile: &[&[f64]], n: usize) -> Self {
        let mut values = vec![[0.0; TILE]; n];
        for (lane, column) in tile.iter().enumerate() {
            for (row, value) in values.iter_mut().zip(*column) {
                row[lane] = *value;
            }
        }
        let mut sums = Vec::with_capacity(n + 1);
        let mut sum = [0.0; TILE];
        sums.push(sum);
        for row in &values {
            for lane in 0..TILE {
                sum[lane] += row[lane];
            }
            sums.push(sum);
        }
        Self { values, sums }
    }

    /// The means over a drawn history.
    fn mean(&self, blocks: &[Block]) -> [f64; TILE] {
        let n = self.values.len();
        let mut total = [0.0; TILE];
        for &(start, length) in blocks {
            let end = start + length;
            if length == 1 {
                add(&mut total, &self.values[start]);
            } else if end <= n {
                add_difference(&mut total, &self.sums[end], &self.sums[start]);
            } else {
                add_difference(&mut total, &self.sums[n], &self.sums[start]);
                add(&mut total, &self.sums[end - n]);
            }
        }
        total.map(|total| total / n as f64)
    }
}

/// Adds a row.
fn add(total: &mut [f64; TILE], row: &[f64; TILE]) {
    for lane in 0..TILE {
        total[lane] += row[lane];
    }
}

/// Adds what lies between two running sums.
fn add_difference(total: &mut [f64; TILE], until: &[f64; TILE], from: &[f64; TILE]) {
    for lane in 0..TILE {
        total[lane] += until[lane] - from[lane];
    }
}
