//! Columns of floating-point numbers as a Parquet file, written as they are, the way factor tables are. Not atomic: the
//! caller renames.

use std::path::Path;

use super::groups::{GroupWriter, Schema};
use super::write::{ColumnSpec, Storage, ValueKind};
use crate::error::HubError;

/// A Parquet file of numbers in the making, row group by row group.
#[derive(Debug)]
pub struct NumberFile {
    /// Writes the row groups.
    writer: GroupWriter,
}

impl NumberFile {
    /// Starts a file with the named columns.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn create(path: &Path, columns: &[String]) -> Result<Self, HubError> {
        let spec = |name: &String| ColumnSpec::new(name.as_str(), ValueKind::Float, Storage::Plain);
        let specs: Vec<ColumnSpec> = columns.iter().map(spec).collect();
        Ok(Self { writer: GroupWriter::create(path, &Schema::new(&specs, path)?)? })
    }

    /// Appends a row group; missing is NaN. A few thousand rows make a good one.
    ///
    /// # Errors
    /// When the columns are more than the file's or differ in length, or the file cannot be written.
    pub fn append(&mut self, columns: &[&[f64]]) -> Result<(), HubError> {
        let rows = columns.first().map_or(0, |column| column.len());
        if columns.iter().any(|column| column.len() != rows) {
            return Err(HubError::refused("the columns of a row group differ in length"));
        }
        columns.iter().try_for_each(|column| self.writer.floats(column))?;
        self.writer.close_group(rows)
    }

    /// Ends the file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(self) -> Result<(), HubError> {
        self.writer.finish(Vec::new()).map(|_| ())
    }
}
