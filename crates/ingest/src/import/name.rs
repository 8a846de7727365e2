//! What a file's name says of its content: symbol, kind, timeframe, and the day or month it stands for.
//!
//! Known forms: the venue archives' `SYMBOL-aggTrades-2024-08-09`, `SYMBOL-1h-2023-01`; the resampled klines'
//! `1INCH_2020_12_25_1000_1608890400000_Fullversion_2H`; `S000USDT_time_bar_1h`, `XRPETH_1m`, `XBTUSD_trades_...`; a bare
//! `BTCUSDT`; freqtrade's `XRP_USDT_USDT-1h-mark`. A name that fits none of them says nothing; that is not an error.

use std::path::Path;

use crosscut_model::time::{self, EpochUnit};
use crosscut_model::{Timeframe, TradeKind};

use crate::error::Fault;

use super::klines::Flavour;

/// What a name calls the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NamedKind {
    /// `aggTrades`, `trades`.
    Ticks(TradeKind),
    /// A timeframe in the place of the kind; the folder may say what they are klines of.
    Klines(Flavour),
    /// `fundingRate`.
    Funding,
    /// Something venues publish that is not imported, in words.
    Unsupported(&'static str),
}

/// What a file's name and folder say.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct NameFacts {
    /// The symbol.
    pub symbol: Option<String>,
    /// The kind of content.
    pub kind: Option<NamedKind>,
    /// The length of its bars.
    pub timeframe: Option<Timeframe>,
    /// The day or month the file stands for: from (inclusive) and until (exclusive), microseconds UTC.
    pub period: Option<(i64, i64)>,
    /// The start a resampled file is named for, microseconds UTC.
    pub start: Option<i64>,
}

/// Folders of the archives whose klines are not those of trades.
const FLAVOURS: [(&str, Flavour); 2] = [("markPriceKlines", Flavour::Mark), ("premiumIndexKlines", Flavour::Premium)];

/// Kinds of the archives that are recognised but not imported.
const UNSUPPORTED: [(&str, &str); 5] = [
    ("bookDepth", "order book depth"),
    ("bookTicker", "best bids and asks"),
    ("metrics", "open interest and ratios"),
    ("liquidationSnapshot", "liquidations"),
    ("indexPriceKlines", "index-price klines"),
];

/// Reads a path's file name and the folders right above it.
///
/// # Errors
/// When the parts of the name contradict one another.
pub(crate) fn read_name(path: &Path) -> Result<NameFacts, Fault> {
    let stem = stem(path);
    let mut facts = match resampled(&stem)? {
        Some(facts) => facts,
        None => match freqtrade(path, &stem).or_else(|| archive(&stem)) {
            Some(facts) => facts,
            None => other(&stem)?,
        },
    };
    let folders: Vec<String> = path
        .ancestors()
        .skip(1)
        .take(3)
        .filter_map(|folder| folder.file_name())
        .map(|folder| folder.to_string_lossy().into_owned())
        .collect();
    for (folder, words) in UNSUPPORTED {
        if folders.iter().any(|name| name == folder) {
            facts.kind = Some(NamedKind::Unsupported(words));
        }
    }
    for (folder, flavour) in FLAVOURS {
        if folders.iter().any(|name| name == folder) {
            facts.kind = Some(NamedKind::Klines(flavour));
        }
    }
    if folders.iter().any(|name| name == "fundingRate") {
        facts.kind = Some(NamedKind::Funding);
    }
    settle_timeframe(&mut facts, &folders)?;
    Ok(facts)
}

/// The file name without the endings that name the container.
pub(crate) fn stem(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut stem = name.as_str();
    for ending in [".gz", ".zip", ".csv", ".txt", ".parquet", ".feather", ".json", ".yaml", ".yml"] {
        let cut = stem.len().saturating_sub(ending.len());
        if stem.is_char_boundary(cut) && stem[cut..].eq_ignore_ascii_case(ending) {
            stem = &stem[..cut];
        }
    }
    stem.to_owned()
}

/// A name of the form `SYMBOL-KIND[-PERIOD]`, as inside and outside of archive ZIPs.
pub(crate) fn archive(stem: &str) -> Option<NameFacts> {
    let parts: Vec<&str> = stem.split('-').collect();
    for at in 1..parts.len() {
        let unsupported = UNSUPPORTED.iter().find(|(name, _)| *name == parts[at]);
        let (kind, timeframe) = match (parts[at], unsupported, parts[at].parse::<Timeframe>()) {
            ("aggTrades", ..) => (NamedKind::Ticks(TradeKind::AggTrades), None),
            ("trades", ..) => (NamedKind::Ticks(TradeKind::Trades), None),
            ("fundingRate", ..) => (NamedKind::Funding, None),
            (_, Some((_, words)), _) => (NamedKind::Unsupported(words), None),
            (_, None, Ok(timeframe)) => (NamedKind::Klines(Flavour::Traded), Some(timeframe)),
            (_, None, Err(_)) => continue,
        };
        return Some(NameFacts {
            symbol: Some(parts[..at].join("-")),
            kind: Some(kind),
            timeframe,
            period: period(&parts[at + 1..]),
            start: None,
        });
    }
    None
}

/// Whether a file is one of freqtrade's JSON: rows of numbers under a name that only freqtrade gives.
pub(crate) fn is_candles(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "json") && freqtrade(path, &stem(path)).is_some()
}

/// A name of the form `BASE_QUOTE[_SETTLE]-TIMEFRAME[-CANDLES]`: a Feather or JSON file, or candles that only freqtrade
/// names so.
fn freqtrade(path: &Path, stem: &str) -> Option<NameFacts> {
    let parts: Vec<&str> = stem.split('-').collect();
    let (pair, rest) = parts.split_first()?;
    let timeframe: Timeframe = rest.first()?.parse().ok()?;
    let kind = match rest.get(1).copied() {
        None if path.extension().is_some_and(|ending| ending == "feather" || ending == "json") => {
            NamedKind::Klines(Flavour::Traded)
        }
        Some("futures") => NamedKind::Klines(Flavour::Traded),
        Some("mark") => NamedKind::Klines(Flavour::Mark),
        Some("premiumIndex") => NamedKind::Klines(Flavour::Premium),
        Some("funding_rate") => NamedKind::Funding,
        Some("index") => NamedKind::Unsupported("index-price klines"),
        _ => return None,
    };
    let mut words = pair.split('_');
    let symbol = match (words.next(), words.next()) {
        (Some(base), Some(quote)) if rest.len() <= 2 => format!("{base}{quote}"),
        _ => return None,
    };
    // The 8h of funding files is a convention and says nothing of the venue's intervals.
    let timeframe = Some(timeframe).filter(|_| kind != NamedKind::Funding);
    Some(NameFacts { symbol: Some(symbol), kind: Some(kind), timeframe, ..NameFacts::default() })
}

/// `[2023, 01]` or `[2023, 01, 31]` as a stretch of time.
fn period(parts: &[&str]) -> Option<(i64, i64)> {
    let number = |text: &str, width: usize| (text.len() == width).then(|| text.parse::<i64>().ok()).flatten();
    let (year, month) = (number(parts.first()?, 4)?, number(parts.get(1)?, 2)?);
    if !(1..=12).contains(&month) || parts.len() > 3 {
        return None;
    }
    match parts.get(2) {
        None => Some((time::midnight(year, month, 1), time::midnight(year, month + 1, 1))),
        Some(day) => {
            let day = number(day, 2).filter(|day| (1..=time::days_in_month(year, month)).contains(day))?;
            let from = time::midnight(year, month, day);
            Some((from, from + time::DAY))
        }
    }
}

/// A name of the form `SYMBOL_YYYY_MM_DD_HHMM_EPOCHMS_TAG..._TIMEFRAME`; `None` when it is of another form.
fn resampled(stem: &str) -> Result<Option<NameFacts>, Fault> {
    let parts: Vec<&str> = stem.split('_').collect();
    let is = |at: usize, width: usize| {
        parts.get(at).is_some_and(|part| part.len() == width && part.bytes().all(|b| b.is_ascii_digit()))
    };
    let found = (1..parts.len()).find(|&at| [4, 2, 2, 4, 13].iter().enumerate().all(|(i, &width)| is(at + i, width)));
    let Some(at) = found else { return Ok(None) };
    let written =
        format!("{}-{}-{} {}:{}", parts[at], parts[at + 1], parts[at + 2], &parts[at + 3][..2], &parts[at + 3][2..]);
    let clock =
        time::parse_iso(&written).map_err(|error| Fault::file(format!("its name holds a start time, but {error}")))?;
    let epoch = parts[at + 4].parse().ok().map(|ms| EpochUnit::Millis.to_micros(ms)).unwrap_or_default();
    if clock != epoch {
        return Err(Fault::file(format!(
            "its name gives two start times: {written} is not {} ({} ms)",
            time::format_iso(epoch),
            parts[at + 4]
        ))
        .hint("rename the file; the digits after the clock time are the same moment in milliseconds UTC"));
    }
    Ok(Some(NameFacts {
        symbol: Some(parts[..at].join("_")),
        kind: Some(NamedKind::Klines(Flavour::Traded)),
        timeframe: one_timeframe(&parts[at + 5..].join("_"))?,
        period: None,
        start: Some(epoch),
    }))
}

/// Names of any other form: the first word where the rest says what it is, or a bare word in capitals.
fn other(stem: &str) -> Result<NameFacts, Fault> {
    let mut words = stem.split('_');
    let first = words.next().unwrap_or_default();
    let rest: Vec<&str> = words.collect();
    let timeframe = one_timeframe(stem)?;
    let ticks = match rest.first() {
        Some(&"trades") => Some(TradeKind::Trades),
        Some(&"aggTrades" | &"agg_trades" | &"aggtrades") => Some(TradeKind::AggTrades),
        _ => None,
    };
    // `binance_um_perp_4h` must not become the symbol `binance`: what is no exchange-style name needs --symbol.
    let listed =
        !first.is_empty() && !first.chars().any(char::is_lowercase) && !first.bytes().all(|b| b.is_ascii_digit());
    let described = match rest.as_slice() {
        [] | ["time", "bar", _] => true,
        [frame] => frame.parse::<Timeframe>().is_ok(),
        _ => ticks.is_some(),
    };
    Ok(NameFacts {
        symbol: (listed && described).then(|| first.to_owned()),
        kind: ticks.map(NamedKind::Ticks),
        timeframe,
        period: None,
        start: None,
    })
}

/// The one timeframe written as a word of a name; `None` when there is none.
fn one_timeframe(name: &str) -> Result<Option<Timeframe>, Fault> {
    let mut found: Option<(Timeframe, &str)> = None;
    for word in name.split(['_', '-', '.', ' ']) {
        let Some(timeframe) = timeframe_word(word) else { continue };
        match found {
            Some((other, before)) if other != timeframe => {
                return Err(Fault::file(format!("the name `{name}` holds two timeframes, `{before}` and `{word}`"))
                    .hint("rename the file, or its folder, to hold one"));
            }
            _ => found = Some((timeframe, word)),
        }
    }
    Ok(found.map(|(timeframe, _)| timeframe))
}

/// A word that names a timeframe: `4h`, `daily`.
fn timeframe_word(word: &str) -> Option<Timeframe> {
    match word.to_ascii_lowercase().as_str() {
        "daily" => "1d".parse().ok(),
        "hourly" => "1h".parse().ok(),
        "weekly" => "1w".parse().ok(),
        "monthly" => "1M".parse().ok(),
        _ => word.parse().ok(),
    }
}

/// Takes the timeframe from the folders where the name lacks it; a folder that is nothing but a timeframe must agree.
fn settle_timeframe(facts: &mut NameFacts, folders: &[String]) -> Result<(), Fault> {
    for folder in folders.iter().take(2) {
        // `daily` and `monthly` are folders of the venue archives and speak of files, not of bars.
        let exact = folder.parse::<Timeframe>().ok();
        match (facts.timeframe, exact) {
            (Some(named), Some(above)) if named != above => {
                return Err(Fault::file(format!("its name says {named} bars, its folder `{folder}` says {above}"))
                    .hint("move or rename the file so that both agree"));
            }
            (None, Some(above)) => facts.timeframe = Some(above),
            _ => {}
        }
    }
    if facts.timeframe.is_none()
        && let Some(folder) = folders.first()
        && folder != "daily"
        && folder != "monthly"
    {
        facts.timeframe = one_timeframe(folder).ok().flatten();
    }
    Ok(())
}

#[cfg(test)]
mod tests;
