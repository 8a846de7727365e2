//! Strategies and universes on real data against independent books in pandas (docs/validation/strategies.py, stops.py and
//! universe_bias.py), whose results stand in docs/validation/strategies.md. Skipped where the shared data are absent.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use crate::golden::{close, rows};
use crate::world::{World, shared};

/// The page with the tables.
const PAGE: &str = include_str!("../../../../docs/validation/strategies.md");

/// Cells of a table whose first heading is `first`.
fn table(first: &str) -> Vec<Vec<String>> {
    let head = format!("| {first} |");
    let lines = PAGE.lines().skip_while(|line| !line.starts_with(&head)).skip(2);
    let cells = |line: &str| line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect();
    lines.take_while(|line| line.starts_with('|')).map(cells).collect()
}

/// A folder with the perpetuals, their funding, the factor set and the list of targets.
fn perpetuals() -> Option<World> {
    let (bars, funding) =
        (shared("data/crypto/binance_um_perp_4h.parquet")?, shared("data/crypto/binance_um_funding_2026.parquet")?);
    let world = World::new();
    for file in [bars, funding] {
        world.run(&["data", "import", "--venue", "binance_futures", &file.to_string_lossy()]).good();
    }
    world.write(
        "momentum.yaml",
        "factor_set: momentum__v1\ntimeframe: 4h\nsource: {venue: binance_futures, bars: 4h}\nfactors:\n\
         \x20 - {name: \"return_{w}\", formula: \"close / delay(close, {w}) - 1\", windows: [6, 30, 60, 120, 180]}\n",
    );
    world.run(&["factors", "run", "--config", "momentum.yaml"]).good();
    let mut list = "date,symbol,weight\n".to_owned();
    let first = 1_609_669_800_i64;
    for day in 0..180_i64 {
        let date = crosscut_model::format_iso((first + day * 864_000) * 1_000_000);
        for (nth, symbol) in ["BTC", "ETH", "XRP", "LTC", "BNB", "DOGE"].iter().enumerate() {
            let weight = (nth as i64 * 7 + day * 3) % 16;
            writeln!(list, "{date},{symbol}USDT,0.{weight:02}").unwrap();
        }
    }
    world.write("targets.csv", list);
    Some(world)
}

/// Runs a line of a table and compares last and mean equity; the folder of the run.
fn check_case(world: &World, case: &[String]) -> String {
    let mut options: Vec<&str> = case[1].trim_matches('`').split_whitespace().collect();
    if !options.contains(&"--timeframe") {
        options.extend(["--factor-set", "momentum__v1"]);
    }
    if !options.contains(&"--start") {
        options.extend(["--start", "2021-01-01"]);
    }
    let run = world.json(&[&["backtest"][..], &options[..]].concat());
    let folder = run["result"]["folder"].as_str().unwrap().to_owned();
    let curve = rows(&world.text(&format!("{folder}/equity_curve.csv")));
    let equity: Vec<f64> = curve.iter().map(|row| row["equity"].parse().unwrap()).collect();
    let mean = equity.iter().sum::<f64>() / equity.len() as f64;
    for (found, expected) in [(equity[equity.len() - 1], &case[2]), (mean, &case[3])] {
        close(found, expected.parse().unwrap(), 1e-9, &case[0]);
    }
    folder
}

/// Runs the cases of the first table from `from` on, every fifth.
fn check_cases(from: usize) {
    let Some(world) = perpetuals() else { return };
    let cases = table("case");
    assert_eq!(cases.len(), 20);
    cases.iter().skip(from).step_by(5).for_each(|case| {
        check_case(&world, case);
    });
}

/// Runs the cases of the table of exits from `from` on, every third, and counts the exits as well.
fn check_exits(from: usize) {
    let Some(world) = perpetuals() else { return };
    for symbol in ["TIAUSDT", "XPLUSDT", "ZENUSDT"] {
        let line = |turn: i64| {
            let date = crosscut_model::format_iso((1_771_200_000 + turn * 432_000) * 1_000_000);
            format!("{date},{symbol},{}\n", if turn % 2 == 0 { 4.5 } else { -4.5 })
        };
        let lines: String = (0..6).map(line).collect();
        world.write(&format!("turns_{symbol}.csv"), format!("date,symbol,weight\n{lines}"));
    }
    let cases = table("exits");
    assert_eq!(cases.len(), 9);
    for case in cases.iter().skip(from).step_by(3) {
        let folder = check_case(&world, case);
        let reasons = ["stop_loss", "take_profit", "trailing_stop", "liquidated"];
        let orders = rows(&world.text(&format!("{folder}/orders.csv")));
        let n_exits = orders.iter().filter(|order| reasons.contains(&order["reason"].as_str())).count();
        assert_eq!(n_exits, case[4].parse::<usize>().unwrap(), "{}", case[0]);
    }
}

#[test]
fn exits_on_real_perpetuals_first() {
    check_exits(0);
}

#[test]
fn exits_on_real_perpetuals_second() {
    check_exits(1);
}

#[test]
fn exits_on_real_perpetuals_third() {
    check_exits(2);
}

#[test]
fn strategies_on_real_perpetuals_first() {
    check_cases(0);
}

#[test]
fn strategies_on_real_perpetuals_second() {
    check_cases(1);
}

#[test]
fn strategies_on_real_perpetuals_third() {
    check_cases(2);
}

#[test]
fn strategies_on_real_perpetuals_fourth() {
    check_cases(3);
}

#[test]
fn strategies_on_real_perpetuals_fifth() {
    check_cases(4);
}

#[test]
fn the_universe_as_it_was_symbol_by_symbol() {
    let Some(folder) = shared("data/crypto") else { return };
    let bars = folder.join("binance_spot_1d_with_delistings_2021_2023.parquet").to_string_lossy().into_owned();
    let lives = folder.join("binance_spot_universe_2021_2023.csv").to_string_lossy().into_owned();
    let world = World::new();
    world.write(
        "lives.csv",
        "symbol,listing_time,delisting_time\nBNXUSDT,2021-11-04,2023-02-17\nBNXUSDT,2023-02-22,\n\
         LUNAUSDT,2021-04-04,2022-05-14\nLUNAUSDT,2022-05-31,\nQUICKUSDT,2021-08-13,2023-07-18\n\
         QUICKUSDT,2023-07-21,\nVIDTUSDT,2021-09-09,2022-11-01\nVIDTUSDT,2022-11-09,\n",
    );
    world.run(&["data", "import", "--venue", "spot", &lives]).good();
    world.run(&["data", "import", "--venue", "spot", "lives.csv"]).good();
    world.run(&["data", "import", "--venue", "spot", &bars]).good();
    let set = "factor_set: mom\ntimeframe: 1d\nsource: {venue: spot, bars: 1d}\n\
               factors: [{name: r30, formula: \"close / delay(close, 30) - 1\"}]\n";
    world.write("mom.yaml", set);
    world.run(&["factors", "run", "--config", "mom.yaml"]).good();
    let options = "universe bias --factor-set mom --strategy top_k --param k=10 --rebalance MS";
    let answer = world.json(&options.split_whitespace().collect::<Vec<_>>());
    let of = |which: &str| -> Value { answer["result"][which].clone() };
    for (case, run) in table("universe").iter().zip([of("as_it_was"), of("survivors")]) {
        let folder = run["folder"].as_str().unwrap();
        let curve = rows(&world.text(&format!("{folder}/equity_curve.csv")));
        let equity: Vec<f64> = curve.iter().map(|row| row["equity"].parse().unwrap()).collect();
        close(equity[equity.len() - 1], case[1].parse().unwrap(), 1e-9, &case[0]);
        close(equity.iter().sum::<f64>() / equity.len() as f64, case[2].parse().unwrap(), 1e-9, &case[0]);
        if case[0] == "survivors" {
            continue;
        }
        let held = held_over_days(&world, folder, &curve);
        assert_eq!(held.len(), 170);
        for line in table("symbol") {
            close(held[&line[0]], line[1].parse().unwrap(), 1e-9, &line[0]);
        }
    }
}

/// The quantity held of each symbol, summed over bars.
fn held_over_days(world: &World, folder: &str, curve: &[BTreeMap<String, String>]) -> BTreeMap<String, f64> {
    let mut changes: BTreeMap<String, Vec<(String, f64)>> = BTreeMap::new();
    for row in rows(&world.text(&format!("{folder}/positions.csv"))) {
        let quantity = row["quantity"].parse().unwrap();
        changes.entry(row["symbol"].clone()).or_default().push((row["timestamp"].clone(), quantity));
    }
    let sum = |changes: &[(String, f64)]| -> f64 {
        curve
            .iter()
            .map(|row| changes.iter().rev().find(|(at, _)| *at <= row["timestamp"]).map_or(0.0, |(_, held)| *held))
            .sum()
    };
    changes.iter().map(|(symbol, changes)| (symbol.clone(), sum(changes))).collect()
}
