//! One symbol's running program.

use std::sync::Arc;

use crosscut_kernels::{State, Workspace};

use crate::error::FormulaError;
use crate::levels::Source;
use crate::program::Compiled;

/// State of a pure time-series program for one symbol. Rows are fed in order, in any cut.
#[derive(Debug, Clone)]
pub struct Session {
    /// What to run.
    compiled: Arc<Compiled>,
    /// What is carried from row to row.
    state: State,
    /// Buffers.
    workspace: Workspace,
}

impl Session {
    /// A session before its first row.
    pub(crate) fn new(compiled: Arc<Compiled>) -> Self {
        let plan = &compiled.levels[0].plan;
        Self { state: State::new(plan), workspace: Workspace::new(plan), compiled }
    }

    /// Forgets all rows: the session is as new, its buffers are kept. For the next symbol.
    pub fn reset(&mut self) {
        self.state = State::new(&self.compiled.levels[0].plan);
    }

    /// All that is carried after the rows fed so far, as numbers whose bits count.
    pub fn state(&self) -> Vec<f64> {
        self.state.numbers()
    }

    /// Continues where a session of the same program stood when it gave `numbers`.
    ///
    /// # Errors
    /// Another count of numbers than this program carries. A state of another program with the same count cannot be
    /// told from one's own: compare the formulas first.
    pub fn restore(&mut self, numbers: &[f64]) -> Result<(), FormulaError> {
        let plan = &self.compiled.levels[0].plan;
        self.state = State::from_numbers(plan, numbers).ok_or_else(|| {
            let (seen, wanted) = (numbers.len(), plan.state_len());
            FormulaError::definition(format!("a state of {seen} numbers; this program carries {wanted}"))
        })?;
        Ok(())
    }

    /// Feeds the next rows and appends one value per row to each of `outputs`. `inputs` are the columns
    /// [`crate::Program::inputs`] names, in that order, all of one length; missing is NaN. A value that cannot be
    /// computed is NaN. Feeding and consuming a few thousand rows at a time keeps everything in the processor's cache.
    ///
    /// # Panics
    /// If the number of columns or outputs is not the program's, or the columns differ in length.
    pub fn update(&mut self, inputs: &[&[f64]], outputs: &mut [Vec<f64>]) {
        assert_eq!(inputs.len(), self.compiled.n_inputs(), "one slice per input");
        assert_eq!(outputs.len(), self.compiled.n_outputs(), "one vector per output");
        let level = &self.compiled.levels[0];
        let columns: Vec<&[f64]> = level.plan_inputs.iter().map(|source| column(*source, inputs)).collect();
        level.plan.advance(&mut self.state, &mut self.workspace, &columns, outputs);
    }
}

/// An input of the first level, which has no values before it.
fn column<'a>(source: Source, inputs: &[&'a [f64]]) -> &'a [f64] {
    match source {
        Source::Input(input) => inputs[input],
        Source::Value(_) => unreachable!("nothing comes before the first level"),
    }
}
