//! What the out-of-sample curve of a walk-forward is worth after everything that was tried.
//!
//! The curve is one trial, not the best of the sets behind it: each test runs what was chosen on data before it, and nothing
//! of the test had a part in the choice. What may have chosen the curve is what was looked at before it was made or instead
//! of it: runs and sweeps of the same hypothesis over the same days, which may have decided which sets it has, and other
//! walk-forwards, of which the best is shown. So the curve's ratio is measured against the best by chance of all trials of its
//! hypothesis, where each walk-forward, this one too, counts as the one curve it made. One that was never ended counts with
//! the sets it was to try. A first walk-forward in a new folder has nothing to be deflated by: its bar is 0.

use std::collections::BTreeSet;

use super::ledger::RunEntry;
use super::trials::{Deflation, Trial, count, name_of, of_trial, unknown_data};

/// What a walk-forward's curve is worth; `None` when no line of the ledger has it. One over several hypotheses is measured
/// against the trials of all of them.
pub(super) fn curve_deflation(entries: &[RunEntry], walk_id: &str) -> Option<Deflation> {
    let own = || entries.iter().filter(|entry| entry.run_id.as_deref() == Some(walk_id) && curve(entry).is_some());
    let trial = own().next_back().and_then(curve)?;
    let names: BTreeSet<String> = own().map(name_of).collect();
    let with_unknown: BTreeSet<String> = names.iter().flat_map(|name| [name.clone(), unknown_of(name)]).collect();
    let walks: BTreeSet<&str> =
        entries.iter().filter(|entry| curve(entry).is_some()).filter_map(|entry| entry.run_id.as_deref()).collect();
    let theirs = entries.iter().filter(|entry| with_unknown.contains(&name_of(entry)));
    let tried: Vec<RunEntry> = theirs.map(|entry| as_tried(entry, &walks)).collect();
    Some(of_trial(&count(&names.into_iter().collect::<Vec<_>>().join(", "), tried.iter()), &trial))
}

/// The name of a hypothesis of which only the strategy is known, with which a hypothesis begins.
fn unknown_of(name: &str) -> String {
    unknown_data(name.split(' ').next().unwrap_or_default())
}

/// The curve of a walk-forward's line as a trial.
fn curve(entry: &RunEntry) -> Option<Trial> {
    entry.trial?.of_curve()
}

/// A line as it counts here. Sets of a sweep over several hypotheses are other sets in each of its lines; a walk-forward over
/// several has one curve in all of them.
fn as_tried(entry: &RunEntry, walks: &BTreeSet<&str>) -> RunEntry {
    let is_walk = entry.run_id.as_deref().is_some_and(|id| walks.contains(id));
    let trial = if is_walk { curve(entry) } else { entry.trial };
    let run_id = entry.run_id.as_ref().map(|id| if is_walk { id.clone() } else { format!("{id} {}", name_of(entry)) });
    RunEntry { run_id, trial, ..entry.clone() }
}
