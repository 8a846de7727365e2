//! Limit entries with a stop and a target, put by the terms of the run, against backtesting.py 0.6.6.
//!
//! The strategy: when the mean of 10 closes crosses above that of 30 and nothing is held or ordered, buy 10 units with a limit
//! 1 % below the close, a stop 5 % below and a target 10 % above the limit; when it crosses below and nothing is held, cancel.
//! Theirs is `self.buy(size=10, limit=l, sl=0.95 * l, tp=1.1 * l)` with l = 0.99 * close, on the bars of the other comparison
//! with them; the trades below (bars of entry and exit, prices) are what `stats['_trades']` gave, prices to eight places.
//!
//! One convention differs: where the stop lies within the bar in which the limit fills, backtesting.py puts it off to the next
//! bar (and warns that the trade is dubious); here the rest of the bar's path can reach it. Those trades are marked.

use crosscut_model::{OrderRequest, Side};
use crosscut_trading::Desk;
use crosscut_trading::floor::placing::Placed;
use crosscut_trading::floor::{Offsets, Placing};
use crosscut_trading::market::Data;
use crosscut_trading::order::Update;
use crosscut_trading::venue::{LimitFill, VenueRules};

use super::backtesting_py::{Rule, SmaCross, bars, near};
use super::*;

/// Bars of entry and exit, prices of entry and exit.
type Theirs = (usize, usize, f64, f64);

/// Of BTCUSDT.
const BTCUSDT: [Theirs; 22] = [
    (47, 49, 4336.2, 4119.39),
    (188, 189, 11088.9801, 10439.02),
    (245, 246, 8091.27, 8900.397),
    (326, 327, 6644.979, 6312.73005),
    (379, 385, 6914.9916, 6569.24202),
    (410, 424, 6530.4162, 7183.45782),
    (434, 454, 6515.388, 6189.6186),
    (496, 512, 3708.3321, 3522.915495),
    (545, 551, 3595.1454, 3954.65994),
    (721, 724, 11855.2797, 11262.515715),
    (755, 768, 9997.1685, 9497.310075),
    (802, 805, 9434.6307, 8962.899165),
    (865, 868, 7314.3576, 6948.63972),
    (970, 980, 6705.0522, 7375.55742),
    (1020, 1021, 10098.7623, 9518.02),
    (1064, 1074, 9105.624, 10016.1864),
    (1141, 1159, 10668.8241, 11735.70651),
    (1270, 1271, 38795.0706, 42674.57766),
    (1301, 1304, 54335.655, 59769.2205),
    (1362, 1363, 57658.4316, 54775.51002),
    (1401, 1402, 37712.0403, 35820.48),
    (1441, 1450, 39063.2913, 42969.62043),
];

/// Bars in which a limit and its stop were both reached.
const PUT_OFF: [usize; 4] = [188, 1020, 1362, 1401];

/// Of AAPL.
const AAPL: [Theirs; 7] = [
    (57, 58, 174.83, 167.25852),
    (99, 130, 184.1895, 202.60845),
    (175, 179, 224.9874, 213.73803),
    (396, 430, 209.43, 232.9),
    (559, 561, 281.5857, 267.506415),
    (683, 687, 123.156, 116.9982),
    (708, 713, 119.097, 113.14215),
];

/// The strategy, which knows nothing of limits and exits.
struct Crosses<'a>(SmaCross<'a>);

impl Strategy for Crosses<'_> {
    fn on_data(&mut self, _data: &Data, desk: &mut Desk) {
        match self.0.crossing() {
            Some(true) if desk.quantity(0) == 0.0 && desk.open_orders().is_empty() => {
                desk.submit(OrderRequest::market(0, Side::Buy, 10.0));
            }
            Some(false) if desk.quantity(0) == 0.0 => desk.withdraw(0),
            _ => {}
        }
        self.0.at += 1;
    }

    fn on_order(&mut self, _update: &Update, _desk: &mut Desk) {}

    fn evaluate(&mut self, _desk: &mut Desk) {}
}

fn check(symbol: &str, theirs: &[Theirs]) {
    let Some(shared) = shared() else { return };
    let bars = bars(&shared.join("data/golden/computed/backtesting_py"), symbol);
    let exits = Offsets { stop_loss: Some(0.05), take_profit: Some(0.1) };
    let config = FloorConfig {
        venue: VenueRules { limit_fill: LimitFill::Touch, ..VenueRules::default() },
        placing: Placing { entry: Some(Placed::Limit(0.01)), exits, ..Placing::default() },
        ..config(10_000_000.0, 1)
    };
    let feeds = vec![Feed::Bars { symbol, bars: &bars }];
    let market = Market { symbols: vec![symbol.to_owned()], feeds, ..Market::default() };
    let mut strategy = Crosses(SmaCross { rule: Rule::PlacedBracket, bars: &bars, at: 0 });
    let outcome = replay_events(market, config, EventOptions::default(), &mut strategy).unwrap();
    assert_eq!(outcome.trades.len(), theirs.len(), "{symbol}");
    let mut n_put_off = 0;
    for (ours, &(entry_bar, exit_bar, entry, exit)) in outcome.trades.iter().zip(theirs) {
        // A fill at an open has the bar's label, one within the bar its close, which is the next label.
        let bar = |at: i64, price: f64| {
            let label = bars.timestamp.partition_point(|&label| label < at);
            let is_open = bars.timestamp.get(label) == Some(&at) && near(bars.open[label], price);
            label - usize::from(!is_open)
        };
        let place = (bar(ours.opened_at, ours.entry_price), bar(ours.closed_at, ours.exit_price));
        assert!(near(ours.entry_price, entry), "{symbol} {ours:?} {entry}");
        if symbol == "BTCUSDT" && PUT_OFF.contains(&entry_bar) {
            n_put_off += 1;
            assert_eq!((place, exit_bar), ((entry_bar, entry_bar), entry_bar + 1));
            assert!(near(ours.exit_price, 0.95 * entry) && exit <= ours.exit_price * (1.0 + 1e-9), "{ours:?} {exit}");
        } else {
            assert_eq!(place, (entry_bar, exit_bar), "{symbol} {ours:?}");
            assert!(near(ours.exit_price, exit), "{symbol} {ours:?} {exit}");
        }
    }
    assert_eq!(n_put_off, if symbol == "BTCUSDT" { PUT_OFF.len() } else { 0 });
}

#[test]
fn bitcoin() {
    check("BTCUSDT", &BTCUSDT);
}

#[test]
fn a_share() {
    check("AAPL", &AAPL);
}
