//! The named choices of a run: when orders execute, what to do with names that cannot be traded, and with too few names.

use std::fmt;

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

/// How splits and dividends of shares come into a run whose prices are raw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum CorporateActions {
    /// Fills, positions and cash are at raw prices; splits and dividends are booked on their ex-dates. What strategies rank
    /// or signal by is comparable over them.
    #[default]
    Book,
    /// Everything is at prices that grow with what was given away, as if it were reinvested the moment it is paid.
    AdjustedPrices,
}

/// Gives a choice its names: a list of them, and the way from text and back.
macro_rules! named_choices {
    ($choice:ty, $what:literal, $(($name:literal, $value:ident)),+ $(,)?) => {
        impl $choice {
            /// Names and values.
            const CHOICES: &'static [(&'static str, Self)] = &[$(($name, Self::$value)),+];
        }

        impl std::str::FromStr for $choice {
            type Err = $crate::error::TradingError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::rules::choose($what, text, Self::CHOICES)
            }
        }

        impl std::fmt::Display for $choice {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                $crate::rules::write_name(f, *self, Self::CHOICES)
            }
        }
    };
}

pub(crate) use named_choices;

/// The choice whose name is `text`, among `(name, value)` pairs; letter case and `-` for `_` do not matter.
pub(crate) fn choose<T: Copy>(
    what: &'static str,
    text: &str,
    choices: &[(&'static str, T)],
) -> Result<T, TradingError> {
    let wanted = text.trim().to_lowercase().replace('-', "_");
    choices.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value).ok_or_else(|| {
        let words: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        TradingError::bad_choice(what, text, &words)
    })
}

/// Writes the name of `value`.
pub(crate) fn write_name<T: Copy + PartialEq>(
    f: &mut fmt::Formatter<'_>,
    value: T,
    choices: &[(&'static str, T)],
) -> fmt::Result {
    let name = choices.iter().find(|(_, choice)| *choice == value).map_or("", |(name, _)| *name);
    f.write_str(name)
}

named_choices!(
    Execution,
    "an execution rule",
    ("close", Close),
    ("next_open", NextOpen),
    ("next_close", NextClose),
    ("next_vwap", NextVwap),
);
named_choices!(Untradable, "a rule for untradable names", ("hold", Hold), ("close_last", CloseLast));
named_choices!(OnShort, "a rule for too few names", ("skip", Skip), ("flat", Flat), ("scale", Scale));

named_choices!(CorporateActions, "a rule for corporate actions", ("book", Book), ("adjusted_prices", AdjustedPrices));

impl Execution {
    /// Whether orders execute at the bar they were decided on.
    pub fn is_immediate(self) -> bool {
        self == Self::Close
    }
}

#[cfg(test)]
mod tests {
    //! Words in and out.

    use super::*;

    #[test]
    fn words_round_trip() {
        for (name, value) in Execution::CHOICES {
            assert_eq!(name.parse::<Execution>().unwrap(), *value);
            assert_eq!(value.to_string(), *name);
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
