//! Costs made larger or smaller, for stress tests.

use super::{BacktestConfig, CommissionConfig, SlippageConfig};

impl BacktestConfig {
    /// The same run with commission, slippage and the price of borrowing `factor` times as large.
    #[must_use]
    pub fn with_costs(&self, factor: f64) -> Self {
        let mut config = self.clone();
        config.commission_bps *= factor;
        config.slippage_bps *= factor;
        config.borrow = config.borrow.map(|rate| rate * factor);
        if let Some(commission) = &mut config.costs.commission {
            commission.scale(factor);
        }
        if let Some(slippage) = &mut config.costs.slippage {
            slippage.scale(factor);
        }
        config
    }
}

impl CommissionConfig {
    /// Multiplies every fee.
    fn scale(&mut self, factor: f64) {
        match self {
            Self::Bps(bps) => *bps *= factor,
            Self::Fixed(fee) => *fee *= factor,
            Self::PerShare { rate, minimum, maximum } => {
                *rate *= factor;
                *minimum *= factor;
                *maximum = maximum.map(|most| most * factor);
            }
            Self::MakerTaker(tiers) => {
                for tier in tiers {
                    tier.maker_bps *= factor;
                    tier.taker_bps *= factor;
                }
            }
        }
    }
}

impl SlippageConfig {
    /// Multiplies every price.
    fn scale(&mut self, factor: f64) {
        match self {
            Self::Bps(bps) | Self::HalfSpread(bps) => *bps *= factor,
            Self::Ticks { ticks, .. } => *ticks *= factor,
            Self::VolumeShare(impact) => *impact *= factor,
            Self::SqrtImpact { coefficient, base_bps } => {
                *coefficient *= factor;
                *base_bps *= factor;
            }
        }
    }
}
