//! Asset pool snapshots: `pools/<name>.json`.

use crosscut_model::check_symbol;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::HubError;
use crate::layout;
use crate::names;
use crate::provenance::FORMAT_VERSION;
use crate::publisher::IngestPublisher;
use crate::reader::Hub;
use crate::replace;
use crate::single;

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
        names::list(&self.root().join("pools"), |name| name.strip_suffix(".json").map(str::to_owned))
    }

    /// A pool snapshot.
    ///
    /// # Errors
    /// When there is none of this name (the nearest is named), or the file is damaged.
    pub fn pool(&self, name: &str) -> Result<PoolSnapshot, HubError> {
        let path = self.root().join(layout::pool_file(name)?);
        if !path.exists() {
            let instead = names::instead(name, &self.pools()?);
            return Err(HubError::not_found(format!("`{}` has no pool `{name}`{instead}", self.root().display())));
        }
        let text = std::fs::read(&path).map_err(HubError::io("open", &path))?;
        let damaged = |reason: String| HubError::Json { path: path.clone(), what: "an asset pool", reason };
        let pool: PoolSnapshot = serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
        single::check_format(&path, Some(pool.format_version))?;
        check(&pool).map_err(damaged)?;
        Ok(pool)
    }
}

/// The rules of a pool: names that can be names, each symbol once.
fn check(pool: &PoolSnapshot) -> Result<(), String> {
    let mut symbols: Vec<&str> = pool.members.iter().map(|member| member.symbol.as_str()).collect();
    symbols.extend(pool.excluded.iter().map(|excluded| excluded.symbol.as_str()));
    for symbol in &symbols {
        check_symbol(symbol).map_err(|error| error.to_string())?;
    }
    symbols.sort_unstable();
    match symbols.windows(2).find(|pair| pair[0] == pair[1]) {
        None => Ok(()),
        Some(pair) => Err(format!("{} appears twice", pair[0])),
    }
}

impl IngestPublisher {
    /// Publishes a pool snapshot under its name, replacing what was there.
    ///
    /// # Errors
    /// When a name cannot be a name, a symbol appears twice, or the file cannot be written.
    pub fn publish_pool(&self, pool: &PoolSnapshot) -> Result<(), HubError> {
        let path = self.root().join(layout::pool_file(&pool.name)?);
        layout::check_name("venue", &pool.venue)?;
        check(pool).map_err(|reason| HubError::refused(format!("pool `{}` is refused: {reason}", pool.name)))?;
        let stamped = PoolSnapshot { format_version: FORMAT_VERSION, ..pool.clone() };
        replace::replace(&path, &single::to_json(&stamped))
    }
}

#[cfg(test)]
mod tests;
