//! What a strategy touches: time, account, prices, and orders.
//!
//! The desk numbers orders, cuts them to lots, asks the risk guard, writes the journal and puts what may go into an outbox.
//! Whoever owns it (the floor of a simulation, or live trading) takes the outbox to a venue and tells the desk what became
//! of it. A strategy sees no more than this, so that it cannot tell history from live.

use crosscut_model::{Change, Exits, OrderId, OrderKind, OrderRequest, Position, Side, TimeInForce};

use super::Dropped;
use super::placing::Placing;
use crate::account::Account;
use crate::cost::Costs;
use crate::guard::{Asked, RiskGuard};
use crate::journal::{Entry, Journal, Origin, Record};
use crate::limits::Rule;
use crate::order::{Event, Reason, Update};
use crate::sizing::{self, Line, affordable_scale};
use crate::steps::{Step, Steps};

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
    /// Whether it has been asked to go: it does not count any more.
    pub is_cancelled: bool,
}

impl OpenOrder {
    /// An order as it is sent.
    fn new(order_id: OrderId, request: OrderRequest) -> Self {
        let (entry, remaining) = (OrderId(0), request.quantity);
        Self { order_id, request, remaining, entry, rule: None, is_cancelled: false }
    }
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
    /// A position to close at its last price.
    CloseLast(u32, OrderId),
    /// An order to cancel.
    Cancel(u32, OrderId),
    /// An order to change.
    Modify(u32, OrderId, Change),
}

/// What every order is called that is refused because the run has not begun.
const WARMING: OrderId = OrderId(u64::MAX);

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
    /// How what is wanted at market is put to the venue.
    pub(super) placing: Placing,
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
    /// What prices of each symbol are multiplied with to compare them over splits and dividends.
    pub(super) growth: Vec<f64>,
    /// What rounding dropped.
    pub(super) dropped: Dropped,
    /// Number of the last order.
    pub(super) last_id: u64,
    /// Whether the run has not begun: data are told, orders are refused and leave no trace.
    pub(super) is_warming: bool,
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

    /// Difference between a symbol's best offers now, quote units; NaN where it is not known.
    pub fn spread(&self, symbol_idx: u32) -> f64 {
        self.price(symbol_idx) * self.steps.spread(symbol_idx, self.now)
    }

    /// What raw prices of a symbol are multiplied with so that their ratios over time are total returns: the product of
    /// what splits and dividends that have come so far gave away. It begins at 1; orders and positions use raw prices.
    #[inline]
    pub fn growth(&self, symbol_idx: u32) -> f64 {
        self.growth[symbol_idx as usize]
    }

    /// The account behind the numbers.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// What trading costs.
    pub fn costs(&self) -> &Costs {
        &self.costs
    }

    /// Orders that work or are on their way, by number.
    #[inline]
    pub fn open_orders(&self) -> &[OpenOrder] {
        &self.open
    }

    /// Whether trading in a symbol has ended.
    pub fn is_ended(&self, symbol_idx: u32) -> bool {
        self.ended[symbol_idx as usize]
    }

    /// Whether a symbol is in the run's universe. One that is not may be reduced, and not opened or increased.
    #[inline]
    pub fn is_in_universe(&self, symbol_idx: u32) -> bool {
        self.guard.admits(symbol_idx)
    }

    /// The rule that has stopped trading for now, if one has.
    pub fn halted(&self) -> Option<Rule> {
        self.guard.halted()
    }

    /// Sends an order with its own terms.
    pub(super) fn submit_as_it_is(&mut self, request: OrderRequest) -> OrderId {
        let order_id = self.number(&request, Origin::Strategy);
        if let Some(request) = self.checked(order_id, request) {
            self.send(OpenOrder::new(order_id, request), OrderId(0));
        }
        order_id
    }

    /// Closes a position that cannot be traded at its last price, however old: a rule of simulations, which no venue
    /// offers. Nothing when there is no position.
    pub fn close_last(&mut self, symbol_idx: u32) -> Option<OrderId> {
        let quantity = self.quantity(symbol_idx);
        (quantity != 0.0).then(|| {
            let request = closing(symbol_idx, quantity);
            let order_id = self.number(&request, Origin::LastPrice);
            self.outbox.push(Command::CloseLast(symbol_idx, order_id));
            order_id
        })
    }

    /// The part of `change` (signed base units) that lots and the least order value let through, toward zero; 0: nothing.
    /// What they keep back is counted and written down, so that a strategy that asks first leaves as clear a trail as one
    /// that is refused. What closes a position need not be whole lots.
    pub fn in_lots(&mut self, symbol_idx: u32, change: f64) -> f64 {
        let step = self.steps.at(symbol_idx, self.now);
        if self.is_warming || step == Step::default() || change == -self.quantity(symbol_idx) {
            return change;
        }
        let price = self.price(symbol_idx);
        let rounded = step.quantity(change.abs());
        let why = if rounded > 0.0 { step.too_small(rounded, price) } else { Some(Reason::BelowOneLot) };
        let kept = if why.is_none() { rounded } else { 0.0 };
        if kept < change.abs() {
            match why {
                Some(reason) => self.dropped.count(reason),
                None => self.dropped.n_rounded += 1,
            }
            self.dropped.quantity_value += (change.abs() - kept) * price;
            let side = if change > 0.0 { Side::Buy } else { Side::Sell };
            let entry = Entry::Rounded { wanted: change.abs(), quantity: kept };
            self.journal.note(Record { at: self.now, order_id: OrderId(0), symbol_idx, side, entry });
        }
        kept.copysign(change)
    }

    /// Writes down that a rule let less weight through than was wanted.
    pub fn note_weight(&mut self, symbol_idx: u32, rule: Rule, (wanted, allowed): (f64, f64)) {
        if self.is_warming {
            return;
        }
        let side = if wanted < 0.0 { Side::Sell } else { Side::Buy };
        let entry = Entry::Weighed { rule, wanted, allowed };
        self.journal.note(Record { at: self.now, order_id: OrderId(0), symbol_idx, side, entry });
    }

    /// Sends an entry whose exits begin to work as it fills and cancel one another.
    pub fn bracket(&mut self, entry: OrderRequest, exits: Exits) -> Bracket {
        let entry_id = self.number(&entry, Origin::Strategy);
        let Some(entry) = self.checked(entry_id, entry) else {
            return Bracket { entry: entry_id, stop_loss: None, take_profit: None };
        };
        let none = OrderId(0);
        let first = self.outbox.len();
        self.send(OpenOrder::new(entry_id, entry), none);
        let pair = if exits.stop_loss.is_some() && exits.take_profit.is_some() { entry_id } else { none };
        let mut exit = |kind: Option<OrderKind>, origin: Origin| {
            let request =
                OrderRequest::new(entry.symbol_idx, entry.side.opposite(), entry.quantity, kind?).reduce_only();
            let order_id = self.number(&request, origin);
            if !request.kind.is_sound() {
                self.refuse(order_id, &request, Reason::Unsound);
                return None;
            }
            let step = self.steps.at(request.symbol_idx, self.now);
            let request = OrderRequest { kind: step.kind(request.kind, request.side), ..request };
            self.send(OpenOrder { entry: entry_id, ..OpenOrder::new(order_id, request) }, pair);
            Some(order_id)
        };
        // The stop comes first: of two exits at one price it is the one that acts.
        let stop_loss = exit(exits.stop_loss.map(|trigger| OrderKind::Stop { trigger }), Origin::BracketStop);
        let take_profit = exit(exits.take_profit.map(|price| OrderKind::Limit { price }), Origin::BracketProfit);
        // The venue gets the exits first: an entry that fills the moment it arrives must find them.
        self.outbox[first..].rotate_left(1);
        Bracket { entry: entry_id, stop_loss, take_profit }
    }

    /// Sends two orders of one symbol of which the one loses what the other fills. Orders of two symbols are refused.
    pub fn one_cancels_other(&mut self, first: OrderRequest, second: OrderRequest) -> (OrderId, OrderId) {
        let (first_id, second_id) = (self.number(&first, Origin::Strategy), self.number(&second, Origin::Strategy));
        if first.symbol_idx != second.symbol_idx {
            self.refuse(first_id, &first, Reason::Unsupported);
            self.refuse(second_id, &second, Reason::Unsupported);
            return (first_id, second_id);
        }
        for (order_id, request) in [(first_id, first), (second_id, second)] {
            if let Some(request) = self.checked(order_id, request) {
                self.send(OpenOrder::new(order_id, request), first_id);
            }
        }
        (first_id, second_id)
    }

    /// Asks the venue to cancel an order; one that does not work any more is left alone.
    pub fn cancel(&mut self, order_id: OrderId) {
        if let Ok(at) = self.open.binary_search_by_key(&order_id, |order| order.order_id) {
            self.open[at].is_cancelled = true;
            self.outbox.push(Command::Cancel(self.open[at].request.symbol_idx, order_id));
        }
    }

    /// Asks the venue to cancel all orders of a symbol.
    pub fn cancel_all(&mut self, symbol_idx: u32) {
        for order in self.open.iter_mut().filter(|order| order.request.symbol_idx == symbol_idx) {
            order.is_cancelled = true;
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
        let kind = step.kind(request.kind.changed(change), request.side);
        let (price, trigger) = (change.price.and(kind.limit()), change.trigger.and(kind.trigger()));
        let change = Change { price, trigger, ..change };
        let open = &mut self.open[at];
        open.request.kind = kind;
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
        (quantity != 0.0).then(|| self.submit(closing(symbol_idx, quantity).reduce_only()))
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
        self.rebalance_around(weights, &[], self.equity());
    }

    /// [`Desk::rebalance`], with positions in `kept` (ascending) left as they are, and weights as fractions of `equity`.
    pub fn rebalance_around(&mut self, weights: &[(u32, f64)], kept: &[u32], equity: f64) {
        let stale: Vec<OrderId> = self
            .open
            .iter()
            .filter(|order| order.request.kind == OrderKind::Market || !self.placing.is_plain())
            .filter(|order| order.is_wish())
            .map(|order| order.order_id)
            .collect();
        stale.into_iter().for_each(|order_id| self.cancel(order_id));
        let mut lines: Vec<Line> = Vec::with_capacity(weights.len());
        let is_named = |held: &u32| weights.iter().any(|(symbol_idx, _)| symbol_idx == held);
        let closed = self.held().iter().filter(|held| !is_named(held) && kept.binary_search(held).is_err());
        for (symbol_idx, weight) in weights.iter().copied().chain(closed.map(|held| (*held, 0.0))) {
            let (price, held) = (self.price(symbol_idx), self.quantity(symbol_idx));
            if price > 0.0 {
                let spread = self.spread(symbol_idx);
                lines.push(Line { symbol_idx, weight, price, held, spread });
            }
        }
        lines.sort_by_key(|line| line.symbol_idx);
        let account = sizing::Account { equity, cash: self.cash(), reserve: 0.0 };
        let is_cash = matches!(self.account.funds(), crate::account::Funds::Cash);
        let scale = if is_cash { affordable_scale(&lines, account, &self.costs) } else { 1.0 };
        for is_buy in [false, true] {
            for line in &lines {
                let target = line.target(equity, scale);
                let change = line.change(target, equity);
                if (change > 0.0) == is_buy && change != 0.0 {
                    self.target(line.symbol_idx, target);
                }
            }
        }
    }

    /// Gives a request its number and writes it down.
    pub(super) fn number(&mut self, request: &OrderRequest, origin: Origin) -> OrderId {
        if self.is_warming {
            return WARMING;
        }
        self.last_id += 1;
        let order_id = OrderId(self.last_id);
        self.journal.decision((self.now, origin), order_id, request);
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
        if self.is_warming {
            self.refuse(order_id, &request, Reason::WarmingUp);
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
        let too_small = if quantity <= 0.0 {
            Some(Reason::BelowOneLot)
        } else {
            step.too_small(quantity, price).filter(|_| !closes)
        };
        let Some(reason) = too_small else {
            return Some(OrderRequest { quantity, kind: step.kind(request.kind, request.side), ..request });
        };
        self.dropped.count(reason);
        self.dropped.quantity_value += quantity * price;
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

    /// A request and its account as the guard looks at them: as if every working order had been filled that adds to a
    /// position, and those at market that take from one, which fill no later than this one. What limit and stop orders
    /// may take off cannot be counted on.
    fn asked(&self, request: &OrderRequest) -> Asked {
        let (symbol_idx, side) = (request.symbol_idx, request.side);
        let (mut cash, mut gross, mut net) = (self.cash(), self.account.gross(), self.account.net());
        let (mut working, mut reducing) = (0.0, 0.0);
        let mut new: Vec<u32> = Vec::new();
        for order in self.open.iter().filter(|order| !order.is_cancelled) {
            let at = order.request.symbol_idx;
            let price = order.request.kind.limit().unwrap_or(self.price(at));
            let (held, sign) = (self.quantity(at), order.request.side.sign());
            let is_against = held * sign < 0.0;
            let takes = if is_against { order.remaining.min(held.abs()) } else { 0.0 };
            let is_sure = matches!(order.request.kind, OrderKind::Market | OrderKind::MarketOnOpen);
            let taken = if is_sure { takes } else { 0.0 };
            let added = if order.request.is_reduce_only { 0.0 } else { order.remaining - takes };
            cash -= sign * (taken + added) * price;
            net += sign * (taken + added) * price;
            gross += (added - taken) * price;
            if held == 0.0 && added > 0.0 && !new.contains(&at) {
                new.push(at);
            }
            if at == symbol_idx && order.request.side == side {
                working += added;
                reducing += takes;
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
            reducing,
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
    pub(super) fn note(&mut self, order_id: OrderId, request: &OrderRequest, entry: Entry) {
        let (symbol_idx, side) = (request.symbol_idx, request.side);
        self.journal.note(Record { at: self.now, order_id, symbol_idx, side, entry });
    }

    /// Cancels the orders that would open or increase a position in a symbol that may not be opened.
    pub(super) fn cancel_openings(&mut self) {
        let (account, guard) = (&self.account, &self.guard);
        for order in self.open.iter_mut().filter(|order| !order.is_cancelled) {
            let request = &order.request;
            let held = account.quantity(request.symbol_idx);
            let takes = if held * request.side.sign() < 0.0 { held.abs() } else { 0.0 };
            if !request.is_reduce_only && order.remaining > takes && !guard.admits(request.symbol_idx) {
                order.is_cancelled = true;
                self.outbox.push(Command::Cancel(request.symbol_idx, order.order_id));
            }
        }
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
        let request = closing(symbol_idx, quantity).reduce_only().lasting(TimeInForce::Gtc);
        let order_id = self.number(&request, Origin::Guard(rule));
        self.note(order_id, &request, Entry::Limited { rule, wanted: quantity.abs(), allowed: 0.0 });
        self.send(OpenOrder { rule: Some(rule), ..OpenOrder::new(order_id, request) }, OrderId(0));
    }

    /// Takes note of a split in what is known of working orders.
    pub(super) fn split_orders(&mut self, symbol_idx: u32, ratio: f64) {
        let step = self.steps.at(symbol_idx, self.now);
        for order in self.open.iter_mut().filter(|order| order.request.symbol_idx == symbol_idx) {
            order.request = step.after_split(order.request, ratio);
            order.remaining = step.quantity(order.remaining * ratio);
        }
    }

    /// Takes note of what happened to an order: journal, open orders, the guard's turnover.
    pub(super) fn hear(&mut self, update: &Update) {
        if self.is_warming {
            return;
        }
        self.journal.update(update);
        if let Event::Filled { fill, .. } = update.event {
            self.guard.traded(update.at, fill.quantity * fill.price);
        }
        let Ok(at) = self.open.binary_search_by_key(&update.order_id, |order| order.order_id) else {
            return;
        };
        // What the exit of a bracket has closed cools as what a stop of the guard has.
        let is_exit = matches!(update.event, Event::Filled { .. }) && self.open[at].entry != OrderId(0);
        if is_exit && self.quantity(update.symbol_idx) == 0.0 {
            self.guard.stopped(update.at, update.symbol_idx);
        }
        if update.is_final() {
            self.open.remove(at);
        } else if let Event::Filled { remaining, .. } = update.event {
            self.open[at].remaining = remaining;
        }
    }
}

/// The market order that closes a position of so many base units (negative when short).
pub(super) fn closing(symbol_idx: u32, quantity: f64) -> OrderRequest {
    let side = if quantity > 0.0 { Side::Sell } else { Side::Buy };
    OrderRequest::market(symbol_idx, side, quantity.abs())
}
