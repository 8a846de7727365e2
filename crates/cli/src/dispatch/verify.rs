//! `data verify`: what is wrong with raw files, with what was made from replaced ones, and in the hub's tables.

use std::collections::BTreeMap;

use crosscut_app::data_quality::{self, Known, Verified, VerifyOptions};
use crosscut_app::data_verify::{self, VerifiedFiles};
use crosscut_app::{AppError, Desk, Level};
use crosscut_model::format_iso;

use crate::answer::{Answer, Status};
use crate::commands::VerifyDataArgs;
use crate::dispatch::download::files_text;
use crate::text_table::TextTable;

/// Findings of one kind shown in text; the ledger and JSON have all.
const SHOWN: usize = 8;

/// Days of differences shown in text.
const DAYS: usize = 12;

/// `data verify`. A problem that nobody has accepted is exit status 1.
pub fn verify(args: &VerifyDataArgs, desk: &Desk<'_>) -> Result<Answer, AppError> {
    let options = VerifyOptions { symbols: args.symbols.clone(), accept: args.accept, quick: args.quick };
    let files = data_verify::files(desk)?;
    let (venues, failure) = match data_quality::run(desk, &options) {
        Ok(venues) => (venues, None),
        // Raw files may be there before anything was converted.
        Err(_) if !files.is_empty() && !data_quality::has_tables(desk)? => (Vec::new(), None),
        Err(error) if files.is_empty() => return Err(error),
        Err(error) => (Vec::new(), Some(error)),
    };
    let mut text: String = files_text(&files) + &venues.iter().map(venue_text).collect::<String>();
    let n_open: usize = venues.iter().map(|venue| venue.n_open).sum();
    let is_good = n_open == 0 && files.iter().all(VerifiedFiles::is_good);
    let mut value = serde_json::json!({"files": files, "tables": venues});
    let status = match failure {
        // What was found of the raw files is told all the same.
        Some(error) => {
            desk.events.message(Level::Error, error.message());
            text.push_str("the tables were not looked at\n");
            value["tables_error"] = serde_json::json!(error.message());
            Status::CouldNotRun
        }
        None if is_good => Status::Good,
        None => Status::Problem,
    };
    Ok(Answer::good(value, text).with_status(status))
}

/// One venue in words.
fn venue_text(venue: &Verified) -> String {
    let mut text = format!("{}: {} tables, {} rows looked at\n", venue.venue, venue.n_tables, venue.n_rows);
    let mut kinds: BTreeMap<String, Vec<&Known>> = BTreeMap::new();
    for entry in &venue.defects {
        kinds.entry(entry.defect.kind.name()).or_default().push(entry);
    }
    for (kind, entries) in &kinds {
        let accepted = entries.iter().filter(|entry| entry.accepted).count();
        let note = match (entries[0].problem, accepted) {
            (false, _) => ", worth knowing".to_owned(),
            (true, 0) => String::new(),
            (true, n) => format!(", {n} accepted"),
        };
        text.push_str(&format!("\n{kind}: {}{note}\n  policy: {}\n", entries.len(), entries[0].policy));
        let mut table = TextTable::new(&["  table", "symbol", "from", "to", ">rows", "what"]);
        for entry in entries.iter().take(SHOWN) {
            let defect = &entry.defect;
            table.row([
                format!("  {}", defect.table),
                defect.symbol.clone(),
                format_iso(defect.from),
                format_iso(defect.to),
                defect.count.to_string(),
                defect.detail.clone(),
            ]);
        }
        text.push_str(&table.render());
        if entries.len() > SHOWN {
            text.push_str(&format!("  ... {} more\n", entries.len() - SHOWN));
        }
    }
    text.push_str(&differences(venue));
    text.push_str(&format!(
        "\n{} findings, {} new, {} open problems; ledger {}\n",
        venue.defects.len(),
        venue.n_new,
        venue.n_open,
        venue.ledger.display()
    ));
    text
}

/// Rebuilt bars against published ones as a table.
fn differences(venue: &Verified) -> String {
    if venue.differences.is_empty() {
        return String::new();
    }
    let mut table = TextTable::new(&[
        "symbol",
        "table",
        "rebuilt from",
        "day",
        ">published",
        ">equal",
        ">differ",
        ">not rebuilt",
        ">not published",
        "worst",
    ]);
    let (good, bad): (Vec<_>, Vec<_>) = venue.differences.iter().partition(|day| day.day == "agree");
    for day in good.iter().take(DAYS).chain(bad.iter().take(DAYS)) {
        let agrees = day.day == "agree";
        let name = if agrees { format!("{} days agree", day.published) } else { day.day.clone() };
        table.row([
            day.symbol.clone(),
            day.table.clone(),
            day.rebuilt_from.clone(),
            name,
            if agrees { day.equal.to_string() } else { day.published.to_string() },
            day.equal.to_string(),
            day.different.to_string(),
            day.only_published.to_string(),
            day.only_rebuilt.to_string(),
            day.worst_at.clone(),
        ]);
    }
    let rest = good.len().saturating_sub(DAYS) + bad.len().saturating_sub(DAYS);
    let more = if rest > 0 { format!("... {rest} more lines, see --json\n") } else { String::new() };
    format!("\nbars rebuilt against bars published\n{}{more}", table.render())
}
