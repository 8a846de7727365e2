//! What lies in the portfolios: the factor values of each, and the returns of each within groups.

use serde::Serialize;

use crate::matrix::Matrix;
use crate::section::{Moments, Pass, Sections};
use crate::summary::{finite_mean, judged};

/// The factor values of a portfolio.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Values {
    /// Number of the portfolio, 1 for the smallest factor values.
    pub quantile: usize,
    /// Number of values.
    pub n: u64,
    /// Share of all values that take part.
    pub share: Option<f64>,
    /// Smallest value.
    pub min: Option<f64>,
    /// Largest value.
    pub max: Option<f64>,
    /// Mean.
    pub mean: Option<f64>,
    /// Sample deviation.
    pub deviation: Option<f64>,
}

/// Mean returns of a group's names by portfolio.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupReturns {
    /// The group.
    pub group: String,
    /// For each horizon and portfolio the mean over the sampled times of the mean return of the group's names in it, less
    /// the mean of all names.
    pub returns: Vec<Vec<Option<f64>>>,
}

/// The factor values of each portfolio over all judged times.
pub fn values(sections: &Sections, factor: &Matrix, n_quantiles: usize) -> Vec<Values> {
    let mut all = vec![(Moments::default(), f64::INFINITY, f64::NEG_INFINITY); n_quantiles];
    for (t, _) in judged(sections) {
        for (&quantile, &value) in sections.quantiles.row(t).iter().zip(factor.row(t)).filter(|(q, _)| **q > 0) {
            let (moments, low, high) = &mut all[usize::from(quantile) - 1];
            moments.add(&Moments { n: 1.0, mean: value, squares: 0.0 });
            *low = low.min(value);
            *high = high.max(value);
        }
    }
    let total: f64 = all.iter().map(|(moments, ..)| moments.n).sum();
    let values = |(at, (moments, low, high)): (usize, &(Moments, f64, f64))| Values {
        quantile: at + 1,
        n: moments.n as u64,
        share: (total > 0.0).then(|| moments.n / total),
        min: Some(*low).filter(|low| low.is_finite()),
        max: Some(*high).filter(|high| high.is_finite()),
        mean: moments.defined_mean(),
        deviation: moments.error().map(|error| error * moments.n.sqrt()),
    };
    all.iter().enumerate().map(values).collect()
}

/// The returns of groups by portfolio; `label` gives the group of a name at a time.
pub fn group_returns(
    pass: &Pass<'_>,
    sections: &Sections,
    (names, times): (&[String], &[usize]),
    label: impl Fn(usize, usize) -> Option<usize>,
) -> Vec<GroupReturns> {
    let (n_quantiles, n_horizons) = (pass.rules.n_quantiles, pass.schedule.bars.len());
    let places = names.len() * n_quantiles;
    let mut means: Vec<Vec<f64>> = vec![Vec::new(); n_horizons * places];
    let mut returns = Vec::new();
    for &t in times.iter().filter(|t| !sections.rows[**t].outcomes.is_empty()) {
        let members: Vec<u32> = (0..sections.quantiles.width() as u32)
            .filter(|name| sections.quantiles.at(t, *name as usize) > 0)
            .collect();
        for h in 0..n_horizons {
            pass.market.returns(pass.schedule, (h, t), &members, &mut returns);
            let mut sums = vec![(0.0, 0.0); places];
            for (&name, value) in members.iter().zip(&returns).filter(|(_, value)| value.is_finite()) {
                if let Some(group) = label(t, name as usize) {
                    let quantile = usize::from(sections.quantiles.at(t, name as usize)) - 1;
                    let sum = &mut sums[group * n_quantiles + quantile];
                    *sum = (sum.0 + 1.0, sum.1 + value);
                }
            }
            let market = sections.rows[t].outcomes[h].market;
            for (place, (n, sum)) in sums.into_iter().enumerate().filter(|(_, (n, _))| *n > 0.0) {
                means[h * places + place].push(sum / n - market);
            }
        }
    }
    let mean = |h: usize, group: usize, quantile: usize| {
        finite_mean(means[h * places + group * n_quantiles + quantile].iter().copied())
    };
    let of_horizon = |h: usize, group: usize| (0..n_quantiles).map(|quantile| mean(h, group, quantile)).collect();
    let of_group = |(group, name): (usize, &String)| GroupReturns {
        group: name.clone(),
        returns: (0..n_horizons).map(|h| of_horizon(h, group)).collect(),
    };
    names.iter().enumerate().map(of_group).collect()
}
