//! The dynamic pool and the meeting of bars and factor rows, as they are written down.

use std::fmt;
use std::str::FromStr;

use crosscut_model::Timeframe;
use crosscut_model::calendar::Rebalance;
use crosscut_trading::pool::PoolRule;
use crosscut_trading::universe::Universe;
use serde::{Deserialize, Serialize};

use super::text::as_text;
use crate::error::BacktestError;

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

/// The universe as it is written down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UniverseConfig {
    /// Conditions, as [`Universe::parse`] reads them.
    pub rule: String,
    /// The periods for which a choice holds.
    #[serde(with = "as_text")]
    pub reselect: Rebalance,
}

impl Default for UniverseConfig {
    fn default() -> Self {
        Self { rule: String::new(), reselect: Rebalance::MonthStart }
    }
}

impl UniverseConfig {
    /// The rule.
    pub(super) fn prepare(&self) -> Result<Universe, BacktestError> {
        Ok(Universe::parse(&self.rule, self.reselect)?)
    }
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

impl PoolConfig {
    /// The rule, unchecked.
    pub(super) fn rule(&self) -> PoolRule {
        PoolRule { top_n: self.top_n, reselect: self.reselect, lookback: self.lookback, min_bars: self.min_bars }
    }
}
