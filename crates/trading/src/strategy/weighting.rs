//! How weights are spread over the chosen names: equal, by score, by inverse volatility, within a largest weight; and
//! what keeps them from changing too often.

use super::params::{ParamKind, ParamSpec, Values};
use super::rule::{Aim, Exclusion, Plan, Ranked, View};
use crate::error::TradingError;

/// What a name's weight is in proportion to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proportion {
    /// The same for each.
    Equal,
    /// The score where it is on the right side of 0.
    Score,
    /// One over the sample deviation of the last returns, from so many closes.
    InverseVolatility(usize),
}

/// How weights are spread over the names of one side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Weighting {
    /// What they are in proportion to.
    proportion: Proportion,
    /// Largest absolute weight; what a name would have above it goes to the others in their proportions.
    max_weight: f64,
}

/// How weights are spread.
pub(super) const WEIGHTING: ParamSpec = ParamSpec::with_default(
    "weighting",
    ParamKind::Choice(&["equal", "score", "inverse_volatility", "capped"]),
    "equal",
    "equal; score: in proportion to the score where it has the side's sign; inverse_volatility: to 1 / sample deviation of \
     the last returns; capped: as score, none above max_weight",
);

/// Returns of the volatility.
pub(super) const VOL_LOOKBACK: ParamSpec = ParamSpec::with_default(
    "vol_lookback",
    ParamKind::Count(2),
    "20",
    "returns of a symbol's own bars in the volatility, up to the bar of the decision",
);

/// The largest weight.
pub(super) const MAX_WEIGHT: ParamSpec = ParamSpec::optional(
    "max_weight",
    ParamKind::Between(0.0, f64::INFINITY),
    "largest absolute weight of a name; what is above it goes to the other names of its side in their proportions, and what \
     none can take stays cash",
);

/// The buffer of ranks.
pub(super) const BUFFER: ParamSpec = ParamSpec::with_default(
    "buffer",
    ParamKind::Count(0),
    "0",
    "a name that is held stays chosen while its place is at most this far behind the last chosen one",
);

/// The band within which weights are left alone.
pub(super) const NO_TRADE_BAND: ParamSpec = ParamSpec::with_default(
    "no_trade_band",
    ParamKind::Share,
    "0",
    "a position stays as it is while its weight is within this fraction of equity of the weight it would get; one that would \
     get none is closed however small it is",
);

impl Weighting {
    /// Reads [`WEIGHTING`], [`VOL_LOOKBACK`] and [`MAX_WEIGHT`].
    ///
    /// # Errors
    /// [`TradingError::Conflict`] for `capped` without a largest weight.
    pub(super) fn from_values(values: &Values) -> Result<Self, TradingError> {
        let max_weight = values.number("max_weight");
        let proportion = match values.choice("weighting") {
            "inverse_volatility" => Proportion::InverseVolatility(values.n_bars("vol_lookback").saturating_add(1)),
            "capped" if max_weight.is_none() => {
                return Err(
                    values.conflict("`weighting` is capped and `max_weight` is not given; expected a largest weight")
                );
            }
            "score" | "capped" => Proportion::Score,
            _ => Proportion::Equal,
        };
        Ok(Self { proportion, max_weight: max_weight.unwrap_or(f64::INFINITY) })
    }

    /// Closes of each chosen name it looks at.
    pub(super) fn history_bars(self) -> usize {
        match self.proportion {
            Proportion::InverseVolatility(n_closes) => n_closes,
            _ => 0,
        }
    }

    /// Spreads `total` (a signed fraction of equity) over `names`. Proportions that are all 0 fall back to equal weights and
    /// say so.
    pub(super) fn spread(self, names: &[Ranked], total: f64, view: &dyn View, plan: &mut Plan) {
        let equal = total / names.len() as f64;
        if self.proportion == Proportion::Equal && equal.abs() <= self.max_weight {
            // What most searches ask for, thousands of times a second.
            plan.aims.extend(names.iter().map(|name| (name.symbol_idx, Aim::Weight(equal))));
            return;
        }
        let mut sizes = Vec::with_capacity(names.len());
        match self.proportion {
            Proportion::Equal => sizes.resize(names.len(), 1.0),
            Proportion::Score => sizes.extend(names.iter().map(|name| (name.score * total.signum()).max(0.0))),
            Proportion::InverseVolatility(n_closes) => {
                sizes.extend(
                    names.iter().map(|name| inverse_volatility(view.closes(name.symbol_idx, n_closes), n_closes)),
                );
            }
        }
        if !names.is_empty() && sizes.iter().all(|size| *size == 0.0) {
            plan.warnings.push(match self.proportion {
                Proportion::Score | Proportion::Equal => {
                    "no score on the right side of 0: equal weights instead of score weights"
                }
                Proportion::InverseVolatility(_) => "no name has a volatility: equal weights",
            });
            sizes.fill(1.0);
        }
        // Equal weights are the total over the number, to the bit.
        let sum: f64 = sizes.iter().sum();
        let is_equal = self.proportion == Proportion::Equal;
        for size in &mut sizes {
            *size = if is_equal { equal } else { total * (*size / sum) };
        }
        cap(&mut sizes, self.max_weight);
        for (name, weight) in names.iter().zip(sizes) {
            if weight == 0.0 && matches!(self.proportion, Proportion::InverseVolatility(_)) {
                plan.refused.push((name.symbol_idx, Exclusion::NoVolatility));
            } else {
                plan.aims.push((name.symbol_idx, Aim::Weight(weight)));
            }
        }
    }
}

/// One over the sample deviation (ddof 1) of the simple returns between `n_closes` closes; 0 when there are fewer, or the
/// price has not moved.
fn inverse_volatility(closes: &[f64], n_closes: usize) -> f64 {
    if closes.len() < n_closes {
        return 0.0;
    }
    let n_returns = (n_closes - 1) as f64;
    let returns = || closes.windows(2).map(|pair| pair[1] / pair[0] - 1.0);
    let mean = returns().sum::<f64>() / n_returns;
    let squares: f64 = returns().map(|change| (change - mean) * (change - mean)).sum();
    let deviation = (squares / (n_returns - 1.0)).sqrt();
    if deviation > 0.0 && deviation.is_finite() { 1.0 / deviation } else { 0.0 }
}

/// Cuts weights of one sign to `most` and gives what was cut to the others in their proportions, until nothing is above.
fn cap(weights: &mut [f64], most: f64) {
    let mut is_full = vec![false; weights.len()];
    // Each round fills at least one name.
    for _ in 0..weights.len() {
        let mut excess = 0.0;
        for (weight, is_full) in weights.iter_mut().zip(&mut is_full) {
            if weight.abs() > most {
                excess += weight.abs() - most;
                *weight = most.copysign(*weight);
                *is_full = true;
            }
        }
        let room: f64 = weights.iter().zip(&is_full).filter(|(_, full)| !**full).map(|(weight, _)| weight.abs()).sum();
        if excess == 0.0 || room == 0.0 {
            return;
        }
        for (weight, _) in weights.iter_mut().zip(&is_full).filter(|(_, full)| !**full) {
            *weight *= 1.0 + excess / room;
        }
    }
}

/// The `n_names` names of one side: `side` holds them best first. Names held on this side (`sign`) stay while they are at
/// most `buffer` places behind the last that would be chosen; the best of the others take the places left. Best first.
pub(super) fn choose(side: &[Ranked], n_names: usize, buffer: usize, sign: f64, view: &dyn View) -> Vec<Ranked> {
    let n_names = n_names.min(side.len());
    if buffer == 0 || n_names == 0 {
        return side[..n_names].to_vec();
    }
    let holdings = view.holdings();
    let is_held = |name: &Ranked| {
        let at = holdings.binary_search_by_key(&name.symbol_idx, |holding| holding.symbol_idx);
        at.is_ok_and(|at| holdings[at].weight * sign > 0.0)
    };
    let near = &side[..n_names.saturating_add(buffer).min(side.len())];
    let held: Vec<bool> = near.iter().map(is_held).collect();
    let mut n_kept = 0;
    let mut chosen: Vec<bool> = held
        .iter()
        .map(|&held| {
            let stays = held && n_kept < n_names;
            n_kept += usize::from(stays);
            stays
        })
        .collect();
    for taken in chosen.iter_mut().filter(|taken| !**taken).take(n_names - n_kept) {
        *taken = true;
    }
    near.iter().zip(chosen).filter(|(_, chosen)| *chosen).map(|(name, _)| *name).collect()
}

/// Leaves positions alone whose weight is within `band` of the weight they would get.
pub(super) fn leave_alone(band: f64, view: &dyn View, plan: &mut Plan) {
    if band == 0.0 {
        return;
    }
    let holdings = view.holdings();
    for (symbol_idx, aim) in &mut plan.aims {
        let Aim::Weight(weight) = *aim else { continue };
        let Ok(at) = holdings.binary_search_by_key(symbol_idx, |holding| holding.symbol_idx) else { continue };
        let now = holdings[at].weight;
        if weight * now > 0.0 && (weight - now).abs() <= band {
            *aim = Aim::Keep;
        }
    }
}

/// How the two ends of a ranking are chosen and weighed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct TwoSides {
    /// Sum of long weights.
    long_gross: f64,
    /// Sum of absolute short weights.
    short_gross: f64,
    /// How weights are spread on each side.
    pub(super) weighting: Weighting,
    /// Places behind the last one at which a held name stays.
    buffer: usize,
    /// Distance of weights that is left alone.
    band: f64,
}

impl TwoSides {
    /// Both sides with their gross weights (long, short), and the parameters of weighting, buffer and band.
    ///
    /// # Errors
    /// As [`Weighting::from_values`].
    pub(super) fn from_values(values: &Values, (long_gross, short_gross): (f64, f64)) -> Result<Self, TradingError> {
        let weighting = Weighting::from_values(values)?;
        let (buffer, band) = (values.n_bars("buffer"), values.number_set("no_trade_band"));
        Ok(Self { long_gross, short_gross, weighting, buffer, band })
    }

    /// Both sides with a gross weight of 1, half of it on each when both have names.
    ///
    /// # Errors
    /// As [`Weighting::from_values`].
    pub(super) fn dollar_neutral(values: &Values, n_long: usize, n_short: usize) -> Result<Self, TradingError> {
        let side_gross = if n_long > 0 && n_short > 0 { 0.5 } else { 1.0 };
        Self::from_values(values, (side_gross, side_gross))
    }

    /// Weighs the `wanted` (long, short) names at the two ends. With too few names both sides shrink alike, each name at the
    /// weight it would have had, and no name is on both.
    pub(super) fn weigh(&self, ranked: &[Ranked], wanted: (usize, usize), view: &dyn View, plan: &mut Plan) {
        let n_names = ranked.len();
        let both = wanted.0.saturating_add(wanted.1);
        let share = |side: usize| (n_names as u128 * side as u128 / both.max(1) as u128) as usize;
        let (n_long, n_short) = if both <= n_names { wanted } else { (share(wanted.0), share(wanted.1)) };
        let gross =
            |gross: f64, names: usize, of: usize| if of == 0 { 0.0 } else { gross * (names as f64 / of as f64) };
        let (long_gross, short_gross) =
            (gross(self.long_gross, n_long, wanted.0), -gross(self.short_gross, n_short, wanted.1));
        if self.buffer == 0 {
            // The two ends as they are: both together are never more than all.
            self.weighting.spread(&ranked[..n_long], long_gross, view, plan);
            self.weighting.spread(&ranked[n_names - n_short..], short_gross, view, plan);
            leave_alone(self.band, view, plan);
            return;
        }
        // A buffer never reaches into the names that the other side has chosen.
        let long = choose(&ranked[..n_names - n_short], n_long, self.buffer, 1.0, view);
        self.weighting.spread(&long, long_gross, view, plan);
        let mut taken: Vec<u32> = long.iter().map(|name| name.symbol_idx).collect();
        taken.sort_unstable();
        let is_free = |name: &&Ranked| taken.binary_search(&name.symbol_idx).is_err();
        let rest: Vec<Ranked> = ranked.iter().rev().filter(is_free).copied().collect();
        let mut short = choose(&rest, n_short, self.buffer, -1.0, view);
        short.reverse();
        self.weighting.spread(&short, short_gross, view, plan);
        leave_alone(self.band, view, plan);
    }
}
