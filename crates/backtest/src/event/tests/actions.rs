//! Splits and dividends through the event replay: total returns, several feeds, delistings.

use crosscut_model::action::growth;
use crosscut_model::time::{DAY, HOUR};
use crosscut_model::{Bars, CorporateAction, OrderRequest, Side};
use crosscut_trading::Desk;
use crosscut_trading::account::CashKind;
use crosscut_trading::market::Data;
use crosscut_trading::order::Update;

use super::*;

/// An action whose factor follows from the close before it.
fn action(timestamp: i64, split: f64, dividend: f64, close: f64) -> CorporateAction {
    let factor = (close - dividend) / close / split;
    CorporateAction { timestamp, available_at: timestamp, split, dividend, factor }
}

/// Buys all it can at its first bar; before each ex-date it orders what the dividend will pay for.
struct Reinvest {
    actions: Vec<CorporateAction>,
}

impl Strategy for Reinvest {
    fn on_data(&mut self, data: &Data, desk: &mut Desk) {
        let (held, next) = (desk.quantity(0), data.available_at());
        if held == 0.0 && desk.open_orders().is_empty() {
            desk.submit(OrderRequest::market(0, Side::Buy, desk.cash() / data.price()));
        } else if let Some(action) =
            self.actions.iter().find(|action| action.timestamp == next && action.dividend > 0.0)
        {
            // At the price before the split; the order follows it.
            let quantity = held * action.dividend / (data.price() - action.dividend);
            desk.submit(OrderRequest::market(0, Side::Buy, quantity));
        }
    }

    fn on_order(&mut self, _update: &Update, _desk: &mut Desk) {}

    fn evaluate(&mut self, _desk: &mut Desk) {}
}

/// Bars around the clock that open where the one before closed, splits and dividends taken off.
fn walk(n_bars: i64) -> (Bars, Vec<CorporateAction>) {
    let (mut bars, mut actions, mut last) = (Bars::default(), Vec::new(), 80.0);
    for bar in 0..n_bars {
        let label = bar * DAY;
        let (split, dividend) = match bar {
            17 => (2.0, 0.0),
            30 | 61 => (1.0, 0.013 * last),
            44 => (0.125, 0.02 * last),
            75 => (7.0, 0.0),
            _ => (1.0, 0.0),
        };
        if (split, dividend) != (1.0, 0.0) {
            actions.push(action(label, split, dividend, last));
        }
        let open = (last - dividend) / split;
        let close = open * (1.0 + 0.03 * f64::from(((bar * 7) % 11 - 5) as i32) / 5.0);
        push(&mut bars, (label, label + DAY), [open, open.max(close), open.min(close), close], 1e6);
        last = close;
    }
    (bars, actions)
}

#[test]
fn a_holder_who_reinvests_earns_the_return_of_adjusted_prices() {
    let (bars, actions) = walk(100);
    assert_eq!(actions.len(), 5);
    let market = Market {
        symbols: vec!["A".to_owned()],
        feeds: vec![Feed::Bars { symbol: "A", bars: &bars }],
        actions: vec![actions.clone()],
        ..Market::default()
    };
    let mut strategy = Reinvest { actions: actions.clone() };
    let outcome = replay_events(market, config(1000.0, 1), EventOptions::default(), &mut strategy).unwrap();
    let growth = growth(&bars.timestamp, &actions);
    let adjusted: Vec<f64> = bars.close.iter().zip(&growth).map(|(close, growth)| close * growth).collect();
    // Bought at the second open, which is the first close.
    for (bar, equity) in outcome.curves.equity.iter().enumerate() {
        let expected = 1000.0 * adjusted[bar] / adjusted[0];
        assert!((equity - expected).abs() < 1e-10 * expected, "{bar}: {equity} {expected}");
    }
    let splits = outcome.journal.iter().filter(|record| matches!(record.entry, Entry::Split { .. })).count();
    assert_eq!(splits, 3);
    assert!(outcome.moved.iter().any(|(kind, amount)| *kind == CashKind::Dividend && *amount > 10.0));
    // A split is a change of position.
    let held = |day: i64| {
        let change = outcome.positions.iter().rfind(|change| change.timestamp <= day * DAY);
        change.map(|change| change.quantity)
    };
    assert_eq!(held(17), held(16).map(|quantity| 2.0 * quantity));
}

/// Holds ten from its first bar on.
struct Hold;

impl Strategy for Hold {
    fn on_data(&mut self, data: &Data, desk: &mut Desk) {
        if desk.quantity(0) == 0.0 && desk.open_orders().is_empty() && !desk.is_ended(0) {
            desk.submit(OrderRequest::market(data.symbol_idx(), Side::Buy, 10.0));
        }
    }

    fn on_order(&mut self, _update: &Update, _desk: &mut Desk) {}

    fn evaluate(&mut self, _desk: &mut Desk) {}
}

#[test]
fn an_action_in_a_hole_is_booked_with_the_next_bar() {
    let mut bars = Bars::default();
    for (day, price) in [(0, 100.0), (1, 100.0), (5, 20.0), (6, 20.0)] {
        push(&mut bars, (day * DAY, (day + 1) * DAY), [price; 4], 1e6);
    }
    let feeds = vec![Feed::Bars { symbol: "A", bars: &bars }];
    let actions = vec![vec![action(3 * DAY, 5.0, 0.0, 100.0), action(4 * DAY, 1.0, 1.0, 20.0)]];
    let market = Market { symbols: vec!["A".to_owned()], feeds, actions, ..Market::default() };
    let outcome = replay_events(market, config(5000.0, 1), EventOptions::default(), &mut Hold).unwrap();
    assert_eq!(outcome.curves.equity, [5000.0, 5000.0, 5050.0, 5050.0]);
    assert_eq!(outcome.quantities, [50.0]);
}

#[test]
fn what_is_given_away_after_the_last_bar_is_paid_before_the_delisting() {
    let mut bars = Bars::default();
    for day in 0..3 {
        push(&mut bars, (day * DAY, (day + 1) * DAY), [100.0; 4], 1e6);
    }
    let mut other = Bars::default();
    for day in 0..9 {
        push(&mut other, (day * DAY, (day + 1) * DAY), [1.0; 4], 1e6);
    }
    let run = |until: i64| {
        let feeds = vec![Feed::Bars { symbol: "A", bars: &bars }, Feed::Bars { symbol: "B", bars: &other }];
        let market = Market {
            symbols: vec!["A".to_owned(), "B".to_owned()],
            feeds,
            delisted_at: vec![Some(until), None],
            actions: vec![vec![action(5 * DAY, 2.0, 4.0, 100.0)], vec![]],
            ..Market::default()
        };
        struct First(Hold);
        impl Strategy for First {
            fn on_data(&mut self, data: &Data, desk: &mut Desk) {
                if data.symbol_idx() == 0 {
                    self.0.on_data(data, desk);
                }
            }
            fn on_order(&mut self, _update: &Update, _desk: &mut Desk) {}
            fn evaluate(&mut self, _desk: &mut Desk) {}
        }
        replay_events(market, config(5000.0, 2), EventOptions::default(), &mut First(Hold)).unwrap()
    };
    // Ten at 100; the dividend of 4 each, then twenty at 50.
    let late = run(6 * DAY);
    assert_eq!((late.quantities[0], late.cash), (0.0, 5040.0));
    let early = run(4 * DAY);
    assert_eq!((early.quantities[0], early.cash), (0.0, 5000.0));
}

#[test]
fn the_finer_feed_books_and_the_coarser_one_is_seen_grown() {
    // Daily bars decide, hourly ones execute; the split is of the third day.
    let (mut days, mut hours) = (Bars::default(), Bars::default());
    for day in 0..5 {
        let price = if day < 2 { 100.0 } else { 25.0 };
        push(&mut days, (day * DAY, (day + 1) * DAY), [price; 4], 1e6);
        for hour in 14..21 {
            push(&mut hours, (day * DAY + hour * HOUR, day * DAY + (hour + 1) * HOUR), [price; 4], 1e5);
        }
    }
    struct Seen(Vec<f64>);
    impl Strategy for Seen {
        fn on_data(&mut self, data: &Data, desk: &mut Desk) {
            self.0.push(data.grown(desk.growth(0)).price());
            if desk.quantity(0) == 0.0 && desk.open_orders().is_empty() {
                desk.submit(OrderRequest::market(0, Side::Buy, 10.0));
            }
        }
        fn on_order(&mut self, _update: &Update, _desk: &mut Desk) {}
        fn evaluate(&mut self, _desk: &mut Desk) {}
    }
    let feeds = vec![Feed::Bars { symbol: "A", bars: &days }, Feed::Bars { symbol: "A", bars: &hours }];
    let actions = vec![vec![action(2 * DAY, 4.0, 0.0, 100.0)]];
    let market = Market { symbols: vec!["A".to_owned()], feeds, actions, ..Market::default() };
    let mut seen = Seen(Vec::new());
    let outcome = replay_events(market, config(5000.0, 1), EventOptions::default(), &mut seen).unwrap();
    assert_eq!(seen.0, vec![100.0; 5 + 35]);
    assert!(outcome.curves.equity.iter().all(|equity| *equity == 5000.0));
    assert_eq!(outcome.quantities, [40.0]);
}
