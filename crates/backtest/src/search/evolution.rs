//! Evolution: the best trials so far are crossed and changed a little.
//!
//! Source: Deb et al., NSGA-II (2002), with simulated binary crossover and polynomial mutation (Deb and Agrawal, "Simulated
//! binary crossover for continuous search space", 1995). Parents are the best of all trials, so nothing good is lost; with
//! one objective that is an elitist genetic algorithm.

use crosscut_kernels::bootstrap::Random;

use super::{Dimension, Searcher, Trial, inside, single_losses, uniform, uniform_point};

/// How alike children are to their parents under crossover; larger: more alike.
const CROSSOVER_INDEX: f64 = 3.0;

/// How small changes are; larger: smaller.
const MUTATION_INDEX: f64 = 8.0;

/// Part of the children that have two parents.
const CROSSOVER_SHARE: f64 = 0.9;

/// A population that evolves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evolution {
    /// The parameters.
    pub dimensions: Vec<Dimension>,
    /// Number of parents; as many random trials come first.
    pub population: usize,
}

impl Searcher for Evolution {
    fn propose(&self, trials: &[Trial], n: usize, random: &mut Random) -> Vec<Vec<f64>> {
        let parents = self.parents(trials);
        let n_random = self.population.saturating_sub(trials.len()).min(n);
        (0..n)
            .map(|nth| {
                if nth < n_random || parents.len() < 2 {
                    uniform_point(self.dimensions.len(), random)
                } else {
                    self.child(&parents, random)
                }
            })
            .collect()
    }
}

impl Evolution {
    /// The points of the best trials, the best first.
    fn parents<'a>(&self, trials: &'a [Trial]) -> Vec<&'a [f64]> {
        let losses = single_losses(trials);
        let mut done: Vec<(f64, usize)> =
            losses.iter().enumerate().filter_map(|(at, loss)| Some(((*loss)?, at))).collect();
        done.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        done.iter().take(self.population).map(|(_, at)| trials[*at].point.as_slice()).collect()
    }

    /// A point made of two parents.
    fn child(&self, parents: &[&[f64]], random: &mut Random) -> Vec<f64> {
        // The better of two drawn ones: parents come sorted.
        let mut parent = || parents[random.below(parents.len()).min(random.below(parents.len()))];
        let (mother, father) = (parent(), parent());
        let crosses = uniform(random) < CROSSOVER_SHARE;
        let mutates = (1.5 / self.dimensions.len() as f64).min(1.0);
        let gene = |(at, dimension): (usize, &Dimension)| {
            let (a, b) = (mother[at], father[at]);
            let takes_second = crosses && uniform(random) < 0.5;
            let place = match (dimension.is_ordered, crosses) {
                (true, true) => crossed(a, b, random),
                _ if takes_second => b,
                _ => a,
            };
            if uniform(random) >= mutates {
                return inside(place);
            }
            if dimension.is_ordered { mutated(place, dimension, random) } else { uniform(random) }
        };
        self.dimensions.iter().enumerate().map(gene).collect()
    }
}

/// A place near one of two, the nearer to them the more alike they are.
fn crossed(a: f64, b: f64, random: &mut Random) -> f64 {
    let u = uniform(random);
    let power = 1.0 / (CROSSOVER_INDEX + 1.0);
    let spread = if u <= 0.5 { libm::pow(2.0 * u, power) } else { libm::pow(0.5 / (1.0 - u), power) };
    let side = if uniform(random) < 0.5 { spread } else { -spread };
    0.5 * ((a + b) + side * (b - a))
}

/// A place changed a little; by one value at least where there are so many.
fn mutated(place: f64, dimension: &Dimension, random: &mut Random) -> f64 {
    let u = uniform(random);
    let power = 1.0 / (MUTATION_INDEX + 1.0);
    let step = if u < 0.5 { libm::pow(2.0 * u, power) - 1.0 } else { 1.0 - libm::pow(2.0 * (1.0 - u), power) };
    let least = dimension.n_values.map_or(0.0, |n| 1.0 / n as f64);
    inside(place + if step.abs() < least { least.copysign(step) } else { step })
}
