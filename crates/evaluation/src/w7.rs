//! The benchmark kit's workload W7: factor evaluation with the kit's definitions, on columns that are handed in.

use crosscut_kernels::metrics::{deviation, mean};
use crosscut_model::Range;

use crate::market::{Delisting, Market};
use crate::matrix::Matrix;
use crate::quantile::QuantileRule;
use crate::schedule::{NONE, Schedule};
use crate::section::{Moments, Pass, Rows, SectionRules, Sections};
use crate::turnover::changes;

/// Portfolios of the workload.
const QUANTILES: usize = 5;

/// Holding periods of the workload, rows of the grid.
const HORIZONS: [usize; 3] = [1, 5, 10];

/// The check figures.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Check {
    /// Rows that take part.
    pub n_rows: u64,
    /// Mean rank IC per horizon.
    pub ic_mean: Vec<Option<f64>>,
    /// Its sample deviation.
    pub ic_std: Vec<Option<f64>>,
    /// Mean return of the lowest portfolio per horizon, over all rows.
    pub q1: Vec<Option<f64>>,
    /// Mean return of the highest portfolio per horizon, over all rows.
    pub q5: Vec<Option<f64>>,
    /// Mean turnover of the lowest and the highest portfolio.
    pub turnover: Vec<Option<f64>>,
    /// Mean rank autocorrelation.
    pub autocorr: Option<f64>,
}

/// One symbol's rows.
#[derive(Debug, Clone, Default)]
pub struct SymbolRows {
    /// Positions in the grid, ascending.
    pub rows: Vec<u32>,
    /// Closing prices.
    pub close: Vec<f64>,
    /// Factor values; NaN where missing.
    pub factor: Vec<f64>,
}

/// Prices and factor of a workload by time and symbol.
#[derive(Debug)]
pub struct Inputs {
    /// Labels of the grid.
    times: Vec<i64>,
    /// Closing prices.
    close: Matrix,
    /// Factor values.
    factor: Matrix,
}

impl Inputs {
    /// Empty tables over a grid of labels.
    pub fn new(times: Vec<i64>, n_symbols: usize) -> Self {
        let empty = Matrix::filled(times.len(), n_symbols, f64::NAN);
        Self { times, factor: empty.clone(), close: empty }
    }

    /// Enters neighbouring symbols, the first of which is `first`; factor rows only at labels in `range`.
    pub fn fill(&mut self, first: usize, symbols: &[SymbolRows], range: Range) {
        let kept = range.positions(&self.times);
        let part = |symbol: &SymbolRows| {
            let from = symbol.rows.partition_point(|row| (*row as usize) < kept.start);
            from..symbol.rows.partition_point(|row| (*row as usize) < kept.end)
        };
        let close: Vec<_> = symbols.iter().map(|symbol| (&symbol.rows[..], &symbol.close[..])).collect();
        let factor: Vec<_> =
            symbols.iter().map(|symbol| (&symbol.rows[part(symbol)], &symbol.factor[part(symbol)])).collect();
        self.close.fill_columns(first, &close);
        self.factor.fill_columns(first, &factor);
    }

    /// Evaluates the workload.
    pub fn run(self) -> Check {
        let n_times = self.times.len();
        let rows: Vec<u32> = (0..n_times as u32).collect();
        let exits = HORIZONS
            .iter()
            .map(|h| rows.iter().map(|row| rows.get(*row as usize + h).copied().unwrap_or(NONE)).collect())
            .collect();
        let n_symbols = self.close.width();
        let market = Market {
            symbols: (0..n_symbols).map(|symbol| symbol.to_string()).collect(),
            times: self.times.clone(),
            base: rows.clone(),
            price_times: self.times,
            prices: self.close,
            last_row: vec![NONE; n_symbols],
            delisting: Delisting::Drop,
            funding: None,
        };
        let schedule = Schedule::new(rows, exits, HORIZONS.to_vec());
        let rules =
            SectionRules { n_quantiles: QUANTILES, rule: QuantileRule::Ordinal, rows: Rows::Common, min_names: 1 };
        let sections = Pass { market: &market, schedule: &schedule, rules }.run(&self.factor);
        check(&sections, &self.factor)
    }
}

/// The check figures of the cross-sections.
fn check(sections: &Sections, factor: &Matrix) -> Check {
    let judged = || sections.rows.iter().filter(|section| !section.outcomes.is_empty());
    let finite = |values: &mut dyn Iterator<Item = f64>| -> Vec<f64> { values.filter(|v| v.is_finite()).collect() };
    let mut out = Check { n_rows: judged().map(|section| u64::from(section.n)).sum(), ..Check::default() };
    for h in 0..HORIZONS.len() {
        let ic = finite(&mut judged().map(|section| section.outcomes[h].rank_ic));
        out.ic_mean.push(mean(&ic));
        out.ic_std.push(deviation(&ic));
        let pooled = |q: usize| {
            let mut all = Moments::default();
            judged().for_each(|section| all.add(&section.outcomes[h].quantiles[q]));
            all.defined_mean()
        };
        out.q1.push(pooled(0));
        out.q5.push(pooled(QUANTILES - 1));
    }
    let changes = changes(sections, factor, 1);
    for q in [0, QUANTILES - 1] {
        out.turnover.push(mean(&finite(&mut changes.iter().map(|change| change.turnover[q]))));
    }
    out.autocorr = mean(&finite(&mut changes.iter().map(|change| change.rank_autocorrelation)));
    out
}
