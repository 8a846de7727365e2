//! Go-live criteria and what came of them, for every command that gives a result.

use crosscut_app::criteria::Verdict;

use crate::answer::Status;
use crate::text_table::TextTable;

/// A number, or a dash.
pub fn number(value: Option<f64>, digits: usize) -> String {
    value.map_or("-".to_owned(), |value| format!("{value:.digits$}"))
}

/// A share in percent, or a dash.
pub fn percent(value: Option<f64>) -> String {
    value.map_or("-".to_owned(), |value| format!("{:.2} %", 100.0 * value))
}

/// The exit status of verdicts: a problem unless all are passed.
pub fn status(verdicts: &[Verdict]) -> Status {
    if verdicts.iter().all(|one| one.passed) { Status::Good } else { Status::Problem }
}

/// Verdicts as a table below an empty line; nothing without criteria.
pub fn text(verdicts: &[Verdict]) -> String {
    if verdicts.is_empty() {
        return String::new();
    }
    let mut table = TextTable::new(&["criterion", ">value", "verdict"]);
    for one in verdicts {
        // Counts are whole.
        let digits = if one.value.is_some_and(|value| value.fract() == 0.0) { 0 } else { 4 };
        table.row([one.criterion.clone(), number(one.value, digits), one.text()]);
    }
    format!("\n{}", table.render())
}
