//! What can be wrong with a formula, told with the place in its text.

use std::fmt;
use std::ops::Range;

/// Why a program could not be compiled or fed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormulaError {
    /// A formula that cannot be read.
    #[error("{0}")]
    Formula(Box<FaultyFormula>),
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

/// A formula that cannot be read, with the place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultyFormula {
    /// Which formula: ``factor `return_5` `` or ``let `ret1` ``.
    pub owner: String,
    /// What is wrong.
    pub message: String,
    /// The formula's text on one line, after window expansion.
    pub text: String,
    /// Character position in `text`, counted from 1.
    pub column: usize,
    /// Number of offending characters; 1 at the end of the text.
    pub width: usize,
    /// What to do about it.
    pub hint: Option<String>,
}

impl fmt::Display for FaultyFormula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { owner, message, column, hint, .. } = self;
        let (text, before, width) = self.excerpt();
        let (blanks, carets) = (" ".repeat(before), "^".repeat(width));
        let hint = hint_line(hint.as_deref());
        write!(f, "{owner}: {message} (column {column})\n  {text}\n  {blanks}{carets}{hint}")
    }
}

/// The most characters of a formula that are shown on either side of the place of a mistake.
const MAX_SHOWN: usize = 100;

impl FaultyFormula {
    /// The text around the place, how many characters of it stand before the place, and how many to mark.
    fn excerpt(&self) -> (String, usize, usize) {
        let chars: Vec<char> = self.text.chars().collect();
        let (at, width) = (self.column - 1, self.width.min(MAX_SHOWN));
        let (begin, end) = (at.saturating_sub(MAX_SHOWN), (at + width + MAX_SHOWN).min(chars.len()));
        let dots = |is_cut: bool| if is_cut { "..." } else { "" };
        let (left, right) = (dots(begin > 0), dots(end < chars.len()));
        let shown: String = chars[begin.min(end)..end].iter().collect();
        (format!("{left}{shown}{right}"), left.len() + at - begin, width)
    }
}

/// A hint on its own line, or nothing.
fn hint_line(hint: Option<&str>) -> String {
    hint.map_or_else(String::new, |hint| format!("\nhint: {hint}"))
}

/// What is wrong at a place of a formula, before it is known whose formula it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The offending characters, by position from 0.
    pub(crate) span: Range<usize>,
    /// What is wrong.
    pub(crate) message: String,
    /// What to do about it.
    pub(crate) hint: Option<String>,
    /// The owner and the text the characters belong to, if not the formula being read: the body of a function.
    pub(crate) place: Option<Box<(String, String)>>,
}

impl Fault {
    /// A fault without a hint.
    pub(crate) fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), hint: None, place: None }
    }

    /// The same with a hint.
    pub(crate) fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The same with the nearest of the valid names as a hint, if one is near. Of names as near the one with a capital
    /// where `wrong` has one: `Mean` and `mean`, and `Max` and `max`, are names of different families.
    pub(crate) fn with_nearest<'a>(self, wrong: &str, candidates: impl IntoIterator<Item = &'a str>) -> Self {
        let is_capital = |name: &str| name.starts_with(|first: char| first.is_uppercase());
        let mut candidates: Vec<&str> = candidates.into_iter().collect();
        candidates.sort_by_key(|name| is_capital(name) != is_capital(wrong));
        match crosscut_model::nearest(wrong, candidates) {
            Some(name) => self.with_hint(format!("did you mean `{name}`?")),
            None => self,
        }
    }

    /// The same with its characters counted in the body `text` of the function `owner`.
    pub(crate) fn in_body(self, owner: &str, text: &str) -> Self {
        let place = self.place.unwrap_or_else(|| Box::new((owner.to_owned(), text.to_owned())));
        Self { place: Some(place), ..self }
    }

    /// The error for the formula `text` of `owner`.
    pub(crate) fn in_formula(self, owner: String, text: &str) -> FormulaError {
        let (owner, text) = match self.place.as_deref() {
            Some((body_owner, body)) if *body_owner != owner => {
                (format!("{body_owner}, called from {owner}"), body.as_str())
            }
            Some((_, body)) => (owner, body.as_str()),
            None => (owner, text),
        };
        let text = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let (column, width) = (self.span.start + 1, self.span.len().max(1));
        let faulty = FaultyFormula { owner, message: self.message, text, column, width, hint: self.hint };
        FormulaError::Formula(Box::new(faulty))
    }
}

impl FormulaError {
    /// Something around the formulas, without a hint.
    pub(crate) fn definition(message: impl Into<String>) -> Self {
        Self::Definition { message: message.into(), hint: None }
    }
}
