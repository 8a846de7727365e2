//! The probability of backtest overfitting: how often the set that was best in one half of the history is no better than
//! the middle of all sets in the other half.
//!
//! Bailey, Borwein, Lopez de Prado and Zhu, "The probability of backtest overfitting", Journal of Computational Finance 20,
//! 2016: combinatorially symmetric cross-validation. The history is cut into S blocks; each choice of S / 2 of them is once
//! the half in which the best set is chosen and once, as the rest of another choice, the half in which it is judged, by the
//! Sharpe ratio. The chosen set's rank among N sets, from 1 for the worst, over N + 1, is its relative rank; the logit of
//! it is above 0 for better than the middle. The probability is the share of logits at or below 0.
//!
//! A Sharpe ratio is taken from sums and squares of blocks. Those of all subsets of the first half of the blocks and of the
//! second are added up once; a split then costs two additions per set. Returns that do not vary count as a ratio of 0.

use rayon::prelude::*;
use serde::Serialize;

use super::condense::Condensed;

/// What the cross-validation found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Overfitting {
    /// Number of blocks.
    pub n_blocks: usize,
    /// Share of logits at or below 0.
    pub probability: f64,
    /// Share of splits in which the chosen set lost money (a ratio below 0) where it was judged.
    pub probability_of_loss: f64,
    /// The line through the chosen sets' ratios where they were judged against where they were chosen.
    pub degradation: Option<Degradation>,
    /// Median of the logits.
    pub logit_median: f64,
    /// Median ratio of the chosen sets where they were chosen, annualised.
    pub chosen_sharpe_median: f64,
    /// Median ratio of the chosen sets where they were judged, annualised.
    pub judged_sharpe_median: f64,
    /// Each split, in a fixed order.
    #[serde(skip)]
    pub splits: Vec<Split>,
}

/// How performance carries over: `judged = intercept + slope * chosen`, by ordinary least squares, annualised ratios.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Degradation {
    /// Below 0: the better it looked, the worse it did.
    pub slope: f64,
    /// The judged ratio at a chosen one of 0.
    pub intercept: f64,
    /// Share of the variance the line explains.
    pub r_squared: f64,
}

/// One split of the history.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Split {
    /// The set that was best where sets were chosen.
    pub set_idx: usize,
    /// Its Sharpe ratio there, annualised.
    pub chosen: f64,
    /// Its Sharpe ratio in the rest, annualised.
    pub judged: f64,
    /// The logit of its relative rank in the rest; ties count as the middle of their places.
    pub logit: f64,
}

/// The probability of overfitting; `None` with fewer than two sets, or a history too short for two blocks.
/// `block_lengths` are the periods of each block, `per_year` the periods of a year.
pub fn overfitting(sets: &[&Condensed], block_lengths: &[usize], per_year: f64) -> Option<Overfitting> {
    let n_blocks = block_lengths.len();
    if sets.len() < 2 || n_blocks < 2 {
        return None;
    }
    let (low, high) = (n_blocks / 2, n_blocks - n_blocks / 2);
    let board = Board::new(sets, block_lengths);
    let tops: Vec<Half> = (0..1u32 << high).into_par_iter().map(|mask| board.half(mask << low)).collect();
    let splits_of = |mask: u32| -> Vec<Split> {
        let base = board.half(mask);
        let mut scores = Scores::new(sets.len());
        let mut out = Vec::new();
        // Of a choice and its rest the one without the last block is visited; it gives both splits.
        for (top, half) in tops.iter().enumerate().take(tops.len() / 2) {
            if mask.count_ones() + (top as u32).count_ones() == n_blocks as u32 / 2 {
                board.score(&base, half, &mut scores);
                out.push(board.split(&scores.first, &scores.second, per_year));
                out.push(board.split(&scores.second, &scores.first, per_year));
            }
        }
        out
    };
    let splits: Vec<Vec<Split>> = (0..1u32 << low).into_par_iter().map(splits_of).collect();
    Some(summary(n_blocks, splits.concat()))
}

/// Sums over some blocks, for all sets.
struct Half {
    /// Periods of the blocks.
    n: usize,
    /// Sum of distances of each set.
    distance: Vec<f64>,
    /// Sum of squares of each set.
    square: Vec<f64>,
}

/// Signed squares of Sharpe ratios of both parts of a split: in the order of the ratios, without a root.
struct Scores {
    /// In the choice.
    first: Vec<f64>,
    /// In the rest.
    second: Vec<f64>,
}

impl Scores {
    /// Room for `n` sets.
    fn new(n: usize) -> Self {
        Self { first: vec![0.0; n], second: vec![0.0; n] }
    }
}

/// All sets' blocks, side by side.
struct Board {
    /// Periods of each block.
    block_lengths: Vec<usize>,
    /// Sums of distances, `[block][set]`.
    distance: Vec<Vec<f64>>,
    /// Sums of squares, `[block][set]`.
    square: Vec<Vec<f64>>,
    /// All blocks together.
    total: Half,
    /// Mean return of each set.
    mean: Vec<f64>,
    /// A sum of squares at or below this is rounding, for each set.
    nothing: Vec<f64>,
}

impl Board {
    /// Lays the blocks of all sets side by side.
    fn new(sets: &[&Condensed], block_lengths: &[usize]) -> Self {
        let n_blocks = block_lengths.len();
        let column = |of: fn(&super::condense::BlockSum) -> f64| -> Vec<Vec<f64>> {
            (0..n_blocks).map(|block| sets.iter().map(|set| of(&set.blocks[block])).collect()).collect()
        };
        let mut board = Self {
            block_lengths: block_lengths.to_vec(),
            distance: column(|block| block.distance),
            square: column(|block| block.square),
            total: Half { n: 0, distance: Vec::new(), square: Vec::new() },
            mean: sets.iter().map(|set| set.moments.mean).collect(),
            nothing: Vec::new(),
        };
        board.total = board.half(u32::MAX >> (32 - n_blocks));
        // A set whose returns do not vary has rounding alone in its blocks: all of it counts as nothing.
        let nothing =
            |(set, total): (&&Condensed, &f64)| if set.moments.deviation > 0.0 { 1e-20 * total } else { f64::MAX };
        board.nothing = sets.iter().zip(&board.total.square).map(nothing).collect();
        board
    }

    /// Sums over the blocks in a mask, added in the order of the blocks.
    fn half(&self, mask: u32) -> Half {
        let n_sets = self.mean.len();
        let mut half = Half { n: 0, distance: vec![0.0; n_sets], square: vec![0.0; n_sets] };
        for block in (0..self.block_lengths.len()).filter(|block| mask >> block & 1 == 1) {
            half.n += self.block_lengths[block];
            let columns = self.distance[block].iter().zip(&self.square[block]);
            for ((distance, square), (d, s)) in half.distance.iter_mut().zip(&mut half.square).zip(columns) {
                *distance += d;
                *square += s;
            }
        }
        half
    }

    /// Scores of all sets in the blocks of two halves, and in the rest.
    fn score(&self, base: &Half, top: &Half, scores: &mut Scores) {
        let n_first = base.n + top.n;
        let n_second = self.total.n - n_first;
        let n_sets = self.mean.len();
        let (d_base, s_base) = (&base.distance[..n_sets], &base.square[..n_sets]);
        let (d_top, s_top) = (&top.distance[..n_sets], &top.square[..n_sets]);
        let (d_all, s_all) = (&self.total.distance[..n_sets], &self.total.square[..n_sets]);
        let (mean, nothing) = (&self.mean[..n_sets], &self.nothing[..n_sets]);
        let (first, second) = (&mut scores.first[..n_sets], &mut scores.second[..n_sets]);
        for set in 0..n_sets {
            let (distance, square) = (d_base[set] + d_top[set], s_base[set] + s_top[set]);
            first[set] = score(distance, square, n_first, mean[set], nothing[set]);
            second[set] = score(d_all[set] - distance, s_all[set] - square, n_second, mean[set], nothing[set]);
        }
    }

    /// The split in which sets are chosen by `chosen` and judged by `judged`. Of equal sets the first is chosen.
    fn split(&self, chosen: &[f64], judged: &[f64], per_year: f64) -> Split {
        let best = chosen.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let set_idx = chosen.iter().position(|score| *score == best).unwrap_or(0);
        let own = judged[set_idx];
        let (mut below, mut equal) = (0u32, 0u32);
        for score in judged {
            below += u32::from(*score < own);
            equal += u32::from(*score == own);
        }
        let rank = f64::from(below) + (f64::from(equal) + 1.0) / 2.0;
        let relative = rank / (judged.len() + 1) as f64;
        let ratio = |score: f64| score.signum() * (score.abs() * per_year).sqrt();
        Split { set_idx, chosen: ratio(best), judged: ratio(own), logit: libm::log(relative / (1.0 - relative)) }
    }
}

/// The Sharpe ratio per period times its own size, from a sum of distances from the mean and their squares.
#[inline]
fn score(distance: f64, square: f64, n: usize, mean: f64, nothing: f64) -> f64 {
    let size = n as f64;
    let mean = mean + distance / size;
    let spread = square - distance * distance / size;
    let score = mean * mean.abs() * (size - 1.0) / spread;
    if spread > nothing { score } else { 0.0 }
}

/// The figures of all splits.
fn summary(n_blocks: usize, splits: Vec<Split>) -> Overfitting {
    let n = splits.len() as f64;
    let share = |is: fn(&Split) -> bool| splits.iter().filter(|split| is(split)).count() as f64 / n;
    let median = |of: fn(&Split) -> f64| super::median(splits.iter().map(of).collect()).unwrap_or(f64::NAN);
    Overfitting {
        n_blocks,
        probability: share(|split| split.logit <= 0.0),
        probability_of_loss: share(|split| split.judged < 0.0),
        degradation: degradation(&splits),
        logit_median: median(|split| split.logit),
        chosen_sharpe_median: median(|split| split.chosen),
        judged_sharpe_median: median(|split| split.judged),
        splits,
    }
}

/// The line through the splits; `None` when the chosen ratios do not vary.
fn degradation(splits: &[Split]) -> Option<Degradation> {
    let chosen: Vec<f64> = splits.iter().map(|split| split.chosen).collect();
    let judged: Vec<f64> = splits.iter().map(|split| split.judged).collect();
    let line = crosscut_kernels::metrics::regression(&judged, &chosen, 1.0)?;
    Some(Degradation {
        slope: line.beta,
        intercept: line.alpha,
        r_squared: line.correlation.map_or(0.0, |correlation| correlation * correlation),
    })
}
