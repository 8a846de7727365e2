//! `data verify`, its part about tables: what is wrong in the hub's tables, and the ledger of known defects beside the hub.
//!
//! The ledger, `defects/<venue>.json` beside the hub's folder, holds every finding with the policy applied to it. A
//! finding stays in it when it is not found any more (`gone`); what was accepted once is no problem the next time.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crosscut_ingest::quality::{self, DayDifference, Defect, VerifyReport, VerifyRequest};
use crosscut_model::format_iso;
use serde::{Deserialize, Serialize};

use crate::desk::Desk;
use crate::error::AppError;

/// Version of the ledger's format.
const LEDGER_VERSION: u32 = 1;

/// What is asked for beyond the venue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerifyOptions {
    /// Only these symbols; empty: all.
    pub symbols: Vec<String>,
    /// Whether all that is found is accepted as known from now on.
    pub accept: bool,
    /// Whether the tables' files are not hashed anew.
    pub quick: bool,
}

/// One known defect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Known {
    /// What it is and where.
    #[serde(flatten)]
    pub defect: Defect,
    /// What is done about it; may be edited, and stays.
    pub policy: String,
    /// Whether it is a problem of the data, or only worth knowing.
    pub problem: bool,
    /// Whether somebody has looked at it and decided to live with it.
    #[serde(default)]
    pub accepted: bool,
    /// A remark of the user's.
    #[serde(default)]
    pub note: String,
    /// When it was first found, ISO-8601.
    pub first_found: String,
    /// When it was last looked for and not found any more, ISO-8601.
    #[serde(default)]
    pub gone: Option<String>,
}

/// The ledger of a venue.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Ledger {
    /// Version of the format.
    version: u32,
    /// The defects, sorted.
    defects: Vec<Known>,
}

/// What was found at one venue.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verified {
    /// The venue.
    pub venue: String,
    /// Tables looked at.
    pub n_tables: u64,
    /// Rows looked at.
    pub n_rows: u64,
    /// All that is in the tables now, with policies.
    pub defects: Vec<Known>,
    /// Of them, problems that nobody has accepted.
    pub n_open: usize,
    /// Of them, those that were not in the ledger before.
    pub n_new: usize,
    /// Rebuilt bars against published ones.
    pub differences: Vec<DayDifference>,
    /// The ledger.
    pub ledger: PathBuf,
}

/// Whether there is anything for [`run`] to look at.
///
/// # Errors
/// A hub that cannot be listed.
pub fn has_tables(desk: &Desk<'_>) -> Result<bool, AppError> {
    Ok(desk.hub_root().exists() && !crate::data_list::list(desk)?.is_empty())
}

/// Looks at the tables of the venue asked for, or of all, and brings the ledgers up to date.
///
/// # Errors
/// No hub, no such venue or symbol, a ledger that cannot be read or written.
pub fn run(desk: &Desk<'_>, options: &VerifyOptions) -> Result<Vec<Verified>, AppError> {
    let hub = desk.hub()?;
    let mut venues: Vec<String> = crate::data_list::list(desk)?.into_iter().map(|group| group.venue).collect();
    venues.dedup();
    if venues.is_empty() {
        return Err(AppError::new("the hub has no table to look at").hint("bring data in with `crosscut data import`"));
    }
    let mut out = Vec::new();
    let mut error = None;
    for venue in venues {
        let request = VerifyRequest { venue: venue.clone(), symbols: options.symbols.clone(), hashes: !options.quick };
        match quality::verify(&request, &hub) {
            Ok(report) => out.push(enter(desk, &venue, report, options)?),
            // A symbol need not be at every venue.
            Err(other) => error = error.or(Some(other)),
        }
    }
    match (out.is_empty(), error) {
        (true, Some(error)) => Err(error.into()),
        _ => Ok(out),
    }
}

/// Enters what was found in the venue's ledger.
fn enter(desk: &Desk<'_>, venue: &str, report: VerifyReport, options: &VerifyOptions) -> Result<Verified, AppError> {
    let path = ledger_path(desk, venue);
    let before = read(&path)?;
    let now = format_iso((desk.clock)());
    let mut known: BTreeMap<String, Known> =
        before.defects.into_iter().map(|entry| (key(&entry.defect), entry)).collect();
    let found: Vec<String> = report.defects.iter().map(key).collect();
    let mut n_new = 0;
    for defect in report.defects {
        let key = key(&defect);
        let entry = known.entry(key).or_insert_with(|| {
            n_new += 1;
            Known {
                policy: defect.kind.policy().to_owned(),
                problem: defect.kind.is_problem(),
                accepted: false,
                note: String::new(),
                first_found: now.clone(),
                gone: None,
                defect: defect.clone(),
            }
        });
        (entry.defect, entry.gone) = (defect, None);
        entry.accepted |= options.accept && entry.problem;
    }
    let looked_at = |entry: &Known| options.symbols.is_empty() || options.symbols.contains(&entry.defect.symbol);
    for (key, entry) in &mut known {
        if entry.gone.is_none() && looked_at(entry) && found.binary_search(key).is_err() && !found.contains(key) {
            entry.gone = Some(now.clone());
        }
    }
    let defects: Vec<Known> =
        known.values().filter(|entry| entry.gone.is_none() && looked_at(entry)).cloned().collect();
    let ledger = Ledger { version: LEDGER_VERSION, defects: known.into_values().collect() };
    write(&path, &ledger)?;
    Ok(Verified {
        venue: venue.to_owned(),
        n_tables: report.n_tables,
        n_rows: report.n_rows,
        n_open: defects.iter().filter(|entry| entry.problem && !entry.accepted).count(),
        defects,
        n_new,
        differences: report.differences,
        ledger: path,
    })
}

/// What makes a finding the same another time, as text that sorts.
fn key(defect: &Defect) -> String {
    let Defect { table, symbol, kind, from, .. } = defect;
    format!("{table}\n{symbol}\n{}\n{}", format_iso(*from), kind.name())
}

/// Where the ledger of a venue lies: beside the hub, never in it.
fn ledger_path(desk: &Desk<'_>, venue: &str) -> PathBuf {
    let hub = desk.hub_root();
    let beside = hub.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
    beside.join("defects").join(format!("{venue}.json"))
}

/// Reads a ledger; an empty one when there is none.
fn read(path: &Path) -> Result<Ledger, AppError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Ledger::default()),
        Err(error) => return Err(AppError::io("read", path, &error)),
    };
    let ledger: Ledger = serde_json::from_str(&text).map_err(|error| {
        AppError::new(format!("{}: is no ledger of defects: {error}", path.display()))
            .hint("correct it, or move it away; a new one is made")
    })?;
    if ledger.version > LEDGER_VERSION {
        return Err(AppError::new(format!(
            "{}: is a ledger of version {}; this program knows {LEDGER_VERSION}",
            path.display(),
            ledger.version
        )));
    }
    Ok(ledger)
}

/// Writes a ledger whole.
fn write(path: &Path, ledger: &Ledger) -> Result<(), AppError> {
    let text = serde_json::to_string_pretty(ledger).map_err(|error| AppError::new(error.to_string()))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(|error| AppError::io("create", folder, &error))?;
    let failed = |error: &std::io::Error| AppError::io("write", path, error);
    let mut aside = tempfile::NamedTempFile::new_in(folder).map_err(|error| failed(&error))?;
    std::io::Write::write_all(&mut aside, format!("{text}\n").as_bytes()).map_err(|error| failed(&error))?;
    aside.persist(path).map(|_| ()).map_err(|error| failed(&error.error))
}
