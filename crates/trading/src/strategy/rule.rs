//! What a cross-sectional rule sees and says.

use std::fmt::Debug;

use crate::error::TradingError;
use crate::universe::Ground;

/// An eligible name and its score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranked {
    /// Position in the sorted symbol list.
    pub symbol_idx: u32,
    /// The ranking factor's value, finite.
    pub score: f64,
}

/// What a strategy wants for one name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Aim {
    /// This fraction of equity; negative is short.
    Weight(f64),
    /// The quantity held now, whatever it has come to be worth.
    Keep,
}

/// Why a symbol was passed over at a rebalance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Exclusion {
    /// Its delisting date has passed.
    Delisted,
    /// Not in the pool of the current period.
    NotInPool,
    /// Not in the universe of the current period.
    Universe(Ground),
    /// The symbol has no bar at this time.
    NoBar,
    /// `tradable_flag` is false.
    NotTradable,
    /// The ranking factor is missing (NaN).
    MissingFactor,
    /// It has not traded for as many bars as the strategy looks back on.
    ShortHistory,
    /// The score is below `min_factor`.
    BelowMinFactor,
    /// Its momentum is not above the hurdle.
    BelowHurdle,
    /// Eligible, but the rank or score was not good enough.
    NotSelected,
    /// Its price does not move, or not for long enough to tell, so that it has no weight by inverse volatility.
    NoVolatility,
    /// Chosen with a weight of 0, as score weighting gives to a score on the wrong side of 0.
    ZeroWeight,
    /// Too few names at this rebalance, and `--on-short` skips it or goes flat.
    TooFewNames,
    /// The drawdown limit has been hit, or equity is gone; nothing is opened any more.
    Halted,
}

impl Exclusion {
    /// The words in `trade_summary.csv`.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Delisted => "delisted",
            Self::NotInPool => "not in pool",
            Self::Universe(ground) => ground.reason(),
            Self::NoBar => "no bar",
            Self::NotTradable => "not tradable",
            Self::MissingFactor => "missing factor",
            Self::ShortHistory => "too little history",
            Self::BelowMinFactor => "below min_factor",
            Self::BelowHurdle => "below the hurdle",
            Self::NotSelected => "not selected",
            Self::NoVolatility => "no volatility",
            Self::ZeroWeight => "zero weight",
            Self::TooFewNames => "too few names",
            Self::Halted => "halted",
        }
    }
}

/// What a strategy decided. Names without an aim are closed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// One aim per chosen name, in any order, each name at most once.
    pub aims: Vec<(u32, Aim)>,
    /// Names refused for a reason of the strategy's own.
    pub refused: Vec<(u32, Exclusion)>,
    /// Remarks for the log.
    pub warnings: Vec<&'static str>,
}

impl Plan {
    /// Forgets everything and keeps the allocations.
    pub fn clear(&mut self) {
        self.aims.clear();
        self.refused.clear();
        self.warnings.clear();
    }
}

/// A position at the time of a decision.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Holding {
    /// Position in the sorted symbol list.
    pub symbol_idx: u32,
    /// Its value over equity; negative is short.
    pub weight: f64,
    /// The symbol's own bars that have closed since it was opened from flat, the bar it was opened in among them unless
    /// that was at its close.
    pub n_bars: u64,
    /// Whether it stays whatever is decided: it cannot be traded now, or waits to be closed.
    pub is_stuck: bool,
}

/// What a rule may look at: nothing that was not known at the decision.
pub trait View {
    /// The label of the bar at whose close it decides, microseconds UTC.
    fn label(&self) -> i64;

    /// The value of a column, by its place in [`super::Resolved::columns`]; NaN when it is missing.
    fn value(&self, column: usize, symbol_idx: u32) -> f64;

    /// At most the last `n` closes of a symbol, oldest first, that of the present bar among them; fewer when it has not
    /// traded as long. Over splits and dividends they are those of a holder who reinvests: their ratios are total returns.
    fn closes(&self, symbol_idx: u32, n: usize) -> &[f64];

    /// What is held, symbols ascending.
    fn holdings(&self) -> &[Holding];

    /// The position of a symbol in the sorted symbol list.
    fn symbol_idx(&self, symbol: &str) -> Option<u32>;
}

/// A ranking, with room for the next.
#[derive(Debug, Default)]
pub struct Ranking {
    /// Eligible names by score descending, then symbol ascending.
    pub ranked: Vec<Ranked>,
    /// The score of each name that was ranked, NaN where it has none.
    pub scores: Vec<f64>,
    /// What is sorted.
    keys: Vec<u128>,
}

/// Scores `names` (those that can be traded, ascending) and ranks the eligible ones.
pub fn rank(rule: &dyn CrossSection, names: &[u32], view: &dyn View, ranking: &mut Ranking) {
    let Ranking { ranked, scores, keys } = ranking;
    scores.clear();
    rule.score(names, view, scores);
    keys.clear();
    let scored = names.iter().zip(scores.iter()).filter(|(_, score)| score.is_finite());
    // One number for score and symbol, which is compared faster than both. Adding 0 makes -0 equal to 0.
    keys.extend(scored.map(|(&symbol_idx, &score)| u128::from(descending(score + 0.0)) << 32 | u128::from(symbol_idx)));
    keys.sort_unstable();
    ranked.clear();
    ranked.extend(keys.iter().map(|&key| Ranked { symbol_idx: key as u32, score: score_of((key >> 32) as u64) }));
}

/// A number that is the lower the higher a score is.
#[inline]
fn descending(score: f64) -> u64 {
    let bits = score.to_bits();
    // Negative scores are the higher the lower their bits are, positive ones the other way round.
    if bits >> 63 == 1 { bits } else { !bits & (u64::MAX >> 1) }
}

/// The score of a number from [`descending`].
#[inline]
fn score_of(descending: u64) -> f64 {
    f64::from_bits(if descending >> 63 == 1 { descending } else { !descending & (u64::MAX >> 1) })
}

/// A cross-sectional rule.
pub trait CrossSection: Debug + Send + Sync {
    /// Puts the score of each of `names` (those that can be traded, ascending) into `scores`, in their order; NaN: not
    /// eligible. Without a way of its own it ranks by its first column.
    fn score(&self, names: &[u32], view: &dyn View, scores: &mut Vec<f64>) {
        scores.extend(names.iter().map(|&symbol_idx| view.value(0, symbol_idx)));
    }

    /// Decides at one instant. `ranked` holds the eligible names by score descending, then symbol ascending; there may
    /// be fewer than [`CrossSection::names_needed`], in which case each name gets the weight it would have had.
    fn decide(&self, ranked: &[Ranked], view: &dyn View, plan: &mut Plan);

    /// The fewest names the strategy can do its whole work with when `n_eligible` are there.
    fn names_needed(&self, n_eligible: usize) -> usize;

    /// Whether it ever sells short.
    fn may_short(&self) -> bool;

    /// After how many of a symbol's own bars a position is closed; `None`: it never is for that reason.
    fn hold_max_bars(&self) -> Option<u64> {
        None
    }

    /// Why a name that can be traded has no score.
    fn why_no_score(&self) -> Exclusion {
        Exclusion::MissingFactor
    }

    /// Symbols without which it makes no sense.
    fn symbols_needed(&self) -> &[String] {
        &[]
    }

    /// Refuses to run on fewer symbols than it asks for.
    ///
    /// # Errors
    /// [`TradingError::TooManyNames`].
    fn check_universe(&self, n_symbols: usize) -> Result<(), TradingError>;
}
