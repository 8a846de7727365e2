//! The exchange information that venues publish: every instrument they list at one moment, with its terms.
//!
//! Binance's `exchangeInfo` (spot and futures), OKX's `instruments`, Bybit's `instruments-info` and its older `symbols`; as
//! an answer in a file, or in recordings of `URL -> time: answer` lines.

use std::io::{BufRead as _, BufReader, Read};
use std::path::Path;

use crosscut_model::time::{EpochUnit, SECOND};
use crosscut_model::{Instrument, check_symbol, parse_iso};
use serde_json::Value;

use crate::error::{AGAIN, Fault};
use crate::import::container::cannot_read;
use crate::import::{json, name};

use super::Told;
use super::table::{read_amount, read_step};

/// A line of a recording has at most this many bytes.
const LINE_BYTES_MAX: u64 = 64 << 20;

/// Delivery dates from here on stand for none: perpetuals deliver in 2100.
const NEVER: i64 = 4_070_908_800_000_000;

/// The day a file is named for at its end, as `instruments-2024-02-11.json` is; microseconds UTC.
pub(super) fn named_day(path: &Path) -> Option<i64> {
    let stem = name::stem(path);
    let day = stem.len().checked_sub(10).and_then(|at| stem.get(at..))?;
    parse_iso(day).ok()
}

/// Whether a file begins like a recording: with an address, or with the time of receipt before a message.
pub(crate) fn is_recording(head: &[u8]) -> bool {
    let digits = head.iter().take_while(|b| b.is_ascii_digit() || **b == b'.').count();
    let message = head[digits..].strip_prefix(b":").unwrap_or(&head[digits..]);
    let is_timed = digits >= 10 && (message.starts_with(b" {") || message.starts_with(b" ["));
    is_timed || head.starts_with(b"https://") || head.starts_with(b"wss://")
}

/// Reads one answer; `named_at` is the day its file is named for, which dates answers that do not say of when they are.
///
/// # Errors
/// When it is no JSON, or no exchange information.
pub(super) fn read_answer(source: impl Read, named_at: Option<i64>) -> Result<Told, Fault> {
    let answer = json::parse(source, "JSON")?;
    let mut told = Told::default();
    if !add(&mut told, &answer, (None, named_at))? {
        return Err(Fault::file("is JSON without instruments; expected a venue's exchange information")
            .hint("expected the answer to exchangeInfo (Binance), instruments (OKX) or instruments-info (Bybit)"));
    }
    Ok(told)
}

/// Reads the answers of a recording that are exchange information.
///
/// # Errors
/// When the recording is damaged, or holds none.
pub(super) fn read_recording(source: impl Read) -> Result<Told, Fault> {
    let mut told = Told::default();
    let mut reader = BufReader::new(source);
    let (mut row, mut line, mut n_found) = (0_u64, Vec::new(), 0);
    loop {
        line.clear();
        (&mut reader).take(LINE_BYTES_MAX).read_until(b'\n', &mut line).map_err(|error| cannot_read(&error))?;
        row += 1;
        if line.is_empty() {
            break;
        }
        let Some((recorded_at, answer)) = answer_of(&line) else { continue };
        let answer = json::parse(answer, "JSON").map_err(|fault| Fault { row: Some(row), ..fault })?;
        n_found += u32::from(add(&mut told, &answer, (Some(recorded_at), None))?);
    }
    match n_found {
        0 => Err(Fault::file(format!(
            "is a recording of {} lines without exchange information: live messages and order books are not imported",
            row - 1
        ))
        .hint(
            "trades, bars and funding come from the venue's archive (`crosscut data download`), instruments from a \
             recording of exchangeInfo, instruments or symbols",
        )),
        _ => Ok(told),
    }
}

/// Time and answer of a line `URL -> seconds: answer`; `None` when it is another line.
fn answer_of(line: &[u8]) -> Option<(i64, &[u8])> {
    let arrow = line.windows(4).take(400).position(|four| four == b" -> ")?;
    let url = std::str::from_utf8(&line[..arrow]).ok()?;
    if !["exchangeInfo", "instruments", "symbols"].iter().any(|word| url.contains(word)) {
        return None;
    }
    let rest = &line[arrow + 4..];
    let colon = rest.iter().take(40).position(|&b| b == b':')?;
    let seconds: f64 = std::str::from_utf8(&rest[..colon]).ok()?.trim().parse().ok()?;
    Some(((seconds * SECOND as f64) as i64, &rest[colon + 1..]))
}

/// Whether an answer is exchange information.
pub(crate) fn is_snapshot(answer: &Value) -> bool {
    instruments_of(answer).is_some()
}

/// The instruments of an answer, and how they are read.
fn instruments_of(answer: &Value) -> Option<(&Vec<Value>, Reader)> {
    let list = |path: &str| answer.pointer(path).and_then(Value::as_array);
    let has = |item: &Value, key: &str| item.get(key).is_some();
    let known: [(&str, &str, Reader); 4] = [
        ("/symbols", "filters", binance),
        ("/data", "tickSz", okx),
        ("/result/list", "priceFilter", bybit),
        ("/result", "price_filter", bybit_of_old),
    ];
    known.iter().find_map(|(path, key, reader)| {
        let items = list(path).filter(|items| items.first().is_some_and(|item| has(item, key)))?;
        Some((items, *reader))
    })
}

/// Adds the instruments of an answer; `false` when it is of another kind.
fn add(told: &mut Told, answer: &Value, (recorded_at, named_at): (Option<i64>, Option<i64>)) -> Result<bool, Fault> {
    let Some((items, reader)) = instruments_of(answer) else { return Ok(false) };
    // The server's time inside an answer of Binance's futures lags by a day: the moment of recording is better.
    let stated = ["/serverTime", "/time", "/ts"].iter().find_map(|path| epoch(answer.pointer(path)));
    let seen_at = recorded_at.or(stated).or(named_at).ok_or_else(|| {
        Fault::file("does not say of when it is, so that its values cannot be dated")
            .hint("write its instruments as a table with the columns symbol, tick_size, lot_size, min_notional and valid_from")
    })?;
    let mut n_other = 0;
    for (at, item) in items.iter().enumerate() {
        let number = at as u64 + 1;
        let told_of = reader(item).map_err(|reason| Fault::row(number, reason).hint(AGAIN))?;
        let Some((instrument, trades)) = told_of else { continue };
        n_other += usize::from(!trades);
        let instrument = Instrument { valid_from: Some(seen_at), seen_at: Some(seen_at), ..instrument };
        check_symbol(&instrument.symbol).map_err(|error| Fault::row(number, error.to_string()))?;
        told.rows.push((number, instrument));
    }
    if n_other > 0 {
        told.notes.push(format!("{n_other} of {} instruments were not trading then", items.len()));
    }
    Ok(true)
}

/// Reads one instrument: its terms and whether it trades; `None` for what is none. The error says what is wrong.
type Reader = fn(&Value) -> Result<Option<(Instrument, bool)>, String>;

/// Binance, spot and futures.
fn binance(item: &Value) -> Result<Option<(Instrument, bool)>, String> {
    let filter = |kind: &str| {
        let filters = item.get("filters").and_then(Value::as_array);
        filters.into_iter().flatten().find(|filter| filter.get("filterType").and_then(Value::as_str) == Some(kind))
    };
    let mut out = Instrument::named(text(item, "symbol").ok_or("has no symbol")?);
    out.listed_at = epoch(item.get("onboardDate"));
    out.delisted_at = epoch(item.get("deliveryDate")).filter(|at| *at < NEVER);
    out.tick_size = step(filter("PRICE_FILTER"), "tickSize")?;
    out.lot_size = step(filter("LOT_SIZE"), "stepSize")?;
    out.min_quantity = amount(filter("LOT_SIZE"), "minQty")?;
    let notional = filter("MIN_NOTIONAL").or_else(|| filter("NOTIONAL"));
    out.min_notional = match amount(notional, "minNotional")? {
        Some(value) => Some(value),
        None => amount(notional, "notional")?,
    };
    let contract = item.get("contractSize").map(|value| read_step(&plain(value)).map(Some));
    out.multiplier = contract.transpose().map_err(|expected| format!("contractSize is not {expected}"))?.flatten();
    Ok(Some((out, text(item, "status").is_none_or(|status| status == "TRADING"))))
}

/// OKX. A swap's quantity is in contracts of `ctVal * ctMult`: of the base currency for linear ones.
fn okx(item: &Value) -> Result<Option<(Instrument, bool)>, String> {
    let mut out = Instrument::named(text(item, "instId").ok_or("has no instId")?);
    out.listed_at = epoch(item.get("listTime"));
    out.delisted_at = epoch(item.get("expTime"));
    out.tick_size = step(Some(item), "tickSz")?;
    out.lot_size = step(Some(item), "lotSz")?;
    out.min_quantity = amount(Some(item), "minSz")?;
    let (value, multiplier) = (step(Some(item), "ctVal")?, step(Some(item), "ctMult")?);
    out.multiplier = value.map(|value| value * multiplier.unwrap_or(1.0));
    Ok(Some((out, text(item, "state").is_none_or(|state| state == "live"))))
}

/// Bybit, version 5. Spot names its lot `basePrecision`, and a launch or delivery of 0 is none.
fn bybit(item: &Value) -> Result<Option<(Instrument, bool)>, String> {
    let mut out = Instrument::named(text(item, "symbol").ok_or("has no symbol")?);
    let (price, lot) = (item.get("priceFilter"), item.get("lotSizeFilter"));
    out.listed_at = epoch(item.get("launchTime"));
    let delivery = epoch(item.get("deliveryTime")).filter(|at| out.listed_at.is_none_or(|from| *at > from));
    // A perpetual that is to be delisted states the day as its delivery.
    out.delisted_at = delivery.filter(|at| *at < NEVER);
    out.tick_size = step(price, "tickSize")?;
    out.lot_size = match step(lot, "qtyStep")? {
        Some(value) => Some(value),
        None => step(lot, "basePrecision")?,
    };
    out.min_quantity = amount(lot, "minOrderQty")?;
    out.min_notional = match amount(lot, "minNotionalValue")? {
        Some(value) => Some(value),
        None => amount(lot, "minOrderAmt")?,
    };
    Ok(Some((out, text(item, "status").is_none_or(|status| status == "Trading"))))
}

/// Bybit, version 2.
fn bybit_of_old(item: &Value) -> Result<Option<(Instrument, bool)>, String> {
    let mut out = Instrument::named(text(item, "name").ok_or("has no name")?);
    let (price, lot) = (item.get("price_filter"), item.get("lot_size_filter"));
    out.tick_size = step(price, "tick_size")?;
    out.lot_size = step(lot, "qty_step")?;
    out.min_quantity = amount(lot, "min_trading_qty")?;
    Ok(Some((out, text(item, "status").is_none_or(|status| status == "Trading"))))
}

/// A text of an object; `None` when it is absent or empty.
fn text<'a>(item: &'a Value, key: &str) -> Option<&'a str> {
    item.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// A value as it is written, without quotes.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A step of an object; venues write zero, or nothing, where there is none.
fn step(item: Option<&Value>, key: &str) -> Result<Option<f64>, String> {
    Ok(amount(item, key)?.filter(|value| *value > 0.0))
}

/// An amount of an object; `None` when it is absent or empty.
fn amount(item: Option<&Value>, key: &str) -> Result<Option<f64>, String> {
    let Some(value) = item.and_then(|item| item.get(key)).map(plain).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    read_amount(&value)
        .map(Some)
        .map_err(|expected| format!("{key} is `{}`; expected {expected}", value.escape_debug()))
}

/// A positive epoch time, microseconds UTC; `None` when it is absent, empty or zero.
fn epoch(value: Option<&Value>) -> Option<i64> {
    let number = plain(value?).parse().ok()?;
    EpochUnit::detect(number).map(|unit| unit.to_micros(number))
}
