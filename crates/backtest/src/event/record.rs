//! Curves of an event replay.

use crosscut_trading::Floor;

/// When curves are sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sampling {
    /// Whenever a bar that orders meet has closed; trades alone are not sampled.
    #[default]
    Bars,
    /// At the first event at or after each multiple of so many microseconds.
    Every(i64),
    /// Never: memory then does not grow with history.
    Off,
}

/// Cash, equity and exposure at sampled times.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Curves {
    /// When, microseconds UTC: what was known then is in.
    pub at: Vec<i64>,
    /// Cash plus positions at their last prices, quote units.
    pub equity: Vec<f64>,
    /// Cash, quote units.
    pub cash: Vec<f64>,
    /// Sum of absolute position values, quote units.
    pub gross: Vec<f64>,
    /// Sum of signed position values, quote units.
    pub net: Vec<f64>,
}

impl Curves {
    /// Takes a sample.
    #[inline]
    pub(super) fn sample(&mut self, at: i64, floor: &Floor) {
        let account = floor.desk().account();
        let (cash, net) = (account.ledger().cash(), account.net());
        self.at.push(at);
        self.equity.push(cash + net);
        self.cash.push(cash);
        self.gross.push(account.gross());
        self.net.push(net);
    }
}
