//! The choices a simulation of fills has to make, each stated and selectable.

use crosscut_model::time::DAY;

use crate::error::TradingError;
use crate::rules::Execution;

/// In what order a bar visits its extremes. Of a bar only four prices are known; the path between them is a convention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum PathRule {
    /// The extreme that hurts comes first: the low for a long position, the high for a short one. Flat, the high comes
    /// first for working buys and the low for working sells, so that an entry is followed by the move against it. With
    /// neither or both: as [`PathRule::NearerFirst`].
    #[default]
    AdverseFirst,
    /// The extreme nearer to the open comes first; the low when both are as near.
    NearerFirst,
    /// Open, high, low, close.
    HighFirst,
    /// Open, low, high, close.
    LowFirst,
}

/// When a resting limit order counts as filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum LimitFill {
    /// The price must go beyond the limit: nobody knows how many were ahead in the queue at it.
    #[default]
    TradeThrough,
    /// The price must reach the limit.
    Touch,
}

/// What open and close mean to on-open, on-close and day orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Session {
    /// Every bar opens and closes for on-open and on-close orders (right for daily bars); a day is a UTC day.
    #[default]
    EachBar,
    /// A session each UTC day between two times of day, microseconds after midnight; `closes` may be a whole day.
    Daily {
        /// The session's first moment.
        opens: i64,
        /// The session's end.
        closes: i64,
    },
}

impl Session {
    /// The end of the session in which an order sent at `at` works, or of the next one when it is sent between two.
    pub fn end(self, at: i64) -> i64 {
        let midnight = at.div_euclid(DAY) * DAY;
        match self {
            Self::EachBar => midnight + DAY,
            Self::Daily { closes, .. } if at < midnight + closes => midnight + closes,
            Self::Daily { closes, .. } => midnight + DAY + closes,
        }
    }

    /// Whether a bar or trade at `timestamp`, the one before it at `before`, is the first of a session.
    pub fn opens_at(self, timestamp: i64, before: Option<i64>) -> bool {
        match self {
            Self::EachBar => true,
            Self::Daily { opens, .. } => {
                let begin = timestamp.div_euclid(DAY) * DAY + opens;
                timestamp >= begin && before.is_none_or(|before| before < begin)
            }
        }
    }

    /// Whether a bar from `timestamp` to `available_at` is the last of its session.
    pub fn closes_with(self, timestamp: i64, available_at: i64) -> bool {
        match self {
            Self::EachBar => true,
            Self::Daily { closes, .. } => {
                let end = timestamp.div_euclid(DAY) * DAY + closes;
                timestamp < end && available_at >= end
            }
        }
    }
}

/// How the simulated venue fills orders.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct VenueRules {
    /// In what order a bar visits its extremes.
    pub path: PathRule,
    /// When a resting limit order counts as filled.
    pub limit_fill: LimitFill,
    /// The price market orders meet on bars; on trades it is the next trade (or, with `close`, the one just seen).
    pub market: Execution,
    /// Largest share of a bar's or trade's volume that all orders of a symbol may take together; `None`: no cap.
    pub participation: Option<f64>,
    /// How long a request takes to the venue, microseconds. A bar's prices before the arrival are out of reach, its
    /// close is the first that is not.
    pub latency: i64,
    /// What open and close mean.
    pub session: Session,
}

impl VenueRules {
    /// Checks the numbers.
    ///
    /// # Errors
    /// [`TradingError::BadNumber`] for a participation outside (0, 1] and a negative latency.
    pub fn check(&self) -> Result<(), TradingError> {
        if let Some(value) = self.participation.filter(|share| !(*share > 0.0 && *share <= 1.0)) {
            return Err(TradingError::BadNumber { what: "participation", value, expected: "a share in (0, 1]" });
        }
        if self.latency < 0 {
            let value = self.latency as f64;
            return Err(TradingError::BadNumber { what: "latency", value, expected: "microseconds, not negative" });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    //! Sessions by hand.

    use super::*;
    use crosscut_model::time::HOUR;

    #[test]
    fn a_daily_session_has_one_open_and_one_close() {
        let session = Session::Daily { opens: 14 * HOUR, closes: 21 * HOUR };
        assert!(session.opens_at(14 * HOUR, Some(20 * HOUR - DAY)) && !session.opens_at(15 * HOUR, Some(14 * HOUR)));
        assert!(session.closes_with(20 * HOUR, 21 * HOUR) && !session.closes_with(19 * HOUR, 20 * HOUR));
        assert_eq!(session.end(15 * HOUR), 21 * HOUR);
        assert_eq!(session.end(21 * HOUR), DAY + 21 * HOUR);
        assert_eq!(Session::EachBar.end(15 * HOUR), DAY);
    }
}
