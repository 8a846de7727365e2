//! W2: ticks of one file into time, volume or dollar bars. Decoding and building overlap on two threads; the file is
//! never in memory as a whole. In the golden folder the file is the venue's ZIP, read as an import reads it.
//!
//! Volume and dollar bars restart at zero after each bar, and the last, unfinished one is dropped: the kit's peers
//! keep it, so their `bars` is larger by one and their sums by that bar's.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use crosscut_bars::{BarBuilder, SideRule};
use crosscut_hub::TickColumns;
use crosscut_hub::parquet_file::{TradeBatches, trade_batches};
use crosscut_ingest::import::{Kind, read_trades};
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
    let mut fold = Fold { builder, bars: Bars::default(), n_ticks: 0, head: request.head.unwrap_or(u64::MAX) };
    if request.is_golden() {
        let file = request.data.join("in_GOLDUSDT-aggTrades-100000.zip");
        read_trades(&file, Some(Kind::AggTrades), |batch| fold.push(batch))?;
    } else {
        let file = request.data.join("ticks").join(format!("{}-aggTrades-{}.parquet", request.sym, request.rows));
        fold_ahead(trade_batches(&file, TickColumns::FOR_BARS)?, &mut fold)?;
    }
    let Fold { builder, mut bars, n_ticks, .. } = fold;
    builder.finish(Some(i64::MAX), &mut bars);
    stages.mark("load+compute");
    Ok(Value::Object(stages.line(n_ticks, "ticks", check(&bars))))
}

/// Bars in the making.
struct Fold {
    /// Folds the ticks.
    builder: BarBuilder,
    /// The bars so far.
    bars: Bars,
    /// Ticks folded so far.
    n_ticks: u64,
    /// Ticks wanted.
    head: u64,
}

impl Fold {
    /// Adds a batch, or what is wanted of it.
    fn push(&mut self, batch: &Trades) {
        let wanted = self.head - self.n_ticks;
        if batch.len() as u64 <= wanted {
            self.n_ticks += batch.len() as u64;
            self.builder.push(batch, &mut self.bars);
        } else if wanted > 0 {
            let mut first = Trades::default();
            first.extend_from(batch, 0..wanted as usize);
            self.push(&first);
        }
    }
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

/// Folds all batches, decoding them on another thread.
fn fold_ahead(mut batches: TradeBatches, fold: &mut Fold) -> Result<(), AppError> {
    let (full, to_build) = sync_channel::<Result<Trades, AppError>>(AHEAD);
    // Room for every buffer there is, so that returning one never waits for the decoder.
    let (used, to_fill) = sync_channel::<Trades>(AHEAD + 2);
    std::thread::scope(|scope| {
        scope.spawn(move || decode(&mut batches, &full, &to_fill));
        for batch in to_build {
            let batch = batch?;
            fold.push(&batch);
            if fold.n_ticks == fold.head {
                break;
            }
            // The decoder may have finished and dropped its end.
            let _ = used.send(batch);
        }
        Ok(())
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
