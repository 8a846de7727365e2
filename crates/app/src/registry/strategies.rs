//! The built-in strategies, from their own tables.

use crosscut_trading::strategy::{ParamKind, ParamSpec, Template, templates};
use serde::Serialize;

use super::{ParameterEntry, texts};

/// A strategy.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StrategyEntry {
    /// Its name; any case will do, with or without `_` and `-`.
    pub name: String,
    /// What it does.
    pub summary: String,
    /// How it is driven: `cross_section` (at rebalances) or `event` (at every bar).
    pub kind: String,
    /// What it can do: `cross_section`, `per_symbol`, `every_bar`, `long`, `short`, `holding_limit`.
    pub capabilities: Vec<String>,
    /// Its parameters.
    pub parameters: Vec<ParameterEntry>,
}

/// All strategies.
pub(super) fn entries() -> Vec<StrategyEntry> {
    let entry = |template: &&Template| StrategyEntry {
        name: template.name.to_owned(),
        summary: template.doc.to_owned(),
        kind: template.kind().word().to_owned(),
        capabilities: template.capabilities.iter().map(|capability| capability.word().to_owned()).collect(),
        parameters: template.params.iter().map(parameter).collect(),
    };
    templates().iter().map(entry).collect()
}

/// A name without what may be left out of it.
pub(super) fn letters(name: &str) -> String {
    name.to_lowercase().replace(['_', '-', ' '], "")
}

/// One parameter.
fn parameter(spec: &ParamSpec) -> ParameterEntry {
    let (kind, choices): (&str, &[&str]) = match spec.kind {
        ParamKind::Count(_) => ("whole", &[]),
        ParamKind::Number | ParamKind::Between(..) | ParamKind::Share => ("number", &[]),
        ParamKind::Counts(_) => ("wholes", &[]),
        ParamKind::Weights => ("weights", &[]),
        ParamKind::Flag => ("flag", &[]),
        ParamKind::Choice(words) => ("choice", words),
        ParamKind::Name => ("name", &[]),
    };
    ParameterEntry {
        name: spec.name.to_owned(),
        aliases: texts(spec.aliases),
        kind: kind.to_owned(),
        expects: spec.kind.describe(),
        choices: texts(choices),
        default: spec.default.map(str::to_owned),
        is_required: spec.is_required,
        summary: spec.doc.to_owned(),
    }
}
