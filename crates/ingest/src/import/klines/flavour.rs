//! What the prices of bars are prices of.

use crosscut_model::{BarSpec, Timeframe};

/// What the prices of a bar file are prices of. Venues write all three in the columns of traded bars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Flavour {
    /// Trades.
    Traded,
    /// The mark price, at which a perpetual is valued and its funding paid. Nothing trades at it.
    Mark,
    /// The premium index: how far a perpetual is from its index, around zero.
    Premium,
}

impl Flavour {
    /// The kind of bars of a length.
    pub fn spec(self, timeframe: Timeframe) -> BarSpec {
        match self {
            Self::Traded => BarSpec::Time(timeframe),
            Self::Mark => BarSpec::Mark(timeframe),
            Self::Premium => BarSpec::Premium(timeframe),
        }
    }

    /// The bars in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Traded => "klines",
            Self::Mark => "mark-price klines",
            Self::Premium => "premium-index klines",
        }
    }
}
