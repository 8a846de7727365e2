//! Arithmetic and functions of one row.

use crosscut_kernels::{Binary, Graph, Term, Unary};

use super::table::{series, value};
use super::{Arguments, Missing, Operator, Parameter, Run, Stage};

/// Parameters of a function of one value.
const ONE: &[Parameter] = &[value("x")];
/// Parameters of a function of two values.
const TWO: &[Parameter] = &[value("a"), value("b")];

/// An entry for a function of the row.
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
        stage: Stage::Transformer,
        missing: Missing::Operand,
        summary,
        run: Run::Series(build),
    }
}

/// The table.
pub(super) const OPERATORS: &[Operator] = &[
    entry("+", TWO, "sum", |g, a| g.binary(Binary::Add, a.terms[0], a.terms[1])),
    entry("-", TWO, "difference", |g, a| g.binary(Binary::Subtract, a.terms[0], a.terms[1])),
    entry("*", TWO, "product", |g, a| g.binary(Binary::Multiply, a.terms[0], a.terms[1])),
    entry("/", TWO, "quotient; missing when divided by zero", |g, a| g.binary(Binary::Divide, a.terms[0], a.terms[1])),
    Operator { aliases: &["**"], ..entry("^", TWO, "power; missing where it is not a real number", power) },
    entry("-", ONE, "negative", |g, a| g.unary(Unary::Negate, a.terms[0])),
    alias(&["Add"], entry("add", TWO, "sum", |g, a| g.binary(Binary::Add, a.terms[0], a.terms[1]))),
    alias(&["Sub"], entry("sub", TWO, "difference", |g, a| g.binary(Binary::Subtract, a.terms[0], a.terms[1]))),
    alias(&["Mul"], entry("mul", TWO, "product", |g, a| g.binary(Binary::Multiply, a.terms[0], a.terms[1]))),
    alias(
        &["Div"],
        entry("div", TWO, "quotient; missing when divided by zero", |g, a| {
            g.binary(Binary::Divide, a.terms[0], a.terms[1])
        }),
    ),
    alias(&["Abs"], entry("abs", ONE, "absolute value", |g, a| g.unary(Unary::Absolute, a.terms[0]))),
    entry("sqrt", ONE, "square root; missing below zero", |g, a| g.unary(Unary::SquareRoot, a.terms[0])),
    Operator {
        aliases: &["ln", "Log"],
        ..entry("log", ONE, "natural logarithm; missing at zero and below", |g, a| {
            g.unary(Unary::Logarithm, a.terms[0])
        })
    },
    entry("exp", ONE, "e to the power x", |g, a| g.unary(Unary::Exponential, a.terms[0])),
    alias(&["Sign"], entry("sign", ONE, "-1, 0 or 1", |g, a| g.unary(Unary::Sign, a.terms[0]))),
    entry("floor", ONE, "the largest whole number that is not larger", |g, a| g.unary(Unary::Floor, a.terms[0])),
    alias(
        &["Greater"],
        entry("max", TWO, "the larger of two", |g, a| g.binary(Binary::Maximum, a.terms[0], a.terms[1])),
    ),
    alias(&["Less"], entry("min", TWO, "the smaller of two", |g, a| g.binary(Binary::Minimum, a.terms[0], a.terms[1]))),
    alias(&["Power"], entry("pow", TWO, "a to the power b; missing where it is not a real number", power)),
    alias(
        &["SignedPower", "signedpower"],
        entry("signed_power", TWO, "sign(a) * abs(a) ^ b", |g, a| {
            let (sign, size) = (g.unary(Unary::Sign, a.terms[0]), g.unary(Unary::Absolute, a.terms[0]));
            let raised = raise(g, size, a.terms[1], a.numbers[1]);
            g.binary(Binary::Multiply, sign, raised)
        }),
    ),
    own(entry(
        "fill",
        &[series("x"), value("y")],
        "x, or y where x is missing; rows before the first of the symbol stay missing",
        |g, a| g.binary(Binary::Coalesce, a.terms[0], a.terms[1]),
    )),
    own(entry(
        "has_value",
        &[series("x")],
        "1 where x has a value, 0 where it is missing; missing before the first row of the symbol",
        |g, a| g.unary(Unary::HasValue, a.terms[0]),
    )),
];

/// An entry with a rule of its own for missing values.
const fn own(operator: Operator) -> Operator {
    Operator { missing: Missing::Own, ..operator }
}

/// An entry under further names.
const fn alias(aliases: &'static [&'static str], operator: Operator) -> Operator {
    Operator { aliases, ..operator }
}

/// `a ^ b`.
fn power(graph: &mut Graph, a: &Arguments<'_>) -> Term {
    raise(graph, a.terms[0], a.terms[1], a.numbers[1])
}

/// `base ^ exponent`; a square is a product, which is exact to the last bit and an order of magnitude faster.
fn raise(graph: &mut Graph, base: Term, exponent: Term, number: Option<f64>) -> Term {
    if number == Some(2.0) {
        graph.binary(Binary::Multiply, base, base)
    } else {
        graph.binary(Binary::Power, base, exponent)
    }
}
