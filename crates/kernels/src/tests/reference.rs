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
