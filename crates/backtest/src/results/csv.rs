//! Rows of CSV as bytes: numbers in the shortest form that reads back the same, missing ones empty, times in ISO-8601.

use std::io::Write;

use crosscut_model::format_iso;

/// Appends a number; nothing when it is not finite. Negative zero is written `0`.
pub(super) fn push_number(out: &mut Vec<u8>, value: f64) {
    if value == 0.0 {
        out.push(b'0');
    } else if value.is_finite() {
        write!(out, "{value}").expect("writing into a vector cannot fail");
    }
}

/// Appends a whole number.
pub(super) fn push_integer(out: &mut Vec<u8>, value: u64) {
    write!(out, "{value}").expect("writing into a vector cannot fail");
}

/// Appends a text, in quotes when it holds a comma, a quote or a line break.
pub(super) fn push_text(out: &mut Vec<u8>, text: &str) {
    if text.contains([',', '"', '\n', '\r']) {
        out.push(b'"');
        out.extend_from_slice(text.replace('"', "\"\"").as_bytes());
        out.push(b'"');
    } else {
        out.extend_from_slice(text.as_bytes());
    }
}

/// Writes times, remembering the last one: many rows in a row share theirs.
#[derive(Debug, Default)]
pub(super) struct TimeText {
    /// The last time and its text.
    last: Option<(i64, String)>,
}

impl TimeText {
    /// Appends a time (microseconds UTC).
    pub(super) fn push(&mut self, out: &mut Vec<u8>, timestamp: i64) {
        if self.last.as_ref().is_none_or(|(time, _)| *time != timestamp) {
            self.last = Some((timestamp, format_iso(timestamp)));
        }
        if let Some((_, text)) = &self.last {
            out.extend_from_slice(text.as_bytes());
        }
    }
}
