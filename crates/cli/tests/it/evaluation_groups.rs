//! `evaluate --group` on a market worked out by hand, and the forms of an evaluation's folder.

use std::fs;

use crosscut_model::parse_iso;
use crosscut_model::time::DAY;
use serde_json::Value;

use crate::world::World;

/// Days of the market.
const DAYS: i64 = 20;

/// Five names, daily, whose volume is the factor: 1, 2, 3, 10, 5 every day; prices rise by 1 to 5 % a day.
fn world() -> World {
    let world = World::new();
    let first = parse_iso("2024-01-01").unwrap();
    for (name, volume) in [1, 2, 3, 10, 5].iter().enumerate() {
        let mut text = String::from("timestamp,open,high,low,close,volume,dollar_volume\n");
        for day in 0..DAYS {
            let price = 100.0 * (1.01 + 0.01 * name as f64).powi(day as i32);
            let time = (first + day * DAY) / 1000;
            text.push_str(&format!("{time},{price},{price},{price},{price},{volume},{}\n", 1000 * volume));
        }
        world.write(&format!("bars/S{}.csv", name + 1), text);
    }
    world.run(&["data", "import", "--venue", "v", "--kind", "klines", "--timeframe", "1d", "bars"]).good();
    let set =
        "factor_set: s\ntimeframe: 1d\nsource: {venue: v, bars: 1d}\nfactors:\n  - {name: f, formula: \"volume\"}\n";
    world.write("s.yaml", set);
    world.run(&["factors", "run", "--config", "s.yaml"]).good();
    world
}

/// The words of an evaluation of the factor, traded at the close just seen.
const EVALUATE: [&str; 19] = [
    "evaluate",
    "--factor",
    "f",
    "--horizons",
    "1",
    "--quantiles",
    "2",
    "--min-names",
    "2",
    "--price",
    "close",
    "--lag",
    "0",
    "--bootstrap",
    "0",
    "--against",
    "none",
    "--out",
    "ev",
];

/// The document of an evaluation with a group file of these lines.
fn grouped(world: &World, lines: &str, options: &[&str]) -> Value {
    world.write("g.csv", lines);
    world.run(&[&EVALUATE[..], &["--group", "g.csv"], options].concat()).good();
    serde_json::from_str(&world.text("ev/evaluation.json")).unwrap()
}

/// Fails unless a number is the expected one.
#[track_caller]
fn same(value: &Value, expected: f64) {
    let value = value.as_f64().unwrap_or(f64::NAN);
    assert!((value - expected).abs() < 1e-12, "{value}, expected {expected}");
}

#[test]
fn groups_that_change_over_time() {
    let world = world();
    // The second name goes from b to a on the eleventh day; the fifth has no group, and one line is of a stranger.
    let lines = "symbol,sector,from\nS1,a,\nS3,a,\nS2,b,\nS4,b,\nS2,a,2024-01-11\nXX,a,\n";
    let document = grouped(&world, lines, &[]);
    let detail = &document["details"][0];
    let group = |at: usize| &detail["groups"][at];
    assert_eq!((&group(0)["name"], &group(0)["rank_ic"][0]["n"]), (&"a".into(), &19.into()));
    // One name alone has no rank IC.
    assert_eq!((&group(1)["name"], &group(1)["rank_ic"][0]["n"]), (&"b".into(), &10.into()));
    same(&group(1)["rank_ic"][0]["mean"], 1.0);
    // Within groups: 1, 2 % and 3, 4 % at first; later 1 % and 2, 3, 4 %, as who is alone is in the highest half.
    let formed = &detail["by_group"][0]["within_groups"];
    same(&formed["quantiles"][0]["raw"]["mean"], (10.0 * 0.015 + 9.0 * 0.01) / 19.0);
    same(&formed["quantiles"][1]["raw"]["mean"], (10.0 * 0.035 + 9.0 * 0.03) / 19.0);
    assert_eq!(formed["groups"][1]["quantiles"][0]["raw"]["n"], 10);
    // Of all five names the first two are in the lower portfolio: of a the first, later both.
    let of_all = &detail["by_group"][0]["of_all"];
    let lower = (10.0 * 0.01 + 9.0 * 0.015) / 19.0;
    same(&of_all["groups"][0]["quantiles"][0]["raw"]["mean"], lower);
    same(&of_all["groups"][0]["quantiles"][0]["demeaned"]["mean"], lower - 0.025);
    // Less the mean of the group: -1, -4, 1, 4; later -1, 0, 1, 0.
    let neutral = &detail["variants"][0];
    assert_eq!(neutral["variant"], "group-neutral");
    same(&neutral["summary"]["horizons"][0]["rank_ic"]["mean"], (10.0 * 0.8 + 9.0 * 3.0 / 22.5f64.sqrt()) / 19.0);
    let notes = document["notes"].to_string();
    for words in ["1 of 5 symbols are not in the group file", "1 symbol of the group file is not judged"] {
        assert!(notes.contains(words), "`{words}`: {notes}");
    }
    // Without dates, and only some symbols asked for.
    let fixed = grouped(&world, "symbol,category\nS1,a\nS2,a\nS3,a\nS4,a\nS5,b\n", &["--symbols", "S1,S2,S3,S4"]);
    assert_eq!(fixed["details"][0]["groups"].as_array().unwrap().len(), 1);
    assert_eq!(fixed["data"]["symbols"], 4);
    same(&fixed["details"][0]["variants"][0]["summary"]["horizons"][0]["rank_ic"]["mean"], 1.0);
}

#[test]
fn middle_values_of_an_even_number() {
    let world = world();
    let document = grouped(&world, "symbol,category\nS1,a\n", &["--symbols", "S1,S2,S3,S4"]);
    // Values 1, 2, 3, 10: 2.5 in the middle, distances 1.5, 0.5, 0.5, 7.5 with 1 in the middle.
    let outliers = &document["details"][0]["outliers"];
    same(&outliers["largest"], 7.5 / 1.4826);
    same(&outliers["beyond_5"], 0.25);
    // Two names on each side: 1 % of 1000, 2000, 3000, 10000 a name, four times as much in all.
    let capacity = &document["details"][0]["capacity"];
    same(&capacity["median_name"], 0.01 * 2500.0 * 4.0);
    same(&capacity["thin_name"], 0.01 * 1000.0 * 4.0);
}

#[test]
fn group_files_that_cannot_be_understood() {
    let world = world();
    for (lines, words) in [
        (&b"symbol,category\nXX,a\n"[..], &["g.csv", "line 1", "no line is about a symbol"][..]),
        (b"name,category\nS1,a\n", &["g.csv", "line 1", "name,category", "symbol,category"]),
        (b"category,symbol\na,S1\n", &["g.csv", "line 1"]),
        (b"symbol;category\nS1;a\n", &["line 1", "hint: ", "commas"]),
        (b"symbol,category\nS1,a\nS2\n", &["line 3", "S2"]),
        (b"symbol,category,from\nS1,a,soon\n", &["line 2", "S1", "soon"]),
        (b"symbol,category\nS1,a\nS1,b\n", &["line 3", "S1"]),
        (b"", &["line 1"]),
        (b"symbol,category\nS1,\xff\n", &["g.csv"]),
    ] {
        world.write("g.csv", lines);
        world.run(&[&EVALUATE[..], &["--group", "g.csv"]].concat()).refused(words);
        assert!(!world.path("ev").exists());
    }
}

#[test]
fn folders_of_other_formats() {
    let world = world();
    let document = grouped(&world, "symbol,category\nS1,a\nS2,a\n", &[]);
    assert_eq!(document["format"], 2);
    let told = world.run(&["evaluate", "verify", "ev"]).good();
    assert!(!told.out.contains("format"), "{}", told.out);
    let manifest: Value = serde_json::from_str(&world.text("ev/manifest.json")).unwrap();
    let verify = |format: Value| {
        let mut other = manifest.clone();
        other["format"] = format;
        world.write("ev/manifest.json", other.to_string());
        world.run(&["evaluate", "verify", "ev"])
    };
    // An earlier form is verified, and told.
    let told = verify(1.into()).good();
    for words in ["format 1", "writes 2", "evaluation.json", "hint: ", "files as they were written", "0 changed"] {
        assert!(told.out.contains(words), "`{words}`: {}", told.out);
    }
    fs::write(world.path("ev/report.md"), "x").unwrap();
    assert_eq!(verify(1.into()).status, 1);
    for format in [3.into(), 0.into(), Value::Null, "2".into()] {
        verify(format).refused(&["manifest.json", "format", "1 to 2", "hint: "]);
    }
    // An evaluation may take the place of one of an earlier form.
    verify(1.into());
    world.run(&EVALUATE).good();
    world.run(&["evaluate", "verify", "ev"]).good();
}
