//! TopK: long the `k` highest scores.

use super::params::{FACTOR, ParamKind, ParamSpec, Values};
use super::registry::{Build, Rule, Template};
use super::weighting::{self, BUFFER, MAX_WEIGHT, NO_TRADE_BAND, VOL_LOOKBACK, WEIGHTING};
use super::{Capability, CrossSection, Exclusion, Plan, Ranked, View, Weighting};
use crate::error::TradingError;

/// The template.
pub(super) static TEMPLATE: Template = Template {
    name: "top_k",
    doc: "long the k names with the highest score; each of the k slots carries 1/k of equity",
    capabilities: &[Capability::CrossSection, Capability::Long],
    params: &[
        FACTOR,
        ParamSpec::with_default("k", ParamKind::Count(1), "10", "how many names to hold"),
        WEIGHTING,
        VOL_LOOKBACK,
        MAX_WEIGHT,
        ParamSpec::optional(
            "min_factor",
            ParamKind::Number,
            "lowest score that may be held; the slot of a name below it stays cash",
        ),
        ParamSpec::optional("max_positions", ParamKind::Count(1), "upper bound on k"),
        BUFFER,
        NO_TRADE_BAND,
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
    /// Places behind the last one at which a held name stays.
    buffer: usize,
    /// Distance of weights that is left alone.
    band: f64,
}

/// Makes the strategy.
fn build(values: &Values) -> Result<Rule, TradingError> {
    let k = values.n_bars("k");
    let weighting = Weighting::from_values(values)?;
    let rule = TopK {
        k,
        slots: values.n_names("max_positions").map_or(k, |most| most.min(k)),
        weighting,
        min_factor: values.number("min_factor"),
        buffer: values.n_bars("buffer"),
        band: values.number_set("no_trade_band"),
    };
    Ok(Rule::new(rule, values.factor(), weighting.history_bars()))
}

impl CrossSection for TopK {
    fn decide(&self, ranked: &[Ranked], view: &dyn View, plan: &mut Plan) {
        let chosen = weighting::choose(ranked, self.slots, self.buffer, 1.0, view);
        // Scores fall along `chosen`, so that those below the minimum are at the end.
        let n_good = chosen.partition_point(|name| self.min_factor.is_none_or(|least| name.score >= least));
        let (good, poor) = chosen.split_at(n_good);
        self.weighting.spread(good, n_good as f64 / self.slots as f64, view, plan);
        plan.refused.extend(poor.iter().map(|name| (name.symbol_idx, Exclusion::BelowMinFactor)));
        weighting::leave_alone(self.band, view, plan);
    }

    fn names_needed(&self, _n_eligible: usize) -> usize {
        self.slots
    }

    fn may_short(&self) -> bool {
        false
    }

    fn check_universe(&self, n_symbols: usize) -> Result<(), TradingError> {
        TradingError::check_names(TEMPLATE.name, "k", self.k, n_symbols)
    }
}
