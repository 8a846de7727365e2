//! `sweep`: the best sets as a table, and where everything is.

use crosscut_app::runs::shown;
use crosscut_app::sweep::{self, LuckSummary, SweepSummary};
use crosscut_app::{AppError, Desk};

use super::runs::trials;
use super::verdicts::{self, number};
use crate::answer::{Answer, Status};
use crate::text_table::TextTable;

/// Sets shown in the terminal.
const SHOWN: usize = 10;

/// `sweep`.
pub fn sweep(desk: &Desk<'_>) -> Result<Answer, AppError> {
    let summary = sweep::run(desk)?;
    let text = text("sweep", &summary);
    let status = status(&summary);
    Ok(Answer::good(&summary, text).with_status(status))
}

/// The exit status: it could not run when no set could, and found a problem when the best one does not meet the go-live
/// criteria.
pub(super) fn status(summary: &SweepSummary) -> Status {
    let is_judged = summary.n_meeting.is_some();
    match summary.best.first() {
        _ if summary.n_failed == summary.n_sets => Status::CouldNotRun,
        Some(best) => verdicts::status(&best.verdicts),
        None if is_judged => Status::Problem,
        None => Status::Good,
    }
}

/// What the statistics of the sweep's own sets say, in a line.
fn luck(found: &LuckSummary) -> String {
    format!(
        "probability of overfitting {} (a half is pure chance); that no set is better than cash: p {} (SPA), {} (reality check); \
         better at 5 %, all sets at once: {}\n",
        number(found.probability_of_overfitting, 3),
        number(found.spa_p, 3),
        number(found.reality_check_p, 3),
        found.n_superior,
    )
}

/// What the best set is worth after all trials, and the go-live criteria held against it.
fn judged(summary: &SweepSummary) -> String {
    let mut text = trials::deflation(summary.trials.as_ref());
    text.push_str(&summary.luck.as_ref().map(luck).unwrap_or_default());
    if let (Some(best), Some(n)) = (summary.best.first(), summary.n_meeting) {
        text.push_str(&format!("\nset {}, the best{}", best.set, verdicts::text(&best.verdicts)));
        text.push_str(&format!("{n} of {} sets meet all criteria\n", summary.n_sets));
    }
    text
}

/// How many sets failed, and the first errors with what to do about them, each with how many sets ended with it.
pub(super) fn failures((n_failed, n_sets): (usize, usize), errors: &[(String, usize)]) -> String {
    if n_failed == 0 {
        return String::new();
    }
    let mut text = format!("\n{n_failed} of {n_sets} sets failed\n");
    for (error, n) in errors {
        text.push_str(&format!("  {n}: {}\n", error.replace('\n', "\n     ")));
    }
    let n_told: usize = errors.iter().map(|(_, n)| n).sum();
    if n_told < n_failed {
        text.push_str(&format!("  {}: other errors\n", n_failed - n_told));
    }
    text
}

/// A sweep as a few lines.
pub(super) fn text(what: &str, summary: &SweepSummary) -> String {
    let mut text = format!("{what} {}: {} sets", summary.sweep_id, summary.n_sets);
    for (n, what) in [
        (summary.n_done_before, "done before"),
        (summary.n_failed, "failed"),
        (summary.n_refused, "points broke a constraint"),
        (summary.n_repeated, "points repeated others"),
    ] {
        if n > 0 {
            text.push_str(&format!(", {n} {what}"));
        }
    }
    text.push_str("\n\n");
    // What they are ordered by comes first.
    let told: Vec<&str> =
        summary.best.first().map(|best| best.metrics.keys().map(String::as_str).collect()).unwrap_or_default();
    let (mut metrics, others): (Vec<&str>, Vec<&str>) = told.into_iter().partition(|name| *name == summary.by);
    metrics.extend(others);
    // A setting with the name of a metric beside it keeps its section.
    let short =
        |key: &'_ String| key.strip_prefix("backtest.").filter(|short| !metrics.contains(short)).map(str::to_owned);
    let keys: Vec<String> = summary.keys.iter().map(|key| short(key).unwrap_or_else(|| key.clone())).collect();
    let heads: Vec<String> = metrics.iter().map(|name| format!(">{name}")).collect();
    let mut columns = vec![">set"];
    columns.extend(keys.iter().map(String::as_str));
    columns.extend(heads.iter().map(String::as_str));
    columns.push("run");
    let mut table = TextTable::new(&columns);
    for best in summary.best.iter().take(SHOWN) {
        let value = |key: &String| best.values.iter().find(|(known, _)| known == key).map_or("", |(_, value)| value);
        let number = |name: &&str| shown(name, best.metrics[*name]);
        let mut cells =
            vec![best.name.clone().map_or_else(|| best.set.to_string(), |name| format!("{} {name}", best.set))];
        cells.extend(summary.keys.iter().map(|key| value(key).to_owned()));
        cells.extend(metrics.iter().map(number));
        cells.push(best.run_id.clone());
        table.row(cells);
    }
    text.push_str(&table.render());
    text.push_str(&failures((summary.n_failed, summary.n_sets), &summary.errors));
    for note in &summary.notes {
        text.push_str(&format!("note: {note}\n"));
    }
    text.push_str(&judged(summary));
    text.push_str(&format!("\ntable    {}\nreport   {}\n", summary.table.display(), summary.report.display()));
    text
}
