//! The bars of one symbol, as columns, and where they lie on the timeline.

use super::stretches::Stretches;
use crosscut_model::CorporateAction;
use crosscut_trading::funding::FundingDue;
use crosscut_trading::market::Bar;
use crosscut_trading::pool::PoolEntry;
use crosscut_trading::steps::{Spread, Step};
use crosscut_trading::universe::Entry;

/// The bars of one symbol in time order.
#[derive(Debug, Clone, Default)]
pub struct Series {
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
    /// The first factor column; NaN where it is missing, empty when the run reads none.
    pub(super) factor: Vec<f64>,
    /// The other factor columns.
    pub(super) more_factors: Vec<Vec<f64>>,
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

impl Series {
    /// Number of bars.
    pub fn n_bars(&self) -> usize {
        self.close.len()
    }

    /// The first price of bar `pos`; NaN when the panel holds none.
    pub(crate) fn open_at(&self, pos: usize) -> f64 {
        self.open.get(pos).copied().unwrap_or(f64::NAN)
    }

    /// Last prices.
    pub fn close(&self) -> &[f64] {
        &self.close
    }

    /// Last prices that can be compared over splits and dividends.
    pub(crate) fn comparable_close(&self) -> &[f64] {
        if self.adjusted.is_empty() { &self.close } else { &self.adjusted }
    }

    /// Whether there are splits or dividends to book.
    pub(crate) fn has_actions(&self) -> bool {
        !self.actions.is_empty()
    }

    /// Splits and dividends to book with bar `pos`, before it opens; those without a bar after them with the number of bars.
    pub(crate) fn actions_at(&self, pos: usize) -> impl Iterator<Item = &CorporateAction> {
        let from = self.actions.partition_point(|(at, _)| *at < pos);
        self.actions[from..].iter().take_while(move |(at, _)| *at == pos).map(|(_, action)| action)
    }

    /// The slot of the first bar from `slot` on with which a split or dividend is booked.
    pub(crate) fn next_action(&self, slot: u32) -> Option<u32> {
        let slots = self.actions.iter().filter(|(pos, _)| *pos < self.n_bars()).map(|(pos, _)| self.slot_of(*pos));
        slots.into_iter().find(|at| *at >= slot)
    }

    /// The first factor column; NaN where it is missing, empty when the run reads none.
    pub fn factor(&self) -> &[f64] {
        &self.factor
    }

    /// A factor column by its place among those the run reads.
    pub(crate) fn column(&self, column: usize) -> &[f64] {
        column.checked_sub(1).map_or(&self.factor, |at| &self.more_factors[at])
    }

    /// When trading ended, microseconds; `None` when no delisting is known.
    pub fn delisted_at(&self) -> Option<i64> {
        self.delisted_at
    }

    /// Whether bar `pos` could be traded.
    pub(crate) fn is_tradable(&self, pos: usize) -> bool {
        self.tradable.get(pos).copied().unwrap_or(true)
    }

    /// What the symbol brings to the choice of each pool.
    pub(crate) fn pool(&self) -> &[PoolEntry] {
        &self.pool
    }

    /// Bar `pos`, from `timestamp` to `available_at`; NaN where the panel does not hold a column.
    pub(crate) fn bar(&self, symbol_idx: u32, pos: usize, (timestamp, available_at): (i64, i64)) -> Bar {
        let value = |column: &[f64]| column.get(pos).copied().unwrap_or(f64::NAN);
        Bar {
            symbol_idx,
            feed_idx: 0,
            timestamp,
            available_at,
            open: value(&self.open),
            high: value(&self.high),
            low: value(&self.low),
            close: self.close[pos],
            volume: value(&self.volume),
            vwap: value(&self.vwap),
        }
    }

    /// Funding payments by time.
    pub(crate) fn funding(&self) -> &[FundingDue] {
        &self.funding
    }

    /// Position of the last bar at or before a slot.
    pub(crate) fn pos_at(&self, slot: u32) -> Option<usize> {
        self.stretches.find(slot).map(|place| place.pos)
    }

    /// Position of the bar in a slot.
    pub(crate) fn bar_in(&self, slot: u32) -> Option<usize> {
        self.stretches.find(slot).filter(|place| place.is_there).map(|place| place.pos)
    }

    /// The slot of bar `pos`.
    pub(crate) fn slot_of(&self, pos: usize) -> u32 {
        self.stretches.slot_of(pos)
    }
}
