//! The replay of simple cross-sectional runs without orders: many sets of one market side by side.
//!
//! What a run needs the trading floor for (stops, lots, margin, funding, orders that wait) is not there in most sweeps:
//! such runs decide at a close, trade at it or at the next open, and hold. This walks their decisions directly, with the arithmetic of the
//! floor in the floor's order, so that every number comes out with the same bits; a property test holds both against
//! each other. Names are ranked once for all sets that decide at a row; of a curve nothing is kept but equity.
//!
//! [`fits`] says which runs these are; any other is left to the engine, and so is one that comes to something rare on its way.

mod book;
mod curve;
mod lines;
mod members;
mod outlook;
mod positions;
mod ranges;
mod ruin;
mod shelf;
mod sight;
mod slate;

use std::ops::Range;

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
const SIDE_BY_SIDE: usize = 100;

/// Rows of all their curves at most: 32 MB.
const ROWS_MAX: usize = 4_000_000;

/// Lots of sets for each thread at least, for they do not all take the same time.
const LOTS: usize = 2;

/// How many of these sets are walked side by side over so many rows, so that all threads have their share.
pub(super) fn side_by_side(n_sets: usize, n_rows: usize) -> usize {
    let most = (ROWS_MAX / n_rows.max(1)).clamp(1, SIDE_BY_SIDE);
    let n_lots = n_sets.div_ceil(most).next_multiple_of(LOTS * rayon::current_num_threads());
    n_sets.div_ceil(n_lots).max(1)
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
    /// Its place among the sets.
    place: usize,
    /// Its job.
    job: &'a Job<'a>,
    /// Its book.
    book: Book,
}

/// Sets that decide at the same rows.
struct Pack<'a> {
    /// When they decide.
    rebalance: Rebalance,
    /// Rows at which they do, ascending.
    decisions: Vec<usize>,
    /// How many of them are over.
    n_over: usize,
    /// The sets.
    walkers: Vec<Walker<'a>>,
}

impl Pack<'_> {
    /// The next row at which they decide; past all rows when there is none.
    #[inline]
    fn next(&self) -> usize {
        self.decisions.get(self.n_over).copied().unwrap_or(usize::MAX)
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
    let Some(first) = jobs.first() else { return Vec::new() };
    // All of a company have the same rows.
    let rows = first.prepared.range.positions(places.panel.timeline());
    let mut packs: Vec<Pack<'_>> = Vec::new();
    let mut walked = Vec::with_capacity(jobs.len());
    for (place, &job) in jobs.iter().enumerate() {
        let checked = check(places.panel, job.config, &job.prepared);
        if checked.is_ok() {
            let rebalance = job.config.rebalance;
            let book = Book::new(job, places.panel, rows.clone(), spares.pop().unwrap_or_default());
            let walker = Walker { place, job, book };
            match packs.iter_mut().find(|pack| pack.rebalance == rebalance) {
                Some(pack) => pack.walkers.push(walker),
                None => {
                    let known = outlooks.decisions(rebalance).map(<[usize]>::to_vec);
                    let decisions = known.unwrap_or_else(|| decisions(places.panel, rebalance, rows.clone()));
                    packs.push(Pack { rebalance, decisions, n_over: 0, walkers: vec![walker] });
                }
            }
        }
        walked.push(checked.map(|()| None));
    }
    walk_all(places, &mut packs, outlooks, &rows);
    for walker in packs.into_iter().flat_map(|pack| pack.walkers) {
        walked[walker.place] = Ok(walker.book.finish());
    }
    walked
}

/// Walks sets of one company to the end of their rows.
fn walk_all(places: &Places<'_>, packs: &mut [Pack<'_>], outlooks: &Outlooks, rows: &Range<usize>) {
    let first = packs.first().and_then(|pack| pack.walkers.first());
    let Some(mut lookout) = first.and_then(|walker| Lookout::new(places, walker.job)) else { return };
    let n_symbols = places.panel.symbols().len();
    let mut stage = Stage { slate: Slate::new(n_symbols), ranges: Ranges::new(n_symbols), held: Vec::new() };
    while let Some(row) = packs.iter().map(Pack::next).min().filter(|&row| row < rows.end) {
        let outlook = outlooks.at(row).unwrap_or_else(|| lookout.look(row));
        for pack in packs.iter_mut().filter(|pack| pack.next() == row) {
            stage.advance(places, pack, (rows, row));
            for walker in &mut pack.walkers {
                walker.book.decide(walker.job, places, &mut stage.slate, (outlook, &stage.ranges, row));
            }
            pack.n_over += 1;
        }
    }
    for pack in packs {
        stage.advance(places, pack, (rows, rows.end));
        pack.walkers.iter_mut().for_each(|walker| walker.book.positions.note_ranges(&stage.ranges));
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
    /// Walks sets up to the close of a row, or to the end of the run.
    fn advance(&mut self, places: &Places<'a>, pack: &mut Pack<'_>, (rows, to): (&Range<usize>, usize)) {
        // What was decided at a row is held, or taken up, from the bar after it on.
        let since = pack.n_over.checked_sub(1).map_or(rows.start, |at| pack.decisions[at] + 1);
        self.held.clear();
        for walker in &mut pack.walkers {
            walker.book.advance(walker.job, places, &mut self.slate, to);
            let held = walker.book.positions.held_bits();
            self.held.resize(held.len(), 0);
            self.held.iter_mut().zip(held).for_each(|(all, held)| *all |= held);
        }
        self.ranges.turn_to(places, &(since..rows.end.min(to + 1)), &self.held);
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
            equity: self.book.curve.equity(),
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
