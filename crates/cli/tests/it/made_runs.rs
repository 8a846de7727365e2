//! Backtests of one set of rules on the small market, and what they gave: for tests that compare other commands with them.

use serde_json::Value;

use crate::world::{World, with};

/// Rules on the small market.
pub const RULES: [&str; 9] =
    ["backtest", "--strategy", "top_k", "--param", "k=2", "--factor-set", "s1", "--param", "factor=return_5"];

/// What a command gives.
pub fn result(world: &World, words: &[&str]) -> Value {
    world.json(words)["result"].clone()
}

/// Runs the rules with further options.
pub fn run(world: &World, options: &[&str]) -> Value {
    result(world, &with(&RULES, options))
}

/// A metric of a run.
pub fn metric(run: &Value, name: &str) -> Value {
    let metrics = run["metrics"].as_array().unwrap();
    metrics.iter().find(|metric| metric["name"] == name).unwrap_or_else(|| panic!("no {name}"))["value"].clone()
}

/// A number of JSON.
pub fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}
