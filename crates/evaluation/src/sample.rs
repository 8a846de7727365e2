//! Factors at some times, as vectors whose products are rank correlations.
//!
//! At each sampled time a factor's ranks are taken less their mean and scaled to length 1; a missing name counts as
//! average. The product of two factors at a time is then their rank correlation over all names that have one of them:
//! exactly so when both have the same names, and [`SampledFactor::among_common`] ranks anew where they have not. Means
//! over the sampled times stand for means over all; all times are taken when they are few.

use crosscut_kernels::ranks::{Ranker, rank_correlation};
use rayon::prelude::*;

use crate::matrix::Matrix;

/// Most values of all vectors together, and fewest and most of one: times times names.
const VALUES: (usize, (usize, usize)) = (20_000_000, (60_000, 220_000));

/// Fewest and most sampled times.
const TIMES: (usize, usize) = (20, 1_000);

/// What stands for a rank in the middle, whose distance from the mean is 0, so that it differs from a missing one. Too
/// small to be seen in a sum.
const MIDDLE: f32 = 1e-12;

/// Numbers added side by side in a product, so that it is quick and always summed in one order.
const LANES: usize = 16;

/// Which times are sampled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Positions of the times, ascending.
    pub times: Vec<usize>,
    /// Number of names.
    pub width: usize,
}

/// One factor at the sampled times.
#[derive(Debug, Clone, PartialEq)]
pub struct SampledFactor {
    /// For each time the scaled ranks of all names.
    values: Vec<f32>,
    /// Whether the factor has values that vary at each time.
    present: Vec<bool>,
}

impl Sample {
    /// Evenly spaced among the times for which `usable` holds; so many vectors are held at once.
    pub fn new(n_times: usize, width: usize, n_vectors: usize, usable: impl Fn(usize) -> bool) -> Self {
        let usable: Vec<usize> = (0..n_times).filter(|t| usable(*t)).collect();
        let (all, (least, most)) = VALUES;
        let values = (all / n_vectors.max(1)).clamp(least, most);
        let wanted = (values / width.max(1)).clamp(TIMES.0, TIMES.1).min(usable.len());
        let times = (0..wanted).map(|at| usable[at * usable.len() / wanted]).collect();
        Self { times, width }
    }

    /// A factor from its doubled ranks, 0 for missing names.
    pub fn from_ranks(&self, ranks: &Matrix<u16>) -> SampledFactor {
        let row = |t: usize| ranks.row(t).iter().map(|&rank| if rank == 0 { f64::NAN } else { f64::from(rank) });
        self.scaled(|at, out| out.extend(row(self.times[at])))
    }

    /// A factor from rows that `fill` appends for the sampled time of a position; missing is NaN.
    pub fn scaled(&self, mut fill: impl FnMut(usize, &mut Vec<f64>)) -> SampledFactor {
        let mut out = SampledFactor { values: Vec::with_capacity(self.times.len() * self.width), present: Vec::new() };
        let mut row = Vec::new();
        for at in 0..self.times.len() {
            row.clear();
            fill(at, &mut row);
            let (n, sum) = row.iter().filter(|x| !x.is_nan()).fold((0.0, 0.0), |(n, sum), x| (n + 1.0, sum + x));
            let mean: f64 = sum / n;
            let squares: f64 = row.iter().filter(|x| !x.is_nan()).map(|x| (x - mean) * (x - mean)).sum();
            let is_present = n >= 2.0 && squares > 0.0;
            let length = squares.sqrt();
            let scaled = |x: &f64| match ((x - mean) / length) as f32 {
                _ if !is_present || x.is_nan() => 0.0,
                0.0 => MIDDLE,
                other => other,
            };
            out.values.extend(row.iter().map(scaled));
            out.present.push(is_present);
        }
        out
    }
}

impl SampledFactor {
    /// Rank correlation with another factor at each sampled time; NaN where one is absent.
    pub fn by_time(&self, other: &Self, width: usize) -> Vec<f64> {
        let both = self.present.iter().zip(&other.present).map(|(a, b)| *a && *b);
        let products = self.values.chunks(width).zip(other.values.chunks(width)).map(|(a, b)| product(a, b));
        both.zip(products).map(|(both, product)| if both { product } else { f64::NAN }).collect()
    }

    /// Rank correlations at each sampled time among the names that have a value here, in `other` and in each of
    /// `third`: with `other`, and for each of `third` with it and of `other` with it. NaN where undefined.
    pub fn among_common<const N: usize>(&self, other: &Self, third: [&Self; N], width: usize) -> Vec<Common<N>> {
        let at = |at: usize, room: &mut CommonRoom| {
            let rows = [self, other].map(|factor| &factor.values[at * width..(at + 1) * width]);
            let more = third.map(|factor| &factor.values[at * width..(at + 1) * width]);
            room.common(rows, more)
        };
        (0..self.present.len()).into_par_iter().map_init(CommonRoom::default, |room, time| at(time, room)).collect()
    }

    /// Number of sampled times.
    pub fn n_times(&self) -> usize {
        self.present.len()
    }

    /// The scaled ranks at a sampled time; `None` where the factor is absent.
    pub fn row(&self, at: usize, width: usize) -> Option<Vec<f64>> {
        self.present[at].then(|| self.values[at * width..(at + 1) * width].iter().map(|x| f64::from(*x)).collect())
    }

    /// The mean over the sampled times of the rank correlation with another factor; NaN when they never meet.
    pub fn correlation(&self, other: &Self) -> f64 {
        let n = self.present.iter().zip(&other.present).filter(|(a, b)| **a && **b).count();
        // Where one is absent its values are 0.
        if n == 0 { f64::NAN } else { (product(&self.values, &other.values) / n as f64).clamp(-1.0, 1.0) }
    }
}

/// Rank correlations among common names.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Common<const N: usize> {
    /// Of the two factors.
    pub between: f64,
    /// Of the first and the second with each third.
    pub with: [(f64, f64); N],
}

/// Room for ranking common names.
#[derive(Debug, Default)]
struct CommonRoom {
    /// Values of the common names.
    values: Vec<f64>,
    /// For sorting.
    ranker: Ranker,
}

impl CommonRoom {
    /// The correlations at one time.
    fn common<const N: usize>(&mut self, rows: [&[f32]; 2], third: [&[f32]; N]) -> Common<N> {
        let is_common = |name: &usize| rows.iter().chain(&third).all(|row| row[*name] != 0.0);
        let names: Vec<usize> = (0..rows[0].len()).filter(is_common).collect();
        let mut ranks = |row: &[f32]| {
            self.values.clear();
            self.values.extend(names.iter().map(|name| f64::from(row[*name])));
            let mut out = Vec::new();
            self.ranker.rank(&self.values, &mut out);
            out
        };
        let [a, b] = rows.map(&mut ranks);
        let correlation = |x: &[u32], y: &[u32]| rank_correlation(x, y).unwrap_or(f64::NAN);
        let with = third.map(|row| {
            let third = ranks(row);
            (correlation(&a, &third), correlation(&b, &third))
        });
        Common { between: correlation(&a, &b), with }
    }
}

/// Sum of products.
fn product(a: &[f32], b: &[f32]) -> f64 {
    /// Values summed in single precision before they are added up in double.
    const PIECE: usize = 1024;
    let mut total = 0.0;
    for (a, b) in a.chunks(PIECE).zip(b.chunks(PIECE)) {
        let mut lanes = [0.0f32; LANES];
        let (a_lanes, a_rest) = a.as_chunks::<LANES>();
        let (b_lanes, b_rest) = b.as_chunks::<LANES>();
        for (a, b) in a_lanes.iter().zip(b_lanes) {
            for lane in 0..LANES {
                lanes[lane] += a[lane] * b[lane];
            }
        }
        total += lanes.iter().map(|lane| f64::from(*lane)).sum::<f64>();
        total += a_rest.iter().zip(b_rest).map(|(a, b)| f64::from(a * b)).sum::<f64>();
    }
    total
}

/// The matrix of mean rank correlations.
pub fn correlations(factors: &[SampledFactor]) -> Vec<Vec<f64>> {
    let upper: Vec<Vec<f64>> = (0..factors.len())
        .into_par_iter()
        .map(|i| (i..factors.len()).map(|j| factors[i].correlation(&factors[j])).collect())
        .collect();
    (0..factors.len())
        .map(|i| (0..factors.len()).map(|j| if j >= i { upper[i][j - i] } else { upper[j][i - j] }).collect())
        .collect()
}
