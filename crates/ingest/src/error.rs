//! The one error type of ingest. Every message names the file, row, symbol or option, what was seen and what was expected.

use std::fmt;
use std::path::Path;

use crosscut_bars::BarsError;
use crosscut_hub::HubError;

/// Why one input file was not imported. Its tables are untouched.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Refusal {
    /// The file as the user named it.
    pub file: String,
    /// The row at fault, counted from 1; in text files the line number. `None` when the whole file is at fault.
    pub row: Option<u64>,
    /// What was seen and what was expected.
    pub reason: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.file)?;
        if let Some(row) = self.row {
            write!(f, ", row {row}")?;
        }
        write!(f, ": {}", self.reason)?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Refusal {}

/// Why an ingest job could not run.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The hub could not read or publish.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// Bars of this kind cannot be built.
    #[error(transparent)]
    Bars(#[from] BarsError),
    /// An input file is not acceptable.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// An input file is not acceptable as long as its rows stay in the order they are in.
    #[error(transparent)]
    Disordered(Refusal),
    /// What was asked for does not fit together or does not exist.
    #[error("{message}")]
    Request {
        /// What was asked for, and what would work.
        message: String,
    },
    /// The operating system refused.
    #[error("cannot {action} `{path}`: {source}")]
    Io {
        /// What was tried, as a verb: `create`, `write`.
        action: &'static str,
        /// The file or folder.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
}

impl IngestError {
    /// An [`IngestError::Request`].
    pub(crate) fn request(message: impl Into<String>) -> Self {
        Self::Request { message: message.into() }
    }

    /// What to do about a table of the hub that is damaged; `None` when this is another error.
    pub(crate) fn remedy(&self) -> Option<&'static str> {
        let damaged =
            matches!(self, Self::Hub(HubError::Parquet { .. } | HubError::Json { .. } | HubError::Row { .. }));
        damaged.then_some("a table of the hub is damaged; import or aggregate that one again with --replace")
    }

    /// An adapter for `map_err` on file operations.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.display().to_string();
        move |source| Self::Io { action, path, source }
    }
}

/// What to do about a file that is damaged or empty.
pub(crate) const AGAIN: &str = "fetch or write the file again and import it once more";

/// What to do about a row that breaks a rule.
const ROW_REMEDY: &str = "fetch the file again, or correct or remove the row, and import it once more";

/// Why a file is refused, before the file's name is attached: the currency of the parsing modules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The row at fault, counted from 1.
    pub row: Option<u64>,
    /// What was seen and what was expected.
    pub reason: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Whether it is the order of the rows alone.
    pub is_disorder: bool,
}

impl Fault {
    /// A fault of the whole file.
    pub fn file(reason: impl Into<String>) -> Self {
        Self { row: None, reason: reason.into(), hint: None, is_disorder: false }
    }

    /// A fault of one row.
    pub fn row(row: u64, reason: impl Into<String>) -> Self {
        Self { row: Some(row), ..Self::file(reason) }
    }

    /// The same fault with a remedy.
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The fault with the file's name. A row without a remedy of its own gets the one that always works.
    pub fn of(self, file: &str) -> Refusal {
        let hint = self.hint.or_else(|| self.row.map(|_| ROW_REMEDY.to_owned()));
        Refusal { file: file.to_owned(), row: self.row, reason: self.reason, hint }
    }
}
