//! A program running over many symbols at once, aligned by time where operators look across symbols.
//!
//! Rows go through in blocks of time, so that memory does not grow with the length of the history:
//! 1. cut the next stretch of time in which no symbol has more than a few hundred rows;
//! 2. line the block's rows up by time: for each time the symbols that have a row, in the order of the list;
//! 3. level by level: cross-sectional operators time by time, in parallel over stretches of time; then the level's
//!    plan symbol by symbol, in parallel over symbols;
//! 4. append the results.
//!
//! Each number is computed by one thread in a fixed order, so the number of threads cannot change it.

mod align;

use std::sync::{Arc, Mutex, PoisonError};

use crosscut_kernels::{Plan, State, Workspace};
use rayon::prelude::*;

use crate::error::FormulaError;
use crate::levels::{CrossStep, Level, Source};
use crate::operators::{AtOneTime, Scratch};
use crate::program::Compiled;
use align::Alignment;

/// Values of all symbols and rows together in one block: 320 MB. With thousands of symbols and many values this is about
/// two hundred rows per symbol; with much fewer, preparing the rows costs more than computing them.
const BLOCK_VALUES: usize = 40_000_000;

/// The next rows of one symbol.
#[derive(Debug, Clone, Default)]
pub struct PanelInput<'a> {
    /// The time of each row (any unit, the same for all symbols); strictly increasing, later than every row fed
    /// before.
    pub times: &'a [i64],
    /// The columns [`crate::Program::inputs`] names, in that order, each as long as `times`.
    pub columns: Vec<&'a [f64]>,
}

/// State of a program for a fixed list of symbols.
#[derive(Debug)]
pub struct PanelSession {
    /// What to run.
    compiled: Arc<Compiled>,
    /// What is carried, per symbol and level.
    states: Vec<Vec<State>>,
    /// Buffers per level.
    workspaces: Vec<Workspaces>,
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
            last_time: None,
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
        assert_eq!(symbols.len(), self.states.len(), "one input per symbol");
        assert_eq!(outputs.len(), self.states.len(), "outputs for every symbol");
        for (symbol, outputs) in symbols.iter().zip(&*outputs) {
            assert_eq!(symbol.columns.len(), self.compiled.n_inputs(), "one slice per input");
            assert_eq!(outputs.len(), self.compiled.n_outputs(), "one vector per output");
            assert!(symbol.columns.iter().all(|column| column.len() == symbol.times.len()), "columns of one length");
        }
        self.check_times(symbols)?;
        self.last_time = symbols.iter().filter_map(|s| s.times.last().copied()).max().max(self.last_time);
        if self.compiled.levels.len() == 1 {
            self.run_directly(symbols, outputs);
            return Ok(());
        }
        let n_values: usize = self.compiled.levels.iter().map(|level| level.cross.len() + level.n_plan_outputs).sum();
        let max_rows = BLOCK_VALUES / n_values.max(1);
        let mut begins = vec![0; symbols.len()];
        // One list of values per symbol, filled level by level and used again for the next block.
        let mut values: Vec<Vec<Vec<f64>>> = vec![vec![Vec::new(); n_values]; symbols.len()];
        while let Some(ends) = align::next_block(symbols, &begins, max_rows) {
            let block: Vec<PanelInput<'_>> =
                symbols.iter().zip(begins.iter().zip(&ends)).map(|(s, (&begin, &end))| s.rows(begin..end)).collect();
            self.run_block(&block, &mut values, outputs);
            begins = ends;
        }
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

    /// A program of one level: symbol by symbol, straight into the outputs.
    fn run_directly(&mut self, symbols: &[PanelInput<'_>], outputs: &mut [Vec<Vec<f64>>]) {
        let (level, workspaces) = (&self.compiled.levels[0], &self.workspaces[0]);
        self.states.par_iter_mut().zip(symbols).zip(outputs).for_each(|((states, symbol), outputs)| {
            let columns = plan_columns(level, symbol, &[]);
            workspaces.with(|workspace| level.plan.advance(&mut states[0], workspace, &columns, outputs));
        });
    }

    /// One block of time through all levels. `values` are overwritten.
    fn run_block(&mut self, symbols: &[PanelInput<'_>], values: &mut [Vec<Vec<f64>>], outputs: &mut [Vec<Vec<f64>>]) {
        let alignment = Alignment::new(symbols);
        let compiled = Arc::clone(&self.compiled);
        for (at, level) in compiled.levels.iter().enumerate() {
            for (value, step) in (level.first_value..).zip(&level.cross) {
                let results = run_cross_section(step, &alignment, symbols, values);
                values.par_iter_mut().enumerate().for_each(|(symbol, values)| {
                    values[value].clear();
                    values[value].extend(alignment.of_symbol(symbol).map(|position| results[position]));
                });
            }
            let workspaces = &self.workspaces[at];
            let first = level.first_value + level.cross.len();
            self.states.par_iter_mut().zip(symbols).zip(&mut *values).for_each(|((states, symbol), values)| {
                let (earlier, rest) = values.split_at_mut(first);
                let own = &mut rest[..level.n_plan_outputs];
                own.iter_mut().for_each(Vec::clear);
                let columns = plan_columns(level, symbol, earlier);
                workspaces.with(|workspace| level.plan.advance(&mut states[at], workspace, &columns, own));
            });
        }
        outputs.par_iter_mut().zip(values).for_each(|(outputs, values)| {
            for (output, value) in outputs.iter_mut().zip(&compiled.results) {
                output.extend_from_slice(&values[value.0]);
            }
        });
    }
}

impl<'a> PanelInput<'a> {
    /// Some of the rows.
    fn rows(&self, rows: std::ops::Range<usize>) -> Self {
        Self {
            times: &self.times[rows.clone()],
            columns: self.columns.iter().map(|column| &column[rows.clone()]).collect(),
        }
    }
}

/// The rows of one symbol from a source.
fn source_rows<'a>(source: Source, symbol: &PanelInput<'a>, values: &'a [Vec<f64>]) -> &'a [f64] {
    match source {
        Source::Input(input) => symbol.columns[input],
        Source::Value(value) => &values[value.0],
    }
}

/// What a level's plan reads of one symbol.
fn plan_columns<'a>(level: &Level, symbol: &PanelInput<'a>, values: &'a [Vec<f64>]) -> Vec<&'a [f64]> {
    level.plan_inputs.iter().map(|&source| source_rows(source, symbol, values)).collect()
}

/// Runs a cross-sectional operator over the block; results in the order of the alignment.
fn run_cross_section(
    step: &CrossStep,
    alignment: &Alignment,
    symbols: &[PanelInput<'_>],
    values: &[Vec<Vec<f64>>],
) -> Vec<f64> {
    let of_source = |source: Source| -> Vec<&[f64]> {
        symbols.iter().zip(values).map(|(symbol, values)| source_rows(source, symbol, values)).collect()
    };
    let columns: Vec<Vec<&[f64]>> = step.from.iter().map(|&source| of_source(source)).collect();
    let mut results = vec![f64::NAN; alignment.len()];
    alignment.stretches(&mut results).into_par_iter().for_each(|stretch| {
        let mut gathered = vec![Vec::new(); columns.len()];
        let mut scratch = Scratch::default();
        for (gathered, columns) in gathered.iter_mut().zip(&columns) {
            alignment.gather(&stretch, columns, gathered);
        }
        for time in stretch.times.clone() {
            let rows = alignment.within(&stretch, time);
            let at_time: Vec<&[f64]> = gathered.iter().map(|gathered| &gathered[rows.clone()]).collect();
            let at_time = AtOneTime { series: &at_time, numbers: &step.numbers };
            (step.operator)(&at_time, &mut scratch, &mut stretch.results[rows]);
        }
    });
    results
}
