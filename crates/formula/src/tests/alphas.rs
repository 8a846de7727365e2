//! The 101 alphas against an independent implementation, by digests of a generated market.

use super::*;
use crate::PanelInput;
use crate::library::family;

/// The digests, and how they were made.
const REFERENCE: &str = include_str!("alphas_reference.txt");

/// Symbols of the market.
const SYMBOLS: usize = 16;
/// Its times.
const TIMES: usize = 420;
/// Its columns.
const MARKET: [&str; 10] =
    ["open", "high", "low", "close", "volume", "vwap", "cap", "sector", "industry", "subindustry"];

/// The rows of one symbol, which begins some times after the first.
fn symbol(number: usize) -> (Vec<i64>, Vec<Vec<f64>>) {
    let first = number % 4 * 10;
    let mut state = 1000 + number as u64;
    let mut price = 100.0 * (1.0 + random(&mut state));
    let mut columns = vec![Vec::new(); MARKET.len()];
    for time in 0..TIMES {
        let open = price * (1.0 + 0.01 * (random(&mut state) - 0.5));
        price *= 1.0 + 0.04 * (random(&mut state) - 0.5);
        let high = open.max(price) * (1.0 + 0.01 * random(&mut state));
        let low = open.min(price) * (1.0 - 0.01 * random(&mut state));
        let volume = 1e3 * (0.5 + random(&mut state));
        let category = |groups: usize| (number % groups) as f64;
        let cap = price * (1.0 + number as f64) * 1e6;
        let vwap = (high + low + price) / 3.0;
        let row = [open, high, low, price, volume, vwap, cap, category(3), category(5), category(7)];
        if time >= first {
            columns.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
        }
    }
    ((first as i64..TIMES as i64).collect(), columns)
}

/// Values of all alphas: symbol by symbol, alpha by alpha.
fn alphas() -> (Program, Vec<Vec<Vec<f64>>>) {
    let factors = family("alpha101").unwrap().factors(None).unwrap();
    let program = Program::compile(&[], &factors, &MARKET, &[]).unwrap();
    let symbols: Vec<_> = (0..SYMBOLS).map(symbol).collect();
    let at = |name: &String| MARKET.iter().position(|column| column == name).unwrap();
    let rows: Vec<PanelInput<'_>> = symbols
        .iter()
        .map(|(times, columns)| PanelInput {
            times,
            columns: program.inputs().iter().map(|name| columns[at(name)].as_slice()).collect(),
        })
        .collect();
    let mut outputs = vec![vec![Vec::new(); factors.len()]; SYMBOLS];
    program.panel(SYMBOLS).update(&rows, &mut outputs).unwrap();
    (program, outputs)
}

#[test]
fn every_alpha_equals_the_independent_version() {
    let (program, outputs) = alphas();
    let (mut n_checked, mut wrong) = (0, Vec::new());
    for line in REFERENCE.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split(' ').collect();
        let [name, count, sum, weighted] = fields[..4] else { panic!("{line}") };
        let output = program.outputs().iter().position(|output| output == name).unwrap();
        let (mut got_count, mut got_sum, mut got_weighted, mut size) = (0, 0.0, 0.0, 0.0);
        for (symbol, outputs) in outputs.iter().enumerate() {
            let first = symbol % 4 * 10;
            for (row, value) in outputs[output].iter().enumerate().filter(|(_, value)| value.is_finite()) {
                got_count += 1;
                got_sum += value;
                got_weighted += value * (((first + row) * 7 + symbol * 13) % 11) as f64;
                size += value.abs() * 11.0;
            }
        }
        assert_eq!(got_count.to_string(), count, "{name}");
        // Where equal numbers are ranked after different roundings, single ranks differ.
        let allowed = size * if fields.contains(&"ties") { 1e-2 } else { 1e-11 };
        for (got, want) in [(got_sum, sum), (got_weighted, weighted)] {
            let want: f64 = want.parse().unwrap();
            if (got - want).abs() > allowed {
                wrong.push(format!("{name}: {got} for {want}"));
            }
        }
        n_checked += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(n_checked, 101);
}

#[test]
fn what_an_alpha_lacks_is_said() {
    let bars = crosscut_model::bar::BAR_COLUMNS;
    let (usable, unusable) = family("alpha101").unwrap().usable(None, &bars).unwrap();
    assert_eq!((usable.len(), unusable.len()), (82, 19));
    let lacks = |name: &str| unusable.iter().find(|factor| factor.name == name).unwrap().missing.join(" ");
    assert_eq!(lacks("alpha_056"), "cap");
    assert_eq!(lacks("alpha_067"), "sector subindustry");
    assert!(Program::compile(&[], &usable, &bars, &[]).is_ok());
    let (_, unusable) = family("features").unwrap().usable(None, &["close", "high", "low"]).unwrap();
    assert!(unusable.iter().any(|factor| factor.name == "volume_ratio_{w}" && factor.missing == ["volume"]));
}
