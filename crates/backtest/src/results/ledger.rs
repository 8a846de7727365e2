//! `runs.jsonl`, the append-only truth about every run made in a results folder, and `index.json`, made from it.
//!
//! One line per run, failed ones too. A line is appended and synced under a lock on `.lock`; the index is rebuilt under
//! the same lock and renamed. A line that a crash cut off is reported and stepped over, never removed.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use fs4::FileExt;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::chain::{self, Head};
use super::error::ResultsError;
use super::folder::sync_folder;
use super::trials::Trial;

/// Version of a ledger line and of the index.
pub(super) const LEDGER_FORMAT: u32 = 1;
/// The ledger's file name.
pub(super) const LEDGER: &str = "runs.jsonl";
/// The index's file name.
pub(super) const INDEX: &str = "index.json";
/// The file that is locked; it never holds anything.
const LOCK: &str = ".lock";

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Its folder was written.
    Done,
    /// Its folder was there already, was verified and left.
    Reused,
    /// It ended with an error; there is no folder.
    Failed,
    /// A sweep that has begun; another line follows when it ends. One that was stopped for good has only this.
    Begun,
}

impl RunStatus {
    /// The name in the ledger.
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Reused => "reused",
            Self::Failed => "failed",
            Self::Begun => "begun",
        }
    }
}

/// One line of the ledger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunEntry {
    /// Version of the line's form.
    pub format: u32,
    /// The run; `None` for a failure before its configuration and inputs were known.
    pub run_id: Option<String>,
    /// Strategy name; may be empty for an early failure.
    pub strategy: String,
    /// The command: `backtest`, `pipeline`; later ones add theirs.
    pub kind: String,
    /// How it ended.
    pub status: RunStatus,
    /// When it began, ISO-8601 with `Z`.
    pub started_at: String,
    /// Wall time up to the writing of results, seconds.
    pub seconds: f64,
    /// Version of the program.
    pub code_version: String,
    /// Which data it read, see [`super::inputs_hash`]; `None` when a failure came before that was known.
    pub inputs_hash: Option<String>,
    /// The run's folder below the results folder; `None` for a failure.
    pub folder: Option<String>,
    /// BLAKE3 of the folder's `run_context.json`, which holds the hashes of all other files.
    pub context_blake3: Option<String>,
    /// A few metrics, so that a list needs no other file; `null` is undefined.
    #[serde(default)]
    pub headline: BTreeMap<String, Option<f64>>,
    /// The error message of a failure.
    pub error: Option<String>,
    /// The strategy family and data it is a trial of, see `trials`; `None` in lines of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hypothesis: Option<String>,
    /// What it says as a trial; `None` for a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial: Option<Trial>,
    /// The sweep that made the run's folder for one of its sets, which counts it already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_of: Option<String>,
    /// What was missing of the ledger when this line was added, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<String>,
    /// Link to the lines before, see `chain`; written by the ledger itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// A line that is not an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnreadableLine {
    /// Line number, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

/// All entries of a results folder.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunList {
    /// Entries in the order they were appended.
    pub entries: Vec<RunEntry>,
    /// Lines that could not be read: cut off by a crash, or edited.
    pub unreadable: Vec<UnreadableLine>,
}

/// Reads the ledger; a folder without one has no runs.
pub(super) fn read(root: &Path) -> Result<RunList, ResultsError> {
    Ok(parse(&bytes(root)?))
}

/// The ledger's bytes; none without a ledger.
pub(super) fn bytes(root: &Path) -> Result<Vec<u8>, ResultsError> {
    let path = root.join(LEDGER);
    match fs::read(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        read => read.map_err(ResultsError::io("read", &path)),
    }
}

/// The entries in a ledger's bytes.
fn parse(bytes: &[u8]) -> RunList {
    let mut list = RunList::default();
    for (idx, line) in bytes.split(|&byte| byte == b'\n').enumerate().filter(|(_, line)| !line.is_empty()) {
        match serde_json::from_slice(line) {
            Ok(entry) => list.entries.push(entry),
            Err(error) => list.unreadable.push(UnreadableLine { line: idx + 1, reason: error.to_string() }),
        }
    }
    list
}

/// Appends an entry, linked to what is there, and rebuilds the index, both under the lock. Lines that could not be read are
/// in the result.
pub(super) fn append(root: &Path, entry: RunEntry) -> Result<Vec<UnreadableLine>, ResultsError> {
    fs::create_dir_all(root).map_err(ResultsError::io("create", root))?;
    let lock = Lock::acquire(root)?;
    let before = bytes(root)?;
    let entry = RunEntry { link: Some(chain::head(&before).hash), lost: chain::lost(root, &before), ..entry };
    append_line(&root.join(LEDGER), &entry)?;
    let after = bytes(root)?;
    let list = parse(&after);
    write_index(root, &list, &chain::head(&after))?;
    drop(lock);
    Ok(list.unreadable)
}

/// The lock that all writers of one results folder take; released when dropped, also by a crash.
struct Lock {
    /// The locked file.
    file: File,
}

impl Lock {
    /// Waits for the lock.
    fn acquire(root: &Path) -> Result<Self, ResultsError> {
        let path = root.join(LOCK);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(ResultsError::io("open", &path))?;
        FileExt::lock(&file).map_err(ResultsError::io("lock", &path))?;
        Ok(Self { file })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file releases the lock too; there is nobody to tell about a failure.
        let _ = FileExt::unlock(&self.file);
    }
}

/// Appends one line in one write and makes it durable. After a line cut off by a crash, a line feed comes first.
fn append_line(path: &Path, entry: &RunEntry) -> Result<(), ResultsError> {
    let mut file =
        OpenOptions::new().create(true).read(true).append(true).open(path).map_err(ResultsError::io("open", path))?;
    let mut line = Vec::new();
    if file.seek(SeekFrom::End(-1)).is_ok() {
        let mut last = [0];
        file.read_exact(&mut last).map_err(ResultsError::io("read", path))?;
        if last != [b'\n'] {
            line.push(b'\n');
        }
    }
    serde_json::to_writer(&mut line, entry).expect("an entry has only text keys");
    line.push(b'\n');
    file.write_all(&line).and_then(|()| file.sync_all()).map_err(ResultsError::io("append to", path))
}

/// Replaces the index: each run once with its latest entry and how often it was made, then the failures.
fn write_index(root: &Path, list: &RunList, head: &Head) -> Result<(), ResultsError> {
    let text = format!("{:#}\n", index_of(list, head));
    let aside: PathBuf = root.join(".index.json.new");
    let mut file = File::create(&aside).map_err(ResultsError::io("create", &aside))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(ResultsError::io("write", &aside))?;
    let path = root.join(INDEX);
    fs::rename(&aside, &path).map_err(ResultsError::io("rename to", &path))?;
    sync_folder(root)
}

/// The content of the index.
fn index_of(list: &RunList, head: &Head) -> Value {
    let mut runs: BTreeMap<&str, (usize, &RunEntry)> = BTreeMap::new();
    let mut failures = Vec::new();
    for entry in &list.entries {
        match (&entry.run_id, entry.status) {
            (_, RunStatus::Failed) | (None, _) => failures.push(entry),
            (Some(run_id), _) => {
                let (n_times, latest) = runs.entry(run_id).or_insert((0, entry));
                *n_times += 1;
                *latest = entry;
            }
        }
    }
    // The latest run first: that is what one looks for.
    let mut latest: Vec<(usize, &RunEntry)> = runs.into_values().collect();
    latest.sort_by(|a, b| b.1.started_at.cmp(&a.1.started_at).then_with(|| a.1.run_id.cmp(&b.1.run_id)));
    let runs: Vec<Value> = latest
        .into_iter()
        .map(|(n_times, entry)| {
            json!({
                "run_id": entry.run_id, "strategy": entry.strategy, "kind": entry.kind, "folder": entry.folder,
                "n_times": n_times, "last_started_at": entry.started_at, "code_version": entry.code_version,
                "inputs_hash": entry.inputs_hash, "headline": entry.headline,
            })
        })
        .collect();
    json!({
        "format": LEDGER_FORMAT,
        "n_entries": list.entries.len(),
        "head": head,
        "runs": runs,
        "failures": failures,
        "unreadable_lines": list.unreadable,
    })
}
