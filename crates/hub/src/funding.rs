//! Funding tables: `funding/<venue>/<symbol>.parquet`.

use crosscut_model::{Funding, Table, format_iso};

use crate::bars::TableInfo;
use crate::error::HubError;
use crate::provenance::TableSource;
use crate::publisher::IngestPublisher;
use crate::reader::Hub;
use crate::series::{self, Series, SeriesKind};

/// Where funding lies, and its columns.
const FUNDING: SeriesKind = SeriesKind {
    folder: "funding",
    words: "funding rates",
    integers: &["interval_us"],
    floats: &["rate", "mark_price"],
};

impl Hub {
    /// Venues that have funding, sorted.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub fn funding_venues(&self) -> Result<Vec<String>, HubError> {
        series::venues(self, FUNDING)
    }

    /// Symbols of a venue that have funding, sorted; empty when the venue has none.
    ///
    /// # Errors
    /// When the folder cannot be listed or the name cannot be a venue.
    pub fn funding_symbols(&self, venue: &str) -> Result<Vec<String>, HubError> {
        series::symbols(self, FUNDING, venue)
    }

    /// What is known of a symbol's funding without reading its rows.
    ///
    /// # Errors
    /// When there is none (the nearest symbol is named), the footer cannot be read, or the provenance is missing or
    /// disagrees.
    pub fn funding_info(&self, venue: &str, symbol: &str) -> Result<TableInfo, HubError> {
        series::info(self, FUNDING, venue, symbol)
    }

    /// A symbol's funding, all rows, as the columns `timestamp, available_at, rate, interval_us, mark_price`: when it was
    /// due by the venue's label (some milliseconds late), when it could be known, the fraction the long pays to the short,
    /// the stretch it is for in microseconds (0 is unknown), the mark price (NaN is unknown).
    ///
    /// # Errors
    /// As [`Hub::read_funding`].
    pub fn funding(&self, venue: &str, symbol: &str) -> Result<Table, HubError> {
        Ok(self.read_funding(venue, symbol)?.into_table())
    }

    /// A symbol's funding, all rows.
    ///
    /// # Errors
    /// When there is none (the nearest symbol is named), or the table is damaged or not strictly sorted.
    pub fn read_funding(&self, venue: &str, symbol: &str) -> Result<Funding, HubError> {
        let Series { timestamp, available_at, mut integers, mut floats } = series::read(self, FUNDING, venue, symbol)?;
        let mark_price = floats.pop().unwrap_or_default();
        let rate = floats.pop().unwrap_or_default();
        let interval_us = integers.pop().unwrap_or_default();
        Ok(Funding { timestamp, available_at, rate, interval_us, mark_price })
    }
}

impl IngestPublisher {
    /// Publishes the funding of one symbol, replacing what was there.
    ///
    /// # Errors
    /// When the rows are not strictly sorted, a rate is not finite, an interval is negative, a mark price is not
    /// positive where present, or the file cannot be written; the table that was there stays.
    pub fn publish_funding(
        &self,
        venue: &str,
        symbol: &str,
        funding: &Funding,
        source: &TableSource,
    ) -> Result<(), HubError> {
        check(funding).map_err(|message| {
            HubError::refused(format!("funding rates of {symbol} at venue `{venue}` are refused: {message}"))
        })?;
        let series = Series {
            timestamp: funding.timestamp.clone(),
            available_at: funding.available_at.clone(),
            integers: vec![funding.interval_us.clone()],
            floats: vec![funding.rate.clone(), funding.mark_price.clone()],
        };
        series::publish(self, FUNDING, (venue, symbol), &series, source)
    }
}

/// The rules of the values.
fn check(funding: &Funding) -> Result<(), String> {
    let at = |row: usize| funding.timestamp.get(row).map_or(String::new(), |time| format_iso(*time));
    if let Some(row) = funding.rate.iter().position(|rate| !rate.is_finite()) {
        return Err(format!("the rate of {} is {}, expected a finite number", at(row), funding.rate[row]));
    }
    if let Some(row) = funding.interval_us.iter().position(|interval| *interval < 0) {
        return Err(format!("the interval of {} is {} us", at(row), funding.interval_us[row]));
    }
    let bad = |price: &f64| price.is_infinite() || *price <= 0.0;
    match funding.mark_price.iter().position(bad) {
        Some(row) => Err(format!("the mark price of {} is {}", at(row), funding.mark_price[row])),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
