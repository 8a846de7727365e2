//! The named choices of a run: when orders execute, what to do with names that cannot be traded, and with too few names.

use std::fmt;
use std::str::FromStr;

use crate::error::TradingError;

/// The price at which an order decided at a bar's close executes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Execution {
    /// The close of the bar just seen: optimistic, since the decision needs that very close.
    Close,
    /// The open of the symbol's next bar.
    #[default]
    NextOpen,
    /// The close of the symbol's next bar.
    NextClose,
    /// The volume-weighted average price of the symbol's next bar.
    NextVwap,
}

/// What becomes of a held name that cannot be traded at a decision (no bar, not tradable, or no factor).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Untradable {
    /// Keep the quantity.
    #[default]
    Hold,
    /// Close it at its last close, however old; the order says so.
    CloseLast,
}

/// What happens at a rebalance with fewer eligible names than the strategy needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum OnShort {
    /// Leave the portfolio as it is.
    #[default]
    Skip,
    /// Close everything.
    Flat,
    /// Trade the names there are, each at the weight it would have had: exposure shrinks.
    Scale,
}

/// Normalises a word a user typed: lower case, `-` as `_`.
fn word(text: &str) -> String {
    text.trim().to_lowercase().replace('-', "_")
}

/// The choice whose name is `text`, among `(name, value)` pairs.
fn choose<T: Copy>(what: &'static str, text: &str, choices: &[(&'static str, T)]) -> Result<T, TradingError> {
    let wanted = word(text);
    choices.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value).ok_or_else(|| {
        let words: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        TradingError::bad_choice(what, text, &words)
    })
}

impl Execution {
    /// Names and values.
    const CHOICES: [(&'static str, Self); 4] = [
        ("close", Self::Close),
        ("next_open", Self::NextOpen),
        ("next_close", Self::NextClose),
        ("next_vwap", Self::NextVwap),
    ];

    /// Whether orders execute at the bar they were decided on.
    pub fn is_immediate(self) -> bool {
        self == Self::Close
    }
}

impl Untradable {
    /// Names and values.
    const CHOICES: [(&'static str, Self); 2] = [("hold", Self::Hold), ("close_last", Self::CloseLast)];
}

impl OnShort {
    /// Names and values.
    const CHOICES: [(&'static str, Self); 3] = [("skip", Self::Skip), ("flat", Self::Flat), ("scale", Self::Scale)];
}

impl FromStr for Execution {
    type Err = TradingError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        choose("an execution rule", text, &Self::CHOICES)
    }
}

impl FromStr for Untradable {
    type Err = TradingError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        choose("a rule for untradable names", text, &Self::CHOICES)
    }
}

impl FromStr for OnShort {
    type Err = TradingError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        choose("a rule for too few names", text, &Self::CHOICES)
    }
}

/// Writes the name of `value`.
fn write_name<T: Copy + PartialEq>(f: &mut fmt::Formatter<'_>, value: T, choices: &[(&'static str, T)]) -> fmt::Result {
    let name = choices.iter().find(|(_, choice)| *choice == value).map_or("", |(name, _)| *name);
    f.write_str(name)
}

impl fmt::Display for Execution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_name(f, *self, &Self::CHOICES)
    }
}

impl fmt::Display for Untradable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_name(f, *self, &Self::CHOICES)
    }
}

impl fmt::Display for OnShort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_name(f, *self, &Self::CHOICES)
    }
}

#[cfg(test)]
mod tests {
    //! Words in and out.

    use super::*;

    #[test]
    fn words_round_trip() {
        for (name, value) in Execution::CHOICES {
            assert_eq!(name.parse::<Execution>().unwrap(), value);
            assert_eq!(value.to_string(), name);
        }
        assert_eq!("Next-Open".parse::<Execution>().unwrap(), Execution::NextOpen);
        assert_eq!("close-last".parse::<Untradable>().unwrap(), Untradable::CloseLast);
        assert_eq!("FLAT".parse::<OnShort>().unwrap(), OnShort::Flat);
    }

    #[test]
    fn unknown_words_name_the_nearest() {
        let error = "next_opn".parse::<Execution>().unwrap_err().to_string();
        assert_eq!(
            error,
            "`next_opn` is not an execution rule; expected one of close, next_open, next_close, next_vwap\nhint: did you mean `next_open`?"
        );
    }
}
