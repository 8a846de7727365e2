//! Rules against independent implementations (pandas and numpy; qlib's algorithm for dropout) on made-up markets.
//!
//! `docs/validation/strategies.md` says how the digests were made. A digest is the FNV-1a hash of lines
//! `step symbol:weight ...`, weights with nine decimals, symbols ascending.

use std::collections::BTreeMap;

use super::*;

/// The generator both sides use: a 64-bit linear congruence, its upper 53 bits as a number in [0, 1).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Closes by symbol and bar.
fn closes(seed: u64, n_symbols: usize, n_bars: usize) -> Vec<Vec<f64>> {
    let mut numbers = Numbers(seed);
    let mut out = vec![Vec::new(); n_symbols];
    let mut last = vec![100.0; n_symbols];
    for _ in 0..n_bars {
        for symbol in 0..n_symbols {
            last[symbol] *= 1.0 + (numbers.next() - 0.48) * 0.06;
            out[symbol].push(last[symbol]);
        }
    }
    out
}

/// Scores by bar and symbol.
fn scores(seed: u64, n_symbols: usize, n_bars: usize) -> Vec<Vec<f64>> {
    let mut numbers = Numbers(seed);
    (0..n_bars).map(|_| (0..n_symbols).map(|_| numbers.next() - 0.5).collect()).collect()
}

/// One line of a digest.
fn line(step: usize, weights: &BTreeMap<u32, f64>) -> String {
    let words: Vec<String> = weights.iter().map(|(symbol, weight)| format!("{symbol}:{weight:.9}")).collect();
    format!("{step} {}\n", words.join(" "))
}

/// FNV-1a, 64 bits.
fn digest(text: &str) -> String {
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    format!("{hash:016x}")
}

/// A decision's plan.
fn plan(strategy: &Resolved, seen: &Seen, n_symbols: usize) -> Plan {
    let names: Vec<u32> = (0..n_symbols as u32).collect();
    let (mut ranking, mut plan) = (Ranking::default(), Plan::default());
    let rule = strategy.rule().unwrap();
    rank(rule, &names, seen, &mut ranking);
    rule.decide(&ranking.ranked, seen, &mut plan);
    plan
}

/// The weights of a plan without what is kept.
fn weights(plan: &Plan) -> BTreeMap<u32, f64> {
    let weight = |&(symbol, aim): &(u32, Aim)| match aim {
        Aim::Weight(weight) => Some((symbol, weight)),
        Aim::Keep => None,
    };
    plan.aims.iter().filter_map(weight).collect()
}

#[test]
fn dropout_is_qlibs() {
    for (params, expected) in [
        ("k=8 n_drop=2 hold_thresh=1 risk_degree=0.95", "d45178c9c01aafe2"),
        ("k=5 n_drop=3 hold_thresh=4 risk_degree=1", "992e0e7399cc15f8"),
    ] {
        let (n_symbols, n_bars) = (30, 250);
        let (closes, scores) = (closes(11, n_symbols, n_bars), scores(12, n_symbols, n_bars));
        let strategy = make("top_k_dropout", params).unwrap();
        let mut cash = 1.0;
        let mut held: BTreeMap<u32, (f64, u64)> = BTreeMap::new();
        let mut text = String::new();
        for bar in 0..n_bars {
            let price = |symbol: u32| closes[symbol as usize][bar];
            held.values_mut().for_each(|(_, n_bars)| *n_bars += 1);
            let equity = cash + held.iter().map(|(&symbol, (amount, _))| amount * price(symbol)).sum::<f64>();
            let holding = |(&symbol_idx, &(amount, n_bars)): (&u32, &(f64, u64))| Holding {
                symbol_idx,
                weight: amount * price(symbol_idx) / equity,
                n_bars,
                is_stuck: false,
            };
            let holdings = held.iter().map(holding).collect();
            let seen = Seen { columns: vec![scores[bar].clone()], holdings, ..Seen::default() };
            let plan = plan(&strategy, &seen, n_symbols);
            let named = |symbol: u32| plan.aims.iter().any(|(other, _)| *other == symbol);
            held.retain(|&symbol, (amount, _)| {
                cash += if named(symbol) { 0.0 } else { *amount * price(symbol) };
                named(symbol)
            });
            for (symbol, weight) in weights(&plan).into_iter().filter(|(_, weight)| *weight > 1e-9) {
                cash -= weight * equity;
                held.insert(symbol, (weight * equity / price(symbol), 0));
            }
            let equity = cash + held.iter().map(|(&symbol, (amount, _))| amount * price(symbol)).sum::<f64>();
            let now = held.iter().map(|(&symbol, (amount, _))| (symbol, amount * price(symbol) / equity)).collect();
            text.push_str(&line(bar, &now));
        }
        assert_eq!(digest(&text), expected, "{params}\n{}", &text[..600]);
    }
}

#[test]
fn rotation_is_numpys() {
    for (weighting, expected) in [("equal", "48c24cd9116f7908"), ("inverse_volatility", "9cc4014782f794eb")] {
        let params =
            format!("top_n=3 lookbacks=20,60 skip=5 absolute=safe safe=S8 weighting={weighting} vol_lookback=20");
        let strategy = make("rotation", &params).unwrap();
        let closes = closes(21, 9, 300);
        let mut text = String::new();
        for bar in (70..300).step_by(10) {
            let known = closes.iter().map(|closes| closes[..=bar].to_vec()).collect();
            let symbols = vec!["S0", "S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8"];
            let seen = Seen { closes: known, symbols, ..Seen::default() };
            text.push_str(&line(bar, &weights(&plan(&strategy, &seen, 9))));
        }
        assert_eq!(digest(&text), expected, "{weighting}\n{}", &text[..300]);
    }
}

#[test]
fn weighted_factors_are_pandas() {
    let (n_symbols, n_bars) = (20, 120);
    let mut columns: Vec<Vec<Vec<f64>>> = (0..3).map(|at| scores(31 + at, n_symbols, n_bars)).collect();
    let mut numbers = Numbers(40);
    for bar in 0..n_bars {
        for column in &mut columns {
            for value in &mut column[bar] {
                if numbers.next() < 0.1 {
                    *value = f64::NAN;
                }
            }
        }
    }
    let params = "factors=a:0.5,b:-1,c:0.25 k=4 short_k=3 weighting=score";
    let strategy = make("linear_weighted", params).unwrap();
    let mut text = String::new();
    for bar in 0..n_bars {
        let seen = Seen { columns: columns.iter().map(|column| column[bar].clone()).collect(), ..Seen::default() };
        text.push_str(&line(bar, &weights(&plan(&strategy, &seen, n_symbols))));
    }
    assert_eq!(digest(&text), "18ec33df3c3ad3b6", "{}", &text[..300]);
}

#[test]
fn capped_weights_are_a_scale_cut_at_the_largest() {
    let strategy = make("top_k", "k=5 weighting=capped max_weight=0.3").unwrap();
    let mut text = String::new();
    for (bar, scores) in scores(51, 12, 100).into_iter().enumerate() {
        let seen = Seen { columns: vec![scores], ..Seen::default() };
        text.push_str(&line(bar, &weights(&plan(&strategy, &seen, 12))));
    }
    assert_eq!(digest(&text), "d942212373bfc6e7", "{}", &text[..300]);
}
