//! What an exchange says of the last 24 hours of all its symbols, kept as it was answered: `tickers/` in the venue's raw
//! folder, one file for each time it was asked, and a line in the ledger.
//!
//! A ticker speaks of one moment and can never be asked for again, so nothing that was kept is ever written over. The
//! newest one of the day serves until the day is over or the user wants another.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crosscut_model::format_iso;
use crosscut_model::time::{DAY, format_date, parse_iso};

use crate::error::IngestError;
use crate::import::digest_of;
use crate::pool::check_ticker;

use super::address::{Hosts, is_plain_name};
use super::client::{Client, FetchError, Patience};
use super::ledger::{Fetched, Ledger, stamp};
use super::sources::{self, SOURCES};
use super::transfer::beside;
use super::words;

/// Folder of kept tickers in a venue's raw folder.
const FOLDER: &str = "tickers";

/// Whose ticker, and how to ask.
#[derive(Debug, Clone, PartialEq)]
pub struct TickerRequest {
    /// The exchange, `binance_futures`.
    pub exchange: String,
    /// The hub's name of the venue: its raw folder's.
    pub venue: String,
    /// Folder for raw files.
    pub raw: PathBuf,
    /// Only what was kept on this day (any moment of it, microseconds UTC); nobody is asked.
    pub day: Option<i64>,
    /// Whether to ask though today's is here.
    pub refresh: bool,
    /// How patient to be.
    pub patience: Patience,
    /// Address under which all hosts are found as folders.
    pub mirror: Option<String>,
    /// Addresses of single hosts.
    pub urls: Vec<(String, String)>,
    /// Address of an HTTP proxy.
    pub proxy: Option<String>,
    /// Draws the jitter between attempts.
    pub seed: u64,
}

/// A ticker on the disk.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct KeptTicker {
    /// The file.
    pub file: PathBuf,
    /// The address it came from.
    pub url: String,
    /// When it was fetched, ISO-8601.
    pub fetched_at: String,
    /// Whether it was here before.
    pub was_kept: bool,
}

/// The exchanges whose ticker can be asked for, sorted.
pub fn ticker_exchanges() -> Vec<&'static str> {
    let gives = |exchange: &&str| address_of(exchange).is_some();
    sources::exchanges().into_iter().filter(gives).collect()
}

/// The host and the path of an exchange's ticker of all symbols.
fn address_of(exchange: &str) -> Option<(&'static str, String)> {
    let speaks = SOURCES.iter().filter(|source| source.exchanges().contains(&exchange));
    speaks.into_iter().find_map(|source| source.ticker(exchange))
}

/// The ticker of today, kept or asked for, or the kept one of another day. `now` is the wall clock, microseconds UTC.
///
/// # Errors
/// When the exchange has none, is not reached or answers otherwise, or nothing was kept on the day asked for.
pub fn ticker(request: &TickerRequest, now: i64) -> Result<KeptTicker, IngestError> {
    let (host, path) = address_of(&request.exchange).ok_or_else(|| {
        let known = ticker_exchanges().join(", ");
        IngestError::request(format!("`{}` is no exchange with a ticker; expected {known}", request.exchange))
    })?;
    if !is_plain_name(&request.venue) {
        return Err(IngestError::request(format!("`{}` cannot be a venue's name", request.venue.escape_debug())));
    }
    let folder = request.raw.join(&request.venue);
    let ledger = Ledger::open(&folder)?;
    let kept = kept(&folder, &ledger);
    let of_day = |day: i64| kept.iter().rev().find(|(moment, _)| moment.div_euclid(DAY) == day.div_euclid(DAY));
    if let Some(day) = request.day {
        let found = of_day(day).map(|(_, ticker)| ticker.clone());
        return found.ok_or_else(|| {
            let days: Vec<String> = kept.iter().map(|(moment, _)| format_date(*moment)).collect();
            let days = if days.is_empty() { "none at all".to_owned() } else { days.join(", ") };
            IngestError::request(format!(
                "no ticker of {} was kept on {}, and the past cannot be asked for; kept are {days}",
                request.exchange,
                format_date(day)
            ))
        });
    }
    match of_day(now).filter(|_| !request.refresh) {
        Some((_, ticker)) => Ok(ticker.clone()),
        None => ask(request, &ledger, (host, &path), now).map_err(|reason| {
            let hint = match kept.last() {
                Some((moment, _)) => format!("; --as-of {} takes the last one kept", format_date(*moment)),
                None => String::new(),
            };
            let hint = format!("\nhint: give the answer as a file with --ticker, or choose by bars with --bar{hint}");
            IngestError::request(format!("the ticker of {} cannot be had: {}{hint}", request.exchange, words(&reason)))
        }),
    }
}

/// The tickers of a raw folder that are as they were fetched, the oldest first, with their moments in microseconds UTC.
fn kept(folder: &Path, ledger: &Ledger) -> Vec<(i64, KeptTicker)> {
    let files = ledger.files().into_iter().filter(|file| file.path.starts_with(&format!("{FOLDER}/")));
    let whole = files.filter_map(|file| {
        let path = folder.join(&file.path);
        let is_same = digest_of(&path).is_ok_and(|(size, sha256)| size == file.size && sha256 == file.sha256);
        let moment = parse_iso(&file.fetched_at).ok().filter(|_| is_same)?;
        Some((moment, KeptTicker { file: path, url: file.url, fetched_at: file.fetched_at, was_kept: true }))
    });
    let mut kept: Vec<(i64, KeptTicker)> = whole.collect();
    kept.sort_by(|a, b| (a.0, &a.1.file).cmp(&(b.0, &b.1.file)));
    kept
}

/// Asks the exchange, and keeps what is a ticker.
fn ask(
    request: &TickerRequest,
    ledger: &Ledger,
    (host, path): (&'static str, &str),
    now: i64,
) -> Result<KeptTicker, FetchError> {
    let hosts = Hosts::new(request.mirror.as_deref(), &request.urls)?;
    let host = hosts.get(host);
    let never = Arc::new(AtomicBool::new(false));
    let client = Client::new(&request.patience, request.proxy.as_deref(), 1, request.seed, never)?;
    let text = client.text(&format!("{}{path}", host.url), host.manners)?;
    check_ticker(&text).map_err(|reason| FetchError::Failed(format!("{}{path}: {reason}", host.origin)))?;
    let clock = format_iso(now).replace(':', "");
    let name = format!("{FOLDER}/ticker-{clock}.json");
    let file = request.raw.join(&request.venue).join(&name);
    let folder = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(IngestError::io("create", folder))?;
    let aside = beside(&file, ".part");
    fs::write(&aside, text).map_err(IngestError::io("write", &aside))?;
    fs::rename(&aside, &file).map_err(IngestError::io("write", &file))?;
    let (size, sha256) = digest_of(&file)?;
    let (url, fetched_at) = (format!("{}{path}", host.origin), stamp(now));
    ledger.fetched(Fetched {
        path: name,
        url: url.clone(),
        size,
        sha256,
        is_verified: false,
        etag: String::new(),
        last_modified: String::new(),
        fetched_at: fetched_at.clone(),
        from: now - DAY,
        until: now,
    })?;
    Ok(KeptTicker { file, url, fetched_at, was_kept: false })
}
