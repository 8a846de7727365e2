//! The replay of a cross-section: a panel of bars drives the trading floor, row by row of the timeline.
//!
//! The floor is the one event strategies trade on: desk, guard, simulated venue, account and journal. What decides at
//! rebalances (`rebalancer`) is a strategy at its desk like any other. What is special is the driver (`engine`): it
//! visits a row only where something can happen and values positions in between as arrays (`tape`).
//!
//! 1. The rows at which something can happen are known or become known: decisions, delistings, ends of holding times,
//!    funding of what is held, bars of symbols with working orders; every row while the guard, the margin or a lender
//!    has to look at each price.
//! 2. At a row, in this order: delistings close at the last price; bars open (sells, then buys); bars close; borrowing and
//!    funding are paid; the guard looks; holding times end; the portfolio is decided and, with `close` execution, traded.
//! 3. Then its marks, changed positions, orders and log lines are recorded (`record`).
//!
//! Nothing at a row reads a bar that lies after it; where a later bar lies is looked up only to know when to stop next.
//! [`Driving::EveryBar`] stops at every row instead and must give the same bytes.

mod decision;
mod engine;
mod finish;
mod rebalancer;
mod record;
mod schedule;
mod sight;
mod tape;
#[cfg(test)]
mod tests;

use crosscut_trading::rules::Execution;
use crosscut_trading::{Floor, FloorConfig, TradingError};

use crate::config::{BacktestConfig, Prepared};
use crate::error::BacktestError;
use crate::outcome::RunOutcome;
use crate::panel::Panel;
use engine::Engine;
pub(crate) use finish::benchmark_value;
pub(crate) use schedule::decisions;

/// How the timeline is walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Driving {
    /// Stop only where something can happen.
    #[default]
    Events,
    /// Stop at every bar: slower, to show that nothing is missed.
    EveryBar,
}

/// What a replay does beside its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplayOptions {
    /// How the timeline is walked; changes no byte.
    pub driving: Driving,
    /// Whether every symbol's rank, score, weight or reason is recorded at every rebalance.
    pub records_selections: bool,
    /// Whether the audit trail is kept.
    pub keeps_journal: bool,
}

impl Default for ReplayOptions {
    fn default() -> Self {
        Self { driving: Driving::Events, records_selections: true, keeps_journal: true }
    }
}

/// Replays a configuration over a panel that was loaded for it.
///
/// # Errors
/// [`BacktestError`] when the configuration cannot be used, asks for more names than the panel has, or the panel lacks
/// columns or times it needs.
pub fn replay(panel: &Panel, config: &BacktestConfig) -> Result<RunOutcome, BacktestError> {
    replay_with(panel, config, ReplayOptions::default())
}

/// [`replay`], with a choice of how and what to record.
///
/// # Errors
/// As [`replay`].
pub fn replay_with(
    panel: &Panel,
    config: &BacktestConfig,
    options: ReplayOptions,
) -> Result<RunOutcome, BacktestError> {
    let prepared = config.prepare()?;
    check(panel, config, &prepared)?;
    let rows = prepared.range.positions(panel.timeline());
    let (_, floor) = config.prepare()?.floor(panel.symbols(), panel.steps())?;
    let options = ReplayOptions { keeps_journal: options.keeps_journal && floor.keeps_journal, ..options };
    // The driver reads from the journal what happens, whether it is kept or not.
    let sessions = panel.session_times();
    let floor = Floor::new(FloorConfig { keeps_journal: true, sessions, ..floor })?;
    let setup = Setup { panel, config, prepared: &prepared, options };
    Ok(Engine::new(setup, rows, floor)?.run())
}

/// Checks that panel and configuration belong together.
pub(crate) fn check(panel: &Panel, config: &BacktestConfig, prepared: &Prepared) -> Result<(), BacktestError> {
    crate::panel::check_cover(panel, prepared.range)?;
    let n_symbols = panel.symbols().len();
    let n_names = prepared.pool.map_or(n_symbols, |pool| pool.top_n.min(n_symbols));
    let in_pool = |error: TradingError| match n_names < n_symbols {
        true => error.counted_as("are in its pool at a time (`pool_top_n`)"),
        false => error,
    };
    prepared.strategy.check_universe(n_names).map_err(in_pool)?;
    if prepared.pool.is_some() && panel.pool() != prepared.pool.as_ref() {
        return Err(BacktestError::PanelLacks { what: "dollar volumes for this pool" });
    }
    if panel.universe().map(|universe| &universe.rule) != prepared.universe.as_ref() {
        return Err(BacktestError::PanelLacks { what: "choices of this universe" });
    }
    if config.benchmark.is_some() && panel.benchmark().is_none() {
        return Err(BacktestError::PanelLacks { what: "benchmark" });
    }
    if !panel.holds_prices_for(config.execution) {
        let what = if config.execution == Execution::NextOpen { "open prices" } else { "average prices (vwap)" };
        return Err(BacktestError::PanelLacks { what });
    }
    if prepared.needs_path() && !panel.holds_paths() {
        return Err(BacktestError::PanelLacks { what: "high and low prices" });
    }
    if config.needs_volume() && !panel.holds_volumes() {
        return Err(BacktestError::PanelLacks { what: "volumes" });
    }
    Ok(())
}

/// What is replayed, and how.
#[derive(Debug, Clone, Copy)]
struct Setup<'a> {
    /// The market.
    panel: &'a Panel,
    /// What to do.
    config: &'a BacktestConfig,
    /// What was made from it.
    prepared: &'a Prepared,
    /// How to do it.
    options: ReplayOptions,
}

impl Setup<'_> {
    /// The label of a row, microseconds.
    fn label(&self, row: usize) -> i64 {
        self.panel.timeline()[row]
    }

    /// When the bars of a row could be known, microseconds.
    fn known_at(&self, row: usize) -> i64 {
        self.panel.available_at()[row]
    }

    /// Position of a symbol's last bar at or before a row.
    fn last_bar(&self, symbol_idx: u32, row: usize) -> Option<usize> {
        self.panel.series(symbol_idx).pos_at(self.panel.slot(row))
    }

    /// A symbol's last close at a row.
    ///
    /// # Panics
    /// If the symbol has no bar yet: it cannot be held.
    fn last_close(&self, symbol_idx: u32, row: usize) -> f64 {
        let pos = self.last_bar(symbol_idx, row).expect("what is traded or held has a bar");
        self.panel.series(symbol_idx).close()[pos]
    }
}
