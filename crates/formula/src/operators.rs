//! The operators of the language, one table: parser, arity check, error messages, help and planning read it.
//!
//! One file per family. A new operator is one entry in its family's table and touches no other file: names, parameters,
//! meaning, what it does about missing values, how it is run, and a worked example, which is its reference test and is
//! printed in help and on the reference page. The property tests ask for a slow, obvious second version: it stands in the
//! family's `slow` in the same file, or in `tests/slow`. Its lookback follows from how it is run. An operator is built from the
//! graph's operations; one that needs a loop of its own brings it along as a function of a window, of a row and what is
//! carried, or of all symbols at one time ([`Graph::over_window`], [`Graph::step_by_step`], `Operator::across`).
//!
//! Names come from three families: ours (`ts_mean`, `cs_rank`), that of the formulaic alphas (`rank`, `stddev`,
//! `Ts_ArgMax`), and the capitalised names of qlib (`Mean`, `Rank`, `Ref`). They are aliases of one operator wherever
//! they mean the same, and `max(a, b)` is never `Max(x, window)`. Under qlib's names a window of 0 means all rows so far
//! (`Ref(x, 0)` the first). Where qlib differs: its windows give a value as soon as one row of the window has one, so at
//! the start and around gaps it has values where ours are missing; a negative delay looks ahead and is refused here.

mod arithmetic;
mod condition;
mod cross_sectional;
mod expanding;
mod group;
mod indicators;
mod regression;
mod rolling;
mod session;
mod stateful;
mod targets;

use crosscut_kernels::cross_section::{GroupScratch, RankScratch};
use crosscut_kernels::{Binary, Graph, StepFunction, Term, Unary};

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
    /// Says what to hold: long, short, nothing, or a value that is kept.
    Target,
}

impl Stage {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Transformer => "transformer",
            Self::Accumulator => "accumulator",
            Self::Scorer => "scorer",
            Self::Target => "target",
        }
    }
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
    /// A number above 0, at most 1, known when the formula is read.
    Share,
    /// A number of rows from 1 on, or a number between 0 and 1, known when the formula is read.
    Span,
    /// A whole number, at least `min`, known when the formula is read.
    Whole {
        /// The smallest that makes sense.
        min: u32,
    },
    /// A number above 0, known when the formula is read.
    Positive,
    /// A number above 0, up to 100, known when the formula is read.
    Percent,
    /// A whole number from 1 to the number that another parameter is, known when the formula is read.
    OneOf {
        /// Position of the other parameter.
        of: usize,
    },
}

impl ParameterKind {
    /// What it takes, in words; `parameters` are those of its operator.
    pub fn describe(self, parameters: &[Parameter]) -> String {
        match self {
            Self::Value => "a series or a number".to_owned(),
            Self::Series => "a series".to_owned(),
            Self::Rows { min } => format!("a whole number of rows from {min} to {MAX_WINDOW}"),
            Self::Probability => "a number from 0 to 1".to_owned(),
            Self::Share => "a number above 0, at most 1".to_owned(),
            Self::Span => format!("a whole number of rows from 1 to {MAX_WINDOW}, or a number between 0 and 1 (alpha)"),
            Self::Whole { min } => format!("a whole number from {min} to {MAX_WINDOW}"),
            Self::Positive => "a number above 0".to_owned(),
            Self::Percent => "a number above 0, at most 100".to_owned(),
            Self::OneOf { of } => format!("a whole number from 1 to `{}`", parameters[of].name),
        }
    }
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
    /// The operator that its names of qlib (those with a capital) mean with a window of 0: from all rows so far. Empty
    /// where there is none.
    pub over_all: &'static str,
    /// Parameters, all required.
    pub parameters: &'static [Parameter],
    /// What kind of step it is.
    pub stage: Stage,
    /// What it does about missing values.
    pub missing: Missing,
    /// One line: what it computes, and when there is no result although no value is missing.
    pub summary: &'static str,
    /// Whose definition it is; empty where there is but one.
    pub source: &'static str,
    /// What it gives, worked out by hand.
    pub example: Example,
    /// How it is run.
    pub(crate) run: Run,
}

/// A worked example. Texts, so that people read what the test runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example {
    /// A call.
    pub formula: &'static str,
    /// The columns it reads, `x: 2 8 - 6; y: 1 2 3 4`: the rows of one symbol, or for an operator across symbols one
    /// value per symbol at one time. `-` is missing.
    pub input: &'static str,
    /// The results in the same order, as numbers or fractions (`14/3`).
    pub output: &'static str,
}

/// Operators that belong together.
#[derive(Debug)]
pub struct OperatorFamily {
    /// A heading.
    pub title: &'static str,
    /// What they have in common.
    pub about: &'static str,
    /// They themselves.
    pub operators: &'static [Operator],
    /// Their slow versions, as far as they are not among the tests.
    #[cfg(test)]
    pub(crate) slow: &'static [crate::tests::slow::Entry],
}

/// How an operator is run.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Run {
    /// Symbol by symbol, built from kernels.
    Series(fn(&mut Graph, &Arguments<'_>) -> Term),
    /// One function of the row's value.
    One(Unary),
    /// One function of the row's two values, which are the arguments of these positions.
    Two(Binary, [usize; 2]),
    /// A step from row to row.
    Step(&'static StepFunction),
    /// Time by time.
    CrossSection(CrossSection),
}

/// Fills the results of all symbols at one time.
pub(crate) type CrossSection = fn(&AtOneTime<'_>, &mut Scratch, &mut [f64]);

/// The operands of a cross-sectional operator at one time.
#[derive(Debug)]
pub(crate) struct AtOneTime<'a> {
    /// For each operand that is a series its values in the order of the symbols, not finite where a symbol has none or
    /// no row at that time: an operator treats both alike.
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
    /// An operator that is built from the graph's operations: of the row, missing where an operand is, unless it is
    /// told otherwise by the methods that follow.
    const fn built(
        name: &'static str,
        parameters: &'static [Parameter],
        summary: &'static str,
        build: fn(&mut Graph, &Arguments<'_>) -> Term,
    ) -> Self {
        Self {
            name,
            aliases: &[],
            over_all: "",
            parameters,
            stage: Stage::Transformer,
            missing: Missing::Operand,
            summary,
            source: "",
            example: Example { formula: "", input: "", output: "" },
            run: Run::Series(build),
        }
    }

    /// An operator that is one function of one value.
    const fn one(name: &'static str, summary: &'static str, function: Unary) -> Self {
        let operator = Self::built(name, table::ONE, summary, |graph, _| graph.constant(f64::NAN));
        Self { run: Run::One(function), ..operator }
    }

    /// An operator that is one function of two values.
    const fn two(name: &'static str, summary: &'static str, function: Binary) -> Self {
        let operator = Self::built(name, table::TWO, summary, |graph, _| graph.constant(f64::NAN));
        Self { run: Run::Two(function, [0, 1]), ..operator }
    }

    /// An operator that is one function of two values, the second first: `a > b` is `b < a`.
    const fn two_turned(name: &'static str, summary: &'static str, function: Binary) -> Self {
        Self { run: Run::Two(function, [1, 0]), ..Self::two(name, summary, function) }
    }

    /// An operator that is a step from row to row.
    const fn stepped(
        name: &'static str,
        parameters: &'static [Parameter],
        summary: &'static str,
        step: &'static StepFunction,
    ) -> Self {
        let operator = Self::built(name, parameters, summary, |graph, _| graph.constant(f64::NAN));
        Self { run: Run::Step(step), ..operator }
    }

    /// An operator across symbols: a scorer that leaves missing values out, unless it is told otherwise.
    const fn across(
        name: &'static str,
        parameters: &'static [Parameter],
        summary: &'static str,
        run: CrossSection,
    ) -> Self {
        let operator = Self::built(name, parameters, summary, |graph, _| graph.constant(f64::NAN));
        Self { stage: Stage::Scorer, missing: Missing::LeftOut, run: Run::CrossSection(run), ..operator }
    }

    /// The same under further names.
    const fn also(self, aliases: &'static [&'static str]) -> Self {
        Self { aliases, ..self }
    }

    /// The same, and what a window of 0 means under a name of qlib.
    const fn over_all(self, over_all: &'static str) -> Self {
        Self { over_all, ..self }
    }

    /// The same as another kind of step.
    const fn stage(self, stage: Stage) -> Self {
        Self { stage, ..self }
    }

    /// The same with another rule for missing values.
    const fn missing(self, missing: Missing) -> Self {
        Self { missing, ..self }
    }

    /// The same with its source.
    const fn source(self, source: &'static str) -> Self {
        Self { source, ..self }
    }

    /// The same with its worked example: formula, input, output.
    const fn example(self, formula: &'static str, input: &'static str, output: &'static str) -> Self {
        Self { example: Example { formula, input, output }, ..self }
    }

    /// Whether it needs the values of other symbols at the same time.
    pub fn is_across(&self) -> bool {
        matches!(self.run, Run::CrossSection(_))
    }

    /// Adds a call to the graph of one symbol; `None` for an operator across symbols.
    pub(crate) fn build(&self, graph: &mut Graph, arguments: &Arguments<'_>) -> Option<Term> {
        let terms = arguments.terms;
        match self.run {
            Run::Series(build) => Some(build(graph, arguments)),
            Run::One(function) => Some(graph.unary(function, terms[0])),
            Run::Two(function, [a, b]) => Some(graph.binary(function, terms[a], terms[b])),
            Run::Step(function) => Some(graph.step_by_step(function, terms)),
            Run::CrossSection(_) => None,
        }
    }

    /// How a call is written: `ts_mean(x, window)`, `a + b`, `-a`.
    pub fn usage(&self) -> String {
        self.usage_as(self.name)
    }

    /// How a call is written under one of its names.
    pub(crate) fn usage_as(&self, name: &str) -> String {
        let names: Vec<&str> = self.parameters.iter().map(|parameter| parameter.name).collect();
        match names.as_slice() {
            names if self.is_function() => format!("{name}({})", names.join(", ")),
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
const FAMILIES: &[OperatorFamily] = &[
    arithmetic::FAMILY,
    condition::FAMILY,
    rolling::FAMILY,
    regression::FAMILY,
    stateful::FAMILY,
    expanding::FAMILY,
    session::FAMILY,
    indicators::FAMILY,
    cross_sectional::FAMILY,
    group::FAMILY,
    targets::FAMILY,
];

/// The families of operators in the order of help.
pub fn operator_families() -> &'static [OperatorFamily] {
    FAMILIES
}

/// All operators, family by family.
pub fn operators() -> impl Iterator<Item = &'static Operator> {
    FAMILIES.iter().flat_map(|family| family.operators)
}

/// The operators, more than one if they differ in their number of operands, that have a name or alias: functions and
/// signs.
pub fn named(name: &str) -> impl Iterator<Item = &'static Operator> {
    operators().filter(move |operator| operator.name == name || operator.aliases.contains(&name))
}

/// A function by name or alias; of several the one with the fewest parameters.
pub(crate) fn function(name: &str) -> Option<&'static Operator> {
    functions(name).min_by_key(|operator| operator.parameters.len())
}

/// The functions of a name or alias.
pub(crate) fn functions(name: &str) -> impl Iterator<Item = &'static Operator> {
    named(name).filter(|operator| operator.is_function())
}

/// An operator written as a sign, with one operand (prefix) or two (infix).
pub(crate) fn sign(name: &str, operands: usize) -> Option<&'static Operator> {
    named(name).find(|operator| !operator.is_function() && operator.parameters.len() == operands)
}

/// Shorthands for the tables of the families.
mod table {
    use super::{Parameter, ParameterKind};

    /// Parameters of a function of one value.
    pub(super) const ONE: &[Parameter] = &[value("x")];
    /// Parameters of a function of two values.
    pub(super) const TWO: &[Parameter] = &[value("a"), value("b")];

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

    /// A percentage.
    pub(super) const fn percent(name: &'static str) -> Parameter {
        Parameter { name, kind: ParameterKind::Percent }
    }

    /// A number between 0 and 1.
    pub(super) const fn probability(name: &'static str) -> Parameter {
        Parameter { name, kind: ParameterKind::Probability }
    }

    /// A number above 0, at most 1.
    pub(super) const fn share(name: &'static str) -> Parameter {
        Parameter { name, kind: ParameterKind::Share }
    }

    /// A whole number.
    pub(super) const fn whole(name: &'static str, min: u32) -> Parameter {
        Parameter { name, kind: ParameterKind::Whole { min } }
    }

    /// A number of rows.
    pub(super) const fn rows(name: &'static str, min: u32) -> Parameter {
        Parameter { name, kind: ParameterKind::Rows { min } }
    }
}
