//! Both ends of a distribution: what may be in them is spread over buckets, and only those are ordered that matter.

use std::ops::Range;

use super::TAIL;
use crate::metrics::{defined, mean};

/// From how many values on a sample of them tells where the ends begin.
const MANY: usize = 4096;

/// Values in the sample, about.
const SAMPLE: usize = 512;

/// How many deviations of its 5 % quantile a sample is trusted for.
const CAUTION: f64 = 4.0;

/// The share below the upper end.
const HIGH: f64 = 0.95;

/// Buckets, as a power of 2: as many as there are values in an end of a long curve.
const BUCKETS_LOG_2: u32 = 11;

/// Up to how many values in a bucket each is moved to its place one by one.
const FEW: u32 = 24;

/// Both ends of the returns.
pub(super) struct Tails {
    /// The 5 % quantile.
    pub(super) low: Option<f64>,
    /// The 95 % quantile.
    pub(super) high: Option<f64>,
    /// The mean of the lowest up to the 5 % quantile.
    pub(super) lowest_mean: Option<f64>,
}

impl Tails {
    /// Finds order statistics of finite values from `worst` to `best`, at least two; `ends` are theirs.
    pub(super) fn of_ends(values: &[f64], ends: Ends<'_>, buckets: &mut Buckets, (worst, best): (f64, f64)) -> Self {
        let Ends { bounds, lows, highs, n_low, n_high } = ends;
        let n_low = n_low as usize;
        let most = (values.len() - 1) as f64;
        let (below, at) = ((TAIL * most).floor() as usize, (HIGH * most).floor() as usize);
        let n_above = values.len() - at;
        if n_low < below + 2 || n_high < n_above {
            lows[..values.len()].copy_from_slice(values);
            return Self::of_all(&mut lows[..values.len()]);
        }
        let ordered = buckets.order(&lows[..n_low], (worst, bounds.0), 0..below + 2);
        let sum = ordered[..=below].iter().fold(-0.0, |sum, key| sum + number(*key));
        let low = between(number(ordered[below]), number(ordered[below + 1]), TAIL * most - below as f64);
        let place = n_high - n_above;
        let ordered = buckets.order(&highs[..n_high], (bounds.1, best), place..place + 2);
        let high = between(number(ordered[0]), number(ordered[1]), HIGH * most - at as f64);
        Self { low: defined(low), high: defined(high), lowest_mean: defined(sum / (below + 1) as f64) }
    }

    /// Those of all values, at least two, in any order.
    pub(super) fn of_all(ordered: &mut [f64]) -> Self {
        let most = (ordered.len() - 1) as f64;
        let below = (TAIL * most).floor() as usize;
        let (lowest, rest) = lowest(ordered, below);
        let lowest_mean = mean(lowest);
        let low = between(lowest[below], next(rest, lowest[below]), TAIL * most - below as f64);
        let at = (HIGH * most).floor() as usize;
        // Small samples may have both quantiles among the lowest.
        let high = match at.checked_sub(below + 1) {
            None => {
                between(lowest[at], *lowest.get(at + 1).unwrap_or(&next(rest, lowest[at])), HIGH * most - at as f64)
            }
            Some(place) => {
                let (_, value, above) = rest.select_nth_unstable_by(place, f64::total_cmp);
                between(*value, next(above, *value), HIGH * most - at as f64)
            }
        };
        Self { low: defined(low), high: defined(high), lowest_mean }
    }
}

/// Splits values into the lowest up to place `below`, ascending, and the rest.
fn lowest(values: &mut [f64], below: usize) -> (&mut [f64], &mut [f64]) {
    values.select_nth_unstable_by(below, f64::total_cmp);
    let (lowest, rest) = values.split_at_mut(below + 1);
    lowest.sort_unstable_by(f64::total_cmp);
    (lowest, rest)
}

/// Where the ends of values begin, going by a sample of them, somewhat wider than they are.
fn bounds(values: &[f64], sample: &mut Vec<f64>) -> (f64, f64) {
    sample.clear();
    // An odd step one above a multiple of 4: not the hours of a day or the days of a week.
    sample.extend(values.iter().step_by(values.len() / SAMPLE / 4 * 4 + 5));
    let deviation = (TAIL * HIGH / sample.len() as f64).sqrt();
    let n = (sample.len() as f64 * (TAIL + CAUTION * deviation)) as usize;
    let low = *sample.select_nth_unstable_by(n, f64::total_cmp).1;
    let last = sample.len() - 1 - n;
    (low, *sample.select_nth_unstable_by(last, f64::total_cmp).1)
}

/// Somebody to whom values are shown.
pub(super) trait Gather {
    /// Takes a value.
    fn take(&mut self, value: f64);
}

/// Nobody.
impl Gather for () {
    #[inline(always)]
    fn take(&mut self, _value: f64) {}
}

/// The values up to a lower bound, and those from an upper one on.
pub(super) struct Ends<'a> {
    /// The bounds.
    bounds: (f64, f64),
    /// The first of these are the low values.
    lows: &'a mut [f64],
    /// The first of these are the high values.
    highs: &'a mut [f64],
    /// How many are low; of another width than `n_high`, or the compiler makes one vector of both and takes it apart for each value.
    n_low: u32,
    /// How many are high.
    n_high: usize,
}

impl<'a> Ends<'a> {
    /// None yet of these values; `None` where they are so few that all are looked at. `lows` and `highs` are room.
    pub(super) fn of(values: &[f64], lows: &'a mut Vec<f64>, highs: &'a mut Vec<f64>) -> Option<Self> {
        if values.len() < MANY {
            return None;
        }
        let bounds = bounds(values, lows);
        for end in [&mut *lows, highs] {
            // What is there is overwritten, or not looked at.
            end.resize(end.len().max(values.len()), 0.0);
        }
        Some(Self { bounds, lows, highs, n_low: 0, n_high: 0 })
    }
}

impl Gather for Ends<'_> {
    #[inline(always)]
    fn take(&mut self, value: f64) {
        // Written whether it counts or not, so that nothing has to be guessed.
        self.lows[self.n_low as usize] = value;
        self.n_low += u32::from(value <= self.bounds.0);
        self.highs[self.n_high] = value;
        self.n_high += usize::from(value >= self.bounds.1);
    }
}

/// The lowest of values; `last` when there is none.
fn next(values: &[f64], last: f64) -> f64 {
    values.iter().copied().min_by(f64::total_cmp).unwrap_or(last)
}

/// The value between two, from the nearer one, as [`crate::metrics::tail::quantile`] has it.
fn between(low: f64, high: f64, part: f64) -> f64 {
    if part < 0.5 { low + (high - low) * part } else { high - (high - low) * (1.0 - part) }
}

/// Room for values that are spread by size.
#[derive(Debug, Clone, Default)]
pub(super) struct Buckets {
    /// Values as keys, bucket by bucket.
    keys: Vec<u64>,
    /// Where each bucket ends.
    ends: Vec<u32>,
}

impl Buckets {
    /// The keys at some places among all values, which lie from `lowest` to `highest`, in ascending order.
    fn order(&mut self, values: &[f64], (lowest, highest): (f64, f64), places: Range<usize>) -> &[u64] {
        let lowest = key(lowest);
        let n_bits = u64::BITS - (key(highest) - lowest).leading_zeros();
        let shift = n_bits.saturating_sub(BUCKETS_LOG_2);
        let bucket = |key: u64| ((key - lowest) >> shift) as usize;
        self.ends.clear();
        self.ends.resize(1 << BUCKETS_LOG_2, 0);
        self.keys.resize(self.keys.len().max(values.len()), 0);
        for &value in values {
            self.ends[bucket(key(value))] += 1;
        }
        let (mut n_before, mut largest) = (0, 0);
        for end in &mut self.ends {
            largest = largest.max(*end);
            n_before += std::mem::replace(end, n_before);
        }
        // From where each begins to where it ends.
        for &value in values {
            let key = key(value);
            let end = &mut self.ends[bucket(key)];
            self.keys[*end as usize] = key;
            *end += 1;
        }
        let keys = &mut self.keys[..values.len()];
        let from = bucket(keys[places.start]).checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        let to = self.ends[bucket(keys[places.end - 1])] as usize;
        if largest > FEW {
            keys[from..to].sort_unstable()
        } else {
            insert(&mut keys[from..to])
        }
        &keys[places]
    }
}

/// Orders keys that are not far from their places.
fn insert(keys: &mut [u64]) {
    for at in 1..keys.len() {
        let (key, mut to) = (keys[at], at);
        while to > 0 && keys[to - 1] > key {
            keys[to] = keys[to - 1];
            to -= 1;
        }
        keys[to] = key;
    }
}

/// A number as one that is compared as [`f64::total_cmp`] compares.
fn key(number: f64) -> u64 {
    let bits = number.to_bits();
    bits ^ (((bits as i64 >> 63) as u64) | 1 << 63)
}

/// The number of a key.
fn number(key: u64) -> f64 {
    f64::from_bits(key ^ (((!key as i64 >> 63) as u64) | 1 << 63))
}
