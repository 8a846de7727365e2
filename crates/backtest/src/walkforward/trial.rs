//! A walk-forward as trials: how many sets it tried, and how far their Sharpe ratios lie apart.
//!
//! A set's ratio is the mean of its ratios over the training windows, which comes close to that of all of the time, so that
//! it can stand beside ratios of runs over all of the time. How many independent trials the sets amount to follows from the
//! correlation of their returns in the last training window.

use crate::results::Trial;
use crate::statistics::trials::{effective, trials};
use crate::statistics::{Condensed, Grid};
use crate::sweep::SetOutcome;

/// What is known of the sets after all windows.
#[derive(Debug, Clone, Default)]
pub struct Tried {
    /// For each set the sum of its annualised Sharpe ratios in training, and their number.
    ratios: Vec<(f64, usize)>,
    /// Mean correlation of the sets' returns in the last window; `None` where it is not known.
    mean_correlation: Option<f64>,
}

impl Tried {
    /// Nothing yet of so many sets.
    pub fn new(n_sets: usize) -> Self {
        Self { ratios: vec![(0.0, 0); n_sets], mean_correlation: None }
    }

    /// Takes in a set's ratio in a window.
    pub fn add(&mut self, set: usize, sharpe: Option<f64>) {
        if let Some(sharpe) = sharpe.filter(|sharpe| sharpe.is_finite()) {
            self.ratios[set].0 += sharpe;
            self.ratios[set].1 += 1;
        }
    }

    /// Takes in the curves of a window: those that have the labels of the first.
    pub fn correlate(&mut self, curves: &[&SetOutcome]) {
        let Some(labels) = curves.first().map(|first| &first.sampled.labels) else { return };
        let Ok(grid) = Grid::new(labels.len(), 2) else { return };
        let same = curves.iter().filter(|curve| curve.sampled.labels == *labels);
        let condensed: Vec<Condensed> =
            same.map(|curve| Condensed::new(&curve.sampled.returns(curve.capital), &grid, 1.0)).collect();
        if labels.len() > 2 {
            self.mean_correlation = trials(&condensed.iter().collect::<Vec<_>>(), 1.0).mean_correlation;
        }
    }
}

/// The trials that the sets of a walk-forward at some places are, with the one that its out-of-sample `curve` is.
pub fn walk_trial(tried: &Tried, places: &[usize], curve: &Trial) -> Trial {
    let known = places.iter().map(|&at| tried.ratios[at]).filter(|(_, n)| *n > 0);
    let ratios: Vec<f64> = known.map(|(sum, n)| sum / n as f64).collect();
    let n_sets = places.len();
    let n_effective = effective(n_sets, tried.mean_correlation);
    Trial { n_effective, ..Trial::unknown(n_sets) }.with_ratios(&ratios).with_curve(curve)
}
