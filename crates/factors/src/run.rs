//! A full run: bars of the hub in, one published generation of the set out.
//!
//! A set runs symbol by symbol, read to write, so that memory holds one symbol per thread. Columns that compare symbols
//! with one another (all columns under an outlier rule) are made before that, for all symbols at once, and stay in
//! memory until they are written. Errors are reported for the first symbol in order, whatever the threads do.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use crosscut_hub::{FactorDefinition, FactorMetadata, FactorPublisher, FactorTable, Generation, Hub, config_hash};
use crosscut_model::Timeframe;
use rayon::prelude::*;

use crate::bars::SymbolBars;
use crate::config::{Config, Fill};
use crate::error::FactorsError;
use crate::evaluate::{self, SymbolFactors};
use crate::plan::{Market, Plan, PlannedColumn};
use crate::source::Source;
use crosscut_model::Progress;

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
    /// Number of symbols.
    pub n_symbols: usize,
    /// Of them, those whose table was taken over because their bars had not changed.
    pub n_kept: usize,
    /// Rows of all symbols.
    pub n_rows: u64,
    /// Rows invented by the fill policy.
    pub n_filled: u64,
    /// Values changed or dropped by the outlier rule.
    pub n_outliers: u64,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// What people should know before they use it.
    pub warnings: Vec<String>,
}

/// Produces a factor set and publishes it.
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
        Run { config, options, progress, hub: &hub, source: &source, plan: &plan }.publish(hub_root)
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
    /// The hub.
    hub: &'a Hub,
    /// The bars.
    source: &'a Source<'a>,
    /// The set resolved.
    plan: &'a Plan,
}

/// What is counted of one symbol.
#[derive(Debug, Clone)]
struct Count {
    /// Rows written or kept.
    n_rows: u64,
    /// Rows invented.
    n_filled: u64,
    /// Values that are there, per column; of a kept table, 1 where the set had any.
    n_finite: Vec<u64>,
    /// Whether the table was taken over.
    kept: bool,
}

impl Run<'_> {
    /// Publishes the set unless it has not changed.
    fn publish(&self, hub_root: &Path) -> Result<Summary, FactorsError> {
        let publisher = FactorPublisher::create(hub_root)?;
        let (timeframe, name) = (self.config.timeframe, self.config.factor_set.as_str());
        publisher.check_definition(timeframe, name, &self.plan.definition)?;
        let previous = self.previous()?;
        if let Some(metadata) = previous.as_ref().filter(|metadata| self.is_unchanged(metadata)) {
            self.progress.message(&format!("{name}: unchanged"));
            return Ok(self.unchanged(metadata));
        }
        let generation = publisher.begin(timeframe, name)?;
        let (across, n_outliers) = self.all_together()?;
        let counts = self.symbol_by_symbol(&generation, previous.as_ref(), across)?;
        let warnings = self.warnings(&counts);
        generation.commit(&self.definition(&counts, &n_outliers, &warnings))?;
        Ok(self.summary(&counts, n_outliers.iter().sum(), warnings))
    }

    /// The metadata of the published generation, if there is one.
    fn previous(&self) -> Result<Option<FactorMetadata>, FactorsError> {
        let key = (self.config.timeframe.to_string(), self.config.factor_set.clone());
        if !self.hub.factor_sets()?.contains(&key) {
            return Ok(None);
        }
        Ok(Some(self.hub.factor_set(self.config.timeframe, &self.config.factor_set)?.metadata().clone()))
    }

    /// Whether a generation was made by this program from this definition.
    fn is_alike(&self, metadata: &FactorMetadata) -> bool {
        metadata.config_hash == config_hash(&self.plan.definition)
            && metadata.code_version == self.options.code_version
            && metadata.notes.contains(&self.calendar_note())
    }

    /// Whether a run would make the published generation again.
    fn is_unchanged(&self, metadata: &FactorMetadata) -> bool {
        self.is_alike(metadata) && metadata.inputs == self.source.inputs()
    }

    /// The summary of a run that has nothing to do.
    fn unchanged(&self, metadata: &FactorMetadata) -> Summary {
        Summary {
            factor_set: self.config.factor_set.clone(),
            timeframe: self.config.timeframe,
            outcome: Outcome::Unchanged,
            n_symbols: metadata.tables.len(),
            n_kept: metadata.tables.len(),
            n_rows: metadata.tables.values().map(|table| table.rows).sum(),
            n_filled: 0,
            n_outliers: 0,
            columns: metadata.columns.clone(),
            warnings: metadata.warnings.clone(),
        }
    }

    /// The columns that compare symbols, by symbol, and what the outlier rule changed in each column of the set.
    fn all_together(&self) -> Result<evaluate::Panel, FactorsError> {
        let (n_symbols, n_columns) = (self.source.tables.len(), self.plan.columns.len());
        let Some(program) = &self.plan.across else {
            return Ok((vec![Vec::new(); n_symbols], vec![0; n_columns]));
        };
        if self.config.bars.is_event() {
            return Err(FactorsError::Input {
                symbol: self.config.bars.to_string(),
                message: "event bars of different symbols share no times to compare them at; use time bars, or no \
                          cross-sectional operators and `outliers: keep`"
                    .to_owned(),
            });
        }
        let bars: Vec<Result<SymbolBars, FactorsError>> = (0..n_symbols)
            .into_par_iter()
            .map(|index| self.source.read(index, program.inputs()).map(|(bars, _)| bars))
            .collect();
        let bars: Vec<SymbolBars> = bars.into_iter().collect::<Result<_, _>>()?;
        self.progress.message(&format!("{}: comparing {n_symbols} symbols", self.config.factor_set));
        evaluate::panel(program, &bars, self.config.outliers, n_columns).map_err(FactorsError::of_panel)
    }

    /// Reads, evaluates and writes each symbol; `across` are its columns made by [`Self::all_together`].
    fn symbol_by_symbol(
        &self,
        generation: &Generation,
        previous: Option<&FactorMetadata>,
        across: Vec<Vec<Vec<f64>>>,
    ) -> Result<Vec<Count>, FactorsError> {
        // Other symbols may have changed, and what a fill policy invented is only known of tables made in this run.
        let is_alone = !self.plan.cross_sectional && self.config.fill == Fill::None;
        let reusable = previous.filter(|metadata| is_alone && self.is_alike(metadata));
        let total = self.source.tables.len() as u64;
        let done = AtomicU64::new(0);
        let counts: Vec<Result<Count, FactorsError>> = across
            .into_par_iter()
            .enumerate()
            .map(|(index, across)| {
                let count = match reusable.and_then(|metadata| self.kept(metadata, index)) {
                    Some(count) => {
                        generation.keep_symbol(&self.source.tables[index].0)?;
                        count
                    }
                    None => {
                        let (bars, n_filled) = self.source.read(index, &self.plan.inputs)?;
                        let factors = evaluate::symbol(self.plan, &bars, across);
                        self.write(generation, index, &bars, &factors)
                            .map(|count| Count { n_filled: n_filled as u64, ..count })?
                    }
                };
                self.progress.step(done.fetch_add(1, Ordering::Relaxed) + 1, total, "symbols");
                Ok(count)
            })
            .collect();
        counts.into_iter().collect()
    }

    /// What is counted of the published table of a symbol, if its bars have not changed since.
    fn kept(&self, metadata: &FactorMetadata, index: usize) -> Option<Count> {
        let table = metadata.tables.get(&self.source.tables[index].0)?;
        let has_any = |column: &PlannedColumn| {
            u64::from(metadata.quality.get(&column.name).is_none_or(|quality| quality.missing_ratio < 1.0))
        };
        metadata.inputs.contains(&self.source.input(index)).then(|| Count {
            n_rows: table.rows,
            n_filled: 0,
            n_finite: self.plan.columns.iter().map(has_any).collect(),
            kept: true,
        })
    }

    /// Writes one symbol's table.
    fn write(
        &self,
        generation: &Generation,
        index: usize,
        bars: &SymbolBars,
        factors: &SymbolFactors,
    ) -> Result<Count, FactorsError> {
        let names = self.plan.columns.iter().map(|column| column.name.as_str());
        let table = FactorTable {
            timestamp: &bars.timestamp,
            available_at: &bars.available_at,
            columns: names.zip(factors.columns.iter().map(Vec::as_slice)).collect(),
            tradable_flag: &factors.tradable,
        };
        generation.write_symbol(&self.source.tables[index].0, &table)?;
        let n_finite = |column: &Vec<f64>| column.iter().filter(|value| !value.is_nan()).count() as u64;
        Ok(Count {
            n_rows: bars.len() as u64,
            n_filled: 0,
            n_finite: factors.columns.iter().map(n_finite).collect(),
            kept: false,
        })
    }

    /// What people should know: what was left out, columns and symbols without any value.
    fn warnings(&self, counts: &[Count]) -> Vec<String> {
        let mut warnings = self.source.warnings.clone();
        let tables = self.source.tables.iter().zip(counts);
        let empty: Vec<&str> =
            tables.filter(|(_, count)| count.n_rows == 0).map(|((symbol, _), _)| symbol.as_str()).collect();
        if !empty.is_empty() {
            warnings.push(format!("symbols without bars: {}", empty.join(", ")));
        }
        warnings.extend(self.plan.left_out.iter().cloned());
        let columns = self.plan.columns.iter().enumerate();
        let without: Vec<&str> = columns
            .filter(|(at, _)| counts.iter().all(|count| count.n_finite[*at] == 0))
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
    fn definition(&self, counts: &[Count], n_outliers: &[u64], warnings: &[String]) -> FactorDefinition {
        let mut notes = vec![self.calendar_note(), format!("calendar: {}", self.source.annualisation.basis)];
        notes.extend(self.plan.notes.iter().cloned());
        notes.extend(self.source.groups.notes(self.source.tables.iter().map(|(symbol, _)| symbol.as_str())));
        let filled: u64 = counts.iter().map(|count| count.n_filled).sum();
        if self.config.fill != Fill::None {
            notes.push(format!("fill: {filled} rows invented, never tradable"));
        }
        let changed = self.plan.columns.iter().zip(n_outliers).filter(|(_, n)| **n > 0);
        notes.extend(changed.map(|(column, n)| format!("outliers: {n} values of {} changed or dropped", column.name)));
        FactorDefinition {
            source_data_path: self.source.folder(),
            code_version: self.options.code_version.clone(),
            generation_time: self.options.generation_time.clone(),
            columns: self.plan.columns.iter().map(|column| column.name.clone()).collect(),
            notes,
            config: self.plan.definition.clone(),
            inputs: self.source.inputs(),
            operator_state: None,
            proof: std::collections::BTreeMap::new(),
            warnings: warnings.to_vec(),
        }
    }

    /// The summary of a run that published.
    fn summary(&self, counts: &[Count], n_outliers: u64, warnings: Vec<String>) -> Summary {
        Summary {
            factor_set: self.config.factor_set.clone(),
            timeframe: self.config.timeframe,
            outcome: Outcome::Published,
            n_symbols: counts.len(),
            n_kept: counts.iter().filter(|count| count.kept).count(),
            n_rows: counts.iter().map(|count| count.n_rows).sum(),
            n_filled: counts.iter().map(|count| count.n_filled).sum(),
            n_outliers,
            columns: self.plan.columns.iter().map(|column| column.name.clone()).collect(),
            warnings,
        }
    }
}
