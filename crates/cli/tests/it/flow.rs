//! The main road: files to bars to factors to a run, again and again with the same result.

use serde_json::Value;

use crate::world::World;

/// Files of a run that may differ between two runs of one id.
const CIRCUMSTANCES: [&str; 2] = ["run_context.json", "logs.txt"];

/// The files of the only run below `results/<strategy>`, without those that hold circumstances.
fn run_files(world: &World, strategy: &str) -> Vec<(String, Vec<u8>)> {
    let files = world.files(&format!("results/{strategy}"));
    files.into_iter().filter(|(name, _)| !CIRCUMSTANCES.iter().any(|other| name.ends_with(other))).collect()
}

#[test]
fn the_whole_road_and_every_file_of_a_run() {
    let world = World::with_market();
    let answer = world.backtest(&["--json"]).good().json();
    assert_eq!(answer["command"], "backtest");
    assert_eq!(answer["status"], 0);
    let run = &answer["result"];
    assert_eq!(run["reused"], false);
    let folder = run["folder"].as_str().unwrap();
    for file in [
        "metrics.json",
        "run_context.json",
        "logs.txt",
        "report.html",
        "equity_curve.csv",
        "positions.csv",
        "orders.csv",
        "trades.csv",
        "trade_summary.csv",
    ] {
        assert!(!world.text(&format!("{folder}/{file}")).is_empty(), "{file}");
    }
    let head = |file: &str| world.text(&format!("{folder}/{file}")).lines().next().unwrap().to_owned();
    assert_eq!(head("equity_curve.csv"), "timestamp,equity,cash,gross_exposure,net_exposure,drawdown,benchmark");
    assert_eq!(head("positions.csv"), "timestamp,symbol,quantity,price,value,weight");
    assert_eq!(
        head("orders.csv"),
        "order_id,timestamp,symbol,side,type,quantity,filled_quantity,price,commission,slippage,status,reason"
    );
    assert_eq!(head("trade_summary.csv"), "timestamp,symbol,rank,score,target_weight,filled_weight,excluded_reason");
    let report = world.text(&format!("{folder}/report.html"));
    assert!(!report.contains("http://") && !report.contains("https://") && !report.contains(" src="), "opens offline");
    let context: Value = serde_json::from_str(&world.text(&format!("{folder}/run_context.json"))).unwrap();
    assert_eq!(context["config"]["strategy"], "top_k");
    assert!(context["inputs"].as_array().is_some_and(|inputs| inputs.len() >= 16), "bars and factors of 8 symbols");
    assert!(context["dependencies"]["libm"].is_string() && context["settings"]["hub"] == "./hub");
    let runs = world.json(&["runs", "list"]);
    assert_eq!(runs["result"]["runs"].as_array().unwrap().len(), 1);
}

#[test]
fn the_same_again_is_verified_and_left() {
    let world = World::with_market();
    world.backtest(&[]).good();
    let before = world.files("results/top_k");
    let again = world.backtest(&["--json"]).good().json();
    assert_eq!(again["result"]["reused"], true);
    assert_eq!(world.files("results/top_k"), before, "every byte is left as it was");
    assert_eq!(world.text("results/runs.jsonl").lines().count(), 2, "each run is entered");
    let verified = world.run(&["runs", "verify"]).good();
    assert!(verified.out.contains("as written"), "{}", verified.out);
}

#[test]
fn a_changed_result_file_is_found() {
    let world = World::with_market();
    let run = world.backtest(&["--json"]).good().json();
    let folder = run["result"]["folder"].as_str().unwrap().to_owned();
    let curve = world.text(&format!("{folder}/equity_curve.csv"));
    world.write(&format!("{folder}/equity_curve.csv"), curve.replacen('1', "2", 1));
    let verified = world.run(&["runs", "verify"]);
    assert_eq!(verified.status, 1, "it ran and found a problem: {}", verified.err);
    assert!(verified.out.contains("equity_curve.csv"), "{}", verified.out);
    world.backtest(&[]).refused(&["equity_curve.csv"]);
}

#[test]
fn one_thread_and_two_give_the_same_bytes() {
    let (one, two) = (World::new(), World::new());
    for (world, threads) in [(&one, "1"), (&two, "2")] {
        world.generate("raw");
        let run = |arguments: &[&str]| world.run(&[arguments, &["--threads", threads]].concat()).good();
        run(&["data", "import", "--venue", "v", "raw"]);
        let pool = ["--top-n", "6", "--long-n", "2", "--short-n", "2", "--factor", "return_5", "--rebalance", "D"];
        run(&[&["pipeline", "run"], &pool[..]].concat());
    }
    assert_eq!(one.files("raw"), two.files("raw"));
    for folder in ["hub/ticks", "hub/bars", "hub/factors", "hub/instruments", "hub/pools", "hub/provenance"] {
        assert!(!one.files(folder).is_empty(), "{folder}");
        let (mut a, mut b) = (one.files(folder), two.files(folder));
        // The metadata of a factor set says when it was made.
        a.retain(|name, _| !name.ends_with("metadata.json"));
        b.retain(|name, _| !name.ends_with("metadata.json"));
        assert!(a == b, "{folder} differs");
    }
    let (a, b) = (run_files(&one, "long_short"), run_files(&two, "long_short"));
    assert_eq!(a.len(), 11, "{:?}", a.iter().map(|(name, _)| name).collect::<Vec<_>>());
    assert!(a == b, "the run differs");
}

#[test]
fn importing_twice_changes_nothing() {
    let world = World::with_market();
    let before = world.files("hub");
    let answer = world.json(&["data", "import", "--venue", "v", "raw"]);
    let tables = answer["result"]["tables"].as_array().unwrap();
    assert!(tables.iter().all(|table| table["added"] == 0), "{tables:?}");
    let bars = world.json(&["aggregate", "--bar", "1h"]);
    assert!(bars["result"]["symbols"].as_array().unwrap().iter().all(|symbol| symbol["skipped"] == true));
    let sets = world.json(&["factors", "run", "--config", "s1.yaml"]);
    assert_eq!(sets["result"][0]["unchanged"], true);
    assert!(world.files("hub") == before, "every byte of the hub is left as it was");
}

#[test]
fn the_pipeline_skips_what_has_not_changed() {
    let world = World::new();
    world.generate("raw");
    world.run(&["data", "import", "--venue", "v", "raw"]).good();
    let line = "pipeline run --top-n 6 --long-n 2 --short-n 2 --factor return_10 --workers 2";
    let line: Vec<&str> = line.split(' ').collect();
    let skipped = |answer: &Value| -> Vec<bool> {
        answer["result"]["steps"].as_array().unwrap().iter().map(|step| step["skipped"] == true).collect()
    };
    let first = world.json(&line);
    assert_eq!(skipped(&first), [false, false, false, false], "pool, bars, features, backtest");
    let config = &first["result"]["run"]["config"];
    assert_eq!(config["params"]["long_count"], "2");
    assert_eq!((&config["max_position"], &config["max_drawdown"]), (&0.1.into(), &0.3.into()), "limits of its own");
    assert_eq!(config["symbols"].as_array().unwrap().len(), 6);
    let folder = first["result"]["run"]["folder"].as_str().unwrap();
    for file in ["nav_history.csv", "trade_log.json", "backtest_summary.json"] {
        assert!(!world.text(&format!("{folder}/{file}")).is_empty(), "{file}");
    }
    assert_eq!(skipped(&world.json(&line)), [true, true, true, true]);

    let other = world.json(&[&line[..], &["--skip-aggregation", "--capital", "5000"]].concat());
    assert_eq!(skipped(&other)[1..], [true, true, false], "only the backtest is new");
    let dynamic = [
        "--dynamic-pool",
        "--pool-top-n",
        "5",
        "--pool-reselect",
        "MS",
        "--pool-lookback",
        "7D",
        "--pool-min-bars",
        "24",
    ];
    let dynamic = world.json(&[&line[..], &dynamic].concat());
    assert_eq!(dynamic["result"]["run"]["config"]["pool"]["top_n"], 5);
    assert_eq!(dynamic["result"]["run"]["config"]["symbols"].as_array().unwrap().len(), 0);
}

#[test]
fn the_demo_ends_by_naming_the_report() {
    let world = World::new();
    let first = world.run(&["demo"]).good();
    let report = first.out.lines().find_map(|line| line.strip_prefix("Open ")?.strip_suffix(" in a browser.")).unwrap();
    assert!(world.text(report).contains("<svg"), "the report has charts");
    for command in ["data generate", "data import", "aggregate", "factors run", "backtest"] {
        assert!(first.err.contains(&format!("$ crosscut {command} ")), "{command}: {}", first.err);
    }
    let again = world.run(&["demo"]).good();
    assert!(again.out.contains("stored before and verified"), "{}", again.out);
    assert!(again.out.contains(report));
    for line in again.err.lines().filter_map(|line| line.strip_prefix("$ crosscut ")) {
        let words: Vec<&str> = line.split(' ').collect();
        world.run(&words).good();
    }
}

#[test]
fn a_run_can_be_shown_and_compared() {
    let world = World::with_market();
    let first = world.backtest(&["--json"]).good().json();
    let second = world.backtest(&["--json", "--commission-bps", "50"]).good().json();
    let id = |answer: &Value| answer["result"]["run_id"].as_str().unwrap().to_owned();
    let shown = world.json(&["runs", "show", &id(&first)[..6]]);
    assert_eq!(shown["result"]["entry"]["run_id"], id(&first).as_str());
    let compared = world.json(&["runs", "compare", &id(&first), &id(&second)]);
    let settings = compared["result"]["config"].as_array().unwrap();
    assert_eq!(settings.len(), 1, "{settings:?}");
    assert_eq!(settings[0]["name"], "commission_bps");
    assert!(compared["result"]["inputs"].as_array().unwrap().is_empty());
}

#[test]
fn features_of_symbols_and_of_a_file() {
    let world = World::with_market();
    let answer = world.json(&["features", "AAAUSDT", "--columns", "return_5,rsi_20", "--rows", "2"]);
    let rows = answer["result"]["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    assert!(rows[1]["return_5"].is_number() && rows[1]["symbol"] == "AAAUSDT", "{rows:?}");
    let archive = world.files("raw").into_keys().find(|name| name.ends_with(".zip")).unwrap();
    let file = format!("raw/{archive}");
    world.run(&["features", &file, "--bar", "15m", "--windows", "3", "--out", "features.csv"]).good();
    assert!(world.text("features.csv").starts_with("symbol,timestamp,available_at,return_1,"));
    // A file of bars whose name says nothing of a symbol.
    let day = |at: i64| format!("{},10,12,9,{},5\n", 1_577_836_800_000_000 + at * 86_400_000_000, 10 + at % 2);
    let rows: String = (0..9).map(day).collect();
    std::fs::write(world.path("my bars.csv"), format!("timestamp,open,high,low,close,volume\n{rows}")).unwrap();
    let answer = world.json(&["features", "my bars.csv", "--bar", "1d", "--windows", "2", "--columns", "sma_2"]);
    assert_eq!(answer["result"]["rows"][0]["sma_2"], 10.5, "{answer}");
    // One row does not say how long its bar is: --bar does.
    std::fs::write(world.path("one.csv"), format!("timestamp,open,high,low,close,volume\n{}", day(0))).unwrap();
    let answer = world.json(&["features", "one.csv", "--bar", "1d", "--windows", "2", "--columns", "sma_2"]);
    assert_eq!(answer["result"]["rows"][0]["available_at"], "2020-01-02T00:00:00Z", "{answer}");
    world.run(&["features", "AAAUSD"]).refused(&["AAAUSD", "did you mean `AAAUSDT`?"]);
    world.run(&["features", "AAAUSDT", "--columns", "retrun_5"]).refused(&["hint: did you mean `return_5`?"]);
}

#[test]
fn a_definition_that_changed_asks_for_a_new_name() {
    let world = World::with_market();
    world.write("s1.yaml", world.text("s1.yaml").replace("[5, 20]", "[5, 21]"));
    let before = world.files("hub");
    world.run(&["factors", "run", "--config", "s1.yaml"]).refused(&["s1", "name"]);
    assert!(world.files("hub") == before, "the published set is left");
}

#[test]
fn data_and_factor_sets_can_be_looked_at() {
    let world = World::with_market();
    let tables = world.json(&["data", "list"]);
    let names = |of: &Value| -> Vec<String> {
        let name = |group: &Value| format!("{} {}", group["table"].as_str().unwrap(), group["kind"].as_str().unwrap());
        of["result"].as_array().unwrap().iter().map(name).collect()
    };
    let all = ["ticks agg_trades", "bars 1h", "bars mark-1h", "funding rates", "instruments terms by date"];
    assert_eq!(names(&tables), all);
    let info = world.json(&["data", "info", "AAAUSDT"]);
    assert_eq!(names(&info), all);
    assert!(info["result"][4]["terms"][0]["tick_size"].as_f64().is_some_and(|tick| tick > 0.0), "{info}");
    let text = world.run(&["data", "info", "AAAUSDT"]).good().out;
    assert!(text.contains("  always, listed as AAAUSDT, listed 2024-01-"), "{text}");
    assert!(info["result"][0]["inputs"][0]["sha256"].as_str().is_some_and(|hash| hash.len() == 64));
    world.run(&["data", "info", "AAUSDT"]).refused(&["hint: did you mean `AAAUSDT`?"]);
    let sets = world.json(&["factors", "list"]);
    assert_eq!(sets["result"]["sets"][0]["factor_set"], "s1");
    let shown = world.json(&["factors", "show", "s1"]);
    assert_eq!(shown["result"]["set"]["columns"], serde_json::json!(["return_5", "return_20"]));
    assert!(world.run(&["factors", "show", "features"]).good().out.contains("return_{w}"));
    assert!(world.run(&["hub", "gc"]).good().out.contains("0 old generations removed"));
}

#[test]
fn resampled_files_with_premium_columns() {
    let world = World::new();
    let columns = "open_time,open,high,low,close,volume,close_time,quote_asset_volume,number_of_trades,\
                   taker_buy_base_volume,taker_buy_quote_volume,premium_open,premium_high,premium_low,premium_close,\
                   premium_close_time";
    let mut text = format!("{columns}\n");
    for row in 0..5_i64 {
        let open = 1_608_890_400_000 + row * 7_200_000;
        let close = open + 7_199_999;
        let premium = row as f64 * 1e-4;
        text.push_str(&format!("{open},2,3,1,2.5,100,{close},250,7,60,150,{premium},0.2,-0.1,0.001,{close}\n"));
    }
    world.write("2H/1INCH_2020_12_25_1000_1608890400000_Fullversion_2H.csv", text);
    let import = ["data", "import", "--venue", "binance_futures", "--symbol-suffix", "USDT", "2H"];
    world.run(&import).good();
    let rows = world.json(&["data", "info", "1INCHUSDT", "--bar", "2h", "--rows", "1"]);
    let last = &rows["result"]["rows"][0];
    assert_eq!(last["timestamp"], "2020-12-25T18:00:00Z");
    assert_eq!(last["available_at"], "2020-12-25T20:00:00Z");
    let expected = [("volume", 100.0), ("buy_volume", 60.0), ("sell_volume", 40.0), ("dollar_volume", 250.0)];
    for (column, value) in expected.into_iter().chain([("tick_count", 7.0), ("premium_open", 4e-4)]) {
        assert_eq!(last[column], value, "{column}");
    }
    assert_eq!(rows["result"]["rows_in_all"], 5);
    let (right, wrong) = ("2020_12_25_1000_1608890400000", "2020_12_25_1200_1608897600000");
    let file = |start: &str| format!("2H/1INCH_{start}_Fullversion_2H.csv");
    let other = World::new();
    other.write(&file(wrong), world.text(&file(right)));
    other.run(&import).refused(&[&file(wrong)[3..], "2020-12-25T10:00:00Z", "2020-12-25T12:00:00Z"]);
    assert!(other.files("hub/bars").is_empty());
}
