//! Bar tables: `bars/<venue>/<bar>/<symbol>.parquet`.

use std::path::Path;
use std::sync::Arc;

use crosscut_model::bar::BAR_COLUMNS;
use crosscut_model::time::format_date;
use crosscut_model::{BarSpec, Bars, Column, Range, Table, format_iso};

use crate::check::{self, Broken};
use crate::digests::{Bits, RowDigests};
use crate::error::HubError;
use crate::layout;
use crate::names;
use crate::parquet_file::{
    ColumnCursor, ColumnSpec, ColumnType, ParquetFile, Storage, ValueKind, Values, demand_all, guarded,
};
use crate::provenance::{Provenance, TableSource};
use crate::publisher::IngestPublisher;
use crate::reader::Hub;
use crate::single::{self, SingleWriter};

mod table;

pub use table::BarTable;

/// Key of the digests of a table's rows in its footer.
const DIGESTS_KEY: &str = "crosscut.row_digests";

/// Rows of a row group of bars, at most.
const GROUP_ROWS: usize = 1 << 16;

/// Rows of a page of bars, at most: a producer that reads a stretch of rows decodes little beside it.
const PAGE_ROWS: usize = 1 << 12;

/// The rows behind the last multiple of this are a row group of their own that is not compressed: whoever follows a
/// table as it grows reads them and nothing else.
const LAST_ROWS: usize = 1 << 10;

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
    /// Digests of the rows in blocks; `None` when the table was written by a version that made none.
    pub row_digests: Option<RowDigests>,
}

/// Demands that a table covers a stretch of time: bounds that are not given are not demanded. A table covers what lies
/// from its first timestamp to the later of its last `available_at` and the end its source states.
///
/// # Errors
/// When the table begins after the start or ends before the end; the message gives both stretches.
pub fn require_range(info: &TableInfo, range: Range) -> Result<(), HubError> {
    let until = info.last_available_at.max(info.provenance.covered_until.unwrap_or(i64::MIN));
    let late = range.start.is_some_and(|start| start < info.first);
    let early = range.end.is_some_and(|end| end > until);
    if info.rows > 0 && !late && !early {
        return Ok(());
    }
    let day = |t: i64| if t.rem_euclid(crosscut_model::time::DAY) == 0 { format_date(t) } else { format_iso(t) };
    let asked = format!("{}..{}", range.start.map_or(String::new(), day), range.end.map_or(String::new(), day));
    let there = if info.rows == 0 { "nothing".to_owned() } else { format!("{}..{}", day(info.first), day(until)) };
    Err(HubError::Range {
        message: format!(
            "requested {asked} but {} cover {there}\nhint: ask for what there is, or import more",
            info.name
        ),
    })
}

impl Hub {
    /// Venues that have bars, sorted.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub fn venues(&self) -> Result<Vec<String>, HubError> {
        names::folders(&self.root().join("bars"))
    }

    /// Kinds of bars of a venue (`1h`, `tick-1000`), sorted.
    ///
    /// # Errors
    /// When there is no such venue; the message names the nearest.
    pub fn bar_kinds(&self, venue: &str) -> Result<Vec<String>, HubError> {
        let folder = self.root().join("bars").join(layout::check_name("venue", venue)?);
        if !folder.is_dir() {
            let instead = names::instead(venue, &self.venues()?);
            return Err(HubError::not_found(format!(
                "`{}` has no bars of venue `{venue}`{instead}",
                self.root().display()
            )));
        }
        // A folder that somebody else has put there is no table of the hub.
        let is_kind =
            |name: &str| (name.parse::<BarSpec>().is_ok() && folder.join(name).is_dir()).then(|| name.to_owned());
        names::list(&folder, is_kind)
    }

    /// Symbols that have bars of this kind, sorted.
    ///
    /// # Errors
    /// When there is no such venue or kind of bar; the message names the nearest.
    pub fn bar_symbols(&self, venue: &str, bar: &BarSpec) -> Result<Vec<String>, HubError> {
        let folder = self.root().join(layout::bar_folder(venue, bar)?);
        if !folder.is_dir() {
            let kinds = self.bar_kinds(venue)?;
            let instead = names::instead(&bar.to_string(), &kinds);
            return Err(HubError::not_found(format!(
                "`{}` has no {bar} bars of venue `{venue}`{instead}",
                self.root().display()
            )));
        }
        names::tables(&folder)
    }

    /// What is known of a bar table without reading its rows.
    ///
    /// # Errors
    /// When there is no such table, its footer cannot be read, or its provenance is missing or disagrees.
    pub fn bar_info(&self, venue: &str, bar: &BarSpec, symbol: &str) -> Result<TableInfo, HubError> {
        let (file, provenance) = self.open_bars(venue, bar, symbol)?;
        table_info(&file, provenance, format!("{symbol} {bar} bars of {venue}"))
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
        columns: &[&str],
        range: Range,
    ) -> Result<Table, HubError> {
        let (file, _) = self.open_bars(venue, bar, symbol)?;
        let leaves = demand_floats(&file, columns)?;
        guarded(&file.path, || {
            let (keys, rows) = read_keys(&file, bar, range)?;
            let mut table = Table::default();
            for (name, values) in keys {
                table.push(name, Column::I64(values));
            }
            for (name, leaf) in columns.iter().zip(leaves) {
                table.push(*name, Column::F64(read_floats(&file, leaf, rows.clone())?));
            }
            Ok(table)
        })
    }

    /// All bars of a table with all columns, extra columns included.
    ///
    /// # Errors
    /// As [`Hub::read_bars`].
    pub fn read_all_bars(&self, venue: &str, bar: &BarSpec, symbol: &str) -> Result<Bars, HubError> {
        let (file, _) = self.open_bars(venue, bar, symbol)?;
        guarded(&file.path, || {
            let (keys, rows) = read_keys(&file, bar, Range::ALL)?;
            let mut bars = Bars::default();
            for (name, values) in keys {
                match name {
                    "timestamp" => bars.timestamp = values,
                    "available_at" => bars.available_at = values,
                    _ => bars.bar_seq = values,
                }
            }
            for (name, values) in BAR_COLUMNS.iter().zip(bars.columns_mut()) {
                *values = read_floats(&file, file.demand(name)?, rows.clone())?;
            }
            for (leaf, column) in file.leaves.iter().enumerate() {
                if !is_standard(&column.name) && column.column_type == ColumnType::Float {
                    bars.extra.push((column.name.clone(), read_floats(&file, leaf, rows.clone())?));
                }
            }
            Ok(bars)
        })
    }

    /// Opens a bar table, or says what there is instead.
    fn open_bars(&self, venue: &str, bar: &BarSpec, symbol: &str) -> Result<(Arc<ParquetFile>, Provenance), HubError> {
        let table = layout::bar_table(venue, bar, symbol)?;
        let opened = single::open_table(self.root(), &table);
        if opened.is_err() && !self.root().join(&table).exists() {
            let instead = names::instead(symbol, &self.bar_symbols(venue, bar)?);
            return Err(HubError::not_found(format!(
                "`{}` has no {bar} bars of {symbol} at venue `{venue}`{instead}",
                self.root().display()
            )));
        }
        let (file, provenance) = opened?;
        check_schema(&file, bar)?;
        Ok((file, provenance))
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
        venue: &str,
        bar: &BarSpec,
        symbol: &str,
        bars: &Bars,
        source: &TableSource,
    ) -> Result<(), HubError> {
        let table = layout::bar_table(venue, bar, symbol)?;
        check_bars(bar, bars).map_err(|message| {
            HubError::refused(format!("{bar} bars of {symbol} at venue `{venue}` are refused: {message}"))
        })?;
        let mut writer = SingleWriter::begin_paged(self.root(), table, &specs(bar, bars), PAGE_ROWS)?;
        writer.note(DIGESTS_KEY, digests_of(bar, bars).to_text());
        let rows_of = |rows: std::ops::Range<usize>| {
            let mut values =
                vec![Values::I64(&bars.timestamp[rows.clone()]), Values::I64(&bars.available_at[rows.clone()])];
            if bar.is_event() {
                values.push(Values::I64(&bars.bar_seq[rows.clone()]));
            }
            values.extend(bars.columns().map(|column| Values::F64(&column[rows.clone()])));
            values.extend(bars.extra.iter().map(|(_, column)| Values::F64(&column[rows.clone()])));
            values
        };
        let last = bars.len() / LAST_ROWS * LAST_ROWS;
        for from in (0..last).step_by(GROUP_ROWS) {
            let rows = from..last.min(from + GROUP_ROWS);
            writer.write_group(rows.len(), &rows_of(rows))?;
        }
        if last < bars.len() {
            writer.write_plain_group(bars.len() - last, &rows_of(last..bars.len()))?;
        }
        writer.finish(source)
    }
}

/// What a table's footer and provenance say of it.
pub(crate) fn table_info(file: &ParquetFile, provenance: Provenance, name: String) -> Result<TableInfo, HubError> {
    let bounds = |name: &str| -> Result<(i64, i64), HubError> {
        let leaf = file.demand(name)?;
        match file.bounds(leaf) {
            Some(bounds) => Ok(bounds),
            None if file.n_rows() == 0 => Ok((0, 0)),
            None => Err(file.damaged(format!("its footer does not state the bounds of `{name}`"))),
        }
    };
    let (first, last) = bounds("timestamp")?;
    let (_, last_available_at) = bounds("available_at")?;
    Ok(TableInfo {
        name,
        rows: file.n_rows(),
        first,
        last,
        last_available_at,
        content_hash: provenance.content_hash.clone(),
        provenance,
        columns: file.leaves.iter().map(|leaf| leaf.name.clone()).collect(),
        row_digests: stored_digests(file)?,
    })
}

/// The digests of a table's rows by its footer.
fn stored_digests(file: &ParquetFile) -> Result<Option<RowDigests>, HubError> {
    let Some(text) = file.key_value(DIGESTS_KEY) else { return Ok(None) };
    match RowDigests::from_text(text).filter(|digests| digests.rows() == file.n_rows()) {
        Some(digests) => Ok(Some(digests)),
        None => Err(file.damaged("the digests of its rows in its footer are not those of its rows")),
    }
}

/// The digests of the rows of bars that are about to be published.
fn digests_of(bar: &BarSpec, bars: &Bars) -> RowDigests {
    let mut columns = vec![("timestamp", Bits::I64(&bars.timestamp)), ("available_at", Bits::I64(&bars.available_at))];
    if bar.is_event() {
        columns.push(("bar_seq", Bits::I64(&bars.bar_seq)));
    }
    columns.extend(BAR_COLUMNS.iter().zip(bars.columns()).map(|(name, values)| (*name, Bits::F64(values))));
    columns.extend(bars.extra.iter().map(|(name, values)| (name.as_str(), Bits::F64(values))));
    RowDigests::of(&columns)
}

/// Whether a column belongs to every bar table.
fn is_standard(name: &str) -> bool {
    matches!(name, "timestamp" | "available_at" | "bar_seq") || BAR_COLUMNS.contains(&name)
}

/// Names of the key columns of a kind of bar.
fn key_columns(bar: &BarSpec) -> &'static [&'static str] {
    if bar.is_event() { &["timestamp", "available_at", "bar_seq"] } else { &["timestamp", "available_at"] }
}

/// The columns of a bar table.
fn specs(bar: &BarSpec, bars: &Bars) -> Vec<ColumnSpec> {
    let mut specs: Vec<ColumnSpec> = Vec::new();
    for name in key_columns(bar) {
        let kind = if *name == "bar_seq" { ValueKind::Integer } else { ValueKind::Time };
        specs.push(ColumnSpec::new(*name, kind, Storage::Delta));
    }
    let floats = BAR_COLUMNS.iter().copied().chain(bars.extra.iter().map(|(name, _)| name.as_str()));
    specs.extend(floats.map(|name| ColumnSpec::new(name, ValueKind::Float, Storage::Plain)));
    specs
}

/// Demands the columns of a bar table.
fn check_schema(file: &ParquetFile, bar: &BarSpec) -> Result<(), HubError> {
    for name in key_columns(bar) {
        let expected = if *name == "bar_seq" { ColumnType::Integer } else { ColumnType::Time };
        demand_type(file, name, &expected)?;
    }
    for name in BAR_COLUMNS {
        demand_type(file, name, &ColumnType::Float)?;
    }
    Ok(())
}

/// Position of a column that must be there and hold values of a type.
pub(crate) fn demand_type(file: &ParquetFile, name: &str, expected: &ColumnType) -> Result<usize, HubError> {
    let leaf = file.demand(name)?;
    let found = &file.leaves[leaf].column_type;
    if found != expected {
        let message = format!("column `{name}` holds {found}, expected {expected}");
        return Err(HubError::schema(&file.path, message));
    }
    Ok(leaf)
}

/// Positions of the asked columns, all of which must hold floating-point numbers.
pub(crate) fn demand_floats(file: &ParquetFile, columns: &[&str]) -> Result<Vec<usize>, HubError> {
    let leaves = demand_all(file, columns)?;
    for name in columns {
        demand_type(file, name, &ColumnType::Float)?;
    }
    Ok(leaves)
}

/// Rows `rows` of a column of floating-point numbers.
pub(crate) fn read_floats(
    file: &Arc<ParquetFile>,
    leaf: usize,
    rows: std::ops::Range<usize>,
) -> Result<Vec<f64>, HubError> {
    let mut cursor = ColumnCursor::new(Arc::clone(file), leaf);
    let mut values = Vec::new();
    cursor.skip(rows.start)?;
    cursor.floats(rows.len(), &mut values)?;
    Ok(values)
}

/// A column of times or whole numbers, whole.
pub(crate) fn read_whole(file: &Arc<ParquetFile>, name: &str) -> Result<Vec<i64>, HubError> {
    let mut values = Vec::new();
    ColumnCursor::new(Arc::clone(file), file.demand(name)?).whole(file.n_rows(), &mut values)?;
    Ok(values)
}

/// Key columns by name.
type Keys = Vec<(&'static str, Vec<i64>)>;

/// The key columns of the rows whose timestamp lies in `range`, all keys of the table having been checked.
fn read_keys(file: &Arc<ParquetFile>, bar: &BarSpec, range: Range) -> Result<(Keys, std::ops::Range<usize>), HubError> {
    let mut keys = Keys::new();
    for name in key_columns(bar) {
        keys.push((name, read_whole(file, name)?));
    }
    let sequence = keys.get(2).map(|(_, values)| values.as_slice());
    check::keys(&keys[0].1, &keys[1].1, sequence).map_err(|broken| file.bad_row(broken.row, broken.message))?;
    let rows = range.positions(&keys[0].1);
    for (_, values) in &mut keys {
        values.truncate(rows.end);
        values.drain(..rows.start);
    }
    Ok((keys, rows))
}

/// The rules of bars that are about to be published.
fn check_bars(bar: &BarSpec, bars: &Bars) -> Result<(), String> {
    check_lengths(bar, bars)?;
    let at = |broken: Broken| {
        let time = bars.timestamp.get(broken.row).map_or(String::new(), |t| format_iso(*t));
        format!("row {} ({time}): {}", broken.row, broken.message)
    };
    let sequence = bar.is_event().then_some(bars.bar_seq.as_slice());
    check::keys(&bars.timestamp, &bars.available_at, sequence).map_err(at)?;
    for (name, values) in BAR_COLUMNS.iter().zip(bars.columns()) {
        // Premium indices swing around zero; every other price and amount does not.
        if !matches!(bar, BarSpec::Premium(_)) {
            check::amount(name, values).map_err(at)?;
        }
        if matches!(*name, "open" | "high" | "low" | "close") && !matches!(bar, BarSpec::Premium(_)) {
            check::positive(name, values).map_err(at)?;
        }
    }
    Ok(())
}

/// All columns must have one length, and extra columns names of their own.
fn check_lengths(bar: &BarSpec, bars: &Bars) -> Result<(), String> {
    let n = bars.len();
    let named = BAR_COLUMNS.iter().copied().zip(bars.columns().map(Vec::len));
    let extra = bars.extra.iter().map(|(name, values)| (name.as_str(), values.len()));
    let keys = [("available_at", bars.available_at.len())];
    let sequence = [("bar_seq", bars.bar_seq.len() + if bar.is_event() { 0 } else { n })];
    if !bar.is_event() && !bars.bar_seq.is_empty() {
        return Err("time bars carry no bar_seq".to_owned());
    }
    for (name, length) in named.chain(extra).chain(keys).chain(sequence) {
        if length != n {
            return Err(format!("column `{name}` has {length} rows, `timestamp` has {n}"));
        }
    }
    for (at, (name, _)) in bars.extra.iter().enumerate() {
        check_column_name(name)?;
        if is_standard(name) || bars.extra[..at].iter().any(|(before, _)| before == name) {
            return Err(format!("the name of the extra column `{name}` is taken"));
        }
    }
    Ok(())
}

/// A column name: 1 to 100 of `[a-z0-9_]`, beginning with a letter.
pub(crate) fn check_column_name(name: &str) -> Result<(), String> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
    if begins && name.len() <= 100 && name.chars().all(good) {
        return Ok(());
    }
    Err(format!(
        "`{}` cannot be a column name; expected a-z, 0-9 and `_`, beginning with a letter",
        name.escape_debug()
    ))
}

/// The path of a bar table inside a hub, as provenance and metadata write it.
///
/// # Errors
/// When a name cannot be a name.
pub fn bar_table_path(venue: &str, bar: &BarSpec, symbol: &str) -> Result<String, HubError> {
    let path: &Path = &layout::bar_table(venue, bar, symbol)?;
    Ok(path.display().to_string())
}

#[cfg(test)]
mod tests;
