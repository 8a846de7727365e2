//! Rules that hold for every run, checked in the files a user gets.

use std::collections::BTreeMap;
use std::fs;

use crate::world::World;

/// Rows of a CSV file of a run by column name.
fn rows(world: &World, folder: &str, file: &str) -> Vec<BTreeMap<String, String>> {
    let text = world.text(&format!("{folder}/{file}"));
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let row =
        |line: &str| names.iter().map(|name| (*name).to_owned()).zip(line.split(',').map(str::to_owned)).collect();
    lines.map(row).collect()
}

/// A number of a row; an empty field is 0.
fn number(row: &BTreeMap<String, String>, column: &str) -> f64 {
    row[column].parse().unwrap_or(0.0)
}

/// Runs a backtest of the small market and gives the folder of the run.
fn folder(world: &World, options: &[&str]) -> String {
    let answer = world.backtest(&[options, &["--json"]].concat()).good().json();
    answer["result"]["folder"].as_str().unwrap().to_owned()
}

#[test]
fn what_comes_later_changes_nothing_before() {
    let (whole, cut) = (World::with_market(), World::new());
    for (name, bytes) in whole.files("raw") {
        let day = name.rsplit_once("-2024-01-").map_or("", |(_, rest)| &rest[..2]);
        if day <= "15" {
            cut.write(&format!("raw/{name}"), bytes);
        }
    }
    cut.run(&["data", "import", "--venue", "v", "raw"]).good();
    cut.run(&["aggregate", "--bar", "1h"]).good();
    cut.write("s1.yaml", whole.text("s1.yaml"));
    cut.run(&["factors", "run", "--config", "s1.yaml"]).good();
    assert!(whole.files("hub/bars").len() >= cut.files("hub/bars").len());
    let options = ["--end", "2024-01-14", "--rebalance", "12", "--pool-top-n", "4", "--pool-reselect", "W-MON"];
    let options = [&options[..], &["--pool-lookback", "3D", "--pool-min-bars", "12"]].concat();
    let (a, b) = (folder(&whole, &options), folder(&cut, &options));
    assert_ne!(a, b, "other inputs make another run");
    for file in ["equity_curve.csv", "positions.csv", "orders.csv", "trade_summary.csv"] {
        assert!(whole.text(&format!("{a}/{file}")) == cut.text(&format!("{b}/{file}")), "{file}");
    }
    assert!(rows(&whole, &a, "orders.csv").len() > 5, "something happened");
}

#[test]
fn top_k_holds_k_names() {
    let world = World::with_market();
    let folder = folder(&world, &["--param", "k=3", "--execution", "close"]);
    let mut chosen: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for row in rows(&world, &folder, "trade_summary.csv") {
        let weight = number(&row, "target_weight");
        if row["excluded_reason"].is_empty() {
            chosen.entry(row["timestamp"].clone()).or_default().push(weight);
        } else {
            // What cannot be traded at the moment may be kept; nothing else has a weight without being chosen.
            assert!(weight == 0.0 || row["excluded_reason"] == "no bar", "{row:?}");
        }
    }
    assert!(chosen.len() > 15, "a decision a day");
    for (timestamp, weights) in chosen {
        assert_eq!(weights.len(), 3, "{timestamp}");
        // Long-only targets are scaled a little so that fees fit in cash.
        let (least, most) = weights.iter().fold((f64::MAX, 0.0_f64), |(a, b), &weight| (a.min(weight), b.max(weight)));
        assert!(most - least < 1e-12 && most <= 1.0 / 3.0, "{timestamp}: {weights:?}");
    }
}

#[test]
fn long_and_short_cancel() {
    let world = World::with_market();
    let params = ["--param", "long_count=2", "--param", "short_count=3", "--param", "weighting=equal"];
    let folder = folder(&world, &[&["--strategy", "long_short"], &params[..]].concat());
    let mut sums: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    for row in rows(&world, &folder, "trade_summary.csv").iter().filter(|row| row["excluded_reason"].is_empty()) {
        let weight = number(row, "target_weight");
        let sum = sums.entry(row["timestamp"].clone()).or_default();
        *sum = (sum.0 + weight, sum.1 + weight.abs());
    }
    let traded = sums.values().filter(|(_, gross)| *gross > 0.0);
    assert!(traded.clone().count() > 15);
    for (net, gross) in traded {
        assert!(net.abs() < 1e-12 && (gross - 1.0).abs() < 1e-12, "net {net}, gross {gross}");
    }
}

#[test]
fn cash_and_positions_are_equity_wherever_positions_change() {
    let world = World::with_market();
    let folder = folder(&world, &["--strategy", "long_short", "--param", "long_count=2", "--param", "short_count=2"]);
    // Per moment: each symbol's value, and when it was last written.
    let mut values: BTreeMap<String, (String, f64)> = BTreeMap::new();
    let mut held: BTreeMap<String, BTreeMap<String, (String, f64)>> = BTreeMap::new();
    for row in rows(&world, &folder, "positions.csv") {
        values.insert(row["symbol"].clone(), (row["timestamp"].clone(), number(&row, "value")));
        held.insert(row["timestamp"].clone(), values.clone());
    }
    let mut n_checked = 0;
    for row in rows(&world, &folder, "equity_curve.csv") {
        let Some(values) = held.get(&row["timestamp"]) else { continue };
        // Only where every position held was traded does the file hold all values of that moment.
        if values.values().any(|(written, value)| *value != 0.0 && *written != row["timestamp"]) {
            continue;
        }
        let sum: f64 = number(&row, "cash") + values.values().map(|(_, value)| value).sum::<f64>();
        let equity = number(&row, "equity");
        assert!((sum - equity).abs() <= 1e-9 * equity, "{}: {sum} against {equity}", row["timestamp"]);
        n_checked += 1;
    }
    assert!(n_checked >= 5, "{n_checked} moments add up");
}

#[test]
fn what_cannot_be_traded_is_never_opened() {
    let world = World::with_market();
    let text = world.text("s1.yaml");
    let never = text.replace("factor_set: s1", "factor_set: never").replace("volume > 0", "volume < 0");
    fs::write(world.path("never.yaml"), never).unwrap();
    world.run(&["factors", "run", "--config", "never.yaml"]).good();
    let folder = folder(&world, &["--factor-set", "never", "--param", "factor=return_5"]);
    assert!(rows(&world, &folder, "orders.csv").is_empty());
    let reasons: Vec<String> =
        rows(&world, &folder, "trade_summary.csv").iter().map(|row| row["excluded_reason"].clone()).collect();
    assert!(reasons.iter().any(|reason| reason == "not tradable"), "{:?}", reasons.first());
}

#[test]
fn what_the_guard_refuses_is_told_once() {
    let world = World::with_market();
    for driven in [&["--strategy", "top_k"][..], &["--strategy", "top_k", "--feeds", "1h"]] {
        let options = [driven, &["--param", "k=2", "--rebalance", "D", "--max-positions", "1"]].concat();
        let told = world.backtest(&options).good().err;
        assert!(told.contains("max_positions lets 0 of") && !told.contains("rejected, max_positions"), "{told}");
    }
}
/// Two names of hourly bars without average prices, and without volumes where `volume` says so.
fn plain_bars(volume: &str) -> World {
    let world = World::new();
    let mut text = String::from("timestamp,symbol,open,high,low,close,volume\n");
    for hour in 0..60 {
        for (symbol, price) in [("AAA", 100 + hour % 7), ("BBB", 50 + hour % 5)] {
            let time = format!("2024-01-{:02}T{:02}:00:00Z", 1 + hour / 24, hour % 24);
            text += &format!("{time},{symbol},{price},{},{},{price},{volume}\n", price + 1, price - 1);
        }
    }
    world.write("bars.csv", text);
    world.run(&["data", "import", "--venue", "v", "--timeframe", "1h", "bars.csv"]).good();
    let set = "factor_set: s\ntimeframe: 1h\nsource: {venue: v, bars: 1h}\nfactors:\n  - {name: mom, formula: \"close / delay(close, 3) - 1\"}\n";
    world.write("s.yaml", set);
    world.run(&["factors", "run", "--config", "s.yaml"]).good();
    world
}

#[test]
fn orders_that_could_never_fill_are_refused_before_the_run() {
    let ranked = ["backtest", "--strategy", "top_k", "--param", "k=1", "--param", "factor=mom", "--rebalance", "6"];
    let signal = ["backtest", "--strategy", "sma_cross", "--timeframe", "1h", "--param", "fast=2", "--param", "slow=4"];
    let (priced, empty) = (plain_bars("100"), plain_bars("0"));
    for words in [&ranked[..], &signal] {
        priced.run(words).good();
        priced.run(&[words, &["--execution", "next_vwap"]].concat()).refused(&[
            "next_vwap",
            "volume-weighted",
            "aggregate",
        ]);
        priced.run(&[words, &["--participation", "0.1"]].concat()).good();
        empty.run(words).good();
        empty.run(&[words, &["--participation", "0.1"]].concat()).refused(&["participation", "has a volume"]);
    }
}

#[test]
fn a_column_may_rank_and_choose_the_universe() {
    // Regression: the column was read twice, which ended the program.
    let world = plain_bars("100");
    let words = ["backtest", "--strategy", "top_k", "--param", "k=1", "--param", "factor=mom", "--rebalance", "6"];
    let universe = ["--universe", "factor(mom) top 1", "--universe-reselect", "D"];
    let run = world.json(&[&words[..], &universe].concat())["result"].clone();
    assert!(world.text(&format!("{}/trade_summary.csv", run["folder"].as_str().unwrap())).contains("universe: factor"));
}

#[test]
fn half_of_each_symbols_own_spread_is_paid() {
    let world = plain_bars("100");
    // A has 8 bps, from the second day on 2; B 20. The configured spread is 4.
    let spreads = "symbol,spread_bps,from\nAAA,8,\nAAA,2,2024-01-02\nBBB,20,2024-01-01\n";
    let ranked = ["backtest", "--strategy", "top_k", "--param", "k=1", "--param", "factor=mom", "--rebalance", "6"];
    let signal = ["backtest", "--strategy", "sma_cross", "--timeframe", "1h", "--param", "fast=2", "--param", "slow=4"];
    let model = ["--slippage", "half_spread:4", "--spreads", "spreads.csv"];
    for words in [&ranked[..], &signal] {
        world.write("spreads.csv", spreads);
        let run = world.json(&[words, &model].concat())["result"].clone();
        let mut seen = Vec::new();
        for row in rows(&world, run["folder"].as_str().unwrap(), "orders.csv") {
            let number = |column: &str| number(&row, column);
            if number("filled_quantity") == 0.0 {
                continue;
            }
            let sign = if row["side"] == "buy" { 1.0 } else { -1.0 };
            let reference = number("price") - sign * number("slippage") / number("filled_quantity");
            let half_bps = 1e4 * number("slippage") / number("filled_quantity") / reference;
            let expected = match (row["symbol"].as_str(), row["timestamp"].as_str() < "2024-01-02") {
                ("AAA", true) => 4.0,
                ("AAA", false) => 1.0,
                _ => 10.0,
            };
            assert!((half_bps - expected).abs() < 1e-6, "{half_bps} {row:?}");
            seen.push(expected as i64);
        }
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen, [1, 4, 10], "{words:?}");
        world.run(&["runs", "verify", "latest"]).good();
        assert_eq!(world.json(&["runs", "rerun", "latest"])["result"]["identical"], true);
        // A spread that is missing is an error, or the configured one.
        world.write("spreads.csv", "symbol,spread_bps,from\nAAA,8,\nBBB,20,2024-01-02\n");
        assert_eq!(world.run(&["runs", "verify", "latest"]).status, 1);
        let all = [words, &model].concat();
        world.run(&all).refused(&["spreads.csv", "no spread of BBB at 2024-01-01T00:00:00Z", "--spread-missing"]);
        world.run(&[&all[..], &["--spread-missing", "configured"]].concat()).good();
        world.write("spreads.csv", "symbol,spread_bps,from\nAAA,8,\nBBB,20,\nBBB,,2024-01-02\n");
        world.run(&all).refused(&["no spread of BBB at 2024-01-02T00:00:00Z"]);
        world.run(&[words, &["--spreads", "spreads.csv"]].concat()).refused(&["spreads.csv", "half_spread:BPS"]);
        world.run(&[words, &["--spread-missing", "configured"]].concat()).refused(&["without a file"]);
    }
}
