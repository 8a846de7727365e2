//! Moments and autocorrelations of one set's returns.

use crosscut_kernels::inference::default_lags;

use super::condense::LANES;

/// A deviation this small beside the largest return is rounding: the returns are all the same.
const NOTHING: f64 = 1e-14;

/// Lags at which autocorrelations are taken at least: those of months in a year.
const LAGS_LEAST: usize = 11;

/// Mean, deviation and shape of returns.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Moments {
    /// Number of returns.
    pub n: usize,
    /// Arithmetic mean.
    pub mean: f64,
    /// Sample deviation (ddof 1); 0 when the returns do not vary.
    pub deviation: f64,
    /// `m3 / m2^1.5`; 0 when they do not vary.
    pub skewness: f64,
    /// Raw kurtosis `m4 / m2^2`; 0 when they do not vary.
    pub kurtosis: f64,
}

impl Moments {
    /// Moments of finite returns around their mean.
    pub(super) fn new(returns: &[f64], mean: f64) -> Self {
        let n = returns.len();
        let flat = Self { n, mean, ..Self::default() };
        if n < 2 {
            return flat;
        }
        let mut sums = [[0.0; LANES]; 3];
        let mut largest = [0.0f64; LANES];
        let mut add = |lane: usize, value: f64| {
            let distance = value - mean;
            let square = distance * distance;
            sums[0][lane] += square;
            sums[1][lane] += square * distance;
            sums[2][lane] += square * square;
            largest[lane] = largest[lane].max(value.abs());
        };
        let mut chunks = returns.chunks_exact(LANES);
        for chunk in chunks.by_ref() {
            for (lane, value) in chunk.iter().enumerate() {
                add(lane, *value);
            }
        }
        for (lane, value) in chunks.remainder().iter().enumerate() {
            add(lane, *value);
        }
        let [second, third, fourth] = sums.map(|sums| sums.iter().sum::<f64>() / n as f64);
        let deviation = (second * n as f64 / (n - 1) as f64).sqrt();
        if deviation <= NOTHING * largest.into_iter().fold(0.0, f64::max) {
            return flat;
        }
        Self { deviation, skewness: third / (second * second.sqrt()), kurtosis: fourth / (second * second), ..flat }
    }

    /// Mean over deviation, per period; `None` when the returns do not vary.
    pub fn sharpe(&self) -> Option<f64> {
        (self.deviation > 0.0).then(|| self.mean / self.deviation).filter(|sharpe| sharpe.is_finite())
    }

    /// Skewness and raw kurtosis.
    pub fn shape(&self) -> (f64, f64) {
        (self.skewness, self.kurtosis)
    }
}

/// Autocorrelations at lags 1, 2, .. of finite returns: as many as a year has when that is at most twelve periods, else as
/// many as Newey and West take, `floor(4 (n / 100)^(2/9))`, and never fewer than 11. More of them are noise: of hourly
/// returns Lo's formula would ask for 8,759. Empty when the returns do not vary.
pub(super) fn autocorrelations(returns: &[f64], mean: f64, per_year: f64) -> Vec<f64> {
    let n = returns.len();
    let in_a_year = (per_year.ceil() as usize).saturating_sub(1);
    let n_lags = default_lags(n).max(LAGS_LEAST).min(in_a_year).min(n.saturating_sub(1));
    let distances: Vec<f64> = returns.iter().map(|value| value - mean).collect();
    let own = product(&distances, &distances);
    if own == 0.0 {
        return Vec::new();
    }
    (1..=n_lags).map(|lag| product(&distances[lag..], &distances) / own).collect()
}

/// The sum of the products of two series, as far as the first reaches.
pub(super) fn product(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let b = &b[..a.len()];
    let (mut left, mut right) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    for (a, b) in left.by_ref().zip(right.by_ref()) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    for (lane, (a, b)) in left.remainder().iter().zip(right.remainder()).enumerate() {
        sums[lane] += a * b;
    }
    sums.iter().sum()
}
