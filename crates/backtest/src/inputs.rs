//! Whether the tables a run read are still what they were.

use std::collections::BTreeMap;
use std::path::Path;

use crosscut_hub::{FactorSet, Hub, hash_file};
use crosscut_model::decode_path;
use rayon::prelude::*;
use serde::Serialize;

/// A table that is not what a run read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InputChange {
    /// Path inside the hub.
    pub name: String,
    /// BLAKE3 of what the run read; `None` for a table that it did not read.
    pub then: Option<String>,
    /// BLAKE3 of what is there now; `None` when it is gone.
    pub now: Option<String>,
}

/// Compares tables (name and content hash, as a run recorded them) with what lies in a hub now: the bytes themselves, not
/// what the hub says of them. Those that differ, in the order given. `lists` are the paths of the files beside the hub that
/// the run's configuration names.
pub fn changes(hub: &Hub, inputs: &[(String, String)], lists: &[String]) -> Vec<InputChange> {
    let sets = factor_sets(hub, inputs);
    let change = |(name, then): &(String, String)| {
        let now = if name.starts_with(LISTS) { list_now(name, then, lists) } else { hash_now(hub, &sets, name) };
        (now.as_ref() != Some(then)).then(|| InputChange { name: name.clone(), then: Some(then.clone()), now })
    };
    let changes: Vec<InputChange> = inputs.par_iter().filter_map(change).collect();
    // A set of which a table is gone cannot be opened: only what is gone is told, and not its neighbours.
    let is_gone = |change: &InputChange| change.now.is_none() && !hub.root().join(&change.name).exists();
    let set_of =
        |name: &str| name.rsplit_once('/').map(|(set, _)| set.to_owned()).filter(|_| name.starts_with("factors/"));
    let broken: Vec<String> = changes.iter().filter(|one| is_gone(one)).filter_map(|one| set_of(&one.name)).collect();
    let is_told = |one: &InputChange| is_gone(one) || set_of(&one.name).is_none_or(|set| !broken.contains(&set));
    changes.into_iter().filter(|one| one.now.is_some() || is_told(one)).collect()
}

/// What the names of files beside the hub begin with: their folder is a machine's business.
const LISTS: &str = "lists/";

/// The name under which a file beside the hub is recorded.
pub(crate) fn list_name(path: &str) -> String {
    format!("{LISTS}{}", Path::new(path).file_name().unwrap_or_default().to_string_lossy())
}

/// The content hash of a file beside the hub as it is now: `then` if one of this name still is what it was.
fn list_now(name: &str, then: &str, lists: &[String]) -> Option<String> {
    let named = lists.iter().filter(|path| list_name(path) == name);
    let now: Vec<String> = named.filter_map(|path| hash_file(Path::new(path)).ok()).collect();
    now.iter().find(|hash| *hash == then).or(now.first()).cloned()
}

/// The factor sets that tables belong to, each opened once; those that cannot be opened are left out.
fn factor_sets(hub: &Hub, inputs: &[(String, String)]) -> BTreeMap<String, FactorSet> {
    let mut sets = BTreeMap::new();
    for (name, _) in inputs {
        let parts: Vec<&str> = name.split('/').collect();
        if let ["factors", timeframe, set, _] = parts.as_slice() {
            let key = format!("{timeframe}/{set}");
            if !sets.contains_key(&key)
                && let Some(opened) = timeframe.parse().ok().and_then(|timeframe| hub.factor_set(timeframe, set).ok())
            {
                sets.insert(key, opened);
            }
        }
    }
    sets
}

/// Compares the tables a run read with those it would read now.
pub fn differences(then: &[(String, String)], now: &[(String, String)]) -> Vec<InputChange> {
    let find = |list: &[(String, String)], name: &str| {
        list.iter().find(|(known, _)| known == name).map(|(_, hash)| hash.clone())
    };
    let mut out: Vec<InputChange> = Vec::new();
    for (name, hash) in then {
        let new = find(now, name);
        if new.as_ref() != Some(hash) {
            out.push(InputChange { name: name.clone(), then: Some(hash.clone()), now: new });
        }
    }
    for (name, hash) in now.iter().filter(|(name, _)| find(then, name).is_none()) {
        out.push(InputChange { name: name.clone(), then: None, now: Some(hash.clone()) });
    }
    out.sort_by(|a, b| a.name.cmp(&b.name));
    out
}

/// The content hash of a table as it lies in the hub; `None` when it is not there or cannot be read.
fn hash_now(hub: &Hub, sets: &BTreeMap<String, FactorSet>, name: &str) -> Option<String> {
    let parts: Vec<&str> = name.split('/').collect();
    if parts.iter().any(|part| part.is_empty() || *part == "..") {
        return None;
    }
    let path = hub.root().join(name);
    let ["factors", timeframe, set, file] = parts.as_slice() else { return hash_file(&path).ok() };
    let set = sets.get(&format!("{timeframe}/{set}"))?;
    let symbol = decode_path(file.strip_suffix(".parquet")?)?;
    let published = set.metadata().tables.get(&symbol)?;
    // What the set says of its rows holds for the bytes that were published.
    if published.parts.is_empty() {
        let found = hash_file(&path).ok()?;
        if found != published.content_hash {
            return Some(found);
        }
    }
    for part in &published.parts {
        let found = hash_file(&path.join(&part.file)).ok()?;
        if found != part.content_hash {
            return Some(found);
        }
    }
    set.content_hash(&symbol).map(str::to_owned)
}

impl InputChange {
    /// The change in words.
    pub fn text(&self) -> String {
        let short = |hash: &String| hash.chars().take(12).collect::<String>();
        match (&self.then, &self.now) {
            (Some(then), Some(now)) => {
                format!("`{}` has changed: its BLAKE3 was {}.., is {}..", self.name, short(then), short(now))
            }
            (Some(then), None) if self.name.starts_with(LISTS) => {
                format!(
                    "`{}` is not where the run's configuration says (paths begin at the folder a command is given in): its BLAKE3 was {}..",
                    self.name,
                    short(then)
                )
            }
            (Some(then), None) => {
                format!("`{}` is in the hub no more: its BLAKE3 was {}..", self.name, short(then))
            }
            (None, _) => format!("`{}` was not there for the run", self.name),
        }
    }
}
