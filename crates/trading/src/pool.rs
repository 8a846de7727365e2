//! The dynamic asset pool: the most traded names, chosen anew each period from the past only.

use crosscut_model::calendar::Rebalance;
use crosscut_model::{Range, Timeframe};

use crate::error::TradingError;

/// The `top_n` names by mean dollar volume over a lookback before each period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PoolRule {
    /// How many names.
    pub top_n: usize,
    /// The calendar periods for which a pool holds; never a bar count.
    pub reselect: Rebalance,
    /// How far back from the first label of the period bars are looked at.
    pub lookback: Timeframe,
    /// Fewest bars a name needs in the lookback.
    pub min_bars: usize,
}

/// How much one symbol traded before one period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PoolEntry {
    /// First label of the period, microseconds.
    pub period: i64,
    /// Mean dollar volume over the bars in the lookback, quote units.
    pub mean_dollar_volume: f64,
}

impl PoolRule {
    /// Checks the rule.
    ///
    /// # Errors
    /// [`TradingError`] for a size of 0, periods counted in bars, or a lookback in months (whose length varies).
    pub fn check(&self) -> Result<(), TradingError> {
        if self.top_n == 0 {
            return Err(TradingError::BadNumber { what: "pool top_n", value: 0.0, expected: "at least 1" });
        }
        if let Rebalance::Bars(_) = self.reselect {
            return Err(TradingError::bad_choice(
                "a pool period",
                &self.reselect.to_string(),
                &["D", "W-MON .. W-SUN", "MS", "QS"],
            ));
        }
        if self.lookback.micros().is_none() {
            return Err(TradingError::bad_choice("a pool lookback", &self.lookback.to_string(), &["30d", "12h", "4w"]));
        }
        Ok(())
    }

    /// The first label of the period that contains `timestamp` (microseconds).
    ///
    /// # Panics
    /// When the rule counts periods in bars, which [`PoolRule::check`] refuses.
    pub fn period(&self, timestamp: i64) -> i64 {
        self.reselect.period_start(timestamp).expect("the rule was checked: periods are calendar periods")
    }

    /// The labels that count for the period beginning at `period`: `[period - lookback, period)`.
    ///
    /// # Panics
    /// When the lookback is in months, which [`PoolRule::check`] refuses.
    pub fn window(&self, period: i64) -> Range {
        let length = self.lookback.micros().expect("the rule was checked: the lookback has a fixed length");
        Range { start: Some(period - length), end: Some(period) }
    }

    /// What one symbol brings to each period's choice: an entry for every period between `from` (a label, the first
    /// one the run can ask for; `None` is the symbol's first bar) and the last whose lookback reaches its bars, if
    /// the symbol has bars enough there. Bars whose dollar volume is missing (NaN) do not count.
    pub fn entries(&self, timestamps: &[i64], dollar_volume: &[f64], from: Option<i64>) -> Vec<PoolEntry> {
        let (Some(&first), Some(&last)) = (timestamps.first(), timestamps.last()) else {
            return Vec::new();
        };
        let length = self.lookback.micros().expect("the rule was checked: the lookback has a fixed length");
        let mut entries = Vec::new();
        let mut period = self.period(from.map_or(first, |from| from.max(first)));
        while period - length <= last {
            let positions = self.window(period).positions(timestamps);
            let (mut sum, mut n_bars) = (0.0, 0usize);
            for &value in dollar_volume[positions].iter().filter(|value| value.is_finite()) {
                sum += value;
                n_bars += 1;
            }
            if n_bars >= self.min_bars.max(1) {
                entries.push(PoolEntry { period, mean_dollar_volume: sum / n_bars as f64 });
            }
            period = next_period(self.reselect, period);
        }
        entries
    }

    /// The pool of the period beginning at `period`: at most `top_n` symbols by mean dollar volume, ties to the
    /// smaller index, as ascending indices. `entries` holds each symbol's [`PoolRule::entries`].
    pub fn choose<'a>(&self, period: i64, entries: impl Iterator<Item = &'a [PoolEntry]>) -> Vec<u32> {
        let mut candidates: Vec<(f64, u32)> = entries
            .enumerate()
            .filter_map(|(symbol_idx, entries)| {
                let at = entries.binary_search_by_key(&period, |entry| entry.period).ok()?;
                Some((entries[at].mean_dollar_volume, symbol_idx as u32))
            })
            .collect();
        candidates.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        candidates.truncate(self.top_n);
        let mut chosen: Vec<u32> = candidates.into_iter().map(|(_, symbol_idx)| symbol_idx).collect();
        chosen.sort_unstable();
        chosen
    }
}

/// The first label of the period after the one beginning at `period`.
///
/// # Panics
/// When periods are counted in bars, which every rule refuses.
pub(crate) fn next_period(reselect: Rebalance, period: i64) -> i64 {
    // No period is shorter than a day, none longer than 92: step by days until the period changes.
    let day = crosscut_model::time::DAY;
    let step = match reselect {
        Rebalance::Bars(_) | Rebalance::Daily => day,
        Rebalance::Weekly(_) => 7 * day,
        Rebalance::MonthStart => 31 * day,
        Rebalance::QuarterStart => 92 * day,
    };
    reselect.period_start(period + step).expect("the rule was checked: periods are calendar periods")
}

#[cfg(test)]
mod tests {
    //! Pools worked out by hand.

    use super::*;
    use crosscut_model::time::{DAY, parse_iso};

    fn rule(top_n: usize, reselect: &str, lookback: &str, min_bars: usize) -> PoolRule {
        PoolRule { top_n, reselect: reselect.parse().unwrap(), lookback: lookback.parse().unwrap(), min_bars }
    }

    #[test]
    fn periods_follow_one_another() {
        for (reselect, first, second) in [
            ("MS", "2024-01-01", "2024-02-01"),
            ("MS", "2024-02-01", "2024-03-01"),
            ("QS", "2024-01-01", "2024-04-01"),
            ("QS", "2023-10-01", "2024-01-01"),
            ("W-MON", "2024-07-15", "2024-07-22"),
            ("D", "2024-07-15", "2024-07-16"),
        ] {
            let rule = rule(1, reselect, "30D", 1);
            assert_eq!(next_period(rule.reselect, parse_iso(first).unwrap()), parse_iso(second).unwrap());
        }
    }

    #[test]
    fn only_bars_before_the_period_count() {
        let start = parse_iso("2024-01-20").unwrap();
        let days: Vec<i64> = (0..20).map(|d| start + d * DAY).collect();
        let volume: Vec<f64> = (0..20).map(f64::from).collect();
        let rule = rule(1, "MS", "5D", 5);
        let entries = rule.entries(&days, &volume, None);
        // February looks at 27 to 31 January: rows 7 to 11, mean 9. March looks back to 25 February: no bars left.
        assert_eq!(entries, [PoolEntry { period: parse_iso("2024-02-01").unwrap(), mean_dollar_volume: 9.0 }]);
        let mut gap = volume.clone();
        gap[9] = f64::NAN;
        assert!(rule.entries(&days, &gap, None).is_empty(), "four bars are fewer than five");
    }

    #[test]
    fn ties_go_to_the_smaller_symbol() {
        let period = parse_iso("2024-02-01").unwrap();
        let entry = |mean_dollar_volume| vec![PoolEntry { period, mean_dollar_volume }];
        let table = [entry(1.0), entry(5.0), entry(5.0), Vec::new(), entry(9.0)];
        let pool = rule(2, "MS", "30D", 1).choose(period, table.iter().map(Vec::as_slice));
        assert_eq!(pool, [1, 4]);
        let none = rule(2, "MS", "30D", 1).choose(period + 1, table.iter().map(Vec::as_slice));
        assert!(none.is_empty());
    }

    #[test]
    fn impossible_rules_are_refused() {
        assert!(rule(0, "MS", "30D", 1).check().is_err());
        assert!(rule(1, "5", "30D", 1).check().is_err());
        assert!(rule(1, "MS", "1M", 1).check().is_err());
        assert!(rule(1, "QS", "4w", 1).check().is_ok());
    }
}
