//! What exists in a folder of the hub, and the words for what does not.

use std::fs;
use std::path::Path;

use crosscut_model::{decode_path, nearest};

use crate::error::HubError;

/// Names in a folder that pass through `accept`, sorted; empty when there is no folder. Hidden names are passed over.
pub(crate) fn list<T: Ord>(folder: &Path, accept: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, HubError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(HubError::io("list", folder)(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(HubError::io("list", folder))?;
        if let Some(name) = entry.file_name().to_str().filter(|name| !name.starts_with('.')) {
            found.extend(accept(name));
        }
    }
    found.sort();
    Ok(found)
}

/// Names of the folders in a folder, sorted.
pub(crate) fn folders(folder: &Path) -> Result<Vec<String>, HubError> {
    list(folder, |name| folder.join(name).is_dir().then(|| name.to_owned()))
}

/// Symbols of the tables in a folder, sorted.
pub(crate) fn tables(folder: &Path) -> Result<Vec<String>, HubError> {
    list(folder, |name| decode_path(name.strip_suffix(".parquet")?))
}

/// What there is instead: `; did you mean ...`, or the first few names.
pub(crate) fn instead(wrong: &str, names: &[String]) -> String {
    if let Some(name) = nearest(wrong, names.iter().map(String::as_str)) {
        return format!("; did you mean `{name}`?");
    }
    match names {
        [] => "; there are none".to_owned(),
        few if few.len() <= 8 => format!("; there are: {}", few.join(", ")),
        many => format!("; there are {}: {}, ...", many.len(), many[..8].join(", ")),
    }
}
