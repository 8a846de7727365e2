//! One factor as the user writes it, and its expansion over a list of windows.

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

impl FactorSpec {
    /// A factor without windows, notes or source.
    pub fn new(name: impl Into<String>, formula: impl Into<String>) -> Self {
        Self { name: name.into(), formula: formula.into(), ..Self::default() }
    }
}
