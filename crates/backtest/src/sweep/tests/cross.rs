//! Moving-average crosses against the strategy of that name in the event replay.

use crosscut_kernels::bootstrap::Random;
use crosscut_model::Bars;
use crosscut_model::time::MINUTE;
use crosscut_trading::FloorConfig;
use crosscut_trading::account::Funds;
use crosscut_trading::cost::Costs;
use crosscut_trading::rules::Execution;
use crosscut_trading::signal::{Average, Cross};
use crosscut_trading::venue::VenueRules;

use super::super::cross_equities;
use crate::event::{EventOptions, Feed, Market, replay_events};

/// A walk on a coarse grid of prices, so that averages are often equal or nearly so.
fn closes(seed: u64, n: usize, step: f64) -> Vec<f64> {
    let mut random = Random::new(seed);
    let mut price: f64 = 1000.0;
    (0..n)
        .map(|_| {
            price += step * (random.below(3) as f64 - 1.0);
            price = price.max(10.0 * step);
            price
        })
        .collect()
}

/// What the strategy makes of a series: final equity over the capital.
fn engine(closes: &[f64], (fast, slow): (usize, usize)) -> f64 {
    let timestamp: Vec<i64> = (0..closes.len() as i64).map(|at| at * MINUTE).collect();
    let bars = Bars {
        available_at: timestamp.iter().map(|time| time + MINUTE).collect(),
        timestamp,
        open: closes.to_vec(),
        high: closes.to_vec(),
        low: closes.to_vec(),
        close: closes.to_vec(),
        volume: vec![1.0; closes.len()],
        ..Bars::default()
    };
    let stake = crosscut_trading::signal::Stake { symbol_idx: 0, feed_idx: 0, long: 1.0, short: 0.0 };
    let mut strategy = Cross::new(stake, Average::simple(fast), Average::simple(slow));
    let config = FloorConfig {
        funds: Funds::Cash,
        venue: VenueRules { market: Execution::Close, ..VenueRules::default() },
        ..FloorConfig::new(1e6, 1, Costs::from_bps(5.0, 0.0).unwrap())
    };
    let feed = Feed::Bars { symbol: "X", bars: &bars };
    let market = Market { symbols: vec!["X".to_owned()], feeds: vec![feed], ..Market::default() };
    replay_events(market, config, EventOptions::default(), &mut strategy).unwrap().equity / 1e6
}

#[test]
fn crosses_are_those_of_the_strategy() {
    // Steps of 0.1 are not exact in binary: equal averages differ by rounding, and who is above is a matter of how they
    // are summed.
    for (seed, step) in [(1, 1.0), (2, 0.1), (3, 0.37)] {
        let closes = closes(seed, 2600, step);
        let pairs: Vec<(usize, usize)> =
            [1, 2, 3, 7, 20, 33].iter().flat_map(|&fast| [34, 50, 127, 1100].map(|slow| (fast, slow))).collect();
        let found = cross_equities(&closes, &pairs, 0.0005);
        for (pair, found) in pairs.iter().zip(found) {
            let expected = engine(&closes, *pair);
            assert!((found - expected).abs() <= 1e-9 * expected, "seed {seed}, {pair:?}: {found}, {expected}");
        }
    }
}

#[test]
fn a_series_shorter_than_its_windows_trades_nothing() {
    let found = cross_equities(&[1.0, 2.0, 3.0], &[(1, 5), (2, 3)], 0.001);
    // The second buys at the very last close.
    assert!(found[0] == 1.0 && (found[1] - 1.0 / 1.001).abs() < 1e-15, "{found:?}");
    assert_eq!(cross_equities(&[], &[(1, 2)], 0.0), [1.0]);
}
