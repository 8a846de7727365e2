//! Tables as Parquet files for people and other programs, whole or part by part. Not atomic: the caller renames.

use std::fs::File;
use std::path::Path;

use crosscut_model::{Column, Table};

use super::write::{ColumnSpec, GROUP_ROWS, PAGE_ROWS, Storage, TableWriter, ValueKind, Values};
use crate::error::HubError;

/// A Parquet file in the making, table by table.
#[derive(Debug)]
pub struct TableFile {
    /// Writes the row groups.
    writer: TableWriter,
    /// Its columns.
    specs: Vec<ColumnSpec>,
    /// Names of the columns that hold times.
    times: Vec<String>,
}

impl TableFile {
    /// Starts a file with the columns of `like`, whose rows are not written; the columns named in `times` are
    /// microseconds UTC.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn create(path: &Path, like: &Table, times: &[&str]) -> Result<Self, HubError> {
        let times: Vec<String> = times.iter().map(|name| (*name).to_owned()).collect();
        let specs = specs_of(like, &times);
        let file = File::create(path).map_err(HubError::io("create", path))?;
        let writer = TableWriter::new(path, file, &specs, PAGE_ROWS)?;
        Ok(Self { writer, specs, times })
    }

    /// Appends the rows of a table.
    ///
    /// # Errors
    /// When its columns are not those of the file, or the file cannot be written.
    pub fn append(&mut self, table: &Table) -> Result<(), HubError> {
        if specs_of(table, &self.times) != self.specs {
            let names = |specs: &[ColumnSpec]| specs.iter().map(|s| s.name.clone()).collect::<Vec<_>>().join(", ");
            let (here, there) = (names(&specs_of(table, &self.times)), names(&self.specs));
            return Err(HubError::refused(format!("rows with the columns {here} do not fit a file with {there}")));
        }
        let mut from = 0;
        while from < table.len() {
            let to = table.len().min(from + GROUP_ROWS);
            let values: Vec<Values<'_>> = table.columns.iter().map(|(_, column)| rows_of(column, from..to)).collect();
            self.writer.write_group(&values)?;
            from = to;
        }
        Ok(())
    }

    /// Ends the file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(self) -> Result<(), HubError> {
        self.writer.finish().map(|_| ())
    }
}

/// Writes a table as a Parquet file (not atomically); the columns named in `times` are microseconds UTC.
///
/// # Errors
/// When the file cannot be written.
pub fn write(path: &Path, table: &Table, times: &[&str]) -> Result<(), HubError> {
    let mut file = TableFile::create(path, table, times)?;
    file.append(table)?;
    file.finish()
}

/// How a table's columns are written.
fn specs_of(table: &Table, times: &[String]) -> Vec<ColumnSpec> {
    table.columns.iter().map(|(name, column)| spec_of(name, column, times)).collect()
}

/// How a table's column is written.
fn spec_of(name: &str, column: &Column, times: &[String]) -> ColumnSpec {
    let (kind, storage) = match column {
        Column::F64(_) => (ValueKind::Float, Storage::Plain),
        Column::I64(_) if times.iter().any(|time| time == name) => (ValueKind::Time, Storage::Delta),
        Column::I64(_) => (ValueKind::Integer, Storage::Delta),
        Column::Bool(_) => (ValueKind::Bool, Storage::Plain),
        Column::Text(_) => (ValueKind::Text, Storage::Dictionary),
    };
    ColumnSpec::new(name, kind, storage)
}

/// Some rows of a column.
fn rows_of(column: &Column, rows: std::ops::Range<usize>) -> Values<'_> {
    match column {
        Column::F64(v) => Values::F64(&v[rows]),
        Column::I64(v) => Values::I64(&v[rows]),
        Column::Bool(v) => Values::Bool(&v[rows]),
        Column::Text(v) => Values::Text(&v[rows]),
    }
}
