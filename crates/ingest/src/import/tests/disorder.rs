//! Files whose rows are not in order: put in order where one order suits ids and times, counted, told by `data verify`.

use crosscut_model::{TradeKind, Trades};

use crate::quality::{DefectKind, VerifyRequest, verify};
use crate::testing::Bench;

/// Trades of a day of February 2024, one a minute, ids from 1,440 times the day on.
fn day(day: i64) -> Vec<String> {
    let start = crosscut_model::time::midnight(2024, 2, day) / 1000;
    let row = |n: i64| {
        let id = day * 1440 + n;
        format!("{id},{}.5,1.5,{id},{id},{},{}\n", 100 + n % 9, start + n * 60_000, n % 2 == 0)
    };
    (0..1440).map(row).collect()
}

/// The rows in another order: every seventh, then every seventh from the next on, and so on.
fn shuffled<T: Clone>(rows: &[T]) -> Vec<T> {
    (0..7).flat_map(|from| rows.iter().skip(from).step_by(7).cloned()).collect()
}

/// Imports daily files, some shuffled; the trades and what the import said.
fn imported(days: &[(i64, Vec<String>)]) -> (Bench, Trades, String) {
    let bench = Bench::new();
    let write =
        |(day, rows): &(i64, Vec<String>)| bench.zip(&format!("AUSDT-aggTrades-2024-02-{day:02}"), &rows.concat());
    let files: Vec<_> = days.iter().map(write).collect();
    let said = bench.import(&files);
    let trades = bench.trades("AUSDT", TradeKind::AggTrades);
    (bench, trades, said)
}

#[test]
fn trades_out_of_order_are_put_in_order_of_their_ids_and_counted() {
    let (_, expected, _) = imported(&[(1, day(1)), (2, day(2)), (3, day(3))]);
    let (bench, trades, said) = imported(&[(1, shuffled(&day(1))), (2, day(2)), (3, shuffled(&day(3)))]);
    assert_eq!(trades, expected);
    // Of seven rounds all rows but those of the first come after the last minutes of the day, except each round's last few.
    let n_late = (0..1440).filter(|n| n % 7 != 0 && *n < 1434 + n % 7).count();
    assert!(
        said.contains(&format!("2024-02-01.zip: {n_late} rows stood behind later ones; put in order of trade id")),
        "{said}"
    );
    assert!(!said.contains("2024-02-02.zip: 1") && !said.contains("gaps in the trade ids"), "{said}");
    let request = VerifyRequest { venue: "binance".to_owned(), symbols: Vec::new(), hashes: true };
    let found = verify(&request, &bench.hub()).unwrap().defects;
    let late: Vec<(u64, &str)> = found
        .iter()
        .filter(|defect| defect.kind == DefectKind::OutOfOrder)
        .map(|defect| (defect.count, defect.detail.as_str()))
        .collect();
    let n_late = n_late as u64;
    assert_eq!(late, [(n_late, "AUSDT-aggTrades-2024-02-01.zip"), (n_late, "AUSDT-aggTrades-2024-02-03.zip")]);
    // A second import of the same files changes nothing.
    let before = bench.hub_bytes();
    let files = ["01", "02", "03"].map(|day| bench.path(&format!("AUSDT-aggTrades-2024-02-{day}.zip")));
    bench.import(&files);
    assert_eq!(bench.hub_bytes(), before);
}

#[test]
fn one_swapped_pair_is_one_row_out_of_order() {
    let mut rows = day(1);
    rows.swap(700, 701);
    let (_, trades, said) = imported(&[(1, rows)]);
    assert_eq!(trades, imported(&[(1, day(1))]).1);
    assert!(said.contains(": 1 rows stood behind later ones"), "{said}");
}

#[test]
fn trades_without_ids_are_put_in_order_of_time_and_keep_their_order_within_a_moment() {
    let header = "timestamp,price,size\n";
    let row = |second: i64, price: i64| format!("2024-02-01T00:00:{second:02}Z,{price},2\n");
    let text = [row(3, 5), row(1, 1), row(3, 6), row(2, 3), row(1, 2), row(2, 4)].concat();
    let bench = Bench::new();
    let said = bench.import(&[bench.file("AUSDT-trades.csv", format!("{header}{text}"))]);
    assert!(said.contains("4 rows stood behind later ones; put in order of time"), "{said}");
    assert_eq!(bench.trades("AUSDT", TradeKind::Trades).price, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
}

#[test]
fn ids_and_times_that_contradict_one_another_stay_refused_with_the_row() {
    let bench = Bench::new();
    let mut rows = day(1);
    // The row of minute 9 claims the time of minute 5, under its own id.
    rows[9] = rows[9].replace(&(1_706_745_600_000_i64 + 9 * 60_000).to_string(), "1706745900000");
    let said = bench.import(&[bench.zip("AUSDT-aggTrades-2024-02-01", &rows.concat())]);
    assert!(said.contains("row 10: time 2024-02-01T00:05:00Z is before that of the row above"), "{said}");
    assert!(bench.hub_bytes().is_empty());
}

#[test]
fn bars_that_begin_with_the_newest_are_turned_around() {
    let start = crosscut_model::time::midnight(2024, 2, 1) / 1000;
    let row = |n: i64| format!("{},10,12,9,{},100\n", start + n * 3_600_000, 10.0 + n as f64 / 100.0);
    let rows: Vec<String> = (0..24).map(row).collect();
    let text = |rows: Vec<String>| format!("open_time,open,high,low,close,volume\n{}", rows.concat());
    let (plain, turned) = (Bench::new(), Bench::new());
    plain.import(&[plain.file("AUSDT-1h.csv", text(rows.clone()))]);
    let said = turned.import(&[turned.file("AUSDT-1h.csv", text(rows.into_iter().rev().collect()))]);
    assert!(said.contains("23 rows stood behind later ones; put in order of time"), "{said}");
    let bars = |bench: &Bench| bench.hub().read_all_bars("binance", &"1h".parse().unwrap(), "AUSDT").unwrap();
    assert_eq!(bars(&turned).close, bars(&plain).close);
    assert_eq!(bars(&turned).timestamp, bars(&plain).timestamp);
    let request = VerifyRequest { venue: "binance".to_owned(), symbols: Vec::new(), hashes: true };
    let found = verify(&request, &turned.hub()).unwrap().defects;
    assert!(found.iter().any(|defect| defect.kind == DefectKind::OutOfOrder && defect.count == 23), "{found:?}");
}
