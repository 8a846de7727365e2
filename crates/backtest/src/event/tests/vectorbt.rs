//! Market orders, stops and targets against vectorbt: every fill and the value at the end, on two markets.
//!
//! `vectorbt/run.py` holds the strategies, the conventions of the other side and how its fills, `vectorbt/fills.csv`, were
//! made. Ours are the same but for two choices: market orders fill at the close just seen, a limit when touched. They make
//! one order a bar, so that the strategy here does not enter at the close of a bar in which it was stopped out.

use crosscut_model::{Bars, Exits, OrderRequest, Side};
use crosscut_trading::Desk;
use crosscut_trading::cost::Costs;
use crosscut_trading::market::Data;
use crosscut_trading::order::{Event, Update};
use crosscut_trading::rules::Execution;
use crosscut_trading::venue::{LimitFill, VenueRules};

use super::*;

/// Fills of the other side.
const FILLS: &str = include_str!("vectorbt/fills.csv");

/// One of the three strategies, by its name there.
struct Theirs<'a> {
    name: &'a str,
    bars: &'a Bars,
    at: usize,
    has_left: bool,
}

impl Theirs<'_> {
    /// The fast average less the slow one.
    fn difference(&self, at: usize) -> Option<f64> {
        let mean = |n: usize| Some(self.bars.close[(at + 1).checked_sub(n)?..=at].iter().sum::<f64>() / n as f64);
        Some(mean(10)? - mean(30)?)
    }

    /// Whether the averages have crossed, and which way.
    fn crossing(&self) -> Option<bool> {
        let (before, now) = (self.difference(self.at.checked_sub(1)?)?, self.difference(self.at)?);
        if before < 0.0 && now > 0.0 {
            return Some(true);
        }
        (before > 0.0 && now < 0.0).then_some(false)
    }

    fn decide(&self, close: f64, desk: &mut Desk) {
        let Some(is_up) = self.crossing() else { return };
        if !is_up && self.name == "Market" {
            desk.close(0);
        }
        if !is_up || self.has_left || desk.quantity(0) != 0.0 {
            return;
        }
        let (stop_loss, take_profit) = match self.name {
            "Stop" => (Some(close * 0.95), None),
            "Target" => (Some(close * 0.92), Some(close * 1.1)),
            _ => (None, None),
        };
        desk.bracket(OrderRequest::market(0, Side::Buy, 2.0), Exits { stop_loss, take_profit });
    }
}

impl Strategy for Theirs<'_> {
    fn on_data(&mut self, data: &Data, desk: &mut Desk) {
        self.decide(data.price(), desk);
        self.at += 1;
        self.has_left = false;
    }

    fn on_order(&mut self, update: &Update, _desk: &mut Desk) {
        self.has_left |= matches!(update.event, Event::Filled { .. }) && update.side == Side::Sell;
    }

    fn evaluate(&mut self, _desk: &mut Desk) {}
}

fn check(name: &str) {
    let Some(shared) = shared() else { return };
    for symbol in ["AAPL", "BTCUSDT"] {
        let bars = backtesting_py::bars(&shared.join("data/golden/computed/backtesting_py"), symbol);
        let venue = VenueRules { market: Execution::Close, limit_fill: LimitFill::Touch, ..VenueRules::default() };
        let feeds = vec![Feed::Bars { symbol, bars: &bars }];
        let market = Market { symbols: vec![symbol.to_owned()], feeds, ..Market::default() };
        let mut strategy = Theirs { name, bars: &bars, at: 0, has_left: false };
        let config = FloorConfig { venue, costs: Costs::from_bps(10.0, 0.0).unwrap(), ..config(1e7, 1) };
        let outcome = replay_events(market, config, EventOptions::default(), &mut strategy).unwrap();
        check_fills(&outcome, &bars, FILLS, (symbol, name), 10);
    }
}

#[test]
fn market_orders() {
    check("Market");
}

#[test]
fn stops() {
    check("Stop");
}

#[test]
fn stops_and_targets() {
    check("Target");
}
