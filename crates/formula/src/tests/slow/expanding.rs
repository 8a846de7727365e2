//! Statistics of all values so far: the same of a window that holds them all.

use super::carried::of_all;
use super::windows::{
    correlation, covariance, decay, deviation, is_flat, kurtosis, largest, mean, numbers, places, skewness, smallest,
    trend,
};
use super::{Entry, Slow};

/// What `f` makes of all pairs so far.
fn of_pairs(s: &[&[f64]], i: usize, f: impl Fn(&[f64], &[f64]) -> f64) -> f64 {
    let rows = (0..=i).filter(|&at| s[0][at].is_finite() && s[1][at].is_finite());
    let (x, y): (Vec<f64>, Vec<f64>) = rows.clone().map(|at| (s[0][at], s[1][at])).unzip();
    if rows.max() == Some(i) { f(&x, &y) } else { f64::NAN }
}

/// A statistic where at least `n` values are there that are not all equal.
fn of_some(v: &[f64], n: usize, f: impl Fn(&[f64]) -> f64) -> f64 {
    if v.len() < n || is_flat(v) { f64::NAN } else { f(v) }
}

/// The line through the values at the newest.
fn line(v: &[f64]) -> f64 {
    trend(v).0 + trend(v).1 * (v.len() as f64 - 1.0)
}

/// The table.
pub(super) const TABLE: &[Entry] = &[
    (&["cummean"], 1, 1e-12, Slow::Row(|s, _, i| of_all(s, i, mean))),
    (&["cumvar"], 1, 1e-11, Slow::Row(|s, _, i| of_all(s, i, |v| covariance(v, v)))),
    (&["cumstd"], 1, 1e-11, Slow::Row(|s, _, i| of_all(s, i, deviation))),
    (&["cumskew"], 1, 1e-10, Slow::Row(|s, _, i| of_all(s, i, |v| of_some(v, 3, skewness)))),
    (&["cumkurt"], 1, 1e-10, Slow::Row(|s, _, i| of_all(s, i, |v| of_some(v, 4, kurtosis)))),
    (&["cumcount"], 1, 0.0, Slow::Row(|s, _, i| s[0][..=i].iter().filter(|x| x.is_finite()).count() as f64)),
    (&["cumargmax"], 1, 0.0, Slow::Row(|s, _, i| of_all(s, i, |v| places(v, largest(v)).next().unwrap() as f64 + 1.0))),
    (
        &["cumargmin"],
        1,
        0.0,
        Slow::Row(|s, _, i| of_all(s, i, |v| places(v, smallest(v)).next().unwrap() as f64 + 1.0)),
    ),
    (&["cumdelta"], 1, 0.0, Slow::Row(|s, _, i| of_all(s, i, |v| v[v.len() - 1] - v[0]))),
    (&["cumdecay"], 1, 1e-12, Slow::Row(|s, _, i| of_all(s, i, decay))),
    (&["cumslope"], 1, 1e-11, Slow::Row(|s, _, i| of_all(s, i, |v| trend(v).1))),
    (
        &["cumrsquare"],
        1,
        1e-11,
        Slow::Row(|s, _, i| of_all(s, i, |v| of_some(v, 2, |v| correlation(v, &numbers(v)).powi(2)))),
    ),
    (&["cumresidual"], 1, 1e-11, Slow::Row(|s, _, i| of_all(s, i, |v| v[v.len() - 1] - line(v)))),
    (&["cumcov"], 2, 1e-11, Slow::Row(|s, _, i| of_pairs(s, i, covariance))),
    (&["cumcorr"], 2, 1e-10, Slow::Row(|s, _, i| of_pairs(s, i, correlation))),
];
