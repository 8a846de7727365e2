//! Writers and readers at once, writers that die, and tables that others changed.

use std::cell::RefCell;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crosscut_model::{Column, Progress, Range, Silent, Table};

use super::place::{Backend, Place, SET, Set, client, hour};
use crate::error::HubError;
use crate::sql::database::Connecting;
use crate::sql::rows::infinite;
use crate::sql::{LoadRequest, SqlStore, StoreAddress};

/// Does something once, after the first symbol was written inside the transaction.
struct Midway<F: FnMut()>(RefCell<Option<F>>);

// The stores call progress from the thread that saves.
impl<F: FnMut()> Midway<F> {
    fn new(action: F) -> Self {
        Self(RefCell::new(Some(action)))
    }
}

/// Progress that is handed from thread to thread must be `Sync`; here a lock makes it so.
struct Shared<F: FnMut()>(std::sync::Mutex<Midway<F>>);

impl<F: FnMut() + Send> Progress for Shared<F> {
    fn message(&self, _text: &str) {}

    fn step(&self, _done: u64, _total: u64, _what: &str) {
        let action = self.0.lock().unwrap().0.borrow_mut().take();
        if let Some(mut action) = action {
            action();
        }
    }
}

/// Progress that does something once, midway.
fn midway<F: FnMut() + Send>(action: F) -> Shared<F> {
    Shared(std::sync::Mutex::new(Midway::new(action)))
}

/// The first value of every symbol of the set: one number per complete state here.
fn first_values(store: &mut SqlStore) -> Vec<u64> {
    let request = LoadRequest { timeframe: hour(), set: SET, symbols: &[], columns: &[], range: Range::ALL };
    let mut firsts = Vec::new();
    let loaded = store.load(&request, |_, table| {
        firsts.push(table.f64("return_5").unwrap()[0].to_bits());
        Ok::<(), HubError>(())
    });
    loaded.unwrap();
    firsts
}

/// A set whose every symbol begins with `seed`, with a third column when asked for.
fn state(seed: f64) -> Set {
    let mut set = Set::new(&[("A", 400), ("B", 400), ("C", 400)]);
    for (_, rows) in &mut set.symbols {
        rows.columns[0][0] = seed;
    }
    set
}

pub(super) fn readers_and_writers_at_once(backend: &Backend<'_>) {
    let place = Place::new(backend);
    let elsewhere = Place { address: place.address.clone(), ..Place::new(&Backend::Sqlite) };
    let (one, two) = (place.publish(&state(1.0)), elsewhere.publish(&state(2.0)));
    let mut wider = state(3.0);
    wider.columns.push("third".to_owned());
    wider.symbols.iter_mut().for_each(|(_, rows)| rows.columns.push(rows.columns[1].clone()));
    let third_hub = Place { address: place.address.clone(), ..Place::new(&Backend::Sqlite) };
    let three = third_hub.publish(&wider);
    place.store().save(&one, &Silent).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut store = SqlStore::open(&place.address).unwrap();
            let mut n = 0;
            while !done.load(Ordering::Relaxed) || n == 0 {
                let firsts = first_values(&mut store);
                assert_eq!(firsts.len(), 3);
                assert!(firsts.iter().all(|first| *first == firsts[0]), "a mixture: {firsts:?}");
                n += 1;
            }
        });
        let writers = [&one, &two, &three].map(|set| {
            let place = &place;
            scope.spawn(move || {
                for _ in 0..4 {
                    place.store().save(set, &Silent).unwrap();
                }
            })
        });
        let written: Vec<_> = writers.into_iter().map(|writer| writer.join()).collect();
        done.store(true, Ordering::Relaxed);
        written.into_iter().for_each(|writer| writer.unwrap());
        reader.join().unwrap();
    });
}

pub(super) fn a_writer_at_work(backend: &Backend<'_>) {
    let place = Place::new(backend);
    let (before, after) = (state(1.0), state(2.0));
    place.save(&before).unwrap();
    let published = place.publish(&after);
    let is_file = matches!(backend, Backend::Sqlite);
    let look = || {
        // Readers see the state before; a second writer of the set gives up after a while.
        place.assert_holds(&before);
        let how = Connecting { create: true, patience: Duration::from_millis(50) };
        let mut impatient = SqlStore::connect(&place.address, how).unwrap();
        let error = impatient.save(&published, &Silent).unwrap_err().to_string();
        assert!(error.contains("another process has kept the set in use for more than 0.05 s"), "{error}");
        if !is_file {
            // A writer of another set does not wait.
            let other = Place { address: place.address.clone(), ..Place::new(&Backend::Sqlite) };
            let other_set = Set { name: "other".to_owned(), ..state(5.0) };
            impatient.save(&other.publish(&other_set), &Silent).unwrap();
        }
    };
    place.store().save(&published, &midway(look)).unwrap();
    place.assert_holds(&after);
}

pub(super) fn a_writer_that_fails(backend: &Backend<'_>) {
    let place = Place::new(backend);
    let (before, after) = (state(1.0), state(2.0));
    place.save(&before).unwrap();
    let published = place.publish(&after);
    // A table of the hub vanishes midway.
    let hub = place.scratch.hub.root().to_owned();
    let remove = || {
        fs::remove_dir_all(hub.join(".generations")).unwrap();
    };
    let mut store = place.store();
    store.save(&published, &midway(remove)).unwrap_err();
    place.assert_holds(&before);
    // The same connection goes on.
    assert_eq!(first_values(&mut store), [1f64.to_bits(); 3]);
}

pub(super) fn tables_changed_by_others(backend: &Backend<'_>) {
    let place = Place::new(backend);
    let set = state(1.0);
    let table = place.save(&set).unwrap().values_table;
    let mut store = place.store();
    let delete = format!("DELETE FROM {table} WHERE symbol = 'B' AND timestamp > 1704067200000000");
    assert_eq!(store.database.execute(&delete, &[]).unwrap(), 399);
    let request = LoadRequest { timeframe: hour(), set: SET, symbols: &[], columns: &[], range: Range::ALL };
    let error = store.load(&request, |_, _| Ok::<(), HubError>(())).unwrap_err().to_string();
    assert!(error.contains("has 1 rows of B, the set's metadata states 400"), "{error}");
    // As the hint says.
    store.database.batch("DELETE FROM crosscut_sets").unwrap();
    place.save(&set).unwrap();
    place.assert_holds(&set);

    let (infinity, request) = ("1e308 * 10", LoadRequest { symbols: &["A".to_owned()], ..request });
    let infinity = if matches!(backend, Backend::Sqlite) { infinity } else { "'Infinity'" };
    store.database.batch(&format!("UPDATE {table} SET rank = {infinity} WHERE symbol = 'A'")).unwrap();
    let error = store.load(&request, |_, _| Ok::<(), HubError>(())).unwrap_err().to_string();
    assert!(error.contains("infinite value of A in `rank`"), "{error}");

    store.database.batch("UPDATE crosscut_format SET version = 99").unwrap();
    let error = SqlStore::open(&place.address).unwrap_err().to_string();
    assert!(error.contains("layout 99") && error.contains("update crosscut"), "{error}");
}

#[test]
fn infinite_values_are_found() {
    let mut table = Table::default();
    table.push("timestamp", Column::I64(vec![0, 1]));
    table.push("a", Column::F64(vec![f64::NAN, f64::MAX]));
    assert_eq!(infinite(&table), None);
    table.push("b", Column::F64(vec![0.0, f64::NEG_INFINITY]));
    assert_eq!(infinite(&table), Some(("b", 1)));
}

/// A server that ends the connection midway.
pub(super) fn lost_connection(backend: &Backend<'_>) {
    let Backend::Postgres(server) = backend else { return };
    let place = Place::new(backend);
    let (before, after) = (state(1.0), state(2.0));
    place.save(&before).unwrap();
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'crosscut'";
    let kill = || {
        client(&server.address("postgres")).batch_execute(end).unwrap();
    };
    let error = place.store().save(&place.publish(&after), &midway(kill)).unwrap_err().to_string();
    assert!(error.contains("postgres://tester@") && !error.contains("s3cret"), "{error}");
    place.assert_holds(&before);
    place.save(&after).unwrap();
    place.assert_holds(&after);
}

#[test]
fn a_killed_writer_leaves_the_state_before_in_the_file() {
    let place = Place::new(&Backend::Sqlite);
    let (before, after) = (state(1.0), state(2.0));
    place.save(&before).unwrap();
    let copies = tempfile::TempDir::new().unwrap();
    // What lies on the disk at that moment is what a killed process leaves.
    let copy = || {
        for entry in fs::read_dir(place.folder.path()).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), copies.path().join(entry.file_name())).unwrap();
        }
    };
    place.store().save(&place.publish(&after), &midway(copy)).unwrap();
    place.assert_holds(&after);
    let address: StoreAddress = format!("sqlite:{}", copies.path().join("store.db").display()).parse().unwrap();
    let left = Place { address, ..Place::new(&Backend::Sqlite) };
    left.assert_holds(&before);
    left.save(&after).unwrap();
    left.assert_holds(&after);
}
