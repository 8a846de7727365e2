//! Threshold: each symbol on its own, in above one score and out below another.

use super::params::{FACTOR, ParamKind, ParamSpec, Values};
use super::registry::{Build, Rule, Template};
use super::weighting::{self, NO_TRADE_BAND};
use super::{Aim, Capability, CrossSection, Plan, Ranked, View};
use crate::error::TradingError;

/// The template.
pub(super) static TEMPLATE: Template = Template {
    name: "threshold",
    doc: "each symbol on its own: long at or above buy_threshold, closed (or short) at or below sell_threshold, \
          left alone between",
    capabilities: &[Capability::PerSymbol, Capability::Long, Capability::Short, Capability::HoldingLimit],
    params: &[
        FACTOR,
        ParamSpec::required(
            "buy_threshold",
            ParamKind::Number,
            "score from which a name is held long, sized anew at each decision",
        ),
        ParamSpec::required(
            "sell_threshold",
            ParamKind::Number,
            "score down to which a name is held; must be below buy_threshold",
        ),
        ParamSpec::with_default(
            "position_size",
            ParamKind::Between(0.0, f64::INFINITY),
            "0.1",
            "weight of each position, a fraction of equity",
        ),
        ParamSpec::optional(
            "hold_max_bars",
            ParamKind::Count(1),
            "bars of the symbol after which a position is closed whatever its score",
        ),
        ParamSpec::with_default(
            "allow_short",
            ParamKind::Flag,
            "false",
            "whether a score at or below sell_threshold sells short",
        ),
        NO_TRADE_BAND,
    ],
    build: Build::Rule(build),
};

/// In above one score, out below another.
#[derive(Debug)]
struct Threshold {
    /// Score from which a name is bought.
    buy: f64,
    /// Score down to which a name is kept.
    sell: f64,
    /// Weight of each position.
    position_size: f64,
    /// Longest time a position is held, in the symbol's own bars.
    hold_max_bars: Option<u64>,
    /// Whether low scores are sold short.
    allow_short: bool,
    /// Distance of weights that is left alone.
    band: f64,
}

/// Makes the strategy.
fn build(values: &Values) -> Result<Rule, TradingError> {
    let (buy, sell) = (values.number_set("buy_threshold"), values.number_set("sell_threshold"));
    if sell >= buy {
        return Err(values.conflict(format!(
            "`sell_threshold` is {sell} and `buy_threshold` is {buy}; expected sell_threshold below buy_threshold"
        )));
    }
    let rule = Threshold {
        buy,
        sell,
        position_size: values.number_set("position_size"),
        hold_max_bars: values.count("hold_max_bars"),
        allow_short: values.flag("allow_short"),
        band: values.number_set("no_trade_band"),
    };
    Ok(Rule::new(rule, values.factor(), 0))
}

impl CrossSection for Threshold {
    fn decide(&self, ranked: &[Ranked], view: &dyn View, plan: &mut Plan) {
        for name in ranked {
            let aim = if name.score >= self.buy {
                Aim::Weight(self.position_size)
            } else if name.score > self.sell {
                Aim::Keep
            } else if self.allow_short {
                Aim::Weight(-self.position_size)
            } else {
                continue;
            };
            plan.aims.push((name.symbol_idx, aim));
        }
        weighting::leave_alone(self.band, view, plan);
    }

    fn names_needed(&self, _n_eligible: usize) -> usize {
        0
    }

    fn may_short(&self) -> bool {
        self.allow_short
    }

    fn hold_max_bars(&self) -> Option<u64> {
        self.hold_max_bars
    }

    fn check_universe(&self, _n_symbols: usize) -> Result<(), TradingError> {
        Ok(())
    }
}
