//! Each kind of order, time in force and condition, by hand.

use crosscut_model::{Change, Exits, OrderKind, OrderRequest, TimeInForce, Trail};

use super::*;

const BUY: Side = Side::Buy;
const SELL: Side = Side::Sell;

/// A bar at one price.
fn flat(price: f64) -> (f64, f64, f64, f64) {
    (price, price, price, price)
}

/// A script of one order at the first bar.
fn first<'a>(request: OrderRequest) -> Script<'a> {
    vec![at(0, move |desk| {
        desk.submit(request);
    })]
}

fn order(side: Side, kind: OrderKind) -> OrderRequest {
    OrderRequest::new(0, side, 2.0, kind)
}

#[test]
fn a_market_order_meets_the_next_open() {
    check(
        config(),
        &[flat(100.0), (103.0, 109.0, 99.0, 105.0)],
        first(OrderRequest::market(0, BUY, 2.0)),
        &["1h #1 buy 2 @ 103"],
    );
}

#[test]
fn a_market_order_meets_the_price_its_rule_names() {
    let with = |market: &str| {
        let venue = VenueRules { market: market.parse().unwrap(), ..VenueRules::default() };
        FloorConfig { venue, ..config() }
    };
    let prices = [flat(100.0), (103.0, 109.0, 99.0, 105.0), flat(107.0)];
    let buy = || first(OrderRequest::market(0, BUY, 2.0));
    check(with("close"), &prices, buy(), &["1h #1 buy 2 @ 100"]);
    check(with("next_close"), &prices, buy(), &["2h #1 buy 2 @ 105"]);
    // No bar has an average price here, so that the order waits.
    check(with("next_vwap"), &prices, buy(), &[]);
}

#[test]
fn a_market_order_in_a_gap_meets_the_price_after_it() {
    // Regression of others: a market order filled at the last price before a gap of many hours.
    let mut floor = Floor::new(config()).unwrap();
    let mut strategy = Scripted { script: first(OrderRequest::market(0, BUY, 1.0)), heard: Vec::new(), n_seen: 0 };
    floor.pass_bar(&mut strategy, &bar(0, flat(100.0), 10.0));
    floor.pass_bar(&mut strategy, &bar(40, flat(60.0), 10.0));
    assert_eq!(strategy.heard, ["40h #1 buy 1 @ 60"]);
}

#[test]
fn a_limit_needs_trade_through_unless_touch_is_chosen() {
    let prices = [flat(100.0), (99.0, 101.0, 95.0, 99.0), (99.0, 101.0, 94.9, 99.0)];
    let buy = || first(OrderRequest::limit(0, BUY, 2.0, 95.0));
    check(config(), &prices, buy(), &["3h #1 buy 2 @ 95"]);
    let venue = VenueRules { limit_fill: crate::venue::LimitFill::Touch, ..VenueRules::default() };
    check(FloorConfig { venue, ..config() }, &prices, buy(), &["2h #1 buy 2 @ 95"]);
}

#[test]
fn a_limit_beyond_the_open_fills_at_the_open() {
    check(
        config(),
        &[flat(100.0), (97.0, 99.0, 96.0, 98.0)],
        first(OrderRequest::limit(0, BUY, 2.0, 98.0)),
        &["1h #1 buy 2 @ 97"],
    );
    check(
        config(),
        &[flat(100.0), (104.0, 105.0, 96.0, 98.0)],
        first(OrderRequest::limit(0, SELL, 2.0, 101.0)),
        &["1h #1 sell 2 @ 104"],
    );
}

#[test]
fn a_stop_fills_at_its_trigger_or_at_a_worse_open() {
    let stop = |trigger| first(OrderRequest::stop(0, BUY, 2.0, trigger));
    check(config(), &[flat(100.0), (99.0, 105.0, 98.0, 101.0)], stop(105.0), &["2h #1 buy 2 @ 105"]);
    check(config(), &[flat(100.0), (108.0, 109.0, 98.0, 101.0)], stop(105.0), &["1h #1 buy 2 @ 108"]);
    check(config(), &[flat(100.0), (99.0, 104.9, 98.0, 101.0)], stop(105.0), &[]);
}

#[test]
fn a_stop_limit_rests_when_the_price_jumps_over_it() {
    let request = order(BUY, OrderKind::StopLimit { trigger: 105.0, price: 106.0 });
    check(config(), &[flat(100.0), (100.0, 107.0, 99.0, 104.0)], first(request), &["2h #1 buy 2 @ 105"]);
    // It is set off at 110, above its limit, and filled when the price comes back through 106.
    let prices = [flat(100.0), (110.0, 112.0, 109.0, 111.0), (110.0, 111.0, 105.0, 108.0)];
    check(config(), &prices, first(request), &["3h #1 buy 2 @ 106"]);
}

#[test]
fn a_trailing_stop_follows_the_best_price() {
    let trail = |trail| first(order(SELL, OrderKind::TrailingStop { trail }));
    let venue = VenueRules { path: crate::venue::PathRule::LowFirst, ..VenueRules::default() };
    let config = || FloorConfig { venue, ..config() };
    // Low, then high 110: the trigger is 105; the close at 106 does not reach it, the next low does.
    let prices = [flat(100.0), (101.0, 110.0, 100.0, 106.0), (107.0, 108.0, 103.0, 104.0)];
    check(config(), &prices, trail(Trail::Amount(5.0)), &["3h #1 sell 2 @ 105"]);
    check(config(), &prices, trail(Trail::Fraction(0.05)), &["3h #1 sell 2 @ 104.5"]);
    // Down 9 from the high within the same bar.
    let prices = [flat(100.0), (101.0, 110.0, 100.0, 101.0)];
    check(config(), &prices, trail(Trail::Amount(5.0)), &["2h #1 sell 2 @ 105"]);
}

#[test]
fn orders_on_open_and_close_wait_for_them() {
    let prices = [flat(100.0), (103.0, 109.0, 99.0, 105.0)];
    check(config(), &prices, first(order(BUY, OrderKind::MarketOnOpen)), &["1h #1 buy 2 @ 103"]);
    check(config(), &prices, first(order(BUY, OrderKind::MarketOnClose)), &["2h #1 buy 2 @ 105"]);
    check(config(), &prices, first(order(BUY, OrderKind::LimitOnOpen { price: 103.0 })), &["1h #1 buy 2 @ 103"]);
    check(
        config(),
        &prices,
        first(order(BUY, OrderKind::LimitOnOpen { price: 102.0 })),
        &["1h #1 cancelled: not filled at once"],
    );
    check(
        config(),
        &prices,
        first(order(SELL, OrderKind::LimitOnClose { price: 105.5 })),
        &["2h #1 cancelled: not filled at once"],
    );
}

#[test]
fn sessions_have_one_open_and_one_close_a_day() {
    let session = crate::venue::Session::Daily { opens: 0, closes: 24 * HOUR };
    let venue = VenueRules { session, ..VenueRules::default() };
    let prices: Vec<_> = (0..30).map(|hour| flat(100.0 + f64::from(hour))).collect();
    let script = |kind| {
        vec![at(3, move |desk: &mut Desk| {
            desk.submit(order(BUY, kind));
        })]
    };
    let config = || FloorConfig { venue, ..config() };
    check(config(), &prices, script(OrderKind::MarketOnClose), &["24h #1 buy 2 @ 123"]);
    check(config(), &prices, script(OrderKind::MarketOnOpen), &["24h #1 buy 2 @ 124"]);
}

#[test]
fn day_orders_end_with_their_day_and_dated_ones_with_their_time() {
    let prices: Vec<_> = (0..30).map(|_| flat(100.0)).collect();
    let limit = OrderRequest::limit(0, BUY, 1.0, 50.0);
    check(config(), &prices, first(limit.lasting(TimeInForce::Day)), &["24h #1 cancelled: expired"]);
    check(config(), &prices, first(limit.lasting(TimeInForce::Gtd(3 * HOUR))), &["3h #1 cancelled: expired"]);
    // The price passes 95 in the bar from 1h to 2h, but nobody knows whether before half past one.
    let prices = [flat(100.0), (100.0, 101.0, 90.0, 99.0), flat(99.0)];
    let dated = OrderRequest::limit(0, BUY, 1.0, 95.0).lasting(TimeInForce::Gtd(3 * HOUR / 2));
    check(config(), &prices, first(dated), &["1.5h #1 cancelled: expired"]);
    let open = OrderRequest::limit(0, BUY, 1.0, 101.0).lasting(TimeInForce::Gtd(3 * HOUR / 2));
    check(config(), &prices, first(open), &["1h #1 buy 1 @ 100"]);
}

#[test]
fn immediate_orders_have_one_chance() {
    let prices = [flat(100.0), (100.0, 101.0, 90.0, 99.0)];
    let limit = |price, tif| first(OrderRequest::limit(0, BUY, 1.0, price).lasting(tif));
    check(config(), &prices, limit(95.0, TimeInForce::Ioc), &["1h #1 cancelled: not filled at once"]);
    check(config(), &prices, limit(101.0, TimeInForce::Ioc), &["1h #1 buy 1 @ 100"]);
    check(config(), &prices, limit(95.0, TimeInForce::Fok), &["1h #1 cancelled: not filled at once"]);
    let venue = VenueRules { participation: Some(0.1), ..VenueRules::default() };
    let large = |tif| first(OrderRequest::market(0, BUY, 250.0).lasting(tif));
    let config = || FloorConfig { venue, ..config() };
    check(config(), &prices, large(TimeInForce::Ioc), &["1h #1 buy 100 @ 100", "1h #1 cancelled: not filled at once"]);
    check(config(), &prices, large(TimeInForce::Fok), &["1h #1 cancelled: not fillable in full"]);
    let small = first(OrderRequest::market(0, BUY, 100.0).lasting(TimeInForce::Fok));
    check(config(), &prices, small, &["1h #1 buy 100 @ 100"]);
}

#[test]
fn participation_spreads_an_order_over_bars_and_shares_a_bar() {
    let venue = VenueRules { participation: Some(0.1), ..VenueRules::default() };
    let prices = [flat(100.0), flat(101.0), flat(102.0), flat(103.0)];
    let script = vec![at(0, |desk: &mut Desk| {
        desk.submit(OrderRequest::market(0, BUY, 250.0));
        desk.submit(OrderRequest::market(0, SELL, 70.0));
    })];
    check(
        FloorConfig { venue, ..config() },
        &prices,
        script,
        &["1h #2 sell 70 @ 101", "1h #1 buy 30 @ 101", "2h #1 buy 100 @ 102", "3h #1 buy 100 @ 103"],
    );
}

#[test]
fn post_only_orders_never_take() {
    let prices = [flat(100.0), (99.0, 101.0, 95.0, 99.0), (99.0, 101.0, 94.0, 99.0)];
    check(
        config(),
        &prices,
        first(OrderRequest::limit(0, BUY, 1.0, 99.0).post_only()),
        &["1h #1 cancelled: post-only would take"],
    );
    check(config(), &prices, first(OrderRequest::limit(0, BUY, 1.0, 96.0).post_only()), &["2h #1 buy 1 @ 96"]);
}

#[test]
fn reduce_only_orders_never_open() {
    let prices = [flat(100.0), flat(101.0), flat(102.0), flat(103.0)];
    let script = vec![
        at(0, |desk: &mut Desk| {
            desk.submit(OrderRequest::market(0, SELL, 5.0).reduce_only());
            desk.submit(OrderRequest::market(0, BUY, 3.0));
        }),
        at(1, |desk: &mut Desk| {
            desk.submit(OrderRequest::market(0, SELL, 5.0).reduce_only());
        }),
    ];
    let (heard, floor) = play(config(), &prices, script);
    assert_eq!(
        heard,
        [
            "1h #1 cancelled: nothing to reduce",
            "1h #2 buy 3 @ 101",
            "2h #3 sell 3 @ 102",
            "2h #3 cancelled: nothing to reduce",
        ]
    );
    assert_eq!(floor.desk().quantity(0), 0.0);
}

#[test]
fn a_bracket_works_from_its_entry_on() {
    let script = |stop, profit| {
        vec![at(0, move |desk: &mut Desk| {
            let exits = Exits { stop_loss: Some(stop), take_profit: Some(profit) };
            desk.bracket(OrderRequest::market(0, BUY, 2.0), exits);
        })]
    };
    // The profit is taken two bars later.
    let prices = [flat(100.0), (101.0, 104.0, 99.0, 103.0), (103.0, 111.0, 102.0, 110.0)];
    check(
        config(),
        &prices,
        script(95.0, 110.0),
        &["1h #1 buy 2 @ 101", "3h #3 sell 2 @ 110", "3h #2 cancelled: other order of the pair filled"],
    );
    // Both are within the bar of the entry: the adverse one comes first.
    let prices = [flat(100.0), (101.0, 111.0, 94.0, 103.0)];
    check(
        config(),
        &prices,
        script(95.0, 110.0),
        &["1h #1 buy 2 @ 101", "2h #2 sell 2 @ 95", "2h #3 cancelled: other order of the pair filled"],
    );
    let venue = VenueRules { path: crate::venue::PathRule::HighFirst, ..VenueRules::default() };
    check(
        FloorConfig { venue, ..config() },
        &prices,
        script(95.0, 110.0),
        &["1h #1 buy 2 @ 101", "2h #3 sell 2 @ 110", "2h #2 cancelled: other order of the pair filled"],
    );
}

#[test]
fn an_entry_that_fills_at_once_wakes_its_exits() {
    // Regression: exits that reached the venue after their entry had filled slept for ever.
    let venue = VenueRules { market: crate::rules::Execution::Close, ..VenueRules::default() };
    let script = vec![at(0, |desk: &mut Desk| {
        let exits = Exits { stop_loss: Some(95.0), take_profit: Some(110.0) };
        desk.bracket(OrderRequest::market(0, BUY, 2.0), exits);
    })];
    check(
        FloorConfig { venue, ..config() },
        &[flat(100.0), (99.0, 100.0, 94.0, 98.0)],
        script,
        &["1h #1 buy 2 @ 100", "2h #2 sell 2 @ 95", "2h #3 cancelled: other order of the pair filled"],
    );
}

#[test]
fn the_exits_of_a_bracket_go_with_its_entry_or_its_position() {
    let exits = Exits { stop_loss: Some(80.0), take_profit: Some(120.0) };
    let prices = [flat(100.0), flat(100.0), flat(100.0), flat(100.0)];
    let script = vec![
        at(0, |desk: &mut Desk| {
            desk.bracket(OrderRequest::limit(0, BUY, 2.0, 90.0), exits);
        }),
        at(1, |desk: &mut Desk| desk.cancel(OrderId(1))),
    ];
    check(
        config(),
        &prices,
        script,
        &["2h #1 cancelled: requested", "2h #2 cancelled: entry gone", "2h #3 cancelled: entry gone"],
    );
    let script = vec![
        at(0, |desk: &mut Desk| {
            desk.bracket(OrderRequest::market(0, BUY, 2.0), exits);
        }),
        at(1, |desk: &mut Desk| {
            desk.close(0);
        }),
    ];
    check(
        config(),
        &prices,
        script,
        &[
            "1h #1 buy 2 @ 100",
            "2h #4 sell 2 @ 100",
            "2h #2 cancelled: position closed",
            "2h #3 cancelled: position closed",
        ],
    );
}

#[test]
fn exits_grow_with_a_partly_filled_entry() {
    let venue = VenueRules { participation: Some(0.1), ..VenueRules::default() };
    let script = vec![at(0, |desk: &mut Desk| {
        let exits = Exits { stop_loss: Some(95.0), take_profit: None };
        desk.bracket(OrderRequest::market(0, BUY, 150.0), exits);
    })];
    let prices = [flat(100.0), flat(100.0), flat(100.0), (94.0, 94.0, 94.0, 94.0), flat(94.0)];
    check(
        FloorConfig { venue, ..config() },
        &prices,
        script,
        &["1h #1 buy 100 @ 100", "2h #1 buy 50 @ 100", "3h #2 sell 100 @ 94", "4h #2 sell 50 @ 94"],
    );
}

#[test]
fn one_cancels_the_other() {
    let script = vec![at(0, |desk: &mut Desk| {
        desk.one_cancels_other(OrderRequest::stop(0, BUY, 2.0, 105.0), OrderRequest::stop(0, SELL, 2.0, 95.0));
    })];
    check(
        config(),
        &[flat(100.0), (100.0, 106.0, 99.0, 101.0), flat(90.0)],
        script,
        &["2h #1 buy 2 @ 105", "2h #2 cancelled: other order of the pair filled"],
    );
}

#[test]
fn orders_can_be_changed_and_cancelled() {
    let id = OrderId(1);
    let prices = [flat(100.0), flat(100.0), (100.0, 100.0, 96.0, 98.0), (98.0, 98.0, 80.0, 90.0)];
    let script = vec![
        at(0, |desk: &mut Desk| {
            desk.submit(OrderRequest::limit(0, BUY, 2.0, 90.0));
        }),
        at(1, |desk: &mut Desk| {
            assert!(desk.modify(id, Change { price: Some(97.0), quantity: Some(3.0), trigger: None }))
        }),
        at(2, |desk: &mut Desk| assert!(!desk.modify(id, Change { price: Some(99.0), ..Change::default() }))),
    ];
    check(config(), &prices, script, &["2h #1 modified", "3h #1 buy 3 @ 97"]);
    let script = vec![
        at(0, |desk: &mut Desk| {
            desk.submit(OrderRequest::limit(0, BUY, 2.0, 90.0));
        }),
        at(2, |desk: &mut Desk| desk.cancel(id)),
    ];
    check(config(), &prices, script, &["3h #1 cancelled: requested"]);
}

#[test]
fn unsound_orders_are_refused() {
    let script = vec![at(0, |desk: &mut Desk| {
        desk.submit(OrderRequest::market(0, BUY, 0.0));
        desk.submit(OrderRequest::market(0, BUY, f64::NAN));
        desk.submit(OrderRequest::limit(0, BUY, 1.0, -5.0));
        desk.submit(OrderRequest::market(7, BUY, 1.0));
    })];
    let told = |number| format!("1h #{number} rejected: unsound price or quantity");
    assert_eq!(play(config(), &[flat(100.0), flat(100.0)], script).0, [told(1), told(2), told(3), told(4)]);
}
