//! LongShort: long the highest scores, short the lowest.

use super::params::{FACTOR, ParamKind, ParamSpec, Values};
use super::registry::{Build, Template};
use super::{Capability, CrossSection, Plan, Ranked, Weighting, side_share};
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
        ParamSpec::with_default(
            "weighting",
            ParamKind::Choice(Weighting::WORDS),
            "equal",
            "equal weights on each side, or weights in proportion to the score where it has the side's sign",
        ),
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
    /// Sum of long weights.
    long_gross: f64,
    /// Sum of absolute short weights.
    short_gross: f64,
    /// How weights are spread on each side.
    weighting: Weighting,
}

/// Makes the strategy.
fn build(values: &Values) -> Result<Box<dyn CrossSection>, TradingError> {
    let (gross, hedge_ratio) = (values.number_set("gross_exposure"), values.number_set("hedge_ratio"));
    Ok(Box::new(LongShort {
        long: Size::from_values(values, "long_count", "long_quantile")?,
        short: Size::from_values(values, "short_count", "short_quantile")?,
        long_gross: gross / (1.0 + hedge_ratio),
        short_gross: hedge_ratio * gross / (1.0 + hedge_ratio),
        weighting: Weighting::from_values(values),
    }))
}

impl CrossSection for LongShort {
    fn decide(&self, ranked: &[Ranked], plan: &mut Plan) {
        let n_names = ranked.len();
        let (wanted_long, wanted_short) = (self.long.of(n_names), self.short.of(n_names));
        let wanted = wanted_long + wanted_short;
        let (n_long, n_short) = if wanted <= n_names {
            (wanted_long, wanted_short)
        } else {
            (side_share(n_names, wanted_long, wanted), side_share(n_names, wanted_short, wanted))
        };
        let share = |gross: f64, names: usize, of: usize| gross * (names as f64 / of as f64);
        self.weighting.spread(&ranked[..n_long], share(self.long_gross, n_long, wanted_long), plan);
        self.weighting.spread(&ranked[n_names - n_short..], -share(self.short_gross, n_short, wanted_short), plan);
    }

    fn names_needed(&self, n_eligible: usize) -> usize {
        self.long.of(n_eligible) + self.short.of(n_eligible)
    }

    fn may_short(&self) -> bool {
        true
    }

    fn hold_max_bars(&self) -> Option<u64> {
        None
    }

    fn check_universe(&self, n_symbols: usize) -> Result<(), TradingError> {
        let wanted = self.long.fixed().saturating_add(self.short.fixed());
        if wanted > n_symbols {
            return Err(TradingError::TooManyNames {
                strategy: TEMPLATE.name,
                parameter: "long_count + short_count",
                wanted,
                configured: n_symbols,
            });
        }
        Ok(())
    }
}
