//! The values of one batch of an Arrow file: buffers unpacked, bytes into numbers, times and texts.

use std::borrow::Cow;
use std::io::Read;

use crosscut_model::Column;
use crosscut_model::time::DAY;

use super::flat::FlatVector;
use super::{Field, Stored};

/// Bytes of an entry of the list of buffers, and of the list of columns.
const ENTRY_BYTES: usize = 16;

/// The most bytes a buffer may unpack to: beyond it a file that lies about its size is likelier than one so large.
const UNPACKED_MAX: u64 = 4 << 30;

/// The values of one batch.
pub(super) struct Body<'a> {
    /// Their bytes.
    pub(super) bytes: &'a [u8],
    /// Where each buffer lies in them.
    pub(super) buffers: FlatVector<'a>,
    /// Rows and missing values of each column.
    pub(super) nodes: FlatVector<'a>,
    /// How buffers are packed; `None` when they are not.
    pub(super) codec: Option<u8>,
}

impl Stored {
    /// Number of buffers of a column.
    fn n_buffers(self) -> usize {
        if matches!(self, Self::Text(_)) { 3 } else { 2 }
    }
}

impl Body<'_> {
    /// The `n` values of the column at a place; the error says what is wrong with them.
    pub(super) fn column(&self, fields: &[Field], place: usize, n: usize) -> Result<Column, String> {
        let stored = fields[place].stored;
        let first: usize = fields[..place].iter().map(|field| field.stored.n_buffers()).sum();
        if self.nodes.i64(place, ENTRY_BYTES, 0) != i64::try_from(n).ok() {
            return Err("its length is not that of the batch".to_owned());
        }
        let missing = self.nodes.i64(place, ENTRY_BYTES, 8).unwrap_or(0) != 0;
        let valid = if missing { Some(self.buffer(first)?) } else { None };
        let valid = valid.as_deref();
        if valid.is_some_and(|bits| bits.len() < n.div_ceil(8)) {
            return Err("it ends too early".to_owned());
        }
        let data = self.buffer(first + 1)?;
        match stored {
            Stored::Float(width) => Ok(Column::F64(floats(&data, width, n, valid)?)),
            Stored::Integer(width, signed) => integers(&data, (width, signed), n, valid),
            Stored::Time(width, ticks) => times(&data, (width, ticks), n, valid).map(Column::I64),
            Stored::Flag => {
                all_there(n, valid)?;
                let bits = data.get(..n.div_ceil(8)).ok_or("it ends too early")?;
                Ok(Column::Bool((0..n).map(|row| is_set(bits, row)).collect()))
            }
            Stored::Text(width) => texts(&data, width, &self.buffer(first + 2)?, (n, valid)).map(Column::Text),
        }
    }

    /// The bytes of a buffer, unpacked.
    fn buffer(&self, number: usize) -> Result<Cow<'_, [u8]>, String> {
        let place = || {
            let start = usize::try_from(self.buffers.i64(number, ENTRY_BYTES, 0)?).ok()?;
            let length = usize::try_from(self.buffers.i64(number, ENTRY_BYTES, 8)?).ok()?;
            self.bytes.get(start..start.checked_add(length)?)
        };
        let bytes = place().filter(|_| number < self.buffers.len).ok_or("its bytes are not in the file")?;
        let Some(codec) = self.codec.filter(|_| !bytes.is_empty()) else { return Ok(Cow::Borrowed(bytes)) };
        let (size, packed) = bytes.split_first_chunk::<8>().ok_or("its bytes are not in the file")?;
        let size = match i64::from_le_bytes(*size) {
            -1 => return Ok(Cow::Borrowed(packed)),
            size => u64::try_from(size).ok().filter(|size| *size <= UNPACKED_MAX).ok_or("its size is impossible")?,
        };
        let mut out = Vec::new();
        let read = match codec {
            0 => lz4_flex::frame::FrameDecoder::new(packed).take(size + 1).read_to_end(&mut out),
            1 => zstd::stream::Decoder::new(packed).and_then(|stream| stream.take(size + 1).read_to_end(&mut out)),
            other => return Err(format!("it is packed with codec {other}, expected LZ4 or zstd")),
        };
        read.map_err(|error| format!("its packed bytes are damaged: {error}"))?;
        if out.len() as u64 != size {
            return Err(format!("it unpacks to {} bytes, expected {size}", out.len()));
        }
        Ok(Cow::Owned(out))
    }
}

/// Whether a bit of a bitmap is set.
fn is_set(bits: &[u8], row: usize) -> bool {
    bits[row / 8] >> (row % 8) & 1 == 1
}

/// Whether the value of a row is there.
fn is_there(valid: Option<&[u8]>, row: usize) -> bool {
    valid.is_none_or(|bits| is_set(bits, row))
}

/// Demands that no value is missing.
fn all_there(n: usize, valid: Option<&[u8]>) -> Result<(), String> {
    match valid.and_then(|bits| (0..n).find(|&row| !is_set(bits, row))) {
        Some(row) => Err(format!("row {row} is missing")),
        None => Ok(()),
    }
}

/// The first `n` values of `width` bytes.
fn cells(data: &[u8], width: usize, n: usize) -> Result<std::slice::ChunksExact<'_, u8>, String> {
    let length = n.checked_mul(width).ok_or("its length is impossible")?;
    Ok(data.get(..length).ok_or("it ends too early")?.chunks_exact(width))
}

/// Floating-point numbers; missing is NaN.
fn floats(data: &[u8], width: usize, n: usize, valid: Option<&[u8]>) -> Result<Vec<f64>, String> {
    let value = |cell: &[u8]| match cell.try_into() {
        Ok(eight) => f64::from_le_bytes(eight),
        Err(_) => cell.try_into().map_or(f64::NAN, |four| f64::from(f32::from_le_bytes(four))),
    };
    let cells = cells(data, width, n)?.enumerate();
    Ok(cells.map(|(row, cell)| if is_there(valid, row) { value(cell) } else { f64::NAN }).collect())
}

/// A whole number of up to eight bytes; `None` when it is above the largest signed one.
fn integer(cell: &[u8], signed: bool) -> Option<i64> {
    let negative = signed && cell.last().is_some_and(|last| last & 0x80 != 0);
    let mut eight = if negative { [0xff; 8] } else { [0; 8] };
    eight[..cell.len()].copy_from_slice(cell);
    let value = i64::from_le_bytes(eight);
    (signed || value >= 0).then_some(value)
}

/// Whole numbers; floating-point numbers with NaN where some are missing.
fn integers(data: &[u8], (width, signed): (usize, bool), n: usize, valid: Option<&[u8]>) -> Result<Column, String> {
    let mut values: Vec<Option<i64>> = Vec::new();
    for (row, cell) in cells(data, width, n)?.enumerate() {
        let value = integer(cell, signed).ok_or_else(|| format!("row {row} is above the largest signed integer"))?;
        values.push(is_there(valid, row).then_some(value));
    }
    if values.contains(&None) {
        return Ok(Column::F64(values.iter().map(|v| v.map_or(f64::NAN, |v| v as f64)).collect()));
    }
    Ok(Column::I64(values.into_iter().flatten().collect()))
}

/// Times in microseconds UTC.
fn times(data: &[u8], (width, ticks): (usize, i64), n: usize, valid: Option<&[u8]>) -> Result<Vec<i64>, String> {
    all_there(n, valid)?;
    let micros = |cell: &[u8]| {
        let value = integer(cell, true)?;
        match ticks {
            0 => value.checked_mul(DAY),
            ticks if ticks > 1_000_000 => Some(value.div_euclid(ticks / 1_000_000)),
            ticks => value.checked_mul(1_000_000 / ticks),
        }
    };
    let cells = cells(data, width, n)?.enumerate();
    cells.map(|(row, cell)| micros(cell).ok_or_else(|| format!("row {row} is no time: out of range"))).collect()
}

/// Texts; missing is empty.
fn texts(offsets: &[u8], width: usize, data: &[u8], (n, valid): (usize, Option<&[u8]>)) -> Result<Vec<String>, String> {
    if n == 0 {
        return Ok(Vec::new());
    }
    let ends: Vec<i64> = cells(offsets, width, n + 1)?.filter_map(|cell| integer(cell, true)).collect();
    let text = |row: usize| {
        if !is_there(valid, row) {
            return Some(String::new());
        }
        let (from, to) = (usize::try_from(ends[row]).ok()?, usize::try_from(ends[row + 1]).ok()?);
        Some(std::str::from_utf8(data.get(from..to)?).ok()?.to_owned())
    };
    (0..n).map(|row| text(row).ok_or_else(|| format!("row {row} is no text"))).collect()
}
