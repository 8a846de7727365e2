//! Tables of one symbol that are keyed by time and are no bars: what funding and corporate actions share.

use std::sync::Arc;

use crate::bars::{TableInfo, demand_floats, demand_type, read_floats, read_whole, table_info};
use crate::check;
use crate::error::HubError;
use crate::layout;
use crate::names;
use crate::parquet_file::{ColumnSpec, ColumnType, ParquetFile, Storage, ValueKind, Values, guarded};
use crate::provenance::{Provenance, TableSource};
use crate::publisher::IngestPublisher;
use crate::reader::Hub;
use crate::single::{self, SingleWriter};

/// A kind of such tables.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SeriesKind {
    /// Its folder in the hub.
    pub(crate) folder: &'static str,
    /// What its rows are, in words.
    pub(crate) words: &'static str,
    /// Its columns of whole numbers behind `timestamp` and `available_at`.
    pub(crate) integers: &'static [&'static str],
    /// Its columns of floating-point numbers, which follow.
    pub(crate) floats: &'static [&'static str],
}

/// The columns of such a table: the two times, whole numbers, floating-point numbers.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Series {
    /// Labels, strictly ascending, microseconds UTC.
    pub(crate) timestamp: Vec<i64>,
    /// When each row could be known, microseconds UTC.
    pub(crate) available_at: Vec<i64>,
    /// By the kind's `integers`.
    pub(crate) integers: Vec<Vec<i64>>,
    /// By the kind's `floats`.
    pub(crate) floats: Vec<Vec<f64>>,
}

/// Venues that have tables of a kind, sorted.
pub(crate) fn venues(hub: &Hub, kind: SeriesKind) -> Result<Vec<String>, HubError> {
    names::folders(&hub.root().join(kind.folder))
}

/// Symbols that have a table of a kind, sorted; empty when the venue has none.
pub(crate) fn symbols(hub: &Hub, kind: SeriesKind, venue: &str) -> Result<Vec<String>, HubError> {
    names::tables(&hub.root().join(layout::venue_folder(kind.folder, venue)?))
}

/// What is known of a table without reading its rows.
pub(crate) fn info(hub: &Hub, kind: SeriesKind, venue: &str, symbol: &str) -> Result<TableInfo, HubError> {
    let (file, provenance) = open(hub, kind, venue, symbol)?;
    table_info(&file, provenance, format!("{symbol} {} of {venue}", kind.words))
}

/// Whether there is a table of a symbol.
pub(crate) fn exists(hub: &Hub, kind: SeriesKind, venue: &str, symbol: &str) -> Result<bool, HubError> {
    Ok(hub.root().join(layout::symbol_table(kind.folder, venue, symbol)?).exists())
}

/// Reads a whole table and checks its keys.
pub(crate) fn read(hub: &Hub, kind: SeriesKind, venue: &str, symbol: &str) -> Result<Series, HubError> {
    let (file, _) = open(hub, kind, venue, symbol)?;
    let leaves = demand_floats(&file, kind.floats)?;
    guarded(&file.path, || {
        let mut series = Series {
            timestamp: read_whole(&file, "timestamp")?,
            available_at: read_whole(&file, "available_at")?,
            ..Series::default()
        };
        for name in kind.integers {
            series.integers.push(read_whole(&file, name)?);
        }
        for leaf in leaves {
            series.floats.push(read_floats(&file, leaf, 0..file.n_rows())?);
        }
        check(&series).map_err(|broken| file.bad_row(broken.row, broken.message))?;
        Ok(series)
    })
}

/// Publishes a table, replacing what was there.
pub(crate) fn publish(
    publisher: &IngestPublisher,
    kind: SeriesKind,
    (venue, symbol): (&str, &str),
    series: &Series,
    source: &TableSource,
) -> Result<(), HubError> {
    let table = layout::symbol_table(kind.folder, venue, symbol)?;
    let columns = series.integers.iter().map(Vec::len).chain(series.floats.iter().map(Vec::len));
    if columns.chain([series.available_at.len()]).any(|length| length != series.timestamp.len()) {
        return Err(HubError::refused(format!("{} of {symbol} are refused: columns differ in length", kind.words)));
    }
    check(series).map_err(|broken| {
        HubError::refused(format!(
            "{} of {symbol} at venue `{venue}` are refused: row {}: {}",
            kind.words, broken.row, broken.message
        ))
    })?;
    let mut specs =
        ["timestamp", "available_at"].map(|name| ColumnSpec::new(name, ValueKind::Time, Storage::Delta)).to_vec();
    specs.extend(kind.integers.iter().map(|name| ColumnSpec::new(*name, ValueKind::Integer, Storage::Delta)));
    specs.extend(kind.floats.iter().map(|name| ColumnSpec::new(*name, ValueKind::Float, Storage::Dictionary)));
    let mut writer = SingleWriter::begin(publisher.root(), table, &specs)?;
    let mut values = vec![Values::I64(&series.timestamp), Values::I64(&series.available_at)];
    values.extend(series.integers.iter().map(|column| Values::I64(column)));
    values.extend(series.floats.iter().map(|column| Values::F64(column)));
    writer.write_group(series.timestamp.len(), &values)?;
    writer.finish(source)
}

/// Opens a table, or says what there is instead.
fn open(hub: &Hub, kind: SeriesKind, venue: &str, symbol: &str) -> Result<(Arc<ParquetFile>, Provenance), HubError> {
    if !exists(hub, kind, venue, symbol)? {
        let instead = names::instead(symbol, &symbols(hub, kind, venue)?);
        return Err(HubError::not_found(format!(
            "`{}` has no {} of {symbol} at venue `{venue}`{instead}",
            hub.root().display(),
            kind.words
        )));
    }
    let (file, provenance) = single::open_table(hub.root(), &layout::symbol_table(kind.folder, venue, symbol)?)?;
    for name in ["timestamp", "available_at"] {
        demand_type(&file, name, &ColumnType::Time)?;
    }
    for name in kind.integers {
        demand_type(&file, name, &ColumnType::Integer)?;
    }
    Ok((file, provenance))
}

/// The rules of the keys.
fn check(series: &Series) -> Result<(), check::Broken> {
    check::increasing("timestamp", &series.timestamp)?;
    check::not_decreasing("available_at", &series.available_at)?;
    check::known_after(&series.timestamp, &series.available_at, false)
}
