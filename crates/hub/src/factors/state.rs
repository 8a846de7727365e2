//! States saved with a generation: opaque bytes that a producer needs to continue, checked against the metadata.

use std::fs;
use std::path::PathBuf;

use super::metadata::StateEntry;
use super::read::FactorSet;
use crate::error::HubError;
use crate::names;

impl FactorSet {
    /// Names of the saved states, sorted.
    pub fn state_names(&self) -> Vec<String> {
        self.metadata().states.keys().cloned().collect()
    }

    /// The bytes of a saved state.
    ///
    /// # Errors
    /// When there is no such state (the nearest is named), its file is missing, or its bytes are not the ones that were
    /// saved.
    pub fn read_state(&self, name: &str) -> Result<Vec<u8>, HubError> {
        let (path, entry) = self.state(name)?;
        let bytes = fs::read(&path).map_err(HubError::io("open", &path))?;
        let found = blake3::hash(&bytes).to_hex().to_string();
        if bytes.len() as u64 != entry.size || found != entry.content_hash {
            let (size, stated) = (bytes.len(), entry.size);
            let message = format!(
                "the state has {size} bytes of hash {found}, the metadata states {stated} of {}",
                entry.content_hash
            );
            return Err(self.disagree(&path, message));
        }
        Ok(bytes)
    }

    /// Path of a saved state and what the metadata says of it.
    pub(super) fn state(&self, name: &str) -> Result<(PathBuf, &StateEntry), HubError> {
        let Some(entry) = self.metadata().states.get(name) else {
            let instead = names::instead(name, &self.state_names());
            let (set, frame) = (&self.metadata().factor_set, &self.metadata().timeframe);
            return Err(HubError::not_found(format!(
                "factor set `{set}` ({frame}) has no saved state `{name}`{instead}"
            )));
        };
        Ok((self.folder().join(&entry.file), entry))
    }
}

#[cfg(test)]
mod tests;
