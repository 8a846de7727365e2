//! Parameters of strategies: declared once as data, read from a map of texts.

use std::collections::BTreeMap;

use super::registry::{Column, Template};
use crate::error::{TradingError, hint};

/// What a parameter's value may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ParamKind {
    /// A whole number of at least this.
    Count(u64),
    /// Any finite number.
    Number,
    /// A number above the first and up to the second.
    Between(f64, f64),
    /// `true` or `false`.
    Flag,
    /// A number from 0 to 1.
    Share,
    /// Whole numbers of at least this, separated by commas.
    Counts(u64),
    /// Names with finite weights, `a:0.6,b:-0.4`; a name alone weighs 1.
    Weights,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A name, checked by whoever knows the names.
    Name,
}

/// One parameter of a template.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ParamSpec {
    /// The canonical name.
    pub name: &'static str,
    /// Other names it answers to.
    pub aliases: &'static [&'static str],
    /// Type and range.
    pub kind: ParamKind,
    /// Canonical text of the value when none is given; `None` leaves it unset.
    pub default: Option<&'static str>,
    /// Whether it must be given.
    pub is_required: bool,
    /// What it means, in one sentence.
    pub doc: &'static str,
}

/// The ranking column, a parameter of every template that ranks by one.
pub const FACTOR: ParamSpec = ParamSpec {
    aliases: &["lookback_col"],
    ..ParamSpec::optional("factor", ParamKind::Name, "the ranking column; not needed when the set has only one")
};

impl ParamSpec {
    /// A parameter that may stay unset.
    pub const fn optional(name: &'static str, kind: ParamKind, doc: &'static str) -> Self {
        Self { name, aliases: &[], kind, default: None, is_required: false, doc }
    }

    /// A parameter that must be given.
    pub const fn required(name: &'static str, kind: ParamKind, doc: &'static str) -> Self {
        Self { is_required: true, ..Self::optional(name, kind, doc) }
    }

    /// A parameter with a default.
    pub const fn with_default(name: &'static str, kind: ParamKind, default: &'static str, doc: &'static str) -> Self {
        Self { default: Some(default), ..Self::optional(name, kind, doc) }
    }

    /// Whether the parameter answers to `name`.
    pub(super) fn answers_to(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }
}

impl ParamKind {
    /// Type and range in words.
    pub fn describe(self) -> String {
        match self {
            Self::Count(least) => format!("a whole number of at least {least}"),
            Self::Number => "a finite number".to_owned(),
            Self::Between(above, most) if most.is_infinite() => format!("a number above {above}"),
            Self::Between(above, most) => format!("a number above {above}, at most {most}"),
            Self::Share => "a number from 0 to 1".to_owned(),
            Self::Counts(least) => format!("whole numbers of at least {least}, such as 21,63"),
            Self::Weights => "names with weights, such as momentum_20:0.6,rsi_14:-0.4".to_owned(),
            Self::Flag => "true or false".to_owned(),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
            Self::Name => "a name".to_owned(),
        }
    }

    /// The canonical form of `text`; `None` when it is not such a value.
    fn canonical(self, text: &str) -> Option<String> {
        let text = text.trim();
        let number = || text.parse::<f64>().ok().filter(|value| value.is_finite());
        match self {
            Self::Count(least) => text.parse::<u64>().ok().filter(|&n| n >= least).map(|n| n.to_string()),
            Self::Number => number().map(|value| value.to_string()),
            Self::Between(above, most) => {
                number().filter(|value| *value > above && *value <= most).map(|value| value.to_string())
            }
            Self::Share => number().filter(|value| (0.0..=1.0).contains(value)).map(|value| value.to_string()),
            Self::Counts(least) => {
                let counts: Option<Vec<u64>> = text.split(',').map(|count| count.trim().parse().ok()).collect();
                let counts = counts.filter(|counts| counts.iter().all(|&n| n >= least))?;
                Some(counts.iter().map(u64::to_string).collect::<Vec<_>>().join(","))
            }
            Self::Weights => {
                let pairs = weights(text)?;
                let texts = pairs.iter().map(|(name, weight)| format!("{name}:{weight}"));
                Some(texts.collect::<Vec<_>>().join(","))
            }
            Self::Flag => match text.to_lowercase().as_str() {
                "true" | "yes" | "1" => Some("true".to_owned()),
                "false" | "no" | "0" => Some("false".to_owned()),
                _ => None,
            },
            Self::Choice(words) => {
                words.iter().find(|word| **word == text.to_lowercase()).map(|word| (*word).to_owned())
            }
            Self::Name => (!text.is_empty()).then(|| text.to_owned()),
        }
    }
}

/// Checked parameters of one template, by canonical name, in canonical text.
#[derive(Debug, Clone)]
pub struct Values {
    /// The template they belong to.
    strategy: &'static str,
    /// Name and text; unset parameters are absent.
    texts: BTreeMap<&'static str, String>,
}

impl Values {
    /// Reads a map of texts by a template's declarations.
    ///
    /// # Errors
    /// [`TradingError`] naming the parameter.
    pub(crate) fn check(template: &'static Template, given: &BTreeMap<String, String>) -> Result<Self, TradingError> {
        let strategy = template.name;
        let specs = || template.params.iter();
        let mut texts = BTreeMap::new();
        for (name, text) in given {
            let spec = specs()
                .find(|spec| spec.answers_to(name))
                .ok_or_else(|| unknown(strategy, name, specs().map(|spec| spec.name).collect()))?;
            let value = spec.kind.canonical(text).ok_or_else(|| TradingError::BadParameter {
                strategy,
                name: spec.name,
                value: text.clone(),
                expected: spec.kind.describe(),
            })?;
            if texts.insert(spec.name, value).is_some() {
                let text = format!("`{}` is given twice, once as `{name}`", spec.name);
                return Err(TradingError::Conflict { strategy, text });
            }
        }
        for spec in specs().filter(|spec| !given.keys().any(|name| spec.answers_to(name))) {
            if spec.is_required {
                return Err(TradingError::MissingParameter { strategy, name: spec.name, doc: spec.doc });
            }
            if let Some(default) = spec.default {
                texts.insert(spec.name, default.to_owned());
            }
        }
        Ok(Self { strategy, texts })
    }

    /// All values by name.
    pub(crate) fn canonical(&self) -> BTreeMap<String, String> {
        self.texts.iter().map(|(name, text)| ((*name).to_owned(), text.clone())).collect()
    }

    /// A whole number; `None` when unset.
    pub(crate) fn count(&self, name: &str) -> Option<u64> {
        self.texts.get(name).map(|text| text.parse().expect("counts are checked on entry"))
    }

    /// A whole number of names; `None` when unset. More than memory can index is as good as the most it can.
    pub(crate) fn n_names(&self, name: &str) -> Option<usize> {
        self.count(name).map(|count| usize::try_from(count).unwrap_or(usize::MAX))
    }

    /// A number of bars that is required or has a default. More than memory can index is as good as the most it can.
    pub(crate) fn n_bars(&self, name: &str) -> usize {
        self.n_names(name).expect("the parameter is required or has a default")
    }

    /// A number; `None` when unset.
    pub(crate) fn number(&self, name: &str) -> Option<f64> {
        self.texts.get(name).map(|text| text.parse().expect("numbers are checked on entry"))
    }

    /// A number that is required or has a default.
    pub(crate) fn number_set(&self, name: &str) -> f64 {
        self.number(name).expect("the parameter is required or has a default")
    }

    /// A flag; unset is false.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.texts.get(name).is_some_and(|text| text == "true")
    }

    /// A word; unset is empty.
    pub(crate) fn choice(&self, name: &str) -> &str {
        self.texts.get(name).map_or("", String::as_str)
    }

    /// A name; `None` when unset.
    pub(crate) fn name(&self, name: &str) -> Option<String> {
        self.texts.get(name).cloned()
    }

    /// Whole numbers that are required or have a default.
    pub(crate) fn counts(&self, name: &str) -> Vec<usize> {
        let text = self.choice(name);
        let most = |count: &str| count.parse::<u64>().map_or(usize::MAX, |n| usize::try_from(n).unwrap_or(usize::MAX));
        text.split(',').map(most).collect()
    }

    /// Names with weights that are required or have a default.
    pub(crate) fn weights(&self, name: &str) -> Vec<(String, f64)> {
        weights(self.choice(name)).expect("weights are checked on entry")
    }

    /// The column of [`FACTOR`].
    pub(crate) fn factor(&self) -> Vec<Column> {
        vec![self.name(FACTOR.name).map_or(Column::Only, Column::Named)]
    }

    /// The error for parameters that clash.
    pub(crate) fn conflict(&self, text: impl Into<String>) -> TradingError {
        TradingError::Conflict { strategy: self.strategy, text: text.into() }
    }
}

/// Reads `a:0.6,b:-0.4`; `None` when it is not that, or a name comes twice.
fn weights(text: &str) -> Option<Vec<(String, f64)>> {
    let mut pairs: Vec<(String, f64)> = Vec::new();
    for part in text.split(',') {
        let (name, weight) = part.rsplit_once(':').unwrap_or((part, "1"));
        let name = name.trim();
        let weight = weight.trim().parse::<f64>().ok().filter(|weight| weight.is_finite())?;
        if name.is_empty() || pairs.iter().any(|(other, _)| other == name) {
            return None;
        }
        pairs.push((name.to_owned(), weight));
    }
    Some(pairs)
}

/// The error for a parameter nobody declared.
fn unknown(strategy: &'static str, name: &str, names: Vec<&'static str>) -> TradingError {
    TradingError::UnknownParameter {
        strategy,
        name: name.to_owned(),
        expected: names.join(", "),
        hint: hint(name, names),
    }
}
