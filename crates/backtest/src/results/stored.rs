//! Reading runs back: by id or its beginning, with metrics and context.

use std::path::{Path, PathBuf};

use crosscut_model::nearest;
use serde_json::{Map, Value};

use super::documents::{METRICS, RUN_CONTEXT};
use super::error::ResultsError;
use super::explain::read_curve;
use super::ledger::{self, RunEntry, RunStatus};
use super::metrics::Metric;

/// A run as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredRun {
    /// Its latest line in the ledger.
    pub entry: RunEntry,
    /// Its folder.
    pub folder: PathBuf,
    /// All metrics in the order of the dictionary.
    pub metrics: Vec<Metric>,
    /// Counts and notes of `metrics.json`.
    pub data_quality: Value,
    /// The whole of `run_context.json`.
    pub context: Value,
}

impl StoredRun {
    /// Its id.
    pub fn id(&self) -> String {
        self.entry.run_id.clone().unwrap_or_default()
    }

    /// The resolved configuration.
    pub fn config(&self) -> &Value {
        &self.context["config"]
    }

    /// Names and content hashes of the tables it read, sorted.
    pub fn inputs(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let inputs = self.context["inputs"].as_array().map(Vec::as_slice).unwrap_or_default();
        inputs.iter().map(|input| (text(&input["name"]), text(&input["content_hash"]))).collect()
    }

    /// Labels (microseconds UTC) and equity after each of them, the bits that the run had: numbers are written in the shortest
    /// form that reads back the same.
    ///
    /// # Errors
    /// When the file of its curve is missing or malformed.
    pub fn equity(&self) -> Result<(Vec<i64>, Vec<f64>), ResultsError> {
        Ok(read_curve(&self.folder)?.into_iter().map(|row| (row.label, row.equity)).unzip())
    }
}

/// The word for the run made last.
const LATEST: &str = "latest";

/// A run's line in the ledger, and its folder.
#[derive(Debug)]
pub(super) struct Located {
    /// Its latest line.
    pub(super) entry: RunEntry,
    /// Its folder.
    pub(super) folder: PathBuf,
}

impl Located {
    /// Its id.
    pub(super) fn id(&self) -> &str {
        self.entry.run_id.as_deref().unwrap_or_default()
    }
}

/// Reads a run by its id, the beginning of one, its folder, or `latest`.
pub(super) fn load(root: &Path, name: &str) -> Result<StoredRun, ResultsError> {
    let located = locate(root, name)?;
    if !located.folder.is_dir() {
        let run_id = located.id().to_owned();
        return Err(ResultsError::Gone { run_id, folder: located.folder });
    }
    let Located { entry, folder } = located;
    let (metrics, data_quality) = read_metrics(&folder)?;
    let context = read_json(&folder.join(RUN_CONTEXT))?;
    Ok(StoredRun { entry, folder, metrics, data_quality, context })
}

/// Finds a stored run by its id, the beginning of one, its folder, or `latest`.
pub(super) fn locate(root: &Path, name: &str) -> Result<Located, ResultsError> {
    if name.contains(['/', '\\']) || name == "." {
        return at_path(root, Path::new(name));
    }
    let (many, mut entries): (Vec<RunEntry>, Vec<RunEntry>) =
        ledger::read(root)?.entries.into_iter().partition(RunEntry::is_many);
    entries.retain(|entry| entry.status != RunStatus::Failed && entry.run_id.is_some() && entry.folder.is_some());
    let at = if name == LATEST {
        entries.len().checked_sub(1).ok_or_else(|| unknown(root, name, &[]))?
    } else {
        let run_id = unambiguous(root, name, &entries).map_err(|error| of_many(root, name, &many).unwrap_or(error))?;
        let is_it = |entry: &RunEntry| entry.run_id.as_deref() == Some(run_id.as_str());
        entries.iter().rposition(is_it).expect("the id was taken from these entries")
    };
    let entry = entries.swap_remove(at);
    Ok(Located { folder: folder_of(root, &entry), entry })
}

/// The one id that begins with `name`.
fn unambiguous(root: &Path, name: &str, entries: &[RunEntry]) -> Result<String, ResultsError> {
    let mut ids: Vec<&str> = entries.iter().filter_map(|entry| entry.run_id.as_deref()).collect();
    ids.sort_unstable();
    ids.dedup();
    let begins = |run_id: &&&str| !name.is_empty() && run_id.starts_with(name);
    let candidates: Vec<&str> = ids.iter().filter(begins).copied().collect();
    match candidates.as_slice() {
        [run_id] => Ok((*run_id).to_owned()),
        _ if candidates.contains(&name) => Ok(name.to_owned()),
        [] => Err(unknown(root, name, &ids)),
        several => Err(ResultsError::AmbiguousRun {
            id: name.to_owned(),
            candidates: several.iter().map(|&run_id| run_id.to_owned()).collect(),
        }),
    }
}

/// The error for an id of many runs, which cannot be read as one; `None` where it is none.
fn of_many(root: &Path, name: &str, many: &[RunEntry]) -> Option<ResultsError> {
    let is_it = |entry: &&RunEntry| !name.is_empty() && entry.run_id.as_ref().is_some_and(|id| id.starts_with(name));
    let entry = many.iter().rfind(is_it)?;
    let folder = entry.folder.as_ref().map(|_| folder_of(root, entry));
    Some(ResultsError::ManyRuns { id: entry.run_id.clone()?, kind: entry.kind.clone(), folder })
}

/// The error for a run that is not there.
fn unknown(root: &Path, name: &str, ids: &[&str]) -> ResultsError {
    let nearest = nearest(name, ids.iter().copied()).map(str::to_owned);
    ResultsError::UnknownRun { id: name.to_owned(), root: root.to_owned(), nearest }
}

/// The run in a folder: its latest line in the ledger, or what its own context says when the ledger is elsewhere.
fn at_path(root: &Path, folder: &Path) -> Result<Located, ResultsError> {
    let context = read_json(&folder.join(RUN_CONTEXT))?;
    let text = |key: &str| context[key].as_str().unwrap_or_default().to_owned();
    let run_id = text("run_id");
    let same_folder = |entry: &RunEntry| {
        let stored = folder_of(root, entry);
        entry.run_id.as_deref() == Some(run_id.as_str()) && stored.canonicalize().ok() == folder.canonicalize().ok()
    };
    let known =
        ledger::read(root)?.entries.into_iter().rev().find(|entry| entry.folder.is_some() && same_folder(entry));
    let entry = known.unwrap_or_else(|| RunEntry {
        format: ledger::LEDGER_FORMAT,
        run_id: Some(run_id.clone()),
        strategy: text("strategy"),
        kind: text("kind"),
        status: RunStatus::Done,
        started_at: text("started_at"),
        seconds: 0.0,
        code_version: text("code_version"),
        inputs_hash: None,
        folder: None,
        context_blake3: None,
        headline: Default::default(),
        error: None,
        hypothesis: None,
        trial: None,
        part_of: None,
        lost: None,
        link: None,
    });
    Ok(Located { entry, folder: folder.to_owned() })
}

/// The folders that hold a run, sorted: `<strategy>/<run_id>` with a context.
pub(super) fn folders(root: &Path) -> Result<Vec<PathBuf>, ResultsError> {
    let inside = |folder: &Path| -> Result<Vec<PathBuf>, ResultsError> {
        let entries = std::fs::read_dir(folder).map_err(ResultsError::io("list", folder))?;
        let visible = |path: &PathBuf| !path.file_name().unwrap_or_default().to_string_lossy().starts_with('.');
        let paths = entries.map(|entry| entry.map(|entry| entry.path()).map_err(ResultsError::io("list", folder)));
        Ok(paths.collect::<Result<Vec<_>, _>>()?.into_iter().filter(|path| path.is_dir() && visible(path)).collect())
    };
    if !root.exists() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for strategy in inside(root)? {
        found.extend(inside(&strategy)?.into_iter().filter(|folder| folder.join(RUN_CONTEXT).is_file()));
    }
    found.sort();
    Ok(found)
}

/// Where an entry's files are. The folder's name comes from a file anybody can edit, so only its last two parts,
/// strategy and run, are used, and none that leads elsewhere.
pub(super) fn folder_of(root: &Path, entry: &RunEntry) -> PathBuf {
    let safe = |part: &&str| !part.is_empty() && *part != "." && *part != "..";
    let parts: Vec<&str> = entry.folder.as_deref().unwrap_or_default().split(['/', '\\']).filter(safe).collect();
    parts.iter().skip(parts.len().saturating_sub(2)).fold(root.to_owned(), |path, part| path.join(part))
}

/// `metrics.json` as metrics and data quality.
pub(super) fn read_metrics(folder: &Path) -> Result<(Vec<Metric>, Value), ResultsError> {
    let path = folder.join(METRICS);
    let mut object = read_object(&path)?;
    let data_quality = object.remove("data_quality").unwrap_or_default();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let metric = |(name, value): (String, Value)| Metric {
        value: value["value"].as_f64(),
        annualisation: text(&value["annualisation"]),
        note: text(&value["note"]).unwrap_or_default(),
        name,
    };
    Ok((object.into_iter().map(metric).collect(), data_quality))
}

/// Names and hashes of the files that `run_context.json` vouches for.
pub(super) fn read_file_hashes(folder: &Path) -> Result<Vec<(String, String)>, ResultsError> {
    let path = folder.join(RUN_CONTEXT);
    let context = read_json(&path)?;
    let malformed = || ResultsError::malformed(&path, "expected `files`, an object of names with `blake3`");
    let files = context["files"].as_object().ok_or_else(malformed)?;
    let pair = |(name, file): (&String, &Value)| {
        let inside = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\']);
        let hash = file["blake3"].as_str().filter(|_| inside).ok_or_else(malformed)?;
        Ok((name.clone(), hash.to_owned()))
    };
    files.iter().map(pair).collect()
}

/// The version of the program that wrote a folder, in words when it is not known.
pub(super) fn read_code_version(folder: &Path) -> String {
    let context = read_json(&folder.join(RUN_CONTEXT)).unwrap_or_default();
    context["code_version"].as_str().unwrap_or("unknown").to_owned()
}

/// A JSON file that holds an object.
fn read_object(path: &Path) -> Result<Map<String, Value>, ResultsError> {
    match read_json(path)? {
        Value::Object(object) => Ok(object),
        _ => Err(ResultsError::malformed(path, "expected a JSON object")),
    }
}

/// A JSON file.
fn read_json(path: &Path) -> Result<Value, ResultsError> {
    let bytes = std::fs::read(path).map_err(ResultsError::io("read", path))?;
    serde_json::from_slice(&bytes).map_err(|error| ResultsError::malformed(path, error.to_string()))
}
