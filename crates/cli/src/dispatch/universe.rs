//! `universe ...`: what the choice of symbols does to a result.

use crosscut_app::universe::{Bias, bias};
use crosscut_app::{AppError, Desk};

use super::verdicts;
use crate::answer::Answer;
use crate::text_table::TextTable;

/// Symbols that are named one by one.
const NAMED: usize = 12;

/// `universe bias`.
pub fn survivorship(desk: &Desk<'_>) -> Result<Answer, AppError> {
    let bias = bias(desk)?;
    let text = bias_text(&bias);
    Ok(Answer::good(&bias, text).with_status(verdicts::status(&bias.as_it_was.verdicts)))
}

/// The differences as a table, and what they are about.
fn bias_text(bias: &Bias) -> String {
    let (was, now) = (&bias.as_it_was, &bias.survivors);
    let mut text = format!(
        "{} on the universe as it was ({} symbols) and on those that still trade at {} ({} symbols)\n\n",
        was.strategy, was.n_symbols, bias.today, now.n_symbols
    );
    let mut table = TextTable::new(&["metric", ">as it was", ">survivors", ">difference"]);
    let figure = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.6}"));
    for metric in &bias.metrics {
        table.row([metric.name.clone(), figure(metric.a), figure(metric.b), figure(metric.difference)]);
    }
    text.push_str(&table.render());
    let names: Vec<String> =
        bias.gone.iter().take(NAMED).map(|gone| format!("{} ({})", gone.symbol, &gone.last_bar[..10])).collect();
    let more = bias.gone.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    text.push_str(&format!("\ngone, with the day of the last bar: {}{more}\n", names.join(", ")));
    let unknown = bias.gone.iter().filter(|gone| gone.delisted_at.is_none()).count();
    if unknown > 0 {
        text.push_str(&format!(
            "note: {unknown} of them have no delisting date in the instruments table: a position in one stays at its last price\n"
        ));
    }
    for (what, run) in [("as it was", was), ("survivors", now)].iter().filter(|(_, run)| !run.verdicts.is_empty()) {
        text.push_str(&format!("\n{what}{}", verdicts::text(&run.verdicts)));
    }
    text.push_str(&format!("\nas it was  {}\nsurvivors  {}\n", was.folder.display(), now.folder.display()));
    text
}
