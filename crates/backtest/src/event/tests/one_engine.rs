//! The same templates through the panel replay and, bar by bar, through the floor: the same orders, the same money.

use std::collections::BTreeMap;

use crosscut_model::action::growth;
use crosscut_model::time::HOUR;
use crosscut_model::{Bars, CorporateAction};
use crosscut_trading::account::Funds;
use crosscut_trading::cost::Costs;
use crosscut_trading::limits::Limits;
use crosscut_trading::market::Data;
use crosscut_trading::rules::{Execution, OnShort};
use crosscut_trading::strategy::{Portfolio, PortfolioRules, Scorer, resolve};
use crosscut_trading::venue::VenueRules;

use super::*;
use crate::RunOutcome;
use crate::config::BacktestConfig;
use crate::panel::lists::Target;
use crate::panel::{Extras, PanelBuilder, SeriesInput, SymbolRules};
use crate::replay::replay;

/// Symbols.
const N_SYMBOLS: usize = 6;

/// Random walks of `n_bars` hours from a seed.
pub(super) fn walks(seed: u64, n_bars: i64) -> Vec<Bars> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut unit = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let mut walks = Vec::new();
    for _ in 0..N_SYMBOLS {
        let mut bars = Bars::default();
        let mut last = 10.0 + 90.0 * unit();
        for bar in 0..n_bars {
            let open = last * (1.0 + 0.01 * (unit() - 0.5));
            let close = open * (1.0 + 0.05 * (unit() - 0.5));
            let prices = [open, open.max(close) * 1.01, open.min(close) * 0.99, close];
            push(&mut bars, (bar * HOUR, (bar + 1) * HOUR), prices, 1000.0);
            last = close;
        }
        walks.push(bars);
    }
    walks
}

/// Splits and dividends of some walks, whose prices are told in the new units from there on.
fn actions(walks: &mut [Bars]) -> Vec<Vec<CorporateAction>> {
    let one = |(at, bars): (usize, &mut Bars)| {
        let mut actions = Vec::new();
        if at % 3 == 2 {
            return actions;
        }
        for (number, (split, dividend)) in [(2.0, 0.0), (1.0, 0.01), (0.25, 0.02)].into_iter().enumerate() {
            let pos = 30 + 61 * number + 7 * at;
            let (before, timestamp) = (bars.close[pos - 1], bars.timestamp[pos]);
            let (dividend, factor) = (dividend * before, (1.0 - dividend) / split);
            for column in [&mut bars.open, &mut bars.high, &mut bars.low, &mut bars.close] {
                column[pos..].iter_mut().for_each(|price| *price /= split);
            }
            actions.push(CorporateAction { timestamp, available_at: timestamp, split, dividend, factor });
        }
        actions
    };
    walks.iter_mut().enumerate().map(one).collect()
}

/// The return over the last five bars, over the last ten, and so on; or what a list of targets says.
#[derive(Debug)]
struct Columns {
    closes: Vec<Vec<f64>>,
    targets: Vec<Target>,
    label: i64,
}

/// `close / close[n_bars earlier] - 1`; NaN before there are as many.
fn momentum(closes: &[f64], n_bars: usize) -> f64 {
    match closes {
        [.., last] if closes.len() > n_bars => last / closes[closes.len() - 1 - n_bars] - 1.0,
        _ => f64::NAN,
    }
}

impl Scorer for Columns {
    fn on_data(&mut self, data: &Data) {
        self.closes[data.symbol_idx() as usize].push(data.price());
        self.label = data.available_at() - HOUR;
    }

    fn value(&self, column: usize, symbol_idx: u32) -> f64 {
        if self.targets.is_empty() {
            return momentum(&self.closes[symbol_idx as usize], 5 * (column + 1));
        }
        let mut now = self.targets.iter().filter(|target| target.label == self.label).peekable();
        if now.peek().is_none() {
            return f64::NAN;
        }
        now.find(|target| target.symbol == format!("S{symbol_idx}")).map_or(0.0, |target| target.weight)
    }
}

/// Targets for some symbols at every 37th hour.
fn some_targets() -> Vec<Target> {
    let mut targets = Vec::new();
    for (at, label) in (10..230).step_by(37).enumerate() {
        for (symbol, weight) in [(at % 6, 0.5), ((at + 2) % 6, 0.25), ((at + 3) % 6, 0.0)] {
            targets.push(Target { label: label * HOUR, symbol: format!("S{symbol}"), weight });
        }
    }
    targets.sort_by(|a, b| (a.label, &a.symbol).cmp(&(b.label, &b.symbol)));
    targets
}

/// Whether both replays have the same curve, fills and trades.
fn same(outcome: &EventOutcome, expected: &RunOutcome, what: &str) {
    assert_eq!(outcome.curves.equity.len(), expected.equity.len());
    for (bar, (ours, theirs)) in outcome.curves.equity.iter().zip(&expected.equity).enumerate() {
        assert!((ours - theirs).abs() <= 1e-9 * theirs, "{what} bar {bar}: {ours} {theirs}");
    }
    let fills = outcome.journal.iter().filter(|record| record.text().contains("filled")).count();
    let expected_fills = expected.orders.iter().filter(|order| order.fill.is_some()).count();
    assert_eq!(fills, expected_fills, "{what}");
    assert!(fills > 10);
    assert_eq!(outcome.trades.len(), expected.trades.len(), "{what}");
    for (ours, theirs) in outcome.trades.iter().zip(&expected.trades) {
        let is_same = (ours.symbol_idx, ours.side) == (theirs.symbol_idx, theirs.side);
        assert!(is_same && (ours.pnl - theirs.pnl).abs() < 1e-6, "{what}: {ours:?} {theirs:?}");
    }
}

fn check(strategy: &str, params: &[(&str, &str)], execution: Execution, rebalance: &str) {
    let params: BTreeMap<String, String> =
        params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    for seed in 1..12 {
        let mut walks = walks(seed, 240);
        let actions = if seed % 2 == 0 { actions(&mut walks) } else { vec![Vec::new(); N_SYMBOLS] };
        let symbols: Vec<String> = (0..N_SYMBOLS).map(|at| format!("S{at}")).collect();
        let panel_config = BacktestConfig {
            strategy: strategy.to_owned(),
            params: params.clone(),
            capital: 10_000.0,
            execution,
            rebalance: rebalance.parse().unwrap(),
            commission_bps: 10.0,
            slippage_bps: 5.0,
            timeframe: "1h".parse().unwrap(),
            ..BacktestConfig::default()
        };
        let builder = PanelBuilder::new(&panel_config).unwrap();
        let targets = if strategy == "target_list" { some_targets() } else { Vec::new() };
        let n_columns = builder.factor_columns().len();
        let series = symbols.iter().zip(&walks).zip(&actions).map(|((symbol, bars), actions)| {
            let growth = growth(&bars.timestamp, actions);
            let comparable: Vec<f64> = bars.close.iter().zip(growth).map(|(close, growth)| close * growth).collect();
            let column = |n_bars| (1..=bars.len()).map(|end| momentum(&comparable[..end], n_bars)).collect();
            let input = SeriesInput {
                symbol: symbol.clone(),
                timestamps: bars.timestamp.clone(),
                close: bars.close.clone(),
                adjusted_close: comparable.clone(),
                open: bars.open.clone(),
                factor: if targets.is_empty() && n_columns > 0 { column(5) } else { Vec::new() },
                more_factors: (1..n_columns).map(|at| column(5 * (at + 1))).collect(),
                ..SeriesInput::default()
            };
            builder.series(input, SymbolRules { actions: actions.clone(), ..SymbolRules::default() }).unwrap()
        });
        let series = series.collect();
        let panel = builder
            .build(series, Extras { factor: "f".to_owned(), targets: targets.clone(), ..Extras::default() })
            .unwrap();
        let expected = replay(&panel, &panel_config).unwrap();

        let feeds = symbols.iter().zip(&walks).map(|(symbol, bars)| Feed::Bars { symbol, bars }).collect();
        let market = Market { symbols: symbols.clone(), feeds, actions, ..Market::default() };
        let rule = resolve(strategy, &params).unwrap();
        let funds = if rule.may_short() { Funds::Unlimited } else { Funds::Cash };
        let config = FloorConfig {
            funds,
            costs: Costs::from_bps(10.0, 5.0).unwrap(),
            venue: VenueRules { market: execution, ..VenueRules::default() },
            ..config(10_000.0, N_SYMBOLS)
        };
        // A list decides at its own times only: at others it says nothing of any symbol.
        let rebalance = if targets.is_empty() { panel_config.rebalance } else { Rebalance::Bars(1) };
        let scorer = Columns { closes: vec![Vec::new(); N_SYMBOLS], targets, label: 0 };
        let (limits, on_short, feeds) = (Limits::default(), OnShort::Skip, Vec::new());
        let rules = PortfolioRules { symbols: symbols.clone(), limits, on_short, feeds };
        let mut portfolio = Portfolio::new(rule, scorer, rules).unwrap();
        let options = EventOptions { evaluate: Some(rebalance), ..EventOptions::default() };
        let outcome = replay_events(market, config, options, &mut portfolio).unwrap();

        same(&outcome, &expected, &format!("{strategy} {seed}"));
    }
}

#[test]
fn top_k_is_the_same_either_way() {
    check("top_k", &[("k", "2")], Execution::NextOpen, "24");
    check("top_k", &[("k", "3")], Execution::Close, "7");
    check("top_k", &[("k", "2"), ("weighting", "score")], Execution::NextClose, "D");
}

#[test]
fn long_short_is_the_same_either_way() {
    check("long_short", &[("long_count", "2"), ("short_count", "2")], Execution::NextOpen, "12");
    check("momentum", &[("top_n_long", "2"), ("top_n_short", "1")], Execution::Close, "D");
}

#[test]
fn weighting_buffers_and_bands_are_the_same_either_way() {
    let top_k = |params: &[(&str, &str)], rebalance| check("top_k", params, Execution::NextOpen, rebalance);
    top_k(&[("k", "3"), ("weighting", "inverse_volatility"), ("vol_lookback", "8")], "12");
    top_k(&[("k", "3"), ("weighting", "capped"), ("max_weight", "0.4"), ("no_trade_band", "0.05")], "7");
    top_k(&[("k", "2"), ("buffer", "2")], "6");
    check("long_short", &[("long_count", "2"), ("short_count", "2"), ("buffer", "1")], Execution::Close, "9");
}

#[test]
fn every_rule_is_the_same_either_way() {
    let dropout = [("k", "3"), ("n_drop", "1"), ("hold_thresh", "20")];
    check("top_k_dropout", &dropout, Execution::NextOpen, "6");
    check("top_k_dropout", &dropout, Execution::Close, "5");
    let factors = [("factors", "a:1,b:-0.5"), ("k", "2"), ("short_k", "1")];
    check("linear_weighted", &factors, Execution::NextOpen, "8");
    let rotation = [("top_n", "2"), ("lookbacks", "10,20"), ("safe", "S0"), ("absolute", "safe")];
    check("rotation", &rotation, Execution::NextOpen, "D");
    check("rotation", &[("top_n", "3"), ("lookbacks", "15"), ("skip", "2")], Execution::Close, "11");
    check("target_list", &[("file", "given")], Execution::NextOpen, "D");
    let threshold = [("buy_threshold", "0.02"), ("sell_threshold", "-0.02"), ("hold_max_bars", "9")];
    check("threshold", &threshold, Execution::NextOpen, "4");
    check("threshold", &threshold, Execution::Close, "3");
    check("threshold", &threshold, Execution::Close, "1");
}
