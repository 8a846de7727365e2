//! The workloads on the kit's golden folder against the figures stored there, and requests that make no sense.

mod w7;

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{BenchRequest, Workload, run};

/// The kit's golden folder, if the shared data is there.
fn golden() -> Option<PathBuf> {
    let shared = std::env::var_os("CROSSCUT_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let folder = shared.join("bench/golden");
    if folder.join("golden.json").is_file() {
        return Some(folder);
    }
    println!("skipped: shared data not found");
    None
}

/// A clock that stands still.
fn clock() -> i64 {
    0
}

/// A request of the kit's defaults on two threads.
fn request(workload: Workload, data: &Path) -> BenchRequest {
    BenchRequest::new(workload, data, 2, clock)
}

/// The stored figures of a peer.
fn stored(folder: &Path, key: &str) -> Value {
    let text = std::fs::read_to_string(folder.join("golden.json")).unwrap();
    serde_json::from_str::<Value>(&text).unwrap()[key].clone()
}

/// Fails unless every figure of `ours` equals the one of that name in `theirs` to 1e-9.
fn assert_figures(ours: &Value, theirs: &Value) {
    for (name, value) in ours.as_object().unwrap() {
        let (a, b) = (value.as_f64().unwrap(), theirs[name].as_f64().unwrap());
        assert!((a - b).abs() <= 1e-9 * b.abs(), "{name}: {a} against {b}");
    }
}

#[test]
fn w1_publishes_every_row() {
    let Some(folder) = golden() else { return };
    let mut request = request(Workload::W1, &folder);
    let hub = tempfile::tempdir().unwrap();
    request.write = Some(Some(hub.path().to_owned()));
    let line = run(&request).unwrap();
    // The sum over the ZIP's own text, by a program of three lines.
    assert_eq!(line["items"].as_u64(), Some(100_000));
    let sum = line["check"]["price_sum"].as_f64().unwrap();
    assert!((sum - 4209797658.5).abs() < 1e-3, "{sum}");
    assert!(hub.path().join("ticks/binance/GOLDUSDT/agg_trades-2024-01.parquet").is_file());
}

#[test]
fn w2_time_bars_have_the_stored_sums() {
    let Some(folder) = golden() else { return };
    let line = run(&request(Workload::W2, &folder)).unwrap();
    assert_figures(&line["check"], &stored(&folder, "w2_time")["numba"]);
    assert_eq!((line["peer"].as_str(), line["items"].as_u64()), (Some("crosscut"), Some(100_000)));
    let mut head = request(Workload::W2, &folder);
    head.head = Some(70_000);
    assert_eq!(run(&head).unwrap()["items"], 70_000);
}

#[test]
fn w2_event_bars_are_the_stored_ones_without_the_unfinished_last() {
    let Some(folder) = golden() else { return };
    for kind in ["volume", "dollar"] {
        let mut request = request(Workload::W2, &folder);
        request.kind = kind.to_owned();
        let line = run(&request).unwrap();
        let theirs = &stored(&folder, &format!("w2_{kind}"))["numba"];
        assert_eq!(line["check"]["bars"].as_u64(), theirs["bars"].as_u64().map(|bars| bars - 1));
        let ticks = line["check"]["tick_count"].as_f64().unwrap();
        assert!(ticks < 100_000.0 && ticks > 99_000.0, "{ticks} ticks in finished bars");
    }
}

#[test]
fn w3_features_have_the_stored_sums() {
    let Some(folder) = golden() else { return };
    let line = run(&request(Workload::W3, &folder)).unwrap();
    let theirs = stored(&folder, "w3_pandas");
    assert_figures(&line["check"], &theirs["sum"]);
    assert_figures(&line["count"], &theirs["count"]);
    assert_eq!((line["items"].as_u64(), line["symbols"].as_u64()), (theirs["rows"].as_u64(), Some(20)));
    assert_eq!(line["check"].as_object().unwrap().len(), 10);
}

#[test]
fn w3b_alphas_have_the_stored_sums() {
    let Some(folder) = golden() else { return };
    let scratch = tempfile::tempdir().unwrap();
    let mut asked = request(Workload::W3b, &folder);
    asked.save_check = Some(scratch.path().join("check.json"));
    let line = run(&asked).unwrap();
    let theirs = stored(&folder, "w3b_pandas");
    let text = std::fs::read_to_string(scratch.path().join("check.json")).unwrap();
    let ours: Value = serde_json::from_str(&text).unwrap();
    assert_figures(&ours["sum"], &theirs["sum"]);
    assert_figures(&ours["count"], &theirs["count"]);
    assert_eq!((line["items"].as_u64(), line["symbols"].as_u64()), (theirs["rows"].as_u64(), Some(40)));
    assert_eq!(line["check"]["57"][0], ours["sum"]["57"]);
    assert_eq!(line["check"].as_object().unwrap().len(), 20);
}

#[test]
fn w3b_parts_and_files() {
    let Some(folder) = golden() else { return };
    let scratch = tempfile::tempdir().unwrap();
    let mut asked = request(Workload::W3b, &folder);
    asked.write = Some(Some(scratch.path().to_owned()));
    (asked.job, asked.symbols, asked.days) = ("alpha158".to_owned(), Some(3), Some(50));
    let line = run(&asked).unwrap();
    assert_eq!((line["outputs"].as_u64(), line["symbols"].as_u64()), (Some(158), Some(3)));
    let rows: usize = std::fs::read_dir(scratch.path())
        .unwrap()
        .map(|entry| crosscut_hub::parquet_file::n_rows(&entry.unwrap().path()).unwrap())
        .sum();
    assert_eq!(Some(rows as u64), line["items"].as_u64());
    assert!(rows > 0 && rows <= 150, "{rows} rows");
    asked.job = "alpha5".to_owned();
    assert!(run(&asked).unwrap_err().to_string().contains("expected alphas20"));
}

#[test]
fn w5_sets_have_the_stored_figures() {
    let Some(folder) = golden() else { return };
    let scratch = tempfile::tempdir().unwrap();
    for job in ["xs", "sma"] {
        let mut asked = request(Workload::W5, &folder);
        asked.job = job.to_owned();
        asked.save_check = Some(scratch.path().join(job));
        let line = run(&asked).unwrap();
        let ours: Value = serde_json::from_str(&std::fs::read_to_string(scratch.path().join(job)).unwrap()).unwrap();
        for peer in ["numpy", "numba", "vectorbt"] {
            let theirs = stored(&folder, &format!("w5_{job}_{peer}"));
            let (ours, theirs) = (ours.as_array().unwrap(), theirs.as_array().unwrap());
            assert_eq!((ours.len(), theirs.len(), line["items"].as_u64()), (40, 40, Some(40)));
            for (at, (one, other)) in ours.iter().zip(theirs).enumerate() {
                let other = other.as_array().cloned().unwrap_or_else(|| vec![other.clone()]);
                for (column, (one, other)) in one.as_array().unwrap().iter().zip(&other).enumerate() {
                    let (one, other) = (one.as_f64().unwrap(), other.as_f64().unwrap());
                    assert!((one - other).abs() <= 1e-9 * other.abs(), "{job} {peer} {at} {column}: {one}, {other}");
                }
            }
        }
    }
    let mut asked = request(Workload::W5, &folder);
    asked.job = "ema".to_owned();
    assert!(run(&asked).unwrap_err().to_string().contains("expected xs or sma"));
}

#[test]
fn w4_has_the_stored_figures() {
    let Some(folder) = golden() else { return };
    let line = run(&request(Workload::W4, &folder)).unwrap();
    assert_figures(&line["check"], &stored(&folder, "w4_numpy"));
    assert_eq!(line["items"], 40_000);
    let mut every_bar = request(Workload::W4, &folder);
    every_bar.every_bar = true;
    assert_eq!(run(&every_bar).unwrap()["check"], line["check"]);
    let mut short = request(Workload::W4, &folder);
    (short.hours, short.symbols) = (Some(500), Some(15));
    assert_eq!(run(&short).unwrap()["items"], 7_500);
}

#[test]
fn a_sweep_of_w4_is_the_same_in_the_engine() {
    let Some(folder) = golden() else { return };
    for job in ["long_short", "threshold"] {
        let mut asked = request(Workload::W4, &folder);
        (asked.n, asked.job) = (Some(9), job.to_owned());
        let walked = run(&asked).unwrap();
        asked.every_bar = true;
        assert_eq!(run(&asked).unwrap()["check"], walked["check"], "{job}");
        assert!(walked["check"]["held_symbol_bars"].as_f64().unwrap() > 1000.0, "{walked}");
    }
}

#[test]
fn w6_bars_have_the_stored_figures() {
    let Some(folder) = golden() else { return };
    let mut asked = request(Workload::W6, &folder);
    let line = run(&asked).unwrap();
    assert_figures(&line["check"], &stored(&folder, "w6_bars_numba"));
    assert_eq!((line["items"].as_u64(), line["records"].as_u64()), (Some(50_000), Some(0)));
    asked.audit = true;
    let audited = run(&asked).unwrap();
    assert_eq!(audited["check"], line["check"]);
    assert!(audited["records"].as_u64() > Some(2 * 1755));
    asked.n = Some(26);
    assert_eq!(run(&asked).unwrap()["items"], 26);
    asked.job = "quotes".to_owned();
    assert_eq!(run(&asked).unwrap_err().to_string(), "--job quotes: expected bars or ticks");
}

#[test]
fn requests_that_make_no_sense() {
    let empty = tempfile::tempdir().unwrap();
    let message = |request: &BenchRequest| run(request).unwrap_err().to_string();
    assert!(message(&request(Workload::W4, &empty.path().join("none"))).contains("there is no folder"));
    assert!(message(&request(Workload::W3, empty.path())).contains("panel"));
    assert!(message(&request(Workload::W2, empty.path())).contains("BTCUSDT-aggTrades-20000000.parquet"));
    let mut other = request(Workload::W2, empty.path());
    other.kind = "range".to_owned();
    assert_eq!(message(&other), "--kind range: expected time, volume or dollar");
    (other.kind, other.thr) = ("volume".to_owned(), Some(-1.0));
    assert!(message(&other).contains("volume--1"));
    assert!("W9".parse::<Workload>().unwrap_err().to_string().contains("expected W1, W2, W3, W3b, W4"));
}
