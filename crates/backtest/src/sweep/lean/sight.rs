//! Where bars lie, found fast, and what a rule may look at.

use std::cell::OnceCell;
use std::ops::Range;

use crosscut_trading::strategy::{Holding, View};

use crate::panel::{Panel, reach_of};

/// How a symbol stands at a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Standing {
    /// Its last close, quote units; NaN before its first bar.
    pub(super) close: f64,
    /// How many bars it has had.
    pub(super) n_bars: u32,
}

/// Where the bars of all symbols lie.
pub(in crate::sweep) struct Places<'a> {
    /// The market.
    pub(super) panel: &'a Panel,
    /// For a symbol whose bars have no gap on a timeline without one: the row of its first bar, and its closes; no closes for
    /// others.
    dense: Vec<(usize, &'a [f64])>,
    /// For each symbol its lows and highs, empty without.
    reaches: Vec<[&'a [f64]; 2]>,
}

impl<'a> Places<'a> {
    /// The places of a panel's bars.
    pub(in crate::sweep) fn new(panel: &'a Panel) -> Self {
        let whole = |symbol_idx| match panel.dense_from(symbol_idx) {
            Some(first) => (first, panel.series(symbol_idx).close()),
            None => (0, [].as_slice()),
        };
        let symbols = || 0..panel.symbols().len() as u32;
        let reach = |symbol_idx| panel.series(symbol_idx).reach();
        Self { panel, dense: symbols().map(whole).collect(), reaches: symbols().map(reach).collect() }
    }

    /// The market.
    pub(in crate::sweep) fn panel(&self) -> &'a Panel {
        self.panel
    }

    /// Position of a symbol's last bar at or before a row.
    pub(super) fn last(&self, symbol_idx: u32, row: usize) -> Option<usize> {
        match self.dense[symbol_idx as usize] {
            (_, []) => self.panel.series(symbol_idx).pos_at(self.panel.slot(row)),
            (first, closes) => row.checked_sub(first).map(|pos| pos.min(closes.len() - 1)),
        }
    }

    /// The last close of a symbol at a row, quote units; NaN before its first bar.
    pub(super) fn last_close(&self, symbol_idx: u32, row: usize) -> f64 {
        self.last(symbol_idx, row).map_or(f64::NAN, |pos| self.panel.series(symbol_idx).close()[pos])
    }

    /// How many bars of a symbol there are up to a row.
    #[inline]
    pub(super) fn n_bars(&self, symbol_idx: u32, row: usize) -> u32 {
        self.last(symbol_idx, row).map_or(0, |pos| pos as u32 + 1)
    }

    /// The lowest and the highest price of a symbol's bars in rows; `None` without a bar.
    #[inline]
    pub(super) fn range_of(&self, symbol_idx: u32, rows: &Range<usize>) -> Option<(f64, f64)> {
        let (first, closes) = self.dense[symbol_idx as usize];
        if closes.is_empty() {
            return if rows.is_empty() { None } else { self.panel.range_of(symbol_idx, rows.clone(), true) };
        }
        let bars = rows.start.saturating_sub(first)..rows.end.saturating_sub(first).min(closes.len());
        (!bars.is_empty()).then(|| reach_of(bars, closes, self.reaches[symbol_idx as usize]))
    }

    /// Position of a symbol's bar in a row.
    fn in_row(&self, symbol_idx: u32, row: usize) -> Option<usize> {
        match self.dense[symbol_idx as usize] {
            (_, []) => self.panel.series(symbol_idx).bar_in(self.panel.slot(row)),
            (first, closes) => row.checked_sub(first).filter(|&pos| pos < closes.len()),
        }
    }

    /// Whether a symbol has a bar in a row.
    pub(super) fn has_bar(&self, symbol_idx: u32, row: usize) -> bool {
        self.in_row(symbol_idx, row).is_some()
    }

    /// The first price of a bar.
    fn open(&self, symbol_idx: u32, pos: usize) -> f64 {
        self.panel.series(symbol_idx).open_at(pos)
    }

    /// The first price of a symbol's last bar at or before a row; NaN before its first.
    pub(super) fn open_at(&self, symbol_idx: u32, row: usize) -> f64 {
        self.last(symbol_idx, row).map_or(f64::NAN, |pos| self.open(symbol_idx, pos))
    }

    /// Whether an order of a symbol can be executed at the open of a row, unless the run is over.
    pub(super) fn has_open(&self, symbol_idx: u32, row: usize, end: usize) -> bool {
        row >= end || self.in_row(symbol_idx, row).is_some_and(|pos| self.open(symbol_idx, pos) > 0.0)
    }

    /// The closes of a symbol in rows, one after another, unless there is one in which it has none.
    #[inline]
    pub(super) fn closes_in(&self, symbol_idx: u32, rows: &Range<usize>) -> Option<&'a [f64]> {
        self.dense_in(symbol_idx, rows).or_else(|| self.stretch_in(symbol_idx, rows))
    }

    /// As [`Places::closes_in`]; `None` for symbols with gaps too.
    #[inline(always)]
    pub(super) fn dense_in(&self, symbol_idx: u32, rows: &Range<usize>) -> Option<&'a [f64]> {
        let (first, closes) = self.dense[symbol_idx as usize];
        // Before its first bar that is past all of them.
        closes.get(rows.start.wrapping_sub(first)..).and_then(|closes| closes.get(..rows.len()))
    }

    /// As [`Places::closes_in`], of any symbol and rows.
    #[inline(never)]
    fn stretch_in(&self, symbol_idx: u32, rows: &Range<usize>) -> Option<&'a [f64]> {
        let from = self.panel.whole_from(symbol_idx, rows.clone())?;
        self.panel.series(symbol_idx).close().get(from..from + rows.len())
    }

    /// Gives, for each of some rows, how a symbol stands, and the ranking value of its bar in the row, NaN unless it can be traded.
    pub(super) fn show(&self, symbol_idx: u32, rows: &[usize], mut give: impl FnMut(usize, Standing, f64)) {
        let series = self.panel.series(symbol_idx);
        let (closes, values) = (series.close(), series.factor());
        for (nth, &row) in rows.iter().enumerate() {
            let Some(pos) = self.last(symbol_idx, row) else {
                give(nth, Standing { close: f64::NAN, n_bars: 0 }, f64::NAN);
                continue;
            };
            let is_there = match self.dense[symbol_idx as usize] {
                (_, []) => self.in_row(symbol_idx, row).is_some(),
                (first, _) => row - first == pos,
            };
            let value = values[pos];
            let can_trade = is_there && value.is_finite() && series.is_tradable(pos);
            let standing = Standing { close: closes[pos], n_bars: pos as u32 + 1 };
            give(nth, standing, if can_trade { value } else { f64::NAN });
        }
    }

    /// Whether a symbol has a bar in a row that can be traded, and a score.
    pub(super) fn can_trade(&self, symbol_idx: u32, row: usize) -> bool {
        let series = self.panel.series(symbol_idx);
        self.in_row(symbol_idx, row).is_some_and(|pos| series.is_tradable(pos) && series.factor()[pos].is_finite())
    }
}

/// The panel up to one row, and what is held.
pub(super) struct Sight<'a, 'b> {
    /// The market.
    places: &'b Places<'a>,
    /// The row; nothing after it is read.
    row: usize,
    /// Gives what is held, symbols ascending.
    held: &'b dyn Fn() -> Vec<Holding>,
    /// What is held, once somebody has asked: most rules do not.
    holdings: OnceCell<Vec<Holding>>,
}

impl<'a, 'b> Sight<'a, 'b> {
    /// The panel up to a row with these positions.
    pub(super) fn new(places: &'b Places<'a>, row: usize, held: &'b dyn Fn() -> Vec<Holding>) -> Self {
        Self { places, row, held, holdings: OnceCell::new() }
    }

    /// The panel up to a row, for those who rank and hold nothing.
    pub(super) fn blind(places: &'b Places<'a>, row: usize) -> Self {
        Self::new(places, row, &Vec::new)
    }
}

impl View for Sight<'_, '_> {
    fn label(&self) -> i64 {
        self.places.panel.timeline()[self.row]
    }

    fn value(&self, column: usize, symbol_idx: u32) -> f64 {
        let series = self.places.panel.series(symbol_idx);
        self.places.in_row(symbol_idx, self.row).map_or(f64::NAN, |pos| series.column(column)[pos])
    }

    fn closes(&self, symbol_idx: u32, n: usize) -> &[f64] {
        let Some(pos) = self.places.last(symbol_idx, self.row) else { return &[] };
        let closes = &self.places.panel.series(symbol_idx).comparable_close()[..=pos];
        &closes[closes.len() - n.min(closes.len())..]
    }

    fn holdings(&self) -> &[Holding] {
        self.holdings.get_or_init(self.held)
    }

    fn symbol_idx(&self, symbol: &str) -> Option<u32> {
        self.places.panel.symbols().binary_search_by(|other| other.as_str().cmp(symbol)).ok().map(|at| at as u32)
    }
}
