//! Bars that arrive in cuts: after each of them an update must give the bits of a full run.
//!
//! Both are real runs on a hub of the sample's own, under two names. Every kind of arrival comes at least once, in a
//! random order; cuts beyond that are rows that follow.

use std::path::{Path, PathBuf};

use crosscut_hub::{FactorSet, Hub, IngestPublisher, Origin, TableSource};
use crosscut_model::{Bars, Range, Table, format_iso};

use super::engine::Engine;
use super::random::Random;
use super::sample::{Sample, rows_of};
use super::verdict::{AuditFailure, Check, Series, Trials};
use super::{AuditOptions, Stage};
use crate::config::Config;
use crate::error::FactorsError;

/// Names under which the sample's factors are published: continued by updates, and made anew each time.
const NAMES: (&str, &str) = ("audit__updated", "audit__full");

/// What arrives at a cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arrival {
    /// Rows that follow.
    Rows,
    /// A row that was missing among others.
    LateRow,
    /// Other values of a row that was there.
    Correction,
    /// A symbol that was not there.
    NewSymbol,
    /// Rows before the first one of a symbol.
    OlderHistory,
}

/// A row, or the rows before it, of a symbol: positions in the sample.
#[derive(Debug, Clone, Copy)]
struct Spot {
    /// The symbol.
    symbol: usize,
    /// The row.
    row: usize,
}

/// What arrives when. At cut 0 there is the beginning.
#[derive(Debug)]
struct Story<'a> {
    /// The sample, which is all there at the last cut.
    sample: &'a Sample,
    /// For each cut what arrives, and how many of the sample's times there have been.
    cuts: Vec<(Arrival, usize)>,
    /// The row that comes late.
    late: Option<Spot>,
    /// The row that is corrected.
    corrected: Option<Spot>,
    /// The row before which history comes later.
    older: Option<Spot>,
    /// The symbol that comes later.
    newcomer: Option<usize>,
}

/// The folder of the sample's hub in the scratch folder.
pub(super) fn hub_root(scratch: &Path) -> PathBuf {
    scratch.join("hub")
}

/// Lets the sample arrive in cuts; returns them in words. Leaves the hub with the whole sample.
///
/// # Errors
/// Whatever keeps the sample from being published or produced.
pub(super) fn trial(
    engine: &dyn Engine,
    config: &Config,
    sample: &Sample,
    stage: Stage<'_>,
    (random, trials): (&mut Random, &mut Trials),
) -> Result<Vec<String>, FactorsError> {
    let AuditOptions { run, cuts, .. } = stage.options;
    let root = hub_root(stage.scratch);
    let story = Story::tell(sample, *cuts, random);
    let publisher = IngestPublisher::create(&root)?;
    let named = |name: &str| Config { factor_set: name.to_owned(), ..config.clone() };
    let (updated, full) = (named(NAMES.0), named(NAMES.1));
    let mut words = Vec::new();
    for cut in 0..story.cuts.len() {
        story.publish(cut, config, &publisher)?;
        if cut == 0 {
            engine.full(&updated, &root, run)?;
            continue;
        }
        let summary = engine.update(&updated, &root, run)?;
        engine.full(&full, &root, run)?;
        let trial = format!("cut {cut}, {}", story.words(cut));
        match summary.full_because {
            // Equal bits would then prove nothing.
            Some(why) => trials.not_done(Check::Incremental, format!("the updates were full runs, because {why}")),
            None => trials.count(Check::Incremental),
        }
        compare(&Hub::open(&root)?, config, trials, &trial)?;
        words.push(trial);
        stage.progress.step(cut as u64, story.cuts.len() as u64 - 1, "cuts");
    }
    Ok(words)
}

impl<'a> Story<'a> {
    /// Draws what arrives when.
    fn tell(sample: &'a Sample, n_cuts: usize, random: &mut Random) -> Self {
        let n_labels = sample.labels.len();
        let warm = n_labels - (n_labels / 2).min(300);
        let mut ends: Vec<usize> = (0..n_cuts).map(|_| random.between(warm, n_labels)).collect();
        ends.sort_unstable();
        let (begin, middle) = (sample.labels[ends[0] - 1], sample.labels[warm / 2]);
        // Those with enough rows before the first cut to lose some.
        let rows = |symbol: usize| {
            let times = &sample.symbols[symbol].1.timestamp;
            (times.partition_point(|&time| time < middle), times.partition_point(|&time| time <= begin))
        };
        let mut symbols: Vec<usize> = (0..sample.symbols.len()).filter(|&at| rows(at).1 > rows(at).0 + 3).collect();
        random.shuffle(&mut symbols);
        let newcomer = if symbols.len() > 1 { symbols.pop() } else { None };
        let mut inside = |at: usize, before: bool| {
            let symbol = *symbols.get(at % symbols.len().max(1))?;
            let (first, end) = rows(symbol);
            let row = if before { random.between(first / 4, first) } else { random.between(first, end - 1) };
            (row > 0).then_some(Spot { symbol, row })
        };
        let (late, corrected, older) = (inside(0, false), inside(1, false), inside(2, true));
        let mut arrivals = vec![Arrival::Rows];
        arrivals.extend(late.map(|_| Arrival::LateRow));
        arrivals.extend(corrected.map(|_| Arrival::Correction));
        arrivals.extend(newcomer.map(|_| Arrival::NewSymbol));
        arrivals.extend(older.map(|_| Arrival::OlderHistory));
        arrivals.resize(n_cuts.max(arrivals.len()), Arrival::Rows);
        random.shuffle(&mut arrivals);
        let mut cuts = vec![(Arrival::Rows, ends[0])];
        for (at, &arrival) in arrivals.iter().enumerate() {
            let before = cuts[at].1;
            // A special arrival comes by itself as often as together with rows.
            let alone = arrival != Arrival::Rows && random.unit() < 0.5;
            let next = if alone { before } else { ends.get(at + 1).copied().unwrap_or(n_labels).max(before) };
            cuts.push((arrival, if at + 1 == arrivals.len() { n_labels } else { next }));
        }
        Self { sample, cuts, late, corrected, older, newcomer }
    }

    /// Whether something has arrived by a cut.
    fn has(&self, arrival: Arrival, cut: usize) -> bool {
        self.cuts[..=cut].iter().any(|(known, _)| *known == arrival)
    }

    /// The bars of a symbol at a cut; `None` for one that is not there.
    fn bars(&self, symbol: usize, cut: usize) -> Option<Bars> {
        let missing = |spot: &Option<Spot>, arrival: Arrival| {
            spot.filter(|spot| spot.symbol == symbol && !self.has(arrival, cut)).map(|spot| spot.row)
        };
        if self.newcomer == Some(symbol) && !self.has(Arrival::NewSymbol, cut) {
            return None;
        }
        let bars = &self.sample.symbols[symbol].1;
        let last = self.sample.labels[self.cuts[cut].1 - 1];
        let (late, older) = (missing(&self.late, Arrival::LateRow), missing(&self.older, Arrival::OlderHistory));
        let keep =
            |row: usize| bars.timestamp[row] <= last && Some(row) != late && older.is_none_or(|first| row >= first);
        let wrong = missing(&self.corrected, Arrival::Correction).map(|row| falsified(bars, row));
        Some(rows_of(wrong.as_ref().unwrap_or(bars), &keep))
    }

    /// Publishes all bars as they are at a cut.
    fn publish(&self, cut: usize, config: &Config, publisher: &IngestPublisher) -> Result<(), FactorsError> {
        let source = TableSource {
            origin: Origin::Generated,
            inputs: Vec::new(),
            code_version: "audit".to_owned(),
            covered_until: None,
            notes: Vec::new(),
        };
        for (at, (symbol, _)) in self.sample.symbols.iter().enumerate() {
            if let Some(bars) = self.bars(at, cut) {
                publisher.publish_bars(&config.venue, &config.bars, symbol, &bars, &source)?;
            }
        }
        Ok(())
    }

    /// What arrives at a cut, in words.
    fn words(&self, cut: usize) -> String {
        let name = |symbol: usize| self.sample.symbols[symbol].0.as_str();
        let row = |spot: &Option<Spot>, what: &str| {
            spot.map_or(String::new(), |spot| {
                let time = format_iso(self.sample.symbols[spot.symbol].1.timestamp[spot.row]);
                format!("{what} of {} at {time}", name(spot.symbol))
            })
        };
        let special = match self.cuts[cut].0 {
            Arrival::Rows => String::new(),
            Arrival::LateRow => row(&self.late, "late row"),
            Arrival::Correction => row(&self.corrected, "correction"),
            Arrival::NewSymbol => self.newcomer.map_or(String::new(), |symbol| format!("new symbol {}", name(symbol))),
            Arrival::OlderHistory => row(&self.older, "older history before the row"),
        };
        match (self.cuts[cut].1 - self.cuts[cut - 1].1, special.is_empty()) {
            (n, true) => format!("{n} more times"),
            (0, false) => special,
            (n, false) => format!("{special} and {n} more times"),
        }
    }
}

/// Bars with other values in a row.
fn falsified(bars: &Bars, row: usize) -> Bars {
    let mut bars = bars.clone();
    for (at, column) in bars.columns_mut().into_iter().enumerate() {
        // Prices, and what is not one: the order is that of the bar columns.
        column[row] *= if at < 4 || at == 7 || at == 11 { 1.03 } else { 0.5 };
    }
    bars.extra.iter_mut().for_each(|(_, column)| column[row] *= 1.03);
    bars
}

/// Compares what updates made with what the full run made.
fn compare(hub: &Hub, config: &Config, trials: &mut Trials, trial: &str) -> Result<(), FactorsError> {
    let open = |name: &str| -> Result<FactorSet, FactorsError> { Ok(hub.factor_set(config.timeframe, name)?) };
    let (updated, full) = (open(NAMES.0)?, open(NAMES.1)?);
    let columns: Vec<&str> = full.columns().iter().map(String::as_str).collect();
    for symbol in updated.symbols().iter().filter(|symbol| !full.symbols().contains(symbol)) {
        trials.other(other("rows", (symbol, i64::MIN), (0.0, 1.0), trial));
    }
    for symbol in full.symbols() {
        if !updated.symbols().contains(symbol) {
            trials.other(other("rows", (symbol, i64::MIN), (1.0, 0.0), trial));
            continue;
        }
        let (expected, found) = (full.read(symbol, &columns, Range::ALL)?, updated.read(symbol, &columns, Range::ALL)?);
        let times = |table: &Table| table.i64("timestamp").unwrap_or_default().to_vec();
        let (times, others) = (times(&expected), times(&found));
        if times != others || expected.i64("available_at") != found.i64("available_at") {
            let row = times.iter().zip(&others).position(|(a, b)| a != b).unwrap_or(times.len().min(others.len()));
            let time = times.get(row).or(others.get(row)).copied().unwrap_or(i64::MIN);
            trials.other(other("rows", (symbol, time), (times.len() as f64, others.len() as f64), trial));
            continue;
        }
        for (at, name) in columns.iter().enumerate() {
            let (Some(values), Some(found)) = (expected.f64(name), found.f64(name)) else { continue };
            let series = Series { column: at, symbol, times: &times, values };
            trials.compare(Check::Incremental, series, found, &|| trial.to_owned());
        }
        let flags = |table: &Table| table.bool("tradable_flag").unwrap_or_default().to_vec();
        let (flags, others) = (flags(&expected), flags(&found));
        if let Some(row) = flags.iter().zip(&others).position(|(a, b)| a != b) {
            let values = (f64::from(u8::from(flags[row])), f64::from(u8::from(others[row])));
            trials.other(other("tradable_flag", (symbol, times[row]), values, trial));
        }
    }
    Ok(())
}

/// A failure of what is no factor: expected and found are numbers of rows, or flags.
fn other(column: &str, (symbol, time): (&str, i64), (expected, found): (f64, f64), trial: &str) -> AuditFailure {
    AuditFailure {
        column: column.to_owned(),
        check: Check::Incremental,
        symbol: symbol.to_owned(),
        time: if time == i64::MIN { "all times".to_owned() } else { format_iso(time) },
        expected,
        found,
        trial: trial.to_owned(),
    }
}
