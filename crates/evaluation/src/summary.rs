//! What the passes over time say of one factor: one record per horizon. Undefined is `None`.

use crosscut_kernels::bootstrap::Bootstrap;
use crosscut_kernels::inference::ols;
use crosscut_kernels::metrics::mean;
use serde::Serialize;

use crate::config::Costs;
use crate::horizon::Horizon;
use crate::load::RowCounts;
use crate::market::Missing;
use crate::monotonic::{Monotonicity, monotonicity};
use crate::portfolio::{Portfolio, PortfolioSeries};
use crate::section::{FactorRows, Moments, Pass, Section, Sections};
use crate::series::{MeanStatistics, Shape, block_length, lags_for};
use crate::turnover::{Change, changes};

/// One portfolio by quantile over all times.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct QuantileStatistics {
    /// Number of the portfolio, 1 for the smallest factor values.
    pub quantile: usize,
    /// Returns in it, over all times.
    pub n: u64,
    /// Mean of all its returns.
    pub mean: Option<f64>,
    /// Standard error of that mean as if all returns were independent.
    pub error: Option<f64>,
    /// Mean of all its returns less the mean of their times.
    pub demeaned_mean: Option<f64>,
    /// Standard error of that as if independent.
    pub demeaned_error: Option<f64>,
    /// The mean return of each time, over times, with the error that allows for overlap.
    pub by_time: MeanStatistics,
    /// The same less the mean of the time.
    pub demeaned_by_time: MeanStatistics,
    /// Mean share of names that were not in it a horizon before.
    pub turnover: Option<f64>,
    /// Mean share of names that were not in it a bar before.
    pub turnover_1: Option<f64>,
}

/// A regression of the factor-weighted portfolio on the market: the mean of all names.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MarketFit {
    /// Return per horizon that the market does not explain.
    pub alpha: f64,
    /// The same per year, compounded.
    pub alpha_annual: Option<f64>,
    /// Its t by Newey-West.
    pub alpha_t: Option<f64>,
    /// Slope.
    pub beta: f64,
    /// Its t against 0 by Newey-West.
    pub beta_t: Option<f64>,
}

/// One horizon of a factor.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HorizonSummary {
    /// The horizon as it was asked for.
    pub horizon: String,
    /// The same in words.
    pub words: String,
    /// Bars of the factor it usually takes.
    pub bars: usize,
    /// Returns that took part.
    pub n_returns: u64,
    /// Returns that are missing, by reason.
    pub missing: MissingReturns,
    /// Rank IC (Spearman).
    pub rank_ic: MeanStatistics,
    /// Shape of its distribution over times.
    pub rank_ic_shape: Shape,
    /// IC (Pearson).
    pub ic: MeanStatistics,
    /// Shape of its distribution over times.
    pub ic_shape: Shape,
    /// Portfolios by quantile, lowest first.
    pub quantiles: Vec<QuantileStatistics>,
    /// Highest less lowest portfolio.
    pub spread: MeanStatistics,
    /// Whether returns rise from the lowest to the highest portfolio.
    pub monotonicity: Monotonicity,
    /// Mean share of the highest portfolio that did better than the mean of all names.
    pub hit_rate: Option<f64>,
    /// Portfolios that could be held, gross and net.
    pub portfolios: Vec<Portfolio>,
    /// The factor-weighted portfolio against the market.
    pub market_fit: Option<MarketFit>,
    /// Mean rank correlation of the factor with itself a horizon before.
    pub rank_autocorrelation: Option<f64>,
}

/// Missing returns, by reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct MissingReturns {
    /// The data end before the position is left.
    pub end_of_data: u64,
    /// No price at entry.
    pub no_entry_price: u64,
    /// No price at exit.
    pub no_exit_price: u64,
    /// Delisted meanwhile, and the rule drops it.
    pub delisted: u64,
}

impl From<Missing> for MissingReturns {
    fn from(missing: Missing) -> Self {
        let Missing { end_of_data, no_entry_price, no_exit_price, delisted } = missing;
        Self { end_of_data, no_entry_price, no_exit_price, delisted }
    }
}

/// Rows of a factor, and what became of them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Default)]
pub struct Coverage {
    /// Counts while loading.
    #[serde(flatten)]
    pub rows: RowCounts,
    /// Rows with a usable value.
    pub values: u64,
    /// Rows at times with too few names.
    pub too_few_names: u64,
    /// Rows without the returns of all horizons, where all are demanded.
    pub incomplete: u64,
    /// Times with a row.
    pub times: usize,
    /// Times that were judged.
    pub times_judged: usize,
    /// Mean number of names at a judged time.
    pub mean_names: Option<f64>,
    /// Share of rows that did not take part at the first horizon.
    pub loss: Option<f64>,
}

/// All of one factor that the passes say.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FactorSummary {
    /// Name.
    pub factor: String,
    /// Rows and what became of them.
    pub coverage: Coverage,
    /// Mean rank correlation of the factor with itself a bar before.
    pub rank_autocorrelation_1: Option<f64>,
    /// Bars after which that correlation, raised to their number, is a half.
    pub half_life_bars: Option<f64>,
    /// One per horizon.
    pub horizons: Vec<HorizonSummary>,
}

/// What summaries are made with.
#[derive(Clone, Copy)]
pub struct Summing<'a> {
    /// Prices, schedule, rules.
    pub pass: Pass<'a>,
    /// The horizons.
    pub horizons: &'a [Horizon],
    /// Costs.
    pub costs: Costs,
    /// Resampled series; 0 draws none.
    pub n_draws: usize,
    /// Seed.
    pub seed: u64,
    /// Bars of the factor per year.
    pub bars_per_year: f64,
}

/// Changes between times, for a lag of one bar and for each horizon.
pub struct Changes {
    /// Over one bar.
    pub one: Vec<Change>,
    /// Over each horizon.
    pub horizons: Vec<Vec<Change>>,
}

impl Changes {
    /// The changes of a factor.
    pub fn of(sections: &Sections, factor: &impl FactorRows, bars: &[usize]) -> Self {
        let one = changes(sections, factor, 1);
        let horizon = |&bars: &usize| if bars == 1 { one.clone() } else { changes(sections, factor, bars) };
        Self { horizons: bars.iter().map(horizon).collect(), one }
    }
}

/// Judged times, in order.
pub fn judged(sections: &Sections) -> impl Iterator<Item = (usize, &Section)> + Clone {
    sections.rows.iter().enumerate().filter(|(_, section)| !section.outcomes.is_empty())
}

/// The mean of the finite values.
pub fn finite_mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    mean(&values.filter(|value| value.is_finite()).collect::<Vec<f64>>())
}

impl Summing<'_> {
    /// The summary of anything that gives rows of values, and its changes between times.
    pub fn summary(
        &self,
        name: &str,
        sections: &Sections,
        (values, rows): (&impl FactorRows, RowCounts),
    ) -> (FactorSummary, Changes) {
        let changes = Changes::of(sections, values, &self.pass.schedule.bars);
        let horizons = (0..self.horizons.len()).map(|h| self.horizon(h, sections, &changes)).collect();
        let rank_autocorrelation_1 = finite_mean(changes.one.iter().map(|change| change.rank_autocorrelation));
        let half_life = |rho: f64| libm::log(0.5) / libm::log(rho);
        let summary = FactorSummary {
            factor: name.to_owned(),
            coverage: coverage(sections, rows),
            rank_autocorrelation_1,
            half_life_bars: rank_autocorrelation_1.filter(|rho| *rho > 0.0 && *rho < 1.0).map(half_life),
            horizons,
        };
        (summary, changes)
    }

    /// The bootstrap of a series of `n` values at horizon `h`.
    pub fn bootstrap(&self, h: usize, n: usize) -> Bootstrap {
        let block = block_length(n, self.pass.schedule.bars[h]);
        Bootstrap { n_draws: self.n_draws, block, seed: self.seed }
    }

    /// Statistics of a series at horizon `h`, with a band.
    pub fn statistics(&self, h: usize, values: impl Iterator<Item = f64>) -> MeanStatistics {
        let finite: Vec<f64> = values.filter(|value| value.is_finite()).collect();
        let statistics = MeanStatistics::of_finite(&finite, self.pass.schedule.bars[h]);
        statistics.with_band(&finite, self.pass.schedule.bars[h], (self.n_draws, self.seed))
    }

    /// One horizon.
    fn horizon(&self, h: usize, sections: &Sections, changes: &Changes) -> HorizonSummary {
        let outcomes = || judged(sections).map(move |(_, section)| &section.outcomes[h]);
        let bars = self.pass.schedule.bars[h];
        let series = PortfolioSeries::of(sections, (h, bars), &changes.horizons[h], self.costs);
        HorizonSummary {
            horizon: self.horizons[h].to_string(),
            words: self.horizons[h].words(),
            bars,
            n_returns: outcomes().map(|outcome| u64::from(outcome.n)).sum(),
            missing: sections.missing[h].into(),
            rank_ic: self.statistics(h, outcomes().map(|outcome| outcome.rank_ic)),
            rank_ic_shape: Shape::of(outcomes().map(|outcome| outcome.rank_ic)),
            ic: self.statistics(h, outcomes().map(|outcome| outcome.ic)),
            ic_shape: Shape::of(outcomes().map(|outcome| outcome.ic)),
            quantiles: self.quantiles(h, sections, changes),
            spread: self.statistics(h, outcomes().map(|outcome| spread(&outcome.quantiles))),
            monotonicity: monotonicity(
                outcomes().map(|outcome| &outcome.quantiles[..]),
                |n| self.bootstrap(h, n),
                bars,
            ),
            hit_rate: finite_mean(outcomes().map(|outcome| outcome.top_hits)),
            portfolios: series.portfolios(self.bars_per_year / bars as f64),
            market_fit: market_fit(sections, (h, bars), self.bars_per_year),
            rank_autocorrelation: finite_mean(changes.horizons[h].iter().map(|change| change.rank_autocorrelation)),
        }
    }

    /// The portfolios by quantile.
    fn quantiles(&self, h: usize, sections: &Sections, changes: &Changes) -> Vec<QuantileStatistics> {
        let bars = self.pass.schedule.bars[h];
        let turnover = |changes: &[Change], q: usize| finite_mean(changes.iter().map(|change| change.turnover[q]));
        (0..self.pass.rules.n_quantiles)
            .map(|q| {
                let (mut all, mut demeaned) = (Moments::default(), Moments::default());
                for (_, section) in judged(sections) {
                    let outcome = &section.outcomes[h];
                    all.add(&outcome.quantiles[q]);
                    demeaned.add(&outcome.quantiles[q].shifted(outcome.market));
                }
                let by_time = || {
                    judged(sections).filter_map(move |(_, section)| {
                        let outcome = &section.outcomes[h];
                        outcome.quantiles[q].defined_mean().map(|mean| (mean, mean - outcome.market))
                    })
                };
                QuantileStatistics {
                    quantile: q + 1,
                    n: all.n as u64,
                    mean: all.defined_mean(),
                    error: all.error(),
                    demeaned_mean: demeaned.defined_mean(),
                    demeaned_error: demeaned.error(),
                    by_time: MeanStatistics::of(by_time().map(|(mean, _)| mean), bars),
                    demeaned_by_time: MeanStatistics::of(by_time().map(|(_, mean)| mean), bars),
                    turnover: turnover(&changes.horizons[h], q),
                    turnover_1: turnover(&changes.one, q),
                }
            })
            .collect()
    }
}

/// Mean return of the highest less that of the lowest portfolio; NaN when one is empty.
pub fn spread(quantiles: &[Moments]) -> f64 {
    let mean = |moments: Option<&Moments>| moments.and_then(Moments::defined_mean).unwrap_or(f64::NAN);
    mean(quantiles.last()) - mean(quantiles.first())
}

/// What became of the rows of a factor.
fn coverage(sections: &Sections, rows: RowCounts) -> Coverage {
    let n_names = |(_, section): (usize, &Section)| f64::from(section.n);
    let used: u64 = judged(sections).filter_map(|(_, s)| s.outcomes.first()).map(|outcome| u64::from(outcome.n)).sum();
    Coverage {
        rows,
        values: sections.dropped.n_values,
        too_few_names: sections.dropped.too_few_names,
        incomplete: sections.dropped.incomplete,
        times: sections.rows.len(),
        times_judged: judged(sections).count(),
        mean_names: finite_mean(judged(sections).map(n_names)),
        loss: (rows.rows > 0).then(|| 1.0 - used as f64 / rows.rows as f64),
    }
}

/// The factor-weighted portfolio regressed on the market.
fn market_fit(sections: &Sections, (h, bars): (usize, usize), bars_per_year: f64) -> Option<MarketFit> {
    let pairs: Vec<(f64, f64)> = judged(sections)
        .map(|(_, section)| (section.outcomes[h].weighted, section.outcomes[h].market))
        .filter(|(weighted, market)| weighted.is_finite() && market.is_finite())
        .collect();
    let (weighted, market): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
    if weighted.len() < 3 {
        return None;
    }
    let fit = ols(&weighted, &[&market], lags_for(weighted.len(), bars))?;
    let t = |at: usize| Some(fit.coefficients[at] / fit.errors[at]).filter(|t| t.is_finite());
    let alpha = fit.coefficients[0];
    let annual = libm::pow(1.0 + alpha, bars_per_year / bars as f64) - 1.0;
    Some(MarketFit {
        alpha,
        alpha_annual: Some(annual).filter(|value| value.is_finite()),
        alpha_t: t(0),
        beta: fit.coefficients[1],
        beta_t: t(1),
    })
}

impl FactorSummary {
    /// What became of the rows, by reason, as far as there are any: what takes no part at the first horizon.
    pub fn drops(&self) -> String {
        let (coverage, rows) = (&self.coverage, &self.coverage.rows);
        // Where all returns are demanded the rows without one are those that are incomplete.
        let first = self.horizons.first().filter(|_| coverage.incomplete == 0);
        let missing = first.map(|horizon| horizon.missing).unwrap_or_default();
        let reasons = [
            (rows.missing, "without a value"),
            (rows.untradable, "not tradable"),
            (rows.late, "known late"),
            (rows.outside_pool, "outside the pool"),
            (coverage.too_few_names, "at times with too few names"),
            (coverage.incomplete, "without all returns"),
            (missing.no_entry_price, "without entry price"),
            (missing.no_exit_price, "without exit price"),
            (missing.delisted, "delisted"),
            (missing.end_of_data, "at the end of the data"),
        ];
        let there = reasons.iter().filter(|(n, _)| *n > 0).map(|(n, why)| format!("{n} {why}"));
        let list: Vec<String> = there.collect();
        let list = if list.is_empty() { "none dropped".to_owned() } else { list.join(", ") };
        format!("{} rows: {list}", rows.rows)
    }
}
