//! A sweep's folder: `results/sweeps/<sweep id>/`.
//!
//! `sets.parquet` has one row per set: its values, its run, every metric, what luck leaves of it; `equity.parquet` the
//! curves that are kept; `sweep.json` the description; `report.html` the page. Each appears whole. The best sets get full
//! results folders through the same code as `crosscut backtest`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crosscut_backtest::results::{NamedTrial, metric_names};
use crosscut_backtest::sweep::{Judged, Note, ParameterSet, STRATEGY, SetOutcome, SweepPage, equity_table, sets_table};
use crosscut_model::Table;

use super::file::{Asked, Kept};
use super::{BestSet, LuckSummary, Sweep, SweepSummary, base_value, description, ledger, warn};
use crate::backtest::{self, Purpose, Watch};
use crate::desk::Desk;
use crate::error::AppError;
use crate::{criteria, runs, stress, table_file};

/// The folder of sweeps inside the results folder.
const SWEEPS: &str = "sweeps";

/// Metrics that the summary tells of the best sets.
const SHOWN: [&str; 6] = ["sharpe", "cagr", "max_drawdown", "calmar", "turnover_yearly", "n_trades"];

/// Sets that the summary tells of.
const TOLD: usize = 10;

/// Errors that the summary tells of.
const ERRORS_TOLD: usize = 5;

/// The folder of a sweep, made if it is not there.
pub(super) fn place(desk: &Desk<'_>, id: &str) -> Result<PathBuf, AppError> {
    let folder = desk.results_root().join(SWEEPS).join(id);
    fs::create_dir_all(&folder).map_err(|error| AppError::io("create", &folder, &error))?;
    Ok(folder)
}

/// The folder of a sweep, below the results folder.
pub(super) fn below(id: &str) -> String {
    format!("{SWEEPS}/{id}")
}

/// Writes everything that follows from the sets, and the best ones' folders.
pub(super) fn write(sweep: &Sweep<'_>, folder: &Path, watch: &mut Watch) -> Result<SweepSummary, AppError> {
    let keys = keys(&sweep.asked, sweep.searched.as_ref().is_some_and(|searched| searched.varies_end));
    let ranked = ranked(sweep);
    let mut notes = Vec::new();
    let best = ranked.first().map(|&at| sweep.many.resolve(&sweep.drawn.sets[at])).transpose()?;
    let frictions = best.map(|config| stress::frictions(&sweep.many, &config)).unwrap_or_default();
    watch.lap("costs and execution");
    let mut page = SweepPage {
        title: title(sweep),
        id: sweep.id.clone(),
        keys: keys.clone(),
        sets: &sweep.drawn.sets,
        base: base_values(sweep.desk, &keys, &sweep.drawn.sets),
        notes: &sweep.notes,
        by: &sweep.asked.by,
        ranked: &ranked,
        out_of_sample: sweep.asked.out_of_sample,
        n_refused: sweep.drawn.n_refused,
        n_repeated: sweep.drawn.n_repeated,
        frictions: &frictions,
        judged: None,
    };
    let luck = page.luck()?;
    watch.lap("statistics");
    let columns = luck.as_ref().map(|luck| luck.columns(sweep.notes.len())).unwrap_or_default();
    let table = sets_table(&keys, &sweep.drawn.sets, &sweep.notes, columns);
    write_table(&table, &folder.join("sets.parquet"))?;
    let chosen = chosen(sweep, &ranked, &mut notes);
    let kept: Vec<usize> = match sweep.asked.equity {
        Kept::None => Vec::new(),
        Kept::Best => chosen.iter().copied().collect(),
        Kept::All => (0..sweep.notes.len()).collect(),
    };
    write_table(&equity_table(&kept, &sweep.notes), &folder.join("equity.parquet"))?;
    write_text(&page.render(luck.as_ref()), &folder.join("report.html"))?;
    watch.lap("write");
    let mut folders = BTreeMap::new();
    for &at in &chosen {
        let config = sweep.many.resolve(&sweep.drawn.sets[at])?;
        let run = backtest::run_config(
            sweep.desk,
            &config,
            Purpose { part_of: Some(sweep.id.clone()), ..Purpose::backtest() },
        )?;
        if let Some(Ok(outcome)) = &sweep.notes[at] {
            check_same(sweep.desk, at, outcome, &run);
        }
        folders.insert(at, run.folder);
    }
    watch.lap("folders");
    let mut summary = summary(sweep, folder, (keys, &ranked), (folders, notes));
    let mut described = description(sweep, &summary);
    described["statistics"] = serde_json::to_value(&luck).unwrap_or_default();
    described["costs_and_execution"] = serde_json::to_value(&frictions).unwrap_or_default();
    write_text(&format!("{described:#}\n"), &folder.join("sweep.json"))?;
    ledger::enter(sweep, (&summary, luck.as_ref()), watch)?;
    summary.luck = luck.as_ref().map(LuckSummary::of);
    judge(sweep, &mut summary)?;
    page.judged = judged(&summary);
    if page.judged.is_some() {
        write_text(&page.render(luck.as_ref()), &folder.join("report.html"))?;
    }
    Ok(summary)
}

/// The verdicts of a summary as the page shows them; `None` without criteria.
fn judged(summary: &SweepSummary) -> Option<Judged> {
    Some(Judged {
        best: summary.best.iter().map(|best| (best.set, best.verdicts.clone())).collect(),
        n_meeting: summary.n_meeting?,
        n_sets: summary.n_sets,
        trials: summary.trials.clone(),
    })
}

/// Holds the sets against the go-live criteria, and tells what the best one is worth after all trials: by the ledger as it is
/// now. Of the sweep's files the page alone has it, where there are criteria.
fn judge(sweep: &Sweep<'_>, summary: &mut SweepSummary) -> Result<(), AppError> {
    let criteria = &sweep.asked.criteria;
    let of = |at: usize| Some((at, sweep.notes[at].as_ref()?.as_ref().ok()?));
    let told = || summary.best.iter().map(|best| best.set);
    let places: Vec<usize> = if criteria.is_empty() { told().collect() } else { (0..sweep.notes.len()).collect() };
    let done: Vec<(usize, &SetOutcome)> = places.into_iter().filter_map(of).collect();
    let trials: Vec<NamedTrial> =
        done.iter().map(|(at, outcome)| (sweep.hypotheses[*at].clone(), outcome.trial())).collect();
    let worth = runs::archive(sweep.desk).deflations(&trials)?;
    let verdicts = |nth: usize| criteria::of_run(criteria, &|name| done[nth].1.metric(name), Some(&worth[nth]));
    let nth = |set: usize| done.iter().position(|(at, _)| *at == set);
    summary.trials = summary.best.first().and_then(|best| Some(worth[nth(best.set)?].clone()));
    for best in &mut summary.best {
        best.verdicts = nth(best.set).map(verdicts).unwrap_or_default();
    }
    let meets = |nth: &usize| verdicts(*nth).iter().all(|one| one.passed);
    summary.n_meeting = (!criteria.is_empty()).then(|| (0..done.len()).filter(meets).count());
    Ok(())
}

/// Refuses to go on when the sweep's numbers are not those of the full run: they come from one engine.
fn check_same(desk: &Desk<'_>, at: usize, outcome: &SetOutcome, run: &backtest::RunSummary) {
    for metric in &run.metrics {
        if outcome.metric(&metric.name) != metric.value {
            warn(
                desk,
                &format!(
                    "set {at} (run {}): {} was {:?} in the sweep and is {:?} in its folder: please report this",
                    run.run_id,
                    metric.name,
                    outcome.metric(&metric.name),
                    metric.value
                ),
            );
        }
    }
}

/// The keys of all sets, in the order in which they first come.
pub(super) fn keys(asked: &Asked, varies_end: bool) -> Vec<String> {
    let mut keys: Vec<String> = asked.space.axes.iter().map(|axis| axis.key.clone()).collect();
    if varies_end {
        keys.push("backtest.end".to_owned());
    }
    for set in &asked.space.named {
        for (key, _) in &set.values {
            if !keys.contains(key) {
                keys.push(key.clone());
            }
        }
    }
    keys
}

/// The values that keys have in the settings, and the strategy of these. A number is written as the first set that has it
/// writes it.
pub(super) fn base_values(desk: &Desk<'_>, keys: &[String], sets: &[ParameterSet]) -> BTreeMap<String, String> {
    let as_sets_write = |key: &str, value: String| {
        let Ok(number) = value.parse::<f64>() else { return value };
        let is_same = |text: &&str| text.parse() == Ok(number);
        sets.iter().filter_map(|set| set.get(key)).find(is_same).map_or(value, str::to_owned)
    };
    let all = keys.iter().map(String::as_str).chain([STRATEGY]);
    all.filter_map(|key| Some((key.to_owned(), as_sets_write(key, base_value(desk, key)?)))).collect()
}

/// Sets that have the metric, the best first; equal ones in their order.
fn ranked(sweep: &Sweep<'_>) -> Vec<usize> {
    if let Some(searched) = &sweep.searched {
        return searched.order.clone();
    }
    let value = |note: &Option<Note>| note.as_ref()?.as_ref().ok()?.metric(&sweep.asked.by);
    let mut ranked: Vec<(usize, f64)> =
        sweep.notes.iter().enumerate().filter_map(|(at, note)| Some((at, value(note)?))).collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    ranked.into_iter().map(|(at, _)| at).collect()
}

/// Sets that get a folder, ascending.
fn chosen(sweep: &Sweep<'_>, ranked: &[usize], notes: &mut Vec<String>) -> BTreeSet<usize> {
    let mut chosen: BTreeSet<usize> = ranked.iter().copied().take(sweep.asked.best).collect();
    for wanted in &sweep.asked.folders {
        let by_name = || sweep.drawn.sets.iter().position(|set| set.name.as_deref() == Some(wanted));
        let found = by_name().or_else(|| wanted.parse().ok()).filter(|&at: &usize| at < sweep.notes.len());
        match found.filter(|&at| matches!(sweep.notes[at], Some(Ok(_)))) {
            Some(at) => drop(chosen.insert(at)),
            None => {
                let place = sweep.desk.config.place("sweep.folders");
                let note = format!("{place}: {wanted}: there is no such set, or it failed");
                warn(sweep.desk, &note);
                notes.push(note);
            }
        }
    }
    chosen
}

/// What the page is called.
fn title(sweep: &Sweep<'_>) -> String {
    if let Some(searched) = &sweep.searched {
        return searched.title.clone();
    }
    let strategy = sweep.desk.config.text("backtest.strategy").unwrap_or_default();
    format!("Sweep of {strategy}, {} sets", sweep.drawn.sets.len())
}

/// The summary.
fn summary(
    sweep: &Sweep<'_>,
    folder: &Path,
    (keys, ranked): (Vec<String>, &[usize]),
    (folders, mut notes): (BTreeMap<usize, PathBuf>, Vec<String>),
) -> SweepSummary {
    let failed = sweep.notes.iter().filter_map(|note| note.as_ref()?.as_ref().err());
    let (n_failed, errors) = errors_of(failed.map(String::as_str));
    if ranked.is_empty() && n_failed < sweep.notes.len() {
        notes.push(match sweep.searched {
            Some(_) => "no set has all metrics of the objective and meets what is required".to_owned(),
            None if !has_traded(sweep) => {
                format!("no set has the metric {}: none of them closed a trade", sweep.asked.by)
            }
            None => format!("no set has the metric {}", sweep.asked.by),
        });
    }
    SweepSummary {
        sweep_id: sweep.id.clone(),
        folder: folder.to_owned(),
        report: folder.join("report.html"),
        table: folder.join("sets.parquet"),
        n_sets: sweep.drawn.sets.len(),
        n_done_before: sweep.n_done_before,
        n_failed,
        n_refused: sweep.drawn.n_refused,
        n_repeated: sweep.drawn.n_repeated,
        by: sweep.asked.by.clone(),
        keys,
        best: ranked.iter().take(TOLD.max(sweep.asked.best)).filter_map(|&at| best(sweep, at, &folders)).collect(),
        errors,
        notes,
        trials: None,
        luck: None,
        n_meeting: None,
        seconds: Vec::new(),
    }
}

/// The number of errors, and the first different ones, each with how often it is there.
pub(super) fn errors_of<'a>(failed: impl Iterator<Item = &'a str>) -> (usize, Vec<(String, usize)>) {
    let mut n_failed = 0;
    let mut errors: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for error in failed {
        errors.entry(error).or_insert((n_failed, 0)).1 += 1;
        n_failed += 1;
    }
    let mut by_first: Vec<(&str, (usize, usize))> = errors.into_iter().collect();
    by_first.sort_by_key(|(_, (first, _))| *first);
    let told = by_first.into_iter().take(ERRORS_TOLD).map(|(error, (_, n))| (error.to_owned(), n));
    (n_failed, told.collect())
}

/// Whether any set closed a trade.
fn has_traded(sweep: &Sweep<'_>) -> bool {
    let outcomes = sweep.notes.iter().flatten().filter_map(|note| note.as_ref().ok());
    outcomes.filter_map(|outcome| outcome.metric("n_trades")).any(|n| n > 0.0)
}

/// A set as the summary tells of it.
fn best(sweep: &Sweep<'_>, at: usize, folders: &BTreeMap<usize, PathBuf>) -> Option<BestSet> {
    let outcome = sweep.notes[at].as_ref()?.as_ref().ok()?;
    let by = sweep.asked.by.as_str();
    let shown = SHOWN.iter().copied().chain(metric_names().filter(|name| *name == by));
    Some(BestSet {
        set: at,
        name: sweep.drawn.sets[at].name.clone(),
        values: sweep.drawn.sets[at].values.clone(),
        run_id: outcome.run_id.clone(),
        metrics: shown.map(|name| (name.to_owned(), outcome.metric(name))).collect(),
        folder: folders.get(&at).cloned(),
        verdicts: Vec::new(),
    })
}

/// Writes a table so that it appears whole.
fn write_table(table: &Table, file: &Path) -> Result<(), AppError> {
    table_file::write(table, file)
}

/// Writes a text so that it appears whole.
pub(super) fn write_text(text: &str, file: &Path) -> Result<(), AppError> {
    let part = file.with_extension("part");
    let written = fs::File::create(&part).and_then(|mut open| {
        use std::io::Write;
        open.write_all(text.as_bytes()).and_then(|()| open.sync_all())
    });
    written.and_then(|()| fs::rename(&part, file)).map_err(|error| AppError::io("write", file, &error))
}
