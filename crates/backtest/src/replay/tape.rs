//! The curves of a run: cash and position values by row.

use std::ops::Range;

use crosscut_trading::ledger::Ledger;

use crate::panel::{Panel, Values};

/// Curves over the rows of a run.
#[derive(Debug)]
pub(super) struct Tape {
    /// First row of the run.
    first: usize,
    /// Cash.
    pub(super) cash: Vec<f64>,
    /// Sum of position values.
    pub(super) net: Vec<f64>,
    /// Sum of absolute position values.
    pub(super) gross: Vec<f64>,
}

impl Tape {
    /// An empty tape.
    pub(super) fn new(rows: Range<usize>) -> Self {
        let blank = vec![0.0; rows.len()];
        Self { first: rows.start, cash: blank.clone(), net: blank.clone(), gross: blank }
    }

    /// Writes the ledger's present cash and positions, valued at each row's last closes. Symbols are summed in ascending
    /// order at every row, however the rows are cut.
    pub(super) fn mark(&mut self, panel: &Panel, ledger: &Ledger, rows: Range<usize>) {
        let at = rows.start - self.first..rows.end - self.first;
        self.cash[at.clone()].fill(ledger.cash());
        self.net[at.clone()].fill(0.0);
        self.gross[at.clone()].fill(0.0);
        for &symbol_idx in ledger.held() {
            let values = Values { net: &mut self.net[at.clone()], gross: &mut self.gross[at.clone()] };
            panel.add_value(symbol_idx, ledger.quantity(symbol_idx), rows.clone(), values);
        }
    }

    /// Takes back marks that were written too far.
    pub(super) fn erase(&mut self, rows: Range<usize>) {
        let at = rows.start - self.first..rows.end - self.first;
        for curve in [&mut self.cash, &mut self.net, &mut self.gross] {
            curve[at.clone()].fill(0.0);
        }
    }

    /// Equity at a row that has been marked.
    pub(super) fn equity(&self, row: usize) -> f64 {
        let at = row - self.first;
        self.cash[at] + self.net[at]
    }
}
