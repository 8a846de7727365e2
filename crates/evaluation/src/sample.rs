//! Factors at some times, as ranks among the names that have one: what is compared with other factors.
//!
//! All times are taken when they are few, evenly spaced ones otherwise: the numbers are exact at the times that are taken.

use crosscut_kernels::ranks::Ranker;

use crate::matrix::Matrix;

/// Fewest sampled times, where there are as many.
const TIMES_MIN: usize = 20;

/// Which times are sampled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Positions of the times, ascending.
    pub times: Vec<usize>,
    /// Number of names.
    pub width: usize,
    /// Fewest names of a time that counts.
    pub min_names: usize,
}

/// One factor at the sampled times.
#[derive(Debug, Clone, PartialEq)]
pub struct SampledFactor {
    /// For each time the doubled average ranks of all names; 0 where one is missing.
    ranks: Vec<u16>,
}

impl Sample {
    /// Times for which `usable` holds, evenly spaced, so many that times times names is at most `n_cells`.
    pub fn new(
        (n_times, width, min_names): (usize, usize, usize),
        n_cells: usize,
        usable: impl Fn(usize) -> bool,
    ) -> Self {
        let usable: Vec<usize> = (0..n_times).filter(|t| usable(*t)).collect();
        let wanted = (n_cells / width.max(1)).max(TIMES_MIN).min(usable.len());
        let times = (0..wanted).map(|at| usable[at * usable.len() / wanted]).collect();
        Self { times, width, min_names: min_names.max(2) }
    }

    /// How many neighbouring returns overlap when each lasts `bars` bars: those of the sampled times lie farther apart.
    pub fn overlap(&self, bars: usize) -> usize {
        let spacing = self.times.windows(2).map(|pair| pair[1] - pair[0]).min().unwrap_or(1);
        bars.div_ceil(spacing.max(1)).max(1)
    }

    /// A factor from its doubled ranks, 0 for missing names.
    pub fn from_ranks(&self, ranks: &Matrix<u16>) -> SampledFactor {
        SampledFactor { ranks: self.times.iter().flat_map(|t| ranks.row(*t)).copied().collect() }
    }

    /// A factor from the rows of values that `fill` appends for the sampled time of a position; missing is NaN. A time
    /// with too few names has none.
    pub fn ranked(&self, mut fill: impl FnMut(usize, &mut Vec<f64>)) -> SampledFactor {
        let (mut ranker, mut row, mut doubled) = (Ranker::default(), Vec::new(), Vec::new());
        let mut ranks = Vec::with_capacity(self.times.len() * self.width);
        for at in 0..self.times.len() {
            row.clear();
            fill(at, &mut row);
            ranker.rank(&row, &mut doubled);
            let is_judged = doubled.iter().filter(|rank| **rank > 0).count() >= self.min_names;
            ranks.extend(doubled.iter().map(|rank| if is_judged { *rank as u16 } else { 0 }));
        }
        SampledFactor { ranks }
    }
}

impl SampledFactor {
    /// The doubled ranks at a sampled time.
    pub fn row(&self, at: usize, width: usize) -> &[u16] {
        &self.ranks[at * width..(at + 1) * width]
    }
}
