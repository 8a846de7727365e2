//! The simulated venue: walks bars and trades, and lets each working order act where a price reaches it.
//!
//! A bar is met in three phases. At its open: what is marketable there. On its path (open, first extreme, second
//! extreme, close; the order of the extremes is [`super::rules::PathRule`]): of the orders a move reaches, the nearest
//! acts first, and what follows from it (exits of a bracket, the other order of a pair) acts on the rest of the path.
//! At its close: on-close orders, and what arrived while the bar was open. Orders that cannot be shown to have been
//! at the venue before a price, or whose time may have been up, do not meet it.

use crosscut_model::{Change, Fill, OrderId, OrderKind, Side, TimeInForce};

use super::book::Working;
use super::execution::{Meeting, Terms, execute};
use super::hours::Hours;
use super::rules::{PathRule, VenueRules};
use super::scene::{Phase, Scene, acts, had_its_chance, is_present, nearest};
use crate::account::{Account, Funds, Wanted};
use crate::cost::Costs;
use crate::market::{Bar, Trade};
use crate::order::{Event, Reason, Update};
use crate::rules::Execution;
use crate::steps::Steps;

/// What is left of an order or position below this share of it is rounding.
const DUST: f64 = 1e-12;

/// Where fills are booked and told.
#[derive(Debug)]
pub struct Clearing<'a> {
    /// The account that trades.
    pub account: &'a mut Account,
    /// What trading costs.
    pub costs: &'a Costs,
    /// Lots and ticks.
    pub steps: &'a Steps,
    /// What happened to orders, in order.
    pub updates: &'a mut Vec<Update>,
}

/// A request on its way to the venue.
#[derive(Debug, Clone, Copy)]
struct Pending {
    /// When it arrives, microseconds.
    arrives_at: i64,
    /// Symbol of the order.
    symbol_idx: u32,
    /// The order.
    order_id: OrderId,
    /// The change; `None` cancels.
    change: Option<Change>,
}

/// What the venue remembers of a symbol's market.
#[derive(Debug, Clone, Copy)]
struct Seen {
    /// Start of the last bar or time of the last trade; `None` before the first.
    timestamp: Option<i64>,
    /// Whether the open of the bar under way has been met.
    is_opened: bool,
    /// What participation leaves of the bar's or trade's volume, base units.
    budget: f64,
    /// Volume of the last bar or trade.
    volume: f64,
    /// When the last price was known.
    known_at: i64,
    /// The last price.
    price: f64,
}

impl Seen {
    /// When the last bar or trade began and could be known; `None` before the first.
    fn span(&self) -> Option<(i64, i64)> {
        self.timestamp.map(|timestamp| (timestamp, self.known_at))
    }
}

/// Working orders of all symbols and the rules by which they fill.
#[derive(Debug)]
pub struct SimulatedVenue {
    /// The choices made.
    rules: VenueRules,
    /// When sessions open and close.
    hours: Hours,
    /// Working orders by symbol, in order of acceptance.
    books: Vec<Vec<Working>>,
    /// Markets by symbol.
    seen: Vec<Seen>,
    /// Requests on their way, by arrival.
    pending: Vec<Pending>,
    /// Counts passes over a book.
    pass: u64,
}

impl SimulatedVenue {
    /// A venue without orders for `n_symbols` symbols. `sessions` are the exchange's own, for rules that leave it to them.
    pub fn new(rules: VenueRules, sessions: Vec<(i64, i64)>, n_symbols: usize) -> Self {
        let budget = f64::INFINITY;
        let unseen =
            Seen { timestamp: None, is_opened: false, budget, volume: f64::NAN, known_at: i64::MIN, price: f64::NAN };
        let hours = Hours::new(rules.session, sessions);
        Self {
            rules,
            hours,
            books: vec![Vec::new(); n_symbols],
            seen: vec![unseen; n_symbols],
            pending: Vec::new(),
            pass: 0,
        }
    }

    /// The choices made.
    pub fn rules(&self) -> &VenueRules {
        &self.rules
    }

    /// The end of the session in which a day order sent at a time works.
    pub fn session_end(&self, at: i64) -> i64 {
        self.hours.end(at)
    }

    /// Whether a symbol has orders.
    #[inline]
    pub fn has_orders(&self, symbol_idx: u32) -> bool {
        !self.books[symbol_idx as usize].is_empty()
    }

    /// Working orders of a symbol, in order of acceptance.
    pub fn orders(&self, symbol_idx: u32) -> &[Working] {
        &self.books[symbol_idx as usize]
    }

    /// Takes an order. With `close` execution a market order meets the close just seen, if it is of this very moment.
    pub fn submit(&mut self, order: Working, now: i64, clearing: &mut Clearing<'_>) {
        let symbol_idx = order.request.symbol_idx;
        let update = |event| Update { order_id: order.order_id, symbol_idx, side: order.request.side, at: now, event };
        clearing.updates.push(update(Event::Accepted));
        self.books[symbol_idx as usize].push(order);
        let seen = self.seen[symbol_idx as usize];
        let is_fresh = seen.known_at == now && order.arrives_at == now;
        if self.rules.market == Execution::Close && order.request.kind == OrderKind::Market && is_fresh {
            let scene = Scene {
                symbol_idx,
                phase: Phase::Close,
                side: None,
                arrived_by: now,
                bar_began: now - 1,
                lasts_until: now,
                at: now,
                volume: seen.volume,
                is_session_edge: false,
            };
            let at = self.books[symbol_idx as usize].len() - 1;
            self.act(at, seen.price, scene, clearing);
            self.end_immediate(scene, clearing);
        }
    }

    /// Asks to cancel an order; what is not there any more is told as unknown.
    pub fn cancel(&mut self, (symbol_idx, order_id): (u32, OrderId), now: i64, clearing: &mut Clearing<'_>) {
        self.request(Pending { arrives_at: now, symbol_idx, order_id, change: None }, clearing);
    }

    /// Asks to change an order.
    pub fn modify(
        &mut self,
        (symbol_idx, order_id): (u32, OrderId),
        change: Change,
        now: i64,
        clearing: &mut Clearing<'_>,
    ) {
        self.request(Pending { arrives_at: now, symbol_idx, order_id, change: Some(change) }, clearing);
    }

    /// Sends a request on its way, or carries it out when there is no latency.
    fn request(&mut self, pending: Pending, clearing: &mut Clearing<'_>) {
        if self.rules.latency == 0 {
            self.carry_out(pending, clearing);
        } else {
            let arrives_at = pending.arrives_at.saturating_add(self.rules.latency);
            self.pending.push(Pending { arrives_at, ..pending });
        }
    }

    /// Carries out the requests of a symbol that have arrived by `until`.
    fn arrive(&mut self, symbol_idx: u32, until: i64, clearing: &mut Clearing<'_>) {
        let mut at = 0;
        while at < self.pending.len() {
            let pending = self.pending[at];
            if pending.symbol_idx == symbol_idx && pending.arrives_at <= until {
                self.pending.remove(at);
                self.carry_out(pending, clearing);
            } else {
                at += 1;
            }
        }
    }

    /// Cancels or changes an order.
    fn carry_out(&mut self, pending: Pending, clearing: &mut Clearing<'_>) {
        let Pending { arrives_at, symbol_idx, order_id, change } = pending;
        let Some(at) = self.books[symbol_idx as usize].iter().position(|order| order.order_id == order_id) else {
            return;
        };
        let Some(change) = change else {
            self.remove(symbol_idx, at, (arrives_at, Reason::Requested), clearing);
            return;
        };
        let order = &mut self.books[symbol_idx as usize][at];
        if let Some(quantity) = change.quantity {
            order.remaining = quantity - order.filled;
        }
        order.request.kind = order.request.kind.changed(change);
        // A new price has to find its place in the queue, and may be marketable.
        order.is_resting = false;
        if order.remaining <= DUST * order.filled {
            self.remove(symbol_idx, at, (arrives_at, Reason::Requested), clearing);
            return;
        }
        let (side, event) = (order.request.side, Event::Modified);
        clearing.updates.push(Update { order_id, symbol_idx, side, at: arrives_at, event });
    }

    /// Cancels every order of a symbol.
    pub fn cancel_all(&mut self, symbol_idx: u32, (now, reason): (i64, Reason), clearing: &mut Clearing<'_>) {
        for order in std::mem::take(&mut self.books[symbol_idx as usize]) {
            clearing.updates.push(ended(&order, now, reason));
        }
        self.pending.retain(|pending| pending.symbol_idx != symbol_idx);
    }

    /// Splits the orders of a symbol into `ratio` units each: quantities multiplied and cut to whole lots, prices divided
    /// and put on ticks; an order of which less than a lot is left ends. Changes on their way are about the new units too.
    pub fn split(&mut self, symbol_idx: u32, (now, ratio): (i64, f64), clearing: &mut Clearing<'_>) {
        let step = clearing.steps.at(symbol_idx, now);
        for pending in self.pending.iter_mut().filter(|pending| pending.symbol_idx == symbol_idx) {
            pending.change = pending.change.map(|change| Change {
                quantity: change.quantity.map(|quantity| step.quantity(quantity * ratio)),
                price: change.price.map(|price| price / ratio),
                trigger: change.trigger.map(|trigger| trigger / ratio),
            });
        }
        for order in &mut self.books[symbol_idx as usize] {
            order.request = step.after_split(order.request, ratio);
            order.remaining = step.quantity(order.remaining * ratio);
            order.filled *= ratio;
            order.best /= ratio;
            let (order_id, side, remaining) = (order.order_id, order.request.side, order.remaining);
            let event = Event::Adjusted { ratio, remaining };
            clearing.updates.push(Update { order_id, symbol_idx, side, at: now, event });
        }
        let is_gone = |order: &Working| order.remaining <= 0.0;
        while let Some(at) = self.books[symbol_idx as usize].iter().position(is_gone) {
            self.remove(symbol_idx, at, (now, Reason::BelowOneLot), clearing);
        }
        let seen = &mut self.seen[symbol_idx as usize];
        seen.price /= ratio;
        seen.volume *= ratio;
    }

    /// Puts an order into the book of which nobody is told.
    pub(crate) fn protect(&mut self, order: Working) {
        self.books[order.request.symbol_idx as usize].push(order);
    }

    /// Takes the orders from a number on out of the book, telling nobody.
    pub(crate) fn unprotect(&mut self, symbol_idx: u32, from: OrderId) {
        self.books[symbol_idx as usize].retain(|order| order.order_id < from);
    }

    /// A bar opens: orders of `side` (`None`: both) meet its first price. Only its time, open and volume are looked at.
    pub fn open(&mut self, bar: &Bar, side: Option<Side>, clearing: &mut Clearing<'_>) {
        let symbol_idx = bar.symbol_idx;
        self.arrive(symbol_idx, bar.timestamp, clearing);
        if !self.has_orders(symbol_idx) {
            return;
        }
        self.begin(bar, clearing.account);
        self.expire(symbol_idx, bar.timestamp, clearing);
        self.meet(bar.open, self.opening(bar, side), clearing);
    }

    /// A bar has closed: orders meet its path. Gives the price at which the path takes the account's equity below its
    /// maintenance margin, if it does: what the rest of the path would have reached has not been met then.
    #[inline]
    pub fn path(&mut self, bar: &Bar, clearing: &mut Clearing<'_>) -> Option<f64> {
        let symbol_idx = bar.symbol_idx;
        if !self.pending.is_empty() {
            self.arrive(symbol_idx, bar.available_at - 1, clearing);
        }
        self.begin(bar, clearing.account);
        if self.has_orders(symbol_idx) {
            self.expire(symbol_idx, bar.timestamp, clearing);
            // Whoever came after the open was met but in time for it, and all when nobody called for the open.
            self.meet(bar.open, self.opening(bar, None), clearing);
            return self.walk(bar, clearing);
        }
        None
    }

    /// After the path of a bar: orders of `side` (`None`: both) on close, and those that arrived while it was open, meet
    /// its close.
    pub fn last(&mut self, bar: &Bar, side: Option<Side>, clearing: &mut Clearing<'_>) {
        if !self.has_orders(bar.symbol_idx) {
            return;
        }
        self.begin(bar, clearing.account);
        let scene = Scene {
            phase: Phase::Close,
            arrived_by: bar.available_at,
            lasts_until: bar.available_at,
            at: bar.available_at,
            is_session_edge: self.hours.closes_with(bar.timestamp, bar.available_at),
            ..self.opening(bar, side)
        };
        if self.rules.market == Execution::NextVwap && bar.vwap > 0.0 && bar.vwap.is_finite() {
            self.act_all(bar.vwap, scene, |order| order.request.kind == OrderKind::Market, clearing);
        }
        self.meet(bar.close, scene, clearing);
    }

    /// A bar is over: orders whose time is up end with it.
    #[inline]
    pub fn end(&mut self, bar: &Bar, clearing: &mut Clearing<'_>) {
        let symbol_idx = bar.symbol_idx;
        if self.has_orders(symbol_idx) {
            self.expire(symbol_idx, bar.available_at, clearing);
        }
        let seen = &mut self.seen[symbol_idx as usize];
        seen.timestamp = Some(bar.timestamp);
        seen.is_opened = false;
        seen.volume = bar.volume;
        seen.known_at = bar.available_at;
        seen.price = bar.close;
        if !self.pending.is_empty() {
            self.arrive(symbol_idx, bar.available_at, clearing);
        }
    }

    /// A trade has happened: orders meet its price.
    #[inline]
    pub fn trade(&mut self, trade: &Trade, clearing: &mut Clearing<'_>) {
        let symbol_idx = trade.symbol_idx;
        if self.has_orders(symbol_idx) || !self.pending.is_empty() {
            self.meet_trade(trade, clearing);
        }
        let seen = &mut self.seen[symbol_idx as usize];
        if self.rules.market == Execution::Close {
            seen.budget = self.rules.participation.map_or(f64::INFINITY, |share| share * trade.quantity);
        }
        seen.timestamp = Some(trade.timestamp);
        seen.volume = trade.quantity;
        seen.known_at = trade.timestamp;
        seen.price = trade.price;
    }

    /// Lets orders meet a trade.
    fn meet_trade(&mut self, trade: &Trade, clearing: &mut Clearing<'_>) {
        let Trade { symbol_idx, timestamp, price, quantity, .. } = *trade;
        self.arrive(symbol_idx, timestamp, clearing);
        let limit_fill = self.rules.limit_fill;
        if self.books[symbol_idx as usize].iter().all(|order| order.is_unmoved_by(price, timestamp, limit_fill)) {
            return;
        }
        self.expire(symbol_idx, timestamp, clearing);
        let seen = &mut self.seen[symbol_idx as usize];
        seen.budget = self.rules.participation.map_or(f64::INFINITY, |share| share * quantity);
        let before = seen.span();
        let scene = Scene {
            symbol_idx,
            phase: Phase::Trade,
            side: None,
            arrived_by: timestamp,
            bar_began: timestamp,
            lasts_until: timestamp,
            at: timestamp,
            volume: quantity,
            is_session_edge: self.hours.opens_at((timestamp, timestamp), before),
        };
        self.meet(price, scene, clearing);
    }

    /// Starts a bar, once.
    #[inline]
    pub fn begin(&mut self, bar: &Bar, account: &mut Account) {
        let seen = &mut self.seen[bar.symbol_idx as usize];
        if !seen.is_opened {
            seen.is_opened = true;
            account.count_bar(bar.symbol_idx);
            // A volume that is missing lets nobody take part: it is not a market without end.
            let volume = if bar.volume > 0.0 { bar.volume } else { 0.0 };
            seen.budget = self.rules.participation.map_or(f64::INFINITY, |share| share * volume);
        }
    }

    /// The scene of a bar's open.
    fn opening(&self, bar: &Bar, side: Option<Side>) -> Scene {
        let before = self.seen[bar.symbol_idx as usize].span();
        Scene {
            symbol_idx: bar.symbol_idx,
            phase: Phase::Open,
            side,
            arrived_by: bar.timestamp,
            bar_began: bar.timestamp,
            lasts_until: bar.timestamp,
            at: bar.timestamp,
            volume: bar.volume,
            is_session_edge: self.hours.opens_at((bar.timestamp, bar.available_at), before),
        }
    }

    /// Lets the orders that a price sets off act at it, then ends those that had this one chance.
    fn meet(&mut self, price: f64, scene: Scene, clearing: &mut Clearing<'_>) {
        self.refuse_takers(price, scene, clearing);
        let rules = self.rules;
        self.act_all(price, scene, |order| acts(order, price, scene, &rules), clearing);
        self.end_immediate(scene, clearing);
        for order in &mut self.books[scene.symbol_idx as usize] {
            if is_present(order, scene) {
                order.is_resting = true;
                order.follow(price);
            }
        }
    }

    /// Lets all present orders for which `acts` holds act at `price`, each once.
    fn act_all(&mut self, price: f64, scene: Scene, acts: impl Fn(&Working) -> bool, clearing: &mut Clearing<'_>) {
        self.pass += 1;
        let (pass, symbol_idx) = (self.pass, scene.symbol_idx as usize);
        let due = |order: &Working| order.pass != pass && is_present(order, scene) && acts(order);
        while let Some(at) = self.books[symbol_idx].iter().position(due) {
            self.books[symbol_idx][at].pass = pass;
            self.act(at, price, scene, clearing);
        }
    }

    /// Walks a bar's path, up to the price at which the account is liquidated.
    fn walk(&mut self, bar: &Bar, clearing: &mut Clearing<'_>) -> Option<f64> {
        self.pass += 1;
        let (first, second) =
            if self.is_high_first(bar, clearing.account) { (bar.high, bar.low) } else { (bar.low, bar.high) };
        let scene = Scene {
            phase: Phase::Path,
            lasts_until: bar.available_at,
            at: bar.available_at,
            is_session_edge: false,
            ..self.opening(bar, None)
        };
        let mut from = bar.open;
        for to in [first, second, bar.close] {
            let liquidated_at = self.walk_to((from, to), scene, clearing);
            if liquidated_at.is_some() {
                return liquidated_at;
            }
            from = to;
        }
        None
    }

    /// Walks one move of a path, up to the price at which the account is liquidated: of an order and a liquidation that
    /// the move reaches the nearer comes first, at one price the order.
    fn walk_to(&mut self, (mut from, to): (f64, f64), scene: Scene, clearing: &mut Clearing<'_>) -> Option<f64> {
        let book = scene.symbol_idx as usize;
        loop {
            let next = nearest(&self.books[book], (from, to), (scene, self.pass, self.rules.limit_fill));
            let liquidated_at = clearing.account.liquidated_on(scene.symbol_idx, (from, to));
            if let Some(price) = liquidated_at
                && next.is_none_or(|(_, other)| (price - from).abs() < (other - from).abs())
            {
                return Some(price);
            }
            let Some((at, price)) = next else { break };
            for order in &mut self.books[book] {
                if is_present(order, scene) {
                    order.follow(price);
                }
            }
            self.books[book][at].pass = self.pass;
            self.act(at, price, scene, clearing);
            from = price;
        }
        for order in &mut self.books[book] {
            if is_present(order, scene) {
                order.follow(to);
            }
        }
        None
    }

    /// Whether a bar visits its high before its low.
    fn is_high_first(&self, bar: &Bar, account: &Account) -> bool {
        let nearer = bar.high - bar.open < bar.open - bar.low;
        match self.rules.path {
            PathRule::HighFirst => true,
            PathRule::LowFirst => false,
            PathRule::NearerFirst => nearer,
            PathRule::AdverseFirst => {
                let held = account.quantity(bar.symbol_idx);
                if held != 0.0 {
                    return held < 0.0;
                }
                let book = &self.books[bar.symbol_idx as usize];
                let works = |side| book.iter().any(|order| order.is_active && order.request.side == side);
                match (works(Side::Buy), works(Side::Sell)) {
                    (true, false) => true,
                    (false, true) => false,
                    _ => nearer,
                }
            }
        }
    }

    /// Cancels post-only orders that the first price they meet would fill.
    fn refuse_takers(&mut self, price: f64, scene: Scene, clearing: &mut Clearing<'_>) {
        let symbol_idx = scene.symbol_idx;
        let takes = |order: &Working| {
            order.request.is_post_only && !order.is_resting && is_present(order, scene) && order.would_take(price)
        };
        while let Some(at) = self.books[symbol_idx as usize].iter().position(takes) {
            self.remove(symbol_idx, at, (scene.at, Reason::WouldTake), clearing);
        }
    }

    /// Cancels what is left of orders that had one chance, after it.
    fn end_immediate(&mut self, scene: Scene, clearing: &mut Clearing<'_>) {
        let rules = self.rules;
        let symbol_idx = scene.symbol_idx;
        let over = |order: &Working| is_present(order, scene) && had_its_chance(order, scene, &rules);
        while let Some(at) = self.books[symbol_idx as usize].iter().position(over) {
            self.remove(symbol_idx, at, (scene.at, Reason::NotFilledAtOnce), clearing);
        }
    }

    /// Cancels orders whose time is up at `now`.
    fn expire(&mut self, symbol_idx: u32, now: i64, clearing: &mut Clearing<'_>) {
        let over = |order: &Working| order.expires_at <= now;
        while let Some(at) = self.books[symbol_idx as usize].iter().position(over) {
            let expires_at = self.books[symbol_idx as usize][at].expires_at;
            self.remove(symbol_idx, at, (expires_at, Reason::Expired), clearing);
        }
    }

    /// An order that a price has set off does what it is there for.
    fn act(&mut self, at: usize, price: f64, scene: Scene, clearing: &mut Clearing<'_>) {
        let symbol_idx = scene.symbol_idx;
        let order = &mut self.books[symbol_idx as usize][at];
        let triggered = match order.request.kind {
            OrderKind::Stop { .. } | OrderKind::TrailingStop { .. } => Some(OrderKind::Market),
            OrderKind::StopLimit { price, .. } => Some(OrderKind::Limit { price }),
            _ => None,
        };
        if let Some(kind) = triggered {
            order.request.kind = kind;
            order.is_resting = false;
            let (order_id, side, event) = (order.order_id, order.request.side, Event::Triggered);
            clearing.updates.push(Update { order_id, symbol_idx, side, at: scene.at, event });
            if !order.would_take(price) {
                order.is_resting = true;
                // It rests from here on and may be reached by the rest of the path.
                order.pass = 0;
                return;
            }
        }
        self.fill(at, price, scene, clearing);
    }

    /// Executes as much of an order as the market, the account and its own terms allow.
    fn fill(&mut self, at: usize, price: f64, scene: Scene, clearing: &mut Clearing<'_>) {
        let symbol_idx = scene.symbol_idx;
        let order = self.books[symbol_idx as usize][at];
        let step = clearing.steps.at(symbol_idx, scene.at);
        let offered = match self.offered(&order, step.lot_size, clearing.account) {
            Ok(quantity) if quantity > 0.0 => quantity,
            // The volume is used up: the order waits for more.
            Ok(_) => return,
            Err(reason) => return self.remove(symbol_idx, at, (scene.at, reason), clearing),
        };
        let is_limit = order.request.kind.limit().is_some();
        // A trade beyond a resting limit means that the limit was filled at its own price.
        let own_price = order.request.kind.limit().filter(|_| scene.phase == Phase::Trade && order.is_resting);
        let wanted = Wanted { symbol_idx, side: order.request.side, quantity: offered, price };
        let (quantity, purse) = match clearing.account.allowed(&wanted) {
            Ok(allowed) => allowed,
            Err(reason) => return self.remove(symbol_idx, at, (scene.at, reason), clearing),
        };
        let meeting = Meeting {
            side: order.request.side,
            quantity,
            reference: own_price.unwrap_or(price),
            at: scene.at,
            lot_size: step.lot_size,
            terms: Terms {
                has_slippage: !is_limit,
                is_maker: is_limit && order.is_resting && matches!(order.request.kind, OrderKind::Limit { .. }),
                volume: scene.volume,
                spread: price * clearing.steps.spread(symbol_idx, scene.at),
                tick_size: step.tick_size,
                unit: step.unit(),
                filled_before: order.filled,
                charged_before: order.charged,
                traded_before: clearing.account.traded_before(scene.at),
            },
        };
        let Some(fill) = execute(meeting, purse, clearing.costs) else {
            return self.remove(symbol_idx, at, (scene.at, Reason::InsufficientCash), clearing);
        };
        let is_cut = fill.quantity < offered;
        if is_cut && order.request.time_in_force == TimeInForce::Fok {
            return self.remove(symbol_idx, at, (scene.at, Reason::NotFillableInFull), clearing);
        }
        self.settle(at, fill, scene, clearing);
        if is_cut && self.books[symbol_idx as usize].get(at).is_some_and(|left| left.order_id == order.order_id) {
            let reason = match (clearing.account.funds(), order.request.side) {
                (Funds::Margin(_), _) => Reason::InsufficientMargin,
                (_, Side::Sell) => Reason::NothingToSell,
                (_, Side::Buy) => Reason::InsufficientCash,
            };
            self.remove(symbol_idx, at, (scene.at, reason), clearing);
        }
    }

    /// How much of an order may be filled now by its own terms and the volume there is; 0: it waits.
    fn offered(&self, order: &Working, lot_size: Option<f64>, account: &Account) -> Result<f64, Reason> {
        let mut quantity = order.remaining;
        if order.request.is_reduce_only {
            let held = account.quantity(order.request.symbol_idx);
            if held * order.request.side.sign() >= 0.0 {
                return Err(Reason::NothingToReduce);
            }
            quantity = quantity.min(held.abs());
        }
        let budget = self.seen[order.request.symbol_idx as usize].budget;
        if quantity <= budget {
            return Ok(quantity);
        }
        if order.request.time_in_force == TimeInForce::Fok {
            return Err(Reason::NotFillableInFull);
        }
        Ok(crate::sizing::whole_lots(budget, lot_size))
    }

    /// Books a fill and everything that follows from it.
    fn settle(&mut self, at: usize, mut fill: Fill, scene: Scene, clearing: &mut Clearing<'_>) {
        let symbol_idx = scene.symbol_idx;
        let order = &mut self.books[symbol_idx as usize][at];
        let (order_id, side, pair) = (order.order_id, order.request.side, order.pair);
        let before = clearing.account.quantity(symbol_idx);
        // What would be left of a position but for rounding is closed with it.
        if before * side.sign() < 0.0 && (before.abs() - fill.quantity).abs() <= DUST * before.abs() {
            fill.quantity = before.abs();
        }
        order.remaining -= fill.quantity;
        order.filled += fill.quantity;
        order.charged += fill.commission;
        let remaining = if order.remaining <= DUST * order.filled { 0.0 } else { order.remaining };
        self.seen[symbol_idx as usize].budget -= fill.quantity;
        clearing.account.book(symbol_idx, side, &fill);
        let event = Event::Filled { fill, remaining };
        clearing.updates.push(Update { order_id, symbol_idx, side, at: scene.at, event });
        if remaining == 0.0 {
            self.books[symbol_idx as usize].remove(at);
        }
        if self.books[symbol_idx as usize].is_empty() {
            return;
        }
        self.wake_exits((order_id, fill.quantity), symbol_idx);
        if pair != OrderId(0) {
            self.charge_pair((order_id, pair), fill.quantity, (scene, remaining == 0.0), clearing);
        }
        self.end_exits(scene, clearing);
    }

    /// Puts the exits of an entry to work for as much as it has just filled.
    fn wake_exits(&mut self, (entry, quantity): (OrderId, f64), symbol_idx: u32) {
        for order in self.books[symbol_idx as usize].iter_mut().filter(|order| order.entry == entry) {
            order.remaining = if order.is_active { order.remaining + quantity } else { quantity };
            order.is_active = true;
            order.is_resting = true;
            order.arrives_at = i64::MIN;
        }
    }

    /// What one order of a pair filled the other loses; when it is done the other is cancelled, and with it what is left
    /// of their entry.
    fn charge_pair(
        &mut self,
        (order_id, pair): (OrderId, OrderId),
        quantity: f64,
        (scene, is_done): (Scene, bool),
        clearing: &mut Clearing<'_>,
    ) {
        let book = scene.symbol_idx as usize;
        let is_other = |order: &Working| order.pair == pair && order.order_id != order_id;
        let Some(at) = self.books[book].iter().position(is_other) else {
            return;
        };
        let other = &mut self.books[book][at];
        other.remaining -= quantity;
        let entry = other.entry;
        if is_done || other.remaining <= DUST * quantity {
            self.remove(scene.symbol_idx, at, (scene.at, Reason::OtherFilled), clearing);
            if let Some(at) = self.books[book].iter().position(|order| order.order_id == entry) {
                self.remove(scene.symbol_idx, at, (scene.at, Reason::OtherFilled), clearing);
            }
        }
    }

    /// Cancels the working exits of brackets for which there is no position any more: it is closed, or on the other side.
    fn end_exits(&mut self, scene: Scene, clearing: &mut Clearing<'_>) {
        let held = clearing.account.quantity(scene.symbol_idx);
        let is_over =
            |order: &Working| order.entry != OrderId(0) && order.is_active && held * order.request.side.sign() >= 0.0;
        while let Some(at) = self.books[scene.symbol_idx as usize].iter().position(is_over) {
            self.remove(scene.symbol_idx, at, (scene.at, Reason::PositionClosed), clearing);
        }
    }

    /// Takes an order out of the book, and with an entry that never filled its exits.
    fn remove(&mut self, symbol_idx: u32, at: usize, (when, reason): (i64, Reason), clearing: &mut Clearing<'_>) {
        let order = self.books[symbol_idx as usize].remove(at);
        clearing.updates.push(ended(&order, when, reason));
        if order.entry != OrderId(0) || order.filled > 0.0 {
            return;
        }
        let is_exit = |exit: &Working| exit.entry == order.order_id;
        while let Some(at) = self.books[symbol_idx as usize].iter().position(is_exit) {
            let exit = self.books[symbol_idx as usize].remove(at);
            clearing.updates.push(ended(&exit, when, Reason::EntryGone));
        }
    }
}

/// The end of an order.
fn ended(order: &Working, at: i64, reason: Reason) -> Update {
    let (order_id, side) = (order.order_id, order.request.side);
    Update { order_id, symbol_idx: order.request.symbol_idx, side, at, event: Event::Cancelled(reason) }
}
