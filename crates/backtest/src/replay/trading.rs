//! Orders from wish to fill, and the exits that do not come from a rebalance.

use crosscut_model::{Order, OrderStatus, OrderType, Side, format_iso};
use crosscut_trading::rules::Execution;
use crosscut_trading::venue::{Meeting, Purse, Terms, execute};

use super::Engine;
use crate::outcome::LogLevel;

/// An order that waits for its bar.
#[derive(Debug, Clone, Copy)]
pub(super) struct Working {
    /// Position in the list of orders.
    order: usize,
    /// The row of the bar at which it executes; `None` when the symbol has no such bar any more.
    pub(super) row: Option<usize>,
    /// Position of that bar among the symbol's own.
    pos: usize,
    /// The symbol.
    symbol_idx: u32,
    /// Whether a later rebalance must leave it alone.
    is_exit: bool,
}

impl Working {
    /// Whether this closes a position in `symbol_idx` for good.
    pub(super) fn is_exit_of(&self, symbol_idx: u32) -> bool {
        self.is_exit && self.symbol_idx == symbol_idx
    }
}

/// Why something is traded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A rebalance.
    Rebalance,
    /// A rebalance that closes an untradable name at its last close.
    Stale,
    /// The instrument is delisted: closed at its last close.
    Delisted,
    /// The position has been held for as long as the strategy allows.
    HoldingTime,
    /// The drawdown limit has been hit, or equity is gone.
    Halt,
}

impl Purpose {
    /// The reason in `orders.csv`.
    fn reason(self) -> &'static str {
        match self {
            Self::Rebalance => "rebalance",
            Self::Stale => "untradable: closed at last close",
            Self::Delisted => "delisted: closed at last close",
            Self::HoldingTime => "hold_max_bars",
            Self::Halt => "halted",
        }
    }

    /// Whether the last close is the price, whatever the run's execution rule.
    fn is_at_last_close(self) -> bool {
        matches!(self, Self::Stale | Self::Delisted)
    }

    /// Whether it belongs to a rebalance.
    fn is_rebalance(self) -> bool {
        matches!(self, Self::Rebalance | Self::Stale)
    }
}

/// Something to trade.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish {
    /// The symbol.
    pub(super) symbol_idx: u32,
    /// Signed base units.
    pub(super) change: f64,
    /// Why.
    pub(super) purpose: Purpose,
}

/// An order about to execute.
#[derive(Debug, Clone, Copy)]
struct Encounter {
    /// Position in the list of orders.
    order: usize,
    /// The row.
    row: usize,
    /// Position of the bar among the symbol's own.
    pos: usize,
    /// Price before slippage.
    reference: f64,
}

impl Engine<'_> {
    /// Whether cash may become negative.
    pub(super) fn may_borrow(&self) -> bool {
        self.config.allow_negative_cash || self.rule.may_short()
    }

    /// Makes an order of each wish, in their order; those that execute now are filled after all have been made.
    pub(super) fn place_all(&mut self, row: usize, wishes: &[Wish]) {
        let mut due = Vec::new();
        for wish in wishes {
            due.extend(self.place(row, *wish));
        }
        for encounter in due {
            self.meet(encounter);
        }
    }

    /// Makes an order; gives it back when it executes at this row, else it waits for its bar.
    fn place(&mut self, row: usize, wish: Wish) -> Option<Encounter> {
        let symbol_idx = wish.symbol_idx;
        let order = self.records.orders.len();
        let pos = self.last_bar(symbol_idx, row).expect("what is traded has a bar");
        let series = self.panel.series(symbol_idx);
        let is_fresh = series.slot_of(pos) == self.panel.slot(row);
        let mut reason = wish.purpose.reason().to_owned();
        if !is_fresh && wish.purpose.is_at_last_close() {
            let last = self.label(self.panel.row_of(series.slot_of(pos)));
            reason = format!("{reason} (stale, of {})", format_iso(last));
            self.records.quality.add("stale_fills", 1);
        }
        self.records.orders.push(Order {
            order_id: order as u64 + 1,
            decided_at: self.label(row),
            symbol_idx: symbol_idx as usize,
            side: if wish.change > 0.0 { Side::Buy } else { Side::Sell },
            order_type: OrderType::Market,
            quantity: wish.change.abs(),
            status: OrderStatus::Working,
            reason,
            fill: None,
        });
        if wish.purpose.is_rebalance() {
            self.of_rebalance.push(order);
        }
        if wish.purpose.is_at_last_close() || (self.config.execution.is_immediate() && is_fresh) {
            return Some(Encounter { order, row, pos, reference: series.close()[pos] });
        }
        let (row, pos) = self.next_execution(row, symbol_idx, pos);
        let is_exit = !wish.purpose.is_rebalance();
        self.working.push(Working { order, row, pos, symbol_idx, is_exit });
        None
    }

    /// The first bar after `pos` that has the price orders execute at and that did not begin before the decision at
    /// `decided` could be made: its row and position.
    fn next_execution(&self, decided: usize, symbol_idx: u32, pos: usize) -> (Option<usize>, usize) {
        let series = self.panel.series(symbol_idx);
        let row_of = |pos: usize| self.panel.row_of(series.slot_of(pos));
        let known_at = self.panel.available_at()[decided];
        let serves = |pos: &usize| {
            self.config.execution.reference(series.prices(*pos)).is_some() && self.label(row_of(*pos)) >= known_at
        };
        let next = (pos + 1..series.n_bars()).find(serves);
        (next.map(row_of), next.unwrap_or(pos))
    }

    /// Executes the working orders whose bar has come, sells first, then by symbol.
    pub(super) fn fill_working(&mut self, row: usize) {
        if !self.working.iter().any(|working| working.row == Some(row)) {
            return;
        }
        let mut due: Vec<Working> = self.working.iter().filter(|working| working.row == Some(row)).copied().collect();
        self.working.retain(|working| working.row != Some(row));
        due.sort_by_key(|working| (self.records.orders[working.order].side == Side::Buy, working.symbol_idx));
        for Working { order, pos, symbol_idx, .. } in due {
            let prices = self.panel.series(symbol_idx).prices(pos);
            if let Some(reference) = self.config.execution.reference(prices) {
                self.meet(Encounter { order, row, pos, reference });
            }
        }
    }

    /// Executes one order.
    fn meet(&mut self, encounter: Encounter) {
        let at = self.label(encounter.row);
        let purse = if self.may_borrow() { Purse::Unlimited } else { Purse::Cash(self.ledger.cash()) };
        let order = &mut self.records.orders[encounter.order];
        let symbol_idx = order.symbol_idx as u32;
        let lot_size = self.panel.series(symbol_idx).lot_size(at);
        let (side, quantity, reference) = (order.side, order.quantity, encounter.reference);
        let meeting = Meeting { side, quantity, reference, at, lot_size, terms: Terms::default() };
        let Some(fill) = execute(meeting, purse, &self.prepared.costs) else {
            order.status = OrderStatus::Cancelled;
            order.reason = "insufficient cash".to_owned();
            self.records.quality.add("orders_without_cash", 1);
            return;
        };
        order.status = OrderStatus::Filled;
        if fill.quantity < order.quantity {
            order.status = OrderStatus::Partial;
            order.reason = "insufficient cash".to_owned();
            self.records.quality.add("orders_cut_to_cash", 1);
        }
        order.fill = Some(fill);
        let before = self.ledger.quantity(symbol_idx);
        self.ledger.book(symbol_idx, order.side, &fill, encounter.pos as u64);
        self.changed.push(symbol_idx);
        if self.of_rebalance.binary_search(&encounter.order).is_ok() {
            self.rebalanced.push(symbol_idx);
        }
        let after = self.ledger.quantity(symbol_idx);
        if after != 0.0 && before * after <= 0.0 {
            self.limit_holding_time(symbol_idx, encounter.pos);
        }
    }

    /// Plans the end of a position that was opened at bar `pos`, when the strategy limits holding times.
    fn limit_holding_time(&mut self, symbol_idx: u32, pos: usize) {
        let Some(hold_max_bars) = self.rule.hold_max_bars() else {
            return;
        };
        // An order that executes on the next bar has to be decided one bar earlier.
        let wait = hold_max_bars - u64::from(self.config.execution != Execution::Close);
        let last = pos as u64 + wait;
        let series = self.panel.series(symbol_idx);
        if last < series.n_bars() as u64 {
            let row = self.panel.row_of(series.slot_of(last as usize));
            self.schedule.expire(row, symbol_idx, pos as u64);
        }
    }

    /// Closes positions whose holding time ends at this row, and remembers their symbols for the decision of the row.
    pub(super) fn end_holding_times(&mut self, row: usize) {
        self.ends_now.clear();
        let mut wishes = Vec::new();
        for (symbol_idx, opened_bar) in self.schedule.take_expired(row) {
            let quantity = self.ledger.quantity(symbol_idx);
            let is_leaving = self.working.iter().any(|working| working.is_exit_of(symbol_idx));
            if quantity != 0.0 && self.ledger.opened_bar(symbol_idx) == opened_bar && !is_leaving {
                self.cancel_orders_of(symbol_idx, "superseded");
                wishes.push(Wish { symbol_idx, change: -quantity, purpose: Purpose::HoldingTime });
                self.ends_now.push(symbol_idx);
            }
        }
        self.ends_now.sort_unstable();
        self.place_all(row, &wishes);
    }

    /// Closes positions in instruments whose delisting date has come, at the last price there was.
    pub(super) fn close_delisted(&mut self, row: usize) {
        for symbol_idx in self.schedule.delisted_at(row) {
            self.cancel_orders_of(symbol_idx, "delisted");
            let quantity = self.ledger.quantity(symbol_idx);
            if quantity != 0.0 {
                let symbol = &self.panel.symbols()[symbol_idx as usize];
                self.log(row, LogLevel::Warning, format!("{symbol} is delisted: closed at its last close"));
                self.records.quality.add("delisted_while_held", 1);
                self.place_all(row, &[Wish { symbol_idx, change: -quantity, purpose: Purpose::Delisted }]);
            }
        }
    }

    /// Closes everything for good.
    pub(super) fn halt(&mut self, row: usize, why: &str) {
        self.guard.halt();
        self.ends_now.clear();
        self.log(row, LogLevel::Warning, format!("{why}: everything is closed, nothing is opened any more"));
        self.records.quality.add("halts", 1);
        let held = self.ledger.held().to_vec();
        for working in std::mem::take(&mut self.working) {
            self.cancel(working.order, "halted");
        }
        let wishes: Vec<Wish> = held
            .into_iter()
            .map(|symbol_idx| Wish { symbol_idx, change: -self.ledger.quantity(symbol_idx), purpose: Purpose::Halt })
            .collect();
        self.place_all(row, &wishes);
    }

    /// Cancels what an earlier rebalance still has working.
    pub(super) fn cancel_superseded(&mut self) {
        for working in self.working.clone() {
            if !working.is_exit {
                self.cancel(working.order, "superseded");
                self.records.quality.add("orders_superseded", 1);
            }
        }
        self.working.retain(|working| working.is_exit);
    }

    /// Cancels all working orders of a symbol.
    fn cancel_orders_of(&mut self, symbol_idx: u32, why: &str) {
        for working in self.working.clone() {
            if working.symbol_idx == symbol_idx {
                self.cancel(working.order, why);
            }
        }
        self.working.retain(|working| working.symbol_idx != symbol_idx);
    }

    /// Cancels one order.
    fn cancel(&mut self, order: usize, why: &str) {
        let order = &mut self.records.orders[order];
        order.status = OrderStatus::Cancelled;
        order.reason = why.to_owned();
    }
}
