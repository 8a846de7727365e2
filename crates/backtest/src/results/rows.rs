//! Reading a run's CSV files back, row by row, with bounded memory.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use crosscut_model::parse_iso;

use super::error::ResultsError;

/// A CSV file being read. Fields are looked up by their column's name once, when the file is opened.
#[derive(Debug)]
pub(super) struct Rows {
    /// The file.
    path: PathBuf,
    /// Its lines.
    reader: BufReader<File>,
    /// Where each asked column stands.
    columns: Vec<usize>,
    /// Number of the current line, from 1.
    line: u64,
    /// The current line.
    text: String,
    /// Its fields, unquoted.
    fields: Vec<String>,
    /// The last time read, and its text: neighbours share theirs.
    last_time: (String, i64),
}

impl Rows {
    /// Opens a file for some of its columns; `None` when the run has no such file.
    ///
    /// # Errors
    /// When the file cannot be read or lacks a column.
    pub(super) fn open(folder: &Path, name: &str, columns: &[&str]) -> Result<Option<Self>, ResultsError> {
        let path = folder.join(name);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(ResultsError::io("open", &path)(error)),
        };
        let reader = BufReader::with_capacity(1 << 18, file);
        let last_time = (String::new(), 0);
        let mut rows =
            Self { path, reader, columns: Vec::new(), line: 0, text: String::new(), fields: Vec::new(), last_time };
        rows.read_line()?;
        for column in columns {
            let at = rows.fields.iter().position(|field| field == column);
            rows.columns.push(at.ok_or_else(|| {
                ResultsError::malformed(&rows.path, format!("expected a column `{column}`, found `{}`", rows.text))
            })?);
        }
        Ok(Some(rows))
    }

    /// Goes to the next row; `false` at the end.
    pub(super) fn next(&mut self) -> Result<bool, ResultsError> {
        if !self.read_line()? {
            return Ok(false);
        }
        match self.columns.iter().max() {
            Some(&last) if last >= self.fields.len() => Err(self.bad("fewer fields than columns")),
            _ => Ok(true),
        }
    }

    /// A field of the current row: by its place among the asked columns.
    pub(super) fn text(&self, column: usize) -> &str {
        &self.fields[self.columns[column]]
    }

    /// A number; `None` for an empty field.
    pub(super) fn number(&self, column: usize) -> Result<Option<f64>, ResultsError> {
        let text = self.text(column);
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|_| self.bad(&format!("`{text}` is not a number")))
    }

    /// A time, microseconds UTC.
    pub(super) fn time(&mut self, column: usize) -> Result<i64, ResultsError> {
        let text = &self.fields[self.columns[column]];
        if *text != self.last_time.0 {
            let time = parse_iso(text).map_err(|error| self.bad(&error.to_string()))?;
            self.last_time = (text.clone(), time);
        }
        Ok(self.last_time.1)
    }

    /// Reads a line and cuts it into fields; `false` at the end.
    fn read_line(&mut self) -> Result<bool, ResultsError> {
        self.text.clear();
        self.reader.read_line(&mut self.text).map_err(ResultsError::io("read", &self.path))?;
        self.line += 1;
        if self.text.is_empty() {
            return Ok(false);
        }
        let line = self.text.trim_end_matches(['\n', '\r']);
        split(line, &mut self.fields);
        Ok(true)
    }

    /// An error at the current line.
    fn bad(&self, what: &str) -> ResultsError {
        ResultsError::malformed(&self.path, format!("line {}: {what}", self.line))
    }
}

/// Cuts a line into fields; a quoted field may hold commas and doubled quotes. Reuses the strings that are there.
fn split(line: &str, fields: &mut Vec<String>) {
    let mut n = 0;
    let mut rest = Some(line);
    while let Some(text) = rest {
        if n == fields.len() {
            fields.push(String::new());
        }
        let field = &mut fields[n];
        field.clear();
        n += 1;
        rest = match text.strip_prefix('"') {
            Some(quoted) => take_quoted(quoted, field),
            None => {
                let end = text.find(',');
                field.push_str(&text[..end.unwrap_or(text.len())]);
                end.map(|end| &text[end + 1..])
            }
        };
    }
    fields.truncate(n);
}

/// Takes a quoted field, its opening quote gone; gives what follows the comma behind it.
fn take_quoted<'a>(quoted: &'a str, field: &mut String) -> Option<&'a str> {
    let mut rest = quoted;
    loop {
        let Some(end) = rest.find('"') else {
            field.push_str(rest);
            return None;
        };
        field.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('"') {
            Some(after) => {
                field.push('"');
                rest = after;
            }
            None => return rest.strip_prefix(','),
        }
    }
}

#[cfg(test)]
mod tests {
    //! Fields as spreadsheets and we write them.

    use super::split;

    #[test]
    fn quotes_and_empty_fields() {
        let cut = |line: &str| {
            let mut fields = vec!["old".to_owned(); 2];
            split(line, &mut fields);
            fields
        };
        assert_eq!(cut("a,,c"), ["a", "", "c"]);
        assert_eq!(cut("\"A,\"\"<x>\",1,"), ["A,\"<x>", "1", ""]);
        assert_eq!(cut(""), [""]);
        assert_eq!(cut("\"open"), ["open"]);
    }
}
