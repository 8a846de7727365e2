//! Which venue files the hub's tables were made from, by SHA-256: the hub's own provenance, read as a whole.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crosscut_hub::Provenance;

use crate::error::IngestError;

/// Folders of tables that are made from venue files.
const TABLES: [&str; 4] = ["ticks", "bars", "funding", "instruments"];

/// The files behind a venue's tables.
#[derive(Debug, Default)]
pub(crate) struct HubFiles {
    /// Tables made from a file, by its SHA-256; each table by its path inside the hub.
    tables: BTreeMap<String, Vec<String>>,
    /// SHA-256 of venue files of which tables hold single members.
    archives: BTreeSet<String>,
    /// All provenance by table.
    provenance: BTreeMap<String, Provenance>,
}

impl HubFiles {
    /// Reads the provenance of a venue's tables; a hub that is not there has none.
    ///
    /// # Errors
    /// When a file cannot be read or is damaged.
    pub fn read(hub: &Path, venue: &str) -> Result<Self, IngestError> {
        let mut files = Self::default();
        for kind in TABLES {
            let root = hub.join("provenance").join(kind);
            files.walk(&root.join(venue))?;
            files.walk_file(&root.join(format!("{venue}.json")))?;
        }
        Ok(files)
    }

    /// Reads all files below a folder.
    fn walk(&mut self, folder: &Path) -> Result<(), IngestError> {
        let mut entries: Vec<PathBuf> = match fs::read_dir(folder) {
            Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
            Err(_) => return Ok(()),
        };
        entries.sort();
        for path in entries {
            if path.is_dir() {
                self.walk(&path)?;
            } else if path.extension().is_some_and(|ending| ending == "json") {
                self.walk_file(&path)?;
            }
        }
        Ok(())
    }

    /// Reads one file.
    fn walk_file(&mut self, path: &Path) -> Result<(), IngestError> {
        let Ok(bytes) = fs::read(path) else { return Ok(()) };
        let provenance: Provenance = serde_json::from_slice(&bytes).map_err(|error| {
            IngestError::request(format!("`{}` is no provenance of a table: {error}", path.display()))
        })?;
        for input in &provenance.inputs {
            self.archives.extend(input.venue.as_ref().and_then(|venue| venue.archive_sha256.clone()));
            self.tables.entry(input.sha256.clone()).or_default().push(provenance.table.clone());
        }
        self.provenance.insert(provenance.table.clone(), provenance);
        Ok(())
    }

    /// Whether some table holds the rows of a file.
    pub fn has(&self, sha256: &str) -> bool {
        self.tables.contains_key(sha256)
    }

    /// Whether some table holds the rows of a member of a file.
    pub fn has_of(&self, sha256: &str) -> bool {
        self.archives.contains(sha256)
    }

    /// The tables made from a file.
    pub fn tables_of(&self, sha256: &str) -> &[String] {
        self.tables.get(sha256).map(Vec::as_slice).unwrap_or_default()
    }

    /// All tables, in order of path.
    pub fn all(&self) -> impl Iterator<Item = &Provenance> {
        self.provenance.values()
    }

    /// The provenance of a table.
    pub fn provenance(&self, table: &str) -> Option<&Provenance> {
        self.provenance.get(table)
    }
}
