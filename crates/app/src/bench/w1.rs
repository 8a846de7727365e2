//! W1: a ZIP of aggregated trades as the venue publishes it into Parquet: the import itself, into a hub that is made for
//! the purpose and removed (`--write DIR` keeps it), with the file's hash, every row's checks and the synced write.
//!
//! The kit's peers write Snappy without checks; ours is the table that the rest of the system reads.

use std::path::{Path, PathBuf};

use crosscut_hub::TickColumns;
use crosscut_hub::parquet_file::trade_batches;
use crosscut_ingest::import::{self, ImportRequest, Kind};
use crosscut_model::{Silent, Trades};
use serde_json::{Map, Value, json};

use super::{BenchRequest, Stages};
use crate::error::AppError;

/// Runs the workload.
pub fn run(request: &BenchRequest) -> Result<Value, AppError> {
    let golden = request.is_golden();
    let name = if golden {
        "in_GOLDUSDT-aggTrades-100000.zip".to_owned()
    } else {
        format!("ticks/{}-aggTrades-{}.zip", request.sym, request.rows)
    };
    // The golden folder may be read-only.
    let beside = if golden { std::env::temp_dir() } else { request.data.join("out") };
    std::fs::create_dir_all(&beside).map_err(|error| AppError::io("create", &beside, &error))?;
    let scratch = tempfile::Builder::new().prefix("w1_crosscut").tempdir_in(&beside);
    let scratch = scratch.map_err(|error| AppError::io("create a folder in", &beside, &error))?;
    let hub = match &request.write {
        Some(Some(folder)) => folder.as_path(),
        _ => scratch.path(),
    };
    let mut stages = Stages::start(request.clock);
    let rows = convert(request, &request.data.join(name), hub)?;
    stages.mark("import");
    let check = check(hub)?;
    stages.mark("check");
    Ok(Value::Object(stages.line(rows, "rows", check)))
}

/// Imports the file; the number of its rows.
fn convert(request: &BenchRequest, file: &Path, hub: &Path) -> Result<u64, AppError> {
    let import = ImportRequest {
        kind: Some(Kind::AggTrades),
        symbol: Some(if request.is_golden() { "GOLDUSDT".to_owned() } else { request.sym.clone() }),
        replace: true,
        ..ImportRequest::new("binance", &[file.to_owned()], request.threads)
    };
    let summary = import::run(&import, hub, &Silent)?;
    match summary.refusals.first() {
        Some(refusal) => Err(AppError::new(refusal.to_string())),
        None => Ok(summary.files.iter().map(|file| file.rows).sum()),
    }
}

/// The kit's check figure, from the tables as they were published.
fn check(hub: &Path) -> Result<Map<String, Value>, AppError> {
    let (mut sum, mut bytes) = (0.0, 0);
    let mut batch = Trades::default();
    for file in tables(&hub.join("ticks"))? {
        bytes += std::fs::metadata(&file).map_err(|error| AppError::io("read", &file, &error))?.len();
        let mut batches = trade_batches(&file, TickColumns::FOR_BARS)?;
        while batches.next_batch(&mut batch)? {
            sum += batch.price.iter().sum::<f64>();
        }
    }
    Ok(Map::from_iter([("price_sum".to_owned(), json!(sum)), ("bytes".to_owned(), json!(bytes))]))
}

/// The Parquet files under a folder, in order of name.
fn tables(folder: &Path) -> Result<Vec<PathBuf>, AppError> {
    let listed = |error: &std::io::Error| AppError::io("list", folder, error);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| listed(&error))? {
        let path = entry.map_err(|error| listed(&error))?.path();
        if path.is_dir() {
            found.extend(tables(&path)?);
        } else if path.extension().is_some_and(|ending| ending == "parquet") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
