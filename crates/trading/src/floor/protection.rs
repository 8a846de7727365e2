//! The guard's stops on the path of a bar.
//!
//! Somebody who watches the market closes a position when a price is reached, whatever else is working. On a bar that is
//! what orders of the venue do: for the length of the path the guard's exits lie in the book beside the strategy's orders,
//! so that what is reached first acts first. They are no orders before they act: only one that fills gets a number.

use crosscut_model::{OrderId, OrderKind, OrderRequest, TimeInForce};

use super::Floor;
use super::desk::closing;
use crate::journal::{Entry, Origin};
use crate::limits::Rule;
use crate::market::Bar;
use crate::order::{Event, Update};
use crate::venue::Working;

/// The first number of exits that have none of their own yet.
const UNNUMBERED: u64 = u64::MAX - 2;

impl Floor {
    /// A bar's path with the guard's exits in the book.
    pub(super) fn guarded_path(&mut self, bar: &Bar) {
        let symbol_idx = bar.symbol_idx;
        let is_leaving =
            self.desk.open.iter().any(|order| order.rule.is_some() && order.request.symbol_idx == symbol_idx);
        if is_leaving {
            return self.plain_path(bar);
        }
        let position = self.desk.position(symbol_idx);
        let exits = self.desk.guard.exits(symbol_idx, position);
        let request = closing(symbol_idx, position.quantity).reduce_only().lasting(TimeInForce::Gtc);
        for (number, exit) in exits.iter().enumerate() {
            if let Some((_, kind, best)) = *exit {
                self.venue.protect(resting(UNNUMBERED + number as u64, OrderRequest { kind, ..request }, best));
            }
        }
        let n_told = self.desk.inbox.len();
        self.plain_path(bar);
        self.venue.unprotect(symbol_idx, OrderId(UNNUMBERED));
        self.number_exits(n_told, exits.map(|exit| exit.map(|(rule, kind, _)| (rule, kind))), request);
        let after = self.desk.position(symbol_idx);
        if after.opened_at == position.opened_at && after.quantity * position.quantity > 0.0 {
            self.desk.guard.follow(symbol_idx, position, (bar.high, bar.low));
        }
    }

    /// Gives the exits that have filled a number and writes them down; what else was told of exits is forgotten.
    fn number_exits(&mut self, n_told: usize, exits: [Option<(Rule, OrderKind)>; 3], request: OrderRequest) {
        let news: Vec<Update> = self.desk.inbox.drain(n_told..).collect();
        let mut numbers = [None; 3];
        for update in news {
            let Some(exit) = update.order_id.0.checked_sub(UNNUMBERED) else {
                self.desk.inbox.push(update);
                continue;
            };
            let (Event::Filled { .. }, Some((rule, kind))) = (update.event, exits[exit as usize]) else {
                continue;
            };
            let order_id = numbers[exit as usize].unwrap_or_else(|| {
                let request = OrderRequest { kind, ..request };
                let order_id = self.desk.number(&request, Origin::Guard(rule));
                let entry = Entry::Limited { rule, wanted: request.quantity, allowed: 0.0 };
                self.desk.note(order_id, &request, entry);
                self.desk.guard.stopped(update.at, update.symbol_idx);
                order_id
            });
            numbers[exit as usize] = Some(order_id);
            self.desk.inbox.push(Update { order_id, ..update });
        }
    }
}

/// An order that has been in the book before anything else.
fn resting(number: u64, request: OrderRequest, best: f64) -> Working {
    let mut order = Working::new(OrderId(number), request, i64::MIN, i64::MAX);
    (order.is_resting, order.best) = (true, best);
    order
}
