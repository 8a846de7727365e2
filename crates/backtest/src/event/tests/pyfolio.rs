//! pyfolio's test data: 9,367 transactions replayed through the ledger give its positions, cash, leverage and returns.
//!
//! Its conventions: a transaction has no commission and is booked at its price; a day's positions are valued at that day's
//! close, which is the price of the day's transaction where there is one; returns are those of positions and cash, in
//! decimals, from a first day that still has the capital of 100,000.

use std::collections::BTreeMap;

use crosscut_model::{Fill, Side};
use crosscut_trading::ledger::Ledger;

use super::{shared, text};

/// Rows of a file by the day they begin with; the first line is a head when it does not begin with a year.
fn rows(file: &str) -> Option<BTreeMap<String, Vec<Vec<String>>>> {
    let text = text(&shared()?.join("data/golden/pyfolio_test_data").join(file));
    let mut out: BTreeMap<String, Vec<Vec<String>>> = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("20")) {
        let cells: Vec<String> = line.split(',').map(str::to_owned).collect();
        out.entry(cells[0][..10].to_owned()).or_default().push(cells);
    }
    Some(out)
}

fn number(text: &str) -> f64 {
    text.parse().unwrap()
}

#[test]
fn positions_and_transactions_give_the_returns() {
    const SYMBOLS: [&str; 7] = ["AMD", "CERN", "COST", "DELL", "GPS", "INTC", "MMM"];
    let (Some(positions), Some(transactions)) = (rows("test_pos.csv.gz"), rows("test_txn.csv.gz")) else { return };
    let (returns, leverage) = (rows("test_returns.csv.gz").unwrap(), rows("test_gross_lev.csv.gz").unwrap());
    let near = |what: &str, day: &str, (a, b): (f64, f64), unit: f64| {
        assert!((a - b).abs() <= unit, "{what} on {day}: {a}, theirs {b}");
    };
    let mut ledger = Ledger::new(100_000.0, SYMBOLS.len());
    let (mut equity_before, mut n_booked, mut n_priced) = (100_000.0, 0, 0);
    for (at, (day, row)) in positions.iter().enumerate() {
        let mut traded_at = [None; SYMBOLS.len()];
        for one in transactions.get(day).map(Vec::as_slice).unwrap_or_default() {
            let symbol_idx = SYMBOLS.iter().position(|symbol| *symbol == one[4]).unwrap();
            let (amount, price) = (number(&one[1]), number(&one[2]));
            near("dollars", day, (-amount * price, number(&one[5])), 1e-6);
            let side = if amount > 0.0 { Side::Buy } else { Side::Sell };
            let fill = Fill { filled_at: at as i64, quantity: amount.abs(), price, commission: 0.0, slippage: 0.0 };
            ledger.book(symbol_idx as u32, side, &fill, at as u64);
            traded_at[symbol_idx] = Some(price);
            n_booked += 1;
        }
        let values: Vec<f64> = row[0][1..=SYMBOLS.len()].iter().map(|cell| number(cell)).collect();
        near("cash", day, (ledger.cash(), number(&row[0][1 + SYMBOLS.len()])), 1e-5);
        let (mut net, mut gross) = (0.0, 0.0);
        for (symbol_idx, value) in values.iter().enumerate() {
            let quantity = ledger.quantity(symbol_idx as u32);
            assert_eq!(quantity == 0.0, *value == 0.0, "{} on {day}", SYMBOLS[symbol_idx]);
            if let Some(price) = traded_at[symbol_idx] {
                near(SYMBOLS[symbol_idx], day, (quantity * price, *value), 1e-5);
                n_priced += 1;
            }
            net += value;
            gross += value.abs();
        }
        let equity = ledger.cash() + net;
        near("return", day, (equity / equity_before - 1.0, number(&returns[day][0][1])), 1e-9);
        near("gross leverage", day, (gross / equity, number(&leverage[day][0][1])), 1e-9);
        equity_before = equity;
    }
    assert_eq!((positions.len(), n_booked, n_priced), (1506, 9367, 9367));
    // What its curve says before the first position.
    for (day, row) in returns.iter().filter(|(day, _)| !positions.contains_key(*day)) {
        assert_eq!(number(&row[0][1]), 0.0, "{day}");
    }
}

#[test]
fn attributed_positions_give_the_returns() {
    let (Some(positions), Some(loadings)) = (rows("positions.csv"), rows("factor_loadings.csv")) else { return };
    let (factors, residuals) = (rows("factor_returns.csv").unwrap(), rows("residuals.csv").unwrap());
    let returns = rows("returns.csv").unwrap();
    assert_eq!(returns.len(), 504);
    for (day, row) in &returns {
        let held: Vec<f64> = positions[day][0][1..3].iter().map(|cell| number(cell)).collect();
        let total: f64 = held.iter().sum::<f64>() + number(&positions[day][0][3]);
        let of_factors: Vec<f64> = factors[day][0][1..].iter().map(|cell| number(cell)).collect();
        // A position earns its loadings times the factors' returns, and its residual; the portfolio by weights.
        let earned: f64 = (0..2)
            .map(|name| {
                let loading = &loadings[day][name];
                let common: f64 = loading[2..].iter().zip(&of_factors).map(|(one, factor)| number(one) * factor).sum();
                held[name] / total * (common + number(&residuals[day][0][1 + name]))
            })
            .sum();
        assert!((earned - number(&row[0][1])).abs() < 1e-10, "{day}: {earned}");
    }
}
