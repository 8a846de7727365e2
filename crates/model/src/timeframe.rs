//! The length of a time bar: a number and a unit, aligned to UTC.
//!
//! Written `1m 5m 1h 4h 1d 1w 1M`; `2H` means `2h`, only `m` (minute) and `M` (month) differ by case, and Binance's
//! `1mo` is accepted for a month. Weeks start on Monday. Multi-unit bars are aligned to the epoch (`4h`: 00, 04, ...;
//! `3d`: every third day since 1970-01-01), multi-month bars to January of year 0.

use std::fmt;
use std::str::FromStr;

use crate::time::{self, DAY, HOUR, MINUTE, SECOND};

/// The unit of a timeframe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unit {
    /// Seconds, `s`.
    Second,
    /// Minutes, `m`.
    Minute,
    /// Hours, `h`.
    Hour,
    /// Days, `d`.
    Day,
    /// Weeks from Monday, `w`.
    Week,
    /// Calendar months, `M`.
    Month,
}

/// A length of time bars, such as `4h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timeframe {
    /// The unit.
    unit: Unit,
    /// How many units, at least 1.
    count: i64,
}

/// Why a text is not a timeframe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeframeError {
    /// The text as given.
    pub text: String,
}

impl fmt::Display for TimeframeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is not a timeframe; expected a number and s, m, h, d, w or M, such as 5m, 1h, 4h, 1d",
            self.text
        )
    }
}

impl std::error::Error for TimeframeError {}

impl Timeframe {
    /// The timeframe of `count` units.
    ///
    /// # Panics
    /// If `count` is not positive.
    pub fn new(count: i64, unit: Unit) -> Self {
        assert!(count > 0, "a timeframe has at least one unit");
        Self { unit, count }
    }

    /// The timeframe whose bars are exactly `micros` long; `None` when no plain unit fits.
    pub fn from_micros(micros: i64) -> Option<Self> {
        if micros <= 0 {
            return None;
        }
        [(7 * DAY, Unit::Week), (DAY, Unit::Day), (HOUR, Unit::Hour), (MINUTE, Unit::Minute), (SECOND, Unit::Second)]
            .into_iter()
            .find(|(length, _)| micros % length == 0)
            .map(|(length, unit)| Self { unit, count: micros / length })
    }

    /// Length in microseconds; `None` for months, whose length varies.
    pub fn micros(self) -> Option<i64> {
        let unit = match self.unit {
            Unit::Second => SECOND,
            Unit::Minute => MINUTE,
            Unit::Hour => HOUR,
            Unit::Day => DAY,
            Unit::Week => 7 * DAY,
            Unit::Month => return None,
        };
        Some(unit * self.count)
    }

    /// Length in microseconds, a month counted as 365/12 days: for annualisation and display, never for labels.
    pub fn nominal_micros(self) -> f64 {
        self.micros().map_or(self.count as f64 * DAY as f64 * 365.0 / 12.0, |micros| micros as f64)
    }

    /// The open of the bar that contains `timestamp` (microseconds).
    pub fn floor(self, timestamp: i64) -> i64 {
        match (self.unit, self.micros()) {
            // 1970-01-05 was the first Monday of the epoch.
            (Unit::Week, Some(length)) => (timestamp - 4 * DAY).div_euclid(length) * length + 4 * DAY,
            (_, Some(length)) => timestamp.div_euclid(length) * length,
            (_, None) => {
                let c = time::civil(timestamp);
                let month = (c.year * 12 + c.month - 1).div_euclid(self.count) * self.count;
                time::midnight(0, month + 1, 1)
            }
        }
    }

    /// The close of the bar that opens at `open`, which must be a bar open: the open of the next one.
    pub fn next(self, open: i64) -> i64 {
        match self.micros() {
            Some(length) => open + length,
            None => {
                let c = time::civil(open);
                time::midnight(c.year, c.month + self.count, 1)
            }
        }
    }

    /// Whether every bar of `self` is made of whole bars of `finer`.
    pub fn is_multiple_of(self, finer: Self) -> bool {
        match (self.micros(), finer.micros()) {
            (Some(a), Some(b)) => a % b == 0 && (self.unit != Unit::Week || finer.unit == Unit::Week || DAY % b == 0),
            (None, Some(b)) => DAY % b == 0,
            (None, None) => self.count % finer.count == 0,
            (Some(_), None) => false,
        }
    }
}

impl FromStr for Timeframe {
    type Err = TimeframeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || TimeframeError { text: text.to_owned() };
        let at = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(error)?;
        let count: i64 = text[..at].parse().map_err(|_| error())?;
        let unit = match &text[at..] {
            "s" | "S" => Unit::Second,
            "m" => Unit::Minute,
            "h" | "H" => Unit::Hour,
            "d" | "D" => Unit::Day,
            "w" | "W" => Unit::Week,
            "M" | "mo" | "MO" => Unit::Month,
            _ => return Err(error()),
        };
        if !(1..=1_000_000).contains(&count) {
            return Err(error());
        }
        Ok(Self { unit, count })
    }
}

impl fmt::Display for Timeframe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            Unit::Second => 's',
            Unit::Minute => 'm',
            Unit::Hour => 'h',
            Unit::Day => 'd',
            Unit::Week => 'w',
            Unit::Month => 'M',
        };
        write!(f, "{}{unit}", self.count)
    }
}

#[cfg(test)]
mod tests {
    //! Labels worked out by hand.

    use super::*;
    use crate::time::parse_iso;

    fn floor(frame: &str, at: &str) -> String {
        time::format_iso(frame.parse::<Timeframe>().unwrap().floor(parse_iso(at).unwrap()))
    }

    #[test]
    fn labels() {
        assert_eq!(floor("4h", "2024-07-21T07:59:59"), "2024-07-21T04:00:00Z");
        assert_eq!(floor("1w", "2024-07-21T07:59:59"), "2024-07-15T00:00:00Z");
        assert_eq!(floor("1M", "2024-07-21T07:59:59"), "2024-07-01T00:00:00Z");
        assert_eq!(floor("3M", "2024-12-31T23:00"), "2024-10-01T00:00:00Z");
        let month: Timeframe = "1M".parse().unwrap();
        assert_eq!(month.next(parse_iso("2024-12").unwrap()), parse_iso("2025-01").unwrap());
    }

    #[test]
    fn text_forms() {
        for (text, canonical) in [("2H", "2h"), ("1m", "1m"), ("1M", "1M"), ("1mo", "1M"), ("1D", "1d")] {
            assert_eq!(text.parse::<Timeframe>().unwrap().to_string(), canonical);
        }
        for text in ["", "h", "0h", "1x", "-1h", "1 h", "1.5h"] {
            assert!(text.parse::<Timeframe>().is_err(), "{text}");
        }
        assert_eq!(Timeframe::from_micros(4 * HOUR).unwrap().to_string(), "4h");
        assert_eq!(Timeframe::from_micros(DAY).unwrap().to_string(), "1d");
    }

    #[test]
    fn multiples() {
        let is = |coarse: &str, fine: &str| coarse.parse::<Timeframe>().unwrap().is_multiple_of(fine.parse().unwrap());
        assert!(is("4h", "1h") && is("1d", "4h") && is("1w", "1d") && is("1M", "1d"));
        assert!(!is("4h", "3h") && !is("1h", "4h") && !is("1M", "1w") && !is("1w", "5d"));
    }
}
