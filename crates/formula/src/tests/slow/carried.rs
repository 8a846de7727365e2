//! Operators that carry numbers: each result is worked out anew from all rows up to it.

use super::windows::{largest, smallest};
use super::{Entry, Slow};

/// All values up to row `i`, if row `i` has one.
fn seen(x: &[f64], i: usize) -> Option<Vec<f64>> {
    x[i].is_finite().then(|| x[..=i].iter().copied().filter(|v| v.is_finite()).collect())
}

/// All values of the row's session up to row `i`, oldest first, if the row has a value and a session. A session ends
/// where another number comes, also if the first comes back later.
fn session(s: &[&[f64]], i: usize) -> Option<Vec<f64>> {
    let rows: Vec<usize> = (0..=i).filter(|&at| s[0][at].is_finite() && s[1][at].is_finite()).collect();
    if rows.last() != Some(&i) {
        return None;
    }
    let begin = rows.iter().rposition(|&at| s[1][at] != s[1][i]).map_or(0, |at| at + 1);
    Some(rows[begin..].iter().map(|&at| s[0][at]).collect())
}

/// What `f` makes of all values so far.
pub(super) fn of_all(s: &[&[f64]], i: usize, f: impl Fn(&[f64]) -> f64) -> f64 {
    seen(s[0], i).map_or(f64::NAN, |v| f(&v))
}

/// What `f` makes of the session's values so far.
fn of_session(s: &[&[f64]], i: usize, f: impl Fn(&[f64]) -> f64) -> f64 {
    session(s, i).map_or(f64::NAN, |v| f(&v))
}

/// Exponential mean with the weights written out: the start keeps `(1 - alpha)^n`, the others `alpha (1 - alpha)^age`.
fn exponential(start: f64, later: &[f64], alpha: f64) -> f64 {
    let fall = |age: usize| (1.0 - alpha).powi(age as i32);
    let moved: f64 = later.iter().rev().enumerate().map(|(age, x)| alpha * fall(age) * x).sum();
    start * fall(later.len()) + moved
}

/// Exponential mean from the first value on, given after `n` values.
fn from_the_first(v: &[f64], alpha: f64, n: f64) -> f64 {
    if v.len() < n as usize { f64::NAN } else { exponential(v[0], &v[1..], alpha) }
}

/// Exponential mean from the mean of the first `n` values on.
fn from_a_mean(v: &[f64], alpha: f64, n: f64) -> f64 {
    let n = n as usize;
    if v.len() < n {
        return f64::NAN;
    }
    exponential(v[..n].iter().sum::<f64>() / n as f64, &v[n..], alpha)
}

/// Wilder's running sum, written out: each value and the start fall by `1 - 1 / n` per row.
fn wilder_sum(v: &[f64], n: f64) -> f64 {
    let size = n as usize;
    if v.len() < size {
        return f64::NAN;
    }
    let fall = |age: usize| (1.0 - 1.0 / n).powi(age as i32);
    let later = &v[size - 1..];
    let added: f64 = later.iter().rev().enumerate().map(|(age, x)| x * fall(age)).sum();
    v[..size - 1].iter().sum::<f64>() * fall(later.len()) + added
}

/// Mean with weights that fall by `1 - alpha`.
fn weighted(v: &[f64], alpha: f64) -> f64 {
    let weights: Vec<f64> = (0..v.len()).rev().map(|age| (1.0 - alpha).powi(age as i32)).collect();
    v.iter().zip(&weights).map(|(x, w)| x * w).sum::<f64>() / weights.iter().sum::<f64>()
}

/// Mean that moves by the share of the row, step by step: a share above 2 magnifies every rounding, so the step is
/// written in the one way that gives the same bits.
fn adaptive(s: &[&[f64]], _: &[f64]) -> Vec<f64> {
    let mut mean = f64::NAN;
    (0..s[0].len())
        .map(|i| {
            if mean.is_nan() && i > 0 && s[0][i].is_finite() && s[1][i].is_finite() {
                mean = s[0][i - 1];
            }
            let next = mean + s[1][i] * (s[0][i] - mean);
            mean = if next.is_nan() { mean } else { next };
            next
        })
        .collect()
}

/// `results` of the rows that have all of `needed`, put back to their rows.
fn on_whole_rows(n: usize, has_all: impl Fn(usize) -> bool, results: impl Fn(&[usize]) -> Vec<f64>) -> Vec<f64> {
    let rows: Vec<usize> = (0..n).filter(|&i| has_all(i)).collect();
    let mut out = vec![f64::NAN; n];
    for (row, result) in rows.iter().zip(results(&rows)) {
        out[*row] = result;
    }
    out
}

/// The parabolic stop, both directions spelled out, from Wilder's rules.
fn sar(s: &[&[f64]], k: &[f64]) -> Vec<f64> {
    let has_all = |i: usize| s[0][i].is_finite() && s[1][i].is_finite();
    on_whole_rows(s[0].len(), has_all, |rows| {
        let column = |x: &[f64]| rows.iter().map(|&i| x[i]).collect::<Vec<_>>();
        sar_of(&column(s[0]), &column(s[1]), k[0].min(k[1]), k[1])
    })
}

/// The parabolic stop of rows without gaps.
fn sar_of(high: &[f64], low: &[f64], step: f64, limit: f64) -> Vec<f64> {
    let mut out = vec![f64::NAN; high.len()];
    if high.len() < 2 {
        return out;
    }
    let (up, down) = (high[1] - high[0], low[0] - low[1]);
    let mut rising = !(down > 0.0 && down > up);
    let mut stop = if rising { low[0] } else { high[0] };
    let mut extreme = if rising { high[1] } else { low[1] };
    let mut factor = step;
    for i in 1..high.len() {
        // The second row is its own predecessor.
        let before = if i == 1 { 1 } else { i - 1 };
        let (top, bottom) = (high[before].max(high[i]), low[before].min(low[i]));
        if (rising && low[i] <= stop) || (!rising && high[i] >= stop) {
            stop = if rising { extreme.max(top) } else { extreme.min(bottom) };
            out[i] = stop;
            (rising, factor) = (!rising, step);
            extreme = if rising { high[i] } else { low[i] };
        } else {
            out[i] = stop;
            if (rising && high[i] > extreme) || (!rising && low[i] < extreme) {
                extreme = if rising { high[i] } else { low[i] };
                factor = (factor + step).min(limit);
            }
        }
        stop += factor * (extreme - stop);
        stop = if rising { stop.min(bottom) } else { stop.max(top) };
    }
    out
}

/// The trend line: final bands first, then the side the close is on.
fn super_trend(s: &[&[f64]], _: &[f64]) -> Vec<f64> {
    let has_all = |i: usize| i > 0 && s.iter().all(|x| x[i].is_finite()) && s[2][i - 1].is_finite();
    on_whole_rows(s[0].len(), has_all, |rows| {
        let mut out = Vec::new();
        let (mut top, mut bottom, mut rising) = (f64::NAN, f64::NAN, false);
        for (at, &i) in rows.iter().enumerate() {
            let (upper, lower, close, last) = (s[0][i], s[1][i], s[2][i], s[2][i - 1]);
            if at == 0 {
                (top, bottom, rising) = (upper, lower, close >= (upper + lower) / 2.0);
            }
            top = if upper < top || last > top { upper } else { top };
            bottom = if lower > bottom || last < bottom { lower } else { bottom };
            rising = close > if rising { bottom } else { top };
            out.push(if rising { bottom } else { top });
        }
        out
    })
}

/// Ehlers' dominant cycle as his listing has it: every intermediate a series of its own, zero before it begins.
fn cycle(s: &[&[f64]], _: &[f64]) -> Vec<f64> {
    on_whole_rows(
        s[0].len(),
        |i| s[0][i].is_finite(),
        |rows| cycle_of(&rows.iter().map(|&i| s[0][i]).collect::<Vec<_>>()),
    )
}

/// The cycle of rows without gaps.
fn cycle_of(price: &[f64]) -> Vec<f64> {
    let n = price.len();
    let at = |x: &[f64], i: usize, back: usize| i.checked_sub(back).map_or(0.0, |i| x[i]);
    let hilbert = |x: &[f64], i: usize, gain: f64| {
        gain * (0.0962 * at(x, i, 0) + 0.5769 * at(x, i, 2) - 0.5769 * at(x, i, 4) - 0.0962 * at(x, i, 6))
    };
    let mut series: [Vec<f64>; 10] = std::array::from_fn(|_| vec![0.0; n]);
    let [smooth, detrender, q1, i2, q2, real, imaginary, period, smooth_period, i1] = &mut series;
    for i in 12..n {
        let gain = 0.075 * period[i - 1] + 0.54;
        smooth[i] = (4.0 * price[i] + 3.0 * price[i - 1] + 2.0 * price[i - 2] + price[i - 3]) / 10.0;
        detrender[i] = hilbert(smooth, i, gain);
        q1[i] = hilbert(detrender, i, gain);
        i1[i] = detrender[i - 3];
        let (j_i, j_q) = (hilbert(i1, i, gain), hilbert(q1, i, gain));
        i2[i] = 0.2 * (i1[i] - j_q) + 0.8 * i2[i - 1];
        q2[i] = 0.2 * (q1[i] + j_i) + 0.8 * q2[i - 1];
        real[i] = 0.2 * (i2[i] * i2[i - 1] + q2[i] * q2[i - 1]) + 0.8 * real[i - 1];
        imaginary[i] = 0.2 * (i2[i] * q2[i - 1] - q2[i] * i2[i - 1]) + 0.8 * imaginary[i - 1];
        let turned = real[i] != 0.0 && imaginary[i] != 0.0;
        let found = if turned { 360.0 / (imaginary[i] / real[i]).atan().to_degrees() } else { period[i - 1] };
        let found = found.min(1.5 * period[i - 1]).max(0.67 * period[i - 1]).clamp(6.0, 50.0);
        period[i] = 0.2 * found + 0.8 * period[i - 1];
        smooth_period[i] = 0.33 * period[i] + 0.67 * smooth_period[i - 1];
    }
    smooth_period.iter().enumerate().map(|(i, x)| if i < 32 { f64::NAN } else { *x }).collect()
}

/// The table.
pub(super) const TABLE: &[Entry] = &[
    (&["ema"], 2, 1e-12, Slow::Row(|s, k, i| of_all(s, i, |v| from_the_first(v, 2.0 / (k[0] + 1.0), k[0])))),
    (&["wilder"], 2, 1e-12, Slow::Row(|s, k, i| of_all(s, i, |v| from_the_first(v, 1.0 / k[0], k[0])))),
    (&["ewma"], 2, 1e-12, Slow::Row(|s, k, i| of_all(s, i, |v| from_the_first(v, k[0], 1.0)))),
    (
        &["ewm_mean"],
        2,
        1e-12,
        Slow::Row(|s, k, i| of_all(s, i, |v| weighted(v, if k[0] < 1.0 { k[0] } else { 2.0 / (k[0] + 1.0) }))),
    ),
    (&["ema_seeded"], 2, 1e-12, Slow::Row(|s, k, i| of_all(s, i, |v| from_a_mean(v, 2.0 / (k[0] + 1.0), k[0])))),
    (&["wilder_seeded"], 2, 1e-12, Slow::Row(|s, k, i| of_all(s, i, |v| from_a_mean(v, 1.0 / k[0], k[0])))),
    (&["wilder_sum"], 2, 1e-12, Slow::Row(|s, k, i| of_all(s, i, |v| wilder_sum(v, k[0])))),
    (&["adaptive_mean"], 2, 0.0, Slow::Rows(adaptive)),
    (&["cumsum"], 1, 1e-12, Slow::Row(|s, _, i| of_all(s, i, |v| v.iter().sum()))),
    (&["cumprod"], 1, 1e-12, Slow::Row(|s, _, i| of_all(s, i, |v| v.iter().product()))),
    (&["cummax"], 1, 0.0, Slow::Row(|s, _, i| of_all(s, i, largest))),
    (&["cummin"], 1, 0.0, Slow::Row(|s, _, i| of_all(s, i, smallest))),
    (
        &["last_value"],
        1,
        0.0,
        Slow::Row(|s, _, i| s[0][..=i].iter().copied().rfind(|x| x.is_finite()).unwrap_or(f64::NAN)),
    ),
    (
        &["rows_since"],
        1,
        0.0,
        Slow::Row(|s, _, i| of_all(s, i, |v| v.iter().rev().position(|x| *x != 0.0).map_or(f64::NAN, |n| n as f64))),
    ),
    (&["session_mean"], 2, 1e-12, Slow::Row(|s, _, i| of_session(s, i, |v| v.iter().sum::<f64>() / v.len() as f64))),
    (&["first"], 1, 0.0, Slow::Row(|s, _, i| of_all(s, i, |v| v[0]))),
    (&["session_sum"], 2, 1e-12, Slow::Row(|s, _, i| of_session(s, i, |v| v.iter().sum()))),
    (&["session_max"], 2, 0.0, Slow::Row(|s, _, i| of_session(s, i, largest))),
    (&["session_min"], 2, 0.0, Slow::Row(|s, _, i| of_session(s, i, smallest))),
    (&["session_first"], 2, 0.0, Slow::Row(|s, _, i| of_session(s, i, |v| v[0]))),
    (&["session_count"], 2, 0.0, Slow::Row(|s, _, i| of_session(s, i, |v| v.len() as f64))),
    (&["parabolic_sar"], 4, 1e-9, Slow::Rows(sar)),
    (&["super_trend"], 3, 0.0, Slow::Rows(super_trend)),
    (&["dominant_cycle"], 1, 1e-7, Slow::Rows(cycle)),
];
