//! A stored run in the words of another library: its numbers recomputed by that library's conventions.
//!
//! Libraries that look at days see equity at the last bar of each UTC day, the capital in front; closed trades are made
//! again from the fills of `orders.csv`.

use std::collections::BTreeMap;
use std::path::Path;

use crosscut_kernels::metrics::presets::{Preset, Sample, Trade};
use crosscut_model::time::{DAY, weekday};
use crosscut_model::{Fill, Side, format_iso};
use crosscut_trading::ledger::{ClosedTrade, Ledger, Split};
use serde::Serialize;

use super::StoredRun;
use super::error::ResultsError;
use super::rows::Rows;
use super::tables::side_name;

/// One number of a preset.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PresetNumber {
    /// Its name in the library.
    pub name: String,
    /// Its value; `None` when undefined.
    pub value: Option<f64>,
    /// Periods per year and why, where the value is annualised by them.
    pub annualisation: Option<String>,
    /// The formula.
    pub note: String,
}

/// A run's numbers by the conventions of a library.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PresetNumbers {
    /// The library.
    pub preset: String,
    /// What a period is: `days` or `bars`.
    pub periods: String,
    /// Its numbers in its own order.
    pub numbers: Vec<PresetNumber>,
}

/// The curve as a preset sees it.
#[derive(Debug, Default)]
struct Curve {
    /// Labels, the first of the run twice: before its first bar there is the capital.
    labels: Vec<i64>,
    /// Equity.
    equity: Vec<f64>,
    /// The benchmark's value; NaN where it has none.
    benchmark: Vec<f64>,
    /// Rows with a position, and rows in all.
    exposed: (usize, usize),
}

/// The names of all presets.
pub fn preset_names() -> Vec<&'static str> {
    Preset::ALL.iter().map(|preset| preset.name()).collect()
}

/// A run's numbers by the conventions of a library, annualised by `periods_per_year`, or by the run's calendar.
///
/// # Errors
/// An unknown library, and files that are missing or malformed.
pub fn preset_numbers(
    run: &StoredRun,
    library: &str,
    periods_per_year: Option<f64>,
) -> Result<PresetNumbers, ResultsError> {
    let preset = Preset::ALL
        .into_iter()
        .find(|preset| preset.name() == library)
        .ok_or_else(|| ResultsError::UnknownPreset { name: library.to_owned(), known: preset_names().join(", ") })?;
    let capital = run.config()["capital"].as_f64().unwrap_or(f64::NAN);
    let bars = read(&run.folder, capital)?;
    let has_weekends = bars.labels.iter().any(|&label| weekday(label) >= 5);
    let is_daily = preset.looks_at_days();
    let curve = if is_daily { of_days(&bars) } else { bars };
    let (calendar, basis) = calendar(run, &curve, has_weekends);
    let (per_year, basis) = periods_per_year.map_or((calendar, basis), |given| (given, "as given".to_owned()));
    let first = curve.labels.first().copied().unwrap_or(0);
    let days: Vec<f64> = curve.labels.iter().map(|&label| (label - first) as f64 / DAY as f64).collect();
    let trades = closed_trades(&run.folder)?;
    let has_benchmark = !curve.benchmark.is_empty() && curve.benchmark.iter().all(|value| value.is_finite());
    let exposure = (curve.exposed.1 > 0).then(|| curve.exposed.0 as f64 / curve.exposed.1 as f64);
    let sample = Sample {
        equity: &curve.equity,
        benchmark: has_benchmark.then_some(&curve.benchmark),
        days: &days,
        trades: &trades,
        exposure,
        periods_per_year: per_year,
        risk_free: 0.0,
    };
    let annualisation = format!("N = {per_year} ({basis})");
    let number = |number: crosscut_kernels::metrics::presets::Number| PresetNumber {
        name: number.name.to_owned(),
        value: number.value,
        annualisation: number.is_annualised.then(|| annualisation.clone()),
        note: number.formula.to_owned(),
    };
    Ok(PresetNumbers {
        preset: preset.name().to_owned(),
        periods: if is_daily { "days" } else { "bars" }.to_owned(),
        numbers: preset.numbers(&sample).into_iter().map(number).collect(),
    })
}

/// Periods per year of a curve and why: the run's own for its bars, those of the calendar for days.
fn calendar(run: &StoredRun, curve: &Curve, has_weekends: bool) -> (f64, String) {
    let told = run.metrics.iter().find_map(|metric| metric.annualisation.as_ref());
    let own = told.and_then(|text| text.strip_prefix("N = ")?.split(' ').next()?.parse::<f64>().ok());
    let own_basis =
        told.map_or("", |text| text.as_str()).split_once('(').map_or("", |(_, basis)| basis.trim_end_matches(')'));
    let days: f64 = if has_weekends { 365.0 } else { 252.0 };
    match own {
        Some(own) if own < days || curve.exposed.1 + 1 == curve.labels.len() => (own, own_basis.to_owned()),
        _ => (days, format!("days of a {} calendar", if has_weekends { "24/7" } else { "weekday" })),
    }
}

/// Reads the curve, the capital in front.
fn read(folder: &Path, capital: f64) -> Result<Curve, ResultsError> {
    let name = "equity_curve.csv";
    let columns = ["timestamp", "equity", "gross_exposure", "benchmark"];
    let Some(mut rows) = Rows::open(folder, name, &columns)? else {
        return Err(ResultsError::malformed(&folder.join(name), "the file is missing"));
    };
    let mut curve = Curve::default();
    while rows.next()? {
        let label = rows.time(0)?;
        let (equity, gross) = (rows.number(1)?.unwrap_or(f64::NAN), rows.number(2)?.unwrap_or(0.0));
        let benchmark = rows.number(3)?.unwrap_or(f64::NAN);
        if curve.labels.is_empty() {
            curve.labels.push(label);
            curve.equity.push(if capital.is_finite() { capital } else { equity });
            curve.benchmark.push(benchmark);
        }
        curve.labels.push(label);
        curve.equity.push(equity);
        curve.benchmark.push(benchmark);
        curve.exposed.0 += usize::from(gross != 0.0);
        curve.exposed.1 += 1;
    }
    Ok(curve)
}

/// The first row, and the last row of each UTC day.
fn of_days(bars: &Curve) -> Curve {
    let mut out = Curve { exposed: bars.exposed, ..Curve::default() };
    for at in 0..bars.labels.len() {
        let day = |at: usize| bars.labels[at].div_euclid(DAY);
        let is_last = bars.labels.get(at + 1).is_none_or(|_| day(at + 1) != day(at));
        if at == 0 || is_last {
            out.labels.push(bars.labels[at]);
            out.equity.push(bars.equity[at]);
            out.benchmark.push(bars.benchmark[at]);
        }
    }
    out
}

/// A closed trade with its symbol, made again from the fills.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NamedTrade {
    /// Its symbol.
    pub symbol: String,
    /// `long` or `short`.
    pub side: String,
    /// Label of the bar of its first fill.
    pub opened: String,
    /// Label of the bar of its last fill.
    pub closed: String,
    /// Profit after costs, quote units.
    pub profit: f64,
}

/// Closed trades of a run with their symbols, in order of closing.
pub(super) fn named_trades(folder: &Path) -> Result<Vec<NamedTrade>, ResultsError> {
    let (symbols, trades) = ledger_trades(folder)?;
    let name = |trade: &ClosedTrade| NamedTrade {
        symbol: symbols[trade.symbol_idx as usize].clone(),
        side: side_name(trade.side).to_owned(),
        opened: format_iso(trade.opened_at),
        closed: format_iso(trade.closed_at),
        profit: trade.pnl,
    };
    Ok(trades.iter().map(name).collect())
}

/// Closed trades of a run as presets see them.
fn closed_trades(folder: &Path) -> Result<Vec<Trade>, ResultsError> {
    let trade = |trade: &ClosedTrade| Trade {
        profit: trade.pnl,
        return_: trade.return_,
        days: (trade.closed_at - trade.opened_at) as f64 / DAY as f64,
    };
    Ok(ledger_trades(folder)?.1.iter().map(trade).collect())
}

/// Symbols, and closed trades made again from the fills in the order in which they were executed.
fn ledger_trades(folder: &Path) -> Result<(Vec<String>, Vec<ClosedTrade>), ResultsError> {
    let columns = ["timestamp", "symbol", "side", "filled_quantity", "price", "commission", "slippage"];
    let Some(mut rows) = Rows::open(folder, "orders.csv", &columns)? else { return Ok(Default::default()) };
    let (mut known, mut symbols, mut fills) = (BTreeMap::<String, u32>::new(), Vec::new(), Vec::new());
    while rows.next()? {
        let number = |column: usize| Ok::<f64, ResultsError>(rows.number(column)?.unwrap_or(0.0));
        let (quantity, price, commission, slippage) = (number(3)?, number(4)?, number(5)?, number(6)?);
        if quantity == 0.0 {
            continue;
        }
        let filled_at = rows.time(0)?;
        let symbol_idx = *known.entry(rows.text(1).to_owned()).or_insert_with(|| {
            symbols.push(rows.text(1).to_owned());
            symbols.len() as u32 - 1
        });
        let side = if rows.text(2) == "buy" { Side::Buy } else { Side::Sell };
        fills.push((symbol_idx, side, Fill { filled_at, quantity, price, commission, slippage }));
    }
    fills.sort_by_key(|(_, _, fill)| fill.filled_at);
    let mut ledger = Ledger::new(0.0, symbols.len());
    let mut splits = splits(folder, &known)?.into_iter().peekable();
    for (symbol_idx, side, fill) in &fills {
        // A split comes before the bar in which it is booked opens.
        while let Some((symbol_idx, split)) = splits.next_if(|(_, split)| split.at <= fill.filled_at) {
            ledger.split(symbol_idx, &split, 0);
        }
        ledger.book(*symbol_idx, *side, fill, 0);
    }
    Ok((symbols, ledger.into_closed()))
}

/// The splits of a run's audit trail, in time order; none without a trail.
fn splits(folder: &Path, known: &BTreeMap<String, u32>) -> Result<Vec<(u32, Split)>, ResultsError> {
    let columns = ["timestamp", "symbol", "event", "wanted", "quantity", "price"];
    let Some(mut rows) = Rows::open(folder, "journal.csv", &columns)? else { return Ok(Vec::new()) };
    let mut splits = Vec::new();
    while rows.next()? {
        if rows.text(2) != "split" {
            continue;
        }
        let at = rows.time(0)?;
        let number = |column: usize| Ok::<f64, ResultsError>(rows.number(column)?.unwrap_or(0.0));
        let split = Split { at, ratio: number(3)?, quantity: number(4)?, price: number(5)? };
        splits.extend(known.get(rows.text(1)).map(|symbol_idx| (*symbol_idx, split)));
    }
    Ok(splits)
}
