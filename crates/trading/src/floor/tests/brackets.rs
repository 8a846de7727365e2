//! Brackets that the run puts beside what opens a position, by hand: entries, exits, and what becomes of them.

use crosscut_model::{Exits, OrderRequest};

use super::*;
use crate::floor::placing::Placed;

/// A floor whose entries have these terms, with a stop a quarter below and a profit taken half above them.
fn bracketed(entry: Option<Placed>) -> FloorConfig {
    let exits = Offsets { stop_loss: Some(0.25), take_profit: Some(0.5) };
    FloorConfig { placing: Placing { entry, exits, ..Placing::default() }, ..config() }
}

/// A market order at a bar.
fn wish<'a>(bar: usize, side: Side, quantity: f64) -> Line<'a> {
    at(bar, move |desk: &mut Desk| {
        desk.submit(OrderRequest::market(0, side, quantity));
    })
}

/// A bar at one price.
fn flat(price: f64) -> (f64, f64, f64, f64) {
    (price, price, price, price)
}

#[test]
fn exits_are_made_from_the_entrys_own_price_and_cancel_one_another() {
    let limit = || bracketed(Some(Placed::Limit(0.125)));
    // 128 / 8 below is 112; a quarter below that 84, half above it 168.
    let bought = "2h #1 buy 2 @ 112";
    let bars = |last| [flat(128.0), (120.0, 121.0, 110.0, 119.0), last];
    let profit = [bought, "3h #3 sell 2 @ 168", "3h #2 cancelled: other order of the pair filled"];
    check(limit(), &bars((120.0, 170.0, 100.0, 150.0)), vec![wish(0, Side::Buy, 2.0)], &profit);
    let loss = [bought, "3h #2 sell 2 @ 84", "3h #3 cancelled: other order of the pair filled"];
    check(limit(), &bars((120.0, 121.0, 80.0, 100.0)), vec![wish(0, Side::Buy, 2.0)], &loss);
    // A bar that reaches both is taken against the position, as every path is unless the run says otherwise.
    check(limit(), &bars((120.0, 200.0, 50.0, 100.0)), vec![wish(0, Side::Buy, 2.0)], &loss);
    // An exit that a gap jumps over gets the open.
    let gap = [bought, "2h #2 sell 2 @ 60", "2h #3 cancelled: other order of the pair filled"];
    check(limit(), &bars(flat(60.0)), vec![wish(0, Side::Buy, 2.0)], &gap);
    // At market the last close is what there is to go by: 96 and 192, and short 160 and 64.
    let both = [flat(128.0), flat(130.0), (130.0, 193.0, 120.0, 150.0)];
    let long = ["1h #1 buy 2 @ 130", "3h #3 sell 2 @ 192", "3h #2 cancelled: other order of the pair filled"];
    check(bracketed(None), &both, vec![wish(0, Side::Buy, 2.0)], &long);
    let short = ["1h #1 sell 2 @ 130", "3h #2 buy 2 @ 160", "3h #3 cancelled: other order of the pair filled"];
    check(bracketed(None), &both, vec![wish(0, Side::Sell, 2.0)], &short);
}

#[test]
fn what_turns_a_position_round_closes_first_and_brackets_the_rest() {
    let bars = [flat(128.0), flat(128.0), flat(128.0), (128.0, 161.0, 127.0, 150.0)];
    let heard = [
        "1h #1 buy 2 @ 128",
        "2h #4 sell 2 @ 128",
        "2h #2 cancelled: position closed",
        "2h #3 cancelled: position closed",
        "2h #5 sell 3 @ 128",
        "4h #6 buy 3 @ 160",
        "4h #7 cancelled: other order of the pair filled",
    ];
    let script = vec![wish(0, Side::Buy, 2.0), wish(1, Side::Sell, 5.0)];
    check(bracketed(None), &bars, script, &heard);
}

#[test]
fn what_reduces_has_no_bracket_and_leaves_the_exits() {
    let bars = [flat(128.0), flat(128.0), flat(128.0), (128.0, 129.0, 90.0, 100.0)];
    let heard = [
        "1h #1 buy 2 @ 128",
        "2h #4 sell 1.5 @ 128",
        "4h #2 sell 0.5 @ 96",
        "4h #2 cancelled: nothing to reduce",
        "4h #3 cancelled: position closed",
    ];
    let (told, floor) = play(bracketed(None), &bars, vec![wish(0, Side::Buy, 2.0), wish(1, Side::Sell, 1.5)]);
    assert_eq!(told.len(), heard.len(), "{told:?}");
    assert_eq!(told[..3], heard[..3]);
    assert!(floor.desk().quantity(0) == 0.0 && floor.desk().open_orders().is_empty(), "{told:?}");
}

#[test]
fn a_rebalance_keeps_the_exits_of_what_it_keeps() {
    let weigh = |bar, weight| at(bar, move |desk: &mut Desk| desk.rebalance(&[(0, weight)]));
    let script = vec![weigh(0, 0.5), weigh(1, 0.5), weigh(2, 0.0)];
    let (told, floor) = play(bracketed(None), &[flat(100.0); 5], script);
    let heard = ["1h #1 buy 50 @ 100", "3h #4 sell 50 @ 100", "3h #2 cancelled: position closed"];
    assert_eq!(told[..3], heard);
    assert!(told.len() == 4 && floor.desk().open_orders().is_empty(), "{told:?}");
}

#[test]
fn exits_do_not_outlive_the_side_they_are_for() {
    // Regression: exits of a long position stayed when one order turned it into a short one, and would have acted on the next
    // long position.
    let script = vec![
        at(0, |desk: &mut Desk| {
            let exits = Exits { stop_loss: Some(90.0), take_profit: Some(120.0) };
            desk.bracket(OrderRequest::market(0, Side::Buy, 2.0), exits);
        }),
        wish(1, Side::Sell, 5.0),
    ];
    let heard = [
        "1h #1 buy 2 @ 100",
        "2h #4 sell 5 @ 100",
        "2h #2 cancelled: position closed",
        "2h #3 cancelled: position closed",
    ];
    check(config(), &[flat(100.0); 4], script, &heard);
}

#[test]
fn what_an_exit_has_closed_cools() {
    let risk = RiskRules { cooldown: Some(2 * HOUR), ..RiskRules::default() };
    let bars = [flat(128.0), flat(128.0), (128.0, 129.0, 90.0, 95.0), flat(95.0), flat(95.0), flat(95.0)];
    let script = vec![wish(0, Side::Buy, 2.0), wish(3, Side::Buy, 1.0), wish(4, Side::Buy, 1.0)];
    let heard = [
        "1h #1 buy 2 @ 128",
        "3h #2 sell 2 @ 96",
        "3h #3 cancelled: other order of the pair filled",
        "4h #4 rejected: cooldown",
        "5h #5 buy 1 @ 95",
    ];
    check(FloorConfig { risk, ..bracketed(None) }, &bars, script, &heard);
}
