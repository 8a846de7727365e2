//! A point of a search: settings by key.

use std::collections::BTreeMap;
use std::fmt;

use crosscut_trading::strategy::template;
use serde::{Deserialize, Serialize};

/// Strategy parameters are behind this.
pub const PARAMS: &str = "backtest.params.";

/// The strategy.
pub const STRATEGY: &str = "backtest.strategy";

/// Settings that differ from the base of a search: `key.path = value`, each key once, in the order in which the search
/// names them.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ParameterSet {
    /// Its name, when it was given one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Keys as `--set` takes them (`backtest.params.k`, `backtest.commission_bps`) and values as text.
    pub values: Vec<(String, String)>,
}

impl ParameterSet {
    /// A set without a name.
    pub fn new(values: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { name: None, values: values.into_iter().collect() }
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.values.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// The value of a key: the set's own, or else that of the settings, the `base`, where it does not
    /// [leave](Self::leaves) it to them.
    pub fn get_over<'a>(&'a self, base: &'a BTreeMap<String, String>, key: &str) -> Option<&'a str> {
        let of_base = |key: &str| base.get(key).map(String::as_str);
        self.get(key).or_else(|| of_base(key).filter(|_| !self.leaves(of_base(STRATEGY), key)))
    }

    /// Whether the set has another strategy than the settings, and leaves a key to theirs: a parameter that its own does not
    /// take. A strategy that is not known leaves nothing, so that it is told of where the set is prepared.
    pub fn leaves(&self, strategy_of_base: Option<&str>, key: &str) -> bool {
        let known = |name: Option<&str>| name.and_then(|name| template(name).ok());
        match (key.strip_prefix(PARAMS), known(self.get(STRATEGY)), known(strategy_of_base)) {
            (Some(param), Some(own), Some(of_base)) => of_base.takes(param) && !own.takes(param),
            _ => false,
        }
    }

    /// The set with further values, which take the place of those of the same key.
    #[must_use]
    pub fn with(mut self, values: impl IntoIterator<Item = (String, String)>) -> Self {
        for (key, value) in values {
            match self.values.iter_mut().find(|(known, _)| *known == key) {
                Some(known) => known.1 = value,
                None => self.values.push((key, value)),
            }
        }
        self
    }
}

impl fmt::Display for ParameterSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.name {
            write!(f, "{name}: ")?;
        }
        let pairs: Vec<String> = self.values.iter().map(|(key, value)| format!("{key}={value}")).collect();
        f.write_str(&pairs.join(" "))
    }
}
