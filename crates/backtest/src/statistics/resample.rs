//! Drawing histories from a history: blocks of neighbours are drawn together, so that what depends on its neighbour stays
//! beside it.
//!
//! Blocks of random length are the stationary bootstrap (Politis and Romano, Journal of the American Statistical
//! Association 89, 1994): a block begins anywhere, ends after each value with the probability 1 / length, and wraps round
//! the end. Blocks of one length are the circular bootstrap (the same, 1992). Each draw has a generator of its own, made
//! from the seed and its number, so that threads change nothing.

use crosscut_kernels::bootstrap::Random;
use serde::{Deserialize, Serialize};

use super::sharpe::product;

/// How long blocks are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockKind {
    /// Of random length.
    #[default]
    Stationary,
    /// Of one length.
    Circular,
}

/// A way of drawing histories.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resampling {
    /// How long blocks are.
    pub kind: BlockKind,
    /// Their length, on average when it is random; at least 1.
    pub block: f64,
    /// Number of histories drawn.
    pub n_draws: usize,
    /// Seed of the draws.
    pub seed: u64,
}

/// A block: where it begins and how many values it has.
pub(crate) type Block = (usize, usize);

impl Resampling {
    /// The blocks of one drawn history of `n` values; `n` is above 0.
    pub(crate) fn blocks(&self, draw: usize, n: usize) -> Vec<Block> {
        // Neighbouring seeds of one generator give shifted copies of one sequence: the number of the draw is scrambled first.
        let mut random = Random::new(Random::new(self.seed ^ (draw as u64).wrapping_mul(0xD134_2543_DE82_EF95)).bits());
        let mut blocks = Vec::with_capacity((n as f64 / self.block * 1.2) as usize + 4);
        let mut left = n;
        while left > 0 {
            let (start, length) = (random.below(n), self.length(&mut random).min(left));
            blocks.push((start, length));
            left -= length;
        }
        blocks
    }

    /// The length of the next block.
    fn length(&self, random: &mut Random) -> usize {
        match self.kind {
            BlockKind::Circular => (self.block.round() as usize).max(1),
            BlockKind::Stationary if self.block <= 1.0 => 1,
            BlockKind::Stationary => {
                // A uniform number in (0, 1]; the first failure of trials that succeed with probability 1 - 1 / block.
                let uniform = ((random.bits() >> 11) + 1) as f64 / (1u64 << 53) as f64;
                let length = libm::log(uniform) / libm::log1p(-1.0 / self.block);
                1 + length.min(1e15) as usize
            }
        }
    }
}

/// Lengths of blocks that suit a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BlockLength {
    /// For blocks of random length.
    pub stationary: f64,
    /// For blocks of one length.
    pub circular: f64,
}

/// The block length that makes the error of a bootstrapped variance of the mean smallest (Politis and White, Econometric
/// Reviews 23, 2004, as corrected by Patton, Politis and White, 28, 2009), with the tuning of `arch`: autocorrelations
/// count until `max(5, log10 n)` of them in a row are below `2 sqrt(log10(n) / n)`. Lengths are between 1 and
/// `min(3 sqrt(n), n / 3)`, rounded up; 1 for fewer than 9 values, or when nothing varies.
pub fn block_length(values: &[f64]) -> BlockLength {
    let n = values.len();
    let shortest = BlockLength { stationary: 1.0, circular: 1.0 };
    let mean = values.iter().sum::<f64>() / n.max(1) as f64;
    let away: Vec<f64> = values.iter().map(|value| value - mean).collect();
    if n < 9 || away.iter().all(|value| value.abs() <= 1e-14 * mean.abs()) {
        return shortest;
    }
    let size = n as f64;
    let longest = (3.0 * size.sqrt()).min(size / 3.0).ceil();
    let (covariances, m) = covariances(&away);
    let (mut slope, mut long_run) = (0.0, covariances[0]);
    for (k, covariance) in covariances.iter().enumerate().take(m + 1).skip(1) {
        let share = k as f64 / m as f64;
        let weight = if share <= 0.5 { 1.0 } else { 2.0 * (1.0 - share) };
        slope += 2.0 * weight * k as f64 * covariance;
        long_run += 2.0 * weight * covariance;
    }
    let length = |constant: f64| {
        let ratio = 2.0 * slope * slope / (constant * long_run * long_run);
        let length = libm::cbrt(ratio) * libm::cbrt(size);
        if length.is_nan() { 1.0 } else { length.clamp(1.0, longest.max(1.0)) }
    };
    BlockLength { stationary: length(2.0), circular: length(4.0 / 3.0) }
}

/// Autocovariances from lag 0 on of values around their mean, and up to which lag they count.
fn covariances(away: &[f64]) -> (Vec<f64>, usize) {
    let n = away.len();
    let size = n as f64;
    let in_a_row = (libm::log10(size) as usize).max(5);
    let lag_max = (size.sqrt().ceil() as usize + in_a_row).min(n - 2);
    let bound = 2.0 * (libm::log10(size) / size).sqrt();
    let mut covariances = Vec::with_capacity(lag_max + 1);
    let (mut n_small, mut found) = (0, None);
    for lag in 0..=lag_max {
        if n_small >= in_a_row && found.is_none() {
            found = Some(lag - in_a_row);
        }
        let cross = product(&away[lag..], away);
        let (head, tail) = (&away[lag + 1..], &away[..n - lag - 1]);
        let correlation = cross.abs() / (product(head, head) * product(tail, tail)).sqrt();
        n_small = if correlation < bound { n_small + 1 } else { 0 };
        covariances.push(cross / size);
    }
    let m = found.map_or(lag_max, |lag| (2 * lag.max(1)).min(lag_max));
    (covariances, m)
}
