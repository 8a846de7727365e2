//! The rows at which something is bound to happen, known before the run.

use std::ops::Range;

use crosscut_model::calendar::Rebalance;

use crate::panel::Panel;

/// Decisions and delistings.
#[derive(Debug)]
pub(super) struct Schedule {
    /// Rows of the run.
    rows: Range<usize>,
    /// Rows at which the portfolio is decided, ascending.
    decisions: Vec<usize>,
    /// `(row, symbol)` of delistings, ascending.
    delistings: Vec<(usize, u32)>,
    /// Decisions that have passed.
    n_decided: usize,
    /// Delistings that have passed.
    n_delisted: usize,
}

impl Schedule {
    /// What is known before the run.
    pub(super) fn new(panel: &Panel, rebalance: Rebalance, rows: Range<usize>) -> Self {
        let mut delistings: Vec<(usize, u32)> = (0..panel.symbols().len() as u32)
            .filter_map(|symbol_idx| Some((delisting_row(panel, symbol_idx)?.max(rows.start), symbol_idx)))
            .filter(|(row, _)| rows.contains(row))
            .collect();
        delistings.sort_unstable();
        Self { decisions: decisions(panel, rebalance, rows.clone()), delistings, n_decided: 0, n_delisted: 0, rows }
    }

    /// The first row from `row` on at which something is scheduled, or the end of the run.
    pub(super) fn next(&self, row: usize) -> usize {
        let decision = self.decisions.get(self.n_decided).copied();
        let delisting = self.delistings.get(self.n_delisted).map(|(row, _)| *row);
        [decision, delisting].into_iter().flatten().min().map_or(self.rows.end, |next| next.max(row))
    }

    /// Whether the portfolio is decided at `row`.
    pub(super) fn is_decision(&self, row: usize) -> bool {
        self.decisions.get(self.n_decided) == Some(&row)
    }

    /// Number of decisions of the whole run.
    pub(super) fn n_decisions(&self) -> usize {
        self.decisions.len()
    }

    /// Symbols that are delisted at `row`.
    pub(super) fn delisted_at(&self, row: usize) -> Vec<u32> {
        let due = self.delistings[self.n_delisted..].iter().take_while(|(at, _)| *at == row);
        due.map(|(_, symbol_idx)| *symbol_idx).collect()
    }

    /// Leaves a row behind.
    pub(super) fn pass(&mut self, row: usize) {
        while self.decisions.get(self.n_decided).is_some_and(|at| *at <= row) {
            self.n_decided += 1;
        }
        while self.delistings.get(self.n_delisted).is_some_and(|(at, _)| *at <= row) {
            self.n_delisted += 1;
        }
    }
}

/// Rows of `rows` at which the portfolio is decided.
pub(crate) fn decisions(panel: &Panel, rebalance: Rebalance, rows: Range<usize>) -> Vec<usize> {
    if let Some(targets) = panel.targets() {
        return targets.rows().iter().copied().filter(|row| rows.contains(row)).collect();
    }
    if let Rebalance::Bars(n_bars) = rebalance {
        return rows.step_by(n_bars).collect();
    }
    let period = |row: usize| rebalance.period_start(panel.timeline()[row]);
    let mut before = rows.start.checked_sub(1).and_then(period);
    let mut decisions = Vec::new();
    for row in rows {
        let now = period(row);
        if now != before {
            decisions.push(row);
        }
        before = now;
    }
    decisions
}

/// The row at which a symbol's delisting takes effect: the first whose label is not before it, or the very last row when the
/// market's last bar closes at or after it.
fn delisting_row(panel: &Panel, symbol_idx: u32) -> Option<usize> {
    let delisted_at = panel.series(symbol_idx).delisted_at()?;
    let row = panel.timeline().partition_point(|&label| label < delisted_at);
    let n_rows = panel.timeline().len();
    if row < n_rows {
        return Some(row);
    }
    panel.available_at().last().filter(|&&until| until >= delisted_at).map(|_| n_rows - 1)
}
