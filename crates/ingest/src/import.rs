//! Files into the hub: recognised, checked row by row, merged with what is there, published with provenance.
//!
//! A file is refused whole, with one reason that names the row; the tables it would have gone into stay as they were, the
//! other files publish. Start reading at [`run`], then `detect` for what a file is taken for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crosscut_hub::{Hub, IngestPublisher, VenueFile};
use crosscut_model::{Timeframe, TradeKind, nearest};
use rayon::prelude::*;

use crate::error::{Fault, IngestError};
use crosscut_model::Progress;

mod actions;
mod adjusted;
mod calendar;
mod checksum;
mod container;
mod decimal;
mod detect;
mod discover;
mod fields;
mod funding;
mod holders;
mod instruments;
mod jobs;
mod json;
mod klines;
mod lean_daily;
mod lean_intraday;
mod lines;
mod name;
mod qlib;
mod raw_files;
mod read;
mod relisted;
mod report;
mod shape;
mod touched;
mod trades;
mod typed;
mod zone;

use detect::{Detected, detect_all};
use discover::discover;
use jobs::{Done, Plan, Stage};

pub(crate) use checksum::{digest_of, identify};
pub(crate) use container::{check_whole, plain_bytes};
pub use detect::NO_SYMBOL;
pub(crate) use json::parse_json;
pub use klines::NO_TIMEFRAME;
pub use raw_files::{RawFiles, RawState};
pub use read::read_trades;
pub use report::{FileReport, ImportSummary, TableReport, TableStatus};
pub use zone::Clock;

/// What a file holds, when the user says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One row per execution.
    Trades,
    /// Executions folded per taker order.
    AggTrades,
    /// Bars.
    Klines,
    /// Bars of mark prices.
    Mark,
    /// Bars of premium indices.
    Premium,
    /// Funding rates.
    Funding,
    /// Splits and dividends.
    Actions,
    /// Sessions, holidays and early closes.
    Calendar,
    /// Listings, tick and lot sizes.
    Instruments,
}

impl Kind {
    /// All kinds with the names used on the command line.
    pub const NAMES: [(&'static str, Self); 9] = [
        ("agg_trades", Self::AggTrades),
        ("trades", Self::Trades),
        ("klines", Self::Klines),
        ("mark", Self::Mark),
        ("premium", Self::Premium),
        ("funding", Self::Funding),
        ("actions", Self::Actions),
        ("calendar", Self::Calendar),
        ("instruments", Self::Instruments),
    ];

    /// The name used on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::AggTrades => "agg_trades",
            Self::Trades => "trades",
            Self::Klines => "klines",
            Self::Mark => "mark",
            Self::Premium => "premium",
            Self::Funding => "funding",
            Self::Actions => "actions",
            Self::Calendar => "calendar",
            Self::Instruments => "instruments",
        }
    }

    /// The kind of trades, if it is one.
    pub fn trade_kind(self) -> Option<TradeKind> {
        match self {
            Self::AggTrades => Some(TradeKind::AggTrades),
            Self::Trades => Some(TradeKind::Trades),
            _ => None,
        }
    }
}

impl FromStr for Kind {
    type Err = IngestError;

    fn from_str(text: &str) -> Result<Self, IngestError> {
        let names = Self::NAMES.map(|(name, _)| name);
        Self::NAMES.iter().find(|(name, _)| *name == text).map(|(_, kind)| *kind).ok_or_else(|| {
            let meant = nearest(text, names).map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
            IngestError::request(format!("`{text}` is not a kind of file; expected {}{meant}", names.join(", ")))
        })
    }
}

/// What to import, and what the files themselves may not say.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportRequest {
    /// The venue the tables belong to.
    pub venue: String,
    /// What the files hold; `None` finds out.
    pub kind: Option<Kind>,
    /// Length of the bars in the files; `None` finds out.
    pub timeframe: Option<Timeframe>,
    /// Symbol of the files; `None` finds out.
    pub symbol: Option<String>,
    /// Names of bars' columns and the columns of the files that are meant by them; empty goes by the files' own names.
    pub columns: Vec<(String, String)>,
    /// The zone of times that say none; `None` takes them as UTC.
    pub zone: Option<Clock>,
    /// Quote currency appended to symbols that do not end with it; empty appends nothing.
    pub symbol_suffix: String,
    /// Whether tables are made anew from these files instead of merged with what is there.
    pub replace: bool,
    /// Files, and folders that are searched.
    pub files: Vec<PathBuf>,
    /// Where downloaded files among them came from.
    pub venue_files: BTreeMap<PathBuf, VenueFile>,
    /// Tables worked on at once, at least 1.
    pub threads: usize,
}

impl ImportRequest {
    /// A request that leaves everything to be found out from the files.
    pub fn new(venue: &str, files: &[PathBuf], threads: usize) -> Self {
        Self {
            venue: venue.to_owned(),
            kind: None,
            timeframe: None,
            symbol: None,
            columns: Vec::new(),
            zone: None,
            symbol_suffix: String::new(),
            replace: false,
            files: files.to_vec(),
            venue_files: BTreeMap::new(),
            threads,
        }
    }
}

/// Imports files into a hub, which is made when there is none.
///
/// # Errors
/// When the request cannot be met at all: no file is named or found, or a name cannot be a venue. Refused files do not
/// count; they are in the summary.
pub fn run(request: &ImportRequest, hub: &Path, progress: &dyn Progress) -> Result<ImportSummary, IngestError> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(request.threads)
        .build()
        .map_err(|error| IngestError::request(format!("cannot start {} threads: {error}", request.threads)))?;
    pool.install(|| import(request, hub, progress))
}

/// The body of [`run`], on its pool of threads.
fn import(request: &ImportRequest, hub: &Path, progress: &dyn Progress) -> Result<ImportSummary, IngestError> {
    check_columns(&request.columns)?;
    let discovered = discover(&request.files);
    let mut summary =
        ImportSummary { refusals: discovered.refusals, ignored: discovered.ignored, ..ImportSummary::default() };
    if discovered.files.is_empty() && summary.refusals.is_empty() {
        let places: Vec<String> = request.files.iter().map(|path| path.display().to_string()).collect();
        return Err(IngestError::request(format!(
            "there is nothing to import in `{}`; expected files that end with .zip, .csv, .csv.gz, .parquet or .feather",
            places.join("`, `")
        )));
    }
    let detected: Vec<Vec<(String, Result<Detected, Fault>)>> =
        discovered.files.par_iter().map(|path| detect_all(path, request)).collect();
    let mut reports: BTreeMap<String, FileReport> = BTreeMap::new();
    let mut found = Vec::new();
    for (shown, result) in detected.into_iter().flatten() {
        match result {
            Ok(Detected { found: file, words }) => {
                reports.insert(shown.clone(), FileReport { file: shown, detected: words, rows: 0, notes: Vec::new() });
                found.push(file);
            }
            Err(fault) => summary.refusals.push(fault.of(&shown)),
        }
    }
    if !found.is_empty() {
        let publisher = IngestPublisher::create(hub)?;
        let venue = &request.venue;
        let _lock = publisher.lock(venue, || {
            progress.message(&format!("another process is importing data of {venue}; waiting for it"));
        })?;
        let stage = Stage { hub: Hub::open(hub)?, publisher: &publisher, request, progress };
        // An unusable venue name concerns all files alike.
        stage.hub.instruments(&request.venue)?;
        let done = Plan::new(found).run(&stage)?;
        finish(&mut summary, &mut reports, done);
    }
    summary.refusals.sort_by(|a, b| (&a.file, a.row, &a.reason).cmp(&(&b.file, b.row, &b.reason)));
    Ok(summary)
}

/// Refuses names that no column of bars has.
fn check_columns(columns: &[(String, String)]) -> Result<(), IngestError> {
    let targets = klines::columns::targets();
    for (at, (to, _)) in columns.iter().enumerate() {
        if !targets.contains(&to.as_str()) {
            let near = nearest(to, targets.iter().copied())
                .map(|name| format!("; did you mean `{name}`?"))
                .unwrap_or_default();
            return Err(IngestError::request(format!(
                "`{to}` is no column of bars; expected {}{near}",
                targets.join(", ")
            )));
        }
        if columns[..at].iter().any(|(other, _)| other == to) {
            return Err(IngestError::request(format!("`{to}` is given twice")));
        }
    }
    Ok(())
}

/// Puts the results of the jobs into the summary, in an order that does not depend on threads.
fn finish(summary: &mut ImportSummary, reports: &mut BTreeMap<String, FileReport>, done: Done) {
    for record in done.records {
        let Some(mut report) = reports.remove(&record.shown) else { continue };
        if !record.decided.is_empty() {
            report.detected = format!("{}, {}", report.detected, record.decided);
        }
        report.rows = record.rows;
        report.notes = record.notes;
        summary.files.push(report);
    }
    summary.refusals.extend(done.refusals);
    summary.files.sort_by(|a, b| a.file.cmp(&b.file));
    summary.tables = done.tables;
    summary.tables.sort_by(|a, b| a.table.cmp(&b.table));
    // Files without a date are jobs of their own, one after another: a table may have a report of each.
    summary.tables.dedup_by(|later, table| {
        let same = later.table == table.table;
        if same {
            table.include(later);
        }
        same
    });
}

#[cfg(test)]
mod tests;
