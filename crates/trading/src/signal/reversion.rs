//! Mean reversion: against a close that is many deviations from its mean, out when it has come back.

use super::{Stake, Stance, Window};
use crate::floor::{Desk, Strategy};
use crate::market::Data;
use crate::order::Update;

/// Buys below the mean, sells above it.
#[derive(Debug, Clone, PartialEq)]
pub struct Reversion {
    /// What it trades.
    pub(super) stake: Stake,
    /// The last closes, the present one among them.
    closes: Window,
    /// Sample deviations from the mean at which it enters.
    enter: f64,
    /// Sample deviations from the mean at which it leaves.
    leave: f64,
}

impl Reversion {
    /// Looks at `n_bars` closes; enters `enter` deviations away, leaves within `leave`.
    pub fn new(stake: Stake, n_bars: usize, (enter, leave): (f64, f64)) -> Self {
        Self { stake, closes: Window::new(n_bars.max(2)), enter, leave }
    }

    /// The stance at a distance from the mean, given what is held.
    fn stance(&self, distance: f64, held: f64) -> Option<Stance> {
        if distance <= -self.enter {
            return Some(Stance::Long);
        }
        if distance >= self.enter {
            return Some(Stance::Short);
        }
        let is_back = if held > 0.0 { distance >= -self.leave } else { distance <= self.leave };
        (held != 0.0 && is_back).then_some(Stance::Flat)
    }
}

impl Strategy for Reversion {
    fn on_data(&mut self, data: &Data, desk: &mut Desk) {
        let Some(bar) = self.stake.bar(data, desk) else { return };
        self.closes.push(bar.close);
        let deviation = self.closes.deviation();
        // A market that does not move has no distance.
        if !self.closes.is_full() || deviation.is_nan() || deviation <= 0.0 {
            return;
        }
        let distance = (bar.close - self.closes.mean()) / deviation;
        if let Some(stance) = self.stance(distance, self.stake.stands(desk)) {
            self.stake.take(stance, desk);
        }
    }

    fn on_order(&mut self, _update: &Update, _desk: &mut Desk) {}

    fn evaluate(&mut self, _desk: &mut Desk) {}
}
