//! Operators that carry numbers from row to row. A missing value leaves them as they are and gives a missing result.

use crosscut_kernels::{Fold, Graph, Recurrence, Scalar, StepFunction, Term};

use super::table::{rows, series, share};
use super::{Arguments, Missing, Operator, OperatorFamily, Parameter, ParameterKind, Stage};

/// Parameters of a function of all values so far.
const ONE: &[Parameter] = &[series("x")];
/// Parameters of an exponential mean.
const WINDOW: &[Parameter] = &[series("x"), rows("window", 1)];
/// Parameters of an exponential mean with a span.
const SPAN: &[Parameter] = &[series("x"), rows("span", 1)];

/// The family.
pub(super) const FAMILY: OperatorFamily = OperatorFamily {
    title: "Carried from row to row",
    about: "Exponential means and cumulative operators: what they carry is stored with a factor set, so that an update \
            continues where the last run ended.",
    operators: OPERATORS,
    #[cfg(test)]
    slow: &[],
};

/// The closes of the examples of means.
const CLOSES: &str = "x: 2 8 4 6";
/// The values of the examples of cumulative operators.
const SO_FAR: &str = "x: 3 1 - 5 2";

/// The table.
const OPERATORS: &[Operator] = &[
    entry(
        "ema",
        SPAN,
        "exponential mean, alpha = 2 / (span + 1), from the first value on; missing before span values",
        |g, a| g.ema(a.terms[0], a.rows(1)),
    )
    .source("pandas ewm(span=span, adjust=False, min_periods=span)")
    // 2, then half way to each: 5, 4.5, 5.25.
    .example("ema(x, 3)", CLOSES, "- - 4.5 5.25"),
    entry(
        "wilder",
        WINDOW,
        "Wilder's exponential mean, alpha = 1 / window, from the first value on; missing before window values",
        |g, a| g.wilder(a.terms[0], a.rows(1)),
    )
    .source("Wilder (1978), New Concepts in Technical Trading Systems; pandas ewm(alpha=1/window, adjust=False)")
    .example("wilder(x, 2)", CLOSES, "- 5 4.5 5.25"),
    entry(
        "ewma",
        &[series("x"), share("alpha")],
        "exponential mean with the given alpha, from the first value on, which it starts with",
        |g, a| {
            let alpha = Scalar(a.number(1));
            g.recurrence(Recurrence::Exponential { alpha, min_periods: 1 }, &[a.terms[0]])
        },
    )
    .source("pandas ewm(alpha=alpha, adjust=False)")
    .example("ewma(x, 0.5)", "x: 2 8 - 4 6", "2 5 - 4.5 5.25"),
    entry(
        "ewm_mean",
        &[series("x"), Parameter { name: "span", kind: ParameterKind::Span }],
        "mean of all values so far, weights falling by 1 - alpha per value and divided by their sum; \
         alpha = 2 / (span + 1), or the number itself if it is below 1",
        |g, a| {
            let span = a.number(1);
            let alpha = Scalar(if span < 1.0 { span } else { 2.0 / (span + 1.0) });
            g.recurrence(Recurrence::Weighted { alpha }, &[a.terms[0]])
        },
    )
    .also(&["EMA"])
    .source("qlib EMA; pandas ewm(span=span) and ewm(alpha=alpha)")
    // Weights 1, then 1 and 1/3, then 1, 1/3 and 1/9, then also 1/27.
    .example("ewm_mean(x, 2)", "x: 2 8 - 4 6", "2 13/2 - 62/13 28/5"),
    entry(
        "ema_seeded",
        WINDOW,
        "exponential mean, alpha = 2 / (window + 1), that starts at the mean of the first window values",
        |g, a| {
            let (window, alpha) = (a.rows(1), Scalar(2.0 / (f64::from(a.rows(1)) + 1.0)));
            g.recurrence(Recurrence::Seeded { alpha, window }, &[a.terms[0]])
        },
    )
    .source("TA-Lib EMA")
    // 5, then two thirds of the way to 4 and to 6.
    .example("ema_seeded(x, 2)", CLOSES, "- 5 13/3 49/9"),
    entry(
        "wilder_seeded",
        WINDOW,
        "Wilder's exponential mean, alpha = 1 / window, that starts at the mean of the first window values",
        |g, a| {
            let (window, alpha) = (a.rows(1), Scalar(1.0 / f64::from(a.rows(1))));
            g.recurrence(Recurrence::Seeded { alpha, window }, &[a.terms[0]])
        },
    )
    .source("Wilder (1978); TA-Lib RSI and ATR")
    .example("wilder_seeded(x, 2)", CLOSES, "- 5 4.5 5.25"),
    entry(
        "wilder_sum",
        &[series("x"), rows("window", 2)],
        "Wilder's running sum s - s / window + x, started at the sum of the first window - 1 values",
        |g, a| g.recurrence(Recurrence::WilderSum { window: a.rows(1) }, &[a.terms[0]]),
    )
    .source("Wilder (1978); TA-Lib ADX")
    .example("wilder_sum(x, 2)", CLOSES, "- 9 8.5 10.25"),
    entry(
        "adaptive_mean",
        &[series("x"), series("alpha")],
        "mean that moves by the share alpha of the row towards x, started at the x before the first alpha",
        |g, a| {
            let start = g.delay(a.terms[0], 1);
            g.recurrence(Recurrence::Adaptive, &[a.terms[0], a.terms[1], start])
        },
    )
    .source("Kaufman (1995), Smarter Trading; TA-Lib KAMA")
    .example("adaptive_mean(x, alpha)", "x: 2 8 4 6; alpha: - 0.5 0.25 0.5", "- 5 4.75 5.375"),
    entry("cumsum", ONE, "sum of all values so far", |g, a| fold(g, a, Fold::Sum)).example(
        "cumsum(x)",
        SO_FAR,
        "3 4 - 9 11",
    ),
    entry("cumprod", ONE, "product of all values so far", |g, a| fold(g, a, Fold::Product)).example(
        "cumprod(x)",
        SO_FAR,
        "3 3 - 15 30",
    ),
    entry("cummax", ONE, "largest value so far", |g, a| fold(g, a, Fold::Maximum)).example(
        "cummax(x)",
        SO_FAR,
        "3 3 - 5 5",
    ),
    entry("cummin", ONE, "smallest value so far", |g, a| fold(g, a, Fold::Minimum)).example(
        "cummin(x)",
        SO_FAR,
        "3 1 - 1 1",
    ),
    entry("first", ONE, "the first value", |g, a| fold(g, a, Fold::First)).example("first(x)", SO_FAR, "3 3 - 3 3"),
    entry(
        "last_value",
        ONE,
        "x, or the last value before where x is missing; missing before the first value",
        |g, a| g.step_by_step(&LAST_VALUE, a.terms),
    )
    .also(&["ffill"])
    .missing(Missing::Own)
    .example("last_value(x)", "x: - 3 - 5 -", "- 3 3 5 5"),
    entry(
        "rows_since",
        &[series("condition")],
        "number of values since the condition was last true, 0 where it is true; missing before it was",
        |g, a| g.step_by_step(&ROWS_SINCE, a.terms),
    )
    .example("rows_since(x > 4)", "x: 1 5 2 - 3 6", "- 0 1 - 2 0"),
];

/// An entry.
const fn entry(
    name: &'static str,
    parameters: &'static [Parameter],
    summary: &'static str,
    build: fn(&mut Graph, &Arguments<'_>) -> Term,
) -> Operator {
    Operator::built(name, parameters, summary, build).stage(Stage::Accumulator).missing(Missing::Carried)
}

/// All values so far, folded into one.
fn fold(graph: &mut Graph, arguments: &Arguments<'_>, fold: Fold) -> Term {
    let everything = graph.constant(0.0);
    graph.cumulate(fold, arguments.terms[0], everything)
}

/// Carries the last value and whether there was one.
static LAST_VALUE: StepFunction = StepFunction {
    name: "last_value",
    n_carried: 2,
    warm_up: 0,
    step: |carried, [x, ..]| {
        if x.is_finite() {
            (carried[0], carried[1]) = (x, 1.0);
        }
        if carried[1] == 0.0 { f64::NAN } else { carried[0] }
    },
};

/// Carries the number of values since the condition was true, the true one counted; 0 before it was.
static ROWS_SINCE: StepFunction = StepFunction {
    name: "rows_since",
    n_carried: 1,
    warm_up: 0,
    step: |carried, [condition, ..]| {
        if !condition.is_finite() {
            return f64::NAN;
        }
        if condition != 0.0 {
            carried[0] = 1.0;
        } else if carried[0] > 0.0 {
            carried[0] += 1.0;
        }
        if carried[0] == 0.0 { f64::NAN } else { carried[0] - 1.0 }
    },
};
