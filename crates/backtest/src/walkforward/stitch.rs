//! The tests in a row as one history.

/// A curve made of several runs, one after another.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stitched {
    /// Labels, ascending, microseconds UTC.
    pub labels: Vec<i64>,
    /// Equity after each of them, quote units.
    pub equity: Vec<f64>,
    /// Where each run begins among the labels.
    pub starts: Vec<usize>,
}

/// Puts runs in a row: each goes on with the equity that the one before ended with. Runs are curves and the capital they
/// began with. Costs of closing one run's positions before the next are not in the runs and not added.
pub fn stitch(capital: f64, runs: &[(f64, &[i64], &[f64])]) -> Stitched {
    let mut stitched = Stitched::default();
    let mut equity = capital;
    for (began, labels, curve) in runs {
        stitched.starts.push(stitched.labels.len());
        stitched.labels.extend_from_slice(labels);
        stitched.equity.extend(curve.iter().map(|value| equity * (value / began)));
        equity = stitched.equity.last().copied().unwrap_or(equity);
    }
    stitched
}

/// The curve of capital that was put into several runs in equal parts and left there. Runs have the same labels.
pub fn mean_curve(curves: &[(f64, &[f64])]) -> Vec<f64> {
    let n_rows = curves.iter().map(|(_, curve)| curve.len()).min().unwrap_or(0);
    let row = |at: usize| curves.iter().map(|(began, curve)| curve[at] / began).sum::<f64>() / curves.len() as f64;
    (0..n_rows).map(row).collect()
}
