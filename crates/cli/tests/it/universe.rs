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

/// Equal weights on what is in the universe, decided daily, without costs.
const RUN: [&str; 19] = [
    "universe",
    "bias",
    "--venue",
    "v",
    "--timeframe",
    "1d",
    "--strategy",
    "rotation",
    "--param",
    "top_n=4",
    "--param",
    "lookbacks=1",
    "--param",
    "absolute=none",
    "--commission-bps",
    "0",
    "--slippage-bps=0",
    "--start",
    "2024-01-02",
];

fn metric(bias: &Value, name: &str) -> [f64; 3] {
    let pairs = bias["metrics"].as_array().unwrap();
    let pair = pairs.iter().find(|pair| pair["name"] == name).unwrap_or_else(|| panic!("no metric {name}"));
    ["a", "b", "difference"].map(|side| pair[side].as_f64().unwrap_or(f64::NAN))
}

#[test]
fn survivors_lose_nothing_where_the_universe_did() {
    let world = market();
    let bias = &world.json(&[&RUN[..], &["--rebalance", "200"]].concat())["result"];
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
    let text = world.run(&[&RUN[..], &["--rebalance", "200"]].concat()).good().out;
    assert!(
        text.contains("total_return") && text.contains("DIES0 (2024-02-29)") && text.contains("no delisting date"),
        "{text}"
    );
    let rule = ["--rebalance", "200", "--universe", "include(LIVE*)", "--universe-reselect", "D"];
    let same = &world.json(&[&RUN[..], &rule].concat())["result"];
    assert_eq!(metric(same, "total_return"), [0.0, 0.0, 0.0]);
    world.run(&[&RUN[..], &["--include", "LIVE*"]].concat()).refused(&["all 4 symbols still trade"]);
}
