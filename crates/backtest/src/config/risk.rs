//! Rules of the risk guard beyond position, gross, cash buffer and drawdown, as they are written down.

use crosscut_trading::guard::{RiskRules, StopsAt};
use crosscut_trading::limits::Limits;
use serde::{Deserialize, Serialize};

use super::text::{Delay, as_optional_text};
use crate::error::BacktestError;

/// Rules of the guard; each is off unless given.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RiskConfig {
    /// Largest value of one order, quote units.
    pub max_order: Option<f64>,
    /// Largest absolute sum of weights.
    pub max_net: Option<f64>,
    /// Most symbols held or about to be.
    pub max_positions: Option<usize>,
    /// Loss from the entry price at which a position is closed, a fraction.
    pub stop_loss: Option<f64>,
    /// Profit from the entry price at which a position is closed, a fraction.
    pub take_profit: Option<f64>,
    /// Loss from the best price since the entry at which a position is closed, a fraction.
    pub trailing_stop: Option<f64>,
    /// Loss since the UTC day's first equity at which everything is closed until the next day, a fraction.
    pub daily_loss: Option<f64>,
    /// How long a symbol may not be opened after a stop closed it.
    #[serde(with = "as_optional_text")]
    pub cooldown: Option<Delay>,
    /// Most value traded in a UTC day as a multiple of the day's first equity.
    pub turnover: Option<f64>,
    /// Symbols that may not be opened.
    pub no_trade: Vec<String>,
}

impl RiskConfig {
    /// The rules, before symbols have numbers: see [`RiskConfig::no_trade`].
    ///
    /// # Errors
    /// [`BacktestError`] naming the rule.
    pub(super) fn prepare(&self, limits: Limits) -> Result<RiskRules, BacktestError> {
        let refuse = |key, value: String, expected: &str| {
            Err(BacktestError::Setting { key, value, expected: expected.to_owned() })
        };
        if self.max_positions == Some(0) {
            return refuse("max_positions", "0".to_owned(), "at least 1");
        }
        if self.cooldown.is_some_and(|cooldown| cooldown.0 <= 0) {
            return refuse("cooldown", "0".to_owned(), "a length of time above 0, such as 4h");
        }
        if self.cooldown.is_some() && [self.stop_loss, self.take_profit, self.trailing_stop].iter().all(Option::is_none)
        {
            let expected = "nothing without stop_loss, take_profit or trailing_stop, after which it waits";
            return refuse("cooldown", self.cooldown.unwrap_or_default().to_string(), expected);
        }
        let rules = RiskRules {
            limits,
            max_order: self.max_order,
            max_net: self.max_net,
            max_positions: self.max_positions,
            stop_loss: self.stop_loss,
            take_profit: self.take_profit,
            trailing_stop: self.trailing_stop,
            stops_at: StopsAt::Path,
            daily_loss: self.daily_loss,
            cooldown: self.cooldown.map(|cooldown| cooldown.0),
            turnover: self.turnover,
            no_trade: Vec::new(),
        };
        rules.check()?;
        Ok(rules)
    }
}

/// The numbers of symbols in a sorted list, ascending.
///
/// # Errors
/// [`BacktestError::Unknown`] with the nearest name.
pub(super) fn positions(names: &[String], symbols: &[String]) -> Result<Vec<u32>, BacktestError> {
    let place = |name: &String| {
        let at = symbols.binary_search(name);
        at.map(|at| at as u32)
            .map_err(|_| BacktestError::unknown("no_trade symbol", name, "this run".to_owned(), symbols))
    };
    let mut positions = names.iter().map(place).collect::<Result<Vec<u32>, _>>()?;
    positions.sort_unstable();
    positions.dedup();
    Ok(positions)
}
