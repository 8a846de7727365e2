//! Cash that moves without a strategy: funding, borrowing, dividends, delisting, liquidation.

use crosscut_model::time::DAY;
use crosscut_model::{OrderKind, OrderRequest};

use super::*;
use crate::account::{CashKind, Margin};

fn flat(price: f64) -> (f64, f64, f64, f64) {
    (price, price, price, price)
}

fn trade<'a>(side: Side, quantity: f64) -> Script<'a> {
    vec![at(0, move |desk| {
        desk.submit(OrderRequest::market(0, side, quantity));
    })]
}

#[test]
fn funding_goes_from_long_to_short() {
    let (_, mut floor) = play(config(), &[flat(100.0), flat(100.0)], trade(Side::Sell, 10.0));
    floor.fund(0, 0.0001, 101.0);
    assert!((floor.desk().account().moved(CashKind::Funding) - 0.101).abs() < 1e-12);
    assert!((floor.desk().cash() - 11_000.101).abs() < 1e-9);
}

#[test]
fn nothing_is_paid_on_nothing_held() {
    let (_, mut floor) = play(config(), &[flat(100.0)], vec![]);
    floor.fund(0, 0.01, 100.0);
    floor.pay_dividend(0, 1.0);
    assert_eq!((floor.desk().cash(), floor.journal().records().len()), (10_000.0, 0));
}

#[test]
fn borrowing_costs_by_time() {
    let borrow = Some(BorrowRate { per_year: 0.365 });
    let prices = vec![flat(100.0); 50];
    let (_, floor) = play(FloorConfig { borrow, ..config() }, &prices, trade(Side::Sell, 10.0));
    // Short from 1h to 50h at 100: 0.001 a day of 1000, and the hour of the first bar is charged with the second.
    let expected = -0.001 * 1000.0 * 49.0 / 24.0;
    assert!((floor.desk().account().moved(CashKind::Borrow) - expected).abs() < 1e-9);
}

#[test]
fn dividends_are_paid_to_who_holds() {
    let (_, mut floor) = play(config(), &[flat(100.0), flat(100.0)], trade(Side::Buy, 10.0));
    floor.pay_dividend(0, 0.5);
    assert_eq!(floor.desk().account().moved(CashKind::Dividend), 5.0);
}

#[test]
fn a_delisted_symbol_is_closed_at_its_last_price_and_pays_no_more() {
    let (_, mut floor) = play(config(), &[flat(100.0), flat(100.0), flat(40.0)], trade(Side::Buy, 10.0));
    floor.advance(DAY);
    floor.delist(0);
    assert_eq!((floor.desk().quantity(0), floor.desk().cash()), (0.0, 9_400.0));
    floor.fund(0, 0.01, 40.0);
    assert_eq!(floor.desk().cash(), 9_400.0);
    let mut strategy = Scripted { script: trade(Side::Buy, 1.0), heard: Vec::new(), n_seen: 0 };
    floor.tell(&mut strategy, &Data::Bar(bar(30, flat(40.0), 1.0)));
    assert_eq!(strategy.heard, ["24h #2 sell 10 @ 40", "24h #3 rejected: not trading"]);
}

#[test]
fn a_liquidation_happens_where_equity_meets_the_margin() {
    let margin = Margin { initial: 0.1, maintenance: 0.05, liquidation_fee: 0.01 };
    let config = || FloorConfig { funds: Funds::Margin(margin), ..config() };
    // 500 units at 100 with 10,000: equity is 2.5 p when 10000 + 500 (p - 100) = 25 p, p = 40000 / 475 = 84.21...
    let prices = [flat(100.0), flat(100.0), (100.0, 101.0, 84.0, 90.0), flat(90.0)];
    let (heard, floor) = play(config(), &prices, trade(Side::Buy, 500.0));
    let price = 40_000.0 / 475.0;
    assert_eq!(heard.len(), 2);
    assert_eq!(heard[0], "1h #1 buy 500 @ 100");
    assert!(heard[1].starts_with("3h #2 sell 500 @ 84.21"), "{}", heard[1]);
    let expected = 10_000.0 + 500.0 * (price - 100.0) - 0.01 * 500.0 * price;
    assert!((floor.desk().cash() - expected).abs() < 1e-6);
    // A bar that opens beyond it liquidates at its open.
    let prices = [flat(100.0), flat(100.0), (80.5, 81.0, 80.0, 80.6)];
    let (heard, _) = play(config(), &prices, trade(Side::Buy, 500.0));
    assert_eq!(heard[1], "3h #2 sell 500 @ 80.5");
    // A bar that stays above it does not.
    let prices = [flat(100.0), flat(100.0), (100.0, 101.0, 84.3, 90.0)];
    assert_eq!(play(config(), &prices, trade(Side::Buy, 500.0)).0.len(), 1);
}

#[test]
fn leverage_is_refused_beyond_the_initial_margin() {
    let margin = Margin { initial: 0.5, maintenance: 0.25, liquidation_fee: 0.0 };
    let config = FloorConfig { funds: Funds::Margin(margin), ..config() };
    check(
        config,
        &[flat(100.0), flat(100.0)],
        trade(Side::Buy, 250.0),
        &["1h #1 buy 200 @ 100", "1h #1 cancelled: insufficient margin"],
    );
}

#[test]
fn a_cash_account_buys_what_it_can_pay_and_sells_what_it_holds() {
    let config = || FloorConfig { funds: Funds::Cash, costs: Costs::from_bps(100.0, 0.0).unwrap(), ..config() };
    let (heard, floor) = play(config(), &[flat(100.0), flat(101.0)], trade(Side::Buy, 100.0));
    assert_eq!(heard.len(), 2);
    assert!(floor.desk().cash() >= 0.0 && floor.desk().cash() < 1e-6);
    check(config(), &[flat(100.0), flat(100.0)], trade(Side::Sell, 1.0), &["1h #1 cancelled: nothing to sell"]);
}

#[test]
fn a_liquidation_is_a_drawdown() {
    let margin = Margin { initial: 0.1, maintenance: 0.05, liquidation_fee: 0.0 };
    let limits = crate::limits::Limits { max_drawdown: Some(0.5), ..crate::limits::Limits::default() };
    let risk = RiskRules { limits, ..RiskRules::default() };
    let config = FloorConfig { funds: Funds::Margin(margin), risk, ..config() };
    let mut script = trade(Side::Buy, 500.0);
    script.push(at(2, |desk| {
        desk.submit(OrderRequest::market(0, Side::Buy, 1.0));
    }));
    let (heard, _) = play(config, &[flat(100.0), flat(100.0), (80.5, 81.0, 80.0, 80.6), flat(80.0)], script);
    assert_eq!(heard[2], "3h #3 rejected: max_drawdown");
}

#[test]
fn excursions_count_only_prices_at_which_the_trade_was_open() {
    let prices = [flat(100.0), (100.0, 110.0, 95.0, 105.0), (105.0, 120.0, 85.0, 88.0)];
    let script = vec![at(0, |desk: &mut Desk| {
        let stop = OrderRequest::new(0, Side::Sell, 2.0, OrderKind::Stop { trigger: 90.0 });
        desk.submit(OrderRequest::market(0, Side::Buy, 2.0));
        desk.submit(stop.reduce_only());
    })];
    let (heard, mut floor) = play(config(), &prices, script);
    assert_eq!(heard, ["1h #1 buy 2 @ 100", "3h #2 sell 2 @ 90"]);
    // The bar it was bought at the open of counts whole; of the bar of its stop neither the 120 nor the 85 can be shown to
    // have come while it was open, nor the close after it.
    let trade = floor.account().take_closed()[0];
    assert_eq!((trade.mae, trade.mfe), (-20.0, 20.0));
}
