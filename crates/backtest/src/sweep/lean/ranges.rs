//! The lowest and highest prices of symbols between two decisions, found once for all sets that hold them.

use std::ops::Range;

use super::sight::Places;

/// Extremes of the symbols over some rows.
#[derive(Debug)]
pub(super) struct Ranges {
    /// By symbol, and for nobody: lowest and highest price, quote units; NaN without a bar, and for those that nobody holds.
    known: Vec<[f64; 2]>,
}

impl Ranges {
    /// Nothing yet of so many symbols.
    pub(super) fn new(n_symbols: usize) -> Self {
        Self { known: vec![[f64::NAN; 2]; n_symbols + 1] }
    }

    /// Goes on to other rows, for those who have these symbols: one bit for each.
    pub(super) fn turn_to(&mut self, places: &Places<'_>, rows: &Range<usize>, held: &[u64]) {
        self.known.fill([f64::NAN; 2]);
        for (word, &held) in held.iter().enumerate() {
            let mut left = held;
            while left != 0 {
                let symbol_idx = word as u32 * 64 + left.trailing_zeros();
                left &= left - 1;
                if let Some((low, high)) = places.range_of(symbol_idx, rows) {
                    self.known[symbol_idx as usize] = [low, high];
                }
            }
        }
    }

    /// The extremes of a symbol; NaN without a bar.
    #[inline]
    pub(super) fn of(&self, symbol_idx: u32) -> &[f64; 2] {
        &self.known[symbol_idx as usize]
    }
}
