//! What a check of raw files and of re-issued ones comes to: damaged or missing files, and tables of the hub that were made
//! from an issue the venue has replaced, with all tables made from those.
//!
//! Nothing is asked of a venue here: `data download` notices new issues and writes them down.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::error::IngestError;
use crate::import::digest_of;

use super::hub_files::HubFiles;
use super::ledger::{Ledger, Reissued, Stale};

/// A raw file that is not what was fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RawProblem {
    /// Where it lies below the venue's raw folder.
    pub path: String,
    /// What is wrong, in words.
    pub problem: String,
}

/// What a check of the raw files found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RawCheck {
    /// Files that are there and are what was fetched.
    pub n_good: usize,
    /// Files that were dropped after conversion.
    pub n_dropped: usize,
    /// Files that are not.
    pub problems: Vec<RawProblem>,
    /// Files issued anew, in order of notice.
    pub reissued: Vec<Reissued>,
}

/// Compares the raw files of a venue with what was fetched: size and SHA-256 of each.
///
/// # Errors
/// When the ledger is damaged.
pub fn check_raw(folder: &Path) -> Result<RawCheck, IngestError> {
    let ledger = Ledger::open(folder)?;
    let mut check = RawCheck { reissued: ledger.reissued(), ..RawCheck::default() };
    for file in ledger.files() {
        let path = folder.join(&file.path);
        let problem = if ledger.is_dropped(&file.path) && !path.exists() {
            check.n_dropped += 1;
            continue;
        } else if !path.is_file() {
            Some("is missing".to_owned())
        } else {
            match digest_of(&path) {
                Ok((size, _)) if size != file.size => Some(format!("has {size} bytes, {} were fetched", file.size)),
                Ok((_, sha256)) if sha256 != file.sha256 => Some("its content is not what was fetched".to_owned()),
                Ok(_) => None,
                Err(error) => Some(error.to_string()),
            }
        };
        match problem {
            Some(problem) => check.problems.push(RawProblem { path: file.path, problem }),
            None => check.n_good += 1,
        }
    }
    Ok(check)
}

/// What of a venue's tables is stale.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StaleData {
    /// Tables that are stale as they are, in order of path.
    pub tables: Vec<Stale>,
    /// Contents that tables had before they were made anew; factor sets and runs made from them are stale still.
    pub former: Vec<Stale>,
}

/// The tables of a venue that were made, directly or through other tables, from files that were issued anew.
///
/// # Errors
/// When the ledger or the hub's provenance is damaged.
pub fn stale_data(folder: &Path, hub: &Path, venue: &str) -> Result<StaleData, IngestError> {
    let ledger = Ledger::open(folder)?;
    let tables = stale_tables(&ledger, &HubFiles::read(hub, venue)?);
    let is_now = |stale: &Stale| {
        tables.iter().any(|table| (&table.table, &table.content_hash) == (&stale.table, &stale.content_hash))
    };
    let former = ledger.stale().into_iter().filter(|stale| !is_now(stale)).collect();
    Ok(StaleData { tables, former })
}

/// Writes down which contents of tables are stale now, before they are made anew.
///
/// # Errors
/// When the ledger cannot be written.
pub(crate) fn note(ledger: &Ledger, files: &HubFiles) -> Result<(), IngestError> {
    stale_tables(ledger, files).into_iter().try_for_each(|stale| ledger.note_stale(stale))
}

/// The stale ones of a venue's tables, in order of path.
fn stale_tables(ledger: &Ledger, files: &HubFiles) -> Vec<Stale> {
    let mut stale: BTreeMap<String, Stale> = BTreeMap::new();
    for event in &ledger.reissued() {
        for table in files.tables_of(&event.old_sha256) {
            let because = format!("{} was issued anew", event.path);
            include(&mut stale, files, table, because, (event.from, event.until));
        }
    }
    let former = ledger.stale();
    // Bars are made of ticks and of finer bars: a few steps reach the last.
    loop {
        let mut found: Vec<(String, String, (i64, i64))> = Vec::new();
        for provenance in files.all().filter(|provenance| !stale.contains_key(&provenance.table)) {
            for input in &provenance.inputs {
                let is_former = |other: &&Stale| (&other.table, &other.content_hash) == (&input.file, &input.sha256);
                let Some(cause) = stale.get(&input.file).or_else(|| former.iter().find(is_former)) else { continue };
                found.push((provenance.table.clone(), format!("made from {}", cause.table), (cause.from, cause.until)));
            }
        }
        if found.is_empty() {
            return stale.into_values().collect();
        }
        for (table, because, range) in found {
            include(&mut stale, files, &table, because, range);
        }
    }
}

/// Adds a cause to a table.
fn include(
    stale: &mut BTreeMap<String, Stale>,
    files: &HubFiles,
    table: &str,
    because: String,
    (from, until): (i64, i64),
) {
    let content_hash = files.provenance(table).map(|provenance| provenance.content_hash.clone()).unwrap_or_default();
    let entry = stale.entry(table.to_owned()).or_insert_with(|| Stale {
        table: table.to_owned(),
        content_hash,
        because: Vec::new(),
        from,
        until,
    });
    entry.from = entry.from.min(from);
    entry.until = entry.until.max(until);
    if !entry.because.contains(&because) {
        entry.because.push(because);
    }
}
