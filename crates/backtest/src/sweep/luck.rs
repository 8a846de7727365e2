//! The statistics of a sweep: what its results are worth, given that they were many. Computed for every sweep.

use crosscut_model::Timeframe;
use crosscut_model::calendar::periods_per_year;
use rayon::prelude::*;
use serde::Serialize;

use super::SetOutcome;
use super::page::SweepPage;
use super::table::{done, short};
use crate::error::BacktestError;
use crate::results::Trial;
use crate::statistics::{
    Condensed, Grid, LuckOptions, LuckReport, Neighbourhood, Sensitivity, SetLuck, assess, sensitivities, surface,
};

/// Blocks of the cross-validation.
const BLOCKS: usize = 16;

/// What the results of a sweep are worth.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SweepLuck {
    /// The statistics of the sets that were judged.
    pub report: LuckReport,
    /// Skewness and raw kurtosis of the best one's returns.
    #[serde(skip)]
    pub best_shape: Option<(f64, f64)>,
    /// Places of these sets, ascending: those whose curves have the labels that the best one's has.
    #[serde(skip)]
    pub judged: Vec<usize>,
    /// Sets left out because their curves have other labels.
    pub n_left_out: usize,
    /// What each set of the sweep stands on, by the metric sets are ordered by.
    #[serde(skip)]
    pub ground: Vec<Neighbourhood>,
    /// What each value of each parameter did, costs and execution among them.
    pub sensitivities: Vec<Sensitivity>,
}

impl SweepPage<'_> {
    /// The statistics; `None` when no set has a curve of three samples.
    ///
    /// # Errors
    /// As the statistics.
    pub fn luck(&self) -> Result<Option<SweepLuck>, BacktestError> {
        let Some(first) = self.ranked.first().and_then(|&at| done(&self.notes[at])) else { return Ok(None) };
        let labels = &first.sampled.labels;
        if labels.len() < 3 {
            return Ok(None);
        }
        let all: Vec<(usize, &SetOutcome)> =
            self.notes.iter().enumerate().filter_map(|(at, note)| Some((at, done(note)?))).collect();
        let sets: Vec<(usize, &SetOutcome)> =
            all.iter().copied().filter(|(_, outcome)| outcome.sampled.labels == *labels).collect();
        let stretch = labels.windows(2).map(|pair| pair[1] - pair[0]).min().unwrap_or_default();
        let years = (labels[labels.len() - 1] - labels[0]) as f64 / (365.25 * crosscut_model::time::DAY as f64);
        let per_year = Timeframe::from_micros(stretch)
            .map_or((labels.len() - 1) as f64 / years, |frame| periods_per_year(labels, frame).periods_per_year);
        let grid = Grid::new(labels.len(), BLOCKS)?;
        let condensed: Vec<Condensed> = sets
            .par_iter()
            .map(|(_, outcome)| Condensed::new(&outcome.sampled.returns(outcome.capital), &grid, per_year))
            .collect();
        let condensed: Vec<&Condensed> = condensed.iter().collect();
        let report =
            assess(&condensed, &grid, None, &LuckOptions { periods_per_year: per_year, ..LuckOptions::default() });
        let text = |at: usize, key: &String| self.value(at, key).unwrap_or_default().to_owned();
        let parameters: Vec<Vec<String>> =
            (0..self.sets.len()).map(|at| self.keys.iter().map(|key| text(at, key)).collect()).collect();
        let values: Vec<Option<f64>> =
            self.notes.iter().map(|note| done(note).and_then(|outcome| outcome.metric(self.by))).collect();
        let names: Vec<String> = self.keys.iter().map(|key| short(key).to_owned()).collect();
        Ok(Some(SweepLuck {
            best_shape: report.best.map(|at| condensed[at].moments.shape()),
            report,
            n_left_out: all.len() - sets.len(),
            judged: sets.into_iter().map(|(at, _)| at).collect(),
            ground: surface(&parameters, &values),
            sensitivities: sensitivities(&names, &parameters, &values),
        }))
    }
}

impl SweepLuck {
    /// What luck leaves of a set; `None` for one that was not judged.
    pub fn of(&self, place: usize) -> Option<&SetLuck> {
        self.judged.binary_search(&place).ok().map(|at| &self.report.sets[at])
    }

    /// What the sweep says as trials: all its `n_sets` sets, those that failed too.
    pub fn trial(&self, n_sets: usize) -> Trial {
        let report = &self.report;
        Trial {
            n_effective: report.trials.n_effective,
            n_periods: report.n_periods,
            periods_per_year: report.periods_per_year,
            sharpe: report.trials.sharpe_mean,
            sharpe_deviation: report.trials.sharpe_deviation,
            shape: self.best_shape,
            sharpe_best: report.best.and_then(|at| report.sets[at].sharpe),
            ..Trial::unknown(n_sets)
        }
    }

    /// The same of some of its sets. They count as effective trials as the whole sweep does, in proportion.
    pub fn trial_of(&self, places: &[usize]) -> Trial {
        let ratios: Vec<f64> = places.iter().filter_map(|&at| self.of(at)?.sharpe).collect();
        let (n_sets, whole) = (places.len() as f64, self.report.n_sets.max(1) as f64);
        let n_effective = (self.report.trials.n_effective * n_sets / whole).clamp(1.0, n_sets.max(1.0));
        Trial { n_effective, shape: None, ..self.trial(places.len()) }.with_ratios(&ratios)
    }

    /// Columns for the table of `n_sets` sets: names, and a number per set, NaN where there is none.
    pub fn columns(&self, n_sets: usize) -> Vec<(String, Vec<f64>)> {
        type Of = fn(&SetLuck) -> Option<f64>;
        let of_sets: [(&str, Of); 8] = [
            ("luck_sharpe", |luck| luck.sharpe),
            ("luck_sharpe_autocorrelated", |luck| luck.sharpe_autocorrelated),
            ("luck_sharpe_low", |luck| luck.sharpe_low),
            ("luck_sharpe_high", |luck| luck.sharpe_high),
            ("luck_probabilistic_sharpe", |luck| luck.probabilistic_sharpe),
            ("deflated_sharpe", |luck| luck.deflated_sharpe),
            ("min_track_record_years", |luck| luck.min_track_record_years),
            ("step_down_p", |luck| luck.step_down_p),
        ];
        let column = |of: Of| (0..n_sets).map(|at| self.of(at).and_then(of).unwrap_or(f64::NAN)).collect();
        let mut columns: Vec<(String, Vec<f64>)> =
            of_sets.into_iter().map(|(name, of)| (name.to_owned(), column(of))).collect();
        let scores = self.ground.iter().map(|ground| ground.score.unwrap_or(f64::NAN)).collect();
        columns.push(("plateau_score".to_owned(), scores));
        columns
    }
}
