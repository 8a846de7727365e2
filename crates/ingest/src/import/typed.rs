//! Files whose columns have types of their own: Parquet and Feather, read alike.

use std::path::Path;

use crosscut_hub::arrow_file;
use crosscut_hub::parquet_file::{self, ColumnType};
use crosscut_model::Table;

use crate::error::Fault;

use super::container::{Container, cannot_read_typed};

/// Names and types of a file's columns.
///
/// # Errors
/// When the file is damaged or of a form that is not read.
pub(crate) fn schema(path: &Path, container: &Container) -> Result<Vec<(String, ColumnType)>, Fault> {
    let schema = match container {
        Container::Feather => arrow_file::schema(path),
        _ => parquet_file::schema(path),
    };
    schema.map_err(|error| cannot_read_typed(&error))
}

/// The asked columns, whole.
///
/// # Errors
/// As [`schema`]; when a column is absent or of a type that is not read.
pub(crate) fn read(path: &Path, container: &Container, columns: &[&str]) -> Result<Table, Fault> {
    let table = match container {
        Container::Feather => arrow_file::read(path, columns),
        _ => parquet_file::read(path, columns),
    };
    table.map_err(|error| cannot_read_typed(&error))
}
