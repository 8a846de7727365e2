//! Scores made of several factors: their ranks added up, each with the same weight, or with the weight of what its rank
//! IC was so far.
//!
//! A rank counts as its distance from the middle over the number of names, from -1/2 to 1/2; a name without one counts as
//! average, and has no score unless at least half of the factors have it. The weight of a factor at a time is the mean
//! of its rank ICs whose holding period was over by then: nothing of the future is in it. Until there are
//! [`HISTORY_MIN`] of them there is no weighted score.

use crate::matrix::Matrix;
use crate::schedule::NONE;
use crate::section::{FactorRows, Pass, Sections};

/// Fewest rank ICs that were realised before a factor has a weight.
pub const HISTORY_MIN: usize = 20;

/// The scores under construction.
#[derive(Debug)]
pub struct Combination {
    /// Sums with equal weights.
    pub equal: Matrix<f32>,
    /// Sums with the weights of past rank ICs.
    pub weighted: Matrix<f32>,
    /// Number of factors of each name and time.
    counts: Matrix<u16>,
    /// Factors with a weight at each time.
    n_weights: Vec<u16>,
    /// Factors so far.
    n_factors: u16,
}

impl Combination {
    /// No factor yet.
    pub fn new(n_times: usize, width: usize) -> Self {
        Self {
            equal: Matrix::filled(n_times, width, 0.0),
            weighted: Matrix::filled(n_times, width, 0.0),
            counts: Matrix::filled(n_times, width, 0),
            n_weights: vec![0; n_times],
            n_factors: 0,
        }
    }

    /// Adds a factor by its ranks; its weights are the means of its realised rank ICs of the first horizon.
    pub fn add(&mut self, pass: &Pass<'_>, sections: &Sections) {
        self.n_factors += 1;
        let weights = past_means(pass, sections);
        for (t, weight) in weights.into_iter().enumerate() {
            let n = sections.rows[t].n;
            self.n_weights[t] += u16::from(weight.is_some());
            let scale = 1.0 / (2.0 * n as f32);
            let (equal, weighted) = (self.equal.row_mut(t), self.weighted.row_mut(t));
            let counts = self.counts.row_mut(t);
            for (name, &rank) in sections.ranks.row(t).iter().enumerate().filter(|(_, rank)| **rank > 0) {
                let place = (f32::from(rank) - (n + 1) as f32) * scale;
                equal[name] += place;
                weighted[name] += weight.unwrap_or(0.0) as f32 * place;
                counts[name] += 1;
            }
        }
    }

    /// Ends the scores: missing becomes NaN.
    pub fn finish(mut self) -> (Matrix<f32>, Matrix<f32>) {
        for t in 0..self.n_weights.len() {
            for name in 0..self.counts.width() {
                if 2 * self.counts.at(t, name) < self.n_factors {
                    self.equal.set(t, name, f32::NAN);
                }
                if 2 * self.counts.at(t, name) < self.n_factors || self.n_weights[t] == 0 {
                    self.weighted.set(t, name, f32::NAN);
                }
            }
        }
        (self.equal, self.weighted)
    }
}

/// For each time the mean of the rank ICs of earlier times whose holding period was over when its decision is made.
pub fn past_means(pass: &Pass<'_>, sections: &Sections) -> Vec<Option<f64>> {
    let (mut next, mut sum, mut n) = (0, 0.0, 0usize);
    let base = &pass.market.base;
    let exits = &pass.schedule.exits[0];
    (0..sections.rows.len())
        .map(|t| {
            // A time without an exit, in a gap or at the end of the data, has no rank IC to wait for.
            let is_over = |exit: u32| exit == NONE || base[t] != NONE && exit <= base[t];
            while next < t && is_over(exits[next]) {
                let ic = sections.rows[next].outcomes.first().map_or(f64::NAN, |outcome| outcome.rank_ic);
                if ic.is_finite() {
                    sum += ic;
                    n += 1;
                }
                next += 1;
            }
            (n >= HISTORY_MIN).then(|| sum / n as f64)
        })
        .collect()
}

impl FactorRows for Matrix<f32> {
    fn row<'a>(&'a self, t: usize, room: &'a mut Vec<f64>) -> &'a [f64] {
        room.clear();
        room.extend(self.row(t).iter().map(|value| f64::from(*value)));
        room
    }
}
