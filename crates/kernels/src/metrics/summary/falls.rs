//! Falls below the highest value so far: depth, length and pain in one walk.

use crate::metrics::Drawdown;

/// Values looked at together: their quotients are taken several at once.
const BLOCK: usize = 256;

/// What the falls of a curve come to.
pub(super) struct Falls {
    /// The lowest, 0 at most.
    pub(super) lowest: f64,
    /// Sum of squares of all but the first, in their order.
    pub(super) squares: f64,
    /// See [`crate::metrics::worst_drawdown`].
    pub(super) worst: Option<Drawdown>,
    /// See [`crate::metrics::longest_drawdown`].
    pub(super) longest: Option<Drawdown>,
    /// Periods of the longest.
    longest_length: usize,
    /// Position of the latest value that is not below an earlier one.
    peak_idx: usize,
    /// The deepest fall since then, and where; 0 at a high.
    deepest: (f64, usize),
}

impl Falls {
    /// The falls of a curve of positive numbers.
    pub(super) fn new(equity: &[f64]) -> Self {
        let mut falls = Self {
            lowest: 0.0,
            squares: 0.0,
            worst: None,
            longest: None,
            longest_length: 0,
            peak_idx: 0,
            deepest: (0.0, 0),
        };
        let (mut peak, mut block) = (equity[0], [0.0; BLOCK]);
        for (nth, values) in equity.chunks(BLOCK).enumerate() {
            let block = &mut block[..values.len()];
            for (place, &value) in block.iter_mut().zip(values) {
                peak = if value > peak { value } else { peak };
                *place = peak;
            }
            for (place, value) in block.iter_mut().zip(values) {
                *place = value / *place - 1.0;
            }
            for (at, &fall) in block.iter().enumerate() {
                // The first is 0, whose square changes no sum.
                falls.squares += fall * fall;
                falls.take(nth * BLOCK + at, fall);
            }
        }
        if falls.deepest.0 < 0.0 {
            falls.close(equity.len() - 1, None);
        }
        falls
    }

    /// Takes the next fall in.
    #[inline]
    fn take(&mut self, idx: usize, fall: f64) {
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
