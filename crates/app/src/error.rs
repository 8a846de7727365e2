//! The one error of this crate: a message that names the offender, and optionally one `hint:` line with the remedy.
//!
//! Errors of rooms and tools already follow that form; they are taken over word for word.

use std::fmt;
use std::path::Path;

/// Why a use case could not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppError {
    /// One or more lines that name file, row, symbol or key, the value seen and what was expected.
    message: String,
    /// What to do about it.
    hint: Option<String>,
}

impl AppError {
    /// An error without a hint; a `\nhint: ` line inside the text becomes the hint.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        match text.rsplit_once("\nhint: ") {
            Some((message, hint)) => Self { message: message.to_owned(), hint: Some(hint.to_owned()) },
            None => Self { message: text, hint: None },
        }
    }

    /// Sets the remedy, unless the error already carries one of its own, which is nearer to the cause.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint.get_or_insert_with(|| hint.into());
        self
    }

    /// Puts words in front of the message, to say during what it happened.
    #[must_use]
    pub fn during(mut self, what: &str) -> Self {
        self.message = format!("{what}: {}", self.message);
        self
    }

    /// A failed file operation.
    pub fn io(doing: &str, path: &Path, error: &std::io::Error) -> Self {
        Self::new(format!("cannot {doing} {}: {error}", path.display()))
    }

    /// The message without the hint.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The remedy, if there is one.
    pub fn hint_text(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for AppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, "\nhint: {hint}"))
    }
}

impl std::error::Error for AppError {}

/// Takes over the error of a room or tool: its message, and behind it every cause whose words are not in it already.
fn take_over(error: &dyn std::error::Error) -> AppError {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.contains(&words) {
            text = match text.rsplit_once("\nhint: ") {
                Some((message, hint)) => format!("{message}: {words}\nhint: {hint}"),
                None => format!("{text}: {words}"),
            };
        }
        cause = error.source();
    }
    AppError::new(text)
}

/// Conversions of the errors of rooms and tools.
macro_rules! from_errors {
    ($($error:ty),+ $(,)?) => {
        $(impl From<$error> for AppError {
            fn from(error: $error) -> Self {
                take_over(&error)
            }
        })+
    };
}

from_errors!(
    crosscut_hub::HubError,
    crosscut_ingest::IngestError,
    crosscut_factors::FactorsError,
    crosscut_formula::FormulaError,
    crosscut_trading::TradingError,
    crosscut_backtest::BacktestError,
    crosscut_evaluation::EvaluationError,
    crosscut_backtest::results::ResultsError,
);
