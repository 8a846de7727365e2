//! The floor by hand: a script of orders, a few bars, and what became of them as text.

mod actions;
mod brackets;
mod guard;
mod margin;
mod orders;
mod properties;
mod rules;
mod settlement;

use crosscut_model::time::HOUR;
use crosscut_model::{OrderId, Side};

use super::*;
use crate::order::Event;

/// What a strategy does at which bar, counted from 0.
pub(super) type Line<'a> = (usize, Box<dyn FnMut(&mut Desk) + 'a>);

/// What a strategy does, line by line.
pub(super) type Script<'a> = Vec<Line<'a>>;

/// Does what its script says and writes down what it hears.
pub(super) struct Scripted<'a> {
    /// What to do when.
    pub(super) script: Script<'a>,
    /// What it has heard.
    pub(super) heard: Vec<String>,
    /// Bars or trades seen.
    pub(super) n_seen: usize,
}

impl Strategy for Scripted<'_> {
    fn on_data(&mut self, _data: &Data, desk: &mut Desk) {
        for (at, act) in &mut self.script {
            if *at == self.n_seen {
                act(desk);
            }
        }
        self.n_seen += 1;
    }

    fn on_order(&mut self, update: &Update, _desk: &mut Desk) {
        let OrderId(number) = update.order_id;
        let hours = update.at as f64 / HOUR as f64;
        let what = match update.event {
            Event::Accepted => return,
            Event::Rejected(reason) => format!("rejected: {}", reason.text()),
            Event::Triggered => return,
            Event::Modified => "modified".to_owned(),
            Event::Adjusted { ratio, remaining } => format!("split {ratio}: {remaining} left"),
            Event::Cancelled(reason) => format!("cancelled: {}", reason.text()),
            Event::Filled { fill, .. } => format!("{} {} @ {}", update.side.name(), fill.quantity, fill.price),
        };
        self.heard.push(format!("{hours}h #{number} {what}"));
    }

    fn evaluate(&mut self, _desk: &mut Desk) {}
}

/// A floor of one symbol without costs, for an account that may owe anything.
pub(super) fn config() -> FloorConfig {
    FloorConfig::new(10_000.0, 1, Costs::from_bps(0.0, 0.0).unwrap())
}

/// Bar number `at`, one hour long, from its four prices and its volume.
pub(super) fn bar(at: usize, (open, high, low, close): (f64, f64, f64, f64), volume: f64) -> Bar {
    let timestamp = at as i64 * HOUR;
    let available_at = timestamp + HOUR;
    Bar { symbol_idx: 0, feed_idx: 0, timestamp, available_at, open, high, low, close, volume, vwap: f64::NAN }
}

/// Passes bars of 1000 units to a scripted strategy; gives what it heard and the floor.
pub(super) fn play<'a>(
    config: FloorConfig,
    prices: &[(f64, f64, f64, f64)],
    script: Script<'a>,
) -> (Vec<String>, Floor) {
    let mut floor = Floor::new(config).unwrap();
    let mut strategy = Scripted { script, heard: Vec::new(), n_seen: 0 };
    for (at, prices) in prices.iter().enumerate() {
        floor.pass_bar(&mut strategy, &bar(at, *prices, 1000.0));
    }
    (strategy.heard, floor)
}

/// One line of a script.
pub(super) fn at<'a>(bar: usize, act: impl FnMut(&mut Desk) + 'a) -> Line<'a> {
    (bar, Box::new(act))
}

/// Plays and compares what was heard.
pub(super) fn check(config: FloorConfig, prices: &[(f64, f64, f64, f64)], script: Script<'_>, expected: &[&str]) {
    assert_eq!(play(config, prices, script).0, expected);
}
