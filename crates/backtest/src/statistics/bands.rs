//! What else a set's history could have been: bands around its curve and its figures from drawn histories.
//!
//! Drawn are groups of neighbouring periods (see [`super::condense`]); a group's returns count as one simple return, so
//! that drawdowns within a group are not seen.

use crosscut_kernels::bootstrap::quantiles;
use crosscut_kernels::metrics;
use rayon::prelude::*;
use serde::Serialize;

use super::resample::Resampling;

/// Points of the curve's band.
const POINTS: usize = 100;

/// Shares of drawn histories below the five lines of a band.
pub const SHARES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

/// Bands of one set.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bands {
    /// The set.
    pub set_idx: usize,
    /// The 5, 25, 50, 75 and 95 % lines of the annualised Sharpe ratio.
    pub sharpe: Option<[f64; 5]>,
    /// The same of the total return.
    pub total_return: Option<[f64; 5]>,
    /// The same of the maximum drawdown, negative.
    pub max_drawdown: Option<[f64; 5]>,
    /// Share of drawn histories that end with a loss.
    pub probability_of_loss: f64,
    /// Periods from the start of each point of the curve.
    pub period_idx: Vec<usize>,
    /// The five lines of the curve's value over its start at each point.
    pub curve: Vec<[f64; 5]>,
}

/// One drawn history.
struct Path {
    /// Annualised Sharpe ratio; NaN when undefined.
    sharpe: f64,
    /// Total return.
    total_return: f64,
    /// Maximum drawdown.
    max_drawdown: f64,
    /// Values at the points.
    points: Vec<f64>,
}

/// Bands of a set from the sums of its groups; `None` without draws or groups. `per_year` groups make a year, `periods` is
/// how many periods lie before the end of each group.
pub fn bands(set_idx: usize, sums: &[f64], resampling: &Resampling, per_year: f64, periods: &[usize]) -> Option<Bands> {
    if sums.is_empty() || resampling.n_draws == 0 {
        return None;
    }
    let n_points = sums.len().min(POINTS);
    let ends: Vec<usize> = (1..=n_points).map(|point| sums.len() * point / n_points - 1).collect();
    let draw = |draw: usize| path(sums, &resampling.blocks(draw, sums.len()), &ends, per_year);
    let paths: Vec<Path> = (0..resampling.n_draws).into_par_iter().map(draw).collect();
    let curve = (0..n_points).map(|point| lines(paths.iter().map(|path| path.points[point])));
    let curve: Vec<[f64; 5]> = curve.collect::<Option<_>>()?;
    let n_losses = paths.iter().filter(|path| path.total_return < 0.0).count();
    Some(Bands {
        set_idx,
        sharpe: lines(paths.iter().map(|path| path.sharpe)),
        total_return: lines(paths.iter().map(|path| path.total_return)),
        max_drawdown: lines(paths.iter().map(|path| path.max_drawdown)),
        probability_of_loss: n_losses as f64 / paths.len() as f64,
        period_idx: ends.iter().map(|&end| periods[end]).collect(),
        curve,
    })
}

/// A drawn history's figures.
fn path(sums: &[f64], blocks: &[(usize, usize)], ends: &[usize], per_year: f64) -> Path {
    let n = sums.len();
    let order = blocks.iter().flat_map(|&(start, length)| (start..start + length).map(move |idx| idx % n));
    let returns: Vec<f64> = order.map(|idx| sums[idx]).collect();
    let mut value = 1.0f64;
    let curve: Vec<f64> = std::iter::once(1.0)
        .chain(returns.iter().map(|r| {
            // Nothing is left to lose after ruin.
            value *= (1.0 + r).max(0.0);
            value
        }))
        .collect();
    Path {
        sharpe: metrics::sharpe(&returns, per_year, 0.0).unwrap_or(f64::NAN),
        total_return: value - 1.0,
        max_drawdown: metrics::max_drawdown(&curve).unwrap_or(f64::NAN),
        points: ends.iter().map(|end| curve[end + 1]).collect(),
    }
}

/// The values below which [`SHARES`] of finite values lie; `None` without any.
fn lines(values: impl Iterator<Item = f64>) -> Option<[f64; 5]> {
    quantiles(values, SHARES)
}
