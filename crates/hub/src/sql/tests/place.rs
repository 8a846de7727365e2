//! Where a case of the suite runs: a store of its own, a hub of its own, and sets to publish.

use std::sync::atomic::{AtomicU64, Ordering};

use crosscut_model::time::{HOUR, midnight};
use crosscut_model::{Range, Silent, Table, Timeframe};
use serde_json::json;
use tempfile::TempDir;

use super::server::Server;
use crate::error::HubError;
use crate::factors::{FactorDefinition, FactorPublisher, FactorSet, FactorTable};
use crate::fixtures::Scratch;
use crate::sql::{LoadRequest, Saved, SqlStore, StoreAddress};

/// The set's name.
pub(super) const SET: &str = "core__v1";

/// Which database a case runs against.
pub(super) enum Backend<'a> {
    /// A file of its own.
    Sqlite,
    /// A schema of its own on a server.
    Postgres(&'a Server),
}

/// A hub and an empty store.
pub(super) struct Place {
    /// The hub.
    pub(super) scratch: Scratch,
    /// The store.
    pub(super) address: StoreAddress,
    /// Folder of the store's file.
    pub(super) folder: TempDir,
}

/// Numbers the schemas of a server.
static SCHEMAS: AtomicU64 = AtomicU64::new(0);

impl Place {
    pub(super) fn new(backend: &Backend<'_>) -> Self {
        let folder = TempDir::new().unwrap();
        let address = match backend {
            Backend::Sqlite => format!("sqlite:{}", folder.path().join("store.db").display()),
            Backend::Postgres(server) => {
                let name = format!("case{}", SCHEMAS.fetch_add(1, Ordering::Relaxed));
                let database = server.address("postgres");
                client(&database).batch_execute(&format!("CREATE SCHEMA {name}")).unwrap();
                format!("{database}?options=-c%20search_path%3D{name}")
            }
        };
        Self { scratch: Scratch::new(), address: address.parse().unwrap(), folder }
    }

    /// Publishes a set in the hub.
    pub(super) fn publish(&self, set: &Set) -> FactorSet {
        let generation = FactorPublisher::create(self.scratch.hub.root()).unwrap().begin(hour(), &set.name).unwrap();
        for (symbol, rows) in &set.symbols {
            let columns = set.columns.iter().map(String::as_str).zip(rows.columns.iter().map(Vec::as_slice));
            let table = FactorTable {
                timestamp: &rows.timestamp,
                available_at: &rows.available_at,
                bar_seq: rows.bar_seq.as_deref(),
                columns: columns.collect(),
                tradable_flag: &rows.tradable,
            };
            generation.write_symbol(symbol, &table).unwrap();
        }
        generation.commit(&set.definition()).unwrap();
        self.scratch.hub.factor_set(hour(), &set.name).unwrap()
    }

    /// Publishes the set again, of each symbol the first `keep` rows as they lie in the hub.
    pub(super) fn publish_behind(&self, set: &Set, keep: usize) -> FactorSet {
        let generation = FactorPublisher::create(self.scratch.hub.root()).unwrap().begin(hour(), &set.name).unwrap();
        for (symbol, rows) in &set.symbols {
            let mut table = generation.table(symbol, &set.columns).unwrap();
            table.keep_before(keep).unwrap();
            let rows = rows.clone().without(0..keep);
            let columns = set.columns.iter().map(String::as_str).zip(rows.columns.iter().map(Vec::as_slice));
            let appended = FactorTable {
                timestamp: &rows.timestamp,
                available_at: &rows.available_at,
                bar_seq: None,
                columns: columns.collect(),
                tradable_flag: &rows.tradable,
            };
            table.append(&appended).unwrap();
            table.finish().unwrap();
        }
        generation.commit(&set.definition()).unwrap();
        self.scratch.hub.factor_set(hour(), &set.name).unwrap()
    }

    /// A connection of its own.
    pub(super) fn store(&self) -> SqlStore {
        SqlStore::create(&self.address).unwrap()
    }

    /// Publishes and saves.
    pub(super) fn save(&self, set: &Set) -> Result<Saved, HubError> {
        self.store().save(&self.publish(set), &Silent)
    }

    /// Loads everything and compares it with the set, bit for bit.
    #[track_caller]
    pub(super) fn assert_holds(&self, set: &Set) {
        let mut store = SqlStore::open(&self.address).unwrap();
        let stored = store.metadata(hour(), &set.name).unwrap();
        assert_eq!(stored.metadata.columns, set.columns);
        let mut found: Vec<(String, Vec<Line>)> = Vec::new();
        let all = LoadRequest { timeframe: hour(), set: &set.name, symbols: &[], columns: &[], range: Range::ALL };
        let loaded = store.load(&all, |symbol, table| {
            match found.last_mut() {
                Some((last, rows)) if last == symbol => rows.extend(lines(&table)),
                _ => found.push((symbol.to_owned(), lines(&table))),
            }
            Ok::<(), HubError>(())
        });
        let expected = set.symbols.iter().filter(|(_, rows)| !rows.timestamp.is_empty());
        let expected: Vec<(String, Vec<Line>)> =
            expected.map(|(symbol, rows)| (symbol.clone(), rows.lines())).collect();
        assert_eq!(loaded.unwrap(), expected.iter().map(|(_, rows)| rows.len() as u64).sum::<u64>());
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found, expected);
        }
    }
}

/// A row: times, flag, bits of the values (all missing values alike).
type Line = (i64, i64, bool, Vec<u64>);

/// Bits of a value.
fn bits(value: f64) -> u64 {
    if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() }
}

/// The rows of a loaded table.
fn lines(table: &Table) -> Vec<Line> {
    let floats: Vec<&[f64]> = table.columns.iter().filter_map(|(name, _)| table.f64(name)).collect();
    let (times, known) = (table.i64("timestamp").unwrap(), table.i64("available_at").unwrap());
    let flags = table.bool("tradable_flag").unwrap();
    let number = |row: usize| table.i64("bar_seq").map(|sequence| sequence[row].cast_unsigned());
    let values = |row: usize| number(row).into_iter().chain(floats.iter().map(|v| bits(v[row]))).collect();
    let line = |row: usize| (times[row], known[row], flags[row], values(row));
    (0..table.len()).map(line).collect()
}

/// Rows of a symbol.
#[derive(Debug, Clone)]
pub(super) struct SymbolRows {
    /// Bar opens.
    pub(super) timestamp: Vec<i64>,
    /// When each row could be known.
    pub(super) available_at: Vec<i64>,
    /// Numbers of event bars.
    pub(super) bar_seq: Option<Vec<i64>>,
    /// Values by column.
    pub(super) columns: Vec<Vec<f64>>,
    /// Flags.
    pub(super) tradable: Vec<bool>,
}

impl SymbolRows {
    /// `n` hourly rows from 2024-01-01 with every tenth value missing.
    pub(super) fn hourly(n: usize, n_columns: usize, seed: f64) -> Self {
        let timestamp: Vec<i64> = (0..n as i64).map(|i| midnight(2024, 1, 1) + i * HOUR).collect();
        let value = |row: usize, column: usize| {
            if (row + column) % 10 == 3 { f64::NAN } else { seed + row as f64 / 7.0 - column as f64 }
        };
        Self {
            available_at: timestamp.iter().map(|t| t + HOUR).collect(),
            columns: (0..n_columns).map(|column| (0..n).map(|row| value(row, column)).collect()).collect(),
            tradable: (0..n).map(|row| row % 3 != 0).collect(),
            timestamp,
            bar_seq: None,
        }
    }

    /// The same rows as those of event bars, five of which share each time.
    pub(super) fn events(n: usize, n_columns: usize, seed: f64) -> Self {
        let mut rows = Self::hourly(n, n_columns, seed);
        rows.timestamp = (0..n).map(|row| rows.timestamp[row / 5 * 5]).collect();
        rows.available_at.clone_from(&rows.timestamp);
        rows.bar_seq = Some((0..n as i64).collect());
        rows
    }

    /// Without some rows.
    pub(super) fn without(mut self, rows: std::ops::Range<usize>) -> Self {
        self.timestamp.drain(rows.clone());
        self.available_at.drain(rows.clone());
        self.tradable.drain(rows.clone());
        self.bar_seq.iter_mut().for_each(|sequence| drop(sequence.drain(rows.clone())));
        self.columns.iter_mut().for_each(|column| drop(column.drain(rows.clone())));
        self
    }

    /// As loaded rows are compared.
    fn lines(&self) -> Vec<Line> {
        let number = |row: usize| self.bar_seq.as_ref().map(|sequence| sequence[row].cast_unsigned());
        let values =
            |row: usize| number(row).into_iter().chain(self.columns.iter().map(|column| bits(column[row]))).collect();
        let line = |row: usize| (self.timestamp[row], self.available_at[row], self.tradable[row], values(row));
        (0..self.timestamp.len()).map(line).collect()
    }
}

/// A set to publish.
#[derive(Debug, Clone)]
pub(super) struct Set {
    /// Its name.
    pub(super) name: String,
    /// Its columns.
    pub(super) columns: Vec<String>,
    /// Its symbols, sorted.
    pub(super) symbols: Vec<(String, SymbolRows)>,
    /// Part of its definition.
    pub(super) version: i64,
}

impl Set {
    /// Some symbols with as many rows and two columns.
    pub(super) fn new(symbols: &[(&str, usize)]) -> Self {
        let rows =
            |(at, (symbol, n)): (usize, &(&str, usize))| ((*symbol).to_owned(), SymbolRows::hourly(*n, 2, at as f64));
        Self {
            name: SET.to_owned(),
            columns: vec!["return_5".to_owned(), "rank".to_owned()],
            symbols: symbols.iter().enumerate().map(rows).collect(),
            version: 1,
        }
    }

    /// Rows of a symbol.
    pub(super) fn rows(&mut self, symbol: &str) -> &mut SymbolRows {
        &mut self.symbols.iter_mut().find(|(name, _)| name == symbol).unwrap().1
    }

    fn definition(&self) -> FactorDefinition {
        FactorDefinition {
            source_data_path: "bars/binance/1h".to_owned(),
            code_version: "0.1.0".to_owned(),
            generation_time: "2025-10-07T12:00:00Z".to_owned(),
            columns: self.columns.clone(),
            notes: vec!["it's a \"note\" \\ with ; and \u{1F980}".to_owned()],
            config: json!({"factor_set": self.name, "version": self.version}),
            inputs: Vec::new(),
            operator_state: None,
            proof: std::collections::BTreeMap::new(),
            warnings: Vec::new(),
        }
    }
}

/// The timeframe of all sets here.
pub(super) fn hour() -> Timeframe {
    "1h".parse().unwrap()
}

/// A connection to a server that knows nothing of stores.
pub(super) fn client(address: &str) -> postgres::Client {
    postgres::Client::connect(address, postgres::NoTls).unwrap()
}
