//! A panel from a hub: bars and one column of a factor set, symbol by symbol on all threads.

use std::collections::BTreeMap;

use crosscut_hub::{FactorInput, FactorMetadata, FactorSet, Hub, InputFile, hash_file};
use crosscut_model::action::growth;
use crosscut_model::{
    BarSpec, CorporateAction, Instrument, Members, Range, Table, Timeframe, format_iso, matches, parse_iso,
};
use crosscut_trading::rules::CorporateActions;
use crosscut_trading::steps::Step;
use crosscut_trading::universe::Universe;
use rayon::prelude::*;

use super::actions::{grown, note_actions, read_actions, shrunk};
use super::align::{JoinCounts, keep, take};
use super::build::Unplaced;
use super::columns::{ComputedFactor, FactorColumns};
use super::lists;
use super::spreads::Spreads;
use super::terms::demand_terms;
use super::{Benchmark, Extras, Panel, PanelBuilder, PanelInput, SeriesInput, SymbolRules};
use crate::config::{BacktestConfig, FundingPlanned};
use crate::error::BacktestError;
use crate::funding::{FundedSymbol, payments};
use crate::outcome::DataQuality;

/// One symbol as it was read.
struct Loaded {
    /// The series; `None` when the symbol is left out.
    series: Option<Unplaced>,
    /// What joining bars and factors removed or filled.
    counts: JoinCounts,
    /// Whether the bars give no dollar volume, so that the pool ranks by close times volume.
    is_volume_estimated: bool,
    /// The tables.
    inputs: Vec<PanelInput>,
    /// Until when the bars are complete as their source states, microseconds.
    covered_until: Option<i64>,
    /// Funding rows and mark prices that were missing, and rows after a delisting.
    funding: [u64; 3],
}

impl Loaded {
    /// Counts what joining and planning removed, filled or missed.
    fn note(&self, symbol: &str, quality: &mut DataQuality) {
        quality.add("bars_without_factor", self.counts.bars_without_factor);
        quality.add("factors_without_bar", self.counts.factors_without_bar);
        quality.add("factors_forward_filled", self.counts.forward_filled);
        for (count, n) in FUNDING_COUNTS.iter().zip(self.funding) {
            quality.add(count, n);
        }
        if self.series.is_none() {
            quality.add("symbols_left_out", 1);
            quality.notes.push(format!("{symbol} is left out: bars and factor set have different timestamps"));
        }
    }
}

/// Names of the counts of funding.
const FUNDING_COUNTS: [&str; 3] = ["funding_rows_missing", "funding_marks_missing", "funding_rows_after_delisting"];

/// Where a symbol's tables are.
struct Source<'a> {
    /// The hub.
    hub: &'a Hub,
    /// The configuration.
    config: &'a BacktestConfig,
    /// The factor columns, the ranking one first.
    columns: &'a FactorColumns<'a>,
    /// What the run needs.
    builder: &'a PanelBuilder,
    /// The labels to read.
    range: Range,
    /// What the instruments table says.
    rules: &'a BTreeMap<String, SymbolRules>,
    /// Spreads by symbol; `None`: the configured one for all.
    spreads: Option<&'a Spreads>,
    /// Funding of perpetuals; `None`: nothing is paid.
    funding: Option<FundingPlanned>,
}

/// What loading is told beside the configuration.
#[derive(Debug, Clone, Copy, Default)]
pub struct LoadOptions<'a> {
    /// The ranking factor, for a configuration with `factor_formula`.
    pub computed: Option<&'a ComputedFactor<'a>>,
    /// The earliest label to read, where it is not the one the configuration needs; `Some(None)`: all there are.
    pub earliest: Option<Option<i64>>,
}

/// Reads what a run needs.
///
/// # Errors
/// [`BacktestError`] when the configuration cannot be used; a symbol, column or table does not exist; factor set and bars
/// disagree; or the data do not cover the range.
pub fn load(hub: &Hub, config: &BacktestConfig) -> Result<Panel, BacktestError> {
    load_with(hub, config, LoadOptions::default())
}

/// [`load`], with a factor computed in memory, or for several runs that begin at different times.
///
/// # Errors
/// As [`load`]; [`BacktestError::PanelLacks`] for a formula that was not computed.
pub fn load_with(hub: &Hub, config: &BacktestConfig, options: LoadOptions<'_>) -> Result<Panel, BacktestError> {
    let prepared = config.prepare()?;
    let builder = PanelBuilder::new(config)?;
    let columns = FactorColumns::of(hub, config, &builder, options.computed)?;
    let (targets, list) = prepared.strategy.targets().map(lists::read_targets).transpose()?.unzip();
    let files = prepared.universe.iter().flat_map(Universe::files);
    let (members, member_lists): (Vec<Members>, Vec<PanelInput>) =
        files.map(lists::read_members).collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
    let symbols = choose_symbols(hub, config, columns.set())?;
    let rules = symbol_rules(hub.instruments(&config.venue)?);
    let start = options.earliest.unwrap_or_else(|| builder.earliest_needed(config));
    let range = Range { start, end: config.end };
    let spreads = Spreads::read(&config.spreads)?;
    let source = Source {
        hub,
        config,
        columns: &columns,
        builder: &builder,
        range,
        rules: &rules,
        spreads: spreads.as_ref(),
        funding: prepared.funding,
    };
    let loaded: Vec<Loaded> = symbols.par_iter().map(|symbol| source.read(symbol)).collect::<Result<_, _>>()?;
    let mut quality = DataQuality::default();
    let (mut series, mut inputs, mut covered_until) = (Vec::new(), Vec::new(), None);
    note_estimated_volumes(&loaded, &mut quality);
    for (symbol, one) in symbols.iter().zip(loaded) {
        one.note(symbol, &mut quality);
        series.extend(one.series);
        inputs.extend(one.inputs);
        covered_until = covered_until.max(one.covered_until);
    }
    if let Some(set) = columns.set() {
        note_changed_bars(set, &inputs, &mut quality);
    }
    note_actions(config.corporate_actions, &inputs, &mut quality);
    inputs.extend(list.into_iter().chain(member_lists).chain(spreads.as_ref().map(|spreads| spreads.input.clone())));
    inputs.extend(instruments_input(hub, &config.venue)?);
    let (sessions, calendar) = crate::calendar::sessions(hub, &config.venue)?.unzip();
    inputs.extend(calendar);
    let benchmark = config.benchmark.as_ref().map(|symbol| source.benchmark(symbol, &mut inputs)).transpose()?;
    if series.iter().all(Unplaced::is_empty) && !series.is_empty() {
        return Err(nothing_in_range(&source, &symbols, prepared.range));
    }
    let factor = columns.name();
    let panel = builder.build(
        series,
        Extras {
            factor,
            benchmark,
            inputs,
            quality,
            targets: targets.unwrap_or_default(),
            members,
            covered_until,
            sessions,
        },
    )?;
    super::build::check_cover(&panel, prepared.range)?;
    Ok(panel)
}

/// The symbols of a run that reads no factor set, sorted.
///
/// # Errors
/// [`BacktestError`] for a symbol or pattern that is none of those with bars, and when nothing is left.
pub fn symbols_with_bars(hub: &Hub, config: &BacktestConfig) -> Result<Vec<String>, BacktestError> {
    choose_symbols(hub, config, None)
}

/// The symbols of the run: those asked for (all of the factor set if none are, all with bars if there is no set), within
/// `include`, without `exclude`.
pub(super) fn choose_symbols(
    hub: &Hub,
    config: &BacktestConfig,
    set: Option<&FactorSet>,
) -> Result<Vec<String>, BacktestError> {
    let with_bars = hub.bar_symbols(&config.venue, &BarSpec::Time(config.timeframe))?;
    let bars = format!("the {} bars of {}", config.timeframe, config.venue);
    let all = set.map_or(&with_bars[..], FactorSet::symbols);
    let place = set.map_or_else(|| bars.clone(), |set| format!("factor set `{}`", set.metadata().factor_set));
    let symbols = pick(config, all, &place)?;
    if let Some(symbol) = symbols.iter().find(|symbol| with_bars.binary_search(symbol).is_err()) {
        return Err(BacktestError::Disagree {
            symbol: symbol.clone(),
            problem: format!(
                "{place} has it, {bars} have not\nhint: import its bars, run the factor set again, or leave it out with --exclude"
            ),
        });
    }
    Ok(symbols)
}

/// Of the symbols there are those the configuration asks for (all if none), within `include`, without `exclude`, sorted.
///
/// # Errors
/// [`BacktestError`] for a symbol or pattern that is none of them, and when nothing is left.
pub(crate) fn pick(config: &BacktestConfig, all: &[String], place: &str) -> Result<Vec<String>, BacktestError> {
    let asked = if config.symbols.is_empty() { all } else { &config.symbols };
    if let Some(symbol) = asked.iter().find(|symbol| !all.contains(symbol)) {
        return Err(BacktestError::unknown("symbol", symbol, place.to_owned(), all));
    }
    for pattern in config.include.iter().chain(&config.exclude) {
        if !asked.iter().any(|symbol| matches(pattern, symbol)) {
            return Err(BacktestError::unknown("symbol or pattern", pattern, place.to_owned(), asked));
        }
    }
    let is_any = |patterns: &[String], symbol: &str| patterns.iter().any(|pattern| matches(pattern, symbol));
    let is_wanted = |symbol: &&String| {
        (config.include.is_empty() || is_any(&config.include, symbol)) && !is_any(&config.exclude, symbol)
    };
    let mut symbols: Vec<String> = asked.iter().filter(is_wanted).cloned().collect();
    symbols.sort_unstable();
    symbols.dedup();
    if symbols.is_empty() {
        return Err(BacktestError::NoSymbols { reason: format!("{} are asked for, all excluded", asked.len()) });
    }
    Ok(symbols)
}

/// The error for a range in which no symbol has a bar with factors: says what bars and factor set have in common.
fn nothing_in_range(source: &Source<'_>, symbols: &[String], range: Range) -> BacktestError {
    let bar = BarSpec::Time(source.config.timeframe);
    let infos = symbols.iter().filter_map(|symbol| source.hub.bar_info(&source.config.venue, &bar, symbol).ok());
    let spans: Vec<(i64, i64)> =
        infos.filter(|info| info.rows > 0).map(|info| (info.first, info.last_available_at)).collect();
    let time = |text: &Option<String>| text.as_deref().and_then(|text| parse_iso(text).ok());
    let (Some(bars_from), Some(bars_until)) =
        (spans.iter().map(|span| span.0).min(), spans.iter().map(|span| span.1).max())
    else {
        return BacktestError::NoSymbols { reason: "there is no bar at all".to_owned() };
    };
    let of_set = |metadata: &FactorMetadata| {
        let last = time(&metadata.end_time)?;
        Some((time(&metadata.start_time)?, source.config.timeframe.next(last)))
    };
    let (from, until) = match source.columns.set().map(|set| of_set(set.metadata())) {
        Some(Some(span)) => span,
        Some(None) => return BacktestError::NoSymbols { reason: "there is no bar with factors at all".to_owned() },
        None => (bars_from, bars_until),
    };
    let text = |bound: Option<i64>, open: &str| bound.map_or_else(|| open.to_owned(), format_iso);
    let hint = if bars_until > until {
        format!("factor set `{}` ends before the bars do: run it again", source.config.factor_set)
    } else {
        "choose a range within, or import more and run the factor set again".to_owned()
    };
    BacktestError::NotCovered {
        wanted: format!("{} to {}", text(range.start, "the beginning"), text(range.end, "the end")),
        first: bars_from.max(from),
        until: bars_until.min(until),
        hint,
    }
}

/// What the instruments table says, by symbol.
pub(crate) fn symbol_rules(instruments: Vec<Instrument>) -> BTreeMap<String, SymbolRules> {
    let mut rules: BTreeMap<String, SymbolRules> = BTreeMap::new();
    for instrument in instruments {
        let step = Step::of(&instrument);
        let rule = rules.entry(instrument.symbol).or_default();
        rule.listed_at = instrument.listed_at.or(rule.listed_at);
        rule.delisted_at = instrument.delisted_at.or(rule.delisted_at);
        rule.steps.push(step);
    }
    rules
}

/// What is recorded of the instruments table: delistings and lots change a run as prices do.
pub(crate) fn instruments_input(hub: &Hub, venue: &str) -> Result<Option<PanelInput>, BacktestError> {
    let name = format!("instruments/{venue}.parquet");
    let path = hub.root().join(&name);
    if !path.exists() {
        return Ok(None);
    }
    let sources = hub.instruments_provenance(venue)?.map(|provenance| provenance.inputs).unwrap_or_default();
    Ok(Some(PanelInput { name, content_hash: hash_file(&path)?, sources }))
}

/// Says for how many symbols a pool has to do with an estimate.
fn note_estimated_volumes(loaded: &[Loaded], quality: &mut DataQuality) {
    let n_symbols = loaded.iter().filter(|one| one.is_volume_estimated).count();
    if n_symbols > 0 {
        quality.add("symbols_without_dollar_volume", n_symbols as u64);
        quality.notes.push(format!(
            "{n_symbols} symbols have bars without dollar volume: the pool ranks them by close times volume"
        ));
    }
}

/// Says how many bar tables are not those the factor set was made from.
fn note_changed_bars(set: &FactorSet, inputs: &[PanelInput], quality: &mut DataQuality) {
    let made_from: BTreeMap<&str, &str> =
        set.metadata().inputs.iter().map(|input| (input.table.as_str(), input.content_hash.as_str())).collect();
    let changed = inputs
        .iter()
        .filter(|input| made_from.get(input.name.as_str()).is_some_and(|hash| *hash != input.content_hash))
        .count();
    if changed > 0 {
        quality.add("bar_tables_changed_since_factors", changed as u64);
        quality.notes.push(format!(
            "{changed} bar tables have changed since factor set `{}` was made from them; `crosscut factors run` renews it",
            set.metadata().factor_set
        ));
    }
}

impl Source<'_> {
    /// Reads one symbol.
    fn read(&self, symbol: &str) -> Result<Loaded, BacktestError> {
        let bar = BarSpec::Time(self.config.timeframe);
        let venue = &self.config.venue;
        let mut bars = self.hub.read_bars(venue, &bar, symbol, &self.builder.columns(), self.range)?;
        let timestamps = bars.take_i64("timestamp").unwrap_or_default();
        let (bar_input, covered_until) = self.bar_input(symbol)?;
        let mut inputs = vec![bar_input];
        inputs.extend(self.columns.set().map(|set| factor_input(self.config, set, symbol)));
        let Some(joined) = self.columns.join(symbol, &timestamps, self.range)? else {
            let counts = JoinCounts::default();
            let funding = [0; 3];
            return Ok(Loaded { series: None, counts, is_volume_estimated: false, inputs, covered_until, funding });
        };
        let mut factors = joined.factors.into_iter();
        let (dollar_volume, is_volume_estimated) = self.dollar_volume(symbol, &mut bars)?;
        let available_at = bars.take_i64("available_at").unwrap_or_default();
        let kept = joined.bars.as_deref();
        let actions = self.actions(symbol, &mut inputs)?;
        let has_actions = !actions.is_empty();
        let total = if has_actions { growth(&timestamps, &actions) } else { Vec::new() };
        let other_close = if has_actions { bars.f64("close").unwrap_or_default().to_vec() } else { Vec::new() };
        let (growth, raw_close, adjusted_close, actions) = match self.config.corporate_actions {
            CorporateActions::AdjustedPrices => (total, other_close, Vec::new(), Vec::new()),
            CorporateActions::Book => (Vec::new(), Vec::new(), grown(other_close, &total), actions),
        };
        let volumes = bars.f64("volume").unwrap_or_default();
        demand_terms(self.config, symbol, (bars.f64("vwap").unwrap_or_default(), volumes))?;
        let mut price = |column: &str| keep(grown(take(&mut bars, column), &growth), kept);
        let [close, open, high, low, vwap] = ["close", "open", "high", "low", "vwap"].map(&mut price);
        // A factor set that ends before the bars do covers no more than its own rows.
        let is_whole = kept.is_none_or(|kept| kept.last().map(|last| last + 1) == Some(timestamps.len()));
        let covered_until = covered_until.filter(|_| is_whole);
        let input = SeriesInput {
            symbol: symbol.to_owned(),
            available_at: keep(irregular(available_at, &timestamps, self.config.timeframe), kept),
            timestamps: keep(timestamps, kept),
            close,
            open,
            high,
            low,
            vwap,
            volume: keep(shrunk(take(&mut bars, "volume"), &growth), kept),
            dollar_volume: keep(dollar_volume, kept),
            factor: factors.next().unwrap_or_default(),
            more_factors: factors.collect(),
            raw_close: keep(raw_close, kept),
            adjusted_close: keep(adjusted_close, kept),
            tradable: if joined.tradable.iter().all(|flag| *flag) { Vec::new() } else { joined.tradable },
        };
        let mut rules = SymbolRules { actions, ..self.rules.get(symbol).cloned().unwrap_or_default() };
        if let Some(spreads) = self.spreads {
            rules.spreads = spreads.of(symbol, self.first_of_run(&input.timestamps))?;
        }
        let funding = self.funding(&input, &mut rules, &mut inputs)?;
        let series = self.builder.series(input, rules)?;
        let counts = joined.counts;
        Ok(Loaded { series: Some(series), counts, is_volume_estimated, inputs, covered_until, funding })
    }

    /// The first of a symbol's labels that lies in the run.
    fn first_of_run(&self, labels: &[i64]) -> Option<i64> {
        let from = self.config.start.map_or(0, |start| labels.partition_point(|&label| label < start));
        labels.get(from).copied()
    }

    /// Plans a symbol's funding over its bars in the run, if the run pays any; gives the counts.
    fn funding(
        &self,
        input: &SeriesInput,
        rules: &mut SymbolRules,
        inputs: &mut Vec<PanelInput>,
    ) -> Result<[u64; 3], BacktestError> {
        let from = input.timestamps.partition_point(|label| self.config.start.is_some_and(|start| *label < start));
        let (Some(planned), Some(&first), Some(&last)) =
            (self.funding, input.timestamps.get(from), input.timestamps.last())
        else {
            return Ok([0; 3]);
        };
        let until = input.available_at.last().copied().unwrap_or_else(|| self.config.timeframe.next(last));
        let (venue, symbol, delisted_at) = (self.config.venue.as_str(), input.symbol.as_str(), rules.delisted_at);
        let funded = FundedSymbol { venue, symbol, first, until, delisted_at };
        let (plan, tables) = payments(self.hub, funded, planned)?;
        inputs.extend(tables);
        rules.funding = plan.due;
        Ok([plan.n_missing_rows, plan.n_missing_marks, plan.n_after_delisting])
    }

    /// A symbol's splits and dividends by ex-date.
    fn actions(&self, symbol: &str, inputs: &mut Vec<PanelInput>) -> Result<Vec<CorporateAction>, BacktestError> {
        let (actions, input) = read_actions(self.hub, &self.config.venue, symbol)?;
        inputs.extend(input.filter(|input| !inputs.contains(input)));
        Ok(actions)
    }

    /// The dollar volume of a symbol's bars, empty when the run needs none, and whether it is an estimate: bars of
    /// sources that give no value traded take close times volume.
    fn dollar_volume(&self, symbol: &str, bars: &mut Table) -> Result<(Vec<f64>, bool), BacktestError> {
        let given = take(bars, "dollar_volume");
        if given.is_empty() || given.iter().any(|value| value.is_finite()) {
            return Ok((given, false));
        }
        let bar = BarSpec::Time(self.config.timeframe);
        let mut table = self.hub.read_bars(&self.config.venue, &bar, symbol, &["close", "volume"], self.range)?;
        let (close, volume) = (take(&mut table, "close"), take(&mut table, "volume"));
        Ok((close.iter().zip(volume).map(|(close, volume)| close * volume).collect(), true))
    }

    /// Reads the benchmark's bars.
    fn benchmark(&self, symbol: &str, inputs: &mut Vec<PanelInput>) -> Result<Benchmark, BacktestError> {
        let bar = BarSpec::Time(self.config.timeframe);
        let with_bars = self.hub.bar_symbols(&self.config.venue, &bar)?;
        if with_bars.binary_search_by(|other| other.as_str().cmp(symbol)).is_err() {
            let place = format!("the {} bars of {}", self.config.timeframe, self.config.venue);
            return Err(BacktestError::unknown("benchmark", symbol, place, &with_bars));
        }
        let mut bars = self.hub.read_bars(&self.config.venue, &bar, symbol, &["close"], self.range)?;
        let (input, _) = self.bar_input(symbol)?;
        if !inputs.contains(&input) {
            inputs.push(input);
        }
        let timestamps = bars.take_i64("timestamp").unwrap_or_default();
        let actions = self.actions(symbol, inputs)?;
        let growth = if actions.is_empty() { Vec::new() } else { growth(&timestamps, &actions) };
        Ok(Benchmark { close: grown(take(&mut bars, "close"), &growth), timestamps })
    }

    /// What is recorded of a symbol's bar table, and until when its source says it is complete.
    fn bar_input(&self, symbol: &str) -> Result<(PanelInput, Option<i64>), BacktestError> {
        let bar = BarSpec::Time(self.config.timeframe);
        let info = self.hub.bar_info(&self.config.venue, &bar, symbol)?;
        let covered_until = info.provenance.covered_until;
        Ok((crate::funding::input(info), covered_until))
    }
}

/// What is recorded of a symbol's factor table: its source is the symbol's own table of bars.
pub(crate) fn factor_input(config: &BacktestConfig, set: &FactorSet, symbol: &str) -> PanelInput {
    let file = format!("{}.parquet", crosscut_model::encode_path(symbol));
    let is_own = |input: &&FactorInput| input.table.rsplit('/').next() == Some(file.as_str());
    let source = |input: &FactorInput| InputFile {
        file: input.table.clone(),
        size: 0,
        sha256: input.content_hash.clone(),
        rows: input.rows,
        first: 0,
        last: 0,
        covers_until: None,
        n_out_of_order: 0,
        venue: None,
    };
    PanelInput {
        name: format!("factors/{}/{}/{file}", config.timeframe, config.factor_set),
        content_hash: set.content_hash(symbol).unwrap_or_default().to_owned(),
        sources: set.metadata().inputs.iter().filter(is_own).map(source).collect(),
    }
}

/// The times at which bars could be known, unless that is the end of each bar's timeframe throughout.
fn irregular(available_at: Vec<i64>, timestamps: &[i64], timeframe: Timeframe) -> Vec<i64> {
    let regular = available_at.iter().zip(timestamps).all(|(&at, &label)| at == timeframe.next(label));
    if regular { Vec::new() } else { available_at }
}
