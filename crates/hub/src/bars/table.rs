//! A bar table read piece by piece, by row number: for producers that need the last rows, or one stretch after another
//! of thousands of tables.

use std::ops::Range;
use std::sync::Arc;

use crosscut_model::{BarSpec, Column, Table};

use super::{TableInfo, check_keys, demand_floats, key_columns, table_info};
use crate::check::Broken;
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
}

impl Hub {
    /// Opens a bar table for reading piece by piece.
    ///
    /// # Errors
    /// As [`Hub::bar_info`].
    pub fn bar_table(&self, venue: &str, bar: &BarSpec, symbol: &str) -> Result<BarTable, HubError> {
        let (file, provenance) = self.open_bars(venue, bar, symbol)?;
        let info = table_info(&file, provenance, format!("{symbol} {bar} bars of {venue}"))?;
        Ok(BarTable { file: file.closed()?, bar: *bar, info })
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
            check_keys(&keys[0].1, &keys[1].1, sequence).map_err(here)?;
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
        let rows = self.read_rows(&columns, whole..old.rows())?;
        Ok(if old.has_block(whole / BLOCK_ROWS, &rows) { old.rows() } else { whole })
    }
}

#[cfg(test)]
mod tests;
