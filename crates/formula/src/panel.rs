//! A program running over many symbols at once, aligned by time where operators look across symbols.
//!
//! Rows go through in blocks of time, so that memory does not grow with the length of the history:
//! 1. cut the next stretch of time and find each symbol's place among its times (`grid.rs`);
//! 2. level by level (`block.rs`): cross-sectional operators time by time, in parallel over stretches of time; then the
//!    level's plan symbol by symbol, in parallel over symbols;
//! 3. hand each symbol's results to its sink.
//!
//! Each number is computed by one thread in a fixed order, so the number of threads cannot change it.

mod block;
mod grid;
mod route;

use std::sync::{Arc, Mutex, PoisonError};

use crosscut_kernels::{Plan, State, Workspace};
use rayon::prelude::*;

use crate::error::FormulaError;
use crate::program::Compiled;
use block::{Buffers, PlanStep, Work};
use grid::Grid;
use route::{Route, Series};

/// Numbers held at a time in one block: 320 MB. With thousands of symbols and many values this is about two hundred rows
/// per symbol; with much fewer, preparing the rows costs more than computing them.
const BLOCK_NUMBERS: usize = 40_000_000;

/// Rows handed to a sink at a time when nothing looks across symbols: with a hundred outputs they stay in the
/// processor's cache.
const ROWS_PER_SINK: usize = 2048;

/// The next rows of one symbol.
#[derive(Debug, Clone, Default)]
pub struct PanelInput<'a> {
    /// The time of each row (any unit, the same for all symbols); strictly increasing, later than every row fed
    /// before.
    pub times: &'a [i64],
    /// The columns [`crate::Program::inputs`] names, in that order, each as long as `times`.
    pub columns: Vec<&'a [f64]>,
}

/// Takes the results of one symbol as they come.
pub trait RowSink: Send {
    /// The next rows: one slice per output of the program, all of one length.
    fn take(&mut self, outputs: &[&[f64]]);
}

/// Collects everything.
impl RowSink for Vec<Vec<f64>> {
    fn take(&mut self, outputs: &[&[f64]]) {
        for (all, rows) in self.iter_mut().zip(outputs) {
            all.extend_from_slice(rows);
        }
    }
}

/// State of a program for a fixed list of symbols.
#[derive(Debug)]
pub struct PanelSession {
    /// What to run.
    compiled: Arc<Compiled>,
    /// Where numbers lie on their way through the levels.
    route: Arc<Route>,
    /// What is carried, per symbol and level.
    states: Vec<Vec<State>>,
    /// Buffers per level.
    workspaces: Vec<Workspaces>,
    /// Room for a block.
    buffers: Buffers,
    /// The last time fed, if any.
    last_time: Option<i64>,
}

/// Buffers of one plan that threads borrow and give back.
#[derive(Debug)]
struct Workspaces {
    /// What they are for.
    plan: Arc<Plan>,
    /// Those nobody uses now.
    idle: Mutex<Vec<Workspace>>,
}

impl Workspaces {
    /// Runs `work` with a workspace. Its content does not matter: it holds nothing between updates.
    fn with<R>(&self, work: impl FnOnce(&mut Workspace) -> R) -> R {
        let lock = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = lock().pop();
        let mut workspace = idle.unwrap_or_else(|| Workspace::new(&self.plan));
        let result = work(&mut workspace);
        lock().push(workspace);
        result
    }
}

impl PanelSession {
    /// A session before its first row.
    pub(crate) fn new(compiled: Arc<Compiled>, n_symbols: usize) -> Self {
        let states = compiled.levels.iter().map(|level| State::new(&level.plan)).collect();
        let workspaces = compiled
            .levels
            .iter()
            .map(|level| Workspaces { plan: Arc::clone(&level.plan), idle: Mutex::new(Vec::new()) });
        Self {
            states: vec![states; n_symbols],
            workspaces: workspaces.collect(),
            buffers: Buffers::new(compiled.levels.len()),
            last_time: None,
            route: Arc::new(Route::new(&compiled)),
            compiled: Arc::clone(&compiled),
        }
    }

    /// All that is carried for a symbol (by its position) after the rows fed so far, as numbers whose bits count.
    ///
    /// # Panics
    /// If there is no such symbol.
    pub fn state(&self, symbol: usize) -> Vec<f64> {
        self.states[symbol].iter().flat_map(State::numbers).collect()
    }

    /// The last time fed, if any.
    pub fn last_time(&self) -> Option<i64> {
        self.last_time
    }

    /// Continues where a session of the same program stood after `last_time`: `states` are the numbers
    /// [`Self::state`] gave, by symbol; `None` for one that had no rows yet.
    ///
    /// # Errors
    /// Another count of numbers than this program carries per symbol.
    ///
    /// # Panics
    /// If the number of symbols is not the session's.
    pub fn restore(&mut self, states: &[Option<&[f64]>], last_time: Option<i64>) -> Result<(), FormulaError> {
        assert_eq!(states.len(), self.states.len(), "one state per symbol");
        let levels = &self.compiled.levels;
        let wanted: usize = levels.iter().map(|level| level.plan.state_len()).sum();
        let mut restored = Vec::with_capacity(states.len());
        for (at, numbers) in states.iter().enumerate() {
            let Some(mut rest) = *numbers else {
                restored.push(levels.iter().map(|level| State::new(&level.plan)).collect());
                continue;
            };
            if rest.len() != wanted {
                let seen = rest.len();
                let message = format!("symbol number {at}: a state of {seen} numbers; this program carries {wanted}");
                return Err(FormulaError::definition(message));
            }
            let mut of_symbol = Vec::with_capacity(levels.len());
            for level in levels {
                let (own, later) = rest.split_at(level.plan.state_len());
                rest = later;
                of_symbol.extend(State::from_numbers(&level.plan, own));
            }
            restored.push(of_symbol);
        }
        (self.states, self.last_time) = (restored, last_time);
        Ok(())
    }

    /// Feeds the next rows of every symbol (none for a symbol without new rows) and appends one value per row to
    /// `outputs[symbol][output]`. All symbols' rows of one time must come in one call, and times must not go back:
    /// a cross-sectional operator sees the symbols that have a row at that time. Runs on the current rayon pool; the
    /// results do not depend on the number of threads.
    ///
    /// # Errors
    /// Times that are not increasing, or not later than rows already fed. Nothing has been fed then.
    ///
    /// # Panics
    /// If the number of symbols, columns or outputs is not the session's, or the columns differ in length.
    pub fn update(&mut self, symbols: &[PanelInput<'_>], outputs: &mut [Vec<Vec<f64>>]) -> Result<(), FormulaError> {
        let n_outputs = self.compiled.n_outputs();
        assert!(outputs.iter().all(|outputs| outputs.len() == n_outputs), "one vector per output");
        if self.compiled.levels.len() > 1 {
            return self.update_into(symbols, outputs);
        }
        self.begin(symbols, outputs.len())?;
        let (route, level, workspaces) = (&self.route, &self.compiled.levels[0], &self.workspaces[0]);
        // One level: symbol by symbol, straight into the outputs.
        self.states.par_iter_mut().zip(symbols).zip(outputs).for_each(|((states, symbol), outputs)| {
            let columns = input_columns(route, &symbol.columns);
            workspaces.with(|workspace| level.plan.advance(&mut states[0], workspace, &columns, outputs));
        });
        Ok(())
    }

    /// As [`Self::update`], but hands the results of each symbol to its sink, block by block in order of time, instead
    /// of collecting them: memory is bounded however long the history is. Sinks of different symbols may be called
    /// at the same time.
    ///
    /// # Errors
    /// As [`Self::update`].
    ///
    /// # Panics
    /// As [`Self::update`].
    pub fn update_into<S: RowSink>(&mut self, symbols: &[PanelInput<'_>], sinks: &mut [S]) -> Result<(), FormulaError> {
        self.begin(symbols, sinks.len())?;
        if self.compiled.levels.len() == 1 {
            self.run_one_level(symbols, sinks);
            return Ok(());
        }
        let max_cells = BLOCK_NUMBERS / self.route.n_held().max(1);
        let mut begins = vec![0; symbols.len()];
        while let Some(grid) = Grid::next(symbols, &mut begins, max_cells) {
            self.run_block(&grid, symbols, sinks);
        }
        Ok(())
    }

    /// Checks what is fed and notes its last time.
    fn begin(&mut self, symbols: &[PanelInput<'_>], n_sinks: usize) -> Result<(), FormulaError> {
        assert_eq!(symbols.len(), self.states.len(), "one input per symbol");
        assert_eq!(n_sinks, self.states.len(), "outputs for every symbol");
        for symbol in symbols {
            assert_eq!(symbol.columns.len(), self.compiled.n_inputs(), "one slice per input");
            assert!(symbol.columns.iter().all(|column| column.len() == symbol.times.len()), "columns of one length");
        }
        self.check_times(symbols)?;
        self.last_time = symbols.iter().filter_map(|s| s.times.last().copied()).max().max(self.last_time);
        Ok(())
    }

    /// Refuses rows out of order.
    fn check_times(&self, symbols: &[PanelInput<'_>]) -> Result<(), FormulaError> {
        for (at, symbol) in symbols.iter().enumerate() {
            let mut last = self.last_time;
            for (row, &time) in symbol.times.iter().enumerate() {
                if last.is_some_and(|last| time <= last) {
                    let message = format!(
                        "symbol number {at}, row {row}: time {time} does not come after {}; expected increasing times",
                        last.unwrap_or_default()
                    );
                    return Err(FormulaError::Rows { message });
                }
                last = Some(time);
            }
        }
        Ok(())
    }

    /// A program of one level: symbol by symbol, a few rows at a time.
    fn run_one_level<S: RowSink>(&mut self, symbols: &[PanelInput<'_>], sinks: &mut [S]) {
        let (route, level, workspaces) = (&self.route, &self.compiled.levels[0], &self.workspaces[0]);
        let room = || vec![Vec::with_capacity(ROWS_PER_SINK); level.n_plan_outputs];
        let work = self.states.par_iter_mut().zip(symbols).zip(sinks);
        work.for_each_init(room, |outputs: &mut Vec<Vec<f64>>, ((states, symbol), sink)| {
            let columns = input_columns(route, &symbol.columns);
            for begin in (0..symbol.times.len()).step_by(ROWS_PER_SINK) {
                let end = symbol.times.len().min(begin + ROWS_PER_SINK);
                let rows: Vec<&[f64]> = columns.iter().map(|column| &column[begin..end]).collect();
                outputs.iter_mut().for_each(Vec::clear);
                workspaces.with(|workspace| level.plan.advance(&mut states[0], workspace, &rows, outputs));
                let results: Vec<&[f64]> = outputs.iter().map(Vec::as_slice).collect();
                sink.take(&results);
            }
        });
    }

    /// One block of time through all levels.
    fn run_block<S: RowSink>(&mut self, grid: &Grid, symbols: &[PanelInput<'_>], sinks: &mut [S]) {
        let Self { compiled, route, states, workspaces, buffers, .. } = self;
        buffers.fit(grid, route);
        let n_levels = compiled.levels.len();
        for at in 0..n_levels {
            buffers.run_cross_section(at, &compiled.levels[at], &route.levels[at], grid);
            let is_last = at + 1 == n_levels;
            let mut members = grid.members.iter().peekable();
            let of_members = states.iter_mut().zip(&mut *sinks).enumerate().filter_map(|(symbol, (states, sink))| {
                let member = members.next_if(|member| member.symbol == symbol)?;
                let columns = symbols[symbol].columns.iter().map(|column| &column[member.rows.clone()]).collect();
                Some(Work { member, columns, state: &mut states[at], sink: is_last.then_some(sink) })
            });
            let work = of_members.collect();
            let (plan, n_planned) = (&compiled.levels[at].plan, compiled.levels[at].n_plan_outputs);
            buffers.run_plan(at, PlanStep { plan, n_planned, route, workspaces: &workspaces[at], work });
        }
    }
}

/// What the only plan of a program reads, in the order of its columns.
fn input_columns<'a>(route: &Route, columns: &[&'a [f64]]) -> Vec<&'a [f64]> {
    let input = |series: &Series| match *series {
        Series::Input(input) => columns[input],
        _ => unreachable!("nothing comes before the first level"),
    };
    route.levels[0].inputs.iter().map(input).collect()
}
