//! Bars through formulas, a stretch of rows at a time: one symbol by itself, or all symbols together where they are
//! compared with one another. What a stretch gives does not depend on where the rows are cut.

use crosscut_formula::{FormulaError, PanelInput, PanelSession, Session};
use rayon::prelude::*;

use crate::bars::SymbolBars;
use crate::config::Outliers;
use crate::outliers::Cleaner;
use crate::plan::Plan;

/// Rows fed at a time: a program's columns of this length stay in the processor's cache.
const ROWS_PER_UPDATE: usize = 2048;

/// What has been counted of a symbol's rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Bars.
    pub n_bars: u64,
    /// Rows: the bars and what the fill policy invented.
    pub n_rows: u64,
    /// For each input of the plan, whether the source has given it so far.
    pub given: Vec<bool>,
    /// For each column, whether it has a value so far.
    pub has_value: Vec<bool>,
}

impl Tally {
    /// Before the first row.
    pub fn new(plan: &Plan) -> Self {
        Self { n_bars: 0, n_rows: 0, given: vec![false; plan.inputs.len()], has_value: vec![false; plan.columns.len()] }
    }

    /// Rows that the fill policy invented.
    pub fn n_filled(&self) -> u64 {
        self.n_rows - self.n_bars
    }

    /// Counts rows and says of each whether it could be traded; `outputs` are those of the plan's program.
    fn count(&mut self, plan: &Plan, bars: &SymbolBars, outputs: &[Vec<f64>], tradable: &mut Vec<bool>) {
        self.n_rows += bars.len() as u64;
        self.n_bars += (bars.len() - bars.n_invented()) as u64;
        for (has_value, column) in self.has_value.iter_mut().zip(outputs) {
            *has_value = *has_value || column.iter().any(|value| !value.is_nan());
        }
        tradable.clear();
        match outputs.get(plan.columns.len()) {
            Some(values) => tradable.extend(values.iter().map(|&value| value.is_finite() && value != 0.0)),
            None => tradable.resize(bars.len(), true),
        }
        for (name, given) in plan.inputs.iter().zip(&mut self.given) {
            for (flag, value) in tradable.iter_mut().zip(input(bars, name)) {
                *given |= value.is_finite();
                *flag &= value.is_finite() || !*given;
            }
        }
        for (flag, invented) in tradable.iter_mut().zip(&bars.invented) {
            *flag &= !invented;
        }
    }
}

/// An input of the plan.
fn input<'a>(bars: &'a SymbolBars, name: &str) -> &'a [f64] {
    bars.column(name).expect("the source reads every input of the plan")
}

/// The inputs of the plan's program in its order.
fn inputs<'a>(plan: &Plan, bars: &'a SymbolBars) -> Vec<&'a [f64]> {
    plan.inputs.iter().map(|name| input(bars, name)).collect()
}

/// One vector for each output of the plan's program.
fn empty_outputs(plan: &Plan) -> Vec<Vec<f64>> {
    vec![Vec::new(); plan.program.outputs().len()]
}

/// One symbol at a time.
#[derive(Debug)]
pub(crate) struct Alone<'a> {
    /// What to compute.
    plan: &'a Plan,
    /// The operators.
    session: Session,
    /// What was counted.
    pub tally: Tally,
    /// The last stretch: the outputs of the program, the columns first.
    pub outputs: Vec<Vec<f64>>,
    /// The last stretch: whether each row could be traded.
    pub tradable: Vec<bool>,
}

impl<'a> Alone<'a> {
    /// Before the first row of a symbol.
    ///
    /// # Panics
    /// If the plan compares symbols.
    pub fn new(plan: &'a Plan) -> Self {
        let session = plan.program.session().expect("the plan looks at one symbol at a time");
        Self { plan, session, tally: Tally::new(plan), outputs: empty_outputs(plan), tradable: Vec::new() }
    }

    /// Turns to the next symbol, before its first row.
    pub fn reset(&mut self) {
        self.session.reset();
        self.tally = Tally::new(self.plan);
    }

    /// Turns to a symbol where it was left.
    ///
    /// # Errors
    /// Numbers of another program.
    pub fn restore(&mut self, tally: &Tally, numbers: &[f64]) -> Result<(), FormulaError> {
        self.session.restore(numbers)?;
        self.tally = tally.clone();
        Ok(())
    }

    /// The operators' numbers.
    pub fn numbers(&self) -> Vec<f64> {
        self.session.state()
    }

    /// The next rows.
    pub fn update(&mut self, bars: &SymbolBars) {
        self.outputs.iter_mut().for_each(Vec::clear);
        let inputs = inputs(self.plan, bars);
        for from in (0..bars.len()).step_by(ROWS_PER_UPDATE) {
            let to = (from + ROWS_PER_UPDATE).min(bars.len());
            let rows: Vec<&[f64]> = inputs.iter().map(|column| &column[from..to]).collect();
            self.session.update(&rows, &mut self.outputs);
        }
        self.tally.count(self.plan, bars, &self.outputs, &mut self.tradable);
    }
}

/// All symbols together.
#[derive(Debug)]
pub(crate) struct Together<'a> {
    /// What to compute.
    plan: &'a Plan,
    /// The outlier rule.
    outliers: Outliers,
    /// The operators.
    session: PanelSession,
    /// What was counted, by symbol.
    pub tallies: Vec<Tally>,
    /// Values that the outlier rule has changed, by column.
    pub n_outliers: Vec<u64>,
    /// The last stretch: the outputs of the program for each symbol, the columns first.
    pub outputs: Vec<Vec<Vec<f64>>>,
    /// The last stretch: whether each row of each symbol could be traded.
    pub tradable: Vec<Vec<bool>>,
}

impl<'a> Together<'a> {
    /// Before the first row.
    pub fn new(plan: &'a Plan, outliers: Outliers, n_symbols: usize) -> Self {
        Self {
            plan,
            outliers,
            session: plan.program.panel(n_symbols),
            tallies: vec![Tally::new(plan); n_symbols],
            n_outliers: vec![0; plan.columns.len()],
            outputs: vec![empty_outputs(plan); n_symbols],
            tradable: vec![Vec::new(); n_symbols],
        }
    }

    /// Continues where all symbols were left; `None` for one that had no rows yet. The counts are public.
    ///
    /// # Errors
    /// Numbers of another program.
    pub fn restore(&mut self, numbers: &[Option<&[f64]>], last_time: Option<i64>) -> Result<(), FormulaError> {
        self.session.restore(numbers, last_time)
    }

    /// The operators' numbers of a symbol.
    pub fn numbers(&self, symbol: usize) -> Vec<f64> {
        self.session.state(symbol)
    }

    /// The last time at which a symbol had a row.
    pub fn last_time(&self) -> Option<i64> {
        self.session.last_time()
    }

    /// The next rows: all symbols' rows of a stretch of time.
    ///
    /// # Errors
    /// Times that are not strictly increasing.
    pub fn update(&mut self, symbols: &[&SymbolBars]) -> Result<(), FormulaError> {
        self.outputs.iter_mut().flatten().for_each(Vec::clear);
        let rows: Vec<PanelInput<'_>> = symbols
            .iter()
            .map(|bars| PanelInput { times: &bars.timestamp, columns: inputs(self.plan, bars) })
            .collect();
        self.session.update(&rows, &mut self.outputs)?;
        let n_changed = clean(self.outliers, symbols, &mut self.outputs, self.plan.columns.len());
        self.n_outliers.iter_mut().zip(n_changed).for_each(|(sum, n)| *sum += n);
        let rows = symbols.par_iter().zip(&self.outputs).zip(&mut self.tallies).zip(&mut self.tradable);
        rows.for_each(|(((bars, outputs), tally), tradable)| tally.count(self.plan, bars, outputs, tradable));
        Ok(())
    }
}

/// The outputs of a plan's program for symbols whose bars are in memory, by symbol; the columns come first.
///
/// # Errors
/// Times that are not strictly increasing.
pub(crate) fn in_memory(
    plan: &Plan,
    outliers: Outliers,
    symbols: &[&SymbolBars],
) -> Result<Vec<Vec<Vec<f64>>>, FormulaError> {
    if plan.cross_sectional {
        let mut together = Together::new(plan, outliers, symbols.len());
        together.update(symbols)?;
        return Ok(together.outputs);
    }
    let one = |bars: &&SymbolBars| {
        let mut alone = Alone::new(plan);
        alone.update(bars);
        alone.outputs
    };
    Ok(symbols.par_iter().map(one).collect())
}

/// Applies an outlier rule to the first `n_columns` outputs, label by label over all symbols; returns how many values
/// it changed in each column.
fn clean(policy: Outliers, symbols: &[&SymbolBars], outputs: &mut [Vec<Vec<f64>>], n_columns: usize) -> Vec<u64> {
    if policy == Outliers::Keep {
        return vec![0; n_columns];
    }
    // Every (label, symbol, row), so that each column visits the rows of one label together.
    let mut members: Vec<(i64, u32, u32)> = Vec::new();
    for (symbol, bars) in symbols.iter().enumerate() {
        members.extend(bars.timestamp.iter().enumerate().map(|(row, &label)| (label, symbol as u32, row as u32)));
    }
    members.par_sort_unstable();
    let mut by_column: Vec<Vec<&mut Vec<f64>>> = (0..n_columns).map(|_| Vec::new()).collect();
    for symbol in outputs {
        for (column, values) in by_column.iter_mut().zip(symbol) {
            column.push(values);
        }
    }
    by_column.par_iter_mut().map(|column| clean_column(policy, &members, column)).collect()
}

/// Applies an outlier rule to one column of all symbols.
fn clean_column(policy: Outliers, members: &[(i64, u32, u32)], column: &mut [&mut Vec<f64>]) -> u64 {
    let mut cleaner = Cleaner::new(policy);
    let mut values = Vec::with_capacity(column.len());
    let mut n_changed = 0;
    for together in members.chunk_by(|a, b| a.0 == b.0) {
        values.clear();
        values.extend(together.iter().map(|&(_, symbol, row)| column[symbol as usize][row as usize]));
        n_changed += cleaner.clean(&mut values);
        for (&(_, symbol, row), &value) in together.iter().zip(&values) {
            column[symbol as usize][row as usize] = value;
        }
    }
    n_changed
}
