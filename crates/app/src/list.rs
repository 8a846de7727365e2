//! `list`: what can be named on the command line. Derived from where it is defined.

use crosscut_trading::strategy::{FACTOR, ParamSpec, Template, templates};

/// A strategy and its parameters.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct StrategyEntry {
    /// Its name.
    pub name: String,
    /// What it does.
    pub summary: String,
    /// Its parameters.
    pub params: Vec<ParamEntry>,
}

/// A parameter of a strategy.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ParamEntry {
    /// Its name.
    pub name: String,
    /// Other names for it.
    pub aliases: Vec<String>,
    /// What it may be.
    pub kind: String,
    /// Its default; `None` when there is none.
    pub default: Option<String>,
    /// Whether it must be given.
    pub is_required: bool,
    /// What it means.
    pub summary: String,
}

/// All built-in strategies.
pub fn strategies() -> Vec<StrategyEntry> {
    let entry = |template: &&Template| StrategyEntry {
        name: template.name.to_owned(),
        summary: template.doc.to_owned(),
        params: std::iter::once(&FACTOR).chain(template.params).map(param).collect(),
    };
    templates().iter().map(entry).collect()
}

/// One parameter in words.
fn param(spec: &ParamSpec) -> ParamEntry {
    ParamEntry {
        name: spec.name.to_owned(),
        aliases: spec.aliases.iter().map(|alias| (*alias).to_owned()).collect(),
        kind: spec.kind.describe(),
        default: spec.default.map(str::to_owned),
        is_required: spec.is_required,
        summary: spec.doc.to_owned(),
    }
}
