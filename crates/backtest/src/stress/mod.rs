//! Where a strategy breaks: the same rules in other periods, on other symbols, with worse fills, dearer trades, and
//! markets that did not happen.
//!
//! [`scenarios()`] says which runs to make and [`Row::of`] what each came to; whoever has a hub makes them, several over one
//! loaded market. [`regimes()`], [`reordered`] and [`contest()`] work on returns alone. Everything random is seeded.
//!
//! A scenario **loses** when its total return is 0 or less, and is **weak** when its Sharpe ratio is below half of the
//! strategy's own; otherwise it **holds**.

mod contest;
mod page;
mod regimes;
mod scenarios;
mod terms;
#[cfg(test)]
mod tests;

use crosscut_kernels::bootstrap::{Random, quantiles};
use crosscut_kernels::metrics;
use serde::Serialize;

pub use contest::{Contest, Pair, contest};
pub use page::{page, rows_table, verdicts_table};
pub use regimes::{days_per_year, regimes};
pub use scenarios::{Change, Scenario, StressOptions, frictions, scenarios};
pub use terms::{DATES, TermOf, equalise};

use crate::criteria::{Verdict, told};
use crate::sweep::SetOutcome;

/// What became of the strategy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It earns nothing.
    Loses,
    /// Its Sharpe ratio is below half of its own without stress.
    Weak,
    /// It does about as well.
    Holds,
    /// It could not be run.
    NotRun,
}

impl Standing {
    /// The word for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Loses => "loses",
            Self::Weak => "weak",
            Self::Holds => "holds",
            Self::NotRun => "not run",
        }
    }
}

/// One scenario's result.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The kind of scenario.
    pub group: &'static str,
    /// What was changed.
    pub name: String,
    /// Annualised Sharpe ratio.
    pub sharpe: Option<f64>,
    /// Total return.
    pub total_return: Option<f64>,
    /// Maximum drawdown, negative.
    pub max_drawdown: Option<f64>,
    /// Closed trades.
    pub n_trades: Option<f64>,
    /// What became of the strategy.
    pub standing: Standing,
    /// Why it could not be run.
    pub problem: Option<String>,
    /// The run that `crosscut backtest` makes of it; `None` for what no setting makes.
    pub run_id: Option<String>,
    /// What was changed as `--set` takes it.
    pub settings: Vec<String>,
    /// Each go-live criterion.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub verdicts: Vec<Verdict>,
}

/// The group of the strategy without stress.
pub const BASE: &str = "as it is";

/// The group of the same days in other orders.
pub const REORDERED: &str = "shuffled returns";

impl Row {
    /// A run's row; `base` is the strategy's own Sharpe ratio.
    pub fn of(group: &'static str, name: &str, outcome: &SetOutcome, base: Option<f64>) -> Self {
        let metric = |name: &str| outcome.metric(name);
        Self {
            n_trades: metric("n_trades"),
            ..Self::new(group, name, [metric("sharpe"), metric("total_return"), metric("max_drawdown")], base)
        }
    }

    /// The strategy without stress.
    pub fn base(outcome: &SetOutcome) -> Self {
        let row = Self::of(BASE, "", outcome, None);
        let standing = if row.standing == Standing::Loses { Standing::Loses } else { Standing::Holds };
        Self { standing, run_id: Some(outcome.run_id.clone()), ..row }
    }

    /// A row of Sharpe ratio, total return and maximum drawdown.
    fn new(
        group: &'static str,
        name: &str,
        [sharpe, total_return, max_drawdown]: [Option<f64>; 3],
        base: Option<f64>,
    ) -> Self {
        let weak = match (sharpe, base) {
            (Some(sharpe), Some(base)) => sharpe < 0.5 * base,
            (sharpe, _) => sharpe.is_none(),
        };
        let standing = match total_return {
            Some(total) if total > 0.0 && weak => Standing::Weak,
            Some(total) if total > 0.0 => Standing::Holds,
            _ => Standing::Loses,
        };
        let name = name.to_owned();
        Self {
            group,
            name,
            sharpe,
            total_return,
            max_drawdown,
            n_trades: None,
            standing,
            problem: None,
            run_id: None,
            settings: Vec::new(),
            verdicts: Vec::new(),
        }
    }

    /// Its numbers by the names of the dictionary, as far as it has them.
    pub fn numbers(&self) -> Vec<(&'static str, Option<f64>)> {
        if self.standing == Standing::NotRun {
            return Vec::new();
        }
        vec![("sharpe", self.sharpe), ("total_return", self.total_return), ("max_drawdown", self.max_drawdown)]
    }

    /// How many criteria are passed, and which are not, in words; empty without criteria.
    pub fn criteria(&self) -> String {
        told(&self.verdicts)
    }

    /// A row of returns that are a part of the strategy's own.
    fn of_returns(group: &'static str, name: &str, returns: &[f64], per_year: f64, base: Option<f64>) -> Self {
        let mut value = 1.0;
        let curve: Vec<f64> = std::iter::once(1.0)
            .chain(returns.iter().map(|r| {
                value *= 1.0 + r;
                value
            }))
            .collect();
        let sharpe = metrics::sharpe(returns, per_year, 0.0);
        Self::new(group, name, [sharpe, metrics::total_return(&curve), metrics::max_drawdown(&curve)], base)
    }

    /// The same days in other orders: what they earn stays, the drawdown is that of a bad order.
    pub fn of_orders(returns: &[f64], per_year: f64, drawn: &Reordered, base: Option<f64>) -> Option<Self> {
        let name = format!("the same days, the deepest 5 % of {} orders", drawn.n_draws);
        let row = Self::of_returns(REORDERED, &name, returns, per_year, base);
        Some(Self { max_drawdown: Some(drawn.lines?[0]), ..row })
    }

    /// A scenario that could not be run.
    pub fn not_run(group: &'static str, name: &str, problem: String) -> Self {
        let problem = Some(problem);
        Self { standing: Standing::NotRun, problem, ..Self::new(group, name, [None; 3], None) }
    }
}

/// What the order of days made of the curve: the same days in other orders.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reordered {
    /// Number of orders drawn.
    pub n_draws: usize,
    /// The drawdown as it was, negative.
    pub max_drawdown: Option<f64>,
    /// The 5, 50 and 95 % lines of the drawdown over all orders.
    pub lines: Option<[f64; 3]>,
    /// Share of orders with a deeper drawdown.
    pub deeper: f64,
}

/// Draws the days' returns in other orders.
pub fn reordered(returns: &[f64], n_draws: usize, seed: u64) -> Reordered {
    let depth = |returns: &[f64]| {
        let (mut value, mut peak, mut deepest) = (1.0f64, 1.0f64, 0.0f64);
        for r in returns {
            value *= 1.0 + r;
            peak = peak.max(value);
            deepest = deepest.min(value / peak - 1.0);
            if value <= 0.0 {
                break;
            }
        }
        deepest
    };
    let own = depth(returns);
    let mut random = Random::new(seed);
    let mut order = returns.to_vec();
    let draw = |_| {
        for last in (1..order.len()).rev() {
            order.swap(last, random.below(last + 1));
        }
        depth(&order)
    };
    let draws: Vec<f64> = (0..n_draws).map(draw).collect();
    Reordered {
        n_draws,
        max_drawdown: (!returns.is_empty()).then_some(own),
        lines: quantiles(draws.iter().copied(), [0.05, 0.5, 0.95]),
        deeper: draws.iter().filter(|depth| **depth < own).count() as f64 / n_draws.max(1) as f64,
    }
}
