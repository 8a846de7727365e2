//! The bars of one symbol, as columns, where they lie on the timeline, and the factor columns on them.

use super::stretches::Stretches;
use crosscut_model::CorporateAction;
use crosscut_trading::funding::FundingDue;
use crosscut_trading::market::Bar;
use crosscut_trading::pool::PoolEntry;
use crosscut_trading::steps::{Spread, Step};
use crosscut_trading::universe::Entry;

/// The bars of one symbol in time order.
#[derive(Debug, Clone, Default)]
pub(super) struct SymbolBars {
    /// Instrument id.
    pub(super) symbol: String,
    /// Where the bars lie; its length rules.
    pub(super) stretches: Stretches,
    /// Last prices, positive and finite.
    pub(super) close: Vec<f64>,
    /// First prices; empty when the run does not need them.
    pub(super) open: Vec<f64>,
    /// Highest prices; empty when the run does not look within bars.
    pub(super) high: Vec<f64>,
    /// Lowest prices; empty when the run does not look within bars.
    pub(super) low: Vec<f64>,
    /// Base units traded; empty when the run does not need them.
    pub(super) volume: Vec<f64>,
    /// Average prices; empty when the run does not execute at them.
    pub(super) vwap: Vec<f64>,
    /// Whether each bar could be traded; empty when all could.
    pub(super) tradable: Vec<bool>,
    /// What the symbol brings to the choice of each pool.
    pub(super) pool: Vec<PoolEntry>,
    /// What the symbol brings to the choice of each universe.
    pub(super) universe: Vec<Entry>,
    /// When trading ended, microseconds.
    pub(super) delisted_at: Option<i64>,
    /// Lots, ticks and least values with the times from which they hold.
    pub(super) steps: Vec<Step>,
    /// Spreads with the times from which they hold.
    pub(super) spreads: Vec<Spread>,
    /// Funding payments by time.
    pub(super) funding: Vec<FundingDue>,
    /// Closes of a holder who reinvests splits and dividends; empty: the closes as they are.
    pub(super) adjusted: Vec<f64>,
    /// Splits and dividends to book by ex-date, each with the position of the first bar at or after it.
    pub(super) actions: Vec<(usize, CorporateAction)>,
}

impl SymbolBars {
    /// Number of bars.
    pub(super) fn n_bars(&self) -> usize {
        self.close.len()
    }
}

/// The factor columns of one symbol, a value per bar; NaN where it is missing.
#[derive(Debug, Clone, Default)]
pub(super) struct Scores {
    /// The first column; empty when the run reads none.
    pub(super) first: Vec<f64>,
    /// The other columns.
    pub(super) others: Vec<Vec<f64>>,
}

/// The bars of one symbol in time order, with the factor columns on them.
#[derive(Debug, Clone, Copy)]
pub struct Series<'a> {
    /// The bars.
    bars: &'a SymbolBars,
    /// The factor columns of all symbols.
    scores: &'a [Scores],
    /// The symbol's place among them.
    symbol_idx: u32,
}

impl<'a> Series<'a> {
    /// The series of a symbol: its bars, and its place among the factor columns of all.
    #[inline]
    pub(super) fn new(bars: &'a SymbolBars, scores: &'a [Scores], symbol_idx: u32) -> Self {
        Self { bars, scores, symbol_idx }
    }

    /// The bars.
    pub(super) fn bars(self) -> &'a SymbolBars {
        self.bars
    }

    /// The factor columns.
    fn scores(self) -> &'a Scores {
        &self.scores[self.symbol_idx as usize]
    }

    /// Number of bars.
    pub fn n_bars(self) -> usize {
        self.bars.n_bars()
    }

    /// The first price of bar `pos`; NaN when the panel holds none.
    pub(crate) fn open_at(self, pos: usize) -> f64 {
        self.bars.open.get(pos).copied().unwrap_or(f64::NAN)
    }

    /// Last prices.
    pub fn close(self) -> &'a [f64] {
        &self.bars.close
    }

    /// Lows and highs; empty when the panel holds none.
    pub(crate) fn reach(self) -> [&'a [f64]; 2] {
        [&self.bars.low, &self.bars.high]
    }

    /// Last prices that can be compared over splits and dividends.
    pub(crate) fn comparable_close(self) -> &'a [f64] {
        if self.bars.adjusted.is_empty() { &self.bars.close } else { &self.bars.adjusted }
    }

    /// Whether there are splits or dividends to book.
    pub(crate) fn has_actions(self) -> bool {
        !self.bars.actions.is_empty()
    }

    /// Splits and dividends to book with bar `pos`, before it opens; those without a bar after them with the number of bars.
    pub(crate) fn actions_at(self, pos: usize) -> impl Iterator<Item = &'a CorporateAction> {
        let from = self.bars.actions.partition_point(|(at, _)| *at < pos);
        self.bars.actions[from..].iter().take_while(move |(at, _)| *at == pos).map(|(_, action)| action)
    }

    /// The slot of the first bar from `slot` on with which a split or dividend is booked.
    pub(crate) fn next_action(self, slot: u32) -> Option<u32> {
        let slots = self.bars.actions.iter().filter(|(pos, _)| *pos < self.n_bars()).map(|(pos, _)| self.slot_of(*pos));
        slots.into_iter().find(|at| *at >= slot)
    }

    /// The first factor column; NaN where it is missing, empty when the run reads none.
    pub fn factor(self) -> &'a [f64] {
        &self.scores().first
    }

    /// A factor column by its place among those the run reads.
    pub(crate) fn column(self, column: usize) -> &'a [f64] {
        let scores = self.scores();
        column.checked_sub(1).map_or(&scores.first, |at| &scores.others[at])
    }

    /// When trading ended, microseconds; `None` when no delisting is known.
    pub fn delisted_at(self) -> Option<i64> {
        self.bars.delisted_at
    }

    /// Whether bar `pos` could be traded.
    pub(crate) fn is_tradable(self, pos: usize) -> bool {
        self.bars.tradable.get(pos).copied().unwrap_or(true)
    }

    /// What the symbol brings to the choice of each pool.
    pub(crate) fn pool(self) -> &'a [PoolEntry] {
        &self.bars.pool
    }

    /// Bar `pos`, from `timestamp` to `available_at`; NaN where the panel does not hold a column.
    pub(crate) fn bar(self, symbol_idx: u32, pos: usize, (timestamp, available_at): (i64, i64)) -> Bar {
        let value = |column: &[f64]| column.get(pos).copied().unwrap_or(f64::NAN);
        Bar {
            symbol_idx,
            feed_idx: 0,
            timestamp,
            available_at,
            open: value(&self.bars.open),
            high: value(&self.bars.high),
            low: value(&self.bars.low),
            close: self.bars.close[pos],
            volume: value(&self.bars.volume),
            vwap: value(&self.bars.vwap),
        }
    }

    /// Funding payments by time.
    pub(crate) fn funding(self) -> &'a [FundingDue] {
        &self.bars.funding
    }

    /// Position of the last bar at or before a slot.
    pub(crate) fn pos_at(self, slot: u32) -> Option<usize> {
        self.bars.stretches.find(slot).map(|place| place.pos)
    }

    /// Position of the bar in a slot.
    pub(crate) fn bar_in(self, slot: u32) -> Option<usize> {
        self.bars.stretches.find(slot).filter(|place| place.is_there).map(|place| place.pos)
    }

    /// The slot of bar `pos`.
    pub(crate) fn slot_of(self, pos: usize) -> u32 {
        self.bars.stretches.slot_of(pos)
    }
}
