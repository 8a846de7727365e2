//! Room for one decision, used by sets one after another.

use std::ops::Range;

use crosscut_trading::strategy::{Aim, Plan};

use super::curve::Column;
use super::lines::{Lines, WIDE};
use super::outlook::Outlook;
use super::positions::{Ends, Positions};
use super::ranges::Ranges;
use super::shelf::Shelf;
use super::sight::{Places, Standing};

/// What a set aims at and holds, one bit for each symbol.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Marks {
    /// It is aimed at, or to be kept: in one of two, taken by turns, so that a bit need not wait for the one before.
    aimed: [u64; 2],
    /// It is to be kept as it is.
    pub(super) kept: u64,
    /// It is held.
    pub(super) held: u64,
}

impl Marks {
    /// What is aimed at, or to be kept.
    #[inline]
    pub(super) fn aimed(&self) -> u64 {
        self.aimed[0] | self.aimed[1]
    }
}

/// Room for one decision.
#[derive(Debug)]
pub(super) struct Slate<'a> {
    /// For each symbol, and for nobody, the weight aimed at; 0 where there is none.
    weights: Vec<f64>,
    /// Marks of 64 symbols each.
    pub(super) marks: Vec<Marks>,
    /// What a rule says.
    pub(super) plan: Plan,
    /// Symbols that are held or aimed at, ascending, and the place of each among those held, the one after all of them for
    /// others.
    named: Vec<(u32, u32)>,
    /// What each of them is brought to, and what is traded.
    pub(super) lines: Lines,
    /// Room for fills that end trades.
    pub(super) ends: Ends,
    /// Closes of what is valued: in single rows, as between a decision and the open after it, and in several.
    pub(super) shelves: [Shelf<'a>; 2],
    /// Room for columns, empty.
    columns: Vec<Column<'a>>,
}

impl<'a> Slate<'a> {
    /// An empty slate for so many symbols.
    pub(super) fn new(n_symbols: usize) -> Self {
        Self {
            weights: vec![0.0; n_symbols + 1],
            marks: vec![Marks::default(); n_symbols.div_ceil(64)],
            plan: Plan::default(),
            named: Vec::new(),
            lines: Lines::default(),
            ends: Ends::default(),
            shelves: [Shelf::new(n_symbols), Shelf::new(n_symbols)],
            columns: Vec::new(),
        }
    }

    /// Marks what the plan says and what is held.
    pub(super) fn mark(&mut self, held: &[u64]) {
        for (marks, &held) in self.marks.iter_mut().zip(held) {
            *marks = Marks { held, ..Marks::default() };
        }
        for (nth, &(symbol_idx, aim)) in self.plan.aims.iter().enumerate() {
            let (marks, bit) = (&mut self.marks[symbol_idx as usize / 64], 1 << (symbol_idx % 64));
            marks.aimed[nth % 2] |= bit;
            match aim {
                Aim::Weight(weight) => self.weights[symbol_idx as usize] = weight,
                Aim::Keep => marks.kept |= bit,
            }
        }
    }

    /// Hands the columns of what is held in rows to `take`.
    pub(super) fn with_columns(
        &mut self,
        places: &Places<'a>,
        held: &[(u32, f64)],
        rows: &Range<usize>,
        take: impl FnOnce(&[Column<'_>]),
    ) {
        let mut columns = emptied(std::mem::take(&mut self.columns));
        self.shelves[usize::from(rows.len() > 1)].fetch(places, held, rows, &mut columns);
        take(&columns);
        self.columns = emptied(columns);
    }

    /// Lays aims and positions side by side, symbols ascending.
    pub(super) fn lay(&mut self, outlook: Outlook<'_>, positions: &mut Positions, ranges: &Ranges) {
        let Self { weights, marks, named, lines, .. } = self;
        let n_named = marks.iter().map(|marks| (marks.aimed() | marks.held).count_ones() as usize).sum::<usize>();
        lines.make_room(n_named);
        // Whose price is the last.
        let nobody = outlook.closes.len() as u32 - 1;
        let (mut at, mut place, none) = (0, 0, positions.held().len() as u32);
        named.clear();
        named.resize(n_named.next_multiple_of(WIDE), (nobody, none));
        for (word, marks) in marks.iter().enumerate() {
            let mut kept = marks.kept;
            while kept != 0 {
                weights[word * 64 + kept.trailing_zeros() as usize] = f64::NAN;
                kept &= kept - 1;
            }
            let mut left = marks.aimed() | marks.held;
            while left != 0 {
                let bit = left.trailing_zeros();
                let is_held = marks.held >> bit & 1 == 1;
                named[at] = (word as u32 * 64 + bit, if is_held { place } else { none });
                at += 1;
                place += u32::from(is_held);
                left &= left - 1;
            }
        }
        for (block, named) in lines.blocks.iter_mut().zip(named.as_chunks::<WIDE>().0) {
            let symbols = named.map(|(symbol_idx, _)| symbol_idx);
            (block.symbols, block.accounts) = (symbols, named.map(|(_, place)| place));
            block.weights = symbols.map(|symbol_idx| std::mem::take(&mut weights[symbol_idx as usize]));
            block.prices = symbols.map(|symbol_idx| outlook.closes[symbol_idx as usize]);
            block.n_bars = symbols.map(|symbol_idx| outlook.n_bars[symbol_idx as usize]);
            for (held, (symbol_idx, place)) in block.held.iter_mut().zip(named) {
                *held = positions.note_range(*place, ranges.of(*symbol_idx));
            }
        }
    }

    /// Lays the only position, of which everything is to be traded away at a price, which stands for its close.
    pub(super) fn lay_closing(&mut self, held: (u32, f64), standing: Standing) {
        let nobody = self.weights.len() as u32 - 1;
        self.lines.close(held, standing, nobody);
    }
}

/// An empty vector with the room of another one.
fn emptied<'b>(mut columns: Vec<Column<'_>>) -> Vec<Column<'b>> {
    columns.clear();
    // Nothing is copied: what is collected from a vector into one of the same kind stays where it is.
    columns.into_iter().map(|_| Column::default()).collect()
}
