//! A run's folder: written aside, synced, renamed whole; later checked against the hashes it was published with.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rayon::prelude::*;
use serde::Serialize;

use super::documents::{LOGS, RUN_CONTEXT};
use super::error::ResultsError;

/// Rows formatted as one piece of work.
const CHUNK_ROWS: usize = 16_384;
/// Pieces formatted side by side before they are written: bounds the memory for tables of any length.
const CHUNKS_AT_ONCE: usize = 16;

/// A file of a run's folder as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenFile {
    /// File name.
    pub name: String,
    /// Size in bytes.
    pub bytes: u64,
    /// BLAKE3 of the content, hex.
    pub blake3: String,
}

/// A folder under construction; removed again if it is dropped before [`Aside::publish`].
#[derive(Debug)]
pub(super) struct Aside {
    /// Where it is built.
    path: PathBuf,
    /// Whether it has its final name.
    published: bool,
}

/// Distinguishes folders that one process builds at the same time.
static SERIAL: AtomicU64 = AtomicU64::new(0);

impl Aside {
    /// Creates an empty folder beside the final one, named so that no other writer can have chosen it.
    pub(super) fn create(final_path: &Path) -> Result<Self, ResultsError> {
        let parent = final_path.parent().unwrap_or(Path::new("."));
        let name = final_path.file_name().unwrap_or_default().to_string_lossy();
        fs::create_dir_all(parent).map_err(ResultsError::io("create", parent))?;
        loop {
            let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
            let path = parent.join(format!(".{name}.{}-{serial}", std::process::id()));
            match fs::create_dir(&path) {
                Ok(()) => {
                    sweep(parent, &path);
                    return Ok(Self { path, published: false });
                }
                // Left by a killed process, or in use by one of the same number in another container: not ours.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(ResultsError::io("create", &path)(error)),
            }
        }
    }

    /// Opens a file of the folder for writing.
    pub(super) fn file(&self, name: &str) -> Result<HashedFile, ResultsError> {
        HashedFile::create(self.path.join(name))
    }

    /// Gives the folder its final name. `false` when another writer was faster: theirs stays, this one goes.
    pub(super) fn publish(mut self, final_path: &Path) -> Result<bool, ResultsError> {
        sync_folder(&self.path)?;
        match fs::rename(&self.path, final_path) {
            Ok(()) => {
                self.published = true;
                sync_folder(final_path.parent().unwrap_or(Path::new(".")))?;
                Ok(true)
            }
            Err(error) if matches!(error.kind(), ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists) => Ok(false),
            Err(error) => Err(ResultsError::io("rename to", final_path)(error)),
        }
    }
}

/// Age beyond which a folder under construction belongs to a process that was killed: writing one takes seconds.
const ABANDONED_AFTER: Duration = Duration::from_secs(6 * 3600);

/// Removes what killed processes left beside `fresh`, a folder just made: hidden folders named as only [`Aside::create`]
/// names them, and so much older than it by the file system's own clock. Failures leave hidden folders behind, no more.
fn sweep(parent: &Path, fresh: &Path) {
    let changed = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let (Some(now), Ok(entries)) = (changed(fresh), fs::read_dir(parent)) else { return };
    for entry in entries.flatten().filter(|entry| is_aside(&entry.file_name().to_string_lossy())) {
        let age = changed(&entry.path()).and_then(|then| now.duration_since(then).ok());
        if age.is_some_and(|age| age > ABANDONED_AFTER) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Whether a name is one that [`Aside::create`] gives: `.<run id>.<process>-<number>`.
fn is_aside(name: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let parts = name.strip_prefix('.').and_then(|rest| rest.split_once('.'));
    let numbers = parts.and_then(|(id, numbers)| Some((id, numbers.split_once('-')?)));
    numbers.is_some_and(|(id, (process, number))| {
        id.bytes().all(|byte| byte.is_ascii_hexdigit()) && is_number(process) && is_number(number)
    })
}

impl Drop for Aside {
    fn drop(&mut self) {
        if !self.published {
            // Nothing refers to it; a failure to remove only leaves a hidden folder behind.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// Makes the names inside a folder durable.
pub(super) fn sync_folder(path: &Path) -> Result<(), ResultsError> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(ResultsError::io("sync", path))
}

/// A file that is hashed while it is written.
#[derive(Debug)]
pub(super) struct HashedFile {
    /// Where it is.
    path: PathBuf,
    /// The open file.
    file: File,
    /// Hash of all bytes so far.
    hasher: blake3::Hasher,
    /// Number of bytes so far.
    bytes: u64,
}

impl HashedFile {
    /// Creates the file.
    fn create(path: PathBuf) -> Result<Self, ResultsError> {
        let file = File::create(&path).map_err(ResultsError::io("create", &path))?;
        Ok(Self { path, file, hasher: blake3::Hasher::new(), bytes: 0 })
    }

    /// Appends bytes; callers hand over large pieces, so there is no buffer in between.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), ResultsError> {
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
        self.file.write_all(bytes).map_err(ResultsError::io("write", &self.path))
    }

    /// Writes a head and `n_rows` rows, several pieces at a time formatted in parallel and written in order.
    /// `push_rows` appends the rows of a range of positions.
    pub(super) fn write_rows(
        &mut self,
        head: &str,
        n_rows: usize,
        push_rows: impl Fn(std::ops::Range<usize>, &mut Vec<u8>) + Sync,
    ) -> Result<(), ResultsError> {
        self.write(format!("{head}\n").as_bytes())?;
        let starts: Vec<usize> = (0..n_rows).step_by(CHUNK_ROWS).collect();
        for batch in starts.chunks(CHUNKS_AT_ONCE) {
            let format = |&start: &usize| {
                let rows = start..(start + CHUNK_ROWS).min(n_rows);
                let mut out = Vec::with_capacity(rows.len() * 96);
                push_rows(rows, &mut out);
                out
            };
            let pieces: Vec<Vec<u8>> = batch.par_iter().map(format).collect();
            for piece in pieces {
                self.write(&piece)?;
            }
        }
        Ok(())
    }

    /// Makes the content durable and says what was written.
    pub(super) fn finish(self) -> Result<WrittenFile, ResultsError> {
        self.file.sync_all().map_err(ResultsError::io("sync", &self.path))?;
        let name = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(WrittenFile { name, bytes: self.bytes, blake3: self.hasher.finalize().to_hex().to_string() })
    }
}

/// What is wrong with the files of a folder: one sentence each, in the order of `expected` (name and hash). Files that
/// were not written by the run are none of our business.
pub(super) fn problems(folder: &Path, expected: &[(String, String)]) -> Result<Vec<String>, ResultsError> {
    let check = |(name, blake3): &(String, String)| -> Result<Option<String>, ResultsError> {
        let path = folder.join(name);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Some(format!("`{name}` is missing"))),
            Err(error) => return Err(ResultsError::io("open", &path)(error)),
        };
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(file).map_err(ResultsError::io("read", &path))?;
        let found = hasher.finalize().to_hex().to_string();
        Ok((found != *blake3)
            .then(|| format!("`{name}` was changed: its BLAKE3 is {}.., expected {}..", short(&found), short(blake3))))
    };
    let checked: Vec<Option<String>> = expected.par_iter().map(check).collect::<Result<_, _>>()?;
    Ok(checked.into_iter().flatten().collect())
}

/// What two folders of one run have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparedFolders {
    /// Files looked at.
    pub n_files: usize,
    /// Those that differ, by name.
    pub differences: Vec<FileDifference>,
}

/// A file that two makings of one run wrote differently.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileDifference {
    /// Its name.
    pub file: String,
    /// The first line that differs, from 1; `None` when one of the two is missing.
    pub line: Option<usize>,
    /// That line in the first folder; `None` when the file or the line is missing there.
    pub first: Option<String>,
    /// That line in the second folder.
    pub second: Option<String>,
}

/// Compares the files of two folders bit for bit, but for those that tell of circumstances.
///
/// # Errors
/// When a folder or file cannot be read.
pub fn compare_folders(first: &Path, second: &Path) -> Result<ComparedFolders, ResultsError> {
    let mut names = file_names(first)?;
    names.extend(file_names(second)?);
    names.sort_unstable();
    names.dedup();
    names.retain(|name| name != RUN_CONTEXT && name != LOGS);
    let differ = |name: &String| -> Result<Option<FileDifference>, ResultsError> {
        let (a, b) = (read_if_there(&first.join(name))?, read_if_there(&second.join(name))?);
        Ok((a != b).then(|| difference(name, a.as_deref(), b.as_deref())))
    };
    let found: Vec<Option<FileDifference>> = names.par_iter().map(differ).collect::<Result<_, _>>()?;
    Ok(ComparedFolders { n_files: names.len(), differences: found.into_iter().flatten().collect() })
}

/// The files of a folder, hidden ones left out.
fn file_names(folder: &Path) -> Result<Vec<String>, ResultsError> {
    let entries = fs::read_dir(folder).map_err(ResultsError::io("list", folder))?;
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(ResultsError::io("list", folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_file() && !name.starts_with('.') {
            names.push(name);
        }
    }
    Ok(names)
}

/// A file's bytes; `None` when it is not there.
fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, ResultsError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ResultsError::io("read", path)(error)),
    }
}

/// Where two contents first differ.
fn difference(name: &str, a: Option<&[u8]>, b: Option<&[u8]>) -> FileDifference {
    /// Letters of a line told at most.
    const LETTERS: usize = 200;
    let told = |line: &[u8]| String::from_utf8_lossy(line).chars().take(LETTERS).collect::<String>();
    let (Some(a), Some(b)) = (a, b) else {
        return FileDifference { file: name.to_owned(), line: None, first: a.map(told), second: b.map(told) };
    };
    let (mut in_a, mut in_b) = (a.split(|&byte| byte == b'\n'), b.split(|&byte| byte == b'\n'));
    let mut line = 1;
    loop {
        let (first, second) = (in_a.next(), in_b.next());
        if first != second || first.is_none() {
            let file = name.to_owned();
            return FileDifference { file, line: Some(line), first: first.map(told), second: second.map(told) };
        }
        line += 1;
    }
}

/// The first letters of a hash, enough to tell two apart in a message; hashes read from a file may be anything.
fn short(hash: &str) -> String {
    hash.chars().take(12).collect()
}

#[cfg(test)]
mod tests {
    //! What killed processes leave.

    use super::*;

    #[test]
    fn only_old_folders_of_our_own_making_are_swept() {
        let parent = tempfile::tempdir().unwrap();
        let old = std::time::SystemTime::now() - 2 * ABANDONED_AFTER;
        for (name, is_old) in [(".ab12.77-0", true), (".ab12.78-0", false), (".notes.1-x", true), ("ab12", true)] {
            let path = parent.path().join(name);
            fs::create_dir(&path).unwrap();
            if is_old {
                File::open(&path).unwrap().set_modified(old).unwrap();
            }
        }
        drop(Aside::create(&parent.path().join("cd34")).unwrap());
        let mut left: Vec<String> =
            fs::read_dir(parent.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        left.sort();
        assert_eq!(left, [".ab12.78-0", ".notes.1-x", "ab12"]);
    }
}
