//! `evaluate` through the program: figures, folder, verification, and requests that make no sense.

use std::fs;

use serde_json::Value;

use crate::world::{Answer, World};

/// A hub with a factor set of several factors.
fn world() -> World {
    World::with_market()
}

/// Runs `evaluate` on the set `s1`.
fn evaluate(world: &World, options: &[&str]) -> Answer {
    let mut all = vec!["evaluate", "--factor-set", "s1", "--min-names", "3", "--bootstrap", "100"];
    all.extend(options);
    world.run(&all)
}

#[test]
fn a_report_and_its_verification() {
    let world = world();
    let options = ["--factor", "return_5", "--horizons", "1,24h", "--quantiles", "4", "--out", "ev", "--json"];
    let run = evaluate(&world, &options).good().json();
    let factor = &run["result"]["factors"][0];
    assert_eq!(factor["factor"], "return_5");
    assert_eq!(factor["horizons"][1]["horizon"], "24h");
    assert_eq!(factor["horizons"][1]["bars"], 24);
    assert_eq!(factor["horizons"][0]["quantiles"].as_array().unwrap().len(), 4);
    let document: Value = serde_json::from_str(&fs::read_to_string(world.path("ev/evaluation.json")).unwrap()).unwrap();
    assert_eq!(document["config"]["price"], "open");
    assert_eq!(document["details"][0]["variants"][0]["variant"], "beta-neutral");
    assert!(document["inputs"].as_array().unwrap().len() >= 16);
    let page = fs::read_to_string(world.path("ev/report.html")).unwrap();
    assert!(page.contains("return_5") && !page.contains("http://") && !page.contains("src="));
    world.run(&["evaluate", "verify", "ev"]).good();

    // The same again gives the same bytes, on any number of threads.
    let before: Vec<Vec<u8>> = ["evaluation.json", "report.html", "report.md", "series_1.parquet"]
        .iter()
        .map(|name| fs::read(world.path(&format!("ev/{name}"))).unwrap())
        .collect();
    let again = [&options[..options.len() - 1], &["--threads", "1"]].concat();
    evaluate(&world, &again).good();
    for (name, bytes) in ["evaluation.json", "report.html", "report.md", "series_1.parquet"].iter().zip(before) {
        assert!(fs::read(world.path(&format!("ev/{name}"))).unwrap() == bytes, "{name}");
    }

    // What was changed is named.
    let text = fs::read_to_string(world.path("ev/report.md")).unwrap();
    fs::write(world.path("ev/report.md"), text.replace("rank IC", "rank ic")).unwrap();
    fs::remove_file(world.path("ev/quantiles.parquet")).unwrap();
    let found = world.run(&["evaluate", "verify", "ev"]);
    assert_eq!(found.status, 1, "{}", found.out);
    assert!(found.out.contains("`report.md` was changed") && found.out.contains("`quantiles.parquet` is missing"));
}

#[test]
fn all_factors_in_one_command() {
    let world = world();
    let run = evaluate(&world, &["--factor", "*", "--out", "ev", "--json"]).good().json();
    let compared = run["result"]["comparison"].as_array().unwrap();
    let n = run["result"]["factors"].as_array().unwrap().len();
    assert_eq!(compared.len(), n + 2, "the factors and two combined scores");
    let t = |at: usize| compared[at]["t"].as_f64().unwrap_or(0.0).abs();
    assert!((1..compared.len()).all(|at| t(at - 1) >= t(at)));
    assert!(world.path("ev/correlations.parquet").is_file());
}

#[test]
fn groups_and_pools() {
    let world = world();
    fs::write(
        world.path("g.csv"),
        "symbol,category\nAAAUSDT,a\nBBBUSDT,a\nCCCUSDT,a\nDDDUSDT,b\nEEEUSDT,b\nFFFUSDT,b\n",
    )
    .unwrap();
    let run = ["--factor", "return_5", "--group", "g.csv", "--out", "ev"];
    evaluate(&world, &run).good();
    let document: Value = serde_json::from_str(&fs::read_to_string(world.path("ev/evaluation.json")).unwrap()).unwrap();
    assert_eq!(document["details"][0]["variants"][0]["variant"], "group-neutral");
    assert_eq!(document["details"][0]["groups"].as_array().unwrap().len(), 2);
    let pool = [
        "--factor",
        "return_5",
        "--pool-top-n",
        "4",
        "--pool-reselect",
        "D",
        "--pool-lookback",
        "2d",
        "--pool-min-bars",
        "24",
    ];
    let run = evaluate(&world, &[&pool[..], &["--out", "pool", "--json"]].concat()).good().json();
    let coverage = &run["result"]["factors"][0]["coverage"];
    assert!(coverage["outside_pool"].as_u64().unwrap() > 0, "{coverage}");
    assert!(coverage["mean_names"].as_f64().unwrap() <= 4.0);
}

#[test]
fn requests_that_make_no_sense() {
    let world = world();
    // The made-up market has funding; here it is wanted and missing.
    fs::remove_dir_all(world.path("hub/funding")).unwrap();
    for (options, words) in [
        (&["--factor", "retrun_5"][..], &["`retrun_5`", "hint: did you mean `return_5`?"][..]),
        (&["--factor", "zz*"], &["`zz*`", "hint: "]),
        (&[], &["hint: ", "--factor"]),
        (&["--factor", "return_5", "--horizons", "0"], &["evaluate.horizons", "`0`"]),
        (&["--factor", "return_5", "--horizons", "61d"], &["`61d`", "1m to 60d"]),
        (&["--factor", "return_5", "--horizons", "1,1"], &["given twice"]),
        (&["--factor", "return_5", "--horizons", "1d,24h"], &["given twice"]),
        (&["--factor", "return_5", "--horizons", "30m"], &["30m", "1h apart"]),
        (&["--factor", "return_5", "--horizons", "5000"], &["5000", "bars"]),
        (&["--factor", "return_5", "--quantiles", "1"], &["quantiles", "2 to"]),
        (&["--factor", "return_5", "--quantiles", "1000000"], &["quantiles"]),
        (&["--factor", "return_5", "--lag", "0"], &["hint: ", "--price close"]),
        (
            &["--factor", "return_5", "--costs", "comission_bps=5"],
            &["comission_bps", "hint: did you mean `commission_bps`?"],
        ),
        (&["--factor", "return_5", "--costs", "commission_bps=-1"], &["commission_bps=-1"]),
        (&["--factor", "return_5", "--costs", "funding=table"], &["no funding", "hint: "]),
        (&["--factor", "return_5", "--symbols", "AAAUSD"], &["`AAAUSD`", "hint: did you mean `AAAUSDT`?"]),
        (&["--factor", "return_5", "--pool", "none"], &["none"]),
        (&["--factor", "return_5", "--group", "none.csv"], &["none.csv"]),
        (&["--factor", "return_5", "--start", "2030-01-01"], &["no row", "2024"]),
        (&["--factor", "return_5", "--max-loss", "0"], &["--max-loss", "return_5", "end of the data"]),
        (&["--factor", "return_5", "--max-loss", "7"], &["max_loss", "7"]),
        (&["--factor", "return_5", "--against", "s9"], &["`s9`"]),
        (&["--factor", "return_5", "--factor-set", "s9"], &["`s9`"]),
    ] {
        let mut line = vec!["evaluate", "--out", "ev"];
        if !options.contains(&"--factor-set") {
            line.extend(["--factor-set", "s1"]);
        }
        line.extend(options);
        world.run(&line).refused(words);
        assert!(!world.path("ev").exists(), "{options:?}");
    }
}

#[test]
fn folders_that_are_something_else() {
    let world = world();
    fs::create_dir(world.path("mine")).unwrap();
    fs::write(world.path("mine/letter.txt"), "dear").unwrap();
    evaluate(&world, &["--factor", "return_5", "--out", "mine"]).refused(&["mine", "hint: "]);
    evaluate(&world, &["--factor", "return_5", "--out", "mine/letter.txt"]).refused(&["letter.txt"]);
    assert_eq!(fs::read_to_string(world.path("mine/letter.txt")).unwrap(), "dear");
    world.run(&["evaluate", "verify", "mine"]).refused(&["mine", "holds no evaluation", "hint: "]);
    world.run(&["evaluate", "verify", "nowhere"]).refused(&["nowhere"]);
    // Notes in the folder of an evaluation are not part of it, and stay.
    let again = || evaluate(&world, &["--factor", "return_5", "--out", "ev"]);
    again().good();
    world.write("ev/notes.txt", "mine");
    again().refused(&["`notes.txt`", "hint: "]);
    assert_eq!(world.text("ev/notes.txt"), "mine");
    fs::remove_file(world.path("ev/notes.txt")).unwrap();
    // What a killed process left beside the folder goes; the folder it had moved away comes back.
    fs::create_dir(world.path(".ev.part")).unwrap();
    let told = world.run(&["evaluate", "verify", "ev"]).good();
    assert!(told.out.contains("`.ev.part` was left by an evaluation"), "{}", told.out);
    fs::rename(world.path("ev"), world.path(".ev.old")).unwrap();
    world.run(&["evaluate", "verify", "ev"]).refused(&["`ev` is not there", "`.ev.old`", "hint: "]);
    again().good();
    assert!(!world.path(".ev.part").exists() && !world.path(".ev.old").exists());
    let told = world.run(&["evaluate", "verify", "ev"]).good();
    assert!(!told.out.contains("was left"), "{}", told.out);
    fs::write(world.path("mine/manifest.json"), "{").unwrap();
    world.run(&["evaluate", "verify", "mine"]).refused(&["manifest.json"]);
    fs::write(world.path("mine/manifest.json"), r#"{"format":2,"files":[{"name":"../x","bytes":1,"blake3":""}]}"#)
        .unwrap();
    let found = world.run(&["evaluate", "verify", "mine"]);
    assert_eq!(found.status, 1, "{}", found.err);
}

#[test]
fn a_damaged_table_is_named() {
    let world = world();
    let table = world.path("hub/factors/1h/s1/CCCUSDT.parquet");
    let bytes = fs::read(&table).unwrap();
    fs::remove_file(&table).unwrap();
    fs::write(&table, &bytes[..bytes.len() / 2]).unwrap();
    evaluate(&world, &["--factor", "return_5", "--out", "ev"]).refused(&["CCCUSDT"]);
    assert!(!world.path("ev").exists());
}
