//! TopK: long the `k` highest scores.

use super::params::{FACTOR, ParamKind, ParamSpec, Values};
use super::registry::{Build, Template};
use super::{Capability, CrossSection, Exclusion, Plan, Ranked, Weighting};
use crate::error::TradingError;

/// The template.
pub(super) static TEMPLATE: Template = Template {
    name: "top_k",
    doc: "long the k names with the highest score; each of the k slots carries 1/k of equity",
    capabilities: &[Capability::CrossSection, Capability::Long],
    params: &[
        FACTOR,
        ParamSpec::with_default("k", ParamKind::Count(1), "10", "how many names to hold"),
        ParamSpec::with_default(
            "weighting",
            ParamKind::Choice(Weighting::WORDS),
            "equal",
            "equal weights, or weights in proportion to max(score, 0)",
        ),
        ParamSpec::optional(
            "min_factor",
            ParamKind::Number,
            "lowest score that may be held; the slot of a name below it stays cash",
        ),
        ParamSpec::optional("max_positions", ParamKind::Count(1), "upper bound on k"),
    ],
    build: Build::Rule(build),
};

/// Long the highest scores.
#[derive(Debug)]
struct TopK {
    /// Names wanted by the user, which the universe must be able to give.
    k: usize,
    /// Slots: `k`, or `max_positions` when that is less.
    slots: usize,
    /// How weights are spread.
    weighting: Weighting,
    /// Lowest score that may be held.
    min_factor: Option<f64>,
}

/// Makes the strategy.
fn build(values: &Values) -> Result<Box<dyn CrossSection>, TradingError> {
    let k = values.n_names("k").unwrap_or(1);
    Ok(Box::new(TopK {
        k,
        slots: values.n_names("max_positions").map_or(k, |most| most.min(k)),
        weighting: Weighting::from_values(values),
        min_factor: values.number("min_factor"),
    }))
}

impl CrossSection for TopK {
    fn decide(&self, ranked: &[Ranked], plan: &mut Plan) {
        let chosen = &ranked[..self.slots.min(ranked.len())];
        // Scores fall along `ranked`, so that those below the minimum are at the end.
        let n_good = chosen.partition_point(|name| self.min_factor.is_none_or(|least| name.score >= least));
        let (good, poor) = chosen.split_at(n_good);
        self.weighting.spread(good, n_good as f64 / self.slots as f64, plan);
        plan.refused.extend(poor.iter().map(|name| (name.symbol_idx, Exclusion::BelowMinFactor)));
    }

    fn names_needed(&self, _n_eligible: usize) -> usize {
        self.slots
    }

    fn may_short(&self) -> bool {
        false
    }

    fn hold_max_bars(&self) -> Option<u64> {
        None
    }

    fn check_universe(&self, n_symbols: usize) -> Result<(), TradingError> {
        if self.k > n_symbols {
            return Err(TradingError::TooManyNames {
                strategy: TEMPLATE.name,
                parameter: "k",
                wanted: self.k,
                configured: n_symbols,
            });
        }
        Ok(())
    }
}
