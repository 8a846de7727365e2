//! The ledger as a count of trials: how often a hypothesis was tried, and what a result is worth after so many tries.
//!
//! A hypothesis is a family of strategies on the same data: the strategy's name, the venue, the length of bars, and the
//! factor set without its version. Symbols, dates, parameters, costs and rules do not make another one: trying them is what
//! is counted. Every run counts once, failed ones and those whose folder is gone too; a run made again is the same trial; a
//! sweep counts with all its sets. Runs entered before the ledger knew hypotheses count with each of their strategy.
//!
//! How many trials there are changes from run to run, while the files of a run never change. So the count is taken from the
//! ledger when a result is shown, and stands in no file of a run.
//!
//! A sweep is entered when it begins, with the sets it is to try, and again when it ends: one that was stopped, and never gone
//! on with, counts with all it was to try. Full folders of its best sets are runs that it has counted. Stress tests choose
//! nothing; they are entered and told, and count as no trials.

use std::collections::{BTreeMap, BTreeSet};

use crosscut_kernels::metrics::{expected_max_sharpe, probability};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ManyKind;
use super::ledger::{RunEntry, RunStatus};

/// What a line of the ledger says as a trial.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Sets tried: 1 for a run.
    pub n_sets: u64,
    /// The number of independent trials they amount to.
    pub n_effective: f64,
    /// Number of returns.
    pub n_periods: usize,
    /// Periods of a year.
    pub periods_per_year: f64,
    /// Annualised Sharpe ratio, of a sweep the mean over its sets; `None` when undefined.
    pub sharpe: Option<f64>,
    /// Standard deviation of the sets' annualised ratios; `None` for a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sharpe_deviation: Option<f64>,
    /// Skewness and raw kurtosis of the returns, of a sweep those of its best set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<(f64, f64)>,
    /// Of a sweep the highest annualised ratio.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sharpe_best: Option<f64>,
    /// Of a walk-forward its tests in a row; `None` for anything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub curve: Option<WalkedCurve>,
}

/// The out-of-sample curve of a walk-forward as one trial, beside the sets it chose among. Number of returns and periods of
/// a year are those of the [`Trial`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct WalkedCurve {
    /// Annualised Sharpe ratio; `None` when undefined.
    pub sharpe: Option<f64>,
    /// Skewness and raw kurtosis of the returns.
    pub shape: Option<(f64, f64)>,
}

impl Trial {
    /// Sets of which nothing but their number is known.
    pub fn unknown(n_sets: usize) -> Self {
        Self {
            n_sets: n_sets as u64,
            n_effective: n_sets as f64,
            n_periods: 0,
            periods_per_year: 1.0,
            sharpe: None,
            sharpe_deviation: None,
            shape: None,
            sharpe_best: None,
            curve: None,
        }
    }

    /// The same with the annualised Sharpe ratios of those that have one.
    #[must_use]
    pub fn with_ratios(self, ratios: &[f64]) -> Self {
        Self {
            sharpe: crosscut_kernels::metrics::mean(ratios),
            sharpe_deviation: crosscut_kernels::metrics::deviation(ratios),
            sharpe_best: ratios.iter().copied().reduce(f64::max),
            ..self
        }
    }

    /// The trial that one run's returns are.
    pub fn of_returns(returns: &[f64], periods_per_year: f64) -> Self {
        Self {
            n_sets: 1,
            n_effective: 1.0,
            n_periods: returns.len(),
            periods_per_year,
            sharpe: crosscut_kernels::metrics::sharpe(returns, periods_per_year, 0.0),
            sharpe_deviation: None,
            shape: probability::shape(returns),
            sharpe_best: None,
            curve: None,
        }
    }

    /// The trial that the curve of a walk-forward is; `None` for anything else.
    pub(super) fn of_curve(&self) -> Option<Self> {
        let WalkedCurve { sharpe, shape } = self.curve?;
        let one = Self::unknown(1);
        Some(Self { sharpe, shape, n_periods: self.n_periods, periods_per_year: self.periods_per_year, ..one })
    }

    /// The same with the curve of a walk-forward that `of` is the trial of.
    #[must_use]
    pub fn with_curve(self, of: &Self) -> Self {
        let curve = Some(WalkedCurve { sharpe: of.sharpe, shape: of.shape });
        Self { n_periods: of.n_periods, periods_per_year: of.periods_per_year, curve, ..self }
    }

    /// The annualised ratio that chance alone shows as the best of so many worthless strategies, and the probability that the
    /// true ratio is above it; `None` where the returns do not tell.
    pub(super) fn deflated_after(&self, n_trials: u64) -> Option<(f64, f64)> {
        let threshold = by_theory(self, n_trials as f64)?;
        Some((threshold, self.above(threshold)?))
    }

    /// The probability that the true annualised ratio is above a threshold.
    fn above(&self, threshold: f64) -> Option<f64> {
        let per_year = self.periods_per_year.sqrt();
        probability::probability_above(self.sharpe? / per_year, threshold / per_year, self.n_periods, self.shape?)
    }
}

/// How often a hypothesis was tried.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Hypothesis {
    /// Strategy and data, in words.
    pub name: String,
    /// All trials: runs, failed ones, and the sets of sweeps.
    pub n_trials: u64,
    /// Distinct runs with results.
    pub n_runs: u64,
    /// Distinct runs that only failed.
    pub n_failed: u64,
    /// Sweeps.
    pub n_sweeps: u64,
    /// Sets of sweeps.
    pub n_sets: u64,
    /// Stress tests of its runs, which are no trials.
    pub n_stress: u64,
    /// Runs whose ratio is not known: failed ones, and those of earlier versions.
    pub n_without_ratio: u64,
    /// The number of independent trials, sets of a sweep that move together taken as fewer.
    pub n_effective: f64,
    /// Standard deviation of the annualised Sharpe ratios of all trials.
    pub sharpe_deviation: Option<f64>,
    /// The annualised Sharpe ratio expected of the best trial by chance.
    pub sharpe_threshold: Option<f64>,
    /// The highest annualised ratio of a trial.
    pub sharpe_best: Option<f64>,
}

/// What a Sharpe ratio is worth after all trials of its hypothesis.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Deflation {
    /// The hypothesis.
    pub hypothesis: String,
    /// All its trials so far.
    pub n_trials: u64,
    /// The number of independent ones.
    pub n_effective: f64,
    /// Standard deviation of the trials' annualised ratios.
    pub sharpe_deviation: Option<f64>,
    /// The annualised ratio expected of the best trial by chance.
    pub sharpe_threshold: Option<f64>,
    /// The probability that the result's true ratio is above that.
    pub deflated_sharpe: Option<f64>,
}

/// A result as a trial: its hypothesis, and what it came to.
pub type NamedTrial = (String, Trial);

/// The hypothesis of a configuration as it names a run.
pub fn hypothesis(config: &Value) -> String {
    let text = |key: &str| config[key].as_str().unwrap_or_default();
    let strategy = config["strategy"].as_str().or_else(|| config["strategy"]["name"].as_str()).unwrap_or_default();
    let set = text("factor_set");
    let family = set.split_once("__").map_or(set, |(family, _version)| family);
    let factors = if config["factor_formula"].is_string() { "formulas" } else { family };
    let words = [strategy, text("venue"), text("timeframe"), factors];
    words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// All hypotheses of a ledger, by name.
pub(super) fn hypotheses(entries: &[RunEntry]) -> Vec<Hypothesis> {
    let names: BTreeSet<String> = entries.iter().map(name_of).collect();
    names.into_iter().map(|name| count(&name, entries.iter().filter(|entry| name_of(entry) == name))).collect()
}

/// What a run is worth after all trials; `None` for a run of which only an earlier version's line is known.
pub(super) fn deflation(entries: &[RunEntry], run_id: &str) -> Option<Deflation> {
    let own = entries.iter().rev().find(|entry| entry.run_id.as_deref() == Some(run_id) && entry.trial.is_some())?;
    Some(of_trial(&counted(entries, &name_of(own), &own.strategy), &own.trial?))
}

/// What trials of named hypotheses are worth after all trials, in their order.
pub(super) fn deflations(entries: &[RunEntry], trials: &[NamedTrial]) -> Vec<Deflation> {
    let mut known: BTreeMap<&str, Hypothesis> = BTreeMap::new();
    trials
        .iter()
        .map(|(name, trial)| {
            // A hypothesis begins with its strategy.
            let strategy = name.split(' ').next().unwrap_or_default();
            of_trial(known.entry(name).or_insert_with(|| counted(entries, name, strategy)), trial)
        })
        .collect()
}

/// All trials of a hypothesis, those of its strategy on unknown data among them.
fn counted(entries: &[RunEntry], name: &str, strategy: &str) -> Hypothesis {
    let unknown = unknown_data(strategy);
    let counts = |entry: &&RunEntry| {
        let theirs = name_of(entry);
        theirs == name || theirs == unknown
    };
    count(name, entries.iter().filter(counts))
}

/// What one trial of a hypothesis is worth.
pub(super) fn of_trial(found: &Hypothesis, trial: &Trial) -> Deflation {
    let threshold = found.sharpe_threshold.or_else(|| by_theory(trial, found.n_effective));
    Deflation {
        hypothesis: found.name.clone(),
        n_trials: found.n_trials,
        n_effective: found.n_effective,
        sharpe_deviation: found.sharpe_deviation,
        sharpe_threshold: threshold,
        deflated_sharpe: threshold.and_then(|threshold| trial.above(threshold)),
    }
}

/// The bar by the error of a worthless strategy's ratio, `1 / sqrt(n - 1)` per period, where the ratios of other trials are
/// not known.
fn by_theory(trial: &Trial, n_effective: f64) -> Option<f64> {
    let error = 1.0 / (trial.n_periods.checked_sub(1).filter(|&n| n > 0)? as f64).sqrt();
    Some(expected_max_sharpe(n_effective.round() as u64, error)? * trial.periods_per_year.sqrt())
}

/// The hypothesis of a line.
pub(super) fn name_of(entry: &RunEntry) -> String {
    entry.hypothesis.clone().unwrap_or_else(|| unknown_data(&entry.strategy))
}

/// The name for lines that do not say on which data they were.
pub(super) fn unknown_data(strategy: &str) -> String {
    let strategy = if strategy.is_empty() { "unknown strategy" } else { strategy };
    format!("{strategy} on unknown data")
}

/// Counts the lines of one hypothesis.
pub(super) fn count<'a>(name: &str, entries: impl Iterator<Item = &'a RunEntry>) -> Hypothesis {
    // A run made several times is one trial: what is best known of it counts, a failure only when nothing else is.
    let mut runs: BTreeMap<String, &RunEntry> = BTreeMap::new();
    let (mut counted, mut n_stress) = (BTreeSet::new(), 0);
    for (nth, entry) in entries.enumerate() {
        if entry.kind == ManyKind::Stress.name() {
            n_stress += 1;
            continue;
        }
        let key = entry.run_id.clone().unwrap_or_else(|| format!("line {nth}"));
        if entry.part_of.is_some() {
            counted.insert(key.clone());
        }
        let rank = |status| match status {
            RunStatus::Failed => 0,
            RunStatus::Begun => 1,
            RunStatus::Done | RunStatus::Reused => 2,
        };
        let known = |entry: &RunEntry| (entry.trial.is_some(), rank(entry.status));
        let slot = runs.entry(key).or_insert(entry);
        // A sweep gone on with reports more sets than before.
        let n_sets = |entry: &RunEntry| entry.trial.map_or(0, |trial| trial.n_sets);
        if known(entry) > known(slot) || (known(entry) == known(slot) && n_sets(entry) > n_sets(slot)) {
            *slot = entry;
        }
    }
    runs.retain(|key, _| !counted.contains(key));
    let mut found = Hypothesis {
        name: name.to_owned(),
        n_trials: 0,
        n_runs: 0,
        n_failed: 0,
        n_sweeps: 0,
        n_sets: 0,
        n_stress,
        n_without_ratio: 0,
        n_effective: 0.0,
        sharpe_deviation: None,
        sharpe_threshold: None,
        sharpe_best: None,
    };
    let mut ratios = Pool::default();
    for entry in runs.values() {
        let n_sets = entry.trial.map_or(1, |trial| trial.n_sets.max(1));
        found.n_trials += n_sets;
        found.n_effective += entry.trial.map_or(1.0, |trial| trial.n_effective.clamp(1.0, n_sets as f64));
        match (entry.status, n_sets) {
            _ if entry.is_many() => (found.n_sweeps, found.n_sets) = (found.n_sweeps + 1, found.n_sets + n_sets),
            (RunStatus::Failed, _) => found.n_failed += 1,
            _ => found.n_runs += 1,
        }
        let Some((trial, sharpe)) = entry.trial.and_then(|trial| Some((trial, trial.sharpe?))) else {
            found.n_without_ratio += n_sets;
            continue;
        };
        ratios.add(n_sets as f64, sharpe, trial.sharpe_deviation.unwrap_or(0.0));
        let best = trial.sharpe_best.unwrap_or(sharpe);
        found.sharpe_best = Some(found.sharpe_best.map_or(best, |other| other.max(best)));
    }
    found.sharpe_deviation = ratios.deviation();
    found.sharpe_threshold = match (found.n_effective.round() as u64, found.sharpe_deviation) {
        (1, _) => Some(0.0),
        (n, Some(deviation)) => expected_max_sharpe(n, deviation),
        _ => None,
    };
    found
}

/// Ratios of several lines together: their number, mean, and sum of squared distances from it.
#[derive(Default)]
struct Pool {
    /// How many.
    n: f64,
    /// Their mean.
    mean: f64,
    /// Squares of their distances from it.
    squares: f64,
}

impl Pool {
    /// Adds `n` ratios of which mean and deviation are known (Chan, Golub and LeVeque 1979).
    fn add(&mut self, n: f64, mean: f64, deviation: f64) {
        let (total, distance) = (self.n + n, mean - self.mean);
        self.squares += (n - 1.0) * deviation * deviation + distance * distance * self.n * n / total;
        self.mean += distance * n / total;
        self.n = total;
    }

    /// Their deviation (ddof 1); `None` for fewer than two.
    fn deviation(&self) -> Option<f64> {
        (self.n >= 2.0).then(|| (self.squares / (self.n - 1.0)).sqrt()).filter(|deviation| deviation.is_finite())
    }
}
