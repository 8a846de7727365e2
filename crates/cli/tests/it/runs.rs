//! The archive of runs as a user asks it: explain, rerun, compare, verify; also after somebody changed a file, the hub,
//! or the program.

use std::fs;

use serde_json::Value;

use crate::world::World;

/// A world with a run of two names, 40 % each at most.
fn with_run() -> World {
    let world = World::with_market();
    world.backtest(&["--max-position", "0.4", "--benchmark", "AAAUSDT"]).good();
    world
}

/// The folder of the only run.
fn folder(world: &World) -> String {
    let runs = world.json(&["runs", "list"]);
    let folder = runs["result"]["runs"][0]["folder"].as_str().unwrap().to_owned();
    format!("results/{folder}")
}

/// The rows of a run's CSV file, cells by column.
fn rows(world: &World, name: &str) -> Vec<Vec<String>> {
    let text = world.text(&format!("{}/{name}", folder(world)));
    text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

/// A chosen row of `trade_summary.csv` that led to a filled order: timestamp, symbol, rank, score, weights.
fn chosen(world: &World) -> Vec<String> {
    let orders = rows(world, "orders.csv");
    let filled =
        |row: &Vec<String>| orders.iter().any(|order| order[2] == row[1] && order[1] > row[0] && order[3] == "buy");
    let is_chosen = |row: &Vec<String>| row[6].is_empty() && row[4] == "0.4";
    rows(world, "trade_summary.csv").into_iter().find(|row| is_chosen(row) && filled(row)).expect("some name is chosen")
}

/// A JSON number.
fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("not a number: {value}"))
}

#[test]
fn explain_leads_from_the_raw_file_to_cash() {
    let world = with_run();
    let row = chosen(&world);
    let answer = world.json(&["runs", "explain", "latest", "--at", &row[0], "--symbol", &row[1]]);
    let told = &answer["result"];
    let (decision, orders) = (&told["decision"], &told["orders"]);
    assert_eq!(decision["bar"], row[0].as_str());
    assert_eq!(decision["rank"].to_string(), row[2]);
    assert_eq!(number(&decision["score"]), row[3].parse::<f64>().unwrap());
    assert_eq!(number(&decision["target_weight"]), 0.4);
    assert_eq!(number(&told["factors"][0]["now"]["value"]), number(&decision["score"]), "the score is the factor");
    assert_eq!(told["factors"][0]["definition"]["formula"], "close / delay(close, 5) - 1");
    assert_eq!(told["bar_read"]["timestamp"], row[0].as_str());
    // The order is the row of orders.csv, its fill moved the cash of the equity curve.
    let order = &orders[0];
    let stored =
        rows(&world, "orders.csv").into_iter().find(|one| one[0].parse().ok() == order["order_id"].as_u64()).unwrap();
    assert_eq!((stored[2].as_str(), stored[3].as_str()), (row[1].as_str(), order["side"].as_str().unwrap()));
    let flow = &told["cash"][0];
    let sum = number(&flow["before"]) + number(&flow["moved"]) + number(&flow["others"]);
    assert!((sum - number(&flow["after"])).abs() < 1e-6, "{flow}");
    let curve = rows(&world, "equity_curve.csv");
    let after = curve.iter().find(|one| one[0] == flow["bar"].as_str().unwrap()).unwrap();
    assert_eq!(number(&flow["after"]), after[2].parse::<f64>().unwrap());
    // The raw rows are those of the bar: as many as its tick count, in the day's archive.
    let (ticks, bar) = (&told["raw"]["trace"]["tables"][0], &told["bar_read"]["values"]);
    let file = &ticks["files"][0];
    assert!(file["file"].as_str().unwrap().contains(&row[0][..10]), "{file}");
    let n_ticks = bar.as_array().unwrap().iter().find(|pair| pair[0] == "tick_count").unwrap()[1].clone();
    assert_eq!(number(&file["rows"]["last"]) - number(&file["rows"]["first"]) + 1.0, number(&n_ticks));
    assert_eq!(file["rows"]["is_exact"], true);
    assert_eq!(told["changed_since"], serde_json::json!([]));
}

#[test]
fn explain_says_why_a_name_is_not_held() {
    let world = with_run();
    let is_passed_over = |row: &&Vec<String>| row[6] == "not selected" && row[5] == "0";
    let summary = rows(&world, "trade_summary.csv");
    let row = summary.iter().find(is_passed_over).unwrap();
    let answer = world.run(&["runs", "explain", "latest", "--at", &row[0], "--symbol", &row[1]]).good();
    assert!(
        answer.out.contains("Not held") && answer.out.contains("left it out: not selected, rank"),
        "{}",
        answer.out
    );
    let without_bar = summary.iter().find(|row| row[6] == "no bar").unwrap();
    let answer = world.run(&["runs", "explain", "latest", "--at", &without_bar[0], "--symbol", &without_bar[1]]).good();
    assert!(answer.out.contains("no bar"), "{}", answer.out);
}

#[test]
fn explain_between_decisions_tells_the_one_in_force() {
    let world = with_run();
    let row = chosen(&world);
    let later = row[0].replace("T00:", "T13:");
    let answer = world.json(&["runs", "explain", &folder(&world), "--at", &later, "--symbol", &row[1]]);
    assert_eq!(answer["result"]["decision"]["bar"], row[0].as_str());
    assert_eq!(answer["result"]["asked"], later.as_str());
}

#[test]
fn explain_refuses_what_it_cannot_know() {
    let world = with_run();
    let explain = |at: &str, symbol: &str| world.run(&["runs", "explain", "latest", "--at", at, "--symbol", symbol]);
    explain("2024-01-10", "AAAUSD").refused(&["AAAUSD", "did you mean AAAUSDT"]);
    explain("2023-01-10", "AAAUSDT").refused(&["2023-01-10T00:00:00Z lies before run", "2024-01-01"]);
    explain("yesterday", "AAAUSDT").refused(&["--at", "yesterday"]);
    world
        .run(&["runs", "explain", "nothing/here", "--at", "2024-01-10", "--symbol", "AAAUSDT"])
        .refused(&["nothing/here"]);
    let nothing = World::new();
    nothing.run(&["runs", "explain", "latest", "--at", "2024-01-10", "--symbol", "AAAUSDT"]).refused(&["latest"]);
}

#[test]
fn explain_stands_when_the_hub_has_changed_or_is_gone() {
    let world = with_run();
    let row = chosen(&world);
    let ask = ["runs", "explain", "latest", "--at", &row[0], "--symbol", &row[1]];
    let before = world.json(&ask);
    world.write("s1.yaml", world.text("s1.yaml").replace("factor_set: s1", "factor_set: s2"));
    world.run(&["factors", "run", "--config", "s1.yaml"]).good();
    fs::remove_file(world.path(&format!("hub/bars/v/1h/{}.parquet", row[1]))).unwrap();
    let changed = world.json(&ask);
    assert_eq!(changed["result"]["decision"], before["result"]["decision"]);
    assert!(changed["result"]["changed_since"].to_string().contains("in the hub no more"), "{changed}");
    fs::remove_dir_all(world.path("hub")).unwrap();
    let gone = world.json(&ask);
    assert_eq!(gone["result"]["orders"], before["result"]["orders"]);
    assert_eq!(gone["result"]["cash"], before["result"]["cash"]);
    assert_eq!(gone["result"]["factors"][0]["definition"], before["result"]["factors"][0]["definition"]);
    assert!(gone["result"]["raw"]["recorded"].to_string().contains("ticks/v/"), "{gone}");
    assert!(gone["result"]["changed_since"].to_string().contains("no hub"), "{gone}");
}

#[test]
fn a_rerun_gives_the_same_bytes_on_any_number_of_threads() {
    let world = with_run();
    for threads in ["1", "3"] {
        let answer = world.json(&["runs", "rerun", "latest", "--threads", threads]);
        assert_eq!(answer["result"]["identical"], true, "{answer}");
        assert!(number(&answer["result"]["n_files"]) >= 6.0);
    }
    let names: Vec<String> =
        fs::read_dir(world.path("results")).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    assert!(!names.iter().any(|name| name.starts_with(".rerun")), "nothing is left behind: {names:?}");
    assert_eq!(world.text("results/runs.jsonl").lines().count(), 1, "a rerun is no new run");
}

#[test]
fn a_rerun_names_the_input_that_changed() {
    let world = with_run();
    let table = "hub/bars/v/1h/BBBUSDT.parquet";
    let kept = fs::read(world.path(table)).unwrap();
    fs::remove_file(world.path(table)).unwrap();
    let answer = world.run(&["runs", "rerun", "latest"]);
    assert_eq!(answer.status, 1, "{}", answer.err);
    assert!(answer.out.contains("bars/v/1h/BBBUSDT.parquet` is in the hub no more"), "{}", answer.out);
    let verified = world.run(&["runs", "verify", "latest"]);
    assert_eq!(verified.status, 1);
    assert!(verified.out.contains("BBBUSDT.parquet` is in the hub no more"), "{}", verified.out);
    // Other bytes under the name.
    let mut other = kept.clone();
    let middle = other.len() / 2;
    other[middle] ^= 1;
    world.write(table, &other);
    let answer = world.json_of(&["runs", "rerun", "latest"], 1);
    let change = &answer["result"]["changed_inputs"][0];
    assert_eq!(change["name"], "bars/v/1h/BBBUSDT.parquet");
    assert!(change["then"] != change["now"] && change["now"].is_string(), "{change}");
    world.write(table, &kept);
    world.run(&["runs", "rerun", "latest"]).good();
    world.run(&["runs", "verify", "latest"]).good();
}

#[test]
fn a_rerun_after_more_bars_tells_the_raw_files_behind_the_change() {
    let world = with_run();
    // The archive of a symbol's last day vanishes and everything is made anew.
    let lost = "raw/CCCUSDT-aggTrades-2024-01-24.zip";
    assert!(find(&world, lost).is_some(), "the market has {lost}");
    fs::remove_file(find(&world, lost).unwrap()).unwrap();
    fs::remove_dir_all(world.path("hub")).unwrap();
    world.run(&["data", "import", "--venue", "v", "raw"]).good();
    world.run(&["aggregate", "--bar", "1h"]).good();
    world.run(&["factors", "run", "--config", "s1.yaml"]).good();
    let answer = world.json_of(&["runs", "rerun", "latest"], 1);
    let result = &answer["result"];
    assert!(result["changed_inputs"].to_string().contains("CCCUSDT"), "{result}");
    assert!(!result["changed_inputs"].to_string().contains("AAAUSDT.parquet"), "others are as they were: {result}");
    assert!(result["changed_sources"].to_string().contains("ticks/v/CCCUSDT"), "{result}");
}

/// A file of the made-up archive, wherever its folder is.
fn find(world: &World, name: &str) -> Option<std::path::PathBuf> {
    let file = name.rsplit('/').next().unwrap();
    let mut folders = vec![world.path("raw")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().unwrap() == file {
                return Some(path);
            }
        }
    }
    None
}

#[test]
fn a_rerun_tells_a_tampered_file_and_another_engine() {
    let world = with_run();
    let curve = format!("{}/equity_curve.csv", folder(&world));
    let text = world.text(&curve);
    world.write(&curve, text.replacen("2024-01-02T00:00:00Z,1000000", "2024-01-02T00:00:00Z,1000001", 1));
    assert_ne!(world.text(&curve), text);
    let answer = world.run(&["runs", "rerun", "latest"]);
    assert_eq!(answer.status, 1);
    assert!(
        answer.out.contains("equity_curve.csv, line 26") && answer.out.contains("not those that were written"),
        "{}",
        answer.out
    );
    assert_eq!(world.run(&["runs", "verify", "latest"]).status, 1);
    world.write(&curve, &text);
    let context = format!("{}/run_context.json", folder(&world));
    let text = world.text(&context);
    world.write(&context, text.replacen("\"engine_version\": \"", "\"engine_version\": \"9.", 1));
    let answer = world.run(&["runs", "rerun", "latest"]);
    assert!(answer.out.contains("made by engine version 9."), "{}", answer.out);
    assert_eq!(world.run(&["runs", "verify"]).status, 1, "the context is not what the ledger vouches for");
}

#[test]
fn runs_are_named_by_prefix_folder_or_latest() {
    let world = with_run();
    world.backtest(&["--param", "k=3"]).good();
    let runs = world.json(&["runs", "list"])["result"]["runs"].clone();
    let id = |at: usize| runs[at]["run_id"].as_str().unwrap().to_owned();
    let shown =
        |name: &str| world.json(&["runs", "show", name])["result"]["entry"]["run_id"].as_str().unwrap().to_owned();
    assert_eq!(shown("latest"), id(1));
    assert_eq!(shown(&id(0)[..8]), id(0));
    assert_eq!(shown(&format!("results/top_k/{}", id(0))), id(0));
    assert_eq!(shown(&format!("./results/top_k/{}/", id(1))), id(1));
    // Two lines whose ids share a beginning.
    let ledger = world.text("results/runs.jsonl");
    let twin = ledger.lines().next().unwrap().replace(&id(0), &format!("{}ffffffff", &id(0)[..8]));
    world.write("results/runs.jsonl", format!("{twin}\n{ledger}"));
    world.run(&["runs", "rerun", &id(0)[..8]]).refused(&["is the beginning of several runs", &id(0)]);
    world.run(&["runs", "verify", "zzz"]).refused(&["zzz"]);
    assert_eq!(shown(&id(0)), id(0));
}

#[test]
fn the_audit_trail_tells_limits_orders_and_fills() {
    let world = with_run();
    let row = chosen(&world);
    let told = world.json(&["runs", "explain", "latest", "--at", &row[0], "--symbol", &row[1]])["result"].clone();
    assert_eq!(told["is_audited"], true);
    let decision = &told["decision"];
    assert_eq!((number(&decision["wanted_weight"]), number(&decision["target_weight"])), (0.5, 0.4));
    assert_eq!(decision["limits"][0]["rule"], "max_position");
    let steps: Vec<&str> =
        told["orders"][0]["steps"].as_array().unwrap().iter().map(|step| step["event"].as_str().unwrap()).collect();
    assert!(steps.contains(&"filled"), "{steps:?}");
    let text = world.run(&["runs", "explain", "latest", "--at", &row[0], "--symbol", &row[1]]).good().out;
    assert!(text.contains("max_position cuts 0.5 to 0.4"), "{text}");
    for word in
        ["raw ", "table ", "bar ", "factor ", "rank ", "score ", "weight ", "limits ", "order ", "fill ", "cash "]
    {
        assert!(text.contains(&format!("\n{word}")), "no `{word}` in\n{text}");
    }
}

#[test]
fn runs_are_compared_to_the_first_difference() {
    let world = with_run();
    world.backtest(&["--max-position", "0.4", "--benchmark", "AAAUSDT", "--commission-bps", "9"]).good();
    let runs = world.json(&["runs", "list"])["result"]["runs"].clone();
    let ids = [0, 1].map(|at: usize| runs[at]["run_id"].as_str().unwrap().to_owned());
    let answer = world.run(&["runs", "compare", &ids[0], &ids[1], "--html", "compare.html"]).good();
    assert!(answer.out.contains("equity first differs at") && answer.out.contains("commission"), "{}", answer.out);
    assert!(answer.out.contains("the first order that differs"), "{}", answer.out);
    let page = world.text("compare.html");
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("Equity first differs at") && !page.contains("://"));
    let same = world.json(&["runs", "compare", "latest", "latest"]);
    assert_eq!(same["result"]["divergence"]["bar"], Value::Null);
    assert_eq!(same["result"]["trades"]["n_same_profit"], same["result"]["trades"]["n_a"]);
}

#[test]
fn metrics_of_other_libraries_and_capacity() {
    let world = with_run();
    let show = |library: &str| world.json(&["runs", "show", "latest", "--metrics", library])["result"].clone();
    let value = |of: &Value, name: &str| {
        of["numbers"].as_array().unwrap().iter().find(|one| one["name"] == name).unwrap()["value"].clone()
    };
    let total = world.json(&["runs", "show", "latest"])["result"]["metrics"].clone();
    let total = number(&total.as_array().unwrap().iter().find(|one| one["name"] == "total_return").unwrap()["value"]);
    for (library, name, unit) in [
        ("empyrical", "cum_returns_final", 1.0),
        ("pyfolio", "Cumulative returns", 1.0),
        ("quantstats", "comp", 1.0),
        ("backtesting_py", "Return [%]", 100.0),
        ("lean", "Net Profit", 1.0),
        ("vectorbt", "Total Return [%]", 100.0),
    ] {
        let shown = show(library);
        assert!((number(&value(&shown, name)) / unit - total).abs() < 1e-12, "{library}");
        assert_eq!(shown["periods"], if library == "vectorbt" { "bars" } else { "days" });
    }
    let given = world.json(&["runs", "show", "latest", "--metrics", "lean", "--periods-per-year", "252"]);
    assert!(given.to_string().contains("N = 252 (as given)"));
    world.run(&["runs", "show", "latest", "--metrics", "excel"]).refused(&["excel", "empyrical, pyfolio"]);
    let capacity = world.json(&["runs", "capacity", "latest", "--impact", "0.5"])["result"].clone();
    assert!(number(&capacity["impact"]) > 0.0 && number(&capacity["n_fills"]) > 0.0, "{capacity}");
    let at = |row: usize| number(&capacity["returns"][row][1]);
    assert!(at(0) > at(4) && at(4) > at(8), "more capital pays more impact: {capacity}");
    world.run(&["runs", "capacity", "latest", "--impact", "0"]).refused(&["--impact"]);
}

#[test]
fn the_venue_files_behind_a_run_are_compared_with_those_of_a_folder() {
    let world = with_run();
    let raw = |status: i32| {
        world.json_of(&["runs", "verify", "latest", "--raw", "raw"], status)["result"]["runs"][0]["raw_files"].clone()
    };
    let told = raw(0);
    let n_files = told["n_same"].as_u64().unwrap();
    assert!(n_files > 0 && told["n_absent"] == 0 && told["changed"] == serde_json::json!([]), "{told}");
    // Each table names what it was made from, also those of factors and instruments.
    let context: Value = serde_json::from_str(&world.text(&format!("{}/run_context.json", folder(&world)))).unwrap();
    for input in context["inputs"].as_array().unwrap() {
        assert!(!input["sources"].as_array().unwrap().is_empty(), "{}", input["name"]);
    }
    let files = world.files("raw");
    let is_read = |name: &&String| name.ends_with(".zip") && name.contains("AAAUSDT") && name.contains("aggTrades");
    let mut read = files.keys().filter(is_read);
    let (changed, gone) = (read.next().unwrap(), read.next().unwrap());
    fs::write(world.path(&format!("raw/{changed}")), b"other bytes").unwrap();
    fs::remove_file(world.path(&format!("raw/{gone}"))).unwrap();
    let told = raw(1);
    assert_eq!((told["n_same"].as_u64(), told["n_absent"].as_u64()), (Some(n_files - 2), Some(1)));
    assert!(changed.ends_with(told["changed"][0].as_str().unwrap()), "{told}");
    world.run(&["runs", "verify", "--raw", "nowhere"]).refused(&["nowhere"]);
}
