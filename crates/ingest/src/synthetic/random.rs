//! Random numbers that are the same on every machine: xoshiro256++ (Blackman and Vigna 2019) seeded by SplitMix64.
//!
//! Transcendental functions come from `libm`, so that no two systems' own versions can disagree in the last bit.

/// One independent stream of random numbers.
#[derive(Debug, Clone)]
pub struct Random {
    /// State of xoshiro256++; never all zero.
    state: [u64; 4],
    /// The second normal number of the last pair.
    spare: Option<f64>,
}

/// Advances a SplitMix64 state and returns its next number (Steele, Lea and Flood 2014).
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Random {
    /// Stream number `stream` of a seed.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut seed = seed;
        let mut mixed = split_mix(&mut seed) ^ stream.wrapping_mul(0xD134_2543_DE82_EF95);
        Self { state: std::array::from_fn(|_| split_mix(&mut mixed)), spare: None }
    }

    /// 64 random bits.
    fn next(&mut self) -> u64 {
        let s = &mut self.state;
        let out = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let shifted = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= shifted;
        s[3] = s[3].rotate_left(45);
        out
    }

    /// Uniform in `[0, 1)`, 53 bits.
    pub fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    /// Uniform in `[low, high)`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

    /// True with the given probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    /// Normal with mean 0 and deviation 1: Marsaglia's polar method (1964), which needs no sine.
    pub fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        loop {
            let (x, y) = (self.between(-1.0, 1.0), self.between(-1.0, 1.0));
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                let factor = (-2.0 * libm::log(square) / square).sqrt();
                self.spare = Some(y * factor);
                return x * factor;
            }
        }
    }

    /// A Poisson count with mean `mean`: products of uniforms (Knuth), in steps small enough not to underflow.
    pub fn poisson(&mut self, mean: f64) -> usize {
        /// Largest mean of one step.
        const STEP: f64 = 16.0;
        let (mut rest, mut count) = (mean, 0);
        while rest > 0.0 {
            let limit = libm::exp(-rest.min(STEP));
            let mut product = self.uniform();
            while product > limit {
                count += 1;
                product *= self.uniform();
            }
            rest -= STEP;
        }
        count
    }

    /// Trials up to and including the first success: 1, 2, 3, ...
    pub fn trials(&mut self, success: f64) -> i64 {
        let mut trials = 1;
        while !self.chance(success) {
            trials += 1;
        }
        trials
    }
}

/// A number that wanders around zero: a first-order autoregression with a stationary deviation.
#[derive(Debug, Clone, Copy)]
pub struct Wander {
    /// The number now.
    pub value: f64,
    /// What is left of it after one step.
    keep: f64,
    /// Deviation of one step's shock.
    shock: f64,
}

impl Wander {
    /// Starts from the stationary distribution; `half_life` is in steps.
    pub fn new(deviation: f64, half_life: f64, random: &mut Random) -> Self {
        let keep = libm::exp2(-1.0 / half_life);
        Self { value: deviation * random.normal(), keep, shock: deviation * (1.0 - keep * keep).sqrt() }
    }

    /// One step.
    pub fn step(&mut self, random: &mut Random) -> f64 {
        self.value = self.keep * self.value + self.shock * random.normal();
        self.value
    }
}

#[cfg(test)]
mod tests {
    //! Published first numbers of both generators, and moments.

    use super::*;

    #[test]
    fn published_numbers() {
        let mut seed = 1_234_567;
        let first: Vec<u64> = (0..3).map(|_| split_mix(&mut seed)).collect();
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
        let mut random = Random { state: [1, 2, 3, 4], spare: None };
        let first: Vec<u64> = (0..4).map(|_| random.next()).collect();
        assert_eq!(first, [41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386]);
    }

    #[test]
    fn moments() {
        let mut random = Random::new(7, 1);
        let n = 100_000;
        let normals: Vec<f64> = (0..n).map(|_| random.normal()).collect();
        let mean = normals.iter().sum::<f64>() / f64::from(n);
        let variance = normals.iter().map(|x| x * x).sum::<f64>() / f64::from(n);
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.02, "{mean} {variance}");
        for expected in [0.3, 40.0] {
            let total: usize = (0..n).map(|_| random.poisson(expected)).sum();
            assert!((total as f64 / f64::from(n) / expected - 1.0).abs() < 0.02);
        }
        let trials: i64 = (0..n).map(|_| random.trials(0.5)).sum();
        assert!((trials as f64 / f64::from(n) - 2.0).abs() < 0.02);
        let mut wander = Wander::new(3.0, 10.0, &mut random);
        let squares: f64 = (0..n).map(|_| wander.step(&mut random).powi(2)).sum();
        assert!((squares / f64::from(n) - 9.0).abs() < 0.6);
    }

    #[test]
    fn streams_differ() {
        assert_ne!(Random::new(1, 0).next(), Random::new(1, 1).next());
        assert_ne!(Random::new(1, 0).next(), Random::new(2, 0).next());
        assert_eq!(Random::new(1, 5).next(), Random::new(1, 5).next());
    }
}
