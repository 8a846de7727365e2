//! Everything that can be named: operators, factors, strategies, cost models, data providers.
//!
//! Each crate owns what it has and says it as data; here the entries become one typed registry, from which lists, help
//! and the reference pages are made, and from which other doors will be built. Start reading at [`Registry`].

mod costs;
mod factors;
mod operators;
mod providers;
mod strategies;

use std::fmt;
use std::str::FromStr;

use crosscut_model::nearest;
use serde::Serialize;

use crate::error::AppError;

pub use costs::CostEntry;
pub use factors::{FactorColumn, FactorEntry};
pub use operators::{ExampleEntry, OperatorEntry};
pub(crate) use providers::entries as provider_entries;
pub use providers::{ProviderEntry, TableEntry};
pub use strategies::StrategyEntry;

/// All that can be named.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Registry {
    /// Operators of the factor language.
    pub operators: Vec<OperatorEntry>,
    /// Factors of the built-in families.
    pub factors: Vec<FactorEntry>,
    /// Strategies.
    pub strategies: Vec<StrategyEntry>,
    /// Cost models.
    pub costs: Vec<CostEntry>,
    /// Data providers.
    pub providers: Vec<ProviderEntry>,
}

/// A kind of thing that can be named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Operators of the factor language.
    Operators,
    /// Factors of the built-in families.
    Factors,
    /// Strategies.
    Strategies,
    /// Cost models.
    Costs,
    /// Data providers.
    Providers,
}

/// An entry of any kind.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Entry<'a> {
    /// An operator.
    Operator(&'a OperatorEntry),
    /// A factor.
    Factor(&'a FactorEntry),
    /// A strategy.
    Strategy(&'a StrategyEntry),
    /// A cost model.
    Cost(&'a CostEntry),
    /// A data provider.
    Provider(&'a ProviderEntry),
}

/// A parameter of anything.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct ParameterEntry {
    /// Its name.
    pub name: String,
    /// Other names for it.
    pub aliases: Vec<String>,
    /// Its type, one word: `series`, `value`, `rows`, `whole`, `number`, `flag`, `choice`, `name`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it may be, in words.
    pub expects: String,
    /// The words it may be, for a choice.
    pub choices: Vec<String>,
    /// The value when none is given; `None` when there is none.
    pub default: Option<String>,
    /// Whether it must be given.
    pub is_required: bool,
    /// What it means; empty when the name says it.
    pub summary: String,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 5] = [Self::Operators, Self::Factors, Self::Strategies, Self::Costs, Self::Providers];

    /// The word on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Operators => "operators",
            Self::Factors => "factors",
            Self::Strategies => "strategies",
            Self::Costs => "costs",
            Self::Providers => "providers",
        }
    }

    /// One of them in words.
    fn one(self) -> &'static str {
        match self {
            Self::Operators => "operator",
            Self::Factors => "built-in factor",
            Self::Strategies => "strategy",
            Self::Costs => "cost model",
            Self::Providers => "data provider",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Kind {
    type Err = AppError;

    fn from_str(text: &str) -> Result<Self, AppError> {
        Self::ALL.into_iter().find(|kind| kind.word() == text).ok_or_else(|| {
            let words = Self::ALL.map(Self::word);
            let error = AppError::new(format!("there is no list of `{text}`; expected {}", words.join(", ")));
            match nearest(text, words) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error,
            }
        })
    }
}

impl Registry {
    /// All there is.
    ///
    /// # Errors
    /// A built-in formula that cannot be read, which the tests rule out.
    pub fn load() -> Result<Self, AppError> {
        Ok(Self {
            operators: operators::entries(),
            factors: factors::entries()?,
            strategies: strategies::entries(),
            costs: costs::entries(),
            providers: providers::entries(),
        })
    }

    /// All entries of a kind.
    pub fn all(&self, kind: Kind) -> Vec<Entry<'_>> {
        match kind {
            Kind::Operators => self.operators.iter().map(Entry::Operator).collect(),
            Kind::Factors => self.factors.iter().map(Entry::Factor).collect(),
            Kind::Strategies => self.strategies.iter().map(Entry::Strategy).collect(),
            Kind::Costs => self.costs.iter().map(Entry::Cost).collect(),
            Kind::Providers => self.providers.iter().map(Entry::Provider).collect(),
        }
    }

    /// The entries of a kind that answer to a name: several when operators differ in their number of parameters, or
    /// families share a name. A factor's name may say the family too, `talib:sma_20`.
    ///
    /// # Errors
    /// No such name; the nearest is told.
    pub fn find(&self, kind: Kind, name: &str) -> Result<Vec<Entry<'_>>, AppError> {
        let all = self.all(kind);
        let found: Vec<Entry<'_>> = all.iter().copied().filter(|entry| entry.answers_to(name)).collect();
        if !found.is_empty() {
            return Ok(found);
        }
        let names: Vec<String> = all.iter().flat_map(Entry::names).collect();
        let error = AppError::new(format!("there is no {} `{name}`", kind.one()));
        Err(match nearest(name, names.iter().map(String::as_str)) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint(format!("`crosscut list {kind}` shows all")),
        })
    }
}

impl Entry<'_> {
    /// Whether it is meant by a name.
    fn answers_to(&self, name: &str) -> bool {
        match self {
            Self::Factor(entry) => entry.answers_to(name),
            Self::Strategy(entry) => strategies::letters(&entry.name) == strategies::letters(name),
            entry => entry.names().iter().any(|known| known == name),
        }
    }

    /// All names it answers to.
    fn names(&self) -> Vec<String> {
        match self {
            Self::Operator(entry) => [&entry.name].into_iter().chain(&entry.aliases).cloned().collect(),
            Self::Factor(entry) => entry.names(),
            Self::Strategy(entry) => vec![entry.name.clone()],
            Self::Cost(entry) => vec![entry.name.clone()],
            Self::Provider(entry) => vec![entry.name.clone()],
        }
    }
}

/// Texts of a table as owned ones.
fn texts(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[cfg(test)]
mod tests;
