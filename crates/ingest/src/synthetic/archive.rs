//! Writes trades the way the venue publishes them: a ZIP per month (per day of a month that is not over), a checksum
//! file beside it, and a table of instruments.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};

use crosscut_model::time::{self, DAY, format_date, format_iso};
use sha2::{Digest as _, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::contract::{Contract, MIN_NOTIONAL};
use super::walk::Trade;
use crate::error::IngestError;

/// First line of the newer USD-M files.
const HEADER: &[u8] = b"agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker\n";

/// The stretch of time one archive file covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// `monthly` or `daily`.
    folder: &'static str,
    /// `2024-01` or `2024-04-01`.
    name: String,
    /// End, exclusive, microseconds.
    pub end: i64,
}

impl Period {
    /// Whether it is a whole month: what the archive publishes by the month only is there.
    pub fn is_month(&self) -> bool {
        self.folder == "monthly"
    }
}

/// Cuts `[start, end)`, both midnights, into months, and the days of a last month that is not over.
pub fn periods(start: i64, end: i64) -> Vec<Period> {
    let mut periods = Vec::new();
    let mut from = start;
    while from < end {
        let date = time::civil(from);
        let month_end = time::midnight(date.year, date.month + 1, 1);
        let day = format_date(from);
        let period = if month_end <= end {
            Period { folder: "monthly", name: day[..day.len() - 3].to_owned(), end: month_end }
        } else {
            Period { folder: "daily", name: day, end: from + DAY }
        };
        from = period.end;
        periods.push(period);
    }
    periods
}

/// One archive file in the making.
#[derive(Debug)]
pub struct ArchiveFile<'a> {
    /// What it holds trades of.
    contract: &'a Contract,
    /// What it covers.
    period: &'a Period,
    /// Its text so far.
    text: Vec<u8>,
    /// Rows in the text.
    pub n_rows: u64,
}

impl<'a> ArchiveFile<'a> {
    /// An empty file.
    pub fn new(contract: &'a Contract, period: &'a Period) -> Self {
        Self { contract, period, text: HEADER.to_vec(), n_rows: 0 }
    }

    /// Adds one row.
    pub fn push(&mut self, trade: &Trade) {
        self.n_rows += 1;
        let text = &mut self.text;
        push_decimal(text, trade.agg_id, 0, b',');
        push_decimal(text, trade.price_ticks, self.contract.price_decimals, b',');
        push_decimal(text, trade.lots, self.contract.quantity_decimals, b',');
        push_decimal(text, trade.first_id, 0, b',');
        push_decimal(text, trade.last_id, 0, b',');
        push_decimal(text, trade.time_ms, 0, b',');
        text.extend_from_slice(if trade.is_buyer_maker { b"true\n" } else { b"false\n" });
    }

    /// Writes `data/futures/um/<monthly|daily>/aggTrades/<symbol>/<symbol>-aggTrades-<period>.zip` and its checksum
    /// below `dir`; returns the path of the ZIP and the bytes written.
    pub fn write(self, dir: &Path) -> Result<(PathBuf, u64), IngestError> {
        let symbol = &self.contract.symbol;
        write_archive(dir, self.period, &["aggTrades", symbol], &format!("{symbol}-aggTrades"), &self.text)
    }
}

/// Writes `data/futures/um/<monthly|daily>/<folders>/<stem>-<period>.zip` and its checksum below `dir`; returns the path of
/// the ZIP and the bytes written.
pub fn write_archive(
    dir: &Path,
    period: &Period,
    folders: &[&str],
    stem: &str,
    text: &[u8],
) -> Result<(PathBuf, u64), IngestError> {
    let mut folder = dir.join("data/futures/um").join(period.folder);
    folder.extend(folders);
    std::fs::create_dir_all(&folder).map_err(IngestError::io("create", &folder))?;
    let stem = format!("{stem}-{}", period.name);
    let path = folder.join(format!("{stem}.zip"));
    let bytes = zip_one(&format!("{stem}.csv"), text).map_err(IngestError::io("compress", &path))?;
    let checksum = format!("{}  {stem}.zip\n", hex(&Sha256::digest(&bytes)));
    let checksum_path = folder.join(format!("{stem}.zip.CHECKSUM"));
    std::fs::write(&path, &bytes).map_err(IngestError::io("write", &path))?;
    std::fs::write(&checksum_path, &checksum).map_err(IngestError::io("write", &checksum_path))?;
    Ok((path, (bytes.len() + checksum.len()) as u64))
}

/// Appends `units * 10^-decimals` with all its decimals, and a separator.
fn push_decimal(text: &mut Vec<u8>, units: i64, decimals: u32, separator: u8) {
    let scale = 10_i64.pow(decimals);
    let (whole, part) = (units / scale, units % scale);
    let width = decimals as usize;
    let written = if decimals == 0 { write!(text, "{whole}") } else { write!(text, "{whole}.{part:0width$}") };
    written.expect("writing to memory cannot fail");
    text.push(separator);
}

/// A ZIP of one file, always the same bytes for the same text: the time inside is fixed.
fn zip_one(name: &str, text: &[u8]) -> std::io::Result<Vec<u8>> {
    /// Measured: half the time of the usual level 6 for half a percent more bytes.
    const LEVEL: i64 = 3;
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(LEVEL))
        .last_modified_time(zip::DateTime::default())
        .unix_permissions(0o644);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file(name, options)?;
    archive.write_all(text)?;
    Ok(archive.finish()?.into_inner())
}

/// Lower-case hexadecimal.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to memory cannot fail");
        text
    })
}

/// Writes `instruments.csv`; returns its path and size.
pub fn write_instruments(contracts: &[Contract], dir: &Path) -> Result<(PathBuf, u64), IngestError> {
    let mut text = String::from("symbol,listing_time,delisting_time,tick_size,lot_size,min_notional\n");
    for contract in contracts {
        let Contract { symbol, listed_at, delisted_at, .. } = contract;
        let delisted = delisted_at.map(format_iso).unwrap_or_default();
        let (tick, lot) = (contract.tick_size(), contract.lot_size());
        writeln!(text, "{symbol},{},{delisted},{tick},{lot},{MIN_NOTIONAL}", format_iso(*listed_at))
            .expect("writing to memory cannot fail");
    }
    let path = dir.join("instruments.csv");
    std::fs::write(&path, &text).map_err(IngestError::io("write", &path))?;
    Ok((path, text.len() as u64))
}
