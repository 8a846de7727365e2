//! What holding costs: borrowing what was sold short.

use crosscut_model::time::DAY;

/// A yearly rate on the value of short positions, accrued by time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BorrowRate {
    /// Fraction a year of 365 days.
    pub per_year: f64,
}

impl BorrowRate {
    /// The cost of being short `value` (positive, quote units) for `micros` microseconds.
    pub fn cost(&self, value: f64, micros: i64) -> f64 {
        self.per_year * value * (micros as f64 / (365.0 * DAY as f64))
    }
}
