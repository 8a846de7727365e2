//! `aggregate`: bars from the hub's ticks, or from its finer bars.

use crosscut_bars::SideRule;
use crosscut_ingest::aggregate::{self, AggregateRequest, AggregateSummary};
use crosscut_model::{BarSpec, TradeKind};

use crate::desk::Desk;
use crate::error::AppError;
use crate::events::{Events, Level};
use crate::logbook::Logbook;

/// Builds bars of `symbols` (all when empty) by the settings under `aggregate`. Faults of single symbols are in the
/// summary.
///
/// # Errors
/// A setting that makes no sense; no hub, venue or source.
pub fn run(desk: &Desk<'_>, symbols: &[String]) -> Result<AggregateSummary, AppError> {
    let bar = desk.config.parsed("aggregate.bar")?.expect("the table has a default");
    build(desk, symbols, bar)
}

/// Builds bars of one kind.
pub(crate) fn build(desk: &Desk<'_>, symbols: &[String], bar: BarSpec) -> Result<AggregateSummary, AppError> {
    let config = &desk.config;
    let from: Option<BarSpec> = config.parsed("aggregate.from")?;
    let hub = desk.hub()?;
    let request = AggregateRequest {
        venue: match from {
            Some(_) => desk.venue(&hub)?,
            None => desk.tick_venue(&hub)?,
        },
        symbols: symbols.to_vec(),
        bar,
        from,
        kind: config.text("aggregate.kind").and_then(trade_kind),
        side_rule: side_rule(config.text("aggregate.side_rule").unwrap_or_default()),
        replace: config.flag("aggregate.replace"),
        threads: desk.threads,
    };
    let log = Logbook::open(desk, "ingest");
    log.note(Level::Info, &format!("aggregate {bar} bars of {}", request.venue));
    let summary = aggregate::run(&request, &desk.hub_root(), &log)
        .inspect_err(|error| log.note(Level::Error, &error.to_string()))?;
    for (symbol, failure) in &summary.failures {
        log.message(Level::Error, &format!("{symbol}: {failure}"));
    }
    Ok(summary)
}

/// The kind of trades of that name.
fn trade_kind(name: &str) -> Option<TradeKind> {
    [TradeKind::Trades, TradeKind::AggTrades].into_iter().find(|kind| kind.name() == name)
}

/// The side rule of that name; the table admits no other.
fn side_rule(name: &str) -> SideRule {
    if name == "tick" { SideRule::TickRule } else { SideRule::Venue }
}
