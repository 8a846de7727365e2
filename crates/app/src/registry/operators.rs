//! The operators of the factor language, from their own table.

use crosscut_formula::Missing;
use crosscut_formula::operators::{Operator, Parameter, ParameterKind, operator_families};
use serde::Serialize;

use super::{ParameterEntry, texts};

/// An operator.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OperatorEntry {
    /// The name it is called by, or its sign.
    pub name: String,
    /// Further names.
    pub aliases: Vec<String>,
    /// The family's heading.
    pub family: String,
    /// How a call is written.
    pub usage: String,
    /// The operator that a window of 0 stands for under a name with a capital, which is qlib's; `None` where it is refused.
    pub over_all: Option<String>,
    /// Its parameters, all required.
    pub parameters: Vec<ParameterEntry>,
    /// `transformer`, `accumulator`, `scorer` or `target`.
    pub stage: String,
    /// Whether it needs the values of other symbols at the same time.
    pub is_across_symbols: bool,
    /// What it does about missing values.
    pub missing: String,
    /// What it computes.
    pub summary: String,
    /// Whose definition it is; `None` where there is but one.
    pub source: Option<String>,
    /// What it gives, worked out by hand.
    pub example: ExampleEntry,
}

/// A worked example.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExampleEntry {
    /// A call.
    pub formula: String,
    /// The columns: rows of one symbol, or one value per symbol at one time; `-` is missing.
    pub input: String,
    /// The results.
    pub output: String,
}

/// All operators, family by family.
pub(super) fn entries() -> Vec<OperatorEntry> {
    let of_family = |family: &'static crosscut_formula::operators::OperatorFamily| {
        family.operators.iter().map(|o| entry(family.title, o))
    };
    operator_families().iter().flat_map(of_family).collect()
}

/// One operator.
fn entry(family: &str, operator: &Operator) -> OperatorEntry {
    let example = operator.example;
    OperatorEntry {
        name: operator.name.to_owned(),
        aliases: texts(operator.aliases),
        family: family.to_owned(),
        usage: operator.usage(),
        over_all: (!operator.over_all.is_empty()).then(|| operator.over_all.to_owned()),
        parameters: operator.parameters.iter().map(|p| parameter(p, operator)).collect(),
        stage: operator.stage.word().to_owned(),
        is_across_symbols: operator.is_across(),
        missing: match operator.missing {
            Missing::Own => operator.summary.to_owned(),
            other => other.rule().to_owned(),
        },
        summary: operator.summary.to_owned(),
        source: (!operator.source.is_empty()).then(|| operator.source.to_owned()),
        example: ExampleEntry {
            formula: example.formula.to_owned(),
            input: example.input.to_owned(),
            output: example.output.to_owned(),
        },
    }
}

/// One parameter of an operator.
fn parameter(parameter: &Parameter, operator: &Operator) -> ParameterEntry {
    let kind = match parameter.kind {
        ParameterKind::Value => "value",
        ParameterKind::Series => "series",
        ParameterKind::Rows { .. } => "rows",
        ParameterKind::Whole { .. } | ParameterKind::OneOf { .. } => "whole",
        ParameterKind::Probability
        | ParameterKind::Share
        | ParameterKind::Span
        | ParameterKind::Positive
        | ParameterKind::Percent => "number",
    };
    ParameterEntry {
        name: parameter.name.to_owned(),
        kind: kind.to_owned(),
        expects: expects(parameter, operator),
        is_required: true,
        ..ParameterEntry::default()
    }
}

/// What a parameter takes, in words.
fn expects(parameter: &Parameter, operator: &Operator) -> String {
    let expects = parameter.kind.describe(operator.parameters);
    match (parameter.kind, operator.over_all) {
        (ParameterKind::Rows { .. }, all) if !all.is_empty() => {
            format!("{expects}; under a name of qlib 0 stands for all rows so far, `{all}`")
        }
        _ => expects,
    }
}
