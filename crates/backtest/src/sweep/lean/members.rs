//! Who may be held: the pool or universe of the period, all symbols without either.

use crosscut_trading::pool::PoolRule;

use crate::panel::Panel;

/// The members of the present period.
pub(super) struct Members<'a> {
    /// The market.
    panel: &'a Panel,
    /// The pool's rule.
    pool: Option<&'a PoolRule>,
    /// First label of the period; `None` before the first, or without periods.
    period: Option<i64>,
    /// Members, ascending.
    now: Vec<u32>,
}

impl<'a> Members<'a> {
    /// Nobody yet; all symbols when there is neither pool nor universe.
    pub(super) fn new(panel: &'a Panel, pool: Option<&'a PoolRule>) -> Self {
        let all = || (0..panel.symbols().len() as u32).collect();
        let now = if pool.is_none() && panel.universe().is_none() { all() } else { Vec::new() };
        Self { panel, pool, period: None, now }
    }

    /// Members, ascending.
    pub(super) fn now(&self) -> &[u32] {
        &self.now
    }

    /// Takes up the period of a row, as the engine does.
    pub(super) fn turn_to(&mut self, row: usize) {
        let label = self.panel.timeline()[row];
        let n_symbols = self.panel.symbols().len();
        let period = match (self.pool, self.panel.universe()) {
            (Some(rule), _) => rule.period(label),
            (None, Some(universe)) => universe.rule.period(label),
            (None, None) => return,
        };
        if self.period.replace(period) == Some(period) {
            return;
        }
        self.now = match (self.pool, self.panel.universe()) {
            (Some(rule), _) => {
                rule.choose(period, (0..n_symbols as u32).map(|symbol_idx| self.panel.series(symbol_idx).pool()))
            }
            (None, Some(universe)) => {
                let grounds = universe.grounds(label, n_symbols);
                (0..n_symbols as u32).filter(|&at| grounds[at as usize].is_none()).collect()
            }
            (None, None) => Vec::new(),
        };
    }
}
