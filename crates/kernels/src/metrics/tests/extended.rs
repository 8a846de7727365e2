//! Tails, benchmarks, windows, trades and capacity against numbers worked out by hand.

use super::super::capacity::{Scaled, Traded, impact};
use super::super::relative::{Market, capture, information_ratio, r_squared, tracking_error, treynor};
use super::super::rolling::Windows;
use super::super::tail::*;
use super::super::trades::{average_loss, average_win, best, kelly, longest_streak, quality_number, worst};
use super::super::*;
use super::{EQUITY, close};

/// The returns of [`EQUITY`].
const R: [f64; 4] = [0.1, -0.2, 0.25, -0.1];

#[test]
fn quantiles_lie_between_order_statistics() {
    close(quantile(&[4.0, 1.0, 3.0, 2.0], 0.5), 2.5);
    close(quantile(&[4.0, 1.0, 3.0, 2.0], 0.05), 1.15);
    close(quantile(&[7.0], 0.9), 7.0);
    close(median(&[3.0, 1.0, 2.0]), 2.0);
    assert_eq!(quantile(&[], 0.5), None);
    assert_eq!(quantile(&[1.0, f64::NAN], 0.5), None);
    assert_eq!(quantile(&[1.0], 1.5), None);
}

#[test]
fn tails() {
    // Sorted -0.2, -0.1, 0.1, 0.25: the 5 % quantile is -0.2 + 0.15 * 0.1.
    close(value_at_risk(&R, 0.05), -0.185);
    close(conditional_value_at_risk(&R, 0.05), -0.2);
    close(conditional_value_at_risk(&R, 0.34), -0.15);
    // The 95 % quantile is 0.25 - 0.15 * 0.15.
    close(tail_ratio(&R), 0.2275 / 0.185);
    close(omega(&R, 0.0), 0.35 / 0.3);
    close(omega(&R, 0.1), 0.15 / 0.5);
    close(gain_to_pain(&R), 0.05 / 0.3);
    assert_eq!(omega(&[0.1, 0.2], 0.0), None);
    assert_eq!(gain_to_pain(&[0.1, 0.2]), None);
    // Drawdowns 0, -0.2, 0, -0.1 after the first value.
    close(ulcer_index(&EQUITY), (0.05f64 / 4.0).sqrt());
    close(recovery_factor(&EQUITY), -0.05);
    assert_eq!(recovery_factor(&[1.0, 2.0]), None);
    // Growth by a constant factor is a straight line.
    close(stability(&[1.0, 2.0, 4.0, 8.0]), 1.0);
    assert_eq!(stability(&[1.0, 1.0, 1.0]), None);
    assert_eq!(stability(&[1.0, -1.0, 1.0]), None);
    // 1, 2, 6: mean 3, m2 = 14 / 3, m3 = (-8 - 1 + 27) / 3 = 6.
    let (m2, m3) = (14.0 / 3.0f64, 6.0);
    close(skewness(&[1.0, 2.0, 6.0]), m3 / (m2 * m2.sqrt()));
    close(sample_skewness(&[1.0, 2.0, 6.0]), m3 / (m2 * m2.sqrt()) * 6f64.sqrt());
    // 0, 0, 0, 4: m2 = 3, m4 = (3 + 81) / 4 = 21, kurtosis 7 / 3; corrected 3 / 2 * (5 * (7 / 3 - 3) + 6) = 4.
    close(kurtosis(&[0.0, 0.0, 0.0, 4.0]), 7.0 / 3.0);
    close(sample_excess_kurtosis(&[0.0, 0.0, 0.0, 4.0]), 4.0);
}

#[test]
fn against_a_benchmark() {
    let b = [0.1, -0.1, 0.2, -0.2];
    // Differences 0, -0.1, 0.05, 0.1: mean 0.0125, squares 0.000156.. + 0.012656.. + 0.001406.. + 0.007656.. = 0.021875.
    let spread = (0.021875f64 / 3.0).sqrt();
    close(tracking_error(&R, &b, 4.0), 2.0 * spread);
    close(information_ratio(&R, &b, 4.0), 0.025 / spread);
    assert_eq!(information_ratio(&R, &R, 4.0), None);
    assert_eq!(tracking_error(&R, &b[1..], 4.0), None);
    // Up: own 1.1 * 1.25 = 1.375, other 1.1 * 1.2 = 1.32 over two periods.
    close(capture(&R, &b, Market::Up, 1.0), (1.375f64.sqrt() - 1.0) / (1.32f64.sqrt() - 1.0));
    close(capture(&R, &b, Market::Up, 4.0), (1.375f64.powi(2) - 1.0) / (1.32f64.powi(2) - 1.0));
    close(capture(&R, &b, Market::Down, 2.0), (0.72 - 1.0) / (0.72 - 1.0));
    assert_eq!(capture(&[0.1], &[0.1], Market::Down, 1.0), None);
    close(treynor(Some(0.1), Some(0.5)), 0.2);
    assert_eq!(treynor(Some(0.1), Some(0.0)), None);
    close(r_squared(&R, &R.map(|r| 2.0 * r + 0.01)), 1.0);
}

#[test]
fn drawdowns_are_listed_one_by_one() {
    let at = |peak_idx, trough_idx, recovery_idx| Drawdown { peak_idx, trough_idx, recovery_idx };
    assert_eq!(all_drawdowns(&EQUITY), [at(1, 2, Some(3)), at(3, 4, None)]);
    assert_eq!(all_drawdowns(&[10.0, 12.0, 6.0, 7.0, 12.0, 11.0, 10.0, 11.5]), [at(1, 2, Some(4)), at(4, 6, None)]);
    assert_eq!(all_drawdowns(&[1.0, 2.0, 3.0]), []);
    assert_eq!(all_drawdowns(&[]), []);
}

#[test]
fn windows_are_those_of_the_plain_formulas() {
    let windows = Windows { length: 3, periods_per_year: 4.0 };
    let all = [0, 1, 2, 3];
    let same = |rolled: Vec<f64>, plain: [Option<f64>; 2]| {
        assert!(rolled[0].is_nan() && rolled[1].is_nan());
        assert_eq!([rolled[2], rolled[3]], plain.map(Option::unwrap));
    };
    same(windows.volatility(&R, &all), [volatility(&R[..3], 4.0), volatility(&R[1..], 4.0)]);
    same(windows.sharpe(&R, &all), [sharpe(&R[..3], 4.0, 0.0), sharpe(&R[1..], 4.0, 0.0)]);
    let b = [0.1, -0.1, 0.2, -0.2];
    let beta = |from: usize| regression(&R[from..from + 3], &b[from..from + 3], 4.0).map(|fit| fit.beta);
    same(windows.beta(&R, &b, &all), [beta(0), beta(1)]);
    same(windows.drawdown(&EQUITY, &all), [max_drawdown(&EQUITY[..3]), max_drawdown(&EQUITY[1..4])]);
    assert_eq!(windows.sharpe(&R, &[3])[0], windows.sharpe(&R, &all)[3], "a position does not depend on the others");
}

#[test]
fn statistics_of_trades() {
    let profits = [10.0, -5.0, 20.0, 30.0, -15.0];
    close(best(&profits), 30.0);
    close(worst(&profits), -15.0);
    close(average_win(&profits), 20.0);
    close(average_loss(&profits), -10.0);
    // Won 60 % at a payoff of 2: 0.6 - 0.4 / 2.
    close(kelly(&profits), 0.4);
    // Mean 8; squares 4 + 169 + 144 + 484 + 529 = 1330, over 4.
    close(quality_number(&profits), 5f64.sqrt() * 8.0 / (1330.0f64 / 4.0).sqrt());
    assert_eq!(longest_streak(&profits, |profit| profit > 0.0), 2);
    assert_eq!(longest_streak(&profits, |profit| profit < 0.0), 1);
    assert_eq!(longest_streak(&[], |_| true), 0);
    assert_eq!((best(&[]), kelly(&[1.0]), average_loss(&[1.0]), quality_number(&[1.0, 1.0])), (None, None, None, None));
}

#[test]
fn capacity_follows_the_square_root_law() {
    // 1 % of a day's value at 2 % volatility: 0.02 * 0.1 = 0.2 % of 10,000.
    let trade = Traded { value: 10_000.0, daily_value: 1_000_000.0, daily_volatility: 0.02 };
    close(impact(&[trade], 1.0), 20.0);
    close(impact(&[trade, trade], 0.5), 20.0);
    assert_eq!(impact(&[Traded { daily_value: 0.0, ..trade }], 1.0), None);
    let run = Scaled { capital: 1000.0, profit: 100.0, impact: 20.0 };
    close(run.return_at(1.0), 0.08);
    close(run.return_at(4.0), 0.06);
    close(run.capital_where_impact_takes(1.0), 25_000.0);
    close(run.return_at(25.0), 0.0);
    close(run.capital_where_impact_takes(0.5), 6_250.0);
    assert_eq!(run.return_at(0.0), None);
    assert_eq!(Scaled { profit: -1.0, ..run }.capital_where_impact_takes(1.0), None);
}
