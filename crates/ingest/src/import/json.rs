//! Answers of venues in JSON as tables of text: the list of records in them, a line for each.
//!
//! A record is an object (its keys are columns) or a list (as klines are written); what is nested deeper stays JSON text.

use std::io::Read as _;
use std::path::Path;

use serde_json::Value;

use crate::error::{AGAIN, Fault};

use super::container::cannot_read;

/// A JSON file has at most this many bytes.
const BYTES_MAX: u64 = 256 << 20;

/// Lists of records lie at most this deep in an answer.
const DEPTH_MAX: usize = 4;

/// Reads a file as JSON.
///
/// # Errors
/// When it cannot be read, is too large or is no JSON.
pub(crate) fn parse_file(path: &Path) -> Result<Value, Fault> {
    let file = std::fs::File::open(path).map_err(|error| cannot_read(&error))?;
    parse(file, "JSON")
}

/// Reads a stream as JSON.
///
/// # Errors
/// As [`parse_file`].
pub(crate) fn parse(source: impl std::io::Read, what: &str) -> Result<Value, Fault> {
    let mut bytes = Vec::new();
    source.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| cannot_read(&error))?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(Fault::file(format!("holds more than {BYTES_MAX} bytes of JSON")).hint("cut it into several files"));
    }
    serde_json::from_slice(&bytes)
        .map_err(|error| Fault::file(format!("cannot be read as {what}: {error}")).hint(AGAIN))
}

/// Reads a venue's answer.
///
/// # Errors
/// As [`parse_file`].
pub(crate) fn parse_json(source: impl std::io::Read) -> Result<Value, Fault> {
    parse(source, "JSON")
}

/// The records of a JSON file as CSV: a header where records are objects, then a line for each.
///
/// # Errors
/// When the file is no JSON, holds no list of records, or records differ in kind.
pub(crate) fn table_text(path: &Path) -> Result<Vec<u8>, Fault> {
    table_of(&parse_file(path)?)
}

/// The records of JSON that is being unpacked, as CSV.
///
/// # Errors
/// As [`table_text`].
pub(crate) fn packed_text(source: impl std::io::Read) -> Result<Vec<u8>, Fault> {
    table_of(&parse(source, "JSON")?)
}

/// The records of a YAML file as CSV.
///
/// # Errors
/// As [`table_text`].
pub(crate) fn yaml_text(path: &Path) -> Result<Vec<u8>, Fault> {
    let text = std::fs::read_to_string(path).map_err(|error| cannot_read(&error))?;
    let options = serde_saphyr::options! { with_snippet: false };
    let value: Value = serde_saphyr::from_str_with_options(&text, options)
        .map_err(|error| Fault::file(format!("cannot be read as YAML: {error}")).hint("correct the file"))?;
    table_of(&value)
}

/// The records of an answer as CSV.
fn table_of(value: &Value) -> Result<Vec<u8>, Fault> {
    let none = || Fault::file("holds no list of records; expected a venue's answer with rows of data").hint(AGAIN);
    let records = records(value, DEPTH_MAX).ok_or_else(none)?;
    let mut columns: Vec<&str> = Vec::new();
    for record in records.iter().filter_map(Value::as_object) {
        columns.extend(record.keys().map(String::as_str).filter(|key| !columns.contains(key)).collect::<Vec<_>>());
    }
    let mut out = Vec::new();
    if !columns.is_empty() {
        line(&mut out, columns.iter().map(|name| (*name).to_owned()));
    }
    for (at, record) in records.iter().enumerate() {
        match record {
            Value::Object(fields) => {
                line(&mut out, columns.iter().map(|name| fields.get(*name).map_or(String::new(), text)))
            }
            Value::Array(fields) if columns.is_empty() => line(&mut out, fields.iter().map(text)),
            _ => return Err(Fault::row(at as u64 + 1, "is a record of another form than those before it")),
        }
    }
    Ok(out)
}

/// The first list of objects or lists in an answer.
fn records(value: &Value, depth: usize) -> Option<&Vec<Value>> {
    match value {
        Value::Array(items) => items.first().is_some_and(|item| item.is_object() || item.is_array()).then_some(items),
        Value::Object(fields) if depth > 0 => fields.values().find_map(|field| records(field, depth - 1)),
        _ => None,
    }
}

/// A value as the text of a field.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Adds a line of quoted fields.
fn line(out: &mut Vec<u8>, fields: impl Iterator<Item = String>) {
    for (at, field) in fields.enumerate() {
        if at > 0 {
            out.push(b',');
        }
        // A line end would cut the record in two, and no value that is read holds one.
        let field = field.replace('"', "\"\"").replace(['\n', '\r'], " ");
        out.extend_from_slice(format!("\"{field}\"").as_bytes());
    }
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    //! Answers as venues give them.

    use super::*;

    /// The table of an answer.
    fn table(json: &str) -> String {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.json");
        std::fs::write(&path, json).unwrap();
        match table_text(&path) {
            Ok(text) => String::from_utf8(text).unwrap(),
            Err(fault) => fault.reason,
        }
    }

    #[test]
    fn records_are_found_in_their_envelopes() {
        let okx = r#"{"code":"0","data":[{"instId":"BTC-USD-SWAP","fundingRate":"0.01","fundingTime":"1"},{"instId":"B\"X","extra":{"a":1}}],"msg":""}"#;
        assert_eq!(
            table(okx),
            "\"instId\",\"fundingRate\",\"fundingTime\",\"extra\"\n\"BTC-USD-SWAP\",\"0.01\",\"1\",\"\"\n\
             \"B\"\"X\",\"\",\"\",\"{\"\"a\"\":1}\"\n"
        );
        assert_eq!(table(r#"{"retCode":0,"result":{"list":[["1","2.50"],[3,null]]}}"#), "\"1\",\"2.50\"\n\"3\",\"\"\n");
        assert_eq!(table("[1502942400000]"), "holds no list of records; expected a venue's answer with rows of data");
        assert!(table("{\"a\":").starts_with("cannot be read as JSON"));
        assert_eq!(table("[{\"a\":1},[2]]"), "is a record of another form than those before it");
    }
}
