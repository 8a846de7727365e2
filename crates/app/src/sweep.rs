//! `sweep`: many backtests over parameters, their table, their statistics and a page.
//!
//! The sets follow from the settings; each is what `crosscut backtest` of it would be, with the same run id. What is done
//! is in a journal, so that a killed sweep goes on where it was; table and page are made from the journal, in the order of
//! the sets, and have the same bytes for any number of workers and kills.

mod bound;
mod external;
mod file;
mod folder;
pub(crate) mod ledger;
mod markets;
mod names;
mod notebook;
pub mod optimize;
mod study;
pub mod walkforward;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crosscut_backtest::BacktestConfig;
use crosscut_backtest::results::{Deflation, ENGINE_VERSION, ManyKind};
use crosscut_backtest::sweep::{Drawn, Note, ParameterSet, Sampling, SharedMarket, SweepLuck, sampling_for, sharing};
use crosscut_hub::config_hash;
use serde_json::{Value, json};

use crate::config::plain;
use crate::criteria::Verdict;
use crate::desk::Desk;
use crate::error::AppError;
use crate::events::Level;
use crate::many::{ManyRuns, Numbered};
use file::Asked;
use notebook::Notebook;

/// Letters of a sweep's id.
const ID_LENGTH: usize = 16;

/// What came of a sweep.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct SweepSummary {
    /// The sweep's id: its settings and sets.
    pub sweep_id: String,
    /// Its folder.
    pub folder: PathBuf,
    /// The page to open.
    pub report: PathBuf,
    /// All metrics of all sets.
    pub table: PathBuf,
    /// Number of sets.
    pub n_sets: usize,
    /// Sets that were done before, in an earlier run of the same sweep.
    pub n_done_before: usize,
    /// Sets that ended with an error.
    pub n_failed: usize,
    /// Points that broke a constraint.
    pub n_refused: usize,
    /// Points that were there already.
    pub n_repeated: usize,
    /// The metric sets are ordered by.
    pub by: String,
    /// The keys that vary.
    pub keys: Vec<String>,
    /// The best sets, the best first.
    pub best: Vec<BestSet>,
    /// The first errors, each with how many sets ended with it.
    pub errors: Vec<(String, usize)>,
    /// What the best set's Sharpe ratio is worth after all trials of its hypothesis, those of other sweeps too; `None` when
    /// the ledger does not say.
    pub trials: Option<Deflation>,
    /// What luck leaves of the sweep's own sets; `None` when no curve is long enough. All of it is in `sweep.json`.
    pub luck: Option<LuckSummary>,
    /// Sets that meet all go-live criteria; `None` without criteria.
    pub n_meeting: Option<usize>,
    /// What a reader should know.
    pub notes: Vec<String>,
    /// Seconds of each stage.
    pub seconds: Vec<(String, f64)>,
}

/// What luck leaves of a sweep's own sets, in short.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct LuckSummary {
    /// The chance that the set chosen on one half of the time is below the middle of all on the other (CSCV).
    pub probability_of_overfitting: Option<f64>,
    /// Hansen's test that no set is better than cash, consistent p-value.
    pub spa_p: Option<f64>,
    /// White's reality check of the same.
    pub reality_check_p: Option<f64>,
    /// Sets better than cash, all at once (step-down at 5 %).
    pub n_superior: usize,
}

impl LuckSummary {
    /// The short form of a sweep's statistics.
    fn of(luck: &SweepLuck) -> Self {
        let report = &luck.report;
        Self {
            probability_of_overfitting: report.overfitting.as_ref().map(|found| found.probability),
            spa_p: report.superiority.spa_consistent_p,
            reality_check_p: report.superiority.reality_check_p,
            n_superior: report.superiority.superior.len(),
        }
    }
}

/// A set among the best.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct BestSet {
    /// Its number, from 0.
    pub set: usize,
    /// Its name, when it has one.
    pub name: Option<String>,
    /// Its values.
    pub values: Vec<(String, String)>,
    /// Its run.
    pub run_id: String,
    /// A few metrics by name.
    pub metrics: BTreeMap<String, Option<f64>>,
    /// Its results folder, when it has one.
    pub folder: Option<PathBuf>,
    /// Each go-live criterion of the settings.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub verdicts: Vec<Verdict>,
}

/// Takes what came of a set, from any thread.
type Done<'a> = &'a (dyn Fn(usize, Note) + Sync);

/// A sweep on its way.
struct Sweep<'a> {
    /// The surroundings.
    desk: &'a Desk<'a>,
    /// What was asked for.
    asked: Asked,
    /// Its sets.
    drawn: Drawn,
    /// Runs them.
    many: ManyRuns<'a>,
    /// Its id.
    id: String,
    /// What came of each set so far.
    notes: Vec<Option<Note>>,
    /// Sets that were in the journal and still hold.
    n_done_before: usize,
    /// What each set is a trial of; empty for one that cannot be run.
    hypotheses: Vec<String>,
    /// What a search that learns adds.
    searched: Option<Searched>,
}

/// What a search that learns adds to a sweep.
struct Searched {
    /// What its page is called.
    title: String,
    /// Sets that count, from the best to the worst by the search's own objective.
    order: Vec<usize>,
    /// Whether sets differ in their ends.
    varies_end: bool,
}

/// Runs the sweep that the settings describe.
///
/// # Errors
/// Settings that cannot be read, data that is not there, files that cannot be written. A set that fails is recorded.
pub fn run(desk: &Desk<'_>) -> Result<SweepSummary, AppError> {
    let mut watch = crate::backtest::Watch::start(desk.clock);
    let asked = file::read(desk)?;
    let many = ManyRuns::new(desk)?;
    let drawn = asked.space.draw(&|key| base_value(desk, key))?;
    let (configs, mut notes) = resolve(&many, &drawn.sets);
    if let (true, Some(Err(error))) = (configs.is_empty(), notes.iter().flatten().next()) {
        let n_sets = drawn.sets.len();
        return Err(AppError::new(error.clone()).during(&format!("none of the {n_sets} sets can be run; the first")));
    }
    let id = sweep_id(&configs, &drawn.sets, &many)?;
    let place = folder::place(desk, &id)?;
    let notebook = Notebook::open(desk, &place, &id)?;
    notes.resize(drawn.sets.len(), None);
    let hypotheses = ledger::hypotheses(drawn.sets.len(), &configs);
    let mut sweep = Sweep { desk, asked, drawn, many, id, notes, n_done_before: 0, hypotheses, searched: None };
    ledger::begin(desk, ManyKind::Sweep, &sweep.id, &sweep.hypotheses)?;
    watch.lap("plan");
    sweep.run_sets(configs, notebook)?;
    watch.lap("sets");
    let summary = folder::write(&sweep, &place, &mut watch)?;
    Ok(SweepSummary { seconds: watch.laps().to_vec(), ..summary })
}

/// The value a key has where no set says anything, for constraints.
fn base_value(desk: &Desk<'_>, key: &str) -> Option<String> {
    let config = &desk.config;
    let named =
        |path: &str, name: &str| config.named(path).into_iter().find(|(known, _)| known == name).map(|(_, v)| v);
    if let Some(name) = key.strip_prefix("backtest.params.") {
        let given = named("backtest.params", name);
        let template = crosscut_trading::strategy::template(config.text("backtest.strategy")?).ok()?;
        let default = || template.params.iter().find(|spec| spec.name == name)?.default.map(str::to_owned);
        return given.or_else(default);
    }
    let shown = config.show().into_iter().find(|shown| shown.key == key)?;
    (!shown.value.is_null()).then(|| plain(&shown.value))
}

/// Configurations by the place of their set, and errors of the others.
fn resolve(many: &ManyRuns<'_>, sets: &[ParameterSet]) -> (BTreeMap<usize, BacktestConfig>, Vec<Option<Note>>) {
    let (mut configs, mut notes) = (BTreeMap::new(), vec![None; sets.len()]);
    for (at, result) in many.resolve_all(sets).into_iter().enumerate() {
        match result {
            Ok(config) => drop(configs.insert(at, config)),
            Err(error) => notes[at] = Some(Err(error.to_string())),
        }
    }
    (configs, notes)
}

/// The id of a sweep: its sets as they were resolved, and the version that runs them. Which data it reads is in the run ids.
fn sweep_id(
    configs: &BTreeMap<usize, BacktestConfig>,
    sets: &[ParameterSet],
    many: &ManyRuns<'_>,
) -> Result<String, AppError> {
    let base = many.base_text();
    let failed: Vec<usize> = (0..sets.len()).filter(|at| !configs.contains_key(at)).collect();
    let places: std::collections::BTreeSet<(&str, String, &str)> = configs
        .values()
        .map(|config| (config.venue.as_str(), config.timeframe.to_string(), config.factor_set.as_str()))
        .collect();
    let value = json!({
        "base": base, "sets": sets, "failed": failed, "places": places, "engine_version": ENGINE_VERSION,
    });
    let mut id = config_hash(&value);
    id.truncate(ID_LENGTH);
    Ok(id)
}

impl Sweep<'_> {
    /// Runs what is not done yet, market by market.
    fn run_sets(&mut self, configs: BTreeMap<usize, BacktestConfig>, notebook: Notebook<'_>) -> Result<(), AppError> {
        let groups = self.groups(configs)?;
        let notes = std::mem::take(&mut self.notes);
        let n_failed = notes.iter().flatten().count() as u64;
        let progress = Progress::new(self.desk, self.drawn.sets.len() as u64, n_failed);
        let notes = Mutex::new(notes);
        let done = |at: usize, note: Note| {
            notes.lock().unwrap_or_else(PoisonError::into_inner)[at] = Some(note);
            progress.step("sets");
        };
        self.many.over_markets(groups, &|| notebook.has_failed(), &|group, market| match market {
            Ok(market) => self.run_group(&market, group, (&notebook, &done)),
            Err(error) => group.iter().for_each(|(at, _)| done(*at, notebook.write(*at, Err(error.to_string())))),
        });
        notebook.finish()?;
        self.n_done_before = notebook.n_done_before();
        self.notes = notes.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(())
    }

    /// Runs sets that share a market, those that the notebook knows not again.
    fn run_group(&self, market: &SharedMarket, group: &[Numbered], (notebook, done): (&Notebook<'_>, Done<'_>)) {
        let configs: Vec<&BacktestConfig> = group.iter().map(|(_, config)| config).collect();
        let sampling = self.sampling(market, &configs);
        let mut pending = Vec::with_capacity(group.len());
        for (at, config) in group {
            match notebook.known(*at, market, config) {
                Some(note) => done(*at, note),
                None => pending.push((*at, config)),
            }
        }
        let configs: Vec<&BacktestConfig> = pending.iter().map(|(_, config)| *config).collect();
        self.many.run_market(market, &configs, sampling, &|nth, result| {
            let at = pending[nth].0;
            done(at, notebook.write(at, result.map_err(|error| error.to_string())));
        });
    }

    /// Configurations that share a market, each with the places of their sets; in the order of their first sets.
    fn groups(&self, configs: BTreeMap<usize, BacktestConfig>) -> Result<Vec<Vec<Numbered>>, AppError> {
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        let mut groups: Vec<Vec<Numbered>> = Vec::new();
        for (at, config) in configs {
            let group = *places.entry(sharing(&config)?).or_insert_with(|| {
                groups.push(Vec::new());
                groups.len() - 1
            });
            groups[group].push((at, config));
        }
        Ok(groups)
    }

    /// How often the curves of a market's runs are kept: memory for all of them is bounded.
    fn sampling(&self, market: &SharedMarket, configs: &[&BacktestConfig]) -> Sampling {
        self.sampling_of(market, configs, self.drawn.sets.len())
    }

    /// The same for a number of sets that is known beforehand.
    fn sampling_of(&self, market: &SharedMarket, configs: &[&BacktestConfig], n_sets: usize) -> Sampling {
        let (first, last) = market.loaded().span().unwrap_or_default();
        let first = configs.iter().map(|config| config.start.unwrap_or(first)).min().unwrap_or(first).max(first);
        let last = configs.iter().map(|config| config.end.unwrap_or(last)).max().unwrap_or(last).min(last);
        sampling_for((first, last), market.loaded().n_rows(), n_sets)
    }
}

/// Whether a set of the journal is what it would be now: the data are in its run id.
fn still_holds(note: &Note, market: &SharedMarket, config: &BacktestConfig) -> bool {
    match note {
        Ok(outcome) => market.run_id(config).is_ok_and(|run_id| run_id == outcome.run_id),
        // An error may have had a reason that is gone.
        Err(_) => false,
    }
}

/// Tells how far it is.
struct Progress<'a> {
    /// Who listens.
    desk: &'a Desk<'a>,
    /// Number of runs.
    n_runs: u64,
    /// Runs that are done.
    n_done: AtomicU64,
}

impl<'a> Progress<'a> {
    /// Nothing but some that cannot be run.
    fn new(desk: &'a Desk<'a>, n_runs: u64, n_done: u64) -> Self {
        Self { desk, n_runs, n_done: AtomicU64::new(n_done) }
    }

    /// One more is done.
    fn step(&self, what: &str) {
        let n_done = self.n_done.fetch_add(1, Ordering::Relaxed) + 1;
        self.desk.events.step(n_done.min(self.n_runs), self.n_runs, what);
    }
}

/// Tells a warning.
fn warn(desk: &Desk<'_>, text: &str) {
    desk.events.message(Level::Warning, text);
}

/// A sweep's description for programs: what was asked for and what came of it, without times.
fn description(sweep: &Sweep<'_>, summary: &SweepSummary) -> Value {
    let space = &sweep.asked.space;
    json!({
        "format": 1,
        "sweep_id": sweep.id,
        "engine_version": ENGINE_VERSION,
        "method": space.method.name(),
        "seed": space.seed,
        "constraints": space.constraints.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "by": summary.by,
        "keys": summary.keys,
        "n_sets": summary.n_sets,
        "n_failed": summary.n_failed,
        "n_refused": summary.n_refused,
        "n_repeated": summary.n_repeated,
        "best": summary.best.iter().map(|best| json!({"set": best.set, "run_id": best.run_id})).collect::<Vec<_>>(),
        "errors": summary.errors,
        "notes": summary.notes,
    })
}
