//! An open Parquet file: its footer, and what its columns mean to us.

use std::cell::RefCell;
use std::fs::{File, Metadata};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use crosscut_model::nearest;
use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type as Physical};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use parquet::file::statistics::Statistics;
use parquet::schema::types::ColumnDescriptor;

use super::ColumnType;
use super::guard::guarded;
use crate::error::HubError;

/// How stored integers become values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scale {
    /// As they are.
    Plain,
    /// Stored signed, meant unsigned.
    Unsigned,
    /// Milliseconds to microseconds.
    Millis,
    /// Nanoseconds to microseconds, toward the past.
    Nanos,
    /// Days to microseconds.
    Days,
    /// Divided by this power of ten.
    Decimal(i32),
    /// Sixteen-bit floating point.
    Half,
}

/// One flat column of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Leaf {
    /// Name in the file.
    pub(crate) name: String,
    /// What it holds.
    pub(crate) column_type: ColumnType,
    /// How stored integers become values.
    pub(crate) scale: Scale,
}

/// An open Parquet file.
#[derive(Debug)]
pub(crate) struct ParquetFile {
    /// Where it is, for messages.
    pub(crate) path: PathBuf,
    /// The open file.
    pub(crate) file: File,
    /// Its size in bytes.
    pub(crate) size: u64,
    /// Its footer.
    pub(crate) footer: Arc<ParquetMetaData>,
    /// Its columns in the order they are stored.
    pub(crate) leaves: Arc<Vec<Leaf>>,
    /// Bytes of the file that were read at once, and where they begin.
    pub(crate) at_hand: Option<(u64, Bytes)>,
    /// Which file it is.
    identity: Identity,
}

/// Bytes at the end of a file that are read to find its footer; most footers are shorter.
const TAIL_BYTES: u64 = 16 << 10;

thread_local! {
    /// Memory for the end of a file: thousands of footers are read in a row.
    static TAIL: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Most bytes of a row group that are read at once.
const AT_HAND_BYTES_MAX: u64 = 256 << 10;

/// A Parquet file whose footer is known and which is not open: thousands of them may be kept.
#[derive(Debug, Clone)]
pub(crate) struct ClosedFile {
    /// Where it is.
    path: PathBuf,
    /// Which file it was.
    identity: Identity,
    /// Its size in bytes.
    size: u64,
    /// Its footer.
    footer: Arc<ParquetMetaData>,
    /// Its columns in the order they are stored.
    leaves: Arc<Vec<Leaf>>,
}

impl ClosedFile {
    /// Opens the file again, which must still be the same.
    pub(crate) fn open(&self) -> Result<ParquetFile, HubError> {
        let file = File::open(&self.path).map_err(HubError::io("open", &self.path))?;
        let stat = file.metadata().map_err(HubError::io("open", &self.path))?;
        if Identity::of(&stat) != self.identity {
            return Err(HubError::Parquet {
                path: self.path.clone(),
                reason: "it was replaced while it was being read\nhint: start again".to_owned(),
            });
        }
        let (path, footer, leaves) = (self.path.clone(), Arc::clone(&self.footer), Arc::clone(&self.leaves));
        let (size, identity) = (self.size, self.identity);
        Ok(ParquetFile { path, file, size, footer, leaves, at_hand: None, identity })
    }
}

/// What tells a file from another one under the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    /// Device and inode.
    node: (u64, u64),
    /// Size in bytes.
    size: u64,
    /// When its content last changed: seconds and nanoseconds.
    changed: (i64, i64),
}

impl Identity {
    /// The identity of an open file.
    fn of(stat: &Metadata) -> Self {
        Self { node: (stat.dev(), stat.ino()), size: stat.len(), changed: (stat.mtime(), stat.mtime_nsec()) }
    }
}

impl ParquetFile {
    /// Opens a file and reads its footer.
    pub(crate) fn open(path: &Path) -> Result<Self, HubError> {
        let file = File::open(path).map_err(HubError::io("open", path))?;
        let stat = file.metadata().map_err(HubError::io("open", path))?;
        if !stat.is_file() {
            return Err(HubError::Parquet { path: path.to_owned(), reason: "it is a folder".to_owned() });
        }
        guarded(path, || {
            let footer = read_footer(path, &file, stat.len())?;
            let leaves: Vec<Leaf> = footer.file_metadata().schema_descr().columns().iter().map(|c| leaf(c)).collect();
            let (footer, leaves, identity) = (Arc::new(footer), Arc::new(leaves), Identity::of(&stat));
            let opened =
                Self { path: path.to_owned(), file, size: stat.len(), footer, leaves, at_hand: None, identity };
            opened.check_footer()?;
            Ok(opened)
        })
    }

    /// Reads the last row group at once, if `row` lies in it and it is small: its many short columns then cost one read.
    pub(crate) fn read_last_group_for(&mut self, row: usize) -> Result<(), HubError> {
        let Some((last, before)) = self.footer.row_groups().split_last() else { return Ok(()) };
        let first_row: i64 = before.iter().map(|group| group.num_rows()).sum();
        let spans = || last.columns().iter().map(|column| column.byte_range());
        let begin = spans().map(|(start, _)| start).min().unwrap_or(0);
        let end = spans().map(|(start, length)| start.saturating_add(length)).max().unwrap_or(0);
        let length = end.saturating_sub(begin);
        if (row as i64) < first_row || end > self.size || length > AT_HAND_BYTES_MAX {
            return Ok(());
        }
        let mut bytes = vec![0; length as usize];
        self.file.read_exact_at(&mut bytes, begin).map_err(HubError::io("read", &self.path))?;
        self.at_hand = Some((begin, Bytes::from(bytes)));
        Ok(())
    }

    /// The bytes of a stretch of the file, if they are at hand.
    pub(crate) fn bytes_at_hand(&self, start: u64, length: u64) -> Option<Bytes> {
        let (begin, bytes) = self.at_hand.as_ref()?;
        let from = start.checked_sub(*begin)?;
        let to = from.checked_add(length).filter(|to| *to <= bytes.len() as u64)?;
        Some(bytes.slice(from as usize..to as usize))
    }

    /// The file without its open handle.
    pub(crate) fn closed(&self) -> ClosedFile {
        ClosedFile {
            path: self.path.clone(),
            identity: self.identity,
            size: self.size,
            footer: Arc::clone(&self.footer),
            leaves: Arc::clone(&self.leaves),
        }
    }

    /// Refuses footers that contradict themselves.
    fn check_footer(&self) -> Result<(), HubError> {
        let rows: i64 = self.footer.row_groups().iter().map(|group| group.num_rows()).sum();
        let stated = self.footer.file_metadata().num_rows();
        if rows != stated || self.footer.row_groups().iter().any(|group| group.num_rows() < 0) {
            return Err(self.damaged(format!("its footer states {stated} rows but its row groups hold {rows}")));
        }
        Ok(())
    }

    /// Number of rows.
    pub(crate) fn n_rows(&self) -> usize {
        // `check_footer` has seen that no group is negative.
        self.footer.file_metadata().num_rows() as usize
    }

    /// Position of a column.
    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        self.leaves.iter().position(|leaf| leaf.name == name)
    }

    /// Position of a column that must be there.
    pub(crate) fn demand(&self, name: &str) -> Result<usize, HubError> {
        self.find(name).ok_or_else(|| {
            let names: Vec<&str> = self.leaves.iter().map(|leaf| leaf.name.as_str()).collect();
            let near = nearest(name, names.iter().copied()).map_or(String::new(), |n| format!("; did you mean `{n}`?"));
            HubError::schema(&self.path, format!("there is no column `{name}`{near} (columns: {})", names.join(", ")))
        })
    }

    /// Smallest and largest value of a time or integer column by the footer; `None` when the footer does not say.
    pub(crate) fn bounds(&self, leaf: usize) -> Option<(i64, i64)> {
        let mut bounds: Option<(i64, i64)> = None;
        for group in self.footer.row_groups().iter().filter(|group| group.num_rows() > 0) {
            let Some(Statistics::Int64(stats)) = group.column(leaf).statistics() else { return None };
            let (low, high) = (*stats.min_opt()?, *stats.max_opt()?);
            bounds = Some(bounds.map_or((low, high), |(a, b)| (a.min(low), b.max(high))));
        }
        bounds
    }

    /// A value of the footer's key-value list.
    pub(crate) fn key_value(&self, key: &str) -> Option<&str> {
        let list = self.footer.file_metadata().key_value_metadata()?;
        list.iter().find(|pair| pair.key == key)?.value.as_deref()
    }

    /// An error that this file is damaged.
    pub(crate) fn damaged(&self, reason: impl Into<String>) -> HubError {
        HubError::Parquet { path: self.path.clone(), reason: reason.into() }
    }

    /// An error about one row.
    pub(crate) fn bad_row(&self, row: usize, message: impl Into<String>) -> HubError {
        HubError::Row { path: self.path.clone(), row, message: message.into() }
    }
}

/// Reads the footer of a file of `size` bytes: with one read for most, where the decoder itself would seek and read
/// twice. What is not as usual (damage, encryption, a long footer) is left to the decoder.
fn read_footer(path: &Path, file: &File, size: u64) -> Result<ParquetMetaData, HubError> {
    let usual = TAIL.with_borrow_mut(|tail| {
        let length = size.min(TAIL_BYTES);
        tail.resize(length as usize, 0);
        file.read_exact_at(tail, size - length).map_err(HubError::io("read", path))?;
        let parsed = footer_in(tail).map(ParquetMetaDataReader::decode_metadata);
        parsed.transpose().map_err(|e| damaged(path, &e))
    })?;
    match usual {
        Some(footer) => Ok(footer),
        None => ParquetMetaDataReader::new().parse_and_finish(file).map_err(|e| damaged(path, &e)),
    }
}

/// The bytes of the footer in the end of a file; `None` when they are not all there.
fn footer_in(tail: &[u8]) -> Option<&[u8]> {
    let (before, magic) = tail.split_last_chunk::<4>()?;
    let (before, length) = before.split_last_chunk::<4>()?;
    let from = before.len().checked_sub(u32::from_le_bytes(*length) as usize)?;
    (magic == b"PAR1").then(|| &before[from..])
}

/// The decoder's complaint about a file, in our words where its own are opaque.
pub(crate) fn damaged(path: &Path, error: &ParquetError) -> HubError {
    let text = error.to_string();
    let size = std::fs::metadata(path).map_or(0, |stat| stat.len());
    let reason = if size == 0 {
        "it is empty (0 bytes)".to_owned()
    } else if text.contains("footer") || text.contains("magic") || text.contains("file size") {
        format!("it is not a Parquet file, or its end is missing ({size} bytes; {text})")
    } else {
        text
    };
    HubError::Parquet { path: path.to_owned(), reason }
}

/// What a column of the file means to us.
fn leaf(column: &ColumnDescriptor) -> Leaf {
    let name = column.path().parts().join(".");
    let (column_type, scale) = if column.path().parts().len() > 1 || column.max_rep_level() > 0 {
        (ColumnType::Other("nested values".to_owned()), Scale::Plain)
    } else {
        meaning(column)
    };
    Leaf { name, column_type, scale }
}

/// Type and scale of a flat column.
fn meaning(column: &ColumnDescriptor) -> (ColumnType, Scale) {
    let other = || (ColumnType::Other(describe(column)), Scale::Plain);
    if let Some(decimal) = decimal_scale(column) {
        return match column.physical_type() {
            Physical::FIXED_LEN_BYTE_ARRAY if column.type_length() > 16 => other(),
            Physical::INT32 | Physical::INT64 | Physical::BYTE_ARRAY | Physical::FIXED_LEN_BYTE_ARRAY => {
                (ColumnType::Float, Scale::Decimal(decimal))
            }
            _ => other(),
        };
    }
    match column.physical_type() {
        Physical::BOOLEAN => (ColumnType::Bool, Scale::Plain),
        Physical::FLOAT | Physical::DOUBLE => (ColumnType::Float, Scale::Plain),
        Physical::INT96 => (ColumnType::Time, Scale::Plain),
        Physical::INT32 | Physical::INT64 => integer_meaning(column).unwrap_or_else(other),
        Physical::BYTE_ARRAY => match column.logical_type_ref() {
            None | Some(LogicalType::String | LogicalType::Enum | LogicalType::Json) => {
                (ColumnType::Text, Scale::Plain)
            }
            _ => other(),
        },
        Physical::FIXED_LEN_BYTE_ARRAY => match column.logical_type_ref() {
            Some(LogicalType::Float16) => (ColumnType::Float, Scale::Half),
            _ => other(),
        },
    }
}

/// Type and scale of a column stored as 32 or 64 bit integers.
fn integer_meaning(column: &ColumnDescriptor) -> Option<(ColumnType, Scale)> {
    let unit = |unit: &TimeUnit| match unit {
        TimeUnit::MILLIS => Scale::Millis,
        TimeUnit::MICROS => Scale::Plain,
        TimeUnit::NANOS => Scale::Nanos,
    };
    match column.logical_type_ref() {
        Some(LogicalType::Timestamp(time)) => Some((ColumnType::Time, unit(&time.unit))),
        Some(LogicalType::Date) => Some((ColumnType::Time, Scale::Days)),
        Some(LogicalType::Integer(int)) => {
            Some((ColumnType::Integer, if int.is_signed { Scale::Plain } else { Scale::Unsigned }))
        }
        Some(_) => None,
        None => match column.converted_type() {
            ConvertedType::TIMESTAMP_MILLIS => Some((ColumnType::Time, Scale::Millis)),
            ConvertedType::TIMESTAMP_MICROS => Some((ColumnType::Time, Scale::Plain)),
            ConvertedType::DATE => Some((ColumnType::Time, Scale::Days)),
            ConvertedType::UINT_8 | ConvertedType::UINT_16 | ConvertedType::UINT_32 | ConvertedType::UINT_64 => {
                Some((ColumnType::Integer, Scale::Unsigned))
            }
            ConvertedType::TIME_MILLIS | ConvertedType::TIME_MICROS | ConvertedType::INTERVAL => None,
            _ => Some((ColumnType::Integer, Scale::Plain)),
        },
    }
}

/// Digits after the point of a decimal column.
fn decimal_scale(column: &ColumnDescriptor) -> Option<i32> {
    match column.logical_type_ref() {
        Some(LogicalType::Decimal(decimal)) => Some(decimal.scale),
        None if column.converted_type() == ConvertedType::DECIMAL => Some(column.type_scale()),
        _ => None,
    }
}

/// A type we do not read, in the file's own words.
fn describe(column: &ColumnDescriptor) -> String {
    match column.logical_type_ref() {
        Some(logical) => format!("{logical:?}"),
        None => column.physical_type().to_string(),
    }
}
