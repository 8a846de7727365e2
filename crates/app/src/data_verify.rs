//! `data verify`: raw files against the ledger of what was fetched, and what was made from data the venue has replaced.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crosscut_backtest::results::RunStatus;
use crosscut_hub::Hub;
use crosscut_ingest::download::ledger::{LEDGER_FILE, Ledger, Stale};
use crosscut_ingest::download::stale::{self, RawCheck};
use crosscut_model::Timeframe;
use serde::Serialize;

use crate::desk::Desk;
use crate::error::AppError;
use crate::runs::archive;

/// What was found of one venue's files.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VerifiedFiles {
    /// The venue.
    pub venue: String,
    /// Its raw files.
    pub raw: RawCheck,
    /// Tables made from files that were issued anew.
    pub stale_tables: Vec<Stale>,
    /// Contents that tables had before they were made anew from what the venue has now.
    pub former_contents: Vec<Stale>,
    /// Factor sets made from those tables.
    pub stale_sets: Vec<StaleSet>,
    /// Runs that read those tables or sets.
    pub stale_runs: Vec<StaleRun>,
}

impl VerifiedFiles {
    /// Whether nothing is wrong. A stale run stays one for ever; it is told, and no fault of the data.
    pub fn is_good(&self) -> bool {
        self.raw.problems.is_empty() && self.stale_tables.is_empty() && self.stale_sets.is_empty()
    }
}

/// A factor set that rests on replaced data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StaleSet {
    /// Its timeframe.
    pub timeframe: String,
    /// Its name.
    pub factor_set: String,
    /// The stale tables it was made from.
    pub tables: Vec<String>,
    /// First time that is touched, microseconds UTC; later rows may depend on it.
    pub from: i64,
    /// End of what was issued anew, exclusive, microseconds UTC.
    pub until: i64,
}

/// A run that rests on replaced data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StaleRun {
    /// Its id.
    pub run_id: String,
    /// The stale tables, or tables of stale sets, it read.
    pub tables: Vec<String>,
    /// First time that is touched, microseconds UTC; later rows may depend on it.
    pub from: i64,
    /// End of what was issued anew, exclusive, microseconds UTC.
    pub until: i64,
}

/// Checks the raw files of the venue asked for, or of all that have any, and what was made from them.
///
/// # Errors
/// A ledger, a hub or an archive of runs that is damaged.
pub fn files(desk: &Desk<'_>) -> Result<Vec<VerifiedFiles>, AppError> {
    let mut venues = venues(desk);
    venues.retain(|(venue, _)| desk.config.text("venue").is_none_or(|asked| asked == venue));
    venues.into_iter().map(|(venue, folder)| of_venue(desk, &folder, venue)).collect()
}

/// The venues with a ledger of raw files, and their folders, in order of name.
fn venues(desk: &Desk<'_>) -> Vec<(String, PathBuf)> {
    let raw = PathBuf::from(desk.config.text("download.raw").unwrap_or_default());
    let entries = std::fs::read_dir(&raw).into_iter().flatten().flatten();
    let venue = |entry: std::fs::DirEntry| (entry.file_name().to_string_lossy().into_owned(), entry.path());
    let mut venues: Vec<_> = entries.map(venue).filter(|(_, folder)| folder.join(LEDGER_FILE).is_file()).collect();
    venues.sort();
    venues
}

/// The ledger of a venue's raw files; empty when nothing was downloaded here.
///
/// # Errors
/// When it is damaged.
pub(crate) fn ledger(desk: &Desk<'_>, venue: &str) -> Result<Ledger, AppError> {
    let raw = PathBuf::from(desk.config.text("download.raw").unwrap_or_default());
    Ok(Ledger::open(&raw.join(venue))?)
}

/// Stale contents by table and content hash.
pub(crate) type StaleContents = BTreeMap<(String, String), Stale>;

/// All contents of tables and factor sets that rest on data a venue has replaced.
///
/// # Errors
/// A ledger or a hub that is damaged.
pub(crate) fn stale_contents(desk: &Desk<'_>) -> Result<StaleContents, AppError> {
    let mut contents = StaleContents::new();
    for (venue, folder) in venues(desk) {
        let found = stale::stale_data(&folder, &desk.hub_root(), &venue)?;
        contents.extend(by_content(found.tables.iter().chain(&found.former)));
    }
    if !contents.is_empty() && desk.hub_root().exists() {
        sets(&desk.hub()?, &mut contents)?;
    }
    Ok(contents)
}

/// Stale contents by table and hash.
fn by_content<'a>(stale: impl Iterator<Item = &'a Stale>) -> StaleContents {
    stale.map(|stale| ((stale.table.clone(), stale.content_hash.clone()), stale.clone())).collect()
}

/// Checks one venue.
fn of_venue(desk: &Desk<'_>, folder: &std::path::Path, venue: String) -> Result<VerifiedFiles, AppError> {
    let raw = stale::check_raw(folder)?;
    let found = stale::stale_data(folder, &desk.hub_root(), &venue)?;
    let mut contents = by_content(found.tables.iter().chain(&found.former));
    let (mut stale_sets, mut stale_runs) = (Vec::new(), Vec::new());
    if !contents.is_empty() {
        stale_sets = if desk.hub_root().exists() { sets(&desk.hub()?, &mut contents)? } else { Vec::new() };
        stale_runs = runs(desk, &contents)?;
    }
    Ok(VerifiedFiles { venue, raw, stale_tables: found.tables, former_contents: found.former, stale_sets, stale_runs })
}

/// Factor sets made from stale tables; their own tables are added to the stale ones.
fn sets(hub: &Hub, contents: &mut StaleContents) -> Result<Vec<StaleSet>, AppError> {
    let mut stale = Vec::new();
    for (timeframe, name) in hub.factor_sets()? {
        let parsed: Timeframe = timeframe.parse().map_err(|error| AppError::new(format!("{timeframe}: {error}")))?;
        // A set that cannot be opened is told by `factors show`, not here.
        let Ok(set) = hub.factor_set(parsed, &name) else { continue };
        let inputs = set.metadata().inputs.iter().map(|input| (input.table.clone(), input.content_hash.clone()));
        let causes: Vec<Stale> = inputs.filter_map(|key| contents.get(&key).cloned()).collect();
        let Some(from) = causes.iter().map(|cause| cause.from).min() else { continue };
        let until = causes.iter().map(|cause| cause.until).max().unwrap_or(from);
        let tables: Vec<String> = causes.into_iter().map(|cause| cause.table).collect();
        for symbol in set.symbols() {
            if let Some(hash) = set.content_hash(symbol) {
                let table = format!("factors/{timeframe}/{name}/{}.parquet", crosscut_model::encode_path(symbol));
                let because = vec![format!("made from {}", tables.join(", "))];
                let content_hash = hash.to_owned();
                let key = (table.clone(), content_hash.clone());
                contents.insert(key, Stale { table, content_hash, because, from, until });
            }
        }
        stale.push(StaleSet { timeframe, factor_set: name, tables, from, until });
    }
    Ok(stale)
}

/// Runs that read stale tables.
fn runs(desk: &Desk<'_>, contents: &StaleContents) -> Result<Vec<StaleRun>, AppError> {
    let archive = archive(desk);
    let entries = archive.list()?.entries;
    let mut ids: Vec<String> =
        entries.into_iter().filter(|run| run.status != RunStatus::Failed).filter_map(|run| run.run_id).collect();
    ids.sort();
    ids.dedup();
    let mut stale = Vec::new();
    for run_id in ids {
        // A run whose folder is gone or damaged is told by `runs verify`.
        let Ok(run) = archive.load(&run_id) else { continue };
        let causes: Vec<Stale> = run.inputs().iter().filter_map(|input| contents.get(input).cloned()).collect();
        let Some(from) = causes.iter().map(|cause| cause.from).min() else { continue };
        let until = causes.iter().map(|cause| cause.until).max().unwrap_or(from);
        let tables = causes.into_iter().map(|cause| cause.table).collect();
        stale.push(StaleRun { run_id, tables, from, until });
    }
    Ok(stale)
}
