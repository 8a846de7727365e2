//! The driver: turns the floor's clock along the timeline and hands it the bars something can happen in.

use std::ops::Range;

use crosscut_model::Side;
use crosscut_trading::Floor;
use crosscut_trading::funding::FundingDue;
use crosscut_trading::market::Bar;

use super::rebalancer::{Rebalancer, Stage};
use super::record::Recorder;
use super::schedule::Schedule;
use super::tape::Tape;
use super::{Driving, Setup};
use crate::error::BacktestError;
use crate::outcome::RunOutcome;

/// A replay under way.
#[derive(Debug)]
pub(super) struct Engine<'a> {
    /// What is replayed, and how.
    pub(super) setup: Setup<'a>,
    /// Rows of the run.
    pub(super) rows: Range<usize>,
    /// Rows at which something is bound to happen.
    pub(super) schedule: Schedule,
    /// Desk, venue, account, guard, journal.
    pub(super) floor: Floor,
    /// What decides.
    pub(super) strategy: Rebalancer<'a>,
    /// Curves.
    pub(super) tape: Tape,
    /// Orders, positions, trades.
    pub(super) recorder: Recorder,
    /// Bars handed to the floor at the moment, kept for its allocation.
    bars: Vec<Bar>,
    /// Symbols of interest at the moment, ascending, kept for its allocation.
    symbols: Vec<u32>,
    /// Whether any symbol has splits or dividends to book.
    has_actions: bool,
    /// Until when funding has been paid, microseconds.
    paid_until: i64,
    /// Payments under way, kept for its allocation.
    due: Vec<(i64, u32, FundingDue)>,
}

impl<'a> Engine<'a> {
    /// An engine before the first row.
    ///
    /// # Errors
    /// When the strategy does not decide at rebalances.
    pub(super) fn new(setup: Setup<'a>, rows: Range<usize>, floor: Floor) -> Result<Self, BacktestError> {
        Ok(Self {
            setup,
            schedule: Schedule::new(setup.panel, setup.config.rebalance, rows.clone()),
            floor,
            strategy: Rebalancer::new(setup)?,
            tape: Tape::new(rows.clone()),
            recorder: Recorder::new(setup),
            bars: Vec::new(),
            symbols: Vec::new(),
            has_actions: (0..setup.panel.symbols().len() as u32).any(|at| setup.panel.series(at).has_actions()),
            paid_until: i64::MIN,
            due: Vec::new(),
            rows,
        })
    }

    /// Walks the timeline.
    pub(super) fn run(mut self) -> RunOutcome {
        let mut row = self.rows.start;
        while row < self.rows.end {
            let event = match self.setup.options.driving {
                Driving::EveryBar => row,
                Driving::Events => self.next_event(row),
            };
            let stop = self.mark(row..event);
            self.note_ranges(row..stop);
            if stop < self.rows.end {
                self.visit(stop);
            }
            row = stop + 1;
        }
        self.finish()
    }

    /// The first row from `row` on at which something can happen, or the end of the run.
    fn next_event(&self, row: usize) -> usize {
        if self.floor.has_to_watch() {
            return row;
        }
        let desk = self.floor.desk();
        let order =
            desk.open_orders().iter().filter_map(|order| self.next_bar_row(order.request.symbol_idx, row)).min();
        let funding = desk.held().iter().filter_map(|&symbol_idx| self.next_funding_row(symbol_idx)).min();
        let ordered = desk.open_orders().iter().map(|order| order.request.symbol_idx);
        let action = desk.held().iter().copied().chain(ordered).filter_map(|at| self.next_action_row(at, row)).min();
        let known = [Some(self.schedule.next(row)), self.strategy.next_expiry(), order, funding, action];
        known.into_iter().flatten().min().unwrap_or(self.rows.end).clamp(row, self.rows.end)
    }

    /// The first row from `row` on in which a symbol has a bar.
    fn next_bar_row(&self, symbol_idx: u32, row: usize) -> Option<usize> {
        let (panel, series) = (self.setup.panel, self.setup.panel.series(symbol_idx));
        let slot = panel.slot(row);
        let pos = series.pos_at(slot).map_or(0, |pos| if series.slot_of(pos) == slot { pos } else { pos + 1 });
        (pos < series.n_bars()).then(|| panel.row_of(series.slot_of(pos)))
    }

    /// The row in which the next payment of a symbol is due.
    fn next_funding_row(&self, symbol_idx: u32) -> Option<usize> {
        let funding = self.setup.panel.series(symbol_idx).funding();
        let due = funding.get(funding.partition_point(|due| due.at <= self.paid_until))?;
        Some(self.setup.panel.available_at().partition_point(|&known_at| known_at < due.at))
    }

    /// The first row from `row` on with which a split or dividend of a symbol is booked.
    fn next_action_row(&self, symbol_idx: u32, row: usize) -> Option<usize> {
        let panel = self.setup.panel;
        if !self.has_actions {
            return None;
        }
        Some(panel.row_of(panel.series(symbol_idx).next_action(panel.slot(row))?))
    }

    /// Marks positions over rows at which nothing is bound to happen, up to the row at which the guard wants to step in;
    /// gives that row, or the end of `rows`.
    fn mark(&mut self, rows: Range<usize>) -> usize {
        if rows.is_empty() {
            return rows.end;
        }
        self.tape.mark(self.setup.panel, self.floor.desk().account().ledger(), rows.clone());
        for row in rows.clone() {
            let (now, equity) = (self.setup.known_at(row), self.tape.equity(row));
            if self.floor.alarm(now, equity).is_some() {
                self.tape.erase(row..rows.end);
                return row;
            }
            self.floor.observe(now, equity);
        }
        rows.end
    }

    /// Tells trades the prices at which their symbols stood over rows at which nothing happened.
    fn note_ranges(&mut self, rows: Range<usize>) {
        if rows.is_empty() {
            return;
        }
        let panel = self.setup.panel;
        for at in 0..self.floor.desk().held().len() {
            let symbol_idx = self.floor.desk().held()[at];
            let account = self.floor.account();
            // A source that publishes late has bars that had begun when the last fill happened.
            let filled_at = account.ledger().filled_at(symbol_idx);
            let n_begun = panel.timeline()[rows.clone()].partition_point(|&label| label < filled_at);
            let (begun, whole) = (rows.start..rows.start + n_begun, rows.start + n_begun..rows.end);
            for (rows, is_whole) in [(begun, false), (whole, true)] {
                if let Some((low, high)) = panel.range_of(symbol_idx, rows, is_whole) {
                    account.note_price(symbol_idx, low);
                    account.note_price(symbol_idx, high);
                }
            }
        }
    }

    /// Does everything that happens at one row.
    fn visit(&mut self, row: usize) {
        self.strategy.row = row;
        self.value_before(row);
        let (label, known_at) = (self.setup.label(row), self.setup.known_at(row));
        self.pay_funding(label);
        self.floor.advance(label);
        self.floor.accrue();
        self.delist(row, label);
        self.book_actions(row);
        self.open_bars(row);
        self.pay_funding(known_at - 1);
        self.floor.advance(known_at);
        let is_decision = self.schedule.is_decision(row);
        self.close_bars(row, is_decision);
        self.floor.accrue();
        self.pay_funding(known_at);
        self.delist(row, known_at);
        self.floor.settle(&self.symbols);
        self.floor.deliver(&mut self.strategy);
        self.take_in(row);
        let equity = self.floor.desk().equity();
        // Before a new decision takes its place, the last one learns what its orders came to.
        self.note_filled_weights(row, equity);
        self.strategy.equity = equity;
        self.strategy.ends_now.clear();
        if self.strategy.next_expiry().is_some_and(|due| due <= row) {
            self.ask(Stage::Exits);
        }
        if is_decision {
            self.ask(Stage::Decision);
        }
        self.take_in(row);
        self.tape.mark(self.setup.panel, self.floor.desk().account().ledger(), row..row + 1);
        self.note_filled_weights(row, self.tape.equity(row));
        self.record_positions(row);
        self.schedule.pass(row);
    }

    /// Pays what is due on what is held up to `until`, by time, then symbol.
    fn pay_funding(&mut self, until: i64) {
        let since = self.paid_until;
        self.paid_until = since.max(until);
        let mut due = std::mem::take(&mut self.due);
        for &symbol_idx in self.floor.desk().held() {
            let funding = self.setup.panel.series(symbol_idx).funding();
            let from = funding.partition_point(|due| due.at <= since);
            due.extend(funding[from..].iter().take_while(|due| due.at <= until).map(|due| (due.at, symbol_idx, *due)));
        }
        due.sort_unstable_by_key(|(at, symbol_idx, _)| (*at, *symbol_idx));
        for (at, symbol_idx, payment) in due.drain(..) {
            self.floor.advance(at);
            let mark = payment.mark.unwrap_or(self.floor.desk().price(symbol_idx));
            self.floor.fund(symbol_idx, payment.rate, mark);
        }
        self.due = due;
    }

    /// Lets the strategy evaluate.
    fn ask(&mut self, stage: Stage) {
        self.strategy.stage = stage;
        self.floor.evaluate(&mut self.strategy);
    }

    /// Gives what is held its last price before a row, and counts its bars: those between visits were not handed to the
    /// floor.
    fn value_before(&mut self, row: usize) {
        let Some(before) = row.checked_sub(1) else {
            return;
        };
        for at in 0..self.floor.desk().held().len() {
            let symbol_idx = self.floor.desk().held()[at];
            let pos = self.setup.last_bar(symbol_idx, before).expect("what is held has a bar");
            let price = self.setup.panel.series(symbol_idx).close()[pos];
            self.floor.account().mark(symbol_idx, price);
            self.floor.account().set_bars(symbol_idx, pos as u64 + 1);
        }
    }

    /// Ends trading in instruments whose delisting date has come, at the last price there was.
    fn delist(&mut self, row: usize, now: i64) {
        for symbol_idx in self.schedule.delisted_at(row) {
            let series = self.setup.panel.series(symbol_idx);
            let is_due = series.delisted_at().is_some_and(|at| at <= now);
            if !is_due || self.floor.desk().is_ended(symbol_idx) {
                continue;
            }
            // What was given away after the last bar and before the end is still the holder's.
            for action in series.actions_at(series.n_bars()).filter(|action| action.timestamp <= now) {
                self.floor.act(symbol_idx, action);
            }
            // A symbol that is not held has not been followed: without a price there is nothing to close.
            self.floor.delist(symbol_idx);
        }
        self.floor.deliver(&mut self.strategy);
    }

    /// Books splits and dividends whose first bar at or after the ex-date is the row's, before it opens.
    fn book_actions(&mut self, row: usize) {
        if !self.has_actions {
            return;
        }
        let desk = self.floor.desk();
        self.symbols.clear();
        self.symbols.extend_from_slice(desk.held());
        self.symbols.extend(desk.open_orders().iter().map(|order| order.request.symbol_idx));
        self.symbols.sort_unstable();
        self.symbols.dedup();
        let slot = self.setup.panel.slot(row);
        for &symbol_idx in &self.symbols {
            let series = self.setup.panel.series(symbol_idx);
            if let Some(pos) = series.bar_in(slot).filter(|_| series.has_actions()) {
                series.actions_at(pos).for_each(|action| self.floor.act(symbol_idx, action));
            }
        }
        self.floor.deliver(&mut self.strategy);
    }

    /// Orders meet the opens of a row: sells of all symbols, then buys.
    fn open_bars(&mut self, row: usize) {
        if !self.setup.panel.holds_opens() || self.floor.desk().open_orders().is_empty() {
            return;
        }
        self.symbols.clear();
        self.symbols.extend(self.floor.desk().open_orders().iter().map(|order| order.request.symbol_idx));
        self.gather(row);
        self.bars.retain(|bar| bar.open > 0.0);
        self.begin_bars(row);
        for side in [Side::Sell, Side::Buy] {
            for bar in &self.bars {
                self.floor.open(bar, Some(side));
            }
        }
        self.floor.deliver(&mut self.strategy);
    }

    /// The bars of a row close: orders that execute there meet their closes, sells of all symbols, then buys; then they give
    /// their symbols the last price. At a decision all bars count, else those of symbols that are held or have orders.
    /// Leaves in `symbols` those held that have a new price.
    fn close_bars(&mut self, row: usize, is_decision: bool) {
        self.symbols.clear();
        if is_decision {
            self.symbols.extend(0..self.setup.panel.symbols().len() as u32);
        } else {
            let desk = self.floor.desk();
            self.symbols.extend_from_slice(desk.held());
            self.symbols.extend(desk.open_orders().iter().map(|order| order.request.symbol_idx));
        }
        self.gather(row);
        self.begin_bars(row);
        if self.setup.panel.holds_paths() {
            for bar in &self.bars {
                self.floor.path(bar);
            }
        } else {
            for bar in &self.bars {
                self.floor.note_range(bar);
            }
        }
        for side in [Side::Sell, Side::Buy] {
            for bar in &self.bars {
                if self.floor.has_orders(bar.symbol_idx) && !self.is_too_late(row, bar.symbol_idx) {
                    self.floor.last(bar, side);
                }
            }
        }
        for bar in &self.bars {
            self.floor.end(bar);
        }
        let desk = self.floor.desk();
        let held = self.bars.iter().map(|bar| bar.symbol_idx).filter(|&symbol_idx| desk.quantity(symbol_idx) != 0.0);
        self.symbols.clear();
        self.symbols.extend(held);
    }

    /// Whether a symbol's orders all came after the beginning of a bar that was under way when the last row became known: a
    /// source that publishes late makes such bars, and its closes are earlier than they look.
    fn is_too_late(&self, row: usize, symbol_idx: u32) -> bool {
        let label = self.setup.label(row);
        let overlaps = row > 0 && self.setup.known_at(row - 1) > label;
        overlaps && self.floor.orders(symbol_idx).iter().all(|order| order.arrives_at > label)
    }

    /// Puts the row's bars of `symbols` into `bars`, ascending.
    fn gather(&mut self, row: usize) {
        self.symbols.sort_unstable();
        self.symbols.dedup();
        let slot = self.setup.panel.slot(row);
        let times = (self.setup.label(row), self.setup.known_at(row));
        self.bars.clear();
        let bars = self.symbols.iter().filter_map(|&symbol_idx| {
            let series = self.setup.panel.series(symbol_idx);
            series.bar_in(slot).map(|pos| series.bar(symbol_idx, pos, times))
        });
        self.bars.extend(bars);
    }

    /// Begins `bars`, and says how many of each symbol have begun.
    fn begin_bars(&mut self, row: usize) {
        let slot = self.setup.panel.slot(row);
        for bar in &self.bars {
            self.floor.begin(bar);
            let pos = self.setup.panel.series(bar.symbol_idx).pos_at(slot).unwrap_or_default();
            self.floor.account().set_bars(bar.symbol_idx, pos as u64 + 1);
        }
    }
}
