//! What a rule may look at: the panel up to one row, and what is held.

use crosscut_trading::Desk;
use crosscut_trading::strategy::{Holding, View};

use crate::panel::Panel;

/// The panel as it is seen at a row.
pub(super) struct Sight<'a> {
    /// The market.
    panel: &'a Panel,
    /// The row; nothing after it is read.
    row: usize,
    /// What is held, symbols ascending.
    pub(super) holdings: Vec<Holding>,
}

impl<'a> Sight<'a> {
    /// What a rule may look at at a row. Every position counts as stuck until it is known what can be traded.
    pub(super) fn new(panel: &'a Panel, row: usize, desk: &Desk) -> Self {
        let equity = desk.equity();
        let holding = |&symbol_idx: &u32| Holding {
            symbol_idx,
            weight: desk.account().value(symbol_idx) / equity,
            n_bars: desk.account().bars_held(symbol_idx),
            is_stuck: true,
        };
        Self { panel, row, holdings: desk.held().iter().map(holding).collect() }
    }
}

impl View for Sight<'_> {
    fn label(&self) -> i64 {
        self.panel.timeline()[self.row]
    }

    fn value(&self, column: usize, symbol_idx: u32) -> f64 {
        self.panel.value(column, symbol_idx, self.row)
    }

    fn closes(&self, symbol_idx: u32, n: usize) -> &[f64] {
        let series = self.panel.series(symbol_idx);
        let Some(pos) = series.pos_at(self.panel.slot(self.row)) else {
            return &[];
        };
        let closes = &series.comparable_close()[..=pos];
        &closes[closes.len() - n.min(closes.len())..]
    }

    fn holdings(&self) -> &[Holding] {
        &self.holdings
    }

    fn symbol_idx(&self, symbol: &str) -> Option<u32> {
        self.panel.symbols().binary_search_by(|other| other.as_str().cmp(symbol)).ok().map(|at| at as u32)
    }
}
