//! One set on its walk: cash and positions, curves, what was traded. Each step is the floor's, in its order.

use std::ops::Range;

use crosscut_trading::account::Funds;
use crosscut_trading::cost::fraction;
use crosscut_trading::rules::{Execution, OnShort, Untradable};
use crosscut_trading::sizing::Account;
use crosscut_trading::strategy::Holding;

use super::curve::{Column, Curve};
use super::lines::{Block, Lines, Paid, Rates};
use super::outlook::Outlook;
use super::positions::Positions;
use super::ranges::Ranges;
use super::sight::{Places, Sight};
use super::slate::Slate;
use super::{Curves, Job};
use crate::config::{BacktestConfig, CommissionConfig, SlippageConfig};
use crate::panel::Panel;
use crate::results::metrics::TradeColumns;

/// One set on its walk.
pub(super) struct Book {
    /// Cash, and what has been paid for fills.
    pub(super) paid: Paid,
    /// Positions and closed trades.
    pub(super) positions: Positions,
    /// Equity and exposure so far.
    pub(super) curve: Curve,
    /// Rows of the run.
    pub(super) rows: Range<usize>,
    /// The first row that is not valued yet.
    pub(super) at: usize,
    /// The row after the last decision; the first before there was one.
    pub(super) since: usize,
    /// One-sided turnover of each rebalance.
    pub(super) turnover: Vec<f64>,
    /// Orders made.
    pub(super) n_orders: usize,
    /// Orders filled, in full or in part.
    pub(super) n_fills: usize,
    /// What fills are priced and charged by.
    rates: Rates,
    /// Whether orders meet the next open instead of the close that decided them.
    pub(super) is_delayed: bool,
    /// Whether the account may owe nothing.
    pub(super) is_cash: bool,
    /// The row at whose open what is wished is traded; `None` when nothing waits.
    waits_for: Option<usize>,
    /// Whether its equity is gone: it holds nothing and decides nothing any more.
    pub(super) is_ruined: bool,
    /// Whether it has come to something only the engine can do.
    pub(super) is_void: bool,
    /// What waits for it.
    waiting: Lines,
}

/// Room that one set leaves to the next: what it has most of.
#[derive(Debug, Default)]
pub(in crate::sweep) struct Spare {
    /// Of a curve.
    equity: Vec<f64>,
    /// Of closed trades.
    trades: TradeColumns,
}

/// What fills are priced and charged by; NaN, which no walk survives, for what is not in basis points.
fn rates(config: &BacktestConfig) -> Rates {
    let commission = match config.costs.commission {
        Some(CommissionConfig::Bps(bps)) => bps,
        _ => config.commission_bps,
    };
    let slippage = match config.costs.slippage {
        Some(SlippageConfig::Bps(bps)) => bps,
        _ => config.slippage_bps,
    };
    let rate = |what, bps| fraction(what, bps).unwrap_or(f64::NAN);
    Rates::new(rate("commission_bps", commission), rate("slippage_bps", slippage))
}

impl Book {
    /// A book before the first row; `spare` is room for it.
    pub(super) fn new(job: &Job<'_>, panel: &Panel, rows: Range<usize>, spare: Spare) -> Self {
        Self {
            paid: Paid { cash: job.config.capital, ..Paid::default() },
            positions: Positions::new(panel.symbols().len(), spare.trades),
            curve: Curve::new(rows.len(), spare.equity),
            at: rows.start,
            since: rows.start,
            rows,
            turnover: Vec::new(),
            n_orders: 0,
            n_fills: 0,
            rates: rates(job.config),
            is_delayed: job.config.execution == Execution::NextOpen,
            is_cash: job.prepared.funds == Funds::Cash,
            waits_for: None,
            is_ruined: false,
            is_void: false,
            waiting: Lines::default(),
        }
    }

    /// Walks up to the close of a row, or to the end of the run: what waits for an open on the way is traded there.
    pub(super) fn advance<'a>(&mut self, job: &Job<'_>, places: &Places<'a>, slate: &mut Slate<'a>, to: usize) {
        if let Some(row) = self.waits_for.filter(|&row| row <= to && row < self.rows.end) {
            self.mark(job, places, slate, row);
            self.waits_for = None;
            std::mem::swap(&mut self.waiting, &mut slate.lines);
            for (block, at) in slate.lines.places() {
                let Block { symbols, prices, n_bars, .. } = &mut slate.lines.blocks[block];
                prices[at] = places.open_at(symbols[at], row);
                n_bars[at] = places.n_bars(symbols[at], row);
            }
            self.trade(job, slate);
        }
        self.mark(job, places, slate, to);
    }

    /// Values what is held over the rows up to one, which is not among them; where equity is gone on the way, everything is
    /// closed.
    fn mark<'a>(&mut self, job: &Job<'_>, places: &Places<'a>, slate: &mut Slate<'a>, to: usize) {
        let from = (self.at, self.curve.bookmark());
        self.value(places, slate, to);
        if !self.curve.is_sound && !self.is_ruined && !self.is_void {
            self.look_back(job, places, slate, from);
        }
    }

    /// Values what is held over the rows up to one, which is not among them.
    pub(super) fn value<'a>(&mut self, places: &Places<'a>, slate: &mut Slate<'a>, to: usize) {
        let rows = self.at..to;
        self.at = to;
        if rows.is_empty() || self.is_void {
            return;
        }
        let (curve, cash) = (&mut self.curve, self.paid.cash);
        let grow = |columns: &[Column<'_>]| curve.grow(cash, columns, rows.len());
        slate.with_columns(places, self.positions.held(), &rows, grow);
    }

    /// Decides at the close of a row; trades there, or at the next open.
    pub(super) fn decide<'a>(
        &mut self,
        job: &Job<'_>,
        places: &Places<'a>,
        slate: &mut Slate<'a>,
        (outlook, ranges, row): (Outlook<'_>, &Ranges, usize),
    ) {
        let Some(rule) = job.prepared.strategy.rule().filter(|_| !self.is_void && !self.is_ruined) else { return };
        let equity = self.equity(outlook);
        if equity <= 0.0 {
            self.leave(job, places, slate, row);
            return;
        }
        if equity.is_nan() {
            self.is_void = true;
            return;
        }
        self.since = row + 1;
        slate.plan.clear();
        let is_short = outlook.ranked.len() < rule.names_needed(outlook.ranked.len());
        match job.config.on_short {
            OnShort::Skip if is_short => {
                self.positions.note_ranges(ranges);
                return;
            }
            OnShort::Flat if is_short => {}
            _ => {
                let held = || self.holdings(job, places, (row, equity));
                rule.decide(outlook.ranked, &Sight::new(places, row, &held), &mut slate.plan);
            }
        }
        slate.mark(self.positions.held_bits());
        self.settle_idle(job.config.untradable, places, slate, (outlook, row));
        slate.lay(outlook, &mut self.positions, ranges);
        self.wish(&mut slate.lines, equity);
        self.is_void |= self.is_late(places, row);
        if !self.is_delayed {
            self.trade(job, slate);
            return;
        }
        self.waits_for = Some(row + 1);
        self.is_void |= slate.lines.places().any(|(block, at)| {
            let Block { symbols, changes, .. } = &slate.lines.blocks[block];
            changes[at] != 0.0 && !places.has_open(symbols[at], row + 1, self.rows.end)
        });
        std::mem::swap(&mut self.waiting, &mut slate.lines);
    }

    /// Whether an order comes after the next open: that is for the engine; and so is one at a close that is known when the
    /// next bar has begun, of which nobody can say which prices came after it.
    pub(super) fn is_late(&self, places: &Places<'_>, row: usize) -> bool {
        row + 1 < self.rows.end && places.panel.available_at()[row] > places.panel.timeline()[row + 1]
    }

    /// Cash and the value of what is held at the last closes; what is held has one.
    fn equity(&self, outlook: Outlook<'_>) -> f64 {
        let held = self.positions.held().iter();
        let close = |symbol_idx: u32| outlook.closes[symbol_idx as usize];
        let value = held.fold(0.0, |sum, (symbol_idx, quantity)| sum + quantity * close(*symbol_idx));
        self.paid.cash + value
    }

    /// What is held as a rule sees it.
    fn holdings(&self, job: &Job<'_>, places: &Places<'_>, (row, equity): (usize, f64)) -> Vec<Holding> {
        let holding = |(&(symbol_idx, quantity), opened_at): (&(u32, f64), u32)| {
            let worth = quantity * places.last_close(symbol_idx, row);
            let is_stuck = job.config.untradable == Untradable::Hold && !places.can_trade(symbol_idx, row);
            // The bar in which it was opened counts unless that was at its close.
            let since = places.n_bars(symbol_idx, row).saturating_sub(opened_at);
            let n_bars = u64::from(since) + u64::from(self.is_delayed);
            Holding { symbol_idx, weight: worth / equity, n_bars, is_stuck }
        };
        self.positions.held().iter().zip(self.positions.opened_at()).map(holding).collect()
    }

    /// Looks at what is held, not aimed at, and cannot be traded: it is kept, or closed at its last close.
    fn settle_idle(
        &mut self,
        untradable: Untradable,
        places: &Places<'_>,
        slate: &mut Slate<'_>,
        (outlook, row): (Outlook<'_>, usize),
    ) {
        for (word, (marks, tradable)) in slate.marks.iter_mut().zip(outlook.tradable).enumerate() {
            let mut left = marks.held & !marks.aimed() & !tradable;
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

    /// Turns lines into orders at their last closes, and notes the turnover.
    fn wish(&mut self, lines: &mut Lines, equity: f64) {
        let account = Account { equity, cash: self.paid.cash, reserve: 0.0 };
        let scale = if self.is_cash { lines.fit(account, self.rates) } else { 1.0 };
        self.turnover.push(lines.work_out(equity, scale));
        self.n_orders += lines.n_orders();
    }

    /// Trades what is ordered: sells, then buys.
    pub(super) fn trade(&mut self, job: &Job<'_>, slate: &mut Slate<'_>) {
        if self.is_void {
            return;
        }
        let Slate { lines, ends, .. } = slate;
        if self.is_cash {
            self.is_void |= !lines.pay_in_cash(self.rates, &job.prepared.costs, &mut self.paid);
        } else {
            lines.pay(self.rates, &mut self.paid);
        }
        self.n_fills += lines.n_orders();
        self.positions.book(lines, ends);
    }

    /// Gives up everything for its room.
    pub(super) fn into_spare(self) -> Spare {
        Spare { equity: self.curve.into_room(), trades: self.positions.into_closed() }
    }

    /// What it has come to; `None` for a set the engine has to run.
    pub(super) fn finish(self) -> Option<Curves> {
        let rows = self.rows.clone();
        (!self.is_void).then_some(Curves { book: self, rows })
    }
}
