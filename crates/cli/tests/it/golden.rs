//! The shared references, reached by the commands a user would type. Skipped, and saying so, where the data is not there.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use serde_json::Value;

use crate::world::{World, shared};

/// The text of a compressed file.
fn unpacked(path: &Path) -> String {
    let mut text = String::new();
    GzDecoder::new(fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    text
}

/// Rows of a CSV text as fields by column name.
pub(crate) fn rows(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let row =
        |line: &str| names.iter().map(|name| (*name).to_owned()).zip(line.split(',').map(str::to_owned)).collect();
    lines.map(row).collect()
}

/// Asserts that two numbers agree to `tolerance`, relative to the larger.
#[track_caller]
pub(crate) fn close(found: f64, expected: f64, tolerance: f64, what: &str) {
    let scale = found.abs().max(expected.abs()).max(f64::MIN_POSITIVE);
    assert!((found - expected).abs() <= tolerance * scale, "{what}: {found} instead of {expected}");
}

/// Runs a workload of the kit on its golden folder and compares figures of `check` with `golden.json`.
fn check_bench(options: &[&str], entry: &str, of: fn(&Value) -> &Value, figures: &[&str]) {
    let Some(folder) = shared("bench/golden") else { return };
    let data = folder.to_string_lossy().into_owned();
    let answer = World::new().run(&[&["bench", options[0], "--data", &data], &options[1..]].concat()).good();
    let golden: Value = serde_json::from_str(&fs::read_to_string(folder.join("golden.json")).unwrap()).unwrap();
    for figure in figures {
        let (found, expected) = (&answer.json()["check"][figure], &of(&golden[entry])[figure]);
        close(found.as_f64().unwrap(), expected.as_f64().unwrap(), 1e-11, figure);
    }
}

#[test]
fn w2_time_bars_equal_the_kit() {
    let figures = ["bars", "open", "close", "volume", "buy_volume", "tick_count", "up_move_ratio", "medium_price"];
    check_bench(&["W2", "--kind", "time"], "w2_time", |entry| &entry["numba"], &figures);
    check_bench(&["W2", "--kind", "time"], "w2_time", |entry| &entry["numba"], &["reversals"]);
}

#[test]
fn w3_sums_equal_the_kit() {
    let figures = ["ret_5", "vol_20", "parkinson_60", "ema_20", "rsi_60", "imb_10", "revr_5", "amihud_60"];
    check_bench(&["W3"], "w3_numba", |entry| &entry["sum"], &figures);
}

#[test]
fn w4_figures_equal_the_kit() {
    check_bench(&["W4"], "w4_numpy", |entry| entry, &["nav_last", "nav_mean", "trades"]);
}

#[test]
fn w4_by_the_public_commands_equals_the_kit() {
    let Some(folder) = shared("bench/golden") else { return };
    let world = World::new();
    world.run(&["data", "import", "--venue", "kit", &folder.join("in_panel20.parquet").to_string_lossy()]).good();
    world.write(
        "w4.yaml",
        "factor_set: w4\ntimeframe: 1h\nsource: {venue: kit, bars: 1h}\n\
         factors: [{name: return_20, formula: \"close / delay(close, 20) - 1\"}]\n",
    );
    world.run(&["factors", "run", "--config", "w4.yaml"]).good();
    let options = "--strategy long_short --param long_count=3 --param short_count=3 --rebalance W-MON --execution close \
                   --untradable close_last --on-short flat --pool-top-n 12 --pool-reselect MS --pool-lookback 30D";
    let run = world.json(&[vec!["backtest"], options.split_whitespace().collect()].concat());
    let golden: Value = serde_json::from_str(&fs::read_to_string(folder.join("golden.json")).unwrap()).unwrap();
    let metrics = run["result"]["metrics"].as_array().unwrap();
    let metric = |name: &str| metrics.iter().find(|m| m["name"] == name).unwrap()["value"].as_f64().unwrap();
    close(metric("final_equity"), golden["w4_numpy"]["nav_last"].as_f64().unwrap(), 1e-9, "final equity");
    assert_eq!(metric("n_fills"), golden["w4_numpy"]["trades"].as_f64().unwrap());
}

#[test]
fn cross_sectional_reference_by_the_public_commands() {
    let Some(reference) = shared("data/golden/computed/cross_sectional") else { return };
    let Some(data) = shared("data/crypto/binance_um_perp_1d.parquet") else { return };
    let world = World::new();
    world.run(&["data", "import", "--venue", "um", "--timeframe", "1d", &data.to_string_lossy()]).good();
    world.write(
        "mom.yaml",
        "factor_set: mom\ntimeframe: 1d\nsource: {venue: um, bars: 1d}\n\
         factors: [{name: mom20, formula: \"close / delay(close, 20) - 1\"}]\n",
    );
    world.run(&["factors", "run", "--config", "mom.yaml"]).good();
    let weights = unpacked(&reference.join("target_weights.csv.gz"));
    let (_, symbols) = weights.lines().next().unwrap().split_once(',').unwrap();
    let equity = rows(&unpacked(&reference.join("equity.csv.gz")));
    let end = next_day(&equity.last().unwrap()["date"]);
    let options = "--strategy long_short --param long_quantile=0.2 --param short_quantile=0.2 --rebalance 5 \
                   --execution close --commission-bps 5 --slippage-bps 0 --start 2024-07-21";
    let options: Vec<&str> = options.split_whitespace().chain(["--symbols", symbols, "--end", &end]).collect();
    let run = world.json(&[vec!["backtest"], options].concat());
    let folder = run["result"]["folder"].as_str().unwrap();

    let curve = rows(&world.text(&format!("{folder}/equity_curve.csv")));
    assert_eq!(curve.len(), equity.len());
    for (ours, theirs) in curve.iter().zip(&equity) {
        assert_eq!(ours["timestamp"][..10], theirs["date"][..10]);
        let (found, expected) = (ours["equity"].parse::<f64>().unwrap(), theirs["equity"].parse::<f64>().unwrap());
        close(found / 1e6, expected, 2e-4, &ours["timestamp"]);
    }
    let mut expected = BTreeMap::new();
    for row in rows(&weights) {
        let date = row["date"][..10].to_owned();
        for (symbol, weight) in row.into_iter().filter(|(name, weight)| name != "date" && weight != "0.0") {
            expected.insert((date.clone(), symbol), weight.parse::<f64>().unwrap());
        }
    }
    let mut found = BTreeMap::new();
    for row in rows(&world.text(&format!("{folder}/trade_summary.csv"))) {
        let weight: f64 = row["target_weight"].parse().unwrap();
        if weight != 0.0 {
            found.insert((row["timestamp"][..10].to_owned(), row["symbol"].clone()), weight);
        }
    }
    assert_eq!(found, expected, "target weights");
}

/// The day after the one a text begins with, as long as the month has one.
fn next_day(text: &str) -> String {
    let day: u32 = text[8..10].parse().unwrap();
    format!("{}-{:02}", &text[..7], day + 1)
}

#[test]
fn freqtrade_candles_by_the_public_commands() {
    let Some(archive) = shared("data/ticks/binance_archive_style/spot/XRPETH/XRPETH-aggTrades-2019-10-11.zip") else {
        return;
    };
    let Some(reference) = shared("data/golden/freqtrade_candles") else { return };
    let world = World::new();
    world.run(&["data", "import", "--venue", "spot", &archive.to_string_lossy()]).good();
    for bar in ["1m", "5m"] {
        world.run(&["aggregate", "--bar", bar]).good();
        world.run(&["data", "info", "XRPETH", "--bar", bar, "--out", "bars.csv"]).good();
        let ours = rows(&world.text("bars.csv"));
        let theirs = rows(&unpacked(&reference.join(format!("XRPETH_{bar}.csv.gz"))));
        assert_eq!(ours.len(), theirs.len(), "{bar}");
        for (ours, theirs) in ours.iter().zip(&theirs) {
            for column in ["open", "high", "low", "close", "volume"] {
                let number = |row: &BTreeMap<String, String>| row[column].parse::<f64>().unwrap();
                close(number(ours), number(theirs), 1e-12, &format!("{bar} {column} at {}", ours["timestamp"]));
            }
        }
    }
}

#[test]
fn the_real_four_hour_perpetuals_give_a_run() {
    let Some(data) = shared("data/crypto/binance_um_perp_4h.parquet") else { return };
    let world = World::new();
    let import = ["data", "import", "--venue", "binance_futures", "--kind", "klines", "--timeframe", "4h"];
    let imported = world.json(&[&import[..], &[&data.to_string_lossy()]].concat());
    assert_eq!(imported["result"]["tables"].as_array().unwrap().len(), 39);
    world.write(
        "momentum.yaml",
        "factor_set: momentum__v1\ntimeframe: 4h\nsource: {venue: binance_futures, bars: 4h}\n\
         factors: [{name: \"return_{w}\", formula: \"close / delay(close, {w}) - 1\", windows: [6, 42]}]\n",
    );
    world.run(&["factors", "run", "--config", "momentum.yaml"]).good();
    let options = "--strategy long_short --param factor=return_42 --param long_quantile=0.2 --param short_quantile=0.2 \
                   --rebalance W-MON --start 2022-01-01";
    let run = world.json(&[vec!["backtest"], options.split_whitespace().collect()].concat());
    assert!(run["result"]["n_symbols"].as_u64() > Some(30));
    let report = world.text(run["result"]["report"].as_str().unwrap());
    assert!(report.contains("return_42") && report.contains("<svg"));
}
