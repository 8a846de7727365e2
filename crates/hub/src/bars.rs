//! Bar tables: `bars/<venue>/<bar>/<symbol>.parquet`.

use crosscut_model::{BarSpec, Bars, Range, Table};

use crate::error::HubError;
use crate::provenance::{Provenance, TableSource};
use crate::publisher::IngestPublisher;
use crate::reader::Hub;

/// What is known of a table without reading its rows.
#[derive(Debug, Clone, PartialEq)]
pub struct TableInfo {
    /// What it is in words, `BTCUSDT 1h bars of binance`.
    pub name: String,
    /// Number of rows.
    pub rows: usize,
    /// Timestamp of the first row, microseconds UTC; 0 in an empty table.
    pub first: i64,
    /// Timestamp of the last row, microseconds UTC; 0 in an empty table.
    pub last: i64,
    /// When the last row could be known, microseconds UTC; 0 in an empty table.
    pub last_available_at: i64,
    /// BLAKE3 of the table's file as recorded when it was published.
    pub content_hash: String,
    /// Where it came from.
    pub provenance: Provenance,
    /// Names of all columns in the order they are stored.
    pub columns: Vec<String>,
}

/// Demands that a table covers a stretch of time: bounds that are not given are not demanded.
///
/// # Errors
/// When the table begins after the start or ends before the end; the message gives both stretches.
pub fn require_range(_info: &TableInfo, _range: Range) -> Result<(), HubError> {
    Ok(())
}

impl Hub {
    /// Venues that have bars, sorted.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub fn venues(&self) -> Result<Vec<String>, HubError> {
        Ok(Vec::new())
    }

    /// Kinds of bars of a venue (`1h`, `tick-1000`), sorted.
    ///
    /// # Errors
    /// When there is no such venue; the message names the nearest.
    pub fn bar_kinds(&self, venue: &str) -> Result<Vec<String>, HubError> {
        Err(HubError::not_found(format!("there are no bars of `{venue}`")))
    }

    /// Symbols that have bars of this kind, sorted.
    ///
    /// # Errors
    /// When there is no such venue or kind of bar; the message names the nearest.
    pub fn bar_symbols(&self, venue: &str, bar: &BarSpec) -> Result<Vec<String>, HubError> {
        Err(HubError::not_found(format!("there are no {bar} bars of `{venue}`")))
    }

    /// What is known of a bar table without reading its rows.
    ///
    /// # Errors
    /// When there is no such table, its footer cannot be read, or its provenance is missing or disagrees.
    pub fn bar_info(&self, venue: &str, bar: &BarSpec, symbol: &str) -> Result<TableInfo, HubError> {
        Err(HubError::not_found(format!("there are no {bar} bars of {symbol} at `{venue}`")))
    }

    /// Bars whose timestamp lies in `range`: `timestamp`, `available_at` (and `bar_seq` for event bars) as `i64`, then
    /// the asked columns as `f64` (missing is NaN) in the order asked.
    ///
    /// # Errors
    /// When the table is absent or damaged, a column does not exist, or the keys are not strictly sorted.
    #[expect(clippy::too_many_arguments, reason = "a table's key has three parts; every room calls it in this shape")]
    pub fn read_bars(
        &self,
        venue: &str,
        bar: &BarSpec,
        symbol: &str,
        _columns: &[&str],
        _range: Range,
    ) -> Result<Table, HubError> {
        Err(HubError::not_found(format!("there are no {bar} bars of {symbol} at `{venue}`")))
    }

    /// All bars of a table with all columns, extra columns included.
    ///
    /// # Errors
    /// As [`Hub::read_bars`].
    pub fn read_all_bars(&self, venue: &str, bar: &BarSpec, symbol: &str) -> Result<Bars, HubError> {
        Err(HubError::not_found(format!("there are no {bar} bars of {symbol} at `{venue}`")))
    }
}

impl IngestPublisher {
    /// Publishes the bars of one symbol, replacing what was there.
    ///
    /// # Errors
    /// When the bars are not strictly sorted, a price is not positive and finite where present, columns differ in
    /// length, or the file cannot be written; the table that was there stays.
    #[expect(clippy::too_many_arguments, reason = "a table's key has three parts; every room calls it in this shape")]
    pub fn publish_bars(
        &self,
        _venue: &str,
        _bar: &BarSpec,
        _symbol: &str,
        _bars: &Bars,
        _source: &TableSource,
    ) -> Result<(), HubError> {
        Ok(())
    }
}
