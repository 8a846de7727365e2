//! Group files: which category (sector, chain) a symbol belongs to, from which time on.
//!
//! CSV, `symbol,category` or `symbol,category,from`, where the second column may have another name (`sector`): the category of a symbol for all rows, or for those whose timestamp
//! is not before `from` (a date or an ISO-8601 time, empty for the first row on), until a later line of the symbol says
//! otherwise. An empty category means that the symbol has none from then on.

use std::collections::BTreeMap;

use crate::instrument::check_symbol;
use crate::time::parse_iso;

/// One line of a group file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupLine {
    /// The symbol.
    pub symbol: String,
    /// Its category; empty for none.
    pub category: String,
    /// From when on, microseconds UTC; the smallest number for all rows.
    pub from: i64,
}

/// Why a group file cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupError {
    /// Line number from 1.
    pub line: usize,
    /// What is wrong, with the symbol where there is one.
    pub message: String,
}

/// A complaint about a line, counted from 1.
fn error(line: usize, message: String) -> GroupError {
    GroupError { line, message }
}

/// All lines of a group file after its heading.
///
/// # Errors
/// [`GroupError`] for the first line that says nothing we understand.
pub fn parse_groups(text: &str) -> Result<Vec<GroupLine>, GroupError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = text.lines().enumerate().map(|(at, line)| (at + 1, line)).filter(|(_, l)| !l.trim().is_empty());
    let (at, heading) = lines.next().unwrap_or((1, ""));
    let names: Vec<String> = cells(at, heading)?.iter().map(|name| name.to_ascii_lowercase()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    if !matches!(names.as_slice(), ["symbol", name] | ["symbol", name, "from"] if !name.is_empty() && *name != "from") {
        let expected = "expected `symbol,category` or `symbol,category,from`";
        let is_parted_otherwise = heading.contains([';', '\t']) && !heading.contains(',');
        let hint = if is_parted_otherwise { "\nhint: the cells are parted by commas" } else { "" };
        let heading = heading.escape_debug();
        return Err(error(at, format!("the heading of the group file is `{heading}`; {expected}{hint}")));
    }
    let mut parsed = Vec::new();
    let mut seen: BTreeMap<(String, i64), usize> = BTreeMap::new();
    for (at, text) in lines {
        let line = group_line(at, text, names.len())?;
        if let Some(before) = seen.insert((line.symbol.clone(), line.from), at) {
            let message = format!("{}: the symbol stands in row {before} from the same time on", line.symbol);
            return Err(error(at, message));
        }
        parsed.push(line);
    }
    Ok(parsed)
}

/// One line.
fn group_line(at: usize, text: &str, n_cells: usize) -> Result<GroupLine, GroupError> {
    let cells = cells(at, text)?;
    let symbol = cells.first().cloned().unwrap_or_default();
    if cells.len() != n_cells {
        let message = format!("{symbol}: the row `{text}` has {} cells; expected {n_cells}", cells.len());
        return Err(error(at, message));
    }
    check_symbol(&symbol).map_err(|bad| error(at, format!("symbol: {bad}")))?;
    let from = match cells.get(2).map_or("", String::as_str) {
        "" => i64::MIN,
        time => parse_iso(time).map_err(|bad| error(at, format!("{symbol}: from: {bad}")))?,
    };
    Ok(GroupLine { symbol, category: cells[1].clone(), from })
}

/// The cells of a line; one in quotes may hold commas, and quotes written twice.
fn cells(at: usize, text: &str) -> Result<Vec<String>, GroupError> {
    let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' if quoted && rest.next_if_eq(&'"').is_some() => cell.push('"'),
            '"' if quoted || cell.trim().is_empty() => quoted = !quoted,
            ',' if !quoted => cells.push(std::mem::take(&mut cell).trim().to_owned()),
            c => cell.push(c),
        }
    }
    if quoted {
        return Err(error(at, format!("the row `{text}` has a quote that is not closed")));
    }
    cells.push(cell.trim().to_owned());
    Ok(cells)
}
