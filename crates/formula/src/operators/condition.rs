//! Comparison, logic and choice. True is 1, false is 0; any number but 0 counts as true.

use crosscut_kernels::{Binary, Graph, Term, Unary};

use super::table::value;
use super::{Arguments, Missing, Operator, Parameter, Run, Stage};

/// Parameters of a comparison.
const TWO: &[Parameter] = &[value("a"), value("b")];

/// An entry for a function of the row.
const fn entry(
    name: &'static str,
    aliases: &'static [&'static str],
    summary: &'static str,
    build: fn(&mut Graph, &Arguments<'_>) -> Term,
) -> Operator {
    Operator {
        name,
        aliases,
        parameters: TWO,
        stage: Stage::Transformer,
        missing: Missing::Operand,
        summary,
        run: Run::Series(build),
    }
}

/// The table.
pub(super) const OPERATORS: &[Operator] = &[
    entry("<", &[], "1 if a is less than b, else 0", |g, a| g.binary(Binary::Less, a.terms[0], a.terms[1])),
    entry("<=", &[], "1 if a is at most b, else 0", |g, a| g.binary(Binary::LessEqual, a.terms[0], a.terms[1])),
    entry(">", &[], "1 if a is greater than b, else 0", |g, a| g.binary(Binary::Less, a.terms[1], a.terms[0])),
    entry(">=", &[], "1 if a is at least b, else 0", |g, a| g.binary(Binary::LessEqual, a.terms[1], a.terms[0])),
    entry("==", &[], "1 if a equals b, else 0", |g, a| g.binary(Binary::Equal, a.terms[0], a.terms[1])),
    entry("!=", &[], "1 if a differs from b, else 0", |g, a| g.binary(Binary::NotEqual, a.terms[0], a.terms[1])),
    entry("&", &["&&", "and"], "1 if both are true, else 0", |g, a| g.binary(Binary::And, a.terms[0], a.terms[1])),
    entry("|", &["||", "or"], "1 if at least one is true, else 0", |g, a| g.binary(Binary::Or, a.terms[0], a.terms[1])),
    Operator {
        parameters: &[value("a")],
        ..entry("!", &["not"], "1 if a is zero, else 0", |g, a| g.unary(Unary::Not, a.terms[0]))
    },
    entry("lt", &["Lt"], "1 if a is less than b, else 0", |g, a| g.binary(Binary::Less, a.terms[0], a.terms[1])),
    entry("le", &["Le"], "1 if a is at most b, else 0", |g, a| g.binary(Binary::LessEqual, a.terms[0], a.terms[1])),
    entry("gt", &["Gt"], "1 if a is greater than b, else 0", |g, a| g.binary(Binary::Less, a.terms[1], a.terms[0])),
    entry("ge", &["Ge"], "1 if a is at least b, else 0", |g, a| g.binary(Binary::LessEqual, a.terms[1], a.terms[0])),
    entry("eq", &["Eq"], "1 if a equals b, else 0", |g, a| g.binary(Binary::Equal, a.terms[0], a.terms[1])),
    entry("ne", &["Ne"], "1 if a differs from b, else 0", |g, a| g.binary(Binary::NotEqual, a.terms[0], a.terms[1])),
    entry("both", &["And"], "1 if both are true, else 0", |g, a| g.binary(Binary::And, a.terms[0], a.terms[1])),
    entry("either", &["Or"], "1 if at least one is true, else 0", |g, a| g.binary(Binary::Or, a.terms[0], a.terms[1])),
    Operator {
        parameters: &[value("a")],
        ..entry("is_zero", &["Not"], "1 if a is zero, else 0", |g, a| g.unary(Unary::Not, a.terms[0]))
    },
    Operator {
        parameters: &[value("condition"), value("a"), value("b")],
        missing: Missing::Own,
        ..entry(
            "where",
            &["if", "If"],
            "a where the condition is true, else b; missing where the condition or the chosen value is missing",
            |g, a| g.select(a.terms[0], a.terms[1], a.terms[2]),
        )
    },
];
