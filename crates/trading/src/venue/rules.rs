//! The choices a simulation of fills has to make, each stated and selectable.

use std::fmt;
use std::str::FromStr;

use crosscut_model::time::{DAY, HOUR, MINUTE};

use crate::error::TradingError;
use crate::rules::{Execution, named_choices};

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

named_choices!(
    PathRule,
    "a path through a bar",
    ("adverse_first", AdverseFirst),
    ("nearer_first", NearerFirst),
    ("high_first", HighFirst),
    ("low_first", LowFirst),
);

/// When a resting limit order counts as filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum LimitFill {
    /// The price must go beyond the limit: nobody knows how many were ahead in the queue at it.
    #[default]
    TradeThrough,
    /// The price must reach the limit.
    Touch,
}

named_choices!(LimitFill, "a rule for limit orders", ("trade_through", TradeThrough), ("touch", Touch));

/// What open and close mean to on-open, on-close and day orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Session {
    /// The exchange's calendar where the run knows one, else as [`Session::EachBar`].
    #[default]
    Auto,
    /// Every bar opens and closes for on-open and on-close orders (right for daily bars); a day is a UTC day.
    EachBar,
    /// A session each UTC day between two times of day, microseconds after midnight; `closes` may be a whole day.
    Daily {
        /// The session's first moment.
        opens: i64,
        /// The session's end.
        closes: i64,
    },
}

/// Written `auto`, `each_bar` or `14:30-21:00` (UTC).
impl FromStr for Session {
    type Err = TradingError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let word = text.trim().to_lowercase().replace('-', "_");
        match word.as_str() {
            "auto" => return Ok(Self::Auto),
            "each_bar" => return Ok(Self::EachBar),
            _ => {}
        }
        let time = |text: &str| {
            let (hours, minutes) = text.split_once(':')?;
            let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
            let is_time = (0..60).contains(&minutes) && (0..=24 * 60).contains(&(hours * 60 + minutes)) && hours >= 0;
            is_time.then_some(hours * HOUR + minutes * MINUTE)
        };
        let times = word.split_once('_').and_then(|(opens, closes)| Some((time(opens)?, time(closes)?)));
        match times {
            Some((opens, closes)) if opens < closes => Ok(Self::Daily { opens, closes }),
            _ => {
                Err(TradingError::bad_choice("a session", text, &["auto", "each_bar", "14:30-21:00 (UTC, on one day)"]))
            }
        }
    }
}

impl fmt::Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::EachBar => f.write_str("each_bar"),
            Self::Daily { opens, closes } => {
                let time = |micros: &i64| format!("{:02}:{:02}", micros / HOUR, micros % HOUR / MINUTE);
                write!(f, "{}-{}", time(opens), time(closes))
            }
        }
    }
}

impl Session {
    /// The end of the session in which an order sent at `at` works, or of the next one when it is sent between two.
    pub fn end(self, at: i64) -> i64 {
        let midnight = at.div_euclid(DAY) * DAY;
        match self {
            Self::Auto | Self::EachBar => midnight + DAY,
            Self::Daily { closes, .. } if at < midnight + closes => midnight + closes,
            Self::Daily { closes, .. } => midnight + DAY + closes,
        }
    }

    /// Whether a bar or trade at `timestamp`, the one before it at `before`, is the first of a session.
    pub fn opens_at(self, timestamp: i64, before: Option<i64>) -> bool {
        match self {
            Self::Auto | Self::EachBar => true,
            Self::Daily { opens, .. } => {
                let begin = timestamp.div_euclid(DAY) * DAY + opens;
                timestamp >= begin && before.is_none_or(|before| before < begin)
            }
        }
    }

    /// Whether a bar from `timestamp` to `available_at` is the last of its session.
    pub fn closes_with(self, timestamp: i64, available_at: i64) -> bool {
        match self {
            Self::Auto | Self::EachBar => true,
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

    #[test]
    fn sessions_are_written_as_times_of_day() {
        for text in ["auto", "each_bar", "14:30-21:00", "00:00-24:00"] {
            assert_eq!(text.parse::<Session>().unwrap().to_string(), text);
        }
        for bad in ["", "21:00-14:30", "14:30", "-1:00-5:00", "14:60-15:00", "00:00-24:01", "noon-night"] {
            assert!(bad.parse::<Session>().is_err(), "{bad}");
        }
    }

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
