//! Operators across symbols at one time: one slice holds the values of all symbols that have a row then, in a fixed
//! order. A value that is not finite is left out and its result is NaN.

use crate::order::Order;
use crate::ordered::interpolate;

/// Room for sorting, reused from call to call.
#[derive(Debug, Clone, Default)]
pub struct RankScratch {
    /// For the order of values.
    order: Order,
    /// Finite values in order.
    sorted: Vec<f64>,
}

/// Room for working group by group, reused from call to call.
#[derive(Debug, Clone, Default)]
pub struct GroupScratch {
    /// Groups and positions of the members.
    members: Vec<(f64, u32)>,
    /// Values of one group.
    values: Vec<f64>,
    /// Results of one group.
    results: Vec<f64>,
}

/// The mean of a list, kept as its distance from one of the values: values near 1e9 with unit noise lose nothing when
/// they are taken relative to that, where the mean itself would be rounded by more than 1e-9 of the noise.
#[derive(Debug, Clone, Copy)]
struct Mean {
    /// The first finite value.
    level: f64,
    /// Mean minus level.
    offset: f64,
    /// Number of finite values.
    count: f64,
}

impl Mean {
    /// The mean of the finite values.
    fn of(values: impl Iterator<Item = f64> + Clone) -> Self {
        let finite = values.filter(|x| x.is_finite());
        let level = finite.clone().next().unwrap_or(f64::NAN);
        let (mut sum, mut count) = (0.0, 0.0);
        for x in finite {
            sum += x - level;
            count += 1.0;
        }
        Self { level, offset: sum / count, count }
    }

    /// `x` minus the mean.
    fn distance(self, x: f64) -> f64 {
        (x - self.level) - self.offset
    }
}

/// Sum of the squares of the finite values' distances from the mean.
fn squares(values: &[f64], mean: Mean) -> f64 {
    values.iter().filter(|x| x.is_finite()).map(|&x| mean.distance(x) * mean.distance(x)).sum()
}

/// `result` if it is finite, else NaN.
fn clean(result: f64) -> f64 {
    if result.is_finite() { result } else { f64::NAN }
}

/// Rank from the smallest (1) to the largest (n) over the number of finite values n; ties share their average rank.
/// In (0, 1], as pandas' `rank(pct=True)`.
///
/// # Panics
/// If `out` is shorter than `values`.
pub fn rank(values: &[f64], scratch: &mut RankScratch, out: &mut [f64]) {
    scratch.order.rank(values, &mut out[..values.len()]);
}

/// Value minus mean over sample deviation (ddof 1); NaN when fewer than two values are there or all are equal.
/// Two passes, summed in the order of the slice.
///
/// # Panics
/// If `out` is shorter than `values`.
pub fn zscore(values: &[f64], out: &mut [f64]) {
    let mean = Mean::of(values.iter().copied());
    let deviation = (squares(values, mean) / (mean.count - 1.0)).sqrt();
    // The mean of equal values can be off by a rounding, which must not be blown up to a score.
    let first = values.iter().copied().find(|x| x.is_finite());
    let varies = values.iter().any(|&x| x.is_finite() && Some(x) != first);
    for (out, &x) in out.iter_mut().zip(values) {
        *out = if varies { clean(mean.distance(x) / deviation) } else { f64::NAN };
    }
}

/// Value minus mean.
///
/// # Panics
/// If `out` is shorter than `values`.
pub fn demean(values: &[f64], out: &mut [f64]) {
    let mean = Mean::of(values.iter().copied());
    for (out, &x) in out.iter_mut().zip(values) {
        *out = clean(mean.distance(x));
    }
}

/// Mean of the finite values, for each of them.
///
/// # Panics
/// If `out` is shorter than `values`.
pub fn mean(values: &[f64], out: &mut [f64]) {
    let mean = Mean::of(values.iter().copied());
    fill(values, out, mean.level + mean.offset);
}

/// Value over the sum of the absolute values, so that these sum to 1; NaN when all are 0.
///
/// # Panics
/// If `out` is shorter than `values`.
pub fn scale(values: &[f64], out: &mut [f64]) {
    let total: f64 = values.iter().filter(|x| x.is_finite()).map(|x| x.abs()).sum();
    for (out, &x) in out.iter_mut().zip(values) {
        *out = clean(x / total);
    }
}

/// Values beyond the quantiles `tail` and `1 - tail` (linear between neighbours) moved to these; `tail` in [0, 0.5].
///
/// # Panics
/// If `out` is shorter than `values`.
pub fn winsorize(values: &[f64], tail: f64, scratch: &mut RankScratch, out: &mut [f64]) {
    let mut sorted: Vec<f64> = std::mem::take(&mut scratch.sorted);
    sorted.clear();
    sorted.extend(values.iter().copied().filter(|x| x.is_finite()));
    sorted.sort_unstable_by(f64::total_cmp);
    if let [_, ..] = sorted.as_slice() {
        let (low, high) = (interpolate(&sorted, tail), interpolate(&sorted, 1.0 - tail));
        for (out, &x) in out.iter_mut().zip(values) {
            *out = if x.is_finite() { x.clamp(low, high.max(low)) } else { f64::NAN };
        }
    } else {
        out[..values.len()].fill(f64::NAN);
    }
    scratch.sorted = sorted;
}

/// The number of the equal-sized bucket, 1 for the smallest values to `buckets` for the largest: `ceil(r buckets / n)`
/// for the average rank `r` of `n`, so that equal values share a bucket.
///
/// # Panics
/// If `out` is shorter than `values`.
pub fn bucket(values: &[f64], buckets: f64, scratch: &mut RankScratch, out: &mut [f64]) {
    rank(values, scratch, out);
    let n = values.iter().filter(|x| x.is_finite()).count() as f64;
    for out in &mut out[..values.len()] {
        // Back to the rank itself, a whole number of halves, so that the edges of buckets are exact.
        let rank = (*out * n * 2.0).round() / 2.0;
        *out = (rank * buckets / n).ceil();
    }
}

/// 1 for the `count` largest values, 0 for the others. A value is among them when fewer than `count` values are larger,
/// so that values equal at the edge are all in: then there are more than `count`.
///
/// # Panics
/// If `out` is shorter than `values`, or `count` is 0.
pub fn largest(values: &[f64], count: usize, scratch: &mut RankScratch, out: &mut [f64]) {
    let order = scratch.order.sort(values);
    let edge = order.len().checked_sub(count).map_or(f64::NEG_INFINITY, |at| values[order[at] as usize]);
    mark(values, out, |x| x >= edge);
}

/// 1 for the `count` smallest values, 0 for the others; as [`largest`].
///
/// # Panics
/// As [`largest`].
pub fn smallest(values: &[f64], count: usize, scratch: &mut RankScratch, out: &mut [f64]) {
    let order = scratch.order.sort(values);
    let edge = order.get(count - 1).map_or(f64::INFINITY, |&at| values[at as usize]);
    mark(values, out, |x| x <= edge);
}

/// 1 for the finite values that are `chosen`, 0 for the other finite ones.
fn mark(values: &[f64], out: &mut [f64], chosen: impl Fn(f64) -> bool) {
    for (out, &x) in out[..values.len()].iter_mut().zip(values) {
        *out = match (x.is_finite(), chosen(x)) {
            (false, _) => f64::NAN,
            (true, true) => 1.0,
            (true, false) => 0.0,
        };
    }
}

/// The median of the finite values, for each of them; the mean of the middle two for an even number.
///
/// # Panics
/// If `out` is shorter than `values`.
pub fn median(values: &[f64], scratch: &mut RankScratch, out: &mut [f64]) {
    let order = scratch.order.sort(values);
    let at = |position: usize| values[order[position] as usize];
    let n = order.len();
    let median = match n {
        0 => f64::NAN,
        n if n % 2 == 1 => at(n / 2),
        n => at(n / 2 - 1) + (at(n / 2) - at(n / 2 - 1)) / 2.0,
    };
    // Which of the two zeros lies in the middle depends on the order of the values.
    fill(values, out, median + 0.0);
}

/// Sample deviation (ddof 1) of the finite values, for each of them; NaN when there are fewer than two, 0 when all are
/// equal.
///
/// # Panics
/// If `out` is shorter than `values`.
pub fn deviation(values: &[f64], out: &mut [f64]) {
    let mean = Mean::of(values.iter().copied());
    let first = values.iter().copied().find(|x| x.is_finite());
    let varies = values.iter().any(|&x| x.is_finite() && Some(x) != first);
    let deviation = if varies { (squares(values, mean) / (mean.count - 1.0)).sqrt() } else { 0.0 };
    fill(values, out, if mean.count < 2.0 { f64::NAN } else { deviation });
}

/// Sum of the finite values, for each of them.
///
/// # Panics
/// If `out` is shorter than `values`.
pub fn sum(values: &[f64], out: &mut [f64]) {
    fill(values, out, values.iter().filter(|x| x.is_finite()).sum());
}

/// Number of the finite values, for each of them.
///
/// # Panics
/// If `out` is shorter than `values`.
pub fn count(values: &[f64], out: &mut [f64]) {
    fill(values, out, values.iter().filter(|x| x.is_finite()).count() as f64);
}

/// Largest of the finite values, for each of them.
///
/// # Panics
/// If `out` is shorter than `values`.
pub fn maximum(values: &[f64], out: &mut [f64]) {
    let finite = values.iter().copied().filter(|x| x.is_finite());
    fill(values, out, finite.fold(f64::NEG_INFINITY, |a, b| if b > a { b } else { a }) + 0.0);
}

/// Smallest of the finite values, for each of them.
///
/// # Panics
/// If `out` is shorter than `values`.
pub fn minimum(values: &[f64], out: &mut [f64]) {
    let finite = values.iter().copied().filter(|x| x.is_finite());
    fill(values, out, finite.fold(f64::INFINITY, |a, b| if b < a { b } else { a }) + 0.0);
}

/// The same `result` for every finite value.
fn fill(values: &[f64], out: &mut [f64], result: f64) {
    for (out, &x) in out[..values.len()].iter_mut().zip(values) {
        *out = if x.is_finite() { clean(result) } else { f64::NAN };
    }
}

/// What a least-squares line of `y` on `x` leaves over, with intercept, over the rows that have both; NaN when `x`
/// does not vary.
///
/// # Panics
/// If `x` or `out` is shorter than `y`.
pub fn residual(y: &[f64], x: &[f64], out: &mut [f64]) {
    let pairs = || y.iter().zip(x).filter(|(y, x)| y.is_finite() && x.is_finite());
    let (mean_y, mean_x) = (Mean::of(pairs().map(|(y, _)| *y)), Mean::of(pairs().map(|(_, x)| *x)));
    let (mut products, mut squares) = (0.0, 0.0);
    for (&y, &x) in pairs() {
        products += mean_x.distance(x) * mean_y.distance(y);
        squares += mean_x.distance(x) * mean_x.distance(x);
    }
    let first = pairs().next().map(|(_, x)| *x);
    let varies = pairs().any(|(_, &x)| Some(x) != first);
    let slope = if varies { products / squares } else { f64::NAN };
    for ((out, &y), &x) in out.iter_mut().zip(y).zip(x) {
        *out = clean(mean_y.distance(y) - slope * mean_x.distance(x));
    }
}

/// Runs `operator` on the values of each group: those with the same finite number in `groups`. A value without a group
/// gives NaN.
///
/// # Panics
/// If `groups` or `out` is shorter than `values`.
pub fn by_group(
    values: &[f64],
    groups: &[f64],
    scratch: &mut GroupScratch,
    out: &mut [f64],
    mut operator: impl FnMut(&[f64], &mut [f64]),
) {
    let GroupScratch { members, values: of_group, results } = scratch;
    members.clear();
    for (at, &group) in (0..).zip(&groups[..values.len()]) {
        out[at as usize] = f64::NAN;
        if group.is_finite() {
            // -0 and 0 are one group.
            members.push((group + 0.0, at));
        }
    }
    members.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    for group in members.chunk_by(|a, b| a.0 == b.0) {
        of_group.clear();
        of_group.extend(group.iter().map(|&(_, at)| values[at as usize]));
        results.clear();
        results.resize(group.len(), f64::NAN);
        operator(of_group, results);
        for (&(_, at), &result) in group.iter().zip(&*results) {
            out[at as usize] = result;
        }
    }
}
