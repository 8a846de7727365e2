//! What a run reads, whichever way its strategy is driven: a panel for rules that decide at rebalances, feeds for
//! strategies that act at every bar.

use crosscut_hub::Hub;
use crosscut_trading::strategy;

use crate::config::BacktestConfig;
use crate::error::BacktestError;
use crate::event::{self, EventMarket};
use crate::outcome::{DataQuality, RunOutcome};
use crate::panel::{self, ComputedFactor, LoadOptions, Panel, PanelInput};
use crate::replay::replay;

/// A market loaded for a run.
#[derive(Debug)]
pub enum Loaded {
    /// For a rule.
    Panel(Box<Panel>),
    /// For a strategy that acts at every bar.
    Events(Box<EventMarket>),
}

impl Loaded {
    /// Loads what a configuration asks for.
    ///
    /// # Errors
    /// As [`panel::load`] and [`event::load`].
    pub fn load(hub: &Hub, config: &BacktestConfig) -> Result<Self, BacktestError> {
        Self::load_with(hub, config, None)
    }

    /// [`Loaded::load`] with the factor of a configuration that has a `factor_formula`.
    ///
    /// # Errors
    /// As [`panel::load_with`] and [`event::load`].
    pub fn load_with(
        hub: &Hub,
        config: &BacktestConfig,
        computed: Option<&ComputedFactor<'_>>,
    ) -> Result<Self, BacktestError> {
        if config.is_event(strategy::template(&config.strategy)?.kind()) {
            Ok(Self::Events(Box::new(event::load(hub, config)?)))
        } else {
            let options = LoadOptions { computed, ..LoadOptions::default() };
            Ok(Self::Panel(Box::new(panel::load_with(hub, config, options)?)))
        }
    }

    /// Instrument ids, sorted.
    pub fn symbols(&self) -> &[String] {
        match self {
            Self::Panel(panel) => panel.symbols(),
            Self::Events(market) => market.symbols(),
        }
    }

    /// The tables it was made from.
    pub fn inputs(&self) -> &[PanelInput] {
        match self {
            Self::Panel(panel) => panel.inputs(),
            Self::Events(market) => market.inputs(),
        }
    }

    /// What was missing, dropped or filled.
    pub fn quality(&self) -> &DataQuality {
        match self {
            Self::Panel(panel) => panel.quality(),
            Self::Events(market) => market.quality(),
        }
    }

    /// The ranking columns; empty where none is read.
    pub fn factor(&self) -> &str {
        match self {
            Self::Panel(panel) => panel.factor(),
            Self::Events(market) => market.columns(),
        }
    }

    /// First and last label there is, microseconds UTC; `None` without a bar.
    pub fn span(&self) -> Option<(i64, i64)> {
        match self {
            Self::Panel(panel) => Some((*panel.timeline().first()?, *panel.timeline().last()?)),
            Self::Events(market) => Some(market.span()),
        }
    }

    /// Labels, and the mean return over symbols at each from the bar before; NaN where no symbol has one.
    pub fn market_returns(&self) -> (Vec<i64>, Vec<f64>) {
        match self {
            Self::Panel(panel) => (panel.timeline().to_vec(), panel.market_returns()),
            Self::Events(market) => market.market_returns(),
        }
    }

    /// The same market with every bar's prices off by a factor of its own, normal with a deviation of `bps` basis points;
    /// factors stay as they are. `None` where orders meet ticks.
    #[must_use]
    pub fn with_noise(&self, bps: f64, seed: u64) -> Option<Self> {
        match self {
            Self::Panel(panel) => Some(Self::Panel(Box::new(panel.with_noise(bps, seed)))),
            Self::Events(market) => market.with_noise(bps, seed).map(|market| Self::Events(Box::new(market))),
        }
    }

    /// The same market with each symbol's scores taken from another time, `share` of its history away, from 0 to 1. `None`
    /// where a run reads none.
    #[must_use]
    pub fn with_scores_turned(&self, share: f64) -> Option<Self> {
        match self {
            Self::Panel(panel) => panel.with_scores_turned(share).map(|panel| Self::Panel(Box::new(panel))),
            Self::Events(market) => market.with_factors_turned(share).map(|market| Self::Events(Box::new(market))),
        }
    }

    /// Most rows a run over it can have.
    pub fn n_rows(&self) -> usize {
        match self {
            Self::Panel(panel) => panel.timeline().len(),
            Self::Events(market) => market.n_rows_max(),
        }
    }

    /// What is traded, in words: `binance 1h bars, 3 symbols`.
    pub fn universe(&self, config: &BacktestConfig) -> String {
        let n_symbols = self.symbols().len();
        match self {
            Self::Panel(_) => {
                let pool = config.pool.as_ref().map(|pool| {
                    format!(
                        ", the {} most traded, chosen {} from the last {}",
                        pool.top_n, pool.reselect, pool.lookback
                    )
                });
                let pool = pool.unwrap_or_default();
                format!("{} {} bars, {n_symbols} symbols{pool}", config.venue, config.timeframe)
            }
            Self::Events(market) => {
                let chosen = market.universe().map(|admission| format!(", of which {}", admission.chosen.rule));
                let chosen = chosen.unwrap_or_default();
                format!("{} {}, {n_symbols} symbols{chosen}", config.venue, market.feeds_in_words())
            }
        }
    }

    /// Runs the configured strategy through it.
    ///
    /// # Errors
    /// As [`replay()`] and [`EventMarket::replay`].
    pub fn replay(&self, hub: &Hub, config: &BacktestConfig) -> Result<RunOutcome, BacktestError> {
        match self {
            Self::Panel(panel) => replay(panel, config),
            Self::Events(market) => market.replay(hub, config),
        }
    }
}
