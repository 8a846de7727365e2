//! Ranks of a cross-section as whole numbers, and correlations of them.
//!
//! A rank is kept doubled, `2r`, so that the average rank of ties is a whole number too. Sums of products of whole
//! numbers are exact, so a rank correlation has the same bits whatever the order of the names.

use crate::order::Order;

/// Room for ranking, reused from call to call.
#[derive(Debug, Clone, Default)]
pub struct Ranker {
    /// For the order of values.
    order: Order,
    /// How often each doubled rank occurs, then where it begins.
    counts: Vec<u32>,
}

impl Ranker {
    /// Twice the average rank of each value, from 2 for the smallest; 0 for values that are not finite.
    pub fn rank(&mut self, values: &[f64], out: &mut Vec<u32>) {
        out.clear();
        out.resize(values.len(), 0);
        self.order.each_rank(values, |at, doubled| out[at] = doubled);
    }

    /// The doubled ranks of some names among themselves, from their doubled ranks among more names: by counting, in
    /// time proportional to the largest rank.
    pub fn rank_again(&mut self, ranks: &[u32], out: &mut Vec<u32>) {
        let largest = ranks.iter().copied().max().unwrap_or(0) as usize;
        self.counts.clear();
        self.counts.resize(largest + 1, 0);
        ranks.iter().for_each(|&rank| self.counts[rank as usize] += 1);
        let mut begin = 0;
        for count in &mut self.counts {
            let n_ties = *count;
            *count = 2 * begin + n_ties + 1;
            begin += n_ties;
        }
        out.clear();
        out.extend(ranks.iter().map(|&rank| self.counts[rank as usize]));
    }
}

/// Pearson correlation of whole numbers, in integers up to the last division; `None` with fewer than two or when one
/// side does not vary. Of doubled average ranks it is Spearman's rank correlation with ties averaged.
///
/// # Panics
/// If the slices differ in length.
pub fn rank_correlation(x: &[u32], y: &[u32]) -> Option<f64> {
    assert_eq!(x.len(), y.len(), "ranks come in pairs");
    let (mut sum_x, mut sum_y, mut xx, mut yy, mut xy) = (0u64, 0u64, 0u64, 0u64, 0u64);
    for (&x, &y) in x.iter().zip(y) {
        let (x, y) = (u64::from(x), u64::from(y));
        sum_x += x;
        sum_y += y;
        xx += x * x;
        yy += y * y;
        xy += x * y;
    }
    let wide = i128::from;
    let n = x.len() as i128;
    let product = |a: u64, b: u64, ab: u64| n * wide(ab) - wide(a) * wide(b);
    let (var_x, var_y) = (product(sum_x, sum_x, xx), product(sum_y, sum_y, yy));
    if var_x <= 0 || var_y <= 0 {
        return None;
    }
    let correlation = product(sum_x, sum_y, xy) as f64 / ((var_x as f64).sqrt() * (var_y as f64).sqrt());
    Some(correlation.clamp(-1.0, 1.0))
}

/// Pearson correlation in two passes; `None` with fewer than two pairs or when one side does not vary. All values are
/// finite.
///
/// # Panics
/// If the slices differ in length.
pub fn correlation(x: &[f64], y: &[f64]) -> Option<f64> {
    assert_eq!(x.len(), y.len(), "values come in pairs");
    let varies = |values: &[f64]| values.iter().any(|value| *value != values[0]);
    if x.len() < 2 || !varies(x) || !varies(y) {
        return None;
    }
    let n = x.len() as f64;
    let (mean_x, mean_y) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (x, y) in x.iter().zip(y) {
        let (x, y) = (x - mean_x, y - mean_y);
        xx += x * x;
        yy += y * y;
        xy += x * y;
    }
    let correlation = xy / (xx.sqrt() * yy.sqrt());
    correlation.is_finite().then(|| correlation.clamp(-1.0, 1.0))
}
