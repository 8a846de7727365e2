//! Orders and liquidation within one bar, in the order of the bar's path.

use crosscut_model::{Exits, OrderKind, OrderRequest};

use super::*;
use crate::account::{CashKind, Margin};
use crate::venue::PathRule;

/// Ten thousand, 500 units bought at 100: equity meets the margin at 40000 / 475 = 84.21.
fn levered(path: PathRule) -> FloorConfig {
    let margin = Margin { initial: 0.1, maintenance: 0.05, liquidation_fee: 0.01 };
    FloorConfig { funds: Funds::Margin(margin), venue: VenueRules { path, ..VenueRules::default() }, ..config() }
}

fn flat(price: f64) -> (f64, f64, f64, f64) {
    (price, price, price, price)
}

/// Buys 500 at 100 with exits, then meets one bar; gives what was heard of fills, and whether it was liquidated.
fn meet(path: PathRule, exits: Exits, last: (f64, f64, f64, f64)) -> (Vec<String>, bool) {
    let script = vec![at(0, move |desk: &mut Desk| {
        desk.bracket(OrderRequest::market(0, Side::Buy, 500.0), exits);
    })];
    let (heard, floor) = play(levered(path), &[flat(100.0), flat(100.0), last], script);
    let is_liquidated = floor.desk().account().moved(CashKind::LiquidationFee) < 0.0;
    (heard.into_iter().filter(|line| line.contains('@')).collect(), is_liquidated)
}

#[test]
fn a_stop_before_the_liquidation_price_saves_the_account() {
    let exits = Exits { stop_loss: Some(90.0), take_profit: None };
    let (heard, is_liquidated) = meet(PathRule::AdverseFirst, exits, (100.0, 101.0, 80.0, 82.0));
    assert_eq!((heard[1].as_str(), is_liquidated), ("3h #2 sell 500 @ 90", false));
}

#[test]
fn a_stop_beyond_the_liquidation_price_comes_too_late() {
    let exits = Exits { stop_loss: Some(82.0), take_profit: None };
    let (heard, is_liquidated) = meet(PathRule::AdverseFirst, exits, (100.0, 101.0, 80.0, 90.0));
    assert!(heard[1].starts_with("3h #3 sell 500 @ 84.2105") && is_liquidated, "{heard:?}");
    assert_eq!(heard.len(), 2);
}

#[test]
fn a_profit_after_the_liquidation_is_none() {
    let exits = Exits { stop_loss: None, take_profit: Some(110.0) };
    let bar = (100.0, 112.0, 80.0, 105.0);
    let (heard, is_liquidated) = meet(PathRule::AdverseFirst, exits, bar);
    assert!(heard[1].starts_with("3h #3 sell 500 @ 84.2105") && is_liquidated, "{heard:?}");
    // On a path that sees the high first the profit is taken.
    let (heard, is_liquidated) = meet(PathRule::HighFirst, exits, bar);
    assert_eq!((heard[1].as_str(), is_liquidated), ("3h #2 sell 500 @ 110", false));
}

#[test]
fn a_bar_that_opens_beyond_both_fills_the_stop_at_the_open() {
    let exits = Exits { stop_loss: Some(90.0), take_profit: None };
    let (heard, is_liquidated) = meet(PathRule::AdverseFirst, exits, (80.5, 81.0, 80.0, 80.6));
    assert_eq!((heard[1].as_str(), is_liquidated), ("2h #2 sell 500 @ 80.5", false));
}

#[test]
fn an_order_that_adds_on_the_way_brings_the_liquidation_nearer() {
    // 300 at 100, and 400 more at 95: equity 10000 + 300 (p - 100) + 400 (p - 95) meets 35 p at 58000 / 665 = 87.2.
    let script = vec![at(0, |desk: &mut Desk| {
        desk.submit(OrderRequest::market(0, Side::Buy, 300.0));
        desk.submit(OrderRequest::limit(0, Side::Buy, 400.0, 95.0));
    })];
    let bars = [flat(100.0), flat(100.0), (100.0, 101.0, 86.0, 90.0)];
    let (heard, _) = play(levered(PathRule::AdverseFirst), &bars, script);
    assert_eq!(heard[1], "3h #2 buy 400 @ 95");
    assert!(heard[2].starts_with("3h #3 sell 700 @ 87.218"), "{heard:?}");
}

#[test]
fn what_is_bought_at_the_close_has_not_met_the_low() {
    let script = vec![at(0, |desk: &mut Desk| {
        desk.submit(OrderRequest::new(0, Side::Buy, 900.0, OrderKind::MarketOnClose));
    })];
    let bars = [flat(100.0), (100.0, 101.0, 70.0, 100.0), flat(100.0)];
    let (heard, floor) = play(levered(PathRule::AdverseFirst), &bars, script);
    assert_eq!((heard, floor.desk().quantity(0)), (vec!["2h #1 buy 900 @ 100".to_owned()], 900.0));
}

#[test]
fn a_short_is_liquidated_on_the_way_up() {
    // 1000 short at 100: 10000 + 1000 (100 - p) = 50 p at 110000 / 1050 = 104.76; the buy stop at 108 comes later.
    let script = vec![at(0, |desk: &mut Desk| {
        let exits = Exits { stop_loss: Some(108.0), take_profit: Some(95.0) };
        desk.bracket(OrderRequest::market(0, Side::Sell, 1000.0), exits);
    })];
    let bars = [flat(100.0), flat(100.0), (100.0, 110.0, 90.0, 100.0)];
    let (heard, _) = play(levered(PathRule::AdverseFirst), &bars, script);
    assert!(heard.iter().any(|line| line.starts_with("3h #4 buy 1000 @ 104.76")), "{heard:?}");
    assert!(!heard.iter().any(|line| line.contains("@ 95") || line.contains("@ 108")), "{heard:?}");
}

#[test]
fn the_greatest_leverage_there_is_keeps_cash_whole() {
    // A thousand times: a tick against it, and it is gone; what is left is never NaN.
    let margin = Margin { initial: 0.001, maintenance: 0.0005, liquidation_fee: 0.0 };
    let config = FloorConfig { funds: Funds::Margin(margin), ..config() };
    let script = vec![at(0, |desk: &mut Desk| {
        desk.submit(OrderRequest::market(0, Side::Buy, 1e9));
    })];
    let (heard, floor) = play(config, &[flat(100.0), flat(100.0), (99.96, 100.0, 50.0, 60.0)], script);
    assert_eq!(heard[..2], ["1h #1 buy 100000 @ 100".to_owned(), "1h #1 cancelled: insufficient margin".to_owned()]);
    // 10,000 less 4,000 at the open; the margin of 5,000 is met at 99.95.
    assert_eq!(floor.desk().quantity(0), 0.0);
    assert!(
        (floor.desk().cash() - (10_000.0 + 1e5 * (99.949_974_987_493_75 - 100.0))).abs() < 1e-3,
        "{}",
        floor.desk().cash()
    );
}

/// A flat bar of one of two symbols.
fn bar_of(symbol_idx: u32, hour: usize, prices: (f64, f64, f64, f64)) -> Bar {
    Bar { symbol_idx, feed_idx: symbol_idx, ..bar(hour, prices, 1000.0) }
}

/// Long 400 of the first symbol and short 300 of the second, both at 100; then bars of both.
fn hedged(second: (f64, f64, f64, f64), first: (f64, f64, f64, f64)) -> Floor {
    let mut floor = Floor::new(FloorConfig { n_symbols: 2, ..levered(PathRule::AdverseFirst) }).unwrap();
    let script = vec![at(1, |desk: &mut Desk| {
        desk.submit(OrderRequest::market(0, Side::Buy, 400.0));
        desk.submit(OrderRequest::market(1, Side::Sell, 300.0));
    })];
    let mut strategy = Scripted { script, heard: Vec::new(), n_seen: 0 };
    for (hour, symbol_idx, prices) in [
        (0, 0, flat(100.0)),
        (0, 1, flat(100.0)),
        (1, 0, flat(100.0)),
        (1, 1, flat(100.0)),
        (2, 1, second),
        (2, 0, first),
    ] {
        floor.pass_bar(&mut strategy, &bar_of(symbol_idx, hour, prices));
    }
    floor
}

#[test]
fn one_margin_is_for_all_positions() {
    // 10000 + 400 (p - 100) meets 0.05 (400 p + 30000) at p = 31500 / 380 = 82.89; both positions go, each with its fee.
    let floor = hedged(flat(100.0), (100.0, 101.0, 80.0, 90.0));
    let price = 31_500.0 / 380.0;
    let expected = 10_000.0 + 400.0 * (price - 100.0) - 0.01 * (400.0 * price + 300.0 * 100.0);
    assert_eq!((floor.desk().quantity(0), floor.desk().quantity(1)), (0.0, 0.0));
    assert!((floor.desk().cash() - expected).abs() < 1e-8, "{} {expected}", floor.desk().cash());
    // The short has earned 3000 first: 13000 + 400 (p - 100) meets 0.05 (400 p + 27000) at 28350 / 380 = 74.6, which 80 is not.
    let floor = hedged(flat(90.0), (100.0, 101.0, 80.0, 90.0));
    assert_eq!((floor.desk().quantity(0), floor.desk().quantity(1)), (400.0, -300.0));
    // The short loses: 10000 - 300 (p - 100) meets 0.05 (300 p + 40000) at 38000 / 315 = 120.63.
    let floor = hedged((100.0, 125.0, 99.0, 110.0), flat(100.0));
    let price = 38_000.0 / 315.0;
    let expected = 10_000.0 - 300.0 * (price - 100.0) - 0.01 * (300.0 * price + 400.0 * 100.0);
    assert_eq!((floor.desk().quantity(0), floor.desk().quantity(1)), (0.0, 0.0));
    assert!((floor.desk().cash() - expected).abs() < 1e-8, "{} {expected}", floor.desk().cash());
}

#[test]
fn funding_liquidates_what_the_margin_does_not_cover() {
    // 500 units bought at 100 and worth 86: equity 3000, margin 0.05 * 43000 = 2150, so that 850 may be paid.
    let after = |payments: &[f64]| {
        let script = vec![at(0, |desk: &mut Desk| {
            desk.submit(OrderRequest::market(0, Side::Buy, 500.0));
        })];
        let (_, mut floor) = play(levered(PathRule::AdverseFirst), &[flat(100.0), flat(100.0), flat(86.0)], script);
        payments.iter().for_each(|amount| floor.fund(0, amount / 43_000.0, 86.0));
        floor.settle(&[]);
        let account = floor.desk().account();
        (floor.desk().quantity(0), floor.desk().cash(), account.moved(CashKind::LiquidationFee))
    };
    let (quantity, cash, fee) = after(&[860.0]);
    assert!(quantity == 0.0 && (cash - (3000.0 - 860.0 - 430.0)).abs() < 1e-9 && (fee + 430.0).abs() < 1e-9);
    assert_eq!(after(&[838.5]).0, 500.0);
    // What is received at the same instant counts with what is paid.
    assert_eq!(after(&[860.0, -20.0]).0, 500.0);
    assert_eq!(after(&[840.0, 20.0]).0, 0.0);
}
