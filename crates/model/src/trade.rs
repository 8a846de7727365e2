//! Trades (ticks) as columns.

/// What one row of a trade table stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TradeKind {
    /// One row per execution, as the venue matched it.
    Trades,
    /// Executions of one taker order at one price and time folded into one row.
    AggTrades,
}

impl TradeKind {
    /// The name in file names and on the command line: `trades`, `agg_trades`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Trades => "trades",
            Self::AggTrades => "agg_trades",
        }
    }
}

/// Trades in time order, one vector per field; all non-empty vectors have the same length.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trades {
    /// The venue's id, increasing; empty when the source has none.
    pub trade_id: Vec<i64>,
    /// Venue time, microseconds UTC, never decreasing.
    pub timestamp: Vec<i64>,
    /// Price in quote units per base unit, positive and finite.
    pub price: Vec<f64>,
    /// Quantity in base units (or contracts, as the venue counts), positive and finite.
    pub quantity: Vec<f64>,
    /// `Some(true)`: the taker sold; `Some(false)`: the taker bought; `None`: the source does not say.
    pub is_buyer_maker: Vec<Option<bool>>,
    /// First execution folded into the row; empty for plain trades.
    pub first_trade_id: Vec<i64>,
    /// Last execution folded into the row; empty for plain trades.
    pub last_trade_id: Vec<i64>,
}

impl Trades {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.timestamp.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.timestamp.is_empty()
    }

    /// Removes all rows and keeps the allocations.
    pub fn clear(&mut self) {
        self.trade_id.clear();
        self.timestamp.clear();
        self.price.clear();
        self.quantity.clear();
        self.is_buyer_maker.clear();
        self.first_trade_id.clear();
        self.last_trade_id.clear();
    }

    /// Appends rows `rows` of `other`.
    pub fn extend_from(&mut self, other: &Self, rows: std::ops::Range<usize>) {
        let ids = |to: &mut Vec<i64>, from: &[i64]| {
            if !from.is_empty() {
                to.extend_from_slice(&from[rows.clone()]);
            }
        };
        ids(&mut self.trade_id, &other.trade_id);
        ids(&mut self.first_trade_id, &other.first_trade_id);
        ids(&mut self.last_trade_id, &other.last_trade_id);
        self.timestamp.extend_from_slice(&other.timestamp[rows.clone()]);
        self.price.extend_from_slice(&other.price[rows.clone()]);
        self.quantity.extend_from_slice(&other.quantity[rows.clone()]);
        self.is_buyer_maker.extend_from_slice(&other.is_buyer_maker[rows]);
    }
}
