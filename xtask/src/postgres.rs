//! PostgreSQL for the tests: found, or installed from the system's packages. The tests start servers of their own.
//!
//! Nothing is installed on a machine that has it, on a system without `apt-get`, or without the rights to install;
//! then the gate fails and says what to do, because a test that is left out proves nothing.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::steps::Steps;

/// What to install by hand.
const REMEDY: &str = "the tests need PostgreSQL's server programs (initdb, pg_ctl): \
    apt-get install --no-install-recommends postgresql, or on macOS: brew install postgresql";

/// Makes sure that PostgreSQL's server programs are there.
pub fn ensure(steps: &mut Steps) -> Result<()> {
    if is_present() {
        return Ok(());
    }
    let Some(prefix) = privileged() else { bail!("{REMEDY}") };
    let apt = |arguments: &[&str]| {
        let words: Vec<&str> = prefix.iter().copied().chain(["apt-get"]).chain(arguments.iter().copied()).collect();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    steps.program("package lists", apt(&["update", "--quiet"]))?;
    steps.program(
        "install PostgreSQL",
        apt(&["install", "--quiet", "--yes", "--no-install-recommends", "postgresql"]),
    )?;
    if is_present() { Ok(()) } else { bail!("{REMEDY}") }
}

/// Whether one folder of the path, or one of Debian's versions, has the programs.
fn is_present() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders = std::env::split_paths(&path).chain(versions.map(|version| version.path().join("bin")));
    folders.any(|folder: PathBuf| ["initdb", "pg_ctl"].iter().all(|name| folder.join(name).is_file()))
}

/// The words in front of `apt-get` with which it may install: none for root, `sudo` where it asks for no password.
fn privileged() -> Option<&'static [&'static str]> {
    if !Path::new("/usr/bin/apt-get").is_file() {
        return None;
    }
    let succeeds = |program: &str, arguments: &[&str]| {
        let run = Command::new(program).args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).output();
        run.ok().filter(|output| output.status.success()).map(|output| output.stdout)
    };
    if succeeds("id", &["-u"])?.trim_ascii() == b"0" {
        return Some(&[]);
    }
    succeeds("sudo", &["-n", "true"]).map(|_| ["sudo", "-n"].as_slice())
}
