//! Tree-structured Parzen estimators: points that are likely among the best trials and unlikely among the others.
//!
//! Source: Bergstra, Bardenet, Bengio, Kegl, "Algorithms for hyper-parameter optimization", 2011; the estimators are those
//! of the `tpe` crate, one per parameter.

use crosscut_kernels::bootstrap::Random;
use rand::SeedableRng;
use rand::rngs::StdRng;
use tpe::density_estimation::DefaultEstimatorBuilder;
use tpe::{TpeOptimizer, categorical_range, histogram_estimator, parzen_estimator, range};

use super::{Dimension, Searcher, Trial, inside, single_losses, uniform_point};

/// Parzen estimators, one per parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tpe {
    /// The parameters.
    pub dimensions: Vec<Dimension>,
    /// Number of random trials before the first that is learnt from.
    pub n_initial: usize,
}

impl Searcher for Tpe {
    fn propose(&self, trials: &[Trial], n: usize, random: &mut Random) -> Vec<Vec<f64>> {
        let mut drawn = StdRng::seed_from_u64(random.bits());
        let losses = single_losses(trials);
        let n_random = self.n_initial.saturating_sub(trials.len()).min(n);
        let mut points: Vec<Vec<f64>> = (0..n_random).map(|_| uniform_point(self.dimensions.len(), random)).collect();
        points.resize(n, Vec::with_capacity(self.dimensions.len()));
        for (at, dimension) in self.dimensions.iter().enumerate() {
            let mut estimator = estimator(dimension);
            for (trial, loss) in trials.iter().zip(&losses) {
                // A failed trial is the worst there is. Places in the cube are inside every range.
                let _ = estimator.tell(written(dimension, trial.point[at]), loss.unwrap_or(f64::INFINITY));
            }
            for point in &mut points[n_random..] {
                let place = estimator.ask(&mut drawn).unwrap_or_else(|_| written(dimension, 0.5));
                point.push(read(dimension, place));
            }
        }
        points
    }
}

/// The estimator of a parameter.
fn estimator(dimension: &Dimension) -> TpeOptimizer<DefaultEstimatorBuilder> {
    let names = dimension.n_values.filter(|_| !dimension.is_ordered);
    match names.and_then(|n| categorical_range(n).ok()) {
        Some(range) => TpeOptimizer::new(histogram_estimator(), range),
        None => TpeOptimizer::new(parzen_estimator(), range(0.0, 1.0).expect("0 is below 1")),
    }
}

/// A place as its estimator counts it: the number of the name, or the place.
fn written(dimension: &Dimension, place: f64) -> f64 {
    match dimension.value(place) {
        Some(value) if !dimension.is_ordered => value as f64,
        _ => inside(place),
    }
}

/// The place of what an estimator says.
fn read(dimension: &Dimension, number: f64) -> f64 {
    match dimension.n_values {
        Some(n) if !dimension.is_ordered => inside((number.floor() + 0.5) / n as f64),
        _ => inside(number),
    }
}
