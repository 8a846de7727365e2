//! What a strategy asks of a venue: orders with their terms, and changes to them.
//!
//! Prices are quote units, quantities base units, times microseconds UTC. Nothing here says what becomes of a request:
//! that is the venue's answer ([`crate::order`] holds what came of it).

use crate::order::{OrderType, Side};

/// Running number of an order within a run, from 1; 0 is no order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OrderId(pub u64);

/// How far a trailing stop stays behind the best price.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Trail {
    /// So many quote units.
    Amount(f64),
    /// This fraction of the best price, `0.05` for 5 %.
    Fraction(f64),
}

impl Trail {
    /// The trigger that belongs to the best price seen so far, below it for a sell, above it for a buy.
    pub fn trigger(self, side: Side, best: f64) -> f64 {
        let distance = match self {
            Self::Amount(amount) => amount,
            Self::Fraction(fraction) => fraction * best,
        };
        best + side.sign() * distance
    }
}

/// The terms of an order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum OrderKind {
    /// At the next price there is.
    Market,
    /// At `price` or better.
    Limit {
        /// The worst price accepted.
        price: f64,
    },
    /// A market order once the price reaches `trigger` (from below for a buy, from above for a sell).
    Stop {
        /// The price that sets it off.
        trigger: f64,
    },
    /// A limit order once the price reaches `trigger`.
    StopLimit {
        /// The price that sets it off.
        trigger: f64,
        /// The worst price accepted afterwards.
        price: f64,
    },
    /// A stop whose trigger follows the best price since it arrived.
    TrailingStop {
        /// How far it stays behind.
        trail: Trail,
    },
    /// At the next opening price.
    MarketOnOpen,
    /// At the next closing price.
    MarketOnClose,
    /// At the next opening price, if it is `price` or better.
    LimitOnOpen {
        /// The worst price accepted.
        price: f64,
    },
    /// At the next closing price, if it is `price` or better.
    LimitOnClose {
        /// The worst price accepted.
        price: f64,
    },
}

impl OrderKind {
    /// The kind without its prices.
    pub fn order_type(self) -> OrderType {
        match self {
            Self::Market => OrderType::Market,
            Self::Limit { .. } => OrderType::Limit,
            Self::Stop { .. } => OrderType::Stop,
            Self::StopLimit { .. } => OrderType::StopLimit,
            Self::TrailingStop { .. } => OrderType::TrailingStop,
            Self::MarketOnOpen => OrderType::MarketOnOpen,
            Self::MarketOnClose => OrderType::MarketOnClose,
            Self::LimitOnOpen { .. } => OrderType::LimitOnOpen,
            Self::LimitOnClose { .. } => OrderType::LimitOnClose,
        }
    }

    /// The limit price, where there is one.
    pub fn limit(self) -> Option<f64> {
        match self {
            Self::Limit { price }
            | Self::StopLimit { price, .. }
            | Self::LimitOnOpen { price }
            | Self::LimitOnClose { price } => Some(price),
            _ => None,
        }
    }

    /// The price that sets a stop off, where there is one that stands still.
    pub fn trigger(self) -> Option<f64> {
        match self {
            Self::Stop { trigger } | Self::StopLimit { trigger, .. } => Some(trigger),
            _ => None,
        }
    }

    /// The same terms with the prices of a change, those that it has.
    #[must_use]
    pub fn changed(self, change: Change) -> Self {
        let new_price = |price| change.price.unwrap_or(price);
        let new_trigger = |trigger| change.trigger.unwrap_or(trigger);
        match self {
            Self::Limit { price } => Self::Limit { price: new_price(price) },
            Self::LimitOnOpen { price } => Self::LimitOnOpen { price: new_price(price) },
            Self::LimitOnClose { price } => Self::LimitOnClose { price: new_price(price) },
            Self::Stop { trigger } => Self::Stop { trigger: new_trigger(trigger) },
            Self::StopLimit { trigger, price } => {
                Self::StopLimit { trigger: new_trigger(trigger), price: new_price(price) }
            }
            Self::Market | Self::TrailingStop { .. } | Self::MarketOnOpen | Self::MarketOnClose => self,
        }
    }

    /// The same terms after a split that makes `ratio` shares of one: prices and distances divided by it.
    pub fn after_split(self, ratio: f64) -> Self {
        match self {
            Self::Market | Self::MarketOnOpen | Self::MarketOnClose => self,
            Self::Limit { price } => Self::Limit { price: price / ratio },
            Self::LimitOnOpen { price } => Self::LimitOnOpen { price: price / ratio },
            Self::LimitOnClose { price } => Self::LimitOnClose { price: price / ratio },
            Self::Stop { trigger } => Self::Stop { trigger: trigger / ratio },
            Self::StopLimit { trigger, price } => Self::StopLimit { trigger: trigger / ratio, price: price / ratio },
            Self::TrailingStop { trail: Trail::Amount(amount) } => {
                Self::TrailingStop { trail: Trail::Amount(amount / ratio) }
            }
            Self::TrailingStop { trail: Trail::Fraction(_) } => self,
        }
    }

    /// Whether every price and distance in it is positive and finite.
    pub fn is_sound(self) -> bool {
        let sound = |value: f64| value.is_finite() && value > 0.0;
        match self {
            Self::Market | Self::MarketOnOpen | Self::MarketOnClose => true,
            Self::Limit { price } | Self::LimitOnOpen { price } | Self::LimitOnClose { price } => sound(price),
            Self::Stop { trigger } => sound(trigger),
            Self::StopLimit { trigger, price } => sound(trigger) && sound(price),
            Self::TrailingStop { trail: Trail::Amount(amount) } => sound(amount),
            Self::TrailingStop { trail: Trail::Fraction(fraction) } => sound(fraction) && fraction < 1.0,
        }
    }
}

/// How long an order works.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum TimeInForce {
    /// Until it is filled or cancelled.
    #[default]
    Gtc,
    /// Until the session in which it was sent ends.
    Day,
    /// Until this time, exclusive, microseconds UTC.
    Gtd(i64),
    /// What can be filled at the first price it meets; the rest is cancelled.
    Ioc,
    /// All of it at the first price it meets, or nothing.
    Fok,
}

/// An order a strategy wants.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OrderRequest {
    /// Position of the symbol in the driver's sorted symbol list.
    pub symbol_idx: u32,
    /// Buy or sell.
    pub side: Side,
    /// Base units, positive.
    pub quantity: f64,
    /// The terms.
    pub kind: OrderKind,
    /// How long it works.
    pub time_in_force: TimeInForce,
    /// Whether it must add liquidity: cancelled when the first price it meets would fill it.
    pub is_post_only: bool,
    /// Whether it may only reduce a position: cut to what is held, cancelled when there is nothing to reduce.
    pub is_reduce_only: bool,
}

impl OrderRequest {
    /// A good-till-cancelled order without further conditions.
    pub fn new(symbol_idx: u32, side: Side, quantity: f64, kind: OrderKind) -> Self {
        Self {
            symbol_idx,
            side,
            quantity,
            kind,
            time_in_force: TimeInForce::Gtc,
            is_post_only: false,
            is_reduce_only: false,
        }
    }

    /// A market order.
    pub fn market(symbol_idx: u32, side: Side, quantity: f64) -> Self {
        Self::new(symbol_idx, side, quantity, OrderKind::Market)
    }

    /// A limit order.
    pub fn limit(symbol_idx: u32, side: Side, quantity: f64, price: f64) -> Self {
        Self::new(symbol_idx, side, quantity, OrderKind::Limit { price })
    }

    /// A stop order.
    pub fn stop(symbol_idx: u32, side: Side, quantity: f64, trigger: f64) -> Self {
        Self::new(symbol_idx, side, quantity, OrderKind::Stop { trigger })
    }

    /// The same order with another time in force.
    #[must_use]
    pub fn lasting(self, time_in_force: TimeInForce) -> Self {
        Self { time_in_force, ..self }
    }

    /// The same order, post-only.
    #[must_use]
    pub fn post_only(self) -> Self {
        Self { is_post_only: true, ..self }
    }

    /// The same order, reduce-only.
    #[must_use]
    pub fn reduce_only(self) -> Self {
        Self { is_reduce_only: true, ..self }
    }
}

/// The exits of a bracket; each works once the entry has filled, for as much as it filled, and the one cancels the other.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Exits {
    /// Trigger of the stop that limits the loss.
    pub stop_loss: Option<f64>,
    /// Price of the limit that takes the profit.
    pub take_profit: Option<f64>,
}

/// Changes to a working order; `None` leaves a term as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Change {
    /// Whole quantity of the order, base units, what has been filled included.
    pub quantity: Option<f64>,
    /// Limit price.
    pub price: Option<f64>,
    /// Trigger of a stop.
    pub trigger: Option<f64>,
}

#[cfg(test)]
mod tests {
    //! Terms that make sense, and terms that do not.

    use super::*;

    #[test]
    fn trailing_triggers_stay_behind_the_best_price() {
        assert_eq!(Trail::Amount(2.0).trigger(Side::Sell, 100.0), 98.0);
        assert_eq!(Trail::Fraction(0.25).trigger(Side::Buy, 100.0), 125.0);
    }

    #[test]
    fn unsound_prices_are_told() {
        assert!(OrderKind::Market.is_sound());
        assert!(OrderKind::StopLimit { trigger: 1.0, price: 2.0 }.is_sound());
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(!OrderKind::Limit { price: bad }.is_sound(), "{bad}");
            assert!(!OrderKind::StopLimit { trigger: bad, price: 1.0 }.is_sound(), "{bad}");
            assert!(!OrderKind::TrailingStop { trail: Trail::Amount(bad) }.is_sound(), "{bad}");
        }
        assert!(!OrderKind::TrailingStop { trail: Trail::Fraction(1.0) }.is_sound());
    }
}
