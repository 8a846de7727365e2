//! The cost models a run can be given, as data: names, parameters and formulas, for lists, help and the reference page.
//! The models themselves are in [`crate::cost`].

/// What a cost model is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CostSource {
    /// Money the venue charges.
    Commission,
    /// A price worse than the reference price.
    Slippage,
}

impl CostSource {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Commission => "commission",
            Self::Slippage => "slippage",
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
    /// What it is, in one sentence.
    pub doc: &'static str,
    /// What it charges.
    pub formula: &'static str,
    /// Its parameters.
    pub params: &'static [CostParam],
}

/// A parameter of a cost model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CostParam {
    /// Its name, which is that of the setting.
    pub name: &'static str,
    /// Unit and range.
    pub unit: &'static str,
    /// The setting of a run that gives it.
    pub setting: &'static str,
}

/// What parameters in basis points may be.
const BPS: &str = "basis points, from 0 to below 10000";

/// All cost models a run can be given.
pub const MODELS: &[CostModel] = &[
    CostModel {
        name: "percent_commission",
        source: CostSource::Commission,
        doc: "A fraction of the traded value, charged in quote units on every execution.",
        formula: "quantity * price * commission_bps / 10000",
        params: &[CostParam { name: "commission_bps", unit: BPS, setting: "backtest.commission_bps" }],
    },
    CostModel {
        name: "bps_slippage",
        source: CostSource::Slippage,
        doc: "A fraction of the reference price, against the trader.",
        formula: "reference * (1 + slippage_bps / 10000) for a buy, reference * (1 - slippage_bps / 10000) for a sale",
        params: &[CostParam { name: "slippage_bps", unit: BPS, setting: "backtest.slippage_bps" }],
    },
];
