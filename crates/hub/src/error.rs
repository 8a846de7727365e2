//! The one error type of the hub. Every message names the file, row or name, what was seen and what was expected.

use std::path::{Path, PathBuf};

/// Why the hub could not read or publish something.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// The operating system refused.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// What was tried, as a verb: `open`, `create`, `rename`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file that is not Parquet, is cut short or is damaged.
    #[error("`{}` cannot be read as Parquet: {reason}", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A JSON file of the hub that does not parse.
    #[error("`{}` cannot be read as {what}: {reason}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A file whose columns or types are not what its place in the hub asks for.
    #[error("`{}`: {message}", path.display())]
    Schema {
        /// The file.
        path: PathBuf,
        /// What was expected and what was found.
        message: String,
    },
    /// A row that breaks a rule of its table.
    #[error("`{}`, row {row}: {message}", path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// Row number from 0.
        row: usize,
        /// The rule and the value seen.
        message: String,
    },
    /// Two files that should agree and do not.
    #[error("`{}` and `{}` disagree: {message}", path.display(), other.display())]
    Disagree {
        /// The table.
        path: PathBuf,
        /// Its provenance or metadata.
        other: PathBuf,
        /// What each of them says.
        message: String,
    },
    /// Something asked for that is not there.
    #[error("{message}")]
    NotFound {
        /// What was asked for, and the nearest thing there is.
        message: String,
    },
    /// A venue, symbol, bar, set or pool name that cannot be a name in the hub.
    #[error("{message}")]
    Name {
        /// The name and the rule it breaks.
        message: String,
    },
    /// Values handed to a publisher that cannot become a table.
    #[error("{message}")]
    Refused {
        /// What was handed over and why it is refused.
        message: String,
    },
    /// A SQL store that cannot be reached, refuses a statement or holds something damaged.
    #[error("{store}: {message}")]
    Store {
        /// The store's address, without a password.
        store: String,
        /// What went wrong, in the database's own words where it has any.
        message: String,
    },
    /// A stretch of time asked for that the table does not cover.
    #[error("{message}")]
    Range {
        /// The stretch asked for and the stretch there is.
        message: String,
    },
}

impl HubError {
    /// An adapter for `map_err` on file operations.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }

    /// A [`HubError::Schema`] of a file.
    pub(crate) fn schema(path: &Path, message: impl Into<String>) -> Self {
        Self::Schema { path: path.to_owned(), message: message.into() }
    }

    /// A [`HubError::NotFound`].
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::NotFound { message: message.into() }
    }

    /// A [`HubError::Refused`].
    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self::Refused { message: message.into() }
    }
}
