//! LEAN's files within the day: a ZIP per day of minute or second bars or of trades, or one of all hourly bars (of coins
//! also of all daily ones).
//!
//! Times are milliseconds of the local day (or a local date with a clock in hourly files); prices of shares are
//! ten-thousandths of a dollar, those of coins are as they are. The rows are handed on as text with UTC times.

use std::borrow::Cow;
use std::io::Read;
use std::path::Path;

use crosscut_model::time::{DAY, HOUR, MINUTE, SECOND, parse_compact};
use crosscut_model::{Timeframe, Zone};

use crate::error::Fault;

use super::container::{self, Container, Member, cannot_read};
use super::decimal::{integer, number};
use super::fields::{shown, split};
use super::name::NameFacts;

/// A file has at most this many bytes.
const BYTES_MAX: u64 = 1 << 30;

/// What one unit of a share's price stands for, dollars.
const PRICE_UNITS: f64 = 10_000.0;

/// Words in a path that say that prices are scaled and clocks are New York's.
const SHARES: [&str; 4] = ["equity", "equities", "usa", "us_equity"];

/// Words in a path that say that prices and clocks are as they are.
const COINS: [&str; 9] =
    ["crypto", "cryptofuture", "forex", "cfd", "binance", "bybit", "coinbase", "kraken", "bitfinex"];

/// How the rows of one file are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LeanRows {
    /// The ZIP's member.
    member: Member,
    /// Midnight of the local day, as if it were UTC; `None` when rows carry their date.
    day: Option<i64>,
    /// Whether the rows are of shares: prices scaled, clocks of New York.
    shares: bool,
    /// Whether the rows are trades, not bars.
    pub trades: bool,
}

/// Recognises a member by its name and folder: how its rows are written, and what its name says.
///
/// # Errors
/// When it is one of LEAN's, and of a kind that is not imported or whose units nothing tells.
pub(crate) fn recognise(path: &Path, member: &Member) -> Result<Option<(LeanRows, NameFacts)>, Fault> {
    let name =
        Path::new(&member.name).file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let stem = name.strip_suffix(".csv").unwrap_or(&name);
    let words: Vec<&str> = stem.split('_').collect();
    let date = parse_compact(words[0]).filter(|_| words[0].len() == 8);
    let (day, symbol, kind, step) = match (date, words.as_slice()) {
        (Some(day), [_, symbol, "minute", kind, ..]) => (Some(day), *symbol, *kind, Some(MINUTE)),
        (Some(day), [_, symbol, "second", kind, ..]) => (Some(day), *symbol, *kind, Some(SECOND)),
        (Some(day), [_, symbol, kind, "tick", ..]) => (Some(day), *symbol, *kind, None),
        // Daily bars of shares go with their factor and map files.
        (None, [symbol, rest @ ..]) => match folders(path).first().map(String::as_str) {
            Some("hour") => (None, *symbol, rest.first().copied().unwrap_or("trade"), Some(HOUR)),
            Some("daily") if matches!(is_of_shares(path), Ok(false)) => {
                (None, *symbol, rest.first().copied().unwrap_or("trade"), Some(DAY))
            }
            _ => return Ok(None),
        },
        _ => return Ok(None),
    };
    match kind {
        "trade" => {}
        "quote" => {
            return Err(Fault::file("holds best bids and asks, not trades; not supported").hint("leave the file out"));
        }
        "openinterest" => return Err(Fault::file("holds open interest; not supported yet").hint("leave the file out")),
        _ => return Ok(None),
    }
    let shares = is_of_shares(path)?;
    let facts = NameFacts {
        symbol: Some(symbol.to_uppercase()),
        timeframe: step.and_then(Timeframe::from_micros),
        ..NameFacts::default()
    };
    Ok(Some((LeanRows { member: member.clone(), day, shares, trades: step.is_none() }, facts)))
}

/// The names of the folders above a file, the nearest first but for the symbol's own, in lower case.
fn folders(path: &Path) -> Vec<String> {
    let names = path.ancestors().skip(1).filter_map(Path::file_name).map(|name| name.to_string_lossy().to_lowercase());
    names.take(6).collect()
}

/// Whether a path is of shares or of coins.
fn is_of_shares(path: &Path) -> Result<bool, Fault> {
    let mut places = folders(path);
    places.extend(path.file_name().map(|name| name.to_string_lossy().to_lowercase()));
    let has = |known: &[&str]| {
        places
            .iter()
            .any(|place| known.contains(&place.as_str()) || place.split(['_', '-']).any(|word| known.contains(&word)))
    };
    match (has(&SHARES), has(&COINS)) {
        (true, false) => Ok(true),
        (false, true) => Ok(false),
        _ => Err(Fault::file("is one of LEAN's, and its folders do not say whether it is of shares or of coins").hint(
            "keep LEAN's folders (equity/usa/minute/spy, crypto/binance/minute/btcusdt): they tell units and clocks",
        )),
    }
}

/// Whether LEAN flags a trade as suspicious: its sixth field.
fn is_suspicious(fields: &[Cow<'_, [u8]>]) -> bool {
    fields.get(5).is_some_and(|flag| flag.as_ref() == b"1")
}

impl LeanRows {
    /// What the rows are, in words.
    pub fn words(&self) -> &'static str {
        if self.shares { "LEAN ZIP, prices in ten-thousandths, clocks of New York" } else { "LEAN ZIP, UTC" }
    }

    /// The rows as CSV: bars without a header (time, open, high, low, close, volume), trades with one. Trades that LEAN
    /// flags as suspicious are left out, as LEAN leaves them out of its bars.
    ///
    /// # Errors
    /// The first row that cannot be read.
    pub fn text(&self, path: &Path) -> Result<Vec<u8>, Fault> {
        let bytes = self.bytes(path)?;
        let mut out = Vec::with_capacity(bytes.len() * 2);
        if self.trades {
            out.extend_from_slice(b"timestamp,price,quantity\n");
        }
        for (at, line) in bytes.split(|&b| b == b'\n').enumerate().filter(|(_, line)| !line.trim_ascii().is_empty()) {
            self.line(line, &mut out).map_err(|reason| Fault::row(at as u64 + 1, reason))?;
        }
        Ok(out)
    }

    /// Trades that LEAN flags as suspicious.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn n_suspicious(&self, path: &Path) -> Result<u64, Fault> {
        let bytes = if self.trades { self.bytes(path)? } else { Vec::new() };
        let is_flagged = |line: &&[u8]| {
            let mut fields = Vec::new();
            split(line, &mut fields).is_some() && is_suspicious(&fields)
        };
        Ok(bytes.split(|&b| b == b'\n').filter(is_flagged).count() as u64)
    }

    /// The member's bytes.
    fn bytes(&self, path: &Path) -> Result<Vec<u8>, Fault> {
        let zip = Container::Zip(self.member.clone());
        let mut bytes = Vec::new();
        let source = container::open(path, &zip)?;
        source.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| cannot_read(&error))?;
        if bytes.len() as u64 > BYTES_MAX {
            return Err(Fault::file(format!("unpacks to more than {BYTES_MAX} bytes")).hint("it is no file of LEAN's"));
        }
        Ok(bytes)
    }

    /// One row; the error says what is wrong with it.
    fn line(&self, line: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        let mut fields = Vec::new();
        split(line, &mut fields).ok_or("a quoted field is not closed")?;
        let expected = if self.trades { 3 } else { 6 };
        if fields.len() < expected {
            return Err(format!("has {} fields; expected {expected} or more", fields.len()));
        }
        if self.trades && is_suspicious(&fields) {
            return Ok(());
        }
        let time = self.time(&fields[0])?;
        out.extend_from_slice(time.to_string().as_bytes());
        let n_prices = if self.trades { 1 } else { 4 };
        for (at, field) in fields[1..expected].iter().enumerate() {
            let name = if at < n_prices { "price" } else { "volume" };
            let value = number(field).filter(|value| value.is_finite());
            let value = value.ok_or_else(|| format!("{name} is {}; expected a number", shown(field)))?;
            if at < n_prices && self.shares && value.fract() != 0.0 {
                return Err(format!("price is {}; expected whole ten-thousandths of a dollar", shown(field)));
            }
            let value = if at < n_prices && self.shares { value / PRICE_UNITS } else { value };
            out.extend_from_slice(format!(",{value}").as_bytes());
        }
        out.push(b'\n');
        Ok(())
    }

    /// The time of a row, microseconds UTC.
    fn time(&self, field: &[u8]) -> Result<i64, String> {
        let wrong = |expected: &str| format!("time is {}; expected {expected}", shown(field));
        let (day, local) = match self.day {
            Some(day) => {
                // Fractions of a millisecond are written in files of ticks.
                let millis = match integer(field) {
                    Some(whole) => whole as f64,
                    None => number(field).ok_or_else(|| wrong("milliseconds of the day"))?,
                };
                if !(0.0..86_400_000.0).contains(&millis) {
                    return Err(wrong("milliseconds of the day, below 86400000"));
                }
                (day, day + (millis * 1_000.0) as i64)
            }
            None => {
                let text = std::str::from_utf8(field).unwrap_or_default();
                let time = parse_compact(text).ok_or_else(|| wrong("a date with a clock, 20131007 09:00"))?;
                (time.div_euclid(DAY) * DAY, time)
            }
        };
        let zone = if self.shares { Zone::NewYork } else { Zone::Utc };
        Ok(local + zone.to_utc(day))
    }
}
