//! Whether any of many sets is truly better than the benchmark, and which: tests that allow for the number of sets and for
//! their likeness by drawing histories for all sets together.
//!
//! White, "A reality check for data snooping", Econometrica 68, 2000. Hansen, "A test for superior predictive ability",
//! Journal of Business and Economic Statistics 23, 2005: each mean over its error, and sets that are clearly worse than the
//! benchmark do not count. Romano and Wolf, "Stepwise multiple testing as formalized data snooping", Econometrica 73, 2005:
//! which sets are better, the best first; with Hansen's treatment of poor sets it is the step-wise test of Hsu, Hsu and
//! Kuan, Journal of Empirical Finance 17, 2010.
//!
//! `d` is a set's return less the benchmark's, `n` the number of values, `d*` the mean over a drawn history. Under the null
//! a draw is `sqrt(n) (d* - g)`, with `g` the mean itself (upper), the mean unless it is below
//! `-sqrt(omega^2 / n 2 log log n)` (consistent), or the mean unless it is negative (lower); then 0.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::draws::Draws;
use super::resample::Resampling;

/// Which sets that are worse than the benchmark count under the null.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Centring {
    /// None does: the smallest p-value.
    Lower,
    /// Those that are not clearly worse: p-values that become right as histories become long.
    #[default]
    Consistent,
    /// All do: the largest p-value.
    Upper,
}

/// All three, in this order.
const CENTRINGS: [Centring; 3] = [Centring::Lower, Centring::Consistent, Centring::Upper];

/// How sets are compared with the benchmark.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SuperiorityTest {
    /// How histories are drawn.
    pub resampling: Resampling,
    /// Each mean is taken over its error, as Hansen has it; otherwise sets of large deviation rule, as in White's test.
    pub studentised: bool,
    /// Which poor sets count in the step-wise test.
    pub centring: Centring,
    /// The chance of naming any set wrongly that the step-wise test allows.
    pub level: f64,
}

/// What the tests found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Superiority {
    /// White's reality check: the chance that the best mean comes from no skill at all.
    pub reality_check_p: Option<f64>,
    /// Hansen's test, lower p-value.
    pub spa_lower_p: Option<f64>,
    /// Hansen's test, consistent p-value: the one to read.
    pub spa_consistent_p: Option<f64>,
    /// Hansen's test, upper p-value.
    pub spa_upper_p: Option<f64>,
    /// Sets that are better than the benchmark, all of them at once with the chance of a mistake below the level; ascending.
    pub superior: Vec<usize>,
    /// For each set the smallest level at which it would be among them; `None` for sets whose returns do not vary. Ruined
    /// sets are never among them.
    pub adjusted_p: Vec<Option<f64>>,
    /// Sets left out because they do not vary.
    pub n_flat: usize,
}

/// Statistics of one set.
struct Set {
    /// Its position.
    set_idx: usize,
    /// Mean difference from the benchmark; below all others for a ruined set, whatever it earned before.
    mean: f64,
    /// What means are divided by: the deviation of the mean times `sqrt(n)`, or 1.
    scale: f64,
    /// What drawn means are less of, for each centring.
    centres: [f64; 3],
}

impl SuperiorityTest {
    /// Compares sets with a benchmark, given one series of differences from it per set, all of one length.
    pub fn run(&self, columns: &[&[f64]]) -> Superiority {
        let draws = Draws::new(columns, &self.resampling);
        self.run_on(columns, &vec![false; columns.len()], &draws)
    }

    /// [`SuperiorityTest::run`] on histories drawn already. Sets that `is_ruined` marks count among those that luck could
    /// have made the best, and are never better than the benchmark themselves.
    pub(super) fn run_on(&self, columns: &[&[f64]], is_ruined: &[bool], draws: &Draws) -> Superiority {
        let sets = self.sets(columns, is_ruined);
        let plain: Vec<Set> = sets.iter().map(|set| Set { scale: 1.0, ..*set }).collect();
        let white = p_values(&plain, draws);
        let hansen = p_values(if self.studentised { &sets } else { &plain }, draws);
        let (superior, adjusted_p) =
            self.step_down(if self.studentised { &sets } else { &plain }, draws, columns.len());
        Superiority {
            reality_check_p: white.map(|p| p[2]),
            spa_lower_p: hansen.map(|p| p[0]),
            spa_consistent_p: hansen.map(|p| p[1]),
            spa_upper_p: hansen.map(|p| p[2]),
            superior,
            adjusted_p,
            n_flat: columns.len() - sets.len(),
        }
    }

    /// Statistics of the sets that vary.
    fn sets(&self, columns: &[&[f64]], is_ruined: &[bool]) -> Vec<Set> {
        let set = |(set_idx, column): (usize, &&[f64])| {
            let n = column.len() as f64;
            let mean = column.iter().sum::<f64>() / n;
            let variance = long_run_variance(column, mean, self.resampling.block)?;
            let bound = -(variance / n * 2.0 * libm::log(libm::log(n)).max(0.0)).sqrt();
            let centres = [mean.max(0.0), if mean >= bound { mean } else { 0.0 }, mean];
            let mean = if is_ruined[set_idx] { f64::NEG_INFINITY } else { mean };
            Some(Set { set_idx, mean, scale: variance.sqrt(), centres })
        };
        columns.par_iter().enumerate().filter_map(set).collect()
    }

    /// The sets that are better, and each set's smallest level. Sets are judged from the best on: the best against the
    /// largest of all under the null, the next against the largest of the rest, and no set may be surer than a better one.
    fn step_down(&self, sets: &[Set], draws: &Draws, n_sets: usize) -> (Vec<usize>, Vec<Option<f64>>) {
        let at = CENTRINGS.iter().position(|one| *one == self.centring).expect("all centrings are listed");
        let mut order: Vec<&Set> = sets.iter().collect();
        order.sort_by(|a, b| (b.mean / b.scale).total_cmp(&(a.mean / a.scale)).then(a.set_idx.cmp(&b.set_idx)));
        let observed: Vec<f64> = order.iter().map(|set| set.mean / set.scale).collect();
        let exceeded = |mut counts: Vec<u32>, draw: usize| {
            let mut largest = f64::NEG_INFINITY;
            for (place, set) in order.iter().enumerate().rev() {
                largest = largest.max((draws.mean(draw, set.set_idx) - set.centres[at]) / set.scale);
                counts[place] += u32::from(largest > observed[place]);
            }
            counts
        };
        let zero = || vec![0u32; order.len()];
        let add = |a: Vec<u32>, b: Vec<u32>| a.iter().zip(&b).map(|(a, b)| a + b).collect();
        let counts = (0..draws.n_draws()).into_par_iter().fold(zero, exceeded).reduce(zero, add);
        let mut adjusted = vec![None; n_sets];
        let (mut superior, mut surest) = (Vec::new(), 0.0f64);
        for (set, count) in order.iter().zip(counts) {
            surest = surest.max(f64::from(count) / draws.n_draws().max(1) as f64);
            adjusted[set.set_idx] = (draws.n_draws() > 0).then_some(surest);
            if surest <= self.level && draws.n_draws() > 0 {
                superior.push(set.set_idx);
            }
        }
        superior.sort_unstable();
        (superior, adjusted)
    }
}

/// The shares of draws whose largest value is above the largest observed, for each centring; `None` without sets or draws.
fn p_values(sets: &[Set], draws: &Draws) -> Option<[f64; 3]> {
    let observed = sets.iter().map(|set| set.mean / set.scale).reduce(f64::max)?;
    let exceeded = |draw: usize| {
        let mut largest = [f64::NEG_INFINITY; 3];
        for set in sets {
            let mean = draws.mean(draw, set.set_idx);
            for (largest, centre) in largest.iter_mut().zip(set.centres) {
                *largest = largest.max((mean - centre) / set.scale);
            }
        }
        largest.map(|largest| u32::from(largest > observed))
    };
    let add = |a: [u32; 3], b: [u32; 3]| [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
    let counts = (0..draws.n_draws()).into_par_iter().map(exceeded).reduce(|| [0; 3], add);
    (draws.n_draws() > 0).then(|| counts.map(|count| f64::from(count) / draws.n_draws() as f64))
}

/// The variance of `sqrt(n)` times the mean that blocks of random length lead to, without drawing any: autocovariances
/// round the circle, weighted by `(1 - j / n) q^j`, `q = 1 - 1 / block` (Politis and Romano 1994; Hansen 2005). `None`
/// for values that do not vary, or when the estimate is not positive.
fn long_run_variance(values: &[f64], mean: f64, block: f64) -> Option<f64> {
    let n = values.len();
    let away: Vec<f64> = values.iter().map(|value| value - mean).collect();
    let own: f64 = away.iter().map(|value| value * value).sum();
    let largest = values.iter().fold(0.0f64, |most, value| most.max(value.abs()));
    if n < 2 || (own / n as f64).sqrt() <= 1e-14 * largest {
        return None;
    }
    let q = 1.0 - 1.0 / block.max(1.0);
    // `near` is the sum over j = 1 .. n - 1 of q^j times the value j places on, `far` the same with j q^j: one walk round the
    // circle gives both at every place from those at the next.
    let (mut near, mut far, mut power) = (0.0, 0.0, 1.0);
    for (j, value) in away.iter().enumerate().skip(1) {
        power *= q;
        near += power * value;
        far += j as f64 * power * value;
    }
    let last_power = power * q;
    let size = n as f64;
    let mut cross = away[0] * (near - far / size);
    for place in (1..n).rev() {
        let next = away[(place + 1) % n];
        // The value just reached drops out: it is n places on.
        (near, far) =
            (q * (next + near) - last_power * away[place], q * (next + near + far) - size * last_power * away[place]);
        cross += away[place] * (near - far / size);
    }
    let variance = (own + 2.0 * cross) / size;
    (variance > 0.0 && variance.is_finite()).then_some(variance)
}

#[cfg(test)]
pub(super) mod tests {
    //! The walk round the circle against the sum as it is written.

    use crosscut_kernels::bootstrap::Random;

    use super::*;

    /// The sum over all lags, as `arch` writes it.
    pub(in crate::statistics) fn slow_variance(values: &[f64], block: f64) -> f64 {
        let n = values.len();
        let mean = values.iter().sum::<f64>() / n as f64;
        let p = 1.0 / block;
        let mut variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n as f64;
        for lag in 1..n {
            let share = lag as f64 / n as f64;
            let kappa = (1.0 - share) * (1.0 - p).powi(lag as i32) + share * (1.0 - p).powi((n - lag) as i32);
            let cross: f64 = (lag..n).map(|idx| (values[idx] - mean) * (values[idx - lag] - mean)).sum();
            variance += 2.0 * kappa * cross / n as f64;
        }
        variance
    }

    #[test]
    fn the_walk_round_the_circle_is_the_sum_over_all_lags() {
        let mut random = Random::new(3);
        for (n, block) in [(2, 1.0), (3, 2.0), (10, 1.0), (57, 4.0), (200, 30.0), (64, 1000.0)] {
            let values: Vec<f64> = (0..n).map(|_| random.below(1000) as f64 / 500.0 - 1.0).collect();
            let mean = values.iter().sum::<f64>() / n as f64;
            let slow = slow_variance(&values, block);
            let fast = long_run_variance(&values, mean, block);
            match fast {
                Some(fast) => {
                    assert!((fast - slow).abs() <= 1e-12 * slow.abs().max(1e-3), "{n} {block}: {fast} {slow}")
                }
                None => assert!(slow <= 1e-12, "{n} {block}: {slow}"),
            }
        }
        assert_eq!(long_run_variance(&[0.1; 20], 0.1, 3.0), None);
    }
}
