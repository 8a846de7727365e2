//! Funding of perpetuals as columns: what a venue charged, when, and for how long.

use crate::table::{Column, Table};
use crate::time::MINUTE;

/// Funding rows of one symbol in order of time, one vector per field, all of one length.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Funding {
    /// When it was due by the venue's own label, some milliseconds late as venues are. Microseconds UTC.
    pub timestamp: Vec<i64>,
    /// When the rate could be known: a venue fixes it when it is due. Microseconds UTC.
    pub available_at: Vec<i64>,
    /// Fraction of the position's value that the long pays to the short; for the whole interval, not for a year.
    pub rate: Vec<f64>,
    /// The stretch the rate is for, which ends with the row, microseconds; 0 where the source does not say.
    pub interval_us: Vec<i64>,
    /// Mark price it was charged on, quote units; NaN where the source does not say.
    pub mark_price: Vec<f64>,
}

impl Funding {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.timestamp.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.timestamp.is_empty()
    }

    /// The rows as a table with the columns `timestamp, available_at, rate, interval_us, mark_price`.
    pub fn into_table(self) -> Table {
        let mut table = Table::default();
        table.push("timestamp", Column::I64(self.timestamp));
        table.push("available_at", Column::I64(self.available_at));
        table.push("rate", Column::F64(self.rate));
        table.push("interval_us", Column::I64(self.interval_us));
        table.push("mark_price", Column::F64(self.mark_price));
        table
    }
}

/// The moment a row was due on the venue's clock: its label to the nearest minute. Two sources that were late by
/// different milliseconds speak of the same row when this is the same.
pub fn nominal(timestamp: i64) -> i64 {
    (timestamp + MINUTE / 2).div_euclid(MINUTE) * MINUTE
}

/// A stretch in which rows are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FundingGap {
    /// Label of the row before it, microseconds UTC.
    pub after: i64,
    /// Label of the row behind it, microseconds UTC.
    pub before: i64,
    /// The interval at which rows come there, microseconds.
    pub interval_us: i64,
    /// Number of rows that are missing.
    pub n_missing: i64,
}

/// The stretches in which rows are missing, by the interval that rows state, else by the one of the rows around them. A
/// change of interval is no gap.
pub fn gaps(funding: &Funding) -> Vec<FundingGap> {
    let times = &funding.timestamp;
    let gap = |row: usize| {
        let interval_us = interval_before(funding, row);
        // Half an interval of allowance: labels jitter, and the first row after a change of interval has either.
        let n_missing = (times[row] - times[row - 1] - interval_us / 2 - 1).max(0) / interval_us;
        FundingGap { after: times[row - 1], before: times[row], interval_us, n_missing }
    };
    (1..funding.len()).map(gap).filter(|gap| gap.n_missing > 0).collect()
}

/// The stretch that row `row` (from 1 up) is for: what it says, else the longer of the neighbouring distances unless its
/// own is shorter, in whole minutes. With two rows their distance is all there is to go by.
fn interval_before(funding: &Funding, row: usize) -> i64 {
    if funding.interval_us[row] > 0 {
        return funding.interval_us[row];
    }
    let times = &funding.timestamp;
    let own = times[row] - times[row - 1];
    let earlier = row.checked_sub(2).map(|before| times[row - 1] - times[before]);
    let later = times.get(row + 1).map(|after| after - times[row]);
    let around = earlier.into_iter().chain(later).max();
    nominal(around.map_or(own, |around| around.min(own))).max(MINUTE)
}

#[cfg(test)]
mod tests {
    //! Labels and the minutes they mean.

    use super::*;
    use crate::time::HOUR;

    /// Funding at these hours, some milliseconds late, with a stated interval of so many hours (0: none).
    fn funding(hours: &[i64], stated: i64) -> Funding {
        let timestamp: Vec<i64> =
            hours.iter().enumerate().map(|(at, hour)| hour * HOUR + 7_000 * (at as i64 % 3)).collect();
        let (rate, mark_price) = (vec![0.0; hours.len()], vec![f64::NAN; hours.len()]);
        Funding {
            available_at: timestamp.clone(),
            timestamp,
            rate,
            interval_us: vec![stated * HOUR; hours.len()],
            mark_price,
        }
    }

    #[test]
    fn gaps_are_not_changes_of_interval() {
        let missing =
            |hours: &[i64], stated| gaps(&funding(hours, stated)).iter().map(|gap| gap.n_missing).collect::<Vec<_>>();
        assert!(missing(&[0, 8, 16, 20, 24, 28, 36, 44], 0).is_empty());
        assert!(missing(&[0, 1, 2, 3, 11, 19], 0).is_empty() && missing(&[5], 0).is_empty());
        assert_eq!(missing(&[0, 8, 16, 40, 48], 0), [2]);
        assert_eq!(missing(&[0, 8, 16, 40, 48], 8), [2]);
        assert_eq!(missing(&[0, 8, 16], 4), [1, 1]);
        let gap = gaps(&funding(&[0, 4, 12, 16], 0))[0];
        assert_eq!((gap.after / HOUR, gap.before / HOUR, gap.interval_us), (4, 12, 4 * HOUR));
    }

    #[test]
    fn lateness_does_not_make_another_row() {
        let due = 1_771_120_800_000_000;
        assert_eq!([due - 9_000, due, due + 17_000, due + 29 * 1_000_000].map(nominal), [due; 4]);
        assert_eq!(nominal(due + 31 * 1_000_000), due + MINUTE);
    }
}
