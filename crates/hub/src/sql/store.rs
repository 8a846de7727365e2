//! A connection to a SQL store, and what it says it holds.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use crosscut_model::Timeframe;

use super::address::{Place, StoreAddress};
use super::blocks::Blocks;
use super::database::{Cell, Connecting, Database, connect, failed};
use super::schema::{FORMAT, ValuesTable};
use crate::error::HubError;
use crate::factors::FactorMetadata;
use crate::names;
use crate::provenance::FORMAT_VERSION;

/// How long to wait for another process that is writing.
const PATIENCE: Duration = Duration::from_secs(60);

/// Number of the lock under which the shared tables are made; any number no one else uses.
const SCHEMA_LOCK: i64 = 0x6372_6f73_7363_7574;

/// A SQL store: factor sets in a database.
pub struct SqlStore {
    /// The database.
    pub(super) database: Box<dyn Database>,
    /// Where it is, without a password.
    pub(super) address: String,
    /// Whether the shared tables are there.
    has_tables: bool,
}

impl fmt::Debug for SqlStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SqlStore").field(&self.address).finish()
    }
}

/// A factor set of a store.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredSet {
    /// What the set says about itself, as in the hub it came from.
    pub metadata: FactorMetadata,
    /// The table that holds its values.
    pub values_table: String,
}

/// A set's entry in the shared tables, as far as reading and writing rows needs it.
pub(super) struct Entry {
    /// What the set says about itself.
    pub(super) metadata: FactorMetadata,
    /// Where its values are.
    pub(super) table: ValuesTable,
}

/// What a store remembers of a symbol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StoredSymbol {
    /// Hash of the hub's table it was taken from.
    pub(super) content_hash: String,
    /// Its rows.
    pub(super) blocks: Blocks,
}

impl SqlStore {
    /// Connects to a store that exists.
    ///
    /// # Errors
    /// When the file does not exist or the server does not let us in, or what is there was written by a newer program.
    pub fn open(address: &StoreAddress) -> Result<Self, HubError> {
        Self::connect(address, Connecting { create: false, patience: PATIENCE })
    }

    /// Connects to a store, and makes it if there is none; a PostgreSQL database itself must exist.
    ///
    /// # Errors
    /// As [`Self::open`], and when the store cannot be made.
    pub fn create(address: &StoreAddress) -> Result<Self, HubError> {
        Self::connect(address, Connecting { create: true, patience: PATIENCE })
    }

    /// Looks whether [`Self::create`] may succeed, and makes nothing.
    ///
    /// # Errors
    /// As [`Self::open`], but a SQLite file need not exist, only its folder.
    pub fn check(address: &StoreAddress) -> Result<(), HubError> {
        if let Place::Sqlite(file) = &address.place
            && !file.exists()
        {
            let folder = file.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
            let none = || HubError::not_found(format!("{address}: there is no folder `{}`", folder.display()));
            return folder.is_dir().then_some(()).ok_or_else(none);
        }
        Self::open(address).map(|_| ())
    }

    /// Connects.
    pub(super) fn connect(address: &StoreAddress, how: Connecting) -> Result<Self, HubError> {
        let database = connect(address, how)?;
        let mut store = Self { database, address: address.to_string(), has_tables: false };
        store.has_tables = store.find_tables()?;
        if how.create && !store.has_tables {
            store.make_tables()?;
        }
        Ok(store)
    }

    /// Where the store is, without a password.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Whether the shared tables are there, in a layout this program knows.
    fn find_tables(&mut self) -> Result<bool, HubError> {
        let exists = self.database.kind().format_exists();
        if self.database.query(exists, &[])?.is_empty() {
            return Ok(false);
        }
        let found = self.database.query("SELECT version FROM crosscut_format", &[])?;
        match found.first().and_then(|row| row.first()).map(Cell::int) {
            Some(FORMAT) => Ok(true),
            found => {
                let found = found.map_or("no".to_owned(), |version| version.to_string());
                let message =
                    format!("the tables have layout {found}, this program knows {FORMAT}\nhint: update crosscut");
                Err(failed(&self.address, &message))
            }
        }
    }

    /// Makes the shared tables. Several programs may do so at once.
    fn make_tables(&mut self) -> Result<(), HubError> {
        let kind = self.database.kind();
        self.transaction(kind.begin_writing(), |store| {
            store.lock(SCHEMA_LOCK)?;
            store.database.batch(&kind.create_shared())
        })?;
        self.has_tables = self.find_tables()?;
        Ok(())
    }

    /// Waits until no other writer holds the lock of this number; it ends with the transaction. A transaction that
    /// writes to SQLite is alone already.
    pub(super) fn lock(&mut self, number: i64) -> Result<(), HubError> {
        if self.database.kind() == super::schema::Kind::Postgres {
            self.database.execute("SELECT pg_advisory_xact_lock($1)", &[Cell::Int(number)])?;
        }
        Ok(())
    }

    /// Does something in one transaction: all of it, or nothing.
    pub(super) fn transaction<T>(
        &mut self,
        begin: &str,
        work: impl FnOnce(&mut Self) -> Result<T, HubError>,
    ) -> Result<T, HubError> {
        self.database.batch(begin)?;
        let done = work(self).and_then(|done| self.database.batch("COMMIT").map(|()| done));
        if done.is_err() {
            // The error is what matters; a connection that was lost has rolled back already.
            let _ = self.database.batch("ROLLBACK");
        }
        done
    }

    /// Does something with the store in one state, which writers do not disturb.
    pub(super) fn reading<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, HubError>) -> Result<T, HubError> {
        let begin = self.database.kind().begin_reading();
        self.transaction(begin, work)
    }

    /// The sets of the store, by timeframe and name.
    ///
    /// # Errors
    /// When the database fails, or a set was written by a newer program.
    pub fn list(&mut self) -> Result<Vec<StoredSet>, HubError> {
        if !self.has_tables {
            return Ok(Vec::new());
        }
        let sql = "SELECT metadata, values_table FROM crosscut_sets ORDER BY timeframe, factor_set";
        let rows = self.database.query(sql, &[])?;
        rows.into_iter().map(|row| self.stored_set(row)).collect()
    }

    /// Whether the store holds a set.
    ///
    /// # Errors
    /// When the database fails.
    pub fn exists(&mut self, timeframe: Timeframe, set: &str) -> Result<bool, HubError> {
        let sql = "SELECT generation FROM crosscut_sets WHERE timeframe = $1 AND factor_set = $2";
        Ok(self.has_tables && !self.database.query(sql, &key(timeframe, set))?.is_empty())
    }

    /// What a set says about itself.
    ///
    /// # Errors
    /// When there is no such set (the nearest is named), or the database fails.
    pub fn metadata(&mut self, timeframe: Timeframe, set: &str) -> Result<StoredSet, HubError> {
        match self.find(timeframe, set)? {
            Some(found) => Ok(found),
            None => Err(self.no_such_set(timeframe, set)?),
        }
    }

    /// A set, if the store holds it.
    fn find(&mut self, timeframe: Timeframe, set: &str) -> Result<Option<StoredSet>, HubError> {
        if !self.has_tables {
            return Ok(None);
        }
        let sql = "SELECT metadata, values_table FROM crosscut_sets WHERE timeframe = $1 AND factor_set = $2";
        let found = self.database.query(sql, &key(timeframe, set))?.pop();
        found.map(|row| self.stored_set(row)).transpose()
    }

    /// Reads a row of metadata and table name.
    fn stored_set(&self, row: Vec<Cell>) -> Result<StoredSet, HubError> {
        let mut texts = row.into_iter().map(Cell::into_text);
        let (text, values_table) = (texts.next().unwrap_or_default(), texts.next().unwrap_or_default());
        let metadata: FactorMetadata = serde_json::from_str(&text).map_err(|error| {
            failed(&self.address, &format!("the metadata behind `{values_table}` is damaged: {error}"))
        })?;
        if metadata.format_version > FORMAT_VERSION {
            let (set, version) = (&metadata.factor_set, metadata.format_version);
            let message = format!(
                "factor set `{set}` has format version {version}, this program knows {FORMAT_VERSION}\nhint: update crosscut"
            );
            return Err(failed(&self.address, &message));
        }
        Ok(StoredSet { metadata, values_table })
    }

    /// The entry of a set, if the store holds it; within a transaction.
    pub(super) fn entry(&mut self, timeframe: Timeframe, set: &str) -> Result<Option<Entry>, HubError> {
        let Some(stored) = self.find(timeframe, set)? else { return Ok(None) };
        let sql =
            "SELECT name, sql_name FROM crosscut_columns WHERE timeframe = $1 AND factor_set = $2 ORDER BY position";
        let mut columns = Vec::new();
        for row in self.database.query(sql, &key(timeframe, set))? {
            let mut texts = row.into_iter().map(Cell::into_text);
            columns.push((texts.next().unwrap_or_default(), texts.next().unwrap_or_default()));
        }
        let of_events = stored.metadata.of_events;
        let table = ValuesTable { name: stored.values_table, columns, of_events };
        let same = table.columns.iter().map(|(name, _)| name).eq(&stored.metadata.columns);
        if !same {
            let message = format!("the columns of factor set `{set}` ({timeframe}) disagree with its metadata");
            return Err(failed(&self.address, &message));
        }
        Ok(Some(Entry { metadata: stored.metadata, table }))
    }

    /// What the store remembers of a set's symbols.
    pub(super) fn symbols(
        &mut self,
        timeframe: Timeframe,
        set: &str,
    ) -> Result<BTreeMap<String, StoredSymbol>, HubError> {
        let sql = "SELECT symbol, content_hash, n_rows, blocks FROM crosscut_symbols \
                   WHERE timeframe = $1 AND factor_set = $2";
        let mut symbols = BTreeMap::new();
        for row in self.database.query(sql, &key(timeframe, set))? {
            let mut cells = row.into_iter();
            let mut next = || cells.next().unwrap_or(Cell::Int(0));
            let (symbol, content_hash) = (next().into_text(), next().into_text());
            let (n_rows, bytes) = (next().int(), next().into_bytes());
            let blocks = Blocks::decode(n_rows, &bytes).ok_or_else(|| {
                failed(&self.address, &format!("what crosscut_symbols says of {symbol} in `{set}` is damaged"))
            })?;
            symbols.insert(symbol, StoredSymbol { content_hash, blocks });
        }
        Ok(symbols)
    }

    /// What to say of a set that is not there.
    pub(super) fn no_such_set(&mut self, timeframe: Timeframe, set: &str) -> Result<HubError, HubError> {
        let sets = self.list()?;
        let frame = timeframe.to_string();
        let named = |stored: &&StoredSet| stored.metadata.factor_set == set;
        let elsewhere: Vec<&str> = sets.iter().filter(named).map(|stored| stored.metadata.timeframe.as_str()).collect();
        let instead = if elsewhere.is_empty() {
            let here = sets.iter().filter(|stored| stored.metadata.timeframe == frame);
            names::instead(set, &here.map(|stored| stored.metadata.factor_set.clone()).collect::<Vec<_>>())
        } else {
            format!("; it exists for {}", elsewhere.join(", "))
        };
        let store = &self.address;
        Ok(HubError::not_found(format!("{store} has no factor set `{set}` of timeframe {frame}{instead}")))
    }
}

/// The values that name a set in a statement.
pub(super) fn key(timeframe: Timeframe, set: &str) -> [Cell; 2] {
    [Cell::text(timeframe), Cell::text(set)]
}
