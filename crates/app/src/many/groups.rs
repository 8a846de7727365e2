//! Groups of configurations, each with a market of its own; bars are loaded once for all markets that share them.

use std::collections::{BTreeMap, BTreeSet};

use crosscut_backtest::BacktestConfig;
use crosscut_backtest::sweep::{SharedMarket, in_lanes, sharing_bars};

use super::ManyRuns;
use crate::error::AppError;

/// A configuration with the number its caller gives it.
pub(crate) type Numbered = (usize, BacktestConfig);

/// Takes a group and its market, from any thread.
type Work<'a> = &'a (dyn Fn(&[Numbered], Result<SharedMarket, AppError>) + Sync);

impl ManyRuns<'_> {
    /// Loads the market of each group, whose configurations have equal [`sharing`](crosscut_backtest::sweep::sharing), and
    /// hands both to `work`; two groups at a time where their markets share bars. Groups left when `is_over` are left out.
    pub(crate) fn over_markets(&self, groups: Vec<Vec<Numbered>>, is_over: &(dyn Fn() -> bool + Sync), work: Work<'_>) {
        for family in families(groups) {
            let first = self.first_of(&family, is_over, work);
            let Some((n_failed, market)) = first else { continue };
            let bars = market.bars().filter(|_| family.len() > n_failed + 1);
            let mut first = Some(market);
            let left: Vec<_> = family.iter().skip(n_failed).map(|group| (group, first.take())).collect();
            in_lanes(left, |(group, market)| {
                if is_over() {
                    return;
                }
                let configs = configs(group);
                let loaded =
                    || bars.as_ref().map_or_else(|| self.load(&configs), |bars| self.load_over(bars, &configs));
                work(group, market.map_or_else(loaded, Ok));
            });
        }
    }

    /// The market of the first group of a family that can be loaded, for the ranges of all of them where that can be, and how
    /// many groups before it could not; these are worked off.
    fn first_of(
        &self,
        family: &[Vec<Numbered>],
        is_over: &(dyn Fn() -> bool + Sync),
        work: Work<'_>,
    ) -> Option<(usize, SharedMarket)> {
        if family.len() > 1 {
            self.prepare_formulas(family);
        }
        for (nth, group) in family.iter().enumerate() {
            if is_over() {
                return None;
            }
            let all: Vec<&BacktestConfig> =
                configs(group).into_iter().chain(family.iter().flatten().map(|(_, config)| config)).collect();
            let widest = if family.len() > 1 { self.load(&all).ok() } else { None };
            // The error of a range that is not the group's own is not the group's.
            match widest.map_or_else(|| self.load(&configs(group)), Ok) {
                Ok(market) => return Some((nth, market)),
                Err(error) => work(group, Err(error)),
            }
        }
        None
    }

    /// Reads bars for the formulas of groups that share them.
    fn prepare_formulas(&self, family: &[Vec<Numbered>]) {
        let firsts = || family.iter().filter_map(|group| group.first());
        let formulas: BTreeSet<&str> = firsts().filter_map(|(_, config)| config.factor_formula.as_deref()).collect();
        if let (Some((_, config)), false) = (firsts().next(), formulas.is_empty()) {
            self.formulas.prepare(self.hub(), config, &formulas.into_iter().collect::<Vec<_>>());
        }
    }
}

/// The configurations of a group.
fn configs(group: &[Numbered]) -> Vec<&BacktestConfig> {
    group.iter().map(|(_, config)| config).collect()
}

/// Groups by the bars their markets share, in the order of their first ones.
pub(crate) fn families(groups: Vec<Vec<Numbered>>) -> Vec<Vec<Vec<Numbered>>> {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut families: Vec<Vec<Vec<Numbered>>> = Vec::new();
    for group in groups {
        let bars = group.first().and_then(|(_, config)| sharing_bars(config).ok().flatten());
        let place = bars.map_or(families.len(), |bars| *places.entry(bars).or_insert(families.len()));
        if place == families.len() {
            families.push(Vec::new());
        }
        families[place].push(group);
    }
    families
}
