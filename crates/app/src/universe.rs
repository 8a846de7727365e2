//! `universe bias`: what a strategy seems to earn when it may only hold what still trades today.
//!
//! The same configuration runs twice: on all symbols, each from when it passed the run's universe until it was gone, and on
//! those alone that trade at the end of the hub's data. The differences are what a study on survivors would have reported
//! too much. Both runs are in the archive like any other.

use crosscut_backtest::panel::survivors::{Gone, Survivors, survivors};
use crosscut_backtest::results::MetricPair;
use crosscut_model::format_iso;
use serde::Serialize;

use crate::backtest::{self, Purpose, RunSummary};
use crate::criteria;
use crate::desk::Desk;
use crate::error::AppError;
use crate::events::Level;
use crate::runs;

/// The same strategy on two universes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bias {
    /// On the universe as it was.
    pub as_it_was: RunSummary,
    /// On those that still trade today.
    pub survivors: RunSummary,
    /// The end of the hub's data: today, ISO-8601.
    pub today: String,
    /// All metrics: `a` as it was, `b` on survivors, their difference (what survival adds).
    pub metrics: Vec<MetricPair>,
    /// The symbols that do not trade any more.
    pub gone: Vec<GoneSymbol>,
}

/// A symbol that does not trade any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GoneSymbol {
    /// Instrument id.
    pub symbol: String,
    /// Label of its last bar, ISO-8601.
    pub last_bar: String,
    /// Its delisting date, ISO-8601; `None`: none is known.
    pub delisted_at: Option<String>,
}

/// Runs the strategy that the settings describe on both universes.
///
/// # Errors
/// As [`backtest::run`]; when no symbol has gone, so that there is nothing to compare.
pub fn bias(desk: &Desk<'_>) -> Result<Bias, AppError> {
    let hub = desk.hub()?;
    criteria::read(&desk.config)?;
    let config = backtest::settings::engine_config(desk, &hub)?;
    config.prepare()?;
    let Survivors { symbols, gone, today } = survivors(&hub, &config)?;
    if gone.is_empty() {
        return Err(AppError::new(format!(
            "all {} symbols still trade at {}: there is no survivor to tell from the others",
            symbols.len(),
            format_iso(today)
        ))
        .hint("import the bars of symbols that were delisted, or name a universe that had them"));
    }
    if symbols.is_empty() {
        return Err(AppError::new(format!("none of {} symbols still trades at {}", gone.len(), format_iso(today))));
    }
    let purpose = Purpose::backtest;
    desk.events.message(Level::Info, &format!("the universe as it was: {} symbols", symbols.len() + gone.len()));
    let as_it_was = backtest::run_config(desk, &config, purpose())?;
    desk.events.message(Level::Info, &format!("today's survivors: {} symbols", symbols.len()));
    let mut of_survivors = config;
    of_survivors.symbols = symbols;
    // What they chose from is the list of survivors now.
    (of_survivors.include, of_survivors.exclude) = (Vec::new(), Vec::new());
    // A list of targets may name the dead: a study on survivors has no rows of theirs.
    if of_survivors.strategy == "target_list" && of_survivors.params.contains_key("file") {
        of_survivors.params.insert("others".to_owned(), "drop".to_owned());
    }
    let survivors = backtest::run_config(desk, &of_survivors, purpose())?;
    let metrics = runs::compare_two(desk, &as_it_was.run_id, &survivors.run_id, None)?.metrics;
    let gone = gone.into_iter().map(GoneSymbol::from).collect();
    Ok(Bias { as_it_was, survivors, today: format_iso(today), metrics, gone })
}

impl From<Gone> for GoneSymbol {
    fn from(gone: Gone) -> Self {
        Self { symbol: gone.symbol, last_bar: format_iso(gone.last), delisted_at: gone.delisted_at.map(format_iso) }
    }
}
