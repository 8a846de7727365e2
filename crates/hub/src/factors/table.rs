//! One symbol's table of a factor set: its rules, its file.

use std::fs::File;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::metadata::TableEntry;
use crate::check::{self, Broken};
use crate::error::HubError;
use crate::parquet_file::{ColumnSpec, ParquetFile, Storage, ValueKind, Values};
use crate::single;

/// Rows of a row group.
const GROUP_ROWS: usize = 1 << 18;

/// Key of the columns' completeness in a table's footer, so that a table taken over need not be read.
const COMPLETENESS_KEY: &str = "crosscut.completeness";

/// One symbol's rows on their way into a factor set.
#[derive(Debug, Clone, PartialEq)]
pub struct FactorTable<'a> {
    /// Bar open, microseconds UTC, strictly increasing.
    pub timestamp: &'a [i64],
    /// When the row could be known, microseconds UTC.
    pub available_at: &'a [i64],
    /// Factor columns in the order of the set's definition; missing is NaN, infinite values are refused.
    pub columns: Vec<(&'a str, &'a [f64])>,
    /// Whether the symbol could be traded on the row's bar.
    pub tradable_flag: &'a [bool],
}

/// How complete a column of one table is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Completeness {
    /// Missing values.
    pub(super) missing: u64,
    /// Longest run of missing values, rows.
    pub(super) longest_gap: u64,
}

/// The rules of a table that is about to be published.
pub(super) fn check(rows: &FactorTable<'_>) -> Result<(), String> {
    let n = rows.timestamp.len();
    let columns = rows.columns.iter().map(|(name, values)| (*name, values.len()));
    let others = [("available_at", rows.available_at.len()), ("tradable_flag", rows.tradable_flag.len())];
    for (name, length) in others.into_iter().chain(columns) {
        if length != n {
            return Err(format!("column `{name}` has {length} rows, `timestamp` has {n}"));
        }
    }
    for (at, (name, values)) in rows.columns.iter().enumerate() {
        let fixed = ["timestamp", "available_at", "symbol", "tradable_flag"];
        if fixed.contains(name) || rows.columns[..at].iter().any(|(before, _)| before == name) {
            return Err(format!("the column name `{name}` is taken"));
        }
        if let Some(row) = values.iter().position(|v| v.is_infinite()) {
            return Err(format!("row {row}: `{name}` is {}, expected finite or missing (NaN)", values[row]));
        }
    }
    check::increasing("timestamp", rows.timestamp)
        .and_then(|()| check::known_after(rows.timestamp, rows.available_at, true))
        .and_then(|()| check::not_decreasing("available_at", rows.available_at))
        .map_err(|Broken { row, message }| format!("row {row}: {message}"))
}

/// Writes a table, without syncing it; returns what the metadata says of it and how complete its columns are.
pub(super) fn write(
    path: &Path,
    file: File,
    symbol: &str,
    rows: &FactorTable<'_>,
) -> Result<(TableEntry, Vec<(String, Completeness)>), HubError> {
    let complete: Vec<_> = rows.columns.iter().map(|(name, v)| ((*name).to_owned(), completeness_of(v))).collect();
    let mut writer = single::new_table(path, file, &specs(rows))?;
    let stored: Vec<Completeness> = complete.iter().map(|(_, column)| *column).collect();
    let stored = serde_json::to_string(&stored).expect("plain numbers are JSON");
    writer.note(COMPLETENESS_KEY, stored);
    let n = rows.timestamp.len();
    let mut from = 0;
    while from < n {
        let to = n.min(from + GROUP_ROWS);
        let mut values = vec![Values::I64(&rows.timestamp[from..to]), Values::I64(&rows.available_at[from..to])];
        values.push(Values::Same(symbol, to - from));
        values.extend(rows.columns.iter().map(|(_, column)| Values::F64(&column[from..to])));
        values.push(Values::Bool(&rows.tradable_flag[from..to]));
        writer.write_group(&values)?;
        from = to;
    }
    let finished = writer.finish()?;
    let entry = TableEntry {
        rows: n as u64,
        first: rows.timestamp.first().copied().unwrap_or(0),
        last: rows.timestamp.last().copied().unwrap_or(0),
        content_hash: finished.content_hash,
        parts: Vec::new(),
    };
    Ok((entry, complete))
}

/// How complete the columns of a stored table are, by its footer.
pub(super) fn completeness(file: &ParquetFile, columns: &[String]) -> Result<Vec<(String, Completeness)>, HubError> {
    let stored = file.key_value(COMPLETENESS_KEY).and_then(|text| serde_json::from_str::<Vec<Completeness>>(text).ok());
    match stored {
        Some(stored) if stored.len() == columns.len() => Ok(columns.iter().cloned().zip(stored).collect()),
        _ => Err(file.damaged("its footer does not state how complete its columns are")),
    }
}

/// The columns of a factor table.
fn specs(rows: &FactorTable<'_>) -> Vec<ColumnSpec> {
    let mut specs = vec![
        ColumnSpec::new("timestamp", ValueKind::Time, Storage::Delta),
        ColumnSpec::new("available_at", ValueKind::Time, Storage::Delta),
        ColumnSpec::new("symbol", ValueKind::Text, Storage::Dictionary),
    ];
    specs.extend(rows.columns.iter().map(|(name, _)| ColumnSpec::new(*name, ValueKind::Float, Storage::Plain)));
    specs.push(ColumnSpec::new("tradable_flag", ValueKind::Bool, Storage::Plain));
    specs
}

/// Counts missing values and their longest run.
fn completeness_of(values: &[f64]) -> Completeness {
    let (mut missing, mut gap, mut longest_gap) = (0, 0, 0);
    for value in values {
        if value.is_nan() {
            missing += 1;
            gap += 1;
            longest_gap = longest_gap.max(gap);
        } else {
            gap = 0;
        }
    }
    Completeness { missing, longest_gap }
}
