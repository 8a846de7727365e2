//! Which column of a funding file means what.

use crosscut_model::time::{HOUR, MINUTE};

use crate::import::fields::plain_name;
use crate::import::klines::columns::{KlineColumns, Meaning};

/// The columns of a funding file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FundingColumns {
    /// Names and meanings in the file's order; the numbers of funding are kept under their own names.
    pub columns: KlineColumns,
    /// The column of the rate.
    pub rate: String,
    /// The column of the interval, and the microseconds of its unit.
    pub interval: Option<(String, i64)>,
    /// The column of the mark price.
    pub mark: Option<String>,
}

/// Spellings of the symbol, reduced to lower-case letters and digits, the best first.
const SYMBOLS: &[&str] = &["symbol", "instid", "instrumentname", "ticker", "instrument", "pair"];

/// Spellings of the time.
const TIMES: &[&str] =
    &["fundingtime", "calctime", "fundingratetimestamp", "settletime", "timestamp", "datetime", "time", "date", "ts"];

/// Spellings of the rate. A bare `rate` is not enough to know a file by.
const RATES: &[&str] = &["fundingrate", "lastfundingrate"];

/// Spellings of the interval and their units, microseconds.
const INTERVALS: &[(&str, i64)] =
    &[("fundingintervalhours", HOUR), ("intervalhours", HOUR), ("fundinginterval", MINUTE), ("intervalus", 1)];

/// Spellings of the mark price.
const MARKS: &[&str] = &["markprice", "mark"];

/// Gives the columns of a header their meanings; `None` when it is not one of funding.
pub(crate) fn recognise(header: &[String]) -> Option<FundingColumns> {
    let rate = find(header, RATES)?;
    let time = find(header, TIMES)?;
    let symbol = find(header, SYMBOLS);
    let interval = INTERVALS.iter().find_map(|(name, unit)| Some((find(header, &[name])?, *unit)));
    let mark = find(header, MARKS);
    let kept = [Some(rate), interval.map(|(at, _)| at), mark];
    let meaning = |at: usize| {
        if at == time {
            Meaning::OpenTime
        } else if Some(at) == symbol {
            Meaning::Symbol
        } else if kept.contains(&Some(at)) {
            Meaning::Extra
        } else {
            Meaning::Unknown
        }
    };
    let columns = header.iter().enumerate().map(|(at, name)| (name.clone(), meaning(at))).collect();
    Some(FundingColumns {
        columns: KlineColumns::new(columns),
        rate: header[rate].clone(),
        interval: interval.map(|(at, unit)| (header[at].clone(), unit)),
        mark: mark.map(|at| header[at].clone()),
    })
}

/// The columns of funding written as candles, the rate in `open`, as freqtrade does; `None` when it is none.
pub(crate) fn candles(header: &[String]) -> Option<FundingColumns> {
    let (time, rate) = (find(header, TIMES)?, find(header, &["open"])?);
    let meaning = |at: usize| match at {
        at if at == time => Meaning::OpenTime,
        at if at == rate => Meaning::Extra,
        _ => Meaning::Redundant,
    };
    let columns = header.iter().enumerate().map(|(at, name)| (name.clone(), meaning(at))).collect();
    Some(FundingColumns { columns: KlineColumns::new(columns), rate: header[rate].clone(), interval: None, mark: None })
}

/// The columns of a file without a header that holds times and rates, as LEAN does.
pub(crate) fn bare() -> FundingColumns {
    let columns = vec![("time".to_owned(), Meaning::OpenTime), ("rate".to_owned(), Meaning::Extra)];
    FundingColumns { columns: KlineColumns::new(columns), rate: "rate".to_owned(), interval: None, mark: None }
}

/// Position of the column with the best of some spellings.
fn find(header: &[String], spellings: &[&str]) -> Option<usize> {
    spellings.iter().find_map(|spelling| header.iter().position(|name| plain_name(name) == *spelling))
}
