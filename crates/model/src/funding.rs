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

#[cfg(test)]
mod tests {
    //! Labels and the minutes they mean.

    use super::*;

    #[test]
    fn lateness_does_not_make_another_row() {
        let due = 1_771_120_800_000_000;
        assert_eq!([due - 9_000, due, due + 17_000, due + 29 * 1_000_000].map(nominal), [due; 4]);
        assert_eq!(nominal(due + 31 * 1_000_000), due + MINUTE);
    }
}
