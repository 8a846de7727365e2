//! Go-live criteria of the settings, and the verdicts on whatever a command gives.
//!
//! They are read before anything runs, so that a slip costs no time. A run is judged by its metrics and by the ledger as it
//! is now; verdicts stand in no file of a run, which never changes.

use crosscut_backtest::criteria::{Criterion, DEFLATED, Looked, verdicts};
pub use crosscut_backtest::criteria::{Ruling, Verdict};
use crosscut_backtest::results::Deflation;
use crosscut_backtest::sweep::SetOutcome;

use crate::config::Config;
use crate::error::AppError;

/// Where they stand in the settings.
const KEY: &str = "stress.criteria";

/// The criteria of the settings.
///
/// # Errors
/// Conditions that cannot be read, names of no metric, with the nearest that is one.
pub(crate) fn read(config: &Config) -> Result<Vec<Criterion>, AppError> {
    let texts = config.list(KEY);
    let read = texts.iter().map(|text| Criterion::parse(text)).collect::<Result<_, _>>();
    let origin = config.origin(KEY).map(ToString::to_string).unwrap_or_default();
    read.map_err(|error| AppError::from(error).during(&origin))
}

/// Verdicts on something that has every metric of the dictionary, and trials of which the ledger tells.
pub(crate) fn of_run(
    criteria: &[Criterion],
    metric: &dyn Fn(&str) -> Option<f64>,
    trials: Option<&Deflation>,
) -> Vec<Verdict> {
    let look = |name: &str| match name {
        DEFLATED => Ok(trials.and_then(|trials| trials.deflated_sharpe)),
        name => Ok(metric(name)),
    };
    verdicts(criteria, &look)
}

/// Verdicts on a scenario: a run that nobody chose and no line of the ledger has.
pub(crate) fn of_scenario(criteria: &[Criterion], outcome: &SetOutcome) -> Vec<Verdict> {
    let look = |name: &str| match name {
        DEFLATED => Err("a scenario is no trial, and has no deflated_sharpe".to_owned()),
        name => Ok(outcome.metric(name)),
    };
    verdicts(criteria, &look)
}

/// Verdicts on something that has some numbers by name; `what` it is, for those that it has not.
pub(crate) fn of_numbers(criteria: &[Criterion], numbers: &[(&str, Option<f64>)], what: &str) -> Vec<Verdict> {
    let look = |name: &str| -> Looked {
        let found = numbers.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| *value).ok_or_else(|| format!("{what} has no {name}"))
    };
    verdicts(criteria, &look)
}
