//! `factors` and `features`.

mod audit;
mod load;
mod show;

use crate::answer::Answer;
use crate::commands::{FactorsCommand, FeaturesArgs, UpdateFactorsArgs};
use crate::dispatch::rows;
use crate::text_table::TextTable;
use crosscut_app::factors::{self, SetSummary, UpdateRequest};
use crosscut_app::features::{self, FeaturesRequest};
use crosscut_app::{AppError, Desk};

/// `factors ...`; `files` are those of `--config` that describe factor sets.
pub fn factors(command: &FactorsCommand, desk: &Desk<'_>, files: &[std::path::PathBuf]) -> Result<Answer, AppError> {
    match command {
        FactorsCommand::Run(_) => run(desk, files),
        FactorsCommand::Update(args) => update(args, desk, files),
        FactorsCommand::List(args) => match &args.library {
            Some(family) => list_library(family.as_deref()),
            None => list(desk),
        },
        FactorsCommand::Show(args) => show::show(args, desk),
        FactorsCommand::Audit(args) => audit::audit(args, desk),
        FactorsCommand::Load(args) => load::load(args, desk),
    }
}

/// `factors run`.
fn run(desk: &Desk<'_>, files: &[std::path::PathBuf]) -> Result<Answer, AppError> {
    let summaries = factors::run(desk, files)?;
    let mut text = String::new();
    for set in &summaries {
        text.push_str(&format!("{}\n", set_line(set)));
        set.store.iter().for_each(|store| text.push_str(&load::saved(store)));
    }
    Ok(Answer::good(&summaries, text))
}

/// `factors update`.
fn update(args: &UpdateFactorsArgs, desk: &Desk<'_>, files: &[std::path::PathBuf]) -> Result<Answer, AppError> {
    let request = UpdateRequest { sets: args.sets.clone(), timeframe: args.timeframe.clone(), files: files.to_vec() };
    let summaries = factors::update(desk, &request)?;
    let mut text = String::new();
    for set in &summaries {
        text.push_str(&set_line(set));
        if let Some(reason) = &set.full_because {
            text.push_str(&format!("; computed from the bars alone: {reason}"));
        } else if !set.unchanged {
            text.push_str(&format!(": {} new, {} computed again", set.n_new_rows, set.n_rows_again));
            set.from.iter().for_each(|from| text.push_str(&format!(", from {from}")));
        }
        text.push('\n');
        set.store.iter().for_each(|store| text.push_str(&load::saved(store)));
    }
    Ok(Answer::good(&summaries, text))
}

/// A set that was produced, in one line without its end.
fn set_line(set: &SetSummary) -> String {
    let what = if set.unchanged { "has not changed" } else { "published" };
    let removed = if set.n_removed == 0 { String::new() } else { format!(", {} removed", set.n_removed) };
    format!(
        "{} ({}) {what}: {} columns, {} symbols ({} taken over{removed}), {} rows",
        set.factor_set,
        set.timeframe,
        set.columns.len(),
        set.n_symbols,
        set.n_kept,
        set.n_rows
    )
}

/// `factors list`.
fn list(desk: &Desk<'_>) -> Result<Answer, AppError> {
    let listing = factors::list(desk)?;
    let mut sets = TextTable::new(&["factor set", "timeframe", ">columns", ">symbols", ">rows", "from", "to"]);
    for set in &listing.sets {
        sets.row([
            set.factor_set.clone(),
            set.timeframe.clone(),
            set.n_columns.to_string(),
            set.n_symbols.to_string(),
            set.n_rows.to_string(),
            set.start_time.clone().unwrap_or_else(|| "-".to_owned()),
            set.end_time.clone().unwrap_or_else(|| "-".to_owned()),
        ]);
    }
    let mut families = TextTable::new(&["built-in family", ">factors", "what"]);
    for family in &listing.families {
        families.row([family.name.clone(), family.n_factors.to_string(), family.summary.clone()]);
    }
    let store = listing.store.as_ref().map(load::listing).unwrap_or_default();
    Ok(Answer::good(&listing, format!("{store}{}\n{}", sets.render(), families.render())))
}

/// `factors list --library`.
fn list_library(family: Option<&str>) -> Result<Answer, AppError> {
    let entries = factors::list_library(family)?;
    let mut table = TextTable::new(&["family", "factor", "windows", "what"]);
    for entry in &entries {
        let windows = entry.windows.iter().map(usize::to_string).collect::<Vec<_>>().join(" ");
        let what = entry.notes.as_deref().filter(|notes| !notes.is_empty()).unwrap_or(&entry.formula);
        table.row([entry.family.clone(), entry.name.clone(), windows, what.to_owned()]);
    }
    Ok(Answer::good(&entries, table.render()))
}

/// `features`.
pub fn features(args: &FeaturesArgs, desk: &Desk<'_>) -> Result<Answer, AppError> {
    let request = FeaturesRequest {
        subjects: args.subjects.clone(),
        bar: args.bar.parse().map_err(|error| AppError::new(format!("--bar: {error}")))?,
        family: args.family.clone(),
        windows: (!args.windows.is_empty()).then(|| args.windows.clone()),
        columns: args.columns.clone(),
    };
    rows::answer(&features::run(desk, &request)?, args.table.rows, args.table.out.as_deref())
}
