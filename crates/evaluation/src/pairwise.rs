//! Rank correlations of factors that do not have the same names: each among the names both have, ranked anew there.
//!
//! At a time most factors have the same names. They are put into classes by their names; a name that is missing in the
//! other class is taken out once per class, by counting. Sums are those of whole numbers, hence exact: the last division
//! alone is rounded.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crosscut_kernels::ranks::Ranker;
use rayon::prelude::*;

use crate::sample::{Sample, SampledFactor};

/// Numbers added side by side.
const LANES: usize = 8;

/// Times worked on before their results are added up, in the order of time.
const BLOCK: usize = 32;

/// Ranks among some names as their doubled distances from the middle.
#[derive(Debug, Clone, Default)]
pub struct Centred {
    /// Doubled ranks less their mean, one per name.
    values: Vec<i16>,
    /// Sum of their squares.
    squares: f64,
}

impl Centred {
    /// From doubled average ranks among exactly these names.
    fn new(ranks: &[u32]) -> Self {
        Self::of(ranks.iter().map(|rank| *rank as i32), ranks.len())
    }

    /// From doubled average ranks of all names that have one: no other name's rank lies between.
    fn whole(row: &[u16], names: &[u32]) -> Self {
        Self::of(names.iter().map(|name| i32::from(row[*name as usize])), names.len())
    }

    /// From so many doubled average ranks.
    fn of(ranks: impl Iterator<Item = i32>, n: usize) -> Self {
        let middle = n as i32 + 1;
        let values: Vec<i16> = ranks.map(|rank| (rank - middle) as i16).collect();
        let squares = dot(&values, &values) as f64;
        Self { values, squares }
    }

    /// The rank correlation with other ranks of the same names; NaN when one side does not vary.
    pub fn correlation(&self, other: &Self) -> f64 {
        let squares = self.squares * other.squares;
        if squares > 0.0 {
            (dot(&self.values, &other.values) as f64 / squares.sqrt()).clamp(-1.0, 1.0)
        } else {
            f64::NAN
        }
    }

    /// The ranks as numbers.
    pub fn numbers(&self) -> Vec<f64> {
        self.values.iter().map(|value| f64::from(*value)).collect()
    }
}

/// The sum of products, exact: 32-bit sums are added up before they can overflow.
fn dot(a: &[i16], b: &[i16]) -> i64 {
    // Distances from the middle are below the number of names, at most `NAMES_MAX`: two products fit 32 bits.
    let largest = 2 * (a.len() as i64).pow(2).max(1);
    let piece = 2 * LANES * (i64::from(i32::MAX) / largest).max(1) as usize;
    let mut total = 0i64;
    for (a, b) in a.chunks(piece).zip(b.chunks(piece)) {
        let mut lanes = [0i32; LANES];
        let ((a_lanes, a_rest), (b_lanes, b_rest)) = (a.as_chunks::<{ 2 * LANES }>(), b.as_chunks::<{ 2 * LANES }>());
        for (a, b) in a_lanes.iter().zip(b_lanes) {
            // Neighbours in pairs: processors have one instruction for that.
            let pairs = a.as_chunks::<2>().0.iter().zip(b.as_chunks::<2>().0);
            for (lane, (a, b)) in lanes.iter_mut().zip(pairs) {
                *lane += i32::from(a[0]) * i32::from(b[0]) + i32::from(a[1]) * i32::from(b[1]);
            }
        }
        total += lanes.iter().map(|lane| i64::from(*lane)).sum::<i64>();
        total += a_rest.iter().zip(b_rest).map(|(a, b)| i64::from(*a) * i64::from(*b)).sum::<i64>();
    }
    total
}

/// Room for ranking anew, reused.
#[derive(Debug, Default)]
pub struct Again {
    /// Ranks among more names.
    wide: Vec<u32>,
    /// Ranks among those kept.
    kept: Vec<u32>,
    /// For counting.
    ranker: Ranker,
}

impl Again {
    /// The ranks of some names among themselves, all of which have one.
    pub fn among(&mut self, row: &[u16], names: &[u32]) -> Centred {
        self.wide.clear();
        self.wide.extend(names.iter().map(|name| u32::from(row[*name as usize])));
        self.ranker.rank_again(&self.wide, &mut self.kept);
        Centred::new(&self.kept)
    }
}

/// The names that have a rank in all rows.
pub fn names_of_all(rows: &[&[u16]]) -> Vec<u32> {
    let Some((first, others)) = rows.split_first() else { return Vec::new() };
    (0..first.len())
        .filter(|name| first[*name] > 0 && others.iter().all(|row| row[*name] > 0))
        .map(|n| n as u32)
        .collect()
}

/// Factors that have the same names at a time.
pub struct Class {
    /// One bit per name.
    bits: Vec<u64>,
    /// The names.
    pub names: Vec<u32>,
    /// Positions of the factors.
    pub members: Vec<usize>,
    /// Their ranks among the names.
    pub ranks: Vec<Centred>,
}

impl Class {
    /// The names that have a bit here and there.
    pub fn shared(&self, bits: &[u64]) -> Vec<u32> {
        names_of_bits(&self.bits.iter().zip(bits).map(|(a, b)| a & b).collect::<Vec<u64>>())
    }

    /// The ranks of all members among some of the names.
    pub fn among(&self, rows: &[&[u16]], names: &[u32], again: &mut Again) -> Cow<'_, [Centred]> {
        if names.len() == self.names.len() {
            return Cow::Borrowed(&self.ranks);
        }
        Cow::Owned(self.members.iter().map(|at| again.among(rows[*at], names)).collect())
    }
}

/// One bit for each name that has a rank.
pub fn bits_of(row: &[u16]) -> Vec<u64> {
    let word = |ranks: &[u16]| ranks.iter().enumerate().fold(0, |word, (bit, rank)| word | u64::from(*rank > 0) << bit);
    row.chunks(64).map(word).collect()
}

/// Factors at a time by the names they have; those with too few are left out.
pub fn classes(rows: &[&[u16]], min_names: usize) -> Vec<Class> {
    let mut found: BTreeMap<Vec<u64>, Vec<usize>> = BTreeMap::new();
    for (at, row) in rows.iter().enumerate() {
        found.entry(bits_of(row)).or_default().push(at);
    }
    let class = |(bits, members): (Vec<u64>, Vec<usize>)| {
        let names = names_of_bits(&bits);
        let ranks = if names.len() < min_names {
            Vec::new()
        } else {
            members.iter().map(|at| Centred::whole(rows[*at], &names)).collect()
        };
        Class { bits, names, members, ranks }
    };
    found.into_iter().map(class).filter(|class| !class.ranks.is_empty()).collect()
}

/// The names whose bits are set.
fn names_of_bits(bits: &[u64]) -> Vec<u32> {
    let mut out = Vec::new();
    for (word, bits) in bits.iter().enumerate() {
        let mut left = *bits;
        while left > 0 {
            out.push(64 * word as u32 + left.trailing_zeros());
            left &= left - 1;
        }
    }
    out
}

/// Mean rank correlations of all pairs, each over the times at which both have enough names in common; NaN for a pair
/// without one.
pub fn correlations(factors: &[SampledFactor], sample: &Sample) -> Vec<Vec<f64>> {
    let n = factors.len();
    let mut sums = vec![(0u32, 0.0); n * n];
    let positions: Vec<usize> = (0..sample.times.len()).collect();
    for block in positions.chunks(BLOCK) {
        let of_time = |again: &mut Again, at: &usize| {
            let rows: Vec<&[u16]> = factors.iter().map(|factor| factor.row(*at, sample.width)).collect();
            pairs(&rows, sample.min_names, again)
        };
        let found: Vec<Vec<f64>> = block.par_iter().map_init(Again::default, of_time).collect();
        for (sum, value) in found.iter().flat_map(|one| sums_of(one)) {
            let (count, total) = &mut sums[sum];
            *count += 1;
            *total += value;
        }
    }
    let mean = |i: usize, j: usize| {
        let (count, sum) = sums[i.min(j) * n + i.max(j)];
        if count > 0 { sum / f64::from(count) } else { f64::NAN }
    };
    (0..n).map(|i| (0..n).map(|j| mean(i, j)).collect()).collect()
}

/// Places and values of the pairs that have one.
fn sums_of(pairs: &[f64]) -> impl Iterator<Item = (usize, f64)> + '_ {
    pairs.iter().copied().enumerate().filter(|(_, value)| !value.is_nan())
}

/// Rank correlations of all pairs at one time, a square whose places below the diagonal are empty.
fn pairs(rows: &[&[u16]], min_names: usize, again: &mut Again) -> Vec<f64> {
    let n = rows.len();
    let mut out = vec![f64::NAN; n * n];
    let classes = classes(rows, min_names);
    for (at, class) in classes.iter().enumerate() {
        for (place, i) in class.members.iter().enumerate() {
            for (j, ranks) in class.members.iter().zip(&class.ranks).skip(place) {
                out[i * n + j] = class.ranks[place].correlation(ranks);
            }
        }
        for other in &classes[at + 1..] {
            let names = class.shared(&other.bits);
            if names.len() < min_names {
                continue;
            }
            let (ours, theirs) = (class.among(rows, &names, again), other.among(rows, &names, again));
            for (i, a) in class.members.iter().zip(ours.iter()) {
                for (j, b) in other.members.iter().zip(theirs.iter()) {
                    out[i.min(j) * n + i.max(j)] = a.correlation(b);
                }
            }
        }
    }
    out
}
