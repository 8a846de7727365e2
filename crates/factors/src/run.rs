//! Runs: bars of the hub in, one published generation of the set out.
//!
//! [`run()`] computes everything from the bars. [`update()`] continues the published generation where it can: what has not
//! changed is taken over as it lies on the disk, and the values are the same to the bit as those of a full run. Both
//! save what the next update needs. Errors are reported for the first symbol in order, whatever the threads do; nothing
//! is published then.

use std::collections::BTreeMap;
use std::path::Path;

use crosscut_hub::{FactorDefinition, FactorMetadata, FactorPublisher, FactorSet, Generation, Hub, config_hash};
use crosscut_model::{Progress, Timeframe};

use crate::config::{Config, Fill};
use crate::error::FactorsError;
use crate::plan::{Market, Plan};
use crate::produce::{Cuts, Done, Produced, Work};
use crate::source::Source;
use crate::state::{INDEX, Index, Record};
use crate::update::{Basis, fingerprint};
use crate::{alone, together};

/// What a run is given besides the set.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// Worker threads, at least 1. Results do not depend on them.
    pub threads: usize,
    /// Version of the program, for the metadata.
    pub code_version: String,
    /// The time now, ISO-8601 with `Z`, for the metadata.
    pub generation_time: String,
}

/// What came of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A new generation was published.
    Published,
    /// The same set, inputs and program had been published: nothing was done.
    Unchanged,
}

/// What a run did.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Name of the set.
    pub factor_set: String,
    /// Its timeframe.
    pub timeframe: Timeframe,
    /// What came of it.
    pub outcome: Outcome,
    /// Why an update began anew from the bars; `None` for one that did not, and for a full run that was asked for.
    pub full_because: Option<String>,
    /// Number of symbols.
    pub n_symbols: usize,
    /// Of them, those whose table was taken over whole.
    pub n_kept: usize,
    /// Symbols of the generation before that the set has no more.
    pub n_removed: usize,
    /// Rows of all symbols.
    pub n_rows: u64,
    /// Of them, those that the generation before did not have.
    pub n_new_rows: u64,
    /// Of them, those that the generation before had and that were computed again.
    pub n_rows_again: u64,
    /// The first label that was written; `None` when nothing was.
    pub from: Option<i64>,
    /// Rows invented by the fill policy.
    pub n_filled: u64,
    /// Values changed or dropped by the outlier rule.
    pub n_outliers: u64,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// What people should know before they use it.
    pub warnings: Vec<String>,
}

/// Produces a factor set from the bars alone and publishes it.
///
/// # Errors
/// Whatever keeps the set from being produced: a formula, a missing symbol or bar table, a damaged file, another
/// definition under the same name. The published generation, if there is one, stays.
pub fn run(
    config: &Config,
    hub_root: &Path,
    options: &RunOptions,
    progress: &dyn Progress,
) -> Result<Summary, FactorsError> {
    produce(config, hub_root, options, progress, (Mode::Full, Cuts::USUAL))
}

/// Brings the published factor set up to date with the bars, and publishes it. A set that cannot be continued (never
/// published, by another version of the program, a damaged state) is produced from the bars alone;
/// [`Summary::full_because`] says why.
///
/// # Errors
/// As [`run()`].
pub fn update(
    config: &Config,
    hub_root: &Path,
    options: &RunOptions,
    progress: &dyn Progress,
) -> Result<Summary, FactorsError> {
    produce(config, hub_root, options, progress, (Mode::Update, Cuts::USUAL))
}

/// How a generation is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// From the bars alone.
    Full,
    /// From the generation before, as far as it goes.
    Update,
}

/// Both kinds of run, with the rows cut as is said.
pub(crate) fn produce(
    config: &Config,
    hub_root: &Path,
    options: &RunOptions,
    progress: &dyn Progress,
    (mode, cuts): (Mode, Cuts),
) -> Result<Summary, FactorsError> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.threads.max(1))
        .build()
        .map_err(|error| FactorsError::Threads { threads: options.threads, message: error.to_string() })?;
    pool.install(|| {
        let hub = Hub::open(hub_root)?;
        let source = Source::open(&hub, config)?;
        let available = source.columns();
        let available: Vec<&str> = available.iter().map(String::as_str).collect();
        let periods_per_year = source.annualisation.periods_per_year;
        let plan = Plan::new(config, Market { available: &available, periods_per_year })?;
        if plan.cross_sectional && config.bars.is_event() {
            return Err(FactorsError::Input {
                symbol: config.bars.to_string(),
                message: "event bars of different symbols share no times to compare them at; use time bars, or no \
                          cross-sectional operators and `outliers: keep`"
                    .to_owned(),
            });
        }
        let publisher = FactorPublisher::create(hub_root)?;
        Run { config, options, progress, cuts, hub: &hub, source: &source, plan: &plan }.publish(&publisher, mode)
    })
}

/// Everything a run works with.
struct Run<'a> {
    /// The set.
    config: &'a Config,
    /// How it is run.
    options: &'a RunOptions,
    /// Where progress goes.
    progress: &'a dyn Progress,
    /// Into which pieces the rows are cut.
    cuts: Cuts,
    /// The hub.
    hub: &'a Hub,
    /// The bars.
    source: &'a Source<'a>,
    /// The set resolved.
    plan: &'a Plan,
}

impl Run<'_> {
    /// Publishes the set unless it has not changed.
    fn publish(&self, publisher: &FactorPublisher, mode: Mode) -> Result<Summary, FactorsError> {
        let name = &self.config.factor_set;
        let set = self.published()?;
        if set.as_ref().is_none_or(|set| set.metadata().config_hash != config_hash(&self.plan.definition)) {
            publisher.check_definition(self.config.timeframe, name, &self.plan.definition)?;
        }
        if let Some(set) = set.filter(|set| self.is_unchanged(set.metadata())) {
            // An update trusts the tables it takes over; a run from the bars is what repairs them.
            match if mode == Mode::Full { set.verify() } else { Ok(()) } {
                Ok(()) => {
                    self.progress.message(&format!("{name}: unchanged"));
                    return Ok(self.unchanged(set.metadata()));
                }
                Err(error) => self.progress.message(&format!("{name}: {error}")),
            }
        }
        let mut full_because = None;
        if mode == Mode::Update {
            match self.continued(publisher) {
                Err(FactorsError::State { message }) => {
                    self.progress.message(&format!("{name}: full run, because {message}"));
                    full_because = Some(message);
                }
                settled => return settled,
            }
        }
        let generation = publisher.begin(self.config.timeframe, name)?;
        let summary = self.make(generation, None)?;
        Ok(Summary { full_because, ..summary })
    }

    /// Continues the published generation.
    ///
    /// # Errors
    /// [`FactorsError::State`] when it cannot be continued; nothing has been published then.
    fn continued(&self, publisher: &FactorPublisher) -> Result<Summary, FactorsError> {
        let is_there = self.hub.factor_sets()?.contains(&self.key());
        let generation = publisher.begin(self.config.timeframe, &self.config.factor_set)?;
        let set = generation.before().cloned();
        let Some(set) = set else {
            let message = if is_there { "what is published cannot be read" } else { "nothing is published yet" };
            return Err(FactorsError::State { message: message.to_owned() });
        };
        let basis = Basis::open(&set, &self.options.code_version, self.source, self.plan)?;
        self.make(generation, Some(&basis))
    }

    /// Makes a generation and publishes it.
    fn make(&self, generation: Generation, basis: Option<&Basis<'_>>) -> Result<Summary, FactorsError> {
        let work = Work {
            config: self.config,
            plan: self.plan,
            source: self.source,
            generation: &generation,
            basis,
            progress: self.progress,
            cuts: self.cuts,
            columns: self.plan.columns.iter().map(|column| column.name.clone()).collect(),
        };
        let produced = if self.plan.cross_sectional { together::produce(&work)? } else { alone::produce(&work)? };
        generation.write_state(INDEX, &self.index(&produced).to_bytes())?;
        let warnings = self.warnings(&produced.symbols);
        let before = generation.before().cloned();
        generation.commit(&self.definition(&produced, &warnings))?;
        Ok(self.summary(&produced, before.as_ref(), warnings))
    }

    /// Timeframe and name of the set.
    fn key(&self) -> (String, String) {
        (self.config.timeframe.to_string(), self.config.factor_set.clone())
    }

    /// The published generation, if there is one that can be read.
    fn published(&self) -> Result<Option<FactorSet>, FactorsError> {
        if !self.hub.factor_sets()?.contains(&self.key()) {
            return Ok(None);
        }
        match self.hub.factor_set(self.config.timeframe, &self.config.factor_set) {
            Ok(set) => Ok(Some(set)),
            // A set whose files are not what they should be is what a run is there to repair.
            Err(error) => {
                self.progress.message(&format!("{}: {error}", self.config.factor_set));
                Ok(None)
            }
        }
    }

    /// Whether a run would make the published generation again.
    fn is_unchanged(&self, metadata: &FactorMetadata) -> bool {
        metadata.config_hash == config_hash(&self.plan.definition)
            && metadata.code_version == self.options.code_version
            && metadata.notes.contains(&self.calendar_note())
            && metadata.inputs == self.source.inputs()
            && metadata.states.contains_key(INDEX)
    }

    /// The summary of a run that has nothing to do.
    fn unchanged(&self, metadata: &FactorMetadata) -> Summary {
        Summary {
            factor_set: self.config.factor_set.clone(),
            timeframe: self.config.timeframe,
            outcome: Outcome::Unchanged,
            full_because: None,
            n_symbols: metadata.tables.len(),
            n_kept: metadata.tables.len(),
            n_removed: 0,
            n_rows: metadata.tables.values().map(|table| table.rows).sum(),
            n_new_rows: 0,
            n_rows_again: 0,
            from: None,
            n_filled: 0,
            n_outliers: 0,
            columns: metadata.columns.clone(),
            warnings: metadata.warnings.clone(),
        }
    }

    /// What the next update must know of this generation.
    fn index(&self, produced: &Produced) -> Index {
        let record = |(symbol, table): &(String, crosscut_hub::BarTable), done: &Done| {
            let info = table.info();
            let record = Record {
                content_hash: info.content_hash.clone(),
                digests: info.row_digests.clone(),
                first: info.first,
                tally: done.tally.clone(),
            };
            (symbol.clone(), record)
        };
        let symbols = self.source.tables.iter().zip(&produced.symbols);
        Index {
            fingerprint: fingerprint(self.source, self.plan),
            layout: produced.layout.clone(),
            symbols: symbols.map(|(table, done)| record(table, done)).collect(),
        }
    }

    /// What people should know: what was left out, columns and symbols without any value.
    fn warnings(&self, symbols: &[Done]) -> Vec<String> {
        let mut warnings = self.source.warnings.clone();
        let tables = self.source.tables.iter().zip(symbols);
        let empty: Vec<&str> =
            tables.filter(|(_, done)| done.tally.n_rows == 0).map(|((symbol, _), _)| symbol.as_str()).collect();
        if !empty.is_empty() {
            warnings.push(format!("symbols without bars: {}", empty.join(", ")));
        }
        warnings.extend(self.plan.left_out.iter().cloned());
        let columns = self.plan.columns.iter().enumerate();
        let without: Vec<&str> = columns
            .filter(|(at, _)| !symbols.iter().any(|done| done.tally.has_value[*at]))
            .map(|(_, column)| column.name.as_str())
            .collect();
        if !without.is_empty() {
            warnings.push(format!(
                "columns without a value for any symbol (the bars lack what they need, or are fewer than their lookback): {}",
                without.join(", ")
            ));
        }
        warnings
    }

    /// How the year was counted, for the metadata.
    fn calendar_note(&self) -> String {
        format!("periods_per_year = {}", self.source.annualisation.periods_per_year)
    }

    /// What only this room knows of the set.
    fn definition(&self, produced: &Produced, warnings: &[String]) -> FactorDefinition {
        let mut notes = vec![self.calendar_note(), format!("calendar: {}", self.source.annualisation.basis)];
        notes.extend(self.plan.notes.iter().cloned());
        notes.extend(self.source.groups.notes(self.source.tables.iter().map(|(symbol, _)| symbol.as_str())));
        if self.config.fill != Fill::None {
            let n_filled: u64 = produced.symbols.iter().map(|done| done.tally.n_filled()).sum();
            notes.push(format!("fill: {n_filled} rows invented, never tradable"));
        }
        let changed = self.plan.columns.iter().zip(&produced.n_outliers).filter(|(_, n)| **n > 0);
        notes.extend(changed.map(|(column, n)| format!("outliers: {n} values of {} changed or dropped", column.name)));
        FactorDefinition {
            source_data_path: self.source.folder(),
            code_version: self.options.code_version.clone(),
            generation_time: self.options.generation_time.clone(),
            columns: self.plan.columns.iter().map(|column| column.name.clone()).collect(),
            notes,
            config: self.plan.definition.clone(),
            inputs: self.source.inputs(),
            operator_state: Some(INDEX.to_owned()),
            proof: BTreeMap::new(),
            warnings: warnings.to_vec(),
        }
    }

    /// The summary of a run that published.
    fn summary(&self, produced: &Produced, before: Option<&FactorSet>, warnings: Vec<String>) -> Summary {
        let symbols = &produced.symbols;
        let is_gone = |symbol: &&String| self.source.tables.binary_search_by(|(name, _)| name.cmp(symbol)).is_err();
        Summary {
            factor_set: self.config.factor_set.clone(),
            timeframe: self.config.timeframe,
            outcome: Outcome::Published,
            full_because: None,
            n_symbols: symbols.len(),
            n_kept: symbols.iter().filter(|done| done.is_kept()).count(),
            n_removed: before.map_or(0, |before| before.symbols().iter().filter(is_gone).count()),
            n_rows: symbols.iter().map(|done| done.tally.n_rows).sum(),
            n_new_rows: symbols.iter().map(Done::n_new).sum(),
            n_rows_again: symbols.iter().map(Done::n_again).sum(),
            from: symbols.iter().filter_map(|done| done.from).min(),
            n_filled: symbols.iter().map(|done| done.tally.n_filled()).sum(),
            n_outliers: produced.n_outliers.iter().sum(),
            columns: self.plan.columns.iter().map(|column| column.name.clone()).collect(),
            warnings,
        }
    }
}
