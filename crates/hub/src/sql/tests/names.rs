//! Many columns, and names that one of the databases would cut, refuse or take for something else.

use crosscut_model::Silent;

use super::place::{Backend, Place, Set, SymbolRows};
use crate::sql::schema::{Kind, ValuesTable, quote};

/// A set of so many columns and rows of one symbol.
fn wide(columns: Vec<String>, n_rows: usize) -> Set {
    let symbols = vec![("S".repeat(64), SymbolRows::hourly(n_rows, columns.len(), 0.5))];
    Set { columns, symbols, ..Set::new(&[]) }
}

pub(super) fn three_hundred_columns(backend: &Backend<'_>) {
    let place = Place::new(backend);
    let set = wide((0..300).map(|n| format!("factor_{n}")).collect(), 2_000);
    let saved = place.save(&set).unwrap();
    assert_eq!(saved.n_rows_written, 2_000);
    place.assert_holds(&set);
    let widest = wide((0..980).map(|n| format!("factor_{n}")).collect(), 20);
    let widest = Set { name: "widest".to_owned(), ..widest };
    place.save(&widest).unwrap();
    place.assert_holds(&widest);
}

pub(super) fn too_many_columns(backend: &Backend<'_>) {
    let place = Place::new(backend);
    let set = wide((0..2_100).map(|n| format!("factor_{n}")).collect(), 2);
    let published = place.publish(&set);
    let mut store = place.store();
    let error = store.save(&published, &Silent).unwrap_err().to_string();
    assert!(error.contains("2100 columns") && error.contains("at most") && error.contains("hint: "), "{error}");
    assert_eq!(store.list().unwrap(), []);
}

pub(super) fn names_a_database_would_not_take(backend: &Backend<'_>) {
    let place = Place::new(backend);
    let long = "a_very_long_name_".repeat(5);
    let names = [
        "xmin",
        "ctid",
        "oid",
        "rowid",
        "select",
        "column_1",
        "column_5",
        "order",
        "user",
        "f_1",
        "table",
        &format!("{long}1"),
        &format!("{long}2"),
    ];
    let set = wide(names.iter().map(|name| (*name).to_owned()).collect(), 30);
    let set = Set { name: "0-set.with_--__signs".to_owned(), ..set };
    place.save(&set).unwrap();
    place.assert_holds(&set);
    let other = Set { name: "0_set_with_____signs".to_owned(), ..Set::new(&[("A", 3)]) };
    place.save(&other).unwrap();
    place.assert_holds(&set);
    place.assert_holds(&other);
}

#[test]
fn names_are_checked_and_quoted() {
    let hour = "1h".parse().unwrap();
    let columns = |name: &str| vec![name.to_owned()];
    assert!(ValuesTable::new(Kind::Sqlite, (hour, "a\"b"), &columns("x"), 1).is_err());
    assert!(ValuesTable::new(Kind::Sqlite, (hour, "a"), &columns("x\" DOUBLE); DROP TABLE y; --"), 1).is_err());
    assert!(ValuesTable::new(Kind::Postgres, (hour, "a"), &columns("X"), 1).is_err());
    assert_eq!(quote("a\"b"), "\"a\"\"b\"");
    let table = ValuesTable::new(Kind::Postgres, (hour, &"s".repeat(100)), &columns("x"), u64::from(u32::MAX)).unwrap();
    assert!(table.name.len() < 63, "{}", table.name);
    assert_eq!(table.number(), u64::from(u32::MAX));
    // Timeframes that differ only by case are different tables also where names ignore it.
    let named =
        |frame: &str| ValuesTable::new(Kind::Sqlite, (frame.parse().unwrap(), "a"), &columns("x"), 1).unwrap().name;
    assert_ne!(named("1m").to_lowercase(), named("1M").to_lowercase());
}
