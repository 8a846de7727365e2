//! What a table in the making keeps of the published one.

use std::path::PathBuf;
use std::sync::Arc;

use super::builder::Span;
use super::gaps::{self, Gaps, GroupGaps};
use super::identity::RowSum;
use super::metadata::{PartEntry, TableEntry};
use super::read::FactorSet;
use super::table::{self, GROUP_ROWS, RowKey};
use super::waiting::Rows;
use crate::error::HubError;
use crate::parquet_file::{ClosedFile, ColumnCursor, GroupWriter, ParquetFile, guarded};

/// A file larger than this (bytes) is linked rather than copied when all its rows stay.
const COPY_MAX: u64 = 1 << 20;

/// What is kept: a file as it is, and row groups of files.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// The file that stays as it is.
    pub(super) base: Option<Base>,
    /// Files the groups are in.
    files: Vec<ClosedFile>,
    /// Groups behind the base, earlier rows first.
    pub(super) groups: Vec<KeptGroup>,
    /// Whether all rows of the published table stay.
    pub(super) is_all: bool,
}

/// A file that stays as it is.
#[derive(Debug)]
pub(super) struct Base {
    /// Where it is now.
    pub(super) path: PathBuf,
    /// Its size in bytes.
    pub(super) size: u64,
    /// Its name there, rows and hash.
    pub(super) entry: PartEntry,
    /// How complete its columns are.
    pub(super) gaps: Vec<Gaps>,
    /// The sum of its rows, if it is known.
    pub(super) sum: Option<RowSum>,
}

/// A row group that is kept, or the front of one.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeptGroup {
    /// Which file.
    file: usize,
    /// Which group of it.
    group: usize,
    /// First row of the group in the file.
    from: usize,
    /// Rows kept.
    rows: usize,
    /// Whether it must be decoded: a part of it is dropped, or it belongs to a tail that is being joined.
    is_open: bool,
}

impl Kept {
    /// The rows before `row` (not the first) of a symbol's published table, and the times at their ends.
    pub(super) fn begin(before: &FactorSet, symbol: &str, row: usize) -> Result<(Self, Span), HubError> {
        let (files, entry) = (before.open_table(symbol)?, before.entry(symbol)?);
        let mut kept = Self { is_all: row == entry.rows as usize, ..Self::default() };
        let mut left = row;
        let mut last = None;
        for (at, file) in files.iter().enumerate() {
            let rows = left.min(file.n_rows());
            if rows > 0 {
                last = Some((file, rows - 1));
            }
            let is_base = at == 0 && rows == file.n_rows() && (files.len() > 1 || file.size > COPY_MAX);
            if is_base {
                kept.base = Some(Base::new(file, entry)?);
            } else {
                if rows > 0 {
                    // What is copied gets a new hash: damage that came since must not be given a good name.
                    before.check_hash(file, at, entry)?;
                }
                kept.add_groups(file, rows)?;
            }
            left -= rows;
        }
        let (file, row) = last.expect("a row is kept");
        let time = |name: &str| guarded(&file.path, || time_at(file, name, row));
        let bar_seq = file.find("bar_seq").map(|_| time("bar_seq")).transpose()?;
        let last = RowKey { timestamp: time("timestamp")?, available_at: time("available_at")?, bar_seq };
        let span = Span { first: entry.first, last };
        Ok((kept, span))
    }

    /// All rows of a base and a tail that are about to become one file.
    pub(super) fn of_parts(paths: &[PathBuf; 2]) -> Result<Self, HubError> {
        let mut kept = Self::default();
        for (at, path) in paths.iter().enumerate() {
            let file = Arc::new(ParquetFile::open(path)?);
            kept.add_groups(&file, file.n_rows())?;
            if at > 0 {
                // Written one after the other over many updates: together they fill groups.
                let mine = kept.groups.iter_mut().filter(|group| group.file == at && group.rows < GROUP_ROWS);
                mine.for_each(|group| group.is_open = true);
            }
        }
        Ok(kept)
    }

    /// Adds the groups of a file that hold its first `rows` rows.
    fn add_groups(&mut self, file: &Arc<ParquetFile>, rows: usize) -> Result<(), HubError> {
        let (mut from, index) = (0, self.files.len());
        self.files.push(file.closed());
        for (group, stored) in file.footer.row_groups().iter().enumerate() {
            let n = stored.num_rows() as usize;
            let k = n.min(rows - from);
            if k == 0 {
                break;
            }
            self.groups.push(KeptGroup { file: index, group, from, rows: k, is_open: k < n });
            from += k;
        }
        Ok(())
    }

    /// Takes back the groups that are to be decoded and written once more together with `rows` new rows: open ones at
    /// the end, and small ones before them as long as they have at most twice the rows that follow. What stays then
    /// has groups each of which is more than twice as large as the next, or full.
    pub(super) fn carry(&mut self, rows: usize) -> Vec<KeptGroup> {
        let (mut back, mut after) = (Vec::new(), rows);
        while let Some(group) = self.groups.pop() {
            let is_small = group.rows < GROUP_ROWS && group.rows <= 2 * after;
            if !group.is_open && !is_small {
                self.groups.push(group);
                break;
            }
            after += group.rows;
            back.push(group);
        }
        back.reverse();
        back
    }

    /// Copies the groups to a file, and their gaps to a list.
    pub(super) fn copy(
        &self,
        writer: &mut GroupWriter,
        columns: &[String],
        gaps: &mut Vec<GroupGaps>,
    ) -> Result<(), HubError> {
        for (index, closed) in self.files.iter().enumerate() {
            let mut groups = self.groups.iter().filter(|group| group.file == index).peekable();
            if groups.peek().is_none() {
                continue;
            }
            let file = Arc::new(closed.open()?);
            let stored = gaps::of_file(&file, columns)?;
            for group in groups {
                writer.copy_group(&file, group.group)?;
                gaps.push(stored[group.group].clone());
            }
        }
        Ok(())
    }

    /// The kept rows of a group.
    pub(super) fn decode(&self, group: &KeptGroup, columns: &[String]) -> Result<Rows, HubError> {
        let file = Arc::new(self.files[group.file].open()?);
        let cursor = |name: &str| -> Result<ColumnCursor, HubError> {
            let leaf = file.demand(name)?;
            Ok(ColumnCursor::at_group(Arc::clone(&file), leaf, group.group, group.from))
        };
        guarded(&file.path, || {
            let mut rows = Rows::default();
            cursor("timestamp")?.whole(group.rows, &mut rows.timestamp)?;
            cursor("available_at")?.whole(group.rows, &mut rows.available_at)?;
            if file.find("bar_seq").is_some() {
                cursor("bar_seq")?.whole(group.rows, &mut rows.bar_seq)?;
            }
            for name in columns {
                let mut values = Vec::new();
                cursor(name)?.floats(group.rows, &mut values)?;
                rows.columns.push(values);
            }
            let (mut flags, mut column) = (Vec::new(), cursor("tradable_flag")?);
            column.flags(group.rows, &mut flags)?;
            let known = flags.iter().enumerate().map(|(at, flag)| flag.ok_or_else(|| column.missing(group.from + at)));
            rows.tradable_flag = known.collect::<Result<_, _>>()?;
            Ok(rows)
        })
    }
}

impl Base {
    /// The first file of a table.
    fn new(file: &Arc<ParquetFile>, entry: &TableEntry) -> Result<Self, HubError> {
        let n_keys = table::keys(file.find("bar_seq").is_some()).len();
        let factors = &file.leaves[n_keys..file.leaves.len() - 1];
        let columns: Vec<String> = factors.iter().map(|leaf| leaf.name.clone()).collect();
        let groups = gaps::of_file(file, &columns)?;
        let hash = entry.parts.first().map_or(&entry.content_hash, |part| &part.content_hash);
        Ok(Self {
            path: file.path.clone(),
            size: file.size,
            entry: PartEntry { file: String::new(), rows: file.n_rows() as u64, content_hash: hash.clone() },
            gaps: gaps::total(&groups, columns.len()),
            sum: gaps::sum(&groups),
        })
    }
}

/// The time in a row of a column whose times do not decrease: that of the last row stands in the footer.
fn time_at(file: &Arc<ParquetFile>, name: &str, row: usize) -> Result<i64, HubError> {
    let leaf = file.demand(name)?;
    if let Some((_, latest)) = file.bounds(leaf).filter(|_| row + 1 == file.n_rows()) {
        return Ok(latest);
    }
    let mut cursor = ColumnCursor::new(Arc::clone(file), leaf);
    let mut values = Vec::new();
    cursor.skip(row)?;
    cursor.whole(1, &mut values)?;
    Ok(values[0])
}
