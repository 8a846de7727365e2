//! The returns of one parameter set, condensed to what the statistics need.
//!
//! A sweep of ten thousand sets over two hundred thousand bars makes 16 GB of returns. What follows from them here needs
//! moments, sums over at most [`MAX_GROUPS`] groups of neighbouring periods, and sums and squares over the blocks of the
//! cross-validation: a few kilobytes per set, taken while the set's returns are at hand.

use std::ops::Range;

use super::sharpe::{Moments, autocorrelations};
use crate::error::BacktestError;

/// Groups of neighbouring periods at most. Bootstraps draw groups: below a thousand the test of a mean hardly gains.
pub const MAX_GROUPS: usize = 1024;

/// How the periods of a history are cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// Number of returns of each set.
    n_periods: usize,
    /// Number of groups.
    n_groups: usize,
    /// Number of blocks of the cross-validation, even.
    n_blocks: usize,
}

impl Grid {
    /// A grid for sets of `n_periods` returns with `n_blocks` blocks of cross-validation: an even number from 2 to 20. Fewer
    /// are used when a block would have fewer than two periods; see [`Grid::n_blocks`].
    ///
    /// # Errors
    /// When the number of blocks is odd or out of range.
    pub fn new(n_periods: usize, n_blocks: usize) -> Result<Self, BacktestError> {
        if !(2..=20).contains(&n_blocks) || !n_blocks.is_multiple_of(2) {
            return Err(BacktestError::Setting {
                key: "statistics.splits",
                value: n_blocks.to_string(),
                expected: "an even number from 2 to 20".to_owned(),
            });
        }
        let most = (n_periods / 2) & !1;
        Ok(Self { n_periods, n_groups: n_periods.min(MAX_GROUPS), n_blocks: n_blocks.min(most) })
    }

    /// Number of returns of each set.
    pub fn n_periods(&self) -> usize {
        self.n_periods
    }

    /// Number of groups.
    pub fn n_groups(&self) -> usize {
        self.n_groups
    }

    /// Number of blocks of the cross-validation: 0 when the history is too short for any.
    pub fn n_blocks(&self) -> usize {
        self.n_blocks
    }

    /// Periods of a group, on average.
    pub fn periods_per_group(&self) -> f64 {
        self.n_periods as f64 / self.n_groups.max(1) as f64
    }

    /// The periods of a group; groups differ in length by one period at most.
    pub fn group(&self, group_idx: usize) -> Range<usize> {
        part(self.n_periods, self.n_groups, group_idx)
    }

    /// The periods of a block; blocks differ in length by one period at most.
    pub fn block(&self, block_idx: usize) -> Range<usize> {
        part(self.n_periods, self.n_blocks, block_idx)
    }
}

/// The `idx`-th of `n_parts` nearly equal parts of `n` positions.
pub(super) fn part(n: usize, n_parts: usize, idx: usize) -> Range<usize> {
    n * idx / n_parts..n * (idx + 1) / n_parts
}

/// A block of the cross-validation.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct BlockSum {
    /// Sum of the distances of its returns from the set's mean.
    pub distance: f64,
    /// Sum of their squares.
    pub square: f64,
}

/// The returns of one set, condensed.
#[derive(Debug, Clone, PartialEq)]
pub struct Condensed {
    /// Returns that were not finite, as after ruin; they count as 0.
    pub n_missing: usize,
    /// Mean, deviation and shape of all returns.
    pub moments: Moments,
    /// Autocorrelations of the returns at lags 1, 2, ..
    pub autocorrelations: Vec<f64>,
    /// Sum of the returns of each group.
    pub group_sums: Vec<f64>,
    /// The blocks of the cross-validation.
    pub blocks: Vec<BlockSum>,
}

impl Condensed {
    /// Condenses simple returns per period; `per_year` periods make a year.
    ///
    /// # Panics
    /// If the number of returns is not the grid's.
    pub fn new(returns: &[f64], grid: &Grid, per_year: f64) -> Self {
        assert_eq!(returns.len(), grid.n_periods, "all sets have the returns of the same periods");
        let n_missing = returns.iter().filter(|value| !value.is_finite()).count();
        if n_missing == 0 {
            return Self::of_finite(returns, grid, per_year);
        }
        let filled: Vec<f64> = returns.iter().map(|&value| if value.is_finite() { value } else { 0.0 }).collect();
        Self { n_missing, ..Self::of_finite(&filled, grid, per_year) }
    }

    /// [`Condensed::new`] of finite returns.
    fn of_finite(returns: &[f64], grid: &Grid, per_year: f64) -> Self {
        let mean = sum(returns) / returns.len().max(1) as f64;
        let block = |block_idx| {
            let (mut distance, mut square) = ([0.0; LANES], [0.0; LANES]);
            let values = &returns[grid.block(block_idx)];
            let mut chunks = values.chunks_exact(LANES);
            for chunk in chunks.by_ref() {
                for lane in 0..LANES {
                    let away = chunk[lane] - mean;
                    distance[lane] += away;
                    square[lane] += away * away;
                }
            }
            for (lane, value) in chunks.remainder().iter().enumerate() {
                let away = value - mean;
                distance[lane] += away;
                square[lane] += away * away;
            }
            BlockSum { distance: distance.iter().sum(), square: square.iter().sum() }
        };
        Self {
            n_missing: 0,
            moments: Moments::new(returns, mean),
            autocorrelations: autocorrelations(returns, mean, per_year),
            group_sums: (0..grid.n_groups).map(|idx| returns[grid.group(idx)].iter().sum()).collect(),
            blocks: (0..grid.n_blocks).map(block).collect(),
        }
    }

    /// The Sharpe ratio per period; `None` when the returns do not vary, or some are missing.
    pub fn sharpe(&self) -> Option<f64> {
        if self.n_missing > 0 { None } else { self.moments.sharpe() }
    }
}

/// Sums kept side by side, so that the processor adds several at once. The order of summation is fixed by it.
pub(super) const LANES: usize = 8;

/// The sum of values, in [`LANES`] partial sums.
pub(super) fn sum(values: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let mut chunks = values.chunks_exact(LANES);
    for chunk in chunks.by_ref() {
        for lane in 0..LANES {
            sums[lane] += chunk[lane];
        }
    }
    for (lane, value) in chunks.remainder().iter().enumerate() {
        sums[lane] += value;
    }
    sums.iter().sum()
}
