//! `factors show`: cards of sets, families, factors and operators as text.

use crosscut_app::factors::{self, FactorCard, SetCard, ShowRequest, Shown};
use crosscut_app::{AppError, Desk};

use crate::answer::Answer;
use crate::commands::ShowFactorsArgs;
use crate::dispatch::list;
use crate::text_table::TextTable;

/// `factors show`.
pub fn show(args: &ShowFactorsArgs, desk: &Desk<'_>) -> Result<Answer, AppError> {
    let request = ShowRequest {
        name: args.name.clone(),
        timeframe: args.timeframe.clone(),
        factor_set: args.factor_set.clone(),
        windows: (!args.windows.is_empty()).then(|| args.windows.clone()),
    };
    let shown = factors::show(desk, &request)?;
    let text = match &shown {
        Shown::Family { family, factors } => {
            let mut table = TextTable::new(&["factor", "formula"]);
            factors.iter().for_each(|factor| table.row([factor.name.clone(), factor.formula.clone()]));
            format!("{}: {}\n\n{}", family.name, family.summary, table.render())
        }
        Shown::Set(card) => set(card),
        Shown::Factors(cards) => cards.iter().map(factor).collect::<Vec<_>>().join("\n"),
        Shown::Operators(cards) => cards.iter().map(list::operator).collect::<Vec<_>>().join("\n"),
    };
    Ok(Answer::good(&shown, text))
}

/// A published set.
fn set(card: &SetCard) -> String {
    let metadata = &card.metadata;
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
    if let Some(place) = &card.store {
        text.push_str(&format!("in {}, table {}\n\n", place.store, place.values_table));
    }
    let headings =
        ["column", "stage", ">lookback", ">missing", ">longest gap", "causal", "incremental", "streaming", "formula"];
    let mut table = TextTable::new(&headings);
    for column in &card.factors {
        let quality = column.quality;
        let proof = |of: fn(&factors::ColumnProof) -> &factors::ProofResult| {
            column.proof.as_ref().map_or("-".to_owned(), |proof| verdict(of(proof)))
        };
        table.row([
            column.name.clone(),
            column.stage.clone().unwrap_or_else(|| "-".to_owned()),
            column.lookback.map_or("-".to_owned(), |lookback| lookback_words(lookback.rows, lookback.unbounded)),
            quality.map_or("-".to_owned(), |q| format!("{:.2} %", 100.0 * q.missing_ratio)),
            quality.map_or("-".to_owned(), |q| q.longest_gap.to_string()),
            proof(|proof| &proof.causal),
            proof(|proof| &proof.incremental),
            proof(|proof| &proof.streaming),
            column.formula.clone().unwrap_or_else(|| "-".to_owned()),
        ]);
    }
    text.push_str(&table.render());
    metadata.notes.iter().for_each(|note| text.push_str(&format!("note: {note}\n")));
    metadata.warnings.iter().for_each(|warning| text.push_str(&format!("warning: {warning}\n")));
    text
}

/// What was found of a column, in a few words: `passed on 8 cuts`, `FAILED`, `not tested`.
pub fn verdict(result: &factors::ProofResult) -> String {
    match (result.passed, result.n_cuts) {
        (true, n_cuts) => format!("passed on {n_cuts} cuts"),
        (false, 0) => "not tested".to_owned(),
        (false, _) => "FAILED".to_owned(),
    }
}

/// A lookback in words.
fn lookback_words(rows: usize, unbounded: bool) -> String {
    if unbounded { format!("{rows}, carries") } else { rows.to_string() }
}

/// One factor.
fn factor(card: &FactorCard) -> String {
    let mut text = format!("{} ({})\n", card.name, card.of);
    let mut line = |name: &str, value: &str| text.push_str(&format!("  {name:<12} {value}\n"));
    line("formula", &card.formula);
    card.uses.iter().for_each(|used| line("where", &format!("{} = {}", used.name, used.formula)));
    card.expanded.iter().for_each(|expanded| line("in full", expanded));
    card.notes.iter().filter(|notes| !notes.is_empty()).for_each(|notes| line("what", notes));
    line("stage", &card.stage);
    let rows = card.lookback.rows;
    match card.lookback.unbounded {
        true => line("lookback", &format!("carries numbers from the first row on; first value after {rows} rows")),
        false => line("lookback", &format!("{rows} rows before the row itself")),
    }
    line("inputs", &card.inputs.join(", "));
    card.missing.iter().for_each(|rule| line("missing data", &format!("{}: {}", rule.operator, rule.rule)));
    line("", "a value that is not finite is missing; a missing value is not tradable");
    line("source", card.source.as_deref().unwrap_or("-"));
    card.quality.iter().for_each(|quality| {
        let (missing, gap) = (100.0 * quality.missing_ratio, quality.longest_gap);
        line("quality", &format!("{missing:.2} % missing, longest gap {gap} rows"));
    });
    if let Some(proof) = &card.proof {
        for (name, result) in
            [("causal", &proof.causal), ("incremental", &proof.incremental), ("streaming", &proof.streaming)]
        {
            let detail = result.detail.as_ref().map_or(String::new(), |detail| format!(": {detail}"));
            line(name, &format!("{}{detail}", verdict(result)));
        }
    }
    line("usage", &card.usage);
    text
}
