//! Writing Parquet tables: required columns wherever nothing can be missing, zstd at level 1, delta encoding for ids
//! and times, a hash of the bytes as they go by.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{Compression, Encoding, LogicalType, Repetition, TimeUnit, Type as Physical, ZstdLevel};
use parquet::column::writer::ColumnCloseResult;
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{ColumnDescPtr, ColumnPath, Type};

use super::encoded::ChunkEncoder;
use super::pages;
use crate::error::HubError;

/// Rows of a row group, at most.
pub(crate) const GROUP_ROWS: usize = 1 << 20;

/// Rows of a page, at most, where a table is read whole: fewer pages cost less to set up, and this one still fits the
/// cache.
pub(crate) const PAGE_ROWS: usize = 1 << 16;

/// What a column to be written holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValueKind {
    /// Microseconds UTC.
    Time,
    /// Microseconds UTC, some missing.
    MaybeTime,
    /// Whole numbers.
    Integer,
    /// Floating-point numbers; missing is NaN.
    Float,
    /// Flags.
    Bool,
    /// Flags, some missing.
    MaybeBool,
    /// Words.
    Text,
}

/// How a column is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Storage {
    /// As it is: for numbers that hardly repeat.
    Plain,
    /// Distinct values once: for prices, sizes and words.
    Dictionary,
    /// Differences: for ids and times.
    Delta,
}

/// A column to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ColumnSpec {
    /// Its name.
    pub(crate) name: String,
    /// What it holds.
    pub(crate) kind: ValueKind,
    /// How it is stored.
    pub(crate) storage: Storage,
}

impl ColumnSpec {
    /// A column to be written.
    pub(crate) fn new(name: impl Into<String>, kind: ValueKind, storage: Storage) -> Self {
        Self { name: name.into(), kind, storage }
    }
}

/// Values of one column of a row group; all columns have the same number of rows.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Values<'a> {
    /// Times or whole numbers.
    I64(&'a [i64]),
    /// Times, some missing.
    MaybeI64(&'a [Option<i64>]),
    /// Floating-point numbers.
    F64(&'a [f64]),
    /// Flags.
    Bool(&'a [bool]),
    /// Flags, some missing.
    MaybeBool(&'a [Option<bool>]),
    /// Words.
    Text(&'a [String]),
}

impl Values<'_> {
    /// Number of rows.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::I64(values) => values.len(),
            Self::MaybeI64(values) => values.len(),
            Self::F64(values) => values.len(),
            Self::Bool(values) => values.len(),
            Self::MaybeBool(values) => values.len(),
            Self::Text(values) => values.len(),
        }
    }
}

/// A finished file, all written, not yet synced.
#[derive(Debug)]
pub(crate) struct Finished {
    /// Bytes.
    pub(crate) size: u64,
    /// BLAKE3 of the bytes, lower-case hex.
    pub(crate) content_hash: String,
}

/// Writes one Parquet file, row group by row group.
pub(crate) struct TableWriter {
    /// Where, for messages.
    path: PathBuf,
    /// The library's writer.
    writer: SerializedFileWriter<HashingFile>,
    /// The columns.
    columns: Vec<ColumnSpec>,
    /// Encodes what columns mostly hold.
    encoder: ChunkEncoder,
}

impl std::fmt::Debug for TableWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TableWriter").field("path", &self.path).finish_non_exhaustive()
    }
}

impl TableWriter {
    /// Starts a file whose pages hold at most `page_rows` rows.
    pub(crate) fn new(path: &Path, file: File, columns: &[ColumnSpec], page_rows: usize) -> Result<Self, HubError> {
        let schema = schema_of(columns).map_err(|e| failed(path, &e))?;
        let output = HashingFile { file, hasher: blake3::Hasher::new(), size: 0 };
        let writer = SerializedFileWriter::new(output, Arc::new(schema), Arc::new(properties(columns, page_rows)))
            .map_err(|e| failed(path, &e))?;
        let (columns, encoder) = (columns.to_vec(), ChunkEncoder::new(page_rows));
        Ok(Self { path: path.to_owned(), writer, columns, encoder })
    }

    /// Adds a pair to the footer's key-value list.
    pub(crate) fn note(&mut self, key: &str, value: impl Into<Option<String>>) {
        self.writer.append_key_value_metadata(KeyValue::new(key.to_owned(), value));
    }

    /// Writes one row group; the values are in the order of the columns.
    pub(crate) fn write_group(&mut self, values: &[Values<'_>]) -> Result<(), HubError> {
        let descriptor = self.writer.schema_descr().columns().to_vec();
        let mut write = || {
            let mut group = self.writer.next_row_group()?;
            for ((column, spec), values) in descriptor.iter().zip(&self.columns).zip(values) {
                match self.encoder.chunk(column, spec, *values)? {
                    Some((bytes, closed)) => group.append_column(&bytes, closed)?,
                    None => write_column(&mut group, *values)?,
                }
            }
            group.close().map(|_| ())
        };
        write().map_err(|e| failed(&self.path, &e))
    }

    /// Writes one row group of numbers as they are, in a page each, for readers of the last rows alone: nothing has to
    /// be decompressed for them.
    pub(crate) fn write_plain_group(&mut self, values: &[Values<'_>]) -> Result<(), HubError> {
        let descriptor = self.writer.schema_descr().columns().to_vec();
        let mut chunks = Vec::with_capacity(values.len());
        for (column, values) in descriptor.into_iter().zip(values) {
            chunks.push(plain_chunk(column, *values).map_err(|e| failed(&self.path, &e))?);
        }
        let write = || {
            let mut group = self.writer.next_row_group()?;
            for (bytes, closed) in chunks {
                group.append_column(&bytes, closed)?;
            }
            group.close().map(|_| ())
        };
        write().map_err(|e| failed(&self.path, &e))
    }

    /// Writes the footer.
    pub(crate) fn finish(self) -> Result<Finished, HubError> {
        let output = self.writer.into_inner().map_err(|e| failed(&self.path, &e))?;
        let content_hash = output.hasher.finalize().to_hex().to_string();
        Ok(Finished { size: output.size, content_hash })
    }
}

/// The Parquet schema of columns.
pub(super) fn schema_of(columns: &[ColumnSpec]) -> Result<Type, ParquetError> {
    let fields: Result<Vec<_>, ParquetError> = columns.iter().map(|c| field(c).map(Arc::new)).collect();
    Type::group_type_builder("table").with_fields(fields?).build()
}

/// The Parquet field of a column.
fn field(column: &ColumnSpec) -> Result<Type, ParquetError> {
    let micros = || Some(LogicalType::timestamp(true, TimeUnit::MICROS));
    let (physical, logical, optional) = match column.kind {
        ValueKind::Time => (Physical::INT64, micros(), false),
        ValueKind::MaybeTime => (Physical::INT64, micros(), true),
        ValueKind::Integer => (Physical::INT64, None, false),
        ValueKind::Float => (Physical::DOUBLE, None, false),
        ValueKind::Bool => (Physical::BOOLEAN, None, false),
        ValueKind::MaybeBool => (Physical::BOOLEAN, None, true),
        ValueKind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String), false),
    };
    let repetition = if optional { Repetition::OPTIONAL } else { Repetition::REQUIRED };
    Type::primitive_type_builder(&column.name, physical).with_repetition(repetition).with_logical_type(logical).build()
}

/// Compression, encodings and statistics.
pub(super) fn properties(columns: &[ColumnSpec], page_rows: usize) -> WriterProperties {
    // Statistics serve the times alone: `TableInfo` reads first and last rows from the footer.
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true)
        .set_data_page_row_count_limit(page_rows)
        .set_max_row_group_row_count(None);
    for column in columns {
        let path = || ColumnPath::from(column.name.as_str());
        match column.storage {
            Storage::Plain => {}
            Storage::Dictionary => builder = builder.set_column_dictionary_enabled(path(), true),
            Storage::Delta => builder = builder.set_column_encoding(path(), Encoding::DELTA_BINARY_PACKED),
        }
        if matches!(column.kind, ValueKind::Time) {
            builder = builder.set_column_statistics_enabled(path(), EnabledStatistics::Chunk);
        }
    }
    builder.build()
}

/// Writes the next column of a row group.
pub(super) fn write_column<W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: Values<'_>,
) -> Result<(), ParquetError> {
    let mut column =
        group.next_column()?.ok_or_else(|| ParquetError::General("more columns than the schema has".to_owned()))?;
    match values {
        Values::I64(values) => all::<Int64Type>(&mut column, values)?,
        Values::MaybeI64(values) => some::<Int64Type>(&mut column, values)?,
        Values::F64(values) => all::<DoubleType>(&mut column, values)?,
        Values::Bool(values) => all::<BoolType>(&mut column, values)?,
        Values::MaybeBool(values) => some::<BoolType>(&mut column, values)?,
        Values::Text(values) => {
            let bytes: Vec<ByteArray> = values.iter().map(|text| ByteArray::from(text.as_str())).collect();
            all::<ByteArrayType>(&mut column, &bytes)?;
        }
    }
    column.close()
}

/// A column chunk of numbers as they are.
fn plain_chunk(column: ColumnDescPtr, values: Values<'_>) -> Result<(Bytes, ColumnCloseResult), ParquetError> {
    let mut bytes = Vec::new();
    let (placed, statistics) = match values {
        Values::I64(values) => (pages::whole(&mut bytes, values), pages::bounds(values)),
        Values::F64(values) => (pages::floats(&mut bytes, values), None),
        _ => return Err(ParquetError::General("only numbers are written as they are".to_owned())),
    };
    let rows_written = values.len() as u64;
    let metadata = placed.map_err(|e| ParquetError::General(e.to_string()))?.entry(column, statistics)?;
    let closed = ColumnCloseResult {
        bytes_written: bytes.len() as u64,
        rows_written,
        metadata,
        bloom_filter: None,
        column_index: None,
        offset_index: None,
    };
    Ok((Bytes::from(bytes), closed))
}

/// Writes values none of which is missing.
fn all<T: DataType>(column: &mut SerializedColumnWriter<'_>, values: &[T::T]) -> Result<(), ParquetError> {
    column.typed::<T>().write_batch(values, None, None).map(|_| ())
}

/// Writes values some of which are missing.
fn some<T: DataType>(column: &mut SerializedColumnWriter<'_>, values: &[Option<T::T>]) -> Result<(), ParquetError> {
    let levels: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
    let present: Vec<T::T> = values.iter().flatten().cloned().collect();
    column.typed::<T>().write_batch(&present, Some(&levels), None).map(|_| ())
}

/// An error of the library while writing.
pub(super) fn failed(path: &Path, error: &ParquetError) -> HubError {
    HubError::Io { action: "write", path: path.to_owned(), source: std::io::Error::other(error.to_string()) }
}

/// A file that hashes what goes into it.
struct HashingFile {
    /// The file.
    file: File,
    /// Hash of the bytes so far.
    hasher: blake3::Hasher,
    /// Bytes so far.
    size: u64,
}

impl Write for HashingFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let n = self.file.write(bytes)?;
        self.hasher.update(&bytes[..n]);
        self.size += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}
