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
        parameters: operator.parameters.iter().map(|p| parameter(p, operator.parameters)).collect(),
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

/// One parameter; `all` are those of its operator.
fn parameter(parameter: &Parameter, all: &[Parameter]) -> ParameterEntry {
    let kind = match parameter.kind {
        ParameterKind::Value => "value",
        ParameterKind::Series => "series",
        ParameterKind::Rows { .. } => "rows",
        ParameterKind::Whole { .. } | ParameterKind::OneOf { .. } => "whole",
        ParameterKind::Probability | ParameterKind::Positive | ParameterKind::Percent => "number",
    };
    ParameterEntry {
        name: parameter.name.to_owned(),
        kind: kind.to_owned(),
        expects: parameter.kind.describe(all),
        is_required: true,
        ..ParameterEntry::default()
    }
}
