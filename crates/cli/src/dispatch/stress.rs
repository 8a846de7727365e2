//! `stress`, `runs judge`, `runs contest`: where a strategy breaks, whether it may go live, and which of several is better.

use std::path::Path;

use crosscut_app::stress::{self, Stress};
use crosscut_app::{AppError, Desk};

use crate::answer::{Answer, Status};
use crate::text_table::TextTable;

/// A number, or a dash.
fn number(value: Option<f64>, digits: usize) -> String {
    value.map_or("-".to_owned(), |value| format!("{value:.digits$}"))
}

/// A share in percent, or a dash.
fn percent(value: Option<f64>) -> String {
    value.map_or("-".to_owned(), |value| format!("{:.2} %", 100.0 * value))
}

/// `stress`.
pub fn stress(desk: &Desk<'_>, run: Option<&str>, html: Option<&Path>) -> Result<Answer, AppError> {
    let found = stress::stress(desk, run, html)?;
    let mut text = format!("run {} ({})\n\n{}", found.run_id, found.strategy, table(&found));
    let [loses, weak, holds, not_run] = found.counts;
    text.push_str(&format!("\nloses in {loses} scenarios, weak in {weak}, holds in {holds}, not run {not_run}\n"));
    if let Some(p) = found.shuffled_p {
        text.push_str(&format!("with scores of another time, a Sharpe ratio as high has a chance of {p:.3}\n"));
    }
    if let Some([low, middle, high]) = found.reordered.lines {
        text.push_str(&format!(
            "the same days in other orders: maximum drawdown {} (5, 50 and 95 % lines {}, {}, {})\n",
            percent(found.reordered.max_drawdown),
            percent(Some(low)),
            percent(Some(middle)),
            percent(Some(high)),
        ));
    }
    if !found.verdicts.is_empty() {
        text.push('\n');
        text.push_str(&verdicts(&found.verdicts));
    }
    if let Some(path) = html {
        text.push_str(&format!("page {}\n", path.display()));
    }
    let status = status(&found.verdicts);
    Ok(Answer::good(&found, text).with_status(status))
}

/// The scenarios as a table.
fn table(found: &Stress) -> String {
    let mut table =
        TextTable::new(&["kind", "scenario", ">Sharpe", ">total return", ">max drawdown", ">trades", "the strategy"]);
    for row in &found.rows {
        let problem = row.problem.as_ref().map_or(String::new(), |problem| format!(": {problem}"));
        table.row([
            row.group.to_owned(),
            row.name.clone(),
            number(row.sharpe, 2),
            percent(row.total_return),
            percent(row.max_drawdown),
            number(row.n_trades, 0),
            format!("{}{problem}", row.standing.name()),
        ]);
    }
    table.render()
}

/// `runs judge`.
pub fn judge(desk: &Desk<'_>, run: &str) -> Result<Answer, AppError> {
    let found = stress::judge(desk, run)?;
    let text = format!("run {}\n\n{}", found.run_id, verdicts(&found.verdicts));
    let status = status(&found.verdicts);
    Ok(Answer::good(&found, text).with_status(status))
}

/// The exit status of verdicts: a problem when one failed.
fn status(verdicts: &[stress::Verdict]) -> Status {
    if verdicts.iter().all(|one| one.passed) { Status::Good } else { Status::Problem }
}

/// Verdicts as a table.
fn verdicts(verdicts: &[stress::Verdict]) -> String {
    let mut table = TextTable::new(&["criterion", ">value", "verdict"]);
    for one in verdicts {
        let verdict = if one.passed { "passed" } else { "failed" };
        table.row([one.criterion.clone(), number(one.value, 4), verdict.to_owned()]);
    }
    table.render()
}

/// `runs contest`.
pub fn contest(desk: &Desk<'_>, runs: &[String]) -> Result<Answer, AppError> {
    let found = stress::compare_on_equal_terms(desk, runs)?;
    let mut table = TextTable::new(&["run", ">Sharpe", ">total return", ">volatility", ">max drawdown"]);
    for one in &found.contestants {
        table.row([
            one.name.clone(),
            number(one.sharpe, 2),
            percent(one.total_return),
            percent(one.volatility),
            percent(one.max_drawdown),
        ]);
    }
    let mut against = TextTable::new(&[
        "against the first",
        ">Sharpe",
        "95 % of draws",
        ">return a year",
        "95 % of draws",
        ">p",
        ">correlation",
    ]);
    for one in &found.pairs {
        let lines =
            |lines: Option<[f64; 2]>| lines.map_or("-".to_owned(), |[low, high]| format!("{low:.2} to {high:.2}"));
        against.row([
            one.name.clone(),
            number(one.sharpe_difference, 2),
            lines(one.sharpe_lines),
            number(Some(one.mean_difference), 3),
            lines(one.mean_lines),
            number(Some(one.p), 3),
            number(one.correlation, 2),
        ]);
    }
    let text =
        format!("{} common days, the first run's costs\n\n{}\n{}", found.n_days, table.render(), against.render());
    Ok(Answer::good(&found, text))
}
