//! The folder of a walk-forward: page, curve, numbers, and the entry in the ledger.

use std::path::PathBuf;

use crosscut_backtest::criteria::DEFLATED;
use crosscut_backtest::results::{Deflation, ENGINE_VERSION, ManyKind, RunStatus, SweepRecord, Trial};
use crosscut_backtest::walkforward::{Stitched, WalkPage, walk_metrics, walk_trial};
use crosscut_hub::config_hash;
use crosscut_model::format_iso;
use crosscut_model::time::DAY;
use serde_json::json;

use super::super::{ID_LENGTH, folder, ledger};
use super::{CrossedRuns, WalkSummary, Walked, Walking};
use crate::backtest::{self, Watch};
use crate::criteria::{self, Verdict};
use crate::error::AppError;
use crate::runs;

impl Walking<'_> {
    /// Writes the folder.
    pub(super) fn write(
        mut self,
        (id, place): (String, PathBuf),
        (walked, n_done_before): (Walked, usize),
        crossed: Option<CrossedRuns>,
        watch: &mut Watch,
    ) -> Result<WalkSummary, AppError> {
        let Walked { tested, stitched, annual } = walked;
        let metrics = walk_metrics(self.capital(), &stitched, annual, &tested);
        self.enter(&id, &metrics, &stitched.trial(self.capital(), annual), watch)?;
        let trials = runs::archive(self.desk).curve_deflation(&id)?;
        let verdicts = self.verdicts(&metrics, trials.as_ref());
        let n_empty = tested.iter().filter(|window| window.run_ids.is_empty()).count();
        if n_empty > 0 {
            self.notes.push(format!("{n_empty} windows have no test; the curve has a gap where they are"));
        }
        let (n_failed, errors) = self.failures();
        let strategy = ledger::strategy(self.desk);
        let page = WalkPage {
            title: format!("Walk-forward of {strategy}, {} sets, {} windows", self.sets.len(), tested.len()),
            id: id.clone(),
            by: &self.asked.by,
            windows: &tested,
            stitched: &stitched,
            capital: self.capital(),
            metrics: &metrics,
            crossed: crossed.as_ref().map(|(crossed, labels, _)| (crossed, labels.as_slice())),
            trials: trials.as_ref(),
            verdicts: &verdicts,
            facts: self.facts(n_failed),
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
            n_failed,
            errors,
            n_done_before,
            by: self.asked.by.clone(),
            windows: tested,
            metrics,
            trials,
            verdicts,
            cross_validation: crossed.map(|(_, _, summary)| summary),
            notes: self.notes.clone(),
            seconds: Vec::new(),
        };
        let mut told = json!(summary);
        if let Some(object) = told.as_object_mut() {
            ["folder", "report", "seconds", "n_done_before"].iter().for_each(|key| drop(object.remove(*key)));
            object.insert("engine_version".to_owned(), json!(ENGINE_VERSION));
        }
        folder::write_text(&format!("{told:#}\n"), &place.join("walkforward.json"))?;
        watch.lap("write");
        Ok(WalkSummary { seconds: watch.laps().to_vec(), ..summary })
    }

    /// Each go-live criterion, held against the tests in a row. What they have no number of is told, and is no pass.
    fn verdicts(&self, metrics: &[(String, Option<f64>)], trials: Option<&Deflation>) -> Vec<Verdict> {
        let mut numbers: Vec<(&str, Option<f64>)> =
            metrics.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        numbers.push((DEFLATED, trials.and_then(|trials| trials.deflated_sharpe)));
        criteria::of_numbers(&self.asked.criteria, &numbers, "a walk-forward's curve")
    }

    /// The id: settings and sets. Which data it reads is in the ids of its runs.
    pub(super) fn id(&self) -> String {
        let places: std::collections::BTreeSet<[String; 3]> = self
            .good()
            .map(|(_, config)| [config.venue.clone(), config.timeframe.to_string(), config.factor_set.clone()])
            .collect();
        let mut id = config_hash(&json!({
            "walk": format!("{:?}", self.plan.walk),
            "select": format!("{:?}", self.plan.selection),
            "groups": [self.plan.n_groups, self.plan.n_test_groups],
            "by": self.asked.by,
            "sets": self.sets,
            "places": places,
            "base": self.many.base_text(),
            "engine_version": ENGINE_VERSION,
        }));
        id.truncate(ID_LENGTH);
        id
    }

    /// What was asked for, for the page.
    fn facts(&self, n_failed: usize) -> Vec<(String, String)> {
        let days = |micros: i64| format!("{} days", micros as f64 / DAY as f64);
        let n_sets = self.sets.len();
        let sets = if n_failed == 0 { n_sets.to_string() } else { format!("{n_sets}, of which {n_failed} failed") };
        let walk = &self.plan.walk;
        let kind = if walk.is_anchored { "anchored at the start" } else { "rolling" };
        [
            ("training", format!("{}, {kind}", days(walk.train))),
            ("test", days(walk.test)),
            ("step", days(walk.step)),
            ("label (purged)", days(walk.label)),
            ("embargo", days(walk.embargo)),
            ("selection", format!("{} by {}", self.plan.selection.text(), self.asked.by)),
            ("sets", sets),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    /// Enters the walk-forward in the ledger: an entry for each hypothesis with its number of trials, and the `curve`.
    fn enter(&self, id: &str, metrics: &[(String, Option<f64>)], curve: &Trial, watch: &Watch) -> Result<(), AppError> {
        for (hypothesis, places) in ledger::groups(&self.hypotheses()) {
            let record = SweepRecord {
                kind: ManyKind::Walk,
                status: RunStatus::Done,
                sweep_id: id.to_owned(),
                strategy: ledger::strategy(self.desk),
                folder: Some(folder::below(id)),
                hypothesis,
                trial: walk_trial(&self.tried, &places, curve),
                inputs_hash: None,
                context: backtest::context(self.desk, watch, Vec::new()),
                headline: metrics.iter().cloned().collect(),
            };
            ledger::append(self.desk, &record)?;
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
