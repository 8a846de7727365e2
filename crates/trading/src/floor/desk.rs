//! What a strategy touches: time, account, prices, and orders.
//!
//! The desk numbers orders, cuts them to lots, asks the risk guard, writes the journal and puts what may go into an outbox.
//! Whoever owns it (the floor of a simulation, or live trading) takes the outbox to a venue and tells the desk what became
//! of it. A strategy sees no more than this, so that it cannot tell history from live.

use crosscut_model::{Change, Exits, OrderId, OrderKind, OrderRequest, Position, Side, TimeInForce};

use super::Dropped;
use crate::account::Account;
use crate::cost::Costs;
use crate::guard::{Asked, RiskGuard};
use crate::journal::{Entry, Journal, Record};
use crate::limits::Rule;
use crate::order::{Event, Reason, Update};
use crate::sizing::{self, Line, affordable_scale};
use crate::steps::Steps;

/// An order that works, as the desk knows it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OpenOrder {
    /// Its number.
    pub order_id: OrderId,
    /// What was asked for.
    pub request: OrderRequest,
    /// Base units still to fill.
    pub remaining: f64,
    /// The entry whose exit it is; 0: none.
    pub entry: OrderId,
    /// The rule of the guard that made it; `None`: the strategy did.
    pub rule: Option<Rule>,
}

/// Something for the venue.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Command {
    /// A new order.
    Submit {
        /// Its number.
        order_id: OrderId,
        /// What is asked for.
        request: OrderRequest,
        /// The entry whose exit it is; 0: none.
        entry: OrderId,
        /// The pair it belongs to; 0: none.
        pair: OrderId,
    },
    /// An order to cancel.
    Cancel(u32, OrderId),
    /// An order to change.
    Modify(u32, OrderId, Change),
}

/// The numbers of a bracket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bracket {
    /// The entry.
    pub entry: OrderId,
    /// The stop that limits the loss.
    pub stop_loss: Option<OrderId>,
    /// The limit that takes the profit.
    pub take_profit: Option<OrderId>,
}

/// A strategy's place: everything it may see and do.
#[derive(Debug)]
pub struct Desk {
    /// Present time, microseconds UTC.
    pub(super) now: i64,
    /// Cash, positions, prices.
    pub(super) account: Account,
    /// What trading costs.
    pub(super) costs: Costs,
    /// Lots, ticks, least values.
    pub(super) steps: Steps,
    /// Judges orders, watches equity and positions.
    pub(super) guard: RiskGuard,
    /// What happened and why.
    pub(super) journal: Journal,
    /// Orders that work, by number.
    pub(super) open: Vec<OpenOrder>,
    /// What goes to the venue.
    pub(super) outbox: Vec<Command>,
    /// What happened to orders, not yet told.
    pub(super) inbox: Vec<Update>,
    /// Symbols that are not traded any more.
    pub(super) ended: Vec<bool>,
    /// What rounding dropped.
    pub(super) dropped: Dropped,
    /// Number of the last order.
    pub(super) last_id: u64,
}

impl Desk {
    /// Present time, microseconds UTC.
    #[inline]
    pub fn now(&self) -> i64 {
        self.now
    }

    /// Number of symbols.
    pub fn n_symbols(&self) -> usize {
        self.ended.len()
    }

    /// Cash, quote units.
    #[inline]
    pub fn cash(&self) -> f64 {
        self.account.ledger().cash()
    }

    /// Cash plus positions at their last prices, quote units.
    #[inline]
    pub fn equity(&self) -> f64 {
        self.account.equity()
    }

    /// Base units held; negative when short.
    #[inline]
    pub fn quantity(&self, symbol_idx: u32) -> f64 {
        self.account.quantity(symbol_idx)
    }

    /// The position in a symbol.
    #[inline]
    pub fn position(&self, symbol_idx: u32) -> Position {
        self.account.ledger().position(symbol_idx)
    }

    /// Symbols with a position, ascending.
    pub fn held(&self) -> &[u32] {
        self.account.ledger().held()
    }

    /// Last price of a symbol, quote units; NaN before the first.
    #[inline]
    pub fn price(&self, symbol_idx: u32) -> f64 {
        self.account.price(symbol_idx)
    }

    /// The account behind the numbers.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Orders that work or are on their way, by number.
    #[inline]
    pub fn open_orders(&self) -> &[OpenOrder] {
        &self.open
    }

    /// The rule that has stopped trading for now, if one has.
    pub fn halted(&self) -> Option<Rule> {
        self.guard.halted()
    }

    /// Sends an order. Whatever becomes of it is told by `on_order`, refusals included.
    pub fn submit(&mut self, request: OrderRequest) -> OrderId {
        let order_id = self.number(&request);
        if let Some(request) = self.checked(order_id, request) {
            self.send(
                OpenOrder { order_id, request, remaining: request.quantity, entry: OrderId(0), rule: None },
                OrderId(0),
            );
        }
        order_id
    }

    /// Sends an entry whose exits begin to work as it fills and cancel one another.
    pub fn bracket(&mut self, entry: OrderRequest, exits: Exits) -> Bracket {
        let entry_id = self.number(&entry);
        let Some(entry) = self.checked(entry_id, entry) else {
            return Bracket { entry: entry_id, stop_loss: None, take_profit: None };
        };
        let none = OrderId(0);
        let first = self.outbox.len();
        self.send(
            OpenOrder { order_id: entry_id, request: entry, remaining: entry.quantity, entry: none, rule: None },
            none,
        );
        let pair = if exits.stop_loss.is_some() && exits.take_profit.is_some() { entry_id } else { none };
        let mut exit = |kind: Option<OrderKind>| {
            let request =
                OrderRequest::new(entry.symbol_idx, entry.side.opposite(), entry.quantity, kind?).reduce_only();
            let order_id = self.number(&request);
            if !request.kind.is_sound() {
                self.refuse(order_id, &request, Reason::Unsound);
                return None;
            }
            let step = self.steps.at(request.symbol_idx, self.now);
            let request = OrderRequest { kind: step.kind(request.kind, request.side), ..request };
            self.send(OpenOrder { order_id, request, remaining: request.quantity, entry: entry_id, rule: None }, pair);
            Some(order_id)
        };
        // The stop comes first: of two exits at one price it is the one that acts.
        let stop_loss = exit(exits.stop_loss.map(|trigger| OrderKind::Stop { trigger }));
        let take_profit = exit(exits.take_profit.map(|price| OrderKind::Limit { price }));
        // The venue gets the exits first: an entry that fills the moment it arrives must find them.
        self.outbox[first..].rotate_left(1);
        Bracket { entry: entry_id, stop_loss, take_profit }
    }

    /// Sends two orders of one symbol of which the one loses what the other fills. Orders of two symbols are refused.
    pub fn one_cancels_other(&mut self, first: OrderRequest, second: OrderRequest) -> (OrderId, OrderId) {
        let (first_id, second_id) = (self.number(&first), self.number(&second));
        if first.symbol_idx != second.symbol_idx {
            self.refuse(first_id, &first, Reason::Unsupported);
            self.refuse(second_id, &second, Reason::Unsupported);
            return (first_id, second_id);
        }
        for (order_id, request) in [(first_id, first), (second_id, second)] {
            if let Some(request) = self.checked(order_id, request) {
                let remaining = request.quantity;
                self.send(OpenOrder { order_id, request, remaining, entry: OrderId(0), rule: None }, first_id);
            }
        }
        (first_id, second_id)
    }

    /// Asks the venue to cancel an order; one that does not work any more is left alone.
    pub fn cancel(&mut self, order_id: OrderId) {
        if let Ok(at) = self.open.binary_search_by_key(&order_id, |order| order.order_id) {
            self.outbox.push(Command::Cancel(self.open[at].request.symbol_idx, order_id));
        }
    }

    /// Asks the venue to cancel all orders of a symbol.
    pub fn cancel_all(&mut self, symbol_idx: u32) {
        for order in self.open.iter().filter(|order| order.request.symbol_idx == symbol_idx) {
            self.outbox.push(Command::Cancel(symbol_idx, order.order_id));
        }
    }

    /// Asks the venue to change a working order. More quantity is judged like an order of its own; a change that makes no
    /// sense or is not allowed is dropped and told in the journal. Whether the change was made is known from its return.
    pub fn modify(&mut self, order_id: OrderId, change: Change) -> bool {
        let Ok(at) = self.open.binary_search_by_key(&order_id, |order| order.order_id) else {
            return false;
        };
        let order = self.open[at];
        let sound = |value: Option<f64>| value.is_none_or(|value| value.is_finite() && value > 0.0);
        if !(sound(change.quantity) && sound(change.price) && sound(change.trigger)) {
            return false;
        }
        let request = order.request;
        let more = change.quantity.map_or(0.0, |quantity| quantity - request.quantity);
        if more > 0.0 {
            let added = OrderRequest { quantity: more, ..request };
            if self.judged(order_id, &added).quantity < more {
                return false;
            }
        }
        let step = self.steps.at(request.symbol_idx, self.now);
        let price = change.price.and_then(|price| step.kind(OrderKind::Limit { price }, request.side).limit());
        let change = Change { price, ..change };
        let open = &mut self.open[at];
        if let Some(quantity) = change.quantity {
            open.remaining = (open.remaining + quantity - request.quantity).max(0.0);
            open.request.quantity = quantity;
        }
        self.outbox.push(Command::Modify(request.symbol_idx, order_id, change));
        true
    }

    /// Sends a market order that closes a position; nothing when there is none.
    pub fn close(&mut self, symbol_idx: u32) -> Option<OrderId> {
        let quantity = self.quantity(symbol_idx);
        (quantity != 0.0).then(|| {
            let side = if quantity > 0.0 { Side::Sell } else { Side::Buy };
            self.submit(OrderRequest::market(symbol_idx, side, quantity.abs()).reduce_only())
        })
    }

    /// Sends the market order that brings a position to `quantity` base units; nothing when it is there already.
    pub fn target(&mut self, symbol_idx: u32, quantity: f64) -> Option<OrderId> {
        let change = quantity - self.quantity(symbol_idx);
        if quantity == 0.0 {
            return self.close(symbol_idx);
        }
        // A change this small beside the position is rounding, not a wish.
        (change.abs() > 1e-10 * quantity.abs()).then(|| {
            let side = if change > 0.0 { Side::Buy } else { Side::Sell };
            self.submit(OrderRequest::market(symbol_idx, side, change.abs()))
        })
    }

    /// Brings the portfolio to `weights` (symbol, fraction of equity; symbols ascending): what is held and not named is
    /// closed, market orders of an earlier call that still work are cancelled, sells go before buys. Quantities come from
    /// equity and the last prices; an account that owes nothing shrinks all weights so that costs fit in cash.
    pub fn rebalance(&mut self, weights: &[(u32, f64)]) {
        self.rebalance_around(weights, &[]);
    }

    /// [`Desk::rebalance`], with positions in `kept` (ascending) left as they are.
    pub fn rebalance_around(&mut self, weights: &[(u32, f64)], kept: &[u32]) {
        let stale: Vec<OrderId> = self
            .open
            .iter()
            .filter(|order| order.request.kind == OrderKind::Market && order.rule.is_none())
            .map(|order| order.order_id)
            .collect();
        stale.into_iter().for_each(|order_id| self.cancel(order_id));
        let mut lines: Vec<Line> = Vec::with_capacity(weights.len());
        let is_named = |held: &u32| weights.iter().any(|(symbol_idx, _)| symbol_idx == held);
        let closed = self.held().iter().filter(|held| !is_named(held) && kept.binary_search(held).is_err());
        for (symbol_idx, weight) in weights.iter().copied().chain(closed.map(|held| (*held, 0.0))) {
            let (price, held) = (self.price(symbol_idx), self.quantity(symbol_idx));
            if price > 0.0 {
                lines.push(Line { symbol_idx, weight, price, held });
            }
        }
        lines.sort_by_key(|line| line.symbol_idx);
        let equity = self.equity();
        let account = sizing::Account { equity, cash: self.cash(), reserve: 0.0 };
        let is_cash = matches!(self.account.funds(), crate::account::Funds::Cash);
        let scale = if is_cash { affordable_scale(&lines, account, &self.costs) } else { 1.0 };
        for is_buy in [false, true] {
            for line in &lines {
                let target = line.target(equity, scale);
                if (target > line.held) == is_buy && target != line.held {
                    self.target(line.symbol_idx, target);
                }
            }
        }
    }

    /// Gives a request its number and writes it down.
    fn number(&mut self, request: &OrderRequest) -> OrderId {
        self.last_id += 1;
        let order_id = OrderId(self.last_id);
        self.journal.decision(self.now, order_id, request);
        order_id
    }

    /// The request as it may be sent: sound, in whole lots and ticks, large enough, and let through by the guard.
    fn checked(&mut self, order_id: OrderId, request: OrderRequest) -> Option<OrderRequest> {
        let symbol_idx = request.symbol_idx;
        let is_sound = request.quantity.is_finite() && request.quantity > 0.0 && request.kind.is_sound();
        if symbol_idx as usize >= self.ended.len() || !is_sound {
            self.refuse(order_id, &request, Reason::Unsound);
            return None;
        }
        let price = self.price(symbol_idx);
        if self.ended[symbol_idx as usize] || price.is_nan() {
            self.refuse(order_id, &request, Reason::NotTrading);
            return None;
        }
        let verdict = self.judged(order_id, &request);
        if verdict.quantity <= 0.0 {
            let reason = verdict.rule.map_or(Reason::Unsound, Reason::Guard);
            self.refuse(order_id, &request, reason);
            return None;
        }
        self.in_steps(order_id, OrderRequest { quantity: verdict.quantity, ..request })
    }

    /// The request in whole lots and ticks; `None` when nothing worth sending is left.
    fn in_steps(&mut self, order_id: OrderId, request: OrderRequest) -> Option<OrderRequest> {
        let step = self.steps.at(request.symbol_idx, self.now);
        let held = self.quantity(request.symbol_idx);
        // What closes a position goes as it is: it need not be a whole number of lots, nor large.
        let closes = held * request.side.sign() < 0.0 && request.quantity == held.abs();
        let quantity = if closes { request.quantity } else { step.quantity(request.quantity) };
        let price = request.kind.limit().unwrap_or(self.price(request.symbol_idx));
        if quantity != request.quantity {
            self.dropped.quantity_value += (request.quantity - quantity) * price;
            self.dropped.n_rounded += 1;
            let entry = Entry::Rounded { wanted: request.quantity, quantity };
            self.note(order_id, &request, entry);
        }
        let reason = if quantity <= 0.0 {
            self.dropped.n_below_one_lot += 1;
            Reason::BelowOneLot
        } else if !closes && !step.allows(quantity, price) {
            self.dropped.n_below_min_notional += 1;
            self.dropped.quantity_value += quantity * price;
            Reason::BelowMinNotional
        } else {
            return Some(OrderRequest { quantity, kind: step.kind(request.kind, request.side), ..request });
        };
        self.refuse(order_id, &request, reason);
        None
    }

    /// What the guard lets through of a request, written down when it cuts.
    fn judged(&mut self, order_id: OrderId, request: &OrderRequest) -> crate::guard::Verdict {
        if !self.guard.has_to_judge() || request.is_reduce_only {
            return crate::guard::Verdict { quantity: request.quantity, rule: None };
        }
        let verdict = self.guard.judge(&self.asked(request));
        if let Some(rule) = verdict.rule {
            let entry = Entry::Limited { rule, wanted: request.quantity, allowed: verdict.quantity };
            self.note(order_id, request, entry);
        }
        verdict
    }

    /// A request and its account as the guard looks at them.
    fn asked(&self, request: &OrderRequest) -> Asked {
        let (symbol_idx, side) = (request.symbol_idx, request.side);
        let (mut cash, mut gross, mut net) = (self.cash(), self.account.gross(), self.account.net());
        let mut working = 0.0;
        let mut new: Vec<u32> = Vec::new();
        for order in self.open.iter().filter(|order| !order.request.is_reduce_only) {
            let at = order.request.symbol_idx;
            let value = order.remaining * order.request.kind.limit().unwrap_or(self.price(at));
            let (held, sign) = (self.quantity(at), order.request.side.sign());
            if order.request.side == Side::Buy {
                cash -= value;
            }
            net += sign * value;
            if held * sign >= 0.0 {
                gross += value;
            }
            if held == 0.0 && !new.contains(&at) {
                new.push(at);
            }
            if at == symbol_idx && order.request.side == side {
                working += order.remaining;
            }
        }
        Asked {
            now: self.now,
            symbol_idx,
            side,
            quantity: request.quantity,
            price: request.kind.limit().unwrap_or(self.price(symbol_idx)),
            held: self.quantity(symbol_idx),
            working,
            equity: self.equity(),
            cash,
            gross,
            net,
            n_positions: self.held().len() + new.len(),
        }
    }

    /// Puts an order into the outbox.
    fn send(&mut self, order: OpenOrder, pair: OrderId) {
        let OpenOrder { order_id, request, entry, .. } = order;
        self.open.push(order);
        self.outbox.push(Command::Submit { order_id, request, entry, pair });
    }

    /// Tells that an order will not be sent.
    fn refuse(&mut self, order_id: OrderId, request: &OrderRequest, reason: Reason) {
        let (symbol_idx, side, event) = (request.symbol_idx, request.side, Event::Rejected(reason));
        self.inbox.push(Update { order_id, symbol_idx, side, at: self.now, event });
    }

    /// Writes a line about an order.
    fn note(&mut self, order_id: OrderId, request: &OrderRequest, entry: Entry) {
        let (symbol_idx, side) = (request.symbol_idx, request.side);
        self.journal.note(Record { at: self.now, order_id, symbol_idx, side, entry });
    }

    /// Closes a position on the guard's account: its working orders are cancelled, a market order reduces it.
    pub(super) fn leave(&mut self, symbol_idx: u32, rule: Rule) {
        let is_leaving = |order: &OpenOrder| order.request.symbol_idx == symbol_idx && order.rule.is_some();
        if self.open.iter().any(is_leaving) {
            return;
        }
        self.cancel_all(symbol_idx);
        let quantity = self.quantity(symbol_idx);
        if quantity == 0.0 {
            return;
        }
        let side = if quantity > 0.0 { Side::Sell } else { Side::Buy };
        let request = OrderRequest::market(symbol_idx, side, quantity.abs()).reduce_only().lasting(TimeInForce::Gtc);
        let order_id = self.number(&request);
        self.note(order_id, &request, Entry::Limited { rule, wanted: quantity.abs(), allowed: 0.0 });
        let remaining = request.quantity;
        self.send(OpenOrder { order_id, request, remaining, entry: OrderId(0), rule: Some(rule) }, OrderId(0));
    }

    /// Takes note of what happened to an order: journal, open orders, the guard's turnover.
    pub(super) fn hear(&mut self, update: &Update) {
        self.journal.update(update);
        if let Event::Filled { fill, .. } = update.event {
            self.guard.traded(fill.quantity * fill.price);
        }
        let Ok(at) = self.open.binary_search_by_key(&update.order_id, |order| order.order_id) else {
            return;
        };
        if update.is_final() {
            self.open.remove(at);
        } else if let Event::Filled { remaining, .. } = update.event {
            self.open[at].remaining = remaining;
        }
    }
}
