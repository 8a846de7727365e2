//! The replay of simple cross-sectional runs without orders: many sets of one market side by side.
//!
//! What a run needs the trading floor for (stops, lots, margin, funding, orders that wait) is not there in most sweeps:
//! such runs decide at a close, trade at it or at the next open, and hold. This walks their decisions directly, with the arithmetic of the
//! floor in the floor's order, so that every number comes out with the same bits; a property test holds both against
//! each other. Names are ranked once for all sets that decide at a row; of a curve nothing is kept but equity.
//!
//! [`fits`] says which runs these are; any other, and one whose equity is gone, is left to the engine.

mod book;
mod curve;
mod lines;
mod members;
mod outlook;
mod positions;
mod ranges;
mod sight;
mod slate;

use std::ops::Range;
use std::rc::Rc;

use crosscut_model::calendar::Rebalance;
use crosscut_trading::account::Funds;
use crosscut_trading::rules::Execution;

use crate::config::{
    BacktestConfig, CommissionConfig, OrdersConfig, Prepared, RiskConfig, SlippageConfig, VenueConfig,
};
use crate::error::BacktestError;
use crate::panel::Panel;
use crate::replay::{check, decisions};
use crate::results::metrics::Numbers;
use book::Book;
pub(super) use book::Spare;
use outlook::Lookout;
pub(super) use outlook::Outlooks;
use ranges::Ranges;
pub(super) use sight::Places;
use slate::Slate;

/// Sets that are walked side by side at most.
const SIDE_BY_SIDE: usize = 25;

/// Rows of all their curves at most: 32 MB.
const ROWS_MAX: usize = 4_000_000;

/// How many sets are walked side by side over so many rows.
pub(super) fn side_by_side(n_rows: usize) -> usize {
    (ROWS_MAX / n_rows.max(1)).clamp(1, SIDE_BY_SIDE)
}

/// A configuration and what was made from it.
pub(super) struct Job<'a> {
    /// The configuration.
    pub(super) config: &'a BacktestConfig,
    /// What was made from it.
    pub(super) prepared: Prepared,
}

/// What a run comes to, for the metrics.
pub(super) struct Curves {
    /// The book at the end.
    book: Book,
    /// Rows of the run.
    rows: Range<usize>,
}

/// Whether the walk can stand for the engine.
pub(super) fn fits(panel: &Panel, job: &Job<'_>) -> bool {
    let (config, prepared) = (job.config, &job.prepared);
    let in_bps = matches!(config.costs.commission, None | Some(CommissionConfig::Bps(_)))
        && matches!(config.costs.slippage, None | Some(SlippageConfig::Bps(_)));
    let limits = [config.max_position, config.max_gross, config.cash_buffer, config.max_drawdown];
    let is_free = limits.iter().all(Option::is_none)
        && config.risk == RiskConfig::default()
        && config.venue_rules == VenueConfig::default()
        && config.orders == OrdersConfig::default()
        && panel.session_times().is_empty()
        && prepared.borrow.is_none()
        && prepared.funding.is_none()
        && matches!(prepared.funds, Funds::Unlimited | Funds::Cash);
    let strategy = &prepared.strategy;
    let is_plain = strategy.ranks_by_column()
        && strategy.targets().is_none()
        && strategy.rule().is_some_and(|rule| rule.hold_max_bars().is_none());
    let is_simple = matches!(config.execution, Execution::Close | Execution::NextOpen);
    is_simple && in_bps && is_free && is_plain && panel.is_plain(prepared.uses_steps)
}

/// What sets must have in common to be walked side by side.
pub(super) fn company(config: &BacktestConfig) -> String {
    format!("{:?} {:?} {}", config.start, config.end, config.strategy)
}

/// How sets that are walked side by side are ordered, so that those which decide at the same rows come together, those that
/// decide most often first: names are ranked once for all of them, and long work is not left to the end.
pub(super) fn often(config: &BacktestConfig) -> (u8, usize) {
    match config.rebalance {
        Rebalance::Bars(n_bars) => (0, n_bars),
        Rebalance::Daily => (1, 0),
        Rebalance::Weekly(weekday) => (2, weekday as usize),
        Rebalance::MonthStart => (3, 0),
        Rebalance::QuarterStart => (4, 0),
    }
}

/// A set on its walk.
struct Walker<'a> {
    /// Its job.
    job: &'a Job<'a>,
    /// Its book.
    book: Book,
    /// Its rows.
    rows: Range<usize>,
    /// Rows at which it decides, ascending.
    decisions: Rc<[usize]>,
    /// How many of them are over.
    n_over: usize,
}

impl Walker<'_> {
    /// The next row at which it decides.
    fn next(&self) -> Option<usize> {
        self.decisions.get(self.n_over).copied()
    }

    /// The row from which on it has held, or has taken up, what it decided last.
    fn since(&self) -> usize {
        self.n_over.checked_sub(1).map_or(self.rows.start, |at| self.decisions[at] + 1)
    }
}

/// Walks sets that fit and have [`company`]; `None` for one that the engine has to run. What a row shows is looked up in
/// `outlooks` where it is there; `spares` is room.
///
/// # Errors
/// For each set as [`crate::replay()`].
pub(super) fn walk(
    places: &Places<'_>,
    jobs: &[&Job<'_>],
    outlooks: &Outlooks,
    spares: &mut Vec<Spare>,
) -> Vec<Result<Option<Curves>, BacktestError>> {
    let panel = places.panel;
    let mut known: Vec<(Rebalance, Rc<[usize]>)> = Vec::new();
    let mut checks = Vec::with_capacity(jobs.len());
    let mut walkers = Vec::with_capacity(jobs.len());
    for &job in jobs {
        let checked = check(panel, job.config, &job.prepared).map(|()| {
            let rows = job.prepared.range.positions(panel.timeline());
            let rebalance = job.config.rebalance;
            let decisions = match known.iter().find(|(other, _)| *other == rebalance) {
                Some((_, decisions)) => Rc::clone(decisions),
                None => {
                    let found: Rc<[usize]> = decisions(panel, rebalance, rows.clone()).into();
                    known.push((rebalance, Rc::clone(&found)));
                    found
                }
            };
            let book = Book::new(job, panel, rows.clone(), spares.pop().unwrap_or_default());
            walkers.push(Walker { job, book, rows, decisions, n_over: 0 });
        });
        checks.push(checked);
    }
    walk_all(places, &mut walkers, outlooks);
    let mut walked = walkers.into_iter().map(|walker| walker.book.finish());
    checks.into_iter().map(|check| check.map(|()| walked.next().flatten())).collect()
}

/// Walks sets of one company to the end.
fn walk_all(places: &Places<'_>, walkers: &mut [Walker<'_>], outlooks: &Outlooks) {
    let Some(mut lookout) = walkers.first().and_then(|walker| Lookout::new(places, walker.job)) else { return };
    let n_symbols = places.panel.symbols().len();
    let mut stage = Stage { slate: Slate::new(n_symbols), ranges: Ranges::new(n_symbols), held: Vec::new() };
    while let Some(row) = walkers.iter().filter_map(Walker::next).min() {
        let outlook = outlooks.at(row).unwrap_or_else(|| lookout.look(row));
        // Sets that decided last at the same row lie together.
        for walkers in walkers.chunk_by_mut(|a, b| a.next() == b.next() && a.since() == b.since()) {
            if walkers[0].next() != Some(row) {
                continue;
            }
            stage.advance(places, walkers, row);
            for walker in walkers {
                walker.book.decide(walker.job, places, &mut stage.slate, (outlook, &stage.ranges, row));
                walker.n_over += 1;
            }
        }
    }
    for walker in walkers {
        let end = walker.rows.end;
        stage.advance(places, std::slice::from_mut(walker), end);
        walker.book.positions.note_ranges(&stage.ranges);
    }
}

/// What sets use one after another.
struct Stage<'a> {
    /// Room for a decision.
    slate: Slate<'a>,
    /// The extremes of what is held since the last decision.
    ranges: Ranges,
    /// One bit for each symbol that one of the sets holds.
    held: Vec<u64>,
}

impl<'a> Stage<'a> {
    /// Walks sets that decided last at the same row up to the close of another, or to the end of the run.
    fn advance(&mut self, places: &Places<'a>, walkers: &mut [Walker<'_>], to: usize) {
        let rows = walkers[0].since()..walkers[0].rows.end.min(to + 1);
        self.held.clear();
        for walker in walkers {
            walker.book.advance(walker.job, places, &mut self.slate, to);
            let held = walker.book.positions.held_bits();
            self.held.resize(held.len(), 0);
            self.held.iter_mut().zip(held).for_each(|(all, held)| *all |= held);
        }
        self.ranges.turn_to(places, &rows, &self.held);
    }
}

impl Curves {
    /// The numbers of the run, for its metrics.
    pub(super) fn numbers<'a>(
        &'a self,
        panel: &'a Panel,
        (capital, periods_per_year): (f64, f64),
        benchmark: Option<&'a [f64]>,
    ) -> Numbers<'a> {
        Numbers {
            capital,
            timeline: &panel.timeline()[self.rows()],
            equity: &self.book.curve.equity,
            exposure: self.book.curve.exposure(),
            benchmark,
            turnover: &self.book.turnover,
            n_rebalances: self.book.turnover.len(),
            trades: self.book.positions.closed(),
            n_orders: self.book.n_orders,
            n_fills: self.book.n_fills,
            commission: self.book.paid.commission,
            slippage: self.book.paid.slippage,
            moved: &[],
            periods_per_year,
        }
    }

    /// Gives up everything for its room.
    pub(super) fn into_spare(self) -> Spare {
        self.book.into_spare()
    }

    /// Rows of the run.
    pub(super) fn rows(&self) -> Range<usize> {
        self.rows.clone()
    }
}
