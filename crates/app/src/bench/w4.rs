//! W4: the kit's cross-sectional long-short backtest over the hourly panel.
//!
//! Each symbol is read, its 20-bar return computed and its columns reduced to what the replay needs before the next
//! one is read, so that reading and signal are one stage.

use std::path::{Path, PathBuf};

use crosscut_backtest::panel::{Panel, PanelBuilder, SeriesInput, SymbolRules, Unplaced};
use crosscut_backtest::{Driving, w4};
use crosscut_formula::Program;
use crosscut_hub::{Hub, parquet_file};
use crosscut_model::time::HOUR;
use crosscut_model::{Column, Range, Table};
use rayon::prelude::*;
use serde_json::{Map, Value, json};

use super::{BenchRequest, Stages, panel_files, signal};
use crate::error::AppError;

/// What a symbol is read for.
const COLUMNS: [&str; 3] = ["start_time", "close", "dollar_volume"];

/// Runs the workload.
pub fn run(request: &BenchRequest) -> Result<Value, AppError> {
    let mut stages = Stages::start(request.clock);
    let (uni, k) = if request.is_golden() { (12, 3) } else { (50, 10) };
    let config = w4::config(request.uni.unwrap_or(uni), request.k.unwrap_or(k));
    let builder = PanelBuilder::new(&config)?;
    let signal = signal(config.factor_formula.as_deref().unwrap_or_default())?;
    let make = Series { builder: &builder, signal: &signal };
    let series = if request.is_golden() { golden(request, &make)? } else { panel(request, &make)? };
    let n_symbols = series.len() as u64;
    stages.mark("load+signal");
    let panel = w4::panel(builder, series)?;
    if let Some(n) = request.n {
        return sweep(request, panel, stages, n);
    }
    let driving = if request.every_bar { Driving::EveryBar } else { Driving::Events };
    let check = w4::run(&panel, &config, driving)?;
    stages.mark("simulate");
    let timeline = panel.timeline();
    let n_hours = timeline.last().zip(timeline.first()).map_or(0, |(last, first)| (last - first) / HOUR + 1);
    let mut figures = Map::new();
    figures.insert("nav_last".to_owned(), json!(check.nav_last));
    figures.insert("nav_mean".to_owned(), json!(check.nav_mean));
    figures.insert("trades".to_owned(), json!(check.trades));
    Ok(Value::Object(stages.line(n_hours as u64 * n_symbols, "symbol-hours", figures)))
}

/// Runs many sets of a strategy over the panel, as `crosscut sweep` does once it has loaded one.
fn sweep(request: &BenchRequest, panel: Panel, mut stages: Stages, n: usize) -> Result<Value, AppError> {
    let uni = request.uni.unwrap_or(if request.is_golden() { 12 } else { 50 });
    let sets = w4::sets(uni, &request.job, n);
    let scratch = tempfile::tempdir().map_err(|error| AppError::io("create", "a scratch folder".as_ref(), &error))?;
    let hub = Hub::open(scratch.path())?;
    stages.mark("place");
    let swept = w4::sweep(&hub, panel, &sets, !request.every_bar)?;
    stages.mark("sweep");
    let mut figures = Map::new();
    figures.insert("equity".to_owned(), json!(swept.equity));
    figures.insert("held_symbol_bars".to_owned(), json!(swept.held_bars));
    figures.insert("fills".to_owned(), json!(swept.fills));
    let mut line = stages.line(n as u64, "param-sets", figures);
    line.insert("job".to_owned(), json!(request.job));
    Ok(Value::Object(line))
}

/// Makes a symbol's series from its columns.
struct Series<'a> {
    /// Keeps what the replay needs.
    builder: &'a PanelBuilder,
    /// The ranking factor.
    signal: &'a Program,
}

impl Series<'_> {
    /// The series of a symbol's rows whose label lies in `range`.
    fn make(&self, symbol: &str, mut bars: Table, range: Range) -> Result<Unplaced, AppError> {
        let missing = || AppError::new(format!("{symbol}: start_time, close and dollar_volume are not all numbers"));
        let mut timestamps = bars.take_i64("start_time").ok_or_else(missing)?;
        let mut close = bars.take_f64("close").ok_or_else(missing)?;
        let mut dollar_volume = bars.take_f64("dollar_volume").ok_or_else(missing)?;
        let n_rows = range.positions(&timestamps).end;
        timestamps.truncate(n_rows);
        close.truncate(n_rows);
        dollar_volume.truncate(n_rows);
        let mut session = self.signal.session().ok_or_else(|| AppError::new("the signal looks across symbols"))?;
        let mut factor = vec![Vec::with_capacity(n_rows)];
        session.update(&[&close], &mut factor);
        let input = SeriesInput {
            symbol: symbol.to_owned(),
            timestamps,
            close,
            dollar_volume,
            factor: factor.pop().unwrap_or_default(),
            ..SeriesInput::default()
        };
        Ok(self.builder.series(input, SymbolRules::default())?)
    }
}

/// The series of a panel of one file per symbol.
fn panel(request: &BenchRequest, make: &Series<'_>) -> Result<Vec<Unplaced>, AppError> {
    let files = panel_files(request)?;
    let range = match request.hours {
        None => Range::ALL,
        Some(hours) => {
            let first = |path: &Path| -> Result<Option<i64>, AppError> {
                let times = parquet_file::read(path, &["start_time"])?;
                Ok(times.i64("start_time").and_then(|times| times.first().copied()))
            };
            let firsts: Result<Vec<Option<i64>>, AppError> = files.par_iter().map(|(_, path)| first(path)).collect();
            first_hours(firsts?.into_iter().flatten().min(), hours)
        }
    };
    let one = |(symbol, path): &(String, PathBuf)| make.make(symbol, parquet_file::read(path, &COLUMNS)?, range);
    files.par_iter().map(one).collect::<Vec<_>>().into_iter().collect()
}

/// The first so many hours from the first label on.
fn first_hours(first: Option<i64>, hours: usize) -> Range {
    Range { start: None, end: first.map(|first| first + hours as i64 * HOUR) }
}

/// The series of the golden panel: one file, symbols one below the other.
fn golden(request: &BenchRequest, make: &Series<'_>) -> Result<Vec<Unplaced>, AppError> {
    let path = request.data.join("in_panel20.parquet");
    let bars = parquet_file::read(&path, &["symbol", COLUMNS[0], COLUMNS[1], COLUMNS[2]])?;
    let symbols = bars.text("symbol").unwrap_or_default();
    let first = bars.i64("start_time").and_then(|times| times.iter().min().copied());
    let range = request.hours.map_or(Range::ALL, |hours| first_hours(first, hours));
    let mut series = Vec::new();
    let mut from = 0;
    for together in symbols.chunk_by(|a, b| a == b).take(request.symbols.unwrap_or(usize::MAX)) {
        let rows = from..from + together.len();
        let mut symbol = Table::default();
        symbol.push("start_time", Column::I64(bars.i64("start_time").unwrap_or_default()[rows.clone()].to_vec()));
        for name in ["close", "dollar_volume"] {
            symbol.push(name, Column::F64(bars.f64(name).unwrap_or_default()[rows.clone()].to_vec()));
        }
        series.push(make.make(&together[0], symbol, range)?);
        from = rows.end;
    }
    Ok(series)
}
