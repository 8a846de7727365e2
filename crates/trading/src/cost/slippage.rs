//! By how much an execution is worse than the price it met. Limit orders have none: they name their price.

use std::fmt::Debug;

use crosscut_model::Side;

/// One execution, as far as its price can depend on it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Impact {
    /// Buy or sell.
    pub side: Side,
    /// The price met, quote units.
    pub reference: f64,
    /// Base units, positive.
    pub quantity: f64,
    /// Volume of the bar or trade it happened in, base units; infinite where a decision reckons with a market deep
    /// enough, NaN where the data do not say.
    pub volume: f64,
    /// Smallest price step; `None` when unknown.
    pub tick_size: Option<f64>,
    /// Difference between the best offers, quote units; NaN where the data do not say.
    pub spread: f64,
}

impl Impact {
    /// An execution in a market deep enough for it, of which nothing else is known.
    pub fn of(side: Side, reference: f64) -> Self {
        Self { side, reference, quantity: 0.0, volume: f64::INFINITY, tick_size: None, spread: f64::NAN }
    }

    /// The execution's share of the volume, at most 1. Where the volume is missing or zero the share is 1, the worst
    /// there is: a hole in the data must not make trading cheaper.
    pub fn share(&self) -> f64 {
        if self.volume > 0.0 { (self.quantity / self.volume).min(1.0) } else { 1.0 }
    }

    /// The reference price, worse by `fraction`.
    fn worse_by(&self, fraction: f64) -> f64 {
        self.reference * (1.0 + fraction * self.side.sign())
    }
}

/// By how much an execution is worse than the reference price.
pub trait Slippage: Debug + Send + Sync {
    /// The price paid or received, quote units.
    fn price(&self, impact: &Impact) -> f64;
}

/// A fraction of the price, against the trader.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BpsSlippage {
    /// Fraction, `0.0003` for 3 bps.
    pub rate: f64,
}

impl Slippage for BpsSlippage {
    fn price(&self, impact: &Impact) -> f64 {
        impact.reference * (1.0 + self.rate * impact.side.sign())
    }
}

/// A number of price steps, against the trader; never through zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TickSlippage {
    /// How many.
    pub ticks: f64,
    /// The step of instruments whose own is unknown, quote units.
    pub tick_size: f64,
}

impl Slippage for TickSlippage {
    fn price(&self, impact: &Impact) -> f64 {
        let tick_size = impact.tick_size.unwrap_or(self.tick_size);
        (impact.reference + self.ticks * tick_size * impact.side.sign()).max(f64::MIN_POSITIVE)
    }
}

/// Half of the difference between the best offers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HalfSpread {
    /// The whole spread as a fraction of the price, where the data do not give it.
    pub spread: f64,
}

impl Slippage for HalfSpread {
    fn price(&self, impact: &Impact) -> f64 {
        if impact.spread.is_finite() {
            return impact.reference + 0.5 * impact.spread * impact.side.sign();
        }
        impact.worse_by(0.5 * self.spread)
    }
}

/// Price moves with the square of the share of volume taken: `coefficient * share^2`, the rule of zipline's
/// `VolumeShareSlippage`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VolumeShare {
    /// Fraction of the price at a share of 1; zipline's default is 0.1.
    pub coefficient: f64,
}

impl Slippage for VolumeShare {
    fn price(&self, impact: &Impact) -> f64 {
        let share = impact.share();
        impact.worse_by(self.coefficient * share * share)
    }
}

/// Price moves with the square root of the share of volume taken: `coefficient * sqrt(share)`, where the coefficient
/// is the volatility of the bar's length times a number near 1 (Almgren and others, "Direct estimation of equity market
/// impact", 2005; Toth and others, 2011, for the root).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SquareRootImpact {
    /// Fraction of the price at a share of 1.
    pub coefficient: f64,
    /// Fraction of the price that every execution pays beside.
    pub base: f64,
}

impl Slippage for SquareRootImpact {
    fn price(&self, impact: &Impact) -> f64 {
        impact.worse_by(self.base + self.coefficient * impact.share().sqrt())
    }
}
