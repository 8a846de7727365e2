//! Window functions that need the order of the values: percentile rank and quantile. Both are functions of the
//! window's values alone, so they carry no state from call to call.

use crate::operation::Scalar;

/// Percentile rank of the newest value within its window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rank {
    /// Rows in the window, the newest included.
    pub window: u32,
}

/// Quantile of a window with linear interpolation between the two neighbouring values (pandas' default).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Quantile {
    /// Rows in the window.
    pub window: u32,
    /// Probability in [0, 1].
    pub probability: Scalar,
}

impl Rank {
    /// `out[i]` is the average rank of the last value of the window ending at row `i`, over the window length: in
    /// (0, 1], 1 for a sole maximum. `values` starts `window - 1` rows before `out`.
    pub(crate) fn run(self, values: &[f64], out: &mut [f64]) {
        let window = self.window as usize;
        let newest = &values[window - 1..];
        out.fill(1.0);
        // Lag by lag over all rows, not row by row over the window: the comparisons then run in vector registers.
        for older in 0..window - 1 {
            for ((rank, &x), &past) in out.iter_mut().zip(newest).zip(&values[older..]) {
                *rank += if past < x { 1.0 } else { 0.0 } + if past == x { 0.5 } else { 0.0 };
            }
        }
        let mut finite_run = finite_tail(&values[..window - 1]);
        for (rank, &x) in out.iter_mut().zip(newest) {
            finite_run = if x.is_finite() { finite_run + 1 } else { 0 };
            *rank = if finite_run >= window { *rank / window as f64 } else { f64::NAN };
        }
    }
}

/// How many values at the end of `values` are finite without a gap.
pub(crate) fn finite_tail(values: &[f64]) -> usize {
    values.iter().rev().take_while(|x| x.is_finite()).count()
}

impl Quantile {
    /// `out[i]` is the quantile of the window ending at row `i`. `values` starts `window - 1` rows before `out`.
    /// `sorted` is room to work in.
    pub(crate) fn run(self, values: &[f64], out: &mut [f64], sorted: &mut Vec<f64>) {
        let window = self.window as usize;
        sorted.clear();
        sorted.extend(values[..window - 1].iter().filter(|x| x.is_finite()).map(one_zero));
        sorted.sort_unstable_by(f64::total_cmp);
        let mut leaving = f64::NAN;
        for (i, out) in out.iter_mut().enumerate() {
            replace(sorted, leaving, one_zero(&values[i + window - 1]));
            *out = if sorted.len() == window { interpolate(sorted, self.probability.0) } else { f64::NAN };
            leaving = one_zero(&values[i]);
        }
    }
}

/// Takes one value out of a sorted list and puts another in; one that is not finite is neither in nor goes in.
fn replace(sorted: &mut Vec<f64>, leaving: f64, entering: f64) {
    match (leaving.is_finite(), entering.is_finite()) {
        (true, true) => {
            let (from, to) = (count_less(sorted, leaving), count_less(sorted, entering));
            // One move of what lies between, instead of one for the value that goes and one for the value that comes.
            if from < to {
                sorted.copy_within(from + 1..to, from);
                sorted[to - 1] = entering;
            } else {
                sorted.copy_within(to..from, to + 1);
                sorted[to] = entering;
            }
        }
        (true, false) => _ = sorted.remove(count_less(sorted, leaving)),
        (false, true) => sorted.insert(count_less(sorted, entering), entering),
        (false, false) => {}
    }
}

/// The value with -0 made 0: which of the two a window gives must not depend on the order of insertion.
fn one_zero(x: &f64) -> f64 {
    x + 0.0
}

/// How many of the sorted values are less than `x`: for short lists by counting, which needs no unpredictable branch.
fn count_less(sorted: &[f64], x: f64) -> usize {
    if sorted.len() <= 128 {
        sorted.iter().map(|v| usize::from(*v < x)).sum()
    } else {
        sorted.partition_point(|v| *v < x)
    }
}

/// The value at position `probability (n - 1)` of the sorted values, linear between neighbours.
pub(crate) fn interpolate(sorted: &[f64], probability: f64) -> f64 {
    let position = probability * (sorted.len() - 1) as f64;
    let below = position.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (sorted[above] - sorted[below]) * (position - below as f64)
}
