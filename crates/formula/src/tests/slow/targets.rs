//! Targets: who is chosen is found by counting.

use super::across::{bucket, present};
use super::{Entry, Slow};

/// Long: 1 for the chosen, 0 for the others.
fn long(_: f64, is_chosen: bool) -> f64 {
    if is_chosen { 1.0 } else { 0.0 }
}

/// Short: -1 for the chosen, 0 for the others.
fn short(_: f64, is_chosen: bool) -> f64 {
    if is_chosen { -1.0 } else { 0.0 }
}

/// Keep: the value of the chosen.
fn keep(x: f64, is_chosen: bool) -> f64 {
    if is_chosen { x } else { f64::NAN }
}

/// What becomes of a value that is chosen or not.
type Form = fn(f64, bool) -> f64;

/// A threshold, at row `i`.
fn row(s: &[&[f64]], i: usize, form: Form, is_chosen: fn(&f64, &f64) -> bool) -> f64 {
    let (x, threshold) = (s[0][i], s[1][i]);
    if x.is_finite() && threshold.is_finite() { form(x, is_chosen(&x, &threshold)) } else { f64::NAN }
}

/// A choice from the values of all symbols.
fn all(x: &[f64], form: Form, is_chosen: impl Fn(f64, &[f64]) -> bool) -> Vec<f64> {
    let all = present(x);
    x.iter().map(|&x| if x.is_finite() { form(x, is_chosen(x, &all)) } else { f64::NAN }).collect()
}

/// Fewer than `n` values are larger.
fn top(s: &[&[f64]], form: Form, n: f64) -> Vec<f64> {
    all(s[0], form, |x, all| (all.iter().filter(|y| **y > x).count() as f64) < n)
}

/// Fewer than `n` values are smaller.
fn bottom(s: &[&[f64]], form: Form, n: f64) -> Vec<f64> {
    all(s[0], form, |x, all| (all.iter().filter(|y| **y < x).count() as f64) < n)
}

/// How many values a percentage is.
fn count(s: &[&[f64]], percent: f64) -> f64 {
    (present(s[0]).len() as f64 * percent / 100.0).floor().max(1.0)
}

/// In bucket `k` of `q`.
fn quantile(s: &[&[f64]], form: Form, k: &[f64]) -> Vec<f64> {
    all(s[0], form, |x, all| bucket(x, all, k[0]) == k[1])
}

/// All rows of a position: held if it was held or opens, and stays.
fn kept(s: &[&[f64]], _: &[f64]) -> Vec<f64> {
    let mut is_held = false;
    let mut held = Vec::new();
    for (enter, stay) in s[0].iter().zip(s[1]) {
        let is_missing = enter.is_nan() || stay.is_nan();
        if !is_missing && *stay == 0.0 {
            is_held = false;
        } else if !is_missing && *enter != 0.0 {
            is_held = true;
        }
        held.push(if is_missing { f64::NAN } else { long(0.0, is_held) });
    }
    held
}

/// The table.
pub(super) const TABLE: &[Entry] = &[
    (&["long_above"], 2, 0.0, Slow::Row(|s, _, i| row(s, i, long, |x, t| x > t))),
    (&["long_below"], 2, 0.0, Slow::Row(|s, _, i| row(s, i, long, |x, t| x < t))),
    (&["short_above"], 2, 0.0, Slow::Row(|s, _, i| row(s, i, short, |x, t| x > t))),
    (&["short_below"], 2, 0.0, Slow::Row(|s, _, i| row(s, i, short, |x, t| x < t))),
    (&["keep_above"], 2, 0.0, Slow::Row(|s, _, i| row(s, i, keep, |x, t| x > t))),
    (&["keep_below"], 2, 0.0, Slow::Row(|s, _, i| row(s, i, keep, |x, t| x < t))),
    (&["long_top"], 2, 0.0, Slow::Across(|s, k| top(s, long, k[0]))),
    (&["short_top"], 2, 0.0, Slow::Across(|s, k| top(s, short, k[0]))),
    (&["keep_top"], 2, 0.0, Slow::Across(|s, k| top(s, keep, k[0]))),
    (&["long_bottom"], 2, 0.0, Slow::Across(|s, k| bottom(s, long, k[0]))),
    (&["short_bottom"], 2, 0.0, Slow::Across(|s, k| bottom(s, short, k[0]))),
    (&["keep_bottom"], 2, 0.0, Slow::Across(|s, k| bottom(s, keep, k[0]))),
    (&["long_top_percent"], 2, 0.0, Slow::Across(|s, k| top(s, long, count(s, k[0])))),
    (&["short_top_percent"], 2, 0.0, Slow::Across(|s, k| top(s, short, count(s, k[0])))),
    (&["keep_top_percent"], 2, 0.0, Slow::Across(|s, k| top(s, keep, count(s, k[0])))),
    (&["long_bottom_percent"], 2, 0.0, Slow::Across(|s, k| bottom(s, long, count(s, k[0])))),
    (&["short_bottom_percent"], 2, 0.0, Slow::Across(|s, k| bottom(s, short, count(s, k[0])))),
    (&["keep_bottom_percent"], 2, 0.0, Slow::Across(|s, k| bottom(s, keep, count(s, k[0])))),
    (&["long_quantile"], 3, 0.0, Slow::Across(|s, k| quantile(s, long, k))),
    (&["short_quantile"], 3, 0.0, Slow::Across(|s, k| quantile(s, short, k))),
    (&["keep_quantile"], 3, 0.0, Slow::Across(|s, k| quantile(s, keep, k))),
    (&["keep_while"], 2, 0.0, Slow::Rows(kept)),
];
