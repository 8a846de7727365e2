//! The crossing of a fast and a slow average: long while the fast one is above, short (or flat) while it is below.

use super::{Stake, Stance, Window};
use crate::floor::{Desk, Strategy};
use crate::market::Data;
use crate::order::Update;

/// A running average of closes.
#[derive(Debug, Clone, PartialEq)]
pub enum Average {
    /// The mean of the last closes.
    Simple(SimpleAverage),
    /// Exponential, seeded with the first close: `a * close + (1 - a) * before`, `a = 2 / (n + 1)`.
    Exponential(ExponentialAverage),
}

/// The mean of the last closes.
#[derive(Debug, Clone, PartialEq)]
pub struct SimpleAverage(Window);

/// An exponential average and the number of closes it should see before it counts.
#[derive(Debug, Clone, PartialEq)]
pub struct ExponentialAverage {
    /// Span.
    n_bars: usize,
    /// Closes seen.
    n_seen: usize,
    /// The average.
    value: f64,
}

impl Average {
    /// A simple average over `n_bars` closes.
    pub fn simple(n_bars: usize) -> Self {
        Self::Simple(SimpleAverage(Window::new(n_bars)))
    }

    /// An exponential average of span `n_bars`.
    pub fn exponential(n_bars: usize) -> Self {
        Self::Exponential(ExponentialAverage { n_bars, n_seen: 0, value: f64::NAN })
    }

    /// Takes a close in; gives the average once it has seen as many closes as it is long.
    pub fn update(&mut self, close: f64) -> Option<f64> {
        match self {
            Self::Simple(SimpleAverage(window)) => {
                window.push(close);
                window.is_full().then(|| window.mean())
            }
            Self::Exponential(average) => {
                let weight = 2.0 / (average.n_bars as f64 + 1.0);
                average.value =
                    if average.n_seen == 0 { close } else { weight * close + (1.0 - weight) * average.value };
                average.n_seen += 1;
                (average.n_seen >= average.n_bars).then_some(average.value)
            }
        }
    }
}

/// The crossing of two averages.
#[derive(Debug, Clone, PartialEq)]
pub struct Cross {
    /// What it trades.
    pub(super) stake: Stake,
    /// The shorter average.
    fast: Average,
    /// The longer average.
    slow: Average,
}

impl Cross {
    /// A strategy that is long while `fast` is above `slow`.
    pub fn new(stake: Stake, fast: Average, slow: Average) -> Self {
        Self { stake, fast, slow }
    }
}

impl Strategy for Cross {
    fn on_data(&mut self, data: &Data, desk: &mut Desk) {
        let Some(bar) = self.stake.bar(data, desk) else { return };
        if let (Some(fast), Some(slow)) = (self.fast.update(bar.close), self.slow.update(bar.close)) {
            self.stake.take(if fast > slow { Stance::Long } else { Stance::Short }, desk);
        }
    }

    fn on_order(&mut self, _update: &Update, _desk: &mut Desk) {}

    fn evaluate(&mut self, _desk: &mut Desk) {}
}
