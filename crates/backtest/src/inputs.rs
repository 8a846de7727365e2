//! Whether the tables a run read are still what they were.

use crosscut_hub::{Hub, hash_file};
use crosscut_model::{Timeframe, decode_path};
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

/// Compares tables (name and BLAKE3, as a run recorded them) with what lies in a hub now: the bytes themselves, not what
/// the hub says of them. Those that differ, in the order given.
pub fn changes(hub: &Hub, inputs: &[(String, String)]) -> Vec<InputChange> {
    let change = |(name, then): &(String, String)| {
        let now = hash_now(hub, name);
        (now.as_ref() != Some(then)).then(|| InputChange { name: name.clone(), then: Some(then.clone()), now })
    };
    inputs.par_iter().filter_map(change).collect()
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

/// BLAKE3 of a table as it lies in the hub; `None` when it is not there or cannot be read.
fn hash_now(hub: &Hub, name: &str) -> Option<String> {
    let parts: Vec<&str> = name.split('/').collect();
    if parts.iter().any(|part| part.is_empty() || *part == "..") {
        return None;
    }
    let path = hub.root().join(name);
    match parts.as_slice() {
        ["factors", timeframe, set, file] if path.is_dir() || !path.exists() => {
            let symbol = decode_path(file.strip_suffix(".parquet")?)?;
            let set = hub.factor_set(timeframe.parse::<Timeframe>().ok()?, set).ok()?;
            set.content_hash(&symbol).map(str::to_owned)
        }
        _ => hash_file(&path).ok(),
    }
}

impl InputChange {
    /// The change in words.
    pub fn text(&self) -> String {
        let short = |hash: &String| hash.chars().take(12).collect::<String>();
        match (&self.then, &self.now) {
            (Some(then), Some(now)) => {
                format!("`{}` has changed: its BLAKE3 was {}.., is {}..", self.name, short(then), short(now))
            }
            (Some(then), None) => {
                format!("`{}` is in the hub no more: its BLAKE3 was {}..", self.name, short(then))
            }
            (None, _) => format!("`{}` was not there for the run", self.name),
        }
    }
}
