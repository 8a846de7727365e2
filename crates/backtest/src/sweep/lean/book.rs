//! One set on its walk: cash and positions, curves, what was traded. Each step is the floor's, in its order.

use std::ops::Range;

use crosscut_kernels::metrics::turnover;
use crosscut_model::Side;
use crosscut_trading::account::Funds;
use crosscut_trading::cost::fraction;
use crosscut_trading::limits::{Kept, Limits};
use crosscut_trading::rules::{Execution, OnShort, Untradable};
use crosscut_trading::sizing::{Account, Line, affordable_scale};
use crosscut_trading::strategy::{Aim, Holding, Ranked};
use crosscut_trading::venue::{Meeting, Purse, Terms, execute};

use super::curve::Curve;
use super::positions::{Part, Positions};
use super::ranges::Ranges;
use super::sight::{Places, Sight};
use super::slate::{Lines, Slate};
use super::{Curves, Job};
use crate::config::{BacktestConfig, CommissionConfig, SlippageConfig};
use crate::panel::Panel;

/// Something to trade.
#[derive(Debug, Clone, Copy, Default)]
struct Wish {
    /// The symbol.
    symbol_idx: u32,
    /// Base units, positive.
    quantity: f64,
    /// The last close, quote units.
    price: f64,
}

/// One set on its walk.
pub(super) struct Book {
    /// Cash, positions, closed trades.
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
    /// What is sold, symbols ascending.
    sells: Vec<Wish>,
    /// What is bought, symbols ascending.
    buys: Vec<Wish>,
    /// All that was held or aimed at in the last decision, ascending.
    named: Vec<u32>,
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
        Self {
            positions: Positions::new(job.config.capital, panel.symbols().len()),
            curve: Curve::new(rows.len()),
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
            sells: Vec::new(),
            buys: Vec::new(),
            named: Vec::new(),
        }
    }

    /// Walks up to the close of a row, or to the end of the run: what waits for an open on the way is traded there.
    pub(super) fn advance<'a>(&mut self, job: &Job<'_>, places: &Places<'a>, slate: &mut Slate<'a>, to: usize) {
        if let Some(row) = self.waits_for.filter(|&row| row <= to && row < self.rows.end) {
            self.mark(places, slate, row);
            self.waits_for = None;
            self.trade(job, places, row);
        }
        self.mark(places, slate, to);
    }

    /// Tells trades the prices at which their symbols stood since the last decision.
    pub(super) fn note_ranges(&mut self, panel: &Panel, ranges: &mut Ranges) {
        self.positions.note_ranges(|symbol_idx| ranges.of(panel, symbol_idx));
    }

    /// Values what is held over the rows up to one, which is not among them.
    fn mark<'a>(&mut self, places: &Places<'a>, slate: &mut Slate<'a>, to: usize) {
        let rows = self.at..to;
        self.at = to;
        if rows.is_empty() || self.is_void {
            return;
        }
        let cash = self.positions.cash;
        slate.columns.clear();
        let held = self.positions.held();
        for &(symbol_idx, quantity) in held {
            match places.closes_in(symbol_idx, rows.clone()) {
                Some(closes) => slate.columns.push((closes, quantity)),
                None => break,
            }
        }
        if slate.columns.len() == held.len() {
            self.curve.grow(cash, &slate.columns, rows.len());
        } else {
            self.curve.grow_slowly(cash, places, held, rows);
        }
        self.is_void |= !self.curve.is_sound;
    }

    /// Decides at the close of a row; trades there, or at the next open.
    pub(super) fn decide(
        &mut self,
        job: &Job<'_>,
        places: &Places<'_>,
        slate: &mut Slate<'_>,
        (ranked, row): (&[Ranked], usize),
    ) {
        let Some(rule) = job.prepared.strategy.rule().filter(|_| !self.is_void) else { return };
        let equity = self.equity(places, slate, row);
        if equity <= 0.0 || equity.is_nan() {
            self.is_void = true;
            return;
        }
        slate.plan.clear();
        let is_short = ranked.len() < rule.names_needed(ranked.len());
        match job.config.on_short {
            OnShort::Skip if is_short => return,
            OnShort::Flat if is_short => {}
            _ => {
                let held = || self.holdings(job, places, (row, equity));
                rule.decide(ranked, &Sight::new(places, row, &held), &mut slate.plan);
            }
        }
        let kept = self.lay(job.config.untradable, places, slate, (row, equity));
        self.wish(job, &mut slate.lines, (equity, kept));
        self.n_orders += self.sells.len() + self.buys.len();
        // An order that comes after the next open, or has none to meet, is for the engine; and so is one at a close that is
        // known when the next bar has begun, of which nobody can say which prices came after it.
        let is_late = row + 1 < self.rows.end && places.panel.available_at()[row] > places.panel.timeline()[row + 1];
        self.is_void |= is_late;
        if !self.is_delayed {
            self.trade(job, places, row);
            return;
        }
        self.waits_for = Some(row + 1);
        let has_open = |wish: &Wish| places.has_open(wish.symbol_idx, row + 1, self.rows.end);
        self.is_void |= !self.sells.iter().chain(&self.buys).all(has_open);
    }

    /// Cash and the value of what is held at the last closes.
    fn equity(&self, places: &Places<'_>, slate: &mut Slate<'_>, row: usize) -> f64 {
        let mut value = 0.0;
        for &(symbol_idx, quantity) in self.positions.held() {
            let price = slate.price(places, symbol_idx, row);
            if !price.is_nan() {
                value += quantity * price;
            }
        }
        self.positions.cash + value
    }

    /// What is held as a rule sees it.
    fn holdings(&self, job: &Job<'_>, places: &Places<'_>, (row, equity): (usize, f64)) -> Vec<Holding> {
        let holding = |&(symbol_idx, quantity): &(u32, f64)| {
            let pos = places.last(symbol_idx, row)?;
            let worth = quantity * places.panel.series(symbol_idx).close()[pos];
            let is_stuck = job.config.untradable == Untradable::Hold && !places.can_trade(symbol_idx, row);
            // The bar in which it was opened counts unless that was at its close.
            let n_bars =
                (pos as u64 + 1).saturating_sub(self.positions.opened_bar(symbol_idx)) + u64::from(self.is_delayed);
            Some(Holding { symbol_idx, weight: worth / equity, n_bars, is_stuck })
        };
        self.positions.held().iter().filter_map(holding).collect()
    }

    /// Lays aims and positions side by side, symbols ascending; gives what is kept as it is.
    fn lay(
        &mut self,
        untradable: Untradable,
        places: &Places<'_>,
        slate: &mut Slate<'_>,
        (row, equity): (usize, f64),
    ) -> Kept {
        let mut kept = Kept::default();
        slate.lines.clear();
        self.named.clear();
        let Self { positions, named, is_void, .. } = self;
        slate.lay(positions.held(), |slate, symbol_idx, (aim, held)| {
            named.push(symbol_idx);
            let price = slate.price(places, symbol_idx, row);
            if price.is_nan() {
                return;
            }
            let is_kept = match aim {
                Some(Aim::Weight(_)) => false,
                Some(Aim::Keep) => true,
                None => untradable == Untradable::Hold && !slate.can_trade(places, symbol_idx, row),
            };
            if is_kept {
                let weight = held * price / equity;
                if held != 0.0 {
                    kept.gross += weight.abs();
                    kept.net += weight;
                }
                return;
            }
            // What cannot be traded is closed at its last close now, not at the next open: that is for the engine.
            *is_void |= self.is_delayed && aim.is_none() && !slate.can_trade(places, symbol_idx, row);
            let weight = if let Some(Aim::Weight(weight)) = aim { weight } else { 0.0 };
            slate.lines.push(Line { symbol_idx, weight, price, held, spread: f64::NAN });
        });
        kept
    }

    /// Turns lines into changes, and notes the turnover.
    fn wish(&mut self, job: &Job<'_>, lines: &mut Lines, (equity, kept): (f64, Kept)) {
        let mut scale = 1.0;
        if self.is_cash {
            // What is kept has used its share of the cash; the rest cannot weigh more than what is left.
            let limits = Limits { cash_buffer: Some(0.0), ..job.prepared.limits };
            limits.apply(&mut lines.weights, kept);
            let account = Account { equity, cash: self.positions.cash, reserve: 0.0 };
            scale = affordable_scale(&lines.iter().collect::<Vec<Line>>(), account, &job.prepared.costs);
        }
        lines.work_out(equity, scale);
        let n_lines = lines.symbols.len();
        let (sells, buys) = (&mut self.sells, &mut self.buys);
        sells.resize(n_lines, Wish::default());
        buys.resize(n_lines, Wish::default());
        let (mut n_sells, mut n_buys) = (0, 0);
        let all = lines.symbols.iter().zip(&lines.changes).zip(&lines.prices);
        for ((&symbol_idx, &change), &price) in all {
            // Written on both sides and counted on one: which one it is cannot be foreseen.
            let wish = Wish { symbol_idx, quantity: change.abs(), price };
            sells[n_sells] = wish;
            n_sells += usize::from(change < 0.0);
            buys[n_buys] = wish;
            n_buys += usize::from(change > 0.0);
        }
        sells.truncate(n_sells);
        buys.truncate(n_buys);
        if self.is_cash {
            lines.weights.iter_mut().for_each(|weight| *weight *= scale);
        }
        self.turnover.push(turnover(&lines.weights, &lines.drifted));
    }

    /// Trades what is wished in a row: sells, then buys.
    fn trade(&mut self, job: &Job<'_>, places: &Places<'_>, row: usize) {
        if self.is_void {
            return;
        }
        let (sells, buys) = (std::mem::take(&mut self.sells), std::mem::take(&mut self.buys));
        for (side, wishes) in [(Side::Sell, &sells), (Side::Buy, &buys)] {
            let slipped = 1.0 + self.rates.1 * side.sign();
            for &wish in wishes {
                let bar_number = || places.last(wish.symbol_idx, row).map_or(0, |pos| pos as u64 + 1);
                let met = if self.is_delayed { places.open_at(wish.symbol_idx, row) } else { wish.price };
                let filled = if self.is_cash {
                    self.fill_for_cash(job, side, (wish, met))
                } else {
                    let (quantity, price) = (wish.quantity, met * slipped);
                    let part = Part { quantity, price, commission: self.rates.0 * quantity * price };
                    Some((part, (price - met).abs() * quantity))
                };
                let Some((part, slippage)) = filled else { continue };
                self.commission += part.commission;
                self.slippage += slippage;
                self.n_fills += 1;
                self.positions.book(wish.symbol_idx, side, part, bar_number);
            }
        }
        (self.sells, self.buys) = (sells, buys);
        self.positions.settle(&self.named);
    }

    /// One execution that has to be paid, and its slippage; `None` where there is no cash for any.
    fn fill_for_cash(&mut self, job: &Job<'_>, side: Side, (wish, price): (Wish, f64)) -> Option<(Part, f64)> {
        let Wish { symbol_idx, quantity, .. } = wish;
        let purse = if side == Side::Buy { Purse::Cash(self.positions.cash) } else { Purse::Unlimited };
        self.is_void |= side == Side::Sell && quantity > self.positions.quantity(symbol_idx);
        let meeting = Meeting { side, quantity, reference: price, at: 0, lot_size: None, terms: Terms::default() };
        let fill = execute(meeting, purse, &job.prepared.costs)?;
        let part = Part { quantity: fill.quantity, price: fill.price, commission: fill.commission };
        Some((part, fill.slippage))
    }

    /// The row after the last one of the run.
    pub(super) fn end(&self) -> usize {
        self.rows.end
    }

    /// What it has come to; `None` for a set the engine has to run.
    pub(super) fn finish(self) -> Option<Curves> {
        let rows = self.rows.clone();
        (!self.is_void).then_some(Curves { book: self, rows })
    }
}
