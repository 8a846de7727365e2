//! `runs list|show|compare|verify`: the archive of runs. What takes more has a file of its own: `explain`, `rerun`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub use crosscut_backtest::inputs::InputChange;
use crosscut_backtest::results::{
    Archive, Deflation, Metric, RunEntry, RunStatus, StoredRun, UnreadableLine, compare, compare_page, preset_numbers,
};
pub use crosscut_backtest::results::{Capacity, Comparison, PresetNumbers, shown};
use crosscut_backtest::{inputs, results};
use crosscut_hub::Hub;
use crosscut_ingest::download::ledger::Stale;
use crosscut_ingest::import::{RawFiles, RawState};
use serde_json::Value;

use crate::data_verify::{StaleContents, stale_contents};
use crate::desk::Desk;
use crate::error::AppError;
use crate::events::Level;
use crate::rerun;

/// Runs, oldest first.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Runs {
    /// The runs asked for.
    pub runs: Vec<RunEntry>,
    /// Lines of the ledger that could not be read.
    pub unreadable: Vec<UnreadableLine>,
}

/// One metric.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct MetricEntry {
    /// Its name.
    pub name: String,
    /// Its value; `None` when it is undefined.
    pub value: Option<f64>,
    /// The value with its unit, for people.
    pub text: String,
    /// Periods per year and why, where the value is annualised by them.
    pub annualisation: Option<String>,
    /// Its definition.
    pub note: String,
}

/// A stored run.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Run {
    /// Its latest line in the ledger.
    pub entry: RunEntry,
    /// Its folder.
    pub folder: PathBuf,
    /// All metrics.
    pub metrics: Vec<MetricEntry>,
    /// What the Sharpe ratio is worth after all trials so far; `None` when the ledger does not say.
    pub trials: Option<Deflation>,
    /// Counts and notes about the data.
    pub data_quality: Value,
    /// The resolved configuration.
    pub config: Value,
    /// Names and content hashes of the tables it read.
    pub inputs: Vec<(String, String)>,
}

/// What a check of stored runs found.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Verified {
    /// One entry per run checked.
    pub runs: Vec<VerifiedRun>,
}

/// What a check of one run found.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct VerifiedRun {
    /// The run.
    pub run_id: String,
    /// What is wrong with its files, one sentence per file; empty when all is well.
    pub problems: Vec<String>,
    /// Tables of the hub that are not what the run read.
    pub changed_inputs: Vec<InputChange>,
    /// Tables it read that were made from data the venue has replaced since.
    pub stale_inputs: Vec<Stale>,
    /// The venue files its tables were made from, where a folder of raw files was named.
    pub raw_files: Option<RawFilesOfRun>,
    /// What could not be checked.
    pub notes: Vec<String>,
}

/// The venue files behind a run, against those in a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct RawFilesOfRun {
    /// Files that are there and are what was read.
    pub n_same: usize,
    /// Files that are not in the folder.
    pub n_absent: usize,
    /// Files of which only another content is there, by name.
    pub changed: Vec<String>,
}

impl VerifiedRun {
    /// Whether nothing is wrong with it.
    pub fn is_good(&self) -> bool {
        let is_raw_good = self.raw_files.as_ref().is_none_or(|raw| raw.changed.is_empty());
        self.problems.is_empty() && self.changed_inputs.is_empty() && self.stale_inputs.is_empty() && is_raw_good
    }
}

/// Every run ever made, or the `last` ones of a strategy.
///
/// # Errors
/// When the ledger is there but cannot be read.
pub fn list(desk: &Desk<'_>, strategy: Option<&str>, last: Option<usize>) -> Result<Runs, AppError> {
    let list = archive(desk).list()?;
    let mut runs: Vec<RunEntry> =
        list.entries.into_iter().filter(|run| strategy.is_none_or(|name| run.strategy == name)).collect();
    let n_left_out = last.map_or(0, |last| runs.len().saturating_sub(last));
    runs.drain(..n_left_out);
    for line in &list.unreadable {
        desk.events.message(Level::Warning, &format!("runs.jsonl, line {}: {}", line.line, line.reason));
    }
    Ok(Runs { runs, unreadable: list.unreadable })
}

/// One run, by its id or the beginning of it.
///
/// # Errors
/// Unknown or ambiguous ids, missing or malformed files.
pub fn show(desk: &Desk<'_>, id: &str) -> Result<Run, AppError> {
    let run = archive(desk).load(id)?;
    Ok(Run {
        trials: archive(desk).deflation(&run.id())?,
        metrics: run.metrics.iter().map(metric).collect(),
        config: run.config().clone(),
        inputs: run.inputs(),
        entry: run.entry,
        folder: run.folder,
        data_quality: run.data_quality,
    })
}

/// A run's numbers by the conventions of another library, annualised by `periods_per_year` or by its calendar.
///
/// # Errors
/// As [`show`], and unknown libraries.
pub fn preset(
    desk: &Desk<'_>,
    id: &str,
    library: &str,
    periods_per_year: Option<f64>,
) -> Result<PresetNumbers, AppError> {
    if periods_per_year.is_some_and(|n| !(n > 0.0 && n.is_finite())) {
        return Err(AppError::new("--periods-per-year: expected a number above 0"));
    }
    Ok(preset_numbers(&archive(desk).load(id)?, library, periods_per_year)?)
}

/// A run's return against capital, its orders moving prices by the square-root law.
///
/// # Errors
/// As [`show`], and when there is no hub.
pub fn capacity(desk: &Desk<'_>, id: &str, coefficient: f64) -> Result<Capacity, AppError> {
    if !(coefficient > 0.0 && coefficient.is_finite()) {
        return Err(AppError::new(format!("--impact {coefficient}: expected a number above 0")));
    }
    Ok(results::capacity(&desk.hub()?, &archive(desk).load(id)?, coefficient)?)
}

/// A metric for people and programs.
pub(crate) fn metric(metric: &Metric) -> MetricEntry {
    MetricEntry {
        name: metric.name.clone(),
        value: metric.value,
        text: metric.text(),
        annualisation: metric.annualisation.clone(),
        note: metric.note.clone(),
    }
}

/// Two runs side by side; with `page`, also as a page written there.
///
/// # Errors
/// As [`show`], and when the page cannot be written.
pub fn compare_two(desk: &Desk<'_>, first: &str, second: &str, page: Option<&Path>) -> Result<Comparison, AppError> {
    let archive = archive(desk);
    let (a, b): (StoredRun, StoredRun) = (archive.load(first)?, archive.load(second)?);
    let comparison = compare(&a, &b)?;
    if let Some(path) = page {
        let html = compare_page(&a, &b, &comparison)?;
        std::fs::write(path, html).map_err(|error| AppError::io("write", path, &error))?;
    }
    Ok(comparison)
}

/// Checks the files of runs against what was written, and the tables they read against the hub; of all runs when none
/// is named. With `raw`, also the venue files they were made from against those in that folder.
///
/// # Errors
/// Unknown or ambiguous ids; a folder or file that cannot be read.
pub fn verify(desk: &Desk<'_>, ids: &[String], raw: Option<&Path>) -> Result<Verified, AppError> {
    let archive = archive(desk);
    let mut wanted = ids.to_vec();
    if wanted.is_empty() {
        let is_stored = |run: &RunEntry| run.status != RunStatus::Failed && !run.is_many();
        let stored = archive.list()?.entries.into_iter().filter(is_stored);
        wanted = stored.filter_map(|run| run.run_id).collect();
        wanted.sort();
        wanted.dedup();
    }
    let hub = if desk.hub_root().exists() { Some(desk.hub()?) } else { None };
    let stale = stale_contents(desk)?;
    let mut runs = Vec::with_capacity(wanted.len());
    let mut files = raw.map(RawFiles::of).transpose()?;
    for name in wanted {
        let stored = files.as_ref().and_then(|_| archive.load(&name).ok());
        let raw_files = stored.zip(files.as_mut()).map(|(run, files)| raw_files(&run, files)).transpose()?;
        runs.push(VerifiedRun { raw_files, ..verify_one(&archive, (hub.as_ref(), &stale), name)? });
    }
    Ok(Verified { runs })
}

/// The venue files that a run recorded behind its tables, each once, against those of a folder. A source with `/` in its name
/// is a table of the hub, and a qlib instrument is several files read as one: neither is looked for.
fn raw_files(run: &StoredRun, files: &mut RawFiles) -> Result<RawFilesOfRun, AppError> {
    let inputs = run.context["inputs"].as_array().map(Vec::as_slice).unwrap_or_default();
    let sources = inputs.iter().filter_map(|input| input["sources"].as_array()).flatten();
    let named = sources.filter_map(|source| Some((source["file"].as_str()?, source["hash"].as_str()?)));
    let named: BTreeSet<(&str, &str)> =
        named.filter(|(file, _)| !file.contains('/') && !file.ends_with(".bin")).collect();
    let mut found = RawFilesOfRun::default();
    for (file, hash) in named {
        match files.state(file, hash)? {
            RawState::Same => found.n_same += 1,
            RawState::Absent => found.n_absent += 1,
            RawState::Differs => found.changed.push(file.to_owned()),
        }
    }
    Ok(found)
}

/// Checks one run: its files against the hashes they were written with, its inputs against the hub.
fn verify_one(
    archive: &Archive,
    (hub, stale): (Option<&Hub>, &StaleContents),
    name: String,
) -> Result<VerifiedRun, AppError> {
    let problems = archive.problems(&name)?;
    let (mut changed_inputs, mut stale_inputs, mut notes) = (Vec::new(), Vec::new(), Vec::new());
    let mut run_id = name.clone();
    let stored = archive.load(&name);
    if let Ok(run) = &stored {
        stale_inputs = run.inputs().iter().filter_map(|input| stale.get(input).cloned()).collect();
    }
    match (stored, hub) {
        (Ok(run), Some(hub)) => {
            match lists_of(&run) {
                Ok(lists) => changed_inputs = inputs::changes(hub, &run.inputs(), &lists),
                Err(error) => notes.push(format!("the inputs were not checked: {error}")),
            }
            run_id = run.id();
        }
        (Ok(run), None) => {
            run_id = run.id();
            notes.push("there is no hub to check the inputs against".to_owned());
        }
        (Err(error), _) => notes.push(format!("the inputs were not checked: {error}")),
    }
    Ok(VerifiedRun { run_id, problems, changed_inputs, stale_inputs, raw_files: None, notes })
}

/// The files beside the hub that a run's configuration names.
fn lists_of(run: &StoredRun) -> Result<Vec<String>, AppError> {
    Ok(rerun::config_of(run)?.0.prepare()?.lists())
}

/// The archive of the results folder.
pub(crate) fn archive(desk: &Desk<'_>) -> Archive {
    Archive::new(&desk.results_root())
}
