//! Markets that sets run over, loaded once for all that share them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crosscut_backtest::sweep::{
    Note, ParameterSet, Sampling, SetOutcome, SharedMarket, in_lanes, sharing, sharing_bars,
};
use crosscut_backtest::walkforward::Span;
use crosscut_backtest::{BacktestConfig, BacktestError};

use super::notebook::Notebook;
use crate::error::AppError;
use crate::many::{ManyRuns, Numbered, families};

/// Markets kept at once, for sets that do not share one.
const MARKETS_MAX: usize = 4;

/// Configurations at once for which walking side by side is worth its proof.
const MANY: usize = 32;

/// A configuration and what its caller calls it.
pub(super) type Named = Numbered;

/// Takes configurations that share a market, and the market, from any thread.
type Work<'a> = &'a (dyn Fn(&[Named], Result<Arc<SharedMarket>, AppError>) + Sync);

/// A market that was loaded.
struct Known {
    /// What it is shared by.
    key: String,
    /// What those that share its bars are shared by.
    bars: Option<String>,
    /// The market.
    market: Arc<SharedMarket>,
}

/// The latest markets.
#[derive(Default)]
pub(super) struct Markets {
    /// The latest last.
    latest: Mutex<Vec<Known>>,
}

impl Markets {
    /// What is known.
    fn latest(&self) -> MutexGuard<'_, Vec<Known>> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The market of a configuration, loaded for all of the time that the settings name.
    pub(super) fn of(&self, many: &ManyRuns<'_>, config: &BacktestConfig) -> Result<Arc<SharedMarket>, AppError> {
        let key = sharing(config)?;
        if let Some(known) = self.latest().iter().find(|known| known.key == key) {
            return Ok(Arc::clone(&known.market));
        }
        let base = many.resolve(&ParameterSet::default()).ok();
        let widest = base.map_or_else(
            || config.clone(),
            |base| BacktestConfig { start: base.start, end: base.end, ..config.clone() },
        );
        let shares = sharing(&widest).is_ok_and(|of_widest| of_widest == key);
        let wanted = if shares { &widest } else { config };
        let bars = sharing_bars(config)?;
        let like = self
            .latest()
            .iter()
            .rev()
            .find(|known| known.bars.is_some() && known.bars == bars)
            .map(|known| Arc::clone(&known.market));
        let market = match like {
            Some(like) => many.load_over(&like, &[wanted])?,
            None => many.load(&[wanted])?,
        };
        let market = Arc::new(market);
        let mut latest = self.latest();
        if latest.len() == MARKETS_MAX {
            latest.remove(0);
        }
        latest.push(Known { key, bars, market: Arc::clone(&market) });
        Ok(market)
    }

    /// Hands groups of configurations that share a market to `work`, with the market: two at a time where the markets share
    /// bars.
    pub(super) fn each(&self, many: &ManyRuns<'_>, groups: Vec<Vec<Named>>, work: Work<'_>) {
        for family in families(groups) {
            let mut left = family.iter();
            // Bars are there, if they can be, before two groups ask for them at once.
            let first = left.next().map(|group| (group, Some(self.of(many, &group[0].1))));
            in_lanes(first.into_iter().chain(left.map(|group| (group, None))).collect(), |(group, market)| {
                work(group, market.unwrap_or_else(|| self.of(many, &group[0].1)));
            });
        }
    }

    /// All of the time of a configuration: what it asks for, as far as there is a market.
    pub(super) fn history(&self, many: &ManyRuns<'_>, config: &BacktestConfig) -> Result<Span, AppError> {
        let market = self.of(many, config)?;
        let (first, last) = market.loaded().span().unwrap_or_default();
        let end = last.saturating_add(config.timeframe.micros().unwrap_or(1));
        Ok(Span { start: config.start.unwrap_or(first).max(first), end: config.end.unwrap_or(end).min(end) })
    }

    /// The history of the first of configurations that has a market.
    ///
    /// # Errors
    /// The first error when none has one.
    pub(super) fn first_history(&self, many: &ManyRuns<'_>, configs: &[BacktestConfig]) -> Result<Span, AppError> {
        let (mut first_error, mut tried) = (None, Vec::new());
        for config in configs {
            let key = sharing(config)?;
            if tried.contains(&key) {
                continue;
            }
            match self.history(many, config) {
                Ok(history) => return Ok(history),
                Err(error) => drop(first_error.get_or_insert(error)),
            }
            tried.push(key);
        }
        Err(first_error.unwrap_or_else(|| AppError::new("there is no set that can be run")))
    }

    /// Configurations by the market they share, in the order of their first ones. Errors come with the caller's number.
    pub(super) fn groups(configs: Vec<Named>) -> (Vec<Vec<Named>>, Vec<(usize, AppError)>) {
        let mut groups: Vec<(String, Vec<Named>)> = Vec::new();
        let mut failed = Vec::new();
        for (at, config) in configs {
            match sharing(&config) {
                Ok(key) => match groups.iter_mut().find(|(known, _)| *known == key) {
                    Some((_, group)) => group.push((at, config)),
                    None => groups.push((key, vec![(at, config)])),
                },
                Err(error) => failed.push((at, error.into())),
            }
        }
        (groups.into_iter().map(|(_, group)| group).collect(), failed)
    }

    /// Runs configurations, those that the notebook knows not again; what came of each is under the caller's number, in the
    /// order of these.
    pub(super) fn run(
        &self,
        many: &ManyRuns<'_>,
        notebook: &Notebook<'_>,
        configs: Vec<Named>,
        (sampling, step): (Sampling, &(dyn Fn() + Sync)),
    ) -> Vec<(usize, Note)> {
        let (groups, failed) = Self::groups(configs);
        let failed = failed.into_iter().map(|(at, error)| (at, Err(error.to_string())));
        let notes: Mutex<Vec<(usize, Note)>> = Mutex::new(failed.collect());
        self.each(many, groups, &|group, market| {
            let of_group = match market {
                Ok(market) => notebook.run(many, &market, group, (sampling, step)),
                Err(error) => group.iter().map(|(at, _)| (*at, Err(error.to_string()))).collect(),
            };
            notes.lock().unwrap_or_else(PoisonError::into_inner).extend(of_group);
        });
        let mut notes = notes.into_inner().unwrap_or_else(PoisonError::into_inner);
        notes.sort_by_key(|(at, _)| *at);
        notes
    }
}

/// Takes what came of a configuration, by its caller's number, from any thread.
pub(super) type Done<'a> = &'a (dyn Fn(usize, Result<SetOutcome, BacktestError>) + Sync);

/// Runs configurations of one market.
pub(super) fn run_group(
    many: &ManyRuns<'_>,
    market: &SharedMarket,
    group: &[(usize, &BacktestConfig)],
    how: (Sampling, Done<'_>),
) {
    let configs: Vec<&BacktestConfig> = group.iter().map(|(_, config)| *config).collect();
    let (sampling, taken) = how;
    let done = |nth: usize, result: Result<SetOutcome, BacktestError>| taken(group[nth].0, result);
    if configs.len() < MANY {
        // The proof that sets may walk side by side takes longer than a few sets in the engine.
        market.run_all(many.hub(), &configs, (sampling, false), &done);
    } else {
        many.run_market(market, &configs, sampling, &done);
    }
}
