//! Tables of instruments: listings, tick and lot sizes, merged by symbol into the venue's table.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crosscut_hub::{Hub, IngestPublisher, InputFile, Origin, TableSource};
use crosscut_model::time::{self, EpochUnit};
use crosscut_model::{Instrument, check_symbol};

use crate::error::{Fault, IngestError};

use super::checksum::Identity;
use super::container::{self, Container};
use super::decimal::{integer, number};
use super::fields::plain_name;
use super::report::{FileRecord, TableReport, TableStatus};
use super::shape::read_shape;

/// A table of instruments has at most this many bytes.
const BYTES_MAX: usize = 64 << 20;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// The symbol.
    Symbol,
    /// First moment of trading.
    Listed,
    /// End of trading.
    Delisted,
    /// Smallest price step.
    Tick,
    /// Smallest quantity step.
    Lot,
    /// Smallest order value.
    Notional,
    /// From when the row holds.
    ValidFrom,
}

/// Spellings of each meaning, reduced to lower-case letters and digits.
const ALIASES: [(Meaning, &[&str]); 7] = [
    (Meaning::Symbol, &["symbol", "instrument", "instid", "ticker"]),
    (
        Meaning::Listed,
        &["listingtime", "listedat", "listingdate", "onboardtimems", "onboarddate", "onboardtime", "listtime"],
    ),
    (Meaning::Delisted, &["delistingtime", "delistedat", "delistingdate"]),
    (Meaning::Tick, &["ticksize", "pricetick"]),
    (Meaning::Lot, &["lotsize", "stepsize", "lotstep"]),
    (Meaning::Notional, &["minnotional", "minimumnotional"]),
    (Meaning::ValidFrom, &["validfrom"]),
];

/// A table of instruments that has been looked at.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct InstrumentFile {
    /// Where it is.
    pub path: PathBuf,
    /// How the user named it.
    pub shown: String,
    /// Its size and hash.
    pub identity: Identity,
    /// What it is packed in.
    pub container: Container,
    /// Names of the columns that are not understood.
    pub unknown: Vec<String>,
}

/// Names of the columns that are not understood, when a header is that of a table of instruments.
pub(crate) fn recognise(header: &[String]) -> Option<Vec<String>> {
    let meanings: Vec<Option<Meaning>> = header.iter().map(|name| meaning(name)).collect();
    let has_symbol = meanings.contains(&Some(Meaning::Symbol));
    let has_more = meanings.iter().flatten().any(|meaning| *meaning != Meaning::Symbol);
    let unknown = header.iter().zip(&meanings).filter(|(_, meaning)| meaning.is_none());
    (has_symbol && has_more).then(|| unknown.map(|(name, _)| name.clone()).collect())
}

/// What a column name means.
fn meaning(name: &str) -> Option<Meaning> {
    let plain = plain_name(name);
    ALIASES.iter().find(|(_, names)| names.contains(&plain.as_str())).map(|(meaning, _)| *meaning)
}

/// Reads the rows of a table.
fn read(file: &InstrumentFile) -> Result<Vec<Instrument>, Fault> {
    let bytes = container::head(&file.path, &file.container, BYTES_MAX)?;
    let shape = read_shape(&bytes)?;
    let header = shape.header.unwrap_or_default();
    let mut rows: Vec<Instrument> = Vec::new();
    let mut keys = BTreeMap::new();
    for (at, fields) in shape.rows.iter().enumerate() {
        let row = shape.lines_before + 1 + at as u64;
        let instrument = read_row(&header, fields).map_err(|reason| Fault::row(row, reason))?;
        let key = (instrument.symbol.clone(), instrument.valid_from);
        if let Some(other) = keys.insert(key, row) {
            return Err(Fault::row(row, format!("{} was in row {other} already", instrument.symbol)));
        }
        rows.push(instrument);
    }
    Ok(rows)
}

/// One row; the error says what is wrong with it.
fn read_row(header: &[String], fields: &[String]) -> Result<Instrument, String> {
    if header.len() != fields.len() {
        return Err(format!("has {} fields; expected {}", fields.len(), header.len()));
    }
    let mut out = Instrument::default();
    for (name, text) in header.iter().zip(fields) {
        let wrong = |expected: &str| format!("{name} is `{}`; expected {expected}", text.escape_debug());
        match meaning(name) {
            Some(Meaning::Symbol) => out.symbol = check_symbol(text).map_err(|error| error.to_string())?.to_owned(),
            Some(_) if text.is_empty() => {}
            Some(Meaning::Listed) => out.listed_at = Some(read_time(text).ok_or_else(|| wrong("a UTC time"))?),
            Some(Meaning::Delisted) => out.delisted_at = Some(read_time(text).ok_or_else(|| wrong("a UTC time"))?),
            Some(Meaning::ValidFrom) => out.valid_from = Some(read_time(text).ok_or_else(|| wrong("a UTC time"))?),
            Some(Meaning::Tick) => out.tick_size = Some(read_step(text).ok_or_else(|| wrong("a positive number"))?),
            Some(Meaning::Lot) => out.lot_size = Some(read_step(text).ok_or_else(|| wrong("a positive number"))?),
            Some(Meaning::Notional) => {
                let value = number(text.as_bytes()).filter(|value| *value >= 0.0 && value.is_finite());
                out.min_notional = Some(value.ok_or_else(|| wrong("a number of at least 0"))?);
            }
            None => {}
        }
    }
    match (out.listed_at, out.delisted_at) {
        (Some(listed), Some(delisted)) if delisted <= listed => {
            Err(format!("{} is delisted before it is listed", out.symbol))
        }
        _ => Ok(out),
    }
}

/// A time as epoch number of any unit or text, microseconds UTC.
fn read_time(text: &str) -> Option<i64> {
    match integer(text.as_bytes()) {
        Some(value) => EpochUnit::detect(value).map(|unit| unit.to_micros(value)),
        None => time::parse_iso(text).ok(),
    }
}

/// A positive finite number.
fn read_step(text: &str) -> Option<f64> {
    number(text.as_bytes()).filter(|value| *value > 0.0 && value.is_finite())
}

/// Merges a table into the venue's: new symbols are added, unknown values filled in.
///
/// # Errors
/// When the file is refused, among other things because a known value differs and `replace` is not given.
pub(crate) fn run(
    hub: &Hub,
    publisher: &IngestPublisher,
    venue: &str,
    replace: bool,
    file: &InstrumentFile,
) -> Result<(FileRecord, TableReport), IngestError> {
    let rows = read(file).map_err(|fault| fault.of(&file.shown))?;
    let there = hub.instruments(venue)?;
    let mut table: BTreeMap<(String, Option<i64>), Instrument> =
        there.iter().map(|row| ((row.symbol.clone(), row.valid_from), row.clone())).collect();
    let n_rows = rows.len() as u64;
    for row in rows {
        let key = (row.symbol.clone(), row.valid_from);
        let merged = match table.get(&key) {
            Some(known) if !replace => fill(known, &row).map_err(|fault| fault.of(&file.shown))?,
            _ => row,
        };
        table.insert(key, merged);
    }
    let merged: Vec<Instrument> = table.into_values().collect();
    let added = (merged.len() - there.len()) as u64;
    let name = format!("instruments of {venue}");
    let status = if merged == there { TableStatus::Unchanged } else { TableStatus::Written };
    if status == TableStatus::Written {
        publisher.publish_instruments(venue, &merged, &source(file, n_rows))?;
    }
    let notes = match file.unknown.as_slice() {
        [] => Vec::new(),
        unknown => vec![format!("columns not kept: {}", unknown.join(", "))],
    };
    let record = FileRecord { shown: file.shown.clone(), decided: String::new(), rows: n_rows, notes };
    Ok((record, TableReport { table: name, rows: merged.len() as u64, added, status }))
}

/// Where the table comes from: the last file that changed it.
fn source(file: &InstrumentFile, rows: u64) -> TableSource {
    let name = file.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let input = InputFile {
        file: name,
        size: file.identity.size,
        sha256: file.identity.sha256.clone(),
        rows,
        first: 0,
        last: 0,
        covers_until: None,
    };
    TableSource {
        origin: Origin::List,
        inputs: vec![input],
        code_version: env!("CARGO_PKG_VERSION").to_owned(),
        covered_until: None,
        notes: Vec::new(),
    }
}

/// What is known of an instrument, with gaps filled from another row.
fn fill(known: &Instrument, row: &Instrument) -> Result<Instrument, Fault> {
    let differ = |what: &str, known: String, new: String| {
        Fault::file(format!("{what} of {} is {new} here and {known} in the table", row.symbol))
            .hint("give --replace if this file is right")
    };
    let number = |what: &str, known: Option<f64>, new: Option<f64>| match (known, new) {
        (Some(a), Some(b)) if a != b => Err(differ(what, a.to_string(), b.to_string())),
        _ => Ok(known.or(new)),
    };
    let instant = |what: &str, known: Option<i64>, new: Option<i64>| match (known, new) {
        (Some(a), Some(b)) if a != b => Err(differ(what, time::format_iso(a), time::format_iso(b))),
        _ => Ok(known.or(new)),
    };
    Ok(Instrument {
        symbol: row.symbol.clone(),
        listed_at: instant("listing time", known.listed_at, row.listed_at)?,
        delisted_at: instant("delisting time", known.delisted_at, row.delisted_at)?,
        tick_size: number("tick size", known.tick_size, row.tick_size)?,
        lot_size: number("lot size", known.lot_size, row.lot_size)?,
        min_notional: number("minimum notional", known.min_notional, row.min_notional)?,
        valid_from: row.valid_from,
        ..known.clone()
    })
}
