//! Where a run's profit came from: by symbol, by side, by kind of cost.
//!
//! A symbol's profit is the cash its fills moved, plus what is still held at its last price, plus cash moved for it without a
//! trade. Summed over all symbols that is the run's profit, whatever the order of fills. A side's profit is that of the
//! fills made while the position was on that side; a fill that turns a position is split where it crosses zero.

use crosscut_model::{Order, Side};
use crosscut_trading::journal::Entry;

use crate::outcome::RunOutcome;

/// What one symbol came to, quote units.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct SymbolProfit {
    /// Profit while long, commission taken off, without cash moved.
    pub(crate) long: f64,
    /// Profit while short, likewise.
    pub(crate) short: f64,
    /// Cash moved without a trade.
    pub(crate) moved: f64,
    /// Commission in the above.
    pub(crate) commission: f64,
    /// Slippage in the above.
    pub(crate) slippage: f64,
    /// Value traded.
    pub(crate) traded: f64,
    /// Orders filled.
    pub(crate) n_fills: u64,
    /// Base units held on the way.
    quantity: f64,
}

impl SymbolProfit {
    /// All of it.
    pub(crate) fn total(&self) -> f64 {
        self.long + self.short + self.moved
    }

    /// Books an order's fill.
    fn book(&mut self, order: &Order) {
        let Some(fill) = order.fill else { return };
        let signed = order.side.sign() * fill.quantity;
        let before = self.quantity;
        let after = before + signed;
        self.quantity = after;
        self.commission += fill.commission;
        self.slippage += fill.slippage;
        self.traded += fill.quantity * fill.price;
        self.n_fills += 1;
        // The part that brings the position to zero belongs to the side it was on.
        let share = if before * signed < 0.0 { (before.abs() / fill.quantity).min(1.0) } else { 0.0 };
        let cash = -signed * fill.price - fill.commission;
        self.credit(before, cash * share);
        self.credit(signed, cash * (1.0 - share));
    }

    /// Books a split: what is held is told in the new units.
    fn split(&mut self, held: f64) {
        self.quantity = held;
    }

    /// Adds to the side a signed quantity is on.
    fn credit(&mut self, sign: f64, amount: f64) {
        if sign > 0.0 {
            self.long += amount;
        } else if sign < 0.0 {
            self.short += amount;
        }
    }
}

/// Label, symbol and signed quantity after each split, in time order.
fn splits(outcome: &RunOutcome) -> impl Iterator<Item = (i64, usize, f64)> {
    outcome.journal.iter().filter_map(|line| match line.record.entry {
        Entry::Split { quantity, .. } => Some((line.timestamp, line.record.symbol_idx as usize, quantity)),
        _ => None,
    })
}

/// What each symbol came to, in the order of the run's symbols.
pub(crate) fn by_symbol(outcome: &RunOutcome) -> Vec<SymbolProfit> {
    let mut profits = vec![SymbolProfit::default(); outcome.symbols.len()];
    let mut filled: Vec<&Order> = outcome.orders.iter().filter(|order| order.fill.is_some()).collect();
    filled.sort_by_key(|order| order.fill.map(|fill| fill.filled_at));
    let mut splits = splits(outcome).peekable();
    for order in filled {
        let filled_at = order.fill.map_or(i64::MIN, |fill| fill.filled_at);
        // A split comes before the bar in which it is booked opens.
        while let Some((_, symbol_idx, held)) = splits.next_if(|(at, ..)| *at <= filled_at) {
            profits[symbol_idx].split(held);
        }
        profits[order.symbol_idx].book(order);
    }
    for (profit, end) in profits.iter_mut().zip(&outcome.ends) {
        // What is left by rounding of many fills is no position.
        if end.quantity != 0.0 {
            profit.credit(end.quantity, end.quantity * end.price);
        }
        profit.moved = end.moved;
    }
    profits
}

/// Costs and cash by kind, quote units, negative was paid: commission, slippage, then what moved without a trade.
pub(crate) fn by_kind(outcome: &RunOutcome, symbols: &[SymbolProfit]) -> Vec<(String, f64)> {
    let sum = |part: fn(&SymbolProfit) -> f64| 0.0 - symbols.iter().map(part).sum::<f64>();
    let mut out = vec![
        ("commission".to_owned(), sum(|symbol| symbol.commission)),
        ("slippage (in the prices)".to_owned(), sum(|symbol| symbol.slippage)),
    ];
    out.extend(
        outcome
            .moved
            .iter()
            .filter(|(_, amount)| *amount != 0.0)
            .map(|(kind, amount)| (kind.name().replace('_', " "), *amount)),
    );
    out
}

/// Profits of closed trades, of one side or of all.
pub(crate) fn closed(outcome: &RunOutcome, side: Option<Side>) -> Vec<f64> {
    let is_wanted = |of: Side| side.is_none_or(|side| side == of);
    outcome.trades.iter().filter(|trade| is_wanted(trade.side)).map(|trade| trade.pnl).collect()
}
