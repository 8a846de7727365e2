//! What a run's own records say of one symbol at one time: the decision in force, its orders and fills, the cash they
//! moved, what is held, and what happened since.
//!
//! Everything here is read from the run's folder, so it stands whatever became of the hub. Times are bar labels, as in
//! all files of a run: the decision in force at a time is the last one whose bar's label is not after it. Where the links
//! lead outside the folder (bars, raw files, formulas) is the business of `crate::trace` and of `app`.

mod decision;
mod flow;

use std::path::Path;

use crosscut_model::{decode_path, format_iso, nearest};
use serde::Serialize;

use super::StoredRun;
use super::error::ResultsError;
use super::rows::Rows;

pub use decision::{Decision, Limit, Peer};
pub use flow::{CashFlow, Event, Holding, OrderStory};

/// What a run's records say of a symbol at a time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Facts {
    /// The run.
    pub run_id: String,
    /// The symbol.
    pub symbol: String,
    /// The time asked for, ISO-8601.
    pub asked: String,
    /// Label of the bar the time lies in or after.
    pub bar: String,
    /// Equity after that bar, quote units.
    pub equity: f64,
    /// Label of the bar whose close was decided on: that of the decision, or of the last order, else the bar asked for.
    #[serde(skip)]
    pub decided: i64,
    /// When the last order was decided, of runs without rankings that kept a trail; microseconds UTC.
    #[serde(skip)]
    pub ordered_at: Option<i64>,
    /// What was held of the symbol after that bar.
    pub holding: Option<Holding>,
    /// The decision in force; `None` when nothing had been decided yet.
    pub decision: Option<Decision>,
    /// Orders in the symbol that the decision led to.
    pub orders: Vec<OrderStory>,
    /// Cash before and after each bar in which they were filled.
    pub cash: Vec<CashFlow>,
    /// Earlier decisions whose orders were still working, or were filled, in the bar of the decision in force or after it.
    pub earlier: Vec<Earlier>,
    /// What happened to the symbol, and to the whole account, after the decision and up to the time asked for.
    pub since: Vec<Event>,
    /// Whether the run kept an audit trail; without one orders are matched to decisions by their times.
    pub is_audited: bool,
    /// What a reader should know.
    pub notes: Vec<String>,
}

/// An earlier decision that was still having effects.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Earlier {
    /// Label of the bar at whose close it was made.
    pub bar: String,
    /// What it made of the symbol; `None` where no ranking was recorded.
    pub decision: Option<Decision>,
    /// Its orders that were not done when the bar of the decision in force began.
    pub orders: Vec<OrderStory>,
    /// Cash before and after each bar in which they were filled.
    pub cash: Vec<CashFlow>,
}

/// Which question is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question<'a> {
    /// The symbol.
    pub symbol: &'a str,
    /// The time, microseconds UTC.
    pub at: i64,
}

/// One row of `equity_curve.csv`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct CurveRow {
    /// Label.
    pub(super) label: i64,
    /// Equity after the bar.
    pub(super) equity: f64,
    /// Cash after the bar.
    pub(super) cash: f64,
}

/// Answers a question from a run's folder.
///
/// # Errors
/// A symbol the run knows nothing of, a time before its first bar, and files that are missing or malformed.
pub fn explain(run: &StoredRun, question: Question<'_>) -> Result<Facts, ResultsError> {
    let folder = run.folder.as_path();
    let curve = read_curve(folder)?;
    let (Some(first), Some(last)) = (curve.first().map(|row| row.label), curve.last().map(|row| row.label)) else {
        return Err(ResultsError::malformed(&folder.join("equity_curve.csv"), "expected at least one row"));
    };
    if question.at < first {
        return Err(ResultsError::OutsideRun {
            run_id: run.id(),
            asked: format_iso(question.at),
            first: format_iso(first),
            last: format_iso(last),
        });
    }
    let now = curve[curve.partition_point(|row| row.label <= question.at) - 1];
    let symbols = symbols_of(run);
    let mut decision = decision::read(folder, question.symbol, now.label)?;
    let flow = flow::read(folder, question.symbol, now.label)?;
    let is_known = symbols.iter().any(|known| known == question.symbol);
    if !is_known && decision.as_ref().is_none_or(|decision| !decision.knows_symbol) && flow.is_empty() {
        let names = symbols.iter().map(String::as_str);
        return Err(ResultsError::UnknownSymbol {
            symbol: question.symbol.to_owned(),
            run_id: run.id(),
            n_symbols: symbols.len(),
            nearest: nearest(question.symbol, names).map(str::to_owned),
        });
    }
    let decided = decision.as_ref().map(|decision| decision.label).or_else(|| flow.last_decision(now.label));
    let before = match &decision {
        Some(one) => decision::read(folder, question.symbol, one.label - 1)?.map(|before| before.label),
        None => None,
    };
    let next = decision.as_ref().and_then(|one| one.next_label);
    let window = flow::Window { decided, next, before, is_ranked: decision.is_some(), now: now.label };
    let flow::Split { orders, earlier, since } = flow.split(window, is_immediate(run));
    if let Some(decision) = &mut decision {
        complete(decision, &flow, &curve);
    }
    let mut told_earlier = Vec::with_capacity(earlier.len());
    for (label, orders) in earlier {
        let mut decision = decision::read(folder, question.symbol, label)?.filter(|one| one.label == label);
        if let Some(decision) = &mut decision {
            complete(decision, &flow, &curve);
        }
        told_earlier.push(Earlier { bar: format_iso(label), decision, cash: flow::cash(&orders, &curve), orders });
    }
    Ok(Facts {
        run_id: run.id(),
        symbol: question.symbol.to_owned(),
        asked: format_iso(question.at),
        bar: format_iso(now.label),
        equity: now.equity,
        decided: decided.unwrap_or(now.label),
        ordered_at: decided.filter(|_| decision.is_none()).and_then(|decided| flow.ordered_at(decided)),
        holding: flow::holding(folder, question.symbol, now)?,
        cash: flow::cash(&orders, &curve),
        notes: notes(question, (now.label, last), decision.is_some(), &flow),
        is_audited: flow.is_audited,
        decision,
        orders,
        earlier: told_earlier,
        since,
    })
}

/// Tells a decision what other files know of it: the limits on the weight, and equity.
fn complete(decision: &mut Decision, flow: &flow::Flow, curve: &[CurveRow]) {
    decision.take_limits(flow.limits_at(decision.label));
    decision.equity = curve.iter().find(|row| row.label == decision.label).map(|row| row.equity);
}

/// What a reader of the answer should know.
fn notes(question: Question<'_>, (now, last): (i64, i64), is_ranked: bool, flow: &flow::Flow) -> Vec<String> {
    let mut notes = Vec::new();
    if question.at > now && now == last {
        notes.push(format!("the run's last bar is {}: this is how it ended", format_iso(last)));
    }
    if !flow.is_audited {
        notes.push(
            "this run kept no audit trail (journal.csv): orders are matched to the decision by their times".to_owned(),
        );
    }
    if !is_ranked && !flow.is_empty() {
        notes.push("no ranking was recorded: the strategy makes its orders itself".to_owned());
    }
    notes
}

/// The symbols of a run, by the bar tables it read, sorted.
pub(super) fn symbols_of(run: &StoredRun) -> Vec<String> {
    let symbol = |(name, _): (String, String)| {
        let file = name.strip_prefix("bars/")?.rsplit('/').next()?.to_owned();
        decode_path(file.strip_suffix(".parquet").unwrap_or(&file))
    };
    let mut symbols: Vec<String> = run.inputs().into_iter().filter_map(symbol).collect();
    symbols.sort_unstable();
    symbols.dedup();
    symbols
}

/// Whether orders of a run execute in the bar that decides them.
fn is_immediate(run: &StoredRun) -> bool {
    run.config()["execution"] == "close"
}

/// Reads the equity curve.
pub(super) fn read_curve(folder: &Path) -> Result<Vec<CurveRow>, ResultsError> {
    let name = "equity_curve.csv";
    let Some(mut rows) = Rows::open(folder, name, &["timestamp", "equity", "cash"])? else {
        return Err(ResultsError::malformed(&folder.join(name), "the file is missing"));
    };
    let mut curve = Vec::new();
    while rows.next()? {
        let value = |value: Option<f64>| value.unwrap_or(f64::NAN);
        let (equity, cash) = (value(rows.number(1)?), value(rows.number(2)?));
        curve.push(CurveRow { label: rows.time(0)?, equity, cash });
    }
    Ok(curve)
}
