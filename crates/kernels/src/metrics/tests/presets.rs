//! Presets against the libraries themselves, on made-up numbers that every program can make: `presets.tsv`.

use super::super::presets::{Number, Preset, Sample, Trade};

/// Four hundred returns and those of a benchmark, exact fractions so that every language has the same bits.
fn market() -> (Vec<f64>, Vec<f64>) {
    let own = |i: i64| ((i * 7919) % 1009 - 480) as f64 / 25000.0;
    let other = |i: i64| 0.4 * own(i) + ((i * 3571) % 997 - 490) as f64 / 40000.0;
    ((0..400).map(own).collect(), (0..400).map(other).collect())
}

/// Growth from a first value.
fn grown(first: f64, returns: &[f64]) -> Vec<f64> {
    let mut out = vec![first];
    let mut product = 1.0;
    for value in returns {
        product *= 1.0 + value;
        out.push(first * product);
    }
    out
}

/// Seventeen trades.
fn trades() -> Vec<Trade> {
    let step = |i: i64| ((i * 4001) % 211 - 90) as f64;
    let trade = |i: i64| Trade { profit: step(i) * 10.0, return_: step(i) / 1000.0, days: (1 + (i * 5) % 9) as f64 };
    (0..17).map(trade).collect()
}

/// The value of a name.
fn value_of(numbers: &[Number], name: &str) -> f64 {
    let number = numbers.iter().find(|number| number.name == name).unwrap_or_else(|| panic!("no `{name}`"));
    number.value.unwrap_or_else(|| panic!("`{name}` is undefined"))
}

#[test]
fn presets_give_the_libraries_numbers() {
    let ((own, other), trades) = (market(), trades());
    let (equity, benchmark) = (grown(100_000.0, &own), grown(100.0, &other));
    let days: Vec<f64> = (0..equity.len()).map(|day| day as f64).collect();
    let sample = Sample {
        equity: &equity,
        benchmark: Some(&benchmark),
        days: &days,
        trades: &trades,
        exposure: None,
        periods_per_year: 365.0,
        risk_free: 0.0,
    };
    let mut n_checked = 0;
    for line in include_str!("presets.tsv").lines().filter(|line| !line.starts_with('#')) {
        let [library, name, expected] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let preset = Preset::ALL.into_iter().find(|preset| preset.name() == library).unwrap();
        let (mut value, expected) = (value_of(&preset.numbers(&sample), name), expected.parse::<f64>().unwrap());
        if name == "Avg. Drawdown Duration" || name == "Avg. Trade Duration" {
            // backtesting.py rounds these up to whole rows; we do not.
            value = value.ceil();
        }
        assert!((value - expected).abs() <= 1e-9 * expected.abs(), "{library} {name}: {value} instead of {expected}");
        n_checked += 1;
    }
    assert_eq!(n_checked, 109);
}

#[test]
fn undefined_is_none_and_never_zero_or_infinite() {
    for equity in
        [&[][..], &[100.0], &[100.0, 100.0], &[100.0, 110.0, 121.0], &[100.0, 0.0, 0.0], &[100.0, f64::NAN, 1.0]]
    {
        let days: Vec<f64> = (0..equity.len()).map(|day| day as f64).collect();
        for benchmark in [None, Some(equity)] {
            let sample = Sample {
                equity,
                benchmark,
                days: &days,
                trades: &[],
                exposure: None,
                periods_per_year: 365.0,
                risk_free: 0.0,
            };
            for preset in Preset::ALL {
                for number in preset.numbers(&sample) {
                    let is_good = number.value.is_none_or(f64::is_finite);
                    assert!(is_good, "{} {}: {:?} of {equity:?}", preset.name(), number.name, number.value);
                    let ratio = ["sharpe", "sortino", "calmar", "profit factor", "kelly", "win rate"];
                    let lower = number.name.to_lowercase();
                    if equity.len() < 3 && ratio.iter().any(|word| lower.contains(word)) {
                        assert_eq!(number.value, None, "{} {} of {equity:?}", preset.name(), number.name);
                    }
                }
            }
        }
    }
}
