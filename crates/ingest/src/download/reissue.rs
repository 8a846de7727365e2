//! Files a venue has issued anew: the old issue is kept beside the new one, the range of rows that differ is noted, and
//! tables made from the old issue stay as they are until the user has them made anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use crosscut_model::time::EpochUnit;

use crate::error::{Fault, IngestError, Refusal};
use crate::import::plain_bytes;

use super::hub_files::HubFiles;
use super::ledger::{Fetched, Ledger, Reissued, stamp};
use super::present::first_difference;
use super::transfer::beside;
use super::wish::{TableKey, Task};
use super::work::Job;

/// Moves the issue that is there aside before another is fetched; where it lies then.
pub(crate) fn set_aside(known: Option<&Fetched>, path: &Path) -> Result<Option<PathBuf>, IngestError> {
    let Some(known) = known else { return Ok(None) };
    let aside = beside(path, &format!(".was-{}", &known.sha256[..12.min(known.sha256.len())]));
    if path.is_file() {
        // With an issue set aside already, what lies here is one that a killed process did not note any more.
        let done = if aside.is_file() { fs::remove_file(path) } else { fs::rename(path, &aside) };
        done.map_err(IngestError::io("rename", path))?;
    }
    Ok(aside.is_file().then_some(aside))
}

/// Gives an issue back its name, when the other one could not be fetched.
pub(crate) fn put_back(old: Option<&Path>, path: &Path) -> Result<(), IngestError> {
    match old {
        Some(old) if !path.exists() => fs::rename(old, path).map_err(IngestError::io("rename", old)),
        _ => Ok(()),
    }
}

/// What is known of a file that was issued anew.
pub(crate) struct Notice<'a> {
    /// The issue before.
    pub before: &'a Fetched,
    /// The new one.
    pub now: &'a Fetched,
    /// Where the issue before lies.
    pub old: Option<&'a Path>,
    /// Where the new one lies.
    pub path: &'a Path,
    /// The venue's raw folder.
    pub raw: &'a Path,
}

impl Notice<'_> {
    /// The event for the ledger.
    pub fn event(&self, now: i64) -> Reissued {
        let old_path = self.old.and_then(|old| old.strip_prefix(self.raw).ok());
        Reissued {
            path: self.now.path.clone(),
            old_sha256: self.before.sha256.clone(),
            new_sha256: self.now.sha256.clone(),
            old_path: old_path.map(|path| path.to_string_lossy().replace('\\', "/")).unwrap_or_default(),
            from: self.first_change().unwrap_or(self.now.from),
            until: self.now.until,
            seen_at: stamp(now),
        }
    }

    /// The time of the first row that differs; `None` when it cannot be told.
    fn first_change(&self) -> Option<i64> {
        let old: Box<dyn Read> = plain_bytes(self.old?).ok()?;
        let line = first_difference(old, plain_bytes(self.path).ok()?).ok()??;
        // A row has one number that is a time within what the file covers, whatever its column.
        let numbers = line.trim().split(',').filter_map(|cell| cell.trim().parse::<i64>().ok());
        let times = numbers.filter_map(|number| Some(EpochUnit::detect(number)?.to_micros(number)));
        let mut times = times.filter(|time| (self.now.from..self.now.until).contains(time));
        times.next()
    }
}

/// How the files of complete tables are to be converted.
#[derive(Debug, Default)]
pub(crate) struct ConversionPlan {
    /// Files merged into what is there.
    pub merged: Vec<Fetched>,
    /// Files whose rows are in the hub already.
    pub there: Vec<Fetched>,
    /// Files whose tables are made anew from them.
    pub replaced: Vec<Fetched>,
    /// Files of tables that stay as they are, and why.
    pub held_back: Vec<Refusal>,
}

/// Which issues of files the hub's tables were made from.
pub(crate) struct Issues<'a> {
    /// What the hub holds.
    hub: &'a HubFiles,
    /// SHA-256 of earlier issues, by path.
    superseded: BTreeMap<String, BTreeSet<String>>,
}

impl<'a> Issues<'a> {
    /// Reads the ledger.
    pub fn new(ledger: &Ledger, hub: &'a HubFiles) -> Self {
        let mut superseded: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for event in ledger.reissued() {
            superseded.entry(event.path).or_default().insert(event.old_sha256);
        }
        Self { hub, superseded }
    }

    /// The earlier issues of a file that tables were made from.
    fn old_in_hub(&self, path: &str) -> impl Iterator<Item = &String> {
        self.superseded.get(path).into_iter().flatten().filter(|hash| self.hub.has(hash))
    }

    /// Whether some table was made from an earlier issue of a file, and none from the newest.
    pub fn is_stale(&self, path: &str, newest: &str) -> bool {
        !self.hub.has(newest) && self.old_in_hub(path).next().is_some()
    }

    /// An input of the tables to be made anew that these files would not bring back; `None` when there is none.
    fn would_lose(&self, files: &[&Fetched]) -> Option<String> {
        let mut own: BTreeSet<&String> = files.iter().map(|file| &file.sha256).collect();
        own.extend(files.iter().filter_map(|file| self.superseded.get(&file.path)).flatten());
        let tables: BTreeSet<&String> = own.iter().flat_map(|hash| self.hub.tables_of(hash)).collect();
        let inputs = tables.into_iter().filter_map(|table| self.hub.provenance(table)).flat_map(|table| &table.inputs);
        inputs.filter(|input| !own.contains(&input.sha256)).map(|input| input.file.clone()).next()
    }
}

/// Sorts files by how they are converted: those the hub has are passed over, those that were issued anew need `replace`.
pub(crate) fn plan(job: &Job<'_>, files: &[(&Task, Fetched)]) -> ConversionPlan {
    let mut tables: BTreeMap<&TableKey, Vec<&Fetched>> = BTreeMap::new();
    for (task, file) in files {
        tables.entry(&task.table).or_default().push(file);
    }
    let issues = Issues::new(job.ledger, job.hub_files);
    let mut plan = ConversionPlan::default();
    for (table, files) in tables {
        let stale: Vec<&&Fetched> = files.iter().filter(|file| issues.is_stale(&file.path, &file.sha256)).collect();
        if stale.is_empty() {
            let (there, fresh): (Vec<&Fetched>, Vec<&Fetched>) =
                files.into_iter().partition(|file| job.hub_files.has(&file.sha256));
            // What was dropped is in the hub; a file of several members is looked at as long as it is here.
            let is_here = |file: &&&Fetched| job.raw.join(&file.path).is_file();
            plan.merged.extend(fresh.iter().filter(is_here).map(|file| (*file).clone()));
            plan.there.extend(there.into_iter().cloned());
            continue;
        }
        let missing = files.iter().find(|file| !job.raw.join(&file.path).is_file()).map(|file| &file.path);
        let hint = match (job.request.replace, issues.would_lose(&files), missing) {
            (true, None, None) => {
                plan.replaced.extend(files.into_iter().cloned());
                continue;
            }
            (false, ..) => "give --replace to make the table anew from what the venue has now".to_owned(),
            (true, Some(lost), _) => {
                format!("the table holds {lost} too, which is not part of this download: ask for all of its dates")
            }
            (true, None, Some(path)) => format!("{path} was dropped after conversion: start again to fetch it"),
        };
        plan.held_back.extend(stale.into_iter().map(|file| {
            let words = format!("was issued anew by the venue; the table {table} holds the rows of the old issue");
            Fault::file(words).hint(&hint).of(&job.raw.join(&file.path).display().to_string())
        }));
    }
    plan
}
