//! `data export`: bars of the hub in the forms of other programs.

use std::path::{Path, PathBuf};

use crosscut_ingest::export::{self, ExportFormat, ExportRequest, ExportSummary};
use crosscut_model::BarSpec;

use crate::desk::Desk;
use crate::error::AppError;
use crate::table_file;

/// What to export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportOptions {
    /// The form: `csv`, `parquet`, `qlib`, `lean`, `zipline-csv`, `freqtrade`, `freqtrade-json`.
    pub format: String,
    /// The bars, `1d`.
    pub bar: String,
    /// Only these symbols; empty: all.
    pub symbols: Vec<String>,
    /// The folder to write into.
    pub dir: PathBuf,
}

/// Exports bars of the venue asked for.
///
/// # Errors
/// No such bars, a form that cannot hold them, a file that cannot be written.
pub fn run(desk: &Desk<'_>, options: &ExportOptions) -> Result<ExportSummary, AppError> {
    let hub = desk.hub()?;
    let bar: BarSpec = options.bar.parse().map_err(|error| AppError::new(format!("--bar: {error}")))?;
    let venue = desk.venue(&hub)?;
    if options.format == "parquet" {
        return parquet(desk, &venue, bar, options);
    }
    let format: ExportFormat = options.format.parse()?;
    let (symbols, folder) = (options.symbols.clone(), options.dir.clone());
    Ok(export::run(&ExportRequest { format, venue, bar, symbols, folder }, &hub)?)
}

/// One Parquet file per symbol with all columns.
fn parquet(desk: &Desk<'_>, venue: &str, bar: BarSpec, options: &ExportOptions) -> Result<ExportSummary, AppError> {
    let hub = desk.hub()?;
    let all = hub.bar_symbols(venue, &bar)?;
    let symbols = if options.symbols.is_empty() { all } else { options.symbols.clone() };
    let folder = options.dir.join(bar.to_string());
    std::fs::create_dir_all(&folder).map_err(|error| AppError::io("create", &folder, &error))?;
    let mut summary = ExportSummary::default();
    for symbol in symbols {
        let table = crate::data_list::bars(desk, &symbol, bar)?;
        let name = format!("{bar}/{}.parquet", crosscut_model::encode_path(&symbol));
        table_file::write(&table, &options.dir.join(Path::new(&name)))?;
        summary.rows += table.len() as u64;
        summary.files.push(name);
        summary.symbols.push(symbol);
    }
    summary.files.sort();
    Ok(summary)
}
