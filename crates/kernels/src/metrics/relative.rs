//! Metrics against a benchmark, on returns of the same periods. Slices of different lengths are undefined.

mod summary;

pub use summary::{RelativeSummary, summary};

use super::{NOTHING, defined, deviation, largest, mean, regression};

/// Returns above the benchmark's, period by period.
pub fn active(returns: &[f64], benchmark: &[f64]) -> Option<Vec<f64>> {
    (returns.len() == benchmark.len()).then(|| returns.iter().zip(benchmark).map(|(r, b)| r - b).collect())
}

/// Tracking error `std(r - b) * sqrt(N)`.
pub fn tracking_error(returns: &[f64], benchmark: &[f64], periods_per_year: f64) -> Option<f64> {
    defined(deviation(&active(returns, benchmark)?)? * periods_per_year.sqrt())
}

/// Information ratio `mean(r - b) / std(r - b) * sqrt(N)` (Goodwin 1998); undefined when the difference does not vary.
pub fn information_ratio(returns: &[f64], benchmark: &[f64], periods_per_year: f64) -> Option<f64> {
    let active = active(returns, benchmark)?;
    let spread = deviation(&active)?;
    let is_constant = spread <= NOTHING * largest(&active);
    if is_constant { None } else { defined(mean(&active)? / spread * periods_per_year.sqrt()) }
}

/// Which periods a capture ratio looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Market {
    /// Those in which the benchmark rose.
    Up,
    /// Those in which it fell.
    Down,
}

/// Capture ratio: compound growth of the returns over that of the benchmark, in the periods in which the benchmark rose
/// (or fell), each growth per `periods`: 1 is growth per period, as Morningstar has it; `N` annualises both, as
/// empyrical does. Undefined without such a period, or when the benchmark's growth is 0.
pub fn capture(returns: &[f64], benchmark: &[f64], market: Market, periods: f64) -> Option<f64> {
    if returns.len() != benchmark.len() || benchmark.iter().any(|b| b.is_nan()) {
        return None;
    }
    let is_within = |b: f64| if market == Market::Up { b > 0.0 } else { b < 0.0 };
    let pairs = || returns.iter().zip(benchmark).filter(|(_, b)| is_within(**b));
    let own = growth(pairs().map(|(r, _)| *r), periods)?;
    let other = growth(pairs().map(|(_, b)| *b), periods)?;
    captured(own, other)
}

/// One growth over another.
fn captured(own: f64, other: f64) -> Option<f64> {
    if other == 0.0 { None } else { defined(own / other) }
}

/// Compound growth `(prod(1 + r))^(periods / n) - 1`; undefined for no return or when all is lost.
pub fn growth(returns: impl Iterator<Item = f64>, periods: f64) -> Option<f64> {
    let (mut product, mut n) = (1.0, 0.0);
    for value in returns {
        product *= 1.0 + value;
        n += 1.0;
    }
    growth_of(product, n, periods)
}

/// [`growth`] of `n` returns that have multiplied what there was by `product`.
fn growth_of(product: f64, n: f64, periods: f64) -> Option<f64> {
    if n == 0.0 || product <= 0.0 || product.is_nan() { None } else { defined(libm::pow(product, periods / n) - 1.0) }
}

/// Treynor ratio: `annual / beta`, the yearly return over the slope on the benchmark; undefined at a slope of 0.
pub fn treynor(annual: Option<f64>, beta: Option<f64>) -> Option<f64> {
    let (annual, beta) = (annual?, beta?);
    if beta == 0.0 { None } else { defined(annual / beta) }
}

/// Share of the variance that the benchmark explains: the square of the correlation.
pub fn r_squared(returns: &[f64], benchmark: &[f64]) -> Option<f64> {
    let correlation = regression(returns, benchmark, 1.0)?.correlation?;
    defined(correlation * correlation)
}
