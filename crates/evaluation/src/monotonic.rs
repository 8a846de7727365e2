//! Whether returns rise steadily from the lowest to the highest portfolio.

use crosscut_kernels::bootstrap::Bootstrap;
use crosscut_kernels::ranks::{Ranker, rank_correlation};
use serde::Serialize;

use crate::section::Moments;
use crate::series::MeanStatistics;

/// Tests of a steady rise.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Monotonicity {
    /// Rank correlation of the portfolios' numbers with their mean returns over time.
    pub rank_correlation: Option<f64>,
    /// Slope of the portfolios' returns on their numbers, from one portfolio to the next, over times.
    pub slope: MeanStatistics,
    /// Smallest rise from one portfolio to the next.
    pub smallest_rise: Option<f64>,
    /// Probability of a smallest rise at least this large when returns do not rise (Patton and Timmermann, "Monotonicity
    /// in asset returns", Journal of Financial Economics 98, 2010), by the block bootstrap; `None` without draws.
    pub p_rise: Option<f64>,
    /// The same for a steady fall.
    pub p_fall: Option<f64>,
}

/// The tests for portfolios' returns over time; times at which a portfolio is empty do not count.
pub fn monotonicity<'a>(
    times: impl Iterator<Item = &'a [Moments]>,
    bootstrap: impl Fn(usize) -> Bootstrap,
    bars: usize,
) -> Monotonicity {
    let complete: Vec<&[Moments]> = times.filter(|row| row.iter().all(|moments| moments.n > 0.0)).collect();
    let Some(n_quantiles) = complete.first().map(|row| row.len()) else { return Monotonicity::default() };
    let rises: Vec<Vec<f64>> =
        (1..n_quantiles).map(|q| complete.iter().map(|row| row[q].mean - row[q - 1].mean).collect()).collect();
    let n = complete.len() as f64;
    let means: Vec<f64> = (0..n_quantiles).map(|q| complete.iter().map(|row| row[q].mean).sum::<f64>() / n).collect();
    let middle = (n_quantiles as f64 - 1.0) / 2.0;
    let squares: f64 = (0..n_quantiles).map(|q| (q as f64 - middle) * (q as f64 - middle)).sum();
    let slope = |row: &&[Moments]| {
        row.iter().enumerate().map(|(q, moments)| (q as f64 - middle) * moments.mean).sum::<f64>() / squares
    };
    let mut ranks = Vec::new();
    Ranker::default().rank(&means, &mut ranks);
    let numbers: Vec<u32> = (1..=n_quantiles as u32).map(|q| 2 * q).collect();
    let mean_rises: Vec<f64> = means.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let draws = bootstrap(complete.len());
    let series: Vec<&[f64]> = rises.iter().map(Vec::as_slice).collect();
    let drawn = if draws.n_draws > 0 && complete.len() > 1 { draws.means(&series) } else { Vec::new() };
    let p = |sign: f64| {
        let least = mean_rises.iter().map(|rise| sign * rise).fold(f64::INFINITY, f64::min);
        let under_none = |draw: &&Vec<f64>| {
            let centred = draw.iter().zip(&mean_rises).map(|(drawn, rise)| sign * (drawn - rise));
            centred.fold(f64::INFINITY, f64::min) >= least
        };
        (!drawn.is_empty()).then(|| drawn.iter().filter(under_none).count() as f64 / drawn.len() as f64)
    };
    Monotonicity {
        rank_correlation: rank_correlation(&numbers, &ranks),
        slope: MeanStatistics::of(complete.iter().map(slope), bars),
        smallest_rise: mean_rises.iter().copied().reduce(f64::min),
        p_rise: p(1.0),
        p_fall: p(-1.0),
    }
}
