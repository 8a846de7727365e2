//! `backtest`: one run of a strategy on a factor set, and its entry in the archive.
//!
//! Loading and replay belong to the backtest room, files and ids to its archive; here they are put in order. A run whose
//! folder is there already is verified and not computed again.

pub(crate) mod settings;

use std::path::PathBuf;

use crosscut_backtest::outcome::RunOutcome;
use crosscut_backtest::panel::PanelInput;
use crosscut_backtest::results::{
    Archive, Deflation, FactorRecord, FailedRun, Published, RunContext, RunInput, RunKind, RunRecord, RunStatus,
    RunSubject, inputs_hash,
};
use crosscut_backtest::warnings::repeated;
use crosscut_backtest::{BacktestConfig, Loaded};
use crosscut_hub::{FactorMetadata, Hub};
use crosscut_model::{Timeframe, format_iso};
use serde_json::Value;

use crate::criteria::{self, Verdict};
use crate::desk::{Desk, VERSION};
use crate::error::AppError;
use crate::events::Level;
use crate::identities::Identities;
use crate::many::Formulas;
use crate::runs::{self, MetricEntry};

/// Libraries whose version may show in a number or a file.
const DEPENDENCIES: [&str; 7] = ["blake3", "libm", "parquet", "rayon", "serde_json", "zip", "zlib-rs"];

/// The lock file of the build, which knows the versions.
const LOCK_FILE: &str = include_str!("../../../Cargo.lock");

/// What came of a run.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct RunSummary {
    /// The run's id.
    pub run_id: String,
    /// Strategy name.
    pub strategy: String,
    /// Whether the run was there already, and was verified instead of computed.
    pub reused: bool,
    /// The run's folder.
    pub folder: PathBuf,
    /// The page to open.
    pub report: PathBuf,
    /// The resolved configuration.
    pub config: Value,
    /// Number of symbols.
    pub n_symbols: usize,
    /// First and last label of the data, ISO-8601.
    pub data_range: (String, String),
    /// All metrics.
    pub metrics: Vec<MetricEntry>,
    /// What the Sharpe ratio is worth after all trials so far; `None` when the ledger does not say.
    pub trials: Option<Deflation>,
    /// Each go-live criterion of the settings.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub verdicts: Vec<Verdict>,
    /// Seconds of each stage.
    pub seconds: Vec<(String, f64)>,
    /// What people should know.
    pub warnings: Vec<String>,
}

impl RunSummary {
    /// One metric; `None` where it is undefined or does not exist.
    pub fn metric(&self, name: &str) -> Option<f64> {
        self.metrics.iter().find(|metric| metric.name == name)?.value
    }
}

/// What a run is made for.
pub(crate) struct Purpose {
    /// The command.
    pub(crate) kind: RunKind,
    /// What the command adds to the configuration that names the run; `None` for a plain backtest.
    pub(crate) extra: Option<Value>,
    /// Lines for the log about what was done before.
    pub(crate) log: Vec<String>,
    /// The sweep that has it made for one of its sets.
    pub(crate) part_of: Option<String>,
}

impl Purpose {
    /// A plain backtest.
    pub(crate) fn backtest() -> Self {
        Self { kind: RunKind::Backtest, extra: None, log: Vec::new(), part_of: None }
    }
}

/// Runs the backtest that the settings describe.
///
/// # Errors
/// Settings that make no sense; data that is missing, damaged or does not fit; files that cannot be written.
pub fn run(desk: &Desk<'_>) -> Result<RunSummary, AppError> {
    let hub = desk.hub()?;
    settings::check_values(desk)?;
    criteria::read(&desk.config)?;
    // A strategy or table that is not there is a run that failed: it is entered like any other.
    let config = settings::engine_config(desk, &hub).inspect_err(|error| {
        let strategy = desk.config.text("backtest.strategy").unwrap_or_default().to_owned();
        let context = context(desk, &Watch::start(desk.clock), Vec::new());
        let kind = RunKind::Backtest;
        enter_failure(
            desk,
            &FailedRun {
                kind,
                strategy,
                run_id: None,
                inputs_hash: None,
                config: Value::Null,
                context,
                error: error.to_string(),
            },
        );
    })?;
    run_config(desk, &config, Purpose::backtest())
}

/// The settings under `backtest` for a given venue and factor set.
pub(crate) fn config_for(
    desk: &Desk<'_>,
    venue: String,
    timeframe: Timeframe,
    factor_set: String,
) -> Result<BacktestConfig, AppError> {
    settings::engine_config_for(desk, venue, timeframe, factor_set)
}

/// Runs one configuration and enters it in the archive, a failure too.
pub(crate) fn run_config(desk: &Desk<'_>, config: &BacktestConfig, purpose: Purpose) -> Result<RunSummary, AppError> {
    // Slips of the keyboard are no runs: the ledger counts what could have given a result.
    config.prepare()?;
    let criteria = criteria::read(&desk.config)?;
    let mut watch = Watch::start(desk.clock);
    let (kind, mut record) = (purpose.kind, None);
    let made = load_and_replay(desk, config, purpose, &mut watch, &mut record).inspect_err(|error| {
        let failed = FailedRun {
            kind,
            strategy: config.strategy.clone(),
            run_id: record.as_ref().map(RunRecord::run_id),
            inputs_hash: record.as_ref().map(|record: &RunRecord| inputs_hash(&record.inputs)),
            config: config.canonical("").unwrap_or_default(),
            context: context(desk, &watch, Vec::new()),
            error: error.to_string(),
        };
        enter_failure(desk, &failed);
    })?;
    let verdicts = criteria::of_run(&criteria, &|name| made.metric(name), made.trials.as_ref());
    Ok(RunSummary { verdicts, ..made })
}

/// Enters a run that failed in the archive.
fn enter_failure(desk: &Desk<'_>, failed: &FailedRun) {
    if let Err(error) = runs::archive(desk).record_failure(failed) {
        desk.events.message(Level::Warning, &format!("the failure could not be entered in the ledger: {error}"));
    }
}

/// The body of [`run_config`]. `record` is set as soon as the run has a name.
fn load_and_replay(
    desk: &Desk<'_>,
    config: &BacktestConfig,
    purpose: Purpose,
    watch: &mut Watch,
    record: &mut Option<RunRecord>,
) -> Result<RunSummary, AppError> {
    desk.events.message(Level::Debug, "loading bars and factors");
    let hub = desk.hub()?;
    let loaded = load(&hub, config)?;
    let command = (purpose.kind, purpose.extra);
    let made = self::record(desk, config, &loaded, command, watch)?;
    let record = record.insert(made);
    record.context.log = purpose.log;
    record.context.part_of = purpose.part_of;
    let archive = runs::archive(desk);
    if let Some(published) = archive.reuse(record)? {
        return Ok(summary(&archive, record, &loaded, published, watch));
    }
    desk.events.message(Level::Debug, &format!("replaying {} symbols", loaded.symbols().len()));
    let outcome = loaded.replay(&hub, config)?;
    watch.lap("replay");
    tell_warnings(desk, &outcome);
    record.context.durations = watch.laps.clone();
    record.context.factors = factors(&hub, config, &loaded);
    let published = archive.publish(record, &outcome)?;
    watch.lap("write");
    Ok(summary(&archive, record, &loaded, published, watch))
}

/// Loads what a configuration asks for; its factor is computed where it is a formula.
pub(crate) fn load(hub: &Hub, config: &BacktestConfig) -> Result<Loaded, AppError> {
    Formulas::default().with(hub, config, |computed| Loaded::load_with(hub, config, computed))
}

/// What the archive is told about a run before it is computed; `command` is which one makes it, and what it adds to the
/// configuration.
pub(crate) fn record(
    desk: &Desk<'_>,
    config: &BacktestConfig,
    loaded: &Loaded,
    (kind, extra): (RunKind, Option<Value>),
    watch: &mut Watch,
) -> Result<RunRecord, AppError> {
    watch.lap("load");
    let mut canonical = config.canonical(loaded.factor())?;
    if let Some(extra) = extra {
        canonical["command"] = extra;
    }
    let hub = desk.hub().ok();
    let mut identities = Identities::of(hub.as_ref());
    let input = |input: &PanelInput| RunInput {
        name: input.name.clone(),
        content_hash: input.content_hash.clone(),
        sources: identities.expand(&input.sources),
    };
    Ok(RunRecord {
        kind,
        subject: subject(config, &canonical, loaded),
        config: canonical,
        inputs: loaded.inputs().iter().map(input).collect(),
        context: context(desk, watch, Vec::new()),
    })
}

/// Passes the engine's warnings on, one line for each kind.
fn tell_warnings(desk: &Desk<'_>, outcome: &RunOutcome) {
    /// Kinds told; the rest is in the log file.
    const TOLD: usize = 8;
    let warnings = repeated(&outcome.log, &outcome.symbols);
    if outcome.orders.is_empty() {
        let text = format!(
            "no order was made in {} bars; trade_summary.csv says why of each decision",
            outcome.timeline.len()
        );
        desk.events.message(Level::Warning, &text);
    }
    for warning in warnings.iter().take(TOLD) {
        let at = format_iso(warning.first.timestamp);
        desk.events.message(Level::Warning, &format!("{at}: {}", warning.text()));
    }
    if warnings.len() > TOLD {
        let n_more = warnings.len() - TOLD;
        desk.events.message(Level::Warning, &format!("{n_more} more kinds of warnings are in the run's logs.txt"));
    }
}

/// What the run is about, in words. Follows from the configuration and the inputs alone.
fn subject(config: &BacktestConfig, canonical: &Value, loaded: &Loaded) -> RunSubject {
    RunSubject {
        strategy: canonical["strategy"].as_str().unwrap_or_default().to_owned(),
        factor: Some(loaded.factor().to_owned()).filter(|factor| !factor.is_empty()),
        universe: loaded.universe(config),
        costs: config.costs_in_words(),
        benchmark: config.benchmark.clone(),
        capital: config.capital,
    }
}

/// What the run's factors are, for the record. A set whose formulas this program cannot read is left out.
fn factors(hub: &Hub, config: &BacktestConfig, loaded: &Loaded) -> Vec<FactorRecord> {
    let Ok(set) = hub.factor_set(config.timeframe, &config.factor_set) else { return Vec::new() };
    let columns = loaded.factor().split(", ").filter(|column| !column.is_empty());
    columns.filter_map(|column| factor_record(hub, set.metadata(), column)).collect()
}

/// What there is to say of a column of a set; `None` when this program cannot read its formula.
pub(crate) fn factor_record(hub: &Hub, metadata: &FactorMetadata, column: &str) -> Option<FactorRecord> {
    // One symbol's bars tell the columns there are.
    let tables = metadata.tables.iter().take(1).map(|(symbol, table)| (symbol.clone(), table.clone())).collect();
    let card = crosscut_factors::published_factor(hub, &FactorMetadata { tables, ..metadata.clone() }, column).ok()?;
    Some(FactorRecord {
        factor_set: metadata.factor_set.clone(),
        column: column.to_owned(),
        formula: card.formula,
        expanded: card.expanded,
        lookback_rows: card.lookback.rows,
        unbounded: card.lookback.unbounded,
        generation: metadata.generation,
        config_hash: metadata.config_hash.clone(),
    })
}

/// The circumstances of a run.
pub(crate) fn context(desk: &Desk<'_>, watch: &Watch, log: Vec<String>) -> RunContext {
    let shown = desk.config.show();
    let settings = shown.iter().filter(|shown| !shown.key.contains('.'));
    RunContext {
        started_at: watch.started_at,
        durations: watch.laps.clone(),
        machine: vec![
            ("os".to_owned(), desk.machine.os.clone()),
            ("arch".to_owned(), desk.machine.arch.clone()),
            ("cpus".to_owned(), desk.machine.n_cpus.to_string()),
        ],
        threads: desk.threads,
        code_version: VERSION.to_owned(),
        dependencies: dependencies(),
        settings: settings.map(|shown| (shown.key.clone(), crate::config::plain(&shown.value))).collect(),
        factors: Vec::new(),
        log,
        part_of: None,
    }
}

/// Names and versions of the libraries in [`DEPENDENCIES`], from the lock file of the build.
pub(crate) fn dependencies() -> Vec<(String, String)> {
    let mut lines = LOCK_FILE.lines();
    let mut out = Vec::new();
    let quoted = |line: &str, key: &str| Some(line.strip_prefix(key)?.trim_matches('"').to_owned());
    while let Some(line) = lines.next() {
        let Some(name) = quoted(line, "name = ").filter(|name| DEPENDENCIES.contains(&name.as_str())) else { continue };
        if let Some(version) = lines.next().and_then(|line| quoted(line, "version = ")) {
            out.push((name, version));
        }
    }
    out
}

/// The summary for people and programs.
fn summary(archive: &Archive, record: &RunRecord, loaded: &Loaded, published: Published, watch: &Watch) -> RunSummary {
    let span = loaded.span().map(|(first, last)| (format_iso(first), format_iso(last)));
    let mut warnings = loaded.quality().notes.clone();
    warnings.extend(published.warnings);
    RunSummary {
        // The run is stored and entered: that the ledger cannot be read a moment later does not undo it.
        trials: archive.deflation(&published.run_id).unwrap_or_default(),
        verdicts: Vec::new(),
        run_id: published.run_id,
        strategy: record.subject.strategy.clone(),
        reused: published.status == RunStatus::Reused,
        report: published.folder.join("report.html"),
        folder: published.folder,
        config: record.config.clone(),
        n_symbols: loaded.symbols().len(),
        data_range: span.unwrap_or_default(),
        metrics: published.metrics.iter().map(runs::metric).collect(),
        seconds: watch.laps.clone(),
        warnings,
    }
}

/// Wall time of stages.
pub(crate) struct Watch {
    /// The wall clock.
    clock: fn() -> i64,
    /// When the run began, microseconds.
    started_at: i64,
    /// When the current stage began, microseconds.
    lap_began: i64,
    /// Finished stages and their seconds.
    laps: Vec<(String, f64)>,
}

impl Watch {
    /// Starts the first stage.
    pub(crate) fn start(clock: fn() -> i64) -> Self {
        let now = clock();
        Self { clock, started_at: now, lap_began: now, laps: Vec::new() }
    }

    /// Finished stages and their seconds.
    pub(crate) fn laps(&self) -> &[(String, f64)] {
        &self.laps
    }

    /// Ends a stage.
    pub(crate) fn lap(&mut self, name: &str) {
        let now = (self.clock)();
        self.laps.push((name.to_owned(), (now - self.lap_began) as f64 / 1e6));
        self.lap_began = now;
    }
}

#[cfg(test)]
mod tests {
    //! The lock file is read as cargo writes it.

    #[test]
    fn every_dependency_has_a_version() {
        let found = super::dependencies();
        for name in super::DEPENDENCIES {
            let versions: Vec<_> = found.iter().filter(|(known, _)| known == name).collect();
            assert!(versions.iter().any(|(_, version)| version.contains('.')), "{name}: {found:?}");
        }
    }
}
