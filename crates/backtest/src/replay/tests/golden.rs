//! The replay against the kit's W4 tables and against a plain long/short calculation on real daily bars.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crosscut_hub::parquet_file;
use crosscut_model::{Table, parse_iso};

use crate::config::BacktestConfig;
use crate::outcome::RunOutcome;
use crate::panel::{Extras, Panel, PanelBuilder, SeriesInput, SymbolRules};
use crate::replay::replay;
use crate::w4;

/// The folder of shared reference data, if it is there.
pub(super) fn shared() -> Option<PathBuf> {
    let folder = std::env::var_os("CROSSCUT_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: shared data not found");
    None
}

/// `close / close[lag of the symbol's own bars earlier] - 1`.
fn momentum(close: &[f64], lag: usize) -> Vec<f64> {
    (0..close.len()).map(|at| if at < lag { f64::NAN } else { close[at] / close[at - lag] - 1.0 }).collect()
}

/// The rows of a long table by symbol: times and the asked columns.
pub(super) fn by_symbol(table: &Table, time: &str, columns: &[&str]) -> BTreeMap<String, (Vec<i64>, Vec<Vec<f64>>)> {
    let mut out: BTreeMap<String, (Vec<i64>, Vec<Vec<f64>>)> = BTreeMap::new();
    let (symbols, times) = (table.text("symbol").unwrap(), table.i64(time).unwrap());
    let values: Vec<&[f64]> = columns.iter().map(|column| table.f64(column).unwrap()).collect();
    for row in 0..table.len() {
        let (labels, series) =
            out.entry(symbols[row].clone()).or_insert_with(|| (Vec::new(), vec![Vec::new(); columns.len()]));
        labels.push(times[row]);
        for (column, values) in series.iter_mut().zip(&values) {
            column.push(values[row]);
        }
    }
    out
}

/// W4's panel of twenty symbols.
fn panel20(shared: &Path, config: &BacktestConfig) -> Panel {
    let file = shared.join("bench/golden/in_panel20.parquet");
    let table = parquet_file::read(&file, &["symbol", "start_time", "close", "dollar_volume"]).unwrap();
    let builder = PanelBuilder::new(config).unwrap();
    let series = by_symbol(&table, "start_time", &["close", "dollar_volume"])
        .into_iter()
        .map(|(symbol, (timestamps, columns))| {
            let [close, dollar_volume] = columns.try_into().unwrap();
            let factor = momentum(&close, 20);
            let input = SeriesInput { symbol, timestamps, close, dollar_volume, factor, ..SeriesInput::default() };
            builder.series(input, SymbolRules::default()).unwrap()
        })
        .collect();
    w4::panel(builder, series).unwrap()
}

#[track_caller]
fn near(value: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((value - expected).abs() <= tolerance * expected.abs(), "{what}: {value} instead of {expected}");
}

#[test]
fn w4_nav_and_trades() {
    let Some(shared) = shared() else { return };
    let config = w4::config(12, 3);
    let outcome = replay(&panel20(&shared, &config), &config).unwrap();
    let nav = w4::hourly(&outcome);
    let expected = parquet_file::read(&shared.join("bench/golden/out_w4_nav.parquet"), &["numpy"]).unwrap();
    let expected = expected.f64("numpy").unwrap();
    assert_eq!(nav.len(), expected.len());
    for (hour, (value, expected)) in nav.iter().zip(expected).enumerate() {
        near(*value, *expected, 1e-9, &format!("hour {hour}"));
    }
    let trades = shared.join("bench/golden/out_w4_trades.parquet");
    let trades = parquet_file::read(&trades, &["ts", "symbol", "qty", "price", "fee"]).unwrap();
    let mut fills: Vec<(i64, &str, f64, f64, f64)> = outcome
        .orders
        .iter()
        .map(|order| {
            let fill = order.fill.unwrap();
            let symbol = outcome.symbols[order.symbol_idx].as_str();
            (fill.filled_at, symbol, order.side.sign() * fill.quantity, fill.price, fill.commission)
        })
        .collect();
    fills.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
    assert_eq!(fills.len(), trades.len());
    let column = |name: &str| trades.f64(name).unwrap();
    for (row, (at, symbol, quantity, price, commission)) in fills.into_iter().enumerate() {
        assert_eq!((at, symbol), (trades.i64("ts").unwrap()[row], trades.text("symbol").unwrap()[row].as_str()));
        near(quantity, column("qty")[row], 1e-9, "quantity");
        near(price, column("price")[row], 1e-12, "price");
        near(commission, column("fee")[row], 1e-9, "commission");
    }
}

/// Text of a compressed CSV.
fn csv(path: &Path) -> String {
    let output = std::process::Command::new("gzip").arg("-dc").arg(path).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// The real daily perpetuals on which the cross-sectional reference was computed.
fn perpetuals(shared: &Path, config: &BacktestConfig, symbols: &[&str]) -> Panel {
    let file = shared.join("data/crypto/binance_um_perp_1d.parquet");
    let table = parquet_file::read(&file, &["symbol", "open_time", "close"]).unwrap();
    let rows = by_symbol(&table, "open_time", &["close"]);
    let builder = PanelBuilder::new(config).unwrap();
    let series = symbols
        .iter()
        .map(|symbol| {
            let (timestamps, columns) = rows[*symbol].clone();
            let [close] = columns.try_into().unwrap();
            let timestamps = timestamps.into_iter().map(|label| label * 1_000).collect();
            let factor = momentum(&close, 20);
            let input =
                SeriesInput { symbol: (*symbol).to_owned(), timestamps, close, factor, ..SeriesInput::default() };
            builder.series(input, SymbolRules::default()).unwrap()
        })
        .collect();
    builder.build(series, Extras { factor: "mom20".to_owned(), ..Extras::default() }).unwrap()
}

/// Weights of each rebalance, by symbol.
fn weights(outcome: &RunOutcome) -> BTreeMap<i64, Vec<f64>> {
    let mut out: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
    for selection in &outcome.selections {
        out.entry(selection.timestamp).or_default().push(selection.target_weight);
    }
    out
}

#[test]
fn long_short_on_real_perpetuals() {
    let Some(shared) = shared() else { return };
    let folder = shared.join("data/golden/computed/cross_sectional");
    let expected_weights = csv(&folder.join("target_weights.csv.gz"));
    let mut lines = expected_weights.lines();
    let symbols: Vec<&str> = lines.next().unwrap().split(',').skip(1).collect();
    let config = BacktestConfig {
        timeframe: "1d".parse().unwrap(),
        strategy: "long_short".to_owned(),
        params: [("long_quantile", "0.2"), ("short_quantile", "0.2")].map(|(k, v)| (k.into(), v.into())).into(),
        start: Some(parse_iso("2024-07-21").unwrap()),
        rebalance: "5".parse().unwrap(),
        execution: "close".parse().unwrap(),
        commission_bps: 5.0,
        slippage_bps: 0.0,
        ..BacktestConfig::default()
    };
    let outcome = replay(&perpetuals(&shared, &config, &symbols), &config).unwrap();
    let weights = weights(&outcome);
    let mut n_rebalances = 0;
    for line in lines {
        let (date, values) = line.split_once(',').unwrap();
        let values: Vec<f64> = values.split(',').map(|value| value.parse().unwrap()).collect();
        assert_eq!(weights[&parse_iso(date).unwrap()], values, "{date}");
        n_rebalances += 1;
    }
    println!("{n_rebalances} rebalances of {}", weights.len());
    let equity = csv(&folder.join("equity.csv.gz"));
    let ours: BTreeMap<i64, f64> = outcome.timeline.iter().copied().zip(outcome.equity.iter().copied()).collect();
    let turnovers: BTreeMap<i64, f64> = outcome.turnover.iter().copied().collect();
    let mut worst = 0.0f64;
    for line in equity.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let at = parse_iso(fields[0]).unwrap();
        let expected: f64 = fields[4].parse().unwrap();
        worst = worst.max((ours[&at] / 1e6 / expected - 1.0).abs());
        if let Some(turnover) = turnovers.get(&at) {
            // The reference scales to equity after fees, which moves drifted weights a little.
            near(2.0 * turnover, fields[2].parse().unwrap(), 2e-3, "turnover");
        }
    }
    println!("worst equity difference {worst:e}");
    assert!(worst < 2e-4, "{worst}");
}
