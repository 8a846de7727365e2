//! How many periods a year has, derived from the data, and rebalance calendars.

use std::fmt;
use std::str::FromStr;

use crate::session::Sessions;
use crate::time::{self, DAY};
use crate::timeframe::Timeframe;

/// Periods per year and the reason, to print beside each annualised number.
#[derive(Debug, Clone, PartialEq)]
pub struct Annualisation {
    /// Periods per year.
    pub periods_per_year: f64,
    /// How it was derived, in words.
    pub basis: String,
}

/// Derives the number of periods per year from the times at which bars exist.
///
/// A market with weekend bars trades around the clock: 365 days over the timeframe. Without weekend bars the bars of
/// the data are counted: bars over span in years of 365.25 days, which gives about 252 for daily equities; below one
/// year of data, 252 days of the mean number of bars per trading day.
pub fn periods_per_year(timestamps: &[i64], timeframe: Timeframe) -> Annualisation {
    let weekend = timestamps.iter().any(|&t| time::weekday(t) >= 5);
    let round_the_clock = 365.0 * DAY as f64 / timeframe.nominal_micros();
    let span = match (timestamps.first(), timestamps.last()) {
        (Some(first), Some(last)) => (last - first) as f64 / DAY as f64,
        _ => 0.0,
    };
    // Bars of a week or longer carry no weekday information, and a few days cannot tell a weekend from a gap.
    if weekend || timeframe.nominal_micros() > DAY as f64 || span < 7.0 {
        return Annualisation {
            periods_per_year: round_the_clock,
            basis: format!("24/7 calendar: 365 days of {timeframe} bars"),
        };
    }
    let n_bars = timestamps.len() as f64;
    if span >= 365.0 {
        let years = span / 365.25;
        let per_year = ((n_bars - 1.0) / years).round();
        return Annualisation {
            periods_per_year: per_year,
            basis: format!("exchange calendar: {n_bars} bars in {years:.2} years"),
        };
    }
    let mut days: Vec<i64> = timestamps.iter().map(|t| t.div_euclid(DAY)).collect();
    days.dedup();
    let per_day = n_bars / days.len() as f64;
    Annualisation {
        periods_per_year: (252.0 * per_day).round(),
        basis: format!("exchange calendar: 252 days of {per_day:.2} bars"),
    }
}

/// [`periods_per_year`] where the exchange's calendar is known: of data shorter than a year, which cannot tell its
/// sessions, the calendar's are counted. A year begins with the day of the first label; a session has the bars of the timeframe's grid
/// that lie in it.
pub fn periods_per_year_on(timestamps: &[i64], timeframe: Timeframe, sessions: Option<&Sessions>) -> Annualisation {
    let (Some(&first), Some(&last)) = (timestamps.first(), timestamps.last()) else {
        return periods_per_year(timestamps, timeframe);
    };
    let (Some(sessions), Some(length)) = (sessions, timeframe.micros().filter(|length| *length <= DAY)) else {
        return periods_per_year(timestamps, timeframe);
    };
    let day = first.div_euclid(DAY) * DAY;
    let times = sessions.times(day, day + 365 * DAY - 1);
    if last - first >= 365 * DAY || times.is_empty() {
        return periods_per_year(timestamps, timeframe);
    }
    let bars = |(open, close): &(i64, i64)| (timeframe.floor(close - 1) - timeframe.floor(*open)) / length + 1;
    let n_bars: i64 = times.iter().map(bars).sum();
    let n_bars = if length == DAY { times.len() as i64 } else { n_bars };
    let basis = format!("exchange calendar: {} sessions a year, {n_bars} {timeframe} bars", times.len());
    Annualisation { periods_per_year: n_bars as f64, basis }
}

/// When a portfolio is decided anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rebalance {
    /// Every so many bars of the run's timeline, from the first bar at or after the start.
    Bars(usize),
    /// The first bar of each UTC day, `D`.
    Daily,
    /// The first bar of each week that starts on this weekday (Monday = 0), `W-MON` .. `W-SUN`.
    Weekly(i64),
    /// The first bar of each month, `MS`.
    MonthStart,
    /// The first bar of each quarter, `QS`.
    QuarterStart,
}

/// Why a text is not a rebalance rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RebalanceError {
    /// The text as given.
    pub text: String,
}

impl fmt::Display for RebalanceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a rebalance rule; expected D, W-MON .. W-SUN, MS, QS or a number of bars", self.text)
    }
}

impl std::error::Error for RebalanceError {}

/// Weekday names in the order of [`time::weekday`].
const WEEKDAYS: [&str; 7] = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];

impl Rebalance {
    /// The first label (microseconds) of the calendar period that contains `timestamp`; `None` for bar counts.
    pub fn period_start(self, timestamp: i64) -> Option<i64> {
        let day = timestamp.div_euclid(DAY) * DAY;
        let c = time::civil(timestamp);
        match self {
            Self::Bars(_) => None,
            Self::Daily => Some(day),
            Self::Weekly(first) => Some(day - (time::weekday(timestamp) - first).rem_euclid(7) * DAY),
            Self::MonthStart => Some(time::midnight(c.year, c.month, 1)),
            Self::QuarterStart => Some(time::midnight(c.year, (c.month - 1) / 3 * 3 + 1, 1)),
        }
    }
}

impl FromStr for Rebalance {
    type Err = RebalanceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || RebalanceError { text: text.to_owned() };
        match text.to_uppercase().as_str() {
            "D" => Ok(Self::Daily),
            "W" => Ok(Self::Weekly(0)),
            "MS" => Ok(Self::MonthStart),
            "QS" => Ok(Self::QuarterStart),
            upper => {
                if let Some(name) = upper.strip_prefix("W-") {
                    let day = WEEKDAYS.iter().position(|weekday| *weekday == name).ok_or_else(error)?;
                    return Ok(Self::Weekly(day as i64));
                }
                upper.parse().ok().filter(|&n: &usize| n > 0).map(Self::Bars).ok_or_else(error)
            }
        }
    }
}

impl fmt::Display for Rebalance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bars(n) => write!(f, "{n}"),
            Self::Daily => write!(f, "D"),
            Self::Weekly(day) => write!(f, "W-{}", WEEKDAYS[*day as usize]),
            Self::MonthStart => write!(f, "MS"),
            Self::QuarterStart => write!(f, "QS"),
        }
    }
}

#[cfg(test)]
mod tests {
    //! Calendars worked out by hand.

    use super::*;
    use crate::time::{HOUR, format_date, parse_iso};

    #[test]
    fn crypto_hours_are_8760() {
        let start = parse_iso("2024-01-01").unwrap();
        let hours: Vec<i64> = (0..24 * 30).map(|h| start + h * HOUR).collect();
        assert_eq!(periods_per_year(&hours, "1h".parse().unwrap()).periods_per_year, 8760.0);
        assert_eq!(periods_per_year(&hours, "4h".parse().unwrap()).periods_per_year, 2190.0);
    }

    #[test]
    fn weekdays_only_count_trading_days() {
        let start = parse_iso("2021-01-04").unwrap();
        let days: Vec<i64> = (0..2 * 364).map(|d| start + d * DAY).filter(|&t| time::weekday(t) < 5).collect();
        assert_eq!(periods_per_year(&days, "1d".parse().unwrap()).periods_per_year, 261.0);
    }

    #[test]
    fn a_known_calendar_counts_where_the_data_are_short() {
        let sessions = Sessions::us_equities();
        let on = |labels: &[i64], timeframe: &str| {
            periods_per_year_on(labels, timeframe.parse().unwrap(), Some(&sessions)).periods_per_year
        };
        let monday = parse_iso("2021-01-04").unwrap();
        // 261 weekdays in 365 days from a Monday, of which this calendar knows no holiday.
        assert_eq!(on(&[monday, monday + DAY, monday + 2 * DAY], "1d"), 261.0);
        assert_eq!(on(&[monday], "1d"), 261.0);
        // 14:30 to 21:00, in summer 13:30 to 20:00, is seven hours of the clock's and thirteen halves; of stretches of four
        // it is three on the 91 weekdays of winter and two on the 170 of summer.
        let open = monday + 14 * HOUR;
        assert_eq!(on(&[open, open + HOUR], "1h"), 7.0 * 261.0);
        assert_eq!(on(&[open], "30m"), 13.0 * 261.0);
        assert_eq!(on(&[monday + 12 * HOUR], "4h"), 3.0 * 91.0 + 2.0 * 170.0);
        let round_the_clock =
            Sessions { weekdays: [Some((0, DAY)); 7], zone: crate::session::Zone::Utc, ..sessions.clone() };
        let hours = periods_per_year_on(&[monday], "1h".parse().unwrap(), Some(&round_the_clock));
        assert_eq!(hours.periods_per_year, 8760.0);
        assert_eq!(periods_per_year_on(&[monday], "1h".parse().unwrap(), None).periods_per_year, 8760.0);
        let years: Vec<i64> = (0..2 * 364).map(|d| monday + d * DAY).filter(|&t| time::weekday(t) < 5).collect();
        assert_eq!(on(&years, "1d"), periods_per_year(&years, "1d".parse().unwrap()).periods_per_year);
        assert_eq!(on(&[], "1d"), 365.0);
    }

    #[test]
    fn period_starts() {
        let at = parse_iso("2024-08-21T13:00").unwrap(); // a Wednesday
        let start = |rule: &str| format_date(rule.parse::<Rebalance>().unwrap().period_start(at).unwrap());
        assert_eq!(start("D"), "2024-08-21");
        assert_eq!(start("W-MON"), "2024-08-19");
        assert_eq!(start("W-FRI"), "2024-08-16");
        assert_eq!(start("W-WED"), "2024-08-21");
        assert_eq!(start("MS"), "2024-08-01");
        assert_eq!(start("QS"), "2024-07-01");
        assert_eq!("12".parse::<Rebalance>().unwrap().period_start(at), None);
        assert!("0".parse::<Rebalance>().is_err() && "W-XXX".parse::<Rebalance>().is_err());
    }
}
