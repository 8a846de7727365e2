//! Cumulative operators that begin anew with each session. A session is a run of rows with the same number, usually
//! `utc_day(timestamp)`; any series will do. A missing value, or a missing session, leaves what is carried as it is and
//! gives a missing result.

use crosscut_kernels::{Binary, Fold, Graph, Term, Unary};

use super::table::series;
use super::{Arguments, Missing, Operator, Parameter, Run, Stage};

/// Microseconds of a day.
const DAY: f64 = 86_400e6;

/// Parameters of all of them.
const SESSION: &[Parameter] = &[series("x"), series("session")];

/// An entry.
const fn entry(name: &'static str, summary: &'static str, build: fn(&mut Graph, &Arguments<'_>) -> Term) -> Operator {
    Operator {
        name,
        aliases: &[],
        parameters: SESSION,
        stage: Stage::Accumulator,
        missing: Missing::Carried,
        summary,
        run: Run::Series(build),
    }
}

/// The table.
pub(super) const OPERATORS: &[Operator] = &[
    Operator {
        name: "utc_day",
        aliases: &[],
        parameters: &[series("timestamp")],
        stage: Stage::Transformer,
        missing: Missing::Operand,
        summary: "the day of a time in microseconds since the epoch, counted from 1970-01-01 (UTC)",
        run: Run::Series(|g, a| {
            let day = g.constant(DAY);
            let days = g.binary(Binary::Divide, a.terms[0], day);
            g.unary(Unary::Floor, days)
        }),
    },
    entry("session_sum", "sum of the session's values so far", |g, a| g.cumulate(Fold::Sum, a.terms[0], a.terms[1])),
    entry("session_max", "largest of the session's values so far", |g, a| {
        g.cumulate(Fold::Maximum, a.terms[0], a.terms[1])
    }),
    entry("session_min", "smallest of the session's values so far", |g, a| {
        g.cumulate(Fold::Minimum, a.terms[0], a.terms[1])
    }),
    entry("session_first", "the session's first value", |g, a| g.cumulate(Fold::First, a.terms[0], a.terms[1])),
    entry("session_count", "number of the session's values so far", |g, a| {
        let one = g.binary(Binary::Equal, a.terms[0], a.terms[0]);
        g.cumulate(Fold::Sum, one, a.terms[1])
    }),
];
