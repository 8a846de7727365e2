//! What trading costs: one small trait per source of cost, and the models there are.

use std::fmt::Debug;

use crosscut_model::Side;

use crate::error::TradingError;

/// What a venue charges for an execution.
pub trait Commission: Debug + Send + Sync {
    /// Commission in quote units, not negative, for `quantity` base units (positive) at `price`.
    fn commission(&self, quantity: f64, price: f64) -> f64;
}

/// By how much an execution is worse than the reference price.
pub trait Slippage: Debug + Send + Sync {
    /// The price paid or received when the reference price is `reference`, both in quote units.
    fn price(&self, side: Side, reference: f64) -> f64;
}

/// A fraction of the value traded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PercentCommission {
    /// Fraction, `0.0005` for 5 bps.
    pub rate: f64,
}

impl Commission for PercentCommission {
    fn commission(&self, quantity: f64, price: f64) -> f64 {
        self.rate * quantity * price
    }
}

/// A fraction of the price, against the trader.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BpsSlippage {
    /// Fraction, `0.0003` for 3 bps.
    pub rate: f64,
}

impl Slippage for BpsSlippage {
    fn price(&self, side: Side, reference: f64) -> f64 {
        reference * (1.0 + self.rate * side.sign())
    }
}

/// The cost models of a run.
#[derive(Debug)]
pub struct Costs {
    /// What the venue charges.
    commission: Box<dyn Commission>,
    /// How prices worsen.
    slippage: Box<dyn Slippage>,
}

impl Costs {
    /// Percent commission and proportional slippage, both in basis points.
    ///
    /// # Errors
    /// [`TradingError::BadNumber`] for values that are not finite, negative, or 100 % and more.
    pub fn from_bps(commission_bps: f64, slippage_bps: f64) -> Result<Self, TradingError> {
        for (what, value) in [("commission_bps", commission_bps), ("slippage_bps", slippage_bps)] {
            if !(0.0..10_000.0).contains(&value) {
                return Err(TradingError::BadNumber { what, value, expected: "basis points from 0 to below 10000" });
            }
        }
        Ok(Self {
            commission: Box::new(PercentCommission { rate: commission_bps / 10_000.0 }),
            slippage: Box::new(BpsSlippage { rate: slippage_bps / 10_000.0 }),
        })
    }

    /// The price of an execution on `side` when the reference price is `reference`.
    pub fn price(&self, side: Side, reference: f64) -> f64 {
        self.slippage.price(side, reference)
    }

    /// The commission of an execution.
    pub fn commission(&self, quantity: f64, price: f64) -> f64 {
        self.commission.commission(quantity, price)
    }

    /// How much cash changes, costs included, when `signed_quantity` is traded at the reference price.
    pub fn cash_flow(&self, signed_quantity: f64, reference: f64) -> f64 {
        let side = if signed_quantity > 0.0 { Side::Buy } else { Side::Sell };
        let price = self.price(side, reference);
        -(signed_quantity * price + self.commission(signed_quantity.abs(), price))
    }
}

#[cfg(test)]
mod tests {
    //! Costs worked out by hand.

    use super::*;

    #[test]
    fn five_and_three_basis_points() {
        let costs = Costs::from_bps(5.0, 3.0).unwrap();
        assert_eq!(costs.price(Side::Buy, 100.0), 100.03);
        assert_eq!(costs.price(Side::Sell, 100.0), 99.97);
        // 10 units at 100.03 are 1000.3; 5 bps of that are 0.50015.
        assert!((costs.commission(10.0, 100.03) - 0.50015).abs() < 1e-12);
        assert!((costs.cash_flow(10.0, 100.0) + 1000.80015).abs() < 1e-9);
        assert!((costs.cash_flow(-10.0, 100.0) - (999.7 - 0.49985)).abs() < 1e-9);
    }

    #[test]
    fn impossible_costs_are_refused() {
        for bad in [-1.0, f64::NAN, f64::INFINITY, 10_000.0] {
            assert!(Costs::from_bps(bad, 0.0).is_err());
            assert!(Costs::from_bps(0.0, bad).is_err());
        }
    }
}
