//! backtesting.py's own statistics of six runs, from their equity curves and trades: the preset gives its numbers.

use std::path::Path;

use super::super::presets::{Preset, Sample, Trade};
use super::shared;

/// A gzipped file's text.
fn unzipped(path: &Path) -> String {
    let output = std::process::Command::new("gzip").arg("-dc").arg(path).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Days since 1970 of `2018-01-26`, with or without a time behind it.
fn days(text: &str) -> f64 {
    let part = |range: std::ops::Range<usize>| text[range].parse::<i64>().unwrap();
    let (year, month, day) = (part(0..4), part(5..7), part(8..10));
    // Days from civil (Hinnant): years begin in March.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * month + 2) / 5 + day - 1;
    (era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468) as f64
}

/// The number behind `"name":` in a strategy's part of the JSON document.
fn stated(document: &str, strategy: &str, name: &str) -> Option<f64> {
    let part = &document[document.find(&format!("\"{strategy}\": {{")).unwrap()..];
    let part = &part[..part.find('}').unwrap()];
    let value = &part[part.find(&format!("\"{name}\":"))? + name.len() + 3..];
    let text = value[..value.find([',', '\n']).unwrap_or(value.len())].trim().trim_matches('"');
    text.split(' ').next().unwrap().parse().ok()
}

#[test]
fn agrees_with_backtesting_py() {
    let Some(folder) = shared() else {
        println!("skipped: shared data not found");
        return;
    };
    let folder = folder.join("data/golden/computed/backtesting_py");
    let mut n_checked = 0;
    for (symbol, per_year) in [("AAPL", 252.0), ("BTCUSDT", 365.0)] {
        let document = std::fs::read_to_string(folder.join(format!("{symbol}_stats.json"))).unwrap();
        let input = unzipped(&folder.join(format!("{symbol}_input.csv.gz")));
        let close: Vec<f64> =
            input.lines().skip(1).map(|line| line.split(',').nth(5).unwrap().parse().unwrap()).collect();
        for strategy in ["sma_cross_long_only", "sma_cross_long_short", "sma_cross_bracket_sl5_tp10"] {
            let curve = unzipped(&folder.join(format!("{symbol}_{strategy}_equity.csv.gz")));
            let rows: Vec<Vec<&str>> = curve.lines().skip(1).map(|line| line.split(',').collect()).collect();
            let equity: Vec<f64> = rows.iter().map(|row| row[1].parse().unwrap()).collect();
            let times: Vec<f64> = rows.iter().map(|row| days(row[0]) - days(rows[0][0])).collect();
            let list = std::fs::read_to_string(folder.join(format!("{symbol}_{strategy}_trades.csv"))).unwrap();
            let (mut trades, mut held) = (Vec::new(), vec![0.0; equity.len()]);
            for row in list.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>()) {
                let number = |at: usize| row[at].parse::<f64>().unwrap();
                trades.push(Trade { profit: number(7), return_: number(9), days: days(row[11]) - days(row[10]) });
                held[number(1) as usize..=number(2) as usize].fill(1.0);
            }
            let sample = Sample {
                equity: &equity,
                benchmark: Some(&close),
                days: &times,
                trades: &trades,
                exposure: super::super::mean(&held),
                periods_per_year: per_year,
                risk_free: 0.0,
            };
            for number in Preset::BacktestingPy.numbers(&sample) {
                let expected = stated(&document, strategy, number.name);
                // Its buy-and-hold begins after the indicators' warm-up, which no curve tells; alpha rests on it.
                if ["Buy & Hold Return [%]", "Alpha [%]"].contains(&number.name) {
                    continue;
                }
                let (value, expected) =
                    (number.value.unwrap(), expected.unwrap_or_else(|| panic!("no {}", number.name)));
                // Durations are rounded up to whole days there.
                let value = if number.name.ends_with("Duration") { value.ceil() } else { value };
                let is_near = (value - expected).abs() <= 1e-6 * expected.abs().max(1e-6);
                assert!(is_near, "{symbol} {strategy} {}: {value} instead of {expected}", number.name);
                n_checked += 1;
            }
        }
    }
    assert_eq!(n_checked, 6 * 26);
}
