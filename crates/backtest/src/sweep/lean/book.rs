//! One set on its walk: cash and positions, curves, what was traded. Each step is the floor's, in its order.

use std::ops::Range;

use crosscut_kernels::metrics::turnover;
use crosscut_model::Side;
use crosscut_trading::account::Funds;
use crosscut_trading::cost::fraction;
use crosscut_trading::limits::{Kept, Limits};
use crosscut_trading::rules::{Execution, OnShort, Untradable};
use crosscut_trading::sizing::{Account, Line, affordable_scale};
use crosscut_trading::strategy::Holding;
use crosscut_trading::venue::{Meeting, Purse, Terms, execute};

use super::curve::Curve;
use super::outlook::Outlook;
use super::positions::{Part, Positions};
use super::sight::{Places, Sight};
use super::slate::{Orders, Slate};
use super::{Curves, Job};
use crate::config::{BacktestConfig, CommissionConfig, SlippageConfig};
use crate::panel::Panel;
use crate::results::metrics::TradeColumns;

/// One set on its walk.
pub(super) struct Book {
    /// Cash, quote units.
    cash: f64,
    /// Positions and closed trades.
    pub(super) positions: Positions,
    /// Equity and exposure so far.
    pub(super) curve: Curve,
    /// Rows of the run.
    rows: Range<usize>,
    /// The first row that is not valued yet.
    at: usize,
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
    /// What waits for it.
    waiting: Orders,
}

/// Room that one set leaves to the next: what it has most of.
#[derive(Debug, Default)]
pub(in crate::sweep) struct Spare {
    /// Of a curve.
    equity: Vec<f64>,
    /// Of closed trades.
    trades: TradeColumns,
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
    /// A book before the first row; `spare` is room for it.
    pub(super) fn new(job: &Job<'_>, panel: &Panel, rows: Range<usize>, spare: Spare) -> Self {
        Self {
            cash: job.config.capital,
            positions: Positions::new(panel.symbols().len(), spare.trades),
            curve: Curve::new(rows.len(), spare.equity),
            at: rows.start,
            rows,
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
            waiting: Orders::default(),
        }
    }

    /// Walks up to the close of a row, or to the end of the run: what waits for an open on the way is traded there.
    pub(super) fn advance<'a>(&mut self, job: &Job<'_>, places: &Places<'a>, slate: &mut Slate<'a>, to: usize) {
        if let Some(row) = self.waits_for.filter(|&row| row <= to && row < self.rows.end) {
            self.mark(places, slate, row);
            self.waits_for = None;
            std::mem::swap(&mut self.waiting, &mut slate.orders);
            let meet = |part: &mut Part| part.price = places.open_at(part.symbol_idx, row);
            slate.orders.sells.iter_mut().chain(&mut slate.orders.buys).for_each(meet);
            self.trade(job, places, slate, row);
        }
        self.mark(places, slate, to);
    }

    /// Values what is held over the rows up to one, which is not among them.
    fn mark<'a>(&mut self, places: &Places<'a>, slate: &mut Slate<'a>, to: usize) {
        let rows = self.at..to;
        self.at = to;
        if rows.is_empty() || self.is_void {
            return;
        }
        let held = self.positions.held();
        slate.columns.clear();
        slate.columns.extend(held.iter().map_while(|&(symbol_idx, quantity)| {
            places.closes_in(symbol_idx, rows.clone()).map(|closes| (closes, quantity))
        }));
        if slate.columns.len() == held.len() {
            self.curve.grow(self.cash, &slate.columns, rows.len());
        } else {
            let columns = places.columns(held, rows.clone(), &mut slate.filled);
            self.curve.grow(self.cash, &columns, rows.len());
        }
        self.is_void |= !self.curve.is_sound;
    }

    /// Decides at the close of a row; trades there, or at the next open.
    pub(super) fn decide(
        &mut self,
        job: &Job<'_>,
        places: &Places<'_>,
        slate: &mut Slate<'_>,
        (outlook, row): (&Outlook, usize),
    ) {
        let Some(rule) = job.prepared.strategy.rule().filter(|_| !self.is_void) else { return };
        let equity = self.equity(outlook);
        if equity <= 0.0 || equity.is_nan() {
            self.is_void = true;
            return;
        }
        slate.plan.clear();
        let is_short = outlook.ranked.len() < rule.names_needed(outlook.ranked.len());
        match job.config.on_short {
            OnShort::Skip if is_short => return,
            OnShort::Flat if is_short => {}
            _ => {
                let held = || self.holdings(job, places, (row, equity));
                rule.decide(&outlook.ranked, &Sight::new(places, row, &held), &mut slate.plan);
            }
        }
        slate.mark(self.positions.held());
        self.settle_idle(job.config.untradable, places, slate, (outlook, row));
        let kept = self.lay(slate, outlook, equity);
        self.wish(job, slate, (equity, kept));
        self.n_orders += slate.orders.sells.len() + slate.orders.buys.len();
        // An order that comes after the next open, or has none to meet, is for the engine; and so is one at a close that is
        // known when the next bar has begun, of which nobody can say which prices came after it.
        let is_late = row + 1 < self.rows.end && places.panel.available_at()[row] > places.panel.timeline()[row + 1];
        self.is_void |= is_late;
        if !self.is_delayed {
            self.trade(job, places, slate, row);
            return;
        }
        self.waits_for = Some(row + 1);
        let has_open = |part: &Part| places.has_open(part.symbol_idx, row + 1, self.rows.end);
        self.is_void |= !slate.orders.sells.iter().chain(&slate.orders.buys).all(has_open);
        std::mem::swap(&mut self.waiting, &mut slate.orders);
    }

    /// Cash and the value of what is held at the last closes; what is held has one.
    fn equity(&self, outlook: &Outlook) -> f64 {
        let held = self.positions.held().iter();
        let value = held.fold(0.0, |sum, (symbol_idx, quantity)| sum + quantity * outlook.closes[*symbol_idx as usize]);
        self.cash + value
    }

    /// What is held as a rule sees it.
    fn holdings(&self, job: &Job<'_>, places: &Places<'_>, (row, equity): (usize, f64)) -> Vec<Holding> {
        let holding = |&(symbol_idx, quantity): &(u32, f64)| {
            let worth = quantity * places.last_close(symbol_idx, row);
            let is_stuck = job.config.untradable == Untradable::Hold && !places.can_trade(symbol_idx, row);
            // The bar in which it was opened counts unless that was at its close.
            let opened_bar = places.bar_number(symbol_idx, self.positions.opened_row(symbol_idx));
            let n_bars = places.bar_number(symbol_idx, row).saturating_sub(opened_bar) + u64::from(self.is_delayed);
            Holding { symbol_idx, weight: worth / equity, n_bars, is_stuck }
        };
        self.positions.held().iter().map(holding).collect()
    }

    /// Looks at what is held, not aimed at, and cannot be traded: it is kept, or closed at its last close.
    fn settle_idle(
        &mut self,
        untradable: Untradable,
        places: &Places<'_>,
        slate: &mut Slate<'_>,
        (outlook, row): (&Outlook, usize),
    ) {
        for (word, (marks, tradable)) in slate.marks.iter_mut().zip(&outlook.tradable).enumerate() {
            let mut left = marks.held & !marks.aimed & !tradable;
            while left != 0 {
                let bit = left & left.wrapping_neg();
                left ^= bit;
                // Those who are no members any more can be traded all the same.
                if places.can_trade(word as u32 * 64 + bit.trailing_zeros(), row) {
                    continue;
                }
                match untradable {
                    Untradable::Hold => marks.kept |= bit,
                    // At its last close now, not at the next open: that is for the engine.
                    Untradable::CloseLast => self.is_void |= self.is_delayed,
                }
            }
        }
    }

    /// Lays aims and positions side by side, symbols ascending; gives what is kept as it is.
    fn lay(&mut self, slate: &mut Slate<'_>, outlook: &Outlook, equity: f64) -> Kept {
        let Slate { weights, marks, lines, orders, .. } = slate;
        let mut kept = Kept::default();
        let n_named = marks.iter().map(|marks| (marks.aimed | marks.held).count_ones() as usize).sum();
        lines.resize(n_named);
        orders.named.resize(n_named, 0);
        let (mut n_named, mut n_lines) = (0, 0);
        for (word, marks) in marks.iter().enumerate() {
            let mut left = marks.aimed | marks.held;
            while left != 0 {
                let bit = left & left.wrapping_neg();
                let symbol_idx = word as u32 * 64 + left.trailing_zeros();
                left ^= bit;
                orders.named[n_named] = symbol_idx;
                n_named += 1;
                let (price, held) = (outlook.closes[symbol_idx as usize], self.positions.quantity(symbol_idx));
                if marks.kept & bit == 0 {
                    lines.symbols[n_lines] = symbol_idx;
                    lines.weights[n_lines] = std::mem::take(&mut weights[symbol_idx as usize]);
                    lines.prices[n_lines] = price;
                    lines.held[n_lines] = held;
                    n_lines += 1;
                } else if held != 0.0 {
                    let weight = held * price / equity;
                    kept.gross += weight.abs();
                    kept.net += weight;
                }
            }
        }
        lines.resize(n_lines);
        kept
    }

    /// Turns lines into orders at their last closes, and notes the turnover.
    fn wish(&mut self, job: &Job<'_>, slate: &mut Slate<'_>, (equity, kept): (f64, Kept)) {
        let Slate { lines, orders, .. } = slate;
        let mut scale = 1.0;
        if self.is_cash {
            // What is kept has used its share of the cash; the rest cannot weigh more than what is left.
            let limits = Limits { cash_buffer: Some(0.0), ..job.prepared.limits };
            limits.apply(&mut lines.weights, kept);
            let account = Account { equity, cash: self.cash, reserve: 0.0 };
            scale = affordable_scale(&lines.iter().collect::<Vec<Line>>(), account, &job.prepared.costs);
        }
        lines.work_out(equity, scale);
        orders.take(lines);
        if self.is_cash {
            lines.weights.iter_mut().for_each(|weight| *weight *= scale);
        }
        self.turnover.push(turnover(&lines.weights, &lines.drifted));
    }

    /// Trades what is ordered in a row: sells, then buys.
    fn trade(&mut self, job: &Job<'_>, places: &Places<'_>, slate: &mut Slate<'_>, row: usize) {
        if self.is_void {
            return;
        }
        let Orders { sells, buys, named } = &mut slate.orders;
        for (side, orders) in [(Side::Sell, sells), (Side::Buy, buys)] {
            if self.is_cash {
                self.fill_for_cash(job, side, orders);
            } else {
                self.fill(side, orders);
            }
            self.n_fills += orders.len();
            self.positions.book(places, (side, row), orders, &mut slate.kinds);
        }
        self.positions.settle(named);
    }

    /// Executes orders of a side, cash may be owed: they become their fills.
    fn fill(&mut self, side: Side, orders: &mut [Part]) {
        let sign = side.sign();
        let slipped = 1.0 + self.rates.1 * sign;
        let (mut cash, mut commission, mut slippage) = (self.cash, self.commission, self.slippage);
        for part in orders {
            let met = part.price;
            part.price = met * slipped;
            part.commission = self.rates.0 * part.quantity * part.price;
            cash -= sign * part.quantity * part.price + part.commission;
            commission += part.commission;
            slippage += (part.price - met).abs() * part.quantity;
        }
        (self.cash, self.commission, self.slippage) = (cash, commission, slippage);
    }

    /// Executes orders of a side as far as there is cash for them: they become their fills.
    fn fill_for_cash(&mut self, job: &Job<'_>, side: Side, orders: &mut Vec<Part>) {
        orders.retain_mut(|part| {
            let Part { symbol_idx, quantity, price: reference, .. } = *part;
            let purse = if side == Side::Buy { Purse::Cash(self.cash) } else { Purse::Unlimited };
            self.is_void |= side == Side::Sell && quantity > self.positions.quantity(symbol_idx);
            let meeting = Meeting { side, quantity, reference, at: 0, lot_size: None, terms: Terms::default() };
            let Some(fill) = execute(meeting, purse, &job.prepared.costs) else { return false };
            self.cash -= side.sign() * fill.quantity * fill.price + fill.commission;
            self.commission += fill.commission;
            self.slippage += fill.slippage;
            *part = Part { symbol_idx, quantity: fill.quantity, price: fill.price, commission: fill.commission };
            true
        });
    }

    /// Gives up everything for its room.
    pub(super) fn into_spare(self) -> Spare {
        Spare { equity: self.curve.equity, trades: self.positions.into_closed() }
    }

    /// What it has come to; `None` for a set the engine has to run.
    pub(super) fn finish(self) -> Option<Curves> {
        let rows = self.rows.clone();
        (!self.is_void).then_some(Curves { book: self, rows })
    }
}
