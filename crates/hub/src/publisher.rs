//! The writer of everything that comes from the market: ticks, bars, instruments, pools. Used by `ingest` alone.

use std::path::{Path, PathBuf};

use crate::error::HubError;
use crate::single;

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
        std::fs::create_dir_all(root).map_err(HubError::io("create", root))?;
        single::settle(root)?;
        Ok(Self { root: root.to_owned() })
    }

    /// The hub's folder.
    pub fn root(&self) -> &Path {
        &self.root
    }
}
