//! Content hashes: BLAKE3 of files, and of configurations in a canonical form.

use std::fs::File;
use std::path::Path;

use serde_json::Value;

use crate::error::HubError;

/// BLAKE3 of a file's bytes, lower-case hex.
///
/// # Errors
/// When the file cannot be read.
pub fn hash_file(path: &Path) -> Result<String, HubError> {
    let file = File::open(path).map_err(HubError::io("open", path))?;
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(file).map_err(HubError::io("read", path))?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// BLAKE3 of a configuration in canonical form (keys sorted, no white space), lower-case hex: the same for two texts
/// that differ only in the order of keys.
pub fn config_hash(config: &Value) -> String {
    blake3::hash(canonical_text(config).as_bytes()).to_hex().to_string()
}

/// A value as JSON with keys in order and without blanks: what hashes of configurations are made of.
pub fn canonical_text(value: &Value) -> String {
    let mut text = String::new();
    write_canonical(value, &mut text);
    text
}

/// Appends the canonical form of `value`.
fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| key.as_str());
            out.push('{');
            for (at, (key, item)) in entries.into_iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                out.push_str(&Value::String(key.clone()).to_string());
                out.push(':');
                write_canonical(item, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_canonical(item, out);
            }
            out.push(']');
        }
        plain => out.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests;
