//! W7: factor evaluation. `equity` is the daily panel, one file with the symbols one below the other; `hourly` the
//! hourly panel. The factor is the 20-row return of the symbol's own bars.
//!
//! Symbols are read in groups that lie side by side in the tables by time; nothing but prices and factor is kept.

use std::ops::Range as Rows;
use std::path::{Path, PathBuf};

use crosscut_evaluation::w7::{Check, Inputs, SymbolRows};
use crosscut_formula::Program;
use crosscut_hub::parquet_file;
use crosscut_model::time::{DAY, HOUR};
use crosscut_model::{Range, Table};
use rayon::prelude::*;
use serde_json::{Map, Value, json};

use super::{BenchRequest, Stages, panel_files, signal};
use crate::error::AppError;

/// The factor.
const FACTOR: &str = "close / delay(close, 20) - 1";

/// Symbols read before they are entered into the tables.
const GROUP: usize = 32;

/// Runs the workload.
pub fn run(request: &BenchRequest) -> Result<Value, AppError> {
    let mut stages = Stages::start(request.clock);
    let signal = signal(FACTOR)?;
    let inputs = match request.job.as_str() {
        "equity" => equity(request, &signal)?,
        "hourly" => hourly(request, &signal)?,
        other => return Err(AppError::new(format!("`{other}` is no job of W7; expected equity or hourly"))),
    };
    stages.mark("load+factor");
    let check = inputs.run();
    stages.mark("evaluate");
    let figures = figures(&check);
    if let Some(path) = &request.save_check {
        let mut all = Map::new();
        all.insert("rows".to_owned(), json!(check.n_rows));
        all.extend(figures.clone());
        let text = format!("{:#}\n", Value::Object(all));
        std::fs::write(path, text).map_err(|error| AppError::io("write", path, &error))?;
    }
    Ok(Value::Object(stages.line(check.n_rows, "factor-rows", figures)))
}

/// The check figures under the kit's names.
fn figures(check: &Check) -> Map<String, Value> {
    let mut out = Map::new();
    for (name, values) in [
        ("ic_mean", &check.ic_mean),
        ("ic_std", &check.ic_std),
        ("q1", &check.q1),
        ("q5", &check.q5),
        ("turnover", &check.turnover),
    ] {
        out.insert(name.to_owned(), json!(values));
    }
    out.insert("autocorr".to_owned(), json!(check.autocorr));
    out
}

/// A grid of labels at equal distances.
struct Grid {
    /// The first label.
    first: i64,
    /// Distance between labels.
    step: i64,
    /// For each label its row among those that exist, `u32::MAX` for the others.
    places: Vec<u32>,
    /// The labels that exist.
    times: Vec<i64>,
}

impl Grid {
    /// The labels of `times` at distances of `step`: all from the first to the last, or (`only_seen`) those that occur.
    fn new(times: &[i64], step: i64, only_seen: bool) -> Self {
        let (Some(&first), Some(&last)) = (times.iter().min(), times.iter().max()) else {
            return Self { first: 0, step, places: Vec::new(), times: Vec::new() };
        };
        let mut places = vec![if only_seen { u32::MAX } else { 0 }; ((last - first) / step) as usize + 1];
        times.iter().for_each(|time| places[((time - first) / step) as usize] = 0);
        let mut seen = Vec::new();
        for (at, place) in places.iter_mut().enumerate().filter(|(_, place)| **place == 0) {
            *place = seen.len() as u32;
            seen.push(first + at as i64 * step);
        }
        Self { first, step, places, times: seen }
    }

    /// The rows of some labels.
    fn rows(&self, times: &[i64]) -> Vec<u32> {
        times.iter().map(|time| self.places[((time - self.first) / self.step) as usize]).collect()
    }
}

/// The factor of a symbol's own rows.
fn factor(signal: &Program, close: &[f64]) -> Result<Vec<f64>, AppError> {
    let mut session = signal.session().ok_or_else(|| AppError::new("the factor looks across symbols"))?;
    let mut out = vec![Vec::with_capacity(close.len())];
    session.update(&[close], &mut out);
    Ok(out.pop().unwrap_or_default())
}

/// The error for a file whose columns are not what the kit writes.
fn unfit(path: &Path) -> AppError {
    AppError::new(format!("{}: the columns of times and closes are not times and numbers", path.display()))
}

/// The daily panel.
fn equity(request: &BenchRequest, signal: &Program) -> Result<Inputs, AppError> {
    let path = request.data.join("equity").join(&request.file);
    let path = if path.is_file() { path } else { request.data.join("in_equity40.parquet") };
    let ((symbols, dates), closes) = rayon::join(
        || rayon::join(|| parquet_file::text_runs(&path, "symbol"), || parquet_file::read(&path, &["date"])),
        || parquet_file::read(&path, &["close"]),
    );
    let (mut dates, mut closes) = (dates?, closes?);
    let dates = dates.take_i64("date").ok_or_else(|| unfit(&path))?;
    let closes = closes.take_f64("close").ok_or_else(|| unfit(&path))?;
    let mut symbols: Vec<Rows<usize>> = symbols?
        .into_iter()
        .scan(0, |end, (_, n)| {
            *end += n;
            Some(*end - n..*end)
        })
        .collect();
    symbols.truncate(request.symbols.unwrap_or(usize::MAX));
    let last = symbols.last().map_or(0, |rows| rows.end);
    let whole = Grid::new(&dates[..last], DAY, true);
    let n_days = request.days.unwrap_or(usize::MAX).min(whole.times.len());
    let kept = Range { start: whole.times.get(whole.times.len() - n_days).copied(), end: None };
    let grid = Grid::new(&whole.times[whole.times.len() - n_days..], DAY, true);
    let one = |rows: &Rows<usize>| -> Result<SymbolRows, AppError> {
        let within = kept.positions(&dates[rows.clone()]);
        let close = closes[rows.clone()][within.clone()].to_vec();
        let factor = factor(signal, &close)?;
        Ok(SymbolRows { rows: grid.rows(&dates[rows.clone()][within]), close, factor })
    };
    let mut inputs = Inputs::new(grid.times.clone(), symbols.len());
    fill(&mut inputs, &symbols, Range::ALL, one)?;
    Ok(inputs)
}

/// The hourly panel.
fn hourly(request: &BenchRequest, signal: &Program) -> Result<Inputs, AppError> {
    let files: Vec<(String, PathBuf)> = panel_files(request)?;
    let times = |path: &Path| -> Result<Vec<i64>, AppError> {
        let mut table = parquet_file::read(path, &["start_time"])?;
        let times = table.take_i64("start_time").ok_or_else(|| unfit(path))?;
        Ok(times.first().copied().into_iter().chain(times.last().copied()).collect())
    };
    let ends: Result<Vec<Vec<i64>>, AppError> = files.par_iter().map(|(_, path)| times(path)).collect();
    let grid = Grid::new(&ends?.concat(), HOUR, false);
    let n_hours = request.hours.unwrap_or(usize::MAX).min(grid.times.len());
    let range = Range { start: grid.times.get(grid.times.len() - n_hours).copied(), end: None };
    let one = |(_, path): &(String, PathBuf)| -> Result<SymbolRows, AppError> {
        let mut table: Table = parquet_file::read(path, &["start_time", "close"])?;
        let times = table.take_i64("start_time").ok_or_else(|| unfit(path))?;
        let close = table.take_f64("close").ok_or_else(|| unfit(path))?;
        let factor = factor(signal, &close)?;
        Ok(SymbolRows { rows: grid.rows(&times), close, factor })
    };
    let mut inputs = Inputs::new(grid.times.clone(), files.len());
    fill(&mut inputs, &files, range, one)?;
    Ok(inputs)
}

/// Enters symbols into the tables, some at a time.
fn fill<T: Sync>(
    inputs: &mut Inputs,
    sources: &[T],
    range: Range,
    read: impl Fn(&T) -> Result<SymbolRows, AppError> + Sync,
) -> Result<(), AppError> {
    for (group, sources) in sources.chunks(GROUP).enumerate() {
        let symbols: Vec<SymbolRows> = sources.par_iter().map(&read).collect::<Result<_, _>>()?;
        inputs.fill(group * GROUP, &symbols, range);
    }
    Ok(())
}
