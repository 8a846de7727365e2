//! What an exchange says of its instruments on a day, kept as it was answered: one file a day.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crosscut_model::time::{DAY, format_date};

use crate::error::IngestError;

use super::address::{Host, is_plain_name};
use super::client::{Client, FetchError};
use super::sources::Unanswered;
use super::transfer::beside;
use super::wish::{DataKind, How, Span, TableKey, Task};

/// The task of today's snapshot.
pub(crate) fn task(provider: &'static str, folder: &str, url: &str, now: i64) -> Task {
    let from = now.div_euclid(DAY) * DAY;
    Task {
        provider,
        table: TableKey::of(DataKind::Instruments, "", from),
        path: format!("{folder}/instruments/instruments-{}.json", format_date(from)),
        span: Span { from, until: from + DAY },
        how: How::Pages(url.to_owned()),
    }
}

/// Writes an answer as it is, once it is known to be JSON.
///
/// # Errors
/// When the venue does not answer, or the file cannot be written.
pub(crate) fn write(client: &Client, host: &Host, url: &str, dest: &Path) -> Result<(), Unanswered> {
    let text = client.text(url, host.manners)?;
    parsed(&text, host)?;
    keep(&text, dest)
}

/// Writes a text aside, then under its name.
///
/// # Errors
/// When the file cannot be written.
pub(crate) fn keep(text: &str, dest: &Path) -> Result<(), Unanswered> {
    let aside = beside(dest, ".part");
    fs::write(&aside, text).map_err(|error| FetchError::Local(IngestError::io("write", &aside)(error)))?;
    fs::rename(&aside, dest).map_err(|error| FetchError::Local(IngestError::io("write", dest)(error)))?;
    Ok(())
}

/// An answer as JSON.
///
/// # Errors
/// When it is none.
pub(crate) fn parsed(text: &str, host: &Host) -> Result<Value, Unanswered> {
    serde_json::from_str(text)
        .map_err(|error| FetchError::Failed(format!("{}: the answer is no JSON: {error}", host.origin)).into())
}

/// The symbols an answer about instruments names, sorted.
///
/// # Errors
/// When the venue does not answer, or otherwise than expected.
pub(crate) fn symbols(
    client: &Client,
    host: &Host,
    url: &str,
    entries: impl Fn(&Value) -> Result<&[Value], String>,
    key: &str,
) -> Result<Vec<String>, Unanswered> {
    let answer = parsed(&client.text(url, host.manners)?, host)?;
    let entries = entries(&answer).map_err(|reason| FetchError::Failed(format!("{}: {reason}", host.origin)))?;
    Ok(names(entries, key))
}

/// The names of some entries, sorted; those that cannot be a symbol left out.
pub(crate) fn names(entries: &[Value], key: &str) -> Vec<String> {
    let names = entries.iter().filter_map(|entry| entry.get(key)?.as_str());
    let mut names: Vec<String> = names.filter(|name| is_plain_name(name)).map(str::to_owned).collect();
    names.sort();
    names.dedup();
    names
}
