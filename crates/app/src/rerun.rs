//! `runs rerun`: a stored run made again from its own record and compared bit for bit.
//!
//! A run that cannot be made again because the hub has changed is told by the first table that is not what it was, with
//! both hashes, and by the raw files behind it where they tell more.

use std::path::{Path, PathBuf};

use crosscut_backtest::BacktestConfig;
use crosscut_backtest::inputs::{self, InputChange};
use crosscut_backtest::results::{
    Archive, Aside, ENGINE_VERSION, FileDifference, RERUN, RunKind, RunRecord, StoredRun, compare_folders,
};
use crosscut_hub::Hub;
use serde_json::Value;

use crate::backtest::{self, Watch};
use crate::desk::Desk;
use crate::error::AppError;
use crate::events::Level;
use crate::runs;

/// What came of a rerun.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Rerun {
    /// The run.
    pub run_id: String,
    /// Its folder.
    pub folder: PathBuf,
    /// Whether every file that follows from the run's identity came out the same.
    pub identical: bool,
    /// How many files were compared.
    pub n_files: usize,
    /// Files that came out otherwise.
    pub differences: Vec<FileDifference>,
    /// Tables that are not what the run read; when there are any, nothing was computed.
    pub changed_inputs: Vec<InputChange>,
    /// Of the first changed table, the raw files or tables behind it that are not what they were.
    pub changed_sources: Vec<String>,
    /// What else is wrong, and what to do.
    pub notes: Vec<String>,
}

/// Makes a run again.
///
/// # Errors
/// Unknown or ambiguous ids, damaged records, configurations this version cannot read, and whatever keeps a run from running.
pub fn rerun(desk: &Desk<'_>, name: &str) -> Result<Rerun, AppError> {
    let run = runs::archive(desk).load(name)?;
    let hub = desk.hub()?;
    let (config, command) = config_of(&run)?;
    let lists = config.prepare()?.lists();
    let mut result = Rerun {
        run_id: run.id(),
        folder: run.folder.clone(),
        identical: false,
        n_files: 0,
        differences: Vec::new(),
        changed_inputs: inputs::changes(&hub, &run.inputs(), &lists),
        changed_sources: Vec::new(),
        notes: Vec::new(),
    };
    note_engine(&run, &mut result);
    if result.changed_inputs.is_empty() {
        again(desk, (&hub, &run), (config, command), &mut result)?;
    }
    if let Some(first) = result.changed_inputs.first() {
        result.changed_sources = changed_sources(&hub, &run, &first.name);
        result.notes.push(
            "put that table back as it was (from a backup, or by importing the same files again), or make a new run of the hub as it is"
                .to_owned(),
        );
    }
    Ok(result)
}

/// Says when another version of the engine made the run.
fn note_engine(run: &StoredRun, result: &mut Rerun) {
    let version = run.context["engine_version"].as_str().unwrap_or("unknown");
    if version != ENGINE_VERSION {
        result.notes.push(format!(
            "the run was made by engine version {version}, this is {ENGINE_VERSION}: its id and numbers may differ for that alone; run it with that version to reproduce it"
        ));
    }
}

/// Computes the run and compares the folders.
fn again(
    desk: &Desk<'_>,
    (hub, run): (&Hub, &StoredRun),
    (config, command): (BacktestConfig, Option<Value>),
    result: &mut Rerun,
) -> Result<(), AppError> {
    let mut watch = Watch::start(desk.clock);
    desk.events.message(Level::Debug, "loading bars and factors");
    let loaded = backtest::load(hub, &config)?;
    let kind = if run.entry.kind == RunKind::Pipeline.name() { RunKind::Pipeline } else { RunKind::Backtest };
    let record: RunRecord = backtest::record(desk, &config, &loaded, (kind, command), &mut watch)?;
    let now: Vec<(String, String)> =
        record.inputs.iter().map(|input| (input.name.clone(), input.content_hash.clone())).collect();
    result.changed_inputs = inputs::differences(&run.inputs(), &now);
    if !result.changed_inputs.is_empty() {
        return Ok(());
    }
    if record.config != *run.config() {
        result.notes.push("this version resolves the configuration to other settings than the run recorded".to_owned());
    }
    let outcome = loaded.replay(hub, &config)?;
    let aside = aside(&desk.results_root(), &result.run_id)?;
    let published = Archive::new(aside.path()).publish(&record, &outcome)?;
    let compared = compare_folders(&run.folder, &published.folder)?;
    result.n_files = compared.n_files;
    result.differences = compared.differences;
    result.identical = result.differences.is_empty();
    let problems = runs::archive(desk).problems(&run.folder.to_string_lossy()).unwrap_or_default();
    if !result.identical && !problems.is_empty() {
        result.notes.push(format!("the stored files are not those that were written: {}", problems.join("; ")));
    }
    Ok(())
}

/// The configuration a run recorded, and what its command had added.
pub(crate) fn config_of(run: &StoredRun) -> Result<(BacktestConfig, Option<Value>), AppError> {
    let mut config = run.config().clone();
    let command = config.as_object_mut().and_then(|object| object.remove("command"));
    let mut config: BacktestConfig = serde_json::from_value(config).map_err(|error| {
        AppError::new(format!("the configuration of run {} cannot be read by this version: {error}", run.id()))
            .hint("run it again with the version that made it; `crosscut runs show` says which")
    })?;
    // A formula is recorded as the factor too, which nobody asks for by name.
    if config.factor_formula.is_some() && config.params.get("factor") == config.factor_formula.as_ref() {
        config.params.remove("factor");
    }
    Ok((config, command))
}

/// The sources of a table that are not those the run recorded, in words.
fn changed_sources(hub: &Hub, run: &StoredRun, table: &str) -> Vec<String> {
    let Ok(Some(provenance)) = hub.provenance(table) else { return Vec::new() };
    let inputs = run.context["inputs"].as_array().map(Vec::as_slice).unwrap_or_default();
    let Some(input) = inputs.iter().find(|input| input["name"] == table) else { return Vec::new() };
    let sources = input["sources"].as_array().map(Vec::as_slice).unwrap_or_default();
    let then: Vec<(&str, &str)> =
        sources.iter().filter_map(|source| Some((source["file"].as_str()?, source["hash"].as_str()?))).collect();
    let mut out = Vec::new();
    for (file, hash) in &then {
        match provenance.inputs.iter().find(|input| input.file == *file) {
            Some(input) if input.sha256 == *hash => {}
            Some(input) => out.push(format!("{file}: hash was {hash}, is {}", input.sha256)),
            None => out.push(format!("{file}: no longer among its sources (hash was {hash})")),
        }
    }
    for input in provenance.inputs.iter().filter(|input| !then.iter().any(|(file, _)| *file == input.file)) {
        out.push(format!("{}: new (hash {})", input.file, input.sha256));
    }
    out
}

/// A folder for the second making of a run, removed when done: inside the results folder, where there is room for a run;
/// where nothing may be written there, among the system's temporary files.
fn aside(results: &Path, run_id: &str) -> Result<Aside, AppError> {
    let label = format!("{RERUN}{run_id}");
    Ok(Aside::create(results, &label).or_else(|_| Aside::create(&std::env::temp_dir(), &label))?)
}
