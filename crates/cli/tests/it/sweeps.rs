//! `sweep`: sets are the backtests they stand for; the same bytes for any number of workers and kills.

use std::collections::BTreeMap;
use std::process::Stdio;

use serde_json::Value;

use crate::world::World;

/// Rules on the small market: a grid with a constraint, a set with a name, one that fails.
const GRID: &str = r#"
backtest: {strategy: long_short, factor_set: s1, execution: close}
sweep:
  parameters:
    factor: [return_5, return_20]
    long_count: [1, 2]
    short_count: {from: 1, to: 2}
    commission_bps: [0, 5]
  constraints: [long_count >= short_count]
  best: 1
parameter_sets:
  slow: {rebalance: W-MON, params: {factor: return_20, long_count: 2, short_count: 2}}
  broken: {factor: return_99, long_count: 1, short_count: 1}
"#;

/// A sweep of the small market as JSON.
fn sweep(world: &World, options: &[&str]) -> Value {
    let answer = world.json(&[&["sweep", "--config", "sweep.yaml"], options].concat());
    answer["result"].clone()
}

/// The files of a sweep that follow from its sets.
fn files(world: &World, results: &str) -> BTreeMap<String, Vec<u8>> {
    let mut files = world.files(&format!("{results}/sweeps"));
    files.retain(|name, _| !name.ends_with("journal.bin"));
    assert_eq!(files.len(), 4, "{:?}", files.keys());
    files
}

/// The journal's size.
fn journal(world: &World, results: &str) -> usize {
    let files = world.files(&format!("{results}/sweeps"));
    files.iter().find(|(name, _)| name.ends_with("journal.bin")).map_or(0, |(_, bytes)| bytes.len())
}

#[test]
fn sets_are_the_backtests_they_stand_for() {
    let world = World::with_market();
    world.write("sweep.yaml", GRID);
    let result = sweep(&world, &[]);
    assert_eq!((&result["n_sets"], &result["n_failed"], &result["n_refused"]), (&14.into(), &1.into(), &4.into()));
    assert!(result["errors"][0][0].as_str().unwrap().contains("did you mean `return_5`?"), "{}", result["errors"]);
    for best in result["best"].as_array().unwrap() {
        let mut words = vec!["backtest", "--config", "base.yaml"];
        let pairs: Vec<String> = best["values"]
            .as_array()
            .unwrap()
            .iter()
            .map(|pair| format!("{}={}", pair[0].as_str().unwrap(), pair[1].as_str().unwrap()))
            .collect();
        pairs.iter().for_each(|pair| words.extend(["--set", pair]));
        world.write("base.yaml", GRID);
        let run = world.json(&words)["result"].clone();
        assert_eq!(run["run_id"], best["run_id"], "{words:?}");
        for metric in run["metrics"].as_array().unwrap() {
            if let Some(value) = best["metrics"].get(metric["name"].as_str().unwrap()) {
                assert_eq!(metric["value"], *value, "{} of {words:?}", metric["name"]);
            }
        }
    }
    // The best has a folder, in the archive like any run; the sweep is one line of the ledger.
    assert!(result["best"][0]["folder"].is_string() && result["best"][1]["folder"].is_null());
    let ledger = world.text("results/runs.jsonl");
    let sweeps: Vec<&str> = ledger.lines().filter(|line| line.contains("\"kind\":\"sweep\"")).collect();
    assert!(sweeps.len() == 1 && sweeps[0].contains("\"n_sets\":14"), "{ledger}");
    let shown = world.json(&["runs", "show", "latest"]);
    assert!(shown["result"]["entry"]["kind"] == "backtest", "a sweep is no run to show: {shown}");
}

#[test]
fn workers_change_no_byte() {
    let world = World::with_market();
    world.write("sweep.yaml", GRID);
    let mut all = Vec::new();
    for workers in ["1", "2", "5"] {
        let results = format!("results{workers}");
        sweep(&world, &["--workers", workers, "--results", &results, "--equity", "all"]);
        all.push(files(&world, &results));
    }
    assert!(all[0] == all[1] && all[0] == all[2], "files differ by the number of workers");
    // Again: all but the set that failed is done, the files are the same.
    let again = sweep(&world, &["--results", "results1", "--equity", "all"]);
    assert_eq!(again["n_done_before"], 13);
    assert!(files(&world, "results1") == all[0]);
}

#[test]
fn a_killed_sweep_goes_on_where_it_was() {
    let world = World::with_market();
    world.write(
        "sweep.yaml",
        "backtest: {strategy: top_k, factor_set: s1}\nsweep:\n  best: 0\n  method: sobol\n  n: 400\n  parameters:\n    \
         factor: [return_5, return_20]\n    k: {from: 1, to: 6}\n    commission_bps: {from: 0.0, to: 20.0}\n    \
         rebalance: [3, 5, 7, 11]\n",
    );
    let whole = sweep(&world, &["--results", "whole"]);
    assert_eq!((&whole["n_sets"], &whole["n_failed"]), (&400.into(), &0.into()));
    let mut n_done = 0;
    for part in [4, 2] {
        let mut child = world
            .command(&["sweep", "--config", "sweep.yaml", "--results", "killed", "--workers", "2"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let enough = journal(&world, "whole") / part;
        while journal(&world, "killed") < enough && child.try_wait().unwrap().is_none() {}
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(journal(&world, "killed") >= n_done, "what was done is kept");
        n_done = journal(&world, "killed");
    }
    let finished = sweep(&world, &["--results", "killed"]);
    let n_before = finished["n_done_before"].as_u64().unwrap();
    assert!(n_before > 50, "{n_before} sets were done before");
    assert!(files(&world, "whole") == files(&world, "killed"), "files differ after kills");
    // Every set is in the journal once: none was lost, none was run twice.
    assert_eq!(journal(&world, "whole"), journal(&world, "killed"));
}

#[test]
fn windows_of_a_formula_are_swept_in_memory() {
    let world = World::with_market();
    world.write(
        "sweep.yaml",
        "backtest: {strategy: top_k, params: {k: 2}, formula: 'close / delay(close, {w}) - 1', timeframe: 1h}\n\
         sweep: {best: 1, parameters: {w: [5, 20, 40]}}\n",
    );
    let result = sweep(&world, &[]);
    assert_eq!((&result["n_sets"], &result["n_failed"]), (&3.into(), &0.into()));
    let best = &result["best"].as_array().unwrap().iter().find(|best| best["values"][0][1] == "5").unwrap().clone();
    let words = ["--strategy", "top_k", "--param", "k=2", "--timeframe", "1h"];
    let formula = ["--formula", "close / delay(close, 5) - 1"];
    let run = world.json(&[&["backtest"], &words[..], &formula].concat())["result"].clone();
    assert_eq!(run["run_id"], best["run_id"]);
    // The same numbers as from the factor set that holds the column.
    let published = world.json(&[
        "backtest",
        "--strategy",
        "top_k",
        "--param",
        "k=2",
        "--factor-set",
        "s1",
        "--param",
        "factor=return_5",
    ]);
    let sharpe = |run: &Value| {
        run["metrics"].as_array().unwrap().iter().find(|m| m["name"] == "sharpe").unwrap()["value"].clone()
    };
    assert_eq!(sharpe(&published["result"]), best["metrics"]["sharpe"]);
    world
        .run(&[&["backtest", "--factor-set", "s1"], &words[..], &formula].concat())
        .refused(&["takes the place of a factor set"]);
    world.run(&["backtest", "--strategy", "top_k", "--timeframe", "1h", "--formula", "close /"]).refused(&["close /"]);
}

#[test]
fn strategies_that_act_at_every_bar_are_swept_too() {
    let world = World::with_market();
    world.write(
        "sweep.yaml",
        "backtest: {strategy: sma_cross, symbols: [AAAUSDT], timeframe: 1h}\n\
         sweep: {best: 1, parameters: {fast: [3, 8, 30], slow: [8, 20]}}\n",
    );
    let result = sweep(&world, &[]);
    assert_eq!((&result["n_sets"], &result["n_failed"]), (&6.into(), &3.into()), "{result}");
    world.write("sweep.yaml", world.text("sweep.yaml").replace("best: 1", "best: 1, constraints: [fast < slow]"));
    let result = sweep(&world, &[]);
    assert_eq!((&result["n_sets"], &result["n_failed"], &result["n_refused"]), (&3.into(), &0.into(), &3.into()));
}

#[test]
fn files_that_cannot_be_name_the_key_and_the_nearest() {
    let world = World::with_market();
    let refused = |body: &str, words: &[&str]| {
        world.write(
            "bad.yaml",
            format!("backtest: {{strategy: top_k, factor_set: s1, params: {{factor: return_5}}}}\n{body}"),
        );
        world.run(&["sweep", "--config", "bad.yaml"]).refused(words);
    };
    refused("sweep: {parameters: {kk: [1]}}", &["sweep.parameters", "`kk`", "did you mean `k`?"]);
    refused("sweep: {parameters: {comission_bps: [1]}}", &["`comission_bps`", "did you mean `commission_bps`?"]);
    refused("sweep: {parametrs: {k: [1]}}", &["sweep.parametrs", "sweep.parameters"]);
    refused("sweep: {parameters: {k: {from: 1, too: 3}}}", &["backtest.params.k", "did you mean `to`?"]);
    refused(
        "sweep: {parameters: {commission_bps: [1, abc]}}",
        &["backtest.commission_bps", "expected a number", "abc"],
    );
    refused("sweep: {parameters: {k: [1]}, constraints: [k <]}", &["constraint `k <`"]);
    refused("sweep: {parameters: {k: [1]}, constraints: [j < 3]}", &["constraint `j < 3`", "`j`"]);
    refused("sweep: {parameters: {k: [1]}, by: sharp}", &["sweep.by", "did you mean `sharpe`?"]);
    refused("sweep: {parameters: {k: [1]}, method: sobol}", &["needs `n`"]);
    refused("sweep: {parameters: {k: [1]}, method: sobel, n: 4}", &["sweep.method", "did you mean `sobol`?"]);
    refused("sweep: {parameters: {k: {from: 1.0, to: 2.0}}}", &["backtest.params.k", "`step` or `n`"]);
    refused("sweep: {}", &["varies nothing"]);
    refused("parameter_sets: {a: 5}", &["sweep.parameter_sets", "a: expected"]);
    refused("sweep: {parameters: {k: [0, -1]}}", &["none of the 2 sets can be run", "at least 1"]);
    refused("sweep: {parameters: [1]}", &["sweep.parameters", "expected `key: values` lines"]);
}
