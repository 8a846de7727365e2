//! Funding on a venue's real rows: intervals of its own, changes of interval, jitter; and a position held through three
//! years against a plain sum.

use std::collections::BTreeMap;

use crosscut_hub::parquet_file;
use crosscut_model::funding::nominal;
use crosscut_model::time::HOUR;
use crosscut_model::{Bars, OrderRequest, Side};
use crosscut_trading::Desk;
use crosscut_trading::funding::{FundingRow, FundingRules, Marks, MissingMark, MissingRow, plan};
use crosscut_trading::market::Data;
use crosscut_trading::order::Update;

use super::*;

/// Missing rows are refused; payments are on the last traded price.
const RULES: FundingRules =
    FundingRules { missing_row: MissingRow::Error, missing_mark: MissingMark::LastPrice, mark_age_max: 0 };

/// Rows of a file by symbol, in time order.
fn funding_rows(file: &Path) -> BTreeMap<String, Vec<FundingRow>> {
    let table = parquet_file::read(file, &["symbol", "funding_time", "funding_rate"]).unwrap();
    let (symbols, rates) = (table.text("symbol").unwrap(), table.f64("funding_rate").unwrap());
    let times = table.i64("funding_time").unwrap();
    let mut by_symbol: BTreeMap<String, Vec<FundingRow>> = BTreeMap::new();
    for row in 0..table.len() {
        let funding = FundingRow { at: times[row] * 1000, rate: rates[row], interval: None };
        by_symbol.entry(symbols[row].clone()).or_default().push(funding);
    }
    for rows in by_symbol.values_mut() {
        rows.sort_by_key(|row| row.at);
    }
    by_symbol
}

#[test]
fn no_row_of_the_venue_is_taken_for_missing_and_a_missing_one_is_found() {
    let Some(shared) = shared() else { return };
    let by_symbol = funding_rows(&shared.join("data/crypto/binance_um_funding_2026.parquet"));
    assert_eq!(by_symbol.len(), 354);
    let mut n_found = 0;
    for (symbol, rows) in &by_symbol {
        let planned = plan(symbol, rows, Marks::default(), None, RULES).unwrap();
        assert_eq!((planned.due.len(), planned.n_missing_rows), (rows.len(), 0), "{symbol}");
        let mut with_hole = rows.clone();
        with_hole.remove(rows.len() / 2);
        n_found += usize::from(plan(symbol, &with_hole, Marks::default(), None, RULES).is_err());
    }
    // At the very change of an interval a hole cannot be told from the change.
    assert!(n_found >= 350, "{n_found}");
}

/// Buys at its first bar and holds.
struct Hold;

impl Strategy for Hold {
    fn on_data(&mut self, data: &Data, desk: &mut Desk) {
        if desk.quantity(0) == 0.0 && desk.open_orders().is_empty() {
            desk.submit(OrderRequest::market(data.symbol_idx(), Side::Buy, 1.5));
        }
    }

    fn on_order(&mut self, _update: &Update, _desk: &mut Desk) {}

    fn evaluate(&mut self, _desk: &mut Desk) {}
}

#[test]
fn three_years_of_funding_are_a_plain_sum() {
    let Some(shared) = shared() else { return };
    let mut by_symbol = funding_rows(&shared.join("data/crypto/binance_um_funding_BTCUSDT_2022_2024.parquet"));
    let rows = by_symbol.remove("BTCUSDT").unwrap();
    let columns = ["symbol", "open_time", "open", "high", "low", "close"];
    let table = parquet_file::read(&shared.join("data/crypto/binance_um_perp_4h.parquet"), &columns).unwrap();
    let column = |name| table.f64(name).unwrap();
    let prices = ["open", "high", "low", "close"].map(column);
    let mut bars = Bars::default();
    for row in 0..table.len() {
        let open = table.i64("open_time").unwrap()[row] * 1000;
        if table.text("symbol").unwrap()[row] == "BTCUSDT" && (rows[0].at..rows[3000].at).contains(&open) {
            push(&mut bars, (open, open + 4 * HOUR), prices.map(|column| column[row]), 1.0);
        }
    }
    let planned = plan("BTCUSDT", &rows, Marks::default(), None, RULES).unwrap();
    let market = Market {
        symbols: vec!["BTCUSDT".to_owned()],
        feeds: vec![Feed::Bars { symbol: "BTCUSDT", bars: &bars }],
        funding: vec![planned.due],
        ..Market::default()
    };
    let outcome = replay_events(market, config(1e6, 1), EventOptions::default(), &mut Hold).unwrap();
    // Held from the second bar's open to the last close, paid on the last close at each row's full minute. A row that is due
    // at that very open is not paid, however late its label is.
    let (from, until) = (bars.timestamp[1], *bars.available_at.last().unwrap());
    let mut expected = 0.0;
    for (due, row) in rows.iter().map(|row| (nominal(row.at), row)).filter(|(due, _)| *due > from && *due <= until) {
        let last = bars.available_at.partition_point(|&close| close <= due) - 1;
        expected -= 1.5 * bars.close[last] * row.rate;
    }
    let (kind, paid) = outcome.moved[0];
    assert_eq!(kind, CashKind::Funding);
    assert!(bars.len() > 5000 && expected < -1000.0);
    assert!((paid - expected).abs() < 1e-6, "{paid} {expected}");
}
