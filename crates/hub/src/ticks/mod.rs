//! Tick tables: `ticks/<venue>/<symbol>/{trades|agg_trades}-<YYYY-MM>.parquet`.
//!
//! One table per month and kind; the rows of all months make one series in time order.

mod read;
mod write;

use std::path::PathBuf;
use std::sync::Arc;

use crosscut_model::{TradeKind, Trades};

use crate::check::{self, Broken};
use crate::error::HubError;
use crate::layout;
use crate::names;
use crate::parquet_file::ParquetFile;
use crate::provenance::Provenance;
use crate::reader::Hub;
use crate::single;
pub use read::TickStream;
pub use write::TickWriter;

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

/// Both kinds of ticks.
const KINDS: [TradeKind; 2] = [TradeKind::Trades, TradeKind::AggTrades];

impl Hub {
    /// Venues that have ticks, sorted.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub fn tick_venues(&self) -> Result<Vec<String>, HubError> {
        names::folders(&self.root().join("ticks"))
    }

    /// Symbols of a venue that have ticks of this kind, sorted.
    ///
    /// # Errors
    /// When there is no such venue; the message names the nearest.
    pub fn tick_symbols(&self, venue: &str, kind: TradeKind) -> Result<Vec<String>, HubError> {
        let mut with_kind = Vec::new();
        for symbol in self.all_tick_symbols(venue)? {
            if !self.tick_months(venue, &symbol, kind)?.is_empty() {
                with_kind.push(symbol);
            }
        }
        Ok(with_kind)
    }

    /// Kinds of ticks a symbol has; empty when it has none.
    ///
    /// # Errors
    /// When a name cannot be a name, or a folder cannot be listed.
    pub fn tick_kinds(&self, venue: &str, symbol: &str) -> Result<Vec<TradeKind>, HubError> {
        let mut kinds = Vec::new();
        for kind in KINDS {
            if !self.tick_months(venue, symbol, kind)?.is_empty() {
                kinds.push(kind);
            }
        }
        Ok(kinds)
    }

    /// What is known of a symbol's ticks without reading them.
    ///
    /// # Errors
    /// When there are none, or a month's footer or provenance is missing, damaged or disagrees.
    pub fn tick_info(&self, venue: &str, symbol: &str, kind: TradeKind) -> Result<TickInfo, HubError> {
        let mut months = Vec::new();
        for month in self.demand_months(venue, symbol, kind)? {
            months.push(self.open_month(venue, symbol, kind, &month)?.0);
        }
        let filled = || months.iter().filter(|month| month.rows > 0);
        Ok(TickInfo {
            name: format!("{symbol} {} of {venue}", kind.name()),
            rows: months.iter().map(|month| month.rows).sum(),
            first: filled().next().map_or(0, |month| month.first),
            last: filled().next_back().map_or(0, |month| month.last),
            covered_until: months.iter().filter_map(|month| month.provenance.covered_until).max(),
            months,
        })
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
        kind: TradeKind,
        columns: TickColumns,
    ) -> Result<TickStream, HubError> {
        let mut files = Vec::new();
        for month in self.demand_months(venue, symbol, kind)? {
            files.push(self.open_month(venue, symbol, kind, &month)?.1);
        }
        Ok(TickStream::new(files, columns))
    }

    /// The ticks of one month with every column; `None` when there is no table for it.
    ///
    /// # Errors
    /// When the table is damaged or disagrees with its provenance.
    pub fn ticks_of_month(
        &self,
        venue: &str,
        symbol: &str,
        kind: TradeKind,
        month: &str,
    ) -> Result<Option<(TickMonth, TickStream)>, HubError> {
        if !self.root().join(layout::tick_table(venue, symbol, kind, month)?).exists() {
            return Ok(None);
        }
        let (info, file) = self.open_month(venue, symbol, kind, month)?;
        Ok(Some((info, TickStream::new(vec![file], TickColumns::ALL))))
    }

    /// Symbols of a venue that have ticks of any kind.
    fn all_tick_symbols(&self, venue: &str) -> Result<Vec<String>, HubError> {
        let folder = self.root().join("ticks").join(layout::check_name("venue", venue)?);
        if !folder.is_dir() {
            let instead = names::instead(venue, &self.tick_venues()?);
            let root = self.root().display();
            return Err(HubError::not_found(format!("`{root}` has no ticks of venue `{venue}`{instead}")));
        }
        names::list(&folder, crosscut_model::decode_path)
    }

    /// Months for which a symbol has ticks of a kind, in order.
    fn tick_months(&self, venue: &str, symbol: &str, kind: TradeKind) -> Result<Vec<String>, HubError> {
        let folder: PathBuf = self.root().join(layout::tick_folder(venue, symbol)?);
        names::list(&folder, |name| {
            let month = name.strip_prefix(kind.name())?.strip_prefix('-')?.strip_suffix(".parquet")?;
            layout::check_month(month).ok().map(str::to_owned)
        })
    }

    /// The months of a symbol, at least one.
    fn demand_months(&self, venue: &str, symbol: &str, kind: TradeKind) -> Result<Vec<String>, HubError> {
        let months = self.tick_months(venue, symbol, kind)?;
        if months.is_empty() {
            let instead = names::instead(symbol, &self.tick_symbols(venue, kind)?);
            return Err(HubError::not_found(format!(
                "`{}` has no {} of {symbol} at venue `{venue}`{instead}",
                self.root().display(),
                kind.name()
            )));
        }
        Ok(months)
    }

    /// Opens one month.
    fn open_month(
        &self,
        venue: &str,
        symbol: &str,
        kind: TradeKind,
        month: &str,
    ) -> Result<(TickMonth, Arc<ParquetFile>), HubError> {
        let (file, provenance) = single::open_table(self.root(), &layout::tick_table(venue, symbol, kind, month)?)?;
        read::check_schema(&file)?;
        let (first, last) = match file.bounds(file.demand("timestamp")?) {
            Some(bounds) => bounds,
            None if file.n_rows() == 0 => (0, 0),
            None => return Err(file.damaged("its footer does not state the bounds of `timestamp`")),
        };
        let info = TickMonth {
            month: month.to_owned(),
            rows: file.n_rows(),
            first,
            last,
            content_hash: provenance.content_hash.clone(),
            provenance,
        };
        Ok((info, file))
    }
}

/// Rules that hold between one batch of rows and the next.
#[derive(Debug, Clone, Copy, Default)]
struct Order {
    /// Time of the last row seen, microseconds UTC.
    last_timestamp: Option<i64>,
    /// Id of the last row seen that had one.
    last_trade_id: Option<i64>,
}

impl Order {
    /// Checks a batch against the rules and the batch before it; rows count from the batch's first.
    fn check(&mut self, trades: &Trades) -> Result<(), Broken> {
        check::positive("price", &trades.price)?;
        check::positive("quantity", &trades.quantity)?;
        if let (Some(before), Some(&first)) = (self.last_timestamp, trades.timestamp.first()) {
            check::not_decreasing("timestamp", &[before, first]).map_err(Broken::at_first)?;
        }
        check::not_decreasing("timestamp", &trades.timestamp)?;
        if let (Some(before), Some(&first)) = (self.last_trade_id, trades.trade_id.first()) {
            check::increasing_ids(&[before, first]).map_err(Broken::at_first)?;
        }
        check::increasing_ids(&trades.trade_id)?;
        self.last_timestamp = trades.timestamp.last().copied().or(self.last_timestamp);
        self.last_trade_id = trades.trade_id.last().copied().or(self.last_trade_id);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
