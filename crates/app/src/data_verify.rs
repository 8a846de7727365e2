//! `data verify`: raw files against the ledger of what was fetched, and what was made from data the venue has replaced.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crosscut_backtest::results::RunStatus;
use crosscut_hub::Hub;
use crosscut_ingest::download::ledger::{LEDGER_FILE, Ledger};
use crosscut_ingest::download::stale::{self, RawCheck, StaleTable};
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
    pub stale_tables: Vec<StaleTable>,
    /// Factor sets made from those tables.
    pub stale_sets: Vec<StaleSet>,
    /// Runs that read those tables or sets.
    pub stale_runs: Vec<StaleRun>,
}

impl VerifiedFiles {
    /// Whether nothing is wrong.
    pub fn is_good(&self) -> bool {
        self.raw.problems.is_empty() && self.stale_tables.is_empty()
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
    /// First time that is touched, microseconds UTC.
    pub from: i64,
}

/// A run that rests on replaced data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StaleRun {
    /// Its id.
    pub run_id: String,
    /// The stale tables, or tables of stale sets, it read.
    pub tables: Vec<String>,
}

/// Checks the raw files of the venue asked for, or of all that have any, and what was made from them.
///
/// # Errors
/// A ledger, a hub or an archive of runs that is damaged.
pub fn files(desk: &Desk<'_>) -> Result<Vec<VerifiedFiles>, AppError> {
    let raw = PathBuf::from(desk.config.text("download.raw").unwrap_or_default());
    let mut venues: Vec<String> = std::fs::read_dir(&raw)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.path().join(LEDGER_FILE).is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    venues.sort();
    venues.retain(|venue| desk.config.text("venue").is_none_or(|asked| asked == venue));
    venues.into_iter().map(|venue| of_venue(desk, &raw.join(&venue), venue)).collect()
}

/// The ledger of a venue's raw files; empty when nothing was downloaded here.
///
/// # Errors
/// When it is damaged.
pub(crate) fn ledger(desk: &Desk<'_>, venue: &str) -> Result<Ledger, AppError> {
    let raw = PathBuf::from(desk.config.text("download.raw").unwrap_or_default());
    Ok(Ledger::open(&raw.join(venue))?)
}

/// Checks one venue.
fn of_venue(desk: &Desk<'_>, folder: &std::path::Path, venue: String) -> Result<VerifiedFiles, AppError> {
    let raw = stale::check_raw(folder)?;
    let stale_tables = stale::stale_tables(folder, &desk.hub_root(), &venue)?;
    let mut hashes: BTreeMap<(String, String), i64> = BTreeMap::new();
    for table in &stale_tables {
        hashes.insert((table.table.clone(), table.content_hash.clone()), table.from);
    }
    let stale_sets = if hashes.is_empty() { Vec::new() } else { sets(&desk.hub()?, &mut hashes)? };
    let stale_runs = if hashes.is_empty() { Vec::new() } else { runs(desk, &hashes)? };
    Ok(VerifiedFiles { venue, raw, stale_tables, stale_sets, stale_runs })
}

/// Factor sets made from stale tables; their own tables are added to the stale ones.
fn sets(hub: &Hub, hashes: &mut BTreeMap<(String, String), i64>) -> Result<Vec<StaleSet>, AppError> {
    let mut stale = Vec::new();
    for (timeframe, name) in hub.factor_sets()? {
        let parsed: Timeframe = timeframe.parse().map_err(|error| AppError::new(format!("{timeframe}: {error}")))?;
        // A set that cannot be opened is told by `factors show`, not here.
        let Ok(set) = hub.factor_set(parsed, &name) else { continue };
        let inputs = set.metadata().inputs.iter().map(|input| (input.table.clone(), input.content_hash.clone()));
        let touched: Vec<(String, i64)> =
            inputs.filter_map(|key| hashes.get(&key).map(|from| (key.0.clone(), *from))).collect();
        let Some(from) = touched.iter().map(|(_, from)| *from).min() else { continue };
        for symbol in set.symbols() {
            if let Some(hash) = set.content_hash(symbol) {
                let symbol = crosscut_model::encode_path(symbol);
                hashes.insert((format!("factors/{timeframe}/{name}/{symbol}.parquet"), hash.to_owned()), from);
            }
        }
        let tables = touched.into_iter().map(|(table, _)| table).collect();
        stale.push(StaleSet { timeframe, factor_set: name, tables, from });
    }
    Ok(stale)
}

/// Runs that read stale tables.
fn runs(desk: &Desk<'_>, hashes: &BTreeMap<(String, String), i64>) -> Result<Vec<StaleRun>, AppError> {
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
        let tables: Vec<String> =
            run.inputs().into_iter().filter(|input| hashes.contains_key(input)).map(|(name, _)| name).collect();
        if !tables.is_empty() {
            stale.push(StaleRun { run_id, tables });
        }
    }
    Ok(stale)
}
