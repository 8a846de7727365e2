//! Asset pool snapshots: `pools/<name>.json`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::HubError;
use crate::publisher::IngestPublisher;
use crate::reader::Hub;

/// A list of symbols chosen by a rule at a moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PoolSnapshot {
    /// Name of the pool.
    pub name: String,
    /// Venue of its symbols.
    pub venue: String,
    /// The moment it was chosen for: the end of the data it was chosen from, microseconds UTC.
    pub as_of: i64,
    /// The rule and its numbers.
    pub rule: Value,
    /// The chosen, best first.
    pub members: Vec<PoolMember>,
    /// Who was left out by a rule other than rank, and why, sorted by symbol.
    pub excluded: Vec<PoolExclusion>,
    /// Version of the program that made it.
    pub code_version: String,
    /// Version of the file formats; set by the publisher.
    #[serde(default)]
    pub format_version: u32,
}

/// One chosen symbol.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PoolMember {
    /// Instrument id.
    pub symbol: String,
    /// The number it was ranked by, quote units; `None` when the rule has none.
    pub dollar_volume: Option<f64>,
}

/// One symbol left out by rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolExclusion {
    /// Instrument id.
    pub symbol: String,
    /// Why, in short words.
    pub reason: String,
}

impl Hub {
    /// Names of the pool snapshots, sorted.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn pools(&self) -> Result<Vec<String>, HubError> {
        Ok(Vec::new())
    }

    /// A pool snapshot.
    ///
    /// # Errors
    /// When there is none of this name (the nearest is named), or the file is damaged.
    pub fn pool(&self, name: &str) -> Result<PoolSnapshot, HubError> {
        Err(HubError::not_found(format!("there is no pool `{name}`")))
    }
}

impl IngestPublisher {
    /// Publishes a pool snapshot under its name, replacing what was there.
    ///
    /// # Errors
    /// When a name cannot be a name, or the file cannot be written.
    pub fn publish_pool(&self, _pool: &PoolSnapshot) -> Result<(), HubError> {
        Ok(())
    }
}
