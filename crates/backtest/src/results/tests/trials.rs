//! The ledger as a count of trials, and what shows when it is tampered with.

use std::fs;
use std::path::Path;

use crosscut_kernels::metrics::{deviation, expected_max_sharpe};
use serde_json::{Value, json};

use super::fixture::{context, outcome, record};
use crate::results::{Archive, FailedRun, RunEntry, RunKind, RunRecord, RunStatus, Trial, hypothesis};

/// A run of a strategy with a parameter of its own.
fn run_of(strategy: &str, n: u64) -> RunRecord {
    let mut record = record(RunKind::Backtest);
    record.subject.strategy = strategy.to_owned();
    record.config = json!({
        "strategy": strategy, "venue": "test", "timeframe": "1d", "factor_set": "core__2025-01-01", "params": {"n": n},
    });
    record
}

/// Publishes a run whose equity grows by `growth` more each day.
fn publish(archive: &Archive, strategy: &str, n: u64, growth: f64) -> String {
    let mut outcome = outcome();
    for (day, equity) in outcome.equity.iter_mut().enumerate() {
        *equity *= (1.0 + growth).powi(day as i32);
    }
    archive.publish(&run_of(strategy, n), &outcome).unwrap().run_id
}

/// Adds a failure of a run.
fn fail(archive: &Archive, strategy: &str, run_id: Option<&str>) {
    let failed = FailedRun {
        kind: RunKind::Backtest,
        strategy: strategy.to_owned(),
        run_id: run_id.map(str::to_owned),
        inputs_hash: None,
        config: run_of(strategy, 99).config,
        context: context(),
        error: "no data".to_owned(),
    };
    archive.record_failure(&failed).unwrap();
}

/// The lines of the ledger.
fn lines(root: &Path) -> Vec<String> {
    fs::read_to_string(root.join("runs.jsonl")).unwrap().lines().map(str::to_owned).collect()
}

/// Writes the ledger anew.
fn write(root: &Path, lines: &[String]) {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    fs::write(root.join("runs.jsonl"), text).unwrap();
}

/// What a check finds, each with its line.
fn problems(root: &Path) -> Vec<(Option<usize>, String)> {
    Archive::new(root).chain(None).unwrap().problems.into_iter().map(|one| (one.line, one.problem)).collect()
}

/// A folder with four runs of one hypothesis.
fn four() -> (tempfile::TempDir, Archive) {
    let root = tempfile::tempdir().unwrap();
    let archive = Archive::new(root.path());
    (0..4).for_each(|n| drop(publish(&archive, "top_k", n, 0.01 * n as f64)));
    (root, archive)
}

#[test]
fn a_hypothesis_is_strategy_and_data() {
    let config = |changes: Value| {
        let mut config = run_of("top_k", 0).config;
        changes.as_object().unwrap().iter().for_each(|(key, value)| config[key] = value.clone());
        hypothesis(&config)
    };
    assert_eq!(config(json!({})), "top_k test 1d core");
    assert_eq!(
        config(json!({"factor_set": "core__2026-02-02", "symbols": ["A"], "start": "2024", "capital": 5})),
        "top_k test 1d core"
    );
    assert_eq!(
        config(json!({"factor_set": "", "factor_formula": "close / delay(close, 5)"})),
        "top_k test 1d formulas"
    );
    assert_eq!(config(json!({"strategy": "long_short", "timeframe": "1h"})), "long_short test 1h core");
}

#[test]
fn every_trial_counts_once() {
    let (root, archive) = four();
    publish(&archive, "top_k", 2, 0.02);
    let other = publish(&archive, "long_short", 0, 0.0);
    fail(&archive, "top_k", None);
    fail(&archive, "top_k", None);
    fail(&archive, "top_k", Some("ab12"));
    fail(&archive, "long_short", Some(&other));
    let found = archive.hypotheses().unwrap();
    let counts: Vec<_> = found
        .iter()
        .map(|one| (one.name.as_str(), one.n_trials, one.n_runs, one.n_failed, one.n_without_ratio))
        .collect();
    assert_eq!(counts, [("long_short test 1d core", 1, 1, 0, 0), ("top_k test 1d core", 7, 4, 3, 3)]);
    fs::remove_dir_all(root.path().join("top_k")).unwrap();
    assert_eq!(archive.hypotheses().unwrap(), found, "the count does not hang on folders");
    assert_eq!(problems(root.path()), []);
}

#[test]
fn a_result_is_measured_against_all_trials() {
    let (_root, archive) = four();
    let ids: Vec<String> = archive.list().unwrap().entries.iter().map(|entry| entry.run_id.clone().unwrap()).collect();
    let ratios: Vec<f64> =
        archive.list().unwrap().entries.iter().map(|entry| entry.trial.unwrap().sharpe.unwrap()).collect();
    let found = archive.deflation(&ids[3]).unwrap().unwrap();
    let threshold = expected_max_sharpe(4, deviation(&ratios).unwrap()).unwrap();
    assert!((found.sharpe_threshold.unwrap() - threshold).abs() < 1e-12 * threshold);
    assert_eq!((found.n_trials, found.hypothesis.as_str()), (4, "top_k test 1d core"));
    let before = found.deflated_sharpe.unwrap();
    (4..40).for_each(|n| drop(publish(&archive, "top_k", n, 0.0007 * (n % 5) as f64)));
    let after = archive.deflation(&ids[3]).unwrap().unwrap();
    assert_eq!(after.n_trials, 40);
    assert_ne!(after.deflated_sharpe.unwrap(), before);
    publish(&archive, "long_short", 0, 0.0);
    assert_eq!(archive.deflation(&ids[3]).unwrap().unwrap(), after, "another hypothesis is no trial of this one");
}

#[test]
fn a_first_run_is_worth_its_probabilistic_ratio() {
    let root = tempfile::tempdir().unwrap();
    let archive = Archive::new(root.path());
    let published = archive.publish(&run_of("top_k", 0), &outcome()).unwrap();
    let found = archive.deflation(&published.run_id).unwrap().unwrap();
    let probabilistic = published.metrics.iter().find(|metric| metric.name == "probabilistic_sharpe").unwrap().value;
    assert_eq!((found.n_trials, found.sharpe_threshold), (1, Some(0.0)));
    assert!((found.deflated_sharpe.unwrap() - probabilistic.unwrap()).abs() < 1e-12);
    fail(&archive, "top_k", None);
    let found = archive.deflation(&published.run_id).unwrap().unwrap();
    assert!(
        found.n_trials == 2 && found.sharpe_threshold.unwrap() > 0.0,
        "a failure raises the bar, by theory: {found:?}"
    );
}

#[test]
fn the_page_tells_what_any_number_of_trials_leaves() {
    let root = tempfile::tempdir().unwrap();
    let archive = Archive::new(root.path());
    let page = || {
        let published = archive.publish(&run_of("top_k", 0), &outcome()).unwrap();
        let found = archive.deflation(&published.run_id).unwrap().unwrap();
        (found, fs::read_to_string(published.folder.join("report.html")).unwrap())
    };
    let (alone, text) = page();
    // SciPy: the best of 100 standard normal numbers is expected at 2.5306 by the formula; of four returns the error is
    // 1 / sqrt(3) a day, of which 365 make a year.
    let entry = archive.list().unwrap().entries[0].trial.unwrap();
    let by_chance = 2.530_602_893_201_684_6 * (entry.periods_per_year / (entry.n_periods as f64 - 1.0)).sqrt();
    let cells = |text: &str| text.split("After many trials").last().unwrap().to_owned();
    assert!(cells(&text).contains(&format!("{by_chance:.2}")), "{by_chance}");
    assert!(cells(&text).contains(&format!("{:.2}", 100.0 * alone.deflated_sharpe.unwrap())), "{alone:?}");
    // The number of trials is told by the ledger; the page stays as it is.
    (1..5).for_each(|n| drop(publish(&archive, "top_k", n, 0.0007)));
    let (later, same) = page();
    assert!(later.n_trials > alone.n_trials && same == text);
}

#[test]
fn a_sweep_counts_with_its_sets() {
    let (_root, archive) = four();
    let mut entry = archive.list().unwrap().entries.remove(0);
    entry.kind = "sweep".to_owned();
    entry.run_id = Some("5eed".to_owned());
    let trial = Trial {
        n_sets: 1000,
        n_effective: 400.0,
        sharpe_deviation: Some(0.8),
        sharpe: Some(0.1),
        ..entry.trial.unwrap()
    };
    let sweep = RunEntry { trial: Some(Trial { sharpe_best: Some(2.5), ..trial }), ..entry };
    archive
        .enter_many(RunEntry { trial: Some(Trial { n_sets: 300, n_effective: 100.0, ..trial }), ..sweep.clone() })
        .unwrap();
    archive.enter_many(sweep).unwrap();
    let found = archive.hypotheses().unwrap().remove(0);
    assert_eq!((found.n_trials, found.n_sweeps, found.n_sets, found.n_runs), (1004, 1, 1000, 4));
    assert_eq!(found.n_effective, 404.0);
    assert_eq!(found.sharpe_threshold, expected_max_sharpe(404, found.sharpe_deviation.unwrap()));
}

/// Enters a line of many sets: a walk-forward where `curve` is the annualised ratio of its tests, else a sweep.
fn enter_sets(archive: &Archive, id: &str, (strategy, n_sets): (&str, u64), curve: Option<f64>) {
    let mut entry = archive.list().unwrap().entries.remove(0);
    entry.kind = "sweep".to_owned();
    (entry.run_id, entry.hypothesis) = (Some(id.to_owned()), Some(format!("{strategy} test 1d core")));
    let one = entry.trial.unwrap();
    let sets = Trial { n_sets, n_effective: n_sets as f64, sharpe: Some(0.1), sharpe_deviation: Some(0.8), ..one };
    let of_curve = |sharpe| sets.with_curve(&Trial { sharpe: Some(sharpe), ..one });
    entry.trial = Some(curve.map_or(sets, of_curve));
    archive.enter_many(entry).unwrap();
}

#[test]
fn the_curve_of_a_walk_is_one_trial_and_its_sets_are_none() {
    let root = tempfile::tempdir().unwrap();
    let archive = Archive::new(root.path());
    let published = archive.publish(&run_of("long_short", 0), &outcome()).unwrap();
    let shape = archive.list().unwrap().entries[0].trial.unwrap();
    enter_sets(&archive, "wa1c", ("top_k", 1000), Some(1.5));
    let found = |id: &str| archive.curve_deflation(id).unwrap().unwrap();
    // Nothing else was tried: the curve is worth its probabilistic ratio.
    let alone = found("wa1c");
    assert_eq!((alone.n_trials, alone.n_effective, alone.sharpe_threshold), (1, 1.0, Some(0.0)));
    assert_eq!(archive.hypotheses().unwrap()[1].n_trials, 1000, "for anything else its sets are trials");
    let per_year = shape.periods_per_year.sqrt();
    let (skewness, kurtosis) = shape.shape.unwrap();
    let ratio = 1.5 / per_year;
    let error = (1.0 - skewness * ratio + (kurtosis - 1.0) / 4.0 * ratio * ratio).sqrt();
    let z = ratio * (shape.n_periods as f64 - 1.0).sqrt() / error;
    let by_hand = 0.5 * libm::erfc(-z / 2.0_f64.sqrt());
    assert!((alone.deflated_sharpe.unwrap() - by_hand).abs() < 1e-12, "{alone:?} {by_hand}");

    // Two other walk-forwards are a trial each, a sweep is all its sets; the same walk made again is no other.
    enter_sets(&archive, "wa1d", ("top_k", 50), Some(0.5));
    enter_sets(&archive, "wa1e", ("top_k", 50), Some(-0.2));
    enter_sets(&archive, "wa1c", ("top_k", 1000), Some(1.5));
    let three = found("wa1c");
    let spread = deviation(&[1.5, 0.5, -0.2]).unwrap();
    assert_eq!((three.n_trials, three.hypothesis.as_str()), (3, "top_k test 1d core"));
    assert!((three.sharpe_deviation.unwrap() - spread).abs() < 1e-12);
    assert!((three.sharpe_threshold.unwrap() - expected_max_sharpe(3, spread).unwrap()).abs() < 1e-12);
    enter_sets(&archive, "5eed", ("top_k", 40), None);
    assert_eq!(found("wa1c").n_trials, 43);
    assert_eq!(archive.curve_deflation("5eed").unwrap(), None, "a sweep has no curve");
    assert_eq!(archive.curve_deflation(&published.run_id).unwrap(), None);
}

#[test]
fn a_walk_over_two_strategies_is_measured_against_the_trials_of_both() {
    let (_root, archive) = four();
    for strategy in ["top_k", "long_short"] {
        enter_sets(&archive, "wa1c", (strategy, 30), Some(1.5));
        // One sweep over both: other sets in each line.
        enter_sets(&archive, "5eed", (strategy, 10), None);
    }
    let found = archive.curve_deflation("wa1c").unwrap().unwrap();
    assert_eq!(found.hypothesis, "long_short test 1d core, top_k test 1d core");
    assert_eq!(found.n_trials, 1 + 4 + 2 * 10);
}

#[test]
fn an_edited_line_shows() {
    let (root, _) = four();
    assert_eq!(problems(root.path()), []);
    let mut all = lines(root.path());
    all[1] = all[1].replace("\"n_sets\":1", "\"n_sets\":0");
    write(root.path(), &all);
    let found = problems(root.path());
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].0 == Some(3) && found[0].1.contains("line 2 was edited"), "{found:?}");
    let last = all.len() - 1;
    let (root, _) = four();
    let mut all = lines(root.path());
    all[last] = all[last].replace("\"done\"", "\"failed\"");
    write(root.path(), &all);
    assert!(problems(root.path())[0].1.contains("line 4 ended with"), "the last line too: the index knows its end");
}

#[test]
fn lines_taken_out_or_moved_show() {
    for (what, expected) in [("first", Some(1)), ("middle", Some(3)), ("swap", Some(2)), ("none", None)] {
        let (root, _) = four();
        let mut all = lines(root.path());
        match what {
            "first" => drop(all.remove(0)),
            "middle" => drop(all.remove(2)),
            "swap" => all.swap(1, 2),
            _ => {}
        }
        write(root.path(), &all);
        assert_eq!(problems(root.path()).first().map(|one| one.0), expected.map(Some), "{what}");
    }
}

#[test]
fn a_line_put_in_without_a_link_shows() {
    let (root, archive) = four();
    let mut all = lines(root.path());
    let mut forged: Value = serde_json::from_str(&all[3]).unwrap();
    drop(forged.as_object_mut().unwrap().remove("link"));
    // What a crash cut off is none.
    let cut_off = all[3][..40].to_owned();
    write(root.path(), &[&all[..], &[cut_off]].concat());
    assert_eq!(problems(root.path()), []);
    publish(&archive, "top_k", 9, 0.03);
    assert_eq!(problems(root.path()), []);
    all = lines(root.path());
    all.push(forged.to_string());
    write(root.path(), &all);
    let found = problems(root.path());
    assert!(found.len() == 1 && found[0].0 == Some(7) && found[0].1.contains("put in by hand"), "{found:?}");
}

#[test]
fn lines_taken_off_the_end_show_for_good() {
    let (root, archive) = four();
    let all = lines(root.path());
    write(root.path(), &all[..2]);
    let found = problems(root.path());
    assert!(found.iter().any(|one| one.1.contains("2 of 4 lines were taken off the end")), "{found:?}");
    assert_eq!(found.iter().filter(|one| one.1.contains("that no line knows")).count(), 2, "their folders tell too");
    publish(&archive, "top_k", 9, 0.03);
    let found = problems(root.path());
    assert!(
        found.iter().any(|one| one.0 == Some(3) && one.1.contains("2 of 4 lines")),
        "the next line remembers: {found:?}"
    );
    fs::remove_file(root.path().join("index.json")).unwrap();
    assert!(problems(root.path()).iter().any(|one| one.1.contains("`index.json` is gone")));
}

#[test]
fn a_noted_head_must_lie_on_the_chain() {
    let (root, archive) = four();
    let noted = archive.chain(None).unwrap().head;
    publish(&archive, "top_k", 9, 0.03);
    assert_eq!(archive.chain(Some(&noted.hash)).unwrap().problems, []);
    fs::remove_dir_all(root.path()).unwrap();
    publish(&archive, "top_k", 0, 0.0);
    let found = archive.chain(Some(&noted.hash)).unwrap().problems;
    assert!(found.len() == 1 && found[0].problem.contains("is not on the chain"), "{found:?}");
}

#[test]
fn ledgers_of_earlier_versions_go_on() {
    let (root, archive) = four();
    let old: Vec<String> = lines(root.path())
        .iter()
        .map(|line| {
            let mut value: Value = serde_json::from_str(line).unwrap();
            ["link", "hypothesis", "trial"].iter().for_each(|key| drop(value.as_object_mut().unwrap().remove(*key)));
            value.to_string()
        })
        .collect();
    write(root.path(), &old);
    fs::remove_file(root.path().join("index.json")).unwrap();
    assert_eq!(problems(root.path()), []);
    let id = publish(&archive, "top_k", 9, 0.03);
    let chain = archive.chain(None).unwrap();
    assert_eq!((chain.n_linked, chain.n_unlinked, chain.problems.len()), (1, 4, 0));
    assert_eq!(archive.deflation(&id).unwrap().unwrap().n_trials, 5, "unknown data of the same strategy count");
    let mut edited = lines(root.path());
    edited[2] = edited[2].replace("\"done\"", "\"failed\"");
    write(root.path(), &edited);
    assert_eq!(problems(root.path())[0].0, Some(5), "old lines are covered by the first link");
}

#[test]
fn a_line_cut_off_by_a_crash_is_no_tampering() {
    let (root, archive) = four();
    let mut bytes = fs::read(root.path().join("runs.jsonl")).unwrap();
    bytes.extend(b"{\"format\":1,\"run_id\":\"ab");
    fs::write(root.path().join("runs.jsonl"), bytes).unwrap();
    publish(&archive, "top_k", 9, 0.03);
    assert_eq!(problems(root.path()), []);
    assert_eq!(archive.list().unwrap().unreadable.len(), 1);
    assert_eq!(archive.list().unwrap().entries.last().unwrap().status, RunStatus::Done);
}
