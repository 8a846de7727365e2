//! Tables for people and other programs: as Parquet, as CSV, cell by cell.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

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
    let mut writer = TableWriter::create(file, table)?;
    writer.append(table)?;
    writer.finish()
}

/// A file in the making. It lies beside its place and takes it when it is finished; dropped before, it is removed.
pub struct TableWriter {
    /// Its place.
    file: PathBuf,
    /// Where it is written.
    part: PathBuf,
    /// By its ending; `None` once it is finished.
    format: Option<Format>,
}

/// What is being written.
enum Format {
    /// Parquet.
    Parquet(Box<parquet_file::TableFile>),
    /// Text with commas.
    Csv(BufWriter<File>),
}

impl TableWriter {
    /// Starts a file with the columns of `like`, whose rows are not written.
    ///
    /// # Errors
    /// An ending other than `.parquet` and `.csv`; a file that cannot be made.
    pub fn create(file: &Path, like: &Table) -> Result<Self, AppError> {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let part = file.with_file_name(format!(".{name}.part"));
        let format = match format_of(file)? {
            "parquet" => Format::Parquet(Box::new(parquet_file::TableFile::create(&part, like, &TIMES)?)),
            _ => {
                let start = || {
                    let mut out = BufWriter::new(File::create(&part)?);
                    let names: Vec<&str> = like.columns.iter().map(|(name, _)| name.as_str()).collect();
                    writeln!(out, "{}", names.join(",")).map(|()| out)
                };
                Format::Csv(start().map_err(|error| AppError::io("write", file, &error))?)
            }
        };
        Ok(Self { file: file.to_owned(), part, format: Some(format) })
    }

    /// Appends the rows of a table with the same columns.
    ///
    /// # Errors
    /// Other columns; a file that cannot be written.
    pub fn append(&mut self, table: &Table) -> Result<(), AppError> {
        match &mut self.format {
            Some(Format::Parquet(parquet)) => Ok(parquet.append(table)?),
            Some(Format::Csv(out)) => csv(table, out).map_err(|error| AppError::io("write", &self.file, &error)),
            None => Ok(()),
        }
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// A file that cannot be written or renamed.
    pub fn finish(mut self) -> Result<(), AppError> {
        let io = |error: std::io::Error| AppError::io("write", &self.file, &error);
        match self.format.take() {
            Some(Format::Parquet(parquet)) => parquet.finish()?,
            Some(Format::Csv(mut out)) => out.flush().map_err(io)?,
            None => {}
        }
        fs::rename(&self.part, &self.file).map_err(io)
    }
}

impl Drop for TableWriter {
    fn drop(&mut self) {
        // After a rename there is nothing here any more.
        let _ = fs::remove_file(&self.part);
    }
}

/// The format that a file's ending asks for.
///
/// # Errors
/// An ending other than `.parquet` and `.csv`.
pub fn format_of(file: &Path) -> Result<&str, AppError> {
    match file.extension().and_then(|ending| ending.to_str()) {
        Some(ending @ ("parquet" | "csv")) => Ok(ending),
        _ => Err(AppError::new(format!("cannot tell the format of {}", file.display()))
            .hint("give the file the ending .parquet or .csv")),
    }
}

/// Writes rows as CSV: times in ISO-8601, missing numbers empty.
fn csv(table: &Table, out: &mut impl Write) -> std::io::Result<()> {
    for row in 0..table.len() {
        for (at, (name, column)) in table.columns.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(out, "{comma}{}", quoted(cell(name, column, row)))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// A cell of a CSV file: symbols may hold commas and quotes.
fn quoted(cell: String) -> String {
    if cell.contains([',', '"', '\n']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
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
