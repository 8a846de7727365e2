//! Momentum: equal weights on the strongest and, if asked, the weakest names of a lookback column.

use super::params::{FACTOR, ParamKind, ParamSpec, Values};
use super::registry::{Build, Rule, Template};
use super::weighting::{BUFFER, MAX_WEIGHT, NO_TRADE_BAND, TwoSides, VOL_LOOKBACK, WEIGHTING};
use super::{Capability, CrossSection, Plan, Ranked, View};
use crate::error::TradingError;

/// The template.
pub(super) static TEMPLATE: Template = Template {
    name: "momentum",
    doc: "long the top_n_long highest and short the top_n_short lowest values of lookback_col; gross exposure 1, half of it on each \
          side when there are two",
    capabilities: &[Capability::CrossSection, Capability::Long, Capability::Short],
    params: &[
        FACTOR,
        ParamSpec::with_default("top_n_long", ParamKind::Count(0), "10", "how many of the highest to buy"),
        ParamSpec::with_default("top_n_short", ParamKind::Count(0), "0", "how many of the lowest to sell short"),
        WEIGHTING,
        VOL_LOOKBACK,
        MAX_WEIGHT,
        BUFFER,
        NO_TRADE_BAND,
    ],
    build: Build::Rule(build),
};

/// Both ends of the ranking.
#[derive(Debug)]
struct Momentum {
    /// Names bought.
    n_long: usize,
    /// Names sold short.
    n_short: usize,
    /// How both sides are chosen and weighed.
    sides: TwoSides,
}

/// Makes the strategy.
fn build(values: &Values) -> Result<Rule, TradingError> {
    let (n_long, n_short) = (values.n_bars("top_n_long"), values.n_bars("top_n_short"));
    if n_long == 0 && n_short == 0 {
        return Err(values.conflict("`top_n_long` and `top_n_short` are both 0; expected at least one name"));
    }
    let sides = TwoSides::dollar_neutral(values, n_long, n_short)?;
    Ok(Rule::new(Momentum { n_long, n_short, sides }, values.factor(), sides.weighting.history_bars()))
}

impl CrossSection for Momentum {
    fn decide(&self, ranked: &[Ranked], view: &dyn View, plan: &mut Plan) {
        self.sides.weigh(ranked, (self.n_long, self.n_short), view, plan);
    }

    fn names_needed(&self, _n_eligible: usize) -> usize {
        self.n_long.saturating_add(self.n_short)
    }

    fn may_short(&self) -> bool {
        self.n_short > 0
    }

    fn check_universe(&self, n_symbols: usize) -> Result<(), TradingError> {
        TradingError::check_names(TEMPLATE.name, "top_n_long + top_n_short", self.names_needed(n_symbols), n_symbols)
    }
}
