//! Writing a Parquet file row group by row group, new ones from values and old ones as the bytes they are.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::Encoding;
use parquet::column::writer::get_column_writer;
use parquet::data_type::Int64Type;
use parquet::errors::ParquetError;
use parquet::file::metadata::{
    ColumnChunkMetaData, FileMetaData, KeyValue, ParquetMetaData, ParquetMetaDataWriter, RowGroupMetaData,
};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::statistics::Statistics;
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::{ColumnDescPtr, SchemaDescPtr, SchemaDescriptor};

use super::open::ParquetFile;
use super::output::{Output, PUT_MAX};
use super::pages::{self, Placed, Sink};
use super::write::{ColumnSpec, Finished, failed, schema_of};
use crate::error::HubError;

/// The four bytes at both ends of a Parquet file.
const MAGIC: &[u8] = b"PAR1";

/// From this many rows on, times are stored as differences.
const DELTA_ROWS: usize = 512;

/// The schema of a file to be written; shared by the files of one set.
#[derive(Debug, Clone)]
pub(crate) struct Schema(SchemaDescPtr);

impl Schema {
    /// The schema of columns; `path` is named when it is refused.
    pub(crate) fn new(columns: &[ColumnSpec], path: &Path) -> Result<Self, HubError> {
        let root = schema_of(columns).map_err(|e| failed(path, &e))?;
        Ok(Self(Arc::new(SchemaDescriptor::new(Arc::new(root)))))
    }
}

/// Writes one Parquet file. Between calls it may [rest](GroupWriter::rest).
pub(crate) struct GroupWriter {
    /// Schema of the file.
    schema: SchemaDescPtr,
    /// The file.
    output: Output,
    /// Footer entries of the groups so far.
    groups: Vec<RowGroupMetaData>,
    /// Footer entries of the open group's columns so far.
    columns: Vec<ColumnChunkMetaData>,
}

impl std::fmt::Debug for GroupWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GroupWriter").field("output", &self.output).finish_non_exhaustive()
    }
}

impl GroupWriter {
    /// Starts a new file.
    pub(crate) fn create(path: &Path, schema: &Schema) -> Result<Self, HubError> {
        let mut output = Output::create(path)?;
        output.put(MAGIC)?;
        Ok(Self { schema: Arc::clone(&schema.0), output, groups: Vec::new(), columns: Vec::new() })
    }

    /// Bytes so far.
    pub(crate) fn size(&self) -> u64 {
        self.output.position()
    }

    /// The next column of the open group: times.
    pub(crate) fn times(&mut self, values: &[i64]) -> Result<(), HubError> {
        let statistics = pages::bounds(values);
        if values.len() >= DELTA_ROWS {
            let column = self.next_column()?;
            let entry = self.deltas(&column, values).map_err(|e| self.failed(&e))?;
            self.columns.push(entry);
            return Ok(());
        }
        let placed = pages::whole(&mut self.output, values)?;
        self.place(&placed, statistics)
    }

    /// The next column of the open group: one text in all rows.
    pub(crate) fn same_text(&mut self, text: &str, rows: usize) -> Result<(), HubError> {
        let placed = pages::same_text(&mut self.output, text, rows)?;
        self.place(&placed, None)
    }

    /// The next column of the open group: floating-point numbers.
    pub(crate) fn floats(&mut self, values: &[f64]) -> Result<(), HubError> {
        let placed = pages::floats(&mut self.output, values)?;
        self.place(&placed, None)
    }

    /// The next column of the open group: flags.
    pub(crate) fn flags(&mut self, values: &[bool]) -> Result<(), HubError> {
        let placed = pages::flags(&mut self.output, values)?;
        self.place(&placed, None)
    }

    /// Closes the open group, all of whose columns were given.
    pub(crate) fn close_group(&mut self, rows: usize) -> Result<(), HubError> {
        let columns = std::mem::take(&mut self.columns);
        let size = columns.iter().map(ColumnChunkMetaData::uncompressed_size).sum();
        let group = RowGroupMetaData::builder(Arc::clone(&self.schema))
            .set_num_rows(rows as i64)
            .set_total_byte_size(size)
            .set_column_metadata(columns)
            .build();
        self.groups.push(group.map_err(|e| self.failed(&e))?);
        Ok(())
    }

    /// Copies a row group of another file of the same columns, without decoding it.
    pub(crate) fn copy_group(&mut self, from: &ParquetFile, group: usize) -> Result<(), HubError> {
        let group = from.footer.row_group(group);
        for (at, chunk) in group.columns().iter().enumerate() {
            let mine = self.schema.column(at);
            if mine.name() != chunk.column_descr().name() || mine.physical_type() != chunk.column_type() {
                return Err(from.damaged(format!("its column {at} is not `{}`", mine.name())));
            }
            let (start, length) = chunk.byte_range();
            if start.checked_add(length).is_none_or(|end| end > from.size) {
                return Err(from.damaged(format!("its column `{}` lies outside the file", mine.name())));
            }
            let shift = self.output.position() as i64 - start as i64;
            self.copy_bytes(from, start, length)?;
            let entry = moved(chunk, mine, shift).map_err(|e| self.failed(&e))?;
            self.columns.push(entry);
        }
        self.close_group(group.num_rows() as usize)
    }

    /// Gives memory and the open file back until more is written.
    pub(crate) fn rest(&mut self) -> Result<(), HubError> {
        self.output.rest()
    }

    /// Writes the footer with a list of pairs.
    pub(crate) fn finish(mut self, pairs: Vec<(&str, String)>) -> Result<Finished, HubError> {
        let pairs = pairs.into_iter().map(|(key, value)| KeyValue::new(key.to_owned(), value)).collect();
        let rows = self.groups.iter().map(RowGroupMetaData::num_rows).sum();
        let created_by = Some(concat!("crosscut ", env!("CARGO_PKG_VERSION")).to_owned());
        let file = FileMetaData::new(1, rows, created_by, Some(pairs), Arc::clone(&self.schema), None);
        let footer = ParquetMetaData::new(file, std::mem::take(&mut self.groups));
        let mut bytes = Vec::new();
        ParquetMetaDataWriter::new(&mut bytes, &footer).finish().map_err(|e| self.failed(&e))?;
        self.output.put(&bytes)?;
        let (size, content_hash) = self.output.finish()?;
        Ok(Finished { size, content_hash })
    }

    /// The column whose turn it is.
    fn next_column(&self) -> Result<ColumnDescPtr, HubError> {
        let at = self.columns.len();
        if at < self.schema.num_columns() {
            return Ok(self.schema.column(at));
        }
        Err(self.failed(&ParquetError::General("more columns than the schema has".to_owned())))
    }

    /// Notes a chunk as that of the column whose turn it is.
    fn place(&mut self, placed: &Placed, statistics: Option<Statistics>) -> Result<(), HubError> {
        let entry = placed.entry(self.next_column()?, statistics).map_err(|e| self.failed(&e))?;
        self.columns.push(entry);
        Ok(())
    }

    /// Puts a chunk of times as differences, by the library's writer.
    fn deltas(&mut self, column: &ColumnDescPtr, values: &[i64]) -> Result<ColumnChunkMetaData, ParquetError> {
        let properties = WriterProperties::builder()
            .set_dictionary_enabled(false)
            .set_encoding(Encoding::DELTA_BINARY_PACKED)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true)
            .build();
        let mut bytes = TrackedWrite::new(Vec::new());
        let pages = Box::new(SerializedPageWriter::new(&mut bytes));
        let mut writer = get_column_writer(Arc::clone(column), Arc::new(properties), pages);
        let typed = parquet::column::writer::get_typed_column_writer_mut::<Int64Type>(&mut writer);
        typed.write_batch(values, None, None)?;
        let closed = writer.close()?;
        let shift = self.output.position() as i64;
        let bytes = bytes.into_inner()?;
        self.output.put(&bytes).map_err(|e| ParquetError::General(e.to_string()))?;
        moved(&closed.metadata, Arc::clone(column), shift)
    }

    /// Copies a stretch of another file.
    fn copy_bytes(&mut self, from: &ParquetFile, start: u64, length: u64) -> Result<(), HubError> {
        let mut done = 0;
        while done < length {
            let n = (length - done).min(PUT_MAX as u64);
            read_at(&from.file, self.output.room(n as usize)?, start + done)
                .map_err(HubError::io("read", &from.path))?;
            done += n;
        }
        Ok(())
    }

    /// An error of the library while writing this file.
    fn failed(&self, error: &ParquetError) -> HubError {
        failed(self.output.path(), error)
    }
}

/// Fills a buffer from a position of a file.
fn read_at(file: &File, buffer: &mut [u8], position: u64) -> std::io::Result<()> {
    file.read_exact_at(buffer, position)
}

/// The footer entry of a chunk whose bytes were moved by `shift`.
fn moved(chunk: &ColumnChunkMetaData, column: ColumnDescPtr, shift: i64) -> Result<ColumnChunkMetaData, ParquetError> {
    let mut entry = ColumnChunkMetaData::builder(column)
        .set_encodings_mask(*chunk.encodings_mask())
        .set_compression_codec(chunk.compression_codec())
        .set_num_values(chunk.num_values())
        .set_total_compressed_size(chunk.compressed_size())
        .set_total_uncompressed_size(chunk.uncompressed_size())
        .set_data_page_offset(chunk.data_page_offset() + shift)
        .set_dictionary_page_offset(chunk.dictionary_page_offset().map(|at| at + shift));
    if let Some(statistics) = chunk.statistics() {
        entry = entry.set_statistics(statistics.clone());
    }
    entry.build()
}
