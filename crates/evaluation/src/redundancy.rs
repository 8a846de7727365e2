//! What a factor adds to others: correlation, and the rank IC that is left when others are taken out by regression.
//!
//! Every number is that of a regression of ranks with a constant, time by time, among the names that have all that stands
//! in it.

use std::collections::BTreeMap;

use crosscut_kernels::inference::ols;
use crosscut_kernels::ranks::correlation;
use rayon::prelude::*;
use serde::Serialize;

use crate::error::EvaluationError;
use crate::load::{Frame, Input};
use crate::others::Reader;
use crate::pairwise::{Again, bits_of, classes, names_of_all};
use crate::sample::{Sample, SampledFactor};
use crate::schedule::Schedule;
use crate::section::Sections;
use crate::series::MeanStatistics;
use crate::summary::finite_mean;

/// Others that are taken out together.
const JOINT: usize = 5;

/// Rank correlation from which on two factors are twins: nothing is left of the one without the other.
const TWIN: f64 = 1.0 - 1e-9;

/// A factor beside another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Beside {
    /// Timeframe of the other.
    pub timeframe: String,
    /// Set of the other.
    pub factor_set: String,
    /// Name of the other.
    pub factor: String,
    /// Times at which both have enough names in common.
    pub times: usize,
    /// Mean rank correlation among the names both have.
    pub correlation: Option<f64>,
    /// Mean rank IC of the other at the first horizon.
    pub rank_ic: Option<f64>,
    /// Rank IC of what the other leaves of the factor at the first horizon, among the names with both and a return: the
    /// correlation of the return's ranks with the residual of a regression of the factor's ranks on the other's, which is
    /// `(IC - c IC_other) / sqrt(1 - c^2)` at each time.
    pub incremental: MeanStatistics,
}

/// What is left of a factor when several others are taken out at once.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Joint {
    /// The others.
    pub others: Vec<String>,
    /// Rank IC of the factor at the compared times.
    pub rank_ic: MeanStatistics,
    /// Rank IC of the residual of a regression of its ranks on theirs, time by time, among the names that have all of
    /// them and a return.
    pub incremental: MeanStatistics,
    /// Mean share of the variance of its ranks that they explain.
    pub r_squared: Option<f64>,
}

/// Where a factor is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Name {
    /// Timeframe.
    timeframe: String,
    /// Set.
    set: String,
    /// Column.
    factor: String,
}

/// Other factors at sampled times.
pub struct Others {
    /// The sample.
    pub sample: Sample,
    /// What they are.
    names: Vec<Name>,
    /// Their ranks.
    sampled: Vec<SampledFactor>,
    /// Ranks of the returns over the first horizon.
    returns: SampledFactor,
    /// Their mean rank ICs.
    rank_ic: Vec<Option<f64>>,
    /// Bars of the first horizon.
    bars: usize,
    /// The other sets, each with one hash over all its tables.
    pub inputs: Vec<Input>,
    /// Remarks.
    pub notes: Vec<String>,
}

/// Reads the other factors of the hub; `own` are those of the set that were judged, by name.
///
/// # Errors
/// Tables that are damaged.
pub fn others(reader: &Reader<'_>, mut own: BTreeMap<String, SampledFactor>) -> Result<Others, EvaluationError> {
    let (config, plan) = (reader.config, reader.plan);
    let is_own = |timeframe, name: &str| timeframe == config.timeframe && name == config.factor_set;
    let mut out = Others {
        returns: sampled_returns(reader.frame, reader.schedule, &plan.sample),
        sample: plan.sample.clone(),
        names: Vec::new(),
        sampled: Vec::new(),
        rank_ic: Vec::new(),
        bars: reader.schedule.bars[0],
        inputs: Vec::new(),
        notes: reader.notes(),
    };
    for other in &plan.sets {
        let is_own = is_own(other.timeframe, &other.name);
        let columns: Vec<&str> = other.set.columns().iter().map(String::as_str).collect();
        let missing: Vec<&str> = columns.iter().copied().filter(|name| !is_own || !own.contains_key(*name)).collect();
        let mut read = reader.read(other, &missing)?.into_iter();
        for name in columns {
            let known = if is_own { own.remove(name) } else { None };
            out.sampled.extend(known.or_else(|| read.next()));
            let timeframe = other.timeframe.to_string();
            out.names.push(Name { timeframe, set: other.name.clone(), factor: name.to_owned() });
        }
        if !is_own {
            out.inputs.push(other.input());
        }
    }
    out.rank_ic = out.rank_ics();
    Ok(out)
}

/// Ranks of the returns over the first horizon.
pub fn sampled_returns(frame: &Frame, schedule: &Schedule, sample: &Sample) -> SampledFactor {
    let names: Vec<u32> = (0..sample.width as u32).collect();
    let mut returns = Vec::new();
    sample.ranked(|at, row| {
        frame.market.returns(schedule, (0, sample.times[at]), &names, &mut returns);
        row.extend_from_slice(&returns);
    })
}

/// A factor beside one other at a time; NaN where undefined.
#[derive(Debug, Clone, Copy)]
struct At {
    /// Rank correlation of the two.
    between: f64,
    /// Rank IC of what the other leaves.
    left: f64,
}

impl Others {
    /// The rows of all others at a sampled time.
    fn rows(&self, at: usize) -> Vec<&[u16]> {
        self.sampled.iter().map(|factor| factor.row(at, self.sample.width)).collect()
    }

    /// Mean rank ICs of the others.
    fn rank_ics(&self) -> Vec<Option<f64>> {
        let n = self.sampled.len();
        let of_time = |again: &mut Again, at: usize| {
            let (rows, returns) = (self.rows(at), self.returns.row(at, self.sample.width));
            let mut out = vec![f64::NAN; n];
            let bits = bits_of(returns);
            for class in classes(&rows, self.sample.min_names) {
                let names = class.shared(&bits);
                if names.len() >= self.sample.min_names {
                    let returns = again.among(returns, &names);
                    for (member, ranks) in class.members.iter().zip(class.among(&rows, &names, again).iter()) {
                        out[*member] = ranks.correlation(&returns);
                    }
                }
            }
            out
        };
        let all: Vec<Vec<f64>> = self.by_time(of_time);
        (0..n).map(|other| finite_mean(all.iter().map(|row| row[other]))).collect()
    }

    /// What `of_time` gives for each sampled time.
    fn by_time<T: Send>(&self, of_time: impl Fn(&mut Again, usize) -> T + Sync + Send) -> Vec<T> {
        (0..self.sample.times.len()).into_par_iter().map_init(Again::default, of_time).collect()
    }

    /// A factor beside each other at a time: correlations are those of all members of a class at once.
    fn at(&self, factor: &SampledFactor, at: usize, again: &mut Again) -> Vec<At> {
        let (rows, width) = (self.rows(at), self.sample.width);
        let (factor, returns) = (factor.row(at, width), self.returns.row(at, width));
        let mut out = vec![At { between: f64::NAN, left: f64::NAN }; rows.len()];
        let own = bits_of(factor);
        let priced: Vec<u64> = own.iter().zip(bits_of(returns)).map(|(a, b)| a & b).collect();
        for class in classes(&rows, self.sample.min_names) {
            let (names, with_return) = (class.shared(&own), class.shared(&priced));
            if names.len() < self.sample.min_names {
                continue;
            }
            let theirs = class.among(&rows, &names, again);
            let ours = again.among(factor, &names);
            for (member, ranks) in class.members.iter().zip(theirs.iter()) {
                out[*member].between = ours.correlation(ranks);
            }
            if with_return.len() < self.sample.min_names {
                continue;
            }
            let is_same = with_return.len() == names.len();
            let theirs = if is_same { theirs } else { class.among(&rows, &with_return, again) };
            let (ours, returns) = (again.among(factor, &with_return), again.among(returns, &with_return));
            let own = ours.correlation(&returns);
            for (member, ranks) in class.members.iter().zip(theirs.iter()) {
                let between = if is_same { out[*member].between } else { ours.correlation(ranks) };
                out[*member].left = left(between, (own, ranks.correlation(&returns)));
            }
        }
        out
    }

    /// The factor beside each of the others, the most correlated first, and beside the closest ones together. Twins, a
    /// rank correlation of 1 in size, have no residual and take no part in the latter.
    pub fn beside(&self, own: (&str, &str, &str), sections: &Sections) -> (Vec<Beside>, Option<Joint>) {
        let factor = self.sample.from_ranks(&sections.ranks);
        let by_time: Vec<Vec<At>> = self.by_time(|again, at| self.at(&factor, at, again));
        let overlap = self.sample.overlap(self.bars);
        let is_other = |at: &usize| {
            let name = &self.names[*at];
            (name.timeframe.as_str(), name.set.as_str(), name.factor.as_str()) != own
        };
        let one = |at: usize| {
            let between: Vec<f64> = by_time.iter().map(|row| row[at].between).filter(|c| !c.is_nan()).collect();
            let name = self.names[at].clone();
            let beside = Beside {
                timeframe: name.timeframe,
                factor_set: name.set,
                factor: name.factor,
                times: between.len(),
                correlation: finite_mean(between.into_iter()),
                rank_ic: self.rank_ic[at],
                incremental: MeanStatistics::of(by_time.iter().map(|row| row[at].left), overlap),
            };
            (at, beside)
        };
        let mut beside: Vec<(usize, Beside)> = (0..self.names.len()).filter(is_other).map(one).collect();
        let size = |beside: &Beside| beside.correlation.map_or(-1.0, f64::abs);
        beside.sort_by(|a, b| size(&b.1).total_cmp(&size(&a.1)).then(a.0.cmp(&b.0)));
        let is_close = |beside: &Beside| beside.correlation.is_some() && size(beside) < TWIN;
        let close: Vec<usize> =
            beside.iter().filter(|(_, beside)| is_close(beside)).take(JOINT).map(|(at, _)| *at).collect();
        let name = |at: &usize| {
            let name = &self.names[*at];
            format!("{}/{}:{}", name.timeframe, name.set, name.factor)
        };
        let names = close.iter().map(name).collect();
        let regressors: Vec<&SampledFactor> = close.iter().map(|at| &self.sampled[*at]).collect();
        let joint = joint(&factor, &regressors, (&self.returns, overlap), &self.sample);
        (beside.into_iter().map(|(_, beside)| beside).collect(), joint.map(|joint| Joint { others: names, ..joint }))
    }
}

/// The semipartial correlation of a factor with returns when another is taken out of the factor: from the correlation of
/// the two and of each with the returns. Undefined where nothing is left.
fn left(between: f64, (own, theirs): (f64, f64)) -> f64 {
    if between.abs() < TWIN { (own - between * theirs) / (1.0 - between * between).sqrt() } else { f64::NAN }
}

/// Rank correlations of two factors at the sampled times, among the names both have.
pub fn between(a: &SampledFactor, b: &SampledFactor, sample: &Sample) -> Vec<f64> {
    let of_time = |again: &mut Again, at: usize| {
        let rows = [a, b].map(|factor| factor.row(at, sample.width));
        let names = names_of_all(&rows);
        let [a, b] = rows.map(|row| again.among(row, &names));
        if names.len() < sample.min_names { f64::NAN } else { a.correlation(&b) }
    };
    (0..sample.times.len()).into_par_iter().map_init(Again::default, of_time).collect()
}

/// What is left of a factor when regressors are taken out together, time by time, where more than four names more than
/// regressors have all; `None` without regressors or such times.
pub fn joint(
    factor: &SampledFactor,
    regressors: &[&SampledFactor],
    (returns, overlap): (&SampledFactor, usize),
    sample: &Sample,
) -> Option<Joint> {
    if regressors.is_empty() {
        return None;
    }
    let of_time = |again: &mut Again, at: usize| -> Option<(f64, f64)> {
        let all = [factor, returns].into_iter().chain(regressors.iter().copied());
        let rows: Vec<&[u16]> = all.map(|one| one.row(at, sample.width)).collect();
        let names = names_of_all(&rows);
        if names.len() < (regressors.len() + 5).max(sample.min_names) {
            return None;
        }
        let numbers: Vec<Vec<f64>> = rows.iter().map(|row| again.among(row, &names).numbers()).collect();
        let columns: Vec<&[f64]> = numbers[2..].iter().map(Vec::as_slice).collect();
        let fit = ols(&numbers[0], &columns, 0)?;
        let is_left = fit.r_squared < 1.0 - 1e-9;
        is_left.then(|| correlation(&fit.residuals, &numbers[1]))?.map(|left| (left, fit.r_squared))
    };
    let rows: Vec<Option<(f64, f64)>> =
        (0..sample.times.len()).into_par_iter().map_init(Again::default, of_time).collect();
    let found: Vec<(f64, f64)> = rows.into_iter().flatten().collect();
    (!found.is_empty()).then(|| Joint {
        others: Vec::new(),
        rank_ic: MeanStatistics::of(between(factor, returns, sample).into_iter(), overlap),
        incremental: MeanStatistics::of(found.iter().map(|(left, _)| *left), overlap),
        r_squared: finite_mean(found.iter().map(|(_, share)| *share)),
    })
}
