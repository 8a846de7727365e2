//! How what a strategy wants at market is put to the venue: at market, or at terms made from the last price.
//!
//! A strategy that says how much, and not at what price, leaves the terms to the run. What closes a position for the guard, at
//! a delisting or for want of margin is never put so. What opens or increases a position may have terms of its own and exits,
//! a stop and a limit of which the one cancels the other: a bracket.

use std::fmt;
use std::str::FromStr;

use crosscut_model::{Exits, OrderKind, OrderRequest, Side, TimeInForce, Trail};

use crate::error::TradingError;

/// The kind of order that is made; offsets are fractions of the last price.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Placed {
    /// At market.
    #[default]
    Market,
    /// A limit that is better than the last price by the offset; worse where it is negative.
    Limit(f64),
    /// A stop that is worse than the last price by the offset.
    Stop(f64),
    /// A stop as above, with a limit that is worse than the last price by the second offset.
    StopLimit(f64, f64),
    /// A trailing stop that stays behind the best price by the offset.
    TrailingStop(f64),
    /// At the next opening price.
    MarketOnOpen,
    /// At the next closing price.
    MarketOnClose,
    /// At the next opening price, if it is better than the last price by the offset.
    LimitOnOpen(f64),
    /// At the next closing price, if it is better than the last price by the offset.
    LimitOnClose(f64),
}

/// How long it works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lasting {
    /// Until it is filled or cancelled.
    #[default]
    Gtc,
    /// Until the session ends.
    Day,
    /// So many microseconds from the decision on.
    Within(i64),
    /// At the first price it meets or not at all, in part or in full.
    Ioc,
    /// At the first price it meets in full or not at all.
    Fok,
}

/// The terms of what is wanted at market.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Placing {
    /// The kind of order.
    pub kind: Placed,
    /// The kind of order that opens or increases a position; `None`: as any other.
    pub entry: Option<Placed>,
    /// How long it works.
    pub lasting: Lasting,
    /// Whether it is cancelled where it would take; of limits only.
    pub is_post_only: bool,
    /// Exits of what opens or increases a position.
    pub exits: Offsets,
    /// Whether a signal's working order that still leads where the signal points is moved to terms made from the last price.
    pub is_repriced: bool,
}

/// How far the exits of a bracket are from the price of its entry, as fractions of it: the entry's own limit or trigger, else
/// the last price at the decision.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Offsets {
    /// The stop, on the losing side; `None`: there is none.
    pub stop_loss: Option<f64>,
    /// The limit, on the winning side; `None`: there is none.
    pub take_profit: Option<f64>,
}

impl Offsets {
    /// Whether there are none.
    pub fn is_none(self) -> bool {
        self == Self::default()
    }

    /// The exits of an entry at a price.
    pub fn at(self, side: Side, price: f64) -> Exits {
        let moved = |offset: f64| price * (1.0 + side.sign() * offset);
        Exits { stop_loss: self.stop_loss.map(|offset| moved(-offset)), take_profit: self.take_profit.map(moved) }
    }
}

impl Placing {
    /// Whether everything goes as it is.
    #[inline]
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a request is placed by these terms: it has none of its own.
    #[inline]
    pub fn takes(&self, request: &OrderRequest) -> bool {
        !self.is_plain() && request.kind == OrderKind::Market && request.time_in_force == TimeInForce::Gtc
    }

    /// Whether what opens or increases a position is put otherwise than the rest.
    pub fn knows_entries(&self) -> bool {
        self.entry.is_some() || !self.exits.is_none()
    }

    /// Whether prices within bars matter.
    pub fn needs_path(&self) -> bool {
        self.kind.needs_path() || self.entry.is_some_and(Placed::needs_path) || !self.exits.is_none()
    }

    /// The kind of order for what opens or increases a position, or for the rest.
    pub fn kind_of(&self, is_entry: bool) -> Placed {
        self.entry.filter(|_| is_entry).unwrap_or(self.kind)
    }

    /// The request with these terms, made from the last price at `now`; one that has terms of its own stays as it is.
    pub fn place(&self, request: OrderRequest, is_entry: bool, (price, now): (f64, i64)) -> OrderRequest {
        if !self.takes(&request) {
            return request;
        }
        let kind = self.kind_of(is_entry).at(request.side, price);
        let time_in_force = match self.lasting {
            Lasting::Gtc => TimeInForce::Gtc,
            Lasting::Day => TimeInForce::Day,
            Lasting::Within(length) => TimeInForce::Gtd(now.saturating_add(length)),
            Lasting::Ioc => TimeInForce::Ioc,
            Lasting::Fok => TimeInForce::Fok,
        };
        let is_post_only = self.is_post_only && matches!(kind, OrderKind::Limit { .. });
        OrderRequest { kind, time_in_force, is_post_only, ..request }
    }

    /// Checks that the parts fit together.
    ///
    /// # Errors
    /// [`TradingError::BadChoice`] for an offset that leaves no price, and for a post-only order that is no limit.
    pub fn check(&self) -> Result<(), TradingError> {
        let bad = |what, text: String, words: &[&str]| Err(TradingError::bad_choice(what, &text, words));
        let entry = self.kind_of(true);
        if let Some(kind) = [self.kind, entry].into_iter().find(|kind| !kind.is_sound()) {
            let words = ["fractions of the price, such as limit:0.002"];
            return bad("an order with a sound offset", kind.to_string(), &words);
        }
        if self.is_post_only && !matches!(entry, Placed::Limit(_)) {
            return bad("an order that can be post-only", entry.to_string(), &["limit:OFFSET"]);
        }
        if self.is_repriced && !(self.kind.has_price() || entry.has_price()) {
            return bad("an order that can be moved", entry.to_string(), &["limit:OFFSET", "stop:OFFSET"]);
        }
        let Offsets { stop_loss, take_profit } = self.exits;
        for (what, offset) in [("a bracket's stop", stop_loss), ("a bracket's take profit", take_profit)] {
            if offset.is_some_and(|offset| !(offset > 0.0 && offset < 1.0)) {
                let value = offset.unwrap_or_default();
                return Err(TradingError::BadNumber { what, value, expected: "a fraction above 0 and below 1" });
            }
        }
        Ok(())
    }
}

impl Placed {
    /// The terms of an order of a side at a last price.
    pub fn at(self, side: Side, price: f64) -> OrderKind {
        let better = |offset: f64| price * (1.0 - side.sign() * offset);
        match self {
            Self::Market => OrderKind::Market,
            Self::Limit(offset) => OrderKind::Limit { price: better(offset) },
            Self::Stop(offset) => OrderKind::Stop { trigger: better(-offset) },
            Self::StopLimit(offset, limit) => OrderKind::StopLimit { trigger: better(-offset), price: better(-limit) },
            Self::TrailingStop(offset) => OrderKind::TrailingStop { trail: Trail::Fraction(offset) },
            Self::MarketOnOpen => OrderKind::MarketOnOpen,
            Self::MarketOnClose => OrderKind::MarketOnClose,
            Self::LimitOnOpen(offset) => OrderKind::LimitOnOpen { price: better(offset) },
            Self::LimitOnClose(offset) => OrderKind::LimitOnClose { price: better(offset) },
        }
    }

    /// Whether every offset leaves a price.
    fn is_sound(self) -> bool {
        let leaves = |offset: f64| offset > -1.0 && offset < 1.0;
        match self {
            Self::Market | Self::MarketOnOpen | Self::MarketOnClose => true,
            Self::Limit(offset) | Self::LimitOnOpen(offset) | Self::LimitOnClose(offset) => leaves(offset),
            Self::Stop(offset) => (0.0..1.0).contains(&offset),
            Self::StopLimit(offset, limit) => (0.0..1.0).contains(&offset) && leaves(limit),
            Self::TrailingStop(offset) => offset > 0.0 && offset < 1.0,
        }
    }

    /// Whether it names a price that can be changed.
    fn has_price(self) -> bool {
        !matches!(self, Self::Market | Self::MarketOnOpen | Self::MarketOnClose | Self::TrailingStop(_))
    }

    /// Whether it looks at the prices within bars.
    pub fn needs_path(self) -> bool {
        !matches!(self, Self::Market)
    }
}

/// The words of [`Placed`].
const KINDS: [&str; 9] = [
    "market",
    "limit:OFFSET",
    "stop:OFFSET",
    "stop_limit:OFFSET,OFFSET",
    "trailing_stop:OFFSET",
    "market_on_open",
    "market_on_close",
    "limit_on_open:OFFSET",
    "limit_on_close:OFFSET",
];

/// Written `market`, `limit:0.002`, `stop_limit:0.01,0.02`; offsets are fractions of the last price.
impl FromStr for Placed {
    type Err = TradingError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let word = text.trim().to_lowercase().replace('-', "_");
        // The minus of a number has been taken for that of a word.
        let (name, rest) = word.split_once(':').map_or((word.as_str(), ""), |(name, rest)| (name, rest));
        let rest = rest.replace('_', "-");
        let numbers: Option<Vec<f64>> =
            rest.split(',').filter(|part| !part.trim().is_empty()).map(|part| part.trim().parse().ok()).collect();
        let placed = match (name, numbers.as_deref()) {
            ("market", Some([])) => Some(Self::Market),
            ("limit", Some([offset])) => Some(Self::Limit(*offset)),
            ("stop", Some([offset])) => Some(Self::Stop(*offset)),
            ("stop_limit", Some([offset, limit])) => Some(Self::StopLimit(*offset, *limit)),
            ("trailing_stop", Some([offset])) => Some(Self::TrailingStop(*offset)),
            ("market_on_open", Some([])) => Some(Self::MarketOnOpen),
            ("market_on_close", Some([])) => Some(Self::MarketOnClose),
            ("limit_on_open", Some([offset])) => Some(Self::LimitOnOpen(*offset)),
            ("limit_on_close", Some([offset])) => Some(Self::LimitOnClose(*offset)),
            _ => None,
        };
        placed.ok_or_else(|| TradingError::bad_choice("a way to place orders", text, &KINDS))
    }
}

impl fmt::Display for Placed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Market => f.write_str("market"),
            Self::Limit(offset) => write!(f, "limit:{offset}"),
            Self::Stop(offset) => write!(f, "stop:{offset}"),
            Self::StopLimit(offset, limit) => write!(f, "stop_limit:{offset},{limit}"),
            Self::TrailingStop(offset) => write!(f, "trailing_stop:{offset}"),
            Self::MarketOnOpen => f.write_str("market_on_open"),
            Self::MarketOnClose => f.write_str("market_on_close"),
            Self::LimitOnOpen(offset) => write!(f, "limit_on_open:{offset}"),
            Self::LimitOnClose(offset) => write!(f, "limit_on_close:{offset}"),
        }
    }
}

#[cfg(test)]
mod tests {
    //! Terms by hand.

    use super::*;

    #[test]
    fn words_round_trip() {
        for text in [
            "market",
            "limit:0.002",
            "limit:-0.01",
            "stop:0.01",
            "stop_limit:0.01,0.02",
            "trailing_stop:0.05",
            "market_on_open",
            "market_on_close",
            "limit_on_open:0",
            "limit_on_close:-0.5",
        ] {
            assert_eq!(text.parse::<Placed>().unwrap().to_string(), text);
        }
        for bad in ["", "limit", "limit:", "limit:x", "market:1", "stop_limit:0.1", "iceberg:3", "limit:1,2"] {
            assert!(bad.parse::<Placed>().unwrap_err().to_string().contains("limit:OFFSET"), "{bad}");
        }
        let sound = |text: &str| Placing { kind: text.parse().unwrap(), ..Placing::default() }.check().is_ok();
        assert!(sound("limit:-0.9") && sound("stop:0") && !sound("limit:1") && !sound("stop:-0.1"));
        assert!(!sound("trailing_stop:0") && !sound("limit:NaN") && !sound("stop_limit:0.1,inf"));
        assert!(Placing { is_post_only: true, ..Placing::default() }.check().is_err());
    }

    #[test]
    fn offsets_are_in_favour_of_limits_and_against_stops() {
        let placed = |text: &str, side| {
            let placing = Placing { kind: text.parse().unwrap(), lasting: Lasting::Within(7), ..Placing::default() };
            placing.place(OrderRequest::market(0, side, 3.0), true, (100.0, 5))
        };
        let request = placed("limit:0.25", Side::Buy);
        assert_eq!((request.kind, request.time_in_force), (OrderKind::Limit { price: 75.0 }, TimeInForce::Gtd(12)));
        assert_eq!(placed("limit:0.25", Side::Sell).kind, OrderKind::Limit { price: 125.0 });
        assert_eq!(placed("stop:0.25", Side::Buy).kind, OrderKind::Stop { trigger: 125.0 });
        let stop_limit = OrderKind::StopLimit { trigger: 75.0, price: 50.0 };
        assert_eq!(placed("stop_limit:0.25,0.5", Side::Sell).kind, stop_limit);
        let own = OrderRequest::limit(0, Side::Buy, 1.0, 9.0);
        assert_eq!(Placing { kind: Placed::MarketOnOpen, ..Placing::default() }.place(own, true, (100.0, 5)), own);
    }

    #[test]
    fn entries_have_terms_and_exits_of_their_own() {
        let exits = Offsets { stop_loss: Some(0.25), take_profit: Some(0.5) };
        let placing = Placing { entry: Some(Placed::Limit(0.25)), is_post_only: true, exits, ..Placing::default() };
        assert!(placing.check().is_ok() && placing.needs_path() && placing.knows_entries());
        let placed = |is_entry| placing.place(OrderRequest::market(0, Side::Buy, 3.0), is_entry, (100.0, 5));
        assert_eq!((placed(true).kind, placed(true).is_post_only), (OrderKind::Limit { price: 75.0 }, true));
        assert_eq!((placed(false).kind, placed(false).is_post_only), (OrderKind::Market, false));
        assert_eq!(exits.at(Side::Buy, 80.0), Exits { stop_loss: Some(60.0), take_profit: Some(120.0) });
        assert_eq!(exits.at(Side::Sell, 80.0), Exits { stop_loss: Some(100.0), take_profit: Some(40.0) });
        for bad in [0.0, 1.0, -0.1, f64::NAN, f64::INFINITY] {
            let stop = Offsets { stop_loss: Some(bad), ..Offsets::default() };
            let profit = Offsets { take_profit: Some(bad), ..Offsets::default() };
            assert!([stop, profit].map(|exits| Placing { exits, ..placing }.check()).iter().all(Result::is_err));
        }
        assert!(Placing { is_repriced: true, ..Placing::default() }.check().is_err());
        assert!(Placing { is_repriced: true, ..placing }.check().is_ok());
    }
}
