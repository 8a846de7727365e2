//! What an import says it has done.

use serde::Serialize;

use crate::error::Refusal;

/// What became of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileReport {
    /// The file as the user named it.
    pub file: String,
    /// What it was recognised as and what was decided, in words.
    pub detected: String,
    /// Data rows read.
    pub rows: u64,
    /// What was dropped or looks odd, in words.
    pub notes: Vec<String>,
}

/// What reading a file has shown.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FileRecord {
    /// How the user named the file.
    pub shown: String,
    /// What was decided while reading, in words; may be empty.
    pub decided: String,
    /// Rows read.
    pub rows: u64,
    /// What was dropped or looks odd, in words.
    pub notes: Vec<String>,
}

/// Whether a table was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TableStatus {
    /// It was written.
    Written,
    /// It held everything already.
    Unchanged,
}

/// What became of one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableReport {
    /// The table in words, `BTCUSDT agg_trades 2024-08`.
    pub table: String,
    /// Its rows.
    pub rows: u64,
    /// Rows this import added.
    pub added: u64,
    /// Whether it was written.
    pub status: TableStatus,
}

impl TableReport {
    /// Adds what a later job of the same import did to the table.
    pub(crate) fn include(&mut self, later: &Self) {
        self.rows = later.rows;
        self.added += later.added;
        if later.status == TableStatus::Written {
            self.status = TableStatus::Written;
        }
    }
}

/// What an import did. It ran into a problem exactly when there are refusals.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ImportSummary {
    /// The files that were read, in order of path.
    pub files: Vec<FileReport>,
    /// The tables they went into, sorted.
    pub tables: Vec<TableReport>,
    /// The files that were refused, in order of path.
    pub refusals: Vec<Refusal>,
    /// Files in the given folders that no importer reads (by their ending), in order of path.
    pub ignored: Vec<String>,
}
