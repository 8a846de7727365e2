//! `data import`: files of an exchange into the hub.

use std::path::PathBuf;

use crosscut_ingest::import::{self, ImportRequest, ImportSummary};

use crate::desk::Desk;
use crate::error::AppError;
use crate::events::{Events, Level};
use crate::logbook::Logbook;

/// Pairs of a column of bars and the file's column that is meant by it.
fn columns(pairs: &[String]) -> Result<Vec<(String, String)>, AppError> {
    let pair = |text: &String| match text.split_once('=') {
        Some((to, from)) if !to.trim().is_empty() && !from.trim().is_empty() => {
            Ok((to.trim().to_owned(), from.trim().to_owned()))
        }
        _ => Err(AppError::new(format!("--columns: `{text}` is no pair"))
            .hint("write timestamp=date,close=adj_close: the column of bars, then the file's column")),
    };
    pairs.iter().map(pair).collect()
}

/// Refusals told one by one; the log file and the summary have them all.
const REFUSALS_TOLD: usize = 20;

/// Imports `files` (folders are searched) by the settings under `import`. Refused files are in the summary.
///
/// # Errors
/// No venue, a setting that makes no sense, or no file to import.
pub fn run(desk: &Desk<'_>, files: &[PathBuf]) -> Result<ImportSummary, AppError> {
    let config = &desk.config;
    let venue = config.text("venue").ok_or_else(|| {
        AppError::new("the files do not say which venue they come from")
            .hint("name it, such as --venue binance_futures; it is the folder the tables go into")
    })?;
    let request = ImportRequest {
        kind: config.parsed("import.kind")?,
        timeframe: config.parsed("import.timeframe")?,
        symbol: config.text("import.symbol").map(str::to_owned),
        columns: columns(&config.list("import.columns"))?,
        zone: config.parsed("import.zone")?,
        symbol_suffix: config.text("import.symbol_suffix").unwrap_or_default().to_owned(),
        replace: config.flag("import.replace"),
        ..ImportRequest::new(venue, files, desk.threads)
    };
    let log = Logbook::open(desk, "ingest");
    log.note(Level::Info, &format!("import {} files or folders for {venue}", files.len()));
    let summary = import::run(&request, &desk.hub_root(), &log)
        .inspect_err(|error| log.note(Level::Error, &error.to_string()))?;
    for file in &summary.files {
        let notes: String = file.notes.iter().map(|note| format!("; {note}")).collect();
        log.note(Level::Info, &format!("{}: {}, {} rows{notes}", file.file, file.detected, file.rows));
    }
    for refusal in summary.refusals.iter().take(REFUSALS_TOLD) {
        log.message(Level::Error, &refusal.to_string());
    }
    if summary.refusals.len() > REFUSALS_TOLD {
        let rest = &summary.refusals[REFUSALS_TOLD..];
        rest.iter().for_each(|refusal| log.note(Level::Error, &refusal.to_string()));
        desk.events
            .message(Level::Error, &format!("{} more files were refused; logs/ingest.log names all", rest.len()));
    }
    Ok(summary)
}
