//! UTC time as `i64` microseconds since the epoch: parsing, printing, civil dates, unit detection.
//!
//! Refuses to know the wall clock or any time zone but UTC. Civil-date arithmetic follows the proleptic Gregorian
//! calendar (Howard Hinnant, "chrono-compatible low-level date algorithms", `days_from_civil` and its inverse).

use std::fmt;

/// Microseconds in one second.
pub const SECOND: i64 = 1_000_000;
/// Microseconds in one minute.
pub const MINUTE: i64 = 60 * SECOND;
/// Microseconds in one hour.
pub const HOUR: i64 = 60 * MINUTE;
/// Microseconds in one day (UTC has no leap seconds here, as in every exchange archive).
pub const DAY: i64 = 24 * HOUR;

/// A half-open stretch of time: `start <= t < end`, microseconds; `None` is unbounded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Range {
    /// First microsecond inside.
    pub start: Option<i64>,
    /// First microsecond after the stretch (exclusive).
    pub end: Option<i64>,
}

impl Range {
    /// The unbounded range.
    pub const ALL: Self = Self { start: None, end: None };

    /// Whether `timestamp` (microseconds) lies inside.
    pub fn contains(&self, timestamp: i64) -> bool {
        self.start.is_none_or(|start| timestamp >= start) && self.end.is_none_or(|end| timestamp < end)
    }

    /// The positions of a sorted slice of timestamps that lie inside.
    pub fn positions(&self, sorted: &[i64]) -> std::ops::Range<usize> {
        let from = self.start.map_or(0, |start| sorted.partition_point(|&t| t < start));
        let to = self.end.map_or(sorted.len(), |end| sorted.partition_point(|&t| t < end));
        from..to.max(from)
    }
}

/// Why a text is not a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeError {
    /// The text as given.
    pub text: String,
}

impl fmt::Display for TimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is not a UTC time; expected 2024-07-21, 2024-07, 2024-07-21T08:30:00Z or 2024-07-21 08:30:00",
            self.text
        )
    }
}

impl std::error::Error for TimeError {}

/// A unit in which a venue writes epoch times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EpochUnit {
    /// Seconds (10 digits today).
    Seconds,
    /// Milliseconds (13 digits).
    Millis,
    /// Microseconds (16 digits).
    Micros,
    /// Nanoseconds (19 digits).
    Nanos,
}

impl EpochUnit {
    /// Recognises the unit by magnitude: every instant from 1976 to 5138 falls in exactly one unit's span.
    /// `None` for zero, negative and otherwise impossible values.
    #[inline]
    pub fn detect(value: i64) -> Option<Self> {
        match value {
            200_000_000..100_000_000_000 => Some(Self::Seconds),
            200_000_000_000..100_000_000_000_000 => Some(Self::Millis),
            200_000_000_000_000..100_000_000_000_000_000 => Some(Self::Micros),
            200_000_000_000_000_000.. => Some(Self::Nanos),
            _ => None,
        }
    }

    /// Converts a value of this unit to microseconds; nanoseconds round toward the past.
    #[inline]
    pub fn to_micros(self, value: i64) -> i64 {
        match self {
            Self::Seconds => value * SECOND,
            Self::Millis => value * 1_000,
            Self::Micros => value,
            Self::Nanos => value.div_euclid(1_000),
        }
    }

    /// The unit's usual short name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Seconds => "s",
            Self::Millis => "ms",
            Self::Micros => "us",
            Self::Nanos => "ns",
        }
    }
}

/// A calendar date and a time of day, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Civil {
    /// Year, proleptic Gregorian.
    pub year: i64,
    /// Month, 1 to 12.
    pub month: i64,
    /// Day of the month, 1 to 31.
    pub day: i64,
    /// Microseconds since midnight.
    pub micros_of_day: i64,
}

/// Days since the epoch of a civil date.
pub fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let shifted_year = if month <= 2 { year - 1 } else { year };
    let era = shifted_year.div_euclid(400);
    let year_of_era = shifted_year - era * 400;
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The civil date and time of day of a timestamp in microseconds.
pub fn civil(timestamp: i64) -> Civil {
    let days = timestamp.div_euclid(DAY);
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted - era * 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    Civil {
        year: year_of_era + era * 400 + i64::from(month <= 2),
        month,
        day: day_of_year - (153 * shifted_month + 2) / 5 + 1,
        micros_of_day: timestamp.rem_euclid(DAY),
    }
}

/// Midnight UTC of a civil date, microseconds. Months past 12 or below 1 roll over into other years.
pub fn midnight(year: i64, month: i64, day: i64) -> i64 {
    let month0 = month - 1;
    days_from_civil(year + month0.div_euclid(12), month0.rem_euclid(12) + 1, day) * DAY
}

/// Day of the week, Monday = 0.
pub fn weekday(timestamp: i64) -> i64 {
    (timestamp.div_euclid(DAY) + 3).rem_euclid(7)
}

/// Number of days in a month.
pub fn days_in_month(year: i64, month: i64) -> i64 {
    (midnight(year, month + 1, 1) - midnight(year, month, 1)) / DAY
}

/// ISO-8601 with `Z`: whole seconds as `2024-07-21T00:00:00Z`, otherwise six decimals.
pub fn format_iso(timestamp: i64) -> String {
    let c = civil(timestamp);
    let seconds = c.micros_of_day / SECOND;
    let micros = c.micros_of_day % SECOND;
    let date = format!("{:04}-{:02}-{:02}", c.year, c.month, c.day);
    let clock = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if micros == 0 { format!("{date}T{clock}Z") } else { format!("{date}T{clock}.{micros:06}Z") }
}

/// The date alone, `2024-07-21`.
pub fn format_date(timestamp: i64) -> String {
    let c = civil(timestamp);
    format!("{:04}-{:02}-{:02}", c.year, c.month, c.day)
}

/// Parses `YYYY-MM`, `YYYY-MM-DD`, or a date with `T` or a space and `HH:MM[:SS[.fraction]]`, and an optional `Z`
/// or `+00:00`. A text without a zone is UTC. Fractions past a microsecond are cut.
///
/// # Errors
/// [`TimeError`] for anything else, impossible dates (2023-02-30) and other zones included.
pub fn parse_iso(text: &str) -> Result<i64, TimeError> {
    parse(text.trim()).ok_or_else(|| TimeError { text: text.to_owned() })
}

/// The fallible body of [`parse_iso`].
fn parse(text: &str) -> Option<i64> {
    let text = text.strip_suffix('Z').or_else(|| text.strip_suffix("+00:00")).unwrap_or(text);
    let (date, clock) = match text.find(['T', ' ']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let mut parts = date.split('-');
    let year = digits(parts.next()?, 4)?;
    let month = digits(parts.next()?, 2)?;
    let day = parts.next().map_or(Some(1), |part| digits(part, 2))?;
    if parts.next().is_some() || !(1..=12).contains(&month) || !(1..=days_in_month(year, month)).contains(&day) {
        return None;
    }
    Some(midnight(year, month, day) + clock.map_or(Some(0), parse_clock)?)
}

/// Parses a date with a clock and a zone, `Z` or `+02:00` or `-0400`: the local time as if it were UTC, and what it is
/// ahead of UTC, both in microseconds; `None` for anything else. The instant is their difference.
pub fn parse_zoned(text: &str) -> Option<(i64, i64)> {
    let text = text.trim();
    if let Some(local) = text.strip_suffix('Z') {
        return Some((parse(local).filter(|_| local.contains(':'))?, 0));
    }
    // Before a clock a `-` belongs to the date.
    let clock = text.find([':'])?;
    let at = clock + text[clock..].find(['+', '-'])?;
    let (local, zone) = text.split_at(at);
    let (sign, zone) = zone.split_at(1);
    let (hours, minutes) =
        zone.split_once(':').or_else(|| (zone.is_ascii() && zone.len() == 4).then(|| zone.split_at(2)))?;
    let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2)?);
    let ahead = (hours * HOUR + minutes * MINUTE) * if sign == "-" { -1 } else { 1 };
    // No clock of the world is further from UTC than 14 hours.
    (ahead.abs() <= 14 * HOUR && minutes < 60).then_some(())?;
    Some((parse(local.trim_end())?, ahead))
}

/// Parses `YYYYMMDD`, alone or followed by a space and `HH:MM[:SS]`, as UTC; `None` for anything else.
pub fn parse_compact(text: &str) -> Option<i64> {
    let (date, clock) = match text.split_once(' ') {
        Some((date, clock)) => (date, parse_clock(clock)?),
        None => (text, 0),
    };
    if date.len() != 8 || !date.is_ascii() {
        return None;
    }
    Some(parse(&format!("{}-{}-{}", &date[..4], &date[4..6], &date[6..]))? + clock)
}

/// Microseconds since midnight of `HH:MM[:SS[.fraction]]`.
fn parse_clock(text: &str) -> Option<i64> {
    let mut parts = text.split(':');
    let hour = digits(parts.next()?, 2)?;
    let minute = digits(parts.next()?, 2)?;
    let micros = match parts.next() {
        None => 0,
        Some(seconds) => {
            let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
            if fraction.is_empty() || !fraction.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            let six: String = fraction.chars().chain("000000".chars()).take(6).collect();
            digits(whole, 2).filter(|&s| s < 60)? * SECOND + six.parse::<i64>().ok()?
        }
    };
    if parts.next().is_some() || hour > 23 || minute > 59 {
        return None;
    }
    Some(hour * HOUR + minute * MINUTE + micros)
}

/// Exactly `width` ASCII digits as a number.
fn digits(text: &str, width: usize) -> Option<i64> {
    if text.len() != width || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests;
