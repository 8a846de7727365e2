//! `runs contest`: several strategies on equal terms.
//!
//! Each run is made again with the first one's terms on the dates that all have data for, and entered like any other run: a row
//! of the contest is a run of the archive. What differs of the terms, and what was made of it, is told.

use crosscut_backtest::BacktestConfig;
use crosscut_backtest::results::StoredRun;
use crosscut_backtest::stress::{self, DATES, Pair, TermOf, equalise};
use crosscut_backtest::sweep::{DAYS, Sampled};
use crosscut_model::format_iso;

use crate::backtest::{self, Purpose, RunSummary};
use crate::criteria::{self, Verdict};
use crate::desk::Desk;
use crate::error::AppError;
use crate::many::ManyRuns;
use crate::stress::DRAWS;
use crate::{rerun, runs};

/// A strategy in a contest.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Contestant {
    /// Strategy and run as they were named.
    pub name: String,
    /// The run that was named.
    pub own_run_id: String,
    /// The run on equal terms: a run of the archive.
    pub run_id: String,
    /// Annualised Sharpe ratio of that run.
    pub sharpe: Option<f64>,
    /// Its total return.
    pub total_return: Option<f64>,
    /// Its annualised volatility.
    pub volatility: Option<f64>,
    /// Its maximum drawdown, negative.
    pub max_drawdown: Option<f64>,
    /// Its closed trades.
    pub n_trades: Option<f64>,
    /// The probability that its true Sharpe ratio is above the best of all trials of its hypothesis by chance.
    pub deflated_sharpe: Option<f64>,
    /// Each go-live criterion of the settings.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub verdicts: Vec<Verdict>,
}

/// What came of a contest.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Contest {
    /// Terms in which the runs differed, and what was made of them.
    pub terms: Vec<TermOf>,
    /// First and last common day, microseconds UTC; `None` without one.
    pub days: Option<(i64, i64)>,
    /// Number of common days.
    pub n_days: usize,
    /// All strategies, in the order given.
    pub contestants: Vec<Contestant>,
    /// All but the first against the first.
    pub pairs: Vec<Pair>,
}

/// Compares runs on equal terms: those of the first, but for terms to `keep` each its own of.
///
/// # Errors
/// Unknown runs, fewer than two, no common dates, terms that a strategy cannot have, data that is not there.
pub fn contest(desk: &Desk<'_>, names: &[String], keep: &[String]) -> Result<Contest, AppError> {
    let criteria = criteria::read(&desk.config)?;
    if names.len() < 2 {
        return Err(AppError::new("a contest is between two runs or more"));
    }
    let archive = runs::archive(desk);
    let stored: Vec<StoredRun> = names.iter().map(|name| Ok(archive.load(name)?)).collect::<Result<_, AppError>>()?;
    let mut configs: Vec<BacktestConfig> =
        stored.iter().map(|run| Ok(rerun::config_of(run)?.0)).collect::<Result<_, AppError>>()?;
    let mut terms = equalise(&mut configs, keep)?;
    let many = ManyRuns::new(desk)?;
    if keep.iter().all(|name| name != DATES) {
        terms.extend(common_dates(&many, &stored, &mut configs)?);
    }
    let mut made: Vec<RunSummary> = Vec::with_capacity(configs.len());
    for (run, config) in stored.iter().zip(&configs) {
        let one = backtest::run_config(desk, config, Purpose::backtest());
        made.push(one.map_err(|error| on_these_terms(error, run, &stored[0]))?);
    }
    // The last run's trial counts for the first one's verdict too.
    for one in &mut made {
        one.trials = archive.deflation(&one.run_id)?;
        one.verdicts = criteria::of_run(&criteria, &|name| one.metric(name), one.trials.as_ref());
    }
    let name = |run: &StoredRun| format!("{} {}", run.entry.strategy, run.id());
    let curve = |((run, made), config): ((&StoredRun, &RunSummary), &BacktestConfig)| -> Result<_, AppError> {
        let (labels, equity) = archive.load(&made.run_id)?.equity()?;
        Ok((name(run), Sampled::new(&labels, &equity, DAYS), config.capital))
    };
    let curves: Vec<(String, Sampled, f64)> =
        stored.iter().zip(&made).zip(&configs).map(curve).collect::<Result<_, _>>()?;
    let found = stress::contest(&curves, DRAWS, desk.config.count("backtest.seed").unwrap_or_default());
    Ok(Contest {
        terms,
        days: found.days,
        n_days: found.n_days,
        contestants: stored.iter().zip(made).map(|(run, made)| contestant(name(run), run.id(), made)).collect(),
        pairs: found.pairs,
    })
}

/// A row of the contest.
fn contestant(name: String, own_run_id: String, made: RunSummary) -> Contestant {
    let metric = |name: &str| made.metric(name);
    Contestant {
        name,
        own_run_id,
        sharpe: metric("sharpe"),
        total_return: metric("total_return"),
        volatility: metric("volatility"),
        max_drawdown: metric("max_drawdown"),
        n_trades: metric("n_trades"),
        deflated_sharpe: made.trials.as_ref().and_then(|trials| trials.deflated_sharpe),
        run_id: made.run_id,
        verdicts: made.verdicts,
    }
}

/// Cuts all runs to the dates for which all have data and are asked; gives the dates as a term where they differed.
fn common_dates(
    many: &ManyRuns<'_>,
    stored: &[StoredRun],
    configs: &mut [BacktestConfig],
) -> Result<Option<TermOf>, AppError> {
    let mut spans = Vec::with_capacity(configs.len());
    for (run, config) in stored.iter().zip(configs.iter()) {
        let market = many.load(&[config]).map_err(|error| on_these_terms(error, run, &stored[0]))?;
        let (first, last) =
            market.loaded().span().ok_or_else(|| AppError::new(format!("run {} has no bars", run.id())))?;
        let end = last.saturating_add(config.timeframe.micros().unwrap_or(1));
        spans.push((
            config.start.map_or(first, |start| start.max(first)),
            config.end.map_or(end, |asked| asked.min(end)),
        ));
    }
    let start = spans.iter().map(|(start, _)| *start).max().unwrap_or_default();
    let end = spans.iter().map(|(_, end)| *end).min().unwrap_or_default();
    let text = |(start, end): &(i64, i64)| format!("{} to {}", format_iso(*start), format_iso(*end));
    let own: Vec<String> = spans.iter().map(text).collect();
    if start >= end {
        let told: Vec<String> =
            stored.iter().zip(&own).map(|(run, dates)| format!("run {}: {dates}", run.id())).collect();
        return Err(AppError::new(format!("the runs have no dates in common: {}", told.join("; "))));
    }
    for (config, span) in configs.iter_mut().zip(&spans) {
        // A run that has these dates without naming them stays the run that it is.
        if span.0 != start {
            config.start = Some(start);
        }
        if span.1 != end {
            config.end = Some(end);
        }
    }
    let differs = own.iter().any(|dates| *dates != own[0]);
    let all = Some(text(&(start, end)));
    Ok(differs.then(|| TermOf { term: DATES.to_owned(), own, all, reason: None }))
}

/// An error of a run that has the first one's terms.
fn on_these_terms(error: AppError, run: &StoredRun, first: &StoredRun) -> AppError {
    let (own, first) = (run.id(), first.id());
    let what = if own == first { format!("run {own}") } else { format!("run {own} on the terms of run {first}") };
    error.during(&what).hint("`--keep TERM` leaves a term each run's own, such as symbols, universe, execution, orders")
}
