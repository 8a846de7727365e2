//! The operators of the language, one table: parser, arity check, error messages, help and planning read it.
//!
//! One file per family. A new operator is one entry in its family's table: names, parameters, one line of meaning, and
//! how it is built from the kernels. Its lookback follows from what is built.
//!
//! Names come from three families: ours (`ts_mean`, `cs_rank`), that of the formulaic alphas (`rank`, `stddev`,
//! `Ts_ArgMax`), and the capitalised names of qlib (`Mean`, `Rank`, `Ref`). They are aliases of one operator wherever
//! they mean the same, and `max(a, b)` is never `Max(x, window)`. Where qlib differs: its windows give a value as soon
//! as one row of the window has one, so at the start and around gaps it has values where ours are missing; `Ref(x, 0)`
//! there is the first row of the series; a negative delay looks ahead and is refused here.

mod arithmetic;
mod condition;
mod cross_sectional;
mod group;
mod indicators;
mod regression;
mod rolling;
mod session;
mod stateful;

use crosscut_kernels::cross_section::{GroupScratch, RankScratch};
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

/// What an operator does about missing values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Missing {
    /// Missing if an operand of the row is missing.
    Operand,
    /// Missing unless all rows of the window have a value.
    Window,
    /// A missing value leaves what is carried as it is and gives a missing result.
    Carried,
    /// Symbols without a value, or without a group, are left out and stay missing.
    LeftOut,
    /// As the summary says.
    Own,
}

impl Missing {
    /// The rule in words.
    pub fn rule(self) -> &'static str {
        match self {
            Self::Operand => "missing if an operand is missing",
            Self::Window => "missing unless all rows of the window have a value",
            Self::Carried => "a missing value leaves what is carried as it is and gives a missing result",
            Self::LeftOut => "symbols without a value are left out and stay missing",
            Self::Own => "as described",
        }
    }
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
    /// A whole number, at least `min`, known when the formula is read.
    Whole {
        /// The smallest that makes sense.
        min: u32,
    },
    /// A number above 0, known when the formula is read.
    Positive,
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
    /// What it does about missing values.
    pub missing: Missing,
    /// One line: what it computes, and when there is no result although no value is missing.
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

/// Fills the results of all symbols at one time.
pub(crate) type CrossSection = fn(&AtOneTime<'_>, &mut Scratch, &mut [f64]);

/// The operands of a cross-sectional operator at one time.
#[derive(Debug)]
pub(crate) struct AtOneTime<'a> {
    /// For each operand that is a series its values, one per symbol that has a row, in the order of the symbols.
    pub(crate) series: &'a [&'a [f64]],
    /// The operands that are numbers.
    pub(crate) numbers: &'a [f64],
}

/// Room for cross-sectional operators to work in, reused from time to time.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// For orders.
    pub(crate) rank: RankScratch,
    /// For groups.
    pub(crate) group: GroupScratch,
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
const FAMILIES: [&[Operator]; 9] = [
    arithmetic::OPERATORS,
    condition::OPERATORS,
    rolling::OPERATORS,
    regression::OPERATORS,
    stateful::OPERATORS,
    session::OPERATORS,
    indicators::OPERATORS,
    cross_sectional::OPERATORS,
    group::OPERATORS,
];

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

    /// A number above 0.
    pub(super) const fn positive(name: &'static str) -> Parameter {
        Parameter { name, kind: ParameterKind::Positive }
    }

    /// A number between 0 and 1.
    pub(super) const fn probability(name: &'static str) -> Parameter {
        Parameter { name, kind: ParameterKind::Probability }
    }

    /// A number of rows.
    pub(super) const fn rows(name: &'static str, min: u32) -> Parameter {
        Parameter { name, kind: ParameterKind::Rows { min } }
    }
}
