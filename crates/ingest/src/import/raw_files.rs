//! Files of a folder against what results say they were made from: by name, then by SHA-256.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::IngestError;

use super::checksum::{Identity, digest_of, identify_member};
use super::container::{self, Container};

/// Folders inside of folders are searched this deep.
const DEPTH_MAX: usize = 12;

/// What became of a file that something was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RawState {
    /// It is there, with the content that was read.
    Same,
    /// Files of its name are there, none with that content.
    Differs,
    /// No file of its name is there.
    Absent,
}

/// The files of a folder, hashed as they are asked for.
#[derive(Debug, Default)]
pub struct RawFiles {
    /// Files by name.
    by_name: BTreeMap<String, Vec<PathBuf>>,
    /// SHA-256 of files and of their members.
    hashes: BTreeMap<PathBuf, Vec<String>>,
}

impl RawFiles {
    /// The files of a folder and of the folders in it. Links to folders are not followed.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn of(folder: &Path) -> Result<Self, IngestError> {
        let mut files = Self::default();
        files.add(folder, DEPTH_MAX)?;
        Ok(files)
    }

    /// Adds the files of a folder.
    fn add(&mut self, folder: &Path, depth: usize) -> Result<(), IngestError> {
        for entry in fs::read_dir(folder).map_err(IngestError::io("read", folder))? {
            let entry = entry.map_err(IngestError::io("read", folder))?;
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && depth > 0 => self.add(&path, depth - 1)?,
                Ok(kind) if !kind.is_dir() => {
                    self.by_name.entry(entry.file_name().to_string_lossy().into_owned()).or_default().push(path);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether a file of this name has this SHA-256, as a whole or in one of its members.
    ///
    /// # Errors
    /// When a file of the name cannot be read.
    pub fn state(&mut self, name: &str, sha256: &str) -> Result<RawState, IngestError> {
        let Some(paths) = self.by_name.get(name) else { return Ok(RawState::Absent) };
        for path in paths {
            let known = match self.hashes.get(path) {
                Some(known) => known,
                None => self.hashes.entry(path.clone()).or_insert(hashes(path)?),
            };
            if known.iter().any(|hash| hash == sha256) {
                return Ok(RawState::Same);
            }
        }
        Ok(RawState::Differs)
    }
}

/// SHA-256 of a file, and of its members where it has several. A damaged member has none.
fn hashes(path: &Path) -> Result<Vec<String>, IngestError> {
    let (size, sha256) = digest_of(path)?;
    let whole = Identity { size, sha256: sha256.clone(), verified: false, venue: None };
    let members = container::recognise_all(path).unwrap_or_default();
    let several = members.len() > 1;
    let packed = members.iter().filter(|member| several && matches!(member, Container::Zip(_)));
    let of_member = |member: &Container| identify_member(container::open(path, member).ok()?, &whole).ok();
    Ok(std::iter::once(sha256).chain(packed.filter_map(of_member).map(|identity| identity.sha256)).collect())
}
