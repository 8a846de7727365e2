//! LEAN's market hours as the calendar of a venue: time zone, sessions, holidays, early closes.

use std::path::PathBuf;

use crosscut_hub::{IngestPublisher, InputFile};
use crosscut_model::session::parse_us_date;
use crosscut_model::time::{DAY, HOUR, MINUTE, SECOND};
use crosscut_model::{Sessions, Zone};
use serde_json::Value;

use crate::error::{Fault, IngestError};

use super::checksum::Identity;
use super::container::{self, Container};
use super::json;
use super::report::{FileRecord, TableReport, TableStatus};

/// A file of market hours that has been looked at.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CalendarFile {
    /// Where it is.
    pub path: PathBuf,
    /// How the user named it.
    pub shown: String,
    /// Its size and hash.
    pub identity: Identity,
    /// What it is packed in.
    pub container: Container,
}

/// The entry for shares listed in the United States.
const US_EQUITIES: &str = "Equity-usa-[*]";

/// Weekdays as the file names them.
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// Whether an answer is a file of market hours.
pub(crate) fn recognise(value: &Value) -> bool {
    value.pointer("/entries").and_then(Value::as_object).is_some_and(|entries| entries.contains_key(US_EQUITIES))
}

/// Publishes the sessions of shares listed in the United States as the venue's calendar.
///
/// # Errors
/// When the file is refused or the calendar cannot be written.
pub(crate) fn run(
    publisher: &IngestPublisher,
    venue: &str,
    file: &CalendarFile,
) -> Result<(FileRecord, TableReport), IngestError> {
    let refuse = |fault: Fault| fault.of(&file.shown);
    let bytes = container::open_json(&file.path, &file.container).map_err(refuse)?;
    let value = json::parse(bytes, "JSON").map_err(refuse)?;
    let sessions = sessions(&value["entries"][US_EQUITIES]).map_err(|reason| refuse(Fault::file(reason)))?;
    let days = (sessions.holidays.len() + sessions.early_closes.len() + sessions.late_opens.len()) as u64;
    let input = InputFile {
        n_out_of_order: 0,
        file: file.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        size: file.identity.size,
        sha256: file.identity.sha256.clone(),
        rows: days,
        first: 0,
        last: 0,
        covers_until: None,
        venue: file.identity.venue.clone(),
    };
    let written = publisher.publish_sessions(venue, &sessions, &input, env!("CARGO_PKG_VERSION"))?;
    let decided = format!("{} holidays, {} early closes", sessions.holidays.len(), sessions.early_closes.len());
    let record = FileRecord { shown: file.shown.clone(), decided, rows: days, notes: Vec::new() };
    let status = if written { TableStatus::Written } else { TableStatus::Unchanged };
    let added = if written { days } else { 0 };
    Ok((record, TableReport { table: format!("calendar of {venue}"), rows: days, added, status }))
}

/// The sessions of an entry; the error says what is wrong.
fn sessions(entry: &Value) -> Result<Sessions, String> {
    let zone = entry["exchangeTimeZone"].as_str().unwrap_or("");
    let zone = Zone::NAMES.iter().find(|(name, _)| *name == zone).map(|(_, zone)| *zone);
    let mut out =
        Sessions { zone: zone.ok_or("its time zone is not one this program knows")?, ..Sessions::us_equities() };
    for (hours, name) in out.weekdays.iter_mut().zip(WEEKDAYS) {
        let market = entry[name].as_array().into_iter().flatten().find(|part| part["state"] == "market");
        *hours = match market {
            None => None,
            Some(part) => Some((clock(&part["start"])?, clock(&part["end"])?)),
        };
    }
    for day in entry["holidays"].as_array().into_iter().flatten() {
        out.holidays.insert(date(day.as_str().unwrap_or(""))?);
    }
    for (field, into) in [("earlyCloses", &mut out.early_closes), ("lateOpens", &mut out.late_opens)] {
        for (day, at) in entry[field].as_object().into_iter().flatten() {
            into.insert(date(day)?, clock(at)?);
        }
    }
    Ok(out)
}

/// A day.
fn date(text: &str) -> Result<i64, String> {
    parse_us_date(text).ok_or_else(|| format!("`{}` is no day; expected MM/DD/YYYY", text.escape_debug()))
}

/// A time of day, `09:30:00`; `1.00:00:00` is the day's end.
fn clock(value: &Value) -> Result<i64, String> {
    let text = value.as_str().unwrap_or("");
    let (days, rest) = match text.split_once('.') {
        Some((days, rest)) => (days.parse::<i64>().unwrap_or(-1), rest),
        None => (0, text),
    };
    let parts: Vec<i64> = rest.split(':').map(|part| part.parse().unwrap_or(-1)).collect();
    match parts.as_slice() {
        [hour @ 0..=23, minute @ 0..=59, second @ 0..=59] if (0..=1).contains(&days) => {
            Ok(days * DAY + hour * HOUR + minute * MINUTE + second * SECOND)
        }
        _ => Err(format!("`{}` is no time of day; expected HH:MM:SS", text.escape_debug())),
    }
}
