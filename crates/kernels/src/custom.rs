//! Operations given by a function, for operators that are defined outside this crate: a window function, or a step
//! that carries numbers from row to row.
//!
//! Such an operation is planned, cut, stored and restored like any other. It is slower than one with a loop of its
//! own: the function is called row by row. Two operations are the same if their names are: use a name once.

use crate::graph::{Graph, MAX_OPERANDS, Term};
use crate::operation::Operation;
use crate::recurrence::Recurrence;

/// A function of the last rows of its operands. It may depend on nothing else.
#[derive(Debug)]
pub struct WindowFunction {
    /// What tells it from other functions.
    pub name: &'static str,
    /// Number of operands, 1 to 4.
    pub n_operands: usize,
    /// The result from one slice per operand, oldest row first, all values finite.
    pub apply: fn(&[&[f64]]) -> f64,
}

/// A step from row to row. It may depend on nothing but what it carries and its operands.
#[derive(Debug)]
pub struct StepFunction {
    /// What tells it from other functions.
    pub name: &'static str,
    /// How many numbers are carried; all are 0 before the first row.
    pub n_carried: usize,
    /// Rows before the first result.
    pub warm_up: u32,
    /// The result of a row from the carried numbers, which it may change, and the operands, of which some may be
    /// missing (NaN).
    pub step: fn(&mut [f64], [f64; 4]) -> f64,
}

/// A window function at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OnWindow {
    /// The function.
    pub function: &'static WindowFunction,
    /// Rows in the window.
    pub window: u32,
}

/// Equality and hash by name.
macro_rules! told_by_name {
    ($type:ty) => {
        impl PartialEq for $type {
            fn eq(&self, other: &Self) -> bool {
                self.name == other.name
            }
        }

        impl Eq for $type {}

        impl std::hash::Hash for $type {
            fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
                self.name.hash(state);
            }
        }
    };
}

told_by_name!(WindowFunction);
told_by_name!(StepFunction);

impl OnWindow {
    /// Fills `out`; each of `operands` starts `window - 1` rows before it. A window with a missing value gives a
    /// missing result.
    pub(crate) fn run(self, operands: [&[f64]; MAX_OPERANDS], out: &mut [f64]) {
        let (window, operands) = (self.window as usize, &operands[..self.function.n_operands]);
        for (at, out) in out.iter_mut().enumerate() {
            let mut rows: [&[f64]; MAX_OPERANDS] = [&[]; MAX_OPERANDS];
            for (rows, operand) in rows.iter_mut().zip(operands) {
                *rows = &operand[at..at + window];
            }
            let rows = &rows[..operands.len()];
            let is_whole = rows.iter().all(|rows| rows.iter().all(|x| x.is_finite()));
            *out = if is_whole { (self.function.apply)(rows) } else { f64::NAN };
        }
    }
}

impl Graph {
    /// A window function on the last `window` rows of its operands; missing unless all of them have a value.
    ///
    /// # Panics
    /// If the number of operands is not the function's.
    pub fn over_window(&mut self, function: &'static WindowFunction, operands: &[Term], window: u32) -> Term {
        assert_eq!(operands.len(), function.n_operands, "operands of `{}`", function.name);
        self.node(Operation::Window(OnWindow { function, window }), operands)
    }

    /// A step from row to row.
    pub fn step_by_step(&mut self, function: &'static StepFunction, operands: &[Term]) -> Term {
        self.recurrence(Recurrence::Step(function), operands)
    }
}
