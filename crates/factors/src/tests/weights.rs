//! Factors combined by weights: the formula they become, and what is said of wrong ones.

use super::market::hub;
use crate::{Config, FactorsError, Market, Plan, RunOptions, Silent, run};

/// The head of a set with two factors that can be weighted.
const HEAD: &str = "factor_set: weighted__1\ntimeframe: 1h\nsource: {venue: test, bars: 1h}\n\
                    library: [{features: {windows: [5, 20]}}]\nlet: {calm: '-volatility'}\nfactors:\n\
                    \x20 - {name: gap, formula: 'open / delay(close, 1) - 1'}\n";

/// The plan of the set with one more entry.
fn plan(entry: &str) -> Result<Plan, FactorsError> {
    let text = format!("{}  - {entry}\n", HEAD.replace("-volatility", "-ts_std(close, 5)"));
    let available = crosscut_model::bar::BAR_COLUMNS;
    Plan::new(&Config::parse(&text, "set.yaml")?, Market { available: &available, periods_per_year: 8760.0 })
}

#[test]
fn weights_become_a_sum() {
    for (entry, formula) in [
        ("{name: combo, weights: {gap: 0.6, return_20: -0.4}}", "0.6 * gap - 0.4 * return_20"),
        (
            "{name: combo, weights: {return_5: -1, calm: 2.5, gap: 0.000001}, standardise: zscore}",
            "-1 * cs_zscore(return_5) + 2.5 * cs_zscore(calm) + 0.000001 * cs_zscore(gap)",
        ),
        ("{name: combo, weights: {gap: 1}, standardise: rank}", "1 * cs_rank(gap)"),
        ("{name: combo, weights: {gap: 1}, standardise: none}", "1 * gap"),
    ] {
        let plan = plan(entry).unwrap();
        assert_eq!(plan.columns.last().unwrap().formula, formula);
        assert_eq!(plan.cross_sectional, formula.contains("cs_"));
    }
    let windowed = "{name: 'combo_{w}', weights: {'return_{w}': 1, 'sma_{w}': -2}, windows: [5, 20]}";
    let formulas: Vec<String> = plan(windowed).unwrap().columns.iter().map(|column| column.formula.clone()).collect();
    assert_eq!(formulas[formulas.len() - 2..], ["1 * return_5 - 2 * sma_5", "1 * return_20 - 2 * sma_20"]);
}

#[test]
fn the_sum_is_the_sum() {
    let root = hub();
    let text = "factor_set: weighted__1\ntimeframe: 1h\nsource: {venue: test, bars: 1h}\nfactors:\n\
                \x20 - {name: a, formula: 'delta(close, 1)'}\n  - {name: b, formula: 'volume / 100'}\n\
                \x20 - {name: combo, weights: {a: -0.5, b: 2}}\n";
    let options = RunOptions { threads: 1, code_version: "1".to_owned(), generation_time: String::new() };
    run(&Config::parse(text, "set.yaml").unwrap(), root.path(), &options, &Silent).unwrap();
    let set = crosscut_hub::Hub::open(root.path()).unwrap().factor_set("1h".parse().unwrap(), "weighted__1").unwrap();
    let table = set.read("AAA", &["a", "b", "combo"], crosscut_model::Range::ALL).unwrap();
    let (a, b, combo) = (table.f64("a").unwrap(), table.f64("b").unwrap(), table.f64("combo").unwrap());
    assert!(combo[0].is_nan(), "what is missing stays missing");
    assert!((1..400).all(|row| combo[row] == -0.5 * a[row] + 2.0 * b[row]));
}

#[test]
fn wrong_weights() {
    for (entry, expected) in [
        (
            "{name: combo, weights: {gap: 0.6, retrn_20: 0.4}}",
            "factor `combo`: weights: there is no factor `retrn_20` before it\nhint: did you mean `return_20`?",
        ),
        ("{name: combo, weights: {combo: 1}}", "there is no factor `combo` before it"),
        ("{name: 'c_{w}', weights: {'return_{w}': 1}, windows: [5, 7]}", "there is no factor `return_7` before it"),
        ("{name: combo, weights: {}}", "factor `combo`: weights: there are none"),
        ("{name: combo, weights: {gap: 0}}", "factor `combo`: weights: gap: 0 is not a weight"),
        ("{name: combo, weights: {gap: .inf}}", "weights: gap: inf is not a weight"),
        ("{name: combo, weights: {gap: much}}", "set.yaml:8"),
        (
            "{name: combo, weights: {gap: 1}, standardise: zscor}",
            "standardise: `zscor` is not a choice; expected none, zscore or rank\nhint: did you mean `zscore`?",
        ),
        ("{name: combo, weights: {gap: 1}, formula: gap}", "factor `combo`: `formula` excludes `weights`"),
        ("{name: combo, formula: gap, standardise: rank}", "factor `combo`: `formula` excludes `weights`"),
        ("{name: combo}", "factor `combo`: the key `formula` is missing; give `formula` or `weights`"),
        ("{name: combo, weights: {gap: 1, gap: 2}}", "duplicate"),
    ] {
        let message = plan(entry).unwrap_err().to_string();
        assert!(message.contains(expected), "{entry} gave {message}");
        assert!(message.starts_with("set.yaml:8: "), "{entry} gave {message}");
    }
}
