//! Identity, repetition, damage, the ledger, and reading runs back.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::fixture::{context, day, outcome, record};
use crate::results::{Archive, FailedRun, ResultsError, RunKind, RunStatus, compare, compare_page, run_id};

/// Circumstances of another machine and another day.
fn elsewhere(kind: RunKind) -> crate::results::RunRecord {
    let mut record = record(kind);
    record.context.threads = 64;
    record.context.started_at = day(500);
    record.context.machine.clear();
    record.context.durations.clear();
    record
}

#[test]
fn the_id_follows_from_config_inputs_and_engine_only() {
    let one = record(RunKind::Backtest);
    let id = one.run_id();
    assert!(id.len() == 16 && id.bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
    assert_eq!(elsewhere(RunKind::Pipeline).run_id(), id);
    let mut reordered = one.inputs.clone();
    reordered.reverse();
    reordered[0].sources.clear();
    assert_eq!(run_id(&one.config, &reordered), id);
    assert_eq!(
        run_id(&json!({"a": 1, "b": {"c": 2, "d": 3}}), &[]),
        run_id(&json!({"b": {"d": 3, "c": 2}, "a": 1}), &[])
    );
    let mut other = record(RunKind::Backtest);
    other.config["capital"] = json!(1000.5);
    assert_ne!(other.run_id(), id);
    let mut other = record(RunKind::Backtest);
    other.inputs[0].content_hash = "changed".to_owned();
    assert_ne!(other.run_id(), id);
}

#[test]
fn a_rerun_elsewhere_gives_the_same_bytes() {
    let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = Archive::new(a.path()).publish(&record(RunKind::Pipeline), &outcome()).unwrap();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let again = pool.install(|| Archive::new(b.path()).publish(&elsewhere(RunKind::Pipeline), &outcome())).unwrap();
    let mut n_same = 0;
    for entry in fs::read_dir(&first.folder).unwrap() {
        let name = entry.unwrap().file_name();
        let same = fs::read(first.folder.join(&name)).unwrap() == fs::read(again.folder.join(&name)).unwrap();
        assert_eq!(same, name != "run_context.json" && name != "logs.txt", "{name:?}");
        n_same += usize::from(same);
    }
    assert_eq!(n_same, 10);
}

#[test]
fn running_again_verifies_leaves_and_enters() {
    let root = tempfile::tempdir().unwrap();
    let archive = Archive::new(root.path());
    let first = archive.publish(&record(RunKind::Backtest), &outcome()).unwrap();
    assert_eq!(first.status, RunStatus::Done);
    let context = fs::read(first.folder.join("run_context.json")).unwrap();
    let again = archive.publish(&elsewhere(RunKind::Backtest), &outcome()).unwrap();
    assert_eq!((again.status, &again.folder), (RunStatus::Reused, &first.folder));
    assert_eq!(fs::read(first.folder.join("run_context.json")).unwrap(), context, "the folder is left as it was");
    let reused = archive.reuse(&elsewhere(RunKind::Backtest)).unwrap().unwrap();
    assert_eq!(reused.metrics, first.metrics, "metrics read back are the ones computed");
    let statuses: Vec<RunStatus> = archive.list().unwrap().entries.iter().map(|entry| entry.status).collect();
    assert_eq!(statuses, [RunStatus::Done, RunStatus::Reused, RunStatus::Reused]);
    let names: Vec<String> = fs::read_dir(root.path().join("top_k"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names, [first.run_id], "nothing is left aside");
}

#[test]
fn an_unknown_run_cannot_be_reused() {
    let root = tempfile::tempdir().unwrap();
    let archive = Archive::new(root.path());
    assert_eq!(archive.reuse(&record(RunKind::Backtest)).unwrap(), None);
    assert!(archive.list().unwrap().entries.is_empty());
}

#[test]
fn damage_is_an_error_that_names_the_file() {
    for (name, change) in [
        ("equity_curve.csv", Some("x")),
        ("report.html", Some("")),
        ("logs.txt", None),
        ("metrics.json", None),
        ("run_context.json", Some("{}")),
        ("run_context.json", None),
    ] {
        let root = tempfile::tempdir().unwrap();
        let archive = Archive::new(root.path());
        let folder = archive.publish(&record(RunKind::Backtest), &outcome()).unwrap().folder;
        assert_eq!(archive.problems(&record(RunKind::Backtest).run_id()[..6]).unwrap(), Vec::<String>::new());
        match change {
            Some(text) => fs::write(folder.join(name), text).unwrap(),
            None => fs::remove_file(folder.join(name)).unwrap(),
        }
        let error = archive.publish(&record(RunKind::Backtest), &outcome()).unwrap_err();
        assert!(matches!(&error, ResultsError::Damaged { problems, .. } if problems.len() == 1), "{error}");
        let expected = if change.is_some() { "was changed" } else { "is missing" };
        assert!(error.to_string().contains(&format!("`{name}` {expected}")), "{error}");
        assert_eq!(archive.problems(&record(RunKind::Backtest).run_id()).unwrap().len(), 1);
        assert_eq!(archive.list().unwrap().entries.len(), 1, "a damaged run is not entered as reused");
    }
}

#[test]
fn a_context_without_a_ledger_still_guards_its_files() {
    let root = tempfile::tempdir().unwrap();
    let archive = Archive::new(root.path());
    let folder = archive.publish(&record(RunKind::Backtest), &outcome()).unwrap().folder;
    fs::remove_file(root.path().join("runs.jsonl")).unwrap();
    fs::write(folder.join("run_context.json"), "not json").unwrap();
    let error = archive.publish(&record(RunKind::Backtest), &outcome()).unwrap_err();
    assert!(error.to_string().contains("run_context.json"), "{error}");
}

#[test]
fn a_folder_moved_away_is_written_again() {
    let root = tempfile::tempdir().unwrap();
    let archive = Archive::new(root.path());
    let first = archive.publish(&record(RunKind::Backtest), &outcome()).unwrap();
    fs::rename(&first.folder, root.path().join("old")).unwrap();
    let again = archive.publish(&elsewhere(RunKind::Backtest), &outcome()).unwrap();
    assert_eq!(again.status, RunStatus::Done);
    assert_eq!(archive.problems(&first.run_id).unwrap(), Vec::<String>::new(), "checked against the latest line");
    assert_eq!(archive.publish(&record(RunKind::Backtest), &outcome()).unwrap().status, RunStatus::Reused);
}

#[test]
fn other_numbers_under_the_same_id_are_an_error() {
    let root = tempfile::tempdir().unwrap();
    let archive = Archive::new(root.path());
    archive.publish(&record(RunKind::Backtest), &outcome()).unwrap();
    let mut changed = outcome();
    changed.equity[4] = 991.0;
    let mut newer = record(RunKind::Backtest);
    newer.context.code_version = "0.1.0+def".to_owned();
    let error = archive.publish(&newer, &changed).unwrap_err().to_string();
    for part in ["metrics.json", "0.1.0+abc", "0.1.0+def", "hint: "] {
        assert!(error.contains(part), "{part} in {error}");
    }
}

#[test]
fn a_strategy_cannot_name_a_folder_elsewhere() {
    let root = tempfile::tempdir().unwrap();
    for name in ["", "..", "a/b", "a b", "../x"] {
        let mut record = record(RunKind::Backtest);
        record.subject.strategy = name.to_owned();
        let error = Archive::new(root.path()).publish(&record, &outcome()).unwrap_err();
        assert!(matches!(error, ResultsError::BadName { .. }), "{error}");
    }
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
}

/// Adds a failure to an archive.
fn fail(archive: &Archive, error: &str) -> usize {
    let failed = FailedRun {
        kind: RunKind::Backtest,
        strategy: "top_k".to_owned(),
        run_id: None,
        inputs_hash: None,
        config: Value::Null,
        context: context(),
        error: error.to_owned(),
    };
    archive.record_failure(&failed).unwrap().len()
}

/// The index as JSON.
fn index(root: &Path) -> Value {
    serde_json::from_slice(&fs::read(root.join("index.json")).unwrap()).unwrap()
}

#[test]
fn failures_count_and_the_index_follows_the_ledger() {
    let root = tempfile::tempdir().unwrap();
    let archive = Archive::new(root.path());
    fail(&archive, "no bars \u{5e01}\nhint: import some");
    archive.publish(&record(RunKind::Backtest), &outcome()).unwrap();
    archive.publish(&elsewhere(RunKind::Backtest), &outcome()).unwrap();
    let list = archive.list().unwrap();
    assert_eq!(list.entries[0].error.as_deref(), Some("no bars \u{5e01}\nhint: import some"));
    assert_eq!(list.entries[1].headline["total_return"], Some(-0.010000000000000009));
    assert_eq!(list.entries[1].seconds, 0.75);
    let index = index(root.path());
    assert_eq!(index["n_entries"], 3);
    assert_eq!(index["runs"].as_array().unwrap().len(), 1);
    assert_eq!(index["runs"][0]["n_times"], 2);
    assert_eq!(index["runs"][0]["last_started_at"], "2025-05-15T00:00:00Z");
    assert_eq!(index["failures"].as_array().unwrap().len(), 1);
    assert_eq!(fs::read_to_string(root.path().join("runs.jsonl")).unwrap().lines().count(), 3);
}

#[test]
fn a_torn_line_is_stepped_over_and_reported() {
    let root = tempfile::tempdir().unwrap();
    let archive = Archive::new(root.path());
    archive.publish(&record(RunKind::Backtest), &outcome()).unwrap();
    let ledger = root.path().join("runs.jsonl");
    let mut bytes = fs::read(&ledger).unwrap();
    let whole = bytes.clone();
    bytes.extend_from_slice(&whole[..40]);
    fs::write(&ledger, &bytes).unwrap();
    let list = archive.list().unwrap();
    assert_eq!((list.entries.len(), list.unreadable.len(), list.unreadable[0].line), (1, 1, 2));
    let again = archive.publish(&record(RunKind::Backtest), &outcome()).unwrap();
    assert!(again.warnings.len() == 1 && again.warnings[0].contains("line 2 of `runs.jsonl`"), "{:?}", again.warnings);
    assert_eq!(fail(&archive, "x"), 1);
    let list = archive.list().unwrap();
    assert_eq!((list.entries.len(), list.unreadable.len()), (3, 1), "the line after the torn one is whole");
    assert_eq!(index(root.path())["unreadable_lines"][0]["line"], 2);
    assert!(fs::read(&ledger).unwrap().starts_with(&bytes), "nothing is ever removed");
}

#[test]
fn runs_are_found_by_the_beginning_of_their_id() {
    let root = tempfile::tempdir().unwrap();
    let archive = Archive::new(root.path());
    let id = archive.publish(&record(RunKind::Backtest), &outcome()).unwrap().run_id;
    let run = archive.load(&id[..4]).unwrap();
    assert_eq!(run.entry.run_id.as_deref(), Some(id.as_str()));
    assert_eq!(run.config()["timeframe"], "1d");
    assert_eq!(run.inputs()[0].0, "bars/test/1d/A");
    assert_eq!(run.data_quality["counts"]["missing_bars"], 3);
    assert_eq!(run.metrics[1].text(), "-1.00%");
    let mut typo = id.clone();
    typo.replace_range(3..4, if &id[3..4] == "0" { "1" } else { "0" });
    let error = archive.load(&typo).unwrap_err();
    assert!(matches!(&error, ResultsError::UnknownRun { nearest: Some(nearest), .. } if *nearest == id), "{error}");
    assert!(matches!(archive.load("").unwrap_err(), ResultsError::UnknownRun { .. }));
}

#[test]
fn an_ambiguous_beginning_lists_the_runs() {
    let root = tempfile::tempdir().unwrap();
    let archive = Archive::new(root.path());
    let mut by_letter: std::collections::BTreeMap<char, usize> = Default::default();
    let mut record = record(RunKind::Backtest);
    let letter = loop {
        let published = archive.publish(&record, &outcome()).unwrap();
        let letter = published.run_id.chars().next().unwrap();
        *by_letter.entry(letter).or_default() += 1;
        if by_letter[&letter] == 2 {
            break letter;
        }
        record.config["n"] = json!(by_letter.len());
    };
    let error = archive.load(&letter.to_string()).unwrap_err();
    assert!(matches!(&error, ResultsError::AmbiguousRun { candidates, .. } if candidates.len() == 2), "{error}");
}

#[test]
fn two_runs_side_by_side() {
    let root = tempfile::tempdir().unwrap();
    let archive = Archive::new(root.path());
    let a = archive.publish(&record(RunKind::Backtest), &outcome()).unwrap();
    let mut record = record(RunKind::Backtest);
    record.config["strategy"]["params"]["k"] = json!(2);
    record.config["extra"] = json!(true);
    record.inputs[1].content_hash = "other".to_owned();
    let mut other = outcome();
    other.equity[4] = 1100.0;
    other.benchmark = None;
    let b = archive.publish(&record, &other).unwrap();
    let both = compare(&archive.load(&a.run_id).unwrap(), &archive.load(&b.run_id).unwrap()).unwrap();
    let metric = |name: &str| both.metrics.iter().find(|pair| pair.name == name).unwrap();
    assert_eq!((metric("final_equity").a, metric("final_equity").b), (Some(990.0), Some(1100.0)));
    assert_eq!(metric("final_equity").difference, Some(110.0));
    assert!(metric("beta").a.is_some() && metric("beta").b.is_none() && metric("beta").difference.is_none());
    let config: Vec<(&str, Option<&str>, Option<&str>)> =
        both.config.iter().map(|d| (d.name.as_str(), d.a.as_deref(), d.b.as_deref())).collect();
    assert_eq!(config, [("extra", None, Some("true")), ("strategy.params.k", Some("1"), Some("2"))]);
    let inputs: Vec<(&str, Option<&str>)> = both.inputs.iter().map(|d| (d.name.as_str(), d.b.as_deref())).collect();
    assert_eq!(inputs, [("bars/test/1d/A", Some("other"))]);
    let parted = &both.divergence;
    assert_eq!((parted.bar.as_deref(), parted.a, parted.b), (Some("2024-01-05T00:00:00Z"), Some(990.0), Some(1100.0)));
    assert_eq!((parted.n_common_bars, parted.only_a, parted.only_b, parted.largest), (5, 0, 0, Some(110.0)));
    assert!(parted.reasons[0].starts_with("no decision and no order differs"), "{:?}", parted.reasons);
}

#[test]
fn the_first_decision_and_order_that_differ_are_told() {
    let root = tempfile::tempdir().unwrap();
    let archive = Archive::new(root.path());
    let a = archive.publish(&record(RunKind::Backtest), &outcome()).unwrap();
    let mut record = record(RunKind::Backtest);
    record.config["extra"] = json!(true);
    let mut other = outcome();
    other.equity[1] = 1099.0;
    other.selections[0].score = 0.25;
    other.selections[0].rank = None;
    other.orders[0].fill.as_mut().unwrap().price = 100.25;
    other.timeline.pop();
    other.available_at.pop();
    for curve in
        [&mut other.equity, &mut other.cash, &mut other.gross_exposure, &mut other.net_exposure, &mut other.drawdown]
    {
        curve.pop();
    }
    other.benchmark = None;
    let b = archive.publish(&record, &other).unwrap();
    let (a, b) = (archive.load(&a.run_id).unwrap(), archive.load(&b.run_id).unwrap());
    let both = compare(&a, &b).unwrap();
    let parted = &both.divergence;
    assert_eq!(parted.bar.as_deref(), Some("2024-01-02T00:00:00Z"));
    assert_eq!((parted.n_common_bars, parted.only_a, parted.only_b), (4, 1, 0));
    assert_eq!(
        parted.reasons,
        [
            "the first decision that differs, A,\"<x> at 2024-01-01T00:00:00Z: rank 1 against none, score 0.30000000000000004 against 0.25",
            "the first order that differs, A,\"<x> at 2024-01-02T00:00:00Z: price 100.03 against 100.25",
        ]
    );
    let page = compare_page(&a, &b, &both).unwrap();
    assert!(page.contains("Equity first differs at 2024-01-02T00:00:00Z.") && !page.contains("<x>"));
    assert_eq!(page, compare_page(&a, &b, &both).unwrap());
}
