//! Rare number formats: decimals and half precision.

/// Ten to the power of a decimal's digits (at most 38 by the format); exact up to 22.
pub(super) fn power_of_ten(digits: i32) -> f64 {
    (0..digits.min(38)).fold(1.0, |power, _| power * 10.0)
}

/// A big-endian two's-complement integer of up to 16 bytes.
pub(super) fn mantissa(bytes: &[u8]) -> f64 {
    let negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    let start = if negative { -1_i128 } else { 0 };
    bytes.iter().fold(start, |value, byte| (value << 8) | i128::from(*byte)) as f64
}

/// A little-endian IEEE 754 half-precision number.
pub(super) fn half(bytes: &[u8]) -> f64 {
    let bits = bytes.iter().take(2).rev().fold(0_u16, |bits, byte| (bits << 8) | u16::from(*byte));
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from((bits >> 10) & 0x1F), f64::from(bits & 0x3FF));
    match exponent {
        0 => sign * fraction / 16_777_216.0,
        31 if fraction == 0.0 => sign * f64::INFINITY,
        31 => f64::NAN,
        _ => {
            let power = f64::from_bits(u64::from((1_023 + exponent - 15).cast_unsigned()) << 52);
            sign * (1.0 + fraction / 1_024.0) * power
        }
    }
}
