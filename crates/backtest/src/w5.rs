//! The kit's W5 workloads in our words: a thousand cross-sectional long-short runs over one panel, and ten thousand
//! moving-average crosses of one series.
//!
//! The cross-section runs through the code of `crosscut sweep`: the same configurations, the same ids, every metric. The
//! reference counts the hours before a signal's first value as hours without a return; they are put before each curve.

use crosscut_hub::Hub;
use crosscut_model::Timeframe;
use crosscut_model::timeframe::Unit;
use crosscut_trading::rules::Execution;
use rayon::prelude::*;

use crate::Loaded;
use crate::config::BacktestConfig;
use crate::error::BacktestError;
use crate::panel::{Extras, Panel, PanelBuilder, SeriesInput, SymbolRules};
pub use crate::sweep::cross_equities;
use crate::sweep::{SetOutcome, SharedMarket, in_lanes, sampling_for};

/// Hours of a year in the kit's Sharpe ratio.
const HOURS_PER_YEAR: f64 = 8760.0;

/// Commission of both jobs, basis points.
pub const COMMISSION_BPS: f64 = 5.0;

/// One set of the cross-sectional job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CrossSet {
    /// Names on each side.
    pub k: usize,
    /// Hours over which the signal looks back.
    pub lookback: usize,
    /// Hours from one decision to the next.
    pub period: usize,
}

/// The figures by which implementations of the cross-section are compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CrossCheck {
    /// Equity after the last hour.
    pub nav: f64,
    /// Annualised Sharpe ratio of hourly returns.
    pub sharpe: f64,
    /// Lowest equity over its highest so far, less 1.
    pub max_drawdown: f64,
}

/// A panel of hourly closes without a gap.
#[derive(Debug, Clone, Default)]
pub struct Closes {
    /// Symbols, ascending.
    pub symbols: Vec<String>,
    /// Labels, microseconds.
    pub timeline: Vec<i64>,
    /// Closes of each symbol.
    pub closes: Vec<Vec<f64>>,
}

/// All sets of the cross-sectional job.
pub fn cross_sets() -> Vec<CrossSet> {
    const LOOKBACKS: [usize; 10] = [6, 12, 24, 48, 72, 96, 120, 168, 240, 336];
    const PERIODS: [usize; 20] = [4, 6, 8, 12, 16, 20, 24, 30, 36, 42, 48, 60, 72, 84, 96, 108, 120, 144, 168, 336];
    let mut sets = Vec::new();
    for k in [5, 10, 15, 20, 25] {
        for lookback in LOOKBACKS {
            sets.extend(PERIODS.map(|period| CrossSet { k, lookback, period }));
        }
    }
    sets
}

/// All pairs of windows of the moving-average job.
pub fn cross_pairs() -> Vec<(usize, usize)> {
    (2..202).step_by(2).flat_map(|fast| (210..1210).step_by(10).map(move |slow| (fast, slow))).collect()
}

/// The configuration of a set; the run begins where the signal has its first value.
pub fn config(set: CrossSet, timeline: &[i64]) -> BacktestConfig {
    let count = |name: &str| (name.to_owned(), set.k.to_string());
    BacktestConfig {
        timeframe: Timeframe::new(1, Unit::Hour),
        factor_formula: Some(format!("close / delay(close, {}) - 1", set.lookback)),
        strategy: "long_short".to_owned(),
        params: [count("long_count"), count("short_count")].into(),
        start: timeline.get(set.lookback).copied(),
        execution: Execution::Close,
        rebalance: crosscut_model::calendar::Rebalance::Bars(set.period),
        commission_bps: COMMISSION_BPS,
        slippage_bps: 3.0,
        ..BacktestConfig::default()
    }
}

/// Runs sets and hands each one's place, outcome and figures to `done`, from any thread. `hub` is not read.
///
/// # Errors
/// As [`PanelBuilder::build`], and as runs are.
pub fn run_cross(
    hub: &Hub,
    closes: &Closes,
    sets: &[CrossSet],
    done: &(dyn Fn(usize, SetOutcome, CrossCheck) + Sync),
) -> Result<(), BacktestError> {
    let mut lookbacks: Vec<usize> = sets.iter().map(|set| set.lookback).collect();
    lookbacks.sort_unstable();
    lookbacks.dedup();
    let failure = std::sync::Mutex::new(None);
    // As many samples of each curve as a sweep keeps.
    let span = (closes.timeline.first().copied().unwrap_or(0), closes.timeline.last().copied().unwrap_or(0));
    let sampling = sampling_for(span, closes.timeline.len(), sets.len());
    let fail = |error: BacktestError| {
        failure.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get_or_insert(error);
    };
    let Some(first) = sets.first() else { return Ok(()) };
    let panel = panel(closes, &config(*first, &closes.timeline))?;
    let bars = SharedMarket::new(Loaded::Panel(Box::new(panel.clone())));
    let run = |lookback: usize| -> Result<(), BacktestError> {
        let of_it: Vec<usize> = (0..sets.len()).filter(|&at| sets[at].lookback == lookback).collect();
        let configs: Vec<BacktestConfig> = of_it.iter().map(|&at| config(sets[at], &closes.timeline)).collect();
        let market = bars.with(scored((closes, &panel), lookback, &configs[0])?);
        let all: Vec<&BacktestConfig> = configs.iter().collect();
        market.run_all(hub, &all, (sampling, true), &|nth, result| match result {
            Ok(outcome) => {
                let check = check(&outcome, lookback);
                done(of_it[nth], outcome, check);
            }
            Err(error) => fail(error),
        });
        Ok(())
    };
    in_lanes(lookbacks, |lookback| {
        if let Err(error) = run(lookback) {
            fail(error);
        }
    });
    match failure.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

/// The panel of all sets, without a factor.
fn panel(closes: &Closes, config: &BacktestConfig) -> Result<Panel, BacktestError> {
    let builder = PanelBuilder::new(config)?;
    let one = |(symbol, close): (&String, &Vec<f64>)| {
        let input = SeriesInput {
            symbol: symbol.clone(),
            timestamps: closes.timeline.clone(),
            close: close.clone(),
            factor: vec![f64::NAN; close.len()],
            ..SeriesInput::default()
        };
        builder.series(input, SymbolRules::default())
    };
    let series = closes.symbols.par_iter().zip(&closes.closes).map(one).collect::<Result<Vec<_>, _>>()?;
    Ok(builder.build(series, Extras::default())?.without_factor())
}

/// The panel with the return over a lookback as its factor.
fn scored(
    (closes, panel): (&Closes, &Panel),
    lookback: usize,
    config: &BacktestConfig,
) -> Result<Panel, BacktestError> {
    let column = |symbol_idx: u32| {
        let close = &closes.closes[symbol_idx as usize];
        let mut factor = vec![f64::NAN; close.len().min(lookback)];
        factor.extend(close.iter().skip(lookback).zip(close).map(|(now, then)| now / then - 1.0));
        factor
    };
    panel.with_factor(config.factor_formula.as_deref().unwrap_or_default(), column)
}

/// The figures of a run, with the hours before it: they add nothing to the sums of returns and of their squares, which
/// follow from the run's own metrics, and no drawdown.
fn check(outcome: &SetOutcome, lookback: usize) -> CrossCheck {
    let metric = |name| outcome.metric(name).unwrap_or(f64::NAN);
    // Every run trades at its first row, so that the curve has the capital before it.
    let n = metric("n_bars");
    let n_all = n + (lookback - 1) as f64;
    let mean = metric("sharpe") * metric("volatility") / outcome.periods_per_year;
    let squares = metric("volatility").powi(2) / outcome.periods_per_year * (n - 1.0) + n * mean * mean;
    let mean = mean * n / n_all;
    let deviation = ((squares - n_all * mean * mean) / (n_all - 1.0)).sqrt();
    CrossCheck {
        nav: metric("final_equity"),
        sharpe: mean / deviation * HOURS_PER_YEAR.sqrt(),
        max_drawdown: metric("max_drawdown"),
    }
}
