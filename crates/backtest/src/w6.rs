//! The kit's W6 workload in our words: one symbol through the full event path.
//!
//! Bars: long one unit while EMA(12) is above EMA(26), seeded with the first close, from bar 26 on, filled at the very close
//! that decides, 5 bps. Ticks: one EMA per trade, without orders, or with a resting limit order now and then, which the
//! kit does not have. The risk guard is on, with limits that do not bind, so that it works for each order.

use crosscut_model::{Bars, Change, OrderId, OrderRequest, Side};
use crosscut_trading::cost::Costs;
use crosscut_trading::guard::RiskRules;
use crosscut_trading::limits::Limits;
use crosscut_trading::market::Data;
use crosscut_trading::order::Update;
use crosscut_trading::rules::Execution;
use crosscut_trading::venue::VenueRules;
use crosscut_trading::{Desk, FloorConfig, Strategy};

use crate::error::BacktestError;
use crate::event::{EventOptions, EventOutcome, Feed, Market, Sampling, TradeSource, replay_events};

/// Name of the symbol.
const SYMBOL: &str = "W6";

/// The figures by which implementations of W6 bars are compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BarsCheck {
    /// Equity at the last close.
    pub nav: f64,
    /// Number of fills.
    pub orders: u64,
    /// Records of the audit trail; 0 when it was off.
    pub records: usize,
}

/// The figures by which implementations of W6 ticks are compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TicksCheck {
    /// Trades seen.
    pub seen: u64,
    /// The average after the last.
    pub ema: f64,
    /// Number of fills.
    pub fills: u64,
}

/// The crossing of two exponential averages.
#[derive(Debug, Default)]
struct EmaCross {
    /// Fast average.
    fast: f64,
    /// Slow average.
    slow: f64,
    /// Bars seen.
    n_bars: u64,
    /// Fills heard of.
    n_fills: u64,
}

impl Strategy for EmaCross {
    #[inline]
    fn on_data(&mut self, data: &Data, desk: &mut Desk) {
        let close = data.price();
        if self.n_bars == 0 {
            (self.fast, self.slow) = (close, close);
        } else {
            let (fast, slow) = (2.0 / 13.0, 2.0 / 27.0);
            self.fast = fast * close + (1.0 - fast) * self.fast;
            self.slow = slow * close + (1.0 - slow) * self.slow;
        }
        self.n_bars += 1;
        let is_long = desk.quantity(0) > 0.0;
        if self.n_bars > 25 && (self.fast > self.slow) != is_long {
            let side = if is_long { Side::Sell } else { Side::Buy };
            desk.submit(OrderRequest::market(0, side, 1.0));
        }
    }

    fn on_order(&mut self, update: &Update, _desk: &mut Desk) {
        self.n_fills += u64::from(update.is_final());
    }

    fn evaluate(&mut self, _desk: &mut Desk) {}
}

/// One average per trade, and perhaps a resting order that is moved now and then.
#[derive(Debug, Default)]
struct Follower {
    /// Trades seen.
    seen: u64,
    /// The average.
    ema: f64,
    /// Whether it trades.
    has_orders: bool,
    /// The order that rests.
    resting: Option<OrderId>,
    /// Fills heard of.
    fills: u64,
}

/// Trades between two looks at the resting order.
const LOOK: u64 = 1000;

impl Strategy for Follower {
    #[inline]
    fn on_data(&mut self, data: &Data, desk: &mut Desk) {
        let price = data.price();
        self.seen += 1;
        self.ema += 0.01 * (price - self.ema);
        if self.has_orders && self.seen.is_multiple_of(LOOK) {
            let side = if desk.quantity(0) > 0.0 { Side::Sell } else { Side::Buy };
            let price = price * (1.0 - 0.0002 * side.sign());
            match self.resting {
                Some(order_id) => {
                    desk.modify(order_id, Change { price: Some(price), ..Change::default() });
                }
                None => self.resting = Some(desk.submit(OrderRequest::limit(0, side, 1.0, price))),
            }
        }
    }

    fn on_order(&mut self, update: &Update, _desk: &mut Desk) {
        if update.is_final() && self.resting == Some(update.order_id) {
            self.resting = None;
            self.fills += 1;
        }
    }

    fn evaluate(&mut self, _desk: &mut Desk) {}
}

/// The account of both jobs.
///
/// # Errors
/// None in practice: the costs are in their range.
fn account(market: Execution, keeps_journal: bool) -> Result<FloorConfig, BacktestError> {
    let limits =
        Limits { max_position: Some(50.0), max_gross: Some(50.0), max_drawdown: Some(0.99), cash_buffer: None };
    Ok(FloorConfig {
        venue: VenueRules { market, ..VenueRules::default() },
        risk: RiskRules { limits, max_order: Some(1e9), ..RiskRules::default() },
        keeps_journal,
        ..FloorConfig::new(1e6, 1, Costs::from_bps(5.0, 0.0)?)
    })
}

/// Runs one feed.
fn run(feed: Feed<'_>, config: FloorConfig, strategy: &mut impl Strategy) -> Result<EventOutcome, BacktestError> {
    let market = Market { symbols: vec![SYMBOL.to_owned()], feeds: vec![feed], ..Market::default() };
    let options = EventOptions { evaluate: None, sampling: Sampling::Bars, start: None };
    replay_events(market, config, options, strategy)
}

/// The bars job, with the equity of every bar.
///
/// # Errors
/// [`BacktestError::Series`] for bars that cannot be.
pub fn bars(bars: &Bars, keeps_journal: bool) -> Result<BarsCheck, BacktestError> {
    let mut strategy = EmaCross::default();
    let feed = Feed::Bars { symbol: SYMBOL, bars };
    let outcome = run(feed, account(Execution::Close, keeps_journal)?, &mut strategy)?;
    Ok(BarsCheck { nav: outcome.equity, orders: strategy.n_fills, records: outcome.journal.len() })
}

/// The ticks job; with `has_orders` a limit order rests most of the time and is moved every thousand trades.
///
/// # Errors
/// [`BacktestError::Series`] for trades that cannot be, and what the source says.
pub fn ticks(source: Box<dyn TradeSource + '_>, has_orders: bool) -> Result<TicksCheck, BacktestError> {
    let mut strategy = Follower { has_orders, ..Follower::default() };
    let feed = Feed::Trades { symbol: SYMBOL, source };
    run(feed, account(Execution::NextOpen, false)?, &mut strategy)?;
    Ok(TicksCheck { seen: strategy.seen, ema: strategy.ema, fills: strategy.fills })
}
