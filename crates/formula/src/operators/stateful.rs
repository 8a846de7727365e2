//! Operators that carry numbers from row to row. A missing value leaves them as they are and gives a missing result.

use super::table::{rows, series};
use super::{Operator, Run, Stage};

/// The table.
pub(super) const OPERATORS: &[Operator] = &[
    Operator {
        name: "ema",
        aliases: &[],
        parameters: &[series("x"), rows("span", 1)],
        stage: Stage::Accumulator,
        summary: "exponential mean, alpha = 2 / (span + 1), from the first value on; missing before span values",
        run: Run::Series(|g, a| g.ema(a.terms[0], a.rows(1))),
    },
    Operator {
        name: "wilder",
        aliases: &[],
        parameters: &[series("x"), rows("window", 1)],
        stage: Stage::Accumulator,
        summary: "Wilder's exponential mean, alpha = 1 / window, from the first value on; missing before window values",
        run: Run::Series(|g, a| g.wilder(a.terms[0], a.rows(1))),
    },
    Operator {
        name: "cumsum",
        aliases: &[],
        parameters: &[series("x")],
        stage: Stage::Accumulator,
        summary: "sum of all values so far",
        run: Run::Series(|g, a| g.cumulative_sum(a.terms[0])),
    },
];
