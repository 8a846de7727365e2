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

/// Enters that a sweep begins, with the sets it is to try, unless the ledger knows of them.
pub(super) fn begin(desk: &Desk<'_>, kind: ManyKind, id: &str, hypotheses: &[String]) -> Result<(), AppError> {
    Claims::open(desk, kind, id, 0)?.cover(desk, hypotheses)
}

/// What the ledger knows a sweep or search to try. It is told before sets run, so that those of one that is killed count.
pub(super) struct Claims {
    /// What it is.
    kind: ManyKind,
    /// The sweep.
    id: String,
    /// Sets by hypothesis.
    claimed: BTreeMap<String, usize>,
    /// Sets of all hypotheses together that are expected, where lines are to be few: each line that is not the first claims a
    /// part of them.
    n_expected: usize,
}

/// Lines of one hypothesis that a search enters, about.
const CLAIMS_MAX: usize = 64;

impl Claims {
    /// What the ledger knows of a sweep.
    ///
    /// # Errors
    /// A ledger that cannot be read.
    pub(super) fn open(desk: &Desk<'_>, kind: ManyKind, id: &str, n_expected: usize) -> Result<Self, AppError> {
        let mut claimed = BTreeMap::new();
        for entry in runs::archive(desk).list()?.entries {
            if let (true, Some(name), Some(trial)) =
                (entry.run_id.as_deref() == Some(id), entry.hypothesis, entry.trial)
            {
                let known: &mut usize = claimed.entry(name).or_default();
                *known = usize::try_from(trial.n_sets).unwrap_or(usize::MAX).max(*known);
            }
        }
        Ok(Self { kind, id: id.to_owned(), claimed, n_expected })
    }

    /// Enters sets by what they are trials of, as far as the ledger does not know of so many.
    ///
    /// # Errors
    /// A ledger that cannot be written.
    pub(super) fn cover(&mut self, desk: &Desk<'_>, hypotheses: &[String]) -> Result<(), AppError> {
        // Without a hypothesis the line that follows could not take its place.
        for (hypothesis, places) in groups(hypotheses) {
            let Some(name) = hypothesis else { continue };
            let known = self.claimed.get(&name).copied().unwrap_or(0);
            if places.len() <= known {
                continue;
            }
            let ahead = (known + self.n_expected / CLAIMS_MAX).min(self.n_expected);
            let n_sets = places.len().max(if known > 0 { ahead } else { 0 });
            let record = SweepRecord {
                kind: self.kind,
                status: RunStatus::Begun,
                sweep_id: self.id.clone(),
                strategy: strategy(desk),
                folder: Some(folder::below(&self.id)),
                hypothesis: Some(name.clone()),
                trial: Trial::unknown(n_sets),
                inputs_hash: None,
                context: backtest::context(desk, &Watch::start(desk.clock), Vec::new()),
                headline: BTreeMap::new(),
            };
            append(desk, &record)?;
            self.claimed.insert(name, n_sets);
        }
        Ok(())
    }
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
            kind: if sweep.searched.is_some() { ManyKind::Search } else { ManyKind::Sweep },
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

/// Whether sets that differ in these keys are trials of several hypotheses.
pub(super) fn tells_apart(keys: &[String]) -> bool {
    const DECIDING: [&str; 5] =
        ["venue", "backtest.strategy", "backtest.timeframe", "backtest.factor_set", "backtest.formula"];
    keys.iter().any(|key| DECIDING.contains(&key.as_str()))
}

/// Places of sets by hypothesis. Sets that cannot be run are trials of the first; `None` where there is none.
pub(super) fn groups(hypotheses: &[String]) -> Vec<(Option<String>, Vec<usize>)> {
    let first = hypotheses.iter().find(|name| !name.is_empty());
    let mut groups: BTreeMap<Option<String>, Vec<usize>> = BTreeMap::new();
    for (at, name) in hypotheses.iter().enumerate() {
        let name = if name.is_empty() { first.cloned() } else { Some(name.clone()) };
        groups.entry(name).or_default().push(at);
    }
    groups.into_iter().collect()
}
