//! Time-series strategies on one symbol's bars, small enough to read as examples of [`crate::Strategy`].
//!
//! Each decides at a bar's close from that bar and those before it, and brings the position to a share of equity with a
//! market order, which by default meets the next open. [`PerSymbol`] runs one of them on every symbol of a run, by its name in
//! the registry of [`crate::strategy`]. Start with [`cross`].

pub mod breakout;
pub mod cross;
mod per_symbol;
pub mod reversion;
pub mod rsi;
pub(crate) mod template;
#[cfg(test)]
mod tests;

pub use breakout::Breakout;
pub use cross::{Average, Cross};
pub use per_symbol::{PerSymbol, Signals};
pub use reversion::Reversion;
pub use rsi::Rsi;

use std::collections::VecDeque;

use crate::floor::Desk;
use crate::market::{Bar, Data};

/// What a signal trades, and with how much.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stake {
    /// Position of the symbol in the driver's sorted symbol list.
    pub symbol_idx: u32,
    /// The feed whose bars count.
    pub feed_idx: u32,
    /// Share of equity to be long with.
    pub long: f64,
    /// Share of equity to be short with; 0: flat instead of short.
    pub short: f64,
}

/// Which way a signal points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stance {
    /// Up.
    Long,
    /// Nowhere.
    Flat,
    /// Down.
    Short,
}

impl Stake {
    /// The bar of the feed that counts, its prices comparable with earlier ones over splits and dividends; `None` for other
    /// data.
    fn bar(&self, data: &Data, desk: &Desk) -> Option<Bar> {
        match data {
            Data::Bar(bar) if bar.symbol_idx == self.symbol_idx && bar.feed_idx == self.feed_idx => {
                Some(bar.grown(desk.growth(self.symbol_idx)))
            }
            _ => None,
        }
    }

    /// What is held, or when that is nothing what an order works for.
    fn stands(&self, desk: &Desk) -> f64 {
        let held = desk.quantity(self.symbol_idx);
        if held == 0.0 { desk.heading(self.symbol_idx).unwrap_or(0.0) } else { held }
    }

    /// Brings the position to a stance. A working order that leads there is left to work (and moved to the last price where
    /// the run says so); one that leads elsewhere is cancelled, and a new one made unless the position has the stance's sign.
    /// Exits of brackets stay with their position. Outside of the universe a new stance is flat.
    fn take(&self, stance: Stance, desk: &mut Desk) {
        let share = match stance {
            Stance::Long => self.long,
            Stance::Flat => 0.0,
            Stance::Short => -self.short,
        };
        let held = desk.quantity(self.symbol_idx);
        let sign = |value: f64| if value == 0.0 { 0.0 } else { value.signum() };
        let share = if sign(share) == sign(held) || desk.is_in_universe(self.symbol_idx) { share } else { 0.0 };
        if desk.open_orders().is_empty() {
            // Nothing is to be left, moved or cancelled.
        } else if desk.is_guarded_out(self.symbol_idx) {
            return;
        } else if let Some(heading) = desk.heading(self.symbol_idx) {
            if sign(heading) == sign(share) {
                return desk.reprice(self.symbol_idx);
            }
            desk.withdraw(self.symbol_idx);
        }
        if sign(held) == sign(share) {
            return;
        }
        desk.target(self.symbol_idx, share * desk.equity() / desk.price(self.symbol_idx));
    }
}

/// The last values of a series.
#[derive(Debug, Clone, PartialEq)]
struct Window {
    /// How many are kept.
    length: usize,
    /// Oldest first.
    values: VecDeque<f64>,
}

impl Window {
    /// An empty window.
    fn new(length: usize) -> Self {
        Self { length: length.max(1), values: VecDeque::with_capacity(length.clamp(1, 1024)) }
    }

    /// Adds a value and drops the oldest when there are more than the window keeps.
    fn push(&mut self, value: f64) {
        if self.values.len() == self.length {
            self.values.pop_front();
        }
        self.values.push_back(value);
    }

    /// Whether as many values are there as the window keeps.
    fn is_full(&self) -> bool {
        self.values.len() == self.length
    }

    /// Their mean, summed oldest first, so that it is the same wherever the series began.
    fn mean(&self) -> f64 {
        self.values.iter().sum::<f64>() / self.values.len() as f64
    }

    /// Their sample deviation (ddof 1).
    fn deviation(&self) -> f64 {
        let mean = self.mean();
        let squares: f64 = self.values.iter().map(|value| (value - mean) * (value - mean)).sum();
        (squares / (self.values.len() as f64 - 1.0)).sqrt()
    }
}
