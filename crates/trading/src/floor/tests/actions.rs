//! Splits and dividends by hand: what is held, what works, what the guard remembers, what is paid out.

use crosscut_model::{CorporateAction, Exits, OrderKind, OrderRequest, Trail};

use super::*;
use crate::account::CashKind;
use crate::steps::Step;

/// A split of one into `ratio` before bar number `bar`, whose prices are in the new units.
fn split_before(
    (bar_number, ratio): (usize, f64),
    config: FloorConfig,
    prices: &[(f64, f64, f64, f64)],
    script: Script<'_>,
) -> (Vec<String>, Floor) {
    let mut floor = Floor::new(config).unwrap();
    let mut strategy = Scripted { script, heard: Vec::new(), n_seen: 0 };
    for (at, prices) in prices.iter().enumerate() {
        if at == bar_number {
            floor.split(0, ratio);
        }
        floor.pass_bar(&mut strategy, &bar(at, *prices, 1000.0));
    }
    (strategy.heard, floor)
}

fn flat(price: f64) -> (f64, f64, f64, f64) {
    (price, price, price, price)
}

fn submit<'a>(bar: usize, request: OrderRequest) -> Line<'a> {
    at(bar, move |desk| {
        desk.submit(request);
    })
}

fn lots(lot_size: f64) -> Steps {
    Steps::new(vec![vec![Step { from: i64::MIN, lot_size: Some(lot_size), ..Step::default() }]])
}

#[test]
fn a_position_is_worth_what_it_was() {
    let (_, floor) = split_before(
        (3, 4.0),
        config(),
        &[flat(100.0), flat(100.0), flat(100.0), flat(25.0)],
        vec![submit(0, OrderRequest::market(0, Side::Buy, 10.0))],
    );
    let position = floor.desk().position(0);
    assert_eq!((position.quantity, position.entry_price, floor.desk().equity()), (40.0, 25.0, 10_000.0));
}

#[test]
fn working_orders_follow_a_split() {
    let fall = (30.0, 30.0, 22.0, 24.0);
    for (kind, expected) in [
        (OrderKind::Stop { trigger: 92.0 }, "sell 40 @ 23"),
        (OrderKind::StopLimit { trigger: 92.0, price: 92.0 }, "sell 40 @ 23"),
        (OrderKind::TrailingStop { trail: Trail::Amount(20.0) }, "sell 40 @ 25"),
        (OrderKind::TrailingStop { trail: Trail::Fraction(0.2) }, "sell 40 @ 24"),
        (OrderKind::Limit { price: 116.0 }, "sell 40 @ 30"),
        (OrderKind::LimitOnOpen { price: 116.0 }, "sell 40 @ 30"),
        (OrderKind::LimitOnClose { price: 96.0 }, "sell 40 @ 24"),
        (OrderKind::MarketOnOpen, "sell 40 @ 30"),
        (OrderKind::Market, "sell 40 @ 30"),
    ] {
        let script = vec![
            submit(0, OrderRequest::market(0, Side::Buy, 10.0)),
            submit(1, OrderRequest::new(0, Side::Sell, 10.0, kind)),
        ];
        // On-open and on-close orders are sent on the last bar before the split, and all meet only the split prices.
        let (heard, _) = split_before((2, 4.0), config(), &[flat(100.0), flat(100.0), fall], script);
        assert_eq!(heard[1..], ["2h #2 split 4: 40 left".to_owned(), heard[2].clone()], "{kind:?}");
        assert!(heard[2].ends_with(expected), "{kind:?}: {heard:?}");
    }
}

#[test]
fn a_stop_on_the_bar_of_a_split_does_not_see_the_split_as_a_fall() {
    let script = || {
        vec![at(0, |desk: &mut Desk| {
            let exits = Exits { stop_loss: Some(90.0), take_profit: Some(130.0) };
            desk.bracket(OrderRequest::market(0, Side::Buy, 10.0), exits);
        })]
    };
    let prices = [flat(100.0), flat(100.0), (25.0, 26.0, 24.0, 25.5)];
    let (heard, floor) = split_before((2, 4.0), config(), &prices, script());
    assert_eq!(floor.desk().quantity(0), 40.0, "{heard:?}");
    let guard = FloorConfig {
        risk: RiskRules { stop_loss: Some(0.1), trailing_stop: Some(0.1), ..RiskRules::default() },
        ..config()
    };
    let hold = vec![submit(0, OrderRequest::market(0, Side::Buy, 10.0))];
    assert_eq!(split_before((2, 4.0), guard, &prices, hold).1.desk().quantity(0), 40.0);
    // A fall beyond the stop in the new units is one.
    let prices = [flat(100.0), flat(100.0), (25.0, 26.0, 22.0, 23.0)];
    let (heard, floor) = split_before((2, 4.0), config(), &prices, script());
    assert_eq!(floor.desk().quantity(0), 0.0);
    assert!(heard.iter().any(|line| line.ends_with("sell 40 @ 22.5")), "{heard:?}");
}

#[test]
fn what_is_no_whole_lot_is_paid_out_at_the_last_price() {
    let run = |side| {
        split_before(
            (2, 1.5),
            FloorConfig { steps: lots(1.0), ..config() },
            &[flat(90.0), flat(90.0), flat(60.0)],
            vec![submit(0, OrderRequest::market(0, side, 5.0))],
        )
        .1
    };
    let long = run(Side::Buy);
    assert_eq!((long.desk().quantity(0), long.desk().account().moved(CashKind::CashInLieu)), (7.0, 30.0));
    assert_eq!(long.desk().equity(), 10_000.0);
    let short = run(Side::Sell);
    assert_eq!((short.desk().quantity(0), short.desk().account().moved(CashKind::CashInLieu)), (-7.0, -30.0));
    assert_eq!(short.desk().equity(), 10_000.0);
}

#[test]
fn a_reverse_split_may_leave_neither_position_nor_order() {
    let script = vec![
        submit(0, OrderRequest::market(0, Side::Buy, 3.0)),
        submit(1, OrderRequest::limit(0, Side::Buy, 4.0, 0.5)),
        submit(1, OrderRequest::limit(0, Side::Sell, 40.0, 2.0)),
    ];
    let steps = FloorConfig { steps: lots(1.0), ..config() };
    let (heard, mut floor) = split_before((2, 0.1), steps, &[flat(1.0), flat(1.0), flat(10.0)], script);
    assert_eq!((floor.desk().quantity(0), floor.desk().equity()), (0.0, 10_000.0));
    assert_eq!(floor.account().take_closed().len(), 1);
    assert!(heard.contains(&"2h #2 cancelled: below one lot".to_owned()), "{heard:?}");
    let left = floor.orders(0)[0];
    assert_eq!((left.remaining, left.request.kind), (4.0, OrderKind::Limit { price: 20.0 }));
}

#[test]
fn a_dividend_is_paid_on_what_was_held_before_the_split() {
    for (side, cash) in [(Side::Buy, 9_020.0), (Side::Sell, 10_980.0)] {
        let script = vec![submit(0, OrderRequest::market(0, side, 10.0))];
        let (_, mut floor) = play(config(), &[flat(100.0), flat(100.0)], script);
        let action = CorporateAction { timestamp: 0, available_at: 0, split: 2.0, dividend: 2.0, factor: 0.49 };
        floor.act(0, &action);
        assert_eq!((floor.desk().cash(), floor.desk().quantity(0).abs()), (cash, 20.0));
        assert!((floor.desk().growth(0) - 1.0 / 0.49).abs() < 1e-12);
    }
}

#[test]
fn what_is_no_ratio_changes_nothing() {
    let script = || vec![submit(0, OrderRequest::market(0, Side::Buy, 10.0))];
    for ratio in [0.0, -2.0, f64::NAN, f64::INFINITY, 1.0] {
        let (_, floor) = split_before((2, ratio), config(), &[flat(9.0), flat(9.0), flat(9.0)], script());
        assert_eq!((floor.desk().quantity(0), floor.desk().equity()), (10.0, 10_000.0), "{ratio}");
    }
}
