//! The reader's door to a hub: what exists, and nothing that writes.

use std::path::{Path, PathBuf};

use crate::error::HubError;

/// A hub to read from. Cheap to clone; shared freely between threads.
#[derive(Debug, Clone)]
pub struct Hub {
    /// The hub's folder.
    root: PathBuf,
}

impl Hub {
    /// Opens the hub in an existing folder.
    ///
    /// # Errors
    /// When there is no such folder; the message says how to make one.
    pub fn open(root: &Path) -> Result<Self, HubError> {
        if !root.is_dir() {
            return Err(HubError::not_found(format!(
                "there is no hub at `{}`\nhint: `crosscut data import` makes one, `crosscut demo` shows the whole loop",
                root.display()
            )));
        }
        Ok(Self { root: root.to_owned() })
    }

    /// The hub's folder.
    pub fn root(&self) -> &Path {
        &self.root
    }
}
