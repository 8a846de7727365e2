//! What the venues' interfaces that answer questions would say, page by page, of rows written down in the folder `answers`.
//!
//! `answers/<path>.json` is answered as it is, and `answers/<path>@<cursor>.json` to a question with a cursor. `answers/<path>/<symbol>[-<interval>].json` holds all rows, the oldest first;
//! they are answered by the rules of the venue the path belongs to.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::request::Request;

/// The answer to a question; `None` when nothing is written down for its path.
pub(super) fn answer(folder: &Path, request: &Request) -> Option<String> {
    let is_plain =
        |text: &str| !text.is_empty() && !text.split(['/', '\\']).any(|part| part == ".." || part.is_empty());
    let answers = folder.join("answers");
    if !is_plain(&request.path) || !answers.is_dir() {
        return None;
    }
    let cursor = request.parameter("cursor").filter(|cursor| is_plain(cursor)).map(|cursor| format!("@{cursor}"));
    if let Ok(text) = fs::read_to_string(answers.join(format!("{}{}.json", request.path, cursor.unwrap_or_default()))) {
        return Some(text);
    }
    let symbol = request.parameter("symbol").or(request.parameter("instId")).filter(|symbol| is_plain(symbol))?;
    let interval = request.parameter("interval").or(request.parameter("bar")).filter(|interval| is_plain(interval));
    let name = interval.map_or(symbol.to_owned(), |interval| format!("{symbol}-{interval}"));
    let text = fs::read_to_string(answers.join(&request.path).join(format!("{name}.json"))).ok()?;
    let rows: Vec<Value> = serde_json::from_str(&text).ok()?;
    let rows = page(rows, request);
    let answer = match request.path.split('/').nth(1) {
        Some("v5") => json!({"code": "0", "msg": "", "data": rows}),
        _ if request.path.starts_with("v5/") => json!({"retCode": 0, "retMsg": "OK", "result": {"list": rows}}),
        _ => Value::Array(rows),
    };
    Some(answer.to_string())
}

/// The page asked for: Binance answers from the oldest on, the others from the newest back.
fn page(mut rows: Vec<Value>, request: &Request) -> Vec<Value> {
    let limit = usize::try_from(request.number("limit").unwrap_or(100)).unwrap_or(100);
    let is_forward = !request.path.contains("v5/");
    let from = request.number("startTime").or(request.number("start")).unwrap_or(i64::MIN);
    let until = request.number("endTime").or(request.number("end")).unwrap_or(i64::MAX);
    let before = request.number("after").unwrap_or(i64::MAX);
    match (request.number("fromId"), request.number("type")) {
        (Some(id), _) => rows.retain(|row| row.get("a").and_then(Value::as_i64) >= Some(id)),
        (None, Some(1)) => rows.retain(|row| number(row.get("tradeId")) < before),
        _ => rows.retain(|row| (from..=until).contains(&time(row)) && time(row) < before),
    }
    if !is_forward {
        rows.reverse();
    }
    rows.truncate(limit);
    rows
}

/// The time of a row, milliseconds.
fn time(row: &Value) -> i64 {
    let named = ["fundingTime", "fundingRateTimestamp", "T", "ts"].iter().find_map(|name| row.get(name));
    number(named.or(row.get(0)))
}

/// A whole number, also one written as text; 0 for anything else.
fn number(value: Option<&Value>) -> i64 {
    let value = value.unwrap_or(&Value::Null);
    value.as_i64().or(value.as_str().and_then(|text| text.parse().ok())).unwrap_or_default()
}
