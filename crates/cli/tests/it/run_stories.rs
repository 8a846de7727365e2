//! `runs explain` where a score has several parts, and where a strategy acts at every bar; such runs made again, compared
//! and verified.

use serde_json::Value;

use crate::world::World;

/// The rows of a run's CSV file, cells by column.
fn rows(world: &World, run: &Value, name: &str) -> Vec<Vec<String>> {
    let text = world.text(&format!("{}/{name}", run["folder"].as_str().unwrap()));
    text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

/// A JSON number.
fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("not a number: {value}"))
}

#[test]
fn each_of_several_factors_is_told_with_what_it_brings() {
    let world = World::with_market();
    let run = ["backtest", "--strategy", "linear_weighted", "--factor-set", "s1", "--rebalance", "D", "--param", "k=2"];
    for standard in ["zscore", "rank", "none"] {
        let params = ["--param", "factors=return_5:0.7,return_20:-0.4", "--param"];
        let standardise = format!("standardise={standard}");
        let run = world.json(&[&run[..], &params, &[&standardise]].concat())["result"].clone();
        let row = rows(&world, &run, "trade_summary.csv").into_iter().rfind(|row| row[2] == "3").unwrap();
        let ask = ["runs", "explain", "latest", "--at", &row[0], "--symbol", &row[1]];
        let told = world.json(&ask)["result"].clone();
        let factors = told["factors"].as_array().unwrap();
        assert_eq!(factors.len(), 2);
        let mut sum = 0.0;
        for (factor, (column, weight)) in factors.iter().zip([("return_5", 0.7), ("return_20", -0.4)]) {
            assert_eq!(factor["column"], column);
            assert!(factor["definition"]["formula"].as_str().unwrap().starts_with("close / delay(close, "));
            assert_eq!(number(&factor["part"]["weight"]), weight);
            assert_eq!(
                number(&factor["part"]["contribution"]),
                weight * number(&factor["part"]["comparable"]),
                "{factor}"
            );
            if standard == "none" {
                assert_eq!(factor["part"]["comparable"], factor["now"]["value"]);
            }
            sum += number(&factor["part"]["contribution"]);
        }
        assert!((sum - number(&told["decision"]["score"])).abs() < 1e-12, "{standard}: {sum} {told}");
        assert!(!told["changed_since"].to_string().contains("add up"), "{told}");
        let text = world.run(&ask).good().out;
        assert!(text.contains(" x weight 0.7 = ") && text.contains("factors=return_5:0.7,return_20:-0.4"), "{text}");
    }
}

/// Runs a strategy of bars, and asks why an order of its second half was made.
fn story(world: &World, words: &[&str]) -> (Value, Value, String) {
    let run = world.json(&[&["backtest"], words].concat())["result"].clone();
    let orders = rows(world, &run, "orders.csv");
    let filled: Vec<&Vec<String>> = orders.iter().filter(|order| order[6] != "0").collect();
    let order = filled[filled.len() / 2];
    let ask = ["runs", "explain", "latest", "--at", &order[1], "--symbol", &order[2]];
    let told = world.json(&ask)["result"].clone();
    assert!(is_told(&told, &order[0]).is_some(), "{words:?}: {order:?} is not told at its own bar");
    (run, told, world.run(&ask).good().out)
}

/// The label of the decision that an order is told with, and the order; `None` when it is not told.
fn is_told(told: &Value, order_id: &str) -> Option<(Value, Value)> {
    let is_it = |one: &&Value| one["order_id"].as_u64() == order_id.parse().ok();
    let of = |group: &Value| group["orders"].as_array().unwrap().iter().find(is_it).cloned();
    let earlier = told["earlier"].as_array().unwrap().iter();
    let earlier = earlier.filter_map(|group| Some((group["bar"].clone(), of(group)?)));
    of(told).map(|order| (told["decision"]["bar"].clone(), order)).into_iter().chain(earlier).next()
}

#[test]
fn a_bar_with_a_fill_and_a_new_decision_tells_both() {
    let world = World::with_market();
    let ranked = ["backtest", "--strategy", "top_k", "--factor-set", "s1", "--rebalance", "1", "--param", "k=2"];
    let ranked = [&ranked[..], &["--param", "factor=return_5"]].concat();
    let event = ["backtest", "--strategy", "sma_cross", "--param", "fast=1", "--param", "slow=2", "--timeframe", "1h"];
    for (words, is_ranked, is_audited) in
        [(&ranked[..], true, true), (&ranked, true, false), (&event, false, true), (&event, false, false)]
    {
        let audit = format!("--audit={is_audited}");
        let run = world.json(&[words, &[&audit]].concat())["result"].clone();
        let orders = rows(&world, &run, "orders.csv");
        let mut n_both = 0;
        for order in orders.iter().filter(|order| order[6] != "0").skip(40).take(12) {
            let told = world.json(&["runs", "explain", "latest", "--at", &order[1], "--symbol", &order[2]]);
            let told = &told["result"];
            let (decided, _) = is_told(told, &order[0]).unwrap_or_else(|| panic!("{words:?}: {order:?} in {told}"));
            if !is_ranked && !is_audited {
                assert_eq!(told["orders"].as_array().unwrap().len(), 1, "{told}");
                continue;
            }
            let of_decision = told["orders"].as_array().unwrap();
            if !is_ranked && of_decision.iter().any(|one| one["order_id"].as_u64() == order[0].parse().ok()) {
                // Nothing has been decided since.
                continue;
            }
            // What was filled at this bar's open was decided at the close of one before.
            let before = told["earlier"][0].clone();
            assert!(before["bar"].as_str().unwrap() < order[1].as_str(), "{told}");
            assert_eq!(decided, before["bar"]);
            assert!(before["cash"].to_string().contains(&order[1]), "{told}");
            let at_this_bar = if is_ranked { &told["decision"]["bar"] } else { &told["orders"][0]["steps"][0]["bar"] };
            let is_new = at_this_bar.as_str() == Some(order[1].as_str());
            n_both += usize::from(is_new || !is_ranked && !told["orders"].as_array().unwrap().is_empty());
            if is_ranked {
                assert!(is_new && before["decision"]["rank"].is_u64() && before["decision"]["bar"] == before["bar"]);
                assert!(is_audited || before["decision"]["limits"].as_array().unwrap().is_empty());
            }
            let text = world.run(&["runs", "explain", "latest", "--at", &order[1], "--symbol", &order[2]]).good().out;
            let at = |word: &str| text.find(word).unwrap_or_else(|| panic!("no {word:?} in\n{text}"));
            let earlier = at(&format!("\nearlier   decided at the close of {}", before["bar"].as_str().unwrap()));
            assert!(at(&format!("order     {}: ", order[0])) > earlier, "{text}");
        }
        assert!(n_both > 0 || !is_ranked && !is_audited, "{words:?}");
    }
}

#[test]
fn runs_of_every_bar_are_explained_made_again_compared_and_verified() {
    let world = World::with_market();
    world.run(&["aggregate", "--bar", "1d"]).good();
    world.run(&["aggregate", "AAAUSDT", "--bar", "tick-50"]).good();
    for (words, table) in [
        (&["--strategy", "sma_cross", "--timeframe", "1h", "--param", "fast=5"][..], "bars/v/1h/"),
        (&["--strategy", "ema_cross", "--feeds", "1h,1d", "--param", "fast=3", "--symbols", "AAAUSDT"], "bars/v/1h/"),
        (&["--strategy", "rsi", "--feeds", "1h,ticks", "--symbols", "AAAUSDT,BBBUSDT"], "bars/v/1h/"),
        (
            &[
                "--strategy",
                "breakout",
                "--feeds",
                "tick-50",
                "--param",
                "entry=3",
                "--param",
                "exit=2",
                "--symbols",
                "AAAUSDT",
            ],
            "bars/v/tick-50/",
        ),
    ] {
        let (run, told, text) = story(&world, words);
        let words: String = words.join(" ");
        assert!(told["raw"]["table"].as_str().unwrap().starts_with(table), "{words}: {}", told["raw"]);
        // The bar that decided was known when the order was made, and no later one was.
        let decided = told["orders"][0]["steps"][0]["at"].as_str().unwrap_or_default().to_owned();
        let known = told["bar_read"]["available_at"].as_str().unwrap();
        assert!(decided.is_empty() || known <= decided.as_str(), "{words}: {known} {decided}");
        assert!(told["raw"]["trace"].to_string().contains("aggTrades-2024-01"), "{words}: {told}");
        for word in ["raw ", "table ", "bar ", "rule ", "order ", "fill ", "cash "] {
            assert!(text.contains(&format!("\n{word}")), "{words}: no `{word}` in\n{text}");
        }
        let id = run["run_id"].as_str().unwrap();
        assert_eq!(world.json(&["runs", "rerun", id])["result"]["identical"], true, "{words}");
        world.run(&["runs", "verify", id]).good();
    }
    let runs = world.json(&["runs", "list"])["result"]["runs"].clone();
    let id = |at: usize| runs[at]["run_id"].as_str().unwrap().to_owned();
    let compared = world.run(&["runs", "compare", &id(0), &id(1), "--html", "page.html"]).good().out;
    assert!(
        compared.contains("equity first differs at") && world.text("page.html").contains("sma_cross"),
        "{compared}"
    );
    // A symbol that was never traded, and a time before the first order.
    let text =
        world.run(&["runs", "explain", &id(1), "--at", "2024-01-01T02:00:00Z", "--symbol", "AAAUSDT"]).good().out;
    assert!(text.contains("Not held. Nothing had been decided about it."), "{text}");
    world.run(&["runs", "explain", &id(1), "--at", "2024-01-05", "--symbol", "AAUSDT"]).refused(&["AAUSDT", "AAAUSDT"]);
}
