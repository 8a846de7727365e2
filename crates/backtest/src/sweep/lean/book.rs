//! One set on its walk: cash and positions, curves, what was traded. Each step is the floor's, in its order.

use std::ops::Range;

use crosscut_kernels::metrics::turnover;
use crosscut_model::{Fill, Side};
use crosscut_trading::account::Funds;
use crosscut_trading::cost::fraction;
use crosscut_trading::ledger::{ClosedTrade, Ledger};
use crosscut_trading::limits::{Kept, Limits};
use crosscut_trading::rules::{Execution, OnShort, Untradable};
use crosscut_trading::sizing::{Account, Line, affordable_scale};
use crosscut_trading::strategy::{Aim, Holding, Plan, Ranked};
use crosscut_trading::venue::{Meeting, Purse, Terms, execute};

use super::ranges::Ranges;
use super::sight::{Places, Sight};
use super::{Curves, Job};
use crate::config::{BacktestConfig, CommissionConfig, SlippageConfig};
use crate::panel::{Panel, Values};
use crate::replay::ROUNDING;

/// Something to trade.
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
    /// Rows of the run.
    rows: Range<usize>,
    /// The first row that is not valued yet.
    at: usize,
    /// Cash by row.
    cash: Vec<f64>,
    /// Sum of position values by row; over equity at the end.
    pub(super) net: Vec<f64>,
    /// Sum of absolute position values by row; over equity at the end.
    pub(super) gross: Vec<f64>,
    /// One-sided turnover of each rebalance.
    pub(super) turnover: Vec<f64>,
    /// Orders made.
    pub(super) n_orders: usize,
    /// Orders filled, in full or in part.
    pub(super) n_fills: usize,
    /// Commission of all fills.
    pub(super) commission: f64,
    /// Slippage of all fills.
    pub(super) slippage: f64,
    /// Commission and slippage, fractions.
    rates: (f64, f64),
    /// Whether orders meet the next open instead of the close that decided them.
    is_delayed: bool,
    /// Whether the account may owe nothing.
    is_cash: bool,
    /// The row at whose open what is wished is traded; `None` when nothing waits.
    waits_for: Option<usize>,
    /// Whether it has come to something only the engine can do.
    is_void: bool,
    /// What the rule says, kept for its allocation.
    plan: Plan,
    /// Positions as the rule sees them, kept for their allocation.
    holdings: Vec<Holding>,
    /// What each symbol is brought to, kept for its allocation.
    lines: Vec<Line>,
    /// What is traded, symbols ascending.
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
            at: rows.start,
            rows,
            cash: blank.clone(),
            net: blank.clone(),
            gross: blank,
            turnover: Vec::new(),
            n_orders: 0,
            n_fills: 0,
            commission: 0.0,
            slippage: 0.0,
            rates: rates(job.config),
            is_delayed: job.config.execution == Execution::NextOpen,
            is_cash: job.prepared.funds == Funds::Cash,
            waits_for: None,
            is_void: false,
            plan: Plan::default(),
            holdings: Vec::new(),
            lines: Vec::new(),
            wishes: Vec::new(),
            weights: Default::default(),
        }
    }

    /// Trades that are over.
    pub(super) fn closed(&self) -> &[ClosedTrade] {
        self.ledger.closed()
    }

    /// Walks up to the close of a row, or to the end of the run: what waits for an open on the way is traded there.
    pub(super) fn advance(&mut self, job: &Job<'_>, places: &Places<'_>, to: usize) {
        if let Some(row) = self.waits_for.filter(|&row| row <= to && row < self.rows.end) {
            self.mark(places, row);
            self.waits_for = None;
            self.trade(job, places, row);
        }
        self.mark(places, to);
    }

    /// Tells trades the prices at which their symbols stood since the last decision.
    pub(super) fn note_ranges(&mut self, panel: &Panel, ranges: &mut Ranges) {
        for at in 0..self.ledger.held().len() {
            let symbol_idx = self.ledger.held()[at];
            if let Some((low, high)) = ranges.of(panel, symbol_idx) {
                self.ledger.note_price(symbol_idx, low);
                self.ledger.note_price(symbol_idx, high);
            }
        }
    }

    /// Values what is held over the rows up to one, which is not among them.
    fn mark(&mut self, places: &Places<'_>, to: usize) {
        let rows = self.at..to;
        self.at = to;
        if rows.is_empty() || self.is_void {
            return;
        }
        let at = rows.start - self.rows.start..rows.end - self.rows.start;
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

    /// Decides at the close of a row; trades there, or at the next open.
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
        let kept = self.lay(job.config.untradable, places, (row, equity));
        self.wish(job, (equity, kept));
        self.n_orders += self.wishes.len();
        // An order that comes after the next open, or has none to meet, is for the engine; and so is one at a close that is
        // known when the next bar has begun, of which nobody can say which prices came after it.
        let is_late = row + 1 < self.rows.end && places.panel.available_at()[row] > places.panel.timeline()[row + 1];
        self.is_void |= is_late;
        if !self.is_delayed {
            self.trade(job, places, row);
            return;
        }
        self.waits_for = Some(row + 1);
        self.is_void |= self.wishes.iter().any(|wish| !places.has_open(wish.symbol_idx, row + 1, self.rows.end));
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
            // The bar in which it was opened counts unless that was at its close.
            let n_bars =
                (pos as u64 + 1).saturating_sub(self.ledger.opened_bar(symbol_idx)) + u64::from(self.is_delayed);
            self.holdings.push(Holding { symbol_idx, weight: worth, n_bars, is_stuck });
        }
        let equity = self.ledger.cash() + value;
        for holding in &mut self.holdings {
            holding.weight /= equity;
        }
        equity
    }

    /// Lays aims and positions side by side, symbols ascending; gives what is kept as it is.
    fn lay(&mut self, untradable: Untradable, places: &Places<'_>, (row, equity): (usize, f64)) -> Kept {
        self.lines.clear();
        let mut kept = Kept::default();
        let (mut aims, mut all_held) = (self.plan.aims.iter().peekable(), self.ledger.held().iter().peekable());
        loop {
            let symbol_idx = match (aims.peek(), all_held.peek()) {
                (Some((aim, _)), Some(&&held)) => held.min(*aim),
                (Some((aim, _)), None) => *aim,
                (None, Some(&&held)) => held,
                (None, None) => return kept,
            };
            let aim = aims.next_if(|(aim, _)| *aim == symbol_idx).map(|(_, aim)| *aim);
            let _ = all_held.next_if(|&&held| held == symbol_idx);
            let held = self.ledger.quantity(symbol_idx);
            let Some(pos) = places.last(symbol_idx, row) else { continue };
            let price = places.panel.series(symbol_idx).close()[pos];
            let is_kept = match aim {
                Some(Aim::Weight(_)) => false,
                Some(Aim::Keep) => true,
                None => untradable == Untradable::Hold && !places.can_trade(symbol_idx, row),
            };
            if is_kept {
                let weight = held * price / equity;
                if held != 0.0 {
                    kept.gross += weight.abs();
                    kept.net += weight;
                }
                continue;
            }
            // What cannot be traded is closed at its last close now, not at the next open: that is for the engine.
            self.is_void |= self.is_delayed && aim.is_none() && !places.can_trade(symbol_idx, row);
            let weight = if let Some(Aim::Weight(weight)) = aim { weight } else { 0.0 };
            self.lines.push(Line { symbol_idx, weight, price, held, spread: f64::NAN });
        }
    }

    /// Turns lines into changes, and notes the turnover.
    fn wish(&mut self, job: &Job<'_>, (equity, kept): (f64, Kept)) {
        let (weights, drifted) = (&mut self.weights.0, &mut self.weights.1);
        weights.clear();
        weights.extend(self.lines.iter().map(|line| line.weight));
        let mut scale = 1.0;
        if self.is_cash {
            // What is kept has used its share of the cash; the rest cannot weigh more than what is left.
            let limits = Limits { cash_buffer: Some(0.0), ..job.prepared.limits };
            limits.apply(weights, kept);
            self.lines.iter_mut().zip(weights.iter()).for_each(|(line, weight)| line.weight = *weight);
            let account = Account { equity, cash: self.ledger.cash(), reserve: 0.0 };
            scale = affordable_scale(&self.lines, account, &job.prepared.costs);
            weights.iter_mut().for_each(|weight| *weight *= scale);
        }
        self.wishes.clear();
        drifted.clear();
        for line in &self.lines {
            drifted.push(line.held * line.price / equity);
            let target = line.target(equity, scale);
            let change = target - line.held;
            let is_rounding = target != 0.0 && change.abs() <= ROUNDING * line.held.abs();
            if change != 0.0 && !is_rounding {
                self.wishes.push(Wish { symbol_idx: line.symbol_idx, change, price: line.price });
            }
        }
        self.turnover.push(turnover(weights, drifted));
    }

    /// Trades what is wished in a row: sells, then buys.
    fn trade(&mut self, job: &Job<'_>, places: &Places<'_>, row: usize) {
        if self.is_void {
            return;
        }
        for side in [Side::Sell, Side::Buy] {
            for at in 0..self.wishes.len() {
                let Wish { symbol_idx, change, price } = self.wishes[at];
                if (change > 0.0) != (side == Side::Buy) {
                    continue;
                }
                let Some(pos) = places.last(symbol_idx, row) else { continue };
                let met = if self.is_delayed { places.open(symbol_idx, pos) } else { price };
                if let Some(fill) = self.fill(job, (symbol_idx, side), (change.abs(), met)) {
                    self.commission += fill.commission;
                    self.slippage += fill.slippage;
                    self.n_fills += 1;
                    self.ledger.book(symbol_idx, side, &fill, pos as u64 + 1);
                }
            }
        }
    }

    /// One execution; `None` where there is no cash for any.
    fn fill(&mut self, job: &Job<'_>, (symbol_idx, side): (u32, Side), (quantity, price): (f64, f64)) -> Option<Fill> {
        if self.is_cash {
            let purse = if side == Side::Buy { Purse::Cash(self.ledger.cash()) } else { Purse::Unlimited };
            self.is_void |= side == Side::Sell && quantity > self.ledger.quantity(symbol_idx);
            let meeting = Meeting { side, quantity, reference: price, at: 0, lot_size: None, terms: Terms::default() };
            return execute(meeting, purse, &job.prepared.costs);
        }
        let paid = price * (1.0 + self.rates.1 * side.sign());
        Some(Fill {
            filled_at: 0,
            quantity,
            price: paid,
            commission: self.rates.0 * quantity * paid,
            slippage: (paid - price).abs() * quantity,
        })
    }

    /// Equity and exposure; `None` for a set the engine has to run.
    pub(super) fn finish(mut self) -> Option<Curves> {
        let equity: Vec<f64> = self.cash.iter().zip(&self.net).map(|(cash, net)| cash + net).collect();
        if self.is_void || equity.iter().any(|equity| *equity <= 0.0 || equity.is_nan()) {
            return None;
        }
        for values in [&mut self.net, &mut self.gross] {
            values.iter_mut().zip(&equity).for_each(|(value, equity)| *value /= equity);
        }
        let rows = self.rows.clone();
        Some(Curves { equity, book: self, rows })
    }
}
