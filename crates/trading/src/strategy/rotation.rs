//! Rotation among few assets: the strongest by their own momentum, and none that is weaker than cash or a safe asset.
//!
//! The ranking is relative momentum, the filter is absolute momentum; together they are what Antonacci ("Dual Momentum
//! Investing", 2014) calls dual momentum. Momentum is the total return over a number of the asset's own bars.

use super::params::{ParamKind, ParamSpec, Values};
use super::registry::{Build, Rule, Template};
use super::weighting::{self, BUFFER, MAX_WEIGHT, NO_TRADE_BAND, VOL_LOOKBACK, WEIGHTING};
use super::{Aim, Capability, CrossSection, Exclusion, Plan, Ranked, View, Weighting};
use crate::error::TradingError;

/// The template.
pub(super) static TEMPLATE: Template = Template {
    name: "rotation",
    doc: "long the top_n assets with the highest momentum (mean total return over the lookbacks), each slot 1/top_n of equity; the \
          slot of one whose momentum is not above the hurdle goes to the safe asset, or stays cash. Decided monthly with --rebalance MS",
    capabilities: &[Capability::CrossSection, Capability::Long],
    params: &[
        ParamSpec::with_default("top_n", ParamKind::Count(1), "3", "how many assets to hold"),
        ParamSpec::with_default(
            "lookbacks",
            ParamKind::Counts(1),
            "126",
            "the asset's own bars over which total returns are taken; the mean of several is the momentum",
        ),
        ParamSpec::with_default("skip", ParamKind::Count(0), "0", "last bars that are left out of the returns"),
        ParamSpec::with_default(
            "absolute",
            ParamKind::Choice(&["zero", "safe", "none"]),
            "zero",
            "the hurdle: zero: momentum above 0; safe: above that of the safe asset; none: no hurdle",
        ),
        ParamSpec::optional(
            "safe",
            ParamKind::Name,
            "symbol that takes the slots below the hurdle; it is not ranked among the others. Without one they stay cash",
        ),
        WEIGHTING,
        VOL_LOOKBACK,
        MAX_WEIGHT,
        BUFFER,
        NO_TRADE_BAND,
    ],
    build: Build::Rule(build),
};

/// What an asset's momentum must exceed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hurdle {
    /// Nothing.
    None,
    /// Zero.
    Zero,
    /// The momentum of the safe asset; nothing passes while that has none.
    Safe,
}

/// The strongest assets.
#[derive(Debug)]
struct Rotation {
    /// Assets held.
    top_n: usize,
    /// Bars of each return.
    lookbacks: Vec<usize>,
    /// Last bars left out.
    skip: usize,
    /// What momentum must exceed.
    hurdle: Hurdle,
    /// Takes slots below the hurdle.
    safe: Option<String>,
    /// How weights are spread.
    weighting: Weighting,
    /// Places behind the last one at which a held asset stays.
    buffer: usize,
    /// Distance of weights that is left alone.
    band: f64,
}

/// Makes the strategy.
fn build(values: &Values) -> Result<Rule, TradingError> {
    let safe = values.name("safe");
    let hurdle = match values.choice("absolute") {
        "none" => Hurdle::None,
        "safe" if safe.is_none() => {
            return Err(
                values.conflict("`absolute` is safe and `safe` is not given; expected the symbol of a safe asset")
            );
        }
        "safe" => Hurdle::Safe,
        _ => Hurdle::Zero,
    };
    let weighting = Weighting::from_values(values)?;
    let (lookbacks, skip) = (values.counts("lookbacks"), values.n_bars("skip"));
    let longest = lookbacks.iter().copied().max().unwrap_or_default();
    let history_bars = longest.saturating_add(skip).saturating_add(1).max(weighting.history_bars());
    let (top_n, buffer, band) = (values.n_bars("top_n"), values.n_bars("buffer"), values.number_set("no_trade_band"));
    let rule = Rotation { top_n, lookbacks, skip, hurdle, safe, weighting, buffer, band };
    Ok(Rule::new(rule, Vec::new(), history_bars))
}

impl Rotation {
    /// Mean return over the lookbacks; NaN with too few closes.
    fn momentum(&self, symbol_idx: u32, view: &dyn View) -> f64 {
        let mut sum = 0.0;
        for &lookback in &self.lookbacks {
            let n_closes = lookback.saturating_add(self.skip).saturating_add(1);
            let closes = view.closes(symbol_idx, n_closes);
            if closes.len() < n_closes {
                return f64::NAN;
            }
            sum += closes[lookback] / closes[0] - 1.0;
        }
        sum / self.lookbacks.len() as f64
    }
}

impl CrossSection for Rotation {
    fn score(&self, names: &[u32], view: &dyn View, scores: &mut Vec<f64>) {
        scores.extend(names.iter().map(|&symbol_idx| self.momentum(symbol_idx, view)));
    }

    fn decide(&self, ranked: &[Ranked], view: &dyn View, plan: &mut Plan) {
        let safe_idx = self.safe.as_ref().and_then(|safe| view.symbol_idx(safe));
        let safe = ranked.iter().find(|name| Some(name.symbol_idx) == safe_idx);
        let risky: Vec<Ranked> = ranked.iter().filter(|name| Some(name.symbol_idx) != safe_idx).copied().collect();
        let hurdle = match self.hurdle {
            Hurdle::None => f64::NEG_INFINITY,
            Hurdle::Zero => 0.0,
            Hurdle::Safe => safe.map_or(f64::INFINITY, |safe| safe.score),
        };
        let chosen = weighting::choose(&risky, self.top_n, self.buffer, 1.0, view);
        let n_good = chosen.partition_point(|name| name.score > hurdle);
        let (good, poor) = chosen.split_at(n_good);
        self.weighting.spread(good, n_good as f64 / self.top_n as f64, view, plan);
        plan.refused.extend(poor.iter().map(|name| (name.symbol_idx, Exclusion::BelowHurdle)));
        if let (Some(safe), false) = (safe, poor.is_empty()) {
            plan.aims.push((safe.symbol_idx, Aim::Weight(poor.len() as f64 / self.top_n as f64)));
        }
        weighting::leave_alone(self.band, view, plan);
    }

    fn names_needed(&self, _n_eligible: usize) -> usize {
        self.top_n
    }

    fn may_short(&self) -> bool {
        false
    }

    fn why_no_score(&self) -> Exclusion {
        Exclusion::ShortHistory
    }

    fn symbols_needed(&self) -> &[String] {
        self.safe.as_slice()
    }

    fn check_universe(&self, n_symbols: usize) -> Result<(), TradingError> {
        let wanted = self.top_n.saturating_add(usize::from(self.safe.is_some()));
        TradingError::check_names(TEMPLATE.name, "top_n and safe", wanted, n_symbols)
    }
}
