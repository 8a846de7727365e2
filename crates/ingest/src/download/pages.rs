//! Tables put together from the pages of interfaces that answer questions, written as the files archives would hold.
//!
//! Only whole days of the past are asked for: a day that is not over would be another file with each question. Months that
//! lie wholly in a span are one file, other days one each.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use serde_json::Value;

use crosscut_model::time::DAY;

use crate::error::IngestError;
use crate::import::digest_of;

use super::address::Host;
use super::client::{Client, FetchError, Manners};
use super::sources::Net;
use super::transfer::{Arrived, beside};
use super::wish::{DataKind, How, Span, TableKey, Task, period_name};

/// Most pages of one table: a month of trades of the busiest symbol.
const PAGES_MAX: usize = 100_000;

/// The spans of the files for a span: months, and days of what is no whole month, as far as they are over.
pub(crate) fn periods(span: Span, now: i64) -> Vec<Span> {
    let today = now.div_euclid(DAY) * DAY;
    let Some(past) = span.shared(Span { from: i64::MIN, until: today }) else { return Vec::new() };
    let mut periods: Vec<Span> = past.months().filter(|month| past.holds(*month)).collect();
    let days: Vec<Span> = past.days().filter(|day| !periods.iter().any(|month| month.holds(*day))).collect();
    periods.extend(days);
    periods.sort();
    periods
}

/// Names of one table's pages: where its files lie and what they are called.
pub(crate) struct PageFiles<'a> {
    /// The provider.
    pub provider: &'static str,
    /// The kind of data.
    pub kind: DataKind,
    /// The symbol.
    pub symbol: &'a str,
    /// The folder below the venue's raw folder.
    pub folder: String,
    /// The address of the first question.
    pub url: String,
}

impl PageFiles<'_> {
    /// The tasks for a span.
    pub fn tasks(&self, span: Span, now: i64) -> Vec<Task> {
        let (kind, symbol) = (self.kind, self.symbol);
        let word = match kind {
            DataKind::AggTrades => "aggTrades".to_owned(),
            DataKind::Funding => "fundingRate".to_owned(),
            _ => kind.timeframe().map_or(kind.word().to_owned(), |frame| frame.to_string()),
        };
        // The importer tells mark prices and premiums by the archive's folders.
        let flavour = match kind {
            DataKind::Mark(_) => "/markPriceKlines",
            DataKind::Premium(_) => "/premiumIndexKlines",
            DataKind::Funding => "/fundingRate",
            _ => "",
        };
        let task = |span: Span| Task {
            provider: self.provider,
            table: TableKey::of(kind, symbol, span.from),
            path: format!("{}{flavour}/{symbol}/{symbol}-{word}-{}.csv", self.folder, period_name(span)),
            span,
            how: How::Pages(self.url.clone()),
        };
        periods(span, now).into_iter().map(task).collect()
    }
}

/// One page: rows as lines of text, and the question for the next one.
#[derive(Debug, Default)]
pub(crate) struct PageRows {
    /// Rows with their times, in any order.
    pub rows: Vec<(i64, String)>,
    /// The address of the next page; `None` after the last.
    pub next: Option<String>,
}

/// A table to be put together.
pub(crate) struct Pages<'a> {
    /// Who asks.
    pub client: &'a Client,
    /// The host.
    pub host: &'a Host,
    /// The first line.
    pub header: &'static str,
    /// The span whose rows are kept.
    pub span: Span,
    /// How the host wants to be asked.
    pub manners: Manners,
    /// Whether the venue gives the newest rows first.
    pub is_newest_first: bool,
}

impl Pages<'_> {
    /// Asks page after page, each read by `read` with its address, and writes the rows in order of time. An answer without any row is `Absent`.
    ///
    /// # Errors
    /// When the venue does not answer, a page is not understood, or the file cannot be written.
    pub fn write(
        &self,
        first: String,
        dest: &Path,
        read: impl Fn(&Value, &str) -> Result<PageRows, String>,
    ) -> Result<(), FetchError> {
        let mut rows: Vec<(i64, String)> = Vec::new();
        let mut next = Some(first);
        for _ in 0..PAGES_MAX {
            let Some(url) = next.take() else { break };
            let text = match self.client.text(&url, self.manners) {
                Ok(text) => text,
                Err(FetchError::Absent) => break,
                Err(error) => return Err(error),
            };
            let wrong = |reason: String| FetchError::Failed(format!("{}: {reason}", self.host.origin));
            let answer: Value =
                serde_json::from_str(&text).map_err(|error| wrong(format!("the answer is no JSON: {error}")))?;
            let page = read(&answer, &url).map_err(wrong)?;
            next = page.next.filter(|next| *next != url);
            let inside = |(time, _): &(i64, String)| self.span.from <= *time && *time < self.span.until;
            rows.extend(page.rows.into_iter().filter(inside));
        }
        if rows.is_empty() {
            return Err(FetchError::Absent);
        }
        if self.is_newest_first {
            rows.reverse();
        }
        // Stable: rows of one moment stay in the venue's order, and a row told twice is one.
        rows.sort_by_key(|(time, _)| *time);
        rows.dedup();
        write_rows(self.header, &rows, dest).map_err(FetchError::Local)
    }
}

/// Writes rows aside, then under their name.
fn write_rows(header: &str, rows: &[(i64, String)], dest: &Path) -> Result<(), IngestError> {
    let aside = beside(dest, ".part");
    let mut text = String::with_capacity(rows.iter().map(|(_, row)| row.len() + 1).sum::<usize>() + header.len());
    text.push_str(header);
    rows.iter().for_each(|(_, row)| {
        text.push_str(row);
        text.push('\n');
    });
    let mut file = File::create(&aside).map_err(IngestError::io("create", &aside))?;
    file.write_all(text.as_bytes()).map_err(IngestError::io("write", &aside))?;
    fs::rename(&aside, dest).map_err(IngestError::io("write", dest))
}

/// Puts a task's pages together.
///
/// # Errors
/// As the adapter tells.
pub(crate) fn fetch(net: &Net, task: &Task, dest: &Path) -> Result<Arrived, FetchError> {
    if let Some(folder) = dest.parent() {
        fs::create_dir_all(folder).map_err(IngestError::io("create", folder))?;
    }
    let source = super::sources::source(task.provider)
        .ok_or_else(|| FetchError::Failed(format!("nobody is called {}", task.provider)))?;
    source.write_pages(net, task, dest).map_err(|error| error.0)?;
    let (size, sha256) = digest_of(dest)?;
    Ok(Arrived { size, sha256, is_verified: false, etag: String::new(), last_modified: String::new() })
}

/// A value as the text of a cell; an error names what was expected.
pub(crate) fn cell(value: Option<&Value>, what: &str) -> Result<String, String> {
    match value {
        Some(Value::String(text)) if !text.contains([',', '"', '\n']) => Ok(text.clone()),
        Some(Value::Number(number)) => Ok(number.to_string()),
        Some(Value::Bool(flag)) => Ok(flag.to_string()),
        other => Err(format!("expected {what}, the answer has {}", other.unwrap_or(&Value::Null))),
    }
}

/// A value that is a time in milliseconds, as microseconds.
pub(crate) fn time_of(value: Option<&Value>, what: &str) -> Result<i64, String> {
    let text = cell(value, what)?;
    let ms: i64 = text.parse().map_err(|_| format!("{what} is `{text}`; expected milliseconds"))?;
    ms.checked_mul(1000).ok_or_else(|| format!("{what} is {ms} ms, beyond all time"))
}

/// The list of rows in an answer.
pub(crate) fn list<'a>(value: Option<&'a Value>, what: &str) -> Result<&'a [Value], String> {
    value.and_then(Value::as_array).map(Vec::as_slice).ok_or_else(|| format!("the answer has no list of {what}"))
}
