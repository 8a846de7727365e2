//! What a backtest is asked to do: everything that can change a number, and nothing else.
//!
//! Texts are those of the command line. [`BacktestConfig::prepare`] checks them once and hands the proof on;
//! [`BacktestConfig::canonical`] is the form that names a run.

mod costs;
mod form;
mod holding;
mod orders;
mod pool;
mod prepared;
mod risk;
mod scaled;
mod spreads;
#[cfg(test)]
mod tests;
mod text;
mod venue;

use std::collections::BTreeMap;

use crosscut_model::calendar::Rebalance;
use crosscut_model::{BarSpec, Timeframe};
use crosscut_trading::rules::{CorporateActions, Execution, OnShort, Untradable};
use crosscut_trading::strategy::Kind;
use crosscut_trading::universe::{Leave, Universe};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::BacktestError;
pub use costs::{CommissionConfig, CostsConfig, SlippageConfig, TierConfig};
pub use form::Form;
pub use holding::{FundingConfig, FundingPlanned, FundingSource, MarginConfig};
pub use orders::{LastingText, OrdersConfig};
pub use pool::{Align, PoolConfig, UniverseConfig};
pub use prepared::Prepared;
pub use risk::RiskConfig;
pub use spreads::{MissingSpread, SpreadsConfig};
pub use text::{Delay, Fraction};
use text::{as_iso, as_optional_text, as_text, as_texts, is_default};
pub use venue::{FeedKind, VenueConfig};

/// The configuration of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BacktestConfig {
    /// Venue whose bars are traded.
    pub venue: String,
    /// Length of the bars and of the factor set's rows.
    #[serde(with = "as_text")]
    pub timeframe: Timeframe,
    /// Only these symbols; empty: all of the factor set.
    pub symbols: Vec<String>,
    /// Of those, only names that match one of these patterns (`*`, `?`); empty: all.
    pub include: Vec<String>,
    /// Without names that match one of these patterns.
    pub exclude: Vec<String>,
    /// Factor set that ranks; empty when the factor is a formula.
    pub factor_set: String,
    /// Formula of the ranking factor when it was computed in memory instead of read from a factor set.
    pub factor_formula: Option<String>,
    /// Name of the strategy.
    pub strategy: String,
    /// Its parameters; `factor` names the ranking column.
    pub params: BTreeMap<String, String>,
    /// First bar label of the run; `None`: the data's first.
    #[serde(with = "as_iso")]
    pub start: Option<i64>,
    /// End of the run, exclusive; `None`: after the data's last.
    #[serde(with = "as_iso")]
    pub end: Option<i64>,
    /// Starting cash, quote units.
    pub capital: f64,
    /// The price at which decisions execute.
    #[serde(with = "as_text")]
    pub execution: Execution,
    /// When the portfolio is decided anew.
    #[serde(with = "as_text")]
    pub rebalance: Rebalance,
    /// Commission, basis points of the value traded.
    pub commission_bps: f64,
    /// Slippage, basis points of the price.
    pub slippage_bps: f64,
    /// Other models of commission and slippage, in place of the two above.
    #[serde(skip_serializing_if = "is_default")]
    pub costs: CostsConfig,
    /// Spreads by symbol and date, for slippage of half a spread.
    #[serde(skip_serializing_if = "is_default")]
    pub spreads: SpreadsConfig,
    /// What being short costs a year, a fraction of the value; `None`: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub borrow: Option<f64>,
    /// Funding of perpetuals.
    #[serde(skip_serializing_if = "is_default")]
    pub funding: FundingConfig,
    /// Borrowing against positions; without it see `allow_negative_cash`.
    #[serde(skip_serializing_if = "is_default")]
    pub margin: MarginConfig,
    /// Whether lots, ticks and least order values of the instruments table hold.
    #[serde(skip_serializing_if = "is_true")]
    pub steps: bool,
    /// How splits and dividends of shares are dealt with.
    #[serde(with = "as_text", skip_serializing_if = "is_default")]
    pub corporate_actions: CorporateActions,
    /// How the simulated venue fills orders.
    #[serde(skip_serializing_if = "is_default")]
    pub venue_rules: VenueConfig,
    /// How what strategies want is put to the venue.
    #[serde(skip_serializing_if = "is_default")]
    pub orders: OrdersConfig,
    /// What becomes of a held name that cannot be traded.
    #[serde(with = "as_text")]
    pub untradable: Untradable,
    /// What happens with too few names.
    #[serde(with = "as_text")]
    pub on_short: OnShort,
    /// How bars and factor rows meet.
    #[serde(with = "as_text")]
    pub align: Align,
    /// The dynamic pool; `None`: every symbol of the run.
    pub pool: Option<PoolConfig>,
    /// The universe; `None`: every symbol of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub universe: Option<UniverseConfig>,
    /// What becomes of a position whose symbol leaves pool or universe, where the strategy acts at every bar; a strategy that
    /// decides at rebalances sells it at the next one.
    #[serde(with = "as_text", skip_serializing_if = "is_default")]
    pub universe_leave: Leave,
    /// Bars before the start that an event strategy is told; `None`: as many as it looks back on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warm_up: Option<u64>,
    /// Largest absolute weight of one symbol.
    pub max_position: Option<f64>,
    /// Largest sum of absolute weights.
    pub max_gross: Option<f64>,
    /// Fraction of equity that stays cash.
    pub cash_buffer: Option<f64>,
    /// Loss from the highest equity at which everything is closed for good.
    pub max_drawdown: Option<f64>,
    /// More rules between the strategy and the venue.
    #[serde(skip_serializing_if = "is_default")]
    pub risk: RiskConfig,
    /// What an event strategy reads of each symbol; empty: bars of `timeframe`.
    #[serde(with = "as_texts", skip_serializing_if = "Vec::is_empty")]
    pub feeds: Vec<FeedKind>,
    /// How often equity is noted where trades or event bars are read; `None`: as long as the time bars the strategy decides
    /// by, else every hour.
    #[serde(with = "as_optional_text", skip_serializing_if = "Option::is_none")]
    pub sampling: Option<Delay>,
    /// Whether each decision is recorded: orders, selections, the journal.
    #[serde(skip_serializing_if = "is_true")]
    pub audit: bool,
    /// Symbol to compare with.
    pub benchmark: Option<String>,
    /// Seed of everything random; nothing is yet, but it names the run.
    pub seed: u64,
    /// Long-only targets are not scaled so that fees fit in cash.
    pub allow_negative_cash: bool,
}

impl Default for BacktestConfig {
    fn default() -> Self {
        Self {
            venue: String::new(),
            timeframe: Timeframe::new(1, crosscut_model::timeframe::Unit::Hour),
            symbols: Vec::new(),
            include: Vec::new(),
            exclude: Vec::new(),
            factor_set: String::new(),
            factor_formula: None,
            strategy: "top_k".to_owned(),
            params: BTreeMap::new(),
            start: None,
            end: None,
            capital: 1_000_000.0,
            execution: Execution::default(),
            rebalance: Rebalance::Daily,
            commission_bps: 5.0,
            slippage_bps: 3.0,
            costs: CostsConfig::default(),
            spreads: SpreadsConfig::default(),
            borrow: None,
            funding: FundingConfig::default(),
            margin: MarginConfig::default(),
            steps: true,
            corporate_actions: CorporateActions::default(),
            venue_rules: VenueConfig::default(),
            orders: OrdersConfig::default(),
            untradable: Untradable::default(),
            on_short: OnShort::default(),
            align: Align::default(),
            pool: None,
            universe: None,
            universe_leave: Leave::default(),
            warm_up: None,
            max_position: None,
            max_gross: None,
            cash_buffer: None,
            max_drawdown: None,
            risk: RiskConfig::default(),
            feeds: Vec::new(),
            sampling: None,
            audit: true,
            benchmark: None,
            seed: 0,
            allow_negative_cash: false,
        }
    }
}

/// Whether a switch that is on by default is on.
fn is_true(value: &bool) -> bool {
    *value
}

impl BacktestConfig {
    /// The configuration as it names a run: parameters completed and in canonical text, the factor's column (`factor`, as it
    /// was loaded; empty for none) filled in, name lists sorted. Two configurations that mean the same give the same value.
    ///
    /// # Errors
    /// As [`BacktestConfig::prepare`].
    pub fn canonical(&self, factor: &str) -> Result<Value, BacktestError> {
        let Prepared { strategy, universe, .. } = self.prepare()?;
        let mut config = self.clone();
        config.strategy = strategy.template.name.to_owned();
        if strategy.kind() == Kind::PerSymbol {
            config.drop_what_rules_alone_know();
            let columns = universe.as_ref().map(Universe::columns).unwrap_or_default();
            if strategy.columns().is_empty() && columns.is_empty() {
                (config.factor_set, config.align) = (String::new(), Align::default());
            }
        }
        if config.start.is_none() || config.warm_up == u64::try_from(strategy.warm_up_bars()).ok() {
            config.warm_up = None;
        }
        if let (Some(written), Some(universe)) = (&mut config.universe, &universe) {
            written.rule = universe.to_string();
        }
        let ranks_by_column = strategy.ranks_by_column();
        config.params = strategy.params;
        if ranks_by_column {
            config.params.insert("factor".to_owned(), factor.to_owned());
        }
        config.one_way_of_saying();
        for names in [&mut config.symbols, &mut config.include, &mut config.exclude, &mut config.risk.no_trade] {
            names.sort_unstable();
            names.dedup();
        }
        Ok(serde_json::to_value(&config).expect("a configuration is plain data with text keys"))
    }

    /// Sets what changes nothing for a strategy that acts at every bar to its default.
    fn drop_what_rules_alone_know(&mut self) {
        let default = Self::default();
        let only_bars = [FeedKind::Bars(BarSpec::Time(self.timeframe))];
        if self.feeds == only_bars {
            self.feeds.clear();
        }
        let is_timed = |feed: &FeedKind| matches!(feed, FeedKind::Bars(BarSpec::Time(_)));
        if self.feeds.iter().all(is_timed) {
            self.sampling = default.sampling;
        }
        self.untradable = default.untradable;
        self.on_short = default.on_short;
        self.factor_formula = default.factor_formula;
    }

    /// Says what can be said in two ways in one.
    fn one_way_of_saying(&mut self) {
        if let Some(CommissionConfig::Bps(bps)) = self.costs.commission {
            (self.commission_bps, self.costs.commission) = (bps, None);
        }
        if let Some(SlippageConfig::Bps(bps)) = self.costs.slippage {
            (self.slippage_bps, self.costs.slippage) = (bps, None);
        }
        // The short form says nothing where a model is given.
        if self.costs.commission.is_some() {
            self.commission_bps = 0.0;
        }
        if self.costs.slippage.is_some() {
            self.slippage_bps = 0.0;
        }
        self.borrow = self.borrow.filter(|rate| *rate != 0.0);
        if self.funding.source == FundingSource::None {
            self.funding = FundingConfig::default();
        }
        self.margin = self.margin.canonical();
    }

    /// Commission and slippage in words.
    pub fn costs_in_words(&self) -> String {
        let commission = match &self.costs.commission {
            None => format!("commission {} bps", self.commission_bps),
            Some(model) => format!("commission {model}"),
        };
        let slippage = match &self.costs.slippage {
            None => format!("slippage {} bps", self.slippage_bps),
            Some(model) => format!("slippage {model}"),
        };
        let borrow = self.borrow.map(|rate| format!(", borrow {rate} a year")).unwrap_or_default();
        let funding = if self.funding.source == FundingSource::Table { ", funding of the venue" } else { "" };
        let spreads = self.spreads.file.as_ref().map(|file| format!(" by {file}")).unwrap_or_default();
        format!("{commission}, {slippage}{spreads}{borrow}{funding}")
    }
}
