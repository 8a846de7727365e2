//! `runs trials`: how often each hypothesis was tried, and whether the ledger that says so is what was written.

use crosscut_backtest::results::{Chain, Hypothesis};
pub use crosscut_backtest::results::{Deflation, Tampering};

use crate::desk::Desk;
use crate::error::AppError;
use crate::runs;

/// The ledger as a count of trials.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Trials {
    /// Each hypothesis, by name.
    pub hypotheses: Vec<Hypothesis>,
    /// What a check of the ledger found.
    pub ledger: Chain,
}

/// Counts the trials of a results folder, and checks its ledger; `noted` is a head noted earlier that must lie on it.
///
/// # Errors
/// When the ledger is there but cannot be read.
pub fn trials(desk: &Desk<'_>, noted: Option<&str>) -> Result<Trials, AppError> {
    let archive = runs::archive(desk);
    Ok(Trials { hypotheses: archive.hypotheses()?, ledger: archive.chain(noted)? })
}
