//! What can be wrong with what a user asked of this crate.

use crosscut_model::nearest;

/// A strategy, parameter or rule that cannot be used as given.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TradingError {
    /// No template has this name.
    #[error("unknown strategy `{name}`; expected one of {expected}{hint}")]
    UnknownStrategy {
        /// The name as given.
        name: String,
        /// The names there are.
        expected: String,
        /// `\nhint: ...` with the nearest name, or empty.
        hint: String,
    },
    /// The template has no such parameter.
    #[error("strategy `{strategy}` has no parameter `{name}`; it takes {expected}{hint}")]
    UnknownParameter {
        /// The template.
        strategy: &'static str,
        /// The parameter as given.
        name: String,
        /// The names there are.
        expected: String,
        /// `\nhint: ...` with the nearest name, or empty.
        hint: String,
    },
    /// A value that is not of the parameter's type or range.
    #[error("parameter `{name}` of strategy `{strategy}` is `{value}`; expected {expected}")]
    BadParameter {
        /// The template.
        strategy: &'static str,
        /// The parameter.
        name: &'static str,
        /// The value as given.
        value: String,
        /// What it may be, in words.
        expected: String,
    },
    /// A parameter without a default that was not given.
    #[error("strategy `{strategy}` needs the parameter `{name}`: {doc}\nhint: add --param {name}=...")]
    MissingParameter {
        /// The template.
        strategy: &'static str,
        /// The parameter.
        name: &'static str,
        /// What it means.
        doc: &'static str,
    },
    /// Parameters that are fine alone but not together.
    #[error("strategy `{strategy}`: {text}")]
    Conflict {
        /// The template.
        strategy: &'static str,
        /// What clashes with what.
        text: String,
    },
    /// More names wanted than the run has.
    #[error("strategy `{strategy}` wants {wanted} names (`{parameter}`), but only {configured} {among}")]
    TooManyNames {
        /// The template.
        strategy: &'static str,
        /// The parameter or parameters that ask for them.
        parameter: &'static str,
        /// Names wanted.
        wanted: usize,
        /// Symbols in the run, or in its pool when that is smaller.
        configured: usize,
        /// What that number is of, in words behind it.
        among: String,
    },
    /// A strategy that acts at every bar where one is needed that decides at rebalances.
    #[error("strategy `{strategy}` acts at every bar; expected one that decides at rebalances")]
    NotARule {
        /// The template.
        strategy: &'static str,
    },
    /// A condition of a universe that cannot be read.
    #[error("`{condition}` cannot be read as a universe: {problem}")]
    BadUniverse {
        /// The condition, or the whole text.
        condition: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A word that is none of those allowed.
    #[error("`{text}` is not {what}; expected one of {expected}{hint}")]
    BadChoice {
        /// What was asked for, with its article.
        what: &'static str,
        /// The text as given.
        text: String,
        /// The words allowed.
        expected: String,
        /// `\nhint: ...` with the nearest word, or empty.
        hint: String,
    },
    /// A number out of its range.
    #[error("`{what}` is {value:?}; expected {expected}")]
    BadNumber {
        /// The setting.
        what: &'static str,
        /// The value as given.
        value: f64,
        /// What it may be, in words.
        expected: &'static str,
    },
}

impl TradingError {
    /// Refuses `wanted` names of `configured` symbols when that is too many; `parameter` asks for them.
    pub(crate) fn check_names(
        strategy: &'static str,
        parameter: &'static str,
        wanted: usize,
        configured: usize,
    ) -> Result<(), Self> {
        if wanted <= configured {
            return Ok(());
        }
        let among = "symbols are configured".to_owned();
        Err(Self::TooManyNames { strategy, parameter, wanted, configured, among })
    }

    /// The same, when the names there are were counted otherwise: `words` follow their number.
    pub fn counted_as(self, words: &str) -> Self {
        match self {
            Self::TooManyNames { strategy, parameter, wanted, configured, .. } => {
                Self::TooManyNames { strategy, parameter, wanted, configured, among: words.to_owned() }
            }
            other => other,
        }
    }

    /// The error for a word that is none of `words`.
    pub fn bad_choice(what: &'static str, text: &str, words: &[&str]) -> Self {
        Self::BadChoice {
            what,
            text: text.to_owned(),
            expected: words.join(", "),
            hint: hint(text, words.iter().copied()),
        }
    }
}

/// `\nhint: did you mean ...` with the candidate nearest to `wrong`, or nothing when none is near.
pub(crate) fn hint<'a>(wrong: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(wrong, candidates).map_or_else(String::new, |name| format!("\nhint: did you mean `{name}`?"))
}
