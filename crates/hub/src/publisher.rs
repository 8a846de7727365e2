//! The writer of everything that comes from the market: ticks, bars, funding, corporate actions,
//! instruments, pools. Used by `ingest` alone.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

use fs4::FileExt;

use crate::error::HubError;
use crate::layout;
use crate::single;

/// The right to merge into the tables of a venue; ends when dropped, or with the process.
#[derive(Debug)]
#[must_use]
pub struct IngestLock {
    /// The locked file.
    _file: File,
}

/// Publishes single tables: each is written aside, synced and renamed, one by one.
#[derive(Debug, Clone)]
pub struct IngestPublisher {
    /// The hub's folder.
    root: PathBuf,
}

impl IngestPublisher {
    /// Opens a hub for publishing; makes the folder when there is none, and completes what a killed writer had all but
    /// published.
    ///
    /// # Errors
    /// When the folder cannot be made or listed.
    pub fn create(root: &Path) -> Result<Self, HubError> {
        fs::create_dir_all(root).map_err(HubError::io("create", root))?;
        single::settle(root)?;
        Ok(Self { root: root.to_owned() })
    }

    /// Waits until no other process brings data of this venue in, then keeps others waiting as long as the returned lock
    /// lives: what is read and merged in between is what will be replaced. `waiting` is called once if there is a wait.
    ///
    /// # Errors
    /// When the name cannot be a venue, or the lock's file cannot be made.
    pub fn lock(&self, venue: &str, waiting: impl FnOnce()) -> Result<IngestLock, HubError> {
        let path = self.root.join(layout::ingest_lock(venue)?);
        let folder = path.parent().expect("a lock lies in a folder");
        fs::create_dir_all(folder).map_err(HubError::io("create", folder))?;
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(HubError::io("create", &path))?;
        if FileExt::try_lock(&file).is_err() {
            waiting();
            FileExt::lock(&file).map_err(HubError::io("lock", &path))?;
        }
        Ok(IngestLock { _file: file })
    }

    /// The hub's folder.
    pub fn root(&self) -> &Path {
        &self.root
    }
}
