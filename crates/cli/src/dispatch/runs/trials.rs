//! `runs trials`, and the lines about trials that other commands print.

use crosscut_app::trials::{self, Deflation, Tampering};
use crosscut_app::{AppError, Desk};

use crate::answer::{Answer, Status};
use crate::text_table::TextTable;

/// `runs trials`.
pub fn trials(desk: &Desk<'_>, noted: Option<&str>) -> Result<Answer, AppError> {
    let found = trials::trials(desk, noted)?;
    let number = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.2}"));
    let mut table = TextTable::new(&[
        "hypothesis",
        ">trials",
        ">runs",
        ">failed",
        ">in sweeps",
        ">stress tests",
        ">effective",
        ">best Sharpe",
        ">by chance",
    ]);
    for one in &found.hypotheses {
        table.row([
            one.name.clone(),
            one.n_trials.to_string(),
            one.n_runs.to_string(),
            one.n_failed.to_string(),
            one.n_sets.to_string(),
            one.n_stress.to_string(),
            format!("{:.1}", one.n_effective),
            number(one.sharpe_best),
            number(one.sharpe_threshold),
        ]);
    }
    let mut text = if found.hypotheses.is_empty() { "no trials yet\n".to_owned() } else { table.render() };
    let ledger = &found.ledger;
    text.push_str(&format!("\n{} linked lines", ledger.n_linked));
    if ledger.n_unlinked > 0 {
        text.push_str(&format!(", {} without a link of their own", ledger.n_unlinked));
    }
    text.push_str(&format!("; head {}\n", ledger.head.hash));
    for Tampering { problem, .. } in &ledger.problems {
        text.push_str(&format!("problem: {problem}\n"));
    }
    let status = if ledger.problems.is_empty() { Status::Good } else { Status::Problem };
    Ok(Answer::good(&found, text).with_status(status))
}

/// What a Sharpe ratio is worth after all trials, as lines below the metrics; empty when the ledger does not say.
pub fn deflation(found: Option<&Deflation>) -> String {
    found.map_or_else(String::new, |found| format!("\n{} so far: {}\n", trials_of(found), by_chance(found)))
}

/// The same of a walk-forward's curve.
pub fn curve_deflation(found: Option<&Deflation>) -> String {
    found.map_or_else(String::new, |found| {
        format!(
            "\nthe curve is one of {} so far (the sets it chose among do not count: no choice saw its test): {}\n",
            trials_of(found),
            by_chance(found)
        )
    })
}

/// How many trials, of what.
fn trials_of(found: &Deflation) -> String {
    let trials = if found.n_trials == 1 { "trial" } else { "trials" };
    format!("{} {trials} of `{}`", found.n_trials, found.hypothesis)
}

/// What chance alone shows, and what is left.
fn by_chance(found: &Deflation) -> String {
    let number =
        |value: Option<f64>, digits: usize| value.map_or("undefined".to_owned(), |value| format!("{value:.digits$}"));
    if (found.sharpe_threshold, found.deflated_sharpe) == (None, None) {
        return "no Sharpe ratio is known, so that nothing can be deflated".to_owned();
    }
    format!(
        "chance alone would show a Sharpe ratio of {}; deflated Sharpe {}",
        number(found.sharpe_threshold, 2),
        number(found.deflated_sharpe, 4),
    )
}
