//! Working orders: what each waits for.

use crosscut_model::{OrderId, OrderKind, OrderRequest, Side, TimeInForce};

use super::rules::LimitFill;

/// An order a venue holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Working {
    /// Its number.
    pub order_id: OrderId,
    /// What was asked for; the kind changes when it is modified or triggered.
    pub request: OrderRequest,
    /// Base units still to fill.
    pub remaining: f64,
    /// Base units filled.
    pub filled: f64,
    /// Commission so far, quote units.
    pub charged: f64,
    /// When it reaches the venue, microseconds.
    pub arrives_at: i64,
    /// When its time is up, exclusive, microseconds.
    pub expires_at: i64,
    /// The entry it belongs to; 0: none.
    pub entry: OrderId,
    /// The pair it belongs to, named by one of its orders; 0: none. What one fills the other loses.
    pub pair: OrderId,
    /// Whether it works; the exits of a bracket sleep until their entry fills.
    pub is_active: bool,
    /// Whether it has met a price without being filled: it rests in the book.
    pub is_resting: bool,
    /// Best price since it arrived, of a trailing stop; NaN before the first.
    pub best: f64,
    /// Mark of the pass in which it acted last, so that a pass lets it act once.
    pub(super) pass: u64,
}

/// What price sets an order off.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Reach {
    /// None: it waits for a phase of the day, or sleeps.
    Phase,
    /// Any.
    Now,
    /// One at or below the level; strictly below it where `beyond`.
    Falls {
        /// The level.
        level: f64,
        /// Whether reaching it is not enough.
        beyond: bool,
    },
    /// One at or above the level; strictly above it where `beyond`.
    Rises {
        /// The level.
        level: f64,
        /// Whether reaching it is not enough.
        beyond: bool,
    },
}

impl Reach {
    /// Whether a price sets it off.
    #[inline]
    pub(super) fn includes(self, price: f64) -> bool {
        match self {
            Self::Phase => false,
            Self::Now => true,
            Self::Falls { level, beyond } => price < level || (price == level && !beyond),
            Self::Rises { level, beyond } => price > level || (price == level && !beyond),
        }
    }

    /// Where a move from `from` (which does not set it off) to `to` sets it off.
    #[inline]
    pub(super) fn met(self, to: f64) -> Option<f64> {
        match self {
            Self::Falls { level, .. } | Self::Rises { level, .. } if self.includes(to) => Some(level),
            _ => None,
        }
    }
}

impl Working {
    /// A new order that arrives at `arrives_at`, for a day order in a session that ends at `session_end`.
    pub fn new(order_id: OrderId, request: OrderRequest, arrives_at: i64, session_end: i64) -> Self {
        let expires_at = match request.time_in_force {
            TimeInForce::Gtc | TimeInForce::Ioc | TimeInForce::Fok => i64::MAX,
            TimeInForce::Day => session_end,
            TimeInForce::Gtd(until) => until,
        };
        Self {
            order_id,
            request,
            remaining: request.quantity,
            filled: 0.0,
            charged: 0.0,
            arrives_at,
            expires_at,
            entry: OrderId(0),
            pair: OrderId(0),
            is_active: true,
            is_resting: false,
            best: f64::NAN,
            pass: 0,
        }
    }

    /// What price sets it off.
    #[inline]
    pub(super) fn reach(&self, limit_fill: LimitFill) -> Reach {
        let beyond = limit_fill == LimitFill::TradeThrough;
        let side = self.request.side;
        let limit = |level, beyond| match side {
            Side::Buy => Reach::Falls { level, beyond },
            Side::Sell => Reach::Rises { level, beyond },
        };
        let stop = |level| match side {
            Side::Buy => Reach::Rises { level, beyond: false },
            Side::Sell => Reach::Falls { level, beyond: false },
        };
        match self.request.kind {
            OrderKind::Market => Reach::Now,
            OrderKind::Limit { price } => limit(price, beyond),
            OrderKind::Stop { trigger } | OrderKind::StopLimit { trigger, .. } => stop(trigger),
            OrderKind::TrailingStop { .. } if self.best.is_nan() => Reach::Phase,
            OrderKind::TrailingStop { trail } => stop(trail.trigger(side, self.best)),
            OrderKind::MarketOnOpen
            | OrderKind::MarketOnClose
            | OrderKind::LimitOnOpen { .. }
            | OrderKind::LimitOnClose { .. } => Reach::Phase,
        }
    }

    /// Whether a trade at `price` leaves it as it is: it rests, its price is not reached, its time is not up.
    #[inline]
    pub(super) fn is_unmoved_by(&self, price: f64, timestamp: i64, limit_fill: LimitFill) -> bool {
        let waits = match self.request.kind {
            OrderKind::Limit { .. } | OrderKind::Stop { .. } | OrderKind::StopLimit { .. } => {
                self.is_resting && !self.reach(limit_fill).includes(price)
            }
            _ => false,
        };
        self.expires_at > timestamp && (waits || !self.is_active)
    }

    /// Follows the price with a trailing stop.
    #[inline]
    pub(super) fn follow(&mut self, price: f64) {
        if matches!(self.request.kind, OrderKind::TrailingStop { .. }) {
            // `max` and `min` give the price where there is no best yet.
            self.best = match self.request.side {
                Side::Sell => self.best.max(price),
                Side::Buy => self.best.min(price),
            };
        }
    }

    /// Whether the order has to be filled at the first price it meets or not at all.
    pub(super) fn is_immediate(&self) -> bool {
        matches!(self.request.time_in_force, TimeInForce::Ioc | TimeInForce::Fok)
    }

    /// Whether a price would fill it at once, were it a limit order that has just arrived.
    pub(super) fn would_take(&self, price: f64) -> bool {
        let OrderKind::Limit { price: limit } = self.request.kind else {
            return matches!(self.request.kind, OrderKind::Market);
        };
        match self.request.side {
            Side::Buy => price <= limit,
            Side::Sell => price >= limit,
        }
    }
}
