//! Proof that a published set is what it says: the same numbers however they are made, and none from the future.
//!
//! [`audit`] takes a sample of the set's bars into a hub of its own and tries three things for each factor:
//! 1. *incremental*: the bars arrive in cuts (more rows, a late row, a correction, a new symbol, older history), and
//!    after each cut an update through [`crate::update()`] gives the bits of a full run through [`crate::run()`];
//! 2. *causal*: whatever becomes of the rows after a time (noise, nothing, another order), of all symbols or of one, the
//!    values up to that time stay as they are;
//! 3. *streaming*: one row at a time gives the bits of all rows at once.
//!
//! A factor without a finite value among those compared is `not tested`, not passed. [`publish`] stores the result with
//! the set as a new generation of the same tables. The sample is drawn by a seed, so that an audit can be repeated.

use std::path::Path;

use crosscut_hub::{ColumnProof, FactorMetadata, FactorPublisher, Hub, ProofResult};
use crosscut_model::{Progress, Timeframe};
use serde::Serialize;

use crate::config::{Config, Symbols};
use crate::error::FactorsError;
use crate::plan::Plan;
use crate::run::RunOptions;

mod arrivals;
mod engine;
mod foresight;
mod random;
mod sample;
mod verdict;

use engine::{Engine, Real};
use random::Random;
use sample::Sample;
use verdict::Trials;

pub use verdict::{AuditFailure, Check};

/// How a set is audited.
#[derive(Debug, Clone)]
pub struct AuditOptions {
    /// Random cuts of each kind of trial, at least 5.
    pub cuts: usize,
    /// Symbols of the sample, at least 2; `None` for as many as the set needs.
    pub symbols: Option<usize>,
    /// What the sample and the cuts are drawn by.
    pub seed: u64,
    /// How the real runs are made.
    pub run: RunOptions,
}

/// What an audit found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AuditReport {
    /// Name of the set.
    pub factor_set: String,
    /// Its timeframe.
    pub timeframe: String,
    /// The generation that was audited.
    pub generation: u64,
    /// Seed of sample and cuts.
    pub seed: u64,
    /// What was sampled.
    pub sample: SampleCard,
    /// The columns in the order they are stored, with what was found.
    pub columns: Vec<AuditedColumn>,
    /// The first failure of each column and check.
    pub failures: Vec<AuditFailure>,
}

/// What an audit sampled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SampleCard {
    /// Symbols of the sample.
    pub symbols: Vec<String>,
    /// Symbols of the set.
    pub n_symbols_of_set: usize,
    /// Distinct times of the sample.
    pub n_labels: usize,
    /// Bars of the sample.
    pub n_rows: usize,
    /// First time, ISO-8601.
    pub start_time: String,
    /// Last time, ISO-8601.
    pub end_time: String,
    /// Each cut of the incremental trials in words.
    pub cuts: Vec<String>,
}

/// A column and what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditedColumn {
    /// Its name.
    pub name: String,
    /// What was found.
    pub proof: ColumnProof,
}

impl AuditReport {
    /// Number of columns that passed everything.
    pub fn n_passed(&self) -> usize {
        self.columns.iter().filter(|column| results(&column.proof).iter().all(|result| result.passed)).count()
    }

    /// Number of columns that failed something.
    pub fn n_failed(&self) -> usize {
        self.columns.iter().filter(|column| results(&column.proof).iter().any(|r| !r.passed && r.n_cuts > 0)).count()
    }

    /// Number of columns that failed nothing, and for which something could not be tried.
    pub fn n_not_tested(&self) -> usize {
        self.columns.len() - self.n_passed() - self.n_failed()
    }
}

/// The three parts of a proof.
fn results(proof: &ColumnProof) -> [&ProofResult; 3] {
    [&proof.causal, &proof.incremental, &proof.streaming]
}

/// Audits the published set that `metadata` is of; `scratch` is an empty folder for hubs of its own. Publishes nothing.
///
/// # Errors
/// When the set was made by another version of the program, its bars cannot be read, or they are too few to cut.
pub fn audit(
    hub: &Hub,
    metadata: &FactorMetadata,
    scratch: &Path,
    options: &AuditOptions,
    progress: &dyn Progress,
) -> Result<AuditReport, FactorsError> {
    if metadata.code_version != options.run.code_version {
        let (made, now) = (&metadata.code_version, &options.run.code_version);
        return Err(FactorsError::Unknown(format!(
            "factor set {} was made by version {made} of the program, this is {now}: there is nothing of it to prove\n\
             hint: make it anew first: crosscut factors update {}",
            metadata.factor_set, metadata.factor_set
        )));
    }
    audit_with(&Real, hub, metadata, Stage { scratch, options, progress })
}

/// Where and how an audit is done.
#[derive(Clone, Copy)]
struct Stage<'a> {
    /// An empty folder.
    scratch: &'a Path,
    /// How.
    options: &'a AuditOptions,
    /// Where progress goes.
    progress: &'a dyn Progress,
}

/// [`audit`] of what an engine gives.
fn audit_with(
    engine: &dyn Engine,
    hub: &Hub,
    metadata: &FactorMetadata,
    stage: Stage<'_>,
) -> Result<AuditReport, FactorsError> {
    let Stage { options, progress, .. } = stage;
    let published = Config::from_metadata(metadata)?;
    // The sample's hub holds the sample alone.
    let config = Config { symbols: Symbols::All, ..published };
    let mut random = Random::new(options.seed);
    let sample = Sample::draw(hub, metadata, &config, options, &mut random)?;
    progress.message(&format!("{}: {}", metadata.factor_set, sample.words()));
    let mut trials = Trials::new(&metadata.columns, options.seed);
    let cuts = arrivals::trial(engine, &config, &sample, stage, (&mut random, &mut trials))?;
    let lookbacks = foresight::trial(engine, &config, stage, (&mut random, &mut trials))?;
    let (columns, failures) = trials.finish(&sample, &lookbacks);
    Ok(AuditReport {
        factor_set: metadata.factor_set.clone(),
        timeframe: metadata.timeframe.clone(),
        generation: metadata.generation,
        seed: options.seed,
        sample: sample.card(cuts),
        columns,
        failures,
    })
}

/// Stores what an audit found with the set: a new generation of the same tables and states. The sample must have been
/// drawn from the generation that is published now, or from one of the same definition made by the same program.
///
/// # Errors
/// When another process is producing the set, or the published one is another by now.
pub fn publish(
    hub_root: &Path,
    timeframe: Timeframe,
    audited: &FactorMetadata,
    report: &AuditReport,
) -> Result<(), FactorsError> {
    let generation = FactorPublisher::create(hub_root)?.begin(timeframe, &audited.factor_set)?;
    let before = generation.before().map(|set| set.metadata().clone());
    let same = before.filter(|now| now.config_hash == audited.config_hash && now.code_version == audited.code_version);
    let Some(now) = same else {
        let message = "the set was published anew while it was audited\nhint: audit it again";
        return Err(FactorsError::Unknown(format!("{}: {message}", audited.factor_set)));
    };
    for symbol in now.tables.keys() {
        generation.keep_symbol(symbol)?;
    }
    for state in now.states.keys() {
        generation.keep_state(state)?;
    }
    let mut definition = now.definition();
    definition.proof = report.columns.iter().map(|column| (column.name.clone(), column.proof.clone())).collect();
    generation.commit(&definition)?;
    Ok(())
}

/// The plan of a set for the columns that its bars have.
fn plan_of(config: &Config, columns: &[String], periods_per_year: f64) -> Result<Plan, FactorsError> {
    let available: Vec<&str> = columns.iter().map(String::as_str).collect();
    Plan::new(config, crate::plan::Market { available: &available, periods_per_year })
}

#[cfg(test)]
mod tests;
