//! What one run of a search gives.

use crosscut_model::time::DAY;

use crate::outcome::RunOutcome;
use crate::results::metrics;

/// At which rows the equity curve is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sampling {
    /// Not at all.
    #[default]
    None,
    /// At the last row of each UTC day.
    Days,
    /// At every row.
    Rows,
}

/// An equity curve at some of its rows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sampled {
    /// Labels of the rows, ascending, microseconds UTC; by days: the day's first instant.
    pub labels: Vec<i64>,
    /// Equity after each of them, quote units.
    pub equity: Vec<f64>,
}

impl Sampled {
    /// Simple returns from one sample to the next, the first from `capital`.
    pub fn returns(&self, capital: f64) -> Vec<f64> {
        let before = std::iter::once(&capital).chain(&self.equity);
        self.equity.iter().zip(before).map(|(now, before)| now / before - 1.0).collect()
    }

    /// Samples a curve.
    pub(super) fn of(labels: &[i64], equity: &[f64], sampling: Sampling) -> Self {
        match sampling {
            Sampling::None => Self::default(),
            Sampling::Rows => Self { labels: labels.to_vec(), equity: equity.to_vec() },
            Sampling::Days => {
                let mut sampled = Self::default();
                for (&label, &equity) in labels.iter().zip(equity) {
                    let day = label.div_euclid(DAY) * DAY;
                    if sampled.labels.last() == Some(&day) {
                        sampled.equity.pop();
                    } else {
                        sampled.labels.push(day);
                    }
                    sampled.equity.push(equity);
                }
                sampled
            }
        }
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

    /// Takes what is wanted from a run.
    pub(super) fn of(run_id: String, capital: f64, outcome: &RunOutcome, sampling: Sampling) -> Self {
        Self {
            run_id,
            capital,
            metrics: metrics::row(capital, outcome),
            periods_per_year: outcome.annualisation.periods_per_year,
            sampled: Sampled::of(&outcome.timeline, &outcome.equity, sampling),
        }
    }
}
