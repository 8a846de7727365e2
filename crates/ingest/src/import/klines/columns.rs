//! Which column of a bar file means what, by the names its many writers use.

use crosscut_model::bar::BAR_COLUMNS;
use crosscut_model::nearest;

use crate::error::Fault;
use crate::import::fields::plain_name;
use crate::import::zone::Clock;

/// What one column of a bar file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// The symbol of the row.
    Symbol,
    /// When the bar opened: its label.
    OpenTime,
    /// The clock of the bar's opening, beside a column of dates.
    Clock,
    /// When the bar closed, or its last moment.
    CloseTime,
    /// The column at this place of [`BAR_COLUMNS`].
    Bar(usize),
    /// Kept under its own name.
    Extra,
    /// A split or a dividend of the row's day, as zipline's csvdir has them: kept as a corporate action.
    Action,
    /// Understood and derived or not needed, so that it is not kept.
    Redundant,
    /// Not understood, not kept, reported.
    Unknown,
}

/// The spellings of each meaning, reduced to lower-case letters and digits, the best first.
const ALIASES: [(Meaning, &[&str]); 20] = [
    (Meaning::Symbol, &["symbol", "ticker", "instrument", "instid", "instrumentname", "pair", "coin"]),
    (
        Meaning::OpenTime,
        &["opentime", "starttime", "timestamp", "datetime", "time", "date", "start", "startat", "openedat", "ts"],
    ),
    (Meaning::CloseTime, &["closetime", "endtime", "availableat", "end"]),
    (OPEN, &["open", "o", "openprice"]),
    (HIGH, &["high", "h", "highprice"]),
    (LOW, &["low", "l", "lowprice"]),
    (CLOSE, &["close", "c", "closeprice"]),
    (VOLUME, &["volume", "vol", "basevolume", "baseassetvolume", "v"]),
    (
        Meaning::Bar(5),
        &["buyvolume", "takerbuyvolume", "takerbuybasevolume", "takerbuybaseassetvolume", "takerbase", "buybasevolume"],
    ),
    (Meaning::Bar(6), &["sellvolume", "takersellvolume", "takersellbasevolume"]),
    (Meaning::Bar(7), &["vwap", "averageprice"]),
    (
        Meaning::Bar(8),
        &[
            "dollarvolume",
            "quotevolume",
            "quoteassetvolume",
            "turnover",
            "quotevol",
            "volumequote",
            "volquote",
            "amount",
        ],
    ),
    (
        Meaning::Bar(9),
        &["tickcount", "count", "trades", "numberoftrades", "ntrades", "numtrades", "tradecount", "tradescount"],
    ),
    (Meaning::Bar(10), &["upmoveratio"]),
    (Meaning::Bar(11), &["mediumprice", "medianprice"]),
    (Meaning::Bar(12), &["reversals"]),
    (Meaning::Action, &["split"]),
    (Meaning::Action, &["dividend"]),
    (Meaning::Extra, &["premiumopen", "premiumhigh", "premiumlow", "premiumclose", "premiumclosetime"]),
    (
        Meaning::Redundant,
        &[
            "takerbuyquotevolume",
            "takerbuyquoteassetvolume",
            "takerquote",
            "ignore",
            "confirm",
            "volccy",
            "barseq",
            "availableat",
            "takersellquotevolume",
        ],
    ),
];

/// First price.
pub(crate) const OPEN: Meaning = Meaning::Bar(0);
/// Highest price.
pub(crate) const HIGH: Meaning = Meaning::Bar(1);
/// Lowest price.
pub(crate) const LOW: Meaning = Meaning::Bar(2);
/// Last price.
pub(crate) const CLOSE: Meaning = Meaning::Bar(3);
/// Base volume.
pub(crate) const VOLUME: Meaning = Meaning::Bar(4);

/// The columns of the archives' klines, which often have no header.
pub(crate) const ARCHIVE_COLUMNS: [&str; 12] = [
    "open_time",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "close_time",
    "quote_volume",
    "count",
    "taker_buy_volume",
    "taker_buy_quote_volume",
    "ignore",
];

/// The columns of a bar file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct KlineColumns {
    /// Names and meanings in the file's order.
    pub columns: Vec<(String, Meaning)>,
    /// The zone of times that say none; `None` is UTC.
    pub zone: Option<Clock>,
}

impl KlineColumns {
    /// Columns whose times are UTC where they say nothing else.
    pub fn new(columns: Vec<(String, Meaning)>) -> Self {
        Self { columns, zone: None }
    }

    /// Position of the column with this meaning.
    pub fn position(&self, meaning: Meaning) -> Option<usize> {
        self.columns.iter().position(|(_, column)| *column == meaning)
    }

    /// The same meanings under the names that the file itself has.
    pub fn written_as(mut self, header: &[String]) -> Self {
        self.columns.iter_mut().zip(header).for_each(|((name, _), written)| name.clone_from(written));
        self
    }

    /// Names of the columns that are not understood.
    pub fn unknown(&self) -> Vec<&str> {
        self.columns.iter().filter(|(_, column)| *column == Meaning::Unknown).map(|(name, _)| name.as_str()).collect()
    }
}

/// The names that `--columns` may give: one for each meaning a column of bars may have.
pub(crate) fn targets() -> Vec<&'static str> {
    ["symbol", "timestamp", "close_time"].into_iter().chain(BAR_COLUMNS).collect()
}

/// Whether two names are spellings of one meaning.
pub(crate) fn means_the_same(name: &str, other: &str) -> bool {
    let (name, other) = (plain_name(name), plain_name(other));
    ALIASES.iter().any(|(_, names)| names.contains(&name.as_str()) && names.contains(&other.as_str()))
}

/// The header of OKX's files of candles by what its columns hold: `vol` counts contracts where there are any, and `vol_ccy`
/// coins; of spot pairs `vol` counts coins. `symbol` tells which; another header stays as it is.
pub(crate) fn of_okx(header: &mut [String], symbol: &str) {
    let place = |name: &str| header.iter().position(|column| plain_name(column) == name);
    let (Some(vol), Some(ccy), Some(_)) = (place("vol"), place("volccy"), place("volquote")) else { return };
    // `BTC-USDT` is a pair, `BTC-USDT-SWAP` and `BTC-USDT-240628` are contracts.
    if symbol.matches('-').count() >= 2 {
        "ignore".clone_into(&mut header[vol]);
        "volume".clone_into(&mut header[ccy]);
    }
}

/// Gives each column its meaning; `None` when the names are not those of bars.
///
/// # Errors
/// When some of open, high, low, close are there but not all, or there is no time.
pub(crate) fn recognise(header: &[String]) -> Result<Option<KlineColumns>, Fault> {
    let plain: Vec<String> = header.iter().map(|name| plain_name(name)).collect();
    let mut meanings = vec![Meaning::Unknown; header.len()];
    for (meaning, names) in ALIASES {
        let many = matches!(meaning, Meaning::Extra | Meaning::Redundant);
        for name in names {
            let free = |at: &usize| plain[*at] == *name && meanings[*at] == Meaning::Unknown;
            let Some(at) = (0..plain.len()).find(free) else { continue };
            meanings[at] = meaning;
            if !many {
                break;
            }
        }
    }
    for (at, meaning) in meanings.iter().enumerate() {
        let is_used = !matches!(meaning, Meaning::Redundant | Meaning::Unknown);
        if is_used && plain[at + 1..].contains(&plain[at]) {
            return Err(Fault::file(format!("has two columns `{}`; expected each name once", header[at]))
                .hint("rename one of them, or leave it out"));
        }
    }
    // A date and a clock in columns of their own, as backtrader's files within the day have them.
    let place = |name: &str| plain.iter().position(|known| known == name);
    if let (Some(date), Some(clock)) = (place("date"), place("time"))
        && meanings[clock] == Meaning::OpenTime
    {
        (meanings[date], meanings[clock]) = (Meaning::OpenTime, Meaning::Clock);
    }
    let prices = [OPEN, HIGH, LOW, CLOSE];
    if prices.iter().filter(|price| meanings.contains(price)).count() < 2 {
        return Ok(None);
    }
    let unknown: Vec<&str> =
        (0..header.len()).filter(|&at| meanings[at] == Meaning::Unknown).map(|at| header[at].as_str()).collect();
    for price in prices {
        if let Meaning::Bar(at) = price
            && !meanings.contains(&price)
        {
            return Err(missing(BAR_COLUMNS[at], header, &unknown));
        }
    }
    if !meanings.contains(&Meaning::OpenTime) {
        return Err(missing("open_time", header, &unknown));
    }
    Ok(Some(KlineColumns::new(header.iter().cloned().zip(meanings).collect())))
}

/// The columns of a headerless archive file.
pub(crate) fn archive() -> KlineColumns {
    let header = ARCHIVE_COLUMNS.map(str::to_owned);
    recognise(&header).ok().flatten().expect("the archive's own column names are known")
}

/// A needed column that is not there, with the name that may have been meant.
fn missing(wanted: &str, header: &[String], unknown: &[&str]) -> Fault {
    let meant = nearest(wanted, unknown.iter().copied()).map(|name| format!("; is it `{name}`?")).unwrap_or_default();
    Fault::file(format!("has no column `{wanted}` among {}{meant}", header.join(", ")))
        .hint("bars need a time, open, high, low and close; rename the columns of the file")
}

#[cfg(test)]
mod tests {
    //! Headers seen in the wild.

    use super::*;

    /// Meanings of a header, one word each.
    fn meanings(header: &str) -> String {
        let header: Vec<String> = header.split(',').map(str::to_owned).collect();
        match recognise(&header) {
            Ok(None) => "not bars".to_owned(),
            Err(fault) => fault.reason,
            Ok(Some(columns)) => {
                let word = |meaning: &Meaning| match meaning {
                    Meaning::Symbol => "symbol",
                    Meaning::OpenTime => "time",
                    Meaning::CloseTime => "close_time",
                    Meaning::Clock => "clock",
                    Meaning::Bar(at) => BAR_COLUMNS[*at],
                    Meaning::Extra => "extra",
                    Meaning::Action => "action",
                    Meaning::Redundant => "-",
                    Meaning::Unknown => "?",
                };
                columns.columns.iter().map(|(_, meaning)| word(meaning)).collect::<Vec<_>>().join(" ")
            }
        }
    }

    #[test]
    fn known_headers() {
        assert_eq!(
            meanings(
                "open_time,open,high,low,close,volume,close_time,quote_asset_volume,number_of_trades,\
                 taker_buy_base_volume,taker_buy_quote_volume,premium_open,premium_high,premium_low,premium_close,\
                 premium_close_time"
            ),
            "time open high low close volume close_time dollar_volume tick_count buy_volume - extra extra extra extra extra"
        );
        assert_eq!(
            meanings("symbol,open_time,open,high,low,close,volume,hours"),
            "symbol time open high low close volume ?"
        );
        assert_eq!(
            meanings("Date,Time,Open,High,Low,Close,Volume,OpenInterest"),
            "time clock open high low close volume ?"
        );
        assert_eq!(meanings("timestamp,date,time,open,high,low,close"), "time ? ? open high low close");
        assert_eq!(
            meanings("date,open,high,low,close,volume,dividend,split"),
            "time open high low close volume action action"
        );
        assert_eq!(meanings("Date,Open,High,Low,Close,Volume"), "time open high low close volume");
        let mut own = vec!["timestamp", "available_at"];
        own.extend(BAR_COLUMNS);
        assert_eq!(meanings(&own.join(",")), format!("time close_time {}", BAR_COLUMNS.join(" ")));
        assert_eq!(meanings(&ARCHIVE_COLUMNS.join(",")).split(' ').count(), 12);
    }

    #[test]
    fn headers_that_lack_something() {
        assert_eq!(
            meanings("time,open,high,low,clsoe"),
            "has no column `close` among time, open, high, low, clsoe; is it `clsoe`?"
        );
        assert_eq!(meanings("open,high,low,close"), "has no column `open_time` among open, high, low, close");
        assert_eq!(meanings("symbol,funding_time,funding_rate"), "not bars");
    }
}
