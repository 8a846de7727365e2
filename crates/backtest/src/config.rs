//! What a backtest is asked to do: everything that can change a number, and nothing else.
//!
//! Texts are those of the command line. [`BacktestConfig::prepare`] checks them once and hands the proof on;
//! [`BacktestConfig::canonical`] is the form that names a run.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crosscut_model::calendar::Rebalance;
use crosscut_model::{Range, Timeframe};
use crosscut_trading::cost::Costs;
use crosscut_trading::limits::Limits;
use crosscut_trading::pool::PoolRule;
use crosscut_trading::rules::{Execution, OnShort, Untradable};
use crosscut_trading::strategy::{self, Resolved};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::BacktestError;
use crate::panel::Panel;

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
    /// Largest absolute weight of one symbol.
    pub max_position: Option<f64>,
    /// Largest sum of absolute weights.
    pub max_gross: Option<f64>,
    /// Fraction of equity that stays cash.
    pub cash_buffer: Option<f64>,
    /// Loss from the highest equity at which everything is closed for good.
    pub max_drawdown: Option<f64>,
    /// Symbol to compare with.
    pub benchmark: Option<String>,
    /// Seed of everything random; nothing is yet, but it names the run.
    pub seed: u64,
    /// Long-only targets are not scaled so that fees fit in cash.
    pub allow_negative_cash: bool,
}

/// The dynamic pool as it is written down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PoolConfig {
    /// How many names.
    pub top_n: usize,
    /// The periods for which a pool holds.
    #[serde(with = "as_text")]
    pub reselect: Rebalance,
    /// How far back from the period's first label it looks.
    #[serde(with = "as_text")]
    pub lookback: Timeframe,
    /// Fewest bars a name needs there.
    pub min_bars: usize,
}

/// How the bars and the factor rows of one symbol meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Align {
    /// Only labels that both tables have.
    #[default]
    Intersect,
    /// Every bar stays; one without a factor row takes the last row before it, at most so many of the symbol's bars old.
    ForwardFill(usize),
    /// A symbol whose tables differ in their labels is left out of the run.
    Drop,
}

impl FromStr for Align {
    type Err = BacktestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || BacktestError::Setting {
            key: "align",
            value: text.to_owned(),
            expected: "intersect, forward_fill:N (N bars, at least 1) or drop".to_owned(),
        };
        let word = text.trim().to_lowercase().replace('-', "_");
        match word.split_once(':') {
            None if word == "intersect" => Ok(Self::Intersect),
            None if word == "drop" => Ok(Self::Drop),
            Some(("forward_fill", n_bars)) => {
                n_bars.parse().ok().filter(|&n: &usize| n > 0).map(Self::ForwardFill).ok_or_else(error)
            }
            _ => Err(error()),
        }
    }
}

impl fmt::Display for Align {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Intersect => f.write_str("intersect"),
            Self::ForwardFill(n_bars) => write!(f, "forward_fill:{n_bars}"),
            Self::Drop => f.write_str("drop"),
        }
    }
}

impl Default for PoolConfig {
    fn default() -> Self {
        let lookback = Timeframe::new(30, crosscut_model::timeframe::Unit::Day);
        Self { top_n: 100, reselect: Rebalance::MonthStart, lookback, min_bars: 168 }
    }
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
            untradable: Untradable::default(),
            on_short: OnShort::default(),
            align: Align::default(),
            pool: None,
            max_position: None,
            max_gross: None,
            cash_buffer: None,
            max_drawdown: None,
            benchmark: None,
            seed: 0,
            allow_negative_cash: false,
        }
    }
}

/// More capital than this is a slip, and its squares would not fit in a number.
const CAPITAL_MAX: f64 = 1e18;

/// A configuration that has been checked, with what was made from it.
#[derive(Debug)]
pub struct Prepared {
    /// The strategy, its parameters completed.
    pub strategy: Resolved,
    /// Cost models.
    pub costs: Costs,
    /// Limits.
    pub limits: Limits,
    /// The dynamic pool.
    pub pool: Option<PoolRule>,
    /// First label and end of the run.
    pub range: Range,
}

impl BacktestConfig {
    /// Checks every setting that can be checked without data.
    ///
    /// # Errors
    /// [`BacktestError`] naming the setting, the value and what was expected.
    pub fn prepare(&self) -> Result<Prepared, BacktestError> {
        let strategy = strategy::resolve(&self.strategy, &self.params)?;
        let costs = Costs::from_bps(self.commission_bps, self.slippage_bps)?;
        let limits = Limits {
            max_position: self.max_position,
            max_gross: self.max_gross,
            cash_buffer: self.cash_buffer,
            max_drawdown: self.max_drawdown,
        };
        limits.check()?;
        if !(self.capital > 0.0 && self.capital <= CAPITAL_MAX) {
            return Err(BacktestError::Setting {
                key: "capital",
                value: format!("{:?}", self.capital),
                expected: format!("an amount above 0, at most {CAPITAL_MAX:e}"),
            });
        }
        if let (Some(start), Some(end)) = (self.start, self.end)
            && start >= end
        {
            return Err(BacktestError::Setting {
                key: "end",
                value: crosscut_model::format_iso(end),
                expected: format!("a time after the start, {}", crosscut_model::format_iso(start)),
            });
        }
        let pool = self.pool.as_ref().map(PoolConfig::rule);
        if let Some(pool) = &pool {
            pool.check()?;
        }
        Ok(Prepared { strategy, costs, limits, pool, range: Range { start: self.start, end: self.end } })
    }

    /// The configuration as it names a run: parameters completed and in canonical text, the factor's column filled in,
    /// name lists sorted. Two configurations that mean the same give the same value.
    ///
    /// # Errors
    /// As [`BacktestConfig::prepare`].
    pub fn canonical(&self, panel: &Panel) -> Result<Value, BacktestError> {
        let strategy = self.prepare()?.strategy;
        let mut config = self.clone();
        config.strategy = strategy.template.name.to_owned();
        config.params = strategy.params.clone();
        if !strategy.columns().is_empty() {
            config.params.insert("factor".to_owned(), panel.factor().to_owned());
        }
        for names in [&mut config.symbols, &mut config.include, &mut config.exclude] {
            names.sort_unstable();
            names.dedup();
        }
        Ok(serde_json::to_value(&config).expect("a configuration is plain data with text keys"))
    }
}

impl PoolConfig {
    /// The rule, unchecked.
    fn rule(&self) -> PoolRule {
        PoolRule { top_n: self.top_n, reselect: self.reselect, lookback: self.lookback, min_bars: self.min_bars }
    }
}

/// Values written as the text the command line takes.
mod as_text {
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes the text.
    pub(super) fn serialize<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    /// Reads the text.
    pub(super) fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
    where
        T: FromStr,
        T::Err: Display,
        D: Deserializer<'de>,
    {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// Optional times written in ISO-8601.
mod as_iso {
    use crosscut_model::{format_iso, parse_iso};
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// Writes the time, or null.
    pub(super) fn serialize<S: Serializer>(value: &Option<i64>, serializer: S) -> Result<S::Ok, S::Error> {
        value.map(format_iso).serialize(serializer)
    }

    /// Reads the time, or null.
    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| parse_iso(&text).map_err(D::Error::custom)).transpose()
    }
}
