//! Cross-sectional rules, and the built-in templates.
//!
//! A rule is made a [`crate::Strategy`] by [`Portfolio`]. It sees the eligible names of one instant in order of their score and says what weight
//! each should have. It cannot tell history from live: no clock, no files, no future. The driver has already dropped
//! what cannot be traded; it applies limits, makes orders and keeps the books afterwards.
//!
//! Each template lives in its own file with its parameters beside it; names, help and error texts are derived from
//! there. Start reading at [`resolve`].

mod long_short;
mod momentum;
mod params;
mod portfolio;
#[cfg(test)]
mod tests;
mod threshold;
mod top_k;

use std::collections::BTreeMap;
use std::fmt::Debug;

use crate::error::{TradingError, hint};

pub use params::{FACTOR, ParamKind, ParamSpec, Values};
pub use portfolio::{Portfolio, Scorer};

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

/// Something a strategy can do, for lists and for whoever chooses among strategies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capability {
    /// Compares symbols with one another.
    CrossSection,
    /// Decides for each symbol on its own.
    PerSymbol,
    /// Buys.
    Long,
    /// Sells short, at least when its parameters ask for it.
    Short,
    /// Closes a position after a number of bars.
    HoldingLimit,
}

impl Capability {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::CrossSection => "cross_section",
            Self::PerSymbol => "per_symbol",
            Self::Long => "long",
            Self::Short => "short",
            Self::HoldingLimit => "holding_limit",
        }
    }
}

/// A strategy a user can name, and its parameters.
#[derive(Debug)]
pub struct Template {
    /// The canonical name.
    pub name: &'static str,
    /// What it does, in one sentence.
    pub doc: &'static str,
    /// What it can do.
    pub capabilities: &'static [Capability],
    /// Its own parameters; every template also takes [`params::FACTOR`].
    pub params: &'static [ParamSpec],
    /// Makes the strategy from checked values.
    build: fn(&Values) -> Result<Box<dyn CrossSection>, TradingError>,
}

/// A named strategy with its parameters checked and completed.
#[derive(Debug)]
pub struct Resolved {
    /// The template it was made from.
    pub template: &'static Template,
    /// Every parameter that has a value, defaults included, under its canonical name and in its canonical text.
    pub params: BTreeMap<String, String>,
    /// The ranking column asked for; `None` leaves it to the factor set's only column.
    pub factor: Option<String>,
    /// The strategy itself.
    pub strategy: Box<dyn CrossSection>,
}

/// All templates, in the order in which help lists them.
pub fn templates() -> &'static [&'static Template] {
    &ALL
}

/// The templates themselves.
static ALL: [&Template; 4] = [&top_k::TEMPLATE, &long_short::TEMPLATE, &threshold::TEMPLATE, &momentum::TEMPLATE];

/// The template called `name`: any case, with or without `_` and `-` (`TopK`, `long-short`).
///
/// # Errors
/// [`TradingError::UnknownStrategy`] with the nearest name.
pub fn template(name: &str) -> Result<&'static Template, TradingError> {
    let letters = |text: &str| text.to_lowercase().replace(['_', '-', ' '], "");
    templates().iter().find(|template| letters(template.name) == letters(name)).copied().ok_or_else(|| {
        let names = || templates().iter().map(|template| template.name);
        TradingError::UnknownStrategy {
            name: name.to_owned(),
            expected: names().collect::<Vec<_>>().join(", "),
            hint: hint(name, names()),
        }
    })
}

/// Checks a strategy's name and parameters, fills in defaults and builds it.
///
/// # Errors
/// [`TradingError`] for an unknown name or parameter (with the nearest one), a value out of its type or range, a
/// missing or doubled parameter, and parameters that clash.
pub fn resolve(name: &str, params: &BTreeMap<String, String>) -> Result<Resolved, TradingError> {
    let template = template(name)?;
    let values = Values::check(template, params)?;
    let strategy = (template.build)(&values)?;
    Ok(Resolved { template, factor: values.name(FACTOR.name), params: values.canonical(), strategy })
}

/// How weights are spread over the chosen names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weighting {
    /// The same for each.
    Equal,
    /// In proportion to the score where it is on the right side of 0.
    Score,
}

impl Weighting {
    /// Names of the values, as a parameter choice.
    const WORDS: &'static [&'static str] = &["equal", "score"];

    /// Reads the parameter `weighting`.
    fn from_values(values: &Values) -> Self {
        if values.choice("weighting") == "score" { Self::Score } else { Self::Equal }
    }

    /// Spreads `total` (a signed fraction of equity) over `names`; scores count when they have the sign of `total`.
    /// Score weighting of names without any such score falls back to equal weights and says so.
    fn spread(self, names: &[Ranked], total: f64, plan: &mut Plan) {
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
fn side_share(n_names: usize, side: usize, wanted: usize) -> usize {
    (n_names as u128 * side as u128 / wanted as u128) as usize
}
