//! The relative strength index (Wilder 1978): buys when it is low, leaves (or sells) when it is high.

use super::{Stake, Stance};
use crate::floor::{Desk, Strategy};
use crate::market::Data;
use crate::order::Update;

/// Wilder's index: `100 - 100 / (1 + gain / loss)`, where gain and loss start as the means of the first `n` changes and
/// are then smoothed by `before * (n - 1) / n + change / n`.
#[derive(Debug, Clone, PartialEq)]
pub struct Rsi {
    /// What it trades.
    pub(super) stake: Stake,
    /// Length.
    n_bars: usize,
    /// Buys at or below.
    low: f64,
    /// Leaves, or sells, at or above.
    high: f64,
    /// The close before; NaN before the first.
    before: f64,
    /// Changes seen.
    n_seen: usize,
    /// Smoothed gain.
    gain: f64,
    /// Smoothed loss, positive.
    loss: f64,
}

impl Rsi {
    /// An index of length `n_bars` with its two levels, from 0 to 100.
    pub fn new(stake: Stake, n_bars: usize, (low, high): (f64, f64)) -> Self {
        Self { stake, n_bars: n_bars.max(1), low, high, before: f64::NAN, n_seen: 0, gain: 0.0, loss: 0.0 }
    }

    /// Takes a close in; gives the index once it has seen as many changes as it is long. A market that has not moved has
    /// none.
    pub fn update(&mut self, close: f64) -> Option<f64> {
        let change = close - self.before;
        self.before = close;
        if change.is_nan() {
            return None;
        }
        self.n_seen += 1;
        let n = self.n_bars as f64;
        let (gain, loss) = (change.max(0.0), (-change).max(0.0));
        if self.n_seen <= self.n_bars {
            self.gain += gain / n;
            self.loss += loss / n;
        } else {
            self.gain = (self.gain * (n - 1.0) + gain) / n;
            self.loss = (self.loss * (n - 1.0) + loss) / n;
        }
        let sum = self.gain + self.loss;
        (self.n_seen >= self.n_bars && sum > 0.0).then(|| 100.0 * self.gain / sum)
    }
}

impl Strategy for Rsi {
    fn on_data(&mut self, data: &Data, desk: &mut Desk) {
        let Some(bar) = self.stake.bar(data, desk) else { return };
        let Some(index) = self.update(bar.close) else { return };
        if index <= self.low {
            self.stake.take(Stance::Long, desk);
        } else if index >= self.high {
            self.stake.take(Stance::Short, desk);
        }
    }

    fn on_order(&mut self, _update: &Update, _desk: &mut Desk) {}

    fn evaluate(&mut self, _desk: &mut Desk) {}
}
