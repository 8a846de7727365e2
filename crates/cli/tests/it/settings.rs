//! Where settings come from, as the program shows them.

use crate::world::{World, answer};

/// The value and origin of a setting in `config show`.
fn shown(world: &World, key: &str, arguments: &[&str], environment: &[(&str, &str)]) -> (String, String) {
    let mut command = world.command(&[&["config", "show", "--json"], arguments].concat());
    command.envs(environment.iter().copied());
    let object = answer(&mut command).good().json();
    let setting = &object["result"][key];
    (setting["value"].to_string(), setting["origin"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn every_layer_wins_over_those_below() {
    let world = World::new();
    let key = "backtest.capital";
    let is = |arguments: &[&str], environment: &[(&str, &str)], value: &str, origin: &str| {
        assert_eq!(shown(&world, key, arguments, environment), (value.to_owned(), origin.to_owned()));
    };
    is(&[], &[], "1000000.0", "default");
    world.write("crosscut.yaml", "backtest: {capital: 1}\n");
    is(&[], &[], "1.0", "crosscut.yaml");
    world.write("a.yaml", "backtest: {capital: 2}\n");
    world.write("b.yaml", "backtest: {capital: 3}\n");
    is(&["--config", "a.yaml"], &[], "2.0", "a.yaml");
    is(&["--config", "a.yaml", "--config", "b.yaml"], &[], "3.0", "b.yaml");
    world.write(".env", "CROSSCUT_BACKTEST_CAPITAL=4\n");
    is(&["--config", "a.yaml"], &[], "4.0", ".env: CROSSCUT_BACKTEST_CAPITAL");
    let variable = [("CROSSCUT_BACKTEST_CAPITAL", "5")];
    is(&["--config", "a.yaml"], &variable, "5.0", "environment: CROSSCUT_BACKTEST_CAPITAL");
    is(&["--set", "backtest.capital=6"], &variable, "6.0", "--set");
    assert_eq!(shown(&world, "hub", &["--hub", "x"], &[]), ("\"x\"".to_owned(), "--hub".to_owned()));
    let text = world.run(&["config", "show"]).good().out;
    let line = text.lines().find(|line| line.starts_with("backtest.capital ")).unwrap();
    assert_eq!(line.split_whitespace().collect::<Vec<_>>()[1..], ["4.0", ".env:", "CROSSCUT_BACKTEST_CAPITAL"]);
}

#[test]
fn settings_of_files_reach_the_run() {
    let world = World::with_market();
    world.write(
        "mine.yaml",
        "results: elsewhere\nbacktest:\n  factor_set: s1\n  strategy: long_short\n  rebalance: 12\n  \
         params: {factor: return_20, long_count: 2, short_count: 1}\n",
    );
    let run = world.json(&["backtest", "--config", "mine.yaml", "--param", "short_count=2", "--capital", "50000"]);
    let config = &run["result"]["config"];
    assert_eq!((&config["strategy"], &config["rebalance"]), (&"long_short".into(), &"12".into()));
    assert_eq!(config["params"]["short_count"], "2", "a flag wins over the file, parameter by parameter");
    assert_eq!(config["params"]["long_count"], "2");
    assert_eq!(config["capital"], 50000.0);
    assert!(run["result"]["folder"].as_str().unwrap().starts_with("elsewhere/long_short/"));
}

#[test]
fn lookback_col_is_another_name_of_factor() {
    let world = World::with_market();
    let momentum = ["backtest", "--strategy", "momentum", "--param", "top_n_long=2"];
    let one = world.json(&[&momentum[..], &["--param", "lookback_col=return_20"]].concat());
    let other = world.json(&[&momentum[..], &["--param", "factor=return_20"]].concat());
    assert_eq!(one["result"]["run_id"], other["result"]["run_id"]);
    assert_eq!(other["result"]["reused"], true);
}

#[test]
fn a_new_project_works_as_written() {
    let world = World::with_market();
    world.run(&["init"]).good();
    let set = world.text("factors/core.yaml").replace("venue: binance_futures", "venue: v");
    world.write("factors/core.yaml", set);
    world.run(&["factors", "run", "--config", "factors/core.yaml"]).good();
    let same = ["long_short", "top_k", "threshold", "rotation"].map(|name| (name, name));
    for (strategy, runs) in same.into_iter().chain([("trend", "ema_cross"), ("realistic", "top_k")]) {
        let file = format!("strategies/{strategy}.yaml");
        let small = world.text(&file).replace("count: 5", "count: 2");
        world.write(&file, small);
        let shown = world.run(&["config", "show", "--config", &file]).good().out;
        assert!(shown.contains(&format!("{strategy}.yaml")), "{shown}");
        let run = world.json(&["backtest", "--config", &file])["result"].clone();
        assert_eq!(run["strategy"], runs);
        let orders = world.text(&format!("{}/orders.csv", run["folder"].as_str().unwrap()));
        assert!(orders.lines().count() > 3, "{strategy}: {orders}");
    }
    world.run(&["init"]).refused(&["crosscut.yaml exists already", "hint: "]);
}
