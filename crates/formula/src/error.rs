//! What can be wrong with a formula, told with the place in its text.

/// Why a program could not be compiled or fed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormulaError {
    /// A formula that cannot be read; `rendered` shows its text with a caret under the place.
    #[error("{owner}: {message} (column {column})\n  {text}\n  {caret}{}", hint_line(.hint.as_deref()))]
    Formula {
        /// Which formula: ``factor `return_5` `` or ``let `ret1` ``.
        owner: String,
        /// What is wrong.
        message: String,
        /// The formula's text after window expansion.
        text: String,
        /// Character position in `text`, counted from 1.
        column: usize,
        /// Blanks and carets that stand under the offending characters of `text`.
        caret: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// A name, a window list or a constant around the formulas that cannot be used.
    #[error("{message}{}", hint_line(.hint.as_deref()))]
    Definition {
        /// What is wrong, with the name and the value seen.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// Rows that cannot be fed to a panel.
    #[error("{message}")]
    Rows {
        /// What is wrong, with the symbol's position and the row.
        message: String,
    },
}

/// A hint on its own line, or nothing.
fn hint_line(hint: Option<&str>) -> String {
    hint.map_or_else(String::new, |hint| format!("\nhint: {hint}"))
}
