//! `sweep`: sets are the backtests they stand for; the same bytes for any number of workers and kills.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::same_runs::agrees;
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

/// The journal of a sweep.
fn journal(sweep: &Value, results: &str) -> String {
    format!("{results}/sweeps/{}/journal.bin", sweep["sweep_id"].as_str().unwrap())
}

#[test]
fn sets_of_another_strategy_leave_points_that_of_the_settings() {
    let world = World::with_market();
    world.write(
        "sweep.yaml",
        "backtest: {strategy: top_k, factor_set: s1, params: {factor: return_5}}\n\
         sweep: {best: 0, parameters: {k: [2, 3], min_factor: [0, 1]}, constraints: [k > min_factor]}\n\
         parameter_sets: {other: {strategy: momentum, top_n_long: 2, factor: return_20}}\n",
    );
    let result = sweep(&world, &[]);
    assert_eq!((&result["n_sets"], &result["n_failed"]), (&5.into(), &0.into()), "{result}");
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
    // What the best makes of other costs and executions is told, each as the backtest it is.
    let described: Value =
        serde_json::from_str(&world.text(&format!("{}/sweep.json", result["folder"].as_str().unwrap()))).unwrap();
    let frictions = described["costs_and_execution"].as_array().unwrap();
    assert_eq!((frictions.len(), &frictions[0]["run_id"]), (9, &result["best"][0]["run_id"]), "{frictions:?}");
    let doubled = frictions.iter().find(|row| row["name"] == "doubled").unwrap();
    let settings = doubled["settings"].as_array().unwrap().iter().map(|pair| pair.as_str().unwrap().to_owned());
    let best = result["best"][0]["values"].as_array().unwrap().iter();
    let pairs = best.map(|pair| format!("{}={}", pair[0].as_str().unwrap(), pair[1].as_str().unwrap()));
    let pairs: Vec<String> = pairs.chain(settings).collect();
    let words = pairs.iter().flat_map(|pair| ["--set", pair.as_str()]);
    let words: Vec<&str> =
        ["backtest", "--config", "base.yaml", "--results", "alone"].into_iter().chain(words).collect();
    assert_eq!(world.json(&words)["result"]["run_id"], doubled["run_id"], "{words:?}");
    // The best has a folder, in the archive like any run; the sweep is a line of the ledger when it begins and one when it ends.
    assert!(result["best"][0]["folder"].is_string() && result["best"][1]["folder"].is_null());
    let ledger = world.text("results/runs.jsonl");
    let sweeps: Vec<&str> = ledger.lines().filter(|line| line.contains("\"kind\":\"sweep\"")).collect();
    assert!(sweeps.len() == 2 && sweeps.iter().all(|line| line.contains("\"n_sets\":14")), "{ledger}");
    assert!(sweeps[0].contains("\"status\":\"begun\"") && sweeps[1].contains("\"status\":\"done\""), "{ledger}");
    let id = result["sweep_id"].as_str().unwrap();
    world.run(&["runs", "show", &id[..9]]).refused(&[
        id,
        "is no run but a sweep of many",
        &format!("results/sweeps/{id}"),
    ]);
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
    let (whole_journal, killed_journal) = (journal(&whole, "whole"), journal(&whole, "killed"));
    let mut n_done = 0;
    for part in [4, 2] {
        let words = ["sweep", "--config", "sweep.yaml", "--results", "killed", "--workers", "2"];
        world.kill_at(&words, &killed_journal, world.size(&whole_journal) / part);
        assert!(world.size(&killed_journal) >= n_done, "what was done is kept");
        n_done = world.size(&killed_journal);
    }
    let finished = sweep(&world, &["--results", "killed"]);
    let n_before = finished["n_done_before"].as_u64().unwrap();
    assert!(n_before > 50, "{n_before} sets were done before");
    assert!(files(&world, "whole") == files(&world, "killed"), "files differ after kills");
    // Every set is in the journal once: none was lost, none was run twice.
    assert_eq!(world.size(&whole_journal), world.size(&killed_journal));
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
fn the_page_shows_the_bands_that_were_drawn() {
    let world = World::with_market();
    world.write("sweep.yaml", GRID);
    let folder = sweep(&world, &[])["folder"].as_str().unwrap().to_owned();
    let described: Value = serde_json::from_str(&world.text(&format!("{folder}/sweep.json"))).unwrap();
    let report = &described["statistics"]["report"];
    let page = world.text(&format!("{folder}/report.html"));
    let section =
        page.split(">Other histories of the best<").last().unwrap().split("What each value did").next().unwrap();
    let number = |value: &Value| format!("{:.3}", value.as_f64().unwrap());
    for line in report["bands"]["sharpe"].as_array().unwrap() {
        assert!(section.contains(&number(line)), "{line} {section}");
    }
    let loss =
        format!("{:.2}% of them end with a loss", 100.0 * report["bands"]["probability_of_loss"].as_f64().unwrap());
    assert!(section.contains(&loss), "{loss} {section}");
    assert!(section.contains("25 to 75 %") && section.contains("as it was"), "{section}");
    let halves = &report["overfitting"];
    let halves = format!("{} and {}", number(&halves["chosen_sharpe_median"]), number(&halves["judged_sharpe_median"]));
    assert!(page.contains(&halves), "{halves}");
}

#[test]
fn sets_that_do_not_trade_are_told_to_be_why_none_is_best() {
    let world = World::with_market();
    world.write(
        "sweep.yaml",
        "backtest: {strategy: threshold, factor_set: s1, params: {factor: return_5, sell_threshold: 0}}\n\
         sweep: {parameters: {buy_threshold: [50, 60]}}\n",
    );
    let result = sweep(&world, &[]);
    assert_eq!(result["best"], Value::Array(Vec::new()));
    assert_eq!(result["notes"][0], "no set has the metric sharpe: none of them closed a trade");
    let words = ["walkforward", "--config", "sweep.yaml", "--train", "10d", "--test", "5d"];
    let walked = world.run(&words).out;
    assert!(walked.contains("no set has the metric sharpe in training"), "{walked}");
    assert!(walked.contains("no Sharpe ratio is known, so that nothing can be deflated"), "{walked}");
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
    refused("sweep: {parameters: {universe.min_bars: [24]}}", &["`universe.min_bars`", "did you mean `universe`?"]);
    let once = "hint: parameters of the strategy are factor, k, weighting, vol_lookback, max_weight, min_factor, max_positions, \
                buffer, no_trade_band; other keys";
    refused("sweep: {parameters: {something_of_no_name: [1]}}", &["`something_of_no_name`", once]);
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

#[test]
fn what_no_set_could_bind_is_refused_before_anything_runs() {
    let world = World::with_market();
    let formula = "close / delay(close, {w}) - 1";
    let all = |base: &str, body: &str, words: &[&str]| {
        world.write("bad.yaml", format!("backtest: {{timeframe: 1h, {base}}}\n{body}"));
        for command in ["sweep", "optimize", "walkforward"] {
            world.run(&[command, "--config", "bad.yaml"]).refused(words);
        }
    };
    let one = format!("strategy: top_k, formula: '{formula}'");
    all(&one, "sweep: {parameters: {k: [1, 2]}}", &["sweep.parameters", "`{w}`", formula, "such as `w: [5, 10, 20]`"]);
    all(&one, "sweep: {parameters: {w: [5], v: [1]}}", &["sweep.parameters", "`v`"]);
    all(&one, "sweep: {parameters: {w: [5]}, constraints: [v < 3]}", &["sweep.constraints", "`v`"]);
    all(
        &one,
        "sweep: {parameters: {w: [5]}, constraints: [w < kk]}",
        &["sweep.constraints", "`kk`", "did you mean `k`?"],
    );
    let two =
        "sweep: {parameters: {w: [5], k: [1], formula: ['close / delay(close, {w})', 'delay(close, {v}) / close']}}";
    all(&one, two, &["sweep.parameters", "`{v}`", "delay(close, {v}) / close"]);
    let two =
        "sweep: {parameters: {w: [5], k: [1], formula: ['close / delay(close, {w})', 'delay(close, 3) / close']}}";
    all(&one, two, &["sweep.parameters", "has no window `{w}`", "delay(close, 3) / close"]);
    let named = "sweep: {parameters: {w: [5], k: [1]}}\nparameter_sets: {fine: {w: 3, k: 1}, less: {k: 2}}";
    all(&one, named, &["sweep.parameter_sets", "less", "`{w}`"]);
    let base = "factor_set: s1, params: {factor: return_5}, strategy: top_k";
    let strategies = "sweep: {parameters: {k: [1], strategy: [top_k, long_short]}}";
    all(base, strategies, &["`k` is no parameter of long_short", "long_count", "parameter_sets"]);
    all(base, "sweep: {parameters: {k: [1], strategy: [top_k, top_kk]}}", &["sweep.parameters", "top_kk"]);
    let named = "sweep: {parameters: {k: [1]}}\nparameter_sets: {a: {strategy: long_short, k: 1}}";
    all(base, named, &["sweep.parameter_sets", "a: ", "`k` is no parameter of long_short"]);
    assert!(!world.path("results").exists(), "nothing ran, so that nothing counts as a trial");
    // Spaces in braces are no part of a name.
    world.write(
        "good.yaml",
        "backtest: {timeframe: 1h, strategy: top_k, formula: 'close / delay(close, { w }) - 1'}\n\
         sweep: {best: 0, parameters: {w: [5, 9], k: [2]}}\n",
    );
    let result = world.json(&["sweep", "--config", "good.yaml"])["result"].clone();
    assert_eq!((&result["n_sets"], &result["n_failed"]), (&2.into(), &0.into()));
}

#[test]
fn factors_costs_execution_and_rebalances_are_those_of_the_backtests() {
    let world = World::with_market();
    let base = "{strategy: long_short, factor_set: s1, params: {long_count: 2, short_count: 1, factor: return_5}}";
    agrees(
        &world,
        base,
        "parameters: {factor: [return_5, return_20], execution: [close, next_open, next_close, next_vwap]}",
    );
    let costs = "parameters: {commission: [\"per_share:rate=0.01\", \"fixed:1\", \"bps:7\"], slippage_bps: [0, 9], latency: [0, 1h], \
                 allow_negative_cash: [true, false]}";
    agrees(&world, base, costs);
    agrees(
        &world,
        base,
        "method: random, n: 12, parameters: {rebalance: [3, D, W-MON], weighting: [equal, score], buffer: [0, 1], \
        untradable: [hold, close_last], on_short: [skip, flat, scale], capital: [1000, 1e6]}",
    );
}

#[test]
fn universes_windows_and_risk_are_those_of_the_backtests() {
    let world = World::with_market();
    let base = "{strategy: top_k, factor_set: s1, params: {k: 2, factor: return_5}}";
    let pool =
        "parameters: {pool_top_n: [3, 5], pool_reselect: [W-MON, D], pool_lookback: [3D, 7D], pool_min_bars: [10]}";
    agrees(&world, base, pool);
    agrees(
        &world,
        base,
        "parameters: {exclude: [\"A*\", \"[]\"], max_position: [0.2, 0.4], risk.stop_loss: [0.01, 0.05], \
        risk.cooldown: [1h, 12h]}",
    );
    agrees(
        &world,
        base,
        "parameters: {orders: [market, \"limit:0.002\", \"stop:0.001\"], participation: [0.1, 0.001], max_drawdown: [0.02, 0.5]}",
    );
    let formula = "{strategy: top_k, timeframe: 1h, formula: \"close / delay(close, {w}) - 1\", params: {k: 2}}";
    agrees(&world, formula, "parameters: {w: [3, 7, 11], execution: [close, next_open]}");
}

#[test]
fn sets_that_share_their_bars_are_the_backtests_they_stand_for() {
    let world = World::with_market();
    // Runs that begin at different times, and formulas that need different columns.
    let formula = "{strategy: top_k, timeframe: 1h, formula: \"rank({a} / delay(close, {w}))\", params: {k: 2}}";
    agrees(&world, formula, "parameters: {a: [high, close], w: [3, 20], start: [2024-01-05, 2024-01-12]}");
    let base = "{strategy: top_k, factor_set: s1, params: {k: 2, factor: return_5}}";
    agrees(&world, base, "parameters: {factor: [return_5, return_20], align: [intersect, \"forward_fill:2\"]}");
}

#[test]
fn strategies_of_every_bar_are_those_of_the_backtests() {
    let world = World::with_market();
    // One of the symbols is delisted on the way.
    let base = "{strategy: sma_cross, symbols: [DDDUSDT], timeframe: 1h, params: {fast: 3, slow: 20}}";
    agrees(
        &world,
        base,
        "parameters: {fast: [2, 5], slow: [8, 20], orders: [market, \"limit:0.001\", \"stop:0.002\"]}",
    );
    let base = "{strategy: sma_cross, symbols: [AAAUSDT, BBBUSDT], timeframe: 1h, params: {fast: 3, slow: 20}}";
    agrees(
        &world,
        base,
        "parameters: {risk.stop_loss: [0.005, 0.05], risk.trailing_stop: [0.01, 0.2], commission_bps: [0, 20], latency: [0, 1h]}",
    );
}

#[test]
fn kills_at_any_moment_and_any_number_of_workers_change_no_byte() {
    let world = World::with_market();
    world.write(
        "sweep.yaml",
        "backtest: {strategy: long_short, factor_set: s1}\nsweep:\n  best: 3\n  equity: all\n  method: sobol\n  n: 200\n  \
         parameters:\n    factor: [return_5, return_20]\n    long_count: {from: 1, to: 4}\n    short_count: {from: 1, to: 4}\n    \
         commission_bps: {from: 0.0, to: 20.0}\n    execution: [close, next_open, next_vwap]\n",
    );
    let whole = sweep(&world, &["--results", "whole"]);
    let size = world.size(&journal(&whole, "whole"));
    let mut random = 12_345u64;
    for (nth, workers) in ["1", "3", "2", "7"].into_iter().enumerate() {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(nth as u64);
        let words = ["sweep", "--config", "sweep.yaml", "--results", "killed", "--workers", workers];
        world.kill_at(&words, &journal(&whole, "killed"), size * (random >> 44) / (1 << 20));
    }
    sweep(&world, &["--results", "killed", "--workers", "2"]);
    assert!(files(&world, "whole") == files(&world, "killed"), "files differ after kills");
}

#[test]
fn a_set_with_a_name_stands_where_the_settings_put_it() {
    let world = World::with_market();
    let grid = "backtest: {strategy: top_k, factor_set: s1, params: {factor: return_5, k: 3}}\n\
                sweep: {best: 0, parameters: {k: [1, 2, 3, 4, 5], commission_bps: [1, 5, 10]}}\n";
    let folder = |study: &str| {
        world.write("sweep.yaml", study);
        sweep(&world, &[])["folder"].as_str().unwrap().to_owned()
    };
    let scores = |study: &str| {
        let page = world.text(&format!("{}/report.html", folder(study)));
        (page.matches("a plateau").count() + page.matches("a spike").count(), page)
    };
    let (n_alone, _) = scores(grid);
    let (n_beside, page) = scores(&format!("{grid}parameter_sets: {{mine: {{rebalance: 7}}}}\n"));
    assert!(n_alone > 3 && n_beside + 2 >= n_alone, "{n_alone} sets have a score, beside a named one {n_beside}");
    // On the axes of heat maps and coordinates the named set, the first, has the settings' k: the third value.
    let axes = page.split("\"parameters\":").nth(1).unwrap().split("\"measures\"").next().unwrap();
    let k = axes.split("\"params.k\"").nth(1).unwrap().split('}').next().unwrap();
    assert!(k.contains(r#""words":["1","2","3","4","5"],"values":[2,0,0,0,1"#), "{k}");
    let commission = axes.split("\"commission_bps\"").nth(1).unwrap().split('}').next().unwrap();
    assert!(commission.contains(r#""words":["1","5","10"],"values":[1,0,1,2,0"#), "{commission}");
}

#[test]
fn a_sweep_could_not_run_when_no_set_could() {
    let world = World::with_market();
    let study = |ks: &str, factors: &str| {
        let text = format!(
            "backtest: {{strategy: top_k, factor_set: s1}}\nsweep: {{best: 1, parameters: {{factor: {factors}, k: {ks}}}}}\n\
             optimize: {{trials: 4, initial: 2, batch: 2}}\nwalkforward: {{train: 10d, test: 4d}}\n"
        );
        world.write("study.yaml", text);
    };
    let commands: [&[&str]; 4] =
        [&["sweep"], &["optimize"], &["optimize", "--search", "halving", "--rungs", "2"], &["walkforward"]];
    // Some fail: it ran, and the number of those that failed is told with the reason and what to do.
    study("[2, 999]", "[return_99, return_5]");
    for command in commands {
        let answer = world.run(&[command, &["--config", "study.yaml"]].concat());
        assert_eq!(answer.status, 0, "{command:?}\n{}\n{}", answer.out, answer.err);
        assert!(answer.out.contains(" sets failed\n"), "{command:?}\n{}", answer.out);
        let reason = answer.out.find("`return_99` is not in factor set").expect(&answer.out);
        assert!(answer.out[reason..].contains("hint: did you mean `return_5`?"), "{}", answer.out);
    }
    let walk = world.json(&["walkforward", "--config", "study.yaml"])["result"].clone();
    assert_eq!((&walk["n_sets"], &walk["n_failed"]), (&4.into(), &3.into()), "{walk}");
    let reasons: usize = walk["errors"].as_array().unwrap().iter().map(|pair| pair[1].as_u64().unwrap() as usize).sum();
    assert_eq!(reasons, 3, "{walk}");
    // All fail, as they are read or as they run.
    for (ks, factors) in [("[0, -1]", "[return_5]"), ("[2]", "[return_99, return_98]"), ("[998, 999]", "[return_5]")] {
        study(ks, factors);
        for command in commands {
            let answer = world.run(&[command, &["--config", "study.yaml"]].concat());
            assert_eq!(answer.status, 2, "{command:?} {ks} {factors}\n{}\n{}", answer.out, answer.err);
            assert!(!answer.out.contains("closed a trade"), "{}", answer.out);
        }
    }
}
