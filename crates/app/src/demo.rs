//! `demo`: the whole loop on a generated market, by the use cases a user would call, each shown as its command line.
//!
//! Running it again finds everything done and says so.

use std::fs;
use std::path::{Path, PathBuf};

use crate::backtest::RunSummary;
use crate::config::{Config, Given, Kind, Sources, keys};
use crate::data_generate::MarketRequest;
use crate::desk::Desk;
use crate::error::AppError;
use crate::events::Level;
use crate::{aggregate, backtest, data_generate, data_import, evaluate, factors};

/// The factor set of the demo.
const FACTORS: &str = include_str!("demo/factors.yaml");

/// The venue the market is imported as; its name says that it is made up.
const VENUE: &str = "synthetic";

/// What the demo did.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct DemoSummary {
    /// The folder of everything.
    pub folder: PathBuf,
    /// The command lines a user would type for the same.
    pub commands: Vec<String>,
    /// Number of symbols.
    pub n_symbols: usize,
    /// Number of trades.
    pub n_trades: u64,
    /// Number of bars.
    pub n_bars: u64,
    /// The backtest.
    pub run: RunSummary,
    /// The report about the factors.
    pub evaluation: PathBuf,
}

/// One demo in progress.
struct Demo<'a> {
    /// The caller's surroundings.
    desk: &'a Desk<'a>,
    /// The folder of everything.
    folder: &'a Path,
    /// Command lines so far.
    commands: Vec<String>,
}

/// Runs the demo in `folder`.
///
/// # Errors
/// Files that cannot be written, and whatever a step reports.
pub fn run(desk: &Desk<'_>, folder: &Path) -> Result<DemoSummary, AppError> {
    let mut demo = Demo { desk, folder, commands: Vec::new() };
    let (raw, set_file) = (folder.join("raw"), folder.join("factors.yaml"));
    fs::create_dir_all(folder).map_err(|error| AppError::io("make the folder", folder, &error))?;
    fs::write(&set_file, FACTORS).map_err(|error| AppError::io("write", &set_file, &error))?;

    demo.say(&format!("crosscut data generate --dir {}", raw.display()));
    let market = data_generate::run(&MarketRequest::default(), &raw)?;
    demo.tell(&format!("{} made-up symbols, {} trades", market.symbols.len(), market.n_trades));

    let step = demo.step("data import", &[("venue", VENUE)], &raw.display().to_string())?;
    let imported = data_import::run(&step, std::slice::from_ref(&raw))?;
    if let Some(refusal) = imported.refusals.first() {
        return Err(AppError::new(refusal.to_string()));
    }
    let n_rows: u64 = imported.tables.iter().map(|table| table.added).sum();
    demo.tell(&format!("{} files read and checked, {n_rows} new rows", imported.files.len()));

    let step = demo.step("aggregate", &[("venue", VENUE), ("aggregate.bar", "1h")], "")?;
    let bars = aggregate::run(&step, &[])?;
    if let Some((symbol, failure)) = bars.failures.first() {
        return Err(AppError::new(format!("{symbol}: {failure}")));
    }
    let n_bars = bars.symbols.iter().map(|symbol| symbol.bars).sum();
    demo.tell(&format!("{n_bars} one-hour bars"));

    let step = demo.step("factors run", &[], &format!("--config {}", set_file.display()))?;
    let sets = factors::run(&step, std::slice::from_ref(&set_file))?;
    demo.tell(&format!("{} factors", sets.iter().map(|set| set.columns.len()).sum::<usize>()));

    let step = demo.step("backtest", &BACKTEST, "")?;
    let run = backtest::run(&step)?;

    let out = folder.join("results").join("evaluation").display().to_string();
    let mut options = EVALUATION.to_vec();
    options.push(("evaluate.out", &out));
    let step = demo.step("evaluate", &options, "")?;
    let evaluation = evaluate::run(&step)?;
    demo.tell(&format!("{} factors judged: {}", evaluation.factors.len(), evaluation.report.display()));
    let evaluation = evaluation.report;
    let (folder, n_symbols) = (folder.to_owned(), market.symbols.len());
    Ok(DemoSummary { folder, commands: demo.commands, n_symbols, n_trades: market.n_trades, n_bars, run, evaluation })
}

/// The settings of the demo's backtest.
const BACKTEST: [(&str, &str); 7] = [
    ("venue", VENUE),
    ("backtest.factor_set", "demo__v1"),
    ("backtest.strategy", "long_short"),
    ("backtest.params", "factor=return_168"),
    ("backtest.params", "long_count=5"),
    ("backtest.params", "short_count=5"),
    ("backtest.rebalance", "W-MON"),
];

/// The settings of the demo's evaluation.
const EVALUATION: [(&str, &str); 4] = [
    ("venue", VENUE),
    ("evaluate.factor_set", "demo__v1"),
    ("evaluate.factor", "return_24,return_72,return_168,reversal_5"),
    ("evaluate.horizons", "1,24h,5d"),
];

impl<'a> Demo<'a> {
    /// Shows a command line.
    fn say(&mut self, line: &str) {
        self.desk.events.message(Level::Info, &format!("$ {line}"));
        self.commands.push(line.to_owned());
    }

    /// Shows what came of it.
    fn tell(&self, text: &str) {
        self.desk.events.message(Level::Info, &format!("  {text}"));
    }

    /// Shows a command with its options and makes the surroundings in which that command would run.
    fn step(&mut self, command: &str, options: &[(&'static str, &str)], rest: &str) -> Result<Desk<'a>, AppError> {
        let (hub, results) = (self.folder.join("hub"), self.folder.join("results"));
        let (hub, results) = (hub.display().to_string(), results.display().to_string());
        let mut all = vec![("hub", hub.as_str())];
        if command == "backtest" {
            all.push(("results", results.as_str()));
        }
        all.extend(options);
        let mut line = format!("crosscut {command}");
        for (path, value) in &all {
            let key = keys::find(path).expect("the demo's options are in the table");
            debug_assert!(key.kind != Kind::Flag, "a flag would be written without its value");
            line.push_str(&format!(" --{} {value}", key.flag));
        }
        if !rest.is_empty() {
            line.push_str(&format!(" {rest}"));
        }
        self.say(&line);
        let flags = all.into_iter().map(|(path, value)| Given { path, text: value.to_owned() }).collect();
        let config = Config::resolve(&Sources { flags, ..Sources::default() })?;
        let desk = self.desk;
        Ok(Desk {
            config,
            events: desk.events,
            clock: desk.clock,
            machine: desk.machine.clone(),
            threads: desk.threads,
        })
    }
}
