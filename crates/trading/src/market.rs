//! What a venue and a strategy are told of the market: bars and trades, one at a time.

use crosscut_model::Side;

/// A bar that has closed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    /// Position of the symbol in the driver's sorted symbol list.
    pub symbol_idx: u32,
    /// Which of the driver's feeds it came from: a symbol may have several timeframes.
    pub feed_idx: u32,
    /// Bar open: the venue's label, microseconds UTC.
    pub timestamp: i64,
    /// Bar close, when it could be known, microseconds UTC.
    pub available_at: i64,
    /// First price, quote units.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Last price.
    pub close: f64,
    /// Base units traded; NaN where the source does not say.
    pub volume: f64,
    /// Volume-weighted average price; NaN where the source does not say.
    pub vwap: f64,
}

impl Bar {
    /// The bar with its prices multiplied by `growth`, and its volume divided by it so that its value stays.
    #[inline]
    #[must_use]
    pub fn grown(&self, growth: f64) -> Self {
        if growth == 1.0 {
            return *self;
        }
        let [open, high, low, close, vwap] =
            [self.open, self.high, self.low, self.close, self.vwap].map(|price| price * growth);
        Self { open, high, low, close, vwap, volume: self.volume / growth, ..*self }
    }
}

/// A trade that has happened.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trade {
    /// Position of the symbol in the driver's sorted symbol list.
    pub symbol_idx: u32,
    /// Which of the driver's feeds it came from.
    pub feed_idx: u32,
    /// Venue time, microseconds UTC.
    pub timestamp: i64,
    /// Quote units.
    pub price: f64,
    /// Base units.
    pub quantity: f64,
    /// Who crossed the spread; `None` when the source does not say.
    pub taker: Option<Side>,
}

/// A value of a factor column that has become known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FactorValue {
    /// Position of the symbol in the driver's sorted symbol list.
    pub symbol_idx: u32,
    /// Position of the column among those the strategy reads.
    pub column: u32,
    /// Label of the bar it belongs to, microseconds UTC.
    pub timestamp: i64,
    /// When it could be known, microseconds UTC.
    pub available_at: i64,
    /// The value; NaN: missing, or the symbol was not tradable.
    pub value: f64,
}

/// What a strategy is told. At one instant factor values come before bars, so that a bar is met with the factors of its close.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Data {
    /// A bar has closed.
    Bar(Bar),
    /// A trade has happened.
    Trade(Trade),
    /// A factor value has become known.
    Factor(FactorValue),
}

impl Data {
    /// The same with prices multiplied by `growth` and quantities divided by it.
    #[inline]
    #[must_use]
    pub fn grown(&self, growth: f64) -> Self {
        match self {
            Self::Bar(bar) => Self::Bar(bar.grown(growth)),
            Self::Trade(trade) => {
                Self::Trade(Trade { price: trade.price * growth, quantity: trade.quantity / growth, ..*trade })
            }
            Self::Factor(factor) => Self::Factor(*factor),
        }
    }

    /// The symbol it is about.
    #[inline]
    pub fn symbol_idx(&self) -> u32 {
        match self {
            Self::Bar(bar) => bar.symbol_idx,
            Self::Trade(trade) => trade.symbol_idx,
            Self::Factor(factor) => factor.symbol_idx,
        }
    }

    /// The feed it came from; `u32::MAX` for a factor value, which comes from a table of its own.
    #[inline]
    pub fn feed_idx(&self) -> u32 {
        match self {
            Self::Bar(bar) => bar.feed_idx,
            Self::Trade(trade) => trade.feed_idx,
            Self::Factor(_) => u32::MAX,
        }
    }

    /// The last price it tells, quote units; NaN for a factor value, which is none.
    #[inline]
    pub fn price(&self) -> f64 {
        match self {
            Self::Bar(bar) => bar.close,
            Self::Trade(trade) => trade.price,
            Self::Factor(_) => f64::NAN,
        }
    }

    /// When it could be known, microseconds UTC.
    #[inline]
    pub fn available_at(&self) -> i64 {
        match self {
            Self::Bar(bar) => bar.available_at,
            Self::Trade(trade) => trade.timestamp,
            Self::Factor(factor) => factor.available_at,
        }
    }
}
