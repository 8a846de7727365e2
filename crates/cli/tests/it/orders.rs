//! How what strategies want is put to the venue, from the command line: entries, brackets, working orders that are replaced or
//! moved, for strategies of both kinds.

use std::collections::BTreeMap;

use crate::world::World;

/// Runs a backtest and counts its orders by kind, status and reason.
fn orders(world: &World, words: &[&str]) -> BTreeMap<(String, String, String), usize> {
    let run = world.json(&[&["backtest"], words].concat())["result"].clone();
    let mut counts = BTreeMap::new();
    for line in world.text(&format!("{}/orders.csv", run["folder"].as_str().unwrap())).lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        *counts.entry((cells[4].to_owned(), cells[10].to_owned(), cells[11].to_owned())).or_default() += 1;
    }
    counts
}

/// How many orders of a kind there are with these words among their status and reason.
fn count(orders: &BTreeMap<(String, String, String), usize>, kind: &str, word: &str) -> usize {
    let is_it = |key: &(String, String, String)| key.0 == kind && (key.1 == word || key.2 == word);
    orders.iter().filter(|(key, _)| is_it(key)).map(|(_, n)| n).sum()
}

#[test]
fn brackets_are_put_beside_what_strategies_of_both_kinds_open() {
    let world = World::with_market();
    let ranked = ["--strategy", "top_k", "--factor-set", "s1", "--param", "factor=return_5", "--param", "k=2"];
    let signal = ["--strategy", "sma_cross", "--timeframe", "1h", "--param", "fast=5"];
    let bracket = ["--bracket-stop", "2%", "--bracket-take-profit", "0.03"];
    for words in [&ranked[..], &signal] {
        let plain = orders(&world, words);
        assert_eq!(count(&plain, "stop", "bracket stop") + count(&plain, "limit", "bracket take profit"), 0);
        let bracketed = orders(&world, &[words, &bracket].concat());
        let (stops, profits) =
            (count(&bracketed, "stop", "bracket stop"), count(&bracketed, "limit", "bracket take profit"));
        assert!(stops > 0 && profits > 0, "{words:?}: {bracketed:?}");
        // Of each pair that acted the other was cancelled, and no rebalance has taken an exit from its position.
        let other = |kind| count(&bracketed, kind, "other order of the pair filled");
        assert!(other("limit") > 0 && other("limit") <= stops && other("stop") <= profits, "{words:?}: {bracketed:?}");
        assert_eq!(count(&bracketed, "stop", "superseded"), 0, "{words:?}: {bracketed:?}");
        // The same from a file, and the run made again.
        let runs = world.json(&["runs", "list"])["result"]["runs"].clone();
        let run = runs.as_array().unwrap().last().unwrap().clone();
        world.write("orders.yaml", "backtest:\n  orders: {stop: 0.02, take_profit: 3%}\n");
        let same = world.json(&[&["backtest", "--config", "orders.yaml"], words].concat())["result"].clone();
        assert_eq!(same["run_id"], run["run_id"]);
        assert_eq!(world.json(&["runs", "rerun", "latest"])["result"]["identical"], true);
        // Limit entries with a stop alone.
        let entries = orders(&world, &[words, &["--entry", "limit:0.002", "--bracket-stop", "0.02"]].concat());
        assert!(count(&entries, "limit", "filled") > 0 && count(&entries, "stop", "bracket stop") > 0, "{entries:?}");
        assert!(count(&entries, "market", "filled") > 0, "what closes goes at market: {entries:?}");
    }
}

#[test]
fn a_signals_working_order_is_replaced_or_moved() {
    let world = World::with_market();
    let signal = ["--strategy", "sma_cross", "--timeframe", "1h", "--param", "fast=3", "--param", "slow=8"];
    let limit = ["--orders", "limit:0.02"];
    let resting = orders(&world, &[&signal[..], &limit].concat());
    assert!(count(&resting, "limit", "requested") > 0, "{resting:?}");
    let story = || {
        let run = world.json(&["runs", "show", "latest"])["result"].clone();
        world.text(&format!("{}/journal.csv", run["folder"].as_str().unwrap()))
    };
    assert!(!story().contains(",modified,"));
    orders(&world, &[&signal[..], &limit, &["--reprice"]].concat());
    assert!(story().matches(",modified,").count() > 100);
}

#[test]
fn terms_that_make_no_sense_are_refused() {
    let world = World::with_market();
    for (words, told) in [
        (&["--bracket-stop", "150%"][..], &["stop", "1.5", "below 1"][..]),
        (&["--bracket-take-profit", "0"], &["take profit", "above 0"]),
        (&["--bracket-stop", "much"], &["backtest.orders.stop (from --bracket-stop)", "`much`", "2%"]),
        (&["--reprice"], &["`market`", "can be moved", "limit:OFFSET"]),
        (&["--entry", "iceberg"], &["--entry", "`iceberg`", "limit:OFFSET"]),
        (&["--entry", "stop:0.01", "--post-only"], &["post-only", "limit:OFFSET"]),
    ] {
        world.backtest(words).refused(told);
    }
}
