//! Where a table came from: one JSON beside each single table, under `provenance/` with the table's own path.

use serde::{Deserialize, Serialize};

/// Version of the hub's file formats; a reader refuses what is newer than it knows.
pub const FORMAT_VERSION: u32 = 1;

/// What a table was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Trades of a venue's archive or stream files.
    Archive,
    /// Folded from the hub's own tick tables.
    Ticks,
    /// Bars as the venue (or another source) made them.
    Klines,
    /// Rebuilt from finer bars of the hub.
    Bars,
    /// A list kept by hand or exported by a venue (instruments).
    List,
    /// Made up by a generator.
    Generated,
}

impl Origin {
    /// The name in provenance files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Archive => "archive",
            Self::Ticks => "ticks",
            Self::Klines => "klines",
            Self::Bars => "bars",
            Self::List => "list",
            Self::Generated => "generated",
        }
    }
}

/// One file or hub table that went into a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputFile {
    /// File name, or path inside the hub; never an absolute path.
    pub file: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of the bytes, lower-case hex (what venues publish); for a hub table its BLAKE3 content hash.
    pub sha256: String,
    /// Data rows taken from it.
    pub rows: u64,
    /// Timestamp of the first row, microseconds UTC.
    pub first: i64,
    /// Timestamp of the last row, microseconds UTC.
    pub last: i64,
    /// End (exclusive) of the day or month the file is named for, microseconds UTC; `None` when it names none.
    pub covers_until: Option<i64>,
    /// Rows the file had after rows that belong behind them; they were put in order.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub n_out_of_order: u64,
    /// Where a downloaded file came from; `None` for files brought by hand, and for hub tables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub venue: Option<VenueFile>,
}

/// Whether a count is that of nothing.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands fields over by reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// What a venue says of one of its files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VenueFile {
    /// Its address at the venue.
    pub url: String,
    /// When the venue last wrote it, ISO-8601; `None` when it does not say.
    pub last_modified: Option<String>,
    /// SHA-256 of the venue's file where the input is one of several files in it; `None` where it is the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive_sha256: Option<String>,
}

/// What only the publisher knows of a table it hands over; the hub adds the rest of [`Provenance`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSource {
    /// What the table was made from.
    pub origin: Origin,
    /// The files it was made from, in the order they were used.
    pub inputs: Vec<InputFile>,
    /// Version of the program that made it.
    pub code_version: String,
    /// Until when (exclusive) the data is complete, microseconds UTC; `None` when nothing says so.
    pub covered_until: Option<i64>,
    /// Remarks for people: what was decided, dropped or merged.
    pub notes: Vec<String>,
}

/// Where a table came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// Path of the table inside the hub.
    pub table: String,
    /// What it was made from.
    pub origin: Origin,
    /// The files it was made from.
    pub inputs: Vec<InputFile>,
    /// Version of the program that made it.
    pub code_version: String,
    /// Rows of the table.
    pub rows: u64,
    /// Bytes of the table's file.
    pub size: u64,
    /// Until when (exclusive) the data is complete, microseconds UTC.
    pub covered_until: Option<i64>,
    /// BLAKE3 of the table's file, lower-case hex.
    pub content_hash: String,
    /// Remarks for people.
    pub notes: Vec<String>,
    /// Version of the file formats.
    pub format_version: u32,
}
