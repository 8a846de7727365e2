//! `optimize` and `walkforward`: what was found, window by window, and where everything is.

use crosscut_app::runs::shown;
use crosscut_app::sweep::optimize;
use crosscut_app::sweep::walkforward::{self, WalkSummary, walk_text};
use crosscut_app::{AppError, Desk};

use super::runs::trials;
use super::{sweep, verdicts};
use crate::answer::{Answer, Status};
use crate::text_table::TextTable;

/// Sets of a front named in the terminal.
const FRONT_SHOWN: usize = 20;

/// `optimize`.
pub fn optimize(desk: &Desk<'_>) -> Result<Answer, AppError> {
    let summary = optimize::run(desk)?;
    let mut text = format!("{} by {}\n", summary.objectives.join(", "), summary.method);
    text.push_str(&sweep::text("search", &summary.sweep));
    if let Some(stopped) = &summary.stopped {
        text.push_str(&format!("ended early: {stopped}\n"));
    }
    if !summary.front.is_empty() {
        let told: Vec<String> = summary.front.iter().take(FRONT_SHOWN).map(ToString::to_string).collect();
        let n = summary.front.len();
        let sets = if n == 1 { "set" } else { "sets" };
        text.push_str(&format!("front    {n} {sets} that no other beats in all objectives: {}\n", told.join(", ")));
    }
    let status = sweep::status(&summary.sweep);
    Ok(Answer::good(&summary, text).with_status(status))
}

/// `walkforward`.
pub fn walkforward(desk: &Desk<'_>) -> Result<Answer, AppError> {
    let summary = walkforward::run(desk)?;
    let answer = Answer::good(&summary, walk(&summary));
    let has_test = summary.windows.iter().any(|window| !window.run_ids.is_empty());
    let status = match has_test {
        _ if summary.n_failed == summary.n_sets => Status::CouldNotRun,
        true => verdicts::status(&summary.verdicts),
        false => Status::Problem,
    };
    Ok(answer.with_status(status))
}

/// A walk-forward as a few lines.
fn walk(summary: &WalkSummary) -> String {
    let n_windows = summary.windows.len();
    let failed = if summary.n_failed == 0 { String::new() } else { format!("{} failed, ", summary.n_failed) };
    let mut text =
        format!("walk-forward {}: {} sets, {failed}{n_windows} windows\n\n", summary.walk_id, summary.n_sets);
    let (trained, tested) = (format!(">{} trained", summary.by), ">tested".to_owned());
    let mut table = TextTable::new(&["test from", "to", "chosen", &trained, &tested, ">return"]);
    let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.4}"));
    for window in &summary.windows {
        let chosen = window.problem.clone().unwrap_or_else(|| window.values.join("; "));
        let day = |iso: &str| iso.split('T').next().unwrap_or(iso).to_owned();
        table.row(vec![
            day(&window.test_start),
            day(&window.test_end),
            chosen.lines().next().unwrap_or_default().replace("backtest.params.", "").replace("backtest.", ""),
            shown(&summary.by, window.trained),
            shown(&summary.by, window.tested),
            shown("total_return", window.total_return),
        ]);
    }
    text.push_str(&table.render());
    text.push_str("\nout of sample\n");
    for (name, value) in &summary.metrics {
        text.push_str(&format!("  {name:<22} {}\n", walk_text(name, *value, &summary.by)));
    }
    text.push_str(&trials::curve_deflation(summary.trials.as_ref()));
    text.push_str(&verdicts::text(&summary.verdicts));
    if let Some(cross) = &summary.cross_validation {
        let paths: Vec<String> = cross.path_sharpes.iter().map(|ratio| number(*ratio)).collect();
        text.push_str(&format!(
            "cross-validation: {} splits, Sharpe {} in training, {} on paths ({})\n",
            cross.n_splits,
            number(cross.mean_trained),
            number(cross.mean_path),
            paths.join(", ")
        ));
    }
    text.push_str(&sweep::failures((summary.n_failed, summary.n_sets), &summary.errors));
    for note in &summary.notes {
        text.push_str(&format!("note: {note}\n"));
    }
    text.push_str(&format!("\nreport   {}\n", summary.report.display()));
    text
}
