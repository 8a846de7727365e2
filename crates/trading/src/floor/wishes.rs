//! What becomes of a strategy's wish on its way to the venue, and of its working orders when it wants something else.
//!
//! A wish at market gets the terms of the run ([`super::Placing`]). One that turns a position round is two orders where
//! entries have terms of their own: the one that closes, then the bracket that opens.

use crosscut_model::{Change, OrderId, OrderKind, OrderRequest};

use super::desk::{Desk, OpenOrder};

/// A part of an order or position below this is rounding, not a wish.
const DUST: f64 = 1e-10;

impl Desk {
    /// Sends an order; one at market by the terms of the run. Whatever becomes of it is told by `on_order`, refusals included.
    /// The number is that of the order, or of the part of it that opens or increases a position.
    pub fn submit(&mut self, request: OrderRequest) -> OrderId {
        let is_known = (request.symbol_idx as usize) < self.ended.len();
        if !(is_known && self.placing.takes(&request)) {
            return self.submit_as_it_is(request);
        }
        let at = (self.price(request.symbol_idx), self.now);
        if !self.placing.knows_entries() {
            return self.submit_as_it_is(self.placing.place(request, true, at));
        }
        let held = self.quantity(request.symbol_idx);
        let against = if held * request.side.sign() < 0.0 { held.abs() } else { 0.0 };
        let closing = if request.is_reduce_only { request.quantity } else { request.quantity.min(against) };
        let opening = request.quantity - closing;
        if opening <= DUST * request.quantity {
            return self.submit_as_it_is(self.placing.place(request, false, at));
        }
        if closing > 0.0 {
            let close = OrderRequest { quantity: closing, ..request }.reduce_only();
            self.submit_as_it_is(self.placing.place(close, false, at));
        }
        let entry = self.placing.place(OrderRequest { quantity: opening, ..request }, true, at);
        if self.placing.exits.is_none() {
            return self.submit_as_it_is(entry);
        }
        let exits = self.placing.exits.at(entry.side, entry_price(entry.kind, at.0));
        self.bracket(entry, exits).entry
    }

    /// Base units of a symbol that will be held once the strategy's working orders are filled, exits of brackets and orders of
    /// the guard aside; `None` when no such order works.
    pub fn heading(&self, symbol_idx: u32) -> Option<f64> {
        let mut wishes = self.open.iter().filter(|order| order.is_wish_in(symbol_idx)).peekable();
        wishes.peek()?;
        let held = self.quantity(symbol_idx);
        let heading = wishes.fold(held, |sum, order| sum + order.request.side.sign() * order.remaining);
        Some(if heading.abs() <= DUST * held.abs() { 0.0 } else { heading })
    }

    /// Whether the guard has an order in a symbol.
    pub fn is_guarded_out(&self, symbol_idx: u32) -> bool {
        self.open.iter().any(|order| order.request.symbol_idx == symbol_idx && order.rule.is_some())
    }

    /// Cancels the strategy's working orders in a symbol; exits stay with the position they protect.
    pub fn withdraw(&mut self, symbol_idx: u32) {
        let wishes: Vec<OrderId> =
            self.open.iter().filter(|order| order.is_wish_in(symbol_idx)).map(|order| order.order_id).collect();
        wishes.into_iter().for_each(|order_id| self.cancel(order_id));
    }

    /// Moves the strategy's working orders in a symbol to terms made from the last price, where the run says so; with an
    /// entry of which nothing has been filled its exits.
    pub fn reprice(&mut self, symbol_idx: u32) {
        if !self.placing.is_repriced {
            return;
        }
        let wishes: Vec<OpenOrder> = self.open.iter().filter(|order| order.is_wish_in(symbol_idx)).copied().collect();
        for order in wishes {
            let price = self.price(symbol_idx);
            let is_entry = !order.request.is_reduce_only;
            let kind = self.placing.kind_of(is_entry).at(order.request.side, price);
            let is_same = kind.order_type() == order.request.kind.order_type();
            if !is_same || !self.change_terms(&order, kind) || order.remaining != order.request.quantity {
                continue;
            }
            let exits = self.placing.exits.at(order.request.side, entry_price(kind, price));
            let of_entry: Vec<OpenOrder> =
                self.open.iter().filter(|exit| exit.entry == order.order_id).copied().collect();
            for exit in of_entry {
                let moved = match exit.request.kind {
                    OrderKind::Stop { .. } => exits.stop_loss.map(|trigger| OrderKind::Stop { trigger }),
                    _ => exits.take_profit.map(|price| OrderKind::Limit { price }),
                };
                if let Some(kind) = moved {
                    self.change_terms(&exit, kind);
                }
            }
        }
    }

    /// Asks for the prices of other terms of the same kind; whether there is anything to change.
    fn change_terms(&mut self, order: &OpenOrder, kind: OrderKind) -> bool {
        let kind = self.steps.at(order.request.symbol_idx, self.now).kind(kind, order.request.side);
        let change = Change { quantity: None, price: kind.limit(), trigger: kind.trigger() };
        kind != order.request.kind && self.modify(order.order_id, change)
    }
}

impl OpenOrder {
    /// Whether it is what the strategy wants: neither an exit of a bracket, nor the guard's, nor on its way out.
    pub fn is_wish(&self) -> bool {
        self.rule.is_none() && self.entry == OrderId(0) && !self.is_cancelled
    }

    /// Whether it is what the strategy wants of a symbol.
    fn is_wish_in(&self, symbol_idx: u32) -> bool {
        self.request.symbol_idx == symbol_idx && self.is_wish()
    }
}

/// The price an entry names: its trigger, else its limit, else the last price.
fn entry_price(kind: OrderKind, last: f64) -> f64 {
    kind.trigger().or(kind.limit()).unwrap_or(last)
}
