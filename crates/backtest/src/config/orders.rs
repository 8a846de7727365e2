//! How what strategies want at market is put to the venue, as it is written down.

use std::fmt;
use std::str::FromStr;

use crosscut_trading::floor::Placing;
use crosscut_trading::floor::placing::{Lasting, Placed};
use serde::{Deserialize, Serialize};

use super::text::{Delay, as_text};
use crate::error::BacktestError;

/// The terms of orders.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OrdersConfig {
    /// The kind of order, with offsets as fractions of the last price.
    #[serde(rename = "type", with = "as_text")]
    pub kind: Placed,
    /// How long it works.
    #[serde(with = "as_text")]
    pub tif: LastingText,
    /// Whether it is cancelled where it would take.
    pub post_only: bool,
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
        let placing = Placing { kind: self.kind, lasting: self.tif.0, is_post_only: self.post_only };
        placing.check()?;
        Ok(placing)
    }
}
