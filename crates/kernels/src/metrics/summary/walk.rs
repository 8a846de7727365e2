//! The first walk over a curve: returns, falls below the high and logarithms, and their sums, block by block while they are
//! near.

use super::Workspace;
use super::falls::Falls;
use super::line;

/// Rows of a block.
const BLOCK: usize = 256;

/// Extremes that are looked for side by side.
const LANES: usize = 4;

/// What a walk over a curve gives besides the returns and the logarithms.
pub(super) struct Walk {
    /// Of returns.
    pub(super) sums: Sums,
    /// Of logarithms.
    pub(super) log_sum: f64,
    /// The highest and the lowest logarithm, or 0.
    pub(super) log_range: Range,
    /// Falls below the high.
    pub(super) falls: Falls,
}

impl Walk {
    /// Walks over a curve with `start` in front of `equity`, which has a row at least; returns and logarithms over the start
    /// are left in `workspace`. `None` for a curve that is not all positive numbers, or has returns beyond all numbers.
    pub(super) fn new(start: f64, equity: &[f64], workspace: &mut Workspace) -> Option<Self> {
        let Workspace { returns, logs, .. } = workspace;
        returns.resize(equity.len(), 0.0);
        logs.resize(equity.len(), 0.0);
        let first = equity[0] / start - 1.0;
        let mut walk =
            Self { sums: Sums::default(), log_sum: 0.0, log_range: Range::of(0.0), falls: Falls::new(start) };
        let (mut before, mut is_sound) = (start, start > 0.0 && start < f64::INFINITY);
        let (mut range, mut falls) = (Range::of(first), [0.0; BLOCK]);
        let rows = equity.chunks(BLOCK).zip(returns.chunks_mut(BLOCK)).zip(logs.chunks_mut(BLOCK));
        for ((values, returns), logs) in rows {
            let falls = &mut falls[..values.len()];
            changes(before, values, returns);
            before = values[values.len() - 1];
            walk.falls.depths(values, falls);
            is_sound &= line::logarithms(start, values, logs);
            range.take(returns);
            walk.log_range.take(logs);
            walk.sums.n_positive += returns.iter().filter(|change| **change > 0.0).count() as u64;
            walk.add(returns, falls, logs);
            walk.falls.take(falls);
        }
        (walk.sums.best, walk.sums.worst) = (range.highest(), range.lowest());
        walk.falls.end();
        // What is not a number does not get lost in a sum.
        (is_sound && !walk.sums.all.is_nan() && walk.sums.best.is_finite()).then_some(walk)
    }

    /// Adds a block to all sums.
    fn add(&mut self, returns: &[f64], falls: &[f64], logs: &[f64]) {
        let (mut sums, mut squares, mut log_sum) = (self.sums, self.falls.squares, self.log_sum);
        for ((&value, fall), log) in returns.iter().zip(falls).zip(logs) {
            // Adding 0 to what is not -0 changes no bit; none of these sums is. Written so that each is one instruction.
            let gain = if value > 0.0 { value } else { 0.0 };
            let loss = if value < 0.0 { value } else { 0.0 };
            sums.all += value;
            sums.downside += loss * loss;
            sums.above += gain;
            sums.below -= loss;
            squares += fall * fall;
            log_sum += log;
        }
        (self.sums, self.falls.squares, self.log_sum) = (sums, squares, log_sum);
    }
}

/// Sums over returns, each in their order.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    /// All of them.
    pub(super) all: f64,
    /// Squares of those that are not above 0.
    pub(super) downside: f64,
    /// Those above 0.
    pub(super) above: f64,
    /// The others, without their sign.
    pub(super) below: f64,
    /// The highest.
    pub(super) best: f64,
    /// The lowest.
    pub(super) worst: f64,
    /// How many are above 0.
    pub(super) n_positive: u64,
}

/// The highest and the lowest of numbers among which is no -0, looked for in lanes.
pub(super) struct Range([f64; LANES], [f64; LANES]);

impl Range {
    /// That of one number.
    fn of(value: f64) -> Self {
        Self([value; LANES], [value; LANES])
    }

    /// Takes numbers in.
    #[inline(never)]
    fn take(&mut self, values: &[f64]) {
        let &mut Self(mut highest, mut lowest) = self;
        let (chunks, rest) = values.as_chunks::<LANES>();
        for chunk in chunks {
            for lane in 0..LANES {
                highest[lane] = if chunk[lane] > highest[lane] { chunk[lane] } else { highest[lane] };
                lowest[lane] = if chunk[lane] < lowest[lane] { chunk[lane] } else { lowest[lane] };
            }
        }
        for &value in rest {
            highest[0] = f64::max(value, highest[0]);
            lowest[0] = f64::min(value, lowest[0]);
        }
        *self = Self(highest, lowest);
    }

    /// The highest.
    pub(super) fn highest(&self) -> f64 {
        self.0.into_iter().fold(self.0[0], f64::max)
    }

    /// The lowest.
    pub(super) fn lowest(&self) -> f64 {
        self.1.into_iter().fold(self.1[0], f64::min)
    }
}

/// The returns of a block, at least one row, after a value.
fn changes(before: f64, values: &[f64], returns: &mut [f64]) {
    returns[0] = values[0] / before - 1.0;
    returns[1..]
        .iter_mut()
        .zip(values)
        .zip(&values[1..])
        .for_each(|((change, before), now)| *change = now / before - 1.0);
}
