//! What is known of the built-in factors, derived from their formulas: for lists, help and the reference pages.

use std::collections::BTreeSet;

use crosscut_kernels::Lookback;

use super::{Family, PERIODS_PER_YEAR};
use crate::error::FormulaError;
use crate::operators::{Missing, Operator, Stage};
use crate::program::Program;
use crate::reader;
use crate::spec::FactorSpec;

/// A factor of a family, or the template of one factor per window.
#[derive(Debug, Clone, PartialEq)]
pub struct Catalogued {
    /// The family.
    pub family: &'static str,
    /// Column name, with `{w}` for the window of a template.
    pub name: String,
    /// Formula, with `{w}` for the window of a template.
    pub formula: String,
    /// The columns it becomes with the family's own windows.
    pub columns: Vec<CataloguedColumn>,
    /// Whether other windows may be asked for.
    pub windows_are_free: bool,
    /// The farthest stage any of its operators reaches.
    pub stage: Stage,
    /// Whether it needs other symbols.
    pub is_across: bool,
    /// The columns it reads.
    pub inputs: Vec<String>,
    /// The operators it uses.
    pub operators: Vec<&'static Operator>,
    /// The rules for missing values that apply to it.
    pub missing: Vec<Missing>,
    /// What it says.
    pub notes: String,
    /// Where it comes from; empty when it is plain arithmetic.
    pub source: String,
}

/// A column of a factor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CataloguedColumn {
    /// Its name.
    pub name: String,
    /// The window of a template.
    pub window: Option<usize>,
    /// How far back it looks.
    pub lookback: Lookback,
}

impl Catalogued {
    /// Whether a name means it: its own, one of its columns', or its own without the window (`sma` of `sma_{w}`).
    pub fn answers_to(&self, name: &str) -> bool {
        let stem = || self.name.replace("_{w}", "").replace("{w}", "");
        self.name == name || self.columns.iter().any(|column| column.name == name) || stem() == name
    }
}

impl Family {
    /// All factors of the family.
    ///
    /// # Errors
    /// None for the families there are, which a test compiles.
    pub fn catalogue(&self) -> Result<Vec<Catalogued>, FormulaError> {
        let specs = self.factors(None)?;
        let mut available = BTreeSet::new();
        for spec in &specs {
            available.append(&mut reader::columns(&spec.formula.replace("{w}", "1"))?);
        }
        available.remove(PERIODS_PER_YEAR);
        let available: Vec<&str> = available.iter().map(String::as_str).collect();
        // The value of the constant does not matter to what is told.
        let program = Program::compile(&[], &specs, &available, &[(PERIODS_PER_YEAR, 1.0)])?;
        let mut entries: Vec<Catalogued> = Vec::new();
        let mut next = 0;
        for spec in &specs {
            let outputs = next..next + spec.windows.len().max(1);
            next = outputs.end;
            let columns = columns(&program, spec, outputs.clone());
            // Families that go window by window name a template once per window.
            match entries.iter_mut().find(|entry| entry.name == spec.name) {
                Some(entry) => entry.columns.extend(columns),
                None => entries.push(self.entry(&program, spec, outputs.start, columns)),
            }
        }
        Ok(entries)
    }

    /// An entry from the first of its columns: windows change how far back a factor looks and nothing else.
    fn entry(&self, program: &Program, spec: &FactorSpec, at: usize, columns: Vec<CataloguedColumn>) -> Catalogued {
        let parts = &program.parts()[at];
        Catalogued {
            family: self.name,
            name: spec.name.clone(),
            formula: spec.formula.clone(),
            columns,
            windows_are_free: !spec.windows.is_empty() && self.windows_are_free,
            stage: program.stages()[at],
            is_across: program.across()[at],
            inputs: parts.columns.clone(),
            operators: parts.operators.clone(),
            missing: parts.missing(),
            notes: spec.notes.clone().unwrap_or_default(),
            source: spec.source.clone().unwrap_or_default(),
        }
    }
}

/// The columns of a factor.
fn columns(program: &Program, spec: &FactorSpec, outputs: std::ops::Range<usize>) -> Vec<CataloguedColumn> {
    let first = outputs.start;
    let column = |at: usize| CataloguedColumn {
        name: program.outputs()[at].clone(),
        window: spec.windows.get(at - first).copied(),
        lookback: program.lookbacks()[at],
    };
    outputs.map(column).collect()
}
