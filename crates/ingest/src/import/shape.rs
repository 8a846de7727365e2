//! The beginning of a text file: comment lines, header, first rows.

use std::borrow::Cow;

use crate::error::{AGAIN, Fault};

use super::decimal::number;
use super::fields::split;

/// What some programs put before UTF-8 text.
pub(crate) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Bytes looked at to recognise a file.
pub(crate) const HEAD_BYTES: usize = 256 * 1024;

/// The beginning of a text file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TextShape {
    /// Column names; `None` when the first line is already a row.
    pub header: Option<Vec<String>>,
    /// The first rows; at least one, but for tables of corporate actions.
    pub rows: Vec<Vec<String>>,
    /// Lines before the first row: comments and header.
    pub lines_before: u64,
    /// The symbol that the header names besides columns.
    pub symbol: Option<String>,
}

/// Splits the first lines of a file (whole lines) into comments, header and rows.
///
/// # Errors
/// When the text is not UTF-8, or there is no row and the header is not one of corporate actions.
pub(crate) fn read_shape(head: &[u8]) -> Result<TextShape, Fault> {
    let head = head.strip_prefix(BYTE_ORDER_MARK).unwrap_or(head);
    let mut shape = TextShape { header: None, rows: Vec::new(), lines_before: 0, symbol: None };
    for (at, line) in head.split(|&b| b == b'\n').enumerate() {
        let row = at as u64 + 1;
        if line.trim_ascii().is_empty() || (line.starts_with(b"#") && shape.rows.is_empty()) {
            if shape.rows.is_empty() {
                shape.lines_before = row;
            }
            continue;
        }
        let fields = text_fields(line, row)?;
        if shape.header.is_none() && shape.rows.is_empty() && is_header(&fields) {
            shape.lines_before = row;
            shape.header = Some(fields);
        } else {
            shape.rows.push(fields);
        }
    }
    flatten(&mut shape)?;
    // That there were no corporate actions is an answer; no trades, bars or funding are a file that has been cut off.
    let may_be_empty = |header: &Vec<String>| super::actions::recognise(header).is_some();
    if shape.rows.is_empty() && !shape.header.as_ref().is_some_and(may_be_empty) {
        return Err(match &shape.header {
            Some(header) => Fault::file(format!("holds a header ({}) and no row", header.join(","))).hint(AGAIN),
            None => Fault::file("holds no row; expected trades, bars or instruments").hint(AGAIN),
        });
    }
    Ok(shape)
}

/// Takes the three lines of header that yfinance writes (`Price,Close,...`, `Ticker,AAPL,...`, `Date,,...`) as one.
fn flatten(shape: &mut TextShape) -> Result<(), Fault> {
    let Some(header) = shape.header.as_mut().filter(|header| header[0] == "Price") else { return Ok(()) };
    let [tickers, time, ..] = shape.rows.as_slice() else { return Ok(()) };
    let is_blank = |field: &String| field.is_empty();
    if tickers[0] != "Ticker" || tickers.len() < 2 || !starts_a_name(&time[0]) || !time[1..].iter().all(is_blank) {
        return Ok(());
    }
    let mut names = tickers[1..].to_vec();
    names.sort();
    names.dedup();
    if names.len() > 1 {
        let reason = format!("holds the columns of {} symbols side by side: {}", names.len(), names.join(", "));
        return Err(Fault::file(reason).hint("write a file for each, or one with a symbol column: data.stack(level=1)"));
    }
    header[0].clone_from(&time[0]);
    shape.symbol = names.pop().filter(|name| !name.is_empty());
    shape.rows.drain(..2);
    shape.lines_before += 2;
    Ok(())
}

/// The fields of a line as text.
fn text_fields(line: &[u8], row: u64) -> Result<Vec<String>, Fault> {
    let mut fields: Vec<Cow<'_, [u8]>> = Vec::new();
    split(line, &mut fields).ok_or_else(|| Fault::row(row, "a quoted field is not closed"))?;
    let text = |field: &Cow<'_, [u8]>| match std::str::from_utf8(field) {
        Ok(text) if !text.contains('\0') => Ok(text.to_owned()),
        _ => Err(Fault::row(row, "is not UTF-8 text; expected CSV, ZIP, gzip or Parquet")),
    };
    fields.iter().map(text).collect()
}

/// A line without a single number is a header.
fn is_header(fields: &[String]) -> bool {
    fields.iter().all(|field| number(field.as_bytes()).is_none()) && fields.iter().any(|field| starts_a_name(field))
}

/// Whether a field begins as a name does.
fn starts_a_name(field: &str) -> bool {
    field.chars().next().is_some_and(|first| first.is_alphabetic() || first == '_')
}

/// A flag or side written as a word: whether the taker sold. `as_side` reads `buy` and `sell`, otherwise `true` (the
/// buyer was the maker) and `false`.
pub(crate) fn text_flag(text: &str, as_side: bool) -> Option<bool> {
    match (as_side, text.to_ascii_lowercase().as_str()) {
        (true, "sell" | "s") | (false, "true" | "1") => Some(true),
        (true, "buy" | "b") | (false, "false" | "0") => Some(false),
        _ => None,
    }
}
