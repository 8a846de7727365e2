//! The loops of the row-by-row operations: plain functions over slices of one length, no state, no dispatch inside.
//!
//! `finite_zero(x)` is 0 for a finite `x` and NaN otherwise: added to a result it carries missing operands over
//! without a branch, which lets the compiler use vector instructions.

use crate::operation::{Binary, Operation, Unary};

/// 0 if `x` is finite, else NaN.
#[inline(always)]
fn finite_zero(x: f64) -> f64 {
    x * 0.0
}

/// 1 for true, 0 for false.
#[inline(always)]
fn truth(x: bool) -> f64 {
    if x { 1.0 } else { 0.0 }
}

/// `out[i] = f(a[i])`.
#[inline(always)]
fn map1(out: &mut [f64], a: &[f64], f: impl Fn(f64) -> f64) {
    for (out, &a) in out.iter_mut().zip(a) {
        *out = f(a);
    }
}

/// `out[i] = f(a[i], b[i])`.
#[inline(always)]
fn map2(out: &mut [f64], [a, b]: [&[f64]; 2], f: impl Fn(f64, f64) -> f64) {
    for ((out, &a), &b) in out.iter_mut().zip(a).zip(b) {
        *out = f(a, b);
    }
}

/// `out[i] = f(a[i], b[i], c[i])`.
#[inline(always)]
fn map3(out: &mut [f64], [a, b, c]: [&[f64]; 3], f: impl Fn(f64, f64, f64) -> f64) {
    for (((out, &a), &b), &c) in out.iter_mut().zip(a).zip(b).zip(c) {
        *out = f(a, b, c);
    }
}

/// `out[i] = f(a[i], b[i], c[i], d[i])`.
#[inline(always)]
fn map4(out: &mut [f64], [a, b, c, d]: [&[f64]; 4], f: impl Fn(f64, f64, f64, f64) -> f64) {
    for ((((out, &a), &b), &c), &d) in out.iter_mut().zip(a).zip(b).zip(c).zip(d) {
        *out = f(a, b, c, d);
    }
}

/// Appends `values` to `out` with everything that is not finite replaced by the one NaN, so that equal results are
/// equal in their bits.
pub(crate) fn append_clean(out: &mut Vec<f64>, values: &[f64]) {
    out.extend(values.iter().map(|&x| if finite_zero(x) == 0.0 { x } else { f64::NAN }));
}

/// Copies `values` with everything that is not finite replaced by NaN.
pub(crate) fn copy_clean(out: &mut [f64], values: &[f64]) {
    map1(out, values, |x| x + finite_zero(x));
}

/// Runs an operation that needs nothing but the operands' values of the same row.
///
/// # Panics
/// If `operation` is of another kind; the machine runs those itself.
pub(crate) fn run(operation: Operation, out: &mut [f64], args: [&[f64]; 4]) {
    let [a, b, c, d] = args;
    match operation {
        Operation::Constant(value) => out.fill(value.0),
        Operation::Unary(unary) => run_unary(unary, out, a),
        Operation::Binary(binary) => run_binary(binary, out, [a, b]),
        Operation::Select => map3(out, [a, b, c], |condition, yes, no| {
            (if condition != 0.0 { yes } else { no }) + finite_zero(condition)
        }),
        Operation::AddScaled(k) => map2(out, [a, b], |a, b| a + k.0 * b),
        Operation::AddTwoScaled(k) => map3(out, [a, b, c], |a, b, s| a + b + k.0 * s),
        Operation::MeanGap => map4(out, args, |newer, older, x, x_older| (older - newer) + (x_older - x)),
        Operation::AddProduct(k) => map4(out, args, |a, b, s, t| a + b + k.0 * (s * t)),
        Operation::RootScaled(k) => map1(out, a, |x| (k.0 * x).sqrt()),
        Operation::Correlation => map3(out, [a, b, c], correlation),
        Operation::AgeOfMaximum(k) => map4(out, [a, b, c, d], |newer, older, age, older_age| {
            (if older >= newer { older_age + k.0 } else { age }) + finite_zero(newer) + finite_zero(older)
        }),
        Operation::AgeOfMinimum(k) => map4(out, [a, b, c, d], |newer, older, age, older_age| {
            (if older <= newer { older_age + k.0 } else { age }) + finite_zero(newer) + finite_zero(older)
        }),
        Operation::AgeOfLatestMaximum(k) => map4(out, [a, b, c, d], |newer, older, age, older_age| {
            (if older > newer { older_age + k.0 } else { age }) + finite_zero(newer) + finite_zero(older)
        }),
        Operation::AgeOfLatestMinimum(k) => map4(out, [a, b, c, d], |newer, older, age, older_age| {
            (if older < newer { older_age + k.0 } else { age }) + finite_zero(newer) + finite_zero(older)
        }),
        Operation::Input(_)
        | Operation::Rank(_)
        | Operation::Quantile(_)
        | Operation::Dispersion(_)
        | Operation::Window(_)
        | Operation::Recurrence(_) => {
            unreachable!("the machine runs {operation:?} itself")
        }
    }
}

/// Covariance over the deviations, all three as sums of products; missing if a side does not vary. Rounding can carry
/// the ratio past 1 by a few units of the last place, which no correlation has.
#[inline(always)]
fn correlation(product: f64, square_a: f64, square_b: f64) -> f64 {
    let ratio = product / (square_a * square_b).sqrt();
    let bounded = if ratio > 1.0 { 1.0 } else { ratio };
    let bounded = if bounded < -1.0 { -1.0 } else { bounded };
    bounded + finite_zero(ratio) + finite_zero(square_a) + finite_zero(square_b)
}

/// The functions of one value.
fn run_unary(unary: Unary, out: &mut [f64], a: &[f64]) {
    match unary {
        Unary::Negate => map1(out, a, |x| -x),
        Unary::Absolute => map1(out, a, f64::abs),
        Unary::SquareRoot => map1(out, a, f64::sqrt),
        Unary::Logarithm => map1(out, a, libm::log),
        Unary::Exponential => map1(out, a, |x| libm::exp(x) + finite_zero(x)),
        Unary::Sign => map1(out, a, |x| truth(x > 0.0) - truth(x < 0.0) + finite_zero(x)),
        Unary::Not => map1(out, a, |x| truth(x == 0.0) + finite_zero(x)),
        Unary::Floor => map1(out, a, f64::floor),
        Unary::HasValue => map1(out, a, |x| truth(x.is_finite())),
    }
}

/// The functions of two values.
fn run_binary(binary: Binary, out: &mut [f64], args: [&[f64]; 2]) {
    let strict = |a: f64, b: f64| finite_zero(a) + finite_zero(b);
    match binary {
        Binary::Add => map2(out, args, |a, b| a + b),
        Binary::Subtract => map2(out, args, |a, b| a - b),
        Binary::Multiply => map2(out, args, |a, b| a * b),
        Binary::Divide => map2(out, args, |a, b| a / b + finite_zero(b)),
        Binary::Power => map2(out, args, |a, b| libm::pow(a, b) + strict(a, b)),
        Binary::Maximum => map2(out, args, |a, b| (if a > b { a } else { b }) + strict(a, b)),
        Binary::Minimum => map2(out, args, |a, b| (if a < b { a } else { b }) + strict(a, b)),
        Binary::Less => map2(out, args, |a, b| truth(a < b) + strict(a, b)),
        Binary::LessEqual => map2(out, args, |a, b| truth(a <= b) + strict(a, b)),
        Binary::Equal => map2(out, args, |a, b| truth(a == b) + strict(a, b)),
        Binary::NotEqual => map2(out, args, |a, b| truth(a != b) + strict(a, b)),
        Binary::And => map2(out, args, |a, b| truth(a != 0.0) * truth(b != 0.0) + strict(a, b)),
        Binary::Or => map2(out, args, |a, b| truth(a != 0.0 || b != 0.0) + strict(a, b)),
        Binary::Coalesce => map2(out, args, |a, b| if a.is_finite() { a } else { b }),
    }
}
