//! Factor columns as data: what each symbol's columns say at its present bar.

use super::Scorer;
use crate::market::Data;

/// The latest factor row of each symbol, and how many of its bars have closed since the bar the row belongs to.
#[derive(Debug, Clone, PartialEq)]
pub struct FactorColumns {
    /// Number of columns.
    n_columns: usize,
    /// For each symbol the feed whose bars count.
    feeds: Vec<u32>,
    /// How many bars old a row may be; 0: it belongs to the present bar.
    bars_old_max: usize,
    /// By symbol.
    rows: Vec<Row>,
    /// Values by symbol and column; NaN: missing.
    values: Vec<f64>,
}

/// Where a symbol's latest row stands.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Row {
    /// Label of the bar it belongs to, microseconds UTC.
    label: i64,
    /// Bars that have closed since that one; `usize::MAX` before the first.
    bars_old: usize,
}

impl FactorColumns {
    /// No rows yet. `feeds` holds for each symbol the feed whose bars count.
    pub fn new(n_columns: usize, feeds: Vec<u32>, bars_old_max: usize) -> Self {
        let rows = vec![Row { label: i64::MIN, bars_old: usize::MAX }; feeds.len()];
        let values = vec![f64::NAN; feeds.len() * n_columns];
        Self { n_columns, feeds, bars_old_max, rows, values }
    }
}

impl Scorer for FactorColumns {
    fn on_data(&mut self, data: &Data) {
        let symbol_idx = data.symbol_idx() as usize;
        let row = &mut self.rows[symbol_idx];
        match data {
            Data::Factor(factor) => {
                row.label = factor.timestamp;
                self.values[symbol_idx * self.n_columns + factor.column as usize] = factor.value;
            }
            Data::Bar(bar) if bar.feed_idx == self.feeds[symbol_idx] => {
                row.bars_old = if row.label == bar.timestamp { 0 } else { row.bars_old.saturating_add(1) };
            }
            _ => {}
        }
    }

    fn value(&self, column: usize, symbol_idx: u32) -> f64 {
        let symbol_idx = symbol_idx as usize;
        if self.rows[symbol_idx].bars_old > self.bars_old_max {
            return f64::NAN;
        }
        self.values[symbol_idx * self.n_columns + column]
    }
}
