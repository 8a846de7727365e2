//! The kit's W4 workload in our words: weekly long/short on the 20-bar return, monthly pool, fills at the close.
//!
//! The reference walks every hour from the first label to the last; a run's timeline holds only hours at which some symbol
//! has a bar, so that its curve is carried forward over the rest before it is compared.

use std::collections::BTreeMap;

use crosscut_model::Timeframe;
use crosscut_model::calendar::Rebalance;
use crosscut_model::timeframe::Unit;
use crosscut_trading::rules::{Execution, OnShort, Untradable};

use crate::config::{BacktestConfig, PoolConfig};
use crate::error::BacktestError;
use crate::outcome::RunOutcome;
use crate::panel::{Extras, Panel, PanelBuilder, Unplaced};
use crate::replay::{Driving, ReplayOptions, replay_with};

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
