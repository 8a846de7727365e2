//! What is written down of a row, from the floor's journal: orders, positions, log lines, counts.

use crosscut_model::{OrderId, format_iso};
use crosscut_trading::account::CashKind;
use crosscut_trading::journal::{Entry, Origin, Record};
use crosscut_trading::limits::Rule;
use crosscut_trading::order::Reason;

use super::Setup;
use super::engine::Engine;
use crate::outcome::{AuditLine, LogLevel, PositionChange};
use crate::tally::Tally;

/// Everything recorded on the way, but for decisions.
#[derive(Debug)]
pub(super) struct Recorder {
    /// Orders and closed trades.
    pub(super) tally: Tally,
    /// Positions after each row in which they changed.
    pub(super) positions: Vec<PositionChange>,
    /// The audit trail.
    pub(super) journal: Vec<AuditLine>,
    /// Cash moved without a trade, by symbol.
    pub(super) moved: Vec<f64>,
    /// Symbols traded at the current row.
    changed: Vec<u32>,
    /// Those of them that were traded for the last rebalance.
    rebalanced: Vec<u32>,
    /// The guard's last order, whose limit is no surprise.
    of_guard: OrderId,
    /// New records, kept for its allocation.
    new: Vec<Record>,
}

impl Recorder {
    /// Nothing yet.
    pub(super) fn new(setup: Setup<'_>) -> Self {
        let n_symbols = setup.panel.symbols().len();
        Self {
            tally: Tally::new(n_symbols),
            positions: Vec::new(),
            journal: Vec::new(),
            moved: vec![0.0; n_symbols],
            changed: Vec::new(),
            rebalanced: Vec::new(),
            of_guard: OrderId(0),
            new: Vec::new(),
        }
    }
}

impl Engine<'_> {
    /// Takes in what the journal has heard of a row.
    pub(super) fn take_in(&mut self, row: usize) {
        let mut new = std::mem::take(&mut self.recorder.new);
        self.floor.journal().drain_into(&mut new);
        let timestamp = self.setup.label(row);
        for record in &new {
            self.recorder.tally.take(timestamp, record);
            self.note(row, record);
        }
        if self.setup.options.keeps_journal {
            self.recorder.journal.extend(new.iter().map(|&record| AuditLine { timestamp, record }));
        }
        new.clear();
        self.recorder.new = new;
    }

    /// Counts and tells what a record says, and gives its order a reason.
    fn note(&mut self, row: usize, record: &Record) {
        let Record { order_id, symbol_idx, .. } = *record;
        match record.entry {
            Entry::Decision { origin, .. } => self.note_decision(row, record, origin),
            Entry::Filled { .. } => {
                self.recorder.changed.push(symbol_idx);
                if self.strategy.of_rebalance.binary_search(&order_id).is_ok() {
                    self.recorder.rebalanced.push(symbol_idx);
                }
            }
            Entry::Cancelled(reason) => self.note_end(order_id, reason),
            Entry::Cash { kind, amount } => {
                self.recorder.moved[symbol_idx as usize] += amount;
                let is_dividend = kind == CashKind::Dividend;
                self.strategy.records.quality.add("dividends_booked", u64::from(is_dividend));
            }
            Entry::Split { .. } => {
                self.recorder.changed.push(symbol_idx);
                self.strategy.records.quality.add("splits_booked", 1);
            }
            Entry::Adjusted { .. } => self.strategy.records.quality.add("orders_split", 1),
            Entry::Limited { rule, .. } if order_id == self.recorder.of_guard => {
                if let Some(order) = self.recorder.tally.order(order_id) {
                    guard_reason(rule).clone_into(&mut order.reason);
                }
            }
            Entry::Limited { .. } => self.warn("orders_limited", record),
            // That the guard lets nothing through has been told.
            Entry::Rejected(Reason::Guard(_)) => self.strategy.records.quality.add("orders_rejected", 1),
            Entry::Rejected(_) => self.warn("orders_rejected", record),
            Entry::Halted { rule, .. } => {
                let why = match rule {
                    Rule::EquityGone => "equity is gone, as in a liquidated account",
                    Rule::DailyLoss => "the loss of the day is too large, until it is over",
                    _ => "the drawdown limit is exceeded",
                };
                let text = format!("{why}: everything is closed, nothing is opened any more");
                self.strategy.log(LogLevel::Warning, text);
                self.strategy.records.quality.add("halts", 1);
            }
            Entry::Liquidated { .. } => self.warn("liquidations", record),
            Entry::Weighed { .. } | Entry::Rounded { .. } | Entry::Accepted | Entry::Triggered | Entry::Modified => {}
        }
    }

    /// Gives an order the reason for which it was made.
    fn note_decision(&mut self, row: usize, record: &Record, origin: Origin) {
        let Record { order_id, symbol_idx, .. } = *record;
        let reason = match origin {
            Origin::Strategy if self.strategy.is_exit(order_id) => "hold_max_bars".to_owned(),
            Origin::Strategy => "rebalance".to_owned(),
            Origin::LastPrice => self.stale_reason(row, symbol_idx, "untradable: closed at last close"),
            Origin::Delisting => {
                let symbol = &self.setup.panel.symbols()[symbol_idx as usize];
                self.strategy.log(LogLevel::Warning, format!("{symbol} is delisted: closed at its last close"));
                self.strategy.records.quality.add("delisted_while_held", 1);
                self.stale_reason(row, symbol_idx, "delisted: closed at last close")
            }
            Origin::Guard(rule) => {
                self.recorder.of_guard = order_id;
                guard_reason(rule).to_owned()
            }
            Origin::BracketStop | Origin::BracketProfit | Origin::Liquidation => origin.text().to_owned(),
        };
        if let Some(order) = self.recorder.tally.order(order_id) {
            order.reason = reason;
        }
    }

    /// A reason to close at the last price, and how old that is when it is not of the row.
    fn stale_reason(&mut self, row: usize, symbol_idx: u32, reason: &str) -> String {
        let (panel, series) = (self.setup.panel, self.setup.panel.series(symbol_idx));
        // At a delisting the price is that of the last bar before it, whatever the source has after it.
        let is_before = |pos: &usize| {
            let label = panel.timeline()[panel.row_of(series.slot_of(*pos))];
            series.delisted_at().is_none_or(|at| label < at)
        };
        let Some(last) = self.setup.last_bar(symbol_idx, row).and_then(|pos| (0..=pos).rev().find(is_before)) else {
            return reason.to_owned();
        };
        if series.slot_of(last) == panel.slot(row) {
            return reason.to_owned();
        }
        self.strategy.records.quality.add("stale_fills", 1);
        format!("{reason} (stale, of {})", format_iso(self.setup.label(panel.row_of(series.slot_of(last)))))
    }

    /// Gives an order the reason for which it works no more.
    fn note_end(&mut self, order_id: OrderId, reason: Reason) {
        let halted = self.floor.desk().halted();
        let Some(order) = self.recorder.tally.order(order_id) else {
            return;
        };
        match reason {
            Reason::Requested => halted.map_or("superseded", guard_reason).clone_into(&mut order.reason),
            Reason::NotTrading => "delisted".clone_into(&mut order.reason),
            Reason::InsufficientCash => {
                let count = if order.fill.is_some() { "orders_cut_to_cash" } else { "orders_without_cash" };
                self.strategy.records.quality.add(count, 1);
            }
            _ => {}
        }
    }

    /// Counts a record and tells it in the log.
    fn warn(&mut self, count: &str, record: &Record) {
        let symbol = self.setup.panel.symbols().get(record.symbol_idx as usize);
        let text = symbol.map_or_else(|| record.text(), |symbol| format!("{symbol}: {}", record.text()));
        self.strategy.log(LogLevel::Warning, text);
        self.strategy.records.quality.add(count, 1);
    }

    /// Records the positions that changed at a row.
    pub(super) fn record_positions(&mut self, row: usize) {
        let mut changed = std::mem::take(&mut self.recorder.changed);
        changed.sort_unstable();
        changed.dedup();
        let equity = self.tape.equity(row);
        for &symbol_idx in &changed {
            let (quantity, price) = (self.floor.desk().quantity(symbol_idx), self.setup.last_close(symbol_idx, row));
            let (timestamp, value) = (self.setup.label(row), quantity * price);
            let weight = value / equity;
            self.recorder.positions.push(PositionChange { timestamp, symbol_idx, quantity, price, value, weight });
        }
        changed.clear();
        self.recorder.changed = changed;
    }

    /// Tells the selections of the last rebalance what is held of the symbols just traded for it, over `equity`.
    pub(super) fn note_filled_weights(&mut self, row: usize, equity: f64) {
        for symbol_idx in std::mem::take(&mut self.recorder.rebalanced) {
            let value = self.floor.desk().quantity(symbol_idx) * self.setup.last_close(symbol_idx, row);
            let from = self.strategy.selections_from;
            let selections = &mut self.strategy.records.selections[from..];
            if let Some(selection) = selections.get_mut(symbol_idx as usize) {
                selection.filled_weight = value / equity;
            }
        }
    }
}

/// What a rule of the guard is called in `orders.csv`.
fn guard_reason(rule: Rule) -> &'static str {
    match rule {
        Rule::MaxDrawdown | Rule::EquityGone => "halted",
        rule => rule.text(),
    }
}
