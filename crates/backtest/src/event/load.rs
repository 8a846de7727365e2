//! A market for an event strategy from a hub: bars held whole, trades streamed month by month.
//!
//! [`load`] reads what a configuration asks for; [`EventMarket::replay`] runs its strategy through it. Knows no archive.

mod perturbed;

use crosscut_hub::{Hub, TickColumns, TickStream};
use crosscut_model::action::growth;
use crosscut_model::calendar::periods_per_year_on;
use crosscut_model::time::{DAY, HOUR};
use crosscut_model::{
    BarSpec, Bars, CorporateAction, Range, Sessions, Timeframe, TradeKind, Trades, format_iso, nearest,
};
use crosscut_trading::FloorConfig;
use crosscut_trading::funding::FundingDue;
use crosscut_trading::pool::PoolRule;
use crosscut_trading::rules::CorporateActions;
use crosscut_trading::steps::Steps;
use crosscut_trading::strategy::{FactorColumns, Made, Portfolio, PortfolioRules};
use crosscut_trading::universe::Universe;

use super::choice::{self, Candidates, Life};
use super::columns::FactorTables;
use super::{Admission, EventOptions, FactorRows, Feed, Market, Sampling, TradeSource, replay_events};
use crate::config::{Align, BacktestConfig, FeedKind, Prepared};
use crate::error::BacktestError;
use crate::funding::{FundedSymbol, input, payments};
use crate::outcome::{DataQuality, RunOutcome};
use crate::panel::{
    PanelInput, Spreads, check_span, demand_terms, grown, instruments_input, note_actions, pick, read_actions, shrunk,
    symbol_rules,
};

/// Most samples of equity in a run.
const SAMPLES_MAX: i64 = 20_000_000;

/// A market loaded for a run.
#[derive(Debug, Clone)]
pub struct EventMarket {
    /// Instrument ids, sorted.
    symbols: Vec<String>,
    /// The kinds of feeds; the first of bars is the one strategies decide by.
    kinds: Vec<FeedKind>,
    /// For each symbol and kind its rows, in this order.
    rows: Vec<Rows>,
    /// Factor rows by symbol; empty: the strategy reads none.
    factors: Vec<FactorRows>,
    /// Names of their columns.
    columns: String,
    /// Which symbols may be opened; `None`: all.
    universe: Option<Admission>,
    /// Payments by symbol; empty: none.
    funding: Vec<Vec<FundingDue>>,
    /// When trading in each symbol ends.
    delisted_at: Vec<Option<i64>>,
    /// Splits and dividends of each symbol, to be booked.
    actions: Vec<Vec<CorporateAction>>,
    /// The exchange's calendar; `None`: not known.
    sessions: Option<Sessions>,
    /// Lots, ticks, least values.
    steps: Steps,
    /// Closes of the benchmark: when each could be known, and the price.
    benchmark: Option<Vec<(i64, f64)>>,
    /// The tables.
    inputs: Vec<PanelInput>,
    /// What was missing or dropped.
    quality: DataQuality,
    /// First and last label there is, microseconds UTC.
    span: (i64, i64),
    /// First label and end of the run.
    range: Range,
}

/// Rows of one feed.
#[derive(Debug, Clone)]
enum Rows {
    /// Bars, whole.
    Bars(Box<Bars>),
    /// Trades, to be streamed.
    Trades {
        /// Their kind.
        kind: TradeKind,
        /// The first trade's time and the last one's, microseconds UTC.
        span: (i64, i64),
    },
}

/// Loads what a configuration asks for.
///
/// # Errors
/// [`BacktestError`] for settings that cannot be used, symbols or tables that do not exist, damaged tables, and data that
/// do not reach as far as the run.
pub fn load(hub: &Hub, config: &BacktestConfig) -> Result<EventMarket, BacktestError> {
    let prepared = config.prepare()?;
    let kinds = kinds(config)?;
    let universe = choice::rule(&prepared)?;
    let tables = FactorTables::find(hub, config, (&prepared.strategy, universe.as_ref()))?;
    let symbols = symbols(hub, config, (&kinds, tables.as_ref()))?;
    let mut market = EventMarket {
        kinds,
        rows: Vec::new(),
        factors: Vec::new(),
        columns: tables.as_ref().map(|tables| tables.of_strategy.join(", ")).unwrap_or_default(),
        universe: None,
        funding: Vec::new(),
        delisted_at: Vec::new(),
        actions: Vec::new(),
        sessions: None,
        steps: Steps::default(),
        benchmark: None,
        inputs: Vec::new(),
        quality: DataQuality::default(),
        span: (i64::MAX, i64::MIN),
        range: prepared.range,
        symbols,
    };
    market.read_feeds(hub, config, prepared.warm_up_bars)?;
    market.read_actions(hub, config)?;
    if let Some((sessions, input)) = crate::calendar::sessions(hub, &config.venue)? {
        market.sessions = Some(sessions);
        market.inputs.push(input);
    }
    market.check_cover()?;
    if let Some(tables) = &tables {
        market.read_factors(config, tables)?;
    }
    let instruments = hub.instruments(&config.venue)?;
    market.steps = Steps::from_instruments(&market.symbols, &instruments);
    market.read_spreads(config)?;
    let rules = symbol_rules(instruments);
    let life = |symbol: &String| {
        let rule = rules.get(symbol);
        let (listed_at, delisted_at) = (rule.and_then(|rule| rule.listed_at), rule.and_then(|rule| rule.delisted_at));
        Life { listed_at, delisted_at }
    };
    let lives: Vec<Life> = market.symbols.iter().map(life).collect();
    market.delisted_at = lives.iter().map(|life| life.delisted_at).collect();
    if let Some(rule) = universe {
        market.choose(hub, config, (rule, prepared.pool.as_ref()), (tables.as_ref(), &lives))?;
    }
    market.inputs.extend(instruments_input(hub, &config.venue)?);
    market.read_funding(hub, config, &prepared)?;
    if let Some(symbol) = &config.benchmark {
        market.read_benchmark(hub, config, symbol)?;
    }
    Ok(market)
}

/// The feeds of each symbol: those asked for, else bars of the configured timeframe.
///
/// # Errors
/// [`BacktestError::Setting`] for bars of prices nobody trades at, and when there are no bars to decide by.
fn kinds(config: &BacktestConfig) -> Result<Vec<FeedKind>, BacktestError> {
    let bars = FeedKind::Bars(BarSpec::Time(config.timeframe));
    let kinds = if config.feeds.is_empty() { vec![bars] } else { config.feeds.clone() };
    for kind in &kinds {
        if let FeedKind::Bars(BarSpec::Mark(_) | BarSpec::Premium(_)) = kind {
            let expected = "bars of traded prices; mark prices and premiums are not traded at";
            return Err(BacktestError::setting("feeds", kind.to_string(), expected));
        }
    }
    if decides_by(&kinds).is_none() {
        let expected =
            "bars to decide by beside the ticks, such as ticks,1h: the strategy sees bars, its orders meet ticks";
        return Err(BacktestError::setting("feeds", "ticks", expected));
    }
    Ok(kinds)
}

/// Position of the feed strategies decide by: the first of bars.
fn decides_by(kinds: &[FeedKind]) -> Option<usize> {
    kinds.iter().position(|kind| matches!(kind, FeedKind::Bars(_)))
}

/// The symbols of a run: of those with bars to decide by, those that have factors too where the strategy reads any.
fn symbols(
    hub: &Hub,
    config: &BacktestConfig,
    (kinds, tables): (&[FeedKind], Option<&FactorTables>),
) -> Result<Vec<String>, BacktestError> {
    let Some(FeedKind::Bars(bar)) = decides_by(kinds).map(|at| kinds[at]) else { return Ok(Vec::new()) };
    let known = hub.bar_kinds(&config.venue)?;
    if !known.contains(&bar.to_string()) {
        let hint = match nearest(&bar.to_string(), known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}; `crosscut aggregate --bar {bar}` builds them from ticks", known.join(", ")),
        };
        return Err(BacktestError::NoFeed { what: format!("{bar} bars of {}", config.venue), hint });
    }
    let place = format!("the {bar} bars of {}", config.venue);
    let mut all = hub.bar_symbols(&config.venue, &bar)?;
    let Some(tables) = tables.filter(|tables| !tables.of_strategy.is_empty()) else {
        return pick(config, &all, &place);
    };
    all.retain(|symbol| tables.set.symbols().binary_search(symbol).is_ok());
    pick(config, &all, &format!("{place} that factor set `{}` has", tables.set.metadata().factor_set))
}

impl EventMarket {
    /// Instrument ids, sorted.
    pub fn symbols(&self) -> &[String] {
        &self.symbols
    }

    /// The tables it was made from.
    pub fn inputs(&self) -> &[PanelInput] {
        &self.inputs
    }

    /// Remarks a reader of the results should know.
    pub fn quality(&self) -> &DataQuality {
        &self.quality
    }

    /// First and last label there is within the run, microseconds UTC.
    pub fn span(&self) -> (i64, i64) {
        self.span
    }

    /// Bars of all feeds: a run has no more rows than that.
    pub fn n_rows_max(&self) -> usize {
        let bars = |rows: &Rows| if let Rows::Bars(bars) = rows { bars.len() } else { 0 };
        self.rows.iter().map(bars).sum()
    }

    /// The feeds in words: `1h bars and ticks`.
    pub fn feeds_in_words(&self) -> String {
        let word = |kind: &FeedKind| match kind {
            FeedKind::Bars(bar) => format!("{bar} bars"),
            FeedKind::Ticks => "ticks".to_owned(),
        };
        self.kinds.iter().map(word).collect::<Vec<_>>().join(" and ")
    }

    /// Reads every feed of every symbol, and as many bars before the run of the feed that decides as the strategy asks for.
    fn read_feeds(&mut self, hub: &Hub, config: &BacktestConfig, warm_up_bars: usize) -> Result<(), BacktestError> {
        let decides = decides_by(&self.kinds);
        for symbol in self.symbols.clone() {
            for (at, kind) in self.kinds.clone().into_iter().enumerate() {
                let n_before = if decides == Some(at) { warm_up_bars } else { 0 };
                let rows = match kind {
                    FeedKind::Bars(bar) => self.read_bars(hub, (&config.venue, &symbol), (&bar, n_before))?,
                    FeedKind::Ticks => self.find_ticks(hub, &config.venue, &symbol)?,
                };
                // Of several feeds another one may have what this one lacks.
                if let (Rows::Bars(bars), [_]) = (&rows, self.kinds.as_slice()) {
                    demand_terms(config, &symbol, (&bars.vwap, &bars.volume))?;
                }
                self.rows.push(rows);
            }
        }
        Ok(())
    }

    /// Reads the bars of a symbol within the run, and at most `n_before` before it.
    fn read_bars(
        &mut self,
        hub: &Hub,
        (venue, symbol): (&str, &str),
        (bar, n_before): (&BarSpec, usize),
    ) -> Result<Rows, BacktestError> {
        let columns = ["open", "high", "low", "close", "volume", "vwap"];
        let range = match self.range.start {
            Some(start) if n_before > 0 => {
                let before = Range { start: None, end: Some(start) };
                let mut table = hub.read_bars(venue, bar, symbol, &[], before)?;
                let labels = table.take_i64("timestamp").unwrap_or_default();
                let first = labels.get(labels.len().saturating_sub(n_before)).copied();
                if labels.len() < n_before {
                    self.quality.add("symbols_with_short_warm_up", 1);
                }
                Range { start: first.or(Some(start)), end: self.range.end }
            }
            _ => self.range,
        };
        let mut table = hub.read_bars(venue, bar, symbol, &columns, range)?;
        let mut times = |name| table.take_i64(name).unwrap_or_default();
        let (timestamp, available_at) = (times("timestamp"), times("available_at"));
        let mut floats = |name| table.take_f64(name).unwrap_or_default();
        let bars = Bars {
            timestamp,
            available_at,
            open: floats("open"),
            high: floats("high"),
            low: floats("low"),
            close: floats("close"),
            volume: floats("volume"),
            vwap: floats("vwap"),
            ..Bars::default()
        };
        if let (Some(&first), Some(&last)) = (self.of_run(&bars).first(), self.of_run(&bars).last()) {
            self.span = (self.span.0.min(first), self.span.1.max(last));
        } else {
            self.quality.add("feeds_without_rows", 1);
            self.quality.notes.push(format!("{symbol} has no {bar} bars within the run"));
        }
        self.inputs.push(input(hub.bar_info(venue, bar, symbol)?));
        Ok(Rows::Bars(Box::new(bars)))
    }

    /// The labels of bars within the run.
    fn of_run<'a>(&self, bars: &'a Bars) -> &'a [i64] {
        let from = self.range.start.map_or(0, |start| bars.timestamp.partition_point(|&label| label < start));
        &bars.timestamp[from..]
    }

    /// Reads the factor columns beside the bars that decide.
    fn read_factors(&mut self, config: &BacktestConfig, tables: &FactorTables) -> Result<(), BacktestError> {
        let decides = decides_by(&self.kinds).unwrap_or_default();
        for (at, symbol) in self.symbols.iter().enumerate() {
            if tables.set.symbols().binary_search(symbol).is_ok() {
                self.inputs.push(tables.input(config, symbol));
            }
            let Rows::Bars(bars) = &self.rows[at * self.kinds.len() + decides] else { continue };
            if tables.of_strategy.is_empty() {
                continue;
            }
            let begin = bars.timestamp.first().copied().or(self.range.start);
            let rows = tables.rows(symbol, &tables.of_strategy, Range { start: begin, end: self.range.end })?;
            let has_row = |label: &&i64| rows.timestamp.binary_search(label).is_ok();
            let n_missing = bars.timestamp.len() - bars.timestamp.iter().filter(has_row).count();
            self.quality.add("bars_without_factor", n_missing as u64);
            self.factors.push(rows);
        }
        Ok(())
    }

    /// Chooses the universe of each period.
    fn choose(
        &mut self,
        hub: &Hub,
        config: &BacktestConfig,
        (rule, pool): (Universe, Option<&PoolRule>),
        (factors, lives): (Option<&FactorTables>, &[Life]),
    ) -> Result<(), BacktestError> {
        let Some(FeedKind::Bars(bar)) = decides_by(&self.kinds).map(|at| self.kinds[at]) else { return Ok(()) };
        let candidates = Candidates { hub, config, bar, symbols: &self.symbols, factors, lives };
        let admission = if let Some(pool) = pool {
            candidates.choose_pool(pool, rule)?
        } else {
            let (admission, inputs) = candidates.choose(rule)?;
            self.inputs.extend(inputs);
            admission
        };
        let (n_empty, n_periods) = choice::empty_periods(&admission.chosen, self.span, self.symbols.len());
        if n_empty > 0 {
            self.quality.add("empty_pools", n_empty);
            self.quality.notes.push(format!("the universe is empty in {n_empty} of {n_periods} periods"));
        }
        self.universe = Some(admission);
        Ok(())
    }

    /// The factor columns the strategy reads; empty for none.
    pub fn columns(&self) -> &str {
        &self.columns
    }

    /// Which symbols may be opened; `None`: all.
    pub fn universe(&self) -> Option<&Admission> {
        self.universe.as_ref()
    }

    /// Finds the trades of a symbol within the run. Where it has both kinds, single trades are taken.
    fn find_ticks(&mut self, hub: &Hub, venue: &str, symbol: &str) -> Result<Rows, BacktestError> {
        let kinds = hub.tick_kinds(venue, symbol)?;
        let Some(&kind) = kinds.first() else {
            let hint = "import trades, or leave `ticks` out of --feeds".to_owned();
            return Err(BacktestError::NoFeed { what: format!("ticks of {symbol} of {venue}"), hint });
        };
        let info = hub.tick_info(venue, symbol, kind)?;
        for month in &info.months {
            let provenance = &month.provenance;
            self.inputs.push(PanelInput {
                name: provenance.table.clone(),
                content_hash: month.content_hash.clone(),
                sources: provenance.inputs.clone(),
            });
        }
        Ok(Rows::Trades { kind, span: (info.first, info.last) })
    }

    /// Reads the spreads of all symbols, if a file of them is named.
    fn read_spreads(&mut self, config: &BacktestConfig) -> Result<(), BacktestError> {
        let Some(spreads) = Spreads::read(&config.spreads)? else { return Ok(()) };
        let first = |rows: &Rows| match rows {
            Rows::Bars(bars) => self.of_run(bars).first().copied(),
            Rows::Trades { span, .. } => Some(self.range.start.map_or(span.0, |start| start.max(span.0))),
        };
        let rows = self.rows.chunks(self.kinds.len());
        let firsts = rows.map(|rows| rows.iter().filter_map(first).min());
        let all = self.symbols.iter().zip(firsts).map(|(symbol, first)| spreads.of(symbol, first));
        let all = all.collect::<Result<Vec<_>, _>>()?;
        self.steps = std::mem::take(&mut self.steps).with_spreads(all);
        self.inputs.push(spreads.input);
        Ok(())
    }

    /// Reads splits and dividends, and where the run is on adjusted prices adjusts them.
    fn read_actions(&mut self, hub: &Hub, config: &BacktestConfig) -> Result<(), BacktestError> {
        for (at, symbol) in self.symbols.iter().enumerate() {
            let (actions, table) = read_actions(hub, &config.venue, symbol)?;
            self.inputs.extend(table);
            if config.corporate_actions == CorporateActions::Book {
                self.actions.push(actions);
                continue;
            }
            let rows = &mut self.rows[at * self.kinds.len()..(at + 1) * self.kinds.len()];
            if !actions.is_empty() && rows.iter().any(|rows| matches!(rows, Rows::Trades { .. })) {
                let expected = "book where ticks are read: single trades are at raw prices";
                return Err(BacktestError::setting(
                    "corporate_actions",
                    config.corporate_actions.to_string(),
                    expected,
                ));
            }
            adjust(rows, &actions);
        }
        note_actions(config.corporate_actions, &self.inputs, &mut self.quality);
        Ok(())
    }

    /// Refuses runs that reach beyond the data.
    fn check_cover(&self) -> Result<(), BacktestError> {
        let bars = self.rows.iter().filter_map(|rows| match rows {
            Rows::Bars(bars) if !self.of_run(bars).is_empty() => Some(bars),
            _ => None,
        });
        let Some(until) = bars.clone().filter_map(|bars| bars.available_at.last().copied()).max() else {
            return Err(BacktestError::NoSymbols {
                reason: format!("there is no bar within the run{}", self.range_in_words()),
            });
        };
        let first = self.span.0;
        let has_weekends =
            bars.flat_map(|bars| self.of_run(bars)).any(|&label| crosscut_model::time::weekday(label) >= 5);
        let longest = self.kinds.iter().filter_map(|kind| match kind {
            FeedKind::Bars(BarSpec::Time(timeframe)) => timeframe.micros(),
            _ => None,
        });
        check_span((first, until), longest.max().unwrap_or(0), has_weekends, self.range)?;
        for (at, rows) in self.rows.iter().enumerate() {
            if let Rows::Trades { span, .. } = rows
                && (span.0 > until || span.1 < first)
            {
                let symbol = &self.symbols[at / self.kinds.len()];
                let problem = format!(
                    "its ticks, {} to {}, and its bars, {} to {}, have no time in common",
                    format_iso(span.0),
                    format_iso(span.1),
                    format_iso(first),
                    format_iso(until)
                );
                return Err(BacktestError::series(symbol, problem));
            }
        }
        Ok(())
    }

    /// The range in words, for errors.
    fn range_in_words(&self) -> String {
        match (self.range.start, self.range.end) {
            (None, None) => String::new(),
            (start, end) => {
                let text = |bound: Option<i64>, open: &str| bound.map_or_else(|| open.to_owned(), format_iso);
                format!(", {} to {}", text(start, "the beginning"), text(end, "the end"))
            }
        }
    }

    /// Plans the payments of all symbols.
    fn read_funding(&mut self, hub: &Hub, config: &BacktestConfig, prepared: &Prepared) -> Result<(), BacktestError> {
        let Some(planned) = prepared.funding else { return Ok(()) };
        for (at, symbol) in self.symbols.iter().enumerate() {
            let rows = &self.rows[at * self.kinds.len()..(at + 1) * self.kinds.len()];
            let bars = rows.iter().filter_map(|rows| match rows {
                Rows::Bars(bars) => Some((*self.of_run(bars).first()?, *bars.available_at.last()?)),
                Rows::Trades { .. } => None,
            });
            let Some((first, until)) = bars.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))) else {
                self.funding.push(Vec::new());
                continue;
            };
            let funded = FundedSymbol { venue: &config.venue, symbol, first, until, delisted_at: self.delisted_at[at] };
            let (plan, inputs) = payments(hub, funded, planned)?;
            self.quality.add("funding_rows_missing", plan.n_missing_rows);
            self.quality.add("funding_marks_missing", plan.n_missing_marks);
            self.quality.add("funding_rows_after_delisting", plan.n_after_delisting);
            self.funding.push(plan.due);
            self.inputs.extend(inputs);
        }
        Ok(())
    }

    /// Reads the benchmark's closes from the bars the strategies decide by.
    fn read_benchmark(&mut self, hub: &Hub, config: &BacktestConfig, symbol: &str) -> Result<(), BacktestError> {
        let Some(FeedKind::Bars(bar)) = decides_by(&self.kinds).map(|at| self.kinds[at]) else { return Ok(()) };
        let known = hub.bar_symbols(&config.venue, &bar)?;
        if known.binary_search_by(|other| other.as_str().cmp(symbol)).is_err() {
            let place = format!("the {bar} bars of {}", config.venue);
            return Err(BacktestError::unknown("benchmark", symbol, place, &known));
        }
        let mut table = hub.read_bars(&config.venue, &bar, symbol, &["close"], self.range)?;
        let (labels, times) = (table.take_i64("timestamp"), table.take_i64("available_at"));
        let (actions, actions_table) = read_actions(hub, &config.venue, symbol)?;
        let growth = growth(&labels.unwrap_or_default(), &actions);
        let closes = grown(table.take_f64("close").unwrap_or_default(), &growth);
        self.benchmark = Some(times.unwrap_or_default().into_iter().zip(closes).collect());
        self.inputs.extend(actions_table.filter(|table| !self.inputs.contains(table)));
        let info = input(hub.bar_info(&config.venue, &bar, symbol)?);
        if !self.inputs.contains(&info) {
            self.inputs.push(info);
        }
        Ok(())
    }

    /// How curves are sampled, and the timeframe of what comes out: at each executing bar where all feeds are time bars, else
    /// at stretches of time.
    ///
    /// # Errors
    /// [`BacktestError::Setting`] for stretches so short that the curves would not fit in memory.
    fn sampling(&self, config: &BacktestConfig) -> Result<(Sampling, Timeframe), BacktestError> {
        let length = |kind: &FeedKind| match kind {
            FeedKind::Bars(BarSpec::Time(timeframe)) => Some(*timeframe),
            _ => None,
        };
        let lengths: Option<Vec<Timeframe>> = self.kinds.iter().map(length).collect();
        let by_length = |a: &Timeframe, b: &Timeframe| a.nominal_micros().total_cmp(&b.nominal_micros());
        if let Some(finest) = lengths.and_then(|lengths| lengths.into_iter().min_by(by_length)) {
            return Ok((Sampling::Bars, finest));
        }
        let deciding = decides_by(&self.kinds).and_then(|at| length(&self.kinds[at])).and_then(Timeframe::micros);
        let stretch = config.sampling.map_or(deciding.unwrap_or(HOUR), |sampling| sampling.0);
        let n_samples = (self.span.1 - self.span.0) / stretch.max(1);
        match Timeframe::from_micros(stretch) {
            Some(timeframe) if n_samples <= SAMPLES_MAX => Ok((Sampling::Every(stretch), timeframe)),
            _ => {
                let expected = format!("whole seconds, and long enough for at most {SAMPLES_MAX} samples in the run");
                let value = config.sampling.unwrap_or_default().to_string();
                Err(BacktestError::setting("sampling", value, expected))
            }
        }
    }

    /// Open and close of the exchange's sessions in the run and the month after it, for orders that outlive it.
    fn session_times(&self) -> Vec<(i64, i64)> {
        let (first, last) = self.span;
        self.sessions.as_ref().map_or_else(Vec::new, |sessions| sessions.times(first - DAY, last + 31 * DAY))
    }

    /// Runs the configured strategy. Trades are read again from the hub.
    ///
    /// # Errors
    /// [`BacktestError`] for settings that cannot be used, rows that cannot be, and what the hub says of damaged tables.
    pub fn replay(&self, hub: &Hub, config: &BacktestConfig) -> Result<RunOutcome, BacktestError> {
        let (sampling, timeframe) = self.sampling(config)?;
        let prepared = config.prepare()?;
        let (limits, on_short) = (prepared.limits, config.on_short);
        let (resolved, floor) = prepared.floor(&self.symbols, self.steps.clone())?;
        let floor = FloorConfig { sessions: self.session_times(), ..floor };
        let decides = decides_by(&self.kinds).unwrap_or_default();
        let feeds: Vec<u32> = (0..self.symbols.len()).map(|at| (at * self.kinds.len() + decides) as u32).collect();
        let bars_old_max = if let Align::ForwardFill(n_bars) = config.align { n_bars } else { 0 };
        let market = self.market(hub, config, feeds.clone())?;
        let options = EventOptions { evaluate: Some(config.rebalance), sampling, start: self.range.start };
        let outcome = if let Made::PerSymbol(signals) = &resolved.made {
            replay_events(market, floor, options, &mut signals.strategy(&feeds, bars_old_max))?
        } else {
            resolved.check_universe(self.symbols.len())?;
            let scorer = FactorColumns::new(resolved.columns().len(), feeds.clone(), bars_old_max);
            let rules = PortfolioRules { symbols: self.symbols.clone(), limits, on_short, feeds };
            replay_events(market, floor, options, &mut Portfolio::new(resolved, scorer, rules)?)?
        };
        let mut run = outcome.into_run(timeframe);
        run.annualisation = periods_per_year_on(&run.timeline, timeframe, self.sessions.as_ref());
        run.data_quality.notes.extend(self.quality.notes.iter().cloned());
        for (name, count) in &self.quality.counts {
            run.data_quality.add(name, *count);
        }
        run.benchmark = self.benchmark.as_ref().map(|closes| capital_in(closes, &run.available_at, config.capital));
        Ok(run)
    }

    /// The market as a replay takes it. Trades are opened anew.
    fn market<'a>(
        &'a self,
        hub: &Hub,
        config: &BacktestConfig,
        deciding: Vec<u32>,
    ) -> Result<Market<'a>, BacktestError> {
        let mut market = Market {
            symbols: self.symbols.clone(),
            feeds: Vec::with_capacity(self.rows.len()),
            funding: self.funding.clone(),
            delisted_at: self.delisted_at.clone(),
            actions: self.actions.clone(),
            universe: self.universe.clone(),
            deciding,
        };
        for (at, rows) in self.rows.iter().enumerate() {
            let symbol = &self.symbols[at / self.kinds.len()];
            market.feeds.push(match rows {
                Rows::Bars(bars) => Feed::Bars { symbol, bars },
                Rows::Trades { kind, .. } => {
                    let stream = hub.ticks_columns(&config.venue, symbol, *kind, TickColumns::FOR_BARS)?;
                    Feed::Trades { symbol, source: Box::new(Within { stream, range: self.range }) }
                }
            });
        }
        let factors = self.symbols.iter().zip(&self.factors);
        market.feeds.extend(factors.map(|(symbol, rows)| Feed::Factors { symbol, rows }));
        Ok(market)
    }
}

/// Multiplies the prices of a symbol's bars with what was given away since its first one, in whichever feed that is.
fn adjust(rows: &mut [Rows], actions: &[CorporateAction]) {
    let first = rows.iter().filter_map(|rows| match rows {
        Rows::Bars(bars) => bars.timestamp.first().copied(),
        Rows::Trades { .. } => None,
    });
    let Some(first) = first.min().filter(|_| !actions.is_empty()) else { return };
    for rows in rows {
        let Rows::Bars(bars) = rows else { continue };
        let times: Vec<i64> = std::iter::once(first).chain(bars.timestamp.iter().copied()).collect();
        let growth = &growth(&times, actions)[1..];
        for column in [&mut bars.open, &mut bars.high, &mut bars.low, &mut bars.close, &mut bars.vwap] {
            *column = grown(std::mem::take(column), growth);
        }
        bars.volume = shrunk(std::mem::take(&mut bars.volume), growth);
    }
}

/// What the capital would have become in the benchmark, bought at its first close: at each time its last close, NaN before
/// the first.
fn capital_in(closes: &[(i64, f64)], times: &[i64], capital: f64) -> Vec<f64> {
    let mut after = 0;
    let mut first = f64::NAN;
    times
        .iter()
        .map(|&time| {
            after += closes[after..].partition_point(|(at, _)| *at <= time);
            let Some(&(_, close)) = after.checked_sub(1).map(|at| &closes[at]) else { return f64::NAN };
            if first.is_nan() {
                first = close;
            }
            capital * close / first
        })
        .collect()
}

/// Trades of a stream within a range.
struct Within {
    /// All trades.
    stream: TickStream,
    /// The range.
    range: Range,
}

impl TradeSource for Within {
    fn next_batch(&mut self, out: &mut Trades) -> Result<bool, BacktestError> {
        while self.stream.next_batch(out)? {
            let positions = self.range.positions(&out.timestamp);
            if positions.len() == out.len() {
                return Ok(true);
            }
            let is_past = positions.end < out.len();
            out.timestamp.truncate(positions.end);
            out.timestamp.drain(..positions.start);
            for column in [&mut out.price, &mut out.quantity] {
                column.truncate(positions.end);
                column.drain(..positions.start);
            }
            out.is_buyer_maker.truncate(positions.end);
            out.is_buyer_maker.drain(..positions.start.min(out.is_buyer_maker.len()));
            if !positions.is_empty() {
                return Ok(true);
            }
            if is_past {
                break;
            }
        }
        out.clear();
        Ok(false)
    }
}
