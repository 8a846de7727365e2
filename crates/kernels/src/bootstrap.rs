//! Resampling of series whose neighbours depend on one another: blocks of neighbours are drawn together.
//!
//! Moving blocks of a fixed length, drawn with replacement (Kuensch, "The jackknife and the bootstrap for general
//! stationary observations", Annals of Statistics 17, 1989), wrapped round the end (Politis and Romano's circular form,
//! 1992), so that every value is drawn equally often. Means of blocks come from running sums: a draw of a series of
//! n values in blocks of l costs n / l steps. A seed gives the same draws on every machine.

/// A small generator of random bits: SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators",
/// 2014).
#[derive(Debug, Clone)]
pub struct Random {
    /// The counter.
    state: u64,
}

impl Random {
    /// A generator; equal seeds give equal draws.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A whole number below `n`, at least 1, each equally likely up to 2^-32 for any n of ours.
    pub fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.bits()) * n as u128) >> 64) as usize
    }
}

/// How a series is resampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bootstrap {
    /// Number of resampled series.
    pub n_draws: usize,
    /// Values of a block, at least 1.
    pub block: usize,
    /// Seed of the draws.
    pub seed: u64,
}

impl Bootstrap {
    /// The means of resampled series, `n_draws` rows of one mean per series of `columns`: all series of a draw take the
    /// same blocks, so that what belongs together stays together. Empty without values.
    ///
    /// # Panics
    /// If the series differ in length.
    pub fn means(&self, columns: &[&[f64]]) -> Vec<Vec<f64>> {
        let n = columns.first().map_or(0, |column| column.len());
        assert!(columns.iter().all(|column| column.len() == n), "the series of a draw have one length");
        if n == 0 {
            return Vec::new();
        }
        let sums: Vec<Vec<f64>> = columns.iter().map(|column| running_sums(column)).collect();
        let block = self.block.clamp(1, n);
        let mut random = Random::new(self.seed);
        let draw = |_| {
            let mut totals = vec![0.0; columns.len()];
            let mut left = n;
            while left > 0 {
                let (start, length) = (random.below(n), block.min(left));
                for (total, sums) in totals.iter_mut().zip(&sums) {
                    *total += between(sums, start, length);
                }
                left -= length;
            }
            totals.iter().map(|total| total / n as f64).collect()
        };
        (0..self.n_draws).map(draw).collect()
    }
}

/// Sums of the first 0, 1, .. n values.
fn running_sums(values: &[f64]) -> Vec<f64> {
    let mut sums = Vec::with_capacity(values.len() + 1);
    let mut sum = 0.0;
    sums.push(sum);
    for value in values {
        sum += value;
        sums.push(sum);
    }
    sums
}

/// The sum of `length` values from `start` on, wrapped round the end.
fn between(sums: &[f64], start: usize, length: usize) -> f64 {
    let n = sums.len() - 1;
    let end = start + length;
    if end <= n { sums[end] - sums[start] } else { sums[n] - sums[start] + sums[end - n] }
}

/// The values below which shares `low` and `high` of `draws` lie, linear between neighbours; `None` without finite
/// draws.
pub fn interval(draws: impl Iterator<Item = f64>, low: f64, high: f64) -> Option<(f64, f64)> {
    quantiles(draws, [low, high]).map(|[low, high]| (low, high))
}

/// The values below which each of `shares` of `draws` lies, linear between neighbours; `None` without finite draws.
pub fn quantiles<const N: usize>(draws: impl Iterator<Item = f64>, shares: [f64; N]) -> Option<[f64; N]> {
    let mut sorted: Vec<f64> = draws.filter(|draw| draw.is_finite()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    (!sorted.is_empty()).then(|| shares.map(|share| crate::ordered::interpolate(&sorted, share)))
}
