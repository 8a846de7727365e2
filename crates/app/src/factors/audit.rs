//! `factors audit`: prove a published set on a sample of its bars, and store what was found with it.

use crosscut_factors::RunOptions;
use crosscut_factors::audit::{AuditOptions, AuditReport};
use crosscut_model::{format_iso, nearest};
use std::path::Path;

use super::{StoreSummary, parse_timeframe, show, store};
use crate::desk::{Desk, VERSION};
use crate::error::AppError;
use crate::events::{Events, Level};
use crate::logbook::Logbook;

/// What is to be audited, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRequest {
    /// Name of the set.
    pub name: String,
    /// Timeframe of the set, when several have the name.
    pub timeframe: Option<String>,
    /// Random cuts of each kind of trial.
    pub cuts: usize,
    /// Symbols of the sample; `None` for as many as the set needs.
    pub symbols: Option<usize>,
    /// What sample and cuts are drawn by.
    pub seed: u64,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Audited {
    /// Columns that passed everything.
    pub n_passed: usize,
    /// Columns that failed something.
    pub n_failed: usize,
    /// Columns for which something could not be tried.
    pub n_not_tested: usize,
    /// What was done to the SQL store, when one is asked for.
    pub store: Option<StoreSummary>,
    /// All of it.
    #[serde(flatten)]
    pub report: AuditReport,
}

impl Audited {
    /// Whether everything that could be tried passed, and anything could be tried at all.
    pub fn is_good(&self) -> bool {
        self.n_failed == 0 && self.report.failures.is_empty() && self.n_passed > 0
    }
}

/// Audits a published set and stores the result with it, also in the SQL store when one is asked for.
///
/// # Errors
/// An unknown set (the nearest is named), one made by another version of the program, bars that are gone, a store that
/// cannot be reached or written.
pub fn audit(desk: &Desk<'_>, request: &AuditRequest) -> Result<Audited, AppError> {
    let hub = desk.hub()?;
    let Some(metadata) = show::set(&hub, &request.name, request.timeframe.as_deref())? else {
        let sets = hub.factor_sets()?;
        let near = nearest(&request.name, sets.iter().map(|(_, set)| set.as_str()));
        let error = AppError::new(format!("there is no factor set `{}`", request.name));
        return Err(match near {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint("`crosscut factors list` shows all"),
        });
    };
    store::check(desk)?;
    let log = Logbook::open(desk, "factors");
    log.note(Level::Info, &format!("audit {} ({})", metadata.factor_set, metadata.timeframe));
    let scratch = tempfile::tempdir().map_err(|error| AppError::io("make", Path::new("a scratch folder"), &error))?;
    let options = AuditOptions {
        cuts: request.cuts,
        symbols: request.symbols,
        seed: request.seed,
        run: RunOptions {
            threads: desk.threads,
            code_version: VERSION.to_owned(),
            generation_time: format_iso((desk.clock)()),
        },
    };
    let report = crosscut_factors::audit::audit(&hub, &metadata, scratch.path(), &options, &log)
        .inspect_err(|error| log.note(Level::Error, &error.to_string()))?;
    for failure in &report.failures {
        log.message(Level::Error, &failure.words());
    }
    let timeframe = parse_timeframe(&metadata.timeframe)?;
    crosscut_factors::audit::publish(&desk.hub_root(), timeframe, &metadata, &report)?;
    let (n_passed, n_failed, n_not_tested) = (report.n_passed(), report.n_failed(), report.n_not_tested());
    let told = format!("{n_passed} columns passed, {n_failed} failed, {n_not_tested} not tested");
    log.note(Level::Info, &format!("audited {}: {told}", metadata.factor_set));
    let store = store::bring(desk, timeframe, &metadata.factor_set)?;
    Ok(Audited { n_passed, n_failed, n_not_tested, store, report })
}
