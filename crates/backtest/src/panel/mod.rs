//! The market as the engine sees it: one timeline of bar labels, and one series of bars per symbol on it.
//!
//! A series keeps only what a run can ask for, in the symbol's own bars (gaps are gaps); where its bars lie on the
//! timeline is stored as stretches without a gap, so that a dense panel costs nothing for its times. The timeline is
//! the union of all labels, bars before the run's start included: calendars and pools need them.
//!
//! [`PanelBuilder`] makes a panel from plain columns; [`load()`] reads those columns from a hub.

mod actions;
mod align;
mod build;
mod columns;
pub mod lists;
mod load;
pub(crate) mod perturbed;
mod rescored;
mod series;
mod spreads;
mod stretches;
pub mod survivors;
mod targets;
mod terms;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::Arc;

use crosscut_hub::InputFile;

use crosscut_model::time::DAY;
use crosscut_model::{Sessions, Timeframe};
use crosscut_trading::pool::PoolRule;
use crosscut_trading::rules::Execution;
use crosscut_trading::steps::Steps;
use crosscut_trading::universe::{Choice, Ground, Universe};

pub(crate) use actions::{grown, note_actions, read_actions, shrunk};
pub use build::{Benchmark, Extras, PanelBuilder, SeriesInput, SymbolRules, Unplaced};
pub(crate) use build::{check_cover, check_span};
pub use columns::ComputedFactor;
pub(crate) use columns::factor_column;
pub use load::{LoadOptions, load, load_with, symbols_with_bars};
pub(crate) use load::{factor_input, instruments_input, pick, symbol_rules};
pub(crate) use rescored::load_scores;
pub use series::Series;
use series::{Scores, SymbolBars};
pub(crate) use spreads::Spreads;
pub use targets::Targets;
pub(crate) use terms::demand_terms;

use crate::outcome::DataQuality;

/// A market to replay.
#[derive(Debug, Clone)]
pub struct Panel {
    /// All but the factor columns; panels that differ in these alone share it.
    bars: Arc<Bars>,
    /// The factor columns of each symbol, in the order of the symbols.
    scores: Vec<Scores>,
    /// Name of the ranking factor.
    factor: String,
}

/// The part of a panel that does not depend on what a strategy ranks by.
#[derive(Debug, Clone)]
struct Bars {
    /// Instrument ids, sorted.
    symbols: Vec<String>,
    /// The bars of each symbol, in the same order.
    series: Vec<SymbolBars>,
    /// Length of the bars.
    timeframe: Timeframe,
    /// The exchange's calendar; `None`: not known.
    sessions: Option<Sessions>,
    /// Whether the prices within bars are checked and complete, so that orders may meet them.
    holds_paths: bool,
    /// Labels of all bars, ascending, microseconds.
    timeline: Vec<i64>,
    /// When all bars of each row could be known, microseconds.
    available_at: Vec<i64>,
    /// The timeline in slots.
    slots: Vec<u32>,
    /// The benchmark's last close at each row; NaN before its first.
    benchmark: Option<Vec<f64>>,
    /// What a list of targets says to hold; `None` without one.
    targets: Option<Targets>,
    /// The universe of each period; `None`: every symbol.
    universe: Option<Chosen>,
    /// The pool rule for which the series hold entries.
    pool: Option<PoolRule>,
    /// The tables read.
    inputs: Vec<PanelInput>,
    /// What loading dropped or filled.
    quality: DataQuality,
    /// Until when (exclusive) the data are complete as their source states, microseconds.
    covered_until: Option<i64>,
}

/// The universe of each period.
#[derive(Debug, Clone, PartialEq)]
pub struct Chosen {
    /// The rule.
    pub rule: Universe,
    /// What it chose, in time order.
    pub choices: Vec<Choice>,
}

impl Chosen {
    /// Why each of `n_symbols` symbols is not in at a label; `None`: it is in.
    pub(crate) fn grounds(&self, label: i64, n_symbols: usize) -> Vec<Option<Ground>> {
        let period = self.rule.period(label);
        let at = self.choices.binary_search_by_key(&period, |choice| choice.period);
        at.map_or_else(|_| vec![Some(Ground::Unknown); n_symbols], |at| self.choices[at].grounds.clone())
    }
}

/// A table that went into a panel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PanelInput {
    /// Its path inside the hub, or another name without a machine's folders.
    pub name: String,
    /// BLAKE3 of its content, hex.
    pub content_hash: String,
    /// The files or tables it was made from.
    pub sources: Vec<InputFile>,
}

impl Panel {
    /// Instrument ids, sorted.
    pub fn symbols(&self) -> &[String] {
        &self.bars.symbols
    }

    /// The series of a symbol by its position in the sorted list.
    pub fn series(&self, symbol_idx: u32) -> Series<'_> {
        Series::new(&self.bars.series[symbol_idx as usize], &self.scores, symbol_idx)
    }

    /// Length of the bars.
    pub fn timeframe(&self) -> Timeframe {
        self.bars.timeframe
    }

    /// The exchange's calendar; `None`: not known.
    pub(crate) fn sessions(&self) -> Option<&Sessions> {
        self.bars.sessions.as_ref()
    }

    /// Open and close of the exchange's sessions in the panel and the month after it; empty where they are not known.
    pub(crate) fn session_times(&self) -> Vec<(i64, i64)> {
        let (Some(sessions), Some(first), Some(last)) =
            (&self.bars.sessions, self.bars.timeline.first(), self.bars.timeline.last())
        else {
            return Vec::new();
        };
        sessions.times(first - DAY, last + 31 * DAY)
    }

    /// Labels of all bars, ascending, microseconds; some may lie before the run's start.
    pub fn timeline(&self) -> &[i64] {
        &self.bars.timeline
    }

    /// When all bars of each row could be known, microseconds.
    pub fn available_at(&self) -> &[i64] {
        &self.bars.available_at
    }

    /// The benchmark's last close at each row; NaN before its first. `None` without a benchmark.
    pub fn benchmark(&self) -> Option<&[f64]> {
        self.bars.benchmark.as_deref()
    }

    /// Name of the ranking factor: a column, or a formula.
    pub fn factor(&self) -> &str {
        &self.factor
    }

    /// The tables read, sorted by name; empty for a panel made in memory.
    pub fn inputs(&self) -> &[PanelInput] {
        &self.bars.inputs
    }

    /// What loading dropped or filled.
    pub fn quality(&self) -> &DataQuality {
        &self.bars.quality
    }

    /// Number of bars over all symbols.
    pub fn n_bars(&self) -> usize {
        self.bars.series.iter().map(SymbolBars::n_bars).sum()
    }

    /// Whether the series hold the prices at which orders execute.
    pub(crate) fn holds_prices_for(&self, execution: Execution) -> bool {
        match execution {
            Execution::Close | Execution::NextClose => true,
            Execution::NextOpen => self.bars.series.iter().all(|series| !series.open.is_empty()),
            Execution::NextVwap => self.bars.series.iter().all(|series| !series.vwap.is_empty()),
        }
    }

    /// The universe of each period; `None`: every symbol.
    pub(crate) fn universe(&self) -> Option<&Chosen> {
        self.bars.universe.as_ref()
    }

    /// What a list of targets says to hold; the run then decides at its rows and no others.
    pub(crate) fn targets(&self) -> Option<&Targets> {
        self.bars.targets.as_ref()
    }

    /// The value of a column of the strategy for a symbol at a row; NaN when it is missing.
    pub(crate) fn value(&self, column: usize, symbol_idx: u32, row: usize) -> f64 {
        if let Some(targets) = &self.bars.targets {
            return targets.weight(row, symbol_idx);
        }
        let series = self.series(symbol_idx);
        series.bar_in(self.slot(row)).map_or(f64::NAN, |pos| series.column(column)[pos])
    }

    /// Whether the series hold first prices.
    pub(crate) fn holds_opens(&self) -> bool {
        self.bars.series.iter().any(|series| !series.open.is_empty())
    }

    /// Whether orders may meet the prices within bars.
    pub(crate) fn holds_paths(&self) -> bool {
        self.bars.holds_paths
    }

    /// The lowest and the highest price of a symbol's bars in `rows`: of their lows and highs where the panel holds them and
    /// they are `whole`, else of their closes. `None` without a bar.
    pub(crate) fn range_of(&self, symbol_idx: u32, rows: Range<usize>, whole: bool) -> Option<(f64, f64)> {
        let series = self.series(symbol_idx);
        let (first, last) = (self.slot(rows.start), self.slot(rows.clone().last()?));
        let until = series.pos_at(last)? + 1;
        let from = series.pos_at(first).map_or(0, |pos| pos + usize::from(series.slot_of(pos) < first));
        self.range_at(symbol_idx, from..until, whole)
    }

    /// As [`Panel::range_of`], of bars by their positions.
    pub(crate) fn range_at(&self, symbol_idx: u32, bars: Range<usize>, whole: bool) -> Option<(f64, f64)> {
        let series = self.series(symbol_idx);
        let reach = if whole { series.reach() } else { [[].as_slice(); 2] };
        (!bars.is_empty()).then(|| reach_of(bars, series.close(), reach))
    }

    /// Whether the series hold volumes.
    pub(crate) fn holds_volumes(&self) -> bool {
        self.bars.series.iter().all(|series| !series.volume.is_empty())
    }

    /// Whether nothing but prices matters: no delisting, no funding, no split or dividend, no list of targets and, where `uses_steps`, no lots.
    pub(crate) fn is_plain(&self, uses_steps: bool) -> bool {
        let is_plain = |series: &SymbolBars| {
            series.delisted_at.is_none()
                && series.funding.is_empty()
                && series.actions.is_empty()
                && (!uses_steps || series.steps.is_empty())
        };
        self.bars.targets.is_none() && self.bars.series.iter().all(is_plain)
    }

    /// The row of a symbol's first bar, when neither its bars nor the timeline have a gap.
    pub(crate) fn dense_from(&self, symbol_idx: u32) -> Option<usize> {
        let (&first, &last) = (self.bars.slots.first()?, self.bars.slots.last()?);
        let is_whole = (last - first) as usize + 1 == self.bars.slots.len();
        match self.series(symbol_idx).bars().stretches.all() {
            [only] if is_whole => Some((only.slot - first) as usize),
            _ => None,
        }
    }

    /// Position of a symbol's bar in the first of `rows` when it has one in each of them.
    pub(crate) fn whole_from(&self, symbol_idx: u32, rows: Range<usize>) -> Option<usize> {
        let (first, last) = (self.slot(rows.start), self.slot(rows.clone().last()?));
        let series = self.series(symbol_idx);
        let place = series.bars().stretches.find(first).filter(|place| place.is_there)?;
        let is_whole = (last - first) as usize + 1 == rows.len()
            && place.pos + rows.len() <= series.bars().stretches.end(place.stretch);
        is_whole.then_some(place.pos)
    }

    /// Lots, ticks, least values and spreads of all symbols.
    pub(crate) fn steps(&self) -> Steps {
        let steps = Steps::new(self.bars.series.iter().map(|series| series.steps.clone()).collect());
        steps.with_spreads(self.bars.series.iter().map(|series| series.spreads.clone()).collect())
    }

    /// The pool rule for which the series hold entries.
    pub(crate) fn pool(&self) -> Option<&PoolRule> {
        self.bars.pool.as_ref()
    }

    /// The slot of a row.
    pub(crate) fn slot(&self, row: usize) -> u32 {
        self.bars.slots[row]
    }

    /// The row of a slot that some bar has.
    pub(crate) fn row_of(&self, slot: u32) -> usize {
        let first = self.bars.slots[0];
        let dense = (slot - first) as usize;
        // Without holes the slot is the row; with holes the row can only be earlier.
        if self.bars.slots.get(dense) == Some(&slot) {
            return dense;
        }
        self.bars.slots.partition_point(|&other| other < slot)
    }

    /// Adds `quantity` of a symbol, at its last close of each row, to the values of `rows`.
    ///
    /// # Panics
    /// If the symbol has no bar at or before the first row: what has no price cannot be held.
    pub(crate) fn add_value(&self, symbol_idx: u32, quantity: f64, rows: Range<usize>, mut values: Values<'_>) {
        self.each_run(symbol_idx, rows, |at, run| match run {
            Run::Bars(prices) => values.add(at, prices, quantity),
            Run::Hole(price, n_rows) => values.add_constant(at, n_rows, quantity * price),
        });
    }

    /// Puts the last close of a symbol at each of `rows` into `closes`, which has a place for each.
    ///
    /// # Panics
    /// As [`Panel::add_value`].
    pub(crate) fn fill_closes(&self, symbol_idx: u32, rows: Range<usize>, closes: &mut [f64]) {
        self.each_run(symbol_idx, rows, |at, run| match run {
            Run::Bars(prices) => closes[at..at + prices.len()].copy_from_slice(prices),
            Run::Hole(price, n_rows) => closes[at..at + n_rows].fill(price),
        });
    }

    /// Hands over the prices of a symbol at `rows` run by run, each with its place among the rows.
    fn each_run(&self, symbol_idx: u32, rows: Range<usize>, mut each: impl FnMut(usize, Run<'_>)) {
        let series = self.series(symbol_idx);
        let (close, stretches) = (series.close(), &series.bars().stretches);
        let mut row = rows.start;
        while row < rows.end {
            let place = stretches.find(self.slot(row)).expect("a held symbol has a bar at or before any row");
            let at = row - rows.start;
            if place.is_there {
                // Bars of a stretch follow one another on the timeline too.
                let n_rows = (stretches.end(place.stretch) - place.pos).min(rows.end - row);
                each(at, Run::Bars(&close[place.pos..place.pos + n_rows]));
                row += n_rows;
            } else {
                let next = stretches.all().get(place.stretch + 1).map_or(rows.end, |next| self.row_of(next.slot));
                let n_rows = next.min(rows.end) - row;
                each(at, Run::Hole(close[place.pos], n_rows));
                row += n_rows;
            }
        }
    }
}

/// Prices of a symbol at rows one after another.
enum Run<'a> {
    /// One bar in each.
    Bars(&'a [f64]),
    /// No bar in so many rows: the last price before them.
    Hole(f64, usize),
}

/// Values looked at together in [`extremes`].
const LANES: usize = 4;

/// The lowest and the highest price of bars by their positions: of their lows and highs where there are any, and their closes.
pub(crate) fn reach_of(bars: Range<usize>, closes: &[f64], [lows, highs]: [&[f64]; 2]) -> (f64, f64) {
    let (mut low, mut high) = extremes(&closes[bars.clone()]);
    if let Some(lows) = lows.get(bars.clone()) {
        low = low.min(extremes(lows).0);
    }
    if let Some(highs) = highs.get(bars) {
        high = high.max(extremes(highs).1);
    }
    (low, high)
}

/// The lowest and the highest of values that are numbers, several at once; infinities for none.
#[inline]
fn extremes(values: &[f64]) -> (f64, f64) {
    let lower = |best: f64, value: f64| if value < best { value } else { best };
    let higher = |best: f64, value: f64| if value > best { value } else { best };
    let (together, rest) = values.as_chunks::<LANES>();
    let (mut lows, mut highs) = ([f64::INFINITY; LANES], [f64::NEG_INFINITY; LANES]);
    for values in together {
        for ((low, high), &value) in lows.iter_mut().zip(&mut highs).zip(values) {
            (*low, *high) = (lower(*low, value), higher(*high, value));
        }
    }
    let low = lower(lower(lows[0], lows[1]), lower(lows[2], lows[3]));
    let high = higher(higher(highs[0], highs[1]), higher(highs[2], highs[3]));
    rest.iter().fold((low, high), |(low, high), &value| (lower(low, value), higher(high, value)))
}

/// Sums of position values by row, to add to.
pub(crate) struct Values<'a> {
    /// Signed values.
    pub(crate) net: &'a mut [f64],
    /// Absolute values.
    pub(crate) gross: &'a mut [f64],
}

impl Values<'_> {
    /// Adds `quantity` at each of `prices` from row `at` on.
    fn add(&mut self, at: usize, prices: &[f64], quantity: f64) {
        let (net, gross) = (&mut self.net[at..at + prices.len()], &mut self.gross[at..at + prices.len()]);
        for ((net, gross), price) in net.iter_mut().zip(gross).zip(prices) {
            let value = quantity * price;
            *net += value;
            *gross += value.abs();
        }
    }

    /// Adds one value to `n_rows` rows from row `at` on.
    fn add_constant(&mut self, at: usize, n_rows: usize, value: f64) {
        for net in &mut self.net[at..at + n_rows] {
            *net += value;
        }
        for gross in &mut self.gross[at..at + n_rows] {
            *gross += value.abs();
        }
    }
}
