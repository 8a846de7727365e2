//! The tests in a row as one history.

use crosscut_kernels::metrics as formula;
use crosscut_kernels::metrics::probability::probabilistic_sharpe;
use crosscut_model::time::DAY;

use super::Tested;
use crate::results::{Trial, shown};

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

impl Stitched {
    /// Simple returns of the curve with the capital in front.
    fn returns(&self, capital: f64) -> Vec<f64> {
        let mut curve = vec![capital];
        curve.extend_from_slice(&self.equity);
        formula::returns(&curve)
    }

    /// The trial that the curve is; `annual` is the number of its rows in a year.
    pub fn trial(&self, capital: f64, annual: f64) -> Trial {
        Trial::of_returns(&self.returns(capital), annual)
    }
}

/// Puts runs in a row: each goes on with the equity that the one before ended with. Runs are curves and the capital they
/// began with. Costs of closing one run's positions before the next are not in the runs and not added. Where nothing is left,
/// nothing is put into the runs that follow.
pub fn stitch(capital: f64, runs: &[(f64, &[i64], &[f64])]) -> Stitched {
    let mut stitched = Stitched::default();
    let mut equity = capital;
    for (began, labels, curve) in runs {
        stitched.starts.push(stitched.labels.len());
        stitched.labels.extend_from_slice(labels);
        let after = |value: &f64| if equity > 0.0 { equity * (value / began) } else { equity };
        stitched.equity.extend(curve.iter().map(after));
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

/// The part of a curve's rows before it first leaves 1; `None` without rows.
pub fn waited(curve: &[f64]) -> Option<f64> {
    let n_before = curve.iter().take_while(|value| **value == 1.0).count();
    (!curve.is_empty()).then(|| n_before as f64 / curve.len() as f64)
}

/// Metrics of the tests in a row by name, as the dictionary of metrics has them, then means over windows: `mean_trained` and
/// `mean_tested` of what sets are chosen by, `n_trades` and `win_rate` of the trades of all tests together, `positive_tests`
/// the share of tests that gained, `waiting` the mean part of a test before its first trade. `annual` is the number of the
/// curve's rows in a year.
pub fn walk_metrics(capital: f64, stitched: &Stitched, annual: f64, tested: &[Tested]) -> Vec<(String, Option<f64>)> {
    let mut curve = vec![capital];
    curve.extend_from_slice(&stitched.equity);
    let returns = stitched.returns(capital);
    let span = stitched.labels.first().zip(stitched.labels.last());
    let years = span.map_or(0.0, |(first, last)| (last - first) as f64 / (365.25 * DAY as f64));
    let (growth, fall) = (formula::cagr(&curve, years), formula::max_drawdown(&curve));
    let gains: Vec<f64> = tested.iter().filter_map(|window| window.total_return).collect();
    let traded: Vec<(f64, f64)> =
        tested.iter().filter_map(|window| Some((window.n_trades?, window.win_rate.unwrap_or(0.0)))).collect();
    let n_trades = (!traded.is_empty()).then(|| traded.iter().map(|(n, _)| n).sum::<f64>());
    let n_winners: f64 = traded.iter().map(|(n, rate)| n * rate).sum();
    let n_positive = gains.iter().filter(|gain| **gain > 0.0).count();
    [
        ("total_return", formula::total_return(&curve)),
        ("cagr", growth),
        ("volatility", formula::volatility(&returns, annual)),
        ("sharpe", formula::sharpe(&returns, annual, 0.0)),
        ("sortino", formula::sortino(&returns, annual, 0.0)),
        ("max_drawdown", fall),
        ("calmar", formula::calmar(growth, fall)),
        ("probabilistic_sharpe", probabilistic_sharpe(&returns, 0.0)),
        ("n_trades", n_trades),
        ("win_rate", n_trades.filter(|n| *n > 0.0).map(|n| n_winners / n)),
        ("mean_trained", mean(tested.iter().map(|window| window.trained))),
        ("mean_tested", mean(tested.iter().map(|window| window.tested))),
        ("positive_tests", (!gains.is_empty()).then(|| n_positive as f64 / gains.len() as f64)),
        ("waiting", mean(tested.iter().map(|window| window.waited))),
    ]
    .map(|(name, value)| (name.to_owned(), value.filter(|value| value.is_finite())))
    .to_vec()
}

/// A value of [`walk_metrics`] with its unit, for people; `by` is what sets are chosen by.
pub fn walk_text(name: &str, value: Option<f64>, by: &str) -> String {
    match name {
        "mean_trained" | "mean_tested" => shown(by, value),
        // These are shares.
        "positive_tests" | "waiting" => shown("win_rate", value),
        _ => shown(name, value),
    }
}

/// The mean of those that are known; `None` for none.
pub fn mean(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let known: Vec<f64> = values.flatten().collect();
    formula::mean(&known)
}
