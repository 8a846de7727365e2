//! What lies in the portfolios: the factor values of each.

use serde::Serialize;

use crate::matrix::Matrix;
use crate::section::{Moments, Sections};
use crate::summary::judged;

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
