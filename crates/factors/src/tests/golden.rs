//! The benchmark kit's W3: its golden panel through the hub, the family `kit_w3` against the kit's stored results.

use std::path::PathBuf;

use crosscut_hub::{FactorSet, Hub, parquet_file};
use crosscut_model::time::HOUR;
use crosscut_model::{Bars, Column, Range, Table};
use serde_json::Value;

use super::market::publish;
use crate::{Config, RunOptions, Silent, run};

/// The kit's feature names of one window, in its order.
const NAMES: [&str; 20] = [
    "ret",
    "logret",
    "vol",
    "annvol",
    "parkinson",
    "mom",
    "sma",
    "ema",
    "psma",
    "bb",
    "rsi",
    "vsma",
    "vratio",
    "dvsma",
    "buyr",
    "imb",
    "upsma",
    "revr",
    "amihud",
    "vwapdev",
];

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

/// A column as numbers.
fn numbers(table: &Table, name: &str) -> Vec<f64> {
    match table.get(name) {
        Some(Column::F64(values)) => values.clone(),
        Some(Column::I64(values)) => values.iter().map(|&value| value as f64).collect(),
        other => panic!("{name}: {other:?}"),
    }
}

/// Publishes the golden panel and runs `kit_w3` over it; the kit's names are those of the columns by position.
fn produce(folder: &std::path::Path, root: &std::path::Path) -> FactorSet {
    let mut columns = vec!["symbol", "start_time"];
    columns.extend(crosscut_model::bar::BAR_COLUMNS);
    let panel = parquet_file::read(&folder.join("in_panel20.parquet"), &columns).unwrap();
    let values: Vec<Vec<f64>> = crosscut_model::bar::BAR_COLUMNS.iter().map(|name| numbers(&panel, name)).collect();
    let mut from = 0;
    for together in panel.text("symbol").unwrap().chunk_by(|a, b| a == b) {
        let rows = from..from + together.len();
        let mut bars = Bars { timestamp: panel.i64("start_time").unwrap()[rows.clone()].to_vec(), ..Bars::default() };
        bars.available_at = bars.timestamp.iter().map(|time| time + HOUR).collect();
        for (column, values) in bars.columns_mut().into_iter().zip(&values) {
            *column = values[rows.clone()].to_vec();
        }
        publish(root, &together[0], &bars);
        from = rows.end;
    }
    let text = "factor_set: w3__1\ntimeframe: 1h\nsource: {venue: test, bars: 1h}\nlibrary: kit_w3\n";
    let options =
        RunOptions { threads: 2, code_version: "t".to_owned(), generation_time: "2026-01-01T00:00:00Z".to_owned() };
    run(&Config::parse(text, "w3.yaml").unwrap(), root, &options, &Silent).unwrap();
    Hub::open(root).unwrap().factor_set("1h".parse().unwrap(), "w3__1").unwrap()
}

/// The kit's name of a column.
fn kit_name(at: usize) -> String {
    format!("{}_{}", NAMES[at % 20], [5, 10, 20, 60][at / 20])
}

/// Sample standard deviation of the finite values.
fn deviation(values: &[f64]) -> f64 {
    let finite: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    let mean = finite.iter().sum::<f64>() / finite.len() as f64;
    (finite.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (finite.len() - 1) as f64).sqrt()
}

#[test]
fn kit_w3_equals_the_kit() {
    let Some(folder) = golden() else { return };
    let root = tempfile::tempdir().unwrap();
    let set = produce(&folder, root.path());
    assert_eq!(set.columns().len(), 80);
    let columns: Vec<&str> = set.columns().iter().map(String::as_str).collect();
    every_value_of_one_symbol(&folder, &set.read("S000USDT", &columns, Range::ALL).unwrap(), &columns);
    sums_of_all_symbols(&folder, &set, &columns);
}

/// All 80 columns of S000USDT to 1e-9 of the larger of the value and the column's deviation (`bb`: 2e-8, the golden
/// file's own error).
fn every_value_of_one_symbol(folder: &std::path::Path, ours: &Table, columns: &[&str]) {
    let names: Vec<String> = (0..80).map(kit_name).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let theirs = parquet_file::read(&folder.join("out_w3_features_S000USDT.parquet"), &names).unwrap();
    let mut worst = (0.0, "");
    for (kit, column) in names.iter().zip(columns) {
        let (a, b) = (ours.f64(column).unwrap(), numbers(&theirs, kit));
        assert_eq!(a.len(), b.len());
        let scale = deviation(&b);
        let allowed = if kit.starts_with("bb_") { 2e-8 } else { 1e-9 };
        for (row, (a, b)) in a.iter().zip(&b).enumerate() {
            assert_eq!(a.is_nan(), !b.is_finite(), "{kit} row {row}: {a} against {b}");
            let error = (a - b).abs() / b.abs().max(scale);
            assert!(a.is_nan() || error <= allowed, "{kit} row {row}: {a} against {b}, error {error:e}");
            if !kit.starts_with("bb_") && error > worst.0 {
                worst = (error, kit);
            }
        }
    }
    println!("worst relative difference outside bb: {:e} in {}", worst.0, worst.1);
}

/// Sums and counts of finite values over the 20 symbols. The tolerance is relative to the sum of magnitudes, which
/// is what a rounding error of the terms scales with.
fn sums_of_all_symbols(folder: &std::path::Path, set: &FactorSet, columns: &[&str]) {
    let text = std::fs::read_to_string(folder.join("golden.json")).unwrap();
    let golden: Value = serde_json::from_str(&text).unwrap();
    let golden = &golden["w3_pandas"];
    let (mut sums, mut sizes, mut counts) = (vec![0.0; 80], vec![0.0; 80], vec![0u64; 80]);
    let mut n_rows = 0;
    for symbol in set.symbols() {
        let table = set.read(symbol, columns, Range::ALL).unwrap();
        n_rows += table.len() as u64;
        for (at, column) in columns.iter().enumerate() {
            for value in table.f64(column).unwrap().iter().filter(|value| value.is_finite()) {
                sums[at] += value;
                sizes[at] += value.abs();
                counts[at] += 1;
            }
        }
    }
    assert_eq!(golden["rows"], n_rows);
    for at in 0..80 {
        let kit = kit_name(at);
        assert_eq!(golden["count"][&kit], counts[at], "{kit}");
        let error = (sums[at] - golden["sum"][&kit].as_f64().unwrap()).abs() / sizes[at];
        assert!(error <= 1e-9, "{kit}: {} against {}, error {error:e}", sums[at], golden["sum"][&kit]);
    }
}
