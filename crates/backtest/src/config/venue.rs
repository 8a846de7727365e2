//! How the simulated venue fills orders, and the feeds a strategy reads, as they are written down.

use std::fmt;
use std::str::FromStr;

use crosscut_model::BarSpec;
use crosscut_trading::rules::Execution;
use crosscut_trading::venue::{LimitFill, PathRule, Session, VenueRules};
use serde::{Deserialize, Serialize};

use super::text::{Delay, as_text};
use crate::error::BacktestError;

/// The choices a simulation of fills has to make.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VenueConfig {
    /// In what order a bar visits its extremes.
    #[serde(with = "as_text")]
    pub path: PathRule,
    /// When a resting limit order counts as filled.
    #[serde(with = "as_text")]
    pub limit_fill: LimitFill,
    /// Largest share of a bar's or trade's volume that the orders of a symbol take together; `None`: no cap.
    pub participation: Option<f64>,
    /// How long a request takes to the venue.
    #[serde(with = "as_text")]
    pub latency: Delay,
    /// What open and close mean to on-open, on-close and day orders.
    #[serde(with = "as_text")]
    pub session: Session,
}

impl VenueConfig {
    /// The rules.
    ///
    /// # Errors
    /// [`BacktestError`] naming the rule.
    pub(super) fn prepare(&self, market: Execution) -> Result<VenueRules, BacktestError> {
        let rules = VenueRules {
            path: self.path,
            limit_fill: self.limit_fill,
            market,
            participation: self.participation,
            latency: self.latency.0,
            session: self.session,
        };
        rules.check()?;
        Ok(rules)
    }
}

/// A feed an event strategy reads, for each of its symbols.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FeedKind {
    /// Bars of any kind.
    Bars(BarSpec),
    /// Single trades.
    Ticks,
}

impl FromStr for FeedKind {
    type Err = BacktestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if ["ticks", "trades"].contains(&text.trim().to_lowercase().as_str()) {
            return Ok(Self::Ticks);
        }
        text.parse().map(Self::Bars).map_err(|_| BacktestError::Setting {
            key: "feeds",
            value: text.to_owned(),
            expected: "ticks, or bars such as 1h, 1d, tick-1000, volume-50, dollar-1000000".to_owned(),
        })
    }
}

impl fmt::Display for FeedKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bars(bar) => write!(f, "{bar}"),
            Self::Ticks => f.write_str("ticks"),
        }
    }
}
