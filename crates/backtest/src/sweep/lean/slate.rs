//! Room for one decision, used by sets one after another.

use crosscut_trading::sizing::Line;
use crosscut_trading::strategy::{Aim, Plan};

use super::curve::Column;
use super::positions::{Kinds, Part};
use crate::replay::ROUNDING;

/// What symbols are brought to, column by column, so that several are worked out at once.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The symbols, ascending.
    pub(super) symbols: Vec<u32>,
    /// Weights aimed at.
    pub(super) weights: Vec<f64>,
    /// Last closes, quote units.
    pub(super) prices: Vec<f64>,
    /// Base units held.
    pub(super) held: Vec<f64>,
    /// Weights drifted to.
    pub(super) drifted: Vec<f64>,
    /// Base units to trade; 0 where nothing is.
    pub(super) changes: Vec<f64>,
}

impl Lines {
    /// Makes room for so many symbols; what is in it is to be written.
    pub(super) fn resize(&mut self, n_lines: usize) {
        self.symbols.resize(n_lines, 0);
        for column in [&mut self.weights, &mut self.prices, &mut self.held, &mut self.drifted, &mut self.changes] {
            column.resize(n_lines, 0.0);
        }
    }

    /// One by one.
    pub(super) fn iter(&self) -> impl Iterator<Item = Line> {
        let line = |at: usize| Line {
            symbol_idx: self.symbols[at],
            weight: self.weights[at],
            price: self.prices[at],
            held: self.held[at],
            spread: f64::NAN,
        };
        (0..self.symbols.len()).map(line)
    }

    /// Works out weights drifted to, and changes: as [`Line::target`] less what is held, and 0 where that is rounding.
    pub(super) fn work_out(&mut self, equity: f64, scale: f64) {
        let known = self.weights.iter().zip(&self.prices).zip(&self.held);
        for (((&weight, &price), &held), (drifted, changed)) in
            known.zip(self.drifted.iter_mut().zip(&mut self.changes))
        {
            *drifted = held * price / equity;
            let target = if weight == 0.0 { 0.0 } else { weight * scale * equity / price };
            let change = target - held;
            let is_rounding = (target != 0.0) & (change.abs() <= ROUNDING * held.abs());
            *changed = if is_rounding { 0.0 } else { change };
        }
    }
}

/// What a decision comes to.
#[derive(Debug, Default)]
pub(super) struct Orders {
    /// What is sold, symbols ascending.
    pub(super) sells: Vec<Part>,
    /// What is bought, symbols ascending.
    pub(super) buys: Vec<Part>,
    /// All that was held or aimed at, ascending.
    pub(super) named: Vec<u32>,
}

impl Orders {
    /// Takes the changes of lines, at their prices.
    pub(super) fn take(&mut self, lines: &Lines) {
        let (sells, buys) = (&mut self.sells, &mut self.buys);
        sells.resize(lines.symbols.len(), Part::default());
        buys.resize(lines.symbols.len(), Part::default());
        let (mut n_sells, mut n_buys) = (0, 0);
        for ((&symbol_idx, &change), &price) in lines.symbols.iter().zip(&lines.changes).zip(&lines.prices) {
            // Written on both sides and counted on one: which one it is cannot be foreseen.
            let part = Part { symbol_idx, quantity: change.abs(), price, commission: 0.0 };
            sells[n_sells] = part;
            n_sells += usize::from(change < 0.0);
            buys[n_buys] = part;
            n_buys += usize::from(change > 0.0);
        }
        sells.truncate(n_sells);
        buys.truncate(n_buys);
    }
}

/// What a set aims at and holds, one bit for each symbol.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Marks {
    /// It is aimed at, or to be kept.
    pub(super) aimed: u64,
    /// It is to be kept as it is.
    pub(super) kept: u64,
    /// It is held.
    pub(super) held: u64,
}

/// Room for one decision.
#[derive(Debug)]
pub(super) struct Slate<'a> {
    /// For each symbol the weight aimed at; 0 where there is none.
    pub(super) weights: Vec<f64>,
    /// Marks of 64 symbols each.
    pub(super) marks: Vec<Marks>,
    /// What a rule says.
    pub(super) plan: Plan,
    /// What each symbol is brought to.
    pub(super) lines: Lines,
    /// What is traded.
    pub(super) orders: Orders,
    /// Room to sort fills.
    pub(super) kinds: Kinds,
    /// What is valued.
    pub(super) columns: Vec<Column<'a>>,
    /// Closes of what is valued in rows where it has no bar.
    pub(super) filled: Vec<f64>,
}

impl Slate<'_> {
    /// An empty slate for so many symbols.
    pub(super) fn new(n_symbols: usize) -> Self {
        Self {
            weights: vec![0.0; n_symbols],
            marks: vec![Marks::default(); n_symbols.div_ceil(64)],
            plan: Plan::default(),
            lines: Lines::default(),
            orders: Orders::default(),
            kinds: Kinds::default(),
            columns: Vec::new(),
            filled: Vec::new(),
        }
    }

    /// Marks what the plan says and what is held.
    pub(super) fn mark(&mut self, held: &[(u32, f64)]) {
        self.marks.fill(Marks::default());
        for &(symbol_idx, aim) in &self.plan.aims {
            let (marks, bit) = (&mut self.marks[symbol_idx as usize / 64], 1 << (symbol_idx % 64));
            marks.aimed |= bit;
            match aim {
                Aim::Weight(weight) => self.weights[symbol_idx as usize] = weight,
                Aim::Keep => marks.kept |= bit,
            }
        }
        held.iter().for_each(|&(symbol_idx, _)| self.marks[symbol_idx as usize / 64].held |= 1 << (symbol_idx % 64));
    }
}
