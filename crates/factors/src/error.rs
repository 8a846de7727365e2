//! What can go wrong while a factor set is described or produced.

use std::fmt;
use std::path::PathBuf;

use crosscut_formula::FormulaError;
use crosscut_hub::HubError;

/// Where in a factor-set file something stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file as the user named it.
    pub file: String,
    /// Line from 1; 0 when it is not known.
    pub line: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}", self.file),
            line => write!(f, "{}:{line}", self.file),
        }
    }
}

/// Why a factor set cannot be described or produced.
#[derive(Debug, thiserror::Error)]
pub enum FactorsError {
    /// The factor-set file cannot be read.
    #[error("cannot read the factor-set file {}: {source}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// The factor-set file says something that is not allowed.
    #[error("{place}: {message}")]
    Config {
        /// Where.
        place: Place,
        /// What, with what was expected, and perhaps a hint.
        message: String,
    },
    /// A formula is wrong.
    #[error("{place}: {error}")]
    Formula {
        /// Where the formula stands.
        place: Place,
        /// The formula's own error, which names the factor and points at the character.
        error: Box<FormulaError>,
    },
    /// The bars of a symbol cannot be used as the set wants to.
    #[error("{symbol}: {message}")]
    Input {
        /// The symbol.
        symbol: String,
        /// What is wrong.
        message: String,
    },
    /// Something that was asked for is not there; the message may end with the nearest thing that is.
    #[error("{0}")]
    Unknown(String),
    /// The worker threads cannot be started.
    #[error("cannot start {threads} worker threads: {message}")]
    Threads {
        /// How many were wanted.
        threads: usize,
        /// The operating system's reason.
        message: String,
    },
    /// The published generation cannot be continued. A run that meets this begins anew, from the bars alone.
    #[error("the published generation cannot be continued: {message}")]
    State {
        /// What is wrong with it.
        message: String,
    },
    /// The hub refused or failed.
    #[error(transparent)]
    Hub(#[from] HubError),
}

impl FactorsError {
    /// An error of what an earlier run has left.
    pub(crate) fn of_state(error: &dyn fmt::Display) -> Self {
        Self::State { message: error.to_string() }
    }

    /// An error of rows that were fed to all formulas together.
    pub(crate) fn of_panel(error: FormulaError) -> Self {
        Self::Formula { place: Place { file: "all symbols together".to_owned(), line: 0 }, error: Box::new(error) }
    }
}
