//! Orders, fills and positions of research and simulation: `f64`, fractional sizes.

/// Buy or sell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// Increases the position.
    Buy,
    /// Decreases the position.
    Sell,
}

impl Side {
    /// `buy` or `sell`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Buy => "buy",
            Self::Sell => "sell",
        }
    }

    /// The other side.
    pub fn opposite(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }

    /// `+1` for a buy, `-1` for a sell.
    pub fn sign(self) -> f64 {
        match self {
            Self::Buy => 1.0,
            Self::Sell => -1.0,
        }
    }
}

/// How an order wants to be executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OrderType {
    /// At the execution price of the run, whatever it is.
    Market,
    /// At a price or better.
    Limit,
    /// A market order once a price is reached.
    Stop,
    /// A limit order once a price is reached.
    StopLimit,
    /// A stop that follows the best price.
    TrailingStop,
    /// At the next opening price.
    MarketOnOpen,
    /// At the next closing price.
    MarketOnClose,
    /// At the next opening price or not at all.
    LimitOnOpen,
    /// At the next closing price or not at all.
    LimitOnClose,
}

impl OrderType {
    /// The name in `orders.csv`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Market => "market",
            Self::Limit => "limit",
            Self::Stop => "stop",
            Self::StopLimit => "stop_limit",
            Self::TrailingStop => "trailing_stop",
            Self::MarketOnOpen => "market_on_open",
            Self::MarketOnClose => "market_on_close",
            Self::LimitOnOpen => "limit_on_open",
            Self::LimitOnClose => "limit_on_close",
        }
    }
}

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OrderStatus {
    /// Waiting for a price.
    Working,
    /// Done in full.
    Filled,
    /// Done in part; the rest was cancelled.
    Partial,
    /// Withdrawn before any fill.
    Cancelled,
    /// Never accepted.
    Rejected,
}

impl OrderStatus {
    /// The name in `orders.csv`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::Filled => "filled",
            Self::Partial => "partial",
            Self::Cancelled => "cancelled",
            Self::Rejected => "rejected",
        }
    }
}

/// An order and what has come of it so far.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// Running number within a run, from 1.
    pub order_id: u64,
    /// When it was decided, microseconds UTC.
    pub decided_at: i64,
    /// Position of the symbol in the run's sorted symbol list.
    pub symbol_idx: usize,
    /// Buy or sell.
    pub side: Side,
    /// How it wants to be executed.
    pub order_type: OrderType,
    /// Quantity wanted, base units, positive.
    pub quantity: f64,
    /// Where it stands.
    pub status: OrderStatus,
    /// Why it was made, or why it ended as it did; short words.
    pub reason: String,
    /// What was filled, if anything.
    pub fill: Option<Fill>,
}

/// One execution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fill {
    /// When, microseconds UTC.
    pub filled_at: i64,
    /// Quantity, base units, positive.
    pub quantity: f64,
    /// Price paid or received, slippage included, quote units.
    pub price: f64,
    /// Commission, quote units, not negative.
    pub commission: f64,
    /// What slippage cost against the reference price, quote units, not negative.
    pub slippage: f64,
}

/// What is held of one symbol.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Position {
    /// Base units; negative when short.
    pub quantity: f64,
    /// Quantity-weighted price of the units now held, slippage included, commission not.
    pub entry_price: f64,
    /// When it was last flat, then opened, microseconds UTC; 0 while flat.
    pub opened_at: i64,
}
