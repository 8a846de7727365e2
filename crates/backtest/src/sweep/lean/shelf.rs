//! Closes of symbols between two decisions, looked up once for all sets that hold them.

use std::ops::Range;

use super::curve::Column;
use super::sight::Places;

/// From so many rows on what is filled is not kept from one set to the next: of all symbols it would be too much.
const LONG: usize = 4096;

/// Closes over some rows.
#[derive(Debug)]
pub(super) struct Shelf<'a> {
    /// The rows.
    rows: Range<usize>,
    /// Symbols that have been looked up.
    known: Vec<u32>,
    /// For each symbol that is known and has a bar in each row, its closes.
    whole: Vec<Option<&'a [f64]>>,
    /// For each symbol that is known and has a hole there, where its closes begin in `filled`.
    holed: Vec<Option<usize>>,
    /// Last closes by row, symbol after symbol.
    filled: Vec<f64>,
}

impl<'a> Shelf<'a> {
    /// An empty shelf for so many symbols.
    pub(super) fn new(n_symbols: usize) -> Self {
        let (whole, holed) = (vec![None; n_symbols], vec![None; n_symbols]);
        Self { rows: 0..0, known: Vec::new(), whole, holed, filled: Vec::new() }
    }

    /// Puts the columns of what is held in rows into `columns`.
    pub(super) fn fetch<'b>(
        &'b mut self,
        places: &Places<'a>,
        held: &[(u32, f64)],
        rows: &Range<usize>,
        columns: &mut Vec<Column<'b>>,
    ) {
        if self.rows != *rows || rows.len() >= LONG {
            self.turn_to(rows.clone());
        }
        columns.resize(held.len(), Column::default());
        let are_whole = columns.iter_mut().zip(held).all(|(column, &(symbol_idx, quantity))| {
            // What has no gaps is found as fast where it lies.
            let closes = places.dense_in(symbol_idx, rows).or(self.whole[symbol_idx as usize]);
            *column = (closes.unwrap_or_default(), quantity);
            closes.is_some()
        });
        if !are_whole {
            self.fill(places, held);
            let this = &*self;
            for (column, &(symbol_idx, quantity)) in columns.iter_mut().zip(held) {
                let at = symbol_idx as usize;
                *column = (this.whole[at].unwrap_or_else(|| this.filled_at(at)), quantity);
            }
        }
    }

    /// Looks up what is not known.
    #[inline(never)]
    fn fill(&mut self, places: &Places<'a>, held: &[(u32, f64)]) {
        for &(symbol_idx, _) in held {
            let at = symbol_idx as usize;
            if self.whole[at].is_none() && self.holed[at].is_none() {
                self.look_up(places, symbol_idx);
            }
        }
    }

    /// Goes on to other rows.
    fn turn_to(&mut self, rows: Range<usize>) {
        for symbol_idx in self.known.drain(..) {
            (self.whole[symbol_idx as usize], self.holed[symbol_idx as usize]) = (None, None);
        }
        self.filled.clear();
        self.rows = rows;
    }

    /// Looks up a symbol that is not known.
    fn look_up(&mut self, places: &Places<'a>, symbol_idx: u32) {
        let at = symbol_idx as usize;
        self.known.push(symbol_idx);
        self.whole[at] = places.closes_in(symbol_idx, &self.rows);
        if self.whole[at].is_none() {
            let from = self.filled.len();
            self.filled.resize(from + self.rows.len(), 0.0);
            places.panel.fill_closes(symbol_idx, self.rows.clone(), &mut self.filled[from..]);
            self.holed[at] = Some(from);
        }
    }

    /// What was filled for a symbol.
    fn filled_at(&self, at: usize) -> &[f64] {
        self.holed[at].map_or(&[], |from| &self.filled[from..from + self.rows.len()])
    }
}
