//! Times that say no zone, and a zone that the user names.

use crosscut_hub::parquet_file;
use crosscut_model::time::parse_iso;
use crosscut_model::{Column, Table, TradeKind, format_iso};

use crate::import::ImportRequest;
use crate::testing::{Bench, shared};

/// An import with a zone.
fn with_zone(bench: &Bench, file: std::path::PathBuf, zone: &str) -> String {
    bench.import_as(&ImportRequest { zone: Some(zone.parse().unwrap()), ..bench.request(&[file]) })
}

/// The labels of a table of bars.
fn labels(bench: &Bench, bar: &str) -> Vec<String> {
    let bars = bench.hub().read_all_bars("binance", &bar.parse().unwrap(), "ABC").unwrap();
    bars.timestamp.into_iter().map(format_iso).collect()
}

#[test]
fn bars_by_the_clock_of_a_zone() {
    let rows = "10,11,9,10,100\n";
    for (name, first) in [
        (
            "dates and clocks",
            format!("Date,Time,Open,High,Low,Close,Volume\n2024-03-08,15:00,{rows}2024-03-11,09:00,{rows}"),
        ),
        ("times", format!("time,open,high,low,close,volume\n2024-03-08 15:00:00,{rows}2024-03-11 09:00:00,{rows}")),
        (
            "one in UTC",
            format!("time,open,high,low,close,volume\n2024-03-08 20:00:00Z,{rows}2024-03-11 09:00:00,{rows}"),
        ),
    ] {
        let bench = Bench::new();
        let told = with_zone(&bench, bench.file("ABC_1h.csv", first), "America/New_York");
        assert!(!told.contains("refused"), "{name}: {told}");
        assert_eq!(labels(&bench, "1h"), ["2024-03-08T20:00:00Z", "2024-03-11T13:00:00Z"], "{name}");
    }
    // Dates are dates, whatever the zone.
    let bench = Bench::new();
    let text = format!("date,open,high,low,close,volume\n2024-03-08,{rows}20240311,{rows}");
    let told = with_zone(&bench, bench.file("ABC_1d.csv", text), "America/New_York");
    assert!(told.contains("taken as dates"), "{told}");
    assert_eq!(labels(&bench, "1d"), ["2024-03-08T00:00:00Z", "2024-03-11T00:00:00Z"]);
    // A file named for a day of the zone holds hours of the day before.
    let bench = Bench::new();
    let text = format!("time,open,high,low,close,volume\n2024-03-08 00:00:00,{rows}2024-03-08 01:00:00,{rows}");
    let told = with_zone(&bench, bench.file("ABC-1h-2024-03-08.csv", text), "+08:00");
    assert!(!told.contains("refused"), "{told}");
    assert_eq!(labels(&bench, "1h"), ["2024-03-07T16:00:00Z", "2024-03-07T17:00:00Z"]);
}

#[test]
fn typed_times_are_instants_and_may_be_midnights_of_a_zone() {
    let write = |bench: &Bench, times: &[&str]| {
        let mut table = Table::default();
        let column = |value: f64| Column::F64(vec![value; times.len()]);
        table.push("timestamp", Column::I64(times.iter().map(|text| parse_iso(text).unwrap()).collect()));
        for (name, value) in [("open", 10.0), ("high", 11.0), ("low", 9.0), ("close", 10.0), ("volume", 5.0)] {
            table.push(name, column(value));
        }
        let path = bench.path("ABC_1d.parquet");
        parquet_file::write(&path, &table, &["timestamp"]).unwrap();
        path
    };
    let bench = Bench::new();
    let file = write(&bench, &["2024-03-08T05:00:00Z", "2024-03-11T04:00:00Z"]);
    assert!(bench.import(std::slice::from_ref(&file)).contains("is not the start of a 1d bar"));
    let told = with_zone(&bench, file, "America/New_York");
    assert!(!told.contains("refused"), "{told}");
    assert_eq!(labels(&bench, "1d"), ["2024-03-08T00:00:00Z", "2024-03-11T00:00:00Z"]);
    let told = with_zone(&bench, write(&bench, &["2024-03-08T09:00:00Z", "2024-03-08T10:00:00Z"]), "America/New_York");
    assert!(told.contains("they are instants, and no midnights"), "{told}");
}

#[test]
fn trades_by_the_clock_of_a_zone() {
    let bench = Bench::new();
    let text = "DateTime,Price,Volume\n2013-09-01 17:00:00.083,1640.25,8\n2013-09-01T22:00:01Z,1640.5,1\n2013-09-01 17:00:02-05:00,1640.5,2\n";
    let told = with_zone(&bench, bench.file("ES_trades_2013-09-01.csv", text), "America/Chicago");
    assert!(told.contains("text of the zone of --zone") && !told.contains("refused"), "{told}");
    let times: Vec<String> = bench.trades("ES", TradeKind::Trades).timestamp.into_iter().map(format_iso).collect();
    assert_eq!(times, ["2013-09-01T22:00:00.083000Z", "2013-09-01T22:00:01Z", "2013-09-01T22:00:02Z"]);
}

#[test]
fn the_e_mini_by_the_clock_of_chicago() {
    let Some(file) = shared("data/ticks/es_futures/ES_trades_2013-09-01_2013-09-03T10.csv.gz") else { return };
    let bench = Bench::new();
    let told = with_zone(&bench, file, "America/Chicago");
    assert!(told.contains("276462 rows") && !told.contains("refused"), "{told}");
    let info = bench.hub().tick_info("binance", "ES", TradeKind::Trades).unwrap();
    // The exchange opens on Sunday at 17:00 of Chicago, which is 22:00 UTC in summer.
    assert_eq!((info.rows, format_iso(info.first)[..16].to_owned()), (276_462, "2013-09-01T22:00".to_owned()));
}
