//! Many runs from one desk: parameter sets over the layered settings, markets loaded once for all that share them.
//!
//! Sweeps, searches, walk-forwards and stress tests resolve their sets here, so that each means what
//! `crosscut backtest --set key=value ...` of it would, with the same run id; only that a set with a strategy of its own leaves
//! parameters to the strategy of the settings which it does not take. Nothing is written.

mod formulas;
mod groups;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crosscut_backtest::sweep::{ParameterSet, STRATEGY, Sampling, SetOutcome, SharedMarket, sharing};
use crosscut_backtest::{BacktestConfig, BacktestError};
use crosscut_hub::Hub;
use rayon::prelude::*;

use crate::backtest::settings::{self, Place};
use crate::config::Config;
use crate::desk::Desk;
use crate::error::AppError;
use crate::events::{Events, Level};
pub(crate) use formulas::Formulas;
pub(crate) use groups::{Numbered, families};

/// The settings that say which data a run is on.
const PLACE_KEYS: [&str; 6] =
    ["venue", "backtest.timeframe", "backtest.factor_set", "backtest.formula", "backtest.strategy", "backtest.pool"];

/// The ranking factor as a formula.
pub(crate) const FORMULA: &str = "backtest.formula";

/// Keys of a formula's windows are behind this: `formula.w` takes the place of `{w}`.
pub(crate) const WINDOW: &str = "formula.";

/// Nobody listens.
struct Quiet;

impl Events for Quiet {
    fn message(&self, _level: Level, _text: &str) {}

    fn step(&self, _done: u64, _total: u64, _what: &str) {}
}

/// Runs sets of parameters.
pub struct ManyRuns<'a> {
    /// The surroundings; its settings are the base of every set.
    desk: &'a Desk<'a>,
    /// The data.
    hub: Hub,
    /// Data found before, by the settings that ask for it.
    places: Mutex<BTreeMap<String, Place>>,
    /// Computes factors that are formulas.
    formulas: Formulas,
}

impl<'a> ManyRuns<'a> {
    /// Opens the hub of a desk.
    ///
    /// # Errors
    /// As [`Desk::hub`].
    pub fn new(desk: &'a Desk<'a>) -> Result<Self, AppError> {
        Ok(Self { desk, hub: desk.hub()?, places: Mutex::default(), formulas: Formulas::default() })
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
            config: self.below(set).overlaid(&self.settings(set)?)?,
            events: self.desk.events,
            clock: self.desk.clock,
            machine: self.desk.machine.clone(),
            threads: self.desk.threads,
        };
        let place = self.place(&desk)?;
        // What there is to say of the data is said once, not for every set.
        let config = place.config(&Desk { events: &Quiet, ..desk })?;
        config.prepare()?;
        Ok(config)
    }

    /// The settings below a set: without parameters of the strategy there that its own strategy does not take.
    fn below(&self, set: &ParameterSet) -> Cow<'_, Config> {
        let config = &self.desk.config;
        let of_settings = config.text(STRATEGY);
        if set.get(STRATEGY).is_none_or(|own| of_settings == Some(own)) {
            return Cow::Borrowed(config);
        }
        Cow::Owned(config.without(|path| set.leaves(of_settings, path)))
    }

    /// The configurations of sets, on all threads.
    pub fn resolve_all(&self, sets: &[ParameterSet]) -> Vec<Result<BacktestConfig, AppError>> {
        sets.par_iter().map(|set| self.resolve(set)).collect()
    }

    /// The settings below the sets, one `key=value` per line: all that can change a run, and the venue.
    pub fn base_text(&self) -> String {
        let shown = self.desk.config.show();
        let lines = shown.iter().filter(|shown| shown.key.starts_with("backtest.") || shown.key == "venue");
        lines.map(|shown| format!("{}={}\n", shown.key, crate::config::plain(&shown.value))).collect()
    }

    /// The values of a set as settings: windows are put into the formula.
    ///
    /// # Errors
    /// A window that the formula does not have.
    pub fn settings(&self, set: &ParameterSet) -> Result<Vec<(String, String)>, AppError> {
        let (windows, mut settings): (Vec<_>, Vec<_>) =
            set.values.iter().cloned().partition(|(key, _)| key.starts_with(WINDOW));
        if windows.is_empty() {
            return Ok(settings);
        }
        let mut formula = set.get(FORMULA).or(self.desk.config.text(FORMULA)).unwrap_or_default().to_owned();
        for (key, value) in &windows {
            let filled = filled(&formula, &key[WINDOW.len()..], value);
            if filled == formula {
                let place = &key[WINDOW.len()..];
                return Err(AppError::new(format!("{key}={value}: the formula `{formula}` has no {{{place}}}")));
            }
            formula = filled;
        }
        settings.retain(|(key, _)| key != FORMULA);
        settings.push((FORMULA.to_owned(), formula));
        Ok(settings)
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

    /// Runs configurations over their market, side by side where that is proven to give the engine's numbers on it.
    pub fn run_market(
        &self,
        market: &SharedMarket,
        configs: &[&BacktestConfig],
        sampling: Sampling,
        done: &(dyn Fn(usize, Result<SetOutcome, BacktestError>) + Sync),
    ) {
        let may_walk = market.proves_walk(&self.hub, configs).unwrap_or(false);
        if !may_walk {
            let text = "sets walked side by side differ from the engine on this market: every set goes through the engine, \
                        which takes longer. Please report this.";
            self.desk.events.message(Level::Warning, text);
        }
        market.run_all(&self.hub, configs, (sampling, may_walk), done);
    }

    /// Loads the market of configurations with equal [`sharing`].
    ///
    /// # Errors
    /// As [`SharedMarket::load`]; a formula that cannot be computed.
    pub fn load(&self, configs: &[&BacktestConfig]) -> Result<SharedMarket, AppError> {
        let load =
            || self.formulas.with(&self.hub, configs[0], |computed| SharedMarket::load(&self.hub, configs, computed));
        let market = load()?;
        if configs[0].factor_formula.is_none() || self.formulas.are_of(&market) {
            return Ok(market);
        }
        self.formulas.forget();
        load()
    }

    /// The same, over the bars of another market where that can be.
    ///
    /// # Errors
    /// As [`ManyRuns::load`].
    pub fn load_over(&self, bars: &SharedMarket, configs: &[&BacktestConfig]) -> Result<SharedMarket, AppError> {
        let rescored =
            self.formulas.with(&self.hub, configs[0], |computed| bars.rescored(&self.hub, configs, computed))?;
        match rescored.filter(|market| configs[0].factor_formula.is_none() || self.formulas.are_of(market)) {
            Some(market) => Ok(market),
            None => self.load(configs),
        }
    }

    /// Runs sets, market by market, each market's sets on all threads of the pool. `done` gets each set's place and what
    /// came of it, in any order and from any thread.
    pub fn run(
        &self,
        sets: &[ParameterSet],
        sampling: Sampling,
        done: &(dyn Fn(usize, Result<SetOutcome, AppError>) + Sync),
    ) {
        let resolved = self.resolve_all(sets);
        self.run_configs(resolved, sampling, done);
    }

    /// [`ManyRuns::run`] of configurations that were resolved, or not, elsewhere.
    pub fn run_configs(
        &self,
        resolved: Vec<Result<BacktestConfig, AppError>>,
        sampling: Sampling,
        done: &(dyn Fn(usize, Result<SetOutcome, AppError>) + Sync),
    ) {
        let mut groups: BTreeMap<String, Vec<Numbered>> = BTreeMap::new();
        for (at, config) in resolved.into_iter().enumerate() {
            match config.and_then(|config| Ok((sharing(&config)?, config))) {
                Ok((key, config)) => groups.entry(key).or_default().push((at, config)),
                Err(error) => done(at, Err(error)),
            }
        }
        let groups = groups.into_values().collect();
        self.over_markets(groups, &|| false, &|group, market| {
            let configs: Vec<&BacktestConfig> = group.iter().map(|(_, config)| config).collect();
            match market {
                Ok(market) => self.run_market(&market, &configs, sampling, &|at, result| {
                    done(group[at].0, result.map_err(AppError::from));
                }),
                Err(error) => group.iter().for_each(|(at, _)| done(*at, Err(error.clone()))),
            }
        });
    }
}

/// A formula with a value in all places of a window.
fn filled(formula: &str, window: &str, value: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(formula.len()), formula);
    while let Some((before, (inside, after))) = rest.split_once('{').and_then(|(b, r)| Some((b, r.split_once('}')?))) {
        out.push_str(before);
        if inside.trim() == window {
            out.push_str(value);
        } else {
            out.extend(["{", inside, "}"]);
        }
        rest = after;
    }
    out + rest
}

/// The settings that say which data a run is on, in one text.
fn place_key(config: &Config) -> String {
    let mut parts: Vec<String> = PLACE_KEYS.iter().map(|key| config.text(key).unwrap_or_default().to_owned()).collect();
    parts.extend(config.list("backtest.feeds"));
    // Strategies may read a factor set or not by their parameters.
    parts.extend(config.named("backtest.params").into_iter().map(|(name, _)| name));
    parts.join("\n")
}
