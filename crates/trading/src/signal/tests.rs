//! Signals on a few bars, by hand.

use crosscut_model::time::HOUR;

use super::*;
use crate::cost::Costs;
use crate::floor::placing::Placed;
use crate::floor::{Floor, FloorConfig, Placing, Strategy};
use crate::venue::VenueRules;

const LONG: Stake = Stake { symbol_idx: 0, feed_idx: 0, long: 1.0, short: 0.0 };
const BOTH: Stake = Stake { short: 1.0, ..LONG };

/// Hour number `at`, half a unit around a close.
fn bar_around(at: usize, close: f64) -> Bar {
    let timestamp = at as i64 * HOUR;
    let (high, low, available_at) = (close + 0.5, close - 0.5, timestamp + HOUR);
    Bar { symbol_idx: 0, feed_idx: 0, timestamp, available_at, open: close, high, low, close, volume: 1.0, vwap: close }
}

/// Passes bars around these closes; gives the sign of what is held after each bar.
fn stances(mut strategy: impl Strategy, closes: &[f64]) -> Vec<i8> {
    let mut floor = Floor::new(FloorConfig {
        venue: VenueRules { market: crate::rules::Execution::Close, ..VenueRules::default() },
        ..FloorConfig::new(1000.0, 1, Costs::from_bps(0.0, 0.0).unwrap())
    })
    .unwrap();
    let mut held = Vec::new();
    for (at, &close) in closes.iter().enumerate() {
        floor.pass_bar(&mut strategy, &bar_around(at, close));
        let quantity = floor.desk().quantity(0);
        held.push(if quantity == 0.0 { 0 } else { quantity.signum() as i8 });
    }
    held
}

/// Passes bars around these closes with orders placed as said; gives after each bar the working orders, what is held beside
/// them, and how often an order was changed.
fn working(mut strategy: impl Strategy, placing: Placing, closes: &[f64]) -> (Vec<String>, usize) {
    let costs = Costs::from_bps(0.0, 0.0).unwrap();
    let mut floor = Floor::new(FloorConfig { placing, ..FloorConfig::new(1000.0, 1, costs) }).unwrap();
    let mut after = Vec::new();
    for (at, &close) in closes.iter().enumerate() {
        floor.pass_bar(&mut strategy, &bar_around(at, close));
        let desk = floor.desk();
        let order = |order: &crate::floor::OpenOrder| {
            let price = order.request.kind.limit().unwrap_or(f64::NAN);
            format!("{} {:.4} @ {price:.4}", order.request.side.name(), order.remaining)
        };
        let orders: Vec<String> = desk.open_orders().iter().map(order).collect();
        after.push(format!("{:.4}: {}", desk.quantity(0), orders.join(", ")));
    }
    let n_changed = floor.records().iter().filter(|record| record.entry == crate::journal::Entry::Modified).count();
    (after, n_changed)
}

#[test]
fn a_new_stance_takes_the_place_of_a_working_order() {
    // Regression: a limit order that had not been filled kept every later signal from being acted upon.
    let simple = |stake| Cross::new(stake, Average::simple(2), Average::simple(4));
    let limit = |offset| Placing { kind: Placed::Limit(offset), ..Placing::default() };
    // Long from 13 on (12.5 > 11.5; 12 > 11.75), down from the second 11 on (11 < 11.75).
    let closes = [10.0, 11.0, 12.0, 13.0, 11.0, 11.0, 10.0];
    let (long, n_changed) = working(simple(LONG), limit(0.2), &closes);
    let buy = "0.0000: buy 76.9231 @ 10.4000";
    assert_eq!(long[3..], [buy, buy, "0.0000: ", "0.0000: "], "the last bar falls to 9.5 and must find no order");
    assert_eq!(n_changed, 0);
    let (both, _) = working(simple(BOTH), limit(0.2), &closes);
    let sell = "0.0000: sell 90.9091 @ 13.2000";
    assert_eq!(both[3..], [buy, buy, sell, sell]);
    // Moved to each new close: 0.8 * 11 = 8.8, of the same quantity.
    let (moved, n_changed) = working(simple(LONG), Placing { is_repriced: true, ..limit(0.2) }, &closes);
    assert_eq!(moved[3..], [buy, "0.0000: buy 76.9231 @ 8.8000", "0.0000: ", "0.0000: "]);
    assert_eq!(n_changed, 1);
    // What is held and wanted again stays: the order that would have closed it goes.
    let closes = [10.0, 11.0, 12.0, 13.0, 11.0, 11.0, 12.0, 12.5];
    let entry = Placing { entry: Some(Placed::Market), ..limit(0.2) };
    let (held, _) = working(simple(LONG), entry, &closes);
    let sell = "76.9231: sell 76.9231 @ 13.2000";
    assert_eq!(held[4..], ["76.9231: ", sell, sell, "76.9231: "]);
}

#[test]
fn averages_cross() {
    let closes = [10.0, 11.0, 12.0, 13.0, 9.0, 8.0, 7.0, 12.0, 15.0];
    let simple = |stake| Cross::new(stake, Average::simple(2), Average::simple(4));
    // From the fourth close on: 12.5 > 11.5, 11 < 11.25, 8.5, 7.5, 9.5 > 9, 13.5 > 10.5.
    assert_eq!(stances(simple(LONG), &closes), [0, 0, 0, 1, 0, 0, 0, 1, 1]);
    assert_eq!(stances(simple(BOTH), &closes), [0, 0, 0, 1, -1, -1, -1, 1, 1]);
    let mut average = Average::exponential(3);
    assert_eq!((average.update(10.0), average.update(12.0), average.update(14.0)), (None, None, Some(12.5)));
}

#[test]
fn channels_break() {
    // The channel of four bars reaches from 9.5 to 13.5, which 14 breaks; 12.4 is below the two last lows, 12.5 and 13.5;
    // 8 is below all four.
    let closes = [10.0, 11.0, 12.0, 13.0, 14.0, 12.4, 12.4, 8.0];
    assert_eq!(stances(Breakout::new(LONG, 4, 2), &closes), [0, 0, 0, 0, 1, 0, 0, 0]);
    assert_eq!(stances(Breakout::new(BOTH, 4, 2), &closes), [0, 0, 0, 0, 1, 0, 0, -1]);
}

#[test]
fn distances_revert() {
    // 10 10 10 6: mean 9, deviation 2, distance -1.5; 10 10 6 9: mean 8.75, distance 0.13.
    let closes = [10.0, 10.0, 10.0, 6.0, 9.0, 9.0];
    assert_eq!(stances(Reversion::new(LONG, 4, (1.4, 0.0)), &closes), [0, 0, 0, 1, 0, 0]);
    assert_eq!(stances(Reversion::new(LONG, 3, (1.0, 0.0)), &[5.0; 6]), [0; 6]);
}

#[test]
fn the_index_is_wilders() {
    let mut rsi = Rsi::new(BOTH, 2, (30.0, 70.0));
    // Changes +2, -1: gain 1, loss 0.5: 66.7; then +3: gain 2, loss 0.25: 88.9.
    assert_eq!((rsi.update(10.0), rsi.update(12.0)), (None, None));
    assert!((rsi.update(11.0).unwrap() - 200.0 / 3.0).abs() < 1e-12);
    assert!((rsi.update(14.0).unwrap() - 800.0 / 9.0).abs() < 1e-12);
    // Then -5: gain 1, loss 2.625: 27.6.
    let closes = [10.0, 12.0, 11.0, 14.0, 9.0, 5.0, 9.0];
    assert_eq!(stances(Rsi::new(BOTH, 2, (30.0, 70.0)), &closes), [0, 0, 0, -1, 1, 1, 1]);
}

#[test]
fn a_named_signal_runs_on_every_symbol() {
    let signals = |name: &str, params: &[(&str, &str)], n_symbols: u32| {
        let params = params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let resolved = crate::strategy::resolve(name, &params).unwrap();
        assert_eq!(resolved.columns(), []);
        let crate::strategy::Made::PerSymbol(signal) = &resolved.made else { panic!("{name} acts at every bar") };
        assert!(resolved.require_rule().is_err());
        (resolved.history_bars(), signal.strategy(&(0..n_symbols).collect::<Vec<_>>(), 0))
    };
    let closes = [10.0, 11.0, 12.0, 13.0, 9.0, 8.0, 7.0, 12.0, 15.0];
    let (history, cross) = signals("SmaCross", &[("fast", "2"), ("slow", "4")], 1);
    assert_eq!((history, stances(cross, &closes)), (4, vec![0, 0, 0, 1, 0, 0, 0, 1, 1]));
    let (_, both) = signals("sma_cross", &[("fast", "2"), ("slow", "4"), ("allow_short", "yes")], 1);
    assert_eq!(stances(both, &closes), [0, 0, 0, 1, -1, -1, -1, 1, 1]);
    let (history, channel) = signals("breakout", &[("entry", "4"), ("exit", "2")], 1);
    let breaks = [10.0, 11.0, 12.0, 13.0, 14.0, 12.4, 12.4, 8.0];
    assert_eq!((history, stances(channel, &breaks)), (5, vec![0, 0, 0, 0, 1, 0, 0, 0]));
    let (_, reversion) = signals("mean_reversion", &[("window", "4"), ("enter", "1.4")], 1);
    assert_eq!(stances(reversion, &[10.0, 10.0, 10.0, 6.0, 9.0, 9.0]), [0, 0, 0, 1, 0, 0]);
    let (history, index) = signals("rsi", &[("window", "2"), ("allow_short", "true")], 1);
    assert_eq!((history, stances(index, &[10.0, 12.0, 11.0, 14.0, 9.0, 5.0, 9.0])), (3, vec![0, 0, 0, -1, 1, 1, 1]));
    let (_, average) = signals("ema_cross", &[("fast", "1"), ("slow", "3")], 1);
    assert_eq!(stances(average, &[10.0, 12.0, 14.0, 9.0]), [0, 0, 1, 0]);
}

#[test]
fn each_symbol_trades_its_share() {
    let resolved = crate::strategy::resolve("sma_cross", &std::collections::BTreeMap::new()).unwrap();
    let crate::strategy::Made::PerSymbol(signal) = resolved.made else { panic!("it acts at every bar") };
    let quarter = format!("{:?}", signal.strategy(&[0, 1, 2, 3], 0));
    assert_eq!(quarter.matches("long: 0.25, short: 0.0").count(), 4, "{quarter}");
    assert!(quarter.contains("symbol_idx: 3, feed_idx: 3"));
}
