//! One market for many configurations.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use crosscut_hub::Hub;
use crosscut_model::calendar::periods_per_year_on;
use crosscut_trading::account::Funds;
use crosscut_trading::rules::Execution;
use crosscut_trading::strategy::Resolved;
use rayon::prelude::*;
use serde_json::{Value, json};

use super::lean::{self, Job, Outlooks, Places, Spare};
use super::outcome::Sampler;
use super::{Sampling, SetOutcome};
use crate::config::{BacktestConfig, FundingSource};
use crate::error::BacktestError;
use crate::loaded::Loaded;
use crate::panel::{ComputedFactor, LoadOptions, Panel, PanelBuilder, load_scores, load_with};
use crate::replay::{ReplayOptions, benchmark_value, replay_with};
use crate::results::metrics::Workspace;
use crate::results::{Inputs, RunInput};

/// A market that several configurations run over.
#[derive(Debug)]
pub struct SharedMarket {
    /// Bars and factors.
    loaded: Loaded,
    /// The tables, as run ids see them.
    inputs: Inputs,
    /// The labels it was loaded for; `None`: not known.
    reach: Option<Reach>,
    /// What is known of the walk on these bars, by all markets that share them.
    proof: Arc<Mutex<Proof>>,
    /// Room of these markets.
    rooms: Arc<Mutex<Vec<Room>>>,
}

/// The labels a market was loaded for, microseconds UTC; `None`: all there are on that side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Reach {
    /// The first that is needed, before the runs begin too.
    earliest: Option<i64>,
    /// The first of a run.
    start: Option<i64>,
    /// After the last.
    end: Option<i64>,
}

impl Reach {
    /// Whether it holds all of another one.
    fn holds(self, other: Self) -> bool {
        let is_first = |own: Option<i64>, other: Option<i64>| own.is_none_or(|own| other.is_some_and(|o| own <= o));
        let is_last = self.end.is_none_or(|own| other.end.is_some_and(|other| other <= own));
        is_first(self.earliest, other.earliest) && is_first(self.start, other.start) && is_last
    }
}

/// For which companies of sets the walk was held against the engine.
#[derive(Debug, Default)]
struct Proof {
    /// Those for which both gave the same.
    companies: BTreeSet<String>,
    /// Whether they differed for one.
    is_refuted: bool,
}

/// Companies of sets of which one is run both ways.
const PROVEN: usize = 4;

/// From so many sets on, what a company sees is looked up for all of it first.
const LARGE: usize = 4;

/// Sets that can be walked side by side, with their places.
type Company<'a> = Vec<(usize, Job<'a>)>;

/// Room for sets that are walked side by side, kept from one lot of them to the next for its allocations.
#[derive(Debug, Default)]
struct Room {
    /// For metrics.
    workspace: Workspace,
    /// For walks.
    spares: Vec<Spare>,
}

/// What is the same for runs over the same rows.
struct Ground {
    /// Rows per year.
    periods_per_year: f64,
    /// Where curves are sampled.
    sampler: Sampler,
    /// The benchmark's value for the latest capital.
    benchmark: Option<(f64, Vec<f64>)>,
}

impl Ground {
    /// Looks at rows.
    fn new(panel: &Panel, rows: Range<usize>, sampling: Sampling) -> Self {
        let labels = &panel.timeline()[rows];
        let annual = periods_per_year_on(labels, panel.timeframe(), panel.sessions());
        Self { periods_per_year: annual.periods_per_year, sampler: Sampler::new(labels, sampling), benchmark: None }
    }

    /// Values the benchmark for a capital.
    fn put_capital(&mut self, panel: &Panel, rows: Range<usize>, capital: f64) {
        let Some(close) = panel.benchmark() else { return };
        if self.benchmark.as_ref().is_none_or(|(of, _)| *of != capital) {
            self.benchmark = Some((capital, benchmark_value(&close[rows], capital)));
        }
    }
}

/// Takes the place of a set and what came of it, from any thread.
type Done<'a> = &'a (dyn Fn(usize, Result<SetOutcome, BacktestError>) + Sync);

/// What of a configuration loading looks at, in canonical text: configurations with equal texts can run over one market. All
/// counts that is not known to be looked at by runs alone.
///
/// # Errors
/// As [`BacktestConfig::prepare`].
pub fn sharing(config: &BacktestConfig) -> Result<String, BacktestError> {
    Ok(view(config)?.to_string())
}

/// As [`sharing`], but for the factor columns: markets of configurations with equal texts differ in these alone, so that each
/// can be made from the bars of another, see [`SharedMarket::rescored`]. `None` for strategies that act at every bar.
///
/// # Errors
/// As [`BacktestConfig::prepare`].
pub fn sharing_bars(config: &BacktestConfig) -> Result<Option<String>, BacktestError> {
    let mut view = view(config)?;
    if view["is_event"] == json!(true) {
        return Ok(None);
    }
    let formula = &mut view["config"]["factor_formula"];
    *formula = json!(!formula.is_null());
    view["columns"] = json!(null);
    Ok(Some(view.to_string()))
}

/// What [`sharing`] says, as a value.
fn view(config: &BacktestConfig) -> Result<Value, BacktestError> {
    let prepared = config.prepare()?;
    let (strategy, default) = (&prepared.strategy, BacktestConfig::default());
    let is_event = config.is_event(strategy.kind());
    let mut view = BacktestConfig {
        strategy: String::new(),
        params: BTreeMap::new(),
        capital: default.capital,
        commission_bps: default.commission_bps,
        slippage_bps: default.slippage_bps,
        costs: default.costs.clone(),
        borrow: default.borrow,
        margin: default.margin,
        max_position: default.max_position,
        max_gross: default.max_gross,
        cash_buffer: default.cash_buffer,
        max_drawdown: default.max_drawdown,
        risk: default.risk.clone(),
        on_short: default.on_short,
        untradable: default.untradable,
        seed: default.seed,
        allow_negative_cash: default.allow_negative_cash,
        ..config.clone()
    };
    // A panel may begin earlier and end later than a run; payments and feeds may not.
    if !is_event && config.funding.source == FundingSource::None {
        (view.start, view.end, view.rebalance) = (default.start, default.end, default.rebalance);
    }
    // Both read closes alone. Opens and mean prices are read for those who trade at them: damage in them is nobody else's.
    if !is_event && config.execution == Execution::NextClose {
        view.execution = Execution::Close;
    }
    Ok(json!({
        "config": view,
        "is_event": is_event,
        "columns": columns(strategy),
        "targets": strategy.targets().map(|file| (file, prepared.funds != Funds::Cash, config.params.get("others"))),
        "symbols_needed": strategy.symbols_needed(),
        "needs_path": prepared.needs_path(),
        "needs_volume": config.needs_volume(),
        "history_bars": is_event.then(|| (strategy.history_bars(), prepared.warm_up_bars)),
    }))
}

/// The columns a strategy reads, as texts.
fn columns(strategy: &Resolved) -> Vec<String> {
    strategy.columns().iter().map(|column| format!("{column:?}")).collect()
}

/// The first of some configurations with the widest of all their ranges, and the labels that all of them need; `None` for a
/// strategy that acts at every bar.
fn widest(configs: &[&BacktestConfig]) -> Result<Option<(BacktestConfig, Reach)>, BacktestError> {
    let mut widest = (*configs.first().expect("a market is loaded for somebody")).clone();
    if widest.is_event(widest.prepare()?.strategy.kind()) {
        return Ok(None);
    }
    let mut earliest = PanelBuilder::new(&widest)?.earliest_needed(&widest);
    for config in &configs[1..] {
        let needed = PanelBuilder::new(config)?.earliest_needed(config);
        earliest = earliest.zip(needed).map(|(a, b)| a.min(b));
        widest.start = widest.start.zip(config.start).map(|(a, b)| a.min(b));
        widest.end = widest.end.zip(config.end).map(|(a, b)| a.max(b));
    }
    let reach = Reach { earliest, start: widest.start, end: widest.end };
    Ok(Some((widest, reach)))
}

impl SharedMarket {
    /// Loads the market of configurations with equal [`sharing`], for the widest of their ranges. `computed` is the factor
    /// of those with a `factor_formula`. Where configurations after the first have equal [`sharing_bars`] only, the market is
    /// that of those which rank by the same columns as the first, and can be made into those of the others.
    ///
    /// # Errors
    /// As [`Loaded::load`].
    ///
    /// # Panics
    /// Without a configuration.
    pub fn load(
        hub: &Hub,
        configs: &[&BacktestConfig],
        computed: Option<&ComputedFactor<'_>>,
    ) -> Result<Self, BacktestError> {
        let Some((widest, reach)) = widest(configs)? else {
            return Ok(Self::new(Loaded::load(hub, configs[0])?));
        };
        let options = LoadOptions { computed, earliest: Some(reach.earliest) };
        let loaded = Loaded::Panel(Box::new(load_with(hub, &widest, options)?));
        Ok(Self { reach: Some(reach), ..Self::new(loaded) })
    }

    /// The market of configurations with equal [`sharing`] and the [`sharing_bars`] of those this one was loaded for: bars are
    /// not read again, and held once. `None` where that cannot be: they reach further than this market, or the factor tables
    /// are other ones than when it was loaded; then they have to be loaded.
    ///
    /// # Errors
    /// As [`SharedMarket::load`].
    ///
    /// # Panics
    /// Without a configuration.
    pub fn rescored(
        &self,
        hub: &Hub,
        configs: &[&BacktestConfig],
        computed: Option<&ComputedFactor<'_>>,
    ) -> Result<Option<Self>, BacktestError> {
        let (Some(panel), Some(reach), Some((widest, wanted))) = (self.panel(), self.reach, widest(configs)?) else {
            return Ok(None);
        };
        if !reach.holds(wanted) {
            return Ok(None);
        }
        let panel = load_scores(hub, panel, &widest, computed)?;
        Ok(panel.map(|panel| self.with(panel)))
    }

    /// The same market without factor columns, to be [rescored](SharedMarket::rescored); `None` where there is no panel.
    pub fn bars(&self) -> Option<Self> {
        Some(self.with(self.panel()?.without_factor()))
    }

    /// The same market with another panel of the same bars.
    pub(crate) fn with(&self, panel: Panel) -> Self {
        let loaded = Loaded::Panel(Box::new(panel));
        let (proof, rooms) = (Arc::clone(&self.proof), Arc::clone(&self.rooms));
        Self { loaded, inputs: self.inputs.clone(), reach: self.reach, proof, rooms }
    }

    /// A market that was loaded otherwise.
    pub fn new(loaded: Loaded) -> Self {
        let input = |input: &crate::panel::PanelInput| RunInput {
            name: input.name.clone(),
            content_hash: input.content_hash.clone(),
            sources: Vec::new(),
        };
        let inputs: Vec<RunInput> = loaded.inputs().iter().map(input).collect();
        Self { inputs: Inputs::new(&inputs), loaded, reach: None, proof: Arc::default(), rooms: Arc::default() }
    }

    /// The panel, where there is one.
    fn panel(&self) -> Option<&Panel> {
        match &self.loaded {
            Loaded::Panel(panel) => Some(panel),
            Loaded::Events(_) => None,
        }
    }

    /// What was loaded.
    pub fn loaded(&self) -> &Loaded {
        &self.loaded
    }

    /// BLAKE3 of the tables, see [`inputs_hash`](crate::results::inputs_hash).
    pub fn inputs_hash(&self) -> String {
        self.inputs.hash()
    }

    /// The id that `crosscut backtest` gives the run of a configuration.
    ///
    /// # Errors
    /// As [`BacktestConfig::canonical`].
    pub fn run_id(&self, config: &BacktestConfig) -> Result<String, BacktestError> {
        Ok(self.inputs.run_id(&config.canonical(self.loaded.factor())?))
    }

    /// Whether the walk gives the numbers of the engine on these bars: the first of each of a few companies of sets is run
    /// both ways, unless one of its company was before. Where it does not, the walk is not to be used, and whoever finds out
    /// should tell.
    ///
    /// # Errors
    /// As [`BacktestConfig::prepare`].
    pub fn proves_walk(&self, hub: &Hub, configs: &[&BacktestConfig]) -> Result<bool, BacktestError> {
        let Some(panel) = self.panel() else { return Ok(true) };
        let proof = || self.proof.lock().unwrap_or_else(PoisonError::into_inner);
        let mut firsts: BTreeMap<String, &BacktestConfig> = BTreeMap::new();
        for &config in configs {
            let company = lean::company(config);
            if firsts.contains_key(&company) || proof().companies.contains(&company) {
                continue;
            }
            if lean::fits(panel, &Job { config, prepared: config.prepare()? }) {
                firsts.insert(company, config);
            }
        }
        let found: Vec<(String, bool)> = firsts
            .into_iter()
            .take(PROVEN)
            .par_bridge()
            .map(|(company, config)| (company, self.agree(hub, config)))
            .collect();
        let mut proof = proof();
        for (company, agree) in found {
            proof.is_refuted |= !agree;
            proof.companies.insert(company);
        }
        Ok(!proof.is_refuted)
    }

    /// Whether walk and engine give the same for a configuration, or the walk leaves it to the engine.
    fn agree(&self, hub: &Hub, config: &BacktestConfig) -> bool {
        let walk = || {
            let walked = Mutex::new(None);
            self.run_all(hub, &[config], (Sampling::Rows, true), &|_, result| {
                *walked.lock().unwrap_or_else(PoisonError::into_inner) = result.ok();
            });
            walked.into_inner().unwrap_or_else(PoisonError::into_inner)
        };
        let (walked, run) = rayon::join(walk, || self.run(hub, config, Sampling::Rows));
        walked.is_none_or(|walked| run.is_ok_and(|run| run == walked))
    }

    /// Runs many of the configurations it was loaded for on all threads of the pool. `done` gets each one's place and what
    /// came of it, in any order and from any thread; work that several of them need is done once. Without `may_walk` every set
    /// goes through the engine.
    pub fn run_all(
        &self,
        hub: &Hub,
        configs: &[&BacktestConfig],
        (sampling, may_walk): (Sampling, bool),
        done: Done<'_>,
    ) {
        let Some(panel) = self.panel().filter(|_| may_walk) else {
            configs.par_iter().enumerate().for_each(|(at, config)| done(at, self.run(hub, config, sampling)));
            return;
        };
        let places = Places::new(panel);
        let one = |at: usize| done(at, self.run(hub, configs[at], sampling));
        let mut companies: BTreeMap<String, Company<'_>> = BTreeMap::new();
        let mut alone = Vec::new();
        for (at, &config) in configs.iter().enumerate() {
            match config.prepare().map(|prepared| Job { config, prepared }) {
                Ok(job) if lean::fits(panel, &job) => {
                    companies.entry(lean::company(config)).or_default().push((at, job));
                }
                _ => alone.push(at),
            }
        }
        let n_rows = panel.timeline().len();
        let (large, small): (Vec<Company<'_>>, Vec<Company<'_>>) =
            companies.into_values().partition(|company| company.len() >= LARGE);
        let rooms = || self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        let walk = |sets: &[(usize, Job<'_>)], outlooks: &Outlooks| {
            let mut room = rooms().pop().unwrap_or_default();
            self.run_side_by_side((&places, outlooks), sets, &mut room, (sampling, &one, done));
            rooms().push(room);
        };
        for mut company in large {
            company.sort_by_key(|(at, job)| (lean::often(job.config), *at));
            let jobs: Vec<&Job<'_>> = company.iter().map(|(_, job)| job).collect();
            let outlooks = Outlooks::new(&places, &jobs);
            let n_together = lean::side_by_side(company.len(), n_rows);
            company.par_chunks(n_together).for_each(|lot| walk(lot, &outlooks));
        }
        let none = Outlooks::default();
        small.par_iter().for_each(|company| walk(company, &none));
        alone.into_par_iter().for_each(one);
    }

    /// Runs sets side by side; one that the engine has to run is given to `one`.
    fn run_side_by_side(
        &self,
        (places, outlooks): (&Places<'_>, &Outlooks),
        sets: &[(usize, Job<'_>)],
        room: &mut Room,
        (sampling, one, done): (Sampling, &(dyn Fn(usize) + Sync), Done<'_>),
    ) {
        let panel = places.panel();
        let Room { workspace, spares } = room;
        let jobs: Vec<&Job<'_>> = sets.iter().map(|(_, job)| job).collect();
        let walked = lean::walk(places, &jobs, outlooks, spares);
        let mut ground: Option<Ground> = None;
        for ((at, job), result) in sets.iter().map(|(at, job)| (*at, job)).zip(walked) {
            match result {
                Ok(None) => one(at),
                Err(error) => done(at, Err(error)),
                Ok(Some(curves)) => {
                    // All of a company have the same rows.
                    let ground = ground.get_or_insert_with(|| Ground::new(panel, curves.rows(), sampling));
                    ground.put_capital(panel, curves.rows(), job.config.capital);
                    let benchmark = ground.benchmark.as_ref().map(|(_, values)| values.as_slice());
                    let numbers = curves.numbers(panel, (job.config.capital, ground.periods_per_year), benchmark);
                    let outcome = self
                        .run_id(job.config)
                        .map(|run_id| SetOutcome::of_numbers(run_id, &numbers, &ground.sampler, workspace));
                    done(at, outcome);
                    spares.push(curves.into_spare());
                }
            }
        }
    }

    /// Runs one of the configurations it was loaded for.
    ///
    /// # Errors
    /// As [`Loaded::replay`].
    pub fn run(&self, hub: &Hub, config: &BacktestConfig, sampling: Sampling) -> Result<SetOutcome, BacktestError> {
        let run_id = self.run_id(config)?;
        let outcome = match &self.loaded {
            Loaded::Panel(panel) => {
                let options =
                    ReplayOptions { records_selections: false, keeps_journal: false, ..ReplayOptions::default() };
                replay_with(panel, config, options)?
            }
            // No number depends on whether the journal is kept.
            Loaded::Events(market) => market.replay(hub, config)?,
        };
        Ok(SetOutcome::of(run_id, config.capital, &outcome, sampling))
    }
}
