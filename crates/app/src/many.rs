//! Many runs from one desk: parameter sets over the layered settings, markets loaded once for all that share them.
//!
//! Sweeps, searches, walk-forwards and stress tests resolve their sets here, so that each means what
//! `crosscut backtest --set key=value ...` of it would, with the same run id. Nothing is written.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crosscut_backtest::BacktestConfig;
use crosscut_backtest::panel::{ComputedFactor, symbols_with_bars};
use crosscut_backtest::sweep::{ParameterSet, Sampling, SetOutcome, SharedMarket, sharing};
use crosscut_hub::Hub;
use crosscut_model::BarSpec;
use rayon::prelude::*;

use crate::backtest::settings::{self, Place};
use crate::config::Config;
use crate::desk::Desk;
use crate::error::AppError;

/// The settings that say which data a run is on.
const PLACE_KEYS: [&str; 5] =
    ["venue", "backtest.timeframe", "backtest.factor_set", "backtest.formula", "backtest.strategy"];

/// Runs sets of parameters.
pub struct ManyRuns<'a> {
    /// The surroundings; its settings are the base of every set.
    desk: &'a Desk<'a>,
    /// The data.
    hub: Hub,
    /// Data found before, by the settings that ask for it.
    places: Mutex<BTreeMap<String, Place>>,
}

impl<'a> ManyRuns<'a> {
    /// Opens the hub of a desk.
    ///
    /// # Errors
    /// As [`Desk::hub`].
    pub fn new(desk: &'a Desk<'a>) -> Result<Self, AppError> {
        Ok(Self { desk, hub: desk.hub()?, places: Mutex::default() })
    }

    /// The hub.
    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    /// The configuration of a set, checked as far as it can be without data.
    ///
    /// # Errors
    /// Unknown keys, values that cannot be, data that is not there.
    pub fn resolve(&self, set: &ParameterSet) -> Result<BacktestConfig, AppError> {
        let desk = Desk {
            config: self.desk.config.overlaid(&set.values)?,
            events: self.desk.events,
            clock: self.desk.clock,
            machine: self.desk.machine.clone(),
            threads: self.desk.threads,
        };
        let config = self.place(&desk)?.config(&desk)?;
        config.prepare()?;
        Ok(config)
    }

    /// The data of a set, looked up once for all sets that ask for the same.
    fn place(&self, desk: &Desk<'_>) -> Result<Place, AppError> {
        let key = place_key(&desk.config);
        let places = || self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = places().get(&key) {
            return Ok(place.clone());
        }
        let place = settings::place(desk, &self.hub)?;
        places().insert(key, place.clone());
        Ok(place)
    }

    /// Loads the market of configurations with equal [`sharing`].
    ///
    /// # Errors
    /// As [`SharedMarket::load`]; a formula that cannot be computed.
    pub fn load(&self, configs: &[&BacktestConfig]) -> Result<SharedMarket, AppError> {
        let computed = computed(&self.hub, configs[0])?;
        Ok(SharedMarket::load(&self.hub, configs, computed.as_ref())?)
    }

    /// Runs sets, market by market, each market's sets on all threads of the pool. `done` gets each set's place and what
    /// came of it, in any order and from any thread.
    pub fn run(
        &self,
        sets: &[ParameterSet],
        sampling: Sampling,
        done: &(dyn Fn(usize, Result<SetOutcome, AppError>) + Sync),
    ) {
        let resolved: Vec<_> = sets.par_iter().map(|set| self.resolve(set)).collect();
        let mut groups: BTreeMap<String, Vec<(usize, BacktestConfig)>> = BTreeMap::new();
        for (at, config) in resolved.into_iter().enumerate() {
            match config.and_then(|config| Ok((sharing(&config)?, config))) {
                Ok((key, config)) => groups.entry(key).or_default().push((at, config)),
                Err(error) => done(at, Err(error)),
            }
        }
        for group in groups.into_values() {
            let configs: Vec<&BacktestConfig> = group.iter().map(|(_, config)| config).collect();
            match self.load(&configs) {
                Ok(market) => group.par_iter().for_each(|(at, config)| {
                    done(*at, market.run(&self.hub, config, sampling).map_err(AppError::from));
                }),
                Err(error) => group.iter().for_each(|(at, _)| done(*at, Err(error.clone()))),
            }
        }
    }
}

/// The settings that say which data a run is on, in one text.
fn place_key(config: &Config) -> String {
    let mut parts: Vec<String> = PLACE_KEYS.iter().map(|key| config.text(key).unwrap_or_default().to_owned()).collect();
    parts.extend(config.list("backtest.feeds"));
    // Strategies may read a factor set or not by their parameters.
    parts.extend(config.named("backtest.params").into_iter().map(|(name, _)| name));
    parts.join("\n")
}

/// The factor of a configuration whose factor is a formula, computed from bars; `None` for any other.
///
/// # Errors
/// A formula that cannot be read; bars that are damaged or not there.
pub(crate) fn computed(hub: &Hub, config: &BacktestConfig) -> Result<Option<ComputedFactor>, AppError> {
    let Some(formula) = &config.factor_formula else { return Ok(None) };
    let symbols = symbols_with_bars(hub, config)?;
    let bars = (config.venue.as_str(), BarSpec::Time(config.timeframe));
    let rows = crosscut_factors::formula_of_symbols(hub, bars, &symbols, formula)?;
    Ok(Some(ComputedFactor { formula: formula.clone(), rows }))
}
