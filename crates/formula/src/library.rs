//! The built-in factors, as formulas with their source: data, not code.

mod alpha101;
mod alpha158;
mod alpha360;
mod catalogue;
mod charting;
mod features;
mod indicators;
mod kit_w3;
mod sessions;
mod talib;

use std::collections::BTreeSet;

use crate::error::FormulaError;
use crate::reader;
use crate::spec::FactorSpec;

pub use catalogue::{Catalogued, CataloguedColumn};

/// The name of the number of bars in a year, which annualised factors are given with the program.
pub const PERIODS_PER_YEAR: &str = "periods_per_year";

/// A factor of a family: data.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Column name, or a template with `{w}`.
    name: &'static str,
    /// Formula text.
    formula: &'static str,
    /// What it says.
    notes: &'static str,
    /// Where it comes from.
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
    /// The factors, in order.
    sections: &'static [Section],
    /// Whether all factors of one window come before those of the next; else all windows of one factor.
    window_by_window: bool,
}

/// Factors that follow one another in a family.
#[derive(Debug, Clone, Copy)]
struct Section {
    /// Whether they are templates with `{w}`.
    is_windowed: bool,
    /// The factors.
    entries: &'static [Entry],
}

/// A factor that cannot be computed from the columns there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    /// Its name, or template of names.
    pub name: String,
    /// The columns it lacks, in alphabetical order.
    pub missing: Vec<String>,
}

/// All families.
const FAMILIES: [Family; 9] = [
    features::FAMILY,
    kit_w3::FAMILY,
    alpha101::FAMILY,
    alpha158::FAMILY,
    alpha360::FAMILY,
    talib::FAMILY,
    indicators::FAMILY,
    charting::FAMILY,
    sessions::FAMILY,
];

/// All families in a fixed order.
pub fn families() -> &'static [Family] {
    &FAMILIES
}

/// A family by name.
pub fn family(name: &str) -> Option<&'static Family> {
    FAMILIES.iter().find(|family| family.name == name)
}

/// The first family that has a factor of this name, letter case ignored: a column's (`rsi_14`, `sma_20`), or that without
/// its window (`rsi`).
pub(crate) fn family_of(name: &str) -> Option<&'static str> {
    let stem = |name: &str| {
        let name = name.to_ascii_lowercase();
        let name = name.trim_end_matches("_{w}");
        name.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('_').to_owned()
    };
    let (lower, wanted) = (name.to_ascii_lowercase(), stem(name));
    let entries = FAMILIES
        .iter()
        .flat_map(|family| family.sections.iter().flat_map(|s| s.entries).map(|entry| (family.name, entry)));
    // Alphas differ in nothing but their number.
    let is_it = |entry: &Entry| entry.name == lower || (stem(entry.name) == wanted && !wanted.starts_with("alpha"));
    (!wanted.is_empty()).then(|| entries.clone().find(|(_, entry)| is_it(entry)).map(|(family, _)| family)).flatten()
}

impl Entry {
    /// The factor for some windows; none for a factor without.
    fn factor(&self, windows: &[usize]) -> FactorSpec {
        FactorSpec {
            name: self.name.to_owned(),
            formula: self.formula.to_owned(),
            windows: windows.to_vec(),
            notes: Some(self.notes.to_owned()),
            source: Some(self.source.to_owned()),
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
        if windows.is_some_and(<[usize]>::is_empty) {
            return Err(FormulaError::definition(format!("family `{}`: the list of windows is empty", self.name)));
        }
        let windows = windows.unwrap_or(self.windows);
        let mut factors = Vec::new();
        for section in self.sections {
            if !section.is_windowed {
                factors.extend(section.entries.iter().map(|entry| entry.factor(&[])));
            } else if self.window_by_window {
                for window in windows {
                    factors.extend(section.entries.iter().filter_map(|entry| self.template(entry, &[*window])));
                }
            } else {
                factors.extend(section.entries.iter().filter_map(|entry| self.template(entry, windows)));
            }
        }
        Ok(factors)
    }

    /// A template with the windows that do not make it a factor the family has without a window: `return_{w}` of one bar
    /// is `return_1`.
    fn template(&self, entry: &Entry, windows: &[usize]) -> Option<FactorSpec> {
        let alone = || self.sections.iter().filter(|section| !section.is_windowed).flat_map(|section| section.entries);
        let is_alone = |window: &usize| {
            let name = entry.name.replace("{w}", &window.to_string());
            alone().any(|other| other.name == name)
        };
        let windows: Vec<usize> = windows.iter().copied().filter(|window| !is_alone(window)).collect();
        (!windows.is_empty()).then(|| entry.factor(&windows))
    }

    /// The factors that can be computed from the columns in `available`, and the others with what they lack: an alpha
    /// neutralised by `sector` needs that column beside the bars.
    ///
    /// # Errors
    /// As [`Self::factors`].
    pub fn usable(
        &self,
        windows: Option<&[usize]>,
        available: &[&str],
    ) -> Result<(Vec<FactorSpec>, Vec<Unusable>), FormulaError> {
        let available: BTreeSet<&str> = available.iter().copied().collect();
        let (mut usable, mut unusable) = (Vec::new(), Vec::new());
        for factor in self.factors(windows)? {
            let text = factor.formula.replace("{w}", "1");
            let mut missing = reader::columns(&text)?;
            missing.retain(|column| !available.contains(column.as_str()));
            if missing.is_empty() {
                usable.push(factor);
            } else {
                unusable.push(Unusable { name: factor.name, missing: missing.into_iter().collect() });
            }
        }
        Ok((usable, unusable))
    }
}
