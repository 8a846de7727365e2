//! How long trades lasted: mean and median of whole numbers, counted instead of ordered.

use crate::metrics::{mean, tail};

/// Numbers counted one by one; all above count as the last of them.
const NUMBERS: usize = 1024;

/// Counts side by side: neighbours are often equal, and the second would wait for the first.
const LANES: usize = 4;

/// 2^52: the last bits of a number added to it are those of the number.
const TWO_52: f64 = (1u64 << 52) as f64;

/// Numbers up to here are added in any order without rounding, as many as there can be.
const LARGEST: f64 = (1u64 << 20) as f64;

/// From how many numbers on counting pays.
const MANY: usize = 128;

/// How often each number occurs, in lanes.
type Counts = [[u32; NUMBERS]; LANES];

/// How long trades lasted.
pub(super) struct Bars {
    /// Their mean.
    pub(super) mean: Option<f64>,
    /// See [`tail::median`].
    pub(super) median: Option<f64>,
}

impl Bars {
    /// Mean and median of any numbers.
    pub(super) fn new(bars: &[f64]) -> Self {
        let n = bars.len();
        let Some(sum) = whole_sum(bars).filter(|_| n >= MANY) else {
            return Self { mean: mean(bars), median: tail::median(bars) };
        };
        let counts = count(bars);
        let median = match (nth(&counts, (n - 1) / 2), nth(&counts, n / 2)) {
            // Halves of sums of small whole numbers are exact.
            (Some(lower), Some(upper)) => Some((lower + upper) as f64 / 2.0),
            _ => tail::median(bars),
        };
        Self { mean: Some(sum / n as f64), median }
    }
}

/// The sum of numbers that are whole, not negative, not large and not all 0; `None` for others.
fn whole_sum(numbers: &[f64]) -> Option<f64> {
    let (chunks, rest) = numbers.as_chunks::<LANES>();
    let (mut sums, mut is_whole) = ([0.0; LANES], numbers.len() < 1 << 32);
    let is_fit = |number: f64| (number >= 0.0) & ((number + TWO_52) - TWO_52 == number) & (number <= LARGEST);
    for chunk in chunks {
        for (sum, &number) in sums.iter_mut().zip(chunk) {
            *sum += number;
            is_whole &= is_fit(number);
        }
    }
    is_whole &= rest.iter().all(|&number| is_fit(number));
    let sum: f64 = sums.iter().chain(rest).sum();
    // Zeros may have a sign.
    Some(sum).filter(|sum| is_whole && *sum > 0.0)
}

/// Counts whole numbers that are not negative.
fn count(numbers: &[f64]) -> Counts {
    const LAST: f64 = (NUMBERS - 1) as f64;
    let place = |number: f64| (if number < LAST { number } else { LAST } + TWO_52).to_bits() as usize % NUMBERS;
    let mut counts = [[0; NUMBERS]; LANES];
    let (chunks, rest) = numbers.as_chunks::<LANES>();
    for chunk in chunks {
        for (counts, &number) in counts.iter_mut().zip(chunk) {
            counts[place(number)] += 1;
        }
    }
    for &number in rest {
        counts[0][place(number)] += 1;
    }
    counts
}

/// The number at a place among those counted, ascending; `None` when it was not counted one by one.
fn nth(counts: &Counts, place: usize) -> Option<u64> {
    let mut n_before = 0;
    for number in 0..NUMBERS - 1 {
        n_before += counts.iter().map(|lane| u64::from(lane[number])).sum::<u64>();
        if n_before > place as u64 {
            return Some(number as u64);
        }
    }
    None
}
