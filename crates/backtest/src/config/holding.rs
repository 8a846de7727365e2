//! What holding costs and what may be borrowed, as it is written down: funding and margin.

use std::fmt;
use std::str::FromStr;

use crosscut_model::BarSpec;
use crosscut_model::time::DAY;
use crosscut_trading::account::Margin;
use crosscut_trading::funding::{FundingRules, MissingMark, MissingRow};
use serde::{Deserialize, Serialize};

use super::text::{Delay, as_text};
use crate::error::BacktestError;

/// Where funding comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FundingSource {
    /// Nothing is paid.
    #[default]
    None,
    /// The hub's funding table of each symbol.
    Table,
}

impl FromStr for FundingSource {
    type Err = BacktestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim().to_lowercase().as_str() {
            "none" => Ok(Self::None),
            "table" => Ok(Self::Table),
            _ => Err(BacktestError::Setting {
                key: "funding.source",
                value: text.to_owned(),
                expected: "none or table".to_owned(),
            }),
        }
    }
}

impl fmt::Display for FundingSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Table => "table",
        })
    }
}

/// Funding of perpetuals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FundingConfig {
    /// Where it comes from.
    #[serde(with = "as_text")]
    pub source: FundingSource,
    /// What to do about a row that is missing.
    #[serde(with = "as_text")]
    pub missing_row: MissingRow,
    /// What to do about a mark price that is missing.
    #[serde(with = "as_text")]
    pub missing_mark: MissingMark,
    /// Bars whose closes are the mark prices.
    #[serde(with = "as_text")]
    pub mark_bars: BarSpec,
    /// The oldest mark price that counts.
    #[serde(with = "as_text")]
    pub mark_age_max: Delay,
}

impl Default for FundingConfig {
    fn default() -> Self {
        Self {
            source: FundingSource::None,
            missing_row: MissingRow::Error,
            missing_mark: MissingMark::Error,
            mark_bars: BarSpec::Mark(crosscut_model::Timeframe::new(1, crosscut_model::timeframe::Unit::Hour)),
            mark_age_max: Delay(DAY / 3),
        }
    }
}

/// What funding a run asks for, checked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FundingPlanned {
    /// Bars whose closes are the mark prices.
    pub mark_bars: BarSpec,
    /// The policies.
    pub rules: FundingRules,
}

impl FundingConfig {
    /// The funding of a run; `None` when nothing is paid.
    ///
    /// # Errors
    /// [`BacktestError::Setting`] for mark bars that are not of marks, or an age of 0.
    pub fn prepare(&self) -> Result<Option<FundingPlanned>, BacktestError> {
        if self.source == FundingSource::None {
            return Ok(None);
        }
        let refuse = |key, value: String, expected: &str| {
            Err(BacktestError::Setting { key, value, expected: expected.to_owned() })
        };
        if self.mark_bars.is_event() {
            return refuse("funding.mark_bars", self.mark_bars.to_string(), "time bars such as mark-1h or 1h");
        }
        if self.mark_age_max.0 <= 0 {
            return refuse("funding.mark_age_max", self.mark_age_max.to_string(), "a length of time such as 8h");
        }
        let rules = FundingRules {
            missing_row: self.missing_row,
            missing_mark: self.missing_mark,
            mark_age_max: self.mark_age_max.0,
        };
        Ok(Some(FundingPlanned { mark_bars: self.mark_bars, rules }))
    }
}

/// Borrowing against positions. Empty: none.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MarginConfig {
    /// Gross position value per unit of equity that may be opened: 1 over `initial`.
    pub leverage: Option<f64>,
    /// Equity needed per unit of gross position value to open.
    pub initial: Option<f64>,
    /// Equity needed per unit of gross position value to keep; `None`: half of `initial`.
    pub maintenance: Option<f64>,
    /// Charged on the value liquidated, a fraction; `None`: nothing.
    pub liquidation_fee: Option<f64>,
}

impl MarginConfig {
    /// The margin of a run; `None` when none is asked for.
    ///
    /// # Errors
    /// [`BacktestError`] for numbers out of range, and for parts that contradict one another or say nothing alone.
    pub fn prepare(&self) -> Result<Option<Margin>, BacktestError> {
        let refuse = |key, value: f64, expected: String| {
            Err(BacktestError::Setting { key, value: format!("{value:?}"), expected })
        };
        if let Some(leverage) = self.leverage.filter(|leverage| !(*leverage >= 1.0 && *leverage <= 1000.0)) {
            return refuse("margin.leverage", leverage, "a number from 1 to 1000".to_owned());
        }
        let initial = match (self.initial, self.leverage) {
            (None, None) => {
                let parts =
                    [("margin.maintenance", self.maintenance), ("margin.liquidation_fee", self.liquidation_fee)];
                return match parts.into_iter().find_map(|(key, value)| Some((key, value?))) {
                    Some((key, value)) => {
                        refuse(key, value, "nothing without margin.leverage or margin.initial".to_owned())
                    }
                    None => Ok(None),
                };
            }
            (Some(initial), None) => initial,
            (None, Some(leverage)) => 1.0 / leverage,
            (Some(initial), Some(leverage)) if (initial * leverage - 1.0).abs() < 1e-9 => initial,
            (Some(_), Some(leverage)) => {
                return refuse("margin.leverage", leverage, "1 over margin.initial; give one of them".to_owned());
            }
        };
        let maintenance = self.maintenance.unwrap_or(initial / 2.0);
        let margin = Margin { initial, maintenance, liquidation_fee: self.liquidation_fee.unwrap_or(0.0) };
        margin.check()?;
        Ok(Some(margin))
    }

    /// The same margin with every part said once, for the text that names a run.
    pub(super) fn canonical(&self) -> Self {
        match self.prepare() {
            Ok(Some(margin)) => Self {
                leverage: None,
                initial: Some(margin.initial),
                maintenance: Some(margin.maintenance),
                liquidation_fee: Some(margin.liquidation_fee),
            },
            _ => *self,
        }
    }
}
