//! W6: one symbol through the full event path: bars with orders at every crossing of two averages, or trade ticks.
//!
//! Ticks are decoded batch by batch between the events, so that the file is never in memory as a whole; the time that takes
//! is told apart as `load`.

use std::cell::Cell;
use std::rc::Rc;

use crosscut_backtest::event::TradeSource;
use crosscut_backtest::{BacktestError, w6};
use crosscut_hub::TickColumns;
use crosscut_hub::parquet_file::{self, TradeBatches, trade_batches};
use crosscut_model::time::MINUTE;
use crosscut_model::{Bars, Trades};
use serde_json::{Map, Value, json};

use super::{BenchRequest, Stages, take_numbers};
use crate::error::AppError;

/// Rows the kit replays by default.
const ROWS: usize = 1_000_000;

/// Runs the workload.
pub fn run(request: &BenchRequest) -> Result<Value, AppError> {
    match request.job.as_str() {
        "bars" => bars(request),
        "ticks" => ticks(request),
        job => Err(AppError::new(format!("--job {job}: expected bars or ticks"))),
    }
}

/// The bars job.
fn bars(request: &BenchRequest) -> Result<Value, AppError> {
    let mut stages = Stages::start(request.clock);
    let path = if request.is_golden() {
        request.data.join("in_min_50000.parquet")
    } else {
        request.data.join("single").join("min_1000000.parquet")
    };
    let names = ["open", "high", "low", "close", "volume"];
    let mut table = parquet_file::read(&path, &["time", names[0], names[1], names[2], names[3], names[4]])?;
    let mut timestamp = table
        .take_i64("time")
        .ok_or_else(|| AppError::new(format!("{}: the column `time` holds no times", path.display())))?;
    timestamp.truncate(request.n.unwrap_or(ROWS));
    let mut column = |name: &str| {
        let mut values = take_numbers(&mut table, name, &path)?;
        values.truncate(timestamp.len());
        Ok::<Vec<f64>, AppError>(values)
    };
    let [open, high, low, close, volume] = names.map(&mut column);
    let bars = Bars {
        available_at: timestamp.iter().map(|time| time + MINUTE).collect(),
        open: open?,
        high: high?,
        low: low?,
        close: close?,
        volume: volume?,
        timestamp,
        ..Bars::default()
    };
    stages.mark("load");
    let check = w6::bars(&bars, request.audit)?;
    stages.mark("run");
    let mut figures = Map::new();
    figures.insert("nav".to_owned(), json!(check.nav));
    figures.insert("orders".to_owned(), json!(check.orders));
    let mut line = stages.line(bars.len() as u64, "bars", figures);
    line.insert("job".to_owned(), json!("bars"));
    line.insert("audit".to_owned(), json!(request.audit));
    line.insert("records".to_owned(), json!(check.records));
    Ok(Value::Object(line))
}

/// The ticks job.
fn ticks(request: &BenchRequest) -> Result<Value, AppError> {
    let file = request.data.join("ticks").join(format!("{}-aggTrades-{}.parquet", request.sym, request.rows));
    let batches = trade_batches(&file, TickColumns::FOR_BARS)?;
    let spent = Rc::new(Cell::new(0));
    let left = request.n.unwrap_or(ROWS);
    let source = Decoding { batches, left, clock: request.clock, spent: Rc::clone(&spent) };
    let began = (request.clock)();
    let check = w6::ticks(Box::new(source), request.orders)?;
    let all = (request.clock)() - began;
    let mut stages = Stages::start(request.clock);
    stages.add("load", spent.get());
    stages.add("run", all - spent.get());
    let mut figures = Map::new();
    figures.insert("seen".to_owned(), json!(check.seen));
    figures.insert("ema".to_owned(), json!(check.ema));
    let mut line = stages.line(check.seen, "ticks", figures);
    line.insert("job".to_owned(), json!("ticks"));
    line.insert("orders".to_owned(), json!(request.orders));
    line.insert("fills".to_owned(), json!(check.fills));
    Ok(Value::Object(line))
}

/// Trades of a file, decoded when they are asked for, and the time that takes.
struct Decoding {
    /// The file.
    batches: TradeBatches,
    /// Trades still wanted.
    left: usize,
    /// The wall clock, microseconds.
    clock: fn() -> i64,
    /// Time spent decoding, microseconds.
    spent: Rc<Cell<i64>>,
}

impl TradeSource for Decoding {
    fn next_batch(&mut self, out: &mut Trades) -> Result<bool, BacktestError> {
        let began = (self.clock)();
        let is_more = self.left > 0 && self.batches.next_batch(out)?;
        if !is_more {
            out.clear();
        } else if out.len() > self.left {
            let mut first = Trades::default();
            first.extend_from(out, 0..self.left);
            *out = first;
        }
        self.left -= out.len();
        self.spent.set(self.spent.get() + (self.clock)() - began);
        Ok(is_more)
    }
}
