//! `stress`, `runs judge`, `runs trials`: every scenario is the backtest it stands for, verdicts and counts are
//! those of the files, and what was taken out of the ledger shows.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::made_runs::{RULES, metric, number, result, run};
use crate::world::World;

/// The rows of a stress test.
fn rows(found: &Value) -> Vec<Value> {
    found["rows"].as_array().unwrap().clone()
}

#[test]
fn scenarios_are_the_backtests_they_stand_for() {
    let world = World::with_market();
    let own = run(&world, &[]);
    let found = result(&world, &["stress", "latest", "--parts", "3", "--drops", "2"]);
    let rows = rows(&found);
    let groups: BTreeSet<&str> = rows.iter().map(|row| row["group"].as_str().unwrap()).collect();
    for group in [
        "as it is",
        "sub-periods",
        "universes",
        "symbol drop-out",
        "execution",
        "delayed execution",
        "costs",
        "noisy prices",
        "market regimes",
        "shuffled returns",
    ] {
        assert!(groups.contains(group), "{group}: {groups:?}");
    }
    assert_eq!(rows[0]["run_id"], own["run_id"]);
    let of = |name: &str| rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("{name}: {found}"));
    let settings = |name: &str| of(name)["settings"].to_string();
    assert_eq!(settings("doubled"), r#"["backtest.commission_bps=10","backtest.slippage_bps=6"]"#);
    assert_eq!(settings("1 bar later"), r#"["backtest.venue_rules.latency=1h"]"#);
    assert_eq!(settings("next_close"), r#"["backtest.execution=next_close"]"#);
    let mut n_checked = 0;
    for row in rows.iter().skip(1).filter(|row| row["run_id"].is_string()) {
        let pairs: Vec<&str> = row["settings"].as_array().unwrap().iter().map(|pair| pair.as_str().unwrap()).collect();
        let words: Vec<&str> = pairs.iter().flat_map(|pair| ["--set", pair]).collect();
        let made = run(&world, &words);
        assert_eq!(made["run_id"], row["run_id"], "{row}");
        for name in ["sharpe", "total_return", "max_drawdown", "n_trades"] {
            assert_eq!(metric(&made, name), row[name], "{name} of {row}");
        }
        n_checked += 1;
    }
    // Parts; halves and without the best; draws; prices; delays; costs.
    assert_eq!(n_checked, 3 + 3 + 2 + 3 + 2 + 3, "{found}");
    // The same days in another order earn the same.
    let shuffled = rows.iter().find(|row| row["group"] == "shuffled returns").unwrap();
    assert!((number(&shuffled["total_return"]) - number(&rows[0]["total_return"])).abs() < 1e-12);
    let lines: Vec<f64> = found["reordered"]["lines"].as_array().unwrap().iter().map(number).collect();
    assert_eq!(number(&shuffled["max_drawdown"]), lines[0]);
    assert!(lines[0] < lines[1] && lines[1] < lines[2] && lines[2] < 0.0, "{lines:?}");
}

#[test]
fn orders_that_come_late_are_no_longer_those_that_came_in_time() {
    let world = World::with_market();
    for execution in ["close", "next_open", "next_close", "next_vwap"] {
        let own = run(&world, &["--execution", execution]);
        let found = result(&world, &["stress", own["run_id"].as_str().unwrap(), "--parts", "1", "--drops", "0"]);
        let rows = rows(&found);
        let late = rows.iter().filter(|row| row["group"] == "delayed execution").chain([&rows[0]]);
        let returns: BTreeSet<String> = late.map(|row| row["total_return"].to_string()).collect();
        assert_eq!(returns.len(), 3, "{execution}: {returns:?}");
    }
}

#[test]
fn stress_is_seeded_and_without_noise_changes_nothing() {
    let world = World::with_market();
    run(&world, &[]);
    let stress = |options: &[&str]| result(&world, &[&["stress", "latest"], options].concat());
    let (one, again) = (stress(&["--seed", "3"]), stress(&["--seed", "3", "--threads", "1"]));
    assert_eq!(one, again);
    let other = stress(&["--seed", "4"]);
    let named = |found: &Value, name: &str| rows(found).into_iter().find(|row| row["name"] == name).unwrap();
    assert_ne!(named(&one, "10 bps")["sharpe"], named(&other, "10 bps")["sharpe"]);
    assert_eq!(named(&one, "doubled"), named(&other, "doubled"));
    let still = stress(&["--noise-bps", "0"]);
    let (base, noisy) = (rows(&still)[0].clone(), named(&still, "0 bps"));
    assert_eq!([&base["sharpe"], &base["total_return"]], [&noisy["sharpe"], &noisy["total_return"]]);
    let none = stress(&["--parts", "0", "--drops", "0", "--shuffles", "0"]);
    assert!(none["shuffled_p"].is_null() && rows(&none).iter().all(|row| row["group"] != "sub-periods"));
    // Without a run: the settings' own is made first, and entered.
    let made = result(&world, &[&["stress"], &RULES[1..], &["--commission-bps", "7", "--html", "page.html"]].concat());
    assert_eq!(made["run_id"], run(&world, &["--commission-bps", "7"])["run_id"]);
    let page = world.text("page.html");
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("delayed execution") && !page.contains("://"));
}

#[test]
fn strategies_that_act_at_every_bar_are_stressed_like_others() {
    let world = World::with_market();
    let symbols = ["--symbols", "AAAUSDT,BBBUSDT,CCCUSDT", "--execution", "close"];
    let stress = |options: &[&str]| result(&world, &[&["stress", "latest"], options].concat());
    let regimes = |found: &Value| -> Vec<Value> {
        let of = |row: &Value| row["group"] == "market regimes";
        rows(found).into_iter().filter(of).map(|row| row["name"].clone()).collect()
    };
    result(
        &world,
        &[&["backtest", "--strategy", "top_k", "--param", "k=1", "--param", "factor=return_5"], &symbols[..]].concat(),
    );
    let of_rule = regimes(&stress(&[]));
    let sma = ["backtest", "--strategy", "sma_cross", "--timeframe", "1h", "--param", "fast=3", "--param", "slow=9"];
    result(&world, &[&sma[..], &symbols[..]].concat());
    let found = stress(&[]);
    assert_eq!((regimes(&found), of_rule.len()), (of_rule, 4), "the market is the same");
    // It reads no scores to be taken from another time: told once, not fatal.
    let not_run: Vec<Value> = rows(&found).into_iter().filter(|row| row["group"] == "shuffled").collect();
    assert!(not_run.len() == 1 && not_run[0]["standing"] == "not_run" && found["shuffled_p"].is_null(), "{not_run:?}");
    // Prices with noise are other prices, those without the same.
    let named = |found: &Value, name: &str| rows(found).into_iter().find(|row| row["name"] == name).unwrap();
    let noisy = named(&found, "10 bps")["sharpe"].as_f64().unwrap();
    let other = named(&stress(&["--seed", "4"]), "10 bps")["sharpe"].as_f64().unwrap();
    let own = rows(&found)[0]["sharpe"].as_f64().unwrap();
    assert!(noisy != own && noisy != other && (noisy - own).abs() < 5.0, "{own} {noisy} {other}");
    assert_eq!(named(&stress(&["--noise-bps", "0"]), "0 bps")["sharpe"].as_f64(), Some(own));
}

#[test]
fn hostile_stress_is_refused() {
    let world = World::with_market();
    world.run(&["stress", "latest"]).refused(&["latest"]);
    run(&world, &[]);
    let refused = |options: &[&str], words: &[&str]| {
        world.run(&[&["stress", "latest"], options].concat()).refused(words);
    };
    refused(&["--drop-share", "1"], &["stress.drop_share (from --drop-share)", "below 1, found 1"]);
    refused(&["--drop-share", "nan"], &["drop_share"]);
    refused(&["--noise-bps=-1"], &["stress.noise_bps (from --noise-bps)", "found -1"]);
    refused(&["--parts", "1000000"], &["stress.parts (from --parts)", "at most 1000, found 1000000"]);
    refused(&["--parts", "many"], &["many"]);
    refused(&["--criteria", "sharp >= 1"], &["stress.criteria", "`sharpe`"]);
    refused(&["--html", "nowhere/page.html"], &["nowhere/page.html"]);
    world.run(&["stress", "0000"]).refused(&["0000"]);
    world.run(&["stress", "--strategy", "top_q"]).refused(&["did you mean `top_k`?"]);
    fs::remove_dir_all(world.path("hub")).unwrap();
    assert_eq!(world.run(&["stress", "latest"]).status, 2);
}

#[test]
fn verdicts_are_those_of_the_runs_own_numbers() {
    let world = World::with_market();
    let made = run(&world, &[]);
    let judge = |criteria: &str| world.run(&["runs", "judge", "latest", "--criteria", criteria, "--json"]);
    let value = number(&metric(&made, "win_rate"));
    let passed = judge(&format!("win_rate >= {value}, max_drawdown <= 99%"));
    assert_eq!(passed.status, 0, "{}", passed.out);
    let failed = judge(&format!("win_rate > {value}, max_drawdown <= 99%"));
    assert_eq!(failed.status, 1);
    let verdicts = failed.json()["result"]["verdicts"].clone();
    assert_eq!((&verdicts[0]["passed"], &verdicts[1]["passed"]), (&false.into(), &true.into()), "{verdicts}");
    assert_eq!(number(&verdicts[0]["value"]), value);
    assert_eq!(number(&verdicts[1]["value"]), -number(&metric(&made, "max_drawdown")));
    let growth = judge("annual_return >= -1").json()["result"]["verdicts"][0]["value"].clone();
    assert_eq!(growth, metric(&made, "cagr"));
    // Without a benchmark there is no beta, and what is not known fulfils nothing.
    assert_eq!(judge("beta >= -1000").status, 1);
    // The deflated ratio is the ledger's as it is now.
    run(&world, &["--commission-bps", "9"]);
    let shown = result(&world, &["runs", "show", made["run_id"].as_str().unwrap()]);
    let criteria = ["--criteria", "deflated_sharpe > 0.95", "--json"];
    let of_first = [&["runs", "judge", made["run_id"].as_str().unwrap()], &criteria[..]].concat();
    let told = world.run(&of_first).json()["result"]["verdicts"][0]["value"].clone();
    assert_eq!(told, shown["trials"]["deflated_sharpe"]);
    world.write("live.yaml", "stress: {criteria: [win_rate >= 0.99, max_drawdown <= 0.2]}\n");
    assert_eq!(world.run(&["runs", "judge", "latest", "--config", "live.yaml"]).status, 1);
    let stressed = world.run(&["stress", "latest", "--config", "live.yaml"]);
    assert_eq!(stressed.status, 1, "{}", stressed.err);
    assert!(stressed.out.contains("win_rate >= 0.99") && stressed.out.contains("failed"), "{}", stressed.out);
    for (criteria, words) in [
        ("win_rate", "a metric, one of"),
        ("win_rate == 1", "a metric, one of"),
        ("winrate >= 1", "`win_rate`"),
        ("", "no go-live criteria"),
    ] {
        world.run(&["runs", "judge", "latest", "--criteria", criteria]).refused(&[words]);
    }
}

/// The hypotheses of the ledger by name, and the exit status.
fn trials(world: &World) -> (Value, i32) {
    let answer = world.run(&["runs", "trials", "--json"]);
    (answer.json()["result"].clone(), answer.status)
}

/// The one hypothesis of a strategy.
fn of(found: &Value, strategy: &str) -> Value {
    let all = found["hypotheses"].as_array().unwrap();
    let mut named = all.iter().filter(|one| one["name"].as_str().unwrap().starts_with(strategy));
    let one = named.next().unwrap_or_else(|| panic!("{strategy}: {found}")).clone();
    assert!(named.next().is_none(), "{found}");
    one
}

#[test]
fn every_run_counts_once_and_deleting_folders_takes_nothing_away() {
    let world = World::with_market();
    // Costs of their own, so that they are none of the sweep's sets.
    run(&world, &["--commission-bps", "4"]);
    run(&world, &["--commission-bps", "6"]);
    run(&world, &["--commission-bps", "4"]);
    assert_eq!(world.run(&[&RULES[..], &["--start", "2031-01-01"]].concat()).status, 2);
    world.write(
        "sweep.yaml",
        "backtest: {strategy: top_k, factor_set: s1, params: {factor: return_5}}\n\
         sweep: {best: 2, parameters: {k: [1, 2, 3, 99], rebalance: [5, D]}}\n",
    );
    result(&world, &["sweep", "--config", "sweep.yaml"]);
    result(&world, &["stress", "latest"]);
    let (found, status) = trials(&world);
    let top_k = of(&found, "top_k");
    // Two runs, one failure, eight sets (two of them fail): folders of the best are among the eight, stress is no trial.
    let counts = ["n_trials", "n_runs", "n_failed", "n_sets", "n_sweeps", "n_stress"].map(|name| &top_k[name]);
    assert_eq!(counts, [11, 2, 1, 8, 1, 1], "{top_k}");
    assert_eq!(status, 0);
    fs::remove_dir_all(world.path("results/top_k")).unwrap();
    fs::remove_dir_all(world.path("results/sweeps")).unwrap();
    assert_eq!(of(&trials(&world).0, "top_k"), top_k);
    let text = world.run(&["runs", "trials"]).good().out;
    assert!(text.contains("stress tests"), "{text}");
}

#[test]
fn whoever_edits_the_ledger_is_seen() {
    let world = World::with_market();
    for k in ["1", "2", "3"] {
        run(&world, &["--param", &format!("k={k}")]);
    }
    let ledger = world.text("results/runs.jsonl");
    let head = trials(&world).0["ledger"]["head"]["hash"].as_str().unwrap().to_owned();
    let lines: Vec<&str> = ledger.lines().collect();
    let problems = |text: String| {
        world.write("results/runs.jsonl", text);
        let (found, status) = trials(&world);
        assert_eq!(status, 1, "{found}");
        found["ledger"]["problems"].to_string()
    };
    let number = lines[1].split("\"sharpe\":").nth(1).unwrap().split(',').next().unwrap();
    let edited = lines[1].replacen(number, "9.5", 1);
    assert_ne!(edited, lines[1]);
    assert!(problems(format!("{}\n{edited}\n{}\n", lines[0], lines[2])).contains("line"));
    problems(format!("{}\n{}\n", lines[0], lines[2]));
    problems(format!("{}\n{}\n{}\n", lines[1], lines[0], lines[2]));
    assert!(problems(format!("{}\n{}\n", lines[0], lines[1])).contains("taken off the end"));
    problems(String::new());
    // The next run does not cover it up.
    world.write("results/runs.jsonl", format!("{}\n{}\n", lines[0], lines[1]));
    run(&world, &["--param", "k=4"]);
    assert_eq!(trials(&world).1, 1);
    // Nor does it when the index is gone besides, from which the end would be known.
    world.write("results/runs.jsonl", format!("{}\n{}\n", lines[0], lines[1]));
    fs::remove_file(world.path("results/index.json")).unwrap();
    run(&world, &["--param", "k=5"]);
    let (found, status) = trials(&world);
    assert!(status == 1 && found["ledger"]["problems"].to_string().contains("index.json"), "{found}");
    // Whoever removes ledger, index and folders leaves nothing: a head that was noted shows it.
    fs::remove_dir_all(world.path("results")).unwrap();
    run(&world, &[]);
    assert_eq!(trials(&world).1, 0);
    assert_eq!(world.run(&["runs", "trials", "--head", &head]).status, 1);
    let own = trials(&world).0["ledger"]["head"]["hash"].as_str().unwrap().to_owned();
    world.run(&["runs", "trials", "--head", &own]).good();
}

#[test]
fn a_sweep_that_was_killed_counts_with_all_it_was_to_try() {
    let world = World::with_market();
    world.write(
        "sweep.yaml",
        "backtest: {strategy: long_short, factor_set: s1, params: {factor: return_5}}\n\
         sweep: {best: 1, parameters: {rebalance: {from: 1, to: 300}}}\n\
         parameter_sets: {two: {strategy: top_k, k: 2}, three: {strategy: top_k, k: 3}}\n",
    );
    let words = ["sweep", "--config", "sweep.yaml", "--workers", "1"];
    let id = result(&world, &[&words[..], &["--results", "elsewhere"]].concat())["sweep_id"].clone();
    world.kill_at(&words, &format!("results/sweeps/{}/journal.bin", id.as_str().unwrap()), 20_000);
    let (found, status) = trials(&world);
    assert_eq!((of(&found, "long_short")["n_trials"].clone(), status), (300.into(), 0), "{found}");
    assert_eq!(of(&found, "top_k")["n_trials"], 2);
    assert!(of(&found, "long_short")["sharpe_best"].is_null());
    let finished = result(&world, &["sweep", "--config", "sweep.yaml"]);
    assert!(finished["n_done_before"].as_u64().unwrap() > 0);
    let (found, _) = trials(&world);
    assert_eq!(
        (of(&found, "long_short")["n_trials"].clone(), of(&found, "top_k")["n_sets"].clone()),
        (300.into(), 2.into())
    );
    assert!(of(&found, "long_short")["sharpe_best"].is_number());
    // Sweeps are no runs to verify.
    world.run(&["runs", "verify"]).good();
}
