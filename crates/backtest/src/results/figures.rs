//! Numbers as people read them: thousands separated, percentages, `undefined` for what is not.

use crosscut_model::format_iso;

/// What stands for an undefined number.
pub(super) const UNDEFINED: &str = "undefined";

/// Shares and ratios of this size come of a short run's return raised to a year; their digits mean nothing.
const BEYOND: f64 = 1e6;

/// A number with so many decimals and thousands separated: `1,234,567.80`.
pub(super) fn number(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return UNDEFINED.to_owned();
    }
    let text = format!("{value:.decimals$}");
    let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').map_or((digits, ""), |(whole, fraction)| (whole, fraction));
    // What rounds to zero has no sign.
    let sign = if digits.contains(|c| ('1'..='9').contains(&c)) { sign } else { "" };
    let mut out = String::from(sign);
    for (idx, digit) in whole.chars().enumerate() {
        if idx > 0 && (whole.len() - idx).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// A share as a percentage: `-12.34%`; in powers of ten where it is beyond all measure.
pub(super) fn percent(share: f64) -> String {
    if share.is_finite() && share.abs() >= BEYOND {
        format!("{:.2e}%", share * 100.0)
    } else if share.is_finite() {
        number(share * 100.0, 2) + "%"
    } else {
        UNDEFINED.to_owned()
    }
}

/// A number without unit, told as [`percent`] tells shares.
pub(super) fn ratio(value: f64) -> String {
    if value.is_finite() && value.abs() >= BEYOND { format!("{value:.2e}") } else { number(value, 3) }
}

/// A price or quantity of any magnitude, to six significant digits at least.
pub(super) fn significant(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return number(value, 0);
    }
    let magnitude = magnitude_of(value);
    number(value, usize::try_from(5 - magnitude).unwrap_or(0).clamp(2, 12))
}

/// The power of ten of the first digit.
fn magnitude_of(value: f64) -> i32 {
    // Through the decimal text rather than a logarithm: exact, and the same on every machine.
    format!("{value:e}").rsplit('e').next().and_then(|power| power.parse().ok()).unwrap_or(0)
}

/// A time as short as it can be told: `2024-01-31`, `2024-01-31 08:00`, with seconds where there are any.
pub(super) fn moment(timestamp: i64) -> String {
    let text = format_iso(timestamp).replace('T', " ");
    let text = text.trim_end_matches('Z');
    let text = text.strip_suffix(":00").unwrap_or(text);
    text.strip_suffix(" 00:00").unwrap_or(text).to_owned()
}
