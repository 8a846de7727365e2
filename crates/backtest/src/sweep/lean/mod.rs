//! The replay of simple cross-sectional runs without orders: many sets of one market side by side.
//!
//! What a run needs the trading floor for (stops, lots, margin, funding, orders that wait) is not there in most sweeps:
//! such runs decide at a close, trade at it or at the next open, and hold. This walks their decisions directly, with the arithmetic of the
//! floor in the floor's order, so that every number comes out with the same bits; a property test holds both against
//! each other. Names are ranked once for all sets that decide at the same rows.
//!
//! [`fits`] says which runs these are; any other, and one whose equity is gone, is left to the engine.

mod book;
mod members;
mod ranges;
mod sight;

use crosscut_trading::account::Funds;
use crosscut_trading::rules::Execution;
use crosscut_trading::strategy::{Ranked, rank};

use crate::config::{
    BacktestConfig, CommissionConfig, OrdersConfig, Prepared, RiskConfig, SlippageConfig, VenueConfig,
};
use crate::error::BacktestError;
use crate::panel::Panel;
use crate::replay::{check, decisions};
use crate::results::metrics::Numbers;
use book::Book;
use members::Members;
use ranges::Ranges;
pub(super) use sight::Places;
use sight::Sight;

/// Sets that are walked side by side.
pub(super) const SIDE_BY_SIDE: usize = 16;

/// A configuration and what was made from it.
pub(super) struct Job<'a> {
    /// The configuration.
    pub(super) config: &'a BacktestConfig,
    /// What was made from it.
    pub(super) prepared: Prepared,
}

/// What a run comes to, for the metrics.
pub(super) struct Curves {
    /// Equity by row.
    pub(super) equity: Vec<f64>,
    /// The book at the end.
    book: Book,
    /// Rows of the run.
    rows: std::ops::Range<usize>,
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
    format!("{} {:?} {:?} {}", config.rebalance, config.start, config.end, config.strategy)
}

/// Walks sets that fit and have [`company`]; `None` for one that the engine has to run.
///
/// # Errors
/// For each set as [`crate::replay()`].
pub(super) fn walk(panel: &Panel, places: &Places<'_>, jobs: &[Job<'_>]) -> Vec<Result<Option<Curves>, BacktestError>> {
    let checks: Vec<Result<(), BacktestError>> =
        jobs.iter().map(|job| check(panel, job.config, &job.prepared)).collect();
    let Some(first) = checks.iter().position(Result::is_ok) else {
        return checks.into_iter().map(|check| check.map(|()| None)).collect();
    };
    let job = &jobs[first];
    let rows = job.prepared.range.positions(panel.timeline());
    let decisions = decisions(panel, job.config.rebalance, rows.clone());
    let mut books: Vec<Option<Book>> = jobs
        .iter()
        .zip(&checks)
        .map(|(job, check)| check.is_ok().then(|| Book::new(job, panel, rows.clone())))
        .collect();
    let mut members = Members::new(panel, job.prepared.pool.as_ref());
    let Some(rule) = job.prepared.strategy.rule() else {
        return checks.into_iter().map(|c| c.map(|()| None)).collect();
    };
    let (mut names, mut ranked, mut scores): (Vec<u32>, Vec<Ranked>, Vec<f64>) = Default::default();
    let (mut ranges, mut since) = (Ranges::default(), rows.start);
    let mut advance = |books: &mut [Option<Book>], to: usize| {
        // What was decided at a row is held, or taken up, from the bar after it on.
        ranges.turn_to(panel, since..rows.end.min(to + 1));
        since = to + 1;
        for (book, job) in books.iter_mut().zip(jobs) {
            if let Some(book) = book {
                book.advance(job, places, to);
                book.note_ranges(panel, &mut ranges);
            }
        }
    };
    for row in decisions {
        advance(&mut books, row);
        members.turn_to(row);
        names.clear();
        names.extend(members.now().iter().copied().filter(|&symbol_idx| places.can_trade(symbol_idx, row)));
        rank(rule, &names, &Sight::blind(places, row), (&mut ranked, &mut scores));
        for (book, job) in books.iter_mut().zip(jobs) {
            if let Some(book) = book {
                book.decide(job, places, &ranked, row);
            }
        }
    }
    advance(&mut books, rows.end);
    let finish = |(check, book): (Result<(), BacktestError>, Option<Book>)| {
        check?;
        Ok(book.and_then(Book::finish))
    };
    checks.into_iter().zip(books).map(finish).collect()
}

impl Curves {
    /// The numbers of the run, for its metrics.
    pub(super) fn numbers<'a>(&'a self, panel: &'a Panel, capital: f64, annual: &'a Annual) -> Numbers<'a> {
        Numbers {
            capital,
            timeline: &panel.timeline()[self.rows.clone()],
            equity: &self.equity,
            gross_exposure: &self.book.gross,
            net_exposure: &self.book.net,
            benchmark: annual.benchmark.as_deref(),
            turnover: &self.book.turnover,
            n_rebalances: self.book.turnover.len(),
            trades: self.book.closed(),
            n_orders: self.book.n_orders,
            n_fills: self.book.n_fills,
            commission: self.book.commission,
            slippage: self.book.slippage,
            moved: &[],
            periods_per_year: annual.periods_per_year,
        }
    }

    /// Labels of the run.
    pub(super) fn labels<'a>(&self, panel: &'a Panel) -> &'a [i64] {
        &panel.timeline()[self.rows.clone()]
    }
}

/// What runs over the same rows with the same capital share.
pub(super) struct Annual {
    /// Rows per year.
    pub(super) periods_per_year: f64,
    /// The benchmark's value.
    pub(super) benchmark: Option<Vec<f64>>,
}
