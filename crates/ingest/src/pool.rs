//! Asset pools: the most traded symbols by a venue's ticker or by what is on disk, or every symbol on disk to be chosen
//! from later.
//!
//! A static pool is chosen with hindsight up to its `as_of` time and must not be used for research before it. A dynamic
//! pool lists all that is on disk, the gone ones too, and the rule by which a run chooses from it by what was known then.

use std::path::{Path, PathBuf};

use crosscut_hub::{Hub, IngestPublisher, PoolExclusion, PoolMember, PoolSnapshot};
use crosscut_model::time::DAY;
use crosscut_model::{BarSpec, Range, TradeKind, Trades};
use rayon::prelude::*;
use serde_json::{Value, json};

use crate::error::IngestError;
use crosscut_model::Progress;

mod difference;
mod exclusion;
mod ticker;

pub use difference::{PoolChange, PoolDifference, difference};
use exclusion::Judge;
pub(crate) use exclusion::pair;
pub use exclusion::{PoolRules, STABLECOINS};
pub(crate) use ticker::check as check_ticker;

/// What to choose.
#[derive(Debug, Clone, PartialEq)]
pub struct PoolRequest {
    /// Name the snapshot is published under.
    pub name: String,
    /// The venue.
    pub venue: String,
    /// How many symbols at most, at least 1.
    pub top_n: usize,
    /// What they are ranked by.
    pub source: PoolSource,
    /// What is left out.
    pub rules: PoolRules,
    /// Symbols worked on at once, at least 1.
    pub threads: usize,
}

/// What symbols of a pool are ranked by.
#[derive(Debug, Clone, PartialEq)]
pub enum PoolSource {
    /// The last 24 hours of these bars on disk.
    Bars(BarSpec),
    /// The last 24 hours of the ticks on disk.
    Ticks,
    /// The venue's ticker, in a file; `as_of` (microseconds UTC) is needed where the file does not say.
    Ticker {
        /// The file.
        file: PathBuf,
        /// When it was so.
        as_of: Option<i64>,
        /// The address it was asked from, and when (microseconds UTC): its time where it says none.
        origin: Option<(String, i64)>,
    },
    /// Nothing yet: all symbols with these bars are listed, and the run chooses over time.
    Dynamic(DynamicRule),
}

/// How a run chooses from a dynamic pool, in the words of its settings.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct DynamicRule {
    /// The bars whose symbols are listed.
    pub bar: String,
    /// When the run chooses anew: `MS`.
    pub reselect: String,
    /// How far back it looks: `30d`.
    pub lookback: String,
    /// Bars a name needs in that time.
    pub min_bars: u64,
}

/// The rule of a dynamic pool and how many names it takes; `None` when a snapshot is static.
pub fn dynamic_rule(snapshot: &PoolSnapshot) -> Option<(usize, DynamicRule)> {
    let top_n = snapshot.rule["top_n"].as_u64()?;
    let rule = serde_json::from_value(snapshot.rule.get("dynamic")?.clone()).ok()?;
    Some((usize::try_from(top_n).ok()?, rule))
}

/// What is known of the symbols before the choice.
struct Known {
    /// Symbols and their dollar volume; `None` without data in the 24 hours.
    volumes: Vec<(String, Option<f64>)>,
    /// The moment, microseconds UTC.
    as_of: i64,
    /// What the snapshot says of the rule.
    rule: Value,
}

/// Chooses and publishes a pool. A pool of the same content stays as it is.
///
/// # Errors
/// When the hub, the venue, its data or the ticker does not exist or cannot be read, or no symbol is left.
pub fn build(request: &PoolRequest, hub: &Path, progress: &dyn Progress) -> Result<PoolSnapshot, IngestError> {
    if request.top_n == 0 {
        return Err(IngestError::request("a pool of 0 symbols was asked for; expected at least 1"));
    }
    let known = match &request.source {
        PoolSource::Ticker { file, as_of, origin } => by_ticker(file, *as_of, origin.as_ref())?,
        PoolSource::Dynamic(rule) => on_disk(request, &Hub::open(hub)?, rule)?,
        PoolSource::Bars(bar) => ranked(request, hub, Some(*bar), progress)?,
        PoolSource::Ticks => ranked(request, hub, None, progress)?,
    };
    let snapshot = choose(request, known)?;
    IngestPublisher::create(hub)?.publish_pool(&snapshot)?;
    Ok(snapshot)
}

/// What the venue's ticker says.
fn by_ticker(file: &Path, as_of: Option<i64>, origin: Option<&(String, i64)>) -> Result<Known, IngestError> {
    let ticker = ticker::read(file)?;
    let fetched_at = origin.map(|(_, at)| *at);
    let as_of = as_of.or(ticker.as_of).or(fetched_at).ok_or_else(|| {
        IngestError::request(format!("`{}` does not say when it was so\nhint: give --as-of", file.display()))
    })?;
    let mut rule = json!({
        "kind": "static",
        "rank_by": "quote volume of 24 hours by the venue's ticker",
        "source": {"file": ticker.file, "sha256": ticker.sha256},
    });
    if let Some((url, _)) = origin {
        rule["source"]["url"] = json!(url);
    }
    Ok(Known { volumes: ticker.volumes, as_of, rule })
}

/// All symbols with bars, for a run to choose from.
fn on_disk(request: &PoolRequest, hub: &Hub, rule: &DynamicRule) -> Result<Known, IngestError> {
    let bar: BarSpec = rule.bar.parse().map_err(|error| IngestError::request(format!("{error}")))?;
    let ranking = Ranking { hub: hub.clone(), venue: &request.venue, bar: Some(bar) };
    let symbols = ranking.symbols()?;
    let ends: Result<Vec<i64>, IngestError> = symbols.iter().map(|symbol| ranking.end(symbol)).collect();
    let rule = json!({
        "kind": "dynamic",
        "rank_by": "mean dollar volume before each period, chosen by the run from what was known then",
        "source": format!("{bar} bars"),
        "dynamic": rule,
    });
    let volumes = symbols.into_iter().map(|symbol| (symbol, None)).collect();
    Ok(Known { volumes, as_of: ends?.into_iter().max().unwrap_or_default(), rule })
}

/// The dollar volume of the last 24 hours on disk.
fn ranked(
    request: &PoolRequest,
    hub: &Path,
    bar: Option<BarSpec>,
    progress: &dyn Progress,
) -> Result<Known, IngestError> {
    let ranking = Ranking { hub: Hub::open(hub)?, venue: &request.venue, bar };
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
    let rule = json!({
        "kind": "static",
        "rank_by": "dollar volume of the 24 hours before as_of, in the data on disk",
        "source": bar.map_or("ticks".to_owned(), |bar| format!("{bar} bars")),
    });
    Ok(Known { volumes: symbols.into_iter().zip(volumes?).collect(), as_of, rule })
}

/// Leaves out by rule, ranks by dollar volume, ties by symbol, and cuts.
fn choose(request: &PoolRequest, known: Known) -> Result<PoolSnapshot, IngestError> {
    let Known { mut volumes, as_of, mut rule } = known;
    let is_dynamic = matches!(request.source, PoolSource::Dynamic(_));
    volumes.sort_by(|a, b| a.0.cmp(&b.0));
    let judge = Judge::new(&request.rules, volumes.iter().map(|(symbol, _)| symbol.as_str()));
    let (mut ranked, mut excluded) = (Vec::new(), Vec::new());
    for (symbol, volume) in &volumes {
        let silent = (!is_dynamic && volume.is_none()).then_some("no data in the 24 hours");
        match judge.exclusion(symbol).or(silent) {
            Some(reason) => excluded.push(PoolExclusion { symbol: symbol.clone(), reason: reason.to_owned() }),
            None => ranked.push(PoolMember { symbol: symbol.clone(), dollar_volume: *volume }),
        }
    }
    if ranked.is_empty() {
        return Err(IngestError::request(format!(
            "no symbol of `{}` is left for the pool `{}`: all {} are excluded by rule or have no recent data",
            request.venue,
            request.name,
            volumes.len()
        )));
    }
    let key = |member: &PoolMember| member.dollar_volume.unwrap_or_default();
    ranked.sort_by(|a, b| key(b).total_cmp(&key(a)).then_with(|| a.symbol.cmp(&b.symbol)));
    if !is_dynamic {
        ranked.truncate(request.top_n);
    }
    rule["top_n"] = json!(request.top_n);
    rule["exclude"] = json!({
        "stablecoins": request.rules.stablecoins,
        "leveraged_tokens": request.rules.leveraged,
        "other_quotes_than": request.rules.quote,
        "patterns": request.rules.exclude,
    });
    Ok(PoolSnapshot {
        name: request.name.clone(),
        venue: request.venue.clone(),
        as_of,
        rule,
        members: ranked,
        excluded,
        code_version: env!("CARGO_PKG_VERSION").to_owned(),
        format_version: 0,
    })
}

/// A ranking's surroundings.
struct Ranking<'a> {
    /// The hub.
    hub: Hub,
    /// The venue.
    venue: &'a str,
    /// The bars; `None` takes ticks.
    bar: Option<BarSpec>,
}

impl Ranking<'_> {
    /// The symbols to rank, sorted.
    fn symbols(&self) -> Result<Vec<String>, IngestError> {
        let venue = self.venue;
        if let Some(bar) = &self.bar {
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
        let kinds = self.hub.tick_kinds(self.venue, symbol)?;
        Ok(if kinds.contains(&TradeKind::AggTrades) { TradeKind::AggTrades } else { TradeKind::Trades })
    }

    /// Where a symbol's data end, microseconds UTC, exclusive.
    fn end(&self, symbol: &str) -> Result<i64, IngestError> {
        let venue = self.venue;
        if let Some(bar) = &self.bar {
            return Ok(self.hub.bar_info(venue, bar, symbol)?.last_available_at);
        }
        Ok(self.hub.tick_info(venue, symbol, self.kind_of(symbol)?)?.last + 1)
    }

    /// Dollar volume of the 24 hours before `as_of`, quote units; `None` without data in them.
    fn dollar_volume(&self, symbol: &str, as_of: i64) -> Result<Option<f64>, IngestError> {
        let window = Range { start: Some(as_of - DAY), end: Some(as_of) };
        match &self.bar {
            Some(bar) => self.of_bars(symbol, bar, window),
            None => self.of_ticks(symbol, window),
        }
    }

    /// Dollar volume of bars; where a source gives none, volume times close stands for it.
    fn of_bars(&self, symbol: &str, bar: &BarSpec, window: Range) -> Result<Option<f64>, IngestError> {
        let columns = ["dollar_volume", "volume", "close"];
        let table = self.hub.read_bars(self.venue, bar, symbol, &columns, window)?;
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
        let (venue, kind) = (self.venue, self.kind_of(symbol)?);
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
}

#[cfg(test)]
mod tests;
