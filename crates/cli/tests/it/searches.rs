//! `optimize` and `walkforward`: every number is that of the backtest it stands for; kills and threads change nothing.

use serde_json::Value;

use crate::world::World;

/// Rules on the small market.
const STUDY: &str = r#"
backtest: {strategy: long_short, factor_set: s1, execution: close}
sweep:
  parameters:
    factor: [return_5, return_20]
    long_count: {from: 1, to: 4}
    short_count: {from: 1, to: 4}
    commission_bps: {from: 0, to: 20}
  constraints: [long_count >= short_count]
  best: 1
optimize: {trials: 24, batch: 4, initial: 8}
walkforward: {train: 10d, test: 4d, label: 1d, embargo: 12h, groups: 4, test_groups: 2}
"#;

fn search(world: &World, options: &[&str]) -> Value {
    world.json(&[&["optimize", "--config", "study.yaml"], options].concat())["result"].clone()
}

/// The files of a search that follow from its sets.
fn files(world: &World, results: &str) -> Vec<(String, Vec<u8>)> {
    let files = world.files(&format!("{results}/sweeps")).into_iter();
    files.filter(|(name, _)| !name.ends_with("journal.bin")).collect()
}

fn study() -> World {
    let world = World::with_market();
    world.write("study.yaml", STUDY);
    world
}

#[test]
fn a_search_is_the_same_with_any_threads_and_after_a_kill() {
    for method in ["tpe", "gaussian_process", "evolution"] {
        let world = study();
        let result = search(&world, &["--search", method]);
        assert_eq!((&result["n_sets"], &result["n_failed"]), (&24.into(), &0.into()), "{method}: {result}");
        let whole = files(&world, "results");
        search(&world, &["--search", method, "--workers", "1", "--results", "one"]);
        assert_eq!(files(&world, "one"), whole, "{method}: one worker");
        // A kill leaves a journal whose last record is cut off.
        let journal = world.files("results/sweeps").into_iter().find(|(name, _)| name.ends_with("journal.bin"));
        let (name, bytes) = journal.expect("a journal");
        world.write(&format!("cut/sweeps/{name}"), &bytes[..bytes.len() * 3 / 5]);
        let resumed = search(&world, &["--search", method, "--results", "cut"]);
        let n_before = resumed["n_done_before"].as_u64().unwrap();
        assert!((8..24).contains(&n_before), "{method}: {n_before}");
        assert_eq!(files(&world, "cut"), whole, "{method}: resumed");
    }
}

#[test]
fn a_search_orders_by_its_objective_and_keeps_to_what_is_required() {
    let world = study();
    let by = |objective: &str| {
        let result = search(&world, &["--objective", objective, "--require", "[n_trades >= 3]"]);
        let best = result["best"].as_array().unwrap().clone();
        let of = |set: &Value, name: &str| set["metrics"][name].as_f64();
        assert!(best.iter().all(|set| of(set, "n_trades").unwrap() >= 3.0), "{objective}");
        (result, best.iter().map(|set| of(set, "sharpe").unwrap()).collect::<Vec<f64>>(), best)
    };
    let (_, sharpes, _) = by("sharpe");
    assert!(sharpes.is_sorted_by(|a, b| a >= b), "{sharpes:?}");
    let (_, sharpes, _) = by("minimise sharpe");
    assert!(sharpes.is_sorted_by(|a, b| a <= b), "{sharpes:?}");
    let (result, ..) = by("[total_return, turnover_yearly]");
    let front: Vec<u64> = result["front"].as_array().unwrap().iter().filter_map(Value::as_u64).collect();
    assert!(!front.is_empty());
    let best = result["best"].as_array().unwrap();
    assert!(front.contains(&best[0]["set"].as_u64().unwrap()), "the front comes first");
}

#[test]
fn a_search_ends_when_it_has_what_it_was_to_find() {
    let world = study();
    let reached = search(&world, &["--objective", "sharpe", "--target", "-1000"]);
    assert!(reached["stopped"].as_str().unwrap().contains("reached the target"), "{reached}");
    assert!(reached["n_sets"].as_u64().unwrap() <= 8);
    let patient = search(&world, &["--patience", "5", "--min-gain", "1000"]);
    assert!(patient["stopped"].as_str().unwrap().contains("nothing better"), "{patient}");
    // Points that broke a constraint or repeated a set are no sets: of these there are more than it waits for.
    let n_sets = patient["n_sets"].as_u64().unwrap();
    let stopped = format!("{} sets in a row", n_sets - 1);
    assert!(n_sets > 5 && patient["stopped"].as_str().unwrap().starts_with(&stopped), "{patient}");
    // A space of four points is used up before a hundred runs.
    world.write("small.yaml", "backtest: {strategy: long_short, factor_set: s1, params: {factor: return_5}}\nsweep: {parameters: {long_count: [1, 2], short_count: [1, 2]}}\n");
    let small = world.json(&["optimize", "--config", "small.yaml", "--trials", "10", "--initial", "4"]);
    assert_eq!(small["result"]["n_sets"], 4);
    // Fifty proposals for each of ten runs, and at most a batch more; points tried in their place are not counted.
    let n_repeated = small["result"]["n_repeated"].as_u64().unwrap();
    assert!((496..504).contains(&n_repeated), "{n_repeated}");
    assert!(small["result"]["stopped"].as_str().unwrap().contains("nothing new"));
}

#[test]
fn halving_runs_the_better_half_over_twice_the_time() {
    let world = study();
    let options =
        ["--search", "halving", "--trials", "12", "--rungs", "3", "--start", "2024-01-05", "--end", "2024-01-21"];
    let result = search(&world, &options);
    assert_eq!(result["n_sets"], 12 + 6 + 3, "{result}");
    let ends: Vec<&str> = result["best"]
        .as_array()
        .unwrap()
        .iter()
        .map(|set| {
            let pairs = set["values"].as_array().unwrap();
            let end = pairs.iter().find(|pair| pair[0] == "backtest.end").expect("an end");
            end[1].as_str().unwrap()
        })
        .collect();
    assert_eq!(ends[..3], ["2024-01-21T00:00:00Z"; 3], "{ends:?}");
    assert_eq!(ends[3..9], ["2024-01-13T00:00:00Z"; 6], "{ends:?}");
    assert_eq!(ends[9], "2024-01-09T00:00:00Z");
}

/// A metric of the backtest of some values over a window.
fn backtest(world: &World, values: &str, start: &str, end: &str) -> Value {
    let mut words = vec!["backtest", "--config", "base.yaml", "--start", start, "--end", end];
    for pair in values.split(' ') {
        words.extend(["--set", pair]);
    }
    world.json(&words)["result"].clone()
}

#[test]
fn windows_of_a_walk_are_the_backtests_they_stand_for() {
    let world = study();
    world.write("base.yaml", "backtest: {strategy: long_short, factor_set: s1, execution: close}\n");
    let walk = world.json(&["walkforward", "--config", "study.yaml", "--method", "latin_hypercube", "--n", "10"]);
    let walk = &walk["result"];
    let windows = walk["windows"].as_array().unwrap();
    // 24 days: training of 10, a gap of 1.5, tests of 4, the last one cut.
    assert_eq!(windows.len(), 4, "{windows:?}");
    assert_eq!(windows[0]["train_end"], "2024-01-11T00:00:00Z");
    assert_eq!(windows[0]["test_start"], "2024-01-12T12:00:00Z");
    assert_eq!(windows[3]["test_end"], "2024-01-25T00:00:00Z");
    let mut growth = 1.0;
    for window in windows {
        let text = |name: &str| window[name].as_str().unwrap().to_owned();
        let values = window["values"][0].as_str().unwrap();
        let trained = backtest(&world, values, &text("train_start"), &text("train_end"));
        let tested = backtest(&world, values, &text("test_start"), &text("test_end"));
        let metric = |run: &Value, name: &str| {
            let metrics = run["metrics"].as_array().unwrap();
            metrics.iter().find(|metric| metric["name"] == name).unwrap()["value"].clone()
        };
        assert_eq!(metric(&trained, "sharpe"), window["trained"]);
        assert_eq!(metric(&tested, "sharpe"), window["tested"]);
        assert_eq!(tested["run_id"], window["run_ids"][0]);
        growth *= 1.0 + metric(&tested, "total_return").as_f64().unwrap();
    }
    let total = walk["metrics"][0][1].as_f64().unwrap();
    assert!((total - (growth - 1.0)).abs() < 1e-12, "{total} {growth}");
    let cross = &walk["cross_validation"];
    assert_eq!((&cross["n_splits"], &cross["n_purged"], &cross["n_embargoed"]), (&6.into(), &1.into(), &1.into()));
    assert_eq!(cross["path_sharpes"].as_array().unwrap().len(), 3);
    let again = world.json(&[
        "walkforward",
        "--config",
        "study.yaml",
        "--method",
        "latin_hypercube",
        "--n",
        "10",
        "--workers",
        "1",
        "--results",
        "one",
    ]);
    assert_eq!(again["result"]["walk_id"], walk["walk_id"]);
    // Nothing else was tried in its folder: the curve is worth its probabilistic ratio.
    let trials = &again["result"]["trials"];
    let metrics = again["result"]["metrics"].as_array().unwrap();
    let probabilistic = &metrics.iter().find(|pair| pair[0] == "probabilistic_sharpe").unwrap()[1];
    assert_eq!((&trials["n_trials"], &trials["sharpe_threshold"]), (&1.into(), &0.0.into()));
    let apart = trials["deflated_sharpe"].as_f64().unwrap() - probabilistic.as_f64().unwrap();
    assert!(apart.abs() < 1e-12, "{trials} {probabilistic}");
    assert_eq!(files(&world, "one"), files(&world, "results"));
}

#[test]
fn searches_that_cannot_be_are_refused() {
    let world = study();
    let refused = |words: &[&str], expected: &[&str]| {
        world.run(&[words, &["--config", "study.yaml"]].concat()).refused(expected);
    };
    refused(&["optimize", "--objective", "sharp"], &["optimize.objective", "did you mean `sharpe`?"]);
    refused(&["optimize", "--require", "[trades > 3]"], &["optimize.require", "`trades` is no metric"]);
    refused(&["optimize", "--trials", "0"], &["optimize.trials", "from 1"]);
    refused(&["optimize", "--search", "halving", "--keep", "1"], &["optimize.keep", "between 0 and 1"]);
    refused(&["optimize", "--search", "halving", "--objective", "[sharpe, cagr]"], &["one objective"]);
    refused(&["walkforward", "--train", "ten days"], &["walkforward.train", "such as 90d"]);
    refused(&["walkforward", "--train", "400d"], &["too short for 400.0 days"]);
    refused(&["walkforward", "--step", "1d"], &["overlap"]);
    refused(&["walkforward", "--select", "worst"], &["best, plateau or top:N"]);
    refused(&["walkforward", "--groups", "2", "--test-groups", "2"], &["fewer than all"]);
    world.write("none.yaml", "backtest: {strategy: long_short, factor_set: s1}\n");
    world.run(&["optimize", "--config", "none.yaml"]).refused(&["nothing to vary", "sweep.parameters"]);
}

/// A walk-forward of the study.
fn walk(world: &World, options: &[&str]) -> Value {
    let words = ["walkforward", "--config", "study.yaml", "--method", "latin_hypercube", "--n", "10"];
    world.json(&[&words[..], options].concat())["result"].clone()
}

/// A text of a window.
fn text<'a>(window: &'a Value, name: &str) -> &'a str {
    window[name].as_str().unwrap_or_else(|| panic!("{name} of {window}"))
}

#[test]
fn a_killed_walk_goes_on_where_it_was() {
    let world = study();
    let whole = walk(&world, &["--results", "whole"]);
    assert_eq!(whole["n_done_before"], 0);
    let journal = |results: &str| format!("{results}/sweeps/{}/journal.bin", whole["walk_id"].as_str().unwrap());
    for part in [5, 2] {
        let words = ["walkforward", "--config", "study.yaml", "--method", "latin_hypercube", "--n", "10"];
        let words = [&words[..], &["--results", "killed", "--workers", "2"]].concat();
        world.kill_at(&words, &journal("killed"), world.size(&journal("whole")) / part);
    }
    let line = &world.json(&["runs", "list", "--results", "killed"])["result"]["runs"][0];
    assert_eq!((&line["kind"], &line["status"]), (&"walkforward".into(), &"begun".into()), "{line}");
    // What was never finished is in the ledger too.
    let begun = world.json(&["runs", "trials", "--results", "killed"])["result"]["hypotheses"][0].clone();
    // Of ten points five break the constraint.
    assert_eq!(begun["n_trials"], 5, "{begun}");
    let resumed = walk(&world, &["--results", "killed"]);
    assert!(resumed["n_done_before"].as_u64().unwrap() > 0, "{resumed}");
    assert_eq!(files(&world, "killed"), files(&world, "whole"), "after kills");
    assert_eq!(world.size(&journal("killed")), world.size(&journal("whole")), "nothing was done twice");
    // Its trials have a spread, so that the deflation of other runs knows it.
    let told = world.json(&["runs", "trials", "--results", "killed"])["result"]["hypotheses"][0].clone();
    assert_eq!((&told["n_trials"], &told["n_sweeps"]), (&5.into(), &1.into()), "{told}");
    assert!(told["sharpe_deviation"].as_f64().unwrap() > 0.0 && told["n_effective"].as_f64().unwrap() < 5.0, "{told}");
}

#[test]
fn walks_are_anchored_purged_and_choose_as_they_are_told() {
    let world = study();
    world.write("base.yaml", "backtest: {strategy: long_short, factor_set: s1, execution: close}\n");
    let anchored = walk(&world, &["--anchored"]);
    let windows = anchored["windows"].as_array().unwrap();
    assert!(windows.len() == 4 && windows.iter().all(|one| text(one, "train_start") == "2024-01-01T00:00:00Z"));
    assert_eq!(text(&windows[2], "train_end"), "2024-01-19T00:00:00Z");
    // A label of two days and an embargo of half of one lie between training and test.
    let purged = walk(&world, &["--label", "2d", "--embargo", "12h"]);
    let first = &purged["windows"][0];
    assert_eq!((text(first, "train_end"), text(first, "test_start")), ("2024-01-11T00:00:00Z", "2024-01-13T12:00:00Z"));
    assert_eq!(purged["cross_validation"]["n_purged"], 2);
    // Two sets in equal parts: the mean of their tests.
    let top = walk(&world, &["--select", "top:2"]);
    for window in top["windows"].as_array().unwrap() {
        let values = window["values"].as_array().unwrap();
        assert_eq!((values.len(), window["run_ids"].as_array().unwrap().len()), (2, 2));
        let gain = |values: &Value| {
            let run = backtest(&world, values.as_str().unwrap(), text(window, "test_start"), text(window, "test_end"));
            let metrics = run["metrics"].as_array().unwrap().clone();
            let total = metrics.iter().find(|metric| metric["name"] == "total_return").unwrap();
            total["value"].as_f64().unwrap()
        };
        let mean = values.iter().map(gain).sum::<f64>() / 2.0;
        assert!((window["total_return"].as_f64().unwrap() - mean).abs() < 1e-12, "{window}");
    }
    let best = walk(&world, &[]);
    let chosen = |walk: &Value| -> Vec<Value> {
        walk["windows"].as_array().unwrap().iter().map(|window| window["sets"].clone()).collect()
    };
    let plateau = walk(&world, &["--select", "plateau"]);
    assert_ne!(chosen(&plateau), chosen(&best), "a plateau is not the peak here");
    let metric =
        |name: &str| best["metrics"].as_array().unwrap().iter().find(|pair| pair[0] == name).unwrap()[1].clone();
    let waiting = metric("waiting").as_f64().unwrap();
    assert!(waiting > 0.0 && waiting < 0.5, "tests begin from cash: {waiting}");
    let page = world.text(&format!("{}/report.html", text(&best, "folder")));
    assert!(page.contains("begins from cash"));
}

/// A sampler in the shell: points from a generator of its own that begins with the seed; `{slow}` may wait.
const SAMPLER: &str = r#"#!/bin/sh
state=1
while read -r line; do
  case "$line" in
    *'"seed":'*) state=${line#*'"seed":'}; state=${state%%[,\}]*}; echo "$line" > told.txt ;;
    *'"tell":'*) echo "$line" >> told.txt ;;
    *'"ask":'*)
      n=${line#*'"ask":'}; n=${n%%[,\}]*}; points=
      while [ "$n" -gt 0 ]; do
        state=$(( (state * 1103515245 + 12345) % 2147483648 )); a=$(( state % 9973 ))
        state=$(( (state * 1103515245 + 12345) % 2147483648 )); b=$(( state % 4 + 1 ))
        points="$points,{\"factor\": \"return_5\", \"long_count\": 4, \"short_count\": $b, \"commission_bps\": $(( a % 21 ))}"
        n=$(( n - 1 ))
      done
      echo "{\"points\": [${points#,}]}" ;;
  esac
done
"#;

#[test]
fn a_program_of_the_users_proposes_sets() {
    let world = study();
    world.write("sampler.sh", SAMPLER);
    let options = ["--search", "external", "--program", "sh sampler.sh", "--trials", "12", "--search-seed", "7"];
    let whole = search(&world, &options);
    assert_eq!((&whole["n_sets"], &whole["n_failed"], &whole["method"]), (&12.into(), &0.into(), &"external".into()));
    // It was told the space, and what came of its points but the last ones.
    let told = world.text("told.txt");
    assert!(
        told.contains(r#""objectives":["maximise sharpe"]"#) && told.contains(r#""values":["return_5","return_20"]"#)
    );
    assert!(told.lines().count() >= 3 && told.contains(r#""losses":["#) && told.contains("backtest.commission_bps"));
    // One worker, and a second start after a cut journal: the same bytes.
    search(&world, &[&options[..], &["--workers", "1", "--results", "one"]].concat());
    assert_eq!(files(&world, "one"), files(&world, "results"));
    let journal = world.files("results/sweeps").into_iter().find(|(name, _)| name.ends_with("journal.bin"));
    let (name, bytes) = journal.expect("a journal");
    world.write(&format!("cut/sweeps/{name}"), &bytes[..bytes.len() * 3 / 5]);
    let resumed = search(&world, &[&options[..], &["--results", "cut"]].concat());
    assert!(resumed["n_done_before"].as_u64().unwrap() >= 4, "{resumed}");
    assert_eq!(files(&world, "cut"), files(&world, "results"));
    let options = ["--search", "external", "--program", "sh sampler.sh", "--trials", "12", "--search-seed", "8"];
    let other = search(&world, &[&options[..], &["--results", "other"]].concat());
    assert_ne!(other["best"][0]["values"], whole["best"][0]["values"]);
}

#[test]
fn programs_that_misbehave_are_named() {
    let world = study();
    let refused = |script: &str, words: &[&str]| {
        world.write("bad.sh", script);
        let base = ["optimize", "--config", "study.yaml", "--search", "external", "--program-timeout", "0.5"];
        world.run(&[&base[..], &["--program", "sh bad.sh"]].concat()).refused(&[&["sh bad.sh"], words].concat());
    };
    refused("exit 3\n", &["ended before the search did", "3"]);
    refused("cat > /dev/null\n", &["gave no answer in 0.5 s", "program_timeout"]);
    refused("echo hello; cat > /dev/null\n", &["answered `hello`", "expected one line such as"]);
    refused("echo '{\"points\": [[0.5]]}'; cat > /dev/null\n", &["is not 4 places"]);
    refused("echo '{\"points\": [[0.5, 0.5, 0.5, 1.0]]}'; cat > /dev/null\n", &["from 0 to below 1"]);
    refused("echo '{\"points\": [{\"k\": 3}]}'; cat > /dev/null\n", &["`k` is no parameter of the search"]);
    refused("echo '{\"points\": 7}'; cat > /dev/null\n", &["there is no list `points`"]);
    let external = ["optimize", "--config", "study.yaml", "--search", "external"];
    world.run(&external).refused(&["optimize.program", "expected a command"]);
    world.run(&[&external[..], &["--program", "no-such-program-here"]].concat()).refused(&["cannot be started"]);
    world.run(&[&external[..], &["--program", "sh", "--program-timeout", "0"]].concat()).refused(&["seconds above 0"]);
    // Nothing more to propose ends the search.
    world.write("empty.sh", "echo '{\"points\": []}'; cat > /dev/null\n");
    world.run(&[&external[..], &["--program", "sh empty.sh"]].concat()).refused(&["proposes no set"]);
}

#[test]
fn a_search_over_several_strategies_counts_each_also_when_it_is_killed() {
    let world = World::with_market();
    world.write(
        "study.yaml",
        "backtest: {timeframe: 1h, symbols: [AAAUSDT]}\nsweep:\n  best: 0\n  parameters: {strategy: [sma_cross, ema_cross], \
         fast: {from: 2, to: 8}, slow: {from: 9, to: 40}}\noptimize: {trials: 48, batch: 4, initial: 16}\n",
    );
    let trials = |results: &str| {
        let told = world.json(&["runs", "trials", "--results", results])["result"].clone();
        assert_eq!(told["ledger"]["problems"].as_array().map(Vec::len), Some(0), "{told}");
        let counts = told["hypotheses"].as_array().unwrap().iter();
        counts.map(|one| (text(one, "name").to_owned(), one["n_trials"].as_u64().unwrap())).collect::<Vec<_>>()
    };
    let whole = search(&world, &["--results", "whole"]);
    let of_whole = trials("whole");
    assert_eq!(of_whole.len(), 2, "{of_whole:?}");
    assert_eq!(of_whole.iter().map(|(_, n)| n).sum::<u64>(), whole["n_sets"].as_u64().unwrap(), "{of_whole:?}");
    let journal = |results: &str| format!("{results}/sweeps/{}/journal.bin", text(&whole, "sweep_id"));
    let words = ["optimize", "--config", "study.yaml", "--results", "killed", "--workers", "1"];
    world.kill_at(&words, &journal("killed"), world.size(&journal("whole")) / 2);
    let of_killed = trials("killed");
    let n_killed: u64 = of_killed.iter().map(|(_, n)| n).sum();
    // Half was done; whoever was asked last counts although nothing came of it.
    assert!(of_killed.len() == 2 && (24..48).contains(&n_killed), "{of_killed:?}");
    assert!(of_killed.iter().zip(&of_whole).all(|(killed, whole)| killed.1 <= whole.1), "{of_killed:?} {of_whole:?}");
    search(&world, &["--results", "killed"]);
    assert_eq!(trials("killed"), of_whole);
}
