//! The strategy at the desk: it decides portfolios at rebalances and ends positions whose holding time is over.
//!
//! What it decides is in [`super::decision`]. It sees the panel up to the row its driver has come to, and the desk.

use std::collections::BTreeSet;

use crosscut_model::OrderId;
use crosscut_trading::market::Data;
use crosscut_trading::order::{Event, Update};
use crosscut_trading::rules::Execution;
use crosscut_trading::strategy::{CrossSection, Plan};
use crosscut_trading::{Desk, Strategy};

use super::Setup;
use super::decision::PoolNow;
use crate::error::BacktestError;
use crate::outcome::{DataQuality, LogLevel, LogLine, Selection};

/// What it is asked to do when it evaluates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// End positions whose holding time is over.
    Exits,
    /// Decide the portfolio.
    Decision,
}

/// A cross-sectional rule on a panel.
#[derive(Debug)]
pub(super) struct Rebalancer<'a> {
    /// What is replayed, and how.
    pub(super) setup: Setup<'a>,
    /// From ranked names to weights.
    pub(super) rule: &'a dyn CrossSection,
    /// The row its driver has come to.
    pub(super) row: usize,
    /// Equity at the row's close, before anything the row decides.
    pub(super) equity: f64,
    /// What is asked of it.
    pub(super) stage: Stage,
    /// The pool of the current period.
    pub(super) pool: PoolNow,
    /// The rule's answer, kept for its allocation.
    pub(super) plan: Plan,
    /// `(row, symbol, bars begun when the position was opened)` of ends of holding times.
    expiries: BTreeSet<(usize, u32, u64)>,
    /// Symbols whose holding time ends at the current row, ascending.
    pub(super) ends_now: Vec<u32>,
    /// Working orders that end a holding time, ascending.
    exits: Vec<OrderId>,
    /// Orders of the last rebalance, ascending.
    pub(super) of_rebalance: Vec<OrderId>,
    /// Where the current rebalance's selections begin, for filled weights.
    pub(super) selections_from: usize,
    /// What it records.
    pub(super) records: Records,
}

/// What is recorded of decisions.
#[derive(Debug, Default)]
pub(super) struct Records {
    /// One row per rebalance and symbol.
    pub(super) selections: Vec<Selection>,
    /// One-sided turnover of each rebalance.
    pub(super) turnover: Vec<(i64, f64)>,
    /// Counts and notes.
    pub(super) quality: DataQuality,
    /// Remarks.
    pub(super) log: Vec<LogLine>,
}

impl<'a> Rebalancer<'a> {
    /// A strategy before the first row.
    ///
    /// # Errors
    /// When the strategy does not decide at rebalances.
    pub(super) fn new(setup: Setup<'a>) -> Result<Self, BacktestError> {
        Ok(Self {
            setup,
            rule: setup.prepared.strategy.require_rule()?,
            row: 0,
            equity: setup.config.capital,
            stage: Stage::Decision,
            pool: PoolNow::default(),
            plan: Plan::default(),
            expiries: BTreeSet::new(),
            ends_now: Vec::new(),
            exits: Vec::new(),
            of_rebalance: Vec::new(),
            selections_from: 0,
            records: Records { quality: setup.panel.quality().clone(), ..Records::default() },
        })
    }

    /// The label of the row.
    pub(super) fn label(&self) -> i64 {
        self.setup.label(self.row)
    }

    /// Adds a line to the log.
    pub(super) fn log(&mut self, level: LogLevel, text: impl Into<String>) {
        self.records.log.push(LogLine { timestamp: self.label(), level, text: text.into() });
    }

    /// The next row at which a holding time ends.
    pub(super) fn next_expiry(&self) -> Option<usize> {
        self.expiries.first().map(|(row, _, _)| *row)
    }

    /// Whether an order ends a holding time.
    pub(super) fn is_exit(&self, order_id: OrderId) -> bool {
        self.exits.binary_search(&order_id).is_ok()
    }

    /// Whether an order closes a symbol for good: at the end of its holding time, or for the guard.
    pub(super) fn is_leaving(&self, symbol_idx: u32, desk: &Desk) -> bool {
        let closes = |order_id| self.is_exit(order_id);
        let mut orders = desk.open_orders().iter().filter(|order| order.request.symbol_idx == symbol_idx);
        orders.any(|order| !order.is_cancelled && (order.rule.is_some() || closes(order.order_id)))
    }

    /// Cancels what an earlier rebalance still has working; exits of brackets stay with their positions.
    pub(super) fn cancel_superseded(&mut self, desk: &mut Desk) {
        let is_superseded = |order_id| !self.is_exit(order_id);
        let superseded: Vec<OrderId> = desk
            .open_orders()
            .iter()
            .filter(|order| order.is_wish() && is_superseded(order.order_id))
            .map(|order| order.order_id)
            .collect();
        self.records.quality.add("orders_superseded", superseded.len() as u64);
        superseded.into_iter().for_each(|order_id| desk.cancel(order_id));
    }

    /// Closes positions whose holding time ends, and remembers their symbols for the decision of the row.
    fn end_holding_times(&mut self, desk: &mut Desk) {
        self.ends_now.clear();
        self.exits.retain(|exit| desk.open_orders().iter().any(|order| order.order_id == *exit));
        let later = self.expiries.split_off(&(self.row + 1, 0, 0));
        for (_, symbol_idx, opened_bar) in std::mem::replace(&mut self.expiries, later) {
            let is_same = desk.account().ledger().opened_bar(symbol_idx) == opened_bar;
            if desk.quantity(symbol_idx) != 0.0 && is_same && !self.is_leaving(symbol_idx, desk) {
                desk.cancel_all(symbol_idx);
                self.exits.extend(desk.close(symbol_idx));
                self.ends_now.push(symbol_idx);
            }
        }
        self.ends_now.sort_unstable();
    }

    /// Plans the end of a position, when the rule limits holding times.
    fn limit_holding_time(&mut self, symbol_idx: u32, desk: &Desk) {
        let Some(hold_max_bars) = self.rule.hold_max_bars().filter(|_| desk.quantity(symbol_idx) != 0.0) else {
            return;
        };
        // An order that executes on the next bar has to be decided one bar earlier.
        let wait = hold_max_bars - u64::from(self.setup.config.execution != Execution::Close);
        let opened_bar = desk.account().ledger().opened_bar(symbol_idx);
        let last = opened_bar - 1 + wait;
        let series = self.setup.panel.series(symbol_idx);
        if last < series.n_bars() as u64 {
            let row = self.setup.panel.row_of(series.slot_of(last as usize));
            self.expiries.insert((row, symbol_idx, opened_bar));
        }
    }
}

impl Strategy for Rebalancer<'_> {
    fn on_data(&mut self, _data: &Data, _desk: &mut Desk) {}

    fn on_order(&mut self, update: &Update, desk: &mut Desk) {
        if matches!(update.event, Event::Filled { .. }) {
            self.limit_holding_time(update.symbol_idx, desk);
        }
    }

    fn evaluate(&mut self, desk: &mut Desk) {
        match self.stage {
            Stage::Exits => self.end_holding_times(desk),
            Stage::Decision => self.decide(desk),
        }
    }
}
