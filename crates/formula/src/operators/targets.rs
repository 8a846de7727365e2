//! What to hold, out of a score: 1 is long, -1 short, 0 nothing; `keep` leaves the value of the chosen as it is and makes
//! the others missing. A symbol without a score has no target: it is missing.
//!
//! Sides add up: `long_top(x, 10) + short_bottom(x, 10)`. Ties never depend on the order of the symbols: of equal values
//! either all are chosen or none.

use crosscut_kernels::cross_section::{self, RankScratch};
use crosscut_kernels::{Binary, Graph, StepFunction, Term};

use super::table::{percent, series, value, whole};
use super::{Arguments, AtOneTime, Missing, Operator, OperatorFamily, Parameter, ParameterKind, Scratch, Stage};

/// The family.
pub(super) const FAMILY: OperatorFamily = OperatorFamily {
    title: "Targets",
    about: "What to hold, out of a score: 1 is long, -1 short, 0 nothing; `keep_...` leaves the value of the chosen as it \
            is and makes the others missing. A symbol without a score has no target. Sides add up: `long_top(x, 10) + \
            short_bottom(x, 10)`. Ties do not depend on the order of the symbols: of equal values all are chosen or none. \
            `..._top(x, n)` takes a value when fewer than n symbols have a larger one, so that a tie at the edge takes \
            more than n; `percent` of N symbols are the whole number below, and at least 1.",
    operators: OPERATORS,
    #[cfg(test)]
    slow: slow::TABLE,
};

/// Parameters of a threshold.
const THRESHOLD: &[Parameter] = &[series("x"), value("threshold")];
/// Parameters of a number of names.
const COUNT: &[Parameter] = &[series("x"), whole("n", 1)];
/// Parameters of a share of the names.
const SHARE: &[Parameter] = &[series("x"), percent("percent")];
/// Parameters of one of several buckets.
const BUCKET: &[Parameter] =
    &[series("x"), whole("quantiles", 1), Parameter { name: "quantile", kind: ParameterKind::OneOf { of: 1 } }];

/// The columns of the examples of thresholds, rows of one symbol.
const ROWS: &str = "x: 1 2 3 -";
/// The columns of the examples of the others: five symbols, two of them equal, and one without a score.
const NAMES: &str = "x: 50 20 30 20 10 -";

/// The table.
const OPERATORS: &[Operator] = &[
    row("long_above", "1 where x is above the threshold, else 0", above).example("long_above(x, 2)", ROWS, "0 0 1 -"),
    row("long_below", "1 where x is below the threshold, else 0", below).example("long_below(x, 2)", ROWS, "1 0 0 -"),
    all("long_top", COUNT, "1 for the n largest values, else 0", top).example("long_top(x, 2)", NAMES, "1 0 1 0 0 -"),
    all("long_bottom", COUNT, "1 for the n smallest values, else 0", bottom).example(
        "long_bottom(x, 2)",
        NAMES,
        "0 1 0 1 1 -",
    ),
    all("long_top_percent", SHARE, "1 for the largest values, as many as that percentage is, else 0", top_percent)
        .example("long_top_percent(x, 40)", NAMES, "1 0 1 0 0 -"),
    all(
        "long_bottom_percent",
        SHARE,
        "1 for the smallest values, as many as that percentage is, else 0",
        bottom_percent,
    )
    .example("long_bottom_percent(x, 30)", NAMES, "0 0 0 0 1 -"),
    all("long_quantile", BUCKET, "1 in the bucket of that number as cs_quantile counts them, else 0", quantile)
        .example("long_quantile(x, 2, 1)", NAMES, "0 1 0 1 1 -"),
    row("short_above", "-1 where x is above the threshold, else 0", |g, a| short_series(g, a, above)).example(
        "short_above(x, 2)",
        ROWS,
        "0 0 -1 -",
    ),
    row("short_below", "-1 where x is below the threshold, else 0", |g, a| short_series(g, a, below)).example(
        "short_below(x, 2)",
        ROWS,
        "-1 0 0 -",
    ),
    all("short_top", COUNT, "-1 for the n largest values, else 0", short::<TOP>).example(
        "short_top(x, 2)",
        NAMES,
        "-1 0 -1 0 0 -",
    ),
    all("short_bottom", COUNT, "-1 for the n smallest values, else 0", short::<BOTTOM>).example(
        "short_bottom(x, 2)",
        NAMES,
        "0 -1 0 -1 -1 -",
    ),
    all(
        "short_top_percent",
        SHARE,
        "-1 for the largest values, as many as that percentage is, else 0",
        short::<TOP_PERCENT>,
    )
    .example("short_top_percent(x, 40)", NAMES, "-1 0 -1 0 0 -"),
    all(
        "short_bottom_percent",
        SHARE,
        "-1 for the smallest values, as many as that percentage is, else 0",
        short::<BOTTOM_PERCENT>,
    )
    .example("short_bottom_percent(x, 30)", NAMES, "0 0 0 0 -1 -"),
    all(
        "short_quantile",
        BUCKET,
        "-1 in the bucket of that number as cs_quantile counts them, else 0",
        short::<QUANTILE>,
    )
    .example("short_quantile(x, 2, 1)", NAMES, "0 -1 0 -1 -1 -"),
    row("keep_above", "x where it is above the threshold, else missing", |g, a| keep_series(g, a, above))
        .missing(Missing::Own)
        .example("keep_above(x, 2)", ROWS, "- - 3 -"),
    row("keep_below", "x where it is below the threshold, else missing", |g, a| keep_series(g, a, below))
        .missing(Missing::Own)
        .example("keep_below(x, 2)", ROWS, "1 - - -"),
    all("keep_top", COUNT, "the n largest values, the others missing", keep::<TOP>).example(
        "keep_top(x, 2)",
        NAMES,
        "50 - 30 - - -",
    ),
    all("keep_bottom", COUNT, "the n smallest values, the others missing", keep::<BOTTOM>).example(
        "keep_bottom(x, 2)",
        NAMES,
        "- 20 - 20 10 -",
    ),
    all(
        "keep_top_percent",
        SHARE,
        "the largest values, as many as that percentage is, the others missing",
        keep::<TOP_PERCENT>,
    )
    .example("keep_top_percent(x, 40)", NAMES, "50 - 30 - - -"),
    all(
        "keep_bottom_percent",
        SHARE,
        "the smallest values, as many as that percentage is, the others missing",
        keep::<BOTTOM_PERCENT>,
    )
    .example("keep_bottom_percent(x, 30)", NAMES, "- - - - 10 -"),
    all(
        "keep_quantile",
        BUCKET,
        "the values in the bucket of that number as cs_quantile counts them, the others missing",
        keep::<QUANTILE>,
    )
    .example("keep_quantile(x, 2, 2)", NAMES, "50 - 30 - - -"),
    Operator::built(
        "keep_while",
        &[series("enter"), series("stay")],
        "1 from the row in which both are true for as long as stay is true, else 0: a position that is opened and kept",
        |g, a| g.step_by_step(&KEPT, a.terms),
    )
    .stage(Stage::Target)
    .missing(Missing::Carried)
    .example("keep_while(x > 3, x > 1)", "x: 2 4 2 - 2 1 2 4", "0 1 1 - 1 0 0 1"),
];

/// An operator on a symbol's own rows.
const fn row(name: &'static str, summary: &'static str, build: fn(&mut Graph, &Arguments<'_>) -> Term) -> Operator {
    Operator::built(name, THRESHOLD, summary, build).stage(Stage::Target)
}

/// An operator across symbols.
const fn all(
    name: &'static str,
    parameters: &'static [Parameter],
    summary: &'static str,
    run: super::CrossSection,
) -> Operator {
    Operator::across(name, parameters, summary, run).stage(Stage::Target)
}

/// `(enter, stay)`: whether a position is held; carries the same.
static KEPT: StepFunction = StepFunction {
    name: "keep_while",
    n_carried: 1,
    warm_up: 0,
    step: |carried, [enter, stay, ..]| {
        if !enter.is_finite() || !stay.is_finite() {
            return f64::NAN;
        }
        let is_held = (carried[0] != 0.0 || enter != 0.0) && stay != 0.0;
        carried[0] = f64::from(u8::from(is_held));
        carried[0]
    },
};

/// Whether a series lies above its threshold.
fn above(graph: &mut Graph, a: &Arguments<'_>) -> Term {
    graph.binary(Binary::Less, a.terms[1], a.terms[0])
}

/// Whether a series lies below its threshold.
fn below(graph: &mut Graph, a: &Arguments<'_>) -> Term {
    graph.binary(Binary::Less, a.terms[0], a.terms[1])
}

/// -1 for the `chosen` rows, 0 for the others.
fn short_series(graph: &mut Graph, a: &Arguments<'_>, chosen: fn(&mut Graph, &Arguments<'_>) -> Term) -> Term {
    let (zero, chosen) = (graph.constant(0.0), chosen(graph, a));
    graph.binary(Binary::Subtract, zero, chosen)
}

/// The values of the `chosen` rows.
fn keep_series(graph: &mut Graph, a: &Arguments<'_>, chosen: fn(&mut Graph, &Arguments<'_>) -> Term) -> Term {
    let (missing, chosen) = (graph.constant(f64::NAN), chosen(graph, a));
    graph.select(chosen, a.terms[0], missing)
}

/// The choices across symbols, for what is made of their marks.
const CHOICES: [super::CrossSection; 5] = [top, bottom, top_percent, bottom_percent, quantile];
/// Number of [`top`].
const TOP: usize = 0;
/// Number of [`bottom`].
const BOTTOM: usize = 1;
/// Number of [`top_percent`].
const TOP_PERCENT: usize = 2;
/// Number of [`bottom_percent`].
const BOTTOM_PERCENT: usize = 3;
/// Number of [`quantile`].
const QUANTILE: usize = 4;

/// Marks the largest values with 1, the others with 0.
fn top(x: &AtOneTime<'_>, room: &mut Scratch, out: &mut [f64]) {
    cross_section::largest(x.series[0], x.numbers[0] as usize, &mut room.rank, out);
}

/// Marks the smallest values.
fn bottom(x: &AtOneTime<'_>, room: &mut Scratch, out: &mut [f64]) {
    cross_section::smallest(x.series[0], x.numbers[0] as usize, &mut room.rank, out);
}

/// Marks a percentage of the values, from the largest.
fn top_percent(x: &AtOneTime<'_>, room: &mut Scratch, out: &mut [f64]) {
    by_percent(cross_section::largest, x, room, out);
}

/// Marks a percentage of the values, from the smallest.
fn bottom_percent(x: &AtOneTime<'_>, room: &mut Scratch, out: &mut [f64]) {
    by_percent(cross_section::smallest, x, room, out);
}

/// Marks as many values as the percentage is of those there are, rounded down, and at least one.
fn by_percent(
    choose: fn(&[f64], usize, &mut RankScratch, &mut [f64]),
    x: &AtOneTime<'_>,
    room: &mut Scratch,
    out: &mut [f64],
) {
    let n_values = x.series[0].iter().filter(|x| x.is_finite()).count();
    let count = (n_values as f64 * x.numbers[0] / 100.0) as usize;
    choose(x.series[0], count.max(1), &mut room.rank, out);
}

/// Marks the values of one bucket.
fn quantile(x: &AtOneTime<'_>, room: &mut Scratch, out: &mut [f64]) {
    cross_section::bucket(x.series[0], x.numbers[0], &mut room.rank, out);
    for out in out.iter_mut().filter(|out| out.is_finite()) {
        *out = f64::from(u8::from(*out == x.numbers[1]));
    }
}

/// Short positions in what a choice marks.
fn short<const CHOICE: usize>(x: &AtOneTime<'_>, room: &mut Scratch, out: &mut [f64]) {
    CHOICES[CHOICE](x, room, out);
    out.iter_mut().for_each(|out| *out = 0.0 - *out);
}

/// The values of what a choice marks.
fn keep<const CHOICE: usize>(x: &AtOneTime<'_>, room: &mut Scratch, out: &mut [f64]) {
    CHOICES[CHOICE](x, room, out);
    for (out, &x) in out.iter_mut().zip(x.series[0]) {
        *out = if *out == 1.0 { x } else { f64::NAN };
    }
}

#[cfg(test)]
mod slow {
    //! Slow versions: who is chosen is found by counting.

    use crate::tests::slow::across::{bucket, present};
    use crate::tests::slow::{Entry, Slow};

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
}
