//! W5: parameter sweeps: cross-sectional long-short sets over a panel, or moving-average crosses of one series.

use std::sync::{Mutex, PoisonError};

use crosscut_backtest::sweep::SetOutcome;
use crosscut_backtest::w5::{self, Closes, CrossCheck};
use crosscut_hub::{Hub, parquet_file};
use crosscut_model::time::HOUR;
use rayon::prelude::*;
use serde_json::{Map, Value, json};

use super::{BenchRequest, Stages, panel_files, take_numbers};
use crate::error::AppError;

/// Sets that the golden files hold.
const GOLDEN_SETS: usize = 40;

/// Bars of the series, in the kit's full job and in its golden one.
const BARS: (usize, usize) = (100_000, 20_000);

/// Runs the workload.
pub fn run(request: &BenchRequest) -> Result<Value, AppError> {
    match request.job.as_str() {
        "xs" => cross_section(request),
        "sma" => averages(request),
        job => Err(AppError::new(format!("--job {job}: expected xs or sma"))),
    }
}

/// As many of `all` as are asked for, evenly spaced as the kit takes them.
fn picked<T: Copy>(all: &[T], request: &BenchRequest) -> Vec<T> {
    let golden = request.is_golden().then_some(GOLDEN_SETS);
    let n = request.n.or(golden).filter(|n| *n > 0 && *n < all.len());
    let Some(n) = n else { return all.to_vec() };
    let step = if n == 1 { 0.0 } else { (all.len() - 1) as f64 / (n - 1) as f64 };
    // The last one is taken itself: the product may fall short of it by rounding.
    let place = |at: usize| if at + 1 == n { all.len() - 1 } else { (at as f64 * step) as usize };
    (0..n).map(|at| all[place(at)]).collect()
}

/// The cross-sectional job.
fn cross_section(request: &BenchRequest) -> Result<Value, AppError> {
    let mut stages = Stages::start(request.clock);
    let sets = picked(&w5::cross_sets(), request);
    let closes = closes(request)?;
    stages.mark("load");
    let scratch = tempfile::tempdir().map_err(|error| AppError::io("create", "a scratch folder".as_ref(), &error))?;
    let hub = Hub::open(scratch.path())?;
    let results: Mutex<Vec<Option<(SetOutcome, CrossCheck)>>> = Mutex::new(vec![None; sets.len()]);
    w5::run_cross(&hub, &closes, &sets, &|at, mut outcome, check| {
        // A sweep keeps a few samples of each curve, not the whole of it.
        outcome.sampled = Default::default();
        results.lock().unwrap_or_else(PoisonError::into_inner)[at] = Some((outcome, check));
    })?;
    stages.mark("sweep");
    let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    let rows: Vec<Vec<f64>> =
        results.iter().flatten().map(|(_, check)| vec![check.nav, check.sharpe, check.max_drawdown]).collect();
    let n_metrics: usize = results.iter().flatten().map(|(outcome, _)| outcome.metrics.iter().flatten().count()).sum();
    let mut line = stages.line(sets.len() as u64, "param-sets", figures(&rows));
    line.insert("job".to_owned(), json!("xs"));
    line.insert("metrics".to_owned(), json!(n_metrics));
    save(request, &rows)?;
    Ok(Value::Object(line))
}

/// The moving-average job.
fn averages(request: &BenchRequest) -> Result<Value, AppError> {
    let mut stages = Stages::start(request.clock);
    let pairs = picked(&w5::cross_pairs(), request);
    let (path, bars) = if request.is_golden() {
        (request.data.join("in_min_50000.parquet"), BARS.1)
    } else {
        (request.data.join("single").join("min_1000000.parquet"), BARS.0)
    };
    let mut table = parquet_file::read(&path, &["close"])?;
    let mut closes = take_numbers(&mut table, "close", &path)?;
    closes.truncate(request.bars.unwrap_or(bars));
    stages.mark("load");
    let equities = w5::cross_equities(&closes, &pairs, w5::COMMISSION_BPS / 10_000.0);
    stages.mark("sweep");
    let rows: Vec<Vec<f64>> = equities.into_iter().map(|equity| vec![equity]).collect();
    let mut line = stages.line(pairs.len() as u64, "combos", figures(&rows));
    line.insert("job".to_owned(), json!("sma"));
    save(request, &rows)?;
    Ok(Value::Object(line))
}

/// The check figures: sums over sets, and the first set.
fn figures(rows: &[Vec<f64>]) -> Map<String, Value> {
    let n_columns = rows.first().map_or(0, Vec::len);
    let sums: Vec<f64> = (0..n_columns).map(|column| rows.iter().map(|row| row[column]).sum()).collect();
    let mut figures = Map::new();
    figures.insert("sum".to_owned(), json!(sums));
    figures.insert("first".to_owned(), json!(rows.first()));
    figures
}

/// Writes all results to the file that was asked for.
fn save(request: &BenchRequest, rows: &[Vec<f64>]) -> Result<(), AppError> {
    let Some(path) = &request.save_check else { return Ok(()) };
    std::fs::write(path, json!(rows).to_string()).map_err(|error| AppError::io("write", path, &error))
}

/// The closes of the panel.
fn closes(request: &BenchRequest) -> Result<Closes, AppError> {
    if request.is_golden() {
        let path = request.data.join("in_close50x2000.parquet");
        let mut symbols: Vec<String> = parquet_file::schema(&path)?.into_iter().map(|(name, _)| name).collect();
        symbols.sort();
        let names: Vec<&str> = symbols.iter().map(String::as_str).collect();
        let mut table = parquet_file::read(&path, &names)?;
        let closes = names.iter().map(|name| take_numbers(&mut table, name, &path)).collect::<Result<Vec<_>, _>>()?;
        let n_rows = closes.first().map_or(0, Vec::len) as i64;
        return Ok(Closes { symbols, timeline: (0..n_rows).map(|row| row * HOUR).collect(), closes });
    }
    let files = panel_files(request)?;
    let read = |(symbol, path): &(String, std::path::PathBuf)| {
        let mut table = parquet_file::read(path, &["start_time", "close"])?;
        let timeline = table.take_i64("start_time").unwrap_or_default();
        Ok::<_, AppError>((symbol.clone(), timeline, take_numbers(&mut table, "close", path)?))
    };
    let read: Vec<_> = files.par_iter().map(read).collect::<Vec<_>>().into_iter().collect::<Result<_, _>>()?;
    let mut closes = Closes::default();
    for (symbol, timeline, close) in read {
        if closes.timeline.is_empty() {
            closes.timeline = timeline;
        } else if closes.timeline != timeline {
            return Err(AppError::new(format!(
                "{symbol}: its hours are not those of the first symbol; W5 has no gaps"
            )));
        }
        closes.symbols.push(symbol);
        closes.closes.push(close);
    }
    Ok(closes)
}
