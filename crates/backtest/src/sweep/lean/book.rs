//! One set on its walk: cash and positions, curves, what was traded. Each step is the floor's, in its order.

use std::ops::Range;

use crosscut_kernels::metrics::turnover;
use crosscut_model::{Fill, Side};
use crosscut_trading::cost::fraction;
use crosscut_trading::ledger::{ClosedTrade, Ledger};
use crosscut_trading::rules::{OnShort, Untradable};
use crosscut_trading::strategy::{Aim, Holding, Plan, Ranked};

use super::sight::{Places, Sight};
use super::{Curves, Job};
use crate::config::{BacktestConfig, CommissionConfig, SlippageConfig};
use crate::panel::{Panel, Values};
use crate::replay::ROUNDING;

/// Something to trade at a decision.
#[derive(Debug, Clone, Copy)]
struct Wish {
    /// The symbol.
    symbol_idx: u32,
    /// Signed base units.
    change: f64,
    /// The last close, quote units.
    price: f64,
}

/// One set on its walk.
pub(super) struct Book {
    /// Cash, positions, closed trades.
    ledger: Ledger,
    /// First row of the run.
    first: usize,
    /// Cash by row.
    cash: Vec<f64>,
    /// Sum of position values by row; over equity at the end.
    pub(super) net: Vec<f64>,
    /// Sum of absolute position values by row; over equity at the end.
    pub(super) gross: Vec<f64>,
    /// One-sided turnover of each rebalance.
    pub(super) turnover: Vec<f64>,
    /// Orders made, all of them filled.
    pub(super) n_orders: usize,
    /// Commission of all fills.
    pub(super) commission: f64,
    /// Slippage of all fills.
    pub(super) slippage: f64,
    /// Commission and slippage, fractions.
    rates: (f64, f64),
    /// Whether it has come to something only the engine can do.
    is_void: bool,
    /// What the rule says, kept for its allocation.
    plan: Plan,
    /// Positions as the rule sees them, kept for their allocation.
    holdings: Vec<Holding>,
    /// What is traded, kept for its allocation.
    wishes: Vec<Wish>,
    /// Weights aimed at and drifted to, kept for their allocation.
    weights: (Vec<f64>, Vec<f64>),
}

/// Commission and slippage as fractions; NaN, which no walk survives, for what is not in basis points.
fn rates(config: &BacktestConfig) -> (f64, f64) {
    let commission = match config.costs.commission {
        Some(CommissionConfig::Bps(bps)) => bps,
        _ => config.commission_bps,
    };
    let slippage = match config.costs.slippage {
        Some(SlippageConfig::Bps(bps)) => bps,
        _ => config.slippage_bps,
    };
    let rate = |what, bps| fraction(what, bps).unwrap_or(f64::NAN);
    (rate("commission_bps", commission), rate("slippage_bps", slippage))
}

impl Book {
    /// A book before the first row.
    pub(super) fn new(job: &Job<'_>, panel: &Panel, rows: Range<usize>) -> Self {
        let blank = vec![0.0; rows.len()];
        Self {
            ledger: Ledger::new(job.config.capital, panel.symbols().len()),
            first: rows.start,
            cash: blank.clone(),
            net: blank.clone(),
            gross: blank,
            turnover: Vec::new(),
            n_orders: 0,
            commission: 0.0,
            slippage: 0.0,
            rates: rates(job.config),
            is_void: false,
            plan: Plan::default(),
            holdings: Vec::new(),
            wishes: Vec::new(),
            weights: Default::default(),
        }
    }

    /// Trades that are over.
    pub(super) fn closed(&self) -> &[ClosedTrade] {
        self.ledger.closed()
    }

    /// Values what is held over rows.
    pub(super) fn mark(&mut self, places: &Places<'_>, rows: Range<usize>) {
        if rows.is_empty() || self.is_void {
            return;
        }
        let at = rows.start - self.first..rows.end - self.first;
        self.cash[at.clone()].fill(self.ledger.cash());
        let (net, gross) = (&mut self.net[at.clone()], &mut self.gross[at]);
        for &symbol_idx in self.ledger.held() {
            let quantity = self.ledger.quantity(symbol_idx);
            let close = places.panel.series(symbol_idx).close();
            match places.dense(symbol_idx) {
                Some(first) if rows.start >= first && rows.end - first <= close.len() => {
                    let prices = &close[rows.start - first..rows.end - first];
                    for ((net, gross), price) in net.iter_mut().zip(gross.iter_mut()).zip(prices) {
                        let value = quantity * price;
                        *net += value;
                        *gross += value.abs();
                    }
                }
                _ => {
                    let values = Values { net: &mut *net, gross: &mut *gross };
                    places.panel.add_value(symbol_idx, quantity, rows.clone(), values);
                }
            }
        }
    }

    /// Decides and trades at the close of a row.
    pub(super) fn decide(&mut self, job: &Job<'_>, places: &Places<'_>, ranked: &[Ranked], row: usize) {
        let Some(rule) = job.prepared.strategy.rule().filter(|_| !self.is_void) else { return };
        let equity = self.look(job, places, row);
        if equity <= 0.0 || equity.is_nan() {
            self.is_void = true;
            return;
        }
        self.plan.clear();
        let is_short = ranked.len() < rule.names_needed(ranked.len());
        match job.config.on_short {
            OnShort::Skip if is_short => return,
            OnShort::Flat if is_short => {}
            _ => {
                let sight = Sight::new(places, row, &self.holdings);
                rule.decide(ranked, &sight, &mut self.plan);
                self.plan.aims.sort_unstable_by_key(|(symbol_idx, _)| *symbol_idx);
            }
        }
        self.wish(job.config.untradable, places, (row, equity));
        self.trade(places, row);
    }

    /// Notes what is held as a rule sees it; gives equity.
    fn look(&mut self, job: &Job<'_>, places: &Places<'_>, row: usize) -> f64 {
        self.holdings.clear();
        let mut value = 0.0;
        for &symbol_idx in self.ledger.held() {
            let Some(pos) = places.last(symbol_idx, row) else { continue };
            let price = places.panel.series(symbol_idx).close()[pos];
            let worth = self.ledger.quantity(symbol_idx) * price;
            value += worth;
            let is_stuck = job.config.untradable == Untradable::Hold && !places.can_trade(symbol_idx, row);
            let n_bars = (pos as u64 + 1).saturating_sub(self.ledger.opened_bar(symbol_idx));
            self.holdings.push(Holding { symbol_idx, weight: worth, n_bars, is_stuck });
        }
        let equity = self.ledger.cash() + value;
        for holding in &mut self.holdings {
            holding.weight /= equity;
        }
        equity
    }

    /// Turns aims and positions into changes, symbols ascending, and notes the turnover.
    fn wish(&mut self, untradable: Untradable, places: &Places<'_>, (row, equity): (usize, f64)) {
        self.wishes.clear();
        let (weights, drifted) = (&mut self.weights.0, &mut self.weights.1);
        weights.clear();
        drifted.clear();
        let (mut aims, mut held) = (self.plan.aims.iter().peekable(), self.ledger.held().iter().peekable());
        loop {
            let symbol_idx = match (aims.peek(), held.peek()) {
                (Some((aim, _)), Some(&&held)) => held.min(*aim),
                (Some((aim, _)), None) => *aim,
                (None, Some(&&held)) => held,
                (None, None) => break,
            };
            let aim = aims.next_if(|(aim, _)| *aim == symbol_idx).map(|(_, aim)| *aim);
            let _ = held.next_if(|&&held| held == symbol_idx);
            let weight = match aim {
                Some(Aim::Weight(weight)) => weight,
                Some(Aim::Keep) => continue,
                None if untradable == Untradable::Hold && !places.can_trade(symbol_idx, row) => continue,
                None => 0.0,
            };
            let quantity = self.ledger.quantity(symbol_idx);
            let Some(pos) = places.last(symbol_idx, row) else { continue };
            let price = places.panel.series(symbol_idx).close()[pos];
            weights.push(weight);
            drifted.push(quantity * price / equity);
            let target = if weight == 0.0 { 0.0 } else { weight * equity / price };
            let change = target - quantity;
            let is_rounding = target != 0.0 && change.abs() <= ROUNDING * quantity.abs();
            if change != 0.0 && !is_rounding {
                self.wishes.push(Wish { symbol_idx, change, price });
            }
        }
        self.turnover.push(turnover(weights, drifted));
    }

    /// Trades: sells, then buys.
    fn trade(&mut self, places: &Places<'_>, row: usize) {
        for side in [Side::Sell, Side::Buy] {
            for at in 0..self.wishes.len() {
                let Wish { symbol_idx, change, price } = self.wishes[at];
                if (change > 0.0) != (side == Side::Buy) {
                    continue;
                }
                let quantity = change.abs();
                let paid = price * (1.0 + self.rates.1 * side.sign());
                let fill = Fill {
                    filled_at: 0,
                    quantity,
                    price: paid,
                    commission: self.rates.0 * quantity * paid,
                    slippage: (paid - price).abs() * quantity,
                };
                self.commission += fill.commission;
                self.slippage += fill.slippage;
                self.n_orders += 1;
                let n_bars = places.last(symbol_idx, row).map_or(0, |pos| pos as u64 + 1);
                self.ledger.book(symbol_idx, side, &fill, n_bars);
            }
        }
    }

    /// Equity and exposure; `None` for a set the engine has to run.
    pub(super) fn finish(mut self, rows: Range<usize>) -> Option<Curves> {
        let equity: Vec<f64> = self.cash.iter().zip(&self.net).map(|(cash, net)| cash + net).collect();
        if self.is_void || equity.iter().any(|equity| *equity <= 0.0 || equity.is_nan()) {
            return None;
        }
        for values in [&mut self.net, &mut self.gross] {
            values.iter_mut().zip(&equity).for_each(|(value, equity)| *value /= equity);
        }
        Some(Curves { equity, book: self, rows })
    }
}
