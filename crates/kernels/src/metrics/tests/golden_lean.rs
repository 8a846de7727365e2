//! LEAN's published statistics of the daily regression run, from the account its rules make of SPY's closes.

use super::super::presets::{Preset, Sample};

/// Daily returns of the account and of SPY: 697 shares bought at the second day's adjusted open with a fee of 3.485 dollars,
/// valued at adjusted closes from 2013-10-08 to 10-17. Two days before the first price count with a return of 0, in both.
const RETURNS: [[f64; 2]; 9] = [
    [0.0, 0.0],
    [0.0, 0.0],
    [-0.001541461850500081, 0.0005438723712835082],
    [0.022151207206190904, 0.022165851301564437],
    [0.006259246493254711, 0.0062632947293784335],
    [0.0043424819811217485, 0.004345273047562879],
    [-0.00771255729820286, -0.007717492984097239],
    [0.013719645754609378, 0.01372849399010154],
    [0.00708645354395343, 0.0070909619296715895],
];

#[test]
fn agrees_with_lean() {
    let grown = |at: usize, first: f64| {
        let mut out = vec![first];
        RETURNS.iter().for_each(|row| out.push(out.last().unwrap() * (1.0 + row[at])));
        out
    };
    // The benchmark begins with SPY's adjusted close of 2013-10-08: its size decides how its chart is rounded.
    let (equity, benchmark) = (grown(0, 100_000.0), grown(1, 165.48 * 0.864_626_6));
    let days: Vec<f64> = (0..equity.len()).map(|day| day as f64).collect();
    let sample = Sample {
        equity: &equity,
        benchmark: Some(&benchmark),
        days: &days,
        trades: &[],
        exposure: None,
        periods_per_year: 252.0,
        // The rate of the Federal Reserve's primary credit then, which LEAN takes.
        risk_free: 0.0075,
    };
    let numbers = Preset::Lean.numbers(&sample);
    for (name, expected, digits) in [
        ("Sharpe Ratio", 17.304, 3),
        ("Sortino Ratio", 35.217, 3),
        ("Annual Standard Deviation", 0.141, 3),
        ("Annual Variance", 0.020, 2),
        ("Beta", 1.015, 3),
        ("Alpha", -0.249, 3),
        ("Tracking Error", 0.011, 3),
        ("Information Ratio", -19.0, 3),
        ("Probabilistic Sharpe Ratio", 0.96710, 5),
        ("Treynor Ratio", 2.403, 3),
        ("Net Profit", 0.04486, 5),
        ("Drawdown", 0.008, 3),
    ] {
        let value = numbers.iter().find(|number| number.name == name).unwrap().value.unwrap();
        let unit = 10f64.powi(-digits);
        assert!((value - expected).abs() <= 0.51 * unit, "{name}: {value} instead of {expected}");
    }
}
