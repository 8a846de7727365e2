//! Operators across the symbols of one time, and across those of one group.

use super::windows::{deviation, line, mean, quantile, rank_of};
use super::{Entry, Slow};

/// The values there are.
pub(crate) fn present(x: &[f64]) -> Vec<f64> {
    x.iter().copied().filter(|x| x.is_finite()).collect()
}

/// What `f` makes of each value and all values; missing stays missing.
fn each(x: &[f64], f: impl Fn(f64, &[f64]) -> f64) -> Vec<f64> {
    let all = present(x);
    x.iter().map(|&value| if value.is_finite() { f(value, &all) } else { f64::NAN }).collect()
}

/// What `f` makes of each value and the values of its group.
fn each_in_group(s: &[&[f64]], f: impl Fn(f64, &[f64]) -> f64) -> Vec<f64> {
    let of_group = |group: f64| -> Vec<f64> {
        s[0].iter().zip(s[1]).filter(|(x, g)| x.is_finite() && **g == group).map(|(x, _)| *x).collect()
    };
    let values = s[0].iter().zip(s[1]);
    values.map(|(&x, &g)| if x.is_finite() && g.is_finite() { f(x, &of_group(g)) } else { f64::NAN }).collect()
}

/// Percentile rank.
fn rank(x: f64, all: &[f64]) -> f64 {
    rank_of(x, all) / all.len() as f64
}

/// Distance from the mean in deviations.
fn zscore(x: f64, all: &[f64]) -> f64 {
    (x - mean(all)) / deviation(all)
}

/// Share of the sum of sizes.
fn scale(x: f64, all: &[f64]) -> f64 {
    x / all.iter().map(|x| x.abs()).sum::<f64>()
}

/// Moved inside the quantiles of the tails.
fn winsorize(x: f64, all: &[f64], tail: f64) -> f64 {
    let tail = tail.min(1.0 - tail);
    x.max(quantile(all, tail)).min(quantile(all, 1.0 - tail))
}

/// Number of the bucket: the whole number that the rank, of `buckets` per symbol, does not exceed. Ranks are halves:
/// counted twice they are whole.
pub(crate) fn bucket(x: f64, all: &[f64], buckets: f64) -> f64 {
    let twice = (rank_of(x, all) * 2.0) as usize;
    (twice * buckets as usize).div_ceil(2 * all.len()) as f64
}

/// What the line of the first on the second leaves over.
fn residual(s: &[&[f64]], _: &[f64]) -> Vec<f64> {
    let pairs: Vec<(f64, f64)> =
        s[0].iter().zip(s[1]).filter(|(y, x)| y.is_finite() && x.is_finite()).map(|(y, x)| (*y, *x)).collect();
    let (y, x): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
    let varies = x.iter().any(|v| *v != x[0]);
    let (start, slope) = if varies { line(&y, &x) } else { (f64::NAN, f64::NAN) };
    s[0].iter().zip(s[1]).map(|(y, x)| y - start - slope * x).collect()
}

/// Sample deviation; 0 where nothing varies.
fn spread(all: &[f64]) -> f64 {
    if all.len() > 1 && all.iter().all(|x| *x == all[0]) { 0.0 } else { deviation(all) }
}

/// Statistics that are the same for all: name, and what it is of the values there are.
const STATISTICS: [fn(&[f64]) -> f64; 6] = [
    |all| quantile(all, 0.5),
    spread,
    |all| all.iter().sum(),
    |all| all.len() as f64,
    |all| all.iter().copied().fold(f64::NEG_INFINITY, f64::max),
    |all| all.iter().copied().fold(f64::INFINITY, f64::min),
];

/// The statistic for all symbols.
fn of_all<const AT: usize>(s: &[&[f64]], _: &[f64]) -> Vec<f64> {
    each(s[0], |_, all| STATISTICS[AT](all))
}

/// The statistic for each group.
fn of_group<const AT: usize>(s: &[&[f64]], _: &[f64]) -> Vec<f64> {
    each_in_group(s, |_, all| STATISTICS[AT](all))
}

/// The table.
pub(super) const TABLE: &[Entry] = &[
    (&["cs_rank"], 1, 1e-15, Slow::Across(|s, _| each(s[0], rank))),
    (&["cs_zscore"], 1, 1e-11, Slow::Across(|s, _| each(s[0], zscore))),
    (&["cs_demean"], 1, 1e-13, Slow::Across(|s, _| each(s[0], |x, all| x - mean(all)))),
    (&["cs_mean"], 1, 1e-13, Slow::Across(|s, _| each(s[0], |_, all| mean(all)))),
    (&["cs_median"], 1, 1e-15, Slow::Across(of_all::<0>)),
    (&["cs_std"], 1, 1e-12, Slow::Across(of_all::<1>)),
    (&["cs_sum"], 1, 1e-12, Slow::Across(of_all::<2>)),
    (&["cs_count"], 1, 0.0, Slow::Across(of_all::<3>)),
    (&["cs_max"], 1, 0.0, Slow::Across(of_all::<4>)),
    (&["cs_min"], 1, 0.0, Slow::Across(of_all::<5>)),
    (&["group_median"], 2, 1e-15, Slow::Across(of_group::<0>)),
    (&["group_std"], 2, 1e-12, Slow::Across(of_group::<1>)),
    (&["group_sum"], 2, 1e-12, Slow::Across(of_group::<2>)),
    (&["group_count"], 2, 0.0, Slow::Across(of_group::<3>)),
    (&["group_max"], 2, 0.0, Slow::Across(of_group::<4>)),
    (&["group_min"], 2, 0.0, Slow::Across(of_group::<5>)),
    (&["group_quantile"], 3, 0.0, Slow::Across(|s, k| each_in_group(s, |x, all| bucket(x, all, k[0])))),
    (&["cs_scale"], 2, 1e-13, Slow::Across(|s, k| each(s[0], |x, all| k[0] * scale(x, all)))),
    (&["cs_scale"], 1, 1e-13, Slow::Across(|s, _| each(s[0], scale))),
    (&["cs_winsorize"], 2, 1e-13, Slow::Across(|s, k| each(s[0], |x, all| winsorize(x, all, k[0])))),
    (&["cs_quantile"], 2, 0.0, Slow::Across(|s, k| each(s[0], |x, all| bucket(x, all, k[0])))),
    (&["cs_residual"], 2, 1e-10, Slow::Across(residual)),
    (&["group_neutralize"], 2, 1e-13, Slow::Across(|s, _| each_in_group(s, |x, all| x - mean(all)))),
    (&["group_rank"], 2, 1e-15, Slow::Across(|s, _| each_in_group(s, rank))),
    (&["group_mean"], 2, 1e-13, Slow::Across(|s, _| each_in_group(s, |_, all| mean(all)))),
    (&["group_zscore"], 2, 1e-11, Slow::Across(|s, _| each_in_group(s, zscore))),
    (&["group_scale"], 2, 1e-13, Slow::Across(|s, _| each_in_group(s, scale))),
];
