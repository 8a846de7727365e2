//! What a venue charges for an execution.

use std::fmt::Debug;

use crosscut_model::Side;

use crate::error::TradingError;

/// One execution, as far as a commission can depend on it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Charge {
    /// When, microseconds UTC.
    pub at: i64,
    /// Buy or sell.
    pub side: Side,
    /// Base units, positive.
    pub quantity: f64,
    /// Price paid or received, quote units.
    pub price: f64,
    /// Whether the order was resting and the other side came to it.
    pub is_maker: bool,
    /// Base units of the same order filled before.
    pub filled_before: f64,
    /// Commission of the same order so far, quote units.
    pub charged_before: f64,
    /// Value the account has traded in the thirty UTC days up to the execution, quote units.
    pub traded_before: f64,
}

impl Charge {
    /// The first execution of an order that takes liquidity, at no known time.
    pub fn taker(side: Side, quantity: f64, price: f64) -> Self {
        Self {
            at: 0,
            side,
            quantity,
            price,
            is_maker: false,
            filled_before: 0.0,
            charged_before: 0.0,
            traded_before: 0.0,
        }
    }
}

/// What a venue charges for an execution.
pub trait Commission: Debug + Send + Sync {
    /// Commission in quote units; negative is a rebate.
    fn commission(&self, charge: &Charge) -> f64;
}

/// A fraction of the value traded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PercentCommission {
    /// Fraction, `0.0005` for 5 bps.
    pub rate: f64,
}

impl Commission for PercentCommission {
    fn commission(&self, charge: &Charge) -> f64 {
        self.rate * charge.quantity * charge.price
    }
}

/// So much per order, however many executions it takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FixedCommission {
    /// Quote units.
    pub amount: f64,
}

impl Commission for FixedCommission {
    fn commission(&self, charge: &Charge) -> f64 {
        if charge.filled_before > 0.0 { 0.0 } else { self.amount }
    }
}

/// So much per unit with a minimum, and perhaps a maximum share of the value, per order: each execution pays what the
/// order owes so far less what it has paid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PerShare {
    /// Quote units per base unit.
    pub rate: f64,
    /// Least of an order, quote units.
    pub minimum: f64,
    /// Most of an order as a fraction of the value of this execution's price times its quantity; `None` is no maximum.
    /// Where both apply the maximum wins, as US brokers have it.
    pub maximum: Option<f64>,
}

impl Commission for PerShare {
    fn commission(&self, charge: &Charge) -> f64 {
        let quantity = charge.filled_before + charge.quantity;
        let owed = (self.rate * quantity).max(self.minimum);
        let owed = self.maximum.map_or(owed, |share| owed.min(share * quantity * charge.price));
        (owed - charge.charged_before).max(0.0)
    }
}

/// Fees from a date and a traded value on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FeeTier {
    /// From when they hold, microseconds UTC.
    pub from: i64,
    /// Least value traded in the thirty days before, quote units; 0: everybody.
    pub above: f64,
    /// Fraction of the value for resting orders; negative is a rebate.
    pub maker: f64,
    /// Fraction of the value for orders that take.
    pub taker: f64,
}

/// Maker and taker fees that change with dates and with what was traded in the thirty days before.
#[derive(Debug, Clone, PartialEq)]
pub struct MakerTaker {
    /// By date, then least value, ascending.
    tiers: Vec<FeeTier>,
}

impl MakerTaker {
    /// Fees by date, in any order. Before the first date the first tier holds.
    ///
    /// # Errors
    /// [`TradingError::BadNumber`] without a tier, for two tiers of one date and value, for a date without a tier for
    /// everybody, and for rates outside -1 % to 100 %.
    pub fn new(mut tiers: Vec<FeeTier>) -> Result<Self, TradingError> {
        tiers.sort_by(|a, b| a.from.cmp(&b.from).then(a.above.total_cmp(&b.above)));
        let bad = |what, value, expected| Err(TradingError::BadNumber { what, value, expected });
        if tiers.is_empty() {
            return bad("fee tiers", 0.0, "at least one");
        }
        let is_same = |pair: &&[FeeTier]| pair[0].from == pair[1].from && pair[0].above == pair[1].above;
        if let Some(pair) = tiers.windows(2).find(is_same) {
            return bad("fee tier date", pair[0].from as f64, "one tier per date and least value");
        }
        for (at, tier) in tiers.iter().enumerate() {
            let is_first = at == 0 || tiers[at - 1].from != tier.from;
            if !(tier.above >= 0.0 && tier.above.is_finite()) || (is_first && tier.above != 0.0) {
                return bad("fee tier value", tier.above, "0 for one tier of each date, a larger value for the others");
            }
        }
        let rates = tiers.iter().flat_map(|tier| [tier.maker, tier.taker]);
        for rate in rates {
            if !(-0.01..1.0).contains(&rate) {
                return bad("fee rate", rate, "a fraction from -0.01 to below 1");
            }
        }
        Ok(Self { tiers })
    }
}

impl Commission for MakerTaker {
    fn commission(&self, charge: &Charge) -> f64 {
        let begun = self.tiers.partition_point(|tier| tier.from <= charge.at);
        let from = self.tiers[begun.saturating_sub(1)].from;
        let first = self.tiers.partition_point(|tier| tier.from < from);
        let reached = |tier: &FeeTier| tier.from == from && tier.above <= charge.traded_before;
        let after = first + self.tiers[first..].partition_point(reached);
        let tier = self.tiers[after.saturating_sub(1).max(first)];
        let rate = if charge.is_maker { tier.maker } else { tier.taker };
        rate * charge.quantity * charge.price
    }
}
