//! Numbers that look random and follow from a seed (SplitMix64, Steele, Lea and Flood 2014).

/// A stream of such numbers.
#[derive(Debug, Clone)]
pub(super) struct Random {
    /// Where the stream is.
    state: u64,
}

impl Random {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next 64 bits.
    fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number in `[0, 1)`.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A whole number in `from..to`; `from` when the range is empty.
    pub fn between(&mut self, from: usize, to: usize) -> usize {
        // The bias of the remainder is of the order of the range over 2^64.
        if to > from { from + (self.bits() % (to - from) as u64) as usize } else { from }
    }

    /// Another order of some things (Fisher and Yates).
    pub fn shuffle<T>(&mut self, things: &mut [T]) {
        for at in (1..things.len()).rev() {
            things.swap(at, self.between(0, at + 1));
        }
    }
}
