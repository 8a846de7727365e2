//! A generated market: trades that never happened, of coins that do not exist, in files laid out as a venue publishes
//! its own, so that the whole loop can be tried without a network.
//!
//! The same configuration gives the same bytes on every machine and for any number of threads: each contract draws from
//! streams of its own, and the market's common path is drawn once before. It is not a model of any real market and
//! proves nothing about one. Start reading at [`generate`]; what the prices do is in `walk`, what is listed when in
//! `contract`.

mod archive;
mod contract;
mod perpetual;
mod random;
mod walk;

use std::path::{Path, PathBuf};

use crosscut_model::time::{DAY, format_iso, midnight};
use rayon::prelude::*;

use self::archive::{ArchiveFile, Period};
use self::contract::Contract;
use self::perpetual::MarkHour;
use self::walk::{Market, Walk};
use crate::error::IngestError;

/// Most contracts, days and trades a day that are accepted: beyond them a slip of the keyboard is likelier than a wish.
const N_SYMBOLS_MAX: usize = 1000;
/// See [`N_SYMBOLS_MAX`].
const N_DAYS_MAX: i64 = 3660;
/// See [`N_SYMBOLS_MAX`].
const TRADES_PER_DAY_MAX: f64 = 1e7;

/// What to generate.
#[derive(Debug, Clone, PartialEq)]
pub struct MarketConfig {
    /// Picks the market; every seed is another one.
    pub seed: u64,
    /// Number of contracts, 1 to 1000.
    pub n_symbols: usize,
    /// First moment, a midnight UTC, microseconds.
    pub start: i64,
    /// Length in days, 1 to 3660.
    pub n_days: i64,
    /// Trades per contract and day, roughly and on average.
    pub trades_per_day: f64,
}

impl Default for MarketConfig {
    /// The market of the demo: 24 contracts, January to March 2024, about 1.4 million trades.
    fn default() -> Self {
        Self { seed: 1, n_symbols: 24, start: midnight(2024, 1, 1), n_days: 91, trades_per_day: 600.0 }
    }
}

/// What was generated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    /// Symbols, sorted.
    pub symbols: Vec<String>,
    /// The archives, by symbol, then time. Each has a `.CHECKSUM` beside it.
    pub archives: Vec<PathBuf>,
    /// Further archives, each with a `.CHECKSUM`: mark prices by the hour, funding rates of whole months.
    pub others: Vec<PathBuf>,
    /// The table of funding rates of months that are not over; `None` when there is none.
    pub recent_funding: Option<PathBuf>,
    /// The table of instruments.
    pub instruments: PathBuf,
    /// Trades in all archives.
    pub n_trades: u64,
    /// Bytes of all files.
    pub n_bytes: u64,
    /// End of the market, exclusive, microseconds.
    pub end: i64,
}

/// Generates the market below `dir`, which is created: `data/futures/um/...` as in the venue's archive, `funding.csv` and
/// `instruments.csv`. Files of the same name are overwritten.
///
/// # Errors
/// [`IngestError::Request`] if the configuration makes no sense, [`IngestError::Io`] if a file cannot be written.
pub fn generate(config: &MarketConfig, dir: &Path) -> Result<Generated, IngestError> {
    check(config)?;
    std::fs::create_dir_all(dir).map_err(IngestError::io("create", dir))?;
    let end = config.start + config.n_days * DAY;
    let contracts = contract::contracts(config);
    let periods = archive::periods(config.start, end);
    let market = Market::new(config);
    let written: Vec<Written> = contracts
        .par_iter()
        .map(|contract| write_contract(config, &market, contract, (&periods, dir)))
        .collect::<Result<_, _>>()?;
    let (instruments, size) = archive::write_instruments(&contracts, dir)?;
    let mut generated = Generated {
        symbols: contracts.into_iter().map(|contract| contract.symbol).collect(),
        archives: Vec::new(),
        others: Vec::new(),
        recent_funding: None,
        instruments,
        n_trades: 0,
        n_bytes: size,
        end,
    };
    let mut recent = String::new();
    for part in written {
        generated.archives.extend(part.archives);
        generated.others.extend(part.others);
        recent.push_str(&part.recent_funding);
        generated.n_trades += part.n_trades;
        generated.n_bytes += part.n_bytes;
    }
    if !recent.is_empty() {
        let path = dir.join("funding.csv");
        let text = format!("{}{recent}", perpetual::RECENT_HEADER);
        std::fs::write(&path, &text).map_err(IngestError::io("write", &path))?;
        generated.n_bytes += text.len() as u64;
        generated.recent_funding = Some(path);
    }
    Ok(generated)
}

/// What was written of one contract.
#[derive(Debug, Default)]
struct Written {
    /// Its archives.
    archives: Vec<PathBuf>,
    /// Its archives of mark prices and funding.
    others: Vec<PathBuf>,
    /// Rows of funding rates that no archive holds.
    recent_funding: String,
    /// Its trades.
    n_trades: u64,
    /// Bytes of its files.
    n_bytes: u64,
}

impl Written {
    /// Notes a further archive.
    fn add(&mut self, (path, bytes): (PathBuf, u64)) {
        self.others.push(path);
        self.n_bytes += bytes;
    }
}

/// Draws and writes all trades of one contract, its mark prices and its funding; a period without rows has no file.
fn write_contract(
    config: &MarketConfig,
    market: &Market,
    contract: &Contract,
    (periods, dir): (&[Period], &Path),
) -> Result<Written, IngestError> {
    let mut written = Written::default();
    let mut walk = Walk::new(market, contract);
    for period in periods {
        let mut file = ArchiveFile::new(contract, period);
        walk.run_until(period.end, |trade| file.push(&trade));
        if file.n_rows > 0 {
            written.n_trades += file.n_rows;
            let (archive, bytes) = file.write(dir)?;
            written.archives.push(archive);
            written.n_bytes += bytes;
        }
    }
    write_perpetual(config, contract, (periods, dir), &walk.marks, &mut written)?;
    Ok(written)
}

/// Writes mark prices and funding rates of one contract.
fn write_perpetual(
    config: &MarketConfig,
    contract: &Contract,
    (periods, dir): (&[Period], &Path),
    marks: &[MarkHour],
    written: &mut Written,
) -> Result<(), IngestError> {
    let symbol = contract.symbol.as_str();
    let rates = perpetual::funding(config, contract, marks);
    let (mut mark, mut rate) = (0, 0);
    for period in periods {
        let until = mark + marks[mark..].partition_point(|hour| hour.time < period.end);
        if let Some(text) = perpetual::mark_text(&marks[mark..until]) {
            let folders = ["markPriceKlines", symbol, "1h"];
            written.add(archive::write_archive(dir, period, &folders, &format!("{symbol}-1h"), text.as_bytes())?);
        }
        mark = until;
        let until = rate + rates[rate..].partition_point(|funding| funding.due < period.end);
        if !period.is_month() {
            written.recent_funding.push_str(&perpetual::recent_text(symbol, &rates[rate..until]));
        } else if let Some(text) = perpetual::funding_text(&rates[rate..until]) {
            let (folders, stem) = (["fundingRate", symbol], format!("{symbol}-fundingRate"));
            written.add(archive::write_archive(dir, period, &folders, &stem, text.as_bytes())?);
        }
        rate = until;
    }
    Ok(())
}

/// Refuses what cannot be generated.
fn check(config: &MarketConfig) -> Result<(), IngestError> {
    let MarketConfig { n_symbols, start, n_days, trades_per_day, .. } = *config;
    let refuse = |what: String| Err(IngestError::request(format!("a generated market cannot have {what}")));
    if !(1..=N_SYMBOLS_MAX).contains(&n_symbols) {
        return refuse(format!("{n_symbols} symbols; expected 1 to {N_SYMBOLS_MAX}"));
    }
    if !(1..=N_DAYS_MAX).contains(&n_days) {
        return refuse(format!("{n_days} days; expected 1 to {N_DAYS_MAX}"));
    }
    if !(trades_per_day > 0.0 && trades_per_day <= TRADES_PER_DAY_MAX) {
        return refuse(format!("{trades_per_day} trades a day; expected more than 0 and at most {TRADES_PER_DAY_MAX}"));
    }
    let years = midnight(1990, 1, 1)..midnight(2200, 1, 1);
    if start % DAY != 0 || !years.contains(&start) {
        return refuse(format!("its start at {}; expected a midnight from 1990 to 2199", format_iso(start)));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
