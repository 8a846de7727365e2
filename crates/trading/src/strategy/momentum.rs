//! Momentum: equal weights on the strongest and, if asked, the weakest names of a lookback column.

use super::params::{FACTOR, ParamKind, ParamSpec, Values};
use super::registry::{Build, Template};
use super::{Capability, CrossSection, Plan, Ranked, Weighting, side_share};
use crate::error::TradingError;

/// The template.
pub(super) static TEMPLATE: Template = Template {
    name: "momentum",
    doc: "equal weights on the top_n_long highest and top_n_short lowest values of lookback_col; gross exposure 1",
    capabilities: &[Capability::CrossSection, Capability::Long, Capability::Short],
    params: &[
        FACTOR,
        ParamSpec::with_default("top_n_long", ParamKind::Count(0), "10", "how many of the highest to buy"),
        ParamSpec::with_default("top_n_short", ParamKind::Count(0), "0", "how many of the lowest to sell short"),
    ],
    build: Build::Rule(build),
};

/// Equal weights on both ends of the ranking.
#[derive(Debug)]
struct Momentum {
    /// Names bought.
    n_long: usize,
    /// Names sold short.
    n_short: usize,
}

/// Makes the strategy.
fn build(values: &Values) -> Result<Box<dyn CrossSection>, TradingError> {
    let n_long = values.n_names("top_n_long").unwrap_or(0);
    let n_short = values.n_names("top_n_short").unwrap_or(0);
    if n_long == 0 && n_short == 0 {
        return Err(values.conflict("`top_n_long` and `top_n_short` are both 0; expected at least one name"));
    }
    Ok(Box::new(Momentum { n_long, n_short }))
}

impl CrossSection for Momentum {
    fn decide(&self, ranked: &[Ranked], plan: &mut Plan) {
        let n_names = ranked.len();
        let wanted = self.n_long.saturating_add(self.n_short);
        let (n_long, n_short) = if wanted <= n_names {
            (self.n_long, self.n_short)
        } else {
            (side_share(n_names, self.n_long, wanted), side_share(n_names, self.n_short, wanted))
        };
        let side_gross = if self.n_long > 0 && self.n_short > 0 { 0.5 } else { 1.0 };
        let share = |names: usize, of: usize| if of == 0 { 0.0 } else { side_gross * (names as f64 / of as f64) };
        Weighting::Equal.spread(&ranked[..n_long], share(n_long, self.n_long), plan);
        Weighting::Equal.spread(&ranked[n_names - n_short..], -share(n_short, self.n_short), plan);
    }

    fn names_needed(&self, _n_eligible: usize) -> usize {
        self.n_long.saturating_add(self.n_short)
    }

    fn may_short(&self) -> bool {
        self.n_short > 0
    }

    fn hold_max_bars(&self) -> Option<u64> {
        None
    }

    fn check_universe(&self, n_symbols: usize) -> Result<(), TradingError> {
        let wanted = self.names_needed(n_symbols);
        if wanted > n_symbols {
            return Err(TradingError::TooManyNames {
                strategy: TEMPLATE.name,
                parameter: "top_n_long + top_n_short",
                wanted,
                configured: n_symbols,
            });
        }
        Ok(())
    }
}
