//! Rows of sweeps, searches, walk-forwards and stress tests are the backtests that one can make alone: run ids and numbers,
//! for every kind of run.

use serde_json::Value;

use crate::world::World;

/// The texts `key=value` of a set.
fn pairs(set: &Value) -> Vec<String> {
    let pairs = set["values"].as_array().unwrap().iter();
    pairs.map(|pair| format!("{}={}", pair[0].as_str().unwrap(), pair[1].as_str().unwrap())).collect()
}

/// Makes the run that a base and some values stand for, with further options.
fn alone(world: &World, base: &str, pairs: &[String], options: &[&str]) -> Value {
    world.write("one.yaml", format!("backtest: {base}\n"));
    let mut words = vec!["backtest", "--config", "one.yaml", "--results", "alone"];
    // A window is a part of the formula, which `--formula` takes whole.
    let windows: Vec<(&str, &str)> =
        pairs.iter().filter_map(|pair| pair.strip_prefix("formula.").and_then(|pair| pair.split_once('='))).collect();
    let written = base.split("formula: \"").nth(1).map_or("", |rest| rest.split('"').next().unwrap());
    let formula = windows.iter().fold(written.to_owned(), |text, (name, w)| text.replace(&format!("{{{name}}}"), w));
    if !windows.is_empty() {
        words.extend(["--formula", &formula]);
    }
    words.extend(pairs.iter().filter(|pair| !pair.starts_with("formula.")).flat_map(|pair| ["--set", pair.as_str()]));
    words.extend(options);
    world.json(&words)["result"].clone()
}

/// Asserts that a run has the numbers that are told of it, as far as these are metrics.
fn is_told(run: &Value, told: &Value) {
    for metric in run["metrics"].as_array().unwrap() {
        if let Some(value) = told.get(metric["name"].as_str().unwrap()) {
            assert_eq!(metric["value"], *value, "{} of {told}", metric["name"]);
        }
    }
}

/// Runs a sweep or search whose sets all get folders, which the program holds against the table, every metric of them; then
/// makes a few sets alone.
fn agrees_by(world: &World, command: &str, (base, space): (&str, &str)) {
    world.write(
        "all.yaml",
        format!("backtest: {base}\nsweep: {{best: 200, {space}}}\noptimize: {{trials: 6, initial: 4, batch: 3}}\n"),
    );
    let answer = world.run(&[command, "--config", "all.yaml", "--json"]).good();
    assert!(!answer.err.contains("please report"), "{space}: {}", answer.err);
    let result = answer.json()["result"].clone();
    assert_eq!(result["n_failed"], 0, "{space}: {}", result["errors"]);
    let best = result["best"].as_array().unwrap();
    assert!(best.len() > 2 && best.len() == result["n_sets"].as_u64().unwrap() as usize, "{space}: {result}");
    let distinct: std::collections::BTreeSet<String> =
        best.iter().map(|set| set["metrics"]["sharpe"].to_string()).collect();
    assert!(distinct.len() > 1, "{space}: what is varied has no effect");
    for set in [&best[0], &best[best.len() / 2], &best[best.len() - 1]] {
        let run = alone(world, base, &pairs(set), &[]);
        assert_eq!(run["run_id"], set["run_id"], "{command}: {set}");
        is_told(&run, &set["metrics"]);
    }
}

/// [`agrees_by`] of a sweep.
pub(crate) fn agrees(world: &World, base: &str, space: &str) {
    agrees_by(world, "sweep", (base, space));
}

/// Walks forward over two windows; each training and test is the backtest of its window.
fn walks(world: &World, (base, space): (&str, &str)) {
    world.write(
        "walk.yaml",
        format!("backtest: {base}\nsweep: {{{space}}}\nwalkforward: {{train: 10d, test: 6d, label: 1d}}\n"),
    );
    let walk = world.json(&["walkforward", "--config", "walk.yaml"])["result"].clone();
    let windows = walk["windows"].as_array().unwrap();
    assert_eq!(windows.len(), 3, "{walk}");
    for window in &windows[..2] {
        let text = |name: &str| window[name].as_str().unwrap_or_else(|| panic!("{name} of {window}"));
        let values = window["values"][0].as_str().unwrap();
        let values = values.replace(" backtest.", "\nbacktest.").replace(" formula.", "\nformula.");
        let pairs: Vec<String> = values.lines().map(str::to_owned).collect();
        let of = |part: &str| {
            let (start, end) = (format!("{part}_start"), format!("{part}_end"));
            alone(world, base, &pairs, &["--start", text(&start), "--end", text(&end)])
        };
        let (trained, tested) = (of("train"), of("test"));
        is_told(&trained, &serde_json::json!({"sharpe": window["trained"]}));
        assert_eq!(tested["run_id"], window["run_ids"][0], "{window}");
        is_told(&tested, &serde_json::json!({"sharpe": window["tested"], "total_return": window["total_return"]}));
    }
}

/// Stresses the base; each scenario that is a run is the backtest that its settings make.
fn stresses(world: &World, base: &str) {
    let own = alone(world, base, &[], &[]);
    let id = own["run_id"].as_str().unwrap();
    let words = ["stress", id, "--results", "alone", "--parts", "2", "--drops", "1", "--shuffles", "1"];
    let found = world.json(&words)["result"].clone();
    let mut n_checked = 0;
    for row in found["rows"].as_array().unwrap() {
        let is_run = row["run_id"].is_string();
        // What cannot be made at all is told with its reason.
        assert!(is_run || row["standing"] != "not_run" || row["problem"].is_string(), "{row}");
        if let (true, Some(settings)) = (is_run, row["settings"].as_array()) {
            let pairs: Vec<String> = settings.iter().map(|pair| pair.as_str().unwrap().to_owned()).collect();
            let run = alone(world, base, &pairs, &[]);
            assert_eq!(run["run_id"], row["run_id"], "{row}");
            is_told(&run, row);
            n_checked += 1;
        }
    }
    assert!(n_checked >= 10, "{n_checked}: {found}");
}

/// A base and a space are searched in every way.
fn every_way(base: &str, space: &str) {
    let world = World::with_market();
    agrees_by(&world, "sweep", (base, space));
    agrees_by(&world, "optimize", (base, space));
    walks(&world, (base, space));
    stresses(&world, base);
}

/// Both sides, decided every six hours.
const SIDES: &str =
    "strategy: long_short, factor_set: s1, rebalance: 6, params: {long_count: 2, short_count: 2, factor: return_5}";

/// One side.
const BEST: &str = "strategy: top_k, factor_set: s1, rebalance: 6, params: {k: 2, factor: return_5}";

/// A strategy that acts at every bar; one of the symbols is delisted on the way.
const EVERY_BAR: &str =
    "strategy: rsi, timeframe: 1h, symbols: [AAAUSDT, BBBUSDT, DDDUSDT], params: {window: 4, allow_short: true}";

/// What perpetuals pay.
const FUNDING: &str = "funding: {source: table, missing_mark: last_price, missing_row: skip}";

#[test]
fn with_funding() {
    let space =
        "parameters: {long_count: [1, 2], funding.missing_row: [skip, carry_last], funding.source: [none, table]}";
    every_way(&format!("{{{SIDES}, {FUNDING}}}"), space);
}

#[test]
fn with_funding_at_every_bar() {
    every_way(&format!("{{{EVERY_BAR}, {FUNDING}}}"), "parameters: {window: [3, 5], allow_short: [true, false]}");
}

#[test]
fn over_universes_chosen_over_time() {
    let universe = "universe: \"price >= 1, dollar_volume(3d) top 5\", universe_reselect: D";
    let space = "parameters: {k: [1, 2], universe: [\"dollar_volume(3d) top 4\", \"age >= 3d, price >= 1\", \"factor(return_20) >= -1\"]}";
    every_way(&format!("{{{BEST}, {universe}}}"), space);
}

#[test]
fn over_universes_and_pools_at_every_bar() {
    let universe = "universe: \"dollar_volume(3d) top 2\", universe_reselect: D";
    let space = "parameters: {window: [3, 5], universe_leave: [close, reduce_only]}";
    every_way(&format!("{{{EVERY_BAR}, {universe}}}"), space);
    let world = World::with_market();
    let pool = "pool_top_n: 3, pool_reselect: D, pool_lookback: 3D, pool_min_bars: 10";
    let base = format!("{{strategy: sma_cross, timeframe: 1h, params: {{fast: 3, slow: 9}}, {pool}}}");
    agrees(&world, &base, "parameters: {fast: [2, 4], pool_top_n: [2, 4]}");
}

#[test]
fn with_limits_and_stops() {
    let limits =
        "max_position: 0.3, max_gross: 0.8, cash_buffer: 0.1, max_drawdown: 0.3, risk: {stop_loss: 0.03, cooldown: 6h}";
    let space = "parameters: {max_position: [0.2, 0.4], max_gross: [0.5, 0.9], cash_buffer: [0.05, 0.2], risk.stop_loss: [0.01, 0.05]}";
    every_way(&format!("{{{BEST}, {limits}}}"), space);
}

#[test]
fn with_limits_at_every_bar() {
    let limits = "max_position: 0.3, risk: {trailing_stop: 0.05}, orders: {entry: \"limit:0.001\", stop: 0.02, take_profit: 0.03}";
    let space = "parameters: {max_position: [0.1, 0.3], orders.stop: [0.01, 0.05], risk.trailing_stop: [0.01, 0.1]}";
    every_way(&format!("{{{EVERY_BAR}, {limits}}}"), space);
}

#[test]
fn with_windows_of_formulas() {
    let world = World::with_market();
    let base = "{strategy: long_short, timeframe: 1h, rebalance: 6, formula: \"ts_mean(close, {a}) / ts_mean(close, {b}) - 1\", \
                params: {long_count: 1, short_count: 1}}";
    let space = "parameters: {a: [3, 5], b: [10, 20]}";
    agrees_by(&world, "sweep", (base, space));
    agrees_by(&world, "optimize", (base, space));
    walks(&world, (base, space));
    stresses(&world, &base.replace("{a}", "3").replace("{b}", "10"));
    // The record of such a run can be made again and compared.
    let words = ["runs", "rerun", "latest", "--results", "alone"];
    assert_eq!(world.json(&words)["result"]["identical"], true);
    world.run(&["runs", "contest", "latest", "latest", "--results", "alone"]).good();
}

#[test]
fn with_models_of_costs() {
    let space = "parameters: {commission: [\"per_share:rate=0.01\", \"maker_taker:maker_bps=1,taker_bps=9\"], \
                 slippage: [\"half_spread:6\", \"sqrt_impact:coefficient=0.05,base_bps=2\"], borrow: [0.1, 0.4]}";
    every_way(&format!("{{{SIDES}, borrow: 0.1}}"), space);
}

#[test]
fn at_every_price_and_delay() {
    let space = "parameters: {execution: [close, next_open, next_close, next_vwap], latency: [0, 90m], participation: [0.05, 1]}";
    every_way(&format!("{{{BEST}}}"), space);
}

#[test]
fn of_symbols_that_are_delisted() {
    let strategy = "strategy: threshold, factor_set: s1, symbols: [DDDUSDT, AAAUSDT, BBBUSDT]";
    let base = format!("{{{strategy}, params: {{factor: return_5, buy_threshold: 0.001, sell_threshold: -0.01}}}}");
    every_way(
        &base,
        "parameters: {buy_threshold: [0, 0.002], factor: [return_5, return_20], untradable: [hold, close_last]}",
    );
}

/// Sets of several strategies, some of which act at every bar.
const STRATEGIES: &str = r#"
backtest: {factor_set: s1}
sweep: {best: 20}
parameter_sets:
  a: {strategy: top_k, params: {k: 2, factor: return_5}}
  b: {strategy: long_short, params: {long_count: 1, short_count: 1, factor: return_20}}
  c: {strategy: sma_cross, timeframe: 1h, symbols: AAAUSDT, params: {fast: 3, slow: 9}}
  d: {strategy: rotation, timeframe: 1h, params: {top_n: 2, lookbacks: "24,48"}}
  e: {strategy: momentum, params: {lookback_col: return_20, top_n_long: 1}}
walkforward: {train: 10d, test: 6d, label: 1d}
"#;

#[test]
fn of_several_strategies() {
    let world = World::with_market();
    world.write("all.yaml", STRATEGIES);
    let answer = world.run(&["sweep", "--config", "all.yaml", "--json"]).good();
    assert!(!answer.err.contains("please report"), "{}", answer.err);
    let result = answer.json()["result"].clone();
    assert_eq!((&result["n_sets"], &result["n_failed"]), (&5.into(), &0.into()), "{result}");
    for set in result["best"].as_array().unwrap() {
        let run = alone(&world, "{factor_set: s1}", &pairs(set), &[]);
        assert_eq!(run["run_id"], set["run_id"], "{set}");
        is_told(&run, &set["metrics"]);
    }
    // Each strategy is a hypothesis of its own, also of a walk-forward.
    let trials = |results: &str| {
        let told = world.json(&["runs", "trials", "--results", results])["result"]["hypotheses"].clone();
        told.as_array().unwrap().iter().map(|one| one["n_trials"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(trials("results"), [1; 5]);
    world.json(&["walkforward", "--config", "all.yaml", "--results", "walked"]);
    assert_eq!(trials("walked"), [1; 5]);
}

#[test]
fn of_another_strategy_than_that_of_the_settings() {
    let world = World::with_market();
    world.write(
        "study.yaml",
        "backtest: {strategy: top_k, factor_set: s1, params: {factor: return_5, k: 2}}\n\
         sweep: {best: 3}\n\
         parameter_sets:\n  \
           more: {k: 3}\n  \
           both: {strategy: long_short, params: {long_count: 1, short_count: 1}}\n",
    );
    let result = world.json(&["sweep", "--config", "study.yaml"])["result"].clone();
    assert_eq!((&result["n_sets"], &result["n_failed"]), (&2.into(), &0.into()), "{result}");
    // `factor` is a parameter of both strategies and stays; `k` is one of `top_k`.
    let both = result["best"].as_array().unwrap().iter().find(|set| set["name"] == "both").unwrap();
    let run = alone(&world, "{factor_set: s1, params: {factor: return_5}}", &pairs(both), &[]);
    assert_eq!(run["run_id"], both["run_id"], "{both}");
    is_told(&run, &both["metrics"]);
}
