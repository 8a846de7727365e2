//! Several strategies on equal terms: the same dates, the same costs, and what of their differences is more than chance.
//!
//! Each strategy's daily returns are cut to the days that all have. The differences of each to the first are tested by
//! drawing days in blocks for both together (Politis and Romano's stationary bootstrap, block length by Politis and White):
//! what both owe to the market cancels.

use crosscut_kernels::bootstrap::quantiles;
use crosscut_kernels::metrics;
use serde::Serialize;

use super::regimes::days_per_year;
use crate::statistics::{BlockKind, Resampling, block_length};
use crate::sweep::Sampled;

/// A strategy against the first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pair {
    /// Its name.
    pub name: String,
    /// Its annualised Sharpe ratio less the first's.
    pub sharpe_difference: Option<f64>,
    /// The 2.5 and 97.5 % lines of that difference.
    pub sharpe_lines: Option<[f64; 2]>,
    /// Its mean return a year less the first's.
    pub mean_difference: f64,
    /// The 2.5 and 97.5 % lines of that difference.
    pub mean_lines: Option<[f64; 2]>,
    /// The chance of a difference of means this large, either way, were there none.
    pub p: f64,
    /// Correlation of their daily returns.
    pub correlation: Option<f64>,
}

/// Strategies side by side.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Contest {
    /// First and last common day, microseconds UTC; `None` without one.
    pub days: Option<(i64, i64)>,
    /// Number of common days.
    pub n_days: usize,
    /// All but the first against the first.
    pub pairs: Vec<Pair>,
}

/// Compares curves by UTC days, each with its capital; `draws` and `seed` are those of the bootstrap.
pub fn contest(curves: &[(String, Sampled, f64)], draws: usize, seed: u64) -> Contest {
    let mut common: Vec<i64> = curves.first().map_or(Vec::new(), |(_, curve, _)| curve.labels.to_vec());
    common.retain(|day| curves.iter().all(|(_, curve, _)| curve.labels.binary_search(day).is_ok()));
    let per_year = days_per_year(&common);
    let returns: Vec<Vec<f64>> = curves.iter().map(|(_, curve, capital)| on_days(curve, *capital, &common)).collect();
    let pair = |at: usize| {
        let pair = Both { first: &returns[0], second: &returns[at], per_year };
        pair.compare(&curves[at].0, draws, seed)
    };
    Contest {
        days: common.first().copied().zip(common.last().copied()),
        n_days: common.len(),
        pairs: if common.len() < 2 { Vec::new() } else { (1..curves.len()).map(pair).collect() },
    }
}

/// A curve's returns on some of its days, NaN after ruin.
fn on_days(curve: &Sampled, capital: f64, days: &[i64]) -> Vec<f64> {
    let returns = curve.returns(capital);
    days.iter().filter_map(|day| curve.labels.binary_search(day).ok()).map(|at| returns[at]).collect()
}

/// Two strategies' returns on the same days.
struct Both<'a> {
    /// The first's.
    first: &'a [f64],
    /// The other's.
    second: &'a [f64],
    /// Days of a year.
    per_year: f64,
}

impl Both<'_> {
    /// Compares them.
    fn compare(&self, name: &str, draws: usize, seed: u64) -> Pair {
        let n = self.first.len();
        // An account that is gone rests: what it missed counts, and it has no ratio.
        let rests = |r: &f64| if r.is_nan() { 0.0 } else { *r };
        let apart: Vec<f64> =
            self.second.iter().zip(self.first).map(|(second, first)| rests(second) - rests(first)).collect();
        let sharpe_difference = self.ratio(self.second).zip(self.ratio(self.first)).map(|(b, a)| b - a);
        let mean = metrics::mean(&apart).unwrap_or(f64::NAN) * self.per_year;
        let block = block_length(&apart).stationary;
        let resampling = Resampling { kind: BlockKind::Stationary, block, n_draws: draws, seed };
        let (mut means, mut ratios, mut n_beyond) = (Vec::new(), Vec::new(), 0);
        for draw in 0..draws {
            let blocks = resampling.blocks(draw, n);
            let rows: Vec<usize> =
                blocks.iter().flat_map(|&(from, length)| (from..from + length).map(|at| at % n)).collect();
            let drawn = rows.iter().map(|&row| apart[row]).sum::<f64>() / n as f64 * self.per_year;
            n_beyond += usize::from((drawn - mean).abs() >= mean.abs());
            means.push(drawn);
            if sharpe_difference.is_none() {
                continue;
            }
            let of = |returns: &[f64]| rows.iter().map(|&row| returns[row]).collect::<Vec<f64>>();
            ratios.extend(self.ratio(&of(self.second)).zip(self.ratio(&of(self.first))).map(|(b, a)| b - a));
        }
        Pair {
            name: name.to_owned(),
            sharpe_difference,
            sharpe_lines: quantiles(ratios.into_iter(), [0.025, 0.975]),
            mean_difference: mean,
            mean_lines: quantiles(means.into_iter(), [0.025, 0.975]),
            p: n_beyond as f64 / draws.max(1) as f64,
            correlation: metrics::regression(self.second, self.first, 1.0).and_then(|line| line.correlation),
        }
    }

    /// An annualised Sharpe ratio.
    fn ratio(&self, returns: &[f64]) -> Option<f64> {
        metrics::sharpe(returns, self.per_year, 0.0)
    }
}
