//! Three strategies on two markets against backtesting.py 0.6.6: every trade and the equity of every bar.
//!
//! Its conventions, and how they are met here: orders fill at the next open (our default); a limit fills when touched
//! (chosen); of a stop and a target within one bar the stop acts (our adverse path); an exit may act within the bar of its
//! entry (ours too). It sizes an order when it fills, by the open that fills it, costs included, in whole units: we size
//! when we decide, so the strategy here is told the next open and does their arithmetic. It closes what is open on the last
//! bar at that bar's open: the strategy sends the order one bar before.

use std::path::Path;

use crosscut_model::time::DAY;
use crosscut_model::{Bars, Exits, OrderRequest, Side};
use crosscut_trading::Desk;
use crosscut_trading::cost::Costs;
use crosscut_trading::floor::{Offsets, Placing};
use crosscut_trading::market::Data;
use crosscut_trading::order::Update;
use crosscut_trading::venue::{LimitFill, VenueRules};

use super::*;

/// Commission of each side, a fraction.
const COMMISSION: f64 = 0.001;

/// Which of the three strategies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Rule {
    LongOnly,
    LongShort,
    Bracket,
    /// The same, its exits put by the terms of the run.
    PlacedBracket,
}

/// The crossing of two simple averages, with the opens its sizes depend on.
pub(super) struct SmaCross<'a> {
    pub(super) rule: Rule,
    pub(super) bars: &'a Bars,
    pub(super) at: usize,
}

impl SmaCross<'_> {
    /// The mean of the last `n` closes at bar `at`.
    fn sma(&self, at: usize, n: usize) -> Option<f64> {
        let from = (at + 1).checked_sub(n)?;
        Some(self.bars.close[from..=at].iter().sum::<f64>() / n as f64)
    }

    /// Whether the fast average has crossed above (`true`) or below (`false`) the slow one at the present bar.
    pub(super) fn crossing(&self) -> Option<bool> {
        let before = self.at.checked_sub(1)?;
        let difference = |at| Some(self.sma(at, 10)? - self.sma(at, 30)?);
        let (earlier, now) = (difference(before)?, difference(self.at)?);
        if earlier < 0.0 && now > 0.0 {
            return Some(true);
        }
        (earlier > 0.0 && now < 0.0).then_some(false)
    }

    /// Whole units that `share` of `cash` buys at the next open, commission included.
    fn units(&self, share: f64, cash: f64) -> f64 {
        let open = self.bars.open[self.at + 1];
        (cash * share / (open + COMMISSION * open)).floor()
    }

    /// Cash once what is held has been closed at the next open.
    fn cash_when_flat(&self, desk: &Desk) -> f64 {
        let (held, open) = (desk.quantity(0), self.bars.open[self.at + 1]);
        desk.cash() + held * open - COMMISSION * held.abs() * open
    }

    fn decide(&self, desk: &mut Desk) {
        let Some(is_up) = self.crossing() else { return };
        let side = if is_up { Side::Buy } else { Side::Sell };
        let cash = self.cash_when_flat(desk);
        match self.rule {
            Rule::LongOnly if is_up => {
                desk.submit(OrderRequest::market(0, side, self.units(0.95, cash)));
            }
            Rule::LongOnly => {
                desk.close(0);
            }
            Rule::LongShort => {
                desk.close(0);
                desk.submit(OrderRequest::market(0, side, self.units(0.5, cash)));
            }
            Rule::Bracket if is_up && desk.quantity(0) == 0.0 => {
                let close = self.bars.close[self.at];
                let exits = Exits { stop_loss: Some(close * 0.95), take_profit: Some(close * 1.1) };
                desk.bracket(OrderRequest::market(0, side, self.units(0.5, cash)), exits);
            }
            Rule::PlacedBracket if is_up && desk.quantity(0) == 0.0 => {
                desk.submit(OrderRequest::market(0, side, self.units(0.5, cash)));
            }
            Rule::Bracket | Rule::PlacedBracket => {}
        }
    }
}

impl Strategy for SmaCross<'_> {
    fn on_data(&mut self, _data: &Data, desk: &mut Desk) {
        if self.at + 2 == self.bars.len() {
            desk.close(0);
        } else if self.at + 2 < self.bars.len() {
            self.decide(desk);
        }
        self.at += 1;
    }

    fn on_order(&mut self, _update: &Update, _desk: &mut Desk) {}

    fn evaluate(&mut self, _desk: &mut Desk) {}
}

/// The bars of one of their inputs.
pub(super) fn bars(folder: &Path, symbol: &str) -> Bars {
    let mut bars = Bars::default();
    for row in rows(&text(&folder.join(format!("{symbol}_input.csv.gz")))) {
        let timestamp = row[1].parse::<i64>().unwrap() * 1000;
        let prices = [2, 3, 4, 5].map(|column: usize| row[column].parse().unwrap());
        push(&mut bars, (timestamp, timestamp + DAY), prices, row[6].parse().unwrap());
    }
    bars
}

pub(super) fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0)
}

fn check(symbol: &str, rule: Rule, name: &str) {
    let Some(shared) = shared() else { return };
    let folder = shared.join("data/golden/computed/backtesting_py");
    let bars = bars(&folder, symbol);
    let venue = VenueRules { limit_fill: LimitFill::Touch, ..VenueRules::default() };
    let costs = Costs::from_bps(COMMISSION * 10_000.0, 0.0).unwrap();
    let market = Market {
        symbols: vec![symbol.to_owned()],
        feeds: vec![Feed::Bars { symbol, bars: &bars }],
        ..Market::default()
    };
    let exits = Offsets { stop_loss: Some(0.05), take_profit: Some(0.1) };
    let placing = Placing { exits, ..Placing::default() };
    let placing = if rule == Rule::PlacedBracket { placing } else { Placing::default() };
    let config = FloorConfig { venue, costs, placing, ..config(10_000_000.0, 1) };
    let mut strategy = SmaCross { rule, bars: &bars, at: 0 };
    let outcome = replay_events(market, config, EventOptions::default(), &mut strategy).unwrap();

    let trades = text(&folder.join(format!("{symbol}_{name}_trades.csv")));
    let theirs = rows(&trades);
    assert_eq!(outcome.trades.len(), theirs.len(), "{symbol} {name}");
    for (ours, theirs) in outcome.trades.iter().zip(&theirs) {
        let number = |column: usize| theirs[column].parse::<f64>().unwrap();
        let sign = ours.side.sign();
        assert_eq!(ours.quantity * sign, number(0), "{theirs:?}");
        let bar = |at: i64| bars.timestamp.partition_point(|&label| label < at) as f64;
        // A fill at an open has the bar's label, one within the bar its close.
        let open_at = |at: i64| bars.timestamp.binary_search(&at).ok().map(|bar| bars.open[bar]);
        let is_open = open_at(ours.closed_at).is_some_and(|open| near(open, ours.exit_price));
        let exit_bar = bar(ours.closed_at) - f64::from(!is_open);
        assert_eq!((bar(ours.opened_at), exit_bar), (number(1), number(2)), "{theirs:?}");
        for (ours, column) in
            [(ours.entry_price, 3), (ours.exit_price, 4), (ours.pnl, 7), (ours.commission, 8), (ours.return_, 9)]
        {
            assert!(near(ours, number(column)), "{symbol} {name} {ours} {theirs:?}");
        }
    }
    let equity = text(&folder.join(format!("{symbol}_{name}_equity.csv.gz")));
    let theirs = rows(&equity);
    assert_eq!(outcome.curves.equity.len(), theirs.len());
    for (ours, theirs) in outcome.curves.equity.iter().zip(&theirs) {
        assert!(near(*ours, theirs[1].parse().unwrap()), "{symbol} {name} {ours} {theirs:?}");
    }
}

#[test]
fn long_only() {
    check("BTCUSDT", Rule::LongOnly, "sma_cross_long_only");
    check("AAPL", Rule::LongOnly, "sma_cross_long_only");
}

#[test]
fn long_and_short() {
    check("BTCUSDT", Rule::LongShort, "sma_cross_long_short");
    check("AAPL", Rule::LongShort, "sma_cross_long_short");
}

#[test]
fn brackets() {
    check("BTCUSDT", Rule::Bracket, "sma_cross_bracket_sl5_tp10");
    check("AAPL", Rule::Bracket, "sma_cross_bracket_sl5_tp10");
    check("BTCUSDT", Rule::PlacedBracket, "sma_cross_bracket_sl5_tp10");
    check("AAPL", Rule::PlacedBracket, "sma_cross_bracket_sl5_tp10");
}
