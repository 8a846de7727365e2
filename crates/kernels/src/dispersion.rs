//! Spread and shape of a window that do not follow from those of its parts: two passes over each window.

use crate::ordered::finite_tail;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// Mean of the absolute deviations from the mean.
    MeanAbsolute,
    /// Skewness, `n / ((n-1)(n-2)) sum(z^3)` with `z` the deviation over the sample deviation.
    Skewness,
    /// Excess kurtosis, `n(n+1) / ((n-1)(n-2)(n-3)) sum(z^4) - 3(n-1)^2 / ((n-2)(n-3))`.
    Kurtosis,
}

/// A measure of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Dispersion {
    /// Rows in the window: at least 1, 3 and 4 for the three shapes.
    pub window: u32,
    /// What is measured.
    pub shape: Shape,
}

impl Dispersion {
    /// `out[i]` is the measure of the window ending at row `i`; `values` starts `window - 1` rows before `out`.
    pub(crate) fn run(self, values: &[f64], out: &mut [f64]) {
        let window = self.window as usize;
        let mut finite_run = finite_tail(&values[..window - 1]);
        for (i, out) in out.iter_mut().enumerate() {
            finite_run = if values[i + window - 1].is_finite() { finite_run + 1 } else { 0 };
            *out = if finite_run >= window { self.of(&values[i..i + window]) } else { f64::NAN };
        }
    }

    /// The measure of one complete window. Values are taken relative to the newest, so that a large level costs no
    /// accuracy; a window of equal values has no shape.
    fn of(self, values: &[f64]) -> f64 {
        let n = values.len() as f64;
        let level = values[values.len() - 1];
        let mean = values.iter().map(|x| x - level).sum::<f64>() / n;
        let deviations = values.iter().map(|x| (x - level) - mean);
        if self.shape == Shape::MeanAbsolute {
            return deviations.map(f64::abs).sum::<f64>() / n;
        }
        let variance = deviations.clone().map(|d| d * d).sum::<f64>() / (n - 1.0);
        if values.iter().all(|&x| x == level) {
            return f64::NAN;
        }
        match self.shape {
            Shape::Kurtosis => {
                let fourth = deviations.map(|d| d * d * (d * d)).sum::<f64>() / (variance * variance);
                let scale = n * (n + 1.0) / ((n - 1.0) * (n - 2.0) * (n - 3.0));
                scale * fourth - 3.0 * (n - 1.0) * (n - 1.0) / ((n - 2.0) * (n - 3.0))
            }
            _ => {
                let third = deviations.map(|d| d * d * d).sum::<f64>() / (variance * variance.sqrt());
                n / ((n - 1.0) * (n - 2.0)) * third
            }
        }
    }
}
