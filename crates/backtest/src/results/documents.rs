//! The JSON files and the log of a run's folder.

use crosscut_hub::InputFile;
use crosscut_model::format_iso;
use serde_json::{Map, Value, json};

use super::folder::WrittenFile;
use super::record::ENGINE_VERSION;
use super::tables::side_name;
use super::{Metric, Run, RunRecord, metrics};
use crate::outcome::{ClosedTrade, DataQuality, RunOutcome};

/// Metrics and data quality.
pub(super) const METRICS: &str = "metrics.json";
/// Circumstances, and the hashes of all other files.
pub(super) const RUN_CONTEXT: &str = "run_context.json";
/// What happened.
pub(super) const LOGS: &str = "logs.txt";
/// The page to open.
pub(super) const REPORT: &str = "report.html";
/// Version of the form of a run's folder.
const FOLDER_FORMAT: u32 = 1;

/// `{metric: {value, annualisation, note}}` in the order of the dictionary, then `data_quality`.
pub(super) fn metrics_json(metrics: &[Metric], quality: &DataQuality) -> String {
    let mut object = Map::new();
    for metric in metrics {
        object.insert(
            metric.name.clone(),
            json!({"value": metric.value, "annualisation": metric.annualisation, "note": metric.note}),
        );
    }
    object.insert("data_quality".to_owned(), data_quality(quality));
    pretty(&Value::Object(object))
}

/// Counts and notes.
fn data_quality(quality: &DataQuality) -> Value {
    json!({"counts": quality.counts, "notes": quality.notes})
}

/// Everything that may differ between two runs of one id, and what is needed to check the rest.
pub(super) fn run_context(run: &Run<'_>, files: &[WrittenFile]) -> String {
    let (record, context) = (run.record, &run.record.context);
    let mut inputs: Vec<_> = record.inputs.iter().collect();
    inputs.sort_unstable_by(|a, b| (&a.name, &a.content_hash).cmp(&(&b.name, &b.content_hash)));
    let inputs: Vec<Value> = inputs
        .into_iter()
        .map(|input| {
            let sources: Vec<Value> = input.sources.iter().map(source).collect();
            json!({"name": input.name, "content_hash": input.content_hash, "sources": sources})
        })
        .collect();
    let mut files: Vec<&WrittenFile> = files.iter().collect();
    files.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    let files: Map<String, Value> =
        files.into_iter().map(|f| (f.name.clone(), json!({"bytes": f.bytes, "blake3": f.blake3}))).collect();
    let durations: Map<String, Value> =
        context.durations.iter().map(|(stage, seconds)| (stage.clone(), json!(seconds))).collect();
    pretty(&json!({
        "format": FOLDER_FORMAT,
        "run_id": run.run_id,
        "kind": record.kind.name(),
        "strategy": record.subject.strategy,
        "engine_version": ENGINE_VERSION,
        "code_version": context.code_version,
        "started_at": format_iso(context.started_at),
        "durations_seconds": durations,
        "threads": context.threads,
        "machine": texts(&context.machine),
        "dependencies": texts(&context.dependencies),
        "settings": texts(&context.settings),
        "config": record.config,
        "factors": context.factors,
        "inputs": inputs,
        "files": files,
    }))
}

/// One file or table behind an input.
fn source(source: &InputFile) -> Value {
    let mut object = json!({"file": source.file, "hash": source.sha256, "rows": source.rows});
    // Tables of instruments and of factors do not record the times of what they were made from.
    if (source.first, source.last) != (0, 0) {
        object["first"] = json!(format_iso(source.first));
        object["last"] = json!(format_iso(source.last));
    }
    if let Some(venue) = &source.venue {
        object["url"] = json!(venue.url);
        object["last_modified"] = json!(venue.last_modified);
    }
    object
}

/// Pairs of texts as an object in their order.
fn texts(pairs: &[(String, String)]) -> Value {
    Value::Object(pairs.iter().map(|(name, value)| (name.clone(), json!(value))).collect())
}

/// The log: first by the wall clock, as told by the caller, then the engine's remarks in simulated time.
pub(super) fn logs(record: &RunRecord, outcome: &RunOutcome) -> String {
    let context = &record.context;
    let mut out = format!(
        "{} started, code version {}, {} threads\n",
        format_iso(context.started_at),
        context.code_version,
        context.threads
    );
    for line in &context.log {
        out.push_str(line);
        out.push('\n');
    }
    for (stage, seconds) in &context.durations {
        out.push_str(&format!("{stage}: {seconds:.3} s\n"));
    }
    out.push_str("\nIn simulated time:\n");
    for line in &outcome.log {
        out.push_str(&format!("{} {}: {}\n", format_iso(line.timestamp), line.level.name(), line.text));
    }
    out
}

/// The closed trades, one object per line of an array, in order of closing.
pub(super) fn trade_log(outcome: &RunOutcome) -> String {
    let mut out = String::from("[");
    for (idx, trade) in outcome.trades.iter().enumerate() {
        out.push_str(if idx == 0 { "\n" } else { ",\n" });
        out.push_str(&trade_json(outcome, trade).to_string());
    }
    out.push_str("\n]\n");
    out
}

/// One closed trade.
fn trade_json(outcome: &RunOutcome, trade: &ClosedTrade) -> Value {
    json!({
        "symbol": outcome.symbols[trade.symbol_idx as usize],
        "side": side_name(trade.side),
        "opened_at": format_iso(trade.opened_at),
        "closed_at": format_iso(trade.closed_at),
        "quantity": trade.quantity,
        "entry_price": trade.entry_price,
        "exit_price": trade.exit_price,
        "pnl": trade.pnl,
        "commission": trade.commission,
        "return": trade.return_,
        "n_bars": trade.n_bars,
        "mae": trade.mae,
        "mfe": trade.mfe,
    })
}

/// The run in one page of JSON: what, on what, when, at what cost, with what result. Values only; how each metric is
/// defined stands in `metrics.json`.
pub(super) fn backtest_summary(run: &Run<'_>) -> String {
    let (subject, outcome) = (&run.record.subject, run.outcome);
    let time = |at: Option<&i64>| at.map(|&at| format_iso(at));
    let value = |name: &str| metrics::value(&run.metrics, name);
    let metrics: Map<String, Value> = run.metrics.iter().map(|m| (m.name.clone(), json!(m.value))).collect();
    pretty(&json!({
        "run_id": run.run_id,
        "strategy": subject.strategy,
        "factor": subject.factor,
        "universe": subject.universe,
        "benchmark": subject.benchmark,
        "period": {
            "first_bar": time(outcome.timeline.first()),
            "last_bar": time(outcome.timeline.last()),
            "n_bars": outcome.timeline.len(),
            "periods_per_year": outcome.annualisation.periods_per_year,
            "basis": outcome.annualisation.basis,
        },
        "costs": {"model": subject.costs, "commission": value("commission"), "slippage": value("slippage")},
        "capital": subject.capital,
        "final_equity": value("final_equity"),
        "metrics": metrics,
        "counts": {
            "symbols": outcome.symbols.len(),
            "rebalances": outcome.n_rebalances,
            "orders": outcome.orders.len(),
            "fills": outcome.orders.iter().filter(|order| order.fill.is_some()).count(),
            "closed_trades": outcome.trades.len(),
        },
        "data_quality": data_quality(&outcome.data_quality),
        "config": run.record.config,
    }))
}

/// Indented JSON with a line feed at its end.
fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}
