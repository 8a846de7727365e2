//! Bar files into the hub's bar tables: read, checked, merged by label with what is there, published.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crosscut_hub::{Hub, HubError, IngestPublisher, InputFile, Origin, TableInfo, TableSource};
use crosscut_model::time::DAY;
use crosscut_model::{BarSpec, Bars, Sessions, Timeframe, check_symbol, format_iso};
use rayon::prelude::*;

use crate::error::{AGAIN, Fault, IngestError, Refusal};
use crate::import::actions;
use crate::import::checksum::Identity;
use crate::import::container::Container;
use crate::import::fields::plain_name;
use crate::import::holders::Holders;
use crate::import::relisted;
use crate::import::report::{FileRecord, TableReport, TableStatus};
use crate::import::touched::Touched;

use super::Flavour;
use super::bars::{BarRules, FoundTimeframe, build, difference, find_timeframe, merge};
use super::columns::KlineColumns;
use super::read::{RawBars, read_file};

/// A bar file that has been looked at and not yet read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct KlineFile {
    /// Where it is.
    pub path: PathBuf,
    /// How the user named it.
    pub shown: String,
    /// Its size and hash.
    pub identity: Identity,
    /// What it is packed in.
    pub container: Container,
    /// Its columns.
    pub columns: KlineColumns,
    /// Lines before the first row of a text file.
    pub lines_before: u64,
    /// Its symbol; `None` when a column holds symbols.
    pub symbol: Option<String>,
    /// What its prices are prices of.
    pub flavour: Flavour,
    /// Length of its bars by its name or folder.
    pub timeframe: Option<Timeframe>,
    /// The day or month it is named for, microseconds UTC: from (inclusive) and until (exclusive).
    pub period: Option<(i64, i64)>,
    /// The start it is named for, microseconds UTC.
    pub start: Option<i64>,
}

/// What all bar jobs of an import share.
pub(crate) struct KlineContext<'a> {
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
    /// Length of the bars, when the user says so.
    pub timeframe: Option<Timeframe>,
    /// Quote currency appended to symbols that do not end with it.
    pub suffix: &'a str,
    /// Who held a symbol when.
    pub holders: &'a Holders,
    /// When the venue is open; `None` is around the clock.
    pub sessions: &'a Option<Sessions>,
}

/// What a job has done.
#[derive(Debug, Default)]
pub(crate) struct KlineOutcome {
    /// The tables.
    pub tables: Vec<TableReport>,
    /// What each file held.
    pub records: Vec<FileRecord>,
    /// Symbols of a file that were refused.
    pub refusals: Vec<Refusal>,
}

/// The bars one file gives to one table.
pub(crate) struct Part {
    /// How the user named the file.
    pub shown: String,
    /// What provenance records of it.
    pub input: InputFile,
    /// The bars.
    pub bars: Bars,
}

/// A file that has been read.
struct ReadKlines {
    /// All rows, as the file has them.
    raw: RawBars,
    /// The rows of each symbol in order of time.
    groups: Vec<Vec<usize>>,
    /// For each symbol how many rows stood behind later ones.
    n_out_of_order: Vec<u64>,
    /// The length of the bars.
    found: FoundTimeframe,
}

/// A symbol with the quote appended where it lacks it.
pub(crate) fn full_symbol(symbol: &str, suffix: &str) -> String {
    if symbol.ends_with(suffix) { symbol.to_owned() } else { format!("{symbol}{suffix}") }
}

impl KlineFile {
    /// Reads the file and settles the length of its bars.
    fn read(&self, context: &KlineContext<'_>) -> Result<ReadKlines, Fault> {
        let raw = read_file(&self.path, &self.container, &self.columns, self.lines_before)?;
        if raw.len() == 0 {
            return Err(Fault::file("holds no row; expected bars").hint(AGAIN));
        }
        let mut groups = raw.groups();
        let n_out_of_order = groups.iter_mut().map(|rows| raw.put_in_order(rows)).collect();
        let found = find_timeframe(&raw, &groups, context.timeframe, self.timeframe)?;
        let first = raw.open_time.iter().copied().min().unwrap_or_default();
        if let Some(start) = self.start.filter(|&start| start != first && found.timeframe.floor(start) != first) {
            let (first, start) = (format_iso(first), format_iso(start));
            return Err(Fault::row(
                raw.first_row,
                format!("open time is {first}; the file's name says it starts at {start}"),
            )
            .hint("the file was cut or renamed; make it anew"));
        }
        Ok(ReadKlines { raw, groups, n_out_of_order, found })
    }

    /// What its bars are checked by.
    fn rules(&self, found: &FoundTimeframe) -> BarRules {
        BarRules { timeframe: found.timeframe, flavour: self.flavour, period: self.period }
    }

    /// What provenance records of the file for one symbol's bars.
    fn input(&self, bars: &Bars, n_out_of_order: u64) -> InputFile {
        InputFile {
            n_out_of_order,
            file: self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
            size: self.identity.size,
            sha256: self.identity.sha256.clone(),
            rows: bars.len() as u64,
            first: bars.timestamp.first().copied().unwrap_or_default(),
            last: bars.timestamp.last().copied().unwrap_or_default(),
            covers_until: self.period.map(|(_, until)| until),
            venue: self.identity.venue.clone(),
        }
    }

    /// The bars of a symbol, by the instrument that held it.
    fn parts(&self, context: &KlineContext<'_>, symbol: &str, (bars, n_late): (&Bars, u64)) -> Vec<(String, Part)> {
        let split = context.holders.split(symbol, &bars.available_at);
        let part = |(id, rows)| {
            let bars = bars.rows(rows);
            (id, Part { shown: self.shown.clone(), input: self.input(&bars, n_late), bars })
        };
        split.into_iter().map(part).collect()
    }

    /// Whether splits and dividends among its columns are kept: they are of days.
    fn has_actions(&self, timeframe: Timeframe) -> bool {
        timeframe.micros() == Some(DAY) && self.flavour == Flavour::Traded
    }

    /// What is reported of the file.
    fn record(&self, read: &ReadKlines) -> FileRecord {
        let ReadKlines { raw, found, n_out_of_order, .. } = read;
        let mut unknown = self.columns.unknown();
        if !self.has_actions(found.timeframe) {
            unknown.extend(raw.actions.iter().map(|(name, _)| name.as_str()));
        }
        let mut notes = raw.notes.clone();
        if !unknown.is_empty() {
            notes.push(format!("columns not kept: {}", unknown.join(", ")));
        }
        if self.container == Container::Qlib && unknown.contains(&"factor") {
            notes.push("qlib's prices are the traded ones times its `factor`".to_owned());
        }
        if unknown.iter().any(|name| plain_name(name) == "stocksplits") {
            notes.push("Yahoo's prices have its splits in them already, so that these are no actions here".to_owned());
        }
        let n_late: u64 = n_out_of_order.iter().sum();
        if n_late > 0 {
            notes.push(format!("{n_late} rows stood behind later ones; put in order of time"));
        }
        FileRecord {
            shown: self.shown.clone(),
            decided: format!("{} bars by the {}", found.timeframe, found.said_by),
            rows: raw.len() as u64,
            notes,
        }
    }
}

/// Daily bars of a venue with sessions are known at their session's close, not at midnight.
fn closed(mut bars: Bars, timeframe: Timeframe, context: &KlineContext<'_>) -> Bars {
    if let (Some(sessions), Some(DAY)) = (context.sessions, timeframe.micros()) {
        for (label, known) in bars.timestamp.iter().zip(&mut bars.available_at) {
            if let Some((_, close)) = sessions.session(*label) {
                *known = close;
            }
        }
    }
    bars
}

/// Imports the files of one symbol; nothing is published before all of them have been accepted.
///
/// # Errors
/// When a file is refused or the hub cannot be read or written.
pub(crate) fn run_symbol(
    context: &KlineContext<'_>,
    symbol: &str,
    files: &[KlineFile],
) -> Result<KlineOutcome, IngestError> {
    let mut outcome = KlineOutcome::default();
    let mut tables: BTreeMap<(String, Flavour, Timeframe), Vec<Part>> = BTreeMap::new();
    let mut carried = Vec::new();
    for file in files {
        if let Some(known) = known(context, symbol, file)? {
            let (record, table) = known;
            outcome.records.push(record);
            if !outcome.tables.contains(&table) {
                outcome.tables.push(table);
            }
            continue;
        }
        let read = || {
            let read = file.read(context)?;
            let timeframe = read.found.timeframe;
            let bars = closed(build(&read.raw, &read.groups[0], &file.rules(&read.found))?, timeframe, context);
            let bars = (bars, read.n_out_of_order[0]);
            Ok((file.record(&read), timeframe, bars, (read.raw, read.groups)))
        };
        let (record, timeframe, (bars, n_late), raw) = read().map_err(|fault: Fault| fault.of(&file.shown))?;
        let mut record = record;
        let mut inputs = Vec::new();
        for (id, part) in file.parts(context, symbol, (&bars, n_late)) {
            record.notes.extend(relisted::note(&id, &part.bars));
            inputs.push((id.clone(), part.input.clone()));
            tables.entry((id, file.flavour, timeframe)).or_default().push(part);
        }
        if file.has_actions(timeframe) && !raw.0.actions.is_empty() {
            carried.push((outcome.records.len(), raw, inputs));
        }
        outcome.records.push(record);
    }
    let mut merged = Vec::new();
    for ((id, flavour, timeframe), parts) in tables {
        merged.push(Merged::new(context, &id, flavour.spec(timeframe), parts)?);
    }
    for table in merged {
        let report = table.publish(context)?;
        outcome.tables.retain(|known| known.table != report.table);
        outcome.tables.push(report);
    }
    // Actions speak of bars that are there.
    for (at, (raw, groups), inputs) in carried {
        let shown = outcome.records[at].shown.clone();
        match actions_of(context, (&raw, &groups[0]), &inputs, &shown) {
            Ok((tables, notes)) => {
                outcome.tables.extend(tables);
                outcome.records[at].notes.extend(notes);
            }
            Err(IngestError::Refused(refusal)) => outcome.refusals.push(refusal),
            Err(error) => return Err(error),
        }
    }
    Ok(outcome)
}

/// Publishes the splits and dividends of some rows of a file, by the instruments they are of.
fn actions_of(
    context: &KlineContext<'_>,
    rows: (&RawBars, &[usize]),
    inputs: &[(String, InputFile)],
    shown: &str,
) -> Result<Published, IngestError> {
    let (mut tables, mut notes) = (Vec::new(), Vec::new());
    for (id, input) in inputs {
        let (table, dropped) = actions::of_bars(context, id, rows, input, shown)?;
        tables.extend(table);
        notes.extend(dropped);
    }
    Ok((tables, notes))
}

/// What to report of a file whose bars are in the hub already, found without reading it: its hash is in the provenance of
/// the table it names.
fn known(
    context: &KlineContext<'_>,
    symbol: &str,
    file: &KlineFile,
) -> Result<Option<(FileRecord, TableReport)>, IngestError> {
    let frames = [context.timeframe, file.timeframe];
    let (Some(frame), false) = (frames[0].or(frames[1]), context.replace) else { return Ok(None) };
    let agree = frames.iter().flatten().all(|other| *other == frame);
    let bar = file.flavour.spec(frame);
    let Some(info) = existing(context, &bar, symbol)?.filter(|_| agree) else { return Ok(None) };
    let Some(input) = info.provenance.inputs.iter().find(|input| input.sha256 == file.identity.sha256) else {
        return Ok(None);
    };
    let record = FileRecord {
        shown: file.shown.clone(),
        decided: format!("{frame} bars"),
        rows: input.rows,
        notes: vec!["already imported".to_owned()],
    };
    let (name, rows) = (format!("{symbol} {bar} bars"), info.rows as u64);
    Ok(Some((record, TableReport { table: name, rows, added: 0, status: TableStatus::Unchanged })))
}

/// Imports one file of many symbols; each symbol is published or refused on its own.
///
/// # Errors
/// When the whole file is refused.
pub(crate) fn run_long(context: &KlineContext<'_>, file: &KlineFile) -> Result<KlineOutcome, IngestError> {
    let read = file.read(context).map_err(|fault| fault.of(&file.shown))?;
    let ReadKlines { raw, groups, n_out_of_order, found } = &read;
    let rules = file.rules(found);
    let mut symbols: BTreeMap<String, usize> = BTreeMap::new();
    for (at, text) in raw.symbols.iter().enumerate() {
        let symbol = full_symbol(text, context.suffix);
        let row = raw.row_number(groups[at][0]);
        check_symbol(&symbol).map_err(|error| Fault::row(row, error.to_string()).of(&file.shown))?;
        if let Some(other) = symbols.insert(symbol.clone(), at) {
            let reason = format!("`{text}` and `{}` both become {symbol}", raw.symbols[other]);
            return Err(Fault::row(row, reason).of(&file.shown).into());
        }
    }
    let import = |(symbol, at): (&String, &usize)| -> Result<(Vec<TableReport>, Vec<String>), IngestError> {
        let named = |fault: Fault| Fault { reason: format!("{symbol}: {}", fault.reason), ..fault }.of(&file.shown);
        let bars = build(raw, &groups[*at], &rules).map_err(named)?;
        let bars = closed(bars, found.timeframe, context);
        let spec = file.flavour.spec(found.timeframe);
        let parts = file.parts(context, symbol, (&bars, n_out_of_order[*at]));
        let mut notes: Vec<String> = parts.iter().filter_map(|(id, part)| relisted::note(id, &part.bars)).collect();
        let inputs: Vec<(String, InputFile)> =
            parts.iter().map(|(id, part)| (id.clone(), part.input.clone())).collect();
        let merged = parts.into_iter().map(|(id, part)| Merged::new(context, &id, spec, vec![part]));
        let merged: Vec<Merged> = merged.collect::<Result<_, _>>()?;
        let tables: Result<Vec<TableReport>, IngestError> =
            merged.into_iter().map(|table| table.publish(context)).collect();
        let mut tables = tables?;
        if file.has_actions(found.timeframe) && !raw.actions.is_empty() {
            let (more, dropped) = actions_of(context, (raw, &groups[*at]), &inputs, &file.shown)?;
            tables.extend(more);
            notes.extend(dropped);
        }
        Ok((tables, notes))
    };
    let results: Vec<Result<Published, IngestError>> = symbols.par_iter().map(import).collect();
    let mut outcome = KlineOutcome { records: vec![file.record(&read)], ..KlineOutcome::default() };
    for (result, symbol) in results.into_iter().zip(symbols.keys()) {
        match result {
            Ok((tables, notes)) => {
                outcome.tables.extend(tables);
                outcome.records[0].notes.extend(notes);
            }
            Err(IngestError::Refused(refusal)) => outcome.refusals.push(refusal),
            Err(error) => outcome.refusals.push(Fault::file(format!("{symbol}: {error}")).of(&file.shown)),
        }
    }
    Ok(outcome)
}

/// Tables of a symbol and what is to be said of it.
type Published = (Vec<TableReport>, Vec<String>);

/// A table that is ready to be published.
pub(crate) struct Merged {
    /// The table in words.
    name: String,
    /// The symbol.
    symbol: String,
    /// The kind of bars.
    bar: BarSpec,
    /// All bars.
    bars: Bars,
    /// Where they come from; `None` when the table holds everything already.
    source: Option<TableSource>,
    /// Rows of the table.
    rows: u64,
    /// Rows that are new.
    added: u64,
}

impl Merged {
    /// Merges parts with what is there.
    pub fn new(
        context: &KlineContext<'_>,
        symbol: &str,
        bar: BarSpec,
        mut parts: Vec<Part>,
    ) -> Result<Self, IngestError> {
        let name = format!("{symbol} {bar} bars");
        let replace = context.replace && !context.touched.contains(&name);
        let existing = existing(context, &bar, symbol)?;
        let inputs = existing.as_ref().map(|info| info.provenance.inputs.clone()).unwrap_or_default();
        // The same file gives other rows once its symbol is known to have had several holders.
        let rows = |input: &InputFile| (input.rows, input.first, input.last);
        let is_same = |a: &InputFile, b: &InputFile| a.sha256 == b.sha256 && rows(a) == rows(b);
        let has = |part: &Part| inputs.iter().any(|input| is_same(input, &part.input));
        let undamaged = || {
            let there = existing.as_ref();
            there.is_some_and(|info| context.hub.verify_table(&info.provenance.table).is_ok())
        };
        let same_files = parts.iter().all(has) && (!replace || inputs.len() == parts.len() && undamaged());
        if let (true, Some(info)) = (same_files, &existing) {
            let (bars, rows) = (Bars::default(), info.rows as u64);
            return Ok(Self { name, symbol: symbol.to_owned(), bar, bars, source: None, rows, added: 0 });
        }
        let existing = existing.filter(|_| !replace);
        if let Some(info) = existing.as_ref().filter(|info| info.provenance.origin != Origin::Klines) {
            let reason =
                format!("{} were made from {}, this file holds klines", info.name, info.provenance.origin.name());
            let fault = Fault::file(reason).hint("give --replace, or import under another --venue name");
            return Err(fault.of(&parts[0].shown).into());
        }
        let mut bars = match &existing {
            Some(_) => context.hub.read_all_bars(context.venue, &bar, symbol)?,
            None => Bars::default(),
        };
        let there = bars.len();
        if existing.is_some() {
            parts.retain(|part| !has(part));
        }
        parts.sort_by(|a, b| (a.input.first, &a.input.file).cmp(&(b.input.first, &b.input.file)));
        for part in &parts {
            bars = merge(&bars, &part.bars).map_err(|conflict| {
                let at = format_iso(part.bars.timestamp[conflict.added]);
                let (left, right) = difference(&bars, &part.bars, &conflict);
                Fault::file(format!(
                    "{symbol}: the bar of {at} differs: this file has [{right}], the table has [{left}]"
                ))
                .hint("import bars of one source only, or give --replace to make the table anew")
                .of(&part.shown)
            })?;
        }
        let added = (bars.len() - there) as u64;
        let source = table_source(existing.as_ref(), &parts, &bars);
        let extended = existing.as_ref().is_none_or(|info| source.covered_until > info.provenance.covered_until);
        let source = Some(source).filter(|_| added > 0 || extended);
        let rows = bars.len() as u64;
        Ok(Self { name, symbol: symbol.to_owned(), bar, bars, source, rows, added })
    }

    /// Publishes the table unless it holds everything already.
    pub fn publish(self, context: &KlineContext<'_>) -> Result<TableReport, IngestError> {
        let status = match &self.source {
            Some(source) => {
                context.publisher.publish_bars(context.venue, &self.bar, &self.symbol, &self.bars, source)?;
                context.touched.add(&self.name);
                TableStatus::Written
            }
            None => TableStatus::Unchanged,
        };
        Ok(TableReport { table: self.name, rows: self.rows, added: self.added, status })
    }
}

/// What is known of a table; `None` when there is none, or a damaged one that is to be replaced.
fn existing(context: &KlineContext<'_>, bar: &BarSpec, symbol: &str) -> Result<Option<TableInfo>, IngestError> {
    match context.hub.bar_info(context.venue, bar, symbol) {
        Ok(info) => Ok(Some(info)),
        Err(HubError::NotFound { .. }) => Ok(None),
        Err(_) if context.replace => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Where the bars of a table come from.
fn table_source(existing: Option<&TableInfo>, parts: &[Part], bars: &Bars) -> TableSource {
    let mut inputs = existing.map(|info| info.provenance.inputs.clone()).unwrap_or_default();
    inputs.extend(parts.iter().map(|part| part.input.clone()));
    inputs.sort_by(|a, b| (a.first, &a.file, &a.sha256).cmp(&(b.first, &b.file, &b.sha256)));
    let covered = inputs.iter().filter_map(|input| input.covers_until).max();
    TableSource {
        origin: Origin::Klines,
        inputs,
        code_version: env!("CARGO_PKG_VERSION").to_owned(),
        // A kline is complete when it is published, so that the data reach at least the last bar's close.
        covered_until: covered.max(bars.available_at.last().copied()),
        notes: existing.map(|info| info.provenance.notes.clone()).unwrap_or_default(),
    }
}
