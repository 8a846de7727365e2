//! The instruments table: `instruments/<venue>.parquet`.

use std::sync::Arc;

use crosscut_model::{Instrument, check_symbol};

use crate::bars::demand_type;
use crate::error::HubError;
use crate::layout;
use crate::parquet_file::{ColumnCursor, ColumnSpec, ColumnType, ParquetFile, Storage, ValueKind, Values, guarded};
use crate::provenance::{Provenance, TableSource};
use crate::publisher::IngestPublisher;
use crate::reader::Hub;
use crate::single::{self, SingleWriter};

/// The time columns, in the order they are stored.
const TIMES: [&str; 3] = ["listed_at", "delisted_at", "valid_from"];

/// The number columns, in the order they are stored; unknown is NaN.
const NUMBERS: [&str; 3] = ["tick_size", "lot_size", "min_notional"];

impl Hub {
    /// The instruments of a venue, sorted by symbol and validity; empty when there is no table.
    ///
    /// # Errors
    /// When the table is damaged or disagrees with its provenance.
    pub fn instruments(&self, venue: &str) -> Result<Vec<Instrument>, HubError> {
        let table = layout::instruments_table(venue)?;
        if !self.root().join(&table).exists() {
            return Ok(Vec::new());
        }
        let (file, _) = single::open_table(self.root(), &table)?;
        guarded(&file.path, || read(&file))
    }

    /// Where the instruments table of a venue came from, its content hash included; `None` when there is no table.
    ///
    /// # Errors
    /// When the table is damaged or disagrees with its provenance.
    pub fn instruments_provenance(&self, venue: &str) -> Result<Option<Provenance>, HubError> {
        let table = layout::instruments_table(venue)?;
        if !self.root().join(&table).exists() {
            return Ok(None);
        }
        Ok(Some(single::open_table(self.root(), &table)?.1))
    }
}

/// Reads the whole table.
fn read(file: &Arc<ParquetFile>) -> Result<Vec<Instrument>, HubError> {
    let n = file.n_rows();
    let cursor = |name: &str, expected: ColumnType| -> Result<ColumnCursor, HubError> {
        Ok(ColumnCursor::new(Arc::clone(file), demand_type(file, name, &expected)?))
    };
    let mut symbols = Vec::new();
    cursor("symbol", ColumnType::Text)?.texts(n, &mut symbols)?;
    let mut times: [Vec<Option<i64>>; 3] = Default::default();
    for (name, values) in TIMES.iter().zip(&mut times) {
        cursor(name, ColumnType::Time)?.optional_integers(n, values)?;
    }
    let mut numbers: [Vec<f64>; 3] = Default::default();
    for (name, values) in NUMBERS.iter().zip(&mut numbers) {
        cursor(name, ColumnType::Float)?.floats(n, values)?;
    }
    let known = |value: f64| Some(value).filter(|v| !v.is_nan());
    let instruments = symbols.into_iter().enumerate().map(|(row, symbol)| Instrument {
        symbol,
        listed_at: times[0][row],
        delisted_at: times[1][row],
        valid_from: times[2][row],
        tick_size: known(numbers[0][row]),
        lot_size: known(numbers[1][row]),
        min_notional: known(numbers[2][row]),
    });
    let instruments: Vec<Instrument> = instruments.collect();
    match check(&instruments) {
        Ok(()) => Ok(instruments),
        Err((row, message)) => Err(file.bad_row(row, message)),
    }
}

/// The rules of the table: sorted, unique keys, names that can be names, numbers that can be steps.
fn check(instruments: &[Instrument]) -> Result<(), (usize, String)> {
    for (row, instrument) in instruments.iter().enumerate() {
        let symbol = &instrument.symbol;
        check_symbol(symbol).map_err(|error| (row, error.to_string()))?;
        let steps = [instrument.tick_size, instrument.lot_size, instrument.min_notional];
        for (name, step) in NUMBERS.iter().zip(steps) {
            if let Some(step) = step.filter(|v| !v.is_finite() || *v < 0.0) {
                return Err((row, format!("{name} of {symbol} is {step}, expected finite and not negative")));
            }
        }
        if let (Some(listed), Some(delisted)) = (instrument.listed_at, instrument.delisted_at)
            && delisted <= listed
        {
            return Err((row, format!("{symbol} is delisted before it is listed")));
        }
        if row > 0 && key(&instruments[row - 1]) >= key(instrument) {
            return Err((row, format!("{symbol} appears twice with one validity date, or out of order")));
        }
    }
    Ok(())
}

/// What rows are sorted by; a row valid from always comes first.
fn key(instrument: &Instrument) -> (&str, Option<i64>) {
    (&instrument.symbol, instrument.valid_from)
}

impl IngestPublisher {
    /// Publishes the instruments of a venue in any order, replacing what was there.
    ///
    /// # Errors
    /// When a symbol cannot be a name, two rows have one symbol and validity date, a step is negative, or the file
    /// cannot be written.
    pub fn publish_instruments(
        &self,
        venue: &str,
        instruments: &[Instrument],
        source: &TableSource,
    ) -> Result<(), HubError> {
        let table = layout::instruments_table(venue)?;
        let mut sorted = instruments.to_vec();
        sorted.sort_by(|a, b| key(a).cmp(&key(b)));
        check(&sorted).map_err(|(_, message)| {
            HubError::refused(format!("instruments of venue `{venue}` are refused: {message}"))
        })?;
        let mut specs = vec![ColumnSpec::new("symbol", ValueKind::Text, Storage::Dictionary)];
        specs.extend(TIMES.map(|name| ColumnSpec::new(name, ValueKind::MaybeTime, Storage::Plain)));
        specs.extend(NUMBERS.map(|name| ColumnSpec::new(name, ValueKind::Float, Storage::Dictionary)));
        let mut writer = SingleWriter::begin(self.root(), table, &specs)?;
        let symbols: Vec<String> = sorted.iter().map(|i| i.symbol.clone()).collect();
        let time = |of: fn(&Instrument) -> Option<i64>| -> Vec<Option<i64>> { sorted.iter().map(of).collect() };
        let number = |of: fn(&Instrument) -> Option<f64>| -> Vec<f64> {
            sorted.iter().map(|i| of(i).unwrap_or(f64::NAN)).collect()
        };
        let times = [time(|i| i.listed_at), time(|i| i.delisted_at), time(|i| i.valid_from)];
        let numbers = [number(|i| i.tick_size), number(|i| i.lot_size), number(|i| i.min_notional)];
        let mut values = vec![Values::Text(&symbols)];
        values.extend(times.iter().map(|column| Values::MaybeI64(column)));
        values.extend(numbers.iter().map(|column| Values::F64(column)));
        writer.write_group(sorted.len(), &values)?;
        writer.finish(source)
    }
}

#[cfg(test)]
mod tests;
