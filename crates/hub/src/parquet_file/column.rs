//! Decoding one column, front to back, straight into plain vectors.
//!
//! The column's compressed bytes are read with one positioned read per row group into a buffer that is used again:
//! that halves the time of the usual page-by-page reading, most of which goes into fresh memory.

use std::os::unix::fs::FileExt;
use std::sync::Arc;

use parquet::column::page::PageReader;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use parquet::data_type::{ByteArray, DataType, Int96};
use parquet::errors::ParquetError;
use parquet::file::serialized_reader::SerializedPageReader;

use super::chunk::{self, Chunk, Sparse};
use super::convert::{half, mantissa, power_of_ten};
use super::open::{ParquetFile, Scale, damaged};
use crate::error::HubError;

/// Rows decoded in one step; keeps the levels and scratch values in cache.
const STEP: usize = 1 << 16;

/// A column chunk larger than this (compressed bytes) is read page by page instead of whole.
const CHUNK_BYTES_MAX: u64 = 64 << 20;

/// A smaller column chunk (compressed bytes) is read whole even if few of its rows are wanted.
const SPARSE_BYTES_MIN: u64 = 16 << 10;

/// A position in one column of a file.
pub(crate) struct ColumnCursor {
    /// The file.
    file: Arc<ParquetFile>,
    /// Which column.
    leaf: usize,
    /// Next row group to open.
    next_group: usize,
    /// Decoder of the open row group.
    reader: Option<ColumnReader>,
    /// Rows of the open row group not yet decoded.
    left_in_group: usize,
    /// Rows decoded or skipped so far.
    row: usize,
    /// Compressed bytes of the open row group's chunk.
    buffer: Arc<Vec<u8>>,
    /// Definition levels of the current step: 0 is missing.
    levels: Vec<i16>,
    /// Whether only few rows of a row group are wanted: pages that are passed over are then not even read.
    is_sparse: bool,
}

impl Drop for ColumnCursor {
    fn drop(&mut self) {
        self.reader = None;
        chunk::keep_spare(std::mem::take(&mut self.buffer));
    }
}

impl std::fmt::Debug for ColumnCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ColumnCursor").field("leaf", &self.leaf).field("row", &self.row).finish_non_exhaustive()
    }
}

/// What a step of decoding yields: present values, and which rows they belong to.
struct Step {
    /// Rows decoded.
    rows: usize,
    /// Values decoded; fewer than rows when some are missing.
    values: usize,
}

impl ColumnCursor {
    /// A cursor at the first row of a column.
    pub(crate) fn new(file: Arc<ParquetFile>, leaf: usize) -> Self {
        Self {
            file,
            leaf,
            next_group: 0,
            reader: None,
            left_in_group: 0,
            row: 0,
            buffer: chunk::take_spare(),
            levels: Vec::new(),
            is_sparse: false,
        }
    }

    /// A cursor at row `row` of a column, of which few rows are wanted.
    pub(crate) fn at_row(file: Arc<ParquetFile>, leaf: usize, row: usize) -> Result<Self, HubError> {
        let mut cursor = Self::new(file, leaf);
        cursor.is_sparse = true;
        cursor.skip(row)?;
        Ok(cursor)
    }

    /// A cursor at the first row of a row group, which is row `row` of the column.
    pub(crate) fn at_group(file: Arc<ParquetFile>, leaf: usize, group: usize, row: usize) -> Self {
        let mut cursor = Self::new(file, leaf);
        (cursor.next_group, cursor.row) = (group, row);
        cursor
    }

    /// Appends the next `n` rows as floating-point numbers; missing is NaN.
    pub(crate) fn floats(&mut self, n: usize, out: &mut Vec<f64>) -> Result<(), HubError> {
        self.reserve(out, n)?;
        self.steps(n, |cursor, k| {
            let start = out.len();
            let step = cursor.float_step(k, out)?;
            spread(out, start, &step, &cursor.levels, f64::NAN);
            Ok(step.rows)
        })
    }

    /// Appends the next `n` rows as integers or microseconds.
    ///
    /// # Errors
    /// When one is missing.
    pub(crate) fn whole(&mut self, n: usize, out: &mut Vec<i64>) -> Result<(), HubError> {
        self.reserve(out, n)?;
        self.steps(n, |cursor, k| {
            let step = cursor.integer_step(k, out)?;
            match cursor.levels.iter().position(|level| *level == 0).filter(|_| step.values < step.rows) {
                None => Ok(step.rows),
                Some(at) => Err(cursor.missing(cursor.row + at)),
            }
        })
    }

    /// Appends the next `n` rows as integers or microseconds; missing is `None`.
    pub(crate) fn optional_integers(&mut self, n: usize, out: &mut Vec<Option<i64>>) -> Result<(), HubError> {
        let mut scratch = Vec::new();
        self.steps(n, |cursor, k| {
            scratch.clear();
            let step = cursor.integer_step(k, &mut scratch)?;
            cursor.append_optional(&step, scratch.iter().copied(), out);
            Ok(step.rows)
        })
    }

    /// Rows decoded or skipped so far.
    pub(crate) fn row(&self) -> usize {
        self.row
    }

    /// Appends the next `n` rows as flags; missing is `None`.
    pub(crate) fn flags(&mut self, n: usize, out: &mut Vec<Option<bool>>) -> Result<(), HubError> {
        self.reserve(out, n)?;
        let mut scratch = Vec::new();
        self.steps(n, |cursor, k| {
            scratch.clear();
            let step = cursor.raw(k, |reader, k, levels| match reader {
                ColumnReader::BoolColumnReader(r) => Some(pull(r, k, levels, &mut scratch)),
                _ => None,
            })?;
            cursor.append_optional(&step, scratch.iter().copied(), out);
            Ok(step.rows)
        })
    }

    /// Appends the next `n` rows as texts; missing is the empty text.
    ///
    /// # Errors
    /// When bytes are not UTF-8.
    pub(crate) fn texts(&mut self, n: usize, out: &mut Vec<String>) -> Result<(), HubError> {
        let mut scratch = Vec::new();
        self.steps(n, |cursor, k| {
            scratch.clear();
            let step = cursor.raw(k, |reader, k, levels| match reader {
                ColumnReader::ByteArrayColumnReader(r) => Some(pull(r, k, levels, &mut scratch)),
                _ => None,
            })?;
            let start = out.len();
            for (at, bytes) in scratch.iter().enumerate() {
                let text = std::str::from_utf8(bytes.data());
                let text = text.map_err(|_| cursor.wrong(cursor.row_of(at), "is not UTF-8 text"))?;
                out.push(text.to_owned());
            }
            spread(out, start, &step, &cursor.levels, String::new());
            Ok(step.rows)
        })
    }

    /// Appends the next `n` rows of texts as runs of equal ones with their lengths, `out`'s last run continued; missing
    /// is the empty text.
    ///
    /// # Errors
    /// When bytes are not UTF-8.
    pub(crate) fn text_runs(&mut self, n: usize, out: &mut Vec<(String, usize)>) -> Result<(), HubError> {
        let mut scratch = Vec::new();
        self.steps(n, |cursor, k| {
            scratch.clear();
            let step = cursor.raw(k, |reader, k, levels| match reader {
                ColumnReader::ByteArrayColumnReader(r) => Some(pull(r, k, levels, &mut scratch)),
                _ => None,
            })?;
            let mut present = scratch.iter().map(ByteArray::data).enumerate();
            for row in 0..step.rows {
                let is_missing = step.values < step.rows && cursor.levels[row] == 0;
                let (at, bytes) = if is_missing { None } else { present.next() }.unwrap_or_default();
                match out.last_mut() {
                    Some((last, count)) if last.as_bytes() == bytes => *count += 1,
                    _ => {
                        let text = std::str::from_utf8(bytes);
                        let text = text.map_err(|_| cursor.wrong(cursor.row_of(at), "is not UTF-8 text"))?;
                        out.push((text.to_owned(), 1));
                    }
                }
            }
            Ok(step.rows)
        })
    }

    /// Passes over the next `n` rows, without decompressing whole pages among them.
    pub(crate) fn skip(&mut self, n: usize) -> Result<(), HubError> {
        let mut left = n;
        while left > 0 {
            left -= self.skip_groups(left);
            if left == 0 {
                break;
            }
            self.open_group()?;
            let k = left.min(self.left_in_group);
            let reader = self.reader.as_mut().expect("a group was opened");
            let skipped = skip_records(reader, k).map_err(|e| damaged(&self.file.path, &e))?;
            if skipped != k {
                return Err(self.cut_short());
            }
            self.left_in_group -= k;
            self.row += k;
            left -= k;
        }
        Ok(())
    }

    /// Passes over whole row groups of at most `n` rows together, without reading them; returns their rows.
    fn skip_groups(&mut self, n: usize) -> usize {
        let mut skipped = 0;
        while self.left_in_group == 0 && self.next_group < self.file.footer.num_row_groups() {
            let rows = self.file.footer.row_group(self.next_group).num_rows() as usize;
            if skipped + rows > n {
                break;
            }
            self.next_group += 1;
            skipped += rows;
        }
        self.row += skipped;
        skipped
    }

    /// Decodes `n` rows in steps that stay inside row groups.
    fn steps(
        &mut self,
        n: usize,
        mut step: impl FnMut(&mut Self, usize) -> Result<usize, HubError>,
    ) -> Result<(), HubError> {
        let mut left = n;
        while left > 0 {
            self.open_group()?;
            let k = left.min(self.left_in_group).min(STEP);
            self.levels.clear();
            if step(self, k)? != k {
                return Err(self.cut_short());
            }
            self.left_in_group -= k;
            self.row += k;
            left -= k;
        }
        Ok(())
    }

    /// Makes sure that the decoder stands in a row group with rows left.
    fn open_group(&mut self) -> Result<(), HubError> {
        while self.left_in_group == 0 {
            if self.next_group >= self.file.footer.num_row_groups() {
                return Err(self.cut_short());
            }
            // The old decoder must go first: it holds the buffer that is about to be used again.
            self.reader = None;
            let pages = self.chunk(self.next_group)?;
            let group = self.file.footer.row_group(self.next_group);
            let descriptor = group.column(self.leaf).column_descr_ptr();
            self.reader = Some(get_column_reader(descriptor, pages));
            self.left_in_group = group.num_rows() as usize;
            self.next_group += 1;
        }
        Ok(())
    }

    /// The pages of this column in a row group.
    fn chunk(&mut self, group: usize) -> Result<Box<dyn PageReader>, HubError> {
        let group = self.file.footer.row_group(group);
        let (column, rows) = (group.column(self.leaf), group.num_rows() as usize);
        let (start, length) = column.byte_range();
        if start.checked_add(length).is_none_or(|end| end > self.file.size) {
            return Err(self.cut_short());
        }
        let at_hand = self.file.bytes_at_hand(start, length);
        let pages: Result<Box<dyn PageReader>, ParquetError> = if let Some(bytes) = at_hand {
            let chunk = Arc::new(Chunk::at_hand(start, bytes));
            SerializedPageReader::new(chunk, column, rows, None).map(|pages| Box::new(pages) as _)
        } else if self.is_sparse && length > SPARSE_BYTES_MIN {
            let chunk = Arc::new(Sparse::new(Arc::clone(&self.file), start + length));
            SerializedPageReader::new(chunk, column, rows, None).map(|pages| Box::new(pages) as _)
        } else if length > CHUNK_BYTES_MAX {
            let file = self.file.file.try_clone().map_err(HubError::io("open", &self.file.path))?;
            SerializedPageReader::new(Arc::new(file), column, rows, None).map(|pages| Box::new(pages) as _)
        } else {
            if Arc::get_mut(&mut self.buffer).is_none() {
                self.buffer = Arc::default();
            }
            let buffer = Arc::get_mut(&mut self.buffer).expect("it is new or was found unshared");
            // A buffer that is long enough stays as long as it is: clearing what a longer chunk needs costs time.
            let length = length as usize;
            if buffer.len() < length {
                buffer.resize(length, 0);
            }
            let read = self.file.file.read_exact_at(&mut buffer[..length], start);
            read.map_err(HubError::io("read", &self.file.path))?;
            let chunk = Arc::new(Chunk::new(start, Arc::clone(&self.buffer), length));
            SerializedPageReader::new(chunk, column, rows, None).map(|pages| Box::new(pages) as _)
        };
        pages.map_err(|e| damaged(&self.file.path, &e))
    }

    /// One step of a column of floating-point numbers of any storage.
    fn float_step(&mut self, k: usize, out: &mut Vec<f64>) -> Result<Step, HubError> {
        let scale = self.file.leaves[self.leaf].scale;
        let power = if let Scale::Decimal(digits) = scale { power_of_ten(digits) } else { 1.0 };
        self.raw(k, |reader, k, levels| match (reader, scale) {
            (ColumnReader::DoubleColumnReader(r), _) => Some(pull(r, k, levels, out)),
            (ColumnReader::FloatColumnReader(r), _) => Some(pull_as(r, k, levels, out, |v| f64::from(*v))),
            (ColumnReader::Int32ColumnReader(r), Scale::Decimal(_)) => {
                Some(pull_as(r, k, levels, out, |v| f64::from(*v) / power))
            }
            (ColumnReader::Int64ColumnReader(r), Scale::Decimal(_)) => {
                Some(pull_as(r, k, levels, out, |v| *v as f64 / power))
            }
            (ColumnReader::ByteArrayColumnReader(r), Scale::Decimal(_)) => {
                Some(pull_as(r, k, levels, out, |v| mantissa(v.data()) / power))
            }
            (ColumnReader::FixedLenByteArrayColumnReader(r), Scale::Decimal(_)) => {
                Some(pull_as(r, k, levels, out, |v| mantissa(v.data()) / power))
            }
            (ColumnReader::FixedLenByteArrayColumnReader(r), Scale::Half) => {
                Some(pull_as(r, k, levels, out, |v| half(v.data())))
            }
            _ => None,
        })
    }

    /// One step of a column of integers or times of any storage; present values only.
    fn integer_step(&mut self, k: usize, out: &mut Vec<i64>) -> Result<Step, HubError> {
        let scale = self.file.leaves[self.leaf].scale;
        let start = out.len();
        let step = self.raw(k, |reader, k, levels| match reader {
            ColumnReader::Int64ColumnReader(r) => Some(pull(r, k, levels, out)),
            ColumnReader::Int32ColumnReader(r) if scale == Scale::Unsigned => {
                Some(pull_as(r, k, levels, out, |v| i64::from(v.cast_unsigned())))
            }
            ColumnReader::Int32ColumnReader(r) => Some(pull_as(r, k, levels, out, |v| i64::from(*v))),
            ColumnReader::Int96ColumnReader(r) => Some(pull_as(r, k, levels, out, Int96::to_micros)),
            _ => None,
        })?;
        self.rescale(&mut out[start..])?;
        Ok(step)
    }

    /// Turns stored integers into microseconds, or refuses what does not fit.
    fn rescale(&self, values: &mut [i64]) -> Result<(), HubError> {
        let leaf = &self.file.leaves[self.leaf];
        let factor = match leaf.scale {
            Scale::Millis => 1_000,
            Scale::Days => crosscut_model::time::DAY,
            Scale::Nanos => {
                values.iter_mut().for_each(|v| *v = v.div_euclid(1_000));
                return Ok(());
            }
            // Only 64-bit values can be too large here: 32-bit ones were widened.
            Scale::Unsigned => match values.iter().position(|v| *v < 0) {
                Some(at) => return Err(self.wrong(self.row_of(at), "is above the largest signed 64-bit integer")),
                None => return Ok(()),
            },
            Scale::Plain | Scale::Decimal(_) | Scale::Half => return Ok(()),
        };
        let limit = i64::MAX / factor;
        if let Some(at) = values.iter().position(|v| v.unsigned_abs() > limit.cast_unsigned()) {
            return Err(self.wrong(self.row_of(at), format!("is no time: {} is out of range", values[at])));
        }
        values.iter_mut().for_each(|v| *v *= factor);
        Ok(())
    }

    /// Decodes `k` rows with the function that fits the storage; `None` from it is a broken promise of the caller.
    fn raw(
        &mut self,
        k: usize,
        decode: impl FnOnce(&mut ColumnReader, usize, &mut Vec<i16>) -> Option<Result<Step, ParquetError>>,
    ) -> Result<Step, HubError> {
        let reader = self.reader.as_mut().expect("a group was opened");
        match decode(reader, k, &mut self.levels) {
            Some(step) => step.map_err(|e| damaged(&self.file.path, &e)),
            None => Err(self.unreadable()),
        }
    }

    /// Row of the `at`-th present value of the current step.
    fn row_of(&self, at: usize) -> usize {
        let present = self.levels.iter().enumerate().filter(|(_, level)| **level != 0).map(|(row, _)| row);
        self.row + present.take(at + 1).last().unwrap_or(at)
    }

    /// Appends the values of a step, `None` where one is missing.
    fn append_optional<T>(&self, step: &Step, mut values: impl Iterator<Item = T>, out: &mut Vec<Option<T>>) {
        if step.values == step.rows {
            out.extend(values.map(Some));
        } else {
            out.extend(self.levels.iter().map(|level| if *level == 0 { None } else { values.next() }));
        }
    }

    /// Makes room for `n` more values, or says that the file asks for more memory than there is.
    fn reserve<T>(&self, out: &mut Vec<T>, n: usize) -> Result<(), HubError> {
        out.try_reserve_exact(n).map_err(|_| self.file.damaged(format!("its footer states {n} rows: too many")))
    }

    /// An error about the value of one row.
    fn wrong(&self, row: usize, message: impl std::fmt::Display) -> HubError {
        self.file.bad_row(row, format!("`{}` {message}", self.file.leaves[self.leaf].name))
    }

    /// An error that a value is missing where none may be.
    pub(crate) fn missing(&self, row: usize) -> HubError {
        self.wrong(row, "is missing")
    }

    /// An error that the column holds fewer rows than the footer states.
    fn cut_short(&self) -> HubError {
        let name = &self.file.leaves[self.leaf].name;
        self.file.damaged(format!("its column `{name}` ends after {} of {} rows", self.row, self.file.n_rows()))
    }

    /// An error that the column cannot be read as what was asked.
    fn unreadable(&self) -> HubError {
        let leaf = &self.file.leaves[self.leaf];
        HubError::schema(
            &self.file.path,
            format!("column `{}` cannot be read: it holds {}", leaf.name, leaf.column_type),
        )
    }
}

/// Decodes up to `k` rows; appends present values to `out` and a level per row to `levels` where the column may miss
/// values.
fn pull<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    k: usize,
    levels: &mut Vec<i16>,
    out: &mut Vec<T::T>,
) -> Result<Step, ParquetError> {
    let (rows, values, _) = reader.read_records(k, Some(levels), None, out)?;
    Ok(Step { rows, values })
}

/// Like [`pull`], converting each value.
fn pull_as<T: DataType, U>(
    reader: &mut ColumnReaderImpl<T>,
    k: usize,
    levels: &mut Vec<i16>,
    out: &mut Vec<U>,
    convert: impl Fn(&T::T) -> U,
) -> Result<Step, ParquetError> {
    let mut scratch = Vec::with_capacity(k);
    let step = pull(reader, k, levels, &mut scratch)?;
    out.extend(scratch.iter().map(convert));
    Ok(step)
}

/// Moves the present values of a step, packed from `start`, to their rows; the rows between get `missing`.
fn spread<T: Clone>(out: &mut Vec<T>, start: usize, step: &Step, levels: &[i16], missing: T) {
    if step.values == step.rows {
        return;
    }
    out.resize(start + step.rows, missing.clone());
    let mut from = start + step.values;
    for row in (0..step.rows).rev() {
        if levels[row] == 0 {
            out[start + row] = missing.clone();
        } else {
            from -= 1;
            out.swap(start + row, from);
        }
    }
}

/// Passes over rows in a decoder of any type.
fn skip_records(reader: &mut ColumnReader, k: usize) -> Result<usize, ParquetError> {
    match reader {
        ColumnReader::BoolColumnReader(r) => r.skip_records(k),
        ColumnReader::Int32ColumnReader(r) => r.skip_records(k),
        ColumnReader::Int64ColumnReader(r) => r.skip_records(k),
        ColumnReader::Int96ColumnReader(r) => r.skip_records(k),
        ColumnReader::FloatColumnReader(r) => r.skip_records(k),
        ColumnReader::DoubleColumnReader(r) => r.skip_records(k),
        ColumnReader::ByteArrayColumnReader(r) => r.skip_records(k),
        ColumnReader::FixedLenByteArrayColumnReader(r) => r.skip_records(k),
    }
}
