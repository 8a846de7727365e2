//! What trading costs: one small trait per source of cost, and the models there are.
//!
//! [`commission`] is what a venue charges, [`slippage`] by how much a price worsens, [`carry`] what holding costs.
//! A model sees one execution and no history; whoever calls it says what it knows of the market at that moment.

pub mod carry;
pub mod commission;
pub mod slippage;
#[cfg(test)]
mod tests;

use crosscut_model::Side;

pub use carry::BorrowRate;
pub use commission::{Charge, Commission, FeeTier, FixedCommission, MakerTaker, PerShare, PercentCommission};
pub use slippage::{BpsSlippage, HalfSpread, Impact, Slippage, SquareRootImpact, TickSlippage, VolumeShare};

use crate::error::TradingError;

/// The cost models of a run.
#[derive(Debug)]
pub struct Costs {
    /// What the venue charges.
    commission: Box<dyn Commission>,
    /// How prices worsen.
    slippage: Box<dyn Slippage>,
}

impl Costs {
    /// Costs of two models.
    pub fn new(commission: Box<dyn Commission>, slippage: Box<dyn Slippage>) -> Self {
        Self { commission, slippage }
    }

    /// Percent commission and proportional slippage, both in basis points.
    ///
    /// # Errors
    /// [`TradingError::BadNumber`] for values that are not finite, negative, or 100 % and more.
    pub fn from_bps(commission_bps: f64, slippage_bps: f64) -> Result<Self, TradingError> {
        Ok(Self {
            commission: Box::new(PercentCommission { rate: fraction("commission_bps", commission_bps)? }),
            slippage: Box::new(BpsSlippage { rate: fraction("slippage_bps", slippage_bps)? }),
        })
    }

    /// The price of an execution.
    pub fn price(&self, impact: &Impact) -> f64 {
        self.slippage.price(impact)
    }

    /// The commission of an execution, quote units; negative is a rebate.
    pub fn commission(&self, charge: &Charge) -> f64 {
        self.commission.commission(charge)
    }

    /// How much cash changes, costs included, when `signed_quantity` is traded at the reference price by a taker in a
    /// market deep enough for it, with this spread (quote units, NaN: not known): what a decision can know before it trades.
    pub fn cash_flow(&self, signed_quantity: f64, reference: f64, spread: f64) -> f64 {
        let side = if signed_quantity > 0.0 { Side::Buy } else { Side::Sell };
        let quantity = signed_quantity.abs();
        let price = self.price(&Impact { quantity, spread, ..Impact::of(side, reference) });
        -(signed_quantity * price + self.commission(&Charge::taker(side, quantity, price)))
    }
}

/// Basis points as a fraction.
///
/// # Errors
/// [`TradingError::BadNumber`] for values that are not finite, negative, or 100 % and more.
pub fn fraction(what: &'static str, bps: f64) -> Result<f64, TradingError> {
    if (0.0..10_000.0).contains(&bps) {
        return Ok(bps / 10_000.0);
    }
    Err(TradingError::BadNumber { what, value: bps, expected: "basis points from 0 to below 10000" })
}
