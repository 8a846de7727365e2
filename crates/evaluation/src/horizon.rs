//! Holding periods: a number of bars, or a length of time from one minute to sixty days.

use std::fmt;
use std::str::FromStr;

use crosscut_model::Timeframe;
use crosscut_model::time::{DAY, HOUR, MINUTE};

use crate::error::EvaluationError;

/// Most bars of a holding period.
const BARS_MAX: usize = 100_000;

/// How long a position is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Horizon {
    /// Bars of the factor's timeline.
    Bars(usize),
    /// Microseconds.
    Duration(i64),
    /// Microseconds of a number of whole hours that is written as such: `24h`.
    Hours(i64),
}

impl Horizon {
    /// In words: `5 bars`, `24h`.
    pub fn words(self) -> String {
        match self {
            Self::Bars(1) => "1 bar".to_owned(),
            Self::Bars(bars) => format!("{bars} bars"),
            _ => self.to_string(),
        }
    }

    /// Microseconds of a length of time; `None` for a number of bars.
    pub fn micros(self) -> Option<i64> {
        match self {
            Self::Bars(_) => None,
            Self::Duration(micros) | Self::Hours(micros) => Some(micros),
        }
    }
}

impl FromStr for Horizon {
    type Err = EvaluationError;

    fn from_str(text: &str) -> Result<Self, EvaluationError> {
        let refuse = |why: &str| {
            EvaluationError::setting(format!(
                "`{text}` is not a horizon: {why}; expected a number of bars (5) or a time from 1m to 60d (30m, 24h, 5d)"
            ))
        };
        if let Ok(bars) = text.parse::<usize>() {
            return if (1..=BARS_MAX).contains(&bars) {
                Ok(Self::Bars(bars))
            } else {
                Err(refuse("a number of bars is 1 to 100000"))
            };
        }
        let frame: Timeframe = text.parse().map_err(|_| refuse("it cannot be read"))?;
        let micros = frame.micros().ok_or_else(|| refuse("months differ in length"))?;
        if !(MINUTE..=60 * DAY).contains(&micros) {
            return Err(refuse("it is out of range"));
        }
        Ok(if text.ends_with(['h', 'H']) { Self::Hours(micros) } else { Self::Duration(micros) })
    }
}

impl fmt::Display for Horizon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Bars(bars) => write!(f, "{bars}"),
            Self::Duration(micros) if micros % DAY == 0 => write!(f, "{}d", micros / DAY),
            Self::Duration(micros) | Self::Hours(micros) if micros % HOUR == 0 => write!(f, "{}h", micros / HOUR),
            Self::Duration(micros) | Self::Hours(micros) => write!(f, "{}m", micros / MINUTE),
        }
    }
}

/// How lengths of time are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calendar {
    /// Around the clock: a length of time ends at exactly that distance, on a bar that must be there.
    RoundTheClock,
    /// With sessions: days are trading days, at the same time of day; shorter lengths end at the first bar not before.
    Exchange,
}

impl Calendar {
    /// The calendar of a market whose bars have these labels: with sessions when no bar lies on a weekend in a week or more of data.
    pub fn of(times: &[i64]) -> Self {
        let weekend = times.iter().any(|&time| crosscut_model::time::weekday(time) >= 5);
        let long = times.first().zip(times.last()).is_some_and(|(first, last)| last - first >= 7 * DAY);
        if long && !weekend { Self::Exchange } else { Self::RoundTheClock }
    }

    /// The name in settings and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::RoundTheClock => "24/7",
            Self::Exchange => "exchange",
        }
    }
}
