//! Returns before and after a decision, by portfolio: what alphalens calls average cumulative returns around events.

use rayon::prelude::*;
use serde::Serialize;

use crate::schedule::NONE;
use crate::section::{Pass, Sections};
use crate::series::MeanStatistics;

/// Bars looked at before and after the bar that is traded in.
const REACH: (usize, usize) = (10, 15);

/// The path of a portfolio around decisions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Around {
    /// Number of the portfolio, 1 for the smallest factor values.
    pub quantile: usize,
    /// Bars of the factor from the one that is traded in.
    pub offsets: Vec<i64>,
    /// Price over that at entry less 1, less the mean of all names that take part: mean over the portfolio's names, then
    /// over the sampled times.
    pub mean: Vec<Option<f64>>,
    /// Its Newey-West error over the sampled times.
    pub error: Vec<Option<f64>>,
}

/// The paths of all portfolios, at some times.
pub fn around(pass: &Pass<'_>, sections: &Sections, times: &[usize]) -> Vec<Around> {
    let n_quantiles = pass.rules.n_quantiles;
    let offsets: Vec<i64> = (-(REACH.0 as i64)..=REACH.1 as i64).collect();
    let judged: Vec<usize> = times.iter().copied().filter(|t| !sections.rows[*t].outcomes.is_empty()).collect();
    let path = |&t: &usize| offsets.iter().flat_map(|offset| at(pass, sections, (t, *offset))).collect::<Vec<f64>>();
    let paths: Vec<Vec<f64>> = judged.par_iter().map(path).collect();
    let spacing = judged.windows(2).map(|pair| pair[1] - pair[0]).min().unwrap_or(1).max(1);
    let statistics = |quantile: usize, place: usize| {
        let overlap = (offsets[place].unsigned_abs() as usize).div_ceil(spacing).max(1);
        MeanStatistics::of(paths.iter().map(|path| path[place * n_quantiles + quantile]), overlap)
    };
    (0..n_quantiles)
        .map(|quantile| {
            let all: Vec<MeanStatistics> = (0..offsets.len()).map(|place| statistics(quantile, place)).collect();
            Around {
                quantile: quantile + 1,
                offsets: offsets.clone(),
                mean: all.iter().map(|one| one.mean).collect(),
                error: all.iter().map(|one| one.error).collect(),
            }
        })
        .collect()
}

/// Each portfolio at an offset from the entry decided at `t`, less the mean of all names; NaN where there is no price.
fn at(pass: &Pass<'_>, sections: &Sections, (t, offset): (usize, i64)) -> Vec<f64> {
    let n_quantiles = pass.rules.n_quantiles;
    let entry = &pass.schedule.entry;
    let other = (t as i64 + offset).try_into().ok().and_then(|at: usize| entry.get(at)).copied().unwrap_or(NONE);
    if entry[t] == NONE || other == NONE {
        return vec![f64::NAN; n_quantiles];
    }
    let (from, to) = (pass.market.prices.row(entry[t] as usize), pass.market.prices.row(other as usize));
    let mut sums = vec![(0.0, 0.0); n_quantiles + 1];
    for (name, &quantile) in sections.quantiles.row(t).iter().enumerate().filter(|(_, quantile)| **quantile > 0) {
        let change = to[name] / from[name] - 1.0;
        if change.is_finite() {
            for place in [0, usize::from(quantile)] {
                sums[place].0 += 1.0;
                sums[place].1 += change;
            }
        }
    }
    let mean = |(n, sum): &(f64, f64)| if *n > 0.0 { sum / n } else { f64::NAN };
    let all = mean(&sums[0]);
    sums[1..].iter().map(|sum| mean(sum) - all).collect()
}
