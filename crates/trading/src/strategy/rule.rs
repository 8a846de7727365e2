//! What a cross-sectional rule sees and says.

use std::fmt::Debug;

use crate::error::TradingError;

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
    /// The symbol has no bar at this time.
    NoBar,
    /// `tradable_flag` is false.
    NotTradable,
    /// The ranking factor is missing (NaN).
    MissingFactor,
    /// The score is below `min_factor`.
    BelowMinFactor,
    /// Eligible, but the rank or score was not good enough.
    NotSelected,
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
            Self::NoBar => "no bar",
            Self::NotTradable => "not tradable",
            Self::MissingFactor => "missing factor",
            Self::BelowMinFactor => "below min_factor",
            Self::NotSelected => "not selected",
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

/// A cross-sectional rule.
pub trait CrossSection: Debug + Send + Sync {
    /// Decides at one instant. `ranked` holds the eligible names by score descending, then symbol ascending; there may
    /// be fewer than [`CrossSection::names_needed`], in which case each name gets the weight it would have had.
    fn decide(&self, ranked: &[Ranked], plan: &mut Plan);

    /// The fewest names the strategy can do its whole work with when `n_eligible` are there.
    fn names_needed(&self, n_eligible: usize) -> usize;

    /// Whether it ever sells short.
    fn may_short(&self) -> bool;

    /// After how many of a symbol's own bars a position is closed, if it ever is for that reason.
    fn hold_max_bars(&self) -> Option<u64>;

    /// Refuses to run on fewer symbols than it asks for.
    ///
    /// # Errors
    /// [`TradingError::TooManyNames`].
    fn check_universe(&self, n_symbols: usize) -> Result<(), TradingError>;
}
