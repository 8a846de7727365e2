//! Checks an evaluation's folder later: its files against the manifest, its data against a hub.
//!
//! A table of the hub counts as unchanged when the hub states the content that was judged and its bytes, hashed anew, are
//! those the hub states.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crosscut_hub::{FactorSet, Hub, HubError, bar_table_path, hash_file};
use crosscut_model::encode_path;
use rayon::prelude::*;
use serde::Serialize;
use serde_json::Value;

use crate::document::FORMAT;
use crate::error::EvaluationError;
use crate::folder::{CONTEXT, DOCUMENT, MANIFEST, WrittenFile, left_beside};
use crate::load::sum_hash;

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// The folder.
    pub folder: PathBuf,
    /// Files that were checked.
    pub n_files: usize,
    /// What is wrong with the files, one sentence each.
    pub problems: Vec<String>,
    /// Tables whose content in the hub is still the one that was judged; `None` when no hub was given.
    pub tables_same: Option<usize>,
    /// Tables whose content is another one now.
    pub tables_changed: Vec<String>,
    /// Tables whose bytes are not those the hub states, and why.
    pub tables_damaged: Vec<String>,
    /// Tables that are not there any more.
    pub tables_missing: Vec<String>,
    /// Version of the folder's form.
    pub format: u64,
    /// What is to be known of a folder in an earlier form.
    pub notes: Vec<String>,
    /// The program version that made it.
    pub code_version: String,
    /// What an evaluation that was interrupted, or is being written, has left beside the folder; no harm is in it.
    pub leftovers: Vec<PathBuf>,
}

impl Verification {
    /// Whether everything is as it was.
    pub fn is_good(&self) -> bool {
        let tables = [&self.tables_changed, &self.tables_damaged, &self.tables_missing];
        self.problems.is_empty() && tables.iter().all(|tables| tables.is_empty())
    }
}

/// What became of a table.
enum Found {
    /// It is the one that was judged.
    Same,
    /// It has another content.
    Changed,
    /// Its bytes are not what the hub states.
    Damaged(String),
    /// It is not there.
    Missing,
}

/// Reads a JSON file of a folder.
fn read_json(folder: &Path, name: &str) -> Result<Value, EvaluationError> {
    let path = folder.join(name);
    let text = fs::read_to_string(&path).map_err(EvaluationError::io("read", &path))?;
    serde_json::from_str(&text).map_err(|error| {
        EvaluationError::Folder(format!("`{}` is not the JSON that was written: {error}", path.display()))
    })
}

/// The version of a folder's form, and what is to be known of it when it is not this program's.
///
/// # Errors
/// For a form that this program does not know.
fn format_of(folder: &Path, manifest: &Value) -> Result<(u64, Vec<String>), EvaluationError> {
    let current = u64::from(FORMAT);
    let format = manifest["format"].as_u64().filter(|format| (1..=current).contains(format)).ok_or_else(|| {
        EvaluationError::Folder(format!(
            "`{}`: format {}; this program knows 1 to {current}\nhint: verify it with the program that wrote it, version {}",
            folder.join(MANIFEST).display(),
            manifest["format"],
            manifest["code_version"].as_str().unwrap_or("unknown")
        ))
    })?;
    let note = || {
        format!(
            "`{}` is in format {format}, of an earlier program; this one writes {current}: files and tables are verified all the same, but its {DOCUMENT} has other keys and definitions\nhint: evaluate again to compare it with new ones",
            folder.display()
        )
    };
    Ok((format, (format < current).then(note).into_iter().collect()))
}

/// Checks the files of an evaluation against its manifest, and the tables it was made from against a hub.
///
/// # Errors
/// When the folder holds no evaluation, or a file cannot be read.
pub fn verify(folder: &Path, hub: Option<&Hub>) -> Result<Verification, EvaluationError> {
    let (old, part) = left_beside(folder);
    if let Some(old) = old.as_ref().filter(|_| !folder.exists()) {
        return Err(EvaluationError::Folder(format!(
            "`{}` is not there: an evaluation was interrupted while it took its place; the one before is `{}`\nhint: evaluate again, or give it its name back",
            folder.display(),
            old.display()
        )));
    }
    if !folder.join(MANIFEST).is_file() {
        return Err(EvaluationError::Folder(format!(
            "`{}` holds no evaluation: it has no {MANIFEST}\nhint: name the folder that `crosscut evaluate` wrote",
            folder.display()
        )));
    }
    let manifest = read_json(folder, MANIFEST)?;
    let (format, notes) = format_of(folder, &manifest)?;
    let files: Vec<WrittenFile> = serde_json::from_value(manifest["files"].clone())
        .map_err(|error| EvaluationError::Folder(format!("`{}`: files: {error}", folder.join(MANIFEST).display())))?;
    let mut out = Verification {
        folder: folder.to_owned(),
        n_files: files.len(),
        problems: file_problems(folder, &files)?,
        tables_same: None,
        tables_changed: Vec::new(),
        tables_damaged: Vec::new(),
        tables_missing: Vec::new(),
        format,
        notes,
        code_version: manifest["code_version"].as_str().unwrap_or_default().to_owned(),
        leftovers: old.into_iter().chain(part).collect(),
    };
    if let Some(hub) = hub.filter(|_| out.problems.is_empty()) {
        // What it says of the group file's place is only a help: the file's hash decides.
        let context = read_json(folder, CONTEXT).unwrap_or(Value::Null);
        let group = context["group"].as_str().map(PathBuf::from);
        Tables { hub, group, sets: BTreeMap::new() }.check(&read_json(folder, DOCUMENT)?, &mut out);
    }
    Ok(out)
}

/// What is wrong with the files of a folder.
fn file_problems(folder: &Path, files: &[WrittenFile]) -> Result<Vec<String>, EvaluationError> {
    let mut problems = Vec::new();
    for file in files {
        let path = folder.join(&file.name);
        let is_inside = Path::new(&file.name).components().count() == 1 && !file.name.contains("..");
        if !is_inside || !path.is_file() {
            problems.push(format!("`{}` is missing", file.name.escape_debug()));
        } else if hash_file(&path)? != file.blake3 {
            problems.push(format!("`{}` was changed after it was written", file.name));
        }
    }
    if !files.iter().any(|file| file.name == DOCUMENT) {
        problems.push(format!("the manifest does not name `{DOCUMENT}`"));
    }
    let known = |name: &str| name == MANIFEST || name == CONTEXT || files.iter().any(|file| file.name == name);
    let mut others: Vec<String> = fs::read_dir(folder)
        .map_err(EvaluationError::io("list", folder))?
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
        .filter(|name| !known(name))
        .collect();
    others.sort();
    problems.extend(others.iter().map(|name| format!("`{}` was added after it was written", name.escape_debug())));
    Ok(problems)
}

/// Where tables are looked up.
struct Tables<'a> {
    /// The hub.
    hub: &'a Hub,
    /// Where the group file was.
    group: Option<PathBuf>,
    /// Factor sets by timeframe and name; `None` for one that is not there.
    sets: BTreeMap<(String, String), Option<FactorSet>>,
}

impl Tables<'_> {
    /// Compares the tables of the document with those of the hub.
    fn check(mut self, document: &Value, out: &mut Verification) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let inputs: Vec<(String, String)> = document["inputs"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|input| (text(&input["table"]), text(&input["content_hash"])))
            .collect();
        for (table, _) in &inputs {
            if let ["factors", frame, set, ..] = table.split('/').collect::<Vec<_>>()[..] {
                let open = || self.hub.factor_set(frame.parse().ok()?, set).ok();
                self.sets.entry((frame.to_owned(), set.to_owned())).or_insert_with(open);
            }
        }
        let found: Vec<Found> = inputs.par_iter().map(|(table, hash)| self.found(table, hash)).collect();
        let mut same = 0;
        for ((table, _), found) in inputs.into_iter().zip(found) {
            match found {
                Found::Same => same += 1,
                Found::Changed => out.tables_changed.push(table),
                Found::Damaged(why) => out.tables_damaged.push(format!("{table}: {why}")),
                Found::Missing => out.tables_missing.push(table),
            }
        }
        out.tables_same = Some(same);
    }

    /// What became of a table whose content hash was `hash`.
    fn found(&self, table: &str, hash: &str) -> Found {
        let parts: Vec<&str> = table.split('/').collect();
        let set = |frame: &str, set: &str| self.sets.get(&(frame.to_owned(), set.to_owned()))?.as_ref();
        match parts.as_slice() {
            ["bars", venue, bar, symbol] => {
                let Ok(bar) = bar.parse() else { return Found::Missing };
                let stated = self.hub.bar_info(venue, &bar, symbol).ok().map(|info| info.content_hash);
                let path = bar_table_path(venue, &bar, symbol);
                judged(stated, hash, || path.and_then(|path| self.hub.verify_table(&path)))
            }
            ["funding", venue, symbol] => {
                let stated = self.hub.funding_info(venue, symbol).ok().map(|info| info.content_hash);
                let path = format!("funding/{venue}/{}.parquet", encode_path(symbol));
                judged(stated, hash, || self.hub.verify_table(&path))
            }
            ["instruments", file] => {
                let provenance =
                    file.strip_suffix(".parquet").and_then(|venue| self.hub.instruments_provenance(venue).ok()?);
                let stated = provenance.map(|provenance| provenance.content_hash);
                judged(stated, hash, || self.hub.verify_table(table))
            }
            ["factors", frame, name, symbol] => {
                let Some(set) = set(frame, name) else { return Found::Missing };
                judged(set.content_hash(symbol).map(str::to_owned), hash, || set.verify_symbol(symbol))
            }
            ["factors", frame, name] => {
                let Some(set) = set(frame, name) else { return Found::Missing };
                judged(Some(sum_hash(set)), hash, || set.verify())
            }
            ["pools" | "calendars", _] => judged(hash_file(&self.hub.root().join(table)).ok(), hash, || Ok(())),
            ["groups", _] => {
                let stated = self.group.as_ref().and_then(|path| hash_file(path).ok());
                judged(stated, hash, || Ok(()))
            }
            _ => Found::Missing,
        }
    }
}

/// What a table is whose hub states the content `stated`, when `hash` was judged; `verify` hashes its bytes.
fn judged(stated: Option<String>, hash: &str, verify: impl FnOnce() -> Result<(), HubError>) -> Found {
    match stated {
        None => Found::Missing,
        Some(stated) if stated != hash => Found::Changed,
        Some(_) => verify().map_or_else(|error| Found::Damaged(error.to_string()), |()| Found::Same),
    }
}
