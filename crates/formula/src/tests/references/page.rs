//! The page that tells what was compared.

use std::fmt::Write as _;
use std::path::Path;

use super::Outcome;

/// Asserts that a section of the page tells the outcomes, or writes it.
pub(super) fn check(title: &str, outcomes: &[Outcome]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/validation/indicators.md");
    let page = std::fs::read_to_string(&path).unwrap_or_default();
    let heading = format!("\n## {title}\n");
    let (before, rest) = page.split_once(&heading).unwrap_or((&page, ""));
    let end = rest.find("\n## ").unwrap_or(rest.len());
    let want = section(outcomes);
    if std::env::var_os("CROSSCUT_WRITE_PAGES").is_some() {
        std::fs::write(&path, format!("{before}{heading}{want}{}", &rest[end..])).unwrap();
        return;
    }
    assert!(rest[..end] == want, "{title}: the page differs; write it with CROSSCUT_WRITE_PAGES=1:\n{want}");
}

/// The section: what was compared, then what was not.
fn section(outcomes: &[Outcome]) -> String {
    let (compared, others): (Vec<&Outcome>, Vec<&Outcome>) = outcomes.iter().partition(|o| o.check.ours != "-");
    let mut text = String::new();
    let n_values: usize = compared.iter().map(|outcome| outcome.n_compared).sum();
    let _ = writeln!(text, "\n{} columns compared, {n_values} values.\n", compared.len());
    text.push_str("| file | column | ours | rows from | values | largest difference | remarks |\n");
    text.push_str("| --- | --- | --- | ---: | ---: | ---: | --- |\n");
    for Outcome { check, from, n_compared, worst, .. } in compared {
        let (file, column, ours) = (&check.file, &check.column, check.ours.replace('|', "\\|"));
        let notes = &check.notes;
        // Below that it is rounding, which any change of the order of operations moves.
        let worst = if *worst < 1e-12 { "< 1e-12".to_owned() } else { format!("{worst:.0e}") };
        let _ = writeln!(text, "| {file} | {column} | `{ours}` | {from} | {n_compared} | {worst} | {notes} |");
    }
    if !others.is_empty() {
        text.push_str("\nNot compared:\n\n| file | column | reason |\n| --- | --- | --- |\n");
        for Outcome { check, .. } in others {
            let _ = writeln!(text, "| {} | {} | {} |", check.file, check.column, check.notes);
        }
    }
    text
}
