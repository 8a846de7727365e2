//! Both ends of a distribution, selected.

use super::{TAIL, Workspace};
use crate::metrics::{defined, mean};

/// From how many values on a sample of them tells where the ends begin.
const MANY: usize = 4096;

/// One value in so many is in the sample: no number of hours or days has it as a factor.
const STEP: usize = 17;

/// Share of the sample that is taken for an end: four deviations of a quantile of the smallest sample beyond 5 %.
const WIDE: f64 = 0.1;

/// The share below the upper end.
const HIGH: f64 = 0.95;

/// Both ends of the returns.
pub(super) struct Tails {
    /// The 5 % quantile.
    pub(super) low: Option<f64>,
    /// The 95 % quantile.
    pub(super) high: Option<f64>,
    /// The mean of the lowest up to the 5 % quantile.
    pub(super) lowest_mean: Option<f64>,
}

impl Tails {
    /// Selects order statistics of finite values, at least two.
    pub(super) fn new(values: &[f64], workspace: &mut Workspace) -> Self {
        let (lows, highs) = (&mut workspace.values, &mut workspace.others);
        if values.len() >= MANY {
            let bounds = bounds(values, lows);
            ends(values, bounds, (&mut *lows, &mut *highs));
            let most = (values.len() - 1) as f64;
            let (below, at) = ((TAIL * most).floor() as usize, (HIGH * most).floor() as usize);
            let n_above = values.len() - at;
            if lows.len() > below + 1 && highs.len() >= n_above {
                return Self::of_ends((lows, highs), (below, n_above), most);
            }
        }
        lows.clear();
        lows.extend_from_slice(values);
        Self::of_all(lows)
    }

    /// Those of `most + 1` values of which the lowest (more than `below + 1`) and the highest (`n_above` at least) are given.
    fn of_ends((lows, highs): (&mut [f64], &mut [f64]), (below, n_above): (usize, usize), most: f64) -> Self {
        let (lowest, rest) = lowest(lows, below);
        let low = between(lowest[below], next(rest, lowest[below]), TAIL * most - below as f64);
        let place = highs.len() - n_above;
        let (_, value, above) = highs.select_nth_unstable_by(place, f64::total_cmp);
        let high = between(*value, next(above, *value), HIGH * most - (HIGH * most).floor());
        Self { low: defined(low), high: defined(high), lowest_mean: mean(lowest) }
    }

    /// Those of all values, at least two.
    fn of_all(ordered: &mut [f64]) -> Self {
        let most = (ordered.len() - 1) as f64;
        let below = (TAIL * most).floor() as usize;
        let (lowest, rest) = lowest(ordered, below);
        let lowest_mean = mean(lowest);
        let low = between(lowest[below], next(rest, lowest[below]), TAIL * most - below as f64);
        let at = (HIGH * most).floor() as usize;
        // Small samples may have both quantiles among the lowest.
        let high = match at.checked_sub(below + 1) {
            None => {
                between(lowest[at], *lowest.get(at + 1).unwrap_or(&next(rest, lowest[at])), HIGH * most - at as f64)
            }
            Some(place) => {
                let (_, value, above) = rest.select_nth_unstable_by(place, f64::total_cmp);
                between(*value, next(above, *value), HIGH * most - at as f64)
            }
        };
        Self { low: defined(low), high: defined(high), lowest_mean }
    }
}

/// Splits values into the lowest up to place `below`, ascending, and the rest.
fn lowest(values: &mut [f64], below: usize) -> (&mut [f64], &mut [f64]) {
    values.select_nth_unstable_by(below, f64::total_cmp);
    let (lowest, rest) = values.split_at_mut(below + 1);
    lowest.sort_unstable_by(f64::total_cmp);
    (lowest, rest)
}

/// Where the ends of values begin, going by a sample of them, somewhat wider than they are.
fn bounds(values: &[f64], sample: &mut Vec<f64>) -> (f64, f64) {
    sample.clear();
    sample.extend(values.iter().step_by(STEP));
    let n = (sample.len() as f64 * WIDE) as usize;
    let low = *sample.select_nth_unstable_by(n, f64::total_cmp).1;
    let last = sample.len() - 1 - n;
    (low, *sample.select_nth_unstable_by(last, f64::total_cmp).1)
}

/// Collects the values up to the lower bound, and those from the upper one on.
fn ends(values: &[f64], (low, high): (f64, f64), (lows, highs): (&mut Vec<f64>, &mut Vec<f64>)) {
    lows.resize(values.len(), 0.0);
    highs.resize(values.len(), 0.0);
    let (mut n_low, mut n_high) = (0, 0);
    for &value in values {
        // Written whether it counts or not, so that nothing has to be guessed.
        lows[n_low] = value;
        n_low += usize::from(value <= low);
        highs[n_high] = value;
        n_high += usize::from(value >= high);
    }
    lows.truncate(n_low);
    highs.truncate(n_high);
}

/// The lowest of values; `last` when there is none.
fn next(values: &[f64], last: f64) -> f64 {
    values.iter().copied().min_by(f64::total_cmp).unwrap_or(last)
}

/// The value between two, from the nearer one, as [`crate::metrics::tail::quantile`] has it.
fn between(low: f64, high: f64, part: f64) -> f64 {
    if part < 0.5 { low + (high - low) * part } else { high - (high - low) * (1.0 - part) }
}
