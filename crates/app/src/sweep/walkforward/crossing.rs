//! Every set once over all of the time, chosen by parts of its daily returns.

use crosscut_backtest::sweep::{DAYS, SetOutcome};
use crosscut_backtest::walkforward::{cross_validate, mean};
use crosscut_model::time::DAY;

use super::super::markets::Named;
use super::{CrossSummary, CrossedRuns, Log, Walking};
use crate::error::AppError;

impl Walking<'_> {
    /// Cross-validation over daily returns of all of the time; `None` when it is switched off.
    pub(super) fn cross(&mut self, log: &mut Log<'_>, first: usize) -> Result<Option<CrossedRuns>, AppError> {
        if self.plan.n_groups == 0 {
            return Ok(None);
        }
        let configs: Vec<Named> = self.good().map(|(at, config)| (first + at, config.clone())).collect();
        let notes = self.run(configs, DAYS, log);
        let mut done: Vec<SetOutcome> = notes.into_iter().filter_map(|(_, note)| note.ok()).collect();
        let Some(labels) = done.first().map(|outcome| outcome.sampled.labels.to_vec()) else {
            self.notes.push("cross-validation: no set runs over all of the time".to_owned());
            return Ok(None);
        };
        let n_before = done.len();
        done.retain(|outcome| outcome.sampled.labels[..] == labels[..]);
        if done.len() < n_before {
            self.notes
                .push(format!("cross-validation: {} sets have other days and are left out", n_before - done.len()));
        }
        let cut = self.plan.cut();
        let splits = cut.splits(labels.len())?;
        let years = (labels[labels.len() - 1] - labels[0]) as f64 / (365.25 * DAY as f64);
        let per_year = (labels.len() - 1) as f64 / years;
        let returns: Vec<Vec<f64>> = done.iter().map(|outcome| outcome.sampled.returns(outcome.capital)).collect();
        let crossed = cross_validate(&returns, &splits, per_year);
        let summary = CrossSummary {
            n_splits: splits.splits.len(),
            n_purged: cut.n_purged,
            n_embargoed: cut.n_embargoed,
            path_sharpes: crossed.sharpes.clone(),
            mean_trained: mean(crossed.trained.iter().copied()),
            mean_path: mean(crossed.sharpes.iter().copied()),
        };
        Ok(Some((crossed, labels, summary)))
    }
}
