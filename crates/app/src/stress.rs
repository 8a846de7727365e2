//! `stress`: where a strategy breaks, and whether it meets the go-live criteria.
//!
//! What is stressed is a run of the archive, so that what was looked at is counted as a trial; without one named, the run
//! that the settings describe is made first. The scenarios themselves choose nothing and are no trials; that a stress test
//! was made is a line of the ledger.

use std::path::Path;
use std::sync::Mutex;

use crosscut_backtest::criteria::Criterion;
use crosscut_backtest::results::{Archive, ManyKind, RunStatus, StoredRun, SweepRecord, Trial, hypothesis};
use crosscut_backtest::stress::{
    Change, Reordered, Row, Scenario, Standing, StressOptions, days_per_year, page, regimes, reordered, scenarios,
};
use crosscut_backtest::sweep::{DAYS, SetOutcome, SharedMarket};
use crosscut_backtest::{BacktestConfig, RunOutcome};
use crosscut_hub::config_hash;
use rayon::prelude::*;
use serde_json::json;

use crate::backtest::{self, Watch};
use crate::criteria::{self, Verdict};
use crate::desk::Desk;
use crate::error::AppError;
use crate::events::Level;
use crate::many::ManyRuns;
use crate::sweep::ledger;
use crate::{rerun, runs};

/// Most scenarios of one kind.
const SCENARIOS_MAX: usize = 1000;

/// Histories drawn where a band or a chance is told.
pub(crate) const DRAWS: usize = 1000;

/// What a stress test found.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Stress {
    /// The run that was stressed.
    pub run_id: String,
    /// Its strategy.
    pub strategy: String,
    /// The strategy as it is, then each scenario.
    pub rows: Vec<Row>,
    /// Scenarios that lose, are weak, hold, could not be run.
    pub counts: [usize; 4],
    /// The chance of a Sharpe ratio as high with scores of another time; `None` where there are no scores.
    pub shuffled_p: Option<f64>,
    /// The same days in other orders.
    pub reordered: Reordered,
    /// Each go-live criterion.
    pub verdicts: Vec<Verdict>,
}

/// What came of go-live criteria.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Judgement {
    /// The run.
    pub run_id: String,
    /// Each criterion.
    pub verdicts: Vec<Verdict>,
}

/// Stresses a run, or the one that the settings describe; with `html`, also as a page written there.
///
/// # Errors
/// Unknown runs, settings that make no sense, data that is not there.
pub fn stress(desk: &Desk<'_>, name: Option<&str>, html: Option<&Path>) -> Result<Stress, AppError> {
    let criteria = criteria::read(&desk.config)?;
    let options = options(desk)?;
    // Hours of work are not to end with a page that has no place.
    if let Some(page) = html {
        let folder = page.parent().filter(|folder| !folder.as_os_str().is_empty());
        folder
            .map_or(Ok(()), |folder| std::fs::metadata(folder).map(drop))
            .map_err(|error| AppError::io("write", page, &error))?;
    }
    let run = stored(desk, name)?;
    let watch = Watch::start(desk.clock);
    let mut found = Test::new(desk, &run)?.run(&options, &criteria)?;
    enter(desk, &run, (&found, &options), &watch)?;
    found.verdicts = judge_run(&runs::archive(desk), &run, &criteria)?;
    found.rows[0].verdicts.clone_from(&found.verdicts);
    if let Some(path) = html {
        let page =
            page(&format!("Stress test of run {}", found.run_id), &found.rows, &found.verdicts, &found.reordered);
        std::fs::write(path, page).map_err(|error| AppError::io("write", path, &error))?;
    }
    Ok(found)
}

/// Holds a run against the go-live criteria of the settings.
///
/// # Errors
/// Unknown runs; no criteria, or some that cannot be read.
pub fn judge(desk: &Desk<'_>, name: &str) -> Result<Judgement, AppError> {
    let criteria = criteria::read(&desk.config)?;
    if criteria.is_empty() {
        return Err(AppError::new("there are no go-live criteria")
            .hint("give some: --criteria 'sharpe >= 1.5, max_drawdown <= 0.2', or `criteria:` under `stress:` in the settings"));
    }
    let archive = runs::archive(desk);
    let run = archive.load(name)?;
    Ok(Judgement { run_id: run.id(), verdicts: judge_run(&archive, &run, &criteria)? })
}

/// Enters the test in the ledger.
fn enter(
    desk: &Desk<'_>,
    run: &StoredRun,
    (found, options): (&Stress, &StressOptions),
    watch: &Watch,
) -> Result<(), AppError> {
    let mut id = config_hash(&json!({"stress": run.id(), "options": format!("{options:?}")}));
    id.truncate(run.id().len());
    let named = ["n_lost", "n_weak", "n_held", "n_not_run"].into_iter().zip(found.counts);
    ledger::append(
        desk,
        &SweepRecord {
            kind: ManyKind::Stress,
            status: RunStatus::Done,
            sweep_id: id,
            strategy: found.strategy.clone(),
            folder: None,
            hypothesis: Some(hypothesis(run.config())),
            trial: Trial::unknown(0),
            inputs_hash: run.entry.inputs_hash.clone(),
            context: backtest::context(desk, watch, Vec::new()),
            headline: named.map(|(name, n)| (name.to_owned(), Some(n as f64))).collect(),
        },
    )
}

/// The run to stress.
fn stored(desk: &Desk<'_>, name: Option<&str>) -> Result<StoredRun, AppError> {
    let made = match name {
        Some(_) => None,
        None => Some(backtest::run(desk)?.run_id),
    };
    Ok(runs::archive(desk).load(name.or(made.as_deref()).unwrap_or_default())?)
}

/// Holds a run against criteria: metrics from its files, the deflated ratio from the ledger as it is now.
fn judge_run(archive: &Archive, run: &StoredRun, criteria: &[Criterion]) -> Result<Vec<Verdict>, AppError> {
    let metric = |name: &str| run.metrics.iter().find(|metric| metric.name == name)?.value;
    Ok(criteria::of_run(criteria, &metric, archive.deflation(&run.id())?.as_ref()))
}

/// How much stress the settings ask for.
fn options(desk: &Desk<'_>) -> Result<StressOptions, AppError> {
    let config = &desk.config;
    let share = config.number("stress.drop_share").unwrap_or_default();
    let noise = config.number("stress.noise_bps").unwrap_or_default();
    if !(0.0..1.0).contains(&share) {
        return Err(config.refuse("stress.drop_share", &format!("expected a share from 0 to below 1, found {share}")));
    }
    if !(0.0..=1000.0).contains(&noise) {
        return Err(config.refuse("stress.noise_bps", &format!("expected 0 to 1000, found {noise}")));
    }
    let most = |path: &str| match usize::try_from(config.count(path).unwrap_or_default()) {
        Ok(n) if n <= SCENARIOS_MAX => Ok(n),
        _ => {
            let found = config.count(path).unwrap_or_default();
            Err(config.refuse(path, &format!("expected at most {SCENARIOS_MAX}, found {found}")))
        }
    };
    Ok(StressOptions {
        n_parts: most("stress.parts")?,
        n_drops: most("stress.drops")?,
        drop_share: share,
        noise_bps: noise,
        n_shuffles: most("stress.shuffles")?,
        seed: config.count("backtest.seed").unwrap_or_default(),
    })
}

/// Runs configurations, several over one market where they can share it, in their order; curves are by days.
pub(crate) fn run_all(many: &ManyRuns<'_>, configs: Vec<BacktestConfig>) -> Vec<Result<SetOutcome, AppError>> {
    let places: Vec<Mutex<Option<Result<SetOutcome, AppError>>>> = configs.iter().map(|_| Mutex::default()).collect();
    many.run_configs(configs.into_iter().map(Ok).collect(), DAYS, &|place, outcome| {
        if let Ok(mut slot) = places[place].lock() {
            *slot = Some(outcome);
        }
    });
    let taken = places.into_iter().map(|place| place.into_inner().ok().flatten());
    taken.map(|outcome| outcome.unwrap_or_else(|| Err(AppError::new("the run was not made")))).collect()
}

/// A configuration as it is, at other execution prices, with orders that come late, and at other costs.
pub(crate) fn frictions(many: &ManyRuns<'_>, config: &BacktestConfig) -> Vec<Row> {
    let plan = crosscut_backtest::stress::frictions(config);
    let changed = plan.iter().filter_map(|scenario| match &scenario.change {
        Change::Config(config) => Some(config.as_ref().clone()),
        _ => None,
    });
    let configs: Vec<BacktestConfig> = std::iter::once(config.clone()).chain(changed).collect();
    let mut outcomes = run_all(many, configs).into_iter();
    let Some(Ok(own)) = outcomes.next() else { return Vec::new() };
    let sharpe = own.metric("sharpe");
    let mut rows = vec![Row::base(&own)];
    rows.extend(plan.iter().zip(outcomes).map(|(scenario, outcome)| row(scenario, outcome, sharpe)));
    rows
}

/// What came of a scenario that is a run.
fn row(scenario: &Scenario, outcome: Result<SetOutcome, AppError>, own: Option<f64>) -> Row {
    let is_run = matches!(scenario.change, Change::Config(_));
    let row = match outcome {
        Ok(outcome) => Row {
            run_id: is_run.then(|| outcome.run_id.clone()),
            ..Row::of(scenario.group, &scenario.name, &outcome, own)
        },
        Err(error) => Row::not_run(scenario.group, &scenario.name, error.message().to_owned()),
    };
    Row { settings: scenario.settings.clone(), ..row }
}

/// A stress test under way.
struct Test<'a> {
    /// The surroundings.
    desk: &'a Desk<'a>,
    /// What runs configurations.
    many: ManyRuns<'a>,
    /// The run.
    run_id: String,
    /// Its strategy.
    strategy: String,
    /// Its configuration.
    config: BacktestConfig,
    /// Its market.
    market: SharedMarket,
    /// What it came to.
    base: SetOutcome,
    /// Symbols from the one that earned most on, as far as any earned.
    earners: Vec<String>,
}

impl<'a> Test<'a> {
    /// Loads a run's market and makes the run once more.
    fn new(desk: &'a Desk<'a>, run: &StoredRun) -> Result<Self, AppError> {
        let many = ManyRuns::new(desk)?;
        let config = rerun::config_of(run)?.0;
        desk.events.message(Level::Debug, "loading bars and factors");
        let market = many.load(&[&config])?;
        let base = market.run(many.hub(), &config, DAYS)?;
        let earners = earners(&market.loaded().replay(many.hub(), &config)?);
        let (run_id, strategy) = (run.id(), run.entry.strategy.clone());
        Ok(Self { desk, many, run_id, strategy, config, market, base, earners })
    }

    /// Makes all scenarios.
    fn run(&self, options: &StressOptions, criteria: &[Criterion]) -> Result<Stress, AppError> {
        let loaded = self.market.loaded();
        let span = loaded.span().ok_or_else(|| AppError::new("the run has no bars"))?;
        let plan = scenarios(&self.config, span, loaded.symbols(), &self.earners, options);
        let own = self.base.metric("sharpe");
        self.desk.events.message(Level::Debug, &format!("{} scenarios", plan.len()));
        let outcomes = self.outcomes(&plan);
        let mut rows = vec![Row::base(&self.base)];
        let (mut n_turned, mut n_above) = (0, 0);
        for (scenario, outcome) in plan.iter().zip(outcomes) {
            let is_turned = matches!(scenario.change, Change::Turned(_));
            if let (true, Ok(outcome)) = (is_turned, &outcome) {
                n_turned += 1;
                n_above += usize::from(outcome.metric("sharpe").zip(own).is_some_and(|(other, own)| other >= own));
            } else if !is_turned || rows.last().is_none_or(|last| last.group != scenario.group) {
                // What keeps one draw from being run keeps all of them: it is told once.
                let verdicts =
                    outcome.as_ref().map(|outcome| criteria::of_scenario(criteria, outcome)).unwrap_or_default();
                rows.push(Row { verdicts, ..row(scenario, outcome, own) });
            }
        }
        let (labels, market) = loaded.market_returns();
        rows.extend(regimes(&self.base.sampled, self.base.capital, (&labels, &market), own));
        let returns = self.base.sampled.returns_resting(self.base.capital);
        let reordered = reordered(&returns, DRAWS, options.seed);
        rows.extend(Row::of_orders(&returns, days_per_year(&self.base.sampled.labels), &reordered, own));
        for row in rows[1..].iter_mut().filter(|row| row.verdicts.is_empty()) {
            row.verdicts = criteria::of_numbers(criteria, &row.numbers(), "a row without a run of its own");
        }
        let count = |standing| rows[1..].iter().filter(|row| row.standing == standing).count();
        let counts = [Standing::Loses, Standing::Weak, Standing::Holds, Standing::NotRun].map(count);
        Ok(Stress {
            run_id: self.run_id.clone(),
            strategy: self.strategy.clone(),
            counts,
            rows,
            // The run itself is one of the orders that could have been.
            shuffled_p: (n_turned > 0).then(|| (n_above + 1) as f64 / (n_turned + 1) as f64),
            reordered,
            verdicts: Vec::new(),
        })
    }

    /// What each scenario came to, in their order.
    fn outcomes(&self, plan: &[Scenario]) -> Vec<Result<SetOutcome, AppError>> {
        let configs: Vec<BacktestConfig> = plan
            .iter()
            .filter_map(|scenario| match &scenario.change {
                Change::Config(config) => Some(config.as_ref().clone()),
                _ => None,
            })
            .collect();
        let mut of_configs = run_all(&self.many, configs).into_iter();
        let of_markets: Vec<Option<Result<SetOutcome, AppError>>> =
            plan.par_iter().map(|scenario| self.on_another_market(&scenario.change)).collect();
        let outcome = |own: Option<_>| own.or_else(|| of_configs.next());
        let missing = || Err(AppError::new("the run was not made"));
        of_markets.into_iter().map(outcome).map(|outcome| outcome.unwrap_or_else(missing)).collect()
    }

    /// The run on a market that did not happen; `None` for scenarios that change the configuration.
    fn on_another_market(&self, change: &Change) -> Option<Result<SetOutcome, AppError>> {
        let market = self.market.loaded();
        let (changed, problem) = match change {
            Change::Noise(bps, seed) => {
                (market.with_noise(*bps, *seed), "orders meet ticks, which are read as they are")
            }
            Change::Turned(share) => (market.with_scores_turned(*share), "the strategy reads no scores"),
            Change::Config(_) => return None,
        };
        Some(
            changed
                .ok_or_else(|| AppError::new(problem))
                .and_then(|market| Ok(SharedMarket::new(market).run(self.many.hub(), &self.config, DAYS)?)),
        )
    }
}

/// Symbols whose closed trades earned, the most first; of equal ones in their order.
fn earners(outcome: &RunOutcome) -> Vec<String> {
    let mut profits = vec![0.0; outcome.symbols.len()];
    for trade in &outcome.trades {
        profits[trade.symbol_idx as usize] += trade.pnl;
    }
    let mut order: Vec<usize> = (0..profits.len()).filter(|&idx| profits[idx] > 0.0).collect();
    order.sort_by(|&a, &b| profits[b].total_cmp(&profits[a]).then(a.cmp(&b)));
    order.into_iter().map(|idx| outcome.symbols[idx].clone()).collect()
}
