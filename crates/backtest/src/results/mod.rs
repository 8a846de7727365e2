//! The archive of runs: one folder per run, one ledger for all of them.
//!
//! [`Archive::publish`] writes `<results>/<strategy>/<run_id>/` aside and renames it whole, then appends one line to
//! `runs.jsonl`. A run that is there already is verified against its hashes and left as it is. Every file but
//! `run_context.json` and `logs.txt` follows from the run's identity alone and has the same bytes on every rerun.
//!
//! Nothing here reads the clock, the environment or the machine: [`RunContext`] brings what is to be recorded.
//! Results never go into the hub. Start reading at [`Archive`], then [`RunRecord`].

mod aside;
pub(crate) mod attribution;
mod audit;
mod capacity;
mod chain;
mod compare;
mod compare_page;
mod csv;
mod divergence;
mod documents;
mod error;
mod explain;
mod figures;
mod folder;
mod ledger;
pub(crate) mod metrics;
mod page;
mod presets;
mod record;
mod rows;
mod stored;
mod tables;
mod trials;
mod walked;

use std::path::{Path, PathBuf};

use crosscut_model::format_iso;
use rayon::prelude::*;
use serde_json::Value;

pub use aside::{Aside, RERUN};
pub use capacity::{Capacity, capacity};
pub use chain::{Chain, Head, Tampering};
pub use compare::{Comparison, Difference, MetricPair, compare};
pub use compare_page::compare_page;
pub use divergence::{Divergence, TradePairs};
pub use error::ResultsError;
pub use explain::{CashFlow, Decision, Earlier, Event, Facts, Holding, Limit, OrderStory, Peer, Question, explain};
pub use folder::{ComparedFolders, FileDifference, WrittenFile, compare_folders};
pub use ledger::{RunEntry, RunList, RunStatus, UnreadableLine};
pub use metrics::{Metric, metric_names, shown};
pub use presets::{NamedTrade, PresetNumber, PresetNumbers, preset_names, preset_numbers};
pub use record::{
    ENGINE_VERSION, FactorRecord, Inputs, RunContext, RunInput, RunKind, RunRecord, RunSubject, inputs_hash, run_id,
};
pub use stored::StoredRun;
pub use trials::{Deflation, Hypothesis, NamedTrial, Trial, WalkedCurve, hypothesis};

use crate::outcome::RunOutcome;
use folder::HashedFile;
use ledger::LEDGER_FORMAT;

/// A results folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archive {
    /// The folder; made by the first run.
    root: PathBuf,
}

/// Where a run's results are.
#[derive(Debug, Clone, PartialEq)]
pub struct Published {
    /// The run.
    pub run_id: String,
    /// Its folder.
    pub folder: PathBuf,
    /// Whether the folder was written now or was there already.
    pub status: RunStatus,
    /// All metrics in the order of the dictionary.
    pub metrics: Vec<Metric>,
    /// Lines of the ledger that could not be read, in words.
    pub warnings: Vec<String>,
}

/// A run that ended with an error.
#[derive(Debug, Clone, PartialEq)]
pub struct FailedRun {
    /// Which command.
    pub kind: RunKind,
    /// Strategy name; empty when the failure came before it was known.
    pub strategy: String,
    /// The run, when its configuration and inputs were known.
    pub run_id: Option<String>,
    /// Which data it read, when that was known.
    pub inputs_hash: Option<String>,
    /// The configuration as far as it was known: what it is a trial of.
    pub config: Value,
    /// Circumstances.
    pub context: RunContext,
    /// The error message.
    pub error: String,
}

/// What is entered as one line although it is many runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManyKind {
    /// A sweep: all its sets are trials. In lines of earlier versions a search or walk-forward too.
    Sweep,
    /// A search that learns; the same.
    Search,
    /// A walk-forward; the same, but for its own curve.
    Walk,
    /// A stress test: it chooses nothing, so that its runs are no trials.
    Stress,
}

impl ManyKind {
    /// All of them.
    const ALL: [Self; 4] = [Self::Sweep, Self::Search, Self::Walk, Self::Stress];

    /// The name in the ledger.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sweep => "sweep",
            Self::Search => "optimize",
            Self::Walk => "walkforward",
            Self::Stress => "stress",
        }
    }
}

impl RunEntry {
    /// Whether the line is of many runs.
    pub fn is_many(&self) -> bool {
        ManyKind::ALL.iter().any(|kind| kind.name() == self.kind)
    }
}

/// A sweep, search, walk-forward or stress test that begins or has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepRecord {
    /// What it is.
    pub kind: ManyKind,
    /// How far it is.
    pub status: RunStatus,
    /// Its id.
    pub sweep_id: String,
    /// Strategy name.
    pub strategy: String,
    /// Its folder below the results folder, where it has one.
    pub folder: Option<String>,
    /// What it is a trial of, see [`hypothesis`].
    pub hypothesis: Option<String>,
    /// What it says as trials: how many runs it made, failed ones too, and how they did.
    pub trial: Trial,
    /// BLAKE3 of the tables its runs read, where all read the same.
    pub inputs_hash: Option<String>,
    /// Circumstances.
    pub context: RunContext,
    /// A few metrics of its best run.
    pub headline: std::collections::BTreeMap<String, Option<f64>>,
}

impl Archive {
    /// Adds a line for a sweep: one entry, whatever the number of its runs. The result lists unreadable lines of the ledger.
    ///
    /// # Errors
    /// When the ledger cannot be written.
    pub fn enter_sweep(&self, sweep: &SweepRecord) -> Result<Vec<UnreadableLine>, ResultsError> {
        self.enter_many(RunEntry {
            format: LEDGER_FORMAT,
            run_id: Some(sweep.sweep_id.clone()),
            strategy: sweep.strategy.clone(),
            kind: sweep.kind.name().to_owned(),
            status: sweep.status,
            started_at: format_iso(sweep.context.started_at),
            seconds: seconds(&sweep.context),
            code_version: sweep.context.code_version.clone(),
            inputs_hash: sweep.inputs_hash.clone(),
            folder: sweep.folder.clone(),
            context_blake3: None,
            headline: sweep.headline.clone(),
            error: None,
            hypothesis: sweep.hypothesis.clone(),
            trial: Some(sweep.trial),
            part_of: None,
            lost: None,
            link: None,
        })
    }

    /// The archive in a folder, which need not exist yet.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// The results folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Writes a run, or verifies the stored one, and adds a line to the ledger.
    ///
    /// # Errors
    /// [`ResultsError::Damaged`] naming each file of a stored run that is not what was written;
    /// [`ResultsError::Differs`] when this outcome's metrics are not the stored ones; otherwise when a file cannot be
    /// written. Nothing half-written stays under the run's name.
    pub fn publish(&self, record: &RunRecord, outcome: &RunOutcome) -> Result<Published, ResultsError> {
        let run = Run { run_id: record.run_id(), record, outcome, metrics: metrics::of_run(record, outcome) };
        let folder = self.folder(&record.subject.strategy, &run.run_id)?;
        aside::sweep(&self.root);
        let status = if folder.exists() || !run.write(&folder)? { RunStatus::Reused } else { RunStatus::Done };
        if status == RunStatus::Reused {
            self.verify_same(&run, &folder)?;
        }
        let trial = metrics::trial(record.subject.capital, outcome);
        self.enter(record, status, (&run.run_id, Some(trial)), &run.metrics)
    }

    /// If the run is stored already: verifies it and adds a line to the ledger, without having computed anything.
    ///
    /// # Errors
    /// As [`Archive::publish`].
    pub fn reuse(&self, record: &RunRecord) -> Result<Option<Published>, ResultsError> {
        let run_id = record.run_id();
        let folder = self.folder(&record.subject.strategy, &run_id)?;
        if !folder.exists() {
            return Ok(None);
        }
        aside::sweep(&self.root);
        self.verify(&run_id, &folder)?;
        let metrics = stored::read_metrics(&folder)?.0;
        self.enter(record, RunStatus::Reused, (&run_id, None), &metrics).map(Some)
    }

    /// Adds a line for a run that ended with an error. The result lists unreadable lines of the ledger.
    ///
    /// # Errors
    /// When the ledger cannot be written.
    pub fn record_failure(&self, failed: &FailedRun) -> Result<Vec<UnreadableLine>, ResultsError> {
        ledger::append(
            &self.root,
            RunEntry {
                format: LEDGER_FORMAT,
                run_id: failed.run_id.clone(),
                strategy: failed.strategy.clone(),
                kind: failed.kind.name().to_owned(),
                status: RunStatus::Failed,
                started_at: format_iso(failed.context.started_at),
                seconds: seconds(&failed.context),
                code_version: failed.context.code_version.clone(),
                inputs_hash: failed.inputs_hash.clone(),
                folder: None,
                context_blake3: None,
                headline: Default::default(),
                error: Some(failed.error.clone()),
                hypothesis: Some(hypothesis(&failed.config)).filter(|_| failed.config.is_object()),
                trial: None,
                part_of: None,
                lost: None,
                link: None,
            },
        )
    }

    /// Every hypothesis ever tried here, by name: how often, and how high chance alone would have come.
    ///
    /// # Errors
    /// When the ledger is there but cannot be read.
    pub fn hypotheses(&self) -> Result<Vec<Hypothesis>, ResultsError> {
        Ok(trials::hypotheses(&self.list()?.entries))
    }

    /// What a run's Sharpe ratio is worth after all trials of its hypothesis up to now; `None` when the ledger does not know
    /// enough of the run.
    ///
    /// # Errors
    /// As [`Archive::hypotheses`].
    pub fn deflation(&self, run_id: &str) -> Result<Option<Deflation>, ResultsError> {
        Ok(trials::deflation(&self.list()?.entries, run_id))
    }

    /// What results are worth that no line of the ledger has by themselves, such as the sets of a sweep, in their order.
    ///
    /// # Errors
    /// As [`Archive::hypotheses`].
    pub fn deflations(&self, trials: &[NamedTrial]) -> Result<Vec<Deflation>, ResultsError> {
        Ok(trials::deflations(&self.list()?.entries, trials))
    }

    /// What the out-of-sample curve of a walk-forward is worth after all trials of its hypothesis, of which the sets it chose
    /// among are none; `None` when no line of the ledger has the curve.
    ///
    /// # Errors
    /// As [`Archive::hypotheses`].
    pub fn curve_deflation(&self, walk_id: &str) -> Result<Option<Deflation>, ResultsError> {
        Ok(walked::curve_deflation(&self.list()?.entries, walk_id))
    }

    /// Whether the ledger is what was written: see [`Chain`]. `noted` is a head noted earlier, which must lie on the chain.
    ///
    /// # Errors
    /// As [`Archive::hypotheses`].
    pub fn chain(&self, noted: Option<&str>) -> Result<Chain, ResultsError> {
        let mut chain = chain::verify(&self.root, noted)?;
        let known: std::collections::BTreeSet<String> =
            self.list()?.entries.into_iter().filter_map(|entry| entry.run_id).collect();
        for folder in stored::folders(&self.root)? {
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if !known.contains(&name) {
                let problem = format!(
                    "`{}` holds a run that no line knows: it was stopped before it was entered, or its line was taken out",
                    folder.display()
                );
                chain.problems.push(Tampering { line: None, problem });
            }
        }
        Ok(chain)
    }

    /// Adds a line to the ledger for something that is no single run: a sweep, with all its sets as one trial.
    ///
    /// # Errors
    /// When the ledger cannot be written.
    pub fn enter_many(&self, entry: RunEntry) -> Result<Vec<UnreadableLine>, ResultsError> {
        ledger::append(&self.root, entry)
    }

    /// Every run ever made here, oldest first, with the lines that could not be read.
    ///
    /// # Errors
    /// When the ledger is there but cannot be read.
    pub fn list(&self) -> Result<RunList, ResultsError> {
        ledger::read(&self.root)
    }

    /// A stored run by its id, the beginning of one, its folder, or `latest`.
    ///
    /// # Errors
    /// Unknown or ambiguous ids; files that are missing or malformed.
    pub fn load(&self, id: &str) -> Result<StoredRun, ResultsError> {
        stored::load(&self.root, id)
    }

    /// What is wrong with the files of a stored run, one sentence per file; empty when all is well.
    ///
    /// # Errors
    /// As [`Archive::load`].
    pub fn problems(&self, id: &str) -> Result<Vec<String>, ResultsError> {
        let run = stored::locate(&self.root, id)?;
        self.folder_problems(run.id(), &run.folder)
    }

    /// Where a run of a strategy is stored.
    fn folder(&self, strategy: &str, run_id: &str) -> Result<PathBuf, ResultsError> {
        let good = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if strategy.is_empty() || !strategy.chars().all(good) {
            return Err(ResultsError::BadName { name: strategy.to_owned() });
        }
        Ok(self.root.join(strategy).join(run_id))
    }

    /// Checks a stored folder.
    fn verify(&self, run_id: &str, folder: &Path) -> Result<(), ResultsError> {
        let problems = self.folder_problems(run_id, folder)?;
        if problems.is_empty() {
            return Ok(());
        }
        Err(ResultsError::Damaged { run_id: run_id.to_owned(), folder: folder.to_owned(), problems })
    }

    /// What is wrong with a folder: its context against the ledger, its other files against its context.
    fn folder_problems(&self, run_id: &str, folder: &Path) -> Result<Vec<String>, ResultsError> {
        // The latest line: a folder that was moved away and written again has another context.
        let entered = self.list()?.entries.into_iter().rev().find(|entry| {
            entry.run_id.as_deref() == Some(run_id) && entry.status == RunStatus::Done && entry.context_blake3.is_some()
        });
        if let Some(blake3) = entered.and_then(|entry| entry.context_blake3) {
            let found = folder::problems(folder, &[(documents::RUN_CONTEXT.to_owned(), blake3)])?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        match stored::read_file_hashes(folder) {
            Ok(files) => folder::problems(folder, &files),
            Err(error) => Ok(vec![error.to_string()]),
        }
    }

    /// Checks a stored folder, and that the outcome at hand leads to the same metrics.
    fn verify_same(&self, run: &Run<'_>, folder: &Path) -> Result<(), ResultsError> {
        self.verify(&run.run_id, folder)?;
        let metrics = documents::metrics_json(&run.metrics, &run.outcome.data_quality);
        let path = folder.join(documents::METRICS);
        let stored = std::fs::read(&path).map_err(ResultsError::io("read", &path))?;
        if stored == metrics.as_bytes() {
            return Ok(());
        }
        Err(ResultsError::Differs {
            run_id: run.run_id.clone(),
            file: documents::METRICS.to_owned(),
            folder: folder.to_owned(),
            stored_version: stored::read_code_version(folder),
            code_version: run.record.context.code_version.clone(),
        })
    }

    /// Adds a line to the ledger and says where the run is.
    fn enter(
        &self,
        record: &RunRecord,
        status: RunStatus,
        (run_id, trial): (&str, Option<Trial>),
        metrics: &[Metric],
    ) -> Result<Published, ResultsError> {
        let strategy = &record.subject.strategy;
        let folder = self.folder(strategy, run_id)?;
        let context = folder.join(documents::RUN_CONTEXT);
        let context_bytes = std::fs::read(&context).map_err(ResultsError::io("read", &context))?;
        let entry = RunEntry {
            format: LEDGER_FORMAT,
            run_id: Some(run_id.to_owned()),
            strategy: strategy.clone(),
            kind: record.kind.name().to_owned(),
            status,
            started_at: format_iso(record.context.started_at),
            seconds: seconds(&record.context),
            code_version: record.context.code_version.clone(),
            inputs_hash: Some(inputs_hash(&record.inputs)),
            folder: Some(format!("{strategy}/{run_id}")),
            context_blake3: Some(blake3::hash(&context_bytes).to_hex().to_string()),
            headline: metrics::headline(metrics),
            error: None,
            hypothesis: Some(hypothesis(&record.config)),
            trial,
            part_of: record.context.part_of.clone(),
            lost: None,
            link: None,
        };
        let unreadable = ledger::append(&self.root, entry)?;
        let warnings = unreadable
            .iter()
            .map(|line| format!("line {} of `{}` is not a complete entry: {}", line.line, ledger::LEDGER, line.reason))
            .collect();
        Ok(Published { run_id: run_id.to_owned(), folder, status, metrics: metrics.to_vec(), warnings })
    }
}

/// Sum of all stages, seconds.
fn seconds(context: &RunContext) -> f64 {
    // The sum of none is a negative zero.
    context.durations.iter().map(|(_, seconds)| seconds).sum::<f64>() + 0.0
}

/// One run on its way into its folder.
struct Run<'a> {
    /// Its id.
    run_id: String,
    /// What the caller told about it.
    record: &'a RunRecord,
    /// What the engine produced.
    outcome: &'a RunOutcome,
    /// Its metrics.
    metrics: Vec<Metric>,
}

/// Writes one file of a folder.
type FileJob<'a> = (&'static str, Box<dyn Fn(&mut HashedFile) -> Result<(), ResultsError> + Sync + 'a>);

impl Run<'_> {
    /// Builds the folder aside and gives it its name; `false` when another writer was faster.
    fn write(&self, final_path: &Path) -> Result<bool, ResultsError> {
        let aside = Aside::create(final_path.parent().unwrap_or(Path::new(".")), &self.run_id)?;
        let write = |(name, job): &FileJob<'_>| -> Result<WrittenFile, ResultsError> {
            let mut file = aside.file(name)?;
            job(&mut file)?;
            file.finish()
        };
        let mut files: Vec<WrittenFile> = self.jobs().par_iter().map(write).collect::<Result<_, _>>()?;
        let page = page::render(self, &files);
        for (name, text) in [(documents::REPORT, page), (documents::LOGS, documents::logs(self.record, self.outcome))] {
            let mut file = aside.file(name)?;
            file.write(text.as_bytes())?;
            files.push(file.finish()?);
        }
        let mut context = aside.file(documents::RUN_CONTEXT)?;
        context.write(documents::run_context(self, &files).as_bytes())?;
        context.finish()?;
        aside.publish(final_path)
    }

    /// The files that follow from the outcome alone, the longest tables first so that threads end together.
    fn jobs(&self) -> Vec<FileJob<'_>> {
        let outcome = self.outcome;
        let mut jobs: Vec<FileJob<'_>> = Vec::new();
        if !outcome.journal.is_empty() {
            jobs.push((audit::JOURNAL, Box::new(|file| audit::journal(outcome, file))));
        }
        let tables: [FileJob<'_>; 6] = [
            ("trade_summary.csv", Box::new(|file| tables::trade_summary(outcome, file))),
            ("positions.csv", Box::new(|file| tables::positions(outcome, file))),
            ("orders.csv", Box::new(|file| tables::orders(outcome, file))),
            ("trades.csv", Box::new(|file| tables::trades(outcome, file))),
            ("equity_curve.csv", Box::new(|file| tables::equity_curve(outcome, file))),
            (
                documents::METRICS,
                Box::new(|file| file.write(documents::metrics_json(&self.metrics, &outcome.data_quality).as_bytes())),
            ),
        ];
        jobs.extend(tables);
        if self.record.kind == RunKind::Pipeline {
            jobs.push(("nav_history.csv", Box::new(|file| tables::nav_history(outcome, file))));
            jobs.push(("trade_log.json", Box::new(|file| file.write(documents::trade_log(outcome).as_bytes()))));
            jobs.push((
                "backtest_summary.json",
                Box::new(|file| file.write(documents::backtest_summary(self).as_bytes())),
            ));
        }
        jobs
    }
}

#[cfg(test)]
mod tests;
