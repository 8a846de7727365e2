//! Which configurations share a market, and which only its bars.

use super::super::{sharing, sharing_bars};
use crate::config::BacktestConfig;

/// A strategy with parameters, over a factor set or a formula.
fn config(strategy: &str, params: &[(&str, &str)], formula: Option<&str>) -> BacktestConfig {
    BacktestConfig {
        strategy: strategy.to_owned(),
        params: params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        factor_set: if formula.is_some() { String::new() } else { "s".to_owned() },
        factor_formula: formula.map(str::to_owned),
        ..BacktestConfig::default()
    }
}

/// Whether two configurations share all, and whether they share their bars.
fn shared(one: &BacktestConfig, other: &BacktestConfig) -> (bool, bool) {
    let all = sharing(one).unwrap() == sharing(other).unwrap();
    let (a, b) = (sharing_bars(one).unwrap(), sharing_bars(other).unwrap());
    (all, a.is_some() && a == b)
}

#[test]
fn columns_and_formulas_tell_markets_apart_but_not_their_bars() {
    let top = |params: &[(&str, &str)]| config("top_k", params, None);
    let f = top(&[("k", "1"), ("factor", "f")]);
    assert_eq!(shared(&f, &top(&[("k", "2"), ("factor", "f")])), (true, true));
    assert_eq!(shared(&f, &top(&[("k", "1"), ("factor", "g")])), (false, true));
    let formula = |text| config("top_k", &[("k", "1")], Some(text));
    assert_eq!(shared(&formula("close / 2"), &formula("close / 3")), (false, true));
    assert_eq!(shared(&f, &formula("close / 3")), (false, false));
    let other_set = BacktestConfig { factor_set: "t".to_owned(), ..f.clone() };
    assert_eq!(shared(&f, &other_set), (false, false));
    let at = |execution: &str| BacktestConfig { execution: execution.parse().unwrap(), ..f.clone() };
    assert_eq!(shared(&f, &at("close")), (false, false), "other prices are read");
    assert_eq!(shared(&at("close"), &at("next_close")), (true, true), "closes are read for both");
    assert_eq!(shared(&at("close"), &at("next_vwap")), (false, false));
    let cross = config("sma_cross", &[("fast", "2"), ("slow", "5")], None);
    let later = BacktestConfig { execution: "next_close".parse().unwrap(), ..cross.clone() };
    assert!(!shared(&BacktestConfig { execution: "close".parse().unwrap(), ..cross.clone() }, &later).0);
    assert_eq!(shared(&cross, &cross.clone()), (true, false), "strategies that act at every bar have no panel");
}

#[test]
fn lists_of_targets_are_laid_out_as_each_set_says() {
    let list = |others| config("target_list", &[("file", "list.csv"), ("others", others)], None);
    assert_eq!(shared(&list("drop"), &list("drop")), (true, true));
    assert_eq!(shared(&list("drop"), &list("refuse")), (false, false));
}
