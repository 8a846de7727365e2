//! What sets that decide at one row look up once for all of them, and room that they use one after another.

use crosscut_trading::sizing::Line;
use crosscut_trading::strategy::{Aim, Plan};

use super::curve::Column;
use super::sight::Places;
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
    /// Forgets everything and keeps the allocations.
    pub(super) fn clear(&mut self) {
        self.symbols.clear();
        self.weights.clear();
        self.prices.clear();
        self.held.clear();
    }

    /// One more symbol.
    pub(super) fn push(&mut self, line: Line) {
        self.symbols.push(line.symbol_idx);
        self.weights.push(line.weight);
        self.prices.push(line.price);
        self.held.push(line.held);
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
        let n_lines = self.symbols.len();
        self.drifted.resize(n_lines, 0.0);
        self.changes.resize(n_lines, 0.0);
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

/// Room for the decisions of a row.
#[derive(Debug)]
pub(super) struct Slate<'a> {
    /// For each symbol a row and its last close there; NaN when it has none yet.
    priced: Vec<(usize, f64)>,
    /// For each symbol the last row in which it could be traded.
    tradable: Vec<usize>,
    /// For each symbol what a set aims at.
    aims: Vec<Option<Aim>>,
    /// One bit for each symbol that is aimed at or held.
    named: Vec<u64>,
    /// What a rule says.
    pub(super) plan: Plan,
    /// What each symbol is brought to.
    pub(super) lines: Lines,
    /// What is valued.
    pub(super) columns: Vec<Column<'a>>,
}

impl Slate<'_> {
    /// An empty slate for so many symbols.
    pub(super) fn new(n_symbols: usize) -> Self {
        Self {
            priced: vec![(usize::MAX, f64::NAN); n_symbols],
            tradable: vec![usize::MAX; n_symbols],
            aims: vec![None; n_symbols],
            named: vec![0; n_symbols.div_ceil(64)],
            plan: Plan::default(),
            lines: Lines::default(),
            columns: Vec::new(),
        }
    }

    /// The last close of a symbol at a row; NaN when it has none yet.
    #[inline]
    pub(super) fn price(&mut self, places: &Places<'_>, symbol_idx: u32, row: usize) -> f64 {
        let known = &mut self.priced[symbol_idx as usize];
        if known.0 != row {
            let pos = places.last(symbol_idx, row);
            *known = (row, pos.map_or(f64::NAN, |pos| places.panel.series(symbol_idx).close()[pos]));
        }
        known.1
    }

    /// Takes note of the symbols that can be traded in a row.
    pub(super) fn note_tradable(&mut self, names: &[u32], row: usize) {
        names.iter().for_each(|&symbol_idx| self.tradable[symbol_idx as usize] = row);
    }

    /// Whether a symbol can be traded in a row, member or not.
    pub(super) fn can_trade(&self, places: &Places<'_>, symbol_idx: u32, row: usize) -> bool {
        self.tradable[symbol_idx as usize] == row || places.can_trade(symbol_idx, row)
    }

    /// Lays what the plan says beside what is held; `each` gets every symbol of either, its aim and the base units held,
    /// symbols ascending.
    pub(super) fn lay(&mut self, held: &[(u32, f64)], mut each: impl FnMut(&mut Self, u32, (Option<Aim>, f64))) {
        let mut name = |symbol_idx: u32| self.named[symbol_idx as usize / 64] |= 1 << (symbol_idx % 64);
        held.iter().for_each(|&(symbol_idx, _)| name(symbol_idx));
        for &(symbol_idx, aim) in &self.plan.aims {
            name(symbol_idx);
            self.aims[symbol_idx as usize] = Some(aim);
        }
        let mut all_held = held.iter().peekable();
        for word in 0..self.named.len() {
            let mut left = std::mem::take(&mut self.named[word]);
            while left != 0 {
                let symbol_idx = word as u32 * 64 + left.trailing_zeros();
                left &= left - 1;
                let aim = self.aims[symbol_idx as usize].take();
                let held = all_held.next_if(|(held, _)| *held == symbol_idx);
                each(self, symbol_idx, (aim, held.map_or(0.0, |(_, quantity)| *quantity)));
            }
        }
    }
}
