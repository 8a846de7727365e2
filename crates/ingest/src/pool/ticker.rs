//! A venue's 24-hour ticker: the REST answers of Binance, OKX and Bybit as they come, from a file.

use std::path::Path;

use crosscut_model::check_symbol;
use crosscut_model::time::{DAY, EpochUnit};
use serde_json::Value;

use crate::error::{AGAIN, Fault, IngestError};
use crate::import::{identify, parse_json};

/// What one ticker says of its market.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ticker {
    /// When it was so, microseconds UTC.
    pub as_of: Option<i64>,
    /// Symbols and their quote volume of 24 hours, in the answer's order.
    pub volumes: Volumes,
    /// File name.
    pub file: String,
    /// SHA-256 of the file, lower-case hex.
    pub sha256: String,
}

/// Symbols and their quote volume of 24 hours; `None` where these 24 hours had ended a day before the ticker's moment,
/// as with symbols that are halted.
type Volumes = Vec<(String, Option<f64>)>;

/// Reads an answer.
///
/// # Errors
/// When the file cannot be read or is no ticker; the message names the record at fault.
pub(super) fn read(path: &Path) -> Result<Ticker, IngestError> {
    let shown = path.display().to_string();
    let read = || {
        let identity = identify(path)?;
        let file = std::fs::File::open(path).map_err(|error| Fault::file(format!("cannot be read: {error}")))?;
        let answer = parse_json(file)?;
        let (as_of, volumes) = tickers(&answer)?;
        let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Ticker { as_of, volumes, file, sha256: identity.sha256 })
    };
    read().map_err(|fault: Fault| fault.of(&shown).into())
}

/// Whether a text is a ticker of all symbols.
///
/// # Errors
/// Why it is none.
pub(crate) fn check(text: &str) -> Result<(), String> {
    let answer = serde_json::from_str(text).map_err(|error| format!("the answer is no JSON: {error}"))?;
    tickers(&answer).map(|_| ()).map_err(|fault| fault.reason)
}

/// The time and the volumes of an answer.
fn tickers(answer: &Value) -> Result<(Option<i64>, Volumes), Fault> {
    let none = || {
        Fault::file(
            "holds no 24-hour ticker; expected the answer of Binance, OKX or Bybit to a request for all tickers",
        )
        .hint(AGAIN)
    };
    // Binance: a list, or one record. OKX: `data`. Bybit: `result.list`, with the time outside.
    let lists = [answer.as_array(), answer["data"].as_array(), answer["result"]["list"].as_array()];
    let one = answer.as_object().filter(|fields| fields.contains_key("symbol")).map(|_| vec![answer.clone()]);
    let records = lists.into_iter().flatten().next().cloned().or(one).ok_or_else(none)?;
    if records.is_empty() {
        return Err(none());
    }
    let mut as_of = micros(&answer["time"]);
    let time = |record: &Value| micros(&record["closeTime"]).max(micros(&record["ts"]));
    let mut volumes = Vec::with_capacity(records.len());
    for (at, record) in records.iter().enumerate() {
        let (symbol, volume) = row(record).map_err(|reason| Fault::row(at as u64 + 1, reason))?;
        as_of = as_of.max(time(record));
        volumes.push((symbol, Some(volume)));
    }
    for ((_, volume), record) in volumes.iter_mut().zip(&records) {
        if time(record).zip(as_of).is_some_and(|(time, as_of)| time < as_of - DAY) {
            *volume = None;
        }
    }
    let mut names: Vec<&str> = volumes.iter().map(|(symbol, _)| symbol.as_str()).collect();
    names.sort_unstable();
    match names.windows(2).find(|two| two[0] == two[1]) {
        Some(two) => Err(Fault::file(format!("lists {} twice", two[0]))),
        None => Ok((as_of, volumes)),
    }
}

/// The symbol and quote volume of a record; the error says what is wrong with it.
fn row(record: &Value) -> Result<(String, f64), String> {
    let name = ["symbol", "instId"].iter().find_map(|key| record[*key].as_str()).ok_or("names no symbol")?;
    let symbol = check_symbol(name).map_err(|error| error.to_string())?.to_owned();
    let field = |key: &str| -> Result<Option<f64>, String> {
        let text = match &record[key] {
            Value::Null => return Ok(None),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let number = text.parse().ok().filter(|value: &f64| value.is_finite() && *value >= 0.0);
        number.map(Some).ok_or_else(|| format!("{key} of {symbol} is `{text}`; expected a number of at least 0"))
    };
    for key in ["quoteVolume", "turnover24h"] {
        if let Some(volume) = field(key)? {
            return Ok((symbol, volume));
        }
    }
    // OKX counts contracts, and in `volCcy24h` base units of derivatives but quote units of pairs.
    if let Some(volume) = field("volCcy24h")? {
        if record["instType"] == "SPOT" || record["instType"] == "MARGIN" {
            return Ok((symbol, volume));
        }
        if let Some(price) = field("last")? {
            return Ok((symbol, volume * price));
        }
    }
    Err(format!("{symbol} has no quote volume of 24 hours (quoteVolume, turnover24h or volCcy24h)"))
}

/// A time of any unit, microseconds UTC.
fn micros(value: &Value) -> Option<i64> {
    let number = value.as_i64().or_else(|| value.as_str()?.parse().ok())?;
    Some(EpochUnit::detect(number)?.to_micros(number))
}
