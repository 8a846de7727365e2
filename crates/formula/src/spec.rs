//! One factor as the user writes it, and its expansion over a list of windows.

use crate::error::FormulaError;
use crate::operators::MAX_WINDOW;

/// A factor's definition: a name and a formula, or a template of both with `{w}` and the windows to put there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FactorSpec {
    /// Column name, lower_snake; with windows it holds `{w}`.
    pub name: String,
    /// Formula text; with windows it may hold `{w}`.
    pub formula: String,
    /// The windows, in rows, that `{w}` stands for; empty for a factor that is not a template.
    pub windows: Vec<usize>,
    /// Free text about the factor.
    pub notes: Option<String>,
    /// Where the formula comes from.
    pub source: Option<String>,
}

/// What stands for the window in a template.
const PLACE: &str = "{w}";

impl FactorSpec {
    /// A factor without windows, notes or source.
    pub fn new(name: impl Into<String>, formula: impl Into<String>) -> Self {
        Self { name: name.into(), formula: formula.into(), ..Self::default() }
    }

    /// The factors a template stands for, one per window; a factor without windows stands for itself. Names are
    /// checked: lower-case letters, digits and `_`, beginning with a letter.
    ///
    /// # Errors
    /// A name that cannot be a column, a window that is zero, too long or listed twice, a template whose name lacks
    /// `{w}`.
    pub fn expand(&self) -> Result<Vec<Self>, FormulaError> {
        if self.windows.is_empty() {
            check_name(&self.name)?;
            return Ok(vec![self.clone()]);
        }
        if !self.name.contains(PLACE) {
            let message = format!("factor `{}` has windows but no `{PLACE}` in its name", self.name);
            let hint = Some(format!("name it `{}_{PLACE}`", self.name));
            return Err(FormulaError::Definition { message, hint });
        }
        let mut factors = Vec::with_capacity(self.windows.len());
        for (at, &window) in self.windows.iter().enumerate() {
            let problem = if !(1..=MAX_WINDOW as usize).contains(&window) {
                format!("expected 1 to {MAX_WINDOW} rows")
            } else if self.windows[..at].contains(&window) {
                "it is listed twice".to_owned()
            } else {
                let put = |text: &str| text.replace(PLACE, &window.to_string());
                let (name, formula) = (put(&self.name), put(&self.formula));
                check_name(&name)?;
                factors.push(Self { name, formula, windows: Vec::new(), ..self.clone() });
                continue;
            };
            return Err(FormulaError::definition(format!("factor `{}`, window {window}: {problem}", self.name)));
        }
        Ok(factors)
    }
}

/// Whether a name can be a factor column.
fn check_name(name: &str) -> Result<(), FormulaError> {
    let valid = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if valid {
        return Ok(());
    }
    let expected = "expected lower-case letters, digits and `_`, beginning with a letter";
    let hint = name.contains(PLACE).then(|| format!("`{PLACE}` needs a list of windows"));
    Err(FormulaError::Definition { message: format!("factor name `{}`: {expected}", name.escape_debug()), hint })
}
