//! Bars from what is in the hub: ticks into bars of any kind, finer time bars into coarser ones.
//!
//! Symbols are worked on side by side, each streamed with bounded memory. A symbol whose inputs, rules and program
//! version are those of its published bars is skipped. Start reading at [`run`].

use std::path::Path;

use crosscut_bars::{BarBuilder, SideRule, rebuild};
use crosscut_hub::{Hub, HubError, IngestPublisher, InputFile, Origin, TableSource, TickColumns};
use crosscut_model::{BarSpec, Bars, TradeKind, Trades, nearest};
use rayon::prelude::*;
use serde::Serialize;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::IngestError;
use crosscut_model::Progress;

/// What to build.
#[derive(Debug, Clone, PartialEq)]
pub struct AggregateRequest {
    /// The venue.
    pub venue: String,
    /// The symbols; empty means all that have the source.
    pub symbols: Vec<String>,
    /// The kind of bar to build.
    pub bar: BarSpec,
    /// Build from these bars instead of from ticks.
    pub from: Option<BarSpec>,
    /// Build from these ticks; `None` takes aggregated trades where a symbol has both.
    pub kind: Option<TradeKind>,
    /// Who decides whether a trade was a purchase or a sale.
    pub side_rule: SideRule,
    /// Whether bars of another origin under the same name are replaced.
    pub replace: bool,
    /// Symbols worked on at once, at least 1.
    pub threads: usize,
}

/// What became of one symbol.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SymbolReport {
    /// The symbol.
    pub symbol: String,
    /// What its bars were built from, in words.
    pub source: String,
    /// Trades or finer bars the source holds.
    pub rows_in: u64,
    /// Bars of the table.
    pub bars: u64,
    /// Whether its inputs had not changed, so that nothing was done.
    pub skipped: bool,
}

/// What was built. It ran into a problem exactly when there are failures.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct AggregateSummary {
    /// The symbols, sorted.
    pub symbols: Vec<SymbolReport>,
    /// Symbols that could not be built, and why, sorted; their tables are as they were.
    pub failures: Vec<(String, String)>,
}

/// Builds bars and publishes them.
///
/// # Errors
/// When the hub, the venue or the kind of source does not exist; faults of single symbols are in the summary.
pub fn run(request: &AggregateRequest, hub: &Path, progress: &dyn Progress) -> Result<AggregateSummary, IngestError> {
    let job = Job { hub: Hub::open(hub)?, publisher: IngestPublisher::create(hub)?, request };
    job.check()?;
    let there = job.symbols_there()?;
    let mut symbols = if request.symbols.is_empty() { there.clone() } else { request.symbols.clone() };
    symbols.sort();
    symbols.dedup();
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(request.threads)
        .build()
        .map_err(|error| IngestError::request(format!("cannot start {} threads: {error}", request.threads)))?;
    let done = AtomicU64::new(0);
    let build = |symbol: &String| {
        let result = if there.contains(symbol) { job.build(symbol) } else { Err(job.absent(symbol, &there)) };
        progress.step(done.fetch_add(1, Ordering::Relaxed) + 1, symbols.len() as u64, "symbols");
        result
    };
    let results: Vec<Result<SymbolReport, IngestError>> = pool.install(|| symbols.par_iter().map(build).collect());
    let mut summary = AggregateSummary::default();
    for (symbol, result) in symbols.iter().zip(results) {
        match result {
            Ok(report) => summary.symbols.push(report),
            Err(error) => {
                let remedy = error.remedy().map(|remedy| format!("\nhint: {remedy}")).unwrap_or_default();
                summary.failures.push((symbol.clone(), format!("{error}{remedy}")));
            }
        }
    }
    Ok(summary)
}

/// A run's surroundings.
struct Job<'a> {
    /// The hub to read.
    hub: Hub,
    /// The hub to write.
    publisher: IngestPublisher,
    /// What the user asked for.
    request: &'a AggregateRequest,
}

/// What a symbol's bars are built from.
struct Source {
    /// In words, `agg_trades`.
    words: String,
    /// The tables.
    inputs: Vec<InputFile>,
    /// Until when (exclusive) they are complete, microseconds UTC.
    covered_until: Option<i64>,
    /// How the bars are built, for provenance; part of what must be equal for a symbol to be skipped.
    notes: Vec<String>,
    /// Origin of the bars.
    origin: Origin,
}

impl Job<'_> {
    /// Refuses requests that no symbol can meet.
    fn check(&self) -> Result<(), IngestError> {
        let bar = self.request.bar;
        match self.request.from {
            None => drop(BarBuilder::new(bar, self.request.side_rule)?),
            Some(from) => match (from, bar) {
                (BarSpec::Time(from), BarSpec::Time(to)) if to.is_multiple_of(from) && to != from => {}
                _ => {
                    return Err(IngestError::request(format!(
                        "bars of {bar} cannot be built from bars of {from}; expected time bars and a whole multiple, such as 4h from 1h"
                    )));
                }
            },
        }
        Ok(())
    }

    /// All symbols that have the source, sorted.
    fn symbols_there(&self) -> Result<Vec<String>, IngestError> {
        let venue = &self.request.venue;
        if let Some(from) = &self.request.from {
            return Ok(self.hub.bar_symbols(venue, from)?);
        }
        let mut symbols = match self.request.kind {
            Some(kind) => self.hub.tick_symbols(venue, kind)?,
            None => {
                let mut both = self.hub.tick_symbols(venue, TradeKind::AggTrades)?;
                both.extend(self.hub.tick_symbols(venue, TradeKind::Trades)?);
                both
            }
        };
        symbols.sort();
        symbols.dedup();
        Ok(symbols)
    }

    /// A symbol without the source.
    fn absent(&self, symbol: &str, there: &[String]) -> IngestError {
        let what = match (&self.request.from, self.request.kind) {
            (Some(from), _) => format!("{from} bars"),
            (None, Some(kind)) => kind.name().to_owned(),
            (None, None) => "ticks".to_owned(),
        };
        let meant = nearest(symbol, there.iter().map(String::as_str));
        let meant = meant.map(|name| format!("; did you mean {name}?")).unwrap_or_default();
        IngestError::request(format!(
            "there are no {what} of {symbol} at `{}`{meant}\nhint: `crosscut data import` brings them in",
            self.request.venue
        ))
    }

    /// Builds and publishes one symbol.
    fn build(&self, symbol: &str) -> Result<SymbolReport, IngestError> {
        let (source, kind) = match &self.request.from {
            Some(from) => (self.bar_source(from, symbol)?, None),
            None => {
                let kind = self.kind_of(symbol)?;
                (self.tick_source(symbol, kind)?, Some(kind))
            }
        };
        let rows_in = source.inputs.iter().map(|input| input.rows).sum();
        if let Some(bars) = self.unchanged(symbol, &source)? {
            return Ok(SymbolReport { symbol: symbol.to_owned(), source: source.words, rows_in, bars, skipped: true });
        }
        let bars = match (kind, self.request.from) {
            (Some(kind), _) => self.fold_ticks(symbol, kind, source.covered_until)?,
            (None, Some(from)) => self.fold_bars(symbol, &from, source.covered_until)?,
            (None, None) => Bars::default(),
        };
        if bars.is_empty() {
            return Err(IngestError::request(format!(
                "no {} bar of {symbol} is complete: its {rows_in} rows do not fill one",
                self.request.bar
            )));
        }
        let Source { words, inputs, covered_until, notes, origin } = source;
        let code_version = env!("CARGO_PKG_VERSION").to_owned();
        let table = TableSource { origin, inputs, code_version, covered_until, notes };
        self.publisher.publish_bars(&self.request.venue, &self.request.bar, symbol, &bars, &table)?;
        Ok(SymbolReport { symbol: symbol.to_owned(), source: words, rows_in, bars: bars.len() as u64, skipped: false })
    }

    /// The kind of ticks to use: aggregated trades where there are both, because they are a fraction of the rows and
    /// give the same time, volume and dollar bars.
    fn kind_of(&self, symbol: &str) -> Result<TradeKind, IngestError> {
        if let Some(kind) = self.request.kind {
            return Ok(kind);
        }
        let kinds = self.hub.tick_kinds(&self.request.venue, symbol)?;
        Ok(if kinds.contains(&TradeKind::AggTrades) { TradeKind::AggTrades } else { TradeKind::Trades })
    }

    /// A symbol's ticks as a source.
    fn tick_source(&self, symbol: &str, kind: TradeKind) -> Result<Source, IngestError> {
        let info = self.hub.tick_info(&self.request.venue, symbol, kind)?;
        let both = self.request.kind.is_none() && self.hub.tick_kinds(&self.request.venue, symbol)?.len() > 1;
        let inputs = info.months.iter().map(|month| InputFile {
            n_out_of_order: 0,
            file: month.provenance.table.clone(),
            size: month.provenance.size,
            sha256: month.content_hash.clone(),
            rows: month.rows as u64,
            first: month.first,
            last: month.last,
            covers_until: month.provenance.covered_until,
            venue: None,
        });
        let sides = match self.request.side_rule {
            SideRule::Venue => "taker sides by the venue's flag, by the tick rule where there is none",
            SideRule::TickRule => "taker sides by the tick rule",
        };
        Ok(Source {
            words: format!("{}{}", kind.name(), if both { " (preferred to trades, which are there too)" } else { "" }),
            inputs: inputs.collect(),
            covered_until: info.covered_until,
            notes: vec![sides.to_owned()],
            origin: Origin::Ticks,
        })
    }

    /// A symbol's finer bars as a source.
    fn bar_source(&self, from: &BarSpec, symbol: &str) -> Result<Source, IngestError> {
        let info = self.hub.bar_info(&self.request.venue, from, symbol)?;
        Ok(Source {
            words: format!("{from} bars"),
            inputs: vec![InputFile {
                n_out_of_order: 0,
                file: info.provenance.table.clone(),
                size: info.provenance.size,
                sha256: info.content_hash.clone(),
                rows: info.rows as u64,
                first: info.first,
                last: info.last,
                covers_until: info.provenance.covered_until,
                venue: None,
            }],
            covered_until: info.provenance.covered_until,
            notes: vec![format!("rebuilt from {from} bars")],
            origin: Origin::Bars,
        })
    }

    /// Number of bars of a table that is what would be built; `None` when it has to be built.
    ///
    /// # Errors
    /// When the table is of another origin and may not be replaced.
    fn unchanged(&self, symbol: &str, source: &Source) -> Result<Option<u64>, IngestError> {
        let info = match self.hub.bar_info(&self.request.venue, &self.request.bar, symbol) {
            Ok(info) => info,
            Err(HubError::NotFound { .. }) => return Ok(None),
            Err(_) if self.request.replace => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let made = &info.provenance;
        if made.origin != source.origin {
            if self.request.replace {
                return Ok(None);
            }
            return Err(IngestError::request(format!(
                "{} are there and were made from {}, not from {}\nhint: give --replace, or import under another --venue name",
                info.name,
                made.origin.name(),
                source.origin.name()
            )));
        }
        let same = made.inputs == source.inputs
            && made.notes == source.notes
            && made.code_version == env!("CARGO_PKG_VERSION")
            && (!self.request.replace || self.hub.verify_table(&made.table).is_ok());
        Ok(same.then_some(info.rows as u64))
    }

    /// Folds a symbol's ticks.
    fn fold_ticks(&self, symbol: &str, kind: TradeKind, covered_until: Option<i64>) -> Result<Bars, IngestError> {
        let mut builder = BarBuilder::new(self.request.bar, self.request.side_rule)?;
        let mut ticks = self.hub.ticks_columns(&self.request.venue, symbol, kind, TickColumns::FOR_BARS)?;
        let (mut batch, mut bars) = (Trades::default(), Bars::default());
        while ticks.next_batch(&mut batch)? {
            builder.push(&batch, &mut bars);
        }
        builder.finish(covered_until, &mut bars);
        Ok(bars)
    }

    /// Folds a symbol's finer bars.
    fn fold_bars(&self, symbol: &str, from: &BarSpec, covered_until: Option<i64>) -> Result<Bars, IngestError> {
        let (BarSpec::Time(fine), BarSpec::Time(coarse)) = (*from, self.request.bar) else {
            return Ok(Bars::default());
        };
        let bars = self.hub.read_all_bars(&self.request.venue, from, symbol)?;
        Ok(rebuild(&bars, fine, coarse, covered_until)?)
    }
}

#[cfg(test)]
mod tests;
