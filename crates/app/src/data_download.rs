//! `data download`: history of an exchange into the hub, through the local store of raw files.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crosscut_ingest::download::wish::{DataKind, Span};
use crosscut_ingest::download::{self, Backlog, DownloadRequest, Patience, Surroundings, sources};
use crosscut_model::time::format_date;
use serde::Serialize;

pub use crosscut_ingest::download::{DownloadSummary, FileLine, FileStatus};

use crate::desk::Desk;
use crate::error::AppError;
use crate::events::Level;
use crate::logbook::Logbook;
use crate::registry::{self, ProviderEntry};

/// Files fetched at once when nothing is said.
const CONNECTIONS: usize = 8;

/// Longest time a setting may ask for, seconds: a day.
const SECONDS_MAX: f64 = 86_400.0;

/// Downloads by the settings under `download`, or with `dry_run` only tells what would be. `stop` is set by the door when
/// the user wants to stop.
///
/// # Errors
/// A setting that makes no sense, another download at work in the same folder, a disk that is full.
pub fn run(desk: &Desk<'_>, dry_run: bool, stop: &Arc<AtomicBool>) -> Result<DownloadSummary, AppError> {
    let request = request(desk)?;
    let log = Logbook::open(desk, "ingest");
    let kinds: Vec<String> = request.kinds.iter().map(ToString::to_string).collect();
    log.note(Level::Info, &format!("download {} of {}", kinds.join(", "), request.exchange));
    let hub = desk.hub_root();
    let around = Surroundings { hub: &hub, clock: desk.clock, stop, progress: &log };
    let summary =
        download::run(&request, around, dry_run).inspect_err(|error| log.note(Level::Error, &error.to_string()))?;
    for file in summary.files.iter().filter(|file| !file.note.is_empty()) {
        log.note(Level::Info, &format!("{}: {:?}: {}", file.path, file.status, file.note));
    }
    summary.refusals.iter().for_each(|refusal| log.note(Level::Error, &refusal.to_string()));
    Ok(summary)
}

/// The settings as a request.
pub(crate) fn request(desk: &Desk<'_>) -> Result<DownloadRequest, AppError> {
    let config = &desk.config;
    let exchange = config.text("download.exchange").ok_or_else(|| {
        AppError::new("nothing says which exchange to download from")
            .hint("name it, such as --exchange binance_futures; `crosscut data providers` lists them")
    })?;
    let kinds = config.list("download.kind").iter().map(|text| text.parse()).collect::<Result<Vec<DataKind>, _>>()?;
    let start = config.text("download.start_date").ok_or_else(|| {
        AppError::new("nothing says where to begin").hint("name a month or a day, such as --start-date 2024-01")
    })?;
    let today = format_date((desk.clock)());
    let end = config.text("download.end_date").unwrap_or(&today);
    let asked = config.count("download.connections").filter(|&n| n > 0);
    let n_connections = asked.or(config.count("threads").filter(|&n| n > 0));
    let text = |key: &str| config.text(key).map(str::to_owned);
    Ok(DownloadRequest {
        exchange: exchange.to_owned(),
        venue: config.text("venue").unwrap_or(exchange).to_owned(),
        symbols: config.list("download.symbols").into_iter().filter(|symbol| symbol != "all").collect(),
        kinds,
        span: Span::between(start, end)?,
        raw: PathBuf::from(config.text("download.raw").unwrap_or_default()),
        keep_raw: config.flag("download.keep_raw"),
        convert: config.flag("download.convert"),
        replace: config.flag("download.replace"),
        with_listing: config.flag("download.listing"),
        n_connections: n_connections.map_or(CONNECTIONS, |n| usize::try_from(n.min(64)).unwrap_or(CONNECTIONS)),
        n_threads: desk.threads.min(desk.machine.n_cpus).max(1),
        backlog: Backlog::USUAL,
        patience: patience(desk)?,
        mirror: text("download.mirror"),
        urls: config.named("download.urls"),
        proxy: text("download.proxy"),
        seed: (desk.clock)().unsigned_abs(),
    })
}

/// The settings about retries and timeouts.
pub(crate) fn patience(desk: &Desk<'_>) -> Result<Patience, AppError> {
    let seconds = |key: &str| {
        let number = desk.config.number(key).unwrap_or_default();
        if (0.0..=SECONDS_MAX).contains(&number) {
            Ok(Duration::from_secs_f64(number))
        } else {
            Err(desk.config.refuse(key, "expected seconds from 0 to 86400"))
        }
    };
    let never_zero = |time: Duration| time.max(Duration::from_millis(1));
    Ok(Patience {
        n_retries: u32::try_from(desk.config.count("download.retries").unwrap_or_default()).unwrap_or(u32::MAX),
        backoff: seconds("download.backoff")?,
        backoff_max: seconds("download.backoff_max")?,
        retry_after_max: seconds("download.retry_after_max")?,
        connect: never_zero(seconds("download.connect_timeout")?),
        stall: never_zero(seconds("download.stall_timeout")?),
    })
}

/// Who is asked for what, in which order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Providers {
    /// For each exchange and kind, the providers in order of preference.
    pub order: Vec<Order>,
    /// What each provider gives.
    pub providers: Vec<ProviderEntry>,
}

/// Who is asked for one kind of data of an exchange.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Order {
    /// The exchange.
    pub exchange: String,
    /// The kind, as for `--kind`; bars stand with an example of a timeframe.
    pub kind: String,
    /// The providers; the next one is asked for what the one before leaves over.
    pub providers: Vec<String>,
}

/// Kinds as examples, one of each.
const KINDS: [&str; 7] = ["trades", "agg_trades", "klines-1h", "mark-1h", "premium-1h", "funding", "instruments"];

/// All providers, and who is asked first.
pub fn providers() -> Providers {
    let mut order = Vec::new();
    for exchange in sources::exchanges() {
        for kind in KINDS {
            let parsed: DataKind = kind.parse().expect("an example of a kind is one");
            let providers: Vec<String> =
                sources::sources_of(exchange, parsed).iter().map(|source| source.name().to_owned()).collect();
            if !providers.is_empty() {
                order.push(Order { exchange: exchange.to_owned(), kind: kind.to_owned(), providers });
            }
        }
    }
    Providers { order, providers: registry::provider_entries() }
}
