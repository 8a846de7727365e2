//! Tests of means and slopes that allow for overlap, and control of false discoveries. Undefined is `None`.

use crate::metrics::probability::normal_cdf;

/// The mean of a series with an error that allows for dependence between neighbours.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanTest {
    /// Number of values.
    pub n: usize,
    /// Arithmetic mean.
    pub mean: f64,
    /// Standard error of the mean, Newey-West.
    pub error: f64,
    /// Mean over error.
    pub t: f64,
    /// Lags of the error.
    pub lags: usize,
}

impl MeanTest {
    /// The probability of a |t| at least this large when the true mean is 0, by the normal distribution.
    pub fn p(&self) -> f64 {
        two_sided(self.t)
    }
}

/// The probability of a standard normal value at least as far from 0 as `t`.
pub fn two_sided(t: f64) -> f64 {
    2.0 * normal_cdf(-t.abs())
}

/// The lags that are used when the overlap does not ask for more: `floor(4 (n / 100)^(2/9))` (Newey and West 1994).
pub fn default_lags(n: usize) -> usize {
    (4.0 * libm::pow(n as f64 / 100.0, 2.0 / 9.0)).floor() as usize
}

/// The mean of finite values and its Newey-West error: `sqrt(S) / n` with
/// `S = sum e_i^2 + 2 sum_k (1 - k / (lags + 1)) sum_i e_i e_(i-k)`, `e` the distances from the mean, without
/// small-sample correction (Newey and West, Econometrica 55, 1987; statsmodels' HAC covariance of a regression on a
/// constant). `None` with fewer than two values, or when the error is 0 or undefined: values that do not vary.
pub fn mean_test(values: &[f64], lags: usize) -> Option<MeanTest> {
    let n = values.len();
    if n < 2 {
        return None;
    }
    let mean = values.iter().sum::<f64>() / n as f64;
    let distances: Vec<f64> = values.iter().map(|value| value - mean).collect();
    let lags = lags.min(n - 1);
    let product = |k: usize| product(&distances[k..], &distances[..n - k]);
    let own = product(0);
    let mut total = own;
    for k in 1..=lags {
        total += 2.0 * (1.0 - k as f64 / (lags + 1) as f64) * product(k);
    }
    let error = total.sqrt() / n as f64;
    let largest = values.iter().fold(0.0f64, |most, value| value.abs().max(most));
    let varies = (own / n as f64).sqrt() > 1e-14 * largest;
    (varies && error > 0.0 && error.is_finite()).then(|| MeanTest { n, mean, error, t: mean / error, lags })
}

/// Sum of products of two lists of one length, in a fixed order: eight sums side by side.
fn product(a: &[f64], b: &[f64]) -> f64 {
    let ((a_lanes, a_rest), (b_lanes, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut lanes = [0.0f64; 8];
    for (a, b) in a_lanes.iter().zip(b_lanes) {
        for lane in 0..8 {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    lanes.iter().sum::<f64>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f64>()
}

/// A regression by ordinary least squares.
#[derive(Debug, Clone, PartialEq)]
pub struct Ols {
    /// Intercept, then one slope per regressor.
    pub coefficients: Vec<f64>,
    /// Newey-West errors of the coefficients (with 0 lags White's), in their order.
    pub errors: Vec<f64>,
    /// Share of the variance that is explained; NaN when `y` does not vary.
    pub r_squared: f64,
    /// What is left over, one per row.
    pub residuals: Vec<f64>,
}

impl Ols {
    /// Coefficient over error, in the order of the coefficients.
    pub fn t(&self) -> Vec<f64> {
        self.coefficients.iter().zip(&self.errors).map(|(value, error)| value / error).collect()
    }
}

/// Regresses `y` on a constant and the columns of `x`; all values finite. Errors allow for heteroscedasticity and for
/// autocorrelation up to `lags`, at most one less than rows (Newey and West 1987, no small-sample correction). `None` with too few rows, or when a
/// column is a combination of others.
///
/// # Panics
/// If a column of `x` has another length than `y`.
pub fn ols(y: &[f64], x: &[&[f64]], lags: usize) -> Option<Ols> {
    assert!(x.iter().all(|column| column.len() == y.len()), "a regressor has one value per row");
    let (n, k) = (y.len(), x.len() + 1);
    if n < k {
        return None;
    }
    // Centred regressors: the products lose nothing to large means, and the intercept is told from means afterwards.
    let mean = |values: &[f64]| values.iter().sum::<f64>() / n as f64;
    let means: Vec<f64> = x.iter().map(|column| mean(column)).collect();
    let centred: Vec<Vec<f64>> =
        x.iter().zip(&means).map(|(column, mean)| column.iter().map(|value| value - mean).collect()).collect();
    let mean_y = mean(y);
    let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
    let products: Vec<Vec<f64>> = centred.iter().map(|a| centred.iter().map(|b| dot(a, b)).collect()).collect();
    let scales: Vec<f64> = x.iter().map(|column| dot(column, column)).collect();
    let inverse = inverse(&products, &scales)?;
    let from_mean: Vec<f64> = y.iter().map(|value| value - mean_y).collect();
    let right: Vec<f64> = centred.iter().map(|column| dot(column, &from_mean)).collect();
    let slopes: Vec<f64> = inverse.iter().map(|row| dot(row, &right)).collect();
    let residuals: Vec<f64> = (0..n)
        .map(|row| from_mean[row] - centred.iter().zip(&slopes).map(|(column, slope)| slope * column[row]).sum::<f64>())
        .collect();
    let r_squared = 1.0 - dot(&residuals, &residuals) / dot(&from_mean, &from_mean);
    let intercept = mean_y - dot(&slopes, &means);
    let errors =
        hac_errors(&Fitted { centred: &centred, means: &means, inverse: &inverse, residuals: &residuals }, lags);
    let coefficients = std::iter::once(intercept).chain(slopes).collect();
    Some(Ols { coefficients, errors, r_squared, residuals })
}

/// What the errors of a regression are computed from.
struct Fitted<'a> {
    /// Regressors less their means.
    centred: &'a [Vec<f64>],
    /// Means of the regressors.
    means: &'a [f64],
    /// Inverse of the products of the centred regressors.
    inverse: &'a [Vec<f64>],
    /// What is left over.
    residuals: &'a [f64],
}

/// Newey-West errors of intercept and slopes.
fn hac_errors(fitted: &Fitted<'_>, lags: usize) -> Vec<f64> {
    let n = fitted.residuals.len();
    let lags = lags.min(n - 1);
    // The influence of each row on each coefficient: the error is the long-run variance of its sum.
    let influence = |row: usize, inverse: &[f64]| -> f64 {
        fitted.centred.iter().zip(inverse).map(|(column, weight)| weight * column[row]).sum::<f64>()
            * fitted.residuals[row]
    };
    let mut slopes: Vec<Vec<f64>> =
        fitted.inverse.iter().map(|inverse| (0..n).map(|row| influence(row, inverse)).collect()).collect();
    let intercept = (0..n)
        .map(|row| {
            let through_slopes: f64 = slopes.iter().zip(fitted.means).map(|(column, mean)| column[row] * mean).sum();
            fitted.residuals[row] / n as f64 - through_slopes
        })
        .collect();
    slopes.insert(0, intercept);
    let long_run = |values: &Vec<f64>| -> f64 {
        let product = |k: usize| -> f64 { values[k..].iter().zip(values).map(|(a, b)| a * b).sum() };
        (1..=lags).fold(product(0), |total, k| total + 2.0 * (1.0 - k as f64 / (lags + 1) as f64) * product(k))
    };
    slopes.iter().map(|values| long_run(values).max(0.0).sqrt()).collect()
}

/// The inverse of a symmetric positive matrix by Cholesky's factors; `None` when it is not: a column
/// is a combination of others, or does not vary beside `scales`, the squares its values had before they were centred.
fn inverse(matrix: &[Vec<f64>], scales: &[f64]) -> Option<Vec<Vec<f64>>> {
    let k = matrix.len();
    let mut lower = vec![vec![0.0; k]; k];
    for row in 0..k {
        for column in 0..=row {
            let known: f64 = (0..column).map(|at| lower[row][at] * lower[column][at]).sum();
            let rest = matrix[row][column] - known;
            lower[row][column] = if row > column {
                rest / lower[column][column]
            } else if rest > 1e-13 * matrix[row][row] && matrix[row][row] > 1e-25 * scales[row] {
                rest.sqrt()
            } else {
                return None;
            };
        }
    }
    // The inverse is symmetric: its rows are its columns.
    let mut out = vec![vec![0.0; k]; k];
    for (unit, solution) in out.iter_mut().enumerate() {
        for row in 0..k {
            let known: f64 = (0..row).map(|at| lower[row][at] * solution[at]).sum();
            solution[row] = (f64::from(u8::from(row == unit)) - known) / lower[row][row];
        }
        for row in (0..k).rev() {
            let known: f64 = (row + 1..k).map(|at| lower[at][row] * solution[at]).sum();
            solution[row] = (solution[row] - known) / lower[row][row];
        }
    }
    Some(out)
}

/// Benjamini and Hochberg's adjusted p-values ("Controlling the false discovery rate", JRSS B 57, 1995): the smallest
/// false-discovery rate at which each hypothesis would be called a discovery. A missing p stays missing and does not
/// count among the hypotheses.
pub fn false_discovery(p: &[Option<f64>]) -> Vec<Option<f64>> {
    let mut order: Vec<(f64, usize)> =
        p.iter().enumerate().filter_map(|(at, p)| p.filter(|p| p.is_finite()).map(|p| (p, at))).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let n = order.len() as f64;
    let mut out = vec![None; p.len()];
    let mut least = 1.0f64;
    for (rank, &(p, at)) in order.iter().enumerate().rev() {
        least = least.min(p * n / (rank + 1) as f64);
        out[at] = Some(least);
    }
    out
}
