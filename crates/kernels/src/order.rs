//! The order of the values of a cross-section, which ranks need at every time: a radix sort on the leading bits, then
//! exact comparisons where these are equal.
//!
//! A finite number's bits, with the sign bit flipped and all bits of negative ones, are ordered as the numbers are. The
//! leading 32 of them (sign, exponent, 20 bits of the fraction) tell nearly all values of a cross-section apart.

/// Values fewer than this are sorted by comparison.
const SHORT: usize = 200;

/// Bits sorted by in one pass, from low to high.
const DIGITS: [(u32, u32); 3] = [(32, 11), (43, 11), (54, 10)];

/// Neighbours with equal leading bits that insertion still sorts fast.
const SHORT_RUN: usize = 16;

/// Room for sorting, and the result.
#[derive(Debug, Clone, Default)]
pub(crate) struct Order {
    /// Leading bits above, position below.
    keys: Vec<u64>,
    /// The keys of the next pass.
    other: Vec<u64>,
    /// Positions in order.
    positions: Vec<u32>,
}

/// The leading bits of a finite value, ordered as the values are.
fn leading_bits(x: f64) -> u64 {
    // -0 becomes 0, which it equals.
    let bits = (x + 0.0).to_bits();
    let flipped = if bits >> 63 == 1 { !bits } else { bits | 1 << 63 };
    flipped >> 32
}

impl Order {
    /// Positions of the finite values from the smallest to the largest; those of equal values in any order.
    pub(crate) fn sort(&mut self, values: &[f64]) -> &[u32] {
        self.keys.clear();
        let finite = (0u64..).zip(values).filter(|(_, x)| x.is_finite());
        self.keys.extend(finite.map(|(at, &x)| leading_bits(x) << 32 | at));
        if self.keys.len() < SHORT {
            self.keys.sort_unstable();
        } else {
            self.sort_by_digits();
        }
        self.positions.clear();
        self.positions.extend(self.keys.iter().map(|key| *key as u32));
        self.sort_runs(values);
        &self.positions
    }

    /// Sorts the keys by their leading bits, digit by digit.
    fn sort_by_digits(&mut self) {
        for (shift, width) in DIGITS {
            let digit = |key: u64| (key >> shift) as usize & ((1 << width) - 1);
            let mut begins = [0u32; 1 << 11];
            for &key in &self.keys {
                begins[digit(key)] += 1;
            }
            // All keys in one bucket: the pass would change nothing.
            if begins[digit(self.keys[0])] as usize == self.keys.len() {
                continue;
            }
            let mut sum = 0;
            for begin in &mut begins {
                (*begin, sum) = (sum, sum + *begin);
            }
            self.other.resize(self.keys.len(), 0);
            for &key in &self.keys {
                let begin = &mut begins[digit(key)];
                self.other[*begin as usize] = key;
                *begin += 1;
            }
            std::mem::swap(&mut self.keys, &mut self.other);
        }
    }

    /// Sorts the positions whose keys have equal leading bits by the values themselves.
    fn sort_runs(&mut self, values: &[f64]) {
        let value = |at: u32| values[at as usize];
        let mut begin = 0;
        for run in self.keys.chunk_by(|a, b| a >> 32 == b >> 32) {
            let positions = &mut self.positions[begin..begin + run.len()];
            begin += run.len();
            if run.len() > SHORT_RUN {
                positions.sort_unstable_by(|&a, &b| value(a).partial_cmp(&value(b)).expect("finite values compare"));
                continue;
            }
            for end in 1..positions.len() {
                let mut at = end;
                while at > 0 && value(positions[at - 1]) > value(positions[at]) {
                    positions.swap(at - 1, at);
                    at -= 1;
                }
            }
        }
    }
}
