//! Cumulative operators that begin anew with each session. A session is a run of rows with the same number, usually
//! `utc_day(timestamp)`; any series will do. A missing value, or a missing session, leaves what is carried as it is and
//! gives a missing result.

use crosscut_kernels::{Binary, Fold, Graph, Term, Unary};

use super::table::series;
use super::{Arguments, Missing, Operator, OperatorFamily, Parameter, Stage};

/// Microseconds of a day.
const DAY: f64 = 86_400e6;

/// Parameters of all of them.
const SESSION: &[Parameter] = &[series("x"), series("session")];

/// The family.
pub(super) const FAMILY: OperatorFamily = OperatorFamily {
    title: "Anchored to sessions",
    about: "Cumulative operators that begin anew with each session. A session is a run of rows with the same number, \
            usually `utc_day(timestamp)`; any series will do.",
    operators: OPERATORS,
    #[cfg(test)]
    slow: &[],
};

/// The columns of the examples: two sessions.
const TWO_DAYS: &str = "x: 3 1 - 4 5; day: 1 1 1 1 2";

/// The table.
const OPERATORS: &[Operator] = &[
    Operator::built(
        "utc_day",
        &[series("timestamp")],
        "the day of a time in microseconds since the epoch, counted from 1970-01-01 (UTC)",
        |g, a| {
            let day = g.constant(DAY);
            let days = g.binary(Binary::Divide, a.terms[0], day);
            g.unary(Unary::Floor, days)
        },
    )
    .example("utc_day(timestamp)", "timestamp: 0 86399999999 86400000000 -", "0 0 1 -"),
    entry("session_sum", "sum of the session's values so far", |g, a| g.cumulate(Fold::Sum, a.terms[0], a.terms[1]))
        .example("session_sum(x, day)", TWO_DAYS, "3 4 - 8 5"),
    entry("session_mean", "mean of the session's values so far", |g, a| {
        let sum = g.cumulate(Fold::Sum, a.terms[0], a.terms[1]);
        let count = count(g, a);
        g.binary(Binary::Divide, sum, count)
    })
    .example("session_mean(x, day)", TWO_DAYS, "3 2 - 8/3 5"),
    entry("session_max", "largest of the session's values so far", |g, a| {
        g.cumulate(Fold::Maximum, a.terms[0], a.terms[1])
    })
    .example("session_max(x, day)", TWO_DAYS, "3 3 - 4 5"),
    entry("session_min", "smallest of the session's values so far", |g, a| {
        g.cumulate(Fold::Minimum, a.terms[0], a.terms[1])
    })
    .example("session_min(x, day)", TWO_DAYS, "3 1 - 1 5"),
    entry("session_first", "the session's first value", |g, a| g.cumulate(Fold::First, a.terms[0], a.terms[1]))
        .example("session_first(x, day)", TWO_DAYS, "3 3 - 3 5"),
    entry("session_count", "number of the session's values so far", count).example(
        "session_count(x, day)",
        TWO_DAYS,
        "1 2 - 3 1",
    ),
];

/// An entry.
const fn entry(name: &'static str, summary: &'static str, build: fn(&mut Graph, &Arguments<'_>) -> Term) -> Operator {
    Operator::built(name, SESSION, summary, build).stage(Stage::Accumulator).missing(Missing::Carried)
}

/// How many values the session has had.
fn count(graph: &mut Graph, a: &Arguments<'_>) -> Term {
    let one = graph.binary(Binary::Equal, a.terms[0], a.terms[0]);
    graph.cumulate(Fold::Sum, one, a.terms[1])
}
