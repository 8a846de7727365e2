//! What can go wrong while results are written or read.

use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why results could not be written or read.
#[derive(Debug, Error)]
pub enum ResultsError {
    /// The file system refused.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A run that is in the ledger and no longer on disk.
    #[error(
        "run {run_id} is in the ledger, but its folder `{}` is gone\nhint: make it again: the same settings and data give the same run", folder.display()
    )]
    Gone {
        /// The run.
        run_id: String,
        /// Where it was.
        folder: PathBuf,
    },
    /// A strategy's name cannot be a folder.
    #[error("strategy `{name}` cannot name a results folder; expected letters, digits, `_` and `-`")]
    BadName {
        /// The name as given.
        name: String,
    },
    /// Files of a stored run are not what was written.
    #[error("run {run_id} is stored in `{}`, but {}\nhint: move that folder away and run again", folder.display(), problems.join("; "))]
    Damaged {
        /// The run.
        run_id: String,
        /// Its folder.
        folder: PathBuf,
        /// Each file and what is wrong with it.
        problems: Vec<String>,
    },
    /// The same run gave other numbers than the stored one.
    #[error(
        "run {run_id} gave another `{file}` than the one stored in `{}` by code version {stored_version} (this is {code_version})\nhint: the program changed what it computes; move that folder away and run again",
        folder.display()
    )]
    Differs {
        /// The run.
        run_id: String,
        /// The first file that differs.
        file: String,
        /// Where the earlier results are.
        folder: PathBuf,
        /// The code that wrote them.
        stored_version: String,
        /// The code that runs now.
        code_version: String,
    },
    /// A stored file cannot be understood.
    #[error("`{}` is not what a run writes: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What was expected.
        reason: String,
    },
    /// The journal of a sweep that another process is writing.
    #[error("`{}` is in use: another process runs this sweep\nhint: wait until it has ended", path.display())]
    InUse {
        /// The journal.
        path: PathBuf,
    },
    /// A file under a sweep's name that is not its journal.
    #[error("`{}` is not the journal of this sweep\nhint: move that folder away and run again", path.display())]
    OtherSweep {
        /// The file.
        path: PathBuf,
    },
    /// No run goes by that id.
    #[error("no run `{id}` in `{}`{}", root.display(), nearest.as_ref().map_or(String::new(), |n| format!("; the nearest is {n}")))]
    UnknownRun {
        /// What was asked for.
        id: String,
        /// The results folder.
        root: PathBuf,
        /// The nearest id that exists.
        nearest: Option<String>,
    },
    /// The id is that of many runs.
    #[error("`{id}` is no run but a {kind} of many{}\nhint: the runs that have folders are in `crosscut runs list`",
        folder.as_ref().map_or(String::new(), |folder| format!(", in `{}`", folder.display())))]
    ManyRuns {
        /// What was asked for.
        id: String,
        /// The command that made them.
        kind: String,
        /// Its folder, where it has one.
        folder: Option<PathBuf>,
    },
    /// A run knows nothing of a symbol.
    #[error(
        "run {run_id} has no symbol `{symbol}` among its {n_symbols}{}",
        nearest.as_ref().map_or(String::new(), |n| format!("\nhint: did you mean {n}?"))
    )]
    UnknownSymbol {
        /// What was asked for.
        symbol: String,
        /// The run.
        run_id: String,
        /// How many it has.
        n_symbols: usize,
        /// The nearest of them.
        nearest: Option<String>,
    },
    /// No library goes by that name.
    #[error("`{name}` is no set of metrics; known are {known}")]
    UnknownPreset {
        /// What was asked for.
        name: String,
        /// All that there are.
        known: String,
    },
    /// A run had not begun at a time.
    #[error("{asked} lies before run {run_id}, whose bars are {first} to {last}")]
    OutsideRun {
        /// The run.
        run_id: String,
        /// What was asked for.
        asked: String,
        /// Label of its first bar.
        first: String,
        /// Label of its last bar.
        last: String,
    },
    /// Several runs begin with the given letters.
    #[error("`{id}` is the beginning of several runs: {}", candidates.join(", "))]
    AmbiguousRun {
        /// What was asked for.
        id: String,
        /// The runs it could be.
        candidates: Vec<String>,
    },
}

impl ResultsError {
    /// Wraps a system error with what was tried on which path.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }

    /// A file that cannot be understood.
    pub(super) fn malformed(path: &Path, reason: impl Into<String>) -> Self {
        Self::Malformed { path: path.to_owned(), reason: reason.into() }
    }
}
