//! Spreads by symbol and date, for the model of half a spread.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::SlippageConfig;
use super::text::as_text;
use crate::error::BacktestError;

/// Where spreads are read from, and what becomes of those that are missing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SpreadsConfig {
    /// A list of symbol, spread in basis points, and perhaps from when; `None`: the configured spread for all.
    pub file: Option<String>,
    /// What becomes of a symbol or time without a spread.
    #[serde(with = "as_text")]
    pub missing: MissingSpread,
}

/// What becomes of a symbol or time without a spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MissingSpread {
    /// The run is refused.
    #[default]
    Error,
    /// The spread of the slippage model is taken.
    Configured,
}

impl FromStr for MissingSpread {
    type Err = BacktestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim() {
            "error" => Ok(Self::Error),
            "configured" => Ok(Self::Configured),
            other => Err(BacktestError::setting("spreads.missing", other, "error or configured")),
        }
    }
}

impl fmt::Display for MissingSpread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::Error { "error" } else { "configured" })
    }
}

impl SpreadsConfig {
    /// Checks that there is a model which takes them.
    ///
    /// # Errors
    /// [`BacktestError::Setting`] for a file beside another model of slippage, and for a rule about missing spreads without a
    /// file.
    pub(super) fn check(&self, slippage: Option<SlippageConfig>) -> Result<(), BacktestError> {
        match &self.file {
            Some(file) if !matches!(slippage, Some(SlippageConfig::HalfSpread(_))) => {
                let expected = "slippage half_spread:BPS beside it; the other models take no spread".to_owned();
                Err(BacktestError::setting("spreads.file", file.clone(), expected))
            }
            None if self.missing != MissingSpread::default() => {
                let expected = "nothing without a file of spreads".to_owned();
                Err(BacktestError::setting("spreads.missing", self.missing.to_string(), expected))
            }
            _ => Ok(()),
        }
    }
}
