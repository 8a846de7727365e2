//! The pages of strategies, cost models and data providers.

use super::{code, codes, head, row, sentence, table};
use crate::registry::{CostEntry, ParameterEntry, ProviderEntry, StrategyEntry};

/// The strategies.
pub(super) fn strategies(strategies: &[StrategyEntry]) -> String {
    let about = "`crosscut backtest --strategy NAME --param PARAMETER=VALUE ...`. Names are taken in any case, with or \
                 without `_` and `-`.";
    let mut text = head("Strategies", about);
    for strategy in strategies {
        text.push_str(&format!("\n## `{}`\n\n{}\n\n", strategy.name, sentence(&strategy.summary)));
        text.push_str(&format!("- capabilities: {}\n\n", strategy.capabilities.join(", ")));
        text.push_str(&parameters(&strategy.parameters));
    }
    text
}

/// The cost models.
pub(super) fn costs(costs: &[CostEntry]) -> String {
    let mut text = head(
        "Cost models",
        "What trading costs. The settings of a backtest choose those whose parameters are settings; the others are for strategies \
                 written in Rust.",
    );
    for cost in costs {
        let summary = sentence(&cost.summary);
        text.push_str(&format!("\n## `{}`\n\n{summary}\n\n- about: {}\n", cost.name, cost.source));
        text.push_str(&format!("- formula: {}\n\n", code(&cost.formula)));
        text.push_str(&parameters(&cost.parameters));
    }
    text
}

/// The data providers.
pub(super) fn providers(providers: &[ProviderEntry]) -> String {
    let about = "Where market data can come from. A file is recognised by its content, its name and its columns.";
    let mut text = head("Data providers", about);
    for provider in providers {
        text.push_str(&format!("\n## `{}`\n\n{}\n\n", provider.name, sentence(&provider.summary)));
        let checksum = if provider.is_checked { "must match where one lies beside the file" } else { "not looked at" };
        let live = if provider.is_live { "yes" } else { "no" };
        text.push_str(&format!(
            "- files: {}\n- checksum: {checksum}\n- live: {live}\n",
            provider.containers.join(", ")
        ));
        text.push_str(&format!("- command: {}\n\n", code(&provider.command)));
        text.push_str(&table(&["kind", "rows written as", "bars", "columns"]));
        for given in &provider.tables {
            text.push_str(&row([
                code(&given.kind).as_str(),
                &given.layouts.join("; "),
                given.timeframes.as_deref().unwrap_or("-"),
                &given.fields.join(", "),
            ]));
        }
    }
    text
}

/// A table of parameters.
fn parameters(parameters: &[ParameterEntry]) -> String {
    let mut text = table(&["parameter", "value", "default", "meaning"]);
    for parameter in parameters {
        let names = codes([&parameter.name].into_iter().chain(&parameter.aliases));
        let default = match (&parameter.default, parameter.is_required) {
            (Some(default), _) => code(default),
            (None, true) => "required".to_owned(),
            (None, false) => "-".to_owned(),
        };
        text.push_str(&row([names.as_str(), &parameter.expects, &default, &parameter.summary]));
    }
    text
}
