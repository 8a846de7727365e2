//! `data generate`: a made-up market as archive files.

use std::path::{Path, PathBuf};

use crosscut_ingest::synthetic::{self, MarketConfig};
use crosscut_model::{format_iso, parse_iso};

use crate::error::AppError;

/// What the market should be like; `None` is the default of the demo.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MarketRequest {
    /// Number of symbols.
    pub n_symbols: Option<usize>,
    /// First day, UTC.
    pub start: Option<String>,
    /// Number of days.
    pub n_days: Option<i64>,
    /// Trades per symbol and day, roughly.
    pub trades_per_day: Option<f64>,
    /// Picks the market.
    pub seed: Option<u64>,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Market {
    /// The folder.
    pub folder: PathBuf,
    /// Symbols, sorted.
    pub symbols: Vec<String>,
    /// First day, ISO-8601.
    pub start: String,
    /// End, exclusive, ISO-8601.
    pub end: String,
    /// Number of archives, each with a checksum beside it.
    pub n_archives: usize,
    /// Trades in all archives.
    pub n_trades: u64,
    /// Bytes of all files.
    pub n_bytes: u64,
    /// The table of instruments.
    pub instruments: PathBuf,
}

/// Writes the market below `folder`. The same request gives the same bytes.
///
/// # Errors
/// Numbers that make no sense; files that cannot be written.
pub fn run(request: &MarketRequest, folder: &Path) -> Result<Market, AppError> {
    let default = MarketConfig::default();
    let start =
        request.start.as_deref().map(parse_iso).transpose().map_err(|e| AppError::new(format!("--start: {e}")))?;
    let config = MarketConfig {
        seed: request.seed.unwrap_or(default.seed),
        n_symbols: request.n_symbols.unwrap_or(default.n_symbols),
        start: start.unwrap_or(default.start),
        n_days: request.n_days.unwrap_or(default.n_days),
        trades_per_day: request.trades_per_day.unwrap_or(default.trades_per_day),
    };
    let generated = synthetic::generate(&config, folder)?;
    Ok(Market {
        folder: folder.to_owned(),
        symbols: generated.symbols,
        start: format_iso(config.start),
        end: format_iso(generated.end),
        n_archives: generated.archives.len(),
        n_trades: generated.n_trades,
        n_bytes: generated.n_bytes,
        instruments: generated.instruments,
    })
}
