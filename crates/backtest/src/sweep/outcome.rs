//! What one run of a search gives.

use std::sync::Arc;

use crosscut_kernels::metrics::probability::probability_above;
use crosscut_model::time::{DAY, HOUR};

use crate::outcome::RunOutcome;
use crate::results::Trial;
use crate::results::metrics::{self, Numbers, Workspace};

/// At which rows the equity curve is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sampling {
    /// Not at all.
    #[default]
    None,
    /// At the last row of each stretch of so many microseconds, counted from the epoch, such as [`DAYS`].
    Every(i64),
    /// At every row.
    Rows,
}

/// Samples at the last row of each UTC day.
pub const DAYS: Sampling = Sampling::Every(DAY);

/// Samples of a curve at most, where there is a choice.
const SAMPLES_MAX: i64 = 2_500;

/// Samples of all curves of a sweep at most: 80 MB.
const NUMBERS_MAX: i64 = 10_000_000;

/// The finest sampling of `n_sets` curves from one label to another (microseconds) of at most `n_rows` rows that keeps to a
/// couple of thousand samples each, and to memory for all of them: rows, 1, 4 or 8 hours, or 1, 2, 4, ... days.
pub fn sampling_for((first, last): (i64, i64), n_rows: usize, n_sets: usize) -> Sampling {
    let most = SAMPLES_MAX.min(NUMBERS_MAX / (n_sets.max(1) as i64)).max(16);
    if n_rows as i64 <= most {
        return Sampling::Rows;
    }
    let hours = [HOUR, 4 * HOUR, 8 * HOUR].into_iter();
    let days = (0..16).map(|doublings| DAY << doublings);
    let fits = |stretch: &i64| (last - first) / stretch < most;
    Sampling::Every(hours.chain(days).find(fits).unwrap_or(DAY << 16))
}

/// An equity curve at some of its rows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sampled {
    /// Labels of the rows, ascending, microseconds UTC; by stretches: their first instants. Curves of one sweep share them.
    pub labels: Arc<[i64]>,
    /// Equity after each of them, quote units.
    pub equity: Vec<f64>,
}

impl Sampled {
    /// Samples a curve; `labels` are those of its rows, ascending.
    pub fn new(labels: &[i64], equity: &[f64], sampling: Sampling) -> Self {
        Sampler::new(labels, sampling).sample(equity)
    }

    /// Simple returns from one sample to the next, the first from `capital`; NaN after ruin, when the earlier value is not
    /// positive: a loss of what is owed would look like a gain.
    pub fn returns(&self, capital: f64) -> Vec<f64> {
        let before = std::iter::once(&capital).chain(&self.equity);
        let simple = |(now, before): (&f64, &f64)| if *before > 0.0 { now / before - 1.0 } else { f64::NAN };
        self.equity.iter().zip(before).map(simple).collect()
    }

    /// [`Sampled::returns`] of an account that rests after ruin: 0 where these are NaN.
    pub fn returns_resting(&self, capital: f64) -> Vec<f64> {
        self.returns(capital).into_iter().map(|r| if r.is_nan() { 0.0 } else { r }).collect()
    }
}

/// Where curves over the same labels are sampled.
#[derive(Debug, Clone)]
pub(super) struct Sampler {
    /// See [`Sampled::labels`].
    labels: Arc<[i64]>,
    /// The rows taken; `None`: all.
    rows: Option<Vec<usize>>,
}

impl Sampler {
    /// Looks at labels once for all their curves.
    pub(super) fn new(labels: &[i64], sampling: Sampling) -> Self {
        match sampling {
            Sampling::None => Self { labels: Arc::default(), rows: Some(Vec::new()) },
            Sampling::Rows => Self { labels: labels.into(), rows: None },
            Sampling::Every(stretch) => {
                let (mut firsts, mut rows): (Vec<i64>, Vec<usize>) = (Vec::new(), Vec::new());
                for (row, &label) in labels.iter().enumerate() {
                    let first = label.div_euclid(stretch) * stretch;
                    if firsts.last() == Some(&first) {
                        rows.pop();
                    } else {
                        firsts.push(first);
                    }
                    rows.push(row);
                }
                Self { labels: firsts.into(), rows: Some(rows) }
            }
        }
    }

    /// Samples a curve.
    pub(super) fn sample(&self, equity: &[f64]) -> Sampled {
        let equity = match &self.rows {
            Some(rows) => rows.iter().map(|&row| equity[row]).collect(),
            None => equity.to_vec(),
        };
        Sampled { labels: Arc::clone(&self.labels), equity }
    }
}

/// What one run of a search gives.
#[derive(Debug, Clone, PartialEq)]
pub struct SetOutcome {
    /// The id that `crosscut backtest` gives this run.
    pub run_id: String,
    /// Starting cash, quote units.
    pub capital: f64,
    /// The metrics in the order of [`metric_names`](crate::results::metric_names); `None` where one is undefined or does
    /// not apply.
    pub metrics: Vec<Option<f64>>,
    /// Rows per year of the run's timeline, by which metrics are annualised.
    pub periods_per_year: f64,
    /// The equity curve at the rows asked for.
    pub sampled: Sampled,
}

impl SetOutcome {
    /// One metric; `None` where it is undefined or does not exist.
    pub fn metric(&self, name: &str) -> Option<f64> {
        let at = metrics::metric_names().position(|known| known == name)?;
        self.metrics[at]
    }

    /// The trial that the run is, as its line in the ledger would say.
    pub fn trial(&self) -> Trial {
        Trial {
            n_effective: 1.0,
            n_periods: self.n_returns().unwrap_or(0),
            periods_per_year: self.periods_per_year,
            sharpe: self.metric("sharpe"),
            shape: self.metric("skewness").zip(self.metric("kurtosis")),
            ..Trial::unknown(1)
        }
    }

    /// The number of returns: one for each bar, or one fewer where the first bar changed nothing. Which of them it is, the
    /// probabilistic Sharpe ratio tells, which follows from it; where that is the same for both, all bars.
    fn n_returns(&self) -> Option<usize> {
        let n_bars = self.metric("n_bars")? as usize;
        let sharpe = self.metric("sharpe")? / self.periods_per_year.sqrt();
        let (shape, told) =
            (self.metric("skewness").zip(self.metric("kurtosis"))?, self.metric("probabilistic_sharpe")?);
        let distance = |n: usize| probability_above(sharpe, 0.0, n, shape).map_or(f64::INFINITY, |p| (p - told).abs());
        [n_bars, n_bars.saturating_sub(1)].into_iter().min_by(|&a, &b| distance(a).total_cmp(&distance(b)))
    }

    /// Takes what is wanted from the numbers of a run.
    pub(super) fn of_numbers(
        run_id: String,
        numbers: &Numbers<'_>,
        sampler: &Sampler,
        workspace: &mut Workspace,
    ) -> Self {
        Self {
            run_id,
            capital: numbers.capital,
            metrics: numbers.row(workspace),
            periods_per_year: numbers.periods_per_year,
            sampled: sampler.sample(numbers.equity),
        }
    }

    /// Takes what is wanted from a run.
    pub(super) fn of(run_id: String, capital: f64, outcome: &RunOutcome, sampling: Sampling) -> Self {
        Self {
            run_id,
            capital,
            metrics: metrics::row(capital, outcome),
            periods_per_year: outcome.annualisation.periods_per_year,
            sampled: Sampled::new(&outcome.timeline, &outcome.equity, sampling),
        }
    }
}
