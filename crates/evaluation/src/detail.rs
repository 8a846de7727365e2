//! One factor looked at closely: neutral variants, exposures, redundancy, stability, capacity, and the series behind the
//! plots.

use crosscut_kernels::metrics::tail::median;
use rayon::prelude::*;
use serde::Serialize;

use crate::around::{Around, around};
use crate::config::EvaluationConfig;
use crate::contents::{Values, values};
use crate::exposure::{CHARACTERISTICS, Exposures};
use crate::grouped::{Grouped, Grouping};
use crate::load::{Frame, RowCounts};
use crate::matrix::Matrix;
use crate::neutral::{BetaNeutral, GroupNeutral, Groups};
use crate::portfolio::{KINDS, PortfolioSeries};
use crate::redundancy::{Beside, Joint, Others, between, joint, sampled_returns};
use crate::sample::{Sample, SampledFactor};
use crate::section::{FactorRows, Moments, Outcome, Sections};
use crate::series::MeanStatistics;
use crate::stability::{Decay, Month, Part, ages, among, decay, months, states, years};
use crate::summary::{Changes, FactorSummary, Summing, judged};
use crate::turnover::Change;

/// How a factor goes with a characteristic of the names.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Exposure {
    /// Name of the characteristic.
    pub characteristic: String,
    /// What it is.
    pub meaning: String,
    /// Rank correlation of the factor with it.
    pub correlation: MeanStatistics,
}

/// A factor made neutral.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Variant {
    /// `group-neutral`, `beta-neutral`.
    pub variant: String,
    /// Its summary.
    pub summary: FactorSummary,
}

/// Values far from the rest, at the sampled times.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outliers {
    /// Values looked at.
    pub n: u64,
    /// Share farther from the median of their time than 5 scaled median absolute deviations.
    pub beyond_5: Option<f64>,
    /// The same for 10.
    pub beyond_10: Option<f64>,
    /// Largest distance from the median, in scaled median absolute deviations.
    pub largest: Option<f64>,
    /// Share of values that are shared with another name at the time.
    pub tied: Option<f64>,
}

/// How much money the long-short portfolio takes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Capacity {
    /// Share of a bar's mean dollar volume that entering a position may take.
    pub participation: f64,
    /// Capital, quote units, at which entering the median name takes that share: median over times.
    pub median_name: Option<f64>,
    /// The same for the name at the lowest tenth of volume.
    pub thin_name: Option<f64>,
}

/// How often a symbol takes part.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SymbolCoverage {
    /// The symbol.
    pub symbol: String,
    /// Times it took part.
    pub times: usize,
    /// Times of those with a price at which it did not.
    pub missing: usize,
}

/// Series over judged times, for plots and tables.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Curves {
    /// Labels.
    pub times: Vec<i64>,
    /// Names at each time.
    pub n_names: Vec<f64>,
    /// Rank IC per horizon.
    pub rank_ic: Vec<Vec<f64>>,
    /// Pearson IC per horizon.
    pub ic: Vec<Vec<f64>>,
    /// Mean return of each portfolio, per horizon.
    pub quantiles: Vec<Vec<Vec<f64>>>,
    /// Mean return of all names per horizon.
    pub market: Vec<Vec<f64>>,
    /// Gross returns of each kind of portfolio, per horizon.
    pub gross: Vec<Vec<Vec<f64>>>,
    /// Net returns of each kind of portfolio, per horizon.
    pub net: Vec<Vec<Vec<f64>>>,
    /// Standard error of the spread at each time, from the returns of the two portfolios at the time, per horizon.
    pub spread_error: Vec<Vec<f64>>,
    /// Changes over one bar, then over each horizon that is longer.
    pub changes: Vec<ChangeCurves>,
}

/// Changes over a number of bars, at each judged time; NaN at the first ones.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangeCurves {
    /// Number of bars.
    pub bars: usize,
    /// Turnover of each portfolio.
    pub turnover: Vec<Vec<f64>>,
    /// Rank autocorrelation.
    pub rank_autocorrelation: Vec<f64>,
}

impl ChangeCurves {
    /// Of the changes over `bars` bars, for `n` judged times.
    fn of(changes: &[Change], bars: usize, (n, n_quantiles): (usize, usize)) -> Self {
        let series = |value: &dyn Fn(&Change) -> f64| -> Vec<f64> {
            std::iter::repeat_n(f64::NAN, n - changes.len()).chain(changes.iter().map(value)).collect()
        };
        Self {
            bars,
            turnover: (0..n_quantiles).map(|q| series(&|change| change.turnover[q])).collect(),
            rank_autocorrelation: series(&|change| change.rank_autocorrelation),
        }
    }
}

/// One factor looked at closely.
#[derive(Debug, Clone, Serialize)]
pub struct Detail {
    /// The factor, with confidence bands.
    pub summary: FactorSummary,
    /// By year.
    pub years: Vec<Part>,
    /// By month.
    pub months: Vec<Month>,
    /// By state of the market.
    pub states: Vec<Part>,
    /// By age of the listing.
    pub ages: Vec<Part>,
    /// By group.
    pub groups: Vec<Part>,
    /// The factor acted on late.
    pub decay: Vec<Decay>,
    /// Bars after which half of the rank IC is left.
    pub ic_half_life_bars: Option<f64>,
    /// Neutral variants.
    pub variants: Vec<Variant>,
    /// Exposures to characteristics.
    pub exposures: Vec<Exposure>,
    /// What is left when all characteristics are taken out.
    pub beyond_exposures: Option<Joint>,
    /// The factor beside every other, the most correlated first.
    pub beside: Vec<Beside>,
    /// What is left when the closest others are taken out.
    pub beyond_others: Option<Joint>,
    /// Returns before and after decisions.
    pub around: Vec<Around>,
    /// Factor values of each portfolio.
    pub values: Vec<Values>,
    /// Portfolios and returns by group, per horizon; empty without groups.
    pub by_group: Vec<Grouped>,
    /// Values far from the rest.
    pub outliers: Outliers,
    /// Capacity of the long-short portfolio.
    pub capacity: Capacity,
    /// Symbols that are missing most.
    pub symbols: Vec<SymbolCoverage>,
    /// Series over time.
    #[serde(skip)]
    pub curves: Curves,
}

/// A factor after the passes.
pub struct Seen {
    /// Its values by time and symbol.
    pub values: Matrix,
    /// Its cross-sections.
    pub sections: Sections,
    /// Its changes between times.
    pub changes: Changes,
    /// Its summary, with confidence bands.
    pub summary: FactorSummary,
}

/// What details are made with.
pub struct Close<'a> {
    /// Prices.
    pub frame: &'a Frame,
    /// What was asked for.
    pub config: &'a EvaluationConfig,
    /// How summaries are made.
    pub summing: Summing<'a>,
    /// Characteristics of the names.
    pub exposures: &'a Exposures,
    /// The times they are known at.
    pub sample: &'a Sample,
    /// Other factors.
    pub others: &'a Others,
    /// Groups, when there is a file.
    pub groups: Option<&'a Groups>,
}

/// Symbols listed among those that are missing most.
const SYMBOLS: usize = 20;

impl Close<'_> {
    /// The passes over a factor.
    pub fn see(&self, name: &str, (values, rows): (Matrix, RowCounts)) -> Seen {
        let sections = self.summing.pass.run(&values);
        let (summary, changes) = self.summing.summary(name, &sections, (&values, rows));
        Seen { values, sections, changes, summary }
    }

    /// Looks closely at a factor.
    pub fn detail(&self, name: &str, seen: Seen) -> Detail {
        let pass = &self.summing.pass;
        let Seen { values: factor, sections, changes, summary } = seen;
        let (decay, ic_half_life_bars) = decay(pass, &sections);
        let (exposures, beyond_exposures) = self.exposures(&sections);
        let timeframe = self.config.timeframe.to_string();
        let (beside, beyond_others) = self.others.beside((&timeframe, &self.config.factor_set, name), &sections);
        Detail {
            years: years(pass, &sections),
            months: months(pass, &sections),
            states: states(pass, &sections, self.exposures),
            ages: ages(pass, &sections, &self.frame.first_seen),
            groups: self.groups(&sections),
            decay,
            ic_half_life_bars,
            variants: self.variants(name, &factor),
            exposures,
            beyond_exposures,
            beside,
            beyond_others,
            around: around(pass, &sections, &self.sample.times),
            values: values(&sections, &factor, self.config.n_quantiles),
            by_group: self.by_group(&sections, &factor),
            outliers: self.outliers(&factor),
            capacity: self.capacity(&sections),
            symbols: self.symbols(&sections),
            curves: self.curves(&sections, &changes),
            summary,
        }
    }

    /// Rank IC within each group.
    fn groups(&self, sections: &Sections) -> Vec<Part> {
        let Some(groups) = self.groups else { return Vec::new() };
        let times = &self.frame.market.times;
        among(&self.summing.pass, sections, &groups.names, |t, name| groups.place(name, times[t]))
    }

    /// Portfolios and returns by group.
    fn by_group(&self, sections: &Sections, factor: &Matrix) -> Vec<Grouped> {
        let Some(groups) = self.groups else { return Vec::new() };
        let times = &self.frame.market.times;
        let horizons: Vec<String> = self.config.horizons.iter().map(ToString::to_string).collect();
        let grouping = Grouping { pass: self.summing.pass, sections, factor, names: &groups.names };
        grouping.horizons(&horizons, |t, name| groups.place(name, times[t]))
    }

    /// The factor made neutral.
    fn variants(&self, name: &str, factor: &Matrix) -> Vec<Variant> {
        let plain = Summing { n_draws: 0, ..self.summing };
        let mut out = Vec::new();
        let mut add =
            |variant: &str, summary: FactorSummary| out.push(Variant { variant: variant.to_owned(), summary });
        if let Some(groups) = self.groups {
            let rows = GroupNeutral { factor, groups, times: &self.frame.market.times };
            add("group-neutral", variant(&plain, name, &rows));
        }
        add("beta-neutral", variant(&plain, name, &BetaNeutral { factor, beta: &self.exposures.beta }));
        out
    }

    /// Rank correlations with the characteristics, and what is left without them.
    fn exposures(&self, sections: &Sections) -> (Vec<Exposure>, Option<Joint>) {
        let factor = self.sample.from_ranks(&sections.ranks);
        let fill = |matrix: &Matrix<f32>, at: usize, row: &mut Vec<f64>| {
            row.extend(matrix.row(at).iter().map(|x| f64::from(*x)))
        };
        let ranked = |matrix: &Matrix<f32>| self.sample.ranked(|at, row| fill(matrix, at, row));
        let characteristics: Vec<SampledFactor> = self.exposures.at_sample.par_iter().map(ranked).collect();
        let exposure = |((name, meaning), values): (&(&str, &str), &SampledFactor)| Exposure {
            characteristic: (*name).to_owned(),
            meaning: (*meaning).to_owned(),
            correlation: MeanStatistics::of(between(&factor, values, self.sample).into_iter(), 1),
        };
        let exposures = CHARACTERISTICS.iter().zip(&characteristics).map(exposure).collect();
        let schedule = self.summing.pass.schedule;
        let returns = sampled_returns(self.frame, schedule, self.sample);
        let regressors: Vec<&SampledFactor> = characteristics.iter().collect();
        let names = CHARACTERISTICS.map(|(name, _)| name.to_owned()).to_vec();
        let left = joint(&factor, &regressors, (&returns, self.sample.overlap(schedule.bars[0])), self.sample);
        (exposures, left.map(|joint| Joint { others: names, ..joint }))
    }

    /// Values far from the rest.
    fn outliers(&self, factor: &Matrix) -> Outliers {
        let (mut n, mut tied, mut beyond, mut largest) = (0u64, 0u64, [0u64; 2], 0.0f64);
        let mut measured = 0u64;
        for &t in &self.sample.times {
            let mut values: Vec<f64> = factor.row(t).iter().copied().filter(|x| x.is_finite()).collect();
            values.sort_unstable_by(f64::total_cmp);
            n += values.len() as u64;
            tied +=
                values.chunk_by(|a, b| a == b).filter(|ties| ties.len() > 1).map(|ties| ties.len() as u64).sum::<u64>();
            let middle = median(&values).unwrap_or(f64::NAN);
            let mut distances: Vec<f64> = values.iter().map(|x| (x - middle).abs()).collect();
            distances.sort_unstable_by(f64::total_cmp);
            // 1.4826: the deviation of a normal distribution over its median absolute deviation.
            let scale = 1.4826 * median(&distances).unwrap_or(0.0);
            if scale > 0.0 {
                measured += distances.len() as u64;
                beyond[0] += distances.iter().filter(|d| **d > 5.0 * scale).count() as u64;
                beyond[1] += distances.iter().filter(|d| **d > 10.0 * scale).count() as u64;
                largest = largest.max(distances.last().copied().unwrap_or(0.0) / scale);
            }
        }
        let share = |count: u64, of: u64| (of > 0).then(|| count as f64 / of as f64);
        Outliers {
            n,
            beyond_5: share(beyond[0], measured),
            beyond_10: share(beyond[1], measured),
            largest: (measured > 0).then_some(largest),
            tied: share(tied, n),
        }
    }

    /// How much money the long-short portfolio takes.
    fn capacity(&self, sections: &Sections) -> Capacity {
        let participation = self.config.participation;
        let top = self.config.n_quantiles as u8;
        let (mut middle, mut thin) = (Vec::new(), Vec::new());
        for (at, &t) in self.sample.times.iter().enumerate() {
            let quantiles = sections.quantiles.row(t);
            let side = |wanted: u8| quantiles.iter().filter(|q| **q == wanted).count() as f64;
            let sizes = (side(1), side(top));
            let volumes = self.exposures.dollar_volume.row(at);
            let name = |(q, volume): (&u8, &f32)| {
                let size = if *q == 1 { sizes.0 } else { sizes.1 };
                (*q == 1 || *q == top).then(|| participation * f64::from(*volume) * 2.0 * size)
            };
            let mut capitals: Vec<f64> =
                quantiles.iter().zip(volumes).filter_map(name).filter(|x| x.is_finite()).collect();
            capitals.sort_unstable_by(f64::total_cmp);
            middle.extend(median(&capitals));
            thin.extend(capitals.get(capitals.len() / 10));
        }
        Capacity { participation, median_name: median(&middle), thin_name: median(&thin) }
    }

    /// Symbols that are missing most.
    fn symbols(&self, sections: &Sections) -> Vec<SymbolCoverage> {
        let market = &self.frame.market;
        let width = market.symbols.len();
        let (mut taken, mut priced) = (vec![0usize; width], vec![0usize; width]);
        for (t, _) in judged(sections) {
            let row = market.base[t];
            if row == crate::schedule::NONE {
                continue;
            }
            let (ranks, prices) = (sections.ranks.row(t), market.prices.row(row as usize));
            for name in 0..width {
                taken[name] += usize::from(ranks[name] > 0);
                priced[name] += usize::from(ranks[name] > 0 || prices[name].is_finite());
            }
        }
        let coverage = |(name, symbol): (usize, &String)| SymbolCoverage {
            symbol: symbol.clone(),
            times: taken[name],
            missing: priced[name] - taken[name],
        };
        let mut out: Vec<SymbolCoverage> = market.symbols.iter().enumerate().map(coverage).collect();
        out.sort_by(|a, b| b.missing.cmp(&a.missing).then(a.symbol.cmp(&b.symbol)));
        out.retain(|symbol| symbol.missing > 0 || symbol.times == 0);
        out.truncate(SYMBOLS);
        out
    }

    /// The series behind the plots.
    fn curves(&self, sections: &Sections, changes: &Changes) -> Curves {
        let bars = &self.summing.pass.schedule.bars;
        let n_quantiles = self.config.n_quantiles;
        let all = || judged(sections).map(|(_, section)| section);
        let series = |h: usize, value: &dyn Fn(&Outcome) -> f64| -> Vec<f64> {
            all().map(|section| value(&section.outcomes[h])).collect()
        };
        let size = (all().count(), n_quantiles);
        let mut out = Curves {
            times: judged(sections).map(|(t, _)| self.frame.market.times[t]).collect(),
            n_names: all().map(|section| f64::from(section.n)).collect(),
            changes: vec![ChangeCurves::of(&changes.one, 1, size)],
            ..Curves::default()
        };
        for (h, &bars) in bars.iter().enumerate() {
            out.rank_ic.push(series(h, &|outcome| outcome.rank_ic));
            out.ic.push(series(h, &|outcome| outcome.ic));
            out.market.push(series(h, &|outcome| outcome.market));
            let mean = |q: usize| series(h, &|outcome| outcome.quantiles[q].defined_mean().unwrap_or(f64::NAN));
            out.quantiles.push((0..n_quantiles).map(mean).collect());
            out.spread_error.push(series(h, &spread_error));
            if bars > 1 {
                out.changes.push(ChangeCurves::of(&changes.horizons[h], bars, size));
            }
            let portfolios = PortfolioSeries::of(sections, (h, bars), &changes.horizons[h], self.config.costs);
            out.gross.push((0..KINDS.len()).map(|kind| portfolios.gross(kind).collect()).collect());
            out.net.push((0..KINDS.len()).map(|kind| portfolios.net(kind).collect()).collect());
        }
        out
    }
}

/// Standard error of the spread from the returns at one time; NaN when a portfolio has fewer than two.
fn spread_error(outcome: &Outcome) -> f64 {
    let error = |moments: Option<&Moments>| moments.and_then(Moments::error).unwrap_or(f64::NAN);
    let (high, low) = (error(outcome.quantiles.last()), error(outcome.quantiles.first()));
    (high * high + low * low).sqrt()
}

/// The summary of a variant.
fn variant(summing: &Summing<'_>, name: &str, rows: &impl FactorRows) -> FactorSummary {
    let sections = summing.pass.run(rows);
    let counts = RowCounts { rows: sections.dropped.n_values, ..RowCounts::default() };
    summing.summary(name, &sections, (rows, counts)).0
}

/// Level over time of capital split into parts that take turns, one of `bars` parts being put to work at each time:
/// running products of `1 + r / bars`; a missing return leaves the level.
pub fn level(returns: &[f64], bars: usize) -> Vec<f64> {
    let mut level = 1.0;
    let step = |r: &f64| {
        level *= 1.0 + Some(*r).filter(|r| r.is_finite()).unwrap_or(0.0) / bars as f64;
        level
    };
    returns.iter().map(step).collect()
}
