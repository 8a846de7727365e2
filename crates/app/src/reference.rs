//! The reference pages, made from the registry. `crosscut reference --dir docs/reference` writes them; a test checks
//! that those in the repository are up to date. Nothing here is typed by hand but headings.

mod factors;
mod operators;
mod others;

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::error::AppError;
use crate::registry::Registry;

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// File name.
    pub file: &'static str,
    /// Markdown.
    pub text: String,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Written {
    /// The folder.
    pub folder: PathBuf,
    /// The files in it.
    pub files: Vec<String>,
}

/// All pages.
///
/// # Errors
/// As [`Registry::load`].
pub fn pages() -> Result<Vec<Page>, AppError> {
    let registry = Registry::load()?;
    Ok(vec![
        Page { file: "README.md", text: index(&registry) },
        Page { file: "operators.md", text: operators::page(&registry.operators) },
        Page { file: "factors.md", text: factors::page(&registry.factors) },
        Page { file: "strategies.md", text: others::strategies(&registry.strategies) },
        Page { file: "costs.md", text: others::costs(&registry.costs) },
        Page { file: "providers.md", text: others::providers(&registry.providers) },
    ])
}

/// Writes all pages into a folder, which is made if it is not there.
///
/// # Errors
/// A folder or file that cannot be written.
pub fn write(folder: &Path) -> Result<Written, AppError> {
    fs::create_dir_all(folder).map_err(|error| AppError::io("make", folder, &error))?;
    let mut files = Vec::new();
    for page in pages()? {
        let path = folder.join(page.file);
        fs::write(&path, page.text).map_err(|error| AppError::io("write", &path, &error))?;
        files.push(page.file.to_owned());
    }
    Ok(Written { folder: folder.to_owned(), files })
}

/// What every page begins with.
fn head(title: &str, about: &str) -> String {
    format!("# {title}\n\n<!-- Made by `cargo xtask reference`; do not edit. -->\n\n{about}\n")
}

/// The page that leads to the others.
fn index(registry: &Registry) -> String {
    let n_columns: usize = registry.factors.iter().map(|factor| factor.columns.len()).sum();
    let lines = [
        (
            "operators",
            format!("{} operators of the factor language, each with a worked example", registry.operators.len()),
        ),
        (
            "factors",
            format!("{} built-in factors, {n_columns} columns with the families' own windows", registry.factors.len()),
        ),
        ("strategies", format!("{} strategies and their parameters", registry.strategies.len())),
        ("costs", format!("{} cost models", registry.costs.len())),
        ("providers", format!("{} data providers", registry.providers.len())),
    ];
    let mut text = head(
        "Reference",
        "Everything that can be named. The same is told by `crosscut list operators|factors|strategies|costs|providers \
         [NAME] [--json]`.",
    );
    text.push('\n');
    for (name, what) in lines {
        text.push_str(&format!("- [{name}]({name}.md): {what}\n"));
    }
    text
}

/// A row of a table.
fn row<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    let cells: Vec<String> = cells.into_iter().map(|cell| cell.replace('|', "\\|")).collect();
    format!("| {} |\n", cells.join(" | "))
}

/// The head of a table.
fn table(headings: &[&str]) -> String {
    row(headings.iter().copied()) + &row(headings.iter().map(|_| "---"))
}

/// A text as a sentence: with a capital at its beginning and a full stop at its end.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map_or_else(String::new, |first| first.to_uppercase().to_string());
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

/// A text as code.
fn code(text: &str) -> String {
    format!("`{text}`")
}

/// Texts as code, with commas between.
fn codes<'a>(texts: impl IntoIterator<Item = &'a String>) -> String {
    texts.into_iter().map(|text| code(text)).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
