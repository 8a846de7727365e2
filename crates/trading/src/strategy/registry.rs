//! The templates: every strategy a user can name, with its parameters, in one registry.

use std::collections::BTreeMap;

use super::combination::Combination;
use super::params::{FACTOR, ParamSpec, Values};
use super::rule::CrossSection;
use super::{linear_weighted, long_short, momentum, rotation, target_list, threshold, top_k, top_k_dropout};
use crate::error::{TradingError, hint};
use crate::signal::{self, PerSymbol};

/// How a strategy is driven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Decides all weights at each rebalance.
    CrossSection,
    /// Acts at every bar, each symbol on its own.
    PerSymbol,
}

impl Kind {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::CrossSection => "cross_section",
            Self::PerSymbol => "event",
        }
    }
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
    /// Acts at every bar, not only at rebalances.
    EveryBar,
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
            Self::EveryBar => "every_bar",
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
    /// Its parameters; [`FACTOR`] is among them when it ranks by a column.
    pub params: &'static [ParamSpec],
    /// Makes the strategy from checked values.
    pub(crate) build: Build,
}

/// How a template makes its strategy.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Build {
    /// A rule for rebalances.
    Rule(fn(&Values) -> Result<Rule, TradingError>),
    /// A strategy that runs on each symbol.
    PerSymbol(fn(&Values) -> Result<PerSymbol, TradingError>),
}

impl Template {
    /// How its strategies are driven.
    pub fn kind(&self) -> Kind {
        match self.build {
            Build::Rule(_) => Kind::CrossSection,
            Build::PerSymbol(_) => Kind::PerSymbol,
        }
    }

    /// Whether they have a parameter of this name.
    pub fn takes(&self, param: &str) -> bool {
        self.params.iter().any(|spec| spec.answers_to(param))
    }
}

/// A rule and what it needs from data.
#[derive(Debug)]
pub struct Rule {
    /// The rule.
    pub(crate) rule: Box<dyn CrossSection>,
    /// Factor columns it reads.
    pub(crate) columns: Vec<Column>,
    /// Closes of a symbol it looks at, the present one among them.
    pub(crate) history_bars: usize,
    /// A file of targets whose weights are what it sees as its first column: NaN at all times but those of the file.
    pub(crate) targets: Option<String>,
    /// How its columns make a score, when there are several.
    pub(crate) combination: Option<Combination>,
}

impl Rule {
    /// A rule that looks at these columns and closes.
    pub(crate) fn new(rule: impl CrossSection + 'static, columns: Vec<Column>, history_bars: usize) -> Self {
        Self { rule: Box::new(rule), columns, history_bars, targets: None, combination: None }
    }
}

/// A strategy ready to run.
#[derive(Debug)]
pub enum Made {
    /// Weighs names at rebalances.
    Rule(Rule),
    /// Acts at every bar, each symbol on its own; [`PerSymbol::strategy`] gives what a replay takes.
    PerSymbol(PerSymbol),
}

/// A factor column that a strategy reads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Column {
    /// The factor set's only column.
    Only,
    /// The column of this name.
    Named(String),
}

/// A named strategy with its parameters checked and completed.
#[derive(Debug)]
pub struct Resolved {
    /// The template it was made from.
    pub template: &'static Template,
    /// Every parameter that has a value, defaults included, under its canonical name and in its canonical text.
    pub params: BTreeMap<String, String>,
    /// The ranking column asked for; `None` leaves it to the factor set's only column, if the strategy ranks by one.
    pub factor: Option<String>,
    /// The strategy itself.
    pub made: Made,
}

impl Resolved {
    /// How it is driven.
    pub fn kind(&self) -> Kind {
        self.template.kind()
    }

    /// The rule, when it decides at rebalances.
    pub fn rule(&self) -> Option<&dyn CrossSection> {
        match &self.made {
            Made::Rule(rule) => Some(rule.rule.as_ref()),
            Made::PerSymbol(_) => None,
        }
    }

    /// The rule, for whoever runs nothing else.
    ///
    /// # Errors
    /// [`TradingError::NotARule`] for a strategy that acts at every bar.
    pub fn require_rule(&self) -> Result<&dyn CrossSection, TradingError> {
        self.rule().ok_or(TradingError::NotARule { strategy: self.template.name })
    }

    /// The rule itself.
    ///
    /// # Errors
    /// As [`Resolved::require_rule`].
    pub fn into_rule(self) -> Result<Box<dyn CrossSection>, TradingError> {
        match self.made {
            Made::Rule(rule) => Ok(rule.rule),
            Made::PerSymbol(_) => Err(TradingError::NotARule { strategy: self.template.name }),
        }
    }

    /// The factor columns it reads, in the order in which [`super::View::value`] counts them; none: it runs on bars alone
    /// and needs no factor set.
    pub fn columns(&self) -> &[Column] {
        match &self.made {
            Made::Rule(rule) => &rule.columns,
            Made::PerSymbol(signals) => signals.columns(),
        }
    }

    /// Whether its scores are the values of its one column.
    pub fn ranks_by_column(&self) -> bool {
        self.columns().len() == 1 && self.template.params.iter().any(|spec| spec.name == FACTOR.name)
    }

    /// The file of targets whose times are the only ones at which it decides, whatever the run's calendar says.
    pub fn targets(&self) -> Option<&str> {
        match &self.made {
            Made::Rule(rule) => rule.targets.as_deref(),
            Made::PerSymbol(_) => None,
        }
    }

    /// How its columns make a score, when there are several.
    pub fn combination(&self) -> Option<&Combination> {
        match &self.made {
            Made::Rule(rule) => rule.combination.as_ref(),
            Made::PerSymbol(_) => None,
        }
    }

    /// Symbols without which it makes no sense.
    pub fn symbols_needed(&self) -> &[String] {
        self.rule().map_or(&[], CrossSection::symbols_needed)
    }

    /// How many of a symbol's own bars, the present one among them, it looks back on.
    pub fn history_bars(&self) -> usize {
        match &self.made {
            Made::Rule(rule) => rule.history_bars,
            Made::PerSymbol(signals) => signals.history_bars(),
        }
    }

    /// How many of a symbol's own bars before a run it is told, so that its first decision is the one it would have made had it
    /// run for long. What it smooths without end counts as forgotten when it weighs less than the last bit of a number.
    pub fn warm_up_bars(&self) -> usize {
        match &self.made {
            Made::Rule(rule) => rule.history_bars.saturating_sub(1),
            Made::PerSymbol(signals) => signals.warm_up_bars(),
        }
    }

    /// Whether it ever sells short.
    pub fn may_short(&self) -> bool {
        match &self.made {
            Made::Rule(rule) => rule.rule.may_short(),
            Made::PerSymbol(signals) => signals.may_short(),
        }
    }

    /// Refuses to run on fewer symbols than it asks for.
    ///
    /// # Errors
    /// [`TradingError::TooManyNames`].
    pub fn check_universe(&self, n_symbols: usize) -> Result<(), TradingError> {
        self.rule().map_or(Ok(()), |rule| rule.check_universe(n_symbols))
    }
}

/// All templates, in the order in which help lists them.
pub fn templates() -> &'static [&'static Template] {
    &ALL
}

/// The templates themselves.
static ALL: [&Template; 13] = [
    &top_k::TEMPLATE,
    &long_short::TEMPLATE,
    &threshold::TEMPLATE,
    &momentum::TEMPLATE,
    &top_k_dropout::TEMPLATE,
    &linear_weighted::TEMPLATE,
    &rotation::TEMPLATE,
    &target_list::TEMPLATE,
    &signal::template::SMA_CROSS,
    &signal::template::EMA_CROSS,
    &signal::template::BREAKOUT,
    &signal::template::MEAN_REVERSION,
    &signal::template::RSI,
];

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
    let made = match template.build {
        Build::Rule(build) => Made::Rule(build(&values)?),
        Build::PerSymbol(build) => Made::PerSymbol(build(&values)?),
    };
    Ok(Resolved { template, factor: values.name(FACTOR.name), params: values.canonical(), made })
}
