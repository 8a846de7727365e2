//! SQLite: one file, through the library that is built in.
//!
//! The file is kept in write-ahead mode, so that readers see the last complete state while a writer is at work.

use std::path::Path;
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, Error, ErrorCode, OpenFlags, Row, Statement, ToSql};

use super::address::StoreAddress;
use super::database::{Cell, Connecting, Database, Fetch, Fetched, Rows, Visit, busy, failed};
use super::schema::{Kind, ValuesTable};
use crate::error::HubError;

/// An open file.
pub(super) struct Sqlite {
    /// The library's connection.
    connection: Connection,
    /// Where it is, for messages.
    address: String,
    /// How long to wait for another process that is writing.
    patience: Duration,
}

impl Sqlite {
    /// Opens a file, or makes one.
    pub(super) fn open(file: &Path, address: &StoreAddress, how: Connecting) -> Result<Self, HubError> {
        let address = address.to_string();
        if !how.create && !file.exists() {
            return Err(HubError::not_found(format!(
                "there is no SQLite file `{}`\nhint: `crosscut factors run --store {address}` makes one",
                file.display()
            )));
        }
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        if how.create {
            flags |= OpenFlags::SQLITE_OPEN_CREATE;
        }
        let connection =
            Connection::open_with_flags(file, flags).map_err(|error| failed(&address, &error.to_string()))?;
        let store = Self { connection, address, patience: how.patience };
        let prepare = || {
            store.connection.busy_timeout(how.patience)?;
            // Rows of many factors are longer than the small pages that are the default.
            store.connection.pragma_update(None, "page_size", 16_384)?;
            if how.create {
                store.connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
            }
            // The first look at the file: it may be something else.
            store.connection.query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(()))
        };
        prepare().map_err(|error| store.failed(&error))?;
        Ok(store)
    }

    /// An error of the library in our words.
    fn failed(&self, error: &Error) -> HubError {
        if matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)) {
            return busy(&self.address, self.patience);
        }
        failed(&self.address, &error.to_string())
    }

    /// Collects the rows of a query.
    fn collect(&self, sql: &str, values: &[Cell]) -> Result<Vec<Vec<Cell>>, Error> {
        let mut statement = self.connection.prepare(sql)?;
        let n = statement.column_count();
        let mut found = statement.query(rusqlite::params_from_iter(values))?;
        let mut rows = Vec::new();
        while let Some(row) = found.next()? {
            rows.push((0..n).map(|at| cell(row, at)).collect::<Result<_, _>>()?);
        }
        Ok(rows)
    }
}

impl Database for Sqlite {
    fn kind(&self) -> Kind {
        Kind::Sqlite
    }

    fn batch(&mut self, sql: &str) -> Result<(), HubError> {
        self.connection.execute_batch(sql).map_err(|error| self.failed(&error))
    }

    fn execute(&mut self, sql: &str, values: &[Cell]) -> Result<u64, HubError> {
        let run = || self.connection.prepare(sql)?.execute(rusqlite::params_from_iter(values));
        run().map(|n| n as u64).map_err(|error| self.failed(&error))
    }

    fn query(&mut self, sql: &str, values: &[Cell]) -> Result<Vec<Vec<Cell>>, HubError> {
        self.collect(sql, values).map_err(|error| self.failed(&error))
    }

    fn fetch(&mut self, fetch: &Fetch, visit: Visit<'_>) -> Result<(), HubError> {
        let told = |error: Error| self.failed(&error);
        let mut statement = self.connection.prepare(&fetch.sql).map_err(told)?;
        let mut found = statement.query(rusqlite::params_from_iter(&fetch.values)).map_err(told)?;
        let mut part = Fetched::empty(fetch.n_columns);
        while let Some(row) = found.next().map_err(told)? {
            take(row, fetch.of_events, &mut part).map_err(told)?;
            if part.timestamp.len() == fetch.part_rows {
                visit(std::mem::replace(&mut part, Fetched::empty(fetch.n_columns)))?;
            }
        }
        if part.timestamp.is_empty() { Ok(()) } else { visit(part) }
    }

    fn insert(&mut self, table: &ValuesTable, symbol: &str, rows: &Rows<'_>) -> Result<(), HubError> {
        let columns = table.all_columns();
        let marks = vec!["?"; columns.len()].join(", ");
        let sql = format!("INSERT INTO {} ({}) VALUES ({marks})", table.quoted(), columns.join(", "));
        let run = || {
            let mut statement = self.connection.prepare(&sql)?;
            (0..rows.timestamp.len()).try_for_each(|row| insert_row(&mut statement, symbol, rows, row))
        };
        run().map_err(|error| self.failed(&error))
    }
}

/// Inserts one row.
fn insert_row(statement: &mut Statement<'_>, symbol: &str, rows: &Rows<'_>, row: usize) -> Result<(), Error> {
    statement.raw_bind_parameter(1, rows.timestamp[row])?;
    statement.raw_bind_parameter(2, rows.available_at[row])?;
    statement.raw_bind_parameter(3, symbol)?;
    if let Some(sequence) = rows.bar_seq {
        statement.raw_bind_parameter(4, sequence[row])?;
    }
    let first = if rows.bar_seq.is_some() { 5 } else { 4 };
    for (at, column) in rows.columns.iter().enumerate() {
        // The library turns NaN into NULL.
        statement.raw_bind_parameter(first + at, column[row])?;
    }
    statement.raw_bind_parameter(first + rows.columns.len(), rows.tradable_flag[row])?;
    statement.raw_execute().map(|_| ())
}

/// Appends a row of values.
fn take(row: &Row<'_>, of_events: bool, part: &mut Fetched) -> Result<(), Error> {
    part.timestamp.push(row.get(0)?);
    part.available_at.push(row.get(1)?);
    part.tradable_flag.push(row.get(2)?);
    if of_events {
        part.bar_seq.push(row.get(3)?);
    }
    let first = if of_events { 4 } else { 3 };
    for (at, column) in part.columns.iter_mut().enumerate() {
        column.push(row.get::<_, Option<f64>>(first + at)?.unwrap_or(f64::NAN));
    }
    Ok(())
}

/// One value of a query.
fn cell(row: &Row<'_>, at: usize) -> Result<Cell, Error> {
    Ok(match row.get_ref(at)? {
        ValueRef::Integer(number) => Cell::Int(number),
        ValueRef::Blob(bytes) => Cell::Bytes(bytes.to_vec()),
        _ => Cell::Text(row.get(at)?),
    })
}

impl ToSql for Cell {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>, Error> {
        Ok(match self {
            Self::Int(number) => ToSqlOutput::Owned(Value::Integer(*number)),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Self::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        })
    }
}
