//! Other libraries' conventions under their own names, so that a number can be compared with one known from there.
//!
//! Each preset is a list of that library's names with values by its formulas, annualised by the periods per year handed
//! in. The libraries' zeros and infinities for what is undefined are `None` here. Where a library looks at days, the
//! caller hands in values of days ([`Preset::looks_at_days`]).

mod backtesting_py;
mod lean;
mod quantstats;
mod returns;
mod vectorbt;

/// A library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// empyrical-reloaded 0.7.
    Empyrical,
    /// pyfolio-reloaded 0.10: `perf_stats`.
    Pyfolio,
    /// quantstats 0.0.86.
    Quantstats,
    /// backtesting.py 0.6.
    BacktestingPy,
    /// LEAN's portfolio statistics.
    Lean,
    /// vectorbt 1.2: `Portfolio.stats` and `returns_stats`.
    Vectorbt,
}

/// A closed trade as statistics see it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trade {
    /// Profit after costs, quote units.
    pub profit: f64,
    /// Profit over the value of the entry.
    pub return_: f64,
    /// From entry to exit, days.
    pub days: f64,
}

/// A run as presets see it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample<'a> {
    /// Equity, the capital first.
    pub equity: &'a [f64],
    /// The benchmark's value in the same rows; `None` without one.
    pub benchmark: Option<&'a [f64]>,
    /// Time of each row in days since the first.
    pub days: &'a [f64],
    /// Closed trades in order of closing.
    pub trades: &'a [Trade],
    /// Share of rows with a position.
    pub exposure: Option<f64>,
    /// Rows per year.
    pub periods_per_year: f64,
    /// Yearly risk-free rate.
    pub risk_free: f64,
}

/// One number of a preset.
#[derive(Debug, Clone, PartialEq)]
pub struct Number {
    /// Its name in the library.
    pub name: &'static str,
    /// Its value; `None` when undefined.
    pub value: Option<f64>,
    /// Whether periods per year are in it.
    pub is_annualised: bool,
    /// The formula.
    pub formula: &'static str,
}

/// A number that is not annualised.
const fn plain(name: &'static str, value: Option<f64>, formula: &'static str) -> Number {
    Number { name, value, is_annualised: false, formula }
}

/// A number with periods per year in it.
const fn yearly(name: &'static str, value: Option<f64>, formula: &'static str) -> Number {
    Number { name, value, is_annualised: true, formula }
}

impl Preset {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Empyrical, Self::Pyfolio, Self::Quantstats, Self::BacktestingPy, Self::Lean, Self::Vectorbt];

    /// The name it is asked for by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Empyrical => "empyrical",
            Self::Pyfolio => "pyfolio",
            Self::Quantstats => "quantstats",
            Self::BacktestingPy => "backtesting_py",
            Self::Lean => "lean",
            Self::Vectorbt => "vectorbt",
        }
    }

    /// Whether the library turns any run into returns of days first; else it takes the rows as they are.
    pub fn looks_at_days(self) -> bool {
        !matches!(self, Self::Vectorbt)
    }

    /// The library's numbers.
    pub fn numbers(self, sample: &Sample<'_>) -> Vec<Number> {
        let mut numbers = match self {
            Self::Empyrical => returns::empyrical(sample),
            Self::Pyfolio => returns::pyfolio(sample),
            Self::Quantstats => quantstats::numbers(sample),
            Self::BacktestingPy => backtesting_py::numbers(sample),
            Self::Lean => lean::numbers(sample),
            Self::Vectorbt => vectorbt::numbers(sample),
        };
        for number in &mut numbers {
            number.value = number.value.filter(|value| value.is_finite());
        }
        numbers
    }
}

impl Sample<'_> {
    /// Simple returns of the rows.
    fn returns(&self) -> Vec<f64> {
        super::returns(self.equity)
    }

    /// The benchmark's simple returns.
    fn benchmark_returns(&self) -> Option<Vec<f64>> {
        self.benchmark.map(super::returns)
    }

    /// Profits of the closed trades.
    fn profits(&self) -> Vec<f64> {
        self.trades.iter().map(|trade| trade.profit).collect()
    }

    /// Compound yearly growth by the count of periods: `(W_n / W_0)^(N / n) - 1`.
    fn annual_return(&self) -> Option<f64> {
        let n_periods = self.equity.len().checked_sub(1)?;
        super::cagr(self.equity, n_periods as f64 / self.periods_per_year)
    }
}
