//! `runs contest`: which of several strategies is better on equal terms, and what of their terms is not equal.

use crosscut_app::contest::{self, Contest};
use crosscut_app::{AppError, Desk};

use super::verdicts::{self, number, percent};
use crate::answer::{Answer, Status};
use crate::commands::ContestArgs;
use crate::text_table::TextTable;

/// `runs contest`.
pub fn contest(desk: &Desk<'_>, args: &ContestArgs) -> Result<Answer, AppError> {
    let found = contest::contest(desk, &args.runs, &args.keep)?;
    let first = &found.contestants[0];
    let mut text = format!("{} common days, on the terms of {}\n\n{}\n", found.n_days, first.name, rows(&found));
    text.push_str(&pairs(&found));
    text.push_str(&terms(&found));
    for one in found.contestants[1..].iter().filter(|one| one.run_id == first.run_id) {
        text.push_str(&format!(
            "note: on equal terms {} is the first run itself; `--keep TERM` leaves a term each its own\n",
            one.name
        ));
    }
    for one in found.contestants.iter().filter(|one| !one.verdicts.is_empty()) {
        text.push_str(&format!("\n{}{}", one.name, verdicts::text(&one.verdicts)));
    }
    let meets = |one: &contest::Contestant| verdicts::status(&one.verdicts) == Status::Good;
    let status = if found.contestants.iter().any(meets) { Status::Good } else { Status::Problem };
    Ok(Answer::good(&found, text).with_status(status))
}

/// Each strategy: the run on equal terms and its numbers.
fn rows(found: &Contest) -> String {
    let columns = [
        "run",
        "on equal terms",
        ">Sharpe",
        ">total return",
        ">volatility",
        ">max drawdown",
        ">trades",
        ">deflated Sharpe",
    ];
    let mut table = TextTable::new(&columns);
    for one in &found.contestants {
        table.row([
            one.name.clone(),
            one.run_id.clone(),
            number(one.sharpe, 2),
            percent(one.total_return),
            percent(one.volatility),
            percent(one.max_drawdown),
            number(one.n_trades, 0),
            number(one.deflated_sharpe, 4),
        ]);
    }
    table.render()
}

/// Each against the first, by days.
fn pairs(found: &Contest) -> String {
    let mut table = TextTable::new(&[
        "against the first, by days",
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
        table.row([
            one.name.clone(),
            number(one.sharpe_difference, 2),
            lines(one.sharpe_lines),
            number(Some(one.mean_difference), 3),
            lines(one.mean_lines),
            number(Some(one.p), 3),
            number(one.correlation, 2),
        ]);
    }
    table.render()
}

/// The terms in which the runs differed, and what was made of each.
fn terms(found: &Contest) -> String {
    if found.terms.is_empty() {
        return "\nthe runs had equal terms\n".to_owned();
    }
    let mut table = TextTable::new(&["term", "in the contest", "run", "its own"]);
    for term in &found.terms {
        let reason = term.reason.map(|reason| format!("each its own ({reason})"));
        let mut told = [term.term.clone(), term.all.clone().or(reason).unwrap_or_default()];
        for (one, own) in found.contestants.iter().zip(&term.own) {
            let [name, made] = std::mem::take(&mut told);
            table.row([name, made, one.name.clone(), own.clone()]);
        }
    }
    format!("\n{}", table.render())
}
