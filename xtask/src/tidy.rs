//! Rules on files that no compiler checks. Each finding names file and line and says what to do.
//!
//! Reads what git would keep: everything below the workspace but `target`, hidden folders and data. Judges text, not
//! syntax; a rule that needs to understand Rust belongs to clippy.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// A Rust file longer than this must be split.
const LINES_MAX: usize = 800;

/// Names that say nothing about what is inside.
const NAMELESS: [&str; 6] = ["utils", "util", "common", "helpers", "misc", "stuff"];

/// Folders that hold no source of ours.
const SKIPPED: [&str; 5] = ["target", "hub", "results", "raw", "crosscut-demo"];

/// A text that must not occur, and why.
struct Forbidden {
    /// The text; split so that this file does not accuse itself.
    text: &'static str,
    /// The remedy.
    remedy: &'static str,
}

/// Texts that must not occur in Rust code.
const FORBIDDEN_IN_CODE: &[Forbidden] = &[
    Forbidden { text: concat!("#[", "ignore"), remedy: "a test runs or is deleted" },
    Forbidden { text: concat!("dbg", "!("), remedy: "remove it, or use tracing" },
    Forbidden { text: concat!("todo", "!("), remedy: "write it or return an error" },
    Forbidden { text: concat!("unimplemented", "!("), remedy: "write it or return an error" },
    Forbidden { text: concat!("FIX", "ME"), remedy: "fix it, or write TODO(owner): with the condition" },
    Forbidden { text: concat!("XX", "X:"), remedy: "fix it, or write TODO(owner): with the condition" },
];

/// Texts that must not occur in any text file: one machine's paths and one network's sources of packages.
const FORBIDDEN_ANYWHERE: &[Forbidden] = &[
    Forbidden { text: concat!("/ho", "me/"), remedy: "use a relative path" },
    Forbidden { text: concat!("/Us", "ers/"), remedy: "use a relative path" },
    Forbidden { text: concat!("/ro", "ot/"), remedy: "use a relative path" },
    Forbidden { text: concat!("/wo", "rk/"), remedy: "use a relative path" },
    Forbidden { text: concat!("replace-", "with ="), remedy: "registries are configured outside the repository" },
];

/// Endings of the text files looked at.
const TEXT_ENDINGS: [&str; 9] = ["rs", "toml", "md", "yaml", "yml", "json", "sh", "html", "js"];

/// Checks every text file below `root`.
pub fn check(root: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    collect(root, &mut files)?;
    files.sort();
    let mut out = Vec::new();
    for file in &files {
        let text = fs::read_to_string(file).with_context(|| format!("{} is not readable text", file.display()))?;
        let name = file.strip_prefix(root).unwrap_or(file).to_string_lossy().replace('\\', "/");
        out.extend(findings(&name, &text));
    }
    Ok(out)
}

/// All text files below `folder`; the one hidden folder that counts is `.ci`.
fn collect(folder: &Path, out: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        let hidden = name.starts_with('.') && ![".ci", ".cargo", ".config"].contains(&name.as_str());
        // `hub` is a data folder at the top of the workspace and a crate below `crates`.
        let at_top = folder.join("Cargo.lock").exists();
        if hidden || name == "target" || (at_top && SKIPPED.contains(&name.as_str())) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            collect(&path, out)?;
        } else if is_text(&path, folder) {
            out.push(path);
        }
    }
    Ok(())
}

/// Whether a file is one of ours to read: a known ending, or a script of `.ci`.
fn is_text(path: &Path, folder: &Path) -> bool {
    let ending = path.extension().map(|e| e.to_string_lossy().into_owned()).unwrap_or_default();
    TEXT_ENDINGS.contains(&ending.as_str()) || folder.file_name().is_some_and(|name| name == ".ci")
}

/// The findings in one file; `name` is relative to the workspace.
fn findings(name: &str, text: &str) -> Vec<String> {
    let mut out = forbidden(name, text, FORBIDDEN_ANYWHERE);
    let path = Path::new(name);
    if path.extension().is_none_or(|ending| ending != "rs") {
        return out;
    }
    out.extend(forbidden(name, text, FORBIDDEN_IN_CODE));
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let folders: Vec<&str> = name.split('/').collect();
    if NAMELESS.contains(&stem.as_str()) || folders.iter().any(|folder| NAMELESS.contains(folder)) {
        out.push(format!("tidy: {name}: the name says nothing; name the file after the thing inside"));
    }
    if !text.starts_with("//!") {
        out.push(format!("tidy: {name}:1: open with `//!`: what this file is and what it refuses to do"));
    }
    let n_lines = text.lines().count();
    if n_lines > LINES_MAX {
        out.push(format!("tidy: {name}: {n_lines} lines, at most {LINES_MAX}; split it by subject"));
    }
    out.extend(ownerless_todos(name, text));
    out
}

/// Lines that hold a forbidden text.
fn forbidden(name: &str, text: &str, rules: &[Forbidden]) -> Vec<String> {
    let mut out = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for rule in rules.iter().filter(|rule| line.contains(rule.text)) {
            out.push(format!("tidy: {name}:{}: `{}` is forbidden; {}", number + 1, rule.text, rule.remedy));
        }
    }
    out
}

/// Lines with a TODO that names nobody. `TODO(name): ... when ...` is the form.
fn ownerless_todos(name: &str, text: &str) -> Vec<String> {
    let word = concat!("TO", "DO");
    let owned = |line: &str| line.split(word).skip(1).all(|rest| rest.starts_with('(') && rest.contains("):"));
    text.lines()
        .enumerate()
        .filter(|(_, line)| line.contains(word) && !owned(line) && name != "xtask/src/tidy.rs")
        .map(|(number, _)| format!("tidy: {name}:{}: write {word}(owner): what, and when it can go", number + 1))
        .collect()
}

#[cfg(test)]
mod tests {
    //! Each rule against one line that breaks it.

    use super::*;

    #[test]
    fn a_good_file_passes() {
        assert_eq!(findings("crates/bars/src/lib.rs", "//! Bars.\n\nfn main() {}\n"), Vec::<String>::new());
    }

    #[test]
    fn each_rule_is_reported_with_its_place() {
        let header = "//! Head.\n";
        let cases = [
            ("crates/a/src/lib.rs", "fn main() {}\n".to_owned(), "crates/a/src/lib.rs:1: open with"),
            ("crates/a/src/utils.rs", header.to_owned(), "the name says nothing"),
            ("crates/a/src/misc/b.rs", header.to_owned(), "the name says nothing"),
            ("crates/a/src/lib.rs", format!("{header}{}]\n", concat!("#[", "ignore")), "lib.rs:2: `#["),
            ("crates/a/src/lib.rs", format!("{header}{}x);\n", concat!("dbg", "!(")), "lib.rs:2: `dbg"),
            ("crates/a/src/lib.rs", format!("{header}// {} later\n", concat!("TO", "DO")), "lib.rs:2: write"),
            ("README.md", format!("see {}me/x\n", concat!("/ho", "me/")), "README.md:1: `/ho"),
            ("crates/a/src/lib.rs", format!("//!\n{}", "\n".repeat(LINES_MAX)), "801 lines"),
        ];
        for (name, text, expected) in cases {
            let found = findings(name, &text);
            assert!(found.len() == 1 && found[0].contains(expected), "{name}: {found:?}, wanted {expected}");
        }
    }

    #[test]
    fn an_owned_todo_passes() {
        let text = format!("//! Head.\n// {}(ann): drop this when venues agree\n", concat!("TO", "DO"));
        assert_eq!(findings("crates/a/src/lib.rs", &text), Vec::<String>::new());
    }
}
