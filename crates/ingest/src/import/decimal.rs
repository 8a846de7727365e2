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

/// The same powers as whole numbers.
const WHOLE_POWERS: [u64; 9] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

/// The digits at the front of the eight bytes at `at`: their value and how many there are. `None` when fewer than eight
/// bytes are left.
///
/// Eight digits at once: bytes are first multiplied into pairs, pairs into fours, fours into eight (Lemire, "Number
/// parsing at a gigabyte per second", 2021).
#[inline(always)]
fn eight(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let word = u64::from_le_bytes(*bytes.get(at..)?.first_chunk::<8>()?) ^ 0x3030_3030_3030_3030;
    // The high bit of a byte is set when it is more than 9. A carry can spoil only bytes behind the first such one.
    let others = others(word);
    let n = others.trailing_zeros() / 8;
    Some((together(word.checked_shl(64 - 8 * n).unwrap_or(0)), n as usize))
}

/// The high bit of each byte that is more than 9. A carry can spoil only bytes behind the first such one.
#[inline(always)]
fn others(word: u64) -> u64 {
    (word.wrapping_add(0x7676_7676_7676_7676) | word) & 0x8080_8080_8080_8080
}

/// Eight digits, the first in the lowest byte, as a number.
#[inline(always)]
fn together(digits: u64) -> u64 {
    let pairs = (digits.wrapping_mul(10 * (1 << 8) + 1) >> 8) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs.wrapping_mul(100 * (1 << 16) + 1) >> 16) & 0x0000_FFFF_0000_FFFF;
    fours.wrapping_mul(10_000 * (1 << 32) + 1) >> 32
}

/// How many digits a column's number had in the row before: most rows have as many. A guess that is checked beside the
/// work costs less than a length that the place of the next field has to wait for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Lengths {
    /// Digits before the point.
    whole: usize,
    /// Digits after the point.
    part: usize,
}

/// Bytes looked at by a guess: two words of digits, and the byte behind each.
type Window = [u8; 18];

/// The `n` digits (1 to 8) at `at` of a window, if that is what they are and no digit follows: their value.
#[inline(always)]
fn guessed(window: &Window, at: usize, n: usize) -> Option<u64> {
    let word = u64::from_le_bytes(*window[at..].first_chunk::<8>()?) ^ 0x3030_3030_3030_3030;
    let digits = word << (64 - 8 * n);
    (others(digits) == 0 && !window[at + n].is_ascii_digit()).then(|| together(digits))
}

/// [`digits`], guessed to be as many as before.
#[inline(always)]
pub(crate) fn digits_like(bytes: &[u8], at: usize, lengths: &mut Lengths) -> Option<(i64, usize)> {
    let n = lengths.whole;
    if let Some(window) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        if (1..=8).contains(&n) {
            if let Some(value) = guessed(window, 0, n) {
                return Some((value as i64, at + n));
            }
        } else if (9..=16).contains(&n) {
            let word = u64::from_le_bytes(*window.first_chunk::<8>()?) ^ 0x3030_3030_3030_3030;
            if let (0, Some(more)) = (others(word), guessed(window, 8, n - 8)) {
                return Some(((together(word) * WHOLE_POWERS[n - 8] + more) as i64, at + n));
            }
        }
    }
    let (value, end) = digits(bytes, at)?;
    lengths.whole = end - at;
    Some((value, end))
}

/// [`decimal`], guessed to have as many digits as before.
#[inline(always)]
pub(crate) fn decimal_like(bytes: &[u8], at: usize, lengths: &mut Lengths) -> Option<(f64, usize)> {
    let Lengths { whole: n, part: n_part } = *lengths;
    if (1..8).contains(&n)
        && (1..=8).contains(&n_part)
        && let Some(window) = bytes.get(at..).and_then(|rest| rest.first_chunk())
        && window[n] == b'.'
        && let Some(whole) = guessed(window, 0, n)
        && let Some(part) = guessed(window, n + 1, n_part)
    {
        let mantissa = whole * WHOLE_POWERS[n_part] + part;
        return Some((mantissa as i64 as f64 / POWERS[n_part], at + n + 1 + n_part));
    }
    let (value, end) = decimal(bytes, at)?;
    let point = bytes[at..end].iter().position(|&byte| byte == b'.').unwrap_or(end - at);
    *lengths = Lengths { whole: point, part: (end - at).saturating_sub(point + 1) };
    Some((value, end))
}

/// Reads digits at `at`: the value and the position after them. `None` without digits or with more than 18.
#[inline(always)]
pub(crate) fn digits(bytes: &[u8], at: usize) -> Option<(i64, usize)> {
    let (mut value, n) = eight(bytes, at).unwrap_or_default();
    if n == 8 {
        let (more, n_more) = eight(bytes, at + 8).unwrap_or_default();
        if n_more > 0 && n_more < 8 {
            value = value * WHOLE_POWERS[n_more] + more;
            return Some((value as i64, at + 8 + n_more));
        }
    } else if n > 0 {
        return Some((value as i64, at + n));
    }
    digits_one_by_one(bytes, at)
}

/// [`digits`] of any number and wherever they stand.
fn digits_one_by_one(bytes: &[u8], at: usize) -> Option<(i64, usize)> {
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
#[inline(always)]
pub(crate) fn decimal(bytes: &[u8], at: usize) -> Option<(f64, usize)> {
    if let Some((whole, n)) = eight(bytes, at).filter(|(_, n)| (1..8).contains(n))
        && bytes[at + n] == b'.'
        && let Some((part, n_part)) = eight(bytes, at + n + 1)
        && (n_part < 8 || !bytes.get(at + n + 9).is_some_and(u8::is_ascii_digit))
    {
        // At most 15 digits: below 2^53, and converted as signed, which is one instruction.
        let mantissa = whole * WHOLE_POWERS[n_part] + part;
        return Some((mantissa as i64 as f64 / POWERS[n_part], at + n + 1 + n_part));
    }
    decimal_one_by_one(bytes, at)
}

/// [`decimal`] of any number of digits and wherever they stand.
fn decimal_one_by_one(bytes: &[u8], at: usize) -> Option<(f64, usize)> {
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

    /// Guesses of all lengths change nothing but the speed, and are right the next time.
    fn whatever_was_before(text: &str) {
        // Behind the number stands the rest of a chunk, or not.
        for text in [text.to_owned(), format!("{text},12345678901234567890\n")] {
            let bytes = text.as_bytes();
            let (plain, point) = (digits(bytes, 0), decimal(bytes, 0));
            for whole in 0..18 {
                for part in 0..10 {
                    let mut lengths = Lengths { whole, part };
                    assert_eq!(decimal_like(bytes, 0, &mut lengths), point, "{text:?} like {whole} and {part} digits");
                    assert_eq!(decimal_like(bytes, 0, &mut lengths), point, "{text:?} once more");
                }
                let mut lengths = Lengths { whole, part: 0 };
                assert_eq!(digits_like(bytes, 0, &mut lengths), plain, "{text:?} like {whole} digits");
                assert_eq!(digits_like(bytes, 0, &mut lengths), plain, "{text:?} once more");
            }
        }
    }

    #[test]
    fn eight_digits_at_once_are_those_one_by_one() {
        // Every count of digits before and after the point, before every kind of byte and at the end of the text.
        let mut state: u64 = 99;
        for before in 0..20 {
            for after in 0..20 {
                for behind in ["", ",", "\n", ",12345678,", ".5", "-", "a", "\u{e9}", ":;<=>?@/", "\0\0\0\0\0\0\0\0"] {
                    let mut random = |n: usize| -> String {
                        let mut digit = |_| {
                            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                            char::from(b'0' + (state >> 40) as u8 % 10)
                        };
                        (0..n).map(&mut digit).collect()
                    };
                    let text = format!("{}{behind}", random(before));
                    assert_eq!(digits(text.as_bytes(), 0), digits_one_by_one(text.as_bytes(), 0), "{text:?}");
                    whatever_was_before(&text);
                    let text = format!("{}.{}{behind}", random(before), random(after));
                    assert_eq!(decimal(text.as_bytes(), 0), decimal_one_by_one(text.as_bytes(), 0), "{text:?}");
                    whatever_was_before(&text);
                }
            }
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
