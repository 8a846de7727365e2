//! The first pass over time: at each time the cross-section of a factor beside the returns that follow.
//!
//! Blocks of times are worked on side by side; each time has a place of its own in the result, so the number of threads
//! cannot show. What later passes need of a cross-section, ranks and portfolios of the names, is kept as small whole
//! numbers.

use crosscut_kernels::ranks::{Ranker, correlation, rank_correlation};
use rayon::prelude::*;

use crate::market::{Market, Missing};
use crate::matrix::Matrix;
use crate::quantile::QuantileRule;
use crate::schedule::Schedule;

/// Times of one piece of work.
const BLOCK: usize = 64;

/// Most names of a cross-section: doubled ranks are kept in 16 bits.
pub const NAMES_MAX: usize = 32_767;

/// Which rows take part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// Each horizon on the names that have its return; portfolios from all names with a factor value.
    Each,
    /// Only names that have the returns of all horizons, in portfolios too, as alphalens does.
    Common,
}

/// How cross-sections are judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SectionRules {
    /// Number of portfolios.
    pub n_quantiles: usize,
    /// How names are divided.
    pub rule: QuantileRule,
    /// Which rows take part.
    pub rows: Rows,
    /// Fewest names of a cross-section that is judged.
    pub min_names: usize,
}

/// Number, mean and squares of some returns.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Moments {
    /// Number of returns.
    pub n: f64,
    /// Their mean; 0 without returns.
    pub mean: f64,
    /// Sum of the squares of their distances from the mean.
    pub squares: f64,
}

impl Moments {
    /// Of a list of returns.
    fn of(values: impl Iterator<Item = f64> + Clone) -> Self {
        let (n, sum) = values.clone().fold((0.0, 0.0), |(n, sum), value| (n + 1.0, sum + value));
        if n == 0.0 {
            return Self::default();
        }
        let mean = sum / n;
        Self { n, mean, squares: values.map(|value| (value - mean) * (value - mean)).sum() }
    }

    /// Takes in others (Chan, Golub, LeVeque 1979).
    pub fn add(&mut self, other: &Self) {
        let n = self.n + other.n;
        if other.n > 0.0 {
            let distance = other.mean - self.mean;
            self.squares += other.squares + distance * distance * self.n * other.n / n;
            self.mean += distance * other.n / n;
            self.n = n;
        }
    }

    /// The same returns less a constant.
    pub fn shifted(&self, by: f64) -> Self {
        Self { mean: self.mean - by, ..*self }
    }

    /// Standard error of the mean, sample deviation over root of n; `None` below two returns.
    pub fn error(&self) -> Option<f64> {
        (self.n > 1.0).then(|| (self.squares / (self.n - 1.0)).sqrt() / self.n.sqrt())
    }

    /// The mean; `None` without returns.
    pub fn defined_mean(&self) -> Option<f64> {
        (self.n > 0.0).then_some(self.mean)
    }
}

/// One horizon at one time; NaN where undefined.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Names with a return; 0 when they are too few.
    pub n: u32,
    /// Spearman's rank correlation of factor and return.
    pub rank_ic: f64,
    /// Pearson's correlation of factor and return.
    pub ic: f64,
    /// Mean return of the names.
    pub market: f64,
    /// Return of the factor-weighted portfolio: weights `(f - mean f) / sum |f - mean f|`.
    pub weighted: f64,
    /// Funding the factor-weighted portfolio pays.
    pub weighted_funding: f64,
    /// Share of the names of the highest portfolio that did better than the mean.
    pub top_hits: f64,
    /// Returns of each portfolio.
    pub quantiles: Vec<Moments>,
    /// Mean funding that a long position in each portfolio pays; empty without funding.
    pub funding: Vec<f64>,
}

/// One time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Section {
    /// Names that take part.
    pub n: u32,
    /// Mean of their factor values.
    pub center: f64,
    /// Sum of the distances of their factor values from the mean.
    pub gross: f64,
    /// One per horizon; empty when there are too few names.
    pub outcomes: Vec<Outcome>,
}

/// Rows that did not take part, by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Rows of the factor with a value, before anything else.
    pub n_values: u64,
    /// Rows at times with too few names, or too few with a return over the first horizon.
    pub too_few_names: u64,
    /// Rows left out because some horizon has no return (only with [`Rows::Common`]).
    pub incomplete: u64,
}

/// The cross-sections of one factor.
#[derive(Debug, Clone)]
pub struct Sections {
    /// One per time.
    pub rows: Vec<Section>,
    /// Doubled average ranks of the names that take part, 0 for the others.
    pub ranks: Matrix<u16>,
    /// Portfolios of the names that take part, 0 for the others.
    pub quantiles: Matrix<u8>,
    /// Rows that did not take part.
    pub dropped: Dropped,
    /// Missing returns per horizon.
    pub missing: Vec<Missing>,
}

/// Where the factor values of a time come from.
pub trait FactorRows: Sync {
    /// The values of all symbols at a time; missing is NaN. `room` may be used for them.
    fn row<'a>(&'a self, t: usize, room: &'a mut Vec<f64>) -> &'a [f64];
}

impl FactorRows for Matrix {
    fn row<'a>(&'a self, t: usize, _: &'a mut Vec<f64>) -> &'a [f64] {
        self.row(t)
    }
}

/// Room for one cross-section, reused from time to time.
#[derive(Debug, Default)]
struct Room {
    /// Transformed factor values.
    row: Vec<f64>,
    /// Names that take part.
    names: Vec<u32>,
    /// Their factor values.
    factor: Vec<f64>,
    /// Their returns, per horizon.
    returns: Vec<Vec<f64>>,
    /// Which of those are missing, per horizon.
    missing: Vec<Missing>,
    /// Their doubled ranks.
    ranks: Vec<u32>,
    /// Their portfolios.
    quantiles: Vec<u8>,
    /// Positions of those with a return.
    with_return: Vec<u32>,
    /// Ranks of those with a return.
    x: Vec<u32>,
    /// Ranks of the returns.
    y: Vec<u32>,
    /// Factor values of those with a return.
    f: Vec<f64>,
    /// The returns there are.
    r: Vec<f64>,
    /// For sorting.
    ranker: Ranker,
}

/// What a pass works on.
#[derive(Clone, Copy)]
pub struct Pass<'a> {
    /// Prices.
    pub market: &'a Market,
    /// When positions are entered and left.
    pub schedule: &'a Schedule,
    /// How cross-sections are judged.
    pub rules: SectionRules,
}

/// Counts of one block.
#[derive(Debug, Default)]
struct Counts {
    /// Rows that did not take part.
    dropped: Dropped,
    /// Missing returns per horizon.
    missing: Vec<Missing>,
}

impl Pass<'_> {
    /// The cross-sections of a factor at all times.
    pub fn run(&self, factor: &impl FactorRows) -> Sections {
        let (n_times, width) = (self.market.times.len(), self.market.symbols.len());
        let mut ranks = Matrix::filled(n_times, width, 0u16);
        let mut quantiles = Matrix::filled(n_times, width, 0u8);
        let piece = BLOCK * width.max(1);
        let blocks: Vec<(Vec<Section>, Counts)> = ranks
            .values_mut()
            .par_chunks_mut(piece)
            .zip(quantiles.values_mut().par_chunks_mut(piece))
            .enumerate()
            .map_init(Room::default, |room, (block, (ranks, quantiles))| {
                let mut counts =
                    Counts { missing: vec![Missing::default(); self.schedule.exits.len()], ..Counts::default() };
                let places = ranks.chunks_mut(width).zip(quantiles.chunks_mut(width)).enumerate();
                let sections = places
                    .map(|(at, place)| self.section(block * BLOCK + at, factor, place, (&mut *room, &mut counts)))
                    .collect();
                (sections, counts)
            })
            .collect();
        let mut out = Sections {
            rows: Vec::with_capacity(n_times),
            ranks,
            quantiles,
            dropped: Dropped::default(),
            missing: vec![Missing::default(); self.schedule.exits.len()],
        };
        for (sections, counts) in blocks {
            out.rows.extend(sections);
            out.dropped.n_values += counts.dropped.n_values;
            out.dropped.too_few_names += counts.dropped.too_few_names;
            out.dropped.incomplete += counts.dropped.incomplete;
            out.missing.iter_mut().zip(&counts.missing).for_each(|(total, one)| total.add(one));
        }
        out
    }

    /// One time; `place` receives ranks and portfolios.
    fn section(
        &self,
        t: usize,
        factor: &impl FactorRows,
        place: (&mut [u16], &mut [u8]),
        (room, counts): (&mut Room, &mut Counts),
    ) -> Section {
        self.gather(t, factor, room, counts);
        let n = room.names.len();
        if n < self.rules.min_names.max(1) {
            counts.dropped.too_few_names += n as u64;
            return Section::default();
        }
        counts.missing.iter_mut().zip(&room.missing).for_each(|(total, one)| total.add(one));
        room.ranker.rank(&room.factor, &mut room.ranks);
        self.rules.rule.assign(&room.factor, &room.ranks, self.rules.n_quantiles, &mut room.quantiles);
        for ((&name, &rank), &quantile) in room.names.iter().zip(&room.ranks).zip(&room.quantiles) {
            place.0[name as usize] = rank as u16;
            place.1[name as usize] = quantile;
        }
        // Relative to one of the values, so that the mean of values of any size is that of their differences.
        let level = room.factor[0];
        let center = level + room.factor.iter().map(|value| value - level).sum::<f64>() / n as f64;
        let gross = room.factor.iter().map(|value| (value - center).abs()).sum();
        let mut section = Section { n: n as u32, center, gross, outcomes: Vec::new() };
        for h in 0..self.schedule.exits.len() {
            let mut outcome = self.outcome((h, t), &section, room);
            if (outcome.n as usize) < self.rules.min_names.max(1) {
                counts.dropped.too_few_names += if h == 0 { u64::from(outcome.n) } else { 0 };
                outcome.n = 0;
            }
            section.outcomes.push(outcome);
        }
        section
    }

    /// The names that take part with their factor values and returns.
    fn gather(&self, t: usize, factor: &impl FactorRows, room: &mut Room, counts: &mut Counts) {
        let n_horizons = self.schedule.exits.len();
        let values = factor.row(t, &mut room.row);
        room.names.clear();
        room.names.extend((0..).zip(values).filter(|(_, value)| value.is_finite()).map(|(name, _): (u32, _)| name));
        room.factor.clear();
        room.factor.extend(room.names.iter().map(|&name| values[name as usize]));
        counts.dropped.n_values += room.names.len() as u64;
        room.returns.resize_with(n_horizons, Vec::new);
        room.missing.resize(n_horizons, Missing::default());
        for h in 0..n_horizons {
            room.missing[h] = self.market.returns(self.schedule, (h, t), &room.names, &mut room.returns[h]);
        }
        if self.rules.rows == Rows::Common {
            let Room { names, factor, returns, .. } = room;
            let mut kept = 0;
            for at in 0..names.len() {
                if returns.iter().all(|values| !values[at].is_nan()) {
                    names[kept] = names[at];
                    factor[kept] = factor[at];
                    returns.iter_mut().for_each(|values| values[kept] = values[at]);
                    kept += 1;
                }
            }
            counts.dropped.incomplete += (names.len() - kept) as u64;
            names.truncate(kept);
            factor.truncate(kept);
            returns.iter_mut().for_each(|values| values.truncate(kept));
        }
    }

    /// One horizon of a cross-section.
    fn outcome(&self, (h, t): (usize, usize), section: &Section, room: &mut Room) -> Outcome {
        let Room { names, factor, returns, ranks, quantiles, with_return, x, y, f, r, ranker, .. } = room;
        let returns = &returns[h];
        with_return.clear();
        with_return.extend((0..).zip(returns).filter(|(_, value)| !value.is_nan()).map(|(at, _): (u32, _)| at));
        let pick = |at: &u32| *at as usize;
        x.clear();
        x.extend(with_return.iter().map(|at| ranks[pick(at)]));
        f.clear();
        f.extend(with_return.iter().map(|at| factor[pick(at)]));
        r.clear();
        r.extend(with_return.iter().map(|at| returns[pick(at)]));
        if with_return.len() < returns.len() {
            ranker.rank_again(x, y);
            std::mem::swap(x, y);
        }
        ranker.rank(r, y);
        let is_enough = r.len() >= self.rules.min_names.max(1);
        let judged = |value: Option<f64>| value.filter(|_| is_enough).unwrap_or(f64::NAN);
        let all = Moments::of(r.iter().copied());
        let market = judged(all.defined_mean());
        let moments: Vec<Moments> = if is_enough {
            portfolio_moments(with_return, r, quantiles, self.rules.n_quantiles)
        } else {
            vec![Moments::default(); self.rules.n_quantiles]
        };
        let n_top = moments.last().map_or(0.0, |top| top.n);
        let is_top = |at: &u32| usize::from(quantiles[pick(at)]) == self.rules.n_quantiles;
        let hits = with_return.iter().zip(r.iter()).filter(|(at, value)| **value > market && is_top(at)).count() as f64;
        let weigh = |value: f64| (value - section.center) / section.gross;
        let weighted: f64 = f.iter().zip(r.iter()).map(|(f, r)| weigh(*f) * r).sum();
        let (weighted_funding, funding) = self.funding((h, t), (names, with_return), (factor, section), quantiles);
        Outcome {
            n: r.len() as u32,
            rank_ic: judged(rank_correlation(x, y)),
            ic: judged(correlation(f, r)),
            market,
            weighted: judged(Some(weighted).filter(|_| section.gross > 0.0)),
            weighted_funding,
            top_hits: judged(Some(hits / n_top).filter(|_| n_top > 0.0)),
            quantiles: moments,
            funding,
        }
    }

    /// Funding of the factor-weighted portfolio, and the mean of each portfolio, over the names that have a return: what
    /// could not be held pays nothing.
    fn funding(
        &self,
        (h, t): (usize, usize),
        (names, with_return): (&[u32], &[u32]),
        (factor, section): (&[f64], &Section),
        quantiles: &[u8],
    ) -> (f64, Vec<f64>) {
        if self.market.funding.is_none() {
            return (0.0, Vec::new());
        }
        let (entry, exit) = (self.schedule.entry[t], self.schedule.exits[h][t]);
        let mut sums = vec![(0.0, 0.0); self.rules.n_quantiles];
        let mut weighted = 0.0;
        for at in with_return.iter().map(|at| *at as usize) {
            let paid = self.market.funding_between(entry, exit, names[at]);
            let (n, sum) = &mut sums[usize::from(quantiles[at]) - 1];
            *n += 1.0;
            *sum += paid;
            if section.gross > 0.0 {
                weighted += (factor[at] - section.center) / section.gross * paid;
            }
        }
        (weighted, sums.iter().map(|(n, sum)| if *n > 0.0 { sum / n } else { 0.0 }).collect())
    }
}

/// Number, mean and squares of the returns of each portfolio.
fn portfolio_moments(with_return: &[u32], returns: &[f64], quantiles: &[u8], n_quantiles: usize) -> Vec<Moments> {
    let mut out = vec![Moments::default(); n_quantiles];
    let place = |at: &u32| usize::from(quantiles[*at as usize]) - 1;
    for (at, value) in with_return.iter().zip(returns) {
        let moments = &mut out[place(at)];
        moments.n += 1.0;
        moments.mean += value;
    }
    out.iter_mut().filter(|moments| moments.n > 0.0).for_each(|moments| moments.mean /= moments.n);
    for (at, value) in with_return.iter().zip(returns) {
        let moments = &mut out[place(at)];
        moments.squares += (value - moments.mean) * (value - moments.mean);
    }
    out
}
