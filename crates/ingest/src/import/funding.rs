//! Funding files: what their columns mean, the rows of each symbol, and the tables they go into.
//!
//! Rows that speak of the same moment, to the minute, are one row: venues label it some milliseconds late, and two sources
//! differ in how late. Start reading at [`publish::run`].

mod columns;
pub(crate) mod publish;
mod rows;

use std::path::PathBuf;

use super::checksum::Identity;
use super::container::Container;

pub(crate) use columns::{FundingColumns, bare, candles, recognise};

/// A funding file that has been looked at and not yet read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FundingFile {
    /// Where it is.
    pub path: PathBuf,
    /// How the user named it.
    pub shown: String,
    /// Its size and hash.
    pub identity: Identity,
    /// What it is packed in.
    pub container: Container,
    /// Its columns.
    pub columns: FundingColumns,
    /// Lines before the first row of a text file.
    pub lines_before: u64,
    /// Its symbol; `None` when a column holds symbols.
    pub symbol: Option<String>,
    /// The day or month it is named for, microseconds UTC: from (inclusive) and until (exclusive).
    pub period: Option<(i64, i64)>,
}
