//! Tables for people and other programs: as Parquet, as CSV, cell by cell.

use std::fs;
use std::io::Write;
use std::path::Path;

use crosscut_hub::parquet_file;
use crosscut_model::{Column, Table, format_iso};

use crate::error::AppError;

/// The columns that hold times.
const TIMES: [&str; 2] = ["timestamp", "available_at"];

/// Writes a table to a file, by its ending as Parquet or CSV.
///
/// # Errors
/// Another ending; a file that cannot be written.
pub fn write(table: &Table, file: &Path) -> Result<(), AppError> {
    match file.extension().and_then(|ending| ending.to_str()) {
        Some("parquet") => Ok(parquet_file::write(file, table, &TIMES)?),
        Some("csv") => write_csv(table, file).map_err(|error| AppError::io("write", file, &error)),
        _ => Err(AppError::new(format!("cannot tell the format of {}", file.display()))
            .hint("give the file the ending .parquet or .csv")),
    }
}

/// Writes a table as CSV: times in ISO-8601, missing numbers empty.
fn write_csv(table: &Table, file: &Path) -> std::io::Result<()> {
    let mut out = std::io::BufWriter::new(fs::File::create(file)?);
    let names: Vec<&str> = table.columns.iter().map(|(name, _)| name.as_str()).collect();
    writeln!(out, "{}", names.join(","))?;
    for row in 0..table.len() {
        let cells: Vec<String> = table.columns.iter().map(|(name, column)| cell(name, column, row)).collect();
        writeln!(out, "{}", cells.join(","))?;
    }
    out.flush()
}

/// One value as text: times in ISO-8601, missing numbers empty.
pub fn cell(name: &str, column: &Column, row: usize) -> String {
    match column {
        Column::F64(values) if values[row].is_nan() => String::new(),
        Column::F64(values) => values[row].to_string(),
        Column::I64(values) if TIMES.contains(&name) => format_iso(values[row]),
        Column::I64(values) => values[row].to_string(),
        Column::Bool(values) => values[row].to_string(),
        Column::Text(values) => values[row].clone(),
    }
}
