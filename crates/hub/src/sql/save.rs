//! Saving a published set: what differs from the store is written in one transaction.
//!
//! A symbol whose table in the hub has the hash the store remembers is passed over. Of any other, the digests of its
//! rows are compared block by block; blocks that differ are deleted and inserted again, rows behind the last stored one
//! are only inserted.

use std::collections::BTreeMap;
use std::ops::Range;

use crosscut_model::{Progress, Timeframe};

use super::blocks::{BLOCK_ROWS, Block, Blocks, rows_of};
use super::database::{Cell, Database};
use super::rows::HubRows;
use super::schema::{Kind, ValuesTable, quote};
use super::store::{Entry, SqlStore, StoredSymbol, key};
use crate::error::HubError;
use crate::factors::{FactorMetadata, FactorSet, TableEntry, next_version};

/// What saving a set did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Saved {
    /// The table that holds the values.
    pub values_table: String,
    /// Whether the store held this very state already.
    pub unchanged: bool,
    /// Symbols that were written, or lost rows.
    pub n_symbols_changed: usize,
    /// Symbols that left the store.
    pub n_symbols_removed: usize,
    /// Rows written.
    pub n_rows_written: u64,
    /// Rows deleted, those written anew among them.
    pub n_rows_deleted: u64,
}

impl SqlStore {
    /// Brings the store to the state of a published set, in one transaction. What the store holds of it already stays.
    ///
    /// # Errors
    /// When the store holds the name with another definition (a new version name is asked for), the database cannot
    /// hold so many columns, another process keeps writing, the hub's tables cannot be read, or the database fails.
    /// The store then holds what it held before.
    pub fn save(&mut self, set: &FactorSet, progress: &dyn Progress) -> Result<Saved, HubError> {
        let metadata = set.metadata();
        let timeframe: Timeframe = metadata.timeframe.parse().map_err(|_| HubError::Name {
            message: format!("`{}` is not a timeframe", metadata.timeframe.escape_debug()),
        })?;
        let begin = self.database.kind().begin_writing();
        self.transaction(begin, |store| {
            let name = metadata.factor_set.as_str();
            store.lock(lock_number(timeframe, name))?;
            let entry = store.entry(timeframe, name)?;
            let before = entry.as_ref().map(|entry| entry.metadata.tables.clone()).unwrap_or_default();
            let saving = Saving { store, set, timeframe, before, progress };
            saving.run(entry)
        })
    }
}

/// The number of a set's lock.
fn lock_number(timeframe: Timeframe, set: &str) -> i64 {
    let hash = blake3::hash(format!("{timeframe}/{set}").as_bytes());
    let (first, _) = hash.as_bytes().split_first_chunk::<8>().expect("a hash has 32 bytes");
    i64::from_le_bytes(*first)
}

/// A set being saved, inside a transaction.
struct Saving<'a> {
    /// The store.
    store: &'a mut SqlStore,
    /// The set.
    set: &'a FactorSet,
    /// Its timeframe.
    timeframe: Timeframe,
    /// The symbols' tables in the hub from which the store was filled.
    before: BTreeMap<String, TableEntry>,
    /// Where progress goes.
    progress: &'a dyn Progress,
}

impl Saving<'_> {
    /// Compares and writes.
    fn run(mut self, entry: Option<Entry>) -> Result<Saved, HubError> {
        let (metadata, kind) = (self.set.metadata(), self.store.database.kind());
        if let Some(entry) = &entry {
            if entry.metadata.config_hash != metadata.config_hash {
                return Err(self.other_definition(&entry.metadata));
            }
            if entry.metadata == *metadata {
                return Ok(Saved { values_table: entry.table.name.clone(), unchanged: true, ..Saved::default() });
            }
        }
        let number = entry.as_ref().map_or(0, |entry| entry.table.number());
        // A table keeps its columns for good: with others, a new one takes its place.
        let has_columns =
            |table: &FactorMetadata| table.columns == metadata.columns && table.of_events == metadata.of_events;
        let kept = entry.as_ref().filter(|entry| has_columns(&entry.metadata));
        let (table, is_new) = match kept {
            Some(entry) => (entry.table.clone(), false),
            None => {
                let name = (self.timeframe, metadata.factor_set.as_str());
                let table = ValuesTable::new(kind, name, &metadata.columns, number + 1)?;
                (ValuesTable { of_events: metadata.of_events, ..table }, true)
            }
        };
        if is_new {
            // A table of this name that no set knows is what somebody left who edited the shared tables by hand.
            self.store.database.batch(&format!("DROP TABLE IF EXISTS {}", table.quoted()))?;
            self.store.database.batch(&table.create(kind))?;
            // SQLite builds a key as rows come in order; PostgreSQL builds it in one go afterwards.
            if kind == Kind::Sqlite {
                self.store.database.batch(&table.create_key())?;
            }
        }
        let saved = self.symbols(&table, is_new)?;
        if is_new && kind == Kind::Postgres {
            // Without statistics the server may not see that the key serves every load.
            self.store.database.batch(&format!("{}; ANALYZE {}", table.create_key(), table.quoted()))?;
        }
        self.register(&table)?;
        if let Some(old) = entry.filter(|_| is_new) {
            self.store.database.batch(&format!("DROP TABLE {}", quote(&old.table.name)))?;
        }
        Ok(saved)
    }

    /// The error of a set that the store holds with another definition.
    fn other_definition(&self, stored: &FactorMetadata) -> HubError {
        let (metadata, store) = (self.set.metadata(), &self.store.address);
        let short = |hash: &str| hash.chars().take(12).collect::<String>();
        HubError::refused(format!(
            "{store} holds factor set `{}` ({}) with another definition (config hash {}, now {})\n\
             hint: a version is part of the name: publish the new definition as `{}`",
            metadata.factor_set,
            metadata.timeframe,
            short(&stored.config_hash),
            short(&metadata.config_hash),
            next_version(&metadata.factor_set)
        ))
    }

    /// Writes the rows of all symbols that differ.
    fn symbols(&mut self, table: &ValuesTable, is_new: bool) -> Result<Saved, HubError> {
        let mut saved = Saved { values_table: table.name.clone(), ..Saved::default() };
        let name = self.set.metadata().factor_set.clone();
        if is_new {
            self.store.database.execute(&forget_all("crosscut_symbols"), &key(self.timeframe, &name))?;
        }
        let stored = self.store.symbols(self.timeframe, &name)?;
        for symbol in stored.keys().filter(|symbol| !self.set.metadata().tables.contains_key(*symbol)) {
            let sql = format!("DELETE FROM {} WHERE \"symbol\" = $1", table.quoted());
            saved.n_rows_deleted += self.store.database.execute(&sql, &[Cell::text(symbol)])?;
            self.forget(symbol)?;
            saved.n_symbols_removed += 1;
        }
        let total = self.set.symbols().len() as u64;
        for (done, symbol) in self.set.symbols().iter().enumerate() {
            let content_hash = self.set.content_hash(symbol).unwrap_or_default();
            let old = stored.get(symbol);
            if old.is_none_or(|old| old.content_hash != content_hash) {
                self.symbol(table, symbol, old, &mut saved)?;
            }
            self.progress.step(done as u64 + 1, total, "symbols in the store");
        }
        Ok(saved)
    }

    /// Writes the rows of a symbol that differ.
    fn symbol(
        &mut self,
        table: &ValuesTable,
        symbol: &str,
        old: Option<&StoredSymbol>,
        saved: &mut Saved,
    ) -> Result<(), HubError> {
        let none = Blocks::default();
        let old_blocks = old.map_or(&none, |old| &old.blocks);
        let mut rows = HubRows::open(self.set, symbol)?;
        let same_rows = self.same_rows(symbol, old_blocks);
        let Changes { blocks, mut delete, mut insert } = changes(&mut rows, old_blocks, same_rows)?;
        if table.of_events && !delete.is_empty() {
            // Event bars share times, so no stretch of time is that of a block alone.
            delete.clear();
            insert.clear();
            push(&mut delete, 0..old_blocks.blocks.len());
            push(&mut insert, 0..blocks.n_rows);
        }
        let database = &mut self.store.database;
        for gone in &delete {
            saved.n_rows_deleted += delete_rows(database.as_mut(), table, symbol, old_blocks.time(gone.clone()))?;
        }
        for rows_in in &insert {
            rows.visit(rows_in.clone(), |part| database.insert(table, symbol, part))?;
            saved.n_rows_written += rows_in.len() as u64;
        }
        saved.n_symbols_changed += usize::from(old.is_none() || !delete.is_empty() || !insert.is_empty());
        self.remember(symbol, &blocks)
    }

    /// Rows at the beginning of a symbol's table that lie in the same files as those the store was filled from.
    fn same_rows(&self, symbol: &str, old: &Blocks) -> usize {
        let Some(before) = self.before.get(symbol).filter(|_| old.n_rows > 0) else { return 0 };
        let Some(now) = self.set.metadata().tables.get(symbol) else { return 0 };
        let same = parts(before).into_iter().zip(parts(now)).take_while(|(before, now)| before == now);
        let rows: u64 = same.map(|((rows, _), _)| rows).sum();
        usize::try_from(rows).unwrap_or(0).min(old.n_rows)
    }

    /// Notes a symbol's state in the shared tables.
    fn remember(&mut self, symbol: &str, blocks: &Blocks) -> Result<(), HubError> {
        self.forget(symbol)?;
        let metadata = self.set.metadata();
        let content_hash = self.set.content_hash(symbol).unwrap_or_default();
        let n_rows = i64::try_from(blocks.n_rows).expect("a number of rows fits");
        let [timeframe, set] = key(self.timeframe, &metadata.factor_set);
        let values = [
            timeframe,
            set,
            Cell::text(symbol),
            Cell::Int(n_rows),
            Cell::text(content_hash),
            Cell::Bytes(blocks.encode()),
        ];
        let sql = "INSERT INTO crosscut_symbols (timeframe, factor_set, symbol, n_rows, content_hash, blocks) \
                   VALUES ($1, $2, $3, $4, $5, $6)";
        self.store.database.execute(sql, &values).map(|_| ())
    }

    /// Takes a symbol out of the shared tables.
    fn forget(&mut self, symbol: &str) -> Result<(), HubError> {
        let [timeframe, set] = key(self.timeframe, &self.set.metadata().factor_set);
        let sql = "DELETE FROM crosscut_symbols WHERE timeframe = $1 AND factor_set = $2 AND symbol = $3";
        self.store.database.execute(sql, &[timeframe, set, Cell::text(symbol)]).map(|_| ())
    }

    /// Notes the set itself in the shared tables.
    fn register(&mut self, table: &ValuesTable) -> Result<(), HubError> {
        let metadata = self.set.metadata();
        let name = key(self.timeframe, &metadata.factor_set);
        let database = &mut self.store.database;
        for shared in ["crosscut_sets", "crosscut_columns"] {
            database.execute(&forget_all(shared), &name)?;
        }
        for (position, (factor, column)) in table.columns.iter().enumerate() {
            let position = Cell::Int(i64::try_from(position).expect("a number of columns fits"));
            let [timeframe, set] = name.clone();
            let values = [timeframe, set, position, Cell::text(factor), Cell::text(column)];
            let sql = "INSERT INTO crosscut_columns (timeframe, factor_set, position, name, sql_name) \
                       VALUES ($1, $2, $3, $4, $5)";
            database.execute(sql, &values)?;
        }
        let [timeframe, set] = name;
        let values = [
            timeframe,
            set,
            Cell::text(&table.name),
            Cell::Int(i64::try_from(metadata.generation).unwrap_or(i64::MAX)),
            Cell::text(&metadata.config_hash),
            Cell::Text(to_text(metadata)),
        ];
        let sql = "INSERT INTO crosscut_sets (timeframe, factor_set, values_table, generation, config_hash, metadata) \
                   VALUES ($1, $2, $3, $4, $5, $6)";
        database.execute(sql, &values).map(|_| ())
    }
}

/// Rows and hash of each file of a symbol's table.
fn parts(entry: &TableEntry) -> Vec<(u64, &str)> {
    if entry.parts.is_empty() {
        return vec![(entry.rows, entry.content_hash.as_str())];
    }
    entry.parts.iter().map(|part| (part.rows, part.content_hash.as_str())).collect()
}

/// The statement that removes a set from a shared table.
fn forget_all(shared: &str) -> String {
    format!("DELETE FROM {shared} WHERE timeframe = $1 AND factor_set = $2")
}

/// Metadata as the store keeps it.
fn to_text(metadata: &FactorMetadata) -> String {
    serde_json::to_string(metadata).expect("metadata has string keys and no failing parts")
}

/// Deletes a symbol's rows of a stretch of time.
fn delete_rows(
    database: &mut dyn Database,
    table: &ValuesTable,
    symbol: &str,
    (first, end): (i64, Option<i64>),
) -> Result<u64, HubError> {
    let mut sql = format!("DELETE FROM {} WHERE \"symbol\" = $1 AND \"timestamp\" >= $2", table.quoted());
    let mut values = vec![Cell::text(symbol), Cell::Int(first)];
    if let Some(end) = end {
        sql.push_str(" AND \"timestamp\" < $3");
        values.push(Cell::Int(end));
    }
    database.execute(&sql, &values)
}

/// How a symbol's rows differ from those of the store.
struct Changes {
    /// The rows as the store will remember them.
    blocks: Blocks,
    /// Stored blocks to be deleted, neighbours together.
    delete: Vec<Range<usize>>,
    /// Rows to be inserted, neighbours together.
    insert: Vec<Range<usize>>,
}

/// Compares a symbol's rows with those of the store; the first `same_rows` are known to be equal.
fn changes(rows: &mut HubRows<'_>, old: &Blocks, same_rows: usize) -> Result<Changes, HubError> {
    let n_rows = rows.len();
    let mut changes = Changes { blocks: Blocks { n_rows, blocks: Vec::new() }, delete: Vec::new(), insert: Vec::new() };
    let n_blocks = n_rows.div_ceil(BLOCK_ROWS);
    for at in 0..n_blocks {
        let here = rows_of(at, n_rows);
        if here.end <= same_rows && old.rows(at) == here {
            changes.blocks.blocks.push(old.blocks[at]);
            continue;
        }
        let block = rows.block(here.clone())?;
        changes.blocks.blocks.push(block);
        let stored = old.blocks.get(at).map(|stored| (*stored, old.rows(at)));
        match stored {
            Some((stored, there)) if there == here && stored == block => {}
            Some((stored, there)) if begins_with(rows, &here, (&stored, &there))? => {
                push(&mut changes.insert, there.end..here.end);
            }
            Some(_) => {
                push(&mut changes.delete, at..at + 1);
                push(&mut changes.insert, here);
            }
            None => push(&mut changes.insert, here),
        }
    }
    if old.blocks.len() > n_blocks {
        push(&mut changes.delete, n_blocks..old.blocks.len());
    }
    Ok(changes)
}

/// Whether a block that grew begins with the rows that were stored of it.
fn begins_with(
    rows: &mut HubRows<'_>,
    here: &Range<usize>,
    (stored, there): (&Block, &Range<usize>),
) -> Result<bool, HubError> {
    Ok(there.len() < here.len() && rows.block(there.clone())? == *stored)
}

/// Adds a range, joined with the last one where they touch.
fn push(ranges: &mut Vec<Range<usize>>, next: Range<usize>) {
    match ranges.last_mut() {
        Some(last) if last.end == next.start => last.end = next.end,
        _ => ranges.push(next),
    }
}
