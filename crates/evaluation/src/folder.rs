//! The folder of an evaluation: written aside, renamed whole, checked later against its manifest and the hub.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use crosscut_hub::{Hub, hash_file, parquet_file};
use crosscut_model::BarSpec;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::document;
use crate::error::EvaluationError;
use crate::evaluate::Evaluation;
use crate::page;

/// The results as a document.
pub const DOCUMENT: &str = "evaluation.json";
/// The page to open.
pub const REPORT: &str = "report.html";
/// The report as text.
pub const MARKDOWN: &str = "report.md";
/// Names, sizes and hashes of the other files.
pub const MANIFEST: &str = "manifest.json";
/// Circumstances that may differ between two evaluations of one kind.
pub const CONTEXT: &str = "run_context.json";

/// A file as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenFile {
    /// Name inside the folder.
    pub name: String,
    /// Bytes.
    pub bytes: u64,
    /// BLAKE3, hex.
    pub blake3: String,
}

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
    /// Tables that are not there any more.
    pub tables_missing: Vec<String>,
    /// The program version that made it.
    pub code_version: String,
}

/// Writes the folder of an evaluation. A folder that holds an earlier evaluation is replaced; any other one that is not
/// empty is refused. `context` is written as it is and not part of the manifest.
///
/// # Errors
/// When the folder is something else, or cannot be written; what was there stays.
pub fn write(
    evaluation: &Evaluation,
    folder: &Path,
    code_version: &str,
    context: &Value,
) -> Result<Vec<WrittenFile>, EvaluationError> {
    check_free(folder)?;
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(EvaluationError::io("create", parent))?;
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let aside = parent.join(format!(".{name}.{}.part", std::process::id()));
    let _ = fs::remove_dir_all(&aside);
    let written = write_files(evaluation, &aside, code_version, context);
    let done = written.and_then(|files| swap(&aside, folder).map(|()| files));
    if done.is_err() {
        let _ = fs::remove_dir_all(&aside);
    }
    done
}

/// Demands that a folder does not exist, is empty, or holds an evaluation.
///
/// # Errors
/// When it holds something else, or is a file.
pub fn check_free(folder: &Path) -> Result<(), EvaluationError> {
    if folder.file_name().is_none() {
        return Err(EvaluationError::Folder(format!("`{}` is not the name of a folder", folder.display())));
    }
    if !folder.exists() {
        return Ok(());
    }
    let mut entries = fs::read_dir(folder).map_err(EvaluationError::io("list", folder))?;
    if entries.next().is_none() || folder.join(MANIFEST).is_file() && folder.join(DOCUMENT).is_file() {
        return Ok(());
    }
    Err(EvaluationError::Folder(format!(
        "the folder `{}` holds something that is no evaluation\nhint: name another folder with --out",
        folder.display()
    )))
}

/// Gives the folder its name, what was there before being removed only afterwards.
fn swap(aside: &Path, folder: &Path) -> Result<(), EvaluationError> {
    if !folder.exists() {
        return fs::rename(aside, folder).map_err(EvaluationError::io("rename to", folder));
    }
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let old = folder.with_file_name(format!(".{name}.{}.old", std::process::id()));
    fs::rename(folder, &old).map_err(EvaluationError::io("rename", folder))?;
    if let Err(error) = fs::rename(aside, folder) {
        let _ = fs::rename(&old, folder);
        return Err(EvaluationError::io("rename to", folder)(error));
    }
    fs::remove_dir_all(&old).map_err(EvaluationError::io("remove", &old))
}

/// Writes all files into a new folder.
fn write_files(
    evaluation: &Evaluation,
    folder: &Path,
    code_version: &str,
    context: &Value,
) -> Result<Vec<WrittenFile>, EvaluationError> {
    fs::create_dir_all(folder).map_err(EvaluationError::io("create", folder))?;
    let mut names = Vec::new();
    let mut text = |name: &str, text: &str| -> Result<(), EvaluationError> {
        names.push(name.to_owned());
        put(&folder.join(name), text.as_bytes())
    };
    text(DOCUMENT, &format!("{:#}\n", document::evaluation_json(evaluation, code_version)))?;
    text(MARKDOWN, &document::markdown(evaluation, code_version))?;
    text(REPORT, &page::render(evaluation, code_version))?;
    for (name, table) in document::tables(evaluation) {
        let name = format!("{name}.parquet");
        let path = folder.join(&name);
        parquet_file::write(&path, &table, &["timestamp"])?;
        File::open(&path).and_then(|file| file.sync_all()).map_err(EvaluationError::io("sync", &path))?;
        names.push(name);
    }
    names.sort();
    let file = |name: String| -> Result<WrittenFile, EvaluationError> {
        let path = folder.join(&name);
        let bytes = fs::metadata(&path).map_err(EvaluationError::io("look at", &path))?.len();
        Ok(WrittenFile { bytes, blake3: hash_file(&path)?, name })
    };
    let files: Vec<WrittenFile> = names.into_iter().map(file).collect::<Result<_, _>>()?;
    let manifest = json!({"format": document::FORMAT, "code_version": code_version, "files": files});
    put(&folder.join(MANIFEST), format!("{manifest:#}\n").as_bytes())?;
    put(&folder.join(CONTEXT), format!("{context:#}\n").as_bytes())?;
    Ok(files)
}

/// Writes a file and makes it durable.
fn put(path: &Path, bytes: &[u8]) -> Result<(), EvaluationError> {
    let mut file = File::create(path).map_err(EvaluationError::io("create", path))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(EvaluationError::io("write", path))
}

/// Reads a JSON file of a folder.
fn read_json(folder: &Path, name: &str) -> Result<Value, EvaluationError> {
    let path = folder.join(name);
    let text = fs::read_to_string(&path).map_err(EvaluationError::io("read", &path))?;
    serde_json::from_str(&text).map_err(|error| {
        EvaluationError::Folder(format!("`{}` is not the JSON that was written: {error}", path.display()))
    })
}

/// Checks the files of an evaluation against its manifest, and the tables it was made from against a hub.
///
/// # Errors
/// When the folder holds no evaluation, or a file cannot be read.
pub fn verify(folder: &Path, hub: Option<&Hub>) -> Result<Verification, EvaluationError> {
    if !folder.join(MANIFEST).is_file() {
        return Err(EvaluationError::Folder(format!(
            "`{}` holds no evaluation: it has no {MANIFEST}\nhint: name the folder that `crosscut evaluate` wrote",
            folder.display()
        )));
    }
    let manifest = read_json(folder, MANIFEST)?;
    let files: Vec<WrittenFile> = serde_json::from_value(manifest["files"].clone())
        .map_err(|error| EvaluationError::Folder(format!("`{}`: files: {error}", folder.join(MANIFEST).display())))?;
    let mut out = Verification {
        folder: folder.to_owned(),
        n_files: files.len(),
        problems: Vec::new(),
        tables_same: None,
        tables_changed: Vec::new(),
        tables_missing: Vec::new(),
        code_version: manifest["code_version"].as_str().unwrap_or_default().to_owned(),
    };
    for file in &files {
        let path = folder.join(&file.name);
        let is_inside = Path::new(&file.name).components().count() == 1 && !file.name.contains("..");
        if !is_inside || !path.is_file() {
            out.problems.push(format!("`{}` is missing", file.name.escape_debug()));
        } else if hash_file(&path)? != file.blake3 {
            out.problems.push(format!("`{}` was changed after it was written", file.name));
        }
    }
    if let Some(hub) = hub.filter(|_| out.problems.is_empty()) {
        check_tables(hub, &read_json(folder, DOCUMENT)?, &mut out);
    }
    Ok(out)
}

/// Compares the tables of the document with those of the hub.
fn check_tables(hub: &Hub, document: &Value, out: &mut Verification) {
    let mut same = 0;
    for input in document["inputs"].as_array().into_iter().flatten() {
        let (table, hash) =
            (input["table"].as_str().unwrap_or_default(), input["content_hash"].as_str().unwrap_or_default());
        match current_hash(hub, table) {
            Some(found) if found == hash => same += 1,
            Some(_) => out.tables_changed.push(table.to_owned()),
            None => out.tables_missing.push(table.to_owned()),
        }
    }
    out.tables_same = Some(same);
}

/// The content hash of a table as the hub states it; `None` when it is not there or no table of the hub.
fn current_hash(hub: &Hub, table: &str) -> Option<String> {
    let parts: Vec<&str> = table.split('/').collect();
    match parts.as_slice() {
        ["bars", venue, bar, symbol] => {
            let bar: BarSpec = bar.parse().ok()?;
            hub.bar_info(venue, &bar, symbol).ok().map(|info| info.content_hash)
        }
        ["factors", frame, set, symbol] => {
            hub.factor_set(frame.parse().ok()?, set).ok()?.content_hash(symbol).map(str::to_owned)
        }
        ["funding", venue, symbol] => hub.funding_info(venue, symbol).ok().map(|info| info.content_hash),
        ["instruments", file] => {
            let venue = file.strip_suffix(".parquet")?;
            hub.instruments_provenance(venue).ok()?.map(|provenance| provenance.content_hash)
        }
        _ => None,
    }
}
