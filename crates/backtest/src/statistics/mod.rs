//! Luck and skill: what the results of many parameter sets are worth, given that they were many.
//!
//! Pure functions on plain slices: no files, no clock; seeds are handed in, and the same numbers come out for any number of
//! threads. A sweep condenses each set's returns with [`Condensed::new`] while they are at hand, and calls [`assess`] at
//! the end; [`surface::surface`] and [`surface::sensitivities`] take its parameters too. Formulas of one ratio are in
//! `kernels::metrics::probability`.
//!
//! Start reading at [`assess`], then [`condense`], [`trials`], [`overfitting`], [`superior`].

pub mod bands;
pub mod condense;
mod draws;
pub mod overfitting;
pub mod resample;
pub mod sharpe;
pub mod simulated;
pub mod superior;
pub mod surface;
#[cfg(test)]
mod tests;
pub mod trials;

use crosscut_kernels::bootstrap::quantiles;
use crosscut_kernels::metrics::probability::{annual_scale, min_backtest_years, min_track_record, probability_above};
use rayon::prelude::*;
use serde::Serialize;

pub use bands::Bands;
pub use condense::{Condensed, Grid};
pub use overfitting::Overfitting;
pub use resample::{BlockKind, BlockLength, Resampling, block_length};
pub use superior::{Centring, Superiority, SuperiorityTest};
pub use surface::{Ground, Neighbourhood, Sensitivity, sensitivities, surface};
pub use trials::Trials;

use draws::Draws;

/// How the statistics are made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LuckOptions {
    /// Periods of a year.
    pub periods_per_year: f64,
    /// Number of drawn histories.
    pub n_draws: usize,
    /// Length of blocks in periods; `None`: by [`block_length`], the middle of what the best set and sets spread evenly over
    /// all of them ask for.
    pub block: Option<f64>,
    /// How long blocks are.
    pub block_kind: BlockKind,
    /// Seed of the draws.
    pub seed: u64,
    /// The confidence of track records, and 1 less the level of the step-wise test.
    pub confidence: f64,
    /// Means are taken over their errors, as Hansen has it.
    pub studentised: bool,
}

impl Default for LuckOptions {
    fn default() -> Self {
        Self {
            periods_per_year: 365.0,
            n_draws: 1000,
            block: None,
            block_kind: BlockKind::Stationary,
            seed: 0,
            confidence: 0.95,
            studentised: true,
        }
    }
}

/// What one set's result is worth.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct SetLuck {
    /// Annualised Sharpe ratio of all periods.
    pub sharpe: Option<f64>,
    /// The same, allowing for the correlation of neighbouring returns (Lo).
    pub sharpe_autocorrelated: Option<f64>,
    /// The 5 and 95 % lines of the ratio over drawn histories.
    pub sharpe_low: Option<f64>,
    /// See `sharpe_low`.
    pub sharpe_high: Option<f64>,
    /// The probability that the true ratio is above 0.
    pub probabilistic_sharpe: Option<f64>,
    /// The probability that the true ratio is above what the best of so many trials shows by chance.
    pub deflated_sharpe: Option<f64>,
    /// Years of such returns that it takes to be sure of a ratio above 0.
    pub min_track_record_years: Option<f64>,
    /// The step-wise test's smallest level at which the set is better than the benchmark.
    pub step_down_p: Option<f64>,
}

/// What all results together are worth.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LuckReport {
    /// Number of sets.
    pub n_sets: usize,
    /// Number of periods.
    pub n_periods: usize,
    /// Periods of a year.
    pub periods_per_year: f64,
    /// Periods that are drawn together, on average: 1 for short histories.
    pub periods_per_group: f64,
    /// Length of blocks in periods, and how it came about.
    pub block: f64,
    /// Number of drawn histories.
    pub n_draws: usize,
    /// The set of the highest Sharpe ratio; the first of equal ones.
    pub best: Option<usize>,
    /// The number of trials and the bar they set.
    pub trials: Trials,
    /// The probability of overfitting; `None` with one set or hardly any history.
    pub overfitting: Option<Overfitting>,
    /// Whether any set is better than the benchmark, and which.
    pub superiority: Superiority,
    /// Years of history below which so many trials show the best set's ratio by chance.
    pub min_backtest_years: Option<f64>,
    /// Bands around the best set.
    pub bands: Option<Bands>,
    /// Each set, in the order given.
    #[serde(skip)]
    pub sets: Vec<SetLuck>,
}

/// What the results of many sets are worth. `benchmark` is what sets are compared with in the tests of superiority; without
/// one it is cash that earns nothing.
///
/// # Panics
/// If sets were condensed on another grid.
pub fn assess(sets: &[&Condensed], grid: &Grid, benchmark: Option<&Condensed>, options: &LuckOptions) -> LuckReport {
    let per_year = options.periods_per_year;
    let best = best(sets);
    let block = options.block.unwrap_or_else(|| automatic_block(sets, best, grid, options.block_kind));
    let resampling = Resampling {
        kind: options.block_kind,
        block: (block / grid.periods_per_group()).max(1.0),
        n_draws: options.n_draws,
        seed: options.seed,
    };
    let trials = trials::trials(sets, per_year);
    let lengths: Vec<usize> = (0..grid.n_blocks()).map(|idx| grid.block(idx).len()).collect();
    let differences: Vec<Vec<f64>> = benchmark.map_or_else(Vec::new, |benchmark| less(sets, benchmark));
    let columns: Vec<&[f64]> = if benchmark.is_some() {
        differences.iter().map(Vec::as_slice).collect()
    } else {
        sets.iter().map(|set| set.group_sums.as_slice()).collect()
    };
    let draws = Draws::new(&columns, &resampling);
    let test = SuperiorityTest {
        resampling,
        studentised: options.studentised,
        centring: Centring::Consistent,
        level: 1.0 - options.confidence,
    };
    let is_ruined: Vec<bool> = sets.iter().map(|set| set.n_missing > 0).collect();
    let superiority = test.run_on(&columns, &is_ruined, &draws);
    let ends: Vec<usize> = (0..grid.n_groups()).map(|idx| grid.group(idx).end).collect();
    let best_annual = best.and_then(|idx| sets[idx].sharpe()).map(|sharpe| sharpe * per_year.sqrt());
    let groups_per_year = per_year / grid.periods_per_group();
    let mut lucks = each(sets, &trials, options);
    band_each(&mut lucks, sets, benchmark.is_none().then_some(&draws), grid, per_year);
    for (luck, p) in lucks.iter_mut().zip(&superiority.adjusted_p) {
        luck.step_down_p = *p;
    }
    LuckReport {
        n_sets: sets.len(),
        n_periods: grid.n_periods(),
        periods_per_year: per_year,
        periods_per_group: grid.periods_per_group(),
        block,
        n_draws: options.n_draws,
        best,
        overfitting: overfitting::overfitting(sets, &lengths, per_year),
        min_backtest_years: best_annual
            .and_then(|annual| min_backtest_years(trials.n_effective.round() as u64, annual)),
        bands: best.and_then(|idx| bands::bands(idx, &sets[idx].group_sums, &resampling, groups_per_year, &ends)),
        trials,
        superiority,
        sets: lucks,
    }
}

/// The set of the highest Sharpe ratio, the first of equal ones; `None` when none has one.
fn best(sets: &[&Condensed]) -> Option<usize> {
    let ratios = sets.iter().enumerate().filter_map(|(idx, set)| Some((idx, set.sharpe()?)));
    ratios.reduce(|best, next| if next.1 > best.1 { next } else { best }).map(|(idx, _)| idx)
}

/// Sets whose returns tell how long blocks must be, beside the best one.
const SETS_ASKED: usize = 16;

/// The middle of the blocks that the best set and some others ask for, in periods.
fn automatic_block(sets: &[&Condensed], best: Option<usize>, grid: &Grid, kind: BlockKind) -> f64 {
    let spread = (0..sets.len().min(SETS_ASKED)).map(|nth| sets.len() * nth / sets.len().min(SETS_ASKED));
    let asked: Vec<usize> = spread.chain(best).collect();
    let length = |idx: &usize| {
        let found = block_length(&sets[*idx].group_sums);
        match kind {
            BlockKind::Stationary => found.stationary,
            BlockKind::Circular => found.circular,
        }
    };
    let lengths: Vec<f64> = asked.par_iter().map(length).collect();
    median(lengths).unwrap_or(1.0) * grid.periods_per_group()
}

/// Groups of sets less the benchmark's.
fn less(sets: &[&Condensed], benchmark: &Condensed) -> Vec<Vec<f64>> {
    let less =
        |set: &&Condensed| set.group_sums.iter().zip(&benchmark.group_sums).map(|(own, other)| own - other).collect();
    sets.par_iter().map(less).collect()
}

/// What follows from each set alone and the number of trials.
fn each(sets: &[&Condensed], trials: &Trials, options: &LuckOptions) -> Vec<SetLuck> {
    let per_year = options.periods_per_year;
    let threshold = trials.sharpe_threshold.map(|threshold| threshold / per_year.sqrt());
    let one = |set: &&Condensed| {
        let Some(sharpe) = set.sharpe() else { return SetLuck::default() };
        let (n, shape) = (set.moments.n, set.moments.shape());
        SetLuck {
            sharpe: Some(sharpe * per_year.sqrt()),
            sharpe_autocorrelated: annual_scale(&set.autocorrelations, per_year).map(|scale| sharpe * scale),
            probabilistic_sharpe: probability_above(sharpe, 0.0, n, shape),
            deflated_sharpe: threshold.and_then(|threshold| probability_above(sharpe, threshold, n, shape)),
            min_track_record_years: min_track_record(sharpe, 0.0, shape, options.confidence).map(|n| n / per_year),
            ..SetLuck::default()
        }
    };
    sets.par_iter().map(one).collect()
}

/// Adds the bands of each set's ratio: those of its mean over drawn histories, by its deviation.
fn band_each(lucks: &mut [SetLuck], sets: &[&Condensed], draws: Option<&Draws>, grid: &Grid, per_year: f64) {
    let Some(draws) = draws else { return };
    lucks.par_iter_mut().enumerate().filter(|(_, luck)| luck.sharpe.is_some()).for_each(|(idx, luck)| {
        // A draw's mean is that of groups; a Sharpe ratio is of periods.
        let scale = per_year.sqrt() / grid.periods_per_group() / sets[idx].moments.deviation;
        let ratios = (0..draws.n_draws()).map(|draw| draws.mean(draw, idx) * scale);
        if let Some([low, high]) = quantiles(ratios, [0.05, 0.95]) {
            (luck.sharpe_low, luck.sharpe_high) = (Some(low), Some(high));
        }
    });
}

/// The middle of values, or the mean of the two in the middle; `None` for none. None of them may be NaN.
pub(crate) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let (n, half) = (values.len(), values.len() / 2);
    match n {
        0 => None,
        n if n % 2 == 1 => Some(values[half]),
        _ => Some(0.5 * (values[half - 1] + values[half])),
    }
}
