//! The kit's W4 workload in our words: weekly long/short on the 20-bar return, monthly pool, fills at the close.
//!
//! The reference walks every hour from the first label to the last; a run's timeline holds only hours at which some symbol
//! has a bar, so that its curve is carried forward over the rest before it is compared.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crosscut_hub::Hub;
use crosscut_model::Timeframe;
use crosscut_model::calendar::Rebalance;
use crosscut_model::timeframe::Unit;
use crosscut_trading::rules::{Execution, OnShort, Untradable};

use crate::config::{BacktestConfig, PoolConfig};
use crate::error::BacktestError;
use crate::loaded::Loaded;
use crate::outcome::RunOutcome;
use crate::panel::{Extras, Panel, PanelBuilder, Unplaced};
use crate::replay::{Driving, ReplayOptions, replay_with};
use crate::sweep::{SharedMarket, sampling_for};

/// The figures by which implementations of W4 are compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct W4Check {
    /// Equity after the last hour.
    pub nav_last: f64,
    /// Mean equity over every hour from the first label to the last.
    pub nav_mean: f64,
    /// Number of fills.
    pub trades: usize,
}

/// The configuration of W4 with a pool of `uni` names, `k` of them on each side.
pub fn config(uni: usize, k: usize) -> BacktestConfig {
    let count = |name: &str| (name.to_owned(), k.to_string());
    BacktestConfig {
        timeframe: Timeframe::new(1, Unit::Hour),
        factor_formula: Some("close / delay(close, 20) - 1".to_owned()),
        strategy: "long_short".to_owned(),
        params: BTreeMap::from([count("long_count"), count("short_count")]),
        execution: Execution::Close,
        rebalance: Rebalance::Weekly(0),
        commission_bps: 5.0,
        slippage_bps: 3.0,
        untradable: Untradable::CloseLast,
        on_short: OnShort::Flat,
        pool: Some(PoolConfig { top_n: uni, ..PoolConfig::default() }),
        ..BacktestConfig::default()
    }
}

/// Configurations of a sweep over W4's panel: `n` sets of a strategy that ranks by the panel's signal, each with another
/// number of names or another commission.
pub fn sets(uni: usize, strategy: &str, n: usize) -> Vec<BacktestConfig> {
    let set = |at: usize| {
        let n_sizes = (uni / 2).max(1);
        let (k, nth) = ((1 + at % n_sizes).to_string(), (at / n_sizes) as f64);
        let sizes: &[&str] = match strategy {
            "long_short" => &["long_count", "short_count"],
            "momentum" => &["top_n_long", "top_n_short"],
            "top_k" => &["k"],
            _ => &[],
        };
        let mut params: BTreeMap<String, String> = sizes.iter().map(|&name| (name.to_owned(), k.clone())).collect();
        if strategy == "threshold" {
            let level = 0.002 * (1 + at % n_sizes) as f64;
            let all = [("buy_threshold", level), ("sell_threshold", -level), ("position_size", 0.01)];
            params.extend(all.map(|(name, value)| (name.to_owned(), value.to_string())));
            params.insert("allow_short".to_owned(), "true".to_owned());
        }
        let base = config(uni, 1);
        BacktestConfig { strategy: strategy.to_owned(), params, commission_bps: 1.0 + 0.25 * nth, ..base }
    };
    (0..n).map(set).collect()
}

/// What a sweep over W4's panel comes to.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Swept {
    /// Sum of final equity of all sets.
    pub equity: f64,
    /// Bars over which positions that were closed had been held, of all sets.
    pub held_bars: f64,
    /// Fills of all sets.
    pub fills: f64,
}

/// Runs sets over the panel as a sweep does; without `may_walk` each in the engine. `hub` is not read.
///
/// # Errors
/// The first failure of a set.
pub fn sweep(hub: &Hub, panel: Panel, sets: &[BacktestConfig], may_walk: bool) -> Result<Swept, BacktestError> {
    let market = SharedMarket::new(Loaded::Panel(Box::new(panel)));
    let span = market.loaded().span().unwrap_or_default();
    let sampling = sampling_for(span, market.loaded().n_rows(), sets.len());
    let all: Vec<&BacktestConfig> = sets.iter().collect();
    let results = Mutex::new((0..sets.len()).map(|_| None).collect::<Vec<Option<Result<Swept, BacktestError>>>>());
    market.run_all(hub, &all, (sampling, may_walk), &|at, result| {
        let told = result.map(|outcome| {
            let metric = |name| outcome.metric(name).unwrap_or(0.0);
            let held_bars = metric("mean_trade_bars") * metric("n_trades");
            Swept { equity: metric("final_equity"), held_bars, fills: metric("n_fills") }
        });
        results.lock().unwrap_or_else(PoisonError::into_inner)[at] = Some(told);
    });
    let mut swept = Swept::default();
    // In the order of the sets, so that the sums are the same for any number of threads.
    for told in results.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().flatten() {
        let told = told?;
        swept.equity += told.equity;
        swept.held_bars += told.held_bars;
        swept.fills += told.fills;
    }
    Ok(swept)
}

/// Puts the series together, for [`run`].
///
/// # Errors
/// As [`PanelBuilder::build`].
pub fn panel(builder: PanelBuilder, series: Vec<Unplaced>) -> Result<Panel, BacktestError> {
    builder.build(series, Extras { factor: "return_20".to_owned(), ..Extras::default() })
}

/// Replays W4 without recording selections, stopping where something can happen or at every bar.
///
/// # Errors
/// As [`crate::replay()`].
pub fn run(panel: &Panel, config: &BacktestConfig, driving: Driving) -> Result<W4Check, BacktestError> {
    let options = ReplayOptions { driving, records_selections: false, keeps_journal: false };
    Ok(check(&replay_with(panel, config, options)?))
}

/// The figures of a run.
pub fn check(outcome: &RunOutcome) -> W4Check {
    let nav = hourly(outcome);
    W4Check {
        nav_last: nav.last().copied().unwrap_or(f64::NAN),
        nav_mean: nav.iter().sum::<f64>() / nav.len() as f64,
        trades: outcome.orders.iter().filter(|order| order.fill.is_some()).count(),
    }
}

/// Equity at every hour from the first label to the last; where no symbol has a bar, that of the hour before.
pub fn hourly(outcome: &RunOutcome) -> Vec<f64> {
    let hour = crosscut_model::time::HOUR;
    let mut nav = Vec::with_capacity(outcome.equity.len());
    let mut at = outcome.timeline.first().copied().unwrap_or_default();
    for (&label, &equity) in outcome.timeline.iter().zip(&outcome.equity) {
        while at < label {
            nav.extend(nav.last().copied());
            at += hour;
        }
        nav.push(equity);
        at += hour;
    }
    nav
}
