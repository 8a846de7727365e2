//! Capacity of a stored run: its return against capital when its own orders move prices by the square-root law.
//!
//! Each fill meets the market of the 30 days before it: their mean traded value and the volatility of their closes. Only
//! days before the fill's own are used. The run's own slippage stays in its profit; the impact comes on top of it.

use std::collections::BTreeMap;

use crosscut_hub::Hub;
use crosscut_kernels::metrics::capacity::{Scaled, Traded, impact};
use crosscut_kernels::metrics::{deviation, mean, returns};
use crosscut_model::time::{DAY, Range};
use crosscut_model::{BarSpec, encode_path};
use serde::Serialize;

use super::StoredRun;
use super::error::ResultsError;
use super::explain::read_curve;
use super::rows::Rows;

/// Days looked back from a fill.
const DAYS_BACK: i64 = 30;

/// Multiples of the run's capital in the table.
const SCALES: [f64; 9] = [0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0];

/// Return against capital.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Capacity {
    /// The run.
    pub run_id: String,
    /// Factor of the square-root law, near 1.
    pub coefficient: f64,
    /// The run's capital, quote units.
    pub capital: f64,
    /// The run's profit, quote units.
    pub profit: f64,
    /// Impact of its fills at its own capital, quote units; `None` when no fill has a market to meet.
    pub impact: Option<f64>,
    /// Fills with a market to meet.
    pub n_fills: usize,
    /// Fills without two days of bars before them, or without a traded value: they pay no impact here.
    pub n_without_market: usize,
    /// Capital, and the run's total return at it.
    pub returns: Vec<(f64, Option<f64>)>,
    /// Capital at which impact takes half of the profit.
    pub half_profit_at: Option<f64>,
    /// Capital at which impact takes all of it.
    pub no_profit_at: Option<f64>,
}

/// Traded value and last close by day.
type Days = BTreeMap<i64, (f64, f64)>;

/// Works out the capacity of a run.
///
/// # Errors
/// Files of the run that are missing or malformed. Symbols whose bars cannot be read have no market.
pub fn capacity(hub: &Hub, run: &StoredRun, coefficient: f64) -> Result<Capacity, ResultsError> {
    let capital = run.config()["capital"].as_f64().unwrap_or(f64::NAN);
    let profit = read_curve(&run.folder)?.last().map_or(f64::NAN, |row| row.equity) - capital;
    let (mut days, mut traded, mut n_without_market) = (BTreeMap::<String, Days>::new(), Vec::new(), 0);
    let columns = ["timestamp", "symbol", "filled_quantity", "price"];
    if let Some(mut rows) = Rows::open(&run.folder, "orders.csv", &columns)? {
        while rows.next()? {
            let (quantity, price) = (rows.number(2)?.unwrap_or(0.0), rows.number(3)?.unwrap_or(0.0));
            if quantity == 0.0 {
                continue;
            }
            let (at, symbol) = (rows.time(0)?, rows.text(1).to_owned());
            let of_symbol = days.entry(symbol.clone()).or_insert_with(|| read_days(hub, run, &symbol));
            match market(of_symbol, at.div_euclid(DAY)) {
                Some((daily_value, daily_volatility)) => {
                    traded.push(Traded { value: quantity * price, daily_value, daily_volatility });
                }
                None => n_without_market += 1,
            }
        }
    }
    let impact = if traded.is_empty() { None } else { impact(&traded, coefficient) };
    let run_scaled = impact.map(|impact| Scaled { capital, profit, impact });
    let at = |scale: f64| (scale * capital, run_scaled.and_then(|run| run.return_at(scale)));
    Ok(Capacity {
        run_id: run.id(),
        coefficient,
        capital,
        profit,
        impact,
        n_fills: traded.len(),
        n_without_market,
        returns: SCALES.into_iter().map(at).collect(),
        half_profit_at: run_scaled.and_then(|run| run.capital_where_impact_takes(0.5)),
        no_profit_at: run_scaled.and_then(|run| run.capital_where_impact_takes(1.0)),
    })
}

/// A symbol's days; none when its bars cannot be read.
fn read_days(hub: &Hub, run: &StoredRun, symbol: &str) -> Days {
    let file = format!("/{}.parquet", encode_path(symbol));
    let table =
        run.inputs().into_iter().map(|(name, _)| name).find(|name| name.starts_with("bars/") && name.ends_with(&file));
    let parts: Vec<String> = table.iter().flat_map(|name| name.split('/')).map(str::to_owned).collect();
    let mut days = Days::new();
    let [_, venue, bar, _] = parts.as_slice() else { return days };
    let Ok(bar) = bar.parse::<BarSpec>() else { return days };
    let Ok(bars) = hub.read_bars(venue, &bar, symbol, &["close", "volume", "dollar_volume"], Range::ALL) else {
        return days;
    };
    let column = |name: &str| bars.f64(name).unwrap_or_default();
    let (close, volume, value) = (column("close"), column("volume"), column("dollar_volume"));
    for (row, label) in bars.i64("timestamp").unwrap_or_default().iter().enumerate() {
        let traded = if value[row].is_finite() { value[row] } else { close[row] * volume[row] };
        let day = days.entry(label.div_euclid(DAY)).or_insert((0.0, 0.0));
        day.0 += if traded.is_finite() { traded } else { 0.0 };
        day.1 = close[row];
    }
    days
}

/// Mean traded value and volatility of the days before one; `None` with fewer than three closes or without trade.
fn market(days: &Days, day: i64) -> Option<(f64, f64)> {
    let before: Vec<(f64, f64)> = days.range(day - DAYS_BACK..day).map(|(_, values)| *values).collect();
    let values: Vec<f64> = before.iter().map(|(value, _)| *value).collect();
    let closes: Vec<f64> = before.iter().map(|(_, close)| *close).collect();
    let (value, volatility) = (mean(&values)?, deviation(&returns(&closes))?);
    (value > 0.0).then_some((value, volatility))
}
