//! The order of the values of a cross-section, which ranks need at every time: a radix sort by a short key that follows
//! the values' sizes, then exact comparisons where keys are equal.
//!
//! The bits of a positive number grow with the number, so their difference to those of the smallest size that matters
//! is a scale of magnitudes and their fractions. The key is the place of a value on that scale between the smallest and
//! the largest value at hand, in [`KEY_BITS`] bits: it tells nearly all values of a cross-section apart.

/// Bits of a key.
const KEY_BITS: u32 = 22;

/// Bits sorted by in one pass.
const DIGIT_BITS: u32 = 11;

/// Values of a digit.
const DIGITS: usize = 1 << DIGIT_BITS;

/// Values fewer than this are sorted by comparing keys.
const SHORT: usize = 200;

/// Bits of the fraction of a number: the distance of one magnitude (a factor of two) to the next.
const FRACTION_BITS: u32 = 52;

/// Magnitudes below the largest that keys tell apart; values closer to zero share a key.
const MAGNITUDES: u64 = 30;

/// Room for sorting, and the result.
#[derive(Debug, Clone, Default)]
pub(crate) struct Order {
    /// Keys above, positions below.
    keys: Vec<u64>,
    /// The keys of the next pass.
    other: Vec<u64>,
    /// How often each digit occurs, for each pass.
    counts: Vec<[u32; DIGITS]>,
    /// Values with equal keys, their bits above, positions below.
    run: Vec<u128>,
    /// Positions in order.
    positions: Vec<u32>,
}

/// Maps finite values to keys that do not decrease with the value.
#[derive(Debug, Clone, Copy)]
struct Scale {
    /// The smallest size that matters, as bits.
    base: i64,
    /// The place of the smallest value.
    lowest: i64,
    /// Low bits of a place that do not go into the key.
    shift: u32,
}

impl Scale {
    /// A scale for values between two finite ones.
    fn new(low: f64, high: f64) -> Self {
        let (size_low, size_high) = (low.abs().to_bits(), high.abs().to_bits());
        let (smaller, larger) = (size_low.min(size_high), size_low.max(size_high));
        let least = larger.saturating_sub(MAGNITUDES << FRACTION_BITS);
        let base = if low > 0.0 || high < 0.0 { smaller.max(least) } else { least };
        let mut scale = Self { base: base.cast_signed(), lowest: 0, shift: 0 };
        scale.lowest = scale.place(low);
        let range = (scale.place(high) - scale.lowest).cast_unsigned();
        scale.shift = (u64::BITS - range.leading_zeros()).saturating_sub(KEY_BITS);
        scale
    }

    /// Magnitudes and fractions above the base, negative for a negative value.
    #[inline(always)]
    fn place(self, x: f64) -> i64 {
        let size = (x.abs().to_bits().cast_signed() - self.base).max(0);
        let sign = x.to_bits().cast_signed() >> 63;
        (size ^ sign) - sign
    }

    /// The key of a value; of one that is not finite any.
    #[inline(always)]
    fn key(self, x: f64) -> u64 {
        (self.place(x).wrapping_sub(self.lowest).cast_unsigned() >> self.shift) & ((1 << KEY_BITS) - 1)
    }
}

/// The bits of a finite value, ordered as the values are; -0 is 0.
fn ordered_bits(x: f64) -> u64 {
    let bits = (x + 0.0).to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

/// The smallest and the largest finite value; `None` when there is none.
fn extremes(values: &[f64]) -> Option<(f64, f64)> {
    let (mut low, mut high) = ([f64::INFINITY; 8], [f64::NEG_INFINITY; 8]);
    let mut add = |values: &[f64]| {
        for ((low, high), &x) in low.iter_mut().zip(&mut high).zip(values) {
            // `x * 0` is 0 for a finite value and NaN for others, which compare as neither.
            let finite = x + x * 0.0;
            *low = if finite < *low { finite } else { *low };
            *high = if finite > *high { finite } else { *high };
        }
    };
    let (chunks, rest) = values.as_chunks::<8>();
    chunks.iter().for_each(|chunk| add(chunk));
    add(rest);
    let low = low.into_iter().fold(f64::INFINITY, f64::min);
    let high = high.into_iter().fold(f64::NEG_INFINITY, f64::max);
    (low <= high).then_some((low, high))
}

impl Order {
    /// Positions of the finite values from the smallest to the largest; those of equal values in any order.
    pub(crate) fn sort(&mut self, values: &[f64]) -> &[u32] {
        self.sort_keys(values);
        self.positions.clear();
        for run in self.keys.chunk_by(|a, b| a >> 32 == b >> 32) {
            if let [key] = run {
                self.positions.push(*key as u32);
            } else {
                sort_run(run, values, &mut self.run);
                self.positions.extend(self.run.iter().map(|entry| *entry as u32));
            }
        }
        &self.positions
    }

    /// Average ranks of the finite values over their number, in (0, 1]; NaN for the others.
    pub(crate) fn rank(&mut self, values: &[f64], out: &mut [f64]) {
        out.fill(f64::NAN);
        let n = values.iter().filter(|x| x.is_finite()).count() as f64;
        self.each_rank(values, |at, doubled| out[at] = f64::from(doubled) / 2.0 / n);
    }

    /// Hands the position and twice the average rank of each finite value to `visit`, from the smallest value on.
    pub(crate) fn each_rank(&mut self, values: &[f64], mut visit: impl FnMut(usize, u32)) {
        self.sort_keys(values);
        let mut begin = 0;
        for run in self.keys.chunk_by(|a, b| a >> 32 == b >> 32) {
            if let [key] = run {
                begin += 1;
                visit(*key as u32 as usize, 2 * begin);
                continue;
            }
            sort_run(run, values, &mut self.run);
            for ties in self.run.chunk_by(|a, b| a >> 32 == b >> 32) {
                let n_ties = ties.len() as u32;
                ties.iter().for_each(|entry| visit(*entry as u32 as usize, 2 * begin + n_ties + 1));
                begin += n_ties;
            }
        }
    }

    /// Sorts the keys of the finite values.
    fn sort_keys(&mut self, values: &[f64]) {
        self.keys.clear();
        let Some((low, high)) = extremes(values) else { return };
        let scale = Scale::new(low, high);
        self.keys.resize(values.len(), 0);
        self.counts.resize(2, [0; DIGITS]);
        self.counts.fill([0; DIGITS]);
        let [low_counts, high_counts] = &mut self.counts[..] else { unreachable!("there are two passes") };
        let mut n = 0;
        for (at, &x) in (0u64..).zip(values) {
            let key = scale.key(x);
            // A missing value is overwritten by the next one.
            self.keys[n] = key << 32 | at;
            let is_finite = x.is_finite();
            n += usize::from(is_finite);
            low_counts[key as usize % DIGITS] += u32::from(is_finite);
            high_counts[(key >> DIGIT_BITS) as usize % DIGITS] += u32::from(is_finite);
        }
        self.keys.truncate(n);
        if n < SHORT {
            self.keys.sort_unstable();
            return;
        }
        self.other.resize(n, 0);
        for (counts, shift) in self.counts.iter_mut().zip([32, 32 + DIGIT_BITS]) {
            let digit = |key: u64| (key >> shift) as usize % DIGITS;
            let mut begin = 0;
            for count in counts.iter_mut() {
                (*count, begin) = (begin, begin + *count);
            }
            for &key in &self.keys {
                let next = &mut counts[digit(key)];
                self.other[*next as usize] = key;
                *next += 1;
            }
            std::mem::swap(&mut self.keys, &mut self.other);
        }
    }
}

/// Sorts values with equal keys by their bits.
fn sort_run(keys: &[u64], values: &[f64], out: &mut Vec<u128>) {
    out.clear();
    let entry = |&key: &u64| {
        let at = key as u32;
        u128::from(ordered_bits(values[at as usize])) << 32 | u128::from(at)
    };
    out.extend(keys.iter().map(entry));
    out.sort_unstable();
}
