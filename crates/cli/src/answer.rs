//! The answer of a command: an exit status, JSON for programs, text for people.

use std::io::{self, ErrorKind, Write};

use crosscut_app::{AppError, VERSION};
use serde_json::{Value, json};

use crate::terminal;

/// The exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Status {
    /// All went well.
    Good = 0,
    /// It ran and found a problem.
    Problem = 1,
    /// It could not run, or not all of it.
    CouldNotRun = 2,
}

/// What a command has to say at its end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The exit status.
    pub status: Status,
    /// For programs.
    pub json: Value,
    /// For people: lines, the last one ended too.
    pub text: String,
}

impl Answer {
    /// A good answer.
    pub fn good(value: impl serde::Serialize, text: String) -> Self {
        let json = serde_json::to_value(value).expect("answers are plain data with text keys");
        Self { status: Status::Good, json, text }
    }

    /// The same answer with another status.
    #[must_use]
    pub fn with_status(self, status: Status) -> Self {
        Self { status, ..self }
    }
}

/// Prints what came of a command and gives the exit status.
pub fn print(command: &str, as_json: bool, result: Result<Answer, AppError>) -> Status {
    let head = |status: Status| json!({"command": command, "version": VERSION, "status": status as u8});
    let (status, mut object) = match &result {
        Ok(answer) => (answer.status, head(answer.status)),
        Err(_) => (Status::CouldNotRun, head(Status::CouldNotRun)),
    };
    match &result {
        Ok(answer) => object["result"] = answer.json.clone(),
        Err(error) => {
            terminal::line(&format!("error: {}", error.message()));
            if let Some(hint) = error.hint_text() {
                terminal::line(&format!("hint: {hint}"));
            }
            object["error"] = json!({"message": error.message(), "hint": error.hint_text()});
        }
    }
    let text = match (as_json, result) {
        (true, _) => format!("{object}\n"),
        (false, Ok(answer)) => answer.text,
        (false, Err(_)) => String::new(),
    };
    write(&text, status)
}

/// Prints what is wrong with a command line, or the help or version that it asks for. With `as_json`, an error is told
/// on standard output as those of commands are.
pub fn print_usage(error: &clap::Error, as_json: bool) -> Status {
    if !error.use_stderr() {
        return write(&error.to_string(), Status::Good);
    }
    let text = error.to_string();
    terminal::line(text.trim_end());
    if !as_json {
        return Status::CouldNotRun;
    }
    let message = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
    let told = json!({"message": message, "hint": "`crosscut --help` lists the commands and their options"});
    let status = Status::CouldNotRun;
    let object = json!({"command": null, "version": VERSION, "status": status as u8, "error": told});
    write(&format!("{object}\n"), status)
}

/// Writes to standard output. A reader that has gone away (`crosscut runs list | head`) is no problem of ours.
fn write(text: &str, status: Status) -> Status {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => status,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => status,
        Err(error) => {
            terminal::line(&format!("error: cannot write to standard output: {error}"));
            Status::CouldNotRun
        }
    }
}
