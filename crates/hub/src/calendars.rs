//! Exchange calendars: `calendars/<venue>.json`.

use std::collections::BTreeMap;

use crosscut_model::time::{format_date, parse_iso};
use crosscut_model::{Sessions, Zone};
use serde::{Deserialize, Serialize};

use crate::error::HubError;
use crate::layout;
use crate::provenance::{FORMAT_VERSION, InputFile};
use crate::publisher::IngestPublisher;
use crate::reader::Hub;
use crate::replace;
use crate::single;

/// A calendar as it is stored: dates as text, clock times in minutes of the local day.
#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    /// Name of the time zone.
    zone: String,
    /// Open and close of each weekday, Monday first.
    weekdays: [Option<(i64, i64)>; 7],
    /// Days without a session.
    holidays: Vec<String>,
    /// Days that close early.
    early_closes: BTreeMap<String, i64>,
    /// Days that open late.
    late_opens: BTreeMap<String, i64>,
    /// The file it was made from.
    source: InputFile,
    /// Version of the program that made it.
    code_version: String,
    /// Version of the file formats.
    format_version: u32,
}

/// Microseconds in a minute.
const MINUTE: i64 = crosscut_model::time::MINUTE;

impl Hub {
    /// The calendar of a venue; `None` when it has none: it is then open around the clock.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn sessions(&self, venue: &str) -> Result<Option<Sessions>, HubError> {
        let path = self.root().join(layout::calendar_file(venue)?);
        if !path.exists() {
            return Ok(None);
        }
        let text = std::fs::read(&path).map_err(HubError::io("open", &path))?;
        let damaged = |reason: String| HubError::Json { path: path.clone(), what: "an exchange calendar", reason };
        let stored: Stored = serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
        single::check_format(&path, Some(stored.format_version))?;
        restored(&stored).map(Some).map_err(damaged)
    }
}

/// A calendar from its stored form; the error says what is wrong.
fn restored(stored: &Stored) -> Result<Sessions, String> {
    let zone = Zone::NAMES.iter().find(|(name, _)| *name == stored.zone);
    let day = |text: &String| parse_iso(text).map_err(|error| error.to_string());
    let days = |map: &BTreeMap<String, i64>| -> Result<BTreeMap<i64, i64>, String> {
        map.iter().map(|(text, minutes)| Ok((day(text)?, minutes * MINUTE))).collect()
    };
    Ok(Sessions {
        zone: zone.ok_or_else(|| format!("`{}` is no time zone it knows", stored.zone))?.1,
        weekdays: stored.weekdays.map(|hours| hours.map(|(open, close)| (open * MINUTE, close * MINUTE))),
        holidays: stored.holidays.iter().map(day).collect::<Result<_, _>>()?,
        early_closes: days(&stored.early_closes)?,
        late_opens: days(&stored.late_opens)?,
    })
}

impl IngestPublisher {
    /// Publishes the calendar of a venue, replacing what was there. Returns whether it differs from what was there.
    ///
    /// # Errors
    /// When the name cannot be a venue, or the file cannot be written.
    pub fn publish_sessions(
        &self,
        venue: &str,
        sessions: &Sessions,
        source: &InputFile,
        code_version: &str,
    ) -> Result<bool, HubError> {
        let path = self.root().join(layout::calendar_file(venue)?);
        let days = |map: &BTreeMap<i64, i64>| map.iter().map(|(day, at)| (format_date(*day), at / MINUTE)).collect();
        let stored = Stored {
            zone: sessions.zone.name().to_owned(),
            weekdays: sessions.weekdays.map(|hours| hours.map(|(open, close)| (open / MINUTE, close / MINUTE))),
            holidays: sessions.holidays.iter().map(|day| format_date(*day)).collect(),
            early_closes: days(&sessions.early_closes),
            late_opens: days(&sessions.late_opens),
            source: source.clone(),
            code_version: code_version.to_owned(),
            format_version: FORMAT_VERSION,
        };
        let bytes = single::to_json(&stored);
        if std::fs::read(&path).is_ok_and(|there| there == bytes) {
            return Ok(false);
        }
        replace::replace(&path, &bytes)?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    //! A calendar in, the same out.

    use super::*;
    use crate::fixtures::{Scratch, source};
    use crate::provenance::Origin;

    #[test]
    fn calendars_round_trip() {
        let scratch = Scratch::new();
        assert_eq!(scratch.hub.sessions("us").unwrap(), None);
        let mut sessions = Sessions::us_equities();
        let day = |text: &str| parse_iso(text).unwrap();
        sessions.holidays.insert(day("2013-11-28"));
        sessions.early_closes.insert(day("2013-11-29"), 13 * 60 * MINUTE);
        sessions.late_opens.insert(day("2013-12-02"), 11 * 60 * MINUTE);
        let input = source(Origin::List).inputs.remove(0);
        assert!(scratch.publisher.publish_sessions("us", &sessions, &input, "1").unwrap());
        assert!(!scratch.publisher.publish_sessions("us", &sessions, &input, "1").unwrap());
        assert_eq!(scratch.hub.sessions("us").unwrap(), Some(sessions));
        std::fs::write(scratch.path("calendars/us.json"), "{}").unwrap();
        assert!(scratch.hub.sessions("us").unwrap_err().to_string().contains("an exchange calendar"));
    }
}
