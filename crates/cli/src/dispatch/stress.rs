//! `stress`, `runs judge`: where a strategy breaks, and whether it may go live.

use std::path::Path;

use crosscut_app::stress::{self, Stress};
use crosscut_app::{AppError, Desk};

use super::verdicts::{self, number, percent};
use crate::answer::Answer;
use crate::text_table::TextTable;

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
    text.push_str(&verdicts::text(&found.verdicts));
    if let Some(path) = html {
        text.push_str(&format!("page {}\n", path.display()));
    }
    let status = verdicts::status(&found.verdicts);
    Ok(Answer::good(&found, text).with_status(status))
}

/// The scenarios as a table.
fn table(found: &Stress) -> String {
    let mut columns = vec!["kind", "scenario", ">Sharpe", ">total return", ">max drawdown", ">trades", "the strategy"];
    let is_judged = !found.verdicts.is_empty();
    if is_judged {
        columns.push("criteria met; missed");
    }
    let mut table = TextTable::new(&columns);
    for row in &found.rows {
        let problem = row.problem.as_ref().map_or(String::new(), |problem| format!(": {problem}"));
        let mut cells = vec![
            row.group.to_owned(),
            row.name.clone(),
            number(row.sharpe, 2),
            percent(row.total_return),
            percent(row.max_drawdown),
            number(row.n_trades, 0),
            format!("{}{problem}", row.standing.name()),
        ];
        if is_judged {
            cells.push(row.criteria());
        }
        table.row(cells);
    }
    table.render()
}

/// `runs judge`.
pub fn judge(desk: &Desk<'_>, run: &str) -> Result<Answer, AppError> {
    let found = stress::judge(desk, run)?;
    let text = format!("run {}\n{}", found.run_id, verdicts::text(&found.verdicts));
    let status = verdicts::status(&found.verdicts);
    Ok(Answer::good(&found, text).with_status(status))
}
