//! Why bars cannot be built.

use crosscut_model::{BarSpec, Timeframe};

/// Why bars cannot be built.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum BarsError {
    /// The kind of bar is published by the venue and is no function of trades.
    #[error(
        "bars of kind `{spec}` come from the venue and cannot be built from trades\nhint: import the venue's own `{spec}` klines"
    )]
    NotFromTrades {
        /// The kind asked for.
        spec: BarSpec,
    },
    /// Some coarse bar would need a part of a finer one.
    #[error("bars of {to} cannot be built from bars of {from}: {to} is not a whole number of {from}")]
    NotAMultiple {
        /// Timeframe of the bars given.
        from: Timeframe,
        /// Timeframe of the bars wanted.
        to: Timeframe,
    },
}
