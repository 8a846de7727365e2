//! The trading floor of a simulation: desk, venue, ledger, costs, guard and journal under one clock that somebody else turns.
//!
//! A driver (a replay, or paper trading on a live feed) tells the floor the time, opens, bars, trades, funding and
//! delistings in order; the floor lets orders meet them, books what comes of it, lets the guard look, and tells the
//! strategy. At one instant the order is: bars close ([`Floor::close`]), cash moves ([`Floor::fund`], [`Floor::accrue`]),
//! the guard looks ([`Floor::settle`]), the strategy hears of its orders and of the data ([`Floor::tell`]), evaluates
//! ([`Floor::evaluate`]), and bars open ([`Floor::open`]).

mod actions;
mod desk;
pub mod placing;
mod protection;
mod settlement;
#[cfg(test)]
mod tests;
mod wishes;

use crosscut_model::{OrderId, Side};

pub(crate) use desk::Command;
pub use desk::{Bracket, Desk, OpenOrder};
pub use placing::{Offsets, Placing};

use crate::account::{Account, Funds};
use crate::cost::{BorrowRate, Costs};
use crate::error::TradingError;
use crate::guard::{RiskGuard, RiskRules};
use crate::journal::{Journal, Record};
use crate::limits::Rule;
use crate::market::{Bar, Data, Trade};
use crate::order::{Reason, Update};
use crate::steps::Steps;
use crate::universe::Leave;
use crate::venue::{Clearing, SimulatedVenue, VenueRules, Working};

/// What a strategy implements. It is told what could be known at its desk's time and nothing else.
pub trait Strategy {
    /// A bar has closed or a trade has happened.
    fn on_data(&mut self, data: &Data, desk: &mut Desk);

    /// Something happened to one of its orders.
    fn on_order(&mut self, update: &Update, desk: &mut Desk);

    /// The time to look at everything has come, as its driver's calendar says: after all data of the instant were told.
    fn evaluate(&mut self, desk: &mut Desk);
}

/// What a floor is made of.
#[derive(Debug)]
pub struct FloorConfig {
    /// Starting cash, quote units.
    pub capital: f64,
    /// Number of symbols.
    pub n_symbols: usize,
    /// What the account may owe.
    pub funds: Funds,
    /// What trading costs.
    pub costs: Costs,
    /// What being short costs; `None`: nothing.
    pub borrow: Option<BorrowRate>,
    /// Lots, ticks, least values.
    pub steps: Steps,
    /// How orders fill.
    pub venue: VenueRules,
    /// Open and close of each session of the exchange, ascending, microseconds UTC; empty: around the clock, or not known.
    pub sessions: Vec<(i64, i64)>,
    /// How what is wanted at market is put to the venue.
    pub placing: Placing,
    /// What the guard allows.
    pub risk: RiskRules,
    /// Whether an audit trail is kept.
    pub keeps_journal: bool,
}

impl FloorConfig {
    /// A floor without rules, for an account that may owe anything, with an audit trail; the rest is for the caller to say.
    pub fn new(capital: f64, n_symbols: usize, costs: Costs) -> Self {
        Self {
            capital,
            n_symbols,
            funds: Funds::Unlimited,
            costs,
            borrow: None,
            steps: Steps::default(),
            venue: VenueRules::default(),
            sessions: Vec::new(),
            placing: Placing::default(),
            risk: RiskRules::default(),
            keeps_journal: true,
        }
    }
}

/// What rounding to lots and least values dropped.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Dropped {
    /// Orders made smaller.
    pub n_rounded: u64,
    /// Orders of less than one lot.
    pub n_below_one_lot: u64,
    /// Orders below the least quantity.
    pub n_below_min_quantity: u64,
    /// Orders below the least value.
    pub n_below_min_notional: u64,
    /// Value that was not traded for these reasons, quote units.
    pub quantity_value: f64,
}

/// How often a strategy may answer the answers to its own orders at one instant; what is left is told at the next.
const ROUNDS: usize = 64;

impl Dropped {
    /// Counts an order that was too small.
    fn count(&mut self, reason: Reason) {
        match reason {
            Reason::BelowMinQuantity => self.n_below_min_quantity += 1,
            Reason::BelowMinNotional => self.n_below_min_notional += 1,
            _ => self.n_below_one_lot += 1,
        }
    }
}

/// A simulated trading floor.
#[derive(Debug)]
pub struct Floor {
    /// What the strategy touches.
    desk: Desk,
    /// Where orders fill.
    venue: SimulatedVenue,
    /// What being short costs.
    borrow: Option<BorrowRate>,
    /// Until when borrowing has been paid, microseconds; `None` before the first time.
    borrowed_until: Option<i64>,
    /// Whether cash was paid that no price shows, since the margin was last looked at.
    is_drained: bool,
    /// Updates on their way to the strategy, kept for its allocation.
    telling: Vec<Update>,
    /// Commands on their way to the venue, kept for its allocation.
    sending: Vec<Command>,
}

impl Floor {
    /// A floor before the first event.
    ///
    /// # Errors
    /// [`TradingError::BadNumber`] for rules out of their range.
    pub fn new(config: FloorConfig) -> Result<Self, TradingError> {
        config.venue.check()?;
        config.risk.check()?;
        config.placing.check()?;
        if let Funds::Margin(margin) = config.funds {
            margin.check()?;
        }
        if !(config.capital > 0.0 && config.capital.is_finite()) {
            let value = config.capital;
            return Err(TradingError::BadNumber { what: "capital", value, expected: "a number above 0" });
        }
        let n_symbols = config.n_symbols;
        Ok(Self {
            desk: Desk {
                now: i64::MIN,
                account: Account::new(config.capital, n_symbols, config.funds),
                costs: config.costs,
                steps: config.steps,
                placing: config.placing,
                guard: RiskGuard::new(config.risk, config.capital, n_symbols),
                journal: if config.keeps_journal { Journal::on() } else { Journal::off() },
                open: Vec::new(),
                outbox: Vec::new(),
                inbox: Vec::new(),
                ended: vec![false; n_symbols],
                growth: vec![1.0; n_symbols],
                dropped: Dropped::default(),
                last_id: 0,
                is_warming: false,
            },
            venue: SimulatedVenue::new(config.venue, config.sessions, n_symbols),
            borrow: config.borrow,
            borrowed_until: None,
            is_drained: false,
            telling: Vec::new(),
            sending: Vec::new(),
        })
    }

    /// What the strategy touches.
    #[inline]
    pub fn desk(&self) -> &Desk {
        &self.desk
    }

    /// What happened and why.
    pub fn journal(&mut self) -> &mut Journal {
        &mut self.desk.journal
    }

    /// What the journal holds.
    #[inline]
    pub fn records(&self) -> &[Record] {
        self.desk.journal.records()
    }

    /// The rule by which the guard would stop trading at this equity: a driver that values positions as arrays asks before
    /// it goes on.
    #[inline]
    pub fn alarm(&self, now: i64, equity: f64) -> Option<Rule> {
        self.desk.guard.alarm(now, equity)
    }

    /// Tells the guard an equity at which there is no alarm, for a driver that values positions as arrays.
    #[inline]
    pub fn observe(&mut self, now: i64, equity: f64) {
        self.desk.guard.watch(now, equity);
    }

    /// Whether something may happen at any price of what is held: stops of the guard, liquidation, borrowing.
    pub fn has_to_watch(&self) -> bool {
        let account = &self.desk.account;
        let is_short = || account.ledger().held().iter().any(|&symbol_idx| account.quantity(symbol_idx) < 0.0);
        let is_margin = matches!(account.funds(), Funds::Margin(_));
        let is_watching = self.desk.guard.has_to_exit() || is_margin || (self.borrow.is_some() && is_short());
        is_watching && !account.ledger().held().is_empty()
    }

    /// The account, to take closed trades out of.
    pub fn account(&mut self) -> &mut Account {
        &mut self.desk.account
    }

    /// What rounding dropped.
    pub fn dropped(&self) -> Dropped {
        self.desk.dropped
    }

    /// Whether a symbol has orders, so that its open has to be told.
    #[inline]
    pub fn has_orders(&self, symbol_idx: u32) -> bool {
        self.venue.has_orders(symbol_idx)
    }

    /// Working orders of a symbol, in order of acceptance.
    pub fn orders(&self, symbol_idx: u32) -> &[Working] {
        self.venue.orders(symbol_idx)
    }

    /// Sets the time. Time does not go back.
    #[inline]
    pub fn advance(&mut self, now: i64) {
        self.desk.now = self.desk.now.max(now);
    }

    /// The venue and where it books.
    #[inline]
    fn at_venue(&mut self) -> (&mut SimulatedVenue, Clearing<'_>) {
        let Desk { account, costs, steps, inbox, .. } = &mut self.desk;
        (&mut self.venue, Clearing { account, costs, steps, updates: inbox })
    }

    /// A bar begins whose prices nobody may meet; [`Floor::open`], [`Floor::path`] and [`Floor::last`] begin it themselves.
    #[inline]
    pub fn begin(&mut self, bar: &Bar) {
        let (venue, clearing) = self.at_venue();
        venue.begin(bar, clearing.account);
    }

    /// A bar opens: orders of `side` (`None`: both) meet its first price. Only its time, open and volume are looked at.
    pub fn open(&mut self, bar: &Bar, side: Option<Side>) {
        let (venue, mut clearing) = self.at_venue();
        clearing.account.mark(bar.symbol_idx, bar.open);
        venue.open(bar, side, &mut clearing);
    }

    /// A bar has closed that is alone at its instant: [`Floor::path`], [`Floor::last`] for sells and buys, [`Floor::end`].
    #[inline]
    pub fn close(&mut self, bar: &Bar) {
        self.path(bar);
        if self.has_orders(bar.symbol_idx) {
            self.last(bar, Side::Sell);
            self.last(bar, Side::Buy);
        }
        self.end(bar);
    }

    /// A bar has closed: orders meet its path.
    #[inline]
    pub fn path(&mut self, bar: &Bar) {
        if self.desk.guard.has_to_exit_on_path() && self.desk.account.quantity(bar.symbol_idx) != 0.0 {
            self.guarded_path(bar);
        } else {
            self.plain_path(bar);
        }
        self.desk.account.note_range(bar);
    }

    /// Takes note of high and low of a bar whose path nobody meets, for the excursions of the trade in its symbol.
    pub fn note_range(&mut self, bar: &Bar) {
        self.desk.account.note_range(bar);
    }

    /// A bar's path as the venue walks it.
    #[inline]
    fn plain_path(&mut self, bar: &Bar) {
        let has_orders = self.has_orders(bar.symbol_idx);
        let (venue, mut clearing) = self.at_venue();
        match venue.path(bar, &mut clearing) {
            Some(price) => self.liquidate(bar.symbol_idx, price, bar.available_at),
            // Without orders the path is no more than its extremes.
            None if !has_orders => self.liquidate_within(bar),
            None => {}
        }
    }

    /// Orders of a side meet a bar's close, after the paths of all bars that close at the instant.
    pub fn last(&mut self, bar: &Bar, side: Side) {
        let (venue, mut clearing) = self.at_venue();
        venue.last(bar, Some(side), &mut clearing);
    }

    /// A bar is over: it gives the symbol its last price.
    #[inline]
    pub fn end(&mut self, bar: &Bar) {
        let (venue, mut clearing) = self.at_venue();
        venue.end(bar, &mut clearing);
        // What was opened at the close has met no other price of the bar.
        if matches!(self.desk.account.funds(), Funds::Margin(_)) {
            self.liquidate_at(bar.symbol_idx, bar.close, bar.available_at);
        }
        self.desk.account.end_bar(bar.symbol_idx);
        self.desk.account.mark(bar.symbol_idx, bar.close);
        self.desk.account.note_price(bar.symbol_idx, bar.close);
    }

    /// A trade has happened: orders meet it, and it gives the symbol its last price.
    #[inline]
    pub fn trade(&mut self, trade: &Trade) {
        let (venue, mut clearing) = self.at_venue();
        venue.trade(trade, &mut clearing);
        self.desk.account.mark(trade.symbol_idx, trade.price);
        self.desk.account.note_price(trade.symbol_idx, trade.price);
        if matches!(self.desk.account.funds(), Funds::Margin(_)) {
            self.liquidate_at(trade.symbol_idx, trade.price, trade.timestamp);
        }
    }

    /// One bar of a symbol that is alone at its instants: its open (sells, then buys), its path and close, the guard, the
    /// strategy.
    #[inline]
    pub fn pass_bar(&mut self, strategy: &mut (impl Strategy + ?Sized), bar: &Bar) {
        if self.has_orders(bar.symbol_idx) {
            self.advance(bar.timestamp);
            self.open(bar, Some(Side::Sell));
            self.open(bar, Some(Side::Buy));
            self.deliver(strategy);
        }
        self.advance(bar.available_at);
        self.close(bar);
        self.accrue();
        self.settle(&[bar.symbol_idx]);
        self.tell(strategy, &Data::Bar(*bar));
    }

    /// One trade of a symbol: its price, the guard, the strategy.
    #[inline]
    pub fn pass_trade(&mut self, strategy: &mut (impl Strategy + ?Sized), trade: &Trade) {
        self.advance(trade.timestamp);
        self.trade(trade);
        self.accrue();
        self.settle(&[trade.symbol_idx]);
        self.tell(strategy, &Data::Trade(*trade));
    }

    /// An account whose margin does not cover what funding, borrowing and dividends have taken is liquidated at last prices; the
    /// guard looks at equity and at the positions in `symbols`; what it closes is sent.
    #[inline]
    pub fn settle(&mut self, symbols: &[u32]) {
        if self.is_drained {
            self.liquidate_drained();
        }
        // What is flat and has no news has the equity it had.
        let is_flat = self.desk.account.ledger().held().is_empty() && self.desk.open.is_empty();
        if is_flat && self.desk.inbox.is_empty() && !self.is_day_new() {
            return;
        }
        self.look(symbols);
    }

    /// Tells the strategy what happened to its orders, then the data, and takes its orders to the venue.
    #[inline]
    pub fn tell(&mut self, strategy: &mut (impl Strategy + ?Sized), data: &Data) {
        self.deliver(strategy);
        strategy.on_data(data, &mut self.desk);
        self.deliver(strategy);
    }

    /// Tells data from before the run, so that a strategy that looks back can decide at the run's first bar: prices are
    /// marked, orders are refused without a trace ([`crate::order::Reason::WarmingUp`]), nothing is evaluated.
    pub fn warm_up(&mut self, strategy: &mut (impl Strategy + ?Sized), data: &Data) {
        self.advance(data.available_at());
        // What is held has the prices of the run.
        if data.price() > 0.0 && self.desk.quantity(data.symbol_idx()) == 0.0 {
            self.desk.account.mark(data.symbol_idx(), data.price());
        }
        self.desk.is_warming = true;
        self.tell(strategy, data);
        self.desk.is_warming = false;
    }

    /// The universe has been chosen anew: symbols that are not in it may not be opened or increased from now on. In those that
    /// have left it, orders that would are cancelled, and with [`Leave::Close`] positions are closed by market orders.
    pub fn admit(&mut self, admitted: &[bool], leave: Leave) {
        self.desk.guard.admit(admitted);
        self.desk.cancel_openings();
        let out = |symbol_idx: &u32| !admitted.get(*symbol_idx as usize).is_some_and(|admitted| *admitted);
        let left: Vec<u32> = self.desk.held().iter().copied().filter(out).collect();
        if leave == Leave::Close {
            left.into_iter().for_each(|symbol_idx| self.desk.leave(symbol_idx, Rule::Universe));
        }
        self.send();
    }

    /// Lets the strategy look at everything, and takes its orders to the venue.
    pub fn evaluate(&mut self, strategy: &mut (impl Strategy + ?Sized)) {
        self.deliver(strategy);
        strategy.evaluate(&mut self.desk);
        self.deliver(strategy);
    }

    /// Takes commands to the venue and news to the strategy until neither has more to say.
    #[inline]
    pub fn deliver(&mut self, strategy: &mut (impl Strategy + ?Sized)) {
        if self.desk.outbox.is_empty() && self.desk.inbox.is_empty() {
            return;
        }
        self.converse(strategy);
    }

    /// The conversation of [`Floor::deliver`].
    fn converse(&mut self, strategy: &mut (impl Strategy + ?Sized)) {
        for _ in 0..ROUNDS {
            self.send();
            if self.desk.inbox.is_empty() {
                return;
            }
            std::mem::swap(&mut self.telling, &mut self.desk.inbox);
            for at in 0..self.telling.len() {
                let update = self.telling[at];
                self.desk.hear(&update);
                strategy.on_order(&update, &mut self.desk);
            }
            self.telling.clear();
        }
    }

    /// Takes commands to the venue.
    fn send(&mut self) {
        if self.desk.outbox.is_empty() {
            return;
        }
        std::mem::swap(&mut self.sending, &mut self.desk.outbox);
        let (now, latency) = (self.desk.now, self.venue.rules().latency);
        let mut sending = std::mem::take(&mut self.sending);
        for command in sending.drain(..) {
            match command {
                Command::Submit { order_id, request, entry, pair } => {
                    let (venue, mut clearing) = self.at_venue();
                    let session_end = venue.session_end(now);
                    let mut order = Working::new(order_id, request, now.saturating_add(latency), session_end);
                    (order.entry, order.pair, order.is_active) = (entry, pair, entry == OrderId(0));
                    venue.submit(order, now, &mut clearing);
                }
                Command::CloseLast(symbol_idx, order_id) => {
                    let price = self.desk.account.price(symbol_idx);
                    self.close_at(order_id, symbol_idx, (price, now));
                }
                Command::Cancel(symbol_idx, order_id) => {
                    let (venue, mut clearing) = self.at_venue();
                    venue.cancel((symbol_idx, order_id), now, &mut clearing);
                }
                Command::Modify(symbol_idx, order_id, change) => {
                    let (venue, mut clearing) = self.at_venue();
                    venue.modify((symbol_idx, order_id), change, now, &mut clearing);
                }
            }
        }
        self.sending = sending;
    }
}
