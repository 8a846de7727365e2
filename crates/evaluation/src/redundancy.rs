//! What a factor adds to others: correlation, and the rank IC that is left when others are taken out by regression.

use crosscut_hub::{FactorSet, Hub};
use crosscut_kernels::inference::ols;
use crosscut_kernels::ranks::{Ranker, correlation};
use crosscut_model::{Range, Timeframe};
use rayon::prelude::*;
use serde::Serialize;

use crate::config::{Against, EvaluationConfig};
use crate::error::EvaluationError;
use crate::load::{Frame, Input, positions, sum_hash};
use crate::matrix::Matrix;
use crate::sample::{Sample, SampledFactor};
use crate::schedule::{NONE, Schedule};
use crate::section::Sections;
use crate::series::MeanStatistics;
use crate::summary::finite_mean;

/// Values of other factors read, at most: the sample keeps to the latest times when the hub has more.
const VALUES_MAX: usize = 250_000_000;

/// Columns read at once.
const COLUMNS: usize = 16;

/// Symbols read before they are entered into the tables.
const GROUP: usize = 32;

/// Others that are taken out together.
const JOINT: usize = 5;

/// The closest others that are ranked anew among the names both have; for the rest a missing name counts as average.
const EXACT: usize = 50;

/// A factor beside another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Beside {
    /// Set of the other.
    pub factor_set: String,
    /// Name of the other.
    pub factor: String,
    /// Mean rank correlation.
    pub correlation: Option<f64>,
    /// Rank IC of the other at the first horizon, at the sampled times.
    pub rank_ic: Option<f64>,
    /// Rank IC of what the other leaves of the factor, at the first horizon, at the sampled times:
    /// `(IC - c IC_other) / sqrt(1 - c^2)` at each time.
    pub incremental: MeanStatistics,
}

/// What is left of a factor when several others are taken out at once.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Joint {
    /// The others.
    pub others: Vec<String>,
    /// Rank IC of the factor at the sampled times.
    pub rank_ic: MeanStatistics,
    /// Rank IC of the residual of a regression of its ranks on theirs, time by time.
    pub incremental: MeanStatistics,
    /// Mean share of the variance of its ranks that they explain.
    pub r_squared: Option<f64>,
}

/// Other factors at sampled times.
pub struct Others {
    /// The sample.
    pub sample: Sample,
    /// Set and name of each.
    names: Vec<(String, String)>,
    /// Their sampled ranks.
    sampled: Vec<SampledFactor>,
    /// Ranks of the returns over the first horizon.
    returns: SampledFactor,
    /// The other sets, each with one hash over all its tables.
    pub inputs: Vec<Input>,
    /// Remarks.
    pub notes: Vec<String>,
}

/// Reads the other factors of the hub at sampled times.
///
/// # Errors
/// Sets that do not exist, tables that are damaged.
pub fn others(
    hub: &Hub,
    config: &EvaluationConfig,
    frame: &Frame,
    schedule: &Schedule,
) -> Result<Others, EvaluationError> {
    let (events, sets): (Vec<_>, Vec<_>) =
        sets(hub, config)?.into_iter().partition(|(_, set)| set.metadata().of_events);
    let columns: Vec<(usize, &String)> =
        sets.iter().enumerate().flat_map(|(at, (_, set))| set.columns().iter().map(move |name| (at, name))).collect();
    let market = &frame.market;
    let (n_times, width) = (market.times.len(), market.symbols.len());
    let rows = (VALUES_MAX / (width * columns.len().max(1)).max(1)).clamp(1, n_times);
    let first = n_times - rows;
    let usable = |t: usize| t >= first && schedule.entry[t] != NONE && schedule.exits[0][t] != NONE;
    let sample = Sample::new(n_times, width, columns.len(), usable);
    let mut notes: Vec<String> = events
        .iter()
        .map(|(name, _)| format!("factor set `{name}` is made of event bars: nothing is held against it"))
        .collect();
    if first > 0 {
        let from = crosscut_model::format_iso(market.times[first]);
        notes.push(format!("{} other factors are looked at from {from} on, to keep reading short", columns.len()));
    }
    let mut out = Others {
        returns: sampled_returns(frame, schedule, &sample),
        sample,
        names: Vec::new(),
        sampled: Vec::new(),
        inputs: sets
            .iter()
            .filter(|(name, _)| *name != config.factor_set)
            .map(|(name, set)| input(config, name, set))
            .collect(),
        notes,
    };
    for together in columns.chunk_by(|a, b| a.0 == b.0).flat_map(|set| set.chunks(COLUMNS)) {
        let (name, set) = &sets[together[0].0];
        let columns: Vec<&str> = together.iter().map(|(_, column)| column.as_str()).collect();
        out.sampled.extend(read(frame, set, &columns, &out.sample)?);
        out.names.extend(columns.iter().map(|column| (name.clone(), (*column).to_owned())));
    }
    Ok(out)
}

/// Another set as an input.
fn input(config: &EvaluationConfig, name: &str, set: &FactorSet) -> Input {
    Input { table: format!("factors/{}/{name}", config.timeframe), content_hash: sum_hash(set) }
}

/// The sets to look in.
fn sets(hub: &Hub, config: &EvaluationConfig) -> Result<Vec<(String, FactorSet)>, EvaluationError> {
    let names: Vec<String> = match &config.against {
        Against::None => Vec::new(),
        Against::Sets(sets) => sets.clone(),
        Against::All => {
            let fits = |frame: &String| frame.parse::<Timeframe>().is_ok_and(|frame| frame == config.timeframe);
            hub.factor_sets()?.into_iter().filter(|(frame, _)| fits(frame)).map(|(_, name)| name).collect()
        }
    };
    names.into_iter().map(|name| Ok((name.clone(), hub.factor_set(config.timeframe, &name)?))).collect()
}

/// Rows of the sampled labels in one symbol's table, and its columns.
type SymbolColumns = (Vec<u32>, Vec<Vec<f64>>);

/// Columns of a set at the sampled times.
fn read(
    frame: &Frame,
    set: &FactorSet,
    columns: &[&str],
    sample: &Sample,
) -> Result<Vec<SampledFactor>, EvaluationError> {
    let market = &frame.market;
    let labels: Vec<i64> = sample.times.iter().map(|t| market.times[*t]).collect();
    let range = Range { start: labels.first().copied(), end: labels.last().map(|last| last + 1) };
    let mut tables: Vec<Matrix> =
        columns.iter().map(|_| Matrix::filled(labels.len(), sample.width, f64::NAN)).collect();
    let one = |symbol: &String| -> Result<Option<SymbolColumns>, EvaluationError> {
        if set.content_hash(symbol).is_none() {
            return Ok(None);
        }
        let mut table = set.read(symbol, columns, range)?;
        let times = table.take_i64("timestamp").unwrap_or_default();
        let places = positions(&times, &labels);
        let values = columns.iter().map(|name| table.take_f64(name).unwrap_or_default()).collect();
        Ok(Some((places, values)))
    };
    for (group, symbols) in market.symbols.chunks(GROUP).enumerate() {
        let read: Vec<_> = symbols.par_iter().map(one).collect::<Result<_, _>>()?;
        for (symbol, read) in read.iter().enumerate() {
            let Some((places, values)) = read else { continue };
            for (at, place) in places.iter().enumerate().filter(|(_, place)| **place != NONE) {
                for (table, values) in tables.iter_mut().zip(values) {
                    table.set(at, group * GROUP + symbol, values[*place as usize]);
                }
            }
        }
    }
    Ok(tables.par_iter().map(|table| ranked(sample, |at| table.row(at).to_vec())).collect())
}

/// Sampled ranks of rows of values.
pub fn ranked(sample: &Sample, mut row: impl FnMut(usize) -> Vec<f64>) -> SampledFactor {
    let (mut ranker, mut ranks) = (Ranker::default(), Vec::new());
    sample.scaled(|at, out| {
        ranker.rank(&row(at), &mut ranks);
        out.extend(ranks.iter().map(|&rank| if rank == 0 { f64::NAN } else { f64::from(rank) }));
    })
}

/// Ranks of the returns over the first horizon.
pub fn sampled_returns(frame: &Frame, schedule: &Schedule, sample: &Sample) -> SampledFactor {
    let names: Vec<u32> = (0..sample.width as u32).collect();
    ranked(sample, |at| {
        let mut out = Vec::new();
        frame.market.returns(schedule, (0, sample.times[at]), &names, &mut out);
        out
    })
}

impl Others {
    /// The factor beside each of the others, the most correlated first, and beside the closest ones together. Twins, a
    /// rank correlation of 1 in size, have no residual and take no part in the latter.
    pub fn beside(&self, own: (&str, &str), sections: &Sections) -> (Vec<Beside>, Option<Joint>) {
        let width = self.sample.width;
        let factor = self.sample.from_ranks(&sections.ranks);
        let is_other = |(set, name): &(String, String)| (set.as_str(), name.as_str()) != own;
        let all: Vec<(&(String, String), &SampledFactor)> =
            self.names.iter().zip(&self.sampled).filter(|(name, _)| is_other(name)).collect();
        let size = |correlation: f64| if correlation.is_nan() { -1.0 } else { correlation.abs() };
        let rough = |(_, other): &(&(String, String), &SampledFactor)| size(factor.correlation(other));
        let rough: Vec<f64> = all.par_iter().map(rough).collect();
        let mut order: Vec<usize> = (0..all.len()).collect();
        order.sort_by(|a, b| rough[*b].total_cmp(&rough[*a]).then(a.cmp(b)));
        let one = |(place, at): (usize, &usize)| {
            let (name, other) = all[*at];
            let pair = Pair { factor: &factor, other, returns: &self.returns, width };
            (*at, if place < EXACT { pair.among_common(name) } else { pair.among_all(name) })
        };
        let mut beside: Vec<(usize, Beside)> = order.iter().enumerate().map(one).collect();
        let size = |beside: &Beside| beside.correlation.map_or(-1.0, f64::abs);
        beside.sort_by(|a, b| size(&b.1).total_cmp(&size(&a.1)).then(a.0.cmp(&b.0)));
        let close =
            beside.iter().filter(|(_, beside)| size(beside) < 0.9999 && beside.correlation.is_some()).take(JOINT);
        let close: Vec<usize> = close.map(|(at, _)| *at).collect();
        let names = close.iter().map(|at| format!("{}:{}", all[*at].0.0, all[*at].0.1)).collect();
        let regressors: Vec<&SampledFactor> = close.iter().map(|at| all[*at].1).collect();
        let joint = joint(&factor, &regressors, &self.returns, width).map(|joint| Joint { others: names, ..joint });
        (beside.into_iter().map(|(_, beside)| beside).collect(), joint)
    }
}

/// A factor and another.
struct Pair<'a> {
    /// The factor.
    factor: &'a SampledFactor,
    /// The other.
    other: &'a SampledFactor,
    /// Ranks of the returns over the first horizon.
    returns: &'a SampledFactor,
    /// Number of names.
    width: usize,
}

impl Pair<'_> {
    /// Among the names that have both, and the return: what a regression of the one's ranks on the other's leaves.
    fn among_common(&self, name: &(String, String)) -> Beside {
        let between = self.factor.among_common(self.other, [], self.width);
        let common = self.factor.among_common(self.other, [self.returns], self.width);
        let theirs = self.other.among_common(self.returns, [], self.width);
        let left = common.iter().map(|at| left(at.between, at.with[0]));
        beside(name, finite_mean(between.iter().map(|at| at.between)), theirs.iter().map(|at| at.between), left)
    }

    /// Among all names, a missing one counting as average.
    fn among_all(&self, name: &(String, String)) -> Beside {
        let between = self.factor.by_time(self.other, self.width);
        let own = self.factor.by_time(self.returns, self.width);
        let theirs = self.other.by_time(self.returns, self.width);
        let left = between.iter().zip(own.iter().zip(&theirs)).map(|(c, (own, theirs))| left(*c, (*own, *theirs)));
        let correlation = Some(self.factor.correlation(self.other)).filter(|c| c.is_finite());
        beside(name, correlation, theirs.iter().copied(), left)
    }
}

/// The semipartial correlation of a factor with returns when another is taken out of the factor: from the correlation of
/// the two and of each with the returns.
fn left(between: f64, (own, theirs): (f64, f64)) -> f64 {
    let rest = 1.0 - between * between;
    if rest > 1e-6 { (own - between * theirs) / rest.sqrt() } else { f64::NAN }
}

/// A row of the table of others.
fn beside(
    name: &(String, String),
    correlation: Option<f64>,
    theirs: impl Iterator<Item = f64>,
    left: impl Iterator<Item = f64>,
) -> Beside {
    Beside {
        factor_set: name.0.clone(),
        factor: name.1.clone(),
        correlation,
        rank_ic: finite_mean(theirs),
        incremental: MeanStatistics::of(left, 1),
    }
}

/// What is left of a factor when regressors are taken out together, time by time; `None` without regressors or times.
pub fn joint(
    factor: &SampledFactor,
    regressors: &[&SampledFactor],
    returns: &SampledFactor,
    width: usize,
) -> Option<Joint> {
    if regressors.is_empty() {
        return None;
    }
    let at = |at: usize| -> Option<(f64, f64)> {
        let y = factor.row(at, width)?;
        let x: Vec<Vec<f64>> = regressors.iter().filter_map(|other| other.row(at, width)).collect();
        let r = returns.row(at, width)?;
        // Only names that have the factor and a return.
        let kept: Vec<usize> = (0..width).filter(|name| y[*name] != 0.0 && r[*name] != 0.0).collect();
        let pick = |values: &Vec<f64>| -> Vec<f64> { kept.iter().map(|name| values[*name]).collect() };
        let (y, r) = (pick(&y), pick(&r));
        let x: Vec<Vec<f64>> = x.iter().map(pick).collect();
        if kept.len() < x.len() + 5 {
            return None;
        }
        let columns: Vec<&[f64]> = x.iter().map(Vec::as_slice).collect();
        let fit = ols(&y, &columns, 0)?;
        let left = if fit.r_squared < 1.0 - 1e-9 { correlation(&fit.residuals, &r)? } else { return None };
        Some((left, fit.r_squared))
    };
    let rows: Vec<Option<(f64, f64)>> = (0..factor.n_times()).into_par_iter().map(at).collect();
    let found: Vec<(f64, f64)> = rows.into_iter().flatten().collect();
    let own = factor.among_common(returns, [], width);
    (!found.is_empty()).then(|| Joint {
        others: Vec::new(),
        rank_ic: MeanStatistics::of(own.iter().map(|at| at.between), 1),
        incremental: MeanStatistics::of(found.iter().map(|(left, _)| *left), 1),
        r_squared: finite_mean(found.iter().map(|(_, share)| *share)),
    })
}
