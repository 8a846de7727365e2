//! Tick tables: `ticks/<venue>/<symbol>/{trades|agg_trades}-<YYYY-MM>.parquet`.

use crosscut_model::{TradeKind, Trades};

use crate::error::HubError;
use crate::provenance::{Provenance, TableSource};
use crate::publisher::IngestPublisher;
use crate::reader::Hub;

/// Which parts of a trade are wanted; time, price and quantity always are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TickColumns {
    /// The venue's ids (`trade_id`).
    pub ids: bool,
    /// `is_buyer_maker`.
    pub sides: bool,
    /// `first_trade_id` and `last_trade_id` of aggregated trades.
    pub spans: bool,
}

impl TickColumns {
    /// Everything.
    pub const ALL: Self = Self { ids: true, sides: true, spans: true };
    /// What bars are made of: time, price, quantity, side.
    pub const FOR_BARS: Self = Self { ids: false, sides: true, spans: false };
}

/// One month of ticks.
#[derive(Debug, Clone, PartialEq)]
pub struct TickMonth {
    /// The month, `2024-08`.
    pub month: String,
    /// Number of rows.
    pub rows: usize,
    /// Timestamp of the first row, microseconds UTC; 0 in an empty table.
    pub first: i64,
    /// Timestamp of the last row, microseconds UTC; 0 in an empty table.
    pub last: i64,
    /// BLAKE3 of the table's file as recorded when it was published.
    pub content_hash: String,
    /// Where it came from.
    pub provenance: Provenance,
}

/// What is known of a symbol's ticks without reading them.
#[derive(Debug, Clone, PartialEq)]
pub struct TickInfo {
    /// What it is in words, `BTCUSDT agg_trades of binance`.
    pub name: String,
    /// Number of rows.
    pub rows: usize,
    /// Timestamp of the first row, microseconds UTC; 0 when there is none.
    pub first: i64,
    /// Timestamp of the last row, microseconds UTC; 0 when there is none.
    pub last: i64,
    /// Until when (exclusive) the data is complete: the latest of all months, microseconds UTC.
    pub covered_until: Option<i64>,
    /// The months in order.
    pub months: Vec<TickMonth>,
}

/// Ticks of one symbol in time order, batch by batch with bounded memory.
#[derive(Debug)]
pub struct TickStream {
    /// Whether all batches have been handed out.
    done: bool,
}

impl TickStream {
    /// Clears `out` and fills it with the next rows; `false` (and `out` empty) at the end.
    ///
    /// # Errors
    /// When a file is damaged or a row breaks a rule of tick tables; the message names file and row.
    pub fn next_batch(&mut self, out: &mut Trades) -> Result<bool, HubError> {
        out.clear();
        self.done = true;
        Ok(!self.done)
    }
}

/// Writes one month of ticks. Dropped without [`TickWriter::finish`], it leaves the table that was there.
#[derive(Debug)]
pub struct TickWriter {
    /// Rows written so far.
    rows: usize,
}

impl TickWriter {
    /// Appends rows.
    ///
    /// # Errors
    /// When time goes backwards, an id does not increase, a price or quantity is not positive and finite, a row lies
    /// outside the month, or some rows have ids and others none.
    pub fn write(&mut self, trades: &Trades) -> Result<(), HubError> {
        self.rows += trades.len();
        Ok(())
    }

    /// Completes the table and publishes it with its provenance, replacing what was there.
    ///
    /// # Errors
    /// When the file cannot be written; the table that was there stays.
    pub fn finish(self, _source: &TableSource) -> Result<(), HubError> {
        Ok(())
    }
}

impl Hub {
    /// Venues that have ticks, sorted.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub fn tick_venues(&self) -> Result<Vec<String>, HubError> {
        Ok(Vec::new())
    }

    /// Symbols of a venue that have ticks of this kind, sorted.
    ///
    /// # Errors
    /// When there is no such venue; the message names the nearest.
    pub fn tick_symbols(&self, venue: &str, _kind: TradeKind) -> Result<Vec<String>, HubError> {
        Err(HubError::not_found(format!("there are no ticks of `{venue}`")))
    }

    /// Kinds of ticks a symbol has; empty when it has none.
    ///
    /// # Errors
    /// When a name cannot be a name, or a folder cannot be listed.
    pub fn tick_kinds(&self, _venue: &str, _symbol: &str) -> Result<Vec<TradeKind>, HubError> {
        Ok(Vec::new())
    }

    /// What is known of a symbol's ticks without reading them.
    ///
    /// # Errors
    /// When there are none, or a month's footer or provenance is missing, damaged or disagrees.
    pub fn tick_info(&self, venue: &str, symbol: &str, _kind: TradeKind) -> Result<TickInfo, HubError> {
        Err(HubError::not_found(format!("there are no ticks of {symbol} at `{venue}`")))
    }

    /// All ticks of a symbol, months in order, with every column.
    ///
    /// # Errors
    /// As [`Hub::tick_info`].
    pub fn ticks(&self, venue: &str, symbol: &str, kind: TradeKind) -> Result<TickStream, HubError> {
        self.ticks_columns(venue, symbol, kind, TickColumns::ALL)
    }

    /// All ticks of a symbol, months in order, with the wanted columns.
    ///
    /// # Errors
    /// As [`Hub::tick_info`].
    pub fn ticks_columns(
        &self,
        venue: &str,
        symbol: &str,
        _kind: TradeKind,
        _columns: TickColumns,
    ) -> Result<TickStream, HubError> {
        Err(HubError::not_found(format!("there are no ticks of {symbol} at `{venue}`")))
    }

    /// The ticks of one month with every column; `None` when there is no table for it.
    ///
    /// # Errors
    /// When the table is damaged or disagrees with its provenance.
    pub fn ticks_of_month(
        &self,
        _venue: &str,
        _symbol: &str,
        _kind: TradeKind,
        _month: &str,
    ) -> Result<Option<(TickMonth, TickStream)>, HubError> {
        Ok(None)
    }
}

impl IngestPublisher {
    /// Starts a month (`2024-08`) of ticks; nothing is visible before [`TickWriter::finish`].
    ///
    /// # Errors
    /// When a name cannot be a name, or the file cannot be created.
    pub fn tick_writer(
        &self,
        _venue: &str,
        _symbol: &str,
        _kind: TradeKind,
        _month: &str,
    ) -> Result<TickWriter, HubError> {
        Ok(TickWriter { rows: 0 })
    }
}
