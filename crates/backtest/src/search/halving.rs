//! Successive halving: many sets over a short time, the better ones over a longer time, the best over all of it.
//!
//! Source: Jamieson, Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization", 2016. The
//! budget is history: rung after rung a run sees more of the time between start and end, always from the start.

/// One rung.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rung {
    /// Number of sets that run on it.
    pub n_sets: usize,
    /// Where its runs end, exclusive, microseconds UTC.
    pub end: i64,
}

/// The rungs of `n_sets` sets between `start` and `end`: `n_rungs` of them, each with a part `keep` of the sets of the one
/// before (at least one) and 1 / `keep` times its history; the last has all of it.
pub fn rungs(n_sets: usize, n_rungs: usize, keep: f64, (start, end): (i64, i64)) -> Vec<Rung> {
    let mut rungs = Vec::with_capacity(n_rungs);
    let mut n_left = n_sets;
    for nth in 0..n_rungs {
        let share = libm::pow(keep, (n_rungs - 1 - nth) as f64);
        let length = ((end - start) as f64 * share).round() as i64;
        rungs.push(Rung { n_sets: n_left, end: if nth + 1 == n_rungs { end } else { start + length } });
        n_left = ((n_left as f64 * keep).ceil() as usize).clamp(1, n_left.max(1));
    }
    rungs
}
