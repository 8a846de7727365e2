//! SQL stores: what `--store` adds to `factors run`, `factors update`, `factors list` and `factors show`.
//!
//! The hub is the source of truth. A store is brought up to date after a set was published; when that fails, the set
//! stays published and the same command, run again, catches up.

use crosscut_hub::{FactorMetadata, Saved, SqlStore, StoreAddress, StoredSet};
use crosscut_model::Timeframe;

use super::{ColumnCard, SetCard, SetEntry, SetSummary, entry, parse_timeframe};
use crate::config::Origin;
use crate::desk::Desk;
use crate::error::AppError;
use crate::events::Level;
use crate::logbook::Logbook;

/// The setting that names the store.
pub(crate) const KEY: &str = "store.url";

/// What was done to a store.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct StoreSummary {
    /// Its address, without a password.
    pub store: String,
    /// The table that holds the set's values.
    pub values_table: String,
    /// Whether the store held this state already.
    pub unchanged: bool,
    /// Symbols that were written, or lost rows.
    pub n_symbols_changed: usize,
    /// Symbols that left the store.
    pub n_symbols_removed: usize,
    /// Rows written.
    pub n_rows_written: u64,
    /// Rows deleted, those written anew among them.
    pub n_rows_deleted: u64,
}

/// The factor sets of a store.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct StoreListing {
    /// Its address, without a password.
    pub store: String,
    /// Its sets, by timeframe and name.
    pub sets: Vec<StoredEntry>,
}

/// A factor set in a store.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct StoredEntry {
    /// The set.
    #[serde(flatten)]
    pub set: SetEntry,
    /// The table that holds its values.
    pub values_table: String,
}

/// Where a set that was shown lies, when it lies in a store.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct StorePlace {
    /// The store's address, without a password.
    pub store: String,
    /// The table that holds its values.
    pub values_table: String,
}

/// The address of the store, when one is asked for.
///
/// # Errors
/// A text that is no address.
fn address(desk: &Desk<'_>) -> Result<Option<StoreAddress>, AppError> {
    let read = |text: &str| text.parse().map_err(|error| AppError::from(error).during("--store"));
    desk.config.text(KEY).map(read).transpose()
}

/// Whether the command line itself asks for the store, rather than a setting that holds for all commands.
fn is_asked_for(desk: &Desk<'_>) -> bool {
    matches!(desk.config.origin(KEY), Some(Origin::Flag(_)))
}

/// Looks whether the store can be reached before anything is computed; makes nothing.
///
/// # Errors
/// A text that is no address; a store that cannot be reached.
pub(super) fn check(desk: &Desk<'_>) -> Result<(), AppError> {
    if let Some(address) = address(desk)? {
        SqlStore::check(&address)?;
    }
    Ok(())
}

/// Brings the store, when one is asked for, to the state of a set that was just published.
///
/// # Errors
/// A store that cannot be reached, holds another definition or cannot be written; the set stays published in the hub.
pub(super) fn save(desk: &Desk<'_>, summary: SetSummary) -> Result<SetSummary, AppError> {
    let store = bring(desk, parse_timeframe(&summary.timeframe)?, &summary.factor_set)?;
    Ok(SetSummary { store, ..summary })
}

/// As [`save()`], of a set by name; what was done, `None` when no store is asked for.
///
/// # Errors
/// As [`save()`].
pub(super) fn bring(desk: &Desk<'_>, timeframe: Timeframe, name: &str) -> Result<Option<StoreSummary>, AppError> {
    let Some(address) = address(desk)? else { return Ok(None) };
    let log = Logbook::open(desk, "factors");
    let set = desk.hub()?.factor_set(timeframe, name)?;
    let saved = SqlStore::create(&address).and_then(|mut store| store.save(&set, &log));
    let saved = saved.map_err(|error| {
        let error = AppError::from(error);
        log.note(Level::Error, error.message());
        error.during(&format!("{name} is published in the hub, but not in the store"))
    })?;
    log.note(Level::Info, &format!("saved {name} to {address}: {} rows", saved.n_rows_written));
    Ok(Some(told(&address, saved)))
}

/// What was done to a store, in the form of answers.
fn told(address: &StoreAddress, saved: Saved) -> StoreSummary {
    StoreSummary {
        store: address.to_string(),
        values_table: saved.values_table,
        unchanged: saved.unchanged,
        n_symbols_changed: saved.n_symbols_changed,
        n_symbols_removed: saved.n_symbols_removed,
        n_rows_written: saved.n_rows_written,
        n_rows_deleted: saved.n_rows_deleted,
    }
}

/// The sets of the store, when one is asked for.
///
/// # Errors
/// A store that is not there or cannot be read.
pub(super) fn list(desk: &Desk<'_>) -> Result<Option<StoreListing>, AppError> {
    let Some(address) = address(desk)? else { return Ok(None) };
    let sets = SqlStore::open(&address)?.list()?.into_iter();
    let sets = sets.map(|set| StoredEntry { set: entry(&set.metadata), values_table: set.values_table }).collect();
    Ok(Some(StoreListing { store: address.to_string(), sets }))
}

/// The set of a name in the store, when one is asked for; `None` when there is none, or only a setting names a store
/// and it lacks the set.
///
/// # Errors
/// A store that is not there or lacks a set that the command line asks it for; sets of several timeframes.
pub(super) fn show(desk: &Desk<'_>, name: &str, timeframe: Option<&str>) -> Result<Option<SetCard>, AppError> {
    let Some(address) = address(desk)? else { return Ok(None) };
    let Some((_, stored)) = find(desk, &address, name, timeframe)? else { return Ok(None) };
    let hub = if desk.hub_root().exists() { Some(desk.hub()?) } else { None };
    let metadata = stored.metadata;
    let factors = match &hub {
        Some(hub) => crosscut_factors::published_columns(hub, &metadata),
        None => metadata.columns.iter().map(|name| card(&metadata, name)).collect(),
    };
    let place = StorePlace { store: address.to_string(), values_table: stored.values_table };
    Ok(Some(SetCard { store: Some(place), metadata, factors }))
}

/// The store and the set of a name in it.
///
/// # Errors
/// As [`show`].
pub(super) fn find(
    desk: &Desk<'_>,
    address: &StoreAddress,
    name: &str,
    timeframe: Option<&str>,
) -> Result<Option<(SqlStore, StoredSet)>, AppError> {
    let wanted = timeframe.map(parse_timeframe).transpose()?;
    let mut store = SqlStore::open(address)?;
    let mut found: Vec<StoredSet> = store.list()?;
    let names: Vec<String> = found.iter().map(|set| set.metadata.factor_set.clone()).collect();
    found.retain(|set| {
        set.metadata.factor_set == name && wanted.is_none_or(|w| w.to_string() == set.metadata.timeframe)
    });
    match found.len() {
        0 if !is_asked_for(desk) => Ok(None),
        0 => {
            let of = wanted.map(|frame| format!(" of timeframe {frame}")).unwrap_or_default();
            let error = AppError::new(format!("{address} has no factor set `{name}`{of}"));
            Err(match crosscut_model::nearest(name, names.iter().map(String::as_str)) {
                Some(near) if near != name => error.hint(format!("did you mean `{near}`?")),
                _ => error.hint(format!("`crosscut factors list --store {address}` shows all")),
            })
        }
        1 => Ok(found.pop().map(|set| (store, set))),
        _ => {
            let frames: Vec<&str> = found.iter().map(|set| set.metadata.timeframe.as_str()).collect();
            Err(AppError::new(format!("factor set `{name}` exists for {}", frames.join(", ")))
                .hint(format!("say which one: --timeframe {}", frames[0])))
        }
    }
}

/// The store to load from, when one is asked for and holds the set.
///
/// # Errors
/// As [`show`].
pub(super) fn to_load(
    desk: &Desk<'_>,
    name: &str,
    timeframe: Option<&str>,
) -> Result<Option<(SqlStore, StoredSet)>, AppError> {
    address(desk)?.map_or(Ok(None), |address| find(desk, &address, name, timeframe))
}

/// A column of which only the metadata is known.
fn card(metadata: &FactorMetadata, name: &str) -> ColumnCard {
    ColumnCard {
        name: name.to_owned(),
        formula: None,
        stage: None,
        lookback: None,
        quality: metadata.quality.get(name).copied(),
        proof: metadata.proof.get(name).cloned(),
    }
}
