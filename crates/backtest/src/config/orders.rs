//! How what strategies want at market is put to the venue, as it is written down.

use std::fmt;
use std::str::FromStr;

use crosscut_trading::floor::placing::{Lasting, Placed};
use crosscut_trading::floor::{Offsets, Placing};
use serde::{Deserialize, Serialize};

use super::text::{Delay, Fraction, as_optional_text, as_text, is_default};
use crate::error::BacktestError;

/// The terms of orders.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OrdersConfig {
    /// The kind of order, with offsets as fractions of the last price.
    #[serde(rename = "type", with = "as_text")]
    pub kind: Placed,
    /// The kind of order that opens or increases a position; `None`: as any other.
    #[serde(with = "as_optional_text", skip_serializing_if = "Option::is_none")]
    pub entry: Option<Placed>,
    /// How long it works.
    #[serde(with = "as_text")]
    pub tif: LastingText,
    /// Whether it is cancelled where it would take.
    pub post_only: bool,
    /// How far the stop of what opens or increases a position is from its entry.
    #[serde(with = "as_optional_text", skip_serializing_if = "Option::is_none")]
    pub stop: Option<Fraction>,
    /// How far the limit that takes its profit is from its entry.
    #[serde(with = "as_optional_text", skip_serializing_if = "Option::is_none")]
    pub take_profit: Option<Fraction>,
    /// Whether a signal's working order follows the last price.
    #[serde(skip_serializing_if = "is_default")]
    pub reprice: bool,
}

/// How long an order works, written `gtc`, `day`, `ioc`, `fok` or as a length of time from the decision on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LastingText(pub Lasting);

impl FromStr for LastingText {
    type Err = BacktestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let lasting = match text.trim().to_lowercase().as_str() {
            "gtc" => Lasting::Gtc,
            "day" => Lasting::Day,
            "ioc" => Lasting::Ioc,
            "fok" => Lasting::Fok,
            other => match other.parse::<Delay>() {
                Ok(Delay(length)) if length > 0 => Lasting::Within(length),
                _ => {
                    let expected = "gtc, day, ioc, fok, or a length of time such as 6h";
                    return Err(BacktestError::setting("orders.tif", text, expected));
                }
            },
        };
        Ok(Self(lasting))
    }
}

impl fmt::Display for LastingText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Lasting::Gtc => f.write_str("gtc"),
            Lasting::Day => f.write_str("day"),
            Lasting::Ioc => f.write_str("ioc"),
            Lasting::Fok => f.write_str("fok"),
            Lasting::Within(length) => write!(f, "{}", Delay(length)),
        }
    }
}

impl OrdersConfig {
    /// The terms, checked.
    ///
    /// # Errors
    /// [`BacktestError`] naming the terms that do not fit together.
    pub(super) fn prepare(&self) -> Result<Placing, BacktestError> {
        let offset = |fraction: Option<Fraction>| fraction.map(|Fraction(fraction)| fraction);
        let placing = Placing {
            kind: self.kind,
            entry: self.entry,
            lasting: self.tif.0,
            is_post_only: self.post_only,
            exits: Offsets { stop_loss: offset(self.stop), take_profit: offset(self.take_profit) },
            is_repriced: self.reprice,
        };
        placing.check()?;
        Ok(placing)
    }
}
