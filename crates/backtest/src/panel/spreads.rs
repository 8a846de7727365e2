//! Spreads by symbol and date, from a file beside the hub: the hub's bars and trades hold no offers.

use std::collections::BTreeMap;

use crosscut_model::format_iso;
use crosscut_trading::steps::Spread;

use super::PanelInput;
use super::lists;
use crate::config::{MissingSpread, SpreadsConfig};
use crate::error::BacktestError;

/// The spreads of a run.
#[derive(Debug, Clone)]
pub(crate) struct Spreads {
    /// Where they lie, for messages.
    file: String,
    /// By symbol, ascending by time.
    by_symbol: BTreeMap<String, Vec<Spread>>,
    /// What becomes of those that are missing.
    missing: MissingSpread,
    /// What is recorded of the file.
    pub(crate) input: PanelInput,
}

impl Spreads {
    /// Reads the file that is configured; `None` without one.
    ///
    /// # Errors
    /// As [`lists::read_spreads`].
    pub(crate) fn read(config: &SpreadsConfig) -> Result<Option<Self>, BacktestError> {
        let Some(file) = &config.file else { return Ok(None) };
        let (by_symbol, input) = lists::read_spreads(file)?;
        Ok(Some(Self { file: file.clone(), by_symbol, missing: config.missing, input }))
    }

    /// The spreads of a symbol whose first bar or trade in the run is at `first`; `None`: it has none.
    ///
    /// # Errors
    /// [`BacktestError::List`] for a spread that is missing at a time in the run, where that is an error.
    pub(crate) fn of(&self, symbol: &str, first: Option<i64>) -> Result<Vec<Spread>, BacktestError> {
        let spreads = self.by_symbol.get(symbol).cloned().unwrap_or_default();
        let Some(first) = first.filter(|_| self.missing == MissingSpread::Error) else { return Ok(spreads) };
        let missing_at = match spreads.iter().rfind(|spread| spread.from <= first) {
            None => Some(first),
            Some(before) if before.fraction.is_nan() => Some(first),
            Some(_) => spreads.iter().find(|one| one.from > first && one.fraction.is_nan()).map(|one| one.from),
        };
        match missing_at {
            None => Ok(spreads),
            Some(at) => Err(BacktestError::List {
                file: self.file.clone(),
                problem: format!(
                    "it has no spread of {symbol} at {}, within the run\nhint: `--spread-missing configured` takes that of the slippage model",
                    format_iso(at)
                ),
            }),
        }
    }
}
