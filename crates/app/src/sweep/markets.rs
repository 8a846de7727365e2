//! Markets that sets run over, loaded once for all that share them.

use std::sync::Arc;

use crosscut_backtest::sweep::{Note, ParameterSet, Sampling, SetOutcome, SharedMarket, sharing};
use crosscut_backtest::walkforward::Span;
use crosscut_backtest::{BacktestConfig, BacktestError};

use super::notebook::Notebook;
use crate::error::AppError;
use crate::many::ManyRuns;

/// Markets kept at once, for sets that do not share one.
const MARKETS_MAX: usize = 4;

/// Configurations at once for which walking side by side is worth its proof.
const MANY: usize = 32;

/// A configuration and what its caller calls it.
pub(super) type Named = (usize, BacktestConfig);

/// The latest markets.
#[derive(Default)]
pub(super) struct Markets {
    /// By what they are shared by, the latest last.
    latest: Vec<(String, Arc<SharedMarket>)>,
}

impl Markets {
    /// The market of a configuration, loaded for all of the time that the settings name.
    pub(super) fn of(&mut self, many: &ManyRuns<'_>, config: &BacktestConfig) -> Result<Arc<SharedMarket>, AppError> {
        let key = sharing(config)?;
        if let Some((_, market)) = self.latest.iter().find(|(known, _)| *known == key) {
            return Ok(Arc::clone(market));
        }
        let base = many.resolve(&ParameterSet::default()).ok();
        let widest = base.map_or_else(
            || config.clone(),
            |base| BacktestConfig { start: base.start, end: base.end, ..config.clone() },
        );
        let shares = sharing(&widest).is_ok_and(|of_widest| of_widest == key);
        let market = Arc::new(many.load(&[if shares { &widest } else { config }])?);
        if self.latest.len() == MARKETS_MAX {
            self.latest.remove(0);
        }
        self.latest.push((key, Arc::clone(&market)));
        Ok(market)
    }

    /// All of the time of a configuration: what it asks for, as far as there is a market.
    pub(super) fn history(&mut self, many: &ManyRuns<'_>, config: &BacktestConfig) -> Result<Span, AppError> {
        let market = self.of(many, config)?;
        let (first, last) = market.loaded().span().unwrap_or_default();
        let end = last.saturating_add(config.timeframe.micros().unwrap_or(1));
        Ok(Span { start: config.start.unwrap_or(first).max(first), end: config.end.unwrap_or(end).min(end) })
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
        &mut self,
        many: &ManyRuns<'_>,
        notebook: &mut Notebook<'_>,
        configs: Vec<Named>,
        (sampling, step): (Sampling, &(dyn Fn() + Sync)),
    ) -> Vec<(usize, Note)> {
        let (groups, failed) = Self::groups(configs);
        let mut notes: Vec<(usize, Note)> =
            failed.into_iter().map(|(at, error)| (at, Err(error.to_string()))).collect();
        for group in groups {
            match self.of(many, &group[0].1) {
                Ok(market) => notes.extend(notebook.run(many, &market, group, (sampling, step))),
                Err(error) => notes.extend(group.iter().map(|(at, _)| (*at, Err(error.to_string())))),
            }
        }
        notes.sort_by_key(|(at, _)| *at);
        notes
    }
}

/// Takes what came of a configuration, by its caller's number, from any thread.
pub(super) type Done<'a> = &'a (dyn Fn(usize, Result<SetOutcome, BacktestError>) + Sync);

/// Runs configurations of one market.
pub(super) fn run_group(many: &ManyRuns<'_>, market: &SharedMarket, group: &[Named], how: (Sampling, Done<'_>)) {
    let configs: Vec<&BacktestConfig> = group.iter().map(|(_, config)| config).collect();
    let (sampling, taken) = how;
    let done = |nth: usize, result: Result<SetOutcome, BacktestError>| taken(group[nth].0, result);
    if configs.len() < MANY {
        // The proof that sets may walk side by side takes longer than a few sets in the engine.
        market.run_all(many.hub(), &configs, (sampling, false), &done);
    } else {
        many.run_market(market, &configs, sampling, &done);
    }
}
