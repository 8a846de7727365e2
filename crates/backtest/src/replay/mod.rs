//! The replay: one pass over the timeline that stops only where something can happen.
//!
//! 1. The rows at which something is bound to happen are known or become known: decisions, bars at which working orders
//!    execute, delistings, ends of holding times (`schedule`).
//! 2. Up to the next such row positions are marked as arrays (`tape`); the drawdown guard is the one thing that can stop
//!    the marking early.
//! 3. At the row, in this order: delistings close at the last price; working orders execute; equity is taken at the
//!    close; the guard looks at it; holding times end; the portfolio is decided (`decision`) and, with `close`
//!    execution, traded at once (`trading`).
//! 4. After the row its marks, changed positions and log lines are recorded.
//!
//! Nothing at a row reads a bar that lies after it; where a later bar lies is looked up only to know when to stop next.
//! [`Driving::EveryBar`] stops at every row instead and must give the same bytes.

mod decision;
mod finish;
mod schedule;
mod sight;
mod tape;
#[cfg(test)]
mod tests;
mod trading;

use std::ops::Range;

use crosscut_model::Order;
use crosscut_trading::ledger::Ledger;
use crosscut_trading::limits::DrawdownGuard;
use crosscut_trading::rules::Execution;
use crosscut_trading::strategy::{CrossSection, Plan};

use crate::config::{BacktestConfig, Prepared};
use crate::error::BacktestError;
use crate::outcome::{DataQuality, LogLevel, LogLine, PositionChange, RunOutcome, Selection};
use crate::panel::Panel;
use decision::PoolNow;
use schedule::Schedule;
use tape::Tape;
use trading::Working;

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
}

impl Default for ReplayOptions {
    fn default() -> Self {
        Self { driving: Driving::Events, records_selections: true }
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
    let mut engine = Engine::new(panel, config, &prepared, options)?;
    engine.run();
    Ok(engine.finish())
}

/// Checks that panel and configuration belong together.
fn check(panel: &Panel, config: &BacktestConfig, prepared: &Prepared) -> Result<(), BacktestError> {
    crate::panel::check_cover(panel, prepared.range)?;
    let n_symbols = panel.symbols().len();
    let n_names = prepared.pool.map_or(n_symbols, |pool| pool.top_n.min(n_symbols));
    prepared.strategy.check_universe(n_names)?;
    if prepared.pool.is_some() && panel.pool() != prepared.pool.as_ref() {
        return Err(BacktestError::PanelLacks { what: "dollar volumes for this pool" });
    }
    if config.benchmark.is_some() && panel.benchmark().is_none() {
        return Err(BacktestError::PanelLacks { what: "benchmark" });
    }
    if !panel.holds_prices_for(config.execution) {
        let what = if config.execution == Execution::NextOpen { "open prices" } else { "average prices (vwap)" };
        return Err(BacktestError::PanelLacks { what });
    }
    Ok(())
}

/// A replay under way.
struct Engine<'a> {
    /// The market.
    panel: &'a Panel,
    /// What to do.
    config: &'a BacktestConfig,
    /// What was made from it.
    prepared: &'a Prepared,
    /// From ranked names to weights.
    rule: &'a dyn CrossSection,
    /// How to do it.
    options: ReplayOptions,
    /// Rows of the run.
    rows: Range<usize>,
    /// Rows at which something happens.
    schedule: Schedule,
    /// Cash and positions.
    ledger: Ledger,
    /// Stops trading for good.
    guard: DrawdownGuard,
    /// Orders waiting for their bar.
    working: Vec<Working>,
    /// The pool of the current period.
    pool: PoolNow,
    /// The strategy's answer, kept for its allocation.
    plan: Plan,
    /// Curves.
    tape: Tape,
    /// Symbols traded at the current row.
    changed: Vec<u32>,
    /// Those of them that were traded for the last rebalance.
    rebalanced: Vec<u32>,
    /// Orders of the last rebalance, ascending.
    of_rebalance: Vec<usize>,
    /// Symbols whose holding time ends at the current row, ascending.
    ends_now: Vec<u32>,
    /// Where the current rebalance's selections begin, for filled weights.
    selections_from: usize,
    /// Everything recorded on the way.
    records: Records,
}

/// What is recorded on the way.
#[derive(Debug, Default)]
struct Records {
    /// All orders by running number.
    orders: Vec<Order>,
    /// Positions after each row in which they changed.
    positions: Vec<PositionChange>,
    /// One row per rebalance and symbol.
    selections: Vec<Selection>,
    /// One-sided turnover of each rebalance.
    turnover: Vec<(i64, f64)>,
    /// Counts and notes.
    quality: DataQuality,
    /// Remarks.
    log: Vec<LogLine>,
}

impl<'a> Engine<'a> {
    /// An engine before the first row.
    ///
    /// # Errors
    /// When the strategy does not decide at rebalances.
    fn new(
        panel: &'a Panel,
        config: &'a BacktestConfig,
        prepared: &'a Prepared,
        options: ReplayOptions,
    ) -> Result<Self, BacktestError> {
        let rows = prepared.range.positions(panel.timeline());
        Ok(Self {
            panel,
            config,
            prepared,
            rule: prepared.strategy.require_rule()?,
            options,
            schedule: Schedule::new(panel, config.rebalance, rows.clone()),
            ledger: Ledger::new(config.capital, panel.symbols().len()),
            guard: DrawdownGuard::new(config.max_drawdown, config.capital),
            working: Vec::new(),
            pool: PoolNow::default(),
            plan: Plan::default(),
            tape: Tape::new(rows.clone()),
            changed: Vec::new(),
            rebalanced: Vec::new(),
            of_rebalance: Vec::new(),
            ends_now: Vec::new(),
            selections_from: 0,
            records: Records { quality: panel.quality().clone(), ..Records::default() },
            rows,
        })
    }

    /// Walks the timeline.
    fn run(&mut self) {
        let mut row = self.rows.start;
        while row < self.rows.end {
            let event = match self.options.driving {
                Driving::EveryBar => row,
                Driving::Events => self.next_event(row),
            };
            let stop = self.mark(row..event);
            if stop < self.rows.end {
                self.visit(stop);
            }
            row = stop + 1;
        }
    }

    /// The first row from `row` on at which something can happen, or the end of the run.
    fn next_event(&self, row: usize) -> usize {
        let order = self.working.iter().filter_map(|working| working.row).min();
        let scheduled = self.schedule.next(row);
        order.map_or(scheduled, |order| order.min(scheduled)).clamp(row, self.rows.end)
    }

    /// Marks positions over rows at which nothing is bound to happen, up to the row at which the guard wants to step in
    /// (the drawdown limit, or no equity left); gives that row, or the end of `rows`.
    fn mark(&mut self, rows: Range<usize>) -> usize {
        if rows.is_empty() {
            return rows.end;
        }
        self.tape.mark(self.panel, &self.ledger, rows.clone());
        if !self.guard.is_armed() {
            return rows.end;
        }
        for row in rows.clone() {
            let equity = self.tape.equity(row);
            if self.guard.is_exceeded_by(equity) {
                self.tape.erase(row..rows.end);
                return row;
            }
            self.guard.observe(equity);
        }
        rows.end
    }

    /// Does everything that happens at one row.
    fn visit(&mut self, row: usize) {
        self.changed.clear();
        self.ends_now.clear();
        self.close_delisted(row);
        self.fill_working(row);
        let equity = self.tape.value(self.panel, &self.ledger, row);
        // Before a new decision takes its place, the last one learns what its orders came to.
        self.note_filled_weights(row, equity);
        if self.guard.is_exceeded_by(equity) {
            let gone = equity <= 0.0;
            let why =
                if gone { "equity is gone, as in a liquidated account" } else { "the drawdown limit is exceeded" };
            self.halt(row, why);
        } else {
            self.end_holding_times(row);
        }
        if self.schedule.is_decision(row) {
            self.decide(row, equity);
        }
        self.tape.mark(self.panel, &self.ledger, row..row + 1);
        self.guard.observe(self.tape.equity(row));
        self.note_filled_weights(row, self.tape.equity(row));
        self.record_positions(row);
        self.schedule.pass(row);
    }

    /// The label of a row, microseconds.
    fn label(&self, row: usize) -> i64 {
        self.panel.timeline()[row]
    }

    /// Position of a symbol's last bar at or before a row.
    fn last_bar(&self, symbol_idx: u32, row: usize) -> Option<usize> {
        self.panel.series(symbol_idx).pos_at(self.panel.slot(row))
    }

    /// A held symbol's last close at a row.
    ///
    /// # Panics
    /// If the symbol has no bar yet: it cannot be held.
    fn last_close(&self, symbol_idx: u32, row: usize) -> f64 {
        let pos = self.last_bar(symbol_idx, row).expect("what is traded or held has a bar");
        self.panel.series(symbol_idx).close()[pos]
    }

    /// Adds a line to the log.
    fn log(&mut self, row: usize, level: LogLevel, text: impl Into<String>) {
        self.records.log.push(LogLine { timestamp: self.label(row), level, text: text.into() });
    }

    /// Records the positions that changed at a row.
    fn record_positions(&mut self, row: usize) {
        self.changed.sort_unstable();
        self.changed.dedup();
        let equity = self.tape.equity(row);
        for at in 0..self.changed.len() {
            let symbol_idx = self.changed[at];
            let (quantity, price) = (self.ledger.quantity(symbol_idx), self.last_close(symbol_idx, row));
            let value = quantity * price;
            let weight = value / equity;
            self.records.positions.push(PositionChange {
                timestamp: self.label(row),
                symbol_idx,
                quantity,
                price,
                value,
                weight,
            });
        }
    }

    /// Tells the selections of the last rebalance what is held of the symbols just traded for it, over `equity`.
    fn note_filled_weights(&mut self, row: usize, equity: f64) {
        for symbol_idx in std::mem::take(&mut self.rebalanced) {
            let weight = self.ledger.quantity(symbol_idx) * self.last_close(symbol_idx, row) / equity;
            let selections = &mut self.records.selections[self.selections_from..];
            if let Some(selection) = selections.get_mut(symbol_idx as usize) {
                selection.filled_weight = weight;
            }
        }
    }
}
