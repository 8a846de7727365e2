//! Values near 1e9 with unit noise against exact arithmetic: the noise is a whole number of 2^-16, the level too, so
//! that sums and products of deviations are whole numbers and nothing is rounded before the last step.

use super::*;
use crate::PanelInput;

/// Units of the noise in 1.
const UNITS: f64 = 65_536.0;

/// The exact deviations of a window, times its length: `n x - sum(x)`, in units.
fn deviations(window: &[i128]) -> Vec<i128> {
    let sum: i128 = window.iter().sum();
    window.iter().map(|x| window.len() as i128 * x - sum).collect()
}

/// The exact sum of products of deviations, times the length squared, in squared units.
fn products(a: &[i128], b: &[i128]) -> i128 {
    deviations(a).iter().zip(deviations(b)).map(|(a, b)| a * b).sum()
}

/// The row numbers of a window, oldest 0, in units.
fn rows(n: usize) -> Vec<i128> {
    (0..n as i128).map(|row| row * UNITS as i128).collect()
}

/// Sample covariance.
fn covariance(a: &[i128], b: &[i128]) -> f64 {
    let n = a.len() as f64;
    products(a, b) as f64 / (n * n * (n - 1.0)) / (UNITS * UNITS)
}

/// Sample deviation.
fn deviation(a: &[i128]) -> f64 {
    covariance(a, a).sqrt()
}

/// Correlation.
fn correlation(a: &[i128], b: &[i128]) -> f64 {
    products(a, b) as f64 / (products(a, a) as f64).sqrt() / (products(b, b) as f64).sqrt()
}

/// Slope of the line of `y` on `x`.
fn slope(y: &[i128], x: &[i128]) -> f64 {
    products(y, x) as f64 / products(x, x) as f64
}

/// The newest `y` minus the line: a quotient of whole numbers.
fn residual(y: &[i128], x: &[i128]) -> f64 {
    let (n, newest) = (y.len() as i128, y.len() - 1);
    let (squares, mixed) = (products(x, x), products(y, x));
    // Divided by 2^16 and its like first, where a product would not fit: 60 bits of each are kept.
    let shift = (squares.abs().max(mixed.abs()).ilog2()).saturating_sub(80);
    let (squares, mixed) = (squares >> shift, mixed >> shift);
    let top = deviations(y)[newest] * squares - deviations(x)[newest] * mixed;
    top as f64 / (n as f64 * squares as f64) / UNITS
}

/// The mean power of the deviations over the deviation (divided by n) to that power.
fn moment(a: &[i128], power: u32) -> f64 {
    let n = a.len() as f64;
    let sum: i128 = deviations(a).iter().map(|d| d.pow(power)).sum();
    sum as f64 / n / (products(a, a) as f64 / n).powf(f64::from(power) / 2.0)
}

/// Sample skewness.
fn skewness(a: &[i128]) -> f64 {
    let n = a.len() as f64;
    (n * (n - 1.0)).sqrt() / (n - 2.0) * moment(a, 3)
}

/// Sample excess kurtosis.
fn kurtosis(a: &[i128]) -> f64 {
    let n = a.len() as f64;
    (n - 1.0) / ((n - 2.0) * (n - 3.0)) * ((n + 1.0) * moment(a, 4) - 3.0 * (n - 1.0))
}

/// Distance of the newest value from the mean.
fn distance(a: &[i128]) -> f64 {
    deviations(a)[a.len() - 1] as f64 / a.len() as f64 / UNITS
}

/// Mean absolute deviation.
fn mean_deviation(a: &[i128]) -> f64 {
    let n = a.len() as f64;
    deviations(a).iter().map(|d| d.abs()).sum::<i128>() as f64 / (n * n) / UNITS
}

/// Median of the absolute deviations from the median, in halves of halves of units.
fn median_deviation(a: &[i128]) -> f64 {
    let twice_median = |a: &[i128]| {
        let mut sorted = a.to_vec();
        sorted.sort_unstable();
        sorted[(a.len() - 1) / 2] + sorted[a.len() / 2]
    };
    let middle = twice_median(a);
    let distances: Vec<i128> = a.iter().map(|x| (2 * x - middle).abs()).collect();
    twice_median(&distances) as f64 / 4.0 / UNITS
}

/// A number made of two windows.
type Exact = fn(&[i128], &[i128]) -> f64;

/// A formula of `close` and `open` and a window `{w}`, its exact value, and the size that an error is measured by.
type Case = (&'static str, Exact, Exact);

/// One, for what has no unit and lies around 0.
fn one(_: &[i128], _: &[i128]) -> f64 {
    1.0
}

/// The cases: all operators of a window that subtract a mean.
const CASES: &[Case] = &[
    ("ts_std(close, {w})", |x, _| deviation(x), |x, _| deviation(x)),
    ("ts_var(close, {w})", |x, _| covariance(x, x), |x, _| covariance(x, x)),
    ("ts_cov(close, open, {w})", covariance, covariance),
    ("ts_corr(close, open, {w})", correlation, correlation),
    ("ts_zscore(close, {w})", |x, _| distance(x) / deviation(x), one),
    ("ts_mad(close, {w})", |x, _| mean_deviation(x), |x, _| mean_deviation(x)),
    ("ts_median_deviation(close, {w})", |x, _| median_deviation(x), |x, _| median_deviation(x)),
    ("ts_skew(close, {w})", |x, _| skewness(x), one),
    ("ts_kurt(close, {w})", |x, _| kurtosis(x), one),
    ("ts_slope(close, {w})", |x, _| slope(x, &rows(x.len())), |x, _| deviation(x) / x.len() as f64),
    ("ts_rsquare(close, {w})", |x, _| correlation(x, &rows(x.len())).powi(2), one),
    ("ts_residual(close, {w})", |x, _| residual(x, &rows(x.len())), |x, _| deviation(x)),
    ("ts_beta(close, open, {w})", slope, slope),
    ("ts_regression_residual(close, open, {w})", residual, |x, _| deviation(x)),
    ("ts_regression_rsquare(close, open, {w})", |x, y| correlation(x, y).powi(2), one),
];

/// Whole numbers of units around 0, and the values they stand for around a level.
fn noise(seed: u64, n: usize, level: f64) -> (Vec<i128>, Vec<f64>) {
    let mut state = seed;
    let units: Vec<i128> = (0..n).map(|_| (UNITS * (random(&mut state) - 0.5)) as i128).collect();
    let values = units.iter().map(|u| level + *u as f64 / UNITS).collect();
    (units, values)
}

/// The cases of all values so far.
const SO_FAR: &[Case] = &[
    ("cumstd(close)", |x, _| deviation(x), |x, _| deviation(x)),
    ("cumvar(close)", |x, _| covariance(x, x), |x, _| covariance(x, x)),
    ("cumcov(close, open)", covariance, covariance),
    ("cumcorr(close, open)", correlation, correlation),
    ("cumskew(close)", |x, _| skewness(x), one),
    ("cumkurt(close)", |x, _| kurtosis(x), one),
    ("cumslope(close)", |x, _| slope(x, &rows(x.len())), |x, _| deviation(x) / x.len() as f64),
    ("cumrsquare(close)", |x, _| correlation(x, &rows(x.len())).powi(2), one),
    ("cumresidual(close)", |x, _| residual(x, &rows(x.len())), |x, _| deviation(x)),
    ("close - cummean(close + 0 * open)", |x, _| distance(x), |_, _| 1e3),
];

/// Two series near 1e9 and 3e9 that share half of their noise, so that correlations are not near 0: in units, and values.
fn pair(n: usize) -> [(Vec<i128>, Vec<f64>); 2] {
    let (x_units, x) = noise(1, n, 1e9);
    let (other_units, _) = noise(2, n, 0.0);
    let y_units: Vec<i128> = x_units.iter().zip(&other_units).map(|(x, o)| (o - x) / 2).collect();
    let y: Vec<f64> = y_units.iter().map(|u| 3e9 + *u as f64 / UNITS).collect();
    [(x_units, x), (y_units, y)]
}

/// What a formula makes of two series, where it is not right to nine digits at some `rows`, each of which looks at the
/// rows it is given with.
fn inexact(
    [(x_units, x), (y_units, y)]: &[(Vec<i128>, Vec<f64>); 2],
    text: &str,
    (_, exact, size): &Case,
    rows: impl Iterator<Item = std::ops::RangeInclusive<usize>>,
) -> String {
    let program = Program::compile(&[], &[FactorSpec::new("f", text)], &["close", "open"], &[]).unwrap();
    let used: Vec<&[f64]> = program.inputs().iter().map(|name| if name == "close" { &x[..] } else { &y[..] }).collect();
    let mut out = vec![Vec::new()];
    program.session().unwrap().update(&used, &mut out);
    let mut worst: f64 = 0.0;
    for rows in rows {
        let (x, y) = (&x_units[rows.clone()], &y_units[rows.clone()]);
        let want = exact(x, y);
        worst = worst.max((out[0][*rows.end()] - want).abs() / want.abs().max(size(x, y).abs()));
    }
    if worst > 1e-9 || worst.is_nan() { format!("{text}: {worst:.1e}\n") } else { String::new() }
}

#[test]
fn large_values_keep_nine_digits() {
    let (n, mut report) = (6000, String::new());
    let series = pair(n);
    for window in [4, 5, 20, 60, 250, 1000] {
        for case in CASES {
            let rows = (window - 1..n).step_by(41).map(|i| i + 1 - window..=i);
            report += &inexact(&series, &case.0.replace("{w}", &window.to_string()), case, rows);
        }
    }
    assert!(report.is_empty(), "{report}");
}

#[test]
fn statistics_of_all_large_values_keep_nine_digits() {
    let series = pair(3000);
    let report: String =
        SO_FAR.iter().map(|case| inexact(&series, case.0, case, (4..3000).step_by(101).map(|i| 0..=i))).collect();
    assert!(report.is_empty(), "{report}");
}

#[test]
fn cross_sections_of_large_values_keep_nine_digits() {
    let n = 500;
    let (x_units, x) = noise(3, n, 1e9);
    let (y_units, y) = noise(4, n, 3e9);
    let exact: [(&str, Exact); 4] = [
        ("cs_demean(close)", |x, _| distance(x)),
        ("cs_zscore(close)", |x, _| distance(x) / deviation(x)),
        ("cs_residual(close, open)", residual),
        ("group_zscore(close, 1 + 0 * open)", |x, _| distance(x) / deviation(x)),
    ];
    for (formula, exact) in exact {
        let program = Program::compile(&[], &[FactorSpec::new("f", formula)], &["close", "open"], &[]).unwrap();
        let column = |name: &String| if name == "close" { &x } else { &y };
        let rows: Vec<PanelInput<'_>> = (0..n)
            .map(|symbol| PanelInput {
                times: &[1],
                columns: program.inputs().iter().map(|name| &column(name)[symbol..=symbol]).collect(),
            })
            .collect();
        let mut out = vec![vec![Vec::new()]; n];
        program.panel(n).update(&rows, &mut out).unwrap();
        for symbol in 0..n {
            // The exact functions speak of the last value.
            let turn = |units: &[i128]| [&units[symbol + 1..], &units[..=symbol]].concat();
            let want = exact(&turn(&x_units), &turn(&y_units));
            let error = (out[symbol][0][0] - want).abs() / want.abs().max(deviation(&x_units));
            assert!(error < 1e-9, "{formula}: {} for {want}", out[symbol][0][0]);
        }
    }
}
