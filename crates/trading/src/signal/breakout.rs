//! The channel breakout (Donchian): long above the highest high of the last bars, out below the lowest low of fewer.

use super::{Stake, Stance, Window};
use crate::floor::{Desk, Strategy};
use crate::market::Data;
use crate::order::Update;

/// A channel breakout, and its mirror image when the stake allows shorts.
#[derive(Debug, Clone, PartialEq)]
pub struct Breakout {
    /// What it trades.
    pub(super) stake: Stake,
    /// Highs of the entry channel, the present bar not among them.
    highs: Window,
    /// Lows of the entry channel.
    lows: Window,
    /// Bars of the exit channel.
    n_exit: usize,
}

impl Breakout {
    /// Enters beyond the extremes of `n_entry` bars, leaves beyond the opposite ones of `n_exit` (at most `n_entry`).
    pub fn new(stake: Stake, n_entry: usize, n_exit: usize) -> Self {
        let n_exit = n_exit.clamp(1, n_entry.max(1));
        Self { stake, highs: Window::new(n_entry), lows: Window::new(n_entry), n_exit }
    }

    /// The stance at a close, given what is held.
    fn stance(&self, close: f64, held: f64) -> Option<Stance> {
        let highest = self.highs.values.iter().copied().fold(f64::MIN, f64::max);
        let lowest = self.lows.values.iter().copied().fold(f64::MAX, f64::min);
        let last = |window: &Window| window.values.iter().rev().take(self.n_exit).copied().collect::<Vec<f64>>();
        if close > highest {
            return Some(Stance::Long);
        }
        if close < lowest {
            return Some(Stance::Short);
        }
        let leaves_long = held > 0.0 && last(&self.lows).into_iter().all(|low| close < low);
        let leaves_short = held < 0.0 && last(&self.highs).into_iter().all(|high| close > high);
        (leaves_long || leaves_short).then_some(Stance::Flat)
    }
}

impl Strategy for Breakout {
    fn on_data(&mut self, data: &Data, desk: &mut Desk) {
        let Some(bar) = self.stake.bar(data, desk) else { return };
        if self.highs.is_full()
            && let Some(stance) = self.stance(bar.close, self.stake.stands(desk))
        {
            self.stake.take(stance, desk);
        }
        self.highs.push(bar.high);
        self.lows.push(bar.low);
    }

    fn on_order(&mut self, _update: &Update, _desk: &mut Desk) {}

    fn evaluate(&mut self, _desk: &mut Desk) {}
}
