//! Bars of the hub in the forms of other programs: CSV, qlib, LEAN, zipline's CSV folder, freqtrade.
//!
//! Files are made anew by every export; what the hub has and a form cannot hold is left out and told. Start reading at
//! [`run`].

mod freqtrade;
mod lean;
mod qlib;
mod text;

use std::path::{Path, PathBuf};
use std::str::FromStr;

use crosscut_hub::Hub;
use crosscut_model::{BarSpec, Bars, CorporateAction, Timeframe, encode_path, nearest};

use crate::error::IngestError;

/// The form to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// A CSV file per symbol with all columns, which an import reads back as it was.
    Csv,
    /// qlib's folder: calendars, instruments, features.
    Qlib,
    /// LEAN's folder: a ZIP per symbol, or per day within the day.
    Lean,
    /// zipline's csvdir: a CSV file per symbol with dividends and splits.
    ZiplineCsv,
    /// freqtrade's Feather: a file per pair.
    Freqtrade,
    /// freqtrade's JSON: a file per pair.
    FreqtradeJson,
}

impl ExportFormat {
    /// All forms with their names.
    pub const NAMES: [(&'static str, Self); 6] = [
        ("csv", Self::Csv),
        ("qlib", Self::Qlib),
        ("lean", Self::Lean),
        ("zipline-csv", Self::ZiplineCsv),
        ("freqtrade", Self::Freqtrade),
        ("freqtrade-json", Self::FreqtradeJson),
    ];
}

impl FromStr for ExportFormat {
    type Err = IngestError;

    fn from_str(text: &str) -> Result<Self, IngestError> {
        Self::NAMES.iter().find(|(name, _)| *name == text).map(|(_, format)| *format).ok_or_else(|| {
            // Parquet is written by those who have the writer of tables.
            let names = ["parquet"].into_iter().chain(Self::NAMES.map(|(name, _)| name));
            let near = nearest(text, names.clone()).map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
            let names = names.collect::<Vec<_>>().join(", ");
            IngestError::request(format!("`{text}` is not a form to export to; expected {names}{near}"))
        })
    }
}

/// What to export.
#[derive(Debug, Clone, PartialEq)]
pub struct ExportRequest {
    /// The form.
    pub format: ExportFormat,
    /// The venue.
    pub venue: String,
    /// The bars.
    pub bar: BarSpec,
    /// Only these symbols; empty: all that have such bars.
    pub symbols: Vec<String>,
    /// The folder to write into.
    pub folder: PathBuf,
}

/// What was written.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct ExportSummary {
    /// Symbols.
    pub symbols: Vec<String>,
    /// Rows of all symbols.
    pub rows: u64,
    /// Files, by their paths in the folder, sorted.
    pub files: Vec<String>,
    /// What the form cannot hold.
    pub notes: Vec<String>,
}

/// One symbol's bars on their way out.
struct Outgoing<'a> {
    /// The symbol.
    symbol: &'a str,
    /// Its bars.
    bars: &'a Bars,
    /// Its splits and dividends.
    actions: &'a [CorporateAction],
    /// Length of the bars.
    timeframe: Timeframe,
}

/// Writes files below a folder and remembers them.
struct Shelf<'a> {
    /// The folder.
    folder: &'a Path,
    /// What was written.
    summary: ExportSummary,
}

impl Shelf<'_> {
    /// Writes a file.
    fn put(&mut self, name: &str, bytes: &[u8]) -> Result<(), IngestError> {
        let path = self.folder.join(name);
        let folder = path.parent().unwrap_or(self.folder);
        std::fs::create_dir_all(folder).map_err(IngestError::io("create", folder))?;
        let part = folder.join(".export.part");
        std::fs::write(&part, bytes).map_err(IngestError::io("write", &part))?;
        std::fs::rename(&part, &path).map_err(IngestError::io("write", &path))?;
        self.summary.files.push(name.to_owned());
        Ok(())
    }

    /// Tells once what a form cannot hold.
    fn note(&mut self, text: &str) {
        if !self.summary.notes.iter().any(|note| note == text) {
            self.summary.notes.push(text.to_owned());
        }
    }
}

/// Exports bars.
///
/// # Errors
/// When there are no such bars, the form cannot hold bars of this kind, or a file cannot be written.
pub fn run(request: &ExportRequest, hub: &Hub) -> Result<ExportSummary, IngestError> {
    let venue = &request.venue;
    let all = hub.bar_symbols(venue, &request.bar)?;
    let symbols = if request.symbols.is_empty() { all } else { request.symbols.clone() };
    let timeframe = match (request.bar.timeframe(), request.format) {
        (Some(timeframe), _) if matches!(request.bar, BarSpec::Time(_)) => Some(timeframe),
        (_, ExportFormat::Csv) => None,
        _ => return Err(IngestError::request(format!("{} bars can be exported as csv only", request.bar))),
    };
    let is_shares = hub.sessions(venue)?.is_some();
    let mut shelf = Shelf { folder: &request.folder, summary: ExportSummary::default() };
    let mut qlib = qlib::Features::default();
    for symbol in &symbols {
        let bars = hub.read_all_bars(venue, &request.bar, symbol)?;
        let actions = hub.corporate_actions(venue, symbol)?;
        shelf.summary.rows += bars.len() as u64;
        shelf.summary.symbols.push(symbol.clone());
        let name = encode_path(symbol);
        let Some(timeframe) = timeframe else {
            shelf.put(&format!("{}/{name}.csv", request.bar), &text::csv(&bars))?;
            continue;
        };
        let outgoing = Outgoing { symbol, bars: &bars, actions: &actions, timeframe };
        match request.format {
            ExportFormat::Csv => shelf.put(&format!("{}/{name}.csv", request.bar), &text::csv(&bars))?,
            ExportFormat::ZiplineCsv => text::zipline(&outgoing, &mut shelf)?,
            ExportFormat::Freqtrade => freqtrade::feather(&outgoing, &mut shelf)?,
            ExportFormat::FreqtradeJson => freqtrade::json(&outgoing, &mut shelf)?,
            ExportFormat::Lean => lean::write(&outgoing, venue, is_shares, &mut shelf)?,
            ExportFormat::Qlib => qlib.add(&outgoing),
        }
    }
    if let (ExportFormat::Qlib, Some(timeframe)) = (request.format, timeframe) {
        qlib.write(timeframe, &mut shelf)?;
    }
    shelf.summary.files.sort();
    Ok(shelf.summary)
}

#[cfg(test)]
mod tests;
