//! Columns in, panel out.

use std::sync::Arc;

use crosscut_model::{CorporateAction, Members, Range, Sessions, Timeframe, format_iso};
use crosscut_trading::account::Funds;
use crosscut_trading::funding::FundingDue;
use crosscut_trading::pool::PoolRule;
use crosscut_trading::rules::Execution;
use crosscut_trading::steps::{Spread, Step};
use crosscut_trading::strategy::Column;
use crosscut_trading::universe::{Entry, History, Universe};

use super::lists::Target;
use super::series::{Scores, SymbolBars};
use super::stretches::{Stretch, Stretches};
use super::{Bars, Chosen, Panel, PanelInput, Targets};
use crate::config::{Align, BacktestConfig, Prepared};
use crate::error::BacktestError;
use crate::outcome::DataQuality;

/// The bars and factor of one symbol as plain columns of one length.
#[derive(Debug, Clone, Default)]
pub struct SeriesInput {
    /// Instrument id.
    pub symbol: String,
    /// Bar labels, strictly ascending, microseconds.
    pub timestamps: Vec<i64>,
    /// When each bar could be known, microseconds; empty: at the end of its timeframe.
    pub available_at: Vec<i64>,
    /// Last prices, positive and finite.
    pub close: Vec<f64>,
    /// First prices; needed for `next_open`.
    pub open: Vec<f64>,
    /// Highest prices; needed for stops and margin.
    pub high: Vec<f64>,
    /// Lowest prices; needed for stops and margin.
    pub low: Vec<f64>,
    /// Average prices; needed for `next_vwap`.
    pub vwap: Vec<f64>,
    /// Base units traded; needed for participation and impact; NaN where the source does not say.
    pub volume: Vec<f64>,
    /// Value traded, quote units; needed for a pool.
    pub dollar_volume: Vec<f64>,
    /// The first factor column; NaN where it is missing; empty when the run reads none.
    pub factor: Vec<f64>,
    /// The other factor columns, in the order of [`PanelBuilder::factor_columns`].
    pub more_factors: Vec<Vec<f64>>,
    /// Last prices as they were traded, where the others are those of a holder who reinvests splits and dividends; empty: as
    /// they are.
    pub raw_close: Vec<f64>,
    /// Last prices of a holder who reinvests splits and dividends, where the others are as they were traded and strategies
    /// compare them over time; empty: as they are.
    pub adjusted_close: Vec<f64>,
    /// Whether each bar could be traded; empty: all could.
    pub tradable: Vec<bool>,
}

/// What the instruments table says of a symbol.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SymbolRules {
    /// When trading began, microseconds; `None`: with the first bar.
    pub listed_at: Option<i64>,
    /// When trading ended, microseconds.
    pub delisted_at: Option<i64>,
    /// Lots, ticks and least values with the times from which they hold; empty: none.
    pub steps: Vec<Step>,
    /// Spreads with the times from which they hold; empty: none.
    pub spreads: Vec<Spread>,
    /// Funding payments by time; empty: none.
    pub funding: Vec<FundingDue>,
    /// Splits and dividends by ex-date, to be booked; empty: none.
    pub actions: Vec<CorporateAction>,
}

/// The benchmark's bars.
#[derive(Debug, Clone, Default)]
pub struct Benchmark {
    /// Bar labels, strictly ascending, microseconds.
    pub timestamps: Vec<i64>,
    /// Last prices.
    pub close: Vec<f64>,
}

/// What a panel holds beside its series.
#[derive(Debug, Clone, Default)]
pub struct Extras {
    /// Name of the ranking factor: a column, or a formula.
    pub factor: String,
    /// The benchmark.
    pub benchmark: Option<Benchmark>,
    /// The tables read.
    pub inputs: Vec<PanelInput>,
    /// What was dropped or filled so far.
    pub quality: DataQuality,
    /// The lists of the universe's membership files, in its order.
    pub members: Vec<Members>,
    /// A list of targets by label and symbol; empty without one.
    pub targets: Vec<Target>,
    /// Until when (exclusive) the data are complete as their source states, microseconds; `None`: the last bar's close.
    pub covered_until: Option<i64>,
    /// The exchange's calendar; `None`: not known.
    pub sessions: Option<Sessions>,
}

/// Makes a panel for one configuration. Series may be made in any order, by several threads.
#[derive(Debug)]
pub struct PanelBuilder {
    /// Length of the bars.
    timeframe: Timeframe,
    /// Whose open, close or vwap is needed.
    execution: Execution,
    /// Whether prices within bars are needed.
    needs_path: bool,
    /// Whether highs and lows are wanted where there are any, for the excursions of trades.
    wants_ranges: bool,
    /// Whether volumes are needed.
    needs_volume: bool,
    /// The dynamic pool.
    pool: Option<PoolRule>,
    /// First label of the run.
    start: Option<i64>,
    /// Factor columns the run reads: those of the strategy, then those of the universe.
    factors: Vec<Column>,
    /// How many of them the strategy reads.
    n_ranking: usize,
    /// The universe.
    universe: Option<Universe>,
    /// A symbol's own bars that a decision looks back on.
    history_bars: usize,
    /// Symbols without which the strategy makes no sense.
    symbols_needed: Vec<String>,
    /// Whether the account may owe anything.
    may_borrow: bool,
    /// Whether targets of symbols that are not in the panel are left out.
    drops_other_targets: bool,
}

/// A series whose place on the timeline is not known yet.
#[derive(Debug)]
pub struct Unplaced {
    /// The columns, with stretches in slots of the timeframe's grid when the labels lie on it.
    bars: SymbolBars,
    /// The factor columns that strategies read.
    scores: Scores,
    /// The labels, when they do not lie on the grid.
    labels: Vec<i64>,
    /// When each bar could be known; empty: at the end of its timeframe.
    available_at: Vec<i64>,
}

/// The labels of a timeframe as numbers 0, 1, 2, ... from the epoch on.
#[derive(Debug, Clone, Copy)]
struct Grid {
    /// Label of slot 0.
    origin: i64,
    /// Distance between labels.
    step: i64,
}

impl Grid {
    /// The grid of a timeframe of fixed length.
    fn of(timeframe: Timeframe) -> Option<Self> {
        Some(Self { origin: timeframe.floor(0), step: timeframe.micros()? })
    }

    /// The slot of a label, when it lies on the grid.
    fn slot(&self, label: i64) -> Option<u32> {
        let distance = label - self.origin;
        if distance % self.step != 0 {
            return None;
        }
        u32::try_from(distance / self.step).ok()
    }

    /// The label of a slot.
    fn label(&self, slot: u32) -> i64 {
        self.origin + i64::from(slot) * self.step
    }
}

impl Unplaced {
    /// Whether there is no bar in it.
    pub(super) fn is_empty(&self) -> bool {
        self.bars.n_bars() == 0
    }
}

impl PanelBuilder {
    /// A builder for what `config` needs.
    ///
    /// # Errors
    /// As [`BacktestConfig::prepare`].
    pub fn new(config: &BacktestConfig) -> Result<Self, BacktestError> {
        let prepared = config.prepare()?;
        let (needs_path, needs_volume) = (prepared.needs_path(), config.needs_volume());
        let Prepared { pool, universe, strategy, funds, .. } = prepared;
        let mut factors = strategy.columns().to_vec();
        let n_ranking = factors.len();
        let of_universe = universe.iter().flat_map(Universe::columns);
        factors.extend(of_universe.map(|column| Column::Named(column.to_owned())));
        let history_bars = strategy.history_bars();
        Ok(Self {
            timeframe: config.timeframe,
            execution: config.execution,
            needs_path,
            wants_ranges: needs_path || config.audit,
            needs_volume,
            pool,
            start: config.start,
            factors,
            n_ranking,
            universe,
            history_bars,
            symbols_needed: strategy.symbols_needed().to_vec(),
            may_borrow: funds != Funds::Cash,
            drops_other_targets: config.params.get("others").is_some_and(|word| word == "drop"),
        })
    }

    /// The factor columns the run reads: those of the strategy, the ranking one first, then those of the universe.
    pub fn factor_columns(&self) -> &[Column] {
        &self.factors
    }

    /// How many of them the strategy reads.
    pub(super) fn n_ranking(&self) -> usize {
        self.n_ranking
    }

    /// Whether dollar volumes are needed.
    fn needs_dollar_volume(&self) -> bool {
        self.pool.is_some() || self.universe.as_ref().is_some_and(Universe::needs_dollar_volume)
    }

    /// The bar columns a series needs beside its close, by the names of the hub.
    pub fn columns(&self) -> Vec<&'static str> {
        let mut columns = vec!["close"];
        match self.execution {
            Execution::NextOpen => columns.push("open"),
            Execution::NextVwap => columns.push("vwap"),
            Execution::Close | Execution::NextClose => {}
        }
        if self.wants_ranges {
            columns.extend(["high", "low"]);
        }
        if self.needs_path && self.execution != Execution::NextOpen {
            columns.push("open");
        }
        if self.needs_volume {
            columns.push("volume");
        }
        if self.needs_dollar_volume() {
            columns.push("dollar_volume");
        }
        columns
    }

    /// The earliest label that can change the run; `None`: all of them.
    pub fn earliest_needed(&self, config: &BacktestConfig) -> Option<i64> {
        // The row that is carried into the run may lie anywhere before it.
        // Nor is it known how far back a symbol's own bars reach.
        let is_bounded = !matches!(config.align, Align::ForwardFill(_)) && self.history_bars == 0;
        let start = self.start.filter(|_| is_bounded)?;
        let calendar = config.rebalance.period_start(start).unwrap_or(start);
        let pool = self.pool.as_ref().and_then(|pool| pool.window(pool.period(start)).start);
        let mut earliest = pool.map_or(calendar, |pool| pool.min(calendar));
        if let Some(universe) = &self.universe {
            earliest = earliest.min(universe.period(start) - universe.lookback()?);
        }
        Some(earliest)
    }

    /// Checks the columns of one symbol and keeps what the run needs.
    ///
    /// # Errors
    /// [`BacktestError::Series`] naming symbol, row and value: columns of different lengths, labels out of order, a
    /// close that is not a price; a column the run needs that is not there.
    pub fn series(&self, input: SeriesInput, rules: SymbolRules) -> Result<Unplaced, BacktestError> {
        self.check_lengths(&input)?;
        let stretches = self.stretches(&input.symbol, &input.timestamps)?;
        if let Some(row) = input.close.iter().position(|close| !(*close > 0.0 && *close < f64::INFINITY)) {
            let at = format_iso(input.timestamps[row]);
            let problem = format!("row {row} ({at}): close is {}; expected a positive price", input.close[row]);
            return Err(BacktestError::series(&input.symbol, problem));
        }
        // A missing open makes an order wait; one that is no price is damage.
        if let Some(row) = input.open.iter().position(|open| *open <= 0.0 || open.is_infinite()) {
            let at = format_iso(input.timestamps[row]);
            let problem = format!("row {row} ({at}): open is {}; expected a positive price", input.open[row]);
            return Err(BacktestError::series(&input.symbol, problem));
        }
        let pool = self
            .pool
            .as_ref()
            .map_or_else(Vec::new, |pool| pool.entries(&input.timestamps, &input.dollar_volume, self.start));
        let universe = self.universe_entries(&input, &rules);
        let actions = by_bar(&input.timestamps, rules.actions);
        self.check_path(&input)?;
        let keep = |column: Vec<f64>, is_needed| if is_needed { column } else { Vec::new() };
        let bars = SymbolBars {
            symbol: input.symbol,
            close: input.close,
            open: keep(input.open, self.needs_path || self.execution == Execution::NextOpen),
            high: keep(input.high, self.wants_ranges),
            low: keep(input.low, self.wants_ranges),
            vwap: keep(input.vwap, self.execution == Execution::NextVwap),
            volume: keep(input.volume, self.needs_volume),
            tradable: input.tradable,
            pool,
            universe,
            delisted_at: rules.delisted_at,
            steps: rules.steps,
            spreads: rules.spreads,
            funding: rules.funding,
            adjusted: input.adjusted_close,
            actions,
            stretches: stretches.clone().unwrap_or_default(),
        };
        let labels = if stretches.is_some() { Vec::new() } else { input.timestamps };
        let mut columns = std::iter::once(input.factor).chain(input.more_factors).take(self.n_ranking);
        let scores = Scores { first: columns.next().unwrap_or_default(), others: columns.collect() };
        Ok(Unplaced { bars, scores, labels, available_at: input.available_at })
    }

    /// What a symbol brings to the choice of each universe.
    fn universe_entries(&self, input: &SeriesInput, rules: &SymbolRules) -> Vec<Entry> {
        let Some(universe) = &self.universe else {
            return Vec::new();
        };
        let columns: Vec<&[f64]> =
            std::iter::once(&input.factor).chain(&input.more_factors).skip(self.n_ranking).map(Vec::as_slice).collect();
        let history = History {
            timestamps: &input.timestamps,
            close: if input.raw_close.is_empty() { &input.close } else { &input.raw_close },
            dollar_volume: &input.dollar_volume,
            columns: &columns,
            listed_at: rules.listed_at,
            delisted_at: rules.delisted_at,
        };
        universe.entries(&history, self.start)
    }

    /// Puts the series on one timeline, sorted by symbol.
    ///
    /// # Errors
    /// [`BacktestError::NoSymbols`] when no series has a bar, [`BacktestError::Series`] for a symbol that comes twice,
    /// [`BacktestError::Unknown`] for a symbol that the strategy or its list of targets needs.
    pub fn build(self, mut unplaced: Vec<Unplaced>, extras: Extras) -> Result<Panel, BacktestError> {
        let mut quality = extras.quality;
        quality.add("symbols_without_bars", unplaced.iter().filter(|one| one.is_empty()).count() as u64);
        unplaced.retain(|one| !one.is_empty());
        unplaced.sort_by(|a, b| a.bars.symbol.cmp(&b.bars.symbol));
        if unplaced.is_empty() {
            return Err(BacktestError::NoSymbols { reason: "none has a bar in the range".to_owned() });
        }
        if let Some(pair) = unplaced.windows(2).find(|pair| pair[0].bars.symbol == pair[1].bars.symbol) {
            return Err(BacktestError::series(&pair[0].bars.symbol, "the symbol comes twice"));
        }
        let grid = Grid::of(self.timeframe).filter(|_| unplaced.iter().all(|one| one.labels.is_empty()));
        let (slots, timeline) = match grid {
            Some(grid) => {
                let slots = union_of_slots(&unplaced);
                let timeline = slots.iter().map(|&slot| grid.label(slot)).collect();
                (slots, timeline)
            }
            None => self.place_by_labels(&mut unplaced),
        };
        let available_at = self.available_at(&unplaced, &slots, &timeline);
        let benchmark = extras.benchmark.map(|benchmark| last_closes(&benchmark, &timeline));
        let symbols: Vec<String> = unplaced.iter().map(|one| one.bars.symbol.clone()).collect();
        let (series, scores): (Vec<SymbolBars>, Vec<Scores>) =
            unplaced.into_iter().map(|one| (one.bars, one.scores)).unzip();
        let mut inputs = extras.inputs;
        inputs.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        if let Some(absent) = self.symbols_needed.iter().find(|needed| symbols.binary_search(needed).is_err()) {
            return Err(BacktestError::unknown("symbol", absent, "the symbols of the run".to_owned(), &symbols));
        }
        let mut bars = Bars {
            symbols,
            series,
            timeframe: self.timeframe,
            sessions: extras.sessions,
            holds_paths: self.needs_path,
            timeline,
            available_at,
            slots,
            benchmark,
            targets: None,
            universe: None,
            pool: self.pool,
            inputs,
            quality,
            covered_until: extras.covered_until,
        };
        if !extras.targets.is_empty() {
            let mut quality = std::mem::take(&mut bars.quality);
            let allowed = (self.may_borrow, self.drops_other_targets);
            bars.targets = Some(Targets::lay(&extras.targets, &bars, allowed, &mut quality)?);
            bars.quality = quality;
        }
        if let Some(rule) = self.universe {
            let entries: Vec<&[Entry]> = bars.series.iter().map(|series| &series.universe[..]).collect();
            let choices = rule.choose(&bars.symbols, &entries, &extras.members);
            bars.universe = Some(Chosen { rule, choices });
        }
        Ok(Panel { bars: Arc::new(bars), scores, factor: extras.factor })
    }

    /// Checks that columns are there and of one length.
    fn check_lengths(&self, input: &SeriesInput) -> Result<(), BacktestError> {
        let n_bars = input.timestamps.len();
        let open = self.needs_path || self.execution == Execution::NextOpen;
        let vwap = self.execution == Execution::NextVwap;
        for (column, len, needed) in [
            ("available_at", input.available_at.len(), false),
            ("close", input.close.len(), true),
            ("open", input.open.len(), open),
            ("high", input.high.len(), self.needs_path),
            ("low", input.low.len(), self.needs_path),
            ("vwap", input.vwap.len(), vwap),
            ("volume", input.volume.len(), self.needs_volume),
            ("dollar_volume", input.dollar_volume.len(), self.needs_dollar_volume()),
            ("factor", input.factor.len(), !self.factors.is_empty()),
            ("raw_close", input.raw_close.len(), false),
            ("adjusted_close", input.adjusted_close.len(), false),
            ("tradable", input.tradable.len(), false),
        ] {
            if len != n_bars && (needed || len > 0) {
                let problem = format!("column `{column}` has {len} rows; expected {n_bars}, one per timestamp");
                return Err(BacktestError::series(&input.symbol, problem));
            }
        }
        let n_more = self.factors.len().saturating_sub(1);
        if input.more_factors.len() < n_more || input.more_factors.iter().any(|column| column.len() != n_bars) {
            let problem = format!("{n_more} more factor columns of {n_bars} rows are needed, one value per timestamp");
            return Err(BacktestError::series(&input.symbol, problem));
        }
        if u32::try_from(n_bars).is_err() {
            return Err(BacktestError::series(&input.symbol, format!("{n_bars} bars; at most {} fit", u32::MAX)));
        }
        Ok(())
    }

    /// Checks that open and close lie within low and high where the run looks within bars.
    fn check_path(&self, input: &SeriesInput) -> Result<(), BacktestError> {
        if !self.needs_path {
            return Ok(());
        }
        for row in 0..input.close.len() {
            let (open, high, low, close) = (input.open[row], input.high[row], input.low[row], input.close[row]);
            let is_within = |price: f64| low <= price && price <= high;
            if !(low > 0.0 && high.is_finite() && is_within(open) && is_within(close)) {
                let at = format_iso(input.timestamps[row]);
                let prices = format!("open {open}, high {high}, low {low}, close {close}");
                let problem = format!(
                    "row {row} ({at}): {prices}; expected positive prices within low and high, for stops and margin"
                );
                return Err(BacktestError::series(&input.symbol, problem));
            }
        }
        Ok(())
    }

    /// Checks that labels ascend and finds their stretches on the grid; `None` when some label is not on it.
    fn stretches(&self, symbol: &str, labels: &[i64]) -> Result<Option<Stretches>, BacktestError> {
        if let Some(row) = labels.windows(2).position(|pair| pair[0] >= pair[1]) {
            let (before, label) = (format_iso(labels[row]), format_iso(labels[row + 1]));
            let problem = format!("row {}: timestamp {label} follows {before}; expected ascending times", row + 1);
            return Err(BacktestError::series(symbol, problem));
        }
        let Some(grid) = Grid::of(self.timeframe) else {
            return Ok(None);
        };
        let mut stretches = Vec::new();
        let mut following = None;
        for (pos, &label) in labels.iter().enumerate() {
            if following != Some(label) {
                let Some(slot) = grid.slot(label) else {
                    return Ok(None);
                };
                stretches.push(Stretch { slot, pos: pos as u32 });
            }
            following = Some(label + grid.step);
        }
        Ok(Some(Stretches::new(stretches, labels.len())))
    }

    /// The union of all labels, its slots counted from 0, for series whose labels are not all on the grid.
    fn place_by_labels(&self, unplaced: &mut [Unplaced]) -> (Vec<u32>, Vec<i64>) {
        for one in &mut *unplaced {
            if let (true, Some(grid)) = (one.labels.is_empty(), Grid::of(self.timeframe)) {
                let labels = (0..one.bars.n_bars()).map(|pos| grid.label(one.bars.stretches.slot_of(pos))).collect();
                one.labels = labels;
            }
        }
        let mut timeline: Vec<i64> = unplaced.iter().flat_map(|one| one.labels.iter().copied()).collect();
        timeline.sort_unstable();
        timeline.dedup();
        for one in unplaced {
            one.bars.stretches = Stretches::new(stretches_on(&timeline, &one.labels), one.labels.len());
        }
        ((0..timeline.len() as u32).collect(), timeline)
    }

    /// When all bars of each row could be known: the latest of the row, never before an earlier row.
    fn available_at(&self, unplaced: &[Unplaced], slots: &[u32], timeline: &[i64]) -> Vec<i64> {
        let mut available_at = vec![i64::MIN; timeline.len()];
        for one in unplaced.iter().filter(|one| !one.available_at.is_empty()) {
            let mut row = 0;
            for (pos, &at) in one.available_at.iter().enumerate() {
                let slot = one.bars.stretches.slot_of(pos);
                row += slots[row..].partition_point(|&other| other < slot);
                available_at[row] = available_at[row].max(at);
            }
        }
        let regular = unplaced.iter().any(|one| one.available_at.is_empty());
        let mut latest = i64::MIN;
        for (at, &label) in available_at.iter_mut().zip(timeline) {
            if regular || *at == i64::MIN {
                *at = (*at).max(self.timeframe.next(label));
            }
            latest = latest.max(*at);
            *at = latest;
        }
        available_at
    }
}

/// Actions with the positions of the first bars at or after their ex-dates; the number of bars where none is. Those before
/// the first bar have found nobody holding anything.
fn by_bar(timestamps: &[i64], actions: Vec<CorporateAction>) -> Vec<(usize, CorporateAction)> {
    let first_bar = |action: &CorporateAction| timestamps.partition_point(|label| *label < action.timestamp);
    let placed = actions.into_iter().map(|action| (first_bar(&action), action));
    placed.filter(|(pos, _)| *pos > 0).collect()
}

/// All slots that some series has, ascending.
fn union_of_slots(unplaced: &[Unplaced]) -> Vec<u32> {
    let mut spans: Vec<(u32, u32)> = Vec::new();
    for one in unplaced {
        let series = &one.bars;
        spans.extend(series.stretches.all().iter().enumerate().map(|(nth, stretch)| {
            let n_bars = series.stretches.end(nth) as u32 - stretch.pos;
            (stretch.slot, stretch.slot + n_bars)
        }));
    }
    spans.sort_unstable();
    let mut slots = Vec::new();
    let mut until = 0;
    for (from, to) in spans {
        slots.extend(from.max(until)..to.max(until));
        until = until.max(to);
    }
    slots
}

/// The stretches of labels on a timeline that has them all; slots are rows.
fn stretches_on(timeline: &[i64], labels: &[i64]) -> Vec<Stretch> {
    let mut stretches = Vec::new();
    let mut row = 0;
    for (pos, &label) in labels.iter().enumerate() {
        if timeline.get(row) != Some(&label) || pos == 0 {
            row += timeline[row..].partition_point(|&other| other < label);
            stretches.push(Stretch { slot: row as u32, pos: pos as u32 });
        }
        row += 1;
    }
    stretches
}

/// The benchmark's last close at or before each label; NaN before its first.
fn last_closes(benchmark: &Benchmark, timeline: &[i64]) -> Vec<f64> {
    let mut after = 0;
    timeline
        .iter()
        .map(|&label| {
            while benchmark.timestamps.get(after).is_some_and(|&other| other <= label) {
                after += 1;
            }
            after.checked_sub(1).map_or(f64::NAN, |pos| benchmark.close[pos])
        })
        .collect()
}

/// Whether a range can be run at all on a panel.
pub(crate) fn check_cover(panel: &Panel, range: Range) -> Result<(), BacktestError> {
    let (Some(&first), Some(&last)) = (panel.timeline().first(), panel.available_at().last()) else {
        return Err(BacktestError::NoSymbols { reason: "there is no bar".to_owned() });
    };
    let until = panel.bars.covered_until.map_or(last, |until| until.max(last));
    let has_weekends = panel.timeline().iter().any(|&label| crosscut_model::time::weekday(label) >= 5);
    check_span((first, until), panel.timeframe().micros().unwrap_or(0), has_weekends, range)?;
    let not_covered = |wanted: String, hint: String| BacktestError::NotCovered { wanted, first, until, hint };
    if range.positions(panel.timeline()).is_empty() {
        let text = |bound: Option<i64>, open: &str| bound.map_or_else(|| open.to_owned(), format_iso);
        let (from, to) = (text(range.start, "the beginning"), text(range.end, "the end"));
        let wanted = format!("{from} to {to}, where there is no bar");
        return Err(not_covered(wanted, "choose a range that holds bars".to_owned()));
    }
    Ok(())
}

/// Whether a range can be run on labels from `first` to a last close of `until`; the bounds need not be exact to the bar of
/// `bar` microseconds: a date means the day, and a market that closes over weekends is allowed its holidays.
pub(crate) fn check_span(
    (first, until): (i64, i64),
    bar: i64,
    has_weekends: bool,
    range: Range,
) -> Result<(), BacktestError> {
    let day = crosscut_model::time::DAY;
    let slack = if has_weekends { 0 } else { 5 * day };
    let not_covered = |wanted: String, hint: String| Err(BacktestError::NotCovered { wanted, first, until, hint });
    // Within the last bar of a day the next label is that of the next day.
    let is_early = |start: &i64| start.div_euclid(day) * day + day + slack <= first && first - start >= bar;
    if let Some(start) = range.start.filter(is_early) {
        let hint = format!("start at {} or later, or import earlier data", format_iso(first));
        return not_covered(format!("a start at {}", format_iso(start)), hint);
    }
    if let Some(end) = range.end.filter(|end| end - until >= day + slack) {
        let hint = format!("end at {} or earlier, or import later data", format_iso(until));
        return not_covered(format!("an end at {}", format_iso(end)), hint);
    }
    Ok(())
}
