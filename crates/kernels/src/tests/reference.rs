//! The slow versions: a function of all rows up to `i`, written from the definition.

/// The last `window` values up to row `i`, oldest first; `None` if there are fewer or one is missing.
fn window_of(x: &[f64], i: usize, window: usize) -> Option<&[f64]> {
    let begin = (i + 1).checked_sub(window)?;
    let values = &x[begin..=i];
    values.iter().all(|v| v.is_finite()).then_some(values)
}

/// `x[i - rows]`, missing before the first row.
pub(super) fn before(x: &[f64], i: usize, rows: usize) -> f64 {
    i.checked_sub(rows).map_or(f64::NAN, |at| x[at])
}

/// Applies `f` to the window.
fn over(x: &[f64], i: usize, window: usize, f: impl Fn(&[f64]) -> f64) -> f64 {
    window_of(x, i, window).map_or(f64::NAN, f)
}

/// Sum of the window.
pub(super) fn sum(x: &[f64], i: usize, window: usize) -> f64 {
    over(x, i, window, |v| v.iter().sum())
}

/// Sum of products of deviations, two passes on values shifted by the window's first.
fn comoment(x: &[f64], y: &[f64]) -> f64 {
    let n = x.len() as f64;
    let shift = |v: &[f64]| v.iter().map(|a| a - v[0]).collect::<Vec<_>>();
    let (x, y) = (shift(x), shift(y));
    let mean = |v: &[f64]| v.iter().sum::<f64>() / n;
    let (mx, my) = (mean(&x), mean(&y));
    x.iter().zip(&y).map(|(a, b)| (a - mx) * (b - my)).sum()
}

/// Sample covariance.
pub(super) fn cov(x: &[f64], y: &[f64], i: usize, window: usize) -> f64 {
    match (window_of(x, i, window), window_of(y, i, window)) {
        (Some(x), Some(y)) => comoment(x, y) / (window as f64 - 1.0),
        _ => f64::NAN,
    }
}

/// Sample deviation.
pub(super) fn std(x: &[f64], i: usize, window: usize) -> f64 {
    cov(x, x, i, window).sqrt()
}

/// Correlation, from the definition.
pub(super) fn corr(x: &[f64], y: &[f64], i: usize, window: usize) -> f64 {
    cov(x, y, i, window) / (std(x, i, window) * std(y, i, window))
}

/// Linearly weighted mean.
pub(super) fn decay(x: &[f64], i: usize, window: usize) -> f64 {
    over(x, i, window, |v| {
        let weighted: f64 = v.iter().zip(1..).map(|(x, weight)| x * f64::from(weight)).sum();
        weighted / (window * (window + 1)) as f64 * 2.0
    })
}

/// Largest value.
pub(super) fn max(x: &[f64], i: usize, window: usize) -> f64 {
    over(x, i, window, |v| v.iter().copied().fold(f64::NEG_INFINITY, f64::max))
}

/// Smallest value.
pub(super) fn min(x: &[f64], i: usize, window: usize) -> f64 {
    over(x, i, window, |v| v.iter().copied().fold(f64::INFINITY, f64::min))
}

/// Position of the first value for which `is_better` than all before, counted from 1.
pub(super) fn position(x: &[f64], i: usize, window: usize, is_better: fn(f64, f64) -> bool) -> f64 {
    over(x, i, window, |v| {
        let mut best = 0;
        for at in 1..v.len() {
            if is_better(v[at], v[best]) {
                best = at;
            }
        }
        (best + 1) as f64
    })
}

/// Average rank of the last value over the window length.
pub(super) fn rank(x: &[f64], i: usize, window: usize) -> f64 {
    over(x, i, window, |v| {
        let last = v[v.len() - 1];
        let less = v.iter().filter(|a| **a < last).count() as f64;
        let equal = v.iter().filter(|a| **a == last).count() as f64;
        (less + (equal + 1.0) / 2.0) / window as f64
    })
}

/// Quantile, linear between neighbours.
pub(super) fn quantile(x: &[f64], i: usize, window: usize, probability: f64) -> f64 {
    over(x, i, window, |v| {
        let mut sorted = v.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = probability * (window as f64 - 1.0);
        let below = sorted[at.floor() as usize];
        let above = sorted[at.ceil() as usize];
        below + (above - below) * at.fract()
    })
}

/// Exponential mean by its recursion over all finite values up to row `i`.
pub(super) fn exponential(x: &[f64], i: usize, alpha: f64, min_periods: usize) -> f64 {
    let finite: Vec<f64> = x[..=i].iter().copied().filter(|v| v.is_finite()).collect();
    if !x[i].is_finite() || finite.len() < min_periods {
        return f64::NAN;
    }
    finite[1..].iter().fold(finite[0], |mean, v| (1.0 - alpha) * mean + alpha * v)
}

/// Sum of all finite values up to row `i`.
pub(super) fn cumulative(x: &[f64], i: usize) -> f64 {
    if x[i].is_finite() { x[..=i].iter().filter(|v| v.is_finite()).sum() } else { f64::NAN }
}

/// Product of the window.
pub(super) fn product(x: &[f64], i: usize, window: usize) -> f64 {
    over(x, i, window, |v| v.iter().product())
}

/// Rows since the last value for which none is better.
pub(super) fn age(x: &[f64], i: usize, window: usize, is_better: fn(f64, f64) -> bool) -> f64 {
    over(x, i, window, |v| {
        let mut best = 0;
        for at in 1..v.len() {
            if !is_better(v[best], v[at]) {
                best = at;
            }
        }
        (v.len() - 1 - best) as f64
    })
}

/// The row numbers of a window.
fn row_numbers(n: usize) -> Vec<f64> {
    (0..n).map(|row| row as f64).collect()
}

/// Slope and residual at the newest row of the line of `y` on `x`.
fn line(y: &[f64], x: &[f64]) -> (f64, f64) {
    let n = x.len() as f64;
    let slope = comoment(x, y) / comoment(x, x);
    let shifted_mean = |v: &[f64]| v.iter().map(|a| a - v[v.len() - 1]).sum::<f64>() / n;
    (slope, slope * shifted_mean(x) - shifted_mean(y))
}

/// Slope on the row number.
pub(super) fn trend_slope(x: &[f64], i: usize, window: usize) -> f64 {
    over(x, i, window, |v| line(v, &row_numbers(window)).0)
}

/// Residual of the newest value from the line on the row number.
pub(super) fn trend_residual(x: &[f64], i: usize, window: usize) -> f64 {
    over(x, i, window, |v| line(v, &row_numbers(window)).1)
}

/// Share of the variance explained by the line on the row number.
pub(super) fn trend_rsquare(x: &[f64], i: usize, window: usize) -> f64 {
    over(x, i, window, |v| {
        let rows = row_numbers(window);
        let r = comoment(&rows, v) / (comoment(&rows, &rows) * comoment(v, v)).sqrt();
        r * r
    })
}

/// Slope of `x` on `y`.
pub(super) fn fit_slope(x: &[f64], y: &[f64], i: usize, window: usize) -> f64 {
    match (window_of(x, i, window), window_of(y, i, window)) {
        (Some(x), Some(y)) => line(x, y).0,
        _ => f64::NAN,
    }
}

/// Residual of the newest `x` from its line on `y`.
pub(super) fn fit_residual(x: &[f64], y: &[f64], i: usize, window: usize) -> f64 {
    match (window_of(x, i, window), window_of(y, i, window)) {
        (Some(x), Some(y)) => line(x, y).1,
        _ => f64::NAN,
    }
}

/// The `power`-th central moment over the sample deviation to that power; a sum, not a mean.
fn moment(v: &[f64], power: i32) -> f64 {
    let mean = v.iter().map(|a| a - v[0]).sum::<f64>() / v.len() as f64;
    let deviation = (comoment(v, v) / (v.len() as f64 - 1.0)).sqrt();
    v.iter().map(|a| ((a - v[0] - mean) / deviation).powi(power)).sum()
}

/// Mean absolute deviation.
pub(super) fn mad(x: &[f64], i: usize, window: usize) -> f64 {
    over(x, i, window, |v| {
        let mean = v.iter().sum::<f64>() / window as f64;
        v.iter().map(|a| (a - mean).abs()).sum::<f64>() / window as f64
    })
}

/// Sample skewness.
pub(super) fn skew(x: &[f64], i: usize, window: usize) -> f64 {
    let n = window as f64;
    over(x, i, window, |v| n / ((n - 1.0) * (n - 2.0)) * moment(v, 3))
}

/// Sample excess kurtosis.
pub(super) fn kurt(x: &[f64], i: usize, window: usize) -> f64 {
    let n = window as f64;
    over(x, i, window, |v| {
        let scale = n * (n + 1.0) / ((n - 1.0) * (n - 2.0) * (n - 3.0));
        scale * moment(v, 4) - 3.0 * (n - 1.0) * (n - 1.0) / ((n - 2.0) * (n - 3.0))
    })
}

/// The finite values up to row `i`, if row `i` is one.
fn seen(x: &[f64], i: usize) -> Option<Vec<f64>> {
    x[i].is_finite().then(|| x[..=i].iter().copied().filter(|v| v.is_finite()).collect())
}

/// Exponential mean started at the mean of the first `window` values.
pub(super) fn seeded(x: &[f64], i: usize, alpha: f64, window: usize) -> f64 {
    match seen(x, i) {
        Some(v) if v.len() >= window => {
            let start = v[..window].iter().sum::<f64>() / window as f64;
            v[window..].iter().fold(start, |mean, x| (1.0 - alpha) * mean + alpha * x)
        }
        _ => f64::NAN,
    }
}

/// Wilder's running sum.
pub(super) fn wilder_sum(x: &[f64], i: usize, window: usize) -> f64 {
    match seen(x, i) {
        Some(v) if v.len() >= window => {
            let start = v[..window - 1].iter().sum::<f64>();
            v[window - 1..].iter().fold(start, |sum, x| sum - sum / window as f64 + x)
        }
        _ => f64::NAN,
    }
}

/// Mean with weights that fall by `1 - alpha`.
pub(super) fn weighted(x: &[f64], i: usize, alpha: f64) -> f64 {
    seen(x, i).map_or(f64::NAN, |v| {
        let weights = || (0..v.len()).map(|age| (1.0 - alpha).powi(age as i32));
        v.iter().rev().zip(weights()).map(|(x, w)| x * w).sum::<f64>() / weights().sum::<f64>()
    })
}

/// Values since `session` last changed among the rows that have both, folded.
pub(super) fn since(x: &[f64], session: &[f64], i: usize, fold: fn(f64, f64) -> f64) -> f64 {
    let rows: Vec<usize> = (0..=i).filter(|&at| x[at].is_finite() && session[at].is_finite()).collect();
    if rows.last() != Some(&i) {
        return f64::NAN;
    }
    let of_session: Vec<f64> =
        rows.iter().rev().take_while(|&&at| session[at] == session[i]).map(|&at| x[at]).collect();
    of_session.iter().rev().copied().reduce(fold).unwrap_or(f64::NAN)
}
