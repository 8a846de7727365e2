//! Operators across symbols at one time: one slice holds the values of all symbols that have a row then, in a fixed
//! order. A value that is not finite is left out and its result is NaN.

/// Room for sorting, reused from call to call.
#[derive(Debug, Clone, Default)]
pub struct RankScratch {
    /// Finite values and where they came from.
    order: Vec<(f64, u32)>,
}

/// The mean of the finite values and their number.
fn finite_mean(values: &[f64]) -> (f64, f64) {
    let (mut sum, mut count) = (0.0, 0.0);
    for &x in values.iter().filter(|x| x.is_finite()) {
        sum += x;
        count += 1.0;
    }
    (sum / count, count)
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
    let order = &mut scratch.order;
    order.clear();
    for (at, &x) in (0..).zip(values) {
        out[at as usize] = f64::NAN;
        if x.is_finite() {
            order.push((x, at));
        }
    }
    // Finite values only, so an order always exists; -0 and 0 are ties. Equal values may come in any order: they
    // get the same rank.
    order.sort_unstable_by(|a, b| a.0.partial_cmp(&b.0).expect("finite values compare"));
    let n = order.len() as f64;
    let mut begin = 0;
    while begin < order.len() {
        let ties = order[begin..].iter().take_while(|(x, _)| *x == order[begin].0).count();
        let average = begin as f64 + (ties as f64 + 1.0) / 2.0;
        for &(_, at) in &order[begin..begin + ties] {
            out[at as usize] = average / n;
        }
        begin += ties;
    }
}

/// Value minus mean over sample deviation (ddof 1); NaN when fewer than two values are there or all are equal.
/// Two passes, summed in the order of the slice.
///
/// # Panics
/// If `out` is shorter than `values`.
pub fn zscore(values: &[f64], out: &mut [f64]) {
    let (mean, count) = finite_mean(values);
    let mut squares = 0.0;
    for &x in values.iter().filter(|x| x.is_finite()) {
        squares += (x - mean) * (x - mean);
    }
    let deviation = (squares / (count - 1.0)).sqrt();
    // The mean of equal values can be off by a rounding, which must not be blown up to a score.
    let first = values.iter().copied().find(|x| x.is_finite());
    let varies = values.iter().any(|&x| x.is_finite() && Some(x) != first);
    for (out, &x) in out.iter_mut().zip(values) {
        *out = if varies { clean((x - mean) / deviation) } else { f64::NAN };
    }
}

/// Value minus mean.
///
/// # Panics
/// If `out` is shorter than `values`.
pub fn demean(values: &[f64], out: &mut [f64]) {
    let (mean, _) = finite_mean(values);
    for (out, &x) in out.iter_mut().zip(values) {
        *out = clean(x - mean);
    }
}
