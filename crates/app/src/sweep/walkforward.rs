//! `walkforward`: parameters chosen again and again on the past, and what they did afterwards.
//!
//! Every training and every test is a run of the engine over its own window. The tests in a row are the out-of-sample
//! curve. Cross-validation runs every set once over all of the time and chooses by parts of their daily returns. What is
//! done is in a journal, so that one that was killed goes on where it was.

mod crossing;
mod output;
mod plan;

use std::path::PathBuf;

use crosscut_backtest::BacktestConfig;
use crosscut_backtest::results::{Deflation, ManyKind};
use crosscut_backtest::sweep::{Note, ParameterSet, Sampling, SetOutcome, sampling_for};
pub use crosscut_backtest::walkforward::walk_text;
use crosscut_backtest::walkforward::{
    Crossed, Span, Stitched, Tested, Tried, Window, mean, mean_curve, stitch, waited,
};
use crosscut_model::time::DAY;

use super::file::{self, Asked};
use super::markets::{Markets, Named};
use super::notebook::Notebook;
use super::{Progress, base_value, folder, ledger};
use crate::backtest::Watch;
use crate::criteria::Verdict;
use crate::desk::Desk;
use crate::error::AppError;
use crate::many::ManyRuns;
use plan::{Plan, holding};

/// What came of a walk-forward.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct WalkSummary {
    /// Its id: settings, sets and the versions that decide its numbers.
    pub walk_id: String,
    /// Its folder.
    pub folder: PathBuf,
    /// The page to open.
    pub report: PathBuf,
    /// Number of sets.
    pub n_sets: usize,
    /// Sets that ran over no training window.
    pub n_failed: usize,
    /// The first of their errors, each with how many sets ended with it.
    pub errors: Vec<(String, usize)>,
    /// Runs that were done before, in an earlier start of the same walk-forward.
    pub n_done_before: usize,
    /// The metric sets are chosen by.
    pub by: String,
    /// The windows.
    pub windows: Vec<Tested>,
    /// Metrics of the tests in a row, by name.
    pub metrics: Vec<(String, Option<f64>)>,
    /// What the Sharpe ratio of the tests in a row is worth after all trials of the hypothesis, where each walk-forward counts
    /// as the one curve it made; `None` when the ledger does not say.
    pub trials: Option<Deflation>,
    /// Each go-live criterion of the settings, held against the tests in a row.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub verdicts: Vec<Verdict>,
    /// Cross-validation, when it was asked for.
    pub cross_validation: Option<CrossSummary>,
    /// What a reader should know.
    pub notes: Vec<String>,
    /// Seconds of each stage.
    pub seconds: Vec<(String, f64)>,
}

/// What came of cross-validation.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct CrossSummary {
    /// Number of splits.
    pub n_splits: usize,
    /// Samples purged on either side of a test.
    pub n_purged: usize,
    /// Samples left out after a test besides.
    pub n_embargoed: usize,
    /// Annualised Sharpe ratio of each path.
    pub path_sharpes: Vec<Option<f64>>,
    /// Mean of the annualised ratios of what was chosen, in training.
    pub mean_trained: Option<f64>,
    /// Mean of the paths' ratios.
    pub mean_path: Option<f64>,
}

/// The run of a test.
struct TestRun {
    /// Rows of its curve in a year.
    periods_per_year: f64,
    /// Labels of the curve, microseconds UTC.
    labels: Vec<i64>,
    /// Equity over the capital.
    curve: Vec<f64>,
}

/// What came of all windows.
struct Walked {
    /// The windows.
    tested: Vec<Tested>,
    /// Their tests in a row.
    stitched: Stitched,
    /// Rows of the tests in a year.
    annual: f64,
}

/// What came of cross-validation, with the labels of its samples.
type CrossedRuns = (Crossed, Vec<i64>, CrossSummary);

/// A walk-forward on its way.
struct Walking<'a> {
    /// The surroundings.
    desk: &'a Desk<'a>,
    /// The space.
    asked: Asked,
    /// How it walks.
    plan: Plan,
    /// Runs sets.
    many: ManyRuns<'a>,
    /// What sets run over.
    markets: Markets,
    /// The sets.
    sets: Vec<ParameterSet>,
    /// Their configurations; `None` for those that cannot be run.
    configs: Vec<Option<BacktestConfig>>,
    /// The first error of each set.
    errors: Vec<Option<String>>,
    /// Whether a set ran over some training window.
    has_run: Vec<bool>,
    /// What is known of the sets as trials.
    tried: Tried,
    /// What a reader should know.
    notes: Vec<String>,
}

/// What every run of a walk-forward is written into.
struct Log<'a> {
    /// The journal.
    notebook: Notebook<'a>,
    /// Tells how far it is.
    progress: Progress<'a>,
}

/// Walks.
///
/// # Errors
/// Settings that cannot be read, data that is not there, histories that are too short, files that cannot be written.
pub fn run(desk: &Desk<'_>) -> Result<WalkSummary, AppError> {
    let mut watch = Watch::start(desk.clock);
    let asked = file::read(desk)?;
    let plan = Plan::read(&desk.config)?;
    let many = ManyRuns::new(desk)?;
    let mut walking = Walking {
        desk,
        asked,
        plan,
        many,
        markets: Markets::default(),
        sets: Vec::new(),
        configs: Vec::new(),
        errors: Vec::new(),
        has_run: Vec::new(),
        tried: Tried::default(),
        notes: Vec::new(),
    };
    walking.draw()?;
    let history = walking.history()?;
    walking.settle_label();
    walking.check(history)?;
    let windows = walking.plan.walk.windows(history)?;
    let id = walking.id();
    let place = folder::place(desk, &id)?;
    let mut log = Log {
        notebook: Notebook::open(desk, &place, &id)?,
        progress: Progress::new(desk, walking.n_runs(windows.len()), 0),
    };
    let hypotheses = walking.hypotheses();
    ledger::begin(desk, ManyKind::Walk, &id, &hypotheses)?;
    watch.lap("plan");
    let walked = walking.walk(&windows, &mut log)?;
    watch.lap("windows");
    let crossed = walking.cross(&mut log, 2 * windows.len() * walking.sets.len())?;
    log.notebook.finish()?;
    watch.lap("cross-validation");
    walking.write((id, place), (walked, log.notebook.n_done_before()), crossed, &mut watch)
}

/// Trades that runs closed together, and the part of them that gained.
fn trades(runs: &[(usize, SetOutcome)]) -> (Option<f64>, Option<f64>) {
    let count = |outcome: &SetOutcome| outcome.metric("n_trades").unwrap_or(0.0);
    let n: f64 = runs.iter().map(|(_, outcome)| count(outcome)).sum();
    let n_winners: f64 =
        runs.iter().map(|(_, outcome)| count(outcome) * outcome.metric("win_rate").unwrap_or(0.0)).sum();
    (Some(n), (n > 0.0).then(|| n_winners / n))
}

/// Microseconds as seconds.
fn seconds(micros: i64) -> f64 {
    micros as f64 / 1e6
}

impl Walking<'_> {
    /// Refuses what would only show after hours of work, or not at all.
    fn check(&self, history: Span) -> Result<(), AppError> {
        let bar = self.good().filter_map(|(_, config)| config.timeframe.micros()).max().unwrap_or(1);
        let walk = &self.plan.walk;
        for (path, length) in [("walkforward.train", walk.train), ("walkforward.test", walk.test)] {
            if length < bar {
                let why =
                    format!("expected at least one bar, which is {} s long, found {} s", seconds(bar), seconds(length));
                return Err(self.desk.config.refuse(path, &why));
            }
        }
        match self.plan.n_groups {
            0 => Ok(()),
            _ => Ok(self.plan.cut().check(plan::days(history.end - history.start))?),
        }
    }

    /// Draws the sets.
    fn draw(&mut self) -> Result<(), AppError> {
        let desk = self.desk;
        // Each window has a start and an end of its own.
        let is_fixed = |key: &&String| ["backtest.start", "backtest.end"].contains(&key.as_str());
        if let Some(key) = folder::keys(&self.asked, false).iter().find(is_fixed) {
            return Err(AppError::new(format!("walkforward: `{key}` cannot be varied: windows set it")).hint(format!(
                "`{key}` under the settings of the backtest limits the history that is walked through"
            )));
        }
        let drawn = self.asked.space.draw(&|key| base_value(desk, key))?;
        self.sets = drawn.sets;
        self.tried = Tried::new(self.sets.len());
        self.has_run = vec![false; self.sets.len()];
        for result in self.many.resolve_all(&self.sets) {
            self.errors.push(result.as_ref().err().map(ToString::to_string));
            self.configs.push(result.ok());
        }
        if let (None, Some(error)) = (self.good().next(), self.errors.iter().flatten().next()) {
            let what = format!("none of the {} sets can be run; the first", self.sets.len());
            return Err(AppError::new(error.clone()).during(&what));
        }
        if self.sets.is_empty() {
            return Err(AppError::new("walkforward: there is no set to choose from")
                .hint("name parameters under `sweep.parameters`, such as `k: [5, 10, 20]`"));
        }
        Ok(())
    }

    /// Sets that ran over no training window, and their first errors. Those that ran over some of them only are told.
    fn failures(&mut self) -> (usize, Vec<(String, usize)>) {
        let of_sets = || self.errors.iter().zip(&self.has_run).enumerate();
        let in_part = of_sets().filter_map(|(at, (error, has_run))| Some((at, error.as_ref().filter(|_| *has_run)?)));
        let in_part: Vec<(usize, &String)> = in_part.collect();
        let (n_failed, errors) = folder::errors_of(
            of_sets().filter(|(_, (_, has_run))| !**has_run).filter_map(|(_, (error, _))| error.as_deref()),
        );
        if let Some((at, error)) = in_part.first() {
            let n = in_part.len();
            self.notes.push(format!(
                "{n} sets failed in some training windows and are not chosen there; the first, set {at}: {error}"
            ));
        }
        (n_failed, errors)
    }

    /// The configurations that can be run, with the numbers of their sets.
    fn good(&self) -> impl Iterator<Item = (usize, &BacktestConfig)> {
        self.configs.iter().enumerate().filter_map(|(at, config)| Some((at, config.as_ref()?)))
    }

    /// All of the time there is, by the first set that has a market.
    fn history(&mut self) -> Result<Span, AppError> {
        let configs: Vec<BacktestConfig> = self.good().map(|(_, config)| config.clone()).collect();
        self.markets.first_history(&self.many, &configs)
    }

    /// The label's length where none is given: until the next decision, the longest of all sets.
    fn settle_label(&mut self) {
        let longest = self.good().map(|(_, config)| holding(config)).max().unwrap_or(DAY);
        self.plan.walk.label = self.plan.label.unwrap_or(longest);
    }

    /// Number of runs, as far as is known before.
    fn n_runs(&self, n_windows: usize) -> u64 {
        let n_good = self.good().count();
        let of_window = n_good + self.plan.selection.n_chosen().min(n_good);
        (n_windows * of_window + if self.plan.n_groups > 0 { n_good } else { 0 }) as u64
    }

    /// What each set is a trial of.
    fn hypotheses(&self) -> Vec<String> {
        let configs = self.good().map(|(at, config)| (at, config.clone()));
        ledger::hypotheses(self.sets.len(), &configs.collect())
    }

    /// Runs training and test of each window.
    fn walk(&mut self, windows: &[Window], log: &mut Log<'_>) -> Result<Walked, AppError> {
        let mut walked = Walked { tested: Vec::new(), stitched: Stitched::default(), annual: 365.0 };
        let mut tests: Vec<TestRun> = Vec::new();
        let parameters = self.parameters();
        for (nth, window) in windows.iter().enumerate() {
            let mut one = Tested::of(window);
            let first = 2 * nth * self.sets.len();
            let values = self.train(window, nth + 1 == windows.len(), (first, log), &mut one);
            one.sets = self.plan.selection.choose(&values, &parameters);
            one.trained = mean(one.sets.iter().map(|&at| values[at]));
            one.values = one.sets.iter().map(|&at| self.sets[at].to_string()).collect();
            if one.sets.is_empty() {
                let why = || format!("no set has the metric {} in training", self.asked.by);
                one.problem = Some(one.problem.take().unwrap_or_else(why));
            } else {
                one.problem = None;
                if let Some(run) = self.test(window, &mut one, (first + self.sets.len(), log)) {
                    walked.annual = run.periods_per_year;
                    tests.push(run);
                }
            }
            walked.tested.push(one);
            if log.notebook.has_failed() {
                log.notebook.finish()?;
            }
        }
        let runs: Vec<(f64, &[i64], &[f64])> =
            tests.iter().map(|test| (1.0, test.labels.as_slice(), test.curve.as_slice())).collect();
        walked.stitched = stitch(self.capital(), &runs);
        Ok(walked)
    }

    /// Runs all sets over a training window; gives what each is chosen by. Leaves the first error in `one`.
    fn train(
        &mut self,
        window: &Window,
        is_last: bool,
        (first, log): (usize, &mut Log<'_>),
        one: &mut Tested,
    ) -> Vec<Option<f64>> {
        // The curves of one window say how much the sets move together.
        let span = (window.train.start, window.train.end);
        let sampling = if is_last { sampling_for(span, usize::MAX, self.sets.len()) } else { Sampling::None };
        let notes = self.window(window.train, (0..self.sets.len()).collect(), (sampling, first), log);
        let mut values = vec![None; self.sets.len()];
        for (at, note) in &notes {
            match note {
                Ok(outcome) => {
                    self.has_run[*at] = true;
                    values[*at] = outcome.metric(&self.asked.by);
                    self.tried.add(*at, outcome.metric("sharpe"));
                }
                Err(error) => {
                    self.errors[*at].get_or_insert_with(|| error.clone());
                    one.problem.get_or_insert_with(|| error.clone());
                }
            }
        }
        if is_last {
            let curves: Vec<&SetOutcome> = notes.iter().filter_map(|(_, note)| note.as_ref().ok()).collect();
            self.tried.correlate(&curves);
        }
        values
    }

    /// Runs what was chosen over a test; gives periods per year and the curve.
    fn test(&mut self, window: &Window, one: &mut Tested, (first, log): (usize, &mut Log<'_>)) -> Option<TestRun> {
        let notes = self.window(window.test, one.sets.clone(), (Sampling::Rows, first), log);
        let mut done: Vec<(usize, SetOutcome)> = Vec::new();
        for (at, note) in notes {
            match note {
                Ok(outcome) => done.push((at, outcome)),
                Err(error) => one.problem = Some(format!("set {at}: {error}")),
            }
        }
        // The best first, as they were chosen.
        done.sort_by_key(|(at, _)| one.sets.iter().position(|set| set == at));
        let (_, first) = done.first()?;
        one.tested = mean(done.iter().map(|(_, outcome)| outcome.metric(&self.asked.by)));
        one.run_ids = done.iter().map(|(_, outcome)| outcome.run_id.clone()).collect();
        let labels = first.sampled.labels.to_vec();
        let same: Vec<(f64, &[f64])> = done
            .iter()
            .filter(|(_, outcome)| outcome.sampled.labels == first.sampled.labels)
            .map(|(_, outcome)| (outcome.capital, outcome.sampled.equity.as_slice()))
            .collect();
        let curve = mean_curve(&same);
        (one.n_trades, one.win_rate) = trades(&done);
        one.total_return = curve.last().map(|last| last - 1.0);
        one.waited = waited(&curve);
        (!curve.is_empty()).then_some(TestRun { periods_per_year: first.periods_per_year, labels, curve })
    }

    /// Runs sets over a window; they are in the journal from a number `first` on. What came of each is under its number.
    fn window(
        &mut self,
        span: Span,
        sets: Vec<usize>,
        (sampling, first): (Sampling, usize),
        log: &mut Log<'_>,
    ) -> Vec<(usize, Note)> {
        let configs: Vec<Named> = sets
            .into_iter()
            .filter_map(|at| {
                let config = self.configs[at].clone()?;
                Some((first + at, BacktestConfig { start: Some(span.start), end: Some(span.end), ..config }))
            })
            .collect();
        self.run(configs, sampling, log).into_iter().map(|(place, note)| (place - first, note)).collect()
    }

    /// Runs configurations, those of the journal not again.
    fn run(&mut self, configs: Vec<Named>, sampling: Sampling, log: &mut Log<'_>) -> Vec<(usize, Note)> {
        let Log { notebook, progress } = log;
        self.markets.run(&self.many, &*notebook, configs, (sampling, &|| progress.step("runs")))
    }

    /// The parameters of the sets as texts, all in one order; what a set leaves is that of the settings.
    fn parameters(&self) -> Vec<Vec<String>> {
        let keys = folder::keys(&self.asked, false);
        let base = folder::base_values(self.desk, &keys, &self.sets);
        let text = |set: &ParameterSet, key: &String| set.get_over(&base, key).unwrap_or_default().to_owned();
        let of = |set: &ParameterSet| keys.iter().map(|key| text(set, key)).collect();
        self.sets.iter().map(of).collect()
    }

    /// Starting cash.
    fn capital(&self) -> f64 {
        self.good().next().map_or(1.0, |(_, config)| config.capital)
    }
}
