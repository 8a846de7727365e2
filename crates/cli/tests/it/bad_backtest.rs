//! Backtests that cannot be run: unknown names, too few symbols, data that is missing, damaged or does not fit.

use std::fs;

use crate::world::World;

#[test]
fn unknown_names_suggest_the_nearest() {
    let world = World::with_market();
    for (options, words) in [
        (&["--strategy", "long_shrot"][..], &["`long_shrot`", "hint: did you mean `long_short`?"][..]),
        (&["--param", "weightning=equal"], &["`weightning`", "`top_k`", "hint: did you mean `weighting`?"]),
        (&["--param", "weighting=eqal"], &["weighting", "`eqal`", "equal, score"]),
        (&["--factor-set", "s2"], &["`s2`", "hint: did you mean `s1`?"]),
        (&["--param", "factor=retrun_5"], &["`retrun_5`", "hint: did you mean `return_5`?"]),
        (&["--symbols", "AAAUSDT,BBBUSTD"], &["`BBBUSTD`", "hint: did you mean `BBBUSDT`?"]),
        (&["--benchmark", "AAAUSD"], &["`AAAUSD`", "hint: did you mean `AAAUSDT`?"]),
        (&["--symbols", ""], &["backtest.symbols (from --symbols)", "names no symbol", "hint: "]),
        (&["--include", "ZZZ*"], &["ZZZ*"]),
        (&["--exclude", "*"], &["no symbol is left"]),
        (&["--timeframe", "4h"], &["`s1`", "4h", "1h"]),
        (&["--venue", "w"], &["`w`"]),
    ] {
        world.backtest(options).refused(words);
    }
    let ledger = world.text("results/runs.jsonl");
    assert!(ledger.contains("long_shrot") && ledger.contains("`s2`"), "failed runs are entered: {ledger}");
    world.run(&["backtest", "--factor-set", "s1"]).refused(&["factor", "`s1`", "hint: add --param factor=NAME"]);
    let missing = ["--strategy", "threshold", "--param", "sell_threshold=0"];
    world.backtest(&missing).refused(&["buy_threshold", "hint: add --param buy_threshold="]);
}

#[test]
fn more_names_than_symbols() {
    let world = World::with_market();
    world.backtest(&["--param", "k=9"]).refused(&["9 names", "`k`", "8 symbols"]);
    world.backtest(&["--symbols", "AAAUSDT"]).refused(&["2 names", "`k`", "1 symbol"]);
    let both = ["--strategy", "long_short", "--param", "long_count=5", "--param", "short_count=4"];
    world.backtest(&both).refused(&["9 names", "8 symbols"]);
    world.backtest(&["--pool-top-n", "1", "--pool-min-bars", "5"]).refused(&["2 names", "`k`"]);
}

#[test]
fn a_range_that_the_data_do_not_cover() {
    let world = World::with_market();
    world.backtest(&["--start", "2023-12-01"]).refused(&["2023-12-01", "2024-01-01", "hint: "]);
    world.backtest(&["--end", "2024-02-01"]).refused(&["2024-02-01", "2024-01-25", "hint: "]);
    world.backtest(&["--start", "2025-01-01"]).refused(&["2025-01-01", "2024-01-25", "hint: "]);
}

#[test]
fn a_run_that_never_trades_says_so() {
    let world = World::with_market();
    world.write("late.csv", "date,symbol,weight\n2030-01-05,AAAUSDT,0.9\n");
    let answer =
        world.run(&["backtest", "--timeframe", "1h", "--strategy", "target_list", "--param", "file=late.csv"]).good();
    assert!(answer.err.contains("warning: no order was made in 575 bars"), "{}", answer.err);
    assert!(!world.backtest(&[]).good().err.contains("no order was made"));
}

#[test]
fn feeds_that_the_factor_set_does_not_fit() {
    let world = World::with_market();
    world.run(&["aggregate", "--from", "1h", "--bar", "4h"]).good();
    // Regression: a rule on feeds took the set's own timeframe, decided by other bars, and held nothing without a word.
    world.backtest(&["--feeds", "4h,1h"]).refused(&["no factor set `s1` of 4h", "hint: `s1` exists for 1h"]);
    world
        .run(&["backtest", "--feeds", "4h", "--param", "factor=return_5"])
        .refused(&["of 4h", "hint: there are: s1 (1h)"]);
    let formula = ["backtest", "--formula", "close", "--feeds", "1h", "--param", "k=2", "--timeframe", "1h"];
    world.run(&formula).refused(&["backtest.formula", "publish the formula"]);
    let first = world.backtest(&["--feeds", "1h,4h", "--rebalance", "D", "--json"]).good().json();
    let second = world.backtest(&["--feeds", "4h,1h", "--timeframe", "1h", "--rebalance", "D", "--json"]).good().json();
    let equity = |answer: &serde_json::Value| answer["result"]["metrics"][0].clone();
    assert_eq!(equity(&first), equity(&second));
    assert_ne!(equity(&first)["value"], 1e6);
    let rotation =
        ["backtest", "--strategy", "rotation", "--feeds", "4h,1h", "--param", "top_n=2", "--param", "lookbacks=4"];
    world.run(&rotation).good();
}

#[test]
fn nothing_there_says_how_to_begin() {
    let world = World::new();
    world.backtest(&[]).refused(&["./hub", "hint: "]);
    world.run(&["aggregate"]).refused(&["./hub", "hint: "]);
    world.run(&["pipeline", "run"]).refused(&["./hub", "hint: "]);
    world.run(&["factors", "run"]).refused(&["no factor set", "hint: "]);
    world.run(&["factors", "run", "--config", "none.yaml"]).refused(&["none.yaml"]);
    world.run(&["runs", "show", "abc"]).refused(&["abc"]);
    world.run(&["bench", "W4", "--data", "none"]).refused(&["none", "hint: "]);
    world.run(&["bench", "W9", "--data", "."]).refused(&["W9", "W2"]);
    assert!(world.files("hub").is_empty() && world.files("results").is_empty());
    world.generate("raw");
    world.run(&["data", "import", "--venue", "v", "raw"]).good();
    world.run(&["backtest"]).refused(&["no factor set", "hint: make one first"]);
}

#[test]
fn two_venues_must_be_told_apart() {
    let world = World::with_market();
    world.run(&["data", "import", "--venue", "w", "raw"]).good();
    world.run(&["aggregate"]).refused(&["v, w", "hint: ", "--venue"]);
    world.run(&["pipeline", "run"]).refused(&["v, w", "hint: ", "--venue"]);
    world.run(&["aggregate", "--venue", "w"]).good();
    world.run(&["features", "AAAUSDT"]).refused(&["v, w", "hint: ", "--venue"]);
    let run = world.backtest(&["--json"]).good().json();
    assert_eq!(run["result"]["config"]["venue"], "v", "the factor set knows where its bars are from");
}

#[test]
fn a_damaged_table_is_named() {
    for damage in [|bytes: &[u8]| bytes[..bytes.len() / 2].to_vec(), |_: &[u8]| b"PAR1 nonsense PAR1".to_vec()] {
        let world = World::with_market();
        let bars = "hub/bars/v/1h/BBBUSDT.parquet";
        world.write(bars, damage(&fs::read(world.path(bars)).unwrap()));
        world.backtest(&[]).refused(&["BBBUSDT"]);
        world.run(&["features", "BBBUSDT"]).refused(&["BBBUSDT"]);
        let factors = World::with_market();
        let table = "hub/factors/1h/s1/CCCUSDT.parquet";
        factors.write(table, damage(&fs::read(factors.path(table)).unwrap()));
        factors.backtest(&[]).refused(&["CCCUSDT"]);
    }
}

#[test]
fn a_failed_run_is_entered_in_the_ledger() {
    let world = World::with_market();
    world.write("hub/bars/v/1h/BBBUSDT.parquet", "no longer a table");
    world.backtest(&[]).refused(&["BBBUSDT"]);
    let runs = world.json(&["runs", "list"]);
    let run = &runs["result"]["runs"][0];
    assert_eq!((&run["status"], &run["strategy"]), (&"failed".into(), &"top_k".into()));
    assert!(run["error"].as_str().unwrap().contains("BBBUSDT"), "{run}");
}

#[test]
fn a_factor_set_whose_metadata_and_tables_disagree() {
    let world = World::with_market();
    fs::remove_file(world.path("hub/factors/1h/s1/DDDUSDT.parquet")).unwrap();
    world.backtest(&[]).refused(&["DDDUSDT"]);
    let metadata = world.path("hub/factors/1h/s1/metadata.json");
    fs::write(&metadata, "{ not json").unwrap();
    world.backtest(&[]).refused(&["metadata.json"]);
}

#[test]
fn a_factor_set_and_bars_that_disagree() {
    let world = World::with_market();
    // The bars of one symbol become those of another: same labels or not, the factors were made from other bars.
    fs::copy(world.path("hub/bars/v/1h/AAAUSDT.parquet"), world.path("hub/bars/v/1h/BBBUSDT.parquet")).unwrap();
    world.backtest(&[]).refused(&["BBBUSDT"]);
}

#[test]
fn a_pipeline_that_cannot_be() {
    let world = World::new();
    world.generate("raw");
    world.run(&["data", "import", "--venue", "v", "raw"]).good();
    let before = world.files("hub");
    let run = |options: &[&str]| world.run(&[&["pipeline", "run"], options].concat());
    run(&["--threshold", "dollar-1000"]).refused(&["threshold", "dollar-1000", "hint: "]);
    run(&["--threshold", "1h", "--timeframe", "4h"]).refused(&["timeframe", "4h", "1h"]);
    run(&["--strategy", "banana"]).refused(&["banana"]);
    assert!(world.files("hub") == before, "nothing was done before the settings were checked");
    run(&["--factor", "retrun_20"]).refused(&["`retrun_20`", "hint: did you mean `return_20`?"]);
    run(&["--top-n", "3"]).refused(&["10 names", "3 symbols"]);
    run(&["--skip-aggregation", "--threshold", "4h"]).refused(&["4h"]);
}
