//! What is known of instruments: tables of ours, the exchange information that venues publish, other programs' reference
//! files, merged by date into the venue's table.
//!
//! A snapshot speaks of one moment: terms that differ from those before begin a new row there. A symbol that is listed
//! again is another instrument; the earlier holder gets its listing day behind its name. Start reading at [`run`].

mod lean;
mod merge;
mod snapshot;
mod table;

use std::collections::BTreeSet;
use std::path::PathBuf;

use crosscut_hub::{Hub, IngestPublisher, InputFile, Origin, TableSource};
use crosscut_model::{Instrument, format_iso};

use crate::error::{Fault, IngestError};

use super::checksum::Identity;
use super::container::{self, Container};
use super::klines::publish::KlineContext;
use super::report::{FileRecord, TableReport, TableStatus};

use merge::Registry;

pub(crate) use snapshot::{is_recording, is_snapshot};
pub(crate) use table::recognise;

/// Whether a header is that of LEAN's symbol properties.
pub(crate) fn is_lean(header: &[String]) -> bool {
    header.len() >= lean::HEADER.len() && header.iter().zip(lean::HEADER).all(|(name, known)| name == known)
}

/// A file about instruments that has been looked at.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct InstrumentFile {
    /// Where it is.
    pub path: PathBuf,
    /// How the user named it.
    pub shown: String,
    /// Its size and hash.
    pub identity: Identity,
    /// What it is packed in.
    pub container: Container,
    /// How it is written.
    pub form: InstrumentForm,
}

/// How a file about instruments is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum InstrumentForm {
    /// A table with a header; the names of the columns that are not understood.
    Table(Vec<String>),
    /// A venue's answer in JSON.
    Answer,
    /// Recorded answers of a venue, one on a line.
    Recording,
    /// LEAN's symbol properties.
    LeanProperties,
}

/// What a file says.
#[derive(Debug, Default)]
struct Told {
    /// Rows with their numbers in the file.
    rows: Vec<(u64, Instrument)>,
    /// Remarks.
    notes: Vec<String>,
}

impl InstrumentFile {
    /// Reads the file.
    fn read(&self, venue: &str) -> Result<Told, Fault> {
        match &self.form {
            InstrumentForm::Table(unknown) => table::read(self, unknown),
            InstrumentForm::Answer => snapshot::read_answer(
                container::open_json(&self.path, &self.container)?,
                snapshot::named_day(&self.path),
            ),
            InstrumentForm::Recording => snapshot::read_recording(container::open(&self.path, &self.container)?),
            InstrumentForm::LeanProperties => lean::read(self, venue),
        }
    }
}

/// Merges a file into the venue's table.
///
/// # Errors
/// When the file is refused, among other things because a known value differs and `replace` is not given.
pub(crate) fn run(
    hub: &Hub,
    publisher: &IngestPublisher,
    venue: &str,
    replace: bool,
    file: &InstrumentFile,
) -> Result<(FileRecord, TableReport), IngestError> {
    let told = file.read(venue).map_err(|fault| fault.of(&file.shown))?;
    let there = hub.instruments(venue)?;
    let mut registry = Registry::new(&there, replace);
    let n_rows = told.rows.len() as u64;
    let is_seen = matches!(file.form, InstrumentForm::Answer | InstrumentForm::Recording);
    let gone = if is_seen { gone(&there, &told.rows) } else { None };
    registry.add_all(told.rows).map_err(|fault| fault.of(&file.shown))?;
    let mut notes = told.notes;
    notes.extend(registry.notes());
    notes.extend(gone);
    let merged = registry.into_rows();
    let added = merged.len().saturating_sub(there.len()) as u64;
    let status = if merged == there { TableStatus::Unchanged } else { TableStatus::Written };
    if status == TableStatus::Written {
        let inputs = hub.instruments_provenance(venue)?.map(|provenance| provenance.inputs).unwrap_or_default();
        publisher.publish_instruments(venue, &merged, &source(file, n_rows, inputs))?;
    }
    let record = FileRecord { shown: file.shown.clone(), decided: String::new(), rows: n_rows, notes };
    let table = TableReport { table: format!("instruments of {venue}"), rows: merged.len() as u64, added, status };
    Ok((record, table))
}

/// Most symbols that a note names.
const GONE_TOLD: usize = 5;

/// Instruments that were seen before and are in a later answer no more, in words. An answer with less than half of them is
/// one about some instruments, and says nothing of the others. When they went, no answer says: their delisting stays open,
/// and `data info` tells when each was last seen.
fn gone(there: &[Instrument], told: &[(u64, Instrument)]) -> Option<String> {
    let seen_at = told.iter().filter_map(|(_, row)| row.seen_at).max()?;
    let here: BTreeSet<&str> = told.iter().map(|(_, row)| row.symbol.as_str()).collect();
    let is_open = |row: &&Instrument| row.seen_at.is_some_and(|at| at < seen_at) && row.delisted_at.is_none();
    let open: BTreeSet<&str> = there.iter().filter(is_open).map(|row| row.symbol.as_str()).collect();
    let gone: Vec<&str> = open.difference(&here).copied().filter(|symbol| !symbol.contains('~')).collect();
    if gone.is_empty() || gone.len() * 2 > open.len() {
        return None;
    }
    let more = if gone.len() > GONE_TOLD { ", ..." } else { "" };
    Some(format!(
        "{} instruments that were listed before are not in this answer of {}: {}{more}; their delisting is not stated",
        gone.len(),
        format_iso(seen_at),
        gone[..gone.len().min(GONE_TOLD)].join(", ")
    ))
}

/// Merges rows whose symbols are ids already into the venue's table.
///
/// # Errors
/// When a row contradicts what is known, or the table cannot be written.
pub(crate) fn publish_final(
    context: &KlineContext<'_>,
    rows: Vec<Instrument>,
    source: TableSource,
) -> Result<TableReport, IngestError> {
    let there = context.hub.instruments(context.venue)?;
    let mut registry = Registry::new(&there, context.replace);
    for row in rows {
        registry.add_final(row).map_err(IngestError::request)?;
    }
    let merged = registry.into_rows();
    let added = merged.len().saturating_sub(there.len()) as u64;
    let status = if merged == there { TableStatus::Unchanged } else { TableStatus::Written };
    if status == TableStatus::Written {
        let mut source = source;
        let known = context.hub.instruments_provenance(context.venue)?.map(|provenance| provenance.inputs);
        let fresh = |input: &InputFile| source.inputs.iter().all(|other| other.sha256 != input.sha256);
        let known: Vec<InputFile> = known.unwrap_or_default().into_iter().filter(fresh).collect();
        source.inputs.splice(0..0, known);
        context.publisher.publish_instruments(context.venue, &merged, &source)?;
    }
    let table = format!("instruments of {}", context.venue);
    Ok(TableReport { table, rows: merged.len() as u64, added, status })
}

/// Where the table comes from: all files that changed it, in the order in which they did.
fn source(file: &InstrumentFile, rows: u64, mut inputs: Vec<InputFile>) -> TableSource {
    inputs.retain(|input| input.sha256 != file.identity.sha256);
    inputs.push(InputFile {
        n_out_of_order: 0,
        file: file.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        size: file.identity.size,
        sha256: file.identity.sha256.clone(),
        rows,
        first: 0,
        last: 0,
        covers_until: None,
        venue: file.identity.venue.clone(),
    });
    TableSource {
        origin: Origin::List,
        inputs,
        code_version: env!("CARGO_PKG_VERSION").to_owned(),
        covered_until: None,
        notes: Vec::new(),
    }
}

/// A moment in words; an unknown one too.
fn moment(time: Option<i64>) -> String {
    time.map_or_else(|| "unknown".to_owned(), format_iso)
}
