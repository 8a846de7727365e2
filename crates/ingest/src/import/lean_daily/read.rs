//! Rows of LEAN's files: dates of New York, prices in ten-thousandths of a dollar.

use std::path::Path;

use crosscut_model::time::{DAY, parse_compact};
use crosscut_model::{Bars, Sessions, Timeframe, check_symbol};

use crate::error::{AGAIN, Fault};
use crate::import::container;
use crate::import::decimal::number;
use crate::import::klines::columns::{CLOSE, HIGH, KlineColumns, LOW, Meaning, OPEN, VOLUME};
use crate::import::klines::read::read_file;
use crate::import::klines::{BarRules, Flavour, build};
use crate::import::shape::read_shape;

use super::LeanFile;

/// A map or factor file has at most this many bytes.
const BYTES_MAX: usize = 16 << 20;

/// What one unit of a price stands for, dollars.
const PRICE_UNITS: f64 = 10_000.0;

/// One row of a factor file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FactorRow {
    /// Its number in the file.
    pub row: u64,
    /// The last day to which the factors apply.
    pub day: i64,
    /// What prices up to then are multiplied with for dividends.
    pub price: f64,
    /// What prices up to then are multiplied with for splits.
    pub split: f64,
    /// The raw close of the day, dollars; 0 when unknown.
    pub reference: f64,
}

/// The name of one of LEAN's files without its endings, in lower case.
pub(super) fn name_of(path: &Path) -> String {
    crate::import::name::stem(path).to_lowercase()
}

/// The columns of a daily file.
pub(crate) fn columns() -> KlineColumns {
    let columns = [
        ("date", Meaning::OpenTime),
        ("open", OPEN),
        ("high", HIGH),
        ("low", LOW),
        ("close", CLOSE),
        ("volume", VOLUME),
    ];
    KlineColumns::new(columns.map(|(name, meaning)| (name.to_owned(), meaning)).to_vec())
}

/// The raw bars of a ticker. A bar is known at its session's close.
///
/// # Errors
/// The first row that is no bar; prices that are not in ten-thousandths.
pub(super) fn daily(file: &LeanFile, sessions: &Sessions) -> Result<Bars, Fault> {
    check_symbol(&file.name).map_err(|error| Fault::file(error.to_string()))?;
    let mut raw = read_file(&file.path, &file.container, &columns(), 0)?;
    if raw.len() == 0 {
        return Err(Fault::file("holds no row; expected daily bars").hint(AGAIN));
    }
    for (place, values) in raw.columns.iter_mut().filter(|(place, _)| *place < 4) {
        if let Some(at) = values.iter().position(|value| value.fract() != 0.0) {
            let name = crosscut_model::bar::BAR_COLUMNS[*place];
            let reason = format!("{name} is {}; expected a whole number of ten-thousandths of a dollar", values[at]);
            return Err(Fault::row(at as u64 + 1, reason).hint("import prices in dollars as CSV with a header"));
        }
        values.iter_mut().for_each(|value| *value /= PRICE_UNITS);
    }
    let timeframe = Timeframe::from_micros(DAY).expect("a day is a timeframe");
    let rules = BarRules { timeframe, flavour: Flavour::Traded, period: None };
    let rows: Vec<usize> = (0..raw.len()).collect();
    let mut bars = build(&raw, &rows, &rules)?;
    for (label, known) in bars.timestamp.iter().zip(&mut bars.available_at) {
        if let Some((_, close)) = sessions.session(*label) {
            *known = close;
        }
    }
    Ok(bars)
}

/// The rows of a small file without a header, each with its number.
fn rows(file: &LeanFile) -> Result<Vec<(u64, Vec<String>)>, Fault> {
    let shape = read_shape(&container::head(&file.path, &file.container, BYTES_MAX)?)?;
    if shape.header.is_some() {
        return Err(Fault::row(1, "is a header; expected a date"));
    }
    Ok(shape.rows.into_iter().enumerate().map(|(at, fields)| (shape.lines_before + 1 + at as u64, fields)).collect())
}

/// The date that begins a row, which must be after the one before.
fn day(row: u64, fields: &[String], before: Option<i64>, may_repeat: bool) -> Result<i64, Fault> {
    let text = fields.first().map_or("", String::as_str);
    let day = parse_compact(text).filter(|_| text.len() == 8);
    let day =
        day.ok_or_else(|| Fault::row(row, format!("the date is `{}`; expected YYYYMMDD", text.escape_debug())))?;
    match before {
        Some(before) if day < before || (day == before && !may_repeat) => {
            Err(Fault::row(row, format!("the date {text} does not come after the one before it")))
        }
        _ => Ok(day),
    }
}

/// The days until which each ticker of an instrument held, its listing first.
///
/// # Errors
/// The first row that is none.
pub(super) fn map(file: &LeanFile) -> Result<Vec<(i64, String)>, Fault> {
    let mut out: Vec<(i64, String)> = Vec::new();
    for (row, fields) in rows(file)? {
        let day = day(row, &fields, out.last().map(|(day, _)| *day), true)?;
        let ticker = fields.get(1).map(|text| text.to_uppercase()).unwrap_or_default();
        check_symbol(&ticker).map_err(|error| Fault::row(row, error.to_string()))?;
        out.push((day, ticker));
    }
    Ok(out)
}

/// The factors of an instrument.
///
/// # Errors
/// The first row that is none.
pub(super) fn factors(file: &LeanFile) -> Result<Vec<FactorRow>, Fault> {
    let mut out: Vec<FactorRow> = Vec::new();
    for (row, fields) in rows(file)? {
        let day = day(row, &fields, out.last().map(|row| row.day), false)?;
        let value = |at: usize, name: &str, least: f64| {
            let text = fields.get(at).map_or("", String::as_str);
            let value = number(text.as_bytes()).filter(|value| value.is_finite() && *value >= least);
            value.ok_or_else(|| {
                Fault::row(row, format!("the {name} is `{}`; expected a positive number", text.escape_debug()))
            })
        };
        let (price, split) = (value(1, "price factor", 1e-12)?, value(2, "split factor", 1e-12)?);
        let reference = if fields.len() > 3 { value(3, "reference price", 0.0)? } else { 0.0 };
        out.push(FactorRow { row, day, price, split, reference });
    }
    Ok(out)
}
