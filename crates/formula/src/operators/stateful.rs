//! Operators that carry numbers from row to row. A missing value leaves them as they are and gives a missing result.

use crosscut_kernels::{Fold, Graph, Recurrence, Scalar, Term};

use super::table::{probability, rows, series};
use super::{Arguments, Missing, Operator, Parameter, Run, Stage};

/// Parameters of a function of all values so far.
const ONE: &[Parameter] = &[series("x")];
/// Parameters of an exponential mean.
const WINDOW: &[Parameter] = &[series("x"), rows("window", 1)];

/// An entry.
const fn entry(
    name: &'static str,
    parameters: &'static [Parameter],
    summary: &'static str,
    build: fn(&mut Graph, &Arguments<'_>) -> Term,
) -> Operator {
    Operator {
        name,
        aliases: &[],
        parameters,
        stage: Stage::Accumulator,
        missing: Missing::Carried,
        summary,
        run: Run::Series(build),
    }
}

/// All values so far, folded into one.
fn fold(graph: &mut Graph, arguments: &Arguments<'_>, fold: Fold) -> Term {
    let everything = graph.constant(0.0);
    graph.cumulate(fold, arguments.terms[0], everything)
}

/// The table.
pub(super) const OPERATORS: &[Operator] = &[
    entry(
        "ema",
        &[series("x"), rows("span", 1)],
        "exponential mean, alpha = 2 / (span + 1), from the first value on; missing before span values",
        |g, a| g.ema(a.terms[0], a.rows(1)),
    ),
    entry(
        "wilder",
        WINDOW,
        "Wilder's exponential mean, alpha = 1 / window, from the first value on; missing before window values",
        |g, a| g.wilder(a.terms[0], a.rows(1)),
    ),
    entry(
        "ewma",
        &[series("x"), probability("alpha")],
        "exponential mean with the given alpha, from the first value on, which it starts with",
        |g, a| {
            let alpha = Scalar(a.number(1));
            g.recurrence(Recurrence::Exponential { alpha, min_periods: 1 }, &[a.terms[0]])
        },
    ),
    Operator {
        aliases: &["EMA"],
        ..entry(
            "ewm_mean",
            &[series("x"), rows("span", 1)],
            "mean of all values so far, weights falling by 1 - 2 / (span + 1) per value and divided by their sum (qlib's EMA, pandas' ewm)",
            |g, a| {
                let alpha = Scalar(2.0 / (f64::from(a.rows(1)) + 1.0));
                g.recurrence(Recurrence::Weighted { alpha }, &[a.terms[0]])
            },
        )
    },
    entry(
        "ema_seeded",
        WINDOW,
        "exponential mean, alpha = 2 / (window + 1), that starts at the mean of the first window values (TA-Lib's EMA)",
        |g, a| {
            let (window, alpha) = (a.rows(1), Scalar(2.0 / (f64::from(a.rows(1)) + 1.0)));
            g.recurrence(Recurrence::Seeded { alpha, window }, &[a.terms[0]])
        },
    ),
    entry(
        "wilder_seeded",
        WINDOW,
        "Wilder's exponential mean, alpha = 1 / window, that starts at the mean of the first window values",
        |g, a| {
            let (window, alpha) = (a.rows(1), Scalar(1.0 / f64::from(a.rows(1))));
            g.recurrence(Recurrence::Seeded { alpha, window }, &[a.terms[0]])
        },
    ),
    entry(
        "wilder_sum",
        &[series("x"), rows("window", 2)],
        "Wilder's running sum s - s / window + x, started at the sum of the first window - 1 values",
        |g, a| g.recurrence(Recurrence::WilderSum { window: a.rows(1) }, &[a.terms[0]]),
    ),
    entry(
        "adaptive_mean",
        &[series("x"), series("alpha")],
        "mean that moves by the share alpha of the row towards x, started at the x before the first alpha",
        |g, a| {
            let start = g.delay(a.terms[0], 1);
            g.recurrence(Recurrence::Adaptive, &[a.terms[0], a.terms[1], start])
        },
    ),
    entry("cumsum", ONE, "sum of all values so far", |g, a| fold(g, a, Fold::Sum)),
    entry("cumprod", ONE, "product of all values so far", |g, a| fold(g, a, Fold::Product)),
    entry("cummax", ONE, "largest value so far", |g, a| fold(g, a, Fold::Maximum)),
    entry("cummin", ONE, "smallest value so far", |g, a| fold(g, a, Fold::Minimum)),
    entry("first", ONE, "the first value", |g, a| fold(g, a, Fold::First)),
];
