//! The venue files behind what a run read: of a table that was made from other tables of the hub, such as bars from trades,
//! also the files those were made from. Results carry them, for the hub's own record changes with the hub.

use std::collections::{BTreeMap, BTreeSet};

use crosscut_hub::{Hub, InputFile};

/// Tables are made from tables this many times at most: trades, fine bars, coarse bars.
const STEPS_MAX: usize = 4;

/// Finds venue files behind tables.
pub(crate) struct Identities<'a> {
    /// The hub; `None` when there is none.
    hub: Option<&'a Hub>,
    /// What is known of tables, by path and content.
    known: BTreeMap<(String, String), Vec<InputFile>>,
}

impl<'a> Identities<'a> {
    /// Of the tables of a hub.
    pub fn of(hub: Option<&'a Hub>) -> Self {
        Self { hub, known: BTreeMap::new() }
    }

    /// The sources of a table, and behind those that are tables the ones they were made from, each once.
    pub fn expand(&mut self, sources: &[InputFile]) -> Vec<InputFile> {
        let mut all: Vec<InputFile> = sources.to_vec();
        let mut met: BTreeSet<(String, String)> = sources.iter().map(key).collect();
        let mut step: Vec<InputFile> = sources.to_vec();
        for _ in 0..STEPS_MAX {
            let behind = step.iter().flat_map(|source| self.behind(source)).collect::<Vec<_>>();
            step = behind.into_iter().filter(|source| met.insert(key(source))).collect();
            all.extend(step.iter().cloned());
        }
        all
    }

    /// What a table of the hub was made from; nothing for a file, and for a table that is another one by now.
    fn behind(&mut self, source: &InputFile) -> Vec<InputFile> {
        let Some(hub) = self.hub.filter(|_| source.file.contains('/')) else { return Vec::new() };
        let known = self.known.entry(key(source)).or_insert_with(|| {
            let provenance = hub.provenance(&source.file).ok().flatten();
            provenance.filter(|there| there.content_hash == source.sha256).map_or_else(Vec::new, |there| there.inputs)
        });
        known.clone()
    }
}

/// What tells one file or content of a table from another.
fn key(source: &InputFile) -> (String, String) {
    (source.file.clone(), source.sha256.clone())
}
