//! The second walk over a curve: what needs the means.

use super::tails::Gather;
use crate::metrics::defined;
use crate::widest::{Work, widest};

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
    pub(super) fn new<E: Gather>(rows: (&[f64], &[f64]), means: (f64, f64), ends: E) -> (Self, E) {
        widest(SecondWalk { rows, means, ends })
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

/// Rows that are worked out before they are summed.
const FEW: usize = 64;

/// The walk on its way.
struct SecondWalk<'a, E> {
    /// Returns and logarithms.
    rows: (&'a [f64], &'a [f64]),
    /// Their means.
    means: (f64, f64),
    /// Whom returns are shown to.
    ends: E,
}

impl<E: Gather> Work for SecondWalk<'_, E> {
    type Output = (Moments, E);

    #[inline(always)]
    fn run(self) -> Self::Output {
        let Self { rows: (returns, logs), means, mut ends } = self;
        let (mut parts, mut sums, mut log_places) =
            (Parts { fours: [[0.0; 4]; FEW], places: [0.0; FEW] }, [0.0; 4], 0.0);
        let first = -0.5 * (returns.len() - 1) as f64;
        for (nth, rows) in returns.chunks(FEW).zip(logs.chunks(FEW)).enumerate() {
            let place = first + (nth * FEW) as f64;
            match (<&[f64; FEW]>::try_from(rows.0), <&[f64; FEW]>::try_from(rows.1)) {
                // The same with a number of rows that is known.
                (Ok(returns), Ok(logs)) => parts.work_out((returns, logs), means, place),
                _ => parts.work_out(rows, means, place),
            }
            for ((value, four), place) in rows.0.iter().zip(&parts.fours).zip(&parts.places) {
                for (sum, part) in sums.iter_mut().zip(four) {
                    *sum += part;
                }
                log_places += place;
                ends.take(*value);
            }
        }
        let [second, third, fourth, log_squares] = sums;
        (Moments { second, third, fourth, log_squares, log_places }, ends)
    }
}

/// What is summed of a few rows.
struct Parts {
    /// Squares, cubes and fourth powers of returns, and squares of logarithms: side by side, as they are added.
    fours: [[f64; 4]; FEW],
    /// Logarithms times places.
    places: [f64; FEW],
}

impl Parts {
    /// Works out rows, the first of which is at `place`.
    #[inline(always)]
    fn work_out(&mut self, (returns, logs): (&[f64], &[f64]), (mean, log_mean): (f64, f64), place: f64) {
        for (at, (value, log)) in returns.iter().zip(logs).enumerate().take(FEW) {
            let distance = value - mean;
            let square = distance * distance;
            let log = log - log_mean;
            self.fours[at] = [square, square * distance, square * square, log * log];
            // All places are multiples of a half below 2^51: nothing is rounded.
            self.places[at] = log * (place + at as f64);
        }
    }
}
