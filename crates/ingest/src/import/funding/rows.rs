//! Rows of funding files: checked, put in order, told apart, merged.

use std::collections::BTreeMap;

use crosscut_model::format_iso;
use crosscut_model::funding::{Funding, nominal};
use crosscut_model::time::DAY;

use crate::error::Fault;
use crate::import::klines::read::RawBars;

use super::FundingColumns;

/// The longest interval that is believed, microseconds.
const INTERVAL_MAX: i64 = 7 * DAY;

/// One row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Row {
    /// The venue's label, microseconds UTC.
    pub timestamp: i64,
    /// Fraction of the position's value that the long pays to the short.
    pub rate: f64,
    /// The stretch it is for, microseconds; 0 is unknown.
    pub interval_us: i64,
    /// Mark price, quote units; NaN is unknown.
    pub mark_price: f64,
}

/// Rows by the moment they are for.
pub(super) type Rows = BTreeMap<i64, Row>;

/// The rows of one symbol of a file, and what became of some.
#[derive(Debug, Default, PartialEq)]
pub(super) struct FileRows {
    /// The rows.
    pub rows: Rows,
    /// Rows that said the same as an earlier one.
    pub n_repeated: u64,
    /// Mark prices of zero, which are taken as unknown.
    pub n_zero_marks: u64,
}

/// Checks the rows `group` of a file, in any order of time.
///
/// # Errors
/// The first row that breaks a rule, or speaks of the moment of another one and says something else.
pub(super) fn read(
    raw: &RawBars,
    group: &[usize],
    columns: &FundingColumns,
    period: Option<(i64, i64)>,
) -> Result<FileRows, Fault> {
    let column = |name: &str| raw.extra.iter().find(|(extra, _)| extra == name).map(|(_, values)| values.as_slice());
    let rates = column(&columns.rate).ok_or_else(|| Fault::file(format!("has no column `{}`", columns.rate)))?;
    let intervals = columns.interval.as_ref().and_then(|(name, unit)| Some((column(name)?, *unit)));
    let marks = columns.mark.as_deref().and_then(column);
    let mut out = FileRows::default();
    let mut places: BTreeMap<i64, u64> = BTreeMap::new();
    for &at in group {
        let number = raw.row_number(at);
        let fault = |reason: String| Fault::row(number, reason);
        let mark = marks.map_or(f64::NAN, |marks| marks[at]);
        out.n_zero_marks += u64::from(mark == 0.0);
        let row = Row {
            timestamp: raw.open_time[at],
            rate: rates[at],
            interval_us: match intervals {
                Some((values, unit)) => interval(values[at], unit).map_err(fault)?,
                None => 0,
            },
            mark_price: if mark == 0.0 { f64::NAN } else { mark },
        };
        check(&row, period).map_err(fault)?;
        let moment = nominal(row.timestamp);
        match out.rows.get(&moment) {
            None => {
                out.rows.insert(moment, row);
            }
            Some(other) => {
                let same = merged(other, &row).map_err(|(here, there)| {
                    fault(format!("speaks of the moment of row {}: {here} here, {there} there", places[&moment]))
                })?;
                out.rows.insert(moment, same);
                out.n_repeated += 1;
            }
        }
        places.entry(moment).or_insert(number);
    }
    Ok(out)
}

/// An interval in microseconds; the error says what was expected.
fn interval(value: f64, unit: i64) -> Result<i64, String> {
    if value.is_nan() {
        return Ok(0);
    }
    let micros = value * unit as f64;
    if !(micros >= 0.0 && micros <= INTERVAL_MAX as f64) {
        return Err(format!("the funding interval is {value}; expected more than nothing and at most a week"));
    }
    Ok(micros as i64)
}

/// The rules of a row.
fn check(row: &Row, period: Option<(i64, i64)>) -> Result<(), String> {
    if row.rate.is_nan() {
        return Err("the rate is missing; expected a fraction such as 0.0001".to_owned());
    }
    // Venues cap rates at a few percent: a whole one is a rate in percent or another column.
    if row.rate.abs() >= 1.0 {
        return Err(format!("the rate is {}; expected a fraction such as 0.0001, not percent", row.rate));
    }
    if row.mark_price < 0.0 || row.mark_price.is_infinite() {
        return Err(format!("the mark price is {}; expected a positive number", row.mark_price));
    }
    match period {
        Some((from, until)) if !(from..until).contains(&nominal(row.timestamp)) => Err(format!(
            "funding of {} lies outside of what the file is named for, {} to {}",
            format_iso(row.timestamp),
            format_iso(from),
            format_iso(until)
        )),
        _ => Ok(()),
    }
}

/// Two rows of one moment as one: the first, with what only the second knows. The error says what each says.
fn merged(first: &Row, second: &Row) -> Result<Row, (String, String)> {
    let differ = |what: &str, a: f64, b: f64| Err((format!("{what} {b}"), format!("{what} {a}")));
    if first.rate != second.rate {
        return differ("rate", first.rate, second.rate);
    }
    if first.interval_us > 0 && second.interval_us > 0 && first.interval_us != second.interval_us {
        let hours = |row: &Row| row.interval_us as f64 / 3.6e9;
        return differ("interval in hours", hours(first), hours(second));
    }
    if first.mark_price != second.mark_price && !first.mark_price.is_nan() && !second.mark_price.is_nan() {
        return differ("mark price", first.mark_price, second.mark_price);
    }
    Ok(Row {
        interval_us: first.interval_us.max(second.interval_us),
        mark_price: if first.mark_price.is_nan() { second.mark_price } else { first.mark_price },
        ..*first
    })
}

/// Adds rows to others; `true` when that changed something.
///
/// # Errors
/// The moment of the first row that says something else, what it says and what is there.
pub(super) fn merge(into: &mut Rows, added: &Rows) -> Result<bool, (i64, String, String)> {
    let mut changed = false;
    for (moment, row) in added {
        let known = into.get(moment).copied();
        let row = match &known {
            Some(known) => merged(known, row).map_err(|(here, there)| (*moment, here, there))?,
            None => *row,
        };
        // NaN differs from itself: what is printed of a row tells.
        changed |= known.is_none_or(|known| format!("{known:?}") != format!("{row:?}"));
        into.insert(*moment, row);
    }
    Ok(changed)
}

/// The rows of a table.
pub(super) fn of_table(funding: &Funding) -> Rows {
    let row = |at: usize| Row {
        timestamp: funding.timestamp[at],
        rate: funding.rate[at],
        interval_us: funding.interval_us[at],
        mark_price: funding.mark_price[at],
    };
    (0..funding.len()).map(|at| (nominal(funding.timestamp[at]), row(at))).collect()
}

/// Rows as a table. A rate is fixed when it is due, so that it is available then.
pub(super) fn to_table(rows: &Rows) -> Funding {
    let mut out = Funding::default();
    for row in rows.values() {
        out.timestamp.push(row.timestamp);
        out.available_at.push(row.timestamp);
        out.rate.push(row.rate);
        out.interval_us.push(row.interval_us);
        out.mark_price.push(row.mark_price);
    }
    out
}
