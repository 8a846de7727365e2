//! What a SQL store needs of a database, and the two that give it. Knows statements and rows, not factor sets.

use std::time::Duration;

use super::address::{Place, StoreAddress};
use super::postgres::Postgres;
use super::schema::{Kind, ValuesTable};
use super::sqlite::Sqlite;
use crate::error::HubError;

/// A bound value, or one that a query gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    /// A whole number.
    Int(i64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl Cell {
    /// A text.
    pub(super) fn text(text: impl ToString) -> Self {
        Self::Text(text.to_string())
    }

    /// The number; 0 when it is none, which no column of this store allows.
    pub(super) fn int(&self) -> i64 {
        if let Self::Int(number) = self { *number } else { 0 }
    }

    /// The text; empty when it is none.
    pub(super) fn into_text(self) -> String {
        if let Self::Text(text) = self { text } else { String::new() }
    }

    /// The bytes; empty when they are none.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        if let Self::Bytes(bytes) = self { bytes } else { Vec::new() }
    }
}

/// Rows of one symbol on their way into a table of values.
#[derive(Debug, Clone)]
pub(super) struct Rows<'a> {
    /// Bar open, microseconds UTC.
    pub(super) timestamp: &'a [i64],
    /// When each row could be known, microseconds UTC.
    pub(super) available_at: &'a [i64],
    /// The numbers of event bars; `None` for bars of one length.
    pub(super) bar_seq: Option<&'a [i64]>,
    /// Factors in the order of the table; missing is NaN.
    pub(super) columns: Vec<&'a [f64]>,
    /// Whether the symbol could be traded.
    pub(super) tradable_flag: &'a [bool],
}

/// Rows of one symbol on their way out of a table of values.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Fetched {
    /// Bar open, microseconds UTC.
    pub(super) timestamp: Vec<i64>,
    /// When each row could be known, microseconds UTC.
    pub(super) available_at: Vec<i64>,
    /// The numbers of event bars; empty for bars of one length.
    pub(super) bar_seq: Vec<i64>,
    /// Whether the symbol could be traded.
    pub(super) tradable_flag: Vec<bool>,
    /// The factors asked for; missing is NaN.
    pub(super) columns: Vec<Vec<f64>>,
}

impl Fetched {
    /// No rows of so many factors.
    pub(super) fn empty(n_columns: usize) -> Self {
        Self { columns: vec![Vec::new(); n_columns], ..Self::default() }
    }
}

/// A query for rows of values: its columns are `timestamp`, `available_at`, `tradable_flag`, those of event bars
/// `bar_seq`, and then factors.
#[derive(Debug, Clone)]
pub(super) struct Fetch {
    /// The statement.
    pub(super) sql: String,
    /// Its values.
    pub(super) values: Vec<Cell>,
    /// Whether the rows are those of event bars.
    pub(super) of_events: bool,
    /// Number of factors.
    pub(super) n_columns: usize,
    /// Rows handed over at a time, at least 1.
    pub(super) part_rows: usize,
}

/// Receives rows of values part by part.
pub(super) type Visit<'a> = &'a mut dyn FnMut(Fetched) -> Result<(), HubError>;

/// A connection to a database. Bound values are written `$1`, `$2`, ... and first occur in that order.
pub(super) trait Database: Send {
    /// Which one.
    fn kind(&self) -> Kind;

    /// Runs statements without values.
    fn batch(&mut self, sql: &str) -> Result<(), HubError>;

    /// Runs a statement, gives the number of rows it changed.
    fn execute(&mut self, sql: &str, values: &[Cell]) -> Result<u64, HubError>;

    /// Runs a query for few rows.
    fn query(&mut self, sql: &str, values: &[Cell]) -> Result<Vec<Vec<Cell>>, HubError>;

    /// Runs a query for rows of values.
    fn fetch(&mut self, fetch: &Fetch, visit: Visit<'_>) -> Result<(), HubError>;

    /// Adds rows of a symbol to a table of values.
    fn insert(&mut self, table: &ValuesTable, symbol: &str, rows: &Rows<'_>) -> Result<(), HubError>;
}

/// How to connect.
#[derive(Debug, Clone, Copy)]
pub(super) struct Connecting {
    /// Whether a database that does not exist is made; only a file can be.
    pub(super) create: bool,
    /// How long to wait for another process that is writing.
    pub(super) patience: Duration,
}

/// Connects to the database at an address.
pub(super) fn connect(address: &StoreAddress, how: Connecting) -> Result<Box<dyn Database>, HubError> {
    Ok(match &address.place {
        Place::Sqlite(file) => Box::new(Sqlite::open(file, address, how)?),
        Place::Postgres(config) => Box::new(Postgres::connect(config, address, how)?),
    })
}

/// An error of a database.
pub(super) fn failed(address: &str, what: &str) -> HubError {
    HubError::Store { store: address.to_owned(), message: what.to_owned() }
}

/// The error of a program that waited for another one in vain.
pub(super) fn busy(address: &str, patience: Duration) -> HubError {
    let message = format!(
        "another process has kept the set in use for more than {} s\nhint: run again when it is done",
        patience.as_secs_f64()
    );
    failed(address, &message)
}
