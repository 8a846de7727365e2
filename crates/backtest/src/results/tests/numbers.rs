//! Hand-worked numbers all the way into `metrics.json`, and numbers as people read them.

use serde_json::Value;

use super::fixture::{outcome, record};
use crate::results::figures::{number, percent, significant};
use crate::results::{Archive, RunKind, metrics};

/// `metrics.json` of the fixture.
fn stored_metrics() -> Value {
    let root = tempfile::tempdir().unwrap();
    let published = Archive::new(root.path()).publish(&record(RunKind::Backtest), &outcome()).unwrap();
    serde_json::from_slice(&std::fs::read(published.folder.join("metrics.json")).unwrap()).unwrap()
}

#[test]
fn metrics_are_the_hand_worked_ones() {
    let metrics = stored_metrics();
    let close = |name: &str, expected: f64| {
        let value = metrics[name]["value"].as_f64().unwrap_or_else(|| panic!("{name} is {}", metrics[name]));
        assert!((value - expected).abs() <= 1e-12 * expected.abs().max(1.0), "{name}: {value} instead of {expected}");
    };
    // Returns 0.1, -0.2, 0.25, -0.1: mean 0.0125, variance 0.121875 / 3 = 0.040625, sqrt(N) = 2.
    close("final_equity", 990.0);
    close("total_return", -0.01);
    close("cagr", 0.99f64.powf(365.25 / 4.0) - 1.0);
    close("volatility", 2.0 * 0.040625f64.sqrt());
    close("sharpe", 0.025 / 0.040625f64.sqrt());
    close("sortino", 0.025 / 0.0125f64.sqrt());
    close("max_drawdown", -0.2);
    close("calmar", (0.99f64.powf(365.25 / 4.0) - 1.0) / 0.2);
    // From the high of day 1 to its recovery on day 3.
    close("max_drawdown_days", 2.0);
    close("longest_drawdown_days", 2.0);
    close("n_orders", 2.0);
    close("n_fills", 1.0);
    close("n_rebalances", 2.0);
    // Profits 30 and -10.
    close("win_rate", 0.5);
    close("profit_factor", 3.0);
    close("expectancy", 10.0);
    close("payoff", 3.0);
    close("turnover", 0.375);
    close("turnover_yearly", 0.75 / (4.0 / 365.25));
    close("commission", 0.275);
    close("slippage", 0.165);
    close("gross_exposure", 1.375 / 5.0);
    close("net_exposure", 0.375 / 5.0);
    close("time_in_market", 0.6);
    // Benchmark returns -0.1, 0.15, 0 against -0.2, 0.25, -0.1 (means 1/60 and -1/60): cov and var by hand.
    close("benchmark_return", 0.035);
    let covariance = 0.02 + 0.0375 + 3.0 / 3600.0;
    let variance = 0.01 + 0.0225 - 3.0 / 3600.0;
    close("beta", covariance / variance);
    close("alpha", 4.0 * (-1.0 / 60.0 - covariance / variance / 60.0));
}

#[test]
fn each_metric_says_how_it_is_annualised_and_defined() {
    let metrics = stored_metrics();
    assert_eq!(metrics["sharpe"]["annualisation"], "N = 4 (four by decree)");
    assert_eq!(metrics["total_return"]["annualisation"], Value::Null);
    for (name, metric) in metrics.as_object().unwrap().iter().filter(|(name, _)| *name != "data_quality") {
        assert!(!metric["note"].as_str().unwrap().is_empty(), "{name}");
    }
    assert_eq!(metrics["data_quality"]["counts"]["missing_bars"], 3);
    assert_eq!(metrics["data_quality"]["notes"][0], "bar 2 of <A> is stale");
}

#[test]
fn costs_of_the_first_bar_are_not_lost() {
    // Filled at the first bar's close: the first row is 2 below the capital already.
    let mut outcome = outcome();
    outcome.equity = vec![998.0, 998.0];
    outcome.timeline.truncate(2);
    outcome.benchmark = None;
    let metrics = metrics::of_run(&record(RunKind::Backtest), &outcome);
    assert!((metrics::value(&metrics, "total_return").unwrap() - -0.002).abs() < 1e-15);
    assert!((metrics::value(&metrics, "max_drawdown").unwrap() - -0.002).abs() < 1e-15);
    assert_eq!(metrics::value(&metrics, "max_drawdown_days"), Some(1.0));
    assert!(!metrics.iter().any(|metric| metric.name == "beta"), "no benchmark, no beta");
}

#[test]
fn the_deepest_drawdown_need_not_be_the_longest() {
    // Down by a half for two days, then by a tenth for three days without recovery.
    let mut outcome = outcome();
    outcome.equity = vec![1000.0, 500.0, 1000.0, 900.0, 950.0, 990.0];
    outcome.timeline = (0..6).map(|day| day * crosscut_model::time::DAY).collect();
    outcome.benchmark = None;
    let metrics = metrics::of_run(&record(RunKind::Backtest), &outcome);
    assert_eq!(metrics::value(&metrics, "max_drawdown_days"), Some(2.0));
    assert_eq!(metrics::value(&metrics, "longest_drawdown_days"), Some(3.0));
}

#[test]
fn an_empty_run_has_undefined_metrics() {
    let mut outcome = outcome();
    for curve in [&mut outcome.equity, &mut outcome.cash, &mut outcome.gross_exposure, &mut outcome.net_exposure] {
        curve.clear();
    }
    outcome.drawdown.clear();
    outcome.timeline.clear();
    outcome.benchmark = Some(Vec::new());
    outcome.positions.clear();
    outcome.orders.clear();
    outcome.selections.clear();
    outcome.trades.clear();
    outcome.turnover.clear();
    let root = tempfile::tempdir().unwrap();
    let published = Archive::new(root.path()).publish(&record(RunKind::Pipeline), &outcome).unwrap();
    for name in ["final_equity", "total_return", "sharpe", "max_drawdown", "win_rate", "turnover", "beta"] {
        assert_eq!(metrics::value(&published.metrics, name), None, "{name}");
    }
    assert_eq!(metrics::value(&published.metrics, "n_trades"), Some(0.0));
    let log = std::fs::read_to_string(published.folder.join("trade_log.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&log).unwrap(), serde_json::json!([]));
}

#[test]
fn figures_for_people() {
    assert_eq!(number(195_538_574.793, 2), "195,538,574.79");
    assert_eq!(number(-1234.5, 0), "-1,234");
    assert_eq!(number(-0.001, 2), "0.00");
    assert_eq!(number(f64::NAN, 2), "undefined");
    assert_eq!(number(999.0, 0), "999");
    assert_eq!(percent(-0.1234), "-12.34%");
    assert_eq!(percent(f64::INFINITY), "undefined");
    assert_eq!(significant(0.000_012_345_678), "0.0000123457");
    assert_eq!(significant(43_210.987), "43,210.99");
    assert_eq!(significant(1.5), "1.50000");
    assert_eq!(significant(0.0), "0");
}
