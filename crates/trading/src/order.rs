//! What became of orders, in words a strategy, a journal and a person can use.

use crosscut_model::{Fill, OrderId, Side};

use crate::limits::Rule;

/// Why an order was refused, cut or cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// The strategy asked for it.
    Requested,
    /// Its time was up.
    Expired,
    /// Immediate-or-cancel: what could not be filled at once.
    NotFilledAtOnce,
    /// Fill-or-kill: not all of it could be filled at once.
    NotFillableInFull,
    /// Post-only: the first price it met would have filled it.
    WouldTake,
    /// Reduce-only: there is nothing to reduce.
    NothingToReduce,
    /// The account cannot pay for it.
    InsufficientCash,
    /// The account's margin does not allow it.
    InsufficientMargin,
    /// A cash account does not sell what it does not hold.
    NothingToSell,
    /// The other order of its pair was filled.
    OtherFilled,
    /// Its entry was cancelled or rejected.
    EntryGone,
    /// The position it would have closed is closed.
    PositionClosed,
    /// A price, trigger or quantity that is not a positive finite number.
    Unsound,
    /// Less than one lot.
    BelowOneLot,
    /// Fewer units than the least order quantity.
    BelowMinQuantity,
    /// Worth less than the least order value.
    BelowMinNotional,
    /// There is no such instrument, it has no price yet, or it is not traded any more.
    NotTrading,
    /// The venue does not know the order any more.
    UnknownOrder,
    /// The run has not begun: data before its start are told so that a strategy may look back on them.
    WarmingUp,
    /// The terms do not exist on this kind of data, such as a closing price among single trades.
    Unsupported,
    /// The account was liquidated.
    Liquidated,
    /// A rule of the risk guard.
    Guard(Rule),
}

impl Reason {
    /// The words in files and logs.
    pub fn text(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Expired => "expired",
            Self::NotFilledAtOnce => "not filled at once",
            Self::NotFillableInFull => "not fillable in full",
            Self::WouldTake => "post-only would take",
            Self::NothingToReduce => "nothing to reduce",
            Self::InsufficientCash => "insufficient cash",
            Self::InsufficientMargin => "insufficient margin",
            Self::NothingToSell => "nothing to sell",
            Self::OtherFilled => "other order of the pair filled",
            Self::EntryGone => "entry gone",
            Self::PositionClosed => "position closed",
            Self::Unsound => "unsound price or quantity",
            Self::BelowOneLot => "below one lot",
            Self::BelowMinQuantity => "below minimum quantity",
            Self::BelowMinNotional => "below minimum notional",
            Self::NotTrading => "not trading",
            Self::UnknownOrder => "unknown order",
            Self::WarmingUp => "the run has not begun",
            Self::Unsupported => "unsupported terms",
            Self::Liquidated => "liquidated",
            Self::Guard(rule) => rule.text(),
        }
    }
}

/// What happened to an order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Event {
    /// The venue has it.
    Accepted,
    /// It never got to work.
    Rejected(Reason),
    /// A stop was set off and is now a market or limit order.
    Triggered,
    /// Some or all of it was executed.
    Filled {
        /// The execution.
        fill: Fill,
        /// Base units still to fill.
        remaining: f64,
    },
    /// Its terms were changed.
    Modified,
    /// A split changed its quantity and prices.
    Adjusted {
        /// Units after the split for each one before.
        ratio: f64,
        /// Base units still to fill.
        remaining: f64,
    },
    /// It works no more.
    Cancelled(Reason),
}

/// What happened to which order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Update {
    /// The order.
    pub order_id: OrderId,
    /// Position of its symbol in the driver's sorted symbol list.
    pub symbol_idx: u32,
    /// Its side.
    pub side: Side,
    /// When, microseconds UTC.
    pub at: i64,
    /// What happened.
    pub event: Event,
}

impl Update {
    /// Whether the order works no more.
    pub fn is_final(&self) -> bool {
        match self.event {
            Event::Accepted | Event::Triggered | Event::Modified | Event::Adjusted { .. } => false,
            Event::Rejected(_) | Event::Cancelled(_) => true,
            Event::Filled { remaining, .. } => remaining <= 0.0,
        }
    }
}
