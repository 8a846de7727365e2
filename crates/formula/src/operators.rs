//! The operators of the language, one table: parser, arity check, error messages, help and planning read it.
//!
//! One file per family. A new operator is one entry in its family's table: names, parameters, one line of meaning, and
//! how it is built from the kernels. Its lookback follows from what is built.

mod arithmetic;
mod condition;
mod cross_sectional;
mod rolling;
mod stateful;

use crosscut_kernels::{Graph, Term};

/// The longest window or delay, in rows: 11 years of hourly bars. A longer one is a typing error, and each window
/// keeps about twice its rows in memory per symbol.
pub const MAX_WINDOW: u32 = 100_000;

/// What kind of step an operator is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Needs the row itself or a finite number of rows before it.
    Transformer,
    /// Carries numbers from the first row on.
    Accumulator,
    /// Looks across the symbols that have a row at the same time.
    Scorer,
}

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ParameterKind {
    /// A series or a number.
    Value,
    /// A series; a lone number would be a mistake.
    Series,
    /// A whole number of rows, at least `min`, known when the formula is read.
    Rows {
        /// The smallest that makes sense.
        min: u32,
    },
    /// A number between 0 and 1, known when the formula is read.
    Probability,
}

/// One parameter of an operator.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameter {
    /// Name, for help and messages.
    pub name: &'static str,
    /// What it takes.
    pub kind: ParameterKind,
}

/// One operator of the language.
#[derive(Debug)]
pub struct Operator {
    /// The name it is called by; for an infix or prefix operator its sign.
    pub name: &'static str,
    /// Further names.
    pub aliases: &'static [&'static str],
    /// Parameters, all required.
    pub parameters: &'static [Parameter],
    /// What kind of step it is.
    pub stage: Stage,
    /// One line: what it computes, and on missing data if not "missing if an operand is missing".
    pub summary: &'static str,
    /// How it is run.
    pub(crate) run: Run,
}

/// How an operator is run.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Run {
    /// Symbol by symbol, built from kernels.
    Series(fn(&mut Graph, &Arguments<'_>) -> Term),
    /// Time by time.
    CrossSection(CrossSection),
}

/// What is done with the values of all symbols at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CrossSection {
    /// Percentile rank.
    Rank,
    /// Value minus mean over deviation.
    ZScore,
    /// Value minus mean.
    Demean,
}

/// The checked arguments of one call.
#[derive(Debug)]
pub(crate) struct Arguments<'a> {
    /// All arguments as terms.
    pub(crate) terms: &'a [Term],
    /// The value of those that are numbers.
    pub(crate) numbers: &'a [Option<f64>],
}

impl Arguments<'_> {
    /// A parameter of kind `Rows`.
    pub(crate) fn rows(&self, index: usize) -> u32 {
        self.number(index) as u32
    }

    /// A parameter known when the formula is read.
    pub(crate) fn number(&self, index: usize) -> f64 {
        self.numbers[index].expect("the reader checked that the argument is a number")
    }
}

impl PartialEq for Operator {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.parameters.len() == other.parameters.len()
    }
}

impl Eq for Operator {}

impl std::hash::Hash for Operator {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.name.hash(state);
        self.parameters.len().hash(state);
    }
}

impl Operator {
    /// How a call is written: `ts_mean(x, window)`, `a + b`, `-a`.
    pub fn usage(&self) -> String {
        let names: Vec<&str> = self.parameters.iter().map(|parameter| parameter.name).collect();
        match names.as_slice() {
            names if self.is_function() => format!("{}({})", self.name, names.join(", ")),
            [a] => format!("{}{a}", self.name),
            names => names.join(&format!(" {} ", self.name)),
        }
    }

    /// Whether it is called by name with parentheses rather than written as a sign.
    pub fn is_function(&self) -> bool {
        self.name.starts_with(|c: char| c.is_ascii_alphabetic())
    }
}

/// The families in the order of help.
const FAMILIES: [&[Operator]; 5] =
    [arithmetic::OPERATORS, condition::OPERATORS, rolling::OPERATORS, stateful::OPERATORS, cross_sectional::OPERATORS];

/// All operators, family by family.
pub fn operators() -> impl Iterator<Item = &'static Operator> {
    FAMILIES.into_iter().flatten()
}

/// A function by name or alias.
pub(crate) fn function(name: &str) -> Option<&'static Operator> {
    operators().find(|o| o.is_function() && (o.name == name || o.aliases.contains(&name)))
}

/// An operator written as a sign, with one operand (prefix) or two (infix).
pub(crate) fn sign(name: &str, operands: usize) -> Option<&'static Operator> {
    operators()
        .find(|o| !o.is_function() && o.parameters.len() == operands && (o.name == name || o.aliases.contains(&name)))
}

/// Shorthands for the tables of the families.
mod table {
    use super::{Parameter, ParameterKind};

    /// A series or a number.
    pub(super) const fn value(name: &'static str) -> Parameter {
        Parameter { name, kind: ParameterKind::Value }
    }

    /// A series.
    pub(super) const fn series(name: &'static str) -> Parameter {
        Parameter { name, kind: ParameterKind::Series }
    }

    /// A number of rows.
    pub(super) const fn rows(name: &'static str, min: u32) -> Parameter {
        Parameter { name, kind: ParameterKind::Rows { min } }
    }
}
