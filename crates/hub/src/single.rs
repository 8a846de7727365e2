//! Single tables (ticks, bars, funding, corporate actions, instruments): a Parquet file and its provenance, published one table at a time.
//!
//! Table and provenance are two files, so one rename cannot publish both. The new provenance is therefore laid beside
//! the old one as `.next` before the table is renamed: a reader takes the one that agrees with the table it sees, at
//! whatever moment a writer may have been killed.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::HubError;
use crate::layout;
use crate::names;
use crate::parquet_file::{ColumnSpec, PAGE_ROWS, ParquetFile, TableWriter, Values};
use crate::provenance::{FORMAT_VERSION, Provenance, TableSource};
use crate::replace::{self, Aside};

/// Key of the format version in the footer of every table of the hub.
pub(crate) const FORMAT_KEY: &str = "crosscut.format";

/// How often a table is opened anew when it seems to be changing under the reader.
const ATTEMPTS: usize = 4;

/// Writes one single table. Dropped without [`SingleWriter::finish`], it leaves the table that was there.
#[derive(Debug)]
pub(crate) struct SingleWriter {
    /// The hub's folder.
    root: PathBuf,
    /// Path of the table inside the hub.
    table: PathBuf,
    /// The file being written.
    aside: Aside,
    /// Its writer.
    writer: TableWriter,
    /// Rows written so far.
    rows: u64,
}

impl SingleWriter {
    /// Starts a table.
    pub(crate) fn begin(root: &Path, table: PathBuf, columns: &[ColumnSpec]) -> Result<Self, HubError> {
        Self::begin_paged(root, table, columns, PAGE_ROWS)
    }

    /// Starts a table whose pages hold at most `page_rows` rows.
    pub(crate) fn begin_paged(
        root: &Path,
        table: PathBuf,
        columns: &[ColumnSpec],
        page_rows: usize,
    ) -> Result<Self, HubError> {
        let aside = Aside::begin(&root.join(&table))?;
        let mut writer = TableWriter::new(aside.path(), aside.file()?, columns, page_rows)?;
        writer.note(FORMAT_KEY, FORMAT_VERSION.to_string());
        Ok(Self { root: root.to_owned(), table, aside, writer, rows: 0 })
    }

    /// Adds a pair to the footer's key-value list.
    pub(crate) fn note(&mut self, key: &str, value: String) {
        self.writer.note(key, value);
    }

    /// Writes a row group of `rows` rows.
    pub(crate) fn write_group(&mut self, rows: usize, values: &[Values<'_>]) -> Result<(), HubError> {
        self.rows += rows as u64;
        self.writer.write_group(values)
    }

    /// Writes a row group of `rows` rows of numbers as they are: see [`TableWriter::write_plain_group`].
    pub(crate) fn write_plain_group(&mut self, rows: usize, values: &[Values<'_>]) -> Result<(), HubError> {
        self.rows += rows as u64;
        self.writer.write_plain_group(values)
    }

    /// Completes the table and publishes it with its provenance.
    pub(crate) fn finish(self, source: &TableSource) -> Result<(), HubError> {
        let finished = self.writer.finish()?;
        let provenance = Provenance {
            table: self.table.display().to_string(),
            origin: source.origin,
            inputs: source.inputs.clone(),
            code_version: source.code_version.clone(),
            rows: self.rows,
            size: finished.size,
            covered_until: source.covered_until,
            content_hash: finished.content_hash,
            notes: source.notes.clone(),
            format_version: FORMAT_VERSION,
        };
        let lasting = self.root.join(layout::provenance_file(&self.table));
        let next = next_of(&lasting);
        // One folder sync, at the table, is enough: the journal keeps the order of the renames, and a provenance
        // that is lost in a power cut is noticed and named by every reader.
        replace::write_aside(&next, &to_json(&provenance))?.rename()?;
        self.aside.publish()?;
        settle_one(&next, &lasting)
    }
}

/// Puts every provenance in place that a killed writer published a table for and left beside the old one. Those that
/// wait for a table that never came stay until the next writer of that table; no reader takes them.
pub(crate) fn settle(root: &Path) -> Result<(), HubError> {
    let top = root.join("provenance");
    let mut folders = vec![top.clone()];
    while let Some(folder) = folders.pop() {
        folders.extend(names::folders(&folder)?.iter().map(|name| folder.join(name)));
        let waiting = |name: &str| name.strip_suffix(".json.next").map(str::to_owned);
        for name in names::list(&folder, waiting)? {
            let lasting = folder.join(format!("{name}.json"));
            let table = root.join(folder.strip_prefix(&top).expect("found below the top")).join(&name);
            if let (Ok(file), Ok(provenance)) = (open_file(&table), load(&next_of(&lasting)))
                && agree(&file, &provenance)
            {
                settle_one(&next_of(&lasting), &lasting)?;
            }
        }
    }
    Ok(())
}

/// Puts a provenance in place whose table has been published.
fn settle_one(next: &Path, lasting: &Path) -> Result<(), HubError> {
    match fs::rename(next, lasting) {
        // Another process that starts at this moment has settled it.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && lasting.exists() => Ok(()),
        result => result.map_err(HubError::io("rename", next)),
    }
}

/// Whether a provenance speaks of this very table.
fn agree(file: &ParquetFile, provenance: &Provenance) -> bool {
    provenance.rows == file.n_rows() as u64 && provenance.size == file.size
}

/// Opens a Parquet file of the hub, refusing formats newer than this program.
pub(crate) fn open_file(path: &Path) -> Result<Arc<ParquetFile>, HubError> {
    let file = ParquetFile::open(path)?;
    check_format(path, file.key_value(FORMAT_KEY).and_then(|text| text.parse().ok()))?;
    Ok(Arc::new(file))
}

/// Refuses formats newer than this program, and files that are not the hub's own.
pub(crate) fn check_format(path: &Path, version: Option<u32>) -> Result<(), HubError> {
    match version {
        Some(version) if version <= FORMAT_VERSION => Ok(()),
        Some(version) => Err(HubError::schema(
            path,
            format!(
                "format version {version} is newer than this program knows ({FORMAT_VERSION})\nhint: update crosscut"
            ),
        )),
        None => Err(HubError::schema(
            path,
            "this file was not published by crosscut\nhint: bring data in with `crosscut data import`",
        )),
    }
}

/// Opens a single table together with the provenance that belongs to it.
pub(crate) fn open_table(root: &Path, table: &Path) -> Result<(Arc<ParquetFile>, Provenance), HubError> {
    let path = root.join(table);
    let mut outcome = open_once(root, table, &path);
    for _ in 1..ATTEMPTS {
        // A disagreement may mean that a publisher has just renamed one of the two: look again.
        match outcome {
            Err(HubError::Disagree { .. }) => outcome = open_once(root, table, &path),
            settled => return settled,
        }
    }
    outcome
}

/// One attempt of [`open_table`].
fn open_once(root: &Path, table: &Path, path: &Path) -> Result<(Arc<ParquetFile>, Provenance), HubError> {
    let file = open_file(path)?;
    let lasting = root.join(layout::provenance_file(table));
    let next = next_of(&lasting);
    let newer = match load(&next) {
        // None waits, or a publisher has just put it in place.
        Err(HubError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => None,
        loaded => Some(loaded?),
    };
    if let Some(provenance) = newer.filter(|provenance| agree(&file, provenance)) {
        return Ok((file, provenance));
    }
    let provenance = load(&lasting)?;
    if !agree(&file, &provenance) {
        return Err(HubError::Disagree {
            path: path.to_owned(),
            other: lasting,
            message: format!(
                "the table has {} rows in {} bytes, its provenance states {} rows in {} bytes\nhint: import or aggregate it again with --replace",
                file.n_rows(),
                file.size,
                provenance.rows,
                provenance.size
            ),
        });
    }
    Ok((file, provenance))
}

/// Reads a provenance file.
pub(crate) fn load(path: &Path) -> Result<Provenance, HubError> {
    let what = "the provenance of a table";
    let text = fs::read(path).map_err(HubError::io("open", path))?;
    let provenance: Provenance = serde_json::from_slice(&text).map_err(|error| HubError::Json {
        path: path.to_owned(),
        what,
        reason: error.to_string(),
    })?;
    check_format(path, Some(provenance.format_version))?;
    Ok(provenance)
}

/// Where a new provenance waits for its table.
fn next_of(lasting: &Path) -> PathBuf {
    let mut name = lasting.as_os_str().to_owned();
    name.push(".next");
    PathBuf::from(name)
}

/// JSON text with a line end.
pub(crate) fn to_json(value: &impl serde::Serialize) -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(value).expect("the hub's own types have string keys and no failing parts");
    text.push(b'\n');
    text
}

#[cfg(test)]
mod tests;
