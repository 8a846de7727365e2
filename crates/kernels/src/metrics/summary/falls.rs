//! Falls below the highest value so far: depth, length and pain.

use super::walk::{Column, Window};
use crate::metrics::Drawdown;

/// Falls that are looked at together for whether there is anything to note: mostly there is not.
const FEW: usize = 16;

/// What the falls of a curve come to.
pub(super) struct Falls {
    /// The lowest, 0 at most.
    pub(super) lowest: f64,
    /// See [`crate::metrics::worst_drawdown`].
    pub(super) worst: Option<Drawdown>,
    /// See [`crate::metrics::longest_drawdown`].
    pub(super) longest: Option<Drawdown>,
    /// Periods of the longest.
    longest_length: usize,
    /// The highest value so far.
    peak: f64,
    /// Position of the latest value that is not below an earlier one.
    peak_idx: usize,
    /// Position of the next fall.
    at: usize,
    /// The deepest fall since the peak, and where; 0 at a high.
    deepest: (f64, usize),
}

impl Falls {
    /// At the first value of a curve.
    pub(super) fn new(start: f64) -> Self {
        Self {
            lowest: 0.0,
            worst: None,
            longest: None,
            longest_length: 0,
            peak: start,
            peak_idx: 0,
            at: 1,
            deepest: (0.0, 0),
        }
    }

    /// The highest values up to each of a window's.
    pub(super) fn peaks(&mut self, window: &Window, peaks: &mut Column) {
        let mut peak = self.peak;
        for (places, values) in peaks.as_chunks_mut::<FEW>().0.iter_mut().zip(window[1..].as_chunks::<FEW>().0) {
            if extremes(values).1 <= peak {
                *places = [peak; FEW];
                continue;
            }
            for (place, &value) in places.iter_mut().zip(values) {
                peak = if value > peak { value } else { peak };
                *place = peak;
            }
        }
        self.peak = peak;
    }

    /// Takes the next falls in.
    pub(super) fn take(&mut self, falls: &[f64]) {
        let (chunks, rest) = falls.as_chunks::<FEW>();
        for chunk in chunks {
            let (lowest, highest) = extremes(chunk);
            if highest < 0.0 {
                if lowest < self.deepest.0 {
                    // The first of equal ones.
                    let place = chunk.iter().take_while(|fall| **fall != lowest).count();
                    self.deepest = (lowest, self.at + place);
                }
                self.at += FEW;
            } else {
                chunk.iter().for_each(|&fall| self.take_one(fall));
            }
        }
        rest.iter().for_each(|&fall| self.take_one(fall));
    }

    /// Takes the next fall in.
    #[inline]
    fn take_one(&mut self, fall: f64) {
        let idx = self.at;
        self.at += 1;
        if fall >= 0.0 {
            if self.deepest.0 < 0.0 {
                self.close(idx - 1, Some(idx));
                self.deepest.0 = 0.0;
            }
            self.peak_idx = idx;
        } else if fall < self.deepest.0 {
            // The first of equal ones.
            self.deepest = (fall, idx);
        }
    }

    /// The curve is over.
    pub(super) fn end(&mut self) {
        if self.deepest.0 < 0.0 {
            self.close(self.at - 1, None);
        }
    }

    /// A stretch below the high ends with `last_idx`, and recovers after it or never.
    fn close(&mut self, last_idx: usize, recovery_idx: Option<usize>) {
        let drawdown = Drawdown { peak_idx: self.peak_idx, trough_idx: self.deepest.1, recovery_idx };
        if self.deepest.0 < self.lowest {
            self.lowest = self.deepest.0;
            self.worst = Some(drawdown);
        }
        let length = last_idx - self.peak_idx + usize::from(recovery_idx.is_some());
        if length > self.longest_length {
            self.longest_length = length;
            self.longest = Some(drawdown);
        }
    }
}

/// The lowest and the highest of numbers.
#[inline]
fn extremes(values: &[f64; FEW]) -> (f64, f64) {
    let (mut lowest, mut highest) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
    for pair in values.as_chunks::<2>().0 {
        for lane in 0..2 {
            lowest[lane] = if pair[lane] < lowest[lane] { pair[lane] } else { lowest[lane] };
            highest[lane] = if pair[lane] > highest[lane] { pair[lane] } else { highest[lane] };
        }
    }
    let lowest = if lowest[1] < lowest[0] { lowest[1] } else { lowest[0] };
    (lowest, if highest[1] > highest[0] { highest[1] } else { highest[0] })
}
