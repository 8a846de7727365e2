//! The guard between desk and venue, with its reasons in the journal.

use crosscut_model::OrderRequest;

use super::*;
use crate::journal::Entry;
use crate::limits::{Limits, Rule};
use crate::universe::Leave;

fn flat(price: f64) -> (f64, f64, f64, f64) {
    (price, price, price, price)
}

fn guarded(risk: RiskRules) -> FloorConfig {
    FloorConfig { risk, ..config() }
}

fn buy<'a>(bar: usize, quantity: f64) -> Line<'a> {
    at(bar, move |desk| {
        desk.submit(OrderRequest::market(0, Side::Buy, quantity));
    })
}

#[test]
fn what_is_cut_is_cut_with_a_reason() {
    let limits = Limits { max_position: Some(0.1), ..Limits::default() };
    let risk = RiskRules { limits, ..RiskRules::default() };
    // A tenth of 10,000 is ten units at 100; what works counts.
    let prices = [flat(100.0), flat(100.0), flat(100.0)];
    let (heard, mut floor) = play(guarded(risk), &prices, vec![buy(0, 8.0), buy(0, 8.0), buy(1, 8.0)]);
    assert_eq!(heard, ["1h #1 buy 8 @ 100", "1h #2 buy 2 @ 100", "2h #3 rejected: max_position"]);
    let limited: Vec<String> = floor
        .journal()
        .records()
        .iter()
        .filter(|record| matches!(record.entry, Entry::Limited { .. }))
        .map(Record::text)
        .collect();
    assert_eq!(limited, ["order 2: max_position lets 2 of 8 through", "order 3: max_position lets 0 of 8 through"]);
}

#[test]
fn a_stop_loss_closes_and_cools() {
    let risk = RiskRules { stop_loss: Some(0.1), cooldown: Some(2 * HOUR), ..RiskRules::default() };
    let prices = [flat(100.0), flat(100.0), flat(89.0), flat(88.0), flat(88.0), flat(88.0), flat(88.0)];
    let (heard, floor) = play(guarded(risk), &prices, vec![buy(0, 5.0), buy(3, 1.0), buy(4, 1.0)]);
    assert_eq!(heard, ["1h #1 buy 5 @ 100", "3h #2 sell 5 @ 88", "4h #3 rejected: cooldown", "5h #4 buy 1 @ 88",]);
    assert_eq!(floor.desk().account().ledger().closed()[0].pnl, -60.0);
}

#[test]
fn the_drawdown_halt_closes_everything_for_good() {
    let limits = Limits { max_drawdown: Some(0.1), ..Limits::default() };
    let risk = RiskRules { limits, ..RiskRules::default() };
    let script = vec![
        buy(0, 50.0),
        at(1, |desk: &mut Desk| {
            desk.submit(OrderRequest::limit(0, Side::Buy, 1.0, 10.0));
        }),
        buy(4, 1.0),
    ];
    let prices = [flat(100.0), flat(100.0), flat(79.0), flat(78.0), flat(300.0)];
    let (heard, mut floor) = play(guarded(risk), &prices, script);
    assert_eq!(
        heard,
        ["1h #1 buy 50 @ 100", "3h #2 cancelled: requested", "3h #3 sell 50 @ 78", "5h #4 rejected: max_drawdown",]
    );
    let halts = floor.journal().records().iter().filter(|record| matches!(record.entry, Entry::Halted { .. })).count();
    assert_eq!((halts, floor.desk().halted()), (1, Some(Rule::MaxDrawdown)));
}

#[test]
fn a_daily_loss_ends_the_day_only() {
    let risk = RiskRules { daily_loss: Some(0.1), ..RiskRules::default() };
    let mut prices = vec![flat(100.0); 30];
    prices[2..].fill(flat(70.0));
    let (heard, _) = play(guarded(risk), &prices, vec![buy(0, 50.0), buy(10, 1.0), buy(24, 1.0)]);
    assert_eq!(
        heard,
        ["1h #1 buy 50 @ 100", "3h #2 sell 50 @ 70", "11h #3 rejected: daily_loss", "25h #4 buy 1 @ 70",]
    );
}

#[test]
fn a_lost_account_trades_no_more() {
    let sell = at(0, |desk: &mut Desk| {
        desk.submit(OrderRequest::market(0, Side::Sell, 100.0));
    });
    let (heard, floor) = play(config(), &[flat(100.0), flat(100.0), flat(210.0), flat(220.0)], vec![sell, buy(3, 1.0)]);
    assert_eq!(heard, ["1h #1 sell 100 @ 100", "3h #2 buy 100 @ 220", "4h #3 rejected: equity gone"]);
    assert_eq!(floor.desk().equity(), -2000.0);
}

#[test]
fn what_leaves_the_universe_is_closed_or_only_reduced() {
    // Bars at 100; a position of 5 and a limit order that would add to it, then the symbol leaves.
    let leave = |rule: Leave| {
        let mut floor = Floor::new(config()).unwrap();
        let limit = at(1, |desk: &mut Desk| {
            desk.submit(OrderRequest::limit(0, Side::Buy, 1.0, 50.0));
        });
        let close = at(3, |desk: &mut Desk| {
            desk.close(0);
        });
        let script = vec![buy(0, 5.0), limit, buy(2, 1.0), close, buy(4, 1.0)];
        let mut strategy = Scripted { script, heard: Vec::new(), n_seen: 0 };
        floor.admit(&[true], rule);
        for bar_idx in 0..6 {
            if bar_idx == 2 {
                floor.admit(&[false], rule);
            }
            if bar_idx == 4 {
                floor.admit(&[true], rule);
            }
            floor.pass_bar(&mut strategy, &bar(bar_idx, flat(100.0), 1000.0));
        }
        strategy.heard
    };
    let first = ["1h #1 buy 5 @ 100", "2h #2 cancelled: requested"];
    // The third order is the guard's; nothing is left for the strategy to close.
    let closed = ["2h #3 sell 5 @ 100", "3h #4 rejected: universe", "5h #5 buy 1 @ 100"];
    assert_eq!(leave(Leave::Close), [&first[..], &closed].concat());
    let reduced = ["3h #3 rejected: universe", "4h #4 sell 5 @ 100", "5h #5 buy 1 @ 100"];
    assert_eq!(leave(Leave::ReduceOnly), [&first[..], &reduced].concat());
}

#[test]
fn before_the_run_orders_are_refused_without_a_trace() {
    let mut floor = Floor::new(config()).unwrap();
    let script = vec![buy(0, 5.0), buy(1, 2.0)];
    let mut strategy = Scripted { script, heard: Vec::new(), n_seen: 0 };
    floor.warm_up(&mut strategy, &Data::Bar(bar(0, flat(100.0), 1000.0)));
    assert!(floor.records().is_empty() && floor.desk().open_orders().is_empty());
    assert_eq!(floor.desk().price(0), 100.0);
    floor.pass_bar(&mut strategy, &bar(1, flat(100.0), 1000.0));
    floor.pass_bar(&mut strategy, &bar(2, flat(101.0), 1000.0));
    // The first order of the run has the first number.
    let refused = format!("1h #{} rejected: the run has not begun", u64::MAX);
    assert_eq!(strategy.heard, [refused, "2h #1 buy 2 @ 101".to_owned()]);
}
