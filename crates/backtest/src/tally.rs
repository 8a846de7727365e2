//! Orders and closed trades told by bar labels, made from a journal record by record.
//!
//! An order filled in several executions becomes one with their sum, at their mean price. Instants are the journal's;
//! whoever hands in a record says which bar it belongs to.

use crosscut_model::{Fill, Order, OrderId, OrderStatus};
use crosscut_trading::journal::{Entry, Record};
use crosscut_trading::ledger::{ClosedTrade, Ledger, Split};

/// Orders and trades so far.
#[derive(Debug)]
pub(crate) struct Tally {
    /// By number.
    orders: Vec<Order>,
    /// The fills once more, at labels.
    ledger: Ledger,
}

impl Tally {
    /// Nothing yet, of `n_symbols` symbols.
    pub(crate) fn new(n_symbols: usize) -> Self {
        Self { orders: Vec::new(), ledger: Ledger::new(0.0, n_symbols) }
    }

    /// Takes in a record that belongs to the bar with this label.
    pub(crate) fn take(&mut self, label: i64, record: &Record) {
        if let Entry::Decision { origin, order_type, quantity, .. } = record.entry {
            self.orders.push(Order {
                order_id: record.order_id.0,
                decided_at: label,
                symbol_idx: record.symbol_idx as usize,
                side: record.side,
                order_type,
                quantity,
                status: OrderStatus::Working,
                reason: origin.text().to_owned(),
                fill: None,
            });
            return;
        }
        if let Entry::Filled { quantity, price, commission, slippage } = record.entry {
            let fill = Fill { filled_at: label, quantity, price, commission, slippage };
            self.ledger.book(record.symbol_idx, record.side, &fill, 0);
        }
        if let Entry::Split { ratio, quantity, price } = record.entry {
            self.ledger.split(record.symbol_idx, &Split { at: label, ratio, quantity, price }, 0);
        }
        if let Some(order) = self.order(record.order_id) {
            take_in(order, label, record.entry);
        }
    }

    /// An order by its number.
    pub(crate) fn order(&mut self, order_id: OrderId) -> Option<&mut Order> {
        let at = self.orders.binary_search_by_key(&order_id.0, |order| order.order_id).ok()?;
        self.orders.get_mut(at)
    }

    /// The orders, and the closed trades with the lengths and excursions of `counted`: the same fills in the same order closed
    /// them.
    pub(crate) fn finish(self, counted: &[ClosedTrade]) -> (Vec<Order>, Vec<ClosedTrade>) {
        let mut trades = self.ledger.into_closed();
        for (trade, counted) in trades.iter_mut().zip(counted) {
            (trade.n_bars, trade.mae, trade.mfe) = (counted.n_bars, counted.mae, counted.mfe);
        }
        (self.orders, trades)
    }
}

/// Adds to an order what a record says of it.
fn take_in(order: &mut Order, label: i64, entry: Entry) {
    match entry {
        Entry::Filled { quantity, price, commission, slippage } => {
            let fill = Fill { filled_at: label, quantity, price, commission, slippage };
            order.fill = Some(order.fill.map_or(fill, |before| together(before, fill)));
            let filled = order.fill.map_or(0.0, |fill| fill.quantity);
            // A modified order may fill more than it was decided with.
            order.quantity = order.quantity.max(filled);
            let is_done = filled >= order.quantity * (1.0 - 1e-9);
            order.status = if is_done { OrderStatus::Filled } else { OrderStatus::Partial };
        }
        Entry::Adjusted { ratio, remaining } => {
            // The order is told in the units in which it ends.
            order.fill =
                order.fill.map(|fill| Fill { quantity: fill.quantity * ratio, price: fill.price / ratio, ..fill });
            order.quantity = order.fill.map_or(0.0, |fill| fill.quantity) + remaining;
        }
        Entry::Limited { rule, .. } => rule.text().clone_into(&mut order.reason),
        Entry::Rounded { quantity, .. } => order.quantity = quantity,
        Entry::Rejected(reason) => {
            order.status = OrderStatus::Rejected;
            reason.text().clone_into(&mut order.reason);
        }
        Entry::Cancelled(reason) => {
            let is_partial = order.fill.is_some();
            order.status = if is_partial { OrderStatus::Partial } else { OrderStatus::Cancelled };
            reason.text().clone_into(&mut order.reason);
        }
        _ => {}
    }
}

/// Two executions of an order as one, at the time of the later.
fn together(before: Fill, after: Fill) -> Fill {
    let quantity = before.quantity + after.quantity;
    Fill {
        filled_at: after.filled_at,
        quantity,
        price: (before.quantity * before.price + after.quantity * after.price) / quantity,
        commission: before.commission + after.commission,
        slippage: before.slippage + after.slippage,
    }
}
