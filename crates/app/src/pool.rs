//! `pool build|show|diff`: lists of symbols chosen by a rule, and what they mean for a run.

use std::path::PathBuf;

use crosscut_hub::Hub;
pub use crosscut_hub::PoolSnapshot as Snapshot;
use crosscut_ingest::download::ticker::{self, KeptTicker, TickerRequest};
pub use crosscut_ingest::pool::PoolDifference as Difference;
use crosscut_ingest::pool::{self, DynamicRule, PoolRequest, PoolRules, PoolSource};
use crosscut_model::format_iso;
use crosscut_model::time::parse_iso;
use serde::Serialize;

use crate::config::Config;
use crate::data_download;
use crate::desk::Desk;
use crate::error::AppError;
use crate::logbook::Logbook;

/// A pool that has been built, and what changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Built {
    /// The pool.
    pub pool: Snapshot,
    /// Its moment, ISO-8601.
    pub as_of: String,
    /// The difference from the pool that had the name before; `None` when there was none.
    pub change: Option<Difference>,
    /// Members of which the hub has no bars and no ticks.
    pub without_data: Vec<String>,
    /// The exchange's ticker it was chosen by, where that was asked for.
    pub ticker: Option<KeptTicker>,
}

/// Chooses and publishes a pool by the settings under `pool`.
///
/// # Errors
/// A setting that makes no sense, no data or ticker to choose from.
pub fn build(desk: &Desk<'_>, name: &str) -> Result<Built, AppError> {
    let config = &desk.config;
    let (source, ticker) = source(desk)?;
    let is_ticker = matches!(source, PoolSource::Ticker { .. });
    // A ticker can be read before there is a hub.
    let venue = match (config.text("venue"), desk.hub()) {
        (Some(venue), _) => venue.to_owned(),
        (None, _) if ticker.is_some() => config.text("pool.exchange").unwrap_or_default().to_owned(),
        (None, Ok(hub)) if matches!(source, PoolSource::Ticks) => desk.tick_venue(&hub)?,
        (None, Ok(hub)) if !is_ticker => desk.venue(&hub)?,
        (None, Err(error)) if !is_ticker => return Err(error),
        _ => return Err(AppError::new("a ticker does not say whose it is").hint("name the venue with --venue")),
    };
    let top_n = usize::try_from(config.count("pool.top_n").unwrap_or(0)).unwrap_or(usize::MAX);
    let rules = rules(config, is_ticker);
    let request = PoolRequest { name: name.to_owned(), venue, top_n, source, rules, threads: desk.threads };
    let before = Hub::open(&desk.hub_root()).ok().and_then(|hub| hub.pool(name).ok());
    let pool = pool::build(&request, &desk.hub_root(), &Logbook::open(desk, "ingest"))?;
    let change = before.map(|before| pool::difference(&before, &pool));
    let without_data = without_data(&desk.hub()?, &pool)?;
    Ok(Built { as_of: format_iso(pool.as_of), pool, change, without_data, ticker })
}

/// What the symbols are ranked by, and the exchange's ticker where that was asked for.
fn source(desk: &Desk<'_>) -> Result<(PoolSource, Option<KeptTicker>), AppError> {
    let config = &desk.config;
    match config.text("pool.exchange") {
        Some(exchange) => {
            let (source, ticker) = asked(desk, exchange)?;
            Ok((source, Some(ticker)))
        }
        None if config.flag("pool.refresh") => {
            Err(config.refuse("pool.refresh", "only what an --exchange says can be asked for anew"))
        }
        None => Ok((on_disk(config)?, None)),
    }
}

/// The exchange's ticker, kept or asked for.
fn asked(desk: &Desk<'_>, exchange: &str) -> Result<(PoolSource, KeptTicker), AppError> {
    let config = &desk.config;
    for (key, other) in [("pool.ticker", "--ticker"), ("pool.bar", "--bar")] {
        if config.text(key).is_some() {
            return Err(config.refuse("pool.exchange", &format!("an exchange's ticker and {other} exclude each other")));
        }
    }
    if config.flag("pool.dynamic") {
        return Err(config.refuse("pool.exchange", OF_ONE_DAY));
    }
    let day = as_of(config)?;
    if day.is_some() && config.flag("pool.refresh") {
        return Err(
            config.refuse("pool.refresh", "the ticker of a day that is over (--as-of) cannot be asked for anew")
        );
    }
    let text = |key: &str| config.text(key).map(str::to_owned);
    let request = TickerRequest {
        exchange: exchange.to_owned(),
        venue: config.text("venue").unwrap_or(exchange).to_owned(),
        raw: PathBuf::from(config.text("download.raw").unwrap_or_default()),
        day,
        refresh: config.flag("pool.refresh"),
        patience: data_download::patience(desk)?,
        mirror: text("download.mirror"),
        urls: config.named("download.urls"),
        proxy: text("download.proxy"),
        seed: (desk.clock)().unsigned_abs(),
    };
    let kept = ticker::ticker(&request, (desk.clock)())?;
    let fetched_at = parse_iso(&kept.fetched_at).map_err(|error| AppError::new(error.to_string()))?;
    let source =
        PoolSource::Ticker { file: kept.file.clone(), as_of: None, origin: Some((kept.url.clone(), fetched_at)) };
    Ok((source, kept))
}

/// Why a pool chosen over time is not chosen by a ticker.
const OF_ONE_DAY: &str = "a ticker is of one day; a dynamic pool is chosen over time from bars on disk";

/// The moment that was given.
fn as_of(config: &Config) -> Result<Option<i64>, AppError> {
    let parsed = |text: &str| parse_iso(text).map_err(|error| config.refuse("pool.as_of", &error.to_string()));
    config.text("pool.as_of").map(parsed).transpose()
}

/// What the symbols are ranked by, of what is on this machine.
fn on_disk(config: &Config) -> Result<PoolSource, AppError> {
    let bar: Option<crosscut_model::BarSpec> = config.parsed("pool.bar")?;
    let ticker = config.text("pool.ticker");
    let refuse = |why: &str| Err(config.refuse("pool.ticker", why));
    match (ticker, bar, config.flag("pool.dynamic")) {
        (Some(_), Some(_), _) => refuse("a ticker and --bar exclude each other"),
        (Some(_), _, true) => refuse(OF_ONE_DAY),
        (Some(file), None, false) => {
            Ok(PoolSource::Ticker { file: PathBuf::from(file), as_of: as_of(config)?, origin: None })
        }
        (None, None, true) => Err(AppError::new("a dynamic pool needs to know which bars its runs will look at")
            .hint("name them, such as --bar 1h")),
        (None, Some(bar), true) => {
            // The settings are those of a run, which would only complain later.
            let _: Option<crosscut_model::calendar::Rebalance> = config.parsed("pool.reselect")?;
            let _: Option<crosscut_model::Timeframe> = config.parsed("pool.lookback")?;
            let text = |key: &str| config.text(key).unwrap_or_default().to_owned();
            Ok(PoolSource::Dynamic(DynamicRule {
                bar: bar.to_string(),
                reselect: text("pool.reselect"),
                lookback: text("pool.lookback"),
                min_bars: config.count("pool.min_bars").unwrap_or_default(),
            }))
        }
        (None, Some(bar), false) => Ok(PoolSource::Bars(bar)),
        (None, None, false) => Ok(PoolSource::Ticks),
    }
}

/// What is left out.
fn rules(config: &Config, is_ticker: bool) -> PoolRules {
    let mut rules = PoolRules::default();
    let stablecoins = config.list("pool.stablecoins");
    if stablecoins.iter().any(|coin| coin == "none") {
        rules.stablecoins = Vec::new();
    } else if !stablecoins.is_empty() {
        rules.stablecoins = stablecoins.iter().map(|coin| coin.to_uppercase()).collect();
    }
    rules.leveraged = !config.flag("pool.keep_leveraged");
    // Volumes in coins and in dollars cannot be ranked together.
    let quote = config.text("pool.quote").map(str::to_uppercase);
    rules.quote = quote.unwrap_or_else(|| if is_ticker { "USDT".to_owned() } else { String::new() });
    rules.exclude = config.list("pool.exclude");
    rules
}

/// The members the hub has nothing of.
fn without_data(hub: &Hub, pool: &Snapshot) -> Result<Vec<String>, AppError> {
    let venue = &pool.venue;
    let mut known: Vec<String> = Vec::new();
    if hub.venues()?.contains(venue) {
        for kind in hub.bar_kinds(venue)? {
            let spec = kind.parse().map_err(|error| AppError::new(format!("{error}")))?;
            known.extend(hub.bar_symbols(venue, &spec)?);
        }
    }
    if hub.tick_venues()?.contains(venue) {
        for kind in [crosscut_model::TradeKind::Trades, crosscut_model::TradeKind::AggTrades] {
            known.extend(hub.tick_symbols(venue, kind)?);
        }
    }
    known.sort();
    let absent = pool.members.iter().filter(|member| known.binary_search(&member.symbol).is_err());
    Ok(absent.map(|member| member.symbol.clone()).collect())
}

/// All pools, or the one named.
///
/// # Errors
/// No hub, no such pool, a damaged file.
pub fn show(desk: &Desk<'_>, name: Option<&str>) -> Result<Vec<Snapshot>, AppError> {
    let hub = desk.hub()?;
    let names = match name {
        Some(name) => vec![name.to_owned()],
        None => hub.pools()?,
    };
    names.iter().map(|name| Ok(hub.pool(name)?)).collect()
}

/// What changed from one pool to another.
///
/// # Errors
/// As [`show`].
pub fn diff(desk: &Desk<'_>, a: &str, b: &str) -> Result<Difference, AppError> {
    let hub = desk.hub()?;
    Ok(pool::difference(&hub.pool(a)?, &hub.pool(b)?))
}
