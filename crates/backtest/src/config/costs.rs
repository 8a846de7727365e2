//! Commission and slippage as they are written down, and the models they stand for.

use std::fmt;
use std::str::FromStr;

use crosscut_trading::cost::{
    BpsSlippage, Commission, FeeTier, FixedCommission, HalfSpread, MakerTaker, PerShare, PercentCommission, Slippage,
    SquareRootImpact, TickSlippage, VolumeShare,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::form::{Bounds, Form, Wanted, write_row};
use crate::error::BacktestError;

/// Basis points in one.
const BPS: f64 = 1e-4;

/// What basis points of a value may be.
const BPS_RANGE: Bounds = Bounds::Within(0.0, 10_000.0);

/// What basis points of a fee may be: a rebate is negative.
const FEE_RANGE: Bounds = Bounds::Within(-100.0, 10_000.0);

/// What trading costs, when more is to be said than basis points.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CostsConfig {
    /// Commission; `None`: `commission_bps` of the value traded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commission: Option<CommissionConfig>,
    /// Slippage; `None`: `slippage_bps` of the price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slippage: Option<SlippageConfig>,
}

/// Fees from a date on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TierConfig {
    /// From when they hold, microseconds UTC; `None`: from the beginning.
    pub from: Option<i64>,
    /// Least value traded in the thirty days before, quote units; `None`: everybody.
    pub above: Option<f64>,
    /// Basis points of the value for resting orders; negative is a rebate.
    pub maker_bps: f64,
    /// Basis points of the value for orders that take.
    pub taker_bps: f64,
}

/// A commission model.
#[derive(Debug, Clone, PartialEq)]
pub enum CommissionConfig {
    /// Basis points of the value traded.
    Bps(f64),
    /// Quote units per order.
    Fixed(f64),
    /// So much per unit.
    PerShare {
        /// Quote units per base unit.
        rate: f64,
        /// Least per order, quote units.
        minimum: f64,
        /// Most per order as a fraction of its value.
        maximum: Option<f64>,
    },
    /// Maker and taker fees with dates.
    MakerTaker(Vec<TierConfig>),
}

/// A slippage model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SlippageConfig {
    /// Basis points of the price.
    Bps(f64),
    /// Price steps.
    Ticks {
        /// How many.
        ticks: f64,
        /// The step where the instruments table knows none, quote units.
        tick_size: f64,
    },
    /// Half of a spread of so many basis points of the price.
    HalfSpread(f64),
    /// Fraction of the price at a whole bar's volume, growing with the square of the share.
    VolumeShare(f64),
    /// Growing with the square root of the share.
    SqrtImpact {
        /// Fraction of the price at a whole bar's volume.
        coefficient: f64,
        /// Basis points that every execution pays beside.
        base_bps: f64,
    },
}

/// Declares a parameter that must be given.
const fn needed(name: &'static str, range: Bounds) -> Wanted {
    Wanted { name, is_required: true, range }
}

/// Declares a parameter that may be given.
const fn optional(name: &'static str, range: Bounds) -> Wanted {
    Wanted { name, is_required: false, range }
}

/// A required number, after it was checked.
fn given(number: Option<f64>) -> f64 {
    number.expect("a required parameter was checked")
}

impl CommissionConfig {
    /// Names of the models.
    pub const NAMES: [&'static str; 5] = ["bps", "percent", "fixed", "per_share", "maker_taker"];

    /// Reads a form.
    ///
    /// # Errors
    /// What was expected, in words.
    pub fn from_form(form: &Form) -> Result<Self, String> {
        let one = |name, range| Ok::<f64, String>(given(form.only_row(&[needed(name, range)])?[0]));
        match form.name.as_str() {
            "bps" => Ok(Self::Bps(one("bps", BPS_RANGE)?)),
            "percent" => {
                let percent = one("percent", Bounds::Within(0.0, 100.0))?;
                // By way of the text, so that 0.07 % are 7 basis points and not 7.000000000000001.
                Ok(Self::Bps(format!("{percent}e2").parse().unwrap_or(percent * 100.0)))
            }
            "fixed" => Ok(Self::Fixed(one("amount", Bounds::NotNegative)?)),
            "per_share" => {
                let row = form.only_row(&[
                    needed("rate", Bounds::NotNegative),
                    optional("minimum", Bounds::NotNegative),
                    optional("maximum", Bounds::Share),
                ])?;
                Ok(Self::PerShare { rate: given(row[0]), minimum: row[1].unwrap_or(0.0), maximum: row[2] })
            }
            "maker_taker" => {
                let rows = form.numbers(&[
                    needed("maker_bps", FEE_RANGE),
                    needed("taker_bps", FEE_RANGE),
                    optional("from", Bounds::Time),
                    optional("above", Bounds::NotNegative),
                ])?;
                let tier = |row: &Vec<Option<f64>>| TierConfig {
                    from: row[2].map(|micros| micros as i64),
                    above: row[3].filter(|above| *above > 0.0),
                    maker_bps: given(row[0]),
                    taker_bps: given(row[1]),
                };
                let mut tiers: Vec<TierConfig> = rows.iter().map(tier).collect();
                let above = |tier: &TierConfig| tier.above.unwrap_or(0.0);
                tiers.sort_by(|a, b| a.from.cmp(&b.from).then(above(a).total_cmp(&above(b))));
                if tiers.windows(2).any(|pair| pair[0].from == pair[1].from && pair[0].above == pair[1].above) {
                    return Err("one maker_taker tier per date".to_owned());
                }
                Ok(Self::MakerTaker(tiers))
            }
            _ => Err(form.no_model(&Self::NAMES)),
        }
    }

    /// The model.
    ///
    /// # Errors
    /// [`BacktestError::Trading`] for numbers out of their range.
    pub(super) fn model(&self) -> Result<Box<dyn Commission>, BacktestError> {
        Ok(match self {
            Self::Bps(bps) => {
                Box::new(PercentCommission { rate: crosscut_trading::cost::fraction("commission_bps", *bps)? })
            }
            Self::Fixed(amount) => Box::new(FixedCommission { amount: *amount }),
            Self::PerShare { rate, minimum, maximum } => {
                Box::new(PerShare { rate: *rate, minimum: *minimum, maximum: *maximum })
            }
            Self::MakerTaker(tiers) => {
                let tier = |tier: &TierConfig| FeeTier {
                    from: tier.from.unwrap_or(i64::MIN),
                    above: tier.above.unwrap_or(0.0),
                    maker: tier.maker_bps * BPS,
                    taker: tier.taker_bps * BPS,
                };
                Box::new(MakerTaker::new(tiers.iter().map(tier).collect())?)
            }
        })
    }
}

impl fmt::Display for CommissionConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bps(bps) => write!(f, "bps:{bps}"),
            Self::Fixed(amount) => write!(f, "fixed:{amount}"),
            Self::PerShare { rate, minimum, maximum } => {
                write!(f, "per_share:")?;
                write_row(f, &[("rate", Some(*rate)), ("minimum", Some(*minimum)), ("maximum", *maximum)])
            }
            Self::MakerTaker(tiers) => {
                write!(f, "maker_taker:")?;
                for (at, tier) in tiers.iter().enumerate() {
                    f.write_str(if at > 0 { ";" } else { "" })?;
                    let from = tier.from.map(|micros| micros as f64);
                    let (maker, taker) = (Some(tier.maker_bps), Some(tier.taker_bps));
                    write_row(f, &[("maker_bps", maker), ("taker_bps", taker), ("from", from), ("above", tier.above)])?;
                }
                Ok(())
            }
        }
    }
}

impl SlippageConfig {
    /// Names of the models.
    pub const NAMES: [&'static str; 5] = ["bps", "ticks", "half_spread", "volume_share", "sqrt_impact"];

    /// Reads a form.
    ///
    /// # Errors
    /// What was expected, in words.
    pub fn from_form(form: &Form) -> Result<Self, String> {
        let one = |name, range| Ok::<f64, String>(given(form.only_row(&[needed(name, range)])?[0]));
        match form.name.as_str() {
            "bps" => Ok(Self::Bps(one("bps", BPS_RANGE)?)),
            "ticks" => {
                let row =
                    form.only_row(&[needed("ticks", Bounds::NotNegative), needed("tick_size", Bounds::Positive)])?;
                Ok(Self::Ticks { ticks: given(row[0]), tick_size: given(row[1]) })
            }
            "half_spread" => Ok(Self::HalfSpread(one("spread_bps", BPS_RANGE)?)),
            "volume_share" => Ok(Self::VolumeShare(one("coefficient", Bounds::Within(0.0, 1.0))?)),
            "sqrt_impact" | "square_root_impact" => {
                let row =
                    form.only_row(&[needed("coefficient", Bounds::Within(0.0, 1.0)), optional("base_bps", BPS_RANGE)])?;
                let (coefficient, base_bps) = (given(row[0]), row[1].unwrap_or(0.0));
                if coefficient + base_bps * BPS >= 1.0 {
                    return Err("coefficient and base_bps to be less than the whole price together".to_owned());
                }
                Ok(Self::SqrtImpact { coefficient, base_bps })
            }
            _ => Err(form.no_model(&Self::NAMES)),
        }
    }

    /// The model.
    ///
    /// # Errors
    /// [`BacktestError::Trading`] for numbers out of their range.
    pub(super) fn model(self) -> Result<Box<dyn Slippage>, BacktestError> {
        Ok(match self {
            Self::Bps(bps) => Box::new(BpsSlippage { rate: crosscut_trading::cost::fraction("slippage_bps", bps)? }),
            Self::Ticks { ticks, tick_size } => Box::new(TickSlippage { ticks, tick_size }),
            Self::HalfSpread(bps) => Box::new(HalfSpread { spread: bps * BPS }),
            Self::VolumeShare(coefficient) => Box::new(VolumeShare { coefficient }),
            Self::SqrtImpact { coefficient, base_bps } => {
                Box::new(SquareRootImpact { coefficient, base: base_bps * BPS })
            }
        })
    }
}

impl fmt::Display for SlippageConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Bps(bps) => write!(f, "bps:{bps}"),
            Self::Ticks { ticks, tick_size } => write!(f, "ticks:ticks={ticks},tick_size={tick_size}"),
            Self::HalfSpread(bps) => write!(f, "half_spread:{bps}"),
            Self::VolumeShare(coefficient) => write!(f, "volume_share:{coefficient}"),
            Self::SqrtImpact { coefficient, base_bps } => {
                write!(f, "sqrt_impact:coefficient={coefficient},base_bps={base_bps}")
            }
        }
    }
}

/// Gives a model its text and serde forms: texts are parsed, mappings of YAML are read as forms.
macro_rules! written_as_form {
    ($model:ty, $key:literal) => {
        impl FromStr for $model {
            type Err = BacktestError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::from_form(&Form::parse(text)).map_err(|expected| BacktestError::Setting {
                    key: $key,
                    value: text.to_owned(),
                    expected,
                })
            }
        }

        impl Serialize for $model {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $model {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = Value::deserialize(deserializer)?;
                let model = Form::from_value(&value).and_then(|form| Self::from_form(&form));
                model.map_err(|expected| {
                    let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    let error = BacktestError::Setting { key: $key, value, expected };
                    serde::de::Error::custom(error)
                })
            }
        }
    };
}

written_as_form!(CommissionConfig, "costs.commission");
written_as_form!(SlippageConfig, "costs.slippage");
