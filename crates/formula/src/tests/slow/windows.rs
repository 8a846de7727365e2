//! Delays and windows of one symbol's rows: the window is copied out of the series and looked at as a whole.

use super::{Entry, Slow};

/// The last `n` values up to row `i`, oldest first; `None` if there are fewer or one is missing.
fn window(x: &[f64], i: usize, n: f64) -> Option<&[f64]> {
    let values = &x[(i + 1).checked_sub(n as usize)?..=i];
    values.iter().all(|v| v.is_finite()).then_some(values)
}

/// What `f` makes of the window of the first series.
fn of_one(s: &[&[f64]], k: &[f64], i: usize, f: impl Fn(&[f64]) -> f64) -> f64 {
    window(s[0], i, k[0]).map_or(f64::NAN, f)
}

/// What `f` makes of the windows of the first two series.
fn of_two(s: &[&[f64]], k: &[f64], i: usize, f: impl Fn(&[f64], &[f64]) -> f64) -> f64 {
    match (window(s[0], i, k[0]), window(s[1], i, k[0])) {
        (Some(a), Some(b)) => f(a, b),
        _ => f64::NAN,
    }
}

/// `x` some rows before.
fn before(x: &[f64], i: usize, rows: f64) -> f64 {
    i.checked_sub(rows as usize).map_or(f64::NAN, |at| x[at])
}

/// Arithmetic mean.
pub(super) fn mean(v: &[f64]) -> f64 {
    v.iter().sum::<f64>() / v.len() as f64
}

/// Whether all values are the same.
pub(super) fn is_flat(v: &[f64]) -> bool {
    v.iter().all(|x| *x == v[0])
}

/// Mean product of deviations from the means; exactly 0 for a side that does not vary.
fn comoment(a: &[f64], b: &[f64]) -> f64 {
    if is_flat(a) || is_flat(b) {
        return 0.0;
    }
    let (mean_a, mean_b) = (mean(a), mean(b));
    mean(&a.iter().zip(b).map(|(a, b)| (a - mean_a) * (b - mean_b)).collect::<Vec<_>>())
}

/// Sample covariance.
pub(super) fn covariance(a: &[f64], b: &[f64]) -> f64 {
    comoment(a, b) * a.len() as f64 / (a.len() as f64 - 1.0)
}

/// Sample deviation.
pub(super) fn deviation(v: &[f64]) -> f64 {
    covariance(v, v).sqrt()
}

/// Correlation; 0 / 0 where a side does not vary.
pub(super) fn correlation(a: &[f64], b: &[f64]) -> f64 {
    comoment(a, b) / (comoment(a, a) * comoment(b, b)).sqrt()
}

/// Mean of the `power`-th powers of the deviations over the deviation (divided by n).
fn standard_moment(v: &[f64], power: i32) -> f64 {
    let (mean_v, size) = (mean(v), comoment(v, v).sqrt());
    mean(&v.iter().map(|x| ((x - mean_v) / size).powi(power)).collect::<Vec<_>>())
}

/// Intercept and slope of the least-squares line of `y` on `x`, by the normal equations of the deviations.
pub(super) fn line(y: &[f64], x: &[f64]) -> (f64, f64) {
    let slope = comoment(x, y) / comoment(x, x);
    (mean(y) - slope * mean(x), slope)
}

/// Row numbers 0, 1, ... of a window.
pub(super) fn numbers(v: &[f64]) -> Vec<f64> {
    (0..v.len()).map(|row| row as f64).collect()
}

/// The line through a window: at its oldest row, and its slope. A level window has exactly no slope.
pub(super) fn trend(v: &[f64]) -> (f64, f64) {
    line(v, &numbers(v))
}

/// The values in order.
pub(super) fn sorted(v: &[f64]) -> Vec<f64> {
    let mut sorted = v.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// Quantile, linear between neighbours.
pub(super) fn quantile(v: &[f64], q: f64) -> f64 {
    let (sorted, at) = (sorted(v), q * (v.len() as f64 - 1.0));
    let (below, above) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    below + (above - below) * at.fract()
}

/// Average rank of `x` among the values, the smallest 1.
pub(super) fn rank_of(x: f64, v: &[f64]) -> f64 {
    let places: Vec<f64> =
        sorted(v).iter().zip(1..).filter(|(v, _)| **v == x).map(|(_, place)| f64::from(place)).collect();
    mean(&places)
}

/// Positions, from 0, of a value in a window.
pub(super) fn places(v: &[f64], x: f64) -> impl DoubleEndedIterator<Item = usize> {
    v.iter().enumerate().filter(move |(_, v)| **v == x).map(|(at, _)| at)
}

/// Smallest.
pub(super) fn smallest(v: &[f64]) -> f64 {
    v.iter().copied().fold(f64::INFINITY, f64::min)
}

/// Largest.
pub(super) fn largest(v: &[f64]) -> f64 {
    v.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

/// Skewness of a sample.
pub(super) fn skewness(v: &[f64]) -> f64 {
    let n = v.len() as f64;
    (n * (n - 1.0)).sqrt() / (n - 2.0) * standard_moment(v, 3)
}

/// Excess kurtosis of a sample.
pub(super) fn kurtosis(v: &[f64]) -> f64 {
    let n = v.len() as f64;
    (n - 1.0) / ((n - 2.0) * (n - 3.0)) * ((n + 1.0) * standard_moment(v, 4) - 3.0 * (n - 1.0))
}

/// Mean with weights 1 (oldest) to n (newest).
pub(super) fn decay(v: &[f64]) -> f64 {
    let repeated: Vec<f64> = v.iter().enumerate().flat_map(|(at, x)| vec![*x; at + 1]).collect();
    mean(&repeated)
}

/// A number where there is one and the other side varies.
fn unless_flat(v: &[f64], x: f64) -> f64 {
    if is_flat(v) { f64::NAN } else { x }
}

/// Median of the absolute deviations from the median.
fn median_deviation(v: &[f64]) -> f64 {
    quantile(&v.iter().map(|x| (x - quantile(v, 0.5)).abs()).collect::<Vec<_>>(), 0.5)
}

/// The table.
pub(super) const TABLE: &[Entry] = &[
    (&["delay"], 2, 0.0, Slow::Row(|s, k, i| before(s[0], i, k[0]))),
    (&["delta"], 2, 0.0, Slow::Row(|s, k, i| s[0][i] - before(s[0], i, k[0]))),
    (&["ts_sum"], 2, 1e-12, Slow::Row(|s, k, i| of_one(s, k, i, |v| v.iter().sum()))),
    (&["ts_product"], 2, 1e-12, Slow::Row(|s, k, i| of_one(s, k, i, |v| v.iter().product()))),
    (&["ts_mean"], 2, 1e-13, Slow::Row(|s, k, i| of_one(s, k, i, mean))),
    (&["ts_std"], 2, 1e-12, Slow::Row(|s, k, i| of_one(s, k, i, deviation))),
    (&["ts_var"], 2, 1e-12, Slow::Row(|s, k, i| of_one(s, k, i, |v| covariance(v, v)))),
    (
        &["ts_mad"],
        2,
        1e-13,
        Slow::Row(|s, k, i| of_one(s, k, i, |v| mean(&v.iter().map(|x| (x - mean(v)).abs()).collect::<Vec<_>>()))),
    ),
    (&["ts_median_deviation"], 2, 1e-14, Slow::Row(|s, k, i| of_one(s, k, i, median_deviation))),
    (
        &["ts_scale"],
        2,
        1e-14,
        Slow::Row(|s, k, i| {
            of_one(s, k, i, |v| {
                let (low, high) = (quantile(v, 0.0), quantile(v, 1.0));
                (v[v.len() - 1] - low) / (high - low)
            })
        }),
    ),
    (&["ts_skew"], 2, 1e-10, Slow::Row(|s, k, i| of_one(s, k, i, skewness))),
    (&["ts_kurt"], 2, 1e-10, Slow::Row(|s, k, i| of_one(s, k, i, kurtosis))),
    (&["ts_zscore"], 2, 1e-11, Slow::Row(|s, k, i| of_one(s, k, i, |v| (s[0][i] - mean(v)) / deviation(v)))),
    (&["ts_min"], 2, 0.0, Slow::Row(|s, k, i| of_one(s, k, i, smallest))),
    (&["ts_max"], 2, 0.0, Slow::Row(|s, k, i| of_one(s, k, i, largest))),
    (
        &["ts_argmin"],
        2,
        0.0,
        Slow::Row(|s, k, i| of_one(s, k, i, |v| places(v, smallest(v)).next().unwrap() as f64 + 1.0)),
    ),
    (
        &["ts_argmax"],
        2,
        0.0,
        Slow::Row(|s, k, i| of_one(s, k, i, |v| places(v, largest(v)).next().unwrap() as f64 + 1.0)),
    ),
    (
        &["ts_age_min"],
        2,
        0.0,
        Slow::Row(|s, k, i| of_one(s, k, i, |v| (v.len() - 1 - places(v, smallest(v)).next_back().unwrap()) as f64)),
    ),
    (
        &["ts_age_max"],
        2,
        0.0,
        Slow::Row(|s, k, i| of_one(s, k, i, |v| (v.len() - 1 - places(v, largest(v)).next_back().unwrap()) as f64)),
    ),
    (&["ts_rank"], 2, 1e-15, Slow::Row(|s, k, i| of_one(s, k, i, |v| rank_of(s[0][i], v) / v.len() as f64))),
    (&["ts_median"], 2, 1e-15, Slow::Row(|s, k, i| of_one(s, k, i, |v| quantile(v, 0.5)))),
    (&["ts_quantile"], 3, 1e-13, Slow::Row(|s, k, i| of_one(s, k, i, |v| quantile(v, k[1])))),
    (&["ts_corr"], 3, 1e-11, Slow::Row(|s, k, i| of_two(s, k, i, correlation))),
    (&["ts_cov"], 3, 1e-12, Slow::Row(|s, k, i| of_two(s, k, i, covariance))),
    (&["decay_linear"], 2, 1e-13, Slow::Row(|s, k, i| of_one(s, k, i, decay))),
    (
        &["ts_count"],
        2,
        0.0,
        Slow::Row(|s, k, i| {
            let begin = (i + 1).checked_sub(k[0] as usize);
            begin.map_or(f64::NAN, |begin| s[0][begin..=i].iter().filter(|x| x.is_finite()).count() as f64)
        }),
    ),
    (&["ts_slope"], 2, 1e-12, Slow::Row(|s, k, i| of_one(s, k, i, |v| trend(v).1))),
    (
        &["ts_rsquare"],
        2,
        1e-11,
        Slow::Row(|s, k, i| of_one(s, k, i, |v| unless_flat(v, correlation(v, &numbers(v)).powi(2)))),
    ),
    (
        &["ts_line"],
        2,
        1e-12,
        Slow::Row(|s, k, i| of_one(s, k, i, |v| trend(v).0 + trend(v).1 * (v.len() as f64 - 1.0))),
    ),
    (
        &["ts_residual"],
        2,
        1e-12,
        Slow::Row(|s, k, i| of_one(s, k, i, |v| s[0][i] - trend(v).0 - trend(v).1 * (v.len() as f64 - 1.0))),
    ),
    (&["ts_line_start"], 2, 1e-12, Slow::Row(|s, k, i| of_one(s, k, i, |v| trend(v).0))),
    (&["ts_beta"], 3, 1e-10, Slow::Row(|s, k, i| of_two(s, k, i, |y, x| unless_flat(x, line(y, x).1)))),
    (&["ts_alpha"], 3, 1e-10, Slow::Row(|s, k, i| of_two(s, k, i, |y, x| unless_flat(x, line(y, x).0)))),
    (
        &["ts_regression_residual"],
        3,
        1e-10,
        Slow::Row(|s, k, i| of_two(s, k, i, |y, x| unless_flat(x, s[0][i] - line(y, x).0 - line(y, x).1 * s[1][i]))),
    ),
    (&["ts_regression_rsquare"], 3, 1e-10, Slow::Row(|s, k, i| of_two(s, k, i, |y, x| correlation(y, x).powi(2)))),
];
