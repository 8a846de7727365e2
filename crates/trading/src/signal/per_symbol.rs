//! One signal on each symbol of a run, as one strategy.

use super::{Breakout, Cross, Reversion, Rsi, Stake};
use crate::floor::{Desk, Strategy};
use crate::market::{Bar, Data};
use crate::order::Update;
use crate::strategy::{Column, FactorColumns, Scorer};

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
    /// Bars after which what came before them does not show any more.
    pub(super) memory_bars: usize,
    /// The factor column it looks at instead of closes; at most one.
    pub(super) columns: Vec<Column>,
}

/// The signals of all symbols.
#[derive(Debug, Clone, PartialEq)]
pub struct Signals {
    /// One signal per symbol.
    signals: Vec<Signal>,
    /// The column they look at; `None`: closes.
    factor: Option<FactorColumns>,
}

impl PerSymbol {
    /// Bars it looks back on before it first acts, the present one among them.
    pub fn history_bars(&self) -> usize {
        self.history_bars
    }

    /// Bars of a symbol before a run that it should be told.
    pub fn warm_up_bars(&self) -> usize {
        self.memory_bars.saturating_sub(1)
    }

    /// The factor column it looks at instead of closes; at most one.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Whether it ever sells short.
    pub fn may_short(&self) -> bool {
        self.allow_short
    }

    /// The strategy that runs the signal on every symbol: `feeds` holds for each symbol the feed whose bars count. A factor row
    /// may be `bars_old_max` bars old.
    pub fn strategy(&self, feeds: &[u32], bars_old_max: usize) -> Signals {
        let share = self.share.unwrap_or(1.0 / feeds.len().max(1) as f64);
        let short = if self.allow_short { share } else { 0.0 };
        let one = |(symbol_idx, &feed_idx): (usize, &u32)| {
            let mut signal = self.signal.clone();
            *signal.stake() = Stake { symbol_idx: symbol_idx as u32, feed_idx, long: share, short };
            signal
        };
        let columns = || FactorColumns::new(self.columns.len(), feeds.to_vec(), bars_old_max);
        Signals {
            signals: feeds.iter().enumerate().map(one).collect(),
            factor: (!self.columns.is_empty()).then(columns),
        }
    }
}

impl Signal {
    /// Passes data to the signal.
    #[inline]
    fn on_data(&mut self, data: &Data, desk: &mut Desk) {
        match self {
            Self::Cross(signal) => signal.on_data(data, desk),
            Self::Breakout(signal) => signal.on_data(data, desk),
            Self::Reversion(signal) => signal.on_data(data, desk),
            Self::Rsi(signal) => signal.on_data(data, desk),
        }
    }

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
        let signal = &mut self.signals[data.symbol_idx() as usize];
        let Some(columns) = &mut self.factor else {
            return signal.on_data(data, desk);
        };
        columns.on_data(data);
        let Data::Bar(bar) = data else { return };
        // Signals multiply prices by what splits and dividends gave away, which is no matter of a column's values.
        let value = columns.value(0, bar.symbol_idx) / desk.growth(bar.symbol_idx);
        // A bar without a value is passed over: it is neither counted nor acted upon.
        if value.is_finite() {
            let bar = Bar { open: value, high: value, low: value, close: value, ..*bar };
            signal.on_data(&Data::Bar(bar), desk);
        }
    }

    fn on_order(&mut self, _update: &Update, _desk: &mut Desk) {}

    fn evaluate(&mut self, _desk: &mut Desk) {}
}
