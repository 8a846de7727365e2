//! `crosscut bench`: the benchmark kit's workloads on our side, with the kit's options, defaults and check figures.
//!
//! Each workload reads the kit's own files (its data folder, or its golden folder), and answers with one JSON object
//! shaped like the line a peer prints: stages in seconds, items, check figures. The times are of this process from the
//! moment the workload starts; the kit's runner adds the whole process. Nothing is published.

mod totals;
mod w1;
mod w2;
mod w3;
mod w3b;
mod w4;
mod w5;
mod w6;
mod w7;

use std::path::{Path, PathBuf};
use std::str::FromStr;

use crosscut_formula::{FactorSpec, Program};
use crosscut_model::Table;
use serde_json::{Map, Value, json};
use totals::Totals;

use crate::desk::VERSION;
use crate::error::AppError;

/// Which workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Workload {
    /// A trade archive to Parquet.
    W1,
    /// Ticks to bars.
    W2,
    /// 80 features per symbol over the hourly panel.
    W3,
    /// Formulaic alphas over the daily equity panel.
    W3b,
    /// Cross-sectional long-short backtest.
    W4,
    /// Parameter sweeps.
    W5,
    /// One symbol through the event path.
    W6,
    /// Factor evaluation.
    W7,
}

impl FromStr for Workload {
    type Err = AppError;

    fn from_str(text: &str) -> Result<Self, AppError> {
        match text.to_uppercase().as_str() {
            "W1" => Ok(Self::W1),
            "W2" => Ok(Self::W2),
            "W3" => Ok(Self::W3),
            "W3B" => Ok(Self::W3b),
            "W4" => Ok(Self::W4),
            "W5" => Ok(Self::W5),
            "W6" => Ok(Self::W6),
            "W7" => Ok(Self::W7),
            _ => Err(AppError::new(format!("`{text}` is not a workload; expected W1, W2, W3, W3b, W4, W5, W6 or W7"))),
        }
    }
}

/// What a benchmark is given; fields that a workload does not use are ignored.
#[derive(Debug, Clone)]
pub struct BenchRequest {
    /// The workload.
    pub workload: Workload,
    /// The kit's data folder, or its golden folder (the one that holds `golden.json`).
    pub data: PathBuf,
    /// W2: `time`, `volume` or `dollar`.
    pub kind: String,
    /// W2: bar threshold; `None` takes the kit's for the kind.
    pub thr: Option<f64>,
    /// W1, W2: rows in the name of the tick file.
    pub rows: u64,
    /// W1, W2: symbol in the name of the tick file.
    pub sym: String,
    /// W2: only the first so many ticks.
    pub head: Option<u64>,
    /// W3, W4, W5, W7: folder of the panel.
    pub panel: String,
    /// W3, W3b, W4, W7: only the first so many symbols.
    pub symbols: Option<usize>,
    /// W1: keep the hub in a folder; W3, W3b: write one table per symbol into it, where the inner `None` is the kit's under `out/` of the data folder.
    pub write: Option<Option<PathBuf>>,
    /// W3b: `alphas20`, `alpha101` or `alpha158`; W4 with `n`: `long_short`, `momentum`, `top_k` or `threshold`; W5: `xs` or `sma`; W6: `bars` or `ticks`; W7: `equity` or `hourly`.
    pub job: String,
    /// W3b: name of the panel's file.
    pub file: String,
    /// W3b, W7: only the last so many days.
    pub days: Option<usize>,
    /// W3, W3b, W7: write the check figures to this file, as the kit does; W5: the figures of every set.
    pub save_check: Option<PathBuf>,
    /// W4: only the first so many hours; W7: the last.
    pub hours: Option<usize>,
    /// W4: size of the universe; `None` takes the kit's.
    pub uni: Option<usize>,
    /// W4: names on each side; `None` takes the kit's.
    pub k: Option<usize>,
    /// W4: whether the replay stops at every bar instead of where something can happen; with `n`: whether each set goes through
    /// the engine.
    pub every_bar: bool,
    /// W4: a sweep of so many sets instead of one run; W5: so many sets, evenly spaced; W6: only the first so many bars or ticks; `None` takes the kit's.
    pub n: Option<usize>,
    /// W5 sma: only the first so many bars; `None` takes the kit's.
    pub bars: Option<usize>,
    /// W6 bars: whether an audit trail is kept.
    pub audit: bool,
    /// W6 ticks: whether a limit order rests and is moved now and then, which the kit does not do.
    pub orders: bool,
    /// Worker threads, at least 1.
    pub threads: usize,
    /// The wall clock, microseconds.
    pub clock: fn() -> i64,
}

impl BenchRequest {
    /// The kit's defaults.
    pub fn new(workload: Workload, data: &Path, threads: usize, clock: fn() -> i64) -> Self {
        Self {
            workload,
            data: data.to_owned(),
            kind: "time".to_owned(),
            thr: None,
            rows: 20_000_000,
            sym: "BTCUSDT".to_owned(),
            head: None,
            panel: if workload == Workload::W5 { "panel100" } else { "panel" }.to_owned(),
            symbols: None,
            write: None,
            job: match workload {
                Workload::W4 => "long_short",
                Workload::W5 => "xs",
                Workload::W6 => "bars",
                Workload::W7 => "equity",
                _ => "alphas20",
            }
            .to_owned(),
            file: "daily_3000x20.parquet".to_owned(),
            days: None,
            save_check: None,
            hours: None,
            uni: None,
            k: None,
            every_bar: false,
            n: None,
            bars: None,
            audit: false,
            orders: false,
            threads,
            clock,
        }
    }

    /// Whether the data folder is the kit's golden folder.
    fn is_golden(&self) -> bool {
        self.data.join("golden.json").is_file()
    }
}

/// Runs a workload and returns its line.
///
/// # Errors
/// When the kit's files are not there or cannot be read, or an option makes no sense.
pub fn run(request: &BenchRequest) -> Result<Value, AppError> {
    if !request.data.is_dir() {
        return Err(AppError::new(format!("there is no folder {}", request.data.display()))
            .hint("give the benchmark kit's data folder (gen.py writes it) or its golden folder with --data"));
    }
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(request.threads.max(1))
        .build()
        .map_err(|error| AppError::new(format!("cannot start {} threads: {error}", request.threads)))?;
    pool.install(|| match request.workload {
        Workload::W1 => w1::run(request),
        Workload::W2 => w2::run(request),
        Workload::W3 => w3::run(request),
        Workload::W3b => w3b::run(request),
        Workload::W4 => w4::run(request),
        Workload::W5 => w5::run(request),
        Workload::W6 => w6::run(request),
        Workload::W7 => w7::run(request),
    })
}

/// Seconds per named stage.
struct Stages {
    /// The wall clock.
    clock: fn() -> i64,
    /// When the current stage began, microseconds.
    began: i64,
    /// Finished stages and their seconds.
    done: Map<String, Value>,
}

impl Stages {
    /// Starts the first stage.
    fn start(clock: fn() -> i64) -> Self {
        Self { clock, began: clock(), done: Map::new() }
    }

    /// Ends the current stage under a name and starts the next.
    fn mark(&mut self, name: &str) {
        let now = (self.clock)();
        self.done.insert(name.to_owned(), json!((now - self.began) as f64 / 1e6));
        self.began = now;
    }

    /// Adds a stage that was timed elsewhere, microseconds.
    fn add(&mut self, name: &str, micros: i64) {
        self.done.insert(name.to_owned(), json!(micros as f64 / 1e6));
    }

    /// The line of a workload.
    fn line(self, n_items: u64, unit: &str, check: Map<String, Value>) -> Map<String, Value> {
        let mut line = Map::new();
        line.insert("peer".to_owned(), json!("crosscut"));
        line.insert("stages".to_owned(), Value::Object(self.done));
        // The kit's runner asks for it; the processor time of the whole process is its own to measure.
        line.insert("stage_cpu".to_owned(), Value::Object(Map::new()));
        line.insert("items".to_owned(), json!(n_items));
        line.insert("unit".to_owned(), json!(unit));
        line.insert("check".to_owned(), Value::Object(check));
        line.insert("version".to_owned(), json!(VERSION));
        line
    }
}

/// A factor compiled, of the column `close`.
fn signal(formula: &str) -> Result<Program, AppError> {
    let spec = FactorSpec::new("signal", formula);
    Program::compile(&[], &[spec], &["close"], &[]).map_err(|error| AppError::new(error.to_string()))
}

/// Takes a column out of a table as numbers, whole ones included.
fn take_numbers(table: &mut Table, name: &str, path: &Path) -> Result<Vec<f64>, AppError> {
    let whole = table.take_i64(name).map(|values| values.into_iter().map(|value| value as f64).collect());
    whole
        .or_else(|| table.take_f64(name))
        .ok_or_else(|| AppError::new(format!("{}: the column `{name}` holds no numbers", path.display())))
}

/// Writes the check figures of all columns to the file that was asked for.
fn save_check(request: &BenchRequest, names: &[String], totals: &Totals) -> Result<(), AppError> {
    let Some(path) = &request.save_check else { return Ok(()) };
    let by_name = |value: &dyn Fn(usize) -> Value| -> Map<String, Value> {
        names.iter().enumerate().map(|(at, name)| (name.clone(), value(at))).collect()
    };
    let sums = by_name(&|at| json!(totals.sums[at]));
    let counts = by_name(&|at| json!(totals.counts[at]));
    let text = json!({"rows": totals.n_rows, "sum": sums, "count": counts}).to_string();
    std::fs::write(path, text).map_err(|error| AppError::io("write", path, &error))
}

/// The symbols of a panel and their files, sorted: one folder per symbol.
fn panel_files(request: &BenchRequest) -> Result<Vec<(String, PathBuf)>, AppError> {
    let folder = request.data.join(&request.panel);
    let entries = std::fs::read_dir(&folder).map_err(|error| {
        AppError::io("list", &folder, &error).hint("the kit's gen.py writes the panels; --panel names one")
    })?;
    let mut symbols = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| AppError::io("list", &folder, &error))?;
        if entry.path().is_dir() {
            symbols.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    symbols.sort();
    symbols.truncate(request.symbols.unwrap_or(usize::MAX));
    let file = |symbol: String| {
        let path = folder.join(&symbol).join(format!("{symbol}_time_bar_1h.parquet"));
        (symbol, path)
    };
    Ok(symbols.into_iter().map(file).collect())
}

#[cfg(test)]
mod tests;
