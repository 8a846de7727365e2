//! When a search has seen enough.

use super::Trial;

/// When a search ends before its last trial.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct EarlyStop {
    /// After so many trials without one that is better than the best before by more than `min_gain`; 0: never.
    pub patience: usize,
    /// What counts as better, in the objective's own units.
    pub min_gain: f64,
    /// As soon as the loss is at most this.
    pub target: Option<f64>,
}

impl EarlyStop {
    /// Why the search ends here; `None` when it goes on. Looks at the first objective.
    pub fn reason(&self, trials: &[Trial]) -> Option<String> {
        let (mut best, mut since) = (f64::INFINITY, 0);
        for (at, trial) in trials.iter().enumerate() {
            let loss = trial.losses.as_ref().map_or(f64::INFINITY, |losses| losses[0]);
            if self.target.is_some_and(|target| loss <= target) {
                return Some(format!("trial {} reached the target", at + 1));
            }
            since += 1;
            // The first trial that gave anything is better than none.
            if loss < best - if best.is_finite() { self.min_gain } else { 0.0 } {
                (best, since) = (loss, 0);
            }
        }
        (self.patience > 0 && since >= self.patience).then(|| format!("{since} trials in a row brought nothing better"))
    }
}
