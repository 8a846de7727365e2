//! Choices of cross-validation and the histories they make.

use crosscut_kernels::metrics::sharpe;
use rayon::prelude::*;

use super::Splits;

/// What cross-validation gives.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Crossed {
    /// The set chosen in each split by its Sharpe ratio in training; `None` where no set has one.
    pub chosen: Vec<Option<usize>>,
    /// Its ratio in training, annualised.
    pub trained: Vec<Option<f64>>,
    /// Returns of each path; NaN where nothing was chosen.
    pub paths: Vec<Vec<f64>>,
    /// The annualised Sharpe ratio of each path.
    pub sharpes: Vec<Option<f64>>,
}

/// Chooses a set in every split and puts what it did in its tests into paths. `returns` are those of the sets, each of the
/// samples the splits are of; samples are whole periods of which a year has `per_year`.
///
/// # Panics
/// If a set has another number of samples.
pub fn cross_validate(returns: &[Vec<f64>], splits: &Splits, per_year: f64) -> Crossed {
    let n_samples = splits.groups.last().map_or(0, |group| group.end);
    assert!(returns.iter().all(|set| set.len() == n_samples), "sets have the samples of the splits");
    let best = |train: &Vec<usize>| {
        let ratios = returns.iter().enumerate().filter_map(|(at, set)| {
            let part: Vec<f64> = train.iter().map(|&sample| set[sample]).collect();
            Some((at, sharpe(&part, per_year, 0.0)?))
        });
        ratios.reduce(|best, next| if next.1 > best.1 { next } else { best })
    };
    let found: Vec<Option<(usize, f64)>> = splits.splits.par_iter().map(|split| best(&split.train)).collect();
    let mut paths = vec![vec![f64::NAN; n_samples]; splits.n_paths];
    for (split, found) in splits.splits.iter().zip(&found) {
        let Some((set, _)) = found else { continue };
        for (&group, &path) in split.test_groups.iter().zip(&split.paths) {
            let samples = splits.groups[group].clone();
            paths[path][samples.clone()].copy_from_slice(&returns[*set][samples]);
        }
    }
    Crossed {
        chosen: found.iter().map(|found| found.map(|(set, _)| set)).collect(),
        trained: found.iter().map(|found| found.map(|(_, ratio)| ratio)).collect(),
        sharpes: paths.iter().map(|path| sharpe(path, per_year, 0.0).filter(|ratio| ratio.is_finite())).collect(),
        paths,
    }
}
