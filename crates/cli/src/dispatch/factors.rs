//! `factors` and `features`.

use crate::answer::Answer;
use crate::commands::{FactorsCommand, FeaturesArgs};
use crate::dispatch::rows;
use crate::text_table::TextTable;
use crosscut_app::factors::{self, Shown};
use crosscut_app::features::{self, FeaturesRequest};
use crosscut_app::{AppError, Desk};

/// `factors ...`; `files` are those of `--config` that describe factor sets.
pub fn factors(command: &FactorsCommand, desk: &Desk<'_>, files: &[std::path::PathBuf]) -> Result<Answer, AppError> {
    match command {
        FactorsCommand::Run => run(desk, files),
        FactorsCommand::List => list(desk),
        FactorsCommand::Show(args) => show(desk, &args.name, args.timeframe.as_deref()),
    }
}

/// `factors run`.
fn run(desk: &Desk<'_>, files: &[std::path::PathBuf]) -> Result<Answer, AppError> {
    let summaries = factors::run(desk, files)?;
    let mut text = String::new();
    for set in &summaries {
        let what = if set.unchanged { "has not changed" } else { "published" };
        text.push_str(&format!(
            "{} ({}) {what}: {} columns, {} symbols ({} taken over), {} rows\n",
            set.factor_set,
            set.timeframe,
            set.columns.len(),
            set.n_symbols,
            set.n_kept,
            set.n_rows
        ));
    }
    Ok(Answer::good(&summaries, text))
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
    Ok(Answer::good(&listing, format!("{}\n{}", sets.render(), families.render())))
}

/// `factors show`.
fn show(desk: &Desk<'_>, name: &str, timeframe: Option<&str>) -> Result<Answer, AppError> {
    let shown = factors::show(desk, name, timeframe)?;
    let text = match &shown {
        Shown::Family { family, factors } => {
            let mut table = TextTable::new(&["factor", "formula"]);
            factors.iter().for_each(|factor| table.row([factor.name.clone(), factor.formula.clone()]));
            format!("{}: {}\n\n{}", family.name, family.summary, table.render())
        }
        Shown::Set(metadata) => {
            let or_dash = |time: &Option<String>| time.clone().unwrap_or_else(|| "-".to_owned());
            let mut text = format!(
                "{} ({}), generation {} of {}\nfrom {}, {} symbols, {} to {}\nconfig {}\n\n",
                metadata.factor_set,
                metadata.timeframe,
                metadata.generation,
                metadata.generation_time,
                metadata.source_data_path,
                metadata.tables.len(),
                or_dash(&metadata.start_time),
                or_dash(&metadata.end_time),
                metadata.config_hash,
            );
            let mut table = TextTable::new(&["column", ">missing", ">longest gap"]);
            for column in &metadata.columns {
                let quality = metadata.quality.get(column);
                let missing = quality.map_or("-".to_owned(), |q| format!("{:.2} %", 100.0 * q.missing_ratio));
                let gap = quality.map_or("-".to_owned(), |q| q.longest_gap.to_string());
                table.row([column.clone(), missing, gap]);
            }
            text.push_str(&table.render());
            metadata.notes.iter().for_each(|note| text.push_str(&format!("note: {note}\n")));
            metadata.warnings.iter().for_each(|warning| text.push_str(&format!("warning: {warning}\n")));
            text
        }
    };
    Ok(Answer::good(&shown, text))
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
    rows::answer(&features::run(desk, &request)?, args.rows, args.out.as_deref())
}
