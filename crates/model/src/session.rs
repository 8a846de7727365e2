//! When an exchange is open: sessions by weekday in its own time zone, holidays, early closes.
//!
//! A day is named by its date: midnight UTC of it, the label of its daily bar.

use std::collections::{BTreeMap, BTreeSet};

use crate::time::{self, DAY, HOUR, MINUTE, civil, midnight, weekday};

/// A time zone of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zone {
    /// UTC.
    Utc,
    /// New York.
    NewYork,
    /// Chicago.
    Chicago,
}

impl Zone {
    /// All zones with their names.
    pub const NAMES: [(&'static str, Self); 3] =
        [("UTC", Self::Utc), ("America/New_York", Self::NewYork), ("America/Chicago", Self::Chicago)];

    /// The zone's name in the time-zone database.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, zone)| *zone == self).map_or("UTC", |(name, _)| name)
    }

    /// What is added to a local time of a day to make it UTC, microseconds. Clocks change at night: one number holds for
    /// a day's sessions.
    pub fn to_utc(self, day: i64) -> i64 {
        let standard = match self {
            Self::Utc => return 0,
            Self::NewYork => 5 * HOUR,
            Self::Chicago => 6 * HOUR,
        };
        standard - if is_us_summer(day) { HOUR } else { 0 }
    }
}

/// Whether clocks in the United States are an hour ahead on a day. Energy Policy Act of 2005 from 2007 on, the Uniform
/// Time Act as amended in 1986 and in 1966 before; the special years 1974 and 1975 are not followed.
fn is_us_summer(day: i64) -> bool {
    let year = civil(day).year;
    let sunday_from = |month: i64, date: i64| {
        let from = midnight(year, month, date);
        from + (6 - weekday(from)).rem_euclid(7) * DAY
    };
    let (begin, end) = match year {
        2007.. => (sunday_from(3, 8), sunday_from(11, 1)),
        1987.. => (sunday_from(4, 1), sunday_from(10, 25)),
        _ => (sunday_from(4, 24), sunday_from(10, 25)),
    };
    (begin..end).contains(&day)
}

/// The sessions of an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sessions {
    /// Its time zone.
    pub zone: Zone,
    /// Open and close of the regular session of each weekday (Monday first), microseconds of the local day.
    pub weekdays: [Option<(i64, i64)>; 7],
    /// Days without a session.
    pub holidays: BTreeSet<i64>,
    /// Days that close early, and when, microseconds of the local day.
    pub early_closes: BTreeMap<i64, i64>,
    /// Days that open late, and when, microseconds of the local day.
    pub late_opens: BTreeMap<i64, i64>,
}

impl Sessions {
    /// The regular hours of the exchanges of the United States, 9:30 to 16:00 in New York, without holidays and early
    /// closes: a close that is too late lets nobody know a price too early.
    pub fn us_equities() -> Self {
        let regular = Some((9 * HOUR + 30 * MINUTE, 16 * HOUR));
        Self {
            zone: Zone::NewYork,
            weekdays: [regular, regular, regular, regular, regular, None, None],
            holidays: BTreeSet::new(),
            early_closes: BTreeMap::new(),
            late_opens: BTreeMap::new(),
        }
    }

    /// Open and close of a day, microseconds UTC; `None` when there is no session.
    pub fn session(&self, day: i64) -> Option<(i64, i64)> {
        let day = day.div_euclid(DAY) * DAY;
        if self.holidays.contains(&day) {
            return None;
        }
        let (open, close) = self.weekdays[usize::try_from(weekday(day)).ok()?]?;
        let open = self.late_opens.get(&day).copied().unwrap_or(open);
        let close = self.early_closes.get(&day).copied().unwrap_or(close);
        let midnight = day + self.zone.to_utc(day);
        Some((midnight + open, midnight + close))
    }

    /// Open and close of each session from the day of `first` to that of `last`, microseconds UTC.
    pub fn times(&self, first: i64, last: i64) -> Vec<(i64, i64)> {
        let days = first.div_euclid(DAY)..=last.div_euclid(DAY);
        days.filter_map(|day| self.session(day * DAY)).collect()
    }

    /// The first day with a session after a day; `None` when there is none within a year.
    pub fn next_day(&self, day: i64) -> Option<i64> {
        let day = day.div_euclid(DAY) * DAY;
        (1..=366).map(|later| day + later * DAY).find(|later| self.session(*later).is_some())
    }
}

/// Parses `MM/DD/YYYY` with or without leading zeros; `None` for anything else.
pub fn parse_us_date(text: &str) -> Option<i64> {
    let mut parts = text.split('/').map(|part| part.parse::<i64>().ok());
    let (month, day, year) = (parts.next()??, parts.next()??, parts.next()??);
    let good = (1..=12).contains(&month) && (1..=time::days_in_month(year, month)).contains(&day);
    (parts.next().is_none() && good && (1900..=2200).contains(&year)).then(|| midnight(year, month, day))
}

#[cfg(test)]
mod tests {
    //! Sessions around changes of the clock, holidays and early closes.

    use super::*;
    use crate::time::{format_iso, parse_iso};

    fn session(sessions: &Sessions, day: &str) -> String {
        let session = sessions.session(parse_iso(day).unwrap());
        session.map_or("none".to_owned(), |(open, close)| {
            format!("{}..{}", &format_iso(open)[11..16], &format_iso(close)[11..16])
        })
    }

    #[test]
    fn new_york_follows_its_clocks() {
        let us = Sessions::us_equities();
        for (day, expected) in [
            ("2009-03-06", "14:30..21:00"),
            ("2009-03-09", "13:30..20:00"),
            ("2009-10-30", "13:30..20:00"),
            ("2009-11-02", "14:30..21:00"),
            ("2006-03-31", "14:30..21:00"),
            ("2006-04-03", "13:30..20:00"),
            ("1986-04-25", "14:30..21:00"),
            ("1986-04-28", "13:30..20:00"),
            ("2009-11-01", "none"),
        ] {
            assert_eq!(session(&us, day), expected, "{day}");
        }
    }

    #[test]
    fn holidays_and_early_closes() {
        let mut us = Sessions::us_equities();
        let day = |text: &str| parse_us_date(text).unwrap();
        us.holidays.insert(day("11/28/2013"));
        us.early_closes.insert(day("11/29/2013"), 13 * HOUR);
        assert_eq!(
            (session(&us, "2013-11-28"), session(&us, "2013-11-29")),
            ("none".to_owned(), "14:30..18:00".to_owned())
        );
        assert_eq!(us.next_day(day("11/27/2013")), Some(day("11/29/2013")));
        assert_eq!(us.next_day(day("11/29/2013")), Some(day("12/2/2013")));
        assert_eq!([parse_us_date("2/30/2013"), parse_us_date("1/1"), parse_us_date("a/1/2013")], [None; 3]);
        let closed = Sessions { weekdays: [None; 7], ..us };
        assert_eq!(closed.next_day(0), None);
    }
}
