//! A bar table read piece by piece, by row number: for producers that need the last rows, or one stretch after another
//! of thousands of tables.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use crosscut_model::{BarSpec, Column, Table};

use super::{TableInfo, demand_floats, key_columns, table_info};
use crate::check::{self, Broken};
use crate::digests::{BLOCK_ROWS, RowDigests};
use crate::error::HubError;
use crate::parquet_file::{ClosedFile, ColumnCursor, guarded};
use crate::reader::Hub;

/// A bar table whose footer was read once. No file stays open; a table published meanwhile under the same name is an
/// error of the next read, never a mixture.
#[derive(Debug, Clone)]
pub struct BarTable {
    /// The table's file.
    file: ClosedFile,
    /// The kind of bar.
    bar: BarSpec,
    /// What is known of the table.
    info: TableInfo,
    /// Its last rows with all columns and the number of the first of them, once they were read to see what is new: they
    /// are what is wanted next.
    last: OnceLock<(usize, Table)>,
}

/// Most rows that are kept after they were looked at.
const LAST_ROWS_MAX: usize = BLOCK_ROWS;

impl Hub {
    /// Opens a bar table for reading piece by piece.
    ///
    /// # Errors
    /// As [`Hub::bar_info`].
    pub fn bar_table(&self, venue: &str, bar: &BarSpec, symbol: &str) -> Result<BarTable, HubError> {
        let (file, provenance) = self.open_bars(venue, bar, symbol)?;
        let info = table_info(&file, provenance, format!("{symbol} {bar} bars of {venue}"))?;
        Ok(BarTable { file: file.closed(), bar: *bar, info, last: OnceLock::new() })
    }
}

impl BarTable {
    /// What is known of the table without reading its rows.
    pub fn info(&self) -> &TableInfo {
        &self.info
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.info.rows
    }

    /// Some rows: `timestamp`, `available_at` (and `bar_seq` for event bars) as `i64`, then the asked columns as `f64`
    /// (missing is NaN) in the order asked. Only the pages that hold these rows are decoded.
    ///
    /// # Errors
    /// When the rows are not all there, a column does not exist, the table is damaged, its keys are not strictly
    /// sorted, or it was replaced since it was opened.
    pub fn read_rows(&self, columns: &[&str], rows: Range<usize>) -> Result<Table, HubError> {
        if rows.start > rows.end || rows.end > self.rows() {
            let (from, to, n) = (rows.start, rows.end, self.rows());
            return Err(HubError::Range {
                message: format!("rows {from}..{to} of {} were asked for, it has {n}", self.info.name),
            });
        }
        if let Some(table) = self.kept_rows(columns, &rows) {
            return Ok(table);
        }
        let mut file = self.file.open()?;
        file.read_last_group_for(rows.start)?;
        let file = Arc::new(file);
        let leaves = demand_floats(&file, columns)?;
        guarded(&file.path, || {
            let mut keys: Vec<(&str, Vec<i64>)> = Vec::new();
            for name in key_columns(&self.bar) {
                let mut values = Vec::new();
                let mut cursor = ColumnCursor::at_row(Arc::clone(&file), file.demand(name)?, rows.start)?;
                cursor.whole(rows.len(), &mut values)?;
                keys.push((name, values));
            }
            let sequence = keys.get(2).map(|(_, values)| values.as_slice());
            let here = |broken: Broken| file.bad_row(rows.start + broken.row, broken.message);
            check::keys(&keys[0].1, &keys[1].1, sequence).map_err(here)?;
            let mut table = Table::default();
            for (name, values) in keys {
                table.push(name, Column::I64(values));
            }
            for (name, leaf) in columns.iter().zip(leaves) {
                let mut values = Vec::new();
                ColumnCursor::at_row(Arc::clone(&file), leaf, rows.start)?.floats(rows.len(), &mut values)?;
                table.push(*name, Column::F64(values));
            }
            Ok(table)
        })
    }

    /// As [`Hub::unchanged_rows`].
    ///
    /// # Errors
    /// When the table is damaged or was replaced since it was opened.
    pub fn unchanged_rows(&self, old: &RowDigests) -> Result<usize, HubError> {
        let Some(new) = &self.info.row_digests else { return Ok(0) };
        let whole = old.common_prefix(new);
        // What is left is the block in which the older table ends, if everything before it is equal.
        let ends_here = old.rows() > whole && old.rows() - whole < BLOCK_ROWS && old.rows() <= self.rows();
        if !ends_here {
            return Ok(whole);
        }
        let n_keys = key_columns(&self.bar).len();
        let columns: Vec<&str> = self.info.columns[n_keys..].iter().map(String::as_str).collect();
        let n_new = self.rows() - old.rows();
        let to = if n_new < LAST_ROWS_MAX { self.rows() } else { old.rows() };
        let rows = self.read_rows(&columns, whole..to)?;
        let is_same = old.has_block(whole / BLOCK_ROWS, &part(&rows, 0..old.rows() - whole));
        if is_same && to > old.rows() {
            // With the row before them, from which a fill policy goes on. Two threads read the same.
            let _ = self.last.set((old.rows() - 1, part(&rows, old.rows() - 1 - whole..to - whole)));
        }
        Ok(if is_same { old.rows() } else { whole })
    }

    /// Rows and columns that were kept from an earlier look; `None` when not all of them were.
    fn kept_rows(&self, columns: &[&str], rows: &Range<usize>) -> Option<Table> {
        let (first, kept) = self.last.get()?;
        let inside = rows.start.checked_sub(*first)?..rows.end.checked_sub(*first)?;
        if inside.end > kept.len() || columns.iter().any(|name| kept.f64(name).is_none()) {
            return None;
        }
        let keys = key_columns(&self.bar).iter();
        let wanted = keys.chain(columns).filter_map(|name| kept.columns.iter().find(|(column, _)| column == name));
        Some(Table { columns: wanted.map(|(name, values)| (name.clone(), slice(values, &inside))).collect() })
    }
}

/// Some rows of a table.
fn part(table: &Table, rows: Range<usize>) -> Table {
    Table { columns: table.columns.iter().map(|(name, values)| (name.clone(), slice(values, &rows))).collect() }
}

/// Some rows of a column.
fn slice(column: &Column, rows: &Range<usize>) -> Column {
    match column {
        Column::F64(values) => Column::F64(values[rows.clone()].to_vec()),
        Column::I64(values) => Column::I64(values[rows.clone()].to_vec()),
        Column::Bool(values) => Column::Bool(values[rows.clone()].to_vec()),
        Column::Text(values) => Column::Text(values[rows.clone()].to_vec()),
    }
}

#[cfg(test)]
mod tests;
