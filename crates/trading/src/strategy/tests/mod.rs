//! Strategies against weights worked out by hand, and every way to name them wrongly.

mod reference;
mod rules;
mod weighting;

use std::collections::BTreeMap;

use super::*;
use crate::error::TradingError;

/// Makes a strategy from `name` and `key=value` words.
fn make(name: &str, params: &str) -> Result<Resolved, TradingError> {
    let pairs = params.split_whitespace().map(|pair| pair.split_once('=').unwrap());
    resolve(name, &pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect::<BTreeMap<_, _>>())
}

/// What a rule sees: nothing but what a test says.
#[derive(Default)]
struct Seen {
    columns: Vec<Vec<f64>>,
    closes: Vec<Vec<f64>>,
    holdings: Vec<Holding>,
    symbols: Vec<&'static str>,
}

impl View for Seen {
    fn label(&self) -> i64 {
        0
    }

    fn value(&self, column: usize, symbol_idx: u32) -> f64 {
        self.columns[column][symbol_idx as usize]
    }

    fn closes(&self, symbol_idx: u32, n: usize) -> &[f64] {
        let closes = self.closes.get(symbol_idx as usize).map_or(&[][..], Vec::as_slice);
        &closes[closes.len() - n.min(closes.len())..]
    }

    fn holdings(&self) -> &[Holding] {
        &self.holdings
    }

    fn symbol_idx(&self, symbol: &str) -> Option<u32> {
        self.symbols.iter().position(|other| *other == symbol).map(|at| at as u32)
    }
}

/// Positions `symbol:weight` that have been held for ten bars.
fn holding(weights: &[(u32, f64)]) -> Vec<Holding> {
    let one = |&(symbol_idx, weight)| Holding { symbol_idx, weight, n_bars: 10, is_stuck: false };
    weights.iter().map(one).collect()
}

/// Runs one decision over scores given in symbol order and prints the plan: `symbol:weight` by symbol.
fn decide(name: &str, params: &str, scores: &[f64]) -> String {
    decide_seeing(name, params, Seen { columns: vec![scores.to_vec()], ..Seen::default() })
}

/// Scores, ranks and decides with all there is to see, and prints the plan: `symbol:weight` by symbol.
fn decide_seeing(name: &str, params: &str, seen: Seen) -> String {
    let strategy = make(name, params).unwrap().into_rule().unwrap();
    let n_symbols = seen.columns.first().map_or(seen.closes.len(), Vec::len) as u32;
    let names: Vec<u32> = (0..n_symbols).collect();
    let (mut ranking, mut plan) = (Ranking::default(), Plan::default());
    rank(strategy.as_ref(), &names, &seen, &mut ranking);
    strategy.decide(&ranking.ranked, &seen, &mut plan);
    plan.aims.sort_by_key(|(symbol_idx, _)| *symbol_idx);
    let mut words: Vec<String> = plan
        .aims
        .iter()
        .map(|(symbol_idx, aim)| match aim {
            Aim::Weight(weight) => format!("{symbol_idx}:{weight:.4}"),
            Aim::Keep => format!("{symbol_idx}:keep"),
        })
        .collect();
    words.extend(plan.refused.iter().map(|(symbol_idx, why)| format!("{symbol_idx}:{}", why.reason())));
    words.extend(plan.warnings.iter().map(|warning| format!("({warning})")));
    words.join(" ")
}

#[test]
fn top_k() {
    assert_eq!(decide("TopK", "k=2", &[1.0, 3.0, 2.0]), "1:0.5000 2:0.5000");
    assert_eq!(decide("TopK", "k=2", &[3.0, 3.0, 3.0]), "0:0.5000 1:0.5000");
    assert_eq!(decide("top-k", "k=4", &[1.0, 3.0]), "0:0.2500 1:0.2500");
    assert_eq!(decide("topk", "k=4 max_positions=2", &[1.0, 3.0, 2.0]), "1:0.5000 2:0.5000");
    assert_eq!(decide("topk", "k=2 min_factor=2.5", &[1.0, 3.0, 2.0]), "1:0.5000 2:below min_factor");
    assert_eq!(decide("topk", "k=2 weighting=score", &[1.0, 3.0, -2.0]), "0:0.2500 1:0.7500");
    // One of four slots is empty: the other three share 3/4 in proportion 2 : 1 : 0.
    assert_eq!(
        decide("topk", "k=4 weighting=score min_factor=-1.5", &[1.0, 2.0, -1.0, -2.0]),
        "0:0.2500 1:0.5000 2:-0.0000 3:below min_factor".replace("-0.0000", "0.0000")
    );
    assert_eq!(
        decide("topk", "k=2 weighting=score", &[-1.0, -3.0]),
        "0:0.5000 1:0.5000 (no score on the right side of 0: equal weights instead of score weights)"
    );
}

#[test]
fn long_short() {
    let scores = [5.0, 4.0, 3.0, 2.0, 1.0];
    assert_eq!(decide("LongShort", "long_count=1 short_count=1", &scores), "0:0.5000 4:-0.5000");
    assert_eq!(decide("long_short", "", &scores), "0:0.5000 4:-0.5000");
    assert_eq!(
        decide("long_short", "long_quantile=0.4 short_quantile=0.2 gross_exposure=2", &scores),
        "0:0.5000 1:0.5000 4:-1.0000"
    );
    assert_eq!(
        decide("long_short", "long_count=2 short_count=1 hedge_ratio=0.5 gross_exposure=1.5", &scores),
        "0:0.5000 1:0.5000 4:-0.5000"
    );
    // Score weighting: longs 3 : 1, the short side takes -max(-score, 0), 1 : 3.
    assert_eq!(
        decide("long_short", "long_count=2 short_count=2 weighting=score", &[3.0, 1.0, -1.0, -3.0]),
        "0:0.3750 1:0.1250 2:-0.1250 3:-0.3750"
    );
    // Three names for two and two: one each, at the weight it would have had.
    assert_eq!(decide("long_short", "long_count=2 short_count=2", &[3.0, 2.0, 1.0]), "0:0.2500 2:-0.2500");
}

#[test]
fn weights_of_long_and_short_cancel() {
    for params in ["", "long_count=3 short_count=2", "gross_exposure=1.7", "weighting=score"] {
        let strategy = make("long_short", params).unwrap().into_rule().unwrap();
        for n_names in [5, 7, 20, 33] {
            let ranked: Vec<Ranked> = (0..n_names)
                .map(|i| Ranked { symbol_idx: i, score: 0.5 - f64::from(i) / f64::from(n_names) })
                .collect();
            let mut plan = Plan::default();
            strategy.decide(&ranked, &Seen::default(), &mut plan);
            let net: f64 = plan.aims.iter().map(|(_, aim)| if let Aim::Weight(w) = aim { *w } else { 0.0 }).sum();
            assert!(net.abs() < 1e-15, "{params} {n_names}: {net}");
        }
    }
}

#[test]
fn threshold() {
    let params = "buy_threshold=1 sell_threshold=-1 position_size=0.2";
    assert_eq!(decide("threshold", params, &[1.0, 0.0, -1.0, 2.0]), "0:0.2000 1:keep 3:0.2000");
    let short = format!("{params} allow_short=true");
    assert_eq!(decide("threshold", &short, &[1.0, 0.0, -1.0, 2.0]), "0:0.2000 1:keep 2:-0.2000 3:0.2000");
}

#[test]
fn momentum() {
    assert_eq!(decide("momentum", "top_n_long=2", &[1.0, 3.0, 2.0]), "1:0.5000 2:0.5000");
    assert_eq!(decide("momentum", "top_n_long=1 top_n_short=1", &[1.0, 3.0, 2.0]), "0:-0.5000 1:0.5000");
    assert_eq!(decide("momentum", "top_n_long=0 top_n_short=2", &[1.0, 3.0, 2.0]), "0:-0.5000 2:-0.5000");
    assert_eq!(decide("momentum", "top_n_long=2 top_n_short=2", &[1.0, 3.0, 2.0]), "0:-0.2500 1:0.2500");
}

#[test]
fn quantiles_round_down_but_not_below_one() {
    let long_short = make("long_short", "long_quantile=0.29 short_quantile=0.2").unwrap().into_rule().unwrap();
    assert_eq!(long_short.names_needed(100), 29 + 20);
    assert_eq!(long_short.names_needed(4), 2);
    assert_eq!(make("top_k", "k=7 max_positions=3").unwrap().into_rule().unwrap().names_needed(100), 3);
}

#[test]
fn parameters_are_canonical() {
    let resolved = make("TopK", "k=007 lookback_col=mom20 weighting=EQUAL min_factor=1e-1").unwrap();
    let texts: Vec<String> = resolved.params.iter().map(|(name, text)| format!("{name}={text}")).collect();
    assert_eq!(
        texts.join(" "),
        "buffer=0 factor=mom20 k=7 min_factor=0.1 no_trade_band=0 vol_lookback=20 weighting=equal"
    );
    assert_eq!(resolved.factor.as_deref(), Some("mom20"));
    assert_eq!(resolved.template.name, "top_k");
}

#[test]
fn wrong_names_and_values() {
    for (name, params, expected) in [
        (
            "top_q",
            "",
            "unknown strategy `top_q`; expected one of top_k, long_short, threshold, momentum, top_k_dropout, linear_weighted, rotation, target_list, sma_cross, ema_cross, breakout, mean_reversion, rsi\nhint: did you mean `top_k`?",
        ),
        (
            "top_k",
            "weigting=equal",
            "strategy `top_k` has no parameter `weigting`; it takes factor, k, weighting, vol_lookback, max_weight, min_factor, max_positions, buffer, no_trade_band\nhint: did you mean `weighting`?",
        ),
        ("top_k", "k=0", "parameter `k` of strategy `top_k` is `0`; expected a whole number of at least 1"),
        ("top_k", "k=ten", "parameter `k` of strategy `top_k` is `ten`; expected a whole number of at least 1"),
        ("top_k", "min_factor=nan", "parameter `min_factor` of strategy `top_k` is `nan`; expected a finite number"),
        (
            "top_k",
            "weighting=best",
            "parameter `weighting` of strategy `top_k` is `best`; expected one of equal, score, inverse_volatility, capped",
        ),
        (
            "long_short",
            "long_quantile=0",
            "parameter `long_quantile` of strategy `long_short` is `0`; expected a number above 0, at most 1",
        ),
        (
            "long_short",
            "long_quantile=0.1 long_count=3",
            "strategy `long_short`: `long_count` and `long_quantile` are given; expected one of them",
        ),
        ("top_k", "factor=a lookback_col=b", "strategy `top_k`: `factor` is given twice, once as `lookback_col`"),
        (
            "threshold",
            "sell_threshold=0",
            "strategy `threshold` needs the parameter `buy_threshold`: score from which a name is held long, sized anew at each decision\nhint: add --param buy_threshold=...",
        ),
        (
            "threshold",
            "sell_threshold=0 buy_threshold=0",
            "strategy `threshold`: `sell_threshold` is 0 and `buy_threshold` is 0; expected sell_threshold below buy_threshold",
        ),
        ("sma_cross", "fast=30", "strategy `sma_cross`: `fast` is 30 and `slow` is 30; expected fast below slow"),
        ("breakout", "exit=21", "strategy `breakout`: `exit` is 21 and `entry` is 20; expected exit at most entry"),
        (
            "mean_reversion",
            "leave=2",
            "strategy `mean_reversion`: `leave` is 2 and `enter` is 2; expected leave below enter",
        ),
        ("rsi", "low=80", "strategy `rsi`: `low` is 80 and `high` is 70; expected low below high"),
        ("rsi", "k=1", "strategy `rsi` has no parameter `k`; it takes window, low, high, factor, share, allow_short"),
        (
            "momentum",
            "top_n_long=0",
            "strategy `momentum`: `top_n_long` and `top_n_short` are both 0; expected at least one name",
        ),
    ] {
        assert_eq!(make(name, params).unwrap_err().to_string(), expected);
    }
}

#[test]
fn more_names_than_symbols() {
    for (name, params, n_symbols) in
        [("top_k", "k=11", 10), ("long_short", "long_count=3 short_count=3", 5), ("momentum", "top_n_long=4", 3)]
    {
        let strategy = make(name, params).unwrap().into_rule().unwrap();
        assert!(matches!(strategy.check_universe(n_symbols), Err(TradingError::TooManyNames { .. })), "{name}");
        assert!(strategy.check_universe(n_symbols + 1).is_ok(), "{name}");
    }
    let error = make("top_k", "k=11").unwrap().into_rule().unwrap().check_universe(10).unwrap_err().to_string();
    assert_eq!(error, "strategy `top_k` wants 11 names (`k`), but only 10 symbols are configured");
}

#[test]
fn every_parameter_is_documented_and_its_default_is_valid() {
    for template in templates() {
        assert!(!template.doc.is_empty());
        for spec in template.params {
            assert!(!spec.doc.is_empty() && !spec.kind.describe().is_empty(), "{} {}", template.name, spec.name);
            assert!(!(spec.is_required && spec.default.is_some()), "{} {}", template.name, spec.name);
        }
        let required = template.params.iter().filter(|spec| spec.is_required);
        let given: BTreeMap<String, String> =
            required.enumerate().map(|(i, spec)| (spec.name.to_owned(), format!("{}", -(i as f64)))).collect();
        let resolved = resolve(template.name, &given).unwrap();
        // A canonical map resolves to itself: what is stored with a run runs again.
        assert_eq!(resolve(template.name, &resolved.params).unwrap().params, resolved.params);
    }
}

#[test]
fn capabilities_are_those_of_the_strategies() {
    let asked = [
        ("top_k", ""),
        ("long_short", ""),
        ("threshold", "buy_threshold=1 sell_threshold=0 allow_short=true hold_max_bars=3"),
        ("momentum", "top_n_short=2"),
        ("top_k_dropout", ""),
        ("linear_weighted", "factors=a short_k=2"),
        ("rotation", ""),
        ("target_list", "allow_short=true"),
        ("sma_cross", "allow_short=true"),
        ("ema_cross", "allow_short=true"),
        ("breakout", "allow_short=true"),
        ("mean_reversion", "allow_short=true"),
        ("rsi", "allow_short=true"),
    ];
    assert_eq!(asked.map(|(name, _)| name).to_vec(), templates().iter().map(|t| t.name).collect::<Vec<_>>());
    for (name, params) in asked {
        let made = make(name, params).unwrap();
        let can = |capability: Capability| made.template.capabilities.contains(&capability);
        let hold_max_bars = made.rule().and_then(CrossSection::hold_max_bars);
        assert_eq!(can(Capability::Short), made.may_short(), "{name}");
        assert_eq!(can(Capability::HoldingLimit), hold_max_bars.is_some(), "{name}");
        assert_ne!(can(Capability::CrossSection), can(Capability::PerSymbol), "{name}");
        assert_eq!(can(Capability::EveryBar), made.kind() == Kind::PerSymbol, "{name}");
        assert!(can(Capability::Long), "{name}");
    }
}
