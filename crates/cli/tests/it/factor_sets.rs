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
