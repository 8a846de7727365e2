//! Several writers of one results folder: threads, and real processes.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use super::fixture::{outcome, record};
use crate::results::{Archive, RunKind, RunStatus};

/// Where the child process finds the results folder.
const FOLDER: &str = "CROSSCUT_TEST_RESULTS";
/// Runs per writer.
const N_RUNS: usize = 8;

/// Publishes runs that all writers share, so that they race for every folder and every line.
fn write_runs(root: &Path) {
    for n in 0..N_RUNS {
        let mut record = record(RunKind::Backtest);
        record.config["n"] = json!(n);
        Archive::new(root).publish(&record, &outcome()).unwrap();
    }
}

/// What must hold after `n_writers` have written.
fn check(root: &Path, n_writers: usize) {
    let archive = Archive::new(root);
    let list = archive.list().unwrap();
    assert_eq!(list.unreadable, []);
    assert_eq!(list.entries.len(), n_writers * N_RUNS);
    let done = list.entries.iter().filter(|entry| entry.status == RunStatus::Done).count();
    assert_eq!(done, N_RUNS, "each folder is written once");
    let index: serde_json::Value = serde_json::from_slice(&std::fs::read(root.join("index.json")).unwrap()).unwrap();
    assert_eq!(index["n_entries"], list.entries.len(), "the index was rebuilt from the whole ledger");
    assert_eq!(index["runs"].as_array().unwrap().len(), N_RUNS);
    for run in index["runs"].as_array().unwrap() {
        assert_eq!(run["n_times"], n_writers);
        assert_eq!(archive.problems(run["run_id"].as_str().unwrap()).unwrap(), Vec::<String>::new());
    }
    assert_eq!(archive.chain(None).unwrap().problems, [], "links hold whoever wrote the line before");
    let left = std::fs::read_dir(root.join("top_k")).unwrap().count();
    assert_eq!(left, N_RUNS, "nothing is left aside");
}

#[test]
fn threads_write_at_once() {
    let root = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| write_runs(root.path()));
        }
    });
    check(root.path(), 3);
}

#[test]
fn processes_write_at_once() {
    let root = tempfile::tempdir().unwrap();
    let program = std::env::current_exe().unwrap();
    let start = || {
        Command::new(&program)
            .args(["--exact", "results::tests::concurrency::child", "--test-threads", "1"])
            .env(FOLDER, root.path())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap()
    };
    let children: Vec<_> = (0..2).map(|_| start()).collect();
    write_runs(root.path());
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    check(root.path(), 3);
}

/// The body of a child process; does nothing in an ordinary test run.
#[test]
fn child() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        write_runs(Path::new(&folder));
    }
}
