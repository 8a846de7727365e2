//! Comparison, logic and choice. True is 1, false is 0; any number but 0 counts as true.

use crosscut_kernels::{Binary, Graph, Term, Unary};

use super::table::{series, value};
use super::{Missing, Operator, OperatorFamily};

/// The family.
pub(super) const FAMILY: OperatorFamily = OperatorFamily {
    title: "Comparison, logic and choice",
    about: "True is 1, false is 0; any number but 0 counts as true. A choice is also written `condition ? a : b`.",
    operators: OPERATORS,
    #[cfg(test)]
    slow: &[],
};

/// The columns of the examples of comparisons.
const PAIRS: &str = "a: 1 2 3 -; b: 2 2 2 2";
/// The columns of the examples of logic.
const TRUTHS: &str = "a: 0 0 1 1 -; b: 0 1 0 1 1";

/// The table.
const OPERATORS: &[Operator] = &[
    Operator::two("<", "1 if a is less than b, else 0", Binary::Less).example("a < b", PAIRS, "1 0 0 -"),
    Operator::two("<=", "1 if a is at most b, else 0", Binary::LessEqual).example("a <= b", PAIRS, "1 1 0 -"),
    Operator::two_turned(">", "1 if a is greater than b, else 0", Binary::Less).example("a > b", PAIRS, "0 0 1 -"),
    Operator::two_turned(">=", "1 if a is at least b, else 0", Binary::LessEqual).example("a >= b", PAIRS, "0 1 1 -"),
    Operator::two("==", "1 if a equals b, else 0", Binary::Equal).example("a == b", PAIRS, "0 1 0 -"),
    Operator::two("!=", "1 if a differs from b, else 0", Binary::NotEqual).example("a != b", PAIRS, "1 0 1 -"),
    Operator::two("&", "1 if both are true, else 0", Binary::And).also(&["&&", "and"]).example(
        "a & b",
        TRUTHS,
        "0 0 0 1 -",
    ),
    Operator::two("|", "1 if at least one is true, else 0", Binary::Or).also(&["||", "or"]).example(
        "a | b",
        TRUTHS,
        "0 1 1 1 -",
    ),
    Operator::one("!", "1 if x is zero, else 0", Unary::Not).also(&["not"]).example("!a", "a: 0 1 2 -", "1 0 0 -"),
    Operator::two("lt", "1 if a is less than b, else 0", Binary::Less)
        .also(&["Lt"])
        .example("lt(a, b)", PAIRS, "1 0 0 -"),
    Operator::two("le", "1 if a is at most b, else 0", Binary::LessEqual)
        .also(&["Le"])
        .example("le(a, b)", PAIRS, "1 1 0 -"),
    Operator::two_turned("gt", "1 if a is greater than b, else 0", Binary::Less)
        .also(&["Gt"])
        .example("gt(a, b)", PAIRS, "0 0 1 -"),
    Operator::two_turned("ge", "1 if a is at least b, else 0", Binary::LessEqual)
        .also(&["Ge"])
        .example("ge(a, b)", PAIRS, "0 1 1 -"),
    Operator::two("eq", "1 if a equals b, else 0", Binary::Equal).also(&["Eq"]).example("eq(a, b)", PAIRS, "0 1 0 -"),
    Operator::two("ne", "1 if a differs from b, else 0", Binary::NotEqual)
        .also(&["Ne"])
        .example("ne(a, b)", PAIRS, "1 0 1 -"),
    Operator::two("both", "1 if both are true, else 0", Binary::And).also(&["And"]).example(
        "both(a, b)",
        TRUTHS,
        "0 0 0 1 -",
    ),
    Operator::two("either", "1 if at least one is true, else 0", Binary::Or).also(&["Or"]).example(
        "either(a, b)",
        TRUTHS,
        "0 1 1 1 -",
    ),
    Operator::one("is_zero", "1 if x is zero, else 0", Unary::Not).also(&["Not"]).example(
        "is_zero(a)",
        "a: 0 1 2 -",
        "1 0 0 -",
    ),
    Operator::built(
        "where",
        &[value("condition"), value("a"), value("b")],
        "a where the condition is true, else b; missing where the condition or the chosen value is missing",
        |g, a| g.select(a.terms[0], a.terms[1], a.terms[2]),
    )
    .also(&["if", "If"])
    .missing(Missing::Own)
    .example("where(a > 2, a, b)", "a: 1 3 - 4; b: - - 5 5", "- 3 - 4"),
    Operator::built(
        "crosses_above",
        &[series("a"), value("b")],
        "1 in the row in which a has come above b, which it was not one row before, else 0",
        |g, a| crosses(g, a.terms[1], a.terms[0]),
    )
    .missing(Missing::Window)
    .example("crosses_above(a, 2)", "a: 1 3 4 2 5", "- 1 0 0 1"),
    Operator::built(
        "crosses_below",
        &[series("a"), value("b")],
        "1 in the row in which a has come below b, which it was not one row before, else 0",
        |g, a| crosses(g, a.terms[0], a.terms[1]),
    )
    .missing(Missing::Window)
    .example("crosses_below(a, 2)", "a: 3 1 1 2 0", "- 1 0 0 1"),
];

/// `low < high` now, and not one row before.
fn crosses(graph: &mut Graph, low: Term, high: Term) -> Term {
    let now = graph.binary(Binary::Less, low, high);
    let (low, high) = (graph.delay(low, 1), graph.delay(high, 1));
    let not_before = graph.binary(Binary::LessEqual, high, low);
    graph.binary(Binary::And, now, not_before)
}
