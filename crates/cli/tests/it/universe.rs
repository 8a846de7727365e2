//! `universe bias` where the bias is known by construction: half of the symbols die, each after losing nearly all.

use serde_json::Value;

use crate::world::World;

/// Days of the market.
const N_DAYS: usize = 120;

/// Daily bars of a symbol: flat at 100, or falling to 1 over its last ten days and then gone.
fn klines(n_days: usize, dies: bool) -> String {
    let day = 86_400_000_u64;
    let first = 1_704_067_200_000; // 2024-01-01
    let mut text = String::from("open_time,open,high,low,close,volume\n");
    for at in 0..n_days {
        let left = n_days - 1 - at;
        let price = if dies && left < 10 { 1.0 + 9.9 * left as f64 } else { 100.0 };
        text.push_str(&format!("{},{price},{price},{price},{price},1000\n", first + at as u64 * day));
    }
    text
}

/// Four symbols that live and four that die, on days 60, 70, 80 and 90.
fn market() -> World {
    let world = World::new();
    for at in 0..4 {
        for (name, n_days, dies) in [(format!("LIVE{at}"), N_DAYS, false), (format!("DIES{at}"), 60 + 10 * at, true)] {
            let file = format!("{name}.csv");
            world.write(&file, klines(n_days, dies));
            let words =
                ["data", "import", "--venue", "v", "--kind", "klines", "--timeframe", "1d", "--symbol", &name, &file];
            world.run(&words).good();
        }
    }
    world
}

/// `universe bias` of the whole market, without costs.
const BIAS: [&str; 9] =
    ["universe", "bias", "--venue", "v", "--timeframe", "1d", "--commission-bps", "0", "--slippage-bps=0"];

/// Equal weights on what is in the universe, decided daily.
const ROTATION: [&str; 10] = [
    "--strategy",
    "rotation",
    "--param",
    "top_n=4",
    "--param",
    "lookbacks=1",
    "--param",
    "absolute=none",
    "--start",
    "2024-01-02",
];

/// A list of targets.
const LIST: [&str; 4] = ["--strategy", "target_list", "--param", "file=targets.csv"];

fn metric(bias: &Value, name: &str) -> [f64; 3] {
    let pairs = bias["metrics"].as_array().unwrap();
    let pair = pairs.iter().find(|pair| pair["name"] == name).unwrap_or_else(|| panic!("no metric {name}"));
    ["a", "b", "difference"].map(|side| pair[side].as_f64().unwrap_or(f64::NAN))
}

#[test]
fn survivors_lose_nothing_where_the_universe_did() {
    let world = market();
    let bias = &world.json(&[&BIAS[..], &ROTATION, &["--rebalance", "200"]].concat())["result"];
    // Bought once, on the second day: DIES0 to DIES3, which sort first among equals, and lose 99 % each; the survivors are
    // flat. What survival adds is what was lost.
    let [was, now, difference] = metric(bias, "total_return");
    assert!((was + 0.99).abs() < 1e-9 && now == 0.0 && (difference - 0.99).abs() < 1e-9, "{was} {now} {difference}");
    assert_eq!((bias["as_it_was"]["n_symbols"].as_u64(), bias["survivors"]["n_symbols"].as_u64()), (Some(8), Some(4)));
    let gone: Vec<&str> =
        bias["gone"].as_array().unwrap().iter().map(|gone| gone["symbol"].as_str().unwrap()).collect();
    assert_eq!(gone, ["DIES0", "DIES1", "DIES2", "DIES3"]);
    assert_eq!(bias["gone"][0]["last_bar"], "2024-02-29T00:00:00Z");
    for side in ["as_it_was", "survivors"] {
        let folder = bias[side]["folder"].as_str().unwrap();
        assert!(!world.text(&format!("{folder}/metrics.json")).is_empty());
    }
    // The text says the same; a universe of those that live has no bias, and a market without deaths cannot be asked.
    let text = world.run(&[&BIAS[..], &ROTATION, &["--rebalance", "200"]].concat()).good().out;
    assert!(
        text.contains("total_return") && text.contains("DIES0 (2024-02-29)") && text.contains("no delisting date"),
        "{text}"
    );
    let rule = ["--rebalance", "200", "--universe", "include(LIVE*)", "--universe-reselect", "D"];
    let same = &world.json(&[&BIAS[..], &ROTATION, &rule].concat())["result"];
    assert_eq!(metric(same, "total_return"), [0.0, 0.0, 0.0]);
    world.run(&[&BIAS[..], &ROTATION, &["--include", "LIVE*"]].concat()).refused(&["all 4 symbols still trade"]);
}

#[test]
fn a_list_that_names_the_dead_is_held_without_them() {
    let world = market();
    world.write(
        "targets.csv",
        "date,symbol,weight\n2024-02-01,DIES0,0.5\n2024-02-01,LIVE0,0.5\n2024-02-05,DIES0,0.5\n2024-02-05,LIVE0,0.25\n",
    );
    let bias = &world.json(&[&BIAS[..], &LIST].concat())["result"];
    // Half of the account loses 99 %; without the dead symbol it lies in cash.
    let [was, now, _] = metric(bias, "total_return");
    assert!((was + 0.495).abs() < 1e-9 && now == 0.0, "{was} {now}");
    // A half for three days and a quarter for the other 84, of 120 days.
    let [_, exposure, _] = metric(bias, "gross_exposure");
    assert!(exposure > 0.17 && exposure < 0.21, "{exposure}");
    let run = world.json(&["runs", "show", bias["survivors"]["run_id"].as_str().unwrap()]);
    assert!(run.to_string().contains("targets_of_other_symbols"), "what was left out is counted: {run}");
    // A backtest names it and says how to leave it out; the same run without being asked to.
    let backtest = [&["backtest"], &BIAS[2..], &LIST, &["--include", "LIVE*"]].concat();
    world.run(&backtest).refused(&["`DIES0`", "2024-02-01", "--param others=drop"]);
    world.run(&[&backtest[..], &["--param", "others=drop"]].concat()).good();
}

#[test]
fn more_names_than_survivors_is_said_before_anything_runs() {
    let world = market();
    let words = [&BIAS[..], &ROTATION[..2], &["--param", "top_n=5", "--param", "lookbacks=1"]].concat();
    world.run(&words).refused(&["wants 5 names", "only 4 symbols still trade at 2024-04-30"]);
    assert!(world.files("results").is_empty());
}

#[test]
fn a_killed_comparison_leaves_nothing_behind_the_next_one() {
    let world = market();
    let words = [&BIAS[..], &ROTATION, &["--rebalance", "200"]].concat();
    // As if killed while it wrote its second run: the first is whole, of the second there is a hidden folder.
    world.run(&words).good();
    let mut runs: Vec<String> = world.files("results/rotation").into_keys().collect();
    runs.retain(|name| name.ends_with("metrics.json"));
    let half = world.path("results/rotation/.0123456789abcdef.99999-0");
    std::fs::create_dir(&half).unwrap();
    std::fs::write(half.join("equity.csv"), "time").unwrap();
    std::fs::create_dir(world.path("results/.rerun-0123456789abcdef.99999-1")).unwrap();
    world.run(&words).good();
    assert!(!half.exists() && !world.path("results/.rerun-0123456789abcdef.99999-1").exists());
    let mut after: Vec<String> = world.files("results/rotation").into_keys().collect();
    after.retain(|name| name.ends_with("metrics.json"));
    assert_eq!(after, runs);
}
