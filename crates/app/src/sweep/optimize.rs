//! `optimize`: a sweep whose sets are chosen by what came of those before.
//!
//! Trials go in batches of a fixed size: what is proposed next follows from the trials and the seed, so that neither the
//! number of threads nor a kill changes the search. The folder, the table and the page are those of a sweep.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crosscut_backtest::BacktestConfig;
use crosscut_backtest::results::{ENGINE_VERSION, ManyKind};
use crosscut_backtest::search::{Random, SearchMethod, Trial, fronts, generator, rungs, uniform_point};
use crosscut_backtest::sweep::{Drawn, Method, ParameterSet};
use crosscut_hub::config_hash;
use serde_json::json;

use super::external::External;
use super::file::{self, Asked};
use super::ledger::Claims;
use super::markets::{Markets, Named};
use super::notebook::Notebook;
use super::study::Study;
use super::{ID_LENGTH, Searched, Sweep, SweepSummary, base_value, folder, ledger, warn};
use crate::backtest::Watch;
use crate::desk::Desk;
use crate::error::AppError;
use crate::many::ManyRuns;

/// Proposals per run before a space counts as used up: repeats and broken constraints are proposals too.
const PROPOSALS_PER_RUN: usize = 50;

/// Points anywhere that are tried in place of one that was tried before.
const OTHERS_TRIED: usize = 20;

/// The key under which a rung's end is among a set's values.
const END: &str = "backtest.end";

/// What came of a search.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct OptimizeSummary {
    /// Its sets, as those of a sweep; ordered by the objective.
    #[serde(flatten)]
    pub sweep: SweepSummary,
    /// How it searched.
    pub method: &'static str,
    /// What it made large or small.
    pub objectives: Vec<String>,
    /// With several objectives: the sets that no other beats in all of them, by number.
    pub front: Vec<usize>,
    /// Why it ended before its last trial.
    pub stopped: Option<String>,
}

/// A search on its way.
struct Search<'a> {
    /// Its sets so far.
    sweep: Sweep<'a>,
    /// What was asked for.
    study: Study,
    /// Every proposal in order, repeats too.
    trials: Vec<Trial>,
    /// The set of each proposal; `None` where no run came of it.
    set_of: Vec<Option<usize>>,
    /// Sets by their values.
    known: BTreeMap<Vec<(String, String)>, usize>,
    /// Losses of the sets.
    losses: Vec<Option<Vec<f64>>>,
    /// The journal.
    notebook: Notebook<'a>,
    /// Where points come from when a program proposes them.
    external: Option<External>,
    /// What the ledger knows it to try.
    claims: Claims,
    /// Number of runs there will be, if it is not ended early.
    n_planned: usize,
    /// What sets run over.
    markets: Markets,
}

/// Runs the search that the settings describe.
///
/// # Errors
/// Settings that cannot be read, data that is not there, files that cannot be written. A set that fails is recorded.
pub fn run(desk: &Desk<'_>) -> Result<OptimizeSummary, AppError> {
    let mut watch = Watch::start(desk.clock);
    let mut asked = file::read(desk)?;
    let study = Study::read(&desk.config)?;
    if asked.space.axes.is_empty() {
        return Err(AppError::new("optimize: there is nothing to vary")
            .hint("name parameters under `sweep.parameters`, such as `k: {from: 5, to: 50}`"));
    }
    if asked.space.method == Method::Grid {
        asked.space.method = Method::Sobol;
    }
    if study.method == SearchMethod::Halving && folder::keys(&asked, false).iter().any(|key| key == END) {
        return Err(AppError::new(format!("optimize: halving sets `{END}` itself, so that it cannot be varied")));
    }
    if study.method != SearchMethod::External && !study.program.is_empty() {
        warn(desk, &format!("{}: only `method: external` asks a program", desk.config.place("optimize.program")));
    }
    let many = ManyRuns::new(desk)?;
    let id = study_id(&asked, &study, &many);
    let place = folder::place(desk, &id)?;
    let notebook = Notebook::open(desk, &place, &id)?;
    let external = External::start(&desk.config, &study, &asked.space.axes)?;
    let n_planned = asked.space.named.len() + study.n;
    let claims = Claims::open(desk, ManyKind::Search, &id, n_planned)?;
    let sweep = Sweep {
        desk,
        asked,
        drawn: Drawn::default(),
        many,
        id,
        notes: Vec::new(),
        n_done_before: 0,
        hypotheses: Vec::new(),
        searched: None,
    };
    let mut search = Search {
        sweep,
        study,
        trials: Vec::new(),
        set_of: Vec::new(),
        known: BTreeMap::new(),
        losses: Vec::new(),
        notebook,
        external,
        claims,
        n_planned,
        markets: Markets::default(),
    };
    watch.lap("plan");
    let stopped = if search.study.method == SearchMethod::Halving { search.halve()? } else { search.learn()? };
    search.notebook.finish()?;
    if search.sweep.drawn.sets.is_empty() {
        let n_refused = search.sweep.drawn.n_refused;
        return Err(AppError::new(format!("optimize: none of {n_refused} points meets the constraints"))
            .during(&desk.config.place("sweep.constraints")));
    }
    search.sweep.n_done_before = search.notebook.n_done_before();
    watch.lap("sets");
    search.finish(&place, stopped, &mut watch)
}

/// The id of a search: all that decides which sets it tries. Which data it reads is in the run ids.
fn study_id(asked: &Asked, study: &Study, many: &ManyRuns<'_>) -> String {
    let mut id = config_hash(&json!({
        "search": format!("{study:?}"),
        "space": format!("{:?}", asked.space),
        "base": many.base_text(),
        "engine_version": ENGINE_VERSION,
    }));
    id.truncate(ID_LENGTH);
    id
}

impl Search<'_> {
    /// Proposes and runs batches until there are enough runs; gives why it ended early.
    fn learn(&mut self) -> Result<Option<String>, AppError> {
        let dimensions: Vec<_> = self.sweep.asked.space.axes.iter().map(|axis| axis.dimension()).collect();
        let searcher = self.study.method.searcher(&dimensions, self.study.n_initial);
        for set in self.sweep.asked.space.named.clone() {
            self.offer(set)?;
        }
        let n_named = self.sweep.drawn.sets.len();
        self.run_pending(0)?;
        while self.sweep.drawn.sets.len() - n_named < self.study.n {
            if self.trials.len() >= PROPOSALS_PER_RUN * self.study.n {
                return Ok(Some(format!("after {} proposals nothing new was left to try", self.trials.len())));
            }
            let first = self.sweep.drawn.sets.len();
            let n = self.study.batch.min(self.study.n - (first - n_named));
            let mut random = generator(self.study.seed, self.trials.len());
            let points = match &mut self.external {
                Some(program) => program.propose(&self.trials, n)?,
                None => searcher.propose(&self.trials, n, &mut random),
            };
            if points.is_empty() && self.sweep.drawn.sets.is_empty() {
                return Err(AppError::new("optimize: the program proposes no set"));
            }
            if points.is_empty() {
                return Ok(Some("the program proposes nothing more".to_owned()));
            }
            let mut proposed = Vec::with_capacity(points.len());
            for point in points {
                proposed.push(self.offer_point(point, first, &mut random)?);
            }
            self.run_pending(first)?;
            for (point, set) in proposed {
                let losses = set.and_then(|set| self.losses[set].clone());
                self.trials.push(Trial { point, losses });
                self.set_of.push(set);
            }
            if let Some(reason) = self.study.stop.reason(&self.losses[n_named..], n_named) {
                return Ok(Some(reason));
            }
        }
        Ok(None)
    }

    /// Offers the set at a point. One that was tried before the batch teaches nothing: points anywhere are tried in its place.
    fn offer_point(
        &mut self,
        mut point: Vec<f64>,
        first: usize,
        random: &mut Random,
    ) -> Result<(Vec<f64>, Option<usize>), AppError> {
        let mut n_tried = 0;
        loop {
            let axes = &self.sweep.asked.space.axes;
            let values = axes.iter().zip(&point).map(|(axis, &place)| (axis.key.clone(), axis.at(place)));
            let set = self.offer(ParameterSet::new(values))?;
            // A program knows what it asks for.
            if n_tried == OTHERS_TRIED || self.external.is_some() || set.is_none_or(|set| set >= first) {
                return Ok((point, set));
            }
            // What is told of repeats are proposals, not the points that were tried in their place.
            self.sweep.drawn.n_repeated -= 1;
            point = uniform_point(point.len(), random);
            n_tried += 1;
        }
    }

    /// Runs drawn sets over more and more of the time, fewer and fewer of them.
    fn halve(&mut self) -> Result<Option<String>, AppError> {
        let space = &mut self.sweep.asked.space;
        if space.method != Method::Grid && space.n == 0 {
            space.n = self.study.n;
        }
        let drawn = self.sweep.asked.space.draw(&|key| base_value(self.sweep.desk, key))?;
        (self.sweep.drawn.n_refused, self.sweep.drawn.n_repeated) = (drawn.n_refused, drawn.n_repeated);
        let mut left = drawn.sets;
        if left.is_empty() {
            return Err(AppError::new("optimize: no set is left to try"));
        }
        let (configs, failed): (Vec<_>, Vec<_>) =
            self.sweep.many.resolve_all(&left).into_iter().partition(|resolved| resolved.is_ok());
        let configs: Vec<BacktestConfig> = configs.into_iter().flatten().collect();
        if let (true, Some(Err(error))) = (configs.is_empty(), failed.into_iter().next()) {
            return Err(error.during(&format!("none of the {} sets can be run; the first", left.len())));
        }
        let history = self.markets.first_history(&self.sweep.many, &configs)?;
        let span = (history.start, history.end);
        let rungs = rungs(left.len(), self.study.n_rungs, self.study.keep, span);
        let bar = configs.first().and_then(|config| config.timeframe.micros()).unwrap_or(1);
        if rungs.first().is_some_and(|rung| rung.end - span.0 < 2 * bar) {
            let (n, keep) = (self.study.n_rungs, self.study.keep);
            let why =
                format!("{n} rungs, each over {keep} of the next one's time, leave less than two bars to the first");
            return Err(self.sweep.desk.config.refuse("optimize.rungs", &why));
        }
        self.n_planned = rungs.iter().map(|rung| rung.n_sets).sum();
        for rung in rungs {
            left.truncate(rung.n_sets);
            let from = self.sweep.drawn.sets.len();
            let mut places = Vec::with_capacity(left.len());
            for set in &left {
                let end = (END.to_owned(), crosscut_model::format_iso(rung.end));
                places.push(self.offer(set.clone().with([end]))?);
            }
            self.run_pending(from)?;
            let losses = |nth: usize| places[nth].and_then(|at| self.losses[at].as_ref());
            let loss = |nth: usize| losses(nth).map_or(f64::INFINITY, |losses| losses[0]);
            let mut order: Vec<usize> = (0..left.len()).collect();
            order.sort_by(|&a, &b| loss(a).total_cmp(&loss(b)).then(a.cmp(&b)));
            left = order.into_iter().map(|nth| left[nth].clone()).collect();
        }
        Ok(None)
    }

    /// Takes a set; gives its number, or `None` when it breaks a constraint.
    fn offer(&mut self, set: ParameterSet) -> Result<Option<usize>, AppError> {
        let desk = self.sweep.desk;
        let value = |key: &str| set.get(key).map(str::to_owned).or_else(|| base_value(desk, key));
        for constraint in &self.sweep.asked.space.constraints {
            if !constraint.holds(&value)? {
                self.sweep.drawn.n_refused += 1;
                return Ok(None);
            }
        }
        if let Some(&at) = self.known.get(&set.values) {
            self.sweep.drawn.n_repeated += 1;
            return Ok(Some(at));
        }
        let at = self.sweep.drawn.sets.len();
        self.known.insert(set.values.clone(), at);
        self.sweep.drawn.sets.push(set);
        self.sweep.notes.push(None);
        self.losses.push(None);
        Ok(Some(at))
    }

    /// Runs the sets from `first` on, those of the journal not again.
    fn run_pending(&mut self, first: usize) -> Result<(), AppError> {
        let resolved = self.sweep.many.resolve_all(&self.sweep.drawn.sets[first..]);
        let mut configs = Vec::with_capacity(resolved.len());
        for (nth, config) in resolved.into_iter().enumerate() {
            match config {
                Ok(config) => configs.push((first + nth, config)),
                Err(error) => self.sweep.notes[first + nth] = Some(Err(error.to_string())),
            }
        }
        self.claim(first, &configs)?;
        let (groups, failed) = Markets::groups(configs);
        failed.into_iter().for_each(|(at, error)| self.sweep.notes[at] = Some(Err(error.to_string())));
        self.run_groups(groups)?;
        for at in first..self.sweep.notes.len() {
            let outcome = self.sweep.notes[at].as_ref().and_then(|note| note.as_ref().ok());
            self.losses[at] = outcome.and_then(|outcome| self.study.losses(&|name| outcome.metric(name)));
        }
        self.sweep.desk.events.step(self.sweep.notes.len() as u64, self.n_expected(), "sets");
        Ok(())
    }

    /// Tells the ledger what the sets from `first` on are trials of, before they run. A search over one hypothesis claims all
    /// the sets it is to try at once.
    fn claim(&mut self, first: usize, configs: &[Named]) -> Result<(), AppError> {
        let of_new = configs.iter().map(|(at, config)| (at - first, config.clone())).collect();
        self.sweep.hypotheses.extend(ledger::hypotheses(self.sweep.drawn.sets.len() - first, &of_new));
        let name = self.sweep.hypotheses.iter().find(|name| !name.is_empty());
        match name.filter(|_| !ledger::tells_apart(&folder::keys(&self.sweep.asked, false))) {
            Some(name) => self.claims.cover(self.sweep.desk, &vec![name.clone(); self.n_planned]),
            None => self.claims.cover(self.sweep.desk, &self.sweep.hypotheses),
        }
    }

    /// Number of runs there will be, as far as is known.
    fn n_expected(&self) -> u64 {
        self.n_planned.max(self.sweep.notes.len()) as u64
    }

    /// Runs groups of sets that share a market each.
    fn run_groups(&mut self, groups: Vec<Vec<Named>>) -> Result<(), AppError> {
        let found = Mutex::new(Vec::new());
        let (sweep, notebook, n) = (&self.sweep, &self.notebook, self.study.n);
        self.markets.each(&sweep.many, groups, &|group, market| {
            if notebook.has_failed() {
                return;
            }
            let notes = match market {
                Err(error) => group.iter().map(|(at, _)| (*at, Err(error.to_string()))).collect(),
                Ok(market) => {
                    let configs: Vec<&BacktestConfig> = group.iter().map(|(_, config)| config).collect();
                    let sampling = sweep.sampling_of(&market, &configs, n);
                    notebook.run(&sweep.many, &market, group, (sampling, &|| ()))
                }
            };
            found.lock().unwrap_or_else(PoisonError::into_inner).extend(notes);
        });
        for (at, note) in found.into_inner().unwrap_or_else(PoisonError::into_inner) {
            self.sweep.notes[at] = Some(note);
        }
        if self.notebook.has_failed() {
            self.notebook.finish()?;
        }
        Ok(())
    }

    /// Writes the folder.
    fn finish(
        mut self,
        place: &std::path::Path,
        stopped: Option<String>,
        watch: &mut Watch,
    ) -> Result<OptimizeSummary, AppError> {
        let objectives: Vec<String> = self.study.objective.goals.iter().map(|goal| goal.text()).collect();
        let (order, front) = self.order();
        let strategy = self.sweep.desk.config.text("backtest.strategy").unwrap_or_default();
        let title = format!(
            "Search of {strategy} by {}: {}, {} runs",
            self.study.method.name(),
            objectives.join(", "),
            self.sweep.drawn.sets.len()
        );
        self.sweep.searched = Some(Searched { title, order, varies_end: self.study.method == SearchMethod::Halving });
        let summary = folder::write(&self.sweep, place, watch)?;
        Ok(OptimizeSummary {
            sweep: SweepSummary { seconds: watch.laps().to_vec(), ..summary },
            method: self.study.method.name(),
            objectives,
            front,
            stopped,
        })
    }

    /// Sets from the best to the worst, and the first front where there are several objectives. Of halving the sets of the
    /// last rung come first.
    fn order(&self) -> (Vec<usize>, Vec<usize>) {
        let done: Vec<(usize, &[f64])> =
            self.losses.iter().enumerate().filter_map(|(at, losses)| Some((at, losses.as_deref()?))).collect();
        let losses: Vec<&[f64]> = done.iter().map(|(_, losses)| *losses).collect();
        let front_of = fronts(&losses);
        let end = |at: usize| self.sweep.drawn.sets[at].get(END).unwrap_or_default().to_owned();
        let mut order: Vec<usize> = (0..done.len()).collect();
        order.sort_by(|&a, &b| {
            let by_end = end(done[b].0).cmp(&end(done[a].0));
            let by_front = front_of[a].cmp(&front_of[b]).then(losses[a][0].total_cmp(&losses[b][0]));
            by_end.then(by_front).then(a.cmp(&b))
        });
        let front = if self.study.objective.goals.len() > 1 {
            (0..done.len()).filter(|&at| front_of[at] == 0).map(|at| done[at].0).collect()
        } else {
            Vec::new()
        };
        (order.into_iter().map(|at| done[at].0).collect(), front)
    }
}
