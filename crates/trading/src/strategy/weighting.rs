//! How weights are spread over the chosen names.

use super::params::Values;
use super::rule::{Aim, Plan, Ranked};

/// How weights are spread over the chosen names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weighting {
    /// The same for each.
    Equal,
    /// In proportion to the score where it is on the right side of 0.
    Score,
}

impl Weighting {
    /// Names of the values, as a parameter choice.
    pub(super) const WORDS: &'static [&'static str] = &["equal", "score"];

    /// Reads the parameter `weighting`.
    pub(super) fn from_values(values: &Values) -> Self {
        if values.choice("weighting") == "score" { Self::Score } else { Self::Equal }
    }

    /// Spreads `total` (a signed fraction of equity) over `names`; scores count when they have the sign of `total`.
    /// Score weighting of names without any such score falls back to equal weights and says so.
    pub(super) fn spread(self, names: &[Ranked], total: f64, plan: &mut Plan) {
        let useful = |ranked: &Ranked| (ranked.score * total.signum()).max(0.0);
        let sum: f64 = names.iter().map(useful).sum();
        let by_score = self == Self::Score && sum > 0.0;
        if self == Self::Score && !by_score && !names.is_empty() {
            plan.warnings.push("no score on the right side of 0: equal weights instead of score weights");
        }
        for ranked in names {
            let weight = if by_score { total * (useful(ranked) / sum) } else { total / names.len() as f64 };
            plan.aims.push((ranked.symbol_idx, Aim::Weight(weight)));
        }
    }
}

/// One side's share of `n_names` when `side` of `wanted` names are asked for and there are too few: rounded down, so
/// that both sides shrink alike and no name is on both.
pub(super) fn side_share(n_names: usize, side: usize, wanted: usize) -> usize {
    (n_names as u128 * side as u128 / wanted as u128) as usize
}
