//! The house rules as a program: `cargo xtask check` and `cargo xtask test`.
//!
//! `check` is the gate without the tests: format, tidy rules, import table, clippy, documentation. `test` is the same
//! and then every test of the workspace. Nothing here reads or writes the product's data; start at [`imports`] and
//! [`tidy`] for the rules themselves.

mod imports;
mod postgres;
mod steps;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::steps::Steps;

/// What to type, printed when the command is not known.
const USAGE: &str = "usage: cargo xtask <command>

  check      format, tidy rules, import table, clippy, documentation
  test       check, then all tests (what continuous integration runs); installs PostgreSQL where it is missing
  tidy       only the tidy rules and the import table
  reference  write the reference pages, docs/reference, which a test checks";

fn main() -> ExitCode {
    let mut steps = Steps::new();
    match run(&mut steps) {
        Ok(()) => {
            steps.summary("all good");
            ExitCode::SUCCESS
        }
        Err(error) => {
            steps.summary(&format!("FAILED: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Runs the command named on the command line.
fn run(steps: &mut Steps) -> Result<()> {
    let root = workspace_root()?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["check"] => check(steps, &root),
        ["test"] => {
            check(steps, &root)?;
            test(steps, &root)
        }
        ["tidy"] => house_rules(steps, &root),
        ["reference"] => reference(steps, &root),
        _ => bail!("unknown command `{}`\n\n{USAGE}", arguments.join(" ")),
    }
}

/// The whole gate but the tests. Cheap steps come first, so that a slip is reported in seconds.
fn check(steps: &mut Steps, root: &Path) -> Result<()> {
    steps.cargo("format", root, &["fmt", "--all", "--check"], &[])?;
    house_rules(steps, root)?;
    let clippy = ["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"];
    steps.cargo("clippy", root, &clippy, &[])?;
    let doc = ["doc", "--workspace", "--no-deps", "--document-private-items", "--quiet"];
    steps.cargo("documentation", root, &doc, &[("RUSTDOCFLAGS", "-D warnings")])
}

/// Writes the reference pages by the program itself: whoever adds an operator, a factor or a strategy runs this.
fn reference(steps: &mut Steps, root: &Path) -> Result<()> {
    let program = ["run", "--quiet", "--package", "crosscut-cli", "--", "reference", "--dir", "docs/reference"];
    steps.cargo("reference pages", root, &program, &[])
}

/// The rules that are ours alone: files and imports.
fn house_rules(steps: &mut Steps, root: &Path) -> Result<()> {
    steps.rules("tidy", || tidy::check(root))?;
    steps.rules("imports", || imports::check(root))
}

/// All tests, with a real PostgreSQL, by nextest; without it (no network to fetch it) by plain cargo, which is slower but runs the same tests.
fn test(steps: &mut Steps, root: &Path) -> Result<()> {
    /// The nextest release the suite is run with.
    const NEXTEST: &str = "0.9.143";
    postgres::ensure(steps)?;
    let present = steps.cargo("nextest present", root, &["nextest", "--version"], &[]).is_ok();
    let install = ["install", "--locked", "cargo-nextest", "--version", NEXTEST];
    if present || steps.cargo("install nextest", root, &install, &[]).is_ok() {
        return steps.cargo("tests", root, &["nextest", "run", "--workspace", "--no-fail-fast"], &[]);
    }
    steps.cargo("tests without nextest", root, &["test", "--workspace", "--no-fail-fast"], &[])
}

/// The folder of the workspace, from where cargo found this package.
fn workspace_root() -> Result<PathBuf> {
    let package = std::env::var("CARGO_MANIFEST_DIR").context("run me as `cargo xtask`")?;
    let parent = Path::new(&package).parent().context("the package folder lies inside the workspace")?;
    Ok(parent.to_path_buf())
}
