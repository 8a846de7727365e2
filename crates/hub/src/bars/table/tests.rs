//! Bars read by row number, and which rows of a table are unchanged.

use crosscut_model::{Bars, Range as Times};
use proptest::prelude::*;

use super::*;
use crate::fixtures::{Scratch, events, hourly, source, spec};
use crate::provenance::Origin;

/// Publishes bars of one symbol.
fn publish(scratch: &Scratch, bars: &Bars) {
    scratch.publisher.publish_bars("binance", &spec("1h"), "X", bars, &source(Origin::Klines)).unwrap();
}

fn open(scratch: &Scratch) -> BarTable {
    scratch.hub.bar_table("binance", &spec("1h"), "X").unwrap()
}

/// A column as bits, so that NaN equals NaN.
fn bits(table: &Table, name: &str) -> Vec<u64> {
    table.f64(name).unwrap().iter().map(|value| value.to_bits()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20, ..ProptestConfig::default() })]

    /// Any stretch of rows holds what the whole table holds there.
    #[test]
    fn any_rows_are_those_of_the_whole(
        n in prop_oneof![0..50_usize, 1_000..1_100_usize, 8_000..9_500_usize, Just(70_000_usize)],
        cuts in prop::collection::vec((0.0..=1.0_f64, 0.0..=1.0_f64), 1..12),
    ) {
        let scratch = Scratch::new();
        publish(&scratch, &hourly(n, 100.0));
        let table = open(&scratch);
        prop_assert_eq!(table.rows(), n);
        let whole = scratch.hub.read_bars("binance", &spec("1h"), "X", &["tick_count", "close"], Times::ALL).unwrap();
        for (a, b) in cuts {
            let (from, to) = ((a.min(b) * n as f64) as usize, (a.max(b) * n as f64) as usize);
            let rows = table.read_rows(&["tick_count", "close"], from..to).unwrap();
            for name in ["timestamp", "available_at"] {
                prop_assert_eq!(rows.i64(name).unwrap(), &whole.i64(name).unwrap()[from..to]);
            }
            for name in ["tick_count", "close"] {
                prop_assert_eq!(bits(&rows, name), &bits(&whole, name)[from..to]);
            }
        }
    }

    /// Appended rows leave all old ones unchanged; a correction leaves the blocks before it, and none after it.
    #[test]
    fn unchanged_rows(n in 1..1_400_usize, more in 0..600_usize, correction in prop::option::of(0.0..1.0_f64)) {
        let scratch = Scratch::new();
        publish(&scratch, &hourly(n, 100.0));
        let old = open(&scratch).info().row_digests.clone().unwrap();
        prop_assert_eq!(old.rows(), n);
        let mut bars = hourly(n + more, 100.0);
        let wrong = correction.map(|share| (share * n as f64) as usize);
        if let Some(row) = wrong {
            bars.volume[row] += 1.0;
        }
        publish(&scratch, &bars);
        let found = scratch.hub.unchanged_rows("binance", &spec("1h"), "X", &old).unwrap();
        match wrong {
            None => prop_assert_eq!(found, n),
            Some(row) => prop_assert!(found <= row && row - found < BLOCK_ROWS, "{} unchanged, {} corrected", found, row),
        }
    }
}

#[test]
fn rows_that_are_not_there() {
    let scratch = Scratch::new();
    publish(&scratch, &hourly(10, 100.0));
    let table = open(&scratch);
    let error = table.read_rows(&["close"], 5..11).unwrap_err().to_string();
    assert!(error.contains("rows 5..11 of X 1h bars of binance were asked for, it has 10"), "{error}");
    let error = table.read_rows(&["clos"], 0..1).unwrap_err().to_string();
    assert!(error.contains("did you mean `close`?"), "{error}");
}

#[test]
fn a_table_replaced_meanwhile_is_an_error() {
    let scratch = Scratch::new();
    publish(&scratch, &hourly(10, 100.0));
    let table = open(&scratch);
    publish(&scratch, &hourly(10, 100.0));
    let error = table.read_rows(&["close"], 0..1).unwrap_err().to_string();
    assert!(error.contains("X.parquet") && error.contains("it was replaced while it was being read"), "{error}");
}

#[test]
fn shorter_tables_and_other_columns() {
    let scratch = Scratch::new();
    publish(&scratch, &hourly(700, 100.0));
    let old = open(&scratch).info().row_digests.clone().unwrap();
    publish(&scratch, &hourly(600, 100.0));
    assert_eq!(open(&scratch).unchanged_rows(&old).unwrap(), 512);
    let mut wider = hourly(700, 100.0);
    wider.extra.push(("basis".to_owned(), vec![1.0; 700]));
    publish(&scratch, &wider);
    assert_eq!(open(&scratch).unchanged_rows(&old).unwrap(), 0);
}

#[test]
fn event_bars_by_row_number() {
    let scratch = Scratch::new();
    let bar = spec("tick-100");
    let publish = |n: usize| {
        scratch.publisher.publish_bars("binance", &bar, "X", &events(n), &source(Origin::Ticks)).unwrap();
        scratch.hub.bar_table("binance", &bar, "X").unwrap()
    };
    let old = publish(300).info().row_digests.clone().unwrap();
    let table = publish(400);
    assert_eq!(table.unchanged_rows(&old).unwrap(), 300);
    let rows = table.read_rows(&[], 298..302).unwrap();
    assert_eq!(rows.i64("bar_seq").unwrap(), [298, 299, 300, 301]);
}

#[test]
fn damaged_digests_are_named() {
    let scratch = Scratch::new();
    publish(&scratch, &hourly(300, 100.0));
    let path = scratch.path("bars/binance/1h/X.parquet");
    let mut bytes = std::fs::read(&path).unwrap();
    let key = bytes.windows(20).position(|window| window == b"crosscut.row_digests").unwrap();
    bytes[key + 24..key + 34].fill(b'z');
    std::fs::write(&path, bytes).unwrap();
    let error = scratch.hub.bar_info("binance", &spec("1h"), "X").unwrap_err().to_string();
    assert!(error.contains("X.parquet") && error.contains("the digests of its rows in its footer"), "{error}");
}
