//! `list ...` and `reference`: what can be named, as tables, one entry in full, or pages.

use std::path::Path;

use crosscut_app::registry::{
    CostEntry, Entry, FactorEntry, Kind, OperatorEntry, ParameterEntry, ProviderEntry, Registry, StrategyEntry,
};
use crosscut_app::{AppError, reference};

use crate::answer::Answer;
use crate::text_table::TextTable;

/// `list KIND [NAME]`.
pub fn list(kind: Kind, name: Option<&str>) -> Result<Answer, AppError> {
    let registry = Registry::load()?;
    let Some(name) = name else {
        let entries = registry.all(kind);
        let text = match kind {
            // There are few of them: all in full.
            Kind::Strategies | Kind::Costs => entries.iter().copied().map(card).collect::<Vec<_>>().join("\n"),
            _ => overview(&registry, kind) + &format!("one in full: crosscut list {kind} NAME\n"),
        };
        return Ok(Answer::good(&entries, text));
    };
    let found = registry.find(kind, name)?;
    let cards: Vec<String> = found.iter().copied().map(card).collect();
    Ok(Answer::good(&found, cards.join("\n")))
}

/// `reference`.
pub fn reference(folder: &Path) -> Result<Answer, AppError> {
    let written = reference::write(folder)?;
    let mut text: String = written.files.iter().map(|file| format!("{file}\n")).collect();
    text.push_str(&format!("{} pages written into {}\n", written.files.len(), written.folder.display()));
    Ok(Answer::good(&written, text))
}

/// All entries of a kind as one table.
fn overview(registry: &Registry, kind: Kind) -> String {
    let mut table = TextTable::new(match kind {
        Kind::Operators => &["operator", "stage", "what"],
        Kind::Factors => &["factor", "family", "stage", "reads", "what"],
        Kind::Providers => &["provider", "tables", "live", "what"],
        Kind::Strategies | Kind::Costs => &["name", "parameters", "what"],
    });
    for entry in registry.all(kind) {
        table.row(match entry {
            Entry::Operator(e) => vec![e.usage.clone(), e.stage.clone(), short(&e.summary)],
            Entry::Factor(e) => {
                vec![e.name.clone(), e.family.clone(), e.stage.clone(), short(&e.inputs.join(", ")), short(&e.notes)]
            }
            Entry::Strategy(e) => vec![e.name.clone(), names(&e.parameters), e.summary.clone()],
            Entry::Cost(e) => vec![e.name.clone(), names(&e.parameters), e.summary.clone()],
            Entry::Provider(e) => vec![e.name.clone(), kinds(e), yes(e.is_live).to_owned(), e.summary.clone()],
        });
    }
    table.render()
}

/// One entry in full.
fn card(entry: Entry<'_>) -> String {
    match entry {
        Entry::Operator(entry) => operator(entry),
        Entry::Factor(entry) => factor(entry),
        Entry::Strategy(entry) => strategy(entry),
        Entry::Cost(entry) => cost(entry),
        Entry::Provider(entry) => provider(entry),
    }
}

/// An operator in full.
pub fn operator(entry: &OperatorEntry) -> String {
    let mut text = format!("{}: {}\n", entry.usage, entry.summary);
    if !entry.aliases.is_empty() {
        text.push_str(&format!("  also      {}\n", entry.aliases.join(", ")));
    }
    for parameter in &entry.parameters {
        text.push_str(&format!("  {}: {}\n", parameter.name, parameter.expects));
    }
    let across = if entry.is_across_symbols { ", across symbols" } else { "" };
    text.push_str(&format!("  stage     {}{across}\n  missing   {}\n", entry.stage, entry.missing));
    if let Some(source) = &entry.source {
        text.push_str(&format!("  source    {source}\n"));
    }
    let example = &entry.example;
    text.push_str(&format!(
        "  example   {}\n    on      {}\n    gives   {}\n",
        example.formula, example.input, example.output
    ));
    text
}

/// A factor in full.
fn factor(entry: &FactorEntry) -> String {
    let mut text = format!("{} of {}: {}\n  formula   {}\n", entry.name, entry.family, entry.notes, entry.formula);
    let across = if entry.is_across_symbols { ", across symbols" } else { "" };
    text.push_str(&format!("  stage     {}{across}\n  reads     {}\n", entry.stage, entry.inputs.join(", ")));
    for column in &entry.columns {
        let carried = if column.is_carried { ", carries numbers from the first bar on" } else { "" };
        text.push_str(&format!("  column    {}, looks back {} bars{carried}\n", column.name, column.lookback_rows));
    }
    if entry.windows_are_free {
        text.push_str(&format!("  windows   others may be asked for: {{{}: {{windows: [7, 30]}}}}\n", entry.family));
    }
    entry.missing.iter().for_each(|rule| text.push_str(&format!("  missing   {rule}\n")));
    if let Some(source) = &entry.source {
        text.push_str(&format!("  source    {source}\n"));
    }
    text
}

/// A strategy in full.
fn strategy(entry: &StrategyEntry) -> String {
    let mut text = format!("{}: {}\n  can       {}\n", entry.name, entry.summary, entry.capabilities.join(", "));
    text.push_str(&parameters(&entry.parameters));
    text.push_str(&format!("use it: crosscut backtest --strategy {} --param PARAMETER=VALUE ...\n", entry.name));
    text
}

/// A cost model in full.
fn cost(entry: &CostEntry) -> String {
    let mut text = format!("{} ({}): {}\n  formula   {}\n", entry.name, entry.source, entry.summary, entry.formula);
    text.push_str(&parameters(&entry.parameters));
    text
}

/// A data provider in full.
fn provider(entry: &ProviderEntry) -> String {
    let mut text = format!("{}: {}\n", entry.name, entry.summary);
    let checksum = if entry.is_checked { "must match where one lies beside the file" } else { "not looked at" };
    text.push_str(&format!("  files     {}\n  checksum  {checksum}\n", entry.containers.join(", ")));
    text.push_str(&format!("  live      {}\n  command   {}\n", yes(entry.is_live), entry.command));
    for table in &entry.tables {
        text.push_str(&format!("  {}: {}\n", table.kind, table.layouts.join("; ")));
        if let Some(timeframes) = &table.timeframes {
            text.push_str(&format!("    bars    {timeframes}\n"));
        }
        text.push_str(&format!("    columns {}\n", table.fields.join(", ")));
    }
    text
}

/// Parameters as a table.
fn parameters(parameters: &[ParameterEntry]) -> String {
    let mut table = TextTable::new(&["  parameter", "value", "default", "meaning"]);
    for parameter in parameters {
        let names = [&parameter.name].into_iter().chain(&parameter.aliases).cloned().collect::<Vec<_>>().join(", ");
        let default = match (&parameter.default, parameter.is_required) {
            (Some(default), _) => default.clone(),
            (None, true) => "required".to_owned(),
            (None, false) => "-".to_owned(),
        };
        table.row([format!("  {names}"), parameter.expects.clone(), default, parameter.summary.clone()]);
    }
    table.render()
}

/// Names of parameters.
fn names(parameters: &[ParameterEntry]) -> String {
    parameters.iter().map(|parameter| parameter.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// The kinds of tables of a provider.
fn kinds(entry: &ProviderEntry) -> String {
    entry.tables.iter().map(|table| table.kind.as_str()).collect::<Vec<_>>().join(", ")
}

/// A flag in words.
fn yes(flag: bool) -> &'static str {
    if flag { "yes" } else { "no" }
}

/// A text that fits in a cell; what is cut off is in the full entry.
fn short(text: &str) -> String {
    /// Longest text of a cell, in characters.
    const LENGTH_MAX: usize = 80;
    if text.chars().count() <= LENGTH_MAX {
        return text.to_owned();
    }
    let cut: String = text.chars().take(LENGTH_MAX - 3).collect();
    format!("{}...", cut.trim_end())
}
