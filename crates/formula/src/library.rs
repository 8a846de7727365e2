//! The built-in factors, as formulas with their source: data, not code.

mod features;
mod kit_w3;

use crate::error::FormulaError;
use crate::spec::FactorSpec;

/// A factor of a family: data.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Column name, or a template with `{w}`.
    name: &'static str,
    /// Formula text.
    formula: &'static str,
    /// What it says.
    notes: &'static str,
    /// Where it comes from; empty when it is plain arithmetic.
    source: &'static str,
}

/// A named set of factors that belong together.
#[derive(Debug, Clone, Copy)]
pub struct Family {
    /// The name by which a factor-set file asks for it.
    pub name: &'static str,
    /// One line about it.
    pub summary: &'static str,
    /// The windows, in rows, of its windowed factors when none are given.
    pub windows: &'static [usize],
    /// Whether other windows may be given.
    pub windows_are_free: bool,
    /// Factors without a window, before the windowed ones.
    single: &'static [Entry],
    /// Factors with a window.
    windowed: &'static [Entry],
    /// Whether all factors of one window come before those of the next; else all windows of one factor.
    window_by_window: bool,
}

/// All families.
const FAMILIES: [Family; 2] = [features::FAMILY, kit_w3::FAMILY];

/// All families in a fixed order.
pub fn families() -> &'static [Family] {
    &FAMILIES
}

/// A family by name.
pub fn family(name: &str) -> Option<&'static Family> {
    FAMILIES.iter().find(|family| family.name == name)
}

impl Entry {
    /// The factor for some windows; none for a factor without.
    fn factor(&self, windows: &[usize]) -> FactorSpec {
        FactorSpec {
            name: self.name.to_owned(),
            formula: self.formula.to_owned(),
            windows: windows.to_vec(),
            notes: Some(self.notes.to_owned()),
            source: (!self.source.is_empty()).then(|| self.source.to_owned()),
        }
    }
}

impl Family {
    /// The factors with `windows`, or with the family's own. Windowed ones are templates that
    /// [`crate::Program::compile`] expands.
    ///
    /// # Errors
    /// An empty list of windows, or windows for a family whose windows are fixed.
    pub fn factors(&self, windows: Option<&[usize]>) -> Result<Vec<FactorSpec>, FormulaError> {
        if windows.is_some() && !self.windows_are_free {
            let message = format!("family `{}` has fixed windows {:?}; expected none", self.name, self.windows);
            return Err(FormulaError::definition(message));
        }
        let windows = windows.unwrap_or(self.windows);
        if windows.is_empty() {
            return Err(FormulaError::definition(format!("family `{}`: the list of windows is empty", self.name)));
        }
        let mut factors: Vec<FactorSpec> = self.single.iter().map(|entry| entry.factor(&[])).collect();
        if self.window_by_window {
            for window in windows {
                factors.extend(self.windowed.iter().map(|entry| entry.factor(&[*window])));
            }
        } else {
            factors.extend(self.windowed.iter().map(|entry| entry.factor(windows)));
        }
        Ok(factors)
    }
}
