//! The page of the operators: one section each, with its worked example.

use crosscut_formula::operators::operator_families;

use super::{code, codes, head, sentence};
use crate::registry::OperatorEntry;

/// The page.
pub(super) fn page(operators: &[OperatorEntry]) -> String {
    let mut text = head(
        "Operators",
        "Names come from three families: ours (`ts_mean`, `cs_rank`), that of the formulaic alphas (`rank`, `stddev`), and \
         the capitalised names of qlib (`Mean`, `Rank`, `Ref`); columns may be written `close` or `$close`.\n\
         In the examples `-` is a missing value. A series stands for the rows of one symbol; for an operator across \
         symbols it stands for one value per symbol at one time.\n\
         Each example is run by the tests.",
    );
    for family in operator_families() {
        text.push_str(&format!("\n## {}\n\n{}\n", family.title, family.about));
        for operator in operators.iter().filter(|operator| operator.family == family.title) {
            text.push_str(&section(operator));
        }
    }
    text
}

/// One operator.
fn section(operator: &OperatorEntry) -> String {
    let mut text = format!("\n### `{}`\n\n{}\n\n", operator.usage, sentence(&operator.summary));
    if !operator.aliases.is_empty() {
        text.push_str(&format!("- also: {}\n", codes(&operator.aliases)));
    }
    let given = operator.parameters.iter().filter(|parameter| parameter.kind != "series" && parameter.kind != "value");
    for parameter in given {
        text.push_str(&format!("- {}: {}\n", code(&parameter.name), parameter.expects));
    }
    text.push_str(&format!("- stage: {}\n", operator.stage));
    if operator.missing != operator.summary {
        text.push_str(&format!("- missing: {}\n", operator.missing));
    }
    if let Some(source) = &operator.source {
        text.push_str(&format!("- source: {source}\n"));
    }
    let example = &operator.example;
    text.push_str(&format!(
        "- example: {} on {} gives {}\n",
        code(&example.formula),
        code(&example.input),
        code(&example.output)
    ));
    text
}
