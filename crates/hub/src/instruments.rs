//! The instruments table: `instruments/<venue>.parquet`.

use crosscut_model::Instrument;

use crate::error::HubError;
use crate::provenance::TableSource;
use crate::publisher::IngestPublisher;
use crate::reader::Hub;

impl Hub {
    /// The instruments of a venue, sorted by symbol and validity; empty when there is no table.
    ///
    /// # Errors
    /// When the table is damaged or disagrees with its provenance.
    pub fn instruments(&self, _venue: &str) -> Result<Vec<Instrument>, HubError> {
        Ok(Vec::new())
    }
}

impl IngestPublisher {
    /// Publishes the instruments of a venue, replacing what was there.
    ///
    /// # Errors
    /// When a symbol cannot be a name, two rows have one symbol and validity date, or the file cannot be written.
    pub fn publish_instruments(
        &self,
        _venue: &str,
        _instruments: &[Instrument],
        _source: &TableSource,
    ) -> Result<(), HubError> {
        Ok(())
    }
}
