//! The lowest and highest prices of symbols between two decisions, found once for all sets that hold them.

use std::ops::Range;

use super::sight::Places;

/// Extremes of the symbols over some rows.
#[derive(Debug, Default)]
pub(super) struct Ranges {
    /// The rows.
    rows: Range<usize>,
    /// How many different rows there have been.
    n_turns: u32,
    /// By symbol: lowest and highest price, quote units, NaN without a bar; and the turn at which they were found.
    known: Vec<(f64, f64, u32)>,
}

impl Ranges {
    /// Goes on to other rows.
    pub(super) fn turn_to(&mut self, places: &Places<'_>, rows: Range<usize>) {
        if self.rows == rows && self.n_turns > 0 {
            return;
        }
        self.rows = rows;
        self.n_turns += 1;
        self.known.resize(places.panel.symbols().len(), (f64::NAN, f64::NAN, 0));
    }

    /// The extremes of a symbol; NaN without a bar.
    #[inline]
    pub(super) fn of(&mut self, places: &Places<'_>, symbol_idx: u32) -> (f64, f64) {
        let known = &mut self.known[symbol_idx as usize];
        if known.2 != self.n_turns {
            let (low, high) = places.range_of(symbol_idx, self.rows.clone()).unwrap_or((f64::NAN, f64::NAN));
            *known = (low, high, self.n_turns);
        }
        (known.0, known.1)
    }
}
