//! Rows of one table that wait until there are enough for a row group: in memory while all tables of a generation
//! together wait with little, on disk beyond that.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::table::FactorTable;
use crate::error::HubError;

/// Bytes that the tables of a generation may hold in memory together.
const MEMORY_MAX: usize = 64 << 20;

/// Rows of one table in memory.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// Bar opens.
    pub(super) timestamp: Vec<i64>,
    /// When the rows could be known.
    pub(super) available_at: Vec<i64>,
    /// The numbers of event bars; empty for bars of one length.
    pub(super) bar_seq: Vec<i64>,
    /// Factor columns.
    pub(super) columns: Vec<Vec<f64>>,
    /// Whether the symbol could be traded.
    pub(super) tradable_flag: Vec<bool>,
}

/// Rows that wait, a piece after the other.
#[derive(Debug)]
pub(super) struct Waiting {
    /// File for pieces on disk; made when there is one.
    path: PathBuf,
    /// Bytes in the file.
    on_disk: u64,
    /// Bytes that all tables of the generation hold in memory.
    shared: Arc<AtomicUsize>,
    /// The pieces, earlier rows first.
    pieces: VecDeque<Piece>,
}

/// Some rows, the first of which may have been taken already.
#[derive(Debug)]
struct Piece {
    /// Where they are.
    place: Place,
    /// Rows of the piece.
    rows: usize,
    /// Rows taken from its front.
    taken: usize,
}

/// Where a piece is.
#[derive(Debug)]
enum Place {
    /// In memory, with the bytes it counts for.
    Memory(Rows, usize),
    /// On disk, from this position: timestamps, times known, numbers of event bars if there are any, columns one after the
    /// other, flags as bytes.
    Disk(u64),
}

impl Waiting {
    /// Nothing waits. `path` is where a file may be made.
    pub(super) fn new(path: PathBuf, shared: Arc<AtomicUsize>) -> Self {
        Self { path, on_disk: 0, shared, pieces: VecDeque::new() }
    }

    /// Rows that wait.
    pub(super) fn rows(&self) -> usize {
        self.pieces.iter().map(|piece| piece.rows - piece.taken).sum()
    }

    /// Puts rows in front of all others; they are about to be taken.
    pub(super) fn push_front(&mut self, rows: Rows) {
        let n = rows.timestamp.len();
        if n > 0 {
            self.pieces.push_front(Piece { place: Place::Memory(rows, 0), rows: n, taken: 0 });
        }
    }

    /// Copies rows behind all others.
    pub(super) fn push(&mut self, table: &FactorTable<'_>, rows: Range<usize>) -> Result<(), HubError> {
        let n = rows.len();
        if n == 0 {
            return Ok(());
        }
        let bytes = n * row_bytes(table);
        let place = if self.shared.fetch_add(bytes, Ordering::Relaxed) + bytes <= MEMORY_MAX {
            Place::Memory(Rows::of(table, rows), bytes)
        } else {
            self.shared.fetch_sub(bytes, Ordering::Relaxed);
            Place::Disk(self.spill(table, rows)?)
        };
        self.pieces.push_back(Piece { place, rows: n, taken: 0 });
        Ok(())
    }

    /// The first `n` waiting rows, to be read column by column.
    pub(super) fn front(&self, n: usize) -> Result<Front<'_>, HubError> {
        let file = if self.on_disk > 0 { Some(File::open(&self.path)) } else { None };
        let file = file.transpose().map_err(HubError::io("open", &self.path))?;
        Ok(Front { waiting: self, n, file })
    }

    /// Forgets the first `n` waiting rows.
    pub(super) fn take(&mut self, n: usize) {
        let mut left = n;
        while let Some(piece) = self.pieces.front_mut().filter(|_| left > 0) {
            let k = left.min(piece.rows - piece.taken);
            piece.taken += k;
            left -= k;
            if piece.taken == piece.rows
                && let Some(Piece { place: Place::Memory(_, bytes), .. }) = self.pieces.pop_front()
            {
                self.shared.fetch_sub(bytes, Ordering::Relaxed);
            }
        }
        if self.pieces.is_empty() && self.on_disk > 0 {
            self.remove_file();
        }
    }

    /// Writes rows behind what is on disk; returns where they begin.
    fn spill(&mut self, table: &FactorTable<'_>, rows: Range<usize>) -> Result<u64, HubError> {
        let mut bytes = Vec::with_capacity(rows.len() * row_bytes(table));
        for times in [table.timestamp, table.available_at].into_iter().chain(table.bar_seq) {
            times[rows.clone()].iter().for_each(|time| bytes.extend_from_slice(&time.to_le_bytes()));
        }
        for (_, values) in &table.columns {
            values[rows.clone()].iter().for_each(|value| bytes.extend_from_slice(&value.to_le_bytes()));
        }
        bytes.extend(table.tradable_flag[rows].iter().map(|flag| u8::from(*flag)));
        let mut file = OpenOptions::new().append(true).create(true).open(&self.path);
        let outcome =
            file.as_mut().map_err(|error| std::io::Error::from(error.kind())).and_then(|f| f.write_all(&bytes));
        outcome.map_err(HubError::io("write", &self.path))?;
        let at = self.on_disk;
        self.on_disk += bytes.len() as u64;
        Ok(at)
    }

    /// Removes the file.
    fn remove_file(&mut self) {
        // What cannot be removed now goes with the generation.
        let _ = fs::remove_file(&self.path);
        self.on_disk = 0;
    }
}

/// Bytes of a row.
fn row_bytes(table: &FactorTable<'_>) -> usize {
    8 * (2 + usize::from(table.bar_seq.is_some()) + table.columns.len()) + 1
}

/// The first of the rows that wait.
pub(super) struct Front<'a> {
    /// All that wait.
    waiting: &'a Waiting,
    /// How many rows.
    n: usize,
    /// The file, if pieces are on disk.
    file: Option<File>,
}

impl Front<'_> {
    /// Appends the bar opens.
    pub(super) fn timestamps(&self, out: &mut Vec<i64>) -> Result<(), HubError> {
        self.gather(|rows| &rows.timestamp, |_| 0, i64::from_le_bytes, out)
    }

    /// Appends the times known.
    pub(super) fn times_known(&self, out: &mut Vec<i64>) -> Result<(), HubError> {
        self.gather(|rows| &rows.available_at, |n| 8 * n, i64::from_le_bytes, out)
    }

    /// Appends the numbers of event bars.
    pub(super) fn sequence(&self, out: &mut Vec<i64>) -> Result<(), HubError> {
        self.gather(|rows| &rows.bar_seq, |n| 8 * n * 2, i64::from_le_bytes, out)
    }

    /// Appends the values of a column, behind `n_times` columns of times and numbers.
    pub(super) fn column(&self, column: usize, n_times: usize, out: &mut Vec<f64>) -> Result<(), HubError> {
        self.gather(|rows| &rows.columns[column], |n| 8 * n * (n_times + column), f64::from_le_bytes, out)
    }

    /// Appends the flags, behind `n_before` other columns.
    pub(super) fn flags(&self, n_before: usize, out: &mut Vec<bool>) -> Result<(), HubError> {
        let flag = |[byte]: [u8; 1]| byte != 0;
        self.gather(|rows| &rows.tradable_flag, |n| 8 * n * n_before, flag, out)
    }

    /// Appends values: `in_memory` are those of a piece in memory; on disk they lie in `N` bytes each, from the offset
    /// that `on_disk` gives for a piece's rows.
    fn gather<const N: usize, T: Copy>(
        &self,
        in_memory: impl Fn(&Rows) -> &Vec<T>,
        on_disk: impl Fn(usize) -> usize,
        convert: impl Fn([u8; N]) -> T,
        out: &mut Vec<T>,
    ) -> Result<(), HubError> {
        let mut left = self.n;
        for piece in &self.waiting.pieces {
            let k = left.min(piece.rows - piece.taken);
            match &piece.place {
                Place::Memory(rows, _) => out.extend_from_slice(&in_memory(rows)[piece.taken..piece.taken + k]),
                Place::Disk(at) => {
                    let at = at + (on_disk(piece.rows) + N * piece.taken) as u64;
                    let file = self.file.as_ref().expect("the file was opened, since a piece is on disk");
                    let mut bytes = vec![0; k * N];
                    file.read_exact_at(&mut bytes, at).map_err(HubError::io("read", &self.waiting.path))?;
                    out.extend(bytes.as_chunks::<N>().0.iter().map(|bytes| convert(*bytes)));
                }
            }
            left -= k;
        }
        Ok(())
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.take(usize::MAX);
    }
}

impl Rows {
    /// Copies of some rows.
    fn of(table: &FactorTable<'_>, rows: Range<usize>) -> Self {
        Self {
            timestamp: table.timestamp[rows.clone()].to_vec(),
            available_at: table.available_at[rows.clone()].to_vec(),
            bar_seq: table.bar_seq.map_or(Vec::new(), |sequence| sequence[rows.clone()].to_vec()),
            columns: table.columns.iter().map(|(_, values)| values[rows.clone()].to_vec()).collect(),
            tradable_flag: table.tradable_flag[rows].to_vec(),
        }
    }
}
