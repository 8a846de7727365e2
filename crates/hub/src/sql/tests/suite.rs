//! What is saved is what is loaded, and only what changed is written.

use crosscut_model::time::HOUR;
use crosscut_model::{Range, Silent, Table};

use super::place::{Backend, Place, SET, Set, SymbolRows, hour};
use crate::error::HubError;
use crate::sql::blocks::BLOCK_ROWS;
use crate::sql::{LoadRequest, SqlStore};

/// Symbols no statement may stumble over.
const SYMBOLS: [&str; 6] = ["'); DROP TABLE x; --", "BTCUSDT", "O'BRI\"EN", "a%41$1?", "b\u{301}", "币USDT"];

pub(super) fn sets_round_trip(backend: &Backend<'_>) {
    let place = Place::new(backend);
    let mut store = place.store();
    assert_eq!(store.list().unwrap(), []);
    assert!(!store.exists(hour(), SET).unwrap());

    let symbols: Vec<String> = SYMBOLS.iter().map(|symbol| symbol.replace(' ', "_")).collect();
    let mut set = Set::new(&symbols.iter().map(|symbol| (symbol.as_str(), 40)).collect::<Vec<_>>());
    let values = &mut set.rows("BTCUSDT").columns[0];
    let hostile = [-0.0, 0.0, 5e-324, -2.225e-308, f64::MAX, f64::MIN, f64::MIN_POSITIVE, 1e-7, 0.1 + 0.2, -f64::NAN];
    values[..hostile.len()].copy_from_slice(&hostile);
    // Rows long before the epoch.
    let early = set.rows("币USDT");
    early.timestamp.iter_mut().for_each(|time| *time -= 100 * 366 * 24 * HOUR);
    early.available_at.iter_mut().for_each(|time| *time -= 100 * 366 * 24 * HOUR);
    set.symbols.push(("空".to_owned(), SymbolRows::hourly(0, 2, 0.0)));

    let published = place.publish(&set);
    let saved = store.save(&published, &Silent).unwrap();
    assert_eq!((saved.n_symbols_changed, saved.n_rows_written, saved.n_rows_deleted), (7, 240, 0));
    assert!(store.exists(hour(), SET).unwrap());
    assert!(!store.exists("2h".parse().unwrap(), SET).unwrap());
    let list = store.list().unwrap();
    assert_eq!(list.len(), 1);
    assert_eq!(&list[0].metadata, published.metadata());
    assert_eq!(list[0].values_table, saved.values_table);
    place.assert_holds(&set);
}

/// Loads as one list of symbols with tables.
fn load(place: &Place, request: &LoadRequest<'_>) -> Result<Vec<(String, Table)>, HubError> {
    let mut out = Vec::new();
    SqlStore::open(&place.address).unwrap().load(request, |symbol, table| {
        out.push((symbol.to_owned(), table));
        Ok::<(), HubError>(())
    })?;
    Ok(out)
}

pub(super) fn parts_of_a_set(backend: &Backend<'_>) {
    let place = Place::new(backend);
    let mut set = Set::new(&[("A", 30), ("B", 30), ("C", 30)]);
    place.save(&set).unwrap();
    let rows = set.rows("A").clone();
    let range = Range { start: Some(rows.timestamp[3] - 1), end: Some(rows.timestamp[9]) };
    let symbols = ["C", "A", "C"].map(str::to_owned);
    let columns = ["rank".to_owned()];
    let request = LoadRequest { timeframe: hour(), set: SET, symbols: &symbols, columns: &columns, range };
    let found = load(&place, &request).unwrap();
    assert_eq!(found.iter().map(|(symbol, _)| symbol.as_str()).collect::<Vec<_>>(), ["A", "C"]);
    let names: Vec<&str> = found[0].1.columns.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["timestamp", "available_at", "rank", "tradable_flag"]);
    assert_eq!(found[0].1.i64("timestamp").unwrap(), &rows.timestamp[3..9]);
    assert_eq!(found[0].1.bool("tradable_flag").unwrap(), &rows.tradable[3..9]);
    let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(found[0].1.f64("rank").unwrap()), bits(&rows.columns[1][3..9]));

    let columns = ["rank".to_owned(), "return_5".to_owned()];
    let late = Range { start: Some(rows.timestamp[29]), end: None };
    let found = load(&place, &LoadRequest { columns: &columns, range: late, ..request }).unwrap();
    assert_eq!(found[1].1.columns[2].0, "rank");
    assert_eq!(found[1].1.len(), 1);
    let nothing = Range { start: Some(rows.timestamp[29] + 1), end: Some(i64::MAX) };
    assert!(load(&place, &LoadRequest { range: nothing, ..request }).unwrap().is_empty());
    let turned = Range { start: Some(rows.timestamp[9]), end: Some(rows.timestamp[3]) };
    assert!(load(&place, &LoadRequest { range: turned, ..request }).unwrap().is_empty());
}

pub(super) fn saving_again(backend: &Backend<'_>) {
    let place = Place::new(backend);
    let set = Set::new(&[("A", 30), ("B", 3)]);
    let published = place.publish(&set);
    let mut store = place.store();
    let first = store.save(&published, &Silent).unwrap();
    assert!(!first.unchanged);
    let second = store.save(&published, &Silent).unwrap();
    assert!(second.unchanged && second.n_rows_written == 0 && second.values_table == first.values_table);
    // The same rows as a newer generation: its metadata is kept, no row is written.
    let newer = place.publish(&set);
    assert_eq!(newer.metadata().generation, 2);
    let third = store.save(&newer, &Silent).unwrap();
    assert_eq!((third.unchanged, third.n_symbols_changed, third.n_rows_written), (false, 0, 0));
    assert_eq!(store.metadata(hour(), SET).unwrap().metadata.generation, 2);
    place.assert_holds(&set);
}

pub(super) fn appended_rows(backend: &Backend<'_>) {
    let place = Place::new(backend);
    for n in [0, 1, BLOCK_ROWS - 1, BLOCK_ROWS, BLOCK_ROWS + 24, 3 * BLOCK_ROWS + 7] {
        let before = Set::new(&[("A", n), ("B", 5)]);
        let saved = place.save(&before).unwrap();
        let old_rows = saved.n_rows_written;
        place.assert_holds(&before);
        let after = Set::new(&[("A", n + 24), ("B", 5)]);
        let saved = place.save(&after).unwrap();
        assert_eq!((saved.n_symbols_changed, saved.n_rows_written, saved.n_rows_deleted), (1, 24, 0), "{n} {old_rows}");
        place.assert_holds(&after);
    }
}

pub(super) fn tables_in_parts(backend: &Backend<'_>) {
    let place = Place::new(backend);
    // Large enough that the hub puts appended rows into a file beside the old one.
    let columns: Vec<String> = (0..40).map(|n| format!("factor_{n}")).collect();
    let n = 20 * BLOCK_ROWS + 10;
    let rows = |n: usize| Set {
        columns: columns.clone(),
        symbols: vec![("A".to_owned(), SymbolRows::hourly(n, 40, 0.1))],
        ..Set::new(&[])
    };
    let (before, after) = (rows(n), rows(n + 24));
    place.save(&before).unwrap();
    let published = place.publish_behind(&after, n);
    assert_eq!(published.metadata().tables["A"].parts.len(), 2);
    let saved = place.store().save(&published, &Silent).unwrap();
    assert_eq!((saved.n_rows_written, saved.n_rows_deleted), (24, 0));
    place.assert_holds(&after);
    // The rows behind the old file change.
    let mut corrected = rows(n + 30);
    corrected.rows("A").columns[7][n + 3] = -1.0;
    let saved = place.store().save(&place.publish_behind(&corrected, n), &Silent).unwrap();
    assert_eq!((saved.n_rows_written, saved.n_rows_deleted), (40, 34));
    place.assert_holds(&corrected);
    // And a row inside the old file.
    corrected.rows("A").columns[0][BLOCK_ROWS] = -1.0;
    let saved = place.store().save(&place.publish_behind(&corrected, BLOCK_ROWS - 1), &Silent).unwrap();
    assert_eq!((saved.n_rows_written, saved.n_rows_deleted), (BLOCK_ROWS as u64, BLOCK_ROWS as u64));
    place.assert_holds(&corrected);
}

pub(super) fn corrected_late_and_removed_rows(backend: &Backend<'_>) {
    let place = Place::new(backend);
    let n = 4 * BLOCK_ROWS + 100;
    let full = Set::new(&[("A", n), ("B", n)]);
    place.save(&full).unwrap();

    // One value in the second block, and one of the last, partial block: those two blocks are written anew.
    let mut corrected = full.clone();
    corrected.rows("A").columns[1][BLOCK_ROWS + 3] = 1e9;
    corrected.rows("A").tradable[n - 1] ^= true;
    let saved = place.save(&corrected).unwrap();
    assert_eq!(saved.n_symbols_changed, 1);
    assert_eq!((saved.n_rows_written, saved.n_rows_deleted), (BLOCK_ROWS as u64 + 100, BLOCK_ROWS as u64 + 100));
    place.assert_holds(&corrected);

    // Rows that are gone from the middle, from the beginning and from the end; rows that come (back) late.
    for gone in [BLOCK_ROWS + 7..BLOCK_ROWS + 8, 0..1, 0..2 * BLOCK_ROWS, n - 1..n, n - 200..n, 1..n, 0..n] {
        let mut changed = full.clone();
        let rows = changed.rows("B");
        *rows = rows.clone().without(gone.clone());
        place.save(&changed).unwrap();
        place.assert_holds(&changed);
        place.save(&full).unwrap();
        place.assert_holds(&full);
    }
}

pub(super) fn event_bars_that_share_times(backend: &Backend<'_>) {
    let place = Place::new(backend);
    let n = 2 * BLOCK_ROWS + 100;
    let events = |n: usize| {
        let symbols = ["A", "B"].map(|symbol| (symbol.to_owned(), SymbolRows::events(n, 2, 1.0)));
        Set { symbols: symbols.into(), ..Set::new(&[]) }
    };
    place.save(&events(n)).unwrap();
    place.assert_holds(&events(n));
    let saved = place.save(&events(n + 3)).unwrap();
    assert_eq!((saved.n_rows_written, saved.n_rows_deleted), (6, 0));
    place.assert_holds(&events(n + 3));
    for gone in [BLOCK_ROWS - 2..BLOCK_ROWS + 1, 0..1, n - 3..n, 7..n] {
        let mut changed = events(n);
        let rows = changed.rows("B");
        *rows = rows.clone().without(gone);
        place.save(&changed).unwrap();
        place.assert_holds(&changed);
    }
}

pub(super) fn symbols_come_and_go(backend: &Backend<'_>) {
    let place = Place::new(backend);
    place.save(&Set::new(&[("A", 30), ("B", 20)])).unwrap();
    let after = Set::new(&[("A", 30), ("C", 20), ("D", 0)]);
    let saved = place.save(&after).unwrap();
    assert_eq!((saved.n_symbols_changed, saved.n_symbols_removed), (2, 1));
    assert_eq!((saved.n_rows_written, saved.n_rows_deleted), (20, 20));
    place.assert_holds(&after);
    let other = Set { name: "other__v1".to_owned(), ..Set::new(&[("A", 7)]) };
    place.save(&other).unwrap();
    place.assert_holds(&after);
    place.assert_holds(&other);
}

pub(super) fn other_columns(backend: &Backend<'_>) {
    let place = Place::new(backend);
    let mut set = Set::new(&[("A", 30), ("B", 20)]);
    let first = place.save(&set).unwrap();
    // The definition is the same: a bar column that was missing gave a family one factor more.
    set.columns.push("amihud_5".to_owned());
    set.symbols =
        vec![("A".to_owned(), SymbolRows::hourly(31, 3, 5.0)), ("C".to_owned(), SymbolRows::hourly(4, 3, 6.0))];
    let second = place.save(&set).unwrap();
    assert_ne!(first.values_table, second.values_table);
    assert_eq!((second.n_symbols_changed, second.n_rows_written), (2, 35));
    place.assert_holds(&set);
    let saved = place.save(&Set::new(&[("A", 30)])).unwrap();
    assert_ne!(saved.values_table, second.values_table);
    place.assert_holds(&Set::new(&[("A", 30)]));
}

pub(super) fn another_definition(backend: &Backend<'_>) {
    let place = Place::new(backend);
    let set = Set::new(&[("A", 30)]);
    place.save(&set).unwrap();
    // The hub refuses it too; a second hub does not know the first one.
    let elsewhere = Place { address: place.address.clone(), ..Place::new(&Backend::Sqlite) };
    let changed = Set { version: 2, ..Set::new(&[("A", 40)]) };
    let error = elsewhere.save(&changed).unwrap_err().to_string();
    assert!(error.contains("another definition") && error.contains("`core__v2`"), "{error}");
    place.assert_holds(&set);
}

pub(super) fn names_that_are_not_there(backend: &Backend<'_>) {
    let place = Place::new(backend);
    place.save(&Set::new(&[("BTCUSDT", 30)])).unwrap();
    let request = LoadRequest { timeframe: hour(), set: SET, symbols: &[], columns: &[], range: Range::ALL };
    let refused = |request: &LoadRequest<'_>, words: &[&str]| {
        let error = load(&place, request).unwrap_err().to_string();
        assert!(words.iter().all(|word| error.contains(word)), "{error}");
    };
    refused(&LoadRequest { set: "core_v1", ..request }, &["`core_v1`", "did you mean `core__v1`?"]);
    refused(&LoadRequest { timeframe: "4h".parse().unwrap(), ..request }, &["4h", "it exists for 1h"]);
    refused(&LoadRequest { symbols: &["BTCUSTD".to_owned()], ..request }, &["`BTCUSTD`", "did you mean `BTCUSDT`?"]);
    refused(&LoadRequest { columns: &["rnak".to_owned()], ..request }, &["`rnak`", "did you mean `rank`?"]);
    refused(&LoadRequest { set: "x\" WHERE 1=1 --", ..request }, &["has no factor set"]);
    let error = place.store().metadata(hour(), "cor__v1").unwrap_err().to_string();
    assert!(error.contains("did you mean"), "{error}");
}
