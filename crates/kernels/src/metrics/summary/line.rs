//! How straight the logarithm of a curve runs.

use crate::metrics::{NOTHING, defined, largest};

/// The coefficients of the polynomial, as bits.
const COEFFICIENTS: [f64; 7] = [
    f64::from_bits(0x3fe5_5555_5555_5593),
    f64::from_bits(0x3fd9_9999_9997_fa04),
    f64::from_bits(0x3fd2_4924_9422_9359),
    f64::from_bits(0x3fcc_71c5_1d8e_78af),
    f64::from_bits(0x3fc7_4664_96cb_03de),
    f64::from_bits(0x3fc3_9a09_d078_c69f),
    f64::from_bits(0x3fc2_f112_df3e_5244),
];

/// Logarithm of 2 in two numbers, as bits.
const LOG_2: (f64, f64) = (f64::from_bits(0x3fe6_2e42_fee0_0000), f64::from_bits(0x3dea_39ef_3579_3c76));

/// 2^52: from here on numbers are whole.
const TWO_52: f64 = (1u64 << 52) as f64;

/// Whether all values that are numbers are positive ones, `ratios` being the lowest and at least the highest of those over `start`; takes the
/// logarithms that [`reduced`] and [`finished`] do not serve for.
pub(super) fn are_sound((values, start): (&[f64], f64), ratios: (f64, f64), logs: &mut [f64]) -> bool {
    if ratios.0 >= f64::MIN_POSITIVE && ratios.1 < f64::INFINITY {
        return true;
    }
    logs.iter_mut().zip(values).for_each(|(log, value)| *log = libm::log(value / start));
    values.iter().all(|value| value.is_nan() || (*value > 0.0 && *value < f64::INFINITY))
}

/// The first step of a logarithm: f, s and k of a positive normal number x = 2^k (1 + f), s = f / (2 + f). By FreeBSD's `e_log.c`
/// (its polynomial of degree 14 in s), as `libm` has it and with its bits; without a branch, so that several are taken at once.
#[inline(always)]
pub(super) fn reduced(x: f64) -> (f64, f64, f64) {
    // From sqrt(2) / 2 to sqrt(2).
    let shifted = x.to_bits().wrapping_add(0x3ff0_0000_0000_0000 - 0x3fe6_a09e_0000_0000);
    let f = f64::from_bits((shifted & 0x000f_ffff_ffff_ffff).wrapping_add(0x3fe6_a09e_0000_0000)) - 1.0;
    // The exponent as a number without a conversion, which not every processor has for several: in the last bits of 2^52.
    let k = f64::from_bits(TWO_52.to_bits() | (shifted >> 52)) - (TWO_52 + 1023.0);
    (f, f / (2.0 + f), k)
}

/// The second step: the logarithm.
#[inline(always)]
pub(super) fn finished(f: f64, s: f64, k: f64) -> f64 {
    let half = 0.5 * f * f;
    let z = s * s;
    let w = z * z;
    let [c1, c2, c3, c4, c5, c6, c7] = COEFFICIENTS;
    let even = w * (c2 + w * (c4 + w * c6));
    let odd = z * (c1 + w * (c3 + w * (c5 + w * c7)));
    let rest = odd + even;
    s * (half + rest) + k * LOG_2.1 - half + f + k * LOG_2.0
}

/// Up to so many places sums over them are known without rounding: all are multiples of a quarter below 2^51.
const PLACES: usize = 1 << 18;

/// The sum of squares of `n` places around their mean.
fn spread(n: usize) -> f64 {
    if n <= PLACES {
        return (n as u64 * (n as u64 * n as u64 - 1) / 3) as f64 * 0.25;
    }
    let middle = 0.5 * (n - 1) as f64;
    (0..n).map(|at| at as f64 - middle).fold(0.0, |sum, place| sum + place * place)
}

/// No logarithm is larger, without its sign.
const LARGEST: f64 = 746.0;

/// See [`crate::metrics::tail::stability`]; `logs` are `n` logarithms, at least two.
pub(super) fn stability(logs: &Logs<'_>) -> Option<f64> {
    let n = logs.values.len();
    let spread = spread(n);
    let free = (n - 1) as f64;
    if (spread / free).sqrt() <= NOTHING * free {
        return None;
    }
    let beta = defined(logs.places / spread)?;
    defined((logs.mean - beta * (0.5 * free)) * 1.0)?;
    let deviation = (logs.squares / free).sqrt();
    if deviation <= NOTHING * LARGEST && deviation <= NOTHING * largest(logs.values) {
        return None;
    }
    let correlation = defined(logs.places / (logs.squares.sqrt() * spread.sqrt()))?;
    defined(correlation * correlation)
}

/// What a line through logarithms is worked out from.
pub(super) struct Logs<'a> {
    /// Their mean.
    pub(super) mean: f64,
    /// They themselves.
    pub(super) values: &'a [f64],
    /// Sum of squares around the mean.
    pub(super) squares: f64,
    /// Sum of distances from the mean times places around theirs.
    pub(super) places: f64,
}

#[cfg(test)]
mod tests {
    //! Against `libm`.

    use super::*;
    use crate::bootstrap::Random;

    #[test]
    fn logarithms_have_the_bits_of_libm() {
        let mut random = Random::new(7);
        let mut values = vec![1.0, f64::MIN_POSITIVE, f64::MAX, 0.5, 2.0, 1.0 - f64::EPSILON / 2.0, 1.0 + f64::EPSILON];
        values
            .extend((0..20_000).map(|_| f64::from_bits(random.bits() & 0x7fef_ffff_ffff_ffff).max(f64::MIN_POSITIVE)));
        values.extend((0..200_000).map(|at| 0.3 + at as f64 * 1.3e-5));
        let expected: Vec<u64> = values.iter().map(|value| libm::log(*value).to_bits()).collect();
        for (value, expected) in values.into_iter().zip(expected) {
            let (f, s, k) = reduced(value);
            assert_eq!(finished(f, s, k).to_bits(), expected, "of {value:e}");
        }
    }

    #[test]
    fn places_are_summed_without_rounding() {
        for n in [2, 3, 4, 5, 1000, 1001, PLACES - 1, PLACES] {
            let sum = (0..n).fold(0.0, |sum, at| sum + at as f64);
            let middle = sum / n as f64;
            assert_eq!(middle, 0.5 * (n - 1) as f64);
            let squares = (0..n).map(|at| at as f64 - middle).fold(0.0, |sum, place| sum + place * place);
            assert_eq!(spread(n), squares, "of {n}");
        }
    }
}
