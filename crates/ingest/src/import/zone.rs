//! The zone of times that say none, when the user names it.

use std::str::FromStr;

use crosscut_model::session::Zone;
use crosscut_model::time::{DAY, parse_zoned};

use crate::error::IngestError;

/// A clock: a named zone with its summer time, or a fixed distance from UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// A zone by its name. Its clocks are taken to change at midnight: an hour of the night of the change is read an hour off.
    Named(Zone),
    /// So many microseconds ahead of UTC.
    Ahead(i64),
}

impl Clock {
    /// How far the clock is ahead of UTC at a local time, microseconds.
    pub fn ahead_at(self, local: i64) -> i64 {
        match self {
            Self::Named(zone) => -zone.to_utc(local.div_euclid(DAY) * DAY),
            Self::Ahead(micros) => micros,
        }
    }

    /// The local time of an instant, as if it were UTC, microseconds.
    pub fn local_of(self, instant: i64) -> i64 {
        let near = instant + self.ahead_at(instant);
        instant + self.ahead_at(near)
    }
}

impl FromStr for Clock {
    type Err = IngestError;

    fn from_str(text: &str) -> Result<Self, IngestError> {
        if let Some((_, zone)) = Zone::NAMES.iter().find(|(name, _)| *name == text) {
            return Ok(Self::Named(*zone));
        }
        let ahead = parse_zoned(&format!("2000-01-01T00:00{text}")).filter(|_| text.starts_with(['+', '-']));
        ahead.map(|(_, ahead)| Self::Ahead(ahead)).ok_or_else(|| {
            let names = Zone::NAMES.map(|(name, _)| name).join(", ");
            IngestError::request(format!(
                "--zone: `{text}` is not known; expected {names} or a distance such as +08:00"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    //! Clocks by hand.

    use super::*;
    use crosscut_model::parse_iso;
    use crosscut_model::time::HOUR;

    #[test]
    fn clocks_by_name_and_by_distance() {
        let at = |text: &str| parse_iso(text).unwrap();
        let chicago: Clock = "America/Chicago".parse().unwrap();
        assert_eq!(chicago.ahead_at(at("2013-09-01T17:00:00")), -5 * HOUR);
        assert_eq!(chicago.ahead_at(at("2013-12-01T17:00:00")), -6 * HOUR);
        // An instant near midnight belongs to the day before.
        assert_eq!(chicago.local_of(at("2013-11-03T04:30:00")), at("2013-11-02T23:30:00"));
        let kolkata: Clock = "+05:30".parse().unwrap();
        assert_eq!(kolkata.local_of(at("2024-01-01T00:00:00")), at("2024-01-01T05:30:00"));
        assert_eq!("-0400".parse::<Clock>().unwrap(), Clock::Ahead(-4 * HOUR));
        for wrong in ["", "Z", "Mars/Olympus", "+25:00", "5", "America/New_york"] {
            assert!(wrong.parse::<Clock>().unwrap_err().to_string().contains("America/New_York"), "{wrong}");
        }
    }
}
