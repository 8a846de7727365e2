//! The ledger of raw files: `downloads.jsonl` in a venue's raw folder, one line per event, only ever appended to.
//!
//! It holds what the hub must not, the times of the wall clock, and what a raw file's name cannot: where it came from, what
//! the venue said of it, and which issues of it there were. A last line that a killed process did not finish is passed over.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crosscut_model::format_iso;
use serde::{Deserialize, Serialize};

use crate::error::IngestError;

/// The file's name in a venue's raw folder.
pub const LEDGER_FILE: &str = "downloads.jsonl";

/// One issue of a file that was fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fetched {
    /// Where it lies below the venue's raw folder.
    pub path: String,
    /// The address it came from; for files made of answers the first question.
    pub url: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256, lower-case hex.
    pub sha256: String,
    /// Whether the venue's checksum file said the same.
    pub is_verified: bool,
    /// Entity tag; empty when the venue gave none.
    pub etag: String,
    /// When the venue last wrote it, as it said; empty when it did not.
    pub last_modified: String,
    /// When it was fetched, ISO-8601, by this machine's clock.
    pub fetched_at: String,
    /// First moment it covers, microseconds UTC.
    pub from: i64,
    /// End of what it covers, exclusive, microseconds UTC.
    pub until: i64,
}

/// A file the venue issued anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reissued {
    /// Where it lies below the venue's raw folder.
    pub path: String,
    /// SHA-256 of the issue that was there.
    pub old_sha256: String,
    /// SHA-256 of the new one.
    pub new_sha256: String,
    /// Where the old one was put, below the venue's raw folder; empty when it had been dropped.
    pub old_path: String,
    /// First row that differs, microseconds UTC; the beginning of what the file covers when that is not known.
    pub from: i64,
    /// End of what the file covers, exclusive, microseconds UTC.
    pub until: i64,
    /// When it was noticed, ISO-8601.
    pub seen_at: String,
}

/// A content of a table that was made, directly or through other tables, from an issue the venue has replaced. What was
/// made from it stays stale after the table itself was made anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stale {
    /// The table's path inside the hub.
    pub table: String,
    /// BLAKE3 of its file then.
    pub content_hash: String,
    /// The replaced files, or the stale tables, it was made from.
    pub because: Vec<String>,
    /// First time that is touched, microseconds UTC; later rows may depend on it.
    pub from: i64,
    /// End of what was issued anew, exclusive, microseconds UTC.
    pub until: i64,
}

/// One line of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Event {
    /// A file was fetched.
    Fetched(Fetched),
    /// A file was issued anew.
    Reissued(Reissued),
    /// A table's content turned out to be made from a replaced issue.
    Stale(Stale),
    /// The venue shows a file otherwise, its content is the same.
    Relisted {
        /// Where it lies.
        path: String,
        /// Its entity tag now.
        etag: String,
        /// When the venue last wrote it, as it says now.
        last_modified: String,
    },
    /// A file was deleted after it had been converted.
    Dropped {
        /// Where it lay.
        path: String,
        /// Its SHA-256.
        sha256: String,
    },
}

/// The ledger of one venue's raw folder.
#[derive(Debug)]
pub struct Ledger {
    /// The file.
    path: PathBuf,
    /// What it says.
    state: Mutex<State>,
}

/// What a ledger says.
#[derive(Debug, Default)]
struct State {
    /// The newest issue of each file.
    files: BTreeMap<String, Fetched>,
    /// Files issued anew, in order of notice.
    reissued: Vec<Reissued>,
    /// Stale contents by table and hash.
    stale: BTreeMap<(String, String), Stale>,
    /// Files deleted after conversion, by path, with their SHA-256.
    dropped: BTreeMap<String, String>,
    /// Paths by SHA-256, all issues.
    by_hash: BTreeMap<String, Fetched>,
    /// Open for appending, once something was appended.
    file: Option<File>,
}

impl State {
    /// Takes an event into account.
    fn take(&mut self, event: Event) {
        match event {
            Event::Fetched(fetched) => {
                self.dropped.remove(&fetched.path);
                self.by_hash.insert(fetched.sha256.clone(), fetched.clone());
                self.files.insert(fetched.path.clone(), fetched);
            }
            Event::Reissued(reissued) => self.reissued.push(reissued),
            Event::Stale(stale) => {
                self.stale.insert((stale.table.clone(), stale.content_hash.clone()), stale);
            }
            // Provenance goes on with what was said when the file was fetched.
            Event::Relisted { path, etag, .. } => {
                if let Some(fetched) = self.files.get_mut(&path) {
                    fetched.etag = etag;
                }
            }
            Event::Dropped { path, sha256 } => {
                self.dropped.insert(path, sha256);
            }
        }
    }
}

impl Ledger {
    /// Reads the ledger of a venue's raw folder; one that is not there is empty.
    ///
    /// # Errors
    /// When it cannot be read, or a line other than the last is no event.
    pub fn open(folder: &Path) -> Result<Self, IngestError> {
        let path = folder.join(LEDGER_FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(IngestError::io("read", &path)(error)),
        };
        let mut state = State::default();
        let n_lines = text.lines().count();
        for (at, line) in text.lines().enumerate() {
            match serde_json::from_str(line) {
                Ok(event) => state.take(event),
                // A killed process leaves at most its last line unfinished; an appended one follows it on a line of its own.
                Err(_) if at + 1 == n_lines || line.is_empty() || !line.ends_with('}') => {}
                Err(error) => {
                    return Err(IngestError::request(format!(
                        "`{}`, line {}: is no event of a download: {error}\nhint: remove the line; its file is checked anew",
                        path.display(),
                        at + 1
                    )));
                }
            }
        }
        Ok(Self { path, state: Mutex::new(state) })
    }

    /// Appends an event, and takes it into account.
    fn append(&self, event: Event) -> Result<(), IngestError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut line = serde_json::to_string(&event).expect("plain data with text keys");
        line.push('\n');
        if state.file.is_none() {
            let mut options = OpenOptions::new();
            let opened = options.create(true).append(true).open(&self.path);
            state.file = Some(opened.map_err(IngestError::io("write", &self.path))?);
            // Ends a line that a killed process began.
            let torn = fs::read(&self.path).is_ok_and(|bytes| bytes.last().is_some_and(|&last| last != b'\n'));
            if torn {
                line.insert(0, '\n');
            }
        }
        let file = state.file.as_mut().expect("it has just been opened");
        file.write_all(line.as_bytes()).map_err(IngestError::io("write", &self.path))?;
        state.take(event);
        Ok(())
    }

    /// A file was fetched.
    ///
    /// # Errors
    /// When the ledger cannot be written.
    pub fn fetched(&self, fetched: Fetched) -> Result<(), IngestError> {
        self.append(Event::Fetched(fetched))
    }

    /// A file was issued anew.
    ///
    /// # Errors
    /// When the ledger cannot be written.
    pub fn note_reissued(&self, reissued: Reissued) -> Result<(), IngestError> {
        self.append(Event::Reissued(reissued))
    }

    /// A content of a table turned out to be stale; told once for what is known of it.
    ///
    /// # Errors
    /// When the ledger cannot be written.
    pub fn note_stale(&self, stale: Stale) -> Result<(), IngestError> {
        if self.stale().contains(&stale) { Ok(()) } else { self.append(Event::Stale(stale)) }
    }

    /// All contents of tables that are known to be stale, in order of table.
    pub fn stale(&self) -> Vec<Stale> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).stale.values().cloned().collect()
    }

    /// The listing shows a file otherwise though its content is the same.
    ///
    /// # Errors
    /// When the ledger cannot be written.
    pub fn relisted(&self, path: &str, etag: &str, last_modified: &str) -> Result<(), IngestError> {
        let (etag, last_modified) = (etag.to_owned(), last_modified.to_owned());
        self.append(Event::Relisted { path: path.to_owned(), etag, last_modified })
    }

    /// A file was deleted after it had been converted.
    ///
    /// # Errors
    /// When the ledger cannot be written.
    pub fn dropped(&self, path: &str, sha256: &str) -> Result<(), IngestError> {
        self.append(Event::Dropped { path: path.to_owned(), sha256: sha256.to_owned() })
    }

    /// The newest issue of a file.
    pub fn newest(&self, path: &str) -> Option<Fetched> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).files.get(path).cloned()
    }

    /// The issue of a file that has this SHA-256.
    pub fn by_hash(&self, sha256: &str) -> Option<Fetched> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).by_hash.get(sha256).cloned()
    }

    /// Whether the newest issue of a file was deleted after conversion.
    pub fn is_dropped(&self, path: &str) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.dropped.get(path).is_some_and(|hash| state.files.get(path).is_some_and(|file| file.sha256 == *hash))
    }

    /// All files that were issued anew, in order of notice.
    pub fn reissued(&self) -> Vec<Reissued> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).reissued.clone()
    }

    /// The newest issues of all files, in order of path.
    pub fn files(&self) -> Vec<Fetched> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).files.values().cloned().collect()
    }
}

/// A time for the ledger.
pub(crate) fn stamp(now: i64) -> String {
    format_iso(now)
}
