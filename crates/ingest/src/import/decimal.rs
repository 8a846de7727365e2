//! Numbers as archives write them: digits with at most one point. The common forms are read exactly by integer
//! arithmetic; everything else (exponents, 17 and more digits) falls back to the standard library.
//!
//! Exactness: an integer mantissa below 2^53 and a power of ten up to 10^22 are both exact as `f64`, so their quotient
//! is the correctly rounded value (Clinger, "How to read floating point numbers accurately", 1990).

/// The powers of ten that are exact as `f64`.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// Reads digits at `at`: the value and the position after them. `None` without digits or with more than 18.
#[inline]
pub(crate) fn digits(bytes: &[u8], at: usize) -> Option<(i64, usize)> {
    let mut value: i64 = 0;
    let mut end = at;
    while let Some(digit) = bytes.get(end).map(|byte| byte.wrapping_sub(b'0')).filter(|&digit| digit < 10) {
        // Cannot wrap silently: more than 18 digits are refused below.
        value = value.wrapping_mul(10).wrapping_add(i64::from(digit));
        end += 1;
    }
    (end > at && end - at <= 18).then_some((value, end))
}

/// Reads an unsigned decimal at `at`: the value and the position after it. `None` for anything but digits with at most
/// one point and a mantissa below 2^53.
#[inline]
pub(crate) fn decimal(bytes: &[u8], at: usize) -> Option<(f64, usize)> {
    let mut mantissa: u64 = 0;
    let mut end = at;
    while let Some(digit) = bytes.get(end).map(|byte| byte.wrapping_sub(b'0')).filter(|&digit| digit < 10) {
        mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit));
        end += 1;
    }
    let whole = end - at;
    let mut fraction = 0;
    if bytes.get(end) == Some(&b'.') {
        let point = end + 1;
        end = point;
        while let Some(digit) = bytes.get(end).map(|byte| byte.wrapping_sub(b'0')).filter(|&digit| digit < 10) {
            mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit));
            end += 1;
        }
        fraction = end - point;
    }
    // 19 digits cannot wrap a u64, so that the comparison with 2^53 is meaningful.
    let n_digits = whole + fraction;
    if n_digits == 0 || n_digits > 19 || mantissa >= (1 << 53) {
        return None;
    }
    Some((mantissa as f64 / POWERS[fraction], end))
}

/// A whole field as a number; `None` when it is none. Accepts what `str::parse` does, `inf` and `nan` words included.
pub(crate) fn number(field: &[u8]) -> Option<f64> {
    match decimal(field, 0) {
        Some((value, end)) if end == field.len() => Some(value),
        _ => std::str::from_utf8(field).ok()?.parse().ok(),
    }
}

/// A whole field as a whole number; `None` when it is none.
pub(crate) fn integer(field: &[u8]) -> Option<i64> {
    std::str::from_utf8(field).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    //! Against `str::parse`, which rounds correctly.

    use super::*;

    #[test]
    fn equals_the_standard_library() {
        let texts = [
            "0",
            "0.0",
            "1",
            "00.5",
            "61837.63000000",
            "0.00141342",
            "9007199254740991",
            "9007199254740993",
            "0.1",
            "123456789.123456789",
            "1e5",
            "1.7976931348623157e308",
            "5.",
            ".5",
            "0.0000000000000000001",
            "1234567890123456789012345678901234567890",
            "-3.25",
            "+7",
        ];
        for text in texts {
            assert_eq!(number(text.as_bytes()), text.parse().ok(), "{text}");
        }
        // A linear congruential sequence of prices with 0 to 8 decimals.
        let mut state: u64 = 12345;
        for _ in 0..200_000 {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let text = format!("{}.{:0width$}", state >> 44, state % 100_000, width = 5 + (state % 4) as usize);
            let (value, end) = decimal(text.as_bytes(), 0).unwrap();
            assert_eq!((value.to_bits(), end), (text.parse::<f64>().unwrap().to_bits(), text.len()), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_not_a_number() {
        for text in ["", ".", "abc", "1.2.3", "1,5", "0x10", "1_000", " 1", "--1"] {
            assert_eq!(number(text.as_bytes()), None, "{text}");
        }
        assert_eq!(digits(b"12345678901234567890", 0), None);
        assert_eq!(digits(b"123456789012345678,", 0), Some((123456789012345678, 18)));
        assert_eq!(digits(b",", 0), None);
    }
}
