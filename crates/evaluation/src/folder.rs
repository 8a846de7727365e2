//! The folder of an evaluation: written aside, renamed whole.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use crosscut_hub::{hash_file, parquet_file};
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
