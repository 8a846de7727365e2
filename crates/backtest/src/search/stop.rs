//! When a search has seen enough.

/// When a search ends before its last set.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct EarlyStop {
    /// After so many sets without one that is better than the best before by more than `min_gain`; 0: never.
    pub patience: usize,
    /// What counts as better, in the objective's own units.
    pub min_gain: f64,
    /// As soon as the loss is at most this.
    pub target: Option<f64>,
}

impl EarlyStop {
    /// Why the search ends here; `None` when it goes on. `losses` are those of the sets that it proposed and ran, each once, in
    /// their order, `None` for one that failed or lacks what is required; proposals that broke a constraint or repeated a set
    /// are none of them. The first set has the number `first`. Looks at the first objective.
    pub fn reason(&self, losses: &[Option<Vec<f64>>], first: usize) -> Option<String> {
        let (mut best, mut since) = (f64::INFINITY, 0);
        for (at, losses) in losses.iter().enumerate() {
            let loss = losses.as_ref().map_or(f64::INFINITY, |losses| losses[0]);
            if self.target.is_some_and(|target| loss <= target) {
                return Some(format!("set {} reached the target", first + at));
            }
            since += 1;
            // The first set that gave anything is better than none.
            if loss < best - if best.is_finite() { self.min_gain } else { 0.0 } {
                (best, since) = (loss, 0);
            }
        }
        (self.patience > 0 && since >= self.patience).then(|| format!("{since} sets in a row brought nothing better"))
    }
}
