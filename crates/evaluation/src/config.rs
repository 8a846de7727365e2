//! What an evaluation is asked for: all that can change a number.

use std::path::PathBuf;

use crosscut_model::{Range, Timeframe, format_iso};
use crosscut_trading::pool::PoolRule;
use serde_json::{Value, json};

use crate::error::EvaluationError;
use crate::horizon::{Calendar, Horizon};
use crate::market::Delisting;
use crate::quantile::{QUANTILES_MAX, QuantileRule};
use crate::section::{Rows, SectionRules};

/// The price at which is traded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriceColumn {
    /// The open of the bar.
    Open,
    /// The close of the bar.
    Close,
    /// The volume-weighted price of the bar.
    Vwap,
}

impl PriceColumn {
    /// All columns by name.
    pub const NAMES: [(&'static str, Self); 3] = [("open", Self::Open), ("close", Self::Close), ("vwap", Self::Vwap)];

    /// The column of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, column)| *column)
    }

    /// The name of the column.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, column)| *column == self).map_or("", |(name, _)| name)
    }
}

/// What trading costs.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Costs {
    /// Commission, basis points of what is bought or sold.
    pub commission_bps: f64,
    /// Slippage, basis points of what is bought or sold.
    pub slippage_bps: f64,
    /// Whether positions pay the venue's funding.
    pub funding: bool,
}

impl Costs {
    /// Commission and slippage as a share of what is bought or sold.
    pub fn rate(&self) -> f64 {
        (self.commission_bps + self.slippage_bps) / 10_000.0
    }
}

/// Which other factors a factor is held against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Against {
    /// All other factors of the timeframe in the hub.
    All,
    /// None.
    None,
    /// Those of these sets.
    Sets(Vec<String>),
}

/// What an evaluation is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluationConfig {
    /// Venue of the prices.
    pub venue: String,
    /// Timeframe of the factor set.
    pub timeframe: Timeframe,
    /// The factor set.
    pub factor_set: String,
    /// Factors, or patterns of their names.
    pub factors: Vec<String>,
    /// Holding periods; the first is the one factors are compared by.
    pub horizons: Vec<Horizon>,
    /// Number of portfolios.
    pub n_quantiles: usize,
    /// How names are divided into portfolios.
    pub rule: QuantileRule,
    /// Which rows take part.
    pub rows: Rows,
    /// Fewest names of a cross-section that is judged.
    pub min_names: usize,
    /// A group file.
    pub group: Option<PathBuf>,
    /// A pool snapshot of the hub.
    pub pool: Option<String>,
    /// A pool that is chosen anew over time.
    pub dynamic_pool: Option<PoolRule>,
    /// Labels of the factor's rows, and of prices: nothing at or after the end is looked at.
    pub range: Range,
    /// Only these symbols; all of the set when empty.
    pub symbols: Vec<String>,
    /// The price at which is traded.
    pub price: PriceColumn,
    /// Bars of prices between the one that was known and the one that is traded at.
    pub lag: usize,
    /// Other bars for prices than those of the factor's timeframe.
    pub price_bars: Option<Timeframe>,
    /// How lengths of time are counted; found out from the data when not given.
    pub calendar: Option<Calendar>,
    /// What a symbol that delists while it is held returns.
    pub delisting: Delisting,
    /// What trading costs.
    pub costs: Costs,
    /// Share of a bar's dollar volume that a trade may take, for the capacity estimate.
    pub participation: f64,
    /// Seed of the bootstrap.
    pub seed: u64,
    /// Resampled series of the bootstrap.
    pub n_draws: usize,
    /// Largest share of rows that may be dropped; no limit when not given.
    pub loss_max: Option<f64>,
    /// Which other factors a factor is held against.
    pub against: Against,
    /// How many factors are reported in full.
    pub n_detailed: usize,
}

impl EvaluationConfig {
    /// Checks what can be checked without data.
    ///
    /// # Errors
    /// [`EvaluationError::Setting`] that names the setting, the value seen and what was expected.
    pub fn check(&self) -> Result<(), EvaluationError> {
        let refuse = |text: String| Err(EvaluationError::Setting(text));
        if self.horizons.is_empty() || self.horizons.len() > 20 {
            return refuse(format!("{} horizons were given; expected 1 to 20", self.horizons.len()));
        }
        for (at, horizon) in self.horizons.iter().enumerate() {
            let same =
                |other: &Horizon| other == horizon || (other.micros().is_some() && other.micros() == horizon.micros());
            if self.horizons[..at].iter().any(same) {
                return refuse(format!("the horizon {horizon} is given twice"));
            }
        }
        if !(2..=QUANTILES_MAX).contains(&self.n_quantiles) {
            return refuse(format!("{} quantiles: expected 2 to {QUANTILES_MAX}", self.n_quantiles));
        }
        if self.min_names < 2 {
            return refuse(format!("min_names is {}; a cross-section needs at least 2 names", self.min_names));
        }
        if self.lag == 0 && self.price != PriceColumn::Close {
            return refuse(format!(
                "the {} of a bar that is just known lies before the decision\nhint: use --lag 1, or --price close with --lag 0",
                self.price.name()
            ));
        }
        for (what, value) in [("commission_bps", self.costs.commission_bps), ("slippage_bps", self.costs.slippage_bps)]
        {
            if !(0.0..=10_000.0).contains(&value) {
                return refuse(format!("costs: {what} is {value}; expected 0 to 10000"));
            }
        }
        if !(self.participation > 0.0 && self.participation <= 1.0) {
            return refuse(format!("participation is {}; expected above 0, at most 1", self.participation));
        }
        if let Some(limit) = self.loss_max.filter(|limit| !(0.0..=1.0).contains(limit)) {
            return refuse(format!("max_loss is {limit}; expected a share from 0 to 1"));
        }
        if self.n_draws > 100_000 {
            return refuse(format!("{} bootstrap draws; expected at most 100000", self.n_draws));
        }
        if let Some(rule) = &self.dynamic_pool {
            rule.check().map_err(|error| EvaluationError::Setting(error.to_string()))?;
        }
        if self.pool.is_some() && self.dynamic_pool.is_some() {
            return refuse("a pool snapshot and a pool chosen over time exclude each other".to_owned());
        }
        Ok(())
    }

    /// The rules of cross-sections.
    pub fn section_rules(&self) -> SectionRules {
        SectionRules { n_quantiles: self.n_quantiles, rule: self.rule, rows: self.rows, min_names: self.min_names }
    }

    /// The configuration in canonical form.
    pub fn canonical(&self) -> Value {
        let time = |at: Option<i64>| at.map(format_iso);
        let pool = self.dynamic_pool.as_ref().map(|rule| {
            json!({"top_n": rule.top_n, "reselect": rule.reselect.to_string(), "lookback": rule.lookback.to_string(), "min_bars": rule.min_bars})
        });
        json!({
            "venue": self.venue,
            "timeframe": self.timeframe.to_string(),
            "factor_set": self.factor_set,
            "factors": self.factors,
            "horizons": self.horizons.iter().map(Horizon::to_string).collect::<Vec<_>>(),
            "quantiles": self.n_quantiles,
            "quantile_rule": self.rule.name(),
            "rows": match self.rows { Rows::Each => "each", Rows::Common => "common" },
            "min_names": self.min_names,
            "group": self.group.as_ref().map(|path| path.file_name().unwrap_or_default().to_string_lossy().into_owned()),
            "pool": self.pool,
            "dynamic_pool": pool,
            "start": time(self.range.start),
            "end": time(self.range.end),
            "symbols": self.symbols,
            "price": self.price.name(),
            "lag": self.lag,
            "price_bars": self.price_bars.map(|bars| bars.to_string()),
            "calendar": self.calendar.map(Calendar::name),
            "delisting": self.delisting.name(),
            "costs": {
                "commission_bps": self.costs.commission_bps,
                "slippage_bps": self.costs.slippage_bps,
                "funding": self.costs.funding,
            },
            "participation": self.participation,
            "seed": self.seed,
            "bootstrap": self.n_draws,
            "max_loss": self.loss_max,
            "against": match &self.against {
                Against::All => json!("all"),
                Against::None => json!("none"),
                Against::Sets(sets) => json!(sets),
            },
            "detail": self.n_detailed,
        })
    }
}
