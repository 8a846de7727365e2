//! `data ...`: what is brought in, checked, looked at and given out.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::options::{DownloadSection, ImportSection, RawSection, Settings, VenueSection};

/// `data ...`
#[derive(Debug, Subcommand)]
pub enum DataCommand {
    /// Bring files of an exchange into the hub: trades, aggregated trades, klines, bars
    Import(ImportArgs),
    /// Fetch an exchange's history: archives and interfaces, checked, resumed, converted into the hub
    Download(DownloadArgs),
    /// Where market data can come from, and who is asked first
    Providers,
    /// Bars of some symbols from whoever has them: the hub, then the providers in their order
    Query(QueryArgs),
    /// What is wrong with the data: raw files, what was made from replaced ones, gaps, outages, outliers, bars against trades
    Verify(VerifyDataArgs),
    /// Write a made-up market as archive files, for trying things out
    Generate(GenerateArgs),
    /// Serve a folder of archives on this machine as a venue would, for trying downloads out
    Serve(ServeArgs),
    /// Write bars of the hub in the form of another program: csv, parquet, qlib, lean, zipline-csv, freqtrade, freqtrade-json
    Export(ExportArgs),
    /// The tables in the hub
    List(Settings<VenueSection>),
    /// What is known of one symbol's tables, or the rows of its bars
    Info(InfoArgs),
}

/// Options of `data import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Those that are settings.
    #[command(flatten)]
    pub settings: Settings<ImportSection>,
    /// Files, or folders whose files are all meant
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
}

/// Options of `data download`.
#[derive(Debug, Args)]
pub struct DownloadArgs {
    /// Those that are settings.
    #[command(flatten)]
    pub settings: Settings<DownloadSection>,
    /// Only tell which files would be fetched
    #[arg(long)]
    pub dry_run: bool,
}

/// Options of `data query`.
#[derive(Debug, Args)]
pub struct QueryArgs {
    /// Those that are settings.
    #[command(flatten)]
    pub settings: Settings<DownloadSection>,
    /// Length of the bars
    #[arg(long, value_name = "BAR")]
    pub timeframe: String,
    /// Rows to print, from the end
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub rows: usize,
    /// Write all rows to this file instead: .parquet or .csv
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Options of `data serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Folder to serve
    #[arg(long, value_name = "DIR", default_value = "raw")]
    pub dir: PathBuf,
    /// Port; 0 takes a free one
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub port: u16,
    /// Misbehave by this seed: broken answers, wrong checksums, stalls, too many requests
    #[arg(long, value_name = "SEED")]
    pub faults: Option<u64>,
    /// Bytes a second on each connection; 0 sends as fast as it can
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub rate: u64,
}

/// Options of `data export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// Those that are settings.
    #[command(flatten)]
    pub settings: Settings<VenueSection>,
    /// csv, parquet, qlib, lean, zipline-csv, freqtrade or freqtrade-json
    #[arg(long, value_name = "WORD", default_value = "csv")]
    pub format: String,
    /// The bars, such as 1d
    #[arg(long, value_name = "BAR", default_value = "1d")]
    pub bar: String,
    /// Folder to write into
    #[arg(long, value_name = "DIR", default_value = "export")]
    pub dir: PathBuf,
    /// Only these symbols
    #[arg(value_name = "SYMBOL")]
    pub symbols: Vec<String>,
}

/// Options of `data verify`.
#[derive(Debug, Args)]
pub struct VerifyDataArgs {
    /// Those that are settings.
    #[command(flatten)]
    pub settings: Settings<RawSection>,
    /// Only these symbols
    #[arg(value_name = "SYMBOL")]
    pub symbols: Vec<String>,
    /// Accept all that is found: from now on it is known and no problem
    #[arg(long)]
    pub accept: bool,
    /// Do not hash the files anew
    #[arg(long)]
    pub quick: bool,
}

/// Options of `data generate`.
#[derive(Debug, Args)]
pub struct GenerateArgs {
    /// Folder for the files
    #[arg(long, value_name = "DIR", default_value = "raw")]
    pub dir: PathBuf,
    /// Number of symbols
    #[arg(long, value_name = "N")]
    pub symbols: Option<usize>,
    /// First day, UTC
    #[arg(long, value_name = "DATE")]
    pub start: Option<String>,
    /// Number of days
    #[arg(long, value_name = "N")]
    pub days: Option<i64>,
    /// Trades per symbol and day, roughly
    #[arg(long, value_name = "N")]
    pub trades_per_day: Option<f64>,
    /// Seed of the made-up prices
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
}

/// Options of `data info`.
#[derive(Debug, Args)]
pub struct InfoArgs {
    /// Those that are settings.
    #[command(flatten)]
    pub settings: Settings<RawSection>,
    /// The symbol
    #[arg(value_name = "SYMBOL")]
    pub symbol: String,
    /// Show the last rows of these bars
    #[arg(long, value_name = "BAR")]
    pub bar: Option<String>,
    /// Rows to print, from the end
    #[arg(long, value_name = "N", default_value_t = 5, requires = "bar")]
    pub rows: usize,
    /// Write all rows to this file instead: .parquet or .csv
    #[arg(long, value_name = "FILE", requires = "bar")]
    pub out: Option<PathBuf>,
}
