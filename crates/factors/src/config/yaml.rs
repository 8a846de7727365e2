//! What the YAML reader has to complain about, in the words of our messages, with the line of the file and the place.

use crosscut_model::nearest;

use super::line;
use crate::error::{FactorsError, Place};

/// The reader's words, and ours.
const WORDS: [(&str, &str); 5] = [
    ("expected sequence start", "expected a list, such as [5, 20]"),
    ("expected mapping start", "expected keys and values, such as {name: value}"),
    ("expected string scalar", "expected a text"),
    ("invalid floating point", "expected a number"),
    ("tabs disallowed within this context (block indentation)", "a tab; lines are indented with blanks"),
];

/// The most characters of a line that are shown.
const MAX_SHOWN: usize = 160;

/// Turns a reader's error into ours, with the nearest key for an unknown one. `file` is the name of the file, `text`
/// what is in it.
pub(super) fn error(file: &str, text: &str, error: &serde_saphyr::Error) -> FactorsError {
    let at = error.location().map_or((0, 0), |at| (line(&at), at.column()));
    let message = match error.without_snippet() {
        serde_saphyr::Error::SerdeUnknownField { field, expected, .. } => {
            let known = expected.join(", ");
            let is_word = field.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
            let hint = match nearest(field, expected.iter().copied()) {
                Some(name) => format!("\nhint: did you mean `{name}`?"),
                // The rest of `{name: f, formula: ts_mean(close, 5)}` behind the comma.
                None if !is_word => "\nhint: between braces a formula that holds commas is put in quotes".to_owned(),
                None => String::new(),
            };
            format!("unknown key `{field}`; expected one of {known}{hint}")
        }
        serde_saphyr::Error::SerdeMissingField { field, .. } => format!("the key `{field}` is missing"),
        _ if is_empty(text) => "the file is empty; expected a factor set".to_owned(),
        other => other_error(text, &other.render_with_formatter(&serde_saphyr::UserMessageFormatter), at),
    };
    FactorsError::Config { place: Place { file: file.to_owned(), line: at.0 }, message }
}

/// Whether a file holds nothing but remarks.
fn is_empty(text: &str) -> bool {
    let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
    lines.into_iter().all(|line| line.is_empty() || line.starts_with('#'))
}

/// A complaint and the place, line and column from 1.
fn other_error(text: &str, told: &str, (line, column): (u64, u64)) -> String {
    // The place is told by what follows.
    let told = told.rfind(" at line ").map_or(told, |end| &told[..end]);
    let words = WORDS.iter().find(|(theirs, _)| *theirs == told).map_or(told, |(_, ours)| ours);
    let shown = usize::try_from(line).ok().and_then(|line| text.lines().nth(line.checked_sub(1)?));
    let column = usize::try_from(column).unwrap_or(1).max(1);
    match shown.filter(|shown| !shown.trim().is_empty() && shown.chars().count() <= MAX_SHOWN) {
        Some(shown) => {
            let shown: String = shown.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            format!("{words}\n  {shown}\n  {}^", " ".repeat(column - 1))
        }
        None => words.to_owned(),
    }
}
