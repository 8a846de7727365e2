//! Several feeds on one clock: what executes, in what order, and that neither the order of feeds nor the way they are driven
//! changes a bit.

use std::cell::RefCell;
use std::rc::Rc;

use crosscut_model::time::{DAY, HOUR, MINUTE};
use crosscut_model::{Bars, Fill, OrderRequest, Side, Trades};
use crosscut_trading::Desk;
use crosscut_trading::floor::Strategy;
use crosscut_trading::funding::FundingDue;
use crosscut_trading::market::Data;
use crosscut_trading::order::{Event, Update};

use super::*;

/// What a strategy does with data.
type Act<'a> = Box<dyn FnMut(&Data, &mut Desk) + 'a>;

/// Calls what it is given and writes down fills and evaluations.
struct Listener<'a> {
    on_data: Act<'a>,
    fills: Vec<(u32, Side, Fill)>,
    evaluations: Vec<i64>,
}

impl<'a> Listener<'a> {
    fn new(on_data: impl FnMut(&Data, &mut Desk) + 'a) -> Self {
        Self { on_data: Box::new(on_data), fills: Vec::new(), evaluations: Vec::new() }
    }
}

impl Strategy for Listener<'_> {
    fn on_data(&mut self, data: &Data, desk: &mut Desk) {
        (self.on_data)(data, desk);
    }

    fn on_order(&mut self, update: &Update, _desk: &mut Desk) {
        if let Event::Filled { fill, .. } = update.event {
            self.fills.push((update.symbol_idx, update.side, fill));
        }
    }

    fn evaluate(&mut self, desk: &mut Desk) {
        self.evaluations.push(desk.now());
    }
}

/// Bars of `length` around a wave, `n_bars` of them.
fn wave(length: i64, n_bars: i64, phase: f64) -> Bars {
    let mut bars = Bars::default();
    let price = |at: i64| 100.0 + 10.0 * (at as f64 / (2.0 * DAY as f64) + phase).fract();
    for bar in 0..n_bars {
        let (open, close) = (bar * length, (bar + 1) * length);
        let (first, last) = (price(open), price(close - 1));
        let prices = [first, first.max(last) + 1.0, first.min(last) - 1.0, last];
        push(&mut bars, (open, close), prices, 100.0);
    }
    bars
}

fn feed<'a>(symbol: &'a str, bars: &'a Bars) -> Feed<'a> {
    Feed::Bars { symbol, bars }
}

fn market<'a>(symbols: &[&str], feeds: Vec<Feed<'a>>) -> Market<'a> {
    Market { symbols: symbols.iter().map(|symbol| (*symbol).to_owned()).collect(), feeds, ..Market::default() }
}

/// Buys on one feed at every fifth of its bars and closes at every fifth after.
fn fifths<'a>(feed_idx: u32) -> impl FnMut(&Data, &mut Desk) + 'a {
    let mut n_bars = 0;
    move |data, desk| {
        if data.feed_idx() == feed_idx {
            n_bars += 1;
            match n_bars % 10 {
                5 => {
                    desk.submit(OrderRequest::market(data.symbol_idx(), Side::Buy, 2.0));
                    desk.submit(OrderRequest::limit(data.symbol_idx(), Side::Buy, 1.0, data.price() * 0.99));
                }
                0 => {
                    desk.close(data.symbol_idx());
                }
                _ => {}
            }
        }
    }
}

#[test]
fn one_feed_alone_is_driven_to_the_same_bits() {
    let bars = wave(HOUR, 300, 0.0);
    let run = |evaluate: Option<Rebalance>| {
        let mut strategy = Listener::new(fifths(0));
        let options = EventOptions { evaluate, ..EventOptions::default() };
        replay_events(market(&["A"], vec![feed("A", &bars)]), config(1e6, 1), options, &mut strategy).unwrap()
    };
    // Asking for evaluations takes the way of many feeds.
    let (alone, merged) = (run(None), run(Some(Rebalance::Daily)));
    assert_eq!(alone.curves, merged.curves);
    assert_eq!(alone.trades, merged.trades);
    assert_eq!(alone.journal.len(), merged.journal.len());
    assert!(alone.journal.iter().zip(&merged.journal).all(|(a, b)| a.text() == b.text() && a.at == b.at));
    assert_eq!((alone.n_events, alone.trades.len()), (300, 29));
}

#[test]
fn the_finest_feed_of_a_symbol_executes() {
    let (fine, coarse) = (wave(HOUR, 100, 0.0), wave(4 * HOUR, 25, 0.0));
    let mut bought = false;
    let mut strategy = Listener::new(|data: &Data, desk: &mut Desk| {
        if data.feed_idx() == 0 && !bought {
            bought = true;
            desk.submit(OrderRequest::market(0, Side::Buy, 1.0));
        }
    });
    let feeds = vec![feed("A", &coarse), feed("A", &fine)];
    replay_events(market(&["A"], feeds), config(1e6, 1), EventOptions::default(), &mut strategy).unwrap();
    // Decided at the close of the first four hours, filled at the open of the fifth hour.
    let fill = strategy.fills[0].2;
    assert_eq!((fill.filled_at, fill.price), (4 * HOUR, fine.open[4]));
}

#[test]
fn trades_execute_before_bars_do() {
    let bars = wave(HOUR, 3, 0.0);
    let mut trades = Trades::default();
    for minute in 0..180 {
        trades.timestamp.push(minute * MINUTE + 7);
        trades.price.push(50.0 + minute as f64);
        trades.quantity.push(1.0);
        trades.is_buyer_maker.push(Some(minute % 2 == 0));
    }
    let mut n_bars = 0;
    let mut strategy = Listener::new(|data: &Data, desk: &mut Desk| {
        if matches!(data, Data::Bar(_)) {
            n_bars += 1;
            if n_bars == 1 {
                desk.submit(OrderRequest::market(0, Side::Buy, 1.0));
            }
        }
    });
    let feeds = vec![feed("A", &bars), Feed::Trades { symbol: "A", source: Box::new(InMemory::new(trades)) }];
    let outcome = replay_events(market(&["A"], feeds), config(1e6, 1), EventOptions::default(), &mut strategy).unwrap();
    let fill = strategy.fills[0].2;
    assert_eq!((fill.filled_at, fill.price), (HOUR + 7, 110.0));
    assert_eq!(outcome.n_events, 183);
    drop(strategy);
    assert_eq!(n_bars, 3);
}

#[test]
fn sells_pay_for_buys_at_one_open() {
    let (first, second) = (wave(HOUR, 10, 0.0), wave(HOUR, 10, 0.3));
    let mut n_bars = 0;
    let mut strategy = Listener::new(|data: &Data, desk: &mut Desk| {
        if data.symbol_idx() == 0 {
            n_bars += 1;
            match n_bars {
                2 => desk.rebalance(&[(1, 1.0)]),
                // The buy comes first in the alphabet and in the outbox.
                5 => {
                    desk.submit(OrderRequest::market(0, Side::Buy, 5.0));
                    desk.close(1);
                }
                _ => {}
            }
        }
    });
    let config = FloorConfig { funds: Funds::Cash, ..config(1000.0, 2) };
    let feeds = vec![feed("A", &first), feed("B", &second)];
    let outcome = replay_events(market(&["A", "B"], feeds), config, EventOptions::default(), &mut strategy).unwrap();
    assert_eq!(strategy.fills.len(), 3);
    assert_eq!((strategy.fills[1].0, strategy.fills[2].0), (1, 0));
    assert_eq!(strategy.fills[2].2.quantity, 5.0);
    assert!(outcome.cash >= 0.0);
}

#[test]
fn the_order_of_feeds_changes_nothing() {
    let (first, second, third) = (wave(HOUR, 200, 0.0), wave(2 * HOUR, 90, 0.3), wave(30 * MINUTE, 350, 0.6));
    let run = |order: [usize; 3]| {
        let all = [("A", &first), ("B", &second), ("C", &third)];
        let feeds = order.iter().map(|&at| feed(all[at].0, all[at].1)).collect();
        let n_bars = RefCell::new([0u32; 3]);
        let mut strategy = Listener::new(|data: &Data, desk: &mut Desk| {
            let symbol_idx = data.symbol_idx();
            let mut n_bars = n_bars.borrow_mut();
            n_bars[symbol_idx as usize] += 1;
            if n_bars[symbol_idx as usize].is_multiple_of(7) {
                let side = if desk.quantity(symbol_idx) > 0.0 { Side::Sell } else { Side::Buy };
                desk.submit(OrderRequest::market(symbol_idx, side, 3.0));
                desk.submit(OrderRequest::limit(symbol_idx, side, 1.0, data.price() - side.sign()));
            }
        });
        let costs = Costs::from_bps(5.0, 2.0).unwrap();
        let config = FloorConfig { costs, ..config(1e5, 3) };
        let outcome = replay_events(market(&["A", "B", "C"], feeds), config, EventOptions::default(), &mut strategy);
        let outcome = outcome.unwrap();
        let journal: Vec<String> =
            outcome.journal.iter().map(|record| format!("{} {}", record.at, record.text())).collect();
        (outcome.curves, outcome.trades, journal)
    };
    let expected = run([0, 1, 2]);
    assert!(expected.1.len() > 20);
    for order in [[2, 1, 0], [1, 0, 2], [2, 0, 1]] {
        assert_eq!(run(order), expected);
    }
}

#[test]
fn evaluations_follow_the_calendar() {
    let bars = wave(6 * HOUR, 20, 0.0);
    let evaluated = |rule: &str| {
        let mut strategy = Listener::new(|_: &Data, _: &mut Desk| {});
        let options = EventOptions { evaluate: Some(rule.parse().unwrap()), ..EventOptions::default() };
        replay_events(market(&["A"], vec![feed("A", &bars)]), config(1e6, 1), options, &mut strategy).unwrap();
        strategy.evaluations.iter().map(|at| at / HOUR).collect::<Vec<i64>>()
    };
    // The first bar of each day is decided at its close, at six.
    assert_eq!(evaluated("D"), [6, 30, 54, 78, 102]);
    assert_eq!(evaluated("8"), [6, 54, 102]);
    // 1970-01-05 was a Monday; the week of the first bar began before the data.
    assert_eq!(evaluated("W-MON"), [6, 102]);
}

#[test]
fn funding_is_paid_at_its_time_and_stops_with_the_listing() {
    // Regression of others: a perpetual was charged funding long after it had been delisted.
    let bars = wave(HOUR, 30, 0.0);
    let due = |hour: i64| FundingDue { at: hour * HOUR + 5, rate: 0.001, mark: Some(200.0) };
    let n_orders = Rc::new(RefCell::new(0));
    let count = Rc::clone(&n_orders);
    let mut strategy = Listener::new(move |_: &Data, desk: &mut Desk| {
        *count.borrow_mut() += 1;
        if *count.borrow() == 2 {
            desk.submit(OrderRequest::market(0, Side::Buy, 10.0));
        }
    });
    let market = Market {
        funding: vec![vec![due(1), due(8), due(16), due(24)]],
        delisted_at: vec![Some(20 * HOUR)],
        ..market(&["A"], vec![feed("A", &bars)])
    };
    let outcome = replay_events(market, config(1e6, 1), EventOptions::default(), &mut strategy).unwrap();
    // Flat at 1h, ten units at 8h and 16h, delisted at 20h: twice 0.001 of 2000.
    assert_eq!(outcome.moved[0], (CashKind::Funding, -4.0));
    assert_eq!(outcome.quantities, [0.0]);
    assert_eq!(outcome.trades.len(), 1);
    // The bar that closes at 20h is the last whose price counts.
    assert_eq!(outcome.trades[0].exit_price, bars.close[19]);
    assert_eq!(*n_orders.borrow(), 30);
}

#[test]
fn trading_that_ends_within_a_bar_ends_at_its_close() {
    // Daily bars of a listing that ended in the first hour of a day: the day's close is the last price there was.
    let bars = wave(HOUR, 30, 0.0);
    let half = HOUR / 2;
    let mut is_bought = false;
    let mut strategy = Listener::new(|_: &Data, desk: &mut Desk| {
        if !std::mem::replace(&mut is_bought, true) {
            desk.submit(OrderRequest::market(0, Side::Buy, 10.0));
            desk.submit(OrderRequest::market(1, Side::Buy, 10.0));
        }
    });
    let late = FundingDue { at: 20 * HOUR + 2 * half / 3 + half, rate: 0.001, mark: Some(200.0) };
    let market = Market {
        funding: vec![vec![late], vec![]],
        delisted_at: vec![Some(20 * HOUR + half), Some(19 * HOUR)],
        ..market(&["A", "B"], vec![feed("A", &bars), feed("B", &bars)])
    };
    let outcome = replay_events(market, config(1e6, 2), EventOptions::default(), &mut strategy).unwrap();
    let exits: Vec<f64> = outcome.trades.iter().map(|trade| trade.exit_price).collect();
    assert_eq!(exits, [bars.close[18], bars.close[20]]);
    assert_eq!(outcome.moved[0], (CashKind::Funding, 0.0));
}

#[test]
fn impossible_rows_are_refused() {
    let run = |bars: &Bars| {
        let mut strategy = Listener::new(|_: &Data, _: &mut Desk| {});
        let market = market(&["A"], vec![feed("A", bars)]);
        replay_events(market, config(1e6, 1), EventOptions::default(), &mut strategy).unwrap_err().to_string()
    };
    let good = wave(HOUR, 5, 0.0);
    let mut bad = good.clone();
    bad.low[3] = f64::NAN;
    assert!(run(&bad).starts_with("A: the bar of 1970-01-01T03:00:00Z has open"), "{}", run(&bad));
    let mut bad = good.clone();
    bad.timestamp[2] = bad.timestamp[1];
    assert!(run(&bad).contains("overlaps the one before it"), "{}", run(&bad));
    let mut strategy = Listener::new(|_: &Data, _: &mut Desk| {});
    let unknown = market(&["A"], vec![feed("B", &good)]);
    let error = replay_events(unknown, config(1e6, 1), EventOptions::default(), &mut strategy).unwrap_err();
    assert!(error.to_string().starts_with("symbol `B` is not in the market"), "{error}");
}

#[test]
fn a_run_is_told_by_bars() {
    let bars = wave(HOUR, 60, 0.0);
    let run = |market: &str| {
        let mut n_bars = 0;
        let mut strategy = Listener::new(|_: &Data, desk: &mut Desk| {
            n_bars += 1;
            match n_bars {
                10 => {
                    desk.submit(OrderRequest::market(0, Side::Buy, 250.0));
                }
                20 => {
                    desk.close(0);
                    desk.submit(OrderRequest::limit(0, Side::Buy, 1.0, 1.0));
                }
                _ => {}
            }
        });
        let market = market.parse().unwrap();
        let venue = VenueRules { market, participation: Some(1.0), ..VenueRules::default() };
        let config = FloorConfig { venue, ..config(1e6, 1) };
        let feeds = vec![feed("A", &bars)];
        let market = Market { symbols: vec!["A".to_owned()], feeds, ..Market::default() };
        let outcome = replay_events(market, config, EventOptions::default(), &mut strategy).unwrap();
        outcome.into_run("1h".parse().unwrap())
    };
    // Bars hold 100 units each: the order takes three, from the one after the decision on.
    let outcome = run("next_open");
    let orders: Vec<_> = outcome
        .orders
        .iter()
        .map(|order| (order.decided_at / HOUR, order.status.name(), order.fill.map(|fill| fill.filled_at / HOUR)))
        .collect();
    assert_eq!(orders, [(9, "filled", Some(12)), (19, "filled", Some(22)), (19, "working", None)]);
    let changes: Vec<_> = outcome.positions.iter().map(|change| (change.timestamp / HOUR, change.quantity)).collect();
    assert_eq!(changes, [(10, 100.0), (11, 200.0), (12, 250.0), (20, 150.0), (21, 50.0), (22, 0.0)]);
    assert_eq!(outcome.timeline, bars.timestamp);
    let trade = outcome.trades[0];
    assert_eq!((trade.opened_at / HOUR, trade.closed_at / HOUR, trade.n_bars), (10, 22, 12));
    let equity: Vec<f64> = outcome
        .cash
        .iter()
        .zip(&outcome.net_exposure)
        .zip(&outcome.equity)
        .map(|((cash, exposure), equity)| cash + exposure * equity)
        .collect();
    assert!(equity.iter().zip(&outcome.equity).all(|(a, b)| (a - b).abs() < 1e-6));
    // At the close a decision fills in its own bar.
    assert_eq!(run("close").orders[0].fill.unwrap().filled_at / HOUR, 11);
    assert_eq!(run("close").positions[0].timestamp / HOUR, 9);
}
