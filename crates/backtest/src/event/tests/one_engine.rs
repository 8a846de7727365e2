//! The same templates through the panel replay and, bar by bar, through the floor: the same orders, the same money.

use std::collections::BTreeMap;

use crosscut_model::Bars;
use crosscut_model::time::HOUR;
use crosscut_trading::account::Funds;
use crosscut_trading::cost::Costs;
use crosscut_trading::limits::Limits;
use crosscut_trading::market::Data;
use crosscut_trading::rules::{Execution, OnShort};
use crosscut_trading::strategy::{Portfolio, PortfolioRules, Scorer, resolve};
use crosscut_trading::venue::VenueRules;

use super::*;
use crate::config::BacktestConfig;
use crate::panel::{Extras, PanelBuilder, SeriesInput, SymbolRules};
use crate::replay::replay;

/// Symbols.
const N_SYMBOLS: usize = 6;

/// Random walks of `n_bars` hours from a seed.
fn walks(seed: u64, n_bars: i64) -> Vec<Bars> {
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

/// The return over the last bars.
#[derive(Debug)]
struct Momentum {
    n_bars: usize,
    closes: Vec<Vec<f64>>,
}

/// `close / close[n_bars earlier] - 1`; NaN before there are as many.
fn momentum(closes: &[f64], n_bars: usize) -> f64 {
    match closes {
        [.., last] if closes.len() > n_bars => last / closes[closes.len() - 1 - n_bars] - 1.0,
        _ => f64::NAN,
    }
}

impl Scorer for Momentum {
    fn on_data(&mut self, data: &Data) {
        self.closes[data.symbol_idx() as usize].push(data.price());
    }

    fn value(&self, _column: usize, symbol_idx: u32) -> f64 {
        momentum(&self.closes[symbol_idx as usize], self.n_bars)
    }
}

fn check(strategy: &str, params: &[(&str, &str)], execution: Execution, rebalance: &str) {
    let params: BTreeMap<String, String> =
        params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    for seed in 1..12 {
        let walks = walks(seed, 240);
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
        let series = symbols.iter().zip(&walks).map(|(symbol, bars)| {
            let factor = (1..=bars.len()).map(|end| momentum(&bars.close[..end], 5)).collect();
            let input = SeriesInput {
                symbol: symbol.clone(),
                timestamps: bars.timestamp.clone(),
                close: bars.close.clone(),
                open: bars.open.clone(),
                factor,
                ..SeriesInput::default()
            };
            builder.series(input, SymbolRules::default()).unwrap()
        });
        let series = series.collect();
        let panel = builder.build(series, Extras { factor: "f".to_owned(), ..Extras::default() }).unwrap();
        let expected = replay(&panel, &panel_config).unwrap();

        let feeds = symbols.iter().zip(&walks).map(|(symbol, bars)| Feed::Bars { symbol, bars }).collect();
        let market = Market { symbols: symbols.clone(), feeds, ..Market::default() };
        let rule = resolve(strategy, &params).unwrap();
        let funds = if rule.may_short() { Funds::Unlimited } else { Funds::Cash };
        let config = FloorConfig {
            funds,
            costs: Costs::from_bps(10.0, 5.0).unwrap(),
            venue: VenueRules { market: execution, ..VenueRules::default() },
            ..config(10_000.0, N_SYMBOLS)
        };
        let scorer = Momentum { n_bars: 5, closes: vec![Vec::new(); N_SYMBOLS] };
        let rules = PortfolioRules { symbols: symbols.clone(), limits: Limits::default(), on_short: OnShort::Skip };
        let mut portfolio = Portfolio::new(rule, scorer, rules).unwrap();
        let options = EventOptions { evaluate: Some(panel_config.rebalance), ..EventOptions::default() };
        let outcome = replay_events(market, config, options, &mut portfolio).unwrap();

        assert_eq!(outcome.curves.equity.len(), expected.equity.len());
        for (bar, (ours, theirs)) in outcome.curves.equity.iter().zip(&expected.equity).enumerate() {
            assert!((ours - theirs).abs() <= 1e-9 * theirs, "{strategy} {seed} bar {bar}: {ours} {theirs}");
        }
        let fills = outcome.journal.iter().filter(|record| record.text().contains("filled")).count();
        let expected_fills = expected.orders.iter().filter(|order| order.fill.is_some()).count();
        assert_eq!(fills, expected_fills, "{strategy} {seed}");
        assert!(fills > 10);
        assert_eq!(outcome.trades.len(), expected.trades.len(), "{strategy} {seed}");
        for (ours, theirs) in outcome.trades.iter().zip(&expected.trades) {
            assert_eq!((ours.symbol_idx, ours.side), (theirs.symbol_idx, theirs.side));
            assert!((ours.pnl - theirs.pnl).abs() < 1e-6, "{strategy} {seed}: {} {}", ours.pnl, theirs.pnl);
        }
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
