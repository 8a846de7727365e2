//! Latency, several prices of one bar, trades, steps.

use crosscut_model::{Change, Instrument, OrderId, OrderRequest};

use super::*;

#[test]
fn an_order_on_its_way_meets_only_what_comes_after_it() {
    let venue = VenueRules { latency: 60_000_000, ..VenueRules::default() };
    let prices = [(100.0, 100.0, 100.0, 100.0), (101.0, 109.0, 91.0, 105.0), (106.0, 107.0, 104.0, 105.0)];
    let config = || FloorConfig { venue, ..config() };
    let script = |request| {
        vec![at(0, move |desk: &mut Desk| {
            desk.submit(request);
        })]
    };
    // Sent at 1h, there at 1h and a minute: of the bar from 1h to 2h only the close is certain to come later.
    check(config(), &prices, script(OrderRequest::market(0, Side::Buy, 1.0)), &["2h #1 buy 1 @ 105"]);
    check(config(), &prices, script(OrderRequest::limit(0, Side::Buy, 1.0, 95.0)), &[]);
    let prices = [(100.0, 100.0, 100.0, 100.0), (101.0, 109.0, 91.0, 105.0), (94.0, 97.0, 90.0, 95.0)];
    check(config(), &prices, script(OrderRequest::limit(0, Side::Buy, 1.0, 95.0)), &["2h #1 buy 1 @ 94"]);
}

#[test]
fn changes_are_on_their_way_too() {
    let venue = VenueRules { latency: HOUR, ..VenueRules::default() };
    let prices = [(100.0, 100.0, 100.0, 100.0); 3].into_iter().chain([(100.0, 100.0, 80.0, 90.0); 2]);
    let prices: Vec<_> = prices.collect();
    let script = vec![
        at(0, |desk: &mut Desk| {
            desk.submit(OrderRequest::limit(0, Side::Buy, 1.0, 85.0));
        }),
        // Sent at 3h, there at 4h: the bar from 3h to 4h fills the order first.
        at(2, |desk: &mut Desk| desk.cancel(OrderId(1))),
    ];
    check(FloorConfig { venue, ..config() }, &prices, script, &["4h #1 buy 1 @ 85"]);
    let script = vec![
        at(0, |desk: &mut Desk| {
            desk.submit(OrderRequest::limit(0, Side::Buy, 1.0, 50.0));
        }),
        at(2, |desk: &mut Desk| {
            desk.modify(OrderId(1), Change { price: Some(85.0), ..Change::default() });
        }),
    ];
    check(FloorConfig { venue, ..config() }, &prices, script, &["4h #1 modified", "5h #1 buy 1 @ 85"]);
}

/// A trade of one unit.
fn trade(timestamp: i64, price: f64) -> Trade {
    Trade { symbol_idx: 0, feed_idx: 0, timestamp, price, quantity: 1.0, taker: None }
}

#[test]
fn orders_meet_trades() {
    let mut floor = Floor::new(config()).unwrap();
    let script = vec![at(0, |desk: &mut Desk| {
        desk.submit(OrderRequest::market(0, Side::Buy, 1.0));
        desk.submit(OrderRequest::limit(0, Side::Buy, 1.0, 98.0));
        desk.submit(OrderRequest::stop(0, Side::Sell, 1.0, 97.0));
    })];
    let mut strategy = Scripted { script, heard: Vec::new(), n_seen: 0 };
    for (at, price) in [100.0, 101.0, 98.0, 97.5, 96.0].into_iter().enumerate() {
        floor.pass_trade(&mut strategy, &trade(at as i64 * HOUR, price));
    }
    // The limit needs a trade beyond it and then fills at its own price; the stop at the price that set it off.
    assert_eq!(strategy.heard, ["1h #1 buy 1 @ 101", "3h #2 buy 1 @ 98", "4h #3 sell 1 @ 96"]);
}

#[test]
fn a_share_of_each_trade_is_taken() {
    let venue = VenueRules { participation: Some(0.5), ..VenueRules::default() };
    let mut floor = Floor::new(FloorConfig { venue, ..config() }).unwrap();
    let script = vec![at(0, |desk: &mut Desk| {
        desk.submit(OrderRequest::market(0, Side::Buy, 1.2));
    })];
    let mut strategy = Scripted { script, heard: Vec::new(), n_seen: 0 };
    for at in 0..5 {
        floor.pass_trade(&mut strategy, &trade(at * HOUR, 100.0));
    }
    assert_eq!(strategy.heard.len(), 3);
    assert!((floor.desk().quantity(0) - 1.2).abs() < 1e-12);
}

#[test]
fn what_rounding_drops_is_told() {
    let instrument =
        Instrument { tick_size: Some(0.5), lot_size: Some(1.0), min_notional: Some(150.0), ..Instrument::named("A") };
    let steps = Steps::from_instruments(&["A".to_owned()], &[instrument]);
    let script = vec![at(0, |desk: &mut Desk| {
        desk.submit(OrderRequest::market(0, Side::Buy, 2.7));
        desk.submit(OrderRequest::market(0, Side::Buy, 0.9));
        desk.submit(OrderRequest::market(0, Side::Buy, 1.0));
        desk.submit(OrderRequest::limit(0, Side::Buy, 2.0, 90.3));
    })];
    let prices = [(100.0, 100.0, 100.0, 100.0), (100.0, 100.0, 90.0, 90.2), (90.0, 90.0, 89.0, 90.2)];
    let (heard, floor) = play(FloorConfig { steps, ..config() }, &prices, script);
    assert_eq!(
        heard,
        [
            "1h #2 rejected: below one lot",
            "1h #3 rejected: below minimum notional",
            "1h #1 buy 2 @ 100",
            "3h #4 buy 2 @ 90",
        ]
    );
    let dropped = floor.dropped();
    assert_eq!((dropped.n_rounded, dropped.n_below_one_lot, dropped.n_below_min_notional), (2, 1, 1));
    // 0.7 and 0.9 units at 100, and one unit that was too small an order.
    assert!((dropped.quantity_value - 260.0).abs() < 1e-9);
}
