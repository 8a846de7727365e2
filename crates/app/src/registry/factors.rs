//! The factors of the built-in families, from their formulas.

use crosscut_formula::library::{self, Catalogued};
use crosscut_formula::{Missing, Operator};
use serde::Serialize;

use crate::error::AppError;

/// A factor, or the template of one factor per window.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FactorEntry {
    /// Column name, with `{w}` for the window of a template.
    pub name: String,
    /// The family.
    pub family: String,
    /// Formula, with `{w}` for the window of a template.
    pub formula: String,
    /// The columns it becomes with the family's own windows.
    pub columns: Vec<FactorColumn>,
    /// Whether other windows may be asked for.
    pub windows_are_free: bool,
    /// `transformer`, `accumulator`, `scorer` or `target`: the farthest any of its operators goes.
    pub stage: String,
    /// Whether it needs other symbols.
    pub is_across_symbols: bool,
    /// The columns it reads.
    pub inputs: Vec<String>,
    /// The operators it uses.
    pub operators: Vec<String>,
    /// The rules for missing values that apply to it.
    pub missing: Vec<String>,
    /// What it says.
    pub notes: String,
    /// Where it comes from; `None` when it is plain arithmetic.
    pub source: Option<String>,
}

/// A column of a factor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FactorColumn {
    /// Its name.
    pub name: String,
    /// The window, in bars, of a template.
    pub window: Option<usize>,
    /// Rows before the current one that it reads; where numbers are carried, rows before its first value.
    pub lookback_rows: usize,
    /// Whether numbers are carried from the first row on.
    pub is_carried: bool,
}

impl FactorEntry {
    /// Whether a name means it: its own, a column's, or its own without the window; `family:` may stand before it.
    pub(super) fn answers_to(&self, name: &str) -> bool {
        match name.split_once(':') {
            Some((family, name)) => family == self.family && self.names().iter().any(|known| known == name),
            None => self.names().iter().any(|known| known == name),
        }
    }

    /// Its name, its name without the window, and its columns'.
    pub(super) fn names(&self) -> Vec<String> {
        let stem = self.name.replace("_{w}", "").replace("{w}", "");
        let columns = self.columns.iter().map(|column| column.name.clone());
        [self.name.clone(), stem].into_iter().chain(columns).collect()
    }
}

/// All factors, family by family.
pub(super) fn entries() -> Result<Vec<FactorEntry>, AppError> {
    let mut entries = Vec::new();
    for family in library::families() {
        entries.extend(family.catalogue()?.into_iter().map(entry));
    }
    Ok(entries)
}

/// One factor.
fn entry(factor: Catalogued) -> FactorEntry {
    let columns = factor.columns.into_iter().map(|column| FactorColumn {
        name: column.name,
        window: column.window,
        lookback_rows: column.lookback.rows,
        is_carried: column.lookback.unbounded,
    });
    FactorEntry {
        columns: columns.collect(),
        name: factor.name,
        family: factor.family.to_owned(),
        formula: factor.formula,
        windows_are_free: factor.windows_are_free,
        stage: factor.stage.word().to_owned(),
        is_across_symbols: factor.is_across,
        inputs: factor.inputs,
        operators: factor.operators.iter().map(|operator| operator.usage()).collect(),
        missing: missing(&factor.missing, &factor.operators),
        notes: factor.notes,
        source: (!factor.source.is_empty()).then_some(factor.source),
    }
}

/// The rules for missing values in words; an operator with a rule of its own is named.
fn missing(rules: &[Missing], operators: &[&Operator]) -> Vec<String> {
    let common = rules.iter().filter(|rule| **rule != Missing::Own).map(|rule| rule.rule().to_owned());
    let own = operators.iter().filter(|operator| operator.missing == Missing::Own);
    common.chain(own.map(|operator| format!("{}: {}", operator.usage(), operator.summary))).collect()
}
