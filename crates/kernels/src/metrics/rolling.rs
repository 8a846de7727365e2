//! Metrics over a moving window of periods, at chosen positions: each value is computed from its own window, so that it is
//! the same bits wherever the series begins and whichever positions are asked for.
//!
//! The value at position `i` looks at returns `i + 1 - window ..= i`; NaN where the window is not full or the metric is
//! undefined in it.

use super::{deviation, regression, sharpe, volatility};

/// Windows of one length over a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Windows {
    /// Periods, at least 2.
    pub length: usize,
    /// Periods per year.
    pub periods_per_year: f64,
}

impl Windows {
    /// The window that ends at a position.
    fn of<'a>(&self, values: &'a [f64], position: usize) -> Option<&'a [f64]> {
        values.get((position + 1).checked_sub(self.length)?..position + 1)
    }

    /// One value per position.
    fn each(&self, positions: &[usize], value: impl Fn(usize) -> Option<f64>) -> Vec<f64> {
        positions.iter().map(|&position| value(position).unwrap_or(f64::NAN)).collect()
    }

    /// Annual volatility of each window.
    pub fn volatility(&self, returns: &[f64], positions: &[usize]) -> Vec<f64> {
        self.each(positions, |at| volatility(self.of(returns, at)?, self.periods_per_year))
    }

    /// Sharpe ratio of each window, risk-free rate 0.
    pub fn sharpe(&self, returns: &[f64], positions: &[usize]) -> Vec<f64> {
        self.each(positions, |at| sharpe(self.of(returns, at)?, self.periods_per_year, 0.0))
    }

    /// Slope on the benchmark's returns of each window.
    pub fn beta(&self, returns: &[f64], benchmark: &[f64], positions: &[usize]) -> Vec<f64> {
        self.each(positions, |at| {
            let (own, other) = (self.of(returns, at)?, self.of(benchmark, at)?);
            deviation(own)?;
            regression(own, other, self.periods_per_year).map(|fit| fit.beta)
        })
    }

    /// The deepest fall below the highest value so far inside each window of equity.
    pub fn drawdown(&self, equity: &[f64], positions: &[usize]) -> Vec<f64> {
        self.each(positions, |at| super::max_drawdown(self.of(equity, at)?))
    }
}
