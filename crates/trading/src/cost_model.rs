//! The cost models, as data: names, parameters, formulas and sources, for lists, help and the reference page. The models
//! themselves are in [`crate::cost`]; a test below holds both against each other.

/// What a cost model is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CostSource {
    /// Money the venue charges.
    Commission,
    /// A price worse than the reference price.
    Slippage,
    /// What holding a position costs.
    Carry,
}

impl CostSource {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Commission => "commission",
            Self::Slippage => "slippage",
            Self::Carry => "carry",
        }
    }
}

/// A cost model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CostModel {
    /// Its name.
    pub name: &'static str,
    /// What it is about.
    pub source: CostSource,
    /// What it is, in one sentence, and what it does where the data do not say.
    pub doc: &'static str,
    /// What it charges.
    pub formula: &'static str,
    /// Its parameters.
    pub params: &'static [CostParam],
}

/// A parameter of a cost model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CostParam {
    /// Its name.
    pub name: &'static str,
    /// Unit and range.
    pub unit: &'static str,
    /// The setting of a backtest that gives it; `None` for a model that strategies in Rust hand in themselves.
    pub setting: Option<&'static str>,
}

/// What parameters in basis points may be.
const BPS: &str = "basis points, from 0 to below 10000";

/// All cost models.
pub const MODELS: &[CostModel] = &[
    CostModel {
        name: "percent_commission",
        source: CostSource::Commission,
        doc: "A fraction of the traded value, charged in quote units on every execution. Written `bps:5` or `percent:0.05`.",
        formula: "quantity * price * commission_bps / 10000",
        params: &[CostParam { name: "commission_bps", unit: BPS, setting: Some("backtest.commission_bps") }],
    },
    CostModel {
        name: "fixed_commission",
        source: CostSource::Commission,
        doc: "So much per order, however many executions it takes. Written `fixed:1.5`.",
        formula: "amount at the first execution of an order, 0 at the others",
        params: &[CostParam { name: "amount", unit: "quote units", setting: Some("backtest.costs.commission") }],
    },
    CostModel {
        name: "per_share",
        source: CostSource::Commission,
        doc: "So much per unit with a minimum, and perhaps a maximum share of the value, per order: each execution pays \
              what the order owes so far less what it has paid. Written `per_share:rate=0.005,minimum=1,maximum=0.01`.",
        formula: "min(max(rate * quantity, minimum), maximum * quantity * price)",
        params: &[
            CostParam { name: "rate", unit: "quote units per base unit", setting: Some("backtest.costs.commission") },
            CostParam { name: "minimum", unit: "quote units per order", setting: Some("backtest.costs.commission") },
            CostParam {
                name: "maximum",
                unit: "fraction of the order's value; none by default",
                setting: Some("backtest.costs.commission"),
            },
        ],
    },
    CostModel {
        name: "maker_taker",
        source: CostSource::Commission,
        doc: "A fraction of the traded value, another for orders that rested, both from a date and from a value traded in \
              the thirty days before on. Written `maker_taker:maker_bps=2,taker_bps=5;from=2024-06-01,maker_bps=1,taker_bps=4`, \
              a tier for each `;`.",
        formula: "quantity * price * (maker if the order rested, else taker) of the highest tier reached among those of \
                  the last date that has come",
        params: &[
            CostParam {
                name: "from",
                unit: "date from which a tier holds",
                setting: Some("backtest.costs.commission"),
            },
            CostParam {
                name: "above",
                unit: "least value traded in the thirty UTC days up to the execution, quote units; 0 by default",
                setting: Some("backtest.costs.commission"),
            },
            CostParam {
                name: "maker",
                unit: "fraction from -0.01 (a rebate) to below 1; written in basis points as maker_bps",
                setting: Some("backtest.costs.commission"),
            },
            CostParam {
                name: "taker",
                unit: "fraction from -0.01 to below 1; written in basis points as taker_bps",
                setting: Some("backtest.costs.commission"),
            },
        ],
    },
    CostModel {
        name: "bps_slippage",
        source: CostSource::Slippage,
        doc: "A fraction of the reference price, against the trader. Written `bps:3`.",
        formula: "reference * (1 + slippage_bps / 10000) for a buy, reference * (1 - slippage_bps / 10000) for a sale",
        params: &[CostParam { name: "slippage_bps", unit: BPS, setting: Some("backtest.slippage_bps") }],
    },
    CostModel {
        name: "tick_slippage",
        source: CostSource::Slippage,
        doc: "A number of price steps, against the trader, never through zero. Written `ticks:ticks=1,tick_size=0.01`.",
        formula: "reference + ticks * tick_size for a buy, reference - ticks * tick_size for a sale",
        params: &[
            CostParam { name: "ticks", unit: "number of price steps", setting: Some("backtest.costs.slippage") },
            CostParam {
                name: "tick_size",
                unit: "quote units, for instruments whose own step is unknown",
                setting: Some("backtest.costs.slippage"),
            },
        ],
    },
    CostModel {
        name: "half_spread",
        source: CostSource::Slippage,
        doc: "Half of the difference between the best offers, against the trader; a fixed fraction where the data do not \
              give it. Written `half_spread:4` (basis points of the whole spread) or `half_spread:spread_bps=4`.",
        formula: "reference + spread / 2 for a buy, reference - spread / 2 for a sale",
        params: &[CostParam {
            name: "spread",
            unit: "fraction of the price, for data without the best offers",
            setting: Some("backtest.costs.slippage"),
        }],
    },
    CostModel {
        name: "volume_share",
        source: CostSource::Slippage,
        doc: "The price moves with the square of the share of the bar's volume that is taken (zipline's \
              VolumeShareSlippage); without volume the share is 1, the worst there is. Written `volume_share:0.1`.",
        formula: "reference * (1 + coefficient * share^2) for a buy, reference * (1 - coefficient * share^2) for a sale",
        params: &[CostParam {
            name: "coefficient",
            unit: "fraction of the price at a share of 1",
            setting: Some("backtest.costs.slippage"),
        }],
    },
    CostModel {
        name: "square_root_impact",
        source: CostSource::Slippage,
        doc: "The price moves with the square root of the share of the bar's volume that is taken (Almgren and others, \
              2005); without volume the share is 1, the worst there is. Written `sqrt_impact:coefficient=0.1,base_bps=1`.",
        formula: "reference * (1 + base + coefficient * sqrt(share)) for a buy, reference * (1 - base - coefficient * \
                  sqrt(share)) for a sale",
        params: &[
            CostParam {
                name: "coefficient",
                unit: "fraction of the price at a share of 1",
                setting: Some("backtest.costs.slippage"),
            },
            CostParam {
                name: "base",
                unit: "fraction of the price that every execution pays beside",
                setting: Some("backtest.costs.slippage"),
            },
        ],
    },
    CostModel {
        name: "borrow_rate",
        source: CostSource::Carry,
        doc: "A yearly rate on the value of short positions, accrued by time.",
        formula: "per_year * value * days / 365",
        params: &[CostParam {
            name: "per_year",
            unit: "fraction a year of 365 days",
            setting: Some("backtest.borrow"),
        }],
    },
];

#[cfg(test)]
mod tests {
    //! The data against the models.

    use super::*;
    use crate::cost::{
        BorrowRate, BpsSlippage, Charge, Commission, FixedCommission, HalfSpread, Impact, MakerTaker, PerShare,
        PercentCommission, Slippage, SquareRootImpact, TickSlippage, VolumeShare,
    };
    use crosscut_model::Side;

    /// What a model is called: the name of its type in lower_snake.
    fn name<T>() -> String {
        let path = std::any::type_name::<T>();
        let mut name = String::new();
        for (at, letter) in path.rsplit("::").next().unwrap_or(path).chars().enumerate() {
            if letter.is_ascii_uppercase() && at > 0 {
                name.push('_');
            }
            name.push(letter.to_ascii_lowercase());
        }
        name
    }

    #[test]
    fn every_model_is_listed_once() {
        let types = [
            name::<PercentCommission>(),
            name::<FixedCommission>(),
            name::<PerShare>(),
            name::<MakerTaker>(),
            name::<BpsSlippage>(),
            name::<TickSlippage>(),
            name::<HalfSpread>(),
            name::<VolumeShare>(),
            name::<SquareRootImpact>(),
            name::<BorrowRate>(),
        ];
        let listed: Vec<&str> = MODELS.iter().map(|model| model.name).collect();
        assert_eq!(listed, types);
        assert!(MODELS.iter().all(|model| !model.doc.is_empty() && !model.formula.is_empty()));
    }

    #[test]
    fn formulas_hold() {
        let charge = Charge::taker(Side::Buy, 10.0, 100.0);
        assert_eq!(PercentCommission { rate: 5.0 / 10_000.0 }.commission(&charge), 0.5);
        // 0.01 * 10 is below the minimum 1, which is above the maximum 0.0005 * 1000.
        assert_eq!(PerShare { rate: 0.01, minimum: 1.0, maximum: Some(0.0005) }.commission(&charge), 0.5);
        let impact = Impact { quantity: 10.0, volume: 40.0, ..Impact::of(Side::Buy, 100.0) };
        assert_eq!(BpsSlippage { rate: 3.0 / 10_000.0 }.price(&impact), 100.0 * (1.0 + 0.0003));
        assert_eq!(VolumeShare { coefficient: 0.16 }.price(&impact), 101.0);
        assert_eq!(SquareRootImpact { coefficient: 0.04, base: 0.01 }.price(&impact), 103.0);
    }
}
