//! A factor set read back from what was published with it: its definition, and around it what the metadata says.

use crosscut_hub::FactorMetadata;

use super::{Carried, Config};
use crate::error::FactorsError;
use crate::groups;

impl Config {
    /// The set that was published with `metadata`, so that it can be updated without its file. Remarks about factors
    /// are carried over, and group files are looked for where they lay.
    ///
    /// # Errors
    /// As [`Config::from_definition`].
    pub fn from_metadata(metadata: &FactorMetadata) -> Result<Self, FactorsError> {
        let origin = format!("metadata of {} ({})", metadata.factor_set, metadata.timeframe);
        let mut config = Self::from_definition(&metadata.config, &origin)?;
        for group in &mut config.groups {
            group.file = groups::path_of(&group.column, &metadata.notes).unwrap_or_default();
        }
        config.carried = carried(metadata);
        Ok(config)
    }
}

/// What earlier runs said of factors: remarks begin with the name of a factor or of a template.
fn carried(metadata: &FactorMetadata) -> Carried {
    let is_about_factor = |note: &&String| {
        let name = note.split_once(": ").map_or("", |(name, _)| name);
        name.contains("{w}") || metadata.columns.iter().any(|column| column == name)
    };
    Carried {
        notes: metadata.notes.iter().filter(is_about_factor).cloned().collect(),
        left_out: metadata.warnings.iter().filter(|line| line.starts_with("library ")).cloned().collect(),
    }
}
