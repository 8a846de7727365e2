//! A run's folder: written aside, synced, renamed whole; later checked against the hashes it was published with.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

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
    pub(super) fn create(path: PathBuf) -> Result<Self, ResultsError> {
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
