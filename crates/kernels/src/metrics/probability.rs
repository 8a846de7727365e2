//! How much a Sharpe ratio can be trusted: the probabilistic and the deflated Sharpe ratio.
//!
//! Bailey and Lopez de Prado, "The Sharpe Ratio Efficient Frontier" (2012) and "The Deflated Sharpe Ratio" (2014).
//! Sharpe ratios in here are per period, not annualised; kurtosis is raw (3 for a normal distribution).

use super::{deviation, mean, sharpe_per_period};

/// Euler's constant, in the expected maximum of normal draws.
const EULER: f64 = 0.577_215_664_901_532_9;

/// The probability that the true Sharpe ratio is above `benchmark_sharpe` (both per period):
/// `Phi((SR - SR*) sqrt(n - 1) / sqrt(1 - skew SR + (kurtosis - 1) / 4 SR^2))`.
pub fn probabilistic_sharpe(returns: &[f64], benchmark_sharpe: f64) -> Option<f64> {
    let sharpe = sharpe_per_period(returns, 0.0)?;
    probability_above(sharpe, benchmark_sharpe, returns.len(), shape(returns)?)
}

/// [`probabilistic_sharpe`] of a Sharpe ratio per period of `n` returns whose skewness and raw kurtosis are known.
pub fn probability_above(
    sharpe: f64,
    benchmark_sharpe: f64,
    n: usize,
    (skewness, kurtosis): (f64, f64),
) -> Option<f64> {
    let spread = 1.0 - skewness * sharpe + (kurtosis - 1.0) / 4.0 * sharpe * sharpe;
    if n < 2 || spread <= 0.0 || spread.is_nan() {
        return None;
    }
    super::defined(normal_cdf((sharpe - benchmark_sharpe) * (n as f64 - 1.0).sqrt() / spread.sqrt()))
}

/// The probabilistic Sharpe ratio against the best of `n_trials` worthless strategies; see [`expected_max_sharpe`].
pub fn deflated_sharpe(returns: &[f64], n_trials: u64, trial_deviation: f64) -> Option<f64> {
    probabilistic_sharpe(returns, expected_max_sharpe(n_trials, trial_deviation)?)
}

/// The Sharpe ratio per period expected of the best of `n_trials` strategies without skill, whose Sharpe ratios have the
/// standard deviation `trial_deviation`: `std ((1 - g) Phi^-1(1 - 1/n) + g Phi^-1(1 - 1/(n e)))`, `g` Euler's constant.
pub fn expected_max_sharpe(n_trials: u64, trial_deviation: f64) -> Option<f64> {
    match n_trials {
        0 => None,
        1 => Some(0.0),
        _ => {
            let n = n_trials as f64;
            let high = normal_quantile(1.0 - 1.0 / n)?;
            let higher = normal_quantile(1.0 - 1.0 / (n * core::f64::consts::E))?;
            super::defined(trial_deviation * ((1.0 - EULER) * high + EULER * higher))
        }
    }
}

/// How many returns it takes until the probability that the true Sharpe ratio is above `benchmark_sharpe` reaches
/// `confidence`, would the record go on as it is: `1 + (1 - skew SR + (kurtosis - 1) / 4 SR^2) (z / (SR - SR*))^2`, `z` the
/// normal quantile of `confidence` (Bailey and Lopez de Prado 2012, equation 11). Ratios are per period. Undefined when the
/// ratio is not above the benchmark: no record is long enough.
pub fn min_track_record(sharpe: f64, benchmark_sharpe: f64, shape: (f64, f64), confidence: f64) -> Option<f64> {
    let (skewness, kurtosis) = shape;
    let spread = 1.0 - skewness * sharpe + (kurtosis - 1.0) / 4.0 * sharpe * sharpe;
    let needed = normal_quantile(confidence)? / (sharpe - benchmark_sharpe);
    if sharpe <= benchmark_sharpe || spread <= 0.0 {
        return None;
    }
    super::defined(1.0 + spread * needed * needed)
}

/// Years of history below which the best of `n_trials` worthless strategies is expected to show an annual Sharpe ratio of
/// `annual_sharpe`: `(E[max of n standard normal draws] / SR)^2` (Bailey, Borwein, Lopez de Prado and Zhu,
/// "Pseudo-Mathematics and Financial Charlatanism", Notices of the AMS 61, 2014). Undefined without a positive ratio.
pub fn min_backtest_years(n_trials: u64, annual_sharpe: f64) -> Option<f64> {
    if annual_sharpe <= 0.0 || annual_sharpe.is_nan() {
        return None;
    }
    let years = expected_max_sharpe(n_trials, 1.0)? / annual_sharpe;
    super::defined(years * years)
}

/// By what a Sharpe ratio per period is multiplied to make it one per year of `per_year` periods when neighbouring returns
/// are correlated: `q / sqrt(q + 2 sum_k (q - k) rho_k)`, `rho_k` the autocorrelation at lag k (Lo, "The Statistics of
/// Sharpe Ratios", Financial Analysts Journal 58, 2002, equation 20); `sqrt(q)` when there is none. Lags beyond those
/// given, and beyond the year, count as uncorrelated. Undefined when the variance of a year comes out at 0 or below.
pub fn annual_scale(autocorrelations: &[f64], per_year: f64) -> Option<f64> {
    let mut variance = per_year;
    for (idx, rho) in autocorrelations.iter().enumerate() {
        let left = per_year - (idx + 1) as f64;
        if left > 0.0 {
            variance += 2.0 * left * rho;
        }
    }
    if variance > 0.0 { super::defined(per_year / variance.sqrt()) } else { None }
}

/// Skewness `m3 / m2^1.5` and raw kurtosis `m4 / m2^2` from central moments (ddof 0); undefined when nothing varies.
pub fn shape(values: &[f64]) -> Option<(f64, f64)> {
    deviation(values)?;
    let mean = mean(values)?;
    let n = values.len() as f64;
    let (mut second, mut third, mut fourth) = (0.0, 0.0, 0.0);
    for value in values {
        let distance = value - mean;
        let square = distance * distance;
        second += square;
        third += square * distance;
        fourth += square * square;
    }
    let (second, third, fourth) = (second / n, third / n, fourth / n);
    if second == 0.0 {
        return None;
    }
    Some((super::defined(third / (second * second.sqrt()))?, super::defined(fourth / (second * second))?))
}

/// The standard normal distribution function.
pub fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * core::f64::consts::FRAC_1_SQRT_2)
}

/// The standard normal density.
pub fn normal_density(x: f64) -> f64 {
    libm::exp(-0.5 * x * x) / (2.0 * core::f64::consts::PI).sqrt()
}

/// The inverse of [`normal_cdf`]; `None` outside (0, 1).
///
/// By bisection to the last bit: it is asked for a few times per report, so that a table of coefficients would buy nothing.
pub fn normal_quantile(probability: f64) -> Option<f64> {
    if !(probability > 0.0 && probability < 1.0) {
        return None;
    }
    let (mut low, mut high) = (-40.0, 40.0);
    loop {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            return Some(middle);
        }
        if normal_cdf(middle) < probability {
            low = middle;
        } else {
            high = middle;
        }
    }
}
