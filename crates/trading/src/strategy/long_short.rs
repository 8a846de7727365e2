//! LongShort: long the highest scores, short the lowest.

use super::params::{FACTOR, ParamKind, ParamSpec, Values};
use super::registry::{Build, Rule, Template};
use super::weighting::{BUFFER, MAX_WEIGHT, NO_TRADE_BAND, TwoSides, VOL_LOOKBACK, WEIGHTING};
use super::{Capability, CrossSection, Plan, Ranked, View};
use crate::error::TradingError;

/// The template.
pub(super) static TEMPLATE: Template = Template {
    name: "long_short",
    doc: "long the highest scores and short the lowest; the weights sum to 0 when hedge_ratio is 1",
    capabilities: &[Capability::CrossSection, Capability::Long, Capability::Short],
    params: &[
        FACTOR,
        ParamSpec::optional(
            "long_quantile",
            ParamKind::Between(0.0, 1.0),
            "share of the eligible names to buy, at least one name; 0.2 when long_count is not given",
        ),
        ParamSpec::optional(
            "short_quantile",
            ParamKind::Between(0.0, 1.0),
            "share of the eligible names to sell short, at least one name; 0.2 when short_count is not given",
        ),
        ParamSpec::optional("long_count", ParamKind::Count(1), "how many names to buy, instead of long_quantile"),
        ParamSpec::optional(
            "short_count",
            ParamKind::Count(1),
            "how many names to sell short, instead of short_quantile",
        ),
        ParamSpec::with_default(
            "gross_exposure",
            ParamKind::Between(0.0, f64::INFINITY),
            "1",
            "sum of absolute weights, long and short together",
        ),
        ParamSpec::with_default(
            "hedge_ratio",
            ParamKind::Between(0.0, f64::INFINITY),
            "1",
            "short exposure over long exposure",
        ),
        WEIGHTING,
        VOL_LOOKBACK,
        MAX_WEIGHT,
        BUFFER,
        NO_TRADE_BAND,
    ],
    build: Build::Rule(build),
};

/// The share of names on a side when neither a quantile nor a count is given.
const DEFAULT_QUANTILE: f64 = 0.2;

/// How many names one side takes.
#[derive(Debug, Clone, Copy)]
enum Size {
    /// A fixed number.
    Count(usize),
    /// A share of the eligible names, rounded down, at least one.
    Quantile(f64),
}

impl Size {
    /// Reads one side's two parameters.
    fn from_values(values: &Values, count: &str, quantile: &str) -> Result<Self, TradingError> {
        match (values.n_names(count), values.number(quantile)) {
            (Some(_), Some(_)) => {
                Err(values.conflict(format!("`{count}` and `{quantile}` are given; expected one of them")))
            }
            (Some(names), None) => Ok(Self::Count(names)),
            (None, quantile) => Ok(Self::Quantile(quantile.unwrap_or(DEFAULT_QUANTILE))),
        }
    }

    /// Names wanted when `n_eligible` are there.
    fn of(self, n_eligible: usize) -> usize {
        match self {
            Self::Count(names) => names,
            // The small addition keeps 0.29 * 100 = 28.999999999999996 at 29 names.
            Self::Quantile(share) => ((share * n_eligible as f64 + 1e-9).floor() as usize).max(1),
        }
    }

    /// Names the configuration asks for whatever is eligible.
    fn fixed(self) -> usize {
        match self {
            Self::Count(names) => names,
            Self::Quantile(_) => 1,
        }
    }
}

/// Long the highest scores, short the lowest.
#[derive(Debug)]
struct LongShort {
    /// Names on the long side.
    long: Size,
    /// Names on the short side.
    short: Size,
    /// How both sides are chosen and weighed.
    sides: TwoSides,
}

/// Makes the strategy.
fn build(values: &Values) -> Result<Rule, TradingError> {
    let (gross, hedge_ratio) = (values.number_set("gross_exposure"), values.number_set("hedge_ratio"));
    let sides =
        TwoSides::from_values(values, (gross / (1.0 + hedge_ratio), hedge_ratio * gross / (1.0 + hedge_ratio)))?;
    let rule = LongShort {
        long: Size::from_values(values, "long_count", "long_quantile")?,
        short: Size::from_values(values, "short_count", "short_quantile")?,
        sides,
    };
    Ok(Rule::new(rule, values.factor(), sides.weighting.history_bars()))
}

impl CrossSection for LongShort {
    fn decide(&self, ranked: &[Ranked], view: &dyn View, plan: &mut Plan) {
        let wanted = (self.long.of(ranked.len()), self.short.of(ranked.len()));
        self.sides.weigh(ranked, wanted, view, plan);
    }

    fn names_needed(&self, n_eligible: usize) -> usize {
        self.long.of(n_eligible).saturating_add(self.short.of(n_eligible))
    }

    fn may_short(&self) -> bool {
        true
    }

    fn check_universe(&self, n_symbols: usize) -> Result<(), TradingError> {
        let wanted = self.long.fixed().saturating_add(self.short.fixed());
        TradingError::check_names(TEMPLATE.name, "long_count + short_count", wanted, n_symbols)
    }
}
