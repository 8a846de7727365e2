//! The instruments table: `instruments/<venue>.parquet`.

use std::sync::Arc;

use crosscut_model::{Instrument, check_symbol};

use crate::bars::demand_type;
use crate::error::HubError;
use crate::layout;
use crate::names;
use crate::parquet_file::{ColumnCursor, ColumnSpec, ColumnType, ParquetFile, Storage, ValueKind, Values, guarded};
use crate::provenance::{Provenance, TableSource};
use crate::publisher::IngestPublisher;
use crate::reader::Hub;
use crate::single::{self, SingleWriter};

/// The time columns, in the order they are stored. Tables of older versions lack the last.
const TIMES: [&str; 4] = ["listed_at", "delisted_at", "valid_from", "seen_at"];

/// The number columns, in the order they are stored; unknown is NaN. Tables of older versions lack the last two.
const NUMBERS: [&str; 5] = ["tick_size", "lot_size", "min_notional", "min_quantity", "multiplier"];

/// The column of what the venue called an instrument; empty when that is its symbol. Tables of older versions lack it.
const LISTED_AS: &str = "listed_as";

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

    /// The rows of one symbol, ascending by the date from which each holds; empty when it is not in the table.
    ///
    /// # Errors
    /// As [`Hub::instruments`].
    pub fn instrument(&self, venue: &str, symbol: &str) -> Result<Vec<Instrument>, HubError> {
        Ok(self.instruments(venue)?.into_iter().filter(|row| row.symbol == symbol).collect())
    }

    /// Venues that have a table of instruments, sorted.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn instrument_venues(&self) -> Result<Vec<String>, HubError> {
        names::tables(&self.root().join("instruments"))
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
    let mut names = vec![String::new(); n];
    if file.find(LISTED_AS).is_some() {
        names.clear();
        cursor(LISTED_AS, ColumnType::Text)?.texts(n, &mut names)?;
    }
    let mut times: [Vec<Option<i64>>; 4] = std::array::from_fn(|_| vec![None; n]);
    for (name, values) in TIMES.iter().zip(&mut times).filter(|(name, _)| file.find(name).is_some()) {
        values.clear();
        cursor(name, ColumnType::Time)?.optional_integers(n, values)?;
    }
    let mut numbers: [Vec<f64>; 5] = std::array::from_fn(|_| vec![f64::NAN; n]);
    for (name, values) in NUMBERS.iter().zip(&mut numbers).filter(|(name, _)| file.find(name).is_some()) {
        values.clear();
        cursor(name, ColumnType::Float)?.floats(n, values)?;
    }
    let known = |value: f64| Some(value).filter(|v| !v.is_nan());
    let instruments = symbols.into_iter().zip(names).enumerate().map(|(row, (symbol, name))| Instrument {
        symbol,
        listed_as: Some(name).filter(|name| !name.is_empty()),
        listed_at: times[0][row],
        delisted_at: times[1][row],
        valid_from: times[2][row],
        seen_at: times[3][row],
        tick_size: known(numbers[0][row]),
        lot_size: known(numbers[1][row]),
        min_notional: known(numbers[2][row]),
        min_quantity: known(numbers[3][row]),
        multiplier: known(numbers[4][row]),
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
        if let Some(name) = &instrument.listed_as {
            check_symbol(name).map_err(|error| (row, error.to_string()))?;
        }
        let steps = numbers_of(instrument);
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

/// The numbers of a row in the order of [`NUMBERS`].
fn numbers_of(instrument: &Instrument) -> [Option<f64>; 5] {
    let Instrument { tick_size, lot_size, min_notional, min_quantity, multiplier, .. } = instrument;
    [*tick_size, *lot_size, *min_notional, *min_quantity, *multiplier]
}

/// The times of a row in the order of [`TIMES`].
fn times_of(instrument: &Instrument) -> [Option<i64>; 4] {
    [instrument.listed_at, instrument.delisted_at, instrument.valid_from, instrument.seen_at]
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
        specs.push(ColumnSpec::new(LISTED_AS, ValueKind::Text, Storage::Dictionary));
        specs.extend(TIMES.map(|name| ColumnSpec::new(name, ValueKind::MaybeTime, Storage::Plain)));
        specs.extend(NUMBERS.map(|name| ColumnSpec::new(name, ValueKind::Float, Storage::Dictionary)));
        let mut writer = SingleWriter::begin(self.root(), table, &specs)?;
        let symbols: Vec<String> = sorted.iter().map(|i| i.symbol.clone()).collect();
        let names: Vec<String> = sorted.iter().map(|i| i.listed_as.clone().unwrap_or_default()).collect();
        let times: [Vec<Option<i64>>; 4] = std::array::from_fn(|at| sorted.iter().map(|i| times_of(i)[at]).collect());
        let numbers: [Vec<f64>; 5] =
            std::array::from_fn(|at| sorted.iter().map(|i| numbers_of(i)[at].unwrap_or(f64::NAN)).collect());
        let mut values = vec![Values::Text(&symbols), Values::Text(&names)];
        values.extend(times.iter().map(|column| Values::MaybeI64(column)));
        values.extend(numbers.iter().map(|column| Values::F64(column)));
        writer.write_group(sorted.len(), &values)?;
        writer.finish(source)
    }
}

#[cfg(test)]
mod tests;
