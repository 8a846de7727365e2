//! What can keep a backtest from running.

use crosscut_hub::HubError;
use crosscut_model::{format_iso, nearest};
use crosscut_trading::TradingError;
use crosscut_trading::funding::FundingError;
use thiserror::Error;

/// Why a backtest could not run.
#[derive(Debug, Error)]
pub enum BacktestError {
    /// A table of the hub is absent, damaged or not what was asked for.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// Strategy, parameter, cost, limit or rule that cannot be used as given.
    #[error(transparent)]
    Trading(#[from] TradingError),
    /// Funding that cannot be paid as asked.
    #[error(transparent)]
    Funding(#[from] FundingError),
    /// A setting that cannot be used as given.
    #[error("`{key}` is `{value}`; expected {expected}")]
    Setting {
        /// The setting.
        key: &'static str,
        /// The value as given.
        value: String,
        /// What it may be, in words.
        expected: String,
    },
    /// A name that does not exist where it should.
    #[error("{what} `{name}` is not in {place}{hint}")]
    Unknown {
        /// What was asked for: `symbol`, `factor column`.
        what: &'static str,
        /// The name as given.
        name: String,
        /// Where it was looked for.
        place: String,
        /// `\nhint: ...` with the nearest name, or empty.
        hint: String,
    },
    /// A file named beside the hub that does not say what it should.
    #[error("{file}: {problem}")]
    List {
        /// The file as given.
        file: String,
        /// Row, value and what was expected.
        problem: String,
    },
    /// The hub has nothing of a feed.
    #[error("the hub has no {what}\nhint: {hint}")]
    NoFeed {
        /// The feed, in words.
        what: String,
        /// What to do.
        hint: String,
    },
    /// No symbol is left to trade.
    #[error("no symbol is left to trade: {reason}")]
    NoSymbols {
        /// How that came about.
        reason: String,
    },
    /// A series that is not what the engine needs.
    #[error("{symbol}: {problem}")]
    Series {
        /// The symbol.
        symbol: String,
        /// Row, value and what was expected.
        problem: String,
    },
    /// The data do not reach as far as the run.
    #[error(
        "the run asks for {wanted}, but the data cover {} to {}\nhint: {hint}",
        format_iso(*first),
        format_iso(*until)
    )]
    NotCovered {
        /// The bound that is not covered, in words.
        wanted: String,
        /// First label there is, microseconds.
        first: i64,
        /// Close of the last bar, microseconds.
        until: i64,
        /// What to do.
        hint: String,
    },
    /// Factor set and bars that do not belong together.
    #[error("{symbol}: factor set and bars disagree: {problem}")]
    Disagree {
        /// The symbol.
        symbol: String,
        /// In what, with both sides.
        problem: String,
    },
    /// A sweep or search that cannot be run as it is written.
    #[error("{problem}")]
    Search {
        /// The key, the value seen and what was expected.
        problem: String,
    },
    /// The panel was not loaded for this configuration.
    #[error("the panel holds no {what}, which this configuration needs\nhint: load it again with this configuration")]
    PanelLacks {
        /// What is missing.
        what: &'static str,
    },
}

/// How many names an error lists when none of them is near.
const NAMES_SHOWN: usize = 10;

impl BacktestError {
    /// The error for a name that does not exist, with the nearest one that does.
    pub(crate) fn unknown(what: &'static str, name: &str, place: String, names: &[String]) -> Self {
        let hint = match nearest(name, names.iter().map(String::as_str)) {
            Some(near) => format!("\nhint: did you mean `{near}`?"),
            None if names.is_empty() => "\nhint: there are none".to_owned(),
            None => {
                let shown = names.iter().take(NAMES_SHOWN).cloned().collect::<Vec<_>>().join(", ");
                let more = names.len().saturating_sub(NAMES_SHOWN);
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                format!("\nhint: there are: {shown}{more}")
            }
        };
        Self::Unknown { what, name: name.to_owned(), place, hint }
    }

    /// The error for a setting.
    pub(crate) fn setting(key: &'static str, value: impl Into<String>, expected: impl Into<String>) -> Self {
        Self::Setting { key, value: value.into(), expected: expected.into() }
    }

    /// The error for a series.
    pub(crate) fn series(symbol: &str, problem: impl Into<String>) -> Self {
        Self::Series { symbol: symbol.to_owned(), problem: problem.into() }
    }
}
