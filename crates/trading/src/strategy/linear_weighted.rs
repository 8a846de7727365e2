//! LinearWeighted: several factor columns, made comparable at each instant and added with weights.

use super::combination::{Combination, Standard};
use super::params::{ParamKind, ParamSpec, Values};
use super::registry::{Build, Column, Rule, Template};
use super::weighting::{BUFFER, MAX_WEIGHT, NO_TRADE_BAND, TwoSides, VOL_LOOKBACK, WEIGHTING};
use super::{Capability, CrossSection, Plan, Ranked, View};
use crate::error::TradingError;

/// The template.
pub(super) static TEMPLATE: Template = Template {
    name: "linear_weighted",
    doc: "scores names by a weighted sum of several factor columns, each made a z-score over the eligible names at that time; \
          long the k highest, short the short_k lowest",
    capabilities: &[Capability::CrossSection, Capability::Long, Capability::Short],
    params: &[
        ParamSpec::required("factors", ParamKind::Weights, "factor columns and their weights"),
        ParamSpec::with_default(
            "standardise",
            ParamKind::Choice(&["zscore", "rank", "none"]),
            "zscore",
            "zscore: minus mean over sample deviation of the eligible names, 0 when all are equal; rank: from above 0 to 1, ties \
             averaged; none: as they are",
        ),
        ParamSpec::with_default(
            "missing",
            ParamKind::Choice(&["exclude", "neutral"]),
            "exclude",
            "exclude: a name that lacks one of the factors is not eligible; neutral: what it lacks counts as the mean of the others \
             (0, or rank 0.5), and only a name that lacks all is not eligible",
        ),
        ParamSpec::with_default("k", ParamKind::Count(0), "10", "how many of the highest to buy"),
        ParamSpec::with_default("short_k", ParamKind::Count(0), "0", "how many of the lowest to sell short"),
        WEIGHTING,
        VOL_LOOKBACK,
        MAX_WEIGHT,
        BUFFER,
        NO_TRADE_BAND,
    ],
    build: Build::Rule(build),
};

/// The rule: the ends of a weighted sum of columns.
#[derive(Debug)]
struct LinearWeighted {
    /// The sum.
    combination: Combination,
    /// Names bought.
    n_long: usize,
    /// Names sold short.
    n_short: usize,
    /// How both sides are chosen and weighed.
    sides: TwoSides,
}

/// Makes the strategy.
fn build(values: &Values) -> Result<Rule, TradingError> {
    let (n_long, n_short) = (values.n_bars("k"), values.n_bars("short_k"));
    if n_long == 0 && n_short == 0 {
        return Err(values.conflict("`k` and `short_k` are both 0; expected at least one name"));
    }
    let factors = values.weights("factors");
    if factors.iter().all(|(_, weight)| *weight == 0.0) {
        return Err(values.conflict("all weights of `factors` are 0; expected at least one that counts"));
    }
    let sides = TwoSides::dollar_neutral(values, n_long, n_short)?;
    let standard = match values.choice("standardise") {
        "rank" => Standard::Rank,
        "none" => Standard::None,
        _ => Standard::ZScore,
    };
    let (names, weights): (Vec<String>, Vec<f64>) = factors.into_iter().unzip();
    let needs_all = values.choice("missing") == "exclude";
    let combination = Combination { weights, standard, needs_all };
    let rule = LinearWeighted { combination: combination.clone(), n_long, n_short, sides };
    let columns = names.into_iter().map(Column::Named).collect();
    Ok(Rule { combination: Some(combination), ..Rule::new(rule, columns, sides.weighting.history_bars()) })
}

impl CrossSection for LinearWeighted {
    fn score(&self, names: &[u32], view: &dyn View, scores: &mut Vec<f64>) {
        let column = |column: usize| names.iter().map(|&symbol_idx| view.value(column, symbol_idx)).collect();
        let columns: Vec<Vec<f64>> = (0..self.combination.weights.len()).map(column).collect();
        scores.extend(self.combination.scores(&columns));
    }

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
        TradingError::check_names(TEMPLATE.name, "k + short_k", self.names_needed(n_symbols), n_symbols)
    }
}
