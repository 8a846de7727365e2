//! Arithmetic and functions of one row.

use crosscut_kernels::{Binary, Graph, Term, Unary};

use super::table::{ONE, TWO, series, value};
use super::{Arguments, Missing, Operator, OperatorFamily};

/// The family.
pub(super) const FAMILY: OperatorFamily = OperatorFamily {
    title: "Arithmetic and functions of one row",
    about: "A number that is not finite is missing. `-x ^ 2` is `-(x ^ 2)`, and `a ^ b ^ c` is `a ^ (b ^ c)`.",
    operators: OPERATORS,
    #[cfg(test)]
    slow: &[],
};

/// The table.
const OPERATORS: &[Operator] = &[
    Operator::two("+", "sum", Binary::Add).example("a + b", "a: 1 2 -; b: 10 20 30", "11 22 -"),
    Operator::two("-", "difference", Binary::Subtract).example("a - b", "a: 1 2 -; b: 10 20 30", "-9 -18 -"),
    Operator::two("*", "product", Binary::Multiply).example("a * b", "a: 1 2 -; b: 10 20 30", "10 40 -"),
    Operator::two("/", "quotient; missing when divided by zero", Binary::Divide).example(
        "a / b",
        "a: 1 2 3; b: 4 0 -",
        "1/4 - -",
    ),
    Operator::built("^", TWO, "power; missing where it is not a real number", power).also(&["**"]).example(
        "a ^ b",
        "a: 2 -2 -8; b: 3 2 0.5",
        "8 4 -",
    ),
    Operator::one("-", "negative", Unary::Negate).example("-x", "x: 1 -2 -", "-1 2 -"),
    Operator::two("add", "sum", Binary::Add).also(&["Add"]).example("add(a, b)", "a: 1 2 -; b: 10 20 30", "11 22 -"),
    Operator::two("sub", "difference", Binary::Subtract).also(&["Sub", "subtract"]).example(
        "sub(a, b)",
        "a: 1 2 -; b: 10 20 30",
        "-9 -18 -",
    ),
    Operator::two("mul", "product", Binary::Multiply).also(&["Mul", "multiply"]).example(
        "mul(a, b)",
        "a: 1 2 -; b: 10 20 30",
        "10 40 -",
    ),
    Operator::two("div", "quotient; missing when divided by zero", Binary::Divide).also(&["Div", "divide"]).example(
        "div(a, b)",
        "a: 1 2 3; b: 4 0 -",
        "1/4 - -",
    ),
    Operator::one("abs", "absolute value", Unary::Absolute).also(&["Abs"]).example("abs(x)", "x: 1 -2 -", "1 2 -"),
    Operator::one("sqrt", "square root; missing below zero", Unary::SquareRoot).example(
        "sqrt(x)",
        "x: 4 0 -1",
        "2 0 -",
    ),
    Operator::one("log", "natural logarithm; missing at zero and below", Unary::Logarithm)
        .also(&["ln", "Log"])
        .example("log(x)", "x: 1 2 0 -1", "0 0.6931471805599453 - -"),
    Operator::one("exp", "e to the power x", Unary::Exponential).example("exp(x)", "x: 0 1 -", "1 2.718281828459045 -"),
    Operator::one("sign", "-1, 0 or 1", Unary::Sign).also(&["Sign"]).example("sign(x)", "x: -3 0 5 -", "-1 0 1 -"),
    Operator::one("floor", "the largest whole number that is not larger", Unary::Floor).example(
        "floor(x)",
        "x: 1.5 -1.5 2",
        "1 -2 2",
    ),
    Operator::built("ceil", ONE, "the smallest whole number that is not smaller", |g, a| {
        let negative = g.unary(Unary::Negate, a.terms[0]);
        let below = g.unary(Unary::Floor, negative);
        let zero = g.constant(0.0);
        g.binary(Binary::Subtract, zero, below)
    })
    .example("ceil(x)", "x: 1.5 -1.5 2", "2 -1 2"),
    Operator::two("max", "the larger of two", Binary::Maximum).also(&["Greater"]).example(
        "max(a, b)",
        "a: 1 5 -; b: 3 3 3",
        "3 5 -",
    ),
    Operator::two("min", "the smaller of two", Binary::Minimum).also(&["Less"]).example(
        "min(a, b)",
        "a: 1 5 -; b: 3 3 3",
        "1 3 -",
    ),
    Operator::built(
        "clip",
        &[value("x"), value("low"), value("high")],
        "x, but at least low and at most high",
        |g, a| {
            let raised = g.binary(Binary::Maximum, a.terms[0], a.terms[1]);
            g.binary(Binary::Minimum, raised, a.terms[2])
        },
    )
    .example("clip(x, -1, 1)", "x: -5 0.5 5 -", "-1 0.5 1 -"),
    Operator::built("pow", TWO, "a to the power b; missing where it is not a real number", power)
        .also(&["Power", "power"])
        .example("pow(a, b)", "a: 2 -2 -8; b: 3 2 0.5", "8 4 -"),
    Operator::built("signed_power", TWO, "sign(a) * abs(a) ^ b", |g, a| {
        let (sign, size) = (g.unary(Unary::Sign, a.terms[0]), g.unary(Unary::Absolute, a.terms[0]));
        let raised = raise(g, size, a.terms[1], a.numbers[1]);
        g.binary(Binary::Multiply, sign, raised)
    })
    .also(&["SignedPower", "signedpower"])
    .source("Kakushadze (2015), 101 Formulaic Alphas, arXiv:1601.00991, appendix A")
    .example("signed_power(x, 2)", "x: 3 -3 0 -", "9 -9 0 -"),
    Operator::built(
        "fill",
        &[series("x"), value("y")],
        "x, or y where x is missing; rows before the first of the symbol stay missing",
        |g, a| g.binary(Binary::Coalesce, a.terms[0], a.terms[1]),
    )
    .missing(Missing::Own)
    .example("fill(x, 7)", "x: 1 - 3", "1 7 3"),
    Operator::built(
        "has_value",
        &[series("x")],
        "1 where x has a value, 0 where it is missing; missing before the first row of the symbol",
        |g, a| g.unary(Unary::HasValue, a.terms[0]),
    )
    .missing(Missing::Own)
    .example("has_value(x)", "x: 1 - 3", "1 0 1"),
];

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
