//! Funding files into the hub's funding tables: read, merged by moment with what is there, gaps told, published.

use std::collections::{BTreeMap, BTreeSet};

use crosscut_hub::{Hub, HubError, IngestPublisher, InputFile, Origin, TableInfo, TableSource};
use crosscut_model::funding::gaps;
use crosscut_model::{Funding, check_symbol, format_iso};
use rayon::prelude::*;

use crate::error::{AGAIN, Fault, IngestError, Refusal};
use crate::import::holders::Holders;
use crate::import::klines::publish::full_symbol;
use crate::import::klines::read::read_file;
use crate::import::report::{FileRecord, TableReport, TableStatus};

use super::FundingFile;
use super::rows::{self, Rows};

/// Gaps told one by one; the rest are counted.
const GAPS_TOLD: usize = 3;

/// What all funding jobs of an import share.
pub(crate) struct FundingContext<'a> {
    /// The hub as it was.
    pub hub: &'a Hub,
    /// The writer.
    pub publisher: &'a IngestPublisher,
    /// The venue.
    pub venue: &'a str,
    /// Whether to drop what is there.
    pub replace: bool,
    /// Quote currency appended to symbols that do not end with it.
    pub suffix: &'a str,
    /// Who held a symbol when.
    pub holders: &'a Holders,
}

/// What the jobs have done.
#[derive(Debug, Default)]
pub(crate) struct FundingOutcome {
    /// The tables.
    pub tables: Vec<TableReport>,
    /// What each file held.
    pub records: Vec<FileRecord>,
    /// Files, or symbols of files, that were refused.
    pub refusals: Vec<Refusal>,
}

/// The rows one file gives to one table.
struct Part {
    /// How the user named the file.
    shown: String,
    /// What provenance records of it.
    input: InputFile,
    /// The rows.
    rows: Rows,
}

/// Imports all funding files. A symbol is published when all its files have been accepted, the others without it.
pub(crate) fn run(context: &FundingContext<'_>, files: &[FundingFile]) -> FundingOutcome {
    let mut outcome = FundingOutcome::default();
    let mut parts: BTreeMap<String, Vec<Part>> = BTreeMap::new();
    let mut blocked: BTreeMap<String, String> = BTreeMap::new();
    let read: Vec<_> = files.par_iter().map(|file| read_parts(context, file)).collect();
    for (file, result) in files.iter().zip(read) {
        match result {
            Ok((record, of_file, refused)) => {
                outcome.records.push(record);
                of_file.into_iter().for_each(|(symbol, part)| parts.entry(symbol).or_default().push(part));
                for (symbol, refusal) in refused {
                    blocked.insert(symbol, file.shown.clone());
                    outcome.refusals.push(refusal);
                }
            }
            Err(fault) => {
                blocked.extend(file.symbol.clone().map(|symbol| (symbol, file.shown.clone())));
                outcome.refusals.push(fault.of(&file.shown));
            }
        }
    }
    let jobs: Vec<(String, Vec<Part>)> = parts.into_iter().collect();
    let results: Vec<_> = jobs
        .into_par_iter()
        .map(|(symbol, parts)| match blocked.get(&symbol) {
            Some(refused) => Err(held_back(&parts, refused)),
            None => publish(context, &symbol, parts),
        })
        .collect();
    for result in results {
        match result {
            Ok((table, notes, files)) => {
                let of_table = |record: &&mut FileRecord| files.contains(&record.shown);
                if let Some(record) = outcome.records.iter_mut().rfind(of_table) {
                    record.notes.extend(notes);
                }
                outcome.tables.push(table);
            }
            Err(refusals) => outcome.refusals.extend(refusals),
        }
    }
    let refused: BTreeSet<&str> = outcome.refusals.iter().map(|refusal| refusal.file.as_str()).collect();
    let lone: Vec<&str> = files.iter().filter(|file| file.symbol.is_some()).map(|file| file.shown.as_str()).collect();
    // A file of one symbol is either read or refused; of a file of many symbols some may be refused.
    outcome
        .records
        .retain(|record| !(refused.contains(record.shown.as_str()) && lone.contains(&record.shown.as_str())));
    outcome
}

/// What reading a file gives: what to report, the rows of each symbol, and the symbols that are refused.
type FileParts = (FileRecord, Vec<(String, Part)>, Vec<(String, Refusal)>);

/// Reads a file.
fn read_parts(context: &FundingContext<'_>, file: &FundingFile) -> Result<FileParts, Fault> {
    let raw = read_file(&file.path, &file.container, &file.columns.columns, file.lines_before)?;
    if raw.len() == 0 {
        return Err(Fault::file("holds no row; expected funding rates").hint(AGAIN));
    }
    let unknown = file.columns.columns.unknown();
    let mut record = FileRecord {
        shown: file.shown.clone(),
        decided: String::new(),
        rows: raw.len() as u64,
        notes: if unknown.is_empty() { vec![] } else { vec![format!("columns not kept: {}", unknown.join(", "))] },
    };
    let (mut parts, mut refused, mut seen) = (Vec::new(), Vec::new(), BTreeMap::new());
    let (mut n_repeated, mut n_zero_marks) = (0, 0);
    for (at, group) in raw.groups().iter().enumerate().filter(|(_, group)| !group.is_empty()) {
        let symbol = match &file.symbol {
            Some(symbol) => symbol.clone(),
            None => full_symbol(&raw.symbols[at], context.suffix),
        };
        let row = raw.row_number(group[0]);
        check_symbol(&symbol).map_err(|error| Fault::row(row, error.to_string()))?;
        if let Some(other) = seen.insert(symbol.clone(), at) {
            let (one, two) = (&raw.symbols[at], &raw.symbols[other]);
            return Err(Fault::row(row, format!("`{one}` and `{two}` both become {symbol}")));
        }
        let read = match rows::read(&raw, group, &file.columns, file.period) {
            Ok(read) => read,
            Err(fault) if file.symbol.is_some() => return Err(fault),
            Err(fault) => {
                let fault = Fault { reason: format!("{symbol}: {}", fault.reason), ..fault };
                refused.push((symbol, fault.of(&file.shown)));
                continue;
            }
        };
        (n_repeated, n_zero_marks) = (n_repeated + read.n_repeated, n_zero_marks + read.n_zero_marks);
        let moments: Vec<i64> = read.rows.keys().map(|moment| moment + 1).collect();
        let mut rows = read.rows.into_iter();
        for (id, range) in context.holders.split(&symbol, &moments) {
            let rows: Rows = rows.by_ref().take(range.len()).collect();
            parts.push((id, Part { shown: file.shown.clone(), input: input(file, &rows), rows }));
        }
    }
    if n_repeated > 0 {
        record.notes.push(format!("{n_repeated} rows said the same as an earlier one and were dropped"));
    }
    if n_zero_marks > 0 {
        record.notes.push(format!("{n_zero_marks} mark prices of 0 were taken as unknown"));
    }
    Ok((record, parts, refused))
}

/// What provenance records of a file for one symbol's rows.
fn input(file: &FundingFile, rows: &Rows) -> InputFile {
    InputFile {
        n_out_of_order: 0,
        file: file.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        size: file.identity.size,
        sha256: file.identity.sha256.clone(),
        rows: rows.len() as u64,
        first: rows.values().next().map_or(0, |row| row.timestamp),
        last: rows.values().next_back().map_or(0, |row| row.timestamp),
        covers_until: file.period.map(|(_, until)| until),
        venue: file.identity.venue.clone(),
    }
}

/// The refusals of files that were good themselves.
fn held_back(parts: &[Part], refused: &str) -> Vec<Refusal> {
    let reason = format!("is not imported because `{refused}`, which goes into the same table, was refused");
    let fault = Fault::file(reason).hint("correct that file, or leave it out");
    parts.iter().filter(|part| part.shown != refused).map(|part| fault.clone().of(&part.shown)).collect()
}

/// A published table, what its gaps are, and the files it was made from.
type Published = (TableReport, Vec<String>, BTreeSet<String>);

/// Merges the parts of one symbol with what is there and publishes the table.
fn publish(context: &FundingContext<'_>, symbol: &str, parts: Vec<Part>) -> Result<Published, Vec<Refusal>> {
    let files: BTreeSet<String> = parts.iter().map(|part| part.shown.clone()).collect();
    let all = |error: IngestError| match error {
        IngestError::Refused(refusal) => {
            let mut refusals = held_back(&parts, &refusal.file);
            refusals.insert(0, refusal);
            refusals
        }
        error => {
            let fault = Fault { hint: error.remedy().map(str::to_owned), ..Fault::file(format!("{symbol}: {error}")) };
            files.iter().map(|file| fault.clone().of(file)).collect()
        }
    };
    let table = merge_and_write(context, symbol, &parts).map_err(all)?;
    Ok((table.0, table.1, files))
}

/// The body of [`publish`].
fn merge_and_write(
    context: &FundingContext<'_>,
    symbol: &str,
    parts: &[Part],
) -> Result<(TableReport, Vec<String>), IngestError> {
    let name = format!("{symbol} funding");
    let existing = existing(context, symbol)?;
    let inputs = existing.as_ref().map(|info| info.provenance.inputs.clone()).unwrap_or_default();
    let mut rows = match &existing {
        Some(_) => rows::of_table(&context.hub.read_funding(context.venue, symbol)?),
        None => Rows::new(),
    };
    let there = rows.len();
    let mut changed = existing.is_none();
    let mut sorted: Vec<&Part> = parts.iter().collect();
    sorted.sort_by(|a, b| (a.input.first, &a.input.file).cmp(&(b.input.first, &b.input.file)));
    for part in &sorted {
        let known = inputs.iter().any(|input| input.sha256 == part.input.sha256);
        changed |= rows::merge(&mut rows, &part.rows).map_err(|(moment, here, there)| {
            Fault::file(format!(
                "{symbol}: the funding of {} differs: this file has {here}, the table has {there}",
                format_iso(moment)
            ))
            .hint("give --replace to make the table anew from the files you name")
            .of(&part.shown)
        })? || !known && extends(existing.as_ref(), part);
    }
    let funding = rows::to_table(&rows);
    let notes = gap_notes(symbol, &funding);
    let status = if changed { TableStatus::Written } else { TableStatus::Unchanged };
    if changed {
        let source = source(inputs, &sorted, &notes);
        context.publisher.publish_funding(context.venue, symbol, &funding, &source)?;
    }
    let report = TableReport { table: name, rows: rows.len() as u64, added: (rows.len() - there) as u64, status };
    Ok((report, notes))
}

/// Whether a file states that the data reach further, although it may bring no row.
fn extends(existing: Option<&TableInfo>, part: &Part) -> bool {
    existing.is_none_or(|info| part.input.covers_until > info.provenance.covered_until)
}

/// What is known of a table; `None` when there is none, or one that is to be replaced.
fn existing(context: &FundingContext<'_>, symbol: &str) -> Result<Option<TableInfo>, IngestError> {
    match context.hub.funding_info(context.venue, symbol) {
        _ if context.replace => Ok(None),
        Ok(info) => Ok(Some(info)),
        Err(HubError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Where the rows of a table come from.
fn source(mut inputs: Vec<InputFile>, parts: &[&Part], notes: &[String]) -> TableSource {
    for part in parts {
        if inputs.iter().all(|input| input.sha256 != part.input.sha256) {
            inputs.push(part.input.clone());
        }
    }
    inputs.sort_by(|a, b| (a.first, &a.file, &a.sha256).cmp(&(b.first, &b.file, &b.sha256)));
    TableSource {
        origin: Origin::Archive,
        covered_until: inputs.iter().filter_map(|input| input.covers_until).max(),
        inputs,
        code_version: env!("CARGO_PKG_VERSION").to_owned(),
        notes: notes.to_vec(),
    }
}

/// The gaps of a table in words.
fn gap_notes(symbol: &str, funding: &Funding) -> Vec<String> {
    let gaps = gaps(funding);
    let mut notes: Vec<String> = gaps
        .iter()
        .take(GAPS_TOLD)
        .map(|gap| {
            format!(
                "{symbol}: {} rows missing between {} and {}, where rows come every {} minutes",
                gap.n_missing,
                format_iso(gap.after),
                format_iso(gap.before),
                gap.interval_us / 60_000_000
            )
        })
        .collect();
    if gaps.len() > GAPS_TOLD {
        let missing: i64 = gaps[GAPS_TOLD..].iter().map(|gap| gap.n_missing).sum();
        notes.push(format!("{symbol}: {missing} rows missing in {} more gaps", gaps.len() - GAPS_TOLD));
    }
    notes
}
