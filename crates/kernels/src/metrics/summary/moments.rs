//! The second walk over a curve: what needs the means.

use super::tails::Gather;
use crate::metrics::defined;

/// Sums around means, not divided yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moments {
    /// Of squares of returns.
    pub(super) second: f64,
    /// Of cubes of returns.
    third: f64,
    /// Of fourth powers of returns.
    fourth: f64,
    /// Of squares of logarithms.
    pub(super) log_squares: f64,
    /// Of logarithms times places.
    pub(super) log_places: f64,
}

impl Moments {
    /// The moments of returns and of logarithms around their means. Returns are shown to `ends` on the way: what adds waits for the
    /// sum before, and there is time to write.
    pub(super) fn new<E: Gather>(
        (returns, logs): (&[f64], &[f64]),
        (mean, log_mean): (f64, f64),
        mut ends: E,
    ) -> (Self, E) {
        let mut moments = Self { second: 0.0, third: 0.0, fourth: 0.0, log_squares: 0.0, log_places: 0.0 };
        let mut place = -0.5 * (returns.len() - 1) as f64;
        for (&value, log) in returns.iter().zip(logs) {
            let distance = value - mean;
            let square = distance * distance;
            moments.second += square;
            moments.third += square * distance;
            moments.fourth += square * square;
            let log = log - log_mean;
            moments.log_squares += log * log;
            moments.log_places += log * place;
            place += 1.0;
            ends.take(value);
        }
        (moments, ends)
    }

    /// Skewness and kurtosis of the returns, as [`crate::metrics::probability::shape`] has them.
    pub(super) fn shape(self, n: f64) -> Option<(f64, f64)> {
        let (second, third, fourth) = (self.second / n, self.third / n, self.fourth / n);
        if second == 0.0 {
            return None;
        }
        Some((defined(third / (second * second.sqrt()))?, defined(fourth / (second * second))?))
    }
}
