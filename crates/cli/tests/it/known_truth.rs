//! Markets whose truth is known, through the whole program: strategies without skill are told from luck, and the one
//! with skill is found.

use serde_json::Value;

use crate::world::World;

/// Strategies without skill of each seed.
const N_SETS: usize = 200;

/// Symbols and hours of the market.
const SIZE: (usize, usize) = (8, 500);

/// A step of a generator (Knuth's MMIX), as a number from 0 to below 1.
fn draw(state: &mut u64) -> f64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 11) as f64 / (1u64 << 53) as f64
}

/// A market of hourly bars whose returns nobody knows but by the volume of the bar before: so much of it as `effect` says.
fn market(world: &World, effect: f64) {
    let mut table = String::from("symbol,timestamp,open,high,low,close,volume\n");
    let mut state = 42;
    for symbol in 0..SIZE.0 {
        let (mut close, mut volume) = (100.0, 1.5);
        for hour in 0..SIZE.1 {
            let open = close;
            let noise: f64 = (0..4).map(|_| draw(&mut state) - 0.5).sum();
            close *= 1.0 + 0.01 * noise + effect * (volume - 1.5);
            volume = 1.0 + draw(&mut state);
            let (high, low) = (f64::max(open, close), f64::min(open, close));
            let time = 1_704_067_200 + 3600 * hour;
            table.push_str(&format!("S{symbol},{time},{open},{high},{low},{close},{volume}\n"));
        }
    }
    world.write("market.csv", table);
    world.run(&["data", "import", "--venue", "v", "--kind", "klines", "--timeframe", "1h", "market.csv"]).good();
}

/// A factor set of columns that know nothing, one for each of a range of seeds, and one of what does: the volume, of which the
/// others have digits far behind the point.
fn factors(world: &World, name: &str, seeds: std::ops::RangeInclusive<usize>) {
    let seeds: Vec<String> = seeds.map(|seed| seed.to_string()).collect();
    let noise = format!(
        "{{name: \"noise_{{w}}\", formula: \"volume * {{w}} * 7919.13 - floor(volume * {{w}} * 7919.13)\", windows: [{}]}}",
        seeds.join(", ")
    );
    let planted = "{name: planted, formula: volume}";
    let body = format!(
        "factor_set: {name}\ntimeframe: 1h\nsource: {{venue: v, bars: 1h}}\nfactors:\n  - {noise}\n  - {planted}\n"
    );
    world.write("set.yaml", body);
    world.run(&["factors", "run", "--config", "set.yaml"]).good();
}

/// Sweeps columns of a factor set; the statistics and the best set.
fn swept(world: &World, name: &str, columns: &[String]) -> (Value, Value) {
    world.write(
        "sweep.yaml",
        format!(
            "backtest: {{strategy: long_short, factor_set: {name}, rebalance: 2, execution: next_open, commission_bps: 0, slippage_bps: 0, \
             params: {{long_count: 2, short_count: 2}}}}\nsweep: {{best: 0, parameters: {{factor: [{}]}}}}\n",
            columns.join(", ")
        ),
    );
    let result = world.json(&["sweep", "--config", "sweep.yaml"])["result"].clone();
    assert_eq!((&result["n_sets"], &result["n_failed"]), (&columns.len().into(), &0.into()), "{result}");
    let described = world.text(&format!("{}/sweep.json", result["folder"].as_str().unwrap()));
    let described: Value = serde_json::from_str(&described).unwrap();
    (described["statistics"]["report"].clone(), result["best"][0].clone())
}

/// The deflated ratio of the best set: of its ratio against the highest that luck alone would show.
fn beats_luck(report: &Value, best: &Value) -> bool {
    best["metrics"]["sharpe"].as_f64().unwrap() > report["trials"]["sharpe_threshold"].as_f64().unwrap()
}

#[test]
fn strategies_without_skill_do_not_pass() {
    let world = World::new();
    market(&world, 0.0);
    let (mut pbo, n_seeds) = (0.0, 3);
    for seed in 0..n_seeds {
        let (name, seeds) = (format!("noise{seed}"), 1 + N_SETS * seed..=N_SETS * (seed + 1));
        factors(&world, &name, seeds.clone());
        let columns: Vec<String> = seeds.map(|seed| format!("noise_{seed}")).collect();
        let (report, best) = swept(&world, &name, &columns);
        assert!(best["metrics"]["sharpe"].as_f64().unwrap() > 5.0, "the best of many looks good: {best}");
        let trials = &report["trials"];
        assert!(trials["n_effective"].as_f64().unwrap() > 100.0, "{trials}");
        let superior = report["superiority"]["superior"].as_array().unwrap();
        assert!(superior.is_empty() && report["superiority"]["spa_consistent_p"].as_f64().unwrap() > 0.05, "{report}");
        pbo += report["overfitting"]["probability"].as_f64().unwrap() / n_seeds as f64;
        // The ledger has all of them: no run of this hypothesis passes on its own word.
        let criteria = ["--criteria", "deflated_sharpe > 0.95"];
        let column = best["values"][0][1].as_str().unwrap();
        let rules = [
            "--strategy",
            "long_short",
            "--factor-set",
            &name,
            "--rebalance",
            "2",
            "--commission-bps",
            "0",
            "--slippage-bps",
            "0",
        ];
        let sides = ["--param", "long_count=2", "--param", "short_count=2", "--param"];
        let run = world.json(&[&["backtest"], &rules[..], &sides, &[&format!("factor={column}")]].concat());
        assert_eq!(run["result"]["run_id"], best["run_id"]);
        let judged = world.run(&[&["runs", "judge", "latest"], &criteria[..]].concat());
        assert_eq!(judged.status, 1, "{}", judged.out);
    }
    assert!((0.3..0.7).contains(&pbo), "mean probability of overfitting {pbo}");
}

#[test]
fn the_one_strategy_with_skill_is_found() {
    let world = World::new();
    market(&world, 0.004);
    factors(&world, "mixed", 1..=149);
    let columns: Vec<String> = (1..=149).map(|seed| format!("noise_{seed}")).chain(["planted".to_owned()]).collect();
    let (report, best) = swept(&world, "mixed", &columns);
    assert_eq!(best["values"][0][1], "planted", "{best}");
    assert!(beats_luck(&report, &best), "{report}");
    assert!(report["overfitting"]["probability"].as_f64().unwrap() < 0.05, "{report}");
    assert!(report["superiority"]["spa_consistent_p"].as_f64().unwrap() < 0.05, "{report}");
    assert_eq!(report["superiority"]["superior"], serde_json::json!([149]), "{report}");
}
