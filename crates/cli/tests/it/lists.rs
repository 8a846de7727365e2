//! What can be named: lists, look-up, reference pages; and the design's factor-set file, with targets, run as it stands.

use crate::world::World;

/// The lists there are.
const KINDS: [&str; 5] = ["operators", "factors", "strategies", "costs", "providers"];

#[test]
fn everything_is_listed_and_found_by_name() {
    let world = World::new();
    for kind in KINDS {
        let listed = world.json(&["list", kind]);
        let entries = listed["result"].as_array().unwrap().clone();
        assert!(entries.len() > 1, "{kind}");
        let text = world.run(&["list", kind]).good().out;
        for entry in &entries {
            let name = entry["name"].as_str().unwrap();
            assert!(text.contains(name), "{kind}: {name}");
        }
        // The first entry by its name, as text and as JSON.
        let name = entries[0]["name"].as_str().unwrap();
        let one = world.json(&["list", kind, name]);
        assert!(one["result"].as_array().unwrap().contains(&entries[0]), "{kind}: {name}");
        assert!(world.run(&["list", kind, name]).good().out.contains(name));
        world.run(&["list", kind, "no_such_name_anywhere"]).refused(&[
            "there is no",
            "no_such_name_anywhere",
            "hint: ",
        ]);
    }
}

#[test]
fn an_operator_in_full() {
    let world = World::new();
    let text = world.run(&["list", "operators", "Corr"]).good().out;
    for part in ["ts_corr(x, y, window)", "correlation, Corr", "from 2 to 100000", "transformer", "gives", "- - 1/2 -"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    world
        .run(&["list", "operators", "ts_meen"])
        .refused(&["there is no operator `ts_meen`", "did you mean `ts_mean`?"]);
    let factor = world.json(&["list", "factors", "talib:sma_20"]);
    assert_eq!(factor["result"][0]["family"], "talib");
    assert_eq!(factor["result"][0]["inputs"][0], "close");
}

#[test]
fn reference_pages_are_written() {
    let world = World::new();
    let written = world.json(&["reference", "--dir", "pages"]);
    assert_eq!(written["result"]["files"].as_array().unwrap().len(), 6);
    assert!(world.text("pages/operators.md").contains("### `ts_mean(x, window)`"));
}

/// The file of the design, on the test's venue, with targets and a weighted combination beside it.
const DESIGN: &str = r#"
factor_set: core_momentum__2025-10-07
timeframe: 1h
source: {venue: v, bars: 1h}
symbols: all
fill: none
outliers: keep
tradable: volume > 0
library: [{features: {windows: [5, 10]}}, alpha101]
let: {ret1: "close / delay(close, 1) - 1", "trend(x, n)": "ts_slope(x, n) / ts_mean(x, n)"}
factors:
  - {name: "return_of_{w}", formula: "close / delay(close, {w}) - 1", windows: [5, 10, 20, 60]}
  - {name: reversal_5_rank, formula: "cs_rank(-ts_sum(ret1, 5))", notes: "short-term reversal"}
  - {name: qlib_way, formula: "Ref($close, 5)/$close - 1"}
  - {name: mixed, formula: "0.6 * cs_zscore(trend(close, 20)) + 0.4 * cs_rank(volume)"}
  - {name: sides, formula: "long_top(mixed, 2) + short_bottom(mixed, 2)"}
  - {name: held, formula: "keep_while(reversal_5_rank > 0.8, reversal_5_rank > 0.5)"}
  - {name: alone, formula: "long_above(ts_zscore(close, 20), 1)"}
"#;

#[test]
fn the_designs_file_runs_with_targets() {
    let world = World::with_market();
    world.write("design.yaml", DESIGN);
    let ran = world.json(&["factors", "run", "--config", "design.yaml"]);
    let columns: Vec<&str> =
        ran["result"][0]["columns"].as_array().unwrap().iter().filter_map(|c| c.as_str()).collect();
    for name in
        ["return_of_5", "return_of_60", "reversal_5_rank", "qlib_way", "sides", "held", "alone", "alpha_101", "rsi_10"]
    {
        assert!(columns.contains(&name), "{name}: {columns:?}");
    }
    let shown = world.run(&["factors", "show", "core_momentum__2025-10-07:sides"]).good().out;
    assert!(shown.contains("target"), "{shown}");
}
