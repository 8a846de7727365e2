//! Sweeps, searches and walk-forwards in the ledger of trials: a line when one begins, and one for each hypothesis when it
//! ends. What was stopped in between counts with all the sets it was to try.

use std::collections::BTreeMap;

use crosscut_backtest::BacktestConfig;
use crosscut_backtest::results::{ManyKind, RunStatus, SweepRecord, Trial, hypothesis};
use crosscut_backtest::sweep::SweepLuck;

use super::{Sweep, SweepSummary, folder, warn};
use crate::backtest::{self, Watch};
use crate::desk::Desk;
use crate::error::AppError;
use crate::runs;

/// What each set is a trial of; empty for those without a configuration.
pub(super) fn hypotheses(n_sets: usize, configs: &BTreeMap<usize, BacktestConfig>) -> Vec<String> {
    let mut known: BTreeMap<[String; 5], String> = BTreeMap::new();
    let mut name = |config: &BacktestConfig| {
        let has_formula = config.factor_formula.is_some();
        let key = [
            config.strategy.clone(),
            config.venue.clone(),
            config.timeframe.to_string(),
            config.factor_set.clone(),
            has_formula.to_string(),
        ];
        let of = || config.canonical("").map(|config| hypothesis(&config)).unwrap_or_default();
        known.entry(key).or_insert_with(of).clone()
    };
    (0..n_sets).map(|at| configs.get(&at).map(&mut name).unwrap_or_default()).collect()
}

/// Enters that a sweep begins, with the sets it is to try, unless the ledger knows of it.
pub(super) fn begin(desk: &Desk<'_>, id: &str, hypotheses: &[String]) -> Result<(), AppError> {
    let known = runs::archive(desk).list()?.entries;
    if known.iter().any(|entry| entry.run_id.as_deref() == Some(id)) {
        return Ok(());
    }
    // Without a hypothesis the line that follows could not take its place.
    for (hypothesis, places) in groups(hypotheses).into_iter().filter(|(hypothesis, _)| hypothesis.is_some()) {
        let record = SweepRecord {
            kind: ManyKind::Sweep,
            status: RunStatus::Begun,
            sweep_id: id.to_owned(),
            strategy: strategy(desk),
            folder: Some(folder::below(id)),
            hypothesis,
            trial: Trial::unknown(places.len()),
            inputs_hash: None,
            context: backtest::context(desk, &Watch::start(desk.clock), Vec::new()),
            headline: BTreeMap::new(),
        };
        append(desk, &record)?;
    }
    Ok(())
}

/// Enters a sweep that has ended: a line for each hypothesis with its number of trials.
pub(super) fn enter(
    sweep: &Sweep<'_>,
    (summary, luck): (&SweepSummary, Option<&SweepLuck>),
    watch: &Watch,
) -> Result<(), AppError> {
    let was_done = summary.n_done_before + summary.n_failed == summary.n_sets;
    let groups = groups(&sweep.hypotheses);
    let is_whole = groups.len() == 1;
    for (hypothesis, places) in groups {
        let trial = match luck {
            Some(luck) if is_whole => luck.trial(places.len()),
            Some(luck) => luck.trial_of(&places),
            None => Trial::unknown(places.len()),
        };
        let best = summary.best.iter().find(|best| places.contains(&best.set));
        let record = SweepRecord {
            kind: ManyKind::Sweep,
            status: if was_done { RunStatus::Reused } else { RunStatus::Done },
            sweep_id: summary.sweep_id.clone(),
            strategy: strategy(sweep.desk),
            folder: Some(folder::below(&summary.sweep_id)),
            hypothesis,
            trial,
            inputs_hash: None,
            context: backtest::context(sweep.desk, watch, Vec::new()),
            headline: best.map(|best| best.metrics.clone()).unwrap_or_default(),
        };
        append(sweep.desk, &record)?;
    }
    Ok(())
}

/// Adds a line, and tells of lines that cannot be read.
pub(crate) fn append(desk: &Desk<'_>, record: &SweepRecord) -> Result<(), AppError> {
    for line in runs::archive(desk).enter_sweep(record)? {
        warn(desk, &format!("line {} of the ledger is not a complete entry: {}", line.line, line.reason));
    }
    Ok(())
}

/// The strategy that the settings name.
pub(super) fn strategy(desk: &Desk<'_>) -> String {
    desk.config.text("backtest.strategy").unwrap_or_default().to_owned()
}

/// Places of sets by hypothesis. Sets that cannot be run are trials of the first; `None` where there is none.
fn groups(hypotheses: &[String]) -> Vec<(Option<String>, Vec<usize>)> {
    let first = hypotheses.iter().find(|name| !name.is_empty());
    let mut groups: BTreeMap<Option<String>, Vec<usize>> = BTreeMap::new();
    for (at, name) in hypotheses.iter().enumerate() {
        let name = if name.is_empty() { first.cloned() } else { Some(name.clone()) };
        groups.entry(name).or_default().push(at);
    }
    groups.into_iter().collect()
}
