//! What the settings under `optimize` say.

use crosscut_backtest::criteria::{Criterion, DEFLATED};
use crosscut_backtest::results::metric_names;
use crosscut_backtest::search::{EarlyStop, Objective, SearchMethod};
use crosscut_backtest::sweep::Constraint;
use crosscut_model::nearest;
use serde_json::Value;

use crate::config::{Config, plain};
use crate::error::AppError;

/// A search as it was asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Study {
    /// How it searches.
    pub(super) method: SearchMethod,
    /// What it makes large or small.
    pub(super) objective: Objective,
    /// Conditions on metrics; a set that breaks one counts as the worst.
    pub(super) required: Vec<Required>,
    /// Number of runs.
    pub(super) n: usize,
    /// Trials that are asked for at once.
    pub(super) batch: usize,
    /// Random trials before the first that is learnt from; the population of an evolution.
    pub(super) n_initial: usize,
    /// Seed of the search.
    pub(super) seed: u64,
    /// When it ends early.
    pub(super) stop: EarlyStop,
    /// Rungs of successive halving.
    pub(super) n_rungs: usize,
    /// Part of the sets that goes on to the next rung.
    pub(super) keep: f64,
    /// The program that proposes, and its arguments; empty without one.
    pub(super) program: Vec<String>,
}

/// A condition on metrics.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Required {
    /// As a go-live criterion is written, and meaning what that would: `max_drawdown <= 20%`.
    One(Criterion),
    /// Any other.
    Many(Constraint),
}

/// Most runs of a search.
const RUNS_MAX: u64 = 100_000;

impl Study {
    /// Reads the settings.
    ///
    /// # Errors
    /// Values that cannot be, each with its key.
    pub(super) fn read(config: &Config) -> Result<Self, AppError> {
        let count = |path: &str, least: u64| -> Result<usize, AppError> {
            let n = config.count(path).unwrap_or(least);
            if !(least..=RUNS_MAX).contains(&n) {
                return Err(config.refuse(path, &format!("expected a number from {least} to {RUNS_MAX}, found {n}")));
            }
            Ok(usize::try_from(n).unwrap_or(usize::MAX))
        };
        let default = Value::from("sharpe");
        let objective = config.model("optimize.objective").unwrap_or(&default);
        let objective = Objective::read(objective)
            .map_err(|error| AppError::from(error).during(&config.place("optimize.objective")))?;
        let method = config.text("optimize.method").and_then(SearchMethod::named).unwrap_or_default();
        if method == SearchMethod::Halving && objective.goals.len() > 1 {
            return Err(config.refuse("optimize.objective", "halving orders sets by one objective, found several"));
        }
        let keep = config.number("optimize.keep").unwrap_or(0.5);
        if !(keep > 0.0 && keep < 1.0) {
            return Err(config.refuse("optimize.keep", &format!("expected a part between 0 and 1, found {keep}")));
        }
        let min_gain = config.number("optimize.min_gain").unwrap_or(0.0);
        if min_gain < 0.0 {
            return Err(config.refuse("optimize.min_gain", &format!("expected 0 or more, found {min_gain}")));
        }
        let target = config.number("optimize.target").map(|target| objective.goals[0].target_loss(target));
        Ok(Self {
            method,
            objective,
            required: required(config)?,
            n: count("optimize.trials", 1)?,
            batch: count("optimize.batch", 1)?,
            n_initial: count("optimize.initial", 1)?,
            seed: config.count("optimize.seed").unwrap_or(0),
            stop: EarlyStop { patience: count("optimize.patience", 0)?, min_gain, target },
            n_rungs: count("optimize.rungs", 1)?,
            keep,
            program: words(config.model("optimize.program")),
        })
    }

    /// What a run's metrics are to the search: `None` when a metric is undefined or a requirement is broken.
    pub(super) fn losses(&self, metric: &dyn Fn(&str) -> Option<f64>) -> Option<Vec<f64>> {
        let text = |name: &str| metric(name).map(|value| value.to_string());
        let meets = |required: &Required| match required {
            Required::One(criterion) => criterion.judge(metric(criterion.lookup())).passed,
            Required::Many(constraint) => constraint.holds(&text).unwrap_or(false),
        };
        if !self.required.iter().all(meets) {
            return None;
        }
        self.objective.losses(metric)
    }
}

/// A command as a list of words, or as a text that is cut at blanks.
fn words(value: Option<&Value>) -> Vec<String> {
    match value {
        None => Vec::new(),
        Some(Value::Array(list)) => list.iter().map(plain).collect(),
        Some(one) => plain(one).split_whitespace().map(str::to_owned).collect(),
    }
}

/// The conditions on metrics.
fn required(config: &Config) -> Result<Vec<Required>, AppError> {
    let path = "optimize.require";
    let texts: Vec<String> = match config.model(path) {
        None => Vec::new(),
        Some(Value::Array(list)) => list.iter().map(plain).collect(),
        Some(one) => plain(one).split(',').map(|text| text.trim().to_owned()).collect(),
    };
    let known = |name: &str| -> Result<String, AppError> {
        if metric_names().any(|known| known == name) {
            return Ok(name.to_owned());
        }
        let error = AppError::new(format!("`{name}` is no metric"));
        Err(match nearest(name, metric_names()) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint("metrics are those of a run's metrics.json, such as n_trades, max_drawdown"),
        })
    };
    let read = |text: &String| match Criterion::parse(text) {
        // The deflated ratio follows from all trials; there is none while a search goes on.
        Ok(criterion) if criterion.lookup() != DEFLATED => Ok(Required::One(criterion)),
        _ => Constraint::parse(text)?.bind(&mut |name| known(name)).map(Required::Many),
    };
    let read = texts.iter().map(read).collect::<Result<_, AppError>>();
    read.map_err(|error| error.during(&config.place(path)))
}
