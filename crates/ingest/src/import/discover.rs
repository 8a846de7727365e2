//! Which files there are: those named, and those found in named folders.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::name::is_candles;
use super::qlib;
use crate::error::{Fault, Refusal};

/// Endings of files that some importer reads.
const ENDINGS: [&str; 6] = [".zip", ".csv", ".csv.gz", ".parquet", ".feather", ".txt"];

/// Folders within folders are searched this deep.
const DEPTH_MAX: usize = 32;

/// The files to look at.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Discovered {
    /// Files to import, in order of path, each once.
    pub files: Vec<PathBuf>,
    /// Files in folders that no importer reads.
    pub ignored: Vec<String>,
    /// Paths that cannot be read.
    pub refusals: Vec<Refusal>,
}

/// Finds the files behind the given paths.
pub(crate) fn discover(paths: &[PathBuf]) -> Discovered {
    let mut found = Discovered::default();
    let mut files = BTreeSet::new();
    for path in paths {
        if is_checksum(path) {
            // A pattern of the shell names them too. Each is read with its archive; alone it means that one is missing.
            if !path.with_extension("").is_file() {
                let fault = Fault::file("the file it is the checksum of is not beside it");
                found.refusals.push(fault.hint("fetch the archive itself").of(&path.display().to_string()));
            }
        } else if path.is_dir() {
            walk(path, DEPTH_MAX, &mut files, &mut found);
        } else if path.exists() {
            files.insert(path.clone());
        } else {
            let fault = Fault::file("there is no such file or folder").hint("check the path");
            found.refusals.push(fault.of(&path.display().to_string()));
        }
    }
    let mut seen = BTreeSet::new();
    // `./a.zip` and `a.zip` are one file.
    found.files = files.into_iter().filter(|path| seen.insert(path.canonicalize().unwrap_or(path.clone()))).collect();
    found.ignored.sort();
    found
}

/// Whether a path is a `.CHECKSUM` file.
fn is_checksum(path: &Path) -> bool {
    path.is_file() && path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("checksum"))
}

/// Whether a path is a list that qlib keeps beside its features.
fn is_of_qlib(path: &Path) -> bool {
    let folder = path.parent();
    let root = folder.and_then(Path::parent);
    folder.and_then(Path::file_name).is_some_and(|name| name == "calendars" || name == "instruments")
        && root.is_some_and(|root| root.join("features").is_dir())
}

/// Adds the files of a folder and of the folders in it.
fn walk(folder: &Path, depth: usize, files: &mut BTreeSet<PathBuf>, found: &mut Discovered) {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            found.refusals.push(Fault::file(format!("cannot be listed: {error}")).of(&folder.display().to_string()));
            return;
        }
    };
    for entry in entries.flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().to_lowercase());
        if name.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            // Links may lead back to a folder above; the depth ends the round trip.
            if depth > 0 && !path.is_symlink() {
                walk(&path, depth - 1, files, found);
            }
        } else if ENDINGS.iter().any(|ending| name.ends_with(ending)) && !is_of_qlib(&path)
            || qlib::is_first(&path)
            || is_candles(&path)
        {
            files.insert(path);
        } else if qlib::is_feature(&path) || is_of_qlib(&path) {
            // Read together with the instrument's close.
        } else if !name.ends_with(".checksum") {
            found.ignored.push(path.display().to_string());
        }
    }
}
