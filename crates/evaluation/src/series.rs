//! Statistics of series over judged times, as they stand in tables and documents. Undefined is `None`.

use crosscut_kernels::bootstrap::{Bootstrap, automatic_block};
use crosscut_kernels::inference::{MeanTest, default_lags, mean_test};
use crosscut_kernels::metrics::probability::shape;
use crosscut_kernels::metrics::{deviation, mean};
use serde::Serialize;

/// The mean of a series over time, and how far it can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct MeanStatistics {
    /// Number of times.
    pub n: usize,
    /// Arithmetic mean.
    pub mean: Option<f64>,
    /// Sample deviation.
    pub deviation: Option<f64>,
    /// Mean over deviation, not annualised.
    pub ratio: Option<f64>,
    /// Deviation over the root of the number: the error if neighbours were independent.
    pub plain_error: Option<f64>,
    /// Newey-West standard error of the mean.
    pub error: Option<f64>,
    /// Mean over error.
    pub t: Option<f64>,
    /// Two-sided probability under a true mean of 0, normal distribution.
    pub p: Option<f64>,
    /// Lags of the error.
    pub lags: usize,
    /// Share of times above 0.
    pub share_positive: Option<f64>,
    /// Block-bootstrap band of the mean, 95 %, studentised; `None` where none was drawn, or there are too few values.
    pub band: Option<(f64, f64)>,
}

/// The shape of a distribution, from central moments with ddof 0.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Shape {
    /// Skewness.
    pub skewness: Option<f64>,
    /// Excess kurtosis, 0 for a normal distribution.
    pub kurtosis: Option<f64>,
}

impl Shape {
    /// Of the finite values of a series.
    pub fn of(values: impl Iterator<Item = f64>) -> Self {
        let finite: Vec<f64> = values.filter(|value| value.is_finite()).collect();
        // Values that differ by rounding alone have no shape.
        let largest = finite.iter().fold(0.0f64, |most, value| value.abs().max(most));
        let shape = deviation(&finite).filter(|deviation| *deviation > 1e-13 * largest).and_then(|_| shape(&finite));
        Self { skewness: shape.map(|(skewness, _)| skewness), kurtosis: shape.map(|(_, kurtosis)| kurtosis - 3.0) }
    }
}

/// The lags for returns that overlap over `bars` bars: twice as many as overlap, as Bartlett's weights see only two thirds
/// of the variance with as many; just as many where the double is more than a fifth of the values, which leaves too few
/// pairs; at least Newey and West's rule.
pub fn lags_for(n: usize, bars: usize) -> usize {
    let overlap = bars.saturating_sub(1);
    let wide = if 10 * overlap <= n { 2 * overlap } else { overlap };
    default_lags(n).max(wide)
}

impl MeanStatistics {
    /// Of the finite values of a series whose neighbours overlap over `bars` bars.
    pub fn of(values: impl Iterator<Item = f64>, bars: usize) -> Self {
        let finite: Vec<f64> = values.filter(|value| value.is_finite()).collect();
        Self::of_finite(&finite, bars)
    }

    /// Of finite values.
    pub fn of_finite(finite: &[f64], bars: usize) -> Self {
        let n = finite.len();
        let lags = lags_for(n, bars);
        let test = mean_test(finite, lags);
        let (mean, deviation) = (mean(finite), deviation(finite));
        let positive = finite.iter().filter(|value| **value > 0.0).count();
        Self {
            n,
            mean,
            deviation,
            ratio: test.and(mean).zip(deviation).map(|(mean, deviation)| mean / deviation),
            plain_error: deviation.map(|deviation| deviation / (n as f64).sqrt()),
            error: test.map(|test| test.error),
            t: test.map(|test| test.t),
            p: test.as_ref().map(MeanTest::p),
            lags: test.map_or(lags, |test| test.lags),
            share_positive: (n > 0).then(|| positive as f64 / n as f64),
            band: None,
        }
    }

    /// The same with a bootstrap band of the mean, for neighbours that overlap over `bars` bars.
    pub fn with_band(mut self, finite: &[f64], bars: usize, (n_draws, seed): (usize, u64)) -> Self {
        if n_draws > 0 && self.t.is_some() {
            let bootstrap = Bootstrap { n_draws, block: band_block(finite, bars), seed };
            self.band = bootstrap.studentised(finite, 0.025, 0.975);
        }
        self
    }
}

/// The block length of bands: twice the best for a variance, by the overlap ([`block_length`]) or by the series' own
/// autocorrelations where these ask for more, at most a quarter of the values. Twice, as bands hold the truth too rarely
/// when blocks cut what belongs together, while their being few is allowed for by the draws' own errors; measured in
/// `docs/validation/evaluation.md`.
pub fn band_block(finite: &[f64], bars: usize) -> usize {
    let n = finite.len();
    (2 * block_length(n, bars).max(automatic_block(finite))).min(n / 4).max(1)
}

/// The block length of the bootstrap of tests: `(2 G^2 / D)^(1/3) n^(1/3)`, the best for the variance of a mean (Politis and White,
/// "Automatic block-length selection for the dependent bootstrap", Econometric Reviews 23, 2004), where `bars`
/// overlapping returns have autocorrelations that fall in a line, `G = bars^2 / 3` and `D = 4/3 bars^2`; at least twice
/// the overlap and the cube root of the number of values.
pub fn block_length(n: usize, bars: usize) -> usize {
    let overlap = (bars * bars) as f64 / 6.0;
    (libm::cbrt(n as f64 * overlap.max(1.0)).ceil() as usize).max(2 * bars).clamp(1, n.max(1))
}
