//! Arrow files (Feather version 2) of flat columns: what pandas and freqtrade write, and files they read ([`encode`]).
//!
//! The format is read and written here and not with the Arrow crates: 36 crates and 79 CPU seconds of release build for four types of
//! columns would nearly double what the Parquet stack costs. Numbers, times, flags and texts are read, plain or packed
//! with LZ4 or zstd; nested and dictionary-encoded columns and the older Feather are refused by name. A damaged file gives
//! an error, never a panic. The format: <https://arrow.apache.org/docs/format/Columnar.html>.

mod flat;
mod values;
mod write;

use std::fs;
use std::path::Path;

use crosscut_model::{Column, Table};

use self::flat::Flat;
use self::values::Body;
pub use self::write::encode;
use crate::error::HubError;
use crate::names;
use crate::parquet_file::ColumnType;

/// What the file begins and ends with.
const MAGIC: &[u8] = b"ARROW1";

/// Bytes of an entry of the footer's list of batches.
const BLOCK_BYTES: usize = 24;

/// How a column's values are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stored {
    /// Whole numbers of this many bytes, signed or not.
    Integer(usize, bool),
    /// Floating-point numbers of this many bytes.
    Float(usize),
    /// Flags, a bit each.
    Flag,
    /// Texts with offsets of this many bytes.
    Text(usize),
    /// Times of this many bytes: ticks in a second, or 0 for days.
    Time(usize, i64),
}

/// A column of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Field {
    /// Its name.
    name: String,
    /// How its values are stored.
    stored: Stored,
}

/// A file in memory: its columns, and where its batches lie.
struct ArrowFile<'a> {
    /// Where it is, for messages.
    path: &'a Path,
    /// All bytes.
    bytes: Vec<u8>,
    /// Its columns.
    fields: Vec<Field>,
    /// Its batches: begin, bytes of metadata, bytes of values.
    blocks: Vec<(usize, usize, usize)>,
}

/// Names and types of a file's columns in the order they are stored.
///
/// # Errors
/// When the file cannot be read, is damaged, or holds a column of a type that is not read.
pub fn schema(path: &Path) -> Result<Vec<(String, ColumnType)>, HubError> {
    let file = ArrowFile::open(path)?;
    let kind = |stored: Stored| match stored {
        Stored::Integer(..) => ColumnType::Integer,
        Stored::Float(_) => ColumnType::Float,
        Stored::Flag => ColumnType::Bool,
        Stored::Text(_) => ColumnType::Text,
        Stored::Time(..) => ColumnType::Time,
    };
    Ok(file.fields.into_iter().map(|field| (field.name, kind(field.stored))).collect())
}

/// The asked columns of a file, whole, in the order asked; missing values as [`ColumnType`] says.
///
/// # Errors
/// As [`schema`]; when a column is absent (the nearest is named), or a time or flag is missing in a row.
pub fn read(path: &Path, columns: &[&str]) -> Result<Table, HubError> {
    let file = ArrowFile::open(path)?;
    let mut places = Vec::new();
    for name in columns {
        let place = file.fields.iter().position(|field| field.name == *name).ok_or_else(|| {
            let known: Vec<String> = file.fields.iter().map(|field| field.name.clone()).collect();
            HubError::schema(path, format!("has no column `{name}`{}", names::instead(name, &known)))
        })?;
        places.push(place);
    }
    let mut out: Vec<Option<Column>> = vec![None; places.len()];
    let mut rows = 0;
    for block in &file.blocks {
        let (n, body) =
            file.batch(*block).ok_or_else(|| file.damaged("a batch of rows is not what the footer says"))?;
        for (place, column) in places.iter().zip(&mut out) {
            let field = &file.fields[*place];
            let part = body
                .column(&file.fields, *place, n)
                .map_err(|why| file.damaged(format!("rows {rows} to {}, column `{}`: {why}", rows + n, field.name)))?;
            *column = Some(match column.take() {
                Some(before) => joined(before, part),
                None => part,
            });
        }
        rows += n;
    }
    let mut table = Table::default();
    for ((name, place), column) in columns.iter().zip(&places).zip(out) {
        table.push(*name, column.unwrap_or_else(|| empty(file.fields[*place].stored)));
    }
    Ok(table)
}

impl<'a> ArrowFile<'a> {
    /// Reads a file and its footer.
    fn open(path: &'a Path) -> Result<Self, HubError> {
        let bytes = fs::read(path).map_err(HubError::io("open", path))?;
        let mut file = Self { path, bytes, fields: Vec::new(), blocks: Vec::new() };
        if file.bytes.starts_with(b"FEA1") {
            let message =
                "is Feather version 1, which is not read\nhint: write it again as Feather version 2, Parquet or CSV";
            return Err(HubError::schema(path, message));
        }
        let footer = file.footer().ok_or_else(|| file.damaged("it does not end with the footer of an Arrow file"))?;
        let root = Flat::root(footer).ok_or_else(|| file.damaged("its footer cannot be read"))?;
        let blocks = blocks(root).ok_or_else(|| file.damaged("its footer does not say where its rows are"))?;
        let fields = fields(root).map_err(|message| match message {
            Some(message) => HubError::schema(path, message),
            None => file.damaged("its footer does not name its columns"),
        })?;
        (file.fields, file.blocks) = (fields, blocks);
        Ok(file)
    }

    /// The bytes of the footer.
    fn footer(&self) -> Option<&[u8]> {
        let rest = self.bytes.strip_suffix(MAGIC).filter(|_| self.bytes.starts_with(MAGIC))?;
        let (rest, length) = rest.split_last_chunk::<4>()?;
        let length = usize::try_from(i32::from_le_bytes(*length)).ok()?;
        rest.get(rest.len().checked_sub(length)?..)
    }

    /// Rows and values of a batch.
    fn batch(&self, (start, metadata, length): (usize, usize, usize)) -> Option<(usize, Body<'_>)> {
        let message = self.bytes.get(start..start.checked_add(metadata)?)?;
        // A length before the message, and before that a mark that older writers do not set.
        let skipped = if message.starts_with(&[0xff; 4]) { 8 } else { 4 };
        let message = Flat::root(message.get(skipped..)?)?;
        let batch = message.table(2).filter(|_| message.u8(1, 0) == Some(3))?;
        let from = start + metadata;
        let rows = usize::try_from(batch.i64(0, 0)?).ok()?;
        let codec = match batch.table(3) {
            None => None,
            Some(compression) => Some(compression.u8(0, 0)?),
        };
        let bytes = self.bytes.get(from..from.checked_add(length)?)?;
        Some((rows, Body { bytes, buffers: batch.vector(2)?, nodes: batch.vector(1)?, codec }))
    }

    /// An error that the file is damaged.
    fn damaged(&self, reason: impl std::fmt::Display) -> HubError {
        HubError::schema(self.path, format!("cannot be read as an Arrow file: {reason}"))
    }
}

/// Where the batches of a file lie, by its footer.
fn blocks(footer: Flat<'_>) -> Option<Vec<(usize, usize, usize)>> {
    let blocks = footer.vector(3)?;
    let block = |number: usize| {
        let start = usize::try_from(blocks.i64(number, BLOCK_BYTES, 0)?).ok()?;
        let metadata = usize::try_from(blocks.i32(number, BLOCK_BYTES, 8)?).ok()?;
        Some((start, metadata, usize::try_from(blocks.i64(number, BLOCK_BYTES, 16)?).ok()?))
    };
    (0..blocks.len).map(block).collect()
}

/// The columns of a file, by its footer. The error says which column is not read; `None` that the footer is damaged.
fn fields(footer: Flat<'_>) -> Result<Vec<Field>, Option<String>> {
    let schema = footer.table(1).ok_or(None)?;
    if schema.i16(0, 0) != Some(0) {
        return Err(Some("is written in big-endian byte order, which is not read".to_owned()));
    }
    let fields = schema.vector(1).ok_or(None)?;
    let mut out: Vec<Field> = Vec::new();
    for number in 0..fields.len {
        let field = fields.table(number).ok_or(None)?;
        let name = field.text(0).ok_or(None)?.to_owned();
        let nested = field.vector(5).ok_or(None)?.len > 0;
        let stored = if nested || field.table(4).is_some() { None } else { stored(field) };
        let stored = stored.ok_or_else(|| {
            Some(format!(
                "column `{name}` is nested, dictionary-encoded or of a type that is not read\nhint: write the file as Parquet or CSV"
            ))
        })?;
        if out.iter().any(|other| other.name == name) {
            return Err(Some(format!("has two columns named `{name}`")));
        }
        out.push(Field { name, stored });
    }
    Ok(out)
}

/// How a field's values are stored; `None` when they are not read.
fn stored(field: Flat<'_>) -> Option<Stored> {
    /// Ticks in a second of the format's four units.
    const UNITS: [i64; 4] = [1, 1_000, 1_000_000, 1_000_000_000];
    let detail = field.table(3);
    match field.u8(2, 0)? {
        2 => {
            let width = usize::try_from(detail?.i32(0, 0)?).ok().filter(|bits| [8, 16, 32, 64].contains(bits))?;
            Some(Stored::Integer(width / 8, detail?.u8(1, 0)? != 0))
        }
        3 => match detail?.i16(0, 0)? {
            1 => Some(Stored::Float(4)),
            2 => Some(Stored::Float(8)),
            _ => None,
        },
        5 => Some(Stored::Text(4)),
        6 => Some(Stored::Flag),
        8 if detail?.i16(0, 1)? == 0 => Some(Stored::Time(4, 0)),
        8 => Some(Stored::Time(8, 1_000)),
        10 => Some(Stored::Time(8, *UNITS.get(usize::try_from(detail?.i16(0, 0)?).ok()?)?)),
        20 => Some(Stored::Text(8)),
        _ => None,
    }
}

/// The columns of two batches as one.
fn joined(before: Column, after: Column) -> Column {
    let wide = |values: Vec<i64>| values.into_iter().map(|value| value as f64).collect::<Vec<f64>>();
    match (before, after) {
        (Column::F64(a), Column::F64(b)) => Column::F64([a, b].concat()),
        (Column::I64(a), Column::I64(b)) => Column::I64([a, b].concat()),
        // One batch misses values and the other does not.
        (Column::F64(a), Column::I64(b)) => Column::F64([a, wide(b)].concat()),
        (Column::I64(a), Column::F64(b)) => Column::F64([wide(a), b].concat()),
        (Column::Bool(a), Column::Bool(b)) => Column::Bool([a, b].concat()),
        (Column::Text(a), Column::Text(b)) => Column::Text([a, b].concat()),
        (before, _) => before,
    }
}

/// A column without rows.
fn empty(stored: Stored) -> Column {
    match stored {
        Stored::Float(_) => Column::F64(Vec::new()),
        Stored::Integer(..) | Stored::Time(..) => Column::I64(Vec::new()),
        Stored::Flag => Column::Bool(Vec::new()),
        Stored::Text(_) => Column::Text(Vec::new()),
    }
}

#[cfg(test)]
mod tests;
