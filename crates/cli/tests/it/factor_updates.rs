//! `factors update`: what it says, what it refuses, and a process that is killed in the middle of it.

use std::time::{Duration, Instant};

use crate::world::World;

/// Symbols of the market.
const SYMBOLS: [&str; 6] = ["AAAUSDT", "BBBUSDT", "CCCUSDT", "DDDUSDT", "EEEUSDT", "FFFUSDT"];

/// A set that compares symbols.
const RANKED: &str = "
factor_set: NAME
timeframe: 1h
source: {venue: v, bars: 1h}
tradable: volume > 0
factors:
  - {name: strength, formula: 'cs_rank(close / delay(close, 5) - 1)', notes: five hours}
  - {name: smooth, formula: 'ema(strength, 10)'}
";

/// Imports hourly klines of the hours `hours` of all symbols.
fn import(world: &World, hours: std::ops::Range<i64>) {
    for (number, symbol) in SYMBOLS.iter().enumerate() {
        let mut text = String::new();
        for hour in hours.clone() {
            let open = 1_704_067_200_000 + hour * 3_600_000;
            let noise = ((hour * 7919 + number as i64 * 104_729) % 1000) as f64 / 1000.0;
            let (price, volume) = (100.0 + 5.0 * noise + number as f64, 10.0 + noise);
            let close_time = open + 3_599_999;
            text.push_str(&format!(
                "{open},{price},{},{},{},{volume},{close_time},{},50,{},{},0\n",
                price + 1.0,
                price - 1.0,
                price + noise - 0.5,
                volume * price,
                volume / 2.0,
                volume * price / 2.0
            ));
        }
        world.write(&format!("raw/{symbol}-1h-2024-01.csv"), text);
    }
    world.run(&["data", "import", "--venue", "v", "--kind", "klines", "--timeframe", "1h", "raw"]).good();
}

/// A hub with bars and the set `ranked`.
fn world() -> World {
    let world = World::new();
    import(&world, 0..300);
    world.write("ranked.yaml", RANKED.replace("NAME", "ranked"));
    world.run(&["factors", "run", "--config", "ranked.yaml"]).good();
    world
}

/// The scores of a backtest over a set.
fn scores(world: &World, set: &str) -> String {
    let options = ["--strategy", "top_k", "--param", "k=2", "--param", "factor=smooth", "--rebalance", "1"];
    let answer = world.json(&[&["backtest", "--factor-set", set], &options[..]].concat());
    world.text(&format!("{}/trade_summary.csv", answer["result"]["folder"].as_str().unwrap()))
}

#[test]
fn a_published_set_is_brought_up_to_date_by_its_name() {
    let world = world();
    import(&world, 280..324);
    let updated = &world.json(&["factors", "update", "ranked"])["result"][0];
    assert_eq!((&updated["n_new_rows"], &updated["n_rows_again"]), (&144.into(), &0.into()));
    assert_eq!((&updated["n_symbols"], &updated["n_rows"]), (&6.into(), &1944.into()));
    assert_eq!(
        (&updated["from"], &updated["full_because"]),
        (&"2024-01-13T12:00:00Z".into(), &serde_json::Value::Null)
    );
    let again = world.run(&["factors", "update", "--config", "ranked.yaml"]).good().out;
    assert!(again.starts_with("ranked (1h) has not changed"), "{again}");
    let shown = world.run(&["factors", "show", "ranked"]).good().out;
    assert!(shown.contains("note: strength: five hours"), "{shown}");
    import(&world, 324..330);
    let text = world.run(&["factors", "update", "ranked", "--timeframe", "1h"]).good().out;
    assert!(text.contains(": 36 new, 0 computed again, from 2024-01-14T12:00:00Z"), "{text}");
    world.write("full.yaml", RANKED.replace("NAME", "full"));
    let first = world.run(&["factors", "update", "--config", "full.yaml"]).good().out;
    assert!(first.contains("computed from the bars alone: nothing is published yet"), "{first}");
    assert_eq!(scores(&world, "ranked"), scores(&world, "full"));
}

#[test]
fn what_cannot_be_updated_is_told() {
    let world = world();
    world.run(&["factors", "update"]).refused(&["no factor set to update", "hint: "]);
    world.run(&["factors", "update", "rankd"]).refused(&["`rankd`", "hint: did you mean `ranked`?"]);
    world.run(&["factors", "update", "ranked", "--timeframe", "2h"]).refused(&["`ranked` of timeframe 2h"]);
    world.run(&["factors", "update", "ranked", "--config", "ranked.yaml"]).refused(&["both the set ranked and"]);
    world.run(&["factors", "update", "--config", "none.yaml"]).refused(&["none.yaml"]);
    world.write("other.yaml", RANKED.replace("NAME", "ranked").replace("delay(close, 5)", "delay(close, 6)"));
    world.run(&["factors", "update", "--config", "other.yaml"]).refused(&["ranked", "ranked__v2"]);
}

#[test]
fn a_process_killed_at_any_moment_leaves_a_whole_generation() {
    let world = world();
    let (mut hour, mut n_killed) = (300, 0);
    for round in 0..24_u64 {
        import(&world, hour - 3..hour + 5);
        hour += 5;
        let mut child = world.command(&["factors", "update", "ranked"]);
        let mut child = child.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
        // Moments spread over the life of the process, by a rule instead of by chance.
        let moment = Duration::from_micros(500 + round * 7919 % 40 * 1000);
        let begun = Instant::now();
        while begun.elapsed() < moment {
            std::hint::spin_loop();
        }
        child.kill().unwrap();
        n_killed += usize::from(!child.wait().unwrap().success());
        let tables = world.json(&["factors", "show", "ranked"])["result"]["set"]["tables"].clone();
        let rows: Vec<u64> =
            tables.as_object().unwrap().values().map(|table| table["rows"].as_u64().unwrap()).collect();
        assert!(rows.len() == 6 && rows.iter().all(|n| *n == rows[0]), "{rows:?}");
        if round % 6 == 5 {
            scores(&world, "ranked");
        }
    }
    assert!(n_killed >= 6, "only {n_killed} of the processes were killed before their end");
    world.run(&["factors", "update", "ranked"]).good();
    world.write("full.yaml", RANKED.replace("NAME", "full"));
    world.run(&["factors", "run", "--config", "full.yaml"]).good();
    assert_eq!(scores(&world, "ranked"), scores(&world, "full"));
}
