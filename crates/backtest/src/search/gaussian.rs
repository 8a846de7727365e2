//! A Gaussian process over the trials, and the points from which the most improvement is expected.
//!
//! Source: Rasmussen, Williams, "Gaussian processes for machine learning", 2006 (algorithm 2.1, Matern kernel of 5/2 with a
//! length per parameter, equation 4.17); Jones, Schonlau, Welch, "Efficient global optimization of expensive black-box
//! functions", 1998 (expected improvement). Lengths and noise are those of the highest marginal likelihood on a coarse
//! grid, found parameter by parameter; the scale follows from them. Points of a batch are chosen one after another, each
//! as if those before had given what is expected of them.

use crosscut_kernels::bootstrap::Random;
use crosscut_kernels::metrics::probability::{normal_cdf, normal_density};

use super::{Dimension, Searcher, Trial, inside, normal, single_losses, uniform_point};

/// Most trials that are looked at: half the best, half the latest. The work grows with the third power.
const TRIALS_MAX: usize = 200;

/// Lengths that are tried, in widths of the cube.
const LENGTHS: [f64; 7] = [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 4.0];

/// Noise that is tried, as a part of the variance.
const NOISES: [f64; 4] = [1e-6, 1e-4, 1e-2, 1e-1];

/// Passes over the parameters while lengths are sought.
const PASSES: usize = 2;

/// Points anywhere that expected improvement is computed at.
const CANDIDATES: usize = 512;

/// Points near the best ones, of each size of step.
const NEIGHBOURS: usize = 128;

/// Sizes of steps from the best ones.
const STEPS: [f64; 2] = [0.1, 0.02];

/// How many of the best trials neighbours are drawn from.
const CENTRES: usize = 4;

/// A search by a Gaussian process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GaussianProcess {
    /// The parameters.
    pub dimensions: Vec<Dimension>,
    /// Number of random trials before the first that is learnt from.
    pub n_initial: usize,
}

impl Searcher for GaussianProcess {
    fn propose(&self, trials: &[Trial], n: usize, random: &mut Random) -> Vec<Vec<f64>> {
        let n_random = self.n_initial.saturating_sub(trials.len()).min(n);
        let mut points: Vec<Vec<f64>> = (0..n_random).map(|_| uniform_point(self.dimensions.len(), random)).collect();
        let Some(mut seen) = self.seen(trials) else {
            points.extend((n_random..n).map(|_| uniform_point(self.dimensions.len(), random)));
            return points;
        };
        let shape = self.likeliest(&seen);
        for _ in n_random..n {
            let Some(process) = Process::new(&self.dimensions, &shape, &seen) else { break };
            let point = self.most_promising(&process, &seen, random);
            let expected = process.predict(&point).0;
            seen.points.push(point.clone());
            seen.losses.push(expected);
            points.push(point);
        }
        points.extend((points.len()..n).map(|_| uniform_point(self.dimensions.len(), random)));
        points
    }
}

/// Trials as the process sees them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Seen {
    /// Places, those of values in the middle of their value.
    pub(super) points: Vec<Vec<f64>>,
    /// Losses less their mean, over their deviation; of failed trials the worst.
    pub(super) losses: Vec<f64>,
}

/// What a process assumes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shape {
    /// Length over which each parameter matters.
    pub(super) lengths: Vec<f64>,
    /// Noise, as a part of the variance.
    pub(super) noise: f64,
}

impl GaussianProcess {
    /// The trials to learn from; `None` when they say nothing yet.
    fn seen(&self, trials: &[Trial]) -> Option<Seen> {
        let losses = single_losses(trials);
        let worst = losses.iter().flatten().copied().reduce(f64::max)?;
        let losses: Vec<f64> = losses.into_iter().map(|loss| loss.unwrap_or(worst)).collect();
        let mut order: Vec<usize> = (0..losses.len()).collect();
        order.sort_by(|&a, &b| losses[a].total_cmp(&losses[b]).then(a.cmp(&b)));
        let first_latest = losses.len().saturating_sub(TRIALS_MAX / 2);
        let mut taken: Vec<usize> = order.into_iter().take(TRIALS_MAX / 2).collect();
        taken.extend(first_latest..losses.len());
        taken.sort_unstable();
        taken.dedup();
        let n = taken.len() as f64;
        let mean = taken.iter().map(|&at| losses[at]).sum::<f64>() / n;
        let deviation = (taken.iter().map(|&at| (losses[at] - mean) * (losses[at] - mean)).sum::<f64>() / n).sqrt();
        (deviation > 0.0 && deviation.is_finite()).then(|| Seen {
            points: taken.iter().map(|&at| self.settled(&trials[at].point)).collect(),
            losses: taken.iter().map(|&at| (losses[at] - mean) / deviation).collect(),
        })
    }

    /// A point with the places of values in their middle.
    fn settled(&self, point: &[f64]) -> Vec<f64> {
        self.dimensions.iter().zip(point).map(|(dimension, &place)| dimension.settled(place)).collect()
    }

    /// The lengths and the noise under which the trials are likeliest.
    fn likeliest(&self, seen: &Seen) -> Shape {
        let mut best = Shape { lengths: vec![0.4; self.dimensions.len()], noise: 1e-4 };
        let likelihood = |shape: &Shape| {
            Process::new(&self.dimensions, shape, seen).map_or(f64::NEG_INFINITY, |process| process.log_likelihood())
        };
        let mut highest = likelihood(&best);
        let mut offer = |shape: Shape, best: &mut Shape| {
            let found = likelihood(&shape);
            if found > highest {
                highest = found;
                *best = shape;
            }
        };
        for _ in 0..PASSES {
            for at in 0..self.dimensions.len() {
                for length in LENGTHS {
                    let mut shape = best.clone();
                    shape.lengths[at] = length;
                    offer(shape, &mut best);
                }
            }
            for noise in NOISES {
                let shape = Shape { noise, ..best.clone() };
                offer(shape, &mut best);
            }
        }
        best
    }

    /// The point with the highest expected improvement of those looked at, other than those that were tried.
    fn most_promising(&self, process: &Process<'_>, seen: &Seen, random: &mut Random) -> Vec<f64> {
        let mut order: Vec<usize> = (0..seen.losses.len()).collect();
        order.sort_by(|&a, &b| seen.losses[a].total_cmp(&seen.losses[b]).then(a.cmp(&b)));
        let lowest = seen.losses[order[0]];
        let mut candidates: Vec<Vec<f64>> =
            (0..CANDIDATES).map(|_| uniform_point(self.dimensions.len(), random)).collect();
        for step in STEPS {
            for nth in 0..NEIGHBOURS {
                let centre = &seen.points[order[nth % CENTRES.min(order.len())]];
                candidates.push(centre.iter().map(|place| inside(place + step * normal(random))).collect());
            }
        }
        let mut best: Option<(f64, Vec<f64>)> = None;
        for candidate in &candidates {
            let point = self.settled(candidate);
            if seen.points.contains(&point) {
                continue;
            }
            let (mean, deviation) = process.predict(&point);
            let improvement = expected_improvement(lowest, mean, deviation);
            if best.as_ref().is_none_or(|(highest, _)| improvement > *highest) {
                best = Some((improvement, point));
            }
        }
        best.map_or_else(|| self.settled(&candidates[0]), |(_, point)| point)
    }
}

/// How much below `lowest` a normal value of this mean and deviation is expected to be.
pub(super) fn expected_improvement(lowest: f64, mean: f64, deviation: f64) -> f64 {
    if deviation <= 0.0 {
        return (lowest - mean).max(0.0);
    }
    let z = (lowest - mean) / deviation;
    deviation * (z * normal_cdf(z) + normal_density(z))
}

/// A process fitted to trials.
pub(super) struct Process<'a> {
    /// The parameters.
    dimensions: &'a [Dimension],
    /// What it assumes.
    shape: &'a Shape,
    /// The places of the trials.
    points: &'a [Vec<f64>],
    /// Lower triangle of the root of the trials' covariance, row by row.
    root: Vec<Vec<f64>>,
    /// The covariance's inverse times the losses.
    weights: Vec<f64>,
    /// The variance that fits best.
    variance: f64,
}

impl<'a> Process<'a> {
    /// Fits a process; `None` where the covariance has no root in numbers of this precision.
    pub(super) fn new(dimensions: &'a [Dimension], shape: &'a Shape, seen: &'a Seen) -> Option<Self> {
        let points = seen.points.as_slice();
        let mut root: Vec<Vec<f64>> = Vec::with_capacity(points.len());
        for (i, point) in points.iter().enumerate() {
            let mut row: Vec<f64> = Vec::with_capacity(i + 1);
            for (j, other) in points[..i].iter().enumerate() {
                let above: f64 = row.iter().zip(&root[j]).map(|(a, b)| a * b).sum();
                row.push((covariance(dimensions, shape, point, other) - above) / root[j][j]);
            }
            let left = 1.0 + shape.noise - row.iter().map(|a| a * a).sum::<f64>();
            (left > 0.0).then(|| row.push(left.sqrt()))?;
            root.push(row);
        }
        let half = solve_down(&root, &seen.losses);
        let variance = half.iter().map(|a| a * a).sum::<f64>() / points.len() as f64;
        let weights = solve_up(&root, &half);
        Some(Self { dimensions, shape, points, root, weights, variance })
    }

    /// Logarithm of the likelihood of the losses, up to a constant.
    fn log_likelihood(&self) -> f64 {
        let n = self.points.len() as f64;
        let diagonal: f64 = self.root.iter().map(|row| libm::log(row[row.len() - 1])).sum();
        -0.5 * n * libm::log(self.variance) - diagonal
    }

    /// Mean and deviation of the loss at a point, without noise.
    pub(super) fn predict(&self, point: &[f64]) -> (f64, f64) {
        let with: Vec<f64> =
            self.points.iter().map(|other| covariance(self.dimensions, self.shape, point, other)).collect();
        let mean = with.iter().zip(&self.weights).map(|(a, b)| a * b).sum();
        let half = solve_down(&self.root, &with);
        let left = 1.0 - half.iter().map(|a| a * a).sum::<f64>();
        (mean, (self.variance * left.max(0.0)).sqrt())
    }
}

/// Covariance of two points as a part of the variance: Matern 5/2; names are alike or a length of 1 apart.
fn covariance(dimensions: &[Dimension], shape: &Shape, a: &[f64], b: &[f64]) -> f64 {
    let mut square = 0.0;
    for (at, dimension) in dimensions.iter().enumerate() {
        let apart = if dimension.is_ordered { a[at] - b[at] } else { f64::from(u8::from(a[at] != b[at])) };
        square += (apart / shape.lengths[at]) * (apart / shape.lengths[at]);
    }
    let r = (5.0 * square).sqrt();
    (1.0 + r + r * r / 3.0) * libm::exp(-r)
}

/// Solves root * x = right.
fn solve_down(root: &[Vec<f64>], right: &[f64]) -> Vec<f64> {
    let mut x: Vec<f64> = Vec::with_capacity(right.len());
    for (row, right) in root.iter().zip(right) {
        let known: f64 = row.iter().zip(&x).map(|(a, x)| a * x).sum();
        x.push((right - known) / row[row.len() - 1]);
    }
    x
}

/// Solves root^T * x = right.
fn solve_up(root: &[Vec<f64>], right: &[f64]) -> Vec<f64> {
    let mut x = right.to_vec();
    for i in (0..root.len()).rev() {
        x[i] /= root[i][i];
        let (before, solved) = x.split_at_mut(i);
        for (value, a) in before.iter_mut().zip(&root[i]) {
            *value -= a * solved[0];
        }
    }
    x
}
