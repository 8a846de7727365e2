//! Why an evaluation could not be made.

use std::io;
use std::path::{Path, PathBuf};

use crosscut_hub::HubError;

/// Why an evaluation could not be made. Messages name the offender and may end with a `hint:` line.
#[derive(Debug, thiserror::Error)]
pub enum EvaluationError {
    /// Something in the hub is missing, damaged or does not fit.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// A setting makes no sense.
    #[error("{0}")]
    Setting(String),
    /// A factor, set, symbol or pool is unknown or unfit.
    #[error("{0}")]
    Data(String),
    /// More rows were dropped than allowed.
    #[error("{0}")]
    Dropped(String),
    /// A group file says something that cannot be understood.
    #[error("group file `{}`, line {line}: {message}", path.display())]
    GroupFile {
        /// The file.
        path: PathBuf,
        /// Line number from 1; 0 for the whole file.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// A file could not be read or written.
    #[error("cannot {doing} `{}`: {source}", path.display())]
    Io {
        /// The verb.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// An evaluation's folder is not what it should be.
    #[error("{0}")]
    Folder(String),
}

impl EvaluationError {
    /// For `map_err` on a file operation.
    pub fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }

    /// A setting that makes no sense.
    pub(crate) fn setting(message: impl Into<String>) -> Self {
        Self::Setting(message.into())
    }
}
