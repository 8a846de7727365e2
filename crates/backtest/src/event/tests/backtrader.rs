//! Market, limit and stop orders against backtrader: every fill and the value at the end, on two markets.
//!
//! `backtrader/run.py` holds the strategies, the conventions of the other side and how its fills, `backtrader/fills.csv`, were made.
//! Ours are the same but for one choice: a limit fills when touched.

use crosscut_model::{Bars, OrderId, OrderKind, OrderRequest, Side};
use crosscut_trading::Desk;
use crosscut_trading::cost::Costs;
use crosscut_trading::market::Data;
use crosscut_trading::order::Update;
use crosscut_trading::venue::{LimitFill, VenueRules};

use super::*;

/// Fills of the other side.
const FILLS: &str = include_str!("backtrader/fills.csv");

/// One of the three strategies, by its name there.
struct Theirs<'a> {
    name: &'a str,
    bars: &'a Bars,
    n_bars: usize,
    order: Option<OrderId>,
}

impl Theirs<'_> {
    /// The mean of the last closes, summed from the newest on as they do.
    fn mean(&self, n: usize) -> f64 {
        self.bars.close[self.n_bars - n..self.n_bars].iter().rev().sum::<f64>() / n as f64
    }

    fn replace(&mut self, request: OrderRequest, desk: &mut Desk) {
        if let Some(order_id) = self.order {
            desk.cancel(order_id);
        }
        self.order = Some(desk.submit(request));
    }

    fn market(&mut self, desk: &mut Desk) {
        let is_long = desk.quantity(0) > 0.0;
        if self.n_bars >= 30 && (self.mean(10) > self.mean(30)) != is_long {
            desk.target(0, if is_long { 0.0 } else { 2.0 });
        }
    }

    fn limit(&mut self, close: f64, desk: &mut Desk) {
        let position = desk.position(0);
        if position.quantity > 0.0 {
            if desk.open_orders().is_empty() {
                self.order = Some(desk.submit(OrderRequest::limit(0, Side::Sell, 2.0, position.entry_price * 1.05)));
            }
        } else if self.n_bars.is_multiple_of(5) {
            self.replace(OrderRequest::limit(0, Side::Buy, 2.0, close * 0.97), desk);
        }
    }

    fn stop(&mut self, desk: &mut Desk) {
        if self.n_bars < 20 {
            return;
        }
        let last = |n: usize| self.n_bars - n..self.n_bars;
        let (side, trigger) = if desk.quantity(0) > 0.0 {
            (Side::Sell, self.bars.low[last(10)].iter().copied().fold(f64::MAX, f64::min))
        } else {
            (Side::Buy, self.bars.high[last(20)].iter().copied().fold(f64::MIN, f64::max))
        };
        self.replace(OrderRequest::new(0, side, 2.0, OrderKind::Stop { trigger }), desk);
    }
}

impl Strategy for Theirs<'_> {
    fn on_data(&mut self, data: &Data, desk: &mut Desk) {
        self.n_bars += 1;
        match self.name {
            "Market" => self.market(desk),
            "Limit" => self.limit(data.price(), desk),
            _ => self.stop(desk),
        }
    }

    fn on_order(&mut self, _update: &Update, _desk: &mut Desk) {}

    fn evaluate(&mut self, _desk: &mut Desk) {}
}

fn check(name: &str) {
    let Some(shared) = shared() else { return };
    for symbol in ["AAPL", "BTCUSDT"] {
        let folder = shared.join("data/golden/computed/backtesting_py");
        let bars = backtesting_py::bars(&folder, symbol);
        let venue = VenueRules { limit_fill: LimitFill::Touch, ..VenueRules::default() };
        let costs = Costs::from_bps(10.0, 0.0).unwrap();
        let feeds = vec![Feed::Bars { symbol, bars: &bars }];
        let market = Market { symbols: vec![symbol.to_owned()], feeds, ..Market::default() };
        let mut strategy = Theirs { name, bars: &bars, n_bars: 0, order: None };
        let config = FloorConfig { venue, costs, ..config(1e7, 1) };
        let outcome = replay_events(market, config, EventOptions::default(), &mut strategy).unwrap();
        check_fills(&outcome, &bars, FILLS, (symbol, name), 16);
    }
}

#[test]
fn market_orders() {
    check("Market");
}

#[test]
fn limit_orders() {
    check("Limit");
}

#[test]
fn stop_orders() {
    check("Stop");
}
