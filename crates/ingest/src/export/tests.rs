//! What is exported comes back as it was, as far as the form can hold it.

use std::path::PathBuf;

use super::{ExportFormat, ExportRequest, run};
use crate::import::ImportRequest;
use crate::testing::Bench;

/// A hub with three days of hourly and daily bars of two symbols, the second listed later, with a day missing.
fn market() -> Bench {
    let bench = Bench::new();
    for (step, hours) in [("1h", 1_i64), ("1d", 24)] {
        let mut text = "symbol,open_time,open,high,low,close,volume,quote_volume\n".to_owned();
        for (symbol, days) in [("AUSDT", vec![0, 1, 2]), ("BUSDT", vec![1, 3])] {
            for day in days {
                for bar in 0..24 / hours {
                    let time = 1_704_067_200_000_i64 + (day * 24 + bar * hours) * 3_600_000;
                    let price = 100.25 + day as f64 + bar as f64 / 8.0;
                    text += &format!(
                        "{symbol},{time},{price},{},{},{price},0.1,{}\n",
                        price + 0.5,
                        price - 0.5,
                        price * 0.1
                    );
                }
            }
        }
        bench.import(&[bench.file(&format!("x_{step}.csv"), text)]);
    }
    bench
}

/// Exports bars into `out`; the summary's files.
fn export(bench: &Bench, format: ExportFormat, bar: &str) -> Result<Vec<String>, String> {
    let (bar, folder) = (bar.parse().unwrap(), bench.path("out"));
    let request = ExportRequest { format, venue: "binance".to_owned(), bar, symbols: Vec::new(), folder };
    run(&request, &bench.hub()).map(|summary| summary.files).map_err(|error| error.to_string())
}

/// Open, high, low, close, volume of a symbol as text.
fn bars(bench: &Bench, venue: &str, bar: &str, symbol: &str) -> String {
    let bars = bench.hub().read_all_bars(venue, &bar.parse().unwrap(), symbol).unwrap();
    let row = |row: usize| {
        let (time, close) = (bars.timestamp[row], bars.close[row]);
        format!("{time} {} {} {} {close} {}\n", bars.open[row], bars.high[row], bars.low[row], bars.volume[row])
    };
    (0..bars.len()).map(row).collect()
}

/// Imports what was exported at the venue `back`.
fn back(bench: &Bench, files: Vec<PathBuf>) -> String {
    bench.import_as(&ImportRequest { venue: "back".to_owned(), ..bench.request(&files) })
}

#[test]
fn csv_comes_back() {
    let bench = market();
    let files = export(&bench, ExportFormat::Csv, "1h").unwrap();
    assert_eq!(files, ["1h/AUSDT.csv", "1h/BUSDT.csv"]);
    let told = back(&bench, vec![bench.path("out")]);
    assert!(told.contains("AUSDT 1h bars: written, 72 rows, 72 added"), "{told}");
    for symbol in ["AUSDT", "BUSDT"] {
        let read = |venue: &str| bench.hub().read_all_bars(venue, &"1h".parse().unwrap(), symbol).unwrap();
        // Also what is missing is missing again.
        assert_eq!(format!("{:?}", read("binance")), format!("{:?}", read("back")));
    }
}

#[test]
fn qlib_comes_back() {
    let bench = market();
    let files = export(&bench, ExportFormat::Qlib, "1d").unwrap();
    assert!(files.contains(&"features/ausdt/close.day.bin".to_owned()), "{files:?}");
    let read = |name: &str| std::fs::read_to_string(bench.path("out").join(name)).unwrap();
    assert_eq!(read("calendars/day.txt"), "2024-01-01\n2024-01-02\n2024-01-03\n2024-01-04\n");
    assert_eq!(read("instruments/all.txt"), "AUSDT\t2024-01-01\t2024-01-03\nBUSDT\t2024-01-02\t2024-01-04\n");
    // By hand: place 1 of the calendar, 101.25, nothing, 103.25.
    let bytes: Vec<u8> = [1.0_f32, 101.25, f32::NAN, 103.25].iter().flat_map(|number| number.to_le_bytes()).collect();
    assert_eq!(std::fs::read(bench.path("out/features/busdt/close.day.bin")).unwrap(), bytes);
    let told = back(&bench, vec![bench.path("out")]);
    assert!(told.contains("BUSDT 1d bars: written, 2 rows, 2 added"), "{told}");
    for symbol in ["AUSDT", "BUSDT"] {
        assert_eq!(bars(&bench, "binance", "1d", symbol), bars(&bench, "back", "1d", symbol));
    }
    let again = back(&bench, vec![bench.path("out")]);
    assert!(again.contains("unchanged") && !again.contains("refused"), "{again}");
}

#[test]
fn lean_comes_back() {
    let bench = market();
    let files = export(&bench, ExportFormat::Lean, "1h").unwrap();
    assert_eq!(files, ["crypto/binance/hour/ausdt_trade.zip", "crypto/binance/hour/busdt_trade.zip"]);
    let told = back(&bench, vec![bench.path("out")]);
    assert!(told.contains("AUSDT 1h bars: written, 72 rows, 72 added"), "{told}");
    assert_eq!(bars(&bench, "binance", "1h", "AUSDT"), bars(&bench, "back", "1h", "AUSDT"));
    std::fs::remove_dir_all(bench.path("out")).unwrap();
    export(&bench, ExportFormat::Lean, "1d").unwrap();
    let told = back(&bench, vec![bench.path("out")]);
    assert!(told.contains("BUSDT 1d bars: written, 2 rows, 2 added"), "{told}");
    assert_eq!(bars(&bench, "binance", "1d", "BUSDT"), bars(&bench, "back", "1d", "BUSDT"));
}

#[test]
fn zipline_and_freqtrade_forms() {
    let bench = market();
    assert_eq!(export(&bench, ExportFormat::ZiplineCsv, "1d").unwrap(), ["daily/AUSDT.csv", "daily/BUSDT.csv"]);
    let text = std::fs::read_to_string(bench.path("out/daily/BUSDT.csv")).unwrap();
    assert_eq!(
        text,
        "date,open,high,low,close,volume,dividend,split\n\
         2024-01-02,101.25,101.75,100.75,101.25,0.1,0,1\n2024-01-04,103.25,103.75,102.75,103.25,0.1,0,1\n"
    );
    // Two rows, two days apart: nothing in a file of them says that the bars are of a day.
    let files = vec![bench.path("out/daily")];
    let timeframe = Some("1d".parse().unwrap());
    let request = ImportRequest { venue: "back".to_owned(), timeframe, ..bench.request(&files) };
    let told = bench.import_as(&request);
    assert!(told.contains("AUSDT 1d bars: written, 3 rows, 3 added"), "{told}");
    assert_eq!(bars(&bench, "binance", "1d", "BUSDT"), bars(&bench, "back", "1d", "BUSDT"));
    assert_eq!(export(&bench, ExportFormat::FreqtradeJson, "1d").unwrap(), ["A_USDT-1d.json", "B_USDT-1d.json"]);
    let text = std::fs::read_to_string(bench.path("out/B_USDT-1d.json")).unwrap();
    assert_eq!(
        text,
        "[[1704153600000,101.25,101.75,100.75,101.25,0.1],[1704326400000,103.25,103.75,102.75,103.25,0.1]]"
    );
}

#[test]
fn freqtrade_comes_back() {
    for format in [ExportFormat::Freqtrade, ExportFormat::FreqtradeJson] {
        let bench = market();
        export(&bench, format, "1h").unwrap();
        bench.file("out/notes.json", "{}");
        let told = back(&bench, vec![bench.path("out")]);
        assert!(told.contains("AUSDT 1h bars: written, 72 rows, 72 added") && !told.contains("refused"), "{told}");
        for symbol in ["AUSDT", "BUSDT"] {
            assert_eq!(bars(&bench, "binance", "1h", symbol), bars(&bench, "back", "1h", symbol));
        }
    }
    let bench = market();
    for (rows, expected) in [
        ("[[1704067200000,1,2,1,2]]", "5 columns"),
        ("[[1704067200000,1,2,1,\"x\",5]]", "row 1"),
        ("[[1704067200000,1,2,1,3,5]]", "row 1: close 3 lies outside"),
        ("[[1704067200000,1,2,1,2,5],[1704067200000,1,2,1,2,5]]", "row 2"),
        ("[[1704067200000,1,2,1,2,5],[1704070801,1,2,1,2,5]]", "must not mix units"),
        ("[[]]", "X_USDT-1h.json"),
    ] {
        let file = bench.file("X_USDT-1h.json", rows);
        let told = back(&bench, vec![file]);
        assert!(told.contains("refused") && told.contains(expected), "{rows}: {told}");
    }
}

#[test]
fn forms_that_cannot_hold_the_bars() {
    let bench = market();
    for (format, bar, expected) in [
        (ExportFormat::ZiplineCsv, "1h", "zipline reads 1d and 1m bars"),
        (ExportFormat::Qlib, "2d", "2d"),
        (ExportFormat::Lean, "tick-5", "tick-5"),
    ] {
        let error = export(&bench, format, bar).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
    assert!("excel".parse::<ExportFormat>().unwrap_err().to_string().contains("parquet, csv, qlib, lean"));
}
