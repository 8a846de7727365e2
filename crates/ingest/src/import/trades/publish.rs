//! Trade files into the hub's monthly tables: files of one table are merged with one another and with what is there,
//! written aside, and published when the last row of the last file has been accepted.

use std::collections::BTreeSet;
use std::sync::mpsc::{channel, sync_channel};

use crosscut_hub::{Hub, HubError, IngestPublisher, InputFile, Origin, TableSource, TickMonth, TickStream, TickWriter};
use crosscut_model::time::civil;
use crosscut_model::{TradeKind, Trades, format_iso};

use crate::error::{Fault, IngestError};
use crate::import::report::{TableReport, TableStatus};
use crate::import::touched::Touched;

use super::merge::{Merge, MergeKey, Side};
use super::order;
use super::source::{FileTrades, TradeFile, TradeRecord, TradeSource};

/// Batches in flight between the parsing and the writing thread.
const IN_FLIGHT: usize = 3;

/// What all tick jobs of an import share.
pub(crate) struct TickContext<'a> {
    /// The hub as it was.
    pub hub: &'a Hub,
    /// The writer.
    pub publisher: &'a IngestPublisher,
    /// The venue.
    pub venue: &'a str,
    /// Whether to drop what is there.
    pub replace: bool,
    /// The tables written so far, which are not dropped again.
    pub touched: &'a Touched,
    /// Whether inflating, parsing and writing run on threads of their own.
    pub pipelined: bool,
}

/// Files that go into the same table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TickJob {
    /// The symbol.
    pub symbol: String,
    /// What a row stands for.
    pub kind: TradeKind,
    /// The month all files are named for; `None` for a single file that may span several.
    pub month: Option<String>,
    /// The files in order of their first rows.
    pub files: Vec<TradeFile>,
}

/// What a job has done.
#[derive(Debug, Default)]
pub(crate) struct TickOutcome {
    /// The tables, in order of month.
    pub tables: Vec<TableReport>,
    /// What each file held.
    pub records: Vec<TradeRecord>,
}

/// A month that has been written aside.
struct Written {
    /// The month.
    month: String,
    /// The unpublished table.
    writer: TickWriter,
    /// What is there.
    existing: Option<TickMonth>,
    /// Rows of the new table.
    rows: u64,
}

impl Written {
    /// Rows that were not there.
    fn added(&self) -> u64 {
        self.rows - self.existing.as_ref().map_or(0, |existing| existing.rows as u64)
    }
}

impl TickJob {
    /// Runs the job. Only when a file turns out not to be in order, its rows are put in order.
    ///
    /// # Errors
    /// When a file is refused or the hub cannot be read or written; the tables are then as they were.
    pub fn run(&self, context: &TickContext<'_>) -> Result<TickOutcome, IngestError> {
        let disorder = match self.attempt(context, &BTreeSet::new()) {
            Err(IngestError::Disordered(disorder)) => disorder,
            result => return result,
        };
        let (mut job, mut disordered) = (self.clone(), BTreeSet::new());
        for file in &mut job.files {
            let survey = order::survey(file, context.pipelined).map_err(|fault| fault.of(&file.shown))?;
            if survey.n_late > 0 {
                disordered.insert(file.shown.clone());
                file.first = survey.first;
            }
        }
        sort_files(&mut job.files);
        match job.attempt(context, &disordered) {
            // The row that was first out of its place says more than that no order suits.
            Err(IngestError::Refused(refusal)) if refusal.file == disorder.file => Err(disorder.into()),
            Err(IngestError::Disordered(refusal)) => Err(refusal.into()),
            result => result,
        }
    }

    /// Runs the job with some files, as the user named them, to be put in order.
    fn attempt(&self, context: &TickContext<'_>, disordered: &BTreeSet<String>) -> Result<TickOutcome, IngestError> {
        let months = self.months_there(context)?;
        let known = self.known_files(&months, context);
        let mut outcome = TickOutcome::default();
        let mut fresh = Vec::new();
        for (file, known) in self.files.iter().zip(&known) {
            match known {
                Some(input) => outcome.records.push(TradeRecord {
                    shown: file.shown.clone(),
                    input: input.clone(),
                    notes: vec!["already imported".to_owned()],
                }),
                None => {
                    let source = FileTrades::new(file.clone(), context.pipelined);
                    let is_disordered = disordered.contains(&file.shown);
                    fresh.push(if is_disordered { source.in_any_order(true) } else { source });
                }
            }
        }
        let (written, records) = match (&self.month, fresh.pop()) {
            (None, Some(file)) => self.write_undated(context, file)?,
            (Some(month), Some(last)) => {
                fresh.push(last);
                self.write_dated(context, month, fresh)?
            }
            (_, None) => return Ok(self.unchanged(&months, outcome)),
        };
        for month in written {
            outcome.tables.push(self.publish(context, month, &records)?);
        }
        outcome.records.extend(records);
        Ok(outcome)
    }

    /// Adds the tables that hold all files already to the outcome.
    fn unchanged(&self, months: &[TickMonth], mut outcome: TickOutcome) -> TickOutcome {
        let touched = months.iter().filter(|month| self.files.iter().any(|file| record_of(month, file).is_some()));
        let reports = touched.map(|month| self.report(&month.month, month.rows as u64, 0, TableStatus::Unchanged));
        outcome.tables.extend(reports);
        outcome
    }

    /// For each file what provenance says of it, if its rows are in the hub already. When tables are to be replaced, that
    /// counts only if they hold these files and no others, undamaged.
    fn known_files(&self, months: &[TickMonth], context: &TickContext<'_>) -> Vec<Option<InputFile>> {
        let known: Vec<Option<InputFile>> = self.files.iter().map(|file| known_file(months, file)).collect();
        let foreign = |month: &TickMonth| {
            let own = |input: &InputFile| self.files.iter().any(|file| file.identity.sha256 == input.sha256);
            !month.provenance.inputs.iter().all(own) || context.hub.verify_table(&month.provenance.table).is_err()
        };
        if context.replace && (known.iter().any(Option::is_none) || months.iter().any(foreign)) {
            return vec![None; self.files.len()];
        }
        known
    }

    /// The months of the symbol that are in the hub and could hold rows of this job. Damaged ones do not count when they
    /// are to be replaced.
    fn months_there(&self, context: &TickContext<'_>) -> Result<Vec<TickMonth>, IngestError> {
        match self.read_months(context) {
            Err(_) if context.replace => Ok(Vec::new()),
            result => result,
        }
    }

    /// The body of [`Self::months_there`].
    fn read_months(&self, context: &TickContext<'_>) -> Result<Vec<TickMonth>, IngestError> {
        if let Some(month) = &self.month {
            let there = context.hub.ticks_of_month(context.venue, &self.symbol, self.kind, month)?;
            return Ok(there.into_iter().map(|(month, _)| month).collect());
        }
        if !context.hub.tick_kinds(context.venue, &self.symbol)?.contains(&self.kind) {
            return Ok(Vec::new());
        }
        Ok(context.hub.tick_info(context.venue, &self.symbol, self.kind)?.months)
    }

    /// Writes the one month that all files are named for.
    fn write_dated(
        &self,
        context: &TickContext<'_>,
        month: &str,
        sources: Vec<FileTrades>,
    ) -> Result<(Vec<Written>, Vec<TradeRecord>), IngestError> {
        let (existing, stream) = self.existing(context, month)?;
        let inputs = sources.into_iter().map(|source| {
            let (label, key) = (source.file.shown.clone(), merge_key(&source.file));
            (Side::new(Box::new(source), label), key)
        });
        let mut merged = InTimeOrder::new(chain(stream, inputs), &self.files);
        let written = self.write(context, month.to_owned(), existing, &mut merged)?;
        let mut records = Vec::new();
        merged.records(&mut records);
        Ok((vec![written], records))
    }

    /// Writes a file that may span several months; nothing is published before its last row has been accepted.
    fn write_undated(
        &self,
        context: &TickContext<'_>,
        source: FileTrades,
    ) -> Result<(Vec<Written>, Vec<TradeRecord>), IngestError> {
        let (label, has_id) = (source.file.shown.clone(), source.file.has_id);
        let mut rest = Rest { source, batch: Trades::default(), at: 0 };
        let (mut all, mut adds, mut repeats) = (Vec::new(), false, false);
        while let Some(row) = rest.peek()? {
            let month = month_of(rest.batch.timestamp[row]);
            let time = rest.batch.timestamp[row];
            let key = if has_id { MergeKey::Id(rest.batch.trade_id[row]) } else { MergeKey::Time(time) };
            let (existing, stream) = self.existing(context, &month)?;
            let slice: Box<dyn TradeSource + '_> = Box::new(MonthOf { rest: &mut rest, month: month.clone() });
            let mut merged = InTimeOrder::new(chain(stream, [(Side::new(slice, label.clone()), key)]), &self.files);
            let written = self.write(context, month, existing, &mut merged)?;
            adds |= written.added() > 0;
            repeats |= written.added() == 0;
            if adds && repeats && !has_id {
                let fault = Fault::file("repeats rows that are there already in one month and adds rows in another");
                return Err(fault
                    .hint("trades without ids cannot be merged; give --replace and all files")
                    .of(&label)
                    .into());
            }
            all.push(written);
        }
        let mut records = Vec::new();
        rest.source.records(&mut records);
        Ok((all, records))
    }

    /// What the hub has of a month, unless it is to be replaced.
    fn existing(
        &self,
        context: &TickContext<'_>,
        month: &str,
    ) -> Result<(Option<TickMonth>, Option<TickStream>), IngestError> {
        if context.replace && !context.touched.contains(&self.table(month)) {
            return Ok((None, None));
        }
        Ok(context.hub.ticks_of_month(context.venue, &self.symbol, self.kind, month)?.unzip())
    }

    /// Writes a month aside.
    fn write(
        &self,
        context: &TickContext<'_>,
        month: String,
        existing: Option<TickMonth>,
        merged: &mut dyn TradeSource,
    ) -> Result<Written, IngestError> {
        let writer = context.publisher.tick_writer(context.venue, &self.symbol, self.kind, &month)?;
        let (writer, rows) =
            if context.pipelined { write_ahead(writer, merged)? } else { write_inline(writer, merged)? };
        Ok(Written { month, writer, existing, rows })
    }

    /// Publishes a month, unless nothing was added to it.
    fn publish(
        &self,
        context: &TickContext<'_>,
        written: Written,
        records: &[TradeRecord],
    ) -> Result<TableReport, IngestError> {
        let added = written.added();
        let Written { month, writer, existing, rows } = written;
        let covered = records.iter().filter_map(|record| record.input.covers_until).max();
        let covered_there = existing.as_ref().and_then(|existing| existing.provenance.covered_until);
        if added == 0 && covered <= covered_there {
            return Ok(self.report(&month, rows, 0, TableStatus::Unchanged));
        }
        let (mut inputs, mut notes) =
            existing.map_or((Vec::new(), Vec::new()), |there| (there.provenance.inputs, there.provenance.notes));
        for record in records {
            inputs.push(record.input.clone());
            notes.extend(record.notes.iter().filter(|note| !notes.contains(note)).cloned().collect::<Vec<_>>());
        }
        inputs.sort_by(|a, b| (a.first, &a.file, &a.sha256).cmp(&(b.first, &b.file, &b.sha256)));
        let source = TableSource {
            origin: Origin::Archive,
            inputs,
            code_version: env!("CARGO_PKG_VERSION").to_owned(),
            covered_until: covered.max(covered_there),
            notes,
        };
        writer.finish(&source)?;
        context.touched.add(&self.table(&month));
        Ok(self.report(&month, rows, added, TableStatus::Written))
    }

    /// A month's table in words.
    fn table(&self, month: &str) -> String {
        format!("{} {} {month}", self.symbol, self.kind.name())
    }

    /// A line of the summary.
    fn report(&self, month: &str, rows: u64, added: u64, status: TableStatus) -> TableReport {
        TableReport { table: self.table(month), rows, added, status }
    }
}

/// Puts the files of one table in order of their first rows.
pub(crate) fn sort_files(files: &mut [TradeFile]) {
    files.sort_by(|a, b| (a.first, &a.path).cmp(&(b.first, &b.path)));
}

/// What a month's provenance says of a file.
fn record_of<'a>(month: &'a TickMonth, file: &TradeFile) -> Option<&'a InputFile> {
    month.provenance.inputs.iter().find(|input| input.sha256 == file.identity.sha256)
}

/// What provenance says of a file whose rows are all in these months. A file that spans months is complete once its last
/// month, which is published last, names it.
fn known_file(months: &[TickMonth], file: &TradeFile) -> Option<InputFile> {
    let input = months.iter().find_map(|month| record_of(month, file))?;
    let last = month_of(input.last);
    months.iter().find(|month| month.month == last).and_then(|month| record_of(month, file)).cloned()
}

/// The month of a time, `2024-08`.
pub(crate) fn month_of(timestamp: i64) -> String {
    let date = civil(timestamp);
    format!("{:04}-{:02}", date.year, date.month)
}

/// How the rows of a file are put in order.
fn merge_key(file: &TradeFile) -> MergeKey {
    if file.has_id { MergeKey::Id(file.first.1) } else { MergeKey::Time(file.first.0) }
}

/// Merges streams one after another into what is there.
fn chain<'a>(
    existing: Option<TickStream>,
    inputs: impl IntoIterator<Item = (Side<'a>, MergeKey)>,
) -> Box<dyn TradeSource + 'a> {
    let there: Box<dyn TradeSource + 'a> = match existing {
        Some(stream) => Box::new(Existing(stream)),
        None => Box::new(Nothing),
    };
    let mut left = Side::new(there, "the table");
    for (right, key) in inputs {
        left = Side::new(Box::new(Merge::new(left, right, key)), "the table, or a file before it,");
    }
    left.into_source()
}

/// A merged stream whose times must not go backwards. Each file's own do not; merged by id, those of two markets would.
struct InTimeOrder<'a> {
    /// The merged stream.
    merged: Box<dyn TradeSource + 'a>,
    /// Time of the last row, microseconds UTC.
    last: i64,
    /// The file to name when they do.
    label: String,
}

impl<'a> InTimeOrder<'a> {
    /// The stream merged from `files`.
    fn new(merged: Box<dyn TradeSource + 'a>, files: &[TradeFile]) -> Self {
        let label = files.last().map(|file| file.shown.clone()).unwrap_or_default();
        Self { merged, last: i64::MIN, label }
    }
}

impl TradeSource for InTimeOrder<'_> {
    fn next_batch(&mut self, out: &mut Trades) -> Result<bool, IngestError> {
        let more = self.merged.next_batch(out)?;
        for (row, &time) in out.timestamp.iter().enumerate() {
            if time < self.last {
                let id = out.trade_id.get(row).copied().unwrap_or_default();
                let (time, last) = (format_iso(time), format_iso(self.last));
                let reason = format!(
                    "merged by trade id with the rows before it, times go backwards: id {id} of {time} comes after {last}"
                );
                let hint = "two markets under one name? import spot and futures under a --venue of their own";
                return Err(Fault::file(reason).hint(hint).of(&self.label).into());
            }
            self.last = time;
        }
        Ok(more)
    }

    fn records(&self, out: &mut Vec<TradeRecord>) {
        self.merged.records(out);
    }
}

/// No trades.
struct Nothing;

impl TradeSource for Nothing {
    fn next_batch(&mut self, out: &mut Trades) -> Result<bool, IngestError> {
        out.clear();
        Ok(false)
    }

    fn records(&self, _out: &mut Vec<TradeRecord>) {}
}

/// The rows of a published table.
struct Existing(TickStream);

impl TradeSource for Existing {
    fn next_batch(&mut self, out: &mut Trades) -> Result<bool, IngestError> {
        Ok(self.0.next_batch(out)?)
    }

    fn records(&self, _out: &mut Vec<TradeRecord>) {}
}

/// A file of which some months have been taken.
struct Rest {
    /// The file.
    source: FileTrades,
    /// The batch in work.
    batch: Trades,
    /// The next row of the batch.
    at: usize,
}

impl Rest {
    /// Position of the next row in the batch; `None` at the end.
    fn peek(&mut self) -> Result<Option<usize>, IngestError> {
        if self.at == self.batch.len() {
            self.at = 0;
            if !self.source.next_batch(&mut self.batch)? {
                return Ok(None);
            }
        }
        Ok(Some(self.at))
    }
}

/// The rows of one month at the front of a file.
struct MonthOf<'a> {
    /// The file.
    rest: &'a mut Rest,
    /// The month.
    month: String,
}

impl TradeSource for MonthOf<'_> {
    fn next_batch(&mut self, out: &mut Trades) -> Result<bool, IngestError> {
        out.clear();
        let Some(from) = self.rest.peek()? else { return Ok(false) };
        let times = &self.rest.batch.timestamp;
        let inside = |time: i64| month_of(time) == self.month;
        let n = if inside(times[times.len() - 1]) {
            times.len() - from
        } else {
            times[from..].partition_point(|&time| inside(time))
        };
        if from == 0 && n == times.len() {
            std::mem::swap(out, &mut self.rest.batch);
            self.rest.batch.clear();
        } else {
            out.extend_from(&self.rest.batch, from..from + n);
            self.rest.at = from + n;
        }
        Ok(n > 0)
    }

    fn records(&self, out: &mut Vec<TradeRecord>) {
        self.rest.source.records(out);
    }
}

/// Writes a stream on this thread; the writer and the number of rows.
fn write_inline(mut writer: TickWriter, merged: &mut dyn TradeSource) -> Result<(TickWriter, u64), IngestError> {
    let mut batch = Trades::default();
    let mut rows = 0;
    while merged.next_batch(&mut batch)? {
        rows += batch.len() as u64;
        writer.write(&batch)?;
    }
    Ok((writer, rows))
}

/// Writes a stream with the encoding on a thread of its own; the writer and the number of rows.
fn write_ahead(writer: TickWriter, merged: &mut dyn TradeSource) -> Result<(TickWriter, u64), IngestError> {
    std::thread::scope(|scope| {
        let (filled, work) = sync_channel::<Trades>(IN_FLIGHT);
        let (emptied, free) = channel();
        let encoder = scope.spawn(move || -> Result<TickWriter, HubError> {
            let mut writer = writer;
            for batch in work {
                writer.write(&batch)?;
                // Nobody takes buffers back once the last batch has been sent.
                let _ = emptied.send(batch);
            }
            Ok(writer)
        });
        let mut rows = 0;
        loop {
            let mut batch = free.try_recv().unwrap_or_default();
            if !merged.next_batch(&mut batch)? {
                break;
            }
            rows += batch.len() as u64;
            if filled.send(batch).is_err() {
                // The encoder stopped at an error, which joining it returns.
                break;
            }
        }
        drop(filled);
        match encoder.join() {
            Ok(writer) => Ok((writer?, rows)),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}
