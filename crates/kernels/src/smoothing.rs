//! The operations with carried numbers as parts of a graph.

use crate::graph::{Graph, Term};
use crate::operation::{Operation, Scalar};
use crate::recurrence::{Fold, Recurrence};

impl Graph {
    /// Exponential mean with span: `alpha = 2 / (span + 1)`; the first result after `span` finite values.
    pub fn ema(&mut self, x: Term, span: u32) -> Term {
        let alpha = Scalar(2.0 / (f64::from(span) + 1.0));
        self.recurrence(Recurrence::Exponential { alpha, min_periods: span }, &[x])
    }

    /// Wilder's exponential mean: `alpha = 1 / window`; the first result after `window` finite values.
    pub fn wilder(&mut self, x: Term, window: u32) -> Term {
        let alpha = Scalar(1.0 / f64::from(window));
        self.recurrence(Recurrence::Exponential { alpha, min_periods: window }, &[x])
    }

    /// Sum of all finite values so far.
    pub fn cumulative_sum(&mut self, x: Term) -> Term {
        let everything = self.constant(0.0);
        self.cumulate(Fold::Sum, x, everything)
    }

    /// All finite values of `x` since `session` last changed, folded into one.
    pub fn cumulate(&mut self, fold: Fold, x: Term, session: Term) -> Term {
        self.recurrence(Recurrence::Cumulative(fold), &[x, session])
    }

    /// An operation with carried numbers.
    pub fn recurrence(&mut self, recurrence: Recurrence, operands: &[Term]) -> Term {
        self.node(Operation::Recurrence(recurrence), operands)
    }
}
