//! TargetList: exactly the weights of a list, at exactly its times; or those that a column of a factor set holds.

use super::params::{FACTOR, ParamKind, ParamSpec, Values};
use super::registry::{Build, Rule, Template};
use super::weighting::{self, NO_TRADE_BAND};
use super::{Aim, Capability, CrossSection, Plan, Ranked, View};
use crate::error::TradingError;

/// The template.
pub(super) static TEMPLATE: Template = Template {
    name: "target_list",
    doc: "exactly the weights of a file (CSV or Parquet: date, symbol, weight), decided at the first bar whose label is at or after \
          each date, a symbol that a date does not name getting 0; or the values of a factor column at each rebalance",
    capabilities: &[Capability::CrossSection, Capability::Long, Capability::Short],
    params: &[
        ParamSpec::optional("file", ParamKind::Name, "the list; without one the column `factor` is taken"),
        FACTOR,
        ParamSpec::with_default(
            "values",
            ParamKind::Choice(&["weights", "sides"]),
            "weights",
            "weights: fractions of equity, negative is short; sides: only the sign counts, as of targets (1, -1, 0), and each name \
             that has one gets gross over their number",
        ),
        ParamSpec::with_default(
            "gross",
            ParamKind::Between(0.0, f64::INFINITY),
            "1",
            "sum of absolute weights when the values are sides",
        ),
        ParamSpec::with_default(
            "allow_short",
            ParamKind::Flag,
            "false",
            "whether negative values sell short; without it they count as 0 and are told",
        ),
        ParamSpec::with_default(
            "others",
            ParamKind::Choice(&["refuse", "drop"]),
            "refuse",
            "targets of the file whose symbol is not in the run: refuse stops, drop leaves them out and counts them; what they \
             would have had stays in cash",
        ),
        NO_TRADE_BAND,
    ],
    build: Build::Rule(build),
};

/// The weights of a column.
#[derive(Debug)]
struct TargetList {
    /// Gross exposure when only signs count.
    sides: Option<f64>,
    /// Whether negative values count.
    allow_short: bool,
    /// Distance of weights that is left alone.
    band: f64,
}

/// Makes the strategy.
fn build(values: &Values) -> Result<Rule, TradingError> {
    let (targets, columns) = match (values.name("file"), values.name(FACTOR.name)) {
        (Some(_), Some(_)) => return Err(values.conflict("`file` and `factor` are given; expected one of them")),
        (Some(file), None) => (Some(file), Vec::new()),
        (None, _) => (None, values.factor()),
    };
    let sides = (values.choice("values") == "sides").then(|| values.number_set("gross"));
    let rule = TargetList { sides, allow_short: values.flag("allow_short"), band: values.number_set("no_trade_band") };
    Ok(Rule { targets, ..Rule::new(rule, columns, 0) })
}

impl CrossSection for TargetList {
    fn decide(&self, ranked: &[Ranked], view: &dyn View, plan: &mut Plan) {
        if !self.allow_short && ranked.last().is_some_and(|name| name.score < 0.0) {
            plan.warnings.push("negative targets count as 0: allow_short is false");
        }
        let counts = |name: &&Ranked| if self.allow_short { name.score != 0.0 } else { name.score > 0.0 };
        let n_sides = ranked.iter().filter(counts).count();
        for name in ranked.iter().filter(counts) {
            let weight = self.sides.map_or(name.score, |gross| (gross / n_sides as f64).copysign(name.score));
            plan.aims.push((name.symbol_idx, Aim::Weight(weight)));
        }
        weighting::leave_alone(self.band, view, plan);
    }

    fn names_needed(&self, _n_eligible: usize) -> usize {
        0
    }

    fn may_short(&self) -> bool {
        self.allow_short
    }

    fn check_universe(&self, _n_symbols: usize) -> Result<(), TradingError> {
        Ok(())
    }
}
