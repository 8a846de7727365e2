//! The one binary, `crosscut`: the use cases of `app` in a terminal.
//!
//! Translates the command line into settings and a use case, and its answer into text or JSON. Knows no room and does
//! no work of its own. Start reading at [`commands`], the tree of commands, then [`dispatch`].

mod answer;
mod commands;
mod dispatch;
mod options;
mod terminal;
mod text_table;

use std::any::Any;
use std::panic;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use clap::Parser;

use crate::answer::Status;
use crate::commands::CommandLine;

/// Where the first panic happened, told by the hook before the stack is unwound.
static PANIC_PLACE: Mutex<Option<String>> = Mutex::new(None);

fn main() -> ExitCode {
    panic::set_hook(Box::new(|info| {
        let mut place = PANIC_PLACE.lock().unwrap_or_else(PoisonError::into_inner);
        place.get_or_insert_with(|| info.location().map(ToString::to_string).unwrap_or_default());
    }));
    let status = panic::catch_unwind(|| match CommandLine::try_parse() {
        Ok(line) => dispatch::run(line),
        Err(error) => answer::print_usage(&error, std::env::args().any(|word| word == "--json")),
    })
    .unwrap_or_else(|payload| {
        report_bug(&payload);
        Status::CouldNotRun
    });
    ExitCode::from(status as u8)
}

/// The last resort: a broken promise of ours. Nothing a user gives the program should lead here.
fn report_bug(payload: &Box<dyn Any + Send>) {
    let words =
        payload.downcast_ref::<String>().map(String::as_str).or_else(|| payload.downcast_ref::<&str>().copied());
    let place = PANIC_PLACE.lock().unwrap_or_else(PoisonError::into_inner).clone().unwrap_or_default();
    terminal::line(&format!("error: this is a bug in crosscut: {} (at {place})", words.unwrap_or("no message")));
    terminal::line(
        "hint: please report it with the command line and the input; no published table was changed halfway",
    );
}
