//! Strategies that act at every bar, from the command line: feeds, the run's folder, and what cannot be run.

use crate::world::World;

/// The market with daily and tick bars beside the hourly ones.
fn market() -> World {
    let world = World::with_market();
    world.run(&["aggregate", "--bar", "1d"]).good();
    world.run(&["aggregate", "AAAUSDT", "BBBUSDT", "--bar", "tick-200"]).good();
    world
}

#[test]
fn a_cross_of_averages_runs_from_the_command_line() {
    let world = market();
    let arguments =
        ["backtest", "--strategy", "sma_cross", "--symbols", "AAAUSDT", "--timeframe", "1h", "--param", "fast=5"];
    let run = world.json(&arguments)["result"].clone();
    assert_eq!(run["strategy"], "sma_cross");
    assert_eq!(run["config"]["params"], serde_json::json!({"fast": "5", "slow": "30", "allow_short": "false"}));
    let folder = format!("results/sma_cross/{}", run["run_id"].as_str().unwrap());
    for file in ["metrics.json", "run_context.json", "logs.txt", "report.html", "equity_curve.csv", "positions.csv"] {
        assert!(world.path(&format!("{folder}/{file}")).exists(), "{file}");
    }
    let orders = world.text(&format!("{folder}/orders.csv"));
    assert!(orders.lines().count() > 3, "{orders}");
    let curve = world.text(&format!("{folder}/equity_curve.csv"));
    // One row per hourly bar; hours without a trade have none.
    assert!((500..=24 * 24).contains(&curve.lines().count()), "{}", curve.lines().count());
    // Again: the stored run. Said with --feeds: the same run.
    assert_eq!(world.json(&arguments)["result"]["reused"], true);
    let feeds = ["backtest", "--strategy", "SMA-Cross", "--symbols", "AAAUSDT", "--feeds", "1h", "--param", "fast=5"];
    assert_eq!(world.json(&feeds)["result"]["run_id"], run["run_id"]);
    let id = run["run_id"].as_str().unwrap();
    world.run(&["runs", "verify", id]).good();
    assert!(world.run(&["runs", "show", id]).good().out.contains("sma_cross"));
    assert_eq!(world.json(&["runs", "rerun", id])["result"]["identical"], true);
}

#[test]
fn threads_change_no_byte_of_an_event_run() {
    let world = market();
    let run = |results: &str, threads: &str| {
        let run = world.json(&[
            "backtest",
            "--strategy",
            "ema_cross",
            "--feeds",
            "1h,1d,ticks",
            "--results",
            results,
            "--threads",
            threads,
        ])["result"]
            .clone();
        let folder = run["folder"].as_str().unwrap().to_owned();
        ["metrics.json", "orders.csv", "positions.csv", "equity_curve.csv", "report.html"]
            .map(|file| world.text(&format!("{folder}/{file}")))
    };
    assert_eq!(run("one", "1"), run("two", "2"));
}

#[test]
fn feeds_of_several_lengths_and_ticks_execute_on_the_finest() {
    let world = market();
    let n_rows = |feeds: &str, extra: &[&str]| {
        let arguments = ["backtest", "--strategy", "breakout", "--symbols", "AAAUSDT,BBBUSDT", "--feeds", feeds];
        let run = world.json(&[&arguments[..], extra].concat())["result"].clone();
        let folder = run["folder"].as_str().unwrap().to_owned();
        world.text(&format!("{folder}/equity_curve.csv")).lines().count() - 1
    };
    // Daily bars decide, hourly ones execute and are what equity is noted at.
    let n_bars = n_rows("1d,1h", &[]);
    assert!((540..24 * 24).contains(&n_bars), "{n_bars}");
    // Among ticks equity is noted at the end of every hour.
    assert_eq!(n_rows("1h,ticks", &[]), 24 * 24);
    assert_eq!(n_rows("1h,ticks", &["--sampling", "1d"]), 24);
    // Every day from the close of the first event bar to that of the last.
    let n_days = n_rows("tick-200", &["--sampling", "1d"]);
    assert!((20..24).contains(&n_days), "{n_days}");
}

#[test]
fn costs_and_rules_reach_an_event_run() {
    let world = market();
    let run = |extra: &[&str]| {
        let arguments = ["backtest", "--strategy", "rsi", "--symbols", "AAAUSDT", "--timeframe", "1h"];
        let run = world.json(&[&arguments[..], extra].concat())["result"].clone();
        let metrics = run["metrics"].as_array().unwrap().clone();
        metrics.iter().find(|metric| metric["name"] == "final_equity").unwrap()["value"].as_f64().unwrap()
    };
    let free = run(&["--commission-bps", "0", "--slippage-bps", "0"]);
    let costly = run(&["--commission", "per_share:rate=0.001,minimum=50", "--slippage", "sqrt_impact:0.01"]);
    assert!(costly < free, "{costly} {free}");
    assert!(
        run(&["--commission", "maker_taker:maker_bps=2,taker_bps=5;from=2024-01-10,maker_bps=1,taker_bps=1"]) < free
    );
    assert_ne!(run(&["--stop-loss", "0.01", "--cooldown", "1d"]), free);
    assert_eq!(run(&["--no-trade", "AAAUSDT"]), 1_000_000.0);
    assert_ne!(run(&["--latency", "2h"]), run(&[]));
}

#[test]
fn what_cannot_be_fed_is_refused() {
    let world = market();
    let refused = |extra: &[&str], words: &[&str]| {
        let arguments = ["backtest", "--strategy", "sma_cross"];
        world.run(&[&arguments[..], extra].concat()).refused(words);
    };
    refused(&[], &["bars of several lengths", "--timeframe"]);
    refused(&["--feeds", "ticks"], &["bars to decide by"]);
    refused(&["--feeds", "1h,1h"], &["each feed once"]);
    refused(&["--timeframe", "1d", "--feeds", "1d,1d"], &["`1d` is named twice", "each feed once"]);
    refused(&["--timeframe", "1d", "--feeds", "1h,1D,1d"], &["`1d` is named twice", "each feed once"]);
    refused(&["--feeds", "weekly"], &["backtest.feeds (from --feeds)", "`weekly` is no feed"]);
    refused(&["--feeds", "5m"], &["no 5m bars of v", "aggregate --bar 5m"]);
    refused(&["--feeds", "mark-1h"], &["not traded at"]);
    refused(&["--feeds", "tick-200", "--symbols", "CCCUSDT"], &["`CCCUSDT` is not in the tick-200 bars"]);
    refused(&["--timeframe", "1h", "--symbols", "AAUSDT"], &["did you mean `AAAUSDT`?"]);
    refused(&["--timeframe", "1h", "--factor-set", "s1"], &["reads no factor set"]);
    refused(&["--timeframe", "1h", "--universe-leave", "close"], &["backtest.universe_leave", "no universe to leave"]);
    refused(&["--timeframe", "1h", "--universe", "age > 1d", "--universe-leave", "sell"], &["close, reduce_only"]);
    refused(&["--timeframe", "1h", "--universe", "factor(nothing) > 0"], &["factor column `nothing`"]);
    refused(&["--timeframe", "1h", "--param", "factor=return_6"], &["did you mean `return_5`?"]);
    refused(&["--timeframe", "1d", "--param", "factor=return_5"], &["no factor set of 1d"]);
    refused(&["--timeframe", "1h", "--start", "2031-01-01"], &["there is no bar within the run"]);
    refused(&["--timeframe", "1h", "--end", "2031-01-01"], &["an end at 2031-01-01"]);
    refused(&["--timeframe", "1h", "--param", "fast=30", "--param", "slow=10"], &["sma_cross"]);
    refused(&["--timeframe", "1h", "--param", "k=1"], &["no parameter `k`"]);
    refused(&["--timeframe", "1h", "--no-trade", "ZZZUSDT"], &["no_trade symbol `ZZZUSDT`"]);
    refused(&["--timeframe", "1h", "--benchmark", "ZZZ"], &["benchmark `ZZZ`"]);
    refused(&["--timeframe", "1h", "--funding", "table"], &["funding"]);
    refused(&["--feeds", "tick-200", "--sampling", "1ms", "--symbols", "AAAUSDT"], &["`sampling` is `1ms`"]);
    let refused = |extra: &[&str], words: &[&str]| world.backtest(extra).refused(words);
    refused(&["--feeds", "1h,1d", "--untradable", "close_last"], &["`untradable` is `close_last`", "hold"]);
    refused(&["--feeds", "1h", "--universe", "age > 1d", "--universe-leave", "reduce_only"], &["next rebalance"]);
    refused(&["--warm-up", "3"], &["`warm_up` is `3`", "top_k"]);
    refused(&["--feeds", "1h", "--param", "k=9"], &["9"]);
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let world = market();
    let refused = |extra: &[&str], words: &[&str]| {
        let arguments = ["backtest", "--strategy", "sma_cross", "--timeframe", "1h"];
        world.run(&[&arguments[..], extra].concat()).refused(words);
    };
    refused(&["--capital", "0"], &["`capital` is `0.0`"]);
    refused(&["--capital", "NaN"], &["expected a number, found `NaN`"]);
    refused(
        &["--commission", "per_shar:1"],
        &["backtest.costs.commission (from --commission)", "did you mean `per_share`?"],
    );
    refused(&["--commission", "bps:10000"], &["from 0 to below 10000"]);
    refused(&["--commission", "fixed:1", "--commission-bps", "2"], &["says the same thing", "give one of them"]);
    refused(&["--slippage", "ticks:1"], &["tick_size of ticks"]);
    refused(&["--leverage", "0.2"], &["`margin.leverage` is `0.2`"]);
    refused(&["--leverage", "3", "--allow-negative-cash"], &["the margin says what may be owed"]);
    refused(&["--leverage", "3", "--maintenance-margin", "0.9"], &["maintenance margin"]);
    refused(&["--stop-loss", "1.5"], &["`stop_loss` is 1.5"]);
    refused(&["--stop-loss", "-0.1"], &["`stop_loss` is -0.1"]);
    refused(&["--cooldown", "1d"], &["nothing without stop_loss"]);
    refused(
        &["--cooldown", "soon", "--stop-loss", "0.1"],
        &["backtest.risk.cooldown (from --cooldown)", "no length of time"],
    );
    refused(&["--participation", "0"], &["`participation` is 0"]);
    refused(&["--path", "sideways"], &["adverse_first, nearer_first"]);
    refused(&["--session", "22:00-06:00"], &["a session"]);
    refused(&["--borrow", "-1"], &["`borrow` is `-1.0`"]);
    refused(&["--set", "backtest.costs.comission=bps:1"], &["unknown key", "backtest.costs.commission"]);
    refused(&["--set", "backtest.risk.stoploss=0.1"], &["unknown key", "backtest.risk.stop_loss"]);
    world.write("bad.yaml", "backtest: {costs: {commission: {per_share: {rate: cheap}}}}\n");
    refused(&["--config", "bad.yaml"], &["backtest.costs.commission (from bad.yaml)", "rate of per_share", "`cheap`"]);
    world.write("bad.yaml", "backtest: {risk: [0.1]}\n");
    refused(&["--config", "bad.yaml"], &["bad.yaml", "backtest.risk"]);
    world.write("bad.yaml", "backtest: {margin: {leverage: {x: 3}}}\n");
    refused(&["--config", "bad.yaml"], &["one value, found a mapping"]);
}

/// Final equity of a run of the small market.
fn final_equity(world: &World, arguments: &[&str]) -> f64 {
    let run = world.json(&[&["backtest"], arguments].concat())["result"].clone();
    let metrics = run["metrics"].as_array().unwrap().clone();
    metrics.iter().find(|metric| metric["name"] == "final_equity").unwrap()["value"].as_f64().unwrap()
}

#[test]
fn rules_are_the_same_through_feeds() {
    let world = market();
    let top_k = |extra: &[&str]| {
        let arguments = ["--strategy", "top_k", "--param", "k=2", "--param", "factor=return_5", "--timeframe", "1h"];
        final_equity(&world, &[&arguments[..], &["--start", "2024-01-09"], extra].concat())
    };
    let mut all = Vec::new();
    for extra in [
        &["--rebalance", "12"][..],
        &["--universe", "dollar_volume(3d) top 4, age >= 5d", "--universe-reselect", "W-MON"],
        &["--universe", "factor(return_20) bottom 5", "--universe-reselect", "D"],
        &["--pool-top-n", "3", "--pool-lookback", "5d", "--pool-min-bars", "50", "--pool-reselect", "W-WED"],
    ] {
        let (panel, feeds) = (top_k(extra), top_k(&[extra, &["--feeds", "1h"]].concat()));
        assert!((panel - feeds).abs() < 1e-6, "{extra:?}: {panel} {feeds}");
        all.push(panel);
        // Daily bars would decide by other rows; single trades only fill elsewhere.
        assert_ne!(top_k(&[extra, &["--feeds", "1h,ticks"]].concat()), panel);
    }
    all.sort_by(f64::total_cmp);
    all.dedup();
    assert_eq!(all.len(), 4);
}

#[test]
fn a_universe_says_which_symbols_an_event_strategy_may_open() {
    let world = market();
    let arguments = ["backtest", "--strategy", "sma_cross", "--timeframe", "1h", "--param", "share=0.2"];
    let fills = |extra: &[&str]| -> Vec<(String, String, String)> {
        let run = world.json(&[&arguments[..], extra].concat())["result"].clone();
        let orders = world.text(&format!("{}/orders.csv", run["folder"].as_str().unwrap()));
        let cells = |line: &str| line.split(',').map(str::to_owned).collect::<Vec<_>>();
        let rows = orders.lines().skip(1).map(cells).filter(|row| row[10] == "filled");
        rows.map(|row| (row[1].clone(), row[2].clone(), row[11].clone())).collect()
    };
    world.write("members.csv", "symbol,start,end\nAAAUSDT,2024-01-01,2024-01-10\nBBBUSDT,2024-01-10,\n");
    let rule = ["--universe", "member(members.csv)", "--universe-reselect", "D"];
    let closed = fills(&rule);
    let last_of =
        |fills: &[(String, String, String)], symbol: &str| fills.iter().rfind(|row| row.1 == symbol).unwrap().clone();
    assert!(closed.iter().all(|row| ["AAAUSDT", "BBBUSDT"].contains(&row.1.as_str())));
    assert!(closed.iter().filter(|row| row.1 == "BBBUSDT").all(|row| row.0.as_str() >= "2024-01-10T01"));
    // The choice of the 10th holds from the close of its first bar on; what is held then is sold at the next open.
    let (at, _, reason) = last_of(&closed, "AAAUSDT");
    assert_eq!((at.as_str(), reason.as_str()), ("2024-01-10T01:00:00Z", "universe"));
    let reduced = fills(&[&rule[..], &["--universe-leave", "reduce_only"]].concat());
    let (at, _, reason) = last_of(&reduced, "AAAUSDT");
    assert!(at.as_str() > "2024-01-10T01" && reason != "universe", "{at} {reason}");
    // Nobody is let in: it is said, and nothing is traded.
    let nobody = world.json(&[&arguments[..], &["--universe", "price > 1e12"]].concat())["result"].clone();
    assert!(nobody["warnings"].to_string().contains("the universe is empty in 1 of 1 periods"), "{nobody}");
    let orders = world.text(&format!("{}/orders.csv", nobody["folder"].as_str().unwrap()));
    assert_eq!(orders.lines().count(), 1);
}

#[test]
fn an_event_strategy_is_told_the_bars_before_its_start() {
    let world = market();
    let arguments = ["--strategy", "sma_cross", "--timeframe", "1h", "--param", "slow=100", "--param", "share=0.1"];
    let from = [&arguments[..], &["--start", "2024-01-15"]].concat();
    let orders = |arguments: &[&str]| -> String {
        let run = world.json(&[&["backtest"], arguments].concat())["result"].clone();
        world.text(&format!("{}/orders.csv", run["folder"].as_str().unwrap()))
    };
    let warm = orders(&from);
    let first = warm.lines().nth(1).unwrap().split(',').nth(1).unwrap().to_owned();
    // Decided at the close of the first bar, filled at the open of the second.
    assert_eq!(first, "2024-01-15T01:00:00Z", "{warm}");
    let cold = orders(&[&from[..], &["--warm-up", "0"]].concat());
    assert!(cold.lines().nth(1).unwrap().split(',').nth(1).unwrap() > "2024-01-19", "{cold}");
    // What it needs anyway is the same run.
    assert_eq!(orders(&[&from[..], &["--warm-up", "99"]].concat()), warm);
}

#[test]
fn an_event_strategy_looks_at_a_factor_column() {
    let world = market();
    let run = |extra: &[&str]| {
        let arguments = ["--strategy", "mean_reversion", "--timeframe", "1h", "--param", "window=24"];
        final_equity(&world, &[&arguments[..], extra].concat())
    };
    let (closes, factor) = (run(&[]), run(&["--param", "factor=return_5"]));
    assert_ne!(closes, factor);
    // A column that is the close gives the run on closes.
    world.write(
        "c.yaml",
        "factor_set: c\ntimeframe: 1h\nsource: {venue: v, bars: 1h}\nfactors:\n  - {name: last, formula: close}\n",
    );
    world.run(&["factors", "run", "--config", "c.yaml"]).good();
    assert_eq!(run(&["--factor-set", "c", "--param", "factor=last"]), closes);
}
