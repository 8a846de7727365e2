//! Asset pools: the most traded symbols of what is on disk.
//!
//! Without the network there is no ticker to ask: the ranking is by the last 24 hours of data the hub holds, and the
//! snapshot says so. It is chosen with hindsight up to its `as_of` time and must not be used for research before it.

use std::path::Path;

use crosscut_hub::{Hub, IngestPublisher, PoolExclusion, PoolMember, PoolSnapshot};
use crosscut_model::time::DAY;
use crosscut_model::{BarSpec, Range, TradeKind, Trades};
use rayon::prelude::*;
use serde_json::json;

use crate::error::IngestError;
use crosscut_model::Progress;

mod exclusion;

use exclusion::{base, exclusion};

/// What to choose.
#[derive(Debug, Clone, PartialEq)]
pub struct PoolRequest {
    /// Name the snapshot is published under.
    pub name: String,
    /// The venue.
    pub venue: String,
    /// How many symbols at most, at least 1.
    pub top_n: usize,
    /// Rank by these bars; `None` ranks by ticks.
    pub bar: Option<BarSpec>,
    /// Whether stablecoin pairs and leveraged tokens are left out.
    pub exclude: bool,
    /// Symbols worked on at once, at least 1.
    pub threads: usize,
}

/// Ranks the symbols on disk by the dollar volume of the last 24 hours of data and publishes the best.
///
/// # Errors
/// When the hub, the venue or its data does not exist, or no symbol is left.
pub fn build(request: &PoolRequest, hub: &Path, progress: &dyn Progress) -> Result<PoolSnapshot, IngestError> {
    let ranking = Ranking { hub: Hub::open(hub)?, request };
    let symbols = ranking.symbols()?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(request.threads)
        .build()
        .map_err(|error| IngestError::request(format!("cannot start {} threads: {error}", request.threads)))?;
    let ends: Result<Vec<i64>, IngestError> = pool.install(|| symbols.par_iter().map(|s| ranking.end(s)).collect());
    let as_of = ends?.into_iter().max().unwrap_or_default();
    progress.message(&format!(
        "ranking {} symbols by the dollar volume of the data on disk in the 24 hours before {}",
        symbols.len(),
        crosscut_model::format_iso(as_of)
    ));
    let volumes: Result<Vec<Option<f64>>, IngestError> =
        pool.install(|| symbols.par_iter().map(|symbol| ranking.dollar_volume(symbol, as_of)).collect());
    let snapshot = ranking.choose(&symbols, &volumes?, as_of)?;
    IngestPublisher::create(hub)?.publish_pool(&snapshot)?;
    Ok(snapshot)
}

/// A ranking's surroundings.
struct Ranking<'a> {
    /// The hub.
    hub: Hub,
    /// What the user asked for.
    request: &'a PoolRequest,
}

impl Ranking<'_> {
    /// The symbols to rank, sorted.
    fn symbols(&self) -> Result<Vec<String>, IngestError> {
        let venue = &self.request.venue;
        if self.request.top_n == 0 {
            return Err(IngestError::request("a pool of 0 symbols was asked for; expected at least 1"));
        }
        if let Some(bar) = &self.request.bar {
            if bar.timeframe().is_some_and(|frame| frame.nominal_micros() > DAY as f64) {
                return Err(IngestError::request(format!(
                    "{bar} bars are longer than the 24 hours the ranking looks at"
                )));
            }
            return Ok(self.hub.bar_symbols(venue, bar)?);
        }
        let mut symbols = self.hub.tick_symbols(venue, TradeKind::AggTrades)?;
        symbols.extend(self.hub.tick_symbols(venue, TradeKind::Trades)?);
        symbols.sort();
        symbols.dedup();
        Ok(symbols)
    }

    /// The kind of ticks to use.
    fn kind_of(&self, symbol: &str) -> Result<TradeKind, IngestError> {
        let kinds = self.hub.tick_kinds(&self.request.venue, symbol)?;
        Ok(if kinds.contains(&TradeKind::AggTrades) { TradeKind::AggTrades } else { TradeKind::Trades })
    }

    /// Where a symbol's data end, microseconds UTC, exclusive.
    fn end(&self, symbol: &str) -> Result<i64, IngestError> {
        let venue = &self.request.venue;
        if let Some(bar) = &self.request.bar {
            return Ok(self.hub.bar_info(venue, bar, symbol)?.last_available_at);
        }
        Ok(self.hub.tick_info(venue, symbol, self.kind_of(symbol)?)?.last + 1)
    }

    /// Dollar volume of the 24 hours before `as_of`, quote units; `None` without data in them.
    fn dollar_volume(&self, symbol: &str, as_of: i64) -> Result<Option<f64>, IngestError> {
        let window = Range { start: Some(as_of - DAY), end: Some(as_of) };
        match &self.request.bar {
            Some(bar) => self.of_bars(symbol, bar, window),
            None => self.of_ticks(symbol, window),
        }
    }

    /// Dollar volume of bars; where a source gives none, volume times close stands for it.
    fn of_bars(&self, symbol: &str, bar: &BarSpec, window: Range) -> Result<Option<f64>, IngestError> {
        let columns = ["dollar_volume", "volume", "close"];
        let table = self.hub.read_bars(&self.request.venue, bar, symbol, &columns, window)?;
        let column = |name: &str| table.f64(name).unwrap_or_default();
        let (dollars, volume, close) = (column("dollar_volume"), column("volume"), column("close"));
        let mut sum = None;
        for at in 0..table.len() {
            let value = if dollars[at].is_nan() { volume[at] * close[at] } else { dollars[at] };
            if value.is_finite() {
                sum = Some(sum.unwrap_or(0.0) + value);
            }
        }
        Ok(sum)
    }

    /// Dollar volume of ticks: only the months the window touches are read.
    fn of_ticks(&self, symbol: &str, window: Range) -> Result<Option<f64>, IngestError> {
        let (venue, kind) = (&self.request.venue, self.kind_of(symbol)?);
        let mut sum = None;
        for month in self.hub.tick_info(venue, symbol, kind)?.months {
            if month.last < window.start.unwrap_or(i64::MIN) || month.first >= window.end.unwrap_or(i64::MAX) {
                continue;
            }
            let Some((_, mut ticks)) = self.hub.ticks_of_month(venue, symbol, kind, &month.month)? else { continue };
            let mut batch = Trades::default();
            while ticks.next_batch(&mut batch)? {
                for at in window.positions(&batch.timestamp) {
                    sum = Some(sum.unwrap_or(0.0) + batch.price[at] * batch.quantity[at]);
                }
            }
        }
        Ok(sum)
    }

    /// Ranks by dollar volume, ties by symbol, and cuts.
    fn choose(&self, symbols: &[String], volumes: &[Option<f64>], as_of: i64) -> Result<PoolSnapshot, IngestError> {
        let bases: Vec<&str> = symbols.iter().map(|symbol| base(symbol)).collect();
        let (mut ranked, mut excluded) = (Vec::new(), Vec::new());
        for (symbol, volume) in symbols.iter().zip(volumes) {
            let by_rule = if self.request.exclude { exclusion(symbol, &bases) } else { None };
            let reason = by_rule.or(volume.is_none().then_some("no data in the 24 hours"));
            match (reason, volume) {
                (Some(reason), _) => {
                    excluded.push(PoolExclusion { symbol: symbol.clone(), reason: reason.to_owned() });
                }
                (None, volume) => ranked.push(PoolMember { symbol: symbol.clone(), dollar_volume: *volume }),
            }
        }
        if ranked.is_empty() {
            return Err(IngestError::request(format!(
                "no symbol of `{}` is left for the pool `{}`: all {} are excluded by rule or have no recent data",
                self.request.venue,
                self.request.name,
                symbols.len()
            )));
        }
        let key = |member: &PoolMember| member.dollar_volume.unwrap_or_default();
        ranked.sort_by(|a, b| key(b).total_cmp(&key(a)).then_with(|| a.symbol.cmp(&b.symbol)));
        ranked.truncate(self.request.top_n);
        Ok(PoolSnapshot {
            name: self.request.name.clone(),
            venue: self.request.venue.clone(),
            as_of,
            rule: json!({
                "kind": "static",
                "rank_by": "dollar volume of the 24 hours before as_of, in the data on disk",
                "source": self.request.bar.map_or("ticks".to_owned(), |bar| format!("{bar} bars")),
                "top_n": self.request.top_n,
                "exclude_stablecoins_and_leveraged_tokens": self.request.exclude,
            }),
            members: ranked,
            excluded,
            code_version: env!("CARGO_PKG_VERSION").to_owned(),
            format_version: 0,
        })
    }
}

#[cfg(test)]
mod tests;
