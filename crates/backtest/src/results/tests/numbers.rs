//! Hand-worked numbers all the way into `metrics.json`, and numbers as people read them.

use crosscut_model::time::HOUR;
use serde_json::Value;

use super::fixture::{outcome, record};
use crate::results::figures::{moment, number, percent, significant};
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
    // Equity where the benchmark has a price: 1100 to 990; the benchmark 1000 to 1035.
    close("excess_return", -0.1 - 0.035);
    // r - b: -0.1, 0.1, -0.1; mean -1/30, variance (2 / 225 + 4 / 225 + 2 / 225) / ... = 0.04 / 3.
    close("tracking_error", 2.0 * (0.04f64 / 3.0).sqrt());
    close("information_ratio", 2.0 * (-1.0 / 30.0) / (0.04f64 / 3.0).sqrt());
    close("up_capture", 0.25 / 0.15);
    close("down_capture", -0.2 / -0.1);
    close("treynor", (0.99f64.powf(365.25 / 4.0) - 1.0) / (covariance / variance));
    // Tails of 0.1, -0.2, 0.25, -0.1.
    close("value_at_risk_95", -0.185);
    close("conditional_value_at_risk_95", -0.2);
    close("tail_ratio", 0.2275 / 0.185);
    close("omega", 0.35 / 0.3);
    close("gain_to_pain", 0.05 / 0.3);
    close("ulcer_index", (0.05f64 / 4.0).sqrt());
    close("recovery_factor", -0.05);
    close("downside_deviation", 2.0 * 0.0125f64.sqrt());
    close("best_period", 0.25);
    close("worst_period", -0.2);
    close("positive_periods", 0.5);
    close("best_trade", 30.0);
    close("worst_trade", -10.0);
    close("average_win", 30.0);
    close("average_loss", -10.0);
    close("median_trade_bars", 2.0);
    close("longest_winning_streak", 1.0);
    close("longest_losing_streak", 1.0);
    close("kelly", 0.5 - 0.5 / 3.0);
    close("quality_number", 2f64.sqrt() * 10.0 / 800f64.sqrt());
    close("n_long_trades", 1.0);
    close("n_short_trades", 1.0);
    close("win_rate_long", 1.0);
    close("win_rate_short", 0.0);
    close("funding", -1.5);
    assert!(metrics["borrow"].is_null(), "what did not happen is not told");
}

/// A known bug of others: a position that falls by half and is still held shows no drawdown, because drawdowns were made
/// from closed trades.
#[test]
fn drawdown_counts_open_positions() {
    let mut outcome = outcome();
    outcome.trades.clear();
    outcome.equity = vec![1000.0, 1100.0, 550.0, 600.0, 1200.0];
    let metrics = metrics::of_run(&record(RunKind::Backtest), &outcome);
    assert_eq!(metrics::value(&metrics, "max_drawdown"), Some(-0.5));
    assert_eq!(metrics::value(&metrics, "n_trades"), Some(0.0));
    assert_eq!(metrics::value(&metrics, "win_rate"), None, "undefined, not 0");
}

/// A known bug of others: the Sharpe ratio of the trades' returns, which grows with the number of trades a year. Ours is that
/// of equity at every bar, whatever the trades.
#[test]
fn sharpe_is_that_of_periods_and_not_of_trades() {
    let sharpe = |outcome: &crate::outcome::RunOutcome| {
        metrics::value(&metrics::of_run(&record(RunKind::Backtest), outcome), "sharpe")
    };
    let mut other = outcome();
    other.trades.iter_mut().for_each(|trade| trade.return_ *= 100.0);
    other.trades.extend(outcome().trades);
    assert_eq!(sharpe(&other), sharpe(&outcome()));
    other.trades.clear();
    assert_eq!(sharpe(&other), sharpe(&outcome()));
    other.equity[4] = 1100.0;
    assert_ne!(sharpe(&other), sharpe(&outcome()));
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
    // A day's return of 8 % raised to a year.
    assert_eq!(percent(1.354_315_836_740_985e12), "1.35e14%");
    assert_eq!(
        (moment(0), moment(8 * HOUR), moment(1_500_000)),
        ("1970-01-01".into(), "1970-01-01 08:00".into(), "1970-01-01 00:00:01.500000".into())
    );
    assert_eq!(significant(0.000_012_345_678), "0.0000123457");
    assert_eq!(significant(43_210.987), "43,210.99");
    assert_eq!(significant(1.5), "1.50000");
    assert_eq!(significant(0.0), "0");
}
