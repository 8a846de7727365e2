//! Portfolios and returns by group: over all names, and formed within each group, as alphalens makes them with its
//! `by_group`, `group_adjust` and `binning_by_group`.
//!
//! Names without a group take no part, here as there. Per time the names of a portfolio are averaged, then times.

use crosscut_kernels::ranks::{Ranker, rank_correlation};
use rayon::prelude::*;
use serde::Serialize;

use crate::matrix::Matrix;
use crate::section::{Pass, Sections};
use crate::series::MeanStatistics;
use crate::summary::judged;

/// A mean over times.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Mean {
    /// Number of times.
    pub n: usize,
    /// Mean over times of the mean of the names.
    pub mean: Option<f64>,
    /// Deviation over times over the root of their number: the error if neighbours were independent.
    pub plain_error: Option<f64>,
    /// Newey-West error, which allows for overlap.
    pub error: Option<f64>,
}

impl Mean {
    /// Of a series over times.
    fn of(values: impl Iterator<Item = f64>, bars: usize) -> Self {
        let all = MeanStatistics::of(values, bars);
        Self { n: all.n, mean: all.mean, plain_error: all.plain_error, error: all.error }
    }
}

/// A portfolio by quantile, of all names or of one group.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct GroupQuantile {
    /// Number of the portfolio, 1 for the smallest factor values.
    pub quantile: usize,
    /// Returns.
    pub raw: Mean,
    /// Returns less the mean of all names.
    pub demeaned: Mean,
    /// Returns less the mean of the name's group.
    pub adjusted: Mean,
}

/// The portfolios of one group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupPortfolios {
    /// The group.
    pub group: String,
    /// Its part of each portfolio.
    pub quantiles: Vec<GroupQuantile>,
}

/// Portfolios formed in one way.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Formed {
    /// Of all names that have a group.
    pub quantiles: Vec<GroupQuantile>,
    /// Of each group.
    pub groups: Vec<GroupPortfolios>,
}

/// One horizon by group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Grouped {
    /// The horizon as it was asked for.
    pub horizon: String,
    /// Rank IC with returns less the mean of the name's group.
    pub rank_ic_adjusted: MeanStatistics,
    /// The portfolio weighted by factor values less the mean of their group, every group with the same capital.
    pub weighted: MeanStatistics,
    /// Portfolios of all names.
    pub of_all: Formed,
    /// Portfolios formed within each group.
    pub within_groups: Formed,
}

/// What is made by group.
pub struct Grouping<'a> {
    /// Prices, schedule, rules.
    pub pass: Pass<'a>,
    /// Cross-sections of the factor.
    pub sections: &'a Sections,
    /// Values of the factor.
    pub factor: &'a Matrix,
    /// Names of the groups.
    pub names: &'a [String],
}

/// Names at one time.
struct Members {
    /// Names that take part and have a group, those of a group together.
    names: Vec<u32>,
    /// Their groups.
    groups: Vec<usize>,
    /// Their portfolios among all.
    whole: Vec<usize>,
    /// Their portfolios within their group.
    within: Vec<usize>,
}

impl Grouping<'_> {
    /// All horizons; `label` gives the group of a name at a time.
    pub fn horizons(&self, horizons: &[String], label: impl Fn(usize, usize) -> Option<usize> + Sync) -> Vec<Grouped> {
        let times: Vec<usize> = judged(self.sections).map(|(t, _)| t).collect();
        let members: Vec<Members> = times.par_iter().map(|t| self.members(*t, &label)).collect();
        let one = |(h, horizon): (usize, &String)| {
            let of_time = |(t, members): (&usize, &Members)| self.row((h, *t), members);
            let rows: Vec<Vec<f64>> = times.par_iter().zip(&members).map(of_time).collect();
            self.grouped(horizon, &rows, self.pass.schedule.bars[h])
        };
        horizons.iter().enumerate().map(one).collect()
    }

    /// The names of a time.
    fn members(&self, t: usize, label: &impl Fn(usize, usize) -> Option<usize>) -> Members {
        let ranks = self.sections.ranks.row(t).iter().enumerate().filter(|(_, rank)| **rank > 0);
        let mut all: Vec<(usize, u32)> = ranks.filter_map(|(name, _)| Some((label(t, name)?, name as u32))).collect();
        all.sort_unstable();
        let (mut ranker, mut doubled, mut quantiles) = (Ranker::default(), Vec::new(), Vec::new());
        let mut within = Vec::with_capacity(all.len());
        for group in all.chunk_by(|a, b| a.0 == b.0) {
            let values: Vec<f64> = group.iter().map(|(_, name)| self.factor.at(t, *name as usize)).collect();
            ranker.rank(&values, &mut doubled);
            self.pass.rules.rule.assign(&values, &doubled, self.pass.rules.n_quantiles, &mut quantiles);
            within.extend(quantiles.iter().map(|quantile| usize::from(*quantile)));
        }
        let whole = all.iter().map(|(_, name)| usize::from(self.sections.quantiles.at(t, *name as usize))).collect();
        let (groups, names) = all.into_iter().unzip();
        Members { names, groups, whole, within }
    }

    /// Places of a row: rank IC, weighted return, then for both ways of forming portfolios those of all and of each group,
    /// by portfolio raw, demeaned, adjusted.
    fn width(&self) -> usize {
        2 + 2 * self.formed_width()
    }

    /// Places of one way of forming portfolios.
    fn formed_width(&self) -> usize {
        3 * self.pass.rules.n_quantiles * (1 + self.names.len())
    }

    /// One time.
    fn row(&self, (h, t): (usize, usize), members: &Members) -> Vec<f64> {
        let mut out = vec![f64::NAN; self.width()];
        let mut returns = Vec::new();
        self.pass.market.returns(self.pass.schedule, (h, t), &members.names, &mut returns);
        let adjusted = less_group_means(&members.groups, &returns);
        let kept: Vec<usize> = (0..returns.len()).filter(|at| !returns[*at].is_nan()).collect();
        if kept.len() < self.pass.rules.min_names {
            return out;
        }
        let mean = kept.iter().map(|at| returns[*at]).sum::<f64>() / kept.len() as f64;
        let values: Vec<f64> = members.names.iter().map(|name| self.factor.at(t, *name as usize)).collect();
        out[0] = spearman(&kept, &values, &adjusted);
        out[1] = weighted(&members.groups, &values, &returns);
        let n_quantiles = self.pass.rules.n_quantiles;
        for (way, quantiles) in [&members.whole, &members.within].into_iter().enumerate() {
            let begin = 2 + way * self.formed_width();
            let mut sums = vec![(0.0, [0.0; 3]); self.formed_width() / 3];
            for &at in kept.iter().filter(|at| quantiles[**at] > 0) {
                for block in [0, 1 + members.groups[at]] {
                    let (n, sums) = &mut sums[block * n_quantiles + quantiles[at] - 1];
                    *n += 1.0;
                    let kinds = [returns[at], returns[at] - mean, adjusted[at]];
                    sums.iter_mut().zip(kinds).for_each(|(sum, value)| *sum += value);
                }
            }
            for (place, (n, sums)) in sums.into_iter().enumerate().filter(|(_, (n, _))| *n > 0.0) {
                let to = &mut out[begin + 3 * place..begin + 3 * place + 3];
                to.iter_mut().zip(sums).for_each(|(to, sum)| *to = sum / n);
            }
        }
        out
    }

    /// Statistics over times.
    fn grouped(&self, horizon: &str, rows: &[Vec<f64>], bars: usize) -> Grouped {
        let column = |place: usize| rows.iter().map(move |row| row[place]);
        let n_quantiles = self.pass.rules.n_quantiles;
        let block = |begin: usize| -> Vec<GroupQuantile> {
            let one = |q: usize| {
                let [raw, demeaned, adjusted] = [0, 1, 2].map(|kind| Mean::of(column(begin + 3 * q + kind), bars));
                GroupQuantile { quantile: q + 1, raw, demeaned, adjusted }
            };
            (0..n_quantiles).map(one).collect()
        };
        let formed = |begin: usize| {
            let group = |(at, name): (usize, &String)| GroupPortfolios {
                group: name.clone(),
                quantiles: block(begin + 3 * n_quantiles * (1 + at)),
            };
            Formed { quantiles: block(begin), groups: self.names.iter().enumerate().map(group).collect() }
        };
        Grouped {
            horizon: horizon.to_owned(),
            rank_ic_adjusted: MeanStatistics::of(column(0), bars),
            weighted: MeanStatistics::of(column(1), bars),
            of_all: formed(2),
            within_groups: formed(2 + self.formed_width()),
        }
    }
}

/// Returns less the mean of their group, which lies together; missing stays missing.
fn less_group_means(groups: &[usize], returns: &[f64]) -> Vec<f64> {
    let mut out = Vec::with_capacity(returns.len());
    for group in groups.chunk_by(|a, b| a == b) {
        let of_group = &returns[out.len()..out.len() + group.len()];
        let there = of_group.iter().filter(|value| !value.is_nan());
        let (n, sum) = there.fold((0.0, 0.0), |(n, sum), value| (n + 1.0, sum + value));
        out.extend(of_group.iter().map(|value| value - sum / n));
    }
    out
}

/// Spearman's correlation of some values with some returns; NaN when undefined.
fn spearman(kept: &[usize], values: &[f64], returns: &[f64]) -> f64 {
    let mut ranker = Ranker::default();
    let [x, y] = [values, returns].map(|all| {
        let mut out = Vec::new();
        ranker.rank(&kept.iter().map(|at| all[*at]).collect::<Vec<f64>>(), &mut out);
        out
    });
    rank_correlation(&x, &y).unwrap_or(f64::NAN)
}

/// The return of weights `(f - mean f) / sum |f - mean f|` within each group, every group with the same capital; a missing
/// return counts as nothing. NaN when no group varies.
fn weighted(groups: &[usize], values: &[f64], returns: &[f64]) -> f64 {
    let (mut begin, mut n_groups, mut total) = (0, 0.0, 0.0);
    for group in groups.chunk_by(|a, b| a == b) {
        let range = begin..begin + group.len();
        begin = range.end;
        let of_group = &values[range.clone()];
        let mean = of_group[0] + of_group.iter().map(|value| value - of_group[0]).sum::<f64>() / of_group.len() as f64;
        let gross: f64 = of_group.iter().map(|value| (value - mean).abs()).sum();
        if gross > 0.0 {
            let pairs = of_group.iter().zip(&returns[range]).filter(|(_, r)| !r.is_nan());
            total += pairs.map(|(value, r)| (value - mean) / gross * r).sum::<f64>();
            n_groups += 1.0;
        }
    }
    if n_groups > 0.0 { total / n_groups } else { f64::NAN }
}
