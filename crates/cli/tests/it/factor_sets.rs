//! Factor sets as their users meet them: what is shown of them, and what is proved of them.

use crate::world::World;

#[test]
fn anything_with_a_name_can_be_shown() {
    let world = World::with_market();
    let set = world.json(&["factors", "show", "s1"]);
    let factor = &set["result"]["set"]["factors"][1];
    assert_eq!((&factor["name"], &factor["stage"]), (&"return_20".into(), &"transformer".into()));
    assert_eq!((&factor["lookback"]["rows"], &factor["proof"]), (&20.into(), &serde_json::Value::Null));
    for arguments in [&["factors", "show", "s1:return_5"][..], &["factors", "show", "return_5", "--factor-set", "s1"]] {
        let card = &world.json(arguments)["result"]["factors"][0];
        assert_eq!(card["formula"], "close / delay(close, 5) - 1");
        assert_eq!(card["inputs"], serde_json::json!(["close"]));
    }
    let text = world.run(&["factors", "show", "alpha_001"]).good().out;
    for words in
        ["alpha_001 (family alpha101)", "formula", "lookback", "inputs", "scorer", "missing data", "Kakushadze"]
    {
        assert!(text.contains(words), "{words} is not in\n{text}");
    }
    let windows = world.json(&["factors", "show", "features:sma", "--windows", "3,9"]);
    assert_eq!(windows["result"]["factors"][1]["name"], "sma_9");
    let operator = world.json(&["factors", "show", "Mean"]);
    assert_eq!(operator["result"]["operators"][0]["name"], "ts_mean");
    assert_eq!(world.json(&["factors", "show", "rank"])["result"]["operators"][0]["name"], "cs_rank");
    assert_eq!(world.json(&["factors", "show", "rank5"])["result"]["factors"][0]["formula"], "Rank($close, 5)");
    let library = world.run(&["factors", "list", "--library"]).good().out;
    assert!(library.contains("alpha_101") && library.contains("sma_{w}"), "{library}");
    assert!(!world.run(&["factors", "list", "--library", "talib"]).good().out.contains("alpha_101"));
}

#[test]
fn unknown_names_are_told_with_the_nearest() {
    let world = World::with_market();
    world.run(&["factors", "show", "alfa_001"]).refused(&["alfa_001", "hint: did you mean `alpha_001`?"]);
    world.run(&["factors", "show", "ts_meam"]).refused(&["hint: did you mean `ts_mean`?"]);
    world.run(&["factors", "show", "s1:retrn_5"]).refused(&["no column `retrn_5`", "did you mean `return_5`?"]);
    world.run(&["factors", "show", "s2:return_5"]).refused(&["`s2`", "did you mean `s1:return_5`?"]);
    world.run(&["factors", "list", "--library", "talb"]).refused(&["did you mean `talib`?"]);
    world.write(
        "s2.yaml",
        world.text("s1.yaml").replace("factor_set: s1", "factor_set: s2").replace("return_", "rise_"),
    );
    world.run(&["factors", "run", "--config", "s2.yaml"]).good();
    world.run(&["factors", "show", "rise_5"]).refused(&["hint: a published set has such a column: `s2:rise_5`"]);
}

#[test]
fn categories_come_from_a_file_beside_the_factor_set() {
    let world = World::with_market();
    world.write("sets/sectors.csv", "symbol,category\nAAAUSDT,coins\nBBBUSDT,coins\nCCCUSDT,tokens\n");
    let set = "factor_set: grouped\ntimeframe: 1h\nsource: {venue: v, bars: 1h}\ngroups: {sector: sectors.csv}\n\
               factors:\n  - {name: strength, formula: 'group_rank(close, sector)'}\n\
               \x20 - {name: rise, formula: 'delta(close, 3)'}\n\
               \x20 - {name: combo, weights: {rise: 0.6, strength: -0.4}, standardise: zscore}\n";
    world.write("sets/grouped.yaml", set);
    world.run(&["factors", "run", "--config", "sets/grouped.yaml"]).good();
    let shown = world.run(&["factors", "show", "grouped"]).good().out;
    assert!(shown.contains("groups: sector: 0 = coins, 1 = tokens; 5 symbols without a category"), "{shown}");
    assert!(shown.contains("0.6 * cs_zscore(rise) - 0.4 * cs_zscore(strength)"), "{shown}");
    assert!(world.run(&["factors", "run", "--config", "sets/grouped.yaml"]).good().out.contains("has not changed"));
    world.write("sets/sectors.csv", "symbol,category\nAAAUSDT,coins\nBBBUSDT,tokens\n");
    assert!(world.run(&["factors", "run", "--config", "sets/grouped.yaml"]).good().out.contains("published"));
    world.write("sets/sectors.csv", "symbol,category\nAAAUSDT,coins\nAAAUSDT,tokens\n");
    world.run(&["factors", "run", "--config", "sets/grouped.yaml"]).refused(&["sets/sectors.csv:3: AAAUSDT"]);
    world.write("sets/sectors.csv", "symbol,category\nAAAUSDT,coins\n");
    world.write("sets/typo.yaml", set.replace("grouped", "typo").replace("{rise: 0.6", "{rice: 0.6"));
    world
        .run(&["factors", "run", "--config", "sets/typo.yaml"])
        .refused(&["sets/typo.yaml:8: factor `combo`: weights: there is no factor `rice`", "did you mean `rise`?"]);
}

#[test]
fn a_set_is_proved_and_says_so() {
    let world = World::with_market();
    let set = "factor_set: mixed\ntimeframe: 1h\nsource: {venue: v, bars: 1h}\nfactors:\n\
               \x20 - {name: strength, formula: 'cs_rank(delta(close, 5))'}\n\
               \x20 - {name: steady, formula: 'ema(strength, 10)'}\n  - {name: far, formula: 'delay(close, 9000)'}\n";
    world.write("mixed.yaml", set);
    world.run(&["factors", "run", "--config", "mixed.yaml"]).good();
    let text = world.run(&["factors", "audit", "mixed", "--cuts", "5"]).good().out;
    for words in ["sample of 8 of 8 symbols", "seed 1", "late row of", "2 of 3 columns passed, 0 failed, 1 not tested"]
    {
        assert!(text.contains(words), "{words} is not in\n{text}");
    }
    let shown = world.run(&["factors", "show", "mixed"]).good().out;
    assert!(shown.contains("passed on 5 cuts") && shown.contains("not tested"), "{shown}");
    let steady = world.run(&["factors", "show", "mixed:steady"]).good().out;
    assert!(steady.contains("incremental  passed on 5 cuts"), "{steady}");
    let metadata = world.text("hub/metadata/1h/mixed.json");
    assert!(metadata.contains("\"proof\"") && metadata.contains("it looks back 9000 rows"), "{metadata}");
    assert!(world.run(&["factors", "run", "--config", "mixed.yaml"]).good().out.contains("has not changed"));
    let store = ["--store", "sqlite:sets.db"];
    let again = ["factors", "audit", "mixed", "--cuts", "5", "--symbols", "4", "--seed", "9", store[0], store[1]];
    let again = world.json(&again);
    let copy = world.run(&["factors", "show", "mixed", store[0], store[1]]).good().out;
    assert!(copy.contains("in sqlite:sets.db") && copy.contains("passed on 5 cuts"), "{copy}");
    assert_eq!(again["result"]["sample"]["symbols"].as_array().unwrap().len(), 4);
    assert_eq!(again["result"]["columns"][0]["proof"]["causal"]["seed"], 9);
    world.backtest(&["--factor-set", "mixed", "--param", "factor=strength"]).good();
}

#[test]
fn an_audit_that_proves_nothing_is_a_problem() {
    let world = World::with_market();
    let set = "factor_set: far\ntimeframe: 1h\nsource: {venue: v, bars: 1h}\n\
               factors: [{name: far, formula: 'delay(close, 9000)'}]\n";
    world.write("far.yaml", set);
    world.run(&["factors", "run", "--config", "far.yaml"]).good();
    let answer = world.run(&["factors", "audit", "far"]);
    assert_eq!(answer.status, 1, "{}\n{}", answer.out, answer.err);
    assert!(answer.out.contains("not tested: it looks back 9000 rows"), "{}", answer.out);
    world.run(&["factors", "audit", "fa"]).refused(&["there is no factor set `fa`", "did you mean `far`?"]);
    world.run(&["factors", "audit", "far", "--cuts", "2"]).refused(&["5..=1000"]);
}
