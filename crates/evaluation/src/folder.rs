//! The folder of an evaluation: written aside, then put in the place of the earlier one in one step.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use crosscut_hub::{hash_file, parquet_file};
use fs4::FileExt;
use rustix::fs::{CWD, RenameFlags, renameat_with};
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
    // What a link leads to is replaced, not the link.
    let target = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let folder = target.as_path();
    let parent = parent_of(folder);
    fs::create_dir_all(parent).map_err(EvaluationError::io("create", parent))?;
    // Who writes beside this folder waits: what lies aside under the lock was left by the dead.
    let lock = File::open(parent).map_err(EvaluationError::io("open", parent))?;
    FileExt::lock(&lock).map_err(EvaluationError::io("lock", parent))?;
    recover(folder)?;
    check_free(folder)?;
    let aside = beside(folder, ".part");
    let written = write_files(evaluation, &aside, code_version, context);
    let done = written.and_then(|files| {
        sync(&aside)?;
        swap(&aside, folder)?;
        sync(parent)?;
        Ok(files)
    });
    if done.is_err() {
        let _ = fs::remove_dir_all(&aside);
    }
    done
}

/// The folder in which a folder lies.
fn parent_of(folder: &Path) -> &Path {
    folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// What an evaluation that was interrupted left beside a folder: the earlier one under another name, where the system
/// cannot exchange two names in one step, and what was being written, or was about to be removed.
pub(crate) fn left_beside(folder: &Path) -> (Option<PathBuf>, Option<PathBuf>) {
    let there = |end: &str| Some(beside(folder, end)).filter(|path| path.exists());
    (there(".old"), there(".part"))
}

/// A folder's place while it is written (`.part`), or while another takes its name (`.old`).
fn beside(folder: &Path, end: &str) -> PathBuf {
    folder.with_file_name(format!(".{}{end}", folder.file_name().unwrap_or_default().to_string_lossy()))
}

/// Puts right what a process that was killed left: a folder that had lost its name has it again, what is unfinished goes.
fn recover(folder: &Path) -> Result<(), EvaluationError> {
    let (part, old) = (beside(folder, ".part"), beside(folder, ".old"));
    if old.exists() && !folder.exists() {
        fs::rename(&old, folder).map_err(EvaluationError::io("rename to", folder))?;
    }
    for left in [part, old] {
        if left.exists() {
            fs::remove_dir_all(&left).map_err(EvaluationError::io("remove", &left))?;
        }
    }
    Ok(())
}

/// Demands that a folder does not exist, is empty, or holds an evaluation and nothing else: it will be replaced.
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
    if !folder.is_dir() {
        return Err(EvaluationError::Folder(format!("`{}` is a file; expected a folder", folder.display())));
    }
    let mut names: Vec<String> = fs::read_dir(folder)
        .map_err(EvaluationError::io("list", folder))?
        .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()))
        .collect::<Result<_, _>>()
        .map_err(EvaluationError::io("list", folder))?;
    names.sort();
    let written = written_names(folder);
    let Some(other) = names.iter().find(|name| !written.contains(name)) else { return Ok(()) };
    let what = if written.is_empty() { "something that is no evaluation" } else { "what no evaluation wrote" };
    Err(EvaluationError::Folder(format!(
        "the folder `{}` holds {what}: `{}`\nhint: name another folder with --out",
        folder.display(),
        other.escape_debug()
    )))
}

/// The files of the evaluation a folder holds; none when it holds none.
fn written_names(folder: &Path) -> Vec<String> {
    let manifest = fs::read(folder.join(MANIFEST)).ok().and_then(|text| serde_json::from_slice::<Value>(&text).ok());
    let files =
        manifest.and_then(|manifest| serde_json::from_value::<Vec<WrittenFile>>(manifest["files"].clone()).ok());
    let names = files.into_iter().flatten().map(|file| file.name);
    let names: Vec<String> = names.chain([MANIFEST.to_owned(), CONTEXT.to_owned()]).collect();
    if names.iter().any(|name| name == DOCUMENT) { names } else { Vec::new() }
}

/// Gives the folder its name. An earlier evaluation changes places with it in one step, so that there is a whole one at
/// any moment, and is removed afterwards; where the file system cannot do that, it is moved away first.
fn swap(aside: &Path, folder: &Path) -> Result<(), EvaluationError> {
    if !folder.exists() {
        return fs::rename(aside, folder).map_err(EvaluationError::io("rename to", folder));
    }
    if renameat_with(CWD, aside, CWD, folder, RenameFlags::EXCHANGE).is_ok() {
        return fs::remove_dir_all(aside).map_err(EvaluationError::io("remove", aside));
    }
    let old = beside(folder, ".old");
    fs::rename(folder, &old).map_err(EvaluationError::io("rename", folder))?;
    if let Err(error) = fs::rename(aside, folder) {
        let _ = fs::rename(&old, folder);
        return Err(EvaluationError::io("rename to", folder)(error));
    }
    fs::remove_dir_all(&old).map_err(EvaluationError::io("remove", &old))
}

/// Makes the entries of a folder durable.
fn sync(folder: &Path) -> Result<(), EvaluationError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(EvaluationError::io("sync", folder))
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
