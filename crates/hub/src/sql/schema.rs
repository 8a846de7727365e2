//! The tables of a SQL store, one layout for both databases, and the names in them.
//!
//! ```text
//! crosscut_format   version                                               the layout, one row
//! crosscut_sets     timeframe, factor_set, values_table, generation, config_hash, metadata
//! crosscut_columns  timeframe, factor_set, position, name, sql_name       a factor and its column
//! crosscut_symbols  timeframe, factor_set, symbol, n_rows, content_hash, blocks
//! f_<set>_<timeframe>_<hash>_<n>   timestamp, available_at, symbol, <factor columns>, tradable_flag
//! ```
//!
//! Each set has a table of values of its own with one double-precision column per factor; its key is
//! `(symbol, timestamp)`. Rows of event bars have a column `bar_seq` after `symbol` and the key
//! `(symbol, available_at, bar_seq)`. Times are microseconds since the epoch, a missing value is NULL. Names of tables and columns
//! are made here from checked names and quoted all the same; everything else travels as a bound value.

use crosscut_model::Timeframe;

use crate::bars::check_column_name;
use crate::error::HubError;
use crate::layout::check_name;

/// The layout's version.
pub(super) const FORMAT: i64 = 1;

/// Bytes of a name that both databases keep whole; PostgreSQL cuts longer ones.
const NAME_BYTES: usize = 63;

/// Columns of a table of values that are not factors.
const FIXED: [&str; 5] = ["timestamp", "available_at", "symbol", "bar_seq", "tradable_flag"];

/// Names that every PostgreSQL table has already.
const SYSTEM: [&str; 6] = ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"];

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

impl Kind {
    /// Type of a text column, compared byte by byte: an order that depends on no language is the same everywhere.
    fn text(self) -> &'static str {
        match self {
            Self::Sqlite => "TEXT",
            Self::Postgres => "TEXT COLLATE \"C\"",
        }
    }

    /// Type of a column of bytes.
    fn bytes(self) -> &'static str {
        match self {
            Self::Sqlite => "BLOB",
            Self::Postgres => "BYTEA",
        }
    }

    /// Type of a factor's column.
    fn float(self) -> &'static str {
        match self {
            // A column declared as floating point stores whole numbers as integers, and so -0 as 0.
            Self::Sqlite => "",
            Self::Postgres => "DOUBLE PRECISION",
        }
    }

    /// Most factor columns a table of values can have, and why.
    fn columns_max(self) -> (usize, &'static str) {
        match self {
            Self::Sqlite => (2_000 - FIXED.len(), "SQLite allows 2,000 columns in a table"),
            // Its own limit of 1,600 columns is never reached: a row must fit a page of 8 kB.
            Self::Postgres => (980, "PostgreSQL allows 1,600 columns in a table, and a row of 8 kB"),
        }
    }

    /// Whether a table called `crosscut_format` exists, as a query that then has a row.
    pub(super) fn format_exists(self) -> &'static str {
        match self {
            Self::Sqlite => "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'crosscut_format'",
            Self::Postgres => "SELECT 1::BIGINT WHERE to_regclass('crosscut_format') IS NOT NULL",
        }
    }

    /// Begins a transaction that reads one state of the store.
    pub(super) fn begin_reading(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN",
            Self::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        }
    }

    /// Begins a transaction that writes.
    pub(super) fn begin_writing(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
        }
    }

    /// The statements that make the tables all sets share.
    pub(super) fn create_shared(self) -> String {
        let (text, bytes) = (self.text(), self.bytes());
        let set = format!("timeframe {text} NOT NULL, factor_set {text} NOT NULL");
        format!(
            "CREATE TABLE IF NOT EXISTS crosscut_format (version BIGINT NOT NULL PRIMARY KEY);\n\
             CREATE TABLE IF NOT EXISTS crosscut_sets ({set}, values_table {text} NOT NULL, generation BIGINT NOT NULL, \
             config_hash {text} NOT NULL, metadata {text} NOT NULL, PRIMARY KEY (timeframe, factor_set));\n\
             CREATE TABLE IF NOT EXISTS crosscut_columns ({set}, position BIGINT NOT NULL, name {text} NOT NULL, \
             sql_name {text} NOT NULL, PRIMARY KEY (timeframe, factor_set, position));\n\
             CREATE TABLE IF NOT EXISTS crosscut_symbols ({set}, symbol {text} NOT NULL, n_rows BIGINT NOT NULL, \
             content_hash {text} NOT NULL, blocks {bytes} NOT NULL, PRIMARY KEY (timeframe, factor_set, symbol));\n\
             INSERT INTO crosscut_format SELECT {FORMAT} WHERE NOT EXISTS (SELECT 1 FROM crosscut_format);"
        )
    }
}

/// The table that holds a set's values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ValuesTable {
    /// Its name in the database.
    pub(super) name: String,
    /// Factors in the order of the set, each with the name of its column.
    pub(super) columns: Vec<(String, String)>,
    /// Whether the rows are those of event bars, which have a column `bar_seq`.
    pub(super) of_events: bool,
}

impl ValuesTable {
    /// Names the table and columns of a set. `number` tells it from the tables the set had before.
    pub(super) fn new(
        kind: Kind,
        (timeframe, set): (Timeframe, &str),
        columns: &[String],
        number: u64,
    ) -> Result<Self, HubError> {
        check_name("factor set", set)?;
        let (most, why) = kind.columns_max();
        if columns.len() > most {
            return Err(HubError::refused(format!(
                "factor set `{set}` ({timeframe}) has {} columns, a SQL store takes at most {most}: {why}\n\
                 hint: split the set, or keep it in the hub alone",
                columns.len()
            )));
        }
        let mut named = Vec::with_capacity(columns.len());
        for (position, name) in columns.iter().enumerate() {
            check_column_name(name).map_err(|message| HubError::Name { message })?;
            named.push((name.clone(), column_name(name, position)));
        }
        Ok(Self { name: table_name(timeframe, set, number), columns: named, of_events: false })
    }

    /// The number in the table's name; 0 when it was not named here.
    pub(super) fn number(&self) -> u64 {
        self.name.rsplit_once('_').and_then(|(_, number)| number.parse().ok()).unwrap_or(0)
    }

    /// The name, quoted.
    pub(super) fn quoted(&self) -> String {
        quote(&self.name)
    }

    /// All columns in the order of the table, quoted: times, symbol, factors, flag.
    pub(super) fn all_columns(&self) -> Vec<String> {
        let [timestamp, available_at, symbol, sequence, flag] = FIXED;
        let factors = self.columns.iter().map(|(_, column)| column.as_str());
        let sequence = self.of_events.then_some(sequence);
        [timestamp, available_at, symbol].into_iter().chain(sequence).chain(factors).chain([flag]).map(quote).collect()
    }

    /// The columns that order a symbol's rows and tell them apart.
    pub(super) fn order(&self) -> &'static str {
        if self.of_events { "\"available_at\", \"bar_seq\"" } else { "\"timestamp\"" }
    }

    /// The statement that makes the table.
    pub(super) fn create(&self, kind: Kind) -> String {
        let (text, float) = (kind.text(), kind.float());
        let mut columns =
            format!("\"timestamp\" BIGINT NOT NULL, \"available_at\" BIGINT NOT NULL, \"symbol\" {text} NOT NULL");
        if self.of_events {
            columns.push_str(", \"bar_seq\" BIGINT NOT NULL");
        }
        for (_, column) in &self.columns {
            columns.push_str(&format!(", {} {float}", quote(column)));
        }
        format!("CREATE TABLE {} ({columns}, \"tradable_flag\" BOOLEAN NOT NULL)", self.quoted())
    }

    /// The statement that makes the table's key.
    pub(super) fn create_key(&self) -> String {
        let key = quote(&format!("k{}", self.name));
        format!("CREATE UNIQUE INDEX {key} ON {} (\"symbol\", {})", self.quoted(), self.order())
    }
}

/// A table's name: readable, at most [`NAME_BYTES`] long, different for every timeframe and set.
fn table_name(timeframe: Timeframe, set: &str, number: u64) -> String {
    let frame = timeframe.to_string();
    let hash = blake3::hash(format!("{frame}/{set}").as_bytes()).to_hex();
    let readable = |text: &str, most: usize| -> String {
        text.chars().take(most).map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect()
    };
    format!("f_{}_{}_{}_{number}", readable(set, 32), readable(&frame, 6), &hash[..8])
}

/// A factor's column: its own name, unless a database would cut or refuse it.
fn column_name(name: &str, position: usize) -> String {
    let is_taken = FIXED.contains(&name) || SYSTEM.contains(&name) || name.starts_with("column_");
    if is_taken || name.len() > NAME_BYTES { format!("column_{position}") } else { name.to_owned() }
}

/// A name between quotes, those inside it doubled.
pub(super) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
