//! `features`: the built-in features of one file or of symbols of the hub, to look at or to write to a file.
//!
//! A file is imported into a scratch hub that is thrown away, so that it goes through the same checks as any import.

use std::path::{Path, PathBuf};

use crosscut_hub::Hub;
use crosscut_ingest::import::{self, ImportRequest};
use crosscut_ingest::{Silent, aggregate};
use crosscut_model::{BarSpec, Table};

use crate::desk::Desk;
use crate::error::AppError;

/// Venue name inside the scratch hub.
const SCRATCH_VENUE: &str = "file";

/// What to compute.
#[derive(Debug, Clone, PartialEq)]
pub struct FeaturesRequest {
    /// One file, or symbols of the hub.
    pub subjects: Vec<String>,
    /// Bars of the symbols; also what trades in a file are folded into.
    pub bar: BarSpec,
    /// Built-in family.
    pub family: String,
    /// Windows in bars; `None` takes the family's own.
    pub windows: Option<Vec<usize>>,
    /// Only these columns; empty means all.
    pub columns: Vec<String>,
}

/// Computes the features: `symbol`, `timestamp`, `available_at` and the columns.
///
/// # Errors
/// An unknown symbol, bar, family or column (the nearest is named); a file that cannot be imported.
pub fn run(desk: &Desk<'_>, request: &FeaturesRequest) -> Result<Table, AppError> {
    let files: Vec<&String> = request.subjects.iter().filter(|subject| is_file(subject)).collect();
    let table = match files.as_slice() {
        [] => {
            let hub = desk.hub()?;
            let venue = desk.venue(&hub)?;
            of_symbols(&hub, (&venue, request.bar), &request.subjects, request)?
        }
        [file] if request.subjects.len() == 1 => of_file(desk, Path::new(file), request)?,
        _ => {
            return Err(AppError::new(format!(
                "expected one file or some symbols, found {}",
                request.subjects.join(" ")
            ))
            .hint("import several files first: crosscut data import"));
        }
    };
    select(table, &request.columns)
}

/// Whether a subject is meant as a file: it exists, or is written like a path.
fn is_file(subject: &str) -> bool {
    let endings = [".parquet", ".csv", ".zip", ".gz"];
    Path::new(subject).is_file() || subject.contains('/') || endings.iter().any(|ending| subject.ends_with(ending))
}

/// Features of symbols of a hub.
fn of_symbols(
    hub: &Hub,
    source: (&str, BarSpec),
    symbols: &[String],
    request: &FeaturesRequest,
) -> Result<Table, AppError> {
    let (family, windows) = (&request.family, request.windows.clone());
    Ok(crosscut_factors::features_of_symbols(hub, source, symbols, family, windows)?)
}

/// Features of all symbols of a file.
fn of_file(desk: &Desk<'_>, file: &Path, request: &FeaturesRequest) -> Result<Table, AppError> {
    if !file.is_file() {
        return Err(AppError::new(format!("there is no file {}", file.display()))
            .hint("name a file of bars or trades, or symbols of the hub"));
    }
    let scratch = tempfile::tempdir().map_err(|error| AppError::io("make", Path::new("a scratch folder"), &error))?;
    let mut wanted = ImportRequest::new(SCRATCH_VENUE, &[PathBuf::from(file)], desk.threads);
    let mut summary = import::run(&wanted, scratch.path(), &Silent)?;
    // To look at a file it does not matter which symbol it is of, and --bar may say how long its bars are.
    for reason in [import::NO_SYMBOL, import::NO_TIMEFRAME] {
        if summary.refusals.iter().any(|refusal| refusal.reason == reason) {
            match reason {
                import::NO_SYMBOL => wanted.symbol = Some(symbol_of(file)),
                _ => wanted.timeframe = request.bar.timeframe(),
            }
            summary = import::run(&wanted, scratch.path(), &Silent)?;
        }
    }
    if let Some(refusal) = summary.refusals.first() {
        return Err(AppError::new(refusal.to_string()));
    }
    let hub = Hub::open(scratch.path())?;
    if hub.venues()?.is_empty() {
        aggregate_scratch(desk, scratch.path(), request.bar)?;
    }
    let kinds = hub.bar_kinds(SCRATCH_VENUE)?;
    let [kind] = kinds.as_slice() else {
        return Err(AppError::new(format!("{} holds bars of several kinds: {}", file.display(), kinds.join(", "))));
    };
    let bar = kind.parse().map_err(|error: crosscut_model::bar::BarSpecError| AppError::new(error.to_string()))?;
    let symbols = hub.bar_symbols(SCRATCH_VENUE, &bar)?;
    of_symbols(&hub, (SCRATCH_VENUE, bar), &symbols, request)
}

/// What a file that does not say its symbol is called: its name without endings.
fn symbol_of(file: &Path) -> String {
    let name = file.file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned());
    let stem = name.split('.').next().unwrap_or_default();
    if crosscut_model::check_symbol(stem).is_ok() { stem.to_owned() } else { SCRATCH_VENUE.to_owned() }
}

/// Folds the trades of a scratch hub into bars.
fn aggregate_scratch(desk: &Desk<'_>, scratch: &Path, bar: BarSpec) -> Result<(), AppError> {
    let request = aggregate::AggregateRequest {
        venue: SCRATCH_VENUE.to_owned(),
        symbols: Vec::new(),
        bar,
        from: None,
        kind: None,
        side_rule: crosscut_bars::SideRule::Venue,
        replace: false,
        threads: desk.threads,
    };
    let summary = aggregate::run(&request, scratch, &Silent)?;
    match summary.failures.first() {
        Some((symbol, failure)) => Err(AppError::new(format!("{symbol}: {failure}"))),
        None => Ok(()),
    }
}

/// The keys and the columns asked for.
fn select(table: Table, wanted: &[String]) -> Result<Table, AppError> {
    /// Columns that are always shown.
    const KEYS: [&str; 3] = ["symbol", "timestamp", "available_at"];
    if wanted.is_empty() {
        return Ok(table);
    }
    for name in wanted {
        if table.get(name).is_none() {
            let error = AppError::new(format!("there is no feature `{name}`"));
            return Err(match crosscut_model::nearest(name, table.columns.iter().map(|(known, _)| known.as_str())) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint("`crosscut factors show features` lists all"),
            });
        }
    }
    let keep = |name: &String| KEYS.contains(&name.as_str()) || wanted.contains(name);
    Ok(Table { columns: table.columns.into_iter().filter(|(name, _)| keep(name)).collect() })
}
