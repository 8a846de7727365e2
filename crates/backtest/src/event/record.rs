//! What an event replay writes down: curves, positions where they changed, and the bar each journal record belongs to.

use crosscut_trading::Floor;
use crosscut_trading::journal::Entry;

use crate::outcome::PositionChange;

/// When curves are sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sampling {
    /// Whenever a bar that orders meet has closed; trades alone are not sampled.
    #[default]
    Bars,
    /// At the end of each stretch of so many microseconds from the first event to the last, labelled with its beginning.
    Every(i64),
    /// Never: memory then does not grow with history.
    Off,
}

/// Cash, equity and exposure at sampled times.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Curves {
    /// Label of the latest bar that had closed, or the beginning of the sampled stretch, microseconds UTC.
    pub label: Vec<i64>,
    /// When, microseconds UTC: what was known then is in.
    pub at: Vec<i64>,
    /// Cash plus positions at their last prices, quote units.
    pub equity: Vec<f64>,
    /// Cash, quote units.
    pub cash: Vec<f64>,
    /// Sum of absolute position values, quote units.
    pub gross: Vec<f64>,
    /// Sum of signed position values, quote units.
    pub net: Vec<f64>,
}

/// Curves, and what the journal is joined with them by.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    /// Cash, equity and exposure.
    pub(super) curves: Curves,
    /// Positions after each sample at which they changed; empty without a journal.
    pub(super) positions: Vec<PositionChange>,
    /// For each record of the journal the label of the bar it belongs to: that in which an order was executed, or at whose
    /// close it was decided.
    pub(super) labels: Vec<i64>,
    /// Records whose fills are in the positions.
    n_seen: usize,
    /// Symbols that have changed, kept for its allocation.
    changed: Vec<u32>,
}

impl Recorder {
    /// Gives the journal's new records their label.
    #[inline]
    pub(super) fn label(&mut self, label: i64, floor: &Floor) {
        let n_records = floor.records().len();
        if n_records > self.labels.len() {
            self.labels.resize(n_records, label);
        }
    }

    /// Makes room for so many samples.
    pub(super) fn reserve(&mut self, n_samples: usize) {
        let curves = &mut self.curves;
        curves.label.reserve(n_samples);
        curves.at.reserve(n_samples);
        for curve in [&mut curves.equity, &mut curves.cash, &mut curves.gross, &mut curves.net] {
            curve.reserve(n_samples);
        }
    }

    /// Takes a sample.
    #[inline]
    pub(super) fn sample(&mut self, (label, at): (i64, i64), floor: &Floor) {
        let account = floor.desk().account();
        let (cash, net) = (account.ledger().cash(), account.net());
        let curves = &mut self.curves;
        curves.label.push(label);
        curves.at.push(at);
        curves.equity.push(cash + net);
        curves.cash.push(cash);
        curves.gross.push(account.gross());
        curves.net.push(net);
        if floor.records().len() > self.n_seen {
            self.note_positions(label, cash + net, floor);
        }
    }

    /// Records the positions that changed since the last sample, symbols ascending.
    fn note_positions(&mut self, timestamp: i64, equity: f64, floor: &Floor) {
        let new = &floor.records()[self.n_seen..];
        self.n_seen = floor.records().len();
        self.changed.clear();
        let filled = new.iter().filter(|record| matches!(record.entry, Entry::Filled { .. } | Entry::Split { .. }));
        self.changed.extend(filled.map(|record| record.symbol_idx));
        self.changed.sort_unstable();
        self.changed.dedup();
        for &symbol_idx in &self.changed {
            let (quantity, price) = (floor.desk().quantity(symbol_idx), floor.desk().price(symbol_idx));
            let value = quantity * price;
            let weight = value / equity;
            self.positions.push(PositionChange { timestamp, symbol_idx, quantity, price, value, weight });
        }
    }
}
