//! Arithmetic, comparison, choice and time: what a row makes of its own numbers.

use super::{Entry, Slow};

/// True is 1, false is 0.
fn truth(x: bool) -> f64 {
    if x { 1.0 } else { 0.0 }
}

/// A statement about two numbers; missing if one is.
fn about(s: &[&[f64]], i: usize, statement: impl Fn(f64, f64) -> bool) -> f64 {
    let (a, b) = (s[0][i], s[1][i]);
    if a.is_nan() || b.is_nan() { f64::NAN } else { truth(statement(a, b)) }
}

/// A number made of two; missing if one is.
fn of_two(s: &[&[f64]], i: usize, f: impl Fn(f64, f64) -> f64) -> f64 {
    let (a, b) = (s[0][i], s[1][i]);
    if a.is_nan() || b.is_nan() { f64::NAN } else { f(a, b) }
}

/// Whether `a` has come above `b`.
fn crosses(a: &[f64], b: &[f64], i: usize) -> f64 {
    let is_known = |at: usize| a[at].is_finite() && b[at].is_finite();
    let both = i > 0 && is_known(i) && is_known(i - 1);
    if both { truth(a[i] > b[i] && a[i - 1] <= b[i - 1]) } else { f64::NAN }
}

/// The table.
pub(super) const TABLE: &[Entry] = &[
    (&["+", "add"], 2, 0.0, Slow::Row(|s, _, i| s[0][i] + s[1][i])),
    (&["-", "sub"], 2, 0.0, Slow::Row(|s, _, i| s[0][i] - s[1][i])),
    (&["*", "mul"], 2, 0.0, Slow::Row(|s, _, i| s[0][i] * s[1][i])),
    (&["/", "div"], 2, 0.0, Slow::Row(|s, _, i| if s[1][i] == 0.0 { f64::NAN } else { s[0][i] / s[1][i] })),
    (&["-"], 1, 0.0, Slow::Row(|s, _, i| 0.0 - s[0][i])),
    (&["^", "pow"], 2, 1e-13, Slow::Row(|s, _, i| of_two(s, i, f64::powf))),
    (
        &["signed_power"],
        2,
        1e-13,
        Slow::Row(|s, _, i| of_two(s, i, |a, b| if a < 0.0 { -(-a).powf(b) } else { a.powf(b) * truth(a > 0.0) })),
    ),
    (&["ceil"], 1, 0.0, Slow::Row(|s, _, i| s[0][i].ceil())),
    (&["clip"], 3, 0.0, Slow::Row(|s, _, i| of_two(s, i, f64::max).min(s[2][i]) + 0.0 * (s[0][i] + s[1][i] + s[2][i]))),
    (&["crosses_above"], 2, 0.0, Slow::Row(|s, _, i| crosses(s[0], s[1], i))),
    (&["crosses_below"], 2, 0.0, Slow::Row(|s, _, i| crosses(s[1], s[0], i))),
    (&["abs"], 1, 0.0, Slow::Row(|s, _, i| if s[0][i] < 0.0 { -s[0][i] } else { s[0][i] })),
    (&["sqrt"], 1, 0.0, Slow::Row(|s, _, i| s[0][i].sqrt())),
    (&["log"], 1, 1e-14, Slow::Row(|s, _, i| s[0][i].ln())),
    (&["exp"], 1, 1e-14, Slow::Row(|s, _, i| s[0][i].exp())),
    (&["sign"], 1, 0.0, Slow::Row(|s, _, i| if s[0][i] == 0.0 { 0.0 } else { s[0][i] / s[0][i].abs() })),
    (&["floor"], 1, 0.0, Slow::Row(|s, _, i| s[0][i] - s[0][i].rem_euclid(1.0))),
    (&["max"], 2, 0.0, Slow::Row(|s, _, i| of_two(s, i, f64::max))),
    (&["min"], 2, 0.0, Slow::Row(|s, _, i| of_two(s, i, f64::min))),
    (&["fill"], 2, 0.0, Slow::Row(|s, _, i| if s[0][i].is_nan() { s[1][i] } else { s[0][i] })),
    (&["has_value"], 1, 0.0, Slow::Row(|s, _, i| truth(!s[0][i].is_nan()))),
    (&["<", "lt"], 2, 0.0, Slow::Row(|s, _, i| about(s, i, |a, b| a < b))),
    (&["<=", "le"], 2, 0.0, Slow::Row(|s, _, i| about(s, i, |a, b| a <= b))),
    (&[">", "gt"], 2, 0.0, Slow::Row(|s, _, i| about(s, i, |a, b| a > b))),
    (&[">=", "ge"], 2, 0.0, Slow::Row(|s, _, i| about(s, i, |a, b| a >= b))),
    (&["==", "eq"], 2, 0.0, Slow::Row(|s, _, i| about(s, i, |a, b| a == b))),
    (&["!=", "ne"], 2, 0.0, Slow::Row(|s, _, i| about(s, i, |a, b| a != b))),
    (&["&", "both"], 2, 0.0, Slow::Row(|s, _, i| about(s, i, |a, b| a != 0.0 && b != 0.0))),
    (&["|", "either"], 2, 0.0, Slow::Row(|s, _, i| about(s, i, |a, b| a != 0.0 || b != 0.0))),
    (&["!", "is_zero"], 1, 0.0, Slow::Row(|s, _, i| if s[0][i].is_nan() { f64::NAN } else { truth(s[0][i] == 0.0) })),
    (
        &["where"],
        3,
        0.0,
        Slow::Row(|s, _, i| match s[0][i] {
            condition if condition.is_nan() => f64::NAN,
            condition if condition != 0.0 => s[1][i],
            _ => s[2][i],
        }),
    ),
    (&["utc_day"], 1, 0.0, Slow::Row(|s, _, i| (s[0][i] / 86_400e6).floor())),
];
