//! Which symbols of a run still trade today, as far as the hub knows.

use crosscut_hub::Hub;
use crosscut_model::time::DAY;
use crosscut_model::{BarSpec, format_iso};
use crosscut_trading::TradingError;

use super::columns::factor_set;
use super::load::choose_symbols;
use crate::config::BacktestConfig;
use crate::error::BacktestError;

/// A symbol without a bar for this long before the newest bar of all has gone, microseconds.
const SILENCE: i64 = 3 * DAY;

/// The symbols of a run by whether they still trade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survivors {
    /// Those that do, sorted.
    pub symbols: Vec<String>,
    /// Those that do not, sorted.
    pub gone: Vec<Gone>,
    /// When the newest bar of all closed, microseconds UTC: today.
    pub today: i64,
}

/// A symbol that does not trade any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gone {
    /// Instrument id.
    pub symbol: String,
    /// Label of its last bar, microseconds UTC.
    pub last: i64,
    /// Its delisting date, microseconds UTC; `None`: the instruments table knows none, so that a position in it is never
    /// closed for that reason.
    pub delisted_at: Option<i64>,
}

/// Tells the symbols of a run that still trade from those that have gone: delisted by today, or without a bar in the three
/// days before the newest bar of all. Today is the end of the hub's data, whatever the end of the run.
///
/// # Errors
/// As [`super::load()`] for the choice of symbols; when some trade still and the strategy wants more names than do.
pub fn survivors(hub: &Hub, config: &BacktestConfig) -> Result<Survivors, BacktestError> {
    let set = factor_set(hub, config, &super::PanelBuilder::new(config)?)?;
    let bar = BarSpec::Time(config.timeframe);
    let instruments = hub.instruments(&config.venue)?;
    let mut lives = Vec::new();
    for symbol in choose_symbols(hub, config, set.as_ref())? {
        let info = hub.bar_info(&config.venue, &bar, &symbol)?;
        if info.rows == 0 {
            continue;
        }
        let of_symbol = instruments.iter().filter(|instrument| instrument.symbol == symbol);
        let delisted_at = of_symbol.filter_map(|instrument| instrument.delisted_at).max();
        lives.push((Gone { symbol, last: info.last, delisted_at }, info.last_available_at));
    }
    let today = lives.iter().map(|(_, until)| *until).max().unwrap_or_default();
    let newest = lives.iter().map(|(life, _)| life.last).max().unwrap_or_default();
    let has_gone = |life: &Gone| life.delisted_at.is_some_and(|at| at <= today) || newest - life.last > SILENCE;
    let (gone, alive): (Vec<Gone>, Vec<Gone>) = lives.into_iter().map(|(life, _)| life).partition(has_gone);
    let symbols: Vec<String> = alive.into_iter().map(|life| life.symbol).collect();
    let still = |error: TradingError| error.counted_as(&format!("symbols still trade at {}", format_iso(today)));
    // With no survivor, or nobody gone, there is more to say than this.
    if !symbols.is_empty() && !gone.is_empty() {
        config.prepare()?.strategy.check_universe(symbols.len()).map_err(still)?;
    }
    Ok(Survivors { symbols, gone, today })
}
