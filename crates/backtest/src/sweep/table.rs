//! The tables of a sweep: all metrics of all sets, and the curves that are kept.

use std::collections::BTreeSet;

use crosscut_model::{Column, Table};

use super::{Note, ParameterSet, SetOutcome};
use crate::results::metric_names;

/// What a key is called as a column: without its section.
pub(crate) fn short(key: &str) -> &str {
    key.strip_prefix("backtest.").unwrap_or(key)
}

/// What came of a set; `None` when it failed or has not run.
pub(super) fn done(note: &Option<Note>) -> Option<&SetOutcome> {
    note.as_ref()?.as_ref().ok()
}

/// One row per set, in their order: `set`, `name`, `status`, `error`, `run_id`, a column per key (numbers where all values
/// are), every metric (missing: NaN), then `more` columns.
pub fn sets_table(
    keys: &[String],
    sets: &[ParameterSet],
    notes: &[Option<Note>],
    more: Vec<(String, Vec<f64>)>,
) -> Table {
    let mut table = Table::default();
    let text = |of: &dyn Fn(usize) -> String| Column::Text((0..sets.len()).map(of).collect());
    table.push("set", Column::I64((0..sets.len() as i64).collect()));
    table.push("name", text(&|at| sets[at].name.clone().unwrap_or_default()));
    let status = |at: usize| match &notes[at] {
        Some(Ok(_)) => "done",
        Some(Err(_)) => "failed",
        None => "not_run",
    };
    table.push("status", text(&|at| status(at).to_owned()));
    table.push(
        "error",
        text(&|at| notes[at].as_ref().and_then(|note| note.as_ref().err()).cloned().unwrap_or_default()),
    );
    table.push("run_id", text(&|at| done(&notes[at]).map_or_else(String::new, |outcome| outcome.run_id.clone())));
    let metrics: BTreeSet<&str> = metric_names().collect();
    for key in keys {
        let value = |at: usize| sets[at].get(key).unwrap_or_default();
        let numbers: Option<Vec<f64>> = (0..sets.len())
            .map(|at| if sets[at].get(key).is_some() { value(at).parse().ok() } else { Some(f64::NAN) })
            .collect();
        let name = if metrics.contains(short(key)) { key.as_str() } else { short(key) };
        table.push(name, numbers.map_or_else(|| text(&|at| value(at).to_owned()), Column::F64));
    }
    for (place, name) in metric_names().enumerate() {
        let value = |note| done(note).and_then(|outcome| outcome.metrics[place]).unwrap_or(f64::NAN);
        table.push(name, Column::F64(notes.iter().map(value).collect()));
    }
    for (name, values) in more {
        table.push(name, Column::F64(values));
    }
    table
}

/// The kept curves of some sets, one below the other: `set`, `timestamp`, `equity`.
pub fn equity_table(sets: &[usize], notes: &[Option<Note>]) -> Table {
    let (mut set, mut timestamp, mut equity) = (Vec::new(), Vec::new(), Vec::new());
    for &at in sets {
        let Some(outcome) = done(&notes[at]) else { continue };
        set.resize(set.len() + outcome.sampled.labels.len(), at as i64);
        timestamp.extend_from_slice(&outcome.sampled.labels);
        equity.extend_from_slice(&outcome.sampled.equity);
    }
    let mut table = Table::default();
    table.push("set", Column::I64(set));
    table.push("timestamp", Column::I64(timestamp));
    table.push("equity", Column::F64(equity));
    table
}
