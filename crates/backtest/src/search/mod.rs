//! Searches that learn from what they have tried: where to look next, given every trial so far.
//!
//! A [`Searcher`] is a pure function of the trials before and of a seed, so a search that was killed goes on as if it had
//! not been: the journal gives back the trials, the next points follow from them. Points are places in the unit cube, one
//! number from 0 to below 1 per parameter; `sweep::space::Axis` turns a place into a value.
//!
//! Trials are asked for in batches of a fixed size, never "whenever a thread is free": the result depends on the size of a
//! batch and not on the number of threads.

mod evolution;
mod gaussian;
mod halving;
mod objective;
mod pareto;
mod stop;
#[cfg(test)]
mod tests;
mod tpe;

pub use crosscut_kernels::bootstrap::Random;

pub use evolution::Evolution;
pub use gaussian::GaussianProcess;
pub use halving::{Rung, rungs};
pub use objective::{Goal, Objective};
pub use pareto::{crowding, fronts};
pub use stop::EarlyStop;
pub use tpe::Tpe;

/// What a parameter is to a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dimension {
    /// Number of its values; `None`: any number of a range.
    pub n_values: Option<usize>,
    /// Whether neighbouring places are alike: numbers, but not names.
    pub is_ordered: bool,
}

/// A trial that is done.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// Its place, one number from 0 to below 1 per parameter.
    pub point: Vec<f64>,
    /// What is to be made small, one number per objective; `None` for one that failed or broke a requirement.
    pub losses: Option<Vec<f64>>,
}

/// Says where to look next.
pub trait Searcher: Sync {
    /// The next `n` points. What comes out depends on nothing but the arguments.
    fn propose(&self, trials: &[Trial], n: usize, random: &mut Random) -> Vec<Vec<f64>>;
}

/// The ways of searching, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SearchMethod {
    /// Tree-structured Parzen estimators.
    #[default]
    Tpe,
    /// A Gaussian process and expected improvement.
    GaussianProcess,
    /// An evolution of a population, by dominance where there are several objectives.
    Evolution,
    /// Successive halving over time slices of points drawn beforehand.
    Halving,
    /// Points that do not depend on trials.
    Random,
    /// Points that a program of the user's proposes; whoever can start one asks it.
    External,
}

impl SearchMethod {
    /// All names.
    pub const NAMES: [&'static str; 6] = ["tpe", "gaussian_process", "evolution", "halving", "random", "external"];

    /// By its name.
    pub fn named(name: &str) -> Option<Self> {
        let all = [Self::Tpe, Self::GaussianProcess, Self::Evolution, Self::Halving, Self::Random, Self::External];
        all.into_iter().find(|method| method.name() == name)
    }

    /// The name.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// The searcher of a space; halving draws its points beforehand, as a random search does.
    pub fn searcher(self, dimensions: &[Dimension], n_initial: usize) -> Box<dyn Searcher> {
        let dimensions = dimensions.to_vec();
        match self {
            Self::Tpe => Box::new(Tpe { dimensions, n_initial }),
            Self::GaussianProcess => Box::new(GaussianProcess { dimensions, n_initial }),
            Self::Evolution => Box::new(Evolution { dimensions, population: n_initial.max(4) }),
            Self::Halving | Self::Random | Self::External => Box::new(RandomSearch { n_dimensions: dimensions.len() }),
        }
    }
}

/// Independent points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RandomSearch {
    /// Number of parameters.
    pub n_dimensions: usize,
}

impl Searcher for RandomSearch {
    fn propose(&self, _: &[Trial], n: usize, random: &mut Random) -> Vec<Vec<f64>> {
        (0..n).map(|_| uniform_point(self.n_dimensions, random)).collect()
    }
}

/// The generator of the draws after so many trials: what is proposed next does not depend on where a search was cut.
pub fn generator(seed: u64, n_trials: usize) -> Random {
    let mut mixed = Random::new(seed ^ (n_trials as u64).wrapping_mul(0xD6E8_FEB8_6659_FD93));
    Random::new(mixed.bits())
}

/// A number from 0 to below 1.
fn uniform(random: &mut Random) -> f64 {
    // The highest 53 bits, all a number of this size holds.
    (random.bits() >> 11) as f64 / (1u64 << 53) as f64
}

/// A point anywhere.
pub fn uniform_point(n_dimensions: usize, random: &mut Random) -> Vec<f64> {
    (0..n_dimensions).map(|_| uniform(random)).collect()
}

/// A number of the standard normal distribution (Box and Muller, 1958).
fn normal(random: &mut Random) -> f64 {
    let (radius, angle) = (1.0 - uniform(random), uniform(random));
    (-2.0 * libm::log(radius)).sqrt() * libm::cos(std::f64::consts::TAU * angle)
}

/// The largest place below 1.
const LAST: f64 = 1.0 - f64::EPSILON;

/// A place inside the cube.
fn inside(place: f64) -> f64 {
    place.clamp(0.0, LAST)
}

impl Dimension {
    /// Which value a place stands for, where there are so many.
    fn value(self, place: f64) -> Option<usize> {
        self.n_values.map(|n| ((place * n as f64) as usize).min(n.saturating_sub(1)))
    }

    /// The middle of the places that stand for the same value; a place of a range is what it is.
    fn settled(self, place: f64) -> f64 {
        match (self.value(place), self.n_values) {
            (Some(value), Some(n)) => (value as f64 + 0.5) / n as f64,
            _ => place,
        }
    }
}

/// One loss per trial: the loss itself for one objective, and for several the place in the order by front, then by how
/// lonely a trial is on it, so that spread-out trials of the best front come first. Failed trials are `None`.
fn single_losses(trials: &[Trial]) -> Vec<Option<f64>> {
    let done: Vec<(usize, &[f64])> =
        trials.iter().enumerate().filter_map(|(at, trial)| Some((at, trial.losses.as_deref()?))).collect();
    let mut single = vec![None; trials.len()];
    if done.iter().all(|(_, losses)| losses.len() == 1) {
        done.iter().for_each(|(at, losses)| single[*at] = Some(losses[0]));
        return single;
    }
    let losses: Vec<&[f64]> = done.iter().map(|(_, losses)| *losses).collect();
    for (position, of_done) in pareto::order(&losses).into_iter().enumerate() {
        single[done[of_done].0] = Some(position as f64);
    }
    single
}
