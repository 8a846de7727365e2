//! How many trials a sweep was, and which Sharpe ratio its best set shows by chance.
//!
//! Bailey and Lopez de Prado, "The Deflated Sharpe Ratio", Journal of Portfolio Management 40, 2014: the best of N
//! independent worthless trials is expected at `sqrt(V) E[max of N]`, V the variance of the trials' ratios. Sets that move
//! together are fewer trials than they are sets: `N = rho + (1 - rho) M` of M sets with the mean correlation rho (their
//! appendix 3). The number that eigenvalues give, `(sum of them)^2 / sum of their squares` (Bretherton and others, Journal
//! of Climate 12, 1999), is told beside it and not used: a common factor of all sets is out of V already, so that taking it
//! out of N as well sets the bar too low.

use crosscut_kernels::metrics::{deviation, expected_max_sharpe};
use rayon::prelude::*;
use serde::Serialize;

use super::condense::Condensed;
use super::sharpe::product;

/// Values per set from which eigenvalues are taken: more would cost more than the number is worth.
const EIGEN_VALUES: usize = 256;

/// A sweep as a number of trials.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trials {
    /// Number of sets.
    pub n_sets: usize,
    /// Sets without a Sharpe ratio: their returns do not vary, or some are missing. They are trials all the same.
    pub n_undefined: usize,
    /// Mean correlation between the returns of different sets.
    pub mean_correlation: Option<f64>,
    /// `rho + (1 - rho) M`: the number the deflation takes, at least 1.
    pub n_effective: f64,
    /// The number by eigenvalues, for comparison.
    pub n_effective_eigen: Option<f64>,
    /// Mean of the sets' Sharpe ratios, annualised.
    pub sharpe_mean: Option<f64>,
    /// Standard deviation of the sets' Sharpe ratios, annualised.
    pub sharpe_deviation: Option<f64>,
    /// The Sharpe ratio expected of the best set by chance, annualised: what the deflated ratio is measured against.
    pub sharpe_threshold: Option<f64>,
}

/// The trials that sets were; `per_year` periods make a year.
pub fn trials(sets: &[&Condensed], per_year: f64) -> Trials {
    let ratios: Vec<f64> = sets.iter().filter_map(|set| set.sharpe()).collect();
    let standard: Vec<Vec<f64>> = sets.par_iter().filter_map(|set| standardised(&set.group_sums)).collect();
    let mean_correlation = mean_correlation(&standard);
    let n_effective = effective(sets.len(), mean_correlation);
    let spread = deviation(&ratios);
    let annual = per_year.sqrt();
    let threshold = match (spread, n_effective) {
        (_, n) if n <= 1.0 => Some(0.0),
        (Some(spread), n) => expected_max_sharpe(n.round() as u64, spread),
        (None, _) => None,
    };
    Trials {
        n_sets: sets.len(),
        n_undefined: sets.len() - ratios.len(),
        mean_correlation,
        n_effective,
        n_effective_eigen: effective_by_eigenvalues(&standard),
        sharpe_mean: crosscut_kernels::metrics::mean(&ratios).map(|mean| mean * annual),
        sharpe_deviation: spread.map(|spread| spread * annual),
        sharpe_threshold: threshold.map(|threshold| threshold * annual),
    }
}

/// `rho + (1 - rho) M`, between 1 and M; M when nothing is known of their correlation.
pub fn effective(n_sets: usize, mean_correlation: Option<f64>) -> f64 {
    let n = n_sets.max(1) as f64;
    mean_correlation.map_or(n, |rho| (rho + (1.0 - rho) * n).clamp(1.0, n))
}

/// Values less their mean, over the root of the sum of their squares; `None` when they do not vary.
fn standardised(values: &[f64]) -> Option<Vec<f64>> {
    let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
    let away: Vec<f64> = values.iter().map(|value| value - mean).collect();
    let norm = product(&away, &away).sqrt();
    let largest = values.iter().fold(0.0f64, |most, value| most.max(value.abs()));
    let varies = norm > 1e-14 * largest * (values.len() as f64).sqrt();
    (varies && norm.is_finite()).then(|| away.into_iter().map(|value| value / norm).collect())
}

/// The mean of all correlations between different series, from the length of the sum of all of them; `None` below two.
fn mean_correlation(standard: &[Vec<f64>]) -> Option<f64> {
    let n = standard.len();
    if n < 2 {
        return None;
    }
    let mut total = vec![0.0; standard[0].len()];
    for series in standard {
        for (total, value) in total.iter_mut().zip(series) {
            *total += value;
        }
    }
    let all = product(&total, &total);
    Some((all - n as f64) / (n * (n - 1)) as f64)
}

/// `n^2` over the sum of all squared correlations, less what those of independent series of this length add up to.
fn effective_by_eigenvalues(standard: &[Vec<f64>]) -> Option<f64> {
    let n = standard.len() as f64;
    let coarse: Vec<Vec<f64>> = standard.par_iter().filter_map(|series| standardised(&coarser(series))).collect();
    let length = coarse.first()?.len();
    if coarse.len() != standard.len() || length < 3 {
        return None;
    }
    // The squares of the correlations of sets add up to those of the products of times: the smaller table of the two.
    let times: Vec<Vec<f64>> = (0..length).map(|time| coarse.iter().map(|series| series[time]).collect()).collect();
    let rows = if coarse.len() <= length { &coarse } else { &times };
    let row = |at: usize| -> f64 {
        let off: f64 = rows[..at].iter().map(|other| product(&rows[at], other)).map(|dot| 2.0 * dot * dot).sum();
        let own = product(&rows[at], &rows[at]);
        off + own * own
    };
    let squares: Vec<f64> = (0..rows.len()).into_par_iter().map(row).collect();
    let by_chance = n * (n - 1.0) / (length as f64 - 1.0);
    let above = (squares.iter().sum::<f64>() - n - by_chance).max(0.0);
    Some(n * n / (n + above))
}

/// Sums of neighbours, so that at most [`EIGEN_VALUES`] are left.
fn coarser(values: &[f64]) -> Vec<f64> {
    let n_parts = values.len().min(EIGEN_VALUES);
    (0..n_parts).map(|idx| values[super::condense::part(values.len(), n_parts, idx)].iter().sum()).collect()
}
