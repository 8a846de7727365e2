//! Labels that carry a zone's offset, such as `2023-03-13 00:00:00-04:00` as data-frame programs write them.
//!
//! A time with an offset is an instant. But when every label of a file is a local midnight, they are dates: the daily bars
//! of an exchange, whose label here is midnight UTC of the date, as everywhere. The names of zones are not needed.

use std::collections::BTreeSet;

use crosscut_model::time::{DAY, HOUR, MINUTE, weekday};

/// The labels with an offset that a file had so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Zoned {
    /// Local times of the rows that had an offset, as if they were UTC.
    local: Vec<i64>,
    /// The offsets, microseconds east of UTC.
    offsets: BTreeSet<i64>,
}

impl Zoned {
    /// Notes a label: its local time, and what it is ahead of UTC.
    pub fn note(&mut self, local: i64, offset: i64) {
        self.local.push(local);
        self.offsets.insert(offset);
    }

    /// Adds the clock that stands beside a date to the last label; `false` when that was no date.
    pub fn advance(&mut self, clock: i64) -> bool {
        let Some(last) = self.local.last_mut().filter(|last| last.rem_euclid(DAY) == 0) else { return false };
        *last += clock;
        true
    }

    /// The labels as they count, given their instants: dates where all are local midnights, and what is to be said of it.
    ///
    /// # Errors
    /// When some labels have an offset and others none, or dates are those of days that end after midnight UTC of a market
    /// that never closes: such a bar would be known too early.
    pub fn settle(&self, instants: &mut [i64]) -> Result<Option<String>, String> {
        // `Z` alone says what a time without a zone means anyway.
        if self.offsets.iter().all(|offset| *offset == 0) {
            return Ok(None);
        }
        if self.local.len() != instants.len() {
            let n = self.local.len();
            return Err(format!("{n} of {} times have a zone, the others none; expected one form", instants.len()));
        }
        let shown: Vec<String> = self.offsets.iter().map(|offset| shown(*offset)).collect();
        let shown = shown.join(" and ");
        let is_midnight = |time: &i64| time.rem_euclid(DAY) == 0;
        if !self.local.iter().all(is_midnight) {
            return Ok(Some(format!("times are {shown}, turned into UTC")));
        }
        let is_behind = self.offsets.first().is_some_and(|offset| *offset < 0);
        if is_behind && self.local.iter().any(|time| weekday(*time) >= 5) {
            return Err(format!(
                "its days are those of {shown} and it has bars of weekends: such days end after those of UTC, \
                 by which bars are known here; expected days of UTC"
            ));
        }
        instants.copy_from_slice(&self.local);
        Ok(Some(format!("times are midnights of {shown}: taken as dates")))
    }
}

/// An offset as text.
fn shown(offset: i64) -> String {
    let sign = if offset < 0 { '-' } else { '+' };
    format!("UTC{sign}{:02}:{:02}", offset.abs() / HOUR, offset.abs() % HOUR / MINUTE)
}

#[cfg(test)]
mod tests {
    //! Labels by hand.

    use super::*;
    use crosscut_model::time::parse_zoned;

    /// What labels come to, and the note or the reason.
    fn settled(labels: &[&str]) -> String {
        let mut zoned = Zoned::default();
        let mut instants = Vec::new();
        for label in labels {
            match parse_zoned(label) {
                Some((local, offset)) => {
                    zoned.note(local, offset);
                    instants.push(local - offset);
                }
                None => instants.push(crosscut_model::parse_iso(label).unwrap()),
            }
        }
        match zoned.settle(&mut instants) {
            Ok(note) => {
                let times: Vec<String> = instants.iter().map(|time| crosscut_model::format_iso(*time)).collect();
                format!("{}; {}", times.join(" "), note.unwrap_or_default())
            }
            Err(reason) => reason,
        }
    }

    #[test]
    fn midnights_are_dates_and_other_times_instants() {
        assert_eq!(
            settled(&["2023-03-10 00:00:00-05:00", "2023-03-13 00:00:00-04:00"]),
            "2023-03-10T00:00:00Z 2023-03-13T00:00:00Z; times are midnights of UTC-05:00 and UTC-04:00: taken as dates"
        );
        assert_eq!(
            settled(&["2023-03-10T15:30:00-05:00", "2023-03-13T09:30:00-0400"]),
            "2023-03-10T20:30:00Z 2023-03-13T13:30:00Z; times are UTC-05:00 and UTC-04:00, turned into UTC"
        );
        assert_eq!(settled(&["2023-03-10", "2023-03-11"]), "2023-03-10T00:00:00Z 2023-03-11T00:00:00Z; ");
        assert_eq!(
            settled(&["2023-03-11 00:00:00+00:00", "2023-03-12 00:00:00Z"]),
            "2023-03-11T00:00:00Z 2023-03-12T00:00:00Z; "
        );
        // In London the clocks change; a day there ends before the one of UTC.
        assert_eq!(
            settled(&["2023-03-25 00:00:00+00:00", "2023-03-27 00:00:00+01:00"]),
            "2023-03-25T00:00:00Z 2023-03-27T00:00:00Z; times are midnights of UTC+00:00 and UTC+01:00: taken as dates"
        );
    }

    #[test]
    fn days_that_would_be_known_too_early_are_refused() {
        let said = settled(&["2023-03-10 00:00:00-05:00", "2023-03-11 00:00:00-05:00"]);
        assert!(said.contains("days are those of UTC-05:00 and it has bars of weekends"), "{said}");
        let said = settled(&["2023-03-10 00:00:00-05:00", "2023-03-13"]);
        assert!(said.contains("1 of 2 times have a zone"), "{said}");
    }
}
