//! What is done about extreme factor values, on the values of all symbols at one timestamp. Missing values neither
//! count nor change.

use crate::config::Outliers;

/// Applies a policy to the values of one column at one timestamp, one per symbol, and counts what it changed.
#[derive(Debug, Clone)]
pub(crate) struct Cleaner {
    /// The policy.
    policy: Outliers,
    /// The finite values, sorted; kept to spare allocations.
    sorted: Vec<f64>,
}

impl Cleaner {
    /// A cleaner for a policy.
    pub fn new(policy: Outliers) -> Self {
        Self { policy, sorted: Vec::new() }
    }

    /// Changes `values` by the policy and returns how many values it changed.
    pub fn clean(&mut self, values: &mut [f64]) -> u64 {
        match self.policy {
            Outliers::Keep => 0,
            Outliers::Winsorize(p) => self.winsorize(values, p),
            Outliers::DropBeyondMad(x) => self.drop_beyond_mad(values, x),
        }
    }

    /// Moves values outside the quantiles `p` and `1 - p` to those quantiles.
    fn winsorize(&mut self, values: &mut [f64], p: f64) -> u64 {
        if !self.sort(values.iter().copied()) {
            return 0;
        }
        let (low, high) = (quantile(&self.sorted, p), quantile(&self.sorted, 1.0 - p));
        let mut n_changed = 0;
        for value in values.iter_mut().filter(|value| !value.is_nan()) {
            let moved = value.max(low).min(high);
            n_changed += u64::from(moved != *value);
            *value = moved;
        }
        n_changed
    }

    /// Makes values further than `x` median absolute deviations from the median missing. Where the deviation is 0 (at
    /// least half of the values are equal) there is no scale to judge by, and nothing is dropped.
    fn drop_beyond_mad(&mut self, values: &mut [f64], x: f64) -> u64 {
        if !self.sort(values.iter().copied()) {
            return 0;
        }
        let median = quantile(&self.sorted, 0.5);
        self.sort(values.iter().map(|value| (value - median).abs()));
        let deviation = quantile(&self.sorted, 0.5);
        if deviation == 0.0 {
            return 0;
        }
        let mut n_dropped = 0;
        for value in values.iter_mut().filter(|value| (**value - median).abs() > x * deviation) {
            *value = f64::NAN;
            n_dropped += 1;
        }
        n_dropped
    }

    /// Sorts what is not missing; whether there is anything.
    fn sort(&mut self, values: impl Iterator<Item = f64>) -> bool {
        self.sorted.clear();
        self.sorted.extend(values.filter(|value| !value.is_nan()));
        self.sorted.sort_unstable_by(f64::total_cmp);
        !self.sorted.is_empty()
    }
}

/// The `p`-quantile of sorted values, linear between neighbours (Hyndman and Fan, type 7; numpy's default).
fn quantile(sorted: &[f64], p: f64) -> f64 {
    let at = p * (sorted.len() - 1) as f64;
    let below = at.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (sorted[above] - sorted[below]) * (at - below as f64)
}

#[cfg(test)]
mod tests {
    //! Small cross-sections worked out by hand.

    use super::*;

    #[test]
    fn winsorize_moves_both_tails() {
        let mut values = [5.0, f64::NAN, 1.0, 2.0, 3.0, 100.0];
        let n_changed = Cleaner::new(Outliers::Winsorize(0.25)).clean(&mut values);
        // Sorted 1 2 3 5 100: the quartiles are 2 and 5.
        assert_eq!((values[0], values[2], values[3], values[5]), (5.0, 2.0, 2.0, 5.0));
        assert!(values[1].is_nan());
        assert_eq!(n_changed, 2);
    }

    #[test]
    fn mad_drops_the_far_one() {
        let mut values = [1.0, 2.0, 3.0, 4.0, 100.0, f64::NAN];
        // Median 3, deviations 2 1 0 1 97: their median is 1.
        assert_eq!(Cleaner::new(Outliers::DropBeyondMad(2.0)).clean(&mut values), 1);
        assert!(values[4].is_nan() && values[0] == 1.0);
    }

    #[test]
    fn nothing_to_judge_by() {
        for policy in [Outliers::Keep, Outliers::Winsorize(0.1), Outliers::DropBeyondMad(3.0)] {
            let mut cleaner = Cleaner::new(policy);
            assert_eq!(cleaner.clean(&mut []), 0);
            assert_eq!(cleaner.clean(&mut [f64::NAN]), 0);
            assert_eq!(cleaner.clean(&mut [7.0]), 0);
            assert_eq!(cleaner.clean(&mut [7.0, 7.0, 7.0]), 0);
        }
        assert_eq!(Cleaner::new(Outliers::DropBeyondMad(3.0)).clean(&mut [7.0, 7.0, 7.0, 1e9]), 0);
    }
}
