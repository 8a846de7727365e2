//! Names that may be paths and names that may not.

use super::*;

#[test]
fn names() {
    for name in ["binance_futures", "core_momentum__2025-10-07", "v1.2", "a"] {
        assert!(check_name("set", name).is_ok(), "{name}");
    }
    for name in ["", ".", "..", ".a", "a/b", "a\\b", "A", "a b", "a\0", "ü", &"x".repeat(101)] {
        assert!(check_name("set", name).is_err(), "{name}");
    }
}

#[test]
fn months() {
    for month in ["2024-01", "1999-12"] {
        assert!(check_month(month).is_ok(), "{month}");
    }
    for month in ["2024-00", "2024-13", "2024-1", "24-01", "2024_01", "2024-0a", "2024-011", "é24-01"] {
        assert!(check_month(month).is_err(), "{month}");
    }
}

#[test]
fn provenance_follows_the_table() {
    let table = bar_table("binance", &"1h".parse().unwrap(), "A%B").unwrap();
    assert_eq!(table, Path::new("bars/binance/1h/A%25B.parquet"));
    assert_eq!(provenance_file(&table), Path::new("provenance/bars/binance/1h/A%25B.parquet.json"));
}
