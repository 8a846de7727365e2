//! `runs contest`: equal terms are equal, each row is a run of its own, what is not equal is told; and go-live criteria, whose
//! verdicts every command gives.

use std::fs;

use serde_json::{Value, json};

use crate::made_runs::{RULES, metric, number, result, run};
use crate::world::{World, with};

/// The id of a run.
fn id(run: &Value) -> &str {
    run["run_id"].as_str().unwrap_or_else(|| panic!("{run}"))
}

/// What was made of a term.
fn term<'a>(found: &'a Value, name: &str) -> &'a Value {
    let mut terms = found["terms"].as_array().unwrap().iter();
    terms.find(|term| term["term"] == name).unwrap_or_else(|| panic!("no {name}: {}", found["terms"]))
}

/// Terms of every kind that are not those of a plain run.
const OTHER_TERMS: [&str; 24] = [
    "--commission-bps",
    "80",
    "--slippage",
    "volume_share:0.1",
    "--capital",
    "5000",
    "--execution",
    "next_close",
    "--latency",
    "1h",
    "--participation",
    "0.5",
    "--borrow",
    "0.3",
    "--leverage",
    "2",
    "--stop-loss",
    "0.01",
    "--max-position",
    "0.2",
    "--orders",
    "limit:0.001",
    "--universe",
    "bars(2d) top 3",
];

#[test]
fn a_contest_is_on_equal_terms() {
    let world = World::with_market();
    let one = run(&world, &["--start", "2024-01-03"]);
    let far =
        run(&world, &[&OTHER_TERMS[..], &["--end", "2024-01-22", "--symbols", "AAAUSDT,BBBUSDT,CCCUSDT"]].concat());
    let other = run(&world, &["--param", "k=4"]);
    let words = [&["runs", "contest", id(&one), id(&far), id(&other)][..]].concat();
    let found = result(&world, &words);
    // Alike but for terms: on equal terms the same run, which is that of these dates.
    let dates = ["--start", "2024-01-03", "--end", "2024-01-22"];
    let alone = run(&world, &dates);
    let contestants = found["contestants"].as_array().unwrap();
    assert_eq!([&contestants[0]["run_id"], &contestants[1]["run_id"]], [&alone["run_id"]; 2], "{found}");
    let four = run(&world, &[&dates[..], &["--param", "k=4"]].concat());
    assert_eq!(contestants[2]["run_id"], four["run_id"]);
    for (row, made) in [(&contestants[0], &alone), (&contestants[2], &four)] {
        for name in ["sharpe", "total_return", "volatility", "max_drawdown", "n_trades"] {
            assert_eq!(row[name], metric(made, name), "{name}");
        }
        let shown = result(&world, &["runs", "show", id(row)]);
        assert_eq!(row["deflated_sharpe"], shown["trials"]["deflated_sharpe"], "after the trials of all rows");
    }
    let pair = &found["pairs"][0];
    assert_eq!((number(&pair["mean_difference"]), number(&pair["p"])), (0.0, 1.0));
    assert!((number(&pair["correlation"]) - 1.0).abs() < 1e-12);
    let lines = found["pairs"][1]["sharpe_lines"].clone();
    let difference = number(&found["pairs"][1]["sharpe_difference"]);
    assert!(number(&lines[0]) < difference && difference < number(&lines[1]), "{found}");
    // Every term that differed is told, with what each run had.
    for (name, own, all) in [
        ("commission", "commission_bps=80.0", "commission_bps=5.0"),
        ("capital", "5000.0", "1000000.0"),
        ("execution", "next_close", "next_open"),
        ("symbols", "symbols=AAAUSDT,BBBUSDT,CCCUSDT", "-"),
    ] {
        let told = term(&found, name);
        assert_eq!((&told["own"][1], &told["all"]), (&json!(own), &json!(all)), "{told}");
    }
    for name in ["slippage", "venue_rules", "borrow", "margin", "risk", "limits", "orders", "universe", "dates"] {
        assert!(term(&found, name)["reason"].is_null() && term(&found, name)["all"].is_string(), "{name}");
    }
    assert_eq!(term(&found, "risk")["own"][1], "stop_loss=0.01");
    assert_eq!(term(&found, "orders")["own"], json!(["-", "type=limit:0.001 tif=gtc post_only=false", "-"]));
    assert_eq!(term(&found, "dates")["all"], "2024-01-03T00:00:00Z to 2024-01-22T00:00:00Z");
    let text = world.run(&words).good().out;
    assert!(text.contains("commission_bps=80.0") && text.contains(id(&alone)), "{text}");
    assert!(text.contains("is the first run itself"), "{text}");
}

#[test]
fn what_stays_each_runs_own_is_told() {
    let world = World::with_market();
    let one = run(&world, &[]);
    let other = run(&world, &["--commission-bps", "80", "--capital", "5000", "--rebalance", "5"]);
    let kept = result(&world, &["runs", "contest", id(&one), id(&other), "--keep", "commission"]);
    assert_eq!(term(&kept, "commission")["reason"], "kept, as asked");
    assert_eq!(term(&kept, "rebalance")["reason"], "the strategy's own");
    let alone = run(&world, &["--commission-bps", "80", "--rebalance", "5"]);
    assert_eq!(kept["contestants"][1]["run_id"], alone["run_id"]);
    assert_eq!(kept["contestants"][0]["run_id"], one["run_id"], "equal terms are the first run's");
    // A strategy of another kind, on terms that it cannot have.
    let every_bar =
        ["backtest", "--strategy", "sma_cross", "--symbols", "AAAUSDT", "--timeframe", "1h", "--param", "fast=3"];
    let crossing = result(&world, &every_bar);
    let found = result(&world, &["runs", "contest", id(&crossing), id(&one), "--keep", "symbols"]);
    assert_eq!(term(&found, "symbols")["reason"], "kept, as asked");
    assert!(found["terms"].as_array().unwrap().iter().all(|term| term["term"] != "execution"), "{found}");
    let words = ["runs", "contest", id(&crossing), id(&one)];
    world.run(&words).refused(&[id(&one), "on the terms of run", "--keep"]);
    world.run(&[&words[..], &["--keep", "symbol"]].concat()).refused(&["`symbols`"]);
    world.run(&["runs", "contest", id(&one), "0000"]).refused(&["0000"]);
    assert_eq!(world.run(&["runs", "contest", id(&one)]).status, 2);
    let early = run(&world, &["--end", "2024-01-05"]);
    let late = run(&world, &["--start", "2024-01-20"]);
    world.run(&["runs", "contest", id(&early), id(&late)]).refused(&["no dates in common", "2024-01-05", "2024-01-20"]);
}

#[test]
fn rows_of_a_contest_are_trials() {
    let world = World::with_market();
    let one = run(&world, &[]);
    let other = run(&world, &["--commission-bps", "80"]);
    let n_trials = |name: &str| {
        let found = result(&world, &["runs", "trials"]);
        let all = found["hypotheses"].as_array().unwrap().clone();
        all.iter().find(|one| one["name"].as_str().unwrap().starts_with(name)).unwrap()["n_trials"].clone()
    };
    assert_eq!(n_trials("top_k"), 2);
    // Both rows are the first run: nothing new was tried.
    result(&world, &["runs", "contest", id(&one), id(&other)]);
    assert_eq!(n_trials("top_k"), 2);
    let third = run(&world, &["--param", "k=3"]);
    result(&world, &["runs", "contest", id(&other), id(&third)]);
    assert_eq!(n_trials("top_k"), 4, "the third run, and that at the costs of the other");
}

/// Criteria: one that is passed, one that is not, one of a metric that is undefined without a benchmark, and the deflated ratio.
const CRITERIA: &str = "max_drawdown <= 99%, win_rate > 2, beta >= -1000, deflated_sharpe > 0.95";

/// What criteria came to: the words of each verdict.
fn words(verdicts: &Value) -> Vec<&str> {
    verdicts.as_array().unwrap().iter().map(|one| one["verdict"].as_str().unwrap()).collect()
}

#[test]
fn every_command_gives_a_verdict_for_each_criterion() {
    let world = World::with_market();
    let json = |words: &[&str]| world.json_of(&[words, &["--criteria", CRITERIA]].concat(), 1)["result"].clone();
    // Costs of its own, so that it is none of the sweep's sets.
    let made = json(&with(&RULES, &["--commission-bps", "4"]));
    assert_eq!(words(&made["verdicts"]), ["passed", "failed", "failed", "failed"]);
    assert_eq!(made["verdicts"][2]["reason"], "undefined");
    assert_eq!(made["verdicts"][3]["value"], made["trials"]["deflated_sharpe"]);
    let passed = run(&world, &["--commission-bps", "4", "--criteria", "max_drawdown <= 99%"]);
    assert_eq!(passed["verdicts"][0]["passed"], true);

    let body = "backtest: {strategy: top_k, factor_set: s1, params: {factor: return_5}}\n\
         sweep: {best: 1, parameters: {k: [1, 2, 3], rebalance: [5, D]}}\n\
         walkforward: {train: 8d, test: 4d}\noptimize: {trials: 5, initial: 3}\n";
    world.write("study.yaml", body);
    let swept = json(&["sweep", "--config", "study.yaml"]);
    let best = swept["best"].as_array().unwrap();
    assert!(
        best.len() == 6 && best.iter().all(|set| words(&set["verdicts"]) == ["passed", "failed", "failed", "failed"])
    );
    assert_eq!(swept["n_meeting"], 0);
    // Of sets without a folder too the ledger says what it says of their runs, which are no further trials.
    result(&world, &["sweep", "--config", "study.yaml", "--best", "6"]);
    for set in best {
        let shown = result(&world, &["runs", "show", id(set)]);
        let (own, told) = (&shown["trials"]["deflated_sharpe"], &set["verdicts"][3]["value"]);
        assert!((number(own) - number(told)).abs() < 1e-12, "{own} {told}");
    }
    let all = result(&world, &["sweep", "--config", "study.yaml", "--criteria", "max_drawdown <= 99%"]);
    assert_eq!((&all["n_meeting"], &all["best"][0]["verdicts"][0]["passed"]), (&json!(6), &json!(true)));
    let searched = json(&["optimize", "--config", "study.yaml"]);
    assert_eq!(words(&searched["best"][0]["verdicts"]), ["passed", "failed", "failed", "failed"]);

    let walked = json(&["walkforward", "--config", "study.yaml"]);
    assert_eq!(words(&walked["verdicts"]), ["passed", "failed", "no_verdict", "failed"]);
    assert_eq!(walked["verdicts"][3]["value"], walked["trials"]["deflated_sharpe"]);
    // The backtest, the sets of the sweep and of the search, and the walk-forward itself.
    let n_sets = number(&swept["n_sets"]) + number(&searched["n_sets"]);
    assert_eq!(number(&walked["trials"]["n_trials"]), 2.0 + n_sets, "{}", walked["trials"]);
    let page = fs::read_to_string(world.path(walked["report"].as_str().unwrap())).unwrap();
    assert!(page.contains("curve has no beta") && page.contains("Deflated Sharpe of the curve"));

    let stressed = json(&["stress", id(&made), "--drops", "1"]);
    assert_eq!(words(&stressed["verdicts"]), ["passed", "failed", "failed", "failed"]);
    for row in stressed["rows"].as_array().unwrap() {
        let expected: &[&str] = match (row["group"].as_str().unwrap(), row["run_id"].is_string()) {
            ("as it is", _) => &["passed", "failed", "failed", "failed"],
            (_, true) | ("noisy prices", _) => &["passed", "failed", "failed", "no_verdict"],
            _ => &["passed", "no_verdict", "no_verdict", "no_verdict"],
        };
        assert_eq!(words(&row["verdicts"]), expected, "{row}");
    }
    let other = run(&world, &["--param", "k=3"]);
    let contest = json(&["runs", "contest", id(&made), id(&other)]);
    assert_eq!(words(&contest["contestants"][1]["verdicts"]), ["passed", "failed", "failed", "failed"]);
    let text = world.run(&[&RULES[..], &["--criteria", CRITERIA]].concat()).out;
    assert!(text.contains("failed: undefined"), "{text}");
}

#[test]
fn the_page_of_a_sweep_has_the_verdicts_of_its_summary() {
    let world = World::with_market();
    world.write(
        "study.yaml",
        "backtest: {strategy: top_k, factor_set: s1, params: {factor: return_5}, rebalance: 5}\n\
         sweep: {best: 1, parameters: {k: [1, 2, 3]}}\noptimize: {trials: 3, initial: 3}\n",
    );
    let page = |words: &[&str]| {
        let told = world.run(&[words, &["--config", "study.yaml", "--json"]].concat()).out;
        let told: Value = serde_json::from_str(&told).unwrap();
        let page = fs::read_to_string(world.path(told["result"]["report"].as_str().unwrap())).unwrap();
        (told["result"].clone(), page)
    };
    assert!(!page(&["sweep"]).1.contains("Go-live criteria"), "there are none");
    let criteria = ["--criteria", "max_drawdown <= 99%, sharpe >= 1000, deflated_sharpe > 0"];
    for command in ["sweep", "optimize"] {
        let (told, text) = page(&[&[command][..], &criteria].concat());
        let section = text.split("Go-live criteria").last().unwrap().split("Luck or skill").next().unwrap().to_owned();
        let verdicts = &told["best"][0]["verdicts"];
        assert_eq!(words(verdicts), ["passed", "failed", "passed"]);
        for verdict in verdicts.as_array().unwrap() {
            assert!(section.contains(&format!("{:.4}", number(&verdict["value"]).abs())), "{verdict} {section}");
        }
        let missed = section.matches("2 of 3; sharpe &gt;= 1000").count();
        assert_eq!(missed, told["best"].as_array().unwrap().len(), "{section}");
        assert!(section.contains("0 of 3 sets meet all criteria"), "{section}");
        let n_trials = number(&told["trials"]["n_trials"]);
        assert!(section.contains(&format!("when this page was written, {n_trials} with")), "{section}");
        assert!(page(&[&[command][..], &criteria].concat()).1 == text, "made again, it says the same");
        let described = world.text(&format!("{}/sweep.json", told["folder"].as_str().unwrap()));
        let found = &serde_json::from_str::<Value>(&described).unwrap()["statistics"]["report"];
        let luck = &told["luck"];
        assert_eq!(luck["probability_of_overfitting"], found["overfitting"]["probability"]);
        assert_eq!(luck["spa_p"], found["superiority"]["spa_consistent_p"]);
        let shown = world.run(&[command, "--config", "study.yaml"]).out;
        let p = format!("{:.3} (reality check)", number(&found["superiority"]["reality_check_p"]));
        assert!(shown.contains(&p), "{p} {shown}");
    }
}

#[test]
fn the_trades_of_all_tests_are_those_of_their_runs() {
    let world = World::with_market();
    world.write(
        "study.yaml",
        "backtest: {strategy: top_k, factor_set: s1, params: {factor: return_5}, rebalance: 5}\n\
         sweep: {best: 1, parameters: {k: [1, 2, 3]}}\nwalkforward: {train: 8d, test: 4d, select: 'top:2'}\n",
    );
    let walked = result(&world, &["walkforward", "--config", "study.yaml"]);
    let (mut n_trades, mut n_won) = (0.0, 0.0);
    for window in walked["windows"].as_array().unwrap() {
        let dates = [window["test_start"].as_str().unwrap(), window["test_end"].as_str().unwrap()];
        let mut sharpes = Vec::new();
        for (values, run_id) in window["values"].as_array().unwrap().iter().zip(window["run_ids"].as_array().unwrap()) {
            let k = values.as_str().unwrap().rsplit('=').next().unwrap();
            let k = format!("k={k}");
            let made = run(&world, &["--param", &k, "--rebalance", "5", "--start", dates[0], "--end", dates[1]]);
            assert_eq!(made["run_id"], *run_id);
            n_trades += number(&metric(&made, "n_trades"));
            n_won += number(&metric(&made, "n_trades")) * metric(&made, "win_rate").as_f64().unwrap_or(0.0);
            sharpes.push(number(&metric(&made, "sharpe")));
        }
        assert_eq!(number(&window["tested"]), (sharpes[0] + sharpes[1]) / 2.0, "of both");
    }
    let told = |name: &str| {
        let metrics = walked["metrics"].as_array().unwrap();
        number(&metrics.iter().find(|pair| pair[0] == name).unwrap()[1])
    };
    assert!(n_trades > 10.0 && n_won > 0.0, "{walked}");
    assert_eq!(told("n_trades"), n_trades);
    assert!((told("win_rate") - n_won / n_trades).abs() < 1e-12);
}

#[test]
fn criteria_are_read_before_anything_runs() {
    let world = World::with_market();
    run(&world, &[]);
    run(&world, &["--param", "k=3"]);
    world.write("study.yaml", "sweep: {parameters: {k: [1, 2]}}\ncriteria: [sharpe > 1, win_rat >= 0.6]\n");
    let before = world.files("results");
    for words in [
        &["backtest"][..],
        &["sweep"],
        &["optimize"],
        &["walkforward"],
        &["stress", "latest"],
        &["runs", "judge", "latest"],
        &["runs", "contest", "latest", "latest"],
        &["universe", "bias"],
    ] {
        let words = [words, &["--config", "study.yaml"]].concat();
        world.run(&words).refused(&["study.yaml", "win_rat", "`win_rate`"]);
    }
    assert!(world.files("results") == before, "nothing was run");
}
