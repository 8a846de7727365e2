//! Capacity: what a strategy would return with more capital, when its own trading moves the price.
//!
//! The square-root law (Almgren, Thum, Hauptmann and Li 2005; Toth and others 2011): an order of value `v` in a market
//! that trades `V` a day at a daily volatility `s` pays `Y s sqrt(v / V)` of its value, `Y` near 1. A run of capital `C`
//! scaled by `k` makes `k` times the profit and pays `k^1.5` times the impact.

use super::defined;

/// One execution and the market it met.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Traded {
    /// Its value, quote units, positive.
    pub value: f64,
    /// What the market trades in a day, quote units.
    pub daily_value: f64,
    /// The market's volatility of a day, a fraction.
    pub daily_volatility: f64,
}

/// A run as capacity sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scaled {
    /// Capital at the start, quote units.
    pub capital: f64,
    /// Profit without impact, quote units.
    pub profit: f64,
    /// Impact at that capital, quote units; see [`impact`].
    pub impact: f64,
}

/// What the trades of a run pay for moving the price, `sum Y s sqrt(v / V) v`, quote units; undefined when a trade has no
/// market to meet.
pub fn impact(trades: &[Traded], coefficient: f64) -> Option<f64> {
    let cost =
        |trade: &Traded| coefficient * trade.daily_volatility * (trade.value / trade.daily_value).sqrt() * trade.value;
    defined(trades.iter().map(cost).sum())
}

impl Scaled {
    /// Return on capital at `scale` times the capital: `(k profit - k^1.5 impact) / (k capital)`.
    pub fn return_at(&self, scale: f64) -> Option<f64> {
        if !(scale > 0.0 && self.capital > 0.0) {
            return None;
        }
        defined((self.profit - scale.sqrt() * self.impact) / self.capital)
    }

    /// The capital at which impact takes a `share` of the profit: `C (share profit / impact)^2`; undefined without profit
    /// or impact.
    pub fn capital_where_impact_takes(&self, share: f64) -> Option<f64> {
        if !(self.profit > 0.0 && self.impact > 0.0) {
            return None;
        }
        let root = share * self.profit / self.impact;
        defined(self.capital * root * root)
    }
}
