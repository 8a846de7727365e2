//! Runs the gate's steps one after another and says how long each took. Knows no rule itself.
#![expect(clippy::print_stdout, reason = "this program reports to the terminal")]

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

/// The steps done so far.
pub struct Steps {
    /// When the program began.
    began: Instant,
    /// Name and seconds of each finished step, in order.
    done: Vec<(String, f64)>,
}

impl Steps {
    /// Nothing done yet.
    pub fn new() -> Self {
        Self { began: Instant::now(), done: Vec::new() }
    }

    /// Runs `cargo` with `arguments` and, on top of the caller's environment, `environment`. An existing value of a
    /// variable is kept and ours appended to it, so that flags set for the whole build are not lost.
    pub fn cargo(&mut self, name: &str, root: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Result<()> {
        println!("==> {name}: cargo {}", arguments.join(" "));
        let started = Instant::now();
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.current_dir(root).args(arguments);
        for (key, value) in environment {
            let before = std::env::var(key).unwrap_or_default();
            command.env(key, format!("{before} {value}").trim());
        }
        let status = command.status().with_context(|| format!("{name}: cargo could not be started"))?;
        self.finish(name, started);
        if !status.success() {
            bail!("step `{name}` failed ({status})");
        }
        Ok(())
    }

    /// Runs another program.
    pub fn program(&mut self, name: &str, mut command: Command) -> Result<()> {
        println!("==> {name}: {command:?}");
        let started = Instant::now();
        let status = command.status().with_context(|| format!("{name}: the program could not be started"))?;
        self.finish(name, started);
        if !status.success() {
            bail!("step `{name}` failed ({status})");
        }
        Ok(())
    }

    /// Runs one set of our own rules; each finding is one line that ends with the remedy.
    pub fn rules(&mut self, name: &str, rule: impl FnOnce() -> Result<Vec<String>>) -> Result<()> {
        println!("==> {name}");
        let started = Instant::now();
        let findings = rule()?;
        for finding in &findings {
            println!("{finding}");
        }
        self.finish(name, started);
        if !findings.is_empty() {
            bail!("step `{name}` found {} problem(s)", findings.len());
        }
        Ok(())
    }

    /// Notes the time of a step.
    fn finish(&mut self, name: &str, started: Instant) {
        self.done.push((name.to_owned(), started.elapsed().as_secs_f64()));
    }

    /// Prints all steps with their seconds, and the verdict.
    pub fn summary(&self, verdict: &str) {
        println!();
        for (name, seconds) in &self.done {
            println!("{seconds:9.1} s  {name}");
        }
        println!("{:9.1} s  in all: {verdict}", self.began.elapsed().as_secs_f64());
    }
}
