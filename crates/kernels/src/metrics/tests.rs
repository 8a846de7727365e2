//! Metrics against numbers worked out by hand, and against empyrical where it defines the same thing.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::*;

mod extended;
mod golden_lean;
mod golden_trades;
mod presets;
mod summary;

/// Whether two numbers agree to 1e-12 of the larger, or of 1.
#[track_caller]
fn close(value: Option<f64>, expected: f64) {
    let value = value.unwrap();
    assert!((value - expected).abs() <= 1e-12 * expected.abs().max(1.0), "{value} instead of {expected}");
}

/// Up 10 %, down 20 %, up 25 %, down 10 %.
const EQUITY: [f64; 5] = [100.0, 110.0, 88.0, 110.0, 99.0];

#[test]
fn growth() {
    close(total_return(&EQUITY), -0.01);
    close(cagr(&EQUITY, 2.0), 0.99f64.sqrt() - 1.0);
    close(cagr(&[100.0, 400.0], 0.5), 15.0);
    assert_eq!(total_return(&[100.0]), None);
    assert_eq!(total_return(&[0.0, 1.0]), None);
    assert_eq!(cagr(&EQUITY, 0.0), None);
    assert_eq!(cagr(&[1.0, 0.0], 1.0), None);
    assert_eq!(cagr(&[1.0, -1.0], 1.0), None);
}

#[test]
fn risk() {
    let r = [0.1, -0.2, 0.25, -0.1];
    for (value, expected) in returns(&EQUITY).into_iter().zip(r) {
        close(Some(value), expected);
    }
    // Mean 0.0125; squared distances 0.00765625 + 0.04515625 + 0.05640625 + 0.01265625 = 0.121875; over 3, 0.040625.
    close(mean(&r), 0.0125);
    close(deviation(&r), 0.040625f64.sqrt());
    close(volatility(&r, 4.0), 2.0 * 0.040625f64.sqrt());
    close(sharpe(&r, 4.0, 0.0), 0.025 / 0.040625f64.sqrt());
    close(sharpe(&r, 4.0, 0.0125), 0.0);
    // Downside: (0.04 + 0.01) / 4 = 0.0125.
    close(downside_deviation(&r, 0.0), 0.0125f64.sqrt());
    close(sortino(&r, 4.0, 0.0), 0.025 / 0.0125f64.sqrt());
}

#[test]
fn drawdown() {
    close(max_drawdown(&EQUITY), -0.2);
    close(calmar(Some(-0.01), Some(-0.2)), -0.05);
    assert_eq!(worst_drawdown(&EQUITY), Some(Drawdown { peak_idx: 1, trough_idx: 2, recovery_idx: Some(3) }));
    let slow = [10.0, 12.0, 6.0, 12.0, 11.0, 10.0, 11.5];
    assert_eq!(worst_drawdown(&slow), Some(Drawdown { peak_idx: 1, trough_idx: 2, recovery_idx: Some(3) }));
    assert_eq!(longest_drawdown(&slow), Some(Drawdown { peak_idx: 3, trough_idx: 5, recovery_idx: None }));
    assert_eq!(longest_drawdown(&EQUITY), Some(Drawdown { peak_idx: 1, trough_idx: 2, recovery_idx: Some(3) }));
    close(max_drawdown(&[1.0, 2.0, 3.0]), 0.0);
    assert_eq!(worst_drawdown(&[1.0, 2.0, 3.0]), None);
    assert_eq!(longest_drawdown(&[1.0, 2.0, 3.0]), None);
    assert_eq!(max_drawdown(&[]), None);
    assert_eq!(max_drawdown(&[1.0, f64::NAN]), None);
    assert_eq!(calmar(Some(0.1), Some(0.0)), None);
    // Below zero equity has lost more than all.
    close(max_drawdown(&[1.0, -1.0]), -2.0);
}

#[test]
fn closed_trades() {
    let profits = [30.0, -10.0, 0.0, 20.0, -15.0];
    close(win_rate(&profits), 0.4);
    close(profit_factor(&profits), 2.0);
    close(expectancy(&profits), 5.0);
    close(payoff(&profits), 2.0);
    assert_eq!(win_rate(&[]), None);
    assert_eq!(profit_factor(&[1.0]), None);
    close(profit_factor(&[-1.0]), 0.0);
    assert_eq!(payoff(&[-1.0]), None);
    assert_eq!(expectancy(&[]), None);
}

#[test]
fn turnover_is_one_sided() {
    close(Some(turnover(&[0.5, 0.5, 0.0], &[0.6, 0.0, 0.4])), 0.5);
    close(Some(turnover(&[], &[])), 0.0);
}

#[test]
fn against_a_benchmark() {
    // r = 0.01 + 2 b exactly.
    let b = [0.01, -0.02, 0.03];
    let r = b.map(|b| 0.01 + 2.0 * b);
    let found = regression(&r, &b, 12.0).unwrap();
    close(Some(found.alpha), 0.12);
    close(Some(found.beta), 2.0);
    close(found.correlation, 1.0);
    assert_eq!(regression(&r, &[0.01, 0.01, 0.01], 12.0), None);
    assert_eq!(regression(&[0.01; 3], &b, 12.0).unwrap().correlation, None);
    assert_eq!(regression(&r, &b[..2], 12.0), None);
}

#[test]
fn undefined_is_none() {
    let constant = [0.1 + 0.2; 7];
    assert_eq!(sharpe(&constant, 252.0, 0.0), None);
    assert_eq!(sortino(&constant, 252.0, 0.0), None);
    assert_eq!(probabilistic_sharpe(&constant, 0.0), None);
    assert_eq!(volatility(&[0.1], 252.0), None);
    assert_eq!(sharpe(&[0.1, f64::NAN, 0.3], 252.0, 0.0), None);
    assert_eq!(sortino(&[-0.1, f64::NAN], 252.0, 0.0), None);
    assert_eq!(mean(&[]), None);
    assert!(returns(&[0.0, 1.0])[0].is_nan());
}

#[test]
fn normal_distribution() {
    close(Some(probability::normal_cdf(0.0)), 0.5);
    close(Some(probability::normal_cdf(1.959_963_984_540_054)), 0.975);
    close(probability::normal_quantile(0.975), 1.959_963_984_540_054);
    close(probability::normal_quantile(1e-9), -5.997_807_015_007_773);
    assert_eq!(probability::normal_quantile(0.0), None);
    assert_eq!(probability::normal_quantile(1.0), None);
}

#[test]
fn trusting_a_sharpe_ratio() {
    // Central moments of 3, -1, -1, -1 (mean 0): m2 3, m3 6, m4 21; so are those of the returns, up to scale.
    let r = [0.04, 0.0, 0.0, 0.0];
    let (skewness, kurtosis) = probability::shape(&r).unwrap();
    close(Some(skewness), 6.0 / 3f64.powf(1.5));
    close(Some(kurtosis), 21.0 / 9.0);
    // Mean 0.01, deviation 0.02: SR 0.5. Spread 1 - 1.1547 * 0.5 + 1/3 * 0.25 = 0.505983; z = 0.5 sqrt(3 / 0.505983).
    let z = 0.5 * (3.0 / (1.0 - 3f64.sqrt() / 3.0 + 1.0 / 12.0)).sqrt();
    close(probabilistic_sharpe(&r, 0.0), probability::normal_cdf(z));
    close(probabilistic_sharpe(&r, 0.5), 0.5);
    // Of 10 trials: 0.422784 * 1.2815516 + 0.577216 * Phi^-1(1 - 1 / 27.18282) = 0.541819 + 0.577216 * 1.789236.
    let expected = expected_max_sharpe(10, 1.0).unwrap();
    assert!((expected - 1.574_598).abs() < 1e-5, "{expected}");
    assert_eq!(expected_max_sharpe(1, 1.0), Some(0.0));
    assert_eq!(expected_max_sharpe(0, 1.0), None);
    assert_eq!(deflated_sharpe(&r, 1, 0.3), probabilistic_sharpe(&r, 0.0));
    assert!(deflated_sharpe(&r, 100, 0.3).unwrap() < probabilistic_sharpe(&r, 0.0).unwrap());
}

/// The folder of shared reference data, if it is there.
fn shared() -> Option<PathBuf> {
    let folder = std::env::var_os("CROSSCUT_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    folder.is_dir().then_some(folder)
}

/// Numbers of a flat two-level JSON object, read without a JSON library (this crate has none).
fn two_levels(text: &str) -> BTreeMap<String, BTreeMap<String, f64>> {
    let mut out: BTreeMap<String, BTreeMap<String, f64>> = BTreeMap::new();
    let mut outer = String::new();
    for line in text.lines() {
        let Some((name, value)) = line.split_once(':') else { continue };
        let name = name.trim().trim_matches('"').to_owned();
        let value = value.trim().trim_end_matches(',');
        if value == "{" {
            outer = name;
        } else {
            out.entry(outer.clone()).or_default().insert(name, value.parse().unwrap());
        }
    }
    out
}

/// empyrical-reloaded 0.7.1 on eight real return series, 365 periods a year. The same: total return, volatility, Sharpe,
/// Sortino (it annualises numerator and denominator apart, which is the same number), maximum drawdown, downside, beta.
/// By convention different: its annual return counts periods (n / 365 years), which is ours with those years; its alpha
/// compounds the mean excess of a day over a year, ours multiplies it by N. Its first drawdown starts from 1, as here.
#[test]
fn agrees_with_empyrical() {
    let Some(folder) = shared() else {
        println!("skipped: shared data not found");
        return;
    };
    let folder = folder.join("data/golden/computed/empyrical");
    let expected = two_levels(&std::fs::read_to_string(folder.join("metrics.json")).unwrap());
    let csv = std::process::Command::new("gzip").arg("-dc").arg(folder.join("returns.csv.gz")).output().unwrap();
    let csv = String::from_utf8(csv.stdout).unwrap();
    let mut lines = csv.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').skip(1).collect();
    let mut series: Vec<Vec<f64>> = vec![Vec::new(); names.len()];
    for line in lines {
        for (column, value) in series.iter_mut().zip(line.split(',').skip(1)) {
            column.push(value.parse().unwrap());
        }
    }
    let benchmark = series.last().unwrap();
    let mut n_checked = 0;
    for (name, r) in names.iter().zip(&series).filter(|(name, _)| **name != "BENCHMARK_EW") {
        check_series(&expected[*name], r, benchmark);
        n_checked += 1;
    }
    assert_eq!(n_checked, 8);
}

/// Compares one return series with its reference numbers.
fn check_series(expected: &BTreeMap<String, f64>, r: &[f64], benchmark: &[f64]) {
    let mut equity = vec![1.0];
    for value in r {
        equity.push(equity.last().unwrap() * (1.0 + value));
    }
    let near = |value: Option<f64>, name: &str| {
        let (value, expected) = (value.unwrap(), expected[name]);
        assert!((value - expected).abs() <= 1e-10 * expected.abs().max(1.0), "{name}: {value} instead of {expected}");
    };
    let annual = cagr(&equity, r.len() as f64 / 365.0);
    near(total_return(&equity), "total_return");
    near(annual, "annual_return_365");
    near(volatility(r, 365.0), "annual_vol_365");
    near(sharpe(r, 365.0, 0.0), "sharpe_365");
    near(sortino(r, 365.0, 0.0), "sortino_365");
    near(max_drawdown(&equity), "max_drawdown");
    near(calmar(annual, max_drawdown(&equity)), "calmar_365");
    near(downside_deviation(r, 0.0).map(|downside| downside * 365f64.sqrt()), "downside_risk_365");
    let against = regression(r, benchmark, 365.0).unwrap();
    near(Some(against.beta), "beta");
    near(Some((1.0 + against.alpha / 365.0).powf(365.0) - 1.0), "alpha_365");
    check_preset(expected, &equity, benchmark);
}

/// The preset gives all seventeen numbers under empyrical's own conventions.
fn check_preset(expected: &BTreeMap<String, f64>, equity: &[f64], benchmark: &[f64]) {
    let mut held = vec![1.0];
    for value in benchmark {
        held.push(held.last().unwrap() * (1.0 + value));
    }
    let days: Vec<f64> = (0..equity.len()).map(|day| day as f64).collect();
    let sample = super::presets::Sample {
        equity,
        benchmark: Some(&held),
        days: &days,
        trades: &[],
        exposure: None,
        periods_per_year: 365.0,
        risk_free: 0.0,
    };
    let numbers = super::presets::Preset::Empyrical.numbers(&sample);
    let names = [
        ("cum_returns_final", "total_return"),
        ("annual_return", "annual_return_365"),
        ("annual_volatility", "annual_vol_365"),
        ("sharpe_ratio", "sharpe_365"),
        ("sortino_ratio", "sortino_365"),
        ("calmar_ratio", "calmar_365"),
        ("max_drawdown", "max_drawdown"),
        ("omega_ratio", "omega"),
        ("tail_ratio", "tail_ratio"),
        ("value_at_risk", "var_95"),
        ("conditional_value_at_risk", "cvar_95"),
        ("stability_of_timeseries", "stability"),
        ("downside_risk", "downside_risk_365"),
        ("alpha", "alpha_365"),
        ("beta", "beta"),
        ("up_capture", "up_capture_365"),
        ("down_capture", "down_capture_365"),
    ];
    assert_eq!(names.len(), expected.len());
    // empyrical's capture takes no annualisation but its own of a trading year, whatever it is handed.
    let trading_year =
        super::presets::Preset::Empyrical.numbers(&super::presets::Sample { periods_per_year: 252.0, ..sample });
    for (name, golden) in names {
        let numbers = if name.ends_with("capture") { &trading_year } else { &numbers };
        let value = numbers.iter().find(|number| number.name == name).unwrap().value.unwrap();
        let expected = expected[golden];
        assert!((value - expected).abs() <= 1e-9 * expected.abs().max(1e-3), "{name}: {value} instead of {expected}");
    }
}
