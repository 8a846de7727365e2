//! Folders under construction, and what killed processes leave of them.
//!
//! A folder is locked as long as the process that builds it lives, so that nobody takes a living one for an abandoned one,
//! whatever its age and whichever machine or container its process runs in. Folders are made, and looked through, under the
//! lock of the folder they lie in: none is seen between its making and its locking.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fs4::{FileExt, TryLockError};

use super::error::ResultsError;
use super::folder::{HashedFile, sync_folder};

/// A folder under construction; removed again if it is dropped before it is put in place.
#[derive(Debug)]
pub struct Aside {
    /// Where it is built.
    path: PathBuf,
    /// Whether it has its final name.
    published: bool,
    /// The lock that says it is being built; `None` where the file system has no locks.
    _lock: Option<File>,
}

/// What the label of a run that is made again begins with; its id follows.
pub const RERUN: &str = "rerun-";

/// Distinguishes folders that one process builds at the same time.
static SERIAL: AtomicU64 = AtomicU64::new(0);

impl Aside {
    /// Creates an empty folder in `parent` for what `label` names, so that no other writer can have chosen it, and removes
    /// what killed processes left there.
    ///
    /// # Errors
    /// When folders cannot be made there.
    pub fn create(parent: &Path, label: &str) -> Result<Self, ResultsError> {
        fs::create_dir_all(parent).map_err(ResultsError::io("create", parent))?;
        let guard = File::open(parent).ok().filter(|folder| FileExt::lock(folder).is_ok());
        loop {
            let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
            let path = parent.join(format!(".{label}.{}-{serial}", std::process::id()));
            match fs::create_dir(&path) {
                Ok(()) => {
                    let lock = File::open(&path).ok().filter(|folder| FileExt::try_lock(folder).is_ok());
                    sweep_folder(parent, Some(&path), guard.is_some());
                    return Ok(Self { path, published: false, _lock: lock });
                }
                // Left by a killed process, or in use by one of the same number in another container: not ours.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(ResultsError::io("create", &path)(error)),
            }
        }
    }

    /// Where it is built.
    pub fn path(&self) -> &Path {
        &self.path
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

impl Drop for Aside {
    fn drop(&mut self) {
        if !self.published {
            // Nothing refers to it; a failure to remove only leaves a hidden folder behind.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// Age beyond which a folder belongs to a killed process where the file system has no locks: writing one takes seconds.
const ABANDONED_AFTER: Duration = Duration::from_secs(6 * 3600);

/// Removes what killed processes left in a results folder and in the folders of its strategies, as far as the file system
/// has locks. Failures leave hidden folders behind, no more.
pub(super) fn sweep(root: &Path) {
    let Ok(entries) = fs::read_dir(root) else { return };
    let folders = entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    for folder in folders.map(|entry| entry.path()).chain([root.to_owned()]) {
        // Whoever holds the lock is making a folder there and looks itself.
        if let Ok(guard) = File::open(&folder)
            && FileExt::try_lock(&guard).is_ok()
        {
            sweep_folder(&folder, None, true);
        }
    }
}

/// [`sweep`] of one folder. `fresh` was made in it just now and tells the file system's time; `is_guarded` says that nobody
/// makes one of these folders meanwhile.
fn sweep_folder(parent: &Path, fresh: Option<&Path>, is_guarded: bool) {
    let changed = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let (now, Ok(entries)) = (fresh.and_then(changed), fs::read_dir(parent)) else { return };
    for entry in entries.flatten().filter(|entry| is_aside(&entry.file_name().to_string_lossy())) {
        let path = entry.path();
        let Ok(folder) = File::open(&path) else { continue };
        let is_abandoned = match FileExt::try_lock(&folder) {
            Ok(()) if is_guarded => true,
            Err(TryLockError::WouldBlock) => false,
            _ => {
                let age = now.zip(changed(&path)).and_then(|(now, then)| now.duration_since(then).ok());
                age.is_some_and(|age| age > ABANDONED_AFTER)
            }
        };
        if is_abandoned {
            let _ = fs::remove_dir_all(&path);
        }
    }
}

/// Whether a name is one that [`Aside::create`] gives: `.<run id>.<process>-<number>`, or the same of a run made again.
fn is_aside(name: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let parts = name.strip_prefix('.').and_then(|rest| rest.split_once('.'));
    let numbers = parts.and_then(|(id, numbers)| Some((id, numbers.split_once('-')?)));
    numbers.is_some_and(|(id, (process, number))| {
        let id = id.strip_prefix(RERUN).unwrap_or(id);
        id.bytes().all(|byte| byte.is_ascii_hexdigit()) && is_number(process) && is_number(number)
    })
}

#[cfg(test)]
mod tests;
