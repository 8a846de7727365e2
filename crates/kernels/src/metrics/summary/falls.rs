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

    /// The highest value so far.
    pub(super) fn peak(&self) -> f64 {
        self.peak
    }

    /// The highest values up to each of a window's.
    #[inline(always)]
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
    #[inline(always)]
    pub(super) fn take(&mut self, falls: &[f64]) {
        let (chunks, rest) = falls.as_chunks::<FEW>();
        for chunk in chunks {
            let (lowest, highest) = extremes(chunk);
            if highest < 0.0 {
                if lowest < self.deepest.0 {
                    self.deepest = (lowest, self.at + first(chunk, lowest));
                }
            } else if self.may_note(lowest) {
                chunk.iter().zip(self.at..).for_each(|(&fall, idx)| self.take_one(fall, idx));
            } else {
                // What ended here is neither the worst nor the longest; what began last may be.
                let high = last_high(chunk);
                self.peak_idx = self.at + high;
                let mut after = *chunk;
                (0..FEW).for_each(|at| after[at] = if at > high { after[at] } else { 0.0 });
                let lowest = extremes(&after).0;
                self.deepest = (lowest, self.at + first(&after, lowest));
            }
            self.at += FEW;
        }
        for &fall in rest {
            self.take_one(fall, self.at);
            self.at += 1;
        }
    }

    /// Whether one of the next few falls, down to `lowest` and up to a high, may end the worst or the longest stretch so far.
    #[inline(always)]
    fn may_note(&self, lowest: f64) -> bool {
        lowest < self.lowest || self.deepest.0 < self.lowest || self.at + FEW - self.peak_idx > self.longest_length
    }

    /// Takes the fall at `idx` in.
    #[inline(always)]
    fn take_one(&mut self, fall: f64, idx: usize) {
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

/// The first place of a number that is among these; nobody can foresee it, so that all are looked at.
#[inline(always)]
fn first(values: &[f64; FEW], value: f64) -> usize {
    (0..FEW).rev().fold(0, |place, at| if values[at] == value { at } else { place })
}

/// The last place of a high that is among falls.
#[inline(always)]
fn last_high(falls: &[f64; FEW]) -> usize {
    (0..FEW).fold(0, |place, at| if falls[at] >= 0.0 { at } else { place })
}

/// The lowest and the highest of numbers.
#[inline(always)]
fn extremes(values: &[f64; FEW]) -> (f64, f64) {
    let (mut lowest, mut highest) = (*values, *values);
    let mut n_lanes = FEW;
    // Each half against the other.
    while n_lanes > 1 {
        n_lanes /= 2;
        for lane in 0..n_lanes {
            let (low, high) = (lowest[lane + n_lanes], highest[lane + n_lanes]);
            lowest[lane] = if low < lowest[lane] { low } else { lowest[lane] };
            highest[lane] = if high > highest[lane] { high } else { highest[lane] };
        }
    }
    (lowest[0], highest[0])
}
