//! Where the equity of two runs parts, and the first decision and order that differ.

use std::collections::BTreeMap;
use std::path::Path;

use crosscut_model::format_iso;
use serde::Serialize;

use super::error::ResultsError;
use super::explain::{CurveRow, read_curve};
use super::presets::{NamedTrade, named_trades};
use super::rows::Rows;
use super::stored::StoredRun;

/// Trades told at most of each kind.
const TRADES_TOLD: usize = 10;

/// Where two runs part.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Divergence {
    /// Bars that both runs have.
    pub n_common_bars: usize,
    /// Bars of the first run alone.
    pub only_a: usize,
    /// Bars of the second run alone.
    pub only_b: usize,
    /// The first bar with different equity; `None` when there is none.
    pub bar: Option<String>,
    /// Equity of the first run there.
    pub a: Option<f64>,
    /// Equity of the second run there.
    pub b: Option<f64>,
    /// Largest difference `b - a` of equity on a common bar, without sign.
    pub largest: Option<f64>,
    /// The first row of each kind that differs, in order of time, and what that means.
    pub reasons: Vec<String>,
}

/// Closed trades of two runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TradePairs {
    /// Closed trades of the first run.
    pub n_a: usize,
    /// Closed trades of the second run.
    pub n_b: usize,
    /// Trades of the same symbol, opened and closed in the same bars, in both.
    pub n_common: usize,
    /// Of those, how many made the same profit.
    pub n_same_profit: usize,
    /// The first trades of the first run alone.
    pub only_a: Vec<NamedTrade>,
    /// The first trades of the second run alone.
    pub only_b: Vec<NamedTrade>,
}

/// Where two runs part.
pub(super) fn divergence(a: &StoredRun, b: &StoredRun) -> Result<Divergence, ResultsError> {
    let (in_a, in_b) = (read_curve(&a.folder)?, read_curve(&b.folder)?);
    let by_label: BTreeMap<i64, CurveRow> = in_b.iter().map(|row| (row.label, *row)).collect();
    let common: Vec<(CurveRow, CurveRow)> =
        in_a.iter().filter_map(|row| by_label.get(&row.label).map(|other| (*row, *other))).collect();
    let parted = common.iter().find(|(a, b)| a.equity != b.equity);
    let largest = common.iter().map(|(a, b)| (b.equity - a.equity).abs()).reduce(f64::max);
    let reasons = match parted {
        Some((row, _)) => reasons(&a.folder, &b.folder, row.label)?,
        None => Vec::new(),
    };
    Ok(Divergence {
        n_common_bars: common.len(),
        only_a: in_a.len() - common.len(),
        only_b: in_b.len() - common.len(),
        bar: parted.map(|(row, _)| format_iso(row.label)),
        a: parted.map(|(row, _)| row.equity),
        b: parted.map(|(_, row)| row.equity),
        largest,
        reasons,
    })
}

/// The first rows that differ up to a bar, the earliest first.
fn reasons(a: &Path, b: &Path, label: i64) -> Result<Vec<String>, ResultsError> {
    let decision = ["timestamp", "symbol", "rank", "score", "target_weight", "excluded_reason"];
    let order = ["timestamp", "symbol", "side", "type", "quantity", "filled_quantity", "price", "commission", "status"];
    let mut found = Vec::new();
    for (file, what, columns) in [("trade_summary.csv", "decision", &decision[..]), ("orders.csv", "order", &order[..])]
    {
        if let Some((at, text)) = first_difference((a, b), file, what, columns)?
            && at <= label
        {
            found.push((at, text));
        }
    }
    found.sort_by_key(|(at, _)| *at);
    let mut out: Vec<String> = found.into_iter().map(|(_, text)| text).collect();
    if out.is_empty() {
        out.push(
            "no decision and no order differs up to then: the prices by which positions are valued, the capital, or cash moved without a trade differ"
                .to_owned(),
        );
    }
    Ok(out)
}

/// The earliest row in which two files differ in some columns, the first of which is a time: that time, and both in words.
/// Rows of orders are in the order of decisions, so an earlier execution may stand below; the search ends where the rows
/// are no longer about the same things.
fn first_difference(
    (a, b): (&Path, &Path),
    file: &str,
    what: &str,
    columns: &[&str],
) -> Result<Option<(i64, String)>, ResultsError> {
    let (Some(mut in_a), Some(mut in_b)) = (Rows::open(a, file, columns)?, Rows::open(b, file, columns)?) else {
        return Ok(None);
    };
    let row = |rows: &Rows| (0..columns.len()).map(|at| rows.text(at).to_owned()).collect::<Vec<_>>();
    let mut earliest: Option<(i64, String)> = None;
    let mut keep = |at: i64, text: String| {
        if earliest.as_ref().is_none_or(|(known, _)| at < *known) {
            earliest = Some((at, text));
        }
    };
    loop {
        match (in_a.next()?, in_b.next()?) {
            (false, false) => break,
            (true, false) => {
                keep(in_a.time(0)?, format!("only the first run has the {what} {}", row(&in_a).join(",")));
                break;
            }
            (false, true) => {
                keep(in_b.time(0)?, format!("only the second run has the {what} {}", row(&in_b).join(",")));
                break;
            }
            (true, true) => {}
        }
        let (first, second) = (row(&in_a), row(&in_b));
        if first[..2] != second[..2] {
            let at = in_a.time(0)?.min(in_b.time(0)?);
            keep(at, format!("the first {what}s that differ: {} against {}", first.join(","), second.join(",")));
            break;
        }
        if first != second {
            keep(in_a.time(0)?, difference(what, columns, (&first, &second)));
        }
    }
    Ok(earliest)
}

/// Two rows about the same thing in words: the columns that differ.
fn difference(what: &str, columns: &[&str], (first, second): (&[String], &[String])) -> String {
    let name = |text: &String| if text.is_empty() { "none".to_owned() } else { text.clone() };
    let parts: Vec<String> = (2..columns.len())
        .filter(|&at| first[at] != second[at])
        .map(|at| format!("{} {} against {}", columns[at], name(&first[at]), name(&second[at])))
        .collect();
    format!("the first {what} that differs, {} at {}: {}", first[1], first[0], parts.join(", "))
}

/// Closed trades side by side.
pub(super) fn trade_pairs(a: &StoredRun, b: &StoredRun) -> Result<TradePairs, ResultsError> {
    let (in_a, in_b) = (named_trades(&a.folder)?, named_trades(&b.folder)?);
    let key = |trade: &NamedTrade| (trade.symbol.clone(), trade.opened.clone(), trade.closed.clone());
    let index =
        |trades: &[NamedTrade]| trades.iter().map(|trade| (key(trade), trade.profit)).collect::<BTreeMap<_, _>>();
    let (of_a, of_b) = (index(&in_a), index(&in_b));
    let alone = |trades: &[NamedTrade], other: &BTreeMap<_, f64>| {
        trades.iter().filter(|trade| !other.contains_key(&key(trade))).take(TRADES_TOLD).cloned().collect()
    };
    let common: Vec<(f64, f64)> = of_a.iter().filter_map(|(key, own)| Some((*own, *of_b.get(key)?))).collect();
    Ok(TradePairs {
        n_a: in_a.len(),
        n_b: in_b.len(),
        n_common: common.len(),
        n_same_profit: common.iter().filter(|(own, other)| own == other).count(),
        only_a: alone(&in_a, &of_b),
        only_b: alone(&in_b, &of_a),
    })
}
