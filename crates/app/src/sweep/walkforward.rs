//! `walkforward`: parameters chosen again and again on the past, and what they did afterwards.
//!
//! Every training and every test is a run of the engine over its own window. The tests in a row are the out-of-sample
//! curve. Cross-validation runs every set once over all of the time and chooses by parts of their daily returns.

use std::path::PathBuf;

use crosscut_backtest::BacktestConfig;
use crosscut_backtest::results::{ENGINE_VERSION, SweepRecord, hypothesis};
use crosscut_backtest::sweep::{DAYS, ParameterSet, Sampling, SetOutcome};
use crosscut_backtest::walkforward::{
    Combinatorial, Crossed, Selection, Span, Stitched, Tested, Trained, Walk, WalkPage, Window, cross_validate, mean,
    mean_curve, places, stitch, walk_metrics,
};
use crosscut_hub::config_hash;
use crosscut_model::calendar::Rebalance;
use crosscut_model::time::DAY;
use crosscut_model::{Timeframe, format_iso};
use serde_json::json;

use super::file::{self, Asked};
use super::markets::{Markets, Named};
use super::{ID_LENGTH, base_value, folder, warn};
use crate::backtest::{self, Watch};
use crate::config::Config;
use crate::desk::Desk;
use crate::error::AppError;
use crate::many::ManyRuns;
use crate::runs;

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
    /// The metric sets are chosen by.
    pub by: String,
    /// The windows.
    pub windows: Vec<Tested>,
    /// Metrics of the tests in a row, by name.
    pub metrics: Vec<(String, Option<f64>)>,
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

/// What was asked for.
struct Plan {
    /// How windows walk; lengths that are not given are filled in later.
    walk: Walk,
    /// How sets are chosen.
    selection: Selection,
    /// Groups of cross-validation; 0: none.
    n_groups: usize,
    /// Groups that are test.
    n_test_groups: usize,
    /// How long what a decision is judged by lies in its future, where it is given.
    label: Option<i64>,
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
    /// What a reader should know.
    notes: Vec<String>,
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
        notes: Vec::new(),
    };
    walking.draw()?;
    let history = walking.history()?;
    walking.settle_label();
    let windows = walking.plan.walk.windows(history)?;
    watch.lap("plan");
    let (tested, stitched, annual) = walking.walk(&windows)?;
    watch.lap("windows");
    let crossed = walking.cross()?;
    watch.lap("cross-validation");
    walking.write((tested, stitched, annual), crossed, &mut watch)
}

impl Plan {
    /// Reads the settings.
    fn read(config: &Config) -> Result<Self, AppError> {
        let length = |path: &str| -> Result<Option<i64>, AppError> {
            let Some(text) = config.text(path) else { return Ok(None) };
            if text == "0" {
                return Ok(Some(0));
            }
            let micros = text.parse::<Timeframe>().ok().and_then(Timeframe::micros);
            let micros = micros.ok_or_else(|| {
                config.refuse(path, &format!("expected a length such as 90d, 12h or 4w, found `{text}`"))
            })?;
            Ok(Some(micros))
        };
        let test = length("walkforward.test")?.unwrap_or(30 * DAY);
        let select = config.text("walkforward.select").unwrap_or("best");
        let selection = Selection::named(select).ok_or_else(|| {
            config.refuse("walkforward.select", &format!("expected best, plateau or top:N, found `{select}`"))
        })?;
        let count = |path: &str| usize::try_from(config.count(path).unwrap_or(0)).unwrap_or(usize::MAX);
        Ok(Self {
            walk: Walk {
                train: length("walkforward.train")?.unwrap_or(180 * DAY),
                test,
                step: length("walkforward.step")?.unwrap_or(test),
                is_anchored: config.flag("walkforward.anchored"),
                label: 0,
                embargo: length("walkforward.embargo")?.unwrap_or(0),
            },
            selection,
            n_groups: count("walkforward.groups"),
            n_test_groups: count("walkforward.test_groups"),
            label: length("walkforward.label")?,
        })
    }
}

/// The longest time until the next decision of a rebalance rule, microseconds.
fn holding(config: &BacktestConfig) -> i64 {
    let bar = config.timeframe.micros().unwrap_or(DAY);
    match config.rebalance {
        Rebalance::Bars(n) => bar.saturating_mul(i64::try_from(n).unwrap_or(i64::MAX)),
        Rebalance::Daily => DAY.max(bar),
        Rebalance::Weekly(_) => 7 * DAY,
        Rebalance::MonthStart => 31 * DAY,
        Rebalance::QuarterStart => 92 * DAY,
    }
}

impl Walking<'_> {
    /// Draws the sets.
    fn draw(&mut self) -> Result<(), AppError> {
        let desk = self.desk;
        let drawn = self.asked.space.draw(&|key| base_value(desk, key))?;
        self.sets = drawn.sets;
        let mut first_error = None;
        for result in self.many.resolve_all(&self.sets) {
            self.configs.push(result.map_err(|error| first_error.get_or_insert(error).clone()).ok());
        }
        let n_failed = self.configs.iter().filter(|config| config.is_none()).count();
        match first_error {
            Some(error) if n_failed == self.sets.len() => {
                return Err(error.during(&format!("none of the {n_failed} sets can be run; the first")));
            }
            Some(error) => self.notes.push(format!("{n_failed} sets cannot be run; the first: {error}")),
            None => {}
        }
        if self.sets.is_empty() {
            return Err(AppError::new("walkforward: there is no set to choose from")
                .hint("name parameters under `sweep.parameters`, such as `k: [5, 10, 20]`"));
        }
        Ok(())
    }

    /// The configurations that can be run, with the numbers of their sets.
    fn good(&self) -> impl Iterator<Item = (usize, &BacktestConfig)> {
        self.configs.iter().enumerate().filter_map(|(at, config)| Some((at, config.as_ref()?)))
    }

    /// All of the time there is.
    fn history(&mut self) -> Result<Span, AppError> {
        let (_, config) = self.good().next().expect("a set that can be run");
        let config = config.clone();
        self.markets.history(&self.many, &config)
    }

    /// The label's length where none is given: until the next decision, the longest of all sets.
    fn settle_label(&mut self) {
        let longest = self.good().map(|(_, config)| holding(config)).max().unwrap_or(DAY);
        self.plan.walk.label = self.plan.label.unwrap_or(longest);
    }

    /// Runs training and test of each window.
    fn walk(&mut self, windows: &[Window]) -> Result<(Vec<Tested>, Stitched, f64), AppError> {
        let capital = self.capital();
        let mut tested: Vec<Tested> = Vec::new();
        let mut tests: Vec<TestRun> = Vec::new();
        let mut annual = 365.0;
        let points = self.points();
        for (nth, window) in windows.iter().enumerate() {
            let mut one = Tested::of(window);
            let outcomes = self.window(window.train, (0..self.sets.len()).collect(), Sampling::None);
            let value = |at: &usize| {
                let outcome = outcomes.iter().find(|(known, _)| known == at)?.1.as_ref().ok()?;
                outcome.metric(&self.asked.by)
            };
            let trained = |at: usize| Trained { value: value(&at), point: points.get(at).cloned().unwrap_or_default() };
            let trained: Vec<Trained> = (0..self.sets.len()).map(trained).collect();
            one.sets = self.plan.selection.choose(&trained);
            one.trained = one.sets.first().and_then(|&at| trained[at].value);
            one.values = one.sets.iter().map(|&at| self.sets[at].to_string()).collect();
            if one.sets.is_empty() {
                let why = outcomes.iter().find_map(|(_, result)| result.as_ref().err()).map(ToString::to_string);
                one.problem =
                    Some(why.unwrap_or_else(|| format!("no set has the metric {} in training", self.asked.by)));
            } else if let Some(run) = self.test(window, &mut one) {
                annual = run.periods_per_year;
                tests.push(run);
            }
            tested.push(one);
            self.desk.events.step(nth as u64 + 1, windows.len() as u64, "windows");
        }
        let runs: Vec<(f64, &[i64], &[f64])> =
            tests.iter().map(|test| (1.0, test.labels.as_slice(), test.curve.as_slice())).collect();
        Ok((tested, stitch(capital, &runs), annual))
    }

    /// Runs what was chosen over a test; gives periods per year and the curve.
    fn test(&mut self, window: &Window, one: &mut Tested) -> Option<TestRun> {
        let outcomes = self.window(window.test, one.sets.clone(), Sampling::Rows);
        let mut done: Vec<(usize, SetOutcome)> = Vec::new();
        for (at, result) in outcomes {
            match result {
                Ok(outcome) => done.push((at, outcome)),
                Err(error) => one.problem = Some(format!("set {at}: {error}")),
            }
        }
        // The best first, as they were chosen.
        done.sort_by_key(|(at, _)| one.sets.iter().position(|set| set == at));
        let (_, first) = done.first()?;
        one.tested = first.metric(&self.asked.by);
        one.run_ids = done.iter().map(|(_, outcome)| outcome.run_id.clone()).collect();
        let labels = first.sampled.labels.to_vec();
        let same: Vec<(f64, &[f64])> = done
            .iter()
            .filter(|(_, outcome)| outcome.sampled.labels == first.sampled.labels)
            .map(|(_, outcome)| (outcome.capital, outcome.sampled.equity.as_slice()))
            .collect();
        let curve = mean_curve(&same);
        one.total_return = curve.last().map(|last| last - 1.0);
        (!curve.is_empty()).then_some(TestRun { periods_per_year: first.periods_per_year, labels, curve })
    }

    /// Runs sets over a window.
    fn window(
        &mut self,
        span: Span,
        sets: Vec<usize>,
        sampling: Sampling,
    ) -> Vec<(usize, Result<SetOutcome, AppError>)> {
        let configs: Vec<Named> = sets
            .into_iter()
            .filter_map(|at| {
                let config = self.configs[at].clone()?;
                Some((at, BacktestConfig { start: Some(span.start), end: Some(span.end), ..config }))
            })
            .collect();
        self.markets.run(&self.many, configs, sampling)
    }

    /// Where the sets lie in the cube of parameters.
    fn points(&self) -> Vec<Vec<f64>> {
        let keys = self.asked.space.axes.iter().map(|axis| axis.key.as_str());
        let columns: Vec<Vec<&str>> =
            keys.map(|key| self.sets.iter().map(|set| set.get(key).unwrap_or_default()).collect()).collect();
        places(&columns)
    }

    /// Starting cash.
    fn capital(&self) -> f64 {
        self.good().next().map_or(1.0, |(_, config)| config.capital)
    }

    /// Cross-validation over daily returns of all of the time; `None` when it is switched off.
    fn cross(&mut self) -> Result<Option<(Crossed, Vec<i64>, CrossSummary)>, AppError> {
        if self.plan.n_groups == 0 {
            return Ok(None);
        }
        let configs: Vec<Named> = self.good().map(|(at, config)| (at, config.clone())).collect();
        let outcomes = self.markets.run(&self.many, configs, DAYS);
        let mut done: Vec<SetOutcome> = outcomes.into_iter().filter_map(|(_, result)| result.ok()).collect();
        let Some(labels) = done.first().map(|outcome| outcome.sampled.labels.to_vec()) else {
            self.notes.push("cross-validation: no set runs over all of the time".to_owned());
            return Ok(None);
        };
        let n_before = done.len();
        done.retain(|outcome| outcome.sampled.labels[..] == labels[..]);
        if done.len() < n_before {
            self.notes
                .push(format!("cross-validation: {} sets have other days and are left out", n_before - done.len()));
        }
        let days = |micros: i64| usize::try_from((micros + DAY - 1) / DAY).unwrap_or(usize::MAX);
        let walk = &self.plan.walk;
        let cut = Combinatorial {
            n_groups: self.plan.n_groups,
            n_test_groups: self.plan.n_test_groups,
            n_purged: days(walk.label),
            n_embargoed: days(walk.embargo),
        };
        let splits = cut.splits(labels.len())?;
        let years = (labels[labels.len() - 1] - labels[0]) as f64 / (365.25 * DAY as f64);
        let per_year = (labels.len() - 1) as f64 / years;
        let returns: Vec<Vec<f64>> = done.iter().map(|outcome| outcome.sampled.returns(outcome.capital)).collect();
        let crossed = cross_validate(&returns, &splits, per_year);
        let summary = CrossSummary {
            n_splits: splits.splits.len(),
            n_purged: cut.n_purged,
            n_embargoed: cut.n_embargoed,
            path_sharpes: crossed.sharpes.clone(),
            mean_trained: mean(crossed.trained.iter().copied()),
            mean_path: mean(crossed.sharpes.iter().copied()),
        };
        Ok(Some((crossed, labels, summary)))
    }

    /// Writes the folder.
    fn write(
        mut self,
        (tested, stitched, annual): (Vec<Tested>, Stitched, f64),
        crossed: Option<(Crossed, Vec<i64>, CrossSummary)>,
        watch: &mut Watch,
    ) -> Result<WalkSummary, AppError> {
        let id = self.id(&tested);
        let place = folder::place(self.desk, &id)?;
        let metrics = walk_metrics(self.capital(), &stitched, annual, &tested);
        let n_empty = tested.iter().filter(|window| window.run_ids.is_empty()).count();
        if n_empty > 0 {
            self.notes.push(format!("{n_empty} windows have no test; the curve has a gap where they are"));
        }
        let strategy = self.desk.config.text("backtest.strategy").unwrap_or_default().to_owned();
        let page = WalkPage {
            title: format!("Walk-forward of {strategy}, {} sets, {} windows", self.sets.len(), tested.len()),
            id: id.clone(),
            by: &self.asked.by,
            windows: &tested,
            stitched: &stitched,
            capital: self.capital(),
            metrics: &metrics,
            crossed: crossed.as_ref().map(|(crossed, labels, _)| (crossed, labels.as_slice())),
            facts: self.facts(),
            notes: &self.notes,
        };
        let (report, curve) = (place.join("report.html"), place.join("out_of_sample.csv"));
        folder::write_text(&page.render(), &report)?;
        folder::write_text(&csv(&stitched), &curve)?;
        let summary = WalkSummary {
            walk_id: id,
            folder: place.clone(),
            report,
            n_sets: self.sets.len(),
            by: self.asked.by.clone(),
            windows: tested,
            metrics,
            cross_validation: crossed.map(|(_, _, summary)| summary),
            notes: self.notes.clone(),
            seconds: Vec::new(),
        };
        let mut told = json!(summary);
        if let Some(object) = told.as_object_mut() {
            ["folder", "report", "seconds"].iter().for_each(|key| drop(object.remove(*key)));
            object.insert("engine_version".to_owned(), json!(ENGINE_VERSION));
        }
        folder::write_text(&format!("{told:#}\n"), &place.join("walkforward.json"))?;
        watch.lap("write");
        self.enter(&summary, strategy, watch)?;
        Ok(WalkSummary { seconds: watch.laps().to_vec(), ..summary })
    }

    /// The id: settings and sets, and the runs of the tests, which know the data.
    fn id(&self, tested: &[Tested]) -> String {
        let runs: Vec<&String> = tested.iter().flat_map(|window| &window.run_ids).collect();
        let mut id = config_hash(&json!({
            "walk": format!("{:?}", self.plan.walk),
            "select": format!("{:?}", self.plan.selection),
            "groups": [self.plan.n_groups, self.plan.n_test_groups],
            "by": self.asked.by,
            "sets": self.sets,
            "base": self.many.base_text(),
            "runs": runs,
            "engine_version": ENGINE_VERSION,
        }));
        id.truncate(ID_LENGTH);
        id
    }

    /// What was asked for, for the page.
    fn facts(&self) -> Vec<(String, String)> {
        let days = |micros: i64| format!("{} days", micros as f64 / DAY as f64);
        let walk = &self.plan.walk;
        let kind = if walk.is_anchored { "anchored at the start" } else { "rolling" };
        [
            ("training", format!("{}, {kind}", days(walk.train))),
            ("test", days(walk.test)),
            ("step", days(walk.step)),
            ("label (purged)", days(walk.label)),
            ("embargo", days(walk.embargo)),
            ("selection", format!("{:?} by {}", self.plan.selection, self.asked.by)),
            ("sets", self.sets.len().to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    /// Enters the walk-forward in the ledger: one entry with its number of trials.
    fn enter(&self, summary: &WalkSummary, strategy: String, watch: &Watch) -> Result<(), AppError> {
        let config = self.good().next().and_then(|(_, config)| config.canonical("").ok());
        let record = SweepRecord {
            sweep_id: summary.walk_id.clone(),
            strategy,
            folder: folder::below(&summary.walk_id),
            hypothesis: config.map(|config| hypothesis(&config)),
            trial: folder::trial(summary.n_sets, None),
            inputs_hash: None,
            was_done: false,
            context: backtest::context(self.desk, watch, Vec::new()),
            headline: summary.metrics.iter().cloned().collect(),
        };
        for line in runs::archive(self.desk).enter_sweep(&record)? {
            warn(self.desk, &format!("line {} of the ledger is not a complete entry: {}", line.line, line.reason));
        }
        Ok(())
    }
}

/// The curve as text: `timestamp,equity,window`.
fn csv(stitched: &Stitched) -> String {
    let mut text = String::from("timestamp,equity,window\n");
    for (row, (label, equity)) in stitched.labels.iter().zip(&stitched.equity).enumerate() {
        let window = stitched.starts.partition_point(|&start| start <= row);
        text.push_str(&format!("{},{equity},{window}\n", format_iso(*label)));
    }
    text
}
