//! The page of the built-in factors: one table per family.

use crosscut_formula::library;

use super::{code, head, row, sentence, table};
use crate::registry::{FactorColumn, FactorEntry};

/// The page.
pub(super) fn page(factors: &[FactorEntry]) -> String {
    let mut text = head(
        "Built-in factors",
        "By family, as a factor-set file asks for them: `library: [features, alpha101]`. `{w}` stands for a window in \
         bars; a family with free windows takes others, `{features: {windows: [7, 30]}}`.\n\
         Lookback is the number of bars before the current one that are read; `+` marks a factor that carries numbers \
         from the first bar on. `across` compares symbols.\n\
         `crosscut list factors NAME` shows one factor with its rules for missing values.",
    );
    for family in library::families() {
        let entries: Vec<&FactorEntry> = factors.iter().filter(|factor| factor.family == family.name).collect();
        text.push_str(&section(family, &entries));
    }
    text
}

/// One family.
fn section(family: &library::Family, entries: &[&FactorEntry]) -> String {
    let mut text = format!("\n## `{}`\n\n{}\n", family.name, sentence(family.summary));
    if !family.windows.is_empty() {
        let windows: Vec<String> = family.windows.iter().map(usize::to_string).collect();
        let may = if family.windows_are_free { "others may be given" } else { "fixed" };
        text.push_str(&format!("Windows: {} ({may}).\n", windows.join(", ")));
    }
    // One source for the whole family is told once.
    let sources: std::collections::BTreeSet<_> = entries.iter().map(|entry| &entry.source).collect();
    let one_source = if sources.len() == 1 { entries.first().and_then(|entry| entry.source.as_ref()) } else { None };
    if let Some(source) = one_source {
        text.push_str(&format!("Source: {source}.\n"));
    }
    text.push('\n');
    text.push_str(&table(&["factor", "formula", "lookback", "stage", "reads", "notes"]));
    for entry in entries {
        let source = entry.source.as_ref().filter(|_| one_source.is_none());
        let notes = [Some(entry.notes.clone()), source.cloned()].into_iter().flatten().collect::<Vec<_>>().join("; ");
        let across = if entry.is_across_symbols { ", across" } else { "" };
        text.push_str(&row([
            code(&entry.name).as_str(),
            &code(&entry.formula),
            &lookback(&entry.columns),
            &format!("{}{across}", entry.stage),
            &entry.inputs.join(", "),
            &notes,
        ]));
    }
    text
}

/// How far back the columns look: one number if it is the same for all.
fn lookback(columns: &[FactorColumn]) -> String {
    let one = |column: &FactorColumn| format!("{}{}", column.lookback_rows, if column.is_carried { "+" } else { "" });
    let mut all: Vec<String> = columns.iter().map(one).collect();
    all.dedup();
    all.join(", ")
}
