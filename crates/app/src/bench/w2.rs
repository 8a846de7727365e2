//! W2: ticks of one file into time, volume or dollar bars. Decoding and building overlap on two threads; the file is
//! never in memory as a whole.
//!
//! Volume and dollar bars restart at zero after each bar, and the last, unfinished one is dropped: the kit's peers
//! keep it, so their `bars` is larger by one and their sums by that bar's.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use crosscut_bars::{BarBuilder, SideRule};
use crosscut_hub::TickColumns;
use crosscut_hub::parquet_file::{TradeBatches, trade_batches};
use crosscut_model::{BarSpec, Bars, Trades};
use serde_json::{Map, Value, json};

use super::{BenchRequest, Stages};
use crate::error::AppError;

/// Batches decoded ahead of the builder.
const AHEAD: usize = 3;

/// Runs the workload.
pub fn run(request: &BenchRequest) -> Result<Value, AppError> {
    let mut stages = Stages::start(request.clock);
    let builder = BarBuilder::new(spec(request)?, SideRule::Venue).map_err(|error| AppError::new(error.to_string()))?;
    let batches = trade_batches(&file(request), TickColumns::FOR_BARS)?;
    let (bars, n_ticks) = build(batches, builder, request.head)?;
    stages.mark("load+compute");
    Ok(Value::Object(stages.line(n_ticks, "ticks", check(&bars))))
}

/// The bars asked for; thresholds default to the kit's.
fn spec(request: &BenchRequest) -> Result<BarSpec, AppError> {
    let golden = request.is_golden();
    let text = match (request.kind.as_str(), request.thr) {
        ("time", None) => "1h".to_owned(),
        ("time", Some(millis)) => format!("{}s", millis / 1000.0),
        ("volume", thr) => format!("volume-{}", thr.unwrap_or(if golden { 20.0 } else { 300.0 })),
        ("dollar", thr) => format!("dollar-{}", thr.unwrap_or(if golden { 840_000.0 } else { 12_600_000.0 })),
        (kind, _) => return Err(AppError::new(format!("--kind {kind}: expected time, volume or dollar"))),
    };
    text.parse().map_err(|error| AppError::new(format!("--thr: {error}")))
}

/// The tick file.
fn file(request: &BenchRequest) -> PathBuf {
    request.data.join("ticks").join(format!("{}-aggTrades-{}.parquet", request.sym, request.rows))
}

/// Builds bars of all batches, or of the first `head` ticks; returns them and the number of ticks.
fn build(mut batches: TradeBatches, mut builder: BarBuilder, head: Option<u64>) -> Result<(Bars, u64), AppError> {
    let (full, to_build) = sync_channel::<Result<Trades, AppError>>(AHEAD);
    let (used, to_fill) = sync_channel::<Trades>(AHEAD + 2);
    std::thread::scope(|scope| {
        scope.spawn(move || decode(&mut batches, &full, &to_fill));
        let mut bars = Bars::default();
        let mut n_ticks = 0;
        for batch in &to_build {
            let mut batch = batch?;
            if let Some(head) = head {
                keep_first(&mut batch, head - n_ticks);
            }
            n_ticks += batch.len() as u64;
            builder.push(&batch, &mut bars);
            if head == Some(n_ticks) {
                break;
            }
            // The decoder may have finished and dropped its end.
            let _ = used.send(batch);
        }
        drop(to_build);
        builder.finish(Some(i64::MAX), &mut bars);
        Ok((bars, n_ticks))
    })
}

/// Sends every batch, in buffers that come back from the builder, until the end or until nobody listens.
fn decode(batches: &mut TradeBatches, full: &SyncSender<Result<Trades, AppError>>, empty: &Receiver<Trades>) {
    loop {
        let mut batch = empty.try_recv().unwrap_or_default();
        let message = match batches.next_batch(&mut batch) {
            Ok(true) => Ok(batch),
            Ok(false) => return,
            Err(error) => Err(error.into()),
        };
        if full.send(message).is_err() {
            return;
        }
    }
}

/// Cuts a batch to its first `rows` rows.
fn keep_first(batch: &mut Trades, rows: u64) {
    let rows = usize::try_from(rows).unwrap_or(usize::MAX);
    if rows < batch.len() {
        let mut first = Trades::default();
        first.extend_from(batch, 0..rows);
        *batch = first;
    }
}

/// The kit's check figures: the number of bars and sums of some columns.
fn check(bars: &Bars) -> Map<String, Value> {
    let mut check = Map::new();
    check.insert("bars".to_owned(), json!(bars.len()));
    for (name, column) in [
        ("open", &bars.open),
        ("close", &bars.close),
        ("volume", &bars.volume),
        ("buy_volume", &bars.buy_volume),
        ("tick_count", &bars.tick_count),
        ("up_move_ratio", &bars.up_move_ratio),
        ("medium_price", &bars.medium_price),
        ("reversals", &bars.reversals),
    ] {
        check.insert(name.to_owned(), json!(column.iter().sum::<f64>()));
    }
    check
}
