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

impl Bootstrap {
    /// A band of the mean of a series, from whole blocks: the distance of a draw's mean from the series' is taken in units
    /// of the draw's own error, the deviation of its blocks' sums over the root of their number, and the shares `low` and
    /// `high` of these ratios are scaled with the series' error, from the sums of all its blocks (Goetze and Kuensch,
    /// "Second-order correctness of the blockwise bootstrap for stationary observations", Annals of Statistics 24, 1996).
    /// `None` with fewer than four blocks, or when the values do not vary enough for both ends.
    pub fn studentised(&self, values: &[f64], low: f64, high: f64) -> Option<(f64, f64)> {
        let (n, length) = (values.len(), self.block.max(1));
        let n_blocks = n / length;
        if n_blocks < 4 {
            return None;
        }
        let mean = values.iter().sum::<f64>() / n as f64;
        let sums = running_sums(&values.iter().map(|value| value - mean).collect::<Vec<f64>>());
        let blocks: Vec<f64> = (0..n).map(|start| between(&sums, start, length)).collect();
        let squares: f64 = blocks.iter().map(|sum| sum * sum).sum();
        let error = (squares / (n as f64 * length as f64)).sqrt() / (n as f64).sqrt();
        let mut random = Random::new(self.seed);
        let ratio = |_| {
            let (mut total, mut squares) = (0.0, 0.0);
            for _ in 0..n_blocks {
                let sum = blocks[random.below(n)];
                total += sum;
                squares += sum * sum;
            }
            let k = n_blocks as f64;
            let deviation = (squares / k - (total / k) * (total / k)).max(0.0).sqrt();
            if total == 0.0 { 0.0 } else { total / k.sqrt() / deviation }
        };
        let mut ratios: Vec<f64> = (0..self.n_draws).map(ratio).collect();
        ratios.sort_unstable_by(f64::total_cmp);
        if ratios.is_empty() {
            return None;
        }
        let [below, above] = [low, high].map(|share| crate::ordered::interpolate(&ratios, share));
        let ends = (mean - above * error, mean - below * error);
        (ends.0.is_finite() && ends.1.is_finite() && error > 0.0).then_some(ends)
    }
}

/// The length of blocks that is best for the variance of a mean, from the series' own autocorrelations: Politis and White's
/// rule for the circular bootstrap ("Automatic block-length selection for the dependent bootstrap", Econometric Reviews 23,
/// 2004), with the correction of Patton, Politis and White (28, 2009), rounded up. 1 for values that do not vary.
pub fn automatic_block(values: &[f64]) -> usize {
    let n = values.len();
    let mean = values.iter().sum::<f64>() / n as f64;
    let distances: Vec<f64> = values.iter().map(|value| value - mean).collect();
    let magnitude = libm::log10(n as f64);
    let run = (magnitude as usize).max(5);
    let most = (n as f64).sqrt().ceil() as usize + run;
    if n <= most + 1 {
        return 1;
    }
    let product = |lag: usize| distances[lag..].iter().zip(&distances[..n - lag]).map(|(a, b)| a * b).sum::<f64>();
    let products: Vec<f64> = (0..=most).map(product).collect();
    if products[0] <= 0.0 {
        return 1;
    }
    let quiet = quiet_lag(&distances, &products, (run, 2.0 * (magnitude / n as f64).sqrt()));
    let reach = quiet.map_or(most, |lag| (2 * lag.max(1)).min(most));
    let (mut slope, mut level) = (0.0, products[0]);
    for (lag, product) in products.iter().enumerate().take(reach + 1).skip(1) {
        // A flat top, then falling to 0.
        let weight = (2.0 * (1.0 - lag as f64 / reach as f64)).min(1.0);
        slope += 2.0 * weight * lag as f64 * product;
        level += 2.0 * weight * product;
    }
    let length = libm::cbrt(2.0 * slope * slope / (4.0 / 3.0 * level * level) * n as f64);
    let longest = (3.0 * (n as f64).sqrt()).min(n as f64 / 3.0);
    if length.is_finite() { (length.min(longest).ceil() as usize).max(1) } else { longest.ceil() as usize }
}

/// The first lag from which on a run of autocorrelations is small, and with it all beyond is taken for noise.
fn quiet_lag(distances: &[f64], products: &[f64], (run, small): (usize, f64)) -> Option<usize> {
    let n = distances.len();
    let mut squares = Vec::with_capacity(n + 1);
    squares.push(0.0);
    for value in distances {
        squares.push(squares[squares.len() - 1] + value * value);
    }
    // Each side's own variance, as far as it overlaps with the other.
    let is_small = |lag: usize| {
        let (later, earlier) = (squares[n] - squares[lag + 1], squares[n - lag - 1]);
        products[lag].abs() / (later * earlier).sqrt() < small
    };
    (0..=products.len() - 1 - run).find(|lag| (*lag..lag + run).all(is_small))
}
