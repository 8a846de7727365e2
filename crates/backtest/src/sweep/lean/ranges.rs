//! The lowest and highest prices of symbols between two decisions, found once for all sets that hold them.

use std::ops::Range;

use crate::panel::Panel;

/// A lowest and a highest price, quote units.
type Extremes = (f64, f64);

/// Extremes of the symbols over some rows.
#[derive(Debug, Default)]
pub(super) struct Ranges {
    /// The rows.
    rows: Range<usize>,
    /// By symbol; the outer `None`: not looked up yet, the inner one: no bar in the rows.
    known: Vec<Option<Option<Extremes>>>,
}

impl Ranges {
    /// Goes on to other rows.
    pub(super) fn turn_to(&mut self, panel: &Panel, rows: Range<usize>) {
        if self.rows == rows && !self.known.is_empty() {
            return;
        }
        self.rows = rows;
        self.known.clear();
        self.known.resize(panel.symbols().len(), None);
    }

    /// The extremes of a symbol; `None` without a bar.
    pub(super) fn of(&mut self, panel: &Panel, symbol_idx: u32) -> Option<Extremes> {
        let rows = &self.rows;
        if rows.is_empty() {
            return None;
        }
        *self.known[symbol_idx as usize].get_or_insert_with(|| panel.range_of(symbol_idx, rows.clone(), true))
    }
}
