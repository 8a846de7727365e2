//! Other factors of the hub, read at the times at which a factor is judged.
//!
//! Rows of sets with the factor's timeframe are joined by label; of other sets, coarser, finer or of event bars, the last
//! row that was known when the factor's own was (`available_at`), unless it is older than 7 days and than two of its own
//! bars. What cannot be used is left out as it is of the factor itself: untradable rows, rows known late, names outside the
//! pool. Nothing is replaced by an earlier row: the last one known counts, also when it has no value.

use crosscut_hub::{FactorSet, Hub};
use crosscut_model::time::DAY;
use crosscut_model::{Range, Table, Timeframe, format_iso};
use rayon::prelude::*;

use crate::config::{Against, EvaluationConfig};
use crate::error::EvaluationError;
use crate::load::{Frame, Input, positions, sum_hash};
use crate::matrix::Matrix;
use crate::sample::{Sample, SampledFactor};
use crate::schedule::{NONE, Schedule};
use crate::section::Rows;

/// Values of other factors read, at most: only the latest times are looked at when the hub has more.
const VALUES_MAX: u64 = 400_000_000;

/// Times times names times factors whose ranks are held, at most: evenly spaced times when there are more.
const CELLS_MAX: usize = 120_000_000;

/// Columns read at once.
const COLUMNS: usize = 16;

/// Symbols read before they are entered into the tables.
const GROUP: usize = 32;

/// How old a row of another timeframe may be, microseconds: longer than any weekend with holidays.
const AGE: i64 = 7 * DAY;

/// A set to look in.
pub struct OtherSet {
    /// Timeframe.
    pub timeframe: Timeframe,
    /// Name.
    pub name: String,
    /// The set.
    pub set: FactorSet,
}

/// The sets to look in, and which times.
pub struct Plan {
    /// The sets, by timeframe and name.
    pub sets: Vec<OtherSet>,
    /// Times at which factors are compared.
    pub sample: Sample,
    /// Times that could be compared.
    n_usable: usize,
    /// The first time others are looked at.
    first: usize,
}

/// Finds the sets, and times that keep reading short.
///
/// # Errors
/// Sets that do not exist, or are damaged.
pub fn plan(
    hub: &Hub,
    config: &EvaluationConfig,
    (frame, schedule): (&Frame, &Schedule),
    n_own: usize,
) -> Result<Plan, EvaluationError> {
    let sets = sets(hub, config)?;
    let market = &frame.market;
    let n_times = market.times.len();
    let rows = |other: &OtherSet| -> u64 {
        let tables = &other.set.metadata().tables;
        market.symbols.iter().filter_map(|symbol| tables.get(symbol)).map(|table| table.rows).sum()
    };
    let values: u64 = sets.iter().map(|other| rows(other) * other.set.columns().len() as u64).sum();
    let kept = if values > VALUES_MAX { n_times as u64 * VALUES_MAX / values } else { n_times as u64 };
    let first = n_times - (kept as usize).clamp(1, n_times);
    // Those that are judged are held once, also where their own set is one of those looked in; and the returns.
    let is_own = |other: &&OtherSet| other.timeframe == config.timeframe && other.name == config.factor_set;
    let n_known = if sets.iter().any(|other| is_own(&other)) { 0 } else { n_own };
    let n_factors = n_known + sets.iter().map(|other| other.set.columns().len()).sum::<usize>() + 1;
    let is_usable = |t: usize| schedule.entry[t] != NONE && schedule.exits[0][t] != NONE;
    let size = (n_times, market.symbols.len(), config.min_names);
    let is_compared = |t: usize| is_usable(t) && (n_own > 1 || t >= first);
    let sample = Sample::new(size, CELLS_MAX / n_factors, is_compared);
    Ok(Plan { sets, sample, n_usable: (0..n_times).filter(|t| is_compared(*t)).count(), first })
}

/// The sets to look in.
fn sets(hub: &Hub, config: &EvaluationConfig) -> Result<Vec<OtherSet>, EvaluationError> {
    if config.against == Against::None {
        return Ok(Vec::new());
    }
    let parsed = |(frame, name): (String, String)| Some((frame.parse::<Timeframe>().ok()?, name));
    let known: Vec<(Timeframe, String)> = hub.factor_sets()?.into_iter().filter_map(parsed).collect();
    let mut wanted: Vec<(Timeframe, String)> = Vec::new();
    match &config.against {
        Against::None => {}
        Against::All => wanted = known,
        Against::Sets(asked) => {
            for text in asked {
                let (frame, name) =
                    text.split_once('/').map_or((None, text.as_str()), |(frame, name)| (Some(frame), name));
                let is_asked = |(known, set): &&(Timeframe, String)| {
                    set == name
                        && frame.is_none_or(|frame| frame.parse::<Timeframe>().is_ok_and(|frame| frame == *known))
                };
                let found: Vec<_> = known.iter().filter(is_asked).cloned().collect();
                if found.is_empty() {
                    // Says what there is instead.
                    let frame = frame.and_then(|frame| frame.parse().ok()).unwrap_or(config.timeframe);
                    hub.factor_set(frame, name)?;
                }
                wanted.extend(found);
            }
        }
    }
    wanted.sort_by_key(|(frame, name)| (frame.to_string(), name.clone()));
    wanted.dedup();
    let open = |(timeframe, name): (Timeframe, String)| {
        Ok(OtherSet { set: hub.factor_set(timeframe, &name)?, timeframe, name })
    };
    wanted.into_iter().map(open).collect()
}

impl OtherSet {
    /// The set as an input.
    pub fn input(&self) -> Input {
        Input { table: format!("factors/{}/{}", self.timeframe, self.name), content_hash: sum_hash(&self.set) }
    }
}

/// Rows of the sampled times in one symbol's table, and its columns.
type SymbolColumns = (Vec<u32>, Vec<Vec<f64>>);

/// Reads other factors at the sampled times.
pub struct Reader<'a> {
    /// What was asked for.
    pub config: &'a EvaluationConfig,
    /// Prices, symbols, the pool.
    pub frame: &'a Frame,
    /// When positions are entered and left.
    pub schedule: &'a Schedule,
    /// Sets and times.
    pub plan: &'a Plan,
}

impl Reader<'_> {
    /// Columns of a set at the sampled times, read a few at once.
    ///
    /// # Errors
    /// When a table is damaged.
    pub fn read(&self, other: &OtherSet, columns: &[&str]) -> Result<Vec<SampledFactor>, EvaluationError> {
        let mut out = Vec::new();
        let closed = self.closed();
        for columns in columns.chunks(COLUMNS) {
            let mut tables = self.tables(other, columns)?;
            for table in &mut tables {
                for (at, names) in closed.iter().enumerate() {
                    names.iter().for_each(|name| table.set(at, *name as usize, f64::NAN));
                }
            }
            let sample = &self.plan.sample;
            let ranked = |table: &Matrix| sample.ranked(|at, row| row.extend_from_slice(table.row(at)));
            out.extend(tables.par_iter().map(ranked).collect::<Vec<_>>());
        }
        Ok(out)
    }

    /// Values of columns by sampled time and symbol.
    fn tables(&self, other: &OtherSet, columns: &[&str]) -> Result<Vec<Matrix>, EvaluationError> {
        let (market, sample) = (&self.frame.market, &self.plan.sample);
        let mut tables: Vec<Matrix> =
            columns.iter().map(|_| Matrix::filled(sample.times.len(), sample.width, f64::NAN)).collect();
        for (group, symbols) in market.symbols.chunks(GROUP).enumerate() {
            let one = |symbol: &String| self.symbol(other, (symbol, columns));
            let read: Vec<Option<SymbolColumns>> = symbols.par_iter().map(one).collect::<Result<_, _>>()?;
            for (symbol, (places, values)) in
                read.iter().enumerate().filter_map(|(symbol, read)| Some((symbol, read.as_ref()?)))
            {
                for (at, place) in places.iter().enumerate().filter(|(_, place)| **place != NONE) {
                    for (table, values) in tables.iter_mut().zip(values) {
                        table.set(at, group * GROUP + symbol, values[*place as usize]);
                    }
                }
            }
        }
        Ok(tables)
    }

    /// One symbol's rows for the sampled times; what is not tradable is NaN.
    fn symbol(
        &self,
        other: &OtherSet,
        (symbol, columns): (&str, &[&str]),
    ) -> Result<Option<SymbolColumns>, EvaluationError> {
        let sample = &self.plan.sample;
        let wanted: Vec<usize> = sample.times.iter().copied().filter(|t| *t >= self.plan.first).collect();
        let label = |t: usize| self.frame.market.times[t];
        let (Some(first), Some(last)) = (wanted.first().map(|t| label(*t)), wanted.last().map(|t| label(*t))) else {
            return Ok(None);
        };
        if other.set.content_hash(symbol).is_none() {
            return Ok(None);
        }
        let frame = self.config.timeframe;
        let same = other.timeframe == frame && !other.set.metadata().of_events;
        let bar = length(other.timeframe, first);
        let age = AGE.max(2 * bar);
        let start = if same { first } else { frame.next(first) - age - bar };
        let end = if same { last + 1 } else { frame.next(last) };
        let mut table = other.set.read(symbol, columns, Range { start: Some(start), end: Some(end) })?;
        let (times, known, tradable) = keys(&mut table);
        let places = if same {
            let labels: Vec<i64> = wanted.iter().map(|t| label(*t)).collect();
            let mut places = positions(&times, &labels);
            let is_late = |place: &u32| *place != NONE && known[*place as usize] > frame.next(times[*place as usize]);
            places.iter_mut().filter(|place| is_late(place)).for_each(|place| *place = NONE);
            places
        } else {
            let moments: Vec<i64> = wanted.iter().map(|t| frame.next(label(*t))).collect();
            last_known(&known, &moments, age)
        };
        let mut out = vec![NONE; sample.times.len() - wanted.len()];
        out.extend(places);
        let values = columns.iter().map(|name| {
            let mut column = table.take_f64(name).unwrap_or_default();
            column.iter_mut().zip(&tradable).filter(|(_, is)| !**is).for_each(|(value, _)| *value = f64::NAN);
            column
        });
        Ok(Some((out, values.collect())))
    }

    /// For each sampled time the names that take no part: outside the pool, or, where all returns are demanded, without
    /// one.
    fn closed(&self) -> Vec<Vec<u32>> {
        let market = &self.frame.market;
        let names: Vec<u32> = (0..market.symbols.len() as u32).collect();
        let of_time = |t: &usize| -> Vec<u32> {
            let mut closed = vec![false; names.len()];
            if let Some(members) = self.frame.members(*t) {
                closed.iter_mut().zip(members).for_each(|(closed, member)| *closed = !member);
            }
            let mut returns = Vec::new();
            let n_horizons = if self.config.rows == Rows::Common { self.schedule.exits.len() } else { 0 };
            for h in 0..n_horizons {
                market.returns(self.schedule, (h, *t), &names, &mut returns);
                closed.iter_mut().zip(&returns).for_each(|(closed, value)| *closed |= value.is_nan());
            }
            names.iter().copied().filter(|name| closed[*name as usize]).collect()
        };
        self.plan.sample.times.par_iter().map(of_time).collect()
    }

    /// Remarks on what was looked at.
    pub fn notes(&self) -> Vec<String> {
        let (times, sample) = (&self.frame.market.times, &self.plan.sample.times);
        let mut notes = Vec::new();
        if self.plan.first > 0 {
            let from = format_iso(times[self.plan.first]);
            notes.push(format!("other factors are looked at from {from} on, to keep reading short"));
        }
        if self.plan.sets.iter().any(|other| other.timeframe != self.config.timeframe || other.set.metadata().of_events)
        {
            notes.push(
                "other timeframes: of each symbol the last row known when the factor's own was, at most 7 days or two of its bars old"
                    .to_owned(),
            );
        }
        if sample.len() < self.plan.n_usable {
            notes.push(format!(
                "factors are compared at {} evenly spaced times of {}, to keep memory small",
                sample.len(),
                self.plan.n_usable
            ));
        }
        notes
    }
}

/// Labels, times of availability and flags of a table's rows.
fn keys(table: &mut Table) -> (Vec<i64>, Vec<i64>, Vec<bool>) {
    let times = table.take_i64("timestamp").unwrap_or_default();
    let known = table.take_i64("available_at").unwrap_or_default();
    let tradable = table.bool("tradable_flag").unwrap_or_default().to_vec();
    (times, known, tradable)
}

/// For each of some ascending moments the last row that was known then, or [`NONE`] when there is none or it became known
/// more than `age` before. Of rows that became known together the last counts.
pub(crate) fn last_known(known: &[i64], moments: &[i64], age: i64) -> Vec<u32> {
    let mut order: Vec<u32> = (0..known.len() as u32).collect();
    order.sort_by_key(|row| known[*row as usize]);
    let (mut at, mut last) = (0, NONE);
    let row = |moment: &i64| {
        while at < order.len() && known[order[at] as usize] <= *moment {
            // A row that was late does not take the place of those after it.
            last = if last == NONE { order[at] } else { last.max(order[at]) };
            at += 1;
        }
        if last != NONE && moment - known[last as usize] <= age { last } else { NONE }
    };
    moments.iter().map(row).collect()
}

/// Microseconds of a bar; of a month's one that begins after `time`.
fn length(timeframe: Timeframe, time: i64) -> i64 {
    let next = timeframe.next(time);
    timeframe.micros().unwrap_or_else(|| timeframe.next(next) - next)
}
