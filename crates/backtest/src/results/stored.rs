//! Reading runs back: by id or its beginning, with metrics and context.

use std::path::{Path, PathBuf};

use crosscut_model::nearest;
use serde_json::{Map, Value};

use super::documents::{METRICS, RUN_CONTEXT};
use super::error::ResultsError;
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
}

/// Reads a run by its id or the beginning of one.
pub(super) fn load(root: &Path, id: &str) -> Result<StoredRun, ResultsError> {
    let entry = load_entry(root, id)?;
    let folder = folder_of(root, &entry);
    let (metrics, data_quality) = read_metrics(&folder)?;
    let context = read_json(&folder.join(RUN_CONTEXT))?;
    Ok(StoredRun { entry, folder, metrics, data_quality, context })
}

/// The latest line of the ledger about a stored run.
pub(super) fn load_entry(root: &Path, id: &str) -> Result<RunEntry, ResultsError> {
    let mut entries = ledger::read(root)?.entries;
    entries.retain(|entry| entry.status != RunStatus::Failed && entry.run_id.is_some() && entry.folder.is_some());
    let mut ids: Vec<&str> = entries.iter().filter_map(|entry| entry.run_id.as_deref()).collect();
    ids.sort_unstable();
    ids.dedup();
    let candidates: Vec<&str> = ids.iter().copied().filter(|run_id| !id.is_empty() && run_id.starts_with(id)).collect();
    match candidates.as_slice() {
        [run_id] => {
            let at = entries.iter().rposition(|entry| entry.run_id.as_deref() == Some(run_id));
            Ok(entries.swap_remove(at.expect("the id was taken from these entries")))
        }
        [] => {
            let nearest = nearest(id, ids.iter().copied()).map(str::to_owned);
            Err(ResultsError::UnknownRun { id: id.to_owned(), root: root.to_owned(), nearest })
        }
        several => Err(ResultsError::AmbiguousRun {
            id: id.to_owned(),
            candidates: several.iter().map(|&run_id| run_id.to_owned()).collect(),
        }),
    }
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
