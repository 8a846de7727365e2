//! One signal on each symbol of a run, as one strategy.

use super::{Breakout, Cross, Reversion, Rsi, Stake};
use crate::floor::{Desk, Strategy};
use crate::market::Data;
use crate::order::Update;

/// A signal without the symbol it trades.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Signal {
    /// Two averages.
    Cross(Cross),
    /// A channel.
    Breakout(Breakout),
    /// Distance from the mean.
    Reversion(Reversion),
    /// Relative strength.
    Rsi(Rsi),
}

/// A signal to be run on each symbol, with its share of equity.
#[derive(Debug, Clone, PartialEq)]
pub struct PerSymbol {
    /// The signal, on a stake that is yet to be given.
    pub(super) signal: Signal,
    /// Share of equity of each position; `None`: one over the number of symbols.
    pub(super) share: Option<f64>,
    /// Whether it is short, with the same share, where it would be flat.
    pub(super) allow_short: bool,
    /// Bars it looks back on, the present one among them.
    pub(super) history_bars: usize,
}

/// The signals of all symbols.
#[derive(Debug, Clone, PartialEq)]
pub struct Signals {
    /// One signal per symbol.
    signals: Vec<Signal>,
}

impl PerSymbol {
    /// Bars it looks back on before it first acts, the present one among them.
    pub fn history_bars(&self) -> usize {
        self.history_bars
    }

    /// Whether it ever sells short.
    pub fn may_short(&self) -> bool {
        self.allow_short
    }

    /// The strategy that runs the signal on every symbol: `feeds` holds for each symbol the feed whose bars count.
    pub fn strategy(&self, feeds: &[u32]) -> Signals {
        let share = self.share.unwrap_or(1.0 / feeds.len().max(1) as f64);
        let short = if self.allow_short { share } else { 0.0 };
        let one = |(symbol_idx, &feed_idx): (usize, &u32)| {
            let mut signal = self.signal.clone();
            *signal.stake() = Stake { symbol_idx: symbol_idx as u32, feed_idx, long: share, short };
            signal
        };
        Signals { signals: feeds.iter().enumerate().map(one).collect() }
    }
}

impl Signal {
    /// What it trades.
    fn stake(&mut self) -> &mut Stake {
        match self {
            Self::Cross(signal) => &mut signal.stake,
            Self::Breakout(signal) => &mut signal.stake,
            Self::Reversion(signal) => &mut signal.stake,
            Self::Rsi(signal) => &mut signal.stake,
        }
    }
}

impl Strategy for Signals {
    #[inline]
    fn on_data(&mut self, data: &Data, desk: &mut Desk) {
        match &mut self.signals[data.symbol_idx() as usize] {
            Signal::Cross(signal) => signal.on_data(data, desk),
            Signal::Breakout(signal) => signal.on_data(data, desk),
            Signal::Reversion(signal) => signal.on_data(data, desk),
            Signal::Rsi(signal) => signal.on_data(data, desk),
        }
    }

    fn on_order(&mut self, _update: &Update, _desk: &mut Desk) {}

    fn evaluate(&mut self, _desk: &mut Desk) {}
}
