//! Any Parquet file of flat columns, inside or outside a hub: for import, benchmarks and exports.
//!
//! Refuses nested columns (lists, structs, maps) when they are asked for. Times of any unit come as microseconds UTC.
//! A file that is cut short, damaged or not Parquet gives an error that names it, never a panic.

mod chunk;
mod column;
mod convert;
mod encoded;
mod export;
mod groups;
mod guard;
mod numbers;
mod open;
mod output;
mod pages;
mod trades;
mod write;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crosscut_model::{Column, Table};

use crate::error::HubError;
pub(crate) use column::ColumnCursor;
pub use export::{TableFile, write};
pub(crate) use groups::{GroupWriter, Schema};
pub(crate) use guard::guarded;
pub use numbers::NumberFile;
pub(crate) use open::{ClosedFile, ParquetFile};
pub(crate) use trades::{BATCH_ROWS as TICK_BATCH_ROWS, TradeCursors};
pub use trades::{TradeBatches, trade_batches};
pub(crate) use write::{ColumnSpec, Finished, PAGE_ROWS, Storage, TableWriter, ValueKind, Values};

/// What a column holds, as far as readers care.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnType {
    /// Floating point or decimal: [`Column::F64`], missing is NaN.
    Float,
    /// Whole numbers: [`Column::I64`]; a table (or batch) in which some are missing has [`Column::F64`] with NaN.
    Integer,
    /// A date or a timestamp of any unit: [`Column::I64`] in microseconds UTC.
    Time,
    /// Flags: [`Column::Bool`].
    Bool,
    /// Words: [`Column::Text`]; missing is the empty text.
    Text,
    /// Something this reader does not read, in the file's own words.
    Other(String),
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Float => write!(f, "floating-point numbers"),
            Self::Integer => write!(f, "whole numbers"),
            Self::Time => write!(f, "times"),
            Self::Bool => write!(f, "flags"),
            Self::Text => write!(f, "text"),
            Self::Other(words) => write!(f, "{words}"),
        }
    }
}

/// Names and types of a file's columns in the order they are stored.
///
/// # Errors
/// When the file cannot be opened or its footer is damaged.
pub fn schema(path: &Path) -> Result<Vec<(String, ColumnType)>, HubError> {
    let file = ParquetFile::open(path)?;
    Ok(file.leaves.iter().map(|leaf| (leaf.name.clone(), leaf.column_type.clone())).collect())
}

/// Number of rows, from the footer.
///
/// # Errors
/// When the file cannot be opened or its footer is damaged.
pub fn n_rows(path: &Path) -> Result<usize, HubError> {
    Ok(ParquetFile::open(path)?.n_rows())
}

/// The asked columns of a file, whole, in the order asked.
///
/// # Errors
/// When the file is damaged, a column is absent (the nearest is named), asked twice or of a type that is not read, or
/// a time or flag is missing in a row.
pub fn read(path: &Path, columns: &[&str]) -> Result<Table, HubError> {
    let file = Arc::new(ParquetFile::open(path)?);
    let leaves = demand_all(&file, columns)?;
    guarded(path, || {
        let mut table = Table::default();
        // Whole columns one after the other: each cursor's buffers are gone before the next one asks for memory.
        for (name, leaf) in columns.iter().zip(leaves) {
            let mut cursor = ColumnCursor::new(Arc::clone(&file), leaf);
            table.push(*name, next_column(&file, &mut cursor, leaf, file.n_rows())?);
        }
        Ok(table)
    })
}

/// The texts of a column as runs of equal ones, each with its number of rows: a file sorted by symbol has few.
///
/// # Errors
/// As [`read`]; a column that holds no texts is refused.
pub fn text_runs(path: &Path, column: &str) -> Result<Vec<(String, usize)>, HubError> {
    let file = Arc::new(ParquetFile::open(path)?);
    let leaf = file.demand(column)?;
    guarded(path, || {
        let mut runs = Vec::new();
        ColumnCursor::new(Arc::clone(&file), leaf).text_runs(file.n_rows(), &mut runs)?;
        Ok(runs)
    })
}

/// Hands the asked columns to `visit` in tables of up to `batch_rows` rows, with bounded memory.
///
/// # Errors
/// As [`read`], and whatever `visit` returns.
pub fn read_batches<E: From<HubError>>(
    path: &Path,
    columns: &[&str],
    batch_rows: usize,
    mut visit: impl FnMut(&Table) -> Result<(), E>,
) -> Result<(), E> {
    let file = Arc::new(ParquetFile::open(path)?);
    let leaves = demand_all(&file, columns)?;
    let mut cursors: Vec<_> = leaves.iter().map(|leaf| ColumnCursor::new(Arc::clone(&file), *leaf)).collect();
    let mut left = file.n_rows();
    while left > 0 {
        let n = left.min(batch_rows.max(1));
        let batch = guarded(path, || {
            let mut table = Table::default();
            for ((name, leaf), cursor) in columns.iter().zip(&leaves).zip(&mut cursors) {
                table.push(*name, next_column(&file, cursor, *leaf, n)?);
            }
            Ok(table)
        })?;
        visit(&batch)?;
        left -= n;
    }
    Ok(())
}

/// Positions of the asked columns.
pub(crate) fn demand_all(file: &ParquetFile, columns: &[&str]) -> Result<Vec<usize>, HubError> {
    for (at, name) in columns.iter().enumerate() {
        if columns[..at].contains(name) {
            return Err(HubError::schema(&file.path, format!("column `{name}` is asked for twice")));
        }
    }
    columns.iter().map(|name| file.demand(name)).collect()
}

/// The next `n` rows of a column in the form its type asks for.
fn next_column(file: &ParquetFile, cursor: &mut ColumnCursor, leaf: usize, n: usize) -> Result<Column, HubError> {
    match &file.leaves[leaf].column_type {
        ColumnType::Float | ColumnType::Other(_) => {
            let mut values = Vec::new();
            cursor.floats(n, &mut values)?;
            Ok(Column::F64(values))
        }
        ColumnType::Integer => next_integers(cursor, n),
        ColumnType::Time => {
            let mut values = Vec::new();
            cursor.whole(n, &mut values)?;
            Ok(Column::I64(values))
        }
        ColumnType::Bool => {
            let row = cursor.row();
            let mut values = Vec::new();
            cursor.flags(n, &mut values)?;
            let known = values.iter().enumerate().map(|(at, v)| v.ok_or_else(|| cursor.missing(row + at)));
            Ok(Column::Bool(known.collect::<Result<_, _>>()?))
        }
        ColumnType::Text => {
            let mut values = Vec::new();
            cursor.texts(n, &mut values)?;
            Ok(Column::Text(values))
        }
    }
}

/// The next `n` rows of a column of integers: as floating-point numbers with NaN where some are missing.
fn next_integers(cursor: &mut ColumnCursor, n: usize) -> Result<Column, HubError> {
    let mut values = Vec::new();
    cursor.optional_integers(n, &mut values)?;
    if values.contains(&None) {
        return Ok(Column::F64(values.iter().map(|v| v.map_or(f64::NAN, |v| v as f64)).collect()));
    }
    Ok(Column::I64(values.into_iter().flatten().collect()))
}

#[cfg(test)]
mod tests;
