//! The reader's door to a hub: what exists, and nothing that writes.

use std::path::{Path, PathBuf};

use crate::error::HubError;
use crate::hash::hash_file;
use crate::layout;
use crate::provenance::Provenance;
use crate::single;

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

    /// What is recorded about where a single table (`bars/binance/1h/BTCUSDT.parquet`) came from, whether or not the table
    /// is still there; `None` when nothing is.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub fn provenance(&self, table: &str) -> Result<Option<Provenance>, HubError> {
        let inside = Path::new(table);
        let is_plain = inside.components().all(|part| matches!(part, std::path::Component::Normal(_)));
        let path = self.root.join(layout::provenance_file(inside));
        if !is_plain || !path.exists() {
            return Ok(None);
        }
        single::load(&path).map(Some)
    }

    /// Hashes a single table (`bars/binance/1h/BTCUSDT.parquet`) anew and compares it with its provenance.
    ///
    /// # Errors
    /// When the path is no table of the hub, or the table's bytes are not the ones that were published.
    pub fn verify_table(&self, table: &str) -> Result<(), HubError> {
        let inside = Path::new(table);
        let plain = |part: std::path::Component<'_>| matches!(part, std::path::Component::Normal(_));
        let known = ["ticks", "bars", "instruments", "funding", "actions"].iter().any(|kind| inside.starts_with(kind));
        if !known || !inside.components().all(plain) {
            return Err(HubError::Name {
                message: format!(
                    "`{}` is not a table of a hub; expected a path such as bars/binance/1h/BTCUSDT.parquet",
                    table.escape_debug()
                ),
            });
        }
        let (file, provenance) = single::open_table(&self.root, inside)?;
        let found = hash_file(&file.path)?;
        if found == provenance.content_hash {
            return Ok(());
        }
        Err(HubError::Disagree {
            path: file.path.clone(),
            other: self.root.join(layout::provenance_file(inside)),
            message: format!(
                "the table's hash is {found}, its provenance states {}: the file was changed after it was published",
                provenance.content_hash
            ),
        })
    }
}
