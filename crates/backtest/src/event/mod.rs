//! The event replay: a strategy that may trade at any bar or trade, on the floor that paper trading uses.
//!
//! [`Market`] holds feeds (several symbols, several timeframes of one symbol, event bars, trades), funding and delistings;
//! [`replay_events`] merges them into one clock and drives [`crosscut_trading::Floor`]. At one instant: bars close,
//! funding is paid, the guard looks, the strategy hears of its orders and of the data, evaluates where the calendar says
//! so, and bars open: sells of all symbols, then buys. Of several feeds of a symbol the finest executes, the others are
//! data. Nothing here decides, fills or books.

mod choice;
mod clock;
mod columns;
mod feed;
mod load;
mod outcome;
mod record;
#[cfg(test)]
mod tests;

use crosscut_model::CorporateAction;
use crosscut_model::calendar::Rebalance;
use crosscut_trading::account::CashKind;
use crosscut_trading::floor::Dropped;
use crosscut_trading::funding::FundingDue;
use crosscut_trading::journal::Record;
use crosscut_trading::ledger::ClosedTrade;
use crosscut_trading::universe::Leave;
use crosscut_trading::{Floor, FloorConfig, Strategy};

use crate::error::BacktestError;
use crate::outcome::PositionChange;
use crate::panel::Chosen;
use clock::Clock;
pub use feed::{FactorRows, Feed, InMemory, TradeSource};
pub use load::{EventMarket, load};
use record::Recorder;
pub use record::{Curves, Sampling};

/// What is replayed.
#[derive(Default)]
pub struct Market<'a> {
    /// Instrument ids, sorted; strategies name symbols by their position here.
    pub symbols: Vec<String>,
    /// Feeds of these symbols.
    pub feeds: Vec<Feed<'a>>,
    /// Funding payments by symbol; empty: none.
    pub funding: Vec<Vec<FundingDue>>,
    /// When trading in each symbol ends, microseconds UTC; empty: never.
    pub delisted_at: Vec<Option<i64>>,
    /// Splits and dividends of each symbol by ex-date, to be booked with its first row at or after it; empty: none.
    pub actions: Vec<Vec<CorporateAction>>,
    /// Which symbols may be opened, chosen anew in each period; `None`: all at any time.
    pub universe: Option<Admission>,
    /// The feeds (by their place among `feeds`, ascending) whose bars' labels say when it is time to evaluate and to choose
    /// the universe; empty: for each symbol its finest bars.
    pub deciding: Vec<u32>,
}

/// Which symbols may be opened, and what becomes of those that may not any more.
#[derive(Debug, Clone, PartialEq)]
pub struct Admission {
    /// The rule and its choices. A choice takes effect at the close of the first deciding bar whose label lies in its period.
    pub chosen: Chosen,
    /// What becomes of a position whose symbol has left.
    pub leave: Leave,
}

/// How it is replayed.
#[derive(Debug, Clone, Copy, Default)]
pub struct EventOptions {
    /// When the strategy is asked to evaluate; `None`: never. A calendar period is decided at the close of the first bar
    /// whose label lies in it.
    pub evaluate: Option<Rebalance>,
    /// When curves are sampled.
    pub sampling: Sampling,
    /// First label of the run, microseconds UTC: rows of bars and factors before it are told so that a strategy may look back
    /// on them ([`Floor::warm_up`]), and nothing is traded. `None`: all rows belong to the run.
    pub start: Option<i64>,
}

/// What a replay produced.
#[derive(Debug, Clone)]
pub struct EventOutcome {
    /// Instrument ids, sorted.
    pub symbols: Vec<String>,
    /// Starting cash, quote units.
    pub capital: f64,
    /// Cash, equity and exposure over time.
    pub curves: Curves,
    /// Positions after each sample at which they changed; empty without a journal.
    pub positions: Vec<PositionChange>,
    /// Positions opened and closed again, in order of closing.
    pub trades: Vec<ClosedTrade>,
    /// What happened and why; empty when no journal was kept.
    pub journal: Vec<Record>,
    /// For each record the label of the bar it belongs to: that in which an order was executed, or at whose close it was
    /// decided, microseconds UTC.
    pub labels: Vec<i64>,
    /// Base units held at the end, by symbol.
    pub quantities: Vec<f64>,
    /// The last price of each symbol, quote units; NaN for one that never had any.
    pub prices: Vec<f64>,
    /// Cash at the end, quote units.
    pub cash: f64,
    /// Cash plus positions at their last prices at the end, quote units.
    pub equity: f64,
    /// Commission paid, rebates taken off, quote units.
    pub commission: f64,
    /// What slippage cost, quote units.
    pub slippage: f64,
    /// Cash moved without a trade, by kind, quote units; negative was paid.
    pub moved: Vec<(CashKind, f64)>,
    /// What rounding to lots and least values dropped.
    pub dropped: Dropped,
    /// Bars and trades replayed.
    pub n_events: u64,
}

/// Replays a market through a strategy.
///
/// # Errors
/// [`BacktestError`] for feeds of unknown symbols, rows out of order or with impossible prices, and settings out of range.
pub fn replay_events(
    market: Market<'_>,
    config: FloorConfig,
    options: EventOptions,
    strategy: &mut (impl Strategy + ?Sized),
) -> Result<EventOutcome, BacktestError> {
    if config.n_symbols != market.symbols.len() {
        return Err(BacktestError::Setting {
            key: "n_symbols",
            value: config.n_symbols.to_string(),
            expected: format!("the {} symbols of the market", market.symbols.len()),
        });
    }
    let (capital, symbols) = (config.capital, market.symbols.clone());
    let mut floor = Floor::new(config)?;
    let mut clock = Clock::new(market, options)?;
    let mut recorder = Recorder::default();
    let n_events = clock.run(&mut floor, &mut recorder, strategy)?;
    let account = floor.desk().account();
    let moved = CashKind::ALL.iter().map(|&kind| (kind, account.moved(kind))).collect();
    let quantities = (0..floor.desk().n_symbols() as u32).map(|symbol_idx| floor.desk().quantity(symbol_idx)).collect();
    let prices = (0..floor.desk().n_symbols() as u32).map(|symbol_idx| floor.desk().price(symbol_idx)).collect();
    Ok(EventOutcome {
        symbols,
        capital,
        curves: recorder.curves,
        positions: recorder.positions,
        labels: recorder.labels,
        quantities,
        prices,
        cash: floor.desk().cash(),
        equity: floor.desk().equity(),
        commission: account.commission(),
        slippage: account.slippage(),
        moved,
        dropped: floor.dropped(),
        n_events,
        trades: floor.account().take_closed(),
        journal: floor.journal().take(),
    })
}
