//! Reading a factor set: the link is resolved once, when the set is opened.

use std::collections::BTreeSet;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crosscut_model::{Column, Range as TimeRange, Table, Timeframe};

use super::metadata::{FactorMetadata, TableEntry};
use super::table;
use crate::bars::{demand_type, read_floats, read_whole};
use crate::check::{self, Broken};
use crate::error::HubError;
use crate::hash::hash_file;
use crate::layout;
use crate::names;
use crate::parquet_file::{ColumnCursor, ColumnType, ParquetFile, guarded};
use crate::reader::Hub;
use crate::single;

/// Name of the metadata in the folder of a generation.
pub(super) const METADATA: &str = "metadata.json";

/// One generation of a factor set. A newer generation published meanwhile does not touch it; it is removed only after
/// two newer ones.
#[derive(Debug, Clone)]
pub struct FactorSet {
    /// Folder of the generation.
    folder: PathBuf,
    /// What the set says about itself.
    metadata: FactorMetadata,
    /// Symbols, sorted.
    symbols: Vec<String>,
}

impl FactorSet {
    /// Opens the generation in a folder.
    pub(super) fn open(folder: PathBuf) -> Result<Self, HubError> {
        let path = folder.join(METADATA);
        let text = fs::read(&path).map_err(HubError::io("open", &path))?;
        let metadata: FactorMetadata = serde_json::from_slice(&text).map_err(|error| HubError::Json {
            path: path.clone(),
            what: "the metadata of a factor set",
            reason: error.to_string(),
        })?;
        single::check_format(&path, Some(metadata.format_version))?;
        let symbols = metadata.tables.keys().cloned().collect();
        Ok(Self { folder, metadata, symbols })
    }

    /// Folder of the generation.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What the set says about itself.
    pub fn metadata(&self) -> &FactorMetadata {
        &self.metadata
    }

    /// Symbols, sorted.
    pub fn symbols(&self) -> &[String] {
        &self.symbols
    }

    /// Factor columns in the order they are stored.
    pub fn columns(&self) -> &[String] {
        &self.metadata.columns
    }

    /// What names the content of a symbol's table: the same for the same rows, whether they were computed at once or in
    /// updates. `None` when the set has no such symbol.
    pub fn content_hash(&self, symbol: &str) -> Option<&str> {
        let entry = self.metadata.tables.get(symbol)?;
        Some(entry.rows_hash.as_ref().unwrap_or(&entry.content_hash))
    }

    /// Rows whose timestamp lies in `range`: `timestamp`, `available_at` (and `bar_seq` of event bars, `i64`), the asked columns (`f64`, missing
    /// is NaN) in the order asked, `tradable_flag` (`bool`).
    ///
    /// # Errors
    /// When the symbol or a column is not in the set (the nearest is named), or the table is damaged, unsorted or
    /// disagrees with the metadata.
    pub fn read(&self, symbol: &str, columns: &[&str], range: TimeRange) -> Result<Table, HubError> {
        self.read_chosen(symbol, columns, |timestamp| range.positions(timestamp))
    }

    /// As [`Self::read`], of rows by their numbers, as far as there are such rows.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub(crate) fn read_rows(&self, symbol: &str, columns: &[&str], rows: Range<usize>) -> Result<Table, HubError> {
        self.read_chosen(symbol, columns, |timestamp| rows.start.min(timestamp.len())..rows.end.min(timestamp.len()))
    }

    /// Reads the rows that are chosen by looking at the timestamps of all.
    fn read_chosen(
        &self,
        symbol: &str,
        columns: &[&str],
        choose: impl FnOnce(&[i64]) -> Range<usize>,
    ) -> Result<Table, HubError> {
        for name in columns {
            self.demand_column(name)?;
        }
        let files = self.open_table(symbol)?;
        let mut keys = (Vec::new(), Vec::new(), Vec::new());
        for file in &files {
            guarded(&file.path, || {
                keys.0.extend(read_whole(file, "timestamp")?);
                keys.1.extend(read_whole(file, "available_at")?);
                if self.metadata.of_events {
                    keys.2.extend(read_whole(file, "bar_seq")?);
                }
                Ok(())
            })?;
        }
        let (timestamp, available_at, bar_seq) = keys;
        let sequence = self.metadata.of_events.then_some(bar_seq.as_slice());
        check::keys(&timestamp, &available_at, sequence).map_err(|broken| bad_row(&files, broken))?;
        let rows = choose(&timestamp);
        let mut table = Table::default();
        table.push("timestamp", Column::I64(timestamp[rows.clone()].to_vec()));
        table.push("available_at", Column::I64(available_at[rows.clone()].to_vec()));
        if let Some(sequence) = sequence {
            table.push("bar_seq", Column::I64(sequence[rows.clone()].to_vec()));
        }
        for name in columns {
            let read =
                |file: &Arc<ParquetFile>, rows| read_floats(file, demand_type(file, name, &ColumnType::Float)?, rows);
            table.push(*name, Column::F64(read_parts(&files, &rows, read)?));
        }
        table.push("tradable_flag", Column::Bool(read_parts(&files, &rows, read_flags)?));
        Ok(table)
    }

    /// Demands that each row has a label of its own, by which it can be joined with other rows.
    ///
    /// # Errors
    /// When the set was made of event bars.
    pub fn demand_labels(&self) -> Result<(), HubError> {
        if !self.metadata.of_events {
            return Ok(());
        }
        let (set, from) = (&self.metadata.factor_set, &self.metadata.source_data_path);
        Err(HubError::refused(format!(
            "factor set `{set}` is made of event bars ({from}), several of which may share a time; expected bars of one length"
        )))
    }

    /// Hashes every table and state of the set anew and compares it with the metadata.
    ///
    /// # Errors
    /// When a table or state is missing or its bytes are not the ones that were published.
    pub fn verify(&self) -> Result<(), HubError> {
        self.symbols.iter().try_for_each(|symbol| self.verify_symbol(symbol))?;
        self.state_names().iter().try_for_each(|name| self.read_state(name).map(|_| ()))
    }

    /// Hashes the table of a symbol anew and compares it with the metadata.
    ///
    /// # Errors
    /// When the table is missing or its bytes are not the ones that were published.
    pub fn verify_symbol(&self, symbol: &str) -> Result<(), HubError> {
        let (files, entry) = (self.open_table(symbol)?, self.entry(symbol)?);
        files.iter().enumerate().try_for_each(|(part, file)| self.check_hash(file, part, entry))
    }

    /// Hashes a file of a table anew, the part number `part` of it, and compares it with what the metadata says.
    pub(super) fn check_hash(&self, file: &ParquetFile, part: usize, entry: &TableEntry) -> Result<(), HubError> {
        let found = hash_file(&file.path)?;
        let stated = entry.parts.get(part).map_or(&entry.content_hash, |part| &part.content_hash);
        if found == *stated {
            return Ok(());
        }
        let message = format!("the table's hash is {found}, the metadata states {stated}");
        Err(self.disagree(&file.path, message))
    }

    /// What the metadata says of a symbol's table.
    pub(super) fn entry(&self, symbol: &str) -> Result<&TableEntry, HubError> {
        self.metadata.tables.get(symbol).ok_or_else(|| {
            let instead = names::instead(symbol, &self.symbols);
            let (set, frame) = (&self.metadata.factor_set, &self.metadata.timeframe);
            HubError::not_found(format!("factor set `{set}` ({frame}) has no symbol {symbol}{instead}"))
        })
    }

    /// Opens the files of a symbol's table, earlier rows first, which must be what the metadata says.
    pub(super) fn open_table(&self, symbol: &str) -> Result<Vec<Arc<ParquetFile>>, HubError> {
        let entry = self.entry(symbol)?;
        let path = self.folder.join(format!("{}.parquet", layout::symbol_name(symbol)?));
        let opened = self.open_parts(&path, entry);
        if opened.is_err() && !self.folder.exists() {
            let (set, number) = (&self.metadata.factor_set, self.metadata.generation);
            return Err(HubError::not_found(format!(
                "generation {number} of factor set `{set}` was removed while it was being read\nhint: start again"
            )));
        }
        opened
    }

    /// Opens the files of the table at a path.
    fn open_parts(&self, path: &Path, entry: &TableEntry) -> Result<Vec<Arc<ParquetFile>>, HubError> {
        if entry.parts.is_empty() {
            return Ok(vec![self.open_part(path, entry.rows)?]);
        }
        let stated: u64 = entry.parts.iter().map(|part| part.rows).sum();
        if stated != entry.rows {
            let message = format!("the metadata states {} rows and {stated} in its parts", entry.rows);
            return Err(self.disagree(path, message));
        }
        entry.parts.iter().map(|part| self.open_part(&path.join(&part.file), part.rows)).collect()
    }

    /// Opens a file of a table, which must have this many rows and the columns of the set.
    fn open_part(&self, path: &Path, rows: u64) -> Result<Arc<ParquetFile>, HubError> {
        let file = single::open_file(path)?;
        if file.n_rows() as u64 != rows {
            let message = format!("the table has {} rows, the metadata states {rows}", file.n_rows());
            return Err(self.disagree(path, message));
        }
        let expected = table::keys(self.metadata.of_events).iter().copied();
        let expected = expected.chain(self.columns().iter().map(String::as_str)).chain(["tradable_flag"]);
        let found = file.leaves.iter().map(|leaf| leaf.name.as_str());
        if !expected.clone().eq(found.clone()) {
            let (found, expected) = (found.collect::<Vec<_>>().join(", "), expected.collect::<Vec<_>>().join(", "));
            return Err(self.disagree(path, format!("the table has the columns {found}; expected {expected}")));
        }
        demand_type(&file, "timestamp", &ColumnType::Time)?;
        demand_type(&file, "available_at", &ColumnType::Time)?;
        demand_type(&file, "tradable_flag", &ColumnType::Bool)?;
        if self.metadata.of_events {
            demand_type(&file, "bar_seq", &ColumnType::Integer)?;
        }
        Ok(file)
    }

    /// Demands that the set has a factor column.
    fn demand_column(&self, name: &str) -> Result<(), HubError> {
        if self.columns().iter().any(|column| column == name) {
            return Ok(());
        }
        let instead = names::instead(name, self.columns());
        let (set, frame) = (&self.metadata.factor_set, &self.metadata.timeframe);
        Err(HubError::not_found(format!("factor set `{set}` ({frame}) has no column `{name}`{instead}")))
    }

    /// Demands that the folder holds the tables of the metadata, all of them and no others.
    fn check_files(&self) -> Result<(), HubError> {
        let there: BTreeSet<String> = names::tables(&self.folder)?.into_iter().collect();
        let stated: BTreeSet<String> = self.symbols.iter().cloned().collect();
        if let Some(symbol) = stated.difference(&there).next() {
            return Err(self.disagree(&self.folder, format!("the metadata lists {symbol}, which has no table")));
        }
        if let Some(symbol) = there.difference(&stated).next() {
            return Err(self.disagree(&self.folder, format!("the table of {symbol} is not listed in the metadata")));
        }
        Ok(())
    }

    /// An error that something disagrees with the metadata.
    pub(super) fn disagree(&self, path: &Path, message: String) -> HubError {
        let hint = "hint: produce the set again with `crosscut factors run`";
        HubError::Disagree {
            path: path.to_owned(),
            other: self.folder.join(METADATA),
            message: format!("{message}\n{hint}"),
        }
    }
}

/// A broken rule of a row counted over all files of a table.
fn bad_row(files: &[Arc<ParquetFile>], broken: Broken) -> HubError {
    let mut row = broken.row;
    for file in &files[..files.len() - 1] {
        if row < file.n_rows() {
            return file.bad_row(row, broken.message);
        }
        row -= file.n_rows();
    }
    files[files.len() - 1].bad_row(row, broken.message)
}

/// Rows of a column, counted over all files of a table, each file's share read by `read`.
fn read_parts<T>(
    files: &[Arc<ParquetFile>],
    rows: &Range<usize>,
    read: impl Fn(&Arc<ParquetFile>, Range<usize>) -> Result<Vec<T>, HubError>,
) -> Result<Vec<T>, HubError> {
    let (mut values, mut first) = (Vec::new(), 0);
    for file in files {
        let end = first + file.n_rows();
        let share = rows.start.max(first)..rows.end.min(end);
        if share.start < share.end {
            let more = guarded(&file.path, || read(file, share.start - first..share.end - first))?;
            // The usual table is one file: its values need not be copied.
            if values.is_empty() {
                values = more;
            } else {
                values.extend(more);
            }
        }
        first = end;
    }
    Ok(values)
}

/// Rows `rows` of the tradable flag.
fn read_flags(file: &Arc<ParquetFile>, rows: Range<usize>) -> Result<Vec<bool>, HubError> {
    let mut cursor = ColumnCursor::new(Arc::clone(file), file.demand("tradable_flag")?);
    let mut flags = Vec::new();
    cursor.skip(rows.start)?;
    cursor.flags(rows.len(), &mut flags)?;
    let known = flags.iter().enumerate().map(|(at, flag)| flag.ok_or_else(|| cursor.missing(rows.start + at)));
    known.collect()
}

impl Hub {
    /// Published factor sets as `(timeframe, name)`, sorted.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub fn factor_sets(&self) -> Result<Vec<(String, String)>, HubError> {
        let folder = self.root().join("factors");
        let mut sets = Vec::new();
        for timeframe in names::folders(&folder)? {
            for set in names::folders(&folder.join(&timeframe))? {
                sets.push((timeframe.clone(), set));
            }
        }
        Ok(sets)
    }

    /// Opens the published generation of a factor set.
    ///
    /// # Errors
    /// When there is no such set (the nearest is named), or its metadata is damaged or disagrees with its files.
    pub fn factor_set(&self, timeframe: Timeframe, set: &str) -> Result<FactorSet, HubError> {
        let Some(opened) = published(self.root(), timeframe, set)? else {
            return Err(self.no_such_set(timeframe, set)?);
        };
        let stated = (opened.metadata.timeframe.as_str(), opened.metadata.factor_set.as_str());
        if stated != (timeframe.to_string().as_str(), set) {
            let message = format!("the metadata is that of `{}` ({})", stated.1, stated.0);
            return Err(opened.disagree(&opened.folder, message));
        }
        opened.check_files()?;
        Ok(opened)
    }

    /// What to say of a set that is not there.
    fn no_such_set(&self, timeframe: Timeframe, set: &str) -> Result<HubError, HubError> {
        let frame = timeframe.to_string();
        let sets = self.factor_sets()?;
        let elsewhere: Vec<&str> = sets.iter().filter(|(_, name)| name == set).map(|(at, _)| at.as_str()).collect();
        let instead = if elsewhere.is_empty() {
            let here: Vec<String> = sets.iter().filter(|(at, _)| *at == frame).map(|(_, name)| name.clone()).collect();
            names::instead(set, &here)
        } else {
            format!("; it exists for {}", elsewhere.join(", "))
        };
        let root = self.root().display();
        Ok(HubError::not_found(format!("`{root}` has no factor set `{set}` of timeframe {frame}{instead}")))
    }
}

/// The published generation of a set as far as a producer can continue it: `None` also for one whose metadata is damaged
/// or gone, which is there to be replaced.
pub(super) fn continuable(root: &Path, timeframe: Timeframe, set: &str) -> Result<Option<FactorSet>, HubError> {
    match published(root, timeframe, set) {
        Err(HubError::Json { .. }) => Ok(None),
        Err(HubError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
        settled => settled,
    }
}

/// The published generation of a set; `None` when nothing is published under the name.
pub(super) fn published(root: &Path, timeframe: Timeframe, set: &str) -> Result<Option<FactorSet>, HubError> {
    let link = root.join(layout::factor_link(timeframe, set)?);
    if !link.is_dir() {
        return Ok(None);
    }
    // From here on everything goes through the resolved folder: the link may move at any moment.
    let folder = fs::canonicalize(&link).map_err(HubError::io("resolve", &link))?;
    FactorSet::open(folder).map(Some)
}
