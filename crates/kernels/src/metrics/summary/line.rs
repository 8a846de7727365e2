//! How straight the logarithm of a curve runs.

use crate::metrics::{NOTHING, defined};

/// The coefficients of [`log`], as bits.
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

/// The natural logarithm of a positive normal number by FreeBSD's `e_log.c` (its polynomial of degree 14 in s = f / (2 + f)
/// for x = 2^k (1 + f)), as `libm` has it and with its bits; without a branch, so that several are worked out at once.
#[inline]
fn log(value: f64) -> f64 {
    let bits = value.to_bits();
    // From sqrt(2) / 2 to sqrt(2).
    let shifted = bits.wrapping_add(0x3ff0_0000_0000_0000 - 0x3fe6_a09e_0000_0000);
    let reduced = f64::from_bits((shifted & 0x000f_ffff_ffff_ffff).wrapping_add(0x3fe6_a09e_0000_0000));
    let f = reduced - 1.0;
    let half = 0.5 * f * f;
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let [c1, c2, c3, c4, c5, c6, c7] = COEFFICIENTS;
    let even = w * (c2 + w * (c4 + w * c6));
    let odd = z * (c1 + w * (c3 + w * (c5 + w * c7)));
    let rest = odd + even;
    // The exponent as a number without a conversion, which not every processor has for several: in the last bits of 2^52.
    let k = f64::from_bits(TWO_52.to_bits() | (shifted >> 52)) - (TWO_52 + 1023.0);
    s * (half + rest) + k * LOG_2.1 - half + f + k * LOG_2.0
}

/// Replaces positive numbers by their logarithms.
fn logarithms(values: &mut [f64]) {
    // No early end: a loop without one runs over several values at once.
    let is_normal =
        values.iter().fold(true, |all, value| all & (*value >= f64::MIN_POSITIVE) & (*value < f64::INFINITY));
    if is_normal {
        values.iter_mut().for_each(|value| *value = log(*value));
    } else {
        values.iter_mut().for_each(|value| *value = libm::log(*value));
    }
}

/// See [`crate::metrics::tail::stability`]; for a curve of positive numbers, at least three.
pub(super) fn stability(equity: &[f64], logs: &mut Vec<f64>) -> Option<f64> {
    let n = equity.len() - 1;
    logs.resize(n, 0.0);
    let first = equity[0];
    logs.iter_mut().zip(&equity[1..]).for_each(|(log, value)| *log = value / first);
    logarithms(logs);
    let (mut sum, mut places, mut highest, mut lowest) = (0.0, 0.0, 0.0, 0.0);
    for (at, &log) in logs.iter().enumerate() {
        sum += log;
        places += at as f64;
        highest = if log > highest { log } else { highest };
        lowest = if log < lowest { log } else { lowest };
    }
    let largest = f64::max(highest, -lowest);
    let (mean, middle) = (defined(sum / n as f64)?, defined(places / n as f64)?);
    let (mut variance, mut spread, mut cov) = (0.0, 0.0, 0.0);
    for (at, log) in logs.iter().enumerate() {
        let (log, place) = (log - mean, at as f64 - middle);
        variance += log * log;
        spread += place * place;
        cov += log * place;
    }
    let free = (n - 1) as f64;
    if (spread / free).sqrt() <= NOTHING * free {
        return None;
    }
    let beta = defined(cov / spread)?;
    defined((mean - beta * middle) * 1.0)?;
    if (variance / free).sqrt() <= NOTHING * largest {
        return None;
    }
    let correlation = defined(cov / (variance.sqrt() * spread.sqrt()))?;
    defined(correlation * correlation)
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
        let mut found = values.clone();
        logarithms(&mut found);
        for (at, (found, expected)) in found.iter().zip(&expected).enumerate() {
            assert_eq!(found.to_bits(), *expected, "of {:e}", values[at]);
        }
        let mut small = vec![f64::MIN_POSITIVE / 4.0, 3.0];
        logarithms(&mut small);
        assert_eq!(small, [libm::log(f64::MIN_POSITIVE / 4.0), libm::log(3.0)]);
    }
}
