//! `factors run|update|list|show|audit`: compute and publish factor sets, look at them, and prove them.

use std::fs;
use std::path::{Path, PathBuf};

use crosscut_factors::{Config as SetConfig, FactorsError, LibraryEntry, Outcome, RunOptions, Summary};
use crosscut_formula::library;
use crosscut_hub::FactorMetadata;
use crosscut_model::format_iso;
use serde_json::Value;

use crate::config::KEYS;
use crate::desk::{Desk, VERSION};
use crate::error::AppError;
use crate::events::{Events, Level};
use crate::logbook::Logbook;

mod audit;
mod load;
mod show;
mod store;
mod update;

pub use audit::{AuditRequest, Audited, audit};
pub use crosscut_factors::{ColumnCard, FactorCard};
pub use crosscut_hub::{ColumnProof, ProofResult};
pub use load::{LoadRequest, Loaded, load};
pub use show::{SetCard, ShowRequest, Shown, show};
pub(crate) use store::KEY as STORE_KEY;
pub use store::{StoreListing, StorePlace, StoreSummary, StoredEntry};
pub use update::{UpdateRequest, update};

/// What a run of one factor set did.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct SetSummary {
    /// Name of the set.
    pub factor_set: String,
    /// Its timeframe.
    pub timeframe: String,
    /// Whether nothing had to be done.
    pub unchanged: bool,
    /// Why an update computed everything from the bars alone; `None` when it did not.
    pub full_because: Option<String>,
    /// Number of symbols.
    pub n_symbols: usize,
    /// Of them, those whose table was taken over.
    pub n_kept: usize,
    /// Symbols that the set had before and has no more.
    pub n_removed: usize,
    /// Rows of all symbols.
    pub n_rows: u64,
    /// Of them, those that the set did not have before.
    pub n_new_rows: u64,
    /// Of them, those that it had and that were computed again.
    pub n_rows_again: u64,
    /// The first label that was written, ISO-8601; `None` when nothing was.
    pub from: Option<String>,
    /// Rows invented by the fill policy.
    pub n_filled: u64,
    /// Values changed or dropped by the outlier rule.
    pub n_outliers: u64,
    /// Factor columns.
    pub columns: Vec<String>,
    /// What people should know before they use it.
    pub warnings: Vec<String>,
    /// What was done to the SQL store, when one is asked for.
    pub store: Option<StoreSummary>,
}

/// A factor set in the hub.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct SetEntry {
    /// Name of the set.
    pub factor_set: String,
    /// Its timeframe.
    pub timeframe: String,
    /// Number of columns.
    pub n_columns: usize,
    /// Number of symbols.
    pub n_symbols: usize,
    /// Rows of all symbols.
    pub n_rows: u64,
    /// First label, ISO-8601.
    pub start_time: Option<String>,
    /// Last label, ISO-8601.
    pub end_time: Option<String>,
    /// When it was produced, ISO-8601.
    pub generation_time: String,
}

/// A built-in family of factors.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct FamilyEntry {
    /// Its name.
    pub name: String,
    /// One line about it.
    pub summary: String,
    /// Number of factors with the family's own windows.
    pub n_factors: usize,
}

/// What there is to use.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Listing {
    /// Factor sets in the hub, by timeframe and name.
    pub sets: Vec<SetEntry>,
    /// Built-in families.
    pub families: Vec<FamilyEntry>,
    /// Factor sets of the SQL store, when one is asked for.
    pub store: Option<StoreListing>,
}

/// One built-in factor.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct FactorEntry {
    /// Column name, with `{w}` for windows.
    pub name: String,
    /// Its formula.
    pub formula: String,
    /// Where the formula comes from.
    pub source: Option<String>,
    /// Free text.
    pub notes: Option<String>,
}

/// Splits the files of `--config` into settings and factor sets: a file none of whose top-level words is a setting
/// (or that cannot be read, which is told later) is meant as a factor set.
pub fn split_files(files: &[PathBuf]) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let is_setting = |word: &String| KEYS.iter().any(|key| key.path.split('.').next() == Some(word));
    let is_settings_file = |file: &PathBuf| {
        let text = fs::read_to_string(file).unwrap_or_default();
        let words = serde_saphyr::from_str::<Value>(&text).ok();
        words.as_ref().and_then(Value::as_object).is_some_and(|words| words.keys().any(is_setting))
    };
    files.iter().cloned().partition(is_settings_file)
}

/// Computes and publishes the factor sets described by `files`, one after another.
///
/// # Errors
/// No file; a bad one; whatever keeps a set from being produced. Sets published before stay published.
pub fn run(desk: &Desk<'_>, files: &[PathBuf]) -> Result<Vec<SetSummary>, AppError> {
    if files.is_empty() {
        return Err(AppError::new("no factor set to run")
            .hint("name its file: crosscut factors run --config factors/core.yaml (`crosscut init` writes one)"));
    }
    store::check(desk)?;
    files.iter().map(|file| store::save(desk, run_file(desk, file)?)).collect()
}

/// One file of [`run`].
fn run_file(desk: &Desk<'_>, file: &Path) -> Result<SetSummary, AppError> {
    let set = SetConfig::read(file)?;
    let name = file.display().to_string();
    run_set(desk, &set).map_err(|error| if error.message().contains(&name) { error } else { error.during(&name) })
}

/// Computes and publishes one factor set.
pub(crate) fn run_set(desk: &Desk<'_>, config: &SetConfig) -> Result<SetSummary, AppError> {
    produce(desk, config, ("run", crosscut_factors::run))
}

/// What makes a factor set of the bars.
type Producer = fn(&SetConfig, &Path, &RunOptions, &dyn crosscut_factors::Progress) -> Result<Summary, FactorsError>;

/// Makes and publishes one factor set; the word names in the log what is done.
fn produce(desk: &Desk<'_>, config: &SetConfig, (word, make): (&str, Producer)) -> Result<SetSummary, AppError> {
    // A publisher makes the hub's folder and the log its own beside it; a mistyped --hub must not.
    desk.hub()?;
    let log = Logbook::open(desk, "factors");
    log.note(Level::Info, &format!("{word} {} ({}, from {})", config.factor_set, config.timeframe, config.file));
    let options = RunOptions {
        threads: desk.writing_threads(),
        code_version: VERSION.to_owned(),
        generation_time: format_iso((desk.clock)()),
    };
    let made = make(config, &desk.hub_root(), &options, &log);
    let summary = made.inspect_err(|error| log.note(Level::Error, &error.to_string()))?;
    for warning in &summary.warnings {
        log.message(Level::Warning, &format!("{}: {warning}", summary.factor_set));
    }
    let unchanged = summary.outcome == Outcome::Unchanged;
    if !unchanged {
        log.note(Level::Info, &format!("published {}: {} rows", summary.factor_set, summary.n_rows));
    }
    Ok(SetSummary {
        unchanged,
        factor_set: summary.factor_set,
        timeframe: summary.timeframe.to_string(),
        full_because: summary.full_because,
        n_symbols: summary.n_symbols,
        n_kept: summary.n_kept,
        n_removed: summary.n_removed,
        n_rows: summary.n_rows,
        n_new_rows: summary.n_new_rows,
        n_rows_again: summary.n_rows_again,
        from: summary.from.map(format_iso),
        n_filled: summary.n_filled,
        n_outliers: summary.n_outliers,
        columns: summary.columns,
        warnings: summary.warnings,
        store: None,
    })
}

/// The factor sets of the hub and the built-in families. Without a hub there are only the families.
///
/// # Errors
/// A damaged set.
pub fn list(desk: &Desk<'_>) -> Result<Listing, AppError> {
    let mut sets = Vec::new();
    if desk.hub_root().exists() {
        let hub = desk.hub()?;
        for (timeframe, name) in hub.factor_sets()? {
            let set = hub.factor_set(parse_timeframe(&timeframe)?, &name)?;
            sets.push(entry(set.metadata()));
        }
    }
    let families = library::families().iter().map(family_entry).collect::<Result<_, _>>()?;
    Ok(Listing { sets, families, store: store::list(desk)? })
}

/// The factors of the library, or of one family of it.
///
/// # Errors
/// An unknown family; the nearest is named.
pub fn list_library(family: Option<&str>) -> Result<Vec<LibraryEntry>, AppError> {
    Ok(crosscut_factors::library_entries(family)?)
}

/// A timeframe as the hub writes it.
fn parse_timeframe(text: &str) -> Result<crosscut_model::Timeframe, AppError> {
    text.parse().map_err(|error: crosscut_model::timeframe::TimeframeError| AppError::new(error.to_string()))
}

/// A set in one line.
fn entry(metadata: &FactorMetadata) -> SetEntry {
    SetEntry {
        factor_set: metadata.factor_set.clone(),
        timeframe: metadata.timeframe.clone(),
        n_columns: metadata.columns.len(),
        n_symbols: metadata.tables.len(),
        n_rows: metadata.tables.values().map(|table| table.rows).sum(),
        start_time: metadata.start_time.clone(),
        end_time: metadata.end_time.clone(),
        generation_time: metadata.generation_time.clone(),
    }
}

/// A family in one line.
fn family_entry(family: &library::Family) -> Result<FamilyEntry, AppError> {
    let n_factors = family.factors(None)?.iter().map(|spec| spec.windows.len().max(1)).sum();
    Ok(FamilyEntry { name: family.name.to_owned(), summary: family.summary.to_owned(), n_factors })
}
