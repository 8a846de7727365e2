//! PostgreSQL: a server, through the blocking client library. Connections are not encrypted.
//!
//! Rows go in as `COPY ... BINARY` and come out as a stream of binary rows.

use std::error::Error as _;
use std::io::Write;
use std::time::Duration;

use postgres::error::SqlState;
use postgres::fallible_iterator::FallibleIterator;
use postgres::types::{ToSql, Type};
use postgres::{Client, Config, Error, NoTls, Row};

use super::address::{StoreAddress, without};
use super::database::{Cell, Connecting, Database, Fetch, Fetched, Rows, Visit, busy, failed};
use super::schema::{Kind, ValuesTable};
use crate::error::HubError;

/// What a stream of binary rows begins with: the signature, no flags, no extension.
const COPY_HEAD: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// What it ends with.
const COPY_END: [u8; 2] = (-1i16).to_be_bytes();

/// Bytes of rows sent at a time.
const COPY_BYTES: usize = 1 << 16;

/// A connection to a server.
pub(super) struct Postgres {
    /// The library's connection.
    client: Client,
    /// Where it is, for messages.
    address: String,
    /// How long to wait for another process that is writing.
    patience: Duration,
}

impl Postgres {
    /// Connects to a server.
    pub(super) fn connect(config: &Config, address: &StoreAddress, how: Connecting) -> Result<Self, HubError> {
        let address = address.to_string();
        let password: Vec<String> =
            config.get_password().map(|p| String::from_utf8_lossy(p).into_owned()).into_iter().collect();
        let client = config.connect(NoTls).map_err(|error| {
            // No server repeats a password; but whoever reads this must not have to believe it.
            let why = without(&causes(&error), &password);
            failed(&address, &format!("cannot connect: {why}{}", connect_hint(&error)))
        })?;
        let mut store = Self { client, address, patience: how.patience };
        store.batch(&format!("SET lock_timeout = {}; SET client_min_messages = warning", how.patience.as_millis()))?;
        Ok(store)
    }

    /// An error of the library in our words.
    fn failed(&self, error: &Error) -> HubError {
        if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) {
            return busy(&self.address, self.patience);
        }
        if error.is_closed() {
            // Also while a transaction was being committed: whether it was is not known then.
            let message = "the connection was lost\nhint: run again; each set is in one complete state";
            return failed(&self.address, message);
        }
        failed(&self.address, &causes(error))
    }
}

impl Database for Postgres {
    fn kind(&self) -> Kind {
        Kind::Postgres
    }

    fn batch(&mut self, sql: &str) -> Result<(), HubError> {
        let done = self.client.batch_execute(sql);
        done.map_err(|error| self.failed(&error))
    }

    fn execute(&mut self, sql: &str, values: &[Cell]) -> Result<u64, HubError> {
        let done = self.client.execute(sql, &bound(values));
        done.map_err(|error| self.failed(&error))
    }

    fn query(&mut self, sql: &str, values: &[Cell]) -> Result<Vec<Vec<Cell>>, HubError> {
        let found = self.client.query(sql, &bound(values)).map_err(|error| self.failed(&error))?;
        let row = |row: &Row| (0..row.len()).map(|at| cell(row, at)).collect::<Result<_, _>>();
        found.iter().map(|found| row(found).map_err(|error| self.failed(&error))).collect()
    }

    fn fetch(&mut self, fetch: &Fetch, visit: Visit<'_>) -> Result<(), HubError> {
        let (address, patience) = (self.address.clone(), self.patience);
        let told = |error: Error| match error.code() {
            Some(&SqlState::LOCK_NOT_AVAILABLE) => busy(&address, patience),
            _ => failed(&address, &causes(&error)),
        };
        let mut found = self.client.query_raw(&fetch.sql, bound(&fetch.values)).map_err(told)?;
        let mut part = Fetched::empty(fetch.n_columns);
        while let Some(row) = found.next().map_err(told)? {
            take(&row, fetch.of_events, &mut part).map_err(told)?;
            if part.timestamp.len() == fetch.part_rows {
                visit(std::mem::replace(&mut part, Fetched::empty(fetch.n_columns)))?;
            }
        }
        if part.timestamp.is_empty() { Ok(()) } else { visit(part) }
    }

    fn insert(&mut self, table: &ValuesTable, symbol: &str, rows: &Rows<'_>) -> Result<(), HubError> {
        let (address, columns) = (self.address.clone(), table.all_columns());
        let sql = format!("COPY {} ({}) FROM STDIN BINARY", table.quoted(), columns.join(", "));
        let lost =
            |error: std::io::Error| failed(&address, &format!("the rows could not be sent: {}", io_causes(&error)));
        let mut writer = self.client.copy_in(&sql).map_err(|error| failed(&address, &causes(&error)))?;
        let mut bytes = Vec::with_capacity(COPY_BYTES + 12 * columns.len());
        bytes.extend_from_slice(COPY_HEAD);
        for row in 0..rows.timestamp.len() {
            push_row(&mut bytes, symbol, rows, row);
            if bytes.len() >= COPY_BYTES {
                writer.write_all(&bytes).map_err(lost)?;
                bytes.clear();
            }
        }
        bytes.extend_from_slice(&COPY_END);
        writer.write_all(&bytes).map_err(lost)?;
        writer.finish().map(|_| ()).map_err(|error| self.failed(&error))
    }
}

/// Appends a row in the form of `COPY ... BINARY`: the number of values, and each value behind its length.
fn push_row(bytes: &mut Vec<u8>, symbol: &str, rows: &Rows<'_>, row: usize) {
    let n_fixed = 4 + usize::from(rows.bar_seq.is_some());
    let n_values = i16::try_from(rows.columns.len() + n_fixed).expect("the number of columns was checked");
    bytes.extend_from_slice(&n_values.to_be_bytes());
    push_value(bytes, &rows.timestamp[row].to_be_bytes());
    push_value(bytes, &rows.available_at[row].to_be_bytes());
    push_value(bytes, symbol.as_bytes());
    if let Some(sequence) = rows.bar_seq {
        push_value(bytes, &sequence[row].to_be_bytes());
    }
    for column in &rows.columns {
        if column[row].is_nan() {
            bytes.extend_from_slice(&(-1i32).to_be_bytes());
        } else {
            push_value(bytes, &column[row].to_be_bytes());
        }
    }
    push_value(bytes, &[u8::from(rows.tradable_flag[row])]);
}

/// Appends a value behind its length.
fn push_value(bytes: &mut Vec<u8>, value: &[u8]) {
    let length = u32::try_from(value.len()).expect("a symbol is short");
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(value);
}

/// Appends a row of values.
fn take(row: &Row, of_events: bool, part: &mut Fetched) -> Result<(), Error> {
    part.timestamp.push(row.try_get(0)?);
    part.available_at.push(row.try_get(1)?);
    part.tradable_flag.push(row.try_get(2)?);
    if of_events {
        part.bar_seq.push(row.try_get(3)?);
    }
    let first = if of_events { 4 } else { 3 };
    for (at, column) in part.columns.iter_mut().enumerate() {
        column.push(row.try_get::<_, Option<f64>>(first + at)?.unwrap_or(f64::NAN));
    }
    Ok(())
}

/// One value of a query.
fn cell(row: &Row, at: usize) -> Result<Cell, Error> {
    Ok(match *row.columns()[at].type_() {
        Type::INT8 => Cell::Int(row.try_get(at)?),
        Type::BYTEA => Cell::Bytes(row.try_get(at)?),
        _ => Cell::Text(row.try_get(at)?),
    })
}

/// Values in the form the library binds.
fn bound(values: &[Cell]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(bind).collect()
}

/// A value in the form the library binds.
fn bind(cell: &Cell) -> &(dyn ToSql + Sync) {
    match cell {
        Cell::Int(number) => number,
        Cell::Text(text) => text,
        Cell::Bytes(bytes) => bytes,
    }
}

/// What to do when a server cannot be reached.
fn connect_hint(error: &Error) -> &'static str {
    match error.code() {
        Some(&(SqlState::INVALID_PASSWORD | SqlState::INVALID_AUTHORIZATION_SPECIFICATION)) => {
            "\nhint: postgres://USER:PASSWORD@HOST:PORT/DATABASE; percent-encode signs such as @ in the password"
        }
        Some(&SqlState::INVALID_CATALOG_NAME) => "\nhint: make the database first: createdb NAME",
        Some(_) => "",
        None => "\nhint: is the server running, and are host and port right?",
    }
}

/// A library error and its causes: the server's own words with detail and hint.
pub(super) fn causes(error: &Error) -> String {
    if let Some(db) = error.as_db_error() {
        let detail = db.detail().map(|detail| format!(" ({detail})")).unwrap_or_default();
        return format!("{}{detail} [SQLSTATE {}]", db.message(), db.code().code());
    }
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        cause = error.source();
    }
    text
}

/// The causes of an error that came through a writer.
fn io_causes(error: &std::io::Error) -> String {
    error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()).map_or_else(|| error.to_string(), causes)
}
