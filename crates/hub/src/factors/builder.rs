//! One symbol's table in the making: rows kept from the published generation, then rows appended.
//!
//! 1. [`TableBuilder::keep_before`] notes which row groups stay. A large file all of whose rows stay is not touched: it
//!    becomes `base.parquet` of a folder, as a hard link, and what follows goes into `tail.parquet` beside it.
//! 2. Appended rows wait until they fill a row group, or the table is finished.
//! 3. Before the first group is written, small groups at the end of what is kept are taken back to be written together
//!    with the new rows, as a binary counter carries: a table has few small groups however it was updated. All other
//!    kept groups are copied as the bytes they are.
//! 4. When a tail has grown beyond a share of its base, both are joined into one file, the base again as bytes.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use super::gaps::{self, Gaps, GroupGaps};
use super::identity::{RowKeys, RowSum};
use super::kept::Kept;
use super::metadata::{PartEntry, TableEntry};
use super::publish::{Generation, Shape, Written, link, remove};
use super::table::{self, FactorTable, GROUP_ROWS, RowKey};
use super::waiting::Waiting;
use crate::error::HubError;
use crate::parquet_file::GroupWriter;

/// Name of the file that is kept whole in the folder of a table in two parts.
pub(super) const BASE: &str = "base.parquet";

/// Name of the file with the later rows. Tools read the files of a folder in the order of their names.
pub(super) const TAIL: &str = "tail.parquet";

/// A tail beyond its base's size divided by this is joined with it.
const TAIL_SHARE: u64 = 8;

/// One symbol's table in the making. May be used by any thread; no file is open between calls.
#[derive(Debug)]
pub struct TableBuilder<'a> {
    /// The generation it will belong to.
    generation: &'a Generation,
    /// The symbol.
    symbol: String,
    /// Its columns.
    shape: Arc<Shape>,
    /// Where the table will be.
    path: PathBuf,
    /// Whether something lies there that must go unless the table is finished.
    is_made: bool,
    /// What is kept of the published table.
    kept: Option<Kept>,
    /// Appended rows that are not written yet.
    waiting: Waiting,
    /// The file, from the first group on.
    writer: Option<GroupWriter>,
    /// Gaps of the groups in the file.
    gaps: Vec<GroupGaps>,
    /// Rows appended.
    appended: usize,
    /// The ends of the table; `None` while there is no row.
    span: Option<Span>,
}

/// The ends of a table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    /// Bar open of the first row.
    pub(super) first: i64,
    /// Keys of the last row.
    pub(super) last: RowKey,
}

impl<'a> TableBuilder<'a> {
    /// An empty table.
    pub(super) fn new(
        generation: &'a Generation,
        symbol: &str,
        shape: Arc<Shape>,
        path: PathBuf,
        waiting: Waiting,
    ) -> Self {
        Self {
            generation,
            symbol: symbol.to_owned(),
            shape,
            path,
            is_made: false,
            kept: None,
            waiting,
            writer: None,
            gaps: Vec::new(),
            appended: 0,
            span: None,
        }
    }

    /// Begins with the rows before `row` of the published table, which has them. At most once, before anything is appended;
    /// `row` 0 keeps nothing and is always possible.
    ///
    /// # Errors
    /// When rows are there already, nothing is published, the published table has fewer rows or other columns, or it is
    /// damaged.
    pub fn keep_before(&mut self, row: usize) -> Result<(), HubError> {
        if self.kept.is_some() || self.appended > 0 {
            return Err(self.refused("rows can be kept only in front of all others".to_owned()));
        }
        if row == 0 {
            return Ok(());
        }
        let none = || self.refused("nothing is published yet to keep rows from".to_owned());
        let before = self.generation.before().ok_or_else(none)?;
        if before.columns() != self.shape.names {
            let (here, there) = (self.shape.names.join(", "), before.columns().join(", "));
            return Err(self.refused(format!("the columns are {here}; the published ones are {there}")));
        }
        let entry = before.entry(&self.symbol)?;
        if (entry.rows as usize) < row {
            let message = format!("{row} rows are to be kept, the published table has {}", entry.rows);
            return Err(self.refused(message));
        }
        let (kept, span) = Kept::begin(before, &self.symbol, row)?;
        (self.kept, self.span) = (Some(kept), Some(span));
        Ok(())
    }

    /// Appends rows; the columns are those of the table, in its order.
    ///
    /// # Errors
    /// When the columns differ, a value is infinite, the rows are not strictly sorted and after those before, or a file
    /// cannot be written.
    pub fn append(&mut self, rows: &FactorTable<'_>) -> Result<(), HubError> {
        self.check(rows)?;
        let n = rows.timestamp.len();
        let mut at = 0;
        while self.waiting.rows() + n - at >= GROUP_ROWS {
            self.settle(GROUP_ROWS)?;
            let k = GROUP_ROWS.saturating_sub(self.waiting.rows());
            if self.waiting.rows() == 0 {
                let refuse = |reason| self.generation.refused(reason);
                let first = self.rows_before();
                let writer = self.writer.as_mut().expect("it was settled");
                self.gaps.push(table::write_group(writer, &self.symbol, (rows, at..at + k, first), &refuse)?);
            } else {
                self.waiting.push(rows, at..at + k)?;
                self.write_waiting(GROUP_ROWS)?;
            }
            at += k;
        }
        self.waiting.push(rows, at..n)?;
        self.appended += n;
        if let (Some(first), Some(last)) = (rows.timestamp.first(), RowKey::of(rows, n.wrapping_sub(1))) {
            let first = self.span.map_or(*first, |span| span.first);
            self.span = Some(Span { first, last });
        }
        self.writer.as_mut().map_or(Ok(()), GroupWriter::rest)
    }

    /// Completes the table. Dropped without it, the table is not part of the generation.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn finish(mut self) -> Result<(), HubError> {
        if self.appended == 0 && self.kept.as_ref().is_some_and(|kept| kept.is_all) {
            return self.generation.keep_symbol(&self.symbol);
        }
        let outcome = self.complete().and_then(|written| self.generation.remember(&self.symbol, written));
        self.is_made &= outcome.is_err();
        outcome
    }

    /// Writes what is left; returns what the generation needs to know.
    fn complete(&mut self) -> Result<Written, HubError> {
        if self.appended == 0
            && let Some(kept) = self.kept.as_mut().filter(|kept| kept.groups.is_empty())
            && let Some(base) = kept.base.take()
        {
            link(&base.path, &self.path)?;
            self.is_made = true;
            let entry = self.entry((base.entry.rows as usize, base.sum), base.entry.content_hash, Vec::new());
            return Ok(self.written(entry, base.gaps, Vec::new()));
        }
        self.settle(self.waiting.rows())?;
        while self.waiting.rows() > 0 {
            self.write_waiting(self.waiting.rows().min(GROUP_ROWS))?;
        }
        let writer = self.writer.take().expect("it was settled");
        let size = writer.size();
        let finished = table::finish(writer, &self.gaps)?;
        let n_columns = self.shape.names.len();
        let rows: usize = self.gaps.iter().map(GroupGaps::rows).sum();
        let (gaps, sum) = (gaps::total(&self.gaps, n_columns), gaps::sum(&self.gaps));
        let Some(base) = self.kept.as_mut().and_then(|kept| kept.base.take()) else {
            let entry = self.entry((rows, sum), finished.content_hash, Vec::new());
            return Ok(self.written(entry, gaps, vec![self.path.clone()]));
        };
        if size > base.size / TAIL_SHARE {
            return self.join();
        }
        let tail = PartEntry { file: TAIL.to_owned(), rows: rows as u64, content_hash: finished.content_hash };
        let parts = vec![PartEntry { file: BASE.to_owned(), ..base.entry }, tail];
        let all = base.gaps.into_iter().zip(gaps).map(|(base, tail)| base.then(tail)).collect();
        let lines: String = parts.iter().map(|part| format!("{}\n", part.content_hash)).collect();
        let hash = blake3::hash(lines.as_bytes()).to_hex().to_string();
        let sum = base.sum.zip(sum).map(|(base, tail)| base.with(tail));
        let entry = self.entry((parts.iter().map(|part| part.rows as usize).sum(), sum), hash, parts);
        Ok(self.written(entry, all, vec![self.path.join(TAIL), self.path.clone()]))
    }

    /// Joins base and tail, which lie in the table's folder now, into one file.
    fn join(&mut self) -> Result<Written, HubError> {
        let folder = self.path.with_extension("parts");
        fs::rename(&self.path, &folder).map_err(HubError::io("rename", &self.path))?;
        let outcome = Kept::of_parts(&[folder.join(BASE), folder.join(TAIL)]).and_then(|kept| {
            (self.kept, self.gaps) = (Some(kept), Vec::new());
            self.complete()
        });
        remove(&folder);
        outcome
    }

    /// Makes the file, before its first group: `rows` new ones are about to be written.
    fn settle(&mut self, rows: usize) -> Result<(), HubError> {
        if self.writer.is_some() {
            return Ok(());
        }
        let mut kept = self.kept.take().unwrap_or_default();
        let back = kept.carry(rows);
        let path = match &kept.base {
            None => self.path.clone(),
            Some(base) => {
                fs::create_dir(&self.path).map_err(HubError::io("create", &self.path))?;
                self.is_made = true;
                link(&base.path, &self.path.join(BASE))?;
                self.path.join(TAIL)
            }
        };
        let mut writer = GroupWriter::create(&path, &self.shape.schema)?;
        self.is_made = true;
        let names = &self.shape.names;
        kept.copy(&mut writer, names, &mut self.gaps)?;
        for group in back.iter().rev() {
            self.waiting.push_front(kept.decode(group, names)?);
        }
        (self.writer, self.kept) = (Some(writer), Some(kept));
        Ok(())
    }

    /// Rows of the table before the next row group, those of the base among them.
    fn rows_before(&self) -> usize {
        let base = self.kept.as_ref().and_then(|kept| kept.base.as_ref()).map_or(0, |base| base.entry.rows as usize);
        base + self.gaps.iter().map(GroupGaps::rows).sum::<usize>()
    }

    /// Writes the first `n` waiting rows as a row group.
    fn write_waiting(&mut self, n: usize) -> Result<(), HubError> {
        let keys = RowKeys::new(self.rows_before(), n);
        let front = self.waiting.front(n)?;
        let writer = self.writer.as_mut().expect("it was settled");
        let (mut times, mut known, mut sequence, mut flags) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let n_times = if self.shape.of_events { 3 } else { 2 };
        front.timestamps(&mut times)?;
        front.times_known(&mut known)?;
        if self.shape.of_events {
            front.sequence(&mut sequence)?;
        }
        front.flags(n_times + self.shape.names.len(), &mut flags)?;
        let times = [Some(&times[..]), Some(&known[..]), self.shape.of_events.then_some(&sequence[..])];
        times.iter().flatten().try_for_each(|values| writer.times(values))?;
        writer.same_text(&self.symbol, n)?;
        let mut sum = keys.fixed(&times, &flags);
        let (mut gaps, mut values) = (Vec::new(), Vec::new());
        for at in 0..self.shape.names.len() {
            values.clear();
            front.column(at, n_times, &mut values)?;
            let name = &self.shape.names[at];
            gaps.push(table::count(name, &values, 0).map_err(|reason| self.generation.refused(reason))?);
            sum = sum.with(keys.values(at, &values));
            writer.floats(&values)?;
        }
        writer.flags(&flags)?;
        writer.close_group(n)?;
        self.gaps.push(GroupGaps::new(n, &gaps, Some(sum)));
        self.waiting.take(n);
        Ok(())
    }

    /// The rules of rows that are about to be appended.
    fn check(&self, rows: &FactorTable<'_>) -> Result<(), HubError> {
        if !rows.columns.iter().map(|(name, _)| *name).eq(self.shape.names.iter().map(String::as_str)) {
            let here = rows.columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
            let there = self.shape.names.join(", ");
            return Err(self.refused(format!("the columns are {here}; the table was begun with {there}")));
        }
        if rows.bar_seq.is_some() != self.shape.of_events {
            return Err(self.refused("rows of event bars, and no others, have a `bar_seq`".to_owned()));
        }
        table::check(rows).map_err(|reason| self.refused(reason))?;
        for (name, values) in &rows.columns {
            table::count(name, values, 0).map_err(|reason| self.refused(reason))?;
        }
        let (Some(span), Some(first)) = (self.span, RowKey::of(rows, 0)) else { return Ok(()) };
        span.last.check_next(first).map_err(|reason| self.refused(reason))
    }

    /// What the metadata will say.
    fn entry(&self, (rows, sum): (usize, Option<RowSum>), content_hash: String, parts: Vec<PartEntry>) -> TableEntry {
        let (first, last) = self.span.map_or((0, 0), |span| (span.first, span.last.timestamp));
        let rows_hash = sum.map(|sum| sum.name(rows, &self.shape.names));
        TableEntry { rows: rows as u64, first, last, content_hash, rows_hash, parts }
    }

    /// A completed table.
    fn written(&self, entry: TableEntry, gaps: Vec<Gaps>, new_files: Vec<PathBuf>) -> Written {
        Written { entry, shape: Arc::clone(&self.shape), gaps, new_files }
    }

    /// An error that names the symbol.
    fn refused(&self, reason: String) -> HubError {
        self.generation.refused(format!("{} is refused: {reason}", self.symbol))
    }
}

impl Drop for TableBuilder<'_> {
    fn drop(&mut self) {
        if self.is_made {
            remove(&self.path);
        }
    }
}

#[cfg(test)]
mod tests;
